/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/conn_rx.c - the receiving half of a connection: bytes become PDUs, PDUs become commands.
 * Owns: the PDU in progress; bytes kept while it waits for a buffer.  Thread: the connection's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.1-3.6.
 *
 * A PDU whose header and payload lie wholly in what was pushed is taken where it lies; otherwise its header is collected in
 * rx.hdr, and its payload goes to a pool buffer, for which fab_conn_want() asks by address. */
#include <stdlib.h>

#include "fabrics/conn_impl.h"
#include "fabrics/ctrl.h"

struct input {
	const uint8_t *p, *end;
};

static inline size_t avail(const struct input *in)
{
	return (size_t)(in->end - in->p);
}

/* -- data for a command ------------------------------------------------------------------------------------------- */

static void no_pdu(struct conn_rx *rx)
{
	rx->phase = RX_HEADER;
	rx->have = 0;
	rx->req = NULL;
}

/* After its header, before its payload. */
static void begin_payload(struct fab_conn *conn, const struct fab_pdu_geom *g, struct fab_req *req, uint8_t *dst)
{
	struct conn_rx *rx = &conn->rx;

	rx->req = req;
	rx->dst = dst;
	rx->start = dst;
	rx->pad = g->pad;
	rx->left = g->data_len;
	rx->data_len = g->data_len;
	rx->dgst_have = 0;
	rx->phase = g->pad ? RX_PAD : RX_PAYLOAD;
}

void conn_run(struct fab_conn *conn, struct fab_req *req)
{
	if (unlikely(req->flags & (FAB_REQ_ABORTED | FAB_REQ_BAD_DIGEST))) {
		conn_respond(conn, req, FAB_RETRY(req->flags & FAB_REQ_ABORTED ? NVME_SC_ABORT_REQ :
										 NVME_SC_TRANSIENT_TRANSPORT));
		return;
	}
	req_set_state(req, FAB_REQ_EXECUTING);
	req->ops->execute(req);
}

static void payload_done(struct fab_conn *conn)
{
	struct conn_rx *rx = &conn->rx;
	struct fab_req *req = rx->req;
	bool bad = conn->rules.ddgst && req && fab_digest_get(rx->dgst) != fab_crc32c(rx->start, rx->data_len);

	no_pdu(rx);
	if (!req)
		return;
	if (unlikely(bad))
		req->flags |= FAB_REQ_BAD_DIGEST;
	req->received = rx->capsule ? req->len : req->received + rx->data_len;
	if (req->received == req->len)
		conn_run(conn, req);
}

static void payload_in(struct fab_conn *conn, size_t n)
{
	struct conn_rx *rx = &conn->rx;

	if (rx->dst)
		rx->dst += n;
	rx->left -= (uint32_t)n;
	if (rx->left)
		return;
	if (conn->rules.ddgst)
		rx->phase = RX_DIGEST;
	else
		payload_done(conn);
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

/* -- CapsuleCmd ----------------------------------------------------------------------------------------------------- */

/* Does the data pointer have room for what the command moves?  A longer one is fine: Linux always describes 4 KiB for
 * Dataset Management, however few ranges there are. */
static struct fab_status check_sgl(const struct fab_req *req, uint32_t icd)
{
	const struct nvme_sgl *sgl = &req->cmd.sgl;
	uint64_t off = le64toh(sgl->addr);
	uint32_t len = le32toh(sgl->length);

	if (unlikely(len < req->len))
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_DATA_LEN, offsetof(struct nvme_cmd, sgl.length));
	if (sgl->id == NVME_SGL_ID_TRANSPORT)
		return FAB_OK;
	if (sgl->id != NVME_SGL_ID_INCAPSULE || req->dir != FAB_DIR_H2C)
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_TYPE, offsetof(struct nvme_cmd, sgl.id));
	if (off > icd || len > icd - off)
		return FAB_ERR_AT(NVME_SC_SGL_INVALID_OFFSET, offsetof(struct nvme_cmd, sgl.addr));
	return FAB_OK;
}

