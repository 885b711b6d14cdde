/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/initiator.h - the host's end of DH-HMAC-CHAP on one queue, as a machine of messages: the counterpart of target.h.
 * Owns: a copy of the secrets, cleared when it goes.  Thread: the caller's.  May block: for the processor's time that dh.h tells.
 * Spec: NVM Express Base 2.1, 8.3.4.5 (Figure 737).
 *
 *     while (fab_auth_init_step(a) is SEND or RECEIVE)
 *         SEND: what fab_auth_init_put() fills goes with Authentication Send;
 *         RECEIVE: what Authentication Receive brought goes to fab_auth_init_got() */
#ifndef FABRICS_AUTH_INITIATOR_H
#define FABRICS_AUTH_INITIATOR_H

#include "fabrics/auth/chap.h"

enum fab_auth_step {
	FAB_AUTH_STEP_SEND,
	FAB_AUTH_STEP_RECEIVE,
	FAB_AUTH_STEP_OK,
	FAB_AUTH_STEP_FAILED
};

struct fab_auth_init_params {
	struct fab_auth_key key; /* the host's secret */
	struct fab_auth_key
		ctrl_key; /* the controller's: it has to authenticate too; len 0: it needn't */
	struct fab_auth_algs algs; /* what is offered */
	const char *hostnqn, *subnqn; /* as in Connect; borrowed for its life */
	uint16_t t_id;
	struct fab_auth_random random;
};

struct fab_auth_init;
struct fab_auth_init *fab_auth_init_create(const struct fab_auth_init_params *params);
void fab_auth_init_destroy(struct fab_auth_init *a); /* NULL is legal */
enum fab_auth_step fab_auth_init_step(const struct fab_auth_init *a);
/* buf has FAB_AUTH_MSG_MAX bytes; returns how many are to be sent. */
uint32_t fab_auth_init_put(struct fab_auth_init *a, void *buf);
void fab_auth_init_got(struct fab_auth_init *a, const void *msg, uint32_t len);
/* For a person, once it has FAILED: a literal. */
const char *fab_auth_init_why(const struct fab_auth_init *a);
uint8_t fab_auth_init_hash(const struct fab_auth_init *a);
uint8_t fab_auth_init_group(const struct fab_auth_init *a);

#endif
