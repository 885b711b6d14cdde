/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/key.h - DH-HMAC-CHAP secrets: their text, the key that each NQN makes of one, what they may be recognised by.
 * Owns: nothing.  Whoever holds a struct fab_auth_key clears it with fab_auth_key_clear().  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.4.5.7 (transformation), 8.3.4.5.8 (representation). */
#ifndef FABRICS_AUTH_KEY_H
#define FABRICS_AUTH_KEY_H

#include <stddef.h>
#include <stdint.h>

#define FAB_AUTH_HASH_MAX 64 /* bytes of the longest hash */
#define FAB_AUTH_SECRET_MAX 104 /* "DHHC-1:03:", 92 characters, ':' and the NUL */
#define FAB_AUTH_FINGERPRINT_MAX 17 /* 16 hexadecimal digits and the NUL */

struct fab_auth_key {
	uint8_t hash; /* enum nvmf_auth_hash by which an NQN transforms it; 0: used as it is */
	uint8_t len; /* 32, 48 or 64; 0: no key */
	uint8_t bytes[FAB_AUTH_HASH_MAX];
};

/* "DHHC-1:hh:BASE64:", the base64 of the secret and its CRC-32.  -EINVAL: it hasn't that form; -EBADMSG: the CRC is another, as when a
 * character was lost in copying. */
int fab_auth_key_parse(const char *text, struct fab_auth_key *ret);
void fab_auth_key_format(const struct fab_auth_key *key, char ret[FAB_AUTH_SECRET_MAX]);
/* A random secret as long as the hash; hash 0: 32 bytes.  -EINVAL: no such hash; -EIO: no randomness. */
int fab_auth_key_generate(uint8_t hash, struct fab_auth_key *ret);
/* The key that nqn, whose secret it is, authenticates with.  -EIO when the library fails. */
int fab_auth_key_of(const struct fab_auth_key *secret, const char *nqn, struct fab_auth_key *ret);
/* Tells secrets apart, and nothing else about them. */
void fab_auth_key_fingerprint(const struct fab_auth_key *key, char ret[FAB_AUTH_FINGERPRINT_MAX]);
void fab_auth_key_clear(struct fab_auth_key *key);

#endif
