/* SPDX-License-Identifier: Apache-2.0 */
/* cli/convert.c - what the converters of other targets' configurations share. */
#include "cli/convert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/util.h"
#include "fabrics/ana.h"

#define DISCOVERY_NQN "nqn.2014-08.org.nvmexpress.discovery"

void cli_conversion_begin(struct cli_conversion *c, struct json_object *unmapped,
			  const char *prefix)
{
	c->doc = json_object_new_object();
	c->unmapped = unmapped;
	c->prefix = prefix;
	c->hosts = json_object_new_array();
	c->portals = json_object_new_array();
	c->subsystems = json_object_new_array();
	json_object_object_add(c->doc, "version", json_object_new_int(1));
	json_object_object_add(c->doc, "hosts", c->hosts);
	json_object_object_add(c->doc, "portals", c->portals);
	json_object_object_add(c->doc, "subsystems", c->subsystems);
}

void cli_unmapped(struct cli_conversion *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_array_add(c->unmapped, json_object_new_string(text));
}

/* -- reading, whatever it is that is there ------------------------------------------------------------- */
const char *cli_conv_text(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, key, &value) ||
	    json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return "";
	return value ? json_object_get_string(value) : "";
}

bool cli_conv_is_set(struct json_object *obj, const char *key)
{
	const char *text = cli_conv_text(obj, key);

	return strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
}

struct json_object *cli_conv_obj(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(obj, json_type_object))
		json_object_object_get_ex(obj, key, &value);
	return json_object_is_type(value, json_type_object) ? value : NULL;
}

static struct json_object *array_of(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(obj, json_type_object))
		json_object_object_get_ex(obj, key, &value);
	return json_object_is_type(value, json_type_array) ? value : NULL;
}

size_t cli_conv_count(struct json_object *obj, const char *key)
{
	struct json_object *array = array_of(obj, key);

	return array ? json_object_array_length(array) : 0;
}

struct json_object *cli_conv_at(struct json_object *obj, const char *key, size_t index)
{
	struct json_object *array = array_of(obj, key);

	return array ? json_object_array_get_idx(array, index) : NULL;
}

/* -- writing ---------------------------------------------------------------------------------------------- */
void cli_conv_add(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, json_object_new_string(text));
}

void cli_conv_add_to(struct json_object *obj, const char *key, const char *text)
{
	struct json_object *array = array_of(obj, key);

	if (!text || !*text)
		return;
	if (!array) {
		array = json_object_new_array();
		json_object_object_add(obj, key, array);
	}
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		if (!strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text))
			return;
	}
	json_object_array_add(array, json_object_new_string(text));
}

/* The list of the document, made when it isn't there. */
static struct json_object *list_of(struct cli_conversion *c, const char *name)
{
	struct json_object *list = array_of(c->doc, name);

	if (!list) {
		list = json_object_new_array();
		json_object_object_add(c->doc, name, list);
	}
	return list;
}

/* The object of an array of the document whose member key is text. */
static struct json_object *find(struct json_object *array, const char *key, const char *text)
{
	struct json_object *item;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		item = json_object_array_get_idx(array, i);
		if (strcmp(cli_conv_text(item, key), text) == 0)
			return item;
	}
	return NULL;
}

static struct json_object *add_object(struct json_object *array, const char *key, const char *text)
{
	struct json_object *obj = json_object_new_object();

	cli_conv_add(obj, key, text);
	json_object_array_add(array, obj);
	return obj;
}

void cli_conv_host(struct cli_conversion *c, const char *nqn)
{
	if (*nqn && !find(c->hosts, "nqn", nqn))
		add_object(c->hosts, "nqn", nqn);
}

struct json_object *cli_conv_subsys(struct cli_conversion *c, const char *nqn)
{
	struct json_object *subsys;

	if (!*nqn || strcmp(nqn, DISCOVERY_NQN) == 0)
		return NULL;
	subsys = find(c->subsystems, "nqn", nqn);
	if (subsys)
		return subsys;
	subsys = add_object(c->subsystems, "nqn", nqn);
	json_object_object_add(subsys, "portals", json_object_new_array());
	json_object_object_add(subsys, "namespaces", json_object_new_array());
	return subsys;
}

