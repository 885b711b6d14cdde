/* SPDX-License-Identifier: Apache-2.0 */
/* common/queue.h - the C library's lists, with the loop that allows removal, which glibc leaves out. */
#ifndef COMMON_QUEUE_H
#define COMMON_QUEUE_H

#include <sys/queue.h> /* IWYU pragma: export */

#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, next)                                                 \
	for ((var) = TAILQ_FIRST(head); (var) && ((next) = TAILQ_NEXT(var, field), 1);             \
	     (var) = (next))
#endif

#ifndef LIST_FOREACH_SAFE
#define LIST_FOREACH_SAFE(var, head, field, next)                                                  \
	for ((var) = LIST_FIRST(head); (var) && ((next) = LIST_NEXT(var, field), 1); (var) = (next))
#endif

#endif
