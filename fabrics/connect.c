/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/connect.c - Fabrics commands: Connect on a new queue; Property Get/Set and Disconnect on a bound one.
 * Owns: nothing.  Thread: the connection's.  May block: no longer than the site's mutex.
 * Spec: NVM Express Base 2.1, 3.3.2.2 (queue creation), 6.3 (Connect), 6.4-6.6. */
#include <endian.h>
#include <string.h>

#include "fabrics/auth/queue.h"
#include "fabrics/connect.h"
#include "fabrics/ctrl_impl.h"

static uint8_t fctype(const struct fab_req *req)
{
	return ((const struct nvmf_cmd *)&req->cmd)->fctype;
}

/* ---- Connect ---- */

/* A queue that isn't bound knows one command. */
static struct fab_status unbound_parse(struct fab_req *req)
{
	const struct nvmf_connect_cmd *cmd = (const struct nvmf_connect_cmd *)&req->cmd;

	if (req->cmd.opcode != NVME_ADMIN_FABRICS || fctype(req) != NVMF_CONNECT)
		return FAB_ERR(NVME_SC_CMD_SEQ_ERROR);
	if (le16toh(cmd->recfmt))
		return FAB_ERR_AT(NVME_SC_CONNECT_FORMAT,
				  offsetof(struct nvmf_connect_cmd, recfmt));
	req->dir = FAB_DIR_H2C;
	req->len = sizeof(struct nvmf_connect_data);
	return FAB_OK;
}

/* Where the fault lies: in the command (at), or in the data (data_at) if that isn't FAB_LOC_NONE. */
struct fault {
	uint16_t at, data_at;
};

static struct fab_status invalid_in_cmd(struct fault *fault, uint16_t off)
{
	fault->at = off;
	return FAB_ERR_AT(NVME_SC_CONNECT_PARAM, off);
}

static struct fab_status invalid_in_data(struct fault *fault, uint16_t off)
{
	fault->data_at = off;
	return FAB_ERR(NVME_SC_CONNECT_PARAM);
}

static bool is_zero(const uint8_t *p, size_t len)
{
	while (len--)
		if (p[len])
			return false;
	return true;
}

/* What can be told from the command and its data alone. */
static struct fab_status decode(const struct nvmf_connect_cmd *cmd,
				const struct nvmf_connect_data *data, struct fab_connect *ret,
				struct fault *fault)
{
	memset(ret, 0, sizeof(*ret));
	ret->qid = le16toh(cmd->qid);
	ret->sqsize = le16toh(cmd->sqsize);
	ret->kato_ms = ret->qid ? 0 : le32toh(cmd->kato);
	ret->sqflow_off = cmd->cattr & NVMF_CATTR_NO_SQFLOW;
	ret->cntlid = le16toh(data->cntlid);
	memcpy(ret->hostid, data->hostid, sizeof(ret->hostid));

	if (ret->qid == 0xffff)
		return invalid_in_cmd(fault, offsetof(struct nvmf_connect_cmd, qid));
	if (!ret->sqsize)
		return invalid_in_cmd(fault, offsetof(struct nvmf_connect_cmd, sqsize));
	if (is_zero(data->hostid, sizeof(data->hostid)))
		return invalid_in_data(fault, offsetof(struct nvmf_connect_data, hostid));
	/* Dynamic controllers only: an admin queue may not choose, an I/O queue must name its own. */
	if (!ret->qid != (ret->cntlid == NVMF_CNTLID_DYNAMIC))
		return invalid_in_data(fault, offsetof(struct nvmf_connect_data, cntlid));
	if (fab_nqn_check(data->subnqn, sizeof(data->subnqn)))
		return invalid_in_data(fault, offsetof(struct nvmf_connect_data, subnqn));
	/* SPDK's tools send none: a host without a name, which no list of hosts can hold. */
	if (data->hostnqn[0] && fab_nqn_check(data->hostnqn, sizeof(data->hostnqn)))
		return invalid_in_data(fault, offsetof(struct nvmf_connect_data, hostnqn));
	memcpy(ret->subnqn, data->subnqn, strlen(data->subnqn));
	memcpy(ret->hostnqn, data->hostnqn, strlen(data->hostnqn));
	return FAB_OK;
}

