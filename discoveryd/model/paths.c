/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/paths.c - see paths.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/paths.h"

#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/zoning.h"

#define SUBNET_V4 24
#define SUBNET_V6 64

const char *const dsc_path_policy_name[DSC_PATHS_COUNT + 1] = { "", "all", "local_first",
								"spread" };

int dsc_path_policy_parse(const char *text)
{
	for (int i = DSC_PATHS_ALL; i < DSC_PATHS_COUNT; i++) {
		if (!strcmp(text, dsc_path_policy_name[i]))
			return i;
	}
	return -1;
}

/* -- which policy ------------------------------------------------------------------------------------ */
static bool by_name(const struct dsc_group *g, const struct dsc_group *other)
{
	return !other || strcmp(g->name, other->name) < 0;
}

struct dsc_path_rule dsc_path_rule(const struct dsc_snapshot *snap, const struct dsc_host *host,
				   const struct dsc_subsys *s)
{
	struct dsc_path_rule rule = { .policy = s->path_policy, .max_paths = s->max_paths };
	const struct dsc_group *g;
	const struct dsc_member *m;

	dsc_tree_each(m, host ? host->groups : NULL, &dsc_host_group_ops)
	{
		g = dsc_snapshot_group_id(snap, m->group_id);
		if (g && g->path_policy != DSC_PATHS_UNSET && by_name(g, rule.policy_group))
			rule.policy_group = g;
		if (g && g->max_paths && by_name(g, rule.max_group))
			rule.max_group = g;
	}
	if (rule.policy_group)
		rule.policy = rule.policy_group->path_policy;
	if (rule.max_group)
		rule.max_paths = rule.max_group->max_paths;
	return rule;
}

/* -- what a host can reach ------------------------------------------------------------------------------ */
enum dsc_why dsc_portal_reach(const struct dsc_portal *p, const struct net_prefix *to)
{
	const char *text = *p->advertise ? p->advertise : p->address;
	struct net_prefix told;

	if (dsc_portal_told(p, &told))
		return net_ip_is_loopback(&told.ip) && !net_ip_is_loopback(&to->ip)
			       ? DSC_WHY_LOOPBACK
			       : DSC_WHY_VISIBLE;
	/* "::" takes both families */
	return strchr(text, ':') || net_prefix_is_v4(to) ? DSC_WHY_VISIBLE : DSC_WHY_FAMILY;
}

/* -- order ---------------------------------------------------------------------------------------------- */
struct net_prefix dsc_subnet_of(const struct net_ip *ip)
{
	return net_prefix_of(ip, net_ip_is_v4(ip) ? NET_IP_V4_BITS + SUBNET_V4 : SUBNET_V6);
}

static unsigned int tier_of(const struct dsc_portal *p, const struct dsc_asker *who)
{
	struct net_prefix told, net;

	if (!dsc_portal_told(p, &told))
		return 1;
	if (!who->has_from)
		return 2;
	if (who->from.bits == NET_IP_BITS && net_ip_cmp(&who->from.ip, &told.ip) == 0)
		return 0;
	net = dsc_subnet_of(&told.ip); /* ::/64 has all of IPv4 in it */
	return net_prefix_is_v4(&net) == net_prefix_is_v4(&who->from) &&
			       who->from.bits >= net.bits && net_prefix_has(&net, &who->from.ip)
		       ? 1
		       : 2;
}

/* FNV-1a over the texts and their ends. */
static uint64_t mix_in(uint64_t h, const char *text)
{
	do
		h = (h ^ (uint8_t)*text) * 0x100000001b3u;
	while (*text++);
	return h;
}

/* Names, not ids: the same after a configuration has been read into another database.  The end spreads what FNV leaves in the low
 * bits over all of them, as MurmurHash3 does. */
static uint64_t rank_of(const char *host_nqn, const struct dsc_subsys *s,
			const struct dsc_portal *p)
{
	uint64_t h = mix_in(mix_in(mix_in(0xcbf29ce484222325u, host_nqn), s->nqn), p->name);

	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 33;
}

static int by_order(const void *a, const void *b)
{
	const struct dsc_path *x = a, *y = b;
	bool hidden = x->why != DSC_WHY_VISIBLE;

	if (hidden != (y->why != DSC_WHY_VISIBLE))
		return hidden ? 1 : -1;
	if (x->tier != y->tier)
		return x->tier < y->tier ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->portal->id < y->portal->id ? -1 : 1;
}

/* -- all portals of a subsystem ---------------------------------------------------------------------------- */
void dsc_paths_init(struct dsc_paths *paths, const struct dsc_snapshot *snap,
		    const struct dsc_asker *who)
{
	paths->snap = snap;
	paths->who = *who;
	paths->nr = paths->nr_told = 0;
}

