/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_groups.c - groups of hosts: what their members may use, and are told. */
#include "tests/unit/discoveryd/fixture.h"

#include "discoveryd/model/paths.h"

#define NQN "nqn.2026-11.example:s1"
#define NQN2 "nqn.2026-11.example:s2"
#define A "nqn.2026-11.example:host-a"
#define B "nqn.2026-11.example:host-b"
#define C "nqn.2026-11.example:host-c"

/* -- what the tests do ------------------------------------------------------------------------------- */
static int group_create(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_group_create(&f->app, arg, call, err);
}

static int group_update(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_group_update(&f->app, ((const struct dsc_group_in *)arg)->name, arg, call,
				    err);
}

static int group_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_group_delete(&f->app, arg, call, err);
}

static int add_to_lab(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_group_add(&f->app, "lab", arg, call, err);
}

static int remove_from_lab(struct fixture *f, const struct dsc_call *call, const void *arg,
			   struct cmn_err *err)
{
	return dsc_cmd_group_remove(&f->app, "lab", arg, call, err);
}

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

static int host_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	return dsc_cmd_host_delete(&f->app, arg, call, err);
}

static int ns_create(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	return dsc_cmd_ns_create(&f->app, NQN, arg, call, err);
}

static int refer(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	return dsc_cmd_referral_create(&f->app, arg, call, err);
}

static void create(struct fixture *f, const char *nqn)
{
	struct dsc_subsys_in in = { .nqn = nqn };
	struct command c;

	assert_int_equal(RUN(&c, make_subsys, &in, 0), 0);
}

/* "lab", of A and B. */
static void make_lab(struct fixture *f)
{
	const char *const members[] = { A, B };
	struct dsc_group_in in = { .name = "lab",
				   .members = { .set = true, .item = members, .nr = 2 } };
	struct command c;

	assert_int_equal(RUN(&c, group_create, &in, 0), 0);
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

/* -- tests --------------------------------------------------------------------------------------------- */
static void test_members_see_what_the_group_is_allowed(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t a, other;

	begin(f);
	make_lab(f);
	create(f, NQN);
	confirm_all(f);
	a = gen(f, A);
	other = gen(f, C);
	assert_int_equal(RUN(&c, allow, "group:lab", 0), 0);
	assert_int_equal(RUN(&c, allow, "group:lab", 0), 1);
	assert_int_equal(entries(f, A), 0);
	confirm_all(f);
	assert_int_equal(entries(f, A), 1);
	assert_int_equal(entries(f, B), 1);
	assert_int_equal(entries(f, C), 0);
	assert_true(gen(f, A) > a);
	assert_int_equal(gen(f, A), gen(f, B));
	assert_int_equal(gen(f, C), other);
	a = gen(f, A);
	assert_int_equal(RUN(&c, disallow, "group:lab", 0), 0);
	assert_int_equal(entries(f, A), 0);
	assert_true(gen(f, A) > a);
	assert_int_equal(RUN(&c, disallow, "group:lab", 0), -ENOENT);
}

static void test_joining_shows_once_confirmed_and_leaving_hides_at_once(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t a, mine;

	begin(f);
	make_lab(f);
	create(f, NQN);
	assert_int_equal(RUN(&c, allow, "group:lab", 0), 0);
	confirm_all(f);
	a = gen(f, A);
	mine = gen(f, C);
	assert_int_equal(RUN(&c, add_to_lab, C, 0), 0);
	assert_int_equal(RUN(&c, add_to_lab, C, 0), 1);
	fixture_restart(f); /* what is still to be shown is found again */
	assert_int_equal(entries(f, C), 0);
	assert_int_equal(gen(f, C), mine);
	confirm_all(f);
	assert_int_equal(entries(f, C), 1);
	assert_true(gen(f, C) > mine);
	mine = gen(f, C);
	assert_int_equal(RUN(&c, remove_from_lab, C, 0), 0);
	assert_int_equal(RUN(&c, remove_from_lab, C, 0), -ENOENT);
	assert_int_equal(entries(f, C), 0);
	assert_true(gen(f, C) > mine);
	assert_int_equal(gen(f, A), a);
}

static void test_what_a_host_has_in_two_ways_stays_when_one_goes(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t a;

	begin(f);
	make_lab(f);
	create(f, NQN);
	assert_int_equal(RUN(&c, allow, A, 0), 0);
	confirm_all(f);
	a = gen(f, A);
	assert_int_equal(RUN(&c, allow, "group:lab", 0), 0);
	confirm_all(f);
	assert_int_equal(entries(f, A), 1);
	assert_int_equal(RUN(&c, disallow, A, 0), 0);
	confirm_all(f);
	assert_int_equal(entries(f, A), 1);
	assert_int_equal(gen(f, A), a);
}

static void test_group_in_use_says_by_whom(void **state)
{
	const char *const lab[] = { "group:lab" };
	struct dsc_ns_in ns = { .nsid = 7,
				.size_set = true,
				.size = 1 << 20,
				.backend = "null",
				.hosts = { .set = true, .item = lab, .nr = 1 } };
	struct dsc_referral_in referral = { .name = "r1",
					    .address = "192.0.2.1",
					    .hosts = { .set = true, .item = lab, .nr = 1 } };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	struct command c;

	begin(f);
	make_lab(f);
	create(f, NQN);
	create(f, NQN2);
	assert_int_equal(RUN(&c, allow, "group:lab", 0), 0);
	assert_int_equal(RUN(&c, ns_create, &ns, 0), 0);
	assert_int_equal(RUN(&c, refer, &referral, 0), 0);
	assert_int_equal(RUN(&c, group_delete, "lab", 0), -EBUSY);
	assert_non_null(strstr(c.err.msg, NQN));
	assert_non_null(strstr(c.err.msg, "namespace 7 of " NQN));
	assert_non_null(strstr(c.err.msg, "referral r1"));
	assert_int_equal(RUN(&c, host_delete, A, 0), -EBUSY);
	assert_non_null(strstr(c.err.msg, "group:lab"));
	assert_int_equal(RUN(&c, group_delete, "lab", .force = true), 0);
	fixture_restart(f);
	snap = dsc_snapshot_current(f->app.model);
	assert_null(dsc_snapshot_group(snap, "lab"));
	assert_null(dsc_snapshot_subsys(snap, NQN)->hosts);
	assert_true(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 7)->restricted);
	assert_null(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 7)->hosts);
	assert_string_equal(dsc_snapshot_referral(snap, "r1")->hosts, "");
	assert_null(dsc_snapshot_host(snap, A)->groups);
	dsc_snapshot_put(snap);
	assert_int_equal(RUN(&c, host_delete, A, 0), 0);
}

