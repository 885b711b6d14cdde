/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/state.c - writes rows into the roots and keeps what is derived from them.
 * Owns: nothing.  Thread: the state's owner.  May block: never. */
#include "discoveryd/model/state.h"

#include <string.h>

#include "common/container.h"
#include "discoveryd/model/zoning.h"
#include "fabrics/spec/nvmf.h"

/* -- roots ---------------------------------------------------------------------------------------- */
static const struct {
	size_t offset;
	const struct dsc_tree_ops *ops;
} roots[] = {
	{ offsetof(struct dsc_snapshot, nodes), &dsc_node_ops },
	{ offsetof(struct dsc_snapshot, workers), &dsc_worker_ops },
	{ offsetof(struct dsc_snapshot, portals), &dsc_portal_ops },
	{ offsetof(struct dsc_snapshot, ana_groups), &dsc_ana_group_ops },
	{ offsetof(struct dsc_snapshot, hosts), &dsc_host_ops },
	{ offsetof(struct dsc_snapshot, groups), &dsc_group_ops },
	{ offsetof(struct dsc_snapshot, subsystems), &dsc_subsys_ops },
	{ offsetof(struct dsc_snapshot, worker_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, portal_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, group_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, host_nqns), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, subsys_nqns), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, worker_portals), &dsc_worker_portal_ops },
	{ offsetof(struct dsc_snapshot, any), &dsc_ids_ops },
	{ offsetof(struct dsc_snapshot, views), &dsc_view_ops },
	{ offsetof(struct dsc_snapshot, uuids), &dsc_uuid_ops },
	{ offsetof(struct dsc_snapshot, paths), &dsc_path_ops },
	{ offsetof(struct dsc_snapshot, fails), &dsc_fail_ops },
	{ offsetof(struct dsc_snapshot, dcs), &dsc_dc_ops },
	{ offsetof(struct dsc_snapshot, dc_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, dc_regs), &dsc_reg_nqn_ops },
	{ offsetof(struct dsc_snapshot, entities), &dsc_entity_ops },
	{ offsetof(struct dsc_snapshot, regs), &dsc_reg_ops },
	{ offsetof(struct dsc_snapshot, entity_eids), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, host_regs), &dsc_reg_nqn_ops },
	{ offsetof(struct dsc_snapshot, referrals), &dsc_referral_ops },
	{ offsetof(struct dsc_snapshot, referral_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, users), &dsc_user_ops },
	{ offsetof(struct dsc_snapshot, user_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, tokens), &dsc_token_ops },
	{ offsetof(struct dsc_snapshot, token_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, keys), &dsc_key_ops },
	{ offsetof(struct dsc_snapshot, host_keys), &dsc_host_key_ops },
	{ offsetof(struct dsc_snapshot, key_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, nssnaps), &dsc_nssnap_ops },
	{ offsetof(struct dsc_snapshot, nssnap_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, restores), &dsc_restore_ops },
	{ offsetof(struct dsc_snapshot, host_views), &dsc_view_ops },
	{ offsetof(struct dsc_snapshot, zone_settings), &dsc_zone_settings_ops },
	{ offsetof(struct dsc_snapshot, zone_groups), &dsc_zone_group_ops },
	{ offsetof(struct dsc_snapshot, zone_aliases), &dsc_zone_alias_ops },
	{ offsetof(struct dsc_snapshot, zone_actives), &dsc_zone_active_ops },
	{ offsetof(struct dsc_snapshot, zone_group_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, zone_alias_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, zone_active_names), &dsc_name_ops },
	{ offsetof(struct dsc_snapshot, zone_pasts), &dsc_zone_past_ops },
	{ offsetof(struct dsc_snapshot, zonings), &dsc_zoning_ops },
};

#define NR_ROOTS (sizeof(roots) / sizeof(roots[0]))

static struct dsc_tree **root_of(const struct dsc_snapshot *st, size_t i)
{
	return (struct dsc_tree **)((uintptr_t)st + roots[i].offset);
}

