/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/zoning.h - codec of ZoneGroups: checked whole before anybody acts on one.
 * Owns: nothing; what is decoded borrows the bytes.  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.2.3 (Fabric Zoning). */
#ifndef FABRICS_ZONING_H
#define FABRICS_ZONING_H

#include <stdbool.h>
#include <stddef.h>

#include "fabrics/spec/nvmf_zoning.h"

/* What a member is told apart by. */
enum fab_zone_element {
	FAB_ZE_NQN = 1 << 0,
	FAB_ZE_IP = 1 << 1, /* with its address family */
	FAB_ZE_PROTO = 1 << 2,
	FAB_ZE_PORT = 1 << 3,
	FAB_ZE_PORTID = 1 << 4,
	FAB_ZE_ADRFAM = 1 << 5, /* without an address */
	FAB_ZE_ALIAS = 1 << 6,
};

struct fab_zone_member {
	uint8_t type; /* enum nvmf_zone_member_type */
	uint8_t role; /* enum nvmf_zone_role; 0 for an alias */
	uint8_t adrfam, ipproto;
	uint16_t port, portid;
	uint8_t addr[16]; /* network byte order; zeroes after an IPv4 address */
	char name[NVMF_ZONE_NQN_FIELD]; /* the NQN, or the alias's name */
};

/* Elements (enum fab_zone_element) of a type; 0: it isn't one of the specification's. */
unsigned int fab_zone_type_elements(uint8_t type);
/* The type that has these elements; 0: there is none. */
uint8_t fab_zone_type_of(unsigned int elements);

struct fab_zone_group {
	char originator[NVMF_ZONE_NQN_FIELD], name[NVMF_ZONE_GROUP_NAME];
	uint16_t nr_zones;
	const uint8_t *zones; /* borrowed */
	size_t zones_len;
};

struct fab_zone {
	char name[NVMF_ZONE_NAME];
	uint16_t nr_members;
	bool enforced; /* Fabric Enforced Zone; other properties are not looked at */
	const struct nvmf_zone_member *members; /* borrowed; fab_zone_member_decode() reads one */
};

/* What was wrong: the field by the specification's name in small letters; -1: not in a zone, not in a member. */
struct fab_zone_fault {
	const char *field;
	int zone, member;
};

/* Checks all of it; up to three bytes of padding may follow.  0, or -EINVAL with *ret_fault. */
int fab_zone_group_decode(const void *data, size_t len, struct fab_zone_group *ret,
			  struct fab_zone_fault *ret_fault);
/* The zones of a decoded group one by one, *pos being 0 at first; false after the last. */
bool fab_zone_next(const struct fab_zone_group *group, size_t *pos, struct fab_zone *ret);
/* 0, or -EINVAL with the field at fault. */
int fab_zone_member_decode(const struct nvmf_zone_member *in, struct fab_zone_member *ret,
			   const char **ret_field);

/* Names are taken as they are: they fit, and so on. */
void fab_zone_group_encode(const char *originator, const char *name, uint16_t nr_zones,
			   struct nvmf_zone_group *ret);
/* A zone that is fabric enforced has one property, which follows its members. */
void fab_zone_encode(const char *name, uint16_t nr_members, bool enforced, struct nvmf_zone *ret);
void fab_zone_member_encode(const struct fab_zone_member *m, struct nvmf_zone_member *ret);
void fab_zone_enforced_encode(struct nvmf_zone_property *ret);

/* NUL ended within size, 1 byte at least, printable ASCII: the form of the names of groups, zones and aliases. */
bool fab_zone_name_ok(const char *name, size_t size);

#endif
