/* SPDX-License-Identifier: Apache-2.0 */
/* cli/zone_member.c - members of zones in a word, as the command line has them. */
#include "cli/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "net/addr.h"
#include "net/ip.h"

static void add(struct json_object *member, const char *key, const char *text)
{
	json_object_object_add(member, key, json_object_new_string(text));
}

static bool is_prefix(const char *text)
{
	struct net_prefix prefix;

	return net_prefix_parse(&prefix, text);
}

/* ADDRESS, ADDRESS/LENGTH, ADDRESS:PORT, [ADDRESS]:PORT */
static bool read_place(struct json_object *member, const char *text)
{
	char address[64], prefix[80];
	const char *slash = strrchr(text, '/'), *colon;
	uint16_t port = 0, same = 1; /* the second: is one given at all? */
	uint64_t number;

	if (is_prefix(text)) {
		add(member, "address", text);
		return true;
	}
	colon = slash ? strchr(slash, ':') : NULL;
	if (colon) { /* PREFIX:PORT */
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(colon - text), text);
		if (!is_prefix(prefix) || cmn_parse_u64(colon + 1, 1, UINT16_MAX, &number) < 0)
			return false;
		add(member, "address", prefix);
		json_object_object_add(member, "port", json_object_new_uint64(number));
		return true;
	}
	if (net_addr_split(text, address, sizeof(address), &port) < 0 || !is_prefix(address))
		return false;
	net_addr_split(text, address, sizeof(address), &same);
	if (!port && !same)
		return false;
	add(member, "address", address);
	if (port)
		json_object_object_add(member, "port", json_object_new_uint64(port));
	return true;
}

/* Takes "#PORTID" off the end of text. */
static bool read_portid(struct json_object *member, char *text)
{
	char *hash = strrchr(text, '#');
	uint64_t number;

	if (!hash)
		return true;
	if (cmn_parse_u64(hash + 1, 0, UINT16_MAX, &number) < 0)
		return false;
	*hash = '\0';
	json_object_object_add(member, "portid", json_object_new_uint64(number));
	return true;
}

/* NQN[@PLACE][#PORTID] */
static bool read_nqn(struct json_object *member, const char *text)
{
	char *copy = strdup(text), *at = copy ? strrchr(copy, '@') : NULL;
	bool ok = copy && read_portid(member, at ? at : copy);

	if (ok && at) {
		*at = '\0';
		ok = read_place(member, at + 1);
	}
	if (ok)
		add(member, "nqn", copy);
	free(copy);
	return ok;
}

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

static struct json_object *read_member(const char *role, const char *text)
{
	struct json_object *member = json_object_new_object();
	bool ok = true;

	if (role)
		add(member, "role", role);
	if (!role)
		add(member, "alias", text);
	else if (after(text, "label:"))
		add(member, "label", after(text, "label:"));
	else if (after(text, "group:"))
		add(member, "group", after(text, "group:"));
	else if (after(text, "nqn."))
		ok = read_nqn(member, text);
	else
		ok = read_place(member, text);
	if (ok)
		return member;
	json_object_put(member);
	cli_error("NQN, NQN@ADDRESS, NQN@ADDRESS:PORT#PORTID, ADDRESS, ADDRESS/LENGTH, "
		  "label:TEXT or group:NAME",
		  "\"%s\" is no member of a zone", text);
	return NULL;
}

enum cli_exit cli_zone_members(const struct cli *cli, struct json_object **ret_array)
{
	static const struct {
		const char *option, *role;
	} kinds[] = { { "host", "host" }, { "subsystem", "subsystem" }, { "alias", NULL } };
	struct json_object *array = json_object_new_array(), *texts, *member;

	*ret_array = NULL;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		texts = json_object_object_get(cli->values[CLI_LOCAL], kinds[k].option);
		for (size_t i = 0; texts && i < json_object_array_length(texts); i++) {
			member = read_member(
				kinds[k].role,
				json_object_get_string(json_object_array_get_idx(texts, i)));
			if (!member) {
				json_object_put(array);
				return CLI_USAGE;
			}
			json_object_array_add(array, member);
		}
	}
	*ret_array = array;
	return CLI_OK;
}

/* -- and back ------------------------------------------------------------------------------------------------- */
static size_t append(char *buf, size_t size, size_t used, const char *before, const char *text)
{
	if (!text || used >= size)
		return used;
	return used + (size_t)snprintf(buf + used, size - used, "%s%s", before, text);
}

const char *cli_zone_member_text(struct json_object *member, char *buf, size_t size)
{
	const char *nqn = json_object_get_string(cli_member(member, "nqn"));
	const char *place = json_object_get_string(cli_member(member, "address"));
	bool v6 = place && strchr(place, ':') && cli_member(member, "port");
	size_t used = 0;

	*buf = '\0';
	used = append(buf, size, used, "", nqn);
	used = append(buf, size, used,
		      "label:", json_object_get_string(cli_member(member, "label")));
	used = append(buf, size, used,
		      "group:", json_object_get_string(cli_member(member, "group")));
	used = append(buf, size, used,
		      "alias:", json_object_get_string(cli_member(member, "alias")));
	if (place) {
		used = append(buf, size, used, nqn ? "@" : "",
			      v6 && !strchr(place, '/') ? "[" : "");
		used = append(buf, size, used, "", place);
		used = append(buf, size, used, "", v6 && !strchr(place, '/') ? "]" : "");
	}
	used = append(buf, size, used, ":", json_object_get_string(cli_member(member, "port")));
	used = append(buf, size, used, "#", json_object_get_string(cli_member(member, "portid")));
	if (!place)
		append(buf, size, used, " ", json_object_get_string(cli_member(member, "family")));
	return buf;
}
