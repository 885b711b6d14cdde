/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/target.c - see target.h.
 * Owns: struct fab_auth.  Thread: see target.h.  May block: see target.h.  Spec: NVM Express Base 2.1, 8.3.4.4, 8.3.4.5. */
#include "fabrics/auth/target.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/auth/dh.h"
#include "fabrics/auth/msg.h"

struct fab_auth {
	struct fab_auth_policy policy;
	struct fab_auth_random random;
	struct fab_auth_exchange x;
	char hostnqn[NVMF_NQN_MAX + 1], subnqn[NVMF_NQN_MAX + 1];
	uint8_t state; /* enum fab_auth_state */
	uint8_t why; /* enum nvmf_auth_why */
	bool by_host;
	bool mutual;
	uint32_t s1, s2;
	uint8_t c1[FAB_AUTH_HASH_MAX], c2[FAB_AUTH_HASH_MAX], r1[FAB_AUTH_HASH_MAX];
	uint8_t exponent[FAB_DH_EXPONENT_MAX];
	uint8_t value[FAB_DH_MAX]; /* ours, to be sent; then the host's */
};

#define TO(state) (1u << FAB_AUTH_##state)
#define BAD (TO(FAILURE1) | TO(FAILED))
static const uint32_t may_go[FAB_AUTH_STATE_COUNT] = {
	[FAB_AUTH_NEGOTIATE] = TO(CHALLENGE) | BAD,
	[FAB_AUTH_CHALLENGE] = TO(REPLY) | BAD,
	[FAB_AUTH_REPLY] = TO(SUCCESS1) | BAD,
	[FAB_AUTH_SUCCESS1] = TO(SUCCESS2) | TO(DONE) | BAD,
	[FAB_AUTH_SUCCESS2] = TO(DONE) | BAD,
	[FAB_AUTH_DONE] = TO(CHALLENGE) | BAD,
	[FAB_AUTH_FAILURE1] = TO(FAILED),
};

static void set_state(struct fab_auth *auth, enum fab_auth_state to)
{
	assert(may_go[auth->state] & 1u << to);
	auth->state = (uint8_t)to;
}

const char *fab_auth_state_name(enum fab_auth_state state)
{
	static const char *const names[FAB_AUTH_STATE_COUNT] = {
		[FAB_AUTH_NEGOTIATE] = "negotiate", [FAB_AUTH_CHALLENGE] = "challenge",
		[FAB_AUTH_REPLY] = "reply",	    [FAB_AUTH_SUCCESS1] = "success1",
		[FAB_AUTH_SUCCESS2] = "success2",   [FAB_AUTH_DONE] = "done",
		[FAB_AUTH_FAILURE1] = "failure1",   [FAB_AUTH_FAILED] = "failed",
	};

	return names[state];
}

struct fab_auth *fab_auth_create(const struct fab_auth_params *params)
{
	struct fab_auth *auth = calloc(1, sizeof(*auth));

	if (!auth)
		return NULL;
	auth->policy = params->policy;
	if (!auth->policy.algs.nr_hashes) {
		auth->policy.algs.nr_hashes = fab_auth_default_algs.nr_hashes;
		memcpy(auth->policy.algs.hashes, fab_auth_default_algs.hashes, FAB_AUTH_HASHES);
	}
	if (!auth->policy.algs.nr_groups) {
		auth->policy.algs.nr_groups = fab_auth_default_algs.nr_groups;
		memcpy(auth->policy.algs.groups, fab_auth_default_algs.groups, FAB_AUTH_GROUPS);
	}
	auth->random = params->random;
	strncpy(auth->hostnqn, params->hostnqn, NVMF_NQN_MAX);
	strncpy(auth->subnqn, params->subnqn, NVMF_NQN_MAX);
	auth->x.hostnqn = auth->hostnqn;
	auth->x.subnqn = auth->subnqn;
	return auth;
}

void fab_auth_destroy(struct fab_auth *auth)
{
	if (!auth)
		return;
	OPENSSL_cleanse(auth, sizeof(*auth));
	free(auth);
}

/* What an exchange leaves that would help nobody but a thief. */
static void forget(struct fab_auth *auth)
{
	OPENSSL_cleanse(auth->x.session, sizeof(auth->x.session));
	OPENSSL_cleanse(auth->exponent, sizeof(auth->exponent));
}

static bool fail(struct fab_auth *auth, enum nvmf_auth_why why)
{
	auth->why = (uint8_t)why;
	forget(auth);
	set_state(auth, FAB_AUTH_FAILURE1);
	return false;
}

/* ---- AUTH_Negotiate ---- */

/* The first of ours that is among theirs; -ENOENT. */
static int choose(const uint8_t *ours, uint8_t nr_ours, const uint8_t *theirs, uint8_t nr_theirs)
{
	for (uint8_t i = 0; i < nr_ours; i++)
		if (nr_theirs && memchr(theirs, ours[i], nr_theirs))
			return ours[i];
	return -ENOENT;
}

