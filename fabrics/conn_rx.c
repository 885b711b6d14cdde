/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/conn_rx.c - the receiving half of a connection: PDUs become commands and their data.
 * Owns: bytes kept while a capsule waits for a buffer.  Thread: the connection's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.1-3.6.
 *
 * In-capsule data that lies wholly in what was pushed is executed from where it lies; otherwise it
 * goes to a pool buffer, for which fab_conn_want() asks by address. */
#include <stdlib.h>

#include "common/probe.h"
#include "fabrics/conn_impl.h"
#include "fabrics/ctrl.h"

static struct fab_conn *rx_conn(struct fab_rx *rx)
{
	return cmn_container_of(rx, struct fab_conn, rx);
}

/* ---- data for a command ---- */

void conn_run(struct fab_conn *conn, struct fab_req *req)
{
	if (unlikely(req->flags & (FAB_REQ_ABORTED | FAB_REQ_BAD_DIGEST))) {
		conn_respond(conn, req,
			     FAB_RETRY(req->flags & FAB_REQ_ABORTED ? NVME_SC_ABORT_REQ
								    : NVME_SC_TRANSIENT_TRANSPORT));
		return;
	}
	req_set_state(req, FAB_REQ_EXECUTING);
	req->ops->execute(req);
}

static void kickstart(struct fab_conn *conn);

static void rx_payload(struct fab_rx *rx, bool bad)
{
	struct fab_conn *conn = rx_conn(rx);
	struct fab_req *req = conn->rx_req;

	conn->rx_req = NULL;
	if (unlikely(conn->kd_data))
		kickstart(conn);
	if (!req)
		return;
	if (unlikely(bad))
		req->flags |= FAB_REQ_BAD_DIGEST;
	req->received = conn->rx_capsule ? req->len : req->received + rx->data_len;
	if (req->received == req->len)
		conn_run(conn, req);
}

/* Asks for a write's data, or lets it wait for the buffer that comes first. */
static void want_h2c(struct fab_conn *conn, struct fab_req *req)
{
	if (TAILQ_EMPTY(&conn->wait_buf) && fab_req_get_buf(req, req->len) == 0) {
		conn_tx_r2t(conn, req);
		return;
	}
	req_set_state(req, FAB_REQ_WAIT_BUF);
	TAILQ_INSERT_TAIL(&conn->wait_buf, req, link);
}

/* ---- CapsuleCmd ---- */

/* Does the data pointer have room for what the command moves?  A longer one is fine: Linux always
 * describes 4 KiB for Dataset Management, however few ranges there are. */
static struct fab_status check_sgl(const struct fab_req *req, uint32_t icd)
{
	const struct nvme_sgl *sgl = &req->cmd.sgl;
	uint64_t off = le64toh(sgl->addr);
	uint32_t len = le32toh(sgl->length);

	if (unlikely(len < req->len))
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_DATA_LEN,
				  offsetof(struct nvme_cmd, sgl.length));
	if (sgl->id == NVME_SGL_ID_TRANSPORT)
		return FAB_OK;
	if (sgl->id != NVME_SGL_ID_INCAPSULE || req->dir != FAB_DIR_H2C)
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_TYPE, offsetof(struct nvme_cmd, sgl.id));
	if (off > icd || len > icd - off)
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_OFFSET, offsetof(struct nvme_cmd, sgl.addr));
	return FAB_OK;
}

/* The capsule's data in place, when all of it (and its digest) is in what was pushed. */
static bool take_borrowed(struct fab_conn *conn, struct fab_req *req, const struct fab_pdu_geom *g,
			  struct fab_rx_input *in)
{
	bool bad;
	const uint8_t *data = fab_rx_take(&conn->rx, g, in, &bad);

	if (!data)
		return false;
	if (unlikely(bad))
		req->flags |= FAB_REQ_BAD_DIGEST;
	req->data = (uint8_t *)(uintptr_t)data + le64toh(req->cmd.sgl.addr);
	req->flags |= FAB_REQ_DATA_BORROWED;
	req->received = req->len;
	conn_run(conn, req);
	return true;
}

/* Receives the capsule's data into a buffer; false: there is none. */
static bool receive_capsule(struct fab_conn *conn, struct fab_req *req,
			    const struct fab_pdu_geom *g)
{
	if (fab_req_get_buf(req, g->data_len) < 0)
		return false;
	req->data += le64toh(req->cmd.sgl.addr);
	req_set_state(req, FAB_REQ_WAIT_DATA);
	fab_rx_payload(&conn->rx, g, req->buf);
	return true;
}

static void capsule_payload(struct fab_conn *conn, struct fab_req *req,
			    const struct fab_pdu_geom *g)
{
	conn->rx_req = req;
	conn->rx_capsule = true;
	if (receive_capsule(conn, req, g))
		return;
	req_set_state(req, FAB_REQ_WAIT_BUF);
	conn->stalled = true;
	conn->stalled_geom = *g;
	conn->rx.halted = true;
}

