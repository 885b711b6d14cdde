/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_latency.c - buckets that double, and what they tell; a tally of few keys. */
#include "tests/unit/unit.h"

#include "common/latency.h"
#include "common/tally.h"

static void test_a_bound_belongs_to_its_bucket(void **state)
{
	(void)state;
	assert_int_equal(cmn_latency_bucket(0), 0);
	assert_int_equal(cmn_latency_bucket(1), 0);
	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS - 1; i++) {
		assert_int_equal(cmn_latency_bucket(cmn_latency_bound(i)), i);
		assert_int_equal(cmn_latency_bucket(cmn_latency_bound(i) + 1), i + 1);
	}
	assert_int_equal(cmn_latency_bucket(UINT64_MAX), CMN_LATENCY_BUCKETS - 1);
}

static void test_quantiles_lie_within_their_bucket(void **state)
{
	struct cmn_latency l = { { 0 } }, twice = { { 0 } };

	(void)state;
	assert_int_equal(cmn_latency_quantile(&l, 0.99), 0);
	cmn_latency_add(&l, 1000, 98);
	cmn_latency_add(&l, 3000000, 1);
	cmn_latency_add(&l, UINT64_MAX, 1);
	assert_int_equal(cmn_latency_count(&l), 100);
	assert_in_range(cmn_latency_quantile(&l, 0.5), 1000, 1100); /* half of the way to 2048 */
	assert_in_range(cmn_latency_quantile(&l, 0.99), 1 << 21, 1 << 22);
	assert_int_equal(cmn_latency_quantile(&l, 1), cmn_latency_bound(CMN_LATENCY_BUCKETS - 2));
	cmn_latency_sum(&twice, &l);
	cmn_latency_sum(&twice, &l);
	assert_int_equal(cmn_latency_count(&twice), 200);
	assert_int_equal(twice.bucket[0], 2 * 98);
}

static void test_a_tally_keeps_the_first_keys_apart(void **state)
{
	uint64_t slots[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		cmn_tally_add(slots, 3, 0x281);
	cmn_tally_add(slots, 3, 2);
	cmn_tally_add(slots, 3, 7);
	cmn_tally_add(slots, 3, 9);
	cmn_tally_add(slots, 3, 0x281);
	assert_int_equal(cmn_tally_key(slots[0]), 0x281);
	assert_int_equal(cmn_tally_count(slots[0]), 4);
	assert_int_equal(cmn_tally_key(slots[1]), 2);
	assert_int_equal(cmn_tally_key(slots[2]), CMN_TALLY_OTHER);
	assert_int_equal(cmn_tally_count(slots[2]), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bound_belongs_to_its_bucket),
		cmocka_unit_test(test_quantiles_lie_within_their_bucket),
		cmocka_unit_test(test_a_tally_keeps_the_first_keys_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
