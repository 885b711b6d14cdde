/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/conn_tx.c - the sending half of a connection: responses built in place, gathered into few
 * pieces.
 * Owns: the send queue.  Thread: the connection's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.3.2 (data transfer), 3.6 (PDUs). */
#include <stdlib.h>

#include "fabrics/conn_impl.h"
#include "fabrics/tcp/gather.h"

#define PREFETCH_MAX 1024u /* the processor fetches what follows by itself; more at once only waits for memory */

static const uint8_t zeroes[256];

void conn_tx_queue(struct fab_conn *conn, struct fab_tx *tx)
{
	tx->sent = 0;
	tx->total = (uint32_t)tx->head_len + tx->pad + tx->data_len + tx->tail_len;
	tx->flags |= FAB_TX_QUEUED;
	TAILQ_INSERT_TAIL(&conn->tx, tx, link);
}

void conn_tx_unlink(struct fab_conn *conn, struct fab_tx *tx)
{
	TAILQ_REMOVE(&conn->tx, tx, link);
	tx->flags &= (uint8_t)~FAB_TX_QUEUED;
}

void conn_tx_raw(struct fab_conn *conn, uint32_t len)
{
	struct fab_tx *tx = &conn->ctl_tx;

	tx->head_len = 0;
	tx->tail_len = 0;
	tx->pad = 0;
	tx->flags = 0;
	tx->data = conn->ctl_buf;
	tx->data_len = len;
	conn_tx_queue(conn, tx);
}

static struct fab_req *tx_req(const struct fab_conn *conn, struct fab_tx *tx)
{
	return tx == &conn->ctl_tx ? NULL : cmn_container_of(tx, struct fab_req, tx);
}

/* One R2T for all that the command still wants: its buffer is there, so there is no reason to ask
 * in parts. */
void conn_tx_r2t(struct fab_conn *conn, struct fab_req *req)
{
	struct fab_tx *tx = &req->tx;
	struct nvme_tcp_r2t *pdu = (struct nvme_tcp_r2t *)tx->head;
	bool hdgst = conn->rx.rules.hdgst;

	fab_pdu_put_hdr(&pdu->hdr, NVME_TCP_R2T, sizeof(*pdu), hdgst ? NVME_TCP_F_HDGST : 0,
			sizeof(*pdu) + (hdgst ? NVME_TCP_DIGEST_LEN : 0));
	pdu->cccid = req->cid;
	pdu->ttag = htole16(req->slot);
	pdu->r2to = 0;
	pdu->r2tl = htole32(req->len);
	memset(pdu->rsvd20, 0, sizeof(pdu->rsvd20));
	tx->head_len = sizeof(*pdu);
	if (hdgst) {
		fab_digest_put(tx->head + sizeof(*pdu), tx->head, sizeof(*pdu));
		tx->head_len += NVME_TCP_DIGEST_LEN;
	}
	tx->pad = 0;
	tx->data_len = 0;
	tx->tail_len = 0;
	tx->flags = 0;
	req_set_state(req, FAB_REQ_WAIT_DATA);
	conn_tx_queue(conn, tx);
	stat_add(&conn->stats.r2ts, 1);
}

/* SQHD moves on when a command ends, not when it is taken from the socket: so a host that goes by
 * it never has more than the queue's size in flight.  Without SQ flow control it is reserved, but
 * FFFFh in the response to the Connect that turned it off (Base 2.1, 3.3.2.5). */
static uint16_t next_sqhd(struct fab_conn *conn)
{
	bool first = conn->connect_reply;

	if (conn->sqflow_off) {
		conn->connect_reply = false;
		return first ? 0xffff : 0;
	}
	conn->sqhd = conn->sqhd + 1 < conn->entries ? conn->sqhd + 1 : 0;
	return conn->sqhd;
}

/* May the SUCCESS flag stand for the response?  Only a response that says nothing: success, no
 * result, all the data that the SGL has room for (Linux fails a shorter one).  It also says nothing
 * of SQHD.  With SQ flow control a host might wait for that, so at the latest every half queue a
 * response is sent; Linux and SPDK hosts don't look at SQHD, and SPDK's target leaves all of them
 * out. */
