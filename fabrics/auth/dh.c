/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/dh.c - see dh.h; primes and arithmetic are libcrypto's.
 * Owns: nothing.  Thread: any.  May block: for the processor's time.  Spec: RFC 7919; NVM Express Base 2.1, 8.3.4.5.4. */
#include "fabrics/auth/dh.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "fabrics/spec/nvmf_auth.h"

/* Exponents: at least 256 bits (Base 2.1, 8.3.4.5.4), and what RFC 7919, 5.2 wants for the group's strength. */
static const struct {
	const char *name;
	uint16_t len;
	uint8_t exponent_len;
} groups[NVMF_DH_COUNT] = {
	[NVMF_DH_2048] = { "ffdhe2048", 256, 32 },  [NVMF_DH_3072] = { "ffdhe3072", 384, 36 },
	[NVMF_DH_4096] = { "ffdhe4096", 512, 44 },  [NVMF_DH_6144] = { "ffdhe6144", 768, 48 },
	[NVMF_DH_8192] = { "ffdhe8192", 1024, 52 },
};

size_t fab_dh_len(uint8_t group)
{
	return group < NVMF_DH_COUNT ? groups[group].len : 0;
}

size_t fab_dh_exponent_len(uint8_t group)
{
	return group < NVMF_DH_COUNT ? groups[group].exponent_len : 0;
}

static BIGNUM *prime_of(uint8_t group)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *params = NULL;
	BIGNUM *p = NULL;

	if (ctx && EVP_PKEY_paramgen_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_group_name(ctx, groups[group].name) > 0 &&
	    EVP_PKEY_paramgen(ctx, &params) > 0)
		EVP_PKEY_get_bn_param(params, OSSL_PKEY_PARAM_FFC_P, &p);
	EVP_PKEY_free(params);
	EVP_PKEY_CTX_free(ctx);
	return p;
}

static BIGNUM *exponent_of(uint8_t group, const uint8_t *bytes)
{
	uint8_t x[FAB_DH_EXPONENT_MAX];
	BIGNUM *ret = BN_secure_new();

	memcpy(x, bytes, groups[group].exponent_len);
	x[0] |= 0x80;
	if (ret && !BN_bin2bn(x, groups[group].exponent_len, ret)) {
		BN_clear_free(ret);
		ret = NULL;
	}
	OPENSSL_cleanse(x, sizeof(x));
	return ret;
}

/* 2..p-2: what else the other end may name makes a key that anybody knows. */
static int check_base(const BIGNUM *base, const BIGNUM *p)
{
	BIGNUM *last = BN_dup(p);
	int rc = -EIO;

	if (last && BN_sub_word(last, 1))
		rc = !BN_is_zero(base) && !BN_is_one(base) && BN_cmp(base, last) < 0 ? 0 : -EINVAL;
	BN_free(last);
	return rc;
}

int fab_dh_power(uint8_t group, const uint8_t *base, const uint8_t *exponent, uint8_t *ret)
{
	static const uint8_t generator = 2;
	int len = (int)fab_dh_len(group), rc = -EIO;
	BIGNUM *p, *b, *x, *y = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();

	if (!len) {
		BN_clear_free(y);
		BN_CTX_free(ctx);
		return -EINVAL;
	}
	p = prime_of(group);
	b = base ? BN_bin2bn(base, len, NULL) : BN_bin2bn(&generator, 1, NULL);
	x = exponent_of(group, exponent);
	if (p && b && x && y && ctx)
		rc = check_base(b, p);
	if (rc == 0 &&
	    (!BN_mod_exp_mont_consttime(y, b, x, p, ctx, NULL) || BN_bn2binpad(y, ret, len) != len))
		rc = -EIO;
	BN_free(p);
	BN_free(b);
	BN_clear_free(x);
	BN_clear_free(y);
	BN_CTX_free(ctx);
	return rc;
}
