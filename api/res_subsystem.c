/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_subsystem.c - /subsystems.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <string.h>

/* -- members ------------------------------------------------------------------------------------------- */
static void get_hosts(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = row;
	const struct dsc_allow *allow;

	ret->json = json_object_new_array();
	dsc_tree_each(allow, subsys->hosts, &dsc_allow_ops)
		api_add_who(ret->json, ctx->snap, allow->who_id);
}

static void get_portals(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = row;
	const struct dsc_serve *serve;

	if (subsys->all_portals)
		return;
	ret->json = json_object_new_array();
	dsc_tree_each(serve, subsys->portals, &dsc_serve_ops)
	{
		const struct dsc_portal *portal =
			dsc_snapshot_portal_id(ctx->snap, serve->portal_id);

		if (portal)
			json_object_array_add(ret->json, json_object_new_string(portal->name));
	}
}

static void get_worker(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	api_get_worker(ctx, ((const struct dsc_subsys *)row)->worker_id, ret);
}

static void get_node(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	api_get_node(ctx, ((const struct dsc_subsys *)row)->worker_id, ret);
}

static void get_namespace_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = dsc_tree_count(((const struct dsc_subsys *)row)->namespaces);
}

static void get_controller_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = row;

	ret->number = dsc_supervisor_count(ctx->app->supervisor, subsys->nqn, NULL, NULL);
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_status_name[dsc_snapshot_subsys_status(ctx->snap, row, 0, NULL)];
}

static void get_status(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = row;
	const struct dsc_fail *fail = NULL;
	enum dsc_status state = dsc_snapshot_subsys_status(ctx->snap, subsys, 0, &fail);

	ret->json = api_served_status(ctx, subsys->worker_id, state, fail, subsys->changed);
}

static void get_path_policy(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	api_get_path_policy(((const struct dsc_subsys *)row)->path_policy, ret);
}

static void get_max_paths(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	api_get_max_paths(((const struct dsc_subsys *)row)->max_paths, ret);
}

/* It may connect, named or not. */
static bool may_connect(const struct api_ctx *ctx, const void *row, const char *host_nqn)
{
	return dsc_snapshot_allows(row, dsc_snapshot_host(ctx->snap, host_nqn));
}

static const struct api_field fields[] = {
	{ "nqn", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_subsys, nqn),
	  .check = dsc_nqn_check },
	{ "serial", API_TEXT, API_FIND | API_CREATE, API_AT(dsc_subsys, serial), .max = 20 },
	{ "model", API_TEXT, API_FIND | API_CREATE, API_AT(dsc_subsys, model), .max = 40 },
	{ "label", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_subsys, label), .max = 64 },
	{ "allow_any_host", API_BOOL, API_FILTER | API_SET | API_NULL,
	  API_AT(dsc_subsys, allow_any) },
	{ "require_auth", API_BOOL, API_FILTER | API_SET | API_NULL,
	  API_AT(dsc_subsys, require_auth) },
	{ "hosts", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_hosts,
	  .check = api_check_who },
	{ "portals", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_portals },
	{ "path_policy", API_TEXT, API_FIND | API_SET | API_NULL, .get = get_path_policy,
	  .words = dsc_path_policy_name + DSC_PATHS_ALL },
	{ "max_paths", API_NUMBER, API_FIND | API_SET | API_NULL, .get = get_max_paths, .min = 1,
	  .max = DSC_MAX_PATHS },
	{ "worker", API_TEXT, API_FIND | API_CREATE | API_NULL, .get = get_worker },
	{ "node", API_TEXT, API_FIND | API_LIVE, .get = get_node },
	{ "namespace_count", API_NUMBER, API_FIND | API_LIVE, .get = get_namespace_count },
	{ "controller_count", API_NUMBER, API_FIND | API_LIVE, .get = get_controller_count },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_subsys, created_ms) },
	{ "status", API_JSON, API_LIVE, .get = get_status },
	{ "state", API_TEXT, API_FIND | API_LIVE | API_HIDDEN, .get = get_state,
	  .words = dsc_status_name },
	{ "host_nqn", API_TEXT, API_FILTER | API_HIDDEN, .match = may_connect },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_subsys(ctx->snap, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_subsys_after(ctx->snap, after);
}

/* -- commands ------------------------------------------------------------------------------------------ */
int api_subsys_read(struct json_object *doc, struct dsc_subsys_in *in, struct cmn_err *err)
{
	in->nqn = api_body_str(doc, "nqn");
	in->serial = api_body_str(doc, "serial");
	in->model = api_body_str(doc, "model");
	in->worker = api_body_str(doc, "worker");
	in->label = api_body_told(doc, "label");
	api_read_paths(doc, &in->paths);
	if (api_read_tri(doc, "allow_any_host", &in->allow_any, err) < 0 ||
	    api_read_tri(doc, "require_auth", &in->require_auth, err) < 0 ||
	    api_read_list(doc, "hosts", &in->hosts, err) < 0 ||
	    api_read_list(doc, "portals", &in->portals, err) < 0)
		return err->code;
	if (in->hosts.null) { /* nobody is named */
		in->hosts.null = false;
		in->hosts.nr = 0;
	}
	return 0;
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_subsys_in in = { 0 };
	int rc = api_subsys_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_subsys_create(ctx->app, &in, call, err);
	api_list_free(&in.hosts);
	api_list_free(&in.portals);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_subsys *subsys = row;
	struct dsc_subsys_in in = { 0 };
	int rc = api_subsys_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_subsys_update(ctx->app, subsys->nqn, &in, call, err);
	api_list_free(&in.hosts);
	api_list_free(&in.portals);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_subsys_delete(ctx->app, ((const struct dsc_subsys *)row)->nqn, call, err);
}

static bool add_user(void *arg, const struct dsc_controller *controller)
{
	api_op_user(arg, controller->host_nqn);
	return true;
}

static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	const struct dsc_subsys *subsys = row;
	const struct dsc_ns *ns;
	char name[32];

	dsc_tree_each(ns, subsys->namespaces, &dsc_ns_ops)
	{
		snprintf(name, sizeof(name), "namespace %u", ns->nsid);
		api_op_user(op, name);
	}
	dsc_supervisor_controllers(ctx->app->supervisor, subsys->nqn, NULL, add_user, op);
}

const struct api_kind api_kind_subsystem = {
	.name = "subsystem",
	.param = "nqn",
	.fields = fields,
	.row = DSC_ROW_SUBSYS,
	.changed = offsetof(struct dsc_subsys, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
};

#define KIND &api_kind_subsystem
#define ALL "/api/v1/subsystems"
#define ONE ALL "/{nqn}"

const struct api_route api_res_subsystem[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listSubsystems", NULL, api_list, KIND },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createSubsystem", "wait", api_create,
	  KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getSubsystem", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putSubsystem", "wait", api_put, KIND },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchSubsystem", "wait", api_patch,
	  KIND },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteSubsystem", "wait force",
	  api_delete, KIND },
	{ 0 },
};
