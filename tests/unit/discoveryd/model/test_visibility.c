/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_visibility.c - what a host is told, when, and with which generation. */
#include "tests/unit/discoveryd/fixture.h"

#include "discoveryd/model/paths.h"

#define NQN "nqn.2026-11.example:s1"
#define NQN2 "nqn.2026-11.example:s2"
#define HOST "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555"
#define OTHER "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-666666666666"
#define STRANGER "nqn.2026-11.example:stranger"

/* -- what the tests do ------------------------------------------------------------------------------- */
static int allow(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	return dsc_cmd_allow(&f->app, NQN, arg, call, err);
}

static int disallow(struct fixture *f, const struct dsc_call *call, const void *arg,
		    struct cmn_err *err)
{
	return dsc_cmd_disallow(&f->app, NQN, arg, call, err);
}

static int update(struct fixture *f, const struct dsc_call *call, const void *arg,
		  struct cmn_err *err)
{
	return dsc_cmd_subsys_update(&f->app, NQN, arg, call, err);
}

static int delete (struct fixture *f, const struct dsc_call *call, const void *arg,
		   struct cmn_err *err)
{
	return dsc_cmd_subsys_delete(&f->app, arg, call, err);
}

static int host_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	return dsc_cmd_host_delete(&f->app, arg, call, err);
}

static int portal_update(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_portal_update(
		&f->app, "p1", &(struct dsc_portal_in){ .advertise_set = true, .advertise = arg },
		call, err);
}

static unsigned int entries(struct fixture *f, const char *host)
{
	const struct dsc_snapshot *snap;
	struct dsc_asker who;
	struct dsc_visible it;
	struct dsc_entry e;
	unsigned int n = 0;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	who = dsc_asker(snap, host);
	for (dsc_visible_init(&it, snap, &who); dsc_visible_next(&it, &e);)
		n++;
	assert_false(dsc_visible_next(&it, &e)); /* the end stays the end */
	dsc_visible_end(&it);
	dsc_snapshot_put(snap);
	return n;
}

static uint64_t gen(struct fixture *f, const char *host)
{
	const struct dsc_snapshot *snap;
	uint64_t g;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	g = genctr_of(snap, host);
	dsc_snapshot_put(snap);
	return g;
}

static enum dsc_why why(struct fixture *f, const char *nqn, const char *host)
{
	const struct dsc_snapshot *snap;
	struct dsc_asker who;
	enum dsc_why w;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	who = dsc_asker(snap, host);
	w = dsc_snapshot_why(snap, dsc_snapshot_subsys(snap, nqn), &who, NULL);
	dsc_snapshot_put(snap);
	return w;
}

static void create(struct fixture *f, const char *nqn, enum dsc_tri any)
{
	struct dsc_subsys_in in = { .nqn = nqn, .allow_any = any };
	struct command c;

	assert_int_equal(RUN(&c, make_subsys, &in, 0), 0);
}

/* -- tests --------------------------------------------------------------------------------------------- */
static void test_addition_is_told_only_once_confirmed(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_NO);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	before = gen(f, HOST);
	assert_int_equal(entries(f, HOST), 0);
	assert_int_equal(why(f, NQN, HOST), DSC_WHY_NOT_CONFIRMED);
	confirm_all(f);
	assert_int_equal(entries(f, HOST), 1);
	assert_true(gen(f, HOST) > before);
	assert_int_equal(why(f, NQN, HOST), DSC_WHY_VISIBLE);
	assert_int_equal(entries(f, STRANGER), 0);
	assert_int_equal(why(f, NQN, STRANGER), DSC_WHY_NOT_ALLOWED);
}

static void test_removal_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_NO);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	assert_int_equal(RUN(&c, allow, OTHER, 0), 0);
	confirm_all(f);
	before = gen(f, OTHER);
	assert_int_equal(RUN(&c, disallow, HOST, 0), 0);
	assert_int_equal(entries(f, HOST), 0);
	assert_true(gen(f, HOST) > before);
	assert_int_equal(entries(f, OTHER), 1);
	assert_int_equal(gen(f, OTHER), before);
	assert_int_equal(RUN(&c, delete, NQN, .force = true), 0);
	assert_int_equal(entries(f, OTHER), 0);
	assert_true(gen(f, OTHER) > before);
}

