/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvmf.h - NVMe over Fabrics: commands, Connect data, discovery logs, DIM.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: Base 2.1, 3.3, 5.1.12.3, 5.3.3, 6.
 * All multi-byte fields are little-endian. */
#ifndef FABRICS_SPEC_NVMF_H
#define FABRICS_SPEC_NVMF_H

#include "fabrics/spec/nvme.h"

#define NVMF_DISC_NQN "nqn.2014-08.org.nvmexpress.discovery"
#define NVMF_UUID_NQN_PREFIX "nqn.2014-08.org.nvmexpress:uuid:"
#define NVMF_NQN_MAX 223 /* characters, without the NUL */
#define NVMF_NQN_FIELD 256

#define NVMF_DISC_PORT 8009
#define NVMF_IO_PORT 4420

#define NVMF_CNTLID_DYNAMIC 0xffff
#define NVMF_CNTLID_STATIC_ANY 0xfffe
#define NVMF_CNTLID_MIN 0x0001
#define NVMF_CNTLID_MAX 0xffef

enum nvmf_fctype {
	NVMF_PROPERTY_SET = 0x00,
	NVMF_CONNECT = 0x01,
	NVMF_PROPERTY_GET = 0x04,
	NVMF_AUTH_SEND = 0x05,
	NVMF_AUTH_RECV = 0x06,
	NVMF_DISCONNECT = 0x08,
};

/* What all fabrics commands share. */
struct nvmf_cmd {
	uint8_t opcode; /* NVME_ADMIN_FABRICS */
	uint8_t flags;
	uint16_t cid;
	uint8_t fctype;
	uint8_t rsvd5[19];
	struct nvme_sgl sgl;
	uint8_t specific[24];
} NVME_PACKED;
NVME_SIZE(struct nvmf_cmd, 64);
NVME_AT(struct nvmf_cmd, fctype, 4);

#define NVMF_CATTR_PRIO_MASK 0x3
#define NVMF_CATTR_NO_SQFLOW (1u << 2)
#define NVMF_CATTR_IOQ_DELETE (1u << 3)
/* An SQHD that says: flow control is disabled. */
#define NVMF_SQHD_NO_SQFLOW 0xffff

struct nvmf_connect_cmd {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint8_t fctype;
	uint8_t rsvd5[19];
	struct nvme_sgl sgl;
	uint16_t recfmt;
	uint16_t qid;
	uint16_t sqsize; /* 0's based */
	uint8_t cattr;
	uint8_t rsvd47;
	uint32_t kato; /* ms */
	uint8_t rsvd52[12];
} NVME_PACKED;
NVME_SIZE(struct nvmf_connect_cmd, 64);
NVME_AT(struct nvmf_connect_cmd, recfmt, 40);
NVME_AT(struct nvmf_connect_cmd, cattr, 46);
NVME_AT(struct nvmf_connect_cmd, kato, 48);

struct nvmf_connect_data {
	uint8_t hostid[16];
	uint16_t cntlid;
	uint8_t rsvd18[238];
	char subnqn[NVMF_NQN_FIELD];
	char hostnqn[NVMF_NQN_FIELD];
	uint8_t rsvd768[256];
} NVME_PACKED;
NVME_SIZE(struct nvmf_connect_data, 1024);
NVME_AT(struct nvmf_connect_data, cntlid, 16);
NVME_AT(struct nvmf_connect_data, subnqn, 256);
NVME_AT(struct nvmf_connect_data, hostnqn, 512);

/* Completion of Connect, DW0: on success CNTLID 15:0 and AUTHREQ; on 82h where the fault lies. */
#define NVMF_CONNECT_ATR (1u << 17)
#define NVMF_CONNECT_ASCR (1u << 18)
#define NVMF_CONNECT_IPO_SQE(off) ((uint32_t)(off))
#define NVMF_CONNECT_IPO_DATA(off) ((uint32_t)(off) | 1u << 16)

#define NVMF_PROP_SIZE(attrib) ((attrib)&0x7)
enum nvmf_prop_size { NVMF_PROP_4 = 0, NVMF_PROP_8 = 1 };

struct nvmf_property_cmd {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint8_t fctype; /* NVMF_PROPERTY_GET or NVMF_PROPERTY_SET */
	uint8_t rsvd5[35];
	uint8_t attrib;
	uint8_t rsvd41[3];
	uint32_t offset;
	uint64_t value; /* Set only */
	uint8_t rsvd56[8];
} NVME_PACKED;
NVME_SIZE(struct nvmf_property_cmd, 64);
NVME_AT(struct nvmf_property_cmd, attrib, 40);
NVME_AT(struct nvmf_property_cmd, offset, 44);
NVME_AT(struct nvmf_property_cmd, value, 48);

struct nvmf_disconnect_cmd {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint8_t fctype;
	uint8_t rsvd5[35];
	uint16_t recfmt;
	uint8_t rsvd42[22];
} NVME_PACKED;
NVME_SIZE(struct nvmf_disconnect_cmd, 64);
NVME_AT(struct nvmf_disconnect_cmd, recfmt, 40);