void dsc_state_clear(struct dsc_snapshot *st)
{
	for (size_t i = 0; i < NR_ROOTS; i++) {
		dsc_tree_put(*root_of(st, i), roots[i].ops);
		*root_of(st, i) = NULL;
	}
}

void dsc_state_assign(struct dsc_snapshot *dst, const struct dsc_snapshot *src)
{
	for (size_t i = 0; i < NR_ROOTS; i++) {
		struct dsc_tree *old = *root_of(dst, i);

		*root_of(dst, i) = dsc_tree_get(*root_of(src, i));
		dsc_tree_put(old, roots[i].ops);
	}
	dst->self_nqn = src->self_nqn;
	dst->change = src->change;
	dst->gen_any = src->gen_any;
	dst->ram_bytes = src->ram_bytes;
	memcpy(dst->view_bits, src->view_bits, sizeof(dst->view_bits));
	dst->gen_views = src->gen_views;
	dst->gen_hosts = src->gen_hosts;
}

void dsc_state_assign_views(struct dsc_snapshot *dst, const struct dsc_snapshot *src)
{
	struct dsc_tree *old = dst->views;

	dst->views = dsc_tree_get(src->views);
	dsc_tree_put(old, &dsc_view_ops);
	dst->gen_any = src->gen_any;
	memcpy(dst->view_bits, src->view_bits, sizeof(dst->view_bits));
	dst->gen_views = src->gen_views;
}

/* Takes over the caller's reference. */
static void set_own(struct dsc_tree **root, const struct dsc_tree_ops *ops, void *row)
{
	dsc_tree_set(root, ops, row);
	dsc_row_put(row);
}

/* -- nodes, workers, portals, hosts ------------------------------------------------------------------- */
static void write_node(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_node *n = (const struct dsc_node *)row;

	if (del)
		dsc_tree_del(&st->nodes, &dsc_node_ops, &n->id);
	else
		set_own(&st->nodes, &dsc_node_ops, dsc_row_copy(n));
}

static void write_worker(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_worker *in = (const struct dsc_worker *)row;
	const struct dsc_worker *old = dsc_snapshot_worker_id(st, in->id);
	struct dsc_worker *w;

	if (del) {
		dsc_tree_del(&st->worker_names, &dsc_name_ops, in->name);
		dsc_tree_del(&st->workers, &dsc_worker_ops, &in->id);
		return;
	}
	w = dsc_row_copy(in);
	w->nr_subsys = old ? old->nr_subsys : 0;
	if (!old)
		set_own(&st->worker_names, &dsc_name_ops, dsc_name_new(w->name, w->id));
	set_own(&st->workers, &dsc_worker_ops, w);
}

static void worker_load(struct dsc_snapshot *st, uint64_t worker_id, int by)
{
	const struct dsc_worker *old = dsc_snapshot_worker_id(st, worker_id);
	struct dsc_worker *w;

	if (!old)
		return;
	w = dsc_row_copy(old);
	w->nr_subsys = (uint32_t)((int)w->nr_subsys + by);
	set_own(&st->workers, &dsc_worker_ops, w);
}

static void write_portal(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_portal *in = (const struct dsc_portal *)row;
	struct dsc_portal *p;

	if (del) {
		dsc_tree_del(&st->portal_names, &dsc_name_ops, in->name);
		dsc_tree_del(&st->worker_portals, &dsc_worker_portal_ops, in);
		dsc_tree_del(&st->portals, &dsc_portal_ops, &in->id);
		return;
	}
	p = dsc_row_copy(in);
	if (!dsc_snapshot_portal_id(st, p->id))
		set_own(&st->portal_names, &dsc_name_ops, dsc_name_new(p->name, p->id));
	dsc_tree_set(&st->worker_portals, &dsc_worker_portal_ops, p);
	set_own(&st->portals, &dsc_portal_ops, p);
}

