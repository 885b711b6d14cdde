/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/auth.c - in-band authentication at the discovery controller: by the key that a host has for subsystems, too.
 * Owns: a message on its way from the service's reactor to the control loop.  Thread: as said at each.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.4.2. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/model/keys.h"

struct failed {
	struct net_msg msg;
	struct dsc_disc *disc;
	char nqn[DSC_NQN_MAX + 1];
	char address[64];
	const char *reason; /* a literal */
};

/* The control loop. */
static void tell(struct net_msg *msg)
{
	struct failed *f = cmn_container_of(msg, struct failed, msg);
	struct json_object *data;
	char text[512];

	snprintf(text, sizeof(text),
		 "host %s (%s) did not authenticate for discovery: %s; pharos key list tells its "
		 "key's fingerprint",
		 f->nqn, f->address, f->reason);
	if (dsc_event_may(&f->disc->auth_failures)) {
		data = json_object_new_object();
		json_object_object_add(data, "host_nqn", json_object_new_string(f->nqn));
		json_object_object_add(data, "address", json_object_new_string(f->address));
		dsc_event_with(f->disc->app, DSC_WARNING, "host.auth_failed", text, data);
		json_object_put(data);
	} else {
		cmn_warn("host.auth_failed", "text=%s", CMN_Q(text));
	}
	free(f);
}

/* The reactor.  Not unless the operator wants it: libnvme up to 1.13 gives the kernel no key for a discovery controller, so that most hosts
 * would be told of nothing. */
bool dsc_disc_auth(struct fab_site *site, struct fab_conn *conn, const struct fab_connect *in,
		   struct fab_auth_policy *ret)
{
	struct dsc_disc *disc = cmn_container_of(site, struct dsc_disc, site);
	const struct dsc_snapshot *snap;
	bool has;

	(void)conn;
	if (!disc->app->opt.discovery_auth)
		return false;
	snap = dsc_snapshot_current(disc->app->model);
	has = dsc_snapshot_auth(snap, in->hostnqn, ret);
	dsc_snapshot_put(snap);
	return has;
}

/* The reactor. */
void dsc_disc_auth_ended(struct fab_site *site, struct fab_conn *conn, const struct fab_auth *auth)
{
	struct dsc_disc *disc = cmn_container_of(site, struct dsc_disc, site);
	struct dsc_via from;
	struct failed *f;

	if (fab_auth_state(auth) == FAB_AUTH_DONE)
		return;
	disc->auth_failed++;
	f = calloc(1, sizeof(*f));
	if (!f)
		return;
	dsc_via_from_sockaddr(&from, fab_conn_peer(conn), 0);
	f->msg.fn = tell;
	f->disc = disc;
	f->reason = fab_auth_failure_text(auth);
	snprintf(f->nqn, sizeof(f->nqn), "%s", fab_ctrl_hostnqn(fab_conn_ctrl(conn)));
	snprintf(f->address, sizeof(f->address), "%s", from.address);
	net_reactor_post(disc->app->loop, &f->msg);
}
