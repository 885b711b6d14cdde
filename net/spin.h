/* SPDX-License-Identifier: Apache-2.0 */
/* net/spin.h - how long a reactor that has run out of work keeps looking for more before it sleeps.
 * Owns: nothing.  Thread: the reactor's.  May block: never.
 *
 * Looking finds a command at once, and takes a core for it; a sleep costs who waits a few microseconds at its end.
 * - It follows what spinning brings: a sleep that ended within the time it may spin would have been worth it, a longer one
 *   wasn't.  So a reactor with work every millisecond sleeps between, and one with work every 10 us never does.
 * - Hosts and files are learnt apart, since they take turns at shallow depths, and what is right for one would unlearn the other.
 *   A device that takes longer than a few wake-ups isn't spun for: little of its latency would be gained, and where it is a
 *   virtual one, it and its interrupt want the processor that spins.
 * - Not at all for a host that is busy: with the rest of a large command behind others, or with the answers to many.  It loses
 *   little by our sleep, and we save what we would have spun. */
#ifndef NET_SPIN_H
#define NET_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/container.h"

#define NET_SPIN_STEP_NS (2 * CMN_NS_PER_US)
#define NET_SPIN_FILES_PART 5 /* of the time for hosts */

enum net_spin_for { NET_SPIN_HOSTS, NET_SPIN_FILES, NET_SPIN_COUNT };

struct net_spin {
	uint64_t most[NET_SPIN_COUNT];
	uint64_t learnt[NET_SPIN_COUNT]; /* <= most */
	bool host_busy; /* the one that sent last */
};

static inline void net_spin_init(struct net_spin *s, uint64_t most)
{
	*s = (struct net_spin){ .most = { most, most / NET_SPIN_FILES_PART } };
}

static inline bool net_spin_is_vain(const struct net_spin *s, enum net_spin_for what)
{
	return what == NET_SPIN_HOSTS && s->host_busy;
}

/* How long to look for more after the last work. */
static inline uint64_t net_spin_ns(const struct net_spin *s, enum net_spin_for what)
{
	return net_spin_is_vain(s, what) ? 0 : s->learnt[what];
}

/* A sleep ended with work. */
static inline void net_spin_slept(struct net_spin *s, enum net_spin_for what, uint64_t slept)
{
	uint64_t *ns = &s->learnt[what], most = s->most[what];

	if (net_spin_is_vain(s, what))
		return;
	*ns = slept < most ? cmn_min(2 * *ns + NET_SPIN_STEP_NS, most) : *ns / 2;
}

#endif
