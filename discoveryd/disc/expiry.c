/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/expiry.c - registrations go some time after their owner's last controller has; of a discovery controller, hosts
 * are told in the meantime that it isn't connected.
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
#define AWAY_NS                                                                                    \
	(3 * CMN_NS_PER_S) /* after a start, discovery controllers have this long to come back */

struct dsc_absent {
	UT_hash_handle hh;
	uint64_t entity_id;
	uint64_t since; /* CLOCK_MONOTONIC */
	uint64_t look; /* the last that met it */
};

/* ---- the control loop ---- */

struct verdict {
	struct net_msg msg;
	struct dsc_app *app;
	uint64_t entity_id;
	enum { GONE, AWAY, BACK } what;
};

static void expire_entity(struct dsc_app *app, const struct dsc_entity *e, struct cmn_err *err)
{
	cmn_info("registration expired", "entity=%s owner=%s", e->eid, e->owner);
	dsc_cmd_entity_delete(app, e->id, NULL, err);
}

static void carry_out(struct net_msg *msg)
{
	struct verdict *v = cmn_container_of(msg, struct verdict, msg);
	const struct dsc_entity *e =
		dsc_snapshot_entity_id(dsc_model_now(v->app->model), v->entity_id);
	struct cmn_err err = { 0 };

	if (e && v->what == GONE)
		expire_entity(v->app, e, &err);
	else if (e)
		dsc_cmd_entity_away(v->app, v->entity_id, v->what == AWAY, NULL, &err);
	if (cmn_err_is(&err))
		cmn_debug("registration not changed", "reason=%s", CMN_Q(err.msg));
	free(v);
}

/* ---- the reactor ---- */

static void decide(struct dsc_disc *disc, uint64_t entity_id, int what)
{
	struct verdict *v = calloc(1, sizeof(*v));

	if (!v)
		return; /* the next look tries again */
	v->msg.fn = carry_out;
	v->app = disc->app;
	v->entity_id = entity_id;
	v->what = what;
	net_reactor_post(disc->app->loop, &v->msg);
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

/* What the follower read of a discovery controller: its own business. */
static bool is_read(const struct dsc_entity *e)
{
	return !strncmp(e->eid, DSC_DC_EID, strlen(DSC_DC_EID));
}

/* What a discovery controller that an operator admitted has registered stays, and hosts are told that it isn't connected. */
static bool is_kept(const struct dsc_snapshot *snap, const struct dsc_entity *e)
{
	const struct dsc_dc *dc = dsc_snapshot_dc_id(snap, e->dc_id);

	return dc && dc->admitted;
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

			if (is_read(e) || bsearch(&owner, nqn, nr, sizeof(*nqn), by_text))
				continue;
			a = note_absent(disc, e->id, now);
			if (!a)
				continue;
			a->look = disc->look_nr;
			if (now - a->since >= keep && !is_kept(snap, e))
				decide(disc, e->id, GONE);
		}
		forget(disc, disc->look_nr);
	}
	free(nqn);
	dsc_snapshot_put(snap);
}

/* ---- discovery controllers: few, and looked at more often ---- */

static bool is_connected(const struct dsc_disc *disc, const char *nqn)
{
	const struct dsc_disc_ctrl *dc;

	TAILQ_FOREACH(dc, &disc->ctrls, link) {
		if (!strcmp(fab_ctrl_hostnqn(dc->ctrl), nqn))
			return true;
	}
	return false;
}

static void look_at_dc(struct dsc_disc *disc, const struct dsc_snapshot *snap,
		       const struct dsc_dc *dc)
{
	const struct dsc_entity *e;
	bool there;
	void *id;

	dsc_tree_each(id, dc->entities, &dsc_ids_ops)
	{
		e = dsc_snapshot_entity_id(snap, dsc_id(id));
		if (!e || is_read(e))
			continue;
		there = is_connected(disc, e->owner);
		if (there == e->away)
			decide(disc, e->id, there ? BACK : AWAY);
	}
}

static void on_dc_timer(struct net_timer *t, uint64_t now)
{
	struct dsc_disc *disc = cmn_container_of(t, struct dsc_disc, sweep_dcs);
	const struct dsc_snapshot *snap = dsc_snapshot_current(disc->app->model);
	const struct dsc_dc *dc;

	dsc_tree_each(dc, snap->dcs, &dsc_dc_ops) look_at_dc(disc, snap, dc);
	dsc_snapshot_put(snap);
	net_timer_set(disc->reactor, t, now + AWAY_NS);
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
	disc->sweep_dcs.fire = on_dc_timer;
	net_timer_set(disc->reactor, &disc->sweep_dcs, cmn_now_ns() + AWAY_NS);
	if (disc->app->opt.registration_keep_s)
		net_timer_set(disc->reactor, &disc->sweep, cmn_now_ns());
}

void dsc_expiry_end(struct dsc_disc *disc)
{
	forget(disc, UINT64_MAX);
}
