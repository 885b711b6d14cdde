/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_host.c - /hosts: those that are admitted, and those that wait for it.  Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/disc/seen.h"
#include "discoveryd/model/keys.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host that waits has no row in the model: one is made of what is known of it, with id 0. */

/* What is known beside the model while something is read. */
struct watched {
	struct dsc_tree *seen; /* dsc_seen_ops */
	struct dsc_host *made;
	bool wide; /* lists have those that wait too */
};

static void watch(struct api_req *req, struct api_ctx *ctx)
{
	const char *state = api_req_query(req, "state");
	struct watched *watched = dsc_zalloc(sizeof(*watched));

	watched->seen = dsc_disc_seen(ctx->app->disc);
	watched->wide = state && strcmp(state, "admitted") != 0;
	ctx->live = watched;
}

static void unwatch(struct api_ctx *ctx)
{
	struct watched *watched = ctx->live;

	dsc_tree_put(watched->seen, &dsc_seen_ops);
	dsc_row_put(watched->made);
	free(watched);
}

static const struct dsc_seen *seen_of(const struct api_ctx *ctx, const char *nqn)
{
	const struct watched *watched = ctx->live;

	return watched ? dsc_tree_find(watched->seen, &dsc_seen_ops, nqn) : NULL;
}

static const struct dsc_host *make_waiting(const struct api_ctx *ctx, const char *nqn)
{
	const struct dsc_reg *reg = dsc_snapshot_host_reg_after(ctx->snap, nqn, NULL);
	const struct dsc_seen *seen = seen_of(ctx, nqn);
	struct watched *watched = ctx->live;

	if (!watched || (!seen && !reg))
		return NULL;
	dsc_row_put(watched->made);
	watched->made = dsc_row_new(DSC_ROW_HOST);
	snprintf(watched->made->nqn, sizeof(watched->made->nqn), "%s", nqn);
	watched->made->created_ms = seen ? seen->first_ms : reg->created_ms;
	return watched->made;
}

/* -- members ------------------------------------------------------------------------------------------- */
static const char *const states[] = { "admitted", "waiting", NULL };

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = states[((const struct dsc_host *)row)->id == 0];
}

static unsigned int count(const struct api_ctx *ctx, const void *row)
{
	return dsc_supervisor_count(ctx->app->supervisor, NULL, ((const struct dsc_host *)row)->nqn,
				    NULL);
}

static bool is_connected(const struct api_ctx *ctx, const void *row)
{
	const struct dsc_seen *seen = seen_of(ctx, ((const struct dsc_host *)row)->nqn);

	return (seen && seen->nr) || count(ctx, row);
}

static void get_connected(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = is_connected(ctx, row);
}

static void get_groups(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_member *m;

	ret->json = json_object_new_array();
	dsc_tree_each(m, ((const struct dsc_host *)row)->groups, &dsc_host_group_ops)
		json_object_array_add(ret->json,
				      json_object_new_string(
					      dsc_snapshot_group_id(ctx->snap, m->group_id)->name));
}

static void get_subsystems(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	uint64_t id = 0;

	ret->json = json_object_new_array();
	while ((id = dsc_snapshot_named_after(ctx->snap, row, id)))
		json_object_array_add(
			ret->json,
			json_object_new_string(dsc_snapshot_subsys_id(ctx->snap, id)->nqn));
}

static void get_controller_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = count(ctx, row);
}

static void get_discovery_controller_count(const struct api_ctx *ctx, const void *row,
					   struct api_value *ret)
{
	const struct dsc_seen *seen = seen_of(ctx, ((const struct dsc_host *)row)->nqn);

	ret->number = seen ? seen->nr : 0;
}

static void get_address(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_seen *seen = seen_of(ctx, ((const struct dsc_host *)row)->nqn);

	ret->text = seen ? seen->address : NULL;
}

static void get_last_seen(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_seen *seen = seen_of(ctx, ((const struct dsc_host *)row)->nqn);

	ret->null = !seen;
	ret->number = seen ? seen->last_ms : 0;
}

static void get_registered(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_host *host = row;
	const struct dsc_reg *reg = NULL;

	ret->json = json_object_new_array();
	while ((reg = dsc_snapshot_host_reg_after(ctx->snap, host->nqn, reg)))
		json_object_array_add(ret->json, json_object_new_string(reg->traddr));
}

/* Does it have to authenticate, and may it want us to? */
static void get_auth(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	uint64_t id = ((const struct dsc_host *)row)->id;
	const struct dsc_key *key = dsc_snapshot_host_key(ctx->snap, id, DSC_KEY_DHCHAP);
	char fingerprint[FAB_AUTH_FINGERPRINT_MAX];

	ret->json = json_object_new_object();
	api_add_bool(ret->json, "dhchap", key != NULL);
	api_add_bool(ret->json, "dhchap_ctrl",
		     dsc_snapshot_host_key(ctx->snap, id, DSC_KEY_DHCHAP_CTRL) != NULL);
	if (key)
		api_key_fingerprint(key, fingerprint);
	api_add_str(ret->json, "fingerprint", key ? fingerprint : NULL);
}

