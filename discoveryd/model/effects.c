/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/effects.c - follows what each write may change for hosts, at once or once its worker has confirmed it.
 * Owns: effects.  Thread: the control loop.  May block: never.
 *
 * It only has to name everything that may have changed, not to know whether it has: review.c compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/model_impl.h"
#include "discoveryd/model/zoning_impl.h"

/* -- what is to come --------------------------------------------------------------------------------- */
/* By worker, then by change: a confirmation takes a range. */
static int effect_cmp(const void *key, const void *value)
{
	const struct dsc_effect *a = key, *b = value;

	if (a->worker_id != b->worker_id)
		return a->worker_id < b->worker_id ? -1 : 1;
	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static const void *effect_key(const void *value)
{
	return value;
}

static const struct dsc_tree_ops effect_ops = { effect_cmp, effect_key, NULL, NULL };

/* nqn "": by no host's NQN. */
static struct dsc_effect *new_effect(uint64_t worker_id, uint64_t change, const char *nqn)
{
	struct dsc_effect *e = dsc_zalloc(sizeof(*e) + strlen(nqn) + 1);

	strcpy(e->nqn, nqn);
	e->worker_id = worker_id;
	e->change = change;
	return e;
}

static void will_show(struct dsc_effects *list, const struct dsc_subsys *s, uint64_t who_id,
		      uint64_t change)
{
	struct dsc_effect *e = new_effect(s->worker_id, change, "");

	e->subsys_id = s->id;
	e->who_id = who_id;
	TAILQ_INSERT_TAIL(list, e, link);
}

static void will_show_portal(struct dsc_effects *list, const struct dsc_portal *p)
{
	struct dsc_effect *e = new_effect(p->worker_id, p->since, "");

	e->portal_id = p->id;
	TAILQ_INSERT_TAIL(list, e, link);
}

/* A member that its group's workers have yet to hear of.  confirmed_too: whichever of them has confirmed is left out. */
static void will_show_member(struct dsc_effects *list, const struct dsc_snapshot *st,
			     const struct dsc_member *m, bool confirmed_too)
{
	const struct dsc_group *g = dsc_snapshot_group_id(st, m->group_id);
	struct dsc_tree *workers = NULL;
	const struct dsc_worker *w;
	const struct dsc_subsys *s;
	struct dsc_effect *e;
	void *id;

	dsc_tree_each(id, g ? g->subsystems : NULL, &dsc_ids_ops)
	{
		s = dsc_snapshot_subsys_id(st, dsc_id(id));
		w = s ? dsc_snapshot_worker_id(st, s->worker_id) : NULL;
		if (w && (!confirmed_too || w->confirmed < m->since))
			dsc_tree_set(&workers, &dsc_ids_ops, dsc_id_value(w->id));
	}
	dsc_tree_each(id, workers, &dsc_ids_ops)
	{
		e = new_effect(dsc_id(id), m->since, "");
		e->group_id = m->group_id;
		e->who_id = m->host_id;
		TAILQ_INSERT_TAIL(list, e, link);
	}
	dsc_tree_put(workers, &dsc_ids_ops);
}

/* What a form of zoning lets in, by each worker that is to confirm it. */
static void will_show_zoning(struct dsc_effects *list, const struct dsc_snapshot *st,
			     const struct dsc_zoning *z)
{
	const struct dsc_worker *w;
	struct dsc_effect *e;

	dsc_tree_each(w, st->workers, &dsc_worker_ops)
	{
		if (w->confirmed >= z->since)
			continue;
		e = new_effect(w->id, z->since, "");
		e->zoning = true;
		TAILQ_INSERT_TAIL(list, e, link);
	}
}

/* Zones that name a label have a host that registered it. */
static void will_show_label(struct dsc_effects *list, const struct dsc_snapshot *st,
			    const struct dsc_reg *r)
{
	struct dsc_tree *subsystems = dsc_zonings_label_subsystems(st, r->label);
	const struct dsc_subsys *s;
	const struct dsc_worker *w;
	struct dsc_effect *e;
	void *id;

	dsc_tree_each(id, subsystems, &dsc_ids_ops)
	{
		s = dsc_snapshot_subsys_id(st, dsc_id(id));
		w = dsc_snapshot_worker_id(st, s->worker_id);
		if (w && w->confirmed >= r->label_since)
			continue;
		e = new_effect(s->worker_id, r->label_since, r->nqn);
		e->subsys_id = s->id;
		TAILQ_INSERT_TAIL(list, e, link);
	}
	dsc_tree_put(subsystems, &dsc_ids_ops);
}

void dsc_effects_wait(struct dsc_model *model, struct dsc_effects *list)
{
	struct dsc_effect *e;

	while ((e = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, e, link);
		e->seq = ++model->effect_seq;
		dsc_tree_set(&model->effects, &effect_ops, e);
	}
}

void dsc_effects_take(struct dsc_model *model, uint64_t worker_id, uint64_t change,
		      struct dsc_effects *ret_list)
{
	struct dsc_effect key = { .worker_id = worker_id }, *e;

	while ((e = dsc_tree_next(model->effects, &effect_ops, &key)) &&
	       e->worker_id == worker_id && e->change <= change) {
		dsc_tree_del(&model->effects, &effect_ops, e);
		TAILQ_INSERT_TAIL(ret_list, e, link);
	}
}

void dsc_effects_free(struct dsc_effects *list)
{
	struct dsc_effect *e;

	while ((e = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, e, link);
		free(e);
	}
}

void dsc_effects_end(struct dsc_model *model)
{
	struct dsc_effect *e;

	while ((e = dsc_tree_next(model->effects, &effect_ops, NULL))) {
		dsc_tree_del(&model->effects, &effect_ops, e);
		free(e);
	}
}

/* After a restart: whatever has not been confirmed is still to be shown. */
static void rebuild_subsys(struct dsc_effects *list, const struct dsc_subsys *s, uint64_t confirmed)
{
	const struct dsc_serve *serve;
	const struct dsc_allow *a;

	if (s->since > confirmed)
		will_show(list, s, 0, s->since);
	if (s->allow_any && s->any_since > confirmed)
		will_show(list, s, 0, s->any_since);
	if (s->portals_since > confirmed)
		will_show(list, s, 0, s->portals_since);
	if (s->label_since > confirmed)
		will_show(list, s, 0, s->label_since);
	dsc_tree_each(serve, s->portals, &dsc_serve_ops)
	{
		if (serve->since > confirmed)
			will_show(list, s, 0, serve->since);
	}
	dsc_tree_each(a, s->hosts, &dsc_allow_ops)
	{
		if (a->since > confirmed)
			will_show(list, s, a->who_id, a->since);
	}
}

static void rebuild_zoning(struct dsc_effects *list, const struct dsc_snapshot *st)
{
	const struct dsc_zoning *z;
	const struct dsc_reg *r;

	dsc_tree_each(z, st->zonings, &dsc_zoning_ops) will_show_zoning(list, st, z);
	dsc_tree_each(r, st->zonings ? st->host_regs : NULL, &dsc_reg_nqn_ops)
		will_show_label(list, st, r);
}

void dsc_effects_rebuild(struct dsc_model *model)
{
	struct dsc_effects list = TAILQ_HEAD_INITIALIZER(list);
	const struct dsc_snapshot *st = &model->now;
	const struct dsc_member *m;
	const struct dsc_worker *w;
	const struct dsc_subsys *s;
	const struct dsc_portal *p;
	const struct dsc_group *g;

	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		w = dsc_snapshot_worker_id(st, s->worker_id);
		rebuild_subsys(&list, s, w ? w->confirmed : 0);
	}
	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		w = dsc_snapshot_worker_id(st, p->worker_id);
		if (!w || p->since > w->confirmed)
			will_show_portal(&list, p);
	}
	dsc_tree_each(g, st->groups, &dsc_group_ops)
	{
		dsc_tree_each(m, g->members, &dsc_member_ops) will_show_member(&list, st, m, true);
	}
	rebuild_zoning(&list, st);
	dsc_effects_wait(model, &list);
}

