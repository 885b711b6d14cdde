/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/conn.c - a connection's life: made, bound to a queue, drained or terminated, taken apart.
 * Owns: its struct fab_conn and tables.  Thread: the connection's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.1 (setup), 3.5 (errors). */
#include <errno.h>
#include <stdlib.h>

#include "fabrics/auth/queue.h"
#include "fabrics/auth/target.h"
#include "fabrics/conn_impl.h"
#include "fabrics/connect.h"
#include "fabrics/ctrl.h"

#define BIT(s) (1u << (FAB_CONN_##s))

static const uint32_t may_go[FAB_CONN_STATE_COUNT] = {
	[FAB_CONN_WAIT_ICREQ] = BIT(WAIT_CONNECT) | BIT(TERMINATING) | BIT(CLOSED),
	[FAB_CONN_WAIT_CONNECT] = BIT(AUTHENTICATING) | BIT(LIVE) | BIT(DRAINING) |
				  BIT(TERMINATING) | BIT(CLOSED),
	[FAB_CONN_AUTHENTICATING] = BIT(LIVE) | BIT(DRAINING) | BIT(TERMINATING) | BIT(CLOSED),
	[FAB_CONN_LIVE] = BIT(DRAINING) | BIT(TERMINATING) | BIT(CLOSED),
	[FAB_CONN_DRAINING] = BIT(TERMINATING) | BIT(CLOSED),
	[FAB_CONN_TERMINATING] = BIT(CLOSED),
	[FAB_CONN_CLOSED] = 0,
};

/* How long a state may last; 0: for ever. */
static const uint64_t limit_ns[FAB_CONN_STATE_COUNT] = {
	[FAB_CONN_WAIT_ICREQ] = CONN_IC_NS,	  [FAB_CONN_WAIT_CONNECT] = CONN_BIND_NS,
	[FAB_CONN_AUTHENTICATING] = CONN_AUTH_NS, [FAB_CONN_DRAINING] = CONN_DRAIN_NS,
	[FAB_CONN_TERMINATING] = CONN_TERM_NS,
};

static void set_deadline(struct fab_conn *conn)
{
	uint64_t limit = limit_ns[conn->state];

	conn->deadline = limit ? conn->env->now + limit : UINT64_MAX;
}

void conn_set_state(struct fab_conn *conn, enum fab_conn_state to)
{
	assert(may_go[conn->state] & (1u << to));
	conn->state = (uint8_t)to;
	if (!conn_answers(conn))
		conn->rx.halted = true;
	set_deadline(conn);
	conn_kick(conn);
}

/* Slots [from, to) become free.  The stack's top is at nr_slots - nr_inflight - 1. */
static int grow_slots(struct fab_conn *conn, uint16_t to)
{
	uint16_t nr_free = conn->nr_slots - conn->nr_inflight;
	struct fab_req **slots = reallocarray(conn->slots, to, sizeof(*slots));
	uint16_t *stack;

	if (!slots)
		return -ENOMEM;
	conn->slots = slots;
	stack = reallocarray(conn->free_slots, to, sizeof(*stack));
	if (!stack)
		return -ENOMEM;
	conn->free_slots = stack;
	for (uint16_t i = conn->nr_slots; i < to; i++) {
		slots[i] = NULL;
		stack[nr_free++] = i;
	}
	conn->nr_slots = to;
	return 0;
}

struct fab_conn *fab_conn_create(const struct fab_conn_params *params)
{
	struct fab_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->params = *params;
	conn->env = params->env;
	conn->ops = &fab_unbound_queue_ops;
	fab_rx_init(&conn->rx, &conn_rx_ops, FAB_END_CTRL, 4);
	conn->max_icd = NVME_TCP_ADMIN_ICD;
	conn->max_h2c_data = params->max_h2c_data;
	conn->admin = true;
	TAILQ_INIT(&conn->tx);
	TAILQ_INIT(&conn->wait_buf);
	if (grow_slots(conn, CONN_UNBOUND_SLOTS) < 0) {
		free(conn->slots);
		free(conn);
		return NULL;
	}
	conn->entries = CONN_UNBOUND_SLOTS;
	set_deadline(conn);
	return conn;
}

