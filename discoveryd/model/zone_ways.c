/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_ways.c - see zone_ways.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/zone_ways.h"

#include <string.h>

#include "discoveryd/model/paths.h"

void dsc_ways_init(struct dsc_ways *ways, const struct net_prefix *from)
{
	ways->nr_from = ways->nr_to = ways->at = 0;
	ways->fixed = from;
	ways->too_many = false;
	if (from)
		ways->from[ways->nr_from++] = *from;
}

static void add(struct dsc_ways *ways, struct net_prefix *list, unsigned int *nr,
		const struct net_prefix *prefix)
{
	for (unsigned int i = 0; i < *nr; i++)
		if (net_prefix_cmp(&list[i], prefix) == 0)
			return;
	if (*nr == DSC_WAYS_MAX)
		ways->too_many = true;
	else
		list[(*nr)++] = *prefix;
}

static void add_from(struct dsc_ways *ways, const struct net_prefix *from)
{
	add(ways, ways->from, &ways->nr_from, from);
}

static void add_to(struct dsc_ways *ways, const struct net_prefix *to)
{
	add(ways, ways->to, &ways->nr_to, to);
}

/* What tells portals apart that a host can't reach: those of either family that no zone names, and loopback. */
static void add_families(struct dsc_ways *ways)
{
	static const char *const text[] = { "0.0.0.0", "127.0.0.0", "::", "::1" };
	static const uint8_t bits[] = { NET_IP_V4_BITS, NET_IP_V4_BITS + 8, 0, NET_IP_BITS };
	struct net_prefix to;
	struct net_ip ip;

	for (unsigned int i = 0; i < sizeof(bits); i++) {
		net_ip_parse(&ip, text[i]);
		to = net_prefix_of(&ip, bits[i]);
		add_to(ways, &to);
	}
}

/* Of the subsystem's portals. */
static void add_locals(struct dsc_ways *ways, const struct dsc_snapshot *snap,
		       const struct dsc_subsys *s)
{
	const struct dsc_portal *p = NULL;
	struct net_prefix told, net;

	while ((p = dsc_snapshot_worker_portal(snap, s->worker_id, p ? p->id : 0))) {
		if (!dsc_snapshot_serves(s, p) || !dsc_portal_told(p, &told))
			continue;
		net = dsc_subnet_of(&told.ip);
		add_from(ways, &told);
		add_from(ways, &net);
	}
}

static void add_policy(struct dsc_ways *ways, const struct dsc_snapshot *snap,
		       const struct dsc_subsys *s, const struct dsc_asker *who)
{
	struct dsc_path_rule rule = dsc_path_rule(snap, who->host, s);

	if (rule.max_paths)
		add_families(ways);
	if (rule.policy == DSC_PATHS_LOCAL_FIRST && who->nqn && !ways->fixed)
		add_locals(ways, snap, s);
}

static void add_zone(struct dsc_ways *ways, const struct dsc_czone *zone, const char *nqn)
{
	struct dsc_slice key = nqn ? dsc_slice_of(nqn) : (struct dsc_slice){ NULL, 0 };
	struct net_prefix whole;

	for (uint32_t i = 0; nqn && i < zone->nr_nets && !ways->too_many; i++)
		add_from(ways, &zone->net[i]);
	for (uint32_t i = dsc_czone_first(zone, key); nqn && i < zone->nr_hosts; i++) {
		if (dsc_slice_cmp(zone->host[i].nqn, key) != 0)
			break;
		if (!zone->host[i].at)
			continue;
		whole = net_prefix_of(&zone->host[i].addr, NET_IP_BITS);
		add_from(ways, &whole);
	}
}

/* Only portals at a wildcard address are told by that to which a host came. */
static bool has_wildcard(const struct dsc_snapshot *snap, const struct dsc_subsys *s)
{
	const struct dsc_portal *p = NULL;
	struct net_prefix told;

	while ((p = dsc_snapshot_worker_portal(snap, s->worker_id, p ? p->id : 0)))
		if (dsc_snapshot_serves(s, p) && !dsc_portal_told(p, &told))
			return true;
	return false;
}

void dsc_ways_add(struct dsc_ways *ways, const struct dsc_snapshot *snap,
		  const struct dsc_subsys *s, const struct dsc_asker *who)
{
	bool wildcard = s && snap->zonings && has_wildcard(snap, s);
	const struct dsc_czone *zone;
	const struct dsc_zoning *z;
	struct dsc_zones_of of;

	dsc_tree_each(z, s ? snap->zonings : NULL, &dsc_zoning_ops)
	{
		dsc_zones_of_init(&of, z, s->nqn, s->label);
		while (!ways->too_many && (zone = dsc_zones_of_next(&of))) {
			if (!ways->fixed)
				add_zone(ways, zone, who->nqn);
			if (wildcard && of.target->has & (FAB_ZE_IP | FAB_ZE_ADRFAM))
				add_to(ways, &of.target->at);
		}
	}
	if (ways->nr_to)
		add_families(ways);
	if (s)
		add_policy(ways, snap, s, who);
}

void dsc_ways_add_all(struct dsc_ways *ways, const struct dsc_snapshot *snap, const char *nqn)
{
	const struct dsc_zoning *z = dsc_snapshot_zoning(snap);

	for (uint32_t i = 0; z && !ways->fixed && i < z->nr_zones && !ways->too_many; i++)
		add_zone(ways, &z->zone[i], nqn);
}

bool dsc_ways_next(struct dsc_ways *ways, struct dsc_way *ret)
{
	unsigned int froms = ways->fixed ? 1 : ways->nr_from + 1;
	unsigned int tos = ways->nr_to ? ways->nr_to : 1; /* with them goes what is none of them */
	unsigned int from = ways->at % froms, to = ways->at / froms;

	if (to >= tos)
		return false;
	ways->at++;
	ret->has_from = ways->fixed || from < ways->nr_from;
	if (ret->has_from)
		ret->from = ways->from[from];
	ret->has_to = to < ways->nr_to;
	if (ret->has_to)
		ret->to = ways->to[to];
	return true;
}