/* Whoever is told of a subsystem of the worker (of those on the portal, unless that is NULL).  Rare, so it may look at all of them. */
static void doubt_worker(struct dsc_txn *txn, uint64_t worker_id, const struct dsc_portal *p)
{
	const struct dsc_subsys *s;

	dsc_tree_each(s, txn->model->ahead.subsystems, &dsc_subsys_ops)
	{
		if (s->worker_id == worker_id && (!p || dsc_snapshot_serves(s, p)))
			dsc_txn_doubt(txn, s->id, 0);
	}
}

/* What a host is told because it is of this group (worker_id 0: whoever serves it). */
static void doubt_member(struct dsc_txn *txn, uint64_t group_id, uint64_t host_id,
			 uint64_t worker_id)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_group *g = dsc_snapshot_group_id(st, group_id);
	void *id;

	dsc_tree_each(id, g ? g->subsystems : NULL, &dsc_ids_ops)
	{
		if (!worker_id || dsc_snapshot_subsys_id(st, dsc_id(id))->worker_id == worker_id)
			dsc_txn_doubt(txn, dsc_id(id), host_id);
	}
}

void dsc_effect_show(struct dsc_txn *txn, const struct dsc_effect *e)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_portal *p = dsc_snapshot_portal_id(st, e->portal_id);
	const struct dsc_zoning *z =
		e->zoning ? dsc_tree_find(st->zonings, &dsc_zoning_ops, &e->change) : NULL;

	if (z)
		dsc_txn_doubt_zoning(txn, z);
	else if (e->zoning) /* too many came since */
		doubt_worker(txn, e->worker_id, NULL);
	else if (*e->nqn)
		dsc_txn_doubt_host(txn, e->subsys_id, e->nqn);
	else if (e->subsys_id)
		dsc_txn_doubt(txn, e->subsys_id, e->who_id);
	else if (e->group_id)
		doubt_member(txn, e->group_id, e->who_id, e->worker_id);
	else if (p)
		doubt_worker(txn, e->worker_id, p);
}

