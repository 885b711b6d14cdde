/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_histogram.c - every value has its bucket, and quantiles are near the truth. */
#include <stdlib.h>
#include <string.h>

#include "common/histogram.h"
#include "tests/unit/unit.h"

static struct cmn_histogram h;

static int setup(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	return 0;
}

static void test_buckets_follow_one_another_without_gap(void **state)
{
	(void)state;
	for (unsigned int i = 0; i + 1 < CMN_HISTOGRAM_BUCKETS; i++) {
		uint64_t upper = cmn_histogram_upper(i);

		assert_int_equal(cmn_histogram_bucket(upper), i);
		assert_int_equal(cmn_histogram_bucket(upper + 1), i + 1);
	}
	assert_int_equal(cmn_histogram_bucket(UINT64_MAX), CMN_HISTOGRAM_BUCKETS - 1);
	assert_true(cmn_histogram_upper(CMN_HISTOGRAM_BUCKETS - 1) == UINT64_MAX);
}

static void test_a_bucket_is_at_most_a_64th_wide(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < CMN_HISTOGRAM_BUCKETS; i++) {
		uint64_t lower = cmn_histogram_upper(i - 1) + 1;

		assert_true(cmn_histogram_upper(i) - lower <= lower / 64);
	}
}

static void test_quantiles_of_1_to_100000(void **state)
{
	static const double shares[] = { 0.001, 0.1, 0.5, 0.9, 0.99, 0.999 };

	(void)state;
	for (uint64_t v = 1; v <= 100000; v++)
		cmn_histogram_add(&h, v);
	assert_int_equal(h.count, 100000);
	assert_int_equal(h.min, 1);
	assert_int_equal(h.max, 100000);
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		double truth = shares[i] * 100000,
		       told = (double)cmn_histogram_quantile(&h, shares[i]);

		assert_true(told >= truth && told <= truth * 65 / 64 + 1);
	}
	assert_int_equal(cmn_histogram_quantile(&h, 1), 100000);
	assert_true(cmn_histogram_mean(&h) == 50000.5);
	assert_true(cmn_histogram_share(&h, 50000) >= 0.5 && cmn_histogram_share(&h, 50000) < 0.51);
}

static void test_nothing_and_one_value(void **state)
{
	(void)state;
	assert_int_equal(cmn_histogram_quantile(&h, 0.5), 0);
	assert_true(cmn_histogram_mean(&h) == 0);
	cmn_histogram_add(&h, 123456789);
	assert_int_equal(cmn_histogram_quantile(&h, 0), 123456789);
	assert_int_equal(cmn_histogram_quantile(&h, 0.5), 123456789);
	assert_int_equal(h.min, 123456789);
}

static void test_a_rare_large_value_is_seen_by_the_last_quantile_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 999; i++)
		cmn_histogram_add(&h, 10);
	cmn_histogram_add(&h, 1000000);
	assert_int_equal(cmn_histogram_quantile(&h, 0.999), 10);
	assert_int_equal(cmn_histogram_quantile(&h, 0.9999), 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_buckets_follow_one_another_without_gap, setup),
		cmocka_unit_test_setup(test_a_bucket_is_at_most_a_64th_wide, setup),
		cmocka_unit_test_setup(test_quantiles_of_1_to_100000, setup),
		cmocka_unit_test_setup(test_nothing_and_one_value, setup),
		cmocka_unit_test_setup(test_a_rare_large_value_is_seen_by_the_last_quantile_alone,
				       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
