/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_log.h - codec of the discovery log page (LID 70h).
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.3.1. */
#ifndef FABRICS_DISCOVERY_LOG_H
#define FABRICS_DISCOVERY_LOG_H

#include "fabrics/spec/nvmf.h"

/* One entry, in host terms. */
struct fab_disc_record {
	uint8_t trtype, adrfam, subtype, treq, sectype;
	uint16_t portid, cntlid, asqsz, eflags;
	char trsvcid[33], traddr[257], subnqn[224]; /* NUL ended */
};

/* A log: its header, and entries on demand. */
struct fab_disc_source {
	uint64_t genctr, numrec;
	/* Fills *ret with entry idx (< numrec); called in ascending order, only for entries that are needed. */
	void (*get)(void *arg, uint64_t idx, struct fab_disc_record *ret);
	void *arg;
};

/* Bytes [off, off + len) of the log page; zeroes past its end. */
void fab_disc_render(const struct fab_disc_source *src, uint64_t off, void *buf, uint32_t len);
/* Size of the whole page. */
uint64_t fab_disc_size(const struct fab_disc_source *src);

void fab_disc_encode(const struct fab_disc_record *rec, struct nvmf_disc_entry *ret);
/* -EINVAL: the NQN isn't NUL ended.  Padding (spaces or NULs) is stripped. */
int fab_disc_decode(const struct nvmf_disc_entry *entry, struct fab_disc_record *ret);

#endif