static bool success_will_do(struct fab_conn *conn, const struct fab_req *req)
{
	if (req->cqe.result || req->out_len != le32toh(req->cmd.sgl.length))
		return false;
	if (conn->sqflow_off)
		return true;
	if (conn->untold + 1 >= conn->entries / 2)
		return false;
	conn->untold++;
	return true;
}

static void put_c2h_head(struct fab_conn *conn, struct fab_req *req, bool success)
{
	struct fab_tx *tx = &req->tx;
	struct nvme_tcp_data *pdu = (struct nvme_tcp_data *)tx->head;
	bool hdgst = conn->rx.rules.hdgst, ddgst = conn->rx.rules.ddgst;
	uint8_t flags = NVME_TCP_F_LAST | (success ? NVME_TCP_F_SUCCESS : 0);

	flags |= (hdgst ? NVME_TCP_F_HDGST : 0) | (ddgst ? NVME_TCP_F_DDGST : 0);
	fab_pdu_put_hdr(&pdu->hdr, NVME_TCP_C2H_DATA, sizeof(*pdu), flags,
			conn->c2h_pdo + req->out_len + (ddgst ? NVME_TCP_DIGEST_LEN : 0));
	pdu->hdr.pdo = conn->c2h_pdo;
	pdu->cccid = req->cid;
	pdu->ttag = 0;
	pdu->datao = 0;
	pdu->datal = htole32(req->out_len);
	memset(pdu->rsvd20, 0, sizeof(pdu->rsvd20));
	tx->head_len = sizeof(*pdu);
	if (unlikely(hdgst)) {
		fab_digest_put(tx->head + sizeof(*pdu), tx->head, sizeof(*pdu));
		tx->head_len += NVME_TCP_DIGEST_LEN;
	}
	tx->pad = conn->c2h_pdo - tx->head_len;
	tx->tail_len = 0;
	tx->flags = FAB_TX_LAST;
	if (unlikely(ddgst)) {
		tx->tail_len = NVME_TCP_DIGEST_LEN;
		tx->flags |= FAB_TX_DIGEST;
	}
}

void conn_tx_response(struct fab_conn *conn, struct fab_req *req, struct fab_status st)
{
	struct fab_tx *tx = &req->tx;
	uint16_t sqhd = next_sqhd(conn);
	bool data = !fab_failed(st) && req->dir == FAB_DIR_C2H && req->out_len && req->data;
	uint64_t tail;

	if (unlikely(tx->flags & FAB_TX_QUEUED)) /* an R2T that nobody has seen */
		conn_tx_unlink(conn, tx);
	if (data) {
		bool success = success_will_do(conn, req);

		put_c2h_head(conn, req, success);
		tx->data = req->data;
		tx->data_len = req->out_len;
		if (success) {
			conn_tx_queue(conn, tx);
			return;
		}
	} else {
		tx->head_len = 0;
		tx->pad = 0;
		tx->data_len = 0;
		tx->tail_len = 0;
		tx->flags = FAB_TX_LAST;
	}
	tail = fab_cqe_tail(sqhd, req->cid, NVME_CQE_STATUS(st.code, 0, false, st.dnr));
	tx->tail_len += (uint8_t)fab_pdu_put_rsp(tx->tail + tx->tail_len, req->cqe.result, tail,
						 conn->rx.rules.hdgst);
	conn->untold = 0;
	conn_tx_queue(conn, tx);
}

/* ---- live data ---- */

/* Copies what is left of tx's data to a buffer of its own, so that the original may change. */
static bool tx_freeze(struct fab_conn *conn, struct fab_req *req)
{
	struct fab_tx *tx = &req->tx;
	uint32_t before = (uint32_t)tx->head_len + tx->pad;
	uint32_t done = tx->sent > before ? cmn_min(tx->sent - before, tx->data_len) : 0;
	uint8_t *buf = conn->env->buf_get(conn->env, tx->data_len);

	req_put_buf(req);
	if (unlikely(!buf)) {
		buf = malloc(tx->data_len);
		if (!buf)
			return false;
		req->flags |= FAB_REQ_BUF_HEAP;
	}
	memcpy(buf + done, tx->data + done, tx->data_len - done);
	req->buf = buf;
	req->buf_len = tx->data_len;
	req->data = buf;
	tx->data = buf;
	req->flags &= (uint8_t)~FAB_REQ_DATA_LIVE;
	return true;
}

