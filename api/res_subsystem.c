/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_subsystem.c - /subsystems.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <string.h>

static struct json_object *render_hosts(const struct dsc_snapshot *snap,
					const struct dsc_subsys *subsys)
{
	struct json_object *array = json_object_new_array();
	const struct dsc_allow *allow;

	dsc_tree_each(allow, subsys->hosts, &dsc_allow_ops) api_add_who(array, snap, allow->who_id);
	return array;
}

static struct json_object *render_portals(const struct dsc_snapshot *snap,
					  const struct dsc_subsys *subsys)
{
	struct json_object *array;
	const struct dsc_serve *serve;

	if (subsys->all_portals)
		return NULL;
	array = json_object_new_array();
	dsc_tree_each(serve, subsys->portals, &dsc_serve_ops)
	{
		const struct dsc_portal *portal = dsc_snapshot_portal_id(snap, serve->portal_id);

		if (portal)
			json_object_array_add(array, json_object_new_string(portal->name));
	}
	return array;
}

static struct json_object *render(struct dsc_app *app, const struct dsc_snapshot *snap,
				  const struct dsc_subsys *subsys)
{
	struct json_object *json = json_object_new_object();
	const struct dsc_fail *fail = NULL;
	enum dsc_status state = dsc_snapshot_subsys_status(snap, subsys, 0, &fail);

	api_add_str(json, "nqn", subsys->nqn);
	api_add_str(json, "serial", subsys->serial);
	api_add_str(json, "model", subsys->model);
	api_add_str(json, "label", subsys->label);
	api_add_bool(json, "allow_any_host", subsys->allow_any);
	json_object_object_add(json, "hosts", render_hosts(snap, subsys));
	json_object_object_add(json, "portals", render_portals(snap, subsys));
	api_add_worker(json, snap, subsys->worker_id, true);
	api_add_u64(json, "namespace_count", dsc_tree_count(subsys->namespaces));
	api_add_u64(json, "controller_count",
		    dsc_supervisor_count(app->supervisor, subsys->nqn, NULL, NULL));
	api_add_time(json, "created_at", subsys->created_ms);
	api_add_served_status(json, app, dsc_snapshot_worker_id(snap, subsys->worker_id), state,
			      fail, subsys->changed);
	return json;
}

/* ?worker= and ?host_nqn= */
static bool is_wanted(struct api_req *req, const struct dsc_snapshot *snap,
		      const struct dsc_subsys *subsys)
{
	const char *worker_name = api_req_query(req, "worker");
	const char *host_nqn = api_req_query(req, "host_nqn");
	const struct dsc_worker *worker;

	if (worker_name) {
		worker = dsc_snapshot_worker(snap, worker_name);
		if (!worker || worker->id != subsys->worker_id)
			return false;
	}
	return !host_nqn || dsc_snapshot_allows(subsys, dsc_snapshot_host(snap, host_nqn));
}

static void list(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap;
	const struct dsc_subsys *subsys;
	struct api_page page;

	if (!api_page_begin(req, &page))
		return;
	snap = dsc_snapshot_current(app->model);
	for (subsys = dsc_snapshot_subsys_after(snap, page.cursor); subsys;
	     subsys = dsc_snapshot_subsys_after(snap, subsys->nqn)) {
		if (!is_wanted(req, snap, subsys))
			continue;
		if (api_page_full(&page))
			break;
		api_page_add(&page, render(app, snap, subsys), subsys->nqn);
	}
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);

	if (subsys)
		api_reply_object(req, render(app, snap, subsys), subsys->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, outcome->name);
	char location[1024] = "/api/v1/subsystems/";
	size_t used = strlen(location);

	if (!subsys) {
		api_op_reply_lost(op);
		return;
	}
	api_uri_encode(subsys->nqn, location + used, sizeof(location) - used);
	api_reply_created(op->req, render(api_req_app(op->req), snap, subsys), subsys->changed,
			  location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, api_req_param(op->req, "nqn"));

	(void)outcome;
	if (subsys)
		api_reply_object(op->req, render(api_req_app(op->req), snap, subsys),
				 subsys->changed);
	else
		api_op_reply_lost(op);
}

/* The members that creation and change share. */
static int read_common(struct json_object *doc, struct dsc_subsys_in *in, struct cmn_err *err)
{
	if (cmn_json_has(doc, "label"))
		in->label = ""; /* removed by a merge patch */
	if (cmn_json_str_opt(doc, "label", &in->label, NULL, err) < 0 ||
	    api_read_tri(doc, "allow_any_host", &in->allow_any, err) < 0 ||
	    api_read_list(doc, "hosts", &in->hosts, err) < 0 ||
	    api_read_list(doc, "portals", &in->portals, err) < 0)
		return err->code;
	if (in->hosts.null) { /* removed by a merge patch: nobody is named */
		in->hosts.null = false;
		in->hosts.nr = 0;
	}
	return 0;
}

int api_subsys_read(struct json_object *doc, struct dsc_subsys_in *in, struct cmn_err *err)
{
	static const char *const known[] = { "nqn",   "serial",	 "model",  "allow_any_host",
					     "hosts", "portals", "worker", "label",
					     NULL };

	if (cmn_json_only(doc, known, err) < 0 || cmn_json_str(doc, "nqn", &in->nqn, err) < 0 ||
	    cmn_json_str_opt(doc, "serial", &in->serial, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "model", &in->model, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "worker", &in->worker, NULL, err) < 0)
		return err->code;
	return read_common(doc, in, err);
}

static void create(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_created);
	struct dsc_subsys_in in = { 0 };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (api_subsys_read(api_req_doc(req), &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_subsys_create(api_req_app(req), &in, &op->call, &err), &err);
	api_list_free(&in.hosts);
	api_list_free(&in.portals);
}

static void run_patch(struct api_op *op, const char *nqn)
{
	static const char *const known[] = { "allow_any_host", "hosts", "portals", "label", NULL };
	struct json_object *doc = api_req_doc(op->req);
	struct dsc_subsys_in in = { 0 };
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 || read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op,
			   dsc_cmd_subsys_update(api_req_app(op->req), nqn, &in, &op->call, &err),
			   &err);
	api_list_free(&in.hosts);
	api_list_free(&in.portals);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	struct api_op *op = subsys ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, subsys->changed))
		run_patch(op, subsys->nqn);
	dsc_snapshot_put(snap);
}

static bool add_user(void *arg, const struct dsc_controller *controller)
{
	api_op_user(arg, controller->host_nqn);
	return true;
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, api_req_param(op->req, "nqn"));
	const struct dsc_ns *ns;
	char name[32];

	if (!subsys)
		return;
	dsc_tree_each(ns, subsys->namespaces, &dsc_ns_ops)
	{
		snprintf(name, sizeof(name), "namespace %u", ns->nsid);
		api_op_user(op, name);
	}
	dsc_supervisor_controllers(api_req_app(op->req)->supervisor, subsys->nqn, NULL, add_user,
				   op);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	struct api_op *op = subsys ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, subsys->changed)) {
		op->users = users;
		api_op_run(op,
			   dsc_cmd_subsys_delete(api_req_app(req), subsys->nqn, &op->call, &err),
			   &err);
	}
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/subsystems"
#define ONE ALL "/{nqn}"

const struct api_route api_res_subsystem[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listSubsystems",
	  "limit cursor worker host_nqn", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createSubsystem", "wait", create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getSubsystem", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchSubsystem", "wait", patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteSubsystem", "wait force", drop },
	{ 0 },
};
