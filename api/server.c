/* SPDX-License-Identifier: Apache-2.0 */
/* api/server.c - libmicrohttpd in the control loop: its socket, its turns, its connections' deadlines.
 * Thread: the control loop.  May block: never.
 *
 * MHD has no thread of its own: its epoll set is a descriptor on our wait point, and it runs when that is readable, when it
 * asks to run again, and after a suspended request was answered.  Its own time limit is for silence only; a client that sends a
 * byte a second would keep its place for ever, so each connection has a deadline here, and when many are open the one
 * nearest to its deadline goes first. */
#include "api/server_impl.h"

#include "api/auth.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/app.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEEP_NS CMN_NS_PER_S
#define END_NS (50 * CMN_NS_PER_MS) /* for the answer to a shutdown to leave */
#define BACKLOG 256

static void run(struct api_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (server->running) {
		server->again = true;
		return;
	}
	server->running = true;
	MHD_run(server->mhd);
	server->running = false;
	if (server->again || (MHD_get_timeout(server->mhd, &ms) == MHD_YES && ms == 0)) {
		server->again = false;
		net_timer_set(server->loop, &server->turn, cmn_now_ns());
	}
}

static void on_ready(struct net_watch *watch, uint32_t events)
{
	(void)events;
	run(cmn_container_of(watch, struct api_server, watch));
}

static void on_turn(struct net_timer *timer, uint64_t now)
{
	(void)now;
	run(cmn_container_of(timer, struct api_server, turn));
}

static void on_resume(struct net_after *after)
{
	run(cmn_container_of(after, struct api_server, resume));
}

void api_server_resume(struct api_server *server, struct api_req *req)
{
	TAILQ_REMOVE(&server->waiting, req, link);
	MHD_resume_connection(req->mhd);
	if (!server->closing)
		net_after_queue(server->loop, &server->resume);
}

static void drop(struct api_conn *conn)
{
	shutdown(conn->fd, SHUT_RDWR); /* MHD sees the end and closes */
	conn->deadline = UINT64_MAX;
}

static void on_sweep(struct net_timer *timer, uint64_t now)
{
	struct api_server *server = cmn_container_of(timer, struct api_server, sweep);
	struct api_conn *conn;

	TAILQ_FOREACH(conn, &server->conns, link) {
		if (conn->deadline <= now)
			drop(conn);
	}
	if (server->nr_conns)
		net_timer_set(server->loop, &server->sweep, now + SWEEP_NS);
}

/* Makes room for a newcomer: the connection that has been quiet for longest. */
static void drop_quietest(struct api_server *server)
{
	struct api_conn *conn, *quietest = NULL;

	TAILQ_FOREACH(conn, &server->conns, link) {
		if (!conn->busy && (!quietest || conn->deadline < quietest->deadline))
			quietest = conn;
	}
	if (quietest && quietest->deadline != UINT64_MAX)
		drop(quietest);
}

static void addr_text(const struct sockaddr *addr, char *buf, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	uint16_t port;

	if (addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		port = ntohs(in6->sin6_port);
		snprintf(buf, size, "[%s]:%u", host, port);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		port = ntohs(in->sin_port);
		snprintf(buf, size, "%s:%u", host, port);
	}
}

static void conn_started(struct api_server *server, struct MHD_Connection *mhd, void **ret_conn)
{
	const union MHD_ConnectionInfo *info;
	struct api_conn *conn = calloc(1, sizeof(*conn));

	*ret_conn = conn;
	if (!conn)
		return;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	conn->fd = info->connect_fd;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info && info->client_addr)
		addr_text(info->client_addr, conn->peer, sizeof(conn->peer));
	conn->deadline = cmn_now_ns() + API_RECV_MS * CMN_NS_PER_MS;
	if (server->nr_conns >= API_CONNS_CROWDED)
		drop_quietest(server);
	if (server->nr_conns++ == 0)
		net_timer_set(server->loop, &server->sweep, cmn_now_ns() + SWEEP_NS);
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **conn_slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct api_server *server = arg;
	struct api_conn *conn = *conn_slot;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_started(server, mhd, conn_slot);
	} else if (conn) {
		TAILQ_REMOVE(&server->conns, conn, link);
		server->nr_conns--;
		free(conn);
		*conn_slot = NULL;
	}
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *fmt, va_list ap)
{
	char text[256];

	(void)arg;
	vsnprintf(text, sizeof(text), fmt, ap);
	cmn_debug("http", "text=%s", CMN_Q(text));
}

/* Decoding is ours (api/uri.c): a path is cut before it is decoded. */
static size_t keep_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}

