/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/apply.c - what a worker has still to be told, and what it answered.
 * Owns: a worker's marks and its apply under way.  Thread: control loop.  May block: never.
 *
 * Level triggered: marks say which objects differ; what is sent is how they stand now.  One apply at a time is under way, so a
 * burst of changes becomes few messages. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/json.h"
#include "common/log.h"
#include "discoveryd/model/zoning_impl.h"
#include "discoveryd/supervise/supervise_impl.h"

#define RETRY_NS CMN_NS_PER_S

/* -- marks ------------------------------------------------------------------------------------------ */
static void mark(struct dsc_tree **ids, uint64_t id)
{
	dsc_tree_set(ids, &dsc_ids_ops, dsc_id_value(id));
}

static void mark_gone(struct dsc_tree **names, const char *name)
{
	struct dsc_name *n = dsc_name_new(name, 0);

	dsc_tree_set(names, &dsc_name_ops, n);
	dsc_row_put(n);
}

static void mark_subsys(struct dsc_supervisor *sup, uint64_t subsys_id)
{
	const struct dsc_subsys *s;
	struct sup_worker *w;

	s = dsc_snapshot_subsys_id(dsc_model_now(sup->app->model), subsys_id);
	w = s ? sup_worker_find(sup, s->worker_id) : NULL;
	if (!w)
		return;
	mark(&w->dirty_subsystems, subsys_id);
	sup_apply_soon(w);
}

static void written_subsys(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_subsys *s = (const struct dsc_subsys *)row;
	struct sup_worker *w = sup_worker_find(sup, s->worker_id);

	if (!w)
		return;
	if (del) {
		dsc_tree_del(&w->dirty_subsystems, &dsc_ids_ops, &s->id);
		mark_gone(&w->gone_subsystems, s->nqn);
	} else {
		mark(&w->dirty_subsystems, s->id);
	}
	sup_apply_soon(w);
}

static void written_portal(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_portal *p = (const struct dsc_portal *)row;
	struct sup_worker *w = sup_worker_find(sup, p->worker_id);
	char name[NET_CTL_NAME_MAX];

	if (!w)
		return;
	if (del) {
		sup_portal_name(name, sizeof(name), p->name);
		sup_hold_drop(sup, name);
		dsc_tree_del(&w->dirty_portals, &dsc_ids_ops, &p->id);
		mark_gone(&w->gone_portals, p->name);
	} else {
		mark(&w->dirty_portals, p->id);
	}
	sup_apply_soon(w);
}

static void written_ana_state(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_portal *p = dsc_snapshot_portal_id(
		dsc_model_now(sup->app->model), ((const struct dsc_ana_state *)row)->portal_id);
	struct sup_worker *w = p ? sup_worker_find(sup, p->worker_id) : NULL;

	(void)del;
	if (!w)
		return;
	mark(&w->dirty_portals, p->id);
	sup_apply_soon(w);
}

/* Memory is made for an identity that is new, never for one that hosts know (supervise.c sees to those at start). */
static void written_ns(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_ns *ns = (const struct dsc_ns *)row;
	struct cmn_err err = { 0 };
	char name[NET_CTL_NAME_MAX];

	sup_ns_name(name, sizeof(name), &ns->uuid);
	if (del)
		sup_hold_drop(sup, name);
	else if (ns->backend == DSC_BACKEND_RAM && sup_hold_ram(sup, ns, &err) < 0)
		cmn_error("no memory for a namespace", "name=%s reason=%s", name, CMN_Q(err.msg));
	mark_subsys(sup, ns->subsys_id);
}

static void written_allow(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	(void)del;
	mark_subsys(sup, ((const struct dsc_allow *)row)->subsys_id);
}

static void written_serve(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	(void)del;
	mark_subsys(sup, ((const struct dsc_serve *)row)->subsys_id);
}

static void written_ns_allow(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	(void)del;
	mark_subsys(sup, ((const struct dsc_ns_allow *)row)->subsys_id);
}

/* Its hosts are told one by one: the worker knows no groups. */
static void written_member(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_group *g = dsc_snapshot_group_id(
		dsc_model_now(sup->app->model), ((const struct dsc_member *)row)->group_id);
	const struct dsc_ns_allow *a;
	void *id;

	(void)del;
	dsc_tree_each(id, g ? g->subsystems : NULL, &dsc_ids_ops) mark_subsys(sup, dsc_id(id));
	dsc_tree_each(a, g ? g->namespaces : NULL, &dsc_who_ns_ops) mark_subsys(sup, a->subsys_id);
}

static void written_zoning(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_zoning *z = (const struct dsc_zoning *)row;

	for (size_t i = 0; !del && i < z->delta.nr_changed; i++)
		mark_subsys(sup, z->delta.changed[i]);
}

