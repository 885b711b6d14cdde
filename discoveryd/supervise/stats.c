/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/stats.c - takes `stats` messages apart; see stats.h. */
#include "discoveryd/supervise/stats.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "discoveryd/supervise/supervise_impl.h"

#define QUEUES_MAX 1024 /* I/O queues of a controller */

const char *const dsc_io_count_name[DSC_IO_COUNTS] = {
	[DSC_IO_READS] = "reads",
	[DSC_IO_WRITES] = "writes",
	[DSC_IO_OTHER] = "other",
	[DSC_IO_READ_BYTES] = "read_bytes",
	[DSC_IO_WRITE_BYTES] = "write_bytes",
	[DSC_IO_READ_NS] = "read_ns",
	[DSC_IO_WRITE_NS] = "write_ns",
	[DSC_IO_BUSY_NS] = "busy_ns",
	[DSC_IO_ERRORS] = "errors",
	[DSC_IO_LOCK_WAITS] = "lock_waits",
	[DSC_IO_R2TS] = "r2ts",
};
const char *const dsc_io_way_name[DSC_IO_WAYS] = { "read", "write" };
const char *const dsc_io_part_name[DSC_IO_PARTS] = { "transport", "backend", "queue" };
static const char *const part_ns_name[DSC_IO_PARTS] = { "transport_ns", "backend_ns", "queue_ns" };

static uint64_t get_u64(struct json_object *obj, const char *key)
{
	uint64_t value = 0;

	cmn_json_u64_opt(obj, key, &value, NULL, NULL);
	return value;
}

static struct json_object *get_arr(struct json_object *obj, const char *key)
{
	struct json_object *arr = NULL;

	cmn_json_arr_opt(obj, key, &arr, NULL);
	return arr;
}

/* ---- one record ---- */

static struct dsc_io_times *times_of(struct dsc_io *io)
{
	if (!io->times) {
		io->times = dsc_zalloc(sizeof(*io->times));
		io->times_before = dsc_zalloc(DSC_IO_WAYS * sizeof(*io->times_before));
	}
	return io->times;
}

static void io_clear(struct dsc_io *io)
{
	free(io->times);
	free(io->times_before);
}

static void take_latency(struct cmn_latency *l, struct json_object *arr)
{
	size_t nr = arr ? json_object_array_length(arr) : 0;

	for (size_t i = 0; i < CMN_LATENCY_BUCKETS; i++)
		l->bucket[i] =
			i < nr ? json_object_get_uint64(json_object_array_get_idx(arr, i)) : 0;
}

/* A namespace's: an object with the parts; a host's: the total alone. */
static void take_times(struct dsc_io *io, enum dsc_io_way way, struct json_object *value)
{
	struct dsc_io_times *t;

	if (!value)
		return;
	t = times_of(io);
	if (json_object_is_type(value, json_type_array)) {
		take_latency(&t->total[way], value);
		return;
	}
	if (!json_object_is_type(value, json_type_object))
		return;
	take_latency(&t->total[way], get_arr(value, "total"));
	for (unsigned int i = 0; i < DSC_IO_PARTS; i++) {
		take_latency(&t->part[way][i], get_arr(value, dsc_io_part_name[i]));
		t->part_ns[way][i] = get_u64(value, part_ns_name[i]);
	}
}

static void io_take(struct dsc_io *io, uint64_t seq, struct json_object *obj)
{
	io->seq = seq;
	memcpy(io->before, io->count, sizeof(io->before));
	if (io->times)
		memcpy(io->times_before, io->times->total, sizeof(io->times->total));
	for (unsigned int i = 0; i < DSC_IO_COUNTS; i++)
		io->count[i] = get_u64(obj, dsc_io_count_name[i]);
	for (unsigned int way = 0; way < DSC_IO_WAYS; way++) {
		struct json_object *value = NULL;

		json_object_object_get_ex(obj, dsc_io_way_name[way], &value);
		take_times(io, way, value);
	}
}

/* ---- sums that only grow ---- */

static void grow(uint64_t *sum, uint64_t now, uint64_t before)
{
	*sum += now >= before ? now - before : now; /* it began anew */
}

static void grow_latency(struct cmn_latency *sum, const struct cmn_latency *now,
			 const struct cmn_latency *before)
{
	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS; i++)
		grow(&sum->bucket[i], now->bucket[i], before->bucket[i]);
}

static void grow_times(struct dsc_io_times *sum, const struct dsc_io_times *now,
		       const struct dsc_io_times *before)
{
	for (unsigned int way = 0; way < DSC_IO_WAYS; way++) {
		grow_latency(&sum->total[way], &now->total[way], &before->total[way]);
		for (unsigned int i = 0; i < DSC_IO_PARTS; i++) {
			grow_latency(&sum->part[way][i], &now->part[way][i], &before->part[way][i]);
			grow(&sum->part_ns[way][i], now->part_ns[way][i], before->part_ns[way][i]);
		}
	}
}

