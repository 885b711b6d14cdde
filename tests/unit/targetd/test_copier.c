/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_copier.c - what a copier makes is what was there at one moment; it holds writers up no longer than it may.
 * Runs under TSan too. */
#include "config.h"

#include "targetd/copier.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "targetd/rangelock.h"
#include "tests/unit/unit.h"

#define SIZE (4u << 20)
#define STRIPE 4096u
#define LONG (60 * CMN_NS_PER_S)
#define FIRST 0 /* where the writer writes a number, ... */
#define SECOND (SIZE - STRIPE) /* ... and then the same there */

struct fixture {
	char folder[32], path[64], partial[64];
	int memfd, event_fd;
	uint64_t *mem;
	struct tgt_rangelock *lock;
	struct tgt_copier *copier;
	struct tgt_copier_result result;
	_Atomic bool stop;
	_Atomic uint64_t written;
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->folder, "/tmp/test_copier.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/image", f->folder);
	snprintf(f->partial, sizeof(f->partial), "%s/image.partial", f->folder);
	f->memfd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f->memfd, SIZE), 0);
	f->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f->memfd, 0);
	assert_ptr_not_equal(f->mem, MAP_FAILED);
	memset(f->mem, 0x5a, SIZE);
	f->mem[FIRST] = f->mem[SECOND / 8] = 0;
	f->lock = tgt_rangelock_create(1);
	f->event_fd = eventfd(0, EFD_CLOEXEC);
}

/* Whatever became of the copy: nobody is locked out, and no half of it is left. */
static void stop(struct fixture *f)
{
	struct tgt_range all = { .len = SIZE, .write = true, .mark = TGT_RANGELOCK_NONE };
	struct stat st;

	assert_true(tgt_rangelock_try(f->lock, &all));
	assert_int_equal(stat(f->partial, &st), -1);
	unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
	tgt_rangelock_destroy(f->lock);
	munmap(f->mem, SIZE);
	close(f->memfd);
	close(f->event_fd);
}

static void begin(struct fixture *f, uint64_t max_hold_ns)
{
	struct tgt_copier_params p = { .from = fcntl(f->memfd, F_DUPFD_CLOEXEC, 0),
				       .size = SIZE,
				       .path = f->path,
				       .lock = f->lock,
				       .max_hold_ns = max_hold_ns,
				       .event_fd = f->event_fd };
	struct cmn_err err = { 0 };

	f->copier = tgt_copier_start(&p, &err);
	assert_non_null(f->copier);
}

static bool wait_until(struct fixture *f, bool (*is)(const struct tgt_copier *c))
{
	struct pollfd p = { .fd = f->event_fd, .events = POLLIN };
	eventfd_t value;

	while (!is(f->copier)) {
		if (poll(&p, 1, 20000) != 1)
			return false;
		eventfd_read(f->event_fd, &value);
	}
	return true;
}

static int end(struct fixture *f)
{
	assert_true(wait_until(f, tgt_copier_has_ended));
	return tgt_copier_finish(f->copier, &f->result);
}

static struct tgt_range stripe(uint64_t offset, bool write)
{
	return (struct tgt_range){
		.offset = offset, .len = 8, .write = write, .mark = TGT_RANGELOCK_NONE
	};
}

static void write_number(struct fixture *f, uint64_t at, uint64_t n)
{
	struct tgt_range r = stripe(at, true);

	while (!tgt_rangelock_try(f->lock, &r))
		sched_yield();
	__atomic_store_n(&f->mem[at / 8], n, __ATOMIC_RELAXED); /* the kernel reads it */
	tgt_rangelock_unlock(f->lock, &r);
}

static void *writer_main(void *arg)
{
	struct fixture *f = arg;

	for (uint64_t n = 1; !atomic_load(&f->stop); n++) {
		write_number(f, FIRST, n);
		write_number(f, SECOND, n);
		atomic_store(&f->written, n);
	}
	return NULL;
}

