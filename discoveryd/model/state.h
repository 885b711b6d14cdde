/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/state.h - a snapshot that is being written to: what loading, transactions and commits do to the roots.
 * Owns: the state's references.  Thread: the state's owner (the control loop).  May block: never. */
#ifndef DISCOVERYD_MODEL_STATE_H
#define DISCOVERYD_MODEL_STATE_H

#include "discoveryd/model/snapshot.h"

/* Puts the row in place of the one with the same key, or takes it out.  Only the row's own columns count: what is derived (a
 * subsystem's trees, a worker's load) comes from the state, so that a row written against one state can be replayed on
 * another.  Parents must be there; what depends on a row must be gone before it is. */
void dsc_state_write(struct dsc_snapshot *st, bool del, const struct dsc_row *row);

/* dst gets references of its own on everything in src; dst's old ones are dropped. */
void dsc_state_assign(struct dsc_snapshot *dst, const struct dsc_snapshot *src);
/* Only the views and the generations that go with them: reviews alone write these, other transactions everything else. */
void dsc_state_assign_views(struct dsc_snapshot *dst, const struct dsc_snapshot *src);
void dsc_state_clear(struct dsc_snapshot *st);

#endif
