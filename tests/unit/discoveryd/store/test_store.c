/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/store/test_store.c - opening, refusing to open, group commit, failures. */
#include "tests/unit/discoveryd/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "schema/migrations.h"

/* -- by hand ------------------------------------------------------------------------------------- */
static void sql(const struct fixture *f, const char *text)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void query(const char *path, const char *text, char *buf, size_t size)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	buf[0] = '\0';
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t used = strlen(buf);

		snprintf(buf + used, size - used, "%s\n",
			 (const char *)sqlite3_column_text(stmt, 0));
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static int setup_folder(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	cmn_log_set_level(CMN_LOG_ERROR);
	snprintf(f->dir, sizeof(f->dir), "/tmp/pharos-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int teardown_folder(void **state)
{
	struct fixture *f = *state;
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

/* Opens a store that is expected to be refused. */
static int refused(const char *dir, struct cmn_err *err)
{
	struct net_reactor_params params = { .cpu = -1 };
	struct net_reactor *loop;
	struct dsc_store *store = NULL;
	int rc;

	memset(err, 0, sizeof(*err));
	loop = net_reactor_create(&params, &rc);
	rc = dsc_store_open(dir, loop, &store, err);
	dsc_store_close(store);
	net_reactor_destroy(loop);
	return rc;
}

/* -- opening -------------------------------------------------------------------------------------------- */
static void test_first_open_makes_the_schema_and_later_ones_keep_it(void **state)
{
	struct fixture *f = *state;
	struct cmn_err err = { 0 };
	char path[128], first[16384], again[16384], version[64], want[64];

	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	snprintf(want, sizeof(want), "%zu\n", dsc_migrations_count);
	assert_int_equal(fixture_open(f, &err), 0);
	assert_true(dsc_model_is_new(f->app.model));
	begin(f);
	fixture_close(f);
	query(path, "PRAGMA user_version", version, sizeof(version));
	assert_string_equal(version, want);
	query(path, "SELECT sql FROM sqlite_schema ORDER BY name", first, sizeof(first));
	assert_non_null(strstr(first, "CREATE TABLE subsystems"));
	assert_int_equal(fixture_open(f, &err), 0);
	assert_false(dsc_model_is_new(f->app.model));
	fixture_close(f);
	query(path, "SELECT sql FROM sqlite_schema ORDER BY name", again, sizeof(again));
	assert_string_equal(first, again);
}

static int pragma(sqlite3 *db, const char *text)
{
	sqlite3_stmt *stmt;
	int value;

	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int(stmt, 0);
	if (sqlite3_column_type(stmt, 0) == SQLITE_TEXT)
		value = strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
	sqlite3_finalize(stmt);
	return value;
}

static sqlite3 *opened; /* the store's own connection */

static int on_open(sqlite3 *db, char **msg, const struct sqlite3_api_routines *api)
{
	(void)msg;
	(void)api;
	opened = opened ? opened : db;
	return SQLITE_OK;
}

/* What was answered is on the disk: with FULL each commit is, in the write-ahead log. */
static void test_a_commit_is_durable_and_references_hold(void **state)
{
	struct fixture *f = *state;
	struct cmn_err err = { 0 };

	sqlite3_auto_extension((void (*)(void))on_open);
	assert_int_equal(fixture_open(f, &err), 0);
	sqlite3_cancel_auto_extension((void (*)(void))on_open);
	assert_int_equal(pragma(opened, "PRAGMA journal_mode"), 1);
	assert_int_equal(pragma(opened, "PRAGMA synchronous"), 2); /* FULL */
	assert_int_equal(pragma(opened, "PRAGMA foreign_keys"), 1);
	assert_int_equal(sqlite3_exec(opened, "INSERT INTO subsystem_hosts SELECT 77, 78, 1", NULL,
				      NULL, NULL),
			 SQLITE_CONSTRAINT);
	fixture_close(f);
}

/* What each past version left behind becomes the same as what a fresh install makes. */
static void test_every_past_version_migrates_to_the_newest(void **state)
{
	struct fixture *f = *state;
	char path[128], fresh[16384], migrated[16384], version[64];
	struct cmn_err err = { 0 };

	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	assert_int_equal(fixture_open(f, &err), 0);
	fixture_close(f);
	query(path, "SELECT name || sql FROM sqlite_schema ORDER BY name", fresh, sizeof(fresh));
	for (size_t past = 0; past < dsc_migrations_count; past++) {
		assert_int_equal(unlink(path), 0);
		for (size_t i = 0; i < past; i++)
			sql(f, dsc_migrations[i].sql);
		snprintf(version, sizeof(version), "PRAGMA user_version = %zu", past);
		sql(f, version);
		assert_int_equal(fixture_open(f, &err), 0);
		fixture_close(f);
		query(path, "SELECT name || sql FROM sqlite_schema ORDER BY name", migrated,
		      sizeof(migrated));
		assert_string_equal(migrated, fresh);
	}
}

static void test_newer_schema_is_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	char path[128], version[64];
	struct cmn_err err = { 0 };

	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	sql(f, "CREATE TABLE of_the_future (x); PRAGMA user_version = 999");
	assert_int_equal(refused(f->dir, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.msg, "newer version"));
	query(path, "PRAGMA user_version", version, sizeof(version));
	assert_string_equal(version, "999\n");
}

static void test_corrupt_database_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cmn_err err = { 0 };
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "this is no database ", 20), 20);
	close(fd);
	assert_int_equal(refused(f->dir, &err), -EUCLEAN);
	assert_non_null(strstr(err.msg, "corrupt"));
	assert_non_null(strstr(err.msg, path));
}

