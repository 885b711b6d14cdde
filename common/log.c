/* SPDX-License-Identifier: Apache-2.0 */
/* common/log.c - what is logged, how much of it, and what values look like; see log.h.  Thread: any.  May block: see log.h. */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log_impl.h"

const char *const cmn_log_level_name[CMN_LOG_LEVEL_COUNT] = {
	[CMN_LOG_ERROR] = "error",
	[CMN_LOG_WARN] = "warn",
	[CMN_LOG_INFO] = "info",
	[CMN_LOG_DEBUG] = "debug",
};
static const int priorities[CMN_LOG_LEVEL_COUNT] = {
	[CMN_LOG_ERROR] = 3,
	[CMN_LOG_WARN] = 4,
	[CMN_LOG_INFO] = 6,
	[CMN_LOG_DEBUG] = 7,
};
const char *const cmn_log_form_name[CMN_LOG_FORM_COUNT] = {
	[CMN_LOG_TEXT] = "text",
	[CMN_LOG_JSON] = "json",
	[CMN_LOG_JOURNAL] = "journal",
};
static void (*const writers[CMN_LOG_FORM_COUNT])(const struct cmn_log_record *record) = {
	[CMN_LOG_TEXT] = cmn_log_write_text,
	[CMN_LOG_JSON] = cmn_log_write_json,
	[CMN_LOG_JOURNAL] = cmn_log_write_journal,
};

static const char *prog_name = "pharos";
static atomic_int threshold = CMN_LOG_INFO;
static atomic_int record_form = CMN_LOG_JSON;

/* -- settings ----------------------------------------------------------------------------------------------------- */

/* JOURNAL_STREAM is inherited; it speaks of our stderr only if that is the very socket. */
bool cmn_log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void cmn_log_init(const char *prog)
{
	prog_name = prog;
	if (cmn_log_stderr_is_journal())
		cmn_log_set_form(CMN_LOG_JOURNAL);
	else
		cmn_log_set_form(isatty(STDERR_FILENO) ? CMN_LOG_TEXT : CMN_LOG_JSON);
}

void cmn_log_set_form(enum cmn_log_form form)
{
	atomic_store_explicit(&record_form, (int)form, memory_order_relaxed);
}

enum cmn_log_form cmn_log_form(void)
{
	return (enum cmn_log_form)atomic_load_explicit(&record_form, memory_order_relaxed);
}

void cmn_log_set_level(enum cmn_log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

enum cmn_log_level cmn_log_level(void)
{
	return (enum cmn_log_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

static int find(const char *const *names, int nr, const char *text)
{
	for (int i = 0; i < nr; i++) {
		if (strcmp(text, names[i]) == 0)
			return i;
	}
	return -EINVAL;
}

int cmn_log_level_parse(const char *text, enum cmn_log_level *ret_level)
{
	int i = find(cmn_log_level_name, CMN_LOG_LEVEL_COUNT, text);

	if (i < 0)
		return i;
	*ret_level = (enum cmn_log_level)i;
	return 0;
}

int cmn_log_form_parse(const char *text, enum cmn_log_form *ret_form)
{
	int i = find(cmn_log_form_name, CMN_LOG_FORM_COUNT, text);

	if (i < 0)
		return i;
	*ret_form = (enum cmn_log_form)i;
	return 0;
}

bool cmn_log_enabled(enum cmn_log_level level)
{
	return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

/* -- values ------------------------------------------------------------------------------------------------------- */

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

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands between quotes from p on; returns what is behind it. */
static const char *unquote(const char *p, struct cmn_log_pair *ret)
{
	while (*p && *p != '"') {
		char c = *p++;

		if (c == '\\' && p[0] == 'x' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
			c = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
			p += 3;
		} else if (c == '\\' && *p) {
			c = *p++;
		}
		ret->value[ret->value_len++] = c;
	}
	return *p ? p + 1 : p;
}

static size_t key_length(const char *p)
{
	size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return p[len] == '=' ? len : 0;
}

bool cmn_log_next_pair(const char **at, struct cmn_log_pair *ret)
{
	const char *p = *at + strspn(*at, " ");
	size_t len = key_length(p);

	if (!len)
		return false;
	ret->key = p;
	ret->key_len = (int)len;
	ret->value_len = 0;
	p += len + 1;
	if (*p == '"') {
		p = unquote(p + 1, ret);
	} else { /* a caller who didn't quote what holds blanks: up to the next key */
		while (*p && !(*p == ' ' && key_length(p + 1)))
			ret->value[ret->value_len++] = *p++;
	}
	ret->value[ret->value_len] = '\0';
	*at = p;
	return true;
}

/* -- records ------------------------------------------------------------------------------------------------------ */

/* False: it has written enough for now.  *ret_left_out: what it wasn't allowed to write since its last record. */
static bool may_write(struct cmn_log_site *site, enum cmn_log_level level, uint32_t *ret_left_out)
{
	struct timespec ts;
	uint64_t window, was;

	if (level == CMN_LOG_DEBUG)
		return true;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	window = (uint64_t)ts.tv_sec / CMN_LOG_WINDOW_S + 1;
	was = atomic_load(&site->window);
	if (was != window && atomic_compare_exchange_strong(&site->window, &was, window))
		atomic_store(&site->written, 0);
	if (atomic_fetch_add(&site->written, 1) >= CMN_LOG_BURST) {
		atomic_fetch_add(&site->left_out, 1);
		return false;
	}
	*ret_left_out = atomic_exchange(&site->left_out, 0);
	return true;
}

/* A record is one line, whatever its values hold. */
static void flatten(char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20)
			text[i] = ' ';
	}
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
}

void cmn_log(struct cmn_log_site *site, enum cmn_log_level level, const char *event,
	     const char *fmt, ...)
{
	struct cmn_log_record record = {
		.level = level, .priority = priorities[level], .prog = prog_name, .event = event
	};
	char pairs[CMN_LOG_PAIRS + 1];
	uint32_t left_out = 0;
	int saved = errno, n;
	va_list ap;

	if (!may_write(site, level, &left_out))
		return;
	va_start(ap, fmt);
	n = vsnprintf(pairs, sizeof(pairs), fmt, ap);
	va_end(ap);
	if (left_out && n >= 0 && (size_t)n < sizeof(pairs))
		snprintf(pairs + n, sizeof(pairs) - (size_t)n, " left_out=%u", left_out);
	flatten(pairs);
	record.pairs = pairs + strspn(pairs, " ");
	clock_gettime(CLOCK_REALTIME, &record.when);
	writers[cmn_log_form()](&record);
	errno = saved;
}
