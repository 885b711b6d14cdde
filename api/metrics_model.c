/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics_model.c - what a scrape tells of subsystems, namespaces and hosts, joined with what workers report of them.
 * Thread: the control loop.  May block: never. */
#include "api/metrics.h"
#include "api/server_impl.h"

#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "common/uuid.h"
#include "discoveryd/model/snapshot.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS (2 * CMN_NS_PER_MS) /* of a turn */

/* A host of a subsystem: allowed by name, connected, or both.  Strings are the scrape's or the snapshot's. */
struct pair {
	const char *nqn, *host_nqn, *host_addr;
	uint64_t controllers, qpairs;
};

/* What a turn has gathered and the next goes on with: subsystems first, then what workers report of them. */
struct api_gather {
	struct api_scrape *scrape;
	const struct dsc_snapshot *snap; /* a reference */
	struct pair *pairs;
	size_t nr_pairs, cap_pairs;
	uint64_t subsys_id; /* up to here */
	bool subsystems_done;
	const struct dsc_worker *worker; /* the snapshot's; NULL at the end */
	struct json_object *stats, *list; /* of worker: a reference, and its subsystems */
	size_t at; /* in list */
};

static const char *label_nqn(struct api_scrape *scrape, const char *nqn)
{
	struct api_labels labels = { .len = 0 };

	api_label(&labels, "nqn", nqn);
	return api_scrape_text(scrape, &labels);
}

/* ---- hosts ---- */

static void add_pair(struct api_gather *g, const struct pair *pair)
{
	if (g->nr_pairs == 2 * (size_t)API_SET_MAX) {
		g->scrape->dropped++;
		return;
	}
	if (g->nr_pairs == g->cap_pairs) {
		size_t cap = g->cap_pairs ? 2 * g->cap_pairs : 64;
		struct pair *pairs = realloc(g->pairs, cap * sizeof(*pairs));

		if (!pairs) {
			g->scrape->dropped++;
			return;
		}
		g->pairs = pairs;
		g->cap_pairs = cap;
	}
	g->pairs[g->nr_pairs++] = *pair;
}

static const char *copy(struct api_gather *g, const char *text)
{
	char *bytes = (char *)api_scrape_values(g->scrape, strlen(text) / sizeof(uint64_t) + 1);

	return strcpy(bytes, text);
}

static bool add_controller(void *arg, const struct dsc_controller *c)
{
	struct api_gather *g = arg;
	struct pair pair = { .nqn = copy(g, c->nqn),
			     .host_nqn = copy(g, c->host_nqn),
			     .host_addr = copy(g, c->host_addr),
			     .controllers = 1,
			     .qpairs = c->qpairs };

	add_pair(g, &pair);
	return true;
}

static int pair_cmp(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int c = strcmp(x->nqn, y->nqn);

	return c ? c : strcmp(x->host_nqn, y->host_nqn);
}

/* One for each (subsystem, host), in order. */
static void merge_pairs(struct api_gather *g)
{
	size_t nr = 0;

	if (g->nr_pairs)
		qsort(g->pairs, g->nr_pairs, sizeof(*g->pairs), pair_cmp);
	for (size_t i = 0; i < g->nr_pairs; i++) {
		struct pair *last = nr ? &g->pairs[nr - 1] : NULL;

		if (!last || pair_cmp(last, &g->pairs[i]) != 0) {
			g->pairs[nr++] = g->pairs[i];
			continue;
		}
		last->controllers += g->pairs[i].controllers;
		last->qpairs += g->pairs[i].qpairs;
		if (g->pairs[i].controllers)
			last->host_addr = g->pairs[i].host_addr;
	}
	g->nr_pairs = nr;
}

/* ceph tells a host's address without its port: that changes with every connection. */
static void label_address(struct api_labels *labels, const char *host_addr)
{
	char text[80];
	char *colon;

	snprintf(text, sizeof(text), "%s", host_addr);
	colon = strrchr(text, ':');
	if (colon)
		*colon = '\0';
	api_label(labels, "host_addr", text);
}

static void tell_pair(struct api_gather *g, const struct pair *pair)
{
	uint64_t *v = api_scrape_values(g->scrape, HOST_FIELDS);
	struct api_labels labels = { .len = 0 };

	v[HOST_STATE] = pair->controllers > 0;
	v[HOST_CTRLS] = pair->controllers;
	v[HOST_QPAIRS] = pair->qpairs;
	api_label(&labels, "nqn", pair->nqn);
	api_label(&labels, "host_nqn", pair->host_nqn);
	api_scrape_add(g->scrape, API_SET_HOST, api_scrape_text(g->scrape, &labels), v);
	if (!g->scrape->more)
		return;
	api_label(&labels, "gw_name", g->scrape->server->app->node);
	label_address(&labels, pair->host_addr);
	api_scrape_add(g->scrape, API_SET_CEPH_HOST, api_scrape_text(g->scrape, &labels), v);
}