/* The site finds or makes the controller, and says what it doesn't like. */
static struct fab_status ask_site(struct fab_site *site, struct fab_conn *conn,
				  const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				  struct fault *fault)
{
	struct fab_status st;

	if (in->qid && !site->io_ops)
		return invalid_in_cmd(fault, offsetof(struct nvmf_connect_cmd, qid));
	if (in->qid)
		st = site->ops->io_connect(site, conn, in, ret_ctrl, &fault->data_at);
	else
		st = site->ops->admin_connect(site, conn, in, ret_ctrl, &fault->data_at);
	if (fab_failed(st)) {
		fault->at = st.err_loc;
		return st;
	}
	if (!in->qid && in->sqsize > (*ret_ctrl)->pers->mqes) {
		site->ops->queue_gone(site, conn, *ret_ctrl, 0);
		fab_ctrl_put(*ret_ctrl);
		*ret_ctrl = NULL;
		return invalid_in_cmd(fault, offsetof(struct nvmf_connect_cmd, sqsize));
	}
	return st;
}

/* *ret NULL: the host need not authenticate.  What it will have to is made before it is let in, so that it can't be let in without. */
static struct fab_status make_auth(struct fab_site *site, struct fab_conn *conn,
				   const struct fab_connect *in, struct fab_auth **ret)
{
	struct fab_auth_params params = { .hostnqn = in->hostnqn, .subnqn = in->subnqn };

	*ret = NULL;
	if (!site->ops->auth || !site->ops->auth(site, conn, in, &params.policy))
		return FAB_OK;
	*ret = fab_auth_create(&params);
	fab_auth_key_clear(&params.policy.key);
	fab_auth_key_clear(&params.policy.ctrl_key);
	return *ret ? FAB_OK : FAB_RETRY(NVME_SC_CONNECT_BUSY);
}

static void unbound_execute(struct fab_req *req)
{
	struct fault fault = { .at = FAB_LOC_NONE, .data_at = FAB_LOC_NONE };
	struct fab_site *site = fab_conn_site(req->conn);
	struct fab_ctrl *ctrl = NULL;
	struct fab_auth *auth = NULL;
	struct nvmf_connect_data data;
	struct fab_connect in;
	struct fab_status st;

	memcpy(&data, req->data, sizeof(data));
	st = decode((const struct nvmf_connect_cmd *)&req->cmd, &data, &in, &fault);
	if (!fab_failed(st))
		st = make_auth(site, req->conn, &in, &auth);
	if (!fab_failed(st))
		st = ask_site(site, req->conn, &in, &ctrl, &fault);
	if (!fab_failed(st)) {
		fab_conn_bind(req->conn,
			      &(struct fab_queue_bind){
				      .ctrl = ctrl,
				      .qid = in.qid,
				      .sqsize = in.sqsize,
				      .sqflow_off = in.sqflow_off,
				      .ops = in.qid ? site->io_ops : &fab_admin_queue_ops,
				      .auth = auth,
			      });
		req->cqe.dw[0] = htole32(fab_ctrl_cntlid(ctrl) | (auth ? NVMF_CONNECT_ATR : 0));
		auth = NULL;
	} else if (st.code == NVME_SC_CONNECT_PARAM && fault.data_at != FAB_LOC_NONE) {
		req->cqe.dw[0] = htole32(NVMF_CONNECT_IPO_DATA(fault.data_at));
	} else if (st.code == NVME_SC_CONNECT_PARAM && fault.at != FAB_LOC_NONE) {
		req->cqe.dw[0] = htole32(NVMF_CONNECT_IPO_SQE(fault.at));
	}
	fab_auth_destroy(auth);
	req->dir = FAB_DIR_NONE; /* its data was no I/O, for who counts */
	fab_req_complete(req, st);
}