/* -- what a write may hide, and what it promises ---------------------------------------------------------- */
static void write_subsys(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_subsys *in = (const struct dsc_subsys *)row;
	const struct dsc_subsys *old = dsc_snapshot_subsys_id(&txn->model->ahead, in->id);

	if (old &&
	    (del || old->allow_any != in->allow_any || old->portals_since != in->portals_since ||
	     old->path_policy != in->path_policy || old->max_paths != in->max_paths ||
	     strcmp(old->label, in->label) != 0))
		dsc_txn_doubt(txn, in->id, 0);
	if (del)
		return;
	if (in->allow_any && (!old || !old->allow_any))
		will_show(&txn->effects, in, 0, in->any_since);
	if (old && in->portals_since != old->portals_since)
		will_show(&txn->effects, in, 0, in->portals_since);
	if (old && in->label_since != old->label_since)
		will_show(&txn->effects, in, 0, in->label_since);
}

static void write_allow(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_allow *in = (const struct dsc_allow *)row;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(&txn->model->ahead, in->subsys_id);

	if (!s)
		return;
	if (del)
		dsc_txn_doubt(txn, s->id, in->who_id);
	else
		will_show(&txn->effects, s, in->who_id, in->since);
}

static void write_group(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_group *in = (const struct dsc_group *)row;
	const struct dsc_group *old = dsc_snapshot_group_id(&txn->model->ahead, in->id);

	if (old && !del && (old->path_policy != in->path_policy || old->max_paths != in->max_paths))
		dsc_txn_doubt_paths(txn, in->id);
}

static void write_member(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_member *in = (const struct dsc_member *)row;
	const struct dsc_host *host = dsc_snapshot_host_id(&txn->model->ahead, in->host_id);
	const struct dsc_group *g = dsc_snapshot_group_id(&txn->model->ahead, in->group_id);

	if (host)
		dsc_txn_doubt_referrals(txn, host->nqn);
	if (g && (g->path_policy != DSC_PATHS_UNSET || g->max_paths))
		dsc_txn_doubt_paths(txn, in->host_id);
	if (del)
		doubt_member(txn, in->group_id, in->host_id, 0);
	else
		will_show_member(&txn->effects, &txn->model->ahead, in, false);
}

static void write_serve(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_serve *in = (const struct dsc_serve *)row;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(&txn->model->ahead, in->subsys_id);

	if (!s)
		return;
	if (del)
		dsc_txn_doubt(txn, s->id, 0);
	else
		will_show(&txn->effects, s, 0, in->since);
}

static void write_portal(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_portal *in = (const struct dsc_portal *)row;
	const struct dsc_portal *old = dsc_snapshot_portal_id(&txn->model->ahead, in->id);

	if (in->kind != DSC_PORTAL_IO)
		return;
	if (!old && !del)
		will_show_portal(&txn->effects, in);
	else if (old && (del || old->secure_channel != in->secure_channel ||
			 strcmp(old->advertise, in->advertise) != 0))
		doubt_worker(txn, old->worker_id, old);
}

/* What it confirms is followed by what was promised: dsc_effect_show(). */
static void write_worker(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_worker *in = (const struct dsc_worker *)row;
	const struct dsc_worker *old = dsc_snapshot_worker_id(&txn->model->ahead, in->id);

	if (old && !del && old->degraded != in->degraded)
		doubt_worker(txn, in->id, NULL);
}

static void write_fail(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_fail *f = (const struct dsc_fail *)row;
	const struct dsc_portal *p = dsc_snapshot_portal_id(&txn->model->ahead, f->portal_id);

	(void)del;
	if (f->nsid)
		return; /* namespaces aren't in the log */
	if (f->subsys_id)
		dsc_txn_doubt(txn, f->subsys_id, 0);
	else if (p)
		doubt_worker(txn, p->worker_id, p);
}

