/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_host.c - /hosts.  Thread: the control loop.  May block: never. */
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"

#include <string.h>

static struct json_object *render(struct dsc_app *app, const struct dsc_snapshot *snap,
				  const struct dsc_host *host)
{
	struct json_object *json = json_object_new_object();
	struct json_object *array = json_object_new_array(), *groups = json_object_new_array();
	const struct dsc_member *m;
	uint64_t id = 0;

	while ((id = dsc_snapshot_named_after(snap, host, id)))
		json_object_array_add(
			array, json_object_new_string(dsc_snapshot_subsys_id(snap, id)->nqn));
	dsc_tree_each(m, host->groups, &dsc_host_group_ops) json_object_array_add(
		groups, json_object_new_string(dsc_snapshot_group_id(snap, m->group_id)->name));
	api_add_str(json, "nqn", host->nqn);
	api_add_str(json, "name", host->name);
	json_object_object_add(json, "groups", groups);
	json_object_object_add(json, "subsystems", array);
	api_add_u64(json, "controller_count",
		    dsc_supervisor_count(app->supervisor, NULL, host->nqn, NULL));
	api_add_time(json, "created_at", host->created_ms);
	return json;
}

static const struct dsc_host *path_host(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *nqn = api_req_param(req, "host_nqn");
	const struct dsc_host *host = dsc_snapshot_host(snap, nqn);

	if (!host)
		api_failf(req, API_PROBLEM_NOT_FOUND, "host_nqn", "there is no host %.223s", nqn);
	return host;
}

static void list(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap;
	const struct dsc_host *host;
	struct api_page page;

	if (!api_page_begin(req, &page))
		return;
	snap = dsc_snapshot_current(app->model);
	for (host = dsc_snapshot_host_after(snap, page.cursor); host && !api_page_full(&page);
	     host = dsc_snapshot_host_after(snap, host->nqn))
		api_page_add(&page, render(app, snap, host), host->nqn);
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	const struct dsc_host *host = path_host(req, snap);

	if (host)
		api_reply_object(req, render(app, snap, host), host->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_host *host = dsc_snapshot_host(snap, outcome->name);
	char location[1024] = "/api/v1/hosts/";
	size_t used = strlen(location);

	if (!host) {
		api_op_reply_lost(op);
		return;
	}
	api_uri_encode(host->nqn, location + used, sizeof(location) - used);
	api_reply_created(op->req, render(api_req_app(op->req), snap, host), host->changed,
			  location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_host *host = dsc_snapshot_host(snap, api_req_param(op->req, "host_nqn"));

	(void)outcome;
	if (host)
		api_reply_object(op->req, render(api_req_app(op->req), snap, host), host->changed);
	else
		api_op_reply_lost(op);
}

static void create(struct api_req *req)
{
	static const char *const known[] = { "nqn", "name", NULL };
	struct api_op *op = api_op_begin(req, reply_created);
	struct json_object *doc = api_req_doc(req);
	const char *nqn = NULL, *name = NULL;
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (cmn_json_only(doc, known, &err) < 0 || cmn_json_str(doc, "nqn", &nqn, &err) < 0 ||
	    cmn_json_str_opt(doc, "name", &name, NULL, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_host_create(api_req_app(req), nqn, name, &op->call, &err),
			   &err);
}

static void run_patch(struct api_op *op, const struct dsc_host *host)
{
	static const char *const known[] = { "name", NULL };
	struct json_object *doc = api_req_doc(op->req);
	const char *name = cmn_json_has(doc, "name") ? "" : host->name;
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 ||
	    cmn_json_str_opt(doc, "name", &name, NULL, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(
			op,
			dsc_cmd_host_update(api_req_app(op->req), host->nqn, name, &op->call, &err),
			&err);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_host *host = path_host(req, snap);
	struct api_op *op = host ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, host->changed))
		run_patch(op, host);
	dsc_snapshot_put(snap);
}

static void add_user(void *arg, const char *user)
{
	api_op_user(arg, user);
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct dsc_host *host = dsc_snapshot_host(snap, api_req_param(op->req, "host_nqn"));

	if (host)
		dsc_who_users(snap, host->id, add_user, op);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_host *host = path_host(req, snap);
	struct api_op *op = host ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, host->changed)) {
		op->users = users;
		api_op_run(op, dsc_cmd_host_delete(api_req_app(req), host->nqn, &op->call, &err),
			   &err);
	}
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/hosts"
#define ONE ALL "/{host_nqn}"

const struct api_route api_res_host[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listHosts", "limit cursor", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createHost", NULL, create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getHost", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchHost", NULL, patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteHost", "wait force", drop },
	{ 0 },
};
