/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/apply.c - from the desired state to the live one; see targetd/apply.h.
 *
 * take():  what goes is taken from every view; a barrier; then its backends are closed.
 * give():  what is new is opened and shown; a barrier, so that the old pictures can be freed.
 * Portals go before and come after that: nobody connects to what isn't there yet. */
#include "config.h"

#include "targetd/apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "common/util.h"
#include "common/uuid.h"
#include "targetd/barrier.h"
#include "targetd/copies.h"
#include "targetd/keys.h"

#define SLOW_BARRIER (5 * CMN_NS_PER_S)

struct job { /* one subsystem's change */
	struct tgt_subsystem *ss; /* as it lives; NULL: it doesn't yet */
	struct tgt_subsys_spec *spec; /* as it shall be; NULL: gone */
};

struct trash { /* freed after the barrier */
	unsigned int nr_vols, nr_pics;
	struct tgt_volume **vols;
	struct tgt_ns **pics;
};

struct apply {
	struct tgt_world *w;
	struct tgt_failures *failures;
	unsigned int nr_jobs;
	struct job *jobs;
	struct trash trash;
	struct tgt_view_list old;
	unsigned int nr_changing;
	struct tgt_subsystem **changing;
	unsigned int nr_gone;
	struct cmn_uuid **gone; /* of volumes that went: some may be in the new state, elsewhere */
};

int tgt_world_init(struct tgt_world *w, struct net_server *server, struct tgt_registry *reg,
		   bool supervised)
{
	memset(w, 0, sizeof(*w));
	w->server = server;
	w->reg = reg;
	w->supervised = supervised;
	w->fds = tgt_fdstore_create();
	w->ids = tgt_idset_create();
	w->copies = tgt_copies_create(w);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->fds && w->ids && w->copies && w->wake_fd >= 0 ? 0 : -ENOMEM;
}

void tgt_world_close_portals(struct tgt_world *w)
{
	struct tgt_registry *reg = w->reg;
	struct tgt_portal **portals;
	unsigned int nr;

	if (!reg)
		return;
	tgt_registry_lock(reg);
	portals = reg->portals;
	nr = reg->nr_portals;
	reg->portals = NULL;
	reg->nr_portals = 0;
	tgt_registry_unlock(reg);
	for (unsigned int i = 0; i < nr; i++)
		tgt_portal_close(portals[i]);
	free(portals);
}

void tgt_world_fini(struct tgt_world *w)
{
	struct tgt_subsystem *ss, *next;

	if (!w->reg)
		return;
	tgt_copies_destroy(w->copies);
	HASH_ITER(hh, w->reg->subsystems, ss, next) {
		for (unsigned int i = 0; i < ss->nr_live; i++) {
			tgt_volume_close(ss->live[i].vol);
			free(ss->live[i].pic);
		}
		ss->nr_live = 0;
	}
	tgt_fdstore_destroy(w->fds);
	tgt_idset_destroy(w->ids);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
}

/* -- failures --------------------------------------------------------------------------------------------------- */
static void fail(struct apply *a, const char *nqn, uint32_t nsid, const char *portal,
		 const struct cmn_err *err)
{
	struct tgt_failures *fs = a->failures;
	struct tgt_failure *f;

	cmn_error("not served", "nqn=%s nsid=%u portal=%s field=%s reason=%s", nqn ? nqn : "-",
		  nsid, portal ? portal : "-", CMN_Q(err->field), CMN_Q(err->msg));
	if (fs->nr == fs->size) {
		unsigned int size = fs->size ? 2 * fs->size : 4;

		f = reallocarray(fs->f, size, sizeof(*f));
		if (!f)
			return;
		fs->f = f;
		fs->size = size;
	}
	f = &fs->f[fs->nr++];
	memset(f, 0, sizeof(*f));
	cmn_strlcpy(f->nqn, nqn ? nqn : "", sizeof(f->nqn));
	cmn_strlcpy(f->portal, portal ? portal : "", sizeof(f->portal));
	f->nsid = nsid;
	f->err = *err;
}

