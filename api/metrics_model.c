/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics_model.c - what a scrape tells of subsystems, namespaces and hosts, joined with what workers report of them.
 * Thread: the control loop.  May block: never. */
#include "api/metrics.h"
#include "api/server_impl.h"

#include "common/clock.h"
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

/* What a turn has gathered and the next goes on with. */
struct api_gather {
	struct api_scrape *scrape;
	const struct dsc_snapshot *snap; /* a reference */
	struct pair *pairs;
	size_t nr_pairs, cap_pairs;
	uint64_t subsys_id; /* up to here */
	const struct dsc_subsys_io *io; /* of this one */
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
		g->scrape->dropped[API_SET_HOST]++;
		return;
	}
	if (g->nr_pairs == g->cap_pairs) {
		size_t cap = g->cap_pairs ? 2 * g->cap_pairs : 64;
		struct pair *pairs = realloc(g->pairs, cap * sizeof(*pairs));

		if (!pairs) {
			g->scrape->dropped[API_SET_HOST]++;
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

static void tell_past(void *arg, const struct dsc_pair *past)
{
	struct api_gather *g = arg;
	uint64_t *v = api_scrape_values(g->scrape, PAIR_FIELDS), *lost;
	const struct pair *pair;
	struct api_labels labels = { .len = 0 };

	v[PAIR_CONNECTS] = past->connects;
	v[PAIR_RECONNECTS] = past->reconnects;
	v[PAIR_KEEP_ALIVE] = past->keep_alive;
	api_label(&labels, "nqn", past->nqn);
	api_label(&labels, "host_nqn", past->host_nqn);
	api_scrape_add(g->scrape, API_SET_PAIR, api_scrape_text(g->scrape, &labels), v);
	if (!g->scrape->more || !past->keep_alive)
		return;
	lost = api_scrape_values(g->scrape, 1);
	pair = find_pair(g, past->nqn, past->host_nqn);
	*lost = !pair || !pair->controllers;
	api_label(&labels, "gw_name", g->scrape->server->app->node);
	api_scrape_add(g->scrape, API_SET_CEPH_LOST, api_scrape_text(g->scrape, &labels), lost);
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
	api_label_u64(&labels, "anagrpid", ns->ana_group);
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

static void tell_ns_parts(struct api_gather *g, const struct api_labels *labels,
			  const struct dsc_io_times *t)
{
	for (unsigned int i = 0; i < DSC_IO_WAYS * DSC_IO_PARTS; i++) {
		unsigned int way = i / DSC_IO_PARTS, part = i % DSC_IO_PARTS;
		uint64_t *v = api_scrape_values(g->scrape, 1);
		struct api_labels in = *labels;

		*v = t->part_ns[way][part];
		api_label(&in, "operation", dsc_io_way_name[way]);
		api_label(&in, "part", dsc_io_part_name[part]);
		api_scrape_add(g->scrape, API_SET_NS_PARTS, api_scrape_text(g->scrape, &in), v);
	}
}

static void tell_ns_io(struct api_gather *g, const struct dsc_subsys *s, const struct dsc_ns *ns)
{
	const struct dsc_ns_io *io = dsc_subsys_io_ns(g->io, ns->nsid);
	struct api_labels labels = { .len = 0 };

	if (!io)
		return;
	api_label(&labels, "nqn", s->nqn);
	api_label_u64(&labels, "nsid", ns->nsid);
	api_scrape_io(g->scrape, API_SET_NS_IO, api_scrape_text(g->scrape, &labels), &io->io, 0);
	if (io->io.times) {
		api_scrape_times(g->scrape, API_SET_NS_TIMES, API_SET_COUNT, &labels, &io->io);
		tell_ns_parts(g, &labels, io->io.times);
	}
	api_scrape_failed(g->scrape, API_SET_NS_FAILED, &labels, io->failed, io->nr_failed);
	if (g->scrape->more)
		api_scrape_io(g->scrape, API_SET_CEPH_BDEV_IO, uuid_label(g, ns), &io->io, 0);
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

/* ---- hosts and queues of a subsystem ---- */

static void tell_host_io(struct api_gather *g, const struct dsc_host_io *h)
{
	struct api_labels labels = { .len = 0 };

	api_label(&labels, "nqn", g->io->nqn);
	api_label(&labels, "host_nqn", h->host_nqn);
	api_scrape_io(g->scrape, API_SET_HOST_IO, api_scrape_text(g->scrape, &labels), &h->io,
		      h->inflight);
	api_scrape_times(g->scrape, API_SET_HOST_TIMES, API_SET_COUNT, &labels, &h->io);
}

static void tell_queue(void *arg, const struct dsc_controller *c, const struct dsc_queue_io *q)
{
	struct api_gather *g = arg;
	struct api_labels labels = { .len = 0 };

	api_label(&labels, "nqn", c->nqn);
	api_label(&labels, "host_nqn", c->host_nqn);
	api_label_u64(&labels, "controller", c->cntlid);
	api_label_u64(&labels, "queue", q->id.qid);
	api_scrape_io(g->scrape, API_SET_QUEUE_IO, api_scrape_text(g->scrape, &labels), &q->io,
		      q->inflight);
}

static bool tell_queues(void *arg, const struct dsc_controller *c)
{
	struct api_gather *g = arg;

	dsc_subsys_io_queues(g->io, c, tell_queue, g);
	return true;
}

static void tell_subsys_io(struct api_gather *g, const struct dsc_subsys *s)
{
	struct api_labels labels = { .len = 0 };

	if (!g->io->io.count[DSC_IO_BUSY_NS] && !g->io->hosts)
		return;
	api_label(&labels, "nqn", s->nqn);
	api_scrape_io(g->scrape, API_SET_SUBSYS_IO, label_nqn(g->scrape, s->nqn), &g->io->io, 0);
	api_scrape_times(g->scrape, API_SET_SUBSYS_TIMES, API_SET_SUBSYS_PARTS, &labels,
			 &g->io->io);
	for (const struct dsc_host_io *h = g->io->hosts; h; h = h->hh.next)
		tell_host_io(g, h);
	dsc_supervisor_controllers(g->scrape->server->app->supervisor, s->nqn, NULL, tell_queues,
				   g);
}

static void tell_subsys(struct api_gather *g, const struct dsc_subsys *s)
{
	uint64_t *v = api_scrape_values(g->scrape, SUBSYS_FIELDS);
	const struct dsc_worker_io *io;
	const struct dsc_ns *ns;

	io = dsc_supervisor_io(g->scrape->server->app->supervisor, s->worker_id);
	g->io = io ? dsc_worker_io_subsys(io, s->nqn) : NULL;
	v[SUBSYS_READY] = dsc_snapshot_subsys_status(g->snap, s, 0, NULL) == DSC_READY;
	v[SUBSYS_LISTENERS] = count_listeners(g, s);
	v[SUBSYS_HOSTS] = dsc_tree_count(s->hosts);
	v[SUBSYS_LIMIT] = DSC_NSID_MAX;
	count_hosts(g, s, v);
	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		tell_ns(g, s, ns);
		if (g->io)
			tell_ns_io(g, s, ns);
		v[SUBSYS_NAMESPACES]++;
	}
	api_scrape_add(g->scrape, API_SET_SUBSYS, label_nqn(g->scrape, s->nqn), v);
	tell_subsys_meta(g, s);
	if (g->io)
		tell_subsys_io(g, s);
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

/* ---- all of it ---- */

static void tell_host_generations(struct api_gather *g)
{
	const struct dsc_host *host;

	dsc_tree_each(host, g->snap->hosts, &dsc_host_ops)
	{
		struct api_labels labels = { .len = 0 };
		struct dsc_asker who = { .nqn = host->nqn, .host = host };
		uint64_t *v = api_scrape_values(g->scrape, 1);

		*v = dsc_snapshot_genctr(g->snap, &who);
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
	dsc_supervisor_pairs(sup, tell_past, g);
	tell_host_generations(g);
	return g;
}

bool api_gather_step(struct api_gather *g)
{
	uint64_t end = cmn_now_ns() + STEP_NS;

	do {
		for (int i = 0; i < 16; i++) {
			const struct dsc_subsys *s =
				dsc_tree_next(g->snap->subsystems, &dsc_subsys_ops,
					      g->subsys_id ? &g->subsys_id : NULL);

			if (!s)
				return false;
			g->subsys_id = s->id;
			tell_subsys(g, s);
		}
	} while (cmn_now_ns() < end);
	return true;
}

void api_gather_end(struct api_gather *g)
{
	dsc_snapshot_put(g->snap);
	free(g->pairs);
	free(g);
}