static bool tx_pin(struct fab_req *req)
{
	if (req->ops->pin && !req->ops->pin(req))
		return false;
	req->tx.flags |= FAB_TX_PINNED;
	return true;
}

static void tx_unpin(struct fab_req *req)
{
	req->tx.flags &= (uint8_t)~FAB_TX_PINNED;
	if (req->ops->unpin)
		req->ops->unpin(req);
}

/* A digest reads all of the data, and computing it is much faster than memory: fetch what the next digest is of meanwhile. */
static void prefetch(const struct fab_tx *tx)
{
	if (!tx || !(tx->flags & FAB_TX_DIGEST))
		return;
	for (uint32_t at = 0; at < cmn_min(tx->data_len, PREFETCH_MAX); at += 64)
		__builtin_prefetch(tx->data + at);
}

/* Makes tx's data fit to be handed to the socket.  false: not this turn. */
static bool tx_prepare(const struct fab_conn *conn, struct fab_tx *tx)
{
	struct fab_req *req = tx_req(conn, tx);

	if (!req || !tx->data_len)
		return true;
	if (req->flags & FAB_REQ_DATA_LIVE && !tx_pin(req))
		return false;
	/* Live data is pinned until it is sent, so the digest is of the very bytes that follow it. */
	if (unlikely(tx->flags & FAB_TX_DIGEST)) {
		prefetch(TAILQ_NEXT(tx, link));
		fab_digest_put(tx->tail, tx->data, tx->data_len);
		tx->flags &= (uint8_t)~FAB_TX_DIGEST;
	}
	return true;
}

bool fab_conn_detach_live(struct fab_conn *conn, const struct fab_ns *ns)
{
	struct fab_tx *tx;
	bool all = true;

	TAILQ_FOREACH(tx, &conn->tx, link) {
		struct fab_req *req = tx_req(conn, tx);

		if (!req || !(req->flags & FAB_REQ_DATA_LIVE) || !tx->data_len ||
		    (ns && req->ns != ns))
			continue;
		if (!tx_pin(req)) {
			all = false;
			continue;
		}
		all &= tx_freeze(conn, req);
		tx_unpin(req);
	}
	return all;
}

/* ---- gather and sent ---- */

bool fab_conn_wants_send(const struct fab_conn *conn)
{
	return !TAILQ_EMPTY(&conn->tx) && conn->state != FAB_CONN_CLOSED;
}

int fab_conn_gather(struct fab_conn *conn, struct iovec *iov, int max, size_t limit)
{
	struct fab_gather g = { .iov = iov,
				.arena = conn->arena,
				.arena_end = conn->arena + sizeof(conn->arena) };
	struct fab_tx *tx;

	assert(!conn->nr_gathered);
	TAILQ_FOREACH(tx, &conn->tx, link) {
		if (g.n + 4 > max || g.bytes >= limit || conn->nr_gathered == UINT16_MAX)
			break;
		if (!tx_prepare(conn, tx))
			break;
		g.skip = tx->sent;
		fab_gather_add(&g, tx->head, tx->head_len, true);
		if (unlikely(tx->pad))
			fab_gather_add(&g, zeroes, tx->pad, true);
		fab_gather_add(&g, tx->data, tx->data_len, false);
		fab_gather_add(&g, tx->tail, tx->tail_len, true);
		conn->nr_gathered++;
	}
	return g.n;
}

