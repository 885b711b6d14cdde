/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/review.c - whose view a transaction changes: what may have changed is noted while it is written; when it is
 * committed, what hosts are told before and after is compared, and a generation moves only for those who are told something else.
 * Owns: a transaction's doubts.  Thread: the control loop.  May block: never.
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

#define COMPARISONS_MAX 50000
#define FOREIGN_STEP                                                                               \
	16 /* entries of other discovery controllers that cost as much as a comparison */

/* -- doubts ------------------------------------------------------------------------------------------ */
/* Of a subsystem for a host, or (who_id 0) for whoever is told of it; subsys_id 0: of the referrals, for everyone or for a host, then of
 * what other discovery controllers have too. */
struct dsc_doubt {
	uint64_t subsys_id, who_id;
	char *nqn;
};

static void add(struct dsc_review *r, const struct dsc_doubt *doubt)
{
	if (r->nr == r->max) {
		r->max = r->max ? 2 * r->max : 8;
		r->doubt = realloc(r->doubt, r->max * sizeof(*r->doubt));
		if (!r->doubt)
			abort();
	}
	r->doubt[r->nr++] = *doubt;
}

void dsc_txn_doubt(struct dsc_txn *txn, uint64_t subsys_id, uint64_t who_id)
{
	add(&txn->review, &(struct dsc_doubt){ .subsys_id = subsys_id, .who_id = who_id });
}

void dsc_txn_doubt_referrals(struct dsc_txn *txn, const char *host_nqn)
{
	add(&txn->review, &(struct dsc_doubt){ .nqn = host_nqn ? dsc_strdup(host_nqn) : NULL });
}

/* Of what a discovery controller has.  There are few of them, and a read of one's log names it at each entry. */
void dsc_txn_doubt_dc(struct dsc_txn *txn, uint64_t dc_id)
{
	struct dsc_review *r = &txn->review;

	if (!dsc_tree_find(r->dcs, &dsc_ids_ops, &dc_id))
		dsc_tree_set(&r->dcs, &dsc_ids_ops, dsc_id_value(dc_id));
}

void dsc_review_free(struct dsc_review *r)
{
	dsc_tree_put(r->dcs, &dsc_ids_ops);
	for (size_t i = 0; i < r->nr; i++)
		free(r->doubt[i].nqn);
	free(r->doubt);
	memset(r, 0, sizeof(*r));
}

/* -- comparing ----------------------------------------------------------------------------------------- */
/* A host that has been compared. */
struct looked_at {
	UT_hash_handle hh;
	bool moved; /* it is told something else than before */
	bool foreign; /* what discovery controllers have for it has been compared */
	char nqn[DSC_NQN_MAX + 1];
};

struct settling {
	struct dsc_txn *txn;
	const struct dsc_snapshot *side[2]; /* before, after */
	struct looked_at *hosts;
	bool everyone; /* hosts that nobody names are told something else */
	bool referrals; /* that is: referrals */
	bool foreign; /* that is: what discovery controllers have */
	struct dsc_tree *any; /* that is: these subsystems */
	unsigned int left; /* comparisons */
	dsc_told_fn *tell; /* only tells of it; NULL: generations move */
	void *arg;
};

static const struct dsc_portal *next_told(const struct dsc_snapshot *st, const struct dsc_subsys *s,
					  const struct dsc_host *host,
					  const struct dsc_portal *after)
{
	const struct dsc_portal *p = after;

	while (s && (p = dsc_snapshot_worker_portal(st, s->worker_id, p ? p->id : 0))) {
		if (dsc_snapshot_why(st, s, host, p) == DSC_WHY_VISIBLE)
			return p;
	}
	return NULL;
}

static const char *told_address(const struct dsc_portal *p)
{
	return *p->advertise ? p->advertise : p->address;
}

