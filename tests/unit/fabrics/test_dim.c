/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_dim.c - the data of Discovery Information Management: bytes that are taken, and each fault by its field. */
#include "fabrics/dim.h"
#include "tests/unit/unit.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "fabrics/spec/nvme.h"

#define HOST "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555"

/* Written byte by byte, so that the structures are tested too. */
struct bytes {
	uint8_t b[16384];
	uint32_t len;
};

static void le(struct bytes *d, uint32_t off, uint64_t v, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		d->b[off + i] = (uint8_t)(v >> 8 * i);
}

static void finish(struct bytes *d, uint64_t nument)
{
	le(d, 0, d->len, 4);
	le(d, 8, nument, 8);
}

static void header(struct bytes *d, unsigned int entfmt, unsigned int etype, const char *eid)
{
	memset(d, 0, sizeof(*d));
	le(d, 16, entfmt, 2);
	le(d, 18, etype, 2);
	le(d, 22, 0x5f, 2);
	strcpy((char *)d->b + 24, eid);
	strcpy((char *)d->b + 280, "node1");
	memcpy(d->b + 536, "Linux 6.12  ", 12);
	d->len = 1024;
}

/* Returns where it begins. */
static uint32_t basic(struct bytes *d, unsigned int subtype, const char *nqn, const char *traddr,
		      const char *trsvcid)
{
	uint32_t at = d->len;

	d->b[at] = 3;
	d->b[at + 1] = 1;
	d->b[at + 2] = (uint8_t)subtype;
	strcpy((char *)d->b + at + 32, trsvcid);
	strcpy((char *)d->b + at + 256, nqn);
	strcpy((char *)d->b + at + 512, traddr);
	d->len += 1024;
	return at;
}

static void exat(struct bytes *d, uint32_t entry, unsigned int type, const void *value,
		 unsigned int len)
{
	le(d, d->len, type, 2);
	le(d, d->len + 2, len, 2);
	memcpy(d->b + d->len + 4, value, len);
	d->len += 4 + len;
	le(d, entry + 1024, d->len - entry, 4);
	d->b[entry + 1028]++;
}

static uint32_t extended(struct bytes *d, unsigned int subtype, const char *nqn, const char *traddr,
			 const char *trsvcid)
{
	uint32_t at = basic(d, subtype, nqn, traddr, trsvcid);

	d->len += 8;
	le(d, at + 1024, 1032, 4);
	return at;
}

static uint32_t host_entry(struct bytes *d, const char *nqn, const char *traddr)
{
	uint32_t at = extended(d, 0, nqn, traddr, "");

	exat(d, at, 1, "0123456789abcdef", 16);
	return at;
}

/* What libnvme sends. */
static void from_a_host(struct bytes *d)
{
	uint32_t at;

	header(d, 2, 1, HOST);
	at = host_entry(d, HOST, "");
	exat(d, at, 2, "rack 7  ", 8);
	finish(d, 1);
}

static void expect(const struct bytes *d, uint32_t task, uint16_t sc, const char *field, int entry)
{
	struct fab_dim_fault fault = { .field = "" };
	struct fab_dim dim;
	struct fab_status st = fab_dim_decode(task, d->b, d->len, &dim, &fault);

	assert_int_equal(st.code, sc);
	if (!sc)
		return;
	assert_string_equal(fault.field, field);
	assert_int_equal(fault.entry, entry);
	assert_true(st.dnr);
}

static void test_what_libnvme_sends_is_taken(void **state)
{
	struct fab_dim_entry e;
	struct fab_dim_fault fault;
	struct fab_dim dim;
	struct bytes d;
	uint32_t pos = 0;

	(void)state;
	from_a_host(&d);
	assert_int_equal(d.len, 1024 + 1032 + 20 + 12);
	assert_int_equal(fab_dim_decode(0, d.b, d.len, &dim, &fault).code, 0);
	assert_int_equal(dim.task, FAB_DIM_REGISTER);
	assert_int_equal(dim.etype, NVMF_DIM_HOST);
	assert_int_equal(dim.nument, 1);
	assert_string_equal(dim.eid, HOST);
	assert_string_equal(dim.ename, "node1");
	assert_string_equal(dim.ever, "Linux 6.12");
	assert_true(fab_dim_next(&dim, &pos, &e));
	assert_string_equal(e.rec.subnqn, HOST);
	assert_string_equal(e.rec.traddr, "");
	assert_memory_equal(e.hostid, "0123456789abcdef", 16);
	assert_string_equal(e.label, "rack 7");
	assert_false(fab_dim_next(&dim, &pos, &e));
}

