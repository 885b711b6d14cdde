/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api/test_problem.c - an error becomes the right status and a document that names the field. */
#include "api/problem.h"

#include <errno.h>
#include <string.h>

#include "common/container.h"
#include "tests/unit/unit.h"

static const char *member(struct json_object *json, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(json, name, &value) ? json_object_get_string(value) : NULL;
}

static struct json_object *first_error(struct json_object *json)
{
	struct json_object *errors = NULL;

	assert_true(json_object_object_get_ex(json, "errors", &errors));
	return json_object_array_get_idx(errors, 0);
}

static void test_errno_decides_the_status(void **state)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ -EINVAL, 422 }, { -ERANGE, 422 },  { -ENOENT, 404 }, { -EEXIST, 409 },
		{ -EBUSY, 409 },  { -ESTALE, 412 },  { -ENOSPC, 507 }, { -EIO, 500 },
		{ -E2BIG, 413 },  { -EBADMSG, 400 }, { -ENXIO, 500 },  { -ESHUTDOWN, 503 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cmn_err err = { .code = rows[i].code };

		assert_int_equal(api_problem_status(api_problem_of(&err)), rows[i].status);
	}
}

static void test_every_kind_has_a_status_and_a_name(void **state)
{
	struct cmn_err err = { .code = -EINVAL };

	(void)state;
	for (int i = API_PROBLEM_NONE + 1; i < API_PROBLEM_COUNT; i++) {
		struct json_object *json = api_problem_json((enum api_problem)i, &err, NULL);

		assert_true(api_problem_status((enum api_problem)i) >= 400);
		assert_int_equal(strncmp(member(json, "type"), "urn:pharos:problem:", 19), 0);
		assert_true(strlen(member(json, "type")) > 19);
		assert_true(strlen(member(json, "detail")) > 0);
		json_object_put(json);
	}
}

static void test_field_comes_with_what_was_given_and_what_would_do(void **state)
{
	struct json_object *doc = json_tokener_parse(
		"{\"namespaces\":[{\"size\":1},{\"size\":\"x\",\"backend\":\"tape\"}]}");
	struct api_problem_about about = { .doc = doc };
	struct json_object *json;
	struct cmn_err err;

	(void)state;
	cmn_err_set(&err, -EINVAL, "namespaces[1].backend", "no such backend");
	json = api_problem_json(API_PROBLEM_INVALID, &err, &about);
	assert_string_equal(member(first_error(json), "field"), "namespaces[1].backend");
	assert_string_equal(member(first_error(json), "value"), "tape");
	assert_string_equal(member(first_error(json), "reason"), "no such backend");
	assert_string_equal(member(first_error(json), "valid"), "ram, file, null");
	assert_string_equal(member(json, "detail"), "no such backend");
	assert_string_equal(member(json, "status"), "422");
	json_object_put(json);
	json_object_put(doc);
}

static void test_all_faults_are_told(void **state)
{
	struct cmn_err errs[2];
	struct api_problem_about about = { .more = &errs[1], .nr_more = 1 };
	struct json_object *json, *list, *second;

	(void)state;
	cmn_err_set(&errs[0], -EINVAL, "nqn", "is missing");
	cmn_err_set(&errs[1], -EINVAL, "size", "won't do");
	cmn_err_valid(&errs[1], "%d to %d", 1, 2);
	json = api_problem_json(API_PROBLEM_INVALID, errs, &about);
	assert_true(json_object_object_get_ex(json, "errors", &list));
	assert_int_equal(json_object_array_length(list), 2);
	second = json_object_array_get_idx(list, 1);
	assert_string_equal(member(second, "field"), "size");
	assert_string_equal(member(second, "valid"), "1 to 2");
	json_object_put(json);
}

static void test_paths_that_lead_nowhere_give_no_value(void **state)
{
	static const char *const paths[] = {
		"a[9]", "a[", "a.b", "[0]", "..", "b", "a[0][0]", "c"
	};
	struct json_object *doc = json_tokener_parse("{\"a\":[[]],\"c\":{\"d\":1}}");
	struct api_problem_about about = { .doc = doc };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct json_object *json;
		struct cmn_err err;

		cmn_err_set(&err, -EINVAL, paths[i], "x");
		json = api_problem_json(API_PROBLEM_INVALID, &err, &about);
		assert_null(member(first_error(json), "value"));
		json_object_put(json);
	}
	json_object_put(doc);
}

static void test_what_is_said_of_a_field_begins_with_it(void **state)
{
	struct json_object *json;
	struct cmn_err err;

	(void)state;
	cmn_err_set(&err, -EINVAL, "nqn", "is missing");
	json = api_problem_json(API_PROBLEM_INVALID, &err, NULL);
	assert_string_equal(member(json, "detail"), "nqn is missing");
	json_object_put(json);
	cmn_err_set(&err, -EINVAL, "size", "the size must be more");
	json = api_problem_json(API_PROBLEM_INVALID, &err, NULL);
	assert_string_equal(member(json, "detail"), "the size must be more");
	json_object_put(json);
}

static void test_users_are_named(void **state)
{
	static const char *const users[] = { "nqn.a:1", "nqn.a:2", NULL };
	struct api_problem_about about = { .users = users };
	struct cmn_err err = { .code = -EBUSY };
	struct json_object *json, *list;

	(void)state;
	json = api_problem_json(api_problem_of(&err), &err, &about);
	assert_true(json_object_object_get_ex(json, "users", &list));
	assert_int_equal(json_object_array_length(list), 2);
	json_object_put(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errno_decides_the_status),
		cmocka_unit_test(test_every_kind_has_a_status_and_a_name),
		cmocka_unit_test(test_field_comes_with_what_was_given_and_what_would_do),
		cmocka_unit_test(test_all_faults_are_told),
		cmocka_unit_test(test_paths_that_lead_nowhere_give_no_value),
		cmocka_unit_test(test_what_is_said_of_a_field_begins_with_it),
		cmocka_unit_test(test_users_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
