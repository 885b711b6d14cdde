/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/dim.c - the Discovery Information Management command.
 * Owns: a struct dsc_dim_op from the command's execution to its completion; the service's list of them.
 * Thread: the service's reactor, and (on_loop, committed) the control loop.  May block: never.  Spec: NVM Express Base 2.1, 5.3.3.
 *
 *   reactor: decode, check -> control loop: transaction -> store: group commit -> control loop -> reactor: complete
 *
 * The data stays in the request, which outlives its connection until it is completed. */
#include <endian.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/commands.h"
#include "fabrics/dim.h"

struct dsc_dim_op {
	TAILQ_ENTRY(dsc_dim_op) link;
	struct net_msg msg;
	struct dsc_disc *disc;
	struct fab_req *req;
	struct fab_dim dim;
	struct fab_dim_fault fault;
	struct fab_status st;
	struct sockaddr_storage peer;
	char owner[DSC_NQN_MAX + 1];
};

/* ---- back on the reactor ---- */

const char *const dsc_dim_result_name[DSC_DIM_RESULT_COUNT] = {
	[DSC_DIM_DONE] = "success",
	[DSC_DIM_INVALID_FIELD] = "invalid_field",
	[DSC_DIM_INVALID_INFO] = "invalid_information",
	[DSC_DIM_NO_RESOURCES] = "no_resources",
	[DSC_DIM_OTHER] = "other",
};

static enum dsc_dim_result result_of(struct fab_status st)
{
	switch (fab_failed(st) ? st.code : 0) {
	case 0:
		return DSC_DIM_DONE;
	case NVME_SC_INVALID_FIELD:
		return DSC_DIM_INVALID_FIELD;
	case NVME_SC_INVALID_DISCOVERY_INFO:
		return DSC_DIM_INVALID_INFO;
	case NVME_SC_DISCOVERY_RESOURCES:
		return DSC_DIM_NO_RESOURCES;
	default:
		return DSC_DIM_OTHER;
	}
}

static void op_end(struct dsc_dim_op *op)
{
	op->disc->nr_dims[result_of(op->st)]++;
	TAILQ_REMOVE(&op->disc->dims, op, link);
	fab_req_complete(op->req, op->st);
	free(op);
}

static void on_reactor(struct net_msg *msg)
{
	op_end(cmn_container_of(msg, struct dsc_dim_op, msg));
}

void dsc_disc_end_dims(struct dsc_disc *disc)
{
	struct dsc_dim_op *op;

	while ((op = TAILQ_FIRST(&disc->dims))) {
		op->st = FAB_RETRY(NVME_SC_INTERNAL);
		op_end(op);
	}
}

/* ---- the control loop ---- */

static void go_back(struct dsc_dim_op *op)
{
	op->msg.fn = on_reactor;
	net_reactor_post(op->disc->reactor, &op->msg);
}

static void tell_refusal(struct dsc_dim_op *op, const char *why)
{
	const char *task = op->dim.task < FAB_DIM_TASK_COUNT ? fab_dim_task_name[op->dim.task]
							     : "unknown";
	const char *field = op->fault.field ? op->fault.field : "";
	struct json_object *data;
	char text[512];

	snprintf(text, sizeof(text), "%.223s may not %s: %s%s%s", op->owner, task, field,
		 *field && *why ? ": " : "", why);
	if (!dsc_event_may(&op->disc->refusals)) {
		cmn_warn("registration.refused", "text=%s", CMN_Q(text));
		return;
	}
	data = json_object_new_object();
	json_object_object_add(data, "host_nqn", json_object_new_string(op->owner));
	json_object_object_add(data, "task", json_object_new_string(task));
	json_object_object_add(data, "field", json_object_new_string(field));
	if (op->fault.entry >= 0)
		json_object_object_add(data, "entry", json_object_new_int(op->fault.entry));
	json_object_object_add(data, "status", json_object_new_int(op->st.code));
	dsc_event_with(op->disc->app, DSC_WARNING, "registration.refused", text, data);
	json_object_put(data);
}

static void refuse(struct dsc_dim_op *op, const struct cmn_err *err)
{
	static const struct {
		int code;
		struct fab_status st;
	} map[] = {
		{ -EINVAL, { .code = NVME_SC_INVALID_FIELD, .err_loc = FAB_LOC_NONE, .dnr = 1 } },
		{ -ENOSPC, { .code = NVME_SC_DISCOVERY_RESOURCES, .err_loc = FAB_LOC_NONE } },
	};

	op->fault = (struct fab_dim_fault){ .field = err->field, .entry = -1 };
	op->st = FAB_RETRY(NVME_SC_INTERNAL);
	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		if (map[i].code == err->code)
			op->st = map[i].st;
	}
	tell_refusal(op, err->msg);
	op->fault.field = NULL; /* err's */
	go_back(op);
}

static void committed(void *arg, const struct dsc_outcome *outcome)
{
	struct dsc_dim_op *op = arg;

	if (cmn_err_is(&outcome->err)) {
		cmn_error("registration not stored", "host=%s error=%s", op->owner,
			  CMN_Q(outcome->err.msg));
		op->st = FAB_RETRY(NVME_SC_INTERNAL);
	}
	go_back(op);
}

static void on_loop(struct net_msg *msg)
{
	struct dsc_dim_op *op = cmn_container_of(msg, struct dsc_dim_op, msg);
	struct dsc_register_in in = { .dim = &op->dim, .owner = op->owner, .peer = &op->peer };
	struct dsc_call call = { .done = committed, .arg = op };
	struct cmn_err err = { 0 };
	int rc;

	if (fab_failed(op->st)) {
		tell_refusal(op, op->st.code == NVME_SC_INVALID_FIELD
					 ? "malformed"
					 : "not for an entity of this type");
		go_back(op);
		return;
	}
	rc = dsc_cmd_register(op->disc->app, &in, &call, &err);
	if (rc < 0)
		refuse(op, &err);
	else if (rc > 0)
		go_back(op);
}

/* ---- the command ---- */

static struct fab_status check(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t len = le32toh(req->cmd.sgl.length);

	(void)ctrl;
	if (len < sizeof(struct nvmf_dim_data) || len > DSC_DISC_DATA_MAX)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, sgl.length));
	req->len = len;
	req->flags |= FAB_REQ_NO_BORROW; /* it is read on another thread, later */
	return FAB_OK;
}

static void exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	struct dsc_disc_ctrl *dc = fab_ctrl_user(ctrl);
	struct dsc_dim_op *op = calloc(1, sizeof(*op));

	if (!op) {
		fab_req_complete(req, FAB_RETRY(NVME_SC_INTERNAL));
		return;
	}
	op->disc = dc->disc;
	op->req = req;
	op->peer = *fab_conn_peer(req->conn);
	snprintf(op->owner, sizeof(op->owner), "%s", fab_ctrl_hostnqn(ctrl));
	op->st = fab_dim_decode(le32toh(req->cmd.cdw10), req->data, req->len, &op->dim, &op->fault);
	op->msg.fn = on_loop;
	TAILQ_INSERT_TAIL(&dc->disc->dims, op, link);
	net_reactor_post(dc->disc->app->loop, &op->msg);
}

const struct fab_admin_cmd dsc_dim_cmds[DSC_DIM_CMDS] = {
	{
		.opcode = NVME_ADMIN_DIM,
		.name = "discovery-information-management",
		.ctrls = FAB_CT_DISC,
		.rsvd = { ~0xfu, ~0u, ~0u, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.check = check,
		.exec = exec,
	},
};
