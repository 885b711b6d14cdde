/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_namespace.c - /subsystems/{nqn}/namespaces, and /namespaces of all subsystems.  Thread: the control loop.
 * May block: the look at a new namespace's file (see model/commands.h); else never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- members ------------------------------------------------------------------------------------------- */
static const struct dsc_subsys *subsys_of(const struct api_ctx *ctx, const void *row)
{
	return dsc_snapshot_subsys_id(ctx->snap, ((const struct dsc_ns *)row)->subsys_id);
}

static void get_nqn(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = subsys_of(ctx, row);

	ret->text = subsys ? subsys->nqn : NULL;
}

static void get_uuid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = cmn_uuid_format(&((const struct dsc_ns *)row)->uuid, ret->buf);
}

static void set_hex(struct api_value *ret, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret->buf + 2 * i, 3, "%02x", bytes[i]);
	ret->text = ret->buf;
}

static void get_nguid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_ns *ns = row;

	(void)ctx;
	set_hex(ret, ns->nguid, sizeof(ns->nguid));
}

static void get_eui64(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_ns *ns = row;

	(void)ctx;
	set_hex(ret, ns->eui64, sizeof(ns->eui64));
}

static void get_backend(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_backend_name[((const struct dsc_ns *)row)->backend];
}

static void get_hosts(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_ns *ns = row;
	const void *id;

	if (!ns->restricted)
		return;
	ret->json = json_object_new_array();
	dsc_tree_each(id, ns->hosts, &dsc_ids_ops) api_add_who(ret->json, ctx->snap, dsc_id(id));
}

static enum dsc_status status_of(const struct api_ctx *ctx, const void *row,
				 const struct dsc_fail **ret_fail)
{
	const struct dsc_subsys *subsys = subsys_of(ctx, row);

	if (!subsys)
		return DSC_PENDING;
	return dsc_snapshot_subsys_status(ctx->snap, subsys, ((const struct dsc_ns *)row)->nsid,
					  ret_fail);
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_status_name[status_of(ctx, row, NULL)];
}

static void get_status(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_subsys *subsys = subsys_of(ctx, row);
	const struct dsc_fail *fail = NULL;
	enum dsc_status state = status_of(ctx, row, &fail);

	ret->json = api_served_status(ctx, subsys ? subsys->worker_id : 0, state, fail,
				      ((const struct dsc_ns *)row)->changed);
}

/* Of a body alone. */
static void get_nothing(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	(void)row;
	ret->absent = true;
}

static const struct api_field fields[] = {
	{ "nqn", API_TEXT, API_PARENT | API_FIND, .get = get_nqn },
	{ "nsid", API_NUMBER, API_KEY | API_FIND | API_CREATE, API_AT(dsc_ns, nsid), .min = 1,
	  .max = DSC_NSID_MAX },
	{ "uuid", API_TEXT, API_FIND | API_CREATE, .get = get_uuid },
	{ "nguid", API_TEXT, API_FILTER | API_CREATE, .get = get_nguid },
	{ "eui64", API_TEXT, API_FILTER | API_CREATE, .get = get_eui64 },
	{ "backend", API_TEXT, API_FIND | API_CREATE, .get = get_backend,
	  .words = dsc_backend_name },
	{ "path", API_TEXT, API_FIND | API_CREATE | API_NULL, API_AT(dsc_ns, path) },
	{ "size", API_SIZE, API_FIND | API_SET, API_AT(dsc_ns, size) },
	{ "block_size", API_NUMBER, API_FIND | API_CREATE, API_AT(dsc_ns, block_size), .min = 512,
	  .max = 4096 },
	{ "read_only", API_BOOL, API_FILTER | API_SET | API_NULL, API_AT(dsc_ns, read_only) },
	{ "ana_group", API_NUMBER, API_FIND | API_SET | API_NULL, API_AT(dsc_ns, ana_group),
	  .min = 1, .max = FAB_ANA_GROUPS },
	{ "hosts", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_hosts,
	  .check = api_check_who },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_ns, created_ms) },
	{ "status", API_JSON, API_LIVE, .get = get_status },
	{ "state", API_TEXT, API_FIND | API_LIVE | API_HIDDEN, .get = get_state,
	  .words = dsc_status_name },
	{ "snapshot", API_TEXT, API_CREATE | API_HIDDEN, .get = get_nothing },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static bool open_subsys(struct api_req *req, struct api_ctx *ctx)
{
	ctx->parent = api_path_subsys(req, ctx->snap);
	return ctx->parent != NULL;
}

static bool adopt(struct api_ctx *ctx, const void *row)
{
	ctx->parent = subsys_of(ctx, row);
	return ctx->parent != NULL;
}

static const void *find(const struct api_ctx *ctx, const char *key)
{
	uint64_t nsid;

	if (cmn_parse_u64(key, 1, UINT32_MAX, &nsid) < 0)
		return NULL;
	return dsc_snapshot_ns(ctx->parent, (uint32_t)nsid);
}

