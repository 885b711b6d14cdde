/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/digest.c - CRC32C by isa-l, which chooses the machine's fastest way.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVMe/TCP 1.1, 3.3.1.1. */
#include "fabrics/tcp/digest.h"

#include <endian.h>
#include <isa-l/crc.h>
#include <string.h>

#define CHUNK (1u << 30) /* isa-l takes an int */

/* isa-l keeps the raw register: the seed of all ones and the final inversion are ours. */
uint32_t fab_crc32c(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t crc = 0xffffffffu;

	while (len > 0) {
		size_t n = len < CHUNK ? len : CHUNK;

		crc = crc32_iscsi((unsigned char *)(uintptr_t)p, (int)n, crc);
		p += n;
		len -= n;
	}
	return ~crc;
}

void fab_digest_put(uint8_t *dst, const void *data, size_t len)
{
	uint32_t le = htole32(fab_crc32c(data, len));

	memcpy(dst, &le, sizeof(le));
}

uint32_t fab_digest_get(const uint8_t *src)
{
	uint32_t le;

	memcpy(&le, src, sizeof(le));
	return le32toh(le);
}
