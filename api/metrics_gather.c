/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics_gather.c - what a scrape tells of the daemon itself, its workers and their reactors, the API.
 * Thread: the control loop.  May block: never. */
#include "config.h"

#include "api/counts.h"
#include "api/metrics.h"
#include "api/server_impl.h"

#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/events/events.h"
#include "discoveryd/follow/follow.h"
#include "discoveryd/model/snapshot.h"
#include "discoveryd/model/zoning.h"
#include "discoveryd/store/store.h"
#include "discoveryd/supervise/supervise.h"
#include "fabrics/spec/nvmf.h"

#include <stdio.h>
#include <string.h>

#define SILENT_MS 5000 /* its counters are asked for every second */

static const char *label1(struct api_scrape *scrape, const char *name, const char *value)
{
	struct api_labels labels = { .len = 0 };

	api_label(&labels, name, value);
	return api_scrape_text(scrape, &labels);
}

static uint64_t *one_value(struct api_scrape *scrape, uint64_t value)
{
	uint64_t *v = api_scrape_values(scrape, 1);

	*v = value;
	return v;
}

static uint64_t member(struct json_object *obj, const char *name)
{
	uint64_t value = 0;

	cmn_json_u64_opt(obj, name, &value, NULL, NULL);
	return value;
}

static struct json_object *list(struct json_object *obj, const char *name)
{
	struct json_object *found = NULL;

	if (!obj || cmn_json_arr_opt(obj, name, &found, NULL) < 0)
		return NULL;
	return found;
}

/* ---- discoveryd ---- */

static void add_discovery(const struct dsc_app *app, uint64_t *v, struct dsc_disc_stats *disc)
{
	if (app->disc)
		dsc_disc_get_stats(app->disc, disc);
	v[DAEMON_DISC_CONNS] = disc->connections;
	v[DAEMON_DISC_CTRLS] = disc->controllers;
	v[DAEMON_LOG_READS] = disc->log_reads;
	v[DAEMON_AENS] = disc->events_sent;
	v[DAEMON_DISC_AUTH_FAILED] = disc->auth_failed;
	v[DAEMON_DISC_REFUSED] = disc->refused;
	v[DAEMON_KICKSTARTS] = disc->kickstarts;
	v[DAEMON_PAGES_SENT] = dsc_follow_pages_sent(app->follow);
}

static void add_store(const struct dsc_app *app, uint64_t *v)
{
	struct dsc_store_stats store = { 0 };

	dsc_store_get_stats(app->store, &store);
	v[DAEMON_COMMITS] = store.commits;
	v[DAEMON_STORE_REQUESTS] = store.requests;
	v[DAEMON_STORE_FAILURES] = store.failures;
	v[DAEMON_STORE_HEALTHY] = dsc_store_healthy(app->store);
}

static void gather_registered(struct api_scrape *scrape, const struct dsc_snapshot *snap)
{
	static const char *const types[] = { "host", "ddc", "cdc" };
	uint64_t nr[sizeof(types) / sizeof(types[0])] = { 0 };
	const struct dsc_entity *e;

	dsc_tree_each(e, snap->entities, &dsc_entity_ops)
	{
		if (e->etype >= NVMF_DIM_HOST && e->etype <= NVMF_DIM_CDC &&
		    strncmp(e->eid, DSC_DC_EID, strlen(DSC_DC_EID)) !=
			    0) /* read isn't registered */
			nr[e->etype - NVMF_DIM_HOST] += dsc_tree_count(e->regs);
	}
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		api_scrape_add(scrape, API_SET_REGISTERED, label1(scrape, "type", types[i]),
			       one_value(scrape, nr[i]));
}

static uint64_t nr_entries(const struct dsc_snapshot *snap, const struct dsc_dc *dc)
{
	const struct dsc_entity *e;
	uint64_t nr = 0;
	void *id;

	dsc_tree_each(id, dc->entities, &dsc_ids_ops)
	{
		e = dsc_snapshot_entity_id(snap, dsc_id(id));
		nr += e ? dsc_tree_count(e->regs) : 0;
	}
	return nr;
}

static void gather_followed(struct api_scrape *scrape, const struct dsc_snapshot *snap)
{
	uint64_t nr[DSC_DC_STATE_COUNT] = { 0 }, *v;
	struct dsc_dc_live live;
	const struct dsc_dc *dc;

	dsc_tree_each(dc, snap->dcs, &dsc_dc_ops)
	{
		struct api_labels labels = { .len = 0 };

		dsc_follow_live(scrape->server->app->follow, dc->id, &live);
		nr[live.state]++;
		if (live.state == DSC_DC_WAITING || live.state == DSC_DC_OFF)
			continue;
		api_label(&labels, "dc", dc->name);
		api_label(&labels, "traddr", dc->traddr);
		v = api_scrape_values(scrape, FOLLOWED_FIELDS);
		v[FOLLOWED_UP] = live.state == DSC_DC_CONNECTED || live.state == DSC_DC_POLLED;
		v[FOLLOWED_ENTRIES] = nr_entries(snap, dc);
		api_scrape_add(scrape, API_SET_FOLLOWED, api_scrape_text(scrape, &labels), v);
	}
	for (unsigned int i = 0; i < DSC_DC_STATE_COUNT; i++)
		api_scrape_add(scrape, API_SET_FOLLOWED_STATE,
			       label1(scrape, "state", dsc_dc_state_name[i]),
			       one_value(scrape, nr[i]));
}

