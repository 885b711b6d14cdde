/* SPDX-License-Identifier: Apache-2.0 */
/* net/server_impl.h - structs that net/server.c, listener.c and conn.c share.
 * Owns: see each.  Thread: see each.  May block: never. */
#ifndef NET_SERVER_IMPL_H
#define NET_SERVER_IMPL_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "net/offload.h"
#include "net/reactor_impl.h"
#include "net/server.h"
#include "net/share.h"

#define NET_SCRATCH (256u * 1024)
#define NET_IOV_MAX 512
#define NET_SEND_MAX (1024u * 1024) /* bytes that one connection hands to the socket in one call */

TAILQ_HEAD(net_conn_list, net_conn);

/* A server's part on one reactor.  Its thread's, but for nr_conns (the listener's thread counts up); so no cache line is shared. */
struct net_shard {
	alignas(64) struct net_server *server;
	struct net_reactor *reactor;
	struct net_reactor_stats *stats;
	struct net_conn_list conns;
	struct net_conn_list starved; /* wait for a pool buffer, in order */
	_Atomic unsigned int nr_conns;
	uint8_t *
		scratch; /* NET_SCRATCH bytes: whatever a push gets is consumed before the next receive */
	struct iovec iov[NET_IOV_MAX];
	struct net_share share;
	uint64_t
		end_told; /* when an end was last logged, so that a flood of broken connections is no flood of lines */
};

struct net_server {
	struct net_server_params params;
	_Atomic unsigned int nr_conns;
	TAILQ_HEAD(, net_listener) listeners; /* the control thread's */
	struct net_shard *shards; /* [nr_reactors] */
	struct net_offload *offload;
};

/* Shared by reactor 0 (accepts), the control thread (removes) and connections (borrow the portal): reference counted. */
struct net_listener {
	struct net_watch watch;
	struct net_timer pause; /* out of descriptors: try again then */
	uint64_t quiet_until; /* it has been logged */
	struct net_server *server;
	struct fab_portal portal;
	TAILQ_ENTRY(net_listener) link;
	_Atomic unsigned int refs;
	struct net_msg arm, retire; /* to reactor 0: begin to watch, let go */
	uint16_t port;
	pthread_mutex_t lock; /* accept against close: a number closed may be another's at once */
	bool closed;
};

struct net_listener *net_listener_get(struct net_listener *l);
void net_listener_put(struct net_listener *l);

/* Hands an accepted socket to the shard's reactor.  The shard and the server have counted it. */
void net_conn_place(struct net_shard *shard, struct net_listener *l, int fd);
/* Ends it here and now: on its reactor outside of any call into it, or after the reactor's thread is gone. */
void net_conn_close(struct net_conn *c);
/* Drains every connection of the shard that came by l. */
void net_conn_drain_listener(struct net_shard *shard, const struct net_listener *l);
void net_conn_buffers_back(void *shard);
struct net_offload *net_conn_offload(const struct net_conn *c);

#endif
