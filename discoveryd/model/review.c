/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/review.c - whose view transactions change: what hosts are told before and after is compared, and a generation moves
 * only for those who are told something else.
 * Owns: nothing.  Thread: any, a review at a time: what it reads is immutable.  May block: never.
 *
 * Hosts that nobody names are one: what any host is told (gen_any).  A host that is named somewhere may see no difference where
 * they do; then its row of views says up to which gen_any that is so.
 * The work has a bound: beyond it everyone gets a new generation, which only costs reads of logs that have not changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "discoveryd/model/foreign.h"
#include "discoveryd/model/model_impl.h"
#include "discoveryd/model/paths.h"
#include "discoveryd/model/zone_ways.h"

#define FOREIGN_STEP                                                                               \
	16 /* entries of other discovery controllers that cost as much as a comparison */

/* -- comparing ----------------------------------------------------------------------------------------- */
/* A host that has been compared; or all that come from a prefix, and from no narrower one that a zone names. */
struct looked_at {
	UT_hash_handle hh;
	bool moved; /* it is told something else than before */
	bool foreign; /* what discovery controllers have for it has been compared */
	bool apart; /* where hosts that nobody names are, it isn't */
	bool is_prefix;
	struct net_prefix from;
	struct dsc_asker who[2]; /* on either side; of a prefix, one that nobody names */
	uint64_t
		same; /* the subsystem that was compared last, and didn't differ: a host is named by several ways */
	char key[DSC_NQN_MAX + 1]; /* its NQN, or that of the prefix among the views */
};

struct settling {
	const struct dsc_review *review; /* what is in doubt */
	const struct dsc_snapshot *side[2]; /* before, after */
	uint64_t change; /* what generations move to */
	struct dsc_reviewed *out;
	struct looked_at *hosts;
	bool everyone; /* hosts that nobody names are told something else */
	bool referrals; /* that is: referrals */
	bool foreign; /* that is: what discovery controllers have */
	struct dsc_tree *any; /* that is: these subsystems */
	unsigned int left; /* comparisons */
	struct dsc_paths paths[2]; /* of what is being compared */
	dsc_told_fn *tell; /* only tells of it; NULL: generations move */
	void *arg;
};

static const char *told_address(const struct dsc_portal *p)
{
	return *p->advertise ? p->advertise : p->address;
}

static bool same_entry(const struct dsc_portal *a, const struct dsc_portal *b)
{
	return a->id == b->id && a->secure_channel == b->secure_channel &&
	       !strcmp(told_address(a), told_address(b));
}

/* Hosts that nobody names have each an order of their own where it is by hash, or by where they come from: another rule is another
 * order for some of them. */
static bool same_paths(const struct dsc_paths *a, const struct dsc_paths *b)
{
	if (a->nr_told != b->nr_told)
		return false;
	for (size_t i = 0; i < a->nr_told; i++) {
		if (!same_entry(a->path[i].portal, b->path[i].portal))
			return false;
	}
	if (a->who.nqn || a->nr_told < 2)
		return true;
	return a->rule.policy == b->rule.policy &&
	       (a->rule.policy == DSC_PATHS_ALL || a->rule.max_paths == b->rule.max_paths);
}

/* By one way: where it comes from, and where to. */
static bool differs_by(struct settling *st, uint64_t subsys_id, const struct dsc_asker whos[2],
		       const struct dsc_way *way)
{
	const struct dsc_subsys *s[2];
	struct dsc_asker who;

	st->left -= !!st->left;
	for (int i = 0; i < 2; i++) {
		s[i] = dsc_snapshot_subsys_id(st->side[i], subsys_id);
		who = whos[i];
		who.has_from = way->has_from;
		who.from = way->from;
		who.has_to = way->has_to;
		who.to = way->to;
		dsc_paths_init(&st->paths[i], st->side[i], &who);
		dsc_paths_find(&st->paths[i], s[i]);
	}
	return !same_paths(&st->paths[0], &st->paths[1]) ||
	       (st->paths[0].nr_told && strcmp(s[0]->label, s[1]->label) != 0);
}