static void fail_nomem(struct apply *a, const char *nqn)
{
	struct cmn_err err;

	cmn_err_set(&err, -ENOMEM, NULL, "no memory");
	fail(a, nqn, 0, NULL, &err);
}

void tgt_failures_clear(struct tgt_failures *failures)
{
	free(failures->f);
	memset(failures, 0, sizeof(*failures));
}

/* -- the barrier and what follows it ------------------------------------------------------------------------------ */
/* Adds item to *(void ***)array; an allocation that fails here would leave a change half made, and it is tiny. */
static void push(void *array, unsigned int *nr, void *item)
{
	void ***p = array;

	if ((*nr & (*nr - 1)) == 0) {
		void **grown = reallocarray(*p, *nr ? 2 * *nr : 1, sizeof(*grown));

		if (!grown)
			abort();
		*p = grown;
	}
	(*p)[(*nr)++] = item;
}

static void mark_changing(struct apply *a, struct tgt_subsystem *ss)
{
	if (ss->changing)
		return;
	ss->changing = true;
	push(&a->changing, &a->nr_changing, ss);
}

static void wait_done(struct apply *a, struct tgt_barrier *b)
{
	uint64_t start = cmn_now_ns(), next = start + SLOW_BARRIER;

	while (!tgt_barrier_done(b)) {
		a->w->wait(a->w->wait_arg);
		if (cmn_now_ns() < next)
			continue;
		cmn_warn("a change waits for commands in flight", "seconds=%llu",
			 (unsigned long long)((cmn_now_ns() - start) / CMN_NS_PER_S));
		next = cmn_now_ns() + SLOW_BARRIER;
	}
	cmn_debug("barrier complete", "us=%llu",
		  (unsigned long long)((cmn_now_ns() - start) / CMN_NS_PER_US));
}

/* Nobody ever connected to what changes: there is nothing to wait for. */
static void run_barrier(struct apply *a)
{
	struct tgt_barrier_params p = { .server = a->w->server,
					.reactors = a->w->reg->reactors,
					.nr_reactors = a->w->reg->nr_reactors,
					.old = a->old,
					.done_fd = a->w->wake_fd };
	struct tgt_barrier *b;

	if (a->old.nr) {
		b = tgt_barrier_begin(&p);
		if (!b)
			abort(); /* going on would free what reactors use */
		memset(&a->old, 0, sizeof(a->old));
		wait_done(a, b);
		tgt_barrier_free(b);
	}
	for (unsigned int i = 0; i < a->nr_changing; i++)
		a->changing[i]->changing = false;
	a->nr_changing = 0;
	free(a->changing);
	a->changing = NULL;
}

static void empty_trash(struct apply *a)
{
	if (a->trash.nr_vols)
		tgt_copies_wait_left(a->w->copies);
	for (unsigned int i = 0; i < a->trash.nr_vols; i++)
		tgt_volume_close(a->trash.vols[i]);
	for (unsigned int i = 0; i < a->trash.nr_pics; i++)
		free(a->trash.pics[i]);
	free(a->trash.vols);
	free(a->trash.pics);
	memset(&a->trash, 0, sizeof(a->trash));
}

/* -- taking ------------------------------------------------------------------------------------------------------- */
static struct tgt_ns_spec *find_ns(const struct tgt_subsys_spec *spec, uint32_t nsid)
{
	for (unsigned int i = 0; spec && i < spec->nr_ns; i++)
		if (spec->ns[i].nsid == nsid)
			return &spec->ns[i];
	return NULL;
}

static struct tgt_ns_spec *spec_of(const struct tgt_subsys_spec *spec, const struct tgt_volume *vol)
{
	struct tgt_ns_spec *ns = find_ns(spec, vol->nsid);

	return ns && tgt_volume_is(vol, ns) ? ns : NULL;
}

