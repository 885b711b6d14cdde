/* SPDX-License-Identifier: Apache-2.0 */
/* api/changes.c - see api/changes.h.  Thread: the control loop.  May block: never.
 *
 * It starts from the rows that the batch wrote, so it costs what has changed, not what there is. */
#include "api/changes.h"

#include "api/config_doc.h"
#include "api/kind.h"
#include "api/render.h"
#include "common/util.h"
#include "discoveryd/model/commands.h"
#include "discoveryd/model/foreign.h"
#include "discoveryd/model/paths.h"
#include "discoveryd/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- objects ------------------------------------------------------------------------------------------- */
struct objects {
	struct dsc_app *app;
	struct json_object *array;
	struct json_object *seen; /* rows of which it has been told, by kind and names */
};

/* The object that row is a picture of, as it is in snap. */
static const void *look_up(struct api_ctx *ctx, const struct api_kind *kind, const void *row)
{
	char key[API_KEY_MAX];

	if (kind->adopt && !kind->adopt(ctx, row))
		return NULL;
	api_kind_key(kind, ctx, row, key, sizeof(key));
	return kind->find(ctx, key);
}

static struct json_object *desired(const struct api_kind *kind, const struct api_ctx *ctx,
				   const void *row)
{
	if (!row)
		return NULL;
	return api_render(kind, ctx, row, api_kind_without(kind, API_LIVE));
}

static void add_members(struct json_object *change, struct json_object *before,
			struct json_object *after)
{
	struct json_object *members = json_object_new_object(), *pair, *was;

	json_object_object_foreach(after, name, is) {
		was = json_object_object_get(before, name);
		if (json_object_equal(was, is))
			continue;
		pair = json_object_new_object();
		json_object_object_add(pair, "from", json_object_get(was));
		json_object_object_add(pair, "to", json_object_get(is));
		json_object_object_add(members, name, pair);
	}
	json_object_object_add(change, "members", members);
}

/* Its names: "id", and those of what it belongs to. */
static void add_names(struct json_object *change, const struct api_kind *kind,
		      struct json_object *object)
{
	for (const struct api_field *f = kind->fields; f->name; f++) {
		struct json_object *value = json_object_object_get(object, f->name);

		if (f->flags & API_KEY)
			api_add_str(change, "id", json_object_get_string(value));
		else if (f->flags & API_PARENT)
			json_object_object_add(change, f->name, json_object_get(value));
	}
}

static void tell_object(struct objects *o, const struct api_kind *kind, struct json_object *before,
			struct json_object *after)
{
	struct json_object *change = json_object_new_object();

	api_add_str(change, "action", !before ? "create" : after ? "change" : "delete");
	api_add_str(change, "kind", kind->name);
	add_names(change, kind, after ? after : before);
	if (before && after)
		add_members(change, before, after);
	else if (after)
		json_object_object_add(change, "object", json_object_get(after));
	else
		json_object_object_add(change, "object", json_object_get(before));
	json_object_array_add(o->array, change);
}

/* A namespace that will be made once its file is there. */
static void tell_restore(struct objects *o, const struct dsc_restore *r)
{
	struct api_ctx ctx = { .app = o->app, .snap = dsc_batch_after(o->app) };
	struct json_object *object = desired(&api_kind_namespace, &ctx, r->ns);

	json_object_object_add(object, "hosts", api_render_hosts(!r->hosts, r->hosts));
	tell_object(o, &api_kind_namespace, NULL, object);
	json_object_put(object);
}

static void compare_row(struct objects *o, const struct dsc_row *row)
{
	const struct api_kind *kind = api_kind_of_row(row->kind);
	struct api_ctx old = { .app = o->app, .snap = dsc_batch_before(o->app) };
	struct api_ctx new = { .app = o->app, .snap = dsc_batch_after(o->app) };
	const void *was, *is;
	struct json_object *before, *after;
	char name[64];

	if (!kind)
		return;
	was = look_up(&old, kind, row);
	is = look_up(&new, kind, row);
	snprintf(name, sizeof(name), "%s %p %p", kind->name, was, is);
	if (was == is || json_object_object_get_ex(o->seen, name, NULL))
		return;
	json_object_object_add(o->seen, name, NULL);
	before = desired(kind, &old, was);
	after = desired(kind, &new, is);
	if (!json_object_equal(before, after))
		tell_object(o, kind, before, after);
	json_object_put(before);
	json_object_put(after);
}

