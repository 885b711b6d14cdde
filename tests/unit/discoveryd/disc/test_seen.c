/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/disc/test_seen.c - which hosts are connected, and which strangers are remembered. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "discoveryd/disc/seen.h"

#define HOST "nqn.2026-11.example:host"

static const struct dsc_seen *find(struct dsc_seen_hosts *hosts, const char *nqn)
{
	struct dsc_tree *tree = dsc_seen_get(hosts);
	const struct dsc_seen *row = dsc_tree_find(tree, &dsc_seen_ops, nqn);

	dsc_tree_put(tree, &dsc_seen_ops); /* the other reference keeps it */
	return row;
}

static void test_host_is_there_until_its_last_controller_goes(void **state)
{
	struct dsc_seen_hosts *hosts = dsc_seen_create();

	(void)state;
	assert_true(dsc_seen_enter(hosts, HOST, "192.0.2.1"));
	assert_false(dsc_seen_enter(hosts, HOST, "192.0.2.2"));
	assert_int_equal(find(hosts, HOST)->nr, 2);
	assert_string_equal(find(hosts, HOST)->address, "192.0.2.2");
	dsc_seen_leave(hosts, HOST, false);
	assert_int_equal(find(hosts, HOST)->nr, 1);
	dsc_seen_leave(hosts, HOST, false);
	assert_null(find(hosts, HOST));
	dsc_seen_destroy(hosts);
	dsc_seen_destroy(NULL);
}

static void test_stranger_is_remembered_and_known_again(void **state)
{
	struct dsc_seen_hosts *hosts = dsc_seen_create();
	uint64_t first;

	(void)state;
	assert_true(dsc_seen_enter(hosts, HOST, "192.0.2.1"));
	first = find(hosts, HOST)->first_ms;
	dsc_seen_leave(hosts, HOST, true);
	assert_int_equal(find(hosts, HOST)->nr, 0);
	assert_false(dsc_seen_enter(hosts, HOST, "192.0.2.1"));
	assert_int_equal(find(hosts, HOST)->first_ms, first);
	dsc_seen_leave(hosts, HOST, false); /* admitted meanwhile */
	assert_null(find(hosts, HOST));
	dsc_seen_destroy(hosts);
}

static void test_only_so_many_strangers_are_remembered(void **state)
{
	struct dsc_seen_hosts *hosts = dsc_seen_create();
	struct dsc_tree *tree;
	char nqn[64];

	(void)state;
	dsc_seen_enter(hosts, HOST, "192.0.2.1"); /* stays: it is connected */
	for (int i = 0; i < 3 * DSC_STRANGERS_MAX; i++) {
		snprintf(nqn, sizeof(nqn), "nqn.2026-11.example:%06d", i);
		assert_true(dsc_seen_enter(hosts, nqn, "192.0.2.9"));
		dsc_seen_leave(hosts, nqn, true);
	}
	tree = dsc_seen_get(hosts);
	assert_int_equal(dsc_tree_count(tree), DSC_STRANGERS_MAX + 1);
	assert_non_null(dsc_tree_find(tree, &dsc_seen_ops, HOST));
	assert_non_null(dsc_tree_find(tree, &dsc_seen_ops, nqn));
	assert_null(dsc_tree_find(tree, &dsc_seen_ops, "nqn.2026-11.example:000000"));
	dsc_tree_put(tree, &dsc_seen_ops);
	dsc_seen_destroy(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_is_there_until_its_last_controller_goes),
		cmocka_unit_test(test_stranger_is_remembered_and_known_again),
		cmocka_unit_test(test_only_so_many_strangers_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
