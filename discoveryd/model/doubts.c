/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/doubts.c - what a transaction may have changed for hosts, noted while it is written; review.c compares.
 * Owns: a transaction's doubts.  Thread: the control loop.  May block: never. */
#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/model_impl.h"

static void add(struct dsc_review *r, const struct dsc_doubt *doubt)
{
	r->doubt = dsc_grow(r->doubt, r->nr, &r->max, sizeof(*r->doubt));
	r->doubt[r->nr++] = *doubt;
}

static void add_dc(struct dsc_review *r, uint64_t dc_id)
{
	if (!dsc_tree_find(r->dcs, &dsc_ids_ops, &dc_id))
		dsc_tree_set(&r->dcs, &dsc_ids_ops, dsc_id_value(dc_id));
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
	add_dc(&txn->review, dc_id);
}

void dsc_txn_doubt_host(struct dsc_txn *txn, uint64_t subsys_id, const char *host_nqn)
{
	add(&txn->review,
	    &(struct dsc_doubt){ .subsys_id = subsys_id, .nqn = dsc_strdup(host_nqn) });
}

void dsc_txn_doubt_zoning(struct dsc_txn *txn, const struct dsc_zoning *zoning)
{
	add(&txn->review, &(struct dsc_doubt){ .zoning = dsc_row_get(zoning) });
}

void dsc_txn_doubt_paths(struct dsc_txn *txn, uint64_t who_id)
{
	add(&txn->review, &(struct dsc_doubt){ .who_id = who_id, .paths = true });
}

void dsc_review_cut(struct dsc_review *r, size_t nr)
{
	while (r->nr > nr) {
		free(r->doubt[--r->nr].nqn);
		dsc_row_put(r->doubt[r->nr].zoning);
	}
}

void dsc_review_free(struct dsc_review *r)
{
	dsc_tree_put(r->dcs, &dsc_ids_ops);
	dsc_review_cut(r, 0);
	free(r->doubt);
	memset(r, 0, sizeof(*r));
}

void dsc_review_join(struct dsc_review *to, struct dsc_review *from)
{
	void *id;

	if (!to->nr && !to->dcs) {
		dsc_review_free(to);
		*to = *from;
		memset(from, 0, sizeof(*from));
		return;
	}
	for (size_t i = 0; i < from->nr; i++)
		add(to, &from->doubt[i]);
	from->nr = 0; /* they are the other's now */
	dsc_tree_each(id, from->dcs, &dsc_ids_ops) add_dc(to, dsc_id(id));
	dsc_review_free(from);
}
