/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/snapshot.h - the model as it stood at the end of a turn of the control loop: committed, immutable, shared.
 * Owns: references on its trees.  Thread: any thread may take, read and drop one.  May block: dsc_snapshot_current() takes a mutex
 * that is held for a few instructions.
 *
 * Snapshots share structure: publishing one costs what changed since the last, and holding one keeps only what has
 * been replaced since.
 *
 * What a host is told follows DESIGN's rule: an addition once its worker has confirmed it, a removal at once. */
#ifndef DISCOVERYD_MODEL_SNAPSHOT_H
#define DISCOVERYD_MODEL_SNAPSHOT_H

#include <string.h>

#include "common/queue.h"
#include "discoveryd/model/rows.h"
#include "net/ip.h"

struct dsc_model;

/* The roots.  Read them through the functions below where there is one. */
struct dsc_snapshot {
	_Atomic uint32_t refs;
	const char *self_nqn; /* this discovery controller's own; outlives every snapshot */
	uint64_t change; /* the last change in it */
	uint64_t gen_any; /* generation of what every host sees */
	struct dsc_tree *nodes, *workers, *portals, *hosts, *groups,
		*subsystems; /* by id: dsc_<row>_ops */
	struct dsc_tree *ana_groups; /* by id */
	struct dsc_tree *worker_names, *portal_names, *group_names; /* dsc_name_ops */
	struct dsc_tree *host_nqns, *subsys_nqns; /* dsc_name_ops */
	struct dsc_tree *worker_portals; /* struct dsc_portal by (worker id, id) */
	struct dsc_tree *any; /* ids of subsystems that allow any host: dsc_ids_ops */
	struct dsc_tree *views; /* dsc_view_ops */
	struct dsc_tree *uuids, *paths; /* struct dsc_ns: identifiers and files in use */
	struct dsc_tree *fails;
	struct dsc_tree *dcs, *entities, *regs; /* by id */
	struct dsc_tree *dc_names; /* dsc_name_ops */
	struct dsc_tree *dc_regs; /* those of discovery controllers: dsc_reg_nqn_ops */
	struct dsc_tree *entity_eids; /* dsc_name_ops */
	struct dsc_tree *referrals; /* by id */
	struct dsc_tree *referral_names; /* dsc_name_ops */
	struct dsc_tree *users, *tokens; /* by id */
	struct dsc_tree *user_names, *token_names; /* dsc_name_ops */
	struct dsc_tree *keys; /* by id */
	struct dsc_tree *host_keys; /* the same: dsc_host_key_ops */
	struct dsc_tree *key_names; /* dsc_name_ops */
	struct dsc_tree *nssnaps, *restores; /* by id */
	struct dsc_tree *nssnap_names; /* dsc_name_ops */
	struct dsc_tree *host_regs; /* those of hosts: dsc_reg_nqn_ops */
	struct dsc_tree *host_views; /* dsc_view_ops */
	struct dsc_tree *zone_settings, *zone_groups, *zone_aliases, *zone_actives; /* by id */
	struct dsc_tree *zone_group_names, *zone_alias_names; /* dsc_name_ops */
	struct dsc_tree *zone_active_names; /* of those that are active: dsc_zone_active_key() */
	struct dsc_tree *zone_pasts; /* by change */
	struct dsc_tree
		*zonings; /* struct dsc_zoning: what is active, and what workers may still have */
	uint64_t view_bits[3]; /* bit n: a prefix of n bits is among the views */
	uint64_t gen_views, gen_hosts; /* the newest in views, and in host_views */
	uint64_t ram_bytes; /* sum of the sizes of RAM namespaces */
};

/* The newest one, with a reference.  any thread */
const struct dsc_snapshot *dsc_snapshot_current(struct dsc_model *model);
const struct dsc_snapshot *dsc_snapshot_get(const struct dsc_snapshot *snap);
void dsc_snapshot_put(const struct dsc_snapshot *snap);

/* -- what a host sees ----------------------------------------------------------------------------------------------------- */
/* Who asks, and by which way. */
struct dsc_asker {
	const char *nqn; /* borrowed; NULL: a host that nobody names */
	const struct dsc_host *host; /* NULL: not registered */
	bool anyone; /* whoever may use it: neither lists nor zones nor policies count */
	bool has_from, has_to;
	struct net_prefix
		from; /* whence: its address; fewer bits: any host of that prefix that is in no narrower one */
	struct net_prefix
		to; /* our address that it reached, by which wildcard portals are told; fewer bits: as in from */
};
/* By its NQN alone. */
struct dsc_asker dsc_asker(const struct dsc_snapshot *snap, const char *nqn);

