/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/chap.h - what both ends of DH-HMAC-CHAP compute: hashes, augmented challenges, responses; and their names.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 8.3.4.5.2-8.3.4.5.5. */
#ifndef FABRICS_AUTH_CHAP_H
#define FABRICS_AUTH_CHAP_H

#include <stdbool.h>

#include "fabrics/auth/key.h"
#include "fabrics/spec/nvmf_auth.h"

#define FAB_AUTH_HASHES 3
#define FAB_AUTH_GROUPS NVMF_DH_COUNT

/* Hash functions and DH groups in order of preference: the first that the other end has too is taken.  nr 0: the defaults. */
struct fab_auth_algs {
	uint8_t nr_hashes, nr_groups;
	uint8_t hashes[FAB_AUTH_HASHES], groups[FAB_AUTH_GROUPS];
};
/* SHA-512 first; ffdhe2048 first, since larger groups cost more and protect no better the random secrets that are used, null last. */
extern const struct fab_auth_algs fab_auth_default_algs;

/* "sha256"; "null", "ffdhe2048".  NULL, and -EINVAL, for what there is not. */
const char *fab_auth_hash_name(uint8_t hash);
const char *fab_auth_group_name(uint8_t group);
int fab_auth_hash_by_name(const char *name);
int fab_auth_group_by_name(const char *name);
/* Of an AUTH_Failure's reason code explanation; never NULL. */
const char *fab_auth_why(uint8_t why);

uint8_t fab_auth_hash_len(uint8_t hash); /* bytes; 0: no such hash */
/* Random bytes; a test's own.  0 or -EIO. */
struct fab_auth_random {
	int (*fill)(void *arg, void *buf, size_t len);
	void *arg;
};
int fab_auth_random(const struct fab_auth_random *source, void *buf,
		    size_t len); /* fill NULL: the library's */

int fab_auth_digest(uint8_t hash, const void *data, size_t len, uint8_t *ret);
/* ret: as long as the hash.  -EIO when the library fails. */
int fab_auth_hmac(uint8_t hash, const void *key, size_t key_len, const void *data, size_t len,
		  uint8_t *ret);

/* An exchange under way, as both ends see it. */
struct fab_auth_exchange {
	const char *hostnqn, *subnqn;
	uint16_t t_id;
	uint8_t sc_c, hash, group;
	uint8_t session
		[FAB_AUTH_HASH_MAX]; /* hash of the ephemeral DH key; unused with the null group */
};
/* R1 (host) or R2: the response to a challenge of that hash's length, made with the secret of its author. */
int fab_auth_response(const struct fab_auth_exchange *x, const struct fab_auth_key *secret,
		      bool host, const uint8_t *challenge, uint32_t seqnum, uint8_t *ret);
/* Takes the DH key of the other end's value and our exponent, and sets x->session.  -EINVAL: 0, 1, p-1 or past it; -EIO. */
int fab_auth_session(struct fab_auth_exchange *x, const uint8_t *value, const uint8_t *exponent);

#endif
