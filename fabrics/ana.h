/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ana.h - states of Asymmetric Namespace Access: their names, and what they let commands do.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 8.1.1. */
#ifndef FABRICS_ANA_H
#define FABRICS_ANA_H

#include "fabrics/spec/nvme.h"
#include "fabrics/spec/nvme_log.h"
#include "fabrics/status.h"

#define FAB_ANA_GROUPS 128 /* ANAGRPMAX, NANAGRPID: groups are 1 to this */

/* The states that can be set, "optimized" first; ended by NULL.  Change is none of them: a transition shows no state of its own. */
extern const char *const fab_ana_names[];
const char *fab_ana_text(uint8_t state); /* state: enum nvme_ana_state, one of those with a name */
int fab_ana_parse(const char *text, uint8_t *ret); /* 0, or -EINVAL */

/* May a host read and write by this path? */
static inline bool fab_ana_serves(uint8_t state)
{
	return state == NVME_ANA_OPTIMIZED || state == NVME_ANA_NON_OPTIMIZED;
}

/* What a command is told that is for a namespace whose group is in this state (Base 2.1, 8.1.1.6 to 8.1.1.8). */
struct fab_status fab_ana_status(uint8_t state);

#endif
