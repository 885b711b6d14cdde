/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_pull.c - the pull model's request page and Send Discovery Log Page, and the AVE log page, by their bytes. */
#include "fabrics/pull.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "fabrics/ave.h"
#include "tests/unit/unit.h"

static void test_a_log_is_asked_for(void **state)
{
	static const uint8_t page[] = { 4, 0, 0, 0, 12, 0, 0, 0, 0x70, 0x05, 0, 0 };
	struct fab_pull pull;

	(void)state;
	assert_int_equal(fab_pull_decode(page, sizeof(page), &pull), 0);
	assert_int_equal(pull.ori, NVMF_PULL_LOG);
	assert_int_equal(pull.lid, 0x70);
	assert_int_equal(pull.lsp, 5);
}

static void test_what_lies_behind_the_page_does_not_count(void **state)
{
	uint8_t page[FAB_PULL_MAX] = { 4, 0, 0, 0, 12, 0, 0, 0, 0x71, 1 };
	struct fab_pull pull;

	(void)state;
	memset(page + 12, 0xff, sizeof(page) - 12);
	assert_int_equal(fab_pull_decode(page, sizeof(page), &pull), 0);
	assert_int_equal(pull.lid, 0x71);
}

static void test_zone_groups_are_named(void **state)
{
	uint8_t page[FAB_PULL_MAX] = { 0 };
	struct fab_pull pull;

	(void)state;
	assert_int_equal(sizeof(page), 268);
	for (uint8_t ori = 1; ori <= 3; ori++) {
		page[0] = ori;
		page[4] = 10; /* 266 */
		page[5] = 1;
		memcpy(page + 8, "\x78\x56\x34\x12", 4);
		strcpy((char *)page + 12, "nqn.2026-11.example:ddc");
		memset(page + 236, 'z', 30); /* all of the name: no NUL */
		assert_int_equal(fab_pull_decode(page, sizeof(page), &pull), 0);
		assert_int_equal(pull.ori, ori);
		assert_int_equal(pull.t_id, 0x12345678);
		assert_string_equal(pull.zg_originator, "nqn.2026-11.example:ddc");
		assert_int_equal(strlen(pull.zg_name), 30);
	}
	page[4] = 9;
	assert_int_equal(fab_pull_decode(page, sizeof(page), &pull), -EPROTO);
}

static void test_nonsense_is_refused(void **state)
{
	static const struct {
		uint8_t page[12];
		uint32_t len;
	} rows[] = {
		{ { 4, 0, 0, 0, 12 }, 7 }, /* cut within the header */
		{ { 4, 0, 0, 0, 12 }, 11 }, /* longer than what came */
		{ { 4, 0, 0, 0, 11 }, 12 }, /* shorter than its own parameters */
		{ { 4, 0, 0, 0, 7 }, 12 }, /* than its own header */
		{ { 4, 0, 0, 0, 12, 0, 0, 0x80 }, 12 },
		{ { 0, 0, 0, 0, 12 }, 12 }, /* no such operation */
		{ { 5, 0, 0, 0, 12 }, 12 },
		{ { 1, 0, 0, 0, 12 }, 12 },
	};
	struct fab_pull pull;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(fab_pull_decode(rows[i].page, rows[i].len, &pull), -EPROTO);
}

static void test_the_command_by_its_dwords(void **state)
{
	struct nvme_cmd cmd = fab_cmd_send_log(0x71, 0x01, 0x1122334455667788, 4096);

	(void)state;
	assert_int_equal(cmd.opcode, 0x39);
	assert_int_equal(le32toh(cmd.cdw10), 0x171);
	assert_int_equal(le32toh(cmd.cdw11), 1024);
	assert_int_equal(le32toh(cmd.cdw12), 0x55667788);
	assert_int_equal(le32toh(cmd.cdw13), 0x11223344);
	cmd = fab_cmd_send_no_log(0x0c, 0x7f, NVMF_SDLP_NOT_ALLOWED);
	assert_int_equal(le32toh(cmd.cdw10), 0x80007f0c);
	assert_int_equal(le32toh(cmd.cdw11), 0);
}

static struct fab_ave ave(const char *nqn, const char *addr, uint16_t port)
{
	struct fab_ave a = { .nqn = nqn };
	struct sockaddr_in *in = (struct sockaddr_in *)&a.addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.addr;

	if (strchr(addr, ':')) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		inet_pton(AF_INET6, addr, &in6->sin6_addr);
	} else {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		inet_pton(AF_INET, addr, &in->sin_addr);
	}
	return a;
}

static void test_an_ave_log_by_its_bytes(void **state)
{
	struct fab_ave aves[] = {
		ave("nqn.2026-11.example:ave1", "192.0.2.1", 0x1234),
		ave("nqn.2026-11.example:ave1", "2001:db8::1", 443),
		ave("nqn.2026-11.example:ave2", "192.0.2.2", 443),
	};
	uint8_t page[1024 + 2 * 232 + 3 * 20 + 1];
	const uint8_t *e = page + 1024;
	uint32_t len = fab_ave_size(aves, 3);

	(void)state;
	assert_int_equal(len, sizeof(page) - 1);
	page[len] = 0xa5;
	fab_ave_put(page, 0x0102030405060708, aves, 3);
	assert_int_equal(page[len], 0xa5);
	assert_memory_equal(page, "\x08\7\6\5\4\3\2\1\2\0\0\0\0\0\0\0\0\0\0\0", 20);
	assert_int_equal(page[20] | page[21] << 8, len);
	assert_int_equal(e[0] | e[1] << 8, 232 + 40);
	assert_string_equal((const char *)e + 4, "nqn.2026-11.example:ave1");
	assert_int_equal(e[228], 2);
	assert_memory_equal(e + 232, "\1\0\x34\x12\xc0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	assert_memory_equal(e + 252, "\2\0\xbb\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 20);
	e += 272;
	assert_int_equal(e[0] | e[1] << 8, 252);
	assert_string_equal((const char *)e + 4, "nqn.2026-11.example:ave2");
	assert_int_equal(e[228], 1);
}

static void test_an_empty_ave_log_is_its_header(void **state)
{
	uint8_t page[1024];

	(void)state;
	assert_int_equal(fab_ave_size(NULL, 0), 1024);
	fab_ave_put(page, 1, NULL, 0);
	assert_int_equal(page[8], 0);
	assert_int_equal(page[20] | page[21] << 8, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_log_is_asked_for),
		cmocka_unit_test(test_what_lies_behind_the_page_does_not_count),
		cmocka_unit_test(test_zone_groups_are_named),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_the_command_by_its_dwords),
		cmocka_unit_test(test_an_ave_log_by_its_bytes),
		cmocka_unit_test(test_an_empty_ave_log_is_its_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
