/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_zone.c - /zone-groups, their zones, /zone-aliases: ZoneDBConfig, of which nothing is enforced until it is activated.
 * Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/op.h"
#include "api/resources.h"
#include "api/zone_json.h"

#include "common/json.h"

#include <stdio.h>

/* -- groups -------------------------------------------------------------------------------------------- */
static void get_zone_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = dsc_tree_count(((const struct dsc_zone_group *)row)->zones);
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_zone_state_name[dsc_zone_group_state(ctx->snap, row)];
}

static const struct dsc_zone_active *active_of(const struct api_ctx *ctx, const void *row)
{
	return dsc_snapshot_zone_active(ctx->snap, "", ((const struct dsc_zone_group *)row)->name);
}

static void get_generation(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_zone_active *a = active_of(ctx, row);

	ret->null = !a;
	ret->number = a ? a->generation : 0;
}

static void get_change(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_zone_active *a = active_of(ctx, row);

	ret->null = !a;
	ret->number = a ? a->since : 0;
}

static void get_activated(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_zone_active *a = active_of(ctx, row);

	ret->null = !a;
	ret->number = a ? a->activated_ms : 0;
}

static const struct api_field group_fields[] = {
	{ "name", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED,
	  API_AT(dsc_zone_group, name) },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL,
	  API_AT(dsc_zone_group, description), .max = 255 },
	{ "zones", API_NUMBER, API_FIND | API_LIVE, .get = get_zone_count },
	{ "state", API_TEXT, API_FIND | API_LIVE, .get = get_state, .words = dsc_zone_state_name },
	{ "generation", API_NUMBER, API_SORT | API_LIVE, .get = get_generation },
	{ "change", API_NUMBER, API_SORT | API_LIVE, .get = get_change },
	{ "activated_at", API_TIME, API_FIND | API_LIVE, .get = get_activated },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_zone_group, created_ms) },
	{ 0 },
};

static const void *find_group(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_zone_group(ctx->snap, key);
}

static const void *next_group(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_zone_group_after(ctx->snap, after);
}

static int create_group(const struct api_ctx *ctx, struct json_object *doc,
			const struct dsc_call *call, struct cmn_err *err)
{
	return dsc_cmd_zone_group_create(ctx->app, api_body_str(doc, "name"),
					 api_body_str(doc, "description"), call, err);
}

static int update_group(const struct api_ctx *ctx, const void *row, struct json_object *doc,
			const struct dsc_call *call, struct cmn_err *err)
{
	return dsc_cmd_zone_group_update(ctx->app, ((const struct dsc_zone_group *)row)->name,
					 api_body_told(doc, "description"), call, err);
}

static int drop_group(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		      struct cmn_err *err)
{
	return dsc_cmd_zone_group_delete(ctx->app, ((const struct dsc_zone_group *)row)->name, call,
					 err);
}

static const struct api_kind group_kind = {
	.name = "zone group",
	.param = "group",
	.fields = group_fields,
	.row = DSC_ROW_ZONE_GROUP,
	.changed = offsetof(struct dsc_zone_group, changed),
	.find = find_group,
	.next = next_group,
	.create = create_group,
	.update = update_group,
	.remove = drop_group,
};

/* -- zones ------------------------------------------------------------------------------------------------- */
static void get_group_name(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_zone_group *g =
		dsc_snapshot_zone_group_id(ctx->snap, ((const struct dsc_zone *)row)->group_id);

	ret->text = g ? g->name : NULL;
}

static void get_member_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const char *text = ((const struct dsc_zone *)row)->members;
	struct dsc_slice line;

	(void)ctx;
	while (dsc_slice_line(&text, &line))
		ret->number++;
}

static void get_members(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = api_members_render(((const struct dsc_zone *)row)->members, NULL);
}

static const struct api_field zone_fields[] = {
	{ "name", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_zone, name) },
	{ "group", API_TEXT, API_PARENT | API_FIND, .get = get_group_name },
	{ "fabric_enforced", API_BOOL, API_FILTER | API_SET, API_AT(dsc_zone, enforced) },
	{ "member_count", API_NUMBER, API_FIND | API_LIVE, .get = get_member_count },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_zone, created_ms) },
	{ "members", API_JSON, API_SET | API_DETAIL, .get = get_members },
	{ 0 },
};

static bool open_group(struct api_req *req, struct api_ctx *ctx)
{
	ctx->parent = dsc_snapshot_zone_group(ctx->snap, api_req_param(req, "group"));
	if (!ctx->parent)
		api_failf(req, API_PROBLEM_NOT_FOUND, "group", "there is no zone group %.64s",
			  api_req_param(req, "group"));
	return ctx->parent != NULL;
}

static bool adopt_zone(struct api_ctx *ctx, const void *row)
{
	ctx->parent =
		dsc_snapshot_zone_group_id(ctx->snap, ((const struct dsc_zone *)row)->group_id);
	return ctx->parent != NULL;
}

