/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_tree.c - the persistent map. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/rows.h"

#define N 2000

static struct dsc_host *host(uint64_t id)
{
	struct dsc_host *h = dsc_row_new(DSC_ROW_HOST);

	h->id = id;
	return h;
}

static void put_new(struct dsc_tree **t, uint64_t id)
{
	struct dsc_host *h = host(id);

	dsc_tree_set(t, &dsc_host_ops, h);
	dsc_row_put(h);
}

static void test_tree_keeps_order_whatever_the_order_of_insertion(void **state)
{
	struct dsc_tree *t = NULL;
	struct dsc_host *h;
	uint64_t want = 1;

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		put_new(&t, (i * 7919) % N + 1);
	assert_int_equal(dsc_tree_count(t), N);
	dsc_tree_each(h, t, &dsc_host_ops)
	{
		assert_int_equal(h->id, want);
		want++;
	}
	assert_int_equal(want, N + 1);
	dsc_tree_put(t, &dsc_host_ops);
}

static void test_tree_replaces_the_same_key(void **state)
{
	struct dsc_tree *t = NULL;
	struct dsc_host *a = host(5), *b = host(5);
	uint64_t id = 5;

	(void)state;
	dsc_tree_set(&t, &dsc_host_ops, a);
	dsc_tree_set(&t, &dsc_host_ops, b);
	assert_int_equal(dsc_tree_count(t), 1);
	assert_ptr_equal(dsc_tree_find(t, &dsc_host_ops, &id), b);
	dsc_row_put(a);
	dsc_row_put(b);
	dsc_tree_put(t, &dsc_host_ops);
}

static void test_tree_old_root_does_not_see_changes(void **state)
{
	struct dsc_tree *t = NULL, *old;
	uint64_t id;

	(void)state;
	for (uint64_t i = 1; i <= 100; i++)
		put_new(&t, i);
	old = dsc_tree_get(t);
	for (id = 1; id <= 100; id += 2)
		assert_true(dsc_tree_del(&t, &dsc_host_ops, &id));
	put_new(&t, 1000);
	assert_int_equal(dsc_tree_count(t), 51);
	assert_int_equal(dsc_tree_count(old), 100);
	for (id = 1; id <= 100; id++) {
		assert_non_null(dsc_tree_find(old, &dsc_host_ops, &id));
		assert_int_equal(!!dsc_tree_find(t, &dsc_host_ops, &id), id % 2 == 0);
	}
	id = 1000;
	assert_null(dsc_tree_find(old, &dsc_host_ops, &id));
	assert_false(dsc_tree_del(&old, &dsc_host_ops, &id));
	dsc_tree_put(old, &dsc_host_ops);
	dsc_tree_put(t, &dsc_host_ops);
}

static void test_tree_next_finds_the_first_greater_key(void **state)
{
	struct dsc_tree *ids = NULL;
	uint64_t key = 20;

	(void)state;
	for (uint64_t i = 10; i <= 50; i += 10)
		dsc_tree_set(&ids, &dsc_ids_ops, dsc_id_value(i));
	assert_int_equal(dsc_id(dsc_tree_next(ids, &dsc_ids_ops, NULL)), 10);
	assert_int_equal(dsc_id(dsc_tree_next(ids, &dsc_ids_ops, &key)), 30);
	key = 25;
	assert_int_equal(dsc_id(dsc_tree_next(ids, &dsc_ids_ops, &key)), 30);
	key = 50;
	assert_null(dsc_tree_next(ids, &dsc_ids_ops, &key));
	dsc_tree_put(ids, &dsc_ids_ops);
}

/* Values are counted: the last root that holds one frees it (the leak checker of the sanitized build looks on). */
static void test_tree_drops_values_with_the_last_root(void **state)
{
	struct dsc_tree *t = NULL, *old;
	struct dsc_host *h = host(1);
	uint64_t id = 1;

	(void)state;
	dsc_tree_set(&t, &dsc_host_ops, h);
	old = dsc_tree_get(t);
	assert_true(dsc_tree_del(&t, &dsc_host_ops, &id));
	assert_null(t);
	assert_int_equal(h->row.refs, 2);
	dsc_tree_put(old, &dsc_host_ops);
	assert_int_equal(h->row.refs, 1);
	dsc_row_put(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_keeps_order_whatever_the_order_of_insertion),
		cmocka_unit_test(test_tree_replaces_the_same_key),
		cmocka_unit_test(test_tree_old_root_does_not_see_changes),
		cmocka_unit_test(test_tree_next_finds_the_first_greater_key),
		cmocka_unit_test(test_tree_drops_values_with_the_last_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