static void write_ana_group(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_ana_group *in = (const struct dsc_ana_group *)row;
	const struct dsc_ana_group *old = dsc_snapshot_ana_group_id(st, in->id);
	struct dsc_ana_group *g;

	if (del) {
		dsc_tree_del(&st->ana_groups, &dsc_ana_group_ops, &in->id);
		return;
	}
	g = dsc_row_copy(in);
	dsc_tree_put(g->states, &dsc_ana_state_ops);
	g->states = dsc_tree_get(old ? old->states : NULL);
	g->nr_ns = old ? old->nr_ns : 0;
	set_own(&st->ana_groups, &dsc_ana_group_ops, g);
}

static void hang(struct dsc_tree **root, const struct dsc_tree_ops *ops, bool del,
		 const struct dsc_row *row)
{
	if (del)
		dsc_tree_del(root, ops, ops->key(row));
	else
		set_own(root, ops, dsc_row_copy(row));
}

static void write_ana_state(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_ana_group *old =
		dsc_snapshot_ana_group_id(st, ((const struct dsc_ana_state *)row)->group_id);
	struct dsc_ana_group *g;

	if (!old)
		return;
	g = dsc_row_copy(old);
	hang(&g->states, &dsc_ana_state_ops, del, row);
	set_own(&st->ana_groups, &dsc_ana_group_ops, g);
}

/* One namespace more, or less. */
static void count_ana(struct dsc_snapshot *st, uint32_t group_id, int by)
{
	const struct dsc_ana_group *old = dsc_snapshot_ana_group_id(st, group_id);
	struct dsc_ana_group *g;

	if (!old)
		return;
	g = dsc_row_copy(old);
	g->nr_ns = (uint32_t)((int)g->nr_ns + by);
	set_own(&st->ana_groups, &dsc_ana_group_ops, g);
}

static void write_host(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_host *in = (const struct dsc_host *)row;
	const struct dsc_host *old = dsc_snapshot_host_id(st, in->id);
	struct dsc_host *h;

	if (del) {
		dsc_tree_del(&st->host_nqns, &dsc_name_ops, in->nqn);
		dsc_tree_del(&st->hosts, &dsc_host_ops, &in->id);
		return;
	}
	h = dsc_row_copy(in);
	dsc_tree_put(h->subsystems, &dsc_ids_ops);
	dsc_tree_put(h->namespaces, &dsc_who_ns_ops);
	dsc_tree_put(h->groups, &dsc_host_group_ops);
	h->subsystems = dsc_tree_get(old ? old->subsystems : NULL);
	h->namespaces = dsc_tree_get(old ? old->namespaces : NULL);
	h->groups = dsc_tree_get(old ? old->groups : NULL);
	if (!old)
		set_own(&st->host_nqns, &dsc_name_ops, dsc_name_new(h->nqn, h->id));
	set_own(&st->hosts, &dsc_host_ops, h);
}

static void write_group(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_group *in = (const struct dsc_group *)row;
	const struct dsc_group *old = dsc_snapshot_group_id(st, in->id);
	struct dsc_group *g;

	if (del) {
		dsc_tree_del(&st->group_names, &dsc_name_ops, in->name);
		dsc_tree_del(&st->groups, &dsc_group_ops, &in->id);
		return;
	}
	g = dsc_row_copy(in);
	dsc_tree_put(g->members, &dsc_member_ops);
	dsc_tree_put(g->subsystems, &dsc_ids_ops);
	dsc_tree_put(g->namespaces, &dsc_who_ns_ops);
	g->members = dsc_tree_get(old ? old->members : NULL);
	g->subsystems = dsc_tree_get(old ? old->subsystems : NULL);
	g->namespaces = dsc_tree_get(old ? old->namespaces : NULL);
	if (!old)
		set_own(&st->group_names, &dsc_name_ops, dsc_name_new(g->name, g->id));
	set_own(&st->groups, &dsc_group_ops, g);
}

