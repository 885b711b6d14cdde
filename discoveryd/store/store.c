/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/store.c - the store thread: takes what waits, commits it in one transaction, posts the outcomes back.
 * Owns: the connection, the queue, the lock.  Thread: its own; the queue is shared under a mutex.  May block: yes. */
#include "discoveryd/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/store/store_impl.h"

TAILQ_HEAD(reqs, dsc_store_req);

struct dsc_store {
	struct net_reactor *loop;
	sqlite3 *db;
	struct dsc_tables *tables;
	sqlite3_stmt *put_meta;
	int lock_fd;

	pthread_t thread;
	bool started;
	pthread_mutex_t mutex; /* queue, stop, waiting */
	pthread_cond_t wake;
	struct reqs queue, finished;
	struct net_msg msg; /* posted while finished isn't empty */
	bool stop;

	uint64_t epoch; /* control loop's: how many failures it has seen */
	void (*failed)(void *arg);
	void *failed_arg;

	/* the thread's */
	uint64_t
		bad_epoch; /* what was submitted up to here fails: 1 more than the last epoch that failed, 0: none */
	int bad_result;
	char bad_text[128];

	_Atomic uint64_t commits, requests, failures;
	atomic_bool healthy;
};

/* -- outcomes ---------------------------------------------------------------------------------------- */
static void deliver_one(struct dsc_store *store, struct dsc_store_req *req)
{
	if (req->result < 0 && req->epoch == store->epoch) {
		store->epoch++;
		if (store->failed)
			store->failed(store->failed_arg);
	}
	req->done(req);
}

static void deliver(struct net_msg *msg)
{
	struct dsc_store *store = cmn_container_of(msg, struct dsc_store, msg);
	struct reqs finished = TAILQ_HEAD_INITIALIZER(finished);
	struct dsc_store_req *req;

	pthread_mutex_lock(&store->mutex);
	TAILQ_CONCAT(&finished, &store->finished, link);
	pthread_mutex_unlock(&store->mutex);
	while ((req = TAILQ_FIRST(&finished))) {
		TAILQ_REMOVE(&finished, req, link);
		deliver_one(store, req);
	}
}

static void set_result(struct dsc_store *store, struct dsc_store_req *req, int rc, const char *text)
{
	req->result = rc;
	snprintf(req->result_text, sizeof(req->result_text), "%s", text);
	if (!rc)
		return;
	store->bad_epoch = req->epoch + 1;
	store->bad_result = rc;
	snprintf(store->bad_text, sizeof(store->bad_text), "%s", text);
}

/* -- a request ----------------------------------------------------------------------------------------- */
static int run_writes(struct dsc_store *store, const struct dsc_store_req *req)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < req->nr_writes && rc == SQLITE_OK; i++)
		rc = dsc_tables_write(store->tables, &req->writes[i]);
	return rc;
}

