/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/target.h - the controller's end of DH-HMAC-CHAP on one queue, as a machine of messages.
 * Owns: a copy of the secrets, cleared when it goes.  Thread: the queue's, save for fab_auth_work().  May block: never, save for that.
 * Spec: NVM Express Base 2.1, 8.3.4.5 (Figure 737).
 *
 *   NEGOTIATE -> CHALLENGE -> REPLY -> SUCCESS1 [-> SUCCESS2] -> DONE -> CHALLENGE (again, whenever the host wants to)
 *        any -> FAILURE1 (to be read by the host) -> FAILED         any -> FAILED (AUTH_Failure2 came)                        */
#ifndef FABRICS_AUTH_TARGET_H
#define FABRICS_AUTH_TARGET_H

#include "fabrics/auth/chap.h"

enum fab_auth_state {
	FAB_AUTH_NEGOTIATE, /* AUTH_Negotiate is awaited */
	FAB_AUTH_CHALLENGE, /* the host is to fetch it */
	FAB_AUTH_REPLY, /* awaited */
	FAB_AUTH_SUCCESS1, /* to be fetched; the host is who it says */
	FAB_AUTH_SUCCESS2, /* awaited: the host looks at our response */
	FAB_AUTH_DONE,
	FAB_AUTH_FAILURE1, /* to be fetched */
	FAB_AUTH_FAILED, /* the connection has to end */
	FAB_AUTH_STATE_COUNT
};

/* How a host authenticates here. */
struct fab_auth_policy {
	struct fab_auth_key key; /* the host's secret */
	struct fab_auth_key
		ctrl_key; /* ours towards this host; len 0: a host that asks for it is failed */
	struct fab_auth_algs algs; /* what is allowed */
};

struct fab_auth_params {
	struct fab_auth_policy policy;
	const char *hostnqn, *subnqn; /* as in Connect; copied */
	struct fab_auth_random random;
};

struct fab_auth;
struct fab_auth *fab_auth_create(const struct fab_auth_params *params); /* NULL without memory */
void fab_auth_destroy(struct fab_auth *auth); /* NULL is legal */

/* What an Authentication Send carried; whatever it is, the answer is in the state.  True: fab_auth_work() has to run before anything else
 * is asked of auth: it is what costs the processor milliseconds, and may run on another thread meanwhile. */
bool fab_auth_put(struct fab_auth *auth, const void *msg, uint32_t len);
void fab_auth_work(struct fab_auth *auth);
/* The message for an Authentication Receive; returns its length.  0: cap is too little, and nothing has happened. */
uint32_t fab_auth_get(struct fab_auth *auth, void *buf, uint32_t cap);

enum fab_auth_state fab_auth_state(const struct fab_auth *auth);
const char *fab_auth_state_name(enum fab_auth_state state);
/* enum nvmf_auth_why: what went wrong, in our eyes or, by_host, in the host's; 0: nothing so far. */
uint8_t fab_auth_failure(const struct fab_auth *auth, bool *ret_by_host);
/* The same for people: what is amiss, at which end.  Also of an exchange that was never finished. */
const char *fab_auth_failure_text(const struct fab_auth *auth);
/* Of the exchange that is under way or done last. */
uint8_t fab_auth_hash(const struct fab_auth *auth);
uint8_t fab_auth_group(const struct fab_auth *auth);
bool fab_auth_mutual(const struct fab_auth *auth); /* the host had us authenticate too */

#endif