/* Is the host (NULL: one that nobody names) told something else of the subsystem, by whichever way it may come? */
static bool differs(struct settling *st, uint64_t subsys_id, const struct looked_at *h)
{
	static const struct dsc_asker nobody[2];
	const struct dsc_asker *who = h ? h->who : nobody;
	struct dsc_ways ways;

	dsc_ways_init(&ways, h && h->is_prefix ? &h->from : NULL);
	for (int i = 0; i < 2; i++)
		dsc_ways_add(&ways, st->side[i], dsc_snapshot_subsys_id(st->side[i], subsys_id),
			     &who[i]);
	if (ways.too_many)
		return true;
	for (struct dsc_way way = { .has_from = false }; dsc_ways_next(&ways, &way);) {
		if (differs_by(st, subsys_id, who, &way))
			return true;
	}
	return false;
}

static const struct dsc_referral *next_referral(const struct dsc_snapshot *st, const char *host_nqn,
						const struct dsc_referral *r)
{
	while ((r = dsc_tree_next(st->referrals, &dsc_referral_ops, r ? &r->id : NULL))) {
		if (host_nqn ? dsc_snapshot_refers(st, r, host_nqn) : r->all_hosts)
			return r;
	}
	return NULL;
}

static bool same_referral(const struct dsc_referral *a, const struct dsc_referral *b)
{
	return a->port == b->port && !strcmp(a->traddr, b->traddr) && !strcmp(a->nqn, b->nqn);
}

static bool referrals_differ(struct settling *st, const char *host_nqn)
{
	const struct dsc_referral *r[2] = { NULL, NULL };

	st->left -= !!st->left;
	do {
		for (int i = 0; i < 2; i++)
			r[i] = next_referral(st->side[i], host_nqn, r[i]);
	} while (r[0] && r[1] && same_referral(r[0], r[1]));
	return r[0] || r[1];
}

static bool foreign_differs_by(struct settling *st, const char *nqn, const struct dsc_way *way)
{
	struct dsc_foreign_entry e[2] = { { NULL, NULL, NULL }, { NULL, NULL, NULL } };
	struct dsc_foreign it[2];
	struct dsc_asker who;
	unsigned int nr = 0;
	bool more[2];

	for (int i = 0; i < 2; i++) {
		who = dsc_asker(st->side[i], nqn);
		who.has_from = way->has_from;
		who.from = way->from;
		dsc_foreign_init(&it[i], st->side[i], &who);
	}
	do {
		for (int i = 0; i < 2; i++)
			more[i] = dsc_foreign_next(&it[i], &e[i]);
		if (nr++ % FOREIGN_STEP == 0)
			st->left -= !!st->left;
		if (!more[0] || !more[1])
			return more[0] || more[1];
	} while (dsc_foreign_same(&e[0], &e[1]));
	return true;
}

/* Is the host (NULL: one that nobody names) told something else of what discovery controllers have? */
static bool foreign_differs(struct settling *st, const struct looked_at *h)
{
	const char *nqn = h && !h->is_prefix ? h->key : NULL;
	struct dsc_ways ways;

	if (!st->side[0]->dc_regs && !st->side[1]->dc_regs)
		return false;
	dsc_ways_init(&ways, h && h->is_prefix ? &h->from : NULL);
	for (int i = 0; i < 2; i++)
		dsc_ways_add_all(&ways, st->side[i], nqn);
	if (ways.too_many)
		return true;
	for (struct dsc_way way = { .has_from = false }; dsc_ways_next(&ways, &way);) {
		if (foreign_differs_by(st, nqn, &way))
			return true;
	}
	return false;
}

static struct looked_at *look_at(struct settling *st, const char *key)
{
	struct looked_at *h;

