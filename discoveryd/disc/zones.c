/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/zones.c - see zones.h.
 * Owns: struct dsc_zones.  Thread: the control loop.  May block: never.
 *
 *   lock (a key) -> fragments from 0 on, without gaps -> the last: checked whole, stored, unlocked
 *
 * A lock ends by that, with its connection, or LOCK_NS after the last that was done with it, and then nothing has changed. */
#include "discoveryd/disc/zones.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "common/queue.h"
#include "discoveryd/model/model.h"
#include "discoveryd/model/zoning_impl.h"
#include "net/reactor.h"

#define LOCK_NS (30 * CMN_NS_PER_S) /* Base 2.1, 8.3.2.3.8.2.2 */
#define LOCKS_PER_DDC 8 /* each may hold a whole ZoneGroup */

struct lock {
	TAILQ_ENTRY(lock) link;
	struct dsc_zones *zones;
	struct net_timer timer;
	uint64_t session; /* 0: its connection has gone */
	char originator[DSC_NQN_MAX + 1], name[DSC_ZONE_GROUP_NAME_MAX + 1];
	uint32_t key;
	bool busy; /* the store has it: its end waits for that */
	uint8_t *data;
	size_t len, room;
	uint32_t *ret_key;
	dsc_zones_done *done;
	void *arg;
};

struct dsc_zones {
	struct dsc_app *app;
	TAILQ_HEAD(, lock) locks;
	uint64_t lock_ns;
	_Atomic uint64_t sessions;
};

const char *const dsc_zones_result_name[DSC_ZONES_RESULT_COUNT] = {
	[DSC_ZONES_OK] = "ok",
	[DSC_ZONES_LATER] = "under way",
	[DSC_ZONES_DISABLED] = "zoning is off",
	[DSC_ZONES_ORIGINATOR] = "it is not for this discovery controller",
	[DSC_ZONES_NOT_FOUND] = "there is no such zone group",
	[DSC_ZONES_LOCKED] = "it is locked",
	[DSC_ZONES_SEQUENCE] = "it was not looked up to be added, or too long ago",
	[DSC_ZONES_INVALID] = "malformed",
	[DSC_ZONES_FAILED] = "it could not be stored",
};

enum nvmf_zone_pull_status dsc_zones_pull_status(enum dsc_zones_result result)
{
	static const uint8_t map[DSC_ZONES_RESULT_COUNT] = {
		[DSC_ZONES_OK] = NVMF_ZPS_OK,
		[DSC_ZONES_LATER] = NVMF_ZPS_IN_PROGRESS,
		[DSC_ZONES_DISABLED] = NVMF_ZPS_ORIGINATOR,
		[DSC_ZONES_ORIGINATOR] = NVMF_ZPS_ORIGINATOR,
		[DSC_ZONES_NOT_FOUND] = NVMF_ZPS_NOT_FOUND,
		[DSC_ZONES_LOCKED] = NVMF_ZPS_LOCKED,
		[DSC_ZONES_SEQUENCE] = NVMF_ZPS_LOCKED,
		[DSC_ZONES_INVALID] = NVMF_ZPS_NOT_FOUND,
		[DSC_ZONES_FAILED] = NVMF_ZPS_LOCKED, /* it may be tried again */
	};

	return map[result];
}

/* -- who may ---------------------------------------------------------------------------------------- */
bool dsc_zones_is_registered(const struct dsc_snapshot *snap, const char *nqn)
{
	const struct dsc_entity *e = dsc_snapshot_entity(snap, nqn);

	if (e && e->etype == NVMF_DIM_DDC && !strcmp(e->owner, nqn))
		return true;
	dsc_tree_each(e, snap->entities, &dsc_entity_ops)
	{
		if (e->etype == NVMF_DIM_DDC && !strcmp(e->owner, nqn))
			return true;
	}
	return false;
}

static const struct dsc_snapshot *now(const struct dsc_zones *zones)
{
	return dsc_model_now(zones->app->model);
}

static const struct dsc_zone_active *active(const struct dsc_zones *zones,
					    const struct dsc_zones_id *id)
{
	return dsc_snapshot_zone_active(now(zones), id->originator, id->name);
}

