/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_portal.c - /portals: the addresses that workers listen on.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct json_object *render(struct dsc_app *app, const struct dsc_snapshot *snap,
				  const struct dsc_portal *portal)
{
	struct json_object *json = json_object_new_object();
	const struct dsc_fail *fail = NULL;
	enum dsc_status state = dsc_snapshot_portal_status(snap, portal, &fail);
	char port[8];

	snprintf(port, sizeof(port), "%u", portal->port);
	api_add_str(json, "id", portal->name);
	api_add_u64(json, "portid", portal->portid);
	api_add_str(json, "trtype", "tcp");
	api_add_str(json, "adrfam", strchr(portal->address, ':') ? "ipv6" : "ipv4");
	api_add_str(json, "traddr", portal->address);
	api_add_str(json, "trsvcid", port);
	api_add_str(json, "advertise", *portal->advertise ? portal->advertise : NULL);
	api_add_worker(json, snap, portal->worker_id, true);
	api_add_time(json, "created_at", portal->created_ms);
	api_add_served_status(json, app, dsc_snapshot_worker_id(snap, portal->worker_id), state,
			      fail, portal->since);
	return json;
}

static const struct dsc_portal *path_portal(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *id = api_req_param(req, "id");
	const struct dsc_portal *portal = dsc_snapshot_portal(snap, id);

	if (portal && portal->kind == DSC_PORTAL_IO)
		return portal;
	api_failf(req, API_PROBLEM_NOT_FOUND, "id", "there is no portal %.63s", id);
	return NULL;
}

