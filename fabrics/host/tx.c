/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/tx.c - the sending half of a host's queue: capsules and H2CData.
 * Owns: nothing.  Thread: the caller's.  May block: never.  Spec: NVMe/TCP 1.1, 3.3.2, 3.6. */
#include "fabrics/host/queue_impl.h"
#include "fabrics/tcp/gather.h"

static const uint8_t zeroes[128];

void host_tx_unlink(struct fab_host_queue *q, struct fab_host_req *req)
{
	TAILQ_REMOVE(&q->tx, req, link);
	req->flags &= (uint8_t)~HOST_REQ_QUEUED;
}

/* The header at req->head has hlen bytes; data_off and data_len are set. */
static void queue_pdu(struct fab_host_queue *q, struct fab_host_req *req, uint8_t type,
		      uint8_t hlen, uint8_t flags)
{
	struct nvme_tcp_hdr *hdr = (struct nvme_tcp_hdr *)req->head;
	uint32_t at = hlen + (q->hdgst ? NVME_TCP_DIGEST_LEN : 0u),
		 pdo = CMN_ALIGN_UP(at, q->pdo_align);
	bool ddgst = q->ddgst && req->data_len;

	flags |= (q->hdgst ? NVME_TCP_F_HDGST : 0) | (ddgst ? NVME_TCP_F_DDGST : 0);
	req->pad = req->data_len ? (uint8_t)(pdo - at) : 0;
	req->tail_len = ddgst ? NVME_TCP_DIGEST_LEN : 0;
	req->total = at + req->pad + req->data_len + req->tail_len;
	req->head_len = (uint8_t)at;
	req->sent = 0;
	fab_pdu_put_hdr(hdr, type, hlen, flags, req->total);
	if (req->data_len)
		hdr->pdo = (uint8_t)pdo;
	if (q->hdgst)
		fab_digest_put(req->head + hlen, req->head, hlen);
	if (ddgst)
		fab_digest_put(req->tail, (uint8_t *)req->data + req->data_off, req->data_len);
	req->flags |= HOST_REQ_QUEUED;
	TAILQ_INSERT_TAIL(&q->tx, req, link);
}

void host_tx_capsule(struct fab_host_queue *q, struct fab_host_req *req)
{
	struct nvme_tcp_cmd *pdu = (struct nvme_tcp_cmd *)req->head;
	bool in_capsule = req->dir == FAB_HOST_OUT && req->len && req->len <= q->params.max_icd;

	req->cmd.flags = (uint8_t)((req->cmd.flags & 0x3f) | NVME_CMD_FLAGS_SGL);
	req->cmd.sgl.addr = 0;
	req->cmd.sgl.length = htole32(req->dir == FAB_HOST_NONE ? 0 : req->len);
	req->cmd.sgl.id = in_capsule ? NVME_SGL_ID_INCAPSULE : NVME_SGL_ID_TRANSPORT;
	memcpy(&pdu->sqe, &req->cmd, sizeof(req->cmd));
	req->data_off = 0;
	req->data_len = in_capsule ? req->len : 0;
	queue_pdu(q, req, NVME_TCP_CMD, sizeof(*pdu), 0);
}

void host_tx_data(struct fab_host_queue *q, struct fab_host_req *req)
{
	struct nvme_tcp_data *pdu = (struct nvme_tcp_data *)req->head;
	uint32_t n = cmn_min(req->r2t_left, q->max_h2c_data);

	req->data_off = req->r2t_off;
	req->data_len = n;
	req->r2t_off += n;
	req->r2t_left -= n;
	pdu->cccid = req->cmd.cid;
	pdu->ttag = req->ttag;
	pdu->datao = htole32(req->data_off);
	pdu->datal = htole32(n);
	memset(pdu->rsvd20, 0, sizeof(pdu->rsvd20));
	queue_pdu(q, req, NVME_TCP_H2C_DATA, sizeof(*pdu), req->r2t_left ? 0 : NVME_TCP_F_LAST);
}

bool fab_host_wants_send(const struct fab_host_queue *q)
{
	return q->state != FAB_HOST_CLOSED && (q->ctl_len || !TAILQ_EMPTY(&q->tx));
}

int fab_host_gather(struct fab_host_queue *q, struct iovec *iov, int max, size_t limit)
{
	struct fab_gather g = { .iov = iov,
				.arena = q->arena,
				.arena_end = q->arena + q->arena_len };
	struct fab_host_req *req;

	assert(!q->nr_gathered);
	q->ctl_gathered = q->ctl_len > 0;
	if (q->ctl_gathered)
		fab_gather_piece(&g, q->ctl + q->ctl_sent, q->ctl_len - q->ctl_sent);
	TAILQ_FOREACH(req, &q->tx, link) {
		if (g.n + 4 > max || g.bytes >= limit)
			break;
		g.skip = req->sent;
		fab_gather_add(&g, req->head, req->head_len, true);
		fab_gather_add(&g, zeroes, req->pad, true);
		if (req->data_len)
			fab_gather_add(&g, (uint8_t *)req->data + req->data_off, req->data_len,
				       false);
		fab_gather_add(&g, req->tail, req->tail_len, true);
		q->nr_gathered++;
	}
	return g.n;
}

/* The PDU of req has left. */
static void pdu_sent(struct fab_host_queue *q, struct fab_host_req *req)
{
	host_tx_unlink(q, req);
	req->flags |= HOST_REQ_SENT;
	if (req->flags & HOST_REQ_ANSWERED)
		host_finish(q, req);
	else if (req->r2t_left)
		host_tx_data(q, req);
}

static size_t ctl_sent(struct fab_host_queue *q, size_t n)
{
	size_t took = cmn_min(n, (size_t)(q->ctl_len - q->ctl_sent));

	q->ctl_gathered = false;
	q->ctl_sent += (uint32_t)took;
	if (q->ctl_sent < q->ctl_len)
		return took;
	q->ctl_len = 0;
	q->ctl_sent = 0;
	if (q->state == FAB_HOST_TERMINATING)
		host_close(q, q->why);
	return took;
}

void fab_host_sent(struct fab_host_queue *q, size_t n)
{
	unsigned int left = q->nr_gathered;

	q->nr_gathered = 0;
	if (q->ctl_gathered)
		n -= ctl_sent(q, n);
	for (; left > 0 && q->state < FAB_HOST_TERMINATING; left--) {
		struct fab_host_req *req = TAILQ_FIRST(&q->tx);
		size_t rest = req->total - req->sent;

		if (n < rest) {
			req->sent += (uint32_t)n;
			break;
		}
		n -= rest;
		pdu_sent(q, req);
	}
}
