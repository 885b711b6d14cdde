/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_zoning.c - /zoning: what of the zones is enforced, and how that changes.
 * Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/op.h"
#include "api/resources.h"
#include "api/zone_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/util.h"
#include "discoveryd/model/zoning_impl.h"

/* -- rendering ------------------------------------------------------------------------------------------- */
static struct json_object *render_ddcs(const char *ddcs)
{
	struct json_object *array = json_object_new_array(), *json;
	struct dsc_slice line;
	bool own;

	while (dsc_slice_line(&ddcs, &line)) {
		own = line.len > 4 && !memcmp(line.p, "own ", 4);
		json = json_object_new_object();
		json_object_object_add(json, "nqn",
				       json_object_new_string_len(line.p + (own ? 4 : 0),
								  (int)line.len - (own ? 4 : 0)));
		api_add_bool(json, "own_subsystems", own);
		json_object_array_add(array, json);
	}
	return array;
}

static void add_counts(struct json_object *json, const struct dsc_snapshot *snap)
{
	const struct dsc_zoning *z = dsc_snapshot_zoning(snap);
	const struct dsc_zone_group *g;
	size_t zones = 0;

	dsc_tree_each(g, snap->zone_groups, &dsc_zone_group_ops) zones += dsc_tree_count(g->zones);
	api_add_u64(json, "groups", dsc_tree_count(snap->zone_groups));
	api_add_u64(json, "zones", zones);
	api_add_u64(json, "aliases", dsc_tree_count(snap->zone_aliases));
	api_add_u64(json, "active_groups", z ? z->nr_groups : 0);
	api_add_u64(json, "active_zones", z ? z->nr_zones : 0);
}

static struct json_object *render(const struct dsc_snapshot *snap)
{
	const struct dsc_zone_settings *s = dsc_snapshot_zone_settings(snap);
	const struct dsc_zone_past *last = dsc_snapshot_zone_past_last(snap);
	struct json_object *json = json_object_new_object();

	api_add_bool(json, "enabled", s->enabled);
	api_add_str(json, "default_zone", s->closed ? "closed" : "open");
	json_object_object_add(json, "ddcs", render_ddcs(s->ddcs));
	api_add_bool(json, "pending", dsc_zoning_is_pending(snap));
	add_counts(json, snap);
	json_object_object_add(json, "change", last ? json_object_new_uint64(last->change) : NULL);
	json_object_object_add(json, "changed_at", NULL);
	if (last)
		api_add_time(json, "changed_at", last->wall_ms);
	api_add_bool(json, "grace", last && last->grace);
	return json;
}

/* -- settings --------------------------------------------------------------------------------------------- */
static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);

	api_reply_object(req, render(snap), dsc_snapshot_zone_settings(snap)->changed);
	dsc_snapshot_put(snap);
}

static void reply(struct api_op *op, const struct dsc_snapshot *snap,
		  const struct dsc_outcome *outcome)
{
	(void)outcome;
	api_reply_object(op->req, render(snap), dsc_snapshot_zone_settings(snap)->changed);
}

int api_read_default_zone(struct json_object *doc, enum dsc_tri *ret, struct cmn_err *err)
{
	const char *text = NULL;

	if (cmn_json_str_opt(doc, "default_zone", &text, NULL, err) < 0)
		return err->code;
	if (text && strcmp(text, "open") != 0 && strcmp(text, "closed") != 0)
		return cmn_err_set(err, -EINVAL, "default_zone", "must be open or closed");
	if (text)
		*ret = strcmp(text, "closed") ? DSC_NO : DSC_YES;
	return 0;
}

