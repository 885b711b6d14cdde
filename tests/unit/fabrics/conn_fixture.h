/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/conn_fixture.h - a controller's connection with a made-up queue behind it,
 * driven by hand. For the tests of fabrics/conn.h and fabrics/host/; everything is static, each
 * test program has its own copy. */
#ifndef TESTS_CONN_FIXTURE_H
#define TESTS_CONN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/container.h"
#include "fabrics/auth/queue.h"
#include "fabrics/conn.h"
#include "fabrics/connect.h"
#include "fabrics/ctrl.h"
#include "fabrics/tcp/pdu.h"

/* The controller behind the queue, and Connect, have tests of their own: the connection meets
 * stand-ins here. */
static inline struct fab_status fx_refuse(struct fab_req *req)
{
	(void)req;
	return FAB_ERR(NVME_SC_CMD_SEQ_ERROR);
}

const struct fab_queue_ops fab_unbound_queue_ops = { .parse = fx_refuse };

/* Authentication's own: a gate that lets nothing through, and how it ended. */
static inline struct fab_status fx_gate(struct fab_req *req)
{
	(void)req;
	return FAB_ERR(NVME_SC_AUTH_REQUIRED);
}

const struct fab_queue_ops fab_auth_gate_ops = { .parse = fx_gate };

static int fx_authenticating; /* begun and not ended */
static unsigned int fx_told;

void fab_auth_tell(struct fab_conn *conn)
{
	(void)conn;
	fx_told++;
}

void fab_ctrl_authenticating(struct fab_ctrl *ctrl, bool begins)
{
	(void)ctrl;
	fx_authenticating += begins ? 1 : -1;
}

void fab_ctrl_put(struct fab_ctrl *ctrl)
{
	(void)ctrl;
}

void fab_ctrl_saw_traffic(struct fab_ctrl *ctrl)
{
	(void)ctrl;
}

static uint64_t fx_keep_alive = UINT64_MAX; /* when the controller's timer wants to be looked at */
static bool fx_expired;

uint64_t fab_ctrl_deadline(const struct fab_ctrl *ctrl)
{
	(void)ctrl;
	return fx_keep_alive;
}

bool fab_ctrl_expired(struct fab_ctrl *ctrl, uint64_t now)
{
	(void)ctrl;
	fx_keep_alive = now + 100;
	return fx_expired;
}

void fab_ctrl_log_error(struct fab_ctrl *ctrl, uint16_t sqid, uint16_t cid, struct fab_status st,
			uint64_t lba, uint32_t nsid)
{
	(void)ctrl;
	(void)sqid;
	(void)cid;
	(void)st;
	(void)lba;
	(void)nsid;
}

#define DISK_SIZE (1u << 16)
#define MAX_H2C 16384u
#define MAX_ICD 8192u
#define NR_HELD 256

/* A queue's commands: Read and Write move cdw12 bytes at cdw10 of a small disk; Flush moves
 * nothing; FFh is held until the test completes it; 7Eh is a read of live memory; everything else
 * is an invalid opcode. */
enum { OP_HOLD = 0xc0, OP_LIVE = 0xc2, OP_SHORT = 0xc6, OP_RESULT = 0xca, OP_HOLD_WRITE = 0xc1 };

struct fixture {
	struct fab_env env;
	struct fab_conn *conn;
	uint8_t *disk;
	unsigned int bufs_out, buf_limit; /* pool buffers in use, and how many there may be */
	unsigned int kicks, executed, released, cancelled, pins;
	bool refuse_pin, complete_on_cancel;
	struct fab_req *held[NR_HELD];
	unsigned int nr_held;
	uint8_t *out; /* all that was sent */
	size_t out_len, out_cap;
	bool borrowed; /* of the last write executed */
};

static struct fixture *fx_of(struct fab_env *env)
{
	return cmn_container_of(env, struct fixture, env);
}

static void *fx_buf_get(struct fab_env *env, size_t len)
{
	struct fixture *f = fx_of(env);

	if (f->bufs_out >= f->buf_limit)
		return NULL;
	f->bufs_out++;
	return aligned_alloc(4096, CMN_ALIGN_UP(len, 4096));
}

static void fx_buf_put(struct fab_env *env, void *buf, size_t len)
{
	(void)len;
	fx_of(env)->bufs_out--;
	free(buf);
}

static struct fixture *fx_current; /* for kick, which has no environment of ours after destroy */

static void fx_kick(struct fab_conn *conn)
{
	(void)conn;
	fx_current->kicks++;
}

static struct fixture *fx_req(struct fab_req *req)
{
	return fx_of(fab_conn_env(req->conn));
}

static struct fab_status fx_parse(struct fab_req *req)
{
	uint64_t off = le32toh(req->cmd.cdw10);