/* As it is enforced. */
static void gather_zoning(const struct dsc_snapshot *snap, uint64_t *v)
{
	const struct dsc_zone_past *past = dsc_snapshot_zone_past_last(snap);
	const struct dsc_zoning *z = dsc_snapshot_zoning(snap);

	v[DAEMON_ZONING_ENABLED] = dsc_snapshot_zone_settings(snap)->enabled;
	v[DAEMON_ZONING_CHANGE] = past ? past->change : 0;
	v[DAEMON_ZONING_GROUPS] = z ? dsc_zoning_count(z, &v[DAEMON_ZONING_ZONES]) : 0;
}

static void gather_snapshots(struct api_scrape *scrape, const struct dsc_snapshot *snap)
{
	uint64_t nr[DSC_NSSNAP_STATE_COUNT] = { 0 };
	uint64_t *v = api_scrape_values(scrape, DSC_HOLD_BOUNDS + 2);
	const struct dsc_nssnap *s;

	dsc_tree_each(s, snap->nssnaps, &dsc_nssnap_ops) nr[s->state]++;
	for (unsigned int i = 0; i < DSC_NSSNAP_STATE_COUNT; i++)
		api_scrape_add(scrape, API_SET_SNAPSHOTS,
			       label1(scrape, "state", dsc_nssnap_state_name[i]),
			       one_value(scrape, nr[i]));
	memcpy(v, dsc_supervisor_holds(scrape->server->app->supervisor),
	       (DSC_HOLD_BOUNDS + 2) * sizeof(*v));
	api_scrape_add(scrape, API_SET_SNAPSHOT_HOLD, "", v);
}

static void gather_daemon(struct api_scrape *scrape, const struct dsc_snapshot *snap)
{
	const struct dsc_app *app = scrape->server->app;
	uint64_t *v = api_scrape_values(scrape, DAEMON_FIELDS);
	struct api_labels labels = { .len = 0 };
	struct dsc_disc_stats disc = { 0 };

	v[DAEMON_START_MS] = app->started_wall_ms;
	v[DAEMON_SUBSYSTEMS] = dsc_tree_count(snap->subsystems);
	v[DAEMON_NAMESPACES] = dsc_tree_count(snap->uuids);
	v[DAEMON_HOSTS] = dsc_tree_count(snap->hosts);
	v[DAEMON_GENCTR] = snap->gen_any;
	gather_zoning(snap, v);
	v[DAEMON_API_CONNS] = scrape->server->nr_conns;
	v[DAEMON_API_STREAMS] = scrape->server->nr_streams;
	add_store(app, v);
	add_discovery(app, v, &disc);
	api_scrape_add(scrape, API_SET_DAEMON, "", v);
	for (unsigned int i = 0; i < DSC_SEVERITY_COUNT; i++)
		api_scrape_add(
			scrape, API_SET_SEVERITY, label1(scrape, "severity", dsc_severity_name[i]),
			one_value(scrape, dsc_events_count(app->events, (enum dsc_severity)i)));
	for (unsigned int i = 0; i < DSC_DIM_RESULT_COUNT; i++)
		api_scrape_add(scrape, API_SET_DIM,
			       label1(scrape, "result", dsc_dim_result_name[i]),
			       one_value(scrape, disc.dims[i]));
	gather_registered(scrape, snap);
	gather_followed(scrape, snap);
	gather_snapshots(scrape, snap);
	api_label(&labels, "version", PACKAGE_VERSION);
	api_label(&labels, "node", app->node);
	api_label(&labels, "nqn", app->disc_nqn);
	api_scrape_add(scrape, API_SET_DAEMON_META, api_scrape_text(scrape, &labels), NULL);
}

static void gather_ceph_gateway(struct api_scrape *scrape)
{
	const struct dsc_app *app = scrape->server->app;
	struct api_labels labels = { .len = 0 };

	api_label(&labels, "spdk_version", "none");
	api_label(&labels, "version", PACKAGE_VERSION);
	api_label(&labels, "addr", app->opt.api.address);
	api_label_u64(&labels, "port", api_server_port(scrape->server));
	api_label(&labels, "name", app->node);
	api_label(&labels, "hostname", app->node);
	api_label(&labels, "group", "_null_");
	api_label(&labels, "load_balancing_group", "1");
	api_scrape_add(scrape, API_SET_CEPH_GATEWAY, api_scrape_text(scrape, &labels), NULL);
}

