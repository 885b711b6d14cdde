/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_subsys.c - CNTLIDs: the order in which they are given out and come back. */
#include "fabrics/ctrl.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>

static uint16_t take(struct fab_cntlids *ids)
{
	uint16_t id = 0;

	assert_int_equal(fab_cntlids_take(ids, &id), 0);
	return id;
}

static void test_ids_go_round_from_the_cursor(void **state)
{
	struct fab_cntlids *ids = fab_cntlids_create(1, 5, 4);

	(void)state;
	assert_int_equal(fab_cntlids_cursor(ids), 4);
	assert_int_equal(take(ids), 4);
	assert_int_equal(take(ids), 5);
	assert_int_equal(take(ids), 1);
	assert_int_equal(fab_cntlids_cursor(ids), 2);
	fab_cntlids_destroy(ids);
}

static void test_an_id_waits_until_all_others_have_been_free_for_less_long(void **state)
{
	struct fab_cntlids *ids = fab_cntlids_create(1, 5, 1);

	(void)state;
	assert_int_equal(take(ids), 1);
	assert_int_equal(take(ids), 2);
	assert_int_equal(take(ids), 3);
	fab_cntlids_free(ids, 3);
	fab_cntlids_free(ids, 1);
	/* 4 and 5 were never used, so they have been free longest. */
	assert_int_equal(take(ids), 4);
	assert_int_equal(take(ids), 5);
	assert_int_equal(take(ids), 3);
	fab_cntlids_free(ids, 5);
	assert_int_equal(take(ids), 1);
	assert_int_equal(take(ids), 5);
	fab_cntlids_destroy(ids);
}

static void test_all_in_use_is_busy_until_one_comes_back(void **state)
{
	struct fab_cntlids *ids = fab_cntlids_create(7, 8, 0);
	uint16_t id;

	(void)state;
	assert_int_equal(take(ids), 7);
	assert_int_equal(take(ids), 8);
	assert_int_equal(fab_cntlids_take(ids, &id), -EBUSY);
	fab_cntlids_free(ids, 7);
	assert_int_equal(take(ids), 7);
	fab_cntlids_destroy(ids);
}

static void test_ranges_outside_the_specification_are_refused(void **state)
{
	(void)state;
	assert_null(fab_cntlids_create(0, 10, 1));
	assert_null(fab_cntlids_create(1, 0xfff0, 1));
	assert_null(fab_cntlids_create(9, 8, 9));
}

/* Against a model: when each ID was last freed; take must always give the one that is oldest. */
static void test_order_holds_over_a_long_random_run(void **state)
{
	enum { FIRST = 0x0001, LAST = 0xffef };
	struct fab_cntlids *ids = fab_cntlids_create(FIRST, LAST, 0xff00);
	uint32_t *freed_at = calloc(LAST + 1, sizeof(*freed_at)), clock = 0;
	uint16_t used[100];
	unsigned int nr_used = 0;

	(void)state;
	for (unsigned int i = 0; i < 300000; i++) {
		if (nr_used == 100 || (nr_used && i * 2654435761u % 7 < 3)) {
			unsigned int at = i * 40503u % nr_used;

			fab_cntlids_free(ids, used[at]);
			freed_at[used[at]] = ++clock;
			used[at] = used[--nr_used];
		} else {
			uint16_t id = take(ids);

			for (unsigned int j = 0; j < nr_used; j++)
				assert_int_not_equal(used[j], id);
			assert_true(id >= FIRST);
			assert_true(id <= LAST);
			/* At most 99 others are in use: whoever was freed later than 99 from now can't be the oldest. */
			if (freed_at[id])
				assert_true(clock - freed_at[id] >= LAST - FIRST - 100u);
			used[nr_used++] = id;
		}
	}
	assert_true(clock > 70000); /* it did go round */
	free(freed_at);
	fab_cntlids_destroy(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_go_round_from_the_cursor),
		cmocka_unit_test(test_an_id_waits_until_all_others_have_been_free_for_less_long),
		cmocka_unit_test(test_all_in_use_is_busy_until_one_comes_back),
		cmocka_unit_test(test_ranges_outside_the_specification_are_refused),
		cmocka_unit_test(test_order_holds_over_a_long_random_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