struct nvmf_auth_cmd {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint8_t fctype; /* NVMF_AUTH_SEND or NVMF_AUTH_RECV */
	uint8_t rsvd5[19];
	struct nvme_sgl sgl;
	uint8_t rsvd40;
	uint8_t spsp0;
	uint8_t spsp1;
	uint8_t secp;
	uint32_t len; /* TL of Send, AL of Receive */
	uint8_t rsvd48[16];
} NVME_PACKED;
NVME_SIZE(struct nvmf_auth_cmd, 64);
NVME_AT(struct nvmf_auth_cmd, secp, 43);
NVME_AT(struct nvmf_auth_cmd, len, 44);

#define NVMF_AUTH_SECP 0xe9
#define NVMF_AUTH_SPSP0 0x01
#define NVMF_AUTH_SPSP1 0x01

/* ---- discovery log, LID 70h ---- */

enum nvmf_trtype {
	NVMF_TRTYPE_RDMA = 1,
	NVMF_TRTYPE_FC = 2,
	NVMF_TRTYPE_TCP = 3,
	NVMF_TRTYPE_LOOP = 254,
};

enum nvmf_adrfam {
	NVMF_ADRFAM_NONE = 0,
	NVMF_ADRFAM_IPV4 = 1,
	NVMF_ADRFAM_IPV6 = 2,
	NVMF_ADRFAM_IB = 3,
	NVMF_ADRFAM_FC = 4,
	NVMF_ADRFAM_LOOP = 254,
};

enum nvmf_subtype {
	NVMF_SUBTYPE_REFERRAL = 1,
	NVMF_SUBTYPE_NVM = 2,
	NVMF_SUBTYPE_CURRENT = 3,
};

enum nvmf_treq {
	NVMF_TREQ_SECURE_UNSPECIFIED = 0,
	NVMF_TREQ_SECURE_REQUIRED = 1,
	NVMF_TREQ_SECURE_NOT_REQUIRED = 2,
};
#define NVMF_TREQ_SECURE_MASK 3u
#define NVMF_TREQ_NO_SQFLOW (1u << 2)

enum nvmf_tcp_sectype {
	NVMF_TCP_SECTYPE_NONE = 0,
	NVMF_TCP_SECTYPE_TLS12 = 1,
	NVMF_TCP_SECTYPE_TLS13 = 2,
};

#define NVMF_EFLAGS_DUPRETINFO (1u << 0)
#define NVMF_EFLAGS_EPCSD (1u << 1)
#define NVMF_EFLAGS_NCC (1u << 2)

struct nvmf_disc_entry {
	uint8_t trtype;
	uint8_t adrfam;
	uint8_t subtype;
	uint8_t treq;
	uint16_t portid;
	uint16_t cntlid;
	uint16_t asqsz;
	uint16_t eflags;
	uint8_t rsvd12[20];
	char trsvcid[32];
	uint8_t rsvd64[192];
	char subnqn[NVMF_NQN_FIELD];
	char traddr[256];
	uint8_t tsas[256]; /* TCP: byte 0 is the security type */
} NVME_PACKED;
NVME_SIZE(struct nvmf_disc_entry, 1024);
NVME_AT(struct nvmf_disc_entry, portid, 4);
NVME_AT(struct nvmf_disc_entry, eflags, 10);
NVME_AT(struct nvmf_disc_entry, trsvcid, 32);
NVME_AT(struct nvmf_disc_entry, subnqn, 256);
NVME_AT(struct nvmf_disc_entry, traddr, 512);
NVME_AT(struct nvmf_disc_entry, tsas, 768);

#define NVMF_DLPF_EXTEND (1u << 0)
#define NVMF_DLPF_PORTLCL (1u << 1)
#define NVMF_DLPF_ALLSUB (1u << 2)

/* LID 71h has the header of LID 70h, with these flags; the total length is always told. */
#define NVMF_HDLPF_ALLHOST (1u << 0)

struct nvmf_disc_log {
	uint64_t genctr;
	uint64_t numrec;
	uint16_t recfmt;
	uint8_t dlpf;
	uint8_t rsvd19;
	uint32_t tdlpl; /* total length; only with extended entries */
	uint8_t rsvd24[1000];
} NVME_PACKED;
NVME_SIZE(struct nvmf_disc_log, 1024);
NVME_AT(struct nvmf_disc_log, recfmt, 16);
NVME_AT(struct nvmf_disc_log, tdlpl, 20);

/* What follows an entry's first 1024 bytes when it is extended: this, then EXATs up to TEL. */
struct nvmf_ext_tail {
	uint32_t tel;
	uint16_t numexat;
	uint8_t rsvd6[2];
} NVME_PACKED;
NVME_SIZE(struct nvmf_ext_tail, 8);
NVME_AT(struct nvmf_ext_tail, numexat, 4);

enum nvmf_exattype {
	NVMF_EXAT_HOSTID = 1,
	NVMF_EXAT_ADMIN_LABEL = 2,
	NVMF_EXAT_ADMIN_LABEL_UTF8 = 3,
};

struct nvmf_exat {
	uint16_t type;
	uint16_t len; /* of the value; the next EXAT starts at a multiple of 4 */
} NVME_PACKED;
NVME_SIZE(struct nvmf_exat, 4);
NVME_AT(struct nvmf_exat, len, 2);

