/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/seen.h - which hosts have a discovery controller now, and which strangers had one lately.
 * Owns: rows of its own, in memory only: a restart begins anew.  Thread: the service's reactor writes, any thread reads.
 * May block: a mutex that is held for a few instructions. */
#ifndef DISCOVERYD_DISC_SEEN_H
#define DISCOVERYD_DISC_SEEN_H

#include "discoveryd/model/rows.h"

#define DSC_STRANGERS_MAX 1000 /* that have gone again; the oldest is forgotten */

struct dsc_seen_hosts;

struct dsc_seen_hosts *dsc_seen_create(void); /* NULL without memory */
void dsc_seen_destroy(struct dsc_seen_hosts *hosts); /* NULL is legal */

/* A controller more; true: nothing was known of the host until now. */
bool dsc_seen_enter(struct dsc_seen_hosts *hosts, const char *nqn, const char *address);
/* A controller less.  stranger: after its last one the host is remembered for a while. */
void dsc_seen_leave(struct dsc_seen_hosts *hosts, const char *nqn, bool stranger);

/* As it is now: struct dsc_seen by NQN (dsc_seen_ops), with a reference. */
struct dsc_tree *dsc_seen_get(struct dsc_seen_hosts *hosts);

#endif
