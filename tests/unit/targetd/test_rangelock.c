/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_rangelock.c - who shares, who excludes, who waits; and threads that would see a torn block.
 * Runs under TSan too. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "targetd/rangelock.h"
#include "tests/unit/unit.h"

static struct tgt_range range(uint64_t offset, uint64_t len, bool write)
{
	return (struct tgt_range){
		.offset = offset, .len = len, .write = write, .mark = TGT_RANGELOCK_NONE
	};
}

static void test_readers_share_and_a_writer_is_alone(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range a = range(0, 8192, false), b = range(4096, 4096, false),
			 w = range(4608, 512, true);

	(void)state;
	assert_true(tgt_rangelock_try(l, &a));
	assert_true(tgt_rangelock_try(l, &b));
	assert_false(tgt_rangelock_try(l, &w));
	tgt_rangelock_unlock(l, &a);
	assert_false(tgt_rangelock_try(l, &w));
	tgt_rangelock_unlock(l, &b);
	assert_true(tgt_rangelock_try(l, &w));
	assert_false(tgt_rangelock_try(l, &a));
	tgt_rangelock_unlock(l, &w);
	assert_true(tgt_rangelock_try(l, &a));
	tgt_rangelock_unlock(l, &a);
	tgt_rangelock_destroy(l);
}

static void test_a_writer_sees_the_readers_of_every_reactor(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(3);
	struct tgt_range w = range(0, 512, true), r = range(0, 512, false);

	(void)state;
	for (r.reactor = 0; r.reactor < 3; r.reactor++) {
		struct tgt_range other = range(0, 512, false);

		assert_true(tgt_rangelock_try(l, &r));
		assert_false(tgt_rangelock_try(l, &w));
		assert_false(tgt_rangelock_try(l, &other)); /* it waits */
		tgt_rangelock_unlock(l, &r);
		assert_true(tgt_rangelock_try(l, &w));
		assert_false(tgt_rangelock_try(l, &r));
		tgt_rangelock_unlock(l, &w);
	}
	tgt_rangelock_destroy(l);
}

static void test_a_failed_try_leaves_nothing_locked(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range last = range(7 << 12, 4096, true), all = range(0, 8 << 12, true);

	(void)state;
	assert_true(tgt_rangelock_try(l, &last));
	assert_false(tgt_rangelock_try(l, &all));
	for (uint64_t i = 0; i < 7; i++) {
		struct tgt_range r = range(i << 12, 4096, true);

		assert_true(tgt_rangelock_try(l, &r));
		tgt_rangelock_unlock(l, &r);
	}
	tgt_rangelock_forget(l, &all);
	tgt_rangelock_unlock(l, &last);
	tgt_rangelock_destroy(l);
}

static void test_ranges_apart_do_not_meet(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range a = range(0, 4096, true), b = range(4096, 4096, true),
			 none = range(0, 0, true);

	(void)state;
	assert_true(tgt_rangelock_try(l, &a));
	assert_true(tgt_rangelock_try(l, &b));
	assert_true(tgt_rangelock_try(l, &none)); /* Flush */
	tgt_rangelock_unlock(l, &none);
	tgt_rangelock_unlock(l, &a);
	tgt_rangelock_unlock(l, &b);
	tgt_rangelock_destroy(l);
}

static void test_a_range_longer_than_all_stripes_locks_each_once(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range huge = range(512, 1ull << 40, true), r = range(123 << 12, 1, false);

	(void)state;
	assert_true(tgt_rangelock_try(l, &huge));
	assert_false(tgt_rangelock_try(l, &r));
	tgt_rangelock_unlock(l, &huge);
	assert_true(tgt_rangelock_try(l, &r));
	tgt_rangelock_unlock(l, &r);
	tgt_rangelock_destroy(l);
}

static void test_new_readers_stand_back_from_a_waiting_writer_unless_impatient(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range r1 = range(0, 512, false), w = range(0, 512, true),
			 r2 = range(512, 512, false);

	(void)state;
	assert_true(tgt_rangelock_try(l, &r1));
	assert_false(tgt_rangelock_try(l, &w));
	assert_false(tgt_rangelock_try(l, &r2));
	r2.impatient = true;
	assert_true(tgt_rangelock_try(l, &r2));
	tgt_rangelock_unlock(l, &r2);
	r2.impatient = false;
	tgt_rangelock_unlock(l, &r1);
	assert_false(tgt_rangelock_try(l, &r2));
	assert_true(tgt_rangelock_try(l, &w)); /* takes its mark away */
	tgt_rangelock_unlock(l, &w);
	assert_true(tgt_rangelock_try(l, &r2));
	tgt_rangelock_unlock(l, &r2);
	tgt_rangelock_destroy(l);
}

static void test_a_writer_that_gives_up_takes_its_mark_away(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range r = range(0, 512, false), w = range(0, 512, true);

	(void)state;
	assert_true(tgt_rangelock_try(l, &r));
	for (int i = 0; i < 1000; i++) /* trying often leaves one mark */
		assert_false(tgt_rangelock_try(l, &w));
	tgt_rangelock_forget(l, &w);
	tgt_rangelock_forget(l, &w);
	assert_true(tgt_rangelock_try(l, &r));
	tgt_rangelock_unlock(l, &r);
	tgt_rangelock_unlock(l, &r);
	tgt_rangelock_destroy(l);
}

