/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/host_io.c - see targetd/host_io.h. */
#include "targetd/host_io.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"

static void drop(struct tgt_subsystem *ss, struct tgt_host_io *h)
{
	HASH_DEL(ss->host_io, h);
	free(h);
}

/* False: each has a controller. */
static bool make_room(struct tgt_subsystem *ss)
{
	struct tgt_host_io *h, *next;

	HASH_ITER(hh, ss->host_io, h, next) {
		if (h->ctrls)
			continue;
		drop(ss, h);
		return true;
	}
	return false;
}

struct tgt_host_io *tgt_host_io_get(struct tgt_subsystem *ss, const char *nqn)
{
	struct tgt_host_io *h;

	HASH_FIND_STR(ss->host_io, nqn, h);
	if (h) { /* to the end: who came last goes last */
		HASH_DEL(ss->host_io, h);
	} else {
		if (HASH_COUNT(ss->host_io) >= TGT_HOST_IO_MAX && !make_room(ss))
			return NULL;
		h = calloc(1, sizeof(*h));
		if (!h)
			return NULL;
		cmn_strlcpy(h->nqn, nqn, sizeof(h->nqn));
	}
	HASH_ADD_STR(ss->host_io, nqn, h);
	h->ctrls++;
	return h;
}

void tgt_host_io_put(struct tgt_subsystem *ss, struct tgt_host_io *h)
{
	(void)ss;
	if (h)
		h->ctrls--;
}

void tgt_host_io_gone(struct tgt_host_io *h, const struct fab_conn_stats *stats)
{
	if (h)
		tgt_conn_stats_sum(&h->gone, stats);
}

void tgt_host_io_clear(struct tgt_subsystem *ss)
{
	struct tgt_host_io *h, *next;

	HASH_ITER(hh, ss->host_io, h, next)
		drop(ss, h);
}

void tgt_conn_stats_sum(struct fab_conn_stats *sum, const struct fab_conn_stats *more)
{
#define ADD(field) (sum->field += __atomic_load_n(&more->field, __ATOMIC_RELAXED))
	ADD(reads);
	ADD(writes);
	ADD(other);
	ADD(read_bytes);
	ADD(write_bytes);
	ADD(errors);
	ADD(r2ts);
	ADD(capsules_in);
	ADD(pdus_out);
	ADD(read_ns);
	ADD(write_ns);
#undef ADD
	cmn_latency_sum(&sum->read_latency, &more->read_latency);
	cmn_latency_sum(&sum->write_latency, &more->write_latency);
}