/* ---- workers ---- */

static const char *const reactor_members[REACTOR_FIELDS] = {
	[REACTOR_LOOPS] = "loops",
	[REACTOR_EMPTY_POLLS] = "empty_polls",
	[REACTOR_SLEEPS] = "sleeps",
	[REACTOR_MESSAGES] = "messages",
	[REACTOR_SENDS] = "sends",
	[REACTOR_RECVS] = "recvs",
	[REACTOR_SHORT_SENDS] = "short_sends",
	[REACTOR_COPIES] = "copies",
	[REACTOR_RING_FULL] = "ring_full",
};

static void gather_mode(struct api_scrape *scrape, const struct api_labels *reactor,
			const char *name, const char *mode, uint64_t ns)
{
	struct api_labels labels = *reactor, ceph = { .len = 0 };
	const uint64_t *v = one_value(scrape, ns);

	api_label(&labels, "mode", mode);
	api_scrape_add(scrape, API_SET_REACTOR_MODE, api_scrape_text(scrape, &labels), v);
	if (!scrape->more)
		return;
	api_label(&ceph, "name", name);
	api_label(&ceph, "mode", mode);
	api_scrape_add(scrape, API_SET_CEPH_REACTOR, api_scrape_text(scrape, &ceph), v);
}

static void gather_reactor(struct api_scrape *scrape, const char *worker, struct json_object *obj)
{
	uint64_t *v = api_scrape_values(scrape, REACTOR_FIELDS);
	struct api_labels labels = { .len = 0 };
	char name[DSC_NAME_MAX + 24];

	api_label(&labels, "worker", worker);
	api_label_u64(&labels, "reactor", member(obj, "index"));
	for (unsigned int i = 0; i < REACTOR_FIELDS; i++)
		v[i] = member(obj, reactor_members[i]);
	api_scrape_add(scrape, API_SET_REACTOR, api_scrape_text(scrape, &labels), v);
	snprintf(name, sizeof(name), "%s_reactor_%u", worker, (unsigned int)member(obj, "index"));
	gather_mode(scrape, &labels, name, "busy", member(obj, "busy_ns"));
	gather_mode(scrape, &labels, name, "idle", member(obj, "idle_ns"));
}

static void gather_io(struct api_scrape *scrape, const struct dsc_worker *worker, const char *text)
{
	const struct dsc_worker_io *io =
		dsc_supervisor_io(scrape->server->app->supervisor, worker->id);
	struct api_labels labels = { .len = 0 };

	if (!io || !io->seq)
		return;
	api_label(&labels, "worker", worker->name);
	scrape->dropped[API_SET_QUEUE_IO] += io->queues_left_out;
	api_scrape_io(scrape, API_SET_WORKER_IO, text, &io->io, 0);
	api_scrape_times(scrape, API_SET_WORKER_TIMES, API_SET_WORKER_PARTS, &labels, &io->io);
	api_scrape_failed(scrape, API_SET_WORKER_FAILED, &labels, io->failed, io->nr_failed);
}

static void gather_stats(struct api_scrape *scrape, const char *name, const char *labels)
{
	uint64_t when = 0, now = cmn_wall_ms(), *v;
	struct json_object *stats =
		dsc_supervisor_stats(scrape->server->app->supervisor, name, &when);
	struct json_object *reactors = list(stats, "reactors");

	if (!stats)
		return;
	v = api_scrape_values(scrape, STATS_FIELDS);
	v[STATS_AGE_MS] = now > when ? now - when : 0;
	v[STATS_RESIDENT] = member(stats, "resident_bytes");
	api_scrape_add(scrape, API_SET_WORKER_STATS, labels, v);
	for (size_t i = 0; reactors && i < json_object_array_length(reactors); i++)
		gather_reactor(scrape, name, json_object_array_get_idx(reactors, i));
}

/* Runs, and has not been silent: a worker that stands still runs as well, until that is noticed. */
static bool answers(struct api_scrape *scrape, const char *name, enum dsc_worker_state state)
{
	uint64_t when = 0;

	if (state != DSC_WORKER_RUNNING)
		return false;
	return !dsc_supervisor_stats(scrape->server->app->supervisor, name, &when) ||
	       cmn_wall_ms() < when + SILENT_MS;
}

