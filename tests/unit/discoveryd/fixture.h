/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/fixture.h - a control loop in a thread, a store in a private folder, a model; commands run on the loop
 * and waited for. */
#ifndef TESTS_UNIT_DISCOVERYD_FIXTURE_H
#define TESTS_UNIT_DISCOVERYD_FIXTURE_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/model.h"

struct fixture {
	struct dsc_app app;
	char dir[64];
	bool by_reviewer; /* every change, however small; to be set before it is opened */
};

/* -- on the loop ------------------------------------------------------------------------------------- */
struct job {
	struct net_msg msg;
	void (*fn)(void *arg);
	void *arg;
	sem_t done;
};

static inline void run_job(struct net_msg *msg)
{
	struct job *job = cmn_container_of(msg, struct job, msg);

	job->fn(job->arg);
	sem_post(&job->done);
}

static inline void on_loop(struct fixture *f, void (*fn)(void *arg), void *arg)
{
	struct job job = { .msg.fn = run_job, .fn = fn, .arg = arg };

	sem_init(&job.done, 0, 0);
	net_reactor_post(f->app.loop, &job.msg);
	while (sem_wait(&job.done) < 0)
		;
	sem_destroy(&job.done);
}

static inline void nothing(void *arg)
{
	(void)arg;
}

/* The turn that has begun, and its publication, are over. */
static inline void turn_over(struct fixture *f)
{
	on_loop(f, nothing, NULL);
	on_loop(f, nothing, NULL);
}

/* -- commands ------------------------------------------------------------------------------------------ */
struct command {
	struct fixture *f;
	int (*start)(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err);
	const void *arg;
	struct dsc_call call;
	int rc;
	struct cmn_err err;
	struct dsc_outcome outcome;
	sem_t done;
};

static inline void command_done(void *arg, const struct dsc_outcome *outcome)
{
	struct command *c = arg;

	c->outcome = *outcome;
	c->err = outcome->err;
	if (cmn_err_is(&c->err))
		c->rc = c->err.code;
	sem_post(&c->done);
}

static inline void command_start(void *arg)
{
	struct command *c = arg;

	c->rc = c->start(c->f, &c->call, c->arg, &c->err);
	if (c->rc)
		sem_post(&c->done);
}

#define RUN(cmd, fn, input, ...)                                                                   \
	run_command((cmd), f, (fn), (input), (struct dsc_call){ __VA_ARGS__ })
static inline int run_command(struct command *c, struct fixture *f,
			      int (*start)(struct fixture *, const struct dsc_call *, const void *,
					   struct cmn_err *),
			      const void *arg, struct dsc_call call)
{
	memset(c, 0, sizeof(*c));
	c->f = f;
	c->start = start;
	c->arg = arg;
	c->call = call;
	c->call.done = command_done;
	c->call.arg = c;
	sem_init(&c->done, 0, 0);
	on_loop(f, command_start, c);
	while (sem_wait(&c->done) < 0)
		;
	sem_destroy(&c->done);
	return c->rc;
}

/* -- life -------------------------------------------------------------------------------------------------- */
static inline int fixture_open(struct fixture *f, struct cmn_err *err)
{
	struct net_reactor_params params = { .cpu = -1 };
	int rc;

	memset(&f->app, 0, sizeof(f->app));
	f->app.loop = net_reactor_create(&params, &rc);
	assert_non_null(f->app.loop);
	rc = dsc_store_open(f->dir, f->app.loop, &f->app.store, err);
	if (!rc) {
		f->app.events = dsc_events_create(&f->app);
		rc = dsc_model_create(&f->app, &f->app.model, err);
	}
	if (!rc && f->by_reviewer)
		dsc_model_set_at_once(f->app.model, 0);
	if (!rc)
		assert_int_equal(net_reactor_start(f->app.loop), 0);
	return rc;
}

static inline void fixture_close(struct fixture *f)
{
	if (f->app.model) {
		turn_over(f);
		net_reactor_stop(f->app.loop);
	}
	dsc_model_stop(f->app.model);
	dsc_store_close(f->app.store);
	dsc_model_destroy(f->app.model);
	dsc_events_destroy(f->app.events);
	net_reactor_destroy(f->app.loop);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct cmn_err err = { 0 };

	cmn_log_set_level(CMN_LOG_ERROR);
	snprintf(f->dir, sizeof(f->dir), "/tmp/pharos-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(fixture_open(f, &err), 0);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[128];

	fixture_close(f);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

static inline void fixture_restart(struct fixture *f)
{
	struct cmn_err err = { 0 };

	fixture_close(f);
	assert_int_equal(fixture_open(f, &err), 0);
}

/* -- what most tests begin with -------------------------------------------------------------------------------- */
static inline int make_worker(struct fixture *f, const struct dsc_call *call, const void *arg,
			      struct cmn_err *err)
{
	return dsc_cmd_worker_create(&f->app, &(struct dsc_worker_in){ .name = arg }, call, err);
}

static inline int make_portal(struct fixture *f, const struct dsc_call *call, const void *arg,
			      struct cmn_err *err)
{
	return dsc_cmd_portal_create(&f->app, arg, call, err);
}

static inline int make_subsys(struct fixture *f, const struct dsc_call *call, const void *arg,
			      struct cmn_err *err)
{
	return dsc_cmd_subsys_create(&f->app, arg, call, err);
}

/* Of the host's view, wherever it comes from. */
static inline uint64_t genctr_of(const struct dsc_snapshot *snap, const char *host_nqn)
{
	struct dsc_asker who = dsc_asker(snap, host_nqn);

	return dsc_snapshot_genctr(snap, &who);
}

static inline void begin(struct fixture *f)
{
	struct command c;

	assert_int_equal(RUN(&c, make_worker, "w1", 0), 0);
	assert_int_equal(RUN(&c, make_portal,
			     (&(struct dsc_portal_in){ .address = "127.0.0.1", .worker = "w1" }),
			     0),
			 0);
}

static inline void confirm_now(void *arg)
{
	struct fixture *f = arg;
	const struct dsc_snapshot *st = dsc_model_now(f->app.model);
	struct dsc_confirm c = { .generation = st->change, .full = true };

	c.worker_id = dsc_snapshot_worker(st, "w1")->id;
	dsc_model_confirm(f->app.model, &c);
}

/* The worker w1 confirms everything that is committed; returns once that is stored and published. */
static inline void confirm_all(struct fixture *f)
{
	const struct dsc_snapshot *snap;
	uint64_t change, confirmed;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	change = snap->change;
	dsc_snapshot_put(snap);
	on_loop(f, confirm_now, f);
	for (int i = 0; i < 5000; i++) {
		turn_over(f);
		snap = dsc_snapshot_current(f->app.model);
		confirmed = dsc_snapshot_worker(snap, "w1")->confirmed;
		dsc_snapshot_put(snap);
		if (confirmed >= change)
			return;
		usleep(1000);
	}
	fail_msg("not confirmed");
}

#endif
