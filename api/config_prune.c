/* SPDX-License-Identifier: Apache-2.0 */
/* api/config_prune.c - what a configuration document doesn't name: taken away with prune, else told.
 * Thread: the control loop.  May block: never. */
#include "api/config_doc.h"

#include "common/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void api_config_keep(struct api_config_call *call, const char *kind, const char *id,
		     const char *member)
{
	struct json_object *kept = json_object_new_object();

	api_add_str(kept, "kind", kind);
	api_add_str(kept, "id", id);
	if (strcmp(kind, "namespace") == 0)
		api_add_str(kept, "nqn", call->nqn);
	if (member)
		api_add_str(kept, "member", member);
	json_object_array_add(call->kept, kept);
}

int api_config_blame(struct cmn_err *err, const char *kind, const char *id)
{
	char msg[sizeof(err->msg)];

	snprintf(msg, sizeof(msg), "%s", err->msg);
	return cmn_err_set(err, err->code, NULL, "%s %.223s: %.200s", kind, id, msg);
}

struct json_object *api_config_find(struct json_object *doc, const char *list, const char *key,
				    const char *text)
{
	struct json_object *array = json_object_object_get(doc, list), *item;
	const char *is;

	if (!json_object_is_type(array, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		item = json_object_array_get_idx(array, i);
		is = json_object_is_type(item, json_type_object)
			     ? json_object_get_string(json_object_object_get(item, key))
			     : NULL;
		if (is && strcmp(is, text) == 0)
			return item;
	}
	return NULL;
}

bool api_config_has_list(struct json_object *doc, const char *list)
{
	return json_object_is_type(json_object_object_get(doc, list), json_type_array);
}

/* doc: the subsystem in the document; NULL: all of it goes. */
static int prune_namespaces(struct api_config_call *call, const struct dsc_subsys *s,
			    struct json_object *doc, struct cmn_err *err)
{
	struct dsc_call force = { .force = call->force };
	const struct dsc_ns *ns;
	char id[16];

	if (doc && !api_config_has_list(doc, "namespaces"))
		return 0;
	call->nqn = s->nqn;
	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		snprintf(id, sizeof(id), "%u", ns->nsid);
		if (doc && api_config_find(doc, "namespaces", "nsid", id))
			continue;
		if (!call->prune)
			api_config_keep(call, "namespace", id, NULL);
		else if (dsc_cmd_ns_delete(call->app, s->nqn, ns->nsid, &force, err) < 0)
			return err->code;
	}
	return 0;
}

static int prune_subsys(struct api_config_call *call, const struct dsc_subsys *s,
			struct cmn_err *err)
{
	struct json_object *doc = api_config_find(call->doc, "subsystems", "nqn", s->nqn);
	struct dsc_call force = { .force = call->force };

	if (doc)
		return prune_namespaces(call, s, doc, err);
	if (!call->prune) {
		api_config_keep(call, "subsystem", s->nqn, NULL);
		return 0;
	}
	if (prune_namespaces(call, s, NULL, err) < 0)
		return err->code;
	return dsc_cmd_subsys_delete(call->app, s->nqn, &force, err);
}

int api_config_prune_subsystems(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	const struct dsc_subsys *s;

	if (!api_config_has_list(call->doc, "subsystems"))
		return 0;
	dsc_tree_each(s, before->subsystems, &dsc_subsys_ops)
	{
		if (prune_subsys(call, s, err) < 0)
			return api_config_blame(err, "subsystem", s->nqn);
	}
	return 0;
}

static int prune_portals(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	struct dsc_call force = { .force = call->force };
	const struct dsc_portal *p;

	dsc_tree_each(p, before->portals, &dsc_portal_ops)
	{
		if (p->kind != DSC_PORTAL_IO || api_config_is_own(p) ||
		    api_config_find(call->doc, "portals", "id", p->name))
			continue;
		if (!call->prune)
			api_config_keep(call, "portal", p->name, NULL);
		else if (dsc_cmd_portal_delete(call->app, p->name, &force, err) < 0)
			return api_config_blame(err, "portal", p->name);
	}
	return 0;
}

static int prune_ana_groups(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	struct dsc_call force = { .force = call->force };
	const struct dsc_ana_group *g;
	char id[16];

	dsc_tree_each(g, before->ana_groups, &dsc_ana_group_ops)
	{
		snprintf(id, sizeof(id), "%u", (unsigned int)g->id);
		if (g->id == DSC_ANA_DEFAULT || api_config_find(call->doc, "ana_groups", "id", id))
			continue;
		if (!call->prune)
			api_config_keep(call, "ana group", id, NULL);
		else if (dsc_cmd_ana_group_delete(call->app, g->id, &force, err) < 0)
			return api_config_blame(err, "ANA group", id);
	}
	return 0;
}

