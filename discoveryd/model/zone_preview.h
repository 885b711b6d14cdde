/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_preview.h - what an activation would do to whom, worked out bit by bit so that the control loop goes on.
 * Owns: the snapshot and compiled forms that it looks at, and what it has found.  Thread: the control loop.  May block: never. */
#ifndef DISCOVERYD_MODEL_ZONE_PREVIEW_H
#define DISCOVERYD_MODEL_ZONE_PREVIEW_H

#include "discoveryd/model/zone_commands.h"

#define DSC_PREVIEW_HOSTS_MAX 1000 /* that are listed; more are counted */
#define DSC_PREVIEW_ENTRIES_MAX 20000 /* gains and losses of all of them */
#define DSC_PREVIEW_MEMBERS_MAX 1000 /* of each kind */

struct dsc_preview_list {
	const char **nqn; /* of subsystems; borrowed from the preview's snapshot */
	size_t nr, max;
};

struct dsc_preview_host {
	const char *nqn;
	struct dsc_preview_list gains, loses;
	struct dsc_preview_list connected; /* of those that it loses */
};

struct dsc_preview_member {
	const char *group;
	struct dsc_slice zone, line;
};

struct dsc_preview_members {
	struct dsc_preview_member *m;
	size_t nr, max;
};

struct dsc_preview_result {
	struct dsc_preview_host *host;
	size_t nr_hosts;
	uint64_t gaining, losing;
	struct dsc_preview_list anyone_gains, anyone_loses;
	struct dsc_preview_members unknown; /* match nothing that is known */
	struct dsc_preview_members foreign; /* name what another discovery controller presents */
	bool truncated;
};

struct dsc_zone_preview;

/* As the commands: < 0 with err.  settings may be NULL. */
int dsc_zone_preview_begin(struct dsc_app *app, const struct dsc_activate_in *in,
			   const struct dsc_zoning_in *settings, struct dsc_zone_preview **ret,
			   struct cmn_err *err);
/* Goes on until until_ns (CLOCK_MONOTONIC); false: it is done. */
bool dsc_zone_preview_step(struct dsc_zone_preview *p, uint64_t until_ns);
const struct dsc_preview_result *dsc_zone_preview_result(const struct dsc_zone_preview *p);
void dsc_zone_preview_end(struct dsc_zone_preview *p);

#endif