static bool same_entry(const struct dsc_portal *a, const struct dsc_portal *b)
{
	return a->id == b->id && a->secure_channel == b->secure_channel &&
	       !strcmp(told_address(a), told_address(b));
}

/* Is the host (NULL: one that nobody names) told something else of the subsystem? */
static bool differs(struct settling *st, uint64_t subsys_id, const char *host_nqn)
{
	const struct dsc_portal *p[2] = { NULL, NULL };
	const struct dsc_host *host[2] = { NULL, NULL };
	const struct dsc_subsys *s[2];

	st->left -= !!st->left;
	for (int i = 0; i < 2; i++) {
		s[i] = dsc_snapshot_subsys_id(st->side[i], subsys_id);
		if (host_nqn)
			host[i] = dsc_snapshot_host(st->side[i], host_nqn);
	}
	do {
		for (int i = 0; i < 2; i++)
			p[i] = next_told(st->side[i], s[i], host[i], p[i]);
		if (!p[0] || !p[1])
			return p[0] || p[1];
	} while (same_entry(p[0], p[1]) && !strcmp(s[0]->label, s[1]->label));
	return true;
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

static bool foreign_differs(struct settling *st, const char *host_nqn)
{
	struct dsc_foreign_entry e[2] = { { NULL, NULL, NULL }, { NULL, NULL, NULL } };
	struct dsc_foreign it[2];
	unsigned int nr = 0;
	bool more[2];

	for (int i = 0; i < 2; i++)
		dsc_foreign_init(&it[i], st->side[i], host_nqn);
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

static struct looked_at *look_at(struct settling *st, const char *nqn)
{
	struct looked_at *h;

	HASH_FIND_STR(st->hosts, nqn, h);
	if (h)
		return h;
	h = dsc_zalloc(sizeof(*h));
	snprintf(h->nqn, sizeof(h->nqn), "%s", nqn);
	HASH_ADD_STR(st->hosts, nqn, h);
	return h;
}

/* -- everyone, then those who are named ----------------------------------------------------------------- */
static bool told(struct settling *st, const char *host_nqn, uint64_t subsys_id, bool differ)
{
	if (st->tell)
		st->tell(st->arg, st->side, host_nqn, subsys_id, differ);
	return differ;
}

static void review_everyone(struct settling *st, const struct dsc_doubt *d)
{
	if (d->subsys_id && !d->who_id &&
	    told(st, NULL, d->subsys_id, differs(st, d->subsys_id, NULL))) {
		dsc_tree_set(&st->any, &dsc_ids_ops, dsc_id_value(d->subsys_id));
		st->everyone = true;
	} else if (!d->subsys_id && !d->nqn && told(st, NULL, 0, referrals_differ(st, NULL))) {
		st->everyone = st->referrals = true;
	}
}

static void review_host(struct settling *st, uint64_t subsys_id, const char *nqn)
{
	struct looked_at *h = st->left ? look_at(st, nqn) : NULL;

	if (h && (st->tell || !h->moved))
		h->moved |= told(st, nqn, subsys_id, differs(st, subsys_id, nqn));
}

static bool stands_for(const struct dsc_snapshot *st, uint64_t who_id, uint64_t host_id)
{
	const struct dsc_group *g = dsc_snapshot_group_id(st, who_id);

	return g ? dsc_tree_find(g->members, &dsc_member_ops, &host_id) != NULL
		 : who_id == host_id && dsc_snapshot_host_id(st, host_id);
}

/* Every host that it stood for before, or stands for after. */
static void review_who(struct settling *st, uint64_t subsys_id, uint64_t who_id)
{
	const struct dsc_host *host;

	for (int i = 0; i < 2; i++) {
		for (host = dsc_snapshot_who_host(st->side[i], who_id, 0); host;
		     host = dsc_snapshot_who_host(st->side[i], who_id, host->id)) {
			if (i == 0 || !stands_for(st->side[0], who_id, host->id))
				review_host(st, subsys_id, host->nqn);
		}
	}
}

/* Everyone whom the subsystem names. */
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
	}
}

