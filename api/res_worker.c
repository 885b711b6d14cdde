/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_worker.c - /workers, and the /nodes they run on.  Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <string.h>

/* -- members ------------------------------------------------------------------------------------------- */
static struct dsc_worker_info info_of(const struct api_ctx *ctx, const void *row)
{
	struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };

	dsc_supervisor_worker(ctx->app->supervisor, ((const struct dsc_worker *)row)->name, &info);
	return info;
}

static void get_node(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_node *node =
		dsc_snapshot_node_id(ctx->snap, ((const struct dsc_worker *)row)->node_id);

	ret->text = node ? node->name : "";
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_worker_state_name[info_of(ctx, row).state];
}

static void get_pid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = (uint64_t)info_of(ctx, row).pid;
	ret->null = ret->number == 0;
}

static void get_restarts(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = info_of(ctx, row).restarts;
}

static void get_controller_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = info_of(ctx, row).nr_controllers;
}

/* A worker is ready when it runs and has confirmed what was desired of it. */
static void get_status(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	struct dsc_worker_info info = info_of(ctx, row);
	enum dsc_status state = DSC_READY;
	char reason[80] = "";

	if (info.state == DSC_WORKER_DEGRADED) {
		state = DSC_STATUS_FAILED;
		snprintf(reason, sizeof(reason), "it keeps ending (%u restarts)", info.restarts);
	} else if (info.state != DSC_WORKER_RUNNING) {
		state = DSC_PENDING;
		snprintf(reason, sizeof(reason), "it is %s", dsc_worker_state_name[info.state]);
	}
	ret->json = api_status(state, *reason ? reason : NULL,
			       ((const struct dsc_worker *)row)->changed);
}

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND | API_CREATE, API_AT(dsc_worker, name) },
	{ "node", API_TEXT, API_FIND | API_LIVE, .get = get_node },
	{ "reactors", API_NUMBER, API_FIND | API_SET, API_AT(dsc_worker, reactors), .max = 256 },
	{ "cpu_list", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_worker, cpu_list) },
	{ "state", API_TEXT, API_FIND | API_LIVE, .get = get_state,
	  .words = dsc_worker_state_name },
	{ "pid", API_NUMBER, API_FIND | API_LIVE, .get = get_pid },
	{ "restarts", API_NUMBER, API_FIND | API_LIVE, .get = get_restarts },
	{ "generation", API_NUMBER, API_FIND | API_LIVE, API_AT(dsc_worker, confirmed) },
	{ "subsystem_count", API_NUMBER, API_FIND | API_LIVE, API_AT(dsc_worker, nr_subsys) },
	{ "controller_count", API_NUMBER, API_FIND | API_LIVE, .get = get_controller_count },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_worker, created_ms) },
	{ "status", API_JSON, API_LIVE, .get = get_status },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_worker(ctx->snap, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_worker_after(ctx->snap, after);
}

/* -- commands ------------------------------------------------------------------------------------------ */
static void read_body(struct json_object *doc, struct dsc_worker_in *in)
{
	in->reactors_set = json_object_object_get(doc, "reactors") != NULL;
	in->reactors = (uint32_t)api_body_u64(doc, "reactors");
	in->cpu_list = api_body_told(doc, "cpu_list");
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_worker_in in = { .name = api_body_str(doc, "id") };

	read_body(doc, &in);
	return dsc_cmd_worker_create(ctx->app, &in, call, err);
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_worker *worker = row;
	struct dsc_worker_in in = { 0 };

	read_body(doc, &in);
	return dsc_cmd_worker_update(ctx->app, worker->name, &in, call, err);
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_worker_delete(ctx->app, ((const struct dsc_worker *)row)->name, call, err);
}

/* What is on it. */
static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	const struct dsc_worker *worker = row;
	const struct dsc_portal *portal = NULL;
	const struct dsc_subsys *subsys;

	while ((portal = dsc_snapshot_worker_portal(ctx->snap, worker->id,
						    portal ? portal->id : 0))) {
		char name[DSC_NAME_MAX + 16];

		snprintf(name, sizeof(name), "portal %s", portal->name);
		api_op_user(op, name);
	}
	dsc_tree_each(subsys, ctx->snap->subsystems, &dsc_subsys_ops)
	{
		if (subsys->worker_id == worker->id)
			api_op_user(op, subsys->nqn);
	}
}

/* Its process ends once its controllers have. */
static bool lingers(struct dsc_app *app, const char *name, uint64_t *ret_left)
{
	struct dsc_worker_info info;

	if (dsc_supervisor_worker(app->supervisor, name, &info) < 0)
		return false;
	*ret_left = info.nr_controllers;
	return true;
}

const struct api_kind api_kind_worker = {
	.name = "worker",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_WORKER,
	.changed = offsetof(struct dsc_worker, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
	.lingers = lingers,
};

/* -- nodes ------------------------------------------------------------------------------------------------ */
static void get_worker_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_worker *worker;

	dsc_tree_each(worker, ctx->snap->workers, &dsc_worker_ops)
		ret->number += worker->node_id == ((const struct dsc_node *)row)->id;
}

static const struct api_field node_fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND, API_AT(dsc_node, name) },
	{ "name", API_TEXT, API_FIND, API_AT(dsc_node, name) },
	{ "worker_count", API_NUMBER, API_FIND | API_LIVE, .get = get_worker_count },
	{ 0 },
};

/* There are few: no index by name. */
static const void *next_node(const struct api_ctx *ctx, const char *after)
{
	const struct dsc_node *node, *found = NULL;

	dsc_tree_each(node, ctx->snap->nodes, &dsc_node_ops)
	{
		if ((!after || strcmp(node->name, after) > 0) &&
		    (!found || strcmp(node->name, found->name) < 0))
			found = node;
	}
	return found;
}

static const void *find_node(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_node *node;

	dsc_tree_each(node, ctx->snap->nodes, &dsc_node_ops)
	{
		if (strcmp(node->name, key) == 0)
			break;
	}
	return node;
}

static const struct api_kind node_kind = {
	.name = "node",
	.param = "id",
	.fields = node_fields,
	.row = DSC_ROW_NODE,
	.find = find_node,
	.next = next_node,
};

#define KIND &api_kind_worker
#define ALL "/api/v1/workers"
#define ONE ALL "/{id}"

const struct api_route api_res_worker[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listWorkers", NULL, api_list, KIND },
	{ API_POST, API_ROLE_ADMIN, API_BODY_JSON, ALL, "createWorker", "wait", api_create, KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getWorker", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_ADMIN, API_BODY_JSON, ONE, "putWorker", "wait", api_put, KIND },
	{ API_PATCH, API_ROLE_ADMIN, API_BODY_MERGE, ONE, "patchWorker", NULL, api_patch, KIND },
	{ API_DELETE, API_ROLE_ADMIN, API_BODY_NONE, ONE, "deleteWorker", NULL, api_delete, KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/nodes", "listNodes", NULL, api_list,
	  &node_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/nodes/{id}", "getNode", NULL, api_get,
	  &node_kind },
	{ 0 },
};
