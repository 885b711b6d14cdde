/* SPDX-License-Identifier: Apache-2.0 */
/* api/route.h - rows of the API: method, path, operationId, role, handler; and how a request finds its row.
 * Owns: constant data.  Thread: any.  May block: never. */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/uri.h"

#include <stdbool.h>

struct api_kind;
struct api_req;

enum api_method {
	API_GET, /* HEAD too */
	API_POST,
	API_PUT,
	API_PATCH,
	API_DELETE,
	API_METHOD_COUNT
};

/* What a user must be allowed to do (api/auth.c has which role may); anyone, where the API does not authenticate. */
enum api_role { API_ROLE_READ, API_ROLE_WRITE, API_ROLE_ADMIN, API_ROLE_COUNT };

enum api_body {
	API_BODY_NONE,
	API_BODY_JSON, /* application/json */
	API_BODY_MERGE, /* application/merge-patch+json too */
	API_BODY_COUNT
};

struct api_route {
	enum api_method method;
	enum api_role role;
	enum api_body body;
	const char *path; /* with {names} for whole segments */
	const char *operation_id; /* in api/openapi.yaml */
	const char *query; /* known parameters, blanks between; NULL: none */
	void (*handle)(struct api_req *req);
	const struct api_kind
		*kind; /* of api_list() and api_get(), which know its parameters too */
};

/* Values of a template's {names}; they point into the api_uri and the template. */
struct api_params {
	unsigned int nr;
	struct {
		const char *name; /* not ended by NUL */
		size_t name_len;
		const char *value;
	} at[API_PARAMS_MAX];
};

/* Every resource's rows; each array ends with a row without path, the list with NULL. */
extern const struct api_route *const api_route_table[];

const char *api_method_name(enum api_method method);
/* API_METHOD_COUNT for one that no row can have. */
enum api_method api_method_parse(const char *name);

/* The row for method and uri, or NULL.  *ret_allow: bit per method that the path has; 0 means that there is no such path. */
const struct api_route *api_route_find(const struct api_route *const *table, enum api_method method,
				       const struct api_uri *uri, struct api_params *ret_params,
				       unsigned int *ret_allow);
/* "GET, HEAD, POST" for an Allow header. */
void api_route_allow(unsigned int allow, char *buf, size_t size);
/* NULL when the template has no such name. */
const char *api_params_get(const struct api_params *params, const char *name);
/* The first query parameter that the row doesn't know, or that is given twice; NULL when all is well. */
const char *api_route_bad_query(const struct api_route *route, const struct api_uri *uri);
/* "limit, cursor, ...": the parameters that the row knows. */
void api_route_query_names(const struct api_route *route, char *buf, size_t size);

#endif
