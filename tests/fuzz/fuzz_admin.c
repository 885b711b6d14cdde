/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_admin.c - an enabled controller behind a real connection takes any submission queue entries, events, changes
 * of its view, clock ticks and aborts in any order; each command is answered once or waits as an event request.
 *
 * Input: one byte that chooses the kind of controller, then steps: an action byte, and for a command the 64 bytes of its entry. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/connect.h"
#include "fabrics/ctrl.h"
#include "fabrics/discovery_log.h"
#include "fabrics/spec/nvmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NR_NS 5
#define MAX_DATA 8192

enum action {
	DO_COMMAND,
	DO_EVENT,
	DO_VIEW,
	DO_TICK,
	DO_QUIESCED,
	DO_END_ABORT,
	DO_STARVE,
	DO_COUNT
};

struct world {
	struct fab_env env; /* first: the pool finds the world by it */
	struct fab_site site;
	struct fab_personality pers;
	struct fab_conn *conn;
	struct fab_ns ns[NR_NS];
	struct fab_ns *slot[2][NR_NS];
	struct fab_view view[2];
	unsigned int which, bufs;
	bool starved;
	struct fab_req *abort_req;
};

static struct world *the_world;

static void *buf_get(struct fab_env *env, size_t len)
{
	struct world *w = (struct world *)env;

	if (w->starved)
		return NULL;
	w->bufs++;
	return aligned_alloc(4096, (len + 4095) / 4096 * 4096);
}

static void buf_put(struct fab_env *env, void *buf, size_t len)
{
	(void)len;
	((struct world *)env)->bufs--;
	free(buf);
}

static void keep_view(struct fab_view *view)
{
	(void)view;
}

static const struct fab_subsys_id id = {
	.nqn = "nqn.2026-11.example:fuzz", .serial = "S", .model = "M", .firmware = "1"
};

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				       uint16_t *ret_offset)
{
	struct world *w = the_world;

	(void)ret_offset;
	*ret_ctrl = fab_ctrl_create(&(struct fab_ctrl_params){
		.site = site,
		.pers = &w->pers,
		.id = &id,
		.admin_conn = conn,
		.view = w->pers.type == FAB_CT_IO ? fab_view_get(&w->view[0]) : NULL,
		.cntlid = 1,
		.connect = in,
	});
	return FAB_OK;
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	(void)site;
	(void)conn;
	(void)ctrl;
	(void)qid;
}

static void abort_io(struct fab_site *site, struct fab_req *req, struct fab_ctrl *ctrl,
		     uint16_t sqid, uint16_t cid)
{
	(void)site;
	(void)ctrl;
	(void)sqid;
	(void)cid;
	if (the_world->abort_req)
		fab_req_complete(req, FAB_OK);
	else
		the_world->abort_req = req;
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	(void)site; /* DO_QUIESCED ends it */
	(void)ctrl;
}

static const struct fab_site_ops site_ops = {
	.admin_connect = admin_connect,
	.queue_gone = queue_gone,
	.abort_io = abort_io,
	.quiesce = quiesce,
};

static void get_record(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	(void)arg;
	ret->portid = idx;
}

static struct fab_status discovery_log(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp,
				       uint64_t off, void *buf, uint32_t len)
{
	struct fab_disc_source src = { .genctr = 1, .numrec = 3, .get = get_record };

	(void)ctrl;
	(void)lid;
	(void)lsp;
	fab_disc_render(&src, off, buf, len);
	return FAB_OK;
}

/* ---- the wire ---- */

/* Takes all that is to be sent, as a socket would. */
static void drain(struct world *w)
{
	struct iovec iov[16];

	while (fab_conn_wants_send(w->conn)) {
		int n = fab_conn_gather(w->conn, iov, 16, 1 << 20);
		size_t sum = 0;

		for (int i = 0; i < n; i++)
			sum += iov[i].iov_len;
		fab_conn_sent(w->conn, sum);
		if (!sum)
			break;
	}
}

/* Whatever the entry says, its capsule is well formed: what PDUs may hold is another target's matter. */
static void send_sqe(struct world *w, const void *sqe, const void *data, uint32_t data_len)
{
	uint8_t pdu[sizeof(struct nvme_tcp_cmd) + MAX_DATA] = { 0 };
	struct nvme_tcp_hdr hdr = { .type = NVME_TCP_CMD, .hlen = sizeof(struct nvme_tcp_cmd) };
	uint32_t plen = hdr.hlen + data_len;

	hdr.plen = htole32(plen);
	hdr.pdo = data_len ? hdr.hlen : 0;
	memcpy(pdu, &hdr, sizeof(hdr));
	memcpy(pdu + sizeof(hdr), sqe, sizeof(struct nvme_cmd));
	if (data)
		memcpy(pdu + hdr.hlen, data, data_len);
	fab_conn_push(w->conn, pdu, plen);
	drain(w);
}

static void send_fuzzed(struct world *w, const uint8_t *raw)
{
	struct nvme_cmd cmd;
	uint32_t data_len = 0;

	memcpy(&cmd, raw, sizeof(cmd));
	cmd.flags = (cmd.flags & 0x3f) |
		    NVME_CMD_FLAGS_SGL; /* or hardly a command would get further */
	if (cmd.sgl.id == NVME_SGL_ID_INCAPSULE) {
		data_len = le32toh(cmd.sgl.length) % (MAX_DATA + 1);
		cmd.sgl.length = htole32(data_len);
	}
	send_sqe(w, &cmd, NULL, data_len);
}

