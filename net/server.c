/* SPDX-License-Identifier: Apache-2.0 */
/* net/server.c - a server is a shard per reactor: connections, a receive buffer, a gather list.
 * Owns: shards, listeners.  Thread: created and destroyed on the control thread.  May block: never. */
#include "net/server.h"

#include <stdlib.h>

#include "common/util.h"
#include "net/server_impl.h"

static void kick(struct fab_conn *conn)
{
	net_conn_kick(net_conn_of(conn));
}

static void offload(struct fab_conn *conn, struct fab_work *work)
{
	struct net_conn *c = net_conn_of(conn);

	net_offload_submit(net_conn_offload(c), net_conn_reactor(c), work);
}

static bool shard_init(struct net_shard *shard, struct net_server *s, struct net_reactor *r)
{
	shard->server = s;
	shard->reactor = r;
	shard->stats = net_reactor_stats_mut(r);
	TAILQ_INIT(&shard->conns);
	TAILQ_INIT(&shard->starved);
	shard->scratch = aligned_alloc(4096, NET_SCRATCH);
	if (!shard->scratch)
		return false;
	net_reactor_env(r)->kick = kick;
	net_reactor_env(r)->offload = offload;
	net_reactor_on_buf(r, net_conn_buffers_back, shard);
	return true;
}

struct net_server *net_server_create(const struct net_server_params *params)
{
	struct net_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->params = *params;
	TAILQ_INIT(&s->listeners);
	s->offload = net_offload_create();
	s->shards = s->offload ? cmn_alloc_lines(params->nr_reactors * sizeof(*s->shards)) : NULL;
	if (!s->shards)
		goto out_fail;
	for (unsigned int i = 0; i < params->nr_reactors; i++) {
		if (!shard_init(&s->shards[i], s, params->reactors[i])) {
			s->params.nr_reactors = i;
			goto out_fail;
		}
	}
	return s;
out_fail:
	net_server_destroy(s);
	return NULL;
}

void net_server_destroy(struct net_server *s)
{
	struct net_conn *c;

	if (!s)
		return;
	while (!TAILQ_EMPTY(&s->listeners))
		net_listener_remove(TAILQ_FIRST(&s->listeners), false);
	for (unsigned int pass = 0; pass < 2;
	     pass++) { /* messages may place, kill, and free what was killed */
		for (unsigned int i = 0; s->shards && i < s->params.nr_reactors; i++) {
			net_reactor_flush_messages(s->shards[i].reactor);
			while ((c = TAILQ_FIRST(&s->shards[i].conns)) != NULL)
				net_conn_close(c);
		}
	}
	net_offload_destroy(s->offload); /* its last messages free what was closed meanwhile */
	for (unsigned int i = 0; s->shards && i < s->params.nr_reactors; i++) {
		net_reactor_flush_messages(s->shards[i].reactor);
		net_reactor_on_buf(s->shards[i].reactor, NULL, NULL);
		free(s->shards[i].scratch);
	}
	free(s->shards);
	free(s);
}

unsigned int net_server_nr_conns(const struct net_server *s)
{
	return atomic_load_explicit(&s->nr_conns, memory_order_relaxed);
}
