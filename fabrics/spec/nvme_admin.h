/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvme_admin.h - arguments of admin commands: Identify, Get Log Page, features, events.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: Base 2.1, 5.1.  Included by nvme.h. */
#ifndef FABRICS_SPEC_NVME_ADMIN_H
#define FABRICS_SPEC_NVME_ADMIN_H

/* ---- Identify (5.1.13): CDW10 CNS 7:0, CNTID 31:16; CDW11 CNSSID 15:0, CSI 31:24; CDW14 UIDX 6:0 ---- */

#define NVME_ID_CNS(cdw10) ((cdw10)&0xff)
#define NVME_ID_CNTID(cdw10) ((cdw10) >> 16)
#define NVME_ID_CSI(cdw11) ((cdw11) >> 24)
#define NVME_ID_DATA_LEN 4096

enum nvme_cns {
	NVME_CNS_NS = 0x00,
	NVME_CNS_CTRL = 0x01,
	NVME_CNS_ACTIVE_NS_LIST = 0x02,
	NVME_CNS_NS_DESC = 0x03,
	NVME_CNS_NVM_SET_LIST = 0x04,
	NVME_CNS_CSI_NS = 0x05,
	NVME_CNS_CSI_CTRL = 0x06,
	NVME_CNS_CSI_ACTIVE_NS_LIST = 0x07,
	NVME_CNS_INDEPENDENT_NS = 0x08,
	NVME_CNS_ALLOCATED_NS_LIST = 0x10,
	NVME_CNS_ALLOCATED_NS = 0x11,
	NVME_CNS_NS_CTRL_LIST = 0x12,
	NVME_CNS_CTRL_LIST = 0x13,
	NVME_CNS_PRIMARY_CTRL_CAPS = 0x14,
	NVME_CNS_SECONDARY_CTRL_LIST = 0x15,
	NVME_CNS_NS_GRANULARITY = 0x16,
	NVME_CNS_UUID_LIST = 0x17,
	NVME_CNS_DOMAIN_LIST = 0x18,
	NVME_CNS_ENDURANCE_GROUP_LIST = 0x19,
	NVME_CNS_CSI_ALLOCATED_NS_LIST = 0x1a,
	NVME_CNS_CSI_ALLOCATED_NS = 0x1b,
	NVME_CNS_COMMAND_SETS = 0x1c,
};

/* ---- Get Log Page (5.1.12): CDW10 LID 7:0, LSP 14:8, RAE 15, NUMDL 31:16; CDW11 NUMDU 15:0, LSI 31:16;
 * CDW12-13 LPO; CDW14 UIDX 6:0, OT 23, CSI 31:24 ---- */

#define NVME_LOG_LID(cdw10) ((cdw10)&0xff)
#define NVME_LOG_LSP(cdw10) ((cdw10) >> 8 & 0x7f)
#define NVME_LOG_RAE (1u << 15)
#define NVME_LOG_NUMDL(cdw10) ((cdw10) >> 16)
#define NVME_LOG_NUMDU(cdw11) ((cdw11)&0xffff)
#define NVME_LOG_LSI(cdw11) ((cdw11) >> 16)
#define NVME_LOG_OT (1u << 23) /* LPO is an index, not a byte offset */
#define NVME_LOG_CSI(cdw14) ((cdw14) >> 24)

enum nvme_lid {
	NVME_LID_SUPPORTED = 0x00,
	NVME_LID_ERROR = 0x01,
	NVME_LID_SMART = 0x02,
	NVME_LID_FW_SLOT = 0x03,
	NVME_LID_CHANGED_NS = 0x04,
	NVME_LID_EFFECTS = 0x05,
	NVME_LID_SELF_TEST = 0x06,
	NVME_LID_TELEMETRY_HOST = 0x07,
	NVME_LID_TELEMETRY_CTRL = 0x08,
	NVME_LID_ENDURANCE_GROUP = 0x09,
	NVME_LID_ANA = 0x0c,
	NVME_LID_PERSISTENT_EVENT = 0x0d,
	NVME_LID_LBA_STATUS = 0x0e,
	NVME_LID_FEATURES = 0x12,
	NVME_LID_MI_EFFECTS = 0x13,
	NVME_LID_DISCOVERY = 0x70,
	NVME_LID_HOST_DISCOVERY = 0x71,
	NVME_LID_AVE_DISCOVERY = 0x72,
	NVME_LID_PULL_MODEL_DDC = 0x73,
	NVME_LID_RESERVATION = 0x80,
	NVME_LID_SANITIZE = 0x81,
};

