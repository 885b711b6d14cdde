/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_conn.c - any bytes into a controller's connection: no crash, no leak, no buffer
 * or pin left behind.
 *
 * Input: a byte of modes, a byte of scarcity, a byte of chunk size, then what the host sends. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/conn.h"
#include "fabrics/site.h"
#include "fabrics/tcp/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum mode {
	MODE_DIGESTS = 3, /* digests agreed (ICReq is sent by us) */
	MODE_LIVE = 1 << 2, /* past ICReq, on a bound queue */
	MODE_LATER = 1 << 3, /* commands complete later */
	MODE_NO_PIN = 1 << 4, /* writers hold what is to be sent, now and then */
	MODE_ABORT = 1 << 5,
	MODE_DRAIN = 1 << 6,
	MODE_ORPHANS = 1 << 7, /* destroyed before what executes is done */
};

#define MAX_HELD 512
#define MEM 16384u

struct world {
	struct fab_env env;
	struct fab_conn *conn;
	unsigned int mode, bufs, buf_limit, pins, tick;
	struct fab_req *held[MAX_HELD];
	unsigned int nr_held;
	uint8_t mem[MEM];
};

static void must(bool cond)
{
	if (!cond)
		abort();
}

static struct world *world_of(struct fab_req *req)
{
	return cmn_container_of(fab_conn_env(req->conn), struct world, env);
}

static void *buf_get(struct fab_env *env, size_t len)
{
	struct world *w = cmn_container_of(env, struct world, env);

	if (w->bufs >= w->buf_limit)
		return NULL;
	w->bufs++;
	return malloc(len);
}

static void buf_put(struct fab_env *env, void *buf, size_t len)
{
	(void)len;
	cmn_container_of(env, struct world, env)->bufs--;
	free(buf);
}

/* The opcode says which way data goes; CDW12 how much; FFh is refused. */
static struct fab_status parse(struct fab_req *req)
{
	if (req->cmd.opcode == 0xff)
		return FAB_ERR_AT(NVME_SC_INVALID_OPCODE, 0);
	if (NVME_OPC_DIR(req->cmd.opcode) == NVME_DIR_NONE)
		return FAB_OK;
	req->dir = NVME_OPC_DIR(req->cmd.opcode) == NVME_DIR_H2C ? FAB_DIR_H2C : FAB_DIR_C2H;
	req->len = le32toh(req->cmd.cdw12) % (MEM + 1);
	return FAB_OK;
}

static void finish(struct fab_req *req)
{
	struct world *w = world_of(req);

	if (req->dir == FAB_DIR_H2C)
		memcpy(w->mem, req->data ? req->data : w->mem, req->data ? req->len : 0);
	if (req->dir == FAB_DIR_C2H) {
		req->data = w->mem;
		req->flags |= FAB_REQ_DATA_LIVE;
		if (req->len && req->cmd.opcode & 0x10)
			req->out_len = req->len / 2;
	}
	req->cqe.dw[0] = req->cmd.cdw15;
	fab_req_complete(req, req->cmd.opcode & 0x20 ? FAB_ERR(NVME_SC_INTERNAL) : FAB_OK);
}

static void execute(struct fab_req *req)
{
	struct world *w = world_of(req);

	if ((w->mode & MODE_LATER) && !(req->flags & FAB_REQ_DATA_BORROWED) &&
	    w->nr_held < MAX_HELD)
		w->held[w->nr_held++] = req;
	else
		finish(req);
}

static bool pin(struct fab_req *req)
{
	struct world *w = world_of(req);

	if ((w->mode & MODE_NO_PIN) && w->tick++ % 3)
		return false;
	w->pins++;
	return true;
}

static void unpin(struct fab_req *req)
{
	world_of(req)->pins--;
}

static const struct fab_queue_ops ops = {
	.parse = parse, .execute = execute, .pin = pin, .unpin = unpin
};

static struct fab_status refuse(struct fab_site *site, struct fab_conn *conn,
				const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				uint16_t *ret_offset)
{
	(void)site;
	(void)conn;
	(void)in;
	(void)ret_ctrl;
	*ret_offset = 16;
	return FAB_ERR(NVME_SC_CONNECT_PARAM);
}

