/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api/test_guard.c - requests that a foreign page made a browser send are refused, ours are not. */
#include "api/guard.h"

#include <string.h>

#include "common/container.h"
#include "tests/unit/unit.h"

static const char *const names[] = { "storage.lab", NULL };

static void test_host_must_be_this_machine(void **state)
{
	static const char *const good[] = { "localhost",      "LOCALHOST:8080", "127.0.0.1",
					    "127.0.0.1:8080", "127.8.8.8",	"[::1]:8080",
					    "[::1]",	      "storage.lab",	"Storage.Lab:80" };
	static const char *const bad[] = { "",
					   "evil.example",
					   "localhost.evil.example",
					   "127.0.0.1.nip.io",
					   "10.0.0.1",
					   "[::2]",
					   "::1",
					   "[::1",
					   "localhost:80x",
					   "localhost:80:90",
					   "0.0.0.0",
					   "[::1]x",
					   ":8080",
					   "storage.lab.",
					   "1270.0.0.1",
					   "localhost@evil" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(api_guard_host_ok(good[i], names, false));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(api_guard_host_ok(bad[i], names, false));
	assert_false(api_guard_host_ok("storage.lab", NULL, false));
}

static void test_origin_must_be_the_host_that_was_asked(void **state)
{
	static const char host[] = "localhost:8080";
	static const char *const bad[] = { "null",
					   "http://localhost",
					   "http://localhost:3000",
					   "http://evil.example:8080",
					   "localhost:8080",
					   "file://",
					   "http://",
					   "http://localhost:8080.evil.example" };

	(void)state;
	assert_true(api_guard_origin_ok("http://localhost:8080", host));
	assert_true(api_guard_origin_ok("HTTP://LocalHost:8080", host));
	assert_true(api_guard_origin_ok("http://[::1]:8080", "[::1]:8080"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(api_guard_origin_ok(bad[i], host));
}

static enum api_problem check(const char *host, const char *origin, const char *site)
{
	struct api_guard_headers headers = { .host = host,
					     .origin = origin,
					     .sec_fetch_site = site };
	struct cmn_err err = { 0 };
	enum api_problem problem = api_guard_check(&headers, names, &err);

	assert_int_equal(problem != API_PROBLEM_NONE, cmn_err_is(&err));
	return problem;
}

static void test_what_each_refusal_is(void **state)
{
	(void)state;
	assert_int_equal(check("localhost", NULL, NULL), API_PROBLEM_NONE);
	assert_int_equal(check("localhost", NULL, "none"), API_PROBLEM_NONE);
	assert_int_equal(check("localhost", "http://localhost", "same-origin"), API_PROBLEM_NONE);
	assert_int_equal(check(NULL, NULL, NULL), API_PROBLEM_MISDIRECTED);
	assert_int_equal(check("rebound.example", NULL, "same-origin"), API_PROBLEM_MISDIRECTED);
	assert_int_equal(check("localhost", "http://evil.example", NULL), API_PROBLEM_FORBIDDEN);
	assert_int_equal(check("localhost", NULL, "cross-site"), API_PROBLEM_FORBIDDEN);
	assert_int_equal(check("localhost", NULL, "same-site"), API_PROBLEM_FORBIDDEN);
}

static enum api_problem type(enum api_body body, const char *content_type)
{
	struct cmn_err err = { 0 };

	return api_guard_check_type(body, content_type, &err);
}

static void test_types_that_a_form_can_send_are_refused(void **state)
{
	(void)state;
	assert_int_equal(type(API_BODY_JSON, "application/json"), API_PROBLEM_NONE);
	assert_int_equal(type(API_BODY_JSON, "Application/JSON; charset=utf-8"), API_PROBLEM_NONE);
	assert_int_equal(type(API_BODY_JSON, "application/jsonp"), API_PROBLEM_MEDIA_TYPE);
	assert_int_equal(type(API_BODY_JSON, "text/plain"), API_PROBLEM_MEDIA_TYPE);
	assert_int_equal(type(API_BODY_JSON, NULL), API_PROBLEM_MEDIA_TYPE);
	assert_int_equal(type(API_BODY_JSON, "text/plain; application/json"),
			 API_PROBLEM_MEDIA_TYPE);
	assert_int_equal(type(API_BODY_JSON, "application/merge-patch+json"),
			 API_PROBLEM_MEDIA_TYPE);
	assert_int_equal(type(API_BODY_MERGE, "application/merge-patch+json"), API_PROBLEM_NONE);
	assert_int_equal(type(API_BODY_MERGE, "application/json"), API_PROBLEM_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_must_be_this_machine),
		cmocka_unit_test(test_origin_must_be_the_host_that_was_asked),
		cmocka_unit_test(test_what_each_refusal_is),
		cmocka_unit_test(test_types_that_a_form_can_send_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
