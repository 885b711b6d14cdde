/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/site.c - what fabrics/ asks of a worker: may this host connect, end these queues, abort that command.
 * Owns: nothing.  Thread: any reactor; everything under the registry's mutex.  May block: not beyond it.
 * Spec: NVM Express Base 2.1, 3.3.2.2 and 6.3 (Connect), 5.1.1 (Abort).
 *
 * What passes by itself is told without Do Not Retry: a Linux host that is told DNR at Connect gives its controller up. */
#include "config.h"

#include <endian.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "common/util.h"
#include "fabrics/spec/nvmf.h"
#include "targetd/host_io.h"
#include "targetd/keys.h"
#include "targetd/portal.h"
#include "targetd/registry.h"

static struct tgt_registry *reg_of(struct fab_site *site)
{
	return cmn_container_of(site, struct tgt_registry, site);
}

/* -- Connect ------------------------------------------------------------------------------------------------------ */
static const struct tgt_portal *portal_of(const struct tgt_registry *reg,
					  const struct fab_conn *conn)
{
	const struct fab_portal *portal = fab_conn_portal(conn);

	for (unsigned int i = 0; portal && i < reg->nr_portals; i++)
		if (reg->portals[i]->spec.portid == portal->portid)
			return reg->portals[i];
	return NULL;
}

/* What zoning says, beyond the list of hosts.  Of a controller that was let in before, further queues may be kept. */
static bool has_access(const struct tgt_subsystem *ss, const struct tgt_portal *portal,
		       struct fab_conn *conn, const struct fab_connect *in)
{
	const struct tgt_access *access = ss->spec->access;
	struct net_ip from, to;
	struct tgt_way way;

	if (!access || (in->qid && access->keep_connected))
		return true;
	net_ip_from_sockaddr(&from, fab_conn_peer(conn));
	net_ip_from_sockaddr(&to, fab_conn_local(conn));
	way = tgt_portal_way(portal, in->hostnqn, &from, &to);
	return tgt_access_allows(access, &way);
}

/* Finds the subsystem and says whether the host may use it through this portal. */
static struct fab_status admit(struct tgt_registry *reg, struct fab_conn *conn,
			       const struct fab_connect *in, struct tgt_subsystem **ret_ss,
			       const struct tgt_portal **ret_portal, uint16_t *ret_offset)
{
	struct tgt_subsystem *ss = tgt_registry_find(reg, in->subnqn);
	const struct tgt_portal *portal = portal_of(reg, conn);

	if (!portal) /* it was removed while this Connect was on its way */
		return FAB_RETRY(NVME_SC_CONNECT_BUSY);
	if (!ss || !tgt_subsystem_on_portal(ss, portal->spec.id)) {
		tgt_registry_refused(reg, conn, in, TGT_REFUSED_SUBSYSTEM);
		*ret_offset = offsetof(struct nvmf_connect_data, subnqn);
		/* discoveryd may be about to tell us of it */
		return reg->supervised ? FAB_RETRY(NVME_SC_CONNECT_PARAM)
				       : FAB_ERR(NVME_SC_CONNECT_PARAM);
	}
	if (!tgt_hosts_has(&ss->spec->hosts, in->hostnqn)) {
		tgt_registry_refused(reg, conn, in, TGT_REFUSED_HOST);
		return FAB_ERR(NVME_SC_CONNECT_HOST);
	}
	if (ss->spec->require_auth && !tgt_keys_find(reg->keys, in->hostnqn, NULL)) {
		tgt_registry_refused(reg, conn, in, TGT_REFUSED_KEY);
		return FAB_ERR(NVME_SC_CONNECT_HOST);
	}
	if (!has_access(ss, portal, conn, in)) {
		tgt_registry_refused(reg, conn, in, TGT_REFUSED_ZONE);
		return FAB_ERR(NVME_SC_CONNECT_HOST);
	}
	*ret_ss = ss;
	*ret_portal = portal;
	return FAB_OK;
}

