/* SPDX-License-Identifier: Apache-2.0 */
/* api/reply.c - what handlers ask of a request, and the answers they give.  Thread: the control loop.  May block: never. */
#include "api/server_impl.h"

#include "api/audit.h"

#include "api/limits.h"
#include "common/clock.h"
#include "common/container.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* On every answer.  The dashboard is one origin with nothing inline; nobody else's page may frame or read it. */
static const struct {
	const char *name, *value;
} security_headers[] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
				     "img-src 'self' data:; font-src 'self'; "
				     "connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
				     "form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
};

struct dsc_app *api_req_app(const struct api_req *req)
{
	return req->server->app;
}

const char *api_req_user(const struct api_req *req)
{
	return *req->user ? req->user : "local";
}

const struct api_kind *api_req_kind(const struct api_req *req)
{
	return req->route->kind;
}

const char *api_req_template(const struct api_req *req)
{
	return req->route->path;
}

const char *api_req_param(const struct api_req *req, const char *name)
{
	const char *value = api_params_get(&req->params, name);

	return value ? value : "";
}

const char *api_req_query(const struct api_req *req, const char *name)
{
	return api_uri_query(&req->uri, name);
}

const char *api_req_header(const struct api_req *req, const char *name)
{
	return MHD_lookup_connection_value(req->mhd, MHD_HEADER_KIND, name);
}

struct json_object *api_req_doc(const struct api_req *req)
{
	return req->doc;
}

bool api_req_flag(struct api_req *req, const char *name, bool *ret)
{
	const char *text = api_req_query(req, name);
	struct cmn_err err = { 0 };

	if (!text)
		return true;
	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || !*text) {
		*ret = true;
	} else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0) {
		*ret = false;
	} else {
		cmn_err_set(&err, -EINVAL, name, "must be true or false");
		cmn_err_valid(&err, "true, false");
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return false;
	}
	return true;
}

bool api_req_number(struct api_req *req, const char *name, uint64_t min, uint64_t max,
		    uint64_t *ret)
{
	const char *text = api_req_query(req, name);
	unsigned long long value;
	struct cmn_err err = { 0 };
	char *end;

	if (!text)
		return true;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < min || value > max) {
		cmn_err_set(&err, -EINVAL, name, "must be a whole number");
		cmn_err_valid(&err, "%" PRIu64 " to %" PRIu64, min, max);
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return false;
	}
	*ret = value;
	return true;
}

void api_reply_header(struct api_req *req, const char *name, const char *value)
{
	if (req->nr_headers == API_HEADERS_MAX)
		return;
	req->headers[req->nr_headers].name = strdup(name);
	req->headers[req->nr_headers++].value = strdup(value);
}