static void gather_worker(struct api_scrape *scrape, const struct dsc_snapshot *snap,
			  const struct dsc_worker *worker)
{
	const struct dsc_node *node = dsc_snapshot_node_id(snap, worker->node_id);
	const char *name = label1(scrape, "worker", worker->name);
	uint64_t *v = api_scrape_values(scrape, WORKER_FIELDS);
	struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };
	struct api_labels labels = { .len = 0 };

	dsc_supervisor_worker(scrape->server->app->supervisor, worker->name, &info);
	v[WORKER_UP] = answers(scrape, worker->name, info.state);
	v[WORKER_RESTARTS] = info.restarts;
	v[WORKER_CTRLS] = info.nr_controllers;
	v[WORKER_CONNECTED] = info.counts.connected;
	v[WORKER_REFUSED] = info.counts.refused;
	v[WORKER_AUTH_FAILED] = info.counts.auth_failed;
	v[WORKER_ZONED_OUT] = info.counts.zoned_out;
	api_scrape_add(scrape, API_SET_WORKER, name, v);
	api_label(&labels, "worker", worker->name);
	api_label(&labels, "node", node ? node->name : "");
	api_label(&labels, "state", dsc_worker_state_name[info.state]);
	api_scrape_add(scrape, API_SET_WORKER_META, api_scrape_text(scrape, &labels), NULL);
	for (unsigned int i = 0; i < DSC_GONE_COUNT; i++) {
		labels.len = 0;
		api_label(&labels, "worker", worker->name);
		api_label(&labels, "reason", dsc_gone_name[i]);
		api_scrape_add(scrape, API_SET_WORKER_GONE, api_scrape_text(scrape, &labels),
			       one_value(scrape, info.counts.gone[i]));
	}
	gather_stats(scrape, worker->name, name);
	gather_io(scrape, worker, name);
}

static void gather_portal(struct api_scrape *scrape, const struct dsc_snapshot *snap,
			  const struct dsc_portal *portal)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(snap, portal->worker_id);
	struct api_labels labels = { .len = 0 };

	api_label(&labels, "portal", portal->name);
	api_label(&labels, "worker", worker ? worker->name : "");
	api_label(&labels, "address", portal->address);
	api_label_u64(&labels, "port", portal->port);
	api_scrape_add(scrape, API_SET_PORTAL_META, api_scrape_text(scrape, &labels), NULL);
}

static void gather_ana_group(struct api_scrape *scrape, const struct dsc_snapshot *snap,
			     const struct dsc_ana_group *group)
{
	const struct dsc_portal *portal;

	dsc_tree_each(portal, snap->portals, &dsc_portal_ops)
	{
		struct api_labels labels = { .len = 0 };

		if (portal->kind != DSC_PORTAL_IO)
			continue;
		api_label_u64(&labels, "anagrpid", group->id);
		api_label(&labels, "portal", portal->name);
		api_label(&labels, "state", fab_ana_text(dsc_snapshot_ana_state(group, portal)));
		api_scrape_add(scrape, API_SET_ANA, api_scrape_text(scrape, &labels), NULL);
	}
}

/* ---- the API ---- */

static void gather_route(struct api_scrape *scrape, const struct api_route_count *count)
{
	const char *operation = count->route ? count->route->operation_id : "none";
	uint64_t *v, total = 0;

	for (unsigned int i = 0; i < API_COUNT_STATUSES; i++) {
		struct api_labels labels = { .len = 0 };

		if (!count->status[i])
			continue;
		total += count->status[i];
		api_label(&labels, "operation", operation);
		if (api_count_status[i])
			api_label_u64(&labels, "code", (uint64_t)api_count_status[i]);
		else
			api_label(&labels, "code", "other");
		api_scrape_add(scrape, API_SET_ROUTE_STATUS, api_scrape_text(scrape, &labels),
			       one_value(scrape, count->status[i]));
	}
	if (!total) /* most routes are never asked */
		return;
	v = api_scrape_values(scrape, API_COUNT_BUCKETS + 2);
	memcpy(v, count->bucket, sizeof(count->bucket));
	v[API_COUNT_BUCKETS + 1] = count->sum_ns;
	api_scrape_add(scrape, API_SET_ROUTE, label1(scrape, "operation", operation), v);
}

void api_scrape_gather(struct api_scrape *scrape, const struct dsc_snapshot *snap)
{
	const struct api_counts *counts = scrape->server->counts;
	const struct dsc_worker *worker;
	const struct dsc_ana_group *group;
	const struct dsc_portal *portal;

	gather_daemon(scrape, snap);
	if (scrape->more)
		gather_ceph_gateway(scrape);
	dsc_tree_each(worker, snap->workers, &dsc_worker_ops) gather_worker(scrape, snap, worker);
	dsc_tree_each(portal, snap->portals, &dsc_portal_ops) gather_portal(scrape, snap, portal);
	dsc_tree_each(group, snap->ana_groups, &dsc_ana_group_ops)
		gather_ana_group(scrape, snap, group);
	for (unsigned int i = 0; i < counts->nr; i++)
		gather_route(scrape, &counts->at[i]);
}