/* Generation of the asker's view, as the discovery log's GENCTR tells it: never goes back, moves only when something changed
 * that this host (known or not) can see. */
uint64_t dsc_snapshot_genctr(const struct dsc_snapshot *snap, const struct dsc_asker *who);
/* The key among the views of hosts that come from this prefix. */
#define DSC_VIEW_PREFIX "ip:" /* NQNs begin with "nqn." */
static inline bool dsc_view_is_prefix(const char *key)
{
	return !strncmp(key, DSC_VIEW_PREFIX, sizeof(DSC_VIEW_PREFIX) - 1);
}

/* The same of the host discovery log; host_nqn NULL: of all registered hosts. */
uint64_t dsc_snapshot_host_genctr(const struct dsc_snapshot *snap, const char *host_nqn);
/* Registered entries of a host (NULL: of all, ordered by NQN) one by one: after NULL gives the first. */
const struct dsc_reg *dsc_snapshot_host_reg_after(const struct dsc_snapshot *snap,
						  const char *host_nqn,
						  const struct dsc_reg *after);

/* The next subsystem after id that the asker may use, by its name, a group's, or as any host may, confirmed or not; 0 at the end. */
uint64_t dsc_snapshot_allowed_after(const struct dsc_snapshot *snap, const struct dsc_asker *who,
				    uint64_t id);

enum dsc_why {
	DSC_WHY_VISIBLE,
	DSC_WHY_NOT_ALLOWED, /* the host isn't named and not any host is allowed */
	DSC_WHY_ZONED_OUT, /* it is in zones, the host in none of them */
	DSC_WHY_NO_ZONE, /* it is in no zone, and the default is closed */
	DSC_WHY_NOT_CONFIRMED, /* the worker hasn't confirmed it yet */
	DSC_WHY_NO_PORTAL, /* nothing listens for it */
	DSC_WHY_WORKER_DEGRADED, /* crash loop */
	DSC_WHY_NO_WORKER,
	DSC_WHY_FAILED, /* the worker could not do it */
	DSC_WHY_LOOPBACK, /* a portal on loopback is of no use to a host that came from elsewhere */
	DSC_WHY_FAMILY, /* a wildcard portal of the other address family: no address to tell */
	DSC_WHY_MAX_PATHS, /* the host is told as many others as it may */
	DSC_WHY_NOT_LISTED, /* the portal isn't one of the subsystem's */
	DSC_WHY_PORTAL_FAILED, /* it has no socket, or the worker can't serve it there */
	DSC_WHY_NOT_LOCAL, /* only what is presented at the address that was asked was asked for */
	DSC_WHY_COUNT
};
extern const char *const dsc_why_name[DSC_WHY_COUNT]; /* "visible", "not_allowed", ... */

/* Of a subsystem through one portal, or (portal NULL) through the first that shows it; what the portal's address and path policies
 * have to say comes after that: model/paths.h. */
enum dsc_why dsc_snapshot_why(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			      const struct dsc_asker *who, const struct dsc_portal *portal);
/* A reason in words for a person; returns buf. */
char *dsc_why_text(const struct dsc_snapshot *snap, const struct dsc_subsys *s, enum dsc_why why,
		   char *buf, size_t size);
/* What lets the host in, once confirmed: *ret_who is the id of the host or of a group, or 0 where any host may. */
bool dsc_snapshot_allowed_by(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			     const struct dsc_host *host, uint64_t *ret_who);

/* -- whos: a host or a group of hosts, wherever a host can be named ------------------------------------------------------------- */
#define DSC_GROUP_PREFIX "group:" /* NQNs begin with "nqn." */
/* By its text: an NQN, or "group:NAME".  0: there is none. */
uint64_t dsc_snapshot_who(const struct dsc_snapshot *snap, const char *text);
/* The group that text names; NULL: none, or it is no group. */
const struct dsc_group *dsc_snapshot_who_group(const struct dsc_snapshot *snap, const char *text);
/* Its text, borrowed from the snapshot or in buf (DSC_NQN_MAX + 1 bytes); NULL: there is none. */
const char *dsc_snapshot_who_text(const struct dsc_snapshot *snap, uint64_t who_id, char *buf);
/* The hosts that it stands for one by one, by their ids: after 0 gives the first, NULL at the end. */
const struct dsc_host *dsc_snapshot_who_host(const struct dsc_snapshot *snap, uint64_t who_id,
					     uint64_t after);
