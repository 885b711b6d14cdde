/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/stats_msg.h - the answer to a `stats` message (docs/control-protocol.md).
 * Owns: nothing.  Thread: the control thread; takes the registry's mutex for as long as it adds queues up.  May block: never else. */
#ifndef TARGETD_STATS_MSG_H
#define TARGETD_STATS_MSG_H

#include "targetd/registry.h"

/* Which one this is, and which is the last that the asker has taken; 0: none, so tell everything. */
struct tgt_stats_ask {
	uint64_t seq, since;
};

#define TGT_STATS_QUEUES_MAX 8192 /* told one by one; the others are counted */

/* Fills msg. */
void tgt_msg_stats(struct tgt_registry *reg, const struct tgt_stats_ask *ask,
		   struct json_object *msg);

#endif
