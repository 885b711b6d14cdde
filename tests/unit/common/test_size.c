/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_size.c - sizes as people write them. */
#include "common/size.h"
#include "tests/unit/unit.h"

#include <errno.h>

static void test_parse_takes_the_usual_forms(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "512B", 512 },
		{ "1k", 1024 },
		{ "1KB", 1024 },
		{ "512M", 512ULL << 20 },
		{ "1GiB", 1ULL << 30 },
		{ "1 GiB", 1ULL << 30 },
		{ "1gib", 1ULL << 30 },
		{ "1.5T", 3ULL << 39 },
		{ "0.25K", 256 },
		{ "15E", 15ULL << 60 },
		{ "18446744073709551615", UINT64_MAX },
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (cmn_size_parse(rows[i].text, &bytes) < 0)
			fail_msg("refused %s", rows[i].text);
		assert_true(bytes == rows[i].bytes);
	}
}

static void test_parse_refuses_what_is_not_a_size(void **state)
{
	static const char *const bad[] = { "",	  " 1",	  "-1",	 "+1",	"x",
					   "1X",  "1.G",  ".5G", "1Gi", "1GiBs",
					   "1G ", "0x10", "1.1", "1e3", "1.0000000001G",
					   "1.3B" };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (cmn_size_parse(bad[i], &bytes) != -EINVAL)
			fail_msg("took %s", bad[i]);
	}
}

static void test_parse_says_when_it_is_too_large(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(cmn_size_parse("16E", &bytes), -ERANGE);
	assert_int_equal(cmn_size_parse("18446744073709551616", &bytes), -ERANGE);
	assert_int_equal(cmn_size_parse("99999999999999999999999", &bytes), -ERANGE);
}

static void test_format_uses_the_largest_unit(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0B" },
		{ 513, "513B" },
		{ 1024, "1KiB" },
		{ 1ULL << 30, "1GiB" },
		{ 3ULL << 29, "1.5GiB" },
		{ 1280, "1.25KiB" },
		{ (1ULL << 30) - 1, "1023.99MiB" },
		{ UINT64_MAX, "15.99EiB" },
	};
	char buf[CMN_SIZE_STR_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(cmn_size_format(rows[i].bytes, buf, sizeof(buf)), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_takes_the_usual_forms),
		cmocka_unit_test(test_parse_refuses_what_is_not_a_size),
		cmocka_unit_test(test_parse_says_when_it_is_too_large),
		cmocka_unit_test(test_format_uses_the_largest_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