/* May the host use the subsystem (desired, confirmed or not)?  host NULL: not registered. */
bool dsc_snapshot_allows(const struct dsc_subsys *s, const struct dsc_host *host);
/* The next subsystem after id that allows the host by its name or a group's; 0 at the end. */
uint64_t dsc_snapshot_named_after(const struct dsc_snapshot *snap, const struct dsc_host *host,
				  uint64_t id);

/* -- rows: borrowed from the snapshot, NULL when there is none ------------------------------------------------------------------ */
const struct dsc_subsys *dsc_snapshot_subsys(const struct dsc_snapshot *snap, const char *nqn);
const struct dsc_host *dsc_snapshot_host(const struct dsc_snapshot *snap, const char *nqn);
const struct dsc_group *dsc_snapshot_group(const struct dsc_snapshot *snap, const char *name);
const struct dsc_worker *dsc_snapshot_worker(const struct dsc_snapshot *snap, const char *name);
const struct dsc_portal *dsc_snapshot_portal(const struct dsc_snapshot *snap, const char *name);
const struct dsc_subsys *dsc_snapshot_subsys_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_host *dsc_snapshot_host_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_group *dsc_snapshot_group_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_worker *dsc_snapshot_worker_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_portal *dsc_snapshot_portal_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_ana_group *dsc_snapshot_ana_group_id(const struct dsc_snapshot *snap, uint64_t id);
/* What the portal says of the group: enum nvme_ana_state. */
uint8_t dsc_snapshot_ana_state(const struct dsc_ana_group *group, const struct dsc_portal *portal);
/* Namespaces of the group one by one, in the order of their subsystems: after NULL gives the first. */
const struct dsc_ns *dsc_snapshot_ana_ns(const struct dsc_snapshot *snap, uint64_t group_id,
					 const struct dsc_ns *after);
const struct dsc_node *dsc_snapshot_node_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_entity *dsc_snapshot_entity(const struct dsc_snapshot *snap, const char *eid);
const struct dsc_entity *dsc_snapshot_entity_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_entity *dsc_snapshot_entity_after(const struct dsc_snapshot *snap,
						   const char *eid);
const struct dsc_referral *dsc_snapshot_referral(const struct dsc_snapshot *snap, const char *name);
const struct dsc_referral *dsc_snapshot_referral_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_referral *dsc_snapshot_referral_after(const struct dsc_snapshot *snap,
						       const char *name);
const struct dsc_user *dsc_snapshot_user(const struct dsc_snapshot *snap, const char *name);
const struct dsc_user *dsc_snapshot_user_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_user *dsc_snapshot_user_after(const struct dsc_snapshot *snap, const char *name);
const struct dsc_token *dsc_snapshot_token(const struct dsc_snapshot *snap, const char *name);
const struct dsc_token *dsc_snapshot_token_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_token *dsc_snapshot_token_after(const struct dsc_snapshot *snap, const char *name);
const struct dsc_key *dsc_snapshot_key(const struct dsc_snapshot *snap, const char *name);
const struct dsc_key *dsc_snapshot_key_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_key *dsc_snapshot_key_after(const struct dsc_snapshot *snap, const char *name);
/* Snapshots of namespaces; those that are being deleted too. */
const struct dsc_nssnap *dsc_snapshot_nssnap(const struct dsc_snapshot *snap, const char *name);
const struct dsc_nssnap *dsc_snapshot_nssnap_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_nssnap *dsc_snapshot_nssnap_after(const struct dsc_snapshot *snap,
						   const char *name);
