/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/queue_impl.h - inside of a host's queue; for fabrics/host/ alone.
 * Owns: see fabrics/host/queue.h.  Thread: the caller's.  May block: never. */
#ifndef FABRICS_HOST_QUEUE_IMPL_H
#define FABRICS_HOST_QUEUE_IMPL_H

#include <assert.h>
#include <errno.h>

#include "common/container.h"
#include "fabrics/host/queue.h"
#include "fabrics/tcp/rx.h"

/* Headers of as many commands as may be under way, copied together to be sent: 8 KiB at most. */
#define HOST_ARENA_CMD 256
#define HOST_ARENA_MAX 8192
/* CID: slot in 11:0, generation in 15:12, so that an answer to an old command is found out. */
#define HOST_GEN_SHIFT 12

enum host_req_flag {
	HOST_REQ_QUEUED = 1 << 0,
	HOST_REQ_SENT = 1 << 1, /* its capsule has left */
	HOST_REQ_BAD_DIGEST = 1 << 2,
	HOST_REQ_ANSWERED = 1 << 3, /* done, once the PDU under way has left */
	HOST_REQ_CALLED = 1 << 4,
};

TAILQ_HEAD(host_req_list, fab_host_req);

struct fab_host_queue {
	struct fab_host_params params;
	uint8_t state; /* enum fab_host_state */
	uint8_t gen;
	bool hdgst, ddgst;
	uint16_t nr_inflight, nr_gathered;
	uint32_t pdo_align; /* of what we send: CPDA */
	uint32_t max_h2c_data;
	struct fab_host_req **slots;
	uint16_t *free_slots;
	struct host_req_list tx;
	struct fab_rx rx;
	struct fab_host_req *rx_req; /* whose data is coming in */
	bool rx_last, rx_success;
	const char *why;
	uint16_t fes;
	uint32_t fei;
	/* ICReq, then H2CTermReq */
	uint8_t ctl[FAB_PDU_TERM_MAX];
	uint32_t ctl_len, ctl_sent;
	bool ctl_gathered;
	uint32_t arena_len;
	uint8_t arena[];
};

/* queue.c */
void host_set_state(struct fab_host_queue *q, enum fab_host_state to);
void host_close(struct fab_host_queue *q, const char *why);
void host_fatal(struct fab_host_queue *q, struct fab_fault fault, const void *hdr, uint32_t len);
void host_finish(struct fab_host_queue *q, struct fab_host_req *req);

/* rx.c */
extern const struct fab_rx_ops host_rx_ops;

/* tx.c */
void host_tx_capsule(struct fab_host_queue *q, struct fab_host_req *req);
void host_tx_data(struct fab_host_queue *q,
		  struct fab_host_req *req); /* the next H2CData of what an R2T granted */
void host_tx_unlink(struct fab_host_queue *q, struct fab_host_req *req);

#endif
