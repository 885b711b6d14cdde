/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/batch.c - many commands in one transaction.
 * Owns: the batch, from its begin until every command in it has been told how it ended.
 * Thread: the control loop.  May block: never.
 *
 * While a batch is open, the transactions that commands begin are the batch's own: a command sees what the ones before it wrote,
 * and its commit only notes where to look for its outcome. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/model_impl.h"

struct joined {
	struct dsc_call call;
	uint32_t nsid;
	char name[DSC_NQN_MAX + 1];
};

struct dsc_batch {
	struct dsc_txn *txn;
	size_t mark; /* writes when the command under way began */
	struct joined *joined; /* commands that want to be told */
	size_t nr_joined, max_joined;
	struct dsc_call call;
	char name[DSC_NQN_MAX + 1]; /* of the last command's outcome */
	uint32_t nsid;
};

/* -- from the transactions of commands ------------------------------------------------------------- */
struct dsc_txn *dsc_batch_join(struct dsc_model *model)
{
	model->batch->mark = model->batch->txn->req.nr_writes;
	return model->batch->txn;
}

bool dsc_batch_has(const struct dsc_txn *txn)
{
	return txn->model->batch && txn->model->batch->txn == txn;
}

void dsc_txn_also(struct dsc_txn *txn, const struct dsc_target *target)
{
	txn->targets =
		dsc_grow(txn->targets, txn->nr_targets, &txn->max_targets, sizeof(*txn->targets));
	txn->targets[txn->nr_targets++] = *target;
}

void dsc_batch_joined(struct dsc_txn *txn, const struct dsc_call *call,
		      const struct dsc_target *target, const char *name)
{
	struct dsc_batch *b = txn->model->batch;
	struct joined *j;

	snprintf(b->name, sizeof(b->name), "%s", name ? name : "");
	b->nsid = target ? target->nsid : 0;
	if (target && (target->worker_id || target->job))
		dsc_txn_also(txn, target);
	if (!call || !call->done)
		return;
	b->joined = dsc_grow(b->joined, b->nr_joined, &b->max_joined, sizeof(*b->joined));
	j = &b->joined[b->nr_joined++];
	j->call = *call;
	j->nsid = target ? target->nsid : 0;
	snprintf(j->name, sizeof(j->name), "%s", name ? name : "");
}

/* A command that found nothing to do: it has written nothing that would have to be taken back. */
void dsc_batch_left(const struct dsc_txn *txn)
{
	assert(txn->req.nr_writes == txn->model->batch->mark);
	(void)txn;
}

/* -- life ---------------------------------------------------------------------------------------------- */
void dsc_batch_begin(struct dsc_app *app)
{
	struct dsc_batch *b = dsc_zalloc(sizeof(*b));

	b->txn = dsc_txn_begin(app->model);
	app->model->batch = b;
}

const struct dsc_snapshot *dsc_batch_before(const struct dsc_app *app)
{
	return &app->model->batch->txn->before;
}

const struct dsc_snapshot *dsc_batch_after(const struct dsc_app *app)
{
	return &app->model->ahead;
}

const struct dsc_write *dsc_batch_writes(const struct dsc_app *app, size_t *ret_nr)
{
	const struct dsc_txn *txn = app->model->batch->txn;

	*ret_nr = txn->req.nr_writes;
	return txn->req.writes;
}

const char *dsc_batch_name(const struct dsc_app *app, uint32_t *ret_nsid)
{
	*ret_nsid = app->model->batch->nsid;
	return app->model->batch->name;
}

void dsc_batch_put(struct dsc_app *app, void *row)
{
	dsc_txn_put(app->model->batch->txn, row);
}

/* -- what hosts would be told ------------------------------------------------------------------------- */
static void confirm_all(struct dsc_snapshot *st, const struct dsc_snapshot *from)
{
	const struct dsc_worker *w;
	struct dsc_worker *copy;

	dsc_state_assign(st, from);
	dsc_tree_each(w, from->workers, &dsc_worker_ops)
	{
		if (w->confirmed >= from->change)
			continue;
		copy = dsc_row_copy(w);
		copy->confirmed = from->change;
		dsc_state_write(st, false, &copy->row);
		dsc_row_put(copy);
	}
}

bool dsc_batch_tell(struct dsc_app *app, dsc_told_fn *fn, void *arg)
{
	struct dsc_snapshot before = { .change = 0 }, after = { .change = 0 };
	struct dsc_txn *txn = app->model->batch->txn;
	bool complete;

	confirm_all(&before, &txn->before);
	confirm_all(&after, &app->model->ahead);
	complete =
		dsc_review_tell(txn, (const struct dsc_snapshot *[]){ &before, &after }, fn, arg);
	dsc_state_clear(&before);
	dsc_state_clear(&after);
	return complete;
}

static void tell(struct dsc_batch *b, const struct dsc_outcome *outcome)
{
	struct dsc_outcome out = *outcome;

	for (size_t i = 0; i < b->nr_joined; i++) {
		out.nsid = b->joined[i].nsid;
		snprintf(out.name, sizeof(out.name), "%s", b->joined[i].name);
		b->joined[i].call.done(b->joined[i].call.arg, &out);
	}
	if (b->call.done)
		b->call.done(b->call.arg, outcome);
	free(b->joined);
	free(b);
}

static void stored(void *arg, const struct dsc_outcome *outcome)
{
	struct dsc_batch *b = arg;

	if (b->call.stored)
		b->call.stored(b->call.arg, outcome);
}

static bool keeps(void *arg)
{
	struct dsc_batch *b = arg;

	return b->call.keeps && b->call.keeps(b->call.arg);
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	struct dsc_batch *b = arg;

	if (b->call.progress)
		b->call.progress(b->call.arg, done, total);
}

static void ended(void *arg, const struct dsc_outcome *outcome)
{
	tell(arg, outcome);
}

void dsc_batch_forget(const struct dsc_call *call)
{
	struct dsc_batch *b = call->arg;

	if (call->done != ended)
		return;
	free(b->joined);
	free(b);
}

int dsc_batch_commit(struct dsc_app *app, const struct dsc_call *call, const char *name)
{
	struct dsc_batch *b = app->model->batch;
	struct dsc_call mine = { .done = ended,
				 .stored = stored,
				 .keeps = keeps,
				 .progress = progress,
				 .arg = b,
				 .wait_ms = call ? call->wait_ms : 0 };
	struct dsc_target target = { .nsid = b->nsid };

	if (!b->txn->req.nr_writes) {
		dsc_batch_abort(app);
		return 1;
	}
	if (call)
		b->call = *call;
	if (b->txn->nr_targets == 1) { /* a batch of one command is that command */
		target = b->txn->targets[0];
		b->txn->nr_targets = 0;
	}
	app->model->batch = NULL;
	dsc_txn_commit(b->txn, &mine, &target, name ? name : b->name);
	return 0;
}

void dsc_batch_abort(struct dsc_app *app)
{
	struct dsc_batch *b = app->model->batch;
	struct dsc_outcome out = { .state = DSC_STATUS_FAILED };

	cmn_err_set(&out.err, -ECANCELED, NULL, "another change of the same request failed");
	app->model->batch = NULL;
	dsc_txn_abort(b->txn);
	tell(b, &out);
}
