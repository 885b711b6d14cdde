/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/news.c - the way of a change from the model to the controllers of those whom it concerns, and of no others: a change
 * that few see costs little, however many hosts there are.
 * Owns: the index of controllers by host; what has changed and has not been looked at.  Thread: the service's reactor, but
 * views_changed() on the control loop.  May block: never.
 *
 * Level-triggered: the news only says at whom to look; what they are told is worked out from the newest snapshot. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "discoveryd/disc/disc_impl.h"

/* A burst of changes becomes one event per host, a long one a handful: where a look finds several changes, the next comes twice as
 * long after it; where it finds one, half as long.  Where many hosts are told, they are left the time to read: most of a burst is
 * then over sooner, for reading takes processor time that the changes need too. */
#define PAUSE_MIN_NS (25 * CMN_NS_PER_MS)
#define PAUSE_MAX_NS (800 * CMN_NS_PER_MS)
#define PAUSE_TOLD_NS (600 * CMN_NS_PER_US) /* for each */

/* What one publication changed: everyone's view, or that of some hosts. */
struct dsc_disc_news {
	struct dsc_disc_news *next;
	bool all;
	size_t nr;
	char names[]; /* one behind the other, each with its NUL */
};

/* ---- the index ---- */

int dsc_disc_index(struct dsc_disc_ctrl *dc, const char *host_nqn)
{
	struct dsc_disc *disc = dc->disc;
	struct dsc_disc_host *host;

	HASH_FIND_STR(disc->by_host, host_nqn, host);
	if (!host) {
		host = calloc(1, sizeof(*host) + strlen(host_nqn) + 1);
		if (!host)
			return -1;
		strcpy(host->nqn, host_nqn);
		TAILQ_INIT(&host->ctrls);
		HASH_ADD_KEYPTR(hh, disc->by_host, host->nqn, strlen(host->nqn), host);
	}
	dc->host = host;
	TAILQ_INSERT_TAIL(&host->ctrls, dc, host_link);
	return 0;
}

void dsc_disc_unindex(struct dsc_disc_ctrl *dc)
{
	struct dsc_disc_host *host = dc->host;

	if (dc->late)
		TAILQ_REMOVE(&dc->disc->late, dc, late_link);
	if (!host)
		return;
	TAILQ_REMOVE(&host->ctrls, dc, host_link);
	if (!TAILQ_EMPTY(&host->ctrls))
		return;
	HASH_DEL(dc->disc->by_host, host);
	free(host);
}

/* ---- looking ---- */

static void look_at_all(struct dsc_disc *disc, const struct dsc_snapshot *snap)
{
	struct dsc_disc_ctrl *dc;

	TAILQ_FOREACH(dc, &disc->ctrls, link)
		dsc_disc_look(dc, snap);
}

static void look_at_host(struct dsc_disc *disc, const struct dsc_snapshot *snap, const char *nqn)
{
	struct dsc_disc_host *host;
	struct dsc_disc_ctrl *dc;

	HASH_FIND_STR(disc->by_host, nqn, host);
	if (!host)
		return;
	TAILQ_FOREACH(dc, &host->ctrls, host_link)
		dsc_disc_look(dc, snap);
}

static void look_at_some(struct dsc_disc *disc, const struct dsc_snapshot *snap,
			 const struct dsc_disc_news *news)
{
	const char *name = news->names;

	for (size_t i = 0; i < news->nr; i++, name += strlen(name) + 1)
		look_at_host(disc, snap, name);
}

/* Few ask for news of registrations; the others cost no more than the question. */
static void look_at_registrations(struct dsc_disc *disc, const struct dsc_snapshot *snap)
{
	struct dsc_disc_ctrl *dc;

	if (snap->gen_hosts == disc->looked_hosts)
		return;
	disc->looked_hosts = snap->gen_hosts;
	TAILQ_FOREACH(dc, &disc->ctrls, link)
		dsc_disc_look_hosts(dc, snap);
}

static void free_news(struct dsc_disc_news *news)
{
	while (news) {
		struct dsc_disc_news *next = news->next;

		free(news);
		news = next;
	}
}

/* Those that have read a log older than the newest. */
static void look_at_late(struct dsc_disc *disc, const struct dsc_snapshot *snap)
{
	struct dsc_disc_ctrl *dc;

	while ((dc = TAILQ_FIRST(&disc->late))) {
		TAILQ_REMOVE(&disc->late, dc, late_link);
		dc->late = false;
		dsc_disc_look(dc, snap);
		dsc_disc_look_hosts(dc, snap);
	}
}

