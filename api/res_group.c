/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_group.c - /groups: named sets of hosts.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"

/* -- members of the object ----------------------------------------------------------------------------- */
static void get_member_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = dsc_tree_count(((const struct dsc_group *)row)->members);
}

static void add_to_array(void *arg, const char *user)
{
	json_object_array_add(arg, json_object_new_string(user));
}

static void get_used_by(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->json = json_object_new_array();
	dsc_who_users(ctx->snap, ((const struct dsc_group *)row)->id, add_to_array, ret->json);
}

static void get_members(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_member *m;

	ret->json = json_object_new_array();
	dsc_tree_each(m, ((const struct dsc_group *)row)->members, &dsc_member_ops)
		api_add_who(ret->json, ctx->snap, m->host_id);
}

static void get_path_policy(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	api_get_path_policy(((const struct dsc_group *)row)->path_policy, ret);
}

static void get_max_paths(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	api_get_max_paths(((const struct dsc_group *)row)->max_paths, ret);
}

static const struct api_field fields[] = {
	{ "name", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_group, name) },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_group, description),
	  .max = 255 },
	{ "path_policy", API_TEXT, API_FIND | API_SET | API_NULL, .get = get_path_policy,
	  .words = dsc_path_policy_name + DSC_PATHS_ALL },
	{ "max_paths", API_NUMBER, API_FIND | API_SET | API_NULL, .get = get_max_paths, .min = 1,
	  .max = DSC_MAX_PATHS },
	{ "member_count", API_NUMBER, API_FIND | API_LIVE, .get = get_member_count },
	{ "used_by", API_TEXTS, API_FILTER | API_LIVE, .get = get_used_by },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_group, created_ms) },
	{ "members", API_TEXTS, API_FILTER | API_SET | API_NULL | API_DETAIL, .get = get_members,
	  .check = dsc_nqn_check },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_group(ctx->snap, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_group_after(ctx->snap, after);
}

/* -- commands ------------------------------------------------------------------------------------------ */
int api_group_read(struct json_object *doc, struct dsc_group_in *in, struct cmn_err *err)
{
	in->name = api_body_str(doc, "name");
	in->description = api_body_told(doc, "description");
	api_read_paths(doc, &in->paths);
	if (api_read_list(doc, "members", &in->members, err) < 0)
		return err->code;
	in->members.null = false; /* none */
	return 0;
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_group_in in = { 0 };
	int rc = api_group_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_group_create(ctx->app, &in, call, err);
	api_list_free(&in.members);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_group *group = row;
	struct dsc_group_in in = { 0 };
	int rc = api_group_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_group_update(ctx->app, group->name, &in, call, err);
	api_list_free(&in.members);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_group_delete(ctx->app, ((const struct dsc_group *)row)->name, call, err);
}

static void add_user(void *arg, const char *user)
{
	api_op_user(arg, user);
}

static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	dsc_who_users(ctx->snap, ((const struct dsc_group *)row)->id, add_user, op);
}

const struct api_kind api_kind_group = {
	.name = "group",
	.param = "name",
	.fields = fields,
	.row = DSC_ROW_GROUP,
	.changed = offsetof(struct dsc_group, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
};

/* -- one member ------------------------------------------------------------------------------------------ */
/* If-Match is about the group. */
static struct api_op *begin(struct api_req *req)
{
	const char *name = api_req_param(req, "name");
	struct api_op *op = api_op_begin(req, api_op_reply_gone);
	const struct dsc_group *group =
		op ? dsc_snapshot_group(dsc_batch_after(api_req_app(req)), name) : NULL;

	if (op && !group) {
		api_kind_lost(req, &api_kind_group);
		api_op_drop(op);
		return NULL;
	}
	return op && api_op_if_match(op, group->changed) ? op : NULL;
}

static void put_member(struct api_req *req)
{
	struct api_op *op = begin(req);
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_group_add(api_req_app(req), api_req_param(req, "name"),
					     api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
}

static void drop_member(struct api_req *req)
{
	struct api_op *op = begin(req);
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_group_remove(api_req_app(req), api_req_param(req, "name"),
						api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
}

#define KIND &api_kind_group
#define ALL "/api/v1/groups"
#define ONE ALL "/{name}"
#define MEMBER ONE "/members/{host_nqn}"

const struct api_route api_res_group[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listGroups", NULL, api_list, KIND },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createGroup", NULL, api_create, KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getGroup", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putGroup", "wait", api_put, KIND },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchGroup", "wait", api_patch, KIND },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteGroup", "wait force", api_delete,
	  KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_NONE, MEMBER, "putGroupMember", "wait dry_run",
	  put_member },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, MEMBER, "deleteGroupMember", "wait dry_run",
	  drop_member },
	{ 0 },
};
