/* SPDX-License-Identifier: Apache-2.0 */
/* common/log_form.c - the forms of a record: text, JSON, the journal's own protocol.
 * Owns: a socket for the journal, opened at the first record.  Thread: any.  May block: see log.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log_impl.h"

#define LINE_BYTES (8 * 1024) /* an escape can make six bytes of one */

struct line {
	size_t len;
	char text[LINE_BYTES];
};

/* Whole or not at all. */
static void put(struct line *line, const void *text, size_t len)
{
	if (len > sizeof(line->text) - 1 - line->len)
		return;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void put_str(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static void write_stderr(struct line *line)
{
	ssize_t n;

	line->text[line->len++] = '\n';
	n = write(STDERR_FILENO, line->text, line->len);
	(void)n; /* nowhere left to say it */
}

/* -- text --------------------------------------------------------------------------------------------------------- */

void cmn_log_write_text(const struct cmn_log_record *record)
{
	static const char *const colours[CMN_LOG_LEVEL_COUNT] = {
		[CMN_LOG_ERROR] = "\033[31m",
		[CMN_LOG_WARN] = "\033[33m",
		[CMN_LOG_INFO] = "",
		[CMN_LOG_DEBUG] = "\033[2m",
	};
	const char *colour = isatty(STDERR_FILENO) ? colours[record->level] : "";
	struct line line = { .len = 0 };
	char when[32], start[64];
	struct tm tm;

	localtime_r(&record->when.tv_sec, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	snprintf(start, sizeof(start), "%s.%03ld %s%-5s ", when, record->when.tv_nsec / 1000000,
		 colour, cmn_log_level_name[record->level]);
	put_str(&line, start);
	put_str(&line, record->event);
	if (*colour)
		put_str(&line, "\033[0m");
	if (*record->pairs)
		put_str(&line, " ");
	put_str(&line, record->pairs);
	write_stderr(&line);
}

/* -- JSON --------------------------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at p, 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

/* A string with its quotes.  What is no UTF-8 becomes the character that stands for that. */
static void put_string(struct line *line, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	char escape[8];

	put(line, "\"", 1);
	for (size_t i = 0, n; i < len && line->len < sizeof(line->text) - 64; i += n ? n : 1) {
		n = utf8_length(p + i, len - i);
		if (!n) {
			put_str(line, "\xef\xbf\xbd");
		} else if (p[i] == '"' || p[i] == '\\') {
			escape[0] = '\\';
			escape[1] = (char)p[i];
			put(line, escape, 2);
		} else if (p[i] < 0x20 || p[i] == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04x", p[i]);
			put_str(line, escape);
		} else {
			put(line, p + i, n);
		}
	}
	put(line, "\"", 1);
}

static void put_member(struct line *line, const char *key, int key_len, const char *value,
		       size_t value_len)
{
	put(line, line->len > 1 ? ",\"" : "\"", line->len > 1 ? 2 : 1);
	put(line, key, (size_t)key_len);
	put_str(line, "\":");
	put_string(line, value, value_len);
}

void cmn_log_write_json(const struct cmn_log_record *record)
{
	const char *at = record->pairs, *level = cmn_log_level_name[record->level];
	struct line line = { .len = 0 };
	struct cmn_log_pair pair;
	char when[40];
	struct tm tm;
	size_t len;

	gmtime_r(&record->when.tv_sec, &tm);
	len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + len, sizeof(when) - len, ".%03ldZ", record->when.tv_nsec / 1000000);
	put(&line, "{", 1);
	put_member(&line, "ts", 2, when, strlen(when));
	put_member(&line, "level", 5, level, strlen(level));
	put_member(&line, "prog", 4, record->prog, strlen(record->prog));
	put_member(&line, "event", 5, record->event, strlen(record->event));
	while (line.len < LINE_BYTES / 2 && cmn_log_next_pair(&at, &pair))
		put_member(&line, pair.key, pair.key_len, pair.value, pair.value_len);
	put(&line, "}", 1);
	write_stderr(&line);
}

/* -- the journal (https://systemd.io/JOURNAL_NATIVE_PROTOCOL) -------------------------------------------------------- */

/* A field with a line feed in it goes with its length, little endian. */
static void put_field(struct line *line, const char *name, const char *value, size_t len)
{
	put_str(line, name);
	if (memchr(value, '\n', len)) {
		uint8_t size[8];

		for (unsigned int i = 0; i < sizeof(size); i++)
			size[i] = (uint8_t)((uint64_t)len >> 8 * i);
		put(line, "\n", 1);
		put(line, size, sizeof(size));
	} else {
		put(line, "=", 1);
	}
	put(line, value, len);
	put(line, "\n", 1);
}

static void put_pair(struct line *line, const struct cmn_log_pair *pair)
{
	char name[64] = "PHAROS_";

	if ((size_t)pair->key_len >= sizeof(name) - 7)
		return;
	for (int i = 0; i < pair->key_len; i++) {
		char c = pair->key[i];

		name[7 + i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	put_field(line, name, pair->value, pair->value_len);
}

static const char *journal_path = "/run/systemd/journal/socket";

void cmn_log_set_journal(const char *path)
{
	journal_path = path;
}

/* 0, or -errno. */
static int send_journal(const struct line *line)
{
	static atomic_int fd = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = atomic_load(&fd);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", journal_path);
	if (s < 0) {
		int none = -1;

		s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (s < 0)
			return -errno;
		if (!atomic_compare_exchange_strong(&fd, &none, s)) { /* another thread did */
			close(s);
			s = none;
		}
	}
	return sendto(s, line->text, line->len, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (struct sockaddr *)&addr, sizeof(addr)) < 0
		       ? -errno
		       : 0;
}

/* As a line for the stream that stderr is: with the priority, without time. */
static void write_stream(const struct cmn_log_record *record)
{
	struct line line = { .len = 0 };
	char start[8];

	snprintf(start, sizeof(start), "<%d>", record->priority);
	put_str(&line, start);
	put_str(&line, record->event);
	if (*record->pairs)
		put_str(&line, " ");
	put_str(&line, record->pairs);
	write_stderr(&line);
}

void cmn_log_write_journal(const struct cmn_log_record *record)
{
	char message[CMN_LOG_PAIRS + 256], priority[2] = { (char)('0' + record->priority) };
	struct line line = { .len = 0 };
	const char *at = record->pairs;
	struct cmn_log_pair pair;

	snprintf(message, sizeof(message), "%s%s%s", record->event, *record->pairs ? " " : "",
		 record->pairs);
	put_field(&line, "MESSAGE", message, strlen(message));
	put_field(&line, "PRIORITY", priority, 1);
	put_field(&line, "SYSLOG_IDENTIFIER", record->prog, strlen(record->prog));
	put_field(&line, "PHAROS_EVENT", record->event, strlen(record->event));
	while (cmn_log_next_pair(&at, &pair))
		put_pair(&line, &pair);
	if (send_journal(&line) < 0) /* full, or being started anew */
		write_stream(record);
}
