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

static void test_the_limit_holds_and_kept_buffers_make_room(void **state)
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
	assert_int_equal(net_bufpool_held(pool), 64 << 10);
	big = net_bufpool_get(pool, 64 << 10);
	assert_non_null(big);
	assert_int_equal(net_bufpool_held(pool), 64 << 10);
	assert_null(net_bufpool_get(pool, (64 << 10) + 1));
	net_bufpool_put(pool, big, 64 << 10);
	net_bufpool_trim(pool);
	assert_int_equal(net_bufpool_held(pool), 0);
	net_bufpool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffers_are_page_aligned_and_hold_what_was_asked),
		cmocka_unit_test(test_a_buffer_put_back_is_the_next_one_of_its_class),
		cmocka_unit_test(test_the_limit_holds_and_kept_buffers_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
