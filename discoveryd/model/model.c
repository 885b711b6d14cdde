/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/model.c - the model's life: read from the store, changed by transactions, replayed once committed.
 * Owns: states and transactions.  Thread: the control loop.  May block: reading at start. */
#include "discoveryd/model/model.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/events/audit.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/model_impl.h"
#include "discoveryd/model/zone_commands.h"

/* -- start and end ---------------------------------------------------------------------------------- */
static int load_row(void *arg, struct dsc_row *row)
{
	struct dsc_model *model = arg;

	if (row->kind == DSC_ROW_EVENT && model->app->events)
		dsc_events_restore(model->app->events, (struct dsc_event *)row);
	else if (row->kind == DSC_ROW_AUDIT && model->app->audits)
		dsc_audits_add(model->app->audits, (struct dsc_audit *)row);
	else
		dsc_state_write(&model->now, false, row);
	return 0;
}

static void name_node(struct dsc_model *model)
{
	const struct dsc_node *node = dsc_tree_next(model->now.nodes, &dsc_node_ops, NULL);
	struct dsc_app *app = model->app;

	model->is_new = !node;
	if (node)
		snprintf(app->node, sizeof(app->node), "%s", node->name);
	else if (gethostname(app->node, sizeof(app->node) - 1) < 0 || !app->node[0])
		snprintf(app->node, sizeof(app->node), "localhost");
}

/* The store failed: what is on its way fails too, so nothing may be built on it any more. */
static void store_failed(void *arg)
{
	struct dsc_model *model = arg;

	dsc_state_assign(&model->ahead, &model->now);
	dsc_rounds_fail(model);
}

int dsc_model_create(struct dsc_app *app, struct dsc_model **ret_model, struct cmn_err *err)
{
	struct dsc_model *model = dsc_zalloc(sizeof(*model));
	struct dsc_store_meta meta;
	int rc;

	model->app = app;
	TAILQ_INIT(&model->waiting);
	rc = dsc_store_load(app->store, &meta, load_row, model, err);
	if (rc < 0) {
		dsc_state_clear(&model->now);
		free(model);
		return rc;
	}
	model->now.change = meta.change;
	model->now.gen_any = meta.gen_any;
	model->last_change = meta.change;
	model->next_id = meta.next_id;
	model->epoch = meta.epoch;
	snprintf(app->disc_nqn, sizeof(app->disc_nqn), "nqn.2014-08.org.nvmexpress:uuid:%s",
		 meta.identity);
	model->now.self_nqn = app->disc_nqn;
	name_node(model);
	dsc_zoning_restore(&model->now);
	dsc_state_assign(&model->ahead, &model->now);
	dsc_effects_rebuild(model);
	dsc_publish_init(model);
	dsc_rounds_init(model);
	dsc_store_on_failure(app->store, store_failed, model);
	*ret_model = model;
	return 0;
}

void dsc_model_stop(struct dsc_model *model)
{
	if (model)
		dsc_rounds_stop(model);
}

void dsc_model_destroy(struct dsc_model *model)
{
	struct dsc_txn *txn;

	if (!model)
		return;
	while ((txn = TAILQ_FIRST(&model->waiting))) {
		TAILQ_REMOVE(&model->waiting, txn, link);
		net_timer_cancel(model->app->loop, &txn->timer);
		dsc_batch_forget(&txn->call);
		dsc_txn_free(txn);
	}
	dsc_effects_end(model);
	dsc_publish_end(model);
	dsc_state_clear(&model->now);
	dsc_state_clear(&model->ahead);
	free(model);
}

const struct dsc_snapshot *dsc_model_now(struct dsc_model *model)
{
	return &model->now;
}

uint64_t dsc_model_epoch(struct dsc_model *model)
{
	return model->epoch;
}

bool dsc_model_is_new(struct dsc_model *model)
{
	return model->is_new;
}

void dsc_writes_subscribe(struct dsc_model *model, struct dsc_writes_sub *sub)
{
	TAILQ_INSERT_TAIL(&model->writes_subs, sub, link);
}

void dsc_writes_unsubscribe(struct dsc_model *model, struct dsc_writes_sub *sub)
{
	TAILQ_REMOVE(&model->writes_subs, sub, link);
}

void dsc_model_set_watch(struct dsc_model *model, struct dsc_model_watch *watch)
{
	model->watch = watch;
}

/* -- transactions --------------------------------------------------------------------------------------- */
struct dsc_txn *dsc_txn_begin(struct dsc_model *model)
{
	struct dsc_txn *txn;

	if (model->batch)
		return dsc_batch_join(model);
	assert(!model->in_txn);
	txn = dsc_zalloc(sizeof(*txn));
	model->in_txn = true;
	txn->model = model;
	TAILQ_INIT(&txn->effects);
	TAILQ_INIT(&txn->showing);
	dsc_state_assign(&txn->before, &model->ahead);
	txn->req.change = ++model->last_change;
	model->ahead.change = txn->req.change;
	return txn;
}

const struct dsc_snapshot *dsc_txn_state(const struct dsc_txn *txn)
{
	return &txn->model->ahead;
}

uint64_t dsc_txn_change(const struct dsc_txn *txn)
{
	return txn->req.change;
}

uint64_t dsc_txn_new_id(struct dsc_txn *txn)
{
	return txn->model->next_id++;
}

