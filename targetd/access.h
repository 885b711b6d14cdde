/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/access.h - who, beyond a subsystem's list of hosts, may connect to it through which port: zoning as discoveryd compiles it
 * (docs/control-protocol.md, `access`).
 * Owns: an access its rules, and a reference on each set of hosts that they name.  Thread: parsed and dropped by the control thread; read
 * by any with the registry's mutex held.  May block: never. */
#ifndef TARGETD_ACCESS_H
#define TARGETD_ACCESS_H

#include "net/ip.h"
#include "targetd/state.h"

struct json_object;

#define TGT_RULES_MAX 65536 /* of a subsystem */

/* A host at an address. */
struct tgt_pair {
	char *nqn;
	struct net_ip ip;
};

/* Hosts by name, by where they come from, or by both. */
struct tgt_host_set {
	UT_hash_handle hh; /* by id, while a document is parsed */
	unsigned int refs;
	char *id;
	struct tgt_hosts hosts;
	unsigned int nr_pairs, nr_nets;
	struct tgt_pair *pairs; /* by NQN */
	struct net_prefix *nets; /* sorted */
};

/* Hosts of the set may connect through ports that are as it says. */
struct tgt_rule {
	struct tgt_host_set *set;
	bool by_at, by_port, by_portid, by_family, v6;
	struct net_prefix at;
	uint16_t port, portid;
};

struct tgt_access {
	bool keep_connected; /* who is connected stays, even against the rules */
	bool open_elsewhere; /* anybody may through ports of which no rule speaks */
	unsigned int nr;
	struct tgt_rule *rule;
};

/* How a host came: by its address, through which portal, to which of our addresses. */
struct tgt_way {
	const char *hostnqn;
	struct net_ip from, to; /* to: as hosts are told the portal */
	uint16_t port, portid;
};

/* access NULL: anybody. */
bool tgt_access_allows(const struct tgt_access *access, const struct tgt_way *way);
bool tgt_access_equal(const struct tgt_access *a, const struct tgt_access *b);
void tgt_access_free(struct tgt_access *access);

/* The `host_sets` of a document or of a difference into a hash; free it with tgt_host_sets_clear() once its subsystems are parsed. */
int tgt_host_sets_parse(struct json_object *obj, bool strict, struct tgt_host_set **ret,
			struct cmn_err *err);
void tgt_host_sets_clear(struct tgt_host_set **sets);
/* The `access` of a subsystem; *ret NULL when it has none. */
int tgt_access_parse(struct json_object *subsystem, bool strict, struct tgt_host_set *sets,
		     struct tgt_access **ret, struct cmn_err *err);

#endif
