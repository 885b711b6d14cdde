/* SPDX-License-Identifier: Apache-2.0 */
/* common/util.h - what the C library leaves to its callers about file descriptors, numbers and memory.
 * Owns: nothing.  Thread: any.  May block: as the descriptor does. */
#ifndef COMMON_UTIL_H
#define COMMON_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The whole buffer or -errno; for blocking descriptors. */
int cmn_write_all(int fd, const void *buf, size_t len);

/* Up to len bytes, fewer only at the end of the file; the count or -errno. */
ssize_t cmn_read_all(int fd, void *buf, size_t len);

/* Reads a whole file of at most max bytes (-EFBIG beyond) into a NUL-terminated buffer that the caller frees. */
int cmn_read_file(const char *path, size_t max, char **ret_data, size_t *ret_len);

int cmn_set_nonblock(int fd, bool on);
int cmn_set_cloexec(int fd, bool on);

/* Decimal digits only (no sign, no space), within min..max.  -EINVAL or -ERANGE. */
int cmn_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* True when src fitted; dst always ends. */
bool cmn_strlcpy(char *dst, const char *src, size_t size);

/* Zeroed, and in cache lines of its own, so that what another thread writes beside it costs nothing; for free().  NULL: no memory. */
void *cmn_alloc_lines(size_t size);

#endif