	HASH_FIND_STR(st->hosts, key, h);
	if (h)
		return h;
	h = dsc_zalloc(sizeof(*h));
	snprintf(h->key, sizeof(h->key), "%s", key);
	HASH_ADD_STR(st->hosts, key, h);
	if (dsc_view_is_prefix(key))
		return h;
	for (int i = 0; i < 2; i++)
		h->who[i] = dsc_asker(st->side[i], h->key);
	return h;
}

static struct looked_at *look_at_prefix(struct settling *st, const struct net_prefix *from)
{
	char key[sizeof(DSC_VIEW_PREFIX) + NET_PREFIX_TEXT] = DSC_VIEW_PREFIX;
	struct looked_at *h;

	net_prefix_format(from, key + strlen(key));
	h = look_at(st, key);
	h->is_prefix = true;
	h->from = *from;
	return h;
}

/* -- everyone, then those who are named ----------------------------------------------------------------- */
static bool told(struct settling *st, const char *host_nqn, uint64_t subsys_id, bool differ)
{
	if (st->tell)
		st->tell(st->arg, st->side, host_nqn, subsys_id, differ);
	return differ;
}

static void review_anyone(struct settling *st, uint64_t subsys_id)
{
	if (!st->left || !told(st, NULL, subsys_id, differs(st, subsys_id, NULL)))
		return;
	dsc_tree_set(&st->any, &dsc_ids_ops, dsc_id_value(subsys_id));
	st->everyone = true;
}

static void review_everyone(struct settling *st, const struct dsc_doubt *d)
{
	if (d->paths)
		return; /* nobody but members has a group's policy */
	if (d->subsys_id && !d->who_id && !d->nqn)
		review_anyone(st, d->subsys_id);
	else if (d->zoning)
		for (size_t i = 0; i < d->zoning->delta.nr_whole; i++)
			review_anyone(st, d->zoning->delta.whole[i]);
	else if (!d->subsys_id && !d->nqn && told(st, NULL, 0, referrals_differ(st, NULL)))
		st->everyone = st->referrals = true;
}

/* Is anything to be learned by another look at it? */
static bool is_open(const struct settling *st, const struct looked_at *h)
{
	return st->left && (st->tell || !h->moved);
}

static void review_one(struct settling *st, uint64_t subsys_id, struct looked_at *h)
{
	bool differ;

	if (!is_open(st, h) || h->same == subsys_id)
		return;
	differ = differs(st, subsys_id, h);
	if (!h->is_prefix)
		told(st, h->key, subsys_id, differ);
	h->moved |= differ;
	h->same = differ ? 0 : subsys_id;
}

static void review_host(struct settling *st, uint64_t subsys_id, const char *nqn)
{
	if (st->left)
		review_one(st, subsys_id, look_at(st, nqn));
}

/* What differs by a path policy: all that the host may use. */
static void review_all(struct settling *st, const char *nqn)
{
	struct dsc_asker who;
	uint64_t id;

	for (int i = 0; i < 2; i++) {
		who = dsc_asker(st->side[i], nqn);
		id = 0;
		while (st->left && (id = dsc_snapshot_allowed_after(st->side[i], &who, id)))
			review_host(st, id, nqn);
	}
}

static bool stands_for(const struct dsc_snapshot *st, uint64_t who_id, uint64_t host_id)
{
	const struct dsc_group *g = dsc_snapshot_group_id(st, who_id);

	return g ? dsc_tree_find(g->members, &dsc_member_ops, &host_id) != NULL
		 : who_id == host_id && dsc_snapshot_host_id(st, host_id);
}

/* Every host that a host or group stood for before, or stands for after. */
struct who_walk {
	struct settling *st;
	uint64_t who_id, subsys_id; /* subsys_id 0: all that it may use */
	int side;
};

static bool walk_host(const struct who_walk *w, const struct dsc_host *host)
{
	if (!host || (w->side == 1 && stands_for(w->st->side[0], w->who_id, host->id)))
		return true;
	if (w->subsys_id)
		review_host(w->st, w->subsys_id, host->nqn);
	else
		review_all(w->st, host->nqn);
	return w->st->left;
}

