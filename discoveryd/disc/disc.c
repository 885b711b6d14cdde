/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/disc.c - the discovery service's thread, and listeners.
 * Owns: struct dsc_disc.  Thread: start, open and stop run on the control loop.
 * May block: start and stop. */
#include "config.h"

#include "discoveryd/disc/disc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/disc/zones.h"
#include "net/addr.h"

#define POOL_BYTES (64u << 20)
#define MAX_CONNS 20000

static void expire_logs(struct net_timer *t, uint64_t now)
{
	dsc_disc_drop_old_logs(cmn_container_of(t, struct dsc_disc, expire), now);
}

/* ---- listeners ---- */

/* Bound at once, so that a busy port is told before anything else is started; it listens only from dsc_disc_open() on. */
static int bind_one(const struct dsc_addr *addr, int *ret_fd, struct cmn_err *err)
{
	struct sockaddr_storage sa;
	socklen_t len = net_addr_set(&sa, addr->address, addr->port);
	int fd;

	if (!len)
		return cmn_err_set(err, -EINVAL, "listen", "\"%s\" is not an IPv4 or IPv6 address",
				   addr->address);
	fd = net_addr_bind((struct sockaddr *)&sa, len);
	if (fd < 0)
		return cmn_err_errno(err, fd, "listen", "cannot listen on %s port %u",
				     addr->address, addr->port);
	*ret_fd = fd;
	return 0;
}

static int add_listener(struct dsc_disc *disc, unsigned int i, struct cmn_err *err)
{
	const struct dsc_addr *addr = &disc->app->opt.listen[i];
	struct fab_portal portal = { .portid = (uint16_t)i };
	int rc, fd = disc->fd[i];

	snprintf(portal.traddr, sizeof(portal.traddr), "%s", addr->address);
	snprintf(portal.trsvcid, sizeof(portal.trsvcid), "%u", addr->port);
	disc->fd[i] = -1;
	if (listen(fd, 4096) < 0) {
		rc = cmn_err_errno(err, -errno, "listen", "cannot listen on %s port %u",
				   addr->address, addr->port);
		close(fd);
		return rc;
	}
	rc = net_listener_add(disc->server, fd, &portal, &disc->listener[i]);
	if (rc < 0)
		return cmn_err_errno(err, rc, "listen", "cannot listen on %s port %u",
				     addr->address, addr->port);
	cmn_info("discovery listens", "addr=%s port=%u", addr->address,
		 net_listener_port(disc->listener[i]));
	return 0;
}

/* ---- life ---- */

static int make_server(struct dsc_disc *disc, struct cmn_err *err)
{
	struct net_reactor_params rp = { .index = 0, .cpu = -1, .pool_limit = POOL_BYTES };
	struct net_server_params sp = { .site = &disc->site,
					.reactors = &disc->reactor,
					.nr_reactors = 1,
					.max_h2c_data = 64 << 10,
					.max_icd = 8192,
					.max_conns = MAX_CONNS };
	int rc = 0;

	disc->cntlids = fab_cntlids_create(NVMF_CNTLID_MIN, NVMF_CNTLID_MAX,
					   (uint16_t)(cmn_wall_ms() % NVMF_CNTLID_MAX + 1));
	disc->reactor = net_reactor_create(&rp, &rc);
	if (!disc->reactor)
		return cmn_err_errno(err, rc, NULL,
				     "cannot make the discovery service's event loop");
	disc->server = net_server_create(&sp);
	disc->seen = dsc_seen_create();
	if (!disc->server || !disc->cntlids || !disc->seen)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory for the discovery service");
	return 0;
}

static void name_subsystem(struct fab_subsys_id *id, const char *nqn)
{
	snprintf(id->nqn, sizeof(id->nqn), "%s", nqn);
	snprintf(id->serial, sizeof(id->serial), "PHAROS-DISCOVERY");
	snprintf(id->model, sizeof(id->model), "Pharos");
	snprintf(id->firmware, sizeof(id->firmware), "%.8s", PACKAGE_VERSION);
}

