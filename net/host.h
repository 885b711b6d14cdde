/* SPDX-License-Identifier: Apache-2.0 */
/* net/host.h - an NVMe/TCP host on a reactor: keeps a controller's admin queue up, runs commands, hears of events.
 * Owns: its socket, queue and timer; a command and its data are the caller's until done().  Thread: its reactor's; create and destroy
 * also while that isn't running.  May block: never.
 * Spec: NVM Express Base 2.1, 3.5.1 (initialisation), 3.6.2 (shutdown), 3.9 (keep alive), 5.1.2 (asynchronous events).
 *
 *   IDLE -> DIALING -> STARTING -> UP -> ENDING -> IDLE        any of them -> IDLE, and again after a pause that doubles
 *
 * Thousands of them in a process are cheap: a few KiB each, and what is received shares one buffer.  net/client.h is its sister
 * for programs that may wait. */
#ifndef NET_HOST_H
#define NET_HOST_H

#include "common/err.h"
#include "fabrics/host/cmd.h"
#include "fabrics/host/queue.h"
#include "net/reactor.h"

struct net_host;

/* What the hosts of a reactor share. */
struct net_hosts;
struct net_hosts *net_hosts_create(struct net_reactor *r); /* NULL without memory */
void net_hosts_destroy(struct net_hosts *hosts); /* after its hosts; NULL is legal */

enum net_host_state {
	NET_HOST_IDLE, /* stopped, or waits for its next attempt */
	NET_HOST_DIALING, /* TCP */
	NET_HOST_STARTING, /* Connect to Identify Controller */
	NET_HOST_UP,
	NET_HOST_ENDING, /* shutting the controller down */
	NET_HOST_STATE_COUNT
};

struct net_host_ops {
	/* The controller is enabled; id is borrowed for the call.  Commands may be submitted. */
	void (*up)(struct net_host *h, const struct nvme_id_ctrl *id);
	/* An attempt failed or the connection ended (why->code: -EACCES for a status, else the network's or -EPROTO), or it was
	 * stopped (0).  Every command is done before. */
	void (*down)(struct net_host *h, const struct cmn_err *why);
	/* An asynchronous event; the request is armed again already.  result: dword 0.  May be NULL. */
	void (*event)(struct net_host *h, uint32_t result);
};

struct net_host_params {
	const char *addr; /* numeric, IPv4 or IPv6; copied, as the names are */
	uint16_t port;
	const char *subnqn;
	const char *hostnqn; /* NULL: made from hostid */
	uint8_t hostid[16];
	bool hdgst, ddgst;
	uint32_t kato_ms; /* 0: none, and no Keep Alive */
	uint32_t timeout_ms; /* for each step and command; 0: 5000 */
	uint32_t retry_ms,
		retry_max_ms; /* pause after the first failure in a row, and the longest; 0: no further attempt */
	uint32_t events; /* NVME_AEC_ bits wanted; those that the controller has are asked for */
	unsigned int depth; /* the caller's commands at once; 0: 2 */
	const struct net_host_ops *ops;
	void *user;
};

/* NULL with err: an address that is none (-EINVAL), or no memory.  It does nothing before net_host_start(). */
struct net_host *net_host_create(struct net_hosts *hosts, const struct net_host_params *params,
				 struct cmn_err *err);
/* Closes the socket, as a host that died; commands under way are done with -ECONNRESET, nothing else is called back.  Not from
 * within a callback of this host.  NULL is legal. */
void net_host_destroy(struct net_host *h);
void *net_host_user(const struct net_host *h);

/* Connects, now. Does nothing unless it is IDLE. */
void net_host_start(struct net_host *h);
/* Shuts the controller down if it is up, and stays IDLE: down() is called, unless it was IDLE already. */
void net_host_stop(struct net_host *h);

enum net_host_state net_host_state(const struct net_host *h);
uint16_t net_host_cntlid(const struct net_host *h);
/* From where it is connected; -ENOTCONN. */
int net_host_local(const struct net_host *h, struct sockaddr_storage *ret);
uint32_t net_host_max_data(const struct net_host *h); /* MDTS, at most 1 MiB */

/* A command; the caller fills req.cmd, req.data, req.len, req.dir, done and user. */
struct net_host_cmd {
	struct fab_host_req req;
	/* Exactly once; req.err and req.cqe are the outcome. */
	void (*done)(struct net_host_cmd *cmd);
	void *user;

	struct net_host *host; /* the host's own from here on */
	TAILQ_ENTRY(net_host_cmd) link;
	uint64_t until;
};
/* 0, -EAGAIN when depth commands are under way, or -ENOTCONN when it isn't UP. */
int net_host_submit(struct net_host *h, struct net_host_cmd *cmd);

#endif
