/* SPDX-License-Identifier: Apache-2.0 */
/* common/histogram.c - what a histogram tells; see histogram.h. */
#include "common/histogram.h"

#include "common/container.h"

#define SUB (1u << CMN_HISTOGRAM_SUB_BITS)

uint64_t cmn_histogram_upper(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * SUB)
		return bucket;
	shift = (bucket >> CMN_HISTOGRAM_SUB_BITS) - 1;
	return ((uint64_t)(bucket - (shift << CMN_HISTOGRAM_SUB_BITS)) << shift) +
	       (((uint64_t)1 << shift) - 1);
}

uint64_t cmn_histogram_quantile(const struct cmn_histogram *h, double share)
{
	double want = share * (double)h->count;
	uint64_t seen = 0;

	for (unsigned int i = 0; i < CMN_HISTOGRAM_BUCKETS && h->count; i++) {
		seen += h->buckets[i];
		if (h->buckets[i] && (double)seen >= want)
			return cmn_min(cmn_histogram_upper(i), h->max);
	}
	return h->max;
}

double cmn_histogram_share(const struct cmn_histogram *h, uint64_t value)
{
	unsigned int last = cmn_histogram_bucket(value);
	uint64_t seen = 0;

	for (unsigned int i = 0; i <= last; i++)
		seen += h->buckets[i];
	return h->count ? (double)seen / (double)h->count : 0;
}

double cmn_histogram_mean(const struct cmn_histogram *h)
{
	return h->count ? h->sum / (double)h->count : 0;
}
