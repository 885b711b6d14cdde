/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/rangelock.c - stripes of one 32-bit word: readers 15:0, writer 16, waiting writers 31:24.
 * Owns, thread, blocking: see the header. */
#include "targetd/rangelock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NR_STRIPES 16384u /* 64 KiB a namespace */
#define PIECE_SHIFT 12

#define READERS 0xffffu
#define WRITER (1u << 16)
#define MARK (1u << 24)
#define MARKS (0xffu << 24)

struct tgt_rangelock {
	_Atomic uint32_t stripe[NR_STRIPES];
};

struct tgt_rangelock *tgt_rangelock_create(void)
{
	struct tgt_rangelock *lock = aligned_alloc(64, sizeof(*lock));

	if (lock)
		memset(lock, 0, sizeof(*lock));
	return lock;
}

void tgt_rangelock_destroy(struct tgt_rangelock *lock)
{
	free(lock);
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

static bool try_read(_Atomic uint32_t *s, bool impatient)
{
	uint32_t w = atomic_load_explicit(s, memory_order_relaxed);

	do {
		if (w & WRITER || (w & MARKS && !impatient) || (w & READERS) == READERS)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(s, &w, w + 1, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

/* marked: the mark on this stripe is ours, and goes with success. */
static bool try_write(_Atomic uint32_t *s, bool marked)
{
	uint32_t w = atomic_load_explicit(s, memory_order_relaxed);

	do {
		if (w & (WRITER | READERS))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(s, &w, (w | WRITER) - (marked ? MARK : 0),
							memory_order_acquire,
							memory_order_relaxed));
	return true;
}

static void unlock_one(_Atomic uint32_t *s, bool write)
{
	atomic_fetch_sub_explicit(s, write ? WRITER : 1, memory_order_release);
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
	uint32_t w;

	if (!r->write || r->mark == stripe)
		return;
	tgt_rangelock_forget(lock, r);
	w = atomic_load_explicit(&lock->stripe[stripe], memory_order_relaxed);
	do {
		if ((w & MARKS) == MARKS)
			return; /* enough others did */
	} while (!atomic_compare_exchange_weak_explicit(
		&lock->stripe[stripe], &w, w + MARK, memory_order_relaxed, memory_order_relaxed));
	r->mark = stripe;
}

static void unlock_span(struct tgt_rangelock *lock, uint32_t first, uint32_t n, bool write)
{
	for (uint32_t i = 0; i < n; i++)
		unlock_one(&lock->stripe[(first + i) & (NR_STRIPES - 1)], write);
}

bool tgt_rangelock_try(struct tgt_rangelock *lock, struct tgt_range *r)
{
	uint32_t first, n = span(r, &first);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t stripe = (first + i) & (NR_STRIPES - 1);
		_Atomic uint32_t *s = &lock->stripe[stripe];

		if (r->write ? try_write(s, stripe == r->mark) : try_read(s, r->impatient)) {
			if (stripe == r->mark)
				r->mark = TGT_RANGELOCK_NONE;
			continue;
		}
		unlock_span(lock, first, i, r->write);
		leave_mark(lock, r, stripe);
		return false;
	}
	tgt_rangelock_forget(lock, r);
	return true;
}

void tgt_rangelock_unlock(struct tgt_rangelock *lock, const struct tgt_range *r)
{
	uint32_t first, n = span(r, &first);

	unlock_span(lock, first, n, r->write);
}

bool tgt_rangelock_gather(struct tgt_rangelock *lock, uint64_t len, uint32_t *have)
{
	struct tgt_range all = { .len = len };
	uint32_t first, n = span(&all, &first);

	while (*have < n && try_read(&lock->stripe[*have], true))
		++*have;
	return *have == n;
}

void tgt_rangelock_let_go(struct tgt_rangelock *lock, uint32_t *have)
{
	unlock_span(lock, 0, *have, false);
	*have = 0;
}
