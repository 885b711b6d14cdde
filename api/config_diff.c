/* SPDX-License-Identifier: Apache-2.0 */
/* api/config_diff.c - what a change of the configuration means, object by object and host by host.
 * Thread: the control loop.  May block: never. */
#include "api/config_doc.h"

#include <string.h>

/* -- objects ------------------------------------------------------------------------------------------ */
/* Objects of an array by one of their members, which names them. */
static struct json_object *index_of(struct json_object *array, const char *key)
{
	struct json_object *map = json_object_new_object();

	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		json_object_object_add(map,
				       json_object_get_string(json_object_object_get(item, key)),
				       json_object_get(item));
	}
	return map;
}

struct kind {
	const char *name, *list, *key;
};
static const struct kind host_kind = { "host", "hosts", "nqn" };
static const struct kind group_kind = { "group", "groups", "name" };
static const struct kind portal_kind = { "portal", "portals", "id" };
static const struct kind subsys_kind = { "subsystem", "subsystems", "nqn" };
static const struct kind ns_kind = { "namespace", "namespaces", "nsid" };

static void compare_lists(struct json_object *changes, const struct kind *kind, const char *nqn,
			  struct json_object *before, struct json_object *after);

static struct json_object *add_change(struct json_object *changes, const char *action,
				      const struct kind *kind, const char *nqn, const char *id)
{
	struct json_object *change = json_object_new_object();

	api_add_str(change, "action", action);
	api_add_str(change, "kind", kind->name);
	api_add_str(change, "id", id);
	if (nqn)
		api_add_str(change, "nqn", nqn);
	json_object_array_add(changes, change);
	return change;
}

static bool is_nested(const char *member)
{
	return strcmp(member, "namespaces") == 0;
}

/* The members that differ, each with what it was and what it is. */
static void compare_members(struct json_object *changes, const struct kind *kind, const char *nqn,
			    struct json_object *before, struct json_object *after)
{
	struct json_object *members = NULL, *was, *pair;

	json_object_object_foreach(after, name, is) {
		was = json_object_object_get(before, name);
		if (is_nested(name) || json_object_equal(was, is))
			continue;
		if (!members)
			members = json_object_new_object();
		pair = json_object_new_object();
		json_object_object_add(pair, "from", json_object_get(was));
		json_object_object_add(pair, "to", json_object_get(is));
		json_object_object_add(members, name, pair);
	}
	if (members)
		json_object_object_add(add_change(changes, "change", kind, nqn,
						  json_object_get_string(json_object_object_get(
							  after, kind->key))),
				       "members", members);
}

static void compare(struct json_object *changes, const struct kind *kind, const char *nqn,
		    struct json_object *before, struct json_object *after)
{
	struct json_object *one = before ? before : after;
	const char *id = json_object_get_string(json_object_object_get(one, kind->key));

	if (before && after)
		compare_members(changes, kind, nqn, before, after);
	else
		add_change(changes, after ? "create" : "delete", kind, nqn, id);
	if (kind == &subsys_kind)
		compare_lists(changes, &ns_kind, id, before, after);
}

static void compare_lists(struct json_object *changes, const struct kind *kind, const char *nqn,
			  struct json_object *before, struct json_object *after)
{
	struct json_object *old = index_of(json_object_object_get(before, kind->list), kind->key);
	struct json_object *new = index_of(json_object_object_get(after, kind->list), kind->key);

	json_object_object_foreach(old, id, was)
		compare(changes, kind, nqn, was, json_object_object_get(new, id));
	json_object_object_foreach(new, new_id, is) {
		if (!json_object_object_get_ex(old, new_id, NULL))
			compare(changes, kind, nqn, NULL, is);
	}
	json_object_put(old);
	json_object_put(new);
}

/* -- hosts' logs -------------------------------------------------------------------------------------------- */
/* One subsystem, as it was and as it will be. */
struct both {
	const struct dsc_snapshot *snap[2];
	const struct dsc_subsys *s[2];
	struct json_object *hosts; /* by NQN; "" for every host that isn't named */
};

static struct json_object *logs_of(struct both *b, const char *host_nqn)
{
	struct json_object *logs = json_object_object_get(b->hosts, host_nqn);

	if (logs)
		return logs;
	logs = json_object_new_object();
	api_add_str(logs, "host_nqn", *host_nqn ? host_nqn : NULL);
	json_object_object_add(logs, "gains", json_object_new_array());
	json_object_object_add(logs, "loses", json_object_new_array());
	json_object_object_add(b->hosts, host_nqn, logs);
	return logs;
}

