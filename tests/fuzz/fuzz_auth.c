/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_auth.c - authentication messages from outside, at both ends: nobody gets in who hasn't the key.
 * The first byte says how far an honest exchange has come before what follows arrives, and at which end. */
#include <stdlib.h>
#include <string.h>

#include "fabrics/auth/initiator.h"
#include "fabrics/auth/msg.h"
#include "fabrics/auth/target.h"

#define HOST "nqn.2026-11.io.pharos:host"
#define SUBSYS "nqn.2026-11.io.pharos:disk1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct fab_auth_key key = { .hash = NVMF_HASH_SHA256, .len = 32, .bytes = { 1 } };

/* The null group alone: the arithmetic of the others is libcrypto's, and slow. */
static const struct fab_auth_algs algs = { 3, 1, { 1, 2, 3 }, { NVMF_DH_NULL } };

static void pass(struct fab_auth *t, struct fab_auth_init *h)
{
	uint8_t msg[FAB_AUTH_MSG_MAX];

	if (fab_auth_init_step(h) == FAB_AUTH_STEP_SEND)
		fab_auth_put(t, msg, fab_auth_init_put(h, msg));
	else if (fab_auth_init_step(h) == FAB_AUTH_STEP_RECEIVE)
		fab_auth_init_got(h, msg, fab_auth_get(t, msg, sizeof(msg)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fab_auth_params tp = { { key, key, algs }, HOST, SUBSYS, { NULL, NULL } };
	struct fab_auth_init_params hp = { key, key, algs, HOST, SUBSYS, 0x1234, { NULL, NULL } };
	struct fab_auth *t = fab_auth_create(&tp);
	struct fab_auth_init *h = fab_auth_init_create(&hp);
	unsigned int steps = len ? data[0] & 7 : 0;
	uint8_t msg[FAB_AUTH_MSG_MAX];

	if (!t || !h || !len)
		goto out;
	for (unsigned int i = 0; i < steps; i++)
		pass(t, h);
	if (fab_auth_init_step(h) == FAB_AUTH_STEP_RECEIVE) {
		fab_auth_init_got(h, data + 1, (uint32_t)(len - 1));
		if (fab_auth_init_step(h) == FAB_AUTH_STEP_OK)
			abort();
	} else if (fab_auth_state(t) < FAB_AUTH_SUCCESS1) {
		if (fab_auth_put(t, data + 1, (uint32_t)(len - 1)))
			abort(); /* nothing of it is slow */
		if (fab_auth_state(t) >= FAB_AUTH_SUCCESS1 && fab_auth_state(t) <= FAB_AUTH_DONE)
			abort();
	}
	fab_auth_get(t, msg, sizeof(msg));
out:
	fab_auth_destroy(t);
	fab_auth_init_destroy(h);
	return 0;
}