static bool has_header(const struct api_req *req, const char *name)
{
	for (unsigned int i = 0; i < req->nr_headers; i++) {
		if (req->headers[i].name && strcmp(req->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void answer(struct api_req *req, int status, struct MHD_Response *response)
{
	if (req->response) { /* a handler answered twice: the first counts */
		MHD_destroy_response(response);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(security_headers); i++)
		MHD_add_response_header(response, security_headers[i].name,
					security_headers[i].value);
	for (unsigned int i = 0; i < req->nr_headers; i++) {
		if (req->headers[i].name && req->headers[i].value)
			MHD_add_response_header(response, req->headers[i].name,
						req->headers[i].value);
	}
	if (!has_header(req, "Cache-Control"))
		MHD_add_response_header(response, "Cache-Control",
					req->route ? "no-store" : "no-cache");
	req->response = response;
	req->status = status;
	if (req->route && req->route->method != API_GET && status < 400 && !req->audited &&
	    req->server->app)
		api_audit_note(req);
	req->took = req->came ? cmn_now_ns() - req->came : 0;
	req->on_cancel = NULL;
	if (req->state == API_REQ_WAITING) {
		req->state = API_REQ_ANSWERED;
		api_server_resume(req->server, req);
	} else {
		req->state = API_REQ_ANSWERED;
	}
}

static void answer_json(struct api_req *req, int status, const char *type, struct json_object *json)
{
	size_t len;
	const char *text = json_object_to_json_string_length(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(text ? len : 0, (void *)(uintptr_t)text,
						   MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(response, "Content-Type", type);
	json_object_put(json);
	answer(req, status, response);
}

void api_reply_json(struct api_req *req, int status, struct json_object *json)
{
	answer_json(req, status, "application/json", json);
}

void api_reply_empty(struct api_req *req, int status)
{
	answer(req, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void api_reply_static(struct api_req *req, const char *type, const void *data, size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		len, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Content-Type", type);
	answer(req, 200, response);
}

void api_reply_file(struct api_req *req, const char *type, int fd)
{
	struct MHD_Response *response;
	struct stat st;

	if (fstat(fd, &st) < 0 ||
	    !(response = MHD_create_response_from_fd64((uint64_t)st.st_size, fd))) {
		close(fd);
		api_failf(req, API_PROBLEM_INTERNAL, NULL, "the file can't be read");
		return;
	}
	MHD_add_response_header(response, "Content-Type", type);
	answer(req, 200, response);
}

void api_reply_stream(struct api_req *req, const char *type, MHD_ContentReaderCallback read,
		      MHD_ContentReaderFreeCallback end, void *arg)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, API_STREAM_BLOCK, read, arg, end);

	MHD_add_response_header(response, "Content-Type", type);
	answer(req, 200, response);
}

/* What the request said where the error points: a query parameter, a part of the path, a header. */
static const char *given(const struct api_req *req, const char *field)
{
	const char *value = api_req_query(req, field);

	if (!value)
		value = api_params_get(&req->params, field);
	if (!value && field[0] >= 'A' && field[0] <= 'Z')
		value = api_req_header(req, field);
	return value;
}

void api_reply_problem(struct api_req *req, enum api_problem problem, const struct cmn_err *err,
		       const struct api_problem_about *about)
{
	struct api_problem_about all = { 0 };

	if (about)
		all = *about;
	all.doc = req->doc;
	if (err->field[0])
		all.value = given(req, err->field);
	answer_json(req, api_problem_status(problem), "application/problem+json",
		    api_problem_json(problem, err, &all));
}

/* Something that the body names isn't there: the request's path is right, its body is wrong. */
static bool body_names(const struct api_req *req, const char *field)
{
	char first[64];

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(field, ".["), field);
	return req->doc && first[0] && json_object_object_get_ex(req->doc, first, NULL);
}

enum api_problem api_req_problem(const struct api_req *req, const struct cmn_err *err)
{
	enum api_problem problem = api_problem_of(err);

	return problem == API_PROBLEM_NOT_FOUND && body_names(req, err->field) ? API_PROBLEM_INVALID
									       : problem;
}

void api_fail(struct api_req *req, const struct cmn_err *err)
{
	api_reply_problem(req, api_req_problem(req, err), err, NULL);
}

void api_failf(struct api_req *req, enum api_problem problem, const char *field, const char *fmt,
	       ...)
{
	struct cmn_err err = { .code = -EINVAL };
	va_list ap;

	if (field)
		snprintf(err.field, sizeof(err.field), "%s", field);
	va_start(ap, fmt);
	vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
	va_end(ap);
	api_reply_problem(req, problem, &err, NULL);
}

void api_req_on_cancel(struct api_req *req, void (*on_cancel)(struct api_req *req, void *arg),
		       void *arg)
{
	req->on_cancel = on_cancel;
	req->cancel_arg = arg;
}

const char *api_etag(uint64_t revision, char *buf, size_t size)
{
	snprintf(buf, size, "\"%" PRIu64 "\"", revision);
	return buf;
}

/* Is etag in a list such as `"1", W/"2"`?  weak: W/"1" is "1" too. */
static bool etag_in(const char *list, const char *etag, bool weak)
{
	size_t len = strlen(etag);

	while (*list) {
		const char *item = list + strspn(list, " \t,");

		if (*item == '*')
			return true;
		list = item + strcspn(item, ",");
		if (weak && strncmp(item, "W/", 2) == 0)
			item += 2;
		if (strncmp(item, etag, len) == 0 && (size_t)(list - item) >= len &&
		    strspn(item + len, " \t") == (size_t)(list - item) - len)
			return true;
	}
	return false;
}

bool api_req_if_match(struct api_req *req, const char *etag)
{
	const char *list = api_req_header(req, "If-Match");

	if (!list || etag_in(list, etag, false))
		return true;
	api_failf(req, API_PROBLEM_CHANGED, "If-Match", "it has changed: its ETag is %s now", etag);
	return false;
}

bool api_req_not_modified(struct api_req *req, const char *etag)
{
	const char *list = api_req_header(req, "If-None-Match");

	if (!list || !etag_in(list, etag, true))
		return false;
	api_reply_empty(req, 304);
	return true;
}
