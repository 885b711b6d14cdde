/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/io/test_table.c - every row of the NVM command table meets wrong flags, lengths and ranges. */
#include <endian.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/io/table.h"
#include "tests/unit/unit.h"

#define BLOCKS 1000u
#define MAX_BYTES (64u << 10)

static struct fab_ns ns = { .nsid = 2, .lba_shift = 9, .nr_blocks = BLOCKS };
static struct fab_ns ro = { .nsid = 3, .lba_shift = 12, .nr_blocks = BLOCKS, .read_only = true };
static struct fab_ns *slots[4] = { NULL, &ns, &ro, NULL };
static struct fab_view view = { .nr_slots = 4, .nr_active = 2, .slot = slots };
static const struct fab_io_limits lim = { .view = &view, .max_bytes = MAX_BYTES };

/* A command that the row takes: one block, or one range. */
static struct nvme_cmd good(const struct fab_io_row *row)
{
	struct nvme_cmd cmd = { .opcode = row->opcode,
				.flags = NVME_CMD_FLAGS_SGL,
				.nsid = htole32(2) };

	cmd.sgl.id = NVME_SGL_ID_TRANSPORT;
	if (row->len == FAB_IO_LEN_BLOCKS)
		cmd.sgl.length = htole32(512);
	if (row->len == FAB_IO_LEN_RANGES)
		cmd.sgl.length = htole32(4096); /* as Linux sends it */
	return cmd;
}

static struct fab_status decode(const struct nvme_cmd *cmd)
{
	struct fab_io_cmd c;

	return fab_io_decode(cmd, &lim, &c);
}

#define expect(cmd, want_code, member)                                                             \
	do {                                                                                       \
		struct fab_status st_ = decode(cmd);                                               \
		assert_int_equal(st_.code, want_code);                                             \
		assert_int_equal(st_.err_loc, offsetof(struct nvme_cmd, member));                  \
		assert_true(st_.dnr);                                                              \
	} while (0)

typedef void row_check(const struct fab_io_row *row);

static void each_row(row_check *check)
{
	unsigned int n;
	const struct fab_io_row *rows = fab_io_rows(&n);

	assert_in_range(n, 6, 256);
	for (unsigned int i = 0; i < n; i++)
		check(&rows[i]);
}

static void is_accepted(const struct fab_io_row *row)
{
	struct nvme_cmd cmd = good(row);
	struct fab_io_cmd c;

	assert_ptr_equal(fab_io_row(row->opcode), row);
	assert_int_equal(fab_io_effects[row->opcode], row->effects);
	assert_int_equal(NVME_OPC_DIR(row->opcode) == NVME_DIR_C2H, row->dir == FAB_DIR_C2H);
	assert_int_equal(fab_io_decode(&cmd, &lim, &c).code, 0);
	assert_ptr_equal(c.row, row);
	assert_ptr_equal(c.ns, &ns);
	assert_int_equal(c.bytes, row->len == FAB_IO_LEN_BLOCKS	  ? 512
				  : row->len == FAB_IO_LEN_RANGES ? 16
								  : 0);
}

static void test_every_row_accepts_its_command_and_tells_its_effects(void **state)
{
	unsigned int offered = 0, n;

	(void)state;
	each_row(is_accepted);
	fab_io_rows(&n);
	for (unsigned int opc = 0; opc < 256; opc++)
		offered += fab_io_effects[opc] != 0;
	assert_int_equal(offered, n);
}

static void refuses_fuse_and_prp(const struct fab_io_row *row)
{
	struct nvme_cmd cmd = good(row);

	cmd.flags |= NVME_FUSE_FIRST;
	expect(&cmd, NVME_SC_INVALID_FIELD, flags);
	cmd.flags = NVME_CMD_FLAGS_SGL | NVME_FUSE_SECOND;
	expect(&cmd, NVME_SC_INVALID_FIELD, flags);
	cmd.flags = 0;
	if (row->dir != FAB_DIR_NONE)
		expect(&cmd, NVME_SC_INVALID_FIELD, flags);
	else
		assert_int_equal(decode(&cmd).code, 0);
}

static void test_every_row_refuses_fused_and_prp(void **state)
{
	(void)state;
	each_row(refuses_fuse_and_prp);
}

