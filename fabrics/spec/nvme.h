/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvme.h - NVM Express Base 2.1: queue entries, registers, opcodes, status codes.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: Base 2.1, 3.1.4, 4.1-4.3, 5; NVM Command Set 1.1.
 *
 * Every field here is little-endian on the wire, whatever the machine: read and write multi-byte
 * fields through <endian.h> (le16toh and relatives) or fabrics/wire.h.
 */
#ifndef FABRICS_SPEC_NVME_H
#define FABRICS_SPEC_NVME_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define NVME_PACKED __attribute__((packed))

/* Asserts the size of a wire structure, and where its members lie. */
#define NVME_SIZE(type, size) static_assert(sizeof(type) == (size), #type " has another size")
#define NVME_AT(type, member, off)                                                                 \
	static_assert(offsetof(type, member) == (off), #type "." #member " lies elsewhere")

#define NVME_VS(major, minor, tertiary) ((uint32_t)(major) << 16 | (minor) << 8 | (tertiary))

#define NVME_NSID_NONE 0u
#define NVME_NSID_ALL 0xffffffffu
#define NVME_NSID_LAST 0xfffffffeu

/* ---- SGL descriptors (4.3.2) ---- */

enum nvme_sgl_type {
	NVME_SGL_DATA_BLOCK = 0x0,
	NVME_SGL_BIT_BUCKET = 0x1,
	NVME_SGL_SEGMENT = 0x2,
	NVME_SGL_LAST_SEGMENT = 0x3,
	NVME_SGL_KEYED_DATA_BLOCK = 0x4,
	NVME_SGL_TRANSPORT_DATA_BLOCK = 0x5,
};

enum nvme_sgl_subtype {
	NVME_SGL_SUB_ADDRESS = 0x0,
	NVME_SGL_SUB_OFFSET = 0x1,
	NVME_SGL_SUB_TRANSPORT = 0xa,
};

#define NVME_SGL_ID(type, sub) ((uint8_t)((type) << 4 | (sub)))
#define NVME_SGL_ID_TYPE(id) ((id) >> 4)
#define NVME_SGL_ID_SUB(id) ((id)&0xf)
/* The two that NVMe/TCP uses: data in the capsule at an offset, data by transport PDUs. */
#define NVME_SGL_ID_INCAPSULE NVME_SGL_ID(NVME_SGL_DATA_BLOCK, NVME_SGL_SUB_OFFSET)
#define NVME_SGL_ID_TRANSPORT NVME_SGL_ID(NVME_SGL_TRANSPORT_DATA_BLOCK, NVME_SGL_SUB_TRANSPORT)

struct nvme_sgl {
	uint64_t addr; /* __le: address, or offset in the capsule */
	uint32_t length; /* __le */
	uint8_t rsvd[3];
	uint8_t id; /* NVME_SGL_ID() */
} NVME_PACKED;
NVME_SIZE(struct nvme_sgl, 16);
NVME_AT(struct nvme_sgl, id, 15);

/* ---- submission queue entry (4.1) ---- */

#define NVME_CMD_FUSE(flags) ((flags)&0x3)
enum nvme_cmd_fuse { NVME_FUSE_NONE = 0, NVME_FUSE_FIRST = 1, NVME_FUSE_SECOND = 2 };
#define NVME_CMD_PSDT(flags) ((flags) >> 6)
enum nvme_cmd_psdt { NVME_PSDT_PRP = 0, NVME_PSDT_SGL = 1, NVME_PSDT_SGL_MPTR_SGL = 2 };
#define NVME_CMD_FLAGS_SGL (NVME_PSDT_SGL << 6)

struct nvme_cmd {
	uint8_t opcode;
	uint8_t flags; /* FUSE 1:0, PSDT 7:6 */
	uint16_t cid; /* opaque to the target */
	uint32_t nsid; /* __le */
	uint32_t cdw2; /* __le */
	uint32_t cdw3; /* __le */
	uint64_t mptr; /* __le */
	struct nvme_sgl sgl;
	uint32_t cdw10; /* __le, and so on */
	uint32_t cdw11;
	uint32_t cdw12;
	uint32_t cdw13;
	uint32_t cdw14;
	uint32_t cdw15;
} NVME_PACKED;
NVME_SIZE(struct nvme_cmd, 64);
NVME_AT(struct nvme_cmd, cid, 2);
NVME_AT(struct nvme_cmd, nsid, 4);
NVME_AT(struct nvme_cmd, mptr, 16);
NVME_AT(struct nvme_cmd, sgl, 24);
NVME_AT(struct nvme_cmd, cdw10, 40);
NVME_AT(struct nvme_cmd, cdw15, 60);

/* ---- completion queue entry (4.2) ---- */

struct nvme_cqe {
	union {
		uint64_t result; /* __le: DW1:DW0, as Property Get uses it */
		uint32_t dw[2]; /* __le */
	} NVME_PACKED;
	uint16_t sqhd; /* __le */
	uint16_t sqid; /* __le; reserved in fabrics */
	uint16_t cid;
	uint16_t status; /* __le: P 0, SC 8:1, SCT 11:9, CRD 13:12, M 14, DNR 15 */
} NVME_PACKED;
NVME_SIZE(struct nvme_cqe, 16);
NVME_AT(struct nvme_cqe, sqhd, 8);
NVME_AT(struct nvme_cqe, cid, 12);
NVME_AT(struct nvme_cqe, status, 14);

/* A status code with its type: SCT in bits 10:8, SC in 7:0. Goes into the CQE shifted left by 1. */
#define NVME_SC(sct, sc) ((sct) << 8 | (sc))
#define NVME_STATUS_SCT(st) ((st) >> 8 & 0x7)
#define NVME_STATUS_SC(st) ((st)&0xff)
#define NVME_CQE_STATUS(st, crd, more, dnr)                                                        \
	((uint16_t)(((st)&0x7ff) << 1 | ((crd)&3) << 12 | !!(more) << 14 | !!(dnr) << 15))
#define NVME_CQE_STATUS_CODE(status) ((status) >> 1 & 0x7ff)
#define NVME_CQE_CRD(status) ((status) >> 12 & 3)
#define NVME_CQE_MORE (1u << 14)
#define NVME_CQE_DNR (1u << 15)

enum nvme_sct {
	NVME_SCT_GENERIC = 0,
	NVME_SCT_COMMAND = 1,
	NVME_SCT_MEDIA = 2,
	NVME_SCT_PATH = 3,
	NVME_SCT_VENDOR = 7,
};

enum nvme_status_code {
	/* generic (Figure 102) */
	NVME_SC_SUCCESS = 0x000,
	NVME_SC_INVALID_OPCODE = 0x001,
	NVME_SC_INVALID_FIELD = 0x002,
	NVME_SC_CID_CONFLICT = 0x003,
	NVME_SC_DATA_XFER_ERROR = 0x004,
	NVME_SC_POWER_LOSS = 0x005,
	NVME_SC_INTERNAL = 0x006,
	NVME_SC_ABORT_REQ = 0x007,
	NVME_SC_ABORT_SQ_DELETED = 0x008,
	NVME_SC_FUSED_FAIL = 0x009,
	NVME_SC_FUSED_MISSING = 0x00a,
	NVME_SC_INVALID_NS = 0x00b,
	NVME_SC_CMD_SEQ_ERROR = 0x00c,
	NVME_SC_SGL_INVALID_SEGMENT = 0x00d,
	NVME_SC_SGL_INVALID_COUNT = 0x00e,
	NVME_SC_SGL_INVALID_DATA_LEN = 0x00f,
	NVME_SC_SGL_INVALID_META_LEN = 0x010,
	NVME_SC_SGL_INVALID_TYPE = 0x011,
	NVME_SC_CMB_INVALID_USE = 0x012,
	NVME_SC_PRP_INVALID_OFFSET = 0x013,
	NVME_SC_AWU_EXCEEDED = 0x014,
	NVME_SC_OP_DENIED = 0x015,
	NVME_SC_SGL_INVALID_OFFSET = 0x016,
	NVME_SC_HOSTID_FORMAT = 0x018,
	NVME_SC_KATO_EXPIRED = 0x019,
	NVME_SC_KATO_INVALID = 0x01a,
	NVME_SC_ABORT_PREEMPT = 0x01b,
	NVME_SC_SANITIZE_FAILED = 0x01c,
	NVME_SC_SANITIZE_IN_PROGRESS = 0x01d,
	NVME_SC_SGL_INVALID_GRANULARITY = 0x01e,
	NVME_SC_CMD_NOT_SUPP_CMB = 0x01f,
	NVME_SC_NS_WRITE_PROTECTED = 0x020,
	NVME_SC_CMD_INTERRUPTED = 0x021,
	NVME_SC_TRANSIENT_TRANSPORT = 0x022,
	NVME_SC_PROHIBITED_LOCKDOWN = 0x023,
	NVME_SC_ADMIN_CMD_MEDIA_NOT_READY = 0x024,
	NVME_SC_LBA_RANGE = 0x080,
	NVME_SC_CAPACITY_EXCEEDED = 0x081,
	NVME_SC_NS_NOT_READY = 0x082,
	NVME_SC_RESERVATION_CONFLICT = 0x083,
	NVME_SC_FORMAT_IN_PROGRESS = 0x084,

	/* command specific (Figure 103) */
	NVME_SC_CQ_INVALID = 0x100,
	NVME_SC_QID_INVALID = 0x101,
	NVME_SC_QUEUE_SIZE = 0x102,
	NVME_SC_ABORT_LIMIT = 0x103,
	NVME_SC_AER_LIMIT = 0x105,
	NVME_SC_FW_SLOT = 0x106,
	NVME_SC_FW_IMAGE = 0x107,
	NVME_SC_INVALID_LOG_PAGE = 0x109,
	NVME_SC_INVALID_FORMAT = 0x10a,
	NVME_SC_FID_NOT_SAVEABLE = 0x10d,
	NVME_SC_FID_NOT_CHANGEABLE = 0x10e,
	NVME_SC_FID_NOT_PER_NS = 0x10f,
	NVME_SC_OVERLAPPING_RANGE = 0x114,
	NVME_SC_NS_INSUFFICIENT_CAP = 0x115,
	NVME_SC_NSID_UNAVAILABLE = 0x116,
	NVME_SC_NS_ALREADY_ATTACHED = 0x118,
	NVME_SC_NS_IS_PRIVATE = 0x119,
	NVME_SC_NS_NOT_ATTACHED = 0x11a,
	NVME_SC_THIN_PROV_NOT_SUPP = 0x11b,
	NVME_SC_CTRL_LIST_INVALID = 0x11c,
	NVME_SC_INVALID_CTRL_ID = 0x11f,
	NVME_SC_ANA_ATTACH_FAILED = 0x125,
	NVME_SC_IOCS_NOT_SUPP = 0x129,
	NVME_SC_IOCS_NOT_ENABLED = 0x12a,
	NVME_SC_IOCS_COMBINATION = 0x12b,
	NVME_SC_INVALID_IOCS = 0x12c,
	NVME_SC_INVALID_DISCOVERY_INFO = 0x12f,
	NVME_SC_ZONING_LOCKED = 0x130,
	NVME_SC_ZONING_NOT_FOUND = 0x131,
	NVME_SC_DISCOVERY_RESOURCES = 0x132,
	NVME_SC_FUNCTION_DISABLED = 0x133,
	NVME_SC_ZONEGROUP_ORIGINATOR = 0x134,
	NVME_SC_INVALID_HOST = 0x135,
	NVME_SC_INVALID_NVM_SUBSYSTEM = 0x136,

	/* command specific, NVM Command Set */
	NVME_SC_CONFLICTING_ATTRS = 0x180,
	NVME_SC_INVALID_PI = 0x181,
	NVME_SC_READ_ONLY_RANGE = 0x182,
	NVME_SC_CMD_SIZE_LIMIT = 0x183,

	/* command specific, fabrics commands (Figure 104) */
	NVME_SC_CONNECT_FORMAT = 0x180,
	NVME_SC_CONNECT_BUSY = 0x181,
	NVME_SC_CONNECT_PARAM = 0x182,
	NVME_SC_CONNECT_RESTART_DISC = 0x183,
	NVME_SC_CONNECT_HOST = 0x184,
	NVME_SC_INVALID_QUEUE_TYPE = 0x185,
	NVME_SC_DISCOVERY_RESTART = 0x190,
	NVME_SC_AUTH_REQUIRED = 0x191,

	/* media and data integrity */
	NVME_SC_WRITE_FAULT = 0x280,
	NVME_SC_READ_ERROR = 0x281,
	NVME_SC_GUARD_CHECK = 0x282,
	NVME_SC_APPTAG_CHECK = 0x283,
	NVME_SC_REFTAG_CHECK = 0x284,
	NVME_SC_COMPARE_FAILED = 0x285,
	NVME_SC_ACCESS_DENIED = 0x286,
	NVME_SC_UNWRITTEN_BLOCK = 0x287,

	/* path related */
	NVME_SC_PATH_INTERNAL = 0x300,
	NVME_SC_ANA_PERSISTENT_LOSS = 0x301,
	NVME_SC_ANA_INACCESSIBLE = 0x302,
	NVME_SC_ANA_TRANSITION = 0x303,
	NVME_SC_CTRL_PATHING = 0x360,
	NVME_SC_HOST_PATHING = 0x370,
	NVME_SC_HOST_ABORTED = 0x371,
};

/* ---- controller registers (3.1.4), as properties in fabrics ---- */

enum nvme_reg {
	NVME_REG_CAP = 0x00, /* 8 bytes */
	NVME_REG_VS = 0x08, /* 4 */
	NVME_REG_INTMS = 0x0c, /* memory-based transports only */
	NVME_REG_INTMC = 0x10,
	NVME_REG_CC = 0x14, /* 4 */
	NVME_REG_CSTS = 0x1c, /* 4 */
	NVME_REG_NSSR = 0x20, /* 4 */
	NVME_REG_AQA = 0x24,
	NVME_REG_ASQ = 0x28,
	NVME_REG_ACQ = 0x30,
	NVME_REG_NSSD = 0x64, /* 4 */
	NVME_REG_CRTO = 0x68, /* 4 */
};

#define NVME_CAP_MQES(cap) ((uint16_t)(cap))
#define NVME_CAP_CQR (1ull << 16)
#define NVME_CAP_AMS_SHIFT 17
#define NVME_CAP_TO_SHIFT 24
#define NVME_CAP_TO(cap) ((cap) >> NVME_CAP_TO_SHIFT & 0xff) /* 500 ms units */
#define NVME_CAP_DSTRD_SHIFT 32
#define NVME_CAP_NSSRS (1ull << 36)
#define NVME_CAP_CSS_SHIFT 37
#define NVME_CAP_CSS_NVM (1ull << 37)
#define NVME_CAP_CSS_IOCSS (1ull << 43)
#define NVME_CAP_CSS_NOIO (1ull << 44)
#define NVME_CAP_MPSMIN_SHIFT 48
#define NVME_CAP_MPSMIN(cap) ((cap) >> NVME_CAP_MPSMIN_SHIFT & 0xf)
#define NVME_CAP_MPSMAX_SHIFT 52
#define NVME_CAP_MPSMAX(cap) ((cap) >> NVME_CAP_MPSMAX_SHIFT & 0xf)
#define NVME_CAP_NSSS (1ull << 58)
#define NVME_CAP_CRWMS (1ull << 59)
#define NVME_CAP_CRIMS (1ull << 60)

#define NVME_CC_EN (1u << 0)
#define NVME_CC_CSS_SHIFT 4
#define NVME_CC_CSS(cc) ((cc) >> NVME_CC_CSS_SHIFT & 0x7)
enum nvme_cc_css { NVME_CC_CSS_NVM = 0, NVME_CC_CSS_ALL = 6, NVME_CC_CSS_ADMIN = 7 };
#define NVME_CC_MPS_SHIFT 7
#define NVME_CC_MPS(cc) ((cc) >> NVME_CC_MPS_SHIFT & 0xf)
#define NVME_CC_AMS_SHIFT 11
#define NVME_CC_AMS(cc) ((cc) >> NVME_CC_AMS_SHIFT & 0x7)
#define NVME_CC_SHN_SHIFT 14
#define NVME_CC_SHN(cc) ((cc) >> NVME_CC_SHN_SHIFT & 0x3)
enum nvme_cc_shn { NVME_CC_SHN_NONE = 0, NVME_CC_SHN_NORMAL = 1, NVME_CC_SHN_ABRUPT = 2 };
#define NVME_CC_IOSQES_SHIFT 16
#define NVME_CC_IOSQES(cc) ((cc) >> NVME_CC_IOSQES_SHIFT & 0xf)
#define NVME_CC_IOCQES_SHIFT 20
#define NVME_CC_IOCQES(cc) ((cc) >> NVME_CC_IOCQES_SHIFT & 0xf)
#define NVME_CC_CRIME (1u << 24)

#define NVME_CSTS_RDY (1u << 0)
#define NVME_CSTS_CFS (1u << 1)
#define NVME_CSTS_SHST_SHIFT 2
#define NVME_CSTS_SHST(csts) ((csts) >> NVME_CSTS_SHST_SHIFT & 0x3)
enum nvme_csts_shst { NVME_SHST_NORMAL = 0, NVME_SHST_OCCURRING = 1, NVME_SHST_COMPLETE = 2 };
#define NVME_CSTS_NSSRO (1u << 4)
#define NVME_CSTS_PP (1u << 5)
#define NVME_CSTS_ST (1u << 6)

#define NVME_NSSR_MAGIC 0x4e564d65u /* "NVMe" */
#define NVME_CRTO_CRWMT_SHIFT 0
#define NVME_CRTO_CRIMT_SHIFT 16

/* ---- opcodes ---- */

enum nvme_admin_opcode {
	NVME_ADMIN_DELETE_SQ = 0x00,
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_GET_LOG_PAGE = 0x02,
	NVME_ADMIN_DELETE_CQ = 0x04,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_ABORT = 0x08,
	NVME_ADMIN_SET_FEATURES = 0x09,
	NVME_ADMIN_GET_FEATURES = 0x0a,
	NVME_ADMIN_ASYNC_EVENT = 0x0c,
	NVME_ADMIN_NS_MGMT = 0x0d,
	NVME_ADMIN_FW_COMMIT = 0x10,
	NVME_ADMIN_FW_DOWNLOAD = 0x11,
	NVME_ADMIN_SELF_TEST = 0x14,
	NVME_ADMIN_NS_ATTACH = 0x15,
	NVME_ADMIN_KEEP_ALIVE = 0x18,
	NVME_ADMIN_DIRECTIVE_SEND = 0x19,
	NVME_ADMIN_DIRECTIVE_RECV = 0x1a,
	NVME_ADMIN_DIM = 0x21,
	NVME_ADMIN_ZONING_RECV = 0x22,
	NVME_ADMIN_LOCKDOWN = 0x24,
	NVME_ADMIN_ZONING_LOOKUP = 0x25,
	NVME_ADMIN_ZONING_SEND = 0x29,
	NVME_ADMIN_SEND_DISC_LOG = 0x39,
	NVME_ADMIN_FABRICS = 0x7f,
	NVME_ADMIN_FORMAT_NVM = 0x80,
	NVME_ADMIN_SECURITY_SEND = 0x81,
	NVME_ADMIN_SECURITY_RECV = 0x82,
	NVME_ADMIN_SANITIZE = 0x84,
	NVME_ADMIN_GET_LBA_STATUS = 0x86,
};

/* Data direction of every opcode but Fabrics: bits 1:0. */
#define NVME_OPC_DIR(opc) ((opc)&0x3)
enum nvme_opc_dir { NVME_DIR_NONE = 0, NVME_DIR_H2C = 1, NVME_DIR_C2H = 2, NVME_DIR_BIDIR = 3 };

enum nvme_io_opcode {
	NVME_IO_FLUSH = 0x00,
	NVME_IO_WRITE = 0x01,
	NVME_IO_READ = 0x02,
	NVME_IO_WRITE_UNCORRECTABLE = 0x04,
	NVME_IO_COMPARE = 0x05,
	NVME_IO_WRITE_ZEROES = 0x08,
	NVME_IO_DSM = 0x09,
	NVME_IO_VERIFY = 0x0c,
	NVME_IO_RESV_REGISTER = 0x0d,
	NVME_IO_RESV_REPORT = 0x0e,
	NVME_IO_RESV_ACQUIRE = 0x11,
	NVME_IO_IO_MGMT_RECV = 0x12,
	NVME_IO_RESV_RELEASE = 0x15,
	NVME_IO_CANCEL = 0x18,
	NVME_IO_COPY = 0x19,
	NVME_IO_IO_MGMT_SEND = 0x1d,
};

/* Read, Write, Compare, Write Zeroes: CDW10-11 SLBA; CDW12 NLB 15:0 (0's based), and: */
#define NVME_RW_DEAC (1u << 25) /* Write Zeroes only */
#define NVME_RW_PRINFO_SHIFT 26
#define NVME_RW_PRINFO_MASK (0xfu << 26)
#define NVME_RW_FUA (1u << 30)
#define NVME_RW_LR (1u << 31)

/* Dataset Management: CDW10 NR 7:0 (0's based), CDW11 attributes; ranges as data. */
#define NVME_DSM_IDR (1u << 0)
#define NVME_DSM_IDW (1u << 1)
#define NVME_DSM_AD (1u << 2)
#define NVME_DSM_MAX_RANGES 256

struct nvme_dsm_range {
	uint32_t cattr; /* __le */
	uint32_t nlb; /* __le: not 0's based */
	uint64_t slba; /* __le */
} NVME_PACKED;
NVME_SIZE(struct nvme_dsm_range, 16);
NVME_AT(struct nvme_dsm_range, nlb, 4);
NVME_AT(struct nvme_dsm_range, slba, 8);

enum nvme_csi { NVME_CSI_NVM = 0, NVME_CSI_KV = 1, NVME_CSI_ZNS = 2 };

#include "fabrics/spec/nvme_admin.h"
#include "fabrics/spec/nvme_id.h"
#include "fabrics/spec/nvme_log.h"

#endif
