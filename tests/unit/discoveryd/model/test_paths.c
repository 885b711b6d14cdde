/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_paths.c - path policies: their order, how even and how stable it is, who says it, what it cuts.
 * That the log and the generations follow it is in test_property.c. */
#include "tests/unit/discoveryd/fixture.h"

#include "discoveryd/model/paths.h"

#define S1 "nqn.2026-11.example:s1"
#define S2 "nqn.2026-11.example:s2"
#define NR_HOSTS 1000

static const char *host_nqn(unsigned int i, char buf[64])
{
	snprintf(buf, 64, "nqn.2026-11.example:host-%u", i);
	return buf;
}

static void portal(struct fixture *f, const char *name, const char *address)
{
	struct dsc_portal_in in = { .name = name, .address = address, .worker = "w1" };
	struct command c;

	assert_int_equal(RUN(&c, make_portal, &in, 0), 0);
}

static void subsystem(struct fixture *f, const char *nqn, const char *policy, uint32_t max)
{
	struct dsc_subsys_in in = {
		.nqn = nqn, .worker = "w1", .allow_any = DSC_YES, .paths = { policy, true, max }
	};
	struct command c;

	assert_int_equal(RUN(&c, make_subsys, &in, 0), 0);
}

static int update(struct fixture *f, const struct dsc_call *call, const void *arg,
		  struct cmn_err *err)
{
	return dsc_cmd_subsys_update(
		&f->app, S1, &(struct dsc_subsys_in){ .paths = *(const struct dsc_paths_in *)arg },
		call, err);
}

static int make_group(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_group_create(&f->app, arg, call, err);
}

static int change_group(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	const struct dsc_group_in *in = arg;

	return dsc_cmd_group_update(&f->app, in->name, in, call, err);
}

static int drop_portal(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	return dsc_cmd_portal_delete(&f->app, arg, call, err);
}

/* "p1 p3 ": the names of the portals that a host is told, in order. */
static char *told_from(struct fixture *f, const char *subsys, const char *host, const char *from,
		       char buf[128])
{
	const struct dsc_snapshot *snap;
	struct dsc_paths paths = { 0 };
	struct dsc_asker who;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	who = dsc_asker(snap, host);
	who.has_from = from && net_prefix_parse(&who.from, from);
	dsc_paths_init(&paths, snap, &who);
	dsc_paths_find(&paths, dsc_snapshot_subsys(snap, subsys));
	buf[0] = 0;
	for (size_t i = 0; i < paths.nr_told; i++)
		snprintf(buf + strlen(buf), 128 - strlen(buf), "%s ", paths.path[i].portal->name);
	dsc_paths_end(&paths);
	dsc_snapshot_put(snap);
	return buf;
}
#define TOLD(subsys, host) told_from(f, subsys, host, NULL, (char[128]){ 0 })
#define TOLD_FROM(subsys, host, from) told_from(f, subsys, host, from, (char[128]){ 0 })

/* What all of the hosts are told of a subsystem, in one go. */
static void told_all(struct fixture *f, const char *subsys, char (*ret)[128])
{
	const struct dsc_snapshot *snap;
	struct dsc_paths paths = { 0 };
	struct dsc_asker who;
	char nqn[64];

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	for (unsigned int i = 0; i < NR_HOSTS; i++) {
		who = dsc_asker(snap, host_nqn(i, nqn));
		dsc_paths_init(&paths, snap, &who);
		dsc_paths_find(&paths, dsc_snapshot_subsys(snap, subsys));
		ret[i][0] = 0;
		for (size_t j = 0; j < paths.nr_told; j++)
			snprintf(ret[i] + strlen(ret[i]), 128 - strlen(ret[i]), "%s ",
				 paths.path[j].portal->name);
	}
	dsc_paths_end(&paths);
	dsc_snapshot_put(snap);
}

static void begin_portals(struct fixture *f, const char *policy, uint32_t max)
{
	static const char *const address[] = { "192.0.2.1", "192.0.2.2", "198.51.100.1",
					       "2001:db8::1" };
	char name[8];
	struct command c;

	assert_int_equal(RUN(&c, make_worker, "w1", 0), 0);
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "p%u", i + 1);
		portal(f, name, address[i]);
	}
	subsystem(f, S1, policy, max);
	confirm_all(f);
}

