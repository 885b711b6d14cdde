/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/fake.h - a connection and a site that only remember, around a real controller.
 * It defines what fabrics/conn.c and fabrics/req.c would; include it in one file of a test program. */
#ifndef TESTS_UNIT_FABRICS_FAKE_H
#define TESTS_UNIT_FABRICS_FAKE_H

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/admin/table.h"
#include "fabrics/connect.h"
#include "fabrics/ctrl.h"
#include "fabrics/spec/nvmf.h"
#include "tests/unit/unit.h"

#define HOST_NQN "nqn.2014-08.org.nvmexpress:uuid:7a6e3c1c-2f5f-4a49-9f2a-3c8f1f6f0001"
#define SUB_NQN "nqn.2026-11.example:demo"
/* Not every test needs every helper. */
#define FAKE static __attribute__((unused))
#define MAX_INFLIGHT 16
#define NR_NS 4

struct fab_conn {
	struct fab_site *site;
	struct fab_ctrl *ctrl;
	const struct fab_queue_ops *ops;
	struct fab_conn_auth auth;
	uint16_t qid, sqsize;
	bool bound, sqflow_off, drained;
	struct fab_req *inflight[MAX_INFLIGHT];
};

/* A command in flight; the request first, so that the two are one. */
struct cmd {
	struct fab_req req;
	struct fab_status st;
	bool done, waits;
};

struct world {
	struct fab_site site; /* first: ops find the world by it */
	struct fab_conn conn, io_conn;
	struct fab_personality pers;
	struct fab_ctrl *ctrl;
	struct fab_view view;
	struct fab_ns ns[NR_NS];
	struct fab_ns *slot[NR_NS];
	/* what ops shall answer, and what they were asked */
	struct fab_status connect_status;
	uint16_t connect_offset;
	struct fab_connect connect;
	unsigned int nr_connects, nr_gone, nr_quiesces;
	bool hold_quiesce;
	struct fab_req *abort_req;
	uint16_t abort_sqid, abort_cid;
	bool no_memory;
	uint64_t now;
};

/* ---- what conn.c and req.c would do ---- */

struct fab_site *fab_conn_site(const struct fab_conn *conn)
{
	return conn->site;
}

struct fab_ctrl *fab_conn_ctrl(const struct fab_conn *conn)
{
	return conn->ctrl;
}

uint16_t fab_conn_qid(const struct fab_conn *conn)
{
	return conn->qid;
}

struct fab_env *fab_conn_env(const struct fab_conn *conn)
{
	(void)conn;
	return NULL;
}

struct fab_conn_auth *fab_conn_auth(struct fab_conn *conn)
{
	return &conn->auth;
}

void fab_conn_auth_begin(struct fab_conn *conn)
{
	conn->auth.under_way = true;
}

void fab_conn_auth_done(struct fab_conn *conn)
{
	conn->auth.under_way = false;
}

void fab_conn_drain(struct fab_conn *conn)
{
	conn->drained = true;
}

void fab_conn_bind(struct fab_conn *conn, const struct fab_queue_bind *bind)
{
	conn->bound = true;
	conn->ctrl = bind->ctrl;
	conn->qid = bind->qid;
	conn->sqsize = bind->sqsize;
	conn->sqflow_off = bind->sqflow_off;
	conn->ops = bind->ops;
}

struct fab_req *fab_conn_find(struct fab_conn *conn, uint16_t cid)
{
	for (int i = 0; i < MAX_INFLIGHT; i++)
		if (conn->inflight[i] && conn->inflight[i]->cid == cid)
			return conn->inflight[i];
	return NULL;
}

/* One that isn't executing is answered at once. */
bool fab_conn_abort(struct fab_conn *conn, uint16_t cid)
{
	struct fab_req *req = fab_conn_find(conn, cid);

	fab_req_complete(req, FAB_RETRY(NVME_SC_ABORT_REQ));
	return true;
}