static void test_generation_moves_only_for_what_a_host_sees(void **state)
{
	struct fixture *f = *state;
	uint64_t host, stranger;
	struct command c;

	begin(f);
	create(f, NQN, DSC_NO);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	confirm_all(f);
	host = gen(f, HOST);
	stranger = gen(f, STRANGER);
	create(f, NQN2, DSC_NO); /* nobody's */
	confirm_all(f);
	assert_int_equal(gen(f, HOST), host);
	assert_int_equal(gen(f, STRANGER), stranger);
	assert_int_equal(RUN(&c, allow, OTHER, 0), 0);
	confirm_all(f);
	assert_int_equal(gen(f, HOST), host);
	assert_int_equal(gen(f, STRANGER), stranger);
	assert_true(gen(f, OTHER) > host);
}

static void test_any_host_subsystem_is_everyones(void **state)
{
	struct fixture *f = *state;
	struct dsc_subsys_in close_it = { .allow_any = DSC_NO };
	struct command c;
	uint64_t before;

	begin(f);
	before = gen(f, STRANGER);
	create(f, NQN, DSC_YES);
	assert_int_equal(entries(f, STRANGER), 0);
	assert_int_equal(gen(f, STRANGER), before);
	confirm_all(f);
	assert_int_equal(entries(f, STRANGER), 1);
	assert_int_equal(entries(f, HOST), 1);
	assert_true(gen(f, STRANGER) > before);
	before = gen(f, STRANGER);
	assert_int_equal(RUN(&c, update, &close_it, 0), 0);
	assert_int_equal(entries(f, STRANGER), 0);
	assert_true(gen(f, STRANGER) > before);
}

static void test_generation_survives_restart_and_the_hosts_row(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_NO);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	confirm_all(f);
	before = gen(f, HOST);
	fixture_restart(f);
	assert_int_equal(gen(f, HOST), before);
	assert_int_equal(entries(f, HOST), 1); /* confirmed once, listed until it is taken away */
	assert_int_equal(RUN(&c, host_delete, HOST, 0), -EBUSY);
	assert_non_null(strstr(c.err.msg, NQN));
	assert_int_equal(RUN(&c, host_delete, HOST, .force = true), 0);
	assert_int_equal(entries(f, HOST), 0);
	assert_true(gen(f, HOST) > before);
	before = gen(f, HOST);
	fixture_restart(f);
	assert_int_equal(gen(f, HOST), before);
}

static void test_unconfirmed_addition_survives_restart_as_unconfirmed(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_YES);
	before = gen(f, HOST);
	fixture_restart(f);
	assert_int_equal(entries(f, HOST), 0);
	assert_int_equal(why(f, NQN, HOST), DSC_WHY_NOT_CONFIRMED);
	confirm_all(f);
	assert_int_equal(entries(f, HOST), 1);
	assert_true(gen(f, HOST) > before);
}

static void test_portal_change_is_told_to_those_who_use_it(void **state)
{
	struct dsc_portal_in p2 = { .address = "127.0.0.2", .worker = "w1" };
	struct fixture *f = *state;
	struct command c;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_YES);
	confirm_all(f);
	before = gen(f, HOST);
	assert_int_equal(RUN(&c, make_portal, &p2, 0), 0);
	assert_int_equal(entries(f, HOST), 1);
	confirm_all(f);
	assert_int_equal(entries(f, HOST), 2);
	assert_true(gen(f, HOST) > before);
	before = gen(f, HOST);
	assert_int_equal(RUN(&c, portal_update, "192.0.2.7", 0), 0);
	assert_true(gen(f, HOST) > before);
}

static int portal_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_portal_delete(&f->app, arg, call, err);
}

