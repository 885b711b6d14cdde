/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/chap.c - see chap.h.
 * Owns: nothing.  Thread: any.  May block: never, save for fab_auth_session(): see dh.h.
 * Spec: NVM Express Base 2.1, 8.3.4.5.3-8.3.4.5.5. */
#include "fabrics/auth/chap.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "fabrics/auth/dh.h"
#include "fabrics/wire.h"

static const struct {
	const char *name, *md;
	uint8_t len;
} hashes[] = {
	[0] = { NULL, NULL, 0 },
	[NVMF_HASH_SHA256] = { "sha256", "SHA256", 32 },
	[NVMF_HASH_SHA384] = { "sha384", "SHA384", 48 },
	[NVMF_HASH_SHA512] = { "sha512", "SHA512", 64 },
};

static const char *const group_names[NVMF_DH_COUNT] = {
	[NVMF_DH_NULL] = "null",      [NVMF_DH_2048] = "ffdhe2048", [NVMF_DH_3072] = "ffdhe3072",
	[NVMF_DH_4096] = "ffdhe4096", [NVMF_DH_6144] = "ffdhe6144", [NVMF_DH_8192] = "ffdhe8192",
};

const struct fab_auth_algs fab_auth_default_algs = {
	.nr_hashes = FAB_AUTH_HASHES,
	.nr_groups = FAB_AUTH_GROUPS,
	.hashes = { NVMF_HASH_SHA512, NVMF_HASH_SHA384, NVMF_HASH_SHA256 },
	.groups = { NVMF_DH_2048, NVMF_DH_3072, NVMF_DH_4096, NVMF_DH_6144, NVMF_DH_8192,
		    NVMF_DH_NULL },
};

const char *fab_auth_hash_name(uint8_t hash)
{
	return hash <= NVMF_HASH_SHA512 ? hashes[hash].name : NULL;
}

const char *fab_auth_group_name(uint8_t group)
{
	return group < NVMF_DH_COUNT ? group_names[group] : NULL;
}

int fab_auth_hash_by_name(const char *name)
{
	for (uint8_t hash = NVMF_HASH_SHA256; hash <= NVMF_HASH_SHA512; hash++)
		if (strcmp(hashes[hash].name, name) == 0)
			return hash;
	return -EINVAL;
}

int fab_auth_group_by_name(const char *name)
{
	for (uint8_t group = 0; group < NVMF_DH_COUNT; group++)
		if (strcmp(group_names[group], name) == 0)
			return group;
	return -EINVAL;
}

const char *fab_auth_why(uint8_t why)
{
	static const char *const words[] = {
		[NVMF_AUTH_WHY_FAILED] = "authentication failed",
		[NVMF_AUTH_WHY_PROTOCOL] = "authentication protocol not usable",
		[NVMF_AUTH_WHY_SCC] = "secure channel concatenation mismatch",
		[NVMF_AUTH_WHY_HASH] = "hash function not usable",
		[NVMF_AUTH_WHY_GROUP] = "DH group not usable",
		[NVMF_AUTH_WHY_PAYLOAD] = "incorrect payload",
		[NVMF_AUTH_WHY_MESSAGE] = "incorrect protocol message",
	};

	return why && why <= NVMF_AUTH_WHY_MESSAGE ? words[why] : "unknown reason";
}

uint8_t fab_auth_hash_len(uint8_t hash)
{
	return hash <= NVMF_HASH_SHA512 ? hashes[hash].len : 0;
}

int fab_auth_random(const struct fab_auth_random *source, void *buf, size_t len)
{
	if (source && source->fill)
		return source->fill(source->arg, buf, len);
	return RAND_bytes(buf, (int)len) == 1 ? 0 : -EIO;
}

int fab_auth_digest(uint8_t hash, const void *data, size_t len, uint8_t *ret)
{
	return EVP_Q_digest(NULL, hashes[hash].md, NULL, data, len, ret, NULL) ? 0 : -EIO;
}

int fab_auth_hmac(uint8_t hash, const void *key, size_t key_len, const void *data, size_t len,
		  uint8_t *ret)
{
	return EVP_Q_mac(NULL, "HMAC", NULL, hashes[hash].md, NULL, key, key_len, data, len, ret,
			 FAB_AUTH_HASH_MAX, NULL)
		       ? 0
		       : -EIO;
}

/* Ca = HMAC(H(DH key), C), or C itself with the null group. */
static int augment(const struct fab_auth_exchange *x, const uint8_t *challenge, uint8_t *ret)
{
	uint8_t len = fab_auth_hash_len(x->hash);

	if (x->group != NVMF_DH_NULL)
		return fab_auth_hmac(x->hash, x->session, len, challenge, len, ret);
	memcpy(ret, challenge, len);
	return 0;
}

/* R = HMAC(K, Ca || S || T_ID || SC_C || role || author's NQN || 00h || the other's NQN) */
int fab_auth_response(const struct fab_auth_exchange *x, const struct fab_auth_key *secret,
		      bool host, const uint8_t *challenge, uint32_t seqnum, uint8_t *ret)
{
	const char *author = host ? x->hostnqn : x->subnqn, *other = host ? x->subnqn : x->hostnqn;
	const char *role = host ? "HostHost" : "Controller";
	uint8_t text[FAB_AUTH_HASH_MAX + 32 + 2 * NVMF_NQN_FIELD], ca[FAB_AUTH_HASH_MAX];
	struct fab_wr wr = fab_wr_init(text, sizeof(text));
	struct fab_auth_key key;
	int rc;

	rc = fab_auth_key_of(secret, author, &key);
	if (rc == 0)
		rc = augment(x, challenge, ca);
	if (rc == 0) {
		fab_wr_bytes(&wr, ca, fab_auth_hash_len(x->hash));
		fab_wr_le32(&wr, seqnum);
		fab_wr_le16(&wr, x->t_id);
		fab_wr_u8(&wr, x->sc_c);
		fab_wr_bytes(&wr, role, strlen(role));
		fab_wr_bytes(&wr, author, strlen(author) + 1);
		fab_wr_bytes(&wr, other, strlen(other));
		rc = wr.err ? -EINVAL
			    : fab_auth_hmac(x->hash, key.bytes, key.len, text,
					    (size_t)(wr.p - text), ret);
	}
	fab_auth_key_clear(&key);
	OPENSSL_cleanse(ca, sizeof(ca));
	OPENSSL_cleanse(text, sizeof(text));
	return rc;
}

int fab_auth_session(struct fab_auth_exchange *x, const uint8_t *value, const uint8_t *exponent)
{
	uint8_t shared[FAB_DH_MAX];
	int rc = fab_dh_power(x->group, value, exponent, shared);

	if (rc == 0)
		rc = fab_auth_digest(x->hash, shared, fab_dh_len(x->group), x->session);
	OPENSSL_cleanse(shared, sizeof(shared));
	return rc;
}