static void refuses_reserved(const struct fab_io_row *row)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct nvme_cmd cmd = good(row);

		if (row->rsvd12 & 1u << bit) {
			cmd.cdw12 = htole32(1u << bit);
			expect(&cmd, NVME_SC_INVALID_FIELD, cdw12);
		}
		cmd = good(row);
		if (row->rsvd10 & 1u << bit) {
			cmd.cdw10 = htole32(1u << bit);
			expect(&cmd, NVME_SC_INVALID_FIELD, cdw10);
		}
		cmd = good(row);
		if (row->rsvd11 & 1u << bit) {
			cmd.cdw11 = htole32(1u << bit);
			expect(&cmd, NVME_SC_INVALID_FIELD, cdw11);
		}
	}
}

static void test_every_row_refuses_its_reserved_bits(void **state)
{
	(void)state;
	each_row(refuses_reserved);
}

static void wants_a_namespace(const struct fab_io_row *row)
{
	static const uint32_t bad[] = { 0, 1, 4, 5, 0x7fffffff, NVME_NSID_LAST };
	struct nvme_cmd cmd = good(row);

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		cmd.nsid = htole32(bad[i]);
		expect(&cmd, NVME_SC_INVALID_NS, nsid);
	}
	cmd.nsid = htole32(NVME_NSID_ALL);
	if (row->opcode == NVME_IO_FLUSH)
		assert_int_equal(decode(&cmd).code, 0);
	else
		expect(&cmd, NVME_SC_INVALID_NS, nsid);
}

static void test_every_row_wants_an_active_namespace(void **state)
{
	(void)state;
	each_row(wants_a_namespace);
}

static void heeds_write_protection(const struct fab_io_row *row)
{
	struct nvme_cmd cmd = good(row);

	cmd.nsid = htole32(3);
	if (row->len == FAB_IO_LEN_BLOCKS)
		cmd.sgl.length = htole32(4096);
	if (row->flags & FAB_IO_CHANGES)
		expect(&cmd, NVME_SC_NS_WRITE_PROTECTED, nsid);
	else
		assert_int_equal(decode(&cmd).code, 0);
	assert_int_equal(!!(row->flags & FAB_IO_CHANGES), !!(row->effects & NVME_EFF_LBCC));
}

static void test_rows_that_change_data_heed_write_protection(void **state)
{
	(void)state;
	each_row(heeds_write_protection);
}

static void put_range(struct nvme_cmd *cmd, uint64_t slba, uint32_t nlb)
{
	cmd->cdw10 = htole32((uint32_t)slba);
	cmd->cdw11 = htole32((uint32_t)(slba >> 32));
	cmd->cdw12 = htole32(nlb - 1);
	cmd->sgl.length = htole32(nlb * 512);
}

static void stays_in_the_namespace(const struct fab_io_row *row)
{
	static const struct {
		uint64_t slba;
		uint32_t nlb;
	} bad[] = { { BLOCKS, 1 },     { BLOCKS - 1, 2 },     { 0, BLOCKS + 1 },
		    { UINT64_MAX, 1 }, { UINT64_MAX - 1, 4 }, { 1ull << 32, 1 } };
	struct nvme_cmd cmd = good(row);

	if (!(row->flags & FAB_IO_LBA))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		put_range(&cmd, bad[i].slba, bad[i].nlb);
		expect(&cmd, NVME_SC_LBA_RANGE, cdw10);
	}
	put_range(&cmd, BLOCKS - 2, 2);
	assert_int_equal(decode(&cmd).code, 0);
}

static void test_rows_with_lbas_stay_in_the_namespace(void **state)
{
	(void)state;
	each_row(stays_in_the_namespace);
}

static void wants_the_right_length(const struct fab_io_row *row)
{
	struct nvme_cmd cmd = good(row);

	if (row->len == FAB_IO_LEN_BLOCKS) {
		put_range(&cmd, 0, 4);
		cmd.sgl.length = htole32(4 * 512 - 1);
		expect(&cmd, NVME_SC_SGL_INVALID_DATA_LEN, sgl.length);
		cmd.sgl.length = htole32(4 * 512 + 512);
		expect(&cmd, NVME_SC_SGL_INVALID_DATA_LEN, sgl.length);
		put_range(&cmd, 0, MAX_BYTES / 512);
		assert_int_equal(decode(&cmd).code, 0);
		put_range(&cmd, 0, MAX_BYTES / 512 + 1);
		expect(&cmd, NVME_SC_INVALID_FIELD, cdw12);
	} else if (row->len == FAB_IO_LEN_RANGES) {
		cmd.cdw10 = htole32(255);
		assert_int_equal(decode(&cmd).code, 0);
		cmd.sgl.length = htole32(4095);
		expect(&cmd, NVME_SC_SGL_INVALID_DATA_LEN, sgl.length);
	}
}

