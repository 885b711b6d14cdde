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

/* The diff, with how far its way to the hosts has got. */
static void answer(struct api_req *req, struct json_object *diff, bool dry_run, const char *state,
		   const char *reason)
{
	api_add_bool(diff, "dry_run", dry_run);
	api_add_str(diff, "state", state);
	api_add_str(diff, "reason", reason);
	api_reply_json(req, 200, json_object_get(diff));
}

static void reply_put(struct api_op *op, const struct dsc_snapshot *snap,
		      const struct dsc_outcome *outcome)
{
	enum dsc_status state = outcome ? outcome->state : DSC_READY;

	(void)snap;
	answer(op->req, op->json, op->dry_run, dsc_status_name[state],
	       outcome && *outcome->reason ? outcome->reason : NULL);
}

/* The batch is applied: what it would change is the answer, or is stored first. */
static void end_put(struct api_op *op, struct json_object *kept, bool dry_run)
{
	struct dsc_app *app = api_req_app(op->req);

	op->json = api_config_diff(dsc_batch_before(app), dsc_batch_after(app));
	json_object_object_add(op->json, "kept", kept);
	if (dry_run) {
		dsc_batch_abort(app);
		op->dry_run = true;
		api_op_run(op, 1, NULL);
		return;
	}
	api_op_run(op, dsc_batch_commit(app, &op->call, "config"), NULL);
}

static void put(struct api_req *req)
{
	struct api_config_call call = { .app = api_req_app(req), .doc = api_req_doc(req) };
	struct api_op *op = api_op_begin(req, reply_put);
	struct cmn_err err = { 0 };
	bool dry_run = false;

	if (!op)
		return;
	if (!api_req_flag(req, "dry_run", &dry_run) || !api_req_flag(req, "prune", &call.prune)) {
		api_op_drop(op);
		return;
	}
	call.force = op->call.force;
	call.kept = json_object_new_array();
	dsc_batch_begin(call.app);
	if (api_config_apply(&call, &err) == 0) {
		end_put(op, call.kept, dry_run);
		return;
	}
	dsc_batch_abort(call.app);
	json_object_put(call.kept);
	api_op_fail(op, &err);
}

#define CONFIG "/api/v1/config"

const struct api_route api_res_config[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, CONFIG, "getConfig", NULL, get },
	{ API_PUT, API_ROLE_ADMIN, API_BODY_JSON, CONFIG, "putConfig", "dry_run prune force wait",
	  put },
	{ 0 },
};
