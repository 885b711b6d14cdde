/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_compile.c - the compiled form of zoning, from the rows of what is active.
 * Owns: what it makes, until that is handed out.  Thread: the control loop.  May block: never. */
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/state.h"
#include "discoveryd/model/zoning_impl.h"

/* -- zones --------------------------------------------------------------------------------------------- */
static void add_target(struct dsc_targets *to, const struct dsc_zone_target *t)
{
	to->t = dsc_grow(to->t, to->nr, &to->max, sizeof(*to->t));
	to->t[to->nr++] = *t;
}

static void add_subsystem(struct dsc_zoning *z, struct dsc_slice line,
			  const struct dsc_zone_member *m)
{
	struct dsc_zone_target t = {
		.name = dsc_zone_member_name(line, m),
		.zone = z->nr_zones - 1,
		.has = m->has,
		.family = m->family,
		.port = m->port,
		.portid = m->portid,
		.at = m->at,
	};

	if (m->has & FAB_ZE_PROTO && m->ipproto != NVMF_ZONE_TCP)
		return; /* nothing here is reached by UDP */
	if (m->has & FAB_ZE_NQN)
		add_target(&z->by_nqn, &t);
	else if (m->has & DSC_ZE_LABEL)
		add_target(&z->by_label, &t);
	else
		add_target(&z->by_net, &t);
}

/* A host has neither a port of its own nor a port's identifier: such a member matches none. */
static void add_host(struct dsc_czone *zone, struct dsc_slice line, const struct dsc_zone_member *m)
{
	if (m->has & (FAB_ZE_PORT | FAB_ZE_PORTID) ||
	    (m->has & FAB_ZE_PROTO && m->ipproto != NVMF_ZONE_TCP))
		zone->nr_skipped++;
	else if (m->has & FAB_ZE_NQN)
		zone->host[zone->nr_hosts++] =
			(struct dsc_zone_host){ .nqn = dsc_zone_member_name(line, m),
						.at = m->has & FAB_ZE_IP,
						.addr = m->at.ip };
	else if (m->has & DSC_ZE_LABEL)
		zone->label[zone->nr_labels++] = dsc_zone_member_name(line, m);
	else
		zone->net[zone->nr_nets++] = m->at;
}

static int by_nqn(const void *a, const void *b)
{
	const struct dsc_zone_host *x = a, *y = b;

	return dsc_slice_cmp(x->nqn, y->nqn);
}

static int by_slice(const void *a, const void *b)
{
	return dsc_slice_cmp(*(const struct dsc_slice *)a, *(const struct dsc_slice *)b);
}

static void sort(void *items, size_t nr, size_t size, int (*cmp)(const void *, const void *))
{
	if (nr)
		qsort(items, nr, size, cmp);
}

/* nr: lines, which no kind of member can be more than. */
static void fill_zone(struct dsc_zoning *z, struct dsc_czone *zone, size_t nr)
{
	const char *pos = zone->text, *end = zone->text + zone->text_len;
	struct dsc_zone_member m;
	struct dsc_slice line;

	zone->host = dsc_zalloc((nr + 1) * sizeof(*zone->host));
	zone->net = dsc_zalloc((nr + 1) * sizeof(*zone->net));
	zone->label = dsc_zalloc((nr + 1) * sizeof(*zone->label));
	while (pos < end && dsc_slice_line(&pos, &line)) {
		if (!dsc_zone_member_parse(line, &m))
			continue;
		if (m.role == NVMF_ZONE_HOST)
			add_host(zone, line, &m);
		else if (m.role == NVMF_ZONE_SUBSYSTEM)
			add_subsystem(z, line, &m);
	}
	sort(zone->host, zone->nr_hosts, sizeof(*zone->host), by_nqn);
	sort(zone->net, zone->nr_nets, sizeof(*zone->net), net_prefix_cmp);
	sort(zone->label, zone->nr_labels, sizeof(*zone->label), by_slice);
}

/* The zones of one group; their number when zone is NULL. */
static uint32_t split_group(struct dsc_zoning *z, const struct dsc_zone_active *group, bool ours,
			    bool count_only)
{
	const char *pos = group->zones;
	struct dsc_czone *zone = NULL;
	struct dsc_slice line, name;
	uint32_t nr = 0;
	size_t lines = 0;
	bool enforced, header = dsc_slice_line(&pos, &line);

	while (header) {
		if (!dsc_zone_header_parse(line, &name, &enforced))
			break;
		nr++;
		if (!count_only) {
			zone = &z->zone[z->nr_zones++];
			*zone = (struct dsc_czone){
				.name = name, .group = group, .ours = ours, .text = pos
			};
		}
		lines = 0;
		while ((header = dsc_slice_line(&pos, &line)) &&
		       !dsc_zone_header_parse(line, &name, &enforced))
			lines++;
		if (zone) {
			zone->text_len = (size_t)((header ? line.p : pos) - zone->text);
			fill_zone(z, zone, lines);
		}
	}
	return nr;
}