static bool is_loopback(const struct sockaddr *addr)
{
	if (addr->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)addr)->sin_addr.s_addr) >> 24 == 127;
	return addr->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

static int bind_listener(const struct api_server_params *params, uint16_t *ret_port,
			 struct cmn_err *err)
{
	const struct sockaddr *addr = params->addr;
	struct sockaddr_storage bound = { 0 };
	socklen_t bound_len = sizeof(bound);
	char text[80];
	int fd, one = 1;

	addr_text(addr, text, sizeof(text));
	if (!params->auth && !is_loopback(addr))
		return cmn_err_set(err, -EPERM, "api",
				   "an API that does not authenticate its users listens on "
				   "loopback only, not on %s",
				   text);
	fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cmn_err_errno(err, -errno, "api", "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, addr, params->addr_len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &bound_len) < 0) {
		cmn_err_errno(err, -errno, "api", "the API can't listen on %s", text);
		close(fd);
		return err->code;
	}
	*ret_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
						      : ((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

static struct MHD_Daemon *start_mhd(struct api_server *server, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		api_req_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, API_CONNS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)API_HEADER_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, api_req_begin, server, MHD_OPTION_UNESCAPE_CALLBACK,
		keep_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED, api_req_end, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
}

static int attach(struct api_server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);

	server->watch.fd = info->epoll_fd;
	server->watch.events = EPOLLIN;
	server->watch.ready = on_ready;
	server->turn.fire = on_turn;
	server->sweep.fire = on_sweep;
	server->resume.run = on_resume;
	return net_watch_add(server->loop, &server->watch);
}

int api_server_create(const struct api_server_params *params, struct api_server **ret_server,
		      struct cmn_err *err)
{
	struct api_server *server = calloc(1, sizeof(*server));
	int fd, ret;

	if (!server)
		return cmn_err_set(err, -ENOMEM, "api", "out of memory");
	TAILQ_INIT(&server->conns);
	TAILQ_INIT(&server->waiting);
	TAILQ_INIT(&server->ops);
	server->operations = api_operations_create(server);
	server->loop = params->loop;
	server->app = params->app;
	server->host_names = params->host_names;
	server->routes = params->routes;
	server->auth = params->auth;
	fd = bind_listener(params, &server->port, err);
	if (fd < 0) {
		ret = fd;
		goto out_free;
	}
	server->counts = api_counts_create(params->routes);
	server->mhd = server->counts ? start_mhd(server, fd) : NULL;
	if (!server->mhd) {
		close(fd);
		ret = cmn_err_set(err, -EIO, "api", "the HTTP server did not start");
		goto out_free;
	}
	ret = api_stream_create(server, &server->stream);
	if (ret == 0)
		ret = attach(server);
	if (ret < 0) {
		cmn_err_errno(err, ret, "api", "the control loop refused the HTTP server");
		MHD_stop_daemon(server->mhd);
		goto out_free;
	}
	api_auth_tell(server, is_loopback(params->addr));
	*ret_server = server;
	return 0;
out_free:
	api_operations_destroy(server->operations);
	api_stream_destroy(server->stream);
	free(server->counts);
	free(server);
	return ret;
}

void api_server_destroy(struct api_server *server)
{
	struct api_req *req;

	if (!server)
		return;
	server->closing = true;
	while ((req = TAILQ_FIRST(&server->waiting))) {
		if (req->on_cancel)
			req->on_cancel(req, req->cancel_arg);
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "discoveryd is ending");
	}
	api_stream_close(server->stream);
	MHD_run(server->mhd);
	net_watch_del(server->loop, &server->watch);
	net_after_cancel(server->loop, &server->resume);
	net_timer_cancel(server->loop, &server->turn);
	net_timer_cancel(server->loop, &server->end);
	MHD_stop_daemon(server->mhd);
	net_timer_cancel(server->loop, &server->sweep);
	api_ops_destroy(server);
	api_operations_destroy(server->operations);
	api_stream_destroy(server->stream);
	free(server->counts);
	free(server);
}

static void on_end(struct net_timer *timer, uint64_t now)
{
	struct api_server *server = cmn_container_of(timer, struct api_server, end);

	(void)now;
	server->app->shutdown(server->app, server->end_workers);
}

void api_req_end_daemon(struct api_req *req, bool workers)
{
	struct api_server *server = req->server;

	server->end_workers = workers;
	server->end.fire = on_end;
	net_timer_set(server->loop, &server->end, cmn_now_ns() + END_NS);
}

uint16_t api_server_port(const struct api_server *server)
{
	return server->port;
}