static void push(struct dsc_txn *txn, bool del, struct dsc_row *row)
{
	struct dsc_store_req *req = &txn->req;

	dsc_effects_before(txn, del, row);
	req->writes = dsc_grow(req->writes, req->nr_writes, &txn->max_writes, sizeof(*req->writes));
	req->writes[req->nr_writes++] = (struct dsc_write){ .del = del, .row = row };
	dsc_state_write(&txn->model->ahead, del, row);
}

void dsc_txn_put(struct dsc_txn *txn, void *row)
{
	push(txn, false, row);
}

void dsc_txn_del(struct dsc_txn *txn, const void *row)
{
	push(txn, true, dsc_row_get(row));
}

void dsc_txn_mark(struct dsc_txn *txn, uint64_t subsys_id)
{
	const struct dsc_subsys *old = dsc_snapshot_subsys_id(&txn->model->ahead, subsys_id);
	struct dsc_subsys *s;

	if (!old || old->changed == txn->req.change)
		return;
	s = dsc_row_copy(old);
	s->changed = txn->req.change;
	dsc_txn_put(txn, s);
}

/* The row that says that it failed, if there is one. */
static void drop_fail(struct dsc_txn *txn, uint64_t subsys_id, uint32_t nsid)
{
	struct dsc_fail key = { .subsys_id = subsys_id, .nsid = nsid };
	const struct dsc_fail *fail = dsc_tree_find(txn->model->ahead.fails, &dsc_fail_ops, &key);

	if (fail)
		dsc_txn_del(txn, fail);
}

void dsc_txn_drop_ns(struct dsc_txn *txn, const struct dsc_subsys *s, const struct dsc_ns *ns)
{
	uint64_t subsys_id = s->id;
	uint32_t nsid = ns->nsid;
	struct dsc_ns *held = dsc_row_get(ns);
	void *id;

	dsc_tree_each(id, held->hosts, &dsc_ids_ops)
	{
		struct dsc_ns_allow *a = dsc_row_new(DSC_ROW_NS_ALLOW);

		a->subsys_id = subsys_id;
		a->nsid = nsid;
		a->who_id = dsc_id(id);
		dsc_txn_del(txn, a);
		dsc_row_put(a);
	}
	dsc_txn_del(txn, held);
	dsc_row_put(held);
	drop_fail(txn, subsys_id, nsid);
	dsc_txn_mark(txn, subsys_id);
}

void dsc_txn_replay(struct dsc_txn *txn)
{
	struct dsc_model *model = txn->model;
	struct dsc_writes_sub *sub;

	for (size_t i = 0; i < txn->req.nr_writes; i++) {
		struct dsc_write *w = &txn->req.writes[i];

		dsc_state_write(&model->now, w->del, w->row);
		dsc_publish_write(model, w->row);
		if (w->row->kind == DSC_ROW_AUDIT)
			dsc_audits_add(model->app->audits, (struct dsc_audit *)w->row);
		if (model->watch)
			model->watch->written(model->watch, w->del, w->row);
		TAILQ_FOREACH(sub, &model->writes_subs, link)
			sub->written(sub, w->del, w->row);
		if (w->row->kind == DSC_ROW_ZONE_PAST && !w->del)
			dsc_zone_past_tell(model->app, (const struct dsc_zone_past *)w->row);
	}
	model->now.change = txn->req.change;
	dsc_effects_wait(model, &txn->effects);
	dsc_publish_soon(model);
}

static void fail(struct dsc_txn *txn, int result)
{
	struct dsc_outcome out = { .change = txn->req.change, .state = DSC_STATUS_FAILED };

	cmn_err_set(&out.err, result, NULL, "the change could not be stored: %s",
		    result == -ENOSPC ? "no space on the disk of the state folder"
				      : txn->req.result_text);
	snprintf(out.name, sizeof(out.name), "%s", txn->name);
	dsc_txn_finish(txn, &out);
}

static bool drops_worker(const struct dsc_txn *txn)
{
	for (size_t i = 0; i < txn->req.nr_writes; i++) {
		if (txn->req.writes[i].del && txn->req.writes[i].row->kind == DSC_ROW_WORKER)
			return true;
	}
	return false;
}

void dsc_txn_stored(struct dsc_txn *txn)
{
	struct dsc_model *model = txn->model;
	bool worker_gone = txn->req.result == 0 && drops_worker(txn);

	if (txn->committed)
		txn->committed(txn, txn->req.result);
	else if (txn->req.result < 0)
		fail(txn, txn->req.result);
	else
		dsc_wait_add(txn);
	if (worker_gone)
		dsc_wait_look(model);
}

void dsc_txn_commit(struct dsc_txn *txn, const struct dsc_call *call,
		    const struct dsc_target *target, const char *name)
{
	struct dsc_model *model = txn->model;

	if (dsc_batch_has(txn)) {
		dsc_batch_joined(txn, call, target, name);
		return;
	}
	model->in_txn = false;
	if (call)
		txn->call = *call;
	if (target)
		txn->target = *target;
	if (name)
		snprintf(txn->name, sizeof(txn->name), "%s", name);
	dsc_round_add(txn);
}

void dsc_txn_abort(struct dsc_txn *txn)
{
	struct dsc_model *model = txn->model;

	if (dsc_batch_has(txn)) {
		dsc_batch_left(txn);
		return;
	}
	model->in_txn = false;
	dsc_state_assign(&model->ahead, &txn->before);
	dsc_txn_free(txn);
}
