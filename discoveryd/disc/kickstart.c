/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/kickstart.c - direct discovery controllers that ask by kickstart discovery to be connected to.
 * Owns: a message on its way to the control loop.  Thread: the service's reactor, and (take_in) the control loop.
 * May block: never.  Spec: NVM Express Base 2.1, 8.3.2.2.2.1.
 *
 * One that an operator has admitted is read again at once; another is listed, and waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/follow/follow.h"
#include "discoveryd/model/commands.h"
#include "discoveryd/model/model.h"

struct asked {
	struct net_msg msg;
	struct dsc_app *app;
	char traddr[64];
	uint16_t port;
};

/* The control loop. */
static void take_in(struct net_msg *msg)
{
	struct asked *a = cmn_container_of(msg, struct asked, msg);
	struct dsc_dc_found in = { .source = DSC_DC_KICKSTART,
				   .traddr = a->traddr,
				   .port = a->port,
				   .nqn = NVMF_DISC_NQN };
	struct cmn_err err = { 0 };
	const struct dsc_dc *dc;
	int rc = dsc_cmd_dc_found(a->app, &in, NULL, &err);

	if (rc < 0)
		cmn_warn("kickstart discovery leads nowhere", "traddr=%s port=%u reason=%s",
			 a->traddr, a->port, CMN_Q(err.msg));
	dc = dsc_snapshot_dc_at(dsc_model_now(a->app->model), a->traddr, a->port, NULL);
	if (rc == 1 && dc)
		dsc_follow_kick(a->app->follow, dc->id);
	free(a);
}

/* As far as can be told here: rows that are about to be aren't counted. */
static bool has_room(const struct dsc_snapshot *snap, const struct fab_kickstart *in)
{
	return in->numdie <= DSC_REGS_PER_DC &&
	       (dsc_snapshot_dc_at(snap, in->traddr, in->port, NULL) ||
		dsc_dc_check_room(snap, true, NULL) == 0);
}

uint8_t dsc_disc_kickstart(struct fab_site *site, struct fab_conn *conn,
			   const struct fab_kickstart *in, const char **ret_nqn)
{
	struct dsc_disc *disc = cmn_container_of(site, struct dsc_disc, site);
	const struct dsc_snapshot *snap = dsc_snapshot_current(disc->app->model);
	bool room = in && has_room(snap, in);
	struct asked *a;

	(void)conn;
	dsc_snapshot_put(snap);
	*ret_nqn = disc->subsys.nqn;
	disc->kickstarts++;
	if (!in)
		return 0;
	a = room ? calloc(1, sizeof(*a)) : NULL;
	if (!a)
		return NVME_TCP_KS_NO_RESOURCES;
	a->msg.fn = take_in;
	a->app = disc->app;
	a->port = in->port;
	snprintf(a->traddr, sizeof(a->traddr), "%s", in->traddr);
	net_reactor_post(disc->app->loop, &a->msg);
	return 0;
}
