/* SPDX-License-Identifier: Apache-2.0 */
/* api/request.c - a request's way: headers checked, body gathered, handler run, answer queued, now or after a wait.
 * Thread: the control loop.  May block: never.
 *
 * MHD calls api_req_begin() with the raw target, api_req_access() once with the headers, once per piece of body, once when all is
 * there, once more after a suspended request was resumed; and api_req_end() whatever happened.  A request that is
 * refused by its headers is answered at once only when its body is too long to be read and dropped: a socket closed with
 * unread bytes is reset, and the client might lose the answer. */
#include "api/server_impl.h"

#include "api/auth.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "common/log.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void *api_req_begin(void *arg, const char *target, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info;
	struct api_req *req = calloc(1, sizeof(*req));

	if (!req)
		return NULL;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	req->conn = info->socket_context;
	req->server = arg;
	req->mhd = mhd;
	api_uri_parse(target, &req->uri, &req->uri_err);
	req->target = strdup(target);
	return req;
}

void api_req_end(void *arg, struct MHD_Connection *mhd, void **slot,
		 enum MHD_RequestTerminationCode why)
{
	struct api_req *req = *slot;

	(void)arg;
	(void)mhd;
	(void)why;
	if (!req)
		return;
	if (req->conn) {
		req->conn->busy = false;
		req->conn->deadline = cmn_now_ns() + API_RECV_MS * CMN_NS_PER_MS;
	}
	if (req->response) {
		api_counts_add(req->server->counts, req->route, req->status, req->took);
		MHD_destroy_response(req->response);
	}
	for (unsigned int i = 0; i < req->nr_headers; i++) {
		free(req->headers[i].name);
		free(req->headers[i].value);
	}
	json_object_put(req->doc);
	req->server->body_bytes -= req->body_cap;
	free(req->body);
	free(req->target);
	if (req->secret)
		OPENSSL_cleanse(req->secret, strlen(req->secret));
	free(req->secret);
	api_uri_clear(&req->uri);
	free(req);
	*slot = NULL;
}

static bool is_api(const struct api_req *req)
{
	return strcmp(req->uri.segments[0], "api") == 0 ||
	       (req->uri.nr_segments == 1 && strcmp(req->uri.segments[0], "metrics") == 0);
}

/* OPTIONS, and methods that the path doesn't have. */
static bool answer_method(struct api_req *req, const char *method, unsigned int allow)
{
	char text[64];

	api_route_allow(allow, text, sizeof(text));
	api_reply_header(req, "Allow", text);
	if (strcmp(method, "OPTIONS") == 0)
		api_reply_empty(req, 204);
	else
		api_failf(req, API_PROBLEM_METHOD, NULL, "only %s here", text);
	return false;
}

static bool check_query(struct api_req *req)
{
	const char *bad = api_route_bad_query(req->route, &req->uri);
	struct cmn_err err = { 0 };

	if (!bad)
		return true;
	cmn_err_set(&err, -EINVAL, bad, "the query parameter %.64s is unknown or given twice", bad);
	api_route_query_names(req->route, err.valid, sizeof(err.valid));
	api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
	return false;
}

static bool find_route(struct api_req *req, const char *method)
{
	unsigned int allow;

	req->method = api_method_parse(method);
	if (!is_api(req)) {
		if (req->method != API_GET)
			return answer_method(req, method, 1u << API_GET);
		return true;
	}
	req->route =
		api_route_find(req->server->routes, req->method, &req->uri, &req->params, &allow);
	if (!allow) {
		api_failf(req, API_PROBLEM_NOT_FOUND, NULL, "the API has no such path");
		return false;
	}
	if (!req->route)
		return answer_method(req, method, allow);
	return api_auth_check(req) && check_query(req);
}

static bool check_body_headers(struct api_req *req)
{
	const char *length = api_req_header(req, "Content-Length");
	const char *type = api_req_header(req, "Content-Type");
	struct cmn_err err = { 0 };

	req->has_type = type != NULL;
	if (length && strtoull(length, NULL, 10) > API_BODY_MAX) {
		api_failf(req, API_PROBLEM_TOO_LARGE, NULL, "a body has at most %u bytes",
			  API_BODY_MAX);
		return false;
	}
	if (!req->route || req->method == API_GET)
		return true;
	/* A form can POST without asking first, so POST always says its type; PUT and DELETE are asked about (CORS). */
	if (req->route->body == API_BODY_NONE && !type)
		return true;
	if (api_guard_check_type(req->route->body, type, &err) == API_PROBLEM_NONE)
		return true;
	api_reply_problem(req, API_PROBLEM_MEDIA_TYPE, &err, NULL);
	return false;
}

/* All that the headers can tell; false: answered. */
static bool check_headers(struct api_req *req, const char *method)
{
	struct api_guard_headers headers = {
		.host = api_req_header(req, "Host"),
		.origin = api_req_header(req, "Origin"),
		.sec_fetch_site = api_req_header(req, "Sec-Fetch-Site"),
		.any_address = req->server->auth,
	};
	struct cmn_err err = { 0 };
	enum api_problem problem;

	if (req->uri_err.code) {
		api_reply_problem(req, API_PROBLEM_MALFORMED, &req->uri_err, NULL);
		return false;
	}
	if (!is_api(req))
		headers.sec_fetch_site = NULL; /* a link to the dashboard may stand anywhere */
	problem = api_guard_check(&headers, req->server->host_names, &err);
	if (problem != API_PROBLEM_NONE) {
		api_reply_problem(req, problem, &err, NULL);
		return false;
	}
	return find_route(req, method) && check_body_headers(req);
}

