/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_delta.c - what differs between two compiled forms of zoning: which hosts may see something else of which
 * subsystems, and of which subsystems workers have to be told.
 * Owns: the difference, until it is freed.  Thread: the control loop.  May block: never.
 *
 * Zones are compared member by member: one host more in a zone of ten thousand is one host to look at. */
#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/zoning_impl.h"

/* -- sets ------------------------------------------------------------------------------------------ */
static uint64_t *take_ids(struct dsc_tree **ids, size_t *ret_nr)
{
	uint64_t *out = dsc_zalloc((dsc_tree_count(*ids) + 1) * sizeof(*out));
	void *id;

	*ret_nr = 0;
	dsc_tree_each(id, *ids, &dsc_ids_ops) out[(*ret_nr)++] = dsc_id(id);
	dsc_tree_put(*ids, &dsc_ids_ops);
	*ids = NULL;
	return out;
}

static void add_id(struct dsc_tree **ids, uint64_t id)
{
	if (!dsc_tree_find(*ids, &dsc_ids_ops, &id))
		dsc_tree_set(ids, &dsc_ids_ops, dsc_id_value(id));
}

static void add_ids(struct dsc_tree **to, struct dsc_tree *from)
{
	void *id;

	dsc_tree_each(id, from, &dsc_ids_ops) add_id(to, dsc_id(id));
}

struct keys {
	struct dsc_zone_key *key;
	size_t nr, max;
};

static char *text_of(struct dsc_slice s)
{
	char *text = dsc_zalloc(s.len + 1);

	return memcpy(text, s.p, s.len);
}

static void add_key(struct keys *keys, struct dsc_slice line, const struct dsc_zone_member *m)
{
	struct dsc_zone_key *k;

	if (m->has & (FAB_ZE_PORT | FAB_ZE_PORTID))
		return; /* matches no host */
	keys->key = dsc_grow(keys->key, keys->nr, &keys->max, sizeof(*keys->key));
	k = &keys->key[keys->nr++];
	memset(k, 0, sizeof(*k));
	if (m->has & FAB_ZE_NQN)
		k->nqn = text_of(dsc_zone_member_name(line, m));
	if (m->has & DSC_ZE_LABEL)
		k->label = text_of(dsc_zone_member_name(line, m));
	k->by_net = m->has & FAB_ZE_IP;
	k->at = m->at;
}

static void free_keys(struct dsc_zone_key *key, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(key[i].nqn);
		free(key[i].label);
	}
	free(key);
}

/* -- subsystems that members name ------------------------------------------------------------------------- */
void dsc_zone_member_subsystems(const struct dsc_snapshot *st, const struct dsc_zone_member *m,
				struct dsc_tree **ids)
{
	const struct dsc_subsys *s;

	if (m->role != NVMF_ZONE_SUBSYSTEM)
		return;
	if (m->has & FAB_ZE_NQN) {
		s = dsc_snapshot_subsys(st, m->text);
		if (s)
			add_id(ids, s->id);
		return;
	}
	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		if (!(m->has & DSC_ZE_LABEL) || !strcmp(s->label, m->text))
			add_id(ids, s->id); /* by address: it may be any */
	}
}

void dsc_czone_subsystems(const struct dsc_snapshot *st, const struct dsc_czone *zone,
			  struct dsc_tree **ids)
{
	const char *pos = zone->text, *end = zone->text + zone->text_len;
	struct dsc_zone_member m;
	struct dsc_slice line;

	while (pos < end && dsc_slice_line(&pos, &line))
		if (dsc_zone_member_parse(line, &m))
			dsc_zone_member_subsystems(st, &m, ids);
}

static void add_label_subsystems(const struct dsc_snapshot *st, const struct dsc_zoning *z,
				 const char *label, struct dsc_tree **ids)
{
	for (uint32_t i = 0; i < z->nr_zones; i++)
		if (label ? dsc_czone_has_label(&z->zone[i], label) : z->zone[i].nr_labels)
			dsc_czone_subsystems(st, &z->zone[i], ids);
}

struct dsc_tree *dsc_zonings_label_subsystems(const struct dsc_snapshot *st, const char *label)
{
	struct dsc_tree *ids = NULL;
	const struct dsc_zoning *z;

	dsc_tree_each(z, !label || *label ? st->zonings : NULL, &dsc_zoning_ops)
		add_label_subsystems(st, z, label, &ids);
	return ids;
}

/* -- one zone ------------------------------------------------------------------------------------------------ */
/* Members of a zone before and after: those that came or went, and all. */
struct sides {
	const struct dsc_snapshot *st;
	struct keys came, hosts;
	struct dsc_tree *moved, *subsystems;
};

static void take_line(struct sides *x, struct dsc_slice line, bool differs)
{
	struct dsc_zone_member m;

	if (!dsc_zone_member_parse(line, &m))
		return;
	if (m.role == NVMF_ZONE_HOST) {
		add_key(&x->hosts, line, &m);
		if (differs)
			add_key(&x->came, line, &m);
		return;
	}
	dsc_zone_member_subsystems(x->st, &m, &x->subsystems);
	if (differs)
		dsc_zone_member_subsystems(x->st, &m, &x->moved);
}

static bool next_line(const struct dsc_czone *zone, const char **pos, struct dsc_slice *ret)
{
	return zone && *pos < zone->text + zone->text_len && dsc_slice_line(pos, ret);
}

