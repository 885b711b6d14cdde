/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/maintain.c - see maintain.h. */
#include "discoveryd/store/maintain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "discoveryd/store/store_impl.h"
#include "schema/migrations.h"

#define WAIT_MS 10000 /* for a discoveryd that is writing */

static int failed(sqlite3 *db, const char *path, struct cmn_err *err)
{
	int rc = db ? dsc_store_errno(sqlite3_errcode(db)) : -ENOMEM;

	return cmn_err_set(err, rc, NULL, "database %.200s%s: %s", path,
			   rc == -EUCLEAN ? " is corrupt" : "",
			   db ? sqlite3_errmsg(db) : "out of memory");
}

static int open_to_read(const char *path, sqlite3 **ret_db, struct cmn_err *err)
{
	if (access(path, R_OK) < 0)
		return cmn_err_errno(err, -errno, NULL, "database %s can't be read", path);
	if (sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return failed(*ret_db, path, err);
	sqlite3_busy_timeout(*ret_db, WAIT_MS);
	return 0;
}

/* Each row of a query: all its columns, after a word that says what they are.  Returns how many there were, or < 0. */
static int tell_rows(sqlite3 *db, const char *sql, const char *word, FILE *out)
{
	sqlite3_stmt *stmt;
	int rc, rows = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		fprintf(out, "%s:", word);
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const unsigned char *text = sqlite3_column_text(stmt, i);

			fprintf(out, " %s", text ? (const char *)text : "-");
		}
		fputc('\n', out);
		rows++;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? rows : -1;
}

/* Names come from the schema itself, so no parameter can stand for them. */
static int tell_counts(sqlite3 *db, FILE *out)
{
	sqlite3_stmt *tables;
	char sql[256];
	int rows = 0;

	if (sqlite3_prepare_v2(db,
			       "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
			       -1, &tables, NULL) != SQLITE_OK)
		return -1;
	while (rows >= 0 && sqlite3_step(tables) == SQLITE_ROW) {
		sqlite3_snprintf(sizeof(sql), sql, "SELECT %Q, count(*) FROM \"%w\"",
				 sqlite3_column_text(tables, 0), sqlite3_column_text(tables, 0));
		rows = tell_rows(db, sql, "rows", out);
	}
	sqlite3_finalize(tables);
	return rows;
}

/* SQLite's own verdict: one row "ok", or what is wrong. */
static int check_integrity(sqlite3 *db, const char *path, FILE *out, struct cmn_err *err)
{
	uint64_t bad = 0;

	if (tell_rows(db, "PRAGMA integrity_check(20)", "integrity", out) < 0)
		return failed(db, path, err);
	if (dsc_store_query_u64(
		    db,
		    "SELECT count(*) FROM pragma_integrity_check(1) WHERE integrity_check <> 'ok'",
		    &bad) < 0)
		return failed(db, path, err);
	if (bad)
		return cmn_err_set(err, -EUCLEAN, NULL, "database %s is corrupt", path);
	if (tell_rows(db, "PRAGMA foreign_key_check", "orphan", out) != 0)
		return cmn_err_set(err, -EUCLEAN, NULL, "database %s has rows without their owner",
				   path);
	return 0;
}

static int check(sqlite3 *db, const char *path, FILE *out, struct cmn_err *err)
{
	uint64_t version = 0, pages = 0, page_size = 0;

	if (dsc_store_query_u64(db, "PRAGMA user_version", &version) < 0 ||
	    dsc_store_query_u64(db, "PRAGMA page_count", &pages) < 0 ||
	    dsc_store_query_u64(db, "PRAGMA page_size", &page_size) < 0)
		return failed(db, path, err);
	fprintf(out,
		"database: %s\nbytes: %" PRIu64 "\nsqlite: %s\nschema: %" PRIu64
		", this program knows %zu\n",
		path, pages * page_size, sqlite3_libversion(), version, dsc_migrations_count);
	if (version > dsc_migrations_count)
		return cmn_err_set(err, -EPROTONOSUPPORT, NULL,
				   "database %s was written by a newer version", path);
	if (check_integrity(db, path, out, err) < 0)
		return err->code;
	return tell_counts(db, out) < 0 ? failed(db, path, err) : 0;
}

int dsc_store_check(const char *state_dir, FILE *out, struct cmn_err *err)
{
	char path[PATH_MAX];
	sqlite3 *db = NULL;
	int rc;

	snprintf(path, sizeof(path), "%s/pharos.db", state_dir);
	rc = open_to_read(path, &db, err);
	if (!rc)
		rc = check(db, path, out, err);
	sqlite3_close(db);
	return rc;
}

/* -- backup ------------------------------------------------------------------------------------------------------- */

static int sync_file(const char *path, struct cmn_err *err)
{
	cmn_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return cmn_err_errno(err, -errno, NULL, "%s", path);
	return 0;
}

/* A copy of one moment, whatever a running discoveryd writes meanwhile. */
static int copy(sqlite3 *db, const char *path, const char *to, struct cmn_err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, to, -1, SQLITE_STATIC);
		rc = sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : failed(db, path, err);
}

int dsc_store_backup(const char *state_dir, const char *to, struct cmn_err *err)
{
	cmn_autofclose FILE *nowhere = fopen("/dev/null", "we");
	char path[PATH_MAX];
	sqlite3 *db = NULL, *made = NULL;
	int rc, fd;

	snprintf(path, sizeof(path), "%s/pharos.db", state_dir);
	rc = open_to_read(path, &db, err);
	if (rc)
		goto out_close;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* it may hold secrets */
	if (fd < 0) {
		rc = errno == EEXIST ? cmn_err_set(err, -EEXIST, NULL, "%s is there already", to)
				     : cmn_err_errno(err, -errno, NULL, "%s", to);
		goto out_close;
	}
	close(fd);
	rc = copy(db, path, to, err);
	if (!rc)
		rc = sync_file(to, err);
	if (!rc)
		rc = open_to_read(to, &made, err);
	if (!rc && nowhere)
		rc = check(made, to, nowhere, err);
out_close:
	sqlite3_close(made);
	sqlite3_close(db);
	return rc;
}