/* Log specific parameter of the discovery log. */
#define NVME_DISC_LSP_EXTDLPE (1u << 0)
#define NVME_DISC_LSP_PLEO (1u << 1)
#define NVME_DISC_LSP_ALLSUBE (1u << 2)
/* Log specific parameter of the ANA log: return groups only, no NSIDs. */
#define NVME_ANA_LSP_RGO (1u << 0)

/* ---- Get / Set Features (5.1.11, 5.1.25): CDW10 FID 7:0, SEL 10:8 (Get), SV 31 (Set); CDW14 UIDX ---- */

#define NVME_FEAT_FID(cdw10) ((cdw10)&0xff)
#define NVME_FEAT_SEL(cdw10) ((cdw10) >> 8 & 0x7)
#define NVME_FEAT_SV (1u << 31)

enum nvme_feat_sel {
	NVME_SEL_CURRENT = 0,
	NVME_SEL_DEFAULT = 1,
	NVME_SEL_SAVED = 2,
	NVME_SEL_SUPPORTED = 3,
};
/* Get Features with SEL 3, DW0. */
#define NVME_FEAT_CAP_SAVEABLE (1u << 0)
#define NVME_FEAT_CAP_PER_NS (1u << 1)
#define NVME_FEAT_CAP_CHANGEABLE (1u << 2)

enum nvme_fid {
	NVME_FID_ARBITRATION = 0x01,
	NVME_FID_POWER_MGMT = 0x02,
	NVME_FID_LBA_RANGE = 0x03,
	NVME_FID_TEMP_THRESH = 0x04,
	NVME_FID_ERROR_RECOVERY = 0x05,
	NVME_FID_VOLATILE_WC = 0x06,
	NVME_FID_NUM_QUEUES = 0x07,
	NVME_FID_IRQ_COALESCE = 0x08,
	NVME_FID_IRQ_CONFIG = 0x09,
	NVME_FID_WRITE_ATOMICITY = 0x0a,
	NVME_FID_ASYNC_EVENT = 0x0b,
	NVME_FID_APST = 0x0c,
	NVME_FID_HMB = 0x0d,
	NVME_FID_TIMESTAMP = 0x0e,
	NVME_FID_KATO = 0x0f,
	NVME_FID_HCTM = 0x10,
	NVME_FID_NOPSC = 0x11,
	NVME_FID_HOST_BEHAVIOR = 0x16,
	NVME_FID_IOCS_PROFILE = 0x19,
	NVME_FID_SW_PROGRESS = 0x80,
	NVME_FID_HOST_ID = 0x81,
	NVME_FID_RESV_MASK = 0x82,
	NVME_FID_RESV_PERSIST = 0x83,
	NVME_FID_WRITE_PROTECT = 0x84,
};

#define NVME_FEAT_VWC_WCE (1u << 0)
#define NVME_FEAT_HOST_ID_EXHID (1u << 0)

enum nvme_write_protect {
	NVME_WP_NONE = 0,
	NVME_WP_PROTECT = 1,
	NVME_WP_UNTIL_POWER_CYCLE = 2,
	NVME_WP_PERMANENT = 3,
};

