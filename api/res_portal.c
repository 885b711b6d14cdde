/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_portal.c - /portals: the addresses that workers listen on.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"
#include "fabrics/discovery_text.h"
#include "fabrics/spec/nvmf.h"

#include <errno.h>
#include <string.h>

/* -- members ------------------------------------------------------------------------------------------- */
static const char *const trtypes[] = { "tcp", NULL };
static const char *const adrfams[] = { "ipv4", "ipv6", NULL };
static const char *const secures[] = { "not_specified", "not_required", "required", NULL };
static const char *const sectypes[] = { "none", "tls13", NULL };

static void get_trtype(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	(void)row;
	ret->text = trtypes[0];
}

static void get_adrfam(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = adrfams[strchr(((const struct dsc_portal *)row)->address, ':') != NULL];
}

static void get_advertise(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_portal *portal = row;

	(void)ctx;
	ret->text = *portal->advertise ? portal->advertise : NULL;
}

static void get_secure(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = fab_disc_secure_text(((const struct dsc_portal *)row)->secure_channel);
}

static void get_sectype(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	(void)row;
	ret->text = fab_disc_sectype_text(NVMF_TCP_SECTYPE_NONE);
}

static void get_worker(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	api_get_worker(ctx, ((const struct dsc_portal *)row)->worker_id, ret);
}

static void get_node(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	api_get_node(ctx, ((const struct dsc_portal *)row)->worker_id, ret);
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_status_name[dsc_snapshot_portal_status(ctx->snap, row, NULL)];
}

static void get_status(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_portal *portal = row;
	const struct dsc_fail *fail = NULL;
	enum dsc_status state = dsc_snapshot_portal_status(ctx->snap, portal, &fail);

	ret->json = api_served_status(ctx, portal->worker_id, state, fail, portal->since);
}

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND | API_CREATE, API_AT(dsc_portal, name) },
	{ "portid", API_NUMBER, API_FIND | API_CREATE, API_AT(dsc_portal, portid), .min = 1,
	  .max = 65534 },
	{ "trtype", API_TEXT, API_FILTER | API_CREATE, .get = get_trtype, .words = trtypes },
	{ "adrfam", API_TEXT, API_FIND | API_CREATE, .get = get_adrfam, .words = adrfams },
	{ "traddr", API_TEXT, API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_portal, address) },
	{ "trsvcid", API_PORT, API_FIND | API_CREATE, API_AT(dsc_portal, port) },
	{ "advertise", API_TEXT, API_FIND | API_SET | API_NULL, .get = get_advertise },
	{ "secure_channel", API_TEXT, API_FIND | API_SET | API_NULL, .get = get_secure,
	  .words = secures },
	{ "sectype", API_TEXT, API_FIND | API_SET, .get = get_sectype, .words = sectypes },
	{ "worker", API_TEXT, API_FIND | API_CREATE | API_NULL, .get = get_worker },
	{ "node", API_TEXT, API_FIND | API_LIVE, .get = get_node },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_portal, created_ms) },
	{ "status", API_JSON, API_LIVE, .get = get_status },
	{ "state", API_TEXT, API_FIND | API_LIVE | API_HIDDEN, .get = get_state,
	  .words = dsc_status_name },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_portal *portal = dsc_snapshot_portal(ctx->snap, key);

	return portal && portal->kind == DSC_PORTAL_IO ? portal : NULL;
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	const struct dsc_portal *portal = dsc_snapshot_portal_after(ctx->snap, after);

	while (portal && portal->kind != DSC_PORTAL_IO)
		portal = dsc_snapshot_portal_after(ctx->snap, portal->name);
	return portal;
}

/* -- commands ------------------------------------------------------------------------------------------ */
void api_portal_read_told(struct json_object *doc, struct dsc_portal_in *in)
{
	in->advertise_set = cmn_json_has(doc, "advertise");
	in->advertise = api_body_str(doc, "advertise");
	in->secure_channel = api_body_str(doc, "secure_channel");
	if (cmn_json_has(doc, "secure_channel") && !in->secure_channel)
		in->secure_channel = secures[0];
	in->sectype = api_body_str(doc, "sectype");
}

int api_portal_read(struct json_object *doc, struct dsc_portal_in *in, struct cmn_err *err)
{
	const char *adrfam = api_body_str(doc, "adrfam");

	in->name = api_body_str(doc, "id");
	in->address = api_body_str(doc, "traddr");
	in->port = api_body_port(doc, "trsvcid");
	in->portid = (uint16_t)api_body_u64(doc, "portid");
	in->worker = api_body_str(doc, "worker");
	api_portal_read_told(doc, in);
	/* What follows from the address may be said too, if it agrees. */
	if (adrfam && in->address && strcmp(adrfam, adrfams[strchr(in->address, ':') != NULL]) != 0)
		return cmn_err_set(err, -EINVAL, "adrfam", "%.64s is no %s address", in->address,
				   adrfam);
	return 0;
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_portal_in in = { 0 };
	int rc = api_portal_read(doc, &in, err);

	return rc < 0 ? rc : dsc_cmd_portal_create(ctx->app, &in, call, err);
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_portal *portal = row;
	struct dsc_portal_in in = { 0 };

	api_portal_read(doc, &in, err);
	return dsc_cmd_portal_update(ctx->app, portal->name, &in, call, err);
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_portal_delete(ctx->app, ((const struct dsc_portal *)row)->name, call, err);
}

/* A controller that came in through the portal. */
struct through {
	struct api_op *op;
	const char *portal;
};

static bool add_host(void *arg, const struct dsc_controller *controller)
{
	struct through *through = arg;

	if (strcmp(controller->portal, through->portal) == 0)
		api_op_user(through->op, controller->host_nqn);
	return true;
}

/* The subsystems that name it, and the hosts connected through it. */
static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	const struct dsc_portal *portal = row;
	struct through through = { .op = op, .portal = portal->name };
	const struct dsc_subsys *subsys;

	dsc_tree_each(subsys, ctx->snap->subsystems, &dsc_subsys_ops)
	{
		if (!subsys->all_portals && dsc_snapshot_serves(subsys, portal))
			api_op_user(op, subsys->nqn);
	}
	dsc_supervisor_controllers(ctx->app->supervisor, NULL, NULL, add_host, &through);
}

const struct api_kind api_kind_portal = {
	.name = "portal",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_PORTAL,
	.changed = offsetof(struct dsc_portal, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
};

#define KIND &api_kind_portal
#define ALL "/api/v1/portals"
#define ONE ALL "/{id}"

const struct api_route api_res_portal[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listPortals", NULL, api_list, KIND },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createPortal", "wait", api_create, KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getPortal", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putPortal", "wait", api_put, KIND },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchPortal", "wait", api_patch, KIND },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deletePortal", "wait force", api_delete,
	  KIND },
	{ 0 },
};
