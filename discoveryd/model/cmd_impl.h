/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_impl.h - what the commands share; not for others. */
#ifndef DISCOVERYD_MODEL_CMD_IMPL_H
#define DISCOVERYD_MODEL_CMD_IMPL_H

#include <string.h>

#include "discoveryd/model/commands.h"
#include "discoveryd/model/model.h"

/* cmd.c: lookups that fill err (404) and checks */
const struct dsc_snapshot *dsc_cmd_ahead(struct dsc_app *app);
const struct dsc_subsys *dsc_cmd_find_subsys(const struct dsc_snapshot *st, const char *nqn,
					     struct cmn_err *err);
const struct dsc_host *dsc_cmd_find_host(const struct dsc_snapshot *st, const char *nqn,
					 struct cmn_err *err);
const struct dsc_group *dsc_cmd_find_group(const struct dsc_snapshot *st, const char *name,
					   struct cmn_err *err);
uint64_t dsc_cmd_find_who(const struct dsc_snapshot *st, const char *text, struct cmn_err *err);
const struct dsc_worker *dsc_cmd_find_worker(const struct dsc_snapshot *st, const char *name,
					     struct cmn_err *err);
const struct dsc_portal *dsc_cmd_find_portal(const struct dsc_snapshot *st, const char *name,
					     struct cmn_err *err);
int dsc_cmd_check_match(const struct dsc_call *call, uint64_t changed,
			struct cmn_err *err); /* -ESTALE */
int dsc_cmd_check_name(const char *name, const char *field, struct cmn_err *err);
/* A field of printable ASCII of at most max bytes. */
int dsc_cmd_check_ascii(const char *text, size_t max, const char *field, struct cmn_err *err);
/* What a subsystem or a group says of paths, in a copy of it: returns whether that changed. */
int dsc_cmd_check_paths(const struct dsc_paths_in *in, struct cmn_err *err);
bool dsc_cmd_set_paths(const struct dsc_paths_in *in, enum dsc_path_policy otherwise,
		       uint8_t *policy, uint32_t *max_paths);
/* The group, the registered host, or a new one in this transaction (the text is valid). */
uint64_t dsc_cmd_need_who(struct dsc_txn *txn, const char *text);
/* A list of hosts and groups. */
int dsc_cmd_check_whos(const struct dsc_snapshot *st, const struct dsc_list *list,
		       const char *field, struct cmn_err *err);
bool dsc_cmd_has_id(const uint64_t *ids, size_t nr, uint64_t id);
void dsc_cmd_allow_who(struct dsc_txn *txn, uint64_t subsys_id, uint64_t who_id);
/* Takes it off the subsystem's list. */
void dsc_cmd_drop_link(struct dsc_txn *txn, uint64_t subsys_id, uint64_t who_id);
/* What workers said about the subsystem or (subsys_id 0) the portal. */
void dsc_cmd_drop_fails(struct dsc_txn *txn, uint64_t subsys_id, uint64_t portal_id);
void dsc_cmd_ns_link(struct dsc_txn *txn, const struct dsc_ns *ns, uint64_t who_id, bool del);

/* "nqn.1, nqn.2 and 3 more": names for a 409. */
struct dsc_names {
	char text[200];
	unsigned int nr, shown;
};
void dsc_names_add(struct dsc_names *names, const char *name);
const char *dsc_names_text(struct dsc_names *names);
/* -EINVAL: what a body names isn't there; kind is that of its rows (enum dsc_row_kind).  err says which ones are. */
int dsc_cmd_unknown(const struct dsc_snapshot *st, uint8_t kind, const char *field,
		    const char *name, struct cmn_err *err);
/* NQNs of the hosts that are connected, NULL filters match all. */
void dsc_names_connected(struct dsc_names *names, struct dsc_app *app, const char *nqn,
			 const char *host_nqn, const char *portal);

/* cmd_ana.c */
/* -EINVAL about "ana_group" when there is no such group. */
int dsc_cmd_check_ana_group(const struct dsc_snapshot *st, uint64_t id, struct cmn_err *err);
/* The portal goes: what it says of groups, too. */
void dsc_cmd_drop_ana_states(struct dsc_txn *txn, uint64_t portal_id);