static enum MHD_Result queue(struct api_req *req)
{
	enum MHD_Result ret =
		MHD_queue_response(req->mhd, (unsigned int)req->status, req->response);

	req->state = API_REQ_QUEUED;
	return ret;
}

static enum MHD_Result on_headers(struct api_req *req, const char *method)
{
	const char *length = api_req_header(req, "Content-Length");
	bool too_long = length && strtoull(length, NULL, 10) > API_BODY_DISCARD_MAX;

	req->state = API_REQ_RUNNING;
	if (check_headers(req, method)) {
		req->state = API_REQ_BODY;
		return MHD_YES;
	}
	if (too_long || api_req_header(req, "Expect"))
		return queue(req);
	req->state = API_REQ_DISCARD;
	return MHD_YES;
}

/* Answered while its body still comes: the rest is dropped. */
static void refuse_body(struct api_req *req, enum api_problem problem)
{
	req->state = API_REQ_RUNNING;
	if (problem == API_PROBLEM_TOO_LARGE)
		api_failf(req, problem, NULL, "a body has at most %u bytes", API_BODY_MAX);
	else
		api_failf(req, problem, NULL, "too many large requests at the same time");
	req->state = API_REQ_DISCARD;
}

static bool grow_body(struct api_req *req, size_t need)
{
	size_t cap = cmn_min(need * 2, (size_t)API_BODY_MAX);
	char *body;

	if (req->server->body_bytes - req->body_cap + cap > API_BODIES_MAX)
		return false;
	body = realloc(req->body, cap);
	if (!body)
		return false;
	req->server->body_bytes += cap - req->body_cap;
	req->body = body;
	req->body_cap = cap;
	return true;
}

static enum MHD_Result on_data(struct api_req *req, const char *data, size_t len)
{
	req->body_seen += len;
	if (req->body_seen > API_BODY_DISCARD_MAX)
		return MHD_NO; /* without Content-Length, and endless */
	if (req->state == API_REQ_DISCARD)
		return MHD_YES;
	if (req->body_seen > API_BODY_MAX) {
		refuse_body(req, API_PROBLEM_TOO_LARGE);
	} else if (req->body_seen > req->body_cap && !grow_body(req, req->body_seen)) {
		refuse_body(req, API_PROBLEM_UNAVAILABLE);
	} else {
		memcpy(req->body + req->body_len, data, len);
		req->body_len += len;
	}
	return MHD_YES;
}

static bool parse_body(struct api_req *req)
{
	struct cmn_err err = { 0 };

	if (req->method == API_GET || !req->route)
		return true;
	if (req->body_len == 0) {
		/* Nothing is needed, nothing is said. */
		req->doc = json_object_new_object();
		return true;
	}
	if (cmn_json_parse(req->body, req->body_len, API_JSON_DEPTH_MAX, API_BODY_MAX, &req->doc,
			   &err) < 0) {
		err.code = -EBADMSG;
		api_fail(req, &err);
		return false;
	}
	if (!json_object_is_type(req->doc, json_type_object)) {
		api_failf(req, API_PROBLEM_MALFORMED, NULL, "the body must be a JSON object");
		return false;
	}
	if (req->route->body == API_BODY_NONE && json_object_object_length(req->doc)) {
		api_failf(req, API_PROBLEM_INVALID, NULL,
			  "this request takes no members in its body");
		return false;
	}
	return true;
}

static enum MHD_Result on_complete(struct api_req *req)
{
	req->came = cmn_now_ns();
	if (req->conn) {
		req->conn->busy = true;
		req->conn->deadline = cmn_now_ns() + API_ANSWER_MS * CMN_NS_PER_MS;
	}
	if (req->state == API_REQ_DISCARD)
		return queue(req);
	req->state = API_REQ_RUNNING;
	if (parse_body(req)) {
		if (req->route)
			req->route->handle(req);
		else
			api_bundle_serve(req);
	}
	if (req->state == API_REQ_ANSWERED)
		return queue(req);
	req->state = API_REQ_WAITING;
	TAILQ_INSERT_TAIL(&req->server->waiting, req, link);
	MHD_suspend_connection(req->mhd);
	return MHD_YES;
}

enum MHD_Result api_req_access(void *arg, struct MHD_Connection *mhd, const char *url,
			       const char *method, const char *version, const char *data,
			       size_t *data_size, void **slot)
{
	struct api_req *req = *slot;
	enum MHD_Result ret;

	(void)arg;
	(void)mhd;
	(void)url;
	(void)version;
	if (!req)
		return MHD_NO;
	if (req->state == API_REQ_NEW)
		return on_headers(req, method);
	if (req->state == API_REQ_ANSWERED)
		return queue(req);
	if (*data_size) {
		ret = on_data(req, data, *data_size);
		*data_size = 0;
		return ret;
	}
	return req->state == API_REQ_QUEUED ? MHD_YES : on_complete(req);
}