/* The capsule's data in place, when all of it (and its digest) is in what was pushed. */
static bool take_borrowed(struct fab_conn *conn, struct fab_req *req, const struct fab_pdu_geom *g, struct input *in)
{
	const uint8_t *data = in->p + g->pad;
	size_t whole = (size_t)g->pad + g->data_len + (conn->rules.ddgst ? NVME_TCP_DIGEST_LEN : 0);

	if (avail(in) < whole)
		return false;
	in->p += whole;
	if (conn->rules.ddgst && fab_digest_get(data + g->data_len) != fab_crc32c(data, g->data_len))
		req->flags |= FAB_REQ_BAD_DIGEST;
	req->data = (uint8_t *)(uintptr_t)data + le64toh(req->cmd.sgl.addr);
	req->flags |= FAB_REQ_DATA_BORROWED;
	req->received = req->len;
	conn_run(conn, req);
	return true;
}

static void capsule_payload(struct fab_conn *conn, struct fab_req *req, const struct fab_pdu_geom *g)
{
	conn->rx.capsule = true;
	if (fab_req_get_buf(req, g->data_len) == 0) {
		req->data += le64toh(req->cmd.sgl.addr);
		req_set_state(req, FAB_REQ_WAIT_DATA);
		begin_payload(conn, g, req, req->buf);
		return;
	}
	req_set_state(req, FAB_REQ_WAIT_BUF);
	begin_payload(conn, g, req, NULL);
	conn->rx.phase = RX_STALLED;
}

/* Throws the capsule's data away; at once if it is all here. */
static void skip_payload(struct fab_conn *conn, const struct fab_pdu_geom *g)
{
	if (g->data_len)
		begin_payload(conn, g, NULL, NULL);
}

static void start_command(struct fab_conn *conn, struct fab_req *req, const struct fab_pdu_geom *g, struct input *in)
{
	struct fab_status st = conn->ops->parse(req);

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
	} else if (!take_borrowed(conn, req, g, in)) {
		capsule_payload(conn, req, g);
	}
}

static void rx_cmd(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g, struct input *in)
{
	const struct nvme_tcp_cmd *pdu = hdr;
	struct fab_req *req;

	if (unlikely(g->data_len > conn->max_icd)) {
		conn_fatal(conn, FAB_BAD_FIELD(struct nvme_tcp_hdr, plen), hdr, sizeof(*pdu));
		return;
	}
	if (unlikely(conn->state == FAB_CONN_DRAINING)) { /* never read: its host sends it again elsewhere */
		skip_payload(conn, g);
		return;
	}
	/* Base 2.1, 3.3.2.5 allows one command less than the queue has entries; kernels up to 6.x use them all. */
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

/* -- H2CData ----------------------------------------------------------------------------------------------------------- */

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

static void rx_h2c_data(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g, struct input *in)
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
	conn->rx.capsule = false;
	begin_payload(conn, g, req, (uint8_t *)req->buf + req->received);
}

/* -- ICReq, H2CTermReq --------------------------------------------------------------------------------------------------- */

static struct fab_fault check_icreq(const struct nvme_tcp_icreq *req)
{
	if (req->pfv != NVME_TCP_PFV_1_0)
		return FAB_FAULT(NVME_TCP_FES_UNSUPP_PARAM, offsetof(struct nvme_tcp_icreq, pfv));
	if (req->hpda > NVME_TCP_HPDA_MAX)
		return FAB_BAD_FIELD(struct nvme_tcp_icreq, hpda);
	return FAB_NO_FAULT;
}