static void free_conn(struct fab_conn *conn)
{
	fab_auth_destroy(conn->auth.machine);
	if (conn->ctrl)
		fab_ctrl_put(conn->ctrl);
	free(conn->kept);
	free(conn->kd_data);
	free(conn->slots);
	free(conn->free_slots);
	free(conn);
}

/* Those in their executor's hands stay, as orphans; the rest goes at once. */
static void abandon_requests(struct fab_conn *conn)
{
	conn_tx_drop(conn, true);
	TAILQ_INIT(&conn->wait_buf);
	for (uint16_t i = 0; i < conn->nr_slots; i++) {
		struct fab_req *req = conn->slots[i];

		if (req && req->state == FAB_REQ_EXECUTING)
			req->flags |= FAB_REQ_ORPHAN;
		else if (req)
			conn_req_free(conn, req);
	}
	for (uint16_t i = 0; i < conn->nr_slots; i++) {
		struct fab_req *req = conn->slots[i];

		if (req && req->ops->cancel)
			req->ops->cancel(req);
	}
}

/* ---- authentication ---- */

struct fab_conn_auth *fab_conn_auth(struct fab_conn *conn)
{
	return &conn->auth;
}

/* Meanwhile silence on the controller's other queues isn't held against the host, whose processor may be at work on it. */
void fab_conn_auth_begin(struct fab_conn *conn)
{
	if (conn->auth.under_way)
		return;
	conn->auth.under_way = true;
	fab_ctrl_authenticating(conn->ctrl, true);
	if (conn->state == FAB_CONN_LIVE) {
		conn->deadline = conn->env->now + CONN_AUTH_NS;
		conn_kick(conn);
	}
}

static void auth_over(struct fab_conn *conn)
{
	if (conn->auth.under_way)
		fab_ctrl_authenticating(conn->ctrl, false);
	conn->auth.under_way = false;
}

void fab_conn_auth_done(struct fab_conn *conn)
{
	auth_over(conn);
	fab_ctrl_saw_traffic(conn->ctrl);
	conn->ops = conn->authenticated_ops;
	if (conn->state == FAB_CONN_AUTHENTICATING)
		conn_set_state(conn, FAB_CONN_LIVE);
	else if (conn->state == FAB_CONN_LIVE)
		set_deadline(conn);
}

void fab_conn_destroy(struct fab_conn *conn)
{
	if (!conn)
		return;
	if (!conn->dead) {
		conn->dead = true;
		conn->state = FAB_CONN_CLOSED;
		fab_env_unfresh(conn->env, &conn->fresh);
		conn->busy++; /* an orphan that completes in cancel() must not free conn under us */
		abandon_requests(conn);
		auth_over(conn);
		if (conn->ctrl && conn->params.site)
			conn->params.site->ops->queue_gone(conn->params.site, conn, conn->ctrl,
							   conn->qid);
		conn->params.user = NULL;
		conn->busy--;
	}
	if (!conn->nr_inflight)
		free_conn(conn);
}

void fab_conn_bind(struct fab_conn *conn, const struct fab_queue_bind *bind)
{
	uint16_t entries = bind->sqsize == UINT16_MAX ? UINT16_MAX : bind->sqsize + 1;

	assert(!conn->ctrl);
	conn->ctrl = bind->ctrl;
	conn->qid = bind->qid;
	conn->admin = bind->qid == 0;
	conn->authenticated_ops = bind->ops;
	conn->ops = bind->auth ? &fab_auth_gate_ops : bind->ops;
	conn->auth.machine = bind->auth;
	conn->sqflow_off = bind->sqflow_off;
	conn->connect_reply = true;
	conn->sqhd = 0;
	conn->entries = entries;
	if (!conn->admin)
		conn->max_icd = conn->params.max_icd;
	if (entries > conn->nr_slots && grow_slots(conn, entries) < 0) {
		conn_close(conn, "out of memory");
		return;
	}
	if (conn->state == FAB_CONN_WAIT_CONNECT)
		conn_set_state(conn, bind->auth ? FAB_CONN_AUTHENTICATING : FAB_CONN_LIVE);
	if (bind->auth)
		fab_conn_auth_begin(conn);
}