static int make_secrets(struct fab_auth *auth)
{
	if (fab_auth_random(&auth->random, auth->c1, fab_auth_hash_len(auth->x.hash)) < 0 ||
	    fab_auth_random(&auth->random, &auth->s1, sizeof(auth->s1)) < 0)
		return -EIO;
	if (!auth->s1) /* means something else in a Reply: left alone here too */
		auth->s1 = 1;
	return fab_auth_random(&auth->random, auth->exponent, fab_dh_exponent_len(auth->x.group));
}

static bool negotiate(struct fab_auth *auth, const struct fab_auth_msg *m)
{
	const struct fab_auth_algs *algs = &auth->policy.algs;
	int hash, group;

	auth->x.t_id = m->t_id;
	auth->mutual = false;
	if (!m->dhchap)
		return fail(auth, NVMF_AUTH_WHY_PROTOCOL);
	if (m->sc_c) /* TLS isn't made out of this */
		return fail(auth, NVMF_AUTH_WHY_SCC);
	hash = choose(algs->hashes, algs->nr_hashes, m->hashes, m->nr_hashes);
	if (hash < 0)
		return fail(auth, NVMF_AUTH_WHY_HASH);
	group = choose(algs->groups, algs->nr_groups, m->groups, m->nr_groups);
	if (group < 0)
		return fail(auth, NVMF_AUTH_WHY_GROUP);
	auth->x.sc_c = m->sc_c;
	auth->x.hash = (uint8_t)hash;
	auth->x.group = (uint8_t)group;
	if (make_secrets(auth) < 0)
		return fail(auth, NVMF_AUTH_WHY_FAILED);
	set_state(auth, FAB_AUTH_CHALLENGE);
	return group != NVMF_DH_NULL;
}

/* ---- DH-HMAC-CHAP_Reply ---- */

static void verify(struct fab_auth *auth)
{
	uint8_t want[FAB_AUTH_HASH_MAX];

	/* a key without bytes, which anybody has, is nobody's */
	if (!auth->policy.key.len ||
	    fab_auth_response(&auth->x, &auth->policy.key, true, auth->c1, auth->s1, want) < 0 ||
	    CRYPTO_memcmp(want, auth->r1, fab_auth_hash_len(auth->x.hash)) != 0)
		fail(auth, NVMF_AUTH_WHY_FAILED);
	else
		set_state(auth, FAB_AUTH_SUCCESS1);
	OPENSSL_cleanse(want, sizeof(want));
}

static bool reply(struct fab_auth *auth, const struct fab_auth_msg *m)
{
	uint8_t hl = fab_auth_hash_len(auth->x.hash);

	if (m->hl != hl || m->dhvlen != fab_dh_len(auth->x.group))
		return fail(auth, NVMF_AUTH_WHY_PAYLOAD);
	/* A challenge that is ours sent back would have us compute our own answer. */
	if (m->valid && CRYPTO_memcmp(m->c, auth->c1, hl) == 0)
		return fail(auth, NVMF_AUTH_WHY_FAILED);
	/* S2 of 0: C2 is for a key that is derived, and no response is asked for. */
	auth->mutual = m->valid && m->seqnum;
	if (auth->mutual && !auth->policy.ctrl_key.len)
		return fail(auth, NVMF_AUTH_WHY_FAILED);
	auth->s2 = m->seqnum;
	memcpy(auth->c2, m->c, hl);
	memcpy(auth->r1, m->r, hl);
	if (!m->dhvlen) {
		verify(auth);
		return false;
	}
	memcpy(auth->value, m->dhv, m->dhvlen);
	return true;
}

/* ---- messages ---- */

static bool success2(struct fab_auth *auth, const struct fab_auth_msg *m)
{
	(void)m;
	set_state(auth, FAB_AUTH_DONE);
	return false;
}

/* Which message each state awaits, and what it leads to. */
static const struct {
	uint8_t id;
	bool (*take)(struct fab_auth *auth, const struct fab_auth_msg *m);
} awaits[FAB_AUTH_STATE_COUNT] = {
	[FAB_AUTH_NEGOTIATE] = { NVMF_AUTH_NEGOTIATE, negotiate },
	[FAB_AUTH_REPLY] = { NVMF_DHCHAP_REPLY, reply },
	[FAB_AUTH_SUCCESS2] = { NVMF_DHCHAP_SUCCESS2, success2 },
	[FAB_AUTH_DONE] = { NVMF_AUTH_NEGOTIATE, negotiate },
};