/* A host that has, or no longer has, a label: workers are told which hosts zones mean by it.  Which it had before isn't known any
 * more. */
static void written_reg(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_reg *r = (const struct dsc_reg *)row;
	struct dsc_tree *subsystems;
	void *id;

	if (del ? !*r->label : r->label_since != r->changed)
		return;
	subsystems = dsc_zonings_label_subsystems(dsc_model_now(sup->app->model), NULL);
	dsc_tree_each(id, subsystems, &dsc_ids_ops) mark_subsys(sup, dsc_id(id));
	dsc_tree_put(subsystems, &dsc_ids_ops);
}

static void written_key(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	struct sup_worker *w;

	(void)del;
	(void)row;
	TAILQ_FOREACH(w, &sup->workers, link) {
		w->dirty_keys = true;
		sup_apply_soon(w);
	}
}

static void (*const written[DSC_ROW_COUNT])(struct dsc_supervisor *sup, bool del,
					    const struct dsc_row *row) = {
	[DSC_ROW_SUBSYS] = written_subsys, [DSC_ROW_PORTAL] = written_portal,
	[DSC_ROW_NS] = written_ns,	   [DSC_ROW_ALLOW] = written_allow,
	[DSC_ROW_SERVE] = written_serve,   [DSC_ROW_NS_ALLOW] = written_ns_allow,
	[DSC_ROW_MEMBER] = written_member, [DSC_ROW_ZONING] = written_zoning,
	[DSC_ROW_REG] = written_reg,	   [DSC_ROW_ANA_STATE] = written_ana_state,
	[DSC_ROW_KEY] = written_key,
};

void sup_apply_written(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	if (written[row->kind])
		written[row->kind](sup, del, row);
}

static void clear_marks(struct sup_worker *w)
{
	dsc_tree_put(w->dirty_subsystems, &dsc_ids_ops);
	dsc_tree_put(w->dirty_portals, &dsc_ids_ops);
	dsc_tree_put(w->gone_subsystems, &dsc_name_ops);
	dsc_tree_put(w->gone_portals, &dsc_name_ops);
	w->dirty_subsystems = w->dirty_portals = NULL;
	w->gone_subsystems = w->gone_portals = NULL;
	w->need_full = w->dirty_keys = false;
}

/* -- sending ----------------------------------------------------------------------------------------------- */
static uint64_t *copy_ids(struct dsc_tree *ids, size_t *ret_nr)
{
	uint64_t *out = dsc_zalloc((dsc_tree_count(ids) + 1) * sizeof(*out));
	void *value;

	*ret_nr = 0;
	dsc_tree_each(value, ids, &dsc_ids_ops) out[(*ret_nr)++] = dsc_id(value);
	return out;
}

static void end_apply(struct sup_worker *w)
{
	free(w->apply.subsystems);
	free(w->apply.portals);
	memset(&w->apply, 0, sizeof(w->apply));
}

static void begin_apply(struct sup_worker *w, uint64_t generation)
{
	w->apply.active = true;
	w->apply.full = w->need_full;
	w->apply.generation = generation;
	w->apply.subsystems = copy_ids(w->dirty_subsystems, &w->apply.nr_subsystems);
	w->apply.portals = copy_ids(w->dirty_portals, &w->apply.nr_portals);
}

static bool send_ns_fds(struct sup_worker *w, const struct dsc_subsys *s)
{
	char name[NET_CTL_NAME_MAX];
	const struct dsc_ns *ns;
	bool ok = true;

	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		sup_ns_name(name, sizeof(name), &ns->uuid);
		if (ns->backend == DSC_BACKEND_RAM && sup_ns_is_held(w->sup, ns))
			ok = ok && sup_link_send_fd(w, name);
	}
	return ok;
}

static bool send_portal_fd(struct sup_worker *w, const struct dsc_portal *p)
{
	char name[NET_CTL_NAME_MAX];

	sup_portal_name(name, sizeof(name), p->name);
	return !sup_portal_is_held(w->sup, p) || sup_link_send_fd(w, name);
}

static bool send_full(struct sup_worker *w, const struct dsc_snapshot *st, struct json_object *msg)
{
	const struct dsc_portal *p;
	const struct dsc_subsys *s;
	bool ok = true;

	for (p = dsc_snapshot_worker_portal(st, w->id, 0); p && ok;
	     p = dsc_snapshot_worker_portal(st, w->id, p->id))
		ok = send_portal_fd(w, p);
	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		if (s->worker_id == w->id)
			ok = ok && send_ns_fds(w, s);
	}
	json_object_object_add(msg, "full", sup_doc_full(w, st));
	return ok;
}

