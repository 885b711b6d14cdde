/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/supervise.c - which workers there are to be, adoption at start, what follows an exit, the end.
 * Owns: the workers' records.  Thread: control loop.  May block: never. */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/supervise/supervise_impl.h"

const char *const dsc_worker_state_name[DSC_WORKER_STATE_COUNT + 1] = {
	[DSC_WORKER_STOPPED] = "stopped",   [DSC_WORKER_STARTING] = "starting",
	[DSC_WORKER_RUNNING] = "running",   [DSC_WORKER_RESTARTING] = "restarting",
	[DSC_WORKER_DEGRADED] = "degraded", [DSC_WORKER_STOPPING] = "stopping",
};

/* -- records ---------------------------------------------------------------------------------------- */
struct sup_worker *sup_worker_find(struct dsc_supervisor *sup, uint64_t id)
{
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link) {
		if (w->id == id)
			return w;
	}
	return NULL;
}

static struct sup_worker *add_worker(struct dsc_supervisor *sup, const struct dsc_worker *row)
{
	struct sup_worker *w = dsc_zalloc(sizeof(*w));

	w->sup = sup;
	w->id = row->id;
	snprintf(w->name, sizeof(w->name), "%s", row->name);
	w->incarnation = w->next_incarnation = row->incarnation;
	w->log_level = cmn_log_level();
	sup_process_init(w);
	sup_link_init(w);
	sup_apply_init(w);
	TAILQ_INSERT_TAIL(&sup->workers, w, link);
	return w;
}

static void free_worker(struct sup_worker *w)
{
	TAILQ_REMOVE(&w->sup->workers, w, link);
	sup_link_close(w);
	sup_process_forget(w);
	sup_controllers_clear(w);
	json_object_put(w->stats);
	dsc_worker_io_clear(&w->io);
	free(w);
}

void sup_worker_event(struct sup_worker *w, enum dsc_severity severity, const char *kind,
		      const char *text)
{
	struct json_object *data = json_object_new_object();

	sup_worker_event_with(w, severity, kind, text, data);
	json_object_put(data);
}

void sup_worker_event_with(struct sup_worker *w, enum dsc_severity severity, const char *kind,
			   const char *text, struct json_object *data)
{
	char line[1024];

	snprintf(line, sizeof(line), "worker %s: %s", w->name, text);
	json_object_object_add(data, "worker", json_object_new_string(w->name));
	dsc_event_with(w->sup->app, severity, kind, line, data);
}

/* -- what the model says ------------------------------------------------------------------------------ */
static void written_worker(struct dsc_supervisor *sup, bool del, const struct dsc_worker *row)
{
	struct sup_worker *w = sup_worker_find(sup, row->id);

	if (!del && !w) {
		w = add_worker(sup, row);
		if (sup->running)
			sup_process_start(w);
	} else if (del && w) {
		w->deleted = true;
		sup_process_stop(w);
		if (!w->pid)
			free_worker(w);
	}
}

static void written(struct dsc_model_watch *watch, bool del, const struct dsc_row *row)
{
	struct dsc_supervisor *sup = cmn_container_of(watch, struct dsc_supervisor, watch);

	if (row->kind == DSC_ROW_WORKER)
		written_worker(sup, del, (const struct dsc_worker *)row);
	else if (row->kind == DSC_ROW_NSSNAP || row->kind == DSC_ROW_RESTORE)
		sup_copies_written(sup, del, row);
	else
		sup_apply_written(sup, del, row);
}

static void confirm_failed(struct dsc_model_watch *watch, uint64_t worker_id)
{
	struct dsc_supervisor *sup = cmn_container_of(watch, struct dsc_supervisor, watch);
	struct sup_worker *w = sup_worker_find(sup, worker_id);

	if (w)
		net_timer_set(sup->app->loop, &w->retry, cmn_now_ns() + CMN_NS_PER_S);
}

/* -- adoption -------------------------------------------------------------------------------------------- */
static void tell_lost(struct dsc_supervisor *sup, const struct dsc_subsys *s,
		      const struct dsc_ns *ns)
{
	struct json_object *data = json_object_new_object();
	char text[512];

	snprintf(text, sizeof(text),
		 "the memory of namespace %u of %s is gone; it comes back empty, as another disk",
		 ns->nsid, s->nqn);
	json_object_object_add(data, "nqn", json_object_new_string(s->nqn));
	json_object_object_add(data, "nsid", json_object_new_uint64(ns->nsid));
	dsc_event_with(sup->app, DSC_WARNING, "namespace.lost", text, data);
	json_object_put(data);
}

