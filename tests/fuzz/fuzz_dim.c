/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_dim.c - Discovery Information Management from outside: what is taken yields as many entries as it told, within
 * the bytes that there are; what is refused names a field.  The first byte is CDW10. */
#include "fabrics/dim.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fab_dim_fault fault = { .field = NULL };
	struct fab_dim_entry entry;
	struct fab_dim dim;
	uint32_t pos = 0, nr = 0;
	uint8_t *copy; /* of its own size, so that a byte too far is seen */

	if (!len)
		return 0;
	copy = malloc(len > 1 ? len - 1 : 1);
	memcpy(copy, data + 1, len - 1);
	if (fab_failed(fab_dim_decode(data[0], copy, (uint32_t)len - 1, &dim, &fault))) {
		if (!fault.field)
			abort();
	} else {
		while (fab_dim_next(&dim, &pos, &entry))
			nr++;
		if (nr != dim.nument || pos != dim.list_len)
			abort();
	}
	free(copy);
	return 0;
}
