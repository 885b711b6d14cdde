/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/controller.c - the discovery personality: Connect, the log read page by page, events.
 * Owns: struct dsc_disc_ctrl.  Thread: the service's reactor.  May block: never.
 * Spec: NVM Express Base 2.1, 3.1.3.3, 5.1.12.3.1, 5.1.2 (Asynchronous Event Request). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"

#define LOG_HOLD_NS                                                                                \
	(5 * CMN_NS_PER_S) /* a log that is read in pieces stays the same for this long */
#define LOG_CHECK_NS CMN_NS_PER_S
#define IDLE_MS                                                                                    \
	(120 * 1000) /* Connect with KATO 0: a host that says nothing for this long has gone */

/* ---- Connect ---- */

static void check_after_read(struct net_after *a);

static struct dsc_disc_ctrl *ctrl_new(struct dsc_disc *disc, struct fab_conn *conn)
{
	struct dsc_disc_ctrl *dc = calloc(1, sizeof(*dc));
	const struct fab_portal *portal = fab_conn_portal(conn);

	if (!dc)
		return NULL;
	dc->disc = disc;
	dc->check.run = check_after_read;
	dsc_via_from_sockaddr(&dc->via, fab_conn_local(conn), portal ? portal->portid : 0);
	net_ip_from_sockaddr(&dc->from, fab_conn_peer(conn));
	return dc;
}

static struct dsc_asker asker(const struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap)
{
	struct dsc_asker who = dsc_asker(snap, fab_ctrl_hostnqn(dc->ctrl));

	who.has_from = true;
	who.from = net_prefix_of(&dc->from, NET_IP_BITS);
	return who;
}

static void ctrl_free(struct dsc_disc_ctrl *dc)
{
	dsc_log_destroy(dc->log);
	dsc_hostlog_destroy(dc->hosts);
	free(dc);
}

/* A host may ask by the well-known discovery NQN or by our own; Identify tells ours, by which it knows us again wherever it meets us
 * (NVM Express Base 2.1, 3.1.3.3). */
static const struct fab_subsys_id *subsystem(const struct dsc_disc *disc, const char *nqn)
{
	return !strcmp(nqn, NVMF_DISC_NQN) || !strcmp(nqn, disc->subsys.nqn) ? &disc->subsys : NULL;
}

/* What the host knows so far, and who it is. */
static void note_host(struct dsc_disc_ctrl *dc, struct fab_conn *conn, const char *nqn)
{
	struct dsc_disc *disc = dc->disc;
	const struct dsc_snapshot *snap = dsc_snapshot_current(disc->app->model);
	struct dsc_asker who = asker(dc, snap);
	struct dsc_via from;

	dc->told = dsc_snapshot_genctr(snap, &who);
	dc->hosts_told = dsc_snapshot_host_genctr(snap, nqn);
	dsc_via_from_sockaddr(&from, fab_conn_peer(conn), 0);
	if (dsc_seen_enter(disc->seen, nqn, from.address) && !dsc_snapshot_host(snap, nqn))
		dsc_disc_tell_waiting(disc, nqn, from.address);
	dsc_snapshot_put(snap);
}

