/* SPDX-License-Identifier: Apache-2.0 */
/* api/problem.h - the one place where an error becomes an HTTP status and a problem document.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: RFC 9457. */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "common/err.h"

#include <json-c/json.h>

enum api_problem {
	API_PROBLEM_NONE,
	API_PROBLEM_MALFORMED, /* 400: not JSON, not a legal request */
	API_PROBLEM_UNAUTHENTICATED, /* 401 */
	API_PROBLEM_FORBIDDEN, /* 403 */
	API_PROBLEM_NOT_FOUND, /* 404 */
	API_PROBLEM_METHOD, /* 405 */
	API_PROBLEM_CONFLICT, /* 409: exists already */
	API_PROBLEM_IN_USE, /* 409: can't go while others use it */
	API_PROBLEM_CHANGED, /* 412 */
	API_PROBLEM_TOO_LARGE, /* 413 */
	API_PROBLEM_MEDIA_TYPE, /* 415 */
	API_PROBLEM_MISDIRECTED, /* 421 */
	API_PROBLEM_INVALID, /* 422: understood, but a value won't do */
	API_PROBLEM_INTERNAL, /* 500 */
	API_PROBLEM_UNAVAILABLE, /* 503 */
	API_PROBLEM_NO_SPACE, /* 507 */
	API_PROBLEM_COUNT
};

/* What a problem is made of beyond its error; all may be NULL. */
struct api_problem_about {
	struct json_object
		*doc; /* the request's body: `value` is taken from it by the field's path */
	const char *value; /* or this, for a parameter or header */
	const char *const *users; /* NULL-ended: who is in the way */
	struct json_object *existing; /* what is there already; borrowed */
	const struct cmn_err *more; /* what else is wrong */
	size_t nr_more;
};

/* From an error of discoveryd: by errno, and by whether a member of the body is to blame. */
enum api_problem api_problem_of(const struct cmn_err *err);
int api_problem_status(enum api_problem problem);
/* A new document; NULL when out of memory. */
struct json_object *api_problem_json(enum api_problem problem, const struct cmn_err *err,
				     const struct api_problem_about *about);

#endif
