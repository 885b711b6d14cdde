/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/wait.c - committed changes that wait for their worker, and how a command ends.
 * Owns: waiting transactions.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "discoveryd/model/model_impl.h"

void dsc_txn_free(struct dsc_txn *txn)
{
	for (size_t i = 0; i < txn->req.nr_writes; i++)
		dsc_row_put(txn->req.writes[i].row);
	free(txn->req.writes);
	dsc_effects_free(&txn->effects);
	dsc_review_free(&txn->review);
	dsc_effects_free(&txn->showing);
	dsc_state_clear(&txn->before);
	free(txn->targets);
	free(txn);
}

void dsc_txn_finish(struct dsc_txn *txn, const struct dsc_outcome *outcome)
{
	if (txn->call.done) {
		dsc_publish_now(txn->model);
		txn->call.done(txn->call.arg, outcome);
	}
	dsc_txn_free(txn);
}

static void outcome_init(const struct dsc_txn *txn, struct dsc_outcome *out)
{
	memset(out, 0, sizeof(*out));
	out->change = txn->req.change;
	out->nsid = txn->target.nsid;
	out->later = txn->target.later;
	snprintf(out->name, sizeof(out->name), "%s", txn->name);
}

/* What the model says of a target of the transaction now. */
static enum dsc_status look_at(const struct dsc_txn *txn, const struct dsc_target *t,
			       const struct dsc_fail **ret_fail)
{
	const struct dsc_snapshot *st = &txn->model->now;
	const struct dsc_worker *w = dsc_snapshot_worker_id(st, t->worker_id);
	struct dsc_fail key = { .subsys_id = t->subsys_id,
				.nsid = t->nsid,
				.portal_id = t->portal_id };

	*ret_fail = NULL;
	if (t->job)
		return DSC_PENDING;
	if (!t->worker_id || !w) /* one that was deleted has nothing left to confirm */
		return DSC_READY;
	if (w->confirmed < txn->req.change)
		return DSC_PENDING;
	*ret_fail = dsc_tree_find(st->fails, &dsc_fail_ops, &key);
	return *ret_fail ? DSC_STATUS_FAILED : DSC_READY;
}

/* Of all its targets: the first that failed, or else whether one is pending. */
static enum dsc_status look(const struct dsc_txn *txn, const struct dsc_fail **ret_fail)
{
	enum dsc_status all = look_at(txn, &txn->target, ret_fail), one;

	for (size_t i = 0; i < txn->nr_targets && !*ret_fail; i++) {
		one = look_at(txn, &txn->targets[i], ret_fail);
		if (one != DSC_READY)
			all = one;
	}
	return all;
}

/* Does any of its targets? */
static bool is_pending(const struct dsc_txn *txn)
{
	const struct dsc_fail *fail;
	bool pending = look_at(txn, &txn->target, &fail) == DSC_PENDING;

	for (size_t i = 0; i < txn->nr_targets && !pending; i++)
		pending = look_at(txn, &txn->targets[i], &fail) == DSC_PENDING;
	return pending;
}

/* The removal of what couldn't be opened is committed (or not): now the command ends. */
static void undo_done(void *arg, const struct dsc_outcome *removed)
{
	struct dsc_txn *txn = arg;
	struct dsc_outcome out;

	outcome_init(txn, &out);
	out.err = cmn_err_is(&removed->err) ? removed->err : txn->undone;
	out.state = DSC_STATUS_FAILED;
	dsc_txn_finish(txn, &out);
}

