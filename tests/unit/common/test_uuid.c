/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_uuid.c - UUIDs against the vectors of RFC 9562 and FIPS 180. */
#include "common/sha1.h"
#include "common/uuid.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static void test_parse_and_format_are_inverse(void **state)
{
	static const char text[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	char buf[CMN_UUID_STR_LEN + 1];
	struct cmn_uuid uuid, upper;

	(void)state;
	assert_int_equal(cmn_uuid_parse(text, &uuid), 0);
	assert_int_equal(uuid.b[0], 0x6b);
	assert_int_equal(uuid.b[15], 0xc8);
	assert_string_equal(cmn_uuid_format(&uuid, buf), text);
	assert_int_equal(cmn_uuid_parse("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", &upper), 0);
	assert_memory_equal(&uuid, &upper, sizeof(uuid));
}

static void test_parse_refuses_other_forms(void **state)
{
	static const char *const bad[] = {
		"",
		"6ba7b810",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c",
		"6ba7b8109dad11d180b400c04fd430c8",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
		"{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
		"6ba7b810-9dad-11d1-80b4-00c04fd430cg",
		"6ba7b81-09dad-11d1-80b4-00c04fd430c8",
	};
	struct cmn_uuid uuid;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cmn_uuid_parse(bad[i], &uuid), -EINVAL);
}

static void test_random_is_version_4_and_differs(void **state)
{
	struct cmn_uuid a, b;

	(void)state;
	assert_int_equal(cmn_uuid_random(&a), 0);
	assert_int_equal(cmn_uuid_random(&b), 0);
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
	assert_int_not_equal(memcmp(&a, &b, sizeof(a)), 0);
	assert_false(cmn_uuid_is_nil(&a));
	memset(&a, 0, sizeof(a));
	assert_true(cmn_uuid_is_nil(&a));
}

/* RFC 9562, A.4: www.example.com in the DNS name space. */
static void test_name_based_gives_the_rfcs_example(void **state)
{
	char buf[CMN_UUID_STR_LEN + 1];
	struct cmn_uuid dns, uuid;

	(void)state;
	assert_int_equal(cmn_uuid_parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8", &dns), 0);
	cmn_uuid_from_name(&dns, "www.example.com", 15, &uuid);
	assert_string_equal(cmn_uuid_format(&uuid, buf), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void check_sha1(const char *text, size_t times, const uint8_t *want)
{
	uint8_t digest[CMN_SHA1_LEN];
	struct cmn_sha1 s;

	cmn_sha1_init(&s);
	for (size_t i = 0; i < times; i++)
		cmn_sha1_update(&s, text, strlen(text));
	cmn_sha1_final(&s, digest);
	assert_memory_equal(digest, want, sizeof(digest));
}

static void test_sha1_gives_the_standards_digests(void **state)
{
	static const uint8_t abc[] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
				       0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	static const uint8_t two[] = { 0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2, 0x6e, 0xba, 0xae,
				       0x4a, 0xa1, 0xf9, 0x51, 0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1 };
	static const uint8_t million[] = { 0x34, 0xaa, 0x97, 0x3c, 0xd4, 0xc4, 0xda,
					   0xa4, 0xf6, 0x1e, 0xeb, 0x2b, 0xdb, 0xad,
					   0x27, 0x31, 0x65, 0x34, 0x01, 0x6f };

	(void)state;
	check_sha1("abc", 1, abc);
	check_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, two);
	check_sha1("aaaaaaaaaa", 100000, million);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format_are_inverse),
		cmocka_unit_test(test_parse_refuses_other_forms),
		cmocka_unit_test(test_random_is_version_4_and_differs),
		cmocka_unit_test(test_name_based_gives_the_rfcs_example),
		cmocka_unit_test(test_sha1_gives_the_standards_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