/* The names that are really gone: one may have been made again. */
static struct json_object *gone_names(struct dsc_tree *gone, struct dsc_tree *live)
{
	struct json_object *arr = json_object_new_array();
	const struct dsc_name *n;

	dsc_tree_each(n, gone, &dsc_name_ops)
	{
		if (!dsc_tree_find(live, &dsc_name_ops, n->text))
			json_object_array_add(arr, json_object_new_string(n->text));
	}
	return arr;
}

static bool send_diff(struct sup_worker *w, const struct dsc_snapshot *st, struct json_object *msg)
{
	struct json_object *upsert = json_object_new_object(), *gone = json_object_new_object();
	struct json_object *portals = json_object_new_array(),
			   *subsystems = json_object_new_array(), *sets = json_object_new_object();
	bool ok = true;

	for (size_t i = 0; i < w->apply.nr_portals; i++) {
		const struct dsc_portal *p = dsc_snapshot_portal_id(st, w->apply.portals[i]);

		if (!p || !sup_portal_is_held(w->sup, p))
			continue;
		ok = ok && send_portal_fd(w, p);
		json_object_array_add(portals, sup_doc_portal(w->sup->app, st, p));
	}
	for (size_t i = 0; i < w->apply.nr_subsystems; i++) {
		const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, w->apply.subsystems[i]);

		if (!s)
			continue;
		ok = ok && send_ns_fds(w, s);
		json_object_array_add(subsystems, sup_doc_subsys(w, st, s, sets));
	}
	if (w->dirty_keys)
		json_object_object_add(upsert, "host_keys", sup_doc_keys(w->sup->app, st));
	json_object_object_add(upsert, "host_sets", sets);
	json_object_object_add(upsert, "portals", portals);
	json_object_object_add(upsert, "subsystems", subsystems);
	json_object_object_add(gone, "portals", gone_names(w->gone_portals, st->portal_names));
	json_object_object_add(gone, "subsystems", gone_names(w->gone_subsystems, st->subsys_nqns));
	json_object_object_add(msg, "base", json_object_new_uint64(w->generation));
	json_object_object_add(msg, "upsert", upsert);
	json_object_object_add(msg, "remove", gone);
	return ok;
}

static bool anything(const struct sup_worker *w)
{
	return w->need_full || w->dirty_keys || w->dirty_subsystems || w->dirty_portals ||
	       w->gone_subsystems || w->gone_portals;
}

static void apply_send(struct sup_worker *w)
{
	const struct dsc_snapshot *st = dsc_model_now(w->sup->app->model);
	struct json_object *msg;
	bool ok;

	if (!w->ctl || !w->said_hello || w->sup->adopting || w->apply.active || !anything(w))
		return;
	msg = sup_msg("apply");
	json_object_object_add(msg, "generation", json_object_new_uint64(st->change));
	begin_apply(w, st->change);
	ok = w->need_full ? send_full(w, st, msg) : send_diff(w, st, msg);
	clear_marks(w);
	if (ok)
		sup_link_send(w, msg);
	else
		json_object_put(msg);
}

static void flush(struct net_after *after)
{
	apply_send(cmn_container_of(after, struct sup_worker, flush));
}

void sup_apply_soon(struct sup_worker *w)
{
	net_after_queue(w->sup->app->loop, &w->flush);
}

void sup_apply_full(struct sup_worker *w)
{
	w->need_full = true;
	sup_apply_soon(w);
}

static void retry(struct net_timer *timer, uint64_t now)
{
	(void)now;
	sup_apply_full(cmn_container_of(timer, struct sup_worker, retry));
}

void sup_apply_init(struct sup_worker *w)
{
	w->flush.run = flush;
	w->retry.fire = retry;
}

/* The connection has gone: whatever is under way will be part of the whole state that the next one begins with. */
void sup_apply_clear(struct sup_worker *w)
{
	end_apply(w);
	clear_marks(w);
	net_after_cancel(w->sup->app->loop, &w->flush);
	net_timer_cancel(w->sup->app->loop, &w->retry);
}

/* -- the answer ----------------------------------------------------------------------------------------------- */
static struct dsc_fail *take_fail(const struct dsc_snapshot *st, struct json_object *obj)
{
	const char *nqn = NULL, *portal = NULL, *field = "", *reason = "";
	const struct dsc_subsys *s;
	const struct dsc_portal *p;
	struct dsc_fail *f;
	uint64_t nsid = 0;