static const void *find_zone(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_zone_named(ctx->parent, key);
}

static const void *next_zone(const struct api_ctx *ctx, const char *after)
{
	return dsc_tree_next(((const struct dsc_zone_group *)ctx->parent)->zones, &dsc_zone_ops,
			     after);
}

/* Of a zone or an alias; free with in_free(). */
static int read_in(struct json_object *doc, struct dsc_zone_in *in, struct cmn_err *err)
{
	if (api_read_tri(doc, "fabric_enforced", &in->enforced, err) < 0)
		return err->code;
	return api_members_read(doc, "members", &in->members, err);
}

static void in_free(struct dsc_zone_in *in)
{
	api_members_free(&in->members);
	api_members_free(&in->add);
	api_members_free(&in->remove);
}

typedef int zone_cmd(struct dsc_app *app, const struct dsc_zone_in *in, const struct dsc_call *call,
		     struct cmn_err *err);

struct asked {
	const char *group, *name; /* group NULL: an alias */
	struct json_object *doc;
};

static int run(const struct api_ctx *ctx, const struct asked *asked, zone_cmd *cmd,
	       const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_zone_in in = { .group = asked->group, .name = asked->name };
	int rc = read_in(asked->doc, &in, err);

	if (rc == 0)
		rc = cmd(ctx->app, &in, call, err);
	in_free(&in);
	return rc;
}

static const char *parent_name(const struct api_ctx *ctx)
{
	return ((const struct dsc_zone_group *)ctx->parent)->name;
}

static int create_zone(const struct api_ctx *ctx, struct json_object *doc,
		       const struct dsc_call *call, struct cmn_err *err)
{
	struct asked asked = { parent_name(ctx), api_body_str(doc, "name"), doc };

	return run(ctx, &asked, dsc_cmd_zone_create, call, err);
}

static int update_zone(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		       const struct dsc_call *call, struct cmn_err *err)
{
	struct asked asked = { parent_name(ctx), ((const struct dsc_zone *)row)->name, doc };

	return run(ctx, &asked, dsc_cmd_zone_update, call, err);
}

static int drop_zone(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		     struct cmn_err *err)
{
	return dsc_cmd_zone_delete(ctx->app, parent_name(ctx), ((const struct dsc_zone *)row)->name,
				   call, err);
}

static const struct api_kind zone_kind = {
	.name = "zone",
	.param = "zone",
	.fields = zone_fields,
	.row = DSC_ROW_ZONE,
	.changed = offsetof(struct dsc_zone, changed),
	.open = open_group,
	.adopt = adopt_zone,
	.find = find_zone,
	.next = next_zone,
	.create = create_zone,
	.update = update_zone,
	.remove = drop_zone,
};

/* -- aliases ------------------------------------------------------------------------------------------------- */
static void get_alias_members(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = api_members_render(((const struct dsc_zone_alias *)row)->members, NULL);
}

static struct dsc_zone_member member_of(const struct dsc_zone_alias *a)
{
	struct dsc_zone_member m = { .has = FAB_ZE_ALIAS };

	snprintf(m.text, sizeof(m.text), "%s", a->name);
	return m;
}

static void add_to_array(void *arg, const char *user)
{
	json_object_array_add(arg, json_object_new_string(user));
}

static void get_alias_users(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	struct dsc_zone_member m = member_of(row);

	ret->json = json_object_new_array();
	dsc_zone_users(ctx->snap, &m, add_to_array, ret->json);
}

static const struct api_field alias_fields[] = {
	{ "name", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED,
	  API_AT(dsc_zone_alias, name) },
	{ "used_by", API_TEXTS, API_FILTER | API_LIVE | API_DETAIL, .get = get_alias_users },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_zone_alias, created_ms) },
	{ "members", API_JSON, API_SET | API_DETAIL, .get = get_alias_members },
	{ 0 },
};

static const void *find_alias(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_zone_alias(ctx->snap, key);
}

static const void *next_alias(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_zone_alias_after(ctx->snap, after);
}

static int create_alias(const struct api_ctx *ctx, struct json_object *doc,
			const struct dsc_call *call, struct cmn_err *err)
{
	struct asked asked = { NULL, api_body_str(doc, "name"), doc };

	return run(ctx, &asked, dsc_cmd_zone_alias_create, call, err);
}

static int update_alias(const struct api_ctx *ctx, const void *row, struct json_object *doc,
			const struct dsc_call *call, struct cmn_err *err)
{
	struct asked asked = { NULL, ((const struct dsc_zone_alias *)row)->name, doc };

	return run(ctx, &asked, dsc_cmd_zone_alias_update, call, err);
}

static int drop_alias(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		      struct cmn_err *err)
{
	return dsc_cmd_zone_alias_delete(ctx->app, ((const struct dsc_zone_alias *)row)->name, call,
					 err);
}

static void add_user(void *arg, const char *user)
{
	api_op_user(arg, user);
}