static const struct pair *find_pair(const struct api_gather *g, const char *nqn,
				    const char *host_nqn)
{
	const struct pair key = { .nqn = nqn, .host_nqn = host_nqn };

	return g->nr_pairs ? bsearch(&key, g->pairs, g->nr_pairs, sizeof(key), pair_cmp) : NULL;
}

static void tell_lost(void *arg, const struct dsc_lost *lost)
{
	struct api_gather *g = arg;
	uint64_t *v = api_scrape_values(g->scrape, 2);
	const struct pair *pair = find_pair(g, lost->nqn, lost->host_nqn);
	struct api_labels labels = { .len = 0 };

	v[0] = lost->times;
	v[1] = !pair || !pair->controllers;
	api_label(&labels, "nqn", lost->nqn);
	api_label(&labels, "host_nqn", lost->host_nqn);
	api_scrape_add(g->scrape, API_SET_LOST, api_scrape_text(g->scrape, &labels), v);
	if (!g->scrape->more)
		return;
	api_label(&labels, "gw_name", g->scrape->server->app->node);
	api_scrape_add(g->scrape, API_SET_CEPH_LOST, api_scrape_text(g->scrape, &labels), v + 1);
}

/* ---- namespaces ---- */

static const char *uuid_label(struct api_gather *g, const struct dsc_ns *ns)
{
	char text[CMN_UUID_STR_LEN + 1];
	struct api_labels labels = { .len = 0 };

	cmn_uuid_format(&ns->uuid, text);
	api_label(&labels, "bdev_name", text);
	return api_scrape_text(g->scrape, &labels);
}

static void tell_ceph_ns(struct api_gather *g, const struct dsc_subsys *s, const struct dsc_ns *ns,
			 const uint64_t *v)
{
	struct api_labels labels = { .len = 0 };
	char uuid[CMN_UUID_STR_LEN + 1];

	cmn_uuid_format(&ns->uuid, uuid);
	api_label(&labels, "bdev_name", uuid);
	api_label(&labels, "pool_name", dsc_backend_name[ns->backend]);
	api_label(&labels, "namespace", "");
	api_label(&labels, "rbd_name", ns->path ? ns->path : "");
	api_label_u64(&labels, "block_size", ns->block_size);
	api_scrape_add(g->scrape, API_SET_CEPH_BDEV_META, api_scrape_text(g->scrape, &labels),
		       NULL);
	api_scrape_add(g->scrape, API_SET_CEPH_BDEV, uuid_label(g, ns), v);
	labels.len = 0;
	api_label(&labels, "nqn", s->nqn);
	api_label_u64(&labels, "nsid", ns->nsid);
	api_label(&labels, "bdev_name", uuid);
	api_label(&labels, "anagrpid", "1");
	api_scrape_add(g->scrape, API_SET_CEPH_NS_META, api_scrape_text(g->scrape, &labels), NULL);
}

static void tell_ns(struct api_gather *g, const struct dsc_subsys *s, const struct dsc_ns *ns)
{
	uint64_t *v = api_scrape_values(g->scrape, NS_FIELDS);
	struct api_labels labels = { .len = 0 };
	char uuid[CMN_UUID_STR_LEN + 1];

	v[NS_CAPACITY] = ns->size;
	v[NS_READY] = dsc_snapshot_subsys_status(g->snap, s, ns->nsid, NULL) == DSC_READY;
	api_label(&labels, "nqn", s->nqn);
	api_label_u64(&labels, "nsid", ns->nsid);
	api_scrape_add(g->scrape, API_SET_NS, api_scrape_text(g->scrape, &labels), v);
	cmn_uuid_format(&ns->uuid, uuid);
	api_label(&labels, "uuid", uuid);
	api_label(&labels, "backend", dsc_backend_name[ns->backend]);
	api_label_u64(&labels, "block_size", ns->block_size);
	api_label(&labels, "read_only", ns->read_only ? "yes" : "no");
	api_label(&labels, "path", ns->path ? ns->path : "");
	api_scrape_add(g->scrape, API_SET_NS_META, api_scrape_text(g->scrape, &labels), NULL);
	if (g->scrape->more)
		tell_ceph_ns(g, s, ns, v);
}

