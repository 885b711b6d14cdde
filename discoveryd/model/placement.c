/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/placement.c - what is chosen when a request doesn't say: worker, NSID, PORTID, names.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <stdio.h>

#include "discoveryd/model/cmd_impl.h"

/* Lower is better. */
static uint64_t rank(const struct dsc_snapshot *st, const struct dsc_worker *w)
{
	bool portal = dsc_snapshot_worker_portal(st, w->id, 0);

	return (uint64_t)!portal << 41 | (uint64_t)w->degraded << 40 | w->nr_subsys;
}

const struct dsc_worker *dsc_place(const struct dsc_snapshot *st)
{
	const struct dsc_worker *w, *best = NULL;

	dsc_tree_each(w, st->workers, &dsc_worker_ops)
	{
		if (!best || rank(st, w) < rank(st, best))
			best = w;
	}
	return best;
}

uint32_t dsc_free_nsid(const struct dsc_subsys *s)
{
	const struct dsc_ns *ns;
	/* Without gaps, as usual, the next one is known at once. */
	uint32_t want = (uint32_t)dsc_tree_count(s->namespaces) + 1;
	if (want <= DSC_NSID_MAX && (want == 1 || dsc_snapshot_ns(s, want - 1)) &&
	    !dsc_snapshot_ns(s, want) && !dsc_tree_next(s->namespaces, &dsc_ns_ops, &want))
		return want;
	want = 1;
	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		if (ns->nsid != want)
			break;
		want++;
	}
	return want <= DSC_NSID_MAX ? want : 0;
}

uint16_t dsc_free_portid(const struct dsc_snapshot *st)
{
	const struct dsc_portal *p;
	uint32_t want = 1;
	bool taken;

	do {
		taken = false;
		dsc_tree_each(p, st->portals, &dsc_portal_ops)
		{
			if (p->portid == want)
				taken = true;
		}
		want += taken;
	} while (taken && want < 0xffff);
	return want < 0xffff ? (uint16_t)want : 0;
}

void dsc_free_name(struct dsc_tree *names, const char *prefix, char *buf, size_t size)
{
	unsigned int n = 1;

	do
		snprintf(buf, size, "%s%u", prefix, n++);
	while (dsc_tree_find(names, &dsc_name_ops, buf));
}