int fab_req_get_buf(struct fab_req *req, uint32_t len)
{
	if (((struct world *)req->conn->site)->no_memory)
		return -1;
	free(req->buf);
	req->buf = malloc(len);
	memset(req->buf, 0xa5, len); /* the pool's buffers are not clean either */
	req->data = req->buf;
	req->buf_len = len;
	return 0;
}

void fab_req_wait_buf(struct fab_req *req, uint32_t len)
{
	(void)len;
	((struct cmd *)req)->waits = true;
	req->state = FAB_REQ_WAIT_BUF;
}

void fab_req_complete(struct fab_req *req, struct fab_status st)
{
	struct cmd *cmd = (struct cmd *)req;
	struct fab_conn *conn = req->conn;

	assert_false(cmd->done);
	cmd->done = true;
	cmd->st = st;
	for (int i = 0; i < MAX_INFLIGHT; i++)
		if (conn->inflight[i] == req)
			conn->inflight[i] = NULL;
	if (conn->ops && conn->ops->release)
		conn->ops->release(req);
}

/* ---- the site ---- */

static struct fab_subsys_id fake_id = { .nqn = SUB_NQN,
					.serial = "PH0001",
					.model = "Pharos",
					.firmware = "0.1",
					.ieee_oui = { 1, 2, 3 } };

static void keep_view(struct fab_view *view)
{
	(void)view;
}

static struct fab_ctrl *make_ctrl(struct world *w, struct fab_conn *conn,
				  const struct fab_connect *in)
{
	return fab_ctrl_create(&(struct fab_ctrl_params){
		.site = &w->site,
		.pers = &w->pers,
		.id = &fake_id,
		.admin_conn = conn,
		.view = w->pers.type == FAB_CT_IO ? fab_view_get(&w->view) : NULL,
		.cntlid = 0x0123,
		.connect = in,
	});
}

static struct fab_status fake_admin_connect(struct fab_site *site, struct fab_conn *conn,
					    const struct fab_connect *in,
					    struct fab_ctrl **ret_ctrl, uint16_t *ret_offset)
{
	struct world *w = (struct world *)site;

	w->nr_connects++;
	w->connect = *in;
	if (w->connect_offset)
		*ret_offset = w->connect_offset;
	if (!fab_failed(w->connect_status))
		*ret_ctrl = make_ctrl(w, conn, in);
	return w->connect_status;
}

static struct fab_status fake_io_connect(struct fab_site *site, struct fab_conn *conn,
					 const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
					 uint16_t *ret_offset)
{
	struct world *w = (struct world *)site;
	struct fab_status st = w->connect_status;

	w->nr_connects++;
	w->connect = *in;
	if (w->connect_offset)
		*ret_offset = w->connect_offset;
	if (!fab_failed(st))
		st = fab_ctrl_ioq_add(w->ctrl, in->qid, in->sqsize, conn);
	if (!fab_failed(st))
		*ret_ctrl = fab_ctrl_get(w->ctrl);
	return st;
}

static void fake_queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
			    uint16_t qid)
{
	(void)conn;
	(void)ctrl;
	(void)qid;
	((struct world *)site)->nr_gone++;
}

static void fake_abort_io(struct fab_site *site, struct fab_req *req, struct fab_ctrl *ctrl,
			  uint16_t sqid, uint16_t cid)
{
	struct world *w = (struct world *)site;

	(void)ctrl;
	w->abort_req = req;
	w->abort_sqid = sqid;
	w->abort_cid = cid;
}

static void fake_quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	struct world *w = (struct world *)site;

	w->nr_quiesces++;
	if (!w->hold_quiesce)
		fab_ctrl_quiesced(ctrl);
}

static const struct fab_site_ops fake_site_ops = {
	.admin_connect = fake_admin_connect,
	.io_connect = fake_io_connect,
	.queue_gone = fake_queue_gone,
	.abort_io = fake_abort_io,
	.quiesce = fake_quiesce,
};

static const struct fab_queue_ops fake_io_ops;

/* ---- the world ---- */