static void test_what_nobody_was_told_of_moves_no_generation(void **state)
{
	struct dsc_portal_in p2 = { .name = "p2", .address = "127.0.0.2", .worker = "w1" };
	struct fixture *f = *state;
	struct command c;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_YES);
	confirm_all(f);
	before = gen(f, HOST);
	assert_int_equal(RUN(&c, make_portal, &p2, 0), 0);
	assert_int_equal(RUN(&c, portal_delete, "p2", .force = true), 0);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0); /* it is every host's already */
	confirm_all(f);
	assert_int_equal(RUN(&c, portal_update, "127.0.0.1", 0), 0); /* its own address */
	assert_int_equal(gen(f, HOST), before);
	assert_int_equal(gen(f, STRANGER), before);
}

static void test_named_host_isnt_told_what_changes_for_all_others(void **state)
{
	struct dsc_subsys_in any = { .allow_any = DSC_YES }, not_any = { .allow_any = DSC_NO };
	struct fixture *f = *state;
	uint64_t host, stranger;
	struct command c;

	begin(f);
	create(f, NQN, DSC_NO);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	confirm_all(f);
	host = gen(f, HOST);
	stranger = gen(f, STRANGER);
	assert_int_equal(RUN(&c, update, &any, 0), 0);
	confirm_all(f);
	assert_int_equal(gen(f, HOST), host);
	assert_true(gen(f, STRANGER) > stranger);
	stranger = gen(f, STRANGER);
	assert_int_equal(RUN(&c, update, &not_any, 0), 0);
	fixture_restart(f);
	assert_int_equal(gen(f, HOST), host);
	assert_true(gen(f, STRANGER) > stranger);
	stranger = gen(f, STRANGER);
	create(f, NQN2, DSC_YES);
	confirm_all(f);
	assert_true(gen(f, HOST) > stranger);
	assert_int_equal(gen(f, HOST), gen(f, STRANGER));
}

static void set_degraded(void *arg)
{
	struct fixture *f = arg;
	const struct dsc_worker *w = dsc_snapshot_worker(dsc_model_now(f->app.model), "w1");

	dsc_model_set_degraded(f->app.model, w->id, !w->degraded);
}

static void wait_gen(struct fixture *f, const char *host, uint64_t above)
{
	for (int i = 0; i < 2000 && gen(f, host) <= above; i++)
		usleep(1000);
	assert_true(gen(f, host) > above);
}

static void test_degraded_worker_leaves_the_log_and_comes_back(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_YES);
	confirm_all(f);
	before = gen(f, HOST);
	on_loop(f, set_degraded, f);
	wait_gen(f, HOST, before);
	assert_int_equal(entries(f, HOST), 0);
	assert_int_equal(why(f, NQN, HOST), DSC_WHY_WORKER_DEGRADED);
	before = gen(f, HOST);
	fixture_restart(f);
	assert_int_equal(entries(f, HOST), 0);
	assert_int_equal(gen(f, HOST), before);
	on_loop(f, set_degraded, f);
	wait_gen(f, HOST, before);
	assert_int_equal(entries(f, HOST), 1);
}

static void fail_portal(void *arg)
{
	struct fixture *f = arg;
	const struct dsc_portal *p = dsc_snapshot_portal(dsc_model_now(f->app.model), "p1");

	dsc_model_portal_failed(f->app.model, p->id, "in use");
}

static void test_portal_that_failed_is_not_told(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	begin(f);
	create(f, NQN, DSC_YES);
	confirm_all(f);
	before = gen(f, HOST);
	on_loop(f, fail_portal, f);
	wait_gen(f, HOST, before);
	assert_int_equal(entries(f, HOST), 0);
	assert_int_equal(why(f, NQN, HOST), DSC_WHY_NO_PORTAL);
	before = gen(f, HOST);
	confirm_all(f); /* nothing to confirm, but the whole state without failures */
	wait_gen(f, HOST, before);
	assert_int_equal(entries(f, HOST), 1);
}

