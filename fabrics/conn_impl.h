/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/conn_impl.h - inside of a connection; for conn.c, conn_rx.c, conn_tx.c and req.c alone.
 * Owns: see fabrics/conn.h.  Thread: the connection's.  May block: never. */
#ifndef FABRICS_CONN_IMPL_H
#define FABRICS_CONN_IMPL_H

#include <assert.h>

#include "common/container.h"
#include "fabrics/conn.h"
#include "fabrics/kickstart.h"
#include "fabrics/tcp/rx.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define CONN_UNBOUND_SLOTS 32 /* commands in flight before Connect */
#define CONN_ARENA 4096 /* bytes of headers made contiguous for one send */
#define CONN_IC_NS 10000000000ull /* for ICReq to arrive */
#define CONN_BIND_NS 30000000000ull /* for Connect to succeed, after ICReq */
#define CONN_AUTH_NS 60000000000ull /* for an exchange: a slow host takes 15 s for its DH key */
#define CONN_TERM_NS 2000000000ull /* for a TermReq to be sent */
#define CONN_DRAIN_NS 5000000000ull /* for commands in flight to end */

TAILQ_HEAD(fab_req_list, fab_req);
TAILQ_HEAD(fab_tx_list, fab_tx);

struct fab_conn {
	/* what every command touches */
	uint8_t state; /* enum fab_conn_state */
	uint8_t busy; /* > 0: the owner is inside of a call and needs no kick */
	bool sqflow_off, connect_reply, dead, admin;
	uint8_t c2h_pdo; /* PDO of C2HData */
	uint16_t qid, entries, sqhd;
	uint16_t untold; /* responses left out since SQHD was told last */
	uint16_t nr_inflight; /* slots in use */
	uint16_t nr_slots, nr_gathered;
	const struct fab_queue_ops *ops;
	struct fab_env *env;
	struct fab_ctrl *ctrl;
	struct fab_req **slots; /* by slot number; NULL: free */
	uint16_t *free_slots; /* a stack: nr_slots - nr_inflight of them */
	struct fab_tx_list tx; /* what is to be sent, in order */
	uint32_t max_icd, max_h2c_data;
	struct fab_conn_stats stats;
	struct fab_fresh fresh;
	uint32_t nr_fresh_reads, nr_fresh_writes;

	struct fab_req_list wait_buf;
	uint64_t deadline;
	struct fab_rx rx;
	struct fab_req *rx_req; /* whose payload is coming in; NULL: nobody's */
	bool rx_capsule; /* it comes in the command's capsule */
	bool stalled; /* a capsule's data needs a buffer: nothing more is read */
	struct fab_pdu_geom stalled_geom;
	uint8_t *kept; /* bytes pushed while stalled */
	size_t kept_len, kept_cap;

	struct fab_conn_auth auth;
	const struct fab_queue_ops *authenticated_ops; /* ops, once the host is authenticated */

	bool kickstart; /* ICReq asked for it: one KDReq comes, and nothing else */
	struct nvme_tcp_kdreq kd_req;
	uint8_t *kd_data; /* its records, on their way in */

	struct fab_tx ctl_tx; /* ICResp, then C2HTermReq or KDResp */
	uint8_t ctl_buf[sizeof(struct nvme_tcp_kdresp)];
	struct fab_conn_end end;
	struct fab_conn_params params;
	uint8_t arena[CONN_ARENA];
};

static inline void stat_add(uint64_t *stat, uint64_t n)
{
	__atomic_store_n(stat, *stat + n, __ATOMIC_RELAXED);
}

/* Does this connection still answer commands? */
static inline bool conn_answers(const struct fab_conn *conn)
{
	return conn->state < FAB_CONN_TERMINATING;
}

static inline void conn_kick(struct fab_conn *conn)
{
	if (!conn->busy && !conn->dead && conn->env->kick)
		conn->env->kick(conn);
}

/* conn.c */
void conn_set_state(struct fab_conn *conn, enum fab_conn_state to);
void conn_close(struct fab_conn *conn, const char *why);
/* Fatal error in a PDU: queues the C2HTermReq with its header. */
void conn_fatal(struct fab_conn *conn, struct fab_fault fault, const void *hdr, uint32_t hdr_len);
/* Goes on to CLOSED if nothing is left to do. */
void conn_maybe_drained(struct fab_conn *conn);

/* conn_tx.c */
void conn_tx_queue(struct fab_conn *conn, struct fab_tx *tx);
void conn_tx_raw(struct fab_conn *conn, uint32_t len); /* ctl_buf[0..len) */
void conn_tx_r2t(struct fab_conn *conn, struct fab_req *req);
void conn_tx_response(struct fab_conn *conn, struct fab_req *req, struct fab_status st);
void conn_tx_unlink(struct fab_conn *conn, struct fab_tx *tx);
/* Forgets what hasn't begun to be sent (all: whatever there is), freeing the requests that it
 * answers. */
void conn_tx_drop(struct fab_conn *conn, bool all);

/* conn_rx.c */
extern const struct fab_rx_ops conn_rx_ops;
void conn_run(struct fab_conn *conn, struct fab_req *req); /* all its data is here */

/* req.c */
void req_set_state(struct fab_req *req, enum fab_req_state to);
struct fab_req *conn_req_new(struct fab_conn *conn); /* NULL: out of memory */
void conn_req_free(struct fab_conn *conn, struct fab_req *req);
void conn_respond(struct fab_conn *conn, struct fab_req *req, struct fab_status st);
void req_put_buf(struct fab_req *req);

#endif
