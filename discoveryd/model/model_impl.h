/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/model_impl.h - what the files of the model share; not for others. */
#ifndef DISCOVERYD_MODEL_MODEL_IMPL_H
#define DISCOVERYD_MODEL_MODEL_IMPL_H

#include <pthread.h>

#include "discoveryd/model/model.h"
#include "discoveryd/model/state.h"

/* Something hosts may see once the worker has confirmed `change`: a subsystem, by the host nqn, by who_id or (neither) by whoever may
 * use it; a portal, by whoever may use a subsystem that it serves; a group's subsystems, by its new member who_id; or what the form
 * of zoning of that change lets in. */
struct dsc_effect {
	TAILQ_ENTRY(dsc_effect) link;
	uint64_t worker_id, change, seq;
	uint64_t subsys_id, who_id, portal_id, group_id;
	bool zoning;
	char nqn[];
};
TAILQ_HEAD(dsc_effects, dsc_effect);

/* Of a subsystem for a host or a group, for a host by its NQN, or (neither) for whoever is told of it; subsys_id 0: of the
 * referrals, for everyone or for a host, then of what other discovery controllers have too; or all that differs between a form of
 * zoning and the one before it; or paths: of every subsystem that a host, or the hosts of a group, may use. */
struct dsc_doubt {
	uint64_t subsys_id, who_id;
	char *nqn;
	struct dsc_zoning *zoning;
	bool paths;
};

/* What transactions may have changed for hosts. */
struct dsc_review {
	struct dsc_doubt *doubt;
	size_t nr, max;
	struct dsc_tree *dcs; /* ids */
};

/* What came of a review. */
struct dsc_reviewed {
	struct dsc_snapshot state; /* its views and generations are those after it; nothing else */
	struct dsc_view **view; /* the new ones, for the store */
	size_t nr, max;
	bool everyone; /* hosts that nobody names are told something else */
};

struct dsc_txn {
	struct dsc_store_req req;
	struct dsc_model *model;
	TAILQ_ENTRY(dsc_txn)
	link; /* waiting for its review, of its round, or waiting for its worker */
	struct dsc_snapshot before; /* ahead as it was, for abort */
	size_t max_writes;
	struct dsc_review review;
	struct dsc_effects effects; /* to come, once committed */
	struct dsc_call call;
	struct dsc_target target;
	struct dsc_target *targets; /* further ones, as of the commands of a batch */
	size_t nr_targets, max_targets;
	char name[DSC_NQN_MAX + 1];
	struct net_timer timer;
	bool waiting;
	struct cmn_err undone; /* the reason, while its removal is on its way */
	void (*committed)(struct dsc_txn *txn, int result); /* the model's own transactions */
	struct dsc_effects
		showing; /* a confirmation: what it shows, to be put back if the store fails */
};
TAILQ_HEAD(dsc_txns, dsc_txn);

struct dsc_model {
	struct dsc_app *app;
	struct dsc_snapshot now, ahead;
	uint64_t last_change, next_id, epoch;
	bool is_new, in_txn, dirty;
	struct dsc_batch *batch; /* the one that is open */
	struct dsc_tree *effects; /* committed, to be shown */
	uint64_t effect_seq;
	unsigned int at_once; /* comparisons */
	struct dsc_txns held; /* committed while a round was under way */
	struct dsc_round *round; /* that the reviewer has */
	struct net_offload *reviewer; /* NULL: the control loop compares everything */
	struct dsc_txns waiting;
	struct dsc_model_watch *watch;
	struct net_after after;
	pthread_mutex_t lock; /* current */
	const struct dsc_snapshot *current;
	TAILQ_HEAD(, dsc_views_sub) subs;
	TAILQ_HEAD(, dsc_writes_sub) writes_subs;
	bool all_changed;
	char **changed; /* NQNs whose view changed since the last publication */
	size_t nr_changed, max_changed;
};

/* effects.c */
void dsc_effects_before(struct dsc_txn *txn, bool del, const struct dsc_row *row);
/* Moves all of list to those that wait for their worker, or what a worker has confirmed from there to ret_list. */
void dsc_effects_wait(struct dsc_model *model, struct dsc_effects *list);
void dsc_effects_take(struct dsc_model *model, uint64_t worker_id, uint64_t change,
		      struct dsc_effects *ret_list);
void dsc_effects_free(struct dsc_effects *list);
void dsc_effects_end(struct dsc_model *model);
void dsc_effects_rebuild(struct dsc_model *model);
void dsc_effect_show(struct dsc_txn *txn, const struct dsc_effect *e);

/* doubts.c */
void dsc_review_free(struct dsc_review *review);
void dsc_review_cut(struct dsc_review *review, size_t nr); /* down to the first nr */
void dsc_review_join(struct dsc_review *to, struct dsc_review *from); /* leaves from empty */

/* review.c */
#define DSC_REVIEW_MAX 50000 /* comparisons */
/* Compares what hosts are told by side[0], before, and side[1], after, where it is in doubt; generations move to `change`.  False when that
 * needed more than `most` comparisons: then *ret moves everyone's.  *ret is the caller's to free, either way. */
bool dsc_review_run(const struct dsc_review *review, const struct dsc_snapshot *const side[2],
		    uint64_t change, unsigned int most, struct dsc_reviewed *ret);
void dsc_reviewed_free(struct dsc_reviewed *reviewed);
/* Nothing is written: fn is told of each host (NULL: those that nobody names) and subsystem (or as commands.h says) that is in doubt whether it
 * differs between the two states, possibly more than once.  False when there was too much to compare. */
bool dsc_review_tell(struct dsc_txn *txn, const struct dsc_snapshot *const side[2], dsc_told_fn *fn,
		     void *arg);

/* round.c */
void dsc_round_add(struct dsc_txn *txn); /* is committed: goes to the store once it is reviewed */
void dsc_rounds_init(struct dsc_model *model);
void dsc_rounds_fail(struct dsc_model *model); /* the store has: so does all that isn't there yet */
void dsc_rounds_stop(struct dsc_model *model);

/* model.c */
void dsc_txn_replay(struct dsc_txn *txn);
void dsc_txn_stored(struct dsc_txn *txn); /* with req.result */

/* batch.c */
struct dsc_txn *dsc_batch_join(struct dsc_model *model);
bool dsc_batch_has(const struct dsc_txn *txn);
void dsc_batch_joined(struct dsc_txn *txn, const struct dsc_call *call,
		      const struct dsc_target *target, const char *name);
void dsc_batch_left(const struct dsc_txn *txn);
/* The model ends while a transaction waits: when call is a batch's, that goes, too, and nobody is told. */
void dsc_batch_forget(const struct dsc_call *call);

/* wait.c */
void dsc_wait_add(struct dsc_txn *txn);
/* A worker has confirmed something, or was deleted: who waits for nobody any more ends. */
void dsc_wait_look(struct dsc_model *model);
void dsc_txn_finish(struct dsc_txn *txn, const struct dsc_outcome *outcome);
void dsc_txn_free(struct dsc_txn *txn);

/* publish.c */
void dsc_publish_init(struct dsc_model *model);
void dsc_publish_end(struct dsc_model *model);
void dsc_publish_write(struct dsc_model *model, const struct dsc_row *row);
void dsc_publish_soon(struct dsc_model *model);
void dsc_publish_now(
	struct dsc_model *
		model); /* what is committed can be seen; who subscribed is told at the end of the turn */

#endif
