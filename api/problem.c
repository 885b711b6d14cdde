/* SPDX-License-Identifier: Apache-2.0 */
/* api/problem.c - errors as RFC 9457 problems.  Thread: any.  May block: never. */
#include "api/problem.h"

#include "common/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_LEN_MAX 256 /* longer ones aren't worth repeating */

static const struct {
	int status;
	const char *name;
	const char *title;
} kinds[API_PROBLEM_COUNT] = {
	[API_PROBLEM_NONE] = { 200, "none", "No problem" },
	[API_PROBLEM_MALFORMED] = { 400, "malformed", "The request can't be understood" },
	[API_PROBLEM_UNAUTHENTICATED] = { 401, "unauthenticated", "It isn't known who asks" },
	[API_PROBLEM_FORBIDDEN] = { 403, "forbidden", "The request is refused" },
	[API_PROBLEM_NOT_FOUND] = { 404, "not-found", "There is no such thing" },
	[API_PROBLEM_METHOD] = { 405, "method-not-allowed", "The method doesn't apply here" },
	[API_PROBLEM_CONFLICT] = { 409, "conflict", "It conflicts with what exists" },
	[API_PROBLEM_IN_USE] = { 409, "in-use", "It is in use" },
	[API_PROBLEM_CHANGED] = { 412, "changed", "It has changed since it was read" },
	[API_PROBLEM_TOO_LARGE] = { 413, "too-large", "The request is too large" },
	[API_PROBLEM_MEDIA_TYPE] = { 415, "media-type", "The body's media type isn't taken" },
	[API_PROBLEM_MISDIRECTED] = { 421, "misdirected",
				      "This server doesn't answer for that name" },
	[API_PROBLEM_INVALID] = { 422, "invalid", "A value won't do" },
	[API_PROBLEM_INTERNAL] = { 500, "internal", "Something went wrong here" },
	[API_PROBLEM_UNAVAILABLE] = { 503, "unavailable", "It can't be done now" },
	[API_PROBLEM_NO_SPACE] = { 507, "no-space", "There is no space left" },
};

static const struct {
	int code;
	enum api_problem problem;
} by_errno[] = {
	{ -EINVAL, API_PROBLEM_INVALID },	{ -ERANGE, API_PROBLEM_INVALID },
	{ -ENAMETOOLONG, API_PROBLEM_INVALID }, { -EOPNOTSUPP, API_PROBLEM_INVALID },
	{ -EBADMSG, API_PROBLEM_MALFORMED },	{ -E2BIG, API_PROBLEM_TOO_LARGE },
	{ -EPERM, API_PROBLEM_FORBIDDEN },	{ -ENOENT, API_PROBLEM_NOT_FOUND },
	{ -EEXIST, API_PROBLEM_CONFLICT },	{ -EADDRINUSE, API_PROBLEM_CONFLICT },
	{ -EBUSY, API_PROBLEM_IN_USE },		{ -ESTALE, API_PROBLEM_CHANGED },
	{ -ENOSPC, API_PROBLEM_NO_SPACE },	{ -EDQUOT, API_PROBLEM_NO_SPACE },
	{ -EAGAIN, API_PROBLEM_UNAVAILABLE },	{ -ESHUTDOWN, API_PROBLEM_UNAVAILABLE },
	{ -ENOMEM, API_PROBLEM_NO_SPACE },	{ -EADDRNOTAVAIL, API_PROBLEM_INVALID },
	{ -EACCES, API_PROBLEM_INVALID },
};

#define NQN                                                                                        \
	"nqn.YYYY-MM.reversed.domain:name or nqn.2014-08.org.nvmexpress:uuid:UUID, at most 223 "   \
	"bytes"
#define NAME "1 to 63 letters, digits, '.', '_' and '-'"

/* What would do, by the field's last name. */
static const struct {
	const char *field;
	const char *valid;
} valid_values[] = {
	{ "nqn", NQN },
	{ "host_nqn", NQN },
	{ "traddr", "an IPv4 or IPv6 address" },
	{ "advertise", "an IPv4 or IPv6 address of this machine" },
	{ "name", NAME },
	{ "id", NAME },
	{ "user", "the name of a user" },
	{ "ana_group", "the number of an ANA group that there is" },
	{ "members", NQN },
	{ "path", "the absolute path of a regular file or block device" },
	{ "secret", "DHHC-1:01:...: as nvme gen-dhchap-key prints it" },
	{ "size", "bytes, or text such as \"1GiB\"; a multiple of the block size" },
	{ "backend", "ram, file, null" },
	{ "block_size", "512, 4096" },
	{ "trtype", "tcp" },
	{ "adrfam", "ipv4, ipv6" },
	{ "wait", "seconds, 0 to 30" },
	{ "limit", "1 to 1000" },
	{ "force", "true, false" },
	{ "Content-Type", "application/json" },
	{ "Host", "localhost, 127.0.0.1, [::1]" },
	{ "eui64", "16 hexadecimal digits" },
	{ "nguid", "32 hexadecimal digits" },
	{ "uuid", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" },
};

enum api_problem api_problem_of(const struct cmn_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(by_errno); i++) {
		if (by_errno[i].code == err->code)
			return by_errno[i].problem;
	}
	return API_PROBLEM_INTERNAL;
}

int api_problem_status(enum api_problem problem)
{
	return kinds[problem].status;
}

static const char *valid_for(const char *field)
{
	const char *dot = strrchr(field, '.');
	const char *name = dot ? dot + 1 : field;
	size_t len = strcspn(name, "[");

	for (size_t i = 0; i < ARRAY_SIZE(valid_values); i++) {
		if (strlen(valid_values[i].field) == len &&
		    memcmp(valid_values[i].field, name, len) == 0)
			return valid_values[i].valid;
	}
	return NULL;
}