static struct tgt_ctrl *ctrl_alloc(struct tgt_registry *reg, struct fab_conn *conn,
				   const struct tgt_portal *portal)
{
	struct tgt_ctrl *tc = calloc(1, sizeof(*tc));

	if (!tc)
		return NULL;
	tc->reg = reg;
	tc->admin = net_conn_of(conn);
	tc->reactor = net_conn_reactor(tc->admin);
	tc->refs = 1; /* the admin queue's */
	tc->connected_at = cmn_wall_ms();
	tc->header_digest = fab_conn_hdgst(conn);
	tc->data_digest = fab_conn_ddgst(conn);
	if (portal)
		cmn_strlcpy(tc->portal, portal->spec.id, sizeof(tc->portal));
	tgt_addr_format(fab_conn_peer(conn), true, tc->host_addr, sizeof(tc->host_addr));
	net_ip_from_sockaddr(&tc->from, fab_conn_peer(conn));
	net_ip_from_sockaddr(&tc->to, fab_conn_local(conn));
	return tc;
}

static struct fab_ctrl *ctrl_make(struct tgt_ctrl *tc, struct fab_conn *conn,
				  const struct fab_connect *in, uint16_t cntlid)
{
	struct fab_ctrl_params p = {
		.site = &tc->reg->site,
		.pers = tc->ss ? &tc->reg->io_pers : &tc->reg->disc_pers,
		.id = tc->ss ? &tc->ss->id : &tc->reg->disc_id,
		.admin_conn = conn,
		.view = tc->view ? fab_view_get(&tc->view->fab) : NULL,
		.cntlid = cntlid,
		.connect = in,
		.user = tc,
	};
	struct fab_ctrl *ctrl = fab_ctrl_create(&p);

	if (!ctrl && p.view)
		fab_view_put(p.view);
	return ctrl;
}

/* ss NULL: the discovery controller, portal too.  Its subsystem reference is taken here. */
static struct fab_status add_ctrl(struct tgt_subsystem *ss, const struct tgt_portal *portal,
				  struct tgt_ctrl *tc, struct fab_conn *conn,
				  const struct fab_connect *in)
{
	struct tgt_registry *reg = tc->reg;
	struct fab_cntlids *ids = ss ? ss->cntlids : reg->disc_cntlids;
	uint16_t cntlid;

	if (fab_cntlids_take(ids, &cntlid) < 0)
		return FAB_RETRY(NVME_SC_CONNECT_BUSY);
	tc->ss = ss;
	if (ss)
		tc->view = tgt_subsystem_view(ss, in->hostnqn, &portal->spec);
	if (!ss || tc->view)
		tc->ctrl = ctrl_make(tc, conn, in, cntlid);
	if (!tc->ctrl) {
		if (tc->view)
			fab_view_put(&tc->view->fab);
		fab_cntlids_free(ids, cntlid);
		return FAB_RETRY(NVME_SC_CONNECT_BUSY);
	}
	fab_ctrl_get(tc->ctrl); /* one for the connection, one for us */
	if (ss) {
		ss->refs++;
		tc->io = tgt_host_io_get(ss, in->hostnqn);
	}
	TAILQ_INSERT_TAIL(ss ? &ss->ctrls : &reg->disc_ctrls, tc, link);
	tgt_registry_mark(tc);
	return FAB_OK;
}

static struct fab_status admin_connect_locked(struct tgt_registry *reg, struct fab_conn *conn,
					      const struct fab_connect *in,
					      struct fab_ctrl **ret_ctrl, uint16_t *ret_offset)
{
	const struct tgt_portal *portal = NULL;
	struct tgt_subsystem *ss = NULL;
	struct tgt_ctrl *tc;
	struct fab_status st;

