/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/rows.h - the rows of the model, each the picture of a row of the database.
 * Owns: each row its trees.  Thread: immutable once it is in a state; reference counts are atomic, so any thread may read and drop
 * what it holds.  May block: never.
 *
 * A change number is the global, durable counter of changes (DESIGN: genctr).  `changed` is the one at which the row last
 * changed: its ETag.  `since` is the one at which a fact that hosts can see became desired: it is true for hosts once the worker has
 * confirmed that number (worker->confirmed >= since). */
#ifndef DISCOVERYD_MODEL_ROWS_H
#define DISCOVERYD_MODEL_ROWS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/uuid.h"
#include "discoveryd/model/tree.h"
#include "fabrics/ana.h"
#include "fabrics/auth/key.h"

#define DSC_NQN_MAX 223 /* bytes, without the end */
#define DSC_NAME_MAX 63 /* ids of workers, portals, nodes */
#define DSC_LABEL_MAX 64 /* of an administrative label */
#define DSC_NSID_MAX 4096 /* of a subsystem; targetd's limit too */
#define DSC_MAX_PATHS 1024 /* what max_paths may say */

enum dsc_row_kind {
	DSC_ROW_NONE,
	DSC_ROW_NODE,
	DSC_ROW_WORKER,
	DSC_ROW_PORTAL,
	DSC_ROW_ANA_GROUP,
	DSC_ROW_ANA_STATE,
	DSC_ROW_HOST,
	DSC_ROW_GROUP, /* of hosts */
	DSC_ROW_MEMBER, /* a host of a group */
	DSC_ROW_SUBSYS,
	DSC_ROW_NS,
	DSC_ROW_ALLOW, /* who may use a subsystem */
	DSC_ROW_SERVE, /* a portal that a subsystem names */
	DSC_ROW_NS_ALLOW, /* who sees a namespace */
	DSC_ROW_FAIL, /* what a worker could not do */
	DSC_ROW_VIEW, /* generation told to a host */
	DSC_ROW_DC, /* another discovery controller */
	DSC_ROW_ENTITY, /* who registered something */
	DSC_ROW_REG, /* what it registered */
	DSC_ROW_HOST_VIEW, /* as DSC_ROW_VIEW, of the host discovery log */
	DSC_ROW_REFERRAL,
	DSC_ROW_ZONE_SETTINGS,
	DSC_ROW_ZONE_GROUP,
	DSC_ROW_ZONE,
	DSC_ROW_ZONE_ALIAS,
	DSC_ROW_ZONE_ACTIVE,
	DSC_ROW_ZONE_PAST,
	DSC_ROW_ZONING, /* made from the two before, not stored */
	DSC_ROW_EVENT,
	DSC_ROW_AUDIT,
	DSC_ROW_USER, /* of the API */
	DSC_ROW_TOKEN, /* of a user */
	DSC_ROW_KEY, /* of a host */
	DSC_ROW_NSSNAP, /* a snapshot of a namespace */
	DSC_ROW_RESTORE, /* a namespace that is being made from one */
	DSC_ROW_NAME,
	DSC_ROW_SEEN,
	DSC_ROW_COUNT
};

struct dsc_row {
	_Atomic uint32_t refs;
	uint8_t kind; /* enum dsc_row_kind */
};

struct dsc_node {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_NAME_MAX + 1];
};

struct dsc_worker {
	struct dsc_row row;
	uint64_t id, node_id;
	char name[DSC_NAME_MAX + 1]; /* "w1": its id in the API and on its command line */
	uint32_t reactors; /* 0: as many as cores */
	char cpu_list[64];
	uint64_t changed, created_ms;
	uint64_t confirmed; /* every change up to here is in force in the worker */
	uint64_t incarnation; /* of the process that runs, or ran last */
	bool degraded; /* crash loop: its subsystems' entries have left the log */
	uint32_t nr_subsys; /* derived */
};

enum dsc_portal_kind { DSC_PORTAL_IO, DSC_PORTAL_DISCOVERY, DSC_PORTAL_KIND_COUNT };

