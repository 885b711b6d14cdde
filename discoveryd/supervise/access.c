/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/access.c - zoning as a worker is told it: the `access` of a subsystem, and the sets of hosts that its rules name
 * (docs/control-protocol.md).
 * Owns: nothing; what is made is the caller's.  Thread: control loop.  May block: never.
 *
 * A worker is to let in whom dsc_zoning_verdict() lets in. */
#include <json-c/json.h>
#include <stdio.h>

#include "discoveryd/model/zoning_impl.h"
#include "discoveryd/supervise/supervise_impl.h"

#define SET_HOSTS_MAX 65536 /* as many as a worker takes */

static void add_text(struct json_object *arr, const char *text)
{
	json_object_array_add(arr, json_object_new_string(text));
}

/* -- sets of hosts ------------------------------------------------------------------------------------ */
static void add_name(struct dsc_tree **names, const char *nqn)
{
	struct dsc_name *n;

	if (dsc_tree_count(*names) >= SET_HOSTS_MAX || dsc_tree_find(*names, &dsc_name_ops, nqn))
		return;
	n = dsc_name_new(nqn, 0);
	dsc_tree_set(names, &dsc_name_ops, n);
	dsc_row_put(n);
}

/* By NQN, and by a label that they registered. */
static struct json_object *set_hosts(const struct dsc_snapshot *st, const struct dsc_czone *zone)
{
	struct json_object *arr = json_object_new_array();
	struct dsc_tree *names = NULL;
	const struct dsc_name *n;
	const struct dsc_reg *r;
	char nqn[DSC_NQN_MAX + 1];

	for (uint32_t i = 0; i < zone->nr_hosts; i++)
		if (!zone->host[i].at)
			add_name(&names, dsc_slice_text(zone->host[i].nqn, nqn, sizeof(nqn)));
	dsc_tree_each(r, zone->nr_labels ? st->host_regs : NULL, &dsc_reg_nqn_ops)
	{
		if (dsc_czone_has_label(zone, r->label))
			add_name(&names, r->nqn);
	}
	dsc_tree_each(n, names, &dsc_name_ops) add_text(arr, n->text);
	dsc_tree_put(names, &dsc_name_ops);
	return arr;
}

static struct json_object *set_pairs(const struct dsc_czone *zone)
{
	struct json_object *arr = json_object_new_array(), *pair;
	char text[DSC_NQN_MAX + 1], address[NET_PREFIX_TEXT];
	struct net_prefix at;

	for (uint32_t i = 0; i < zone->nr_hosts; i++) {
		if (!zone->host[i].at)
			continue;
		at = net_prefix_of(&zone->host[i].addr, NET_IP_BITS);
		pair = json_object_new_object();
		json_object_object_add(pair, "nqn",
				       json_object_new_string(dsc_slice_text(zone->host[i].nqn,
									     text, sizeof(text))));
		json_object_object_add(pair, "address",
				       json_object_new_string(net_prefix_format(&at, address)));
		json_object_array_add(arr, pair);
	}
	return arr;
}

static struct json_object *set_nets(const struct dsc_czone *zone)
{
	struct json_object *arr = json_object_new_array();
	char text[NET_PREFIX_TEXT];

	for (uint32_t i = 0; i < zone->nr_nets; i++)
		add_text(arr, net_prefix_format(&zone->net[i], text));
	return arr;
}

/* Once per message; its name is the zone's number in the compiled form. */
static void add_set(const struct dsc_snapshot *st, const struct dsc_zoning *z, uint32_t zone,
		    struct json_object *sets)
{
	struct json_object *set;
	char id[16];

	snprintf(id, sizeof(id), "%u", zone);
	if (json_object_object_get_ex(sets, id, NULL))
		return;
	set = json_object_new_object();
	json_object_object_add(set, "hosts", set_hosts(st, &z->zone[zone]));
	json_object_object_add(set, "hosts_at", set_pairs(&z->zone[zone]));
	json_object_object_add(set, "addresses", set_nets(&z->zone[zone]));
	json_object_object_add(sets, id, set);
}

/* -- rules ------------------------------------------------------------------------------------------------ */
static struct json_object *rule_of(const struct dsc_zone_target *t)
{
	struct json_object *rule = json_object_new_object();
	char text[NET_PREFIX_TEXT];

	snprintf(text, sizeof(text), "%u", t->zone);
	json_object_object_add(rule, "set", json_object_new_string(text));
	if (t->has & FAB_ZE_IP)
		json_object_object_add(rule, "address",
				       json_object_new_string(net_prefix_format(&t->at, text)));
	if (t->has & FAB_ZE_PORT)
		json_object_object_add(rule, "port", json_object_new_uint64(t->port));
	if (t->has & FAB_ZE_PORTID)
		json_object_object_add(rule, "portid", json_object_new_uint64(t->portid));
	if (t->has & FAB_ZE_ADRFAM)
		json_object_object_add(
			rule, "family",
			json_object_new_string(t->family == NVMF_ADRFAM_IPV4 ? "ipv4" : "ipv6"));
	return rule;
}

struct json_object *sup_doc_access(const struct dsc_snapshot *st, const struct dsc_subsys *s,
				   struct json_object *sets)
{
	const struct dsc_zoning *z = dsc_snapshot_zoning(st);
	struct json_object *access, *rules;
	const struct dsc_czone *zone;
	struct dsc_zones_of of;
	bool named = false;

	if (!z || !z->enabled)
		return NULL;
	rules = json_object_new_array();
	dsc_zones_of_init(&of, z, s->nqn, s->label);
	while ((zone = dsc_zones_of_next(&of))) {
		if (!dsc_czone_concerns(zone, NULL))
			continue;
		named |= of.target->name.len != 0;
		add_set(st, z, of.target->zone, sets);
		json_object_array_add(rules, rule_of(of.target));
	}
	if (!named && !z->closed && !json_object_array_length(rules)) {
		json_object_put(rules);
		return NULL;
	}
	access = json_object_new_object();
	json_object_object_add(access, "rules", rules);
	json_object_object_add(access, "open_elsewhere",
			       json_object_new_boolean(!named && !z->closed));
	json_object_object_add(access, "keep_connected", json_object_new_boolean(z->grace));
	return access;
}
