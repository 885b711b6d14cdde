/* SPDX-License-Identifier: Apache-2.0 */
/* api/req.h - a request as handlers see it: what was asked, and how to answer, at once or later.
 * Owns: a request lives from its headers until its answer is sent; a handler that doesn't answer at once keeps the pointer until it
 * calls one of the api_reply functions, or until its on_cancel runs.  Exactly one answer per request.
 * Thread: the control loop.  May block: never. */
#ifndef API_REQ_H
#define API_REQ_H

#include "api/problem.h"
#include "api/route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_req;
struct dsc_app;

/* What was asked. */
struct dsc_app *api_req_app(const struct api_req *req);
const char *api_req_user(const struct api_req *req); /* who asks, for the audit */
const struct api_kind *api_req_kind(const struct api_req *req); /* the row's */
const char *api_req_template(const struct api_req *req); /* the row's path */
const char *api_req_param(const struct api_req *req,
			  const char *name); /* of the path; never NULL for a name in the row */
const char *api_req_query(const struct api_req *req, const char *name); /* NULL when absent */
const char *api_req_header(const struct api_req *req, const char *name); /* NULL when absent */
struct json_object *
api_req_doc(const struct api_req *req); /* the body: an object; NULL for a row without body */

/* Query parameters by type; on failure the answer has been sent and the handler returns. */
bool api_req_flag(struct api_req *req, const char *name, bool *ret);
bool api_req_number(struct api_req *req, const char *name, uint64_t min, uint64_t max,
		    uint64_t *ret);

/* The answer.  json is taken over.  Headers go first. */
void api_reply_header(struct api_req *req, const char *name, const char *value);
void api_reply_json(struct api_req *req, int status, struct json_object *json);
void api_reply_empty(struct api_req *req, int status);
void api_reply_static(struct api_req *req, const char *type, const void *data, size_t len);
/* about: what else there is to say of it, NULL: nothing; the values that the request gave are found. */
void api_reply_problem(struct api_req *req, enum api_problem problem, const struct cmn_err *err,
		       const struct api_problem_about *about);
/* By api_problem_of(), unless the body names what isn't there. */
enum api_problem api_req_problem(const struct api_req *req, const struct cmn_err *err);
void api_fail(struct api_req *req, const struct cmn_err *err); /* by api_problem_of() */
void api_failf(struct api_req *req, enum api_problem problem, const char *field, const char *fmt,
	       ...) __attribute__((format(printf, 4, 5)));

/* For a handler that answers later: runs when the server ends first; it must forget req, which is answered for it. */
void api_req_on_cancel(struct api_req *req, void (*on_cancel)(struct api_req *req, void *arg),
		       void *arg);

/* Ends discoveryd once this request's answer has had time to leave. */
void api_req_end_daemon(struct api_req *req, bool workers);

/* ETag of an object's revision: quoted.  buf of 24 bytes does. */
const char *api_etag(uint64_t revision, char *buf, size_t size);
/* True when the request has no If-Match or it names etag; else it has been answered with 412. */
bool api_req_if_match(struct api_req *req, const char *etag);
/* True when If-None-Match names etag: then it has been answered with 304. */
bool api_req_not_modified(struct api_req *req, const char *etag);

#endif
