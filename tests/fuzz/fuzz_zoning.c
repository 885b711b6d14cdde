/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_zoning.c - ZoneGroups from outside: what is taken has as many zones as it told, within the bytes that there are, and
 * is the same again when it is encoded; what is refused names a field. */
#include "fabrics/zoning.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(int so)
{
	if (!so)
		abort();
}

static void walk_members(const struct fab_zone *zone)
{
	struct nvmf_zone_member bytes;
	struct fab_zone_member m, again;
	const char *field;

	for (uint16_t i = 0; i < zone->nr_members; i++) {
		must(fab_zone_member_decode(&zone->members[i], &m, &field) == 0);
		fab_zone_member_encode(&m, &bytes);
		must(fab_zone_member_decode(&bytes, &again, &field) == 0);
		must(!memcmp(&m, &again, sizeof(m)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fab_zone_fault fault = { .field = NULL };
	uint8_t *copy = malloc(len ? len : 1); /* of its own size, so that a byte too far is seen */
	struct fab_zone_group group;
	struct fab_zone zone;
	size_t pos = 0;
	uint16_t nr = 0;

	if (len)
		memcpy(copy, data, len);
	if (fab_zone_group_decode(copy, len, &group, &fault) < 0) {
		must(fault.field != NULL);
	} else {
		for (; fab_zone_next(&group, &pos, &zone); nr++)
			walk_members(&zone);
		must(nr == group.nr_zones && pos == group.zones_len);
	}
	free(copy);
	return 0;
}
