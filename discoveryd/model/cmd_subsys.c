/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_subsys.c - subsystems, and which hosts and portals they have.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

#define DISCOVERY_NQN "nqn.2014-08.org.nvmexpress.discovery"

static struct dsc_target target_of(const struct dsc_subsys *s)
{
	return (struct dsc_target){ .worker_id = s->worker_id, .subsys_id = s->id };
}

/* -- lists ------------------------------------------------------------------------------------------ */
/* Names to ids, as a set; every portal must be on the worker. */
static int portal_ids(const struct dsc_snapshot *st, const struct dsc_list *in, uint64_t worker_id,
		      struct dsc_tree **ret_ids, struct cmn_err *err)
{
	const struct dsc_portal *p;
	char field[64];

	for (size_t i = 0; in->set && !in->null && i < in->nr; i++) {
		snprintf(field, sizeof(field), "portals[%zu]", i);
		p = dsc_snapshot_portal(st, in->item[i]);
		if (!p)
			return dsc_cmd_unknown(st, DSC_ROW_PORTAL, field, in->item[i], err);
		if (p->worker_id != worker_id)
			return cmn_err_set(err, -EINVAL, field,
					   "portal %s is not one of the subsystem's worker",
					   p->name);
		dsc_tree_set(ret_ids, &dsc_ids_ops, dsc_id_value(p->id));
	}
	return 0;
}

static void set_portals(struct dsc_txn *txn, uint64_t subsys_id, struct dsc_tree *want)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_serve *old;
	uint64_t id = 0;
	void *value;

	while ((old = dsc_tree_next(dsc_snapshot_subsys_id(st, subsys_id)->portals, &dsc_serve_ops,
				    &id))) {
		id = old->portal_id;
		if (!dsc_tree_find(want, &dsc_ids_ops, &id))
			dsc_txn_del(txn, old);
	}
	dsc_tree_each(value, want, &dsc_ids_ops)
	{
		struct dsc_serve *serve;

		id = dsc_id(value);
		if (dsc_tree_find(dsc_snapshot_subsys_id(st, subsys_id)->portals, &dsc_serve_ops,
				  &id))
			continue;
		serve = dsc_row_new(DSC_ROW_SERVE);
		serve->subsys_id = subsys_id;
		serve->portal_id = id;
		serve->since = dsc_txn_change(txn);
		dsc_txn_put(txn, serve);
	}
}

/* The whole list; returns whether it changed. */
static bool set_hosts(struct dsc_txn *txn, uint64_t subsys_id, const struct dsc_list *in)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	struct dsc_tree *want = NULL;
	const struct dsc_allow *old;
	bool changed = false;
	uint64_t id = 0;
	size_t before;

	for (size_t i = 0; i < in->nr; i++)
		dsc_tree_set(&want, &dsc_ids_ops, dsc_id_value(dsc_cmd_need_who(txn, in->item[i])));
	while ((old = dsc_tree_next(dsc_snapshot_subsys_id(st, subsys_id)->hosts, &dsc_allow_ops,
				    &id))) {
		id = old->who_id;
		if (!dsc_tree_find(want, &dsc_ids_ops, &id)) {
			dsc_txn_del(txn, old);
			changed = true;
		}
	}
	before = dsc_tree_count(dsc_snapshot_subsys_id(st, subsys_id)->hosts);
	for (void *v = dsc_tree_next(want, &dsc_ids_ops, NULL); v;
	     v = dsc_tree_next(want, &dsc_ids_ops, dsc_ids_ops.key(v)))
		dsc_cmd_allow_who(txn, subsys_id, dsc_id(v));
	dsc_tree_put(want, &dsc_ids_ops);
	return changed || dsc_tree_count(dsc_snapshot_subsys_id(st, subsys_id)->hosts) != before;
}

static int check_common(const struct dsc_snapshot *st, const struct dsc_subsys_in *in,
			struct cmn_err *err)
{
	if (in->label && dsc_cmd_check_ascii(in->label, DSC_LABEL_MAX, "label", err) < 0)
		return err->code;
	if (dsc_cmd_check_paths(&in->paths, err) < 0)
		return err->code;
	return dsc_cmd_check_whos(st, &in->hosts, "hosts", err);
}

/* -- create ------------------------------------------------------------------------------------------ */
static int check_create(struct dsc_app *app, const struct dsc_subsys_in *in, struct cmn_err *err)
{
	if (dsc_nqn_check(in->nqn, "nqn", err) < 0)
		return err->code;
	if (strcmp(in->nqn, DISCOVERY_NQN) == 0 || strcmp(in->nqn, app->disc_nqn) == 0)
		return cmn_err_set(err, -EINVAL, "nqn", "is the discovery subsystem's");
	if (dsc_snapshot_subsys(dsc_cmd_ahead(app), in->nqn))
		return cmn_err_set(err, -EEXIST, "nqn", "subsystem %.200s exists already", in->nqn);
	if (in->serial && dsc_cmd_check_ascii(in->serial, 20, "serial", err) < 0)
		return err->code;
	if (in->model && dsc_cmd_check_ascii(in->model, 40, "model", err) < 0)
		return err->code;
	return check_common(dsc_cmd_ahead(app), in, err);
}

