/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/pull.c - the pull model: a discovery controller that is followed says by an event that it wants something, and gets it.
 * Owns: the log page that is being sent.  Thread: the follower's reactor.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.3.4, 5.3.10, 8.3.2.3.8.3.5.
 *
 *   event F3h -> Get Log Page 73h -> Send Discovery Log Page, in pieces; again when that page has changed, if it asks for that (LPUR)
 *
 * What it is sent is what a host of its name would be told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/ave.h"
#include "discoveryd/disc/hostlog.h"
#include "discoveryd/disc/log.h"
#include "discoveryd/follow/follow_impl.h"

#define PAGE_MAX (16u << 20)

/* -- what is sent ------------------------------------------------------------------------------------------------- */
static void via_of(const struct dsc_peer *peer, struct dsc_via *ret)
{
	const struct dsc_addr *listen = &peer->follow->app->opt.listen[0];
	struct sockaddr_storage local = { 0 };

	if (net_host_local(peer->host, &local) == 0)
		dsc_via_from_sockaddr(ret, &local, 0);
	else
		memset(ret, 0, sizeof(*ret));
	if (strcmp(listen->address, "0.0.0.0") != 0 && strcmp(listen->address, "::") != 0)
		dsc_via_parse(ret, listen->address, listen->port, NULL);
	ret->port = listen->port;
}

/* Which of the parameters are heeded: none are port local here. */
static uint8_t offered(const struct dsc_peer *peer, uint8_t lid, uint8_t lsp)
{
	const struct dsc_options *opt = &peer->follow->app->opt;

	if (lid == NVME_LID_HOST_DISCOVERY)
		return opt->all_hosts ? lsp & NVMF_HDLPF_ALLHOST : 0;
	return lsp & (NVMF_DLPF_EXTEND | (opt->all_subsystems ? NVMF_DLPF_ALLSUB : 0));
}

static uint8_t *log_page(struct dsc_peer *peer, const struct dsc_snapshot *snap, uint32_t *ret_len,
			 uint64_t *ret_genctr)
{
	uint8_t *page = NULL;
	struct dsc_asker who = dsc_asker(snap, peer->own_nqn);
	struct dsc_log *log;
	struct dsc_via via;

	via_of(peer, &via);
	log = dsc_log_create(snap, &who, &via, offered(peer, peer->pull.lid, peer->pull.lsp));
	if (log && dsc_log_size(log) <= PAGE_MAX) {
		*ret_len = (uint32_t)dsc_log_size(log);
		*ret_genctr = dsc_log_genctr(log);
		page = malloc(*ret_len);
		if (page)
			dsc_log_render(log, 0, page, *ret_len);
	}
	dsc_log_destroy(log);
	return page;
}

static uint8_t *host_page(struct dsc_peer *peer, const struct dsc_snapshot *snap, uint32_t *ret_len,
			  uint64_t *ret_genctr)
{
	bool all = offered(peer, peer->pull.lid, peer->pull.lsp);
	struct dsc_hostlog *log = dsc_hostlog_create(snap, all ? NULL : peer->own_nqn);
	uint8_t *page = NULL;

	if (log && dsc_hostlog_size(log) <= PAGE_MAX) {
		*ret_len = (uint32_t)dsc_hostlog_size(log);
		*ret_genctr = dsc_hostlog_genctr(log);
		page = malloc(*ret_len);
		if (page)
			dsc_hostlog_render(log, 0, page, *ret_len);
	}
	dsc_hostlog_destroy(log);
	return page;
}

/* NULL: it can't be had.  *ret_genctr: see is_news(). */
static uint8_t *make_page(struct dsc_peer *peer, uint32_t *ret_len, uint64_t *ret_genctr)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(peer->follow->app->model);
	uint8_t *page = NULL;

	*ret_genctr = 0;
	if (peer->pull.lid == NVME_LID_DISCOVERY)
		page = log_page(peer, snap, ret_len, ret_genctr);
	else if (peer->pull.lid == NVME_LID_HOST_DISCOVERY)
		page = host_page(peer, snap, ret_len, ret_genctr);
	else
		page = dsc_ave_page(peer->follow->app, ret_len);
	dsc_snapshot_put(snap);
	return page;
}

static bool is_news(const struct dsc_peer *peer, const struct dsc_snapshot *snap)
{
	struct dsc_asker who = dsc_asker(snap, peer->own_nqn);
	const struct dsc_pull *pull = &peer->pull;
	uint8_t lsp = offered(peer, pull->lid, pull->lsp);

	if (pull->lid == NVME_LID_DISCOVERY)
		return (lsp & NVMF_DLPF_ALLSUB ? snap->change : dsc_snapshot_genctr(snap, &who)) >
		       pull->told;
	return pull->lid == NVME_LID_HOST_DISCOVERY &&
	       dsc_snapshot_host_genctr(snap, lsp ? NULL : peer->own_nqn) > pull->told;
}

/* -- sending -------------------------------------------------------------------------------------------------------- */
static void send_page(struct dsc_peer *peer);

void dsc_pull_done(struct dsc_peer *peer)
{
	struct dsc_pull *pull = &peer->pull;

	free(pull->page);
	pull->page = NULL;
	pull->busy = false;
	if (net_host_state(peer->host) != NET_HOST_UP)
		return;
	if (pull->asked) /* an event came meanwhile */
		dsc_pull_ask(peer);
	else
		dsc_pull_look(peer);
}