struct dsc_portal {
	struct dsc_row row;
	uint64_t id, worker_id;
	char name[DSC_NAME_MAX + 1]; /* "p1" */
	uint8_t kind; /* enum dsc_portal_kind */
	uint16_t portid, port;
	char address
		[64]; /* literal; 0.0.0.0 and :: are told as the address on which the host reached us */
	char advertise[64]; /* told instead of address; "" none */
	uint8_t secure_channel; /* told: NVMF_TREQ_SECURE_ of TREQ */
	uint64_t since, changed, created_ms;
};

#define DSC_ANA_DEFAULT 1 /* the group of a namespace until another is said; always there */

struct dsc_ana_group {
	struct dsc_row row;
	uint64_t id; /* ANAGRPID: 1 to FAB_ANA_GROUPS */
	char description[256]; /* for people */
	uint64_t changed, created_ms;
	uint32_t nr_ns; /* derived */
	struct dsc_tree *states; /* struct dsc_ana_state by portal id: dsc_ana_state_ops */
};

/* What a portal says of a group; one that has said nothing yet says optimized. */
struct dsc_ana_state {
	struct dsc_row row;
	uint64_t group_id, portal_id, since;
	uint8_t state; /* enum nvme_ana_state */
};

/* Which of the portals that a host may use it is told first: model/paths.h. */
enum dsc_path_policy {
	DSC_PATHS_UNSET,
	DSC_PATHS_ALL, /* in the order in which they were made */
	DSC_PATHS_LOCAL_FIRST, /* those near to the host */
	DSC_PATHS_SPREAD, /* each host in an order of its own */
	DSC_PATHS_COUNT
};
extern const char *const dsc_path_policy_name[DSC_PATHS_COUNT + 1]; /* "", "all", ...; NULL-ended */

struct dsc_host {
	struct dsc_row row;
	uint64_t id;
	char nqn[DSC_NQN_MAX + 1];
	char name[256]; /* for people */
	uint64_t changed, created_ms;
	struct dsc_tree *subsystems; /* ids of the subsystems that allow it by name: dsc_ids_ops */
	struct dsc_tree *namespaces; /* struct dsc_ns_allow of those kept to it: dsc_who_ns_ops */
	struct dsc_tree *groups; /* struct dsc_member by group id: dsc_host_group_ops */
};

/* Usable wherever a host is.  Ids are of one sequence for all kinds of rows, so a `who` is the id of a host or of a group. */
struct dsc_group {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_NAME_MAX + 1];
	char description[256]; /* for people */
	uint64_t changed, created_ms;
	uint8_t path_policy; /* enum dsc_path_policy, as of a subsystem; DSC_PATHS_UNSET: says nothing */
	uint32_t max_paths; /* 0: says nothing */
	struct dsc_tree *members; /* struct dsc_member by host id: dsc_member_ops */
	struct dsc_tree *subsystems, *namespaces; /* that name it: as of a host */
};

struct dsc_member {
	struct dsc_row row;
	uint64_t group_id, host_id, since;
};

struct dsc_subsys {
	struct dsc_row row;
	uint64_t id, worker_id; /* worker_id 0: no worker yet */
	char nqn[DSC_NQN_MAX + 1];
	char serial[21], model[41];
	char label[DSC_LABEL_MAX +
		   1]; /* administrative label, told in extended log entries; "" none */
	uint64_t label_since; /* the change that gave it this one */
	bool allow_any, all_portals, require_auth;
	uint8_t path_policy; /* enum dsc_path_policy, not DSC_PATHS_UNSET */
	uint32_t max_paths; /* a host is told at most so many portals; 0: all */
	uint64_t since; /* placed on its worker */
	uint64_t any_since, portals_since;
	uint64_t changed, created_ms;
	struct dsc_tree *hosts; /* struct dsc_allow by who: dsc_allow_ops */
	struct dsc_tree *
		portals; /* struct dsc_serve by portal id: dsc_serve_ops; used unless all_portals */
	struct dsc_tree *namespaces; /* struct dsc_ns by NSID: dsc_ns_ops */
};

struct dsc_allow {
	struct dsc_row row;
	uint64_t subsys_id, who_id, since;
};

struct dsc_serve {
	struct dsc_row row;
	uint64_t subsys_id, portal_id, since;
};