static void write_member(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_member *in = (const struct dsc_member *)row;
	const struct dsc_group *group = dsc_snapshot_group_id(st, in->group_id);
	const struct dsc_host *host = dsc_snapshot_host_id(st, in->host_id);
	struct dsc_member *m;
	struct dsc_group *g;
	struct dsc_host *h;

	if (!group || !host)
		return;
	g = dsc_row_copy(group);
	h = dsc_row_copy(host);
	if (del) {
		dsc_tree_del(&g->members, &dsc_member_ops, &in->host_id);
		dsc_tree_del(&h->groups, &dsc_host_group_ops, &in->group_id);
	} else {
		m = dsc_row_copy(in);
		dsc_tree_set(&g->members, &dsc_member_ops, m);
		set_own(&h->groups, &dsc_host_group_ops, m);
	}
	set_own(&st->groups, &dsc_group_ops, g);
	set_own(&st->hosts, &dsc_host_ops, h);
}

/* A copy of a host or a group, to change what names it; the caller puts it in with put_who(). */
struct who {
	struct dsc_host *host;
	struct dsc_group *group;
	struct dsc_tree **subsystems, **namespaces;
};

static bool open_who(const struct dsc_snapshot *st, uint64_t id, struct who *ret)
{
	const struct dsc_host *host = dsc_snapshot_host_id(st, id);
	const struct dsc_group *group = host ? NULL : dsc_snapshot_group_id(st, id);

	*ret = (struct who){ .host = host ? dsc_row_copy(host) : NULL,
			     .group = group ? dsc_row_copy(group) : NULL };
	if (!host && !group)
		return false;
	ret->subsystems = host ? &ret->host->subsystems : &ret->group->subsystems;
	ret->namespaces = host ? &ret->host->namespaces : &ret->group->namespaces;
	return true;
}

static void put_who(struct dsc_snapshot *st, struct who *who)
{
	if (who->host)
		set_own(&st->hosts, &dsc_host_ops, who->host);
	else
		set_own(&st->groups, &dsc_group_ops, who->group);
}

/* -- subsystems and what hangs on them --------------------------------------------------------------------- */
static void write_subsys(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_subsys *in = (const struct dsc_subsys *)row;
	const struct dsc_subsys *old = dsc_snapshot_subsys_id(st, in->id);
	struct dsc_tree *hosts = dsc_tree_get(old ? old->hosts : NULL);
	struct dsc_tree *portals = dsc_tree_get(old ? old->portals : NULL);
	struct dsc_tree *namespaces = dsc_tree_get(old ? old->namespaces : NULL);
	struct dsc_subsys *s;

	if (old)
		worker_load(st, old->worker_id, -1);
	if (del || !in->allow_any)
		dsc_tree_del(&st->any, &dsc_ids_ops, &in->id);
	else if (!old || !old->allow_any)
		dsc_tree_set(&st->any, &dsc_ids_ops, dsc_id_value(in->id));
	if (del) {
		dsc_tree_put(hosts, &dsc_allow_ops);
		dsc_tree_put(portals, &dsc_serve_ops);
		dsc_tree_put(namespaces, &dsc_ns_ops);
		dsc_tree_del(&st->subsys_nqns, &dsc_name_ops, in->nqn);
		dsc_tree_del(&st->subsystems, &dsc_subsys_ops, &in->id);
		return;
	}
	worker_load(st, in->worker_id, 1);
	if (!old)
		set_own(&st->subsys_nqns, &dsc_name_ops, dsc_name_new(in->nqn, in->id));
	s = dsc_row_copy(in);
	dsc_tree_put(s->hosts, &dsc_allow_ops);
	dsc_tree_put(s->portals, &dsc_serve_ops);
	dsc_tree_put(s->namespaces, &dsc_ns_ops);
	s->hosts = hosts;
	s->portals = portals;
	s->namespaces = namespaces;
	set_own(&st->subsystems, &dsc_subsys_ops, s);
}

/* A copy of the subsystem to hang something on or off; the caller puts it in. */
static struct dsc_subsys *open_subsys(struct dsc_snapshot *st, uint64_t id)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, id);

	return s ? dsc_row_copy(s) : NULL;
}