/* ---- the end ---- */

void conn_close(struct fab_conn *conn, const char *why)
{
	if (conn->state == FAB_CONN_CLOSED)
		return;
	if (!conn->end.why)
		conn->end.why = why;
	conn_set_state(conn, FAB_CONN_CLOSED);
}

void conn_fatal(struct fab_conn *conn, struct fab_fault fault, const void *hdr, uint32_t hdr_len)
{
	uint32_t len;

	if (!conn_answers(conn))
		return;
	conn->end = (struct fab_conn_end){ .fes = fault.fes,
					   .fei = fault.fei,
					   .why = "fatal transport error" };
	conn_tx_drop(conn, false);
	/* The ICResp may be under way in ctl_buf; nothing else can be told then. */
	if (conn->ctl_tx.flags & FAB_TX_QUEUED) {
		conn_close(conn, "fatal transport error");
		return;
	}
	len = fab_pdu_put_term(conn->ctl_buf, NVME_TCP_C2H_TERM, fault, hdr, hdr_len);
	conn_set_state(conn, FAB_CONN_TERMINATING);
	conn_tx_raw(conn, len);
	conn_kick(conn);
}

void fab_conn_terminate(struct fab_conn *conn, uint16_t fes, uint32_t fei)
{
	if (!fes)
		conn_close(conn, "ended by the controller");
	else
		conn_fatal(conn, FAB_FAULT(fes, fei), NULL, 0);
}

void fab_conn_eof(struct fab_conn *conn)
{
	conn_close(conn, "closed by the host");
}

void conn_maybe_drained(struct fab_conn *conn)
{
	if (conn->state == FAB_CONN_DRAINING && !conn->nr_inflight && TAILQ_EMPTY(&conn->tx))
		conn_close(conn, "drained");
}

/* An admin queue may hold Asynchronous Event Requests, which nothing else would ever end. */
static void cancel_admin(struct fab_conn *conn)
{
	for (uint16_t i = 0; i < conn->nr_slots; i++) {
		struct fab_req *req = conn->slots[i];

		if (req && req->state == FAB_REQ_EXECUTING && req->ops->cancel)
			req->ops->cancel(req);
	}
}

void fab_conn_drain(struct fab_conn *conn)
{
	if (conn->state >= FAB_CONN_DRAINING)
		return;
	if (conn->state == FAB_CONN_WAIT_ICREQ) {
		conn_close(conn, "drained");
		return;
	}
	conn_set_state(conn, FAB_CONN_DRAINING);
	if (conn->admin)
		cancel_admin(conn);
	conn_maybe_drained(conn);
}

/* The keep alive timer is the controller's, and runs where its admin queue does. */
static bool has_keep_alive(const struct fab_conn *conn)
{
	return conn->ctrl && conn->admin && conn->state == FAB_CONN_LIVE;
}

uint64_t fab_conn_deadline(const struct fab_conn *conn)
{
	return has_keep_alive(conn) ? cmn_min(conn->deadline, fab_ctrl_deadline(conn->ctrl))
				    : conn->deadline;
}

