/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/common/test_log.c - what a line looks like, and that it stays one line. */
#include "common/log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static void test_a_line_of_json_has_event_then_pairs(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	cmn_log_init("tester");
	assert_int_equal(cmn_log_form(), CMN_LOG_JSON); /* no terminal, no journal */
	capture_start(&c);
	cmn_info("listener ready", "addr=%s port=%u reason=%s", "::1", 4420u,
		 CMN_Q("a \"b\"=c\\\n"));
	line = capture_end(&c);
	assert_int_equal(strncmp(line, "{\"ts\":\"2", 8), 0);
	assert_non_null(strstr(line,
			       "Z\",\"level\":\"info\",\"prog\":\"tester\",\"event\":\"listener "
			       "ready\",\"addr\":\"::1\","
			       "\"port\":\"4420\",\"reason\":\"a \\\"b\\\"=c\\\\\\u000a\"}\n"));
}

static void test_what_a_caller_forgot_to_quote_stays_one_value(void **state)
{
	struct capture c;

	(void)state;
	capture_start(&c);
	cmn_warn("x", "reason=%s errno=%d", "No such file or directory", 2);
	assert_non_null(strstr(capture_end(&c),
			       "\"reason\":\"No such file or directory\",\"errno\":\"2\"}"));
}

static void test_json_is_utf8_whatever_a_value_holds(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	capture_start(&c);
	cmn_info("x", "a=%s b=%s c=%s", "\xc3\xa4\xff", "\xed\xa0\x80", "\xf0\x9f\x98\x80\xc3");
	line = capture_end(&c);
	assert_non_null(strstr(line, "\"a\":\"\xc3\xa4\xef\xbf\xbd\","));
	assert_non_null(strstr(line, "\"b\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","));
	assert_non_null(strstr(line, "\"c\":\"\xf0\x9f\x98\x80\xef\xbf\xbd\"}"));
}

static void test_text_is_for_people(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	cmn_log_set_form(CMN_LOG_TEXT);
	capture_start(&c);
	cmn_error("disk gone", "nsid=%d", 1);
	cmn_warn("no avahi", "");
	line = capture_end(&c);
	assert_non_null(strstr(line, " error disk gone nsid=1\n"));
	assert_non_null(strstr(line, " warn  no avahi\n"));
	cmn_log_set_form(CMN_LOG_JSON);
}

static void test_the_journal_gets_fields(void **state)
{
	char folder[] = "/tmp/pharos-log-XXXXXX", buf[4096] = "";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct capture c;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", folder);
	cmn_log_set_journal(addr.sun_path);
	cmn_log_set_form(CMN_LOG_JOURNAL);
	capture_start(&c);
	cmn_error("disk gone", "nsid=%d", 1); /* nobody listens: to stderr, with its priority */
	assert_string_equal(capture_end(&c), "<3>disk gone nsid=1\n");
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	capture_start(&c);
	cmn_warn("host left", "host_nqn=%s reason=%s", "nqn.x", CMN_Q("two\nlines"));
	assert_string_equal(capture_end(&c), "");
	assert_true(recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT) > 0);
	assert_int_equal(
		strncmp(buf,
			"MESSAGE=host left host_nqn=nqn.x reason=\"two\\x0alines\"\nPRIORITY=4\n"
			"SYSLOG_IDENTIFIER=tester\nPHAROS_EVENT=host "
			"left\nPHAROS_HOST_NQN=nqn.x\nPHAROS_REASON\n\x09",
			146),
		0);
	assert_memory_equal(strstr(buf, "PHAROS_REASON\n"),
			    "PHAROS_REASON\n\x09\0\0\0\0\0\0\0two\nlines\n", 32);
	cmn_log_set_form(CMN_LOG_JSON);
	unlink(addr.sun_path);
	rmdir(folder);
	close(fd);
}

static void test_journal_stream_counts_only_where_it_is_stderr(void **state)
{
	struct capture c;
	char stream[64];
	struct stat st;

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	cmn_log_init("tester");
	assert_int_equal(cmn_log_form(), CMN_LOG_JSON);
	capture_start(&c);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	cmn_log_init("tester");
	capture_end(&c);
	assert_int_equal(cmn_log_form(), CMN_LOG_JOURNAL);
	unsetenv("JOURNAL_STREAM");
	cmn_log_set_form(CMN_LOG_JSON);
}

static unsigned int count_lines(const char *text)
{
	unsigned int n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void test_a_place_that_logs_too_much_is_held_back_and_says_so(void **state)
{
	struct cmn_log_site site = { 0 };
	struct capture c;

	(void)state;
	capture_start(&c);
	for (unsigned int i = 0; i < 3 * CMN_LOG_BURST; i++)
		cmn_log(&site, CMN_LOG_INFO, "flood", "i=%u", i);
	assert_in_range(count_lines(capture_end(&c)), CMN_LOG_BURST,
			2 * CMN_LOG_BURST); /* a window may have ended meanwhile */
	atomic_store(&site.window, 1); /* long ago */
	atomic_store(&site.left_out, 7);
	capture_start(&c);
	cmn_log(&site, CMN_LOG_INFO, "flood", "i=%u", 9u);
	cmn_log(&site, CMN_LOG_INFO, "flood", "i=%u", 10u);
	assert_non_null(strstr(capture_end(&c), "\"i\":\"9\",\"left_out\":\"7\"}\n"));
	assert_non_null(strstr(captured, "\"i\":\"10\"}\n"));
	capture_start(&c);
	for (unsigned int i = 0; i < 3 * CMN_LOG_BURST; i++)
		cmn_log(&site, CMN_LOG_DEBUG, "asked for", "i=%u", i);
	assert_int_equal(count_lines(capture_end(&c)), 3 * CMN_LOG_BURST);
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
	assert_string_equal(line + strlen(line) - 3, "\"}\n");
	memset(text, 1, sizeof(text) - 1);
	capture_start(&c);
	cmn_info("x", "v=%s", CMN_Q(text));
	line = capture_end(&c);
	assert_string_equal(line + strlen(line) - 3, "\"}\n");
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
		cmn_debug("thread", "id=%d end=1", *(int *)arg);
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
	cmn_log_set_level(CMN_LOG_DEBUG);
	capture_start(&c);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer, &ids[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	capture_end(&c);
	for (line = strtok_r(captured, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char end[8] = "";
		int id;

		assert_non_null(strstr(line, "\"event\":\"thread\""));
		assert_int_equal(sscanf(strstr(line, "\"id\""), "\"id\":\"%d\",\"%7s", &id, end),
				 2);
		assert_string_equal(end, "end\":\"1");
		n++;
	}
	assert_int_equal(n, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_of_json_has_event_then_pairs),
		cmocka_unit_test(test_what_a_caller_forgot_to_quote_stays_one_value),
		cmocka_unit_test(test_json_is_utf8_whatever_a_value_holds),
		cmocka_unit_test(test_text_is_for_people),
		cmocka_unit_test(test_the_journal_gets_fields),
		cmocka_unit_test(test_journal_stream_counts_only_where_it_is_stderr),
		cmocka_unit_test(test_a_place_that_logs_too_much_is_held_back_and_says_so),
		cmocka_unit_test(test_level_below_threshold_is_not_written),
		cmocka_unit_test(test_line_feed_in_a_value_does_not_make_a_second_line),
		cmocka_unit_test(test_overlong_line_is_cut_and_ended),
		cmocka_unit_test(test_quote_escapes_only_what_needs_it),
		cmocka_unit_test(test_logging_leaves_errno_alone),
		cmocka_unit_test(test_lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
