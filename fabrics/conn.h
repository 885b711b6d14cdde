/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/conn.h - one NVMe/TCP connection at the controller's end, as a machine of bytes.
 * Owns: its requests, its send queue, the unparsed rest of what was received.  Thread: one reactor's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.1-3.6; NVM Express Base 2.1, 3.3 (Connect and queue creation).
 *
 * No socket, clock or log in here: received bytes and the time go in, bytes to send and deadlines come out.
 *
 *   WAIT_ICREQ -> WAIT_CONNECT [-> AUTHENTICATING] -> LIVE -> DRAINING -> CLOSED
 *        \______________\_______________\______________\____-> TERMINATING (TermReq queued) -> CLOSED                   */
#ifndef FABRICS_CONN_H
#define FABRICS_CONN_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "common/latency.h"
#include "fabrics/req.h"

enum fab_conn_state {
	FAB_CONN_WAIT_ICREQ,
	FAB_CONN_WAIT_CONNECT,
	FAB_CONN_AUTHENTICATING, /* Connect has told the host that it must, and nothing else is answered */
	FAB_CONN_LIVE,
	FAB_CONN_DRAINING, /* no new command is read; closes when those in flight have been answered */
	FAB_CONN_TERMINATING, /* a C2HTermReq is on its way out; closes when sent, or at the deadline */
	FAB_CONN_CLOSED, /* the owner closes the socket and calls fab_conn_destroy() */
	FAB_CONN_STATE_COUNT
};

/* What carries out the commands of a queue.  Chosen at Connect: the admin queue's by fabrics/admin, an I/O queue's by
 * the daemon (site->io_ops). */
struct fab_queue_ops {
	/* Validates the SQE; sets req->dir, req->len, req->row and, for I/O, req->ns and req->view.  No data has moved. */
	struct fab_status (*parse)(struct fab_req *req);
	/* Runs the command; see fabrics/req.h. */
	void (*execute)(struct fab_req *req);
	/* The request's connection is going away, or an Abort named it: hurry.  Optional.  Must still complete. */
	void (*cancel)(struct fab_req *req);
	/* DATA_LIVE only: keeps writers off req->data while it is copied to the socket.  false: not now, try next turn.
	 * Held only from fab_conn_gather() to the fab_conn_sent() that follows it.  Optional. */
	bool (*pin)(struct fab_req *req);
	void (*unpin)(struct fab_req *req);
	/* The request is answered, or dropped with its connection; drop what priv holds (e.g. the view's use count).  Also called
	 * when parse() failed, or execute() never ran: priv isn't cleared, but view, ns and row are NULL before parse().  Optional */
	void (*release)(struct fab_req *req);
};

/* Counts commands that began and ended in one turn: how long they took is known as the length of that turn, when it is over.  Embedded;
 * it must stay until then, or until fab_env_unfresh(). */
struct fab_fresh {
	struct fab_fresh *next; /* in the environment's list; NULL: not there */
	void (*settle)(struct fab_fresh *fresh, uint64_t took);
};

/* What would hold up everybody else on a reactor, for milliseconds.  Embedded in what it works on. */
struct fab_work {
	void (*run)(struct fab_work *work); /* on some other thread */
	void (*done)(struct fab_work *work); /* then, on the connection's */
};

#define FAB_ENV_STATUSES 64
#define FAB_ENV_STATUS_ADMIN 0x8000 /* of a command on an admin queue */

/* What a reactor gives its connections.  One per reactor; memory only. */
struct fab_env {
	uint64_t now; /* CLOCK_MONOTONIC ns, set by the loop once a turn */
	void *(*buf_get)(struct fab_env *env,
			 size_t len); /* 4 KiB aligned; NULL when the pool is at its limit */
	void (*buf_put)(struct fab_env *env, void *buf, size_t len);
	/* conn has something new to send, or its state or deadline changed, outside of a call that its owner made into it
	 * (fab_req_complete() of a later turn, fab_conn_terminate() from a handler).  Calling it too often is harmless.
	 * NULL in tests. */
	void (*kick)(struct fab_conn *conn);
	/* Takes work off the thread of conn, which stays until done() has returned.  NULL, as in tests: it is done in place. */
	void (*offload)(struct fab_conn *conn, struct fab_work *work);
	/* Requests not in use, shared by the reactor's connections: fab_env_init(), fab_env_fini(). */
	TAILQ_HEAD(, fab_req) free_reqs;
	unsigned int nr_free_reqs;
	struct fab_fresh *fresh, fresh_end; /* this turn's, up to fresh_end */
	uint64_t failed[FAB_ENV_STATUSES]; /* cmn_tally of commands by status code, relaxed */
};

