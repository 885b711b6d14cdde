/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/stats_msg.c - see targetd/stats_msg.h.
 *
 * What has not changed since the answer that the asker has isn't told again, and what is 0 never: of many namespaces few are busy. */
#include "targetd/stats_msg.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/tally.h"
#include "targetd/host_io.h"

struct telling {
	struct tgt_registry *reg;
	const struct tgt_stats_ask *ask;
	unsigned int queues, queues_left_out;
};

static void add_u64(struct json_object *obj, const char *key, uint64_t value)
{
	if (value)
		json_object_object_add(obj, key, json_object_new_uint64(value));
}

static struct json_object *add_array(struct json_object *obj, const char *key)
{
	struct json_object *arr = json_object_new_array();

	json_object_object_add(obj, key, arr);
	return arr;
}

/* mark: of all that is told of it. */
static bool changed(struct tgt_told *told, uint64_t mark, const struct tgt_stats_ask *ask)
{
	if (!ask->since || !told->seq || told->mark != mark)
		*told = (struct tgt_told){ ask->seq, mark };
	return !ask->since || told->seq > ask->since;
}

/* ---- reactors ---- */

static struct json_object *reactor_json(const struct net_reactor *r)
{
	const struct net_reactor_stats *s = net_reactor_stats(r);
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "index", json_object_new_uint64(net_reactor_index(r)));
#define ADD(field)                                                                                 \
	json_object_object_add(                                                                    \
		obj, #field,                                                                       \
		json_object_new_uint64(__atomic_load_n(&s->field, __ATOMIC_RELAXED)))
	ADD(loops);
	ADD(empty_polls);
	ADD(sleeps);
	ADD(messages);
	ADD(sends);
	ADD(recvs);
	ADD(short_sends);
	ADD(copies);
	ADD(ring_full);
	ADD(busy_ns);
	ADD(idle_ns);
#undef ADD
	return obj;
}

/* ---- commands that failed ---- */

#define STATUSES 512

static void add_statuses(uint64_t *sum, const uint64_t *slots, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t slot = __atomic_load_n(&slots[i], __ATOMIC_RELAXED);
		unsigned int at = 0;

		if (!slot)
			continue;
		while (at < STATUSES - 1 && sum[at] && cmn_tally_key(sum[at]) != cmn_tally_key(slot))
			at++;
		sum[at] = (uint64_t)cmn_tally_key(slot) << 48 |
			  (cmn_tally_count(sum[at]) + cmn_tally_count(slot));
	}
}

/* [[status code, times], ...] */
static void put_statuses(struct json_object *obj, const uint64_t *sum)
{
	struct json_object *arr = NULL;

	for (unsigned int i = 0; i < STATUSES && sum[i]; i++) {
		struct json_object *pair = json_object_new_array();

		if (!arr)
			arr = add_array(obj, "failed");
		json_object_array_add(pair, json_object_new_int(cmn_tally_key(sum[i])));
		json_object_array_add(pair, json_object_new_uint64(cmn_tally_count(sum[i])));
		json_object_array_add(arr, pair);
	}
}

/* ---- times ---- */

/* Counts by bucket, up to the last that isn't 0. */
static void add_latency(struct json_object *obj, const char *key, const struct cmn_latency *l)
{
	unsigned int nr = CMN_LATENCY_BUCKETS;
	struct json_object *arr;

	while (nr && !l->bucket[nr - 1])
		nr--;
	if (!nr)
		return;
	arr = add_array(obj, key);
	for (unsigned int i = 0; i < nr; i++)
		json_object_array_add(arr, json_object_new_uint64(l->bucket[i]));
}