/* ---- subsystems ---- */

static uint64_t count_listeners(const struct api_gather *g, const struct dsc_subsys *s)
{
	const struct dsc_portal *p = dsc_snapshot_worker_portal(g->snap, s->worker_id, 0);
	uint64_t nr = 0;

	for (; p; p = dsc_snapshot_worker_portal(g->snap, s->worker_id, p->id))
		nr += dsc_snapshot_serves(s, p);
	return nr;
}

static void tell_subsys_meta(struct api_gather *g, const struct dsc_subsys *s)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(g->snap, s->worker_id);
	struct api_labels labels = { .len = 0 };

	api_label(&labels, "nqn", s->nqn);
	api_label(&labels, "serial_number", s->serial);
	api_label(&labels, "model_number", s->model);
	api_label(&labels, "allow_any_host", s->allow_any ? "yes" : "no");
	if (g->scrape->more) {
		struct api_labels ceph = labels;

		api_label(&ceph, "ha_enabled", "no");
		api_label(&ceph, "group", "_null_");
		api_scrape_add(g->scrape, API_SET_CEPH_SUBSYS_META,
			       api_scrape_text(g->scrape, &ceph), NULL);
	}
	api_label(&labels, "worker", worker ? worker->name : "");
	api_scrape_add(g->scrape, API_SET_SUBSYS_META, api_scrape_text(g->scrape, &labels), NULL);
}

/* Its hosts' controllers: pairs are in the order of NQNs. */
static void count_hosts(const struct api_gather *g, const struct dsc_subsys *s, uint64_t *v)
{
	size_t from = 0, to = g->nr_pairs;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (strcmp(g->pairs[mid].nqn, s->nqn) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	for (; from < g->nr_pairs && strcmp(g->pairs[from].nqn, s->nqn) == 0; from++) {
		v[SUBSYS_CTRLS] += g->pairs[from].controllers;
		v[SUBSYS_QPAIRS] += g->pairs[from].qpairs;
	}
}

static void tell_subsys(struct api_gather *g, const struct dsc_subsys *s)
{
	uint64_t *v = api_scrape_values(g->scrape, SUBSYS_FIELDS);
	const struct dsc_ns *ns;

	v[SUBSYS_READY] = dsc_snapshot_subsys_status(g->snap, s, 0, NULL) == DSC_READY;
	v[SUBSYS_LISTENERS] = count_listeners(g, s);
	v[SUBSYS_HOSTS] = dsc_tree_count(s->hosts);
	v[SUBSYS_LIMIT] = DSC_NSID_MAX;
	count_hosts(g, s, v);
	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		tell_ns(g, s, ns);
		v[SUBSYS_NAMESPACES]++;
	}
	api_scrape_add(g->scrape, API_SET_SUBSYS, label_nqn(g->scrape, s->nqn), v);
	tell_subsys_meta(g, s);
}

static void pair_allowed(struct api_gather *g)
{
	const struct dsc_subsys *s;
	const struct dsc_allow *allow;

	dsc_tree_each(s, g->snap->subsystems, &dsc_subsys_ops)
	{
		dsc_tree_each(allow, s->hosts, &dsc_allow_ops)
		{
			const struct dsc_host *host = dsc_snapshot_host_id(g->snap, allow->who_id);
			struct pair pair = { .nqn = s->nqn, .host_addr = "" };

			if (!host)
				continue; /* a group: those of it that are connected are told */
			pair.host_nqn = host->nqn;
			add_pair(g, &pair);
		}
	}
}

/* ---- what workers report ---- */

static const struct {
	const char *member;
	unsigned int field;
} io_members[] = {
	{ "reads", IO_READS },
	{ "writes", IO_WRITES },
	{ "other", IO_OTHER },
	{ "read_bytes", IO_READ_BYTES },
	{ "write_bytes", IO_WRITE_BYTES },
	{ "read_ns", IO_READ_NS },
	{ "write_ns", IO_WRITE_NS },
	{ "errors", IO_ERRORS },
	{ "lock_waits", IO_LOCK_WAITS },
};

