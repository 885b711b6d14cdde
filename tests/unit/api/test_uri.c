/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api/test_uri.c - request targets are cut before they are decoded, and hostile ones refused. */
#include "api/uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct api_uri parse(const char *target)
{
	struct cmn_err err = { 0 };
	struct api_uri uri;

	assert_int_equal(api_uri_parse(target, &uri, &err), 0);
	return uri;
}

static int parse_fails(const char *target)
{
	struct cmn_err err = { 0 };
	struct api_uri uri;
	int ret = api_uri_parse(target, &uri, &err);

	assert_int_equal(err.code, ret);
	api_uri_clear(&uri);
	return ret;
}

static void test_nqn_with_colons_encoded_or_not_is_the_same(void **state)
{
	struct api_uri plain = parse("/api/v1/subsystems/nqn.2026-11.example:vol1");
	struct api_uri encoded = parse("/api/v1/subsystems/nqn.2026-11.example%3avol1");

	(void)state;
	assert_int_equal(plain.nr_segments, 4);
	assert_string_equal(plain.segments[3], "nqn.2026-11.example:vol1");
	assert_string_equal(encoded.segments[3], plain.segments[3]);
	api_uri_clear(&plain);
	api_uri_clear(&encoded);
}

static void test_encoded_slash_stays_inside_its_segment(void **state)
{
	struct api_uri uri = parse("/a/b%2Fc/d");

	(void)state;
	assert_int_equal(uri.nr_segments, 3);
	assert_string_equal(uri.segments[1], "b/c");
	api_uri_clear(&uri);
}

static void test_plus_is_a_space_in_the_query_only(void **state)
{
	struct api_uri uri = parse("/a+b?x=1+2&y=%2B&z&=&host_nqn=nqn.a:b");

	(void)state;
	assert_string_equal(uri.segments[0], "a+b");
	assert_string_equal(api_uri_query(&uri, "x"), "1 2");
	assert_string_equal(api_uri_query(&uri, "y"), "+");
	assert_string_equal(api_uri_query(&uri, "z"), "");
	assert_string_equal(api_uri_query(&uri, "host_nqn"), "nqn.a:b");
	assert_null(api_uri_query(&uri, "absent"));
	api_uri_clear(&uri);
}

static void test_bad_sequences_are_refused(void **state)
{
	static const char *const bad[] = { "/%",      "/%4", "/%zz", "/a%00b", "/?x=%",
					   "/?%g0=1", "",    "x",    "*",      "http://h/" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse_fails(bad[i]), -EINVAL);
}

static void test_too_many_parts_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parse_fails("/1/2/3/4/5/6/7/8/9/10/11"), -E2BIG);
	assert_int_equal(
		parse_fails("/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q"),
		-E2BIG);
}

static void test_root_is_one_empty_segment(void **state)
{
	struct api_uri uri = parse("/");

	(void)state;
	assert_int_equal(uri.nr_segments, 1);
	assert_string_equal(uri.segments[0], "");
	api_uri_clear(&uri);
}

static void test_encode_is_undone_by_decode(void **state)
{
	static const char text[] = "nqn.2026-11.example:a/b c%d?\xc3\xa9";
	char buf[128] = "";
	size_t len = api_uri_encode(text, buf, sizeof(buf));

	(void)state;
	assert_int_equal(len, strlen(buf));
	assert_string_equal(buf, "nqn.2026-11.example:a%2Fb%20c%25d%3F%C3%A9");
	assert_int_equal(api_uri_decode(buf, false), 0);
	assert_string_equal(buf, text);
	assert_int_equal(api_uri_encode("abcdef", buf, 4), 6);
	assert_string_equal(buf, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nqn_with_colons_encoded_or_not_is_the_same),
		cmocka_unit_test(test_encoded_slash_stays_inside_its_segment),
		cmocka_unit_test(test_plus_is_a_space_in_the_query_only),
		cmocka_unit_test(test_bad_sequences_are_refused),
		cmocka_unit_test(test_too_many_parts_are_refused),
		cmocka_unit_test(test_root_is_one_empty_segment),
		cmocka_unit_test(test_encode_is_undone_by_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
