/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/queue.c - see queue.h.
 * Owns: work under way.  Thread: the connection's.  May block: never.  Spec: NVM Express Base 2.1, 6.1, 6.2, 8.3.4.2. */
#include "fabrics/auth/queue.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/connect.h"
#include "fabrics/ctrl.h"
#include "fabrics/spec/nvmf.h"

static const struct nvmf_auth_cmd *auth_cmd(const struct fab_req *req)
{
	return (const struct nvmf_auth_cmd *)&req->cmd;
}

/* ---- the gate ---- */

static struct fab_status gate_parse(struct fab_req *req)
{
	uint8_t fctype = auth_cmd(req)->fctype;

	if (req->cmd.opcode == NVME_ADMIN_FABRICS &&
	    (fctype == NVMF_AUTH_SEND || fctype == NVMF_AUTH_RECV))
		return fab_fabrics_parse(req);
	req->dir = FAB_DIR_NONE;
	req->len = 0;
	return FAB_ERR(NVME_SC_AUTH_REQUIRED);
}

const struct fab_queue_ops fab_auth_gate_ops = {
	.parse = gate_parse,
	.execute = fab_fabrics_execute,
};

/* ---- what both commands are checked for ---- */

static struct fab_status check(struct fab_req *req, uint8_t dir, uint32_t max)
{
	const struct nvmf_auth_cmd *cmd = auth_cmd(req);
	const struct fab_conn_auth *auth = fab_conn_auth(req->conn);
	uint32_t len = le32toh(cmd->len);

	if (!auth->machine)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_auth_cmd, fctype));
	if (cmd->secp != NVMF_AUTH_SECP)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_auth_cmd, secp));
	if (cmd->spsp0 != NVMF_AUTH_SPSP0)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_auth_cmd, spsp0));
	if (cmd->spsp1 != NVMF_AUTH_SPSP1)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_auth_cmd, spsp1));
	if (!len || len > max)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_auth_cmd, len));
	req->dir = dir;
	req->len = len;
	return FAB_OK;
}

struct fab_status fab_auth_check_send(struct fab_req *req)
{
	return check(req, FAB_DIR_H2C, FAB_AUTH_DATA_MAX);
}

struct fab_status fab_auth_check_recv(struct fab_req *req)
{
	return check(req, FAB_DIR_C2H, FAB_AUTH_RECV_MAX);
}

/* ---- how it goes on ---- */

void fab_auth_tell(struct fab_conn *conn)
{
	struct fab_site *site = fab_conn_site(conn);

	if (site->ops->auth_ended)
		site->ops->auth_ended(site, conn, fab_conn_auth(conn)->machine);
}

/* A host that failed gets the answer to its command, and then its connection ends. */
static void went_on(struct fab_conn *conn)
{
	enum fab_auth_state state = fab_auth_state(fab_conn_auth(conn)->machine);

	if (state == FAB_AUTH_DONE)
		fab_conn_auth_done(conn);
	else if (state == FAB_AUTH_FAILED)
		fab_conn_drain(conn);
	if (state == FAB_AUTH_DONE || state == FAB_AUTH_FAILED)
		fab_auth_tell(conn);
}

static void complete(struct fab_req *req, struct fab_status st)
{
	req->dir = req->dir == FAB_DIR_C2H ? req->dir : FAB_DIR_NONE; /* no I/O, for who counts */
	fab_req_complete(req, st);
}

/* ---- Authentication Send ---- */

struct send_work {
	struct fab_work work;
	struct fab_req *req;
};

static void send_run(struct fab_work *work)
{
	struct send_work *w = cmn_container_of(work, struct send_work, work);

	fab_auth_work(fab_conn_auth(w->req->conn)->machine);
}

/* The connection may have ended meanwhile; then its request is an orphan, and keeps it. */
static void send_done(struct fab_work *work)
{
	struct send_work *w = cmn_container_of(work, struct send_work, work);
	struct fab_req *req = w->req;

	free(w);
	fab_conn_auth(req->conn)->lent = false;
	complete(req, FAB_OK);
}

static void work(struct fab_req *req)
{
	struct fab_env *env = fab_conn_env(req->conn);
	struct send_work *w = env && env->offload ? calloc(1, sizeof(*w)) : NULL;

	if (!w) {
		fab_auth_work(fab_conn_auth(req->conn)->machine);
		complete(req, FAB_OK);
		return;
	}
	*w = (struct send_work){ { send_run, send_done }, req };
	fab_conn_auth(req->conn)->lent = true;
	env->offload(req->conn, &w->work);
}

void fab_auth_exec_send(struct fab_req *req)
{
	struct fab_conn_auth *auth = fab_conn_auth(req->conn);
	bool slow;

	fab_ctrl_saw_traffic(fab_conn_ctrl(req->conn));
	if (auth->lent) { /* it didn't wait for the answer to its last message */
		complete(req, FAB_RETRY(NVME_SC_CMD_SEQ_ERROR));
		return;
	}
	fab_conn_auth_begin(req->conn);
	slow = fab_auth_put(auth->machine, req->data, req->len);
	went_on(req->conn);
	if (slow)
		work(req);
	else
		complete(req, FAB_OK);
}

/* ---- Authentication Receive ---- */

void fab_auth_exec_recv(struct fab_req *req)
{
	struct fab_conn_auth *auth = fab_conn_auth(req->conn);

	fab_ctrl_saw_traffic(fab_conn_ctrl(req->conn));
	if (auth->lent) {
		req->out_len = 0;
		complete(req, FAB_RETRY(NVME_SC_CMD_SEQ_ERROR));
		return;
	}
	if (!req->buf && fab_req_get_buf(req, req->len) < 0) {
		fab_req_wait_buf(req, req->len);
		return;
	}
	memset(req->data, 0, req->len);
	req->out_len = req->len; /* all that it made room for: some hosts take less for an error */
	if (!fab_auth_get(auth->machine, req->data, req->len)) {
		complete(req,
			 FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_auth_cmd, len)));
		return;
	}
	went_on(req->conn);
	complete(req, FAB_OK);
}