static const uint32_t fake_io_effects[256] = {
	[NVME_IO_FLUSH] = NVME_EFF_CSUPP,
	[NVME_IO_WRITE] = NVME_EFF_CSUPP | NVME_EFF_LBCC,
	[NVME_IO_READ] = NVME_EFF_CSUPP,
	[NVME_IO_COMPARE] = NVME_EFF_CSUPP,
	[NVME_IO_WRITE_ZEROES] = NVME_EFF_CSUPP | NVME_EFF_LBCC,
	[NVME_IO_DSM] = NVME_EFF_CSUPP | NVME_EFF_LBCC,
};

/* NSIDs 1, 2 and 4 are there; 3 isn't this host's. */
static void make_view(struct world *w)
{
	for (uint32_t i = 0; i < NR_NS; i++) {
		w->ns[i] = (struct fab_ns){ .nsid = i + 1,
					    .lba_shift = 9,
					    .nr_blocks = 2048u * (i + 1),
					    .anagrpid = i < 2 ? 1 : 2,
					    .atomic_blocks = 8,
					    .optimal_io_blocks = 8,
					    .max_dsm_ranges = 64,
					    .max_dsm_blocks = 65536,
					    .max_wz_blocks = 2048,
					    .deallocate_reads_zero = true };
		memset(w->ns[i].uuid, 0x10 + i, 16);
		memset(w->ns[i].nguid, 0x20 + i, 16);
		memset(w->ns[i].eui64, 0x30 + i, 8);
		w->slot[i] = i == 2 ? NULL : &w->ns[i];
	}
	w->view = (struct fab_view){ .refs = 1,
				     .nr_slots = NR_NS,
				     .nr_active = NR_NS - 1,
				     .slot = w->slot,
				     .destroy = keep_view };
}

FAKE struct world *world_create(enum fab_ctrl_type type)
{
	struct world *w = calloc(1, sizeof(*w));

	w->site.ops = &fake_site_ops;
	w->site.io_ops = type == FAB_CT_IO ? &fake_io_ops : NULL;
	w->connect_status = FAB_OK;
	w->now = 1000000000;
	w->conn.site = w->io_conn.site = &w->site;
	w->conn.ops = w->io_conn.ops = &fab_unbound_queue_ops;
	w->pers = (struct fab_personality){
		.type = type,
		.cntrltype = type == FAB_CT_IO ? NVME_CNTRLTYPE_IO : NVME_CNTRLTYPE_DISCOVERY,
		.mqes = 127,
		.max_ioqs = type == FAB_CT_IO ? 8 : 0,
		.mdts = 5,
		.icd = type == FAB_CT_IO ? 8192 : 0,
		.oaes = type == FAB_CT_IO ? NVME_AEC_NS_ATTR | NVME_AEC_ANA : NVME_AEC_DISCOVERY,
		.default_kato_ms = type == FAB_CT_IO ? 0 : 120000,
		.max_namespaces = type == FAB_CT_IO ? 1024 : 0,
		.io_effects = type == FAB_CT_IO ? fake_io_effects : NULL,
		.max_ana_groups = type == FAB_CT_IO ? FAB_ANA_GROUPS : 0,
	};
	make_view(w);
	return w;
}

FAKE void world_destroy(struct world *w)
{
	fab_ctrl_put(w->ctrl);
	free(w);
}

/* ---- commands ---- */

FAKE struct cmd *cmd_new(uint8_t opcode)
{
	struct cmd *cmd = calloc(1, sizeof(*cmd));

	cmd->req.cmd.opcode = opcode;
	cmd->req.cmd.flags = NVME_CMD_FLAGS_SGL;
	return cmd;
}

FAKE void cmd_free(struct cmd *cmd)
{
	free(cmd->req.buf);
	free(cmd);
}