const struct dsc_restore *dsc_snapshot_restore_id(const struct dsc_snapshot *snap, uint64_t id);
unsigned int dsc_user_tokens(const struct dsc_snapshot *snap, const struct dsc_user *user);
/* Does hosts (of a referral or a discovery controller) have this very line: a host's NQN, or "group:NAME"? */
bool dsc_hosts_have(const char *hosts, const char *who);
/* Does it name this host, or a group that it is in? */
bool dsc_snapshot_in_hosts(const struct dsc_snapshot *snap, const char *hosts,
			   const char *host_nqn);
/* Is the host to be told of it?  Not of one that leads back to the host itself, when that is a discovery controller. */
bool dsc_snapshot_refers(const struct dsc_snapshot *snap, const struct dsc_referral *r,
			 const char *host_nqn);
const struct dsc_dc *dsc_snapshot_dc(const struct dsc_snapshot *snap, const char *name);
const struct dsc_dc *dsc_snapshot_dc_id(const struct dsc_snapshot *snap, uint64_t id);
/* The one at this address, by this NQN (NULL: whichever). */
const struct dsc_dc *dsc_snapshot_dc_at(const struct dsc_snapshot *snap, const char *traddr,
					uint16_t port, const char *nqn);
const struct dsc_dc *dsc_snapshot_dc_after(const struct dsc_snapshot *snap, const char *name);
const struct dsc_reg *dsc_snapshot_reg_id(const struct dsc_snapshot *snap, uint64_t id);
const struct dsc_ns *dsc_snapshot_ns(const struct dsc_subsys *s, uint32_t nsid);
/* In the order of their NQNs or names, for pages: after NULL gives the first, at the end NULL. */
const struct dsc_subsys *dsc_snapshot_subsys_after(const struct dsc_snapshot *snap,
						   const char *nqn);
const struct dsc_host *dsc_snapshot_host_after(const struct dsc_snapshot *snap, const char *nqn);
const struct dsc_group *dsc_snapshot_group_after(const struct dsc_snapshot *snap, const char *name);
const struct dsc_worker *dsc_snapshot_worker_after(const struct dsc_snapshot *snap,
						   const char *name);
const struct dsc_portal *dsc_snapshot_portal_after(const struct dsc_snapshot *snap,
						   const char *name);
/* Portals of a worker, in the order of their ids: after 0 gives the first. */
const struct dsc_portal *dsc_snapshot_worker_portal(const struct dsc_snapshot *snap,
						    uint64_t worker_id, uint64_t after);
/* Is this portal one that the subsystem is to be served on (desired, confirmed or not)? */
bool dsc_snapshot_serves(const struct dsc_subsys *s, const struct dsc_portal *p);

/* -- status: desired against confirmed ------------------------------------------------------------------------------------------ */
enum dsc_status { DSC_READY, DSC_PENDING, DSC_STATUS_FAILED, DSC_STATUS_COUNT };
extern const char *const dsc_status_name[DSC_STATUS_COUNT + 1]; /* "ready", "pending", "failed" */
/* *ret_fail (may be NULL): the reason when failed, borrowed.  nsid 0: the subsystem as a whole. */
enum dsc_status dsc_snapshot_subsys_status(const struct dsc_snapshot *snap,
					   const struct dsc_subsys *s, uint32_t nsid,
					   const struct dsc_fail **ret_fail);
enum dsc_status dsc_snapshot_portal_status(const struct dsc_snapshot *snap,
					   const struct dsc_portal *p,
					   const struct dsc_fail **ret_fail);

/* -- being told ------------------------------------------------------------------------------------------------------------------ */
/* Which views a publication changed: of hosts by NQN, or by the prefix that they come from (dsc_view_is_prefix()).  all: everyone's,
 * host_nqns is then empty. */
struct dsc_views_changed {
	bool all;
	const char *const *host_nqns; /* borrowed for the call */
	size_t nr_hosts;
};

/* changed() runs in the control loop, at the end of a turn, right after the new snapshot has become current; at most once a
 * turn.  Whoever needs it on another thread posts a message of its own from there (net_reactor_post()). */
struct dsc_views_sub {
	TAILQ_ENTRY(dsc_views_sub) link;
	void (*changed)(struct dsc_views_sub *sub, const struct dsc_snapshot *snap,
			const struct dsc_views_changed *what);
};
void dsc_views_subscribe(struct dsc_model *model, struct dsc_views_sub *sub); /* control loop */
void dsc_views_unsubscribe(struct dsc_model *model, struct dsc_views_sub *sub);

#endif
