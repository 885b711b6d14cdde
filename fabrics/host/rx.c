/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/rx.c - the receiving half of a host's queue: what a controller sends, and all that
 * may be wrong with it.
 * Owns: nothing.  Thread: the caller's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.3.2, 3.6. */
#include "fabrics/host/queue_impl.h"

static struct fab_host_queue *rx_queue(struct fab_rx *rx)
{
	return cmn_container_of(rx, struct fab_host_queue, rx);
}

/* The command that cid names, if it has been sent and not been answered. */
static struct fab_host_req *find(struct fab_host_queue *q, uint16_t cid)
{
	uint16_t slot = le16toh(cid) & ((1u << HOST_GEN_SHIFT) - 1);
	struct fab_host_req *req = slot < q->params.depth ? q->slots[slot] : NULL;

	return req && req->cmd.cid == cid && (req->flags & HOST_REQ_SENT) &&
			       !(req->flags & HOST_REQ_ANSWERED)
		       ? req
		       : NULL;
}

static void answered(struct fab_host_queue *q, struct fab_host_req *req)
{
	/* The host's own finding; it is as if the controller had said so. */
	if ((req->flags & HOST_REQ_BAD_DIGEST) && !req->cqe.status)
		req->cqe.status =
			htole16(NVME_CQE_STATUS(NVME_SC_TRANSIENT_TRANSPORT, 0, false, false));
	if ((req->flags & HOST_REQ_QUEUED) && req->sent) {
		req->flags |= HOST_REQ_ANSWERED;
		req->r2t_left = 0;
		return;
	}
	if (req->flags & HOST_REQ_QUEUED)
		host_tx_unlink(q, req);
	host_finish(q, req);
}

/* ---- ICResp, C2HTermReq ---- */

static struct fab_fault check_icresp(const struct fab_host_queue *q,
				     const struct nvme_tcp_icresp *resp)
{
	uint8_t want = (q->params.hdgst ? NVME_TCP_DGST_HDGST : 0) |
		       (q->params.ddgst ? NVME_TCP_DGST_DDGST : 0);
	uint32_t max = le32toh(resp->maxh2cdata);

	if (resp->pfv != NVME_TCP_PFV_1_0)
		return FAB_FAULT(NVME_TCP_FES_UNSUPP_PARAM, offsetof(struct nvme_tcp_icresp, pfv));
	if (resp->cpda > NVME_TCP_HPDA_MAX)
		return FAB_BAD_FIELD(struct nvme_tcp_icresp, cpda);
	if (resp->dgst != want)
		return FAB_BAD_FIELD(struct nvme_tcp_icresp, dgst);
	if (max < NVME_TCP_MAXH2CDATA_MIN || max % 4)
		return FAB_BAD_FIELD(struct nvme_tcp_icresp, maxh2cdata);
	return FAB_NO_FAULT;
}

static void on_icresp(struct fab_host_queue *q, const void *hdr, const struct fab_pdu_geom *g)
{
	const struct nvme_tcp_icresp *resp = hdr;
	struct fab_fault fault = check_icresp(q, resp);

	(void)g;
	if (q->ctl_len) /* before our ICReq has left */
		fault = FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0);
	if (fault.fes) {
		host_fatal(q, fault, hdr, sizeof(*resp));
		return;
	}
	q->hdgst = q->params.hdgst;
	q->ddgst = q->params.ddgst;
	q->rx.rules.hdgst = q->hdgst;
	q->rx.rules.ddgst = q->ddgst;
	q->rx.rules.ic_done = true;
	q->pdo_align = (resp->cpda + 1u) * 4;
	q->max_h2c_data = le32toh(resp->maxh2cdata);
	host_set_state(q, FAB_HOST_READY);
	for (unsigned int i = 0; i < q->params.depth; i++)
		if (q->slots[i])
			host_tx_capsule(q, q->slots[i]);
}

static void on_term(struct fab_host_queue *q, const void *hdr, const struct fab_pdu_geom *g)
{
	const struct nvme_tcp_term *term = hdr;

	(void)g;
	q->fes = le16toh(term->fes);
	q->fei = le32toh(term->fei);
	host_close(q, "the controller sent a C2HTermReq");
}

/* ---- commands under way ---- */

static void on_rsp(struct fab_host_queue *q, const void *hdr, const struct fab_pdu_geom *g)
{
	const struct nvme_tcp_rsp *rsp = hdr;
	struct fab_host_req *req = find(q, rsp->cqe.cid);

	(void)g;
	if (!req) {
		host_fatal(
			q,
			FAB_FAULT(NVME_TCP_FES_INVALID_HDR, offsetof(struct nvme_tcp_rsp, cqe.cid)),
			hdr, sizeof(*rsp));
		return;
	}
	req->cqe = rsp->cqe;
	answered(q, req);
}

