/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_referral.c - /referrals: other discovery controllers that hosts are told of.
 * Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/render.h"
#include "api/resources.h"

/* -- members ------------------------------------------------------------------------------------------- */
static void get_hosts(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_referral *r = row;

	(void)ctx;
	ret->json = api_render_hosts(r->all_hosts, r->hosts);
}

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND | API_CREATE, API_AT(dsc_referral, name) },
	{ "traddr", API_TEXT, API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_referral, traddr) },
	{ "trsvcid", API_PORT, API_FIND | API_CREATE, API_AT(dsc_referral, port) },
	{ "nqn", API_TEXT, API_FIND | API_CREATE, API_AT(dsc_referral, nqn),
	  .check = dsc_nqn_check },
	{ "hosts", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_hosts,
	  .check = api_check_who },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_referral, created_ms) },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_referral(ctx->snap, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_referral_after(ctx->snap, after);
}

/* -- commands ------------------------------------------------------------------------------------------ */
static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_referral_in in = {
		.name = api_body_str(doc, "id"),
		.address = api_body_str(doc, "traddr"),
		.port = api_body_port(doc, "trsvcid"),
		.nqn = api_body_str(doc, "nqn"),
	};
	int rc = api_read_list(doc, "hosts", &in.hosts, err);

	if (rc == 0)
		rc = dsc_cmd_referral_create(ctx->app, &in, call, err);
	api_list_free(&in.hosts);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_referral *r = row;
	struct dsc_referral_in in = { 0 };
	int rc = api_read_list(doc, "hosts", &in.hosts, err);

	if (rc == 0)
		rc = dsc_cmd_referral_update(ctx->app, r->name, &in, call, err);
	api_list_free(&in.hosts);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_referral_delete(ctx->app, ((const struct dsc_referral *)row)->name, call,
				       err);
}

const struct api_kind api_kind_referral = {
	.name = "referral",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_REFERRAL,
	.changed = offsetof(struct dsc_referral, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
};

#define ALL "/api/v1/referrals"
#define ONE ALL "/{id}"

const struct api_route api_res_referral[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listReferrals", NULL, api_list,
	  &api_kind_referral },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createReferral", NULL, api_create,
	  &api_kind_referral },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getReferral", NULL, api_get,
	  &api_kind_referral },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putReferral", NULL, api_put,
	  &api_kind_referral },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchReferral", NULL, api_patch,
	  &api_kind_referral },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteReferral", NULL, api_delete,
	  &api_kind_referral },
	{ 0 },
};
