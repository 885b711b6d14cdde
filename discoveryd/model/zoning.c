/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zoning.c - questions to the compiled form of zoning; see zoning.h.  It is made in zone_compile.c.
 * Owns: nothing.  Thread: any.  May block: never. */
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/zoning_impl.h"

/* -- searching ------------------------------------------------------------------------------------- */
/* The first of nr items, size bytes each and sorted, that isn't below key. */
static size_t lower(const void *items, size_t nr, size_t size, const void *key,
		    int (*cmp)(const void *key, const void *item))
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cmp(key, (const char *)items + mid * size) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int cmp_target(const void *key, const void *item)
{
	const struct dsc_slice *name = key;
	const struct dsc_zone_target *t = item;

	return dsc_slice_cmp(*name, t->name);
}

const struct dsc_zone_target *dsc_targets_find(const struct dsc_targets *targets, const char *name,
					       size_t *ret_nr)
{
	struct dsc_slice key = dsc_slice_of(name);
	size_t first = lower(targets->t, targets->nr, sizeof(*targets->t), &key, cmp_target);
	size_t end = first;

	while (end < targets->nr && dsc_slice_cmp(targets->t[end].name, key) == 0)
		end++;
	*ret_nr = end - first;
	return *ret_nr ? &targets->t[first] : NULL;
}

void dsc_zones_of_init(struct dsc_zones_of *of, const struct dsc_zoning *z, const char *nqn,
		       const char *label)
{
	memset(of, 0, sizeof(*of));
	of->z = z;
	of->list[0] = dsc_targets_find(&z->by_nqn, nqn, &of->nr[0]);
	if (*label)
		of->list[1] = dsc_targets_find(&z->by_label, label, &of->nr[1]);
	of->list[2] = z->by_net.t;
	of->nr[2] = z->by_net.nr;
}

const struct dsc_czone *dsc_zones_of_next(struct dsc_zones_of *of)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(of->list); i++) {
		if (!of->nr[i])
			continue;
		of->nr[i]--;
		of->target = of->list[i]++;
		return &of->z->zone[of->target->zone];
	}
	return NULL;
}

/* -- a zone ------------------------------------------------------------------------------------------ */
static int cmp_host(const void *key, const void *item)
{
	const struct dsc_zone_host *h = item;

	return dsc_slice_cmp(*(const struct dsc_slice *)key, h->nqn);
}

uint32_t dsc_czone_first(const struct dsc_czone *zone, struct dsc_slice nqn)
{
	return (uint32_t)lower(zone->host, zone->nr_hosts, sizeof(*zone->host), &nqn, cmp_host);
}

static bool has_nqn(const struct dsc_czone *zone, const struct dsc_asker *who)
{
	struct dsc_slice key = dsc_slice_of(who->nqn);
	uint32_t at = dsc_czone_first(zone, key);

	for (; at < zone->nr_hosts && dsc_slice_cmp(zone->host[at].nqn, key) == 0; at++) {
		if (!zone->host[at].at || (who->has_from && who->from.bits == NET_IP_BITS &&
					   net_ip_cmp(&zone->host[at].addr, &who->from.ip) == 0))
			return true;
	}
	return false;
}

static int cmp_slice(const void *key, const void *item)
{
	return dsc_slice_cmp(*(const struct dsc_slice *)key, *(const struct dsc_slice *)item);
}

bool dsc_czone_has_label(const struct dsc_czone *zone, const char *label)
{
	struct dsc_slice key = dsc_slice_of(label);
	size_t at = lower(zone->label, zone->nr_labels, sizeof(*zone->label), &key, cmp_slice);

	return at < zone->nr_labels && dsc_slice_cmp(zone->label[at], key) == 0;
}

/* A label is one of what the host has registered. */
static bool has_label(const struct dsc_czone *zone, const struct dsc_zoning_question *q)
{
	const struct dsc_reg *r = NULL;

	while ((r = dsc_snapshot_host_reg_after(q->snap, q->who->nqn, r))) {
		if (r->label_since <= q->confirmed && dsc_czone_has_label(zone, r->label))
			return true;
	}
	return false;
}

/* The shortest prefix that has it is the first. */
static bool has_net(const struct dsc_czone *zone, const struct net_prefix *from)
{
	size_t at = 0, i;

	i = net_prefix_next(zone->net, zone->nr_nets, sizeof(*zone->net), &from->ip, &at);
	return i < zone->nr_nets && zone->net[i].bits <= from->bits;
}

bool dsc_czone_has_host(const struct dsc_czone *zone, const struct dsc_zoning_question *q)
{
	const struct dsc_asker *who = q->who;

	if (who->nqn && has_nqn(zone, who))
		return true;
	if (who->has_from && has_net(zone, &who->from))
		return true;
	return who->nqn && zone->nr_labels && has_label(zone, q);
}

bool dsc_czone_concerns(const struct dsc_czone *zone, const char *ddc)
{
	if (!*zone->group->originator)
		return true;
	return ddc ? !strcmp(zone->group->originator, ddc) : zone->ours;
}

bool dsc_zone_ddc_may(const char *ddcs, const char *nqn, bool *ret_known)
{
	struct dsc_slice line, name, key = dsc_slice_of(nqn);
	bool own;

	*ret_known = false;
	while (dsc_slice_line(&ddcs, &line)) {
		own = line.len > 4 && !memcmp(line.p, "own ", 4);
		name = own ? (struct dsc_slice){ line.p + 4, line.len - 4 } : line;
		if (dsc_slice_cmp(name, key) != 0)
			continue;
		*ret_known = true;
		return own;
	}
	return false;
}