/* Many a reason says it: "must be open or closed", "may hold printable ASCII characters only", "an object is needed". */
static const char *valid_by_reason(const char *reason, char *buf, size_t size)
{
	static const struct {
		const char *before, *after;
	} forms[] = {
		{ "must be ", ", not " }, { "must be ", NULL }, { "must have ", NULL },
		{ "may hold ", " only" }, { "", " is needed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *from = reason + strlen(forms[i].before);
		const char *to = forms[i].after ? strstr(reason, forms[i].after)
						: reason + strlen(reason);

		if (strncmp(reason, forms[i].before, strlen(forms[i].before)) != 0 || !to ||
		    to <= from)
			continue;
		snprintf(buf, size, "%.*s", (int)(to - from), from);
		return buf;
	}
	return NULL;
}

/* One step of "a.b[2].c" from *doc; moves *path past it. */
static bool step_into(struct json_object **doc, const char **path)
{
	char key[64];
	size_t len;

	if (**path == '[') {
		size_t index = strtoul(*path + 1, NULL, 10);

		if (!json_object_is_type(*doc, json_type_array))
			return false;
		*doc = json_object_array_get_idx(*doc, index);
		*path += strcspn(*path, "]") + 1;
		return *doc != NULL;
	}
	if (**path == '.')
		(*path)++;
	len = strcspn(*path, ".[");
	if (len == 0 || len >= sizeof(key))
		return false;
	snprintf(key, sizeof(key), "%.*s", (int)len, *path);
	*path += len;
	return json_object_is_type(*doc, json_type_object) &&
	       json_object_object_get_ex(*doc, key, doc) && *doc;
}

static struct json_object *value_at(struct json_object *doc, const char *path)
{
	if (!doc || !*path)
		return NULL;
	while (*path) {
		if (!step_into(&doc, &path))
			return NULL;
	}
	if (json_object_is_type(doc, json_type_string) &&
	    json_object_get_string_len(doc) > VALUE_LEN_MAX)
		return NULL;
	if (json_object_is_type(doc, json_type_object) || json_object_is_type(doc, json_type_array))
		return NULL;
	return json_object_get(doc);
}

static void add_users(struct json_object *json, const char *const *users)
{
	struct json_object *list = json_object_new_array();

	for (; *users; users++)
		json_object_array_add(list, json_object_new_string(*users));
	json_object_object_add(json, "users", list);
}

static struct json_object *error_of(enum api_problem problem, const struct cmn_err *err,
				    const struct api_problem_about *about)
{
	bool value_is_wrong = problem == API_PROBLEM_INVALID || problem == API_PROBLEM_MALFORMED ||
			      problem == API_PROBLEM_MEDIA_TYPE ||
			      problem == API_PROBLEM_MISDIRECTED;
	struct json_object *json = json_object_new_object();
	struct json_object *value = value_at(about->doc, err->field);
	char said[sizeof(err->msg)];
	const char *valid = *err->valid ? err->valid : valid_for(err->field);

	if (!valid)
		valid = valid_by_reason(err->msg, said, sizeof(said));
	json_object_object_add(json, "field", json_object_new_string(err->field));
	if (strcmp(err->field, "secret") ==
	    0) { /* what was mistyped of one is told to nobody's log */
		json_object_put(value);
		value = NULL;
	} else if (!value && about->value && strlen(about->value) <= VALUE_LEN_MAX) {
		value = json_object_new_string(about->value);
	}
	if (value)
		json_object_object_add(json, "value", value);
	json_object_object_add(json, "reason",
			       json_object_new_string(*err->msg ? err->msg : kinds[problem].title));
	if (valid && value_is_wrong)
		json_object_object_add(json, "valid", json_object_new_string(valid));
	return json;
}

/* Many errors are said of their field ("is missing", "must be ..."): then the sentence begins with it. */
static void set_detail(struct json_object *json, const struct cmn_err *err, const char *title)
{
	static const char *const verbs[] = { "is ",    "must ",	 "may ",    "has ",
					     "holds ", "needs ", "doesn't " };
	char text[sizeof(err->msg) + sizeof(err->field) + 2];
	bool of_field = false;

	for (size_t i = 0; err->field[0] && i < ARRAY_SIZE(verbs); i++)
		of_field |= strncmp(err->msg, verbs[i], strlen(verbs[i])) == 0;
	if (!err->msg[0])
		snprintf(text, sizeof(text), "%s", title);
	else
		snprintf(text, sizeof(text), "%s%s%s", of_field ? err->field : "",
			 of_field ? " " : "", err->msg);
	json_object_object_add(json, "detail", json_object_new_string(text));
}

struct json_object *api_problem_json(enum api_problem problem, const struct cmn_err *err,
				     const struct api_problem_about *about)
{
	static const struct api_problem_about nothing;
	struct json_object *json = json_object_new_object(), *errors = json_object_new_array();
	char type[64];

	if (!about)
		about = &nothing;
	snprintf(type, sizeof(type), "urn:pharos:problem:%s", kinds[problem].name);
	json_object_object_add(json, "type", json_object_new_string(type));
	json_object_object_add(json, "title", json_object_new_string(kinds[problem].title));
	json_object_object_add(json, "status", json_object_new_int(kinds[problem].status));
	set_detail(json, err, kinds[problem].title);
	if (err->field[0])
		json_object_array_add(errors, error_of(problem, err, about));
	for (size_t i = 0; i < about->nr_more; i++)
		json_object_array_add(errors, error_of(problem, &about->more[i], about));
	json_object_object_add(json, "errors", errors);
	if (about->existing)
		json_object_object_add(json, "existing", json_object_get(about->existing));
	if (about->users && about->users[0])
		add_users(json, about->users);
	return json;
}
