/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/zoning_cmds.c - Fabric Zoning Lookup, Receive and Send, as discovery controllers that push send them.
 * Owns: a struct dsc_zoning_op from the command's execution to its completion; the service's list of them.
 * Thread: the service's reactor, and (on_loop, done) the control loop.  May block: never.
 * Spec: NVM Express Base 2.1, 5.3.4 to 5.3.6, 8.3.2.3.8.2.
 *
 *   reactor: checks of the command -> control loop: zones.h [-> store: group commit -> control loop] -> reactor: complete
 *
 * Data is read and written where the request has it, which outlives its connection until it is completed. */
#include <endian.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/disc/zones.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/model.h"
#include "fabrics/connect.h"
#include "fabrics/wire.h"

#define LOOKUP_MAX 4096

struct dsc_zoning_op {
	TAILQ_ENTRY(dsc_zoning_op) link;
	struct net_msg msg;
	struct dsc_disc *disc;
	struct fab_req *req;
	struct dsc_zones_who who;
	struct fab_zone_fault fault;
	struct fab_status st;
	uint32_t dw0;
	const char *doing; /* for people */
	char nqn[DSC_NQN_MAX + 1], name[DSC_ZONE_GROUP_NAME_MAX + 1];
};

/* ---- back on the reactor ---- */

static void op_end(struct dsc_zoning_op *op)
{
	TAILQ_REMOVE(&op->disc->zonings, op, link);
	op->req->cqe.dw[0] = htole32(op->dw0);
	fab_req_complete(op->req, op->st);
	free(op);
}

static void on_reactor(struct net_msg *msg)
{
	op_end(cmn_container_of(msg, struct dsc_zoning_op, msg));
}

void dsc_disc_end_zonings(struct dsc_disc *disc)
{
	struct dsc_zoning_op *op;

	while ((op = TAILQ_FIRST(&disc->zonings))) {
		op->st = FAB_RETRY(NVME_SC_INTERNAL);
		op_end(op);
	}
}

/* ---- the control loop ---- */

static struct fab_status status_of(enum dsc_zones_result result)
{
	static const struct {
		uint16_t sc;
		bool retry;
	} map[DSC_ZONES_RESULT_COUNT] = {
		[DSC_ZONES_DISABLED] = { NVME_SC_FUNCTION_DISABLED, false },
		[DSC_ZONES_ORIGINATOR] = { NVME_SC_ZONEGROUP_ORIGINATOR, false },
		[DSC_ZONES_NOT_FOUND] = { NVME_SC_ZONING_NOT_FOUND, false },
		[DSC_ZONES_LOCKED] = { NVME_SC_ZONING_LOCKED, true },
		[DSC_ZONES_SEQUENCE] = { NVME_SC_CMD_SEQ_ERROR, false },
		[DSC_ZONES_INVALID] = { NVME_SC_INVALID_FIELD, false },
		[DSC_ZONES_FAILED] = { NVME_SC_INTERNAL, true },
	};

	if (result == DSC_ZONES_OK)
		return FAB_OK;
	return map[result].retry ? FAB_RETRY(map[result].sc) : FAB_ERR(map[result].sc);
}

/* "vol1 of nqn... may not be added: malformed: zmnqn in zone 0, member 3" */
static void tell_refusal(struct dsc_zoning_op *op, enum dsc_zones_result result)
{
	struct json_object *data;
	char text[512], place[64] = "";
	size_t len;

	if (op->fault.zone >= 0)
		snprintf(place, sizeof(place), " in zone %d, member %d", op->fault.zone,
			 op->fault.member);
	len = (size_t)snprintf(text, sizeof(text), "%.223s may not %s%s%s: %s", op->nqn, op->doing,
			       *op->name ? " " : "", op->name, dsc_zones_result_name[result]);
	if (op->fault.field)
		snprintf(text + len, sizeof(text) - len, ": %s%s", op->fault.field, place);
	if (!dsc_event_may(&op->disc->refusals)) {
		cmn_warn("zoning.refused", "text=%s", CMN_Q(text));
		return;
	}
	data = json_object_new_object();
	json_object_object_add(data, "host_nqn", json_object_new_string(op->nqn));
	json_object_object_add(data, "field",
			       json_object_new_string(op->fault.field ? op->fault.field : ""));
	json_object_object_add(data, "status", json_object_new_int(op->st.code));
	dsc_event_with(op->disc->app, DSC_WARNING, "zoning.refused", text, data);
	json_object_put(data);
}