static void write_allow(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_allow *a = (const struct dsc_allow *)row;
	struct dsc_subsys *s = open_subsys(st, a->subsys_id);
	struct who who;

	if (!s || !open_who(st, a->who_id, &who)) {
		dsc_row_put(s);
		return;
	}
	hang(&s->hosts, &dsc_allow_ops, del, row);
	set_own(&st->subsystems, &dsc_subsys_ops, s);
	if (del)
		dsc_tree_del(who.subsystems, &dsc_ids_ops, &a->subsys_id);
	else
		dsc_tree_set(who.subsystems, &dsc_ids_ops, dsc_id_value(a->subsys_id));
	put_who(st, &who);
}

static void write_serve(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	struct dsc_subsys *s = open_subsys(st, ((const struct dsc_serve *)row)->subsys_id);

	if (!s)
		return;
	hang(&s->portals, &dsc_serve_ops, del, row);
	set_own(&st->subsystems, &dsc_subsys_ops, s);
}

/* Out of, or into, what is kept over all namespaces. */
static void index_ns(struct dsc_snapshot *st, struct dsc_ns *ns, bool in)
{
	uint64_t ram = ns->backend == DSC_BACKEND_RAM ? ns->size : 0;

	st->ram_bytes = in ? st->ram_bytes + ram : st->ram_bytes - ram;
	if (!in) {
		dsc_tree_del(&st->uuids, &dsc_uuid_ops, &ns->uuid);
		if (ns->path)
			dsc_tree_del(&st->paths, &dsc_path_ops, ns->path);
		return;
	}
	dsc_tree_set(&st->uuids, &dsc_uuid_ops, ns);
	if (ns->path)
		dsc_tree_set(&st->paths, &dsc_path_ops, ns);
}

/* now NULL: out with it.  Takes over the reference to now. */
static void replace_ns(struct dsc_snapshot *st, struct dsc_subsys *s, uint32_t nsid,
		       struct dsc_ns *now)
{
	struct dsc_ns *old = dsc_tree_find(s->namespaces, &dsc_ns_ops, &nsid);

	if (!old || !now || old->ana_group != now->ana_group) {
		count_ana(st, old ? old->ana_group : 0, -1);
		count_ana(st, now ? now->ana_group : 0, 1);
	}
	if (old)
		index_ns(st, old, false);
	if (now) {
		index_ns(st, now, true);
		set_own(&s->namespaces, &dsc_ns_ops, now);
	} else {
		dsc_tree_del(&s->namespaces, &dsc_ns_ops, &nsid);
	}
	set_own(&st->subsystems, &dsc_subsys_ops, s);
}

static void write_ns(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_ns *in = (const struct dsc_ns *)row;
	struct dsc_subsys *s = open_subsys(st, in->subsys_id);
	const struct dsc_ns *old;
	struct dsc_ns *ns = NULL;

	if (!s)
		return;
	if (!del) {
		old = dsc_tree_find(s->namespaces, &dsc_ns_ops, &in->nsid);
		ns = dsc_row_copy(in);
		dsc_tree_put(ns->hosts, &dsc_ids_ops);
		ns->hosts = dsc_tree_get(old ? old->hosts : NULL);
	}
	replace_ns(st, s, in->nsid, ns);
}

static void write_ns_allow(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_ns_allow *a = (const struct dsc_ns_allow *)row;
	struct dsc_subsys *s = open_subsys(st, a->subsys_id);
	const struct dsc_ns *old = s ? dsc_snapshot_ns(s, a->nsid) : NULL;
	struct dsc_ns *ns;
	struct who who;

	if (!old || !open_who(st, a->who_id, &who)) {
		dsc_row_put(s);
		return;
	}
	ns = dsc_row_copy(old);
	if (del)
		dsc_tree_del(&ns->hosts, &dsc_ids_ops, &a->who_id);
	else
		dsc_tree_set(&ns->hosts, &dsc_ids_ops, dsc_id_value(a->who_id));
	replace_ns(st, s, a->nsid, ns);
	hang(who.namespaces, &dsc_who_ns_ops, del, row);
	put_who(st, &who);
}

static void write_fail(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	hang(&st->fails, &dsc_fail_ops, del, row);
}