static void note_gone(struct dsc_disc *disc, const char *nqn)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(disc->app->model);

	dsc_seen_leave(disc->seen, nqn, !dsc_snapshot_host(snap, nqn));
	dsc_snapshot_put(snap);
}

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				       uint16_t *ret_offset)
{
	struct dsc_disc *disc = cmn_container_of(site, struct dsc_disc, site);
	struct fab_ctrl_params params = { .site = site,
					  .pers = &disc->pers,
					  .id = subsystem(disc, in->subnqn),
					  .admin_conn = conn,
					  .connect = in };
	struct dsc_disc_ctrl *dc;

	if (!params.id) {
		disc->refused++;
		*ret_offset = offsetof(struct nvmf_connect_data, subnqn);
		return FAB_ERR(NVME_SC_CONNECT_PARAM);
	}
	if (fab_cntlids_take(disc->cntlids, &params.cntlid) < 0)
		return FAB_RETRY(NVME_SC_CONNECT_BUSY);
	dc = ctrl_new(disc, conn);
	params.user = dc;
	if (dc && (dsc_disc_index(dc, in->hostnqn) < 0 || !(dc->ctrl = fab_ctrl_create(&params)))) {
		dsc_disc_unindex(dc);
		free(dc);
		dc = NULL;
	}
	if (!dc) {
		fab_cntlids_free(disc->cntlids, params.cntlid);
		return FAB_RETRY(NVME_SC_CONNECT_BUSY);
	}
	fab_ctrl_get(dc->ctrl); /* one for the connection, one for us */
	note_host(dc, conn, in->hostnqn);
	TAILQ_INSERT_TAIL(&disc->ctrls, dc, link);
	disc->nr_ctrls++;
	*ret_ctrl = dc->ctrl;
	cmn_info("discovery controller connected", "host=%s cntlid=%u via=%s kato_ms=%u",
		 in->hostnqn, params.cntlid, dc->via.address, in->kato_ms);
	return FAB_OK;
}

/* A discovery controller has no I/O queues. */
static struct fab_status io_connect(struct fab_site *site, struct fab_conn *conn,
				    const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
				    uint16_t *ret_offset)
{
	struct dsc_disc *disc = cmn_container_of(site, struct dsc_disc, site);

	(void)conn;
	(void)in;
	(void)ret_ctrl;
	(void)ret_offset;
	disc->refused++;
	return FAB_ERR_AT(NVME_SC_CONNECT_PARAM, offsetof(struct nvmf_connect_cmd, qid));
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	struct dsc_disc *disc = cmn_container_of(site, struct dsc_disc, site);
	struct dsc_disc_ctrl *dc = fab_ctrl_user(ctrl);

	(void)conn;
	(void)qid;
	cmn_info("discovery controller gone", "host=%s cntlid=%u", fab_ctrl_hostnqn(ctrl),
		 fab_ctrl_cntlid(ctrl));
	note_gone(disc, fab_ctrl_hostnqn(ctrl));
	TAILQ_REMOVE(&disc->ctrls, dc, link);
	dsc_disc_unindex(dc);
	disc->nr_ctrls--;
	net_after_cancel(disc->reactor, &dc->check);
	dsc_disc_zoning_gone(dc);
	fab_cntlids_free(disc->cntlids, fab_ctrl_cntlid(ctrl));
	fab_ctrl_put(ctrl);
	ctrl_free(dc);
}

/* No I/O queue, so no command on one. */
static void abort_io(struct fab_site *site, struct fab_req *abort_req, struct fab_ctrl *ctrl,
		     uint16_t sqid, uint16_t cid)
{
	(void)site;
	(void)ctrl;
	(void)sqid;
	(void)cid;
	abort_req->cqe.dw[0] = htole32(NVME_ABORT_NOT_ABORTED);
	fab_req_complete(abort_req, FAB_OK);
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	(void)site;
	fab_ctrl_quiesced(ctrl);
}

const struct fab_site_ops dsc_disc_site_ops = {
	.admin_connect = admin_connect,
	.io_connect = io_connect,
	.auth = dsc_disc_auth,
	.auth_ended = dsc_disc_auth_ended,
	.queue_gone = queue_gone,
	.abort_io = abort_io,
	.quiesce = quiesce,
};

/* ---- events ---- */

static bool is_behind(const struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap)
{
	struct dsc_asker who = asker(dc, snap);

	return dsc_snapshot_genctr(snap, &who) > dc->told;
}

/* Few ask for this event: the others cost no more than the question. */
static bool is_behind_with_hosts(const struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap)
{
	const char *whose = dc->hosts_all ? NULL : fab_ctrl_hostnqn(dc->ctrl);

	return fab_ctrl_event_enabled(dc->ctrl, NVME_AEC_HOST_DISCOVERY) &&
	       dsc_snapshot_host_genctr(snap, whose) > dc->hosts_told;
}

