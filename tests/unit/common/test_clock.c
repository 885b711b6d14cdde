/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_clock.c - times as people write them. */
#include "common/clock.h"

#include <errno.h>

#include "common/container.h"
#include "tests/unit/unit.h"

static void test_a_time_goes_round(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 951782400123, "2000-02-29T00:00:00.123Z" },
		{ 1796126399999, "2026-12-01T11:59:59.999Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CMN_TIME_LEN];
		uint64_t ms = 1;

		assert_string_equal(cmn_time_format(rows[i].ms, text), rows[i].text);
		assert_int_equal(cmn_time_parse(text, &ms), 0);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void test_the_fraction_may_be_short_or_absent(void **state)
{
	uint64_t ms = 0;

	(void)state;
	assert_int_equal(cmn_time_parse("1970-01-01T00:00:01Z", &ms), 0);
	assert_int_equal(ms, 1000);
	assert_int_equal(cmn_time_parse("1970-01-01T00:00:01.5Z", &ms), 0);
	assert_int_equal(ms, 1500);
	assert_int_equal(cmn_time_parse("1970-01-01T00:00:01.123456789Z", &ms), 0);
	assert_int_equal(ms, 1123);
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = { "",
					    "yesterday",
					    "2026-01-01",
					    "2026-01-01T00:00:00",
					    "2026-01-01T00:00:00+01:00",
					    "2026-13-01T00:00:00Z",
					    "1969-12-31T23:59:59Z",
					    "2026-01-01T00:00:00Zx" };
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(cmn_time_parse(rows[i], &ms), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_time_goes_round),
		cmocka_unit_test(test_the_fraction_may_be_short_or_absent),
		cmocka_unit_test(test_what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
