/* SPDX-License-Identifier: Apache-2.0 */
/* net/ring.h - the reactor's io_uring, for files only (others: net/reactor.h).
 * Owns: the ring.  Thread: created on any, then one reactor's.  May block: in net_ring_submit as the kernel does. */
#ifndef NET_RING_H
#define NET_RING_H

#include <liburing.h>

#include "net/reactor.h"

struct net_ring {
	struct io_uring uring;
	bool ok, enabled;
	int eventfd; /* an edge (EPOLLET) at each completion; never read */
	unsigned int inflight, unsubmitted;
	char error[200]; /* why there is none: the setting to change */
};

/* Never fails: ring->ok and ring->error tell.  The kernel's refusal is put in words.  plain: as before Linux 6.1. */
void net_ring_init(struct net_ring *ring, bool plain);
void net_ring_fini(struct net_ring *ring);
/* Once, on the thread that will use it. */
void net_ring_enable(struct net_ring *ring);
struct io_uring_sqe *net_ring_sqe(struct net_ring *ring, struct net_file_op *op);
void net_ring_submit(struct net_ring *ring);
/* Something has completed.  Looks at shared memory, costs nothing. */
static inline bool net_ring_ready(const struct net_ring *ring)
{
	return ring->inflight && (io_uring_cq_ready(&ring->uring) ||
				  IO_URING_READ_ONCE(*ring->uring.sq.kflags) & IORING_SQ_TASKRUN);
}
/* Calls done() of what has completed, a bounded number; returns how many. */
unsigned int net_ring_reap(struct net_ring *ring);

#endif
