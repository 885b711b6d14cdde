/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_discovery_read.c - logs of other controllers: what our own encoder makes comes back; what is odd is marked,
 * what can't be is refused. */
#include "fabrics/discovery_read.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

#define HEAD 1024u

static const char *labels[3] = { "cold store", "", "\xc3\xa4rger" };

static void get(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	(void)arg;
	ret->trtype = NVMF_TRTYPE_TCP;
	ret->adrfam = NVMF_ADRFAM_IPV4;
	ret->subtype = idx == 0 ? NVMF_SUBTYPE_CURRENT : NVMF_SUBTYPE_NVM;
	ret->eflags = idx == 0 ? NVMF_EFLAGS_EPCSD : 0;
	ret->portid = (uint16_t)(7 + idx);
	ret->label = labels[idx];
	snprintf(ret->subnqn, sizeof(ret->subnqn), "nqn.2026-11.example:%u", (unsigned int)idx);
	snprintf(ret->traddr, sizeof(ret->traddr), "192.0.2.%u", (unsigned int)idx);
	snprintf(ret->trsvcid, sizeof(ret->trsvcid), "4420");
}

static uint64_t at(void *arg, uint64_t idx)
{
	uint64_t pos = HEAD;

	(void)arg;
	for (uint64_t i = 0; i < idx; i++)
		pos += fab_disc_ext_len(labels[i], false);
	return pos;
}

static uint32_t make(uint8_t *buf, uint32_t size, bool extended)
{
	struct fab_disc_source src = { .genctr = 42,
				       .numrec = 3,
				       .dlpf = extended ? NVMF_DLPF_EXTEND : 0,
				       .extended = extended,
				       .at = at,
				       .get = get };
	uint32_t len = (uint32_t)fab_disc_size(&src);

	assert_true(len <= size);
	fab_disc_render(&src, 0, buf, len);
	return len;
}

static void check_all(const uint8_t *buf, uint32_t len, bool extended)
{
	struct fab_disc_found found;
	struct fab_disc_page page;
	char want[64];

	assert_int_equal(fab_disc_page_open(&page, buf, len), 0);
	assert_int_equal(page.genctr, 42);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(fab_disc_page_next(&page, &found), 1);
		assert_true(found.usable);
		snprintf(want, sizeof(want), "nqn.2026-11.example:%u", i);
		assert_string_equal(found.rec.subnqn, want);
		assert_int_equal(found.rec.portid, 7 + i);
		assert_int_equal(found.rec.subtype, i ? NVMF_SUBTYPE_NVM : NVMF_SUBTYPE_CURRENT);
		assert_int_equal(found.rec.eflags, i ? 0 : NVMF_EFLAGS_EPCSD);
		assert_string_equal(found.label, extended ? labels[i] : "");
	}
	assert_int_equal(fab_disc_page_next(&page, &found), 0);
}

static void test_what_is_encoded_is_read(void **state)
{
	uint8_t buf[8192];

	(void)state;
	check_all(buf, make(buf, sizeof(buf), false), false);
	check_all(buf, make(buf, sizeof(buf), true), true);
}

static void test_a_page_cut_short_is_refused_not_read_past(void **state)
{
	struct fab_disc_found found;
	struct fab_disc_page page;
	uint8_t buf[8192];
	uint32_t len;

	(void)state;
	for (int extended = 0; extended < 2; extended++) {
		len = make(buf, sizeof(buf), extended);
		assert_int_equal(fab_disc_page_open(&page, buf, HEAD - 1), -EPROTO);
		assert_int_equal(fab_disc_page_open(&page, buf, len - 1), 0);
		assert_int_equal(fab_disc_page_next(&page, &found), 1);
		assert_int_equal(fab_disc_page_next(&page, &found), 1);
		assert_int_equal(fab_disc_page_next(&page, &found), -EPROTO);
	}
	buf[16] = 1; /* RECFMT */
	assert_int_equal(fab_disc_page_open(&page, buf, len), -EPROTO);
}

static void test_lengths_that_contradict_each_other_are_refused(void **state)
{
	struct fab_disc_found found;
	struct fab_disc_page page;
	uint8_t buf[8192];
	uint32_t len, tel;

	(void)state;
	for (tel = 0; tel < 1032; tel += 1031) {
		len = make(buf, sizeof(buf), true);
		memcpy(buf + HEAD + 1024, &(uint32_t){ htole32(tel) }, 4);
		fab_disc_page_open(&page, buf, len);
		assert_int_equal(fab_disc_page_next(&page, &found), -EPROTO);
	}
	len = make(buf, sizeof(buf), true);
	buf[HEAD + 1028] = 9; /* attributes that aren't there */
	fab_disc_page_open(&page, buf, len);
	assert_int_equal(fab_disc_page_next(&page, &found), -EPROTO);
}

static bool usable_with(uint32_t off, const char *text)
{
	struct fab_disc_found found;
	struct fab_disc_page page;
	uint8_t buf[8192];
	uint32_t len = make(buf, sizeof(buf), false);

	strcpy((char *)buf + HEAD + off, text);
	fab_disc_page_open(&page, buf, len);
	assert_int_equal(fab_disc_page_next(&page, &found), 1);
	return found.usable;
}

static void test_texts_that_cannot_be_told_on_are_marked(void **state)
{
	(void)state;
	assert_true(usable_with(256, "any-text")); /* as other targets take it */
	assert_false(usable_with(256, ""));
	assert_false(usable_with(256, "nqn.2026-11.example:a\nlevel=error"));
	assert_false(usable_with(256, "nqn.2026-11.example:\xff"));
	assert_false(usable_with(512, ""));
	assert_false(usable_with(512, "192.0.2.1 x"));
	assert_false(usable_with(32, "0"));
	assert_false(usable_with(32, "65536"));
	assert_false(usable_with(32, "44x"));
	assert_false(usable_with(32, ""));
	assert_true(usable_with(32, "65535  "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_encoded_is_read),
		cmocka_unit_test(test_a_page_cut_short_is_refused_not_read_past),
		cmocka_unit_test(test_lengths_that_contradict_each_other_are_refused),
		cmocka_unit_test(test_texts_that_cannot_be_told_on_are_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
