/* SPDX-License-Identifier: Apache-2.0 */
/* net/server.h - NVMe/TCP listeners and connections: accept, place on a reactor, drive a fab_conn with a socket.
 * Owns: sockets of accepted connections; a listening socket may be given by the caller (held by discoveryd).
 * Thread: listeners on reactor 0, a connection on the reactor it was placed on.  May block: never. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "fabrics/site.h"
#include "net/reactor.h"

struct net_listener;
struct net_server;

struct net_server_params {
	struct fab_site *site;
	struct net_reactor **reactors; /* borrowed */
	unsigned int nr_reactors;
	uint32_t max_h2c_data, max_icd;
	unsigned int max_conns;		    /* further ones are closed at accept */
};

struct net_server *net_server_create(const struct net_server_params *params);
/* Ends what connections are left.  Reactors have been stopped; their threads are gone. */
void net_server_destroy(struct net_server *s);
unsigned int net_server_nr_conns(const struct net_server *s); /* any */

/* A socket that listens at addr.  congestion: TCP's congestion control for what it accepts; NULL: the system's.  The descriptor, the
 * caller's; -ENOPROTOOPT: the system has no such congestion control; else -errno. */
int net_listen(const struct sockaddr *addr, socklen_t len, const char *congestion);
/* Accepts from a socket that listens, which it takes over unless it fails.  portal is copied. */
int net_listener_add(struct net_server *s, int fd, const struct fab_portal *portal,
		     struct net_listener **ret);
/* Stops accepting and closes the descriptor at once (a socket that another process holds too goes on queueing connections there).
 * Its connections live on unless end_conns: then they answer what is in flight and close. */
void net_listener_remove(struct net_listener *l, bool end_conns);
uint16_t net_listener_port(const struct net_listener *l);
int net_listener_fd(const struct net_listener *l);

/* From a fab_conn back to where it lives; used by sites to post messages. */
struct net_conn;
struct net_conn *net_conn_of(const struct fab_conn *conn);
struct net_reactor *net_conn_reactor(const struct net_conn *c);
struct fab_conn *net_conn_fab(const struct net_conn *c);
/* What the daemon keeps for a connection (targetd: struct tgt_queue); NULL until set.  Its reactor's thread. */
void net_conn_set_data(struct net_conn *c, void *data);
void *net_conn_data(const struct net_conn *c);
/* Ends a connection from any thread.  A handle is valid from fab_conn_bind() until site->queue_gone has returned for it (a closing
 * connection calls that, on its reactor, before it is freed); so whoever holds the mutex that queue_gone takes may use it. */
void net_conn_kill(struct net_conn *c);
/* Every connection of a reactor, on its thread. */
void net_server_each_conn(struct net_server *s, struct net_reactor *r, void (*fn)(struct net_conn *c, void *arg), void *arg);
/* Call after completing requests outside of the connection's own callbacks, e.g. from a file completion: the connection is put on
 * this turn's send list.  fab_req_complete() does it by itself through env->kick; owners need it only after fab_ctrl_event() etc. */
void net_conn_kick(struct net_conn *c);

#endif