/* RAM namespaces that nobody has the memory of come back as other disks. */
static void find_lost_ram(struct dsc_supervisor *sup)
{
	const struct dsc_snapshot *st = dsc_model_now(sup->app->model);
	const struct dsc_subsys *s;
	const struct dsc_ns *ns;

	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
		{
			if (sup_ns_is_held(sup, ns))
				continue;
			tell_lost(sup, s, ns);
			dsc_model_ram_lost(sup->app->model, s->id, ns->nsid);
		}
	}
}

static bool is_known(const struct dsc_snapshot *st, const struct sup_held *h)
{
	const struct dsc_portal *p;
	struct cmn_uuid uuid;

	if (strncmp(h->name, "portal:", 7) == 0) {
		p = dsc_snapshot_portal(st, h->name + 7);
		return p && sup_hold_is_at(h->fd, p);
	}
	return strncmp(h->name, "ns:", 3) == 0 && cmn_uuid_parse(h->name + 3, &uuid) == 0 &&
	       dsc_tree_find(st->uuids, &dsc_uuid_ops, &uuid);
}

/* Sockets and memory of what was deleted, or made anew elsewhere, while a worker was out of sight. */
static void drop_unknown(struct dsc_supervisor *sup)
{
	const struct dsc_snapshot *st = dsc_model_now(sup->app->model);
	struct sup_held *h, *next;
	char name[NET_CTL_NAME_MAX];

	HASH_ITER(hh, sup->held, h, next) {
		snprintf(name, sizeof(name), "%s", h->name);
		if (!is_known(st, h))
			sup_hold_drop(sup, name);
	}
}

static int bind_portals(struct dsc_supervisor *sup, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_model_now(sup->app->model);
	const struct dsc_portal *p;
	struct cmn_err cause;
	int rc = 0;

	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		memset(&cause, 0, sizeof(cause));
		if (sup_hold_portal(sup, p, &cause) == 0) {
			dsc_model_portal_failed(sup->app->model, p->id, NULL);
			continue;
		}
		dsc_model_portal_failed(sup->app->model, p->id, cause.msg);
		if (!rc) { /* the first is told; one that another program has is reason not to start */
			*err = cause;
			rc = cause.code;
		}
	}
	return rc;
}

/* An address may come later, or a port be let go of. */
void sup_bind_again(struct dsc_supervisor *sup)
{
	const struct dsc_snapshot *st = dsc_model_now(sup->app->model);
	const struct dsc_portal *p;
	struct cmn_err err = { 0 };
	struct sup_worker *w;

	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		w = sup_worker_find(sup, p->worker_id);
		if (!w || sup_portal_is_held(sup, p) || sup_hold_portal(sup, p, &err) < 0)
			continue;
		dsc_model_portal_failed(sup->app->model, p->id, NULL);
		sup_apply_full(w);
	}
}

static void adopted(struct net_after *after)
{
	struct dsc_supervisor *sup = cmn_container_of(after, struct dsc_supervisor, adopted);
	struct cmn_err err = { 0 };
	struct sup_worker *w;

	if (!sup->adopting)
		return;
	TAILQ_FOREACH(w, &sup->workers, link) {
		if (w->pid && !w->said_hello)
			return; /* it may still hand something back */
	}
	sup->adopting = false;
	TAILQ_FOREACH(w, &sup->workers, link) {
		if (!w->pid)
			continue;
		sup_worker_event(w, DSC_INFO, "worker.adopted", "it was found alive");
		sup_apply_full(w);
	}
	drop_unknown(sup);
	find_lost_ram(sup);
	sup_copies_recover(sup);
	bind_portals(sup, &err);
	sup->ready(sup->app, &err);
}

void sup_adopt_step(struct dsc_supervisor *sup)
{
	if (sup->adopting)
		net_after_queue(sup->app->loop, &sup->adopted);
}

/* A living worker answers on its socket.  One that an earlier discoveryd had just started may not listen yet: it is on record. */
static void adopt(struct sup_worker *w)
{
	int pid;

	sup_link_expect(w);
	if (sup_link_try(w))
		return;
	pid = sup_process_recorded(w);
	if (pid && sup_process_follow(w, pid, false) == 0)
		sup_link_open(w);
}

static void drain_step(struct net_after *after)
{
	struct dsc_supervisor *sup = cmn_container_of(after, struct dsc_supervisor, drain_step);
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link) {
		if (w->pid)
			return;
	}
	if (sup->drained)
		sup->drained(sup->app);
	sup->drained = NULL;
}

int dsc_supervisor_start(struct dsc_app *app,
			 void (*ready)(struct dsc_app *app, const struct cmn_err *err),
			 struct dsc_supervisor **ret_sup, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_model_now(app->model);
	struct dsc_supervisor *sup = dsc_zalloc(sizeof(*sup));
	const struct dsc_worker *row;

	(void)err;
	sup->app = app;
	sup->ready = ready;
	sup->adopting = true;
	sup->adopted.run = adopted;
	sup->drain_step.run = drain_step;
	TAILQ_INIT(&sup->workers);
	sup_copies_init(sup);
	*ret_sup = sup;
	app->supervisor = sup;
	sup->watch.written = written;
	sup->watch.confirm_failed = confirm_failed;
	dsc_model_set_watch(app->model, &sup->watch);
	dsc_tree_each(row, st->workers, &dsc_worker_ops) adopt(add_worker(sup, row));
	sup_probe_start(sup);
	sup_adopt_step(sup);
	return 0;
}