static void done(void *arg, enum dsc_zones_result result)
{
	struct dsc_zoning_op *op = arg;

	if (result == DSC_ZONES_LATER)
		return;
	op->st = status_of(result);
	/* A lock passes: that isn't for an operator to see to. */
	if (result != DSC_ZONES_OK && result != DSC_ZONES_LOCKED)
		tell_refusal(op, result);
	op->msg.fn = on_reactor;
	net_reactor_post(op->disc->reactor, &op->msg);
}

static enum dsc_zones_result malformed(struct dsc_zoning_op *op, const char *field)
{
	op->fault.field = field;
	return DSC_ZONES_INVALID;
}

static enum dsc_zones_result run_lookup(struct dsc_zoning_op *op)
{
	const struct nvmf_zone_lookup *in = (const void *)op->req->data;
	struct dsc_zones *zones = op->disc->zones;
	char originator[DSC_NQN_MAX + 1] = "";
	struct dsc_zones_id id = { originator, op->name };

	if (fab_nqn_check(in->zgorig, sizeof(in->zgorig)) < 0)
		return malformed(op, "zgorig");
	if (!fab_zone_name_ok(in->zgname, sizeof(in->zgname)))
		return malformed(op, "zgname");
	snprintf(originator, sizeof(originator), "%s", in->zgorig);
	snprintf(op->name, sizeof(op->name), "%s", in->zgname);
	switch (in->otyp) {
	case NVMF_ZO_LOOKUP_GET:
		op->doing = "look up";
		return dsc_zones_find(zones, &op->who, &id, &op->dw0);
	case NVMF_ZO_LOOKUP_ADD:
		op->doing = "lock";
		return dsc_zones_lock(zones, &op->who, &id, &op->dw0, done, op);
	case NVMF_ZO_LOOKUP_REMOVE:
		op->doing = "remove";
		return dsc_zones_remove(zones, &op->who, &id, done, op);
	default:
		return malformed(op, "otyp");
	}
}

static enum dsc_zones_result run_receive(struct dsc_zoning_op *op)
{
	struct nvmf_zone_fragment *out = (void *)op->req->data;
	struct dsc_zones_part part = { .key = le32toh(op->req->cmd.cdw10),
				       .off = le32toh(op->req->cmd.cdw11),
				       .buf = out + 1,
				       .len = op->req->len - sizeof(*out) };
	enum dsc_zones_result r;

	op->doing = "read a zone group";
	r = dsc_zones_read(op->disc->zones, &op->who, &part);
	if (r == DSC_ZONES_INVALID)
		return malformed(op, "zdo");
	if (r != DSC_ZONES_OK)
		return r;
	out->otyp = NVMF_ZO_GET;
	out->info = htole32(part.generation);
	out->zgfl = htole32((uint32_t)part.len);
	op->dw0 = part.last ? NVMF_ZONING_LF : 0;
	return DSC_ZONES_OK;
}

static enum dsc_zones_result run_send(struct dsc_zoning_op *op)
{
	const struct nvmf_zone_send *in = (const void *)op->req->data;
	struct dsc_zones_fragment f = { .key = le32toh(op->req->cmd.cdw10),
					.off = le32toh(op->req->cmd.cdw11),
					.len = op->req->len - sizeof(*in),
					.data = in + 1,
					.last = le32toh(op->req->cmd.cdw12) & NVMF_ZONING_LF };

	op->doing = "send a zone group";
	if (in->otyp != NVMF_ZO_ADD)
		return malformed(op, "otyp");
	return dsc_zones_write(op->disc->zones, &op->who, &f, &op->fault, done, op);
}

static void on_loop(struct net_msg *msg)
{
	struct dsc_zoning_op *op = cmn_container_of(msg, struct dsc_zoning_op, msg);
	enum dsc_zones_result result;

	op->who.known = dsc_zones_is_registered(dsc_model_now(op->disc->app->model), op->nqn);
	if (op->req->cmd.opcode == NVME_ADMIN_ZONING_LOOKUP)
		result = run_lookup(op);
	else if (op->req->cmd.opcode == NVME_ADMIN_ZONING_RECV)
		result = run_receive(op);
	else
		result = run_send(op);
	done(op, result);
}

/* ---- the end of a connection ---- */

struct release {
	struct net_msg msg;
	struct dsc_disc *disc;
	uint64_t session;
};

static void release_on_loop(struct net_msg *msg)
{
	struct release *r = cmn_container_of(msg, struct release, msg);

	dsc_zones_release(r->disc->zones, r->session);
	free(r);
}

