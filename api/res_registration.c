/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_registration.c - /registrations: what hosts and other discovery controllers registered here.
 * Thread: the control loop.  May block: never. */
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include <stdio.h>
#include <string.h>

#include "common/util.h"
#include "common/uuid.h"
#include "fabrics/dim.h"
#include "fabrics/discovery_text.h"

static void add_host_id(struct json_object *json, const struct dsc_reg *reg)
{
	static const uint8_t none[16];
	char text[CMN_UUID_STR_LEN + 1];
	struct cmn_uuid uuid;

	memcpy(&uuid, reg->host_id, sizeof(uuid));
	api_add_str(json, "host_id",
		    memcmp(reg->host_id, none, sizeof(none)) ? cmn_uuid_format(&uuid, text) : NULL);
}

/* Members of an entry that only a subsystem has. */
static void add_subsystem(struct json_object *json, const struct dsc_reg *reg)
{
	api_add_str(json, "subtype", fab_disc_subtype_text(reg->subtype));
	api_add_str(json, "trsvcid", reg->trsvcid);
	api_add_str(json, "treq", fab_disc_treq_text(reg->treq));
	api_add_str(json, "sectype", fab_disc_sectype_text(reg->sectype));
	api_add_u64(json, "portid", reg->portid);
	api_add_bool(json, "port_local", reg->port_local);
}

static struct json_object *render(const struct dsc_snapshot *snap, const struct dsc_reg *reg)
{
	const struct dsc_entity *entity = dsc_snapshot_entity_id(snap, reg->entity_id);
	struct json_object *json = json_object_new_object();

	api_add_u64(json, "id", reg->id);
	api_add_str(json, "entity_type", fab_dim_etype_name(entity->etype));
	api_add_str(json, "entity_id", entity->eid);
	api_add_str(json, "entity_name", entity->name);
	api_add_str(json, "entity_version", entity->version);
	api_add_str(json, "registered_by", entity->owner);
	api_add_str(json, "nqn", reg->nqn);
	api_add_str(json, "traddr", reg->traddr);
	api_add_str(json, "label", reg->label);
	api_add_bool(json, "verified", reg->verified);
	add_host_id(json, reg);
	if (entity->etype == NVMF_DIM_DDC)
		add_subsystem(json, reg);
	api_add_time(json, "created_at", reg->created_ms);
	return json;
}

static const struct dsc_reg *path_reg(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *text = api_req_param(req, "id");
	const struct dsc_reg *reg = NULL;
	uint64_t id;

	if (cmn_parse_u64(text, 1, UINT64_MAX, &id) == 0)
		reg = dsc_snapshot_reg_id(snap, id);
	if (!reg)
		api_failf(req, API_PROBLEM_NOT_FOUND, "id",
			  "there is no registration %.64s", text);
	return reg;
}

static bool wanted(const struct dsc_reg *reg, const char *nqn)
{
	return !nqn || strcmp(reg->nqn, nqn) == 0;
}

static void list(struct api_req *req)
{
	const char *nqn = api_req_query(req, "nqn");
	const struct dsc_snapshot *snap;
	const struct dsc_reg *reg;
	struct api_page page;
	uint64_t after = 0;
	char key[24];

	if (!api_page_begin(req, &page))
		return;
	if (page.cursor && cmn_parse_u64(page.cursor, 0, UINT64_MAX, &after) < 0)
		after = 0;
	snap = dsc_snapshot_current(api_req_app(req)->model);
	for (reg = dsc_tree_next(snap->regs, &dsc_reg_ops, &after); reg;
	     reg = dsc_tree_next(snap->regs, &dsc_reg_ops, &reg->id)) {
		if (!wanted(reg, nqn))
			continue;
		if (api_page_full(&page))
			break;
		snprintf(key, sizeof(key), "%llu", (unsigned long long)reg->id);
		api_page_add(&page, render(snap, reg), key);
	}
	dsc_snapshot_put(snap);
	api_reply_json(req, 200, api_page_end(&page));
}

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_reg *reg = path_reg(req, snap);

	if (reg)
		api_reply_object(req, render(snap, reg), reg->changed);
	dsc_snapshot_put(snap);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_reg *reg = path_reg(req, snap);
	struct api_op *op = reg ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, reg->changed))
		api_op_run(op, dsc_cmd_reg_delete(api_req_app(req), reg->id, &op->call, &err),
			   &err);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/registrations"
#define ONE ALL "/{id}"

const struct api_route api_res_registration[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listRegistrations", "limit cursor nqn",
	  list },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getRegistration", NULL, get },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteRegistration", NULL, drop },
	{ 0 },
};