	req->len = le32toh(req->cmd.cdw12);
	switch (req->cmd.opcode) {
	case NVME_IO_FLUSH:
	case OP_HOLD:
		req->len = 0;
		return FAB_OK;
	case NVME_IO_WRITE:
	case OP_HOLD_WRITE:
		req->dir = FAB_DIR_H2C;
		break;
	case NVME_IO_READ:
	case OP_LIVE:
	case OP_SHORT:
	case OP_RESULT:
		req->dir = FAB_DIR_C2H;
		break;
	default:
		req->len = 0;
		return FAB_ERR_AT(NVME_SC_INVALID_OPCODE, 0);
	}
	if (off + req->len > DISK_SIZE)
		return FAB_ERR(NVME_SC_LBA_RANGE);
	return FAB_OK;
}

static void fx_execute(struct fab_req *req)
{
	struct fixture *f = fx_req(req);
	uint8_t *at = f->disk + le32toh(req->cmd.cdw10);

	f->executed++;
	if (req->cmd.opcode == OP_HOLD || req->cmd.opcode == OP_HOLD_WRITE) {
		f->held[f->nr_held++] = req;
		return;
	}
	if (req->dir == FAB_DIR_H2C) {
		f->borrowed = req->flags & FAB_REQ_DATA_BORROWED;
		memcpy(at, req->data, req->len);
	} else if (req->dir == FAB_DIR_C2H && req->cmd.opcode == OP_LIVE) {
		req->data = at;
		req->flags |= FAB_REQ_DATA_LIVE;
	} else if (req->dir == FAB_DIR_C2H) {
		if (fab_req_get_buf(req, req->len) < 0) {
			f->executed--;
			fab_req_wait_buf(req, req->len);
			return;
		}
		memcpy(req->data, at, req->len);
	}
	if (req->cmd.opcode == OP_SHORT)
		req->out_len = req->len / 2;
	if (req->cmd.opcode == OP_RESULT)
		req->cqe.dw[0] = htole32(0x1234);
	fab_req_complete(req, FAB_OK);
}

static void fx_cancel(struct fab_req *req)
{
	struct fixture *f = fx_req(req);

	f->cancelled++;
	if (f->complete_on_cancel)
		fab_req_complete(req, FAB_RETRY(NVME_SC_ABORT_REQ));
}

static bool fx_pin(struct fab_req *req)
{
	struct fixture *f = fx_req(req);

	if (f->refuse_pin)
		return false;
	f->pins++;
	return true;
}

static void fx_unpin(struct fab_req *req)
{
	fx_req(req)->pins--;
}

static void fx_release(struct fab_req *req)
{
	fx_req(req)->released++;
}

static const struct fab_queue_ops fx_ops = {
	.parse = fx_parse,
	.execute = fx_execute,
	.cancel = fx_cancel,
	.pin = fx_pin,
	.unpin = fx_unpin,
	.release = fx_release,
};

/* ---- life ---- */

static inline struct fixture *fx_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct fab_conn_params params = { .env = &f->env,
					  .max_h2c_data = MAX_H2C,
					  .max_icd = MAX_ICD };

	fx_current = f;
	fab_env_init(&f->env);
	f->env.buf_get = fx_buf_get;
	f->env.buf_put = fx_buf_put;
	f->env.kick = fx_kick;
	f->env.now = 1000;
	f->buf_limit = 1000;
	f->disk = malloc(DISK_SIZE);
	for (size_t i = 0; i < DISK_SIZE; i++)
		f->disk[i] = (uint8_t)(i * 7 + (i >> 8));
	f->conn = fab_conn_create(&params);
	assert_non_null(f->conn);
	return f;
}

static inline void fx_free(struct fixture *f)
{
	fab_conn_destroy(f->conn);
	fab_env_fini(&f->env);
	assert_int_equal(f->bufs_out, 0);
	assert_int_equal(f->pins, 0);
	free(f->disk);
	free(f->out);
	free(f);
}

/* Takes what the connection wants to send, in sends of at most chunk bytes. */
static inline void fx_drain(struct fixture *f, size_t chunk)
{
	struct iovec iov[64];

	while (fab_conn_wants_send(f->conn)) {
		int n = fab_conn_gather(f->conn, iov, 64, 1u << 20);
		size_t took = 0;

		if (n == 0) {
			fab_conn_sent(f->conn, 0);
			return;
		}
		for (int i = 0; i < n && took < chunk; i++) {
			size_t len = cmn_min(iov[i].iov_len, chunk - took);

			if (f->out_len + len > f->out_cap) {
				f->out_cap = (f->out_len + len) * 2;
				f->out = realloc(f->out, f->out_cap);
			}
			memcpy(f->out + f->out_len, iov[i].iov_base, len);
			f->out_len += len;
			took += len;
		}
		fab_conn_sent(f->conn, took);
	}
}

