/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/io/table.h - NVM commands: one row each says what it moves, what must hold before it runs, and what it changes.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Command Set 1.1, 3.3; Base 2.1, 4.1, 7.2 (Flush).
 *
 * Derived from the rows: validation, the Commands Supported and Effects log (LID 05h), names in logs, the table's test. */
#ifndef FABRICS_IO_TABLE_H
#define FABRICS_IO_TABLE_H

#include "fabrics/req.h"
#include "fabrics/view.h"

/* What the command's length is counted in. */
enum fab_io_len {
	FAB_IO_LEN_NONE,
	FAB_IO_LEN_BLOCKS, /* NLB in CDW12; the SGL describes exactly that */
	FAB_IO_LEN_RANGES, /* NR in CDW10, 16 bytes each; the SGL may be longer */
};

enum fab_io_flag {
	FAB_IO_LBA = 1 << 0,	 /* SLBA and NLB name a range, which must lie in the namespace */
	FAB_IO_CHANGES = 1 << 1, /* not on a namespace that is write protected */
	FAB_IO_NSID_ALL = 1 << 2, /* NSID FFFFFFFFh: every namespace of the controller */
};

struct fab_io_row {
	const char *name;
	uint8_t opcode; /* enum nvme_io_opcode */
	uint8_t dir;	/* enum fab_dir */
	uint8_t len;	/* enum fab_io_len */
	uint8_t flags;	/* enum fab_io_flag */
	uint32_t rsvd10, rsvd11, rsvd12; /* bits that must be 0, being reserved or naming what isn't offered */
	uint32_t effects;		  /* as in the log */
};

/* A command, decoded and checked. */
struct fab_io_cmd {
	const struct fab_io_row *row;
	struct fab_ns *ns; /* NULL: all (FAB_IO_NSID_ALL) */
	uint64_t slba;
	uint32_t nlb;	/* 1-based; ranges for FAB_IO_LEN_RANGES */
	uint32_t bytes; /* that move */
};

struct fab_io_limits {
	const struct fab_view *view;
	uint64_t max_bytes; /* MDTS */
};

/* Effects by opcode, for fab_personality.io_effects. */
extern const uint32_t fab_io_effects[256];
const struct fab_io_row *fab_io_rows(unsigned int *ret_count);
const struct fab_io_row *fab_io_row(uint8_t opcode); /* NULL: not offered */
/* FAB_OK with *ret filled, or what the host is told. */
struct fab_status fab_io_decode(const struct nvme_cmd *cmd, const struct fab_io_limits *lim, struct fab_io_cmd *ret);
/* A Dataset Management range against the namespace: LBA Out of Range, or Command Size Limit Exceeded. */
struct fab_status fab_io_check_range(const struct fab_ns *ns, const struct nvme_dsm_range *range);

#endif
