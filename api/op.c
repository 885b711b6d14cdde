/* SPDX-License-Identifier: Apache-2.0 */
/* api/op.c - runs a command of the model and answers when it is done.  Thread: the control loop.  May block: never. */
#include "api/op.h"

#include "api/audit.h"
#include "api/changes.h"
#include "api/operations.h"
#include "api/server_impl.h"
#include "common/clock.h"
#include "common/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORKERS_MS (10 * 60 * 1000) /* how long a worker's confirmation is waited for, by whoever */
#define LOOK_MS 200 /* between looks at what lingers */

static void op_free(struct api_op *op)
{
	net_timer_cancel(op->server->loop, &op->timer);
	TAILQ_REMOVE(&op->server->ops, op, link);
	for (unsigned int i = 0; i < op->nr_users; i++)
		free(op->user[i]);
	json_object_put(op->json);
	json_object_put(op->existing);
	json_object_put(op->changes);
	free(op->location);
	free(op->lingering);
	free(op);
}

void api_ops_destroy(struct api_server *server)
{
	struct api_op *op;

	while ((op = TAILQ_FIRST(&server->ops)))
		op_free(op);
}

/* The batch goes without a trace. */
static void close_batch(struct api_op *op)
{
	dsc_batch_abort(op->server->app);
}

/* Seconds, with a fraction where wanted, as milliseconds. */
static bool read_wait(struct api_op *op, struct api_req *req)
{
	const char *text = api_req_query(req, "wait");
	const char *prefer = api_req_header(req, "Prefer");
	struct cmn_err err = { 0 };
	double seconds;
	char *end;

	op->async = prefer && strcasestr(prefer, "respond-async");
	op->wait_ms = API_WAIT_DEFAULT_MS;
	if (!text)
		return true;
	seconds = strtod(text, &end);
	if (!*text || *end || !(seconds >= 0) || seconds * 1000 > API_WAIT_MAX_MS) {
		cmn_err_set(&err, -EINVAL, "wait", "must be a number of seconds");
		cmn_err_valid(&err, "0 to %d", API_WAIT_MAX_MS / 1000);
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return false;
	}
	op->wait_ms = (uint32_t)(seconds * 1000);
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

/* -- answered before it is done ---------------------------------------------------------------------- */
/* It goes on as an operation; the client is told where, and by 202 or by the object as it is stored. */
static void answer_early(struct api_op *op)
{
	struct api_req *req = op->req;

	if (!req)
		return;
	op->operation = api_operation_begin(req);
	api_operation_location(op->operation, op->location);
	if (op->async || op->outcome.later) {
		api_operation_reply(op->operation, req);
	} else {
		api_reply_header(req, "Operation-Location", api_operation_path(op->operation));
		op->told = true;
		finish(op, &op->outcome);
	}
	op->req = NULL;
}

static void on_stored(void *arg, const struct dsc_outcome *outcome)
{
	struct api_op *op = arg;

	op->stored = true;
	op->outcome = *outcome;
	if (op->async || op->late)
		answer_early(op);
}

static void on_late(struct net_timer *timer, uint64_t now)
{
	struct api_op *op = cmn_container_of(timer, struct api_op, timer);

	(void)now;
	op->late = true;
	if (op->stored)
		answer_early(op);
}

static bool keeps(void *arg)
{
	return ((struct api_op *)arg)->told;
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	struct api_op *op = arg;

	if (op->operation)
		api_operation_progress(op->operation, done, total, "bytes");
}

static void end_operation(struct api_op *op, const struct dsc_outcome *outcome)
{
	struct cmn_err err = outcome->err;

	if (!err.code && outcome->state == DSC_STATUS_FAILED)
		cmn_err_set(&err, -EINVAL, NULL, "it is stored, but its worker can't: %.180s",
			    outcome->reason);
	else if (!err.code && outcome->state == DSC_PENDING)
		cmn_err_set(&err, -EAGAIN, NULL,
			    "it is stored, but no worker has confirmed it in %d minutes",
			    WORKERS_MS / 60000);
	api_operation_end(op->operation, &err, NULL);
}

/* -- what lingers ---------------------------------------------------------------------------------------- */
static void on_look(struct net_timer *timer, uint64_t now)
{
	struct api_op *op = cmn_container_of(timer, struct api_op, timer);
	uint64_t left = 0;

	if (op->lingers(op->server->app, op->lingering, &left)) {
		op->most_left = cmn_max(op->most_left, left);
		api_operation_progress(op->operation, op->most_left - left, op->most_left,
				       "controllers");
		net_timer_set(op->server->loop, timer, now + LOOK_MS * CMN_NS_PER_MS);
		return;
	}
	api_operation_end(op->operation, NULL, NULL);
	op_free(op);
}

static void follow(struct api_op *op)
{
	op->operation = api_operation_begin(op->req);
	op->lingering = strdup(op->outcome.name);
	api_operation_reply(op->operation, op->req);
	op->req = NULL;
	op->timer.fire = on_look;
	net_timer_set(op->server->loop, &op->timer, cmn_now_ns());
}

static void on_done(void *arg, const struct dsc_outcome *outcome)
{
	struct api_op *op = arg;

	if (op->operation) {
		end_operation(op, outcome);
	} else if (op->req && outcome->err.code) {
		fail(op, &outcome->err, 1);
	} else if (op->req && op->async && op->lingers) {
		op->outcome = *outcome;
		follow(op);
		return;
	} else if (op->req) {
		finish(op, outcome);
	}
	op_free(op);
}

/* -- from the request to the commands --------------------------------------------------------------------- */
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
	op->server = req->server;
	op->reply = reply;
	op->timer.fire = on_late;
	TAILQ_INSERT_TAIL(&req->server->ops, op, link);
	if (!read_wait(op, req) || !api_req_flag(req, "force", &op->call.force) ||
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

static void audit(struct api_op *op)
{
	struct json_object *changes = NULL;
	size_t nr;

	dsc_batch_writes(api_req_app(op->req), &nr);
	if (!nr)
		return; /* it is so already */
	if (op->changes)
		changes = json_object_get(json_object_object_get(op->changes, "changes"));
	else
		changes = api_changes_objects(api_req_app(op->req));
	api_audit_batch(op->req, changes, op->location);
	json_object_put(changes);
}

/* What the commands have done: compared, then stored, or only told. */
static void try_only(struct api_op *op)
{
	close_batch(op);
	if (op->tells_logs)
		finish(op, NULL);
	else
		api_reply_json(op->req, 200, json_object_get(op->changes));
	op_free(op);
}

static void commit(struct api_op *op)
{
	struct dsc_call call = { .done = on_done,
				 .stored = on_stored,
				 .keeps = keeps,
				 .progress = progress,
				 .arg = op,
				 .wait_ms = WORKERS_MS };

	if (op->dry_run || op->tells_logs)
		op->changes = api_changes(op->server->app, op->dry_run);
	op->req->audited = true; /* here, or there is nothing to tell */
	if (op->dry_run) {
		try_only(op);
		return;
	}
	audit(op);
	if (dsc_batch_commit(op->server->app, &call, NULL) != 0) {
		finish(op, NULL);
		op_free(op);
		return;
	}
	api_req_on_cancel(op->req, on_cancel, op);
	net_timer_set(op->server->loop, &op->timer, cmn_now_ns() + op->wait_ms * CMN_NS_PER_MS);
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
