/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/rangelock.h - keeps commands on overlapping ranges of a namespace apart: readers share, a writer is alone.
 * Owns: its stripes.  Thread: any, all at once.  May block: never; who can't have a range tries again next turn.
 *
 * A stripe stands for every 4 KiB piece whose number is the same modulo the number of stripes.  A range is locked whole or not
 * at all: nobody holds one part while it waits for another, so there is nothing to deadlock on.  The one exception,
 * tgt_rangelock_gather(), waits for who waits for nobody.
 *
 * Each reactor counts its readers in words of its own, so that reads on two of them touch no cache line in common that either writes; a
 * writer looks at those of all.
 *
 * Starvation: a writer that fails leaves a mark on the stripe it failed at; readers that come later stand back from a marked
 * stripe, unless they are impatient (have failed often enough themselves). */
#ifndef TARGETD_RANGELOCK_H
#define TARGETD_RANGELOCK_H

#include <stdbool.h>
#include <stdint.h>

struct tgt_rangelock;

#define TGT_RANGELOCK_NONE UINT32_MAX

/* One attempt's request; the same struct for each try until it has succeeded or tgt_rangelock_forget(). */
struct tgt_range {
	uint64_t offset, len; /* bytes; len 0 locks nothing */
	bool write, impatient;
	unsigned int reactor; /* whose command it is: below the number the lock was made for */
	uint32_t mark; /* stripe that carries our mark; TGT_RANGELOCK_NONE at first */
};

struct tgt_rangelock *tgt_rangelock_create(unsigned int nr_reactors); /* NULL: no memory */
void tgt_rangelock_destroy(struct tgt_rangelock *lock);
bool tgt_rangelock_try(struct tgt_rangelock *lock, struct tgt_range *range);
void tgt_rangelock_unlock(struct tgt_rangelock *lock, const struct tgt_range *range);
/* Gives up trying: takes the mark away.  Not after success. */
void tgt_rangelock_forget(struct tgt_rangelock *lock, struct tgt_range *range);

/* For a reader of bytes 0..len, which under load are never free all at once: takes stripe after stripe and keeps what it has, *have of
 * them (0 at first).  It passes by marks.  True: it has all; else try again, or let go.  Readers only: two of them never wait for each
 * other, and commands hold what they have no longer than they run. */
bool tgt_rangelock_gather(struct tgt_rangelock *lock, uint64_t len, uint32_t *have);
void tgt_rangelock_let_go(struct tgt_rangelock *lock,
			  uint32_t *have); /* of all that was gathered */

#endif
