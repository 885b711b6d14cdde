/* SPDX-License-Identifier: Apache-2.0 */
/* net/bufpool.c - data buffers in powers of two from 4 KiB to 1 MiB, kept on free lists; larger ones come and go singly.
 * Owns, thread, blocking: see the header. */
#include "net/bufpool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/container.h"

#define PAGE 4096u
#define MIN_SHIFT 12
#define NR_CLASSES 9 /* 4 KiB .. 1 MiB */

struct free_buf {
	struct free_buf *next;
};

struct net_bufpool {
	size_t limit, held, used;
	struct free_buf *free[NR_CLASSES];
};

struct net_bufpool *net_bufpool_create(size_t limit)
{
	struct net_bufpool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->limit = limit;
	return pool;
}

/* The class that holds len bytes, NR_CLASSES when none does; *ret_size: what a buffer of it takes. */
static unsigned int class_of(size_t len, size_t *ret_size)
{
	unsigned int c;

	if (len <= PAGE) {
		*ret_size = PAGE;
		return 0;
	}
	c = (unsigned int)(64 - __builtin_clzl(len - 1)) - MIN_SHIFT;
	if (c >= NR_CLASSES) {
		*ret_size = CMN_ALIGN_UP(len, PAGE);
		return NR_CLASSES;
	}
	*ret_size = (size_t)PAGE << c;
	return c;
}

/* Frees kept buffers, largest first, until need more bytes fit under the limit. */
static bool make_room(struct net_bufpool *pool, size_t need)
{
	if (need > pool->limit)
		return false;
	for (int c = NR_CLASSES - 1; c >= 0; c--) {
		while (pool->held + need > pool->limit && pool->free[c]) {
			struct free_buf *b = pool->free[c];

			pool->free[c] = b->next;
			free(b);
			pool->held -= (size_t)PAGE << c;
		}
	}
	return pool->held + need <= pool->limit;
}

void *net_bufpool_get(struct net_bufpool *pool, size_t len)
{
	size_t size;
	unsigned int c = class_of(len, &size);
	void *buf;

	if (c < NR_CLASSES && pool->free[c]) {
		buf = pool->free[c];
		pool->free[c] = pool->free[c]->next;
		pool->used += size;
		return buf;
	}
	if (!make_room(pool, size))
		return NULL;
	buf = aligned_alloc(PAGE, size);
	if (!buf)
		return NULL;
	pool->held += size;
	pool->used += size;
	return buf;
}

void net_bufpool_put(struct net_bufpool *pool, void *buf, size_t len)
{
	size_t size;
	unsigned int c = class_of(len, &size);
	struct free_buf *b = buf;

	if (!buf)
		return;
	pool->used -= size;
	if (c == NR_CLASSES) {
		pool->held -= size;
		free(buf);
		return;
	}
	b->next = pool->free[c];
	pool->free[c] = b;
}

void net_bufpool_trim(struct net_bufpool *pool)
{
	for (unsigned int c = 0; c < NR_CLASSES; c++) {
		while (pool->free[c]) {
			struct free_buf *b = pool->free[c];

			pool->free[c] = b->next;
			free(b);
			pool->held -= (size_t)PAGE << c;
		}
	}
}

size_t net_bufpool_held(const struct net_bufpool *pool)
{
	return pool->held;
}

size_t net_bufpool_used(const struct net_bufpool *pool)
{
	return pool->used;
}

void net_bufpool_destroy(struct net_bufpool *pool)
{
	if (!pool)
		return;
	net_bufpool_trim(pool);
	free(pool);
}
