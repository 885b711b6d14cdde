/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api/test_contract.c - api/openapi.yaml and the rows of the route table say the same: each operation has its row, each
 * row its operation, with the same method and path, and a body exactly where the contract has one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/route.h"
#include "tests/unit/unit.h"

#define OPERATIONS_MAX 200

struct operation {
	char path[128], method[16], id[64];
	bool body, merge;
};

static struct operation operations[OPERATIONS_MAX];
static unsigned int nr_operations;

/* The contract stands in fixed columns: path at 2, method at 4, operationId at 6; requestBody likewise. */
static void read_line(const char *line, struct operation *at)
{
	char word[128];
	int end = 0;

	if (sscanf(line, "  /%127[^:]:%n", word, &end) == 1 && end && line[2] == '/') {
		snprintf(at->path, sizeof(at->path), "/%.126s", word);
	} else if (strncmp(line, "    ", 4) == 0 && line[4] != ' ' &&
		   sscanf(line, " %15[a-z]:", word) == 1) {
		snprintf(at->method, sizeof(at->method), "%.15s", word);
	} else if (sscanf(line, "      operationId: %63s", word) == 1) {
		snprintf(at->id, sizeof(at->id), "%.63s", word);
		assert_true(nr_operations < OPERATIONS_MAX);
		operations[nr_operations++] = *at;
	} else if (strncmp(line, "      requestBody:", 18) == 0) {
		operations[nr_operations - 1].body = true;
	} else if (strstr(line, "application/merge-patch+json:")) {
		operations[nr_operations - 1].merge = true;
	}
}

static int read_contract(void **state)
{
	const char *top = getenv("PHAROS_SRCDIR");
	char path[1024], line[512];
	struct operation at = { .path = "" };
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/api/openapi.yaml", top ? top : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: can't be read (PHAROS_SRCDIR says where the sources are)", path);
	while (fgets(line, sizeof(line), file) && strcmp(line, "components:\n") != 0)
		read_line(line, &at);
	fclose(file);
	return 0;
}

static const struct api_route *row_of(const char *operation_id)
{
	const struct api_route *found = NULL;

	for (const struct api_route *const *list = api_route_table; *list; list++) {
		for (const struct api_route *row = *list; row->path; row++) {
			if (strcmp(row->operation_id, operation_id) == 0) {
				assert_null(found);
				found = row;
			}
		}
	}
	return found;
}

static void test_every_operation_has_its_row(void **state)
{
	(void)state;
	assert_true(nr_operations > 30);
	for (unsigned int i = 0; i < nr_operations; i++) {
		const struct operation *operation = &operations[i];
		const struct api_route *row = row_of(operation->id);
		enum api_body body = !operation->body	? API_BODY_NONE
				     : operation->merge ? API_BODY_MERGE
							: API_BODY_JSON;

		if (!row)
			fail_msg("%s has no row in the route table", operation->id);
		assert_string_equal(row->path, operation->path);
		assert_int_equal(strcasecmp(api_method_name(row->method), operation->method), 0);
		assert_int_equal(row->body, body);
		assert_non_null(row->handle);
	}
}

static void test_every_row_has_its_operation(void **state)
{
	(void)state;
	for (const struct api_route *const *list = api_route_table; *list; list++) {
		for (const struct api_route *row = *list; row->path; row++) {
			unsigned int i = 0;

			while (i < nr_operations &&
			       strcmp(operations[i].id, row->operation_id) != 0)
				i++;
			if (i == nr_operations)
				fail_msg("%s %s (%s) is not in the contract",
					 api_method_name(row->method), row->path,
					 row->operation_id);
		}
	}
}

/* Who else may use the API is for admins only, and copies of all there is. */
static bool is_of_admins(const struct api_route *row)
{
	return strncmp(row->path, "/api/v1/users", 13) == 0 ||
	       strncmp(row->path, "/api/v1/tokens", 14) == 0 ||
	       strncmp(row->path, "/api/v1/backups", 15) == 0;
}

static void test_only_changes_need_more_than_reading(void **state)
{
	(void)state;
	for (const struct api_route *const *list = api_route_table; *list; list++) {
		for (const struct api_route *row = *list; row->path; row++) {
			if (is_of_admins(row))
				assert_int_equal(row->role, API_ROLE_ADMIN);
			else
				assert_int_equal(row->role == API_ROLE_READ,
						 row->method == API_GET);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_operation_has_its_row),
		cmocka_unit_test(test_every_row_has_its_operation),
		cmocka_unit_test(test_only_changes_need_more_than_reading),
	};

	return cmocka_run_group_tests(tests, read_contract, NULL);
}
