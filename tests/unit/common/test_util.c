/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_util.c - descriptors, files, numbers, and the macros beside them. */
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/queue.h"
#include "common/util.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static void *slow_writer(void *arg)
{
	int fd = *(int *)arg;
	char *data = calloc(1, 300000);

	cmn_write_all(fd, data, 300000);
	close(fd);
	free(data);
	return NULL;
}

static void test_write_all_and_read_all_move_more_than_a_pipe_holds(void **state)
{
	char *buf = malloc(400000);
	pthread_t thread;
	int fds[2];

	(void)state;
	assert_non_null(buf);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pthread_create(&thread, NULL, slow_writer, &fds[1]), 0);
	assert_int_equal(cmn_read_all(fds[0], buf, 400000), 300000);
	pthread_join(thread, NULL);
	close(fds[0]);
	free(buf);
}

static void test_write_and_read_report_errno(void **state)
{
	char c;

	(void)state;
	assert_int_equal(cmn_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(cmn_read_all(-1, &c, 1), -EBADF);
}

static void test_read_file_reads_all_or_refuses(void **state)
{
	char path[] = "/tmp/pharos-test-XXXXXX";
	char *data = NULL;
	size_t len;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(cmn_write_all(fd, "hello", 5), 0);
	assert_int_equal(cmn_read_file(path, 5, &data, &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(data, "hello");
	free(data);
	assert_int_equal(cmn_read_file(path, 4, &data, &len), -EFBIG);
	assert_int_equal(ftruncate(fd, 100000), 0);
	assert_int_equal(cmn_read_file(path, 200000, &data, &len), 0);
	assert_int_equal(len, 100000);
	free(data);
	close(fd);
	unlink(path);
	assert_int_equal(cmn_read_file(path, 5, &data, &len), -ENOENT);
}

static void test_flags_are_set_and_cleared(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(cmn_set_nonblock(fds[0], true), 0);
	assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(cmn_set_nonblock(fds[0], false), 0);
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(cmn_set_cloexec(fds[0], true), 0);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(cmn_set_nonblock(-1, true), -EBADF);
}

static void test_parse_u64_takes_digits_only(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0" };
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cmn_parse_u64(bad[i], 0, UINT64_MAX, &value), -EINVAL);
	assert_int_equal(cmn_parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(cmn_parse_u64("65536", 1, 65535, &value), -ERANGE);
	assert_int_equal(cmn_parse_u64("0", 1, 65535, &value), -ERANGE);
	assert_int_equal(value, 7);
	assert_int_equal(cmn_parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
}

static void test_strlcpy_says_when_it_cut(void **state)
{
	char buf[4];

	(void)state;
	assert_true(cmn_strlcpy(buf, "abc", sizeof(buf)));
	assert_string_equal(buf, "abc");
	assert_false(cmn_strlcpy(buf, "abcd", sizeof(buf)));
	assert_string_equal(buf, "abc");
}

static void test_clocks_run(void **state)
{
	uint64_t before = cmn_now_ns();
	struct timespec ts = { .tv_nsec = 2000000 };

	(void)state;
	nanosleep(&ts, NULL);
	assert_true(cmn_now_ns() - before >= 2 * CMN_NS_PER_MS);
	assert_true(cmn_wall_ms() / 1000 + 1 >= (uint64_t)time(NULL));
	assert_true(cmn_wall_ms() / 1000 <= (uint64_t)time(NULL) + 1);
}

struct item {
	int n;
	TAILQ_ENTRY(item) link;
};

TAILQ_HEAD(item_list, item);

static void test_list_loop_allows_removal(void **state)
{
	struct item_list list = TAILQ_HEAD_INITIALIZER(list);
	struct item *it, *next;
	int seen = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		it = malloc(sizeof(*it));
		assert_non_null(it);
		it->n = i;
		TAILQ_INSERT_TAIL(&list, it, link);
	}
	TAILQ_FOREACH_SAFE(it, &list, link, next) {
		assert_int_equal(it->n, seen++);
		TAILQ_REMOVE(&list, it, link);
		free(it);
	}
	assert_int_equal(seen, 3);
	assert_true(TAILQ_EMPTY(&list));
}

static void test_macros_compute(void **state)
{
	struct item it = { .n = 5 };
	int *n = &it.n;

	(void)state;
	assert_ptr_equal(cmn_container_of(n, struct item, n), &it);
	assert_int_equal(cmn_min(3, 4), 3);
	assert_int_equal(cmn_max(3, 4), 4);
	assert_int_equal(CMN_ALIGN_UP(4097u, 4096u), 8192);
	assert_int_equal(CMN_ALIGN_UP(4096u, 4096u), 4096);
}

static int open_and_leave(bool take)
{
	cmn_autoclose int fd = open("/dev/null", O_RDONLY);
	cmn_autofree char *mem = strdup("x");

	assert_non_null(mem);
	if (take)
		return cmn_take_fd(&fd);
	return fd;
}

static void test_cleanup_closes_unless_taken(void **state)
{
	int fd;

	(void)state;
	fd = open_and_leave(false);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	fd = open_and_leave(true);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_all_and_read_all_move_more_than_a_pipe_holds),
		cmocka_unit_test(test_write_and_read_report_errno),
		cmocka_unit_test(test_read_file_reads_all_or_refuses),
		cmocka_unit_test(test_flags_are_set_and_cleared),
		cmocka_unit_test(test_parse_u64_takes_digits_only),
		cmocka_unit_test(test_strlcpy_says_when_it_cut),
		cmocka_unit_test(test_clocks_run),
		cmocka_unit_test(test_list_loop_allows_removal),
		cmocka_unit_test(test_macros_compute),
		cmocka_unit_test(test_cleanup_closes_unless_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
