/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_batch.c - many commands in one transaction: all or nothing, in one change. */
#include "tests/unit/discoveryd/fixture.h"

#define NQN "nqn.2026-11.example:s1"
#define HOST "nqn.2026-11.example:host"

static unsigned int nr_told;
static struct dsc_outcome told;

static void on_told(void *arg, const struct dsc_outcome *outcome)
{
	(void)arg;
	nr_told++;
	told = *outcome;
}

static const struct dsc_call portal_call = { .done = on_told };

/* Subsystem, namespace, host and portal; the host's name is set in a second command on the same row. */
static int make_all(struct fixture *f, struct cmn_err *err)
{
	struct dsc_subsys_in s = { .nqn = NQN };
	struct dsc_ns_in ns = { .size_set = true, .size = 1 << 20 };
	struct dsc_portal_in p = { .name = "p9", .address = "127.0.0.9", .worker = "w1" };

	if (dsc_cmd_subsys_create(&f->app, &s, NULL, err) < 0 ||
	    dsc_cmd_ns_create(&f->app, NQN, &ns, NULL, err) < 0 ||
	    dsc_cmd_allow(&f->app, NQN, HOST, NULL, err) < 0 ||
	    dsc_cmd_host_update(&f->app, HOST, &(struct dsc_host_in){ .name = "name" }, NULL, err) <
		    0)
		return err->code;
	return dsc_cmd_portal_create(&f->app, &p, &portal_call, err);
}

static int batch(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	(void)arg;
	dsc_batch_begin(&f->app);
	assert_int_equal(make_all(f, err), 0);
	assert_null(dsc_snapshot_subsys(dsc_batch_before(&f->app), NQN));
	assert_non_null(dsc_snapshot_subsys(dsc_batch_after(&f->app), NQN));
	return dsc_batch_commit(&f->app, call, "all");
}

static int broken_batch(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	(void)call;
	(void)arg;
	dsc_batch_begin(&f->app);
	assert_int_equal(make_all(f, err), 0);
	assert_int_equal(dsc_cmd_ns_delete(&f->app, NQN, 7, NULL, err), -ENOENT);
	dsc_batch_abort(&f->app);
	return err->code;
}

static int empty_batch(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	(void)arg;
	dsc_batch_begin(&f->app);
	assert_int_equal(
		dsc_cmd_subsys_update(&f->app, NQN, &(struct dsc_subsys_in){ 0 }, NULL, err), 1);
	return dsc_batch_commit(&f->app, call, "none");
}

static void expect(struct fixture *f, bool there)
{
	const struct dsc_snapshot *snap;
	const struct dsc_subsys *s;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	s = dsc_snapshot_subsys(snap, NQN);
	assert_int_equal(s != NULL, there);
	assert_int_equal(dsc_snapshot_portal(snap, "p9") != NULL, there);
	assert_int_equal(dsc_snapshot_host(snap, HOST) != NULL, there);
	if (there) {
		assert_int_equal(dsc_tree_count(s->namespaces), 1);
		assert_int_equal(dsc_tree_count(s->hosts), 1);
		assert_string_equal(dsc_snapshot_host(snap, HOST)->name, "name");
		assert_int_equal(s->changed, snap->change);
		assert_int_equal(dsc_snapshot_portal(snap, "p9")->changed, snap->change);
	}
	dsc_snapshot_put(snap);
}

static void test_commands_of_a_batch_are_stored_together(void **state)
{
	struct fixture *f = *state;
	struct command c;

	begin(f);
	nr_told = 0;
	assert_int_equal(RUN(&c, batch, NULL, 0), 0);
	assert_string_equal(c.outcome.name, "all");
	assert_int_equal(nr_told, 1);
	assert_string_equal(told.name, "p9");
	assert_int_equal(told.err.code, 0);
	expect(f, true);
	fixture_restart(f);
	expect(f, true);
}

static void test_a_batch_that_fails_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct command c;

	begin(f);
	nr_told = 0;
	assert_int_equal(RUN(&c, broken_batch, NULL, 0), -ENOENT);
	assert_int_equal(nr_told, 1);
	assert_int_equal(told.err.code, -ECANCELED);
	expect(f, false);
	assert_int_equal(RUN(&c, batch, NULL, 0), 0); /* and nothing is in its way */
	expect(f, true);
}

static void test_a_batch_without_writes_has_nothing_to_do(void **state)
{
	struct fixture *f = *state;
	struct command c;

	begin(f);
	assert_int_equal(RUN(&c, batch, NULL, 0), 0);
	assert_int_equal(RUN(&c, empty_batch, NULL, 0), 1);
	expect(f, true);
}

struct waiter {
	struct command c;
	unsigned int ended;
};

static void waiter_done(void *arg, const struct dsc_outcome *outcome)
{
	struct waiter *w = arg;

	w->c.outcome = *outcome;
	__atomic_store_n(&w->ended, 1, __ATOMIC_RELEASE);
}

static void start_waiter(void *arg)
{
	struct waiter *w = arg;
	struct dsc_call call = { .done = waiter_done, .arg = w, .wait_ms = 20000 };

	w->c.rc = batch(w->c.f, &call, NULL, &w->c.err);
}

static void test_a_batch_waits_for_its_worker(void **state)
{
	struct fixture *f = *state;
	struct waiter w = { .c.f = f };

	begin(f);
	on_loop(f, start_waiter, &w);
	assert_int_equal(w.c.rc, 0);
	usleep(100000);
	turn_over(f);
	assert_int_equal(__atomic_load_n(&w.ended, __ATOMIC_ACQUIRE), 0);
	confirm_all(f);
	turn_over(f);
	assert_int_equal(__atomic_load_n(&w.ended, __ATOMIC_ACQUIRE), 1);
	assert_int_equal(w.c.outcome.state, DSC_READY);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_commands_of_a_batch_are_stored_together),
		TEST(test_a_batch_that_fails_leaves_nothing),
		TEST(test_a_batch_without_writes_has_nothing_to_do),
		TEST(test_a_batch_waits_for_its_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
