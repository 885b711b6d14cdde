/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_ip.c - addresses and prefixes: what is read, what is refused, what is found. */
#include "net/ip.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/container.h"

static void test_prefixes_are_written_as_they_were_read(void **state)
{
	static const char *const same[] = { "10.0.0.0/8",    "0.0.0.0/0",     "192.0.2.7",
					    "2001:db8::/32", "2001:db8::7",   "::/0",
					    "192.0.2.6/31",  "2001:db8::/127" };
	char text[NET_PREFIX_TEXT];
	struct net_prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(net_prefix_parse(&p, same[i]));
		assert_string_equal(net_prefix_format(&p, text), same[i]);
	}
	assert_true(net_prefix_parse(&p, "::ffff:192.0.2.7"));
	assert_string_equal(net_prefix_format(&p, text), "192.0.2.7");
}

static void test_what_is_no_prefix_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	    "x",      "10.0.0.1/8",	"10.0.0.0/33",	"10.0.0.0/",  "10.0.0.0/-1",
		"10.0.0/8", "::/129", "2001:db8::1/64", "10.0.0.0/8/8", "10.0.0.0 /8"
	};
	struct net_prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(net_prefix_parse(&p, bad[i]));
}

static void test_wildcards_are_told_from_addresses(void **state)
{
	struct net_ip ip;

	(void)state;
	assert_true(net_ip_parse(&ip, "0.0.0.0") && net_ip_is_wildcard(&ip) && net_ip_is_v4(&ip));
	assert_true(net_ip_parse(&ip, "::") && net_ip_is_wildcard(&ip) && !net_ip_is_v4(&ip));
	assert_true(net_ip_parse(&ip, "0.0.0.1") && !net_ip_is_wildcard(&ip));
	assert_true(net_ip_parse(&ip, "::1") && !net_ip_is_wildcard(&ip));
}

/* By the definition. */
static bool has(const struct net_prefix *p, const struct net_ip *ip)
{
	for (unsigned int bit = 0; bit < p->bits; bit++)
		if ((p->ip.a.s6_addr[bit / 8] ^ ip->a.s6_addr[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static struct net_ip random_ip(void)
{
	uint8_t v4[4] = { 10, 0, (uint8_t)(rand() % 2), (uint8_t)(rand() % 8) };
	struct net_ip ip;

	if (rand() % 2)
		return net_ip_v4(v4);
	memset(&ip, 0, sizeof(ip));
	ip.a.s6_addr[0] = 0x20;
	ip.a.s6_addr[15] = (uint8_t)(rand() % 8);
	return ip;
}

static void test_loopback_is_told_from_other_addresses(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "127.255.255.255", "::ffff:127.0.0.1",
					   "::1" };
	static const char *const no[] = { "126.0.0.1", "128.0.0.1", "0.0.0.0",	   "::",
					  "::2",       "7f00::1",   "1::127.0.0.1" };
	struct net_ip ip;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(net_ip_parse(&ip, yes[i]) && net_ip_is_loopback(&ip) &&
			    net_ip_text_is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_true(net_ip_parse(&ip, no[i]) && !net_ip_is_loopback(&ip) &&
			    !net_ip_text_is_loopback(no[i]));
}

static void test_all_prefixes_of_an_address_are_found(void **state)
{
	struct net_prefix list[40];
	struct net_ip ip;
	size_t nr, at, i, found, want;

	(void)state;
	for (unsigned int seed = 0; seed < 2000; seed++) {
		srand(seed);
		nr = (size_t)rand() % 40;
		for (i = 0; i < nr; i++) {
			ip = random_ip();
			list[i] = net_prefix_of(&ip, (unsigned int)(rand() % 129));
		}
		qsort(list, nr, sizeof(list[0]), net_prefix_cmp);
		ip = random_ip();
		at = found = want = 0;
		for (i = 0; i < nr; i++)
			want += has(&list[i], &ip);
		while ((i = net_prefix_next(list, nr, sizeof(list[0]), &ip, &at)) < nr) {
			assert_true(has(&list[i], &ip));
			found++;
		}
		assert_int_equal(found, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes_are_written_as_they_were_read),
		cmocka_unit_test(test_what_is_no_prefix_is_refused),
		cmocka_unit_test(test_wildcards_are_told_from_addresses),
		cmocka_unit_test(test_loopback_is_told_from_other_addresses),
		cmocka_unit_test(test_all_prefixes_of_an_address_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