static void list(struct api_req *req)
{
	const struct dsc_snapshot *snap;
	const struct dsc_portal *portal;
	struct api_page page;

	if (!api_page_begin(req, &page))
		return;
	snap = dsc_snapshot_current(api_req_app(req)->model);
	for (portal = dsc_snapshot_portal_after(snap, page.cursor); portal;
	     portal = dsc_snapshot_portal_after(snap, portal->name)) {
		if (portal->kind != DSC_PORTAL_IO)
			continue;
		if (api_page_full(&page))
			break;
		api_page_add(&page, render(api_req_app(req), snap, portal), portal->name);
	}
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_portal *portal = path_portal(req, snap);

	if (portal)
		api_reply_object(req, render(api_req_app(req), snap, portal), portal->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_portal *portal = dsc_snapshot_portal(snap, outcome->name);
	char location[256] = "/api/v1/portals/";
	size_t used = strlen(location);

	if (!portal) {
		api_op_reply_lost(op);
		return;
	}
	api_uri_encode(portal->name, location + used, sizeof(location) - used);
	api_reply_created(op->req, render(api_req_app(op->req), snap, portal), portal->changed,
			  location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_portal *portal = dsc_snapshot_portal(snap, api_req_param(op->req, "id"));

	(void)outcome;
	if (portal)
		api_reply_object(op->req, render(api_req_app(op->req), snap, portal),
				 portal->changed);
	else
		api_op_reply_lost(op);
}

/* "4420" or 4420. */
static int read_trsvcid(struct json_object *doc, uint16_t *ret_port, struct cmn_err *err)
{
	struct json_object *value;
	uint64_t port;

	if (!json_object_object_get_ex(doc, "trsvcid", &value) || !value)
		return 0;
	if (json_object_is_type(value, json_type_string)) {
		if (cmn_parse_u64(json_object_get_string(value), 1, UINT16_MAX, &port) < 0)
			return cmn_err_set(err, -EINVAL, "trsvcid",
					   "trsvcid must be a port, 1 to 65535");
	} else if (cmn_json_u64(doc, "trsvcid", &port, err) < 0 ||
		   cmn_json_range("trsvcid", port, 1, UINT16_MAX, err) < 0) {
		return err->code;
	}
	*ret_port = (uint16_t)port;
	return 0;
}

/* What follows from the address may be said too, if it agrees. */
static int check_transport(struct json_object *doc, const char *traddr, struct cmn_err *err)
{
	const char *trtype = NULL, *adrfam = NULL;
	const char *family = strchr(traddr, ':') ? "ipv6" : "ipv4";

	if (cmn_json_str_opt(doc, "trtype", &trtype, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "adrfam", &adrfam, NULL, err) < 0)
		return err->code;
	if (trtype && strcmp(trtype, "tcp") != 0)
		return cmn_err_set(err, -EINVAL, "trtype", "only the tcp transport is there");
	if (adrfam && strcmp(adrfam, family) != 0)
		return cmn_err_set(err, -EINVAL, "adrfam", "%s is an %s address", traddr, family);
	return 0;
}

static int read_advertise(struct json_object *doc, struct dsc_portal_in *in, struct cmn_err *err)
{
	in->advertise_set = cmn_json_has(doc, "advertise");
	return cmn_json_str_opt(doc, "advertise", &in->advertise, NULL, err);
}

int api_portal_read(struct json_object *doc, struct dsc_portal_in *in, struct cmn_err *err)
{
	static const char *const known[] = { "traddr", "trsvcid",   "id",     "portid", "trtype",
					     "adrfam", "advertise", "worker", NULL };
	uint64_t portid = 0;
	bool has;

	if (cmn_json_only(doc, known, err) < 0 ||
	    cmn_json_str(doc, "traddr", &in->address, err) < 0 ||
	    read_trsvcid(doc, &in->port, err) < 0 ||
	    cmn_json_str_opt(doc, "id", &in->name, NULL, err) < 0 ||
	    cmn_json_u64_opt(doc, "portid", &portid, &has, err) < 0 ||
	    cmn_json_str_opt(doc, "worker", &in->worker, NULL, err) < 0 ||
	    read_advertise(doc, in, err) < 0 || check_transport(doc, in->address, err) < 0)
		return err->code;
	if (has && cmn_json_range("portid", portid, 1, 65534, err) < 0)
		return err->code;
	in->portid = (uint16_t)portid;
	return 0;
}

static void create(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_created);
	struct dsc_portal_in in = { 0 };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (api_portal_read(api_req_doc(req), &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_portal_create(api_req_app(req), &in, &op->call, &err), &err);
}

static void run_patch(struct api_op *op, const char *name)
{
	static const char *const known[] = { "advertise", NULL };
	struct json_object *doc = api_req_doc(op->req);
	struct dsc_portal_in in = { 0 };
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 || read_advertise(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op,
			   dsc_cmd_portal_update(api_req_app(op->req), name, &in, &op->call, &err),
			   &err);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_portal *portal = path_portal(req, snap);
	struct api_op *op = portal ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, portal->changed))
		run_patch(op, portal->name);
	dsc_snapshot_put(snap);
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
static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct dsc_portal *portal = dsc_snapshot_portal(snap, api_req_param(op->req, "id"));
	struct through through = { .op = op };
	const struct dsc_subsys *subsys;

	if (!portal)
		return;
	dsc_tree_each(subsys, snap->subsystems, &dsc_subsys_ops)
	{
		if (!subsys->all_portals && dsc_snapshot_serves(subsys, portal))
			api_op_user(op, subsys->nqn);
	}
	through.portal = portal->name;
	dsc_supervisor_controllers(api_req_app(op->req)->supervisor, NULL, NULL, add_host,
				   &through);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_portal *portal = path_portal(req, snap);
	struct api_op *op = portal ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, portal->changed)) {
		op->users = users;
		api_op_run(op,
			   dsc_cmd_portal_delete(api_req_app(req), portal->name, &op->call, &err),
			   &err);
	}
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/portals"
#define ONE ALL "/{id}"

const struct api_route api_res_portal[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listPortals", "limit cursor", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createPortal", "wait", create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getPortal", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchPortal", "wait", patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deletePortal", "wait force", drop },
	{ 0 },
};
