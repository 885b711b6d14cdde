/* SPDX-License-Identifier: Apache-2.0 */
/* net/reactor.c - the loop: messages, ready descriptors, timers, the ring, after-turn hooks; then spin a little, then block.
 * Owns: everything of one reactor.  Thread: its own, but for posting and stopping.  May block: in wait_for_work only. */
#include "net/reactor.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "common/util.h"
#include "net/reactor_impl.h"
#include "net/ring.h"
#include "net/spin.h"
#include "net/timer.h"

/* ThreadSanitizer knows only the older call, and so what an added descriptor brings along. */
#ifdef __SANITIZE_THREAD__
#define CAN_PWAIT2 0
#else
#define CAN_PWAIT2 1
#endif
#define MAX_EVENTS 64
#define LOOKS 4 /* where work is expected, before all are asked again */
#define BEAT_NS                                                                                    \
	(500 * CMN_NS_PER_MS) /* an idle reactor turns this often for whoever watches its counter */

struct net_reactor {
	struct fab_env env; /* first: buf_get/buf_put come back by it */
	struct net_bufpool *pool;
	uint64_t buf_fails;
	bool starved; /* a buffer was refused since on_buf last ran */
	bool buf_back;
	void (*on_buf)(void *arg);
	void *on_buf_arg;

	int epfd, wakefd;
	struct net_watch wake, ring_watch;
	struct epoll_event events[MAX_EVENTS];
	int nr_events, next_event; /* the batch being dispatched, for net_watch_del */
	TAILQ_HEAD(, net_after) after;
	struct net_timer_heap timers;
	uint64_t idle_since;
	struct net_spin spin;
	struct net_watch *expected; /* NULL: nobody more than others */
	unsigned int looks; /* at it, since all were asked */
	bool found; /* something there: the turn has work */
	struct net_ring ring;
	struct net_reactor_stats stats;
	struct net_reactor_params params;
	pthread_t thread;
	bool started;

	/* written by other threads */
	_Alignas(64) _Atomic(struct net_msg *) inbox; /* newest first */
	_Atomic bool sleeping, stop;
};

static __thread struct net_reactor *current;

/* ---- environment of connections ---- */

static void *env_buf_get(struct fab_env *env, size_t len)
{
	struct net_reactor *r = (struct net_reactor *)env;
	void *buf = net_bufpool_get(r->pool, len);

	if (!buf) {
		r->starved = true;
		r->buf_fails++;
	}
	return buf;
}

static void env_buf_put(struct fab_env *env, void *buf, size_t len)
{
	struct net_reactor *r = (struct net_reactor *)env;

	net_bufpool_put(r->pool, buf, len);
	if (r->starved)
		r->buf_back = true;
}

void net_reactor_on_buf(struct net_reactor *r, void (*fn)(void *arg), void *arg)
{
	r->on_buf = fn;
	r->on_buf_arg = arg;
}

/* ---- descriptors ---- */

static int watch_ctl(struct net_reactor *r, int op, struct net_watch *w)
{
	struct epoll_event ev = { .events = w->events, .data.ptr = w };

	return epoll_ctl(r->epfd, op, w->fd, &ev) < 0 ? -errno : 0;
}

int net_watch_add(struct net_reactor *r, struct net_watch *w)
{
	return watch_ctl(r, EPOLL_CTL_ADD, w);
}

int net_watch_mod(struct net_reactor *r, struct net_watch *w, uint32_t events)
{
	if (w->events == events)
		return 0;
	w->events = events;
	return watch_ctl(r, EPOLL_CTL_MOD, w);
}

void net_watch_del(struct net_reactor *r, struct net_watch *w)
{
	watch_ctl(r, EPOLL_CTL_DEL, w);
	if (r->expected == w)
		r->expected = NULL;
	for (int i = r->next_event; i < r->nr_events; i++) {
		if (r->events[i].data.ptr == w)
			r->events[i].data.ptr = NULL;
	}
}

void net_watch_forget(struct net_reactor *r, struct net_watch *w)
{
	watch_ctl(r, EPOLL_CTL_DEL, w);
}

/* ---- messages ---- */