struct json_object *api_changes_objects(struct dsc_app *app)
{
	struct objects o = { .app = app,
			     .array = json_object_new_array(),
			     .seen = json_object_new_object() };
	const struct dsc_write *writes;
	size_t nr;

	writes = dsc_batch_writes(app, &nr);
	for (size_t i = 0; i < nr; i++) {
		if (writes[i].row->kind == DSC_ROW_RESTORE)
			tell_restore(&o, (const struct dsc_restore *)writes[i].row);
		else
			compare_row(&o, writes[i].row);
	}
	json_object_put(o.seen);
	return o.array;
}

/* -- hosts' logs ------------------------------------------------------------------------------------------ */
#define HOSTS_MAX 1000 /* that are told of */

struct logs {
	struct json_object
		*hosts; /* by NQN, "" is every host that nobody names: {host_nqn, gains, loses} */
	struct json_object *seen;
};

static struct json_object *log_of(struct logs *logs, const char *host_nqn)
{
	const char *name = host_nqn ? host_nqn : "";
	struct json_object *log = json_object_object_get(logs->hosts, name);

	if (log)
		return log;
	log = json_object_new_object();
	api_add_str(log, "host_nqn", host_nqn);
	json_object_object_add(log, "gains", json_object_new_array());
	json_object_object_add(log, "loses", json_object_new_array());
	json_object_object_add(logs->hosts, name, log);
	return log;
}

static void add_entry(struct json_object *list, const char *nqn, const char *what, const char *name)
{
	struct json_object *entry = json_object_new_object();

	api_add_str(entry, "nqn", nqn);
	api_add_str(entry, what, name);
	json_object_array_add(list, entry);
}

static bool is_told(const struct dsc_paths *paths, const struct dsc_portal *portal)
{
	for (size_t i = 0; i < paths->nr_told; i++) {
		const struct dsc_portal *p = paths->path[i].portal;

		if (p->id == portal->id)
			return strcmp(p->advertise, portal->advertise) == 0;
	}
	return false;
}

static void find_told(struct dsc_paths *paths, const struct dsc_snapshot *snap,
		      const char *host_nqn, uint64_t subsys_id)
{
	struct dsc_asker who = dsc_asker(snap, host_nqn);

	dsc_paths_init(paths, snap, &who);
	dsc_paths_find(paths, dsc_snapshot_subsys_id(snap, subsys_id));
}

/* Entries of a subsystem that side has and other hasn't. */
static void add_entries(struct json_object *list, const struct dsc_snapshot *side,
			const struct dsc_snapshot *other, const char *host_nqn, uint64_t subsys_id)
{
	struct dsc_paths has = { 0 }, had = { 0 };

	find_told(&has, side, host_nqn, subsys_id);
	find_told(&had, other, host_nqn, subsys_id);
	for (size_t i = 0; i < has.nr_told; i++) {
		const struct dsc_portal *portal = has.path[i].portal;

		if (!is_told(&had, portal))
			add_entry(list, dsc_snapshot_subsys_id(side, subsys_id)->nqn, "portal",
				  portal->name);
	}
	dsc_paths_end(&has);
	dsc_paths_end(&had);
}

static bool refers(const struct dsc_snapshot *snap, const char *host_nqn, uint64_t referral_id)
{
	const struct dsc_referral *r = dsc_snapshot_referral_id(snap, referral_id);

	return r && (host_nqn ? dsc_snapshot_refers(snap, r, host_nqn) : r->all_hosts);
}

static void add_referrals(struct json_object *list, const struct dsc_snapshot *side,
			  const struct dsc_snapshot *other, const char *host_nqn)
{
	const struct dsc_referral *r;

	dsc_tree_each(r, side->referrals, &dsc_referral_ops)
	{
		if (refers(side, host_nqn, r->id) && !refers(other, host_nqn, r->id))
			add_entry(list, r->nqn, "referral", r->name);
	}
}

