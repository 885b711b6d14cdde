/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_allow.c - who may use a subsystem, and a namespace of it: .../hosts.  Thread: the control loop.  May block: never. */
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "discoveryd/supervise/supervise.h"

/* Is a host of the group connected? */
struct search {
	const struct dsc_snapshot *snap;
	const struct dsc_group *group;
	bool found;
};

static bool is_member(void *arg, const struct dsc_controller *controller)
{
	struct search *search = arg;
	const struct dsc_host *host = dsc_snapshot_host(search->snap, controller->host_nqn);

	search->found = host && dsc_tree_find(search->group->members, &dsc_member_ops, &host->id);
	return !search->found;
}

static struct json_object *render(struct dsc_app *app, const struct dsc_snapshot *snap,
				  const char *nqn, const char *who)
{
	struct search search = { .snap = snap, .group = dsc_snapshot_who_group(snap, who) };
	struct json_object *json = json_object_new_object();

	if (search.group)
		dsc_supervisor_controllers(app->supervisor, nqn, NULL, is_member, &search);
	else
		search.found = dsc_supervisor_count(app->supervisor, nqn, who, NULL) > 0;
	api_add_str(json, "host_nqn", who);
	api_add_bool(json, "connected", search.found);
	return json;
}

static void add_who(struct json_object *items, struct dsc_app *app, const struct dsc_snapshot *snap,
		    const struct dsc_subsys *subsys, uint64_t who_id)
{
	char buf[DSC_NQN_MAX + 1];
	const char *who = dsc_snapshot_who_text(snap, who_id, buf);

	if (who)
		json_object_array_add(items, render(app, snap, subsys->nqn, who));
}

static struct json_object *new_list(struct json_object *items, const char *flag, bool value)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "items", items);
	json_object_object_add(json, "next", NULL);
	api_add_bool(json, flag, value);
	return json;
}

static void list(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_allow *allow;
	struct json_object *items;

	if (subsys) {
		items = json_object_new_array();
		dsc_tree_each(allow, subsys->hosts, &dsc_allow_ops)
			add_who(items, app, snap, subsys, allow->who_id);
		api_reply_json(req, 200, new_list(items, "allow_any_host", subsys->allow_any));
	}
	dsc_snapshot_put(snap);
}

static void list_of_ns(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns = subsys ? api_path_ns(req, subsys) : NULL;
	struct json_object *items;
	const void *id;

	if (ns) {
		items = json_object_new_array();
		dsc_tree_each(id, ns->hosts, &dsc_ids_ops)
			add_who(items, app, snap, subsys, dsc_id(id));
		api_reply_json(req, 200, new_list(items, "restricted", ns->restricted));
	}
	dsc_snapshot_put(snap);
}

static void reply_allowed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	struct api_req *req = op->req;

	api_reply_json(req, outcome ? 201 : 200,
		       render(api_req_app(req), snap, api_req_param(req, "nqn"),
			      api_req_param(req, "host_nqn")));
}

static void put(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	struct api_op *op = subsys ? api_op_begin(req, reply_allowed) : NULL;
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_allow(api_req_app(req), subsys->nqn,
					 api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	struct api_op *op = subsys ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_disallow(api_req_app(req), subsys->nqn,
					    api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

static void put_of_ns(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns = subsys ? api_path_ns(req, subsys) : NULL;
	struct api_op *op = ns ? api_op_begin(req, reply_allowed) : NULL;
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_ns_allow(api_req_app(req), subsys->nqn, ns->nsid,
					    api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

static void drop_of_ns(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns = subsys ? api_path_ns(req, subsys) : NULL;
	struct api_op *op = ns ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op)
		api_op_run(op,
			   dsc_cmd_ns_disallow(api_req_app(req), subsys->nqn, ns->nsid,
					       api_req_param(req, "host_nqn"), &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/subsystems/{nqn}/hosts"
#define ONE ALL "/{host_nqn}"
#define NS_ALL "/api/v1/subsystems/{nqn}/namespaces/{nsid}/hosts"
#define NS_ONE NS_ALL "/{host_nqn}"

const struct api_route api_res_allow[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listAllowedHosts", NULL, list },
	{ API_PUT, API_ROLE_WRITE, API_BODY_NONE, ONE, "putAllowedHost", "wait", put },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteAllowedHost", "wait force", drop },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, NS_ALL, "listNamespaceHosts", NULL, list_of_ns },
	{ API_PUT, API_ROLE_WRITE, API_BODY_NONE, NS_ONE, "putNamespaceHost", "wait", put_of_ns },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, NS_ONE, "deleteNamespaceHost", "wait force",
	  drop_of_ns },
	{ 0 },
};
