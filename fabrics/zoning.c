/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/zoning.c - see zoning.h.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 8.3.2.3. */
#include "fabrics/zoning.h"

#include <errno.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/connect.h"
#include "fabrics/wire.h"

/* ---- types ---- */

static const struct {
	uint8_t type;
	uint8_t elements;
} types[] = {
	{ NVMF_ZM_NQN, FAB_ZE_NQN },
	{ NVMF_ZM_NQN_IP, FAB_ZE_NQN | FAB_ZE_IP | FAB_ZE_PROTO },
	{ NVMF_ZM_NQN_IP_PORT, FAB_ZE_NQN | FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT },
	{ NVMF_ZM_NQN_IP_PORT_PORTID,
	  FAB_ZE_NQN | FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT | FAB_ZE_PORTID },
	{ NVMF_ZM_NQN_PORTID, FAB_ZE_NQN | FAB_ZE_PORTID },
	{ NVMF_ZM_NQN_PORTID_ADRFAM, FAB_ZE_NQN | FAB_ZE_PROTO | FAB_ZE_PORTID | FAB_ZE_ADRFAM },
	{ NVMF_ZM_IP, FAB_ZE_IP | FAB_ZE_PROTO },
	{ NVMF_ZM_IP_PORT, FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT },
	{ NVMF_ZM_ALIAS, FAB_ZE_ALIAS },
};

unsigned int fab_zone_type_elements(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].elements;
	return 0;
}

uint8_t fab_zone_type_of(unsigned int elements)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].elements == elements)
			return types[i].type;
	return 0;
}

/* ---- text ---- */

bool fab_zone_name_ok(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	if (!len || len == size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~')
			return false;
	return true;
}

/* ---- members ---- */

/* The fields of the elements that the type has. */
static const char *bad_element(unsigned int has, const struct nvmf_zone_member *in)
{
	if (!(has & FAB_ZE_ALIAS) && in->zmrole != NVMF_ZONE_HOST &&
	    in->zmrole != NVMF_ZONE_SUBSYSTEM)
		return "zmrole";
	if (has & (FAB_ZE_IP | FAB_ZE_ADRFAM) && in->zmadrfam != NVMF_ADRFAM_IPV4 &&
	    in->zmadrfam != NVMF_ADRFAM_IPV6)
		return "zmadrfam";
	if (has & FAB_ZE_PROTO && in->zmipproto != NVMF_ZONE_TCP && in->zmipproto != NVMF_ZONE_UDP)
		return "zmipproto";
	if (has & FAB_ZE_NQN && fab_nqn_check(in->zmnqn, sizeof(in->zmnqn)) < 0)
		return "zmnqn";
	if (has & FAB_ZE_ALIAS && !fab_zone_name_ok(in->zmnqn, NVMF_ZONE_NAME))
		return "zmzaname";
	return NULL;
}

int fab_zone_member_decode(const struct nvmf_zone_member *in, struct fab_zone_member *ret,
			   const char **ret_field)
{
	unsigned int has = fab_zone_type_elements(in->zmtype);

	memset(ret, 0, sizeof(*ret));
	*ret_field = !has ? "zmtype" : NULL;
	if (has && le16toh(in->zmlen) != sizeof(*in))
		*ret_field = "zmlen";
	if (!*ret_field)
		*ret_field = bad_element(has, in);
	if (*ret_field)
		return -EINVAL;
	ret->type = in->zmtype;
	if (!(has & FAB_ZE_ALIAS))
		ret->role = in->zmrole;
	if (has & (FAB_ZE_IP | FAB_ZE_ADRFAM))
		ret->adrfam = in->zmadrfam;
	if (has & FAB_ZE_PROTO)
		ret->ipproto = in->zmipproto;
	if (has & FAB_ZE_PORT)
		ret->port = le16toh(in->zmtrsvcid);
	if (has & FAB_ZE_PORTID)
		ret->portid = le16toh(in->zmportid);
	if (has & FAB_ZE_IP)
		memcpy(ret->addr, in->zmtraddr, in->zmadrfam == NVMF_ADRFAM_IPV4 ? 4 : 16);
	if (has & (FAB_ZE_NQN | FAB_ZE_ALIAS))
		memcpy(ret->name, in->zmnqn, strlen(in->zmnqn));
	return 0;
}

void fab_zone_member_encode(const struct fab_zone_member *m, struct nvmf_zone_member *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->zmtype = m->type;
	ret->zmlen = htole16(sizeof(*ret));
	ret->zmrole = m->role;
	ret->zmadrfam = m->adrfam;
	ret->zmipproto = m->ipproto;
	ret->zmtrsvcid = htole16(m->port);
	ret->zmportid = htole16(m->portid);
	memcpy(ret->zmtraddr, m->addr, sizeof(ret->zmtraddr));
	memcpy(ret->zmnqn, m->name, strlen(m->name));
}

/* ---- properties ---- */

/* Those that aren't known are passed by. */
static const char *take_properties(struct fab_rd *rd, uint16_t nr, bool *ret_enforced)
{
	*ret_enforced = false;
	for (uint16_t i = 0; i < nr; i++) {
		uint8_t type = fab_rd_u8(rd);
		uint16_t len = fab_rd_le16(rd);
		const uint8_t *value;

		if (rd->err || len < 3)
			return "zplen";
		value = fab_rd_bytes(rd, len - 3u);
		if (!value)
			return "zplen";
		if (type == NVMF_ZP_FABRIC_ENFORCED && len > 3 && *value == 1)
			*ret_enforced = true;
	}
	return NULL;
}

void fab_zone_enforced_encode(struct nvmf_zone_property *ret)
{
	*ret = (struct nvmf_zone_property){ .zptype = NVMF_ZP_FABRIC_ENFORCED,
					    .zplen = htole16(sizeof(*ret)),
					    .zpval = 1 };
}

/* ---- zones ---- */

/* Its bounds and properties; members aren't looked at. */
static const char *take_zone(struct fab_rd *rd, struct fab_zone *ret)
{
	const struct nvmf_zone *in = fab_rd_bytes(rd, sizeof(*in));

	memset(ret, 0, sizeof(*ret));
	if (!in)
		return "numz";
	if (!fab_zone_name_ok(in->zname, sizeof(in->zname)))
		return "zname";
	memcpy(ret->name, in->zname, strlen(in->zname));
	ret->nr_members = le16toh(in->numzm);
	ret->members = fab_rd_bytes(rd, ret->nr_members * sizeof(*ret->members));
	if (!ret->members)
		return "numzm";
	return take_properties(rd, le16toh(in->numzp), &ret->enforced);
}

void fab_zone_encode(const char *name, uint16_t nr_members, bool enforced, struct nvmf_zone *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->zname, name, strlen(name));
	ret->numzm = htole16(nr_members);
	ret->numzp = htole16(enforced ? 1 : 0);
}