static void test_rows_with_data_want_the_right_length(void **state)
{
	(void)state;
	each_row(wants_the_right_length);
}

static void test_opcodes_without_a_row_are_invalid(void **state)
{
	(void)state;
	for (unsigned int opc = 0; opc < 256; opc++) {
		struct nvme_cmd cmd = { .opcode = (uint8_t)opc,
					.flags = NVME_CMD_FLAGS_SGL,
					.nsid = htole32(2) };

		if (!fab_io_row((uint8_t)opc))
			expect(&cmd, NVME_SC_INVALID_OPCODE, opcode);
	}
}

static void test_limits_of_write_zeroes_and_dsm_are_kept(void **state)
{
	struct nvme_cmd wz = good(fab_io_row(NVME_IO_WRITE_ZEROES)),
			dsm = good(fab_io_row(NVME_IO_DSM));
	struct nvme_dsm_range r = { .nlb = htole32(16), .slba = htole64(BLOCKS - 16) };

	(void)state;
	ns.max_wz_blocks = 8;
	ns.max_dsm_ranges = 2;
	ns.max_dsm_blocks = 16;
	put_range(&wz, 0, 8);
	assert_int_equal(decode(&wz).code, 0);
	put_range(&wz, 0, 9);
	expect(&wz, NVME_SC_INVALID_FIELD, cdw12);
	dsm.cdw10 = htole32(1);
	assert_int_equal(decode(&dsm).code, 0);
	dsm.cdw10 = htole32(2);
	expect(&dsm, NVME_SC_CMD_SIZE_LIMIT, cdw10);
	assert_int_equal(fab_io_check_range(&ns, &r).code, 0);
	r.nlb = htole32(17);
	assert_int_equal(fab_io_check_range(&ns, &r).code, NVME_SC_LBA_RANGE);
	r.slba = 0;
	assert_int_equal(fab_io_check_range(&ns, &r).code, NVME_SC_CMD_SIZE_LIMIT);
	r.slba = htole64(UINT64_MAX);
	assert_int_equal(fab_io_check_range(&ns, &r).code, NVME_SC_LBA_RANGE);
	ns.max_wz_blocks = ns.max_dsm_ranges = ns.max_dsm_blocks = 0;
}

static const uint8_t states[FAB_ANA_GROUPS + 1] = { 0, NVME_ANA_NON_OPTIMIZED,
						    NVME_ANA_INACCESSIBLE, NVME_ANA_PERSISTENT_LOSS,
						    NVME_ANA_CHANGE };

static void heeds_ana(const struct fab_io_row *row)
{
	static const uint16_t want[] = { 0, 0, NVME_SC_ANA_INACCESSIBLE,
					 NVME_SC_ANA_PERSISTENT_LOSS, NVME_SC_ANA_TRANSITION };
	struct nvme_cmd cmd = good(row);

	for (uint32_t group = 1; group < ARRAY_SIZE(want); group++) {
		ns.anagrpid = group;
		assert_int_equal(decode(&cmd).code, want[group]);
		assert_false(decode(&cmd).dnr); /* another way, or later */
	}
}

static void test_every_row_is_refused_by_the_state_of_the_ana_group(void **state)
{
	struct nvme_cmd cmd = { .opcode = NVME_IO_FLUSH, .nsid = htole32(NVME_NSID_ALL) };

	(void)state;
	view.ana = states;
	ro.anagrpid = 1;
	each_row(heeds_ana);
	ns.anagrpid = 1;
	assert_int_equal(decode(&cmd).code, 0);
	ro.anagrpid = 2; /* one of all */
	assert_int_equal(decode(&cmd).code, NVME_SC_ANA_INACCESSIBLE);
	cmd.nsid = htole32(2);
	assert_int_equal(decode(&cmd).code, 0);
	view.ana = NULL;
	ns.anagrpid = ro.anagrpid = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_refused_by_the_state_of_the_ana_group),
		cmocka_unit_test(test_every_row_accepts_its_command_and_tells_its_effects),
		cmocka_unit_test(test_every_row_refuses_fused_and_prp),
		cmocka_unit_test(test_every_row_refuses_its_reserved_bits),
		cmocka_unit_test(test_every_row_wants_an_active_namespace),
		cmocka_unit_test(test_rows_that_change_data_heed_write_protection),
		cmocka_unit_test(test_rows_with_lbas_stay_in_the_namespace),
		cmocka_unit_test(test_rows_with_data_want_the_right_length),
		cmocka_unit_test(test_opcodes_without_a_row_are_invalid),
		cmocka_unit_test(test_limits_of_write_zeroes_and_dsm_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