static bool takes_anything(const struct tgt_subsystem *ss, const struct tgt_subsys_spec *spec)
{
	if (!tgt_hosts_equal(&ss->spec->hosts, &spec->hosts) ||
	    !tgt_access_equal(ss->spec->access, spec->access) ||
	    ss->spec->all_portals != spec->all_portals || ss->spec->nr_portals != spec->nr_portals)
		return true;
	for (unsigned int i = 0; i < spec->nr_portals; i++)
		if (strcmp(ss->spec->portals[i], spec->portals[i]) != 0)
			return true;
	for (unsigned int i = 0; i < ss->nr_live; i++) {
		const struct tgt_ns_spec *ns = spec_of(spec, ss->live[i].vol);

		if (!ns || !tgt_picture_is(ss->live[i].pic, ns) ||
		    !tgt_hosts_equal(&ns->hosts, ss->live[i].hosts))
			return true;
	}
	return false;
}

static void drop_volume(struct apply *a, struct tgt_subsystem *ss, struct tgt_live *live)
{
	struct tgt_ns_spec *old = find_ns(ss->spec, live->vol->nsid);
	struct cmn_uuid *uuid = malloc(sizeof(*uuid));

	if (old)
		tgt_idset_del(a->w->ids, ss->id.nqn, old);
	if (uuid) { /* else its descriptor is held for nothing */
		memcpy(uuid->b, live->vol->uuid, sizeof(uuid->b));
		push(&a->gone, &a->nr_gone, uuid);
	}
	tgt_copies_leave(a->w->copies, live->vol);
	push(&a->trash.vols, &a->trash.nr_vols, live->vol);
	push(&a->trash.pics, &a->trash.nr_pics, live->pic);
}

static void drop_namespaces(struct apply *a, struct tgt_subsystem *ss, struct tgt_subsys_spec *spec)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < ss->nr_live; i++) {
		struct tgt_live *live = &ss->live[i];
		struct tgt_ns_spec *ns = spec_of(spec, live->vol);
		struct tgt_ns *pic;

		if (!ns) {
			drop_volume(a, ss, live);
			continue;
		}
		pic = tgt_picture_is(live->pic, ns) ? NULL : tgt_volume_picture(live->vol, ns);
		if (pic) {
			push(&a->trash.pics, &a->trash.nr_pics, live->pic);
			live->pic = pic;
		}
		live->hosts = &ns->hosts;
		ss->live[kept++] = *live;
	}
	ss->nr_live = kept;
}

/* Against zoning, and not kept from before. */
static bool is_shut_out(struct tgt_registry *reg, const struct tgt_subsystem *ss,
			const struct tgt_ctrl *tc)
{
	const struct tgt_access *access = ss->spec->access;
	struct tgt_way way;

	if (!access || access->keep_connected)
		return false;
	way = tgt_portal_way(tgt_registry_portal(reg, tc->portal), fab_ctrl_hostnqn(tc->ctrl),
			     &tc->from, &tc->to);
	return !tgt_access_allows(access, &way);
}

static void drop_hosts(struct apply *a, struct tgt_subsystem *ss)
{
	struct tgt_ctrl *tc;

	TAILQ_FOREACH(tc, &ss->ctrls, link) {
		if (!tgt_hosts_has(&ss->spec->hosts, fab_ctrl_hostnqn(tc->ctrl)))
			tgt_registry_end_ctrl(a->w->reg, tc, "host removed");
		else if (is_shut_out(a->w->reg, ss, tc))
			tgt_registry_end_ctrl(a->w->reg, tc, "host zoned out");
		else if (!tgt_subsystem_on_portal(ss, tc->portal))
			tgt_registry_end_ctrl(a->w->reg, tc, "portal removed");
	}
}

static void renew_views(struct apply *a, struct tgt_subsystem *ss)
{
	if (tgt_subsystem_retire_views(ss, &a->old) < 0 || tgt_registry_refresh(a->w->reg, ss) < 0)
		abort(); /* out of memory with a change half made: hosts are better served by our restart */
	mark_changing(a, ss);
}

