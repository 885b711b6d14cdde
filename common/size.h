/* SPDX-License-Identifier: Apache-2.0 */
/* common/size.h - sizes as people write them.
 * Owns: nothing.  Thread: any.  May block: never. */
#ifndef COMMON_SIZE_H
#define COMMON_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define CMN_SIZE_STR_LEN 32

/* "1073741824", "512M", "1GiB", "1.5T", "64k": K M G T P E are powers of 1024 with or without "iB" or "B" (the
 * storage tools' habit); a space before the unit is allowed.  A fraction must come out as whole bytes.
 * -EINVAL for what isn't a size, -ERANGE beyond 64 bits. */
int cmn_size_parse(const char *text, uint64_t *ret_bytes);

/* The largest unit that needs at most two decimals: "1GiB", "1.5MiB", "513B".  What is not exact in two decimals is
 * shown rounded down.  Returns buf. */
char *cmn_size_format(uint64_t bytes, char *buf, size_t size);

#endif