	if (strcmp(in->subnqn, NVMF_DISC_NQN) != 0) {
		st = admit(reg, conn, in, &ss, &portal, ret_offset);
		if (fab_failed(st))
			return st;
	}
	tc = ctrl_alloc(reg, conn, portal);
	if (!tc)
		return FAB_RETRY(NVME_SC_CONNECT_BUSY);
	st = add_ctrl(ss, portal, tc, conn, in);
	if (fab_failed(st)) {
		free(tc);
		return st;
	}
	*ret_ctrl = tc->ctrl;
	return FAB_OK;
}

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				       uint16_t *ret_offset)
{
	struct tgt_registry *reg = reg_of(site);
	struct fab_status st;

	tgt_registry_lock(reg);
	st = admin_connect_locked(reg, conn, in, ret_ctrl, ret_offset);
	tgt_registry_unlock(reg);
	if (!fab_failed(st))
		cmn_info("host connected", "nqn=%s host=%s cntlid=%u", CMN_Q(in->subnqn),
			 CMN_Q(in->hostnqn), fab_ctrl_cntlid(*ret_ctrl));
	return st;
}

/* A controller that isn't there may be one of this worker's past life: the host notices by itself and starts over, unless it
 * is told DNR. */
static struct fab_status find_for_io(struct tgt_registry *reg, struct fab_conn *conn,
				     const struct fab_connect *in, struct tgt_ctrl **ret,
				     uint16_t *ret_offset)
{
	const struct tgt_portal *portal;
	struct tgt_subsystem *ss;
	struct tgt_ctrl *tc;
	struct fab_status st = admit(reg, conn, in, &ss, &portal, ret_offset);

	if (fab_failed(st))
		return st;
	tc = tgt_registry_ctrl(ss, in->cntlid);
	*ret_offset = offsetof(struct nvmf_connect_data, cntlid);
	if (!tc || tc->ending || !tc->admin)
		return FAB_RETRY(NVME_SC_CONNECT_PARAM);
	*ret_offset = offsetof(struct nvmf_connect_data, hostnqn);
	if (strcmp(fab_ctrl_hostnqn(tc->ctrl), in->hostnqn) != 0)
		return FAB_ERR(NVME_SC_CONNECT_PARAM);
	*ret_offset = offsetof(struct nvmf_connect_data, hostid);
	if (memcmp(fab_ctrl_hostid(tc->ctrl), in->hostid, sizeof(in->hostid)) != 0)
		return FAB_ERR(NVME_SC_CONNECT_PARAM);
	*ret_offset = FAB_LOC_NONE;
	*ret = tc;
	return FAB_OK;
}

static struct tgt_queue *queue_make(struct tgt_registry *reg, struct tgt_ctrl *tc,
				    struct net_conn *c)
{
	struct tgt_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	fab_view_get(&tc->view->fab);
	q->view = tc->view;
	q->reactor = net_conn_reactor(c);
	q->index = net_reactor_index(q->reactor);
	q->io = reg->io ? reg->io[q->index] : NULL;
	q->max_bytes = 4096ull << reg->io_pers.mdts;
	return q;
}

static void queue_free(struct tgt_queue *q)
{
	fab_view_put(&q->view->fab);
	free(q);
}

static struct fab_status io_connect(struct fab_site *site, struct fab_conn *conn,
				    const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				    uint16_t *ret_offset)
{
	struct tgt_registry *reg = reg_of(site);
	struct tgt_ctrl *tc = NULL;
	struct tgt_queue *q = NULL;
	struct fab_status st;

	tgt_registry_lock(reg);
	st = find_for_io(reg, conn, in, &tc, ret_offset);
	if (!fab_failed(st)) {
		q = queue_make(reg, tc, net_conn_of(conn));
		st = q ? fab_ctrl_ioq_add(tc->ctrl, in->qid, in->sqsize, conn)
		       : FAB_RETRY(NVME_SC_CONNECT_BUSY);
	}
	if (!fab_failed(st)) {
		net_conn_set_data(net_conn_of(conn), q);
		*ret_ctrl = fab_ctrl_get(tc->ctrl);
		tgt_ctrl_get(tc);
		tgt_registry_mark(tc);
	} else if (q) {
		queue_free(q);
	}
	tgt_registry_unlock(reg);
	return st;
}

