/* SPDX-License-Identifier: Apache-2.0 */
/* net/listener.c - listening sockets: bind, accept a few at a time, place each connection on the reactor with the fewest.
 * Owns: the socket.  Thread: accepts on reactor 0; add/remove on the control thread.
 * May block: never. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "net/addr.h"
#include "net/server_impl.h"

#define ACCEPTS_PER_TURN 16
#define BACKLOG 4096
#define PAUSE_NS (100 * CMN_NS_PER_MS)
#define WARN_NS (10 * CMN_NS_PER_S)

struct net_listener *net_listener_get(struct net_listener *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void net_listener_put(struct net_listener *l)
{
	if (atomic_fetch_sub(&l->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- accepting ---- */

static struct net_shard *least_loaded(struct net_server *s)
{
	struct net_shard *best = &s->shards[0];

	for (unsigned int i = 1; i < s->params.nr_reactors; i++) {
		if (atomic_load_explicit(&s->shards[i].nr_conns, memory_order_relaxed) <
		    atomic_load_explicit(&best->nr_conns, memory_order_relaxed))
			best = &s->shards[i];
	}
	return best;
}

static bool may_warn(struct net_listener *l)
{
	uint64_t now = net_reactor_env(l->server->shards[0].reactor)->now;

	if (now < l->quiet_until)
		return false;
	l->quiet_until = now + WARN_NS;
	return true;
}

static void place(struct net_listener *l, int fd)
{
	struct net_server *s = l->server;
	struct net_shard *shard = least_loaded(s);

	if (atomic_fetch_add_explicit(&s->nr_conns, 1, memory_order_relaxed) >=
	    s->params.max_conns) {
		atomic_fetch_sub_explicit(&s->nr_conns, 1, memory_order_relaxed);
		if (may_warn(l))
			cmn_warn("connections refused, too many", "port=%u limit=%u", l->port,
				 s->params.max_conns);
		close(fd);
		return;
	}
	atomic_fetch_add_explicit(&shard->nr_conns, 1, memory_order_relaxed);
	net_conn_place(shard, l, fd);
}

/* Out of descriptors or memory: the connection stays in the backlog; looking again at once would spin. */
static void pause_accepting(struct net_listener *l, int err)
{
	struct net_reactor *r = l->server->shards[0].reactor;

	uint64_t now = net_reactor_env(r)->now;

	if (may_warn(l))
		cmn_warn("connections wait, accept failed", "port=%u errno=%d", l->port, err);
	net_watch_mod(r, &l->watch, 0);
	net_timer_set(r, &l->pause, now + PAUSE_NS);
}

static void pause_over(struct net_timer *t, uint64_t now)
{
	struct net_listener *l = cmn_container_of(t, struct net_listener, pause);

	(void)now;
	pthread_mutex_lock(&l->lock);
	if (!l->closed)
		net_watch_mod(l->server->shards[0].reactor, &l->watch, EPOLLIN);
	pthread_mutex_unlock(&l->lock);
}

static bool passes(int err)
{
	return err == EINTR || err == ECONNABORTED || err == EPROTO || err == ENETDOWN ||
	       err == EHOSTUNREACH || err == ENETUNREACH || err == EPERM;
}

static void ready(struct net_watch *w, uint32_t events)
{
	struct net_listener *l = cmn_container_of(w, struct net_listener, watch);

	(void)events;
	pthread_mutex_lock(&l->lock);
	for (int i = 0; i < ACCEPTS_PER_TURN && !l->closed; i++) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			place(l, fd);
			continue;
		}
		if (errno == EAGAIN)
			break;
		if (!passes(errno)) {
			pause_accepting(l, errno);
			break;
		}
	}
	pthread_mutex_unlock(&l->lock);
}

/* ---- adding ---- */

int net_listen(const struct sockaddr *addr, socklen_t len, const char *congestion)
{
	int fd = net_addr_bind(addr, len), err = 0;

	if (fd < 0)
		return fd;
	/* before it listens: the first connection may come at once, and takes what is set then */
	if (congestion && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion,
				     (socklen_t)strlen(congestion)) < 0)
		err = -ENOPROTOOPT;
	else if (listen(fd, BACKLOG) < 0)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)&ss)->sin_port);
}

/* By message, so that whatever reactor 0 sees of the listener has been written before. */
static void arm(struct net_msg *msg)
{
	struct net_listener *l = cmn_container_of(msg, struct net_listener, arm);
	int err = 0;

	pthread_mutex_lock(&l->lock);
	if (!l->closed)
		err = net_watch_add(l->server->shards[0].reactor, &l->watch);
	pthread_mutex_unlock(&l->lock);
	if (err < 0)
		cmn_error("listener not watched", "port=%u errno=%d", l->port, -err);
}

static void retire(struct net_msg *msg)
{
	struct net_listener *l = cmn_container_of(msg, struct net_listener, retire);

	net_timer_cancel(l->server->shards[0].reactor, &l->pause);
	net_listener_put(l);
}

int net_listener_add(struct net_server *s, int fd, const struct fab_portal *portal,
		     struct net_listener **ret)
{
	struct net_listener *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); /* one that was given may not be */
	l->watch = (struct net_watch){ .fd = fd, .events = EPOLLIN, .ready = ready };
	l->pause.fire = pause_over;
	l->arm.fn = arm;
	l->retire.fn = retire;
	l->server = s;
	l->portal = *portal;
	l->port = port_of(fd);
	atomic_init(&l->refs, 1);
	pthread_mutex_init(&l->lock, NULL);
	TAILQ_INSERT_TAIL(&s->listeners, l, link);
	net_reactor_post(s->shards[0].reactor, &l->arm);
	*ret = l;
	return 0;
}

/* ---- removing ---- */

struct end_conns {
	struct net_msg msg;
	struct net_shard *shard;
	struct net_listener *l;
};

static void end_conns_arrived(struct net_msg *msg)
{
	struct end_conns *e = cmn_container_of(msg, struct end_conns, msg);

	net_conn_drain_listener(e->shard, e->l);
	net_listener_put(e->l);
	free(e);
}

static void end_conns(struct net_listener *l)
{
	struct net_server *s = l->server;

	for (unsigned int i = 0; i < s->params.nr_reactors; i++) {
		struct end_conns *e = calloc(1, sizeof(*e));

		if (!e) {
			cmn_error("no memory to end a portal's connections", "port=%u", l->port);
			return;
		}
		e->msg.fn = end_conns_arrived;
		e->shard = &s->shards[i];
		e->l = net_listener_get(l);
		net_reactor_post(e->shard->reactor, &e->msg);
	}
}

/* A batch of events taken before the watch went may still name the listener; it is dispatched before the message runs. */
void net_listener_remove(struct net_listener *l, bool end)
{
	struct net_server *s = l->server;

	pthread_mutex_lock(&l->lock);
	l->closed = true;
	net_watch_forget(s->shards[0].reactor, &l->watch);
	close(l->watch.fd);
	pthread_mutex_unlock(&l->lock);
	TAILQ_REMOVE(&s->listeners, l, link);
	if (end)
		end_conns(l);
	net_reactor_post(s->shards[0].reactor, &l->retire);
}

uint16_t net_listener_port(const struct net_listener *l)
{
	return l->port;
}

int net_listener_fd(const struct net_listener *l)
{
	return l->watch.fd;
}
