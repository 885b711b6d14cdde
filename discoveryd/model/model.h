/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/model.h - how the model changes: transactions on their way to the store, what workers confirm, publication.
 * Owns: two states (`now`: committed, `ahead`: with all that is queued), transactions, what waits for confirmation.
 * Thread: the control loop.  May block: never.
 *
 * A transaction validates and writes against `ahead`, is reviewed, goes to the store, and is replayed on `now` once committed; then the
 * new snapshot is published at the end of the turn.  When the store fails, `ahead` goes back to `now`; whatever was queued
 * meanwhile fails too (store/store.h).
 *
 * Visibility is followed in here, not by the callers (model/effects.c): a write that hides something from a host bumps that
 * host's generation in the same transaction; one that will show something is remembered until its worker has confirmed.  What
 * hosts are told is compared before and after (model/review.c), so that a generation moves only when it differs.  Where many hosts
 * are concerned a thread does that, and what is committed meanwhile is compared together after it (model/round.c). */
#ifndef DISCOVERYD_MODEL_MODEL_H
#define DISCOVERYD_MODEL_MODEL_H

#include "discoveryd/model/commands.h"
#include "discoveryd/model/snapshot.h"
#include "discoveryd/store/store.h"

struct dsc_txn;
struct dsc_zoning; /* zoning.h */

/* Reads the store into a new model; also fills app->disc_nqn and app->node.  Nothing but app->loop and app->store need exist;
 * events that are read go to app->events when it is there. */
int dsc_model_create(struct dsc_app *app, struct dsc_model **ret_model, struct cmn_err *err);
/* When the loop has ended, before the store is closed and while whoever awaits an outcome is there: what is committed goes to the store,
 * and what was on its way to the loop is taken in.  NULL is legal. */
void dsc_model_stop(struct dsc_model *model);
/* After the store is closed: nothing is on its way any more. */
void dsc_model_destroy(struct dsc_model *model);

/* How many comparisons of what hosts are told the control loop makes itself: a change that needs more goes to the reviewer; 0: all do. */
void dsc_model_set_at_once(struct dsc_model *model, unsigned int comparisons);

/* Committed state, this turn's; borrowed until the control loop goes on. */
const struct dsc_snapshot *dsc_model_now(struct dsc_model *model);
uint64_t dsc_model_epoch(struct dsc_model *model); /* of this start, for the control protocol */
bool dsc_model_is_new(struct dsc_model *model); /* the database was empty */

/* -- transactions ------------------------------------------------------------------------------------------------------------ */
/* Where a transaction's outcome is to be seen, and what to do about a failure there. */
struct dsc_target {
	uint64_t worker_id; /* 0: nobody need confirm */
	uint64_t subsys_id, portal_id;
	uint32_t nsid;
	bool undo; /* a namespace that couldn't be opened is taken out again, and the command fails */
	uint64_t job; /* what is waited for instead, until dsc_job_over(); 0: none */
	bool later; /* as of an outcome */
};

/* One at a time: between begin and commit or abort the control loop doesn't turn. */
struct dsc_txn *dsc_txn_begin(struct dsc_model *model);
const struct dsc_snapshot *
dsc_txn_state(const struct dsc_txn *txn); /* ahead, with the writes so far */
uint64_t dsc_txn_change(const struct dsc_txn *txn);
uint64_t dsc_txn_new_id(struct dsc_txn *txn);
void dsc_txn_put(struct dsc_txn *txn, void *row); /* takes the reference over */
void dsc_txn_del(struct dsc_txn *txn, const void *row);
/* A namespace with all that hangs on it, and its subsystem marked as changed. */
void dsc_txn_drop_ns(struct dsc_txn *txn, const struct dsc_subsys *s, const struct dsc_ns *ns);
/* The subsystem's changed goes to this transaction's. */
void dsc_txn_mark(struct dsc_txn *txn, uint64_t subsys_id);
/* What hosts are told may change by this transaction: of a subsystem, for a host or (who_id 0) whoever is told of it; of referrals,
 * for a host or (NULL) everyone; of what a discovery controller has.  It is compared at commit: generations of those for whom it does go to this change. */