/* The one that is named, or that has the portals that are, or the least loaded. */
static const struct dsc_worker *choose_worker(const struct dsc_snapshot *st,
					      const struct dsc_subsys_in *in, struct cmn_err *err)
{
	const struct dsc_portal *p = in->portals.nr ? dsc_snapshot_portal(st, in->portals.item[0])
						    : NULL;
	const struct dsc_worker *w = in->worker ? dsc_snapshot_worker(st, in->worker)
				     : p	? dsc_snapshot_worker_id(st, p->worker_id)
						: dsc_place(st);

	if (!w && in->worker)
		dsc_cmd_unknown(st, DSC_ROW_WORKER, "worker", in->worker, err);
	else if (!w)
		cmn_err_set(err, -EBUSY, "worker", "there is no worker to put it on");
	return w;
}

static void make_serial(char serial[21])
{
	uint8_t b[6] = { 0 };

	cmn_random_bytes(b, sizeof(b));
	snprintf(serial, 21, "PH%02X%02X%02X%02X%02X%02X", b[0], b[1], b[2], b[3], b[4], b[5]);
}

static struct dsc_subsys *make_subsys(struct dsc_txn *txn, const struct dsc_subsys_in *in,
				      uint64_t worker_id)
{
	struct dsc_subsys *s = dsc_row_new(DSC_ROW_SUBSYS);

	s->id = dsc_txn_new_id(txn);
	s->worker_id = worker_id;
	snprintf(s->nqn, sizeof(s->nqn), "%s", in->nqn);
	if (in->serial && *in->serial)
		snprintf(s->serial, sizeof(s->serial), "%s", in->serial);
	else
		make_serial(s->serial);
	snprintf(s->model, sizeof(s->model), "%s", in->model && *in->model ? in->model : "Pharos");
	snprintf(s->label, sizeof(s->label), "%s", in->label ? in->label : "");
	s->path_policy = DSC_PATHS_ALL;
	dsc_cmd_set_paths(&in->paths, DSC_PATHS_ALL, &s->path_policy, &s->max_paths);
	s->allow_any = in->allow_any == DSC_YES;
	s->require_auth = in->require_auth == DSC_YES;
	s->all_portals = !in->portals.set || in->portals.null;
	s->since = s->any_since = s->portals_since = s->label_since = s->changed =
		dsc_txn_change(txn);
	s->created_ms = cmn_wall_ms();
	return s;
}

int dsc_cmd_subsys_create(struct dsc_app *app, const struct dsc_subsys_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	struct dsc_tree *portals = NULL;
	const struct dsc_worker *w;
	struct dsc_target target;
	struct dsc_subsys *s;
	struct dsc_txn *txn;

	if (check_create(app, in, err) < 0)
		return err->code;
	w = choose_worker(st, in, err);
	if (!w || portal_ids(st, &in->portals, w->id, &portals, err) < 0) {
		dsc_tree_put(portals, &dsc_ids_ops);
		return err->code;
	}
	txn = dsc_txn_begin(app->model);
	s = make_subsys(txn, in, w->id);
	target = target_of(s);
	dsc_txn_put(txn, s);
	set_portals(txn, target.subsys_id, portals);
	dsc_tree_put(portals, &dsc_ids_ops);
	if (in->hosts.set)
		set_hosts(txn, target.subsys_id, &in->hosts);
	dsc_txn_commit(txn, call, &target, in->nqn);
	return 0;
}

/* -- update ------------------------------------------------------------------------------------------- */
static bool update_row(struct dsc_txn *txn, const struct dsc_subsys *old,
		       const struct dsc_subsys_in *in)
{
	bool any = in->allow_any == DSC_UNSET ? old->allow_any : in->allow_any == DSC_YES;
	bool all = in->portals.set ? in->portals.null : old->all_portals;
	bool auth = in->require_auth == DSC_UNSET ? old->require_auth : in->require_auth == DSC_YES;
	struct dsc_subsys *s = dsc_row_copy(old);
	bool paths = dsc_cmd_set_paths(&in->paths, DSC_PATHS_ALL, &s->path_policy, &s->max_paths);

	if (!paths && any == old->allow_any && all == old->all_portals &&
	    auth == old->require_auth && (!in->label || !strcmp(in->label, old->label))) {
		dsc_row_put(s);
		return false;
	}
	s->changed = dsc_txn_change(txn);
	s->require_auth = auth;
	if (any != s->allow_any) {
		s->allow_any = any;
		s->any_since = s->changed;
	}
	if (all != s->all_portals) {
		s->all_portals = all;
		s->portals_since = s->changed;
	}
	if (in->label && strcmp(in->label, s->label) != 0) {
		snprintf(s->label, sizeof(s->label), "%s", in->label);
		s->label_since = s->changed;
	}
	dsc_txn_put(txn, s);
	return true;
}