static void write_view(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_view *v = (const struct dsc_view *)row;
	size_t len = strlen(DSC_VIEW_PREFIX);
	struct net_prefix of;

	hang(&st->views, &dsc_view_ops, del, row);
	st->gen_views = cmn_max(st->gen_views, v->gen);
	if (!strncmp(v->nqn, DSC_VIEW_PREFIX, len) && net_prefix_parse(&of, v->nqn + len))
		st->view_bits[of.bits / 64] |= UINT64_C(1) << of.bits % 64;
}

static void write_host_view(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	hang(&st->host_views, &dsc_view_ops, del, row);
	st->gen_hosts = cmn_max(st->gen_hosts, ((const struct dsc_view *)row)->gen);
}

/* -- discovery controllers, registrations ------------------------------------------------------------- */
static void write_dc(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_dc *in = (const struct dsc_dc *)row;
	const struct dsc_dc *old = dsc_snapshot_dc_id(st, in->id);
	struct dsc_dc *dc;

	if (del) {
		dsc_tree_del(&st->dc_names, &dsc_name_ops, in->name);
		dsc_tree_del(&st->dcs, &dsc_dc_ops, &in->id);
		return;
	}
	dc = dsc_row_copy(in);
	dsc_tree_put(dc->entities, &dsc_ids_ops);
	dc->entities = dsc_tree_get(old ? old->entities : NULL);
	if (!old)
		set_own(&st->dc_names, &dsc_name_ops, dsc_name_new(dc->name, dc->id));
	set_own(&st->dcs, &dsc_dc_ops, dc);
}

/* Puts the entity on or off the discovery controller that it comes from. */
static void hang_entity(struct dsc_snapshot *st, uint64_t dc_id, uint64_t entity_id, bool del)
{
	const struct dsc_dc *old = dsc_snapshot_dc_id(st, dc_id);
	struct dsc_dc *dc;

	if (!old)
		return;
	dc = dsc_row_copy(old);
	if (del)
		dsc_tree_del(&dc->entities, &dsc_ids_ops, &entity_id);
	else
		dsc_tree_set(&dc->entities, &dsc_ids_ops, dsc_id_value(entity_id));
	set_own(&st->dcs, &dsc_dc_ops, dc);
}

static void write_entity(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_entity *in = (const struct dsc_entity *)row;
	const struct dsc_entity *old = dsc_snapshot_entity_id(st, in->id);
	struct dsc_entity *e;

	if (old && (del || old->dc_id != in->dc_id))
		hang_entity(st, old->dc_id, in->id, true);
	if (!del && (!old || old->dc_id != in->dc_id))
		hang_entity(st, in->dc_id, in->id, false);
	if (del) {
		dsc_tree_del(&st->entity_eids, &dsc_name_ops, in->eid);
		dsc_tree_del(&st->entities, &dsc_entity_ops, &in->id);
		return;
	}
	e = dsc_row_copy(in);
	dsc_tree_put(e->regs, &dsc_reg_key_ops);
	e->regs = dsc_tree_get(old ? old->regs : NULL);
	if (!old)
		set_own(&st->entity_eids, &dsc_name_ops, dsc_name_new(e->eid, e->id));
	set_own(&st->entities, &dsc_entity_ops, e);
}

static void write_reg(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_reg *in = (const struct dsc_reg *)row;
	const struct dsc_entity *entity = dsc_snapshot_entity_id(st, in->entity_id);
	const struct dsc_reg *old = dsc_snapshot_reg_id(st, in->id);
	struct dsc_entity *e;
	struct dsc_reg *r;

	if (!entity)
		return;
	e = dsc_row_copy(entity);
	if (old) { /* its key may be another now */
		dsc_tree_del(&e->regs, &dsc_reg_key_ops, old->key);
		dsc_tree_del(&st->host_regs, &dsc_reg_nqn_ops, old);
		dsc_tree_del(&st->dc_regs, &dsc_reg_nqn_ops, old);
	}
	if (del) {
		dsc_tree_del(&st->regs, &dsc_reg_ops, &in->id);
	} else {
		r = dsc_row_copy(in);
		dsc_tree_set(&e->regs, &dsc_reg_key_ops, r);
		dsc_tree_set(e->etype == NVMF_DIM_DDC ? &st->dc_regs : &st->host_regs,
			     &dsc_reg_nqn_ops, r);
		set_own(&st->regs, &dsc_reg_ops, r);
	}
	set_own(&st->entities, &dsc_entity_ops, e);
}

