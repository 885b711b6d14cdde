/* SPDX-License-Identifier: Apache-2.0 */
/* common/log_impl.h - between log.c and the forms that a record is written in (log_form.c).
 * Owns: nothing.  Thread: any.  May block: see log.h. */
#ifndef COMMON_LOG_IMPL_H
#define COMMON_LOG_IMPL_H

#include "common/log.h"

#include <time.h>

#define CMN_LOG_PAIRS 1900 /* bytes of a record's pairs; what is more is cut off */

struct cmn_log_record {
	enum cmn_log_level level;
	int priority; /* as syslog has it */
	const char *prog, *event;
	const char *pairs; /* "a=b c=\"d e\"": one line, no blanks around it */
	struct timespec when; /* CLOCK_REALTIME */
};

/* The next pair of *at; NULL at the end.  Its value is unquoted into buf. */
struct cmn_log_pair {
	const char *key;
	int key_len;
	char value[CMN_LOG_PAIRS + 1];
	size_t value_len; /* it may hold any byte */
};
bool cmn_log_next_pair(const char **at, struct cmn_log_pair *ret);

/* Each writes the record as it should be. */
void cmn_log_write_text(const struct cmn_log_record *record);
void cmn_log_write_json(const struct cmn_log_record *record);
void cmn_log_write_journal(const struct cmn_log_record *record);

#endif
