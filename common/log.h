/* SPDX-License-Identifier: Apache-2.0 */
/* common/log.h - one record per event: an event in words, then key=value pairs.
 *
 *     cmn_info("listener ready", "addr=%s port=%u", addr, port);
 *     cmn_warn("no avahi-daemon", "");
 *
 * On a terminal a line for people; where stderr is the journal's, fields by its own protocol; else a line of JSON.  Each place in the code
 * may write CMN_LOG_BURST records in CMN_LOG_WINDOW_S seconds, those for debugging excepted; the first record after a pause says
 * how many were left out before it.
 * Owns: nothing but its settings, which are set at start before threads; the level may change at any time.
 * Thread: any, one write(2) or send(2) per record.  May block: as stderr does, the journal never.
 * Values that hold spaces or come from outside: pass them through cmn_log_quote(). */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cmn_log_level {
	CMN_LOG_ERROR,
	CMN_LOG_WARN,
	CMN_LOG_INFO,
	CMN_LOG_DEBUG,
	CMN_LOG_LEVEL_COUNT
};

enum cmn_log_form { CMN_LOG_TEXT, CMN_LOG_JSON, CMN_LOG_JOURNAL, CMN_LOG_FORM_COUNT };

#define CMN_LOG_BURST 200
#define CMN_LOG_WINDOW_S 10

/* Names the program and picks the form: JOURNAL where stderr is what JOURNAL_STREAM says, TEXT on a terminal, else JSON.
 * prog is kept, not copied. */
void cmn_log_init(const char *prog);
void cmn_log_set_form(enum cmn_log_form form);
enum cmn_log_form cmn_log_form(void);
bool cmn_log_stderr_is_journal(void);
void cmn_log_set_level(enum cmn_log_level level);
enum cmn_log_level cmn_log_level(void);
void cmn_log_set_journal(const char *path); /* where its socket is; kept, not copied; for tests */
extern const char
	*const cmn_log_level_name[CMN_LOG_LEVEL_COUNT]; /* "error", "warn", "info", "debug" */
extern const char *const cmn_log_form_name[CMN_LOG_FORM_COUNT]; /* "text", "json", "journal" */
/* By those names; -EINVAL for another. */
int cmn_log_level_parse(const char *text, enum cmn_log_level *ret_level);
int cmn_log_form_parse(const char *text, enum cmn_log_form *ret_form);
bool cmn_log_enabled(enum cmn_log_level level);

/* Makes a value safe inside of the pairs: quotes it when it is empty or holds spaces, '"' or '=', escapes control bytes.
 * Returns buf. */
const char *cmn_log_quote(const char *value, char *buf, size_t size);
#define CMN_Q(value) cmn_log_quote((value), (char[256]){ 0 }, 256)

/* A place that logs: how much it wrote lately. */
struct cmn_log_site {
	_Atomic uint64_t
		window; /* seconds of the monotonic clock, divided by the window's length */
	_Atomic uint32_t written, left_out;
};

void cmn_log(struct cmn_log_site *site, enum cmn_log_level level, const char *event,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* gcc warns of "" as a format; here it says "no pairs", so a leading space keeps it quiet. */
#define CMN_LOG_AT(level, event, fmt, ...)                                                         \
	do {                                                                                       \
		static struct cmn_log_site cmn_log_site_;                                          \
		if (cmn_log_enabled(level))                                                        \
			cmn_log(&cmn_log_site_, level, event, " " fmt, ##__VA_ARGS__);             \
	} while (0)
#define cmn_error(event, fmt, ...) CMN_LOG_AT(CMN_LOG_ERROR, event, fmt, ##__VA_ARGS__)
#define cmn_warn(event, fmt, ...) CMN_LOG_AT(CMN_LOG_WARN, event, fmt, ##__VA_ARGS__)
#define cmn_info(event, fmt, ...) CMN_LOG_AT(CMN_LOG_INFO, event, fmt, ##__VA_ARGS__)
#define cmn_debug(event, fmt, ...) CMN_LOG_AT(CMN_LOG_DEBUG, event, fmt, ##__VA_ARGS__)

#endif