static void add_timing(struct json_object *obj, const char *key, const struct tgt_timing *t)
{
	static const char *const names[TGT_PARTS][2] = {
		[TGT_PART_TRANSPORT] = { "transport", "transport_ns" },
		[TGT_PART_BACKEND] = { "backend", "backend_ns" },
		[TGT_PART_QUEUE] = { "queue", "queue_ns" },
	};
	struct json_object *in;

	if (!cmn_latency_count(&t->total))
		return;
	in = json_object_new_object();
	json_object_object_add(obj, key, in);
	add_latency(in, "total", &t->total);
	for (unsigned int i = 0; i < TGT_PARTS; i++) {
		add_latency(in, names[i][0], &t->part[i]);
		add_u64(in, names[i][1], t->part_ns[i]);
	}
}

/* ---- namespaces ---- */

static void add_times(struct json_object *obj, const struct tgt_volume *vol)
{
	struct tgt_timing timing[2] = { 0 };

	tgt_ns_stats_timing(vol->stats, vol->nr_reactors, timing);
	add_timing(obj, "read", &timing[0]);
	add_timing(obj, "write", &timing[1]);
}

static void add_failed(struct json_object *obj, const struct tgt_volume *vol)
{
	uint64_t failed[STATUSES] = { 0 };

	for (unsigned int i = 0; i < vol->nr_reactors; i++)
		add_statuses(failed, vol->stats[i].failed, TGT_NS_STATUSES);
	put_statuses(obj, failed);
}

static void add_volume(struct json_object *arr, struct tgt_volume *vol,
		       const struct tgt_stats_ask *ask)
{
	struct tgt_ns_sums s = tgt_ns_stats_sum(vol->stats, vol->nr_reactors);
	struct json_object *obj;

	if (!changed(&vol->told,
		     s.reads + s.writes + s.other + s.errors + s.lock_waits + s.busy_ns + vol->size,
		     ask))
		return;
	obj = json_object_new_object();
	json_object_array_add(arr, obj);
	add_u64(obj, "nsid", vol->nsid);
	add_u64(obj, "size", vol->size);
#define ADD(field) add_u64(obj, #field, s.field)
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
	add_times(obj, vol);
	if (s.errors)
		add_failed(obj, vol);
}

/* ---- hosts and their queues ---- */

static uint64_t done_of(const struct fab_conn_stats *s)
{
	return s->reads + s->writes + s->other + s->errors;
}

static uint64_t inflight_of(const struct fab_conn_stats *s)
{
	uint64_t done = done_of(s);

	return s->capsules_in > done ? s->capsules_in - done : 0;
}

static void add_conn_stats(struct json_object *obj, const struct fab_conn_stats *s)
{
#define ADD(field) add_u64(obj, #field, s->field)
	ADD(reads);
	ADD(writes);
	ADD(other);
	ADD(read_bytes);
	ADD(write_bytes);
	ADD(errors);
	ADD(r2ts);
	ADD(read_ns);
	ADD(write_ns);
#undef ADD
}

static void add_queue(struct json_object *arr, struct tgt_ctrl *tc, uint16_t qid,
		      struct telling *t)
{
	const struct fab_io_queue *ioq = fab_ctrl_ioq(tc->ctrl, qid);
	struct fab_conn_stats s = { 0 };
	struct json_object *obj;
	struct tgt_queue *q;

	if (!ioq)
		return;
	q = net_conn_data(net_conn_of(ioq->conn));
	tgt_conn_stats_sum(&s, fab_conn_stats(ioq->conn));
	if (tc->io) {
		tgt_conn_stats_sum(&tc->io->sum, &s);
		tc->io->inflight += inflight_of(&s);
	}
	if (!q || t->queues == TGT_STATS_QUEUES_MAX) {
		t->queues_left_out++;
		return;
	}
	t->queues++;
	if (!changed(&q->told, done_of(&s) + (inflight_of(&s) << 48) + s.read_ns + s.write_ns,
		     t->ask))
		return;
	obj = json_object_new_object();
	json_object_array_add(arr, obj);
	add_u64(obj, "cntlid", fab_ctrl_cntlid(tc->ctrl));
	add_u64(obj, "qid", qid);
	add_u64(obj, "inflight", inflight_of(&s));
	add_conn_stats(obj, &s);
}