static void take_one(struct apply *a, struct job *job)
{
	struct tgt_subsystem *ss = job->ss;
	struct tgt_subsys_spec *old = ss->spec;
	bool same_id = job->spec && strcmp(ss->id.serial, job->spec->serial) == 0 &&
		       strcmp(ss->id.model, job->spec->model) == 0;
	bool takes = !same_id || takes_anything(ss, job->spec);

	drop_namespaces(a, ss, same_id ? job->spec : NULL);
	if (!same_id) { /* gone, or another under the same name */
		if (job->spec) /* whose controllers hosts mustn't take for those of this one */
			job->spec->cntlid_cursor = fab_cntlids_cursor(ss->cntlids);
		renew_views(a, ss);
		tgt_registry_remove(a->w->reg, ss, "subsystem removed");
		job->ss = NULL;
		return;
	}
	ss->spec = job->spec;
	if (takes) {
		drop_hosts(a, ss);
		renew_views(a, ss);
	}
	tgt_subsys_spec_free(old);
}

/* ANA states by a portal: what is told of the namespaces behind it, also of subsystems that the change doesn't name. */
static void take_ana(struct apply *a, const struct tgt_portal_spec *spec)
{
	struct tgt_portal *p = tgt_registry_portal(a->w->reg, spec->id);
	struct tgt_subsystem *ss, *next;
	struct tgt_ctrl *tc;

	if (!p || memcmp(p->spec.ana.state, spec->ana.state, sizeof(spec->ana.state)) == 0)
		return;
	p->spec.ana = spec->ana;
	HASH_ITER(hh, a->w->reg->subsystems, ss, next) {
		TAILQ_FOREACH(tc, &ss->ctrls, link)
			if (strcmp(tc->portal, spec->id) == 0)
				break;
		if (tc)
			renew_views(a, ss);
	}
}

/* Hosts are told of it by their new views, so before the commands of old ones have ended: they are to take another way as soon as they
 * can.  Only the barrier says that nothing is under way any more. */
static void take(struct apply *a, const struct tgt_change *ch)
{
	tgt_registry_lock(a->w->reg);
	for (unsigned int i = 0; i < ch->st.nr_portals; i++)
		take_ana(a, &ch->st.portals[i]);
	for (unsigned int i = 0; i < a->nr_jobs; i++)
		if (a->jobs[i].ss)
			take_one(a, &a->jobs[i]);
	tgt_registry_unlock(a->w->reg);
	run_barrier(a);
	empty_trash(a);
}

/* -- giving ------------------------------------------------------------------------------------------------------- */
static int open_volume(struct apply *a, const char *nqn, const struct tgt_ns_spec *ns,
		       struct tgt_volume **ret, struct cmn_err *err)
{
	struct tgt_volume_params p = { .nqn = nqn,
				       .spec = ns,
				       .nr_reactors = a->w->reg->nr_reactors };
	char name[48];
	int r;

	p.memfd = tgt_fdstore_get(a->w->fds, tgt_fdstore_ns_name(ns->uuid, name));
	/* making new memory would show hosts a disk of zeroes in place of the one they know */
	if (a->w->supervised && p.memfd < 0 && strcmp(ns->backend, "ram") == 0)
		return cmn_err_set(err, -ENOENT, "backend", "its memory was not handed over (%s)",
				   name);
	r = tgt_idset_add(a->w->ids, nqn, ns, err);
	if (r < 0)
		return r;
	r = tgt_volume_open(&p, ret, err);
	if (r < 0)
		tgt_idset_del(a->w->ids, nqn, ns);
	else if (p.memfd < 0 && strcmp(ns->backend, "ram") == 0 && ns->derived != 7)
		cmn_warn("memory that begins empty, under identifiers that hosts may know",
			 "nqn=%s nsid=%u", CMN_Q(nqn), ns->nsid);
	return r;
}