/* ---- Discovery Information Management, opcode 21h ---- */

enum nvmf_dim_entfmt { NVMF_DIM_BASIC = 1, NVMF_DIM_EXTENDED = 2 };
enum nvmf_dim_etype { NVMF_DIM_HOST = 1, NVMF_DIM_DDC = 2, NVMF_DIM_CDC = 3 };
#define NVMF_DIM_EKTYPE 0x5f /* by TRADDR */
#define NVMF_DIM_EKTYPE_PORTID 0x3f

struct nvmf_dim_data {
	uint32_t tdl;
	uint8_t rsvd4[4];
	uint64_t nument;
	uint16_t entfmt;
	uint16_t etype;
	uint8_t portlcl;
	uint8_t rsvd21;
	uint16_t ektype;
	char eid[256];
	char ename[256];
	char ever[64];
	uint8_t rsvd600[424];
} NVME_PACKED;
NVME_SIZE(struct nvmf_dim_data, 1024);
NVME_AT(struct nvmf_dim_data, ektype, 22);
NVME_AT(struct nvmf_dim_data, ename, 280);

/* -- the pull model: Base 2.1, 5.1.12.3.4, 5.3.10 and 8.3.2.3.8.3 -------------------------------------------- */
enum nvmf_pull_ori { /* Figure 304: what a pull model DDC asks for */
		     NVMF_PULL_GET_ZONEGROUP = 1,
		     NVMF_PULL_ADD_ZONEGROUP = 2,
		     NVMF_PULL_REMOVE_ZONEGROUP = 3,
		     NVMF_PULL_LOG = 4,
};

struct nvmf_pull_request {
	uint8_t ori;
	uint8_t rsvd1[3];
	uint32_t tpdrpl; /* of all of the page */
} NVME_PACKED;
NVME_SIZE(struct nvmf_pull_request, 8);
NVME_AT(struct nvmf_pull_request, tpdrpl, 4);

struct nvmf_pull_log { /* Figure 717 */
	uint8_t lprlid, lprlsp;
	uint8_t rsvd2[2];
} NVME_PACKED;
NVME_SIZE(struct nvmf_pull_log, 4);
NVME_AT(struct nvmf_pull_log, lprlsp, 1);

struct nvmf_pull_zonegroup { /* Figures 706, 709, 713 */
	uint32_t t_id;
	char zgorig[224];
	char zgname[30];
} NVME_PACKED;
NVME_SIZE(struct nvmf_pull_zonegroup, 258);
NVME_AT(struct nvmf_pull_zonegroup, zgorig, 4);
NVME_AT(struct nvmf_pull_zonegroup, zgname, 228);

/* Send Discovery Log Page: Command Dword 10, and Dword 0 of its completion (Figures 534, 539). */
enum nvmf_sdlp_rlps {
	NVMF_SDLP_VALID = 0,
	NVMF_SDLP_INVALID = 1, /* not supported */
	NVMF_SDLP_NOT_ALLOWED = 2, /* not one of Figure 538 */
	NVMF_SDLP_FAILED = 3, /* SCT and SC say why */
};
#define NVMF_SDLP_CDW10(rlps, sct, sc, lsp, lid)                                                   \
	((uint32_t)(rlps) << 30 | (uint32_t)(sct) << 25 | (uint32_t)(sc) << 17 |                   \
	 ((uint32_t)(lsp)&0x7f) << 8 | (lid))
#define NVMF_SDLP_LPUR (1u << 31)

/* -- AVE discovery log page: Base 2.1, 5.1.12.3.3 --------------------------------------------------------------- */
struct nvmf_ave_log {
	uint64_t genctr, numrec;
	uint16_t recfmt;
	uint8_t rsvd18[2];
	uint32_t tadlpl; /* of all of the page */
	uint8_t rsvd24[1000];
} NVME_PACKED;
NVME_SIZE(struct nvmf_ave_log, 1024);
NVME_AT(struct nvmf_ave_log, numrec, 8);
NVME_AT(struct nvmf_ave_log, recfmt, 16);
NVME_AT(struct nvmf_ave_log, tadlpl, 20);

struct nvmf_ave_entry {
	uint32_t tel; /* its transport records too */
	char avenqn[224];
	uint8_t numatr;
	uint8_t rsvd229[3];
} NVME_PACKED;
NVME_SIZE(struct nvmf_ave_entry, 232);
NVME_AT(struct nvmf_ave_entry, avenqn, 4);
NVME_AT(struct nvmf_ave_entry, numatr, 228);

struct nvmf_ave_transport {
	uint8_t adrfam; /* enum nvmf_adrfam */
	uint8_t rsvd1;
	uint16_t trsvcid;
	uint8_t traddr[16]; /* binary, in network order; IPv4 in the first four */
} NVME_PACKED;
NVME_SIZE(struct nvmf_ave_transport, 20);
NVME_AT(struct nvmf_ave_transport, trsvcid, 2);
NVME_AT(struct nvmf_ave_transport, traddr, 4);

#endif
