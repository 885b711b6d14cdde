/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_allow.c - who may use a subsystem, and a namespace of it: .../hosts.  Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <inttypes.h>
#include <stdio.h>

/* An entry is the id of a host or a group, as dsc_ids_ops has them; the parent is a subsystem, or a namespace. */

static uint64_t after_id(const char *after)
{
	uint64_t id = 0;

	if (after)
		cmn_parse_u64(after, 0, UINT64_MAX, &id);
	return id;
}

static void key(const struct api_ctx *ctx, const void *row, char *buf, size_t size)
{
	(void)ctx;
	snprintf(buf, size, "%" PRIu64, dsc_id(row));
}

static void keep(const void *row)
{
	(void)row;
}

static void get_host_nqn(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_snapshot_who_text(ctx->snap, dsc_id(row), ret->buf);
}

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

static bool is_connected(const struct api_ctx *ctx, const char *nqn, const char *who)
{
	struct search search = { .snap = ctx->snap,
				 .group = dsc_snapshot_who_group(ctx->snap, who) };

	if (!search.group)
		return dsc_supervisor_count(ctx->app->supervisor, nqn, who, NULL) > 0;
	dsc_supervisor_controllers(ctx->app->supervisor, nqn, NULL, is_member, &search);
	return search.found;
}

static bool is_connected_id(const struct api_ctx *ctx, const char *nqn, const void *row)
{
	char buf[DSC_NQN_MAX + 1];
	const char *who = dsc_snapshot_who_text(ctx->snap, dsc_id(row), buf);

	return who && is_connected(ctx, nqn, who);
}

/* -- of a subsystem ---------------------------------------------------------------------------------------- */
static bool open_subsys(struct api_req *req, struct api_ctx *ctx)
{
	ctx->parent = api_path_subsys(req, ctx->snap);
	return ctx->parent != NULL;
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	const struct dsc_subsys *subsys = ctx->parent;
	uint64_t id = after_id(after);
	const struct dsc_allow *allow = dsc_tree_next(subsys->hosts, &dsc_allow_ops, &id);

	return allow ? dsc_id_value(allow->who_id) : NULL;
}

static void get_connected(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = ctx->parent;

	ret->number = is_connected_id(ctx, subsys->nqn, row);
}

static void page(const struct api_ctx *ctx, struct json_object *json)
{
	api_add_bool(json, "allow_any_host", ((const struct dsc_subsys *)ctx->parent)->allow_any);
}

static const struct api_field fields[] = {
	{ "host_nqn", API_TEXT, API_FIND, .get = get_host_nqn },
	{ "connected", API_BOOL, API_FILTER | API_LIVE, .get = get_connected },
	{ 0 },
};

static const struct api_kind kind = {
	.name = "allowed host",
	.fields = fields,
	.open = open_subsys,
	.next = next,
	.key = key,
	.hold = keep,
	.drop = keep,
	.page = page,
};

/* -- of a namespace ------------------------------------------------------------------------------------------ */
static bool open_ns(struct api_req *req, struct api_ctx *ctx)
{
	const struct dsc_subsys *subsys = api_path_subsys(req, ctx->snap);

	ctx->parent = subsys ? api_path_ns(req, subsys) : NULL;
	return ctx->parent != NULL;
}

static const void *next_of_ns(const struct api_ctx *ctx, const char *after)
{
	uint64_t id = after_id(after);

	return dsc_tree_next(((const struct dsc_ns *)ctx->parent)->hosts, &dsc_ids_ops, &id);
}

static void get_connected_of_ns(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_ns *ns = ctx->parent;
	const struct dsc_subsys *subsys = dsc_snapshot_subsys_id(ctx->snap, ns->subsys_id);

	ret->number = is_connected_id(ctx, subsys->nqn, row);
}

static void page_of_ns(const struct api_ctx *ctx, struct json_object *json)
{
	api_add_bool(json, "restricted", ((const struct dsc_ns *)ctx->parent)->restricted);
}

static const struct api_field ns_fields[] = {
	{ "host_nqn", API_TEXT, API_FIND, .get = get_host_nqn },
	{ "connected", API_BOOL, API_FILTER | API_LIVE, .get = get_connected_of_ns },
	{ 0 },
};

static const struct api_kind ns_kind = {
	.name = "allowed host",
	.fields = ns_fields,
	.open = open_ns,
	.next = next_of_ns,
	.key = key,
	.hold = keep,
	.drop = keep,
	.page = page_of_ns,
};

/* -- one entry: If-Match is about the object whose list it is ------------------------------------------------------------------------------------------------- */
static void reply_allowed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	struct api_ctx ctx = { .app = api_req_app(op->req), .snap = snap };
	const char *host_nqn = api_req_param(op->req, "host_nqn");
	struct json_object *json = json_object_new_object();

	api_add_str(json, "host_nqn", host_nqn);
	api_add_bool(json, "connected",
		     is_connected(&ctx, api_req_param(op->req, "nqn"), host_nqn));
	api_reply_json(op->req, outcome ? 201 : 200, json);
}

static void put(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	struct api_op *op = subsys ? api_op_begin(req, reply_allowed) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, subsys->changed))
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

	if (op && api_op_if_match(op, subsys->changed))
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

	if (op && api_op_if_match(op, ns->changed))
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

	if (op && api_op_if_match(op, ns->changed))
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
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listAllowedHosts", NULL, api_list, &kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_NONE, ONE, "putAllowedHost", "wait dry_run", put },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteAllowedHost", "wait force dry_run",
	  drop },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, NS_ALL, "listNamespaceHosts", NULL, api_list,
	  &ns_kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_NONE, NS_ONE, "putNamespaceHost", "wait dry_run",
	  put_of_ns },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, NS_ONE, "deleteNamespaceHost",
	  "wait force dry_run", drop_of_ns },
	{ 0 },
};
