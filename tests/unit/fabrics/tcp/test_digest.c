/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/tcp/test_digest.c - CRC32C against published values. */
#include <string.h>

#include "fabrics/tcp/digest.h"
#include "tests/unit/unit.h"

static void test_crc32c_of_the_check_string(void **state)
{
	(void)state;
	assert_int_equal(fab_crc32c("123456789", 9), 0xe3069283u);
	assert_int_equal(fab_crc32c("", 0), 0);
}

/* RFC 3720, B.4 */
static void test_crc32c_of_the_iscsi_examples(void **state)
{
	uint8_t buf[32];

	(void)state;
	memset(buf, 0, sizeof(buf));
	assert_int_equal(fab_crc32c(buf, sizeof(buf)), 0x8a9136aau);
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(fab_crc32c(buf, sizeof(buf)), 0x62a8ab43u);
	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)i;
	assert_int_equal(fab_crc32c(buf, sizeof(buf)), 0x46dd794eu);
}

static void test_digest_is_little_endian_on_the_wire(void **state)
{
	uint8_t wire[4];

	(void)state;
	fab_digest_put(wire, "123456789", 9);
	assert_memory_equal(wire, "\x83\x92\x06\xe3", 4);
	assert_int_equal(fab_digest_get(wire), 0xe3069283u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c_of_the_check_string),
		cmocka_unit_test(test_crc32c_of_the_iscsi_examples),
		cmocka_unit_test(test_digest_is_little_endian_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
