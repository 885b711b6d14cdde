/* SPDX-License-Identifier: Apache-2.0 */
/* api/guard.h - which requests a browser on this machine must not be tricked into: Host, Origin, Sec-Fetch-Site, Content-Type.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: RFC 9110, 7.2 and 7.4; Fetch Metadata. */
#ifndef API_GUARD_H
#define API_GUARD_H

#include "api/problem.h"
#include "api/route.h"

/* The headers it looks at, NULL when absent. */
struct api_guard_headers {
	const char *host;
	const char *origin;
	const char *sec_fetch_site;
	const char *content_type;
	bool any_address; /* Host may be any address: only loopback ones reach an API without passwords */
};

/* localhost, a loopback address (or with any_address any), or one of names (NULL-ended, may be NULL); with or without a port. */
bool api_guard_host_ok(const char *host, const char *const *names, bool any_address);
/* An http(s) origin whose host is the one asked. */
bool api_guard_origin_ok(const char *origin, const char *host);

/* API_PROBLEM_NONE, or what is wrong, in err too. */
enum api_problem api_guard_check(const struct api_guard_headers *headers, const char *const *names,
				 struct cmn_err *err);
/* The media type of a write. */
enum api_problem api_guard_check_type(enum api_body body, const char *content_type,
				      struct cmn_err *err);

#endif