void dsc_disc_look(struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap)
{
	if (!is_behind(dc, snap))
		return;
	/* Masked while an earlier event's log is still unread: then the look after that read comes back here. */
	fab_ctrl_event(dc->ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_DISCOVERY, NVME_LID_DISCOVERY);
	dc->disc->events_sent++;
}

void dsc_disc_look_hosts(struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap)
{
	if (!is_behind_with_hosts(dc, snap))
		return;
	fab_ctrl_event(dc->ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_HOST_DISCOVERY,
		       NVME_LID_HOST_DISCOVERY);
	dc->disc->events_sent++;
}

/* The read that re-arms the event may have begun before a change that fell in between: nothing may be lost there.  But no sooner than
 * others hear of it: else a host would hear of each change while many follow each other. */
static void check_after_read(struct net_after *a)
{
	struct dsc_disc_ctrl *dc = cmn_container_of(a, struct dsc_disc_ctrl, check);
	const struct dsc_snapshot *snap = dsc_snapshot_current(dc->disc->app->model);

	if (is_behind(dc, snap) || is_behind_with_hosts(dc, snap))
		dsc_disc_look_later(dc);
	dsc_snapshot_put(snap);
}

/* ---- the log ---- */

/* lsp's bits lie as those of DLPF. */
static int take_log(struct dsc_disc_ctrl *dc, uint8_t lsp)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(dc->disc->app->model);
	struct dsc_asker who = asker(dc, snap);
	struct dsc_log *log = dsc_log_create(snap, &who, &dc->via, lsp);

	dsc_snapshot_put(snap);
	if (!log)
		return -ENOMEM;
	dsc_log_destroy(dc->log);
	dc->log = log;
	dc->log_events = fab_ctrl_events_told(dc->ctrl, NVME_LID_DISCOVERY);
	return 0;
}

/* A host that has read all entries reads the header once more, to see that it is still the same log: it is, the one that this host
 * was told.  Else it would begin anew for as long as changes follow each other closely; and of those it hears by an event, for the
 * next look is at the newest.  After such an event a header is the first of another reading. */
static bool is_check(struct dsc_disc_ctrl *dc, uint8_t lsp, uint64_t off, uint32_t len)
{
	bool check = dc->log && dc->log_whole && off == 0 && len <= sizeof(struct nvmf_disc_log) &&
		     dsc_log_dlpf(dc->log) == lsp &&
		     fab_ctrl_events_told(dc->ctrl, NVME_LID_DISCOVERY) == dc->log_events &&
		     net_reactor_env(dc->disc->reactor)->now <
			     dc->log_until - LOG_HOLD_NS + LOG_CHECK_NS;

	dc->log_whole = off && dc->log && off + len >= dsc_log_size(dc->log);
	return check;
}

static struct fab_status subsystem_log(struct dsc_disc_ctrl *dc, uint8_t lsp, uint64_t off,
				       void *buf, uint32_t len)
{
	if (is_check(dc, lsp, off, len)) {
		dsc_log_render(dc->log, off, buf, len);
		return FAB_OK;
	}
	if ((off == 0 || !dc->log || dsc_log_dlpf(dc->log) != lsp) && take_log(dc, lsp) < 0)
		return FAB_RETRY(NVME_SC_INTERNAL);
	if (off == 0)
		dc->told = dsc_log_genctr(dc->log);
	dsc_log_render(dc->log, off, buf, len);
	return FAB_OK;
}

static int take_hosts(struct dsc_disc_ctrl *dc, bool all)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(dc->disc->app->model);
	struct dsc_hostlog *log = dsc_hostlog_create(snap, all ? NULL : fab_ctrl_hostnqn(dc->ctrl));

	dsc_snapshot_put(snap);
	if (!log)
		return -ENOMEM;
	dsc_hostlog_destroy(dc->hosts);
	dc->hosts = log;
	return 0;
}