enum dsc_backend { DSC_BACKEND_RAM, DSC_BACKEND_FILE, DSC_BACKEND_NULL, DSC_BACKEND_COUNT };
extern const char *const dsc_backend_name[DSC_BACKEND_COUNT + 1]; /* NULL-ended */

struct dsc_ns {
	struct dsc_row row;
	uint64_t subsys_id;
	uint32_t nsid, block_size;
	struct cmn_uuid uuid;
	uint8_t nguid[16], eui64[8];
	uint8_t backend; /* enum dsc_backend */
	bool read_only, restricted; /* restricted: only `hosts` see it */
	uint32_t ana_group; /* of a struct dsc_ana_group that is there */
	uint64_t size;
	char *path; /* file: absolute; else NULL */
	uint64_t changed, created_ms;
	struct dsc_tree *hosts; /* of whos: dsc_ids_ops */
};

struct dsc_ns_allow {
	struct dsc_row row;
	uint64_t subsys_id, who_id;
	uint32_t nsid;
};

/* nsid 0 and portal_id 0: the subsystem as a whole.  subsys_id 0: the portal. */
struct dsc_fail {
	struct dsc_row row;
	uint64_t subsys_id, portal_id;
	uint32_t nsid;
	char field[64];
	char reason[256];
};

/* Kept when the host is deleted, so that its generation never goes back. */
struct dsc_view {
	struct dsc_row row;
	char nqn[DSC_NQN_MAX + 1];
	uint64_t gen;
	uint64_t past_any; /* what changed for every other host up to here has not changed for it */
};

enum dsc_dc_source {
	DSC_DC_CONFIGURED,
	DSC_DC_REGISTERED, /* by Discovery Information Management */
	DSC_DC_MDNS, /* found by browsing */
	DSC_DC_KICKSTART, /* it asked to be connected to */
	DSC_DC_SOURCE_COUNT
};
extern const char *const dsc_dc_source_name[DSC_DC_SOURCE_COUNT]; /* "configured", ... */

/* Another discovery controller: followed once it is admitted. */
struct dsc_dc {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_NAME_MAX + 1]; /* "dc1" */
	uint8_t source; /* enum dsc_dc_source */
	uint8_t dctype; /* enum nvme_dctype, as it told */
	bool central; /* it may pass on what it has from others: a CDC, or one with a host discovery log */
	bool enabled, admitted;
	char traddr[64];
	uint16_t port;
	char nqn[DSC_NQN_MAX + 1]; /* it is asked by this one */
	char own_nqn[DSC_NQN_MAX + 1]; /* it calls itself this; "" not known */
	char host_nqn[DSC_NQN_MAX + 1]; /* it is this host of ours; "" not known */
	char host_addr[64]; /* from here; what comes from elsewhere isn't taken for it */
	bool all_hosts;
	char *hosts; /* as of a referral: who is told of what it has */
	uint64_t changed, created_ms;
	struct dsc_tree *entities; /* ids: dsc_ids_ops */
};

/* The EID of what was read from its log; no NQN looks like this. */
#define DSC_DC_EID "dc:"

/* A host or another discovery controller that has registered something (Discovery Information Management), or (its EID begins with
 * DSC_DC_EID) what was read from a discovery controller's log. */
struct dsc_entity {
	struct dsc_row row;
	uint64_t id;
	uint64_t dc_id; /* the discovery controller that it is or comes from; 0: a host */
	bool away; /* that isn't connected: hosts are told so (NCC) */
	char eid[DSC_NQN_MAX + 1];
	char owner[DSC_NQN_MAX + 1]; /* host NQN by which it connected: nobody else may change it */
	uint8_t etype; /* enum nvmf_dim_etype */
	char name[257], version[65]; /* as told */
	uint64_t changed, created_ms;
	struct dsc_tree *regs; /* struct dsc_reg by key: dsc_reg_key_ops; never empty */
};

