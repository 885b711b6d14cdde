/* SPDX-License-Identifier: Apache-2.0 */
/* net/ring.c - one io_uring per reactor for file I/O; an eventfd of its own tells the epoll set when something completed.
 * Owns, thread, blocking: see the header. */
#include "net/ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/log.h"

#define ENTRIES 512u
#define MAX_INFLIGHT 2048u /* the completion queue's size, so that it can't overflow */
#define REAP_MAX 128u

static int read_sysctl(void)
{
	FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

static void explain(struct net_ring *ring, int err)
{
	struct rlimit lim = { 0 };
	int sysctl = read_sysctl();

	if (sysctl > 0 && err == -EPERM)
		snprintf(ring->error, sizeof(ring->error),
			 "io_uring is switched off: sysctl kernel.io_uring_disabled=%d, wanted 0",
			 sysctl);
	else if (err == -EPERM)
		snprintf(ring->error, sizeof(ring->error),
			 "io_uring_setup is forbidden (EPERM): a seccomp filter, e.g. a "
			 "container's profile");
	else if (err == -ENOSYS)
		snprintf(ring->error, sizeof(ring->error),
			 "the kernel has no io_uring, or a seccomp filter hides it (ENOSYS)");
	else if (err == -ENOMEM && getrlimit(RLIMIT_MEMLOCK, &lim) == 0)
		snprintf(ring->error, sizeof(ring->error),
			 "RLIMIT_MEMLOCK of %llu KiB is too small for io_uring (LimitMEMLOCK=)",
			 (unsigned long long)lim.rlim_cur / 1024);
	else
		snprintf(ring->error, sizeof(ring->error), "io_uring_setup: %s", strerror(-err));
}

/* Deferred: a completion waits until we ask for it, instead of interrupting the thread to be worked on. */
static int setup(struct net_ring *ring, bool deferred)
{
	struct io_uring_params p = { .flags = IORING_SETUP_CQSIZE, .cq_entries = MAX_INFLIGHT };

	if (deferred)
		p.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_R_DISABLED |
			   IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	ring->enabled = !deferred;
	return io_uring_queue_init_params(ENTRIES, &ring->uring, &p);
}

static int open_ring(struct net_ring *ring, bool plain)
{
	int err = plain ? -EINVAL : setup(ring, true);

	if (err == -EINVAL) /* before Linux 6.1 */
		err = setup(ring, false);
	if (err < 0)
		return err;
	ring->ok = true;
	ring->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->eventfd < 0)
		return -errno;
	return io_uring_register_eventfd(&ring->uring, ring->eventfd);
}

void net_ring_init(struct net_ring *ring, bool plain)
{
	int err;

	*ring = (struct net_ring){ .eventfd = -1 };
	err = open_ring(ring, plain);
	if (err == 0)
		return;
	net_ring_fini(ring);
	explain(ring, err);
}

void net_ring_fini(struct net_ring *ring)
{
	if (ring->ok) {
		io_uring_queue_exit(&ring->uring);
		if (ring->eventfd >= 0)
			close(ring->eventfd);
	}
	ring->ok = false;
}

void net_ring_enable(struct net_ring *ring)
{
	int err;

	if (!ring->ok || ring->enabled)
		return;
	ring->enabled = true;
	/* io_uring_enable_rings() isn't exported by liburing 2.3 */
	err = io_uring_register((unsigned int)ring->uring.ring_fd, IORING_REGISTER_ENABLE_RINGS,
				NULL, 0);
	if (err < 0)
		cmn_error("io_uring can't be enabled", "errno=%d", -err);
}

struct io_uring_sqe *net_ring_sqe(struct net_ring *ring, struct net_file_op *op)
{
	struct io_uring_sqe *sqe;

	if (!ring->ok || ring->inflight >= MAX_INFLIGHT)
		return NULL;
	sqe = io_uring_get_sqe(&ring->uring);
	if (!sqe) {
		net_ring_submit(ring);
		sqe = io_uring_get_sqe(&ring->uring);
		if (!sqe)
			return NULL;
	}
	io_uring_sqe_set_data(sqe, op);
	ring->inflight++;
	ring->unsubmitted++;
	return sqe;
}

void net_ring_submit(struct net_ring *ring)
{
	int n;

	if (!ring->unsubmitted)
		return;
	n = io_uring_submit(&ring->uring);
	if (n > 0)
		ring->unsubmitted -= (unsigned int)n < ring->unsubmitted ? (unsigned int)n
									 : ring->unsubmitted;
	else if (n != -EAGAIN && n != -EBUSY && n != -EINTR)
		cmn_error("io_uring submit failed", "errno=%d", -n);
}

unsigned int net_ring_reap(struct net_ring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned int n = 0;

	if (!ring->inflight)
		return 0;
	while (n < REAP_MAX && io_uring_peek_cqe(&ring->uring, &cqe) == 0) {
		struct net_file_op *op = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&ring->uring, cqe);
		ring->inflight--;
		n++;
		op->done(op, res);
	}
	return n;
}