static void write_referral(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_referral *r = (const struct dsc_referral *)row;

	if (del)
		dsc_tree_del(&st->referral_names, &dsc_name_ops, r->name);
	else if (!dsc_snapshot_referral_id(st, r->id))
		set_own(&st->referral_names, &dsc_name_ops, dsc_name_new(r->name, r->id));
	hang(&st->referrals, &dsc_referral_ops, del, row);
}

/* -- zoning -------------------------------------------------------------------------------------------- */
static void write_zone_settings(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	hang(&st->zone_settings, &dsc_zone_settings_ops, del, row);
}

static void write_zone_group(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_zone_group *in = (const struct dsc_zone_group *)row;
	const struct dsc_zone_group *old = dsc_snapshot_zone_group_id(st, in->id);
	struct dsc_zone_group *g;

	if (del) {
		dsc_tree_del(&st->zone_group_names, &dsc_name_ops, in->name);
		dsc_tree_del(&st->zone_groups, &dsc_zone_group_ops, &in->id);
		return;
	}
	g = dsc_row_copy(in);
	dsc_tree_put(g->zones, &dsc_zone_ops);
	g->zones = dsc_tree_get(old ? old->zones : NULL);
	if (!old)
		set_own(&st->zone_group_names, &dsc_name_ops, dsc_name_new(g->name, g->id));
	set_own(&st->zone_groups, &dsc_zone_group_ops, g);
}

static void write_zone(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_zone_group *group;
	struct dsc_zone_group *g;

	group = dsc_snapshot_zone_group_id(st, ((const struct dsc_zone *)row)->group_id);
	if (!group)
		return;
	g = dsc_row_copy(group);
	hang(&g->zones, &dsc_zone_ops, del, row);
	set_own(&st->zone_groups, &dsc_zone_group_ops, g);
}

static void write_zone_alias(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_zone_alias *a = (const struct dsc_zone_alias *)row;

	if (del)
		dsc_tree_del(&st->zone_alias_names, &dsc_name_ops, a->name);
	else if (!dsc_snapshot_zone_alias_id(st, a->id))
		set_own(&st->zone_alias_names, &dsc_name_ops, dsc_name_new(a->name, a->id));
	hang(&st->zone_aliases, &dsc_zone_alias_ops, del, row);
}

static void write_zone_active(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_zone_active *in = (const struct dsc_zone_active *)row;
	char key[DSC_ZONE_ACTIVE_KEY];

	dsc_zone_active_key(in->originator, in->name, key);
	if (!del && !in->until) /* a newer one takes the place of that which ends */
		set_own(&st->zone_active_names, &dsc_name_ops, dsc_name_new(key, in->id));
	else if (dsc_snapshot_zone_active(st, in->originator, in->name) ==
		 dsc_snapshot_zone_active_id(st, in->id))
		dsc_tree_del(&st->zone_active_names, &dsc_name_ops, key);
	hang(&st->zone_actives, &dsc_zone_active_ops, del, row);
}

static void write_zone_past(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	hang(&st->zone_pasts, &dsc_zone_past_ops, del, row);
}

static void write_zoning(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	if (del)
		dsc_tree_del(&st->zonings, &dsc_zoning_ops, dsc_zoning_ops.key(row));
	else
		dsc_tree_set(&st->zonings, &dsc_zoning_ops, (void *)(uintptr_t)row);
}

