/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/peer.c - one discovery controller that is followed: connected, identified, its log read, again at each event.
 * Owns: the connection.  Thread: the follower's reactor.  May block: as entries.c.
 *
 *   up -> Supported Log Pages -> log -> events, and a look now and then      one that keeps no connections: log -> down -> pause -> up */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/follow/follow_impl.h"
#include "fabrics/discovery_log.h"
#include "fabrics/spec/nvme.h"

#define KATO_MS 30000
#define RETRY_MS 1000
#define RETRY_MAX_MS 30000
#define PROBE_MS 5000 /* of one that only is to say who it is */
#define PROBE_MAX_MS 300000
#define SURE_NS (600 * CMN_NS_PER_S) /* an event may get lost on the other side */
#define PAGES_LEN (4 * (NVME_LID_HOST_DISCOVERY + 1))
/* A log of all that is taken, extended entries with a label each, and the controller's own. */
#define LOG_MAX (sizeof(struct nvmf_disc_log) + (DSC_REGS_PER_DC + 1) * FAB_DISC_EXT_MAX)

static void read_log(struct dsc_peer *peer);

/* -- news ---------------------------------------------------------------------------------------------------------- */
/* Between these two its news may be changed; then the control loop looks at it. */
static struct dsc_news *open_news(struct dsc_peer *peer)
{
	pthread_mutex_lock(&peer->follow->lock);
	return &peer->news;
}

static void close_news(struct dsc_peer *peer)
{
	struct dsc_follow *f = peer->follow;

	peer->dirty = true;
	pthread_mutex_unlock(&f->lock);
	if (!atomic_exchange(&f->news_posted, true))
		net_reactor_post(f->app->loop, &f->news);
}

static void set_error(struct dsc_news *news, const char *text)
{
	snprintf(news->error, sizeof(news->error), "%s", text);
	news->error_ms = cmn_wall_ms();
	news->failures++;
}

static void tell_error(struct dsc_peer *peer, const char *text)
{
	set_error(open_news(peer), text);
	close_news(peer);
}

static void set_timer(struct dsc_peer *peer, uint64_t ns)
{
	net_timer_set(peer->follow->reactor, &peer->timer,
		      net_reactor_env(peer->follow->reactor)->now + ns);
}

/* -- the log --------------------------------------------------------------------------------------------------------- */
/* It keeps connections when it says so in its log, or offers events, which it could tell nobody else. */
static void after_read(struct dsc_peer *peer, bool persistent)
{
	if (persistent || peer->events) {
		set_timer(peer, SURE_NS);
		return;
	}
	net_host_stop(peer->host);
	set_timer(peer, peer->follow->app->opt.dc_poll_s * CMN_NS_PER_S);
}

static void take_log(struct dsc_peer *peer)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(peer->follow->app->model);
	struct dsc_found_log log;
	struct dsc_news *news;
	int rc = dsc_found_log(&log, &peer->read, peer->now.traddr, snap);

	dsc_snapshot_put(snap);
	if (rc < 0) {
		tell_error(peer, "its log contradicts itself");
		after_read(peer, true);
		return;
	}
	news = open_news(peer);
	dsc_regs_free(news->reg, news->nr);
	news->reg = log.reg;
	news->nr = log.nr;
	news->skipped = log.skipped;
	news->has_log = true;
	news->polled = !log.persistent && !peer->events;
	news->genctr = peer->read.genctr;
	news->read_ms = cmn_wall_ms();
	news->failures = 0;
	*news->error = '\0';
	close_news(peer);
	after_read(peer, log.persistent);
}

static void log_read(struct net_logread *read)
{
	struct dsc_peer *peer = read->user;

	peer->reading = false;
	if (!read->err.code)
		take_log(peer);
	else if (net_host_state(peer->host) == NET_HOST_UP) {
		tell_error(peer, read->err.msg);
		set_timer(peer, peer->follow->app->opt.dc_poll_s * CMN_NS_PER_S);
	}
	free(read->page);
	read->page = NULL;
	if (peer->again && net_host_state(peer->host) == NET_HOST_UP)
		read_log(peer);
}

/* An event while it is being read: once more, for that read may have begun before the change. */
static void read_log(struct dsc_peer *peer)
{
	peer->again = peer->reading;
	if (peer->reading)
		return;
	peer->read = (struct net_logread){
		.lid = NVME_LID_DISCOVERY,
		.lsp = peer->lids & (NVMF_DLPF_EXTEND | NVMF_DLPF_ALLSUB),
		.max = LOG_MAX,
		.done = log_read,
		.user = peer,
	};
	peer->reading = net_logread_start(peer->host, &peer->read) == 0;
}

