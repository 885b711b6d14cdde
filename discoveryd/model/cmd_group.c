/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_group.c - groups of hosts, and what names a host or a group.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/zone_commands.h"

/* -- who is named where --------------------------------------------------------------------------------- */
static struct dsc_tree *subsystems_of(const struct dsc_snapshot *st, uint64_t who_id)
{
	const struct dsc_host *host = dsc_snapshot_host_id(st, who_id);

	return host ? host->subsystems : dsc_snapshot_group_id(st, who_id)->subsystems;
}

static struct dsc_tree *namespaces_of(const struct dsc_snapshot *st, uint64_t who_id)
{
	const struct dsc_host *host = dsc_snapshot_host_id(st, who_id);

	return host ? host->namespaces : dsc_snapshot_group_id(st, who_id)->namespaces;
}

static struct dsc_tree *groups_of(const struct dsc_snapshot *st, uint64_t who_id)
{
	const struct dsc_host *host = dsc_snapshot_host_id(st, who_id);

	return host ? host->groups : NULL;
}

/* The next referral that names the group; a host's stays, as it is no more than an NQN there. */
static const struct dsc_referral *next_referral(const struct dsc_snapshot *st, uint64_t who_id,
						const struct dsc_referral *r)
{
	char text[DSC_NQN_MAX + 1];

	if (!dsc_snapshot_group_id(st, who_id))
		return NULL;
	dsc_snapshot_who_text(st, who_id, text);
	do {
		r = dsc_tree_next(st->referrals, &dsc_referral_ops, r ? &r->id : NULL);
	} while (r && !dsc_hosts_have(r->hosts, text));
	return r;
}

static const struct dsc_dc *next_dc(const struct dsc_snapshot *st, uint64_t who_id,
				    const struct dsc_dc *dc)
{
	char text[DSC_NQN_MAX + 1];

	if (!dsc_snapshot_group_id(st, who_id))
		return NULL;
	dsc_snapshot_who_text(st, who_id, text);
	do {
		dc = dsc_tree_next(st->dcs, &dsc_dc_ops, dc ? &dc->id : NULL);
	} while (dc && !dsc_hosts_have(dc->hosts, text));
	return dc;
}

/* The group as a member of zones; false for a host, which is no more than an NQN there, too. */
static bool as_member(const struct dsc_snapshot *st, uint64_t who_id, struct dsc_zone_member *ret)
{
	const struct dsc_group *g = dsc_snapshot_group_id(st, who_id);

	*ret = (struct dsc_zone_member){ .has = DSC_ZE_GROUP, .role = NVMF_ZONE_HOST };
	if (g)
		snprintf(ret->text, sizeof(ret->text), "%s", g->name);
	return g;
}

void dsc_who_users(const struct dsc_snapshot *st, uint64_t who_id,
		   void (*fn)(void *arg, const char *user), void *arg)
{
	const struct dsc_referral *r = NULL;
	const struct dsc_dc *dc = NULL;
	const struct dsc_ns_allow *a;
	const struct dsc_member *m;
	struct dsc_zone_member zoned;
	char text[DSC_NQN_MAX + 32];
	void *id;

	dsc_tree_each(id, subsystems_of(st, who_id), &dsc_ids_ops)
		fn(arg, dsc_snapshot_subsys_id(st, dsc_id(id))->nqn);
	dsc_tree_each(a, namespaces_of(st, who_id), &dsc_who_ns_ops)
	{
		snprintf(text, sizeof(text), "namespace %u of %s", a->nsid,
			 dsc_snapshot_subsys_id(st, a->subsys_id)->nqn);
		fn(arg, text);
	}
	dsc_tree_each(m, groups_of(st, who_id), &dsc_host_group_ops)
		fn(arg, dsc_snapshot_who_text(st, m->group_id, text));
	while ((r = next_referral(st, who_id, r))) {
		snprintf(text, sizeof(text), "referral %s", r->name);
		fn(arg, text);
	}
	while ((dc = next_dc(st, who_id, dc))) {
		snprintf(text, sizeof(text), "discovery controller %s", dc->name);
		fn(arg, text);
	}
	if (as_member(st, who_id, &zoned))
		dsc_zone_users(st, &zoned, fn, arg);
}

static void add_user(void *arg, const char *user)
{
	dsc_names_add(arg, user);
}

