/* SPDX-License-Identifier: Apache-2.0 */
/* common/sha1.h - SHA-1 (FIPS 180-4) for version 5 UUIDs, where it is the format and not a protection.
 * Here because common/ links nothing but libc and json-c.  Owns: nothing.  Thread: any.  May block: never. */
#ifndef COMMON_SHA1_H
#define COMMON_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define CMN_SHA1_LEN 20

struct cmn_sha1 {
	uint32_t h[5];
	uint64_t total;
	uint8_t block[64];
};

void cmn_sha1_init(struct cmn_sha1 *s);
void cmn_sha1_update(struct cmn_sha1 *s, const void *data, size_t len);
void cmn_sha1_final(struct cmn_sha1 *s, uint8_t ret_digest[CMN_SHA1_LEN]);

#endif
