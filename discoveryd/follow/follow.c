/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/follow.c - the control loop's side of following: orders from the model's rows, news into the model.
 * Owns: struct dsc_follow, every struct dsc_peer.  Thread: the control loop.  May block: start and stop. */
#include "discoveryd/follow/follow.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "common/uuid.h"
#include "discoveryd/events/events.h"
#include "discoveryd/follow/follow_impl.h"
#include "fabrics/spec/nvmf.h"

#define LOST_AFTER 2 /* failures in a row: one that is restarted at once isn't lost */

const char *const dsc_dc_state_name[DSC_DC_STATE_COUNT] = {
	[DSC_DC_WAITING] = "waiting",	    [DSC_DC_OFF] = "disabled",
	[DSC_DC_CONNECTING] = "connecting", [DSC_DC_CONNECTED] = "connected",
	[DSC_DC_POLLED] = "polled",	    [DSC_DC_LOST] = "lost",
	[DSC_DC_ITSELF] = "itself",
};

static struct dsc_peer *find(const struct dsc_follow *f, uint64_t id)
{
	struct dsc_peer *peer;

	HASH_FIND(hh, f->by_id, &id, sizeof(id), peer);
	return peer;
}

/* -- orders ------------------------------------------------------------------------------------------------------- */
static void send_order(struct dsc_follow *f)
{
	if (!atomic_exchange(&f->orders_posted, true))
		net_reactor_post(f->reactor, &f->orders);
}

/* One that was found by browsing is asked who it is, but nothing else, before an operator has seen it; whoever else turns up isn't
 * connected to at all: then anybody could have us connect to anywhere. */
static enum dsc_want want_of(const struct dsc_dc *dc)
{
	if (!dc->enabled)
		return DSC_WANT_NOTHING;
	if (dc->admitted)
		return DSC_WANT_LOG;
	return dc->source == DSC_DC_MDNS ? DSC_WANT_IDENTITY : DSC_WANT_NOTHING;
}

static void order(struct dsc_follow *f, struct dsc_peer *peer, const struct dsc_dc *dc)
{
	pthread_mutex_lock(&f->lock);
	peer->order.want = want_of(dc);
	peer->order.port = dc->port;
	snprintf(peer->order.traddr, sizeof(peer->order.traddr), "%s", dc->traddr);
	snprintf(peer->order.nqn, sizeof(peer->order.nqn), "%s", dc->nqn);
	peer->ordered = true;
	pthread_mutex_unlock(&f->lock);
	send_order(f);
}

static void order_gone(struct dsc_follow *f, struct dsc_peer *peer)
{
	HASH_DEL(f->by_id, peer);
	pthread_mutex_lock(&f->lock);
	peer->order.gone = true;
	peer->ordered = true;
	pthread_mutex_unlock(&f->lock);
	send_order(f);
}

static const struct dsc_entity *read_entity(const struct dsc_snapshot *snap,
					    const struct dsc_dc *dc)
{
	char eid[DSC_NQN_MAX + 1];

	snprintf(eid, sizeof(eid), DSC_DC_EID "%s", dc->name);
	return dsc_snapshot_entity(snap, eid);
}

static void tell(struct dsc_follow *f, enum dsc_severity severity, const char *kind,
		 const struct dsc_dc *dc, const char *what)
{
	struct json_object *data = json_object_new_object();
	char text[512];

	snprintf(text, sizeof(text), "discovery controller %s at %s port %u %s", dc->name,
		 dc->traddr, dc->port, what);
	json_object_object_add(data, "id", json_object_new_string(dc->name));
	json_object_object_add(data, "traddr", json_object_new_string(dc->traddr));
	json_object_object_add(data, "source",
			       json_object_new_string(dsc_dc_source_name[dc->source]));
	dsc_event_with(f->app, severity, kind, text, data);
	json_object_put(data);
}