/* An entry: an interface of a host, or a subsystem's port. */
struct dsc_reg {
	struct dsc_row row;
	uint64_t id, entity_id;
	char *key; /* of the fields that tell entries apart (EKTYPE) */
	char nqn[DSC_NQN_MAX + 1]; /* of the host or the subsystem */
	char traddr[64], trsvcid[33];
	uint8_t adrfam, subtype, treq, sectype;
	uint16_t portid, cntlid, asqsz;
	bool port_local;
	bool verified; /* traddr is the address that it was registered from */
	uint8_t host_id[16]; /* zeroes: none */
	char *label; /* administrative label; "" none */
	uint64_t label_since; /* the change that gave it this one */
	uint64_t changed, created_ms;
};

/* Another discovery controller. */
struct dsc_referral {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_NAME_MAX + 1]; /* "r1" */
	char nqn[DSC_NQN_MAX + 1];
	char traddr[64];
	uint16_t port;
	bool all_hosts;
	char *hosts; /* those that are told of it, NQNs and "group:NAME", each ended by a newline; used
			unless all_hosts */
	uint64_t changed, created_ms;
};

/* What a user of the API may do: each more than the one before. */
enum dsc_role { DSC_ROLE_VIEWER, DSC_ROLE_OPERATOR, DSC_ROLE_ADMIN, DSC_ROLE_COUNT };
extern const char *const dsc_role_name[DSC_ROLE_COUNT + 1];

struct dsc_user {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_NAME_MAX + 1];
	uint8_t role; /* enum dsc_role */
	char description[256]; /* for people */
	uint64_t changed, created_ms;
};

struct dsc_token {
	struct dsc_row row;
	uint64_t id, user_id;
	char name[DSC_NAME_MAX + 1]; /* part of the token too, by which it is found */
	char description[256]; /* for people */
	uint8_t hash
		[32]; /* SHA-256 of the whole token: it has 256 random bits, so no more is needed */
	uint64_t expires_ms; /* 0: never */
	uint64_t used_ms; /* about when it was last used (DSC_TOKEN_USED_MS); 0: never */
	uint64_t changed, created_ms;
};

/* By which a host authenticates, or a controller towards it. */
enum dsc_key_kind { DSC_KEY_DHCHAP, DSC_KEY_DHCHAP_CTRL, DSC_KEY_KIND_COUNT };
extern const char
	*const dsc_key_kind_name[DSC_KEY_KIND_COUNT + 1]; /* "dhchap", "dhchap_ctrl"; NULL-ended */

/* A host has at most one of each kind. */
struct dsc_key {
	struct dsc_row row;
	uint64_t id, host_id;
	char name[DSC_NAME_MAX + 1]; /* "k1" */
	uint8_t key_kind; /* enum dsc_key_kind */
	uint8_t hashes, dhgroups; /* bit n: the identifier n is allowed; 0: all */
	char description[256]; /* for people */
	char secret[FAB_AUTH_SECRET_MAX]; /* DHHC-1:...: */
	uint64_t changed, created_ms;
};

enum dsc_nssnap_state {
	DSC_NSSNAP_CREATING,
	DSC_NSSNAP_READY,
	DSC_NSSNAP_FAILED, /* and nothing of it is left */
	DSC_NSSNAP_STATE_COUNT
};
extern const char
	*const dsc_nssnap_state_name[DSC_NSSNAP_STATE_COUNT + 1]; /* "creating", ...; NULL-ended */

/* A copy of a namespace as it was at one moment, in a file.  It outlives what it was taken of, so that is named, not referred to. */
struct dsc_nssnap {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_NAME_MAX + 1]; /* "snap-0123abcd": its id in the API */
	char nqn[DSC_NQN_MAX + 1], worker[DSC_NAME_MAX + 1];
	uint32_t nsid, block_size;
	struct cmn_uuid uuid; /* of the namespace */
	uint64_t size;
	char *path; /* absolute */
	char description[256]; /* for people */
	uint8_t state; /* enum dsc_nssnap_state */
	uint64_t
		deleting; /* the job that removes its file, until when nobody is told of it; 0: none */
	bool shared; /* ready: it has its blocks in common with the namespace */
	uint32_t max_hold_ms, held_ms; /* writes may wait so long, and did */
	uint32_t error; /* failed: errno, and what to say of it */
	char field[64], reason[256];
	uint64_t taken_ms, changed, created_ms;
};

