/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/document.c - desired state as a worker is told it: the state document of docs/control-protocol.md.
 * Owns: nothing; what is made is the caller's.  Thread: control loop.  May block: never. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "discoveryd/model/keys.h"
#include "discoveryd/supervise/supervise_impl.h"
#include "fabrics/discovery_text.h"

/* Each incarnation of a worker begins well past where the last one's controller ids may have got to; 4096 of them before one of
 * an earlier incarnation comes again. */
#define CNTLID_STRIDE 4096
#define CNTLID_COUNT 0xffef /* 0001h..FFEFh */

static void add_str(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

static void add_u64(struct json_object *obj, const char *key, uint64_t value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

static void add_bool(struct json_object *obj, const char *key, bool value)
{
	json_object_object_add(obj, key, json_object_new_boolean(value));
}

static void add_hex(struct json_object *obj, const char *key, const uint8_t *bytes, size_t len)
{
	char text[33];

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	add_str(obj, key, text);
}

/* What isn't optimized; NULL: nothing. */
static struct json_object *doc_ana(const struct dsc_snapshot *st, const struct dsc_portal *p)
{
	const struct dsc_ana_group *group;
	struct json_object *obj = NULL;
	char id[8];

	dsc_tree_each(group, st->ana_groups, &dsc_ana_group_ops)
	{
		uint8_t state = dsc_snapshot_ana_state(group, p);

		if (state == NVME_ANA_OPTIMIZED)
			continue;
		obj = obj ? obj : json_object_new_object();
		snprintf(id, sizeof(id), "%u", (unsigned int)group->id);
		add_str(obj, id, fab_ana_text(state));
	}
	return obj;
}

struct json_object *sup_doc_portal(const struct dsc_app *app, const struct dsc_snapshot *st,
				   const struct dsc_portal *p)
{
	struct json_object *obj = json_object_new_object(), *ana = doc_ana(st, p);

	add_str(obj, "id", p->name);
	add_u64(obj, "portid", p->portid);
	add_str(obj, "address", p->address);
	add_u64(obj, "port", p->port);
	if (*p->advertise)
		add_str(obj, "advertise", p->advertise);
	if (app->opt.congestion)
		add_str(obj, "congestion", app->opt.congestion);
	if (p->secure_channel)
		add_str(obj, "secure_channel", fab_disc_secure_text(p->secure_channel));
	if (ana)
		json_object_object_add(obj, "ana", ana);
	return obj;
}

struct host_ids {
	uint64_t *id;
	size_t nr, max;
};

static void add_host_id(struct host_ids *hosts, uint64_t id)
{
	hosts->id = dsc_grow(hosts->id, hosts->nr, &hosts->max, sizeof(*hosts->id));
	hosts->id[hosts->nr++] = id;
}

static bool add_member(void *arg, void *value)
{
	add_host_id(arg, ((const struct dsc_member *)value)->host_id);
	return true;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* NQNs of every host that the whos stand for, each once. */
static struct json_object *doc_whos(const struct dsc_snapshot *st, struct dsc_tree *whos)
{
	struct json_object *arr = json_object_new_array();
	struct host_ids hosts = { .id = NULL };
	const struct dsc_group *g;
	const struct dsc_host *h;
	void *id;

	dsc_tree_each(id, whos, &dsc_ids_ops)
	{
		g = dsc_snapshot_group_id(st, dsc_id(id));
		if (g)
			dsc_tree_walk(g->members, add_member, &hosts);
		else
			add_host_id(&hosts, dsc_id(id));
	}
	if (dsc_tree_count(whos) > 1)
		qsort(hosts.id, hosts.nr, sizeof(*hosts.id), by_id);
	for (size_t i = 0; i < hosts.nr; i++) {
		h = i && hosts.id[i] == hosts.id[i - 1] ? NULL
							: dsc_snapshot_host_id(st, hosts.id[i]);
		if (h)
			json_object_array_add(arr, json_object_new_string(h->nqn));
	}
	free(hosts.id);
	return arr;
}

static struct json_object *doc_ns_hosts(const struct dsc_snapshot *st, const struct dsc_ns *ns)
{
	return ns->restricted ? doc_whos(st, ns->hosts) : NULL;
}

static struct json_object *doc_ns(const struct dsc_snapshot *st, const struct dsc_ns *ns)
{
	struct json_object *obj = json_object_new_object();
	char uuid[CMN_UUID_STR_LEN + 1];

	add_u64(obj, "nsid", ns->nsid);
	add_str(obj, "uuid", cmn_uuid_format(&ns->uuid, uuid));
	add_hex(obj, "nguid", ns->nguid, sizeof(ns->nguid));
	add_hex(obj, "eui64", ns->eui64, sizeof(ns->eui64));
	add_str(obj, "backend", dsc_backend_name[ns->backend]);
	if (ns->path)
		add_str(obj, "path", ns->path);
	add_u64(obj, "size", ns->size);
	add_u64(obj, "block_size", ns->block_size);
	add_bool(obj, "read_only", ns->read_only);
	if (ns->ana_group != DSC_ANA_DEFAULT)
		add_u64(obj, "ana_group", ns->ana_group);
	json_object_object_add(obj, "hosts", doc_ns_hosts(st, ns));
	return obj;
}

bool sup_ns_is_held(struct dsc_supervisor *sup, const struct dsc_ns *ns)
{
	char name[NET_CTL_NAME_MAX];

	if (ns->backend != DSC_BACKEND_RAM)
		return true;
	sup_ns_name(name, sizeof(name), &ns->uuid);
	return sup_hold_find(sup, name) >= 0;
}

bool sup_portal_is_held(struct dsc_supervisor *sup, const struct dsc_portal *p)
{
	char name[NET_CTL_NAME_MAX];

	sup_portal_name(name, sizeof(name), p->name);
	return sup_hold_find(sup, name) >= 0;
}

static struct json_object *doc_hosts(const struct dsc_snapshot *st, const struct dsc_subsys *s)
{
	struct dsc_tree *whos = NULL;
	const struct dsc_allow *a;
	struct json_object *arr;

	dsc_tree_each(a, s->hosts, &dsc_allow_ops)
		dsc_tree_set(&whos, &dsc_ids_ops, dsc_id_value(a->who_id));
	arr = doc_whos(st, whos);
	dsc_tree_put(whos, &dsc_ids_ops);
	return arr;
}

static struct json_object *doc_portals(const struct dsc_snapshot *st, const struct dsc_subsys *s)
{
	struct json_object *arr = json_object_new_array();
	const struct dsc_serve *serve;
	const struct dsc_portal *p;

	dsc_tree_each(serve, s->portals, &dsc_serve_ops)
	{
		p = dsc_snapshot_portal_id(st, serve->portal_id);
		if (p)
			json_object_array_add(arr, json_object_new_string(p->name));
	}
	return arr;
}

struct json_object *sup_doc_subsys(struct sup_worker *w, const struct dsc_snapshot *st,
				   const struct dsc_subsys *s, struct json_object *sets)
{
	struct json_object *access = sup_doc_access(st, s, sets);
	struct json_object *obj = json_object_new_object(), *namespaces = json_object_new_array();
	const struct dsc_ns *ns;

	add_str(obj, "nqn", s->nqn);
	add_str(obj, "serial", s->serial);
	add_str(obj, "model", s->model);
	add_bool(obj, "allow_any_host", s->allow_any);
	if (s->require_auth)
		add_bool(obj, "require_auth", true);
	json_object_object_add(obj, "hosts", doc_hosts(st, s));
	if (!s->all_portals)
		json_object_object_add(obj, "portals", doc_portals(st, s));
	add_u64(obj, "cntlid_cursor", 1 + w->incarnation * CNTLID_STRIDE % CNTLID_COUNT);
	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		if (sup_ns_is_held(w->sup, ns))
			json_object_array_add(namespaces, doc_ns(st, ns));
	}
	json_object_object_add(obj, "namespaces", namespaces);
	if (access)
		json_object_object_add(obj, "access", access);
	return obj;
}

struct json_object *sup_doc_keys(const struct dsc_app *app, const struct dsc_snapshot *st)
{
	struct json_object *arr = json_object_new_array(), *obj;
	const struct dsc_key *key, *ctrl;

	dsc_tree_each(key, st->keys, &dsc_key_ops)
	{
		if (key->key_kind != DSC_KEY_DHCHAP)
			continue;
		ctrl = dsc_snapshot_host_key(st, key->host_id, DSC_KEY_DHCHAP_CTRL);
		obj = json_object_new_object();
		add_str(obj, "host", dsc_snapshot_host_id(st, key->host_id)->nqn);
		add_bool(obj, "discovery", app->opt.discovery_auth);
		add_str(obj, "dhchap_key", key->secret);
		if (ctrl)
			add_str(obj, "dhchap_ctrl_key", ctrl->secret);
		json_object_object_add(obj, "hashes", dsc_key_hashes(key));
		json_object_object_add(obj, "dhgroups", dsc_key_dhgroups(key));
		json_object_array_add(arr, obj);
	}
	return arr;
}

struct json_object *sup_doc_full(struct sup_worker *w, const struct dsc_snapshot *st)
{
	struct json_object *doc = json_object_new_object(), *sets = json_object_new_object();
	struct json_object *portals = json_object_new_array(),
			   *subsystems = json_object_new_array();
	const struct dsc_portal *p;
	const struct dsc_subsys *s;

	for (p = dsc_snapshot_worker_portal(st, w->id, 0); p;
	     p = dsc_snapshot_worker_portal(st, w->id, p->id)) {
		if (sup_portal_is_held(w->sup, p))
			json_object_array_add(portals, sup_doc_portal(w->sup->app, st, p));
	}
	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		if (s->worker_id == w->id)
			json_object_array_add(subsystems, sup_doc_subsys(w, st, s, sets));
	}
	add_u64(doc, "version", 1);
	json_object_object_add(doc, "host_keys", sup_doc_keys(w->sup->app, st));
	json_object_object_add(doc, "host_sets", sets);
	json_object_object_add(doc, "portals", portals);
	json_object_object_add(doc, "subsystems", subsystems);
	return doc;
}
