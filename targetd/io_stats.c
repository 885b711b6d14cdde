/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/io_stats.c - what commands are counted in, by namespace and reactor.
 * Owns: the counters.  Thread: counting on the request's reactor; the sums any.  May block: never.
 *
 * The clock moves once a turn.  A command that came and went within one is counted as having taken that turn, when it is over: so
 * it costs no look at the clock, and hardly more than a comparison. */
#include <stdlib.h>

#include "common/container.h"
#include "common/tally.h"
#include "common/util.h"
#include "targetd/io_impl.h"

static inline void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Its memory is taken when there is something to put in: of many namespaces few may be used. */
static struct tgt_timing *timing_of(struct tgt_ns_stats *s)
{
	struct tgt_timing *timing = s->timing;

	if (timing)
		return timing;
	timing = calloc(2, sizeof(*timing));
	__atomic_store_n(&s->timing, timing, __ATOMIC_RELEASE);
	return timing;
}

static void add_part(struct tgt_timing *t, enum tgt_part part, uint64_t ns, uint64_t times)
{
	if (!ns)
		return;
	add(&t->part_ns[part], ns * times);
	cmn_latency_add(&t->part[part], ns, times);
}

/* ---- commands of one turn ---- */

static void settle_some(struct tgt_ns_stats *s, bool writes, uint64_t times, uint64_t took)
{
	struct tgt_timing *timing = timing_of(s);

	add(writes ? &s->write_ns : &s->read_ns, times * took);
	if (!timing)
		return;
	cmn_latency_add(&timing[writes].total, took, times);
	add_part(&timing[writes], TGT_PART_TRANSPORT, took, times);
}

static void settle(struct fab_fresh *fresh, uint64_t took)
{
	struct tgt_ns_stats *s = cmn_container_of(fresh, struct tgt_ns_stats, fresh);
	uint64_t reads = s->reads - s->reads_timed, writes = s->writes - s->writes_timed;
	uint64_t other = s->other - s->other_timed;

	add(&s->busy_ns, (reads + writes + other) * took);
	if (reads)
		settle_some(s, false, reads, took);
	if (writes)
		settle_some(s, true, writes, took);
	s->reads_timed = s->reads;
	s->writes_timed = s->writes;
	s->other_timed = s->other;
}

/* ---- commands that took several ---- */

static void count_parts(const struct fab_req *req, struct tgt_timing *t, uint64_t took,
			uint64_t backend)
{
	uint64_t executed = ((const struct tgt_io_priv *)req->priv.u64)->executed;
	uint64_t transport = executed - req->started;

	cmn_latency_add(&t->total, took, 1);
	add_part(t, TGT_PART_TRANSPORT, transport, 1);
	add_part(t, TGT_PART_BACKEND, backend, 1);
	add_part(t, TGT_PART_QUEUE, took - transport - backend, 1);
}

static void count_time(const struct fab_req *req, struct tgt_ns_stats *s, uint64_t took,
		       uint64_t backend)
{
	bool writes = req->cmd.opcode == NVME_IO_WRITE;
	struct tgt_timing *timing;

	add(&s->busy_ns, took);
	if (!writes && req->cmd.opcode != NVME_IO_READ) {
		s->other_timed++;
		return;
	}
	if (writes)
		s->writes_timed++;
	else
		s->reads_timed++;
	add(writes ? &s->write_ns : &s->read_ns, took);
	timing = timing_of(s);
	if (timing)
		count_parts(req, &timing[writes], took, backend);
}

void tgt_io_count(const struct fab_req *req, struct fab_status st, uint64_t backend)
{
	const struct tgt_io_priv *p = (const struct tgt_io_priv *)req->priv.u64;
	const struct tgt_ns *ns = tgt_io_ns(req);
	uint64_t took = p->io->env->now - req->started;
	bool failed = fab_failed(st);
	struct tgt_ns_stats *s;

	if (!ns || !ns->stats)
		return;
	s = &ns->stats[p->io->index];
	if (failed) {
		add(&s->errors, 1);
		cmn_tally_add(s->failed, TGT_NS_STATUSES, st.code);
	}
	switch (req->cmd.opcode) {
	case NVME_IO_READ:
		add(&s->reads, 1);
		add(&s->read_bytes, failed ? 0 : req->len);
		break;
	case NVME_IO_WRITE:
		add(&s->writes, 1);
		add(&s->write_bytes, failed ? 0 : req->len);
		break;
	default:
		add(&s->other, 1);
	}
	if (took)
		count_time(req, s, took, backend);
	else
		fab_env_fresh(p->io->env, &s->fresh);
}

void tgt_io_count_wait(const struct fab_req *req)
{
	const struct tgt_io_priv *p = (const struct tgt_io_priv *)req->priv.u64;

	add(&tgt_io_ns(req)->stats[p->io->index].lock_waits, 1);
}

/* ---- sums ---- */

struct tgt_ns_sums tgt_ns_stats_sum(const struct tgt_ns_stats *stats, unsigned int nr_reactors)
{
	struct tgt_ns_sums sum = { 0 };

	for (unsigned int i = 0; i < nr_reactors; i++) {
#define ADD(field) (sum.field += __atomic_load_n(&stats[i].field, __ATOMIC_RELAXED))
		ADD(reads);
		ADD(writes);
		ADD(other);
		ADD(read_bytes);
		ADD(write_bytes);
		ADD(errors);
		ADD(lock_waits);
		ADD(busy_ns);
		ADD(read_ns);
		ADD(write_ns);
#undef ADD
	}
	return sum;
}

static void sum_timing(struct tgt_timing *sum, const struct tgt_timing *more)
{
	cmn_latency_sum(&sum->total, &more->total);
	for (unsigned int i = 0; i < TGT_PARTS; i++) {
		cmn_latency_sum(&sum->part[i], &more->part[i]);
		sum->part_ns[i] += __atomic_load_n(&more->part_ns[i], __ATOMIC_RELAXED);
	}
}

void tgt_ns_stats_timing(const struct tgt_ns_stats *stats, unsigned int nr_reactors,
			 struct tgt_timing ret[2])
{
	for (unsigned int i = 0; i < nr_reactors; i++) {
		const struct tgt_timing *timing =
			__atomic_load_n(&stats[i].timing, __ATOMIC_ACQUIRE);

		if (!timing)
			continue;
		sum_timing(&ret[0], &timing[0]);
		sum_timing(&ret[1], &timing[1]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t all = cmn_latency_count(&ret[i].total);

		for (unsigned int k = 0; k < TGT_PARTS; k++) {
			uint64_t some = cmn_latency_count(&ret[i].part[k]);

			ret[i].part[k].bucket[0] += all > some ? all - some : 0; /* as they go on meanwhile */
		}
	}
}

/* ---- life ---- */

struct tgt_ns_stats *tgt_ns_stats_create(unsigned int nr_reactors)
{
	struct tgt_ns_stats *stats = cmn_alloc_lines(nr_reactors * sizeof(*stats));

	if (!stats)
		return NULL;
	for (unsigned int i = 0; i < nr_reactors; i++)
		stats[i].fresh.settle = settle;
	return stats;
}

void tgt_ns_stats_free(struct tgt_ns_stats *stats, unsigned int nr_reactors)
{
	for (unsigned int i = 0; stats && i < nr_reactors; i++)
		free(stats[i].timing);
	free(stats);
}
