/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_zoning.c - ZoneGroups: bytes that are taken, each fault by its field, and the bytes that are made. */
#include "fabrics/zoning.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define DDC "nqn.2026-11.example:ddc1"
#define HOST "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555"
#define SUBSYS "nqn.2026-11.example:vol1"

/* Written byte by byte, so that the structures are tested too. */
struct bytes {
	uint8_t b[8192];
	size_t len;
};

static void le16(struct bytes *d, size_t off, unsigned int v)
{
	d->b[off] = (uint8_t)v;
	d->b[off + 1] = (uint8_t)(v >> 8);
}

static void group(struct bytes *d, const char *originator, const char *name, unsigned int numz)
{
	memset(d, 0, sizeof(*d));
	strcpy((char *)d->b, originator);
	strcpy((char *)d->b + 224, name);
	le16(d, 254, numz);
	d->len = 256;
}

static size_t zone(struct bytes *d, const char *name, unsigned int numzm, unsigned int numzp)
{
	size_t at = d->len;

	strcpy((char *)d->b + at, name);
	le16(d, at + 124, numzm);
	le16(d, at + 126, numzp);
	d->len += 128;
	return at;
}

static size_t member(struct bytes *d, unsigned int type, unsigned int role, const char *nqn)
{
	size_t at = d->len;

	d->b[at] = (uint8_t)type;
	le16(d, at + 1, 256);
	d->b[at + 3] = (uint8_t)role;
	strcpy((char *)d->b + at + 32, nqn);
	d->len += 256;
	return at;
}

static size_t address(struct bytes *d, size_t at, unsigned int adrfam, const char *bytes)
{
	d->b[at + 4] = (uint8_t)adrfam;
	d->b[at + 5] = 6;
	memcpy(d->b + at + 8, bytes, adrfam == 1 ? 4 : 16);
	return at;
}

/* One zone of each type of member. */
static void every_type(struct bytes *d)
{
	static const char v6[] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07";
	size_t at;

	group(d, DDC, "backup", 1);
	zone(d, "all types", 9, 1);
	member(d, 0x01, 1, HOST);
	address(d, member(d, 0x02, 1, HOST), 1, "\x0a\0\0\x05");
	at = address(d, member(d, 0x03, 2, SUBSYS), 1, "\x0a\0\0\x07");
	le16(d, at + 6, 4420);
	at = address(d, member(d, 0x04, 2, SUBSYS), 2, v6);
	le16(d, at + 6, 4421);
	le16(d, at + 24, 3);
	at = member(d, 0x05, 2, SUBSYS);
	le16(d, at + 24, 258);
	at = member(d, 0x06, 2, SUBSYS);
	d->b[at + 4] = 2;
	d->b[at + 5] = 6;
	le16(d, at + 24, 4);
	address(d, member(d, 0x11, 1, ""), 2, v6);
	at = address(d, member(d, 0x12, 2, ""), 1, "\x0a\0\0\x09");
	le16(d, at + 6, 4422);
	member(d, 0xef, 0, "web servers");
	memcpy(d->b + d->len, "\x01\x04\0\x01", 4);
	d->len += 4;
}

static void expect(const struct bytes *d, const char *field, int zone_nr, int member_nr)
{
	struct fab_zone_fault fault = { .field = "none" };
	struct fab_zone_group g;

	assert_int_equal(fab_zone_group_decode(d->b, d->len, &g, &fault), -22);
	assert_string_equal(fault.field, field);
	assert_int_equal(fault.zone, zone_nr);
	assert_int_equal(fault.member, member_nr);
}

static void decode(const struct bytes *d, struct fab_zone_group *g)
{
	struct fab_zone_fault fault = { .field = "none" };

	if (fab_zone_group_decode(d->b, d->len, g, &fault) < 0)
		fail_msg("refused: %s in zone %d, member %d", fault.field, fault.zone,
			 fault.member);
}

static struct fab_zone_member nth(const struct fab_zone *z, unsigned int i)
{
	struct fab_zone_member m;
	const char *field;

	assert_int_equal(fab_zone_member_decode(&z->members[i], &m, &field), 0);
	return m;
}