/* Digests exactly as asked: Linux refuses more and less.  MAXR2T needs no memory: there is one R2T per command. */
static void rx_icreq(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g, struct input *in)
{
	const struct nvme_tcp_icreq *req = hdr;
	struct nvme_tcp_icresp resp = { .pfv = NVME_TCP_PFV_1_0 };
	struct fab_fault fault = check_icreq(req);
	uint32_t align;

	(void)g;
	(void)in;
	if (fault.fes) {
		conn_fatal(conn, fault, hdr, sizeof(*req));
		return;
	}
	conn->rules.hdgst = req->dgst & NVME_TCP_DGST_HDGST;
	conn->rules.ddgst = req->dgst & NVME_TCP_DGST_DDGST;
	conn->rules.ic_done = true;
	align = (req->hpda + 1u) * 4;
	conn->c2h_pdo = (uint8_t)((sizeof(struct nvme_tcp_data) + (conn->rules.hdgst ? 4 : 0) + align - 1) / align * align);
	fab_pdu_put_hdr(&resp.hdr, NVME_TCP_ICRESP, sizeof(resp), 0, sizeof(resp));
	resp.dgst = (conn->rules.hdgst ? NVME_TCP_DGST_HDGST : 0) | (conn->rules.ddgst ? NVME_TCP_DGST_DDGST : 0);
	resp.maxh2cdata = htole32(conn->max_h2c_data);
	memcpy(conn->ctl_buf, &resp, sizeof(resp));
	conn_tx_raw(conn, sizeof(resp));
	conn_set_state(conn, FAB_CONN_WAIT_CONNECT);
}

static void rx_term(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g, struct input *in)
{
	const struct nvme_tcp_term *term = hdr;

	(void)g;
	(void)in;
	conn->end = (struct fab_conn_end){
		.fes = le16toh(term->fes), .fei = le32toh(term->fei), .by_peer = true, .why = "H2CTermReq"
	};
	conn_close(conn, NULL);
}

/* -- bytes to PDUs ----------------------------------------------------------------------------------------------------------- */

typedef void (*rx_pdu_fn)(struct fab_conn *conn, const void *hdr, const struct fab_pdu_geom *g, struct input *in);

static const rx_pdu_fn on_pdu[NVME_TCP_PDU_TYPE_COUNT] = {
	[NVME_TCP_ICREQ] = rx_icreq,
	[NVME_TCP_H2C_TERM] = rx_term,
	[NVME_TCP_CMD] = rx_cmd,
	[NVME_TCP_H2C_DATA] = rx_h2c_data,
};

/* The whole header is at hdr; in goes on behind it. */
static void rx_pdu(struct fab_conn *conn, const struct nvme_tcp_hdr *hdr, struct input *in)
{
	struct fab_pdu_geom g;
	struct fab_fault fault = fab_pdu_check(&conn->rules, hdr, &g);

	conn->rx.have = 0;
	if (unlikely(fault.fes))
		conn_fatal(conn, fault, hdr, hdr->hlen);
	else
		on_pdu[hdr->type](conn, hdr, &g, in);
}

/* Collects up to need bytes of header; true when they are there. */
static bool collect(struct conn_rx *rx, struct input *in, uint32_t need)
{
	size_t n = cmn_min((size_t)(need - rx->have), avail(in));

	memcpy(rx->hdr + rx->have, in->p, n);
	rx->have += (uint16_t)n;
	in->p += n;
	return rx->have == need;
}

static void step_header_in_parts(struct fab_conn *conn, struct input *in)
{
	struct conn_rx *rx = &conn->rx;
	const struct nvme_tcp_hdr *hdr = (const struct nvme_tcp_hdr *)rx->hdr;
	struct fab_fault fault;

	if (rx->have < sizeof(*hdr)) {
		if (!collect(rx, in, sizeof(*hdr)))
			return;
		fault = fab_pdu_check_common(&conn->rules, hdr);
		if (fault.fes) {
			conn_fatal(conn, fault, hdr, sizeof(*hdr));
			return;
		}
	}
	if (collect(rx, in, fab_pdu_hdr_len(&conn->rules, hdr)))
		rx_pdu(conn, hdr, in);
}

static void step_header(struct fab_conn *conn, struct input *in)
{
	const struct nvme_tcp_hdr *hdr = (const struct nvme_tcp_hdr *)in->p;
	struct fab_fault fault;
	uint32_t len;

	if (unlikely(conn->rx.have || avail(in) < sizeof(*hdr))) {
		step_header_in_parts(conn, in);
		return;
	}
	fault = fab_pdu_check_common(&conn->rules, hdr);
	if (unlikely(fault.fes)) {
		conn_fatal(conn, fault, hdr, sizeof(*hdr));
		return;
	}
	len = fab_pdu_hdr_len(&conn->rules, hdr);
	if (unlikely(avail(in) < len)) {
		step_header_in_parts(conn, in);
		return;
	}
	in->p += len;
	rx_pdu(conn, hdr, in);
}