static uint8_t kickstart(struct fab_site *site, struct fab_conn *conn,
			 const struct fab_kickstart *in, const char **ret_nqn)
{
	(void)site;
	(void)conn;
	*ret_nqn = "nqn.2026-11.example:cdc";
	return in && in->numdie ? 0 : NVME_TCP_KS_NO_RESOURCES;
}

static const struct fab_site_ops site_ops = { .admin_connect = refuse,
					      .io_connect = refuse,
					      .kickstart = kickstart };

static volatile uint8_t touched; /* every byte that is to be sent is read, for the sanitizers */

static void send_some(struct world *w, size_t chunk)
{
	struct iovec iov[8];
	size_t total = 0;
	int n;

	if (!fab_conn_wants_send(w->conn))
		return;
	n = fab_conn_gather(w->conn, iov, 8, chunk);
	for (int i = 0; i < n; i++) {
		const uint8_t *p = iov[i].iov_base;

		for (size_t b = 0; b < iov[i].iov_len; b++)
			touched ^= p[b];
		total += iov[i].iov_len;
	}
	fab_conn_sent(w->conn, cmn_min(total, chunk));
	must(w->pins == 0);
}

static void complete_one(struct world *w)
{
	if (w->nr_held)
		finish(w->held[--w->nr_held]);
}

/* One piece of what the host sends, the way a reactor would take it. */
static void receive(struct world *w, const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len);
	void *dst;
	size_t want = cmn_min(fab_conn_want(w->conn, &dst), len);

	memcpy(copy, p, len);
	if (want) {
		memcpy(dst, copy, want);
		fab_conn_took(w->conn, want);
	}
	if (len > want)
		fab_conn_push(w->conn, copy + want, len - want);
	free(copy);
	if (fab_conn_paused(w->conn)) {
		w->buf_limit++;
		fab_conn_resume(w->conn);
	}
}

static void begin(struct world *w, struct fab_site *site)
{
	struct fab_conn_params params = {
		.env = &w->env, .site = site, .max_h2c_data = 4096, .max_icd = 8192
	};
	struct fab_queue_bind bind = { .qid = 1, .sqsize = 15, .ops = &ops };
	struct nvme_tcp_icreq ic = { .dgst = w->mode & MODE_DIGESTS };

	fab_env_init(&w->env);
	w->env.buf_get = buf_get;
	w->env.buf_put = buf_put;
	w->conn = fab_conn_create(&params);
	must(w->conn != NULL);
	if (!(w->mode & MODE_LIVE))
		return;
	fab_pdu_put_hdr(&ic.hdr, NVME_TCP_ICREQ, sizeof(ic), 0, sizeof(ic));
	fab_conn_push(w->conn, &ic, sizeof(ic));
	bind.sqflow_off = w->mode & MODE_DRAIN;
	fab_conn_bind(w->conn, &bind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fab_site site = { .ops = &site_ops, .io_ops = &ops };
	struct world *w;
	size_t chunk;

	if (len < 3)
		return 0;
	w = calloc(1, sizeof(*w));
	must(w != NULL);
	w->mode = data[0];
	w->buf_limit = data[1];
	chunk = (size_t)data[2] * 8 + 1;
	begin(w, &site);
	for (size_t pos = 3; pos < len && fab_conn_state(w->conn) != FAB_CONN_CLOSED;
	     pos += chunk) {
		receive(w, data + pos, cmn_min(chunk, len - pos));
		send_some(w, chunk * 3);
		if (w->nr_held > 4)
			complete_one(w);
		if (w->mode & MODE_ABORT)
			fab_conn_abort(w->conn, data[pos]);
	}
	if (w->mode & MODE_DRAIN)
		fab_conn_drain(w->conn);
	for (int i = 0; i < 50; i++)
		send_some(w, 100000);
	must(fab_conn_inflight(w->conn) <= 32);
	if (w->mode & MODE_ORPHANS)
		fab_conn_destroy(w->conn);
	while (w->nr_held)
		complete_one(w);
	if (!(w->mode & MODE_ORPHANS))
		fab_conn_destroy(w->conn);
	must(w->bufs == 0 && w->pins == 0);
	fab_env_fini(&w->env);
	free(w);
	return 0;
}