static void skip_payload(struct fab_conn *conn, const struct fab_pdu_geom *g)
{
	if (g->data_len)
		fab_rx_payload(&conn->rx, g, NULL);
}

static void start_command(struct fab_conn *conn, struct fab_req *req, const struct fab_pdu_geom *g,
			  struct fab_rx_input *in)
{
	struct fab_status st = conn->ops->parse(req);

	CMN_PROBE5(command__start, conn, conn->qid, req->cid, req->cmd.opcode, req->len);
	if (likely(!fab_failed(st)) && req->len && req->dir != FAB_DIR_NONE)
		st = check_sgl(req, g->data_len);
	if (unlikely(fab_failed(st))) {
		skip_payload(conn, g);
		conn_respond(conn, req, st);
		return;
	}
	if (req->dir != FAB_DIR_H2C || !req->len) {
		req->out_len = req->len;
		skip_payload(conn, g);
		req_set_state(req, FAB_REQ_EXECUTING);
		req->ops->execute(req);
	} else if (req->cmd.sgl.id == NVME_SGL_ID_TRANSPORT) {
		skip_payload(conn, g);
		want_h2c(conn, req);
	} else if (req->flags & FAB_REQ_NO_BORROW || !take_borrowed(conn, req, g, in)) {
		capsule_payload(conn, req, g);
	}
}

static void rx_cmd(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g,
		   struct fab_rx_input *in)
{
	const struct nvme_tcp_cmd *pdu = hdr;
	struct fab_req *req;

	if (unlikely(conn->kickstart)) {
		conn_fatal(conn, FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0), hdr, sizeof(*pdu));
		return;
	}
	if (unlikely(g->data_len > conn->max_icd)) {
		conn_fatal(conn, FAB_BAD_FIELD(struct nvme_tcp_hdr, plen), hdr, sizeof(*pdu));
		return;
	}
	if (unlikely(conn->state ==
		     FAB_CONN_DRAINING)) { /* never read: its host sends it again elsewhere */
		skip_payload(conn, g);
		return;
	}
	/* Base 2.1, 3.3.2.5 allows one command less than the queue has entries; kernels up to 6.x
	 * use them all. */
	if (unlikely(conn->nr_inflight >= conn->entries)) {
		conn_fatal(conn, FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0), hdr, sizeof(*pdu));
		return;
	}
	req = conn_req_new(conn);
	if (unlikely(!req)) {
		conn_close(conn, "out of memory");
		return;
	}
	memcpy(&req->cmd, &pdu->sqe, sizeof(req->cmd));
	req->cid = req->cmd.cid;
	stat_add(&conn->stats.capsules_in, 1);
	start_command(conn, req, g, in);
}

/* ---- H2CData ---- */

static struct fab_fault check_h2c(const struct fab_conn *conn, const struct nvme_tcp_data *pdu,
				  const struct fab_pdu_geom *g)
{
	uint16_t ttag = le16toh(pdu->ttag);
	uint32_t datao = le32toh(pdu->datao), datal = le32toh(pdu->datal);
	const struct fab_req *req = ttag < conn->nr_slots ? conn->slots[ttag] : NULL;
	bool last = pdu->hdr.flags & NVME_TCP_F_LAST;

	/* A tag that was never told, or whose R2T hasn't even left, is made up. */
	if (!req || req->state != FAB_REQ_WAIT_DATA || (req->tx.flags & FAB_TX_QUEUED))
		return FAB_BAD_FIELD(struct nvme_tcp_data, ttag);
	if (req->cid != pdu->cccid)
		return FAB_BAD_FIELD(struct nvme_tcp_data, cccid);
	if (!datal || datal != g->data_len)
		return FAB_BAD_FIELD(struct nvme_tcp_data, datal);
	if (datal > conn->max_h2c_data)
		return FAB_FAULT(NVME_TCP_FES_LIMIT, 0);
	if (datao != req->received || datal > req->len - req->received)
		return FAB_FAULT(NVME_TCP_FES_DATA_RANGE, 0);
	if (last != (datao + datal == req->len))
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, flags);
	return FAB_NO_FAULT;
}

static void rx_h2c_data(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g,
			struct fab_rx_input *in)
{
	const struct nvme_tcp_data *pdu = hdr;
	struct fab_fault fault = check_h2c(conn, pdu, g);
	struct fab_req *req;

	(void)in;
	if (unlikely(fault.fes)) {
		conn_fatal(conn, fault, hdr, sizeof(*pdu));
		return;
	}
	req = conn->slots[le16toh(pdu->ttag)];
	conn->rx_req = req;
	conn->rx_capsule = false;
	fab_rx_payload(&conn->rx, g, (uint8_t *)req->buf + req->received);
}

