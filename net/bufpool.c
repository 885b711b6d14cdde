/* SPDX-License-Identifier: Apache-2.0 */
/* net/bufpool.c - data buffers in powers of two from 4 KiB to 1 MiB, cut from slabs of 2 MiB; larger ones come and go singly.
 * Owns, thread, blocking: see the header.
 *
 * A slab is a huge page where there is one to be had, so that a buffer is one piece of physical memory: one segment to a disk,
 * not one for each 4 KiB.  A virtio disk's ring of 256 descriptors holds 64 such commands of 128 KiB, of scattered ones seven.
 * A slab has buffers of one class until all are back; then it may serve any.  Where there is no slab left, the heap does. */
#include "net/bufpool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/container.h"
#include "common/queue.h"

#define PAGE 4096u
#define MIN_SHIFT 12
#define NR_CLASSES 9 /* 4 KiB .. 1 MiB */
#define SLAB ((size_t)2 << 20)

struct free_buf {
	struct free_buf *next;
};

struct slab {
	TAILQ_ENTRY(slab) link; /* of open, empty or cold; none while all of it is out */
	struct free_buf *free; /* came back */
	unsigned int cut; /* how many have been out; what lies behind them is untouched */
	unsigned int out;
};

TAILQ_HEAD(slab_list, slab);

struct net_bufpool {
	size_t limit, held, used;
	uint8_t *base; /* where nr_slabs lie; NULL: nowhere */
	size_t nr_slabs;
	struct slab *slabs;
	struct slab_list open[NR_CLASSES]; /* with buffers out, and more to give */
	struct slab_list empty, cold; /* cold: without memory */
};

/* Address space alone: memory comes when it is touched.  Without it the heap has to do. */
static void reserve(struct net_bufpool *pool)
{
	size_t size = CMN_ALIGN_UP(pool->limit, SLAB), skip;
	uint8_t *room;

	pool->slabs = calloc(size / SLAB, sizeof(*pool->slabs));
	if (!pool->slabs)
		return;
	room = mmap(NULL, size + SLAB, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return;
	skip = CMN_ALIGN_UP((uintptr_t)room, SLAB) - (uintptr_t)room;
	if (skip)
		munmap(room, skip);
	munmap(room + skip + size, SLAB - skip);
	pool->base = room + skip;
	pool->nr_slabs = size / SLAB;
	madvise(pool->base, size, MADV_HUGEPAGE);
	for (size_t i = 0; i < pool->nr_slabs; i++)
		TAILQ_INSERT_TAIL(&pool->cold, &pool->slabs[i], link);
}

struct net_bufpool *net_bufpool_create(size_t limit)
{
	struct net_bufpool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->limit = limit;
	TAILQ_INIT(&pool->empty);
	TAILQ_INIT(&pool->cold);
	for (unsigned int c = 0; c < NR_CLASSES; c++)
		TAILQ_INIT(&pool->open[c]);
	if (limit)
		reserve(pool);
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

/* ---- slabs ---- */

static uint8_t *start_of(const struct net_bufpool *pool, const struct slab *s)
{
	return pool->base + (size_t)(s - pool->slabs) * SLAB;
}

static struct slab *slab_of(const struct net_bufpool *pool, const void *buf)
{
	size_t i = ((uintptr_t)buf - (uintptr_t)pool->base) / SLAB;

	return i < pool->nr_slabs ? &pool->slabs[i] : NULL;
}

static struct slab *open_slab(struct net_bufpool *pool, struct slab_list *open)
{
	struct slab *s = TAILQ_FIRST(&pool->empty);

	if (s) {
		TAILQ_REMOVE(&pool->empty, s, link);
	} else {
		s = TAILQ_FIRST(&pool->cold);
		if (!s)
			return NULL;
		TAILQ_REMOVE(&pool->cold, s, link);
		pool->held += SLAB;
	}
	TAILQ_INSERT_HEAD(open, s, link);
	return s;
}

static void *cut(struct net_bufpool *pool, struct slab_list *open, size_t size)
{
	struct slab *s = TAILQ_FIRST(open);
	struct free_buf *b;

	if (!s && !(s = open_slab(pool, open)))
		return NULL;
	b = s->free;
	if (b)
		s->free = b->next;
	else
		b = (void *)(start_of(pool, s) + s->cut++ * size);
	s->out++;
	if (s->out == SLAB / size)
		TAILQ_REMOVE(open, s, link);
	return b;
}

static void take_back(struct net_bufpool *pool, struct slab *s, struct free_buf *b,
		      unsigned int class)
{
	struct slab_list *open = &pool->open[class];

	if (s->out-- == SLAB >> (MIN_SHIFT + class))
		TAILQ_INSERT_HEAD(open, s, link);
	b->next = s->free;
	s->free = b;
	if (s->out)
		return;
	TAILQ_REMOVE(open, s, link);
	s->free = NULL;
	s->cut = 0;
	TAILQ_INSERT_HEAD(&pool->empty, s, link);
}

/* ---- buffers ---- */

void *net_bufpool_get(struct net_bufpool *pool, size_t len)
{
	size_t size;
	unsigned int c = class_of(len, &size);
	void *buf = NULL;

	if (size > pool->limit - pool->used)
		return NULL;
	if (c < NR_CLASSES)
		buf = cut(pool, &pool->open[c], size);
	if (!buf) {
		buf = aligned_alloc(PAGE, size);
		if (!buf)
			return NULL;
		pool->held += size;
	}
	pool->used += size;
	return buf;
}

void net_bufpool_put(struct net_bufpool *pool, void *buf, size_t len)
{
	size_t size;
	unsigned int c = class_of(len, &size);
	struct slab *s = slab_of(pool, buf);

	if (!buf)
		return;
	pool->used -= size;
	if (s) {
		take_back(pool, s, buf, c);
		return;
	}
	pool->held -= size;
	free(buf);
}

void net_bufpool_trim(struct net_bufpool *pool)
{
	struct slab *keep = TAILQ_FIRST(&pool->empty), *s;

	while (keep && (s = TAILQ_NEXT(keep, link)) != NULL) {
		TAILQ_REMOVE(&pool->empty, s, link);
		madvise(start_of(pool, s), SLAB, MADV_DONTNEED);
		pool->held -= SLAB;
		TAILQ_INSERT_HEAD(&pool->cold, s, link);
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
	if (pool->base)
		munmap(pool->base, pool->nr_slabs * SLAB);
	free(pool->slabs);
	free(pool);
}