static int read_ddc(struct json_object *item, struct dsc_zoning_in *in, struct cmn_err *err)
{
	static const char *const known[] = { "nqn", "own_subsystems", NULL };
	struct dsc_list *list;
	const char *nqn = NULL;
	bool own = false;

	if (!json_object_is_type(item, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	if (cmn_json_only(item, known, err) < 0 || cmn_json_str(item, "nqn", &nqn, err) < 0 ||
	    cmn_json_bool_opt(item, "own_subsystems", &own, NULL, err) < 0 ||
	    dsc_nqn_check(nqn, "nqn", err) < 0)
		return err->code;
	list = own ? &in->own_ddcs : &in->ddcs;
	((const char **)(uintptr_t)list->item)[list->nr++] = nqn;
	return 0;
}

static int read_ddcs(struct json_object *doc, struct dsc_zoning_in *in, struct cmn_err *err)
{
	struct json_object *array = NULL;
	char at[32];
	size_t nr;

	if (cmn_json_arr_opt(doc, "ddcs", &array, err) < 0)
		return err->code;
	if (!array)
		return 0;
	nr = json_object_array_length(array);
	in->ddcs = (struct dsc_list){ .set = true, .item = calloc(nr + 1, sizeof(char *)) };
	in->own_ddcs = (struct dsc_list){ .set = true, .item = calloc(nr + 1, sizeof(char *)) };
	if (!in->ddcs.item || !in->own_ddcs.item)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	for (size_t i = 0; i < nr; i++) {
		if (read_ddc(json_object_array_get_idx(array, i), in, err) == 0)
			continue;
		snprintf(at, sizeof(at), "ddcs[%zu]", i);
		cmn_err_prefix(err, at);
		return err->code;
	}
	return 0;
}

static void patch(struct api_req *req)
{
	static const char *const known[] = { "enabled", "default_zone", "ddcs", "grace", NULL };
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	struct json_object *doc = api_req_doc(req);
	struct dsc_zoning_in in = { .enabled = DSC_UNSET };
	struct api_op *op = api_op_begin(req, reply);
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, dsc_snapshot_zone_settings(snap)->changed)) {
		if (cmn_json_only(doc, known, &err) < 0 ||
		    api_read_tri(doc, "enabled", &in.enabled, &err) < 0 ||
		    cmn_json_bool_opt(doc, "grace", &in.grace, NULL, &err) < 0 ||
		    api_read_default_zone(doc, &in.closed, &err) < 0 ||
		    read_ddcs(doc, &in, &err) < 0)
			api_op_fail(op, &err);
		else
			api_op_run(op, dsc_cmd_zoning_set(api_req_app(req), &in, &op->call, &err),
				   &err);
		api_list_free(&in.ddcs);
		api_list_free(&in.own_ddcs);
	}
	dsc_snapshot_put(snap);
}

/* -- activation ---------------------------------------------------------------------------------------------- */
static int read_activation(struct json_object *doc, const char *const *known,
			   struct dsc_activate_in *in, struct cmn_err *err)
{
	if (cmn_json_only(doc, known, err) < 0 ||
	    cmn_json_bool_opt(doc, "grace", &in->grace, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "note", &in->note, NULL, err) < 0 ||
	    api_read_list(doc, "groups", &in->groups, err) < 0)
		return err->code;
	return 0;
}