/* -- who it is --------------------------------------------------------------------------------------------------------- */
static uint32_t page_entry(const struct dsc_peer *peer, uint8_t lid)
{
	uint32_t entry;

	memcpy(&entry, peer->pages + 4 * lid, sizeof(entry));
	return le32toh(entry);
}

/* The bits of LIDS lie as those of DLPF do.  One that offers the host discovery log has hosts register with it, so it may have
 * entries of others too. */
static void identified(struct dsc_peer *peer, bool pages)
{
	uint32_t own = pages ? page_entry(peer, NVME_LID_DISCOVERY) : 0;
	struct dsc_news *news;

	peer->lids = own & NVME_LIDS_LSUPP ? (uint8_t)(own >> 16) : 0;
	peer->identified = true;
	news = open_news(peer);
	news->identified = true;
	news->central = peer->dctype == NVME_DCTYPE_CDC ||
			(pages && (page_entry(peer, NVME_LID_HOST_DISCOVERY) & NVME_LIDS_LSUPP));
	close_news(peer);
	if (peer->now.want == DSC_WANT_LOG)
		read_log(peer);
	else
		net_host_stop(peer->host);
}

static void pages_read(struct net_host_cmd *cmd)
{
	struct dsc_peer *peer = cmd->user;
	bool good = !cmd->req.err && !(le16toh(cmd->req.cqe.status) & ~1u) &&
		    cmd->req.moved == PAGES_LEN;

	if (!cmd->req.err)
		identified(peer, good);
	free(peer->pages);
	peer->pages = NULL;
}

static void ask_pages(struct dsc_peer *peer)
{
	free(peer->pages);
	peer->pages = dsc_zalloc(PAGES_LEN);
	peer->sup = (struct net_host_cmd){ .done = pages_read, .user = peer };
	peer->sup.req.cmd = fab_cmd_get_log(NVME_LID_SUPPORTED, 0, 0, PAGES_LEN, false);
	peer->sup.req.dir = FAB_HOST_IN;
	peer->sup.req.data = peer->pages;
	peer->sup.req.len = PAGES_LEN;
	net_host_submit(peer->host, &peer->sup);
}

/* -- the connection -------------------------------------------------------------------------------------------------------- */
static void on_up(struct net_host *h, const struct nvme_id_ctrl *id)
{
	struct dsc_peer *peer = net_host_user(h);
	struct dsc_news *news = open_news(peer);
	bool itself, discovery = id->cntrltype == NVME_CNTRLTYPE_DISCOVERY || !id->cntrltype;

	snprintf(news->own_nqn, sizeof(news->own_nqn), "%.*s", DSC_NQN_MAX, id->subnqn);
	itself = !strcmp(news->own_nqn, peer->follow->app->disc_nqn);
	news->itself = itself;
	news->dctype = id->dctype;
	news->connected = true;
	news->since_ms = cmn_wall_ms();
	if (itself)
		set_error(news, "it is this discovery controller itself");
	else if (!discovery)
		set_error(news, "it is no discovery controller");
	close_news(peer);
	peer->dctype = id->dctype;
	peer->events = le32toh(id->oaes) & NVME_AEC_DISCOVERY;
	snprintf(peer->own_nqn, sizeof(peer->own_nqn), "%.*s", DSC_NQN_MAX, id->subnqn);
	if (itself || !discovery)
		net_host_stop(h);
	else
		ask_pages(peer);
}

static void on_down(struct net_host *h, const struct cmn_err *why)
{
	struct dsc_peer *peer = net_host_user(h);
	struct dsc_news *news = open_news(peer);

	news->connected = false;
	if (why->code)
		set_error(news, why->msg);
	close_news(peer);
	dsc_pull_reset(peer);
}

static void on_event(struct net_host *h, uint32_t result)
{
	struct dsc_peer *peer = net_host_user(h);

	if ((result & 0xff) != NVME_AER_NOTICE || peer->now.want != DSC_WANT_LOG)
		return;
	if ((result >> 8 & 0xff) == NVME_AER_NOTICE_DISCOVERY)
		read_log(peer);
	else if ((result >> 8 & 0xff) == NVME_AER_NOTICE_PULL_MODEL)
		dsc_pull_ask(peer);
}