static void test_every_type_of_member_is_read(void **state)
{
	struct fab_zone_group g;
	struct fab_zone_member m;
	struct fab_zone z;
	struct bytes d;
	size_t pos = 0;

	(void)state;
	every_type(&d);
	decode(&d, &g);
	assert_string_equal(g.originator, DDC);
	assert_string_equal(g.name, "backup");
	assert_true(fab_zone_next(&g, &pos, &z));
	assert_string_equal(z.name, "all types");
	assert_int_equal(z.nr_members, 9);
	assert_true(z.enforced);
	m = nth(&z, 0);
	assert_int_equal(m.role, NVMF_ZONE_HOST);
	assert_string_equal(m.name, HOST);
	m = nth(&z, 1);
	assert_memory_equal(m.addr, "\x0a\0\0\x05\0\0\0\0", 8);
	m = nth(&z, 2);
	assert_int_equal(m.port, 4420);
	assert_int_equal(m.ipproto, NVMF_ZONE_TCP);
	m = nth(&z, 3);
	assert_int_equal(m.port, 4421);
	assert_int_equal(m.portid, 3);
	assert_int_equal(m.addr[15], 7);
	m = nth(&z, 4);
	assert_int_equal(m.portid, 258);
	assert_int_equal(m.ipproto, 0);
	m = nth(&z, 5);
	assert_int_equal(m.portid, 4);
	assert_int_equal(m.adrfam, NVMF_ADRFAM_IPV6);
	m = nth(&z, 6);
	assert_string_equal(m.name, "");
	assert_int_equal(m.addr[0], 0x20);
	m = nth(&z, 7);
	assert_int_equal(m.role, NVMF_ZONE_SUBSYSTEM);
	assert_int_equal(m.port, 4422);
	m = nth(&z, 8);
	assert_int_equal(m.type, NVMF_ZM_ALIAS);
	assert_int_equal(m.role, 0);
	assert_string_equal(m.name, "web servers");
	assert_false(fab_zone_next(&g, &pos, &z));
}

static void test_what_is_encoded_is_the_same_bytes(void **state)
{
	struct nvmf_zone_property prop;
	struct nvmf_zone_member bytes;
	struct nvmf_zone_group head;
	struct nvmf_zone zhead;
	struct fab_zone_member m;
	struct fab_zone_group g;
	struct fab_zone z;
	struct bytes d;
	size_t pos = 0;

	(void)state;
	every_type(&d);
	decode(&d, &g);
	fab_zone_group_encode(g.originator, g.name, g.nr_zones, &head);
	assert_memory_equal(&head, d.b, sizeof(head));
	assert_true(fab_zone_next(&g, &pos, &z));
	fab_zone_encode(z.name, z.nr_members, z.enforced, &zhead);
	assert_memory_equal(&zhead, d.b + 256, sizeof(zhead));
	for (unsigned int i = 0; i < z.nr_members; i++) {
		m = nth(&z, i);
		fab_zone_member_encode(&m, &bytes);
		assert_memory_equal(&bytes, &z.members[i], sizeof(bytes));
	}
	fab_zone_enforced_encode(&prop);
	assert_memory_equal(&prop, d.b + d.len - 4, 4);
}

static void test_an_empty_group_and_an_empty_zone_are_taken(void **state)
{
	struct fab_zone_group g;
	struct fab_zone z;
	struct bytes d;
	size_t pos = 0;

	(void)state;
	group(&d, DDC, "g", 0);
	decode(&d, &g);
	assert_false(fab_zone_next(&g, &pos, &z));
	group(&d, DDC, "g", 2);
	zone(&d, "a", 0, 0);
	zone(&d, "b", 0, 0);
	decode(&d, &g);
	assert_true(fab_zone_next(&g, &pos, &z) && fab_zone_next(&g, &pos, &z));
	assert_string_equal(z.name, "b");
	assert_false(fab_zone_next(&g, &pos, &z));
}

