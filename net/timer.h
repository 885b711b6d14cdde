/* SPDX-License-Identifier: Apache-2.0 */
/* net/timer.h - a heap of timers, of the reactor alone (others: net/reactor.h).
 * Owns: the array, not the timers.  Thread: one.  May block: never. */
#ifndef NET_TIMER_H
#define NET_TIMER_H

#include <stdint.h>

#include "net/reactor.h"

struct net_timer_heap {
	struct net_timer **slot; /* slot[1] is due first */
	size_t len, cap;
};

int net_timer_heap_init(struct net_timer_heap *heap);
void net_timer_heap_fini(struct net_timer_heap *heap);
/* Arming can't fail for want of memory: an array that can't grow ends the process (a timer lost is a hang later). */
void net_timer_heap_set(struct net_timer_heap *heap, struct net_timer *t, uint64_t when);
void net_timer_heap_cancel(struct net_timer_heap *heap, struct net_timer *t);
/* The earliest, UINT64_MAX when there is none. */
uint64_t net_timer_heap_next(const struct net_timer_heap *heap);
/* Fires what is due at now, at most as many as were armed when it began; returns how many. */
unsigned int net_timer_heap_run(struct net_timer_heap *heap, uint64_t now);

#endif