static void test_all_portals_are_told_as_they_were_made_unless_something_is_said(void **state)
{
	struct fixture *f = *state;
	struct command c;

	begin_portals(f, NULL, 0);
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:a"), "p1 p2 p3 p4 ");
	assert_int_equal(RUN(&c, update, (&(struct dsc_paths_in){ NULL, true, 2 }), 0), 0);
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:a"), "p1 p2 ");
	assert_int_equal(RUN(&c, update, (&(struct dsc_paths_in){ NULL, true, 2 }), 0), 1);
	assert_int_equal(RUN(&c, update, (&(struct dsc_paths_in){ "near", false, 0 }), 0), -EINVAL);
	assert_string_equal(c.err.field, "path_policy");
	assert_int_equal(RUN(&c, update, (&(struct dsc_paths_in){ NULL, true, 1025 }), 0), -EINVAL);
	assert_string_equal(c.err.field, "max_paths");
	fixture_restart(f);
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:a"), "p1 p2 ");
	assert_int_equal(RUN(&c, drop_portal, "p1", 0), 0);
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:a"),
			    "p2 p3 "); /* the next one moves up */
}

static void test_local_first_is_the_own_address_then_the_subnet_then_the_rest(void **state)
{
	struct fixture *f = *state;

	begin_portals(f, "local_first", 0);
	portal(f, "any", "0.0.0.0");
	confirm_all(f);
	assert_memory_equal(TOLD_FROM(S1, "nqn.2026-11.example:a", "198.51.100.1"), "p3 any ", 7);
	assert_memory_equal(TOLD_FROM(S1, "nqn.2026-11.example:a", "192.0.2.2"), "p2 ", 3);
	for (int i = 0; i < 32; i++) {
		char host[64],
			*text = TOLD_FROM(S1, host_nqn((unsigned int)i, host), "198.51.100.7");

		assert_non_null(strstr(text, "p3"));
		assert_true(strstr(text, "p3") < text + 7 && strstr(text, "any") < text + 4);
		text = TOLD_FROM(S1, host, "2001:db8::7");
		assert_true(strstr(text, "p4") < text + 7 && strstr(text, "any") < text + 4);
		text = TOLD_FROM(S1, host, "203.0.113.1");
		assert_memory_equal(text, "any ", 4);
	}
}

static void test_spread_is_even_over_portals(void **state)
{
	static char told[NR_HOSTS][128];
	unsigned int first[4] = { 0 }, second[4] = { 0 };
	struct fixture *f = *state;

	begin_portals(f, "spread", 2);
	told_all(f, S1, told);
	for (unsigned int i = 0; i < NR_HOSTS; i++) {
		assert_int_equal(strlen(told[i]), 6); /* two of them */
		first[told[i][1] - '1']++;
		second[told[i][4] - '1']++;
	}
	for (unsigned int i = 0; i < 4; i++) { /* 250 each; the deviation is 14 */
		assert_in_range(first[i], 250 - 70, 250 + 70);
		assert_in_range(second[i], 250 - 70, 250 + 70);
	}
}

/* Each host's subsystems are spread too: one host doesn't have the same portal first for all of them. */
static void test_spread_is_even_over_the_subsystems_of_a_host(void **state)
{
	unsigned int first[4] = { 0 };
	struct fixture *f = *state;
	char nqn[64];

	begin_portals(f, "spread", 1);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(nqn, sizeof(nqn), "nqn.2026-11.example:vol-%u", i);
		subsystem(f, nqn, "spread", 1);
	}
	confirm_all(f);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(nqn, sizeof(nqn), "nqn.2026-11.example:vol-%u", i);
		first[TOLD(nqn, "nqn.2026-11.example:a")[1] - '1']++;
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_in_range(first[i], 8, 45);
}

