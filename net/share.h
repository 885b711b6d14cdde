/* SPDX-License-Identifier: Apache-2.0 */
/* net/share.h - how much a connection may move before the others on its reactor have their turn.
 * Owns: nothing.  Thread: the reactor's.  May block: never.
 *
 * Plenty if it has the reactor to itself, since large steps are cheap; little if another was at work a moment ago, so that a
 * command that comes alone needn't wait for a neighbour's megabytes. */
#ifndef NET_SHARE_H
#define NET_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"

#define NET_SHARE_ALONE (4u << 20) /* bytes, each way in a turn */
#define NET_SHARE_BESIDE (128u << 10)
#define NET_SHARE_NS (10 * CMN_NS_PER_MS)

struct net_share {
	const void *last; /* who was at work last */
	uint64_t until; /* so long after somebody else was */
};

/* who has something to do. */
static inline void net_share_note(struct net_share *s, const void *who, uint64_t now)
{
	if (s->last && s->last != who)
		s->until = now + NET_SHARE_NS;
	s->last = who;
}

static inline size_t net_share_bytes(const struct net_share *s, uint64_t now)
{
	return now < s->until ? NET_SHARE_BESIDE : NET_SHARE_ALONE;
}

/* who is about to go. */
static inline void net_share_forget(struct net_share *s, const void *who)
{
	if (s->last == who)
		s->last = NULL;
}

#endif
