/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/initiator.c - see initiator.h.
 * Owns: struct fab_auth_init.  Thread: the caller's.  May block: see initiator.h.  Spec: NVM Express Base 2.1, 8.3.4.4, 8.3.4.5. */
#include "fabrics/auth/initiator.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/auth/dh.h"
#include "fabrics/auth/msg.h"

struct fab_auth_init {
	struct fab_auth_init_params params;
	struct fab_auth_exchange x;
	uint8_t send; /* enum nvmf_auth_id of what goes next, or what went last */
	bool receive; /* the answer to it is awaited */
	bool done, failed;
	uint8_t why; /* enum nvmf_auth_why */
	bool by_controller;
	uint32_t s2;
	uint8_t c2[FAB_AUTH_HASH_MAX], r1[FAB_AUTH_HASH_MAX];
	uint8_t value[FAB_DH_MAX];
};

struct fab_auth_init *fab_auth_init_create(const struct fab_auth_init_params *params)
{
	struct fab_auth_init *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->params = *params;
	if (!a->params.algs.nr_hashes || !a->params.algs.nr_groups)
		a->params.algs = fab_auth_default_algs;
	a->x.hostnqn = params->hostnqn;
	a->x.subnqn = params->subnqn;
	a->x.t_id = params->t_id;
	a->send = NVMF_AUTH_NEGOTIATE;
	return a;
}

void fab_auth_init_destroy(struct fab_auth_init *a)
{
	if (!a)
		return;
	OPENSSL_cleanse(a, sizeof(*a));
	free(a);
}

enum fab_auth_step fab_auth_init_step(const struct fab_auth_init *a)
{
	if (a->done)
		return FAB_AUTH_STEP_OK;
	if (a->failed)
		return FAB_AUTH_STEP_FAILED;
	return a->receive ? FAB_AUTH_STEP_RECEIVE : FAB_AUTH_STEP_SEND;
}

/* AUTH_Failure2 tells the controller. */
static void fail(struct fab_auth_init *a, enum nvmf_auth_why why)
{
	a->why = (uint8_t)why;
	a->send = NVMF_AUTH_FAILURE2;
	a->receive = false;
}

static void send_next(struct fab_auth_init *a, enum nvmf_auth_id id)
{
	a->send = (uint8_t)id;
	a->receive = false;
}

/* ---- what goes ---- */

static void fill(const struct fab_auth_init *a, struct fab_auth_msg *m)
{
	m->id = a->send;
	m->t_id = a->x.t_id;
	m->nr_hashes = a->params.algs.nr_hashes;
	m->nr_groups = a->params.algs.nr_groups;
	m->hashes = a->params.algs.hashes;
	m->groups = a->params.algs.groups;
	m->hl = fab_auth_hash_len(a->x.hash);
	m->valid = a->s2 != 0;
	m->seqnum = a->s2;
	m->c = a->c2;
	m->r = a->r1;
	m->dhvlen = (uint16_t)fab_dh_len(a->x.group);
	m->dhv = a->value;
	m->rcode = NVMF_AUTH_RCODE;
	m->why = a->why;
}

uint32_t fab_auth_init_put(struct fab_auth_init *a, void *buf)
{
	struct fab_auth_msg m = { 0 };

	fill(a, &m);
	if (a->send == NVMF_AUTH_FAILURE2)
		a->failed = true;
	else if (a->send == NVMF_DHCHAP_SUCCESS2)
		a->done = true;
	else
		a->receive = true;
	return fab_auth_encode(&m, buf, FAB_AUTH_MSG_MAX);
}

/* ---- DH-HMAC-CHAP_Challenge ---- */

static bool offered(const uint8_t *ids, uint8_t nr, uint8_t id)
{
	return memchr(ids, id, nr) != NULL;
}

/* Our half of the DH key, and the key itself. */
static int agree(struct fab_auth_init *a, const uint8_t *theirs)
{
	uint8_t exponent[FAB_DH_EXPONENT_MAX];
	int rc = fab_auth_random(&a->params.random, exponent, fab_dh_exponent_len(a->x.group));

	if (rc == 0)
		rc = fab_auth_session(&a->x, theirs, exponent);
	if (rc == 0)
		rc = fab_dh_power(a->x.group, NULL, exponent, a->value);
	OPENSSL_cleanse(exponent, sizeof(exponent));
	return rc;
}