/* Host Behavior Support, FID 16h. */
struct nvme_feat_host_behavior {
	uint8_t acre;
	uint8_t etdas;
	uint8_t lbafee;
	uint8_t hdisns;
	uint16_t cdfe; /* __le */
	uint8_t rsvd6[506];
} NVME_PACKED;
NVME_SIZE(struct nvme_feat_host_behavior, 512);
NVME_AT(struct nvme_feat_host_behavior, hdisns, 3);
NVME_AT(struct nvme_feat_host_behavior, cdfe, 4);

/* Timestamp, FID 0Eh. */
struct nvme_feat_timestamp {
	uint8_t ms[6]; /* __le 48 bits: milliseconds since the epoch */
	uint8_t attr; /* SYNCH 0, TO 3:1 */
	uint8_t rsvd;
} NVME_PACKED;
NVME_SIZE(struct nvme_feat_timestamp, 8);
NVME_AT(struct nvme_feat_timestamp, attr, 6);

/* ---- asynchronous events (5.1.2) ---- */

#define NVME_AER_RESULT(type, info, lid)                                                           \
	((uint32_t)((type)&0x7) | (uint32_t)(info) << 8 | (uint32_t)(lid) << 16)
#define NVME_AER_TYPE(dw0) ((dw0)&0x7)
#define NVME_AER_INFO(dw0) ((dw0) >> 8 & 0xff)
#define NVME_AER_LID(dw0) ((dw0) >> 16 & 0xff)

enum nvme_aer_type {
	NVME_AER_ERROR = 0,
	NVME_AER_SMART = 1,
	NVME_AER_NOTICE = 2,
	NVME_AER_IMMEDIATE = 3,
	NVME_AER_IO = 6,
	NVME_AER_VENDOR = 7,
};

enum nvme_aer_error_info {
	NVME_AER_ERROR_DIAG_FAILURE = 0x02,
	NVME_AER_ERROR_PERSISTENT = 0x03,
	NVME_AER_ERROR_TRANSIENT = 0x04,
};

enum nvme_aer_notice_info {
	NVME_AER_NOTICE_NS_CHANGED = 0x00,
	NVME_AER_NOTICE_FW_START = 0x01,
	NVME_AER_NOTICE_TELEMETRY = 0x02,
	NVME_AER_NOTICE_ANA = 0x03,
	NVME_AER_NOTICE_DISCOVERY = 0xf0,
	NVME_AER_NOTICE_HOST_DISCOVERY = 0xf1,
	NVME_AER_NOTICE_AVE_DISCOVERY = 0xf2,
	NVME_AER_NOTICE_PULL_MODEL = 0xf3,
};

enum nvme_aer_io_info {
	NVME_AER_IO_RESERVATION = 0x00,
	NVME_AER_IO_SANITIZE = 0x01,
};

/* OAES of Identify Controller and the Asynchronous Event Configuration feature share these bits. */
#define NVME_AEC_SMART_MASK 0xffu
#define NVME_AEC_NS_ATTR (1u << 8)
#define NVME_AEC_FW_ACT (1u << 9)
#define NVME_AEC_TELEMETRY (1u << 10)
#define NVME_AEC_ANA (1u << 11)
#define NVME_AEC_PULL_MODEL (1u << 28)
#define NVME_AEC_AVE (1u << 29)
#define NVME_AEC_HOST_DISCOVERY (1u << 30)
#define NVME_AEC_DISCOVERY (1u << 31)

/* ---- Abort (5.1.1): CDW10 SQID 15:0, CID 31:16; completion DW0 bit 0 clear: aborted ---- */

#define NVME_ABORT_SQID(cdw10) ((cdw10)&0xffff)
#define NVME_ABORT_CID(cdw10) ((cdw10) >> 16)
#define NVME_ABORT_NOT_ABORTED (1u << 0)

/* ---- Discovery Information Management (5.3.3) ---- */

#define NVME_DIM_TAS(cdw10) ((cdw10)&0xf)
enum nvme_dim_tas { NVME_DIM_REGISTER = 0, NVME_DIM_DEREGISTER = 1, NVME_DIM_UPDATE = 2 };

#endif