/* -- authentication ---------------------------------------------------------------------------------------------- */
static bool auth(struct fab_site *site, struct fab_conn *conn, const struct fab_connect *in,
		 struct fab_auth_policy *ret)
{
	struct tgt_registry *reg = reg_of(site);
	bool has;

	(void)conn;
	tgt_registry_lock(reg);
	has = (strcmp(in->subnqn, NVMF_DISC_NQN) != 0 ||
	       tgt_keys_for_discovery(reg->keys, in->hostnqn)) &&
	      tgt_keys_find(reg->keys, in->hostnqn, ret);
	tgt_registry_unlock(reg);
	return has;
}

static void auth_ended(struct fab_site *site, struct fab_conn *conn, const struct fab_auth *a)
{
	struct tgt_registry *reg = reg_of(site);
	struct tgt_ctrl *tc = fab_ctrl_user(fab_conn_ctrl(conn));

	tgt_registry_lock(reg);
	if (fab_auth_state(a) != FAB_AUTH_DONE)
		tgt_registry_auth_failed(reg, conn, fab_auth_failure_text(a));
	if (!fab_conn_qid(conn)) {
		tc->authenticated = fab_auth_state(a) == FAB_AUTH_DONE;
		tgt_registry_mark(tc);
	}
	tgt_registry_unlock(reg);
}

/* -- the end of queues --------------------------------------------------------------------------------------------- */
struct quiesced_msg {
	struct net_msg msg;
	struct tgt_ctrl *tc;
};

/* On the admin queue's reactor. */
static void quiesced(struct net_msg *msg)
{
	struct quiesced_msg *q = cmn_container_of(msg, struct quiesced_msg, msg);
	struct tgt_ctrl *tc = q->tc;
	struct tgt_registry *reg = tc->reg;
	struct net_conn *admin;

	free(q);
	tgt_registry_lock(reg);
	admin = tc->admin; /* cleared on this very thread */
	tgt_registry_unlock(reg);
	if (admin) {
		fab_ctrl_quiesced(tc->ctrl);
		net_conn_kick(admin);
	}
	tgt_registry_lock(reg);
	tgt_ctrl_put(tc);
	tgt_registry_unlock(reg);
}

static void check_quiesced(struct tgt_ctrl *tc)
{
	struct quiesced_msg *q;

	if (!tc->quiescing || fab_ctrl_nr_ioqs(tc->ctrl) || !tc->admin)
		return;
	q = calloc(1, sizeof(*q));
	if (!q) { /* a reset that never ends would be worse than a lost connection */
		net_conn_kill(tc->admin);
		return;
	}
	tc->quiescing = false;
	q->msg.fn = quiesced;
	q->tc = tgt_ctrl_get(tc);
	net_reactor_post(tc->reactor, &q->msg);
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	struct tgt_registry *reg = reg_of(site);
	struct tgt_ctrl *tc = fab_ctrl_user(ctrl);

	tgt_registry_lock(reg);
	tc->quiescing = true;
	for (uint16_t qid = 1; qid <= fab_ctrl_pers(ctrl)->max_ioqs; qid++) {
		const struct fab_io_queue *q = fab_ctrl_ioq(ctrl, qid);

		if (q)
			net_conn_kill(net_conn_of(q->conn));
	}
	check_quiesced(tc);
	tgt_registry_unlock(reg);
}

