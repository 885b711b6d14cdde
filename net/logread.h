/* SPDX-License-Identifier: Apache-2.0 */
/* net/logread.h - reads a log page that has a generation counter (LID 70h to 72h) whole, as one consistent picture.
 * Owns: the page until it is done.  Thread: the host's reactor.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.3.1 (Discovery Log Page: how GENCTR is used).
 *
 *   header -> entries, in pieces -> header again: the same GENCTR? -> done        else anew, a few times */
#ifndef NET_LOGREAD_H
#define NET_LOGREAD_H

#include "net/host.h"

struct net_logread {
	/* The caller's. */
	uint8_t lid, lsp;
	uint32_t max; /* bytes; a longer page is refused */
	void (*done)(struct net_logread *r); /* exactly once */
	void *user;

	/* The outcome: 0 and the page, malloc'ed and the caller's from then on; or err.code: -EACCES a status, -EFBIG too long, -EAGAIN it
	 * changed all the time, -EPROTO nonsense, -ENOMEM, -ECONNRESET. */
	struct cmn_err err;
	uint8_t *page;
	uint32_t len;
	uint64_t genctr, numrec;

	/* Its own. */
	struct net_host *host;
	struct net_host_cmd cmd;
	uint32_t at, piece;
	unsigned int tries;
	bool checking; /* the header for the second time */
	uint8_t head[sizeof(struct nvmf_disc_log)];
};

/* 0, or as net_host_submit(): then done() isn't called. */
int net_logread_start(struct net_host *h, struct net_logread *r);

#endif