static const struct net_host_ops ops = { .up = on_up, .down = on_down, .event = on_event };

static void on_timer(struct net_timer *t, uint64_t now)
{
	struct dsc_peer *peer = cmn_container_of(t, struct dsc_peer, timer);

	(void)now;
	if (net_host_state(peer->host) == NET_HOST_UP)
		read_log(peer);
	else
		net_host_start(peer->host);
}

void dsc_peer_close(struct dsc_peer *peer)
{
	net_timer_cancel(peer->follow->reactor, &peer->timer);
	net_host_destroy(peer->host);
	peer->host = NULL;
	dsc_pull_reset(peer);
	peer->reading = peer->again = false;
}

static void open_peer(struct dsc_peer *peer)
{
	struct dsc_follow *f = peer->follow;
	bool probe = peer->now.want == DSC_WANT_IDENTITY;
	struct net_host_params params = {
		.addr = peer->now.traddr,
		.port = peer->now.port,
		.subnqn = peer->now.nqn,
		.hostnqn = f->app->disc_nqn,
		.kato_ms = KATO_MS,
		.retry_ms = probe ? PROBE_MS : RETRY_MS,
		.retry_max_ms = probe ? PROBE_MAX_MS : RETRY_MAX_MS,
		.events = NVME_AEC_DISCOVERY | NVME_AEC_PULL_MODEL,
		.depth = 3, /* its log, its pages, what it asks for */
		.ops = &ops,
		.user = peer,
	};
	struct cmn_err err = { 0 };

	memcpy(params.hostid, f->hostid, sizeof(params.hostid));
	peer->timer.fire = on_timer;
	peer->host = net_host_create(f->hosts, &params, &err);
	if (peer->host)
		net_host_start(peer->host);
	else
		tell_error(peer, err.msg);
}

/* -- orders ------------------------------------------------------------------------------------------------------------------ */
static bool same_place(const struct dsc_order *a, const struct dsc_order *b)
{
	return a->want == b->want && a->port == b->port && !strcmp(a->traddr, b->traddr) &&
	       !strcmp(a->nqn, b->nqn);
}

static void obey(struct dsc_peer *peer, const struct dsc_order *order)
{
	struct dsc_order was = peer->now;

	peer->now = *order;
	if (order->gone || !same_place(&was, order)) {
		dsc_peer_close(peer);
		if (order->gone || order->want == DSC_WANT_NOTHING) {
			struct dsc_news *news = open_news(peer);

			news->connected = false;
			news->released = order->gone; /* from here on it is the control loop's */
			close_news(peer);
			return;
		}
		open_peer(peer);
	} else if (was.kicks != order->kicks && peer->host) {
		if (net_host_state(peer->host) == NET_HOST_UP)
			read_log(peer);
		else
			net_host_start(peer->host);
	}
}

/* One that wants to hear of changes and hasn't been looked at in this round. */
static struct dsc_peer *next_puller(struct dsc_follow *f)
{
	struct dsc_peer *peer;

	pthread_mutex_lock(&f->lock);
	TAILQ_FOREACH(peer, &f->peers, link) {
		if (!peer->host || !peer->pull.again || peer->pull.round == f->round)
			continue;
		peer->pull.round = f->round;
		break;
	}
	pthread_mutex_unlock(&f->lock);
	return peer;
}

void dsc_peers_news(struct net_msg *msg)
{
	struct dsc_follow *f = cmn_container_of(msg, struct dsc_follow, changed);
	struct dsc_peer *peer;

	atomic_store(&f->changed_posted, false);
	f->round++;
	while ((peer = next_puller(f)))
		dsc_pull_look(peer);
}

static struct dsc_peer *next_ordered(struct dsc_follow *f, struct dsc_order *ret)
{
	struct dsc_peer *peer;

	pthread_mutex_lock(&f->lock);
	TAILQ_FOREACH(peer, &f->peers, link) {
		if (!peer->ordered)
			continue;
		peer->ordered = false;
		*ret = peer->order;
		break;
	}
	pthread_mutex_unlock(&f->lock);
	return peer;
}

void dsc_peers_look(struct net_msg *msg)
{
	struct dsc_follow *f = cmn_container_of(msg, struct dsc_follow, orders);
	struct dsc_order order;
	struct dsc_peer *peer;

	atomic_store(&f->orders_posted, false);
	while ((peer = next_ordered(f, &order)))
		obey(peer, &order);
}