/* As the connection does: parse, then the host's data (len bytes), then execute. */
FAKE void cmd_send(struct world *w, struct fab_conn *conn, struct cmd *cmd, const void *data)
{
	struct fab_status st;
	int i = 0;

	cmd->req.conn = conn;
	cmd->req.cid = cmd->req.cmd.cid;
	cmd->req.started = w->now;
	while (conn->inflight[i])
		i++;
	assert_true(i < MAX_INFLIGHT);
	conn->inflight[i] = &cmd->req;
	st = conn->ops->parse(&cmd->req);
	if (fab_failed(st)) {
		fab_req_complete(&cmd->req, st);
		return;
	}
	if (cmd->req.dir == FAB_DIR_H2C) {
		fab_req_get_buf(&cmd->req, cmd->req.len);
		memcpy(cmd->req.data, data, cmd->req.len);
	}
	cmd->req.state = FAB_REQ_EXECUTING;
	conn->ops->execute(&cmd->req);
}

/* ---- Connect and registers ---- */

struct connect_args {
	struct nvmf_connect_cmd cmd;
	struct nvmf_connect_data data;
};

FAKE struct connect_args connect_args(uint16_t qid)
{
	struct connect_args a = {
		.cmd = { .opcode = NVME_ADMIN_FABRICS,
			 .flags = NVME_CMD_FLAGS_SGL,
			 .fctype = NVMF_CONNECT,
			 .qid = htole16(qid),
			 .sqsize = htole16(31),
			 .kato = htole32(5000) },
		.data = { .hostid = { 1, 2, 3 },
			  .cntlid = htole16(qid ? 0x0123 : 0xffff),
			  .subnqn = SUB_NQN,
			  .hostnqn = HOST_NQN },
	};

	return a;
}

FAKE struct cmd *send_connect(struct world *w, struct fab_conn *conn, const struct connect_args *a)
{
	struct cmd *cmd = cmd_new(0);

	memcpy(&cmd->req.cmd, &a->cmd, sizeof(cmd->req.cmd));
	cmd_send(w, conn, cmd, &a->data);
	return cmd;
}

FAKE struct fab_status property_set(struct world *w, uint32_t offset, uint64_t value)
{
	struct nvmf_property_cmd prop = { .opcode = NVME_ADMIN_FABRICS,
					  .fctype = NVMF_PROPERTY_SET,
					  .offset = htole32(offset),
					  .value = htole64(value) };
	struct cmd *cmd = cmd_new(0);
	struct fab_status st;

	memcpy(&cmd->req.cmd, &prop, sizeof(prop));
	cmd_send(w, &w->conn, cmd, NULL);
	st = cmd->st;
	cmd_free(cmd);
	return st;
}

FAKE struct fab_status property_get(struct world *w, uint32_t offset, uint8_t size, uint64_t *ret)
{
	struct nvmf_property_cmd prop = { .opcode = NVME_ADMIN_FABRICS,
					  .fctype = NVMF_PROPERTY_GET,
					  .attrib = size,
					  .offset = htole32(offset) };
	struct cmd *cmd = cmd_new(0);
	struct fab_status st;

	memcpy(&cmd->req.cmd, &prop, sizeof(prop));
	cmd_send(w, &w->conn, cmd, NULL);
	st = cmd->st;
	*ret = le64toh(cmd->req.cqe.result);
	cmd_free(cmd);
	return st;
}

#define CC_ENABLE                                                                                  \
	(NVME_CC_EN | 6u << NVME_CC_IOSQES_SHIFT | 4u << NVME_CC_IOCQES_SHIFT |                    \
	 NVME_CC_CSS_ALL << NVME_CC_CSS_SHIFT)

FAKE uint32_t csts(struct world *w)
{
	uint64_t v = ~0ull;

	assert_int_equal(property_get(w, NVME_REG_CSTS, NVMF_PROP_4, &v).code, 0);
	return v;
}

/* A connected controller; enabled, if asked. */
FAKE struct world *world_connected(enum fab_ctrl_type type, bool enabled)
{
	struct world *w = world_create(type);
	struct connect_args a = connect_args(0);
	struct cmd *cmd = send_connect(w, &w->conn, &a);

	assert_true(cmd->done);
	assert_int_equal(cmd->st.code, 0);
	cmd_free(cmd);
	w->ctrl = w->conn.ctrl;
	if (enabled)
		assert_int_equal(property_set(w, NVME_REG_CC, CC_ENABLE).code, 0);
	return w;
}

#endif