static inline void fab_env_fresh(struct fab_env *env, struct fab_fresh *fresh)
{
	if (fresh->next)
		return;
	fresh->next = env->fresh;
	env->fresh = fresh;
}
/* The owner of env, at the end of a turn that found work, with how long that took. */
void fab_env_settle(struct fab_env *env, uint64_t took);
/* fresh goes: it is settled at once, as of no time. */
void fab_env_unfresh(struct fab_env *env, struct fab_fresh *fresh);

struct fab_site; /* fabrics/site.h: who may connect to what */

struct fab_conn_params {
	struct fab_env *env;
	struct fab_site *site;
	const struct fab_portal *portal; /* the listener it came in on, borrowed; NULL in tests */
	struct sockaddr_storage local, peer; /* as getsockname/getpeername told */
	uint32_t max_h2c_data; /* MAXH2CDATA told in ICResp: multiple of 4, >= 4096 */
	uint32_t max_icd; /* largest in-capsule data accepted on I/O queues, bytes */
	void *user; /* the owner's: fab_conn_user() */
};

struct fab_conn *fab_conn_create(const struct fab_conn_params *params);
/* Calls site->queue_gone() if it was bound.  Requests still executing are told to cancel and become orphans: completing them
 * releases and frees them; until then the conn itself stays valid for them, without its user. */
void fab_conn_destroy(struct fab_conn *conn);
void *fab_conn_user(const struct fab_conn *conn); /* NULL once destroyed */
const struct fab_portal *fab_conn_portal(const struct fab_conn *conn); /* borrowed; NULL in tests */
struct fab_site *fab_conn_site(const struct fab_conn *conn);
const struct sockaddr_storage *
fab_conn_local(const struct fab_conn *conn); /* where the host reached us */
const struct sockaddr_storage *fab_conn_peer(const struct fab_conn *conn);
enum fab_conn_state fab_conn_state(const struct fab_conn *conn);

/* -- receiving ------------------------------------------------------------------------------------------------ */
/* Where the payload in progress wants its next bytes; 0 when there is none (receive into any buffer, then push).
 * Receive with two iovecs: this first, a scratch buffer second. */
size_t fab_conn_want(struct fab_conn *conn, void **ret_dst);
void fab_conn_took(struct fab_conn *conn, size_t n); /* n bytes were received at *ret_dst */
/* All of buf is consumed: executed, or kept (copied).  Check fab_conn_state() afterwards. */
void fab_conn_push(struct fab_conn *conn, const void *buf, size_t len);
void fab_conn_eof(struct fab_conn *conn);
/* True while reading more would only queue more: the owner doesn't read until it turns false. */
bool fab_conn_paused(const struct fab_conn *conn);
/* Buffers came back to the pool: go on with requests that wait for one, and with kept bytes. */
void fab_conn_resume(struct fab_conn *conn);

/* -- sending -------------------------------------------------------------------------------------------------- */
bool fab_conn_wants_send(const struct fab_conn *conn);
/* Fills up to max iovecs (about limit bytes) with what is to be sent, in order; returns how many.  0 though
 * wants_send(): live data is pinned by a writer, try next turn.  Each gather is followed by exactly one sent(). */
int fab_conn_gather(struct fab_conn *conn, struct iovec *iov, int max, size_t limit);
/* n bytes went out (0 is legal).  Live data that went out in part is copied before it is unpinned. */
void fab_conn_sent(struct fab_conn *conn, size_t n);
/* Copies whatever unsent live data still points into ns (NULL: any), so that it can go away.  false: a writer holds some of it,
 * call again next turn. */
