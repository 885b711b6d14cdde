/* SPDX-License-Identifier: Apache-2.0 */
/* api/route.c - finds the row of a request.  Thread: any.  May block: never. */
#include "api/route.h"

#include "api/kind.h"

#include <stdio.h>
#include <string.h>

static const char *const method_names[API_METHOD_COUNT] = {
	[API_GET] = "GET",     [API_POST] = "POST",	[API_PUT] = "PUT",
	[API_PATCH] = "PATCH", [API_DELETE] = "DELETE",
};

const char *api_method_name(enum api_method method)
{
	return method_names[method];
}

enum api_method api_method_parse(const char *name)
{
	if (strcmp(name, "HEAD") == 0)
		return API_GET;
	for (int i = 0; i < API_METHOD_COUNT; i++) {
		if (strcmp(name, method_names[i]) == 0)
			return (enum api_method)i;
	}
	return API_METHOD_COUNT;
}

static bool segment_matches(const char *template, size_t len, const char *segment,
			    struct api_params *params)
{
	if (template[0] != '{')
		return strlen(segment) == len && memcmp(template, segment, len) == 0;
	if (!*segment || params->nr == API_PARAMS_MAX)
		return false;
	params->at[params->nr].name = template + 1;
	params->at[params->nr].name_len = len - 2;
	params->at[params->nr++].value = segment;
	return true;
}

static bool path_matches(const char *template, const struct api_uri *uri, struct api_params *params)
{
	params->nr = 0;
	for (unsigned int i = 0; i < uri->nr_segments; i++) {
		size_t len;

		if (*template ++ != '/')
			return false;
		len = strcspn(template, "/");
		if (!segment_matches(template, len, uri->segments[i], params))
			return false;
		template += len;
	}
	return *template == '\0';
}

const struct api_route *api_route_find(const struct api_route *const *table, enum api_method method,
				       const struct api_uri *uri, struct api_params *ret_params,
				       unsigned int *ret_allow)
{
	const struct api_route *found = NULL;
	struct api_params params;

	*ret_allow = 0;
	for (; *table; table++) {
		for (const struct api_route *row = *table; row->path; row++) {
			if (!path_matches(row->path, uri, &params))
				continue;
			*ret_allow |= 1u << row->method;
			/* What is said literally goes before a parameter: /events/stream, /events/{id}. */
			if (row->method == method && (!found || params.nr < ret_params->nr)) {
				*ret_params = params;
				found = row;
			}
		}
	}
	return found;
}

void api_route_allow(unsigned int allow, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (int i = 0; i < API_METHOD_COUNT && used < size; i++) {
		if (!(allow & 1u << i))
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s%s", used ? ", " : "",
					 method_names[i], i == API_GET ? ", HEAD" : "");
	}
}

const char *api_params_get(const struct api_params *params, const char *name)
{
	size_t len = strlen(name);

	for (unsigned int i = 0; i < params->nr; i++) {
		if (params->at[i].name_len == len && memcmp(params->at[i].name, name, len) == 0)
			return params->at[i].value;
	}
	return NULL;
}

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (words && *words) {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, word, n) == 0)
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

/* What the handlers of kinds know beside the row's own. */
static const char *generic_words(const struct api_route *route)
{
	if (!route->kind)
		return NULL;
	if (route->method != API_GET)
		return "dry_run";
	return route->handle == api_list ? "limit cursor sort fields" : "fields";
}

static bool knows(const struct api_route *route, const char *name)
{
	if (word_in(route->query, name) || word_in(generic_words(route), name))
		return true;
	if (!route->kind || route->handle != api_list)
		return false;
	for (const struct api_field *f = route->kind->fields; f->name; f++) {
		if (f->flags & API_FILTER && strcmp(f->name, name) == 0)
			return true;
	}
	return false;
}

static void add_words(const char *words, char *buf, size_t size)
{
	size_t used = strlen(buf), n;

	for (; words && *words; words += n + strspn(words + n, " ")) {
		n = strcspn(words, " ");
		used += (size_t)snprintf(buf + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)n, words);
		if (used >= size)
			return;
	}
}

void api_route_query_names(const struct api_route *route, char *buf, size_t size)
{
	size_t used;

	buf[0] = '\0';
	add_words(route->query, buf, size);
	add_words(generic_words(route), buf, size);
	used = strlen(buf);
	if (route->kind && route->handle == api_list) {
		snprintf(buf + used, size - used, ", ");
		used = strlen(buf);
		api_kind_names(route->kind, API_FILTER, buf + used, size - used);
	}
	if (!*buf)
		snprintf(buf, size, "none");
}

const char *api_route_bad_query(const struct api_route *route, const struct api_uri *uri)
{
	for (unsigned int i = 0; i < uri->nr_query; i++) {
		const char *name = uri->query[i].name;

		if (!knows(route, name))
			return name;
		for (unsigned int j = 0; j < i; j++) {
			if (strcmp(uri->query[j].name, name) == 0)
				return name;
		}
	}
	return NULL;
}
