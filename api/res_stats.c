/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_stats.c - /stats: what workers counted, as last told, and what that comes to by the second.  Thread: the control loop.
 * May block: never. */
#include "api/render.h"
#include "api/resources.h"

#include "common/clock.h"
#include "discoveryd/supervise/stats.h"
#include "discoveryd/supervise/supervise.h"

/* What was asked for, and where the telling stands. */
struct stats {
	struct dsc_app *app;
	const struct dsc_snapshot *snap;
	const char *nqn; /* this subsystem alone; NULL: all */
	bool active; /* only what something was done with lately */
	bool times; /* with how many commands took how long */
	const struct dsc_worker *worker;
	const struct dsc_worker_io *io;
	const struct dsc_subsys_io *subsys;
	struct json_object *queues;
};

/* ---- a record ---- */

static void add_rounded(struct json_object *json, const char *name, double value)
{
	json_object_object_add(json, name, json_object_new_int64((int64_t)(value + 0.5)));
}

static void add_quantiles(struct json_object *json, const char *name,
			  const struct dsc_io_rate *rate, enum dsc_io_way way)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = {
		{ "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 }
	};
	const struct cmn_latency *l = &rate->times[way];
	double commands = rate->per_second[way == DSC_IO_READ ? DSC_IO_READS : DSC_IO_WRITES];
	double ns = rate->per_second[way == DSC_IO_READ ? DSC_IO_READ_NS : DSC_IO_WRITE_NS];
	struct json_object *in;

	if (commands <= 0) {
		json_object_object_add(json, name, NULL);
		return;
	}
	in = json_object_new_object();
	add_rounded(in, "mean_ns", ns / commands);
	for (size_t i = 0; cmn_latency_count(l) && i < sizeof(quantiles) / sizeof(*quantiles); i++)
		api_add_u64(in, quantiles[i].name, cmn_latency_quantile(l, quantiles[i].share));
	json_object_object_add(json, name, in);
}

static struct json_object *render_rate(const struct dsc_io_rate *rate)
{
	static const enum dsc_io_count counts[] = { DSC_IO_READS,	DSC_IO_WRITES,
						    DSC_IO_OTHER,	DSC_IO_READ_BYTES,
						    DSC_IO_WRITE_BYTES, DSC_IO_ERRORS };
	struct json_object *json = json_object_new_object();

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		json_object_object_add(json, dsc_io_count_name[counts[i]],
				       json_object_new_double(rate->per_second[counts[i]]));
	add_quantiles(json, "read", rate, DSC_IO_READ);
	add_quantiles(json, "write", rate, DSC_IO_WRITE);
	return json;
}

static struct json_object *render_latency(const struct cmn_latency *l)
{
	struct json_object *arr = json_object_new_array();

	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS; i++)
		json_object_array_add(arr, json_object_new_uint64(l->bucket[i]));
	return arr;
}

static struct json_object *render_times(const struct dsc_io_times *t, bool parts)
{
	struct json_object *json = json_object_new_object();

	for (unsigned int way = 0; way < DSC_IO_WAYS; way++) {
		struct json_object *in = json_object_new_object();

		json_object_object_add(in, "total", render_latency(&t->total[way]));
		for (unsigned int i = 0; parts && i < DSC_IO_PARTS; i++)
			json_object_object_add(in, dsc_io_part_name[i],
					       render_latency(&t->part[way][i]));
		json_object_object_add(json, dsc_io_way_name[way], in);
	}
	return json;
}

static bool moved(const struct dsc_io_rate *rate)
{
	return rate->per_second[DSC_IO_READS] > 0 || rate->per_second[DSC_IO_WRITES] > 0 ||
	       rate->per_second[DSC_IO_OTHER] > 0 || rate->per_second[DSC_IO_ERRORS] > 0;
}

/* False: nothing of it is wanted. */
static bool add_io(const struct stats *st, struct json_object *json, const struct dsc_io *io,
		   bool parts)
{
	struct dsc_io_rate rate;
	bool any = dsc_io_rate(st->io, io, &rate) && moved(&rate);

	if (st->active && !any)
		return false;
	for (unsigned int i = 0; i < DSC_IO_COUNTS; i++)
		api_add_u64(json, dsc_io_count_name[i], io->count[i]);
	json_object_object_add(json, "rate", any ? render_rate(&rate) : NULL);
	if (st->times && io->times)
		json_object_object_add(json, "times", render_times(io->times, parts));
	return true;
}

static void add_record(const struct stats *st, struct json_object *list, struct json_object *json,
		       const struct dsc_io *io, bool parts)
{
	if (add_io(st, json, io, parts))
		json_object_array_add(list, json);
	else
		json_object_put(json);
}

static struct json_object *add_list(struct json_object *json, const char *name)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(json, name, list);
	return list;
}

/* ---- a subsystem ---- */

static void add_namespaces(const struct stats *st, struct json_object *list,
			   const struct dsc_subsys *s)
{
	const struct dsc_ns *ns;

	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		const struct dsc_ns_io *io = dsc_subsys_io_ns(st->subsys, ns->nsid);
		struct json_object *json;

		if (!io)
			continue;
		json = json_object_new_object();
		api_add_u64(json, "nsid", ns->nsid);
		api_add_u64(json, "size", ns->size);
		add_record(st, list, json, &io->io, true);
	}
}

