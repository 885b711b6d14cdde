/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/maintain.h - looking after the database from outside: beside a running discoveryd, or without one.
 * Owns: nothing.  Thread: the caller's.  May block: yes. */
#ifndef DISCOVERYD_STORE_MAINTAIN_H
#define DISCOVERYD_STORE_MAINTAIN_H

#include <stdio.h>

#include "common/err.h"

/* Reads STATE/pharos.db as a whole and tells its version, its state and how much is in it, a line each; no values.
 * -EUCLEAN: it is corrupt. */
int dsc_store_check(const char *state_dir, FILE *out, struct cmn_err *err);

/* A checked copy of the database as it is at one moment, in a file that isn't there yet (-EEXIST), for its owner only. */
int dsc_store_backup(const char *state_dir, const char *to, struct cmn_err *err);

#endif
