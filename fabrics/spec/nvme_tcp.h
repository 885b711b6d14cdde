/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvme_tcp.h - NVMe/TCP transport: PDU layouts and constants.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVMe/TCP Transport 1.1, 3.6.
 * All multi-byte fields are little-endian. */
#ifndef FABRICS_SPEC_NVME_TCP_H
#define FABRICS_SPEC_NVME_TCP_H

#include "fabrics/spec/nvme.h"

enum nvme_tcp_pdu_type {
	NVME_TCP_ICREQ = 0x00,
	NVME_TCP_ICRESP = 0x01,
	NVME_TCP_H2C_TERM = 0x02,
	NVME_TCP_C2H_TERM = 0x03,
	NVME_TCP_CMD = 0x04,
	NVME_TCP_RSP = 0x05,
	NVME_TCP_H2C_DATA = 0x06,
	NVME_TCP_C2H_DATA = 0x07,
	NVME_TCP_R2T = 0x09,
	NVME_TCP_KDREQ = 0x0a,
	NVME_TCP_KDRESP = 0x0b,
	NVME_TCP_PDU_TYPE_COUNT,
};

#define NVME_TCP_F_HDGST (1u << 0)
#define NVME_TCP_F_DDGST (1u << 1)
#define NVME_TCP_F_LAST (1u << 2)
#define NVME_TCP_F_SUCCESS (1u << 3)
#define NVME_TCP_F_KDCONN (1u << 7) /* ICReq: a kickstart discovery connection */

#define NVME_TCP_DIGEST_LEN 4
#define NVME_TCP_PFV_1_0 0
#define NVME_TCP_HPDA_MAX 31
#define NVME_TCP_PDO_MAX 128
/* A host may send this much in the capsule on the admin queue, whatever IOCCSZ says. */
#define NVME_TCP_ADMIN_ICD 8192
#define NVME_TCP_MAXH2CDATA_MIN 4096

/* Common header of every PDU. */
struct nvme_tcp_hdr {
	uint8_t type;
	uint8_t flags;
	uint8_t hlen;
	uint8_t pdo;
	uint32_t plen;
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_hdr, 8);
NVME_AT(struct nvme_tcp_hdr, plen, 4);

/* Bits of DGST in ICReq and ICResp. */
#define NVME_TCP_DGST_HDGST (1u << 0)
#define NVME_TCP_DGST_DDGST (1u << 1)

struct nvme_tcp_icreq {
	struct nvme_tcp_hdr hdr;
	uint16_t pfv;
	uint8_t hpda; /* dwords, 0's based */
	uint8_t dgst;
	uint32_t maxr2t; /* 0's based */
	uint8_t rsvd16[112];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_icreq, 128);
NVME_AT(struct nvme_tcp_icreq, hpda, 10);
NVME_AT(struct nvme_tcp_icreq, maxr2t, 12);

struct nvme_tcp_icresp {
	struct nvme_tcp_hdr hdr;
	uint16_t pfv;
	uint8_t cpda;
	uint8_t dgst;
	uint32_t maxh2cdata;
	uint8_t rsvd16[112];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_icresp, 128);
NVME_AT(struct nvme_tcp_icresp, cpda, 10);
NVME_AT(struct nvme_tcp_icresp, maxh2cdata, 12);

enum nvme_tcp_fes {
	NVME_TCP_FES_INVALID_HDR = 1, /* FEI: byte offset of the field */
	NVME_TCP_FES_PDU_SEQ = 2, /* PDU Sequence Error */
	NVME_TCP_FES_HDGST = 3, /* FEI: the digest received */
	NVME_TCP_FES_DATA_RANGE = 4, /* Data Transfer Out of Range */
	NVME_TCP_FES_LIMIT = 5, /* Data Transfer / R2T Limit Exceeded */
	NVME_TCP_FES_UNSUPP_PARAM = 6, /* FEI: byte offset of the parameter */
};

/* H2CTermReq and C2HTermReq; the header of the PDU at fault follows. */
#define NVME_TCP_TERM_DATA_MAX 128
struct nvme_tcp_term {
	struct nvme_tcp_hdr hdr;
	uint16_t fes;
	uint32_t fei;
	uint8_t rsvd14[10];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_term, 24);
NVME_AT(struct nvme_tcp_term, fei, 10);

struct nvme_tcp_cmd {
	struct nvme_tcp_hdr hdr;
	struct nvme_cmd sqe;
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_cmd, 72);
NVME_AT(struct nvme_tcp_cmd, sqe, 8);

struct nvme_tcp_rsp {
	struct nvme_tcp_hdr hdr;
	struct nvme_cqe cqe;
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_rsp, 24);
NVME_AT(struct nvme_tcp_rsp, cqe, 8);

/* H2CData and C2HData. */
struct nvme_tcp_data {
	struct nvme_tcp_hdr hdr;
	uint16_t cccid;
	uint16_t ttag; /* H2CData only */
	uint32_t datao;
	uint32_t datal;
	uint8_t rsvd20[4];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_data, 24);
NVME_AT(struct nvme_tcp_data, datao, 12);

struct nvme_tcp_r2t {
	struct nvme_tcp_hdr hdr;
	uint16_t cccid;
	uint16_t ttag;
	uint32_t r2to;
	uint32_t r2tl;
	uint8_t rsvd20[4];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_r2t, 24);
NVME_AT(struct nvme_tcp_r2t, r2tl, 16);

/* Kickstart discovery (Base 2.1, 8.3.2.2.2.1): a direct discovery controller asks to be connected to.  Kickstart records follow the
 * header, and the CDC's NQN that of the response. */
struct nvme_tcp_kdreq {
	struct nvme_tcp_hdr hdr;
	uint16_t numkr;
	uint16_t numdie; /* discovery information entries that it has */
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_kdreq, 12);
NVME_AT(struct nvme_tcp_kdreq, numkr, 8);
NVME_AT(struct nvme_tcp_kdreq, numdie, 10);

struct nvme_tcp_kickstart {
	uint8_t trtype; /* enum nvmf_trtype */
	uint8_t adrfam;
	char trsvcid[32];
	char traddr[256];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_kickstart, 290);
NVME_AT(struct nvme_tcp_kickstart, trsvcid, 2);
NVME_AT(struct nvme_tcp_kickstart, traddr, 34);

struct nvme_tcp_kdresp {
	struct nvme_tcp_hdr hdr;
	uint8_t ksstat;
	uint8_t failrsn;
	char cdcnqn[256];
	uint8_t rsvd266[8];
} NVME_PACKED;
NVME_SIZE(struct nvme_tcp_kdresp, 274);
NVME_AT(struct nvme_tcp_kdresp, ksstat, 8);
NVME_AT(struct nvme_tcp_kdresp, cdcnqn, 10);
#define NVME_TCP_KDRESP_HLEN 10

enum nvme_tcp_ksstat {
	NVME_TCP_KS_SUCCESS = 0,
	NVME_TCP_KS_FAILURE = 1,
};

/* Bits of FAILRSN. */
enum nvme_tcp_failrsn {
	NVME_TCP_KS_NO_INFORMATION = 1u << 1, /* no record */
	NVME_TCP_KS_BAD_TRTYPE = 1u << 2,
	NVME_TCP_KS_BAD_ADRFAM = 1u << 3,
	NVME_TCP_KS_ADDRESS_MISMATCH = 1u << 4, /* TRADDR isn't one of ADRFAM */
	NVME_TCP_KS_BAD_TRSVCID = 1u << 5,
	NVME_TCP_KS_NO_RESOURCES = 1u << 6, /* Insufficient Discovery Resources */
};

#endif
