/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/follow_impl.h - what the files of the follower share.
 * Owns: see follow.h.  Thread: as each part of struct dsc_peer says.  May block: never. */
#ifndef DISCOVERYD_FOLLOW_FOLLOW_IMPL_H
#define DISCOVERYD_FOLLOW_FOLLOW_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>

#include "discoveryd/follow/follow.h"
#include "discoveryd/model/model.h"
#include "fabrics/pull.h"
#include "net/host.h"
#include "net/logread.h"

enum dsc_want {
	DSC_WANT_NOTHING,
	DSC_WANT_IDENTITY, /* who it is, once */
	DSC_WANT_LOG, /* all the time */
};

struct dsc_order {
	enum dsc_want want;
	char traddr[64];
	uint16_t port;
	char nqn[DSC_NQN_MAX + 1];
	unsigned int kicks; /* how often it was said to try now */
	bool gone; /* the reactor is to let go of it */
};

struct dsc_news {
	bool connected, polled, itself;
	bool identified; /* the next four are known */
	char own_nqn[DSC_NQN_MAX + 1];
	uint8_t dctype;
	bool central;
	bool persistent;
	unsigned int failures; /* in a row */
	char error[256];
	uint64_t error_ms, since_ms, read_ms, genctr;
	unsigned int skipped;
	bool released; /* the reactor has let go of it */
	/* A log that the control loop hasn't taken yet; owned. */
	bool has_log;
	struct dsc_reg **reg;
	size_t nr;
};

/* What one that pulls has asked for: pull.c. */
struct dsc_pull {
	struct net_host_cmd cmd;
	bool busy; /* cmd is under way */
	bool asked; /* it wants something again, meanwhile */
	bool again; /* it wants the page anew when that has changed */
	uint8_t request[FAB_PULL_MAX];
	uint8_t lid, lsp;
	struct dsc_zone_pull *zone; /* what it wants is done with zone groups: zone_pull.c */
	uint8_t *page; /* on its way */
	uint32_t len, at;
	uint64_t told; /* its GENCTR */
	uint64_t round; /* the last in which it was looked at */
};

struct dsc_peer {
	UT_hash_handle hh; /* control loop's */
	TAILQ_ENTRY(dsc_peer) link; /* under the lock: of all */
	struct dsc_follow *follow;
	uint64_t id; /* of its row */

	/* Under the lock. */
	struct dsc_order order;
	struct dsc_news news;
	bool ordered, dirty; /* for the reactor to see; for the control loop */

	/* The reactor's. */
	struct dsc_order now; /* what it goes by */
	struct net_host *host;
	struct net_logread read;
	struct net_host_cmd sup;
	uint8_t *pages; /* Supported Log Pages */
	struct net_timer timer; /* the next read of one that is polled, or to be sure */
	uint8_t dctype, lids;
	bool events, reading, again, identified;
	char own_nqn[DSC_NQN_MAX + 1];
	struct dsc_pull pull;

	/* The control loop's. */
	struct dsc_dc_live live;
	uint64_t entity_id; /* of what was read */
	bool told_lost;
};

struct dsc_follow {
	struct dsc_app *app;
	struct net_reactor *reactor;
	struct net_hosts *hosts;
	uint8_t hostid[16];
	bool started, viewing;

	pthread_mutex_t lock; /* the parts of peers that say so */
	TAILQ_HEAD(dsc_peers, dsc_peer) peers;

	struct net_msg orders, news;
	atomic_bool orders_posted, news_posted;

	struct dsc_peer *by_id; /* control loop's */
	struct dsc_writes_sub writes;
	struct dsc_views_sub views;
	struct net_msg changed;
	atomic_bool changed_posted;
	uint64_t round; /* the reactor's */
	_Atomic uint64_t pages_sent;

	/* Announced by mDNS: under the lock as heard last, and what the control loop has of it. */
	struct dsc_mdns_found *heard_new, *heard;
	size_t nr_heard_new, nr_heard;
	struct net_msg heard_msg;
	atomic_bool heard_posted;
};

/* peer.c: the reactor's side */
void dsc_peers_look(struct net_msg *msg); /* orders have changed */
void dsc_peer_close(struct dsc_peer *peer);
void dsc_peers_news(struct net_msg *msg); /* what some host is told has changed */

/* pull.c */
void dsc_pull_ask(struct dsc_peer *peer); /* it said that it wants something */
void dsc_pull_look(struct dsc_peer *peer); /* is there something new for it? */
/* Its connection has gone, and no command is under way. */
void dsc_pull_reset(struct dsc_peer *peer);
/* peer->pull.cmd has done and user; 0, or -1: nothing is under way. */
int dsc_pull_submit(struct dsc_peer *peer, struct nvme_cmd cmd, void *data, uint32_t len,
		    enum fab_host_dir dir);
void dsc_pull_done(struct dsc_peer *peer); /* what it asked for has been seen to */

/* zone_pull.c; dsc_pull_done() follows, unless it returns -1 (no memory) */
int dsc_zone_pull_begin(struct dsc_peer *peer, const struct fab_pull *in);

/* heard.c */
void dsc_follow_heard_init(struct dsc_follow *f);
void dsc_follow_heard_free(struct dsc_follow *f);
bool dsc_follow_is_announced(const struct dsc_follow *f, const struct dsc_dc *dc);

/* entries.c */
struct dsc_found_log {
	struct dsc_reg **reg; /* the caller's */
	size_t nr;
	unsigned int skipped;
	bool persistent; /* EPCSD */
};
/* What a page of a discovery controller at traddr holds.  -EPROTO: nonsense. */
int dsc_found_log(struct dsc_found_log *ret, const struct net_logread *read, const char *traddr,
		  const struct dsc_snapshot *snap);
void dsc_regs_free(struct dsc_reg **reg, size_t nr);

#endif
