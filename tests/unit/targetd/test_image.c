/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_image.c - an image has the bytes and the holes of what it is of, or isn't there at all. */
#include "config.h"

#include "targetd/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define SIZE (4u << 20)
#define DATA_AT (1u << 20)
#define DATA_LEN (300u << 10) /* more than a piece, no multiple of one */

struct fixture {
	char folder[32], path[64], partial[64];
	int from;
	struct tgt_image_params p;
	bool shared;
	struct cmn_err err;
	unsigned int held, released, asked;
	uint64_t stop_at; /* go_on() refuses from here on */
	bool stop_while_held; /* not before */
	const char *meanwhile; /* a file made by hold() */
	void (*change)(int from); /* by hold(): what is written before the moment */
	const char *hog; /* a file made by go_on() that takes all room there is */
};

static int hold(void *arg, struct cmn_err *err)
{
	struct fixture *f = arg;

	(void)err;
	f->held++;
	if (f->meanwhile)
		close(open(f->meanwhile, O_CREAT | O_WRONLY, 0600));
	if (f->change)
		f->change(f->from);
	return 0;
}

static int refuse_hold(void *arg, struct cmn_err *err)
{
	(void)arg;
	return cmn_err_set(err, -ETIMEDOUT, "max_hold_ms", "not now");
}

static void release(void *arg)
{
	((struct fixture *)arg)->released++;
}

static void take_all_room(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	static const uint8_t zero[4096];

	while (write(fd, zero, sizeof(zero)) > 0)
		;
	close(fd);
}

static int go_on(void *arg, uint64_t done, struct cmn_err *err)
{
	struct fixture *f = arg;

	f->asked++;
	if (f->hog)
		take_all_room(f->hog);
	assert_true(done <= f->p.size);
	return done >= f->stop_at && (f->held || !f->stop_while_held)
		       ? cmn_err_set(err, -ECANCELED, NULL, "enough")
		       : 0;
}

static void fill(int fd, uint64_t at, size_t len)
{
	uint8_t *buf = malloc(len);
	unsigned int seed = 7;

	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(rand_r(&seed) >> 3);
	assert_int_equal(pwrite(fd, buf, len, (off_t)at), len);
	free(buf);
}

/* A source with data in its middle only. */
static void start(struct fixture *f)
{
	char name[64];

	memset(f, 0, sizeof(*f));
	strcpy(f->folder, "/tmp/test_image.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/image", f->folder);
	snprintf(f->partial, sizeof(f->partial), "%s/image.partial", f->folder);
	snprintf(name, sizeof(name), "%s/from", f->folder);
	f->from = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(f->from >= 0);
	assert_int_equal(ftruncate(f->from, SIZE), 0);
	fill(f->from, DATA_AT, DATA_LEN);
	f->stop_at = UINT64_MAX;
	f->p = (struct tgt_image_params){ .from = f->from,
					  .size = SIZE,
					  .path = f->path,
					  .hold = hold,
					  .release = release,
					  .go_on = go_on,
					  .arg = f };
}

static void stop(struct fixture *f)
{
	char command[64];

	close(f->from);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int make(struct fixture *f)
{
	cmn_err_clear(&f->err);
	return tgt_image_make(&f->p, &f->shared, &f->err);
}

/* Nothing is left, writers may go on, and *field is to blame. */
static void assert_fails(struct fixture *f, int code, const char *field)
{
	assert_int_equal(make(f), code);
	assert_int_equal(f->err.code, code);
	assert_string_equal(f->err.field, field);
	assert_true(f->err.msg[0]);
	assert_int_equal(f->held, f->released);
	assert_false(exists(f->partial));
}

static void assert_same(const struct fixture *f)
{
	int fd = open(f->path, O_RDONLY);
	uint8_t *a = malloc(SIZE), *b = malloc(SIZE);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, f->p.size);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(pread(f->from, a, f->p.size, 0), f->p.size);
	assert_int_equal(pread(fd, b, f->p.size, 0), f->p.size);
	assert_memory_equal(a, b, f->p.size);
	assert_false(exists(f->partial));
	free(a);
	free(b);
	close(fd);
}

