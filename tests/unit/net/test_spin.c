/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_spin.c - when a reactor looks for work, and when it sleeps. */
#include "net/spin.h"
#include "tests/unit/unit.h"

#define US CMN_NS_PER_US
#define MOST (50 * US)

static struct net_spin taught(enum net_spin_for what, uint64_t slept)
{
	struct net_spin s;

	net_spin_init(&s, MOST);
	for (int i = 0; i < 20; i++)
		net_spin_slept(&s, what, slept);
	return s;
}

static void test_short_sleeps_teach_it_to_spin_and_long_ones_to_sleep(void **state)
{
	struct net_spin s = taught(NET_SPIN_HOSTS, 10 * US);

	(void)state;
	assert_int_equal(net_spin_ns(&s, NET_SPIN_HOSTS), MOST);
	assert_int_equal(net_spin_ns(&s, NET_SPIN_FILES), 0);
	net_spin_slept(&s, NET_SPIN_HOSTS, MOST);
	assert_int_equal(net_spin_ns(&s, NET_SPIN_HOSTS), MOST / 2);
	for (int i = 0; i < 20; i++)
		net_spin_slept(&s, NET_SPIN_HOSTS, MOST);
	assert_int_equal(net_spin_ns(&s, NET_SPIN_HOSTS), 0);
}

static void test_a_slow_device_is_not_spun_for_and_a_fast_one_is(void **state)
{
	struct net_spin slow = taught(NET_SPIN_FILES, MOST / NET_SPIN_FILES_PART);
	struct net_spin fast = taught(NET_SPIN_FILES, MOST / NET_SPIN_FILES_PART - 1);

	(void)state;
	assert_int_equal(net_spin_ns(&slow, NET_SPIN_FILES), 0);
	assert_int_equal(net_spin_ns(&fast, NET_SPIN_FILES), MOST / NET_SPIN_FILES_PART);
}

static void test_a_busy_host_is_not_spun_for_and_teaches_nothing(void **state)
{
	struct net_spin s = taught(NET_SPIN_HOSTS, 10 * US);

	(void)state;
	s.host_busy = true;
	assert_int_equal(net_spin_ns(&s, NET_SPIN_HOSTS), 0);
	net_spin_slept(&s, NET_SPIN_HOSTS, 10 * MOST);
	s.host_busy = false;
	assert_int_equal(net_spin_ns(&s, NET_SPIN_HOSTS), MOST);
}

static void test_without_a_time_it_never_spins(void **state)
{
	struct net_spin s;

	(void)state;
	net_spin_init(&s, 0);
	for (int i = 0; i < 20; i++)
		net_spin_slept(&s, NET_SPIN_HOSTS, 1);
	assert_int_equal(net_spin_ns(&s, NET_SPIN_HOSTS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_sleeps_teach_it_to_spin_and_long_ones_to_sleep),
		cmocka_unit_test(test_a_slow_device_is_not_spun_for_and_a_fast_one_is),
		cmocka_unit_test(test_a_busy_host_is_not_spun_for_and_teaches_nothing),
		cmocka_unit_test(test_without_a_time_it_never_spins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