/* ---- ICReq, H2CTermReq ---- */

static struct fab_fault check_icreq(const struct nvme_tcp_icreq *req)
{
	if (req->pfv != NVME_TCP_PFV_1_0)
		return FAB_FAULT(NVME_TCP_FES_UNSUPP_PARAM, offsetof(struct nvme_tcp_icreq, pfv));
	if (req->hpda > NVME_TCP_HPDA_MAX)
		return FAB_BAD_FIELD(struct nvme_tcp_icreq, hpda);
	return FAB_NO_FAULT;
}

/* Digests exactly as asked: Linux refuses more and less.  MAXR2T needs no memory: there is one R2T
 * per command.  A kickstart discovery connection carries one request, and has none. */
static void rx_icreq(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g,
		     struct fab_rx_input *in)
{
	const struct nvme_tcp_icreq *req = hdr;
	struct nvme_tcp_icresp resp = { .pfv = NVME_TCP_PFV_1_0 };
	struct fab_fault fault = check_icreq(req);
	const struct fab_site *site = conn->params.site;
	uint32_t align;

	(void)g;
	(void)in;
	if (fault.fes) {
		conn_fatal(conn, fault, hdr, sizeof(*req));
		return;
	}
	conn->kickstart = site && site->ops->kickstart && (req->hdr.flags & NVME_TCP_F_KDCONN);
	conn->rx.rules.hdgst = !conn->kickstart && (req->dgst & NVME_TCP_DGST_HDGST);
	conn->rx.rules.ddgst = !conn->kickstart && (req->dgst & NVME_TCP_DGST_DDGST);
	conn->rx.rules.ic_done = true;
	align = (req->hpda + 1u) * 4;
	conn->c2h_pdo = (uint8_t)((sizeof(struct nvme_tcp_data) + (conn->rx.rules.hdgst ? 4 : 0) +
				   align - 1) /
				  align * align);
	fab_pdu_put_hdr(&resp.hdr, NVME_TCP_ICRESP, sizeof(resp), 0, sizeof(resp));
	resp.dgst = (conn->rx.rules.hdgst ? NVME_TCP_DGST_HDGST : 0) |
		    (conn->rx.rules.ddgst ? NVME_TCP_DGST_DDGST : 0);
	resp.maxh2cdata = htole32(conn->max_h2c_data);
	memcpy(conn->ctl_buf, &resp, sizeof(resp));
	conn_tx_raw(conn, sizeof(resp));
	conn_set_state(conn, FAB_CONN_WAIT_CONNECT);
}

static void rx_term(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g,
		    struct fab_rx_input *in)
{
	const struct nvme_tcp_term *term = hdr;

	(void)g;
	(void)in;
	conn->end = (struct fab_conn_end){ .fes = le16toh(term->fes),
					   .fei = le32toh(term->fei),
					   .by_peer = true,
					   .why = "H2CTermReq" };
	conn_close(conn, NULL);
}

/* ---- KDReq ---- */

static struct fab_fault check_kdreq(const struct fab_conn *conn, const struct nvme_tcp_kdreq *req,
				    const struct fab_pdu_geom *g)
{
	uint32_t nr = le16toh(req->numkr);

	if (!conn->kickstart || (conn->ctl_tx.flags & FAB_TX_QUEUED))
		return FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0);
	if (nr > FAB_KICKSTART_RECORDS)
		return FAB_BAD_FIELD(struct nvme_tcp_kdreq, numkr);
	if (g->data_len != nr * sizeof(struct nvme_tcp_kickstart))
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, plen);
	return FAB_NO_FAULT;
}

/* All of it is here: answered, and with that the connection ends (Base 2.1, 8.3.2.2.2.1). */
static void kickstart(struct fab_conn *conn)
{
	struct fab_site *site = conn->params.site;
	uint32_t len = le16toh(conn->kd_req.numkr) * (uint32_t)sizeof(struct nvme_tcp_kickstart);
	struct nvme_tcp_kdresp resp;
	struct fab_kickstart in;
	const char *nqn = "";
	uint8_t why = fab_kickstart_decode(&conn->kd_req, conn->kd_data, len, &in);

	uint8_t refused = site->ops->kickstart(site, conn, why ? NULL : &in, &nqn);

	free(conn->kd_data);
	conn->kd_data = NULL;
	conn->kickstart = false;
	fab_kickstart_put_resp(&resp, why ? why : refused, nqn);
	memcpy(conn->ctl_buf, &resp, sizeof(resp));
	conn_tx_raw(conn, sizeof(resp));
	conn_set_state(conn, FAB_CONN_DRAINING);
}

static void rx_kdreq(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g,
		     struct fab_rx_input *in)
{
	struct fab_fault fault = check_kdreq(conn, hdr, g);