/* Of other discovery controllers. */
static char *foreign_key(const struct dsc_foreign_entry *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s %s %s", e->reg->nqn, e->reg->traddr, e->reg->trsvcid);
	return buf;
}

static void add_foreign(struct json_object *list, const struct dsc_snapshot *side,
			const struct dsc_snapshot *other, const char *host_nqn)
{
	struct json_object *there = json_object_new_object();
	struct dsc_foreign_entry e;
	struct dsc_foreign it;
	struct dsc_asker who = dsc_asker(other, host_nqn);
	char key[512];

	dsc_foreign_init(&it, other, &who);
	while (dsc_foreign_next(&it, &e))
		json_object_object_add(there, foreign_key(&e, key, sizeof(key)), NULL);
	who = dsc_asker(side, host_nqn);
	dsc_foreign_init(&it, side, &who);
	while (dsc_foreign_next(&it, &e)) {
		if (!json_object_object_get_ex(there, foreign_key(&e, key, sizeof(key)), NULL))
			add_entry(list, e.reg->nqn, "discovery_controller", e.dc->name);
	}
	json_object_put(there);
}

static void on_told(void *arg, const struct dsc_snapshot *const side[2], const char *host_nqn,
		    uint64_t subsys_id, bool differs)
{
	struct logs *logs = arg;
	struct json_object *log;
	char name[DSC_NQN_MAX + 24];

	snprintf(name, sizeof(name), "%llu %s", (unsigned long long)subsys_id,
		 host_nqn ? host_nqn : "");
	if (json_object_object_get_ex(logs->seen, name, NULL))
		return;
	json_object_object_add(logs->seen, name, NULL);
	log = log_of(logs, host_nqn);
	for (int i = 0; differs && i < 2; i++) {
		struct json_object *list = json_object_object_get(log, i ? "loses" : "gains");

		if (subsys_id == DSC_TOLD_FOREIGN)
			add_foreign(list, side[!i], side[i], host_nqn);
		else if (subsys_id)
			add_entries(list, side[!i], side[i], host_nqn, subsys_id);
		else
			add_referrals(list, side[!i], side[i], host_nqn);
	}
}

static bool is_empty(struct json_object *log)
{
	return json_object_array_length(json_object_object_get(log, "gains")) == 0 &&
	       json_object_array_length(json_object_object_get(log, "loses")) == 0;
}

/* What is the same for every host is said once; who differs from that is named, even with nothing. */
static bool is_worth_telling(struct json_object *log, struct json_object *any)
{
	if (log == any || !any)
		return !is_empty(log);
	return !json_object_equal(json_object_object_get(log, "gains"),
				  json_object_object_get(any, "gains")) ||
	       !json_object_equal(json_object_object_get(log, "loses"),
				  json_object_object_get(any, "loses"));
}

struct json_object *api_changes_logs(struct dsc_app *app, bool *ret_complete)
{
	struct logs logs = { .hosts = json_object_new_object(), .seen = json_object_new_object() };
	struct json_object *array = json_object_new_array(), *any;

	*ret_complete = dsc_batch_tell(app, on_told, &logs);
	any = json_object_object_get(logs.hosts, "");
	json_object_object_foreach(logs.hosts, nqn, log) {
		(void)nqn;
		if (!is_worth_telling(log, any))
			continue;
		if (json_object_array_length(array) < HOSTS_MAX)
			json_object_array_add(array, json_object_get(log));
		else
			*ret_complete = false;
	}
	json_object_put(logs.hosts);
	json_object_put(logs.seen);
	return array;
}

struct json_object *api_changes(struct dsc_app *app, bool dry_run)
{
	struct json_object *json = json_object_new_object();
	bool complete;

	api_add_bool(json, "dry_run", dry_run);
	json_object_object_add(json, "changes", api_changes_objects(app));
	json_object_object_add(json, "hosts", api_changes_logs(app, &complete));
	api_add_bool(json, "hosts_complete", complete);
	return json;
}
