/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/paths.h - through which portals a host is told of a subsystem, in which order, and why not through the others.
 * Owns: a struct dsc_paths its array.  Thread: any; one user at a time.  May block: never.
 *
 * The one place that makes a host's view: the log, the generations and the explanations come from it.
 * A path policy orders the portals that the host may use and can reach, and cuts them to max_paths of them.  It steers; what isn't
 * told is not forbidden.  A group of the host says it before the subsystem does (the first by name that says something).
 *   all          by the ids of the portals
 *   spread       by a hash of host, subsystem and portal, each by name (rendezvous): a portal that comes or goes moves
 *                nobody but those who come to it, or had it; and hosts are even over portals
 *   local_first  first the portals at the host's own address; then those in its subnet (IPv4 /24, IPv6 /64) and the wildcard ones,
 *                told as the address that it has reached; then the others; within each as spread */
#ifndef DISCOVERYD_MODEL_PATHS_H
#define DISCOVERYD_MODEL_PATHS_H

#include "discoveryd/model/snapshot.h"

/* The policy of a host for a subsystem, and which group has said it (NULL: the subsystem). */
struct dsc_path_rule {
	enum dsc_path_policy policy;
	uint32_t max_paths; /* 0: no limit */
	const struct dsc_group *policy_group, *max_group;
};
struct dsc_path_rule dsc_path_rule(const struct dsc_snapshot *snap, const struct dsc_host *host,
				   const struct dsc_subsys *s);
int dsc_path_policy_parse(const char *text); /* enum dsc_path_policy, or -1 */

/* DSC_WHY_VISIBLE, _LOOPBACK or _FAMILY: of the portal's address, for a host that has reached us at `to`. */
enum dsc_why dsc_portal_reach(const struct dsc_portal *p, const struct net_prefix *to);
/* Has the address this prefix as its subnet, or itself?  Of a host that comes from a portal's subnet. */
struct net_prefix dsc_subnet_of(const struct net_ip *ip);

struct dsc_path {
	const struct dsc_portal *portal; /* borrowed from the snapshot */
	enum dsc_why why; /* DSC_WHY_VISIBLE: it is told */
	unsigned int
		tier; /* 0: the host's own address, 1: local to it, 2: elsewhere; 0 unless local_first */
	uint64_t rank; /* within that the highest first */
};

struct dsc_paths {
	const struct dsc_snapshot *snap; /* borrowed */
	struct dsc_asker who; /* its NQN is borrowed too */
	struct dsc_path_rule rule; /* of the subsystem that was found last */
	struct dsc_path *path; /* all portals of its worker: first those that are told, in order */
	size_t nr, max, nr_told;
};

/* A host without NQN stands for all that nobody names: where the order is by hash, it is told each of the portals, uncut. */
void dsc_paths_init(struct dsc_paths *paths, const struct dsc_snapshot *snap,
		    const struct dsc_asker *who);
/* Also for another asker and snapshot after dsc_paths_init(); s NULL: no portals. */
void dsc_paths_find(struct dsc_paths *paths, const struct dsc_subsys *s);
void dsc_paths_end(struct dsc_paths *paths);

/* Of the subsystem that was found last: DSC_WHY_VISIBLE, or the reason that is nearest to being told of it. */
enum dsc_why dsc_paths_why(const struct dsc_paths *paths, const struct dsc_subsys *s);

struct dsc_entry {
	const struct dsc_subsys *subsys; /* borrowed from the snapshot */
	const struct dsc_portal *portal; /* NULL: its worker has none */
	enum dsc_why why;
};

/* Walks what a host is told, by the ids of the subsystems, then in the order of its path policy.  Costs O(log n) an entry. */
struct dsc_visible {
	struct dsc_paths paths;
	bool hidden; /* all subsystems and portals, also what the host isn't told; to be set after dsc_visible_init() */
	const struct dsc_subsys *subsys;
	uint64_t subsys_id; /* where it stands */
	size_t at, nr; /* in paths */
};
void dsc_visible_init(struct dsc_visible *it, const struct dsc_snapshot *snap,
		      const struct dsc_asker *who);
bool dsc_visible_next(struct dsc_visible *it, struct dsc_entry *ret_entry);
void dsc_visible_end(struct dsc_visible *it);

#endif
