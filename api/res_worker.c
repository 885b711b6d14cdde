/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_worker.c - /workers, and the /nodes they run on.  Thread: the control loop.  May block: never. */
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <string.h>

/* A worker is ready when it runs and has confirmed what was desired of it. */
static void add_status(struct json_object *json, const struct dsc_worker *worker,
		       const struct dsc_worker_info *info)
{
	enum dsc_status state = DSC_READY;
	char reason[80] = "";

	if (info->state == DSC_WORKER_DEGRADED) {
		state = DSC_STATUS_FAILED;
		snprintf(reason, sizeof(reason), "it keeps ending (%u restarts)", info->restarts);
	} else if (info->state != DSC_WORKER_RUNNING) {
		state = DSC_PENDING;
		snprintf(reason, sizeof(reason), "it is %s", dsc_worker_state_name[info->state]);
	}
	api_add_status(json, state, *reason ? reason : NULL, worker->changed);
}

static struct json_object *render(struct dsc_app *app, const struct dsc_snapshot *snap,
				  const struct dsc_worker *worker)
{
	struct json_object *json = json_object_new_object();
	const struct dsc_node *node = dsc_snapshot_node_id(snap, worker->node_id);
	struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };

	dsc_supervisor_worker(app->supervisor, worker->name, &info);
	api_add_str(json, "id", worker->name);
	api_add_str(json, "node", node ? node->name : "");
	api_add_u64(json, "reactors", worker->reactors);
	api_add_str(json, "cpu_list", worker->cpu_list);
	api_add_str(json, "state", dsc_worker_state_name[info.state]);
	if (info.pid)
		api_add_u64(json, "pid", (uint64_t)info.pid);
	else
		json_object_object_add(json, "pid", NULL);
	api_add_u64(json, "restarts", info.restarts);
	api_add_u64(json, "generation", worker->confirmed);
	api_add_u64(json, "subsystem_count", worker->nr_subsys);
	api_add_u64(json, "controller_count", info.nr_controllers);
	api_add_time(json, "created_at", worker->created_ms);
	add_status(json, worker, &info);
	return json;
}

static const struct dsc_worker *path_worker(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *id = api_req_param(req, "id");
	const struct dsc_worker *worker = dsc_snapshot_worker(snap, id);

	if (!worker)
		api_failf(req, API_PROBLEM_NOT_FOUND, "id", "there is no worker %.63s", id);
	return worker;
}

static void list(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap;
	const struct dsc_worker *worker;
	struct api_page page;

	if (!api_page_begin(req, &page))
		return;
	snap = dsc_snapshot_current(app->model);
	for (worker = dsc_snapshot_worker_after(snap, page.cursor); worker && !api_page_full(&page);
	     worker = dsc_snapshot_worker_after(snap, worker->name))
		api_page_add(&page, render(app, snap, worker), worker->name);
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	const struct dsc_worker *worker = path_worker(req, snap);

	if (worker)
		api_reply_object(req, render(app, snap, worker), worker->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_worker *worker = dsc_snapshot_worker(snap, outcome->name);
	char location[256] = "/api/v1/workers/";
	size_t used = strlen(location);

	if (!worker) {
		api_op_reply_lost(op);
		return;
	}
	api_uri_encode(worker->name, location + used, sizeof(location) - used);
	api_reply_created(op->req, render(api_req_app(op->req), snap, worker), worker->changed,
			  location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_worker *worker = dsc_snapshot_worker(snap, api_req_param(op->req, "id"));

	(void)outcome;
	if (worker)
		api_reply_object(op->req, render(api_req_app(op->req), snap, worker),
				 worker->changed);
	else
		api_op_reply_lost(op);
}

static int read_common(struct json_object *doc, struct dsc_worker_in *in, struct cmn_err *err)
{
	uint64_t reactors = 0;

	if (cmn_json_u64_opt(doc, "reactors", &reactors, &in->reactors_set, err) < 0 ||
	    cmn_json_range("reactors", reactors, 0, 256, err) < 0)
		return err->code;
	in->reactors = (uint32_t)reactors;
	in->cpu_list = cmn_json_has(doc, "cpu_list") ? "" : NULL;
	return cmn_json_str_opt(doc, "cpu_list", &in->cpu_list, NULL, err);
}

static void create(struct api_req *req)
{
	static const char *const known[] = { "id", "reactors", "cpu_list", NULL };
	struct api_op *op = api_op_begin(req, reply_created);
	struct json_object *doc = api_req_doc(req);
	struct dsc_worker_in in = { 0 };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (cmn_json_only(doc, known, &err) < 0 ||
	    cmn_json_str_opt(doc, "id", &in.name, NULL, &err) < 0 ||
	    read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_worker_create(api_req_app(req), &in, &op->call, &err), &err);
}

static void run_patch(struct api_op *op, const char *name)
{
	static const char *const known[] = { "reactors", "cpu_list", NULL };
	struct json_object *doc = api_req_doc(op->req);
	struct dsc_worker_in in = { 0 };
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 || read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op,
			   dsc_cmd_worker_update(api_req_app(op->req), name, &in, &op->call, &err),
			   &err);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_worker *worker = path_worker(req, snap);
	struct api_op *op = worker ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, worker->changed))
		run_patch(op, worker->name);
	dsc_snapshot_put(snap);
}