static enum dsc_zones_result may(const struct dsc_zones *zones, const struct dsc_zones_who *who,
				 const char *originator)
{
	const struct dsc_zone_settings *s = dsc_snapshot_zone_settings(now(zones));
	bool permitted;

	if (!s->enabled)
		return DSC_ZONES_DISABLED;
	dsc_zone_ddc_may(s->ddcs, who->nqn, &permitted);
	if (!permitted || !who->known || strcmp(who->nqn, originator) != 0)
		return DSC_ZONES_ORIGINATOR;
	return DSC_ZONES_OK;
}

/* -- locks -------------------------------------------------------------------------------------------- */
static struct lock *find_lock(struct dsc_zones *zones, const struct dsc_zones_id *id)
{
	struct lock *l;

	TAILQ_FOREACH(l, &zones->locks, link) {
		if (!strcmp(l->originator, id->originator) && !strcmp(l->name, id->name))
			return l;
	}
	return NULL;
}

static struct lock *find_key(struct dsc_zones *zones, uint32_t key)
{
	struct lock *l;

	TAILQ_FOREACH(l, &zones->locks, link) {
		if (l->key == key)
			return l;
	}
	return NULL;
}

static bool held_by_other(const struct lock *l, const struct dsc_zones_who *who)
{
	return l && (l->busy || l->session != who->session);
}

static void start_time(struct lock *l)
{
	net_timer_set(l->zones->app->loop, &l->timer, cmn_now_ns() + l->zones->lock_ns);
}

static void unlock(struct lock *l)
{
	TAILQ_REMOVE(&l->zones->locks, l, link);
	net_timer_cancel(l->zones->app->loop, &l->timer);
	free(l->data);
	free(l);
}

static void too_late(struct net_timer *timer, uint64_t when)
{
	struct lock *l = cmn_container_of(timer, struct lock, timer);

	(void)when;
	if (l->busy)
		return; /* the store will tell */
	cmn_info("zone group unlocked", "originator=%s name=%s reason=%s", l->originator, l->name,
		 CMN_Q("its definition did not come in time"));
	unlock(l);
}

static unsigned int count(struct dsc_zones *zones, const char *originator)
{
	unsigned int nr = 0;
	struct lock *l;

	TAILQ_FOREACH(l, &zones->locks, link)
		nr += !strcmp(l->originator, originator);
	return nr;
}

static struct lock *new_lock(struct dsc_zones *zones, const struct dsc_zones_who *who,
			     const struct dsc_zones_id *id)
{
	struct lock *l = dsc_zalloc(sizeof(*l));

	l->zones = zones;
	l->session = who->session;
	snprintf(l->originator, sizeof(l->originator), "%s", id->originator);
	snprintf(l->name, sizeof(l->name), "%s", id->name);
	l->timer.fire = too_late;
	start_time(l);
	TAILQ_INSERT_TAIL(&zones->locks, l, link);
	return l;
}

void dsc_zones_release(struct dsc_zones *zones, uint64_t session)
{
	struct lock *l, *next;

	TAILQ_FOREACH_SAFE(l, &zones->locks, link, next) {
		if (l->session != session)
			continue;
		l->session = 0;
		if (!l->busy)
			unlock(l);
	}
}

/* -- reading -------------------------------------------------------------------------------------------- */
enum dsc_zones_result dsc_zones_find(struct dsc_zones *zones, const struct dsc_zones_who *who,
				     const struct dsc_zones_id *id, uint32_t *ret_key)
{
	enum dsc_zones_result r = may(zones, who, id->originator);
	const struct dsc_zone_active *a;

	if (r)
		return r;
	if (held_by_other(find_lock(zones, id), who))
		return DSC_ZONES_LOCKED;
	a = active(zones, id);
	if (!a)
		return DSC_ZONES_NOT_FOUND;
	*ret_key = a->key;
	return DSC_ZONES_OK;
}

static const struct dsc_zone_active *by_key(const struct dsc_zones *zones, uint32_t key)
{
	const struct dsc_zone_active *a = NULL;

	while ((a = dsc_snapshot_zone_active_after(now(zones), a))) {
		if (a->key == key)
			return a;
	}
	return NULL;
}