static void test_named_portals_only(void **state)
{
	const char *const one[] = { "p1" };
	struct dsc_subsys_in in = { .portals = { .set = true, .item = one, .nr = 1 } };
	struct dsc_portal_in p2 = { .address = "127.0.0.2", .worker = "w1" };
	struct fixture *f = *state;
	struct command c;

	begin(f);
	assert_int_equal(RUN(&c, make_portal, &p2, 0), 0);
	create(f, NQN, DSC_YES);
	confirm_all(f);
	assert_int_equal(entries(f, HOST), 2);
	assert_int_equal(RUN(&c, update, &in, 0), 0);
	confirm_all(f);
	assert_int_equal(entries(f, HOST), 1);
	in.portals.nr = 0;
	assert_int_equal(RUN(&c, update, &in, 0), 0);
	assert_int_equal(entries(f, HOST), 0);
	assert_int_equal(why(f, NQN, HOST), DSC_WHY_NO_PORTAL);
	in.portals.null = true;
	assert_int_equal(RUN(&c, update, &in, 0), 0);
	confirm_all(f);
	assert_int_equal(entries(f, HOST), 2);
}

static void test_preview_says_why_in_words(void **state)
{
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	char text[256];
	const struct dsc_subsys *s;

	begin(f);
	create(f, NQN, DSC_NO);
	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	s = dsc_snapshot_subsys(snap, NQN);
	for (int w = 0; w < DSC_WHY_COUNT; w++) {
		assert_non_null(dsc_why_name[w]);
		assert_true(strlen(dsc_why_text(snap, s, w, text, sizeof(text))) > 10);
	}
	dsc_why_text(snap, s, DSC_WHY_NO_PORTAL, text, sizeof(text));
	assert_non_null(strstr(text, "worker w1"));
	dsc_snapshot_put(snap);
}

/* -- who is told ------------------------------------------------------------------------------------------- */
struct told {
	struct dsc_views_sub sub;
	unsigned int calls;
	bool all;
	size_t nr;
	char nqn[256];
	uint64_t gen;
};

static void views_changed(struct dsc_views_sub *sub, const struct dsc_snapshot *snap,
			  const struct dsc_views_changed *what)
{
	struct told *t = cmn_container_of(sub, struct told, sub);

	t->calls++;
	t->all |= what->all;
	t->nr += what->nr_hosts;
	for (size_t i = 0; i < what->nr_hosts; i++)
		snprintf(t->nqn, sizeof(t->nqn), "%s", what->host_nqns[i]);
	if (what->nr_hosts)
		t->gen = genctr_of(snap, what->host_nqns[0]);
}

struct subscription {
	struct fixture *f;
	struct told *told;
};

static void subscribe(void *arg)
{
	struct subscription *s = arg;

	dsc_views_subscribe(s->f->app.model, &s->told->sub);
}

static void unsubscribe(void *arg)
{
	struct subscription *s = arg;

	dsc_views_unsubscribe(s->f->app.model, &s->told->sub);
}

static void test_subscriber_is_told_whose_view_changed(void **state)
{
	struct fixture *f = *state;
	struct told told = { .sub.changed = views_changed };
	struct subscription s = { f, &told };
	struct command c;

	begin(f);
	create(f, NQN, DSC_NO);
	confirm_all(f);
	on_loop(f, subscribe, &s);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	turn_over(f);
	assert_int_equal(told.calls, 0);
	confirm_all(f);
	turn_over(f);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.nr, 1);
	assert_false(told.all);
	assert_string_equal(told.nqn, HOST);
	assert_int_equal(told.gen, gen(f, HOST));
	create(f, NQN2, DSC_YES);
	confirm_all(f);
	turn_over(f);
	assert_true(told.all);
	on_loop(f, unsubscribe, &s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_addition_is_told_only_once_confirmed),
		T(test_removal_is_told_at_once),
		T(test_generation_moves_only_for_what_a_host_sees),
		T(test_any_host_subsystem_is_everyones),
		T(test_generation_survives_restart_and_the_hosts_row),
		T(test_unconfirmed_addition_survives_restart_as_unconfirmed),
		T(test_portal_change_is_told_to_those_who_use_it),
		T(test_what_nobody_was_told_of_moves_no_generation),
		T(test_named_host_isnt_told_what_changes_for_all_others),
		T(test_degraded_worker_leaves_the_log_and_comes_back),
		T(test_portal_that_failed_is_not_told),
		T(test_named_portals_only),
		T(test_preview_says_why_in_words),
		T(test_subscriber_is_told_whose_view_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
