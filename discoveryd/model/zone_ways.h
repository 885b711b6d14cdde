/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_ways.h - by which ways a host may come so that zones or path policies make a difference: from the addresses
 * that they name or where portals are, to the addresses that they name or of each family and loopback.
 * Owns: nothing.  Thread: any.  May block: never. */
#ifndef DISCOVERYD_MODEL_ZONE_WAYS_H
#define DISCOVERYD_MODEL_ZONE_WAYS_H

#include "discoveryd/model/zoning_impl.h"

#define DSC_WAYS_MAX 32 /* of each kind; more are as if each made a difference */

struct dsc_way {
	bool has_from, has_to;
	struct net_prefix from, to;
};

struct dsc_ways {
	struct net_prefix from[DSC_WAYS_MAX], to[DSC_WAYS_MAX];
	unsigned int nr_from, nr_to;
	unsigned int at; /* the walk */
	bool fixed; /* from is told */
	bool too_many;
};

/* from NULL: from anywhere. */
void dsc_ways_init(struct dsc_ways *ways, const struct net_prefix *from);
/* What the zones of the subsystem (NULL: none) name, and its path policy depends on, for this host (without NQN: one that nobody names). */
void dsc_ways_add(struct dsc_ways *ways, const struct dsc_snapshot *snap,
		  const struct dsc_subsys *s, const struct dsc_asker *who);
/* What the zones name that are enforced, of whatever subsystem. */
void dsc_ways_add_all(struct dsc_ways *ways, const struct dsc_snapshot *snap, const char *nqn);
/* Each combination, also of unknown ones. */
bool dsc_ways_next(struct dsc_ways *ways, struct dsc_way *ret);

#endif
