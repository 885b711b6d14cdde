/* SPDX-License-Identifier: Apache-2.0 */
/* common/container.h - small macros over types and arrays. */
#ifndef COMMON_CONTAINER_H
#define COMMON_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

#define cmn_container_of(ptr, type, member)                                                        \
	({                                                                                         \
		const __typeof__(((type *)0)->member) *mptr_ = (ptr);                              \
		(type *)((uintptr_t)mptr_ - offsetof(type, member));                               \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define cmn_min(a, b)                                                                              \
	({                                                                                         \
		__typeof__(a) min_a_ = (a);                                                        \
		__typeof__(b) min_b_ = (b);                                                        \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})

#define cmn_max(a, b)                                                                              \
	({                                                                                         \
		__typeof__(a) max_a_ = (a);                                                        \
		__typeof__(b) max_b_ = (b);                                                        \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})

/* For unsigned values; a needn't be a power of two. */
#define CMN_ALIGN_UP(x, a) (((x) + (a) - 1) / (a) * (a))

#endif
