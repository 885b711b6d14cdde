/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/effects.c - follows what each write hides from hosts (at once) or will show them (once confirmed).
 * Owns: lists of effects.  Thread: the control loop.  May block: never.
 *
 * A host's generation moves only for what it can see: DESIGN's genctr. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/model_impl.h"

/* -- generations ---------------------------------------------------------------------------------- */
void dsc_txn_touch_any(struct dsc_txn *txn)
{
	txn->touched_any = true;
	txn->model->ahead.gen_any = txn->req.change;
}

static void touch_nqn(struct dsc_txn *txn, const char *nqn)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	struct dsc_view *view;

	if (txn->touched_any || dsc_snapshot_genctr(st, nqn) == txn->req.change)
		return;
	view = dsc_row_new(DSC_ROW_VIEW);
	snprintf(view->nqn, sizeof(view->nqn), "%s", nqn);
	view->gen = txn->req.change;
	dsc_txn_put(txn, view);
}

void dsc_txn_touch_host(struct dsc_txn *txn, const struct dsc_host *host)
{
	touch_nqn(txn, host->nqn);
}

static bool sees(const struct dsc_snapshot *st, const struct dsc_subsys *s,
		 const struct dsc_host *host)
{
	return dsc_snapshot_why(st, s, host, NULL) == DSC_WHY_VISIBLE;
}

void dsc_txn_touch_audience(struct dsc_txn *txn, const struct dsc_subsys *s)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_allow *a;
	const struct dsc_host *host;

	if (sees(st, s, NULL)) {
		dsc_txn_touch_any(txn);
		return;
	}
	dsc_tree_each(a, s->hosts, &dsc_allow_ops)
	{
		host = dsc_snapshot_host_id(st, a->host_id);
		if (host && sees(st, s, host))
			dsc_txn_touch_host(txn, host);
	}
}

/* Whoever sees one of the worker's subsystems (through the portal, unless that is NULL).  Rare, so it may look at all of them. */
static void touch_worker(struct dsc_txn *txn, uint64_t worker_id, const struct dsc_portal *p)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_subsys *s;

	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		if (txn->touched_any)
			return;
		if (s->worker_id == worker_id && (!p || dsc_snapshot_serves(s, p)))
			dsc_txn_touch_audience(txn, s);
	}
}

/* -- what is to come --------------------------------------------------------------------------------- */
static void add(struct dsc_effects *list, enum dsc_effect_kind kind, uint64_t change,
		const struct dsc_subsys *s, uint64_t host_id)
{
	struct dsc_effect *e = dsc_zalloc(sizeof(*e));

	e->kind = (uint8_t)kind;
	e->change = change;
	e->worker_id = s->worker_id;
	e->subsys_id = s->id;
	e->host_id = host_id;
	TAILQ_INSERT_TAIL(list, e, link);
}

static void add_portal(struct dsc_effects *list, const struct dsc_portal *p)
{
	struct dsc_effect *e = dsc_zalloc(sizeof(*e));

	e->kind = DSC_EFFECT_PORTAL;
	e->change = p->since;
	e->worker_id = p->worker_id;
	e->portal_id = p->id;
	TAILQ_INSERT_TAIL(list, e, link);
}

void dsc_effects_move(struct dsc_effects *to, struct dsc_effects *from)
{
	TAILQ_CONCAT(to, from, link);
}

void dsc_effects_free(struct dsc_effects *list)
{
	struct dsc_effect *e;

	while ((e = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, e, link);
		free(e);
	}
}

/* After a restart: whatever has not been confirmed is still to be shown. */
static void rebuild_subsys(struct dsc_model *model, const struct dsc_subsys *s, uint64_t confirmed)
{
	const struct dsc_allow *a;

	if (s->allow_any && (s->any_since > confirmed || s->since > confirmed))
		add(&model->effects, DSC_EFFECT_ANY, s->any_since, s, 0);
	if (s->portals_since > confirmed)
		add(&model->effects, DSC_EFFECT_SUBSYS, s->portals_since, s, 0);
	dsc_tree_each(a, s->hosts, &dsc_allow_ops)
	{
		if (a->since > confirmed)
			add(&model->effects, DSC_EFFECT_LINK, a->since, s, a->host_id);
	}
}

void dsc_effects_rebuild(struct dsc_model *model)
{
	const struct dsc_snapshot *st = &model->now;
	const struct dsc_worker *w;
	const struct dsc_subsys *s;
	const struct dsc_portal *p;

	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		w = dsc_snapshot_worker_id(st, s->worker_id);
		rebuild_subsys(model, s, w ? w->confirmed : 0);
	}
	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		w = dsc_snapshot_worker_id(st, p->worker_id);
		if (!w || p->since > w->confirmed)
			add_portal(&model->effects, p);
	}
}

/* The worker has confirmed it: whoever sees it now gets a new generation. */
void dsc_effect_show(struct dsc_txn *txn, const struct dsc_effect *e)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, e->subsys_id);
	const struct dsc_host *host = dsc_snapshot_host_id(st, e->host_id);
	const struct dsc_portal *p = dsc_snapshot_portal_id(st, e->portal_id);

	if (e->kind == DSC_EFFECT_PORTAL && p)
		touch_worker(txn, e->worker_id, p);
	if (!s)
		return;
	if (e->kind == DSC_EFFECT_SUBSYS)
		dsc_txn_touch_audience(txn, s);
	if (e->kind == DSC_EFFECT_ANY && sees(st, s, NULL))
		dsc_txn_touch_any(txn);
	if (e->kind == DSC_EFFECT_LINK && host && sees(st, s, host) && !sees(st, s, NULL))
		dsc_txn_touch_host(txn, host);
}