static void test_it_has_the_bytes_and_the_holes(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	start(&f);
	assert_int_equal(make(&f), 0);
	assert_same(&f);
	assert_int_equal(f.held, 1);
	assert_int_equal(f.released, 1);
	assert_true(f.asked > 1);
	assert_int_equal(stat(f.path, &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 < SIZE / 2);
	stop(&f);
}

static void test_it_has_as_many_bytes_as_are_wanted(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.p.size = DATA_AT + 12345;
	f.p.hold = NULL; /* nobody writes to it */
	f.p.release = NULL;
	assert_int_equal(make(&f), 0);
	assert_same(&f);
	stop(&f);
}

/* Data where there was a hole, a hole where there was data, other data. */
static void change_all_ways(int from)
{
	fill(from, SIZE - 8192, 4096);
	assert_int_equal(
		fallocate(from, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, DATA_AT, 65536), 0);
	fill(from, DATA_AT + 131072 + 1, 3);
	fill(from, DATA_AT + DATA_LEN - 100, 300);
}

static void test_it_has_what_was_there_when_it_was_held(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	start(&f);
	f.change = change_all_ways;
	assert_int_equal(make(&f), 0);
	assert_same(&f);
	assert_int_equal(stat(f.path, &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 < DATA_LEN);
	stop(&f);
}

static void test_what_ends_too_early_is_no_image(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.p.size = SIZE + 4096;
	assert_fails(&f, -EIO, "");
	assert_int_equal(f.held, 0); /* nobody has to wait for that */
	stop(&f);
}

static void test_nothing_is_left_when_it_is_given_up(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.stop_at = DATA_AT + 1;
	assert_fails(&f, -ECANCELED, "");
	assert_int_equal(f.held, 0);
	f.stop_while_held = true;
	assert_fails(&f, -ECANCELED, "");
	assert_int_equal(f.held, 1);
	f.stop_at = SIZE; /* not before it is made durable */
	assert_fails(&f, -ECANCELED, "");
	f.p.hold = refuse_hold;
	f.p.release = NULL;
	assert_int_equal(make(&f), -ETIMEDOUT);
	assert_string_equal(f.err.msg, "not now");
	assert_false(exists(f.partial));
	assert_false(exists(f.path));
	stop(&f);
}

static void test_a_file_that_is_there_is_never_replaced(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.meanwhile = f.path;
	assert_fails(&f, -EEXIST, "path");
	assert_int_equal(f.held, 1);
	assert_fails(&f, -EEXIST,
		     "path"); /* now it is there from the beginning, and nobody is held up */
	assert_int_equal(f.held, 1);
	assert_int_equal(unlink(f.path), 0);
	assert_int_equal(symlink("nowhere", f.path), 0);
	assert_fails(&f, -EEXIST, "path");
	stop(&f);
}

static void test_an_old_partial_file_is_replaced_and_a_link_not_followed(void **state)
{
	char victim[64];
	struct fixture f;
	struct stat st;

	(void)state;
	start(&f);
	snprintf(victim, sizeof(victim), "%s/victim", f.folder);
	close(open(victim, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(symlink(victim, f.partial), 0);
	assert_int_equal(make(&f), 0);
	assert_same(&f);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 0);
	stop(&f);
}

static void test_a_path_that_will_not_do_is_named(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.p.path = "image";
	assert_fails(&f, -EINVAL, "path");
	f.p.path = "/tmp/";
	assert_fails(&f, -EINVAL, "path");
	f.p.path = "/no/such/folder/image";
	assert_fails(&f, -ENOENT, "path");
	assert_int_equal(f.held, 0);
	stop(&f);
}

static void test_a_size_that_the_file_system_will_not_take_is_no_image(void **state)
{
	struct rlimit before, small = { .rlim_cur = SIZE / 2 };
	struct fixture f;

	(void)state;
	start(&f);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_fails(&f, -EFBIG, "path");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(exists(f.path));
	stop(&f);
}

/* ---- on file systems of our own, in a mount namespace of our own ---- */

static bool can_mount(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	print_message("SKIP: mounting needs root\n");
	return false;
}

static void mount_small(struct fixture *f, const char *options)
{
	char mounted[64];

	snprintf(mounted, sizeof(mounted), "%s/small", f->folder);
	snprintf(f->path, sizeof(f->path), "%s/small/image", f->folder);
	snprintf(f->partial, sizeof(f->partial), "%s/small/image.partial", f->folder);
	mkdir(mounted, 0700);
	assert_int_equal(mount("small", mounted, "tmpfs", 0, options), 0);
}

static void unmount_small(struct fixture *f)
{
	char mounted[64];

	snprintf(mounted, sizeof(mounted), "%s/small", f->folder);
	assert_int_equal(umount2(mounted, MNT_DETACH), 0);
}

static void test_a_full_disk_is_found_before_much_is_copied(void **state)
{
	struct fixture f;

	(void)state;
	if (!can_mount())
		skip();
	start(&f);
	fill(f.from, 0, SIZE);
	mount_small(&f, "size=1m");
	assert_fails(&f, -ENOSPC, "path");
	assert_int_equal(f.held, 0);
	assert_int_equal(f.asked, 0);
	unmount_small(&f);
	stop(&f);
}

static void test_a_disk_that_fills_up_meanwhile_has_no_image(void **state)
{
	struct fixture f;
	char hog[64];

	(void)state;
	if (!can_mount())
		skip();
	start(&f);
	mount_small(&f, "size=2m");
	snprintf(hog, sizeof(hog), "%s/small/hog", f.folder);
	f.hog = hog;
	assert_fails(&f, -ENOSPC, "path");
	assert_int_equal(f.asked, 1);
	assert_false(exists(f.path));
	unmount_small(&f);
	stop(&f);
}

static void test_blocks_are_shared_where_the_file_system_can(void **state)
{
	char command[256], mounted[64], name[64];
	uint8_t changed[4096], kept[4096];
	struct fixture f;
	int image;

	(void)state;
	if (!can_mount())
		skip();
	start(&f);
	close(f.from);
	snprintf(mounted, sizeof(mounted), "%s/mnt", f.folder);
	snprintf(command, sizeof(command),
		 "cd %s && mkdir mnt && truncate -s 320M disk && mkfs.xfs -q disk && mount -o loop "
		 "disk mnt",
		 f.folder);
	if (system(command) != 0) {
		print_message("SKIP: no XFS on a loop device\n");
		f.from = -1;
		stop(&f);
		skip();
	}
	snprintf(name, sizeof(name), "%s/from", mounted);
	snprintf(f.path, sizeof(f.path), "%s/image", mounted);
	snprintf(f.partial, sizeof(f.partial), "%s/image.partial", mounted);
	f.from = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fill(f.from, 0, SIZE);
	f.p.from = f.from;
	f.p.size = SIZE - 512; /* of which it may be a part */
	assert_int_equal(make(&f), 0);
	assert_true(f.shared);
	assert_same(&f);
	fill(f.from, 4096, 4096); /* the image stays as it was */
	assert_int_equal(pread(f.from, changed, sizeof(changed), 4096), sizeof(changed));
	image = open(f.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(image, kept, sizeof(kept), 4096), sizeof(kept));
	assert_memory_not_equal(changed, kept, sizeof(kept));
	close(image);
	close(f.from);
	f.from = -1;
	assert_int_equal(umount2(mounted, 0), 0);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_has_the_bytes_and_the_holes),
		cmocka_unit_test(test_it_has_as_many_bytes_as_are_wanted),
		cmocka_unit_test(test_it_has_what_was_there_when_it_was_held),
		cmocka_unit_test(test_what_ends_too_early_is_no_image),
		cmocka_unit_test(test_nothing_is_left_when_it_is_given_up),
		cmocka_unit_test(test_a_file_that_is_there_is_never_replaced),
		cmocka_unit_test(test_an_old_partial_file_is_replaced_and_a_link_not_followed),
		cmocka_unit_test(test_a_path_that_will_not_do_is_named),
		cmocka_unit_test(test_a_size_that_the_file_system_will_not_take_is_no_image),
		cmocka_unit_test(test_a_full_disk_is_found_before_much_is_copied),
		cmocka_unit_test(test_a_disk_that_fills_up_meanwhile_has_no_image),
		cmocka_unit_test(test_blocks_are_shared_where_the_file_system_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
