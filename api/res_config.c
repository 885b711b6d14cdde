/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_config.c - /config: everything that is configured, as one document.  Thread: the control loop.
 * May block: the look at new namespaces' files (see model/commands.h); else never. */
#include "api/config_doc.h"
#include "api/op.h"
#include "api/resources.h"

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);

	api_reply_object(req, api_config_render(snap), snap->change);
	dsc_snapshot_put(snap);
}

/* What has changed, or would, with how far its way to the hosts has got. */
static void reply_put(struct api_op *op, const struct dsc_snapshot *snap,
		      const struct dsc_outcome *outcome)
{
	struct json_object *json = json_object_get(op->changes);

	(void)snap;
	api_add_str(json, "state", dsc_status_name[outcome ? outcome->state : DSC_READY]);
	api_add_str(json, "reason", outcome && *outcome->reason ? outcome->reason : NULL);
	json_object_object_add(json, "kept", json_object_get(op->json));
	api_reply_json(op->req, 200, json);
}

static void put(struct api_req *req)
{
	struct api_config_call call = { .app = api_req_app(req), .doc = api_req_doc(req) };
	struct api_op *op = api_op_begin(req, reply_put);
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (!api_req_flag(req, "prune", &call.prune)) {
		api_op_drop(op);
		return;
	}
	call.force = op->call.force;
	op->json = call.kept = json_object_new_array();
	op->tells_logs = true;
	api_op_run(op, api_config_apply(&call, &err), &err);
}

#define CONFIG "/api/v1/config"

const struct api_route api_res_config[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, CONFIG, "getConfig", NULL, get },
	{ API_PUT, API_ROLE_ADMIN, API_BODY_JSON, CONFIG, "putConfig", "dry_run prune force wait",
	  put },
	{ 0 },
};
