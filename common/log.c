/* SPDX-License-Identifier: Apache-2.0 */
/* common/log.c - formats and writes log lines.  Thread: any.  May block: as stderr does. */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048

static const struct {
	const char *name;
	const char *colour;
	int priority; /* sd-daemon's <N> */
} levels[CMN_LOG_LEVEL_COUNT] = {
	[CMN_LOG_ERROR] = { "error", "\033[31m", 3 },
	[CMN_LOG_WARN] = { "warn", "\033[33m", 4 },
	[CMN_LOG_INFO] = { "info", "", 6 },
	[CMN_LOG_DEBUG] = { "debug", "\033[2m", 7 },
};

static const char *prog_name = "pharos";
static atomic_int threshold = CMN_LOG_INFO;
static atomic_int line_form = CMN_LOG_LOGFMT;

void cmn_log_init(const char *prog)
{
	prog_name = prog;
	if (getenv("JOURNAL_STREAM"))
		cmn_log_set_form(CMN_LOG_JOURNAL);
	else
		cmn_log_set_form(isatty(STDERR_FILENO) ? CMN_LOG_TERMINAL : CMN_LOG_LOGFMT);
}

void cmn_log_set_form(enum cmn_log_form form)
{
	atomic_store_explicit(&line_form, (int)form, memory_order_relaxed);
}

void cmn_log_set_level(enum cmn_log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

int cmn_log_level_parse(const char *text, enum cmn_log_level *ret_level)
{
	for (int i = 0; i < CMN_LOG_LEVEL_COUNT; i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*ret_level = (enum cmn_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool cmn_log_enabled(enum cmn_log_level level)
{
	return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

/* Writes the escaped form of c at out; returns its length (at most 4). */
static size_t escape(unsigned char c, char *out)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (c >= 0x20 && c != 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

static bool needs_quotes(const char *value)
{
	if (!*value)
		return true;
	for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
		if (*p <= 0x20 || *p == 0x7f || *p == '"' || *p == '=' || *p == '\\')
			return true;
	}
	return false;
}

const char *cmn_log_quote(const char *value, char *buf, size_t size)
{
	size_t used = 0;

	if (!value)
		value = "";
	if (!needs_quotes(value)) {
		snprintf(buf, size, "%s", value);
		return buf;
	}
	buf[used++] = '"';
	/* 4 for an escape, 2 for the closing quote and the end. */
	for (; *value && used + 6 <= size; value++)
		used += escape((unsigned char)*value, buf + used);
	buf[used++] = '"';
	buf[used] = '\0';
	return buf;
}

static int line_start(char *line, size_t size, enum cmn_log_level level, const char *event)
{
	struct timespec ts;
	struct tm tm;
	char when[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	switch (atomic_load_explicit(&line_form, memory_order_relaxed)) {
	case CMN_LOG_TERMINAL:
		localtime_r(&ts.tv_sec, &tm);
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
		return snprintf(line, size, "%s.%03ld %s%-5s %s%s", when, ts.tv_nsec / 1000000,
				levels[level].colour, levels[level].name, event,
				*levels[level].colour ? "\033[0m" : "");
	case CMN_LOG_JOURNAL:
		return snprintf(line, size, "<%d>event=\"%s\"", levels[level].priority, event);
	default:
		gmtime_r(&ts.tv_sec, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
		return snprintf(line, size, "ts=%s.%03ldZ level=%s prog=%s event=\"%s\"", when,
				ts.tv_nsec / 1000000, levels[level].name, prog_name, event);
	}
}

/* A line is one record, whatever its values hold. */
static void flatten(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	}
}

void cmn_log(enum cmn_log_level level, const char *event, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	int saved = errno;
	size_t used;
	va_list ap;
	int n;

	n = line_start(line, sizeof(line) - 1, level, event);
	used = n < 0 ? 0 : (size_t)n;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	va_start(ap, fmt);
	n = vsnprintf(line + used, sizeof(line) - 1 - used, fmt, ap);
	va_end(ap);
	if (n > 0)
		used += (size_t)n;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	while (used && line[used - 1] == ' ')
		used--;
	flatten(line, used);
	line[used++] = '\n';
	n = (int)write(STDERR_FILENO, line, used);
	(void)n; /* nowhere left to say it */
	errno = saved;
}
