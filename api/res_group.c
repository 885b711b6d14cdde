/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_group.c - /groups: named sets of hosts.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"

#include <stdio.h>
#include <string.h>

static void add_to_array(void *arg, const char *user)
{
	json_object_array_add(arg, json_object_new_string(user));
}

static struct json_object *render_summary(const struct dsc_snapshot *snap,
					  const struct dsc_group *group)
{
	struct json_object *json = json_object_new_object(), *users = json_object_new_array();

	dsc_who_users(snap, group->id, add_to_array, users);
	api_add_str(json, "name", group->name);
	api_add_str(json, "description", group->description);
	api_add_u64(json, "member_count", dsc_tree_count(group->members));
	json_object_object_add(json, "used_by", users);
	api_add_time(json, "created_at", group->created_ms);
	return json;
}

/* With its members, which may be many: not in lists. */
static struct json_object *render(const struct dsc_snapshot *snap, const struct dsc_group *group)
{
	struct json_object *json = render_summary(snap, group), *array = json_object_new_array();
	const struct dsc_member *m;

	dsc_tree_each(m, group->members, &dsc_member_ops)
		api_add_who(array, snap, m->host_id);
	json_object_object_add(json, "members", array);
	return json;
}

static const struct dsc_group *path_group(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *name = api_req_param(req, "name");
	const struct dsc_group *group = dsc_snapshot_group(snap, name);

	if (!group)
		api_failf(req, API_PROBLEM_NOT_FOUND, "name", "there is no group %.63s", name);
	return group;
}

static void list(struct api_req *req)
{
	const struct dsc_snapshot *snap;
	const struct dsc_group *group;
	struct api_page page;

	if (!api_page_begin(req, &page))
		return;
	snap = dsc_snapshot_current(api_req_app(req)->model);
	for (group = dsc_snapshot_group_after(snap, page.cursor); group && !api_page_full(&page);
	     group = dsc_snapshot_group_after(snap, group->name))
		api_page_add(&page, render_summary(snap, group), group->name);
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_group *group = path_group(req, snap);

	if (group)
		api_reply_object(req, render(snap, group), group->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_group *group = dsc_snapshot_group(snap, outcome->name);
	char location[128];

	if (!group) {
		api_op_reply_lost(op);
		return;
	}
	snprintf(location, sizeof(location), "/api/v1/groups/%s", group->name);
	api_reply_created(op->req, render(snap, group), group->changed, location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_group *group = dsc_snapshot_group(snap, api_req_param(op->req, "name"));

	(void)outcome;
	if (group)
		api_reply_object(op->req, render(snap, group), group->changed);
	else
		api_op_reply_lost(op);
}

/* The members that creation and change share; null takes them back to none. */
static int read_common(struct json_object *doc, struct dsc_group_in *in, struct cmn_err *err)
{
	if (cmn_json_has(doc, "description"))
		in->description = "";
	if (cmn_json_str_opt(doc, "description", &in->description, NULL, err) < 0 ||
	    api_read_list(doc, "members", &in->members, err) < 0)
		return err->code;
	in->members.null = false;
	return 0;
}

int api_group_read(struct json_object *doc, struct dsc_group_in *in, struct cmn_err *err)
{
	static const char *const known[] = { "name", "description", "members", NULL };

	if (cmn_json_only(doc, known, err) < 0 || cmn_json_str(doc, "name", &in->name, err) < 0)
		return err->code;
	return read_common(doc, in, err);
}

static void create(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_created);
	struct dsc_group_in in = { 0 };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (api_group_read(api_req_doc(req), &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_group_create(api_req_app(req), &in, &op->call, &err), &err);
	api_list_free(&in.members);
}

static void run_patch(struct api_op *op, const char *name)
{
	static const char *const known[] = { "description", "members", NULL };
	struct json_object *doc = api_req_doc(op->req);
	struct dsc_group_in in = { 0 };
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 || read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(
			op,
			dsc_cmd_group_update(api_req_app(op->req), name, &in, &op->call, &err),
			&err);
	api_list_free(&in.members);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_group *group = path_group(req, snap);
	struct api_op *op = group ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, group->changed))
		run_patch(op, group->name);
	dsc_snapshot_put(snap);
}

static void add_user(void *arg, const char *user)
{
	api_op_user(arg, user);
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct dsc_group *group = dsc_snapshot_group(snap, api_req_param(op->req, "name"));

	if (group)
		dsc_who_users(snap, group->id, add_user, op);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_group *group = path_group(req, snap);
	struct api_op *op = group ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, group->changed)) {
		op->users = users;
		api_op_run(op,
			   dsc_cmd_group_delete(api_req_app(req), group->name, &op->call, &err),
			   &err);
	}
	dsc_snapshot_put(snap);
}

/* -- one member ------------------------------------------------------------------------------------------ */
static void put_member(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_group *group = path_group(req, snap);
	struct api_op *op = group ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_group_add(api_req_app(req), group->name,
					     api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

static void drop_member(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_group *group = path_group(req, snap);
	struct api_op *op = group ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_group_remove(api_req_app(req), group->name,
						api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/groups"
#define ONE ALL "/{name}"
#define MEMBER ONE "/members/{host_nqn}"

const struct api_route api_res_group[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listGroups", "limit cursor", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createGroup", NULL, create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getGroup", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchGroup", "wait", patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteGroup", "wait force", drop },
	{ API_PUT, API_ROLE_WRITE, API_BODY_NONE, MEMBER, "putGroupMember", "wait", put_member },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, MEMBER, "deleteGroupMember", "wait",
	  drop_member },
	{ 0 },
};
