/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/req.c - a request's life: taken from the stock, moved through its states, answered, given
 * back.
 * Owns: the environment's stock of requests.  Thread: the connection's.  May block: never
 * (malloc only to grow the stock). */
#include <errno.h>
#include <stdlib.h>

#include "common/probe.h"
#include "common/tally.h"
#include "fabrics/conn_impl.h"
#include "fabrics/ctrl.h"

#define BIT(s) (1u << (FAB_REQ_##s))

static const uint32_t may_go[FAB_REQ_STATE_COUNT] = {
	[FAB_REQ_FREE] = BIT(PARSED),
	[FAB_REQ_PARSED] = BIT(WAIT_BUF) | BIT(WAIT_DATA) | BIT(EXECUTING) | BIT(RESPONDING) |
			   BIT(FREE),
	[FAB_REQ_WAIT_BUF] = BIT(WAIT_DATA) | BIT(EXECUTING) | BIT(RESPONDING) | BIT(FREE),
	[FAB_REQ_WAIT_DATA] = BIT(EXECUTING) | BIT(RESPONDING) | BIT(FREE),
	[FAB_REQ_EXECUTING] = BIT(WAIT_BUF) | BIT(RESPONDING) | BIT(FREE),
	[FAB_REQ_RESPONDING] = BIT(FREE),
};

void req_set_state(struct fab_req *req, enum fab_req_state to)
{
	assert(may_go[req->state] & (1u << to));
	req->state = (uint8_t)to;
}

void fab_env_init(struct fab_env *env)
{
	TAILQ_INIT(&env->free_reqs);
	env->nr_free_reqs = 0;
	env->fresh = &env->fresh_end;
}

void fab_env_fini(struct fab_env *env)
{
	struct fab_req *req;

	while ((req = TAILQ_FIRST(&env->free_reqs))) {
		TAILQ_REMOVE(&env->free_reqs, req, link);
		free(req);
	}
	env->nr_free_reqs = 0;
}

void fab_env_settle(struct fab_env *env, uint64_t took)
{
	while (env->fresh != &env->fresh_end) {
		struct fab_fresh *fresh = env->fresh;

		env->fresh = fresh->next;
		fresh->next = NULL;
		fresh->settle(fresh, took);
	}
}

void fab_env_unfresh(struct fab_env *env, struct fab_fresh *fresh)
{
	struct fab_fresh **at = &env->fresh;

	if (!fresh->next)
		return;
	while (*at != fresh)
		at = &(*at)->next;
	*at = fresh->next;
	fresh->next = NULL;
	fresh->settle(fresh, 0);
}

static struct fab_req *stock_take(struct fab_env *env)
{
	struct fab_req *req = TAILQ_FIRST(&env->free_reqs);

	if (likely(req)) {
		TAILQ_REMOVE(&env->free_reqs, req, link);
		env->nr_free_reqs--;
		return req;
	}
	req = aligned_alloc(64, CMN_ALIGN_UP(sizeof(*req), 64));
	if (req)
		memset(req, 0, sizeof(*req));
	return req;
}

/* Only what a command may find set is cleared: cmd, tx and priv are overwritten by whoever uses
 * them. */
struct fab_req *conn_req_new(struct fab_conn *conn)
{
	struct fab_req *req = stock_take(conn->env);
	uint16_t slot;

	if (unlikely(!req))
		return NULL;
	slot = conn->free_slots[conn->nr_slots - ++conn->nr_inflight];
	conn->slots[slot] = req;
	req_set_state(req, FAB_REQ_PARSED);
	req->conn = conn;
	req->ops = conn->ops;
	req->slot = slot;
	req->view = NULL;
	req->ns = NULL;
	req->row = NULL;
	req->data = NULL;
	req->buf = NULL;
	req->len = 0;
	req->out_len = 0;
	req->buf_len = 0;
	req->received = 0;
	req->dir = FAB_DIR_NONE;
	req->flags = 0;
	req->tx.flags = 0;
	req->cqe.result = 0;
	req->started = conn->env->now;
	return req;
}

