/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_err.c - errors keep their cause, their field and their end. */
#include "common/err.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static void test_set_fills_and_returns_the_code(void **state)
{
	struct cmn_err err = { 0 };

	(void)state;
	assert_false(cmn_err_is(&err));
	assert_int_equal(cmn_err_set(&err, -EINVAL, "size", "must be %d", 3), -EINVAL);
	assert_true(cmn_err_is(&err));
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.field, "size");
	assert_string_equal(err.msg, "must be 3");
	cmn_err_clear(&err);
	assert_false(cmn_err_is(&err));
}

static void test_null_err_still_returns_the_code(void **state)
{
	(void)state;
	assert_int_equal(cmn_err_set(NULL, -EIO, NULL, "x"), -EIO);
	assert_int_equal(cmn_err_errno(NULL, -EIO, NULL, "x"), -EIO);
}

static void test_errno_adds_the_systems_words(void **state)
{
	struct cmn_err err;

	(void)state;
	cmn_err_errno(&err, -ENOENT, NULL, "open %s", "/x");
	assert_string_equal(err.msg, "open /x: No such file or directory");
	assert_string_equal(err.field, "");
}

static void test_long_message_is_cut_with_dots(void **state)
{
	char text[1000];
	struct cmn_err err;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cmn_err_set(&err, -EIO, text, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_string_equal(err.msg + sizeof(err.msg) - 4, "...");
	assert_string_equal(err.field + sizeof(err.field) - 4, "...");
	cmn_err_errno(&err, -EIO, NULL, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void test_errno_fits_whatever_the_length_of_the_message(void **state)
{
	struct cmn_err err;

	(void)state;
	for (int n = 200; n < 300; n++) {
		cmn_err_errno(&err, -EIO, NULL, "%*s", n, "x");
		assert_true(strlen(err.msg) < sizeof(err.msg));
		if (n > 240)
			assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
	}
}

static void test_set_may_read_from_the_error_it_fills(void **state)
{
	struct cmn_err err;

	(void)state;
	cmn_err_set(&err, -EIO, "f", "cause");
	cmn_err_set(&err, -EIO, err.field, "while opening: %s", err.msg);
	assert_string_equal(err.msg, "while opening: cause");
	assert_string_equal(err.field, "f");
}

static void test_prefix_builds_a_path(void **state)
{
	struct cmn_err err;

	(void)state;
	cmn_err_set(&err, -EIO, "nsid", "x");
	cmn_err_prefix(&err, "namespaces[2]");
	assert_string_equal(err.field, "namespaces[2].nsid");
	cmn_err_set(&err, -EIO, "[3]", "x");
	cmn_err_prefix(&err, "hosts");
	assert_string_equal(err.field, "hosts[3]");
	cmn_err_set(&err, -EIO, NULL, "x");
	cmn_err_prefix(&err, "hosts");
	assert_string_equal(err.field, "hosts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_fills_and_returns_the_code),
		cmocka_unit_test(test_null_err_still_returns_the_code),
		cmocka_unit_test(test_errno_adds_the_systems_words),
		cmocka_unit_test(test_long_message_is_cut_with_dots),
		cmocka_unit_test(test_errno_fits_whatever_the_length_of_the_message),
		cmocka_unit_test(test_set_may_read_from_the_error_it_fills),
		cmocka_unit_test(test_prefix_builds_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
