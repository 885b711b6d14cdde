/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_snapshot.c - /snapshots of namespaces.  Thread: the control loop.  May block: looks at where a file is to be (see
 * model/commands.h); else never.
 *
 * Of one whose file is being removed nobody is told: it is deleted, unless that fails. */
#include "api/kind.h"
#include "api/resources.h"
#include "common/json.h"
#include "discoveryd/model/commands.h"

#include <stdlib.h>
#include <string.h>

/* -- members ------------------------------------------------------------------------------------------- */
static void get_uuid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = cmn_uuid_format(&((const struct dsc_nssnap *)row)->uuid, ret->buf);
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_nssnap_state_name[((const struct dsc_nssnap *)row)->state];
}

static void get_reason(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_nssnap *s = row;

	(void)ctx;
	ret->text = s->state == DSC_NSSNAP_FAILED ? s->reason : NULL;
}

/* What is known once it is ready. */
static void set_ready(const struct dsc_nssnap *s, uint64_t value, struct api_value *ret)
{
	ret->number = value;
	ret->null = s->state != DSC_NSSNAP_READY;
}

static void get_held(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_nssnap *s = row;

	(void)ctx;
	set_ready(s, s->held_ms, ret);
}

static void get_shared(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_nssnap *s = row;

	(void)ctx;
	set_ready(s, s->shared, ret);
}

static void get_taken(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_nssnap *s = row;

	(void)ctx;
	set_ready(s, s->taken_ms, ret);
}

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND | API_CREATE, API_AT(dsc_nssnap, name) },
	{ "nqn", API_TEXT, API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_nssnap, nqn),
	  .check = dsc_nqn_check },
	{ "nsid", API_NUMBER, API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_nssnap, nsid),
	  .min = 1, .max = DSC_NSID_MAX },
	{ "uuid", API_TEXT, API_FIND, .get = get_uuid },
	{ "worker", API_TEXT, API_FIND | API_LIVE, API_AT(dsc_nssnap, worker) },
	{ "size", API_SIZE, API_FIND | API_LIVE, API_AT(dsc_nssnap, size) },
	{ "block_size", API_NUMBER, API_FIND | API_LIVE, API_AT(dsc_nssnap, block_size) },
	{ "path", API_TEXT, API_FIND | API_CREATE, API_AT(dsc_nssnap, path) },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_nssnap, description),
	  .max = 255 },
	{ "state", API_TEXT, API_FIND | API_LIVE, .get = get_state,
	  .words = dsc_nssnap_state_name },
	{ "reason", API_TEXT, API_LIVE, .get = get_reason },
	{ "max_hold_ms", API_NUMBER, API_FIND | API_CREATE, API_AT(dsc_nssnap, max_hold_ms),
	  .min = DSC_HOLD_MIN_MS, .max = DSC_HOLD_MAX_MS },
	{ "held_ms", API_NUMBER, API_FIND | API_LIVE, .get = get_held },
	{ "shared", API_BOOL, API_FILTER | API_LIVE, .get = get_shared },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_nssnap, created_ms) },
	{ "taken_at", API_TIME, API_FIND | API_LIVE, .get = get_taken },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_nssnap *s = dsc_snapshot_nssnap(ctx->snap, key);

	return s && !s->deleting ? s : NULL;
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	const struct dsc_nssnap *s = dsc_snapshot_nssnap_after(ctx->snap, after);

	while (s && s->deleting)
		s = dsc_snapshot_nssnap_after(ctx->snap, s->name);
	return s;
}

/* -- commands ------------------------------------------------------------------------------------------ */
static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_nssnap_in in = { .name = api_body_str(doc, "id"),
				    .nqn = api_body_str(doc, "nqn"),
				    .nsid = (uint32_t)api_body_u64(doc, "nsid"),
				    .path = api_body_str(doc, "path"),
				    .description = api_body_told(doc, "description"),
				    .max_hold_ms = (uint32_t)api_body_u64(doc, "max_hold_ms") };

	return dsc_cmd_nssnap_create(ctx->app, &in, call, err);
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_nssnap_in in = { .name = ((const struct dsc_nssnap *)row)->name,
				    .description = api_body_told(doc, "description") };

	return dsc_cmd_nssnap_update(ctx->app, &in, call, err);
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_nssnap_delete(ctx->app, ((const struct dsc_nssnap *)row)->name, call, err);
}

static const struct api_kind kind = {
	.name = "snapshot",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_NSSNAP,
	.changed = offsetof(struct dsc_nssnap, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
};

#define ALL "/api/v1/snapshots"
#define ONE ALL "/{id}"

const struct api_route api_res_snapshot[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listSnapshots", NULL, api_list, &kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createSnapshot", "wait", api_create,
	  &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getSnapshot", NULL, api_get, &kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putSnapshot", "wait", api_put, &kind },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchSnapshot", NULL, api_patch, &kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteSnapshot", "wait", api_delete,
	  &kind },
	{ 0 },
};