void dsc_disc_zoning_gone(struct dsc_disc_ctrl *dc)
{
	struct release *r = dc->zoning_session ? calloc(1, sizeof(*r)) : NULL;

	if (!r)
		return; /* it holds nothing, or what it holds ends by itself */
	r->msg.fn = release_on_loop;
	r->disc = dc->disc;
	r->session = dc->zoning_session;
	net_reactor_post(dc->disc->app->loop, &r->msg);
}

/* ---- the commands ---- */

static struct fab_status wrong(size_t off)
{
	return FAB_ERR_AT(NVME_SC_INVALID_FIELD, off);
}

static struct fab_status check_lookup(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t len = le32toh(req->cmd.sgl.length);

	(void)ctrl;
	if (len < sizeof(struct nvmf_zone_lookup) || len > LOOKUP_MAX)
		return wrong(offsetof(struct nvme_cmd, sgl.length));
	req->len = len;
	req->flags |= FAB_REQ_NO_BORROW; /* it is read on another thread, later */
	return FAB_OK;
}

/* NUMD counts the fragment alone (Figure 702), or, as elsewhere, all that is transferred: both are taken. */
static struct fab_status check_fragment(struct fab_req *req, size_t head)
{
	uint32_t cdw12 = le32toh(req->cmd.cdw12), len = le32toh(req->cmd.sgl.length);
	uint64_t bytes = (uint64_t)(cdw12 & NVMF_ZONING_NUMD) * 4;

	if (cdw12 & NVMF_ZONING_ZDKC || !bytes)
		return wrong(offsetof(struct nvme_cmd, cdw12));
	if (le32toh(req->cmd.cdw11) & 3)
		return wrong(offsetof(struct nvme_cmd, cdw11));
	if ((len != bytes && len != bytes + head) || len <= head || len > DSC_DISC_DATA_MAX)
		return wrong(offsetof(struct nvme_cmd, sgl.length));
	req->len = len;
	return FAB_OK;
}

static struct fab_status check_receive(struct fab_ctrl *ctrl, struct fab_req *req)
{
	(void)ctrl;
	return check_fragment(req, sizeof(struct nvmf_zone_fragment));
}

static struct fab_status check_send(struct fab_ctrl *ctrl, struct fab_req *req)
{
	(void)ctrl;
	req->flags |= FAB_REQ_NO_BORROW;
	return check_fragment(req, sizeof(struct nvmf_zone_send));
}

static void exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	struct dsc_disc_ctrl *dc = fab_ctrl_user(ctrl);
	struct dsc_zoning_op *op;

	if (req->cmd.opcode == NVME_ADMIN_ZONING_RECV && !fab_admin_reply(req))
		return; /* once there is a buffer */
	op = calloc(1, sizeof(*op));
	if (!op) {
		fab_req_complete(req, FAB_RETRY(NVME_SC_INTERNAL));
		return;
	}
	if (!dc->zoning_session)
		dc->zoning_session = dsc_zones_session(dc->disc->zones);
	op->disc = dc->disc;
	op->req = req;
	op->fault = (struct fab_zone_fault){ .zone = -1, .member = -1 };
	snprintf(op->nqn, sizeof(op->nqn), "%s", fab_ctrl_hostnqn(ctrl));
	op->who = (struct dsc_zones_who){ .session = dc->zoning_session, .nqn = op->nqn };
	op->msg.fn = on_loop;
	TAILQ_INSERT_TAIL(&dc->disc->zonings, op, link);
	net_reactor_post(dc->disc->app->loop, &op->msg);
}

const struct fab_admin_cmd dsc_zoning_cmds[DSC_ZONING_CMDS] = {
	{
		.opcode = NVME_ADMIN_ZONING_LOOKUP,
		.name = "fabric-zoning-lookup",
		.ctrls = FAB_CT_DISC,
		.rsvd = { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.check = check_lookup,
		.exec = exec,
	},
	{
		.opcode = NVME_ADMIN_ZONING_RECV,
		.name = "fabric-zoning-receive",
		.ctrls = FAB_CT_DISC,
		.rsvd = { 0, 0, 0xe0000000, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.check = check_receive,
		.exec = exec,
	},
	{
		.opcode = NVME_ADMIN_ZONING_SEND,
		.name = "fabric-zoning-send",
		.ctrls = FAB_CT_DISC,
		.rsvd = { 0, 0, 0x60000000, ~0u, ~0u, ~0u },
		.effects = NVME_EFF_CSUPP,
		.check = check_send,
		.exec = exec,
	},
};