static void set_pause(struct dsc_disc *disc, size_t changes, uint64_t told)
{
	uint64_t max = cmn_max(PAUSE_MAX_NS, told * PAUSE_TOLD_NS);

	disc->pause = changes > 1 ? cmn_min(2 * disc->pause, max)
				  : cmn_max(disc->pause / 2, PAUSE_MIN_NS);
}

static void look(struct net_timer *t, uint64_t now)
{
	struct dsc_disc *disc = cmn_container_of(t, struct dsc_disc, look);
	struct dsc_disc_news *first = atomic_exchange(&disc->news, NULL);
	bool all = atomic_exchange(&disc->news_lost, false);
	const struct dsc_snapshot *snap; /* newer than the news */
	uint64_t told = disc->events_sent;
	size_t changes = 0, names = 0;

	disc->looked = now;
	snap = dsc_snapshot_current(disc->app->model);
	for (struct dsc_disc_news *news = first; news; news = news->next) {
		all |= news->all;
		names += news->nr;
		changes++;
	}
	all |= names > disc->nr_ctrls; /* a burst names the same ones over and over */
	if (all)
		look_at_all(disc, snap);
	for (struct dsc_disc_news *news = first; news && !all; news = news->next)
		look_at_some(disc, snap, news);
	look_at_registrations(disc, snap);
	look_at_late(disc, snap);
	set_pause(disc, changes, disc->events_sent - told);
	dsc_snapshot_put(snap);
	free_news(first);
}

static void look_soon(struct dsc_disc *disc)
{
	uint64_t now = net_reactor_env(disc->reactor)->now;

	if (!disc->look.heap_index)
		net_timer_set(disc->reactor, &disc->look,
			      cmn_max(now + PAUSE_MIN_NS, disc->looked + disc->pause));
}

void dsc_disc_look_later(struct dsc_disc_ctrl *dc)
{
	if (!dc->late)
		TAILQ_INSERT_TAIL(&dc->disc->late, dc, late_link);
	dc->late = true;
	look_soon(dc->disc);
}

/* ---- what the model says ---- */

static void on_changed(struct net_msg *msg)
{
	struct dsc_disc *disc = cmn_container_of(msg, struct dsc_disc, changed);

	atomic_store(&disc->changed_posted, false);
	look_soon(disc);
}

static struct dsc_disc_news *make_news(const struct dsc_views_changed *what)
{
	struct dsc_disc_news *news;
	size_t len = 0;
	char *at;

	for (size_t i = 0; i < what->nr_hosts; i++)
		len += strlen(what->host_nqns[i]) + 1;
	news = malloc(sizeof(*news) + len);
	if (!news)
		return NULL;
	news->all = what->all;
	news->nr = what->nr_hosts;
	at = news->names;
	for (size_t i = 0; i < what->nr_hosts; i++) {
		at = stpcpy(at, what->host_nqns[i]) + 1;
		news->all |= dsc_view_is_prefix(what->host_nqns[i]); /* whoever comes from there */
	}
	return news;
}

static void views_changed(struct dsc_views_sub *sub, const struct dsc_snapshot *snap,
			  const struct dsc_views_changed *what)
{
	struct dsc_disc *disc = cmn_container_of(sub, struct dsc_disc, view_sub);
	struct dsc_disc_news *news = make_news(what);

	(void)snap;
	if (news) {
		news->next = atomic_load(&disc->news);
		while (!atomic_compare_exchange_weak(&disc->news, &news->next, news))
			;
	} else {
		atomic_store(&disc->news_lost, true);
	}
	if (!atomic_exchange(&disc->changed_posted, true))
		net_reactor_post(disc->reactor, &disc->changed);
}

/* ---- life ---- */

void dsc_disc_news_init(struct dsc_disc *disc)
{
	TAILQ_INIT(&disc->late);
	disc->pause = PAUSE_MIN_NS;
	disc->changed.fn = on_changed;
	disc->look.fire = look;
	disc->view_sub.changed = views_changed;
}

void dsc_disc_news_end(struct dsc_disc *disc)
{
	free_news(atomic_exchange(&disc->news, NULL));
}