void dsc_supervisor_run(struct dsc_supervisor *sup)
{
	struct sup_worker *w;

	sup->running = true;
	TAILQ_FOREACH(w, &sup->workers, link) {
		if (!w->pid && w->state == DSC_WORKER_STOPPED)
			sup_process_start(w);
	}
}

/* -- exits -------------------------------------------------------------------------------------------------- */
void sup_worker_exited(struct sup_worker *w, const char *how)
{
	struct dsc_supervisor *sup = w->sup;

	sup_link_close(w);
	sup_copies_settle(w, false);
	sup_controllers_lost(w);
	if (w->state == DSC_WORKER_STOPPING) {
		w->state = DSC_WORKER_STOPPED;
		sup_worker_event(w, DSC_INFO, "worker.stopped", how);
		net_after_queue(sup->app->loop, &sup->drain_step);
		if (w->deleted)
			free_worker(w);
		return;
	}
	sup_worker_event(w, DSC_ERROR, "worker.died", how);
	if (sup->running)
		sup_process_restart(w);
	else
		w->state = DSC_WORKER_STOPPED;
	sup_adopt_step(sup);
}

/* -- the end ---------------------------------------------------------------------------------------------------- */
void dsc_supervisor_drain(struct dsc_supervisor *sup, void (*done)(struct dsc_app *app))
{
	struct sup_worker *w;

	sup->running = false;
	sup->drained = done;
	TAILQ_FOREACH(w, &sup->workers, link)
		sup_process_stop(w);
	net_after_queue(sup->app->loop, &sup->drain_step);
}

void dsc_supervisor_destroy(struct dsc_supervisor *sup)
{
	struct sup_worker *w;

	if (!sup)
		return;
	dsc_model_set_watch(sup->app->model, NULL);
	net_timer_cancel(sup->app->loop, &sup->probe);
	net_after_cancel(sup->app->loop, &sup->adopted);
	net_after_cancel(sup->app->loop, &sup->drain_step);
	sup_copies_clear(sup);
	while ((w = TAILQ_FIRST(&sup->workers)))
		free_worker(w);
	sup_pairs_clear(sup);
	sup_hold_drop_all(sup);
	sup->app->supervisor = NULL;
	free(sup);
}

/* -- what others ask ------------------------------------------------------------------------------------------------ */
static bool count_controller(void *arg, const struct dsc_controller *c)
{
	(void)c;
	(*(unsigned int *)arg)++;
	return true;
}

static struct sup_worker *find_by_name(struct dsc_supervisor *sup, const char *name)
{
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link) {
		if (strcmp(w->name, name) == 0)
			break;
	}
	return w;
}

int dsc_supervisor_set_log_level(struct dsc_supervisor *sup, const char *name,
				 enum cmn_log_level level)
{
	struct sup_worker *w = find_by_name(sup, name);

	if (!w)
		return -ENOENT;
	w->log_level = level;
	if (w->said_hello)
		sup_link_send_log_level(w);
	return 0;
}

int dsc_supervisor_disconnect(struct dsc_supervisor *sup, const struct dsc_controller *c)
{
	struct sup_worker *w = find_by_name(sup, c->worker);
	struct json_object *msg;

	if (!w || !w->said_hello)
		return -EAGAIN;
	msg = sup_msg("disconnect");
	json_object_object_add(msg, "nqn", json_object_new_string(c->nqn));
	json_object_object_add(msg, "cntlid", json_object_new_int(c->cntlid));
	return sup_link_send(w, msg) ? 0 : -EAGAIN;
}

int dsc_supervisor_worker(struct dsc_supervisor *sup, const char *name,
			  struct dsc_worker_info *ret_info)
{
	struct sup_worker *w = find_by_name(sup, name);

	if (!w)
		return -ENOENT;
	memset(ret_info, 0, sizeof(*ret_info));
	ret_info->state = w->state;
	ret_info->pid = w->pid;
	ret_info->generation = w->generation;
	ret_info->restarts = w->restarts;
	ret_info->adopted = w->adopted;
	ret_info->counts = w->counts;
	ret_info->log_level = w->log_level;
	sup_controllers_walk(w, NULL, NULL, count_controller, &ret_info->nr_controllers);
	return 0;
}

bool dsc_supervisor_any_adopted(struct dsc_supervisor *sup)
{
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link) {
		if (w->adopted)
			return true;
	}
	return false;
}