/* C2 differs from C1, and S2 isn't 0, which would ask for nothing. */
static int make_challenge(struct fab_auth_init *a, const uint8_t *c1)
{
	uint8_t hl = fab_auth_hash_len(a->x.hash);

	if (fab_auth_random(&a->params.random, a->c2, hl) < 0 ||
	    fab_auth_random(&a->params.random, &a->s2, sizeof(a->s2)) < 0)
		return -EIO;
	if (!a->s2)
		a->s2 = 1;
	return memcmp(a->c2, c1, hl) == 0 ? -EIO : 0;
}

static void challenge(struct fab_auth_init *a, const struct fab_auth_msg *m)
{
	const struct fab_auth_algs *algs = &a->params.algs;
	int rc = 0;

	if (!offered(algs->hashes, algs->nr_hashes, m->hash)) {
		fail(a, NVMF_AUTH_WHY_HASH);
		return;
	}
	if (!offered(algs->groups, algs->nr_groups, m->group)) {
		fail(a, NVMF_AUTH_WHY_GROUP);
		return;
	}
	if (m->hl != fab_auth_hash_len(m->hash) || m->dhvlen != fab_dh_len(m->group)) {
		fail(a, NVMF_AUTH_WHY_PAYLOAD);
		return;
	}
	a->x.hash = m->hash;
	a->x.group = m->group;
	if (m->dhvlen)
		rc = agree(a, m->dhv);
	if (rc == 0 && a->params.ctrl_key.len)
		rc = make_challenge(a, m->c);
	if (rc == 0)
		rc = fab_auth_response(&a->x, &a->params.key, true, m->c, m->seqnum, a->r1);
	if (rc < 0)
		fail(a, rc == -EINVAL ? NVMF_AUTH_WHY_PAYLOAD : NVMF_AUTH_WHY_FAILED);
	else
		send_next(a, NVMF_DHCHAP_REPLY);
}

/* ---- DH-HMAC-CHAP_Success1 ---- */

/* A controller that was asked and doesn't answer hasn't authenticated. */
static void success1(struct fab_auth_init *a, const struct fab_auth_msg *m)
{
	uint8_t want[FAB_AUTH_HASH_MAX];

	if (m->hl != fab_auth_hash_len(a->x.hash)) {
		fail(a, NVMF_AUTH_WHY_PAYLOAD);
	} else if (!a->params.ctrl_key.len) {
		a->done = true;
	} else if (!m->valid ||
		   fab_auth_response(&a->x, &a->params.ctrl_key, false, a->c2, a->s2, want) < 0 ||
		   CRYPTO_memcmp(want, m->r, m->hl) != 0) {
		fail(a, NVMF_AUTH_WHY_FAILED);
	} else {
		send_next(a, NVMF_DHCHAP_SUCCESS2);
	}
	OPENSSL_cleanse(want, sizeof(want));
}

void fab_auth_init_got(struct fab_auth_init *a, const void *msg, uint32_t len)
{
	struct fab_auth_msg m;
	int rc = fab_auth_decode(msg, len, &m);

	if (rc == 0 && m.id == NVMF_AUTH_FAILURE1) {
		a->why = m.why;
		a->by_controller = a->failed = true;
	} else if (rc == -EPROTO ||
		   m.id != (a->send == NVMF_DHCHAP_REPLY ? NVMF_DHCHAP_SUCCESS1
							 : NVMF_DHCHAP_CHALLENGE)) {
		fail(a, NVMF_AUTH_WHY_MESSAGE);
	} else if (rc < 0 || m.t_id != a->x.t_id) {
		fail(a, NVMF_AUTH_WHY_PAYLOAD);
	} else if (m.id == NVMF_DHCHAP_CHALLENGE) {
		challenge(a, &m);
	} else {
		success1(a, &m);
	}
}

/* Who fails whom matters: another key at one end, or at the other. */
const char *fab_auth_init_why(const struct fab_auth_init *a)
{
	if (a->why == NVMF_AUTH_WHY_FAILED)
		return a->by_controller
			       ? "the controller has another key for this host, or none for itself"
			       : "the controller did not prove that it has the key of the other "
				 "end";
	return fab_auth_why(a->why);
}

uint8_t fab_auth_init_hash(const struct fab_auth_init *a)
{
	return a->x.hash;
}

uint8_t fab_auth_init_group(const struct fab_auth_init *a)
{
	return a->x.group;
}
