/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/foreign.c - see foreign.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "fabrics/spec/nvmf.h"

const char *const dsc_dc_why_name[DSC_DC_WHY_COUNT] = {
	[DSC_DC_TOLD] = "told",		[DSC_DC_NOT_ADMITTED] = "not_admitted",
	[DSC_DC_DISABLED] = "disabled", [DSC_DC_NOT_FOR_HOST] = "not_for_host",
	[DSC_DC_LOOP] = "loop",		[DSC_DC_DUPLICATE] = "duplicate",
	[DSC_DC_ZONED_OUT] = "zoned_out",
};

static bool is_itself(const struct dsc_dc *dc, const char *nqn)
{
	return !strcmp(dc->own_nqn, nqn) || !strcmp(dc->host_nqn, nqn);
}

bool dsc_is_dc(const struct dsc_snapshot *snap, const char *nqn)
{
	const struct dsc_entity *e = dsc_snapshot_entity(snap, nqn);
	const struct dsc_dc *dc;

	if (e && e->etype != NVMF_DIM_HOST)
		return true;
	dsc_tree_each(dc, snap->dcs, &dsc_dc_ops)
	{
		if (is_itself(dc, nqn))
			return true;
	}
	return false;
}

static bool loops(const struct dsc_snapshot *snap, const struct dsc_dc *dc, const char *host_nqn)
{
	return is_itself(dc, host_nqn) || (dc->central && dsc_is_dc(snap, host_nqn));
}

enum dsc_dc_why dsc_dc_why(const struct dsc_snapshot *snap, const struct dsc_dc *dc,
			   const char *host_nqn)
{
	if (!dc->admitted)
		return DSC_DC_NOT_ADMITTED;
	if (!dc->enabled)
		return DSC_DC_DISABLED;
	if (!host_nqn)
		return DSC_DC_TOLD;
	if (!dc->all_hosts && !dsc_snapshot_in_hosts(snap, dc->hosts, host_nqn))
		return DSC_DC_NOT_FOR_HOST;
	return loops(snap, dc, host_nqn) ? DSC_DC_LOOP : DSC_DC_TOLD;
}

void dsc_foreign_port(const struct dsc_dc *dc, const struct dsc_reg *reg, struct dsc_zone_port *ret,
		      struct net_prefix *addr)
{
	struct net_ip ip;

	*ret = (struct dsc_zone_port){ .nqn = reg->nqn,
				       .label = reg->label,
				       .port = (uint16_t)strtoul(reg->trsvcid, NULL, 10),
				       .portid = reg->portid,
				       .ddc = *dc->host_nqn ? dc->host_nqn : dc->own_nqn };
	if (!net_ip_parse(&ip, reg->traddr))
		return;
	*addr = net_prefix_of(&ip, NET_IP_BITS);
	ret->addr = addr;
}

static enum dsc_dc_why why_entry(const struct dsc_foreign *it, const struct dsc_dc *dc,
				 const struct dsc_reg *reg)
{
	enum dsc_dc_why why = dsc_dc_why(it->snap, dc, it->host_nqn);
	struct dsc_zone_port port;
	struct net_prefix addr;

	if (why != DSC_DC_TOLD || it->all || !it->snap->zonings)
		return why;
	dsc_foreign_port(dc, reg, &port, &addr);
	return dsc_zone_may(dsc_snapshot_zone(it->snap, &it->who, &port, UINT64_MAX))
		       ? DSC_DC_TOLD
		       : DSC_DC_ZONED_OUT;
}

/* Another discovery controller, with a lower id, tells the same, and the host is told of it. */
static bool told_before(const struct dsc_foreign *it, const struct dsc_reg *reg)
{
	struct dsc_reg key = { .id = 0 };
	const struct dsc_entity *e;
	const struct dsc_reg *r = &key;
	const struct dsc_dc *dc;

	memcpy(key.nqn, reg->nqn, sizeof(key.nqn));
	while ((r = dsc_tree_next(it->snap->dc_regs, &dsc_reg_nqn_ops, r)) &&
	       !strcmp(r->nqn, reg->nqn)) {
		if (r->id >= reg->id)
			break;
		if (strcmp(r->traddr, reg->traddr) != 0 || strcmp(r->trsvcid, reg->trsvcid) != 0 ||
		    r->subtype != NVMF_SUBTYPE_NVM)
			continue;
		e = dsc_snapshot_entity_id(it->snap, r->entity_id);
		dc = e ? dsc_snapshot_dc_id(it->snap, e->dc_id) : NULL;
		if (dc && why_entry(it, dc, r) == DSC_DC_TOLD)
			return true;
	}
	return false;
}

void dsc_foreign_init(struct dsc_foreign *it, const struct dsc_snapshot *snap,
		      const struct dsc_asker *who)
{
	*it = (struct dsc_foreign){ .snap = snap, .all = !who };
	if (!who)
		return;
	it->who = *who;
	it->host_nqn = who->nqn ? who->nqn : DSC_NOBODY;
}

static bool next_reg(struct dsc_foreign *it, struct dsc_foreign_entry *ret)
{
	const struct dsc_reg *r;

	while ((r = dsc_tree_next(ret->entity->regs, &dsc_reg_key_ops, it->key))) {
		it->key = r->key;
		if (r->subtype != NVMF_SUBTYPE_NVM)
			continue;
		ret->reg = r;
		ret->why = why_entry(it, ret->dc, r);
		if (ret->why == DSC_DC_TOLD && told_before(it, r))
			ret->why = DSC_DC_DUPLICATE;
		if (it->hidden || ret->why == DSC_DC_TOLD)
			return true;
	}
	return false;
}

static const struct dsc_dc *next_dc(struct dsc_foreign *it)
{
	const struct dsc_dc *dc;

	while ((dc = dsc_tree_next(it->snap->dcs, &dsc_dc_ops, &it->dc_id))) {
		it->dc_id = dc->id;
		if (it->hidden || dsc_dc_why(it->snap, dc, it->host_nqn) == DSC_DC_TOLD)
			return dc;
	}
	it->dc_id = UINT64_MAX; /* stays at the end */
	return NULL;
}

static bool next_entity(struct dsc_foreign *it)
{
	const struct dsc_dc *dc = dsc_snapshot_dc_id(it->snap, it->dc_id);

	it->key = NULL;
	do {
		it->entity_id =
			dc ? dsc_id(dsc_tree_next(dc->entities, &dsc_ids_ops, &it->entity_id)) : 0;
		if (it->entity_id)
			return true;
	} while ((dc = next_dc(it)));
	return false;
}

bool dsc_foreign_next(struct dsc_foreign *it, struct dsc_foreign_entry *ret)
{
	do {
		ret->dc = dsc_snapshot_dc_id(it->snap, it->dc_id);
		ret->entity = dsc_snapshot_entity_id(it->snap, it->entity_id);
		if (ret->entity && ret->entity->etype == NVMF_DIM_DDC && next_reg(it, ret))
			return true;
	} while (next_entity(it));
	return false;
}

bool dsc_foreign_same(const struct dsc_foreign_entry *a, const struct dsc_foreign_entry *b)
{
	const struct dsc_reg *r = a->reg, *s = b->reg;

	return a->entity->away == b->entity->away && !strcmp(r->nqn, s->nqn) &&
	       !strcmp(r->traddr, s->traddr) && !strcmp(r->trsvcid, s->trsvcid) &&
	       !strcmp(r->label, s->label) && r->treq == s->treq && r->sectype == s->sectype &&
	       r->portid == s->portid && r->cntlid == s->cntlid && r->asqsz == s->asqsz;
}