static void add_peer(struct dsc_follow *f, const struct dsc_dc *dc)
{
	const struct dsc_entity *e = read_entity(dsc_model_now(f->app->model), dc);
	struct dsc_peer *peer = dsc_zalloc(sizeof(*peer));

	peer->follow = f;
	peer->id = dc->id;
	peer->told_lost = e && e->away;
	HASH_ADD(hh, f->by_id, id, sizeof(peer->id), peer);
	pthread_mutex_lock(&f->lock);
	TAILQ_INSERT_TAIL(&f->peers, peer, link);
	pthread_mutex_unlock(&f->lock);
	order(f, peer, dc);
}

static void written(struct dsc_writes_sub *sub, bool del, const struct dsc_row *row)
{
	struct dsc_follow *f = cmn_container_of(sub, struct dsc_follow, writes);
	const struct dsc_dc *dc = (const struct dsc_dc *)row;
	struct dsc_peer *peer;

	if (row->kind != DSC_ROW_DC)
		return;
	peer = find(f, dc->id);
	if (del && peer) {
		order_gone(f, peer);
	} else if (!del && peer) {
		order(f, peer, dc);
	} else if (!del) {
		add_peer(f, dc);
		if (!dc->admitted)
			tell(f, DSC_INFO, "dc.waiting", dc, "waits for an operator to admit it");
	}
}

void dsc_follow_kick(struct dsc_follow *f, uint64_t dc_id)
{
	struct dsc_peer *peer = find(f, dc_id);

	if (!peer)
		return;
	pthread_mutex_lock(&f->lock);
	peer->order.kicks++;
	peer->ordered = true;
	pthread_mutex_unlock(&f->lock);
	send_order(f);
}

/* -- news --------------------------------------------------------------------------------------------------------- */
static void stored(void *arg, const struct dsc_outcome *outcome)
{
	struct dsc_follow *f = arg;
	struct dsc_peer *peer, *next;

	if (!cmn_err_is(&outcome->err))
		return;
	cmn_error("what a discovery controller has was not stored", "error=%s",
		  CMN_Q(outcome->err.msg));
	HASH_ITER(hh, f->by_id, peer, next)
		dsc_follow_kick(f, peer->id);
}

static void set_away(struct dsc_follow *f, const struct dsc_dc *dc)
{
	const struct dsc_entity *e = read_entity(dsc_model_now(f->app->model), dc);
	struct cmn_err err = { 0 };

	if (e && dsc_cmd_entity_away(f->app, e->id, true, NULL, &err) < 0)
		cmn_debug("not marked as away", "dc=%s reason=%s", dc->name, CMN_Q(err.msg));
}

static bool is_lost(const struct dsc_news *news)
{
	return !news->connected && news->failures >= LOST_AFTER;
}

/* Told once, when it is lost and when it is back. */
static void follow_loss(struct dsc_follow *f, struct dsc_peer *peer, const struct dsc_dc *dc,
			const struct dsc_news *news)
{
	char what[300];

	if (!dc->admitted || !dc->enabled)
		return;
	if (is_lost(news) && !peer->told_lost) {
		snprintf(what, sizeof(what), "can't be reached: %s", news->error);
		tell(f, DSC_WARNING, "dc.lost", dc, what);
		peer->told_lost = true;
	} else if (news->has_log && (peer->told_lost || !peer->live.read_ms)) {
		tell(f, DSC_INFO, "dc.connected", dc, "is followed");
		peer->told_lost = false;
	}
	if (is_lost(news))
		set_away(f, dc);
}

static void learn(struct dsc_follow *f, struct dsc_peer *peer, const struct dsc_dc *dc,
		  const struct dsc_news *news)
{
	struct dsc_dc_learnt in = { .own_nqn = news->own_nqn,
				    .dctype = news->dctype,
				    .central = news->central,
				    .reg = news->has_log ? news->reg : NULL,
				    .nr = news->nr };
	struct dsc_call call = { .done = stored, .arg = f };
	struct cmn_err err = { 0 };

	if (dsc_cmd_dc_learnt(f->app, dc->id, &in, &call, &err) < 0) {
		cmn_warn("what a discovery controller has is not taken", "dc=%s reason=%s",
			 dc->name, CMN_Q(err.msg));
		snprintf(peer->live.error, sizeof(peer->live.error), "%s", err.msg);
		peer->live.error_ms = cmn_wall_ms();
	}
}

