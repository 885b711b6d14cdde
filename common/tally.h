/* SPDX-License-Identifier: Apache-2.0 */
/* common/tally.h - how often which of a few small numbers came: a table without order, for what is rare.
 * Owns: nothing; the slots are the caller's, zeroed.  Thread: one writer, any readers (relaxed).  May block: never. */
#ifndef COMMON_TALLY_H
#define COMMON_TALLY_H

#include <stdint.h>

#define CMN_TALLY_OTHER 0xffff /* key of the last slot: what found no slot of its own */

static inline uint16_t cmn_tally_key(uint64_t slot)
{
	return (uint16_t)(slot >> 48);
}

static inline uint64_t cmn_tally_count(uint64_t slot)
{
	return slot & ((1ull << 48) - 1);
}

static inline void cmn_tally_add(uint64_t *slots, unsigned int nr, uint16_t key)
{
	unsigned int i = 0;

	while (i < nr - 1 && slots[i] && cmn_tally_key(slots[i]) != key)
		i++;
	if (i == nr - 1)
		key = CMN_TALLY_OTHER;
	__atomic_store_n(&slots[i], (uint64_t)key << 48 | (cmn_tally_count(slots[i]) + 1),
			 __ATOMIC_RELAXED);
}

#endif
