/* SPDX-License-Identifier: Apache-2.0 */
/* net/timer.c - a binary heap of pointers; a timer knows its place, so that moving and cancelling are O(log n).
 * Owns, thread, blocking: see the header. */
#include "net/timer.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"

int net_timer_heap_init(struct net_timer_heap *heap)
{
	heap->len = 0;
	heap->cap = 64;
	heap->slot = calloc(heap->cap, sizeof(*heap->slot));
	return heap->slot ? 0 : -ENOMEM;
}

void net_timer_heap_fini(struct net_timer_heap *heap)
{
	free(heap->slot);
	heap->slot = NULL;
}

static void place(struct net_timer_heap *heap, size_t i, struct net_timer *t)
{
	heap->slot[i] = t;
	t->heap_index = i;
}

static void sift_up(struct net_timer_heap *heap, size_t i, struct net_timer *t)
{
	for (; i > 1 && heap->slot[i / 2]->when > t->when; i /= 2)
		place(heap, i, heap->slot[i / 2]);
	place(heap, i, t);
}

static void sift_down(struct net_timer_heap *heap, size_t i, struct net_timer *t)
{
	for (;;) {
		size_t child = 2 * i;

		if (child > heap->len)
			break;
		if (child < heap->len && heap->slot[child + 1]->when < heap->slot[child]->when)
			child++;
		if (heap->slot[child]->when >= t->when)
			break;
		place(heap, i, heap->slot[child]);
		i = child;
	}
	place(heap, i, t);
}

static void grow(struct net_timer_heap *heap)
{
	size_t cap = heap->cap * 2;
	struct net_timer **slot = reallocarray(heap->slot, cap, sizeof(*slot));

	if (!slot) {
		cmn_error("out of memory for timers", "timers=%zu", heap->len);
		abort();
	}
	heap->slot = slot;
	heap->cap = cap;
}

void net_timer_heap_set(struct net_timer_heap *heap, struct net_timer *t, uint64_t when)
{
	uint64_t old = t->when;

	t->when = when;
	if (!t->heap_index) {
		if (heap->len + 1 >= heap->cap)
			grow(heap);
		heap->len++;
		sift_up(heap, heap->len, t);
	} else if (when < old) {
		sift_up(heap, t->heap_index, t);
	} else {
		sift_down(heap, t->heap_index, t);
	}
}

void net_timer_heap_cancel(struct net_timer_heap *heap, struct net_timer *t)
{
	size_t i = t->heap_index;
	struct net_timer *last;

	if (!i)
		return;
	last = heap->slot[heap->len--];
	t->heap_index = 0;
	if (last == t)
		return;
	if (i > 1 && heap->slot[i / 2]->when > last->when)
		sift_up(heap, i, last);
	else
		sift_down(heap, i, last);
}

uint64_t net_timer_heap_next(const struct net_timer_heap *heap)
{
	return heap->len ? heap->slot[1]->when : UINT64_MAX;
}

unsigned int net_timer_heap_run(struct net_timer_heap *heap, uint64_t now)
{
	size_t budget = heap->len; /* one that re-arms itself for now must not hold the loop */
	unsigned int fired = 0;

	while (fired < budget && heap->len && heap->slot[1]->when <= now) {
		struct net_timer *t = heap->slot[1];

		net_timer_heap_cancel(heap, t);
		fired++;
		t->fire(t, now);
	}
	return fired;
}