void net_reactor_post(struct net_reactor *r, struct net_msg *msg)
{
	struct net_msg *head = atomic_load_explicit(&r->inbox, memory_order_relaxed);
	uint64_t one = 1;

	do {
		msg->next = head;
	} while (!atomic_compare_exchange_weak(&r->inbox, &head, msg));
	/* Sequentially consistent against wait_for_work(): either it sees the message or we see it sleep. */
	if (atomic_load(&r->sleeping) && write(r->wakefd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		cmn_error("eventfd write failed", "errno=%d", errno);
}

static bool run_messages(struct net_reactor *r)
{
	struct net_msg *newest, *msg = NULL;

	if (!atomic_load_explicit(&r->inbox, memory_order_relaxed))
		return false;
	newest = atomic_exchange(&r->inbox, NULL);
	while (newest) { /* into the order of posting */
		struct net_msg *next = newest->next;

		newest->next = msg;
		msg = newest;
		newest = next;
	}
	while (msg) {
		struct net_msg *next = msg->next; /* fn may free it or post it again */

		net_stat_inc(&r->stats.messages);
		msg->fn(msg);
		msg = next;
	}
	return true;
}

void net_reactor_flush_messages(struct net_reactor *r)
{
	while (run_messages(r))
		;
}

static void wake_ready(struct net_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		cmn_error("eventfd read failed", "errno=%d", errno);
}

/* ---- timers, hooks ---- */

void net_timer_set(struct net_reactor *r, struct net_timer *t, uint64_t when)
{
	net_timer_heap_set(&r->timers, t, when);
}

void net_timer_cancel(struct net_reactor *r, struct net_timer *t)
{
	net_timer_heap_cancel(&r->timers, t);
}

void net_after_queue(struct net_reactor *r, struct net_after *a)
{
	if (a->queued)
		return;
	a->queued = true;
	TAILQ_INSERT_TAIL(&r->after, a, link);
}

void net_after_cancel(struct net_reactor *r, struct net_after *a)
{
	if (!a->queued)
		return;
	a->queued = false;
	TAILQ_REMOVE(&r->after, a, link);
}

/* Hooks queued by hooks run next turn: the mark is the last one that was there at the start. */
static void run_after(struct net_reactor *r)
{
	struct net_after mark = { .queued = true }, *a;

	if (TAILQ_EMPTY(&r->after))
		return;
	TAILQ_INSERT_TAIL(&r->after, &mark, link);
	while ((a = TAILQ_FIRST(&r->after)) != &mark) {
		TAILQ_REMOVE(&r->after, a, link);
		a->queued = false;
		a->run(a);
	}
	TAILQ_REMOVE(&r->after, &mark, link);
}

/* ---- files ---- */

struct io_uring *net_reactor_uring(struct net_reactor *r)
{
	return r->ring.ok ? &r->ring.uring : NULL;
}

const char *net_uring_error(const struct net_reactor *r)
{
	return r->ring.error;
}

struct io_uring_sqe *net_file_sqe(struct net_reactor *r, struct net_file_op *op)
{
	struct io_uring_sqe *sqe = net_ring_sqe(&r->ring, op);

	if (!sqe)
		net_stat_inc(&r->stats.ring_full);
	return sqe;
}

static void ring_ready(struct net_watch *w, uint32_t events)
{
	struct net_reactor *r = cmn_container_of(w, struct net_reactor, ring_watch);

	(void)events;
	net_ring_reap(&r->ring);
}

/* ---- the loop ---- */

static bool dispatch(struct net_reactor *r)
{
	bool any = r->nr_events > 0 || r->found;

	r->found = false;
	for (r->next_event = 0; r->next_event < r->nr_events;) {
		struct epoll_event *ev = &r->events[r->next_event++];
		struct net_watch *w = ev->data.ptr;

		if (w)
			w->ready(w, ev->events);
	}
	r->nr_events = 0;
	return any;
}

static bool turn(struct net_reactor *r)
{
	bool worked;

	net_stat_inc(&r->stats.loops);
	if (r->params.loops)
		atomic_fetch_add_explicit(r->params.loops, 1, memory_order_relaxed);
	worked = dispatch(r);
	worked |= run_messages(r);
	net_timer_heap_run(&r->timers, r->env.now);
	if (net_ring_ready(&r->ring))
		worked |= net_ring_reap(&r->ring) > 0;
	net_ring_submit(&r->ring); /* so that the device is at it while we send */
	worked |= !TAILQ_EMPTY(&r->after);
	run_after(r);
	if (r->buf_back && r->on_buf) {
		r->starved = false;
		r->buf_back = false;
		r->on_buf(r->on_buf_arg);
		worked = true;
	}
	net_ring_submit(&r->ring);
	return worked;
}

static void poll_events(struct net_reactor *r, uint64_t timeout)
{
	struct timespec ts = { .tv_sec = (time_t)(timeout / CMN_NS_PER_S),
			       .tv_nsec = (long)(timeout % CMN_NS_PER_S) };
	int n;

	if (!timeout)
		n = epoll_wait(r->epfd, r->events, MAX_EVENTS,
			       0); /* the cheaper call, and the usual one under load */
	else
		n = CAN_PWAIT2 ? epoll_pwait2(r->epfd, r->events, MAX_EVENTS, &ts, NULL) : -1;
	if (n < 0 &&
	    (!CAN_PWAIT2 || errno == ENOSYS)) /* before Linux 5.11: milliseconds, rounded up */
		n = epoll_wait(r->epfd, r->events, MAX_EVENTS,
			       (int)((timeout + CMN_NS_PER_MS - 1) / CMN_NS_PER_MS));
	r->nr_events = n > 0 ? n : 0;
	r->env.now = cmn_now_ns();
}

/* Looks for work without a wait.  To ask the socket where it is expected for its bytes saves the call that would have told that there are
 * some: a tenth of a command at depth 1. */
static void look(struct net_reactor *r)
{
	if (!r->expected || r->looks >= LOOKS) {
		r->looks = 0;
		poll_events(r, 0);
		return;
	}
	r->looks++;
	r->env.now = cmn_now_ns();
	r->found = r->expected->look(r->expected);
}

static bool work_waits(struct net_reactor *r)
{
	return atomic_load(&r->inbox) || atomic_load(&r->stop) || !TAILQ_EMPTY(&r->after) ||
	       r->ring.unsubmitted || net_ring_ready(&r->ring) || r->buf_back;
}

static enum net_spin_for waits_for(const struct net_reactor *r)
{
	return r->ring.inflight ? NET_SPIN_FILES : NET_SPIN_HOSTS;
}

static void wait_for_work(struct net_reactor *r)
{
	uint64_t now = r->env.now, next = net_timer_heap_next(&r->timers);
	uint64_t timeout = next > now ? next - now : 0;
	enum net_spin_for what = waits_for(r);

	if (now - r->idle_since < net_spin_ns(&r->spin, what) || !timeout) {
		net_stat_inc(&r->stats.empty_polls);
		look(r);
		return;
	}
	atomic_store(&r->sleeping, true);
	if (work_waits(r)) {
		timeout = 0;
	} else {
		net_stat_inc(&r->stats.sleeps);
		timeout = cmn_min(timeout, (uint64_t)BEAT_NS);
	}
	poll_events(r, timeout);
	atomic_store_explicit(&r->sleeping, false, memory_order_relaxed);
	if (r->nr_events)
		net_spin_slept(&r->spin, what, r->env.now - now);
	/* A whole beat without work: what the last burst took goes back to the system. */
	if (!r->nr_events && timeout == BEAT_NS && !net_bufpool_used(r->pool))
		net_bufpool_trim(r->pool);
}

void net_reactor_run(struct net_reactor *r)
{
	current = r;
	if (r->params.cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((unsigned int)r->params.cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0)
			cmn_warn("reactor not pinned", "reactor=%u cpu=%d errno=%d",
				 r->params.index, r->params.cpu, errno);
	}
	net_ring_enable(&r->ring);
	r->env.now = cmn_now_ns();
	r->idle_since = r->env.now;
	while (!atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		uint64_t since = r->env.now;

		if (turn(r)) {
			look(r);
			r->idle_since = r->env.now;
			net_stat_add(&r->stats.busy_ns, r->env.now - since);
			fab_env_settle(&r->env, r->env.now - since);
		} else {
			wait_for_work(r);
			net_stat_add(&r->stats.idle_ns, r->env.now - since);
		}
	}
	/* What the kernel still writes into our buffers must land before they go. */
	while (r->ring.inflight) {
		net_ring_submit(&r->ring);
		if (!net_ring_reap(&r->ring))
			poll_events(r, CMN_NS_PER_MS);
		r->nr_events = 0;
	}
	atomic_store_explicit(&r->stop, false, memory_order_relaxed);
	current = NULL;
}

static void *thread_main(void *arg)
{
	struct net_reactor *r = arg;
	char name[16];

	snprintf(name, sizeof(name), "reactor/%u", r->params.index % 100);
	pthread_setname_np(pthread_self(), name);
	net_reactor_run(r);
	return NULL;
}

int net_reactor_start(struct net_reactor *r)
{
	int err = pthread_create(&r->thread, NULL, thread_main, r);

	r->started = err == 0;
	return -err;
}

void net_reactor_stop(struct net_reactor *r)
{
	uint64_t one = 1;

	atomic_store(&r->stop, true);
	if (write(r->wakefd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		cmn_error("eventfd write failed", "errno=%d", errno);
	if (r->started && !net_reactor_is_current(r)) {
		pthread_join(r->thread, NULL);
		r->started = false;
	}
}

/* ---- life ---- */

static int init_fds(struct net_reactor *r)
{
	int err;

	r->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epfd < 0)
		return -errno;
	r->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wakefd < 0)
		return -errno;
	r->wake = (struct net_watch){ .fd = r->wakefd, .events = EPOLLIN, .ready = wake_ready };
	err = net_watch_add(r, &r->wake);
	if (err < 0 || !r->params.want_uring)
		return err;
	net_ring_init(&r->ring, r->params.plain_uring);
	if (!r->ring.ok)
		return 0;
	r->ring_watch = (struct net_watch){ .fd = r->ring.eventfd,
					    .events = EPOLLIN | EPOLLET,
					    .ready = ring_ready };
	return net_watch_add(r, &r->ring_watch);
}

struct net_reactor *net_reactor_create(const struct net_reactor_params *params, int *ret_err)
{
	struct net_reactor *r = cmn_alloc_lines(sizeof(*r));
	int err = -ENOMEM;

	if (!r)
		goto out;
	r->params = *params;
	r->epfd = -1;
	r->wakefd = -1;
	r->env.buf_get = env_buf_get;
	r->env.buf_put = env_buf_put;
	r->env.now = cmn_now_ns();
	fab_env_init(&r->env);
	net_spin_init(&r->spin, params->spin_ns);
	TAILQ_INIT(&r->after);
	if (!params->want_uring)
		snprintf(r->ring.error, sizeof(r->ring.error), "no io_uring was asked for");
	r->pool = net_bufpool_create(params->pool_limit);
	if (!r->pool)
		goto out;
	err = net_timer_heap_init(&r->timers);
	if (err < 0)
		goto out;
	err = init_fds(r);
out:
	if (err < 0) {
		net_reactor_destroy(r);
		r = NULL;
	}
	if (ret_err)
		*ret_err = err;
	return r;
}

void net_reactor_destroy(struct net_reactor *r)
{
	if (!r)
		return;
	fab_env_fini(&r->env);
	net_ring_fini(&r->ring);
	if (r->wakefd >= 0)
		close(r->wakefd);
	if (r->epfd >= 0)
		close(r->epfd);
	net_timer_heap_fini(&r->timers);
	net_bufpool_destroy(r->pool);
	free(r);
}

unsigned int net_reactor_index(const struct net_reactor *r)
{
	return r->params.index;
}

struct fab_env *net_reactor_env(struct net_reactor *r)
{
	return &r->env;
}

struct net_bufpool *net_reactor_pool(struct net_reactor *r)
{
	return r->pool;
}

uint64_t net_reactor_buf_fails(const struct net_reactor *r)
{
	return r->buf_fails;
}

bool net_reactor_is_current(const struct net_reactor *r)
{
	return current == r;
}

void net_reactor_expect(struct net_reactor *r, struct net_watch *w)
{
	r->expected = w;
}

void net_reactor_host_busy(struct net_reactor *r, bool busy)
{
	r->spin.host_busy = busy;
}

const struct net_reactor_stats *net_reactor_stats(const struct net_reactor *r)
{
	return &r->stats;
}

struct net_reactor_stats *net_reactor_stats_mut(struct net_reactor *r)
{
	return &r->stats;
}