/* What is on it. */
static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct dsc_worker *worker = dsc_snapshot_worker(snap, api_req_param(op->req, "id"));
	const struct dsc_portal *portal = NULL;
	const struct dsc_subsys *subsys;

	if (!worker)
		return;
	while ((portal = dsc_snapshot_worker_portal(snap, worker->id, portal ? portal->id : 0))) {
		char name[DSC_NAME_MAX + 16];

		snprintf(name, sizeof(name), "portal %s", portal->name);
		api_op_user(op, name);
	}
	dsc_tree_each(subsys, snap->subsystems, &dsc_subsys_ops)
	{
		if (subsys->worker_id == worker->id)
			api_op_user(op, subsys->nqn);
	}
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_worker *worker = path_worker(req, snap);
	struct api_op *op = worker ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, worker->changed)) {
		op->users = users;
		api_op_run(op,
			   dsc_cmd_worker_delete(api_req_app(req), worker->name, &op->call, &err),
			   &err);
	}
	dsc_snapshot_put(snap);
}

static struct json_object *render_node(const struct dsc_snapshot *snap, const struct dsc_node *node)
{
	struct json_object *json = json_object_new_object();
	const struct dsc_worker *worker;
	uint64_t nr = 0;

	dsc_tree_each(worker, snap->workers, &dsc_worker_ops) nr += worker->node_id == node->id;
	api_add_str(json, "id", node->name);
	api_add_str(json, "name", node->name);
	api_add_u64(json, "worker_count", nr);
	return json;
}

static void list_nodes(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	struct json_object *json = json_object_new_object();
	struct json_object *items = json_object_new_array();
	const struct dsc_node *node;

	dsc_tree_each(node, snap->nodes, &dsc_node_ops)
		json_object_array_add(items, render_node(snap, node));
	dsc_snapshot_put(snap);
	json_object_object_add(json, "items", items);
	json_object_object_add(json, "next", NULL);
	api_reply_json(req, 200, json);
}

static void get_node(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const char *id = api_req_param(req, "id");
	const struct dsc_node *node;

	dsc_tree_each(node, snap->nodes, &dsc_node_ops)
	{
		if (strcmp(node->name, id) == 0)
			break;
	}
	if (node)
		api_reply_json(req, 200, render_node(snap, node));
	else
		api_failf(req, API_PROBLEM_NOT_FOUND, "id", "there is no node %.63s", id);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/workers"
#define ONE ALL "/{id}"

const struct api_route api_res_worker[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listWorkers", "limit cursor", list },
	{ API_POST, API_ROLE_ADMIN, API_BODY_JSON, ALL, "createWorker", "wait", create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getWorker", NULL, get },
	{ API_PATCH, API_ROLE_ADMIN, API_BODY_MERGE, ONE, "patchWorker", NULL, patch },
	{ API_DELETE, API_ROLE_ADMIN, API_BODY_NONE, ONE, "deleteWorker", NULL, drop },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/nodes", "listNodes", NULL, list_nodes },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/nodes/{id}", "getNode", NULL, get_node },
	{ 0 },
};
