/* SPDX-License-Identifier: Apache-2.0 */
/* common/latency.c - what the buckets tell; see latency.h. */
#include "common/latency.h"

void cmn_latency_sum(struct cmn_latency *l, const struct cmn_latency *more)
{
	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS; i++)
		l->bucket[i] += __atomic_load_n(&more->bucket[i], __ATOMIC_RELAXED);
}

uint64_t cmn_latency_count(const struct cmn_latency *l)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS; i++)
		count += l->bucket[i];
	return count;
}

uint64_t cmn_latency_quantile(const struct cmn_latency *l, double share)
{
	double want = share * (double)cmn_latency_count(l), seen = 0;

	for (unsigned int i = 0; i < CMN_LATENCY_BUCKETS; i++) {
		uint64_t from = i ? cmn_latency_bound(i - 1) : 0;
		double in = (double)l->bucket[i];

		if (!l->bucket[i] || seen + in < want) {
			seen += in;
			continue;
		}
		if (i == CMN_LATENCY_BUCKETS - 1)
			return from;
		return from +
		       (uint64_t)((want - seen) / in * (double)(cmn_latency_bound(i) - from));
	}
	return 0;
}