/* -- zones --------------------------------------------------------------------------------------------- */
static int prune_zones(struct api_config_call *call, const struct dsc_zone_group *group,
		       struct json_object *doc, struct cmn_err *err)
{
	const struct dsc_zone *z;
	char id[sizeof(group->name) + sizeof(z->name) + 1];

	dsc_tree_each(z, api_config_has_list(doc, "zones") ? group->zones : NULL, &dsc_zone_ops)
	{
		if (api_config_find(doc, "zones", "name", z->name))
			continue;
		snprintf(id, sizeof(id), "%s/%s", group->name, z->name);
		if (!call->prune)
			api_config_keep(call, "zone", id, NULL);
		else if (dsc_cmd_zone_delete(call->app, group->name, z->name, NULL, err) < 0)
			return api_config_blame(err, "zone", id);
	}
	return 0;
}

static int prune_zone_groups(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	const struct dsc_zone_group *g = NULL;
	struct json_object *doc;

	while ((g = dsc_snapshot_zone_group_after(before, g ? g->name : NULL))) {
		doc = api_config_find(call->doc, "zone_groups", "name", g->name);
		if (doc && prune_zones(call, g, doc, err) < 0)
			return err->code;
		if (doc)
			continue;
		if (!call->prune)
			api_config_keep(call, "zone group", g->name, NULL);
		else if (dsc_cmd_zone_group_delete(call->app, g->name, NULL, err) < 0)
			return api_config_blame(err, "zone group", g->name);
	}
	return 0;
}

static int prune_zone_aliases(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	struct dsc_call force = { .force = call->force };
	const struct dsc_zone_alias *a = NULL;

	while ((a = dsc_snapshot_zone_alias_after(before, a ? a->name : NULL))) {
		if (api_config_find(call->doc, "zone_aliases", "name", a->name))
			continue;
		if (!call->prune)
			api_config_keep(call, "zone alias", a->name, NULL);
		else if (dsc_cmd_zone_alias_delete(call->app, a->name, &force, err) < 0)
			return api_config_blame(err, "zone alias", a->name);
	}
	return 0;
}

static int prune_groups(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	struct dsc_call force = { .force = call->force };
	const struct dsc_group *group;

	dsc_tree_each(group, before->groups, &dsc_group_ops)
	{
		if (api_config_find(call->doc, "groups", "name", group->name))
			continue;
		if (!call->prune)
			api_config_keep(call, "group", group->name, NULL);
		else if (dsc_cmd_group_delete(call->app, group->name, &force, err) < 0)
			return api_config_blame(err, "group", group->name);
	}
	return 0;
}

/* A host that the document names in a list of a subsystem or a group only is wanted too: the command says that it is in use. */
static bool is_wanted(struct api_config_call *call, const struct dsc_host *host)
{
	const struct dsc_host *now = dsc_snapshot_host(dsc_batch_after(call->app), host->nqn);

	return !now || now->subsystems || now->namespaces || now->groups ||
	       api_config_find(call->doc, "hosts", "nqn", host->nqn);
}

static int prune_hosts(struct api_config_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *before = dsc_batch_before(call->app);
	struct dsc_call force = { .force = call->force };
	const struct dsc_host *host;

	dsc_tree_each(host, before->hosts, &dsc_host_ops)
	{
		if (is_wanted(call, host))
			continue;
		if (!call->prune)
			api_config_keep(call, "host", host->nqn, NULL);
		else if (dsc_cmd_host_delete(call->app, host->nqn, &force, err) < 0)
			return api_config_blame(err, "host", host->nqn);
	}
	return 0;
}

int api_config_prune_rest(struct api_config_call *call, struct cmn_err *err)
{
	if (api_config_listed_prune(call, API_CONFIG_REFERRALS, err) < 0 ||
	    api_config_listed_prune(call, API_CONFIG_DCS, err) < 0)
		return err->code;
	if (api_config_has_list(call->doc, "ana_groups") && prune_ana_groups(call, err) < 0)
		return err->code;
	if (api_config_has_list(call->doc, "portals") && prune_portals(call, err) < 0)
		return err->code;
	if (api_config_has_list(call->doc, "zone_groups") && prune_zone_groups(call, err) < 0)
		return err->code;
	if (api_config_has_list(call->doc, "zone_aliases") && prune_zone_aliases(call, err) < 0)
		return err->code;
	if (api_config_has_list(call->doc, "groups") && prune_groups(call, err) < 0)
		return err->code;
	if (api_config_has_list(call->doc, "hosts") && prune_hosts(call, err) < 0)
		return err->code;
	return api_config_listed_prune(call, API_CONFIG_WORKERS, err);
}