/* -- all of it ------------------------------------------------------------------------------------------ */
static int by_group(const void *a, const void *b)
{
	const struct dsc_zone_active *const *x = a, *const *y = b;
	int c = strcmp((*x)->originator, (*y)->originator);

	return c ? c : strcmp((*x)->name, (*y)->name);
}

/* Those of a discovery controller that may not zone any more are kept, but say nothing. */
static void take_groups(struct dsc_zoning *z, const struct dsc_snapshot *st)
{
	const struct dsc_zone_active *g;
	bool known;

	z->group = dsc_zalloc((dsc_tree_count(st->zone_actives) + 1) * sizeof(*z->group));
	dsc_tree_each(g, st->zone_actives, &dsc_zone_active_ops)
	{
		known = !*g->originator;
		if (!known)
			dsc_zone_ddc_may(z->ddcs, g->originator, &known);
		if (known && dsc_zone_was_active(g, z->since))
			z->group[z->nr_groups++] = dsc_row_get(g);
	}
	sort(z->group, z->nr_groups, sizeof(*z->group), by_group);
}

static int by_name(const void *a, const void *b)
{
	const struct dsc_zone_target *x = a, *y = b;

	return dsc_slice_cmp(x->name, y->name);
}

struct dsc_zoning *dsc_zoning_compile(const struct dsc_snapshot *st,
				      const struct dsc_zone_past *past)
{
	struct dsc_zoning *z = dsc_row_new(DSC_ROW_ZONING);
	uint32_t nr = 0;
	bool known, own;

	z->since = past->change;
	z->enabled = past->enabled;
	z->closed = past->closed;
	z->grace = past->grace;
	z->ddcs = dsc_strdup(past->ddcs);
	take_groups(z, st);
	for (uint32_t i = 0; i < z->nr_groups; i++)
		nr += split_group(z, z->group[i], false, true);
	z->zone = dsc_zalloc((nr + 1) * sizeof(*z->zone));
	for (uint32_t i = 0; i < z->nr_groups; i++) {
		own = dsc_zone_ddc_may(z->ddcs, z->group[i]->originator, &known);
		split_group(z, z->group[i], own, false);
	}
	sort(z->by_nqn.t, z->by_nqn.nr, sizeof(*z->by_nqn.t), by_name);
	sort(z->by_label.t, z->by_label.nr, sizeof(*z->by_label.t), by_name);
	sort(z->by_net.t, z->by_net.nr, sizeof(*z->by_net.t), net_prefix_cmp);
	return z;
}

/* The oldest that a worker may have in force. */
static uint64_t oldest_needed(const struct dsc_snapshot *st)
{
	const struct dsc_zone_past *p;
	const struct dsc_worker *w;
	uint64_t confirmed = UINT64_MAX, since = 0;

	dsc_tree_each(w, st->workers, &dsc_worker_ops) confirmed = cmn_min(confirmed, w->confirmed);
	dsc_tree_each(p, st->zone_pasts, &dsc_zone_past_ops)
	{
		if (p->change <= confirmed)
			since = p->change;
	}
	return since;
}

void dsc_zoning_restore(struct dsc_snapshot *st)
{
	uint64_t since = oldest_needed(st);
	const struct dsc_zoning *last = NULL;
	const struct dsc_zone_past *p;
	struct dsc_zoning *z;

	dsc_tree_each(p, st->zone_pasts, &dsc_zone_past_ops)
	{
		if (p->change < since)
			continue;
		z = dsc_zoning_compile(st, p);
		dsc_zone_delta_make(z, last, st);
		dsc_state_write(st, false, &z->row);
		dsc_row_put(z);
		last = z; /* the state holds it */
	}
}

void dsc_zoning_drop(void *zoning)
{
	struct dsc_zoning *z = zoning;

	for (uint32_t i = 0; i < z->nr_zones; i++) {
		free(z->zone[i].host);
		free(z->zone[i].net);
		free(z->zone[i].label);
	}
	for (uint32_t i = 0; i < z->nr_groups; i++)
		dsc_row_put((void *)(uintptr_t)z->group[i]);
	free(z->group);
	free(z->zone);
	free(z->by_nqn.t);
	free(z->by_label.t);
	free(z->by_net.t);
	free(z->ddcs);
	dsc_zone_delta_free(&z->delta);
}
