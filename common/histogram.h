/* SPDX-License-Identifier: Apache-2.0 */
/* common/histogram.h - how often which value came: 64-bit values in buckets whose width grows with
 * them, so that every quantile is within 1/64 of the truth, in fixed memory.
 * Owns: nothing; the struct is the caller's, zeroed.  Thread: one at a time.  May block: never. */
#ifndef COMMON_HISTOGRAM_H
#define COMMON_HISTOGRAM_H

#include <stdint.h>

#define CMN_HISTOGRAM_SUB_BITS 6
#define CMN_HISTOGRAM_BUCKETS ((64 - CMN_HISTOGRAM_SUB_BITS + 1) << CMN_HISTOGRAM_SUB_BITS)

struct cmn_histogram {
	uint64_t count, max, min; /* min: of nothing, 0 */
	double sum;
	uint64_t buckets[CMN_HISTOGRAM_BUCKETS];
};

/* Values below 64 have a bucket each; above, each power of two is cut into 64. */
static inline unsigned int cmn_histogram_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < 1u << CMN_HISTOGRAM_SUB_BITS)
		return (unsigned int)value;
	shift = 63u - (unsigned int)__builtin_clzll(value) - CMN_HISTOGRAM_SUB_BITS;
	return (shift << CMN_HISTOGRAM_SUB_BITS) + (unsigned int)(value >> shift);
}

static inline void cmn_histogram_add(struct cmn_histogram *h, uint64_t value)
{
	h->buckets[cmn_histogram_bucket(value)]++;
	h->min = h->count && h->min < value ? h->min : value;
	h->max = h->max > value ? h->max : value;
	h->sum += (double)value;
	h->count++;
}

/* The largest value that falls into this bucket. */
uint64_t cmn_histogram_upper(unsigned int bucket);
/* The least value that at least this share (0..1) of all don't exceed, as its bucket's upper end but
 * never above the largest; 0 when nothing was added. */
uint64_t cmn_histogram_quantile(const struct cmn_histogram *h, double share);
/* Which share doesn't exceed value. */
double cmn_histogram_share(const struct cmn_histogram *h, uint64_t value);
double cmn_histogram_mean(const struct cmn_histogram *h);

#endif
