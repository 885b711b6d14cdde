/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/io/table.c - the rows, and the one function that checks a command against its row.
 * Owns, thread, blocking, spec: see the header. */
#include "fabrics/io/table.h"

#include <endian.h>

#include "common/container.h"

#define AT(member) offsetof(struct nvme_cmd, member)
#define LBCC (NVME_EFF_CSUPP | NVME_EFF_LBCC)

/* CDW12 of Read, Write and Compare: bit 25, DTYPE (no directives) and CETYPE (no Key Per I/O).  PRINFO and the storage tag
 * check (24) mean nothing without protection information. */
#define RSVD_RW 0x02ff0000u
/* Write Zeroes: bit 25 is DEAC; 23 (zero the whole namespace) isn't offered. */
#define RSVD_WZ 0x00ff0000u

static const struct fab_io_row rows[] = {
	{ .name = "flush",
	  .opcode = NVME_IO_FLUSH,
	  .flags = FAB_IO_NSID_ALL,
	  .effects = NVME_EFF_CSUPP },
	{ .name = "write",
	  .opcode = NVME_IO_WRITE,
	  .dir = FAB_DIR_H2C,
	  .len = FAB_IO_LEN_BLOCKS,
	  .flags = FAB_IO_LBA | FAB_IO_CHANGES,
	  .rsvd12 = RSVD_RW,
	  .effects = LBCC },
	{ .name = "read",
	  .opcode = NVME_IO_READ,
	  .dir = FAB_DIR_C2H,
	  .len = FAB_IO_LEN_BLOCKS,
	  .flags = FAB_IO_LBA,
	  .rsvd12 = RSVD_RW,
	  .effects = NVME_EFF_CSUPP },
	{ .name = "compare",
	  .opcode = NVME_IO_COMPARE,
	  .dir = FAB_DIR_H2C,
	  .len = FAB_IO_LEN_BLOCKS,
	  .flags = FAB_IO_LBA,
	  .rsvd12 = RSVD_RW,
	  .effects = NVME_EFF_CSUPP },
	{ .name = "write_zeroes",
	  .opcode = NVME_IO_WRITE_ZEROES,
	  .flags = FAB_IO_LBA | FAB_IO_CHANGES,
	  .rsvd12 = RSVD_WZ,
	  .effects = LBCC },
	{ .name = "dataset_management",
	  .opcode = NVME_IO_DSM,
	  .dir = FAB_DIR_H2C,
	  .len = FAB_IO_LEN_RANGES,
	  .flags = FAB_IO_CHANGES,
	  .rsvd10 = ~0xffu,
	  .rsvd11 = ~(NVME_DSM_AD | NVME_DSM_IDW | NVME_DSM_IDR),
	  .effects = LBCC },
};

/* Opcode -> 1 + index in rows. */
static const uint8_t index_of[256] = {
	[NVME_IO_FLUSH] = 1,   [NVME_IO_WRITE] = 2,	   [NVME_IO_READ] = 3,
	[NVME_IO_COMPARE] = 4, [NVME_IO_WRITE_ZEROES] = 5, [NVME_IO_DSM] = 6,
};

const uint32_t fab_io_effects[256] = {
	[NVME_IO_FLUSH] = NVME_EFF_CSUPP, [NVME_IO_WRITE] = LBCC,
	[NVME_IO_READ] = NVME_EFF_CSUPP,  [NVME_IO_COMPARE] = NVME_EFF_CSUPP,
	[NVME_IO_WRITE_ZEROES] = LBCC,	  [NVME_IO_DSM] = LBCC,
};

const struct fab_io_row *fab_io_rows(unsigned int *ret_count)
{
	*ret_count = ARRAY_SIZE(rows);
	return rows;
}

const struct fab_io_row *fab_io_row(uint8_t opcode)
{
	uint8_t i = index_of[opcode];

	return i ? &rows[i - 1] : NULL;
}

/* One NSID that can't exist and one that isn't attached are told alike, as hosts know it from other targets. */
static struct fab_status find_ns(const struct fab_io_row *row, uint32_t nsid,
				 const struct fab_view *view, struct fab_ns **ret)
{
	*ret = fab_view_ns(view, nsid);
	if (*ret || (nsid == NVME_NSID_ALL && row->flags & FAB_IO_NSID_ALL))
		return view->ana ? fab_view_ana_check(view, nsid) : FAB_OK;
	return FAB_ERR_AT(NVME_SC_INVALID_NS, AT(nsid));
}

