/* SPDX-License-Identifier: Apache-2.0 */
/* common/latency.h - how long things took, in buckets whose width doubles: few enough to be kept for each of many things and
 * sent around, cheap enough to be counted on a hot path.  Finer ones: common/histogram.h.
 * Owns: nothing; the struct is the caller's, zeroed.  Thread: one writer, any readers (each bucket relaxed).  May block: never. */
#ifndef COMMON_LATENCY_H
#define COMMON_LATENCY_H

#include <stdint.h>

#define CMN_LATENCY_BUCKETS 24
#define CMN_LATENCY_SHIFT 11 /* the first bucket takes up to 2048 ns, the last but one 8.6 s, the last whatever is longer */

struct cmn_latency {
	uint64_t bucket[CMN_LATENCY_BUCKETS];
};

/* Upper end of a bucket, in it; not of the last one, which has none. */
static inline uint64_t cmn_latency_bound(unsigned int bucket)
{
	return 1ull << (CMN_LATENCY_SHIFT + bucket);
}

static inline unsigned int cmn_latency_bucket(uint64_t ns)
{
	uint64_t below = (ns - (ns != 0)) | ((1u << CMN_LATENCY_SHIFT) - 1);
	unsigned int bucket = 64u - (unsigned int)__builtin_clzll(below) - CMN_LATENCY_SHIFT;

	return bucket < CMN_LATENCY_BUCKETS ? bucket : CMN_LATENCY_BUCKETS - 1;
}

/* times: so many took that long. */
static inline void cmn_latency_add(struct cmn_latency *l, uint64_t ns, uint64_t times)
{
	uint64_t *bucket = &l->bucket[cmn_latency_bucket(ns)];

	__atomic_store_n(bucket, *bucket + times, __ATOMIC_RELAXED);
}

/* Adds what another thread may be counting. */
void cmn_latency_sum(struct cmn_latency *l, const struct cmn_latency *more);
uint64_t cmn_latency_count(const struct cmn_latency *l);
/* Nanoseconds that this share (0..1) of all didn't exceed, taken evenly within its bucket; of the last bucket, its lower end.
 * 0 of nothing. */
uint64_t cmn_latency_quantile(const struct cmn_latency *l, double share);

#endif
