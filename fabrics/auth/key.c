/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/key.c - see key.h.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 8.3.4.5.7, 8.3.4.5.8. */
#include "fabrics/auth/key.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "fabrics/auth/chap.h"
#include "fabrics/wire.h"

#define CRC_LEN 4
#define PREFIX "DHHC-1:"
#define PREFIX_LEN (sizeof(PREFIX "hh:") - 1)
#define BASE64_MAX 92
#define LABEL "NVMe-over-Fabrics"
#define FINGERPRINT_LABEL "DH-HMAC-CHAP key "

static uint32_t crc32_of(const uint8_t *data, size_t len)
{
	return crc32_gzip_refl(0, data, len);
}

/* In base64, without its NUL: the length tells that of the secret. */
static int base64_len(uint8_t len)
{
	return (len + CRC_LEN + 2) / 3 * 4;
}

static uint8_t len_of_base64(size_t chars)
{
	for (uint8_t len = 32; len <= FAB_AUTH_HASH_MAX; len += 16)
		if (chars == (size_t)base64_len(len))
			return len;
	return 0;
}

void fab_auth_key_format(const struct fab_auth_key *key, char ret[FAB_AUTH_SECRET_MAX])
{
	uint8_t raw[FAB_AUTH_HASH_MAX + CRC_LEN];
	struct fab_wr wr = fab_wr_init(raw, sizeof(raw));

	fab_wr_bytes(&wr, key->bytes, key->len);
	fab_wr_le32(&wr, crc32_of(key->bytes, key->len));
	snprintf(ret, FAB_AUTH_SECRET_MAX, PREFIX "%02x:", key->hash);
	EVP_EncodeBlock((uint8_t *)ret + PREFIX_LEN, raw, key->len + CRC_LEN);
	strcat(ret, ":");
	OPENSSL_cleanse(raw, sizeof(raw));
}

/* The decoder is more lenient than base64 should be: what it made of the text must make the text again. */
static int check_again(const char *text, const struct fab_auth_key *key)
{
	char again[FAB_AUTH_SECRET_MAX];
	bool same;

	fab_auth_key_format(key, again);
	same = strcmp(text, again) == 0;
	OPENSSL_cleanse(again, sizeof(again));
	return same ? 0 : -EBADMSG;
}

int fab_auth_key_parse(const char *text, struct fab_auth_key *ret)
{
	uint8_t raw[BASE64_MAX / 4 * 3];
	struct fab_auth_key key = { 0 };
	size_t len = strlen(text);
	int rc = -EINVAL;

	if (len <= PREFIX_LEN || strncmp(text, PREFIX, strlen(PREFIX)) != 0 || text[7] != '0' ||
	    text[8] < '0' || text[8] > '0' + NVMF_HASH_SHA512 || text[9] != ':' ||
	    text[len - 1] != ':')
		return -EINVAL;
	key.hash = (uint8_t)(text[8] - '0');
	key.len = len_of_base64(len - PREFIX_LEN - 1);
	if (key.len && EVP_DecodeBlock(raw, (const uint8_t *)text + PREFIX_LEN,
				       (int)(len - PREFIX_LEN - 1)) > 0) {
		memcpy(key.bytes, raw, key.len);
		rc = check_again(text, &key);
	}
	if (rc == 0)
		*ret = key;
	OPENSSL_cleanse(raw, sizeof(raw));
	fab_auth_key_clear(&key);
	return rc;
}

int fab_auth_key_generate(uint8_t hash, struct fab_auth_key *ret)
{
	uint8_t len = hash ? fab_auth_hash_len(hash) : 32;

	if (!len)
		return -EINVAL;
	*ret = (struct fab_auth_key){ .hash = hash, .len = len };
	return fab_auth_random(NULL, ret->bytes, len);
}

int fab_auth_key_of(const struct fab_auth_key *secret, const char *nqn, struct fab_auth_key *ret)
{
	char text[NVMF_NQN_FIELD + sizeof(LABEL)];
	int len;

	if (!secret->hash) {
		*ret = *secret;
		return 0;
	}
	*ret = (struct fab_auth_key){ .hash = secret->hash,
				      .len = fab_auth_hash_len(secret->hash) };
	len = snprintf(text, sizeof(text), "%.*s" LABEL, NVMF_NQN_MAX, nqn);
	return fab_auth_hmac(secret->hash, secret->bytes, secret->len, text, (size_t)len,
			     ret->bytes);
}

void fab_auth_key_fingerprint(const struct fab_auth_key *key, char ret[FAB_AUTH_FINGERPRINT_MAX])
{
	uint8_t digest[FAB_AUTH_HASH_MAX] = { 0 };

	fab_auth_hmac(NVMF_HASH_SHA256, key->bytes, key->len, FINGERPRINT_LABEL,
		      strlen(FINGERPRINT_LABEL), digest);
	for (unsigned int i = 0; i < (FAB_AUTH_FINGERPRINT_MAX - 1) / 2; i++)
		snprintf(ret + 2 * (size_t)i, 3, "%02x", digest[i]);
}

void fab_auth_key_clear(struct fab_auth_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}
