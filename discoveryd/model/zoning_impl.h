/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zoning_impl.h - the compiled form of zoning, for those who walk it; not for others.
 * Names are slices of the text of the groups that it holds. */
#ifndef DISCOVERYD_MODEL_ZONING_IMPL_H
#define DISCOVERYD_MODEL_ZONING_IMPL_H

#include "discoveryd/model/zoning.h"

/* A host's side of a zone. */
struct dsc_zone_host {
	struct dsc_slice nqn;
	bool at; /* only when it comes from addr */
	struct net_ip addr;
};

/* A subsystem's side.  has: the elements beside the name that count. */
struct dsc_zone_target {
	struct net_prefix at; /* first: it is searched by */
	struct dsc_slice name; /* NQN or label; none in by_net */
	uint32_t zone;
	uint16_t has; /* FAB_ZE_IP, _PORT, _PORTID, _ADRFAM */
	uint8_t family;
	uint16_t port, portid;
};

struct dsc_czone {
	struct dsc_slice name;
	const struct dsc_zone_active *group; /* one of zoning->group */
	bool ours; /* may zone what our own workers serve */
	struct dsc_zone_host *host; /* by NQN */
	struct net_prefix *net; /* sorted */
	struct dsc_slice *label; /* sorted */
	uint32_t nr_hosts, nr_nets, nr_labels;
	uint32_t nr_skipped; /* members of hosts that can match none: they name a port */
	const char *text; /* its members' lines, in the group's text */
	size_t text_len;
};

struct dsc_targets {
	struct dsc_zone_target *t;
	size_t nr, max;
};

/* -- what differs from the form before it ------------------------------------------------------------------------ */
/* A host's member of a zone. */
struct dsc_zone_key {
	char *nqn, *label; /* NULL: not by that */
	bool by_net; /* an address or, without NQN, a prefix */
	struct net_prefix at;
};

/* For these hosts something may have changed about these subsystems. */
struct dsc_zone_pair {
	struct dsc_zone_key *host;
	uint64_t *subsys;
	size_t nr_hosts, nr_subsys;
};

struct dsc_zone_delta {
	struct dsc_zone_pair *pair;
	uint64_t *
		whole; /* subsystems that may have come into their first zone, or left their last */
	uint64_t *
		changed; /* subsystems of which workers have to be told something else; ascending */
	size_t nr_pairs, nr_whole, nr_changed;
};

/* By subsystems and labels as they are in st.  old NULL: nothing was enforced. */
void dsc_zone_delta_make(struct dsc_zoning *z, const struct dsc_zoning *old,
			 const struct dsc_snapshot *st);
void dsc_zone_delta_free(struct dsc_zone_delta *delta);
/* Ids of the subsystems that a member of a zone names, or may name, into a tree of dsc_ids_ops. */
void dsc_zone_member_subsystems(const struct dsc_snapshot *st, const struct dsc_zone_member *m,
				struct dsc_tree **ids);
/* The same of all members of a zone. */
void dsc_czone_subsystems(const struct dsc_snapshot *st, const struct dsc_czone *zone,
			  struct dsc_tree **ids);
/* The same of all zones, in any form, that name hosts by this label (NULL: by any): a new tree. */
struct dsc_tree *dsc_zonings_label_subsystems(const struct dsc_snapshot *st, const char *label);

struct dsc_zoning {
	struct dsc_row row;
	uint64_t since;
	bool enabled, closed, grace;
	char *ddcs;
	const struct dsc_zone_active **group; /* references */
	struct dsc_czone *zone; /* by originator, group, name */
	uint32_t nr_groups, nr_zones;
	struct dsc_targets by_nqn, by_label; /* by name */
	struct dsc_targets by_net; /* by bits, then address: members that name no subsystem */
	struct dsc_zone_delta delta;
};

/* The range of targets with this name. */
const struct dsc_zone_target *dsc_targets_find(const struct dsc_targets *targets, const char *name,
					       size_t *ret_nr);
/* Walks the zones that a subsystem may be in: by its NQN, by its label, or by an address that any port may have. */
struct dsc_zones_of {
	const struct dsc_zoning *z;
	const struct dsc_zone_target *list[3];
	size_t nr[3];
	const struct dsc_zone_target *target; /* of the zone that was given last */
};
void dsc_zones_of_init(struct dsc_zones_of *of, const struct dsc_zoning *z, const char *nqn,
		       const char *label);
const struct dsc_czone *dsc_zones_of_next(struct dsc_zones_of *of); /* NULL at the end */
/* The first of its hosts that isn't before the NQN. */
uint32_t dsc_czone_first(const struct dsc_czone *zone, struct dsc_slice nqn);
bool dsc_czone_has_label(const struct dsc_czone *zone, const char *label);
/* Has the zone this host?  The labels are those of its registrations in snap. */
bool dsc_czone_has_host(const struct dsc_czone *zone, const struct dsc_zoning_question *q);
bool dsc_zone_target_is(const struct dsc_zone_target *t, const struct dsc_zone_port *port);
/* Does the zone say anything about what this discovery controller (NULL: we) presents? */
bool dsc_czone_concerns(const struct dsc_czone *zone, const char *ddc);
/* May that discovery controller's groups zone what our own workers serve?  ddcs: lines of dsc_zone_settings; false also when it is not
 * in there: *ret_known. */
bool dsc_zone_ddc_may(const char *ddcs, const char *nqn, bool *ret_known);
void dsc_zoning_drop(void *zoning); /* rows.c */

#endif
