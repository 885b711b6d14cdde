/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/backups.h - checked copies of the database in STATE/backups, made while everything runs.
 * Owns: the list, and the thread that makes one.  Thread: the control loop; the copy is made on a thread of its own.  May block: no more
 * than opening, closing and unlinking a file does. */
#ifndef DISCOVERYD_STORE_BACKUPS_H
#define DISCOVERYD_STORE_BACKUPS_H

#include <stdint.h>

#include "common/err.h"
#include "common/queue.h"

struct dsc_app;
struct dsc_backups;

#define DSC_BACKUPS_MAX 64 /* that are kept; a further one is refused */

#define DSC_BACKUP_ID_MAX 40 /* bytes, with the end */

struct dsc_backup {
	TAILQ_ENTRY(dsc_backup) link;
	unsigned int refs;
	char id[DSC_BACKUP_ID_MAX]; /* "2026-01-31T120000.000Z": when it was begun; a file of that name, and .db */
	uint64_t size; /* bytes */
	uint64_t created_ms;
};

/* Lists what is in the folder. */
struct dsc_backups *dsc_backups_create(struct dsc_app *app);
/* Waits for the one that is being made; nobody is told of it any more. */
void dsc_backups_destroy(struct dsc_backups *backups);

/* Begins one; done() is called when it is there, or with what went wrong.  *ret_id: the name that it will have.  -EBUSY: one is being
 * made; -ENOSPC: there are too many. */
int dsc_backups_begin(struct dsc_backups *backups,
		      void (*done)(void *arg, const struct cmn_err *err), void *arg,
		      char ret_id[DSC_BACKUP_ID_MAX], struct cmn_err *err);

/* In the order of their ids; borrowed, or held by a reference. */
const struct dsc_backup *dsc_backups_find(struct dsc_backups *backups, const char *id);
const struct dsc_backup *dsc_backups_after(struct dsc_backups *backups, const char *id);
void dsc_backup_hold(const void *backup);
void dsc_backup_drop(const void *backup);

/* To read it; the caller's.  -ENOENT: it isn't there, or not any more. */
int dsc_backups_open(struct dsc_backups *backups, const char *id, struct cmn_err *err);
int dsc_backups_delete(struct dsc_backups *backups, const char *id, struct cmn_err *err);

#endif
