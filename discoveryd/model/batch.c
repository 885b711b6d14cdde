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
};

/* Room for one more; returns the array, moved when it had to grow. */
static void *grow(void *old, size_t nr, size_t *max, size_t size)
{
	void *more;

	if (nr < *max)
		return old;
	*max = *max ? 2 * *max : 8;
	more = dsc_zalloc(*max * size);
	if (nr)
		memcpy(more, old, nr * size);
	free(old);
	return more;
}

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
		grow(txn->targets, txn->nr_targets, &txn->max_targets, sizeof(*txn->targets));
	txn->targets[txn->nr_targets++] = *target;
}

void dsc_batch_joined(struct dsc_txn *txn, const struct dsc_call *call,
		      const struct dsc_target *target, const char *name)
{
	struct dsc_batch *b = txn->model->batch;
	struct joined *j;

	if (target && target->worker_id)
		dsc_txn_also(txn, target);
	if (!call || !call->done)
		return;
	b->joined = grow(b->joined, b->nr_joined, &b->max_joined, sizeof(*b->joined));
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

static void ended(void *arg, const struct dsc_outcome *outcome)
{
	tell(arg, outcome);
}

int dsc_batch_commit(struct dsc_app *app, const struct dsc_call *call, const char *name)
{
	struct dsc_batch *b = app->model->batch;
	struct dsc_call mine = { .done = ended, .arg = b, .wait_ms = call ? call->wait_ms : 0 };

	if (!b->txn->req.nr_writes) {
		dsc_batch_abort(app);
		return 1;
	}
	if (call)
		b->call = *call;
	app->model->batch = NULL;
	dsc_txn_commit(b->txn, &mine, NULL, name);
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