static void settle(struct fab_fresh *fresh, uint64_t took)
{
	struct fab_conn *conn = cmn_container_of(fresh, struct fab_conn, fresh);
	struct fab_conn_stats *s = &conn->stats;

	if (conn->nr_fresh_reads) {
		stat_add(&s->read_ns, conn->nr_fresh_reads * took);
		cmn_latency_add(&s->read_latency, took, conn->nr_fresh_reads);
	}
	if (conn->nr_fresh_writes) {
		stat_add(&s->write_ns, conn->nr_fresh_writes * took);
		cmn_latency_add(&s->write_latency, took, conn->nr_fresh_writes);
	}
	conn->nr_fresh_reads = conn->nr_fresh_writes = 0;
}

/* A command has been answered, whatever the answer. */
static void count_time(struct fab_conn *conn, const struct fab_req *req)
{
	uint64_t took = conn->env->now - req->started;
	struct fab_conn_stats *s = &conn->stats;

	if (req->dir == FAB_DIR_NONE)
		return;
	if (likely(!took)) {
		if (req->dir == FAB_DIR_C2H)
			conn->nr_fresh_reads++;
		else
			conn->nr_fresh_writes++;
		conn->fresh.settle = settle;
		fab_env_fresh(conn->env, &conn->fresh);
	} else if (req->dir == FAB_DIR_C2H) {
		stat_add(&s->read_ns, took);
		cmn_latency_add(&s->read_latency, took, 1);
	} else {
		stat_add(&s->write_ns, took);
		cmn_latency_add(&s->write_latency, took, 1);
	}
}

static void tx_done(struct fab_conn *conn, struct fab_tx *tx)
{
	struct fab_req *req = tx_req(conn, tx);

	conn_tx_unlink(conn, tx);
	stat_add(&conn->stats.pdus_out, 1);
	if (!req)
		return;
	if (tx->flags & FAB_TX_PINNED)
		tx_unpin(req);
	if (tx->flags & FAB_TX_LAST) {
		count_time(conn, req);
		conn_req_free(conn, req);
	}
}

/* The rest of a live piece that was cut must be what its first part belonged to; one that hasn't begun may change, and its digest
 * with it. */
static void tx_cut(struct fab_conn *conn, struct fab_tx *tx)
{
	struct fab_req *req = tx_req(conn, tx);
	uint32_t before = (uint32_t)tx->head_len + tx->pad;

	if (!(tx->flags & FAB_TX_PINNED))
		return;
	if (tx->sent <= before && conn->rx.rules.ddgst)
		tx->flags |= FAB_TX_DIGEST;
	if (tx->sent > before && tx->sent < before + tx->data_len && !tx_freeze(conn, req))
		conn_close(conn, "out of memory");
	tx_unpin(req);
}

void fab_conn_sent(struct fab_conn *conn, size_t n)
{
	struct fab_tx *tx = TAILQ_FIRST(&conn->tx), *next;
	unsigned int left = conn->nr_gathered;

	conn->nr_gathered = 0;
	conn->busy++;
	for (; left > 0; left--, tx = next) {
		size_t rest = tx->total - tx->sent;

		next = TAILQ_NEXT(tx, link);
		if (n >= rest) {
			n -= rest;
			tx_done(conn, tx);
			continue;
		}
		tx->sent += (uint32_t)n;
		n = 0;
		tx_cut(conn, tx);
	}
	if (TAILQ_EMPTY(&conn->tx)) {
		if (conn->state == FAB_CONN_TERMINATING)
			conn_close(conn, conn->end.why);
		else if (unlikely(conn->state == FAB_CONN_DRAINING))
			conn_maybe_drained(conn);
	}
	conn->busy--;
}

void conn_tx_drop(struct fab_conn *conn, bool all)
{
	struct fab_tx *tx, *next;

	TAILQ_FOREACH_SAFE(tx, &conn->tx, link, next) {
		struct fab_req *req = tx_req(conn, tx);

		if (tx->sent && !all) /* half of a PDU: the rest must follow */
			continue;
		if (req && (tx->flags & FAB_TX_PINNED))
			tx_unpin(req);
		conn_tx_unlink(conn, tx);
		if (req && (tx->flags & FAB_TX_LAST))
			conn_req_free(conn, req);
	}
}
