/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zoning.h - ZoneDBActive compiled for questions: may this host use that subsystem through that port?
 * Owns: a compiled form its arrays, and references on the groups that its names lie in.  Thread: immutable; any.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.2.3 (Fabric Zoning).
 *
 * It is made when what is enforced changes, at the cost of the zone database; a question costs O(log n + zones of the subsystem).
 * A host that shares no zone with a subsystem which is in one isn't told of it; a subsystem in no zone goes by the default.
 * A zone of another discovery controller's group says nothing about what that controller doesn't present itself, unless an
 * operator has allowed it to. */
#ifndef DISCOVERYD_MODEL_ZONING_H
#define DISCOVERYD_MODEL_ZONING_H

#include "discoveryd/model/snapshot.h"
#include "discoveryd/model/zone_member.h"
#include "discoveryd/model/zone_rows.h"

struct dsc_zoning;
struct dsc_czone; /* a zone in it: zoning_impl.h */

/* A port of a subsystem, as hosts are told of it. */
struct dsc_zone_port {
	const char *nqn, *label;
	uint64_t label_since; /* a label that its worker can't know yet lets nobody in */
	const struct net_prefix *
		addr; /* that hosts are told; fewer bits: any of that prefix that is in no narrower one;
					NULL: not known, so that it matches any */
	uint16_t port, portid;
	const char *
		ddc; /* NQN of the discovery controller that presents it; NULL: one of our own workers' */
};

enum dsc_zone_verdict {
	DSC_ZONE_SHARED, /* they are in a zone */
	DSC_ZONE_OPEN, /* the subsystem is in no zone, and the default is open */
	DSC_ZONE_APART, /* it is in zones, the host in none of them */
	DSC_ZONE_CLOSED, /* the subsystem is in no zone, and the default is closed */
	DSC_ZONE_PENDING, /* they will be in a zone once the worker has confirmed it */
	DSC_ZONE_VERDICT_COUNT
};

/* The address that hosts are told for a portal; false: that by which each has reached us. */
bool dsc_portal_told(const struct dsc_portal *portal, struct net_prefix *ret);

static inline bool dsc_zone_may(enum dsc_zone_verdict v)
{
	return v == DSC_ZONE_SHARED || v == DSC_ZONE_OPEN;
}

/* By what the worker that serves it has in force (confirmed: its generation; UINT64_MAX for what no worker of ours serves): a host that
 * is let in is told once the worker has confirmed that, one that is shut out at once. */
enum dsc_zone_verdict dsc_snapshot_zone(const struct dsc_snapshot *snap,
					const struct dsc_asker *who,
					const struct dsc_zone_port *port, uint64_t confirmed);
/* What is enforced now; NULL: nothing ever was activated. */
const struct dsc_zoning *dsc_snapshot_zoning(const struct dsc_snapshot *snap);

/* -- rows: borrowed from the snapshot, NULL when there is none ------------------------------------------------- */
const struct dsc_zone_group *dsc_snapshot_zone_group(const struct dsc_snapshot *snap,
						     const char *name);
const struct dsc_zone_group *dsc_snapshot_zone_group_id(const struct dsc_snapshot *snap,
							uint64_t id);
/* In the order of their names: after NULL gives the first. */
const struct dsc_zone_group *dsc_snapshot_zone_group_after(const struct dsc_snapshot *snap,
							   const char *name);
const struct dsc_zone *dsc_snapshot_zone_named(const struct dsc_zone_group *group,
					       const char *name);
const struct dsc_zone_alias *dsc_snapshot_zone_alias(const struct dsc_snapshot *snap,
						     const char *name);
const struct dsc_zone_alias *dsc_snapshot_zone_alias_id(const struct dsc_snapshot *snap,
							uint64_t id);
const struct dsc_zone_alias *dsc_snapshot_zone_alias_after(const struct dsc_snapshot *snap,
							   const char *name);
const struct dsc_zone_active *dsc_snapshot_zone_active_id(const struct dsc_snapshot *snap,
							  uint64_t id);
/* The group that is active under that name; originator "": ours. */
const struct dsc_zone_active *dsc_snapshot_zone_active(const struct dsc_snapshot *snap,
						       const char *originator, const char *name);
/* The active ones in the order of originators and names: after NULL gives the first. */
const struct dsc_zone_active *dsc_snapshot_zone_active_after(const struct dsc_snapshot *snap,
							     const struct dsc_zone_active *after);
/* As it was at that change. */
const struct dsc_zone_active *dsc_snapshot_zone_active_at(const struct dsc_snapshot *snap,
							  uint64_t change, uint64_t after_id);
bool dsc_zone_was_active(const struct dsc_zone_active *group, uint64_t change);
#define DSC_ZONE_ACTIVE_KEY (DSC_NQN_MAX + DSC_ZONE_GROUP_NAME_MAX + 2)
char *dsc_zone_active_key(const char *originator, const char *name, char buf[DSC_ZONE_ACTIVE_KEY]);
const struct dsc_zone_past *dsc_snapshot_zone_past(const struct dsc_snapshot *snap,
						   uint64_t change);
const struct dsc_zone_past *dsc_snapshot_zone_past_last(const struct dsc_snapshot *snap);
/* The settings that there are, or those of the beginning. */
const struct dsc_zone_settings *dsc_snapshot_zone_settings(const struct dsc_snapshot *snap);

/* -- one compiled form ---------------------------------------------------------------------------------------- */
/* What was, or is, active at that change by the state's rows: a row of its own for the state. */
struct dsc_zoning *dsc_zoning_compile(const struct dsc_snapshot *st,
				      const struct dsc_zone_past *past);
struct dsc_zoning_question {
	const struct dsc_snapshot *snap; /* whose registrations say which labels a host has */
	const struct dsc_asker *who;
	const struct dsc_zone_port *port;
	uint64_t confirmed; /* labels that a worker can't know yet don't count */
};
/* *ret_zone (may be NULL): one that they share, else one that the subsystem is in, else NULL; borrowed from z. */
enum dsc_zone_verdict dsc_zoning_verdict(const struct dsc_zoning *z,
					 const struct dsc_zoning_question *q,
					 const struct dsc_czone **ret_zone);
/* Names for people, borrowed from z. */
struct dsc_zone_ref {
	const char *group;
	struct dsc_slice zone;
};
/* The zone that such a question is decided by: one that they share, else one that the subsystem is in; false: it is in none. */
bool dsc_zoning_name(const struct dsc_zoning *z, const struct dsc_zoning_question *q,
		     struct dsc_zone_ref *ret);
/* The same of one of our subsystems at a portal, by what is enforced now. */
bool dsc_snapshot_zone_of(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			  const struct dsc_asker *who, const struct dsc_portal *p,
			  struct dsc_zone_ref *ret);
/* At start: the form of what is enforced, and those that workers may still have, from the rows of st into it. */
void dsc_zoning_restore(struct dsc_snapshot *st);
/* Zone groups, and in *ret_zones zones. */
uint64_t dsc_zoning_count(const struct dsc_zoning *z, uint64_t *ret_zones);
uint64_t dsc_zoning_since(const struct dsc_zoning *z);

#endif