/* cmd_group.c */
/* Takes a host out of all groups, or a group off the referrals, and either off every list of subsystems and namespaces. */
void dsc_cmd_drop_who(struct dsc_txn *txn, uint64_t who_id);
/* Names of groups that a host is to be of: they must be there, and then it is of these alone; returns whether that changed. */
int dsc_cmd_check_groups(const struct dsc_snapshot *st, const struct dsc_list *groups,
			 struct cmn_err *err);
bool dsc_cmd_set_groups(struct dsc_txn *txn, uint64_t host_id, const struct dsc_list *groups);
/* -EBUSY when something names the host or the group. */
int dsc_cmd_check_who_unused(const struct dsc_snapshot *st, uint64_t who_id, struct cmn_err *err);

/* cmd_key.c */
void dsc_cmd_drop_keys(struct dsc_txn *txn, uint64_t host_id);

/* cmd_ns.c */
/* The whole list of a namespace that exists in the transaction. */
void dsc_cmd_set_ns_hosts(struct dsc_txn *txn, const struct dsc_ns *ns,
			  const struct dsc_list *hosts);

/* cmd_nssnap.c */
/* Absolute, in a folder that is there, and nothing is at path, nor on its way there: -EINVAL, -EEXIST about "path". */
int dsc_cmd_check_new_path(const struct dsc_snapshot *st, const char *path, struct cmn_err *err);
/* What is at path, or is to be, belongs to a snapshot: -EBUSY about "path". */
int dsc_cmd_check_path_free(const struct dsc_snapshot *st, const char *path, struct cmn_err *err);

/* cmd_restore.c */
/* The snapshot that in names, of which such a namespace can be made; NULL: err says why not. */
const struct dsc_nssnap *dsc_cmd_restore_of(const struct dsc_snapshot *st,
					    const struct dsc_ns_in *in, struct cmn_err *err);
/* Is a namespace of that NSID being made? */
bool dsc_cmd_nsid_is_promised(const struct dsc_snapshot *st, uint64_t subsys_id, uint32_t nsid);
/* Begins with it; takes the reference to ns over. */
void dsc_cmd_restore(struct dsc_app *app, struct dsc_ns *ns, const struct dsc_ns_in *in,
		     const struct dsc_call *call);

/* cmd_dc.c: an address of another discovery controller */
/* In the short form, no wildcard: it is somewhere. */
int dsc_cmd_set_address(char ret[64], const char *address, struct cmn_err *err);
/* -EINVAL when it is this discovery controller, as far as that can be known before anybody asks. */
int dsc_cmd_check_not_us(struct dsc_app *app, const char *nqn, const char *traddr, uint16_t port,
			 struct cmn_err *err);
/* Each ended by a newline, the caller's; unset or null: *ret_all. */
char *dsc_cmd_hosts_text(const struct dsc_list *hosts, bool *ret_all);
/* Registered, in this transaction: the discovery controller that it is, found or made. */
uint64_t dsc_cmd_dc_of_entity(struct dsc_app *app, struct dsc_txn *txn, const struct dsc_entity *e,
			      const struct dsc_register_in *in);
/* -EINVAL when it is one that was admitted, but not from where it came then. */
int dsc_cmd_check_dc_peer(const struct dsc_snapshot *st, const struct dsc_entity *e,
			  const struct sockaddr_storage *peer, struct cmn_err *err);
/* It has registered nothing any more: one that nobody admitted isn't kept. */
void dsc_cmd_dc_left(struct dsc_txn *txn, uint64_t dc_id);

/* cmd_register.c */
/* The peer's, IPv4 as such even on a socket for both. */
void dsc_peer_address(const struct sockaddr_storage *peer, char ret[64], uint8_t *ret_adrfam);
/* Of the same key: do they say the same? */
bool dsc_reg_same(const struct dsc_reg *a, const struct dsc_reg *b);

/* placement.c */
/* The least loaded worker: one with a portal before one without, one that isn't degraded before one that is. */
const struct dsc_worker *dsc_place(const struct dsc_snapshot *st);
uint32_t dsc_free_nsid(const struct dsc_subsys *s); /* the lowest; 0: none */
uint16_t dsc_free_portid(const struct dsc_snapshot *st);
/* "w1", "w2", ...: the first that is free. */
void dsc_free_name(struct dsc_tree *names, const char *prefix, char *buf, size_t size);

#endif
