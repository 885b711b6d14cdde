/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/supervise/test_files.c - what a copy has left is removed, and what may be somebody else's is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discoveryd/supervise/files.h"
#include "tests/unit/unit.h"

#define SIZE 4096

static char folder[] = "/tmp/pharos-files-XXXXXX", path[64], partial[80];

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/copy", folder);
	snprintf(partial, sizeof(partial), "%s.partial", path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void make(const char *name, mode_t mode, off_t size)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

static void test_half_a_copy_goes(void **state)
{
	(void)state;
	make(partial, 0600, 10);
	assert_int_equal(sup_file_clean(path, SIZE), 0);
	assert_false(is_there(partial));
}

static void test_a_whole_copy_that_nobody_heard_of_goes(void **state)
{
	(void)state;
	make(path, 0600, SIZE);
	assert_int_equal(sup_file_clean(path, SIZE), 0);
	assert_false(is_there(path));
}

/* Each is what no copy of that size would be. */
static void test_what_may_be_somebody_elses_stays(void **state)
{
	char other[80];

	(void)state;
	make(path, 0600, SIZE + 1);
	assert_int_equal(sup_file_clean(path, SIZE), 0);
	assert_int_equal(unlink(path), 0);
	make(path, 0644, SIZE);
	assert_int_equal(sup_file_clean(path, SIZE), 0);
	assert_int_equal(unlink(path), 0);
	snprintf(other, sizeof(other), "%s/other", folder);
	make(other, 0600, SIZE);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(sup_file_clean(path, SIZE), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(link(other, path), 0);
	assert_int_equal(sup_file_clean(path, SIZE), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(other), 0);
}

static void test_a_file_goes_once(void **state)
{
	(void)state;
	make(path, 0600, SIZE);
	assert_int_equal(sup_file_remove(path, 0), 0);
	assert_false(is_there(path));
	assert_int_equal(sup_file_remove(path, 0), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(sup_file_remove(path, 0), -EISDIR);
	assert_int_equal(rmdir(path), 0);
}

static void test_a_file_grows(void **state)
{
	struct stat st;

	(void)state;
	make(path, 0600, SIZE);
	assert_int_equal(sup_file_grow(path, 3 * SIZE), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3 * SIZE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sup_file_grow(path, SIZE), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_a_copy_goes),
		cmocka_unit_test(test_a_whole_copy_that_nobody_heard_of_goes),
		cmocka_unit_test(test_what_may_be_somebody_elses_stays),
		cmocka_unit_test(test_a_file_goes_once),
		cmocka_unit_test(test_a_file_grows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
