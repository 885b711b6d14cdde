/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/table.c - admin commands: one row each, and the dispatcher that holds commands to their row.
 * Owns: nothing.  Thread: the admin connection's.  May block: never.  Spec: NVM Express Base 2.1, 3.1.3.4, 5.1. */
#include <endian.h>
#include <string.h>

#include "fabrics/admin/table.h"
#include "fabrics/connect.h"
#include "fabrics/ctrl_impl.h"

#define ALL_CTRLS (FAB_CT_IO | FAB_CT_DISC | FAB_CT_ADMIN)

static void keep_alive(struct fab_ctrl *ctrl, struct fab_req *req)
{
	fab_ctrl_saw_traffic(ctrl);
	fab_req_complete(req, FAB_OK);
}

/* To add a command: a row here, its check and exec in the file of its area. */
static const struct fab_admin_cmd rows[] = {
	{
		.opcode = NVME_ADMIN_GET_LOG_PAGE,
		.name = "get-log-page",
		.ctrls = ALL_CTRLS,
		.nsid_used = true,
		.rsvd = { [4] = ~(0xffu << 24 | NVME_LOG_OT | 0x7f), [5] = ~0u },
		.effects = NVME_EFF_CSUPP,
		.check = fab_logpage_check,
		.exec = fab_logpage_exec,
	},
	{
		.opcode = NVME_ADMIN_IDENTIFY,
		.name = "identify",
		.ctrls = ALL_CTRLS,
		.nsid_used = true,
		.rsvd = { 0xff00, 0x00ff0000, ~0u, ~0u, ~0x7fu, ~0u },
		.effects = NVME_EFF_CSUPP,
		.check = fab_identify_check,
		.exec = fab_identify_exec,
	},
	{
		.opcode = NVME_ADMIN_ABORT,
		.name = "abort",
		.ctrls = ALL_CTRLS,
		.rsvd = { 0, ~0u, ~0u, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.exec = fab_abort_exec,
	},
	{
		.opcode = NVME_ADMIN_SET_FEATURES,
		.name = "set-features",
		.ctrls = ALL_CTRLS,
		.nsid_used = true,
		.rsvd = { 0x7fffff00, 0, 0, 0, ~0x7fu, 0 },
		.effects = NVME_EFF_CSUPP | NVME_EFF_CCC,
		.check = fab_set_features_check,
		.exec = fab_set_features_exec,
	},
	{
		.opcode = NVME_ADMIN_GET_FEATURES,
		.name = "get-features",
		.ctrls = ALL_CTRLS,
		.nsid_used = true,
		.rsvd = { 0xfffff800, 0, 0, 0, ~0x7fu, 0 },
		.effects = NVME_EFF_CSUPP,
		.check = fab_get_features_check,
		.exec = fab_get_features_exec,
	},
	{
		.opcode = NVME_ADMIN_ASYNC_EVENT,
		.name = "async-event-request",
		.ctrls = ALL_CTRLS,
		.rsvd = { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.exec = fab_aer_exec,
	},
	{
		.opcode = NVME_ADMIN_KEEP_ALIVE,
		.name = "keep-alive",
		.ctrls = ALL_CTRLS,
		.rsvd = { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.exec = keep_alive,
	},
};

const struct fab_admin_cmd *fab_admin_cmds(unsigned int *ret_nr)
{
	*ret_nr = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

static const struct fab_admin_cmd *find_in(const struct fab_admin_cmd *cmds, unsigned int nr,
					   const struct fab_ctrl *ctrl, uint8_t opcode)
{
	for (unsigned int i = 0; i < nr; i++)
		if (cmds[i].opcode == opcode && fab_ctrl_is(ctrl, cmds[i].ctrls))
			return &cmds[i];
	return NULL;
}

const struct fab_admin_cmd *fab_admin_cmd_find(const struct fab_ctrl *ctrl, uint8_t opcode)
{
	const struct fab_admin_cmd *cmd =
		find_in(rows, sizeof(rows) / sizeof(rows[0]), ctrl, opcode);

	if (!cmd)
		cmd = find_in(ctrl->pers->extra_cmds, ctrl->pers->nr_extra_cmds, ctrl, opcode);
	return cmd;
}

void *fab_admin_reply(struct fab_req *req)
{
	if (!req->buf && fab_req_get_buf(req, req->len)) {
		fab_req_wait_buf(req, req->len);
		return NULL;
	}
	memset(req->data, 0, req->len);
	req->out_len = req->len;
	return req->data;
}

/* ---- dispatch ---- */

/* What a row states of the submission queue entry. */
static struct fab_status check_row(const struct fab_admin_cmd *row, const struct nvme_cmd *cmd)
{
	const uint8_t *dwords = (const uint8_t *)cmd + offsetof(struct nvme_cmd, cdw10);

	if (NVME_CMD_FUSE(cmd->flags) || NVME_CMD_PSDT(cmd->flags) != NVME_PSDT_SGL)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, flags));
	if (!row->nsid_used && cmd->nsid)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, nsid));
	for (unsigned int i = 0; i < 6; i++)
		if (fab_le32(dwords + 4 * i) & row->rsvd[i])
			return FAB_ERR_AT(NVME_SC_INVALID_FIELD,
					  offsetof(struct nvme_cmd, cdw10) + 4 * i);
	return FAB_OK;
}