static bool walk_member(void *arg, void *value)
{
	const struct who_walk *w = arg;
	const struct dsc_member *m = value;

	return walk_host(w, dsc_snapshot_host_id(w->st->side[w->side], m->host_id));
}

static void review_who(struct settling *st, uint64_t subsys_id, uint64_t who_id)
{
	struct who_walk w = { .st = st, .who_id = who_id, .subsys_id = subsys_id };
	const struct dsc_group *g[2];

	for (int i = 0; i < 2; i++)
		g[i] = dsc_snapshot_group_id(st->side[i], who_id);
	for (; w.side < 2; w.side++) {
		if (!g[w.side])
			walk_host(&w, dsc_snapshot_host_id(st->side[w.side], who_id));
		else if (w.side == 0 || !g[0] || g[0]->members != g[1]->members)
			dsc_tree_walk(g[w.side]->members, walk_member, &w);
	}
}

/* Those who registered a label that the zone names. */
static void review_labels(struct settling *st, uint64_t subsys_id, const struct dsc_czone *zone,
			  int side)
{
	const struct dsc_reg *r = NULL;

	while (zone->nr_labels && st->left &&
	       (r = dsc_snapshot_host_reg_after(st->side[side], NULL, r))) {
		if (dsc_czone_has_label(zone, r->label))
			review_host(st, subsys_id, r->nqn);
	}
}

/* Everyone whom the subsystem's zones name. */
static void review_zones(struct settling *st, uint64_t subsys_id, int side)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st->side[side], subsys_id);
	const struct dsc_czone *zone;
	const struct dsc_zoning *z;
	struct dsc_zones_of of;
	char nqn[DSC_NQN_MAX + 1];

	dsc_tree_each(z, s ? st->side[side]->zonings : NULL, &dsc_zoning_ops)
	{
		dsc_zones_of_init(&of, z, s->nqn, s->label);
		while (st->left && (zone = dsc_zones_of_next(&of))) {
			for (uint32_t i = 0; i < zone->nr_hosts && st->left; i++)
				review_host(st, subsys_id,
					    dsc_slice_text(zone->host[i].nqn, nqn, sizeof(nqn)));
			for (uint32_t i = 0; i < zone->nr_nets && st->left; i++)
				review_one(st, subsys_id, look_at_prefix(st, &zone->net[i]));
			review_labels(st, subsys_id, zone, side);
		}
	}
}

/* Hosts of groups that have a path policy may be told something else than those that nobody names. */
static void review_steered(struct settling *st, uint64_t subsys_id, int side)
{
	const struct dsc_group *g;

	dsc_tree_each(g, st->side[side]->groups, &dsc_group_ops)
	{
		if (g->path_policy != DSC_PATHS_UNSET || g->max_paths)
			review_who(st, subsys_id, g->id);
	}
}

/* Everyone whom the subsystem names, or a zone with it, or who is told of it in an order of its own. */
static void review_audience(struct settling *st, uint64_t subsys_id)
{
	const struct dsc_subsys *s[2];
	const struct dsc_allow *a;

	for (int i = 0; i < 2; i++) {
		s[i] = dsc_snapshot_subsys_id(st->side[i], subsys_id);
		dsc_tree_each(a, s[i] ? s[i]->hosts : NULL, &dsc_allow_ops)
		{
			if (i == 0 || !s[0] ||
			    !dsc_tree_find(s[0]->hosts, &dsc_allow_ops, &a->who_id))
				review_who(st, subsys_id, a->who_id);
		}
		review_zones(st, subsys_id, i);
		if (s[i] && s[i]->allow_any)
			review_steered(st, subsys_id, i);
	}
}

static void review_foreign_one(struct settling *st, struct looked_at *h)
{
	bool differ;

	if (!h->foreign && is_open(st, h)) {
		differ = foreign_differs(st, h);
		if (!h->is_prefix)
			told(st, h->key, DSC_TOLD_FOREIGN, differ);
		h->moved |= differ;
	}
	h->foreign = true;
}

