/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/io_impl.h - what io.c (queue), io_mem.c (commands on memory) and io_async.c (commands on a backend) share.
 * Owns: nothing.  Thread: the request's reactor.  May block: never. */
#ifndef TARGETD_IO_IMPL_H
#define TARGETD_IO_IMPL_H

#include <assert.h>

#include "fabrics/io/table.h"
#include "net/server.h"
#include "targetd/io.h"
#include "targetd/rangelock.h"

struct tgt_io_ctx;

/* Lies over fab_req.priv, below the view's two slots. */
struct tgt_io_priv {
	uint64_t offset, len; /* bytes of the namespace that the command names */
	struct tgt_io_reactor *io;
	struct tgt_io_ctx *ctx; /* while a backend is at work; NULL for commands on memory */
	uint64_t executed; /* env->now when its data was there; 0: not yet */
	uint32_t mark; /* tgt_range.mark between tries */
	uint16_t tries;
	bool parked;
};
static_assert(sizeof(struct tgt_io_priv) <= TGT_PRIV_USE * sizeof(uint64_t),
	      "runs into the view's slots");

struct tgt_io_reactor {
	struct net_reactor *reactor;
	struct fab_env *env;
	unsigned int index;
	struct net_after again; /* try parked commands */
	struct net_timer later; /* the same, when what they wait for isn't ours to release */
	TAILQ_HEAD(, fab_req) parked; /* by fab_req.link, in order of arrival */
	unsigned int nr_parked;
	struct tgt_io_ctx *free_ctx;
};

static inline struct tgt_io_priv *tgt_io_priv(struct fab_req *req)
{
	return (struct tgt_io_priv *)req->priv.u64;
}

static inline struct tgt_ns *tgt_io_ns(const struct fab_req *req)
{
	return (struct tgt_ns *)req->ns;
}

/* Tries failed that often let a reader pass by waiting writers. */
#define TGT_IO_IMPATIENT 8

static inline struct tgt_range tgt_io_range(const struct tgt_io_priv *p, bool write)
{
	return (struct tgt_range){ .offset = p->offset,
				   .len = p->len,
				   .write = write,
				   .impatient = p->tries > TGT_IO_IMPATIENT,
				   .reactor = p->io->index,
				   .mark = p->mark };
}

/* io.c */
/* Ends the command: drops its context, counts it, leaves the view, completes.  req is gone afterwards. */
void tgt_io_finish(struct fab_req *req, struct fab_status st);
/* Not now: started anew by a later turn of the loop. */
void tgt_io_park(struct fab_req *req);
/* Something that parked commands may wait for was released by this reactor. */
void tgt_io_released(struct tgt_io_reactor *io);
/* Puts data that lies in the receive buffer, or crooked, at the start of an own one.  false: no buffer now. */
bool tgt_io_own_data(struct fab_req *req);

/* io_stats.c */
/* took: from its capsule on; backend: of that, in the backend. */
void tgt_io_count(const struct fab_req *req, struct fab_status st, uint64_t backend);
void tgt_io_count_wait(const struct fab_req *req); /* for a range; it names a namespace */

/* io_mem.c: at once, or parked */
void tgt_io_mem_read(struct fab_req *req);
void tgt_io_mem_write(struct fab_req *req);
void tgt_io_mem_compare(struct fab_req *req);

/* io_async.c */
void tgt_io_async_start(struct fab_req *req);
void tgt_io_async_cancel(struct fab_req *req); /* in the backend's hands */
uint64_t tgt_io_async_drop(
	struct fab_req
		*req); /* what p->ctx holds, and it; returns how long the backend had it, ns */
void tgt_io_async_fini(struct tgt_io_reactor *io);

#endif