void fab_conn_tick(struct fab_conn *conn)
{
	static const char *const why[FAB_CONN_STATE_COUNT] = {
		[FAB_CONN_WAIT_ICREQ] = "no ICReq in time",
		[FAB_CONN_WAIT_CONNECT] = "no Connect in time",
		[FAB_CONN_AUTHENTICATING] = "not authenticated in time",
		[FAB_CONN_LIVE] = "not authenticated again in time",
		[FAB_CONN_DRAINING] = "not drained in time",
		[FAB_CONN_TERMINATING] = "C2HTermReq not sent in time",
	};
	uint64_t now = conn->env->now;

	conn->busy++;
	if (now >= conn->deadline) {
		if (conn->auth.under_way && !conn->auth.lent && conn->state <= FAB_CONN_LIVE)
			fab_auth_tell(conn);
		conn_close(conn, why[conn->state]);
	} else if (has_keep_alive(conn) && now >= fab_ctrl_deadline(conn->ctrl) &&
		   fab_ctrl_expired(conn->ctrl, now))
		conn_close(conn, "keep alive timeout");
	conn->busy--;
}

/* ---- abort ---- */

struct fab_req *fab_conn_find(struct fab_conn *conn, uint16_t cid)
{
	for (uint16_t i = 0; i < conn->nr_slots; i++) {
		struct fab_req *req = conn->slots[i];

		if (req && req->cid == cid && req->state != FAB_REQ_RESPONDING)
			return req;
	}
	return NULL;
}

/* A request whose capsule is still coming in, or whose R2T the host has seen, is answered when its
 * data is in: its TTAG must not come to mean another command before. */
static bool data_is_coming(const struct fab_conn *conn, const struct fab_req *req)
{
	if (conn->rx_req == req)
		return true;
	return req->state == FAB_REQ_WAIT_DATA &&
	       !((req->tx.flags & FAB_TX_QUEUED) && req->tx.sent == 0);
}

bool fab_conn_abort(struct fab_conn *conn, uint16_t cid)
{
	struct fab_req *req = fab_conn_find(conn, cid);

	if (!req)
		return false;
	req->flags |= FAB_REQ_ABORTED;
	if (req->state == FAB_REQ_EXECUTING) {
		if (req->ops->cancel)
			req->ops->cancel(req);
		return true;
	}
	if (data_is_coming(conn, req))
		return true;
	if (req->state == FAB_REQ_WAIT_BUF)
		TAILQ_REMOVE(&conn->wait_buf, req, link);
	if (req->tx.flags & FAB_TX_QUEUED)
		conn_tx_unlink(conn, &req->tx);
	conn_respond(conn, req, FAB_RETRY(NVME_SC_ABORT_REQ));
	return true;
}

/* ---- what others ask ---- */

void *fab_conn_user(const struct fab_conn *conn)
{
	return conn->params.user;
}

enum fab_conn_state fab_conn_state(const struct fab_conn *conn)
{
	return conn->state;
}

struct fab_ctrl *fab_conn_ctrl(const struct fab_conn *conn)
{
	return conn->ctrl;
}

uint16_t fab_conn_qid(const struct fab_conn *conn)
{
	return conn->qid;
}

struct fab_env *fab_conn_env(const struct fab_conn *conn)
{
	return conn->env;
}

struct fab_site *fab_conn_site(const struct fab_conn *conn)
{
	return conn->params.site;
}

const struct fab_portal *fab_conn_portal(const struct fab_conn *conn)
{
	return conn->params.portal;
}

const struct sockaddr_storage *fab_conn_local(const struct fab_conn *conn)
{
	return &conn->params.local;
}

const struct sockaddr_storage *fab_conn_peer(const struct fab_conn *conn)
{
	return &conn->params.peer;
}

bool fab_conn_hdgst(const struct fab_conn *conn)
{
	return conn->rx.rules.hdgst;
}

bool fab_conn_ddgst(const struct fab_conn *conn)
{
	return conn->rx.rules.ddgst;
}

unsigned int fab_conn_inflight(const struct fab_conn *conn)
{
	return conn->nr_inflight;
}

const struct fab_conn_stats *fab_conn_stats(const struct fab_conn *conn)
{
	return &conn->stats;
}

struct fab_conn_end fab_conn_end(const struct fab_conn *conn)
{
	return conn->end;
}
