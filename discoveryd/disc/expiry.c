/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/expiry.c - registrations go some time after their owner's last controller has.
 * Owns: since when each entity has had no controller.  Thread: the service's reactor; the removal is the control loop's.
 * May block: never.
 *
 * It looks at what is, now and then, rather than follow each Connect: so it can't lose count, and a restart only begins anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/model.h"

#define LOOKS 10 /* in the time that a registration is kept */

struct dsc_absent {
	UT_hash_handle hh;
	uint64_t entity_id;
	uint64_t since; /* CLOCK_MONOTONIC */
	uint64_t look; /* the last that met it */
};

/* ---- the control loop ---- */

struct removal {
	struct net_msg msg;
	struct dsc_app *app;
	uint64_t entity_id;
};

static void remove_entity(struct net_msg *msg)
{
	struct removal *r = cmn_container_of(msg, struct removal, msg);
	const struct dsc_entity *e =
		dsc_snapshot_entity_id(dsc_model_now(r->app->model), r->entity_id);
	struct cmn_err err = { 0 };

	if (e) {
		cmn_info("registration expired", "entity=%s owner=%s", e->eid, e->owner);
		if (dsc_cmd_entity_delete(r->app, r->entity_id, NULL, &err) < 0)
			cmn_debug("registration not removed", "reason=%s", CMN_Q(err.msg));
	}
	free(r);
}

/* ---- the reactor ---- */

static void expire(struct dsc_disc *disc, uint64_t entity_id)
{
	struct removal *r = calloc(1, sizeof(*r));

	if (!r)
		return; /* the next look tries again */
	r->msg.fn = remove_entity;
	r->app = disc->app;
	r->entity_id = entity_id;
	net_reactor_post(disc->app->loop, &r->msg);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Host NQNs that have a controller, sorted; *ret_nr of them. */
static const char **connected(const struct dsc_disc *disc, size_t *ret_nr)
{
	const char **nqn = calloc(disc->nr_ctrls + 1, sizeof(*nqn));
	const struct dsc_disc_ctrl *dc;
	size_t nr = 0;

	*ret_nr = 0;
	if (!nqn)
		return NULL;
	TAILQ_FOREACH(dc, &disc->ctrls, link)
		nqn[nr++] = fab_ctrl_hostnqn(dc->ctrl);
	qsort(nqn, nr, sizeof(*nqn), by_text);
	*ret_nr = nr;
	return nqn;
}

static struct dsc_absent *note_absent(struct dsc_disc *disc, uint64_t entity_id, uint64_t now)
{
	struct dsc_absent *a;

	HASH_FIND(hh, disc->absent, &entity_id, sizeof(entity_id), a);
	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->entity_id = entity_id;
	a->since = now;
	HASH_ADD(hh, disc->absent, entity_id, sizeof(a->entity_id), a);
	return a;
}

/* Those that have come back, or have gone. */
static void forget(struct dsc_disc *disc, uint64_t look)
{
	struct dsc_absent *a, *next;

	HASH_ITER(hh, disc->absent, a, next) {
		if (a->look == look)
			continue;
		HASH_DEL(disc->absent, a);
		free(a);
	}
}

static void look(struct dsc_disc *disc, uint64_t now)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(disc->app->model);
	uint64_t keep = disc->app->opt.registration_keep_s * CMN_NS_PER_S;
	const struct dsc_entity *e;
	struct dsc_absent *a;
	size_t nr;
	const char **nqn = connected(disc, &nr);

	disc->look_nr++;
	if (nqn) {
		dsc_tree_each(e, snap->entities, &dsc_entity_ops)
		{
			const char *owner = e->owner;

			if (bsearch(&owner, nqn, nr, sizeof(*nqn), by_text))
				continue;
			a = note_absent(disc, e->id, now);
			if (!a)
				continue;
			a->look = disc->look_nr;
			if (now - a->since >= keep)
				expire(disc, e->id);
		}
		forget(disc, disc->look_nr);
	}
	free(nqn);
	dsc_snapshot_put(snap);
}

static uint64_t period(const struct dsc_disc *disc)
{
	uint64_t keep = disc->app->opt.registration_keep_s * CMN_NS_PER_S;

	return cmn_max(keep / LOOKS, (uint64_t)CMN_NS_PER_S / 4);
}

static void on_timer(struct net_timer *t, uint64_t now)
{
	struct dsc_disc *disc = cmn_container_of(t, struct dsc_disc, sweep);

	look(disc, now);
	net_timer_set(disc->reactor, t, now + period(disc));
}

void dsc_expiry_start(struct dsc_disc *disc)
{
	disc->sweep.fire = on_timer;
	if (disc->app->opt.registration_keep_s)
		net_timer_set(disc->reactor, &disc->sweep, cmn_now_ns());
}

void dsc_expiry_end(struct dsc_disc *disc)
{
	forget(disc, UINT64_MAX);
}