static enum dsc_dc_state state_of(const struct dsc_dc *dc, const struct dsc_news *news)
{
	if (!dc->admitted)
		return DSC_DC_WAITING;
	if (!dc->enabled)
		return DSC_DC_OFF;
	if (news->itself)
		return DSC_DC_ITSELF;
	if (news->connected)
		return DSC_DC_CONNECTED;
	if (is_lost(news))
		return DSC_DC_LOST;
	return news->polled && !news->failures ? DSC_DC_POLLED : DSC_DC_CONNECTING;
}

static void set_live(struct dsc_peer *peer, const struct dsc_dc *dc, const struct dsc_news *news)
{
	struct dsc_dc_live *live = &peer->live;

	live->state = state_of(dc, news);
	live->since_ms = news->since_ms;
	live->genctr = news->genctr;
	live->error_ms = news->error_ms;
	snprintf(live->error, sizeof(live->error), "%s", news->error);
	if (!news->has_log)
		return;
	live->read_ms = news->read_ms;
	live->entries = (unsigned int)news->nr;
	live->skipped = news->skipped;
}

/* One that announces several addresses, or by the well-known NQN: it is listed already, by another of them. */
static bool is_another(struct dsc_follow *f, const struct dsc_dc *dc, const struct dsc_news *news)
{
	const struct dsc_dc *other;

	if (dc->admitted || dc->source != DSC_DC_MDNS || !news->identified ||
	    !dsc_dc_nqn_is_unique(news->own_nqn))
		return false;
	dsc_tree_each(other, dsc_model_now(f->app->model)->dcs, &dsc_dc_ops)
	{
		if (other->id != dc->id && !strcmp(other->own_nqn, news->own_nqn))
			return true;
	}
	return false;
}

static void take_news(struct dsc_follow *f, struct dsc_peer *peer, const struct dsc_news *news)
{
	const struct dsc_dc *dc = dsc_snapshot_dc_id(dsc_model_now(f->app->model), peer->id);
	struct cmn_err err = { 0 };

	if (!dc)
		return;
	if ((news->itself && dc->source != DSC_DC_CONFIGURED) || is_another(f, dc, news)) {
		dsc_cmd_dc_delete(f->app, dc->name, NULL, &err);
		return;
	}
	follow_loss(f, peer, dc, news);
	set_live(peer, dc, news);
	if (news->identified && !news->itself)
		learn(f, peer, dc, news);
}

static struct dsc_peer *next_dirty(struct dsc_follow *f, struct dsc_news *ret)
{
	struct dsc_peer *peer;

	pthread_mutex_lock(&f->lock);
	TAILQ_FOREACH(peer, &f->peers, link) {
		if (!peer->dirty)
			continue;
		peer->dirty = false;
		*ret = peer->news;
		peer->news.has_log = false;
		peer->news.reg = NULL;
		peer->news.nr = 0;
		if (ret->released)
			TAILQ_REMOVE(&f->peers, peer, link);
		break;
	}
	pthread_mutex_unlock(&f->lock);
	return peer;
}

static void on_news(struct net_msg *msg)
{
	struct dsc_follow *f = cmn_container_of(msg, struct dsc_follow, news);
	struct dsc_news news;
	struct dsc_peer *peer;

	atomic_store(&f->news_posted, false);
	while ((peer = next_dirty(f, &news))) {
		if (news.released)
			free(peer);
		else
			take_news(f, peer, &news);
		dsc_regs_free(news.reg, news.nr);
	}
}