static void add_volume(struct apply *a, struct tgt_subsystem *ss, struct tgt_ns_spec *ns)
{
	struct tgt_volume *vol = NULL;
	struct tgt_ns *pic = NULL;
	struct cmn_err err = { 0 };
	int r = open_volume(a, ss->id.nqn, ns, &vol, &err);

	if (r < 0) {
		fail(a, ss->id.nqn, ns->nsid, NULL, &err);
		return;
	}
	pic = tgt_volume_picture(vol, ns);
	tgt_registry_lock(a->w->reg);
	r = pic ? tgt_subsystem_add_live(ss, vol, pic, &ns->hosts) : -ENOMEM;
	tgt_registry_unlock(a->w->reg);
	if (r < 0) {
		tgt_idset_del(a->w->ids, ss->id.nqn, ns);
		tgt_volume_close(vol);
		free(pic);
		fail_nomem(a, ss->id.nqn);
	}
}

/* Views made from now on show it by a new picture. */
static bool redraw(struct apply *a, struct tgt_live *live, const struct tgt_ns_spec *ns)
{
	struct tgt_ns *pic = tgt_volume_picture(live->vol, ns);

	if (!pic)
		return false;
	push(&a->trash.pics, &a->trash.nr_pics, live->pic);
	tgt_registry_lock(a->w->reg);
	live->pic = pic;
	tgt_registry_unlock(a->w->reg);
	return true;
}

static bool grow_volume(struct apply *a, struct tgt_subsystem *ss, struct tgt_live *live,
			const struct tgt_ns_spec *ns)
{
	struct cmn_err err = { 0 };
	int r;

	if (!ns->size || ns->size == live->vol->size)
		return false;
	r = tgt_volume_resize(live->vol, ns->size, &err);
	if (r < 0) {
		fail(a, ss->id.nqn, ns->nsid, NULL, &err);
		return false;
	}
	if (redraw(a, live, ns))
		return true;
	fail_nomem(a, ss->id.nqn);
	return false;
}

static void give_one(struct apply *a, struct job *job)
{
	bool fresh = !job->ss, changed = false;
	struct tgt_subsystem *ss = job->ss;

	if (fresh)
		ss = tgt_subsystem_create(job->spec, a->w->reg->nr_reactors);
	if (!ss) {
		fail_nomem(a, job->spec->nqn);
		tgt_subsys_spec_free(job->spec);
		job->spec = NULL;
		return;
	}
	for (unsigned int i = 0; i < ss->spec->nr_ns; i++) {
		struct tgt_ns_spec *ns = &ss->spec->ns[i];
		struct tgt_live *live = tgt_subsystem_find_live(ss, ns->nsid);
		unsigned int before = ss->nr_live;

		if (live)
			changed |= grow_volume(a, ss, live, ns);
		else
			add_volume(a, ss, ns);
		changed |= ss->nr_live != before;
	}
	tgt_registry_lock(a->w->reg);
	if (fresh)
		tgt_registry_add(a->w->reg, ss);
	else if (changed)
		renew_views(a, ss);
	tgt_registry_unlock(a->w->reg);
}

static void give(struct apply *a)
{
	for (unsigned int i = 0; i < a->nr_jobs; i++)
		if (a->jobs[i].spec)
			give_one(a, &a->jobs[i]);
	run_barrier(a);
	empty_trash(a);
}