/* -- users of the API --------------------------------------------------------------------------------- */
static void write_user(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_user *u = (const struct dsc_user *)row;

	if (del)
		dsc_tree_del(&st->user_names, &dsc_name_ops, u->name);
	else if (!dsc_snapshot_user_id(st, u->id))
		set_own(&st->user_names, &dsc_name_ops, dsc_name_new(u->name, u->id));
	hang(&st->users, &dsc_user_ops, del, row);
}

static void write_token(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_token *t = (const struct dsc_token *)row;

	if (del)
		dsc_tree_del(&st->token_names, &dsc_name_ops, t->name);
	else if (!dsc_snapshot_token_id(st, t->id))
		set_own(&st->token_names, &dsc_name_ops, dsc_name_new(t->name, t->id));
	hang(&st->tokens, &dsc_token_ops, del, row);
}

static void write_key(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_key *k = (const struct dsc_key *)row;

	if (del)
		dsc_tree_del(&st->key_names, &dsc_name_ops, k->name);
	else if (!dsc_snapshot_key_id(st, k->id))
		set_own(&st->key_names, &dsc_name_ops, dsc_name_new(k->name, k->id));
	hang(&st->keys, &dsc_key_ops, del, row);
	hang(&st->host_keys, &dsc_host_key_ops, del, row);
}

/* -- snapshots of namespaces ---------------------------------------------------------------------------- */
static void write_nssnap(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	const struct dsc_nssnap *s = (const struct dsc_nssnap *)row;

	if (del)
		dsc_tree_del(&st->nssnap_names, &dsc_name_ops, s->name);
	else if (!dsc_snapshot_nssnap_id(st, s->id))
		set_own(&st->nssnap_names, &dsc_name_ops, dsc_name_new(s->name, s->id));
	hang(&st->nssnaps, &dsc_nssnap_ops, del, row);
}

static void write_restore(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	hang(&st->restores, &dsc_restore_ops, del, row);
}

static void (*const writers[DSC_ROW_COUNT])(struct dsc_snapshot *st, bool del,
					    const struct dsc_row *row) = {
	[DSC_ROW_NODE] = write_node,
	[DSC_ROW_WORKER] = write_worker,
	[DSC_ROW_PORTAL] = write_portal,
	[DSC_ROW_ANA_GROUP] = write_ana_group,
	[DSC_ROW_ANA_STATE] = write_ana_state,
	[DSC_ROW_HOST] = write_host,
	[DSC_ROW_SUBSYS] = write_subsys,
	[DSC_ROW_NS] = write_ns,
	[DSC_ROW_ALLOW] = write_allow,
	[DSC_ROW_SERVE] = write_serve,
	[DSC_ROW_NS_ALLOW] = write_ns_allow,
	[DSC_ROW_FAIL] = write_fail,
	[DSC_ROW_VIEW] = write_view,
	[DSC_ROW_ENTITY] = write_entity,
	[DSC_ROW_REG] = write_reg,
	[DSC_ROW_HOST_VIEW] = write_host_view,
	[DSC_ROW_REFERRAL] = write_referral,
	[DSC_ROW_GROUP] = write_group,
	[DSC_ROW_MEMBER] = write_member,
	[DSC_ROW_DC] = write_dc,
	[DSC_ROW_ZONE_SETTINGS] = write_zone_settings,
	[DSC_ROW_ZONE_GROUP] = write_zone_group,
	[DSC_ROW_ZONE] = write_zone,
	[DSC_ROW_ZONE_ALIAS] = write_zone_alias,
	[DSC_ROW_ZONE_ACTIVE] = write_zone_active,
	[DSC_ROW_ZONE_PAST] = write_zone_past,
	[DSC_ROW_ZONING] = write_zoning,
	[DSC_ROW_USER] = write_user,
	[DSC_ROW_TOKEN] = write_token,
	[DSC_ROW_KEY] = write_key,
	[DSC_ROW_NSSNAP] = write_nssnap,
	[DSC_ROW_RESTORE] = write_restore,
};

void dsc_state_write(struct dsc_snapshot *st, bool del, const struct dsc_row *row)
{
	if (writers[row->kind])
		writers[row->kind](st, del, row);
}
