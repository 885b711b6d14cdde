/* SPDX-License-Identifier: Apache-2.0 */
/* web/bundle.h - the files of the dashboard, embedded at build by web/embed.sh.
 * Owns: constant data.  Thread: any.  May block: never. */
#ifndef WEB_BUNDLE_H
#define WEB_BUNDLE_H

#include <stddef.h>

struct web_asset {
	const char *path; /* as in the URL: "/index.html" */
	const char *type; /* Content-Type */
	const char *etag; /* quoted, from the content's digest */
	const unsigned char *data;
	size_t len;
};

/* Sorted by path (strcmp). */
extern const struct web_asset web_assets[];
extern const size_t web_assets_count;

#endif