/* The first of a message that adds to sum turns it over. */
static void turn_over(struct dsc_io *sum, uint64_t seq)
{
	if (sum->seq == seq)
		return;
	sum->seq = seq;
	memcpy(sum->before, sum->count, sizeof(sum->before));
	if (sum->times)
		memcpy(sum->times_before, sum->times->total, sizeof(sum->times->total));
}

static void io_grow(struct dsc_io *sum, const struct dsc_io *io, const struct dsc_io_times *before)
{
	turn_over(sum, io->seq);
	for (unsigned int i = 0; i < DSC_IO_COUNTS; i++)
		grow(&sum->count[i], io->count[i], io->before[i]);
	if (io->times)
		grow_times(times_of(sum), io->times, before);
}

/* ---- records by their key ---- */

struct taking {
	struct dsc_worker_io *w;
	struct dsc_subsys_io *s;
};

static unsigned int take_failed(struct dsc_io_failed *failed, unsigned int max,
				struct json_object *obj)
{
	struct json_object *arr = get_arr(obj, "failed");
	size_t nr = arr ? json_object_array_length(arr) : 0, at = 0;

	for (size_t i = 0; i < nr && at < max; i++) {
		struct json_object *pair = json_object_array_get_idx(arr, i);

		if (!json_object_is_type(pair, json_type_array) ||
		    json_object_array_length(pair) != 2)
			continue;
		failed[at++] = (struct dsc_io_failed){
			(uint16_t)json_object_get_int(json_object_array_get_idx(pair, 0)),
			json_object_get_uint64(json_object_array_get_idx(pair, 1))
		};
	}
	return (unsigned int)at;
}

static void take_ns(struct taking *t, struct json_object *obj)
{
	uint32_t nsid = (uint32_t)get_u64(obj, "nsid");
	struct dsc_io_times before = { 0 };
	struct dsc_ns_io *ns;

	HASH_FIND(hh, t->s->namespaces, &nsid, sizeof(nsid), ns);
	if (!ns) {
		ns = dsc_zalloc(sizeof(*ns));
		ns->nsid = nsid;
		HASH_ADD(hh, t->s->namespaces, nsid, sizeof(nsid), ns);
	}
	ns->seen = t->w->seq;
	if (ns->io.times)
		before = *ns->io.times;
	io_take(&ns->io, t->w->seq, obj);
	ns->nr_failed = take_failed(ns->failed, DSC_IO_STATUSES, obj);
	io_grow(&t->s->io, &ns->io, &before);
	io_grow(&t->w->io, &ns->io, &before);
}

static void take_host(struct taking *t, struct json_object *obj)
{
	const char *nqn = "";
	struct dsc_host_io *h;

	cmn_json_str_opt(obj, "host_nqn", &nqn, NULL, NULL);
	HASH_FIND_STR(t->s->hosts, nqn, h);
	if (!h) {
		h = dsc_zalloc(sizeof(*h));
		snprintf(h->host_nqn, sizeof(h->host_nqn), "%s", nqn);
		HASH_ADD_STR(t->s->hosts, host_nqn, h);
	}
	h->seen = t->w->seq;
	h->inflight = get_u64(obj, "inflight");
	io_take(&h->io, t->w->seq, obj);
}

static void take_queue(struct taking *t, struct json_object *obj)
{
	struct dsc_queue_io key = { .id = { (uint16_t)get_u64(obj, "cntlid"),
					    (uint16_t)get_u64(obj, "qid") } };
	struct dsc_queue_io *q;

	HASH_FIND(hh, t->s->queues, &key.id, sizeof(key.id), q);
	if (!q) {
		q = dsc_zalloc(sizeof(*q));
		q->id = key.id;
		HASH_ADD(hh, t->s->queues, id, sizeof(q->id), q);
	}
	q->seen = t->w->seq;
	q->inflight = get_u64(obj, "inflight");
	io_take(&q->io, t->w->seq, obj);
}

static void take_list(struct taking *t, struct json_object *obj, const char *key,
		      void (*take)(struct taking *t, struct json_object *obj))
{
	struct json_object *arr = get_arr(obj, key);

	for (size_t i = 0; arr && i < json_object_array_length(arr); i++) {
		struct json_object *item = json_object_array_get_idx(arr, i);

		if (json_object_is_type(item, json_type_object))
			take(t, item);
	}
}