static int exec(struct dsc_store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

/* Within the group's transaction, in a savepoint of its own. */
static void run_request(struct dsc_store *store, struct dsc_store_req *req)
{
	char text[128];
	int rc;

	if (req->epoch < store->bad_epoch) {
		req->result = store->bad_result;
		memcpy(req->result_text, store->bad_text, sizeof(req->result_text));
		return;
	}
	rc = exec(store, "SAVEPOINT request");
	if (rc == SQLITE_OK)
		rc = run_writes(store, req);
	if (rc == SQLITE_OK)
		rc = exec(store, "RELEASE request");
	if (rc == SQLITE_OK) {
		req->result = 0;
		return;
	}
	snprintf(text, sizeof(text), "%s",
		 rc == SQLITE_NOTFOUND ? "a row to delete isn't there" : sqlite3_errmsg(store->db));
	if (!sqlite3_get_autocommit(store->db))
		exec(store, "ROLLBACK TO request; RELEASE request");
	set_result(store, req, dsc_store_errno(rc), text);
	cmn_error("change not stored", "result=%s", CMN_Q(text));
}

/* -- a group -------------------------------------------------------------------------------------------- */
static int put_meta(struct dsc_store *store, const struct reqs *group)
{
	const struct dsc_store_req *req, *last = NULL;
	sqlite3_int64 change = 0, gen_any = 0, next_id = 0;
	int rc;

	TAILQ_FOREACH(req, group, link) {
		if (req->result || !req->change)
			continue;
		change = (sqlite3_int64)req->change;
		gen_any = (sqlite3_int64)req->gen_any;
		next_id = (sqlite3_int64)req->next_id;
		last = req;
	}
	if (!last)
		return SQLITE_OK;
	sqlite3_bind_int64(store->put_meta, 1, change);
	sqlite3_bind_int64(store->put_meta, 2, gen_any);
	sqlite3_bind_int64(store->put_meta, 3, next_id);
	rc = sqlite3_step(store->put_meta);
	sqlite3_reset(store->put_meta);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void fail_group(struct dsc_store *store, const struct reqs *group, int rc)
{
	struct dsc_store_req *req;
	char text[128];

	snprintf(text, sizeof(text), "%s", sqlite3_errmsg(store->db));
	if (!sqlite3_get_autocommit(store->db))
		exec(store, "ROLLBACK");
	cmn_error("transaction not stored", "result=%s", CMN_Q(text));
	TAILQ_FOREACH(req, group, link) {
		if (!req->result)
			set_result(store, req, dsc_store_errno(rc), text);
	}
}

static void run_group(struct dsc_store *store, struct reqs *group)
{
	struct dsc_store_req *req;
	int rc = exec(store, "BEGIN IMMEDIATE");

	if (rc == SQLITE_OK) {
		TAILQ_FOREACH(req, group, link)
			run_request(store, req);
		/* A full disk may have rolled back all of it. */
		rc = sqlite3_get_autocommit(store->db) ? SQLITE_FULL : put_meta(store, group);
	}
	if (rc == SQLITE_OK)
		rc = exec(store, "COMMIT");
	if (rc != SQLITE_OK)
		fail_group(store, group, rc);
	atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
	atomic_store_explicit(&store->healthy, rc == SQLITE_OK, memory_order_relaxed);
}

static void count_group(struct dsc_store *store, const struct reqs *group)
{
	const struct dsc_store_req *req;

	TAILQ_FOREACH(req, group, link) {
		atomic_fetch_add_explicit(&store->requests, 1, memory_order_relaxed);
		if (req->result)
			atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
	}
}

/* With the mutex held. */
static void post_group(struct dsc_store *store, struct reqs *group)
{
	bool posted = !TAILQ_EMPTY(&store->finished);

	TAILQ_CONCAT(&store->finished, group, link);
	if (!posted)
		net_reactor_post(store->loop, &store->msg);
}

static void *run_store(void *arg)
{
	struct dsc_store *store = arg;
	struct reqs group = TAILQ_HEAD_INITIALIZER(group);

	pthread_mutex_lock(&store->mutex);
	for (;;) {
		while (TAILQ_EMPTY(&store->queue) && !store->stop)
			pthread_cond_wait(&store->wake, &store->mutex);
		if (TAILQ_EMPTY(&store->queue))
			break;
		TAILQ_CONCAT(&group, &store->queue, link);
		pthread_mutex_unlock(&store->mutex);
		run_group(store, &group);
		count_group(store, &group);
		pthread_mutex_lock(&store->mutex);
		post_group(store, &group);
	}
	pthread_mutex_unlock(&store->mutex);
	return NULL;
}

/* -- the control loop's side ------------------------------------------------------------------------------- */
uint64_t dsc_store_epoch(const struct dsc_store *store)
{
	return store->epoch;
}

void dsc_store_submit(struct dsc_store *store, struct dsc_store_req *req)
{
	dsc_store_submit_as_of(store, req, store->epoch);
}

void dsc_store_submit_as_of(struct dsc_store *store, struct dsc_store_req *req, uint64_t epoch)
{
	req->epoch = epoch;
	pthread_mutex_lock(&store->mutex);
	TAILQ_INSERT_TAIL(&store->queue, req, link);
	pthread_cond_signal(&store->wake);
	pthread_mutex_unlock(&store->mutex);
}

struct lone_row {
	struct dsc_store_req req;
	struct dsc_write write;
};

static void lone_done(struct dsc_store_req *req)
{
	struct lone_row *lone = cmn_container_of(req, struct lone_row, req);

	dsc_row_put(lone->write.row);
	free(lone);
}

void dsc_store_put_row(struct dsc_store *store, void *row)
{
	struct lone_row *lone = dsc_zalloc(sizeof(*lone));

	lone->write.row = row;
	lone->req.writes = &lone->write;
	lone->req.nr_writes = 1;
	lone->req.done = lone_done;
	lone->req.drop = lone_done;
	dsc_store_submit(store, &lone->req);
}

void dsc_store_on_failure(struct dsc_store *store, void (*failed)(void *arg), void *arg)
{
	store->failed = failed;
	store->failed_arg = arg;
}

void dsc_store_get_stats(struct dsc_store *store, struct dsc_store_stats *ret)
{
	ret->commits = atomic_load_explicit(&store->commits, memory_order_relaxed);
	ret->requests = atomic_load_explicit(&store->requests, memory_order_relaxed);
	ret->failures = atomic_load_explicit(&store->failures, memory_order_relaxed);
}

bool dsc_store_healthy(struct dsc_store *store)
{
	return atomic_load_explicit(&store->healthy, memory_order_relaxed);
}

/* The first start makes the row; every start takes the next epoch. */
static int begin_epoch(struct dsc_store *store, struct cmn_err *err)
{
	char identity[CMN_UUID_STR_LEN + 1], sql[256];
	struct cmn_uuid uuid;
	int rc = cmn_uuid_random(&uuid);

	if (rc)
		return cmn_err_errno(err, rc, NULL, "no random bytes");
	snprintf(sql, sizeof(sql),
		 "INSERT INTO meta (id, identity, epoch, change, gen_any, next_id) VALUES "
		 "(1, '%s', 1, 1, 1, 1) ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1",
		 cmn_uuid_format(&uuid, identity));
	return dsc_store_exec(store->db, sql, err);
}

static int start(struct dsc_store *store, const char *state_dir, struct cmn_err *err)
{
	int rc = dsc_store_lock(state_dir, err);

	if (rc < 0)
		return rc;
	store->lock_fd = rc;
	rc = dsc_store_open_db(state_dir, &store->db, err);
	if (!rc)
		rc = begin_epoch(store, err);
	if (rc)
		return rc;
	store->tables = dsc_tables_open(store->db, err);
	if (!store->tables)
		return err->code;
	if (sqlite3_prepare_v2(store->db, "UPDATE meta SET change = ?, gen_any = ?, next_id = ?",
			       -1, &store->put_meta, NULL) != SQLITE_OK)
		return cmn_err_set(err, -EUCLEAN, NULL, "%s", sqlite3_errmsg(store->db));
	rc = pthread_create(&store->thread, NULL, run_store, store);
	if (rc)
		return cmn_err_errno(err, -rc, NULL, "the store thread can't start");
	store->started = true;
	return 0;
}

int dsc_store_open(const char *state_dir, struct net_reactor *loop, struct dsc_store **ret_store,
		   struct cmn_err *err)
{
	struct dsc_store *store = dsc_zalloc(sizeof(*store));
	int rc;

	store->loop = loop;
	store->lock_fd = -1;
	atomic_init(&store->healthy, true);
	pthread_mutex_init(&store->mutex, NULL);
	pthread_cond_init(&store->wake, NULL);
	TAILQ_INIT(&store->queue);
	TAILQ_INIT(&store->finished);
	store->msg.fn = deliver;
	rc = start(store, state_dir, err);
	if (rc < 0) {
		dsc_store_close(store);
		return rc;
	}
	*ret_store = store;
	return 0;
}

void dsc_store_close(struct dsc_store *store)
{
	struct dsc_store_req *req;

	if (!store)
		return;
	if (store->started) {
		pthread_mutex_lock(&store->mutex);
		store->stop = true;
		pthread_cond_signal(&store->wake);
		pthread_mutex_unlock(&store->mutex);
		pthread_join(store->thread, NULL);
	}
	while ((req = TAILQ_FIRST(&store->finished))) {
		TAILQ_REMOVE(&store->finished, req, link);
		req->drop(req);
	}
	dsc_tables_close(store->tables);
	sqlite3_finalize(store->put_meta);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pthread_cond_destroy(&store->wake);
	pthread_mutex_destroy(&store->mutex);
	free(store);
}

int dsc_store_load(struct dsc_store *store, struct dsc_store_meta *meta, dsc_store_row_fn *fn,
		   void *arg, struct cmn_err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	memset(meta, 0, sizeof(*meta));
	rc = sqlite3_prepare_v2(store->db,
				"SELECT identity, epoch, change, gen_any, next_id FROM meta", -1,
				&stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW) {
		cmn_err_set(err, dsc_store_errno(rc), NULL, "%s", sqlite3_errmsg(store->db));
		sqlite3_finalize(stmt);
		return err->code ? err->code : -EUCLEAN;
	}
	snprintf(meta->identity, sizeof(meta->identity), "%s", sqlite3_column_text(stmt, 0));
	meta->epoch = (uint64_t)sqlite3_column_int64(stmt, 1);
	meta->change = (uint64_t)sqlite3_column_int64(stmt, 2);
	meta->gen_any = (uint64_t)sqlite3_column_int64(stmt, 3);
	meta->next_id = (uint64_t)sqlite3_column_int64(stmt, 4);
	sqlite3_finalize(stmt);
	return dsc_tables_read(store->tables, store->db, fn, arg, err);
}
