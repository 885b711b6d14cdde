/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/copies.h - the copies that discoveryd asks for (`copy`, docs/control-protocol.md): one after the other, by a copier each.
 * Owns: what was asked for, until it has been told how it ended.  Thread: the control thread.
 * May block: in tgt_copies_tick() and tgt_copies_wait_left(), as tgt_apply() does: in the world's wait, from which tgt_copies_add() and
 * the cancelling ones may be called; tgt_copies_end() until a copier has given up.
 *
 * A namespace in memory that one reactor serves has no range lock in its pictures.  While it is copied it has, and goes back after that. */
#ifndef TARGETD_COPIES_H
#define TARGETD_COPIES_H

#include <stdint.h>

struct json_object;
struct tgt_copies;
struct tgt_volume;
struct tgt_world;

#define TGT_COPIES_MAX 64 /* asked for and not begun; more are refused */

struct tgt_copies *tgt_copies_create(struct tgt_world *w);
void tgt_copies_destroy(struct tgt_copies *c); /* NULL is legal */
/* Gives everything up, tells nobody, and waits for the copier. */
void tgt_copies_end(struct tgt_copies *c);

/* A `copy`; one that is known by its id is left as it is.  What is wrong with it is told as its end. */
void tgt_copies_add(struct tgt_copies *c, struct json_object *msg);
void tgt_copies_cancel(struct tgt_copies *c, const char *id);
/* All of them, and nobody is told. */
void tgt_copies_forget(struct tgt_copies *c);

/* Ends what has ended, begins what is due.  Not from within the world's wait. */
void tgt_copies_tick(struct tgt_copies *c);
/* The next `copied` or `copying` to send; NULL: none now. */
struct json_object *tgt_copies_news(struct tgt_copies *c);
int tgt_copies_timeout(
	const struct tgt_copies *c); /* ms until there may be news; -1: the world's wake_fd tells */

/* For who takes vol away, in this order: the copy of it gives up; when nothing of it is in use by a copier any more. */
void tgt_copies_leave(struct tgt_copies *c, const struct tgt_volume *vol);
void tgt_copies_wait_left(struct tgt_copies *c);

#endif
