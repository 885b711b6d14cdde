/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/foreign.h - what other discovery controllers told us of, and which hosts are told of it.
 * Owns: nothing.  Thread: any.  May block: never.
 *
 * An operator has to admit a discovery controller before anything of it is told to a host, and may keep it to some hosts.  So that
 * nothing goes in circles, one that asks is told neither what came from itself nor what came from one that passes on what it has from
 * others (dc->central).  Zones filter on top, at once: no worker has to confirm them. */
#ifndef DISCOVERYD_MODEL_FOREIGN_H
#define DISCOVERYD_MODEL_FOREIGN_H

#include "discoveryd/model/zoning.h"

#define DSC_NOBODY "?" /* an NQN that none is: stands for the hosts that nobody names */

/* Is this the NQN, as a host or as a discovery controller, of one that we know? */
bool dsc_is_dc(const struct dsc_snapshot *snap, const char *nqn);

/* Why a host is told of what a discovery controller has, or isn't. */
enum dsc_dc_why {
	DSC_DC_TOLD,
	DSC_DC_NOT_ADMITTED, /* it waits for an operator */
	DSC_DC_DISABLED,
	DSC_DC_NOT_FOR_HOST, /* it is kept to others */
	DSC_DC_LOOP, /* the host is that discovery controller, or another one */
	DSC_DC_DUPLICATE, /* of an entry: another discovery controller tells the same */
	DSC_DC_ZONED_OUT, /* of an entry: zones keep the host from it */
	DSC_DC_WHY_COUNT
};
extern const char *const dsc_dc_why_name[DSC_DC_WHY_COUNT]; /* "told", "not_admitted", ... */
/* host_nqn NULL: whoever asks. */
enum dsc_dc_why dsc_dc_why(const struct dsc_snapshot *snap, const struct dsc_dc *dc,
			   const char *host_nqn);

struct dsc_foreign_entry {
	const struct dsc_dc *dc; /* borrowed from the snapshot, as all of it */
	const struct dsc_entity *entity; /* away: told with NCC */
	const struct dsc_reg *reg;
	enum dsc_dc_why why;
};

/* Walks them, ordered by discovery controller, each NQN at an address and port once. */
struct dsc_foreign {
	const struct dsc_snapshot *snap; /* borrowed; the position is too */
	struct dsc_asker who; /* its NQN is borrowed */
	bool all; /* whoever asks */
	const char *host_nqn; /* of who, or DSC_NOBODY; NULL: whoever asks */
	bool hidden; /* also what it isn't told; to be set after dsc_foreign_init() */
	uint64_t dc_id, entity_id;
	const char *key;
};
/* who NULL: all that is told to anybody, whatever zones say. */
void dsc_foreign_init(struct dsc_foreign *it, const struct dsc_snapshot *snap,
		      const struct dsc_asker *who);
bool dsc_foreign_next(struct dsc_foreign *it, struct dsc_foreign_entry *ret);
/* How zones see such an entry; *addr and what it points to go into *ret.  Borrows from both. */
void dsc_foreign_port(const struct dsc_dc *dc, const struct dsc_reg *reg, struct dsc_zone_port *ret,
		      struct net_prefix *addr);
/* Do both look the same to a host? */
bool dsc_foreign_same(const struct dsc_foreign_entry *a, const struct dsc_foreign_entry *b);

#endif
