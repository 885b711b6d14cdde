/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/queue.h - one NVMe/TCP connection at the host's end, as a machine of bytes: the
 * counterpart of fabrics/conn.h.
 * Owns: its queue of requests to send; requests and their data are
 * the caller's until done().  Thread: the caller's. May block: never.  Spec: NVMe/TCP 1.1, 3.1-3.6.
 *
 *   WAIT_ICRESP -> READY -> CLOSED          either -> TERMINATING (H2CTermReq queued) -> CLOSED
 *
 * It trusts nothing that a controller sends: whatever a Linux host would refuse ends the connection
 * with the H2CTermReq that the specification names. */
#ifndef FABRICS_HOST_QUEUE_H
#define FABRICS_HOST_QUEUE_H

#include <stdbool.h>
#include <sys/uio.h>

#include "common/queue.h"
#include "fabrics/spec/nvme.h"
#include "fabrics/spec/nvme_tcp.h"

enum fab_host_state {
	FAB_HOST_WAIT_ICRESP,
	FAB_HOST_READY,
	FAB_HOST_TERMINATING,
	FAB_HOST_CLOSED,
	FAB_HOST_STATE_COUNT
};

enum fab_host_dir { FAB_HOST_NONE, FAB_HOST_OUT, FAB_HOST_IN };

struct fab_host_queue;

/* A command.  The caller fills the first part; CID and the data pointer are set by submit. */
struct fab_host_req {
	struct nvme_cmd cmd;
	/* OUT: what goes; IN: where it goes, or NULL: what comes is dropped, its digest unseen.
	 * Stays valid until done() */
	void *data;
	uint32_t len;
	uint8_t dir; /* enum fab_host_dir */
	void (*done)(struct fab_host_req *req);
	void *user;

	/* The outcome: err is 0 and cqe is the controller's, or -ECONNRESET and the connection
	 * ended first.  moved: bytes that came in. */
	int err;
	uint32_t moved;
	struct nvme_cqe cqe;

	/* The queue's own. */
	TAILQ_ENTRY(fab_host_req) link;
	uint8_t head[sizeof(struct nvme_tcp_cmd) + NVME_TCP_DIGEST_LEN];
	uint8_t head_len, pad, flags;
	uint8_t tail[NVME_TCP_DIGEST_LEN];
	uint8_t tail_len;
	uint32_t data_off, data_len; /* of the PDU being sent */
	uint32_t sent, total;
	uint32_t r2t_off, r2t_left; /* granted and not yet put into a PDU */
	uint16_t ttag, slot;
};

struct fab_host_params {
	unsigned int depth; /* commands at once, 1..4096 */
	bool hdgst, ddgst;
	uint8_t hpda;
	uint32_t max_icd; /* bytes of data that a capsule may carry; 8192 on admin queues, by IOCCSZ
			     on others */
	void *user;
};

struct fab_host_queue *
fab_host_create(const struct fab_host_params *params); /* an ICReq is to be sent */
/* Requests still under way are done with -ECONNRESET. */
void fab_host_destroy(struct fab_host_queue *q);
enum fab_host_state fab_host_state(const struct fab_host_queue *q);
void *fab_host_user(const struct fab_host_queue *q);
/* Words for a person once it is CLOSED or TERMINATING. */
const char *fab_host_why(const struct fab_host_queue *q);
/* From the C2HTermReq, or what was sent in an H2CTermReq; 0: neither. */
uint16_t fab_host_fes(const struct fab_host_queue *q, uint32_t *ret_fei);
void fab_host_set_max_icd(struct fab_host_queue *q, uint32_t bytes);

/* 0, or -EAGAIN when depth commands are under way, or -ECONNRESET.  Legal from done().  Before
 * READY it waits. */
int fab_host_submit(struct fab_host_queue *q, struct fab_host_req *req);
unsigned int fab_host_inflight(const struct fab_host_queue *q);

/* As in fabrics/conn.h: receive to where want() says, then push the rest. */
size_t fab_host_want(struct fab_host_queue *q, void **ret_dst);
void fab_host_took(struct fab_host_queue *q, size_t n);
void fab_host_push(struct fab_host_queue *q, const void *buf, size_t len);
void fab_host_eof(struct fab_host_queue *q);

bool fab_host_wants_send(const struct fab_host_queue *q);
int fab_host_gather(struct fab_host_queue *q, struct iovec *iov, int max, size_t limit);
void fab_host_sent(struct fab_host_queue *q, size_t n);

#endif