static void review_foreign_host(struct settling *st, const char *nqn)
{
	if (*nqn && st->left)
		review_foreign_one(st, look_at(st, nqn));
}

/* -- what differs between two forms of zoning: its hosts, each until something is found ------------------------------ */
static void review_pair_host(struct settling *st, const struct dsc_zone_pair *pair,
			     struct looked_at *h)
{
	for (size_t i = 0; i < pair->nr_subsys && is_open(st, h); i++)
		review_one(st, pair->subsys[i], h);
}

static void review_pair_label(struct settling *st, const struct dsc_zone_pair *pair,
			      const char *label)
{
	const struct dsc_reg *r;

	for (int i = 0; i < 2; i++) {
		r = NULL;
		while (st->left && (r = dsc_snapshot_host_reg_after(st->side[i], NULL, r))) {
			if (!strcmp(r->label, label))
				review_pair_host(st, pair, look_at(st, r->nqn));
		}
	}
}

static void review_pair(struct settling *st, const struct dsc_zone_pair *pair)
{
	for (size_t i = 0; i < pair->nr_hosts && st->left; i++) {
		const struct dsc_zone_key *key = &pair->host[i];

		if (key->nqn)
			review_pair_host(st, pair, look_at(st, key->nqn));
		else if (key->label)
			review_pair_label(st, pair, key->label);
		else
			review_pair_host(st, pair, look_at_prefix(st, &key->at));
	}
}

static void review_zoning(struct settling *st, const struct dsc_zone_delta *delta)
{
	for (size_t i = 0; i < delta->nr_pairs && st->left; i++)
		review_pair(st, &delta->pair[i]);
	for (size_t i = 0; i < delta->nr_whole && st->left; i++)
		review_audience(st, delta->whole[i]);
}

static void review_named(struct settling *st, const struct dsc_doubt *d)
{
	struct looked_at *h;

	if (d->paths) {
		review_who(st, 0, d->who_id);
	} else if (d->zoning) {
		review_zoning(st, &d->zoning->delta);
	} else if (d->nqn && d->subsys_id) {
		review_host(st, d->subsys_id, d->nqn);
	} else if (d->nqn) {
		h = look_at(st, d->nqn);
		if (st->tell || !h->moved)
			h->moved |= told(st, d->nqn, 0, referrals_differ(st, d->nqn));
		review_foreign_host(st, d->nqn);
	} else if (d->who_id) {
		review_who(st, d->subsys_id, d->who_id);
	} else if (d->subsys_id) {
		review_audience(st, d->subsys_id);
	}
}

/* -- what discovery controllers have: everyone, those whom the discovery controller is kept to, it itself --------------------- */
static void review_foreign_who(struct settling *st, const struct dsc_snapshot *side,
			       const char *who)
{
	const struct dsc_group *g = dsc_snapshot_who_group(side, who);
	const struct dsc_member *m;

	if (!g)
		review_foreign_host(st, who);
	dsc_tree_each(m, g ? g->members : NULL, &dsc_member_ops)
		review_foreign_host(st, dsc_snapshot_host_id(side, m->host_id)->nqn);
}

/* Whom it names, and itself: those for whom it may look different than for everyone. */
static void review_dc_hosts(struct settling *st, const struct dsc_snapshot *side,
			    const struct dsc_dc *dc)
{
	char who[DSC_NQN_MAX + 1];
	const char *end;

	for (const char *p = dc->hosts; (end = strchr(p, '\n')); p = end + 1) {
		snprintf(who, sizeof(who), "%.*s", (int)(end - p), p);
		review_foreign_who(st, side, who);
	}
	review_foreign_host(st, dc->own_nqn);
	review_foreign_host(st, dc->host_nqn);
}

static void review_all_dc_hosts(struct settling *st)
{
	const struct dsc_dc *dc;

	for (int i = 0; i < 2; i++) {
		dsc_tree_each(dc, st->side[i]->dcs, &dsc_dc_ops)
			review_dc_hosts(st, st->side[i], dc);
	}
}

