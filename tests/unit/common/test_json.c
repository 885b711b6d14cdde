/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_json.c - JSON from outside: what is refused, and how the error names it. */
#include "common/json.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *parse_ok(const char *text)
{
	struct json_object *doc = NULL;
	struct cmn_err err = { 0 };

	if (cmn_json_parse(text, strlen(text), 0, 0, &doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

static void test_parse_refuses_what_is_not_json(void **state)
{
	static const char *const bad[] = {
		"",	      " ",	    "{",       "[1",	     "{\"a\":}",
		"{\"a\":1,}", "[1,]",	    "{'a':1}", "{a:1}",	     "{} x",
		"{}{}",	      "/* c */ {}", "{} // c", "\"a",	     "tru",
		"TRUE",	      "01",	    "+1",      "1 2",	     "{\"a\":\"\xff\"}",
		"\"\xc3\"",   "\"a\tb\"",   "NaN",     "[Infinity]", "-Infinity",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct json_object *doc = NULL;
		struct cmn_err err = { 0 };

		if (cmn_json_parse(bad[i], strlen(bad[i]), 0, 0, &doc, &err) != -EINVAL)
			fail_msg("took %s", bad[i]);
		assert_int_not_equal(strlen(err.msg), 0);
		assert_null(doc);
	}
}

static void test_parse_takes_json_of_every_type(void **state)
{
	static const char *const good[] = { "{}",
					    " [] ",
					    "1",
					    "\"x\"",
					    "true",
					    "null",
					    "-1",
					    "[\"NaN's \\\" I [[[[[[[[[[[[[[[[[[\"]",
					    "{\"a\":{\"b\":[1,2.5,\"\\u00e9\"]}}\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		json_object_put(parse_ok(good[i]));
}

static void test_parse_refuses_a_nul_in_the_middle(void **state)
{
	struct json_object *doc = NULL;
	struct cmn_err err;

	(void)state;
	assert_int_equal(cmn_json_parse("{}\0{}", 5, 0, 0, &doc, &err), -EINVAL);
}

static void test_parse_says_where_it_goes_wrong(void **state)
{
	struct cmn_err err = { 0 };
	struct json_object *doc = NULL;

	(void)state;
	assert_int_equal(cmn_json_parse("{\"a\":", 5, 0, 0, &doc, &err), -EINVAL);
	assert_string_equal(err.msg, "JSON ends too early, after 5 bytes");
	assert_int_equal(cmn_json_parse("{\"a\":x}", 7, 0, 0, &doc, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "at byte 5"));
	assert_null(doc);
}

static void test_parse_reads_no_byte_past_the_length(void **state)
{
	struct json_object *doc = NULL;
	char *text = malloc(2);

	(void)state;
	assert_non_null(text);
	memcpy(text, "12", 2);
	assert_int_equal(cmn_json_parse(text, 2, 0, 0, &doc, NULL), 0);
	assert_int_equal(json_object_get_int(doc), 12);
	json_object_put(doc);
	free(text);
}

static void nested(char *text, unsigned int depth)
{
	memset(text, '[', depth);
	text[depth] = '1';
	memset(text + depth + 1, ']', depth);
	text[2 * depth + 1] = '\0';
}

static void test_parse_limits_depth(void **state)
{
	struct json_object *doc = NULL;
	char text[300];
	struct cmn_err err;

	(void)state;
	nested(text, 8);
	assert_int_equal(cmn_json_parse(text, strlen(text), 8, 0, &doc, &err), 0);
	json_object_put(doc);
	nested(text, 9);
	assert_int_equal(cmn_json_parse(text, strlen(text), 8, 0, &doc, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "8 levels"));
	nested(text, 100);
	assert_int_equal(cmn_json_parse(text, strlen(text), 0, 0, &doc, &err), -E2BIG);
}

static void test_parse_limits_size(void **state)
{
	struct json_object *doc = NULL;
	struct cmn_err err;

	(void)state;
	assert_int_equal(cmn_json_parse("[1,2]", 5, 0, 4, &doc, &err), -E2BIG);
	assert_int_equal(cmn_json_parse("[1,2]", 5, 0, 5, &doc, &err), 0);
	json_object_put(doc);
}

static void test_getters_read_their_type(void **state)
{
	struct json_object *doc =
		parse_ok("{\"s\":\"x\",\"n\":18446744073709551614,\"b\":true,\"o\":{},\"a\":[]}");
	struct json_object *sub;
	const char *s = NULL;
	uint64_t n = 0;
	bool b = false;

	(void)state;
	assert_int_equal(cmn_json_str(doc, "s", &s, NULL), 0);
	assert_string_equal(s, "x");
	assert_int_equal(cmn_json_u64(doc, "n", &n, NULL), 0);
	assert_true(n == UINT64_MAX - 1);
	assert_int_equal(cmn_json_bool(doc, "b", &b, NULL), 0);
	assert_true(b);
	assert_int_equal(cmn_json_obj(doc, "o", &sub, NULL), 0);
	assert_non_null(sub);
	assert_int_equal(cmn_json_arr(doc, "a", &sub, NULL), 0);
	assert_non_null(sub);
	json_object_put(doc);
}

static void test_wrong_type_names_field_and_both_types(void **state)
{
	struct json_object *doc = parse_ok(
		"{\"n\":\"1\",\"f\":1.0,\"neg\":-1,\"big\":18446744073709551616,\"s\":7,\"b\":1}");
	struct cmn_err err;
	const char *s;
	uint64_t n;
	bool b;

	(void)state;
	assert_int_equal(cmn_json_u64(doc, "n", &n, &err), -EINVAL);
	assert_string_equal(err.field, "n");
	assert_string_equal(err.msg, "must be a whole number, not a string");
	assert_int_equal(cmn_json_u64(doc, "f", &n, &err), -EINVAL);
	assert_int_equal(cmn_json_u64(doc, "neg", &n, &err), -ERANGE);
	assert_int_equal(cmn_json_u64(doc, "big", &n, &err), -ERANGE);
	assert_int_equal(cmn_json_str(doc, "s", &s, &err), -EINVAL);
	assert_int_equal(cmn_json_bool(doc, "b", &b, &err), -EINVAL);
	json_object_put(doc);
}

static void test_missing_key_is_an_error_unless_optional(void **state)
{
	struct json_object *doc = parse_ok("{\"nil\":null}");
	struct cmn_err err;
	uint64_t n = 7;
	bool has = true;

	(void)state;
	assert_int_equal(cmn_json_u64(doc, "n", &n, &err), -EINVAL);
	assert_string_equal(err.field, "n");
	assert_string_equal(err.msg, "is missing");
	assert_int_equal(cmn_json_u64_opt(doc, "n", &n, &has, &err), 0);
	assert_false(has);
	assert_int_equal(n, 7);
	assert_int_equal(cmn_json_u64_opt(doc, "nil", &n, NULL, &err), 0);
	assert_int_equal(n, 7);
	assert_true(cmn_json_has(doc, "nil"));
	assert_false(cmn_json_has(doc, "n"));
	json_object_put(doc);
}

static void test_string_with_nul_is_refused(void **state)
{
	struct json_object *doc = parse_ok("{\"s\":\"a\\u0000b\"}");
	struct cmn_err err;
	const char *s;

	(void)state;
	assert_int_equal(cmn_json_str(doc, "s", &s, &err), -EINVAL);
	assert_string_equal(err.field, "s");
	json_object_put(doc);
}

static void test_getter_on_something_else_than_an_object_fails(void **state)
{
	struct json_object *doc = parse_ok("[1]");
	struct cmn_err err;
	uint64_t n;

	(void)state;
	assert_int_equal(cmn_json_u64(doc, "n", &n, &err), -EINVAL);
	assert_int_equal(cmn_json_u64(NULL, "n", &n, &err), -EINVAL);
	assert_int_equal(cmn_json_only(doc, (const char *const[]){ NULL }, &err), -EINVAL);
	json_object_put(doc);
}

static void test_only_names_the_unknown_key(void **state)
{
	static const char *const known[] = { "nqn", "serial", NULL };
	struct json_object *doc = parse_ok("{\"nqn\":1,\"seriel\":2}");
	struct cmn_err err;

	(void)state;
	assert_int_equal(cmn_json_only(doc, known, &err), -EINVAL);
	assert_string_equal(err.field, "seriel");
	json_object_object_del(doc, "seriel");
	assert_int_equal(cmn_json_only(doc, known, &err), 0);
	json_object_put(doc);
}

static void test_range_names_its_bounds(void **state)
{
	struct cmn_err err;

	(void)state;
	assert_int_equal(cmn_json_range("port", 1, 1, 65535, &err), 0);
	assert_int_equal(cmn_json_range("port", 65535, 1, 65535, &err), 0);
	assert_int_equal(cmn_json_range("port", 0, 1, 65535, &err), -ERANGE);
	assert_string_equal(err.msg, "must be 1 to 65535, not 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_refuses_what_is_not_json),
		cmocka_unit_test(test_parse_takes_json_of_every_type),
		cmocka_unit_test(test_parse_refuses_a_nul_in_the_middle),
		cmocka_unit_test(test_parse_says_where_it_goes_wrong),
		cmocka_unit_test(test_parse_reads_no_byte_past_the_length),
		cmocka_unit_test(test_parse_limits_depth),
		cmocka_unit_test(test_parse_limits_size),
		cmocka_unit_test(test_getters_read_their_type),
		cmocka_unit_test(test_wrong_type_names_field_and_both_types),
		cmocka_unit_test(test_missing_key_is_an_error_unless_optional),
		cmocka_unit_test(test_string_with_nul_is_refused),
		cmocka_unit_test(test_getter_on_something_else_than_an_object_fails),
		cmocka_unit_test(test_only_names_the_unknown_key),
		cmocka_unit_test(test_range_names_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