/* What it is by its options. */
static void set_personality(struct dsc_disc *disc)
{
	const struct dsc_options *opt = &disc->app->opt;

	disc->ops = dsc_disc_site_ops;
	disc->site.ops = &disc->ops;
	disc->pers = dsc_disc_personality;
	disc->pers.dctype = opt->dctype;
	memcpy(disc->cmds, dsc_dim_cmds, sizeof(dsc_dim_cmds));
	memcpy(disc->cmds + DSC_DIM_CMDS, dsc_zoning_cmds, sizeof(dsc_zoning_cmds));
	disc->pers.extra_cmds = disc->cmds;
	disc->pers.nr_extra_cmds = ARRAY_SIZE(disc->cmds);
	if (opt->dctype == NVME_DCTYPE_CDC)
		disc->ops.kickstart = dsc_disc_kickstart;
	if (opt->all_subsystems)
		disc->pers.disc_lids |= NVME_LIDS_DISC_ALLSUBES;
	if (opt->all_hosts)
		disc->pers.host_disc_lids |= NVME_LIDS_HOST_DISC_ALLHOSTES;
	if (opt->nr_ave)
		disc->ave_page = dsc_ave_page(disc->app, &disc->ave_len);
	if (disc->ave_page)
		disc->pers.ave_lids = NVME_LIDS_LSUPP;
}

int dsc_disc_start(struct dsc_app *app, struct dsc_disc **ret_disc, struct cmn_err *err)
{
	struct dsc_disc *disc = calloc(1, sizeof(*disc));
	int rc;

	if (!disc)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory for the discovery service");
	disc->app = app;
	name_subsystem(&disc->subsys, app->disc_nqn);
	set_personality(disc);
	disc->zones = dsc_zones_create(app);
	dsc_disc_news_init(disc);
	disc->expire.fire = expire_logs;
	TAILQ_INIT(&disc->ctrls);
	TAILQ_INIT(&disc->dims);
	TAILQ_INIT(&disc->zonings);
	for (unsigned int i = 0; i < DSC_MAX_ADDRS; i++)
		disc->fd[i] = -1;
	for (unsigned int i = 0; i < app->opt.nr_listen; i++) {
		rc = bind_one(&app->opt.listen[i], &disc->fd[i], err);
		if (rc < 0)
			goto out_stop;
	}
	rc = make_server(disc, err);
	if (rc < 0)
		goto out_stop;
	dsc_views_subscribe(app->model, &disc->view_sub);
	*ret_disc = disc;
	return 0;
out_stop:
	disc->view_sub.changed = NULL; /* not subscribed */
	dsc_disc_stop(disc);
	return rc;
}

int dsc_disc_open(struct dsc_disc *disc, struct cmn_err *err)
{
	int rc;

	for (unsigned int i = 0; i < disc->app->opt.nr_listen; i++) {
		rc = add_listener(disc, i, err);
		if (rc < 0)
			return rc;
	}
	dsc_expiry_start(disc);
	rc = net_reactor_start(disc->reactor);
	return rc < 0 ? cmn_err_errno(err, rc, NULL, "cannot start the discovery service's thread")
		      : 0;
}

void dsc_disc_stop(struct dsc_disc *disc)
{
	if (!disc)
		return;
	if (disc->view_sub.changed)
		dsc_views_unsubscribe(disc->app->model, &disc->view_sub);
	if (disc->reactor)
		net_reactor_stop(disc->reactor);
	if (disc->server)
		net_server_destroy(disc->server);
	net_reactor_flush_messages(
		disc->app->loop); /* what we have sent it: nothing else follows */
	dsc_disc_end_dims(disc);
	dsc_disc_end_zonings(disc);
	dsc_disc_news_end(disc);
	dsc_expiry_end(disc);
	if (disc->reactor)
		net_reactor_destroy(disc->reactor);
	for (unsigned int i = 0; i < DSC_MAX_ADDRS; i++) {
		if (disc->fd[i] >= 0)
			close(disc->fd[i]);
	}
	fab_cntlids_destroy(disc->cntlids);
	dsc_seen_destroy(disc->seen);
	dsc_zones_destroy(disc->zones);
	free(disc->ave_page);
	free(disc);
}

struct dsc_tree *dsc_disc_seen(const struct dsc_disc *disc)
{
	return disc ? dsc_seen_get(disc->seen) : NULL;
}

struct dsc_zones *dsc_disc_zones(const struct dsc_disc *disc)
{
	return disc->zones;
}

void dsc_disc_get_stats(const struct dsc_disc *disc, struct dsc_disc_stats *ret_stats)
{
	*ret_stats = (struct dsc_disc_stats){
		.connections = net_server_nr_conns(disc->server),
		.controllers = disc->nr_ctrls,
		.log_reads = disc->log_reads,
		.events_sent = disc->events_sent,
		.refused = disc->refused,
		.auth_failed = disc->auth_failed,
		.kickstarts = disc->kickstarts,
	};
	for (unsigned int i = 0; i < DSC_DIM_RESULT_COUNT; i++)
		ret_stats->dims[i] = disc->nr_dims[i];
}
