/* SPDX-License-Identifier: Apache-2.0 */
/* api/zone_json.c - see zone_json.h.  Thread: the control loop.  May block: never. */
#include "api/zone_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/json.h"
#include "common/util.h"

static const char *const roles[] = { "", "host", "subsystem" };
static const char *const families[] = { "", "ipv4", "ipv6" };

/* The place of text among words, of which the first doesn't count; 0: it is none of them. */
static uint8_t find(const char *const *words, size_t nr, const char *text)
{
	for (size_t i = 1; i < nr; i++)
		if (strcmp(words[i], text) == 0)
			return (uint8_t)i;
	return 0;
}

/* -- reading ------------------------------------------------------------------------------------------- */
static int read_names(struct json_object *doc, struct dsc_zone_member *m, struct cmn_err *err)
{
	static const struct {
		const char *key;
		uint16_t element;
	} names[] = {
		{ "nqn", FAB_ZE_NQN },
		{ "label", DSC_ZE_LABEL },
		{ "group", DSC_ZE_GROUP },
		{ "alias", FAB_ZE_ALIAS },
	};
	const char *text;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		text = NULL;
		if (cmn_json_str_opt(doc, names[i].key, &text, NULL, err) < 0)
			return err->code;
		if (!text)
			continue;
		if (m->has & DSC_ZE_NAMES)
			return cmn_err_set(err, -EINVAL, names[i].key,
					   "a member has one of nqn, label, group, alias");
		if (!*text || !cmn_strlcpy(m->text, text, sizeof(m->text)))
			return cmn_err_set(err, -EINVAL, names[i].key, "must have 1 to %zu bytes",
					   sizeof(m->text) - 1);
		m->has |= names[i].element;
	}
	return 0;
}

static int read_number(struct json_object *doc, const char *key, uint64_t min, uint16_t element,
		       struct dsc_zone_member *m, struct cmn_err *err)
{
	uint16_t *to = element == FAB_ZE_PORT ? &m->port : &m->portid;
	uint64_t value = 0;
	bool has = false;

	if (cmn_json_u64_opt(doc, key, &value, &has, err) < 0)
		return err->code;
	if (!has)
		return 0;
	if (cmn_json_range(key, value, min, UINT16_MAX, err) < 0)
		return err->code;
	*to = (uint16_t)value;
	m->has |= element;
	return 0;
}

static int read_place(struct json_object *doc, struct dsc_zone_member *m, struct cmn_err *err)
{
	const char *address = NULL, *family = NULL, *protocol = NULL;

	if (cmn_json_str_opt(doc, "address", &address, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "family", &family, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "protocol", &protocol, NULL, err) < 0)
		return err->code;
	if (address && !net_prefix_parse(&m->at, address))
		return cmn_err_set(err, -EINVAL, "address",
				   "\"%.64s\" is not an address such as 192.0.2.7 or a prefix such "
				   "as 192.0.2.0/24",
				   address);
	if (address) {
		m->has |= FAB_ZE_IP;
		m->family = net_prefix_is_v4(&m->at) ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
	}
	if (family && !address) {
		m->has |= FAB_ZE_ADRFAM;
		m->family = find(families, ARRAY_SIZE(families), family);
	}
	if (family && m->family != find(families, ARRAY_SIZE(families), family))
		return cmn_err_set(err, -EINVAL, "family", "is not that of the address");
	if (family && !m->family)
		return cmn_err_set(err, -EINVAL, "family", "must be ipv4 or ipv6");
	if (protocol && strcmp(protocol, "tcp") != 0)
		return cmn_err_set(err, -EINVAL, "protocol", "must be tcp");
	/* Told by every type of member with an address or a family. */
	if (m->has & (FAB_ZE_IP | FAB_ZE_ADRFAM)) {
		m->has |= FAB_ZE_PROTO;
		m->ipproto = NVMF_ZONE_TCP;
	}
	return 0;
}

