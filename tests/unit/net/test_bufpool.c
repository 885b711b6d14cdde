/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_bufpool.c - size classes, the limit, what is kept. */
#include <stdint.h>
#include <string.h>

#include "net/bufpool.h"
#include "tests/unit/unit.h"

static void test_buffers_are_page_aligned_and_hold_what_was_asked(void **state)
{
	static const size_t lens[] = { 1, 512, 4096, 4097, 65536, 131072, 1 << 20, (1 << 20) + 1 };
	struct net_bufpool *pool = net_bufpool_create(64 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		void *b = net_bufpool_get(pool, lens[i]);

		assert_non_null(b);
		assert_int_equal((uintptr_t)b % 4096, 0);
		memset(b, 0xff, lens[i]); /* ASan tells if it is short */
		net_bufpool_put(pool, b, lens[i]);
	}
	assert_int_equal(net_bufpool_used(pool), 0);
	net_bufpool_destroy(pool);
}

static void test_a_buffer_put_back_is_the_next_one_of_its_class(void **state)
{
	struct net_bufpool *pool = net_bufpool_create(1 << 20);
	void *a = net_bufpool_get(pool, 5000), *b;

	(void)state;
	net_bufpool_put(pool, a, 5000);
	b = net_bufpool_get(pool, 8192);
	assert_ptr_equal(a, b);
	net_bufpool_put(pool, b, 8192);
	net_bufpool_destroy(pool);
}

#define SLAB ((size_t)2 << 20)

static void test_the_limit_holds(void **state)
{
	struct net_bufpool *pool = net_bufpool_create(64 << 10);
	void *small[16], *big;

	(void)state;
	for (int i = 0; i < 16; i++) {
		small[i] = net_bufpool_get(pool, 4096);
		assert_non_null(small[i]);
	}
	assert_null(net_bufpool_get(pool, 1));
	for (int i = 0; i < 16; i++)
		net_bufpool_put(pool, small[i], 4096);
	assert_int_equal(net_bufpool_used(pool), 0);
	big = net_bufpool_get(pool, 64 << 10);
	assert_non_null(big);
	assert_null(net_bufpool_get(pool, 1));
	net_bufpool_put(pool, big, 64 << 10);
	assert_null(net_bufpool_get(pool, (64 << 10) + 1));
	net_bufpool_destroy(pool);
}

static void test_a_buffer_lies_in_one_piece_of_2_mib(void **state)
{
	struct net_bufpool *pool = net_bufpool_create(64 << 20);
	uintptr_t first = 0;

	(void)state;
	for (int i = 0; i < 16; i++) {
		uintptr_t b = (uintptr_t)net_bufpool_get(pool, 131072);

		if (!i)
			first = b;
		assert_int_equal(b / SLAB, first / SLAB);
	}
	assert_int_equal(net_bufpool_held(pool), SLAB);
	assert_int_not_equal((uintptr_t)net_bufpool_get(pool, 131072) / SLAB, first / SLAB);
	assert_int_equal(net_bufpool_held(pool), 2 * SLAB);
	net_bufpool_destroy(pool);
}

/* All handed out, by turns of two classes; each has its own bytes to the end. */
static void test_no_two_buffers_overlap_and_all_come_back(void **state)
{
	enum { N = 300 };
	struct net_bufpool *pool = net_bufpool_create(64 << 20);
	uint8_t *b[N];
	size_t held = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			b[i] = net_bufpool_get(pool, i % 2 ? 4096 : 131072);
			assert_non_null(b[i]);
			memset(b[i], i & 0xff, i % 2 ? 4096 : 131072);
		}
		for (int i = 0; i < N; i++) {
			size_t len = i % 2 ? 4096 : 131072;

			assert_int_equal(b[i][0], i & 0xff);
			assert_int_equal(b[i][len - 1], i & 0xff);
			net_bufpool_put(pool, b[i], len);
		}
		if (!round)
			held = net_bufpool_held(pool);
		assert_int_equal(net_bufpool_held(pool), held); /* what came back is used again */
		assert_int_equal(net_bufpool_used(pool), 0);
	}
	net_bufpool_trim(pool);
	assert_int_equal(net_bufpool_held(pool), SLAB);
	b[0] = net_bufpool_get(pool, 1 << 20); /* a slab serves any class when it is empty */
	assert_int_equal(net_bufpool_held(pool), SLAB);
	net_bufpool_put(pool, b[0], 1 << 20);
	net_bufpool_destroy(pool);
}

/* A slab is taken by each of three small buffers' classes, and there are two: the heap has the third. */
static void test_where_no_slab_is_left_the_heap_has_buffers(void **state)
{
	struct net_bufpool *pool = net_bufpool_create(2 * SLAB);
	void *a = net_bufpool_get(pool, 4096), *b = net_bufpool_get(pool, 8192),
	     *c = net_bufpool_get(pool, 16384);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_int_equal(net_bufpool_held(pool), 2 * SLAB + 16384);
	memset(c, 0xff, 16384);
	net_bufpool_put(pool, c, 16384);
	assert_int_equal(net_bufpool_held(pool), 2 * SLAB);
	net_bufpool_put(pool, a, 4096);
	net_bufpool_put(pool, b, 8192);
	assert_int_equal(net_bufpool_used(pool), 0);
	net_bufpool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffers_are_page_aligned_and_hold_what_was_asked),
		cmocka_unit_test(test_a_buffer_put_back_is_the_next_one_of_its_class),
		cmocka_unit_test(test_the_limit_holds),
		cmocka_unit_test(test_a_buffer_lies_in_one_piece_of_2_mib),
		cmocka_unit_test(test_no_two_buffers_overlap_and_all_come_back),
		cmocka_unit_test(test_where_no_slab_is_left_the_heap_has_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