static void test_damaged_page_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cmn_err err = { 0 };
	char path[128], zero[4096] = { 0 };
	struct stat st;
	int fd;

	assert_int_equal(fixture_open(f, &err), 0);
	begin(f);
	fixture_close(f);
	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	fd = open(path, O_WRONLY);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 4096; at < st.st_size; at += 8192)
		assert_int_equal(pwrite(fd, zero, sizeof(zero), at), sizeof(zero));
	close(fd);
	assert_int_equal(refused(f->dir, &err), -EUCLEAN);
	assert_non_null(strstr(err.msg, "corrupt"));
}

static void test_folder_that_is_in_use_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cmn_err err = { 0 };
	char pid[32];

	assert_int_equal(fixture_open(f, &err), 0);
	assert_int_equal(refused(f->dir, &err), -EBUSY);
	snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	assert_non_null(strstr(err.msg, pid));
	fixture_close(f);
}

static void test_folder_that_cannot_be_made_is_refused(void **state)
{
	struct cmn_err err = { 0 };

	(void)state;
	assert_int_equal(refused("/proc/no/such", &err), -ENOENT);
	assert_true(refused("/dev/null", &err) < 0);
	assert_non_null(strstr(err.msg, "/dev/null"));
}

/* -- requests -------------------------------------------------------------------------------------------- */
struct burst {
	struct fixture *f;
	struct dsc_store_req req[300];
	struct dsc_write write[300];
	unsigned int nr, done, failed;
	int bad; /* this one deletes what isn't there; -1: none */
	sem_t all;
};

static void burst_done(struct dsc_store_req *req)
{
	struct burst *b = req->user;

	if (req->result)
		b->failed++;
	dsc_row_put(req->writes[0].row);
	if (++b->done == b->nr)
		sem_post(&b->all);
}

static void submit_burst(void *arg)
{
	struct burst *b = arg;

	for (unsigned int i = 0; i < b->nr; i++) {
		struct dsc_view *view = dsc_row_new(DSC_ROW_VIEW);

		snprintf(view->nqn, sizeof(view->nqn), "nqn.2026-11.example:%u", i);
		view->gen = i;
		b->write[i] = (struct dsc_write){ .row = &view->row, .del = (int)i == b->bad };
		b->req[i] = (struct dsc_store_req){ .writes = &b->write[i],
						    .nr_writes = 1,
						    .change = 100 + i,
						    .gen_any = 1,
						    .next_id = 1,
						    .user = b,
						    .done = burst_done };
		dsc_store_submit(b->f->app.store, &b->req[i]);
	}
}

static void run_burst(struct fixture *f, struct burst *b, unsigned int nr, int bad)
{
	memset(b, 0, sizeof(*b));
	b->f = f;
	b->nr = nr;
	b->bad = bad;
	sem_init(&b->all, 0, 0);
	on_loop(f, submit_burst, b);
	while (sem_wait(&b->all) < 0)
		;
}

static void test_requests_that_wait_share_a_transaction(void **state)
{
	struct fixture *f = *state;
	static struct burst b;
	struct dsc_store_stats before, after;

	dsc_store_get_stats(f->app.store, &before);
	run_burst(f, &b, 300, -1);
	dsc_store_get_stats(f->app.store, &after);
	assert_int_equal(b.failed, 0);
	assert_int_equal(after.requests - before.requests, 300);
	assert_true(after.commits - before.commits <= 100);
}

static void test_what_was_built_on_a_failure_fails_too(void **state)
{
	struct fixture *f = *state;
	static struct burst b;
	char path[128], count[64];

	run_burst(f, &b, 300, 120);
	assert_int_equal(b.failed, 300 - 120);
	assert_int_equal(b.req[119].result, 0);
	assert_true(b.req[120].result < 0);
	assert_true(b.req[299].result < 0);
	run_burst(f, &b, 10, -1); /* the loop has seen it: on it goes */
	assert_int_equal(b.failed, 0);
	snprintf(path, sizeof(path), "%s/pharos.db", f->dir);
	query(path, "SELECT count(*) FROM views", count, sizeof(count));
	assert_string_equal(count, "120\n");
}

/* -- a disk that takes no more ------------------------------------------------------------------------------ */
static void test_failed_write_leaves_the_model_as_it_was(void **state)
{
	struct dsc_subsys_in in = { .nqn = "nqn.2026-11.example:a" };
	struct fixture *f = *state;
	struct rlimit limit, old;
	struct command c;

	begin(f);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &limit);
	cmn_log_set_level(CMN_LOG_LEVEL_COUNT - 1);
	assert_true(RUN(&c, make_subsys, &in, 0) < 0);
	assert_non_null(strstr(c.err.msg, "stored"));
	assert_false(dsc_store_healthy(f->app.store));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(RUN(&c, make_subsys, &in, 0), 0);
	assert_true(dsc_store_healthy(f->app.store));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_folder, teardown_folder)
#define TF(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_first_open_makes_the_schema_and_later_ones_keep_it),
		T(test_a_commit_is_durable_and_references_hold),
		T(test_every_past_version_migrates_to_the_newest),
		T(test_newer_schema_is_refused_and_left_alone),
		T(test_corrupt_database_is_refused),
		T(test_damaged_page_is_refused),
		T(test_folder_that_is_in_use_is_refused),
		T(test_folder_that_cannot_be_made_is_refused),
		TF(test_requests_that_wait_share_a_transaction),
		TF(test_what_was_built_on_a_failure_fails_too),
		TF(test_failed_write_leaves_the_model_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