static void test_an_image_is_of_one_moment_under_a_writer_that_never_rests(void **state)
{
	uint64_t before, after, first, second;
	struct fixture f;
	pthread_t writer;
	int fd;

	(void)state;
	start(&f);
	assert_int_equal(pthread_create(&writer, NULL, writer_main, &f), 0);
	for (int round = 0; round < 5; round++) {
		before = atomic_load(&f.written);
		begin(&f, LONG);
		assert_true(wait_until(&f, tgt_copier_has_left));
		after = atomic_load(&f.written) + 1;
		assert_int_equal(end(&f), 0);
		fd = open(f.path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(pread(fd, &first, 8, FIRST), 8);
		assert_int_equal(pread(fd, &second, 8, SECOND), 8);
		close(fd);
		assert_int_equal(unlink(f.path), 0);
		assert_true(first == second || first == second + 1);
		assert_in_range(first, before, after);
		while (atomic_load(&f.written) <= after) /* it goes on */
			sched_yield();
	}
	atomic_store(&f.stop, true);
	pthread_join(writer, NULL);
	stop(&f);
}

static void test_it_tells_what_it_did(void **state)
{
	struct fixture f;
	uint64_t now;

	(void)state;
	start(&f);
	now = cmn_wall_ms();
	begin(&f, LONG);
	assert_int_equal(end(&f), 0);
	assert_false(f.result.shared); /* memory and a disk */
	assert_in_range(f.result.taken_at, now, cmn_wall_ms());
	assert_true(f.result.held_ms < 20000);
	assert_int_equal(f.result.err.code, 0);
	stop(&f);
}

/* A write that is under way is waited for; those that come meanwhile wait, reads don't. */
static void test_reads_go_on_while_writes_wait(void **state)
{
	struct tgt_range busy = stripe(SECOND, true), read = stripe(FIRST, false),
			 write = stripe(FIRST, true);
	struct fixture f;

	(void)state;
	start(&f);
	assert_true(tgt_rangelock_try(f.lock, &busy));
	begin(&f, LONG);
	while (tgt_rangelock_try(f.lock, &write)) { /* until it is held */
		tgt_rangelock_unlock(f.lock, &write);
		sched_yield();
	}
	tgt_rangelock_forget(f.lock, &write);
	assert_true(tgt_rangelock_try(f.lock, &read));
	tgt_rangelock_unlock(f.lock, &read);
	assert_false(tgt_copier_has_left(f.copier));
	f.mem[SECOND / 8] = 77;
	tgt_rangelock_unlock(f.lock, &busy);
	assert_int_equal(end(&f), 0);
	assert_true(f.result.held_ms < 20000);
	stop(&f);
}

static void test_writes_wait_no_longer_than_they_may(void **state)
{
	struct tgt_range busy = stripe(SECOND, true);
	struct fixture f;

	(void)state;
	start(&f);
	begin(&f, 1); /* less than the copy takes */
	assert_int_equal(end(&f), -ETIMEDOUT);
	assert_string_equal(f.result.err.field, "max_hold_ms");
	assert_non_null(strstr(f.result.err.msg, "btrfs"));
	assert_true(tgt_rangelock_try(f.lock, &busy)); /* a command that takes for ever */
	begin(&f, 100 * CMN_NS_PER_MS);
	assert_int_equal(end(&f), -ETIMEDOUT);
	assert_string_equal(f.result.err.field, "max_hold_ms");
	assert_in_range(f.result.held_ms, 100, 20000);
	tgt_rangelock_unlock(f.lock, &busy);
	stop(&f);
}

static void test_it_gives_up_when_told_to(void **state)
{
	struct tgt_range busy = stripe(SECOND, true);
	struct fixture f;

	(void)state;
	start(&f);
	assert_true(tgt_rangelock_try(f.lock, &busy));
	begin(&f, LONG);
	tgt_copier_cancel(f.copier, "enough");
	assert_true(wait_until(&f, tgt_copier_has_left));
	assert_int_equal(end(&f), -ECANCELED);
	assert_string_equal(f.result.err.msg, "enough");
	tgt_rangelock_unlock(f.lock, &busy);
	stop(&f);
}

static void test_a_file_that_nobody_writes_to_is_no_matter_of_time(void **state)
{
	struct tgt_copier_params p = { .size = SIZE };
	struct cmn_err err = { 0 };
	struct fixture f;

	(void)state;
	start(&f);
	p.from = fcntl(f.memfd, F_DUPFD_CLOEXEC, 0);
	p.path = f.path;
	p.event_fd = f.event_fd;
	f.copier = tgt_copier_start(&p, &err);
	assert_non_null(f.copier);
	assert_true(tgt_copier_has_left(f.copier));
	assert_int_equal(end(&f), 0);
	assert_int_equal(f.result.held_ms, 0);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_image_is_of_one_moment_under_a_writer_that_never_rests),
		cmocka_unit_test(test_it_tells_what_it_did),
		cmocka_unit_test(test_reads_go_on_while_writes_wait),
		cmocka_unit_test(test_writes_wait_no_longer_than_they_may),
		cmocka_unit_test(test_it_gives_up_when_told_to),
		cmocka_unit_test(test_a_file_that_nobody_writes_to_is_no_matter_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