static struct fab_status admin_parse(struct fab_req *req)
{
	static const uint8_t dirs[] = {
		[NVME_DIR_NONE] = FAB_DIR_NONE,
		[NVME_DIR_H2C] = FAB_DIR_H2C,
		[NVME_DIR_C2H] = FAB_DIR_C2H,
		[NVME_DIR_BIDIR] = FAB_DIR_NONE,
	};
	struct fab_ctrl *ctrl = fab_conn_ctrl(req->conn);
	const struct fab_admin_cmd *row;
	struct fab_status st;

	fab_ctrl_saw_traffic(ctrl);
	if (req->cmd.opcode == NVME_ADMIN_FABRICS)
		return fab_fabrics_parse(req);
	req->dir = FAB_DIR_NONE;
	req->len = 0;
	row = fab_admin_cmd_find(ctrl, req->cmd.opcode);
	if (!row)
		return FAB_ERR_AT(NVME_SC_INVALID_OPCODE, offsetof(struct nvme_cmd, opcode));
	/* It may just be resetting. */
	if (fab_ctrl_state(ctrl) == FAB_CTRL_DISABLED || fab_ctrl_state(ctrl) == FAB_CTRL_RESETTING)
		return FAB_RETRY(NVME_SC_CMD_SEQ_ERROR);
	st = check_row(row, &req->cmd);
	if (!fab_failed(st) && row->check)
		st = row->check(ctrl, req);
	if (fab_failed(st))
		return st;
	req->row = row;
	if (req->len)
		req->dir = dirs[NVME_OPC_DIR(row->opcode)];
	return st;
}

static void admin_execute(struct fab_req *req)
{
	const struct fab_admin_cmd *row = req->row;

	if (req->cmd.opcode == NVME_ADMIN_FABRICS)
		fab_fabrics_execute(req);
	else
		row->exec(fab_conn_ctrl(req->conn), req);
}

/* Only a waiting Asynchronous Event Request takes so long that hurrying it means anything. */
static void admin_cancel(struct fab_req *req)
{
	if (req->cmd.opcode == NVME_ADMIN_ASYNC_EVENT)
		fab_aer_cancel(fab_conn_ctrl(req->conn), req);
}

static void admin_release(struct fab_req *req)
{
	if (req->cmd.opcode == NVME_ADMIN_ABORT)
		fab_abort_released(fab_conn_ctrl(req->conn), req);
}

const struct fab_queue_ops fab_admin_queue_ops = {
	.parse = admin_parse,
	.execute = admin_execute,
	.cancel = admin_cancel,
	.release = admin_release,
};
