/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/auth/test_key.c - DH-HMAC-CHAP secrets: their text as `nvme gen-dhchap-key` writes it, and what becomes of them. */
#include "fabrics/auth/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fabrics/auth/chap.h"
#include "tests/unit/unit.h"

#define SECRET32 "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAl7OaH"

static void test_secrets_of_every_length_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		uint8_t hash, len, first;
	} rows[] = {
		{ "DHHC-1:00:" SECRET32 ":", 0, 32, 1 },
		{ "DHHC-1:01:" SECRET32 ":", 1, 32, 1 },
		{ "DHHC-1:02:"
		  "BQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0iYCUjg==:",
		  2, 48, 5 },
		{ "DHHC-1:03:ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+"
		  "P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZ"
		  "Wltc"
		  "XV5fYPhPaog=:",
		  3, 64, 33 },
	};
	char text[FAB_AUTH_SECRET_MAX];
	struct fab_auth_key key;

	(void)state;
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(fab_auth_key_parse(rows[i].text, &key), 0);
		assert_int_equal(key.hash, rows[i].hash);
		assert_int_equal(key.len, rows[i].len);
		for (uint8_t at = 0; at < key.len; at++)
			assert_int_equal(key.bytes[at], rows[i].first + at);
		fab_auth_key_format(&key, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_what_is_no_secret_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"DHHC-1:",
		"DHHC-1:01:",
		"DHHC-1:01::",
		"DHHC-2:01:" SECRET32 ":",
		"DHHC-1:04:" SECRET32 ":",
		"DHHC-1:11:" SECRET32 ":",
		"DHHC-1:01:" SECRET32,
		"DHHC-1:01:" SECRET32 ":x",
		"DHHC-1:01:AQID" SECRET32 ":",
		"DHHC-1:01: QIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAl7OaH\n:",
		"NVMeTLSkey-1:01:" SECRET32 ":",
	};
	struct fab_auth_key key = { .len = 7 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(fab_auth_key_parse(bad[i], &key) < 0);
	assert_int_equal(key.len, 7);
}

static void test_a_character_that_changed_is_found(void **state)
{
	char text[] = "DHHC-1:01:" SECRET32 ":";
	struct fab_auth_key key;

	(void)state;
	for (size_t at = strlen("DHHC-1:01:"); at < sizeof(text) - 2; at++) {
		char was = text[at];

		text[at] = was == 'A' ? 'B' : 'A';
		assert_int_equal(fab_auth_key_parse(text, &key), -EBADMSG);
		text[at] = was;
	}
	assert_int_equal(fab_auth_key_parse(text, &key), 0);
}

static void test_an_nqn_makes_its_own_key_of_a_secret(void **state)
{
	static const char nqn[] =
		"nqn.2014-08.org.nvmexpress:uuid:5d31d1b5-4a3c-4f7e-9f0e-1a2b3c4d5e6f";
	struct fab_auth_key secret, key;
	char hex[2 * 32 + 1];

	(void)state;
	assert_int_equal(fab_auth_key_parse("DHHC-1:01:" SECRET32 ":", &secret), 0);
	assert_int_equal(fab_auth_key_of(&secret, nqn, &key), 0);
	assert_int_equal(key.len, 32);
	for (unsigned int i = 0; i < 32; i++)
		snprintf(hex + 2 * (size_t)i, 3, "%02x", key.bytes[i]);
	assert_string_equal(hex,
			    "96a433b58e6b9808c17e8a8a0aea341f7670777a3e0d612da6bf06f33c6ba497");
	/* 00: used as it is */
	secret.hash = 0;
	assert_int_equal(fab_auth_key_of(&secret, nqn, &key), 0);
	assert_memory_equal(key.bytes, secret.bytes, 32);
}

static void test_secrets_are_made_and_told_apart(void **state)
{
	char a[FAB_AUTH_FINGERPRINT_MAX], b[FAB_AUTH_FINGERPRINT_MAX], text[FAB_AUTH_SECRET_MAX];
	struct fab_auth_key key, again;

	(void)state;
	for (uint8_t hash = 0; hash <= NVMF_HASH_SHA512; hash++) {
		assert_int_equal(fab_auth_key_generate(hash, &key), 0);
		assert_int_equal(key.len, hash ? fab_auth_hash_len(hash) : 32);
		fab_auth_key_format(&key, text);
		assert_int_equal(fab_auth_key_parse(text, &again), 0);
		fab_auth_key_fingerprint(&key, a);
		fab_auth_key_fingerprint(&again, b);
		assert_string_equal(a, b);
		again.bytes[3] ^= 1;
		fab_auth_key_fingerprint(&again, b);
		assert_string_not_equal(a, b);
	}
	assert_int_equal(fab_auth_key_generate(4, &key), -EINVAL);
	assert_int_equal(fab_auth_key_parse("DHHC-1:00:" SECRET32 ":", &key), 0);
	fab_auth_key_fingerprint(&key, a);
	assert_string_equal(a, "31dee0d4610cc858");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_of_every_length_are_read_and_written),
		cmocka_unit_test(test_what_is_no_secret_is_refused),
		cmocka_unit_test(test_a_character_that_changed_is_found),
		cmocka_unit_test(test_an_nqn_makes_its_own_key_of_a_secret),
		cmocka_unit_test(test_secrets_are_made_and_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
