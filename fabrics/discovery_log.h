/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_log.h - codec of the discovery log page (LID 70h) and of the host discovery log page (LID 71h), which has the
 * same form with hosts for subsystems.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.3.1. */
#ifndef FABRICS_DISCOVERY_LOG_H
#define FABRICS_DISCOVERY_LOG_H

#include <stdbool.h>

#include "fabrics/spec/nvmf.h"

#define FAB_LABEL_MAX 256 /* bytes of an administrative label */

/* One entry, in host terms. */
struct fab_disc_record {
	uint8_t trtype, adrfam, subtype, treq, sectype;
	uint16_t portid, cntlid, asqsz, eflags;
	char trsvcid[33], traddr[257], subnqn[224]; /* NUL ended */
	/* Only extended entries have these; borrowed as long as the log is. */
	const char *label; /* administrative label, UTF-8; NULL or "": none */
	const uint8_t *hostid; /* [16]: the entry is a host's; NULL: a subsystem's */
};

/* A log: its header, and entries on demand. */
struct fab_disc_source {
	uint64_t genctr, numrec;
	uint8_t dlpf; /* NVMF_DLPF_ or NVMF_HDLPF_ bits: how it was made */
	bool extended; /* every entry is an extended one */
	/* Where extended entry idx (<= numrec: the page's end) begins in the page. */
	uint64_t (*at)(void *arg, uint64_t idx);
	/* Fills *ret with entry idx (< numrec); called in ascending order, only for entries that are needed. */
	void (*get)(void *arg, uint64_t idx, struct fab_disc_record *ret);
	void *arg;
};

/* Bytes [off, off + len) of the log page; zeroes past its end. */
void fab_disc_render(const struct fab_disc_source *src, uint64_t off, void *buf, uint32_t len);
/* Size of the whole page. */
uint64_t fab_disc_size(const struct fab_disc_source *src);

void fab_disc_encode(const struct fab_disc_record *rec, struct nvmf_disc_entry *ret);

/* An extended entry: the basic one, its length and its attributes. */
#define FAB_DISC_EXT_MAX                                                                           \
	(sizeof(struct nvmf_disc_entry) + sizeof(struct nvmf_ext_tail) +                           \
	 2 * sizeof(struct nvmf_exat) + 16 + FAB_LABEL_MAX)
/* TEL of an entry with this label and, a host's, with a host identifier. */
uint32_t fab_disc_ext_len(const char *label, bool host);
/* Returns TEL. */
uint32_t fab_disc_encode_ext(const struct fab_disc_record *rec, uint8_t ret[FAB_DISC_EXT_MAX]);
/* -EINVAL: the NQN isn't NUL ended.  Padding (spaces or NULs) is stripped. */
int fab_disc_decode(const struct nvmf_disc_entry *entry, struct fab_disc_record *ret);

#endif