static void test_a_property_that_is_not_known_is_passed_by(void **state)
{
	struct fab_zone_group g;
	struct fab_zone z;
	struct bytes d;
	size_t pos = 0;

	(void)state;
	group(&d, DDC, "g", 1);
	zone(&d, "z", 0, 2);
	memcpy(d.b + d.len, "\x77\x05\0ab\x01\x04\0\x02", 9);
	d.len += 9 + 3; /* whole dwords */
	decode(&d, &g);
	assert_true(fab_zone_next(&g, &pos, &z));
	assert_false(z.enforced); /* only the value 1 asks for it */
	assert_false(fab_zone_next(&g, &pos, &z));
}

static void test_each_fault_is_told_by_its_field(void **state)
{
	static const struct {
		size_t off;
		uint8_t value;
		const char *field;
		int zone, member;
	} faults[] = {
		{ 0, 'x', "zgorig", -1, -1 },
		{ 224, 0, "zgname", -1, -1 },
		{ 225, 7, "zgname", -1, -1 },
		{ 254, 2, "numz", 1, -1 },
		{ 254, 0, "length", -1, -1 },
		{ 256, 0, "zname", 0, -1 },
		{ 256 + 124, 200, "numzm", 0, -1 },
		{ 256 + 126, 2, "zplen", 0, -1 },
		{ 384, 0x00, "zmtype", 0, 0 },
		{ 384, 0xf0, "zmtype", 0, 0 },
		{ 384 + 1, 1, "zmlen", 0, 0 },
		{ 384 + 3, 3, "zmrole", 0, 0 },
		{ 384 + 32, 'x', "zmnqn", 0, 0 },
		{ 640 + 4, 3, "zmadrfam", 0, 1 },
		{ 640 + 5, 1, "zmipproto", 0, 1 },
		{ 384 + 5 * 256 + 4, 0, "zmadrfam", 0, 5 },
		{ 384 + 8 * 256 + 32, 0, "zmzaname", 0, 8 },
	};
	struct bytes d;

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		every_type(&d);
		d.b[faults[i].off] = faults[i].value;
		expect(&d, faults[i].field, faults[i].zone, faults[i].member);
	}
}

static void test_names_must_end_within_their_fields(void **state)
{
	struct bytes d;

	(void)state;
	every_type(&d);
	memset(d.b + 224, 'g', 30);
	expect(&d, "zgname", -1, -1);
	every_type(&d);
	memset(d.b + 256, 'z', 124);
	expect(&d, "zname", 0, -1);
	every_type(&d);
	memset(d.b + 384 + 8 * 256 + 32, 'a', 124);
	expect(&d, "zmzaname", 0, 8);
	every_type(&d);
	memset(d.b + 384 + 32 + 4, 'n', 220);
	expect(&d, "zmnqn", 0, 0);
}

static void test_any_part_of_a_group_is_refused(void **state)
{
	struct fab_zone_fault fault = { .field = "none" };
	struct fab_zone_group g;
	struct bytes d;

	(void)state;
	every_type(&d);
	for (size_t len = 0; len < d.len; len++)
		assert_int_equal(fab_zone_group_decode(d.b, len, &g, &fault), -22);
	assert_int_equal(fab_zone_group_decode(d.b, d.len + 4, &g, &fault), -22);
	assert_string_equal(fault.field, "length");
}

static void test_types_are_found_by_their_elements(void **state)
{
	static const uint8_t all[] = { 1, 2, 3, 4, 5, 6, 0x11, 0x12, 0xef };

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		assert_int_equal(fab_zone_type_of(fab_zone_type_elements(all[i])), all[i]);
	assert_int_equal(fab_zone_type_elements(7), 0);
	assert_int_equal(fab_zone_type_of(FAB_ZE_PORT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_of_member_is_read),
		cmocka_unit_test(test_what_is_encoded_is_the_same_bytes),
		cmocka_unit_test(test_an_empty_group_and_an_empty_zone_are_taken),
		cmocka_unit_test(test_a_property_that_is_not_known_is_passed_by),
		cmocka_unit_test(test_each_fault_is_told_by_its_field),
		cmocka_unit_test(test_names_must_end_within_their_fields),
		cmocka_unit_test(test_any_part_of_a_group_is_refused),
		cmocka_unit_test(test_types_are_found_by_their_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