static void step_pad(struct fab_conn *conn, struct input *in)
{
	struct conn_rx *rx = &conn->rx;
	size_t n = cmn_min((size_t)rx->pad, avail(in));

	in->p += n;
	rx->pad -= (uint32_t)n;
	if (!rx->pad)
		rx->phase = RX_PAYLOAD;
}

static void step_payload(struct fab_conn *conn, struct input *in)
{
	size_t n = cmn_min((size_t)conn->rx.left, avail(in));

	if (conn->rx.dst)
		memcpy(conn->rx.dst, in->p, n);
	in->p += n;
	payload_in(conn, n);
}

static void step_digest(struct fab_conn *conn, struct input *in)
{
	struct conn_rx *rx = &conn->rx;
	size_t n = cmn_min((size_t)(NVME_TCP_DIGEST_LEN - rx->dgst_have), avail(in));

	memcpy(rx->dgst + rx->dgst_have, in->p, n);
	rx->dgst_have += (uint8_t)n;
	in->p += n;
	if (rx->dgst_have == NVME_TCP_DIGEST_LEN)
		payload_done(conn);
}

typedef void (*step_fn)(struct fab_conn *conn, struct input *in);

static const step_fn steps[] = {
	[RX_HEADER] = step_header,
	[RX_PAD] = step_pad,
	[RX_PAYLOAD] = step_payload,
	[RX_DIGEST] = step_digest,
};

/* Bytes behind a capsule that waits for a buffer are kept: the socket has given them away already. */
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
	struct input in = { .p = buf, .end = buf + len };
	uint64_t before = conn->stats.capsules_in;

	while (in.p < in.end && conn_answers(conn) && conn->rx.phase != RX_STALLED)
		steps[conn->rx.phase](conn, &in);
	if (conn->ctrl && conn->stats.capsules_in != before)
		fab_ctrl_saw_traffic(conn->ctrl);
	return len - avail(&in);
}

void fab_conn_push(struct fab_conn *conn, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t n = 0;

	conn->busy++;
	if (likely(conn->rx.phase != RX_STALLED))
		n = run(conn, p, len);
	if (unlikely(n < len) && conn_answers(conn))
		keep(conn, p + n, len - n);
	conn->busy--;
}

size_t fab_conn_want(struct fab_conn *conn, void **ret_dst)
{
	if (conn->rx.phase != RX_PAYLOAD || !conn->rx.dst || !conn_answers(conn))
		return 0;
	*ret_dst = conn->rx.dst;
	return conn->rx.left;
}

void fab_conn_took(struct fab_conn *conn, size_t n)
{
	assert(n <= conn->rx.left);
	conn->busy++;
	if (n)
		payload_in(conn, n);
	conn->busy--;
}

bool fab_conn_paused(const struct fab_conn *conn)
{
	return conn->rx.phase == RX_STALLED;
}

/* -- buffers came back ------------------------------------------------------------------------------------------------- */

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
	struct conn_rx *rx = &conn->rx;
	struct fab_req *req = rx->req;
	uint8_t *kept = conn->kept;
	size_t len = conn->kept_len, n;

	if (fab_req_get_buf(req, rx->data_len) < 0)
		return;
	req->data += le64toh(req->cmd.sgl.addr);
	req_set_state(req, FAB_REQ_WAIT_DATA);
	rx->dst = req->buf;
	rx->start = req->buf;
	rx->phase = rx->pad ? RX_PAD : RX_PAYLOAD;
	n = run(conn, kept, len);
	conn->kept_len = len - n;
	memmove(conn->kept, kept + n, len - n);
}

void fab_conn_resume(struct fab_conn *conn)
{
	conn->busy++;
	serve_waiting(conn);
	if (conn_answers(conn) && conn->rx.phase == RX_STALLED && TAILQ_EMPTY(&conn->wait_buf))
		serve_stalled(conn);
	conn->busy--;
}