/* ---- PDUs of a host ---- */

static inline size_t pdu_icreq(uint8_t *dst, uint8_t hpda, uint8_t dgst)
{
	struct nvme_tcp_icreq req = { .hpda = hpda, .dgst = dgst };

	fab_pdu_put_hdr(&req.hdr, NVME_TCP_ICREQ, sizeof(req), 0, sizeof(req));
	memcpy(dst, &req, sizeof(req));
	return sizeof(req);
}

struct cmd_args {
	uint8_t opcode;
	uint16_t cid;
	uint32_t off, len;
	bool hdgst, ddgst;
	const void *icd; /* data in the capsule; NULL: by transport SGL */
	uint32_t pad; /* further bytes before the payload */
};

static inline size_t pdu_cmd(uint8_t *dst, const struct cmd_args *a)
{
	struct nvme_tcp_cmd cmd = {
		.sqe = { .opcode = a->opcode, .flags = NVME_CMD_FLAGS_SGL, .cid = a->cid }
	};
	size_t hlen = sizeof(cmd) + (a->hdgst ? 4 : 0), at;

	cmd.sqe.cdw10 = htole32(a->off);
	cmd.sqe.cdw12 = htole32(a->len);
	cmd.sqe.sgl.length = htole32(a->len);
	cmd.sqe.sgl.id = a->icd ? NVME_SGL_ID_INCAPSULE : NVME_SGL_ID_TRANSPORT;
	at = hlen + (a->icd ? a->pad : 0);
	fab_pdu_put_hdr(&cmd.hdr, NVME_TCP_CMD, sizeof(cmd),
			(a->hdgst ? NVME_TCP_F_HDGST : 0) |
				(a->ddgst && a->icd ? NVME_TCP_F_DDGST : 0),
			(uint32_t)(a->icd ? at + a->len + (a->ddgst ? 4 : 0) : hlen));
	cmd.hdr.pdo = a->icd ? (uint8_t)at : 0;
	memcpy(dst, &cmd, sizeof(cmd));
	if (a->hdgst)
		fab_digest_put(dst + sizeof(cmd), dst, sizeof(cmd));
	if (!a->icd)
		return hlen;
	memset(dst + hlen, 0, at - hlen);
	memcpy(dst + at, a->icd, a->len);
	at += a->len;
	if (a->ddgst) {
		fab_digest_put(dst + at, a->icd, a->len);
		at += 4;
	}
	return at;
}

struct h2c_args {
	uint16_t cid, ttag;
	uint32_t off, len;
	bool last, hdgst, ddgst;
	const uint8_t *data; /* of the whole command */
};

static inline size_t pdu_h2c(uint8_t *dst, const struct h2c_args *a)
{
	struct nvme_tcp_data pdu = { .cccid = a->cid,
				     .ttag = htole16(a->ttag),
				     .datao = htole32(a->off),
				     .datal = htole32(a->len) };
	size_t at = sizeof(pdu) + (a->hdgst ? 4 : 0);

	fab_pdu_put_hdr(&pdu.hdr, NVME_TCP_H2C_DATA, sizeof(pdu),
			(a->last ? NVME_TCP_F_LAST : 0) | (a->hdgst ? NVME_TCP_F_HDGST : 0) |
				(a->ddgst ? NVME_TCP_F_DDGST : 0),
			(uint32_t)(at + a->len + (a->ddgst ? 4 : 0)));
	pdu.hdr.pdo = (uint8_t)at;
	memcpy(dst, &pdu, sizeof(pdu));
	if (a->hdgst)
		fab_digest_put(dst + sizeof(pdu), dst, sizeof(pdu));
	memcpy(dst + at, a->data + a->off, a->len);
	at += a->len;
	if (a->ddgst) {
		fab_digest_put(dst + at, a->data + a->off, a->len);
		at += 4;
	}
	return at;
}

/* Connected, with the made-up queue bound; what was sent so far is forgotten. */
static inline struct fixture *fx_live(uint8_t hpda, uint8_t dgst, struct fab_queue_bind bind)
{
	struct fixture *f = fx_new();
	uint8_t buf[128];

	fab_conn_push(f->conn, buf, pdu_icreq(buf, hpda, dgst));
	bind.ops = &fx_ops;
	fab_conn_bind(f->conn, &bind);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	f->out_len = 0;
	return f;
}

/* The PDU at *pos of what was sent; moves on. */
static inline const struct nvme_tcp_hdr *fx_next(struct fixture *f, size_t *pos)
{
	const struct nvme_tcp_hdr *h = (const struct nvme_tcp_hdr *)(f->out + *pos);

	assert_true(*pos + sizeof(*h) <= f->out_len);
	assert_true(*pos + le32toh(h->plen) <= f->out_len);
	*pos += le32toh(h->plen);
	return h;
}

#endif
