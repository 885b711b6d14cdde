/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/seen.c - see seen.h.
 * Owns: two trees of the same rows, which are replaced, never written to.  Thread: see seen.h.  May block: see seen.h. */
#include "discoveryd/disc/seen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"

struct dsc_seen_hosts {
	pthread_mutex_t lock;
	struct dsc_tree *by_nqn;
	struct dsc_tree *gone; /* those without a controller, by when they were seen last */
};

struct dsc_seen_hosts *dsc_seen_create(void)
{
	struct dsc_seen_hosts *hosts = calloc(1, sizeof(*hosts));

	if (hosts)
		pthread_mutex_init(&hosts->lock, NULL);
	return hosts;
}

void dsc_seen_destroy(struct dsc_seen_hosts *hosts)
{
	if (!hosts)
		return;
	dsc_tree_put(hosts->by_nqn, &dsc_seen_ops);
	dsc_tree_put(hosts->gone, &dsc_seen_age_ops);
	pthread_mutex_destroy(&hosts->lock);
	free(hosts);
}

/* The row of the host, to be written to and put in; taken off `gone`. */
static struct dsc_seen *open_row(struct dsc_seen_hosts *hosts, const char *nqn)
{
	const struct dsc_seen *old = dsc_tree_find(hosts->by_nqn, &dsc_seen_ops, nqn);
	struct dsc_seen *row = old ? dsc_row_copy(old) : dsc_row_new(DSC_ROW_SEEN);

	if (old && !old->nr)
		dsc_tree_del(&hosts->gone, &dsc_seen_age_ops, old);
	row->last_ms = cmn_wall_ms();
	if (!old) {
		row->first_ms = row->last_ms;
		snprintf(row->nqn, sizeof(row->nqn), "%s", nqn);
	}
	return row;
}

bool dsc_seen_enter(struct dsc_seen_hosts *hosts, const char *nqn, const char *address)
{
	struct dsc_seen *row;
	bool is_new;

	pthread_mutex_lock(&hosts->lock);
	is_new = !dsc_tree_find(hosts->by_nqn, &dsc_seen_ops, nqn);
	row = open_row(hosts, nqn);
	row->nr++;
	snprintf(row->address, sizeof(row->address), "%s", address);
	dsc_tree_set(&hosts->by_nqn, &dsc_seen_ops, row);
	pthread_mutex_unlock(&hosts->lock);
	dsc_row_put(row);
	return is_new;
}

static void forget_oldest(struct dsc_seen_hosts *hosts)
{
	struct dsc_seen *oldest = dsc_row_get(dsc_tree_next(hosts->gone, &dsc_seen_age_ops, NULL));

	dsc_tree_del(&hosts->gone, &dsc_seen_age_ops, oldest);
	dsc_tree_del(&hosts->by_nqn, &dsc_seen_ops, oldest->nqn);
	dsc_row_put(oldest);
}

void dsc_seen_leave(struct dsc_seen_hosts *hosts, const char *nqn, bool stranger)
{
	struct dsc_seen *row;

	pthread_mutex_lock(&hosts->lock);
	row = open_row(hosts, nqn);
	row->nr -= row->nr > 0;
	if (!row->nr && !stranger) {
		dsc_tree_del(&hosts->by_nqn, &dsc_seen_ops, nqn);
	} else {
		dsc_tree_set(&hosts->by_nqn, &dsc_seen_ops, row);
		if (!row->nr)
			dsc_tree_set(&hosts->gone, &dsc_seen_age_ops, row);
		if (dsc_tree_count(hosts->gone) > DSC_STRANGERS_MAX)
			forget_oldest(hosts);
	}
	pthread_mutex_unlock(&hosts->lock);
	dsc_row_put(row);
}

struct dsc_tree *dsc_seen_get(struct dsc_seen_hosts *hosts)
{
	struct dsc_tree *tree;

	pthread_mutex_lock(&hosts->lock);
	tree = dsc_tree_get(hosts->by_nqn);
	pthread_mutex_unlock(&hosts->lock);
	return tree;
}
