/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/store.h - the one writer of the database: a thread that commits what the control loop queues.
 * Owns: the SQLite connection, the lock file of the state folder, its thread.  Thread: open, load and close on the control loop's;
 * submit there too; done() comes back to it.  May block: open, load and close; submit never.
 *
 * Group commit: what waits when the thread looks shares one transaction, a savepoint each; done() runs after the
 * fsync.  After a failure every request submitted before the control loop has seen it fails the same way, so that nothing is
 * committed that was built on what was not. */
#ifndef DISCOVERYD_STORE_STORE_H
#define DISCOVERYD_STORE_STORE_H

#include "common/err.h"
#include "common/queue.h"
#include "discoveryd/model/rows.h"
#include "net/reactor.h"

struct dsc_store;

/* Opens or makes STATE/pharos.db, migrates it, locks the folder.  err->msg is one clear line: in use by another discoveryd,
 * not writable, corrupt, written by a newer version. */
int dsc_store_open(const char *state_dir, struct net_reactor *loop, struct dsc_store **ret_store,
		   struct cmn_err *err);
/* After the control loop has ended: commits what is queued, then drop()s what was not delivered.  NULL is legal. */
void dsc_store_close(struct dsc_store *store);

/* Reads everything, in an order in which each row's parents come first; row is counted, the callback keeps its own reference.
 * Before the first submit. */
struct dsc_store_meta {
	uint64_t change, gen_any, next_id;
	uint64_t epoch; /* of this start, greater than any before it; stored by open */
	char identity[CMN_UUID_STR_LEN + 1]; /* of the state folder */
};
typedef int dsc_store_row_fn(void *arg, struct dsc_row *row);
int dsc_store_load(struct dsc_store *store, struct dsc_store_meta *ret_meta, dsc_store_row_fn *fn,
		   void *arg, struct cmn_err *err);

/* One row to write or to delete. */
struct dsc_write {
	bool del;
	struct dsc_row *row; /* counted */
};

struct dsc_store_req {
	TAILQ_ENTRY(dsc_store_req) link; /* the store's own, as epoch */
	uint64_t change, gen_any, next_id; /* meta as of this request; 0: leave it */
	struct dsc_write *writes; /* the caller's, until done() */
	size_t nr_writes;
	int result; /* 0 or -errno: -ENOSPC disk full, -EIO; result_text says more */
	char result_text[128];
	uint64_t epoch;
	void *user;
	void (*done)(struct dsc_store_req *req); /* in the control loop */
	void (*drop)(
		struct dsc_store_req *req); /* instead, when the loop has ended: only frees it */
};
void dsc_store_submit(struct dsc_store *store, struct dsc_store_req *req);
/* As if it had been submitted at that epoch: it fails where the store has failed since. */
void dsc_store_submit_as_of(struct dsc_store *store, struct dsc_store_req *req, uint64_t epoch);
uint64_t
dsc_store_epoch(const struct dsc_store *store); /* how many failures the control loop has seen */
/* A row by itself that nobody waits for; takes the reference over.  What becomes of it is in the log only. */
void dsc_store_put_row(struct dsc_store *store, void *row);

/* failed() runs in the control loop before the done() of the first request that failed: whatever was submitted until now and is
 * not done yet will fail too. */
void dsc_store_on_failure(struct dsc_store *store, void (*failed)(void *arg), void *arg);

struct dsc_store_stats {
	uint64_t commits, requests, failures;
};
void dsc_store_get_stats(struct dsc_store *store,
			 struct dsc_store_stats *ret_stats); /* any thread */
bool dsc_store_healthy(struct dsc_store *store); /* the last commit went well; any thread */

#endif