static bool is_allowed(const struct both *b, int side, const char *host_nqn)
{
	const struct dsc_subsys *s = b->s[side];

	return s && dsc_snapshot_allows(s, dsc_snapshot_host(b->snap[side], host_nqn));
}

static bool is_served(const struct both *b, int side, uint64_t portal_id)
{
	const struct dsc_portal *p = dsc_snapshot_portal_id(b->snap[side], portal_id);
	const struct dsc_subsys *s = b->s[side];

	return p && s && p->kind == DSC_PORTAL_IO && p->worker_id == s->worker_id &&
	       dsc_snapshot_serves(s, p);
}

static void tell_entry(struct both *b, const char *host_nqn, int side, uint64_t portal_id)
{
	const struct dsc_portal *p = dsc_snapshot_portal_id(b->snap[side], portal_id);
	struct json_object *entry = json_object_new_object();

	api_add_str(entry, "nqn", b->s[side]->nqn);
	api_add_str(entry, "portal", p->name);
	json_object_array_add(
		json_object_object_get(logs_of(b, host_nqn), side ? "gains" : "loses"), entry);
}

/* Entries of one side that the host doesn't have on the other. */
static void compare_side(struct both *b, const char *host_nqn, int side)
{
	const struct dsc_subsys *s = b->s[side];
	const struct dsc_portal *p = NULL;

	if (!is_allowed(b, side, host_nqn))
		return;
	while ((p = dsc_snapshot_worker_portal(b->snap[side], s->worker_id, p ? p->id : 0))) {
		if (is_served(b, side, p->id) &&
		    !(is_allowed(b, !side, host_nqn) && is_served(b, !side, p->id)))
			tell_entry(b, host_nqn, side, p->id);
	}
}

static void compare_host(struct both *b, const char *host_nqn)
{
	compare_side(b, host_nqn, 0);
	compare_side(b, host_nqn, 1);
}

static void compare_audience(struct both *b)
{
	struct json_object *seen = json_object_new_object();
	const struct dsc_allow *allow;
	const struct dsc_host *host;

	for (int side = 0; side < 2; side++) {
		if (!b->s[side])
			continue;
		dsc_tree_each(allow, b->s[side]->hosts, &dsc_allow_ops)
		{
			for (host = dsc_snapshot_who_host(b->snap[side], allow->who_id, 0); host;
			     host = dsc_snapshot_who_host(b->snap[side], allow->who_id, host->id)) {
				if (json_object_object_get_ex(seen, host->nqn, NULL))
					continue;
				json_object_object_add(seen, host->nqn, NULL);
				compare_host(b, host->nqn);
			}
		}
	}
	json_object_put(seen);
	compare_host(b, "");
}

static struct json_object *compare_logs(const struct dsc_snapshot *before,
					const struct dsc_snapshot *after)
{
	struct both b = { .snap = { before, after }, .hosts = json_object_new_object() };
	struct json_object *array = json_object_new_array();
	bool same = before->portals == after->portals && before->groups == after->groups;
	const struct dsc_subsys *s;

	dsc_tree_each(s, before->subsystems, &dsc_subsys_ops)
	{
		b.s[0] = s;
		b.s[1] = dsc_snapshot_subsys(after, s->nqn);
		if (b.s[0] != b.s[1] || !same)
			compare_audience(&b);
	}
	dsc_tree_each(s, after->subsystems, &dsc_subsys_ops)
	{
		b.s[0] = dsc_snapshot_subsys(before, s->nqn);
		b.s[1] = s;
		if (!b.s[0])
			compare_audience(&b);
	}
	json_object_object_foreach(b.hosts, nqn, logs) {
		(void)nqn;
		json_object_array_add(array, json_object_get(logs));
	}
	json_object_put(b.hosts);
	return array;
}

struct json_object *api_config_diff(const struct dsc_snapshot *before,
				    const struct dsc_snapshot *after)
{
	struct json_object *old = api_config_render(before), *new = api_config_render(after);
	struct json_object *diff = json_object_new_object(), *changes = json_object_new_array();

	compare_lists(changes, &host_kind, NULL, old, new);
	compare_lists(changes, &group_kind, NULL, old, new);
	compare_lists(changes, &portal_kind, NULL, old, new);
	compare_lists(changes, &subsys_kind, NULL, old, new);
	json_object_object_add(diff, "changes", changes);
	json_object_object_add(diff, "hosts", compare_logs(before, after));
	json_object_put(old);
	json_object_put(new);
	return diff;
}