/* -- before a write: what it hides, what it promises -------------------------------------------------------- */
static void before_subsys(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_subsys *in = (const struct dsc_subsys *)row;
	const struct dsc_subsys *old = dsc_snapshot_subsys_id(st, in->id);

	if (old && old->allow_any && (del || !in->allow_any) && sees(st, old, NULL))
		dsc_txn_touch_any(txn);
	if (del)
		return;
	if (old && strcmp(old->label, in->label) != 0)
		dsc_txn_touch_audience(txn, old);
	if (in->allow_any && (!old || !old->allow_any))
		add(&txn->effects, DSC_EFFECT_ANY, in->any_since, in, 0);
	if (old && in->portals_since != old->portals_since) {
		if (old->all_portals && !in->all_portals)
			dsc_txn_touch_audience(txn, old);
		add(&txn->effects, DSC_EFFECT_SUBSYS, in->portals_since, in, 0);
	}
}

static void before_allow(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_allow *in = (const struct dsc_allow *)row;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, in->subsys_id);
	const struct dsc_host *host = dsc_snapshot_host_id(st, in->host_id);

	if (!s || !host)
		return;
	if (!del)
		add(&txn->effects, DSC_EFFECT_LINK, in->since, s, in->host_id);
	else if (sees(st, s, host) && !sees(st, s, NULL))
		dsc_txn_touch_host(txn, host);
}

static void before_serve(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_serve *in = (const struct dsc_serve *)row;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(&txn->model->ahead, in->subsys_id);

	if (!s)
		return;
	if (!del)
		add(&txn->effects, DSC_EFFECT_SUBSYS, in->since, s, 0);
	else if (!s->all_portals)
		dsc_txn_touch_audience(txn, s);
}

static void before_portal(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_portal *in = (const struct dsc_portal *)row;
	const struct dsc_portal *old = dsc_snapshot_portal_id(&txn->model->ahead, in->id);

	if (in->kind != DSC_PORTAL_IO)
		return;
	if (!old && !del)
		add_portal(&txn->effects, in);
	else if (old && (del || strcmp(old->advertise, in->advertise) != 0))
		touch_worker(txn, old->worker_id, old);
}

static void before_worker(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_worker *in = (const struct dsc_worker *)row;
	const struct dsc_worker *old = dsc_snapshot_worker_id(&txn->model->ahead, in->id);

	if (!old || del)
		return;
	if (!old->degraded && in->degraded)
		touch_worker(txn, in->id, NULL);
	txn->recovered = old->degraded && !in->degraded;
}

static void touch_failed(struct dsc_txn *txn, const struct dsc_row *row)
{
	const struct dsc_snapshot *st = &txn->model->ahead;
	const struct dsc_fail *f = (const struct dsc_fail *)row;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, f->subsys_id);
	const struct dsc_portal *p = dsc_snapshot_portal_id(st, f->portal_id);

	if (f->nsid)
		return; /* namespaces aren't in the log */
	if (s)
		dsc_txn_touch_audience(txn, s);
	else if (p)
		touch_worker(txn, p->worker_id, p);
}

static void before_fail(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	if (!del && !dsc_tree_find(txn->model->ahead.fails, &dsc_fail_ops, row))
		touch_failed(txn, row);
}

/* No worker serves it: it shows at once. */
static void touch_referred(struct dsc_txn *txn, const struct dsc_referral *r)
{
	char nqn[DSC_NQN_MAX + 1];
	const char *end;

	if (r->all_hosts)
		dsc_txn_touch_any(txn);
	for (const char *p = r->hosts; (end = strchr(p, '\n')); p = end + 1) {
		snprintf(nqn, sizeof(nqn), "%.*s", (int)(end - p), p);
		touch_nqn(txn, nqn);
	}
}

static void before_referral(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	const struct dsc_referral *in = (const struct dsc_referral *)row;
	const struct dsc_referral *old = dsc_snapshot_referral_id(&txn->model->ahead, in->id);

	if (old)
		touch_referred(txn, old);
	if (!del)
		touch_referred(txn, in);
}

static void (*const before[DSC_ROW_COUNT])(struct dsc_txn *txn, bool del,
					   const struct dsc_row *row) = {
	[DSC_ROW_SUBSYS] = before_subsys,     [DSC_ROW_ALLOW] = before_allow,
	[DSC_ROW_SERVE] = before_serve,	      [DSC_ROW_PORTAL] = before_portal,
	[DSC_ROW_WORKER] = before_worker,     [DSC_ROW_FAIL] = before_fail,
	[DSC_ROW_REFERRAL] = before_referral,
};

void dsc_effects_before(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	if (before[row->kind])
		before[row->kind](txn, del, row);
}

/* What is seen again. A worker that isn't degraded is written often, and has nothing new to show unless it was. */
void dsc_effects_after(struct dsc_txn *txn, bool del, const struct dsc_row *row)
{
	if (del && row->kind == DSC_ROW_FAIL)
		touch_failed(txn, row);
	if (!txn->recovered || row->kind != DSC_ROW_WORKER)
		return;
	txn->recovered = false;
	touch_worker(txn, ((const struct dsc_worker *)row)->id, NULL);
}
