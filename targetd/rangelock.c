/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/rangelock.c - of each stripe a word for writers, who and how many wait; and a count of readers for each reactor, and one for
 * those of no reactor.
 * Owns, thread, blocking: see the header.
 *
 * A reader counts itself in, then looks for a writer; a writer says so, then looks for readers.  All four are sequentially consistent, so
 * of two that meet at least one sees the other, and who sees somebody takes its own back. */
#include "targetd/rangelock.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#define NR_STRIPES 16384u
#define PIECE_SHIFT 12

#define WRITER 0x8000u
#define MARK 1u
#define MARKS 0xffu
#define READERS_MAX 0xff00u /* of a stripe by one reactor; room for those that look at once */

struct tgt_rangelock {
	unsigned int nr_readers; /* reactors, and one for all who aren't one */
	alignas(64) _Atomic uint16_t stripe[NR_STRIPES]; /* writers' */
	_Atomic uint16_t readers[][NR_STRIPES];
};

static size_t bytes(unsigned int nr_readers)
{
	return sizeof(struct tgt_rangelock) + nr_readers * NR_STRIPES * sizeof(uint16_t);
}

/* Mapped: pages that no command comes to are never taken. */
struct tgt_rangelock *tgt_rangelock_create(unsigned int nr_reactors)
{
	struct tgt_rangelock *lock = mmap(NULL, bytes(nr_reactors + 1), PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (lock == MAP_FAILED)
		return NULL;
	lock->nr_readers = nr_reactors + 1;
	return lock;
}

void tgt_rangelock_destroy(struct tgt_rangelock *lock)
{
	if (lock)
		munmap(lock, bytes(lock->nr_readers));
}

static uint32_t span(const struct tgt_range *r, uint32_t *ret_first)
{
	uint64_t first = r->offset >> PIECE_SHIFT, last;

	*ret_first = (uint32_t)first & (NR_STRIPES - 1);
	if (!r->len)
		return 0;
	last = (r->offset + r->len - 1) >> PIECE_SHIFT;
	return last - first >= NR_STRIPES ? NR_STRIPES : (uint32_t)(last - first + 1);
}

static bool try_read(struct tgt_rangelock *lock, unsigned int reactor, uint32_t stripe,
		     bool impatient)
{
	_Atomic uint16_t *mine = &lock->readers[reactor][stripe];
	uint16_t w;

	if (atomic_load_explicit(mine, memory_order_relaxed) >= READERS_MAX)
		return false;
	atomic_fetch_add(mine, 1);
	w = atomic_load(&lock->stripe[stripe]);
	if (!(w & WRITER) && (!(w & MARKS) || impatient))
		return true;
	atomic_fetch_sub_explicit(mine, 1, memory_order_release);
	return false;
}

static bool is_read(struct tgt_rangelock *lock, uint32_t stripe)
{
	for (unsigned int i = 0; i < lock->nr_readers; i++) {
		if (atomic_load(&lock->readers[i][stripe]))
			return true;
	}
	return false;
}

/* marked: the mark on this stripe is ours, and goes with success. */
static bool try_write(struct tgt_rangelock *lock, uint32_t stripe, bool marked)
{
	_Atomic uint16_t *s = &lock->stripe[stripe];
	uint16_t w = atomic_load_explicit(s, memory_order_relaxed);

	do {
		if (w & WRITER || is_read(lock, stripe)) /* so that readers seldom see who fails */
			return false;
	} while (!atomic_compare_exchange_weak(s, &w, (uint16_t)(w | WRITER)));
	if (is_read(lock, stripe)) {
		atomic_fetch_sub_explicit(s, WRITER, memory_order_release);
		return false;
	}
	if (marked)
		atomic_fetch_sub_explicit(s, MARK, memory_order_relaxed);
	return true;
}

static void unlock_one(struct tgt_rangelock *lock, const struct tgt_range *r, uint32_t stripe)
{
	if (r->write)
		atomic_fetch_sub_explicit(&lock->stripe[stripe], WRITER, memory_order_release);
	else
		atomic_fetch_sub_explicit(&lock->readers[r->reactor][stripe], 1,
					  memory_order_release);
}

void tgt_rangelock_forget(struct tgt_rangelock *lock, struct tgt_range *r)
{
	if (r->mark == TGT_RANGELOCK_NONE)
		return;
	atomic_fetch_sub_explicit(&lock->stripe[r->mark], MARK, memory_order_relaxed);
	r->mark = TGT_RANGELOCK_NONE;
}

static void leave_mark(struct tgt_rangelock *lock, struct tgt_range *r, uint32_t stripe)
{
	uint16_t w;

	if (!r->write || r->mark == stripe)
		return;
	tgt_rangelock_forget(lock, r);
	w = atomic_load_explicit(&lock->stripe[stripe], memory_order_relaxed);
	do {
		if ((w & MARKS) == MARKS)
			return; /* enough others did */
	} while (!atomic_compare_exchange_weak_explicit(&lock->stripe[stripe], &w,
							(uint16_t)(w + MARK), memory_order_relaxed,
							memory_order_relaxed));
	r->mark = stripe;
}

/* The first n stripes of r, from first on. */
static void unlock_span(struct tgt_rangelock *lock, const struct tgt_range *r, uint32_t first,
			uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		unlock_one(lock, r, (first + i) & (NR_STRIPES - 1));
}

bool tgt_rangelock_try(struct tgt_rangelock *lock, struct tgt_range *r)
{
	uint32_t first, n = span(r, &first);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t stripe = (first + i) & (NR_STRIPES - 1);

		if (r->write ? try_write(lock, stripe, stripe == r->mark)
			     : try_read(lock, r->reactor, stripe, r->impatient)) {
			if (stripe == r->mark)
				r->mark = TGT_RANGELOCK_NONE;
			continue;
		}
		unlock_span(lock, r, first, i);
		leave_mark(lock, r, stripe);
		return false;
	}
	tgt_rangelock_forget(lock, r);
	return true;
}

void tgt_rangelock_unlock(struct tgt_rangelock *lock, const struct tgt_range *r)
{
	uint32_t first, n = span(r, &first);

	unlock_span(lock, r, first, n);
}

bool tgt_rangelock_gather(struct tgt_rangelock *lock, uint64_t len, uint32_t *have)
{
	struct tgt_range all = { .len = len };
	uint32_t first, n = span(&all, &first);

	while (*have < n && try_read(lock, lock->nr_readers - 1, *have, true))
		++*have;
	return *have == n;
}

void tgt_rangelock_let_go(struct tgt_rangelock *lock, uint32_t *have)
{
	struct tgt_range all = { .reactor = lock->nr_readers - 1 };

	unlock_span(lock, &all, 0, *have);
	*have = 0;
}
