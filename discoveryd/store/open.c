/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/open.c - finds, locks, checks and migrates the database.
 * Owns: nothing.  Thread: the opener's.  May block: yes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/util.h"
#include "discoveryd/store/store_impl.h"
#include "schema/migrations.h"

int dsc_store_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int dsc_store_exec(sqlite3 *db, const char *sql, struct cmn_err *err)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	return cmn_err_set(err, dsc_store_errno(rc), NULL, "%s", sqlite3_errmsg(db));
}

int dsc_store_query_u64(sqlite3 *db, const char *sql, uint64_t *ret)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW)
			*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
		sqlite3_finalize(stmt);
	}
	return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -ENOENT : dsc_store_errno(rc);
}

/* -- lock ----------------------------------------------------------------------------------------- */
static int lock_taken(int fd, const char *state_dir, struct cmn_err *err)
{
	char holder[32] = "";
	ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);

	if (n > 0)
		holder[strcspn(holder, "\n")] = '\0';
	return cmn_err_set(err, -EBUSY, NULL, "state folder %s is in use by another discoveryd%s%s",
			   state_dir, holder[0] ? ", process " : "", holder);
}

int dsc_store_lock(const char *state_dir, struct cmn_err *err)
{
	cmn_autoclose int fd = -1;
	char path[4096];

	if (mkdir(state_dir, 0700) < 0 && errno != EEXIST)
		return cmn_err_errno(err, -errno, NULL, "state folder %s can't be made", state_dir);
	snprintf(path, sizeof(path), "%s/lock", state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return cmn_err_errno(err, -errno, NULL, "state folder %s is not writable",
				     state_dir);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? lock_taken(fd, state_dir, err)
					    : cmn_err_errno(err, -errno, NULL, "lock %s", path);
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return cmn_err_errno(err, -errno, NULL, "state folder %s is not writable",
				     state_dir);
	return cmn_take_fd(&fd);
}

/* -- schema ----------------------------------------------------------------------------------------- */
static int migrate_one(sqlite3 *db, const struct dsc_migration *m, struct cmn_err *err)
{
	char version[64];
	int rc;

	snprintf(version, sizeof(version), "PRAGMA user_version = %u", m->version);
	rc = dsc_store_exec(db, "BEGIN IMMEDIATE", err);
	if (!rc)
		rc = dsc_store_exec(db, m->sql, err);
	if (!rc)
		rc = dsc_store_exec(db, version, err);
	if (!rc)
		rc = dsc_store_exec(db, "COMMIT", err);
	if (rc)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static int migrate(sqlite3 *db, struct cmn_err *err)
{
	uint64_t version = 0;
	int rc = dsc_store_query_u64(db, "PRAGMA user_version", &version);

	if (rc)
		return cmn_err_set(err, rc, NULL, "%s", sqlite3_errmsg(db));
	if (version > dsc_migrations_count)
		return cmn_err_set(
			err, -EPROTONOSUPPORT, NULL,
			"was written by a newer version (schema %llu, this one knows %zu)",
			(unsigned long long)version, dsc_migrations_count);
	for (size_t i = version; i < dsc_migrations_count && !rc; i++)
		rc = migrate_one(db, &dsc_migrations[i], err);
	return rc;
}

static int check_corrupt(sqlite3 *db, struct cmn_err *err)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW &&
		    strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0) {
			cmn_err_set(err, -EUCLEAN, NULL, "is corrupt: %s",
				    (const char *)sqlite3_column_text(stmt, 0));
			rc = SQLITE_CORRUPT;
			sqlite3_finalize(stmt);
			return -EUCLEAN;
		}
		sqlite3_finalize(stmt);
	}
	if (rc == SQLITE_ROW)
		return 0;
	return cmn_err_set(err, dsc_store_errno(rc), NULL, "%s", sqlite3_errmsg(db));
}

/* "%" of the ways it can fail, told as one line that names the file. */
static int explain(const char *path, int rc, struct cmn_err *err)
{
	struct cmn_err cause = *err;

	if (rc == -EUCLEAN && !strstr(cause.msg, "corrupt"))
		return cmn_err_set(err, rc, NULL, "database %s is corrupt: %.120s", path,
				   cause.msg);
	if (rc == -EROFS || rc == -EACCES)
		return cmn_err_set(err, rc, NULL, "database %s is not writable: %.120s", path,
				   cause.msg);
	return cmn_err_set(err, rc, NULL, "database %s %.160s", path, cause.msg);
}

int dsc_store_open_db(const char *state_dir, sqlite3 **ret_db, struct cmn_err *err)
{
	static const char setup[] = "PRAGMA journal_mode = WAL;"
				    "PRAGMA synchronous = FULL;"
				    "PRAGMA foreign_keys = ON;"
				    "PRAGMA wal_autocheckpoint = 1000";
	sqlite3 *db = NULL;
	char path[4096];
	int rc;

	snprintf(path, sizeof(path), "%s/pharos.db", state_dir);
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc != SQLITE_OK)
		rc = cmn_err_set(err, dsc_store_errno(rc), NULL, "%s", sqlite3_errmsg(db));
	if (!rc)
		rc = dsc_store_exec(db, setup, err);
	if (!rc)
		rc = check_corrupt(db, err);
	if (!rc)
		rc = migrate(db, err);
	if (rc) {
		sqlite3_close(db);
		return explain(path, rc, err);
	}
	*ret_db = db;
	return 0;
}