/* ?state=: of the connected ones, whether they wait or not. */
static const char *const filters[] = { "admitted", "waiting", "connected", NULL };

static bool is_in(const struct api_ctx *ctx, const void *row, const char *words)
{
	bool waits = ((const struct dsc_host *)row)->id == 0;

	return strstr(words, filters[waits]) ||
	       (strstr(words, filters[2]) && is_connected(ctx, row));
}

static const struct api_field fields[] = {
	{ "nqn", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_host, nqn),
	  .check = dsc_nqn_check },
	{ "name", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_host, name), .max = 255 },
	{ "state", API_TEXT, API_SORT | API_LIVE, .get = get_state },
	{ "connected", API_BOOL, API_FILTER | API_LIVE, .get = get_connected },
	{ "groups", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_groups },
	{ "subsystems", API_TEXTS, API_FILTER | API_LIVE, .get = get_subsystems },
	{ "controller_count", API_NUMBER, API_FIND | API_LIVE, .get = get_controller_count },
	{ "discovery_controller_count", API_NUMBER, API_FIND | API_LIVE,
	  .get = get_discovery_controller_count },
	{ "auth", API_JSON, API_LIVE, .get = get_auth },
	{ "address", API_TEXT, API_FIND | API_LIVE, .get = get_address },
	{ "last_seen", API_TIME, API_FIND | API_LIVE, .get = get_last_seen },
	{ "registered", API_TEXTS, API_FILTER | API_LIVE, .get = get_registered },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_host, created_ms) },
	{ "state", API_TEXT, API_FILTER | API_HIDDEN, .words = filters, .match = is_in,
	  .otherwise = "admitted" },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_host *host = dsc_snapshot_host(ctx->snap, key);

	return host ? host : make_waiting(ctx, key);
}

static const char *first_of(const char *a, const char *b)
{
	if (!a || !b)
		return a ? a : b;
	return strcmp(a, b) < 0 ? a : b;
}

/* The next NQN in the order of them all, wherever it is known from. */
static const void *next(const struct api_ctx *ctx, const char *after)
{
	const struct dsc_host *host = dsc_snapshot_host_after(ctx->snap, after);
	const struct watched *watched = ctx->live;
	struct dsc_reg last = { .id = UINT64_MAX };
	const struct dsc_seen *seen;
	const struct dsc_reg *reg;
	const char *nqn;

	if (!watched || !watched->wide)
		return host;
	snprintf(last.nqn, sizeof(last.nqn), "%s", after ? after : "");
	seen = dsc_tree_next(watched->seen, &dsc_seen_ops, after);
	reg = dsc_snapshot_host_reg_after(ctx->snap, NULL, after ? &last : NULL);
	nqn = first_of(host ? host->nqn : NULL,
		       first_of(seen ? seen->nqn : NULL, reg ? reg->nqn : NULL));
	return nqn ? find(ctx, nqn) : NULL;
}

/* -- commands ------------------------------------------------------------------------------------------ */
static int read_body(struct json_object *doc, struct dsc_host_in *in, struct cmn_err *err)
{
	in->nqn = api_body_str(doc, "nqn");
	in->name = api_body_told(doc, "name");
	if (api_read_list(doc, "groups", &in->groups, err) < 0)
		return err->code;
	in->groups.null = false; /* none */
	return 0;
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_host_in in = { 0 };
	int rc = read_body(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_host_create(ctx->app, &in, call, err);
	api_list_free(&in.groups);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_host *host = row;
	struct dsc_host_in in = { 0 };
	int rc = read_body(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_host_update(ctx->app, host->nqn, &in, call, err);
	api_list_free(&in.groups);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_host_delete(ctx->app, ((const struct dsc_host *)row)->nqn, call, err);
}

static void add_user(void *arg, const char *user)
{
	api_op_user(arg, user);
}

static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	dsc_who_users(ctx->snap, ((const struct dsc_host *)row)->id, add_user, op);
}

const struct api_kind api_kind_host = {
	.name = "host",
	.param = "host_nqn",
	.fields = fields,
	.row = DSC_ROW_HOST,
	.changed = offsetof(struct dsc_host, changed),
	.watch = watch,
	.unwatch = unwatch,
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
};

#define KIND &api_kind_host
#define ALL "/api/v1/hosts"
#define ONE ALL "/{host_nqn}"

const struct api_route api_res_host[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listHosts", NULL, api_list, KIND },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createHost", "wait", api_create, KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getHost", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putHost", "wait", api_put, KIND },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchHost", "wait", api_patch, KIND },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteHost", "wait force", api_delete,
	  KIND },
	{ 0 },
};