	cmn_json_str_opt(obj, "nqn", &nqn, NULL, NULL);
	cmn_json_str_opt(obj, "portal", &portal, NULL, NULL);
	cmn_json_str_opt(obj, "field", &field, NULL, NULL);
	cmn_json_str_opt(obj, "reason", &reason, NULL, NULL);
	cmn_json_u64_opt(obj, "nsid", &nsid, NULL, NULL);
	s = nqn ? dsc_snapshot_subsys(st, nqn) : NULL;
	p = portal ? dsc_snapshot_portal(st, portal) : NULL;
	if (!s && !p)
		return NULL; /* gone meanwhile */
	f = dsc_row_new(DSC_ROW_FAIL);
	f->subsys_id = s ? s->id : 0;
	f->portal_id = p ? p->id : 0;
	f->nsid = (uint32_t)nsid;
	snprintf(f->field, sizeof(f->field), "%s", field);
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
	return f;
}

struct fail_list {
	struct dsc_fail **f;
	size_t nr, max;
};

static void add_fail(struct fail_list *list, struct dsc_fail *f)
{
	if (!f)
		return;
	list->f = dsc_grow(list->f, list->nr, &list->max, sizeof(*list->f));
	list->f[list->nr++] = f;
}

/* Namespaces without memory, portals without a socket: they were not told to the worker. */
static void add_unheld_ns(struct sup_worker *w, const struct dsc_subsys *s, struct fail_list *list)
{
	const struct dsc_ns *ns;
	struct dsc_fail *f;

	dsc_tree_each(ns, s->namespaces, &dsc_ns_ops)
	{
		if (sup_ns_is_held(w->sup, ns))
			continue;
		f = dsc_row_new(DSC_ROW_FAIL);
		f->subsys_id = s->id;
		f->nsid = ns->nsid;
		snprintf(f->field, sizeof(f->field), "size");
		snprintf(f->reason, sizeof(f->reason), "there is no memory for it");
		add_fail(list, f);
	}
}

static void add_unheld(struct sup_worker *w, const struct dsc_snapshot *st, struct fail_list *list)
{
	struct dsc_fail key = { .nsid = 0 };
	const struct dsc_portal *p;
	const struct dsc_subsys *s;

	for (p = dsc_snapshot_worker_portal(st, w->id, 0); p;
	     p = dsc_snapshot_worker_portal(st, w->id, p->id)) {
		key.portal_id = p->id;
		if (!sup_portal_is_held(w->sup, p))
			add_fail(list, dsc_row_get(dsc_tree_find(st->fails, &dsc_fail_ops, &key)));
	}
	if (w->apply.full) {
		dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
		{
			if (s->worker_id == w->id)
				add_unheld_ns(w, s, list);
		}
		return;
	}
	for (size_t i = 0; i < w->apply.nr_subsystems; i++) {
		s = dsc_snapshot_subsys_id(st, w->apply.subsystems[i]);
		if (s)
			add_unheld_ns(w, s, list);
	}
}

static void confirm(struct sup_worker *w, struct json_object *msg)
{
	const struct dsc_snapshot *st = dsc_model_now(w->sup->app->model);
	struct json_object *failed = NULL;
	struct fail_list list = { NULL, 0, 0 };
	struct dsc_confirm c = { .worker_id = w->id,
				 .generation = w->apply.generation,
				 .full = w->apply.full,
				 .subsystems = w->apply.subsystems,
				 .nr_subsystems = w->apply.nr_subsystems,
				 .portals = w->apply.portals,
				 .nr_portals = w->apply.nr_portals };

	cmn_json_arr_opt(msg, "failed", &failed, NULL);
	for (size_t i = 0; failed && i < json_object_array_length(failed); i++)
		add_fail(&list, take_fail(st, json_object_array_get_idx(failed, i)));
	add_unheld(w, st, &list);
	c.fails = list.f;
	c.nr_fails = list.nr;
	dsc_model_confirm(w->sup->app->model, &c);
	for (size_t i = 0; i < list.nr; i++)
		dsc_row_put(list.f[i]);
	free(list.f);
}

void sup_apply_take(struct sup_worker *w, struct json_object *msg)
{
	bool full = w->apply.full;
	uint64_t generation = 0;

	cmn_json_u64_opt(msg, "generation", &generation, NULL, NULL);
	w->generation = generation;
	if (!w->apply.active)
		return;
	if (generation == w->apply.generation) {
		if (w->state == DSC_WORKER_STARTING)
			w->state = DSC_WORKER_RUNNING;
		confirm(w, msg);
		end_apply(w);
		sup_apply_soon(w);
		return;
	}
	end_apply(w);
	if (!full) {
		sup_apply_full(w);
		return;
	}
	sup_worker_event(w, DSC_ERROR, "worker.refused_state",
			 "it refused the whole desired state");
	net_timer_set(w->sup->app->loop, &w->retry, cmn_now_ns() + RETRY_NS);
}
