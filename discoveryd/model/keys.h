/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/keys.h - the DH-HMAC-CHAP keys of hosts: what they say for who connects.
 * Owns: nothing.  Thread: any.  May block: never. */
#ifndef DISCOVERYD_MODEL_KEYS_H
#define DISCOVERYD_MODEL_KEYS_H

#include "discoveryd/model/snapshot.h"
#include "fabrics/auth/target.h"

struct json_object;

/* Of that kind; NULL: it has none. */
const struct dsc_key *dsc_snapshot_host_key(const struct dsc_snapshot *snap, uint64_t host_id,
					    enum dsc_key_kind kind);
/* The hashes and the DH groups that it allows by name, as a JSON array in the order of preference; the caller's. */
struct json_object *dsc_key_hashes(const struct dsc_key *key);
struct json_object *dsc_key_dhgroups(const struct dsc_key *key);
/* How the host has to authenticate; false: it has no key. */
bool dsc_snapshot_auth(const struct dsc_snapshot *snap, const char *host_nqn,
		       struct fab_auth_policy *ret);

#endif