	(void)in;
	if (fault.fes) {
		conn_fatal(conn, fault, hdr, sizeof(struct nvme_tcp_kdreq));
		return;
	}
	memcpy(&conn->kd_req, hdr, sizeof(conn->kd_req));
	conn->kd_data = malloc(g->data_len + 1);
	if (!conn->kd_data)
		conn_close(conn, "out of memory");
	else if (g->data_len)
		fab_rx_payload(&conn->rx, g, conn->kd_data);
	else
		kickstart(conn);
}

/* ---- bytes to PDUs ---- */

typedef void (*rx_pdu_fn)(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g,
			  struct fab_rx_input *in);

static const rx_pdu_fn on_pdu[NVME_TCP_PDU_TYPE_COUNT] = {
	[NVME_TCP_ICREQ] = rx_icreq,	   [NVME_TCP_H2C_TERM] = rx_term, [NVME_TCP_CMD] = rx_cmd,
	[NVME_TCP_H2C_DATA] = rx_h2c_data, [NVME_TCP_KDREQ] = rx_kdreq,
};

static void rx_pdu(struct fab_rx *rx, const struct nvme_tcp_hdr *hdr, const struct fab_pdu_geom *g,
		   struct fab_rx_input *in)
{
	on_pdu[hdr->type](rx_conn(rx), hdr, g, in);
}

static void rx_fault(struct fab_rx *rx, struct fab_fault fault, const void *hdr, uint32_t len)
{
	conn_fatal(rx_conn(rx), fault, hdr, len);
}

const struct fab_rx_ops conn_rx_ops = {
	.pdu = rx_pdu,
	.payload = rx_payload,
	.fault = rx_fault,
};

/* Bytes behind a capsule that waits for a buffer are kept: the socket has given them away already.
 */
static void keep(struct fab_conn *conn, const uint8_t *p, size_t len)
{
	if (conn->kept_len + len > conn->kept_cap) {
		uint8_t *kept = realloc(conn->kept, conn->kept_len + len);

		if (!kept) {
			conn_close(conn, "out of memory");
			return;
		}
		conn->kept = kept;
		conn->kept_cap = conn->kept_len + len;
	}
	memcpy(conn->kept + conn->kept_len, p, len);
	conn->kept_len += len;
}

/* Returns how many bytes it took; the rest came after the end, or behind a stalled capsule. */
static size_t run(struct fab_conn *conn, const uint8_t *buf, size_t len)
{
	uint64_t before = conn->stats.capsules_in;
	size_t n = fab_rx_run(&conn->rx, buf, len);

	if (conn->ctrl && conn->stats.capsules_in != before)
		fab_ctrl_saw_traffic(conn->ctrl);
	return n;
}

void fab_conn_push(struct fab_conn *conn, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t n;

	conn->busy++;
	n = run(conn, p, len);
	if (unlikely(n < len) && conn_answers(conn))
		keep(conn, p + n, len - n);
	conn->busy--;
}

size_t fab_conn_want(struct fab_conn *conn, void **ret_dst)
{
	return fab_rx_want(&conn->rx, ret_dst);
}

void fab_conn_took(struct fab_conn *conn, size_t n)
{
	conn->busy++;
	fab_rx_took(&conn->rx, n);
	conn->busy--;
}

bool fab_conn_paused(const struct fab_conn *conn)
{
	return conn->stalled;
}

/* ---- buffers came back ---- */

/* First come, first served: a request whose buffer isn't to be had keeps the later ones waiting. */
static void serve_waiting(struct fab_conn *conn)
{
	struct fab_req *req;

	while (conn_answers(conn) && (req = TAILQ_FIRST(&conn->wait_buf))) {
		bool again = req->flags & FAB_REQ_AGAIN;

		if (fab_req_get_buf(req, again ? req->buf_len : req->len) < 0)
			return;
		TAILQ_REMOVE(&conn->wait_buf, req, link);
		req->flags &= (uint8_t)~FAB_REQ_AGAIN;
		if (again)
			conn_run(conn, req);
		else
			conn_tx_r2t(conn, req);
	}
}

static void serve_stalled(struct fab_conn *conn)
{
	size_t len = conn->kept_len, n;

	if (!receive_capsule(conn, conn->rx_req, &conn->stalled_geom))
		return;
	conn->stalled = false;
	conn->rx.halted = false;
	if (!len)
		return;
	n = run(conn, conn->kept, len);
	conn->kept_len = len - n;
	memmove(conn->kept, conn->kept + n, len - n);
}

void fab_conn_resume(struct fab_conn *conn)
{
	conn->busy++;
	serve_waiting(conn);
	if (conn_answers(conn) && conn->stalled && TAILQ_EMPTY(&conn->wait_buf))
		serve_stalled(conn);
	conn->busy--;
}
