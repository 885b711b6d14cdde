/* SPDX-License-Identifier: Apache-2.0 */
/* common/clock.c - reads the clocks.  Thread: any.  May block: never. */
#include "common/clock.h"

#include <time.h>

uint64_t cmn_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CMN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t cmn_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / CMN_NS_PER_MS;
}
