/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/view.c - reference counts of views.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "fabrics/view.h"

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