/* -- a subsystem's port -------------------------------------------------------------------------------- */
bool dsc_zone_target_is(const struct dsc_zone_target *t, const struct dsc_zone_port *port)
{
	if (t->has & FAB_ZE_PORT && t->port != port->port)
		return false;
	if (t->has & FAB_ZE_PORTID && t->portid != port->portid)
		return false;
	if (!port->addr)
		return true;
	if (t->has & FAB_ZE_ADRFAM &&
	    t->family != (net_prefix_is_v4(port->addr) ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6))
		return false;
	return !(t->has & FAB_ZE_IP) ||
	       (t->at.bits <= port->addr->bits && net_prefix_has(&t->at, &port->addr->ip));
}

bool dsc_portal_told(const struct dsc_portal *portal, struct net_prefix *ret)
{
	struct net_ip ip;

	if (!net_ip_parse(&ip, *portal->advertise ? portal->advertise : portal->address) ||
	    net_ip_is_wildcard(&ip))
		return false;
	*ret = net_prefix_of(&ip, NET_IP_BITS);
	return true;
}

/* -- the answer ------------------------------------------------------------------------------------------- */
struct answer {
	const struct dsc_zoning *z;
	const struct dsc_zoning_question *q;
	bool zoned; /* the subsystem is in a zone */
	const struct dsc_czone *zone;
};

/* named: the target names the subsystem, which is in the zone by that, be it by another port.  early: but not yet. */
static bool look(struct answer *a, const struct dsc_zone_target *t, bool named, bool early)
{
	const struct dsc_czone *zone = &a->z->zone[t->zone];
	bool is;

	if (!dsc_czone_concerns(zone, a->q->port->ddc))
		return false;
	is = dsc_zone_target_is(t, a->q->port);
	if (!named && !is)
		return false;
	a->zoned = true;
	a->zone = zone;
	return is && !early && dsc_czone_has_host(zone, a->q);
}

static bool look_by_name(struct answer *a, const struct dsc_targets *targets, const char *name,
			 bool early)
{
	const struct dsc_zone_target *t;
	size_t nr;

	if (!targets->nr || !name || !*name)
		return false;
	t = dsc_targets_find(targets, name, &nr);
	for (size_t i = 0; i < nr; i++)
		if (look(a, &t[i], true, early))
			return true;
	return false;
}

static bool look_by_net(struct answer *a)
{
	const struct dsc_targets *by = &a->z->by_net;
	const struct net_prefix *addr = a->q->port->addr;
	size_t at = 0, i;

	while (addr &&
	       (i = net_prefix_next(by->t, by->nr, sizeof(*by->t), &addr->ip, &at)) < by->nr)
		if (look(a, &by->t[i], false, false))
			return true;
	return false;
}

enum dsc_zone_verdict dsc_zoning_verdict(const struct dsc_zoning *z,
					 const struct dsc_zoning_question *q,
					 const struct dsc_czone **ret_zone)
{
	struct answer a = { .z = z, .q = q };
	bool early = q->port->label_since > q->confirmed;
	bool shared = z->enabled &&
		      (look_by_name(&a, &z->by_nqn, q->port->nqn, false) ||
		       look_by_name(&a, &z->by_label, q->port->label, early) || look_by_net(&a));

	if (ret_zone)
		*ret_zone = a.zone;
	if (shared)
		return DSC_ZONE_SHARED;
	if (a.zoned)
		return DSC_ZONE_APART;
	return z->enabled && z->closed ? DSC_ZONE_CLOSED : DSC_ZONE_OPEN;
}

uint64_t dsc_zoning_count(const struct dsc_zoning *z, uint64_t *ret_zones)
{
	*ret_zones = z->nr_zones;
	return z->nr_groups;
}

bool dsc_zoning_name(const struct dsc_zoning *z, const struct dsc_zoning_question *q,
		     struct dsc_zone_ref *ret)
{
	const struct dsc_czone *zone;

	dsc_zoning_verdict(z, q, &zone);
	if (zone)
		*ret = (struct dsc_zone_ref){ .group = zone->group->name, .zone = zone->name };
	return zone;
}

uint64_t dsc_zoning_since(const struct dsc_zoning *z)
{
	return z->since;
}

const struct dsc_zoning *dsc_snapshot_zoning(const struct dsc_snapshot *snap)
{
	const struct dsc_zoning *z, *last = NULL;

	dsc_tree_each(z, snap->zonings, &dsc_zoning_ops) last = z;
	return last;
}

/* What the worker still has in force, and all that came since, must agree. */
enum dsc_zone_verdict dsc_snapshot_zone(const struct dsc_snapshot *snap,
					const struct dsc_asker *who,
					const struct dsc_zone_port *port, uint64_t confirmed)
{
	struct dsc_zoning_question q = {
		.snap = snap, .who = who, .port = port, .confirmed = confirmed
	};
	const struct dsc_zoning *z = dsc_tree_next(snap->zonings, &dsc_zoning_ops, NULL), *next;
	enum dsc_zone_verdict v = DSC_ZONE_OPEN;
	bool before = true;

	for (; z; z = next) {
		next = dsc_tree_next(snap->zonings, &dsc_zoning_ops, &z->since);
		if (next && next->since <= confirmed)
			continue;
		before = before && dsc_zone_may(v);
		v = dsc_zoning_verdict(z, &q, NULL);
	}
	return dsc_zone_may(v) && !before ? DSC_ZONE_PENDING : v;
}
