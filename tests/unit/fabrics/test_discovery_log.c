/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_discovery_log.c - discovery log pages: any window is a part of the whole; entries there and back. */
#include "fabrics/discovery_log.h"
#include "tests/unit/unit.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int nr_gets;

static void get(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	(void)arg;
	nr_gets++;
	ret->trtype = NVMF_TRTYPE_TCP;
	ret->adrfam = NVMF_ADRFAM_IPV4;
	ret->subtype = idx ? NVMF_SUBTYPE_NVM : NVMF_SUBTYPE_CURRENT;
	ret->treq = NVMF_TREQ_SECURE_NOT_REQUIRED | NVMF_TREQ_NO_SQFLOW;
	ret->portid = 7;
	ret->cntlid = NVMF_CNTLID_DYNAMIC;
	ret->asqsz = 32;
	ret->eflags = NVMF_EFLAGS_DUPRETINFO | NVMF_EFLAGS_EPCSD;
	strcpy(ret->trsvcid, "4420");
	strcpy(ret->traddr, "192.0.2.1");
	snprintf(ret->subnqn, sizeof(ret->subnqn), "nqn.2026-11.example:s%u", (unsigned int)idx);
}

static void test_entry_lies_in_memory_as_the_specification_says(void **state)
{
	struct nvmf_disc_entry entry;
	const uint8_t *b = (const uint8_t *)&entry;
	struct fab_disc_record rec = { 0 }, back;

	(void)state;
	get(NULL, 3, &rec);
	rec.sectype = NVMF_TCP_SECTYPE_TLS13;
	fab_disc_encode(&rec, &entry);
	assert_int_equal(b[0], 3);
	assert_int_equal(b[1], 1);
	assert_int_equal(b[2], 2);
	assert_int_equal(b[3], 6);
	assert_int_equal(b[4] | b[5] << 8, 7);
	assert_int_equal(b[6] | b[7] << 8, 0xffff);
	assert_int_equal(b[8] | b[9] << 8, 32);
	assert_int_equal(b[10] | b[11] << 8, 3);
	assert_memory_equal(b + 32, "4420    ", 8);
	assert_string_equal((const char *)b + 256, "nqn.2026-11.example:s3");
	assert_memory_equal(b + 512, "192.0.2.1   ", 12);
	assert_int_equal(b[768], 2);
	assert_int_equal(fab_disc_decode(&entry, &back), 0);
	assert_memory_equal(&back, &rec, sizeof(rec));
}

static void test_decode_takes_nul_padding_and_refuses_an_nqn_without_end(void **state)
{
	struct fab_disc_record rec = { 0 }, back;
	struct nvmf_disc_entry entry;

	(void)state;
	get(NULL, 1, &rec);
	fab_disc_encode(&rec, &entry);
	memset(entry.traddr, 0, sizeof(entry.traddr));
	strcpy(entry.traddr, "fe80::1");
	assert_int_equal(fab_disc_decode(&entry, &back), 0);
	assert_string_equal(back.traddr, "fe80::1");
	memset(entry.traddr, 'x', sizeof(entry.traddr)); /* full: no padding at all */
	assert_int_equal(fab_disc_decode(&entry, &back), 0);
	assert_int_equal(strlen(back.traddr), 256);
	memset(entry.subnqn, 'x', sizeof(entry.subnqn));
	assert_int_not_equal(fab_disc_decode(&entry, &back), 0);
}

static void test_every_window_equals_that_part_of_the_whole(void **state)
{
	struct fab_disc_source src = { .genctr = 0x1122334455667788, .numrec = 3, .get = get };
	uint8_t whole[4096 + 512], part[4096 + 512];

	(void)state;
	memset(whole, 0xee, sizeof(whole));
	fab_disc_render(&src, 0, whole, sizeof(whole));
	assert_int_equal(fab_disc_size(&src), 4096);
	assert_int_equal(le64toh(*(uint64_t *)(void *)whole), 0x1122334455667788);
	assert_int_equal(whole[8], 3);
	assert_int_equal(whole[16], 0); /* RECFMT */
	for (unsigned int i = 4096; i < sizeof(whole); i++)
		assert_int_equal(whole[i], 0); /* past the end */
	for (unsigned int off = 0; off < sizeof(whole); off += 52) {
		for (unsigned int len = 4; off + len <= sizeof(whole); len += 332) {
			memset(part, 0xee, sizeof(part));
			fab_disc_render(&src, off, part, len);
			assert_memory_equal(part, whole + off, len);
			assert_int_equal(part[len], 0xee);
		}
	}
}

static void test_offsets_far_past_the_end_yield_zeroes(void **state)
{
	const uint64_t offs[] = { 4096, 1u << 31, UINT64_MAX - 3, UINT64_MAX - 1023 };
	struct fab_disc_source src = { .genctr = 1, .numrec = 3, .get = get };
	uint8_t buf[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		memset(buf, 0xee, sizeof(buf));
		fab_disc_render(&src, offs[i], buf, sizeof(buf));
		for (unsigned int j = 0; j < sizeof(buf); j++)
			assert_int_equal(buf[j], 0);
	}
}

static void test_only_entries_in_the_window_are_asked_for(void **state)
{
	struct fab_disc_source src = { .genctr = 1, .numrec = 100000, .get = get };
	uint8_t buf[4096];

	(void)state;
	nr_gets = 0;
	fab_disc_render(&src, 0, buf, 20); /* the header, as libnvme reads it first */
	assert_int_equal(nr_gets, 0);
	fab_disc_render(&src, 1024 + 50000ull * 1024, buf, 4096);
	assert_int_equal(nr_gets, 4);
}

/* ---- extended entries ---- */

static const char *const labels[] = { "", "lab", "rack 7", "" };

