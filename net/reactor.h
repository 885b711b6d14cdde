/* SPDX-License-Identifier: Apache-2.0 */
/* net/reactor.h - one thread, one wait point: readiness of sockets, messages from other threads, timers, an io_uring for files.
 * Owns: its epoll set, eventfd, timers, buffer pool, environment for connections.  Thread: its own; what others may call is
 * marked "any".  May block: only in its wait.
 *
 * A turn: take ready file descriptors, take messages, run timers that are due, reap the ring and submit to it, then run the after-turn
 * hooks (connections with something to send).  After its last work it spins for up to spin_ns, less where that never pays, then blocks. */
#ifndef NET_REACTOR_H
#define NET_REACTOR_H

#include "fabrics/conn.h"

struct io_uring;
struct net_reactor;

struct net_reactor_params {
	unsigned int index;
	int cpu; /* pin to this core, -1: don't */
	uint64_t spin_ns; /* 0: block at once */
	size_t pool_limit; /* bytes that the buffer pool may hold */
	bool want_uring; /* a ring for file backends; see net_reactor_uring() */
	bool plain_uring; /* for tests: as on kernels that can't defer completions */
	_Atomic uint64_t *
		loops; /* counts turns for a supervisor that watches for hangs, at least one every 500 ms; NULL: nobody */
};

struct net_reactor *net_reactor_create(const struct net_reactor_params *params, int *ret_err);
void net_reactor_destroy(struct net_reactor *r); /* joined; no connections left */
int net_reactor_start(struct net_reactor *r); /* runs net_reactor_run in a thread of its own */
void net_reactor_run(
	struct net_reactor *r); /* or on the caller's thread, until stopped; it may be run again */
void net_reactor_stop(
	struct net_reactor *r); /* any; the thread ends after its turn; joins if started */
unsigned int net_reactor_index(const struct net_reactor *r);
struct fab_env *net_reactor_env(struct net_reactor *r);
bool net_reactor_is_current(const struct net_reactor *r); /* any */

/* A message: run fn(arg) on the reactor's thread, in order of posting per sender.  Embedded, so posting can't fail.  any */
struct net_msg {
	struct net_msg *next;
	void (*fn)(struct net_msg *msg);
};
void net_reactor_post(struct net_reactor *r, struct net_msg *msg);
/* Runs what was posted and not run; the reactor's thread is gone, or it is this one's, which has left net_reactor_run(). */
void net_reactor_flush_messages(struct net_reactor *r);

/* A file descriptor on the wait point (level triggered). */
struct net_watch {
	int fd;
	uint32_t events;
	void (*ready)(struct net_watch *w, uint32_t events);
	/* Takes what is there and tells whether something was.  For who is named to net_reactor_expect(), else NULL. */
	bool (*look)(struct net_watch *w);
};
int net_watch_add(struct net_reactor *r, struct net_watch *w);
int net_watch_mod(struct net_reactor *r, struct net_watch *w, uint32_t events);
void net_watch_del(struct net_reactor *r, struct net_watch *w);

/* A timer; when is CLOCK_MONOTONIC ns.  Setting an armed one moves it. */
struct net_timer {
	uint64_t when;
	void (*fire)(struct net_timer *t, uint64_t now);
	size_t heap_index; /* 0: not armed */
};
void net_timer_set(struct net_reactor *r, struct net_timer *t, uint64_t when);
void net_timer_cancel(struct net_reactor *r, struct net_timer *t);

/* Runs once at the end of this turn, before it waits.  Queueing twice is harmless. */
struct net_after {
	TAILQ_ENTRY(net_after) link;
	bool queued;
	void (*run)(struct net_after *a);
};
void net_after_queue(struct net_reactor *r, struct net_after *a);
void net_after_cancel(struct net_reactor *r, struct net_after *a);

/* File I/O.  NULL where io_uring is refused: then net_uring_error() says why in words (the setting to change). */
struct net_file_op {
	void (*done)(struct net_file_op *op, int res);
};
struct io_uring *net_reactor_uring(struct net_reactor *r);
const char *net_uring_error(const struct net_reactor *r);
/* The next submission entry with op as its owner; submitted before the turn ends.  NULL: ring full, retry next turn. */
struct io_uring_sqe *net_file_sqe(struct net_reactor *r, struct net_file_op *op);

/* Somebody failed to get a buffer from the pool: fn runs at the end of the turn in which one came back.  One hook (net/server). */
void net_reactor_on_buf(struct net_reactor *r, void (*fn)(void *arg), void *arg);

struct net_reactor_stats {
	uint64_t loops, empty_polls, sleeps, messages, sends, recvs, short_sends, copies, ring_full;
	uint64_t busy_ns,
		idle_ns; /* of turns that found work, and of those that did not, with the wait after each */
};
const struct net_reactor_stats *net_reactor_stats(const struct net_reactor *r); /* any, relaxed */

#endif