static int read_member(struct json_object *doc, struct dsc_zone_member *m, struct cmn_err *err)
{
	static const char *const known[] = { "role",  "type",	"nqn",	  "address",
					     "port",  "portid", "family", "protocol",
					     "label", "group",	"alias",  NULL };
	const char *role = NULL;

	memset(m, 0, sizeof(*m));
	if (!json_object_is_type(doc, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "a member is an object");
	if (cmn_json_only(doc, known, err) < 0 || read_names(doc, m, err) < 0 ||
	    cmn_json_str_opt(doc, "role", &role, NULL, err) < 0)
		return err->code;
	if (role && !(m->has & FAB_ZE_ALIAS)) {
		m->role = find(roles, ARRAY_SIZE(roles), role);
		if (!m->role)
			return cmn_err_set(err, -EINVAL, "role", "must be host or subsystem");
	}
	if (read_number(doc, "port", 1, FAB_ZE_PORT, m, err) < 0 ||
	    read_number(doc, "portid", 0, FAB_ZE_PORTID, m, err) < 0)
		return err->code;
	return read_place(doc, m, err);
}

int api_members_read(struct json_object *doc, const char *name, struct dsc_members_in *ret,
		     struct cmn_err *err)
{
	struct json_object *array = NULL;
	struct dsc_zone_member *item;
	char at[32];
	size_t nr;

	memset(ret, 0, sizeof(*ret));
	if (cmn_json_arr_opt(doc, name, &array, err) < 0)
		return err->code;
	if (!array)
		return 0;
	nr = json_object_array_length(array);
	item = calloc(nr + 1, sizeof(*item));
	if (!item)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	*ret = (struct dsc_members_in){ .set = true, .item = item };
	for (; ret->nr < nr; ret->nr++) {
		if (read_member(json_object_array_get_idx(array, ret->nr), &item[ret->nr], err) ==
		    0)
			continue;
		snprintf(at, sizeof(at), "%s[%zu]", name, ret->nr);
		if (*err->field)
			cmn_err_prefix(err, at);
		else
			snprintf(err->field, sizeof(err->field), "%s", at);
		api_members_free(ret);
		return err->code;
	}
	return 0;
}

void api_members_free(struct dsc_members_in *members)
{
	free((void *)(uintptr_t)members->item);
	memset(members, 0, sizeof(*members));
}

/* -- rendering ------------------------------------------------------------------------------------------- */
struct json_object *api_member_render(const struct dsc_zone_member *m)
{
	struct json_object *json = json_object_new_object();
	uint8_t type = dsc_zone_member_type(m);
	char text[NET_PREFIX_TEXT];

	if (m->has & FAB_ZE_ALIAS) {
		api_add_str(json, "alias", m->text);
		return json;
	}
	api_add_str(json, "role", roles[m->role]);
	if (type)
		api_add_u64(json, "type", type);
	if (m->has & FAB_ZE_NQN)
		api_add_str(json, "nqn", m->text);
	if (m->has & DSC_ZE_LABEL)
		api_add_str(json, "label", m->text);
	if (m->has & DSC_ZE_GROUP)
		api_add_str(json, "group", m->text);
	if (m->has & FAB_ZE_IP)
		api_add_str(json, "address", net_prefix_format(&m->at, text));
	if (m->has & FAB_ZE_PORT)
		api_add_u64(json, "port", m->port);
	if (m->has & FAB_ZE_PORTID)
		api_add_u64(json, "portid", m->portid);
	if (m->has & FAB_ZE_ADRFAM)
		api_add_str(json, "family", families[m->family]);
	if (m->has & FAB_ZE_PROTO)
		api_add_str(json, "protocol", m->ipproto == NVMF_ZONE_UDP ? "udp" : "tcp");
	return json;
}

struct json_object *api_members_render(const char *text, const char *end)
{
	struct json_object *array = json_object_new_array();
	struct dsc_zone_member m;
	struct dsc_slice line;

	while ((!end || text < end) && dsc_slice_line(&text, &line))
		if (dsc_zone_member_parse(line, &m))
			json_object_array_add(array, api_member_render(&m));
	return array;
}

struct json_object *api_active_zones_render(const char *text)
{
	struct json_object *array = json_object_new_array(), *zone = NULL, *members = NULL;
	struct dsc_slice line, name;
	struct dsc_zone_member m;
	bool enforced;

	while (dsc_slice_line(&text, &line)) {
		if (dsc_zone_header_parse(line, &name, &enforced)) {
			zone = json_object_new_object();
			members = json_object_new_array();
			json_object_object_add(zone, "name",
					       json_object_new_string_len(name.p, (int)name.len));
			api_add_bool(zone, "fabric_enforced", enforced);
			json_object_object_add(zone, "members", members);
			json_object_array_add(array, zone);
		} else if (members && dsc_zone_member_parse(line, &m)) {
			json_object_array_add(members, api_member_render(&m));
		}
	}
	return array;
}