bool fab_auth_put(struct fab_auth *auth, const void *msg, uint32_t len)
{
	struct fab_auth_msg m;
	int rc = fab_auth_decode(msg, len, &m);

	if (auth->state == FAB_AUTH_FAILURE1 || auth->state == FAB_AUTH_FAILED)
		return false;
	if (rc == 0 && m.id == NVMF_AUTH_FAILURE2) {
		auth->why = m.why;
		auth->by_host = true;
		forget(auth);
		set_state(auth, FAB_AUTH_FAILED);
		return false;
	}
	if (rc == -EPROTO || !awaits[auth->state].take || m.id != awaits[auth->state].id)
		return fail(auth, NVMF_AUTH_WHY_MESSAGE);
	if (rc < 0 || (m.id != NVMF_AUTH_NEGOTIATE && m.t_id != auth->x.t_id))
		return fail(auth, NVMF_AUTH_WHY_PAYLOAD);
	return awaits[auth->state].take(auth, &m);
}

void fab_auth_work(struct fab_auth *auth)
{
	int rc;

	if (auth->state == FAB_AUTH_CHALLENGE) {
		if (fab_dh_power(auth->x.group, NULL, auth->exponent, auth->value) < 0)
			fail(auth, NVMF_AUTH_WHY_FAILED);
		return;
	}
	assert(auth->state == FAB_AUTH_REPLY);
	rc = fab_auth_session(&auth->x, auth->value, auth->exponent);
	if (rc < 0)
		fail(auth, rc == -EINVAL ? NVMF_AUTH_WHY_PAYLOAD : NVMF_AUTH_WHY_FAILED);
	else
		verify(auth);
}

static bool fill_challenge(struct fab_auth *auth, struct fab_auth_msg *m)
{
	m->id = NVMF_DHCHAP_CHALLENGE;
	m->hl = fab_auth_hash_len(auth->x.hash);
	m->hash = auth->x.hash;
	m->group = auth->x.group;
	m->seqnum = auth->s1;
	m->c = auth->c1;
	m->dhvlen = (uint16_t)fab_dh_len(auth->x.group);
	m->dhv = auth->value;
	return true;
}

static bool fill_success1(struct fab_auth *auth, struct fab_auth_msg *m, uint8_t *r2)
{
	m->id = NVMF_DHCHAP_SUCCESS1;
	m->hl = fab_auth_hash_len(auth->x.hash);
	m->valid = auth->mutual;
	m->r = r2;
	return !auth->mutual || fab_auth_response(&auth->x, &auth->policy.ctrl_key, false, auth->c2,
						  auth->s2, r2) == 0;
}

/* What isn't to be fetched now is answered by a failure too: the host has lost its place. */
static bool fill(struct fab_auth *auth, struct fab_auth_msg *m, uint8_t *r2)
{
	if (auth->state == FAB_AUTH_CHALLENGE)
		return fill_challenge(auth, m);
	if (auth->state == FAB_AUTH_SUCCESS1)
		return fill_success1(auth, m, r2);
	m->id = NVMF_AUTH_FAILURE1;
	m->rcode = NVMF_AUTH_RCODE;
	m->why = auth->why ? auth->why : NVMF_AUTH_WHY_MESSAGE;
	return true;
}

uint32_t fab_auth_get(struct fab_auth *auth, void *buf, uint32_t cap)
{
	struct fab_auth_msg m = { .t_id = auth->x.t_id };
	uint8_t r2[FAB_AUTH_HASH_MAX];
	uint32_t len;

	if (!fill(auth, &m, r2)) {
		fail(auth, NVMF_AUTH_WHY_FAILED);
		m = (struct fab_auth_msg){ .t_id = auth->x.t_id };
		fill(auth, &m, r2);
	}
	len = fab_auth_encode(&m, buf, cap);
	if (!len)
		return 0;
	if (m.id == NVMF_DHCHAP_CHALLENGE) {
		set_state(auth, FAB_AUTH_REPLY);
	} else if (m.id == NVMF_DHCHAP_SUCCESS1) {
		forget(auth);
		set_state(auth, auth->mutual ? FAB_AUTH_SUCCESS2 : FAB_AUTH_DONE);
	} else if (auth->state != FAB_AUTH_FAILED) {
		auth->why = m.why;
		set_state(auth, FAB_AUTH_FAILED);
	}
	return len;
}

enum fab_auth_state fab_auth_state(const struct fab_auth *auth)
{
	return auth->state;
}

uint8_t fab_auth_failure(const struct fab_auth *auth, bool *ret_by_host)
{
	*ret_by_host = auth->by_host;
	return auth->why;
}

const char *fab_auth_failure_text(const struct fab_auth *auth)
{
	if (!auth->why)
		return "it did not answer in time";
	if (auth->why != NVMF_AUTH_WHY_FAILED)
		return fab_auth_why(auth->why);
	if (auth->by_host)
		return "the host did not take our key for the controller's";
	if (auth->mutual && !auth->policy.ctrl_key.len)
		return "it wants the controller to authenticate, which has no key for that";
	return "its key is another than the one that it has here";
}

uint8_t fab_auth_hash(const struct fab_auth *auth)
{
	return auth->x.hash;
}

uint8_t fab_auth_group(const struct fab_auth *auth)
{
	return auth->x.group;
}

bool fab_auth_mutual(const struct fab_auth *auth)
{
	return auth->mutual;
}
