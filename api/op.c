/* SPDX-License-Identifier: Apache-2.0 */
/* api/op.c - runs a command of the model and answers when it is done.  Thread: the control loop.  May block: never. */
#include "api/op.h"

#include "api/changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void op_free(struct api_op *op)
{
	for (unsigned int i = 0; i < op->nr_users; i++)
		free(op->user[i]);
	json_object_put(op->json);
	json_object_put(op->existing);
	json_object_put(op->changes);
	free(op);
}

/* The batch goes without a trace. */
static void close_batch(struct api_op *op)
{
	dsc_batch_abort(api_req_app(op->req));
}

/* Seconds, with a fraction where wanted, as milliseconds. */
static bool read_wait(struct api_req *req, uint32_t *ret_ms)
{
	const char *text = api_req_query(req, "wait");
	const char *prefer = api_req_header(req, "Prefer");
	double seconds;
	char *end;

	*ret_ms = prefer && strcasestr(prefer, "respond-async") ? 0 : API_WAIT_DEFAULT_MS;
	if (!text)
		return true;
	seconds = strtod(text, &end);
	if (!*text || *end || !(seconds >= 0) || seconds * 1000 > API_WAIT_MAX_MS) {
		api_failf(req, API_PROBLEM_MALFORMED, "wait", "wait must be 0 to %d seconds",
			  API_WAIT_MAX_MS / 1000);
		return false;
	}
	*ret_ms = (uint32_t)(seconds * 1000);
	return true;
}

static void on_cancel(struct api_req *req, void *arg)
{
	struct api_op *op = arg;

	(void)req;
	op->req = NULL;
}

/* Names in the answer who is in the way. */
static void find_users(struct api_op *op)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(op->req)->model);
	char more[32];

	op->users(op, snap);
	dsc_snapshot_put(snap);
	if (!op->more_users)
		return;
	snprintf(more, sizeof(more), "and %u more", op->more_users);
	free(op->user[API_OP_USERS_MAX - 1]);
	op->user[API_OP_USERS_MAX - 1] = strdup(more);
}

static void fail(struct api_op *op, const struct cmn_err *errs, size_t nr)
{
	struct api_problem_about about = {
		.existing = op->existing,
		.more = errs + 1,
		.nr_more = nr - 1,
	};

	if (errs->code == -EBUSY && op->users) {
		find_users(op);
		about.users = (const char *const *)op->user;
	}
	api_reply_problem(op->req, api_req_problem(op->req, errs), errs, &about);
}

static void finish(struct api_op *op, const struct dsc_outcome *outcome)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(op->req)->model);

	op->reply(op, snap, outcome);
	dsc_snapshot_put(snap);
}

static void on_done(void *arg, const struct dsc_outcome *outcome)
{
	struct api_op *op = arg;

	if (op->req) {
		if (outcome->err.code)
			fail(op, &outcome->err, 1);
		else
			finish(op, outcome);
	}
	op_free(op);
}

struct api_op *api_op_begin(struct api_req *req,
			    void (*reply)(struct api_op *op, const struct dsc_snapshot *snap,
					  const struct dsc_outcome *outcome))
{
	struct api_op *op = calloc(1, sizeof(*op));

	if (!op) {
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "out of memory");
		return NULL;
	}
	op->req = req;
	op->reply = reply;
	if (!read_wait(req, &op->call.wait_ms) || !api_req_flag(req, "force", &op->call.force) ||
	    !api_req_flag(req, "dry_run", &op->dry_run)) {
		op_free(op);
		return NULL;
	}
	dsc_batch_begin(api_req_app(req));
	return op;
}

void api_op_drop(struct api_op *op)
{
	close_batch(op);
	op_free(op);
}

bool api_op_if_match(struct api_op *op, uint64_t revision)
{
	const char *none = api_req_header(op->req, "If-None-Match");
	char etag[24];

	if (none && strcmp(none, "*") == 0) {
		api_failf(op->req, API_PROBLEM_CHANGED, "If-None-Match", "it is there already");
		api_op_drop(op);
		return false;
	}
	if (!api_req_if_match(op->req, api_etag(revision, etag, sizeof(etag)))) {
		api_op_drop(op);
		return false;
	}
	if (api_req_header(op->req, "If-Match"))
		op->call.if_match = revision;
	return true;
}

bool api_op_if_absent(struct api_op *op)
{
	if (!api_req_header(op->req, "If-Match"))
		return true;
	api_failf(op->req, API_PROBLEM_CHANGED, "If-Match", "it isn't there");
	api_op_drop(op);
	return false;
}

/* What the commands have done: compared, then stored, or only told. */
static void commit(struct api_op *op)
{
	struct dsc_app *app = api_req_app(op->req);
	struct dsc_call call = { .done = on_done, .arg = op, .wait_ms = op->call.wait_ms };

	if (op->dry_run || op->tells_logs)
		op->changes = api_changes(app, op->dry_run);
	if (op->dry_run) {
		close_batch(op);
		if (op->tells_logs)
			finish(op, NULL);
		else
			api_reply_json(op->req, 200, json_object_get(op->changes));
		op_free(op);
	} else if (dsc_batch_commit(app, &call, NULL) == 0) {
		api_req_on_cancel(op->req, on_cancel, op);
	} else {
		finish(op, NULL);
		op_free(op);
	}
}

void api_op_run(struct api_op *op, int ret, const struct cmn_err *err)
{
	if (ret < 0)
		api_op_fail_all(op, err, 1);
	else
		commit(op);
}

void api_op_fail(struct api_op *op, const struct cmn_err *err)
{
	api_op_fail_all(op, err, 1);
}

void api_op_fail_all(struct api_op *op, const struct cmn_err *errs, size_t nr)
{
	close_batch(op);
	fail(op, errs, nr);
	op_free(op);
}

void api_op_existing(struct api_op *op, struct json_object *object)
{
	json_object_put(op->existing);
	op->existing = object;
}

void api_op_user(struct api_op *op, const char *name)
{
	for (unsigned int i = 0; i < op->nr_users; i++) {
		if (strcmp(op->user[i], name) == 0)
			return; /* a host with several controllers */
	}
	if (op->nr_users == API_OP_USERS_MAX) {
		if (!op->more_users)
			op->more_users = 1; /* the one whose place it takes */
		op->more_users++;
		return;
	}
	op->user[op->nr_users] = strdup(name);
	if (op->user[op->nr_users])
		op->nr_users++;
}

void api_op_reply_gone(struct api_op *op, const struct dsc_snapshot *snap,
		       const struct dsc_outcome *outcome)
{
	(void)snap;
	(void)outcome;
	api_reply_empty(op->req, 204);
}

void api_op_reply_lost(struct api_op *op)
{
	api_failf(op->req, API_PROBLEM_NOT_FOUND, NULL,
		  "it was deleted while it was being changed");
}
