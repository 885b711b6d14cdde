/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/view.h - what one host sees of one subsystem: an immutable picture that commands are admitted under.
 * Owns: its array; holds a reference on each namespace through ns_put.  Thread: built by the control thread, read by any.
 * May block: never.
 *
 * A change makes a new view.  Reactors are told by message, switch their connections over, and acknowledge when the last
 * request admitted under the old view has ended: that is the barrier (targetd/barrier.c). */
#ifndef FABRICS_VIEW_H
#define FABRICS_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fabrics/ana.h"

/* One namespace as Identify tells it; a daemon embeds it in its own struct (targetd: struct tgt_ns). */
struct fab_ns {
	uint32_t nsid;
	uint8_t lba_shift; /* log2 of the block size: 9 or 12 */
	uint64_t nr_blocks;
	uint8_t uuid[16], nguid[16], eui64[8]; /* all zero: not reported */
	uint32_t anagrpid; /* 1 to FAB_ANA_GROUPS */
	uint32_t optimal_io_blocks; /* NPWG and friends; 0: nothing to say */
	uint32_t atomic_blocks; /* AWUN, in blocks (1-based), never torn for readers */
	uint32_t max_dsm_ranges; /* Dataset Management: ranges and blocks a command may name */
	uint32_t max_dsm_blocks, max_wz_blocks; /* 0: no limit */
	bool read_only;
	bool deallocate_reads_zero; /* DLFEAT 001b */
	bool thin;
};

struct fab_view {
	_Atomic uint32_t refs;
	uint64_t generation;
	uint32_t nr_slots; /* highest NSID that exists */
	uint32_t nr_active; /* namespaces in it */
	struct fab_ns **slot; /* slot[nsid - 1], NULL where inactive for this host */
	const uint8_t
		*ana; /* [ANAGRPID]: states of the groups by this way; NULL: all are optimized */
	void (*destroy)(struct fab_view *view);
};

/* The namespace, or NULL when NSID isn't active for this host. */
static inline struct fab_ns *fab_view_ns(const struct fab_view *view, uint32_t nsid)
{
	return nsid - 1 < view->nr_slots ? view->slot[nsid - 1] : (struct fab_ns *)0;
}

/* State of a group: enum nvme_ana_state. */
static inline uint8_t fab_view_ana(const struct fab_view *view, uint32_t grpid)
{
	return view->ana ? view->ana[grpid] : NVME_ANA_OPTIMIZED;
}

/* FAB_OK, or what a command is told that needs what is in this namespace.  nsid NVME_NSID_ALL: in all of them. */
struct fab_status fab_view_ana_check(const struct fab_view *view, uint32_t nsid);

struct fab_view *fab_view_get(struct fab_view *view); /* one more reference */
void fab_view_put(struct fab_view *view);

#endif
