/* SPDX-License-Identifier: Apache-2.0 */
/* api/uri.c - cuts a request target into parts and decodes them.  Thread: any.  May block: never.  Spec: RFC 3986. */
#include "api/uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int api_uri_decode(char *text, bool plus)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		int high, low;

		if (*in != '%') {
			*out++ = plus && *in == '+' ? ' ' : *in;
			continue;
		}
		high = hex_digit(in[1]);
		low = high < 0 ? -1 : hex_digit(in[2]);
		if (low < 0 || (high == 0 && low == 0))
			return -EINVAL;
		*out++ = (char)(high << 4 | low);
		in += 2;
	}
	*out = '\0';
	return 0;
}

size_t api_uri_encode(const char *text, char *buf, size_t size)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:@";
	static const char hex[] = "0123456789ABCDEF";
	size_t used = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		char code[3] = { (char)*p, 0, 0 };
		size_t len = 1;

		if (!strchr(plain, *p)) {
			code[0] = '%';
			code[1] = hex[*p >> 4];
			code[2] = hex[*p & 15];
			len = 3;
		}
		for (size_t i = 0; i < len; i++, used++) {
			if (used + 1 < size)
				buf[used] = code[i];
		}
	}
	if (size)
		buf[used < size ? used : size - 1] = '\0';
	return used;
}

static int split_path(char *path, struct api_uri *uri, struct cmn_err *err)
{
	char *rest = path + 1;

	do {
		char *segment = strsep(&rest, "/");

		if (uri->nr_segments == API_SEGMENTS_MAX)
			return cmn_err_set(err, -E2BIG, NULL, "the path has too many parts");
		if (api_uri_decode(segment, false) < 0)
			return cmn_err_set(err, -EINVAL, NULL, "the path holds a bad %%-sequence");
		uri->segments[uri->nr_segments++] = segment;
	} while (rest);
	return 0;
}

static int split_query(char *query, struct api_uri *uri, struct cmn_err *err)
{
	while (query) {
		char *value = strsep(&query, "&");
		char *name;

		if (!*value)
			continue;
		if (uri->nr_query == API_QUERY_MAX)
			return cmn_err_set(err, -E2BIG, NULL, "the query has too many parameters");
		name = strsep(&value, "=");
		if (!value)
			value = name + strlen(name);
		if (api_uri_decode(name, true) < 0 || api_uri_decode(value, true) < 0)
			return cmn_err_set(err, -EINVAL, NULL, "the query holds a bad %%-sequence");
		uri->query[uri->nr_query].name = name;
		uri->query[uri->nr_query++].value = value;
	}
	return 0;
}

int api_uri_parse(const char *target, struct api_uri *ret_uri, struct cmn_err *err)
{
	char *query;
	int ret;

	memset(ret_uri, 0, sizeof(*ret_uri));
	if (target[0] != '/')
		return cmn_err_set(err, -EINVAL, NULL, "the request target isn't an absolute path");
	ret_uri->buf = strdup(target);
	if (!ret_uri->buf)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	query = strchr(ret_uri->buf, '?');
	if (query)
		*query++ = '\0';
	ret = split_path(ret_uri->buf, ret_uri, err);
	return ret < 0 ? ret : split_query(query, ret_uri, err);
}

void api_uri_clear(struct api_uri *uri)
{
	free(uri->buf);
	memset(uri, 0, sizeof(*uri));
}

const char *api_uri_query(const struct api_uri *uri, const char *name)
{
	for (unsigned int i = 0; i < uri->nr_query; i++) {
		if (strcmp(uri->query[i].name, name) == 0)
			return uri->query[i].value;
	}
	return NULL;
}
