/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/confirm.c - what workers report becomes part of the model: stored before hosts are told.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/model_impl.h"

/* -- failures -------------------------------------------------------------------------------------- */
static bool has(const uint64_t *ids, size_t nr, uint64_t id)
{
	for (size_t i = 0; i < nr; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* Was it in the apply that has been answered? */
static bool answered(const struct dsc_snapshot *st, const struct dsc_confirm *c,
		     const struct dsc_fail *f)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, f->subsys_id);
	const struct dsc_portal *p = dsc_snapshot_portal_id(st, f->portal_id);

	if (f->subsys_id && !s)
		return false;
	if (c->full)
		return s ? s->worker_id == c->worker_id : p && p->worker_id == c->worker_id;
	return s ? has(c->subsystems, c->nr_subsystems, s->id)
		 : p && has(c->portals, c->nr_portals, p->id);
}

static bool named(const struct dsc_confirm *c, const struct dsc_fail *f)
{
	for (size_t i = 0; i < c->nr_fails; i++) {
		if (dsc_fail_ops.cmp(f, c->fails[i]) == 0)
			return true;
	}
	return false;
}

static void write_fails(struct dsc_txn *txn, const struct dsc_confirm *c)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_fail *f, *next;

	for (f = dsc_tree_next(st->fails, &dsc_fail_ops, NULL); f; f = next) {
		struct dsc_fail *held = dsc_row_get(f);

		if (answered(st, c, held) && !named(c, held))
			dsc_txn_del(txn, held);
		next = dsc_tree_next(st->fails, &dsc_fail_ops, held);
		dsc_row_put(held);
	}
	for (size_t i = 0; i < c->nr_fails; i++) {
		const struct dsc_fail *old;

		old = dsc_tree_find(st->fails, &dsc_fail_ops, c->fails[i]);
		if (!old || strcmp(old->reason, c->fails[i]->reason) != 0)
			dsc_txn_put(txn, dsc_row_copy(c->fails[i]));
	}
}

/* -- confirmation ------------------------------------------------------------------------------------ */
static void take_effects(struct dsc_txn *txn, const struct dsc_confirm *c)
{
	struct dsc_effect *e;

	dsc_effects_take(txn->model, c->worker_id, c->generation, &txn->showing);
	TAILQ_FOREACH(e, &txn->showing, link)
		dsc_effect_show(txn, e);
}

static void confirm_stored(struct dsc_txn *txn, int result)
{
	struct dsc_model *model = txn->model;
	uint64_t worker_id = txn->target.worker_id;

	if (result < 0) {
		/* What it was to show isn't shown; the worker's next answer, or the supervisor's next full state, tries again. */
		dsc_effects_wait(model, &txn->showing);
		if (model->watch && model->watch->confirm_failed)
			model->watch->confirm_failed(model->watch, worker_id);
	}
	dsc_txn_free(txn);
	if (result == 0)
		dsc_wait_look(model);
}

void dsc_model_confirm(struct dsc_model *model, const struct dsc_confirm *c)
{
	const struct dsc_worker *old = dsc_snapshot_worker_id(&model->ahead, c->worker_id);
	struct dsc_target target = { .worker_id = c->worker_id };
	struct dsc_worker *w;
	struct dsc_txn *txn;

	if (!old)
		return;
	txn = dsc_txn_begin(model);
	write_fails(txn, c);
	old = dsc_snapshot_worker_id(&model->ahead, c->worker_id);
	if (c->generation > old->confirmed) {
		w = dsc_row_copy(old);
		w->confirmed = c->generation;
		dsc_txn_put(txn, w);
	}
	take_effects(txn, c);
	if (!txn->req.nr_writes) {
		dsc_effects_free(&txn->showing);
		dsc_txn_abort(txn);
		return;
	}
	txn->committed = confirm_stored;
	dsc_txn_commit(txn, NULL, &target, NULL);
}

/* -- other reports -------------------------------------------------------------------------------------- */
void dsc_model_set_degraded(struct dsc_model *model, uint64_t worker_id, bool degraded)
{
	const struct dsc_worker *old = dsc_snapshot_worker_id(&model->ahead, worker_id);
	struct dsc_worker *w;
	struct dsc_txn *txn;

	if (!old || old->degraded == degraded)
		return;
	txn = dsc_txn_begin(model);
	w = dsc_row_copy(old);
	w->degraded = degraded;
	dsc_txn_put(txn, w);
	dsc_txn_commit(txn, NULL, NULL, NULL);
}

void dsc_model_set_incarnation(struct dsc_model *model, uint64_t worker_id, uint64_t incarnation)
{
	const struct dsc_worker *old = dsc_snapshot_worker_id(&model->ahead, worker_id);
	struct dsc_worker *w;
	struct dsc_txn *txn;

	if (!old || old->incarnation >= incarnation)
		return;
	txn = dsc_txn_begin(model);
	w = dsc_row_copy(old);
	w->incarnation = incarnation;
	dsc_txn_put(txn, w);
	dsc_txn_commit(txn, NULL, NULL, NULL);
}

void dsc_model_ram_lost(struct dsc_model *model, uint64_t subsys_id, uint32_t nsid)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(&model->ahead, subsys_id);
	const struct dsc_ns *old = s ? dsc_snapshot_ns(s, nsid) : NULL;
	struct dsc_txn *txn;
	struct dsc_ns *ns;

	if (!old)
		return;
	txn = dsc_txn_begin(model);
	ns = dsc_row_copy(old);
	if (dsc_ns_new_identity(ns) < 0) {
		dsc_row_put(ns);
		dsc_txn_abort(txn);
		return;
	}
	ns->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, ns);
	dsc_txn_mark(txn, subsys_id);
	dsc_txn_commit(txn, NULL, NULL, NULL);
}

void dsc_model_portal_failed(struct dsc_model *model, uint64_t portal_id, const char *reason)
{
	struct dsc_fail key = { .portal_id = portal_id };
	const struct dsc_fail *old = dsc_tree_find(model->ahead.fails, &dsc_fail_ops, &key);
	struct dsc_fail *fail;
	struct dsc_txn *txn;

	if (old ? (reason && strcmp(reason, old->reason) == 0) : !reason)
		return;
	txn = dsc_txn_begin(model);
	if (reason) {
		fail = dsc_row_new(DSC_ROW_FAIL);
		fail->portal_id = portal_id;
		snprintf(fail->field, sizeof(fail->field), "traddr");
		snprintf(fail->reason, sizeof(fail->reason), "%s", reason);
		dsc_txn_put(txn, fail);
	} else {
		dsc_txn_del(txn, old);
	}
	dsc_txn_commit(txn, NULL, NULL, NULL);
}