int dsc_cmd_check_who_unused(const struct dsc_snapshot *st, uint64_t who_id, struct cmn_err *err)
{
	struct dsc_names users = { .nr = 0 };

	dsc_who_users(st, who_id, add_user, &users);
	if (users.nr)
		return cmn_err_set(err, -EBUSY, NULL, "it is named by: %s", dsc_names_text(&users));
	return 0;
}

/* "group:NAME" and its newline, which are in it, out of the list. */
static void drop_line(char *hosts, const char *text)
{
	size_t len = strlen(text) + 1;
	char *p = hosts;

	while (strncmp(p, text, len - 1) != 0 || p[len - 1] != '\n')
		p = strchr(p, '\n') + 1;
	memmove(p, p + len, strlen(p + len) + 1);
}

static void drop_from_referral(struct dsc_txn *txn, const struct dsc_referral *old,
			       const char *text)
{
	struct dsc_referral *r = dsc_row_copy(old);

	drop_line(r->hosts, text);
	r->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, r);
}

static void drop_from_dc(struct dsc_txn *txn, const struct dsc_dc *old, const char *text)
{
	struct dsc_dc *dc = dsc_row_copy(old);

	drop_line(dc->hosts, text);
	dc->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, dc);
}

/* in: what else of it changes, or NULL. */
static void put_changed(struct dsc_txn *txn, uint64_t group_id, const struct dsc_group_in *in)
{
	struct dsc_group *g = dsc_row_copy(dsc_snapshot_group_id(dsc_txn_state(txn), group_id));

	g->changed = dsc_txn_change(txn);
	if (in && in->description)
		snprintf(g->description, sizeof(g->description), "%s", in->description);
	if (in)
		dsc_cmd_set_paths(&in->paths, DSC_PATHS_UNSET, &g->path_policy, &g->max_paths);
	dsc_txn_put(txn, g);
}

static bool changes_row(const struct dsc_group *g, const struct dsc_group_in *in)
{
	uint8_t policy = g->path_policy;
	uint32_t max = g->max_paths;

	return dsc_cmd_set_paths(&in->paths, DSC_PATHS_UNSET, &policy, &max) ||
	       (in->description && strcmp(in->description, g->description) != 0);
}

void dsc_cmd_drop_who(struct dsc_txn *txn, uint64_t who_id)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_referral *r = NULL;
	const struct dsc_dc *dc;
	const struct dsc_ns_allow *a;
	const struct dsc_member *m;
	struct dsc_zone_member zoned;
	char text[DSC_NQN_MAX + 1];
	uint64_t id;

	while ((id = dsc_id(dsc_tree_next(subsystems_of(st, who_id), &dsc_ids_ops, NULL)))) {
		dsc_cmd_drop_link(txn, id, who_id);
		dsc_txn_mark(txn, id);
	}
	while ((a = dsc_tree_next(namespaces_of(st, who_id), &dsc_who_ns_ops, NULL))) {
		id = a->subsys_id;
		dsc_txn_del(txn, a);
		dsc_txn_mark(txn, id);
	}
	while ((m = dsc_tree_next(groups_of(st, who_id), &dsc_host_group_ops, NULL))) {
		id = m->group_id;
		dsc_txn_del(txn, m);
		put_changed(txn, id, NULL);
	}
	while ((r = next_referral(st, who_id, NULL)))
		drop_from_referral(txn, r, dsc_snapshot_who_text(st, who_id, text));
	while ((dc = next_dc(st, who_id, NULL)))
		drop_from_dc(txn, dc, dsc_snapshot_who_text(st, who_id, text));
	if (as_member(st, who_id, &zoned))
		dsc_zone_drop_member(txn, &zoned);
}

/* -- members ---------------------------------------------------------------------------------------------- */
/* The outcome waits for every worker that has a subsystem of the group. */
static void add_targets(struct dsc_txn *txn, uint64_t group_id)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_group *g = dsc_snapshot_group_id(st, group_id);
	struct dsc_tree *workers = NULL;
	const struct dsc_ns_allow *a;
	void *id;

	dsc_tree_each(id, g->subsystems, &dsc_ids_ops)
		dsc_tree_set(&workers, &dsc_ids_ops,
			     dsc_id_value(dsc_snapshot_subsys_id(st, dsc_id(id))->worker_id));
	dsc_tree_each(a, g->namespaces, &dsc_who_ns_ops)
		dsc_tree_set(&workers, &dsc_ids_ops,
			     dsc_id_value(dsc_snapshot_subsys_id(st, a->subsys_id)->worker_id));
	dsc_tree_each(id, workers, &dsc_ids_ops)
		dsc_txn_also(txn, &(struct dsc_target){ .worker_id = dsc_id(id) });
	dsc_tree_put(workers, &dsc_ids_ops);
}

