/* SPDX-License-Identifier: Apache-2.0 */
/* net/conn.c - drives one fab_conn with one socket: receive when readable, send once a turn, close when it says so.
 * Owns: the socket, the fab_conn.  Thread: the reactor it was placed on; net_conn_kill() any.  May block: never.
 *
 * Lifetime: placed by a message from the listener; dies in net_conn_close(), called from the after-turn hook alone, so never
 * beneath a call into its fab_conn.  fab_conn_destroy() tells the site (queue_gone); from then on nobody else can know the
 * handle, and a kill that was posted before is the one thing that can still point here: its message then frees it. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "common/util.h"
#include "net/server_impl.h"

#define DRAIN_READS 16
/* What takes a host longer than us to wake up: to send so many bytes, to look at the answers to so many commands. */
#define LARGE ((size_t)16 << 10)
#define MANY 16

struct net_conn {
	struct net_watch watch;
	struct net_after after;
	struct net_timer timer;
	struct net_msg msg; /* carries it to its reactor, later the kill */
	struct net_shard *shard;
	struct net_listener *listener; /* NULL in tests */
	struct fab_conn *fab;
	void *data; /* the daemon's */
	TAILQ_ENTRY(net_conn) link, starved_link;
	bool starved, full; /* full: the socket takes no more until EPOLLOUT */
	bool ahead; /* the host sends commands without waiting for the answers to those before */
	bool gone; /* closed; only the kill message still holds it */
	_Atomic bool killed;
};

static void after_turn(struct net_after *a);
static void timer_fired(struct net_timer *t, uint64_t now);

/* ---- buffers ---- */

/* fails: what net_reactor_buf_fails() was before the call into c. */
static void note_starved(struct net_conn *c, uint64_t fails)
{
	if (c->starved || net_reactor_buf_fails(c->shard->reactor) == fails)
		return;
	c->starved = true;
	TAILQ_INSERT_TAIL(&c->shard->starved, c, starved_link);
}

static bool resume(struct net_conn *c)
{
	uint64_t fails = net_reactor_buf_fails(c->shard->reactor);

	fab_conn_resume(c->fab);
	net_after_queue(c->shard->reactor, &c->after);
	note_starved(c, fails);
	return !c->starved;
}

void net_conn_buffers_back(void *arg)
{
	struct net_shard *shard = arg;
	struct net_conn *c;

	if (TAILQ_EMPTY(&shard->starved)) {
		/* Refused outside of a receive (a completion went on with the next request): no telling whose it was. */
		TAILQ_FOREACH(c, &shard->conns, link)
			resume(c);
		return;
	}
	while ((c = TAILQ_FIRST(&shard->starved)) != NULL) {
		TAILQ_REMOVE(&shard->starved, c, starved_link);
		c->starved = false;
		if (!resume(c))
			break;
	}
}

static size_t share(const struct net_conn *c)
{
	return net_share_bytes(&c->shard->share, net_reactor_env(c->shard->reactor)->now);
}

/* ---- receiving ---- */

/* A receive with bytes of more than one command tells that the host doesn't wait for each answer; one that ends a command with
 * nothing behind it, that it may.  What lies in the middle of a command tells neither. */
static void note_depth(struct net_conn *c, size_t bytes, uint64_t begun, bool ended_one)
{
	struct net_reactor *r = c->shard->reactor;
	void *dst;
	size_t rest = fab_conn_want(c->fab, &dst);
	bool several = begun + ended_one > 1;
	bool alone = share(c) == NET_SHARE_ALONE;

	if (several || !rest)
		c->ahead = several;
	net_reactor_host_busy(r, begun >= MANY || (c->ahead && rest >= LARGE));
	/* Its next command will be the next work.  The parts of a large one are fewer if they aren't taken as they come. */
	net_reactor_expect(r, alone && !several && !rest && bytes < LARGE ? &c->watch : NULL);
}