static void bring_up(struct world *w)
{
	struct nvme_tcp_icreq icreq = { .hdr = { .type = NVME_TCP_ICREQ,
						 .hlen = sizeof(icreq),
						 .plen = htole32(sizeof(icreq)) } };
	struct nvmf_connect_cmd connect = { .opcode = NVME_ADMIN_FABRICS,
					    .flags = NVME_CMD_FLAGS_SGL,
					    .fctype = NVMF_CONNECT,
					    .sqsize = htole16(31),
					    .kato = htole32(5000),
					    .sgl = { .length = htole32(1024),
						     .id = NVME_SGL_ID_INCAPSULE } };
	struct nvmf_connect_data data = { .hostid = { 1 },
					  .cntlid = htole16(NVMF_CNTLID_DYNAMIC),
					  .subnqn = "nqn.2026-11.example:fuzz",
					  .hostnqn = "nqn.2026-11.example:host" };
	struct nvmf_property_cmd enable = { .opcode = NVME_ADMIN_FABRICS,
					    .fctype = NVMF_PROPERTY_SET,
					    .offset = htole32(NVME_REG_CC),
					    .value = htole64(NVME_CC_EN |
							     6u << NVME_CC_IOSQES_SHIFT |
							     4u << NVME_CC_IOCQES_SHIFT) };

	fab_conn_push(w->conn, &icreq, sizeof(icreq));
	drain(w);
	send_sqe(w, &connect, &data, sizeof(data));
	send_sqe(w, &enable, NULL, 0);
	if (!fab_conn_ctrl(w->conn) || fab_ctrl_state(fab_conn_ctrl(w->conn)) != FAB_CTRL_READY)
		abort();
}

/* ---- steps ---- */

static void end_abort(struct world *w)
{
	struct fab_req *req = w->abort_req;

	w->abort_req = NULL;
	if (req)
		fab_req_complete(req, FAB_OK);
}

static void step(struct world *w, uint8_t action)
{
	struct fab_ctrl *ctrl = fab_conn_ctrl(w->conn);

	switch ((enum action)(action % DO_COUNT)) {
	case DO_EVENT:
		fab_ctrl_event(ctrl, NVME_AER_NOTICE, action & 8 ? NVME_AER_NOTICE_ANA : 0,
			       action & 8 ? NVME_LID_ANA : NVME_LID_CHANGED_NS);
		break;
	case DO_VIEW:
		if (w->pers.type == FAB_CT_IO)
			fab_ctrl_set_view(ctrl, fab_view_get(&w->view[w->which ^= 1]));
		break;
	case DO_TICK:
		w->env.now += (uint64_t)(action >> 4) * 100000000;
		fab_conn_tick(w->conn);
		break;
	case DO_QUIESCED:
		fab_ctrl_quiesced(ctrl);
		break;
	case DO_END_ABORT:
		end_abort(w);
		break;
	case DO_STARVE:
		w->starved = !w->starved;
		fab_conn_resume(w->conn);
		break;
	default:
		break;
	}
	drain(w);
}

static void make_views(struct world *w)
{
	static const uint8_t ana[FAB_ANA_GROUPS + 1] = { 0, NVME_ANA_NON_OPTIMIZED,
							 NVME_ANA_INACCESSIBLE };

	for (unsigned int i = 0; i < NR_NS; i++) {
		w->ns[i] = (struct fab_ns){ .nsid = i + 1,
					    .lba_shift = 9,
					    .nr_blocks = 1000,
					    .anagrpid = 1 + i % 2,
					    .uuid = { 1 } };
		w->slot[0][i] = &w->ns[i];
		w->slot[1][i] = i % 2 ? &w->ns[i] : NULL;
	}
	for (unsigned int v = 0; v < 2; v++)
		w->view[v] = (struct fab_view){
			.refs = 1, .nr_slots = NR_NS - v, .slot = w->slot[v], .destroy = keep_view
		};
	w->view[1].ana = ana;
}

static void make_world(struct world *w, bool io)
{
	memset(w, 0, sizeof(*w));
	the_world = w;
	fab_env_init(&w->env);
	w->env.now = 1000000000;
	w->env.buf_get = buf_get;
	w->env.buf_put = buf_put;
	w->site.ops = &site_ops;
	w->pers = (struct fab_personality){
		.type = io ? FAB_CT_IO : FAB_CT_DISC,
		.mqes = 127,
		.max_ioqs = io ? 4 : 0,
		.mdts = 5,
		.oaes = io ? NVME_AEC_NS_ATTR | NVME_AEC_ANA : NVME_AEC_DISCOVERY,
		.max_namespaces = 16,
		.max_ana_groups = io ? FAB_ANA_GROUPS : 0,
		.discovery_log = io ? NULL : discovery_log,
	};
	make_views(w);
	w->conn = fab_conn_create(&(struct fab_conn_params){
		.env = &w->env, .site = &w->site, .max_h2c_data = 65536, .max_icd = MAX_DATA });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w;
	size_t at = 1;

	if (!len)
		return 0;
	make_world(&w, data[0] & 1);
	bring_up(&w);
	while (at < len && fab_conn_state(w.conn) == FAB_CONN_LIVE) {
		uint8_t action = data[at++];

		if (action % DO_COUNT != DO_COMMAND) {
			step(&w, action);
		} else if (len - at >= sizeof(struct nvme_cmd)) {
			send_fuzzed(&w, data + at);
			at += sizeof(struct nvme_cmd);
		} else {
			break;
		}
	}
	fab_conn_destroy(w.conn);
	end_abort(&w); /* an orphan by now */
	if (w.bufs)
		abort();
	fab_env_fini(&w.env);
	return 0;
}