/* The zones in which something of theirs may be, by number; the caller's. */
static bool *foreign_zones(const struct dsc_snapshot *side, const struct dsc_zoning *z)
{
	bool *has = dsc_zalloc(z->nr_zones + 1);
	const struct dsc_reg *r;
	struct dsc_zones_of of;

	dsc_tree_each(r, side->dc_regs, &dsc_reg_nqn_ops)
	{
		dsc_zones_of_init(&of, z, r->nqn, r->label);
		while (dsc_zones_of_next(&of))
			has[of.target->zone] = true;
	}
	return has;
}

static void review_foreign_zone(struct settling *st, const struct dsc_snapshot *side,
				const struct dsc_czone *zone)
{
	const struct dsc_reg *r = NULL;
	char nqn[DSC_NQN_MAX + 1];

	for (uint32_t i = 0; i < zone->nr_hosts && st->left; i++)
		review_foreign_host(st, dsc_slice_text(zone->host[i].nqn, nqn, sizeof(nqn)));
	for (uint32_t i = 0; i < zone->nr_nets && st->left; i++)
		review_foreign_one(st, look_at_prefix(st, &zone->net[i]));
	while (zone->nr_labels && st->left && (r = dsc_snapshot_host_reg_after(side, NULL, r))) {
		if (dsc_czone_has_label(zone, r->label))
			review_foreign_host(st, r->nqn);
	}
}

/* Whom the zones name that have, or had, something of theirs. */
static void review_foreign_zones(struct settling *st)
{
	const struct dsc_zoning *z;
	bool *has;

	for (int i = 0; i < 2; i++) {
		z = dsc_snapshot_zoning(st->side[i]);
		if (!z)
			continue;
		has = foreign_zones(st->side[i], z);
		for (uint32_t k = 0; k < z->nr_zones; k++)
			if (has[k])
				review_foreign_zone(st, st->side[i], &z->zone[k]);
		free(has);
	}
}

/* Zones are other ones. */
static bool is_zoned_anew(const struct settling *st)
{
	const struct dsc_review *r = st->review;

	for (size_t i = 0; i < r->nr; i++)
		if (r->doubt[i].zoning)
			return st->side[1]->dc_regs;
	return false;
}

/* One that is told to everyone may show or hide for some what another has too: then all that are named anywhere are looked at. */
static void review_dcs(struct settling *st)
{
	const struct dsc_dc *dc;
	bool all = is_zoned_anew(st);
	void *value;

	dsc_tree_each(value, st->review->dcs, &dsc_ids_ops)
	{
		uint64_t id = dsc_id(value);

		for (int i = 0; i < 2; i++) {
			dc = dsc_snapshot_dc_id(st->side[i], id);
			if (!dc || !st->left)
				continue;
			all = all || dc->all_hosts;
			review_dc_hosts(st, st->side[i], dc);
		}
	}
	if (!all || !st->left)
		return;
	st->foreign = told(st, NULL, DSC_TOLD_FOREIGN, foreign_differs(st, NULL));
	st->everyone = st->everyone || st->foreign;
	review_all_dc_hosts(st);
	review_foreign_zones(st);
}

/* -- generations ------------------------------------------------------------------------------------------ */
/* Does it, too, see what hosts that nobody names see differently? */
static bool shares_any(struct settling *st, const struct looked_at *h)
{
	void *id;

	if (h->moved || (st->referrals && referrals_differ(st, h->is_prefix ? NULL : h->key)) ||
	    (st->foreign && foreign_differs(st, h)))
		return true;
	dsc_tree_each(id, st->any, &dsc_ids_ops)
	{
		if (!st->left || differs(st, dsc_id(id), h))
			return true;
	}
	return false;
}

