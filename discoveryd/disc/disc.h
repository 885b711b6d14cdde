/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/disc.h - the discovery service: a discovery controller for each host that connects to a --listen address.
 * Owns: a reactor thread, its listeners, connections and controllers.  Thread: start and stop on the control loop's; controllers
 * live on the service's own.  May block: start and stop only.
 * Spec: NVM Express Base 2.1, 3.1.3.3 (discovery controllers). */
#ifndef DISCOVERYD_DISC_DISC_H
#define DISCOVERYD_DISC_DISC_H

#include "common/err.h"
#include "discoveryd/app.h"

struct dsc_disc;
struct dsc_tree;
struct dsc_zones;

/* Binds every address of app->opt.listen.  One that is busy: -EADDRINUSE, err->msg names it. Connections are accepted from
 * dsc_disc_open() on, so that no host ever reads a log while workers are still being adopted. */
int dsc_disc_start(struct dsc_app *app, struct dsc_disc **ret_disc, struct cmn_err *err);
int dsc_disc_open(struct dsc_disc *disc, struct cmn_err *err);
void dsc_disc_stop(struct dsc_disc *disc); /* NULL is legal */

/* What discovery controllers do with zone groups: disc/zones.h.  Constant. */
struct dsc_zones *dsc_disc_zones(const struct dsc_disc *disc);

/* Hosts with a discovery controller now, and strangers that had one lately: struct dsc_seen by NQN (dsc_seen_ops), with a reference.
 * disc NULL: none.  any thread */
struct dsc_tree *dsc_disc_seen(const struct dsc_disc *disc);

/* What came of a Discovery Information Management command. */
enum dsc_dim_result {
	DSC_DIM_DONE,
	DSC_DIM_INVALID_FIELD,
	DSC_DIM_INVALID_INFO,
	DSC_DIM_NO_RESOURCES,
	DSC_DIM_OTHER,
	DSC_DIM_RESULT_COUNT
};
extern const char *const dsc_dim_result_name[DSC_DIM_RESULT_COUNT]; /* "success", ... */

/* For metrics and the dashboard; any thread, relaxed. */
struct dsc_disc_stats {
	uint64_t connections, controllers, log_reads, events_sent, refused, kickstarts, auth_failed;
	uint64_t dims[DSC_DIM_RESULT_COUNT];
};
void dsc_disc_get_stats(const struct dsc_disc *disc, struct dsc_disc_stats *ret_stats);

#endif
