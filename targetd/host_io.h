/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/host_io.h - what each host did with a subsystem: the counters of its I/O queues, those that are gone included.
 * Owns: a record for each host that has a controller, or had one.  Thread: any with the registry's mutex held.  May block: never. */
#ifndef TARGETD_HOST_IO_H
#define TARGETD_HOST_IO_H

#include "targetd/subsystem.h"

#define TGT_HOST_IO_MAX 4096 /* hosts of a subsystem; those that left longest ago make room */

struct tgt_host_io {
	UT_hash_handle hh; /* of the subsystem, in order of arrival */
	char nqn[TGT_NQN_LEN];
	unsigned int ctrls;
	struct fab_conn_stats gone, sum; /* sum: of that and of the queues there are, as last told */
	uint64_t inflight;
	struct tgt_told told;
};

/* Of a controller that is being made; NULL: no room, it isn't counted. */
struct tgt_host_io *tgt_host_io_get(struct tgt_subsystem *ss, const char *nqn);
void tgt_host_io_put(struct tgt_subsystem *ss, struct tgt_host_io *h); /* NULL is legal */
/* An I/O queue goes. */
void tgt_host_io_gone(struct tgt_host_io *h, const struct fab_conn_stats *stats); /* NULL is legal */
void tgt_host_io_clear(struct tgt_subsystem *ss);

/* Adds what another thread may be counting. */
void tgt_conn_stats_sum(struct fab_conn_stats *sum, const struct fab_conn_stats *more);

#endif