static void activate(struct api_req *req)
{
	static const char *const known[] = { "groups", "grace", "note", NULL };
	struct api_op *op = api_op_begin(req, reply);
	struct dsc_activate_in in = { .grace = false };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (read_activation(api_req_doc(req), known, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_zoning_activate(api_req_app(req), &in, &op->call, &err),
			   &err);
	api_list_free(&in.groups);
}

/* -- what is active ---------------------------------------------------------------------------------------- */
static void get_originator(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_zone_active *a = row;

	(void)ctx;
	ret->text = *a->originator ? a->originator : NULL;
}

static void get_zones(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = api_active_zones_render(((const struct dsc_zone_active *)row)->zones);
}

static const struct api_field active_fields[] = {
	{ "name", API_TEXT, API_FIND, API_AT(dsc_zone_active, name) },
	{ "originator", API_TEXT, API_FIND, .get = get_originator },
	{ "generation", API_NUMBER, API_SORT, API_AT(dsc_zone_active, generation) },
	{ "change", API_NUMBER, API_FIND, API_AT(dsc_zone_active, since) },
	{ "activated_at", API_TIME, API_FIND, API_AT(dsc_zone_active, activated_ms) },
	{ "zones", API_JSON, 0, .get = get_zones },
	{ 0 },
};

/* Our own come first; a key is the number of the row. */
static const void *next_active(const struct api_ctx *ctx, const char *after)
{
	const struct dsc_zone_active *last = NULL;
	uint64_t id;

	if (after && cmn_parse_u64(after, 0, UINT64_MAX, &id) == 0)
		last = dsc_snapshot_zone_active_id(ctx->snap, id);
	return after && !last ? NULL : dsc_snapshot_zone_active_after(ctx->snap, last);
}

static void active_key(const struct api_ctx *ctx, const void *row, char *buf, size_t size)
{
	(void)ctx;
	snprintf(buf, size, "%" PRIu64, ((const struct dsc_zone_active *)row)->id);
}

static const struct api_kind active_kind = {
	.name = "active zone group",
	.fields = active_fields,
	.next = next_active,
	.key = active_key,
};

/* -- history ------------------------------------------------------------------------------------------------ */
static void get_kind(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_zone_past_name[((const struct dsc_zone_past *)row)->kind];
}

static void get_default(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = ((const struct dsc_zone_past *)row)->closed ? "closed" : "open";
}

static void get_groups(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_zone_past *p = row;
	const struct dsc_zone_active *a = NULL;

	ret->json = json_object_new_array();
	while ((a = dsc_snapshot_zone_active_at(ctx->snap, p->change, a ? a->id : 0)))
		json_object_array_add(ret->json, api_render(&active_kind, ctx, a, API_ALL));
}

static const struct api_field past_fields[] = {
	{ "change", API_NUMBER, API_KEY | API_FIND, API_AT(dsc_zone_past, change) },
	{ "kind", API_TEXT, API_FIND, .get = get_kind, .words = dsc_zone_past_name },
	{ "at", API_TIME, API_FIND, API_AT(dsc_zone_past, wall_ms) },
	{ "enabled", API_BOOL, 0, API_AT(dsc_zone_past, enabled) },
	{ "default_zone", API_TEXT, 0, .get = get_default },
	{ "grace", API_BOOL, 0, API_AT(dsc_zone_past, grace) },
	{ "note", API_TEXT, API_FILTER, API_AT(dsc_zone_past, note) },
	{ "summary", API_TEXT, 0, API_AT(dsc_zone_past, summary) },
	{ "groups", API_JSON, API_LIVE | API_DETAIL, .get = get_groups },
	{ 0 },
};

static const void *find_past(const struct api_ctx *ctx, const char *key)
{
	uint64_t change;

	if (cmn_parse_u64(key, 1, INT64_MAX, &change) < 0)
		return NULL;
	return dsc_snapshot_zone_past(ctx->snap, change);
}

static const void *next_past(const struct api_ctx *ctx, const char *after)
{
	uint64_t change = 0;

	if (after)
		cmn_parse_u64(after, 0, UINT64_MAX, &change);
	return dsc_tree_next(ctx->snap->zone_pasts, &dsc_zone_past_ops, &change);
}

static const struct api_kind past_kind = {
	.name = "change of zoning",
	.row = DSC_ROW_ZONE_PAST, /* so an activation is told of in the audit, and by a dry run */
	.param = "change",
	.fields = past_fields,
	.find = find_past,
	.next = next_past,
};

static void rollback(struct api_req *req)
{
	static const char *const known[] = { "grace", "note", NULL };
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	struct api_ctx ctx = { .app = api_req_app(req), .snap = snap };
	const struct dsc_zone_past *p = find_past(&ctx, api_req_param(req, "change"));
	struct api_op *op = p ? api_op_begin(req, reply) : NULL;
	struct dsc_activate_in in = { .grace = false };
	struct cmn_err err = { 0 };

	if (!p)
		api_kind_lost(req, &past_kind);
	else if (op && read_activation(api_req_doc(req), known, &in, &err) < 0)
		api_op_fail(op, &err);
	else if (op)
		api_op_run(
			op,
			dsc_cmd_zoning_rollback(api_req_app(req), p->change, &in, &op->call, &err),
			&err);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/zoning"
#define PASTS ALL "/history"
#define PAST PASTS "/{change}"

const struct api_route api_res_zoning[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "getZoning", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ALL, "patchZoning", "wait dry_run", patch },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL "/activate", "activateZoning",
	  "wait dry_run", activate },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL "/active", "listActiveZoning", NULL, api_list,
	  &active_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, PASTS, "listZoningHistory", NULL, api_list,
	  &past_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, PAST, "getZoningHistory", NULL, api_get,
	  &past_kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, PAST "/rollback", "rollBackZoning",
	  "wait dry_run", rollback },
	{ 0 },
};
