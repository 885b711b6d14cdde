/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/keys.h - the hosts that have a DH-HMAC-CHAP key here, and so have to authenticate (docs/control-protocol.md, `host_keys`).
 * Owns: a set its secrets, cleared with it.  Thread: parsed and dropped by the control thread; read by any with the registry's mutex
 * held.  May block: never. */
#ifndef TARGETD_KEYS_H
#define TARGETD_KEYS_H

#include "common/err.h"
#include "fabrics/auth/target.h"

struct json_object;

#define TGT_KEYS_MAX 65536

struct tgt_keys;
/* The `host_keys` of a document or of a difference; *ret NULL: it has none.  No words of err show a secret. */
int tgt_keys_parse(struct json_object *obj, bool strict, struct tgt_keys **ret,
		   struct cmn_err *err);
void tgt_keys_free(struct tgt_keys *keys); /* NULL is legal, here and below: nobody has a key */
/* How the host authenticates, copied; false: it has no key.  ret NULL: only that. */
bool tgt_keys_find(const struct tgt_keys *keys, const char *hostnqn, struct fab_auth_policy *ret);
/* It has one, and has to authenticate at the discovery controller too. */
bool tgt_keys_for_discovery(const struct tgt_keys *keys, const char *hostnqn);

#endif
