/* SPDX-License-Identifier: Apache-2.0 */
/* common/err.h - an error that a person reads: a code, the field it is about, a sentence.
 * Owns: nothing; the caller's struct is filled.  Thread: any.  May block: never. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdbool.h>

struct cmn_err {
	int code; /* 0 = no error, else -errno */
	char field[64]; /* what it is about (a JSON path, an option); "" = nothing in particular */
	char msg[256];
	char valid[320]; /* what would do, in words; "" = not said */
};

/* Fills err (NULL is legal) and returns code, so that callers can `return cmn_err_set(...)`.
 * field may be NULL. */
int cmn_err_set(struct cmn_err *err, int code, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same with ": <strerror(-code)>" added. */
int cmn_err_errno(struct cmn_err *err, int code, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Says what would do; returns err's code.  After cmn_err_set(), which forgets it. */
int cmn_err_valid(struct cmn_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void cmn_err_clear(struct cmn_err *err);

static inline bool cmn_err_is(const struct cmn_err *err)
{
	return err->code != 0;
}

/* Puts "prefix." (or "prefix" before a "[...]") in front of the field: for callers that know more of the path. */
void cmn_err_prefix(struct cmn_err *err, const char *prefix);

#endif
