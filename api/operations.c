/* SPDX-License-Identifier: Apache-2.0 */
/* api/operations.c - see api/operations.h; and /operations.  Thread: the control loop.  May block: never. */
#include "api/operations.h"

#include "api/kind.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "common/clock.h"
#include "common/queue.h"
#include "discoveryd/model/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { RUNNING, SUCCEEDED, FAILED, STATE_COUNT };
static const char *const state_names[STATE_COUNT + 1] = { "running", "succeeded", "failed" };

struct api_operation {
	TAILQ_ENTRY(api_operation) link; /* in the order of their ids */
	struct api_operations *all;
	unsigned int refs;
	uint64_t number;
	char id[48];
	char path[80]; /* of the operation itself */
	char operation[64], user[64];
	char *request, *location;
	enum state state;
	uint64_t created_ms, ended_ms, done, total;
	char unit[16];
	struct json_object *result, *error;
};

struct api_operations {
	struct api_server *server;
	TAILQ_HEAD(, api_operation) list;
	unsigned int nr_ended;
	uint64_t last;
};

struct api_operations *api_operations_create(struct api_server *server)
{
	struct api_operations *all = dsc_zalloc(sizeof(*all));

	all->server = server;
	TAILQ_INIT(&all->list);
	return all;
}

static void hold(const void *row)
{
	((struct api_operation *)(uintptr_t)row)->refs++;
}

static void drop(const void *row)
{
	struct api_operation *o = (struct api_operation *)(uintptr_t)row;

	if (--o->refs)
		return;
	free(o->request);
	free(o->location);
	json_object_put(o->result);
	json_object_put(o->error);
	free(o);
}

static void forget(struct api_operation *o)
{
	TAILQ_REMOVE(&o->all->list, o, link);
	drop(o);
}

void api_operations_destroy(struct api_operations *all)
{
	struct api_operation *o;

	if (!all)
		return;
	while ((o = TAILQ_FIRST(&all->list)))
		forget(o);
	free(all);
}

/* -- work ----------------------------------------------------------------------------------------------- */
static void tell(const struct api_operation *o)
{
	api_stream_tell(o->all->server->stream, "operation", o->id);
}

/* The epoch tells those of this discoveryd from those of the one before. */
struct api_operation *api_operation_begin(struct api_req *req)
{
	struct api_operations *all = req->server->operations;
	struct api_operation *o = dsc_zalloc(sizeof(*o));

	o->all = all;
	o->refs = 1;
	o->number = ++all->last;
	snprintf(o->id, sizeof(o->id), "%" PRIu64 "-%" PRIu64,
		 dsc_model_epoch(all->server->app->model), o->number);
	snprintf(o->path, sizeof(o->path), "/api/v1/operations/%s", o->id);
	snprintf(o->operation, sizeof(o->operation), "%s", req->route->operation_id);
	snprintf(o->user, sizeof(o->user), "%s", api_req_user(req));
	o->request = dsc_strdup(req->target);
	o->created_ms = cmn_wall_ms();
	TAILQ_INSERT_TAIL(&all->list, o, link);
	tell(o);
	return o;
}

const char *api_operation_path(const struct api_operation *o)
{
	return o->path;
}

void api_operation_location(struct api_operation *o, const char *location)
{
	free(o->location);
	o->location = location ? dsc_strdup(location) : NULL;
}

void api_operation_progress(struct api_operation *o, uint64_t done, uint64_t total,
			    const char *unit)
{
	o->done = done;
	o->total = total;
	snprintf(o->unit, sizeof(o->unit), "%s", unit);
	tell(o);
}

static void forget_oldest(struct api_operations *all)
{
	struct api_operation *o;

	TAILQ_FOREACH(o, &all->list, link) {
		if (o->state == RUNNING)
			continue;
		forget(o);
		all->nr_ended--;
		return;
	}
}

void api_operation_end(struct api_operation *o, const struct cmn_err *err,
		       struct json_object *result)
{
	bool failed = err && err->code;

