/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/heard.c - discovery controllers that announce themselves: rows for those that nobody knew, which go again with the
 * announcement unless an operator has admitted them.
 * Owns: the list of what is announced.  Thread: dsc_follow_heard() any, the rest the control loop's.  May block: never. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/follow/follow_impl.h"
#include "discoveryd/model/commands.h"

/* -- from mDNS's thread ------------------------------------------------------------------------------------------- */
void dsc_follow_heard(void *arg, const struct dsc_mdns_found *found, size_t nr)
{
	struct dsc_follow *f = arg;
	struct dsc_mdns_found *copy = dsc_zalloc((nr + 1) * sizeof(*copy)), *old;

	if (nr)
		memcpy(copy, found, nr * sizeof(*copy));
	pthread_mutex_lock(&f->lock);
	old = f->heard_new;
	f->heard_new = copy;
	f->nr_heard_new = nr;
	pthread_mutex_unlock(&f->lock);
	free(old);
	if (!atomic_exchange(&f->heard_posted, true))
		net_reactor_post(f->app->loop, &f->heard_msg);
}

/* -- what is announced --------------------------------------------------------------------------------------------- */
static bool is_there(const struct dsc_mdns_found *found, const struct dsc_dc *dc)
{
	return found->port == dc->port && !strcmp(found->traddr, dc->traddr);
}

/* Also by another address, if it has a name of its own. */
bool dsc_follow_is_announced(const struct dsc_follow *f, const struct dsc_dc *dc)
{
	for (size_t i = 0; i < f->nr_heard; i++) {
		const struct dsc_mdns_found *found = &f->heard[i];

		if (is_there(found, dc) ||
		    (dsc_dc_nqn_is_unique(found->nqn) &&
		     (!strcmp(found->nqn, dc->own_nqn) || !strcmp(found->nqn, dc->nqn))))
			return true;
	}
	return false;
}

/* The address among those of one service that is listed: the one that has a row, else IPv4, else the first. */
static bool another_stands_for(const struct dsc_follow *f, const struct dsc_mdns_found *found)
{
	bool v6 = strchr(found->traddr, ':');

	for (const struct dsc_mdns_found *o = f->heard; o < f->heard + f->nr_heard; o++) {
		bool other6 = strchr(o->traddr, ':');

		if (o != found && o->port == found->port && !strcmp(o->name, found->name) &&
		    (dsc_cmd_dc_is_at(f->app, o->traddr, o->port) ||
		     (other6 == v6 ? o < found : v6)))
			return true;
	}
	return false;
}

static void take_in(struct dsc_follow *f, const struct dsc_mdns_found *found)
{
	struct dsc_dc_found in = { .source = DSC_DC_MDNS,
				   .admitted = f->app->opt.mdns_follow,
				   .traddr = found->traddr,
				   .port = found->port,
				   .nqn = found->nqn };
	struct cmn_err err = { 0 };

	if (another_stands_for(f, found))
		return;
	if (dsc_nqn_check(found->nqn, "nqn", &err) < 0 ||
	    dsc_cmd_dc_found(f->app, &in, NULL, &err) < 0)
		cmn_info("a discovery controller that announces itself is not taken",
			 "traddr=%s port=%u service=%s reason=%s", found->traddr, found->port,
			 CMN_Q(found->name), CMN_Q(err.msg));
}

/* It is where it was announced no more, and no operator has said that it is wanted. */
static bool has_gone(const struct dsc_follow *f, const struct dsc_dc *dc)
{
	if (dc->admitted || dc->source != DSC_DC_MDNS || dc->entities)
		return false;
	for (size_t i = 0; i < f->nr_heard; i++) {
		if (is_there(&f->heard[i], dc))
			return false;
	}
	return true;
}

static void on_heard(struct net_msg *msg)
{
	struct dsc_follow *f = cmn_container_of(msg, struct dsc_follow, heard_msg);
	const struct dsc_snapshot *snap;
	const struct dsc_dc *dc;

	atomic_store(&f->heard_posted, false);
	pthread_mutex_lock(&f->lock);
	free(f->heard);
	f->heard = cmn_take_ptr(f->heard_new);
	f->nr_heard = f->nr_heard_new;
	pthread_mutex_unlock(&f->lock);
	snap = dsc_snapshot_current(f->app->model);
	dsc_tree_each(dc, snap->dcs, &dsc_dc_ops)
	{
		if (has_gone(f, dc))
			dsc_cmd_dc_delete(f->app, dc->name, NULL, NULL);
	}
	dsc_snapshot_put(snap);
	for (size_t i = 0; i < f->nr_heard; i++)
		take_in(f, &f->heard[i]);
}

void dsc_follow_heard_init(struct dsc_follow *f)
{
	f->heard_msg.fn = on_heard;
}

void dsc_follow_heard_free(struct dsc_follow *f)
{
	free(f->heard);
	free(f->heard_new);
}
