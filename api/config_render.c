/* SPDX-License-Identifier: Apache-2.0 */
/* api/config_render.c - a state of the model as a configuration document.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"

#include "fabrics/discovery_text.h"

#include <stdio.h>
#include <string.h>

#define VERSION 1

bool api_config_is_own(const struct dsc_portal *p)
{
	return strncmp(p->name, "io", 2) == 0 && p->name[2] &&
	       strspn(p->name + 2, "0123456789") == strlen(p->name + 2);
}

static int by_text(const void *a, const void *b)
{
	struct json_object *const *left = a, *const *right = b;

	return strcmp(json_object_get_string(*left), json_object_get_string(*right));
}

static struct json_object *render_hosts(const struct dsc_snapshot *snap)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct dsc_host *host = NULL;

	while ((host = dsc_snapshot_host_after(snap, host ? host->nqn : NULL))) {
		json = json_object_new_object();
		api_add_str(json, "nqn", host->nqn);
		api_add_str(json, "name", *host->name ? host->name : NULL);
		json_object_array_add(array, json);
	}
	return array;
}

struct json_object *api_config_portal(const struct dsc_snapshot *snap,
				      const struct dsc_portal *portal)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(snap, portal->worker_id);
	struct json_object *json = json_object_new_object();
	char port[8];

	api_add_str(json, "id", portal->name);
	if (!api_config_is_own(portal)) {
		snprintf(port, sizeof(port), "%u", portal->port);
		api_add_u64(json, "portid", portal->portid);
		api_add_str(json, "traddr", portal->address);
		api_add_str(json, "trsvcid", port);
		api_add_str(json, "worker", worker ? worker->name : NULL);
	}
	api_add_str(json, "advertise", *portal->advertise ? portal->advertise : NULL);
	api_add_str(json, "secure_channel", fab_disc_secure_text(portal->secure_channel));
	return json;
}

struct json_object *api_config_group(const struct dsc_snapshot *snap, const struct dsc_group *group)
{
	struct json_object *json = json_object_new_object(), *array = json_object_new_array();
	const struct dsc_member *m;

	dsc_tree_each(m, group->members, &dsc_member_ops) api_add_who(array, snap, m->host_id);
	json_object_array_sort(array, by_text);
	api_add_str(json, "name", group->name);
	api_add_str(json, "description", *group->description ? group->description : NULL);
	api_add_paths(json, group->path_policy, group->max_paths);
	json_object_object_add(json, "members", array);
	return json;
}

static struct json_object *render_groups(const struct dsc_snapshot *snap)
{
	struct json_object *array = json_object_new_array();
	const struct dsc_group *group = NULL;

	while ((group = dsc_snapshot_group_after(snap, group ? group->name : NULL)))
		json_object_array_add(array, api_config_group(snap, group));
	return array;
}

static struct json_object *render_zone_aliases(const struct dsc_snapshot *snap)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct dsc_zone_alias *a = NULL;

	while ((a = dsc_snapshot_zone_alias_after(snap, a ? a->name : NULL))) {
		json = json_object_new_object();
		api_add_str(json, "name", a->name);
		json_object_object_add(json, "members", api_members_render(a->members, NULL));
		json_object_array_add(array, json);
	}
	return array;
}

static struct json_object *render_zones(const struct dsc_zone_group *group)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct dsc_zone *z;

	dsc_tree_each(z, group->zones, &dsc_zone_ops)
	{
		json = json_object_new_object();
		api_add_str(json, "name", z->name);
		api_add_bool(json, "fabric_enforced", z->enforced);
		json_object_object_add(json, "members", api_members_render(z->members, NULL));
		json_object_array_add(array, json);
	}
	return array;
}

static struct json_object *render_zone_groups(const struct dsc_snapshot *snap)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct dsc_zone_group *g = NULL;

	while ((g = dsc_snapshot_zone_group_after(snap, g ? g->name : NULL))) {
		json = json_object_new_object();
		api_add_str(json, "name", g->name);
		api_add_str(json, "description", *g->description ? g->description : NULL);
		json_object_object_add(json, "zones", render_zones(g));
		json_object_array_add(array, json);
	}
	return array;
}

/* Only what isn't optimized: so that a portal that a document doesn't name is. */
struct json_object *api_config_ana_group(const struct dsc_snapshot *snap,
					 const struct dsc_ana_group *g)
{
	struct json_object *json = json_object_new_object(), *states = json_object_new_object();
	const struct dsc_portal *portal = NULL;

	while ((portal = dsc_snapshot_portal_after(snap, portal ? portal->name : NULL))) {
		uint8_t state = dsc_snapshot_ana_state(g, portal);

		if (state != NVME_ANA_OPTIMIZED)
			api_add_str(states, portal->name, fab_ana_text(state));
	}
	api_add_u64(json, "id", g->id);
	api_add_str(json, "description", *g->description ? g->description : NULL);
	json_object_object_add(json, "states", states);
	return json;
}

static struct json_object *render_ana_groups(const struct dsc_snapshot *snap)
{
	struct json_object *array = json_object_new_array();
	const struct dsc_ana_group *g;

