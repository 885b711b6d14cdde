/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_share.c - what a connection may move in a turn, by itself and beside others. */
#include "net/share.h"
#include "tests/unit/unit.h"

static const char a, b;

static void test_one_that_is_alone_moves_plenty(void **state)
{
	struct net_share s = { 0 };

	(void)state;
	for (uint64_t now = 1; now < 1000; now++) {
		net_share_note(&s, &a, now);
		assert_int_equal(net_share_bytes(&s, now), NET_SHARE_ALONE);
	}
}

static void test_two_at_work_move_little_each(void **state)
{
	struct net_share s = { 0 };

	(void)state;
	net_share_note(&s, &a, 1);
	net_share_note(&s, &b, 1);
	assert_int_equal(net_share_bytes(&s, 1), NET_SHARE_BESIDE);
	for (uint64_t now = 2; now < 1000; now++) {
		net_share_note(&s, now % 7 ? &a : &b, now);
		assert_int_equal(net_share_bytes(&s, now), NET_SHARE_BESIDE);
	}
}

static void test_a_while_after_the_other_it_is_alone_again(void **state)
{
	struct net_share s = { 0 };

	(void)state;
	net_share_note(&s, &a, 100);
	net_share_note(&s, &b, 200);
	net_share_note(&s, &b, 200 + NET_SHARE_NS - 1);
	assert_int_equal(net_share_bytes(&s, 200 + NET_SHARE_NS - 1), NET_SHARE_BESIDE);
	assert_int_equal(net_share_bytes(&s, 200 + NET_SHARE_NS), NET_SHARE_ALONE);
}

/* The next one may lie at the same address. */
static void test_one_that_is_gone_is_nobodys_neighbour(void **state)
{
	struct net_share s = { 0 };

	(void)state;
	net_share_note(&s, &a, 1);
	net_share_forget(&s, &b);
	net_share_forget(&s, &a);
	net_share_note(&s, &b, 2);
	assert_int_equal(net_share_bytes(&s, 2), NET_SHARE_ALONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_that_is_alone_moves_plenty),
		cmocka_unit_test(test_two_at_work_move_little_each),
		cmocka_unit_test(test_a_while_after_the_other_it_is_alone_again),
		cmocka_unit_test(test_one_that_is_gone_is_nobodys_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
