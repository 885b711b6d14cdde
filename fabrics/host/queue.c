/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/queue.c - a host's queue: made, given commands, ended.
 * Owns: its struct and table of commands under way.  Thread: the caller's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.1 (setup), 3.5 (errors). */
#include <stdlib.h>

#include "fabrics/host/queue_impl.h"

#define BIT(s) (1u << (FAB_HOST_##s))

static const uint32_t may_go[FAB_HOST_STATE_COUNT] = {
	[FAB_HOST_WAIT_ICRESP] = BIT(READY) | BIT(TERMINATING) | BIT(CLOSED),
	[FAB_HOST_READY] = BIT(TERMINATING) | BIT(CLOSED),
	[FAB_HOST_TERMINATING] = BIT(CLOSED),
	[FAB_HOST_CLOSED] = 0,
};

void host_set_state(struct fab_host_queue *q, enum fab_host_state to)
{
	assert(may_go[q->state] & (1u << to));
	q->state = (uint8_t)to;
	if (to >= FAB_HOST_TERMINATING)
		q->rx.halted = true;
}

static void queue_icreq(struct fab_host_queue *q)
{
	struct nvme_tcp_icreq req = { .hpda = q->params.hpda };

	fab_pdu_put_hdr(&req.hdr, NVME_TCP_ICREQ, sizeof(req), 0, sizeof(req));
	req.dgst = (q->params.hdgst ? NVME_TCP_DGST_HDGST : 0) |
		   (q->params.ddgst ? NVME_TCP_DGST_DDGST : 0);
	memcpy(q->ctl, &req, sizeof(req));
	q->ctl_len = sizeof(req);
}

struct fab_host_queue *fab_host_create(const struct fab_host_params *params)
{
	uint32_t arena = cmn_min(params->depth * HOST_ARENA_CMD, (uint32_t)HOST_ARENA_MAX);
	struct fab_host_queue *q = calloc(1, sizeof(*q) + arena);

	if (!q)
		return NULL;
	q->params = *params;
	q->arena_len = arena;
	q->slots = calloc(params->depth, sizeof(struct fab_host_req *));
	q->free_slots = calloc(params->depth, sizeof(uint16_t));
	if (!q->slots || !q->free_slots) {
		fab_host_destroy(q);
		return NULL;
	}
	for (unsigned int i = 0; i < params->depth; i++)
		q->free_slots[i] = (uint16_t)(params->depth - 1 - i);
	TAILQ_INIT(&q->tx);
	fab_rx_init(&q->rx, &host_rx_ops, FAB_END_HOST, (uint8_t)((params->hpda + 1) * 4));
	queue_icreq(q);
	return q;
}

/* Ends req with what its err and cqe say. */
void host_finish(struct fab_host_queue *q, struct fab_host_req *req)
{
	q->slots[req->slot] = NULL;
	q->free_slots[q->params.depth - q->nr_inflight--] = req->slot;
	if (q->rx_req == req)
		q->rx_req = NULL;
	req->done(req);
}

static void finish_all(struct fab_host_queue *q)
{
	for (unsigned int i = 0; i < q->params.depth; i++) {
		struct fab_host_req *req = q->slots[i];

		if (!req)
			continue;
		if (req->flags & HOST_REQ_QUEUED)
			host_tx_unlink(q, req);
		req->err = -ECONNRESET;
		host_finish(q, req);
	}
}

void fab_host_destroy(struct fab_host_queue *q)
{
	if (!q)
		return;
	host_close(q, "ended by the host");
	free(q->slots);
	free(q->free_slots);
	free(q);
}

void host_close(struct fab_host_queue *q, const char *why)
{
	if (q->state == FAB_HOST_CLOSED)
		return;
	if (!q->why)
		q->why = why;
	host_set_state(q, FAB_HOST_CLOSED);
	if (q->slots)
		finish_all(q);
}

/* A PDU that is half sent can't be finished any more (its request is over), so then there is no
 * TermReq either. */
void host_fatal(struct fab_host_queue *q, struct fab_fault fault, const void *hdr, uint32_t len)
{
	struct fab_host_req *first = TAILQ_FIRST(&q->tx);
	bool in_pdu = (first && first->sent) || (q->ctl_len && q->ctl_sent);

	if (q->state >= FAB_HOST_TERMINATING)
		return;
	q->fes = fault.fes;
	q->fei = fault.fei;
	if (in_pdu) {
		host_close(q, "the controller broke the protocol");
		return;
	}
	q->why = "the controller broke the protocol";
	host_set_state(q, FAB_HOST_TERMINATING);
	q->ctl_len = fab_pdu_put_term(q->ctl, NVME_TCP_H2C_TERM, fault, hdr, len);
	q->ctl_sent = 0;
	finish_all(q);
}

void fab_host_eof(struct fab_host_queue *q)
{
	host_close(q, "closed by the controller");
}

enum fab_host_state fab_host_state(const struct fab_host_queue *q)
{
	return q->state;
}

void *fab_host_user(const struct fab_host_queue *q)
{
	return q->params.user;
}

const char *fab_host_why(const struct fab_host_queue *q)
{
	return q->why ? q->why : "";
}

uint16_t fab_host_fes(const struct fab_host_queue *q, uint32_t *ret_fei)
{
	if (ret_fei)
		*ret_fei = q->fei;
	return q->fes;
}

void fab_host_set_max_icd(struct fab_host_queue *q, uint32_t bytes)
{
	q->params.max_icd = bytes;
}

unsigned int fab_host_inflight(const struct fab_host_queue *q)
{
	return q->nr_inflight;
}

int fab_host_submit(struct fab_host_queue *q, struct fab_host_req *req)
{
	if (q->state >= FAB_HOST_TERMINATING)
		return -ECONNRESET;
	if (q->nr_inflight == q->params.depth)
		return -EAGAIN;
	req->slot = q->free_slots[q->params.depth - ++q->nr_inflight];
	q->slots[req->slot] = req;
	req->cmd.cid = htole16((uint16_t)(q->gen++ << HOST_GEN_SHIFT | req->slot));
	req->err = 0;
	req->moved = 0;
	req->flags = 0;
	req->r2t_left = 0;
	/* Before ICResp it isn't known yet how the capsule is to look: rx.c builds those that wait,
	 * in order of their slots. */
	if (q->state == FAB_HOST_READY)
		host_tx_capsule(q, req);
	return 0;
}
