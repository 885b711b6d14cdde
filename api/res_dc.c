/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_dc.c - /discovery-controllers: others of our kind, whose entries hosts are told of once they are admitted.
 * Thread: the control loop.  May block: never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/render.h"
#include "api/resources.h"

#include <stdio.h>

#include "discoveryd/follow/follow.h"
#include "discoveryd/model/commands.h"
#include "fabrics/spec/nvme.h"

/* -- members ------------------------------------------------------------------------------------------- */
static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void get_source(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_dc_source_name[((const struct dsc_dc *)row)->source];
}

static void get_hosts(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_dc *dc = row;

	(void)ctx;
	ret->json = api_render_hosts(dc->all_hosts, dc->hosts);
}

static void get_own_nqn(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = or_null(((const struct dsc_dc *)row)->own_nqn);
}

static void get_host_nqn(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = or_null(((const struct dsc_dc *)row)->host_nqn);
}

static const char *const dctypes[] = { "ddc", "cdc", NULL };

static void get_dctype(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	uint8_t dctype = ((const struct dsc_dc *)row)->dctype;

	(void)ctx;
	if (dctype == NVME_DCTYPE_DDC || dctype == NVME_DCTYPE_CDC)
		ret->text = dctypes[dctype - NVME_DCTYPE_DDC];
}

/* What it registered, and what was read of it. */
static void get_entries(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_entity *e;
	void *id;

	dsc_tree_each(id, ((const struct dsc_dc *)row)->entities, &dsc_ids_ops)
	{
		e = dsc_snapshot_entity_id(ctx->snap, dsc_id(id));
		ret->number += e ? dsc_tree_count(e->regs) : 0;
	}
}

/* -- observed ------------------------------------------------------------------------------------------ */
static struct dsc_dc_live live_of(const struct api_ctx *ctx, const void *row)
{
	struct dsc_dc_live live;

	dsc_follow_live(ctx->app->follow, ((const struct dsc_dc *)row)->id, &live);
	return live;
}

static void set_time(struct api_value *ret, uint64_t wall_ms)
{
	ret->number = wall_ms;
	ret->null = !wall_ms;
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_dc_state_name[live_of(ctx, row).state];
}

static void get_announced(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = live_of(ctx, row).announced;
}

static void get_connected_at(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	set_time(ret, live_of(ctx, row).since_ms);
}

static void get_read_at(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	set_time(ret, live_of(ctx, row).read_ms);
}

static void get_genctr(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = live_of(ctx, row).genctr;
}

static void get_skipped(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = live_of(ctx, row).skipped;
}

static void get_error(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	struct dsc_dc_live live = live_of(ctx, row);

	snprintf(ret->buf, sizeof(ret->buf), "%s", live.error);
	ret->text = or_null(ret->buf);
}

static void get_error_at(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	set_time(ret, live_of(ctx, row).error_ms);
}

static const char *const sources[] = { "configured", "registered", "mdns", "kickstart", NULL };
static const char *const states[] = { "waiting", "disabled", "connecting", "connected",
				      "polled",	 "lost",     "itself",	   NULL };

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND | API_CREATE, API_AT(dsc_dc, name) },
	{ "source", API_TEXT, API_FIND, .get = get_source, .words = sources },
	{ "traddr", API_TEXT, API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_dc, traddr) },
	{ "trsvcid", API_PORT, API_FIND | API_CREATE, API_AT(dsc_dc, port) },
	{ "nqn", API_TEXT, API_FIND | API_CREATE, API_AT(dsc_dc, nqn), .check = dsc_nqn_check },
	{ "enabled", API_BOOL, API_FILTER | API_SET, API_AT(dsc_dc, enabled) },
	{ "admitted", API_BOOL, API_FILTER | API_SET, API_AT(dsc_dc, admitted) },
	{ "hosts", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_hosts,
	  .check = api_check_who },
	{ "own_nqn", API_TEXT, API_FIND | API_LIVE, .get = get_own_nqn },
	{ "host_nqn", API_TEXT, API_FIND | API_LIVE, .get = get_host_nqn },
	{ "dctype", API_TEXT, API_FIND | API_LIVE, .get = get_dctype, .words = dctypes },
	{ "entries", API_NUMBER, API_FIND | API_LIVE, .get = get_entries },
	{ "state", API_TEXT, API_FIND | API_LIVE, .get = get_state, .words = states },
	{ "announced", API_BOOL, API_FILTER | API_LIVE, .get = get_announced },
	{ "connected_at", API_TIME, API_FIND | API_LIVE, .get = get_connected_at },
	{ "read_at", API_TIME, API_FIND | API_LIVE, .get = get_read_at },
	{ "genctr", API_NUMBER, API_LIVE, .get = get_genctr },
	{ "skipped", API_NUMBER, API_FIND | API_LIVE, .get = get_skipped },
	{ "error", API_TEXT, API_FIND | API_LIVE, .get = get_error },
	{ "error_at", API_TIME, API_FIND | API_LIVE, .get = get_error_at },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_dc, created_ms) },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_dc(ctx->snap, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_dc_after(ctx->snap, after);
}

/* -- commands ------------------------------------------------------------------------------------------ */
/* What may be changed later too. */
static int read_policy(struct json_object *doc, struct dsc_dc_in *in, struct cmn_err *err)
{
	if (api_read_list(doc, "hosts", &in->hosts, err) < 0 ||
	    api_read_tri(doc, "enabled", &in->enabled, err) < 0 ||
	    api_read_tri(doc, "admitted", &in->admitted, err) < 0)
		return err->code;
	return 0;
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_dc_in in = {
		.name = api_body_str(doc, "id"),
		.address = api_body_str(doc, "traddr"),
		.port = api_body_port(doc, "trsvcid"),
		.nqn = api_body_str(doc, "nqn"),
	};
	int rc = read_policy(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_dc_create(ctx->app, &in, call, err);
	api_list_free(&in.hosts);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_dc_in in = { 0 };
	int rc = read_policy(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_dc_update(ctx->app, ((const struct dsc_dc *)row)->name, &in, call,
				       err);
	api_list_free(&in.hosts);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_dc_delete(ctx->app, ((const struct dsc_dc *)row)->name, call, err);
}

const struct api_kind api_kind_dc = {
	.name = "discovery controller",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_DC,
	.changed = offsetof(struct dsc_dc, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
};

#define ALL "/api/v1/discovery-controllers"
#define ONE ALL "/{id}"

const struct api_route api_res_dc[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listDiscoveryControllers", NULL, api_list,
	  &api_kind_dc },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createDiscoveryController", NULL,
	  api_create, &api_kind_dc },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getDiscoveryController", NULL, api_get,
	  &api_kind_dc },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putDiscoveryController", NULL, api_put,
	  &api_kind_dc },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchDiscoveryController", NULL,
	  api_patch, &api_kind_dc },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteDiscoveryController", NULL,
	  api_delete, &api_kind_dc },
	{ 0 },
};