static void tell_io(struct api_gather *g, const struct dsc_subsys *s, struct json_object *obj)
{
	struct api_labels labels = { .len = 0 };
	const struct dsc_ns *ns;
	uint64_t *v, nsid = 0;

	cmn_json_u64_opt(obj, "nsid", &nsid, NULL, NULL);
	ns = dsc_snapshot_ns(s, (uint32_t)nsid);
	if (!ns)
		return;
	v = api_scrape_values(g->scrape, IO_FIELDS);
	for (size_t i = 0; i < ARRAY_SIZE(io_members); i++)
		cmn_json_u64_opt(obj, io_members[i].member, &v[io_members[i].field], NULL, NULL);
	api_label(&labels, "nqn", s->nqn);
	api_label_u64(&labels, "nsid", nsid);
	api_scrape_add(g->scrape, API_SET_NS_IO, api_scrape_text(g->scrape, &labels), v);
	if (g->scrape->more)
		api_scrape_add(g->scrape, API_SET_CEPH_BDEV_IO, uuid_label(g, ns), v);
}

/* Only what this worker is to serve: a series must have one source, and an old worker may still tell of what has moved. */
static void tell_reported(struct api_gather *g, struct json_object *obj)
{
	struct json_object *namespaces = NULL;
	const struct dsc_subsys *s;
	const char *nqn = "";

	cmn_json_str_opt(obj, "nqn", &nqn, NULL, NULL);
	s = dsc_snapshot_subsys(g->snap, nqn);
	if (!s || s->worker_id != g->worker->id)
		return;
	cmn_json_arr_opt(obj, "namespaces", &namespaces, NULL);
	for (size_t k = 0; namespaces && k < json_object_array_length(namespaces); k++)
		tell_io(g, s, json_object_array_get_idx(namespaces, k));
}

static void next_worker(struct api_gather *g)
{
	uint64_t when = 0, id = g->worker ? g->worker->id : 0;

	json_object_put(g->stats);
	g->stats = g->list = NULL;
	g->at = 0;
	g->worker = dsc_tree_next(g->snap->workers, &dsc_worker_ops, id ? &id : NULL);
	if (!g->worker)
		return;
	g->stats = json_object_get(
		dsc_supervisor_stats(g->scrape->server->app->supervisor, g->worker->name, &when));
	if (g->stats)
		cmn_json_arr_opt(g->stats, "subsystems", &g->list, NULL);
}

/* ---- all of it ---- */

static void tell_host_generations(struct api_gather *g)
{
	const struct dsc_host *host;

	dsc_tree_each(host, g->snap->hosts, &dsc_host_ops)
	{
		struct api_labels labels = { .len = 0 };
		uint64_t *v = api_scrape_values(g->scrape, 1);

		*v = dsc_snapshot_genctr(g->snap, host->nqn);
		api_label(&labels, "host_nqn", host->nqn);
		api_scrape_add(g->scrape, API_SET_HOST_GEN, api_scrape_text(g->scrape, &labels), v);
	}
}

struct api_gather *api_gather_begin(struct api_scrape *scrape, const struct dsc_snapshot *snap)
{
	struct dsc_supervisor *sup = scrape->server->app->supervisor;
	struct api_gather *g = dsc_zalloc(sizeof(*g));

	g->scrape = scrape;
	g->snap = dsc_snapshot_get(snap);
	pair_allowed(g);
	dsc_supervisor_controllers(sup, NULL, NULL, add_controller, g);
	merge_pairs(g);
	for (size_t i = 0; i < g->nr_pairs; i++)
		tell_pair(g, &g->pairs[i]);
	dsc_supervisor_lost(sup, tell_lost, g);
	tell_host_generations(g);
	return g;
}

/* One subsystem, or what a worker reports of one; false at the end. */
static bool gather_one(struct api_gather *g)
{
	const struct dsc_subsys *s;

	if (!g->subsystems_done) {
		s = dsc_tree_next(g->snap->subsystems, &dsc_subsys_ops,
				  g->subsys_id ? &g->subsys_id : NULL);
		if (s) {
			g->subsys_id = s->id;
			tell_subsys(g, s);
			return true;
		}
		g->subsystems_done = true;
		next_worker(g);
	} else if (g->list && g->at < json_object_array_length(g->list)) {
		tell_reported(g, json_object_array_get_idx(g->list, g->at++));
	} else {
		next_worker(g);
	}
	return g->worker != NULL;
}

bool api_gather_step(struct api_gather *g)
{
	uint64_t end = cmn_now_ns() + STEP_NS;

	do {
		for (int i = 0; i < 16; i++) {
			if (!gather_one(g))
				return false;
		}
	} while (cmn_now_ns() < end);
	return true;
}

void api_gather_end(struct api_gather *g)
{
	json_object_put(g->stats);
	dsc_snapshot_put(g->snap);
	free(g->pairs);
	free(g);
}
