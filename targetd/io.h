/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/io.h - NVM commands against namespaces: what an I/O queue is bound to, and what commands count.
 * Owns: nothing; the structs here are made by the control thread (registry) and used by reactors.
 * Thread: see each struct.  May block: never.  Spec: NVM Command Set 1.1, 3.3. */
#ifndef TARGETD_IO_H
#define TARGETD_IO_H

#include <stdalign.h>

#include "fabrics/req.h"
#include "fabrics/view.h"
#include "net/reactor.h"
#include "targetd/backend/backend.h"

struct tgt_rangelock;
struct tgt_io_reactor;

#define TGT_MAX_REACTORS 64
/* A command that writes up to this many bytes is never seen in part by another (NAWUN); MDTS is no more, so only Write Zeroes can be
 * longer.  What a power cut leaves is the backend's affair (tgt_geometry.atomic_bytes). */
#define TGT_ATOMIC_BYTES (1u << 20)

/* Where a command's time went: waiting for its data (and whatever is not the others'); in the backend; waiting for a buffer or for the
 * range that it names. */
enum tgt_part { TGT_PART_TRANSPORT, TGT_PART_BACKEND, TGT_PART_QUEUE, TGT_PARTS };

/* How long commands took, from their capsule to their completion.  Parts that took no time at all are not in `part`: their number is
 * what it lacks compared with `total`. */
struct tgt_timing {
	struct cmn_latency total, part[TGT_PARTS];
	uint64_t part_ns[TGT_PARTS];
};

#define TGT_NS_STATUSES 6

/* Commands of one namespace on one reactor: written by that reactor alone, summed by whoever reads (relaxed).  tgt_ns_stats_create(). */
struct tgt_ns_stats {
	alignas(64) uint64_t reads;
	uint64_t writes, other, read_bytes, write_bytes, errors, lock_waits, busy_ns;
	uint64_t read_ns, write_ns; /* parts of busy_ns */
	struct fab_fresh fresh; /* in its list while there is what the next three lack */
	uint64_t reads_timed, writes_timed,
		other_timed; /* the reactor's own: so many of the above are in the times */
	struct tgt_timing
		*timing; /* [2]: reads, writes; made when the first is timed (release), or never */
	uint64_t failed[TGT_NS_STATUSES]; /* cmn_tally by status code */
};

/* When counters were told last, and what they were like: so only what has changed need be told.  The control thread's. */
struct tgt_told {
	uint64_t seq, mark;
};

/* A namespace as one view shows it.  Immutable; what it points at is shared with other views of the same namespace and lives
 * until the barrier after the last of them. */
struct tgt_ns {
	struct fab_ns fab; /* first: fab_view's slots point here */
	struct tgt_backend *backend;
	uint8_t *mem; /* backend->ops->map(), or NULL */
	struct tgt_rangelock *lock; /* NULL: memory, one reactor, and nobody copies it */
	struct tgt_ns_stats *stats; /* [reactor index] */
	bool discard_zeroes; /* geometry */
	void *owner; /* the registry's */
};

/* Commands that run under a view, per reactor: a plain counter of that reactor's thread, from tgt_view_enter() (first thing in
 * execute()) to tgt_view_leave() (right before fab_req_complete()).  Not from parse(): a host that never sends the data it
 * announced would hold up the barrier.  Not to release(): the barrier itself copies out live data that waits to be sent.
 * The barrier sets idle (on that thread) and is called back when the counter reaches 0. */
struct tgt_view_use {
	alignas(64) uint32_t inflight;
	void (*idle)(struct tgt_view_use *use);
	void *arg;
};

struct tgt_view {
	struct fab_view fab; /* first; its generation is another for each view ever made */
	uint8_t ana[FAB_ANA_GROUPS + 1]; /* what fab.ana points at, unless that is NULL */
	struct tgt_view_use
		use[TGT_MAX_REACTORS]; /* allocate for nr_reactors only, aligned to 64 */
};

/* Set by site->io_connect as the connection's data (net_conn_set_data), replaced view by the barrier on the connection's reactor,
 * freed after queue_gone. */
struct tgt_queue {
	struct tgt_view *view; /* one reference */
	struct net_reactor *reactor; /* where the connection lives */
	struct tgt_io_reactor *io; /* that reactor's */
	unsigned int index; /* net_reactor_index(reactor) */
	uint64_t max_bytes; /* MDTS */
	struct tgt_told told; /* registry's mutex */
};

/* All reactors' together; any thread. */
struct tgt_ns_sums {
	uint64_t reads, writes, other, read_bytes, write_bytes, errors, lock_waits, busy_ns,
		read_ns, write_ns;
};
struct tgt_ns_sums tgt_ns_stats_sum(const struct tgt_ns_stats *stats, unsigned int nr_reactors);
/* Adds to ret[0] of reads and ret[1] of writes; parts are whole then. */
void tgt_ns_stats_timing(const struct tgt_ns_stats *stats, unsigned int nr_reactors,
			 struct tgt_timing ret[2]);
struct tgt_ns_stats *tgt_ns_stats_create(unsigned int nr_reactors); /* NULL: no memory */
void tgt_ns_stats_free(struct tgt_ns_stats *stats, unsigned int nr_reactors); /* NULL is legal */

/* The two slots of fab_req.priv that the view keeps; the others are io.c's. */
#define TGT_PRIV_USE 6 /* ptr: struct tgt_view_use that req is counted in, NULL: none */
#define TGT_PRIV_GEN 7 /* u64: generation of the view that parse() looked at */

/* parse(): the view that the queue has now; req->ns is looked up in it. */
static inline void tgt_view_look(const struct tgt_queue *q, struct fab_req *req)
{
	req->view = &q->view->fab;
	req->priv.ptr[TGT_PRIV_USE] = NULL;
	req->priv.u64[TGT_PRIV_GEN] = q->view->fab.generation;
}

/* execute(): counts req in under the view of now.  false: that is another than parse() looked at (whose req->view and req->ns may be
 * freed by now): check the command again, from the lookup of its namespace on, before a byte of it moves. */
static inline bool tgt_view_enter(const struct tgt_queue *q, struct fab_req *req)
{
	struct tgt_view_use *use = &q->view->use[q->index];
	bool same = req->priv.u64[TGT_PRIV_GEN] == q->view->fab.generation;

	use->inflight++;
	if (!same)
		tgt_view_look(q, req);
	req->priv.ptr[TGT_PRIV_USE] = use;
	return same;
}

/* The command moves no more data; its connection and queue may be gone.  On the reactor it entered on. */
static inline void tgt_view_leave(struct fab_req *req)
{
	struct tgt_view_use *use = req->priv.ptr[TGT_PRIV_USE];

	req->priv.ptr[TGT_PRIV_USE] = NULL;
	if (use && --use->inflight == 0 && use->idle)
		use->idle(use);
}

extern const struct fab_queue_ops tgt_io_queue_ops; /* site->io_ops */
extern const uint32_t *const tgt_io_effects; /* [256], for the personality */

/* The I/O path's memory on one reactor (contexts of file I/O, commands that wait for a range lock); made before the reactor's
 * connections, destroyed after they and the thread are gone. */
struct tgt_io_reactor *tgt_io_reactor_create(struct net_reactor *r);
void tgt_io_reactor_destroy(struct tgt_io_reactor *io);

#endif
