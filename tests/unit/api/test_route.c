/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api/test_route.c - a request finds its row, or learns which methods the path has. */
#include "api/route.h"

#include <string.h>

#include "tests/unit/unit.h"

static void handle(struct api_req *req)
{
	(void)req;
}

static const struct api_route things[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/v1/things", "list", "limit cursor", handle },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, "/v1/things", "create", NULL, handle },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/v1/things/all", "all", NULL, handle },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/v1/things/{name}", "get", NULL, handle },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/v1/things/every", "every", NULL, handle },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, "/v1/things/{name}/parts/{nr}", "part",
	  "force", handle },
	{ 0 },
};
static const struct api_route *const table[] = { things, NULL };

static const char *find(enum api_method method, const char *target, unsigned int *ret_allow,
			const char *param)
{
	static char value[64];
	const struct api_route *row;
	struct api_params params;
	struct cmn_err err;
	struct api_uri uri;

	assert_int_equal(api_uri_parse(target, &uri, &err), 0);
	row = api_route_find(table, method, &uri, &params, ret_allow);
	if (row && param) {
		assert_non_null(api_params_get(&params, param));
		strcpy(value, api_params_get(&params, param));
	}
	api_uri_clear(&uri);
	return !row ? NULL : param ? value : row->operation_id;
}

static void test_rows_are_found_by_method_and_path(void **state)
{
	unsigned int allow;

	(void)state;
	assert_string_equal(find(API_GET, "/v1/things", &allow, NULL), "list");
	assert_string_equal(find(API_POST, "/v1/things?x=1", &allow, NULL), "create");
	assert_string_equal(find(API_GET, "/v1/things/a%3Ab", &allow, NULL), "get");
	assert_string_equal(find(API_GET, "/v1/things/a%3Ab", &allow, "name"), "a:b");
	assert_string_equal(find(API_GET, "/v1/things/all", &allow, NULL), "all");
	assert_string_equal(find(API_GET, "/v1/things/every", &allow, NULL), "every");
	assert_string_equal(find(API_DELETE, "/v1/things/a/parts/7", &allow, "nr"), "7");
}

static void test_unknown_paths_allow_nothing(void **state)
{
	static const char *const none[] = { "/",
					    "/v1",
					    "/v1/",
					    "/v1/thing",
					    "/v1/things/",
					    "/v1/things/a/parts",
					    "/v1/things/a/",
					    "/v2/things",
					    "/v1/things/a/parts/1/2" };
	unsigned int allow;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		assert_null(find(API_GET, none[i], &allow, NULL));
		assert_int_equal(allow, 0);
	}
}

static void test_other_methods_are_told_what_is_allowed(void **state)
{
	unsigned int allow;
	char text[64];

	(void)state;
	assert_null(find(API_PUT, "/v1/things", &allow, NULL));
	api_route_allow(allow, text, sizeof(text));
	assert_string_equal(text, "GET, HEAD, POST");
	assert_null(find(API_METHOD_COUNT, "/v1/things/a/parts/1", &allow, NULL));
	api_route_allow(allow, text, sizeof(text));
	assert_string_equal(text, "DELETE");
}

static const char *bad_query(const char *target)
{
	static char name[64];
	struct cmn_err err;
	struct api_uri uri;
	const char *bad;

	assert_int_equal(api_uri_parse(target, &uri, &err), 0);
	bad = api_route_bad_query(&things[0], &uri);
	if (bad)
		strcpy(name, bad);
	api_uri_clear(&uri);
	return bad ? name : NULL;
}

static void test_unknown_and_repeated_parameters_are_named(void **state)
{
	(void)state;
	assert_null(bad_query("/v1/things"));
	assert_null(bad_query("/v1/things?limit=1&cursor=x"));
	assert_string_equal(bad_query("/v1/things?limits=1"), "limits");
	assert_string_equal(bad_query("/v1/things?lim=1"), "lim");
	assert_string_equal(bad_query("/v1/things?limit=1&limit=2"), "limit");
}

static void test_methods_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < API_METHOD_COUNT; i++)
		assert_int_equal(api_method_parse(api_method_name((enum api_method)i)), i);
	assert_int_equal(api_method_parse("HEAD"), API_GET);
	assert_int_equal(api_method_parse("BREW"), API_METHOD_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_found_by_method_and_path),
		cmocka_unit_test(test_unknown_paths_allow_nothing),
		cmocka_unit_test(test_other_methods_are_told_what_is_allowed),
		cmocka_unit_test(test_unknown_and_repeated_parameters_are_named),
		cmocka_unit_test(test_methods_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
