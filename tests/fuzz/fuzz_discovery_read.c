/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_discovery_read.c - a discovery log from outside: never more entries than it has bytes for, texts that end. */
#include "fabrics/discovery_read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1); /* of its own size, so that a byte too far is seen */
	struct fab_disc_found found;
	struct fab_disc_page page;
	size_t nr = 0;

	if (len)
		memcpy(copy, data, len);
	if (fab_disc_page_open(&page, copy, (uint32_t)len) == 0) {
		while (fab_disc_page_next(&page, &found) > 0) {
			if (++nr > len / sizeof(struct nvmf_disc_entry))
				abort();
			if (found.usable &&
			    (!*found.rec.subnqn || strlen(found.label) > FAB_LABEL_MAX))
				abort();
		}
	}
	free(copy);
	return 0;
}
