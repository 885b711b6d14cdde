/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_addr.c - addresses as people write them. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "common/container.h"
#include "net/addr.h"

static void test_every_form_is_split(void **state)
{
	static const struct {
		const char *text, *address;
		uint16_t port;
	} row[] = {
		{ "192.0.2.1", "192.0.2.1", 7 },
		{ "192.0.2.1:80", "192.0.2.1", 80 },
		{ "::1", "::1", 7 },
		{ "[::1]", "::1", 7 },
		{ "[::1]:65535", "::1", 65535 },
		{ "2001:db8::1:80", "2001:db8::1:80", 7 },
		{ "localhost:0", "localhost", 0 },
		{ "", "", 7 },
	};
	char address[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint16_t port = 7;

		assert_int_equal(net_addr_split(row[i].text, address, sizeof(address), &port), 0);
		assert_string_equal(address, row[i].address);
		assert_int_equal(port, row[i].port);
	}
}

static void test_other_forms_are_refused(void **state)
{
	static const char *const bad[] = { "1.2.3.4:",
					   "1.2.3.4:x",
					   "1.2.3.4:65536",
					   "[::1",
					   "[::1]80",
					   "[::1]:",
					   "a-name-longer-than-the-buffer" };
	char address[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint16_t port = 7;

		assert_int_equal(net_addr_split(bad[i], address, sizeof(address), &port), -EINVAL);
		assert_int_equal(port, 7);
	}
}

static void test_literals_of_both_families_and_nothing_else(void **state)
{
	struct sockaddr_storage ss;

	(void)state;
	assert_int_equal(net_addr_set(&ss, "192.0.2.1", 80), sizeof(struct sockaddr_in));
	assert_int_equal(ss.ss_family, AF_INET);
	assert_int_equal(ntohs(((struct sockaddr_in *)&ss)->sin_port), 80);
	assert_int_equal(net_addr_set(&ss, "2001:db8::1", 80), sizeof(struct sockaddr_in6));
	assert_int_equal(ss.ss_family, AF_INET6);
	assert_int_equal(net_addr_set(&ss, "localhost", 80), 0);
	assert_int_equal(net_addr_set(&ss, "127.1", 80), 0);
	assert_int_equal(net_addr_set(&ss, "", 80), 0);
}

static void test_both_wildcards_can_have_a_port_once_each(void **state)
{
	struct sockaddr_storage v4, v6;
	socklen_t len4 = net_addr_set(&v4, "0.0.0.0", 0), len6;
	int fd4 = net_addr_bind((struct sockaddr *)&v4, len4), fd6;

	(void)state;
	assert_true(fd4 >= 0);
	assert_int_equal(getsockname(fd4, (struct sockaddr *)&v4, &len4), 0);
	assert_int_equal(listen(fd4, 1), 0);
	len6 = net_addr_set(&v6, "::", ntohs(((struct sockaddr_in *)&v4)->sin_port));
	fd6 = net_addr_bind((struct sockaddr *)&v6, len6);
	if (fd6 != -EAFNOSUPPORT && fd6 != -EADDRNOTAVAIL) { /* there is IPv6 */
		assert_true(fd6 >= 0);
		assert_int_equal(listen(fd6, 1), 0);
		close(fd6);
	}
	assert_int_equal(net_addr_bind((struct sockaddr *)&v4, len4), -EADDRINUSE);
	close(fd4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_is_split),
		cmocka_unit_test(test_other_forms_are_refused),
		cmocka_unit_test(test_literals_of_both_families_and_nothing_else),
		cmocka_unit_test(test_both_wildcards_can_have_a_port_once_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