static void test_a_reader_of_all_keeps_what_it_has_until_it_has_the_rest(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range busy = range(5 << 12, 4096, true), early = range(0, 512, true),
			 late = range(6 << 12, 512, true), reader = range(0, 512, false),
			 beyond = range(8 << 12, 512, true);
	uint32_t have = 0;

	(void)state;
	assert_true(tgt_rangelock_try(l, &busy));
	assert_false(tgt_rangelock_gather(l, 8 << 12, &have));
	assert_int_equal(have, 5);
	assert_true(tgt_rangelock_try(l, &reader));
	assert_false(tgt_rangelock_try(l, &early)); /* and leaves its mark */
	assert_true(tgt_rangelock_try(l, &late));
	tgt_rangelock_unlock(l, &late);
	tgt_rangelock_unlock(l, &busy);
	assert_true(tgt_rangelock_gather(l, 8 << 12, &have));
	assert_int_equal(have, 8);
	assert_false(tgt_rangelock_try(l, &late));
	assert_true(tgt_rangelock_try(l, &beyond));
	tgt_rangelock_unlock(l, &reader);
	tgt_rangelock_let_go(l, &have);
	assert_int_equal(have, 0);
	assert_true(tgt_rangelock_try(l, &early));
	assert_true(tgt_rangelock_try(l, &late));
	tgt_rangelock_destroy(l);
}

static void test_a_reader_of_all_passes_by_writers_that_wait(void **state)
{
	struct tgt_rangelock *l = tgt_rangelock_create(2);
	struct tgt_range r = range(0, 512, false), w = range(0, 512, true);
	uint32_t have = 0;

	(void)state;
	assert_true(tgt_rangelock_try(l, &r));
	assert_false(tgt_rangelock_try(l, &w));
	assert_true(tgt_rangelock_gather(l, 1ull << 40, &have));
	tgt_rangelock_unlock(l, &r);
	assert_false(tgt_rangelock_try(l, &w));
	tgt_rangelock_let_go(l, &have);
	assert_true(tgt_rangelock_try(l, &w));
	tgt_rangelock_destroy(l);
}

/* ---- threads ---- */

#define BYTES (64u << 10)
#define ROUNDS 20000

static struct {
	struct tgt_rangelock *lock;
	uint8_t mem[BYTES]; /* plain memory: TSan and the check below see what isn't excluded */
	_Atomic unsigned int torn, reads, writes;
} shared;

static void pick(unsigned int *seed, struct tgt_range *r)
{
	r->len = (1 + (unsigned int)rand_r(seed) % 8) * 2048;
	r->offset = (unsigned int)rand_r(seed) % ((BYTES - r->len) / 512 + 1) * 512;
	r->mark = TGT_RANGELOCK_NONE;
}

static void lock_it(struct tgt_range *r)
{
	for (unsigned int tries = 0; !tgt_rangelock_try(shared.lock, r); tries++) {
		r->impatient = tries > 8;
		sched_yield();
	}
}

static void *writer_main(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct tgt_range r = { .write = true };

		pick(&seed, &r);
		lock_it(&r);
		memset(shared.mem + r.offset, (int)(i & 0xff), r.len);
		for (uint64_t k = 1; k < r.len; k += 511)
			if (shared.mem[r.offset + k] != (i & 0xff))
				atomic_fetch_add(&shared.torn, 1);
		tgt_rangelock_unlock(shared.lock, &r);
		atomic_fetch_add(&shared.writes, 1);
	}
	return NULL;
}

static void *reader_main(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	uint8_t copy[16 << 10];

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct tgt_range r = { .reactor = (uintptr_t)arg % 2 };

		pick(&seed, &r);
		lock_it(&r);
		memcpy(copy, shared.mem + r.offset, r.len);
		if (memcmp(copy, shared.mem + r.offset, r.len) != 0)
			atomic_fetch_add(&shared.torn, 1);
		tgt_rangelock_unlock(shared.lock, &r);
		atomic_fetch_add(&shared.reads, 1);
	}
	return NULL;
}

static void test_threads_never_see_a_range_change_under_them_and_all_get_through(void **state)
{
	pthread_t t[4];

	(void)state;
	shared.lock = tgt_rangelock_create(2);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, i < 2 ? writer_main : reader_main,
						(void *)(uintptr_t)(i + 1)),
				 0);
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(shared.torn, 0);
	assert_int_equal(shared.reads, 2 * ROUNDS);
	assert_int_equal(shared.writes, 2 * ROUNDS);
	{ /* nothing is left locked or marked */
		struct tgt_range all = range(0, BYTES, true), r = range(0, BYTES, false);

		assert_true(tgt_rangelock_try(shared.lock, &all));
		tgt_rangelock_unlock(shared.lock, &all);
		assert_true(tgt_rangelock_try(shared.lock, &r));
	}
	tgt_rangelock_destroy(shared.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers_share_and_a_writer_is_alone),
		cmocka_unit_test(test_a_writer_sees_the_readers_of_every_reactor),
		cmocka_unit_test(test_a_failed_try_leaves_nothing_locked),
		cmocka_unit_test(test_ranges_apart_do_not_meet),
		cmocka_unit_test(test_a_range_longer_than_all_stripes_locks_each_once),
		cmocka_unit_test(
			test_new_readers_stand_back_from_a_waiting_writer_unless_impatient),
		cmocka_unit_test(test_a_writer_that_gives_up_takes_its_mark_away),
		cmocka_unit_test(test_a_reader_of_all_keeps_what_it_has_until_it_has_the_rest),
		cmocka_unit_test(test_a_reader_of_all_passes_by_writers_that_wait),
		cmocka_unit_test(
			test_threads_never_see_a_range_change_under_them_and_all_get_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