static void undo(struct dsc_txn *txn, const struct dsc_fail *fail)
{
	struct dsc_model *model = txn->model;
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(&model->ahead, txn->target.subsys_id);
	const struct dsc_ns *ns = s ? dsc_snapshot_ns(s, txn->target.nsid) : NULL;
	struct dsc_call call = { .done = undo_done, .arg = txn };
	struct dsc_txn *back;

	cmn_err_set(&txn->undone, -EINVAL, fail->field, "%s", fail->reason);
	if (!ns ||
	    ns->changed != txn->req.change) { /* gone or changed meanwhile: not ours to remove */
		undo_done(txn, &(struct dsc_outcome){ 0 });
		return;
	}
	back = dsc_txn_begin(model);
	dsc_txn_drop_ns(back, s, ns);
	dsc_txn_commit(back, &call, NULL, txn->name);
}

static void stop_waiting(struct dsc_txn *txn)
{
	if (!txn->waiting)
		return;
	TAILQ_REMOVE(&txn->model->waiting, txn, link);
	net_timer_cancel(txn->model->app->loop, &txn->timer);
	txn->waiting = false;
}

static void settle(struct dsc_txn *txn)
{
	const struct dsc_fail *fail;
	struct dsc_outcome out;

	stop_waiting(txn);
	outcome_init(txn, &out);
	out.state = look(txn, &fail);
	if (fail && txn->target.undo && !(txn->call.keeps && txn->call.keeps(txn->call.arg))) {
		undo(txn, fail);
		return;
	}
	if (fail)
		snprintf(out.reason, sizeof(out.reason), "%s", fail->reason);
	dsc_txn_finish(txn, &out);
}

static void wait_over(struct net_timer *timer, uint64_t now)
{
	(void)now;
	settle(cmn_container_of(timer, struct dsc_txn, timer));
}

static void tell_stored(struct dsc_txn *txn)
{
	struct dsc_outcome out;

	outcome_init(txn, &out);
	out.state = DSC_PENDING;
	dsc_publish_now(txn->model);
	txn->call.stored(txn->call.arg, &out);
}

void dsc_wait_add(struct dsc_txn *txn)
{
	struct dsc_model *model = txn->model;

	if (!is_pending(txn) || !txn->call.done || !txn->call.wait_ms) {
		settle(txn);
		return;
	}
	txn->waiting = true;
	TAILQ_INSERT_TAIL(&model->waiting, txn, link);
	txn->timer.fire = wait_over;
	if (!txn->target.job) /* which ends by itself, however long it takes */
		net_timer_set(model->app->loop, &txn->timer,
			      cmn_now_ns() + txn->call.wait_ms * CMN_NS_PER_MS);
	if (txn->call.stored)
		tell_stored(txn);
}

void dsc_wait_look(struct dsc_model *model)
{
	struct dsc_txns ready = TAILQ_HEAD_INITIALIZER(ready);
	struct dsc_txn *txn, *next;

	TAILQ_FOREACH_SAFE(txn, &model->waiting, link, next) {
		if (is_pending(txn))
			continue;
		stop_waiting(txn);
		TAILQ_INSERT_TAIL(&ready, txn, link);
	}
	TAILQ_FOREACH_SAFE(txn, &ready, link, next)
		settle(txn);
}

/* -- jobs ------------------------------------------------------------------------------------------------ */
static struct dsc_txn *find_job(struct dsc_model *model, uint64_t job)
{
	struct dsc_txn *txn;

	TAILQ_FOREACH(txn, &model->waiting, link) {
		if (txn->target.job == job)
			return txn;
	}
	return NULL;
}

void dsc_job_progress(struct dsc_model *model, uint64_t job, uint64_t done, uint64_t total)
{
	struct dsc_txn *txn = find_job(model, job);

	if (txn && txn->call.progress)
		txn->call.progress(txn->call.arg, done, total);
}

void dsc_job_over(struct dsc_model *model, uint64_t job, const struct cmn_err *err)
{
	struct dsc_txn *txn = find_job(model, job);
	struct dsc_outcome out;

	if (!txn)
		return;
	stop_waiting(txn);
	outcome_init(txn, &out);
	out.err = *err;
	out.state = cmn_err_is(err) ? DSC_STATUS_FAILED : DSC_READY;
	dsc_txn_finish(txn, &out);
}