static void add_ctrl(struct json_object *queues, struct tgt_ctrl *tc, struct telling *t)
{
	unsigned int left = fab_ctrl_nr_ioqs(tc->ctrl);

	for (uint16_t qid = 1; left && qid <= TGT_MAX_IOQS; qid++) {
		if (!fab_ctrl_ioq(tc->ctrl, qid))
			continue;
		left--;
		add_queue(queues, tc, qid, t);
	}
}

static void add_host(struct json_object *arr, struct tgt_host_io *h,
		     const struct tgt_stats_ask *ask)
{
	struct json_object *obj;

	if (!changed(&h->told,
		     done_of(&h->sum) + (h->inflight << 48) + h->sum.read_ns + h->sum.write_ns,
		     ask))
		return;
	obj = json_object_new_object();
	json_object_array_add(arr, obj);
	json_object_object_add(obj, "host_nqn", json_object_new_string(h->nqn));
	add_u64(obj, "inflight", h->inflight);
	add_conn_stats(obj, &h->sum);
	add_latency(obj, "read", &h->sum.read_latency);
	add_latency(obj, "write", &h->sum.write_latency);
}

static void add_hosts(struct json_object *obj, struct tgt_subsystem *ss, struct telling *t)
{
	struct json_object *queues = add_array(obj, "queues"), *hosts = add_array(obj, "hosts");
	struct tgt_host_io *h, *next;
	struct tgt_ctrl *tc;

	HASH_ITER(hh, ss->host_io, h, next) {
		h->sum = h->gone;
		h->inflight = 0;
	}
	TAILQ_FOREACH(tc, &ss->ctrls, link)
		add_ctrl(queues, tc, t);
	HASH_ITER(hh, ss->host_io, h, next)
		add_host(hosts, h, t->ask);
}

static void add_subsystem(struct json_object *arr, struct tgt_subsystem *ss, struct telling *t)
{
	struct json_object *obj = json_object_new_object(), *namespaces;

	json_object_object_add(obj, "nqn", json_object_new_string(ss->id.nqn));
	namespaces = add_array(obj, "namespaces");
	for (unsigned int i = 0; i < ss->nr_live; i++)
		add_volume(namespaces, ss->live[i].vol, t->ask);
	tgt_registry_lock(t->reg);
	add_hosts(obj, ss, t);
	tgt_registry_unlock(t->reg);
	json_object_array_add(arr, obj);
}

/* ---- the message ---- */

/* Resident memory: ours and what of RAM namespaces has been touched. */
static uint64_t resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void tgt_msg_stats(struct tgt_registry *reg, const struct tgt_stats_ask *ask,
		   struct json_object *msg)
{
	struct json_object *reactors = add_array(msg, "reactors"),
			   *subsystems = add_array(msg, "subsystems");
	struct telling t = { .reg = reg, .ask = ask };
	uint64_t failed[STATUSES] = { 0 };
	struct tgt_subsystem *ss, *next;

	json_object_object_add(msg, "type", json_object_new_string("stats"));
	json_object_object_add(msg, "seq", json_object_new_uint64(ask->seq));
	add_u64(msg, "since", ask->since);
	json_object_object_add(msg, "monotonic_ns", json_object_new_uint64(cmn_now_ns()));
	add_u64(msg, "resident_bytes", resident_bytes());
	for (unsigned int i = 0; i < reg->nr_reactors; i++) {
		json_object_array_add(reactors, reactor_json(reg->reactors[i]));
		add_statuses(failed, net_reactor_env(reg->reactors[i])->failed, FAB_ENV_STATUSES);
	}
	put_statuses(msg, failed);
	/* this thread alone adds and removes subsystems and volumes */
	HASH_ITER(hh, reg->subsystems, ss, next)
		add_subsystem(subsystems, ss, &t);
	add_u64(msg, "queues_left_out", t.queues_left_out);
}
