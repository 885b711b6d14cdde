/* SPDX-License-Identifier: Apache-2.0 */
/* api/bundle.c - serves the embedded dashboard: every path that isn't the API's.  Thread: the control loop.  May block: never. */
#include "api/server_impl.h"

#include "web/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LEN_MAX 256

static int by_path(const void *key, const void *asset)
{
	return strcmp(key, ((const struct web_asset *)asset)->path);
}

static const struct web_asset *find(const char *path)
{
	return bsearch(path, web_assets, web_assets_count, sizeof(*web_assets), by_path);
}

/* The path again from its decoded segments; false when it is longer than any file's. */
static bool join(const struct api_uri *uri, char *path, size_t size)
{
	size_t used = 0;

	for (unsigned int i = 0; i < uri->nr_segments; i++) {
		int n = snprintf(path + used, size - used, "/%s", uri->segments[i]);

		if (n < 0 || (size_t)n >= size - used)
			return false;
		used += (size_t)n;
	}
	return true;
}

/* Does the list of Accept-Encoding take gzip? */
static bool takes_gzip(const char *list)
{
	const char *at = list ? strstr(list, "gzip") : NULL;

	if (!at)
		return false;
	at += 4;
	at += strspn(at, " ");
	if (strncmp(at, ";q=0", 4) != 0)
		return true;
	/* ";q=0", ";q=0.0" say no, ";q=0.5" says yes */
	return at[4] == '.' && strspn(at + 5, "0") < strcspn(at + 5, ", ");
}

/* "name-HASH.ext", as bundlers write: eight or more letters and digits after the last '-'; its content never changes. */
static bool name_has_hash(const char *path)
{
	const char *dash = strrchr(path, '-');
	const char *dot = strrchr(path, '.');

	return dash && dot && dot > dash && dot - dash > 8 &&
	       strspn(dash + 1,
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
		       (size_t)(dot - dash - 1);
}

/* "/" is the page index.html, "/docs/api" is docs/api.html. */
static const struct web_asset *find_page(const struct api_uri *uri)
{
	char path[PATH_LEN_MAX], page[PATH_LEN_MAX + 5];
	const struct web_asset *asset;

	if (!join(uri, path, sizeof(path)))
		return NULL;
	if (strcmp(path, "/") == 0)
		return find("/index.html");
	asset = find(path);
	if (asset)
		return asset;
	snprintf(page, sizeof(page), "%s.html", path);
	return find(page);
}

void api_bundle_serve(struct api_req *req)
{
	const struct web_asset *asset = find_page(&req->uri), *gz;
	char zipped[PATH_LEN_MAX + 8];

	if (!asset) {
		api_failf(req, API_PROBLEM_NOT_FOUND, NULL, "there is no such page");
		return;
	}
	snprintf(zipped, sizeof(zipped), "%s.gz", asset->path);
	gz = find(zipped);
	if (gz)
		api_reply_header(req, "Vary", "Accept-Encoding");
	if (gz && takes_gzip(api_req_header(req, "Accept-Encoding")))
		api_reply_header(req, "Content-Encoding", "gzip");
	else
		gz = NULL;
	api_reply_header(req, "ETag", gz ? gz->etag : asset->etag);
	if (name_has_hash(asset->path))
		api_reply_header(req, "Cache-Control", "public, max-age=31536000, immutable");
	if (api_req_not_modified(req, gz ? gz->etag : asset->etag))
		return;
	api_reply_static(req, asset->type, gz ? gz->data : asset->data, gz ? gz->len : asset->len);
}