static void add_member(struct dsc_txn *txn, uint64_t group_id, uint64_t host_id)
{
	struct dsc_member *m = dsc_row_new(DSC_ROW_MEMBER);

	m->group_id = group_id;
	m->host_id = host_id;
	m->since = dsc_txn_change(txn);
	dsc_txn_put(txn, m);
}

/* The whole list; returns whether it changed. */
static bool set_members(struct dsc_txn *txn, uint64_t group_id, const struct dsc_list *in)
{
	const struct dsc_group *old =
		dsc_row_get(dsc_snapshot_group_id(dsc_txn_state(txn), group_id));
	struct dsc_tree *want = NULL;
	const struct dsc_member *m;
	bool changed = false;
	uint64_t id;
	void *value;

	for (size_t i = 0; i < in->nr; i++)
		dsc_tree_set(&want, &dsc_ids_ops, dsc_id_value(dsc_cmd_need_who(txn, in->item[i])));
	dsc_tree_each(m, old->members, &dsc_member_ops)
	{
		if (dsc_tree_find(want, &dsc_ids_ops, &m->host_id))
			continue;
		dsc_txn_del(txn, m);
		changed = true;
	}
	dsc_tree_each(value, want, &dsc_ids_ops)
	{
		id = dsc_id(value);
		if (dsc_tree_find(old->members, &dsc_member_ops, &id))
			continue;
		add_member(txn, group_id, id);
		changed = true;
	}
	dsc_tree_put(want, &dsc_ids_ops);
	dsc_row_put((void *)(uintptr_t)old);
	return changed;
}

int dsc_cmd_check_groups(const struct dsc_snapshot *st, const struct dsc_list *groups,
			 struct cmn_err *err)
{
	char field[64];

	for (size_t i = 0; groups->set && i < groups->nr; i++) {
		snprintf(field, sizeof(field), "groups[%zu]", i);
		if (!dsc_snapshot_group(st, groups->item[i]))
			return dsc_cmd_unknown(st, DSC_ROW_GROUP, field, groups->item[i], err);
	}
	return 0;
}

bool dsc_cmd_set_groups(struct dsc_txn *txn, uint64_t host_id, const struct dsc_list *groups)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	struct dsc_host *old = dsc_row_get(dsc_snapshot_host_id(st, host_id));
	struct dsc_tree *want = NULL, *changed = NULL;
	const struct dsc_member *m;
	void *value;
	uint64_t id;

	for (size_t i = 0; i < groups->nr; i++)
		dsc_tree_set(&want, &dsc_ids_ops,
			     dsc_id_value(dsc_snapshot_group(st, groups->item[i])->id));
	dsc_tree_each(m, old->groups, &dsc_host_group_ops)
	{
		if (dsc_tree_find(want, &dsc_ids_ops, &m->group_id))
			continue;
		dsc_txn_del(txn, m);
		dsc_tree_set(&changed, &dsc_ids_ops, dsc_id_value(m->group_id));
	}
	dsc_tree_each(value, want, &dsc_ids_ops)
	{
		id = dsc_id(value);
		if (dsc_tree_find(old->groups, &dsc_host_group_ops, &id))
			continue;
		add_member(txn, id, host_id);
		dsc_tree_set(&changed, &dsc_ids_ops, value);
	}
	dsc_tree_each(value, changed, &dsc_ids_ops)
	{
		put_changed(txn, dsc_id(value), NULL);
		add_targets(txn, dsc_id(value));
	}
	id = dsc_tree_count(changed);
	dsc_tree_put(want, &dsc_ids_ops);
	dsc_tree_put(changed, &dsc_ids_ops);
	dsc_row_put(old);
	return id > 0;
}

