/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/hostlog.h - the host discovery log: which hosts registered, and by which addresses they come.
 * Owns: a log holds its snapshot.  Thread: any; a log has one user at a time.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.3.2 (Host Discovery, LID 71h). */
#ifndef DISCOVERYD_DISC_HOSTLOG_H
#define DISCOVERYD_DISC_HOSTLOG_H

#include "discoveryd/model/snapshot.h"

struct dsc_hostlog;

/* Of one host, or (host_nqn NULL) of all.  Takes its own reference on snap.  NULL without memory. */
struct dsc_hostlog *dsc_hostlog_create(const struct dsc_snapshot *snap, const char *host_nqn);
void dsc_hostlog_destroy(struct dsc_hostlog *log); /* NULL is legal */
uint64_t dsc_hostlog_genctr(const struct dsc_hostlog *log);
uint64_t dsc_hostlog_size(const struct dsc_hostlog *log); /* bytes of the page */
bool dsc_hostlog_is_all(const struct dsc_hostlog *log);
/* Bytes [off, off + len) of the log page, zeroes past its end. */
void dsc_hostlog_render(const struct dsc_hostlog *log, uint64_t off, void *buf, uint32_t len);

#endif