bool fab_conn_detach_live(struct fab_conn *conn, const struct fab_ns *ns);

/* -- time and end --------------------------------------------------------------------------------------------- */
/* env->now at which tick() wants to run; UINT64_MAX: never.  Includes the controller's keep alive timer on its admin queue. */
uint64_t fab_conn_deadline(const struct fab_conn *conn);
void fab_conn_tick(struct fab_conn *conn);
/* Ends it: fes 0 closes at once (keep-alive timeout, host removed), otherwise a C2HTermReq goes first. */
void fab_conn_terminate(struct fab_conn *conn, uint16_t fes, uint32_t fei);
/* Answers what is in flight, then closes. */
void fab_conn_drain(struct fab_conn *conn);

/* -- what handlers and owners ask -------------------------------------------------------------------------------- */
struct fab_ctrl *fab_conn_ctrl(const struct fab_conn *conn); /* NULL before Connect */
uint16_t fab_conn_qid(const struct fab_conn *conn);
struct fab_env *fab_conn_env(const struct fab_conn *conn);
bool fab_conn_hdgst(const struct fab_conn *conn);
bool fab_conn_ddgst(const struct fab_conn *conn);
/* In-flight request by CID, or NULL (one that only waits to be sent counts as done).
 * fab_conn_abort: true when one was found: it has been answered with Command Abort Requested, or will be (one whose data is under
 * way ends when the data is in), or its executor was told to cancel. */
struct fab_req *fab_conn_find(struct fab_conn *conn, uint16_t cid);
bool fab_conn_abort(struct fab_conn *conn, uint16_t cid);
unsigned int fab_conn_inflight(const struct fab_conn *conn);

/* Counters of one connection; written by its reactor only, read by any (relaxed).  A read brings data to the host, a write to us; those
 * that failed are errors only.  Times of both: from the command's capsule to its response being in the socket's hands. */
struct fab_conn_stats {
	uint64_t reads, writes, other, read_bytes, write_bytes, errors, r2ts, capsules_in, pdus_out;
	uint64_t read_ns, write_ns;
	struct cmn_latency read_latency, write_latency;
};
const struct fab_conn_stats *fab_conn_stats(const struct fab_conn *conn);
/* Why it ended, for the owner's log: what was sent in a C2HTermReq, or came in an H2CTermReq, or a few words.  fes 0: neither. */
struct fab_conn_end {
	uint16_t fes;
	uint32_t fei;
	bool by_peer;
	const char *why; /* a literal; NULL while it lives */
};
struct fab_conn_end fab_conn_end(const struct fab_conn *conn);

/* Called by whoever implements Connect (fabrics/connect.c), once it has succeeded. */
struct fab_queue_bind {
	struct fab_ctrl *ctrl; /* one reference handed over; put when the last request has gone */
	uint16_t qid, sqsize; /* sqsize 0's based, as in the command */
	bool sqflow_off; /* SQ flow control disabled: SQHD is FFFFh in Connect's response, then 0 */
	const struct fab_queue_ops *ops;
	struct fab_auth *
		auth; /* handed over: the host has to authenticate before ops get to see a command; NULL: it needn't */
};
void fab_conn_bind(struct fab_conn *conn, const struct fab_queue_bind *bind);

/* Authentication of the queue's host, for fabrics/auth/queue.c. */
struct fab_conn_auth {
	struct fab_auth *machine; /* NULL: the host need not authenticate */
	bool under_way; /* an exchange is; it has CONN_AUTH_NS in all */
	bool lent; /* another thread computes with the machine */
};
struct fab_conn_auth *fab_conn_auth(struct fab_conn *conn);
/* An exchange begins, on a queue that may be in use already; or the host has been authenticated, and the queue is LIVE. */
void fab_conn_auth_begin(struct fab_conn *conn);
void fab_conn_auth_done(struct fab_conn *conn);

#endif
