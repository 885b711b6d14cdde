/* SPDX-License-Identifier: Apache-2.0 */
/* api/counts.h - requests by route and outcome, and how long they took, for /metrics.
 * Owns: the counters, one set per route.  Thread: the control loop.  May block: never. */
#ifndef API_COUNTS_H
#define API_COUNTS_H

#include "api/route.h"

#include <stdint.h>

#define API_COUNT_STATUSES 20 /* the last one: any other */
#define API_COUNT_BUCKETS 9 /* and one without a bound */

extern const int api_count_status[API_COUNT_STATUSES];
extern const uint64_t api_count_bound_ns[API_COUNT_BUCKETS];

struct api_route_count {
	const struct api_route *route; /* NULL: the dashboard's files, and what no route has */
	uint64_t status[API_COUNT_STATUSES];
	uint64_t bucket[API_COUNT_BUCKETS + 1]; /* each alone, not those below it */
	uint64_t sum_ns;
};

struct api_counts {
	unsigned int nr;
	struct api_route_count at[]; /* [0]: without a route */
};

struct api_counts *api_counts_create(const struct api_route *const *table); /* NULL: no memory */
void api_counts_add(struct api_counts *counts, const struct api_route *route, int status,
		    uint64_t took_ns);

#endif