void dsc_follow_live(const struct dsc_follow *f, uint64_t dc_id, struct dsc_dc_live *ret)
{
	const struct dsc_snapshot *snap = dsc_model_now(f->app->model);
	const struct dsc_dc *dc = dsc_snapshot_dc_id(snap, dc_id);
	struct dsc_peer *peer = find(f, dc_id);

	memset(ret, 0, sizeof(*ret));
	if (!peer || !dc)
		return;
	*ret = peer->live;
	ret->announced = dsc_follow_is_announced(f, dc);
	/* What an operator just said is true at once. */
	if (!dc->admitted || !dc->enabled)
		ret->state = dc->admitted ? DSC_DC_OFF : DSC_DC_WAITING;
	else if (ret->state == DSC_DC_WAITING || ret->state == DSC_DC_OFF)
		ret->state = DSC_DC_CONNECTING;
}

static void views_changed(struct dsc_views_sub *sub, const struct dsc_snapshot *snap,
			  const struct dsc_views_changed *what)
{
	struct dsc_follow *f = cmn_container_of(sub, struct dsc_follow, views);

	(void)snap;
	(void)what;
	if (!atomic_exchange(&f->changed_posted, true))
		net_reactor_post(f->reactor, &f->changed);
}

uint64_t dsc_follow_pages_sent(const struct dsc_follow *f)
{
	return f ? f->pages_sent : 0;
}

/* -- life ----------------------------------------------------------------------------------------------------------- */
static int make_reactor(struct dsc_follow *f, struct cmn_err *err)
{
	struct net_reactor_params params = { .index = 1, .cpu = -1 };
	const char *uuid = strrchr(f->app->disc_nqn, ':');
	struct cmn_uuid id = { { 0 } };
	int rc = 0;

	if (uuid && cmn_uuid_parse(uuid + 1, &id) == 0)
		memcpy(f->hostid, id.b, sizeof(f->hostid));
	f->reactor = net_reactor_create(&params, &rc);
	if (!f->reactor)
		return cmn_err_errno(err, rc, NULL, "cannot make the follower's event loop");
	f->hosts = net_hosts_create(f->reactor);
	if (!f->hosts)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory for the follower");
	rc = net_reactor_start(f->reactor);
	if (rc < 0)
		return cmn_err_errno(err, rc, NULL, "cannot start the follower's thread");
	f->started = true;
	return 0;
}

int dsc_follow_start(struct dsc_app *app, struct dsc_follow **ret, struct cmn_err *err)
{
	struct dsc_follow *f = dsc_zalloc(sizeof(*f));
	const struct dsc_dc *dc;

	f->app = app;
	f->orders.fn = dsc_peers_look;
	f->news.fn = on_news;
	f->changed.fn = dsc_peers_news;
	f->views.changed = views_changed;
	dsc_follow_heard_init(f);
	f->writes.written = written;
	TAILQ_INIT(&f->peers);
	pthread_mutex_init(&f->lock, NULL);
	dsc_writes_subscribe(app->model, &f->writes);
	if (make_reactor(f, err) < 0) {
		dsc_follow_stop(f);
		return err->code;
	}
	dsc_tree_each(dc, dsc_model_now(app->model)->dcs, &dsc_dc_ops) add_peer(f, dc);
	dsc_views_subscribe(app->model, &f->views);
	f->viewing = true;
	*ret = f;
	return 0;
}

void dsc_follow_stop(struct dsc_follow *f)
{
	struct dsc_peer *peer;

	if (!f)
		return;
	dsc_writes_unsubscribe(f->app->model, &f->writes);
	if (f->viewing)
		dsc_views_unsubscribe(f->app->model, &f->views);
	if (f->started)
		net_reactor_stop(f->reactor);
	HASH_CLEAR(hh, f->by_id);
	while ((peer = TAILQ_FIRST(&f->peers))) {
		TAILQ_REMOVE(&f->peers, peer, link);
		if (f->reactor)
			dsc_peer_close(peer);
		dsc_regs_free(peer->news.reg, peer->news.nr);
		free(peer);
	}
	net_hosts_destroy(f->hosts);
	if (f->reactor)
		net_reactor_destroy(f->reactor);
	pthread_mutex_destroy(&f->lock);
	dsc_follow_heard_free(f);
	free(f);
}