static void take_subsys(struct taking *t, struct json_object *obj)
{
	const char *nqn = "";

	cmn_json_str_opt(obj, "nqn", &nqn, NULL, NULL);
	HASH_FIND_STR(t->w->subsystems, nqn, t->s);
	if (!t->s) {
		t->s = dsc_zalloc(sizeof(*t->s));
		snprintf(t->s->nqn, sizeof(t->s->nqn), "%s", nqn);
		HASH_ADD_STR(t->w->subsystems, nqn, t->s);
	}
	t->s->seen = t->w->seq;
	take_list(t, obj, "namespaces", take_ns);
	take_list(t, obj, "hosts", take_host);
	take_list(t, obj, "queues", take_queue);
}

/* ---- what is gone ---- */

/* Frees those of a list that the message seq did not tell of; seq 0: all of them. */
#define SWEEP(list, at)                                                                            \
	do {                                                                                       \
		typeof(list) record, after;                                                         \
		HASH_ITER(hh, list, record, after)                                                 \
		{                                                                                  \
			if (at && record->seen == at)                                              \
				continue;                                                          \
			HASH_DEL(list, record);                                                    \
			io_clear(&record->io);                                                     \
			free(record);                                                              \
		}                                                                                  \
	} while (0)

static void sweep(struct dsc_worker_io *w, uint64_t seq)
{
	struct dsc_subsys_io *s, *next;

	HASH_ITER(hh, w->subsystems, s, next)
	{
		uint64_t keep = seq && s->seen == seq ? seq : 0;

		SWEEP(s->namespaces, keep);
		SWEEP(s->hosts, keep);
		SWEEP(s->queues, keep);
	}
	SWEEP(w->subsystems, seq);
}

/* ---- the message ---- */

void dsc_worker_io_clear(struct dsc_worker_io *w)
{
	sweep(w, 0);
	io_clear(&w->io);
	memset(w, 0, sizeof(*w));
}

void dsc_worker_io_take(struct dsc_worker_io *w, struct json_object *msg)
{
	struct taking t = { .w = w };
	uint64_t now = get_u64(msg, "monotonic_ns");

	w->seq++; /* ours: the worker's may begin anew */
	w->interval_ns = now > w->monotonic_ns && w->monotonic_ns ? now - w->monotonic_ns : 0;
	w->monotonic_ns = now;
	w->wall_ms = cmn_wall_ms();
	w->queues_left_out = get_u64(msg, "queues_left_out");
	w->nr_failed = take_failed(w->failed, DSC_IO_WORKER_STATUSES, msg);
	take_list(&t, msg, "subsystems", take_subsys);
	if (!get_u64(msg, "since")) /* it was everything */
		sweep(w, w->seq);
}

/* ---- what others ask ---- */

const struct dsc_worker_io *dsc_supervisor_io(struct dsc_supervisor *sup, uint64_t worker_id)
{
	struct sup_worker *w = sup_worker_find(sup, worker_id);

	return w ? &w->io : NULL;
}

const struct dsc_subsys_io *dsc_worker_io_subsys(const struct dsc_worker_io *w, const char *nqn)
{
	struct dsc_subsys_io *s;

	HASH_FIND_STR(w->subsystems, nqn, s);
	return s;
}

const struct dsc_ns_io *dsc_subsys_io_ns(const struct dsc_subsys_io *s, uint32_t nsid)
{
	struct dsc_ns_io *ns;

	HASH_FIND(hh, s->namespaces, &nsid, sizeof(nsid), ns);
	return ns;
}

void dsc_subsys_io_queues(const struct dsc_subsys_io *s, const struct dsc_controller *c,
			  void (*fn)(void *arg, const struct dsc_controller *c,
				     const struct dsc_queue_io *q),
			  void *arg)
{
	struct dsc_queue_io key = { .id = { .cntlid = c->cntlid } }, *q;
	unsigned int left = c->qpairs ? c->qpairs - 1 : 0; /* but the admin queue */

	for (uint16_t qid = 1; left && qid <= QUEUES_MAX; qid++) {
		key.id.qid = qid;
		HASH_FIND(hh, s->queues, &key.id, sizeof(key.id), q);
		if (!q)
			continue;
		left--;
		fn(arg, c, q);
	}
}

bool dsc_io_rate(const struct dsc_worker_io *w, const struct dsc_io *io, struct dsc_io_rate *ret)
{
	double seconds = (double)w->interval_ns / 1e9;

	memset(ret, 0, sizeof(*ret));
	if (!w->interval_ns || io->seq != w->seq)
		return false;
	for (unsigned int i = 0; i < DSC_IO_COUNTS; i++) {
		if (io->count[i] < io->before[i]) /* it began anew */
			return false;
		ret->per_second[i] = (double)(io->count[i] - io->before[i]) / seconds;
	}
	for (unsigned int way = 0; io->times && way < DSC_IO_WAYS; way++)
		grow_latency(&ret->times[way], &io->times->total[way], &io->times_before[way]);
	return true;
}