static const void *next_in(const struct dsc_subsys *subsys, const char *after)
{
	uint32_t nsid = after ? (uint32_t)strtoul(after, NULL, 10) : 0;

	return dsc_tree_next(subsys->namespaces, &dsc_ns_ops, &nsid);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return next_in(ctx->parent, after);
}

/* Of all subsystems: "NSID NQN", so that a key can be told from its parts. */
static const void *next_of_all(const struct api_ctx *ctx, const char *after)
{
	const char *nqn = after ? strchr(after, ' ') : NULL;
	const struct dsc_subsys *subsys = NULL;
	const void *ns = NULL;

	nqn = nqn ? nqn + 1 : NULL;
	if (nqn)
		subsys = dsc_snapshot_subsys(ctx->snap, nqn);
	if (subsys)
		ns = next_in(subsys, after);
	while (!ns && (subsys = dsc_snapshot_subsys_after(ctx->snap, nqn))) {
		nqn = subsys->nqn;
		ns = next_in(subsys, NULL);
	}
	return ns;
}

static void key_of_all(const struct api_ctx *ctx, const void *row, char *buf, size_t size)
{
	const struct dsc_subsys *subsys = subsys_of(ctx, row);

	snprintf(buf, size, "%u %s", ((const struct dsc_ns *)row)->nsid, subsys ? subsys->nqn : "");
}

/* -- commands ------------------------------------------------------------------------------------------ */
int api_ns_read(struct json_object *doc, struct dsc_ns_in *in, struct cmn_err *err)
{
	in->nsid = (uint32_t)api_body_u64(doc, "nsid");
	in->size_set = json_object_object_get(doc, "size") != NULL;
	in->size = api_body_size(doc, "size");
	in->block_size = (uint32_t)api_body_u64(doc, "block_size");
	in->backend = api_body_str(doc, "backend");
	in->path = api_body_str(doc, "path");
	in->uuid = api_body_str(doc, "uuid");
	in->nguid = api_body_str(doc, "nguid");
	in->eui64 = api_body_str(doc, "eui64");
	in->ana_group = (uint32_t)api_body_u64(doc, "ana_group");
	if (!in->ana_group && cmn_json_has(doc, "ana_group"))
		in->ana_group = DSC_ANA_DEFAULT; /* null */
	if (api_read_tri(doc, "read_only", &in->read_only, err) < 0)
		return err->code;
	return api_read_list(doc, "hosts", &in->hosts, err);
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	const struct dsc_subsys *subsys = ctx->parent;
	struct dsc_ns_in in = { 0 };
	int rc = api_ns_read(doc, &in, err);

	in.snapshot = api_body_str(doc, "snapshot");
	if (rc == 0)
		rc = dsc_cmd_ns_create(ctx->app, subsys->nqn, &in, call, err);
	api_list_free(&in.hosts);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_subsys *subsys = ctx->parent;
	const struct dsc_ns *ns = row;
	struct dsc_ns_in in = { 0 };
	int rc = api_ns_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_ns_update(ctx->app, subsys->nqn, ns->nsid, &in, call, err);
	api_list_free(&in.hosts);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	const struct dsc_subsys *subsys = ctx->parent;

	return dsc_cmd_ns_delete(ctx->app, subsys->nqn, ((const struct dsc_ns *)row)->nsid, call,
				 err);
}

/* A controller whose host sees the namespace. */
struct seeing {
	struct api_op *op;
	const struct dsc_snapshot *snap;
	const struct dsc_ns *ns;
};

static bool add_user(void *arg, const struct dsc_controller *controller)
{
	const struct seeing *seeing = arg;
	const struct dsc_host *host = dsc_snapshot_host(seeing->snap, controller->host_nqn);

	if (!seeing->ns->restricted ||
	    (host && dsc_tree_find(seeing->ns->hosts, &dsc_ids_ops, &host->id)))
		api_op_user(seeing->op, controller->host_nqn);
	return true;
}

static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	const struct dsc_subsys *subsys = ctx->parent;
	struct seeing seeing = { .op = op, .snap = ctx->snap, .ns = row };

	dsc_supervisor_controllers(ctx->app->supervisor, subsys->nqn, NULL, add_user, &seeing);
}

const struct api_kind api_kind_namespace = {
	.name = "namespace",
	.param = "nsid",
	.fields = fields,
	.row = DSC_ROW_NS,
	.changed = offsetof(struct dsc_ns, changed),
	.open = open_subsys,
	.adopt = adopt,
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
};

static const struct api_kind all_kind = {
	.name = "namespace",
	.fields = fields,
	.next = next_of_all,
	.key = key_of_all,
};

#define KIND &api_kind_namespace
#define ALL "/api/v1/subsystems/{nqn}/namespaces"
#define ONE ALL "/{nsid}"

const struct api_route api_res_namespace[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listNamespaces", NULL, api_list, KIND },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createNamespace", "wait", api_create,
	  KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getNamespace", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putNamespace", "wait force", api_put,
	  KIND },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchNamespace", "wait force", api_patch,
	  KIND },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteNamespace", "wait force",
	  api_delete, KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/namespaces", "listAllNamespaces", NULL,
	  api_list, &all_kind },
	{ 0 },
};