	o->state = failed ? FAILED : SUCCEEDED;
	o->ended_ms = cmn_wall_ms();
	o->result = result;
	if (failed)
		o->error = api_problem_json(api_problem_of(err), err, NULL);
	tell(o);
	if (++o->all->nr_ended > API_OPERATIONS_MAX)
		forget_oldest(o->all);
}

/* -- /operations ------------------------------------------------------------------------------------------ */
static void get_state(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = state_names[((const struct api_operation *)row)->state];
}

static void get_progress(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct api_operation *o = row;

	(void)ctx;
	if (!*o->unit)
		return;
	ret->json = json_object_new_object();
	json_object_object_add(ret->json, "done", json_object_new_uint64(o->done));
	json_object_object_add(ret->json, "total",
			       o->total ? json_object_new_uint64(o->total) : NULL);
	json_object_object_add(ret->json, "unit", json_object_new_string(o->unit));
}

static void get_ended(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct api_operation *o = row;

	(void)ctx;
	ret->number = o->ended_ms;
	ret->null = !o->ended_ms;
}

static void get_result(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = json_object_get(((const struct api_operation *)row)->result);
}

static void get_error(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = json_object_get(((const struct api_operation *)row)->error);
}

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FILTER, API_AT(api_operation, id) },
	{ "operation", API_TEXT, API_FIND, API_AT(api_operation, operation) },
	{ "request", API_TEXT, API_FILTER, API_AT(api_operation, request) },
	{ "user", API_TEXT, API_FIND, API_AT(api_operation, user) },
	{ "state", API_TEXT, API_FIND, .get = get_state, .words = state_names },
	{ "progress", API_JSON, 0, .get = get_progress },
	{ "location", API_TEXT, API_FILTER, API_AT(api_operation, location) },
	{ "result", API_JSON, 0, .get = get_result },
	{ "error", API_JSON, 0, .get = get_error },
	{ "created_at", API_TIME, API_FIND, API_AT(api_operation, created_ms) },
	{ "ended_at", API_TIME, API_FIND, .get = get_ended },
	{ 0 },
};

static struct api_operations *all_of(const struct api_ctx *ctx)
{
	return ((struct api_server *)ctx->live)->operations;
}

static void watch(struct api_req *req, struct api_ctx *ctx)
{
	ctx->live = req->server;
}

static const void *find(const struct api_ctx *ctx, const char *key)
{
	struct api_operation *o;

	TAILQ_FOREACH(o, &all_of(ctx)->list, link) {
		if (strcmp(o->id, key) == 0)
			return o;
	}
	return NULL;
}

/* Their order is that in which they began. */
static const void *next(const struct api_ctx *ctx, const char *after)
{
	uint64_t number = 0;
	struct api_operation *o;

	if (after)
		number = strtoull(after, NULL, 10);
	TAILQ_FOREACH(o, &all_of(ctx)->list, link) {
		if (o->number > number)
			return o;
	}
	return NULL;
}

static void key(const struct api_ctx *ctx, const void *row, char *buf, size_t size)
{
	(void)ctx;
	snprintf(buf, size, "%" PRIu64, ((const struct api_operation *)row)->number);
}

static const struct api_kind kind = {
	.name = "operation",
	.param = "id",
	.fields = fields,
	.watch = watch,
	.find = find,
	.next = next,
	.key = key,
	.hold = hold,
	.drop = drop,
};

void api_operation_reply(struct api_operation *o, struct api_req *req)
{
	struct api_ctx ctx = { .app = api_req_app(req) };

	api_reply_header(req, "Location", o->path);
	api_reply_header(req, "Preference-Applied", "respond-async");
	api_reply_json(req, 202, api_render(&kind, &ctx, o, API_ALL));
}

#define ALL "/api/v1/operations"

const struct api_route api_res_operation[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listOperations", NULL, api_list, &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL "/{id}", "getOperation", NULL, api_get,
	  &kind },
	{ 0 },
};
