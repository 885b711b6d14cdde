/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_rows.c - what zoning has beside rows by id and name (snapshot.c).
 * Owns: nothing.  Thread: any.  May block: never. */
#include <stdio.h>

#include "discoveryd/model/zoning.h"

const char *const dsc_zone_past_name[DSC_ZONE_PAST_COUNT + 1] = {
	[DSC_ZONE_PAST_ACTIVATION] = "activation",
	[DSC_ZONE_PAST_ROLLBACK] = "rollback",
	[DSC_ZONE_PAST_SETTINGS] = "settings",
	[DSC_ZONE_PAST_DDC] = "ddc",
};

/* -- what is edited ---------------------------------------------------------------------------------- */
const struct dsc_zone *dsc_snapshot_zone_named(const struct dsc_zone_group *group, const char *name)
{
	return dsc_tree_find(group->zones, &dsc_zone_ops, name);
}

const struct dsc_zone_settings *dsc_snapshot_zone_settings(const struct dsc_snapshot *snap)
{
	static char none[1];
	static const struct dsc_zone_settings first = {
		.row = { .kind = DSC_ROW_ZONE_SETTINGS }, .id = 1, .enabled = true, .ddcs = none
	};
	const struct dsc_zone_settings *s;

	s = dsc_tree_next(snap->zone_settings, &dsc_zone_settings_ops, NULL);
	return s ? s : &first;
}

/* -- what is, or was, active --------------------------------------------------------------------------- */
char *dsc_zone_active_key(const char *originator, const char *name, char buf[DSC_ZONE_ACTIVE_KEY])
{
	snprintf(buf, DSC_ZONE_ACTIVE_KEY, "%s\n%s", originator, name);
	return buf;
}

const struct dsc_zone_active *dsc_snapshot_zone_active(const struct dsc_snapshot *snap,
						       const char *originator, const char *name)
{
	char key[DSC_ZONE_ACTIVE_KEY];
	const struct dsc_name *n = dsc_tree_find(snap->zone_active_names, &dsc_name_ops,
						 dsc_zone_active_key(originator, name, key));

	return n ? dsc_snapshot_zone_active_id(snap, n->id) : NULL;
}

const struct dsc_zone_active *dsc_snapshot_zone_active_after(const struct dsc_snapshot *snap,
							     const struct dsc_zone_active *after)
{
	char key[DSC_ZONE_ACTIVE_KEY];
	const struct dsc_name *n;

	if (after)
		dsc_zone_active_key(after->originator, after->name, key);
	n = dsc_tree_next(snap->zone_active_names, &dsc_name_ops, after ? key : NULL);
	return n ? dsc_snapshot_zone_active_id(snap, n->id) : NULL;
}

bool dsc_zone_was_active(const struct dsc_zone_active *group, uint64_t change)
{
	return group->since <= change && (!group->until || group->until > change);
}

const struct dsc_zone_active *dsc_snapshot_zone_active_at(const struct dsc_snapshot *snap,
							  uint64_t change, uint64_t after_id)
{
	const struct dsc_zone_active *g = NULL;
	uint64_t id = after_id;

	while ((g = dsc_tree_next(snap->zone_actives, &dsc_zone_active_ops, &id))) {
		if (dsc_zone_was_active(g, change))
			return g;
		id = g->id;
	}
	return NULL;
}

const struct dsc_zone_past *dsc_snapshot_zone_past(const struct dsc_snapshot *snap, uint64_t change)
{
	return dsc_tree_find(snap->zone_pasts, &dsc_zone_past_ops, &change);
}

/* There are few. */
const struct dsc_zone_past *dsc_snapshot_zone_past_last(const struct dsc_snapshot *snap)
{
	const struct dsc_zone_past *p, *last = NULL;

	dsc_tree_each(p, snap->zone_pasts, &dsc_zone_past_ops) last = p;
	return last;
}