static struct dsc_path *add(struct dsc_paths *paths)
{
	paths->path = dsc_grow(paths->path, paths->nr, &paths->max, sizeof(*paths->path));
	return &paths->path[paths->nr++];
}

static void judge(struct dsc_paths *paths, const struct dsc_subsys *s, const struct dsc_portal *p)
{
	const struct dsc_asker *who = &paths->who;
	bool hashed = paths->rule.policy != DSC_PATHS_ALL && who->nqn;
	struct dsc_path *path = add(paths);

	*path = (struct dsc_path){ .portal = p, .why = dsc_snapshot_why(paths->snap, s, who, p) };
	if (path->why == DSC_WHY_VISIBLE && who->has_to)
		path->why = dsc_portal_reach(p, &who->to);
	if (path->why != DSC_WHY_VISIBLE)
		return;
	paths->nr_told++;
	if (hashed)
		path->rank = rank_of(who->nqn, s, p);
	if (hashed && paths->rule.policy == DSC_PATHS_LOCAL_FIRST)
		path->tier = tier_of(p, who);
}

static void cut(struct dsc_paths *paths)
{
	size_t max = paths->rule.max_paths;

	if (!max || (!paths->who.nqn && paths->rule.policy != DSC_PATHS_ALL))
		return;
	for (size_t i = max; i < paths->nr_told; i++)
		paths->path[i].why = DSC_WHY_MAX_PATHS;
	paths->nr_told = cmn_min(paths->nr_told, max);
}

void dsc_paths_find(struct dsc_paths *paths, const struct dsc_subsys *s)
{
	const struct dsc_portal *p = NULL;

	paths->nr = paths->nr_told = 0;
	if (!s)
		return;
	if (paths->who.anyone)
		paths->rule = (struct dsc_path_rule){ .policy = DSC_PATHS_ALL };
	else
		paths->rule = dsc_path_rule(paths->snap, paths->who.host, s);
	while ((p = dsc_snapshot_worker_portal(paths->snap, s->worker_id, p ? p->id : 0))) {
		if (p->kind == DSC_PORTAL_IO)
			judge(paths, s, p);
	}
	if (paths->nr > 1)
		qsort(paths->path, paths->nr, sizeof(*paths->path), by_order);
	cut(paths);
}

/* By the portals' own reasons first: what their addresses and policies have to say comes after what the subsystem has. */
enum dsc_why dsc_paths_why(const struct dsc_paths *paths, const struct dsc_subsys *s)
{
	enum dsc_why why = dsc_snapshot_why(paths->snap, s, &paths->who, NULL);

	if (paths->nr_told || why != DSC_WHY_VISIBLE)
		return why;
	for (size_t i = 0; i < paths->nr; i++) {
		why = paths->path[i].why;
		if (why == DSC_WHY_LOOPBACK || why == DSC_WHY_FAMILY)
			break;
	}
	return why;
}

void dsc_paths_end(struct dsc_paths *paths)
{
	free(paths->path);
	memset(paths, 0, sizeof(*paths));
}

/* -- all subsystems ------------------------------------------------------------------------------------------ */
void dsc_visible_init(struct dsc_visible *it, const struct dsc_snapshot *snap,
		      const struct dsc_asker *who)
{
	memset(it, 0, sizeof(*it));
	dsc_paths_init(&it->paths, snap, who);
}

static void next_subsys(struct dsc_visible *it)
{
	static const struct dsc_asker anyone = { .anyone = true };
	const struct dsc_snapshot *snap = it->paths.snap;

	it->subsys_id = dsc_snapshot_allowed_after(snap, it->hidden ? &anyone : &it->paths.who,
						   it->subsys_id);
	it->subsys = dsc_snapshot_subsys_id(snap, it->subsys_id);
	dsc_paths_find(&it->paths, it->subsys);
	it->at = 0;
	it->nr = it->hidden ? it->paths.nr : it->paths.nr_told;
	if (it->hidden && it->subsys && !it->nr)
		it->nr = 1; /* that it has none */
	if (!it->subsys_id)
		it->subsys_id = UINT64_MAX; /* stays at the end */
}

bool dsc_visible_next(struct dsc_visible *it, struct dsc_entry *ret_entry)
{
	const struct dsc_path *path;

	while (it->at == it->nr) {
		if (it->subsys_id == UINT64_MAX)
			return false;
		next_subsys(it);
	}
	path = it->paths.nr ? &it->paths.path[it->at] : NULL;
	it->at++;
	ret_entry->subsys = it->subsys;
	ret_entry->portal = path ? path->portal : NULL;
	ret_entry->why = path ? path->why : dsc_paths_why(&it->paths, it->subsys);
	return true;
}

void dsc_visible_end(struct dsc_visible *it)
{
	dsc_paths_end(&it->paths);
}