static struct fab_status check_form(const struct nvme_cmd *cmd, const struct fab_io_row *row)
{
	if (NVME_CMD_FUSE(cmd->flags) != NVME_FUSE_NONE)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(flags));
	if (row->dir != FAB_DIR_NONE && NVME_CMD_PSDT(cmd->flags) != NVME_PSDT_SGL)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(flags));
	if (le32toh(cmd->cdw12) & row->rsvd12)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(cdw12));
	if (le32toh(cmd->cdw10) & row->rsvd10)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(cdw10));
	if (le32toh(cmd->cdw11) & row->rsvd11)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(cdw11));
	return FAB_OK;
}

static bool in_namespace(const struct fab_ns *ns, uint64_t slba, uint64_t nlb)
{
	return slba <= ns->nr_blocks && nlb <= ns->nr_blocks - slba;
}

static struct fab_status decode_blocks(const struct nvme_cmd *cmd, const struct fab_io_limits *lim,
				       struct fab_io_cmd *c)
{
	uint64_t bytes;

	c->slba = (uint64_t)le32toh(cmd->cdw11) << 32 | le32toh(cmd->cdw10);
	c->nlb = (le32toh(cmd->cdw12) & 0xffff) + 1;
	if (!in_namespace(c->ns, c->slba, c->nlb))
		return FAB_ERR_AT(NVME_SC_LBA_RANGE, AT(cdw10));
	if (c->row->len == FAB_IO_LEN_NONE) {
		if (c->ns->max_wz_blocks && c->nlb > c->ns->max_wz_blocks)
			return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(cdw12));
		return FAB_OK;
	}
	bytes = (uint64_t)c->nlb << c->ns->lba_shift;
	if (bytes > lim->max_bytes)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, AT(cdw12));
	if (le32toh(cmd->sgl.length) != bytes)
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_DATA_LEN, AT(sgl.length));
	c->bytes = (uint32_t)bytes;
	return FAB_OK;
}

static struct fab_status decode_ranges(const struct nvme_cmd *cmd, struct fab_io_cmd *c)
{
	c->nlb = (le32toh(cmd->cdw10) & 0xff) + 1;
	c->bytes = c->nlb * (uint32_t)sizeof(struct nvme_dsm_range);
	if (c->ns->max_dsm_ranges && c->nlb > c->ns->max_dsm_ranges)
		return FAB_ERR_AT(NVME_SC_CMD_SIZE_LIMIT, AT(cdw10));
	if (le32toh(cmd->sgl.length) < c->bytes)
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_DATA_LEN, AT(sgl.length));
	return FAB_OK;
}

struct fab_status fab_io_decode(const struct nvme_cmd *cmd, const struct fab_io_limits *lim,
				struct fab_io_cmd *ret)
{
	const struct fab_io_row *row = fab_io_row(cmd->opcode);
	struct fab_status st;

	*ret = (struct fab_io_cmd){ .row = row };
	if (!row)
		return FAB_ERR_AT(NVME_SC_INVALID_OPCODE, AT(opcode));
	st = check_form(cmd, row);
	if (fab_failed(st))
		return st;
	st = find_ns(row, le32toh(cmd->nsid), lim->view, &ret->ns);
	if (fab_failed(st) || !ret->ns)
		return st;
	if (row->flags & FAB_IO_CHANGES && ret->ns->read_only)
		return FAB_ERR_AT(NVME_SC_NS_WRITE_PROTECTED, AT(nsid));
	if (row->flags & FAB_IO_LBA)
		return decode_blocks(cmd, lim, ret);
	if (row->len == FAB_IO_LEN_RANGES)
		return decode_ranges(cmd, ret);
	return FAB_OK;
}

struct fab_status fab_io_check_range(const struct fab_ns *ns, const struct nvme_dsm_range *range)
{
	uint32_t nlb = le32toh(range->nlb);

	if (!in_namespace(ns, le64toh(range->slba), nlb))
		return FAB_ERR(NVME_SC_LBA_RANGE);
	if (ns->max_dsm_blocks && nlb > ns->max_dsm_blocks)
		return FAB_ERR(NVME_SC_CMD_SIZE_LIMIT);
	return FAB_OK;
}
