/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_api_request.c - a request target, then on further lines Host and Origin: nothing crashes, what was taken apart can be
 * put together again, and a Host that passes is one of this machine's. */
#include "api/guard.h"
#include "api/uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_segments(const struct api_uri *uri)
{
	for (unsigned int i = 0; i < uri->nr_segments; i++) {
		size_t size = 3 * strlen(uri->segments[i]) + 1;
		char *text = malloc(size);

		if (!text || api_uri_encode(uri->segments[i], text, size) >= size ||
		    strchr(text, '/') || api_uri_decode(text, false) < 0 ||
		    strcmp(text, uri->segments[i]) != 0)
			abort();
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *rest = text;
	const char *target, *host, *origin;
	struct cmn_err err = { 0 };
	struct api_uri uri;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	target = strsep(&rest, "\n");
	host = rest ? strsep(&rest, "\n") : "";
	origin = rest ? strsep(&rest, "\n") : "";
	if (api_uri_parse(target, &uri, &err) == 0)
		check_segments(&uri);
	else if (!cmn_err_is(&err))
		abort();
	api_uri_clear(&uri);
	if (api_guard_host_ok(host, NULL, false) && !strstr(host, "127.") &&
	    strncasecmp(host, "localhost", 9) != 0 && host[0] != '[')
		abort();
	api_guard_origin_ok(origin, host);
	free(text);
	return 0;
}
