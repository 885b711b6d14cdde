/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/spec/nvmf_zoning.h - Fabric Zoning: ZoneGroups, what they are made of, and the data of the commands that move them.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.3.4 to 5.3.6, 8.3.2.3.
 * All multi-byte fields are little-endian, but an IP address, which is in network byte order. */
#ifndef FABRICS_SPEC_NVMF_ZONING_H
#define FABRICS_SPEC_NVMF_ZONING_H

#include "fabrics/spec/nvmf.h"

#define NVMF_ZONE_NQN_FIELD 224 /* with at least one NUL */
#define NVMF_ZONE_GROUP_NAME 30
#define NVMF_ZONE_NAME 124 /* of a zone or an alias */

/* ---- 8.3.2.3.2, Figure 682: a ZoneGroup is this and its zones ---- */

struct nvmf_zone_group {
	char zgorig[NVMF_ZONE_NQN_FIELD]; /* who made it: the CDC or a DDC */
	char zgname[NVMF_ZONE_GROUP_NAME];
	uint16_t numz;
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_group, 256);
NVME_AT(struct nvmf_zone_group, zgname, 224);
NVME_AT(struct nvmf_zone_group, numz, 254);

/* ---- 8.3.2.3.3, Figure 683: a zone is this, its members, then its properties ---- */

struct nvmf_zone {
	char zname[NVMF_ZONE_NAME];
	uint16_t numzm;
	uint16_t numzp;
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone, 128);
NVME_AT(struct nvmf_zone, numzm, 124);

/* ---- 8.3.2.3.4, Figures 684 to 693: members ---- */

enum nvmf_zone_member_type {
	NVMF_ZM_NQN = 0x01,
	NVMF_ZM_NQN_IP = 0x02,
	NVMF_ZM_NQN_IP_PORT = 0x03,
	NVMF_ZM_NQN_IP_PORT_PORTID = 0x04,
	NVMF_ZM_NQN_PORTID = 0x05,
	NVMF_ZM_NQN_PORTID_ADRFAM = 0x06,
	NVMF_ZM_IP = 0x11,
	NVMF_ZM_IP_PORT = 0x12,
	NVMF_ZM_ALIAS = 0xef,
};

enum nvmf_zone_role { NVMF_ZONE_HOST = 1, NVMF_ZONE_SUBSYSTEM = 2 };
enum nvmf_zone_ipproto { NVMF_ZONE_TCP = 0x06, NVMF_ZONE_UDP = 0x11 };

/* Every type has this form; which fields count is the type's.  Where the figures of types 5h and 6h have room for it, the port's
 * identifier lies as in type 4h. */
struct nvmf_zone_member {
	uint8_t zmtype;
	uint16_t zmlen; /* 100h */
	uint8_t zmrole;
	uint8_t zmadrfam; /* enum nvmf_adrfam: IPv4 or IPv6 */
	uint8_t zmipproto;
	uint16_t zmtrsvcid;
	uint8_t zmtraddr[16]; /* IPv4: the first 4 */
	uint16_t zmportid;
	uint8_t rsvd26[6];
	char zmnqn
		[NVMF_ZONE_NQN_FIELD]; /* EFh: the first NVMF_ZONE_NAME bytes are the alias's name */
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_member, 256);
NVME_AT(struct nvmf_zone_member, zmrole, 3);
NVME_AT(struct nvmf_zone_member, zmtrsvcid, 6);
NVME_AT(struct nvmf_zone_member, zmtraddr, 8);
NVME_AT(struct nvmf_zone_member, zmportid, 24);
NVME_AT(struct nvmf_zone_member, zmnqn, 32);

/* ---- 8.3.2.3.5, Figures 694 and 695: properties ---- */

enum nvmf_zone_property_type { NVMF_ZP_FABRIC_ENFORCED = 0x01 };

struct nvmf_zone_property {
	uint8_t zptype;
	uint16_t zplen; /* of all of it */
	uint8_t zpval; /* fabric enforced: 1 */
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_property, 4);
NVME_AT(struct nvmf_zone_property, zplen, 1);
NVME_AT(struct nvmf_zone_property, zpval, 3);

/* ---- 8.3.2.3.8: the data of Fabric Zoning Lookup, Receive and Send ---- */

/* Operation types: those of push model DDCs, which send the commands, then those of pull model DDCs, which get them. */
enum nvmf_zone_otyp {
	NVMF_ZO_LOOKUP_GET = 0x1, /* FZL */
	NVMF_ZO_GET = 0x2, /* FZR */
	NVMF_ZO_LOOKUP_ADD = 0x3, /* FZL */
	NVMF_ZO_ADD = 0x4, /* FZS */
	NVMF_ZO_LOOKUP_REMOVE = 0x5, /* FZL: it is removed by the lookup */
	NVMF_ZO_PULL_GET = 0x7, /* FZS */
	NVMF_ZO_PULL_ADD = 0x9, /* FZR */
	NVMF_ZO_PULL_ADD_STATUS = 0xa, /* FZS */
	NVMF_ZO_PULL_REMOVE_STATUS = 0xc, /* FZS */
};

/* Figure 701: the data of FZL. */
struct nvmf_zone_lookup {
	uint8_t otyp;
	uint8_t rsvd1[3];
	char zgorig[NVMF_ZONE_NQN_FIELD];
	char zgname[NVMF_ZONE_GROUP_NAME];
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_lookup, 258);
NVME_AT(struct nvmf_zone_lookup, zgname, 228);

/* Figure 702: what a fragment sent by FZS begins with. */
struct nvmf_zone_send {
	uint8_t otyp;
	uint8_t rsvd1[3];
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_send, 4);

/* Figures 699, 707 and 710: what other fragments begin with.  info: FZR of a push model DDC: the ZoneGroup's generation; FZS
 * to a pull model DDC: enum nvmf_zone_pull_status. */
struct nvmf_zone_fragment {
	uint8_t otyp;
	uint8_t rsvd1[3];
	uint32_t info;
	uint32_t zgfl; /* bytes of the ZoneGroup that follow this */
	uint8_t rsvd12[4];
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_fragment, 16);
NVME_AT(struct nvmf_zone_fragment, zgfl, 8);

/* Figures 711 and 714. */
struct nvmf_zone_pull_done {
	uint8_t otyp;
	uint8_t rsvd1[3];
	uint32_t status; /* enum nvmf_zone_pull_status */
} NVME_PACKED;
NVME_SIZE(struct nvmf_zone_pull_done, 8);
NVME_AT(struct nvmf_zone_pull_done, status, 4);

/* Figure 715. */
enum nvmf_zone_pull_status {
	NVMF_ZPS_OK = 0,
	NVMF_ZPS_IN_PROGRESS = 1,
	NVMF_ZPS_NOT_FOUND = 2,
	NVMF_ZPS_LOCKED = 3,
	NVMF_ZPS_ORIGINATOR = 4,
	NVMF_ZPS_CHANGED = 5,
};

/* CDW12 of FZR and FZS, DW0 of FZR's completion. */
#define NVMF_ZONING_NUMD 0x0fffffffu
#define NVMF_ZONING_ZDKC (1u << 28) /* CDW10 has a Transaction ID: never to a CDC */
#define NVMF_ZONING_LF (1u << 31) /* the last fragment */

#endif