const struct fab_queue_ops fab_unbound_queue_ops = {
	.parse = unbound_parse,
	.execute = unbound_execute,
};

/* ---- the others, on a bound queue ---- */

static void exec_property_get(struct fab_req *req)
{
	const struct nvmf_property_cmd *cmd = (const struct nvmf_property_cmd *)&req->cmd;
	uint64_t value = 0;
	struct fab_status st;

	st = fab_property_get(fab_conn_ctrl(req->conn), le32toh(cmd->offset),
			      NVMF_PROP_SIZE(cmd->attrib), &value);
	req->cqe.result = htole64(value);
	fab_req_complete(req, st);
}

static void exec_property_set(struct fab_req *req)
{
	const struct nvmf_property_cmd *cmd = (const struct nvmf_property_cmd *)&req->cmd;

	fab_req_complete(req, fab_property_set(fab_conn_ctrl(req->conn), le32toh(cmd->offset),
					       NVMF_PROP_SIZE(cmd->attrib), le64toh(cmd->value)));
}

static struct fab_status check_disconnect(struct fab_req *req)
{
	const struct nvmf_disconnect_cmd *cmd = (const struct nvmf_disconnect_cmd *)&req->cmd;

	return cmd->recfmt ? FAB_ERR_AT(NVME_SC_CONNECT_FORMAT,
					offsetof(struct nvmf_disconnect_cmd, recfmt))
			   : FAB_OK;
}

/* The connection ends once this and all that is in flight has been answered. */
static void exec_disconnect(struct fab_req *req)
{
	fab_conn_drain(req->conn);
	fab_req_complete(req, FAB_OK);
}

struct fabrics_cmd {
	uint8_t fctype;
	bool admin_queue, io_queue;
	uint16_t wrong_queue; /* status on the other kind of queue */
	struct fab_status (*check)(
		struct fab_req *req); /* sets dir and len; NULL: it moves nothing */
	void (*exec)(struct fab_req *req);
};

static const struct fabrics_cmd fabrics_cmds[] = {
	{ NVMF_PROPERTY_GET, true, false, NVME_SC_INVALID_FIELD, NULL, exec_property_get },
	{ NVMF_PROPERTY_SET, true, false, NVME_SC_INVALID_FIELD, NULL, exec_property_set },
	{ NVMF_DISCONNECT, false, true, NVME_SC_INVALID_QUEUE_TYPE, check_disconnect,
	  exec_disconnect },
	{ NVMF_AUTH_SEND, true, true, 0, fab_auth_check_send, fab_auth_exec_send },
	{ NVMF_AUTH_RECV, true, true, 0, fab_auth_check_recv, fab_auth_exec_recv },
};

static const struct fabrics_cmd *find_fabrics_cmd(uint8_t type)
{
	for (size_t i = 0; i < sizeof(fabrics_cmds) / sizeof(fabrics_cmds[0]); i++)
		if (fabrics_cmds[i].fctype == type)
			return &fabrics_cmds[i];
	return NULL;
}

struct fab_status fab_fabrics_parse(struct fab_req *req)
{
	const struct fabrics_cmd *cmd = find_fabrics_cmd(fctype(req));
	const uint16_t fctype_at = offsetof(struct nvmf_cmd, fctype);

	req->dir = FAB_DIR_NONE;
	req->len = 0;
	if (fctype(req) == NVMF_CONNECT) /* this queue exists already */
		return FAB_ERR(NVME_SC_CMD_SEQ_ERROR);
	if (!cmd)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, fctype_at);
	if (fab_conn_qid(req->conn) ? !cmd->io_queue : !cmd->admin_queue)
		return FAB_ERR_AT(cmd->wrong_queue, fctype_at);
	req->row = cmd;
	return cmd->check ? cmd->check(req) : FAB_OK;
}

void fab_fabrics_execute(struct fab_req *req)
{
	const struct fabrics_cmd *cmd = req->row;

	cmd->exec(req);
}
