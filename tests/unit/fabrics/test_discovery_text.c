/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_discovery_text.c - the words of a discovery record are those that `nvme discover -o json` gives. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/container.h"
#include "fabrics/discovery_text.h"

/* As printed by libnvme 1.3's nvmf_*_str(). */
static void test_words_are_those_of_nvme_cli(void **state)
{
	static const struct {
		const char *(*text)(uint8_t value);
		uint8_t value;
		const char *want;
	} rows[] = {
		{ fab_disc_trtype_text, 1, "rdma" },
		{ fab_disc_trtype_text, 3, "tcp" },
		{ fab_disc_trtype_text, 254, "loop" },
		{ fab_disc_trtype_text, 77, "unrecognized" },
		{ fab_disc_adrfam_text, 1, "ipv4" },
		{ fab_disc_adrfam_text, 2, "ipv6" },
		{ fab_disc_adrfam_text, 9, "unrecognized" },
		{ fab_disc_subtype_text, 0, "unrecognized" },
		{ fab_disc_subtype_text, 1, "discovery subsystem referral" },
		{ fab_disc_subtype_text, 2, "nvme subsystem" },
		{ fab_disc_subtype_text, 3, "current discovery subsystem" },
		{ fab_disc_treq_text, 0, "not specified" },
		{ fab_disc_treq_text, 1, "required" },
		{ fab_disc_treq_text, 2, "not required" },
		{ fab_disc_treq_text, 4, "not specified, sq flow control disable supported" },
		{ fab_disc_sectype_text, 0, "none" },
		{ fab_disc_sectype_text, 2, "tls13" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(rows[i].text(rows[i].value), rows[i].want);
}

static void test_secure_channel_has_names(void **state)
{
	uint8_t treq = 9;

	(void)state;
	assert_string_equal(fab_disc_secure_text(0), "not_specified");
	assert_string_equal(fab_disc_secure_text(6), "not_required");
	assert_int_equal(fab_disc_secure_parse("required", &treq), 0);
	assert_int_equal(treq, 1);
	assert_int_equal(fab_disc_secure_parse("tls", &treq), -EINVAL);
}

static void test_flags_are_joined_by_commas(void **state)
{
	(void)state;
	assert_string_equal(fab_disc_eflags_text(0), "none");
	assert_string_equal(fab_disc_eflags_text(3),
			    "explicit discovery connections, duplicate discovery information");
	assert_string_equal(fab_disc_eflags_text(6),
			    "explicit discovery connections, no cdc connectivity");
	assert_string_equal(fab_disc_eflags_text(8), "unrecognized");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_those_of_nvme_cli),
		cmocka_unit_test(test_secure_channel_has_names),
		cmocka_unit_test(test_flags_are_joined_by_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