static void get_ext(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	get(arg, idx, ret);
	ret->label = labels[idx];
}

static uint64_t at(void *arg, uint64_t idx)
{
	uint64_t off = 1024;

	(void)arg;
	for (uint64_t i = 0; i < idx; i++)
		off += fab_disc_ext_len(labels[i], false);
	return off;
}

static void test_extended_entry_lies_in_memory_as_the_specification_says(void **state)
{
	struct fab_disc_record rec = { 0 };
	uint8_t b[FAB_DISC_EXT_MAX], basic[1024];

	(void)state;
	get(NULL, 1, &rec);
	fab_disc_encode(&rec, (struct nvmf_disc_entry *)(void *)basic);
	memset(b, 0xee, sizeof(b));
	assert_int_equal(fab_disc_encode_ext(&rec, b), 1032);
	assert_memory_equal(b, basic, 1024);
	assert_memory_equal(b + 1024, "\x08\x04\0\0\0\0\0\0", 8); /* TEL 1032, NUMEXAT 0 */
	rec.label = "rack 7";
	assert_int_equal(fab_disc_encode_ext(&rec, b), 1044);
	assert_memory_equal(b + 1024, "\x14\x04\0\0\x01\0\0\0", 8);
	/* EXATTYPE 2, EXATLEN a multiple of 4, what is unused of the value is 0 */
	assert_memory_equal(b + 1032, "\x02\0\x08\0rack 7\0\0", 12);
}

static void test_host_entry_has_its_identifier_and_nothing_of_a_subsystem(void **state)
{
	struct fab_disc_record rec = { .trtype = 3, .adrfam = 2, .label = "k\xc3\xa4se" };
	uint8_t b[FAB_DISC_EXT_MAX];

	(void)state;
	strcpy(rec.subnqn, "nqn.2026-11.example:h");
	strcpy(rec.traddr, "fe80::1");
	rec.hostid = (const uint8_t *)"0123456789abcdef";
	memset(b, 0xee, sizeof(b));
	assert_int_equal(fab_disc_encode_ext(&rec, b), 1032 + 20 + 12);
	assert_memory_equal(b, "\x03\x02\0\0\0\0\0\0\0\0\0\0", 12);
	for (unsigned int i = 12; i < 256; i++)
		assert_int_equal(b[i], 0);
	assert_string_equal((char *)b + 256, "nqn.2026-11.example:h");
	assert_memory_equal(b + 512, "fe80::1  ", 9);
	assert_memory_equal(b + 1024, "\x28\x04\0\0\x02\0\0\0", 8); /* TEL 1064, NUMEXAT 2 */
	assert_memory_equal(b + 1032,
			    "\x01\0\x10\0"
			    "0123456789abcdef",
			    20);
	assert_memory_equal(b + 1052, "\x03\0\x08\0k\xc3\xa4se\0\0\0", 12); /* UTF-8 */
}

static void test_extended_page_tells_so_and_its_windows_are_parts_of_it(void **state)
{
	struct fab_disc_source src = { .genctr = 9,
				       .numrec = 4,
				       .dlpf = NVMF_DLPF_EXTEND | NVMF_DLPF_ALLSUB,
				       .extended = true,
				       .get = get_ext,
				       .at = at };
	uint8_t whole[5600], part[5600];
	uint64_t size = 1024 + 2 * 1032 + 1040 + 1044;

	(void)state;
	assert_int_equal(fab_disc_size(&src), size);
	fab_disc_render(&src, 0, whole, sizeof(whole));
	assert_int_equal(whole[8], 4);
	assert_int_equal(whole[18], 5); /* EXTEND, ALLSUB */
	assert_int_equal(whole[20] | whole[21] << 8 | whole[22] << 16, size); /* TDLPL */
	assert_string_equal((char *)whole + at(NULL, 2) + 256, "nqn.2026-11.example:s2");
	assert_memory_equal(whole + at(NULL, 2) + 1036, "rack 7", 6);
	for (unsigned int i = (unsigned int)size; i < sizeof(whole); i++)
		assert_int_equal(whole[i], 0);
	for (unsigned int off = 0; off < sizeof(whole); off += 52) {
		for (unsigned int len = 4; off + len <= sizeof(whole); len += 332) {
			memset(part, 0xee, sizeof(part));
			fab_disc_render(&src, off, part, len);
			assert_memory_equal(part, whole + off, len);
		}
	}
	nr_gets = 0;
	fab_disc_render(&src, at(NULL, 3), part, 64);
	assert_int_equal(nr_gets, 1);
}

static void test_basic_page_has_no_total_length(void **state)
{
	struct fab_disc_source src = {
		.genctr = 9, .numrec = 1, .dlpf = NVMF_DLPF_PORTLCL, .get = get
	};
	uint8_t b[24];

	(void)state;
	fab_disc_render(&src, 0, b, sizeof(b));
	assert_int_equal(b[18], 2);
	assert_memory_equal(b + 20, "\0\0\0\0", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_lies_in_memory_as_the_specification_says),
		cmocka_unit_test(test_decode_takes_nul_padding_and_refuses_an_nqn_without_end),
		cmocka_unit_test(test_every_window_equals_that_part_of_the_whole),
		cmocka_unit_test(test_offsets_far_past_the_end_yield_zeroes),
		cmocka_unit_test(test_extended_entry_lies_in_memory_as_the_specification_says),
		cmocka_unit_test(test_host_entry_has_its_identifier_and_nothing_of_a_subsystem),
		cmocka_unit_test(test_extended_page_tells_so_and_its_windows_are_parts_of_it),
		cmocka_unit_test(test_basic_page_has_no_total_length),
		cmocka_unit_test(test_only_entries_in_the_window_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
