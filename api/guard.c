/* SPDX-License-Identifier: Apache-2.0 */
/* api/guard.c - refuses requests that another site's page made a browser send.  Thread: any.  May block: never.
 *
 * Unless it asks for tokens, whoever reaches the API may use it.  A page of another site reaches loopback through the user's
 * browser, either cross-site (Origin, Sec-Fetch-Site and a Content-Type that needs CORS tell) or by a name of its own that it
 * lets resolve to 127.0.0.1 (Host tells). */
#include "api/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 256

/* Splits "name:port", "[addr]:port" or either without port; *ret_port is "" then. */
static int split_host(const char *host, char name[HOST_MAX], const char **ret_port)
{
	const char *end;

	if (host[0] == '[') {
		end = strchr(++host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		*ret_port = end[1] ? end + 2 : "";
	} else {
		end = host + strcspn(host, ":");
		*ret_port = *end ? end + 1 : "";
	}
	if (end == host || end - host >= HOST_MAX || (*ret_port)[strspn(*ret_port, "0123456789")])
		return -EINVAL;
	memcpy(name, host, (size_t)(end - host));
	name[end - host] = '\0';
	return 0;
}

static bool is_address(const char *name, bool any)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, name, &v4) == 1)
		return any || ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, name, &v6) == 1 && (any || IN6_IS_ADDR_LOOPBACK(&v6));
}

bool api_guard_host_ok(const char *host, const char *const *names, bool any_address)
{
	char name[HOST_MAX];
	const char *port;

	if (split_host(host, name, &port) < 0)
		return false;
	if (strcasecmp(name, "localhost") == 0 || is_address(name, any_address))
		return true;
	for (; names && *names; names++) {
		if (strcasecmp(name, *names) == 0)
			return true;
	}
	return false;
}

bool api_guard_origin_ok(const char *origin, const char *host)
{
	char name[HOST_MAX], own[HOST_MAX];
	const char *port, *own_port;

	if (strncasecmp(origin, "http://", 7) == 0)
		origin += 7;
	else if (strncasecmp(origin, "https://", 8) == 0)
		origin += 8;
	else
		return false;
	return split_host(origin, name, &port) == 0 && split_host(host, own, &own_port) == 0 &&
	       strcasecmp(name, own) == 0 && strcmp(port, own_port) == 0;
}

enum api_problem api_guard_check(const struct api_guard_headers *headers, const char *const *names,
				 struct cmn_err *err)
{
	if (!headers->host || !api_guard_host_ok(headers->host, names, headers->any_address)) {
		cmn_err_set(err, -EREMOTE, "Host",
			    "Host must be localhost, a loopback address or a configured name");
		return API_PROBLEM_MISDIRECTED;
	}
	if (headers->origin && !api_guard_origin_ok(headers->origin, headers->host)) {
		cmn_err_set(err, -EPERM, "Origin", "requests of another site's pages are refused");
		return API_PROBLEM_FORBIDDEN;
	}
	if (headers->sec_fetch_site && strcasecmp(headers->sec_fetch_site, "same-origin") != 0 &&
	    strcasecmp(headers->sec_fetch_site, "none") != 0) {
		cmn_err_set(err, -EPERM, "Sec-Fetch-Site",
			    "requests of another site's pages are refused");
		return API_PROBLEM_FORBIDDEN;
	}
	return API_PROBLEM_NONE;
}

enum api_problem api_guard_check_type(enum api_body body, const char *content_type,
				      struct cmn_err *err)
{
	size_t len = content_type ? strcspn(content_type, "; \t") : 0;

	if (len == 16 && strncasecmp(content_type, "application/json", len) == 0)
		return API_PROBLEM_NONE;
	if (body == API_BODY_MERGE && len == 28 &&
	    strncasecmp(content_type, "application/merge-patch+json", len) == 0)
		return API_PROBLEM_NONE;
	cmn_err_set(err, -EPROTOTYPE, "Content-Type", "the body's Content-Type must be %s",
		    body == API_BODY_MERGE ? "application/merge-patch+json or application/json"
					   : "application/json");
	return API_PROBLEM_MEDIA_TYPE;
}