void dsc_txn_doubt(struct dsc_txn *txn, uint64_t subsys_id, uint64_t who_id);
void dsc_txn_doubt_referrals(struct dsc_txn *txn, const char *host_nqn);
void dsc_txn_doubt_dc(struct dsc_txn *txn, uint64_t dc_id);
/* Of a subsystem for a host, which needn't be registered; of all in which that form of zoning differs from the one before. */
void dsc_txn_doubt_host(struct dsc_txn *txn, uint64_t subsys_id, const char *host_nqn);
/* Of all that a host, or those of a group, may use. */
void dsc_txn_doubt_paths(struct dsc_txn *txn, uint64_t who_id);
void dsc_txn_doubt_zoning(struct dsc_txn *txn, const struct dsc_zoning *zoning);
/* Sends it to the store.  call (copied; NULL: nobody waits) is called back as commands.h says; name and nsid go to its outcome. */
void dsc_txn_commit(struct dsc_txn *txn, const struct dsc_call *call,
		    const struct dsc_target *target, const char *name);
void dsc_txn_abort(struct dsc_txn *txn);
/* Before commit: the outcome is to be seen there too; then commit's own target is NULL. */
void dsc_txn_also(struct dsc_txn *txn, const struct dsc_target *target);

/* -- the supervisor's side ---------------------------------------------------------------------------------------------------- */
/* Called for every write once it is part of `now`. */
struct dsc_model_watch {
	void (*written)(struct dsc_model_watch *watch, bool del, const struct dsc_row *row);
	/* What a worker confirmed could not be stored: confirm again later.  Optional. */
	void (*confirm_failed)(struct dsc_model_watch *watch, uint64_t worker_id);
};
void dsc_model_set_watch(struct dsc_model *model, struct dsc_model_watch *watch);

/* The same for any others, after the supervisor. */
struct dsc_writes_sub {
	TAILQ_ENTRY(dsc_writes_sub) link;
	void (*written)(struct dsc_writes_sub *sub, bool del, const struct dsc_row *row);
};
void dsc_writes_subscribe(struct dsc_model *model, struct dsc_writes_sub *sub);
void dsc_writes_unsubscribe(struct dsc_model *model, struct dsc_writes_sub *sub);

/* What a worker answered to an apply. */
struct dsc_confirm {
	uint64_t worker_id, generation;
	bool full; /* the apply was the whole state: failures that it doesn't name are over */
	const uint64_t *subsystems, *portals; /* ids in the apply, when not full */
	size_t nr_subsystems, nr_portals;
	struct dsc_fail **fails; /* new ones */
	size_t nr_fails;
};
void dsc_model_confirm(struct dsc_model *model, const struct dsc_confirm *confirm);
void dsc_model_set_degraded(struct dsc_model *model, uint64_t worker_id, bool degraded);
/* Stored ahead of the start that uses it, so that no incarnation comes twice. */
void dsc_model_set_incarnation(struct dsc_model *model, uint64_t worker_id, uint64_t incarnation);
/* The memory of a RAM namespace is gone: it comes back with a new UUID, NGUID and EUI64, never as the same disk. */
void dsc_model_ram_lost(struct dsc_model *model, uint64_t subsys_id, uint32_t nsid);
int dsc_ns_new_identity(struct dsc_ns *ns); /* -errno without random bytes */
/* A job that a command waits for (struct dsc_target): how far it is, and how it ended.  Nothing happens when nobody waits. */
void dsc_job_progress(struct dsc_model *model, uint64_t job, uint64_t done, uint64_t total);
void dsc_job_over(struct dsc_model *model, uint64_t job, const struct cmn_err *err);

/* What came of a copy that a worker was to make. */
struct dsc_copied {
	struct cmn_err err; /* code 0: it is there */
	uint64_t size, taken_ms;
	uint32_t block_size, held_ms;
	bool shared;
};
/* The snapshot is ready, or has failed. */
void dsc_nssnap_end(struct dsc_app *app, uint64_t id, const struct dsc_copied *copied,
		    const struct dsc_call *call);
/* One that was being deleted has no file any more, or (err) still has. */
void dsc_nssnap_removed(struct dsc_app *app, uint64_t id, const struct cmn_err *err,
			const struct dsc_call *call);
/* The file of a namespace that is made from a snapshot is there: now as a command. */
int dsc_restore_make(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
		     struct cmn_err *err);
/* Its namespace is there, or nothing of it is. */
void dsc_restore_end(struct dsc_app *app, uint64_t id, const struct dsc_call *call);
/* A portal's socket could not be made (reason), or could (NULL). */
void dsc_model_portal_failed(struct dsc_model *model, uint64_t portal_id, const char *reason);

#endif