enum dsc_zones_result dsc_zones_read(struct dsc_zones *zones, const struct dsc_zones_who *who,
				     struct dsc_zones_part *part)
{
	const struct dsc_zone_active *a = by_key(zones, part->key);
	enum dsc_zones_result r = may(zones, who, a ? a->originator : who->nqn);
	uint8_t *bytes;
	size_t size;

	if (r)
		return r;
	if (held_by_other(find_key(zones, part->key), who))
		return DSC_ZONES_LOCKED;
	if (!a)
		return DSC_ZONES_NOT_FOUND;
	bytes = dsc_zone_to_wire(a, a->originator, &size);
	if (part->off > size) {
		free(bytes);
		return DSC_ZONES_INVALID;
	}
	part->generation = a->generation;
	part->last = part->len >= size - part->off;
	part->len = cmn_min(part->len, size - part->off);
	memcpy(part->buf, bytes + part->off, part->len);
	free(bytes);
	return DSC_ZONES_OK;
}

/* -- adding --------------------------------------------------------------------------------------------------- */
/* The store has said how it was: with the answer, what waited for it goes on. */
static void answer(struct lock *l, enum dsc_zones_result result, bool keep)
{
	dsc_zones_done *done = l->done;
	void *arg = l->arg;

	l->busy = false;
	if (keep && l->session)
		start_time(l);
	else
		unlock(l);
	done(arg, result);
}

static void key_stored(void *arg, const struct dsc_outcome *outcome)
{
	struct lock *l = arg;
	bool failed = cmn_err_is(&outcome->err);

	if (!failed)
		*l->ret_key = l->key;
	answer(l, failed ? DSC_ZONES_FAILED : DSC_ZONES_OK, !failed);
}

static enum dsc_zones_result lock_new(struct lock *l, uint32_t *ret_key, dsc_zones_done *done,
				      void *arg)
{
	struct dsc_call call = { .done = key_stored, .arg = l };
	struct cmn_err err = { 0 };

	l->busy = true;
	l->ret_key = ret_key;
	l->done = done;
	l->arg = arg;
	dsc_cmd_zone_key(l->zones->app, &l->key, &call, &err);
	return DSC_ZONES_LATER;
}

enum dsc_zones_result dsc_zones_lock(struct dsc_zones *zones, const struct dsc_zones_who *who,
				     const struct dsc_zones_id *id, uint32_t *ret_key,
				     dsc_zones_done *done, void *arg)
{
	enum dsc_zones_result r = may(zones, who, id->originator);
	struct lock *l = find_lock(zones, id);
	const struct dsc_zone_active *a;

	if (r)
		return r;
	if (held_by_other(l, who))
		return DSC_ZONES_LOCKED;
	if (l) { /* once more: from the beginning */
		l->len = 0;
		start_time(l);
		*ret_key = l->key;
		return DSC_ZONES_OK;
	}
	if (count(zones, id->originator) >= LOCKS_PER_DDC)
		return DSC_ZONES_LOCKED;
	l = new_lock(zones, who, id);
	a = active(zones, id);
	if (!a)
		return lock_new(l, ret_key, done, arg);
	*ret_key = l->key = a->key;
	return DSC_ZONES_OK;
}

static void group_stored(void *arg, const struct dsc_outcome *outcome)
{
	answer(arg, cmn_err_is(&outcome->err) ? DSC_ZONES_FAILED : DSC_ZONES_OK, false);
}

static enum dsc_zones_result refuse(struct fab_zone_fault *fault, const char *field)
{
	*fault = (struct fab_zone_fault){ .field = field, .zone = -1, .member = -1 };
	return DSC_ZONES_INVALID;
}

/* All of it is there. */
static enum dsc_zones_result finish(struct lock *l, struct fab_zone_fault *fault,
				    dsc_zones_done *done, void *arg)
{
	struct dsc_ddc_group in = { .originator = l->originator, .name = l->name, .key = l->key };
	struct dsc_call call = { .done = group_stored, .arg = l };
	struct fab_zone_group group;
	struct cmn_err err = { 0 };

	if (fab_zone_group_decode(l->data, l->len, &group, fault) < 0)
		return DSC_ZONES_INVALID;
	if (strcmp(group.originator, l->originator) != 0)
		return refuse(fault, "zgorig");
	if (strcmp(group.name, l->name) != 0)
		return refuse(fault, "zgname");
	in.zones = dsc_zone_from_wire(&group, fault);
	if (!in.zones)
		return DSC_ZONES_INVALID;
	l->busy = true;
	l->done = done;
	l->arg = arg;
	dsc_cmd_zone_ddc(l->zones->app, &in, &call, &err);
	return DSC_ZONES_LATER;
}

