/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_ana.c - ANA groups, and what portals say of them.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

int dsc_cmd_check_ana_group(const struct dsc_snapshot *st, uint64_t id, struct cmn_err *err)
{
	if (dsc_snapshot_ana_group_id(st, id))
		return 0;
	return cmn_err_set(err, -EINVAL, "ana_group", "there is no ANA group %u", (unsigned int)id);
}

static const struct dsc_ana_group *find(struct dsc_app *app, uint64_t id,
					const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_ana_group *g = dsc_snapshot_ana_group_id(dsc_cmd_ahead(app), id);

	if (!g)
		cmn_err_set(err, -ENOENT, NULL, "there is no ANA group %u", (unsigned int)id);
	else if (dsc_cmd_check_match(call, g->changed, err) < 0)
		g = NULL;
	return g;
}

/* -- states ------------------------------------------------------------------------------------------ */
static int check_states(const struct dsc_snapshot *st, const struct dsc_ana_group_in *in,
			struct cmn_err *err)
{
	const struct dsc_portal *p;
	char field[DSC_NAME_MAX + 16];

	for (size_t i = 0; i < in->nr_states; i++) {
		p = dsc_snapshot_portal(st, in->states[i].portal);
		if (p && p->kind == DSC_PORTAL_IO)
			continue;
		snprintf(field, sizeof(field), "states.%.63s", in->states[i].portal);
		return dsc_cmd_unknown(st, DSC_ROW_PORTAL, field, in->states[i].portal, err);
	}
	return 0;
}

static uint8_t wanted(const struct dsc_ana_group_in *in, const struct dsc_portal *p, uint8_t now)
{
	for (size_t i = 0; i < in->nr_states; i++)
		if (strcmp(in->states[i].portal, p->name) == 0)
			return in->states[i].state;
	return in->only ? NVME_ANA_OPTIMIZED : now;
}

/* One that is taken back to optimized stays as a row, so that it shows whether its worker has heard of that. */
static bool set_states(struct dsc_txn *txn, uint64_t id, const struct dsc_ana_group_in *in)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_portal *p;
	bool changed = false;

	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		uint8_t now = dsc_snapshot_ana_state(dsc_snapshot_ana_group_id(st, id), p);
		uint8_t want = wanted(in, p, now);
		struct dsc_ana_state *state;

		if (want == now)
			continue;
		state = dsc_row_new(DSC_ROW_ANA_STATE);
		state->group_id = id;
		state->portal_id = p->id;
		state->state = want;
		state->since = dsc_txn_change(txn);
		dsc_txn_put(txn, state);
		dsc_txn_also(txn, &(struct dsc_target){ .worker_id = p->worker_id });
		changed = true;
	}
	return changed;
}

void dsc_cmd_drop_ana_states(struct dsc_txn *txn, uint64_t portal_id)
{
	const struct dsc_ana_group *g = NULL;
	const struct dsc_ana_state *state;

	while ((g = dsc_tree_next(dsc_txn_state(txn)->ana_groups, &dsc_ana_group_ops,
				  g ? &g->id : NULL))) {
		state = dsc_tree_find(g->states, &dsc_ana_state_ops, &portal_id);
		if (state) {
			uint64_t id = g->id;

			dsc_txn_del(txn, state);
			g = dsc_snapshot_ana_group_id(dsc_txn_state(txn), id);
		}
	}
}

/* -- commands ------------------------------------------------------------------------------------------ */
static int check(const struct dsc_snapshot *st, const struct dsc_ana_group_in *in,
		 struct cmn_err *err)
{
	if (in->description && strlen(in->description) > 255)
		return cmn_err_set(err, -EINVAL, "description", "is longer than 255 bytes");
	return check_states(st, in, err);
}

/* 0: none is free. */
static uint64_t free_id(const struct dsc_snapshot *st)
{
	uint64_t id = DSC_ANA_DEFAULT;

	while (id <= FAB_ANA_GROUPS && dsc_snapshot_ana_group_id(st, id))
		id++;
	return id <= FAB_ANA_GROUPS ? id : 0;
}

static int set_id(const struct dsc_snapshot *st, struct dsc_ana_group *g,
		  const struct dsc_ana_group_in *in, struct cmn_err *err)
{
	g->id = in->id ? in->id : free_id(st);
	if (!g->id)
		return cmn_err_set(err, -EBUSY, "id", "there are %d ANA groups already",
				   FAB_ANA_GROUPS);
	if (g->id > FAB_ANA_GROUPS)
		return cmn_err_set(err, -EINVAL, "id", "must be 1 to %d", FAB_ANA_GROUPS);
	if (dsc_snapshot_ana_group_id(st, g->id))
		return cmn_err_set(err, -EEXIST, "id", "ANA group %u exists already",
				   (unsigned int)g->id);
	return 0;
}

