/* SPDX-License-Identifier: Apache-2.0 */
/* common/clock.h - the two clocks: one for intervals, one for people.
 * Owns: nothing.  Thread: any.  May block: never.  Not for fabrics/, which is given the time. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

#define CMN_NS_PER_US 1000ULL
#define CMN_NS_PER_MS 1000000ULL
#define CMN_NS_PER_S 1000000000ULL

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t cmn_now_ns(void);
/* CLOCK_REALTIME, milliseconds since 1970. */
uint64_t cmn_wall_ms(void);

/* Milliseconds since 1970 as RFC 3339 has them, "2026-01-31T12:00:00.000Z"; returns buf. */
#define CMN_TIME_LEN 40
char *cmn_time_format(uint64_t wall_ms, char buf[CMN_TIME_LEN]);
/* The other way; the fraction may be absent, the zone must be Z.  -EINVAL. */
int cmn_time_parse(const char *text, uint64_t *ret_wall_ms);

#endif