static struct fab_fault check_c2h(const struct nvme_tcp_data *pdu, const struct fab_host_req *req,
				  const struct fab_pdu_geom *g)
{
	uint32_t datao = le32toh(pdu->datao), datal = le32toh(pdu->datal);
	uint8_t flags = pdu->hdr.flags & (NVME_TCP_F_LAST | NVME_TCP_F_SUCCESS);

	if (!req || req->dir != FAB_HOST_IN)
		return FAB_BAD_FIELD(struct nvme_tcp_data, cccid);
	if (!datal || datal != g->data_len)
		return FAB_BAD_FIELD(struct nvme_tcp_data, datal);
	if (datao != req->moved || datal > req->len - req->moved)
		return FAB_FAULT(NVME_TCP_FES_DATA_RANGE, 0);
	if (flags == NVME_TCP_F_SUCCESS) /* SUCCESS without LAST */
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, flags);
	if ((flags & NVME_TCP_F_SUCCESS) &&
	    datao + datal != req->len) /* success, but not all of the data */
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, flags);
	return FAB_NO_FAULT;
}

static void on_c2h_data(struct fab_host_queue *q, const void *hdr, const struct fab_pdu_geom *g)
{
	const struct nvme_tcp_data *pdu = hdr;
	struct fab_host_req *req = find(q, pdu->cccid);
	struct fab_fault fault = check_c2h(pdu, req, g);

	if (fault.fes) {
		host_fatal(q, fault, hdr, sizeof(*pdu));
		return;
	}
	q->rx_req = req;
	q->rx_success = pdu->hdr.flags & NVME_TCP_F_SUCCESS;
	fab_rx_payload(&q->rx, g, req->data ? (uint8_t *)req->data + req->moved : NULL);
}

static void on_payload(struct fab_rx *rx, bool bad)
{
	struct fab_host_queue *q = rx_queue(rx);
	struct fab_host_req *req = q->rx_req;

	q->rx_req = NULL;
	if (!req)
		return;
	req->moved += rx->data_len;
	if (bad)
		req->flags |= HOST_REQ_BAD_DIGEST;
	if (!q->rx_success)
		return;
	req->cqe = (struct nvme_cqe){ .cid = req->cmd.cid };
	answered(q, req);
}

/* An R2T asks for the next bytes that haven't been sent, and never while one is being served: we
 * said MAXR2T 0. */
static struct fab_fault check_r2t(const struct nvme_tcp_r2t *pdu, const struct fab_host_req *req)
{
	uint32_t off = le32toh(pdu->r2to), len = le32toh(pdu->r2tl);
	uint32_t done;

	if (!req || req->dir != FAB_HOST_OUT || req->cmd.sgl.id != NVME_SGL_ID_TRANSPORT)
		return FAB_BAD_FIELD(struct nvme_tcp_r2t, cccid);
	if ((req->flags & HOST_REQ_QUEUED) || req->r2t_left)
		return FAB_FAULT(NVME_TCP_FES_LIMIT, 0);
	done = req->data_off + req->data_len;
	if (!len)
		return FAB_BAD_FIELD(struct nvme_tcp_r2t, r2tl);
	if (off < done || off > req->len || len > req->len - off)
		return FAB_FAULT(NVME_TCP_FES_DATA_RANGE, 0);
	return FAB_NO_FAULT;
}

static void on_r2t(struct fab_host_queue *q, const void *hdr, const struct fab_pdu_geom *g)
{
	const struct nvme_tcp_r2t *pdu = hdr;
	struct fab_host_req *req = find(q, pdu->cccid);
	struct fab_fault fault = check_r2t(pdu, req);

	(void)g;
	if (fault.fes) {
		host_fatal(q, fault, hdr, sizeof(*pdu));
		return;
	}
	req->ttag = pdu->ttag;
	req->r2t_off = le32toh(pdu->r2to);
	req->r2t_left = le32toh(pdu->r2tl);
	host_tx_data(q, req);
}

/* ---- bytes ---- */

typedef void (*host_pdu_fn)(struct fab_host_queue *q, const void *hdr,
			    const struct fab_pdu_geom *g);

static const host_pdu_fn on_pdu[NVME_TCP_PDU_TYPE_COUNT] = {
	[NVME_TCP_ICRESP] = on_icresp,	   [NVME_TCP_C2H_TERM] = on_term, [NVME_TCP_RSP] = on_rsp,
	[NVME_TCP_C2H_DATA] = on_c2h_data, [NVME_TCP_R2T] = on_r2t,
};

static void rx_pdu(struct fab_rx *rx, const struct nvme_tcp_hdr *hdr, const struct fab_pdu_geom *g,
		   struct fab_rx_input *in)
{
	(void)in;
	on_pdu[hdr->type](rx_queue(rx), hdr, g);
}

static void rx_fault(struct fab_rx *rx, struct fab_fault fault, const void *hdr, uint32_t len)
{
	host_fatal(rx_queue(rx), fault, hdr, len);
}

const struct fab_rx_ops host_rx_ops = {
	.pdu = rx_pdu,
	.payload = on_payload,
	.fault = rx_fault,
};

size_t fab_host_want(struct fab_host_queue *q, void **ret_dst)
{
	return fab_rx_want(&q->rx, ret_dst);
}

void fab_host_took(struct fab_host_queue *q, size_t n)
{
	fab_rx_took(&q->rx, n);
}

void fab_host_push(struct fab_host_queue *q, const void *buf, size_t len)
{
	fab_rx_run(&q->rx, buf, len);
}