static void test_a_ddc_may_register_basic_and_extended_entries_and_referrals(void **state)
{
	struct fab_dim_entry e;
	struct fab_dim_fault fault;
	struct fab_dim dim;
	struct bytes d;
	uint32_t pos = 0, at;

	(void)state;
	header(&d, 1, 2, HOST);
	d.b[20] = 1; /* PORTLCL */
	at = basic(&d, 2, "nqn.2026-11.example:a", "192.0.2.1", "4420");
	d.b[at + 3] = 4;
	le(&d, at + 4, 7, 2);
	le(&d, at + 6, 0xffff, 2);
	le(&d, at + 8, 32, 2);
	d.b[at + 768] = 2;
	basic(&d, 1, "nqn.2026-11.example:dc", "192.0.2.2", "8009");
	finish(&d, 2);
	assert_int_equal(fab_dim_decode(0, d.b, d.len, &dim, &fault).code, 0);
	assert_true(dim.portlcl);
	assert_true(fab_dim_next(&dim, &pos, &e));
	assert_int_equal(e.rec.treq, 4);
	assert_int_equal(e.rec.portid, 7);
	assert_int_equal(e.rec.cntlid, 0xffff);
	assert_int_equal(e.rec.asqsz, 32);
	assert_int_equal(e.rec.sectype, 2);
	assert_string_equal(e.rec.trsvcid, "4420");
	assert_true(fab_dim_next(&dim, &pos, &e));
	assert_int_equal(e.rec.subtype, 1);
	assert_false(fab_dim_next(&dim, &pos, &e));

	header(&d, 2, 2, HOST);
	le(&d, 22, 0x3f, 2);
	at = extended(&d, 2, "nqn.2026-11.example:a", "192.0.2.1", "4420");
	exat(&d, at, 3, "abc\xc3", 4);
	exat(&d, at, 0xff01, "whatever", 8);
	extended(&d, 2, "nqn.2026-11.example:b", "192.0.2.1", "4420");
	finish(&d, 2);
	expect(&d, 0, NVME_SC_INVALID_FIELD, "admin label", 0); /* cut within a character */
	memcpy(d.b + at + 1036, "k\xc3\xbc.", 4);
	expect(&d, 0, 0, NULL, 0);
	expect(&d, 1, 0, NULL, 0);
	expect(&d, 2, 0, NULL, 0);
}

static void test_each_fault_of_the_header_is_invalid_field_and_named(void **state)
{
	static const struct {
		uint32_t off, size;
		uint64_t value;
		const char *field;
	} row[] = {
		{ 0, 4, 1023, "tdl" },
		{ 0, 4, 0xffffffff, "tdl" },
		{ 0, 4, 1024 + 1024, "tel" }, /* ends within the entry */
		{ 8, 8, 0, "nument" },
		{ 8, 8, 2, "nument" },
		{ 8, 8, 0xffffffffffffffff, "nument" },
		{ 16, 2, 0, "entfmt" },
		{ 16, 2, 3, "entfmt" },
		{ 18, 2, 0, "etype" },
		{ 18, 2, 4, "etype" },
		{ 20, 1, 1, "portlcl" },
		{ 22, 2, 0x3f, "ektype" }, /* by Port ID: subsystems only */
		{ 22, 2, 0, "ektype" },
		{ 24, 1, 0, "eid" },
		{ 280, 1, 7, "ename" },
		{ 536, 1, 0x80, "ever" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct bytes d;

		from_a_host(&d);
		le(&d, row[i].off, row[i].value, row[i].size);
		expect(&d, 0, NVME_SC_INVALID_FIELD, row[i].field,
		       strcmp(row[i].field, "tel") ? -1 : 0);
	}
}

static void test_tasks_and_how_many_entries_they_take(void **state)
{
	struct bytes d;

	(void)state;
	from_a_host(&d);
	expect(&d, 0, 0, NULL, 0);
	expect(&d, 1, 0, NULL, 0);
	expect(&d, 2, NVME_SC_INVALID_FIELD, "nument", -1);
	expect(&d, 3, NVME_SC_INVALID_FIELD, "tas", -1);
	expect(&d, 15, NVME_SC_INVALID_FIELD, "tas", -1);
	host_entry(&d, HOST, "192.0.2.1");
	finish(&d, 2);
	expect(&d, 2, 0, NULL, 0);
	expect(&d, 0, 0, NULL, 0);
	finish(&d, 1);
	expect(&d, 0, NVME_SC_INVALID_FIELD, "nument", -1);
}

static void test_two_entries_for_the_peer_are_refused_unless_one_replaces_the_other(void **state)
{
	struct bytes d;

	(void)state;
	from_a_host(&d);
	host_entry(&d, HOST, "");
	finish(&d, 2);
	expect(&d, 0, NVME_SC_INVALID_FIELD, "traddr", 1);
	expect(&d, 1, NVME_SC_INVALID_FIELD, "traddr", 1);
	expect(&d, 2, 0, NULL, 0);
}

static void test_entries_that_do_not_fit_the_entity_are_invalid_discovery_information(void **state)
{
	static const struct {
		uint32_t off;
		uint8_t value;
		const char *field;
	} row[] = {
		{ 2, 2, "subtype" },	  { 3, 4, "treq" },	  { 4, 1, "portid" },
		{ 6, 1, "cntlid" },	  { 8, 1, "asqsz" },	  { 32, '4', "trsvcid" },
		{ 256 + 33, '9', "nqn" }, { 1028, 0, "numexat" },
	};
	struct bytes d;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		from_a_host(&d);
		d.b[1024 + row[i].off] = row[i].value;
		expect(&d, 0, NVME_SC_INVALID_DISCOVERY_INFO, row[i].field, 0);
	}
	header(&d, 2, 1, HOST); /* a label, but no host identifier */
	exat(&d, extended(&d, 0, HOST, "", ""), 2, "rack", 4);
	finish(&d, 1);
	expect(&d, 0, NVME_SC_INVALID_DISCOVERY_INFO, "host identifier", 0);
	header(&d, 1, 1, HOST); /* hosts have extended entries only */
	basic(&d, 0, HOST, "", "");
	finish(&d, 1);
	expect(&d, 0, NVME_SC_INVALID_DISCOVERY_INFO, "entfmt", -1);
	header(&d, 2, 2,
	       HOST); /* a subsystem has no host identifier, and is never the current one */
	exat(&d, extended(&d, 2, "nqn.2026-11.example:a", "", "4420"), 1, "0123456789abcdef", 16);
	finish(&d, 1);
	expect(&d, 0, NVME_SC_INVALID_DISCOVERY_INFO, "host identifier", 0);
	header(&d, 1, 2, HOST);
	basic(&d, 3, "nqn.2026-11.example:a", "", "8009");
	finish(&d, 1);
	expect(&d, 0, NVME_SC_INVALID_DISCOVERY_INFO, "subtype", 0);
	header(&d, 2, 3, HOST); /* a CDC speaks for other hosts */
	host_entry(&d, "nqn.2026-11.example:other", "192.0.2.9");
	finish(&d, 1);
	expect(&d, 0, 0, NULL, 0);
}

