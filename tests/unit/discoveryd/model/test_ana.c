/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_ana.c - ANA groups in the model: what portals say of them, who is of them, what is kept. */
#include "tests/unit/discoveryd/fixture.h"

#define NQN "nqn.2026-11.example:s1"

static int group_create(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_ana_group_create(&f->app, arg, call, err);
}

static int group_update(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_ana_group_update(&f->app, 2, arg, call, err);
}

static int group_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_ana_group_delete(&f->app, *(const uint64_t *)arg, call, err);
}

static int group_delete_forced(struct fixture *f, const struct dsc_call *call, const void *arg,
			       struct cmn_err *err)
{
	struct dsc_call forced = *call;

	forced.force = true;
	return group_delete(f, &forced, arg, err);
}

static int ns_create(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	return dsc_cmd_ns_create(&f->app, NQN, arg, call, err);
}

static int portal_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_portal_delete(&f->app, arg, call, err);
}

static const struct dsc_snapshot *current(struct fixture *f)
{
	turn_over(f);
	return dsc_snapshot_current(f->app.model);
}

/* What two portals say of group 2, and how many namespaces are in groups 1 and 2. */
static void expect(struct fixture *f, uint8_t p1, uint8_t p2, unsigned int in_1, unsigned int in_2)
{
	const struct dsc_snapshot *snap = current(f);
	const struct dsc_ana_group *g = dsc_snapshot_ana_group_id(snap, 2);

	assert_int_equal(dsc_snapshot_ana_state(g, dsc_snapshot_portal(snap, "p1")), p1);
	assert_int_equal(dsc_snapshot_ana_state(g, dsc_snapshot_portal(snap, "p2")), p2);
	assert_int_equal(dsc_snapshot_ana_group_id(snap, 1)->nr_ns, in_1);
	assert_int_equal(g->nr_ns, in_2);
	dsc_snapshot_put(snap);
}

static void test_groups_states_and_members_survive_a_restart(void **state)
{
	struct dsc_ana_state_in lost = { .portal = "p2", .state = NVME_ANA_INACCESSIBLE };
	struct dsc_ana_state_in back = { .portal = "p1", .state = NVME_ANA_NON_OPTIMIZED };
	struct dsc_ana_group_in group = { .states = &lost, .nr_states = 1 };
	struct dsc_ana_group_in other = { .states = &back, .nr_states = 1, .only = true };
	struct dsc_portal_in p2 = { .address = "127.0.0.2", .name = "p2" };
	struct dsc_subsys_in subsys = { .nqn = NQN };
	struct dsc_ns_in one = { .backend = "null", .size = 4096, .size_set = true };
	struct dsc_ns_in two = one;
	uint64_t first = 1, second = 2;
	struct fixture *f = *state;
	struct command c;

	begin(f);
	two.ana_group = 2;
	assert_int_equal(RUN(&c, make_portal, &p2, 0), 0);
	assert_int_equal(RUN(&c, make_subsys, &subsys, 0), 0);
	assert_int_equal(RUN(&c, ns_create, &two, 0), -EINVAL);
	assert_string_equal(c.err.field, "ana_group");
	assert_int_equal(RUN(&c, group_create, &group, 0), 0);
	assert_string_equal(c.outcome.name, "2");
	assert_int_equal(RUN(&c, ns_create, &one, 0), 0);
	assert_int_equal(RUN(&c, ns_create, &two, 0), 0);
	expect(f, NVME_ANA_OPTIMIZED, NVME_ANA_INACCESSIBLE, 1, 1);
	fixture_restart(f);
	expect(f, NVME_ANA_OPTIMIZED, NVME_ANA_INACCESSIBLE, 1, 1);
	assert_int_equal(RUN(&c, group_update, &group, 0), 1); /* it is so already */
	assert_int_equal(RUN(&c, group_update, &other, 0), 0);
	expect(f, NVME_ANA_NON_OPTIMIZED, NVME_ANA_OPTIMIZED, 1, 1);
	assert_int_equal(RUN(&c, portal_delete, "p2", 0), 0);
	assert_int_equal(RUN(&c, group_delete, &first, 0), -EEXIST);
	assert_int_equal(RUN(&c, group_delete, &second, 0), -EBUSY);
	assert_non_null(strstr(c.err.msg, "namespace 2 of " NQN));
	assert_int_equal(RUN(&c, group_delete_forced, &second, 0), 0);
	fixture_restart(f);
	{
		const struct dsc_snapshot *snap = current(f);

		assert_null(dsc_snapshot_ana_group_id(snap, 2));
		assert_int_equal(dsc_snapshot_ana_group_id(snap, 1)->nr_ns, 2);
		dsc_snapshot_put(snap);
	}
}

static void test_there_are_as_many_groups_as_hosts_are_told(void **state)
{
	struct dsc_ana_group_in next = { .id = 0 }, far = { .id = FAB_ANA_GROUPS + 1 };
	struct fixture *f = *state;
	struct command c;

	begin(f);
	assert_int_equal(RUN(&c, group_create, &far, 0), -EINVAL);
	for (unsigned int id = 2; id <= FAB_ANA_GROUPS; id++)
		assert_int_equal(RUN(&c, group_create, &next, 0), 0);
	assert_int_equal(RUN(&c, group_create, &next, 0), -EBUSY);
	assert_string_equal(c.err.field, "id");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_groups_states_and_members_survive_a_restart),
		T(test_there_are_as_many_groups_as_hosts_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
