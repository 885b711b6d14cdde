/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/msg.h - authentication messages: bytes to fields and back.
 * Owns: nothing; what a decoded message points to lies in the bytes.  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.4.4, 8.3.4.5. */
#ifndef FABRICS_AUTH_MSG_H
#define FABRICS_AUTH_MSG_H

#include <stdbool.h>

#include "fabrics/spec/nvmf_auth.h"

#define FAB_AUTH_MSG_MAX                                                                           \
	1536 /* of what is made here: a Reply with the longest hash and the largest group has 1168 bytes */

/* Members beyond id and t_id mean something in the messages that are named. */
struct fab_auth_msg {
	uint8_t id; /* enum nvmf_auth_id; its type follows */
	uint16_t t_id;
	uint8_t sc_c; /* Negotiate */
	bool dhchap; /* Negotiate: DH-HMAC-CHAP is among the protocols, and these are for it */
	uint8_t nr_hashes, nr_groups;
	const uint8_t *hashes, *groups;
	uint8_t hl; /* Challenge, Reply, Success1: bytes of c, r */
	uint8_t hash, group; /* Challenge */
	bool valid; /* Reply: c is a challenge; Success1: r is a response */
	uint32_t seqnum; /* Challenge, Reply */
	const uint8_t *c, *r; /* Challenge: C1; Reply: C2 and R1; Success1: R2 */
	const uint8_t *dhv; /* Challenge, Reply */
	uint16_t dhvlen;
	uint8_t rcode, why; /* Failure1, Failure2 */
};

/* -EPROTO: none of these messages; -EINVAL: one of them (id and t_id are set), but too short, or with lengths that can't be.  Bytes
 * after the message count for nothing. */
int fab_auth_decode(const void *buf, uint32_t len, struct fab_auth_msg *ret);
/* How long it became; 0: cap is too little.  c or r NULL: zeroes. */
uint32_t fab_auth_encode(const struct fab_auth_msg *msg, void *buf, uint32_t cap);

#endif