static void test_malformed_entries_are_invalid_field(void **state)
{
	static const struct {
		uint32_t off, size;
		uint64_t value;
		const char *field;
	} row[] = {
		{ 0, 1, 1, "trtype" },
		{ 1, 1, 3, "adrfam" },
		{ 256, 1, 0, "nqn" },
		{ 512, 1, 7, "traddr" },
		{ 1024, 4, 1031, "tel" },
		{ 1024, 4, 1054, "tel" },
		{ 1024, 4, 4096, "tel" },
		{ 1024, 4, 0xfffffffc, "tel" },
		{ 1028, 2, 1, "numexat" }, /* bytes that no attribute owns */
		{ 1028, 2, 3, "exatlen" },
		{ 1032, 2, 4, "admin label" }, /* a reserved type */
		{ 1034, 2, 12, "host identifier" },
		{ 1034, 2, 0, "exatlen" },
		{ 1034, 2, 14, "exatlen" },
		{ 1034, 2, 0xfffc, "exatlen" },
		{ 1052 + 4, 1, 0xff, "admin label" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct bytes d;

		from_a_host(&d);
		le(&d, 1024 + row[i].off, row[i].value, row[i].size);
		expect(&d, 0, NVME_SC_INVALID_FIELD, row[i].field, 0);
	}
}

static void test_cut_short_anywhere_it_is_refused(void **state)
{
	struct fab_dim_fault fault;
	struct fab_dim dim;
	struct bytes d;

	(void)state;
	from_a_host(&d);
	for (uint32_t len = 0; len < d.len; len++) {
		assert_int_equal(fab_dim_decode(0, d.b, len, &dim, &fault).code,
				 NVME_SC_INVALID_FIELD);
		if (len >= 1024) {
			le(&d, 0, len, 4); /* and tells that it is */
			assert_int_equal(fab_dim_decode(0, d.b, len, &dim, &fault).code,
					 NVME_SC_INVALID_FIELD);
			finish(&d, 1);
		}
	}
	assert_int_equal(fab_dim_decode(0, d.b, sizeof(d.b), &dim, &fault).code,
			 0); /* more may be described */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_libnvme_sends_is_taken),
		cmocka_unit_test(test_a_ddc_may_register_basic_and_extended_entries_and_referrals),
		cmocka_unit_test(test_each_fault_of_the_header_is_invalid_field_and_named),
		cmocka_unit_test(test_tasks_and_how_many_entries_they_take),
		cmocka_unit_test(
			test_two_entries_for_the_peer_are_refused_unless_one_replaces_the_other),
		cmocka_unit_test(
			test_entries_that_do_not_fit_the_entity_are_invalid_discovery_information),
		cmocka_unit_test(test_malformed_entries_are_invalid_field),
		cmocka_unit_test(test_cut_short_anywhere_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
