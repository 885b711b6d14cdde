/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_log.c - what a line looks like, and that it stays one line. */
#include "common/log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char captured[256 * 1024];

struct capture {
	int saved;
	FILE *file;
};

static void capture_start(struct capture *c)
{
	fflush(stderr);
	c->file = tmpfile();
	assert_non_null(c->file);
	c->saved = dup(STDERR_FILENO);
	dup2(fileno(c->file), STDERR_FILENO);
}

static const char *capture_end(struct capture *c)
{
	size_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	rewind(c->file);
	n = fread(captured, 1, sizeof(captured) - 1, c->file);
	captured[n] = '\0';
	fclose(c->file);
	return captured;
}

static void test_logfmt_line_has_event_then_pairs(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	cmn_log_init("tester");
	cmn_log_set_form(CMN_LOG_LOGFMT);
	capture_start(&c);
	cmn_info("listener ready", "addr=%s port=%u", "::1", 4420u);
	line = capture_end(&c);
	assert_int_equal(strncmp(line, "ts=2", 4), 0);
	assert_non_null(strstr(
		line, "Z level=info prog=tester event=\"listener ready\" addr=::1 port=4420\n"));
}

static void test_journal_line_starts_with_its_priority(void **state)
{
	struct capture c;

	(void)state;
	cmn_log_set_form(CMN_LOG_JOURNAL);
	capture_start(&c);
	cmn_error("disk gone", "nsid=%d", 1);
	cmn_warn("no avahi", "");
	assert_string_equal(capture_end(&c),
			    "<3>event=\"disk gone\" nsid=1\n<4>event=\"no avahi\"\n");
}

static void test_journal_stream_selects_the_journal_form(void **state)
{
	struct capture c;

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	cmn_log_init("tester");
	unsetenv("JOURNAL_STREAM");
	capture_start(&c);
	cmn_info("x", "");
	assert_string_equal(capture_end(&c), "<6>event=\"x\"\n");
}

static void test_level_below_threshold_is_not_written(void **state)
{
	enum cmn_log_level level;
	struct capture c;

	(void)state;
	assert_int_equal(cmn_log_level_parse("warn", &level), 0);
	assert_int_equal(cmn_log_level_parse("loud", &level), -EINVAL);
	cmn_log_set_level(level);
	capture_start(&c);
	cmn_info("hidden", "");
	cmn_debug("hidden", "");
	assert_string_equal(capture_end(&c), "");
	cmn_log_set_level(CMN_LOG_INFO);
}

static void test_line_feed_in_a_value_does_not_make_a_second_line(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	capture_start(&c);
	cmn_info("x", "v=%s", "a\nlevel=error");
	line = capture_end(&c);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void test_overlong_line_is_cut_and_ended(void **state)
{
	char text[8000];
	struct capture c;
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture_start(&c);
	cmn_info("x", "v=%s", text);
	line = capture_end(&c);
	assert_true(strlen(line) <= 2048);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void test_quote_escapes_only_what_needs_it(void **state)
{
	char buf[64];
	char tiny[8];

	(void)state;
	assert_string_equal(cmn_log_quote("nqn.x:y", buf, sizeof(buf)), "nqn.x:y");
	assert_string_equal(cmn_log_quote("", buf, sizeof(buf)), "\"\"");
	assert_string_equal(cmn_log_quote(NULL, buf, sizeof(buf)), "\"\"");
	assert_string_equal(cmn_log_quote("a b", buf, sizeof(buf)), "\"a b\"");
	assert_string_equal(cmn_log_quote("a\"\\\n", buf, sizeof(buf)), "\"a\\\"\\\\\\x0a\"");
	assert_true(strlen(cmn_log_quote("\n\n\n\n\n\n", tiny, sizeof(tiny))) < sizeof(tiny));
	assert_string_equal(CMN_Q("a=b"), "\"a=b\"");
}

static void test_logging_leaves_errno_alone(void **state)
{
	struct capture c;

	(void)state;
	capture_start(&c);
	errno = ENOENT;
	cmn_info("x", "");
	assert_int_equal(errno, ENOENT);
	capture_end(&c);
}

static void *writer(void *arg)
{
	for (int i = 0; i < 200; i++)
		cmn_info("thread", "id=%d end=1", *(int *)arg);
	return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
	int ids[4] = { 0, 1, 2, 3 };
	pthread_t threads[4];
	struct capture c;
	char *line, *rest;
	int n = 0;

	(void)state;
	capture_start(&c);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer, &ids[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	capture_end(&c);
	for (line = strtok_r(captured, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char end[8] = "";
		int id;

		assert_int_equal(sscanf(line, "<6>event=\"thread\" id=%d %7s", &id, end), 2);
		assert_string_equal(end, "end=1");
		n++;
	}
	assert_int_equal(n, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logfmt_line_has_event_then_pairs),
		cmocka_unit_test(test_journal_line_starts_with_its_priority),
		cmocka_unit_test(test_journal_stream_selects_the_journal_form),
		cmocka_unit_test(test_level_below_threshold_is_not_written),
		cmocka_unit_test(test_line_feed_in_a_value_does_not_make_a_second_line),
		cmocka_unit_test(test_overlong_line_is_cut_and_ended),
		cmocka_unit_test(test_quote_escapes_only_what_needs_it),
		cmocka_unit_test(test_logging_leaves_errno_alone),
		cmocka_unit_test(test_lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