static int check(const struct dsc_group_in *in, struct cmn_err *err)
{
	char field[64];

	if (in->description && strlen(in->description) > 255)
		return cmn_err_set(err, -EINVAL, "description", "is longer than 255 bytes");
	if (dsc_cmd_check_paths(&in->paths, err) < 0)
		return err->code;
	for (size_t i = 0; in->members.set && i < in->members.nr; i++) {
		snprintf(field, sizeof(field), "members[%zu]", i);
		if (dsc_nqn_check(in->members.item[i], field, err) < 0)
			return err->code;
	}
	return 0;
}

/* -- commands ----------------------------------------------------------------------------------------------- */
int dsc_cmd_group_create(struct dsc_app *app, const struct dsc_group_in *in,
			 const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_group *g;
	struct dsc_txn *txn;
	uint64_t id;

	if (dsc_cmd_check_name(in->name, "name", err) < 0 || check(in, err) < 0)
		return err->code;
	if (dsc_snapshot_group(dsc_cmd_ahead(app), in->name))
		return cmn_err_set(err, -EEXIST, "name", "group %s exists already", in->name);
	txn = dsc_txn_begin(app->model);
	g = dsc_row_new(DSC_ROW_GROUP);
	id = g->id = dsc_txn_new_id(txn);
	snprintf(g->name, sizeof(g->name), "%s", in->name);
	snprintf(g->description, sizeof(g->description), "%s",
		 in->description ? in->description : "");
	dsc_cmd_set_paths(&in->paths, DSC_PATHS_UNSET, &g->path_policy, &g->max_paths);
	g->changed = dsc_txn_change(txn);
	g->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, g);
	if (in->members.set)
		set_members(txn, id, &in->members);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_group_update(struct dsc_app *app, const char *name, const struct dsc_group_in *in,
			 const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_group *g = dsc_cmd_find_group(dsc_cmd_ahead(app), name, err);
	struct dsc_txn *txn;
	bool changed;
	uint64_t id;

	if (!g || dsc_cmd_check_match(call, g->changed, err) < 0 || check(in, err) < 0)
		return err->code;
	id = g->id;
	changed = changes_row(g, in);
	txn = dsc_txn_begin(app->model);
	if (in->members.set && set_members(txn, id, &in->members))
		changed = true;
	if (!changed) {
		dsc_txn_abort(txn);
		return 1;
	}
	put_changed(txn, id, in);
	add_targets(txn, id);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_group_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			 struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_group *g = dsc_cmd_find_group(st, name, err);
	const struct dsc_member *m;
	struct dsc_txn *txn;
	uint64_t id;

	if (!g || dsc_cmd_check_match(call, g->changed, err) < 0)
		return err->code;
	if (!(call && call->force) && dsc_cmd_check_who_unused(st, g->id, err) < 0)
		return err->code;
	id = g->id;
	txn = dsc_txn_begin(app->model);
	add_targets(txn, id);
	dsc_cmd_drop_who(txn, id);
	while ((m = dsc_tree_next(dsc_snapshot_group_id(st, id)->members, &dsc_member_ops, NULL)))
		dsc_txn_del(txn, m);
	dsc_txn_del(txn, dsc_snapshot_group_id(st, id));
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_group_add(struct dsc_app *app, const char *name, const char *host_nqn,
		      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_group *g = dsc_cmd_find_group(st, name, err);
	const struct dsc_host *host;
	struct dsc_txn *txn;
	uint64_t id;

	if (!g || dsc_nqn_check(host_nqn, "host_nqn", err) < 0)
		return err->code;
	host = dsc_snapshot_host(st, host_nqn);
	if (host && dsc_tree_find(g->members, &dsc_member_ops, &host->id))
		return 1;
	id = g->id;
	txn = dsc_txn_begin(app->model);
	add_member(txn, id, dsc_cmd_need_who(txn, host_nqn));
	put_changed(txn, id, NULL);
	add_targets(txn, id);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_group_remove(struct dsc_app *app, const char *name, const char *host_nqn,
			 const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_group *g = dsc_cmd_find_group(st, name, err);
	const struct dsc_host *host = g ? dsc_cmd_find_host(st, host_nqn, err) : NULL;
	const struct dsc_member *m;
	struct dsc_txn *txn;
	uint64_t id;

	if (!host)
		return err->code;
	m = dsc_tree_find(g->members, &dsc_member_ops, &host->id);
	if (!m)
		return cmn_err_set(err, -ENOENT, NULL, "%.200s is not a member of the group",
				   host_nqn);
	id = g->id;
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, m);
	put_changed(txn, id, NULL);
	add_targets(txn, id);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}
