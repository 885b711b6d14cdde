/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/view.c - reference counts of views, and whether they let a host at what is in a namespace.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "fabrics/view.h"

struct fab_status fab_view_ana_check(const struct fab_view *view, uint32_t nsid)
{
	bool all = nsid == NVME_NSID_ALL;
	struct fab_status st = FAB_OK;

	if (!view->ana)
		return st;
	for (uint32_t id = all ? 1 : nsid; id <= (all ? view->nr_slots : nsid); id++) {
		const struct fab_ns *ns = fab_view_ns(view, id);

		if (ns && !fab_failed(st))
			st = fab_ana_status(view->ana[ns->anagrpid]);
	}
	return st;
}

struct fab_view *fab_view_get(struct fab_view *view)
{
	if (view)
		atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
	return view;
}

void fab_view_put(struct fab_view *view)
{
	if (view && atomic_fetch_sub_explicit(&view->refs, 1, memory_order_acq_rel) == 1)
		view->destroy(view);
}
