/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_controller.c - /controllers: who is connected to what, as the workers report it.  Thread: the control loop.
 * May block: never. */
#include "api/kind.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void get_portal(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_controller *c = row;

	(void)ctx;
	ret->text = *c->portal ? c->portal : NULL;
}

static const struct api_field fields[] = {
	{ "nqn", API_TEXT, API_FIND, API_AT(dsc_controller, nqn) },
	{ "cntlid", API_NUMBER, API_FIND, API_AT(dsc_controller, cntlid) },
	{ "host_nqn", API_TEXT, API_FIND, API_AT(dsc_controller, host_nqn) },
	{ "host_id", API_TEXT, API_FIND, API_AT(dsc_controller, host_id) },
	{ "host_addr", API_TEXT, API_FIND, API_AT(dsc_controller, host_addr) },
	{ "portal", API_TEXT, API_FIND, .get = get_portal },
	{ "worker", API_TEXT, API_FIND, API_AT(dsc_controller, worker) },
	{ "qpairs", API_NUMBER, API_FIND, API_AT(dsc_controller, qpairs) },
	{ "kato_ms", API_NUMBER, API_FIND, API_AT(dsc_controller, kato_ms) },
	{ "authenticated", API_BOOL, API_FILTER, API_AT(dsc_controller, authenticated) },
	{ "header_digest", API_BOOL, API_FILTER, API_AT(dsc_controller, header_digest) },
	{ "data_digest", API_BOOL, API_FILTER, API_AT(dsc_controller, data_digest) },
	{ "connected_at", API_TIME, API_FIND, API_AT(dsc_controller, connected_ms) },
	{ 0 },
};

/* "CNTLID NQN": CNTLIDs are a subsystem's own, and a subsystem lives in one worker. */
static void key(const struct api_ctx *ctx, const void *row, char *buf, size_t size)
{
	const struct dsc_controller *c = row;

	(void)ctx;
	snprintf(buf, size, "%u %s", c->cntlid, c->nqn);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	const char *nqn = after ? strchr(after, ' ') : NULL;

	return dsc_supervisor_controller_after(ctx->app->supervisor, nqn ? nqn + 1 : "",
					       nqn ? (uint16_t)strtoul(after, NULL, 10) : 0);
}

static void hold(const void *row)
{
	dsc_controller_get(row);
}

static void drop(const void *row)
{
	dsc_controller_put(row);
}

static const struct api_kind kind = {
	.name = "controller",
	.fields = fields,
	.next = next,
	.key = key,
	.hold = hold,
	.drop = drop,
};

/* -- of a subsystem ---------------------------------------------------------------------------------------- */
static bool open_subsys(struct api_req *req, struct api_ctx *ctx)
{
	ctx->parent = api_path_subsys(req, ctx->snap);
	return ctx->parent != NULL;
}

static const void *find(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_subsys *subsys = ctx->parent;
	const struct dsc_controller *c;
	uint64_t cntlid;

	if (cmn_parse_u64(key, 1, UINT16_MAX, &cntlid) < 0)
		return NULL;
	c = dsc_supervisor_controller_after(ctx->app->supervisor, subsys->nqn,
					    (uint16_t)(cntlid - 1));
	return c && c->cntlid == cntlid && strcmp(c->nqn, subsys->nqn) == 0 ? c : NULL;
}

static const struct api_kind of_subsys_kind = {
	.name = "controller",
	.param = "cntlid",
	.fields = fields,
	.open = open_subsys,
	.find = find,
};

static void end(struct api_req *req, const struct api_ctx *ctx)
{
	const struct dsc_controller *c = find(ctx, api_req_param(req, "cntlid"));
	struct cmn_err err = { 0 };

	if (!c) {
		api_kind_lost(req, &of_subsys_kind);
	} else if (dsc_supervisor_disconnect(ctx->app->supervisor, c) < 0) {
		cmn_err_set(&err, -EAGAIN, NULL, "worker %s can't be told now", c->worker);
		api_fail(req, &err);
	} else {
		api_reply_empty(req, 204);
	}
}

static void disconnect(struct api_req *req)
{
	struct api_ctx ctx;

	if (api_kind_open(req, &of_subsys_kind, dsc_snapshot_current(api_req_app(req)->model),
			  &ctx))
		end(req, &ctx);
	api_kind_close(&of_subsys_kind, &ctx);
}

#define ONE "/api/v1/subsystems/{nqn}/controllers/{cntlid}"

const struct api_route api_res_controller[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/controllers", "listControllers", NULL,
	  api_list, &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getController", NULL, api_get,
	  &of_subsys_kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteController", NULL, disconnect,
	  NULL },
	{ 0 },
};
