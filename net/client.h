/* SPDX-License-Identifier: Apache-2.0 */
/* net/client.h - a small NVMe/TCP host for programs: connects, brings a controller up, runs
 * commands.
 * Owns: its sockets, queues and scratch buffers.  Thread: one at a time.  May block: yes,
 * up to the time limits given; the pipelined calls only in net_client_poll().  Spec: NVM Express
 * Base 2.1, 3.5.1 (initialisation), 6 (Fabrics commands).
 *
 *     struct net_client *c;
 *     if (net_client_connect(&params, &c, &err) < 0) ...
 *     cmd = fab_cmd_get_log(NVME_LID_DISCOVERY, 0, 0, sizeof(log), false);
 *     ret = net_client_admin(c, &cmd, &log, sizeof(log), FAB_HOST_IN, &cqe);    (0: look at
 * cqe.status; < 0: the connection) net_client_close(c); */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "common/err.h"
#include "fabrics/auth/initiator.h"
#include "fabrics/host/cmd.h"
#include "fabrics/host/queue.h"

struct net_client;
struct net_client_queue;

struct net_client_params {
	const char *addr; /* numeric, IPv4 or IPv6 */
	uint16_t port;
	const char *subnqn;
	const char *hostnqn; /* NULL: one made from hostid */
	const uint8_t *hostid; /* 16 bytes; NULL: a random UUID */
	bool hdgst, ddgst, sqflow_off;
	uint8_t hpda;
	uint32_t kato_ms; /* 0: none */
	unsigned int timeout_ms; /* for each step; 0: 5000 */
	const char *congestion; /* TCP's congestion control, lives as long; NULL: the system's */
	bool no_enable; /* stop after Connect: no authentication, no CC, no Identify */
	/* Secrets of the host, and of the controller towards it, which then has to authenticate too; copied.  NULL: none. */
	const struct fab_auth_key *key, *ctrl_key;
	struct fab_auth_algs algs; /* that the host offers; all zero: all there are */
};

/* Connects the admin queue, enables the controller and identifies it.  0, or -errno with err
 * filled: -ECONNREFUSED and so on from the network, -EPROTO when it isn't NVMe/TCP that answers,
 * -EACCES when the controller refused (the status is in the words and in ret_cqe, if not NULL). */
int net_client_connect(const struct net_client_params *params, struct net_client **ret,
		       struct nvme_cqe *ret_cqe, struct cmn_err *err);
/* Shuts the controller down (CC.SHN) if it was enabled, within the time limit, and closes.  NULL is
 * legal. */
void net_client_close(struct net_client *c);
/* Closes the sockets and nothing else, as a host that died. */
void net_client_abandon(struct net_client *c);

/* Authenticates (again) on a queue; connecting does it by itself where the controller wants it to.  0, or -errno with err filled: -EACCES
 * when either end fails the other; the queue has ended then. */
int net_client_authenticate(struct net_client_queue *q, struct cmn_err *err);
/* What was agreed upon last; NULL: the controller did not ask for it. */
const char *net_client_auth_hash(const struct net_client *c);
const char *net_client_auth_group(const struct net_client *c);

uint16_t net_client_cntlid(const struct net_client *c);
uint64_t net_client_cap(const struct net_client *c);
const struct nvme_id_ctrl *
net_client_id(const struct net_client *c); /* as read; zeroes with no_enable */

/* One command at a time.  dir: enum fab_host_dir.  0 when it was answered, whatever the status;
 * -ETIMEDOUT; or -ECONNRESET. */
int net_client_admin(struct net_client *c, const struct nvme_cmd *cmd, void *data, uint32_t len,
		     enum fab_host_dir dir, struct nvme_cqe *ret_cqe);
int net_client_io(struct net_client_queue *q, const struct nvme_cmd *cmd, void *data, uint32_t len,
		  enum fab_host_dir dir, struct nvme_cqe *ret_cqe);
int net_client_prop_get(struct net_client *c, uint32_t offset, bool eight, uint64_t *ret);
int net_client_prop_set(struct net_client *c, uint32_t offset, bool eight, uint64_t value);

/* Asks for nr I/O queues (Set Features 07h) and connects as many as were granted, each for depth
 * commands at once. *ret_nr: how many. */
int net_client_open_queues(struct net_client *c, unsigned int nr, unsigned int depth,
			   unsigned int *ret_nr, struct cmn_err *err);
struct net_client_queue *net_client_ioq(struct net_client *c,
					unsigned int index); /* NULL: no such */
struct net_client_queue *net_client_admin_queue(struct net_client *c);

/* Pipelined: submit as many as fit (fab_host_submit), then poll; done() callbacks run inside of it.
 * net_client_poll returns 1 when something moved, 0 at the time limit, -ECONNRESET when a queue has
 * ended. */
int net_client_submit(struct net_client_queue *q, struct fab_host_req *req);
int net_client_poll(struct net_client *c, int timeout_ms);
/* For a loop of the caller's over many queues: one receive and what it leads to, and one attempt to
 * send all that is to go, without waiting.  1 when something moved, 0, or -ECONNRESET. */
int net_client_turn(struct net_client_queue *q);
/* What is under way on it is done with -ECONNRESET. */
void net_client_end(struct net_client_queue *q);
int net_client_fd(const struct net_client_queue *q); /* to wait on; not to read or write */
bool net_client_wants_send(const struct net_client_queue *q); /* the socket was full */
unsigned int net_client_inflight(const struct net_client_queue *q);
/* Why a queue ended, for a person; "" while it lives. */
const char *net_client_why(const struct net_client_queue *q);

#endif
