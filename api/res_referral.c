/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_referral.c - /referrals: other discovery controllers that hosts are told of.
 * Thread: the control loop.  May block: never. */
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/util.h"

static struct json_object *render_hosts(const struct dsc_referral *r)
{
	struct json_object *array;
	const char *end;

	if (r->all_hosts)
		return NULL;
	array = json_object_new_array();
	for (const char *p = r->hosts; (end = strchr(p, '\n')); p = end + 1)
		json_object_array_add(array, json_object_new_string_len(p, (int)(end - p)));
	return array;
}

static struct json_object *render(const struct dsc_referral *r)
{
	struct json_object *json = json_object_new_object();
	char port[8];

	snprintf(port, sizeof(port), "%u", r->port);
	api_add_str(json, "id", r->name);
	api_add_str(json, "traddr", r->traddr);
	api_add_str(json, "trsvcid", port);
	api_add_str(json, "nqn", r->nqn);
	json_object_object_add(json, "hosts", render_hosts(r));
	api_add_time(json, "created_at", r->created_ms);
	return json;
}

static const struct dsc_referral *path_referral(struct api_req *req,
						const struct dsc_snapshot *snap)
{
	const char *name = api_req_param(req, "id");
	const struct dsc_referral *r = dsc_snapshot_referral(snap, name);

	if (!r)
		api_failf(req, API_PROBLEM_NOT_FOUND, "id", "there is no referral %.64s", name);
	return r;
}

static void list(struct api_req *req)
{
	const struct dsc_snapshot *snap;
	const struct dsc_referral *r;
	struct api_page page;

	if (!api_page_begin(req, &page))
		return;
	snap = dsc_snapshot_current(api_req_app(req)->model);
	for (r = dsc_snapshot_referral_after(snap, page.cursor); r && !api_page_full(&page);
	     r = dsc_snapshot_referral_after(snap, r->name))
		api_page_add(&page, render(r), r->name);
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_referral *r = path_referral(req, snap);

	if (r)
		api_reply_object(req, render(r), r->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_referral *r = dsc_snapshot_referral(snap, outcome->name);
	char location[128];

	if (!r) {
		api_op_reply_lost(op);
		return;
	}
	snprintf(location, sizeof(location), "/api/v1/referrals/%s", r->name);
	api_reply_created(op->req, render(r), r->changed, location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_referral *r = dsc_snapshot_referral(snap, api_req_param(op->req, "id"));

	(void)outcome;
	if (r)
		api_reply_object(op->req, render(r), r->changed);
	else
		api_op_reply_lost(op);
}

static int read_create(struct json_object *doc, struct dsc_referral_in *in, struct cmn_err *err)
{
	static const char *const known[] = { "traddr", "trsvcid", "nqn", "hosts", "id", NULL };
	const char *port = NULL;
	uint64_t number = 0;

	if (cmn_json_only(doc, known, err) < 0 ||
	    cmn_json_str(doc, "traddr", &in->address, err) < 0 ||
	    cmn_json_str_opt(doc, "trsvcid", &port, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "nqn", &in->nqn, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "id", &in->name, NULL, err) < 0 ||
	    api_read_list(doc, "hosts", &in->hosts, err) < 0)
		return err->code;
	if (port && cmn_parse_u64(port, 1, UINT16_MAX, &number) < 0)
		return cmn_err_set(err, -EINVAL, "trsvcid", "trsvcid must be a port, 1 to 65535");
	in->port = (uint16_t)number;
	return 0;
}

static void create(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_created);
	struct dsc_referral_in in = { 0 };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (read_create(api_req_doc(req), &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_referral_create(api_req_app(req), &in, &op->call, &err),
			   &err);
	api_list_free(&in.hosts);
}

static void patch(struct api_req *req)
{
	static const char *const known[] = { "hosts", NULL };
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_referral *r = path_referral(req, snap);
	struct api_op *op = r ? api_op_begin(req, reply_changed) : NULL;
	struct dsc_referral_in in = { 0 };
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, r->changed)) {
		if (cmn_json_only(api_req_doc(req), known, &err) < 0 ||
		    api_read_list(api_req_doc(req), "hosts", &in.hosts, &err) < 0)
			api_op_fail(op, &err);
		else
			api_op_run(op,
				   dsc_cmd_referral_update(api_req_app(req), r->name, &in,
							   &op->call, &err),
				   &err);
		api_list_free(&in.hosts);
	}
	dsc_snapshot_put(snap);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_referral *r = path_referral(req, snap);
	struct api_op *op = r ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, r->changed))
		api_op_run(op, dsc_cmd_referral_delete(api_req_app(req), r->name, &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/referrals"
#define ONE ALL "/{id}"

const struct api_route api_res_referral[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listReferrals", "limit cursor", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createReferral", NULL, create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getReferral", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchReferral", NULL, patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteReferral", NULL, drop },
	{ 0 },
};