/* -- portals ------------------------------------------------------------------------------------------------------ */
static bool names(const char **list, unsigned int nr, const char *name)
{
	for (unsigned int i = 0; i < nr; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static const struct tgt_portal_spec *find_portal_spec(const struct tgt_state *st, const char *id)
{
	for (unsigned int i = 0; i < st->nr_portals; i++)
		if (strcmp(st->portals[i].id, id) == 0)
			return &st->portals[i];
	return NULL;
}

static bool same_portal(const struct tgt_portal_spec *a, const struct tgt_portal_spec *b)
{
	return a->portid == b->portid && a->port == b->port && strcmp(a->address, b->address) == 0;
}

static bool portal_goes(const struct tgt_change *ch, const struct tgt_portal *p)
{
	const struct tgt_portal_spec *spec = find_portal_spec(&ch->st, p->spec.id);

	if (spec)
		return !same_portal(spec, &p->spec);
	return ch->full || names(ch->gone_portals, ch->nr_gone_portals, p->spec.id);
}

static void remove_portals(struct apply *a, const struct tgt_change *ch)
{
	struct tgt_registry *reg = a->w->reg;
	unsigned int kept = 0, nr = reg->nr_portals;
	struct tgt_portal **gone = NULL;
	unsigned int nr_gone = 0;
	char name[80];

	tgt_registry_lock(reg);
	for (unsigned int i = 0; i < nr; i++) {
		if (portal_goes(ch, reg->portals[i]))
			push(&gone, &nr_gone, reg->portals[i]);
		else
			reg->portals[kept++] = reg->portals[i];
	}
	reg->nr_portals = kept;
	tgt_registry_unlock(reg);
	for (unsigned int i = 0; i < nr_gone; i++) {
		cmn_info("portal removed", "portal=%s", gone[i]->spec.id);
		if (!find_portal_spec(&ch->st, gone[i]->spec.id))
			tgt_fdstore_drop(a->w->fds,
					 tgt_fdstore_portal_name(gone[i]->spec.id, name));
		tgt_portal_close(gone[i]);
	}
	free(gone);
}

/* One that lives may be told to hosts in another way; false: it doesn't live. */
static bool tell_portal(struct tgt_registry *reg, const struct tgt_portal_spec *spec)
{
	for (unsigned int i = 0; i < reg->nr_portals; i++) {
		if (strcmp(reg->portals[i]->spec.id, spec->id) != 0)
			continue;
		tgt_registry_lock(reg);
		reg->portals[i]->spec.advertised = spec->advertised;
		reg->portals[i]->spec.told = spec->told;
		reg->portals[i]->spec.secure_channel = spec->secure_channel;
		tgt_registry_unlock(reg);
		return true;
	}
	return false;
}

static void add_portal(struct apply *a, const struct tgt_portal_spec *spec)
{
	struct tgt_registry *reg = a->w->reg;
	struct tgt_portal *p, **grown;
	struct cmn_err err = { 0 };
	char name[80];

	grown = calloc(reg->nr_portals + 1, sizeof(*grown));
	if (!grown)
		return fail_nomem(a, NULL);
	/* held while it binds and listens, so that the first Connect finds it in the list */
	tgt_registry_lock(reg);
	if (tgt_portal_open(a->w->server, spec,
			    tgt_fdstore_get(a->w->fds, tgt_fdstore_portal_name(spec->id, name)), &p,
			    &err) < 0) {
		tgt_registry_unlock(reg);
		free(grown);
		return fail(a, NULL, 0, spec->id, &err);
	}
	if (reg->nr_portals)
		memcpy(grown, reg->portals, reg->nr_portals * sizeof(*grown));
	free(reg->portals);
	reg->portals = grown;
	reg->portals[reg->nr_portals++] = p;
	tgt_registry_unlock(reg);
}

/* -- all of it ------------------------------------------------------------------------------------------------------ */
/* Marks what is live and named in the document, so that telling the rest takes no second look at it. */
static void mark_named(struct tgt_registry *reg, const struct tgt_change *ch, bool named)
{
	for (unsigned int i = 0; i < ch->st.nr_subsystems; i++) {
		struct tgt_subsystem *ss = tgt_registry_find(reg, ch->st.subsystems[i]->nqn);

		if (ss)
			ss->named = named;
	}
}

static void add_job(struct apply *a, struct tgt_subsystem *ss, struct tgt_subsys_spec *spec)
{
	a->jobs[a->nr_jobs++] = (struct job){ .ss = ss, .spec = spec };
}

static int make_jobs(struct apply *a, struct tgt_change *ch)
{
	struct tgt_registry *reg = a->w->reg;
	unsigned int nr_live = HASH_COUNT(reg->subsystems);
	struct tgt_subsystem *ss, *next;

	a->jobs = calloc(nr_live + ch->st.nr_subsystems + ch->nr_gone_subsystems + 1,
			 sizeof(*a->jobs));
	if (!a->jobs)
		return -ENOMEM;
	/* only this thread adds and removes subsystems: reading needs no mutex */
	mark_named(reg, ch, true);
	for (unsigned int i = 0; i < ch->nr_gone_subsystems; i++) {
		ss = tgt_registry_find(reg, ch->gone_subsystems[i]);
		if (ss && !names(ch->gone_subsystems, i, ch->gone_subsystems[i]) && !ss->named)
			add_job(a, ss, NULL);
	}
	if (ch->full)
		HASH_ITER(hh, reg->subsystems, ss, next)
			if (!ss->named)
				add_job(a, ss, NULL);
	mark_named(reg, ch, false);
	for (unsigned int i = 0; i < ch->st.nr_subsystems; i++) {
		add_job(a, tgt_registry_find(reg, ch->st.subsystems[i]->nqn), ch->st.subsystems[i]);
		ch->st.subsystems[i] = NULL;
	}
	return 0;
}

static bool is_wanted(const struct apply *a, const struct cmn_uuid *uuid)
{
	for (unsigned int i = 0; i < a->nr_jobs; i++) {
		const struct tgt_subsys_spec *spec = a->jobs[i].spec;

		for (unsigned int k = 0; spec && k < spec->nr_ns; k++)
			if (memcmp(spec->ns[k].uuid, uuid->b, sizeof(uuid->b)) == 0)
				return true;
	}
	return false;
}

/* Their memory goes with the last descriptor, here and in discoveryd. */
static void drop_gone(struct apply *a)
{
	char name[48];

	for (unsigned int i = 0; i < a->nr_gone; i++) {
		if (!is_wanted(a, a->gone[i]))
			tgt_fdstore_drop(a->w->fds, tgt_fdstore_ns_name(a->gone[i]->b, name));
		free(a->gone[i]);
	}
	free(a->gone);
}

/* Before anybody is let in by what follows.  A connection keeps what it began with: a key that changes is for the next. */
static void take_keys(struct tgt_registry *reg, struct tgt_change *ch)
{
	struct tgt_keys *old;

	if (!ch->st.keys && !ch->full)
		return;
	tgt_registry_lock(reg);
	old = reg->keys;
	reg->keys = ch->st.keys;
	tgt_registry_unlock(reg);
	ch->st.keys = NULL;
	tgt_keys_free(old);
}

void tgt_apply(struct tgt_world *w, struct tgt_change *ch, struct tgt_failures *failures)
{
	struct apply a = { .w = w, .failures = failures };
	uint64_t start = cmn_now_ns();

	if (make_jobs(&a, ch) < 0) {
		fail_nomem(&a, NULL);
		return;
	}
	take_keys(w->reg, ch);
	remove_portals(&a, ch);
	take(&a, ch);
	give(&a);
	for (unsigned int i = 0; i < ch->st.nr_portals; i++)
		if (!tell_portal(w->reg, &ch->st.portals[i]))
			add_portal(&a, &ch->st.portals[i]);
	drop_gone(&a);
	cmn_debug("state applied", "subsystems=%u us=%llu", a.nr_jobs,
		  (unsigned long long)((cmn_now_ns() - start) / CMN_NS_PER_US));
	free(a.jobs);
	tgt_registry_log_changed(w->reg);
}

int tgt_apply_redraw(struct tgt_world *w, struct tgt_subsystem *ss, struct tgt_live *live)
{
	struct apply a = { .w = w };

	if (!redraw(&a, live, find_ns(ss->spec, live->vol->nsid)))
		return -ENOMEM;
	tgt_registry_lock(w->reg);
	renew_views(&a, ss);
	tgt_registry_unlock(w->reg);
	run_barrier(&a);
	empty_trash(&a);
	return 0;
}