static struct json_object *find_portal(struct json_object *portals, const char *traddr,
				       const char *trsvcid)
{
	struct json_object *p;

	for (size_t i = 0; i < json_object_array_length(portals); i++) {
		p = json_object_array_get_idx(portals, i);
		if (strcmp(cli_conv_text(p, "traddr"), traddr) == 0 &&
		    strcmp(cli_conv_text(p, "trsvcid"), trsvcid) == 0)
			return p;
	}
	return NULL;
}

const char *cli_conv_portal(struct cli_conversion *c, const char *traddr, const char *trsvcid)
{
	struct json_object *p = find_portal(c->portals, traddr, trsvcid);
	char id[32];

	if (!p) {
		snprintf(id, sizeof(id), "%s-%zu", c->prefix,
			 json_object_array_length(c->portals) + 1);
		p = add_object(c->portals, "id", id);
		cli_conv_add(p, "traddr", traddr);
		cli_conv_add(p, "trsvcid", trsvcid);
	}
	return cli_conv_text(p, "id");
}

void cli_conv_add_id(struct json_object *obj, const char *key, const char *text, bool dashes)
{
	char id[64];
	size_t len = 0;

	for (; *text && len + 1 < sizeof(id); text++) {
		if (dashes || *text != '-')
			id[len++] = (char)tolower((unsigned char)*text);
	}
	id[len] = 0;
	if (strspn(id, "0-") < len)
		cli_conv_add(obj, key, id);
}

/* -- ANA groups -------------------------------------------------------------------------------------------- */
/* Of the document, made when it isn't there; NULL for a number that is none. */
static struct json_object *ana_group(struct cli_conversion *c, const char *group)
{
	struct json_object *groups, *obj;
	uint64_t id;

	if (cmn_parse_u64(group, 1, FAB_ANA_GROUPS, &id) < 0)
		return NULL;
	groups = list_of(c, "ana_groups");
	obj = find(groups, "id", group);
	if (obj)
		return obj;
	obj = json_object_new_object();
	json_object_object_add(obj, "id", json_object_new_uint64(id));
	json_object_object_add(obj, "states", json_object_new_object());
	json_object_array_add(groups, obj);
	return obj;
}

bool cli_conv_ana_group(struct cli_conversion *c, struct json_object *ns, const char *group)
{
	struct json_object *obj;

	if (!*group || strcmp(group, "1") == 0)
		return true;
	obj = ana_group(c, group);
	if (obj)
		json_object_object_add(ns, "ana_group",
				       json_object_get(json_object_object_get(obj, "id")));
	return obj;
}

bool cli_conv_ana_state(struct cli_conversion *c, const char *group, const char *portal,
			const char *state)
{
	struct json_object *obj;
	char ours[24];
	uint8_t known;

	snprintf(ours, sizeof(ours), "%s", state);
	for (char *p = ours; *p; p++)
		*p = *p == '-' ? '_' : *p;
	if (fab_ana_parse(ours, &known) < 0)
		return false;
	if (known == NVME_ANA_OPTIMIZED)
		return true;
	obj = ana_group(c, group);
	if (obj)
		cli_conv_add(json_object_object_get(obj, "states"), portal, ours);
	return obj;
}

/* -- referrals, keys ---------------------------------------------------------------------------------------- */
static bool is_referral_to(struct json_object *r, const char *traddr, const char *trsvcid,
			   const char *nqn)
{
	const char *its = cli_conv_text(r, "nqn");

	return strcmp(cli_conv_text(r, "traddr"), traddr) == 0 &&
	       strcmp(cli_conv_text(r, "trsvcid"), trsvcid) == 0 &&
	       strcmp(*its ? its : DISCOVERY_NQN, *nqn ? nqn : DISCOVERY_NQN) == 0;
}

static bool has_referral(struct json_object *list, const char *traddr, const char *trsvcid,
			 const char *nqn)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		if (is_referral_to(json_object_array_get_idx(list, i), traddr, trsvcid, nqn))
			return true;
	}
	return false;
}

