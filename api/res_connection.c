/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_connection.c - /connections: each TCP connection of a controller, which is one queue pair: the admin queue's as the worker reports
 * controllers, the others' as it tells their counters (once a second).  Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/resources.h"

#include "discoveryd/supervise/stats.h"
#include "discoveryd/supervise/supervise.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that is told of: made for that, as nothing keeps it. */
struct connection {
	unsigned int refs;
	const struct dsc_controller *c;
	uint16_t qid;
	uint64_t inflight;
};

/* -- references -------------------------------------------------------------------------------------------- */
static void hold(const void *row)
{
	((struct connection *)(uintptr_t)row)->refs++;
}

static void drop(const void *row)
{
	struct connection *it = (struct connection *)(uintptr_t)row;

	if (!it || --it->refs)
		return;
	dsc_controller_put(it->c);
	free(it);
}

/* ctx->live: a place for the last one that was made, which is good until the next. */
static void watch(struct api_req *req, struct api_ctx *ctx)
{
	(void)req;
	ctx->live = dsc_zalloc(sizeof(struct connection *));
}

static void unwatch(struct api_ctx *ctx)
{
	drop(*(struct connection **)ctx->live);
	free(ctx->live);
}

static const struct connection *make(const struct api_ctx *ctx, const struct dsc_controller *c,
				     uint16_t qid, uint64_t inflight)
{
	struct connection **last = ctx->live, *it = dsc_zalloc(sizeof(*it));

	drop(*last);
	*last = it;
	dsc_controller_get(c);
	*it = (struct connection){ .refs = 1, .c = c, .qid = qid, .inflight = inflight };
	return it;
}

/* -- members ----------------------------------------------------------------------------------------------- */
static const struct dsc_controller *of(const void *row)
{
	return ((const struct connection *)row)->c;
}

static void get_nqn(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = of(row)->nqn;
}

static void get_cntlid(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = of(row)->cntlid;
}

static const char *const types[] = { "admin", "io", NULL };

static void get_type(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = types[((const struct connection *)row)->qid != 0];
}

static void get_host(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = of(row)->host_nqn;
}

/* Of an I/O queue's the worker tells no address. */
static void get_host_addr(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = ((const struct connection *)row)->qid ? NULL : of(row)->host_addr;
}

static void get_portal(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = *of(row)->portal ? of(row)->portal : NULL;
}

static void get_worker(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = of(row)->worker;
}

static void get_inflight(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = ((const struct connection *)row)->inflight;
	ret->null = !((const struct connection *)row)->qid;
}

static const struct api_field fields[] = {
	{ "nqn", API_TEXT, API_FIND, .get = get_nqn },
	{ "cntlid", API_NUMBER, API_FIND, .get = get_cntlid },
	{ "qid", API_NUMBER, API_FIND, API_AT(connection, qid) },
	{ "type", API_TEXT, API_FIND, .get = get_type, .words = types },
	{ "host_nqn", API_TEXT, API_FIND, .get = get_host },
	{ "host_addr", API_TEXT, API_FIND, .get = get_host_addr },
	{ "portal", API_TEXT, API_FIND, .get = get_portal },
	{ "worker", API_TEXT, API_FIND, .get = get_worker },
	{ "inflight", API_NUMBER, API_FIND, .get = get_inflight },
	{ 0 },
};

/* -- one after the other ------------------------------------------------------------------------------------ */
/* "CNTLID QID NQN" */
static void key(const struct api_ctx *ctx, const void *row, char *buf, size_t size)
{
	(void)ctx;
	snprintf(buf, size, "%u %u %s", of(row)->cntlid, ((const struct connection *)row)->qid,
		 of(row)->nqn);
}

struct looking {
	unsigned int after;
	const struct dsc_queue_io *found;
};

static void look(void *arg, const struct dsc_controller *c, const struct dsc_queue_io *q)
{
	struct looking *in = arg;

	(void)c;
	if (q->id.qid > in->after && (!in->found || q->id.qid < in->found->id.qid))
		in->found = q;
}

static const struct dsc_queue_io *next_queue(const struct api_ctx *ctx,
					     const struct dsc_controller *c, unsigned int after)
{
	const struct dsc_worker *worker = dsc_snapshot_worker(ctx->snap, c->worker);
	const struct dsc_worker_io *io =
		worker ? dsc_supervisor_io(ctx->app->supervisor, worker->id) : NULL;
	const struct dsc_subsys_io *subsys = io ? dsc_worker_io_subsys(io, c->nqn) : NULL;
	struct looking in = { .after = after };

	if (subsys)
		dsc_subsys_io_queues(subsys, c, look, &in);
	return in.found;
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	struct dsc_supervisor *sup = ctx->app->supervisor;
	unsigned int cntlid = 0, qid = 0;
	const struct dsc_queue_io *q;
	const struct dsc_controller *c;
	char nqn[DSC_NQN_MAX + 1] = "";

	if (after && sscanf(after, "%u %u %223s", &cntlid, &qid, nqn) == 3 && cntlid) {
		c = dsc_supervisor_controller_after(sup, nqn, (uint16_t)(cntlid - 1));
		q = c && c->cntlid == cntlid && strcmp(c->nqn, nqn) == 0 ? next_queue(ctx, c, qid)
									 : NULL;
		if (q)
			return make(ctx, c, q->id.qid, q->inflight);
	}
	c = dsc_supervisor_controller_after(sup, nqn, (uint16_t)cntlid);
	return c ? make(ctx, c, 0, 0) : NULL;
}

static const struct api_kind kind = {
	.name = "connection",
	.fields = fields,
	.watch = watch,
	.unwatch = unwatch,
	.next = next,
	.key = key,
	.hold = hold,
	.drop = drop,
};

const struct api_route api_res_connection[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/connections", "listConnections", NULL,
	  api_list, &kind },
	{ 0 },
};
