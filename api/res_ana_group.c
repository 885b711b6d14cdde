/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_ana_group.c - /ana-groups: groups of namespaces, and how portals let hosts at them.  Thread: the control loop.
 * May block: never. */
#include "api/config_doc.h"
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "common/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- members ------------------------------------------------------------------------------------------- */
static void get_states(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_portal *portal = NULL;

	ret->json = json_object_new_object();
	while ((portal = dsc_snapshot_portal_after(ctx->snap, portal ? portal->name : NULL))) {
		if (portal->kind == DSC_PORTAL_IO)
			api_add_str(ret->json, portal->name,
				    fab_ana_text(dsc_snapshot_ana_state(row, portal)));
	}
}

/* The newest state that a worker has yet to hear of; NULL: none. */
static const struct dsc_ana_state *pending(const struct api_ctx *ctx, const void *row,
					   uint64_t *ret_worker_id)
{
	const struct dsc_ana_state *state, *newest = NULL;
	const struct dsc_portal *portal;
	const struct dsc_worker *worker;

	dsc_tree_each(state, ((const struct dsc_ana_group *)row)->states, &dsc_ana_state_ops)
	{
		portal = dsc_snapshot_portal_id(ctx->snap, state->portal_id);
		worker = portal ? dsc_snapshot_worker_id(ctx->snap, portal->worker_id) : NULL;
		if (!worker || worker->confirmed >= state->since ||
		    (newest && newest->since >= state->since))
			continue;
		newest = state;
		*ret_worker_id = worker->id;
	}
	return newest;
}

static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	uint64_t worker_id;

	ret->text = dsc_status_name[pending(ctx, row, &worker_id) ? DSC_PENDING : DSC_READY];
}

static void get_status(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	uint64_t worker_id = 0;
	enum dsc_status state = pending(ctx, row, &worker_id) ? DSC_PENDING : DSC_READY;

	ret->json = api_served_status(ctx, worker_id, state, NULL,
				      ((const struct dsc_ana_group *)row)->changed);
}

static const struct api_field fields[] = {
	{ "id", API_NUMBER, API_KEY | API_FIND | API_CREATE, API_AT(dsc_ana_group, id), .min = 1,
	  .max = FAB_ANA_GROUPS },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL,
	  API_AT(dsc_ana_group, description), .max = 255 },
	{ "states", API_JSON, API_SET, .get = get_states },
	{ "namespace_count", API_NUMBER, API_FIND | API_LIVE, API_AT(dsc_ana_group, nr_ns) },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_ana_group, created_ms) },
	{ "status", API_JSON, API_LIVE, .get = get_status },
	{ "state", API_TEXT, API_FIND | API_LIVE | API_HIDDEN, .get = get_state,
	  .words = dsc_status_name },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	uint64_t id;

	if (cmn_parse_u64(key, 1, FAB_ANA_GROUPS, &id) < 0)
		return NULL;
	return dsc_snapshot_ana_group_id(ctx->snap, id);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	uint64_t id = after ? strtoul(after, NULL, 10) : 0;

	return dsc_tree_next(ctx->snap->ana_groups, &dsc_ana_group_ops, &id);
}

/* -- commands ------------------------------------------------------------------------------------------ */
static int read_state(const char *portal, struct json_object *value, uint8_t *ret,
		      struct cmn_err *err)
{
	char field[DSC_NAME_MAX + 16];

	*ret = NVME_ANA_OPTIMIZED;
	if (!value || (json_object_is_type(value, json_type_string) &&
		       fab_ana_parse(json_object_get_string(value), ret) == 0))
		return 0;
	snprintf(field, sizeof(field), "states.%.63s", portal);
	cmn_err_set(err, -EINVAL, field, "is no ANA state that can be set");
	return cmn_err_valid(err, "optimized, non_optimized, inaccessible, persistent_loss");
}

/* {"p1": "inaccessible"}; null is optimized. */
static int read_states(struct json_object *doc, struct dsc_ana_group_in *in, struct cmn_err *err)
{
	struct json_object *states = NULL;
	struct dsc_ana_state_in *list;

	if (cmn_json_obj_opt(doc, "states", &states, err) < 0)
		return err->code;
	if (!states)
		return 0;
	list = dsc_zalloc((size_t)(json_object_object_length(states) + 1) * sizeof(*list));
	in->states = list;
	json_object_object_foreach(states, portal, value) {
		struct dsc_ana_state_in *state = &list[in->nr_states++];

		state->portal = portal;
		if (read_state(portal, value, &state->state, err) < 0)
			return err->code;
	}
	return 0;
}

int api_ana_group_read(struct json_object *doc, struct dsc_ana_group_in *in, struct cmn_err *err)
{
	in->id = (uint32_t)api_body_u64(doc, "id");
	in->description = api_body_told(doc, "description");
	return read_states(doc, in, err);
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_ana_group_in in = { 0 };
	int rc = api_ana_group_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_ana_group_create(ctx->app, &in, call, err);
	free((void *)in.states);
	return rc;
}

static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_ana_group_in in = { 0 };
	int rc = api_ana_group_read(doc, &in, err);

	if (rc == 0)
		rc = dsc_cmd_ana_group_update(ctx->app, ((const struct dsc_ana_group *)row)->id,
					      &in, call, err);
	free((void *)in.states);
	return rc;
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_ana_group_delete(ctx->app, ((const struct dsc_ana_group *)row)->id, call,
					err);
}

static void users(struct api_op *op, const struct api_ctx *ctx, const void *row)
{
	const struct dsc_ns *ns = NULL;
	char text[DSC_NQN_MAX + 32];

	while ((ns = dsc_snapshot_ana_ns(ctx->snap, ((const struct dsc_ana_group *)row)->id, ns))) {
		snprintf(text, sizeof(text), "namespace %u of %s", ns->nsid,
			 dsc_snapshot_subsys_id(ctx->snap, ns->subsys_id)->nqn);
		api_op_user(op, text);
	}
}

const struct api_kind api_kind_ana_group = {
	.name = "ana group",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_ANA_GROUP,
	.changed = offsetof(struct dsc_ana_group, changed),
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
	.users = users,
};

#define KIND &api_kind_ana_group
#define ALL "/api/v1/ana-groups"
#define ONE ALL "/{id}"

const struct api_route api_res_ana_group[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listAnaGroups", NULL, api_list, KIND },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createAnaGroup", "wait", api_create,
	  KIND },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getAnaGroup", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putAnaGroup", "wait", api_put, KIND },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchAnaGroup", "wait", api_patch,
	  KIND },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteAnaGroup", "wait force",
	  api_delete, KIND },
	{ 0 },
};