static void test_what_has_nothing_to_do_with_it_moves_nobody(void **state)
{
	static char before[NR_HOSTS][128], after[NR_HOSTS][128];
	static const char *const member[] = { "nqn.2026-11.example:host-1",
					      "nqn.2026-11.example:new" };
	struct fixture *f = *state;
	struct command c;

	begin_portals(f, "spread", 2);
	told_all(f, S1, before);
	subsystem(f, S2, "spread", 1);
	assert_int_equal(
		RUN(&c, make_group,
		    (&(struct dsc_group_in){ .name = "g", .members = { true, false, member, 2 } }),
		    0),
		0);
	confirm_all(f);
	fixture_restart(f);
	told_all(f, S1, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void test_a_portal_that_comes_or_goes_moves_only_those_it_concerns(void **state)
{
	static char before[NR_HOSTS][128], with[NR_HOSTS][128], after[NR_HOSTS][128];
	unsigned int moved = 0;
	struct fixture *f = *state;
	struct command c;

	begin_portals(f, "spread", 2);
	told_all(f, S1, before);
	portal(f, "p5", "198.51.100.2");
	confirm_all(f);
	told_all(f, S1, with);
	for (unsigned int i = 0; i < NR_HOSTS; i++) {
		if (!strcmp(before[i], with[i]))
			continue;
		moved++;
		assert_non_null(strstr(with[i], "p5 ")); /* to it, and nowhere else */
		if (strncmp(with[i], "p5 ", 3))
			assert_memory_equal(with[i], before[i], 3);
		else
			assert_memory_equal(with[i] + 3, before[i], 3);
	}
	assert_in_range(moved, 330, 470); /* two of five: 400 */
	assert_int_equal(RUN(&c, drop_portal, "p5", 0), 0);
	told_all(f, S1, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void test_a_group_says_it_before_the_subsystem_the_first_by_name_wins(void **state)
{
	static const char *const member[] = { "nqn.2026-11.example:a" };
	struct fixture *f = *state;
	struct dsc_group_in in = { .name = "zoo", .members = { true, false, member, 1 } };
	struct command c;

	begin_portals(f, "all", 3);
	in.paths = (struct dsc_paths_in){ NULL, true, 1 };
	assert_int_equal(RUN(&c, make_group, &in, 0), 0);
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:a"), "p1 ");
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:b"), "p1 p2 p3 ");
	in.name = "art";
	in.paths = (struct dsc_paths_in){ "spread", true, 1024 };
	assert_int_equal(RUN(&c, make_group, &in, 0), 0);
	assert_int_equal(strlen(TOLD(S1, "nqn.2026-11.example:a")), 12);
	in.paths = (struct dsc_paths_in){ NULL, true, 0 };
	assert_int_equal(RUN(&c, change_group, &in, 0), 0);
	assert_int_equal(strlen(TOLD(S1, "nqn.2026-11.example:a")), 3); /* spread, one of them */
	in.paths = (struct dsc_paths_in){ "", false, 0 };
	assert_int_equal(RUN(&c, change_group, &in, 0), 0);
	assert_int_equal(RUN(&c, change_group, &in, 0), 1);
	fixture_restart(f);
	assert_string_equal(TOLD(S1, "nqn.2026-11.example:a"), "p1 ");
}

static uint64_t genctr(struct fixture *f, const char *host)
{
	const struct dsc_snapshot *snap;
	struct dsc_asker who;
	uint64_t gen;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	who = dsc_asker(snap, host);
	gen = dsc_snapshot_genctr(snap, &who);
	dsc_snapshot_put(snap);
	return gen;
}

static void test_a_groups_policy_moves_the_generations_of_its_hosts_alone(void **state)
{
	static const char *const member[] = { "nqn.2026-11.example:a" };
	struct fixture *f = *state;
	struct dsc_group_in in = { .name = "g", .members = { true, false, member, 1 } };
	uint64_t a, b;
	struct command c;

	begin_portals(f, "all", 0);
	assert_int_equal(RUN(&c, make_group, &in, 0), 0);
	a = genctr(f, "nqn.2026-11.example:a");
	b = genctr(f, "nqn.2026-11.example:b");
	in.paths = (struct dsc_paths_in){ NULL, true, 4 };
	assert_int_equal(RUN(&c, change_group, &in, 0), 0);
	assert_true(genctr(f, "nqn.2026-11.example:a") == a); /* four it had */
	in.paths.max = 3;
	assert_int_equal(RUN(&c, change_group, &in, 0), 0);
	assert_true(genctr(f, "nqn.2026-11.example:a") > a);
	a = genctr(f, "nqn.2026-11.example:a");
	assert_true(genctr(f, "nqn.2026-11.example:b") == b);
	assert_int_equal(RUN(&c, drop_portal, "p4", 0), 0); /* the one that it wasn't told of */
	assert_true(genctr(f, "nqn.2026-11.example:a") == a);
	assert_true(genctr(f, "nqn.2026-11.example:b") > b);
}

static void test_a_limit_that_nobody_reaches_changes_nothing_for_hosts(void **state)
{
	struct fixture *f = *state;
	struct command c;
	uint64_t gen;

	begin_portals(f, NULL, 0);
	gen = genctr(f, "nqn.2026-11.example:b");
	assert_int_equal(RUN(&c, update, (&(struct dsc_paths_in){ NULL, true, 5 }), 0), 0);
	assert_int_equal(genctr(f, "nqn.2026-11.example:b"), gen);
	assert_int_equal(RUN(&c, update, (&(struct dsc_paths_in){ NULL, true, 3 }), 0), 0);
	assert_true(genctr(f, "nqn.2026-11.example:b") > gen);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all_portals_are_told_as_they_were_made_unless_something_is_said),
		TEST(test_local_first_is_the_own_address_then_the_subnet_then_the_rest),
		TEST(test_spread_is_even_over_portals),
		TEST(test_spread_is_even_over_the_subsystems_of_a_host),
		TEST(test_what_has_nothing_to_do_with_it_moves_nobody),
		TEST(test_a_portal_that_comes_or_goes_moves_only_those_it_concerns),
		TEST(test_a_group_says_it_before_the_subsystem_the_first_by_name_wins),
		TEST(test_a_limit_that_nobody_reaches_changes_nothing_for_hosts),
		TEST(test_a_groups_policy_moves_the_generations_of_its_hosts_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