int dsc_cmd_subsys_update(struct dsc_app *app, const char *nqn, const struct dsc_subsys_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_subsys *old = dsc_cmd_find_subsys(st, nqn, err);
	struct dsc_tree *portals = NULL;
	struct dsc_target target;
	struct dsc_txn *txn;
	bool changed;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 ||
	    check_common(st, in, err) < 0)
		return err->code;
	if (portal_ids(st, &in->portals, old->worker_id, &portals, err) < 0) {
		dsc_tree_put(portals, &dsc_ids_ops);
		return err->code;
	}
	target = target_of(old);
	txn = dsc_txn_begin(app->model);
	changed = update_row(txn, old, in);
	if (in->portals.set) {
		set_portals(txn, target.subsys_id, portals);
		changed = true; /* which ones is not compared: rare, and harmless */
	}
	dsc_tree_put(portals, &dsc_ids_ops);
	if (in->hosts.set && set_hosts(txn, target.subsys_id, &in->hosts))
		changed = true;
	if (!changed) {
		dsc_txn_abort(txn);
		return 1;
	}
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

/* -- delete -------------------------------------------------------------------------------------------- */
static int check_unused(struct dsc_app *app, const struct dsc_subsys *s, struct cmn_err *err)
{
	struct dsc_names hosts = { .nr = 0 };
	size_t namespaces = dsc_tree_count(s->namespaces);

	dsc_names_connected(&hosts, app, s->nqn, NULL, NULL);
	if (hosts.nr)
		return cmn_err_set(err, -EBUSY, NULL, "hosts are connected to it: %s",
				   dsc_names_text(&hosts));
	if (namespaces)
		return cmn_err_set(
			err, -EBUSY, NULL, "it has %zu namespace%s, the first is %u", namespaces,
			namespaces == 1 ? "" : "s",
			((const struct dsc_ns *)dsc_tree_next(s->namespaces, &dsc_ns_ops, NULL))
				->nsid);
	return 0;
}

static void drop_subsys(struct dsc_txn *txn, uint64_t id)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_subsys *s;
	const void *row;

	while ((s = dsc_snapshot_subsys_id(st, id)) &&
	       (row = dsc_tree_next(s->namespaces, &dsc_ns_ops, NULL)))
		dsc_txn_drop_ns(txn, s, row);
	while ((s = dsc_snapshot_subsys_id(st, id)) &&
	       (row = dsc_tree_next(s->hosts, &dsc_allow_ops, NULL)))
		dsc_txn_del(txn, row);
	while ((s = dsc_snapshot_subsys_id(st, id)) &&
	       (row = dsc_tree_next(s->portals, &dsc_serve_ops, NULL)))
		dsc_txn_del(txn, row);
	dsc_cmd_drop_fails(txn, id, 0);
	dsc_txn_del(txn, dsc_snapshot_subsys_id(st, id));
}

int dsc_cmd_subsys_delete(struct dsc_app *app, const char *nqn, const struct dsc_call *call,
			  struct cmn_err *err)
{
	const struct dsc_subsys *s = dsc_cmd_find_subsys(dsc_cmd_ahead(app), nqn, err);
	struct dsc_target target;
	struct dsc_txn *txn;

	if (!s || dsc_cmd_check_match(call, s->changed, err) < 0)
		return err->code;
	if (!(call && call->force) && check_unused(app, s, err) < 0)
		return err->code;
	target = target_of(s);
	txn = dsc_txn_begin(app->model);
	drop_subsys(txn, s->id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

/* -- one host ------------------------------------------------------------------------------------------- */
int dsc_cmd_allow(struct dsc_app *app, const char *nqn, const char *who,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_subsys *s = dsc_cmd_find_subsys(st, nqn, err);
	struct dsc_target target;
	struct dsc_txn *txn;
	uint64_t who_id;

	if (!s || dsc_who_check(st, who, "host_nqn", err) < 0)
		return err->code;
	who_id = dsc_snapshot_who(st, who);
	if (who_id && dsc_tree_find(s->hosts, &dsc_allow_ops, &who_id))
		return 1;
	target = target_of(s);
	txn = dsc_txn_begin(app->model);
	dsc_cmd_allow_who(txn, target.subsys_id, dsc_cmd_need_who(txn, who));
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

int dsc_cmd_disallow(struct dsc_app *app, const char *nqn, const char *who,
		     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_subsys *s = dsc_cmd_find_subsys(st, nqn, err);
	uint64_t who_id = s ? dsc_cmd_find_who(st, who, err) : 0;
	struct dsc_target target;
	struct dsc_txn *txn;

	if (!who_id)
		return err->code;
	if (!dsc_tree_find(s->hosts, &dsc_allow_ops, &who_id))
		return cmn_err_set(err, -ENOENT, NULL, "%.200s is not on the subsystem's list",
				   who);
	target = target_of(s);
	txn = dsc_txn_begin(app->model);
	dsc_cmd_drop_link(txn, target.subsys_id, who_id);
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}