int dsc_cmd_ana_group_create(struct dsc_app *app, const struct dsc_ana_group_in *in,
			     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	struct dsc_ana_group *g = dsc_row_new(DSC_ROW_ANA_GROUP);
	uint64_t id;
	struct dsc_txn *txn;
	char name[16];

	if (set_id(st, g, in, err) < 0 || check(st, in, err) < 0) {
		dsc_row_put(g);
		return err->code;
	}
	id = g->id;
	snprintf(name, sizeof(name), "%u", (unsigned int)id);
	snprintf(g->description, sizeof(g->description), "%s",
		 in->description ? in->description : "");
	txn = dsc_txn_begin(app->model);
	g->changed = dsc_txn_change(txn);
	g->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, g);
	set_states(txn, id, in);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_ana_group_update(struct dsc_app *app, uint64_t id, const struct dsc_ana_group_in *in,
			     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_ana_group *old = find(app, id, call, err);
	struct dsc_ana_group *g;
	struct dsc_txn *txn;
	bool changed;
	char name[16];

	if (!old || check(dsc_cmd_ahead(app), in, err) < 0)
		return err->code;
	snprintf(name, sizeof(name), "%u", (unsigned int)id);
	changed = in->description && strcmp(in->description, old->description) != 0;
	txn = dsc_txn_begin(app->model);
	if (set_states(txn, id, in))
		changed = true;
	if (!changed) {
		dsc_txn_abort(txn);
		return 1;
	}
	g = dsc_row_copy(dsc_snapshot_ana_group_id(dsc_txn_state(txn), id));
	if (in->description)
		snprintf(g->description, sizeof(g->description), "%s", in->description);
	g->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, g);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

/* -- delete ----------------------------------------------------------------------------------------- */
static int check_unused(const struct dsc_snapshot *st, const struct dsc_ana_group *g,
			struct cmn_err *err)
{
	struct dsc_names users = { .nr = 0 };
	const struct dsc_ns *ns = NULL;
	char text[DSC_NQN_MAX + 32];

	while ((ns = dsc_snapshot_ana_ns(st, g->id, ns))) {
		snprintf(text, sizeof(text), "namespace %u of %s", ns->nsid,
			 dsc_snapshot_subsys_id(st, ns->subsys_id)->nqn);
		dsc_names_add(&users, text);
	}
	return users.nr ? cmn_err_set(err, -EBUSY, NULL, "it is the group of: %s",
				      dsc_names_text(&users))
			: 0;
}

static void move_namespaces(struct dsc_txn *txn, uint64_t id)
{
	struct dsc_ns *old = NULL; /* held: the next is found by it */
	const struct dsc_ns *next;
	struct dsc_target target;
	struct dsc_ns *ns;

	while ((next = dsc_snapshot_ana_ns(dsc_txn_state(txn), id, old))) {
		dsc_row_put(old);
		old = dsc_row_get(next);
		ns = dsc_row_copy(old);
		target = (struct dsc_target){ .subsys_id = ns->subsys_id, .nsid = ns->nsid };
		target.worker_id =
			dsc_snapshot_subsys_id(dsc_txn_state(txn), ns->subsys_id)->worker_id;
		ns->ana_group = DSC_ANA_DEFAULT;
		ns->changed = dsc_txn_change(txn);
		dsc_txn_put(txn, ns);
		dsc_txn_mark(txn, target.subsys_id);
		dsc_txn_also(txn, &target);
	}
	dsc_row_put(old);
}

int dsc_cmd_ana_group_delete(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
			     struct cmn_err *err)
{
	const struct dsc_ana_group *g = find(app, id, call, err);
	const struct dsc_ana_state *state;
	struct dsc_txn *txn;

	if (!g)
		return err->code;
	if (id == DSC_ANA_DEFAULT)
		return cmn_err_set(err, -EEXIST, NULL,
				   "group %d is that of every namespace for which no other is said",
				   DSC_ANA_DEFAULT);
	if (!(call && call->force) && check_unused(dsc_cmd_ahead(app), g, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	move_namespaces(txn, id);
	while ((state = dsc_tree_next(dsc_snapshot_ana_group_id(dsc_txn_state(txn), id)->states,
				      &dsc_ana_state_ops, NULL)))
		dsc_txn_del(txn, state);
	dsc_txn_del(txn, dsc_snapshot_ana_group_id(dsc_txn_state(txn), id));
	dsc_txn_commit(txn, call, NULL, "");
	return 0;
}