	dsc_tree_each(g, snap->ana_groups, &dsc_ana_group_ops)
		json_object_array_add(array, api_config_ana_group(snap, g));
	return array;
}

static struct json_object *render_portals(const struct dsc_snapshot *snap)
{
	struct json_object *array = json_object_new_array();
	const struct dsc_portal *portal = NULL;

	while ((portal = dsc_snapshot_portal_after(snap, portal ? portal->name : NULL))) {
		if (portal->kind == DSC_PORTAL_IO)
			json_object_array_add(array, api_config_portal(snap, portal));
	}
	return array;
}

static void add_hex(struct json_object *json, const char *name, const uint8_t *bytes, size_t len)
{
	char text[33];

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	api_add_str(json, name, text);
}

static struct json_object *render_ns_hosts(const struct dsc_snapshot *snap, const struct dsc_ns *ns)
{
	struct json_object *array;
	const void *id;

	if (!ns->restricted)
		return NULL;
	array = json_object_new_array();
	dsc_tree_each(id, ns->hosts, &dsc_ids_ops) api_add_who(array, snap, dsc_id(id));
	json_object_array_sort(array, by_text);
	return array;
}

struct json_object *api_config_ns(const struct dsc_snapshot *snap, const struct dsc_ns *ns)
{
	struct json_object *json = json_object_new_object();
	char uuid[CMN_UUID_STR_LEN + 1];

	api_add_u64(json, "nsid", ns->nsid);
	api_add_str(json, "uuid", cmn_uuid_format(&ns->uuid, uuid));
	add_hex(json, "nguid", ns->nguid, sizeof(ns->nguid));
	add_hex(json, "eui64", ns->eui64, sizeof(ns->eui64));
	api_add_str(json, "backend", dsc_backend_name[ns->backend]);
	if (ns->path)
		api_add_str(json, "path", ns->path);
	api_add_u64(json, "size", ns->size);
	api_add_u64(json, "block_size", ns->block_size);
	api_add_bool(json, "read_only", ns->read_only);
	api_add_u64(json, "ana_group", ns->ana_group);
	json_object_object_add(json, "hosts", render_ns_hosts(snap, ns));
	return json;
}

static struct json_object *render_portal_names(const struct dsc_snapshot *snap,
					       const struct dsc_subsys *s)
{
	const struct dsc_portal *portal;
	const struct dsc_serve *serve;
	struct json_object *array;

	if (s->all_portals)
		return NULL;
	array = json_object_new_array();
	dsc_tree_each(serve, s->portals, &dsc_serve_ops)
	{
		portal = dsc_snapshot_portal_id(snap, serve->portal_id);
		if (portal)
			json_object_array_add(array, json_object_new_string(portal->name));
	}
	json_object_array_sort(array, by_text);
	return array;
}

struct json_object *api_config_subsys(const struct dsc_snapshot *snap, const struct dsc_subsys *s)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(snap, s->worker_id);
	struct json_object *json = json_object_new_object(), *list = json_object_new_array();
	const struct dsc_allow *allow;
	const struct dsc_ns *ns;

	api_add_str(json, "nqn", s->nqn);
	api_add_str(json, "serial", s->serial);
	api_add_str(json, "model", s->model);
	api_add_str(json, "label", *s->label ? s->label : NULL);
	api_add_paths(json, s->path_policy, s->max_paths);
	api_add_bool(json, "allow_any_host", s->allow_any);
	api_add_bool(json, "require_auth", s->require_auth);
	dsc_tree_each(allow, s->hosts, &dsc_allow_ops) api_add_who(list, snap, allow->who_id);
	json_object_array_sort(list, by_text);
	json_object_object_add(json, "hosts", list);
	json_object_object_add(json, "portals", render_portal_names(snap, s));
	api_add_str(json, "worker", worker ? worker->name : NULL);
	list = json_object_new_array();
	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
		json_object_array_add(list, api_config_ns(snap, ns));
	json_object_object_add(json, "namespaces", list);
	return json;
}

struct json_object *api_config_render(const struct dsc_snapshot *snap)
{
	struct json_object *json = json_object_new_object(), *array = json_object_new_array();
	const struct dsc_subsys *s = NULL;

	while ((s = dsc_snapshot_subsys_after(snap, s ? s->nqn : NULL)))
		json_object_array_add(array, api_config_subsys(snap, s));
	api_add_u64(json, "version", VERSION);
	api_config_listed_render(snap, API_CONFIG_WORKERS, json);
	json_object_object_add(json, "hosts", render_hosts(snap));
	json_object_object_add(json, "groups", render_groups(snap));
	json_object_object_add(json, "zone_aliases", render_zone_aliases(snap));
	json_object_object_add(json, "zone_groups", render_zone_groups(snap));
	json_object_object_add(json, "portals", render_portals(snap));
	json_object_object_add(json, "ana_groups", render_ana_groups(snap));
	json_object_object_add(json, "subsystems", array);
	api_config_listed_render(snap, API_CONFIG_REFERRALS, json);
	api_config_listed_render(snap, API_CONFIG_DCS, json);
	return json;
}