static void review_foreign_host(struct settling *st, const char *nqn)
{
	struct looked_at *h;

	if (!*nqn || !st->left)
		return;
	h = look_at(st, nqn);
	if (!h->foreign && (st->tell || !h->moved))
		h->moved |= told(st, nqn, DSC_TOLD_FOREIGN, foreign_differs(st, nqn));
	h->foreign = true;
}

static void review_named(struct settling *st, const struct dsc_doubt *d)
{
	struct looked_at *h;

	if (d->nqn) {
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

/* One that is told to everyone may show or hide for some what another has too: then all that are named anywhere are looked at. */
static void review_dcs(struct settling *st)
{
	const struct dsc_dc *dc;
	bool all = false;
	void *value;

	dsc_tree_each(value, st->txn->review.dcs, &dsc_ids_ops)
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
	st->foreign = told(st, NULL, DSC_TOLD_FOREIGN, foreign_differs(st, DSC_NOBODY));
	st->everyone = st->everyone || st->foreign;
	review_all_dc_hosts(st);
}

/* -- generations ------------------------------------------------------------------------------------------ */
/* Does it, too, see what hosts that nobody names see differently? */
static bool shares_any(struct settling *st, const struct looked_at *h)
{
	void *id;

	if (h->moved || (st->referrals && referrals_differ(st, h->nqn)) ||
	    (st->foreign && foreign_differs(st, h->nqn)))
		return true;
	dsc_tree_each(id, st->any, &dsc_ids_ops)
	{
		if (!st->left || differs(st, dsc_id(id), h->nqn))
			return true;
	}
	return false;
}

static void put_view(struct settling *st, const char *nqn, uint64_t gen, uint64_t past_any)
{
	struct dsc_view *view = dsc_row_new(DSC_ROW_VIEW);

	snprintf(view->nqn, sizeof(view->nqn), "%s", nqn);
	view->gen = gen;
	view->past_any = past_any;
	dsc_txn_put(st->txn, view);
}

static void move_generations(struct settling *st)
{
	uint64_t change = dsc_txn_change(st->txn);
	struct looked_at *h, *next;

	HASH_ITER(hh, st->hosts, h, next) {
		if (!st->left)
			continue; /* everyone gets one */
		if (!st->everyone && h->moved)
			put_view(st, h->nqn, change, 0);
		if (st->everyone && !shares_any(st, h))
			put_view(st, h->nqn, dsc_snapshot_genctr(st->side[0], h->nqn), change);
	}
	if (!st->everyone && st->left)
		return;
	st->txn->touched_any = true;
	st->txn->model->ahead.gen_any = change;
}

static void review(struct settling *st)
{
	const struct dsc_review *r = &st->txn->review;

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
}

void dsc_review_settle(struct dsc_txn *txn)
{
	struct settling st = { .txn = txn,
			       .side = { &txn->before, &txn->model->ahead },
			       .left = COMPARISONS_MAX };

	review(&st);
	if (txn->review.nr || txn->review.dcs)
		move_generations(&st);
	clear(&st);
	dsc_review_free(&txn->review);
}

bool dsc_review_tell(struct dsc_txn *txn, const struct dsc_snapshot *const side[2], dsc_told_fn *fn,
		     void *arg)
{
	struct settling st = { .txn = txn,
			       .side = { side[0], side[1] },
			       .left = COMPARISONS_MAX,
			       .tell = fn,
			       .arg = arg };
	size_t nr = txn->review.nr;
	const struct dsc_effect *e;

	TAILQ_FOREACH(e, &txn->effects, link)
		dsc_effect_show(txn, e); /* as if it were confirmed */
	review(&st);
	clear(&st);
	while (txn->review.nr > nr)
		free(txn->review.doubt[--txn->review.nr].nqn);
	return st.left > 0;
}
