/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/mdns/test_plan.c - what is announced where, for each kind of listener. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/mdns/plan.h"

static struct sockaddr_storage sa(const char *text, uint16_t port)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;

	if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		ss.ss_family = AF_INET;
		sin->sin_port = htons(port);
		return ss;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &sin6->sin6_addr), 1);
	ss.ss_family = AF_INET6;
	sin6->sin6_port = htons(port);
	return ss;
}

/* The machine of these tests: two networks, one of them with IPv6. */
static void machine(struct dsc_mdns_ifaddr ifaddrs[5])
{
	ifaddrs[0] = (struct dsc_mdns_ifaddr){ 1, sa("127.0.0.1", 0) };
	ifaddrs[1] = (struct dsc_mdns_ifaddr){ 3, sa("10.0.1.5", 0) };
	ifaddrs[2] = (struct dsc_mdns_ifaddr){ 2, sa("192.168.7.1", 0) };
	ifaddrs[3] = (struct dsc_mdns_ifaddr){ 2, sa("fe80::1", 0) };
	ifaddrs[4] = (struct dsc_mdns_ifaddr){ 2, sa("2001:db8::7", 0) };
}

/* Plans for the listeners and compares with "IFINDEX ADDRESS PORT;" for each record. */
static void expect(const struct dsc_mdns_listener *listeners, size_t nr, const char *want)
{
	struct dsc_mdns_ifaddr ifaddrs[5];
	struct dsc_mdns_record *records = NULL;
	char got[512] = "", ip[INET6_ADDRSTRLEN];
	size_t used = 0;
	int n;

	machine(ifaddrs);
	n = dsc_mdns_plan(listeners, nr, ifaddrs, ARRAY_SIZE(ifaddrs), &records);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		const struct sockaddr_storage *a = &records[i].addr;
		const void *raw =
			a->ss_family == AF_INET
				? (const void *)&((const struct sockaddr_in *)a)->sin_addr
				: (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;

		assert_non_null(inet_ntop(a->ss_family, raw, ip, sizeof(ip)));
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%u %s %u;",
					 records[i].ifindex, ip, dsc_mdns_port(a));
	}
	free(records);
	assert_string_equal(got, want);
}

static void test_loopback_is_never_announced(void **state)
{
	struct dsc_mdns_listener l[] = { { .addr = sa("127.0.0.1", 8009) },
					 { .addr = sa("::1", 8009) } };

	(void)state;
	assert_true(dsc_mdns_loopback_only(l, 2));
	expect(l, 2, "");
	l[1].addr = sa("10.0.1.5", 8009);
	assert_false(dsc_mdns_loopback_only(l, 2));
}

static void test_an_address_is_announced_on_its_own_interface(void **state)
{
	struct dsc_mdns_listener l = { .addr = sa("10.0.1.5", 8009) };

	(void)state;
	expect(&l, 1, "3 10.0.1.5 8009;");
}

static void test_an_address_that_the_machine_lacks_is_not_announced(void **state)
{
	struct dsc_mdns_listener l = { .addr = sa("10.0.1.6", 8009) };

	(void)state;
	expect(&l, 1, "");
}

static void test_the_ipv4_wildcard_is_each_ipv4_address(void **state)
{
	struct dsc_mdns_listener l = { .addr = sa("0.0.0.0", 8009) };

	(void)state;
	expect(&l, 1, "2 192.168.7.1 8009;3 10.0.1.5 8009;");
}

static void test_the_ipv6_wildcard_is_each_global_ipv6_address(void **state)
{
	struct dsc_mdns_listener l = { .addr = sa("::", 8009) };

	(void)state;
	expect(&l, 1, "2 2001:db8::7 8009;");
}

static void test_link_local_only_where_a_listener_names_it(void **state)
{
	struct dsc_mdns_listener l = { .addr = sa("fe80::1", 8009) };

	(void)state;
	expect(&l, 1, "2 fe80::1 8009;");
	((struct sockaddr_in6 *)&l.addr)->sin6_scope_id = 2;
	expect(&l, 1, "2 fe80::1 8009;");
	((struct sockaddr_in6 *)&l.addr)->sin6_scope_id = 3;
	expect(&l, 1, "");
}

static void test_overlapping_listeners_give_one_record(void **state)
{
	struct dsc_mdns_listener l[] = {
		{ .addr = sa("10.0.1.5", 8009) },
		{ .addr = sa("0.0.0.0", 8009) },
		{ .addr = sa("10.0.1.5", 4000) },
	};

	(void)state;
	expect(l, 3, "3 10.0.1.5 4000;2 192.168.7.1 8009;3 10.0.1.5 8009;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loopback_is_never_announced),
		cmocka_unit_test(test_an_address_is_announced_on_its_own_interface),
		cmocka_unit_test(test_an_address_that_the_machine_lacks_is_not_announced),
		cmocka_unit_test(test_the_ipv4_wildcard_is_each_ipv4_address),
		cmocka_unit_test(test_the_ipv6_wildcard_is_each_global_ipv6_address),
		cmocka_unit_test(test_link_local_only_where_a_listener_names_it),
		cmocka_unit_test(test_overlapping_listeners_give_one_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
