/* SPDX-License-Identifier: Apache-2.0 */
/* common/log.h - one line per event on stderr: an event in words, then key=value pairs.
 *
 *     cmn_info("listener ready", "addr=%s port=%u", addr, port);
 *     cmn_warn("no avahi-daemon", "");
 *
 * On a terminal: time, level, event, pairs.  Otherwise logfmt (ts= level= prog= event="..."), and under systemd
 * (JOURNAL_STREAM) with the <N> priority prefix instead of time and level.
 * Owns: nothing but its settings, which are set at start before threads.  Thread: any, one write(2) per line.
 * May block: as stderr does.  Values that hold spaces or come from outside: pass them through cmn_log_quote(). */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum cmn_log_level {
	CMN_LOG_ERROR,
	CMN_LOG_WARN,
	CMN_LOG_INFO,
	CMN_LOG_DEBUG,
	CMN_LOG_LEVEL_COUNT
};

enum cmn_log_form { CMN_LOG_TERMINAL, CMN_LOG_LOGFMT, CMN_LOG_JOURNAL, CMN_LOG_FORM_COUNT };

/* Names the program in logfmt lines and picks the form from stderr and JOURNAL_STREAM.  prog is kept, not copied. */
void cmn_log_init(const char *prog);
void cmn_log_set_form(enum cmn_log_form form);
void cmn_log_set_level(enum cmn_log_level level);
/* "error", "warn", "info", "debug"; -EINVAL for another. */
int cmn_log_level_parse(const char *text, enum cmn_log_level *ret_level);
bool cmn_log_enabled(enum cmn_log_level level);

/* Makes a value safe inside a line: quotes it when it is empty or holds spaces, '"' or '=', escapes control bytes.
 * Returns buf. */
const char *cmn_log_quote(const char *value, char *buf, size_t size);
#define CMN_Q(value) cmn_log_quote((value), (char[256]){ 0 }, 256)

void cmn_log(enum cmn_log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* gcc warns of "" as a format; here it says "no pairs", so a leading space keeps it quiet. */
#define CMN_LOG_AT(level, event, fmt, ...)                                                         \
	do {                                                                                       \
		if (cmn_log_enabled(level))                                                        \
			cmn_log(level, event, " " fmt, ##__VA_ARGS__);                             \
	} while (0)
#define cmn_error(event, fmt, ...) CMN_LOG_AT(CMN_LOG_ERROR, event, fmt, ##__VA_ARGS__)
#define cmn_warn(event, fmt, ...) CMN_LOG_AT(CMN_LOG_WARN, event, fmt, ##__VA_ARGS__)
#define cmn_info(event, fmt, ...) CMN_LOG_AT(CMN_LOG_INFO, event, fmt, ##__VA_ARGS__)
#define cmn_debug(event, fmt, ...) CMN_LOG_AT(CMN_LOG_DEBUG, event, fmt, ##__VA_ARGS__)

#endif