static void keep(struct lock *l, const struct dsc_zones_fragment *f)
{
	size_t end = f->off + f->len;
	uint8_t *more;

	if (end > l->room) {
		l->room = cmn_max(2 * l->room, end);
		more = dsc_zalloc(l->room);
		if (l->len)
			memcpy(more, l->data, l->len);
		free(l->data);
		l->data = more;
	}
	memcpy(l->data + f->off, f->data, f->len);
	l->len = end;
}

enum dsc_zones_result dsc_zones_write(struct dsc_zones *zones, const struct dsc_zones_who *who,
				      const struct dsc_zones_fragment *f,
				      struct fab_zone_fault *ret_fault, dsc_zones_done *done,
				      void *arg)
{
	struct lock *l = find_key(zones, f->key);
	const struct dsc_zone_active *a = l ? NULL : by_key(zones, f->key);
	enum dsc_zones_result r = may(zones, who, l ? l->originator : a ? a->originator : who->nqn);

	if (r)
		return r;
	if (!l)
		return a ? DSC_ZONES_SEQUENCE : DSC_ZONES_NOT_FOUND;
	if (held_by_other(l, who))
		return DSC_ZONES_LOCKED;
	/* What was sent already may be sent again, and what followed it is forgotten. */
	if (f->off > l->len)
		return refuse(ret_fault, "zdo");
	if (f->len > DSC_ZONE_GROUP_BYTES_MAX - f->off || f->off > DSC_ZONE_GROUP_BYTES_MAX)
		return refuse(ret_fault, "length");
	keep(l, f);
	return f->last ? finish(l, ret_fault, done, arg) : DSC_ZONES_OK;
}

/* -- removing ------------------------------------------------------------------------------------------------------ */
enum dsc_zones_result dsc_zones_remove(struct dsc_zones *zones, const struct dsc_zones_who *who,
				       const struct dsc_zones_id *id, dsc_zones_done *done,
				       void *arg)
{
	enum dsc_zones_result r = may(zones, who, id->originator);
	struct lock *l = find_lock(zones, id);
	struct dsc_ddc_group in = { .originator = id->originator, .name = id->name };
	struct dsc_call call = { .done = group_stored };
	struct cmn_err err = { 0 };

	if (r)
		return r;
	if (held_by_other(l, who))
		return DSC_ZONES_LOCKED;
	if (!active(zones, id))
		return DSC_ZONES_NOT_FOUND;
	/* A lock of its own, so that nobody comes in between. */
	if (!l)
		l = new_lock(zones, who, id);
	l->busy = true;
	l->done = done;
	l->arg = arg;
	call.arg = l;
	if (dsc_cmd_zone_ddc(zones->app, &in, &call, &err) == 0)
		return DSC_ZONES_LATER;
	unlock(l);
	return DSC_ZONES_NOT_FOUND;
}

/* -- life ------------------------------------------------------------------------------------------------------------ */
uint64_t dsc_zones_session(struct dsc_zones *zones)
{
	return atomic_fetch_add(&zones->sessions, 1) + 1;
}

struct dsc_zones *dsc_zones_create(struct dsc_app *app)
{
	struct dsc_zones *zones = dsc_zalloc(sizeof(*zones));

	zones->app = app;
	zones->lock_ns = LOCK_NS;
	TAILQ_INIT(&zones->locks);
	return zones;
}

void dsc_zones_set_lock_time(struct dsc_zones *zones, uint64_t ns)
{
	zones->lock_ns = ns;
}

void dsc_zones_destroy(struct dsc_zones *zones)
{
	if (!zones)
		return;
	while (!TAILQ_EMPTY(&zones->locks))
		unlock(TAILQ_FIRST(&zones->locks));
	free(zones);
}
