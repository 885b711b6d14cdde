/* SPDX-License-Identifier: Apache-2.0 */
/* api/counts.c - see api/counts.h. */
#include "api/counts.h"

#include "common/clock.h"

#include <stdlib.h>

const int api_count_status[API_COUNT_STATUSES] = { 200, 201, 202, 204, 304, 400, 403, 404, 405, 409,
						   412, 413, 415, 421, 422, 500, 503, 507, 426, 0 };
const uint64_t api_count_bound_ns[API_COUNT_BUCKETS] = {
	250000,
	CMN_NS_PER_MS,
	4 * CMN_NS_PER_MS,
	16 * CMN_NS_PER_MS,
	64 * CMN_NS_PER_MS,
	250 * CMN_NS_PER_MS,
	CMN_NS_PER_S,
	4 * CMN_NS_PER_S,
	16 * CMN_NS_PER_S,
};

struct api_counts *api_counts_create(const struct api_route *const *table)
{
	struct api_counts *counts;
	unsigned int nr = 1;

	for (unsigned int i = 0; table[i]; i++) {
		for (const struct api_route *row = table[i]; row->path; row++)
			nr++;
	}
	counts = calloc(1, sizeof(*counts) + nr * sizeof(counts->at[0]));
	if (!counts)
		return NULL;
	counts->nr = 1;
	for (unsigned int i = 0; table[i]; i++) {
		for (const struct api_route *row = table[i]; row->path; row++)
			counts->at[counts->nr++].route = row;
	}
	return counts;
}

void api_counts_add(struct api_counts *counts, const struct api_route *route, int status,
		    uint64_t took_ns)
{
	unsigned int i = 0, code = 0, bucket = 0;

	while (i < counts->nr && counts->at[i].route != route)
		i++;
	if (i == counts->nr)
		i = 0;
	while (code < API_COUNT_STATUSES - 1 && api_count_status[code] != status)
		code++;
	while (bucket < API_COUNT_BUCKETS && took_ns > api_count_bound_ns[bucket])
		bucket++;
	counts->at[i].status[code]++;
	counts->at[i].bucket[bucket]++;
	counts->at[i].sum_ns += took_ns;
}