bool cli_conv_referral(struct cli_conversion *c, const char *trtype, const char *traddr,
		       const char *trsvcid, const char *nqn)
{
	struct json_object *list, *r;
	unsigned char addr[sizeof(struct in6_addr)];
	uint64_t port;
	char id[32];

	if (strcasecmp(trtype, "tcp") != 0 || cmn_parse_u64(trsvcid, 1, UINT16_MAX, &port) < 0 ||
	    (inet_pton(AF_INET, traddr, addr) != 1 && inet_pton(AF_INET6, traddr, addr) != 1))
		return false;
	list = list_of(c, "referrals");
	if (has_referral(list, traddr, trsvcid, nqn))
		return true;
	snprintf(id, sizeof(id), "%s-%zu", c->prefix, json_object_array_length(list) + 1);
	r = add_object(list, "id", id);
	cli_conv_add(r, "traddr", traddr);
	cli_conv_add(r, "trsvcid", trsvcid);
	if (*nqn)
		cli_conv_add(r, "nqn", nqn);
	return true;
}

void cli_convert_drop_referrals(struct json_object *doc, struct json_object *there)
{
	struct json_object *list = array_of(doc, "referrals"), *r;
	size_t i = 0;

	while (list && i < json_object_array_length(list)) {
		r = json_object_array_get_idx(list, i);
		if (has_referral(there, cli_conv_text(r, "traddr"), cli_conv_text(r, "trsvcid"),
				 cli_conv_text(r, "nqn")))
			json_object_array_del_idx(list, i, 1);
		else
			i++;
	}
}

bool cli_conv_key(struct cli_conversion *c, const char *host, const char *kind, const char *file)
{
	struct json_object *list = list_of(c, "keys"), *key;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		key = json_object_array_get_idx(list, i);
		if (strcmp(cli_conv_text(key, "host_nqn"), host) == 0 &&
		    strcmp(cli_conv_text(key, "kind"), kind) == 0)
			return strcmp(cli_conv_text(key, "file"), file) == 0;
	}
	key = add_object(list, "host_nqn", host);
	cli_conv_add(key, "kind", kind);
	cli_conv_add(key, "file", file);
	return true;
}

/* -- portals that are there already -------------------------------------------------------------------------- */
/* In every list of portals: the new id for the old one. */
static void rename_portal(struct json_object *subsystems, const char *old, const char *new)
{
	struct json_object *list;

	for (size_t i = 0; i < json_object_array_length(subsystems); i++) {
		list = array_of(json_object_array_get_idx(subsystems, i), "portals");
		for (size_t j = 0; list && j < json_object_array_length(list); j++) {
			if (!strcmp(json_object_get_string(json_object_array_get_idx(list, j)),
				    old))
				json_object_array_put_idx(list, j, json_object_new_string(new));
		}
	}
}

/* In what portals say of ANA groups. */
static void rename_ana_portal(struct json_object *groups, const char *old, const char *new)
{
	struct json_object *states, *state;

	for (size_t i = 0; groups && i < json_object_array_length(groups); i++) {
		states = cli_conv_obj(json_object_array_get_idx(groups, i), "states");
		if (!json_object_object_get_ex(states, old, &state))
			continue;
		json_object_object_add(states, new, json_object_get(state));
		json_object_object_del(states, old);
	}
}

void cli_convert_reuse_portals(struct json_object *doc, struct json_object *there)
{
	struct json_object *portals = array_of(doc, "portals"), *mine, *same;
	size_t i = 0;

	while (i < json_object_array_length(portals)) {
		mine = json_object_array_get_idx(portals, i);
		same = find_portal(there, cli_conv_text(mine, "traddr"),
				   cli_conv_text(mine, "trsvcid"));
		if (!same) {
			i++;
			continue;
		}
		rename_portal(array_of(doc, "subsystems"), cli_conv_text(mine, "id"),
			      cli_conv_text(same, "id"));
		rename_ana_portal(array_of(doc, "ana_groups"), cli_conv_text(mine, "id"),
				  cli_conv_text(same, "id"));
		json_object_array_del_idx(portals, i, 1);
	}
}
