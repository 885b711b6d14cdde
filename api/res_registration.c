/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_registration.c - /registrations: what hosts and other discovery controllers registered here.
 * Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/resources.h"

#include <string.h>

#include "common/util.h"
#include "common/uuid.h"
#include "discoveryd/model/commands.h"
#include "fabrics/dim.h"
#include "fabrics/discovery_text.h"

/* -- members ------------------------------------------------------------------------------------------- */
static const struct dsc_entity *entity_of(const struct api_ctx *ctx, const void *row)
{
	return dsc_snapshot_entity_id(ctx->snap, ((const struct dsc_reg *)row)->entity_id);
}

static void get_entity_type(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = fab_dim_etype_name(entity_of(ctx, row)->etype);
}

static void get_entity_id(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = entity_of(ctx, row)->eid;
}

static void get_entity_name(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = entity_of(ctx, row)->name;
}

static void get_entity_version(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = entity_of(ctx, row)->version;
}

static void get_registered_by(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = entity_of(ctx, row)->owner;
}

static void get_host_id(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	static const uint8_t none[16];
	const struct dsc_reg *reg = row;
	struct cmn_uuid uuid;

	(void)ctx;
	memcpy(&uuid, reg->host_id, sizeof(uuid));
	if (memcmp(reg->host_id, none, sizeof(none)) != 0)
		ret->text = cmn_uuid_format(&uuid, ret->buf);
}

/* Members of an entry that only a subsystem has. */
static const struct dsc_reg *of_subsystem(const struct api_ctx *ctx, const void *row,
					  struct api_value *ret)
{
	ret->absent = entity_of(ctx, row)->etype != NVMF_DIM_DDC;
	return row;
}

static void get_subtype(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = fab_disc_subtype_text(of_subsystem(ctx, row, ret)->subtype);
}

static void get_trsvcid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = of_subsystem(ctx, row, ret)->trsvcid;
}

static void get_treq(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = fab_disc_treq_text(of_subsystem(ctx, row, ret)->treq);
}

static void get_sectype(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = fab_disc_sectype_text(of_subsystem(ctx, row, ret)->sectype);
}

static void get_portid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = of_subsystem(ctx, row, ret)->portid;
}

static void get_port_local(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = of_subsystem(ctx, row, ret)->port_local;
}

static const char *const entity_types[] = { "host", "ddc", "cdc", NULL };

static const struct api_field fields[] = {
	{ "id", API_NUMBER, API_KEY | API_FIND, API_AT(dsc_reg, id) },
	{ "entity_type", API_TEXT, API_FIND, .get = get_entity_type, .words = entity_types },
	{ "entity_id", API_TEXT, API_FIND, .get = get_entity_id },
	{ "entity_name", API_TEXT, API_FIND, .get = get_entity_name },
	{ "entity_version", API_TEXT, API_FIND, .get = get_entity_version },
	{ "registered_by", API_TEXT, API_FIND, .get = get_registered_by },
	{ "nqn", API_TEXT, API_FIND, API_AT(dsc_reg, nqn) },
	{ "traddr", API_TEXT, API_FIND, API_AT(dsc_reg, traddr) },
	{ "label", API_TEXT, API_FIND, API_AT(dsc_reg, label) },
	{ "verified", API_BOOL, API_FILTER, API_AT(dsc_reg, verified) },
	{ "host_id", API_TEXT, API_FIND, .get = get_host_id },
	{ "subtype", API_TEXT, API_FIND, .get = get_subtype },
	{ "trsvcid", API_TEXT, API_FIND, .get = get_trsvcid },
	{ "treq", API_TEXT, API_FIND, .get = get_treq },
	{ "sectype", API_TEXT, API_FIND, .get = get_sectype },
	{ "portid", API_NUMBER, API_FIND, .get = get_portid },
	{ "port_local", API_BOOL, API_FILTER, .get = get_port_local },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_reg, created_ms) },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	uint64_t id;

	return cmn_parse_u64(key, 1, UINT64_MAX, &id) == 0 ? dsc_snapshot_reg_id(ctx->snap, id)
							   : NULL;
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	uint64_t id = 0;

	if (after)
		cmn_parse_u64(after, 0, UINT64_MAX, &id);
	return dsc_tree_next(ctx->snap->regs, &dsc_reg_ops, &id);
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_reg_delete(ctx->app, ((const struct dsc_reg *)row)->id, call, err);
}

static const struct api_kind kind = {
	.name = "registration",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_REG,
	.changed = offsetof(struct dsc_reg, changed),
	.find = find,
	.next = next,
	.remove = drop,
};

#define ALL "/api/v1/registrations"
#define ONE ALL "/{id}"

const struct api_route api_res_registration[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listRegistrations", NULL, api_list, &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getRegistration", NULL, api_get, &kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteRegistration", NULL, api_delete,
	  &kind },
	{ 0 },
};