/* Lines are sorted, so that one walk along both tells what differs. */
static void walk_lines(struct sides *x, const struct dsc_czone *a, const struct dsc_czone *b,
		       bool all)
{
	const char *pos[2] = { a ? a->text : NULL, b ? b->text : NULL };
	struct dsc_slice line[2];
	bool has[2] = { next_line(a, &pos[0], &line[0]), next_line(b, &pos[1], &line[1]) };
	int c;

	while (has[0] || has[1]) {
		c = !has[0] ? 1 : !has[1] ? -1 : dsc_slice_cmp(line[0], line[1]);
		take_line(x, line[c > 0], all || c);
		if (c <= 0)
			has[0] = next_line(a, &pos[0], &line[0]);
		if (c >= 0)
			has[1] = next_line(b, &pos[1], &line[1]);
	}
}

static void add_pair(struct dsc_zone_delta *d, struct keys *keys, struct dsc_tree **ids)
{
	struct dsc_zone_pair *more;

	if (!keys->nr || !*ids)
		return;
	/* A power of two: it is full. */
	if (!(d->nr_pairs & (d->nr_pairs - 1))) {
		more = dsc_zalloc((d->nr_pairs ? 2 * d->nr_pairs : 1) * sizeof(*more));
		if (d->nr_pairs)
			memcpy(more, d->pair, d->nr_pairs * sizeof(*more));
		free(d->pair);
		d->pair = more;
	}
	d->pair[d->nr_pairs].host = keys->key;
	d->pair[d->nr_pairs].nr_hosts = keys->nr;
	d->pair[d->nr_pairs].subsys = take_ids(ids, &d->pair[d->nr_pairs].nr_subsys);
	d->nr_pairs++;
	memset(keys, 0, sizeof(*keys));
}

struct making {
	struct dsc_zone_delta *d;
	const struct dsc_snapshot *st;
	struct dsc_tree *whole, *changed;
};

/* The zone before and after; one of them may be NULL. */
static void compare_zone(struct making *mk, const struct dsc_czone *a, const struct dsc_czone *b)
{
	struct sides x = { .st = mk->st };
	bool all = a && b && a->ours != b->ours;

	if (!all && a && b && a->text_len == b->text_len && !memcmp(a->text, b->text, a->text_len))
		return;
	walk_lines(&x, a, b, all);
	if (x.came.nr)
		add_ids(&mk->changed, x.subsystems);
	add_ids(&mk->changed, x.moved);
	add_ids(&mk->whole, x.moved);
	add_pair(mk->d, &x.came, &x.subsystems);
	add_pair(mk->d, &x.hosts, &x.moved);
	free_keys(x.came.key, x.came.nr);
	free_keys(x.hosts.key, x.hosts.nr);
	dsc_tree_put(x.moved, &dsc_ids_ops);
	dsc_tree_put(x.subsystems, &dsc_ids_ops);
}

/* -- all ---------------------------------------------------------------------------------------------------- */
static int cmp_zone(const struct dsc_czone *a, const struct dsc_czone *b)
{
	int c = strcmp(a->group->originator, b->group->originator);

	if (!c)
		c = strcmp(a->group->name, b->group->name);
	return c ? c : dsc_slice_cmp(a->name, b->name);
}

static void compare_zones(struct making *mk, const struct dsc_zoning *old,
			  const struct dsc_zoning *z)
{
	uint32_t i = 0, k = 0, nr_old = old ? old->nr_zones : 0;
	int c;

	while (i < nr_old || k < z->nr_zones) {
		c = i == nr_old ? 1 : k == z->nr_zones ? -1 : cmp_zone(&old->zone[i], &z->zone[k]);
		compare_zone(mk, c <= 0 ? &old->zone[i] : NULL, c >= 0 ? &z->zone[k] : NULL);
		i += c <= 0;
		k += c >= 0;
	}
}

/* The subsystems that zoning keeps from anybody: of those it matters to a worker what it shall do with who is connected. */
static void add_restricted(struct making *mk, const struct dsc_zoning *z)
{
	const struct dsc_subsys *s;

	if (z->closed || z->by_net.nr) {
		dsc_tree_each(s, mk->st->subsystems, &dsc_subsys_ops) add_id(&mk->changed, s->id);
		return;
	}
	for (uint32_t i = 0; i < z->nr_zones; i++)
		dsc_czone_subsystems(mk->st, &z->zone[i], &mk->changed);
}

void dsc_zone_delta_make(struct dsc_zoning *z, const struct dsc_zoning *old,
			 const struct dsc_snapshot *st)
{
	struct making mk = { .d = &z->delta, .st = st };
	const struct dsc_subsys *s;
	bool on = old ? old->enabled : true, closed = old && old->closed;

	compare_zones(&mk, old, z);
	if (on != z->enabled || closed != z->closed) {
		dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
		{
			add_id(&mk.whole, s->id);
			add_id(&mk.changed, s->id);
		}
	}
	if (old && old->grace && !z->grace)
		add_restricted(&mk, z);
	z->delta.whole = take_ids(&mk.whole, &z->delta.nr_whole);
	z->delta.changed = take_ids(&mk.changed, &z->delta.nr_changed);
}

void dsc_zone_delta_free(struct dsc_zone_delta *delta)
{
	for (size_t i = 0; i < delta->nr_pairs; i++) {
		free_keys(delta->pair[i].host, delta->pair[i].nr_hosts);
		free(delta->pair[i].subsys);
	}
	free(delta->pair);
	free(delta->whole);
	free(delta->changed);
	memset(delta, 0, sizeof(*delta));
}