void req_put_buf(struct fab_req *req)
{
	struct fab_env *env = req->conn->env;

	if (!req->buf)
		return;
	if (req->flags & FAB_REQ_BUF_HEAP)
		free(req->buf);
	else
		env->buf_put(env, req->buf, req->buf_len);
	req->buf = NULL;
	req->flags &= (uint8_t)~FAB_REQ_BUF_HEAP;
}

void conn_req_free(struct fab_conn *conn, struct fab_req *req)
{
	struct fab_env *env = conn->env;

	if (req->ops->release)
		req->ops->release(req);
	req_put_buf(req);
	conn->slots[req->slot] = NULL;
	conn->free_slots[conn->nr_slots - conn->nr_inflight--] = req->slot;
	req_set_state(req, FAB_REQ_FREE);
	TAILQ_INSERT_HEAD(&env->free_reqs, req, link);
	env->nr_free_reqs++;
}

int fab_req_get_buf(struct fab_req *req, uint32_t len)
{
	struct fab_env *env = req->conn->env;
	void *buf;

	if (req->buf && req->buf_len >= len) { /* it waited for this one */
		req->data = req->buf;
		return 0;
	}
	buf = env->buf_get(env, len);
	if (!buf)
		return -ENOMEM;
	req_put_buf(req);
	req->buf = buf;
	req->buf_len = len;
	req->data = buf;
	return 0;
}

void fab_req_wait_buf(struct fab_req *req, uint32_t len)
{
	if (unlikely(req->flags & FAB_REQ_ORPHAN)) { /* nobody would ever call it again */
		fab_req_complete(req, FAB_RETRY(NVME_SC_ABORT_REQ));
		return;
	}
	req_set_state(req, FAB_REQ_WAIT_BUF);
	req_put_buf(req);
	req->flags |= FAB_REQ_AGAIN;
	req->buf_len = len;
	TAILQ_INSERT_TAIL(&req->conn->wait_buf, req, link);
}

static void count(struct fab_conn *conn, const struct fab_req *req, struct fab_status st)
{
	if (unlikely(fab_failed(st))) {
		stat_add(&conn->stats.errors, 1);
		cmn_tally_add(conn->env->failed, FAB_ENV_STATUSES,
			      (uint16_t)(st.code | (conn->admin ? FAB_ENV_STATUS_ADMIN : 0)));
	} else if (req->dir == FAB_DIR_C2H) {
		stat_add(&conn->stats.reads, 1);
		stat_add(&conn->stats.read_bytes, req->out_len);
	} else if (req->dir == FAB_DIR_H2C) {
		stat_add(&conn->stats.writes, 1);
		stat_add(&conn->stats.write_bytes, req->len);
	} else {
		stat_add(&conn->stats.other, 1);
	}
}

void conn_respond(struct fab_conn *conn, struct fab_req *req, struct fab_status st)
{
	CMN_PROBE5(command__done, conn, conn->qid, req->cid, req->cmd.opcode, +st.code);
	if (unlikely(!conn_answers(conn))) {
		conn_req_free(conn, req);
		return;
	}
	count(conn, req, st);
	if (unlikely(fab_failed(st)) && conn->ctrl)
		fab_ctrl_log_error(conn->ctrl, conn->qid, req->cid, st, 0, le32toh(req->cmd.nsid));
	req_set_state(req, FAB_REQ_RESPONDING);
	conn_tx_response(conn, req, st);
	conn_kick(conn);
}

void fab_req_complete(struct fab_req *req, struct fab_status st)
{
	struct fab_conn *conn = req->conn;

	assert(req->state == FAB_REQ_EXECUTING);
	if (unlikely(req->flags & FAB_REQ_ORPHAN)) {
		conn_req_free(conn, req);
		if (!conn->nr_inflight && !conn->busy)
			fab_conn_destroy(conn);
		return;
	}
	conn_respond(conn, req, st);
}
