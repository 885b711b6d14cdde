/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_barrier.c - the barrier waits for what runs under the old views, on every reactor, and for nothing else. */
#include "targetd/barrier.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/container.h"
#include "targetd/registry.h"

#define NR 3
#define NQN "nqn.2026-11.example:barrier"
#define HOST "nqn.2026-11.example:host"

struct fixture {
	struct net_reactor *r[NR];
	struct tgt_registry *reg;
	struct net_server *server;
	struct tgt_subsystem *ss;
	int done_fd;
};

static void start(struct fixture *f)
{
	struct tgt_registry_params rp = { .reactors = f->r, .nr_reactors = NR, .notify_fd = -1 };
	struct net_server_params sp = {
		.reactors = f->r, .nr_reactors = NR, .max_conns = 4, .max_h2c_data = 4096
	};
	struct tgt_subsys_spec *spec = calloc(1, sizeof(*spec));

	memset(f, 0, sizeof(*f));
	for (unsigned int i = 0; i < NR; i++) {
		struct net_reactor_params p = { .index = i, .cpu = -1, .pool_limit = 1 << 20 };

		f->r[i] = net_reactor_create(&p, NULL);
		assert_non_null(f->r[i]);
	}
	f->reg = tgt_registry_create(&rp);
	assert_non_null(f->reg);
	sp.site = &f->reg->site;
	f->server = net_server_create(&sp);
	assert_non_null(f->server);
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(net_reactor_start(f->r[i]), 0);
	strcpy(spec->nqn, NQN);
	spec->cntlid_cursor = 1;
	f->ss = tgt_subsystem_create(spec, NR);
	tgt_registry_add(f->reg, f->ss);
	f->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void stop(struct fixture *f)
{
	for (unsigned int i = 0; i < NR; i++)
		net_reactor_stop(f->r[i]);
	net_server_destroy(f->server);
	tgt_registry_destroy(f->reg);
	for (unsigned int i = 0; i < NR; i++)
		net_reactor_destroy(f->r[i]);
	close(f->done_fd);
}

/* Runs fn on reactor i and waits until it has. */
struct call {
	struct net_msg msg;
	void (*fn)(struct call *c);
	struct tgt_view *view;
	unsigned int index;
	struct fab_req req;
	sem_t ran;
};

static void call_arrived(struct net_msg *msg)
{
	struct call *c = cmn_container_of(msg, struct call, msg);

	c->fn(c);
	sem_post(&c->ran);
}

static void call(struct fixture *f, struct call *c, unsigned int index, void (*fn)(struct call *c))
{
	c->msg.fn = call_arrived;
	c->fn = fn;
	c->index = index;
	sem_init(&c->ran, 0, 0);
	net_reactor_post(f->r[index], &c->msg);
	sem_wait(&c->ran);
	sem_destroy(&c->ran);
}

static void enter(struct call *c)
{
	struct tgt_queue q = { .view = c->view, .index = c->index };

	tgt_view_look(&q, &c->req);
	assert_true(tgt_view_enter(&q, &c->req));
}

static void leave(struct call *c)
{
	tgt_view_leave(&c->req);
}

static bool done_within(struct fixture *f, int ms)
{
	struct pollfd p = { .fd = f->done_fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static struct tgt_barrier *begin(struct fixture *f, struct tgt_view_list *old)
{
	struct tgt_barrier_params p = { .server = f->server,
					.reactors = f->r,
					.nr_reactors = NR,
					.old = *old,
					.done_fd = f->done_fd };
	struct tgt_barrier *b = tgt_barrier_begin(&p);

	assert_non_null(b);
	return b;
}

static void end(struct fixture *f, struct tgt_barrier *b)
{
	assert_true(done_within(f, 5000));
	assert_true(tgt_barrier_done(b));
	tgt_barrier_free(b);
}

static void test_it_is_done_when_every_reactor_has_switched(void **state)
{
	struct tgt_view_list none = { 0 };
	struct tgt_barrier *b;
	struct fixture f;

	(void)state;
	start(&f);
	b = begin(&f, &none);
	end(&f, b);
	stop(&f);
}

static void test_it_waits_for_commands_of_the_old_views_on_every_reactor(void **state)
{
	struct tgt_view_list old = { 0 };
	struct call running[NR] = { 0 };
	struct tgt_barrier *b;
	struct tgt_view *view;
	struct fixture f;

	(void)state;
	start(&f);
	view = tgt_subsystem_view(f.ss, HOST, NULL);
	assert_non_null(view);
	for (unsigned int i = 0; i < NR; i++) {
		running[i].view = view;
		call(&f, &running[i], i, enter);
	}
	assert_int_equal(tgt_subsystem_retire_views(f.ss, &old), 0);
	assert_int_equal(old.nr, 1);
	b = begin(&f, &old);
	for (unsigned int i = 0; i < NR; i++) {
		assert_false(done_within(&f, 30));
		assert_false(tgt_barrier_done(b));
		call(&f, &running[i], i, leave);
	}
	end(&f, b);
	fab_view_put(&view->fab);
	stop(&f);
}

static void test_it_does_not_wait_for_commands_of_new_views(void **state)
{
	struct tgt_view_list old = { 0 };
	struct call running = { 0 };
	struct tgt_view *before, *after;
	struct tgt_barrier *b;
	struct fixture f;

	(void)state;
	start(&f);
	before = tgt_subsystem_view(f.ss, HOST, NULL);
	assert_int_equal(tgt_subsystem_retire_views(f.ss, &old), 0);
	after = tgt_subsystem_view(f.ss, HOST, NULL);
	assert_ptr_not_equal(before, after);
	assert_true(after->fab.generation != before->fab.generation);
	running.view = after;
	call(&f, &running, 1, enter);
	b = begin(&f, &old);
	end(&f, b);
	call(&f, &running, 1, leave);
	fab_view_put(&before->fab);
	fab_view_put(&after->fab);
	stop(&f);
}

static void check_again(struct call *c)
{
	struct tgt_queue q = { .view = c->view, .index = c->index };

	assert_false(
		tgt_view_enter(&q, &c->req)); /* looked at another view than it now runs under */
	assert_ptr_equal(c->req.view, &c->view->fab);
	tgt_view_leave(&c->req);
	tgt_view_leave(&c->req); /* once too often is harmless */
	assert_int_equal(c->view->use[c->index].inflight, 0);
}

static void test_a_command_that_waited_for_data_is_checked_again(void **state)
{
	struct tgt_view_list old = { 0 };
	struct tgt_view *before, *after;
	struct call late = { 0 };
	struct tgt_queue q;
	struct tgt_barrier *b;
	struct fixture f;

	(void)state;
	start(&f);
	before = tgt_subsystem_view(f.ss, HOST, NULL);
	q = (struct tgt_queue){ .view = before };
	tgt_view_look(&q, &late.req);
	assert_int_equal(tgt_subsystem_retire_views(f.ss, &old), 0);
	after = tgt_subsystem_view(f.ss, HOST, NULL);
	b = begin(&f, &old);
	end(&f, b); /* it holds up nothing */
	fab_view_put(&before->fab);
	late.view = after;
	call(&f, &late, 2, check_again);
	fab_view_put(&after->fab);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_done_when_every_reactor_has_switched),
		cmocka_unit_test(test_it_waits_for_commands_of_the_old_views_on_every_reactor),
		cmocka_unit_test(test_it_does_not_wait_for_commands_of_new_views),
		cmocka_unit_test(test_a_command_that_waited_for_data_is_checked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
