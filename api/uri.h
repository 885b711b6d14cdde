/* SPDX-License-Identifier: Apache-2.0 */
/* api/uri.h - a request target, taken apart: decoded path segments and query parameters.
 * Owns: one buffer with all the text.  Thread: any.  May block: never.  Spec: RFC 3986, 3.3 and 3.4.
 *
 * The path is cut at '/' before it is decoded, so that an NQN may hold an encoded slash. */
#ifndef API_URI_H
#define API_URI_H

#include "api/limits.h"
#include "common/err.h"

#include <stddef.h>

struct api_uri {
	char *buf;
	unsigned int nr_segments;
	unsigned int nr_query;
	const char *segments[API_SEGMENTS_MAX]; /* "/" has one, "" */
	struct {
		const char *name;
		const char *value;
	} query[API_QUERY_MAX];
};

/* -EINVAL: not an absolute path, a bad %-sequence or an encoded NUL, -E2BIG: too many parts; -ENOMEM.  Clear it either way. */
int api_uri_parse(const char *target, struct api_uri *ret_uri, struct cmn_err *err);
void api_uri_clear(struct api_uri *uri);

/* NULL when absent. */
const char *api_uri_query(const struct api_uri *uri, const char *name);

/* Decodes %XX in place.  plus: '+' is a space too.  -EINVAL for a bad sequence, or one that makes a NUL. */
int api_uri_decode(char *text, bool plus);

/* Writes the encoded form of one segment to buf; returns its length (as snprintf). */
size_t api_uri_encode(const char *text, char *buf, size_t size);

#endif