static void add_hosts(const struct stats *st, struct json_object *list)
{
	for (const struct dsc_host_io *h = st->subsys->hosts; h; h = h->hh.next) {
		struct json_object *json = json_object_new_object();

		api_add_str(json, "host_nqn", h->host_nqn);
		api_add_u64(json, "inflight", h->inflight);
		add_record(st, list, json, &h->io, false);
	}
}

static void add_queue(void *arg, const struct dsc_controller *c, const struct dsc_queue_io *q)
{
	const struct stats *st = arg;
	struct json_object *json = json_object_new_object();

	api_add_str(json, "host_nqn", c->host_nqn);
	api_add_u64(json, "cntlid", c->cntlid);
	api_add_u64(json, "qid", q->id.qid);
	api_add_u64(json, "inflight", q->inflight);
	add_record(st, st->queues, json, &q->io, false);
}

static bool add_controller(void *arg, const struct dsc_controller *c)
{
	const struct stats *st = arg;

	if (strcmp(c->worker, st->worker->name) == 0)
		dsc_subsys_io_queues(st->subsys, c, add_queue, arg);
	return true;
}

static void add_subsys(struct stats *st, struct json_object *list, const struct dsc_subsys *s)
{
	struct json_object *json, *namespaces;

	st->subsys = dsc_worker_io_subsys(st->io, s->nqn);
	if (!st->subsys)
		return;
	json = json_object_new_object();
	api_add_str(json, "nqn", s->nqn);
	if (!add_io(st, json, &st->subsys->io, true)) {
		json_object_put(json);
		return;
	}
	namespaces = add_list(json, "namespaces");
	add_namespaces(st, namespaces, s);
	add_hosts(st, add_list(json, "hosts"));
	st->queues = add_list(json, "queues");
	dsc_supervisor_controllers(st->app->supervisor, s->nqn, NULL, add_controller, st);
	json_object_array_add(list, json);
}

/* ---- a worker ---- */

/* A member of the worker's message as it is; an empty list when there is none. */
static void copy_list(struct json_object *json, struct json_object *from, const char *name)
{
	struct json_object *list = NULL;

	if (!from || !json_object_object_get_ex(from, name, &list) ||
	    !json_object_is_type(list, json_type_array))
		json_object_object_add(json, name, json_object_new_array());
	else
		json_object_object_add(json, name, json_object_get(list));
}

static void add_subsystems(struct stats *st, struct json_object *list)
{
	const struct dsc_subsys *s;

	if (st->nqn) {
		s = dsc_snapshot_subsys(st->snap, st->nqn);
		if (s && s->worker_id == st->worker->id)
			add_subsys(st, list, s);
		return;
	}
	dsc_tree_each(s, st->snap->subsystems, &dsc_subsys_ops)
	{
		/* only what it is to serve: an old worker may still tell of what has moved */
		if (s->worker_id == st->worker->id)
			add_subsys(st, list, s);
	}
}

static struct json_object *render_worker(struct stats *st)
{
	struct json_object *json = json_object_new_object(), *subsystems, *resident;
	uint64_t when = 0;
	struct json_object *stats =
		dsc_supervisor_stats(st->app->supervisor, st->worker->name, &when);
	bool active = st->active;

	st->io = dsc_supervisor_io(st->app->supervisor, st->worker->id);
	api_add_str(json, "worker", st->worker->name);
	if (stats)
		api_add_time(json, "time", when);
	else
		json_object_object_add(json, "time", NULL);
	if (stats && json_object_object_get_ex(stats, "resident_bytes", &resident))
		json_object_object_add(json, "resident_bytes", json_object_get(resident));
	copy_list(json, stats, "reactors");
	if (st->io) {
		api_add_u64(json, "interval_ms", st->io->interval_ns / CMN_NS_PER_MS);
		api_add_u64(json, "queues_left_out", st->io->queues_left_out);
		st->active = false;
		add_io(st, json, &st->io->io, true);
		st->active = active;
	}
	subsystems = add_list(json, "subsystems");
	if (st->io)
		add_subsystems(st, subsystems);
	return json;
}

static struct json_object *render_bounds(void)
{
	struct json_object *arr = json_object_new_array();

	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS - 1; i++)
		json_object_array_add(arr, json_object_new_uint64(cmn_latency_bound(i)));
	return arr;
}

static void get(struct api_req *req)
{
	struct stats st = { .app = api_req_app(req), .nqn = api_req_query(req, "nqn") };
	struct json_object *json, *workers;

	if (!api_req_flag(req, "active", &st.active) || !api_req_flag(req, "times", &st.times))
		return;
	json = json_object_new_object();
	st.snap = dsc_snapshot_current(st.app->model);
	api_add_time(json, "time", cmn_wall_ms());
	json_object_object_add(json, "bounds_ns", render_bounds());
	workers = add_list(json, "workers");
	dsc_tree_each(st.worker, st.snap->workers, &dsc_worker_ops)
		json_object_array_add(workers, render_worker(&st));
	dsc_snapshot_put(st.snap);
	api_reply_json(req, 200, json);
}

const struct api_route api_res_stats[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/stats", "getStats", "nqn active times",
	  get },
	{ 0 },
};
