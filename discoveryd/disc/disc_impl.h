/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/disc_impl.h - what the files of the discovery service share.
 * Owns: see disc.h.  Thread: all but `view_sub` and `changed_posted` belong to the service's reactor.  May block: never. */
#ifndef DISCOVERYD_DISC_DISC_IMPL_H
#define DISCOVERYD_DISC_DISC_IMPL_H

#include <stdatomic.h>
#include <uthash.h>

#include "common/queue.h"
#include "discoveryd/disc/ave.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/disc/hostlog.h"
#include "discoveryd/disc/log.h"
#include "discoveryd/disc/seen.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/snapshot.h"
#include "fabrics/admin/table.h"
#include "fabrics/ctrl.h"
#include "net/server.h"

/* A host that has discovery controllers: news.c. */
struct dsc_disc_host {
	UT_hash_handle hh;
	TAILQ_HEAD(, dsc_disc_ctrl) ctrls;
	char nqn[];
};

/* One host's discovery controller: what fab_ctrl_user() gives. */
struct dsc_disc_ctrl {
	TAILQ_ENTRY(dsc_disc_ctrl) link, host_link, late_link;
	bool late; /* on the list of those to look at once more */
	struct dsc_disc_host *host;
	struct dsc_disc *disc;
	struct fab_ctrl *ctrl; /* a reference */
	struct dsc_log *log; /* as taken at offset 0, until read to its end or LOG_HOLD_NS */
	uint64_t log_until;
	bool log_whole; /* what was read last is its end */
	unsigned int log_events; /* that had been told when it was taken */
	uint64_t
		told; /* GENCTR of the newest log that the host has begun to read, or of its connecting */
	struct dsc_hostlog *hosts; /* the same of the host discovery log */
	uint64_t hosts_until, hosts_told;
	bool hosts_all; /* it read of all hosts: any of them is news */
	uint64_t zoning_session; /* zones.h; 0: it has sent no such command */
	struct net_after check; /* after a read: did the view move meanwhile? */
	struct dsc_via via;
	struct net_ip from; /* the host's address */
};

#define DSC_DISC_DATA_MAX (256u << 10) /* of a command, as MDTS tells */
#define DSC_DIM_CMDS 1
#define DSC_ZONING_CMDS 3

struct dsc_disc {
	struct fab_site site; /* first: the ops get it */
	struct dsc_app *app;
	struct fab_personality pers;
	struct fab_admin_cmd cmds[DSC_DIM_CMDS + DSC_ZONING_CMDS]; /* of pers */
	struct fab_site_ops ops;
	uint8_t *ave_page; /* NULL: there are none */
	uint32_t ave_len;
	struct fab_subsys_id subsys; /* by our own NQN, whichever a host asks by */
	struct net_reactor *reactor;
	struct net_server *server;
	struct net_listener *listener[DSC_MAX_ADDRS];
	int fd[DSC_MAX_ADDRS]; /* bound, not yet listening; -1 once handed to the server */
	struct fab_cntlids *cntlids;
	TAILQ_HEAD(, dsc_disc_ctrl) ctrls;
	struct net_timer look; /* coalesces bursts of changes into one look at all controllers */
	struct net_timer expire; /* drops logs that nobody reads on */
	TAILQ_HEAD(, dsc_dim_op) dims; /* under way: dim.c */
	TAILQ_HEAD(, dsc_zoning_op) zonings; /* the same: zoning_cmds.c */
	struct dsc_zones *zones; /* control loop's; constant */
	struct net_timer sweep, sweep_dcs; /* expiry.c */
	struct dsc_absent *absent;
	uint64_t look_nr;
	struct dsc_disc_host *by_host;
	TAILQ_HEAD(, dsc_disc_ctrl) late;
	uint64_t looked, pause; /* when a look was last, and how long after it the next may be */
	_Atomic(struct dsc_disc_news *) news; /* newest first */
	atomic_bool news_lost; /* no memory for some: look at everyone */
	uint64_t looked_hosts; /* generation of all registrations up to which it has been looked */

	struct dsc_event_rate refusals, strangers, auth_failures; /* control loop's */
	struct dsc_seen_hosts *seen;

	struct dsc_views_sub view_sub; /* control loop's */
	struct net_msg changed;
	atomic_bool changed_posted;

	_Atomic uint64_t nr_ctrls, log_reads, events_sent, refused, kickstarts, auth_failed;
	_Atomic uint64_t nr_dims[DSC_DIM_RESULT_COUNT];
};

/* controller.c */
extern const struct fab_personality dsc_disc_personality;
extern const struct fab_site_ops dsc_disc_site_ops;
/* Tells the host if its view has moved past what it has read. */
void dsc_disc_look(struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap);
void dsc_disc_look_hosts(struct dsc_disc_ctrl *dc, const struct dsc_snapshot *snap);
void dsc_disc_drop_old_logs(struct dsc_disc *disc, uint64_t now);

/* news.c */
void dsc_disc_news_init(struct dsc_disc *disc);
void dsc_disc_news_end(struct dsc_disc *disc); /* the reactor has stopped */
int dsc_disc_index(struct dsc_disc_ctrl *dc, const char *host_nqn); /* < 0: no memory */
void dsc_disc_unindex(struct dsc_disc_ctrl *dc); /* if it is there */
/* With the next look, for it may know less than the newest. */
void dsc_disc_look_later(struct dsc_disc_ctrl *dc);

/* auth.c: of struct fab_site_ops */
bool dsc_disc_auth(struct fab_site *site, struct fab_conn *conn, const struct fab_connect *in,
		   struct fab_auth_policy *ret);
void dsc_disc_auth_ended(struct fab_site *site, struct fab_conn *conn, const struct fab_auth *auth);

/* dim.c */
extern const struct fab_admin_cmd dsc_dim_cmds[DSC_DIM_CMDS];
/* Once the reactor has stopped and its connections are gone: whatever still waited for the store. */
void dsc_disc_end_dims(struct dsc_disc *disc);

/* kickstart.c */
uint8_t dsc_disc_kickstart(struct fab_site *site, struct fab_conn *conn,
			   const struct fab_kickstart *in, const char **ret_nqn);

/* waiting.c; any thread */
void dsc_disc_tell_waiting(struct dsc_disc *disc, const char *nqn, const char *address);

/* zoning_cmds.c */
extern const struct fab_admin_cmd dsc_zoning_cmds[DSC_ZONING_CMDS];
void dsc_disc_zoning_gone(struct dsc_disc_ctrl *dc);
void dsc_disc_end_zonings(struct dsc_disc *disc);

/* expiry.c */
void dsc_expiry_start(struct dsc_disc *disc);
void dsc_expiry_end(struct dsc_disc *disc);

#endif