static bool good(const struct net_host_cmd *cmd)
{
	return !cmd->req.err && !(le16toh(cmd->req.cqe.status) & ~1u);
}

static void piece_sent(struct net_host_cmd *cmd)
{
	struct dsc_peer *peer = cmd->user;
	struct dsc_pull *pull = &peer->pull;

	if (!good(cmd)) {
		if (!cmd->req.err)
			cmn_warn("a discovery controller doesn't take the log page that it asked "
				 "for",
				 "traddr=%s port=%u lid=%#x status=%#x", peer->now.traddr,
				 peer->now.port, pull->lid, le16toh(cmd->req.cqe.status) >> 1);
		pull->again = false;
	} else if (pull->page && pull->at < pull->len) {
		send_page(peer);
		return;
	} else {
		pull->again = le32toh(cmd->req.cqe.dw[0]) & NVMF_SDLP_LPUR;
		peer->follow->pages_sent++;
	}
	dsc_pull_done(peer);
}

int dsc_pull_submit(struct dsc_peer *peer, struct nvme_cmd cmd, void *data, uint32_t len,
		    enum fab_host_dir dir)
{
	struct dsc_pull *pull = &peer->pull;

	pull->cmd.req.cmd = cmd;
	pull->cmd.req.data = data;
	pull->cmd.req.len = len;
	pull->cmd.req.dir = (uint8_t)dir;
	pull->busy = net_host_submit(peer->host, &pull->cmd) == 0;
	if (pull->busy)
		return 0;
	free(pull->page);
	pull->page = NULL;
	return -1;
}

static void send_page(struct dsc_peer *peer)
{
	struct dsc_pull *pull = &peer->pull;
	uint32_t len = cmn_min(pull->len - pull->at, net_host_max_data(peer->host));
	uint32_t at = pull->at;

	pull->at += len;
	pull->cmd = (struct net_host_cmd){ .done = piece_sent, .user = peer };
	dsc_pull_submit(peer, fab_cmd_send_log(pull->lid, pull->lsp, at, len), pull->page + at, len,
			FAB_HOST_OUT);
}

static void begin_send(struct dsc_peer *peer)
{
	struct dsc_pull *pull = &peer->pull;
	bool allowed = pull->lid == NVME_LID_DISCOVERY || pull->lid == NVME_LID_HOST_DISCOVERY ||
		       pull->lid == NVME_LID_AVE_DISCOVERY; /* Figure 538 */
	uint64_t genctr = 0;

	pull->again = false; /* a registration holds until the next page */
	if (allowed)
		pull->page = make_page(peer, &pull->len, &genctr);
	if (pull->page) {
		pull->at = 0;
		pull->told = genctr;
		send_page(peer);
		return;
	}
	pull->cmd = (struct net_host_cmd){ .done = piece_sent, .user = peer };
	dsc_pull_submit(peer,
			fab_cmd_send_no_log(pull->lid, pull->lsp,
					    allowed ? NVMF_SDLP_FAILED : NVMF_SDLP_NOT_ALLOWED),
			NULL, 0, FAB_HOST_NONE);
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */
static void begin(struct dsc_peer *peer, const struct fab_pull *in)
{
	if (in->ori == NVMF_PULL_LOG) {
		peer->pull.lid = in->lid;
		peer->pull.lsp = in->lsp;
		begin_send(peer);
	} else if (dsc_zone_pull_begin(peer, in) < 0) {
		dsc_pull_done(peer);
	}
}

static void told(struct net_host_cmd *cmd)
{
	struct dsc_peer *peer = cmd->user;
	struct dsc_pull *pull = &peer->pull;
	struct fab_pull in;

	pull->busy = false;
	if (good(cmd) && fab_pull_decode(pull->request, cmd->req.moved, &in) == 0) {
		pull->busy = true;
		begin(peer, &in);
		return;
	}
	if (!cmd->req.err)
		cmn_warn("a discovery controller asks for something that isn't understood",
			 "traddr=%s port=%u status=%#x operation=%u", peer->now.traddr,
			 peer->now.port, le16toh(cmd->req.cqe.status) >> 1, pull->request[0]);
	dsc_pull_done(peer);
}

void dsc_pull_ask(struct dsc_peer *peer)
{
	struct dsc_pull *pull = &peer->pull;

	pull->asked = pull->busy;
	if (pull->busy)
		return;
	pull->cmd = (struct net_host_cmd){ .done = told, .user = peer };
	dsc_pull_submit(peer, fab_cmd_get_log(NVME_LID_PULL_MODEL_DDC, 0, 0, FAB_PULL_MAX, false),
			pull->request, FAB_PULL_MAX, FAB_HOST_IN);
}

void dsc_pull_look(struct dsc_peer *peer)
{
	const struct dsc_snapshot *snap;
	bool news;

	if (!peer->pull.again || peer->pull.busy || net_host_state(peer->host) != NET_HOST_UP)
		return;
	snap = dsc_snapshot_current(peer->follow->app->model);
	news = is_news(peer, snap);
	dsc_snapshot_put(snap);
	if (news)
		begin_send(peer);
}

void dsc_pull_reset(struct dsc_peer *peer)
{
	free(peer->pull.page);
	peer->pull = (struct dsc_pull){ .round = peer->pull.round };
}
