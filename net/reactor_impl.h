/* SPDX-License-Identifier: Apache-2.0 */
/* net/reactor_impl.h - what the rest of net/ may ask of a reactor beyond net/reactor.h.
 * Owns: nothing.  Thread: the reactor's.  May block: never. */
#ifndef NET_REACTOR_IMPL_H
#define NET_REACTOR_IMPL_H

#include "net/bufpool.h"
#include "net/reactor.h"

/* Counters have one writer and any readers. */
static inline void net_stat_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void net_stat_inc(uint64_t *counter)
{
	net_stat_add(counter, 1);
}

struct net_reactor_stats *net_reactor_stats_mut(struct net_reactor *r);
struct net_bufpool *net_reactor_pool(struct net_reactor *r);
/* How often buf_get() has failed: tells whether a call into a connection left something waiting for a buffer. */
uint64_t net_reactor_buf_fails(const struct net_reactor *r);
/* The host that sent just now is at work for longer than it takes us to wake up: with the rest of a large command behind others, or
 * with the answers to many (net/spin.h). */
void net_reactor_host_busy(struct net_reactor *r, bool busy);
/* What comes next probably comes by w, and then alone: while it would only poll, the reactor mostly looks there itself.  NULL: no telling.
 * Holds until the next call, or until w goes. */
void net_reactor_expect(struct net_reactor *r, struct net_watch *w);
/* As net_watch_del, from another thread: one event taken before may still be delivered. */
void net_watch_forget(struct net_reactor *r, struct net_watch *w);

#endif