/* A namespace that is being made from a snapshot: until it is there, or nothing of it is left.  Its NSID and path are taken. */
struct dsc_restore {
	struct dsc_row row;
	uint64_t id, nssnap_id, subsys_id;
	uint32_t nsid;
	uint64_t size; /* of the file once it is copied, before it grows */
	char *path; /* absolute */
	/* Not stored: it isn't gone on with after a restart. */
	struct dsc_ns *ns; /* as it shall be, without its hosts */
	char *hosts; /* NQNs and "group:NAME", each ended by a newline; NULL: every host */
};

/* A host that has, or had, discovery controllers (disc/seen.h); not stored. */
struct dsc_seen {
	struct dsc_row row;
	char nqn[DSC_NQN_MAX + 1];
	char address[64]; /* from which it came last */
	uint64_t first_ms, last_ms; /* CLOCK_REALTIME */
	uint32_t nr; /* controllers that it has now */
};

/* NQN or name -> id. */
struct dsc_name {
	struct dsc_row row;
	uint64_t id;
	char text[];
};

struct dsc_name *dsc_name_new(const char *text, uint64_t id);

/* Keys: ids by uint64_t *, names, views and paths by char *, namespaces by uint32_t *, their UUIDs by struct cmn_uuid *,
 * portals of a worker and failures by a whole row of which the key's members are set. */
extern const struct dsc_tree_ops dsc_node_ops, dsc_worker_ops, dsc_portal_ops, dsc_host_ops;
extern const struct dsc_tree_ops dsc_ana_group_ops, dsc_ana_state_ops;
extern const struct dsc_tree_ops dsc_subsys_ops, dsc_allow_ops, dsc_serve_ops, dsc_ns_ops;
extern const struct dsc_tree_ops dsc_name_ops, dsc_view_ops, dsc_path_ops, dsc_uuid_ops;
extern const struct dsc_tree_ops dsc_worker_portal_ops, dsc_fail_ops;
extern const struct dsc_tree_ops dsc_group_ops, dsc_member_ops, dsc_host_group_ops;
extern const struct dsc_tree_ops dsc_who_ns_ops; /* by (subsystem, NSID): a whole row as key */
extern const struct dsc_tree_ops dsc_entity_ops, dsc_reg_ops, dsc_referral_ops, dsc_dc_ops,
	dsc_user_ops, dsc_token_ops, dsc_key_ops, dsc_nssnap_ops, dsc_restore_ops; /* by id */
extern const struct dsc_tree_ops dsc_host_key_ops; /* by (host, kind): a whole row as key */
extern const struct dsc_tree_ops dsc_reg_key_ops; /* by char *key, within an entity */
extern const struct dsc_tree_ops dsc_reg_nqn_ops; /* by (nqn, id): a whole row as key */
extern const struct dsc_tree_ops dsc_seen_ops; /* by char *nqn */
extern const struct dsc_tree_ops dsc_seen_age_ops; /* by last_ms: a whole row as key */
/* A set of ids: a value is the id itself, cast; dsc_id() and dsc_id_value() cast back and forth. */
extern const struct dsc_tree_ops dsc_ids_ops;

static inline uint64_t dsc_id(const void *value)
{
	return (uint64_t)(uintptr_t)value;
}

static inline void *dsc_id_value(uint64_t id)
{
	return (void *)(uintptr_t)id;
}

/* References; any row, NULL is legal.  put of the last one frees it. */
void *dsc_row_get(const void *row);
void dsc_row_put(void *row);
/* A row of its own, zeroed or copied from one of the same kind (its trees and strings shared or copied): may be written
 * to until it is put in a state. */
void *dsc_row_new(enum dsc_row_kind kind);
void *dsc_row_copy(const void *row);

/* Memory that the control plane can't do without: logs and ends the process when there is none. */
void *dsc_zalloc(size_t size);
/* An array with room for one more element of size bytes behind its nr ones; *max is for how many there is.  Moved where it had to be. */
void *dsc_grow(void *array, size_t nr, size_t *max, size_t size);
char *dsc_strdup(const char *text);

#endif