static const char *reason_of(struct fab_ctrl *ctrl)
{
	switch (fab_ctrl_state(ctrl)) {
	case FAB_CTRL_FATAL:
		return "keep alive timeout";
	case FAB_CTRL_SHUT_DOWN:
		return "shut down by host";
	default:
		return "connection closed";
	}
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	struct tgt_registry *reg = reg_of(site);
	struct tgt_ctrl *tc = fab_ctrl_user(ctrl);
	struct net_conn *c = net_conn_of(conn);
	struct tgt_queue *q = qid ? net_conn_data(c) : NULL;

	tgt_registry_lock(reg);
	if (qid) {
		fab_ctrl_ioq_del(ctrl, qid);
		net_conn_set_data(c, NULL);
		tgt_host_io_gone(tc->io, fab_conn_stats(conn));
		tgt_registry_mark(tc);
		check_quiesced(tc);
	} else {
		tc->admin = NULL;
		tgt_registry_end_ctrl(reg, tc, reason_of(ctrl));
		tgt_registry_note_gone(tc);
		cmn_info("host left", "nqn=%s host=%s cntlid=%u reason=%s",
			 CMN_Q(fab_ctrl_subsys(ctrl)->nqn), CMN_Q(fab_ctrl_hostnqn(ctrl)),
			 fab_ctrl_cntlid(ctrl), CMN_Q(tc->reason));
	}
	tgt_ctrl_put(tc);
	tgt_registry_unlock(reg);
	if (q)
		queue_free(q);
}

/* -- Abort ----------------------------------------------------------------------------------------------------------- */
struct abort_msg {
	struct net_msg msg;
	struct tgt_ctrl *tc;
	struct fab_req *req; /* the Abort; an orphan by now if its connection is gone */
	struct net_reactor *home;
	uint16_t sqid, cid;
	bool aborted;
};

static void abort_complete(struct fab_req *req, bool aborted)
{
	req->cqe.dw[0] = htole32(aborted ? 0 : 1);
	fab_req_complete(req, FAB_OK);
}

static void abort_answer(struct net_msg *msg)
{
	struct abort_msg *a = cmn_container_of(msg, struct abort_msg, msg);
	struct tgt_registry *reg = a->tc->reg;

	abort_complete(a->req, a->aborted);
	tgt_registry_lock(reg);
	tgt_ctrl_put(a->tc);
	tgt_registry_unlock(reg);
	free(a);
}

/* On the reactor that the queue lived on; by now it may be another's, or nobody's. */
static void abort_there(struct net_msg *msg)
{
	struct abort_msg *a = cmn_container_of(msg, struct abort_msg, msg);
	struct tgt_registry *reg = a->tc->reg;
	const struct fab_io_queue *q;
	struct fab_conn *conn = NULL;

	tgt_registry_lock(reg);
	q = fab_ctrl_ioq(a->tc->ctrl, a->sqid);
	if (q && net_reactor_is_current(net_conn_reactor(net_conn_of(q->conn))))
		conn = q->conn;
	tgt_registry_unlock(reg);
	/* it closes on this thread only, so it stays until we return */
	if (conn)
		a->aborted = fab_conn_abort(conn, a->cid);
	if (a->aborted)
		net_conn_kick(net_conn_of(conn));
	a->msg.fn = abort_answer;
	net_reactor_post(a->home, &a->msg);
}

static void abort_io(struct fab_site *site, struct fab_req *req, struct fab_ctrl *ctrl,
		     uint16_t sqid, uint16_t cid)
{
	struct tgt_registry *reg = reg_of(site);
	struct tgt_ctrl *tc = fab_ctrl_user(ctrl);
	struct abort_msg *a = calloc(1, sizeof(*a));
	const struct fab_io_queue *q;

	tgt_registry_lock(reg);
	q = a ? fab_ctrl_ioq(ctrl, sqid) : NULL;
	if (q) {
		*a = (struct abort_msg){ .msg.fn = abort_there,
					 .tc = tgt_ctrl_get(tc),
					 .req = req,
					 .home = tc->reactor,
					 .sqid = sqid,
					 .cid = cid };
		net_reactor_post(net_conn_reactor(net_conn_of(q->conn)), &a->msg);
	}
	tgt_registry_unlock(reg);
	if (q)
		return;
	free(a);
	abort_complete(req, false);
}

const struct fab_site_ops tgt_site_ops = {
	.admin_connect = admin_connect,
	.io_connect = io_connect,
	.auth = auth,
	.auth_ended = auth_ended,
	.queue_gone = queue_gone,
	.abort_io = abort_io,
	.quiesce = quiesce,
};
