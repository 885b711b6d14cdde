/* SPDX-License-Identifier: Apache-2.0 */
/* common/err.c - fills struct cmn_err.  Thread: any.  May block: never. */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A cut that shows: a message that lost its end must not read as if it were whole. */
static void mark_cut(char *buf, size_t size, int wanted)
{
	if (wanted >= 0 && (size_t)wanted >= size)
		memcpy(buf + size - 4, "...", 4);
}

static void set(struct cmn_err *err, int code, const char *field, const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)];
	char name[sizeof(err->field)];

	/* Through locals: the arguments may point into err itself. */
	mark_cut(msg, sizeof(msg), vsnprintf(msg, sizeof(msg), fmt, ap));
	mark_cut(name, sizeof(name), snprintf(name, sizeof(name), "%s", field ? field : ""));
	err->code = code;
	memcpy(err->msg, msg, sizeof(msg));
	memcpy(err->field, name, sizeof(name));
	err->valid[0] = '\0';
}

int cmn_err_set(struct cmn_err *err, int code, const char *field, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	set(err, code, field, fmt, ap);
	va_end(ap);
	return code;
}

int cmn_err_errno(struct cmn_err *err, int code, const char *field, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	mark_cut(msg, sizeof(msg), vsnprintf(msg, sizeof(msg), fmt, ap));
	va_end(ap);
	return cmn_err_set(err, code, field, "%s: %s", msg, strerror(-code));
}

int cmn_err_valid(struct cmn_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -EINVAL;
	va_start(ap, fmt);
	mark_cut(err->valid, sizeof(err->valid),
		 vsnprintf(err->valid, sizeof(err->valid), fmt, ap));
	va_end(ap);
	return err->code;
}

void cmn_err_clear(struct cmn_err *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

void cmn_err_prefix(struct cmn_err *err, const char *prefix)
{
	char name[sizeof(err->field)];
	const char *dot = err->field[0] && err->field[0] != '[' ? "." : "";

	mark_cut(name, sizeof(name),
		 snprintf(name, sizeof(name), "%s%s%s", prefix, dot, err->field));
	memcpy(err->field, name, sizeof(name));
}