/* False: nothing was there. */
static bool receive(struct net_conn *c)
{
	struct net_shard *shard = c->shard;
	uint64_t capsules = fab_conn_stats(c->fab)->capsules_in;
	uint64_t fails = net_reactor_buf_fails(shard->reactor);
	size_t most = share(c);
	struct iovec iov[2] = { { 0 }, { .iov_base = shard->scratch } };
	size_t want = cmn_min(fab_conn_want(c->fab, &iov[0].iov_base), most);
	ssize_t n;

	iov[1].iov_len = cmn_min(most - want, (size_t)NET_SCRATCH);
	if (want) {
		iov[0].iov_len = want;
		n = readv(c->watch.fd, iov, 2);
	} else {
		n = recv(c->watch.fd, shard->scratch, iov[1].iov_len, MSG_DONTWAIT);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	net_stat_inc(&shard->stats->recvs);
	if (n <= 0) {
		fab_conn_eof(c->fab);
		return true;
	}
	if (want)
		fab_conn_took(c->fab, cmn_min((size_t)n, want));
	if ((size_t)n > want)
		fab_conn_push(c->fab, shard->scratch, (size_t)n - want);
	note_depth(c, (size_t)n, fab_conn_stats(c->fab)->capsules_in - capsules, want && (size_t)n >= want);
	note_starved(c, fails);
	return true;
}

static bool look(struct net_watch *w)
{
	struct net_conn *c = cmn_container_of(w, struct net_conn, watch);

	if (fab_conn_paused(c->fab) || !receive(c))
		return false;
	net_after_queue(c->shard->reactor, &c->after);
	return true;
}

static void ready(struct net_watch *w, uint32_t events)
{
	struct net_conn *c = cmn_container_of(w, struct net_conn, watch);

	if (events & EPOLLOUT)
		c->full = false;
	net_share_note(&c->shard->share, c, net_reactor_env(c->shard->reactor)->now);
	if (events & EPOLLERR)
		fab_conn_eof(c->fab);
	else if (events & (EPOLLIN | EPOLLHUP) && !fab_conn_paused(c->fab))
		receive(c);
	else if (events & EPOLLHUP)
		fab_conn_eof(c->fab);
	net_after_queue(c->shard->reactor, &c->after);
}

/* ---- sending ---- */

/* About most bytes, whole PDUs.  0: nothing more can be sent now (socket full, or broken, or what is next is being written). */
static size_t send_once(struct net_conn *c, size_t most)
{
	struct net_shard *shard = c->shard;
	struct msghdr msg = { .msg_iov = shard->iov };
	size_t total = 0;
	ssize_t n;
	int cnt = fab_conn_gather(c->fab, shard->iov, NET_IOV_MAX,
				  cmn_min(most, (size_t)NET_SEND_MAX));

	msg.msg_iovlen = (size_t)cnt;
	for (int i = 0; i < cnt; i++)
		total += shard->iov[i].iov_len;
	if (!total) { /* live data held by a writer: next turn */
		fab_conn_sent(c->fab, 0);
		net_after_queue(shard->reactor, &c->after);
		return 0;
	}
	n = sendmsg(c->watch.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	net_stat_inc(&shard->stats->sends);
	if (n < 0) {
		int err = errno;

		fab_conn_sent(c->fab, 0);
		if (err == EAGAIN || err == EINTR || err == ENOBUFS)
			c->full = true;
		else
			fab_conn_eof(c->fab);
		return 0;
	}
	fab_conn_sent(c->fab, (size_t)n);
	if ((size_t)n < total) {
		net_stat_inc(&shard->stats->short_sends);
		c->full = true;
		return 0;
	}
	return total;
}

static void flush(struct net_conn *c)
{
	size_t left = share(c);

	while (left && !c->full && fab_conn_wants_send(c->fab)) {
		size_t n = send_once(c, left);

		if (!n)
			return;
		left -= cmn_min(n, left);
	}
	if (!c->full && fab_conn_wants_send(c->fab))
		net_after_queue(c->shard->reactor, &c->after);
}

/* ---- after a turn ---- */

static void update_watch(struct net_conn *c)
{
	uint32_t events = 0;

	if (!fab_conn_paused(c->fab))
		events |= EPOLLIN;
	if (c->full)
		events |= EPOLLOUT;
	if (events != c->watch.events)
		net_watch_mod(c->shard->reactor, &c->watch, events);
}

/* A deadline that moved away (keep alive, at every command) leaves the timer: it looks again when it fires. */
static void update_timer(struct net_conn *c)
{
	uint64_t deadline = fab_conn_deadline(c->fab);

	if (c->timer.heap_index && c->timer.when <= deadline)
		return;
	if (deadline == UINT64_MAX)
		net_timer_cancel(c->shard->reactor, &c->timer);
	else
		net_timer_set(c->shard->reactor, &c->timer, deadline);
}

static void after_turn(struct net_after *a)
{
	struct net_conn *c = cmn_container_of(a, struct net_conn, after);

	flush(c);
	if (fab_conn_state(c->fab) == FAB_CONN_CLOSED) {
		net_conn_close(c);
		return;
	}
	update_watch(c);
	update_timer(c);
}

static void timer_fired(struct net_timer *t, uint64_t now)
{
	struct net_conn *c = cmn_container_of(t, struct net_conn, timer);

	if (fab_conn_deadline(c->fab) <= now)
		fab_conn_tick(c->fab);
	net_after_queue(c->shard->reactor, &c->after);
}

/* ---- life ---- */

static void uncount(struct net_shard *shard, struct net_listener *l, int fd)
{
	close(fd);
	net_listener_put(l);
	atomic_fetch_sub_explicit(&shard->nr_conns, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&shard->server->nr_conns, 1, memory_order_relaxed);
}

/* On its reactor from here on. */
static void arrive(struct net_msg *msg)
{
	struct net_conn *c = cmn_container_of(msg, struct net_conn, msg);
	struct net_shard *shard = c->shard;
	struct fab_conn_params p = { .env = net_reactor_env(shard->reactor),
				     .site = shard->server->params.site,
				     .portal = &c->listener->portal,
				     .max_h2c_data = shard->server->params.max_h2c_data,
				     .max_icd = shard->server->params.max_icd,
				     .user = c };
	socklen_t len = sizeof(p.local);

	if (getsockname(c->watch.fd, (struct sockaddr *)&p.local, &len) < 0)
		goto out_free;
	len = sizeof(p.peer);
	if (getpeername(c->watch.fd, (struct sockaddr *)&p.peer, &len) < 0)
		goto out_free; /* gone already */
	c->fab = fab_conn_create(&p);
	if (!c->fab)
		goto out_free;
	if (net_watch_add(shard->reactor, &c->watch) < 0)
		goto out_fab;
	TAILQ_INSERT_TAIL(&shard->conns, c, link);
	update_timer(c);
	return;
out_fab:
	fab_conn_destroy(c->fab);
out_free:
	uncount(shard, c->listener, c->watch.fd);
	free(c);
}

/* Answers go out at once; a host that vanished without a word and asked for no keep alive timer is noticed by TCP's. */
static void tune_socket(int fd)
{
	static const struct {
		int level, name, value;
	} opts[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 }, { IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(opts); i++)
		setsockopt(fd, opts[i].level, opts[i].name, &opts[i].value, sizeof(opts[i].value));
}

void net_conn_place(struct net_shard *shard, struct net_listener *l, int fd)
{
	struct net_conn *c = cmn_alloc_lines(sizeof(*c));

	if (!c) {
		uncount(shard, net_listener_get(l), fd);
		return;
	}
	tune_socket(fd);
	c->shard = shard;
	c->listener = net_listener_get(l);
	c->watch = (struct net_watch){ .fd = fd, .events = EPOLLIN, .ready = ready, .look = look };
	c->after.run = after_turn;
	c->timer.fire = timer_fired;
	c->msg.fn = arrive;
	if (net_reactor_is_current(shard->reactor))
		arrive(&c->msg);
	else
		net_reactor_post(shard->reactor, &c->msg);
}

/* What is unread at close() makes the kernel send RST, which can overtake a TermReq on its way: read it away first. */
static void close_socket(struct net_conn *c)
{
	shutdown(c->watch.fd, SHUT_WR);
	for (int i = 0; i < DRAIN_READS; i++) {
		if (recv(c->watch.fd, c->shard->scratch, NET_SCRATCH, MSG_DONTWAIT) <= 0)
			break;
	}
	uncount(c->shard, c->listener, c->watch.fd);
}

/* Connections that ended by a fatal transport error; at most ten a second. */
static void tell_end(struct net_conn *c)
{
	struct fab_conn_end end = fab_conn_end(c->fab);
	const struct sockaddr_storage *peer = fab_conn_peer(c->fab);
	uint64_t now = net_reactor_env(c->shard->reactor)->now;
	char host[64] = "", port[8] = "";

	if (!end.fes || now - c->shard->end_told < CMN_NS_PER_S / 10)
		return;
	c->shard->end_told = now;
	getnameinfo((const struct sockaddr *)peer, sizeof(*peer), host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	cmn_warn("connection broken", "peer=%s:%s by=%s fes=%u fei=%u", host, port,
		 end.by_peer ? "host" : "us", end.fes, end.fei);
}

void net_conn_close(struct net_conn *c)
{
	struct net_shard *shard = c->shard;

	tell_end(c);
	net_watch_del(shard->reactor, &c->watch);
	net_timer_cancel(shard->reactor, &c->timer);
	TAILQ_REMOVE(&shard->conns, c, link);
	net_share_forget(&shard->share, c);
	if (c->starved)
		TAILQ_REMOVE(&shard->starved, c, starved_link);
	fab_conn_destroy(c->fab); /* queue_gone: afterwards no new kill can come */
	net_after_cancel(shard->reactor, &c->after);
	close_socket(c);
	c->gone = true;
	if (!atomic_load(&c->killed))
		free(c);
}

static void kill_arrived(struct net_msg *msg)
{
	struct net_conn *c = cmn_container_of(msg, struct net_conn, msg);

	if (c->gone) {
		free(c);
		return;
	}
	atomic_store(&c->killed, false); /* the message is ours again */
	fab_conn_terminate(c->fab, 0, 0);
	net_after_queue(c->shard->reactor, &c->after);
}

void net_conn_kill(struct net_conn *c)
{
	if (atomic_exchange(&c->killed, true))
		return;
	c->msg.fn = kill_arrived;
	net_reactor_post(c->shard->reactor, &c->msg);
}

void net_conn_drain_listener(struct net_shard *shard, const struct net_listener *l)
{
	struct net_conn *c;

	TAILQ_FOREACH(c, &shard->conns, link) {
		if (c->listener != l)
			continue;
		fab_conn_drain(c->fab);
		net_after_queue(shard->reactor, &c->after);
	}
}

/* ---- what others ask ---- */

struct net_conn *net_conn_of(const struct fab_conn *conn)
{
	return fab_conn_user(conn);
}

struct net_offload *net_conn_offload(const struct net_conn *c)
{
	return c->shard->server->offload;
}

struct net_reactor *net_conn_reactor(const struct net_conn *c)
{
	return c->shard->reactor;
}

struct fab_conn *net_conn_fab(const struct net_conn *c)
{
	return c->fab;
}

void net_conn_set_data(struct net_conn *c, void *data)
{
	c->data = data;
}

void *net_conn_data(const struct net_conn *c)
{
	return c->data;
}

void net_conn_kick(struct net_conn *c)
{
	if (!c->gone)
		net_after_queue(c->shard->reactor, &c->after);
}

void net_server_each_conn(struct net_server *s, struct net_reactor *r,
			  void (*fn)(struct net_conn *c, void *arg), void *arg)
{
	struct net_conn_list *list = &s->shards[net_reactor_index(r)].conns;
	struct net_conn *c, *next;

	TAILQ_FOREACH_SAFE(c, list, link, next)
		fn(c, arg);
}
