/* SPDX-License-Identifier: Apache-2.0 */
/* common/util.c - file descriptors, numbers, memory.  Thread: any.  May block: as the descriptor does. */
#include "common/util.h"

#include "common/cleanup.h"
#include "common/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_LINE 64

int cmn_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t cmn_read_all(int fd, void *buf, size_t len)
{
	size_t used = 0;

	while (used < len) {
		ssize_t n = read(fd, (char *)buf + used, len - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int cmn_read_file(const char *path, size_t max, char **ret_data, size_t *ret_len)
{
	cmn_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	cmn_autofree char *data = NULL;
	size_t used = 0, room = 4096;

	if (fd < 0)
		return -errno;
	/* Grows as it reads: st_size says nothing about pipes and /proc. */
	for (;;) {
		char *more;
		ssize_t n;

		if (room > max + 1)
			room = max + 1;
		more = realloc(data, room + 1);
		if (!more)
			return -ENOMEM;
		data = more;
		n = cmn_read_all(fd, data + used, room - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used > max)
			return -EFBIG;
		if (used < room)
			break;
		room *= 2;
	}
	data[used] = '\0';
	*ret_len = used;
	*ret_data = cmn_take_ptr(data);
	return 0;
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	flags = on ? flags | flag : flags & ~flag;
	return fcntl(fd, set, flags) < 0 ? -errno : 0;
}

int cmn_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int cmn_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int cmn_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

bool cmn_strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size);
	bool fits = len < size;

	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

void *cmn_alloc_lines(size_t size)
{
	size_t whole = CMN_ALIGN_UP(size, CACHE_LINE);
	void *p = aligned_alloc(CACHE_LINE, whole);

	return p ? memset(p, 0, whole) : NULL;
}