static void test_referral_to_a_group_is_told_to_its_members(void **state)
{
	const char *const hosts[] = { C, "group:lab" };
	struct dsc_referral_in referral = { .name = "r1",
					    .address = "192.0.2.1",
					    .hosts = { .set = true, .item = hosts, .nr = 2 } };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	const struct dsc_referral *r;
	struct command c;
	uint64_t a, b;

	begin(f);
	make_lab(f);
	a = gen(f, A);
	assert_int_equal(RUN(&c, refer, &referral, 0), 0);
	assert_true(gen(f, A) > a);
	a = gen(f, A);
	b = gen(f, B);
	assert_int_equal(RUN(&c, remove_from_lab, B, 0), 0);
	assert_true(gen(f, B) > b);
	assert_int_equal(gen(f, A), a);
	snap = dsc_snapshot_current(f->app.model);
	r = dsc_snapshot_referral(snap, "r1");
	assert_true(dsc_snapshot_refers(snap, r, A));
	assert_false(dsc_snapshot_refers(snap, r, B));
	assert_true(dsc_snapshot_refers(snap, r, C));
	dsc_snapshot_put(snap);
	assert_int_equal(RUN(&c, add_to_lab, C, 0), 0); /* named twice now */
	b = gen(f, C);
	assert_int_equal(RUN(&c, remove_from_lab, C, 0), 0);
	assert_int_equal(gen(f, C), b);
}

static void test_members_are_replaced_as_a_whole(void **state)
{
	const char *const members[] = { B, C }, *const bad[] = { B, "group:lab" };
	struct dsc_group_in in = { .name = "lab",
				   .members = { .set = true, .item = members, .nr = 2 } };
	struct fixture *f = *state;
	struct command c;
	uint64_t b;

	begin(f);
	make_lab(f);
	create(f, NQN);
	assert_int_equal(RUN(&c, allow, "group:lab", 0), 0);
	confirm_all(f);
	b = gen(f, B);
	assert_int_equal(RUN(&c, group_update, &in, 0), 0);
	assert_int_equal(RUN(&c, group_update, &in, 0), 1);
	confirm_all(f);
	assert_int_equal(entries(f, A), 0);
	assert_int_equal(entries(f, B), 1);
	assert_int_equal(entries(f, C), 1);
	assert_int_equal(gen(f, B), b);
	in.members.item = bad; /* groups don't nest */
	assert_int_equal(RUN(&c, group_update, &in, 0), -EINVAL);
	assert_string_equal(c.err.field, "members[1]");
	in.members.set = false;
	in.description = "the lab";
	assert_int_equal(RUN(&c, group_update, &in, 0), 0);
	assert_int_equal(RUN(&c, allow, "group:none", 0), -EINVAL);
	assert_string_equal(c.err.field, "host_nqn");
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_members_see_what_the_group_is_allowed),
		T(test_joining_shows_once_confirmed_and_leaving_hides_at_once),
		T(test_what_a_host_has_in_two_ways_stays_when_one_goes),
		T(test_group_in_use_says_by_whom),
		T(test_referral_to_a_group_is_told_to_its_members),
		T(test_members_are_replaced_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
