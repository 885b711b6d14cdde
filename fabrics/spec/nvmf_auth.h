/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvmf_auth.h - messages of in-band authentication with DH-HMAC-CHAP.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 8.3.4.4 (common messages), 8.3.4.5 (DH-HMAC-CHAP).
 * All multi-byte fields are little-endian, save for DH values, which are big-endian numbers. */
#ifndef FABRICS_SPEC_NVMF_AUTH_H
#define FABRICS_SPEC_NVMF_AUTH_H

#include "fabrics/spec/nvmf.h"

enum nvmf_auth_type { NVMF_AUTH_COMMON = 0x00, NVMF_AUTH_DHCHAP = 0x01 };

enum nvmf_auth_id {
	NVMF_AUTH_NEGOTIATE = 0x00, /* common */
	NVMF_DHCHAP_CHALLENGE = 0x01,
	NVMF_DHCHAP_REPLY = 0x02,
	NVMF_DHCHAP_SUCCESS1 = 0x03,
	NVMF_DHCHAP_SUCCESS2 = 0x04,
	NVMF_AUTH_FAILURE2 = 0xf0, /* common */
	NVMF_AUTH_FAILURE1 = 0xf1, /* common */
};

enum nvmf_auth_hash { NVMF_HASH_SHA256 = 1, NVMF_HASH_SHA384 = 2, NVMF_HASH_SHA512 = 3 };

enum nvmf_auth_group {
	NVMF_DH_NULL = 0,
	NVMF_DH_2048 = 1,
	NVMF_DH_3072 = 2,
	NVMF_DH_4096 = 3,
	NVMF_DH_6144 = 4,
	NVMF_DH_8192 = 5,
	NVMF_DH_COUNT
};

#define NVMF_AUTH_RCODE 0x01 /* authentication failure: the only reason code */
enum nvmf_auth_why { /* reason code explanations */
		     NVMF_AUTH_WHY_FAILED = 1,
		     NVMF_AUTH_WHY_PROTOCOL = 2,
		     NVMF_AUTH_WHY_SCC = 3,
		     NVMF_AUTH_WHY_HASH = 4,
		     NVMF_AUTH_WHY_GROUP = 5,
		     NVMF_AUTH_WHY_PAYLOAD = 6,
		     NVMF_AUTH_WHY_MESSAGE = 7,
};

/* What every message begins with. */
struct nvmf_auth_head {
	uint8_t auth_type, auth_id;
	uint8_t rsvd2[2];
	uint16_t t_id;
} NVME_PACKED;
NVME_SIZE(struct nvmf_auth_head, 6);
NVME_AT(struct nvmf_auth_head, t_id, 4);

struct nvmf_auth_negotiate {
	struct nvmf_auth_head head;
	uint8_t sc_c;
	uint8_t napd; /* that many descriptors follow */
} NVME_PACKED;
NVME_SIZE(struct nvmf_auth_negotiate, 8);
NVME_AT(struct nvmf_auth_negotiate, napd, 7);

#define NVMF_AUTH_IDS 30
struct nvmf_auth_descriptor {
	uint8_t authid; /* NVMF_AUTH_DHCHAP */
	uint8_t rsvd1;
	uint8_t halen, dhlen;
	uint8_t hashes[NVMF_AUTH_IDS], groups[NVMF_AUTH_IDS];
} NVME_PACKED;
NVME_SIZE(struct nvmf_auth_descriptor, 64);
NVME_AT(struct nvmf_auth_descriptor, halen, 2);
NVME_AT(struct nvmf_auth_descriptor, hashes, 4);
NVME_AT(struct nvmf_auth_descriptor, groups, 34);

struct nvmf_dhchap_challenge { /* then C1 of hl bytes, and the DH value */
	struct nvmf_auth_head head;
	uint8_t hl;
	uint8_t rsvd7;
	uint8_t hash, group;
	uint16_t dhvlen;
	uint32_t seqnum;
} NVME_PACKED;
NVME_SIZE(struct nvmf_dhchap_challenge, 16);
NVME_AT(struct nvmf_dhchap_challenge, hl, 6);
NVME_AT(struct nvmf_dhchap_challenge, hash, 8);
NVME_AT(struct nvmf_dhchap_challenge, group, 9);
NVME_AT(struct nvmf_dhchap_challenge, dhvlen, 10);
NVME_AT(struct nvmf_dhchap_challenge, seqnum, 12);

struct nvmf_dhchap_reply { /* then R1 and C2 of hl bytes each, and the DH value */
	struct nvmf_auth_head head;
	uint8_t hl;
	uint8_t rsvd7;
	uint8_t cvalid;
	uint8_t rsvd9;
	uint16_t dhvlen;
	uint32_t seqnum;
} NVME_PACKED;
NVME_SIZE(struct nvmf_dhchap_reply, 16);
NVME_AT(struct nvmf_dhchap_reply, hl, 6);
NVME_AT(struct nvmf_dhchap_reply, cvalid, 8);
NVME_AT(struct nvmf_dhchap_reply, dhvlen, 10);
NVME_AT(struct nvmf_dhchap_reply, seqnum, 12);

struct nvmf_dhchap_success1 { /* then R2 of hl bytes */
	struct nvmf_auth_head head;
	uint8_t hl;
	uint8_t rsvd7;
	uint8_t rvalid;
	uint8_t rsvd9[7];
} NVME_PACKED;
NVME_SIZE(struct nvmf_dhchap_success1, 16);
NVME_AT(struct nvmf_dhchap_success1, hl, 6);
NVME_AT(struct nvmf_dhchap_success1, rvalid, 8);

struct nvmf_dhchap_success2 {
	struct nvmf_auth_head head;
	uint8_t rsvd6[10];
} NVME_PACKED;
NVME_SIZE(struct nvmf_dhchap_success2, 16);

struct nvmf_auth_failure {
	struct nvmf_auth_head head;
	uint8_t rcode, why;
} NVME_PACKED;
NVME_SIZE(struct nvmf_auth_failure, 8);
NVME_AT(struct nvmf_auth_failure, rcode, 6);
NVME_AT(struct nvmf_auth_failure, why, 7);

#endif
