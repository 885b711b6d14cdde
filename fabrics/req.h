/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/req.h - one command in flight, from its capsule to its response.
 * Owns: a request belongs to the connection it came in on, and so to that connection's reactor.  Thread: that reactor.
 * May block: never.  Spec: NVMe/TCP 1.1, 3.3 (data transfer).
 *
 * Life of a request (enum fab_req_state, transitions in fabrics/req.c):
 *
 *   FREE -> PARSED -> [WAIT_BUF ->] [WAIT_DATA ->] EXECUTING -> RESPONDING -> FREE
 *                           ^-------------------------'  (fab_req_wait_buf)
 *
 * ops->parse() decides, from the SQE alone, how many bytes move and which way; the connection then moves the host's data
 * (in the capsule, or by R2T) and calls ops->execute() exactly once with all of it present and its digest checked.
 * Whoever executes ends the request by fab_req_complete() exactly once, at once or later, on the same thread. */
#ifndef FABRICS_REQ_H
#define FABRICS_REQ_H

#include <stdbool.h>
#include <stdint.h>

#include "common/queue.h"
#include "fabrics/spec/nvme.h"
#include "fabrics/spec/nvme_tcp.h"
#include "fabrics/status.h"

struct fab_conn;
struct fab_ctrl;
struct fab_ns;
struct fab_view;

enum fab_dir { FAB_DIR_NONE, FAB_DIR_H2C, FAB_DIR_C2H };

enum fab_req_state {
	FAB_REQ_FREE,
	FAB_REQ_PARSED,
	FAB_REQ_WAIT_BUF,  /* no buffer to receive into or to answer from yet */
	FAB_REQ_WAIT_DATA, /* R2T sent, or the rest of the capsule still to come */
	FAB_REQ_EXECUTING, /* in the hands of the command's handler */
	FAB_REQ_RESPONDING,
	FAB_REQ_STATE_COUNT
};

enum fab_req_flag {
	FAB_REQ_DATA_LIVE = 1 << 0,    /* C2H: data points into memory that others may write; see ops->pin */
	FAB_REQ_DATA_BORROWED = 1 << 1, /* H2C: data points into the receive buffer, valid only inside execute() */
	FAB_REQ_ABORTED = 1 << 2,      /* an Abort named it; it completes with Command Abort Requested */
	FAB_REQ_ORPHAN = 1 << 3,       /* its connection is gone: completing it only frees it */
	FAB_REQ_BAD_DIGEST = 1 << 4,   /* the connection's own: some of its data came with a wrong digest */
	FAB_REQ_BUF_HEAP = 1 << 5,     /* the connection's own: buf is from the heap, not the pool */
	FAB_REQ_AGAIN = 1 << 6,	       /* the connection's own: execute() is called again once there is a buffer */
	FAB_REQ_NO_BORROW = 1 << 7,    /* set by parse(): H2C data is wanted in a buffer of its own, never borrowed */
};

enum fab_tx_flag {
	FAB_TX_QUEUED = 1 << 0,
	FAB_TX_LAST = 1 << 1,	/* the request ends when this has been sent */
	FAB_TX_PINNED = 1 << 2, /* between gather and sent */
	FAB_TX_DIGEST = 1 << 3, /* the data digest in tail has yet to be computed */
};

/* Headers and trailers of what is sent for a request: built in place, gathered by the connection. */
struct fab_tx {
	TAILQ_ENTRY(fab_tx) link;
	const uint8_t *data; /* borrowed from the request until it is sent */
	uint32_t data_len;
	uint32_t sent;	/* bytes already taken by the socket */
	uint32_t total; /* head + pad + data + tail */
	uint8_t head_len, tail_len;
	uint8_t pad;	      /* zeroes between head and data (HPDA) */
	uint8_t flags;	      /* enum fab_tx_flag */
	uint8_t head[32];     /* PDU header [+ header digest] */
	uint8_t tail[32 + 4]; /* data digest and/or the response capsule that follows the data */
};

struct fab_req {
	struct nvme_cmd cmd; /* the SQE as received; never written to */

	struct fab_conn *conn; /* stays valid for an orphan, but its owner (fab_conn_user) is gone: NULL */
	const struct fab_queue_ops *ops; /* of the queue when the command came */
	struct fab_view *view; /* what the command was admitted under (I/O commands); see fabrics/view.h */
	struct fab_ns *ns;     /* borrowed from view; NULL where the command names none */
	const void *row;       /* the command's table row */

	uint8_t *data;	  /* H2C: the host's bytes; C2H: what to send.  Contiguous */
	uint32_t len;	  /* bytes that the command moves, told by parse() */
	uint32_t out_len; /* C2H: bytes really sent; is len before execute(), less never carries SUCCESS */
	void *buf;	  /* pool buffer that data lies in, or NULL; given back with the request */
	uint32_t buf_len;
	uint32_t received; /* H2C bytes that are in */

	uint16_t cid;  /* as received, opaque */
	uint16_t slot; /* its place in the connection's table, and so its TTAG */
	uint8_t state; /* enum fab_req_state */
	uint8_t dir;   /* enum fab_dir */
	uint8_t flags; /* enum fab_req_flag */
	uint64_t started; /* env->now when the capsule was parsed */

	struct nvme_cqe cqe; /* result goes in dw0/dw1; the rest isn't used */
	struct fab_tx tx;
	TAILQ_ENTRY(fab_req) link; /* waiting for a buffer, or free */

	/* For the executor's own use; a request has one executor at a time. */
	union {
		uint64_t u64[8];
		void *ptr[8];
	} priv;
};

/* Ends a request: status and cqe.dw0/dw1 go to the host, with data[0..out_len) before them for C2H.
 * Legal from any depth of execute() and later; the request may be freed before it returns. */
void fab_req_complete(struct fab_req *req, struct fab_status st);

/* A buffer of req->len bytes (or more) from the environment's pool, set as req->data and freed with the request.
 * Returns -ENOMEM when the pool is at its limit.  One that it has already, and that is large enough, will do. */
int fab_req_get_buf(struct fab_req *req, uint32_t len);

/* From execute(), when fab_req_get_buf() failed: the request waits its turn for a buffer of len bytes and is executed again with
 * it, as req->data.  Only for requests whose data isn't borrowed. */
void fab_req_wait_buf(struct fab_req *req, uint32_t len);

/* The environment's stock of requests. */
struct fab_env;
void fab_env_init(struct fab_env *env);
void fab_env_fini(struct fab_env *env); /* no connection and no orphan left */

#endif
