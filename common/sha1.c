/* SPDX-License-Identifier: Apache-2.0 */
/* common/sha1.c - SHA-1.  Thread: any.  May block: never.  FIPS 180-4, 6.1. */
#include "common/sha1.h"

#include <string.h>

static uint32_t rol(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) ^ (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void compress(struct cmn_sha1 *s)
{
	uint32_t w[80], v[5], next;

	for (int t = 0; t < 16; t++)
		w[t] = be32(s->block + 4 * t);
	for (int t = 16; t < 80; t++)
		w[t] = rol(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, s->h, sizeof(v));
	for (int t = 0; t < 80; t++) {
		next = rol(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] + w[t];
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rol(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (int i = 0; i < 5; i++)
		s->h[i] += v[i];
}

void cmn_sha1_init(struct cmn_sha1 *s)
{
	static const uint32_t start[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
					   0xc3d2e1f0 };

	memcpy(s->h, start, sizeof(start));
	s->total = 0;
}

void cmn_sha1_update(struct cmn_sha1 *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		size_t at = s->total % 64;
		size_t n = 64 - at < len ? 64 - at : len;

		memcpy(s->block + at, p, n);
		s->total += n;
		p += n;
		len -= n;
		if (s->total % 64 == 0)
			compress(s);
	}
}

void cmn_sha1_final(struct cmn_sha1 *s, uint8_t ret_digest[CMN_SHA1_LEN])
{
	uint64_t bits = s->total * 8;
	uint8_t tail[8];

	for (int i = 0; i < 8; i++)
		tail[i] = (uint8_t)(bits >> (56 - 8 * i));
	cmn_sha1_update(s, "\x80", 1);
	while (s->total % 64 != 56)
		cmn_sha1_update(s, "", 1);
	cmn_sha1_update(s, tail, 8);
	for (int i = 0; i < CMN_SHA1_LEN; i++)
		ret_digest[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