bool fab_zone_next(const struct fab_zone_group *group, size_t *pos, struct fab_zone *ret)
{
	struct fab_rd rd = fab_rd_init(group->zones + *pos, group->zones_len - *pos);

	if (!rd.left || take_zone(&rd, ret))
		return false;
	*pos = group->zones_len - rd.left;
	return true;
}

/* ---- groups ---- */

static int refuse(struct fab_zone_fault *fault, const char *field, int zone, int member)
{
	*fault = (struct fab_zone_fault){ .field = field, .zone = zone, .member = member };
	return -EINVAL;
}

static int check_members(const struct fab_zone *zone, int index, struct fab_zone_fault *fault)
{
	struct fab_zone_member m;
	const char *field;

	for (uint16_t i = 0; i < zone->nr_members; i++)
		if (fab_zone_member_decode(&zone->members[i], &m, &field) < 0)
			return refuse(fault, field, index, i);
	return 0;
}

static int check_zones(struct fab_zone_group *group, struct fab_rd *rd,
		       struct fab_zone_fault *fault)
{
	struct fab_zone zone;
	const char *field;

	for (uint16_t i = 0; i < group->nr_zones; i++) {
		field = take_zone(rd, &zone);
		if (field)
			return refuse(fault, field, i, -1);
		if (check_members(&zone, i, fault) < 0)
			return -EINVAL;
	}
	return 0;
}

int fab_zone_group_decode(const void *data, size_t len, struct fab_zone_group *ret,
			  struct fab_zone_fault *ret_fault)
{
	struct fab_rd rd = fab_rd_init(data, len);
	const struct nvmf_zone_group *in = fab_rd_bytes(&rd, sizeof(*in));

	memset(ret, 0, sizeof(*ret));
	if (!in)
		return refuse(ret_fault, "length", -1, -1);
	if (fab_nqn_check(in->zgorig, sizeof(in->zgorig)) < 0)
		return refuse(ret_fault, "zgorig", -1, -1);
	if (!fab_zone_name_ok(in->zgname, sizeof(in->zgname)))
		return refuse(ret_fault, "zgname", -1, -1);
	memcpy(ret->originator, in->zgorig, strlen(in->zgorig));
	memcpy(ret->name, in->zgname, strlen(in->zgname));
	ret->nr_zones = le16toh(in->numz);
	ret->zones = rd.p;
	if (check_zones(ret, &rd, ret_fault) < 0)
		return -EINVAL;
	/* A transfer is of whole dwords, a property need not be. */
	if (rd.left > 3)
		return refuse(ret_fault, "length", -1, -1);
	ret->zones_len = (size_t)(rd.p - ret->zones);
	return 0;
}

void fab_zone_group_encode(const char *originator, const char *name, uint16_t nr_zones,
			   struct nvmf_zone_group *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->zgorig, originator, strlen(originator));
	memcpy(ret->zgname, name, strlen(name));
	ret->numz = htole16(nr_zones);
}
