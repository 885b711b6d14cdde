/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/cli/test_scrub.c - no secret leaves in a support bundle, and what is none stays. */
#include "cli/scrub.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static void check(const char *text, const char *wanted)
{
	char *clean = cli_scrub(text);

	assert_string_equal(clean, wanted);
	free(clean);
}

static void test_keys_in_their_interchange_formats_go(void **state)
{
	(void)state;
	check("key DHHC-1:01:c2VjcmV0IGtleQ==: for host", "key DHHC-1:[removed] for host");
	check("\"NVMeTLSkey-1:01:VRLbtnN9AQb2WXW3c9+wEf/DRLz0QuLdbYvEhwtdWwNf9LrZ:\",",
	      "\"NVMeTLSkey-1:[removed]\",");
	check("a dhhc-1:00:x: b DHHC-1:00:y:", "a dhhc-1:[removed] b DHHC-1:[removed]");
}

static void test_values_of_settings_that_are_secret_go(void **state)
{
	(void)state;
	check("\"dhchap_ctrl_key\": \"abc\", \"nqn\": \"n\"",
	      "\"dhchap_ctrl_key\": \"[removed]\", \"nqn\": \"n\"");
	check("password=hunter2 user=me", "password=[removed] user=me");
	check("--api-token=abc --state /x", "--api-token=[removed] --state /x");
	check("Secret : s3\nnext", "Secret : [removed]\nnext");
	check("tls_key: k; psk=p, passphrase=\"two",
	      "tls_key: [removed]; psk=[removed], passphrase=\"[removed]");
	check("PRIVATE_KEY=abc", "PRIVATE_KEY=[removed]");
}

static void test_logins_go(void **state)
{
	(void)state;
	check("Authorization: Bearer abc.def-1", "Authorization: Bearer [removed]");
	check("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [removed]");
	check("http://me:pw@host:80/ and http://127.0.0.1:8080/x",
	      "http://me:[removed]@host:80/ and http://127.0.0.1:8080/x");
}

static void test_a_private_key_goes_as_a_whole(void **state)
{
	(void)state;
	check("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE "
	      "KEY-----\nb\n",
	      "a\n-----BEGIN RSA PRIVATE KEY-----\n[removed]\n\n-----END RSA PRIVATE "
	      "KEY-----\nb\n");
}

static void test_the_rest_stays_as_it_is(void **state)
{
	static const char text[] =
		"nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555\n"
		"pharos_host_keepalive_timeouts_total{nqn=\"n\"} 1\n\n"
		"the key to it, secretly; tokens are counted\r\n last line";

	(void)state;
	check(text, text);
	check("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_in_their_interchange_formats_go),
		cmocka_unit_test(test_values_of_settings_that_are_secret_go),
		cmocka_unit_test(test_logins_go),
		cmocka_unit_test(test_a_private_key_goes_as_a_whole),
		cmocka_unit_test(test_the_rest_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
