/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/digest.h - header and data digests: CRC32C.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVMe/TCP 1.1, 3.3.1.1. */
#ifndef FABRICS_TCP_DIGEST_H
#define FABRICS_TCP_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* The digest of len bytes, in the machine's order; it goes out little-endian. */
uint32_t fab_crc32c(const void *data, size_t len);

/* As the wire has it. */
void fab_digest_put(uint8_t *dst, const void *data, size_t len);
uint32_t fab_digest_get(const uint8_t *src);

#endif
