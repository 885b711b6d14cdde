/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_round.c - changes that many hosts see: compared beside the control loop, together with those that
 * come meanwhile, and stored as one. */
#include "tests/unit/discoveryd/fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "discoveryd/model/paths.h"

#define MANY 600 /* hosts: more than the control loop compares */
#define CHANGES 12
#define STRANGER "nqn.2026-11.example:stranger"

static char host[MANY][64];

static int group_create(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_group_create(&f->app, arg, call, err);
}

static void make_group(struct fixture *f)
{
	const char *member[MANY];
	struct dsc_group_in in = { .name = "many",
				   .members = { .set = true, .item = member, .nr = MANY } };
	struct command c;

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(host[i], sizeof(host[i]), "nqn.2026-11.example:host-%u", i);
		member[i] = host[i];
	}
	assert_int_equal(RUN(&c, group_create, &in, 0), 0);
}

/* -- changes that don't wait for each other ------------------------------------------------------------------- */
struct burst {
	struct fixture *f;
	unsigned int first, left, failed;
	sem_t done;
};

static void burst_done(void *arg, const struct dsc_outcome *outcome)
{
	struct burst *b = arg;

	b->failed += cmn_err_is(&outcome->err);
	if (--b->left == 0)
		sem_post(&b->done);
}

static void burst_begin(void *arg)
{
	struct burst *b = arg;
	struct dsc_call call = { .done = burst_done, .arg = b };
	const char *who = "group:many";
	struct cmn_err err = { 0 };
	char nqn[64];

	for (unsigned int i = 0; i < CHANGES; i++) {
		struct dsc_subsys_in in = { .nqn = nqn,
					    .hosts = { .set = true, .item = &who, .nr = 1 } };

		snprintf(nqn, sizeof(nqn), "nqn.2026-11.example:s%u", b->first + i);
		assert_int_equal(dsc_cmd_subsys_create(&b->f->app, &in, &call, &err), 0);
	}
}

/* How many of them failed. */
static unsigned int burst(struct fixture *f, unsigned int first)
{
	struct burst b = { .f = f, .first = first, .left = CHANGES };

	sem_init(&b.done, 0, 0);
	on_loop(f, burst_begin, &b);
	while (sem_wait(&b.done) < 0)
		;
	sem_destroy(&b.done);
	return b.failed;
}

static unsigned int entries(const struct dsc_snapshot *snap, const char *nqn)
{
	struct dsc_asker who = dsc_asker(snap, nqn);
	struct dsc_visible it;
	struct dsc_entry e;
	unsigned int nr = 0;

	for (dsc_visible_init(&it, snap, &who); dsc_visible_next(&it, &e);)
		nr++;
	dsc_visible_end(&it);
	return nr;
}

/* All members are told of so many, with a generation of at least that; returns the newest. */
static uint64_t check(struct fixture *f, unsigned int nr, uint64_t at_least)
{
	const struct dsc_snapshot *snap;
	uint64_t gen = 0;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	for (unsigned int i = 0; i < MANY; i++) {
		assert_int_equal(entries(snap, host[i]), nr);
		gen = genctr_of(snap, host[i]);
		assert_true(gen >= at_least && gen <= snap->change);
	}
	dsc_snapshot_put(snap);
	return gen;
}

static uint64_t stranger(struct fixture *f)
{
	const struct dsc_snapshot *snap;
	uint64_t gen;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	gen = genctr_of(snap, STRANGER);
	dsc_snapshot_put(snap);
	return gen;
}

/* -- tests ------------------------------------------------------------------------------------------------------ */
static void test_changes_that_come_together_are_told_to_all_and_only_them(void **state)
{
	struct fixture *f = *state;
	uint64_t gen, other;

	begin(f);
	make_group(f);
	other = stranger(f);
	assert_int_equal(burst(f, 0), 0);
	gen = check(f, 0, 0); /* nothing is told before a worker has confirmed */
	confirm_all(f);
	gen = check(f, CHANGES, gen + 1);
	assert_int_equal(burst(f, 100), 0);
	assert_int_equal(check(f, CHANGES, gen), gen);
	confirm_all(f);
	gen = check(f, 2 * CHANGES, gen + 1);
	assert_int_equal(stranger(f), other);
	fixture_restart(f);
	assert_int_equal(check(f, 2 * CHANGES, gen), gen);
}

static void test_a_store_that_fails_takes_all_that_waited_along(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, none;
	uint64_t gen;

	begin(f);
	make_group(f);
	assert_int_equal(burst(f, 0), 0);
	confirm_all(f);
	gen = check(f, CHANGES, 1);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	none = old;
	none.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &none);
	cmn_log_set_level(CMN_LOG_LEVEL_COUNT - 1);
	assert_int_equal(burst(f, 100), CHANGES);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(check(f, CHANGES, gen), gen);
	assert_int_equal(burst(f, 100), 0);
	confirm_all(f);
	check(f, 2 * CHANGES, gen + 1);
}


/* What was on its way when the loop ended is stored, with the generations that go with it. */
static void test_what_is_being_compared_at_the_end_is_stored(void **state)
{
	struct fixture *f = *state;
	uint64_t gen;

	begin(f);
	make_group(f);
	assert_int_equal(burst(f, 0), 0);
	gen = check(f, 0, 0);
	on_loop(f, confirm_now, f);
	fixture_restart(f);
	check(f, CHANGES, gen + 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static int by_reviewer(void **state)
{
	struct fixture *f;

	assert_int_equal(fixture_setup(state), 0);
	f = *state;
	f->by_reviewer = true;
	fixture_restart(f);
	return 0;
}

#define R(name)                                                                                    \
	{ #name " (all by the reviewer)", name, by_reviewer, fixture_teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_changes_that_come_together_are_told_to_all_and_only_them),
		T(test_a_store_that_fails_takes_all_that_waited_along),
		T(test_what_is_being_compared_at_the_end_is_stored),
		R(test_changes_that_come_together_are_told_to_all_and_only_them),
		R(test_a_store_that_fails_takes_all_that_waited_along),
		R(test_what_is_being_compared_at_the_end_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