static void alias_users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	struct dsc_zone_member m = member_of(row);

	dsc_zone_users(ctx->snap, &m, add_user, op);
}

static const struct api_kind alias_kind = {
	.name = "zone alias",
	.param = "alias",
	.fields = alias_fields,
	.row = DSC_ROW_ZONE_ALIAS,
	.changed = offsetof(struct dsc_zone_alias, changed),
	.find = find_alias,
	.next = next_alias,
	.create = create_alias,
	.update = update_alias,
	.remove = drop_alias,
	.users = alias_users,
};

/* -- some members that come, and some that go ------------------------------------------------------------------- */
/* The zone or alias that the path names; NULL: answered.  If-Match is about it. */
static const void *look(struct api_op *op, const struct api_kind *kind, struct api_ctx *ctx)
{
	const void *row;

	*ctx = (struct api_ctx){ .app = api_req_app(op->req) };
	ctx->snap = dsc_batch_after(ctx->app);
	if (kind->open && !kind->open(op->req, ctx)) {
		api_op_drop(op);
		return NULL;
	}
	row = kind->find(ctx, api_req_param(op->req, kind->param));
	if (!row) {
		api_kind_lost(op->req, kind);
		api_op_drop(op);
		return NULL;
	}
	return api_op_if_match(op, api_kind_revision(kind, row)) ? row : NULL;
}

static void reply_members(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct api_kind *kind = api_req_kind(op->req);
	const void *row = NULL;
	struct api_ctx ctx;

	(void)outcome;
	if (api_kind_open(op->req, kind, dsc_snapshot_get(snap), &ctx)) {
		row = kind->find(&ctx, api_req_param(op->req, kind->param));
		if (row)
			api_reply_object(op->req, api_render(kind, &ctx, row, API_ALL),
					 api_kind_revision(kind, row));
		else
			api_op_reply_lost(op);
	}
	api_kind_close(kind, &ctx);
}

static void change_members(struct api_req *req)
{
	static const char *const known[] = { "add", "remove", NULL };
	const struct api_kind *kind = api_req_kind(req);
	struct api_op *op = api_op_begin(req, reply_members);
	struct json_object *doc = api_req_doc(req);
	struct dsc_zone_in in = { .name = api_req_param(req, kind->param) };
	struct cmn_err err = { 0 };
	struct api_ctx ctx;
	int rc;

	if (!op || !look(op, kind, &ctx))
		return;
	in.group = ctx.parent ? parent_name(&ctx) : NULL;
	rc = cmn_json_only(doc, known, &err);
	if (rc == 0)
		rc = api_members_read(doc, "add", &in.add, &err);
	if (rc == 0)
		rc = api_members_read(doc, "remove", &in.remove, &err);
	if (rc == 0)
		rc = in.group ? dsc_cmd_zone_update(ctx.app, &in, &op->call, &err)
			      : dsc_cmd_zone_alias_update(ctx.app, &in, &op->call, &err);
	api_op_run(op, rc, &err);
	in_free(&in);
}

#define GROUPS "/api/v1/zone-groups"
#define GROUP GROUPS "/{group}"
#define ZONES GROUP "/zones"
#define ZONE ZONES "/{zone}"
#define ALIASES "/api/v1/zone-aliases"
#define ALIAS ALIASES "/{alias}"

const struct api_route api_res_zone[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, GROUPS, "listZoneGroups", NULL, api_list,
	  &group_kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, GROUPS, "createZoneGroup", NULL, api_create,
	  &group_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, GROUP, "getZoneGroup", NULL, api_get,
	  &group_kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, GROUP, "putZoneGroup", NULL, api_put,
	  &group_kind },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, GROUP, "patchZoneGroup", NULL, api_patch,
	  &group_kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, GROUP, "deleteZoneGroup", NULL, api_delete,
	  &group_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ZONES, "listZones", NULL, api_list, &zone_kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ZONES, "createZone", NULL, api_create,
	  &zone_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ZONE, "getZone", NULL, api_get, &zone_kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ZONE, "putZone", NULL, api_put, &zone_kind },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ZONE, "patchZone", NULL, api_patch,
	  &zone_kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ZONE, "deleteZone", NULL, api_delete,
	  &zone_kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ZONE "/members", "changeZoneMembers", "dry_run",
	  change_members, &zone_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALIASES, "listZoneAliases", NULL, api_list,
	  &alias_kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALIASES, "createZoneAlias", NULL, api_create,
	  &alias_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALIAS, "getZoneAlias", NULL, api_get,
	  &alias_kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ALIAS, "putZoneAlias", NULL, api_put,
	  &alias_kind },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ALIAS, "patchZoneAlias", NULL, api_patch,
	  &alias_kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ALIAS, "deleteZoneAlias", "force", api_delete,
	  &alias_kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALIAS "/members", "changeZoneAliasMembers",
	  "dry_run", change_members, &alias_kind },
	{ 0 },
};
