/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/store_impl.h - what the files of the store share; not for others. */
#ifndef DISCOVERYD_STORE_STORE_IMPL_H
#define DISCOVERYD_STORE_STORE_IMPL_H

#include <sqlite3.h>

#include "discoveryd/store/store.h"

/* Statements of one kind of row, made from its column table (table.c). */
struct dsc_table;
struct dsc_tables;

/* Prepares a statement for every kind of row; NULL and *err on failure. */
struct dsc_tables *dsc_tables_open(sqlite3 *db, struct cmn_err *err);
void dsc_tables_close(struct dsc_tables *t);
/* SQLITE_OK or an SQLite error; SQLITE_NOTFOUND: nothing there to delete. */
int dsc_tables_write(struct dsc_tables *t, const struct dsc_write *write);
int dsc_tables_read(struct dsc_tables *t, sqlite3 *db, dsc_store_row_fn *fn, void *arg,
		    struct cmn_err *err);

/* open.c: opens, checks and migrates STATE/pharos.db. */
int dsc_store_open_db(const char *state_dir, sqlite3 **ret_db, struct cmn_err *err);
/* Takes the folder's lock; the descriptor, or -errno with *err. */
int dsc_store_lock(const char *state_dir, struct cmn_err *err);
/* SQLite's error as ours: -ENOSPC, -EROFS, -EUCLEAN (corrupt), -EIO, ... */
int dsc_store_errno(int sqlite_rc);
int dsc_store_exec(sqlite3 *db, const char *sql, struct cmn_err *err);
int dsc_store_query_u64(sqlite3 *db, const char *sql, uint64_t *ret);

#endif