static void put_view(struct settling *st, const char *key, uint64_t gen, uint64_t past_any)
{
	struct dsc_view *view = dsc_row_new(DSC_ROW_VIEW);
	struct dsc_reviewed *out = st->out;

	snprintf(view->nqn, sizeof(view->nqn), "%s", key);
	view->gen = gen;
	view->past_any = past_any;
	out->view = dsc_grow(out->view, out->nr, &out->max, sizeof(struct dsc_view *));
	out->view[out->nr++] = view;
	dsc_state_write(&out->state, false, &view->row);
}

/* As it was before. */
static uint64_t genctr_before(struct settling *st, const struct looked_at *h)
{
	struct dsc_asker who = dsc_asker(st->side[0], h->is_prefix ? NULL : h->key);

	who.has_from = h->is_prefix;
	who.from = h->from;
	return dsc_snapshot_genctr(st->side[0], &who);
}

/* Everyone gets a new generation but those who are apart.  Where hosts of a prefix are, others that may be of it have to say that
 * they aren't. */
static void move_everyone(struct settling *st)
{
	struct looked_at *h, *next;
	bool prefix = false;

	HASH_ITER(hh, st->hosts, h, next) {
		h->apart = st->left && !shares_any(st, h);
		prefix |= h->apart && h->is_prefix;
	}
	HASH_ITER(hh, st->hosts, h, next) {
		if (!st->left)
			continue;
		if (h->apart)
			put_view(st, h->key, genctr_before(st, h), st->change);
		else if (prefix)
			put_view(st, h->key, st->change, 0);
	}
	st->out->everyone = true;
	st->out->state.gen_any = st->change;
}

static void move_generations(struct settling *st)
{
	struct looked_at *h, *next;

	if (st->everyone || !st->left) {
		move_everyone(st);
		return;
	}
	HASH_ITER(hh, st->hosts, h, next) {
		if (h->moved)
			put_view(st, h->key, st->change, 0);
	}
}

static void review(struct settling *st)
{
	const struct dsc_review *r = st->review;

	for (size_t i = 0; i < r->nr && st->left; i++)
		review_everyone(st, &r->doubt[i]);
	for (size_t i = 0; i < r->nr && st->left; i++)
		review_named(st, &r->doubt[i]);
	review_dcs(st);
}

static void clear(struct settling *st)
{
	struct looked_at *h, *next;

	HASH_ITER(hh, st->hosts, h, next) {
		HASH_DEL(st->hosts, h);
		free(h);
	}
	dsc_tree_put(st->any, &dsc_ids_ops);
	for (int i = 0; i < 2; i++)
		dsc_paths_end(&st->paths[i]);
}

bool dsc_review_run(const struct dsc_review *r, const struct dsc_snapshot *const side[2],
		    uint64_t change, unsigned int most, struct dsc_reviewed *ret)
{
	struct settling st = { .review = r,
			       .side = { side[0], side[1] },
			       .change = change,
			       .out = ret,
			       .left = most };

	memset(ret, 0, sizeof(*ret));
	dsc_state_assign_views(&ret->state, side[1]);
	review(&st);
	if (r->nr || r->dcs)
		move_generations(&st);
	clear(&st);
	return st.left > 0;
}

void dsc_reviewed_free(struct dsc_reviewed *reviewed)
{
	for (size_t i = 0; i < reviewed->nr; i++)
		dsc_row_put(reviewed->view[i]);
	free(reviewed->view);
	dsc_state_clear(&reviewed->state);
	memset(reviewed, 0, sizeof(*reviewed));
}

bool dsc_review_tell(struct dsc_txn *txn, const struct dsc_snapshot *const side[2], dsc_told_fn *fn,
		     void *arg)
{
	struct settling st = { .review = &txn->review,
			       .side = { side[0], side[1] },
			       .left = DSC_REVIEW_MAX,
			       .tell = fn,
			       .arg = arg };
	size_t nr = txn->review.nr;
	const struct dsc_effect *e;

	TAILQ_FOREACH(e, &txn->effects, link)
		dsc_effect_show(txn, e); /* as if it were confirmed */
	review(&st);
	clear(&st);
	dsc_review_cut(&txn->review, nr);
	return st.left > 0;
}