static struct fab_status host_log(struct dsc_disc_ctrl *dc, bool all, uint64_t off, void *buf,
				  uint32_t len)
{
	if ((off == 0 || !dc->hosts || dsc_hostlog_is_all(dc->hosts) != all) &&
	    take_hosts(dc, all) < 0)
		return FAB_RETRY(NVME_SC_INTERNAL);
	if (off == 0) {
		dc->hosts_all = all;
		dc->hosts_told = dsc_hostlog_genctr(dc->hosts);
	}
	dsc_hostlog_render(dc->hosts, off, buf, len);
	return FAB_OK;
}

static struct fab_status ave_log(const struct dsc_disc *disc, uint64_t off, void *buf, uint32_t len)
{
	uint32_t there = off < disc->ave_len ? cmn_min(len, disc->ave_len - (uint32_t)off) : 0;

	memset(buf, 0, len);
	if (there)
		memcpy(buf, disc->ave_page + off, there);
	return FAB_OK;
}

static struct fab_status discovery_log(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp,
				       uint64_t off, void *buf, uint32_t len)
{
	struct dsc_disc_ctrl *dc = fab_ctrl_user(ctrl);
	struct dsc_disc *disc = dc->disc;
	uint64_t until = net_reactor_env(disc->reactor)->now + LOG_HOLD_NS;
	bool hosts = lid == NVME_LID_HOST_DISCOVERY;
	struct fab_status st = lid == NVME_LID_AVE_DISCOVERY ? ave_log(disc, off, buf, len)
			       : hosts ? host_log(dc, lsp & NVMF_HDLPF_ALLHOST, off, buf, len)
				       : subsystem_log(dc, lsp, off, buf, len);

	if (fab_failed(st) || lid == NVME_LID_AVE_DISCOVERY)
		return st;
	if (hosts)
		dc->hosts_until = until;
	else
		dc->log_until = until;
	if (!disc->expire.heap_index)
		net_timer_set(disc->reactor, &disc->expire, until);
	net_after_queue(disc->reactor, &dc->check);
	disc->log_reads++;
	return FAB_OK;
}

void dsc_disc_drop_old_logs(struct dsc_disc *disc, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct dsc_disc_ctrl *dc;

	TAILQ_FOREACH(dc, &disc->ctrls, link) {
		if (dc->log && dc->log_until <= now) {
			dsc_log_destroy(dc->log);
			dc->log = NULL;
		}
		if (dc->hosts && dc->hosts_until <= now) {
			dsc_hostlog_destroy(dc->hosts);
			dc->hosts = NULL;
		}
		next = cmn_min(next, dc->log ? dc->log_until : UINT64_MAX);
		next = cmn_min(next, dc->hosts ? dc->hosts_until : UINT64_MAX);
	}
	if (next != UINT64_MAX) /* not too often: it walks through all */
		net_timer_set(disc->reactor, &disc->expire, cmn_max(next, now + LOG_HOLD_NS / 8));
}

/* A portal that hosts are told by the address at which this one asked. */
static bool port_local(const struct fab_ctrl *ctrl)
{
	const struct dsc_disc_ctrl *dc = fab_ctrl_user(ctrl);
	const struct dsc_snapshot *snap = dsc_snapshot_current(dc->disc->app->model);
	const struct dsc_portal *p;
	bool found = false;
	char told[64];

	dsc_tree_each(p, snap->portals, &dsc_portal_ops)
	{
		found = p->kind == DSC_PORTAL_IO && dsc_reach(p, &dc->via, told) &&
			!strcmp(told, dc->via.address);
		if (found)
			break;
	}
	dsc_snapshot_put(snap);
	return found;
}

const struct fab_personality dsc_disc_personality = {
	.type = FAB_CT_DISC,
	.cntrltype = 2,
	.mqes = 127,
	.mdts = 6, /* 256 KiB: a log of 255 entries in one command */
	.oaes = NVME_AEC_DISCOVERY | NVME_AEC_HOST_DISCOVERY,
	.default_kato_ms = IDLE_MS,
	.discovery_log = discovery_log,
	.disc_lids = NVME_LIDS_DISC_EXTDLPES | NVME_LIDS_DISC_PLEOS,
	.port_local = port_local,
	.host_disc_lids = NVME_LIDS_LSUPP,
};