/* -- referrals: no worker serves them, so they show at once ---------------------------------------------------- */
static void doubt_referred(struct dsc_txn *txn, const struct dsc_referral *r)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_entity *dc = dsc_snapshot_entity(st, r->nqn);
	char who[DSC_NQN_MAX + 1];
	const struct dsc_group *g;
	const struct dsc_member *m;
	const char *end;

	if (r->all_hosts) { /* but those to whom it would lead back */
		dsc_txn_doubt_referrals(txn, NULL);
		dsc_txn_doubt_referrals(txn, r->nqn);
		if (dc)
			dsc_txn_doubt_referrals(txn, dc->owner);
	}
	for (const char *p = r->hosts; (end = strchr(p, '\n')); p = end + 1) {
		snprintf(who, sizeof(who), "%.*s", (int)(end - p), p);
		g = dsc_snapshot_who_group(st, who);
		if (!g)
			dsc_txn_doubt_referrals(txn, who);
		dsc_tree_each(m, g ? g->members : NULL, &dsc_member_ops)
			dsc_txn_doubt_referrals(txn, dsc_snapshot_host_id(st, m->host_id)->nqn);
	}
}

static void write_referral(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_referral *in = (const struct dsc_referral *)row;
	const struct dsc_referral *old = dsc_snapshot_referral_id(&txn->model->ahead, in->id);

	if (old)
		doubt_referred(txn, old);
	if (!del)
		doubt_referred(txn, in);
}

/* -- what other discovery controllers have shows at once too ----------------------------------------------------------- */
static void write_dc(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	(void)del;
	dsc_txn_doubt_dc(txn, ((const struct dsc_dc *)row)->id);
}

/* A referral to what the host itself has registered isn't told to it; nor does a discovery controller hear of others. */
static void write_entity(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_entity *in = (const struct dsc_entity *)row;
	const struct dsc_entity *old = dsc_snapshot_entity_id(&txn->model->ahead, in->id);
	const struct dsc_referral *r;

	if (in->dc_id)
		dsc_txn_doubt_dc(txn, in->dc_id);
	if (old && old->dc_id)
		dsc_txn_doubt_dc(txn, old->dc_id);
	if (old && !del)
		return; /* neither its EID nor its owner changes */
	dsc_tree_each(r, txn->model->ahead.referrals, &dsc_referral_ops)
	{
		if (!strcmp(r->nqn, in->eid))
			dsc_txn_doubt_referrals(txn, in->owner);
	}
}

/* -- zoning ---------------------------------------------------------------------------------------------------------- */
/* A form that goes is one that no worker has in force any more. */
static void write_zoning(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_zoning *in = (const struct dsc_zoning *)row;

	if (del)
		return;
	dsc_txn_doubt_zoning(txn, in);
	will_show_zoning(&txn->effects, &txn->model->ahead, in);
}

static void doubt_label(struct dsc_txn *txn, const struct dsc_reg *r)
{
	struct dsc_tree *subsystems = dsc_zonings_label_subsystems(&txn->model->ahead, r->label);
	void *id;

	dsc_tree_each(id, subsystems, &dsc_ids_ops) dsc_txn_doubt_host(txn, dsc_id(id), r->nqn);
	dsc_tree_put(subsystems, &dsc_ids_ops);
}

/* A host's label may be what a zone knows it by. */
static void write_host_reg(struct dsc_txn *txn, bool del, const struct dsc_reg *in)
{
	const struct dsc_reg *old = dsc_snapshot_reg_id(&txn->model->ahead, in->id);

	if (!txn->model->ahead.zonings || (old && !del && !strcmp(old->label, in->label)))
		return;
	if (txn->model->ahead.dc_regs) /* what discovery controllers have shows at once */
		dsc_txn_doubt_referrals(txn, in->nqn);
	if (old)
		doubt_label(txn, old);
	if (!del)
		will_show_label(&txn->effects, &txn->model->ahead, in);
}

static void write_reg(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_reg *in = (const struct dsc_reg *)row;
	const struct dsc_entity *e = dsc_snapshot_entity_id(&txn->model->ahead, in->entity_id);

	if (e && e->dc_id)
		dsc_txn_doubt_dc(txn, e->dc_id);
	else
		write_host_reg(txn, del, in);
}

static void (*const before[DSC_ROW_COUNT])(struct dsc_txn *txn, bool del,
					   const struct dsc_row *row) = {
	[DSC_ROW_SUBSYS] = write_subsys,     [DSC_ROW_ALLOW] = write_allow,
	[DSC_ROW_SERVE] = write_serve,	     [DSC_ROW_PORTAL] = write_portal,
	[DSC_ROW_WORKER] = write_worker,     [DSC_ROW_FAIL] = write_fail,
	[DSC_ROW_REFERRAL] = write_referral, [DSC_ROW_ENTITY] = write_entity,
	[DSC_ROW_MEMBER] = write_member,     [DSC_ROW_DC] = write_dc,
	[DSC_ROW_ZONING] = write_zoning,     [DSC_ROW_REG] = write_reg,
	[DSC_ROW_GROUP] = write_group,
};

void dsc_effects_before(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	if (before[row->kind])
		before[row->kind](txn, del, row);
}
