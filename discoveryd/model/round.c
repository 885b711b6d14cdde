/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/round.c - committed transactions on their way to the store: a round of them is reviewed, then stored as one.
 * Owns: rounds, the reviewer.  Thread: the control loop, and the reviewer's own, which runs a review and nothing else.
 * May block: the control loop never, but when it has ended.
 *
 * What few hosts see is compared at once, and a round is then one transaction.  What takes longer the reviewer compares beside the
 * control loop; meanwhile transactions gather, and make up the next round.  So the control loop goes on, and a burst of changes
 * costs one comparison, and moves a generation once, for as many as gather while one is made. */
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/model_impl.h"
#include "net/offload.h"

#define AT_ONCE 256 /* comparisons by the control loop: some milliseconds */

struct dsc_round {
	struct dsc_store_req req; /* all its transactions' writes, and the views */
	struct dsc_model *model;
	struct dsc_txns txns;
	struct dsc_review review;
	struct dsc_snapshot side[2]; /* before the first of them, after the last */
	struct dsc_reviewed reviewed;
	uint64_t epoch; /* of the store */
	bool stale; /* the store has failed since: so will this */
	struct fab_work work; /* the reviewer's */
};

static void begin(struct dsc_model *model);

/* -- a round -------------------------------------------------------------------------------------------- */
static void round_free(struct dsc_round *round)
{
	struct dsc_txn *txn;

	while ((txn = TAILQ_FIRST(&round->txns))) {
		TAILQ_REMOVE(&round->txns, txn, link);
		dsc_txn_free(txn);
	}
	dsc_review_free(&round->review);
	dsc_reviewed_free(&round->reviewed);
	dsc_state_clear(&round->side[0]);
	dsc_state_clear(&round->side[1]);
	free(round->req.writes);
	free(round);
}

/* The views before are those of now, whatever round was under way when the first transaction began. */
static struct dsc_round *round_new(struct dsc_model *model)
{
	struct dsc_round *round = dsc_zalloc(sizeof(*round));
	struct dsc_txn *txn;

	round->model = model;
	round->epoch = dsc_store_epoch(model->app->store);
	TAILQ_INIT(&round->txns);
	TAILQ_CONCAT(&round->txns, &model->held, link);
	dsc_state_assign(&round->side[0], &TAILQ_FIRST(&round->txns)->before);
	dsc_state_assign_views(&round->side[0], &model->ahead);
	dsc_state_assign(&round->side[1], &model->ahead);
	TAILQ_FOREACH(txn, &round->txns, link) {
		dsc_state_clear(&txn->before);
		dsc_review_join(&round->review, &txn->review);
		round->req.nr_writes += txn->req.nr_writes;
		round->req.change = txn->req.change;
	}
	return round;
}

static bool review(struct dsc_round *round, unsigned int most)
{
	const struct dsc_snapshot *side[] = { &round->side[0], &round->side[1] };

	return dsc_review_run(&round->review, side, round->req.change, most, &round->reviewed);
}

/* -- the store ------------------------------------------------------------------------------------------- */
static void replay(struct dsc_round *round)
{
	struct dsc_model *model = round->model;
	struct dsc_txn *txn;

	TAILQ_FOREACH(txn, &round->txns, link)
		dsc_txn_replay(txn);
	dsc_state_assign_views(&model->now, &round->reviewed.state);
	for (size_t i = 0; i < round->reviewed.nr; i++)
		dsc_publish_write(model, &round->reviewed.view[i]->row);
	model->all_changed |= round->reviewed.everyone;
	dsc_publish_soon(model);
}

/* All of it is part of `now` before anybody is told of any. */
static void stored(struct dsc_store_req *req)
{
	struct dsc_round *round = cmn_container_of(req, struct dsc_round, req);
	struct dsc_txn *txn;

	if (req->result == 0)
		replay(round);
	while ((txn = TAILQ_FIRST(&round->txns))) {
		TAILQ_REMOVE(&round->txns, txn, link);
		txn->req.result = req->result;
		memcpy(txn->req.result_text, req->result_text, sizeof(req->result_text));
		dsc_txn_stored(txn);
	}
	round_free(round);
}

static void dropped(struct dsc_store_req *req)
{
	round_free(cmn_container_of(req, struct dsc_round, req));
}

static void gather(struct dsc_round *round)
{
	struct dsc_store_req *req = &round->req;
	size_t nr = 0, views = round->reviewed.nr;
	struct dsc_txn *txn;

	req->writes = dsc_zalloc((req->nr_writes + views + 1) * sizeof(*req->writes));
	TAILQ_FOREACH(txn, &round->txns, link) {
		if (txn->req.nr_writes)
			memcpy(req->writes + nr, txn->req.writes,
			       txn->req.nr_writes * sizeof(*req->writes));
		nr += txn->req.nr_writes;
	}
	for (size_t i = 0; i < views; i++)
		req->writes[nr++].row = &round->reviewed.view[i]->row;
	req->nr_writes = nr;
}

static void submit(struct dsc_round *round)
{
	struct dsc_model *model = round->model;

	if (!round->stale)
		dsc_state_assign_views(&model->ahead, &round->reviewed.state);
	gather(round);
	round->req.gen_any = round->reviewed.state.gen_any;
	round->req.next_id = model->next_id;
	round->req.done = stored;
	round->req.drop = dropped;
	dsc_store_submit_as_of(model->app->store, &round->req, round->epoch);
}

/* -- the reviewer ------------------------------------------------------------------------------------------ */
static void compare(struct fab_work *work)
{
	review(cmn_container_of(work, struct dsc_round, work), DSC_REVIEW_MAX);
}

static void compared(struct fab_work *work)
{
	struct dsc_round *round = cmn_container_of(work, struct dsc_round, work);
	struct dsc_model *model = round->model;

	model->round = NULL;
	submit(round);
	begin(model);
}

/* Without it the control loop does it. */
static void hand_over(struct dsc_round *round)
{
	struct dsc_model *model = round->model;

	round->work = (struct fab_work){ compare, compared };
	model->round = round;
	if (model->reviewer) {
		net_offload_submit(model->reviewer, model->app->loop, &round->work);
	} else {
		compare(&round->work);
		compared(&round->work);
	}
}

/* -- the model's side ---------------------------------------------------------------------------------------- */
static void begin(struct dsc_model *model)
{
	struct dsc_round *round;

	if (TAILQ_EMPTY(&model->held) || model->round)
		return;
	round = round_new(model);
	if (review(round, model->at_once)) {
		submit(round);
		return;
	}
	dsc_reviewed_free(&round->reviewed);
	hand_over(round);
}

void dsc_rounds_init(struct dsc_model *model)
{
	TAILQ_INIT(&model->held);
	model->at_once = AT_ONCE;
	model->reviewer = net_offload_create();
}

void dsc_model_set_at_once(struct dsc_model *model, unsigned int comparisons)
{
	model->at_once = comparisons;
}

void dsc_round_add(struct dsc_txn *txn)
{
	TAILQ_INSERT_TAIL(&txn->model->held, txn, link);
	begin(txn->model);
}

void dsc_rounds_fail(struct dsc_model *model)
{
	struct dsc_round *round;

	if (model->round)
		model->round->stale = true;
	if (TAILQ_EMPTY(&model->held))
		return;
	round = round_new(model);
	round->epoch--;
	round->stale = true;
	submit(round);
}

/* What is being compared is on its way to the loop then; whatever comes now is compared here. */
void dsc_rounds_stop(struct dsc_model *model)
{
	net_offload_destroy(model->reviewer);
	model->reviewer = NULL;
	net_reactor_flush_messages(model->app->loop);
}
