/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvme_log.h - data structures that Get Log Page returns (discovery logs: nvmf.h).
 * Owns: nothing.  Thread: any.  May block: never.  Spec: Base 2.1, 5.1.12.
 * Included by nvme.h.  All multi-byte fields are little-endian. */
#ifndef FABRICS_SPEC_NVME_LOG_H
#define FABRICS_SPEC_NVME_LOG_H

/* LID 00h: one entry per log page identifier. */
#define NVME_LIDS_LSUPP (1u << 0)
#define NVME_LIDS_IOS (1u << 1)
#define NVME_LIDS_LIDSP_SHIFT 16
/* LID specific parameter of the discovery log's entry. */
#define NVME_LIDS_DISC_EXTDLPES (1u << 16)
#define NVME_LIDS_DISC_PLEOS (1u << 17)
#define NVME_LIDS_DISC_ALLSUBES (1u << 18)
/* ... and of the host discovery log's. */
#define NVME_LIDS_HOST_DISC_ALLHOSTES (1u << 16)

struct nvme_log_supported {
	uint32_t lid[256];
} NVME_PACKED;
NVME_SIZE(struct nvme_log_supported, 1024);

/* LID 01h: the newest entry first. */
#define NVME_PEL(byte, bit) ((uint16_t)((byte) | (bit) << 8))
#define NVME_PEL_NONE 0xffffu

struct nvme_log_error {
	uint64_t errcnt;
	uint16_t sqid;
	uint16_t cid;
	uint16_t status; /* as in the CQE */
	uint16_t pel; /* byte 7:0, bit 10:8 of the parameter at fault */
	uint64_t lba;
	uint32_t nsid;
	uint8_t vsia;
	uint8_t trtype;
	uint8_t csi;
	uint8_t opc;
	uint64_t csinfo;
	uint16_t ttsi;
	uint8_t rsvd42[21];
	uint8_t lpver;
} NVME_PACKED;
NVME_SIZE(struct nvme_log_error, 64);
NVME_AT(struct nvme_log_error, pel, 14);
NVME_AT(struct nvme_log_error, nsid, 24);
NVME_AT(struct nvme_log_error, csinfo, 32);
NVME_AT(struct nvme_log_error, lpver, 63);

/* LID 02h. The 128-bit counters are little-endian. */
struct nvme_log_smart {
	uint8_t cw;
	uint16_t ctemp; /* kelvin */
	uint8_t avsp;
	uint8_t avspt;
	uint8_t pused;
	uint8_t egcws;
	uint8_t rsvd7[25];
	uint8_t dur[16]; /* thousands of 512-byte units */
	uint8_t duw[16];
	uint8_t hrc[16];
	uint8_t hwc[16];
	uint8_t cbt[16];
	uint8_t pwrc[16];
	uint8_t poh[16];
	uint8_t upl[16];
	uint8_t mdie[16];
	uint8_t neile[16];
	uint32_t wctt;
	uint32_t cctt;
	uint16_t tsen[8];
	uint32_t tmt1tc;
	uint32_t tmt2tc;
	uint32_t tttmt1;
	uint32_t tttmt2;
	uint8_t rsvd232[280];
} NVME_PACKED;
NVME_SIZE(struct nvme_log_smart, 512);
NVME_AT(struct nvme_log_smart, dur, 32);
NVME_AT(struct nvme_log_smart, neile, 176);
NVME_AT(struct nvme_log_smart, tttmt2, 228);

/* LID 03h. */
struct nvme_log_fw_slot {
	uint8_t afi;
	uint8_t rsvd1[7];
	char frs[7][8];
	uint8_t rsvd64[448];
} NVME_PACKED;
NVME_SIZE(struct nvme_log_fw_slot, 512);
NVME_AT(struct nvme_log_fw_slot, frs, 8);

/* LID 05h. */
#define NVME_EFF_CSUPP (1u << 0)
#define NVME_EFF_LBCC (1u << 1)
#define NVME_EFF_NCC (1u << 2)
#define NVME_EFF_NIC (1u << 3)
#define NVME_EFF_CCC (1u << 4)
#define NVME_EFF_CSE_SHIFT 16
#define NVME_EFF_UUID (1u << 19)
#define NVME_EFF_SCOPE_NS (1u << 20)
#define NVME_EFF_SCOPE_CTRL (1u << 21)

struct nvme_log_effects {
	uint32_t acs[256];
	uint32_t iocs[256];
	uint8_t rsvd2048[2048];
} NVME_PACKED;
NVME_SIZE(struct nvme_log_effects, 4096);
NVME_AT(struct nvme_log_effects, iocs, 1024);

/* LID 0Ch. */
enum nvme_ana_state {
	NVME_ANA_OPTIMIZED = 0x1,
	NVME_ANA_NON_OPTIMIZED = 0x2,
	NVME_ANA_INACCESSIBLE = 0x3,
	NVME_ANA_PERSISTENT_LOSS = 0x4,
	NVME_ANA_CHANGE = 0xf,
};

struct nvme_log_ana {
	uint64_t chgcnt;
	uint16_t ngrps;
	uint8_t rsvd10[6];
} NVME_PACKED;
NVME_SIZE(struct nvme_log_ana, 16);
NVME_AT(struct nvme_log_ana, ngrps, 8);

struct nvme_ana_group {
	uint32_t grpid;
	uint32_t nnsids;
	uint64_t chgcnt;
	uint8_t state;
	uint8_t rsvd17[15];
	uint32_t nsid[];
} NVME_PACKED;
NVME_SIZE(struct nvme_ana_group, 32);
NVME_AT(struct nvme_ana_group, state, 16);

/* LID 12h. */
#define NVME_FIDS_FSUPP (1u << 0)
#define NVME_FIDS_UDCC (1u << 1)
#define NVME_FIDS_NCC (1u << 2)
#define NVME_FIDS_NIC (1u << 3)
#define NVME_FIDS_CCC (1u << 4)
#define NVME_FIDS_UUID (1u << 19)
#define NVME_FIDS_SCOPE_NS (1u << 20)
#define NVME_FIDS_SCOPE_CTRL (1u << 21)
#define NVME_FIDS_SCOPE_SUBSYS (1u << 25)

struct nvme_log_features {
	uint32_t fid[256];
} NVME_PACKED;
NVME_SIZE(struct nvme_log_features, 1024);

#endif
