/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_zone.c - ZoneDBConfig: zone groups, zones, aliases, their members.  Nothing of it is enforced until it is
 * activated (cmd_zoning.c).
 * Owns: nothing.  Thread: the control loop.  May block: never.  Spec: NVM Express Base 2.1, 8.3.2.3. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/zone_commands.h"

/* -- members ------------------------------------------------------------------------------------------ */
/* Beyond the specification's types: a label, a group of hosts, a prefix of addresses. */
static bool is_a_type(const struct dsc_zone_member *m)
{
	unsigned int has = m->has;

	if (has == DSC_ZE_LABEL || has == DSC_ZE_GROUP)
		return true;
	if (has & FAB_ZE_IP && m->at.bits != NET_IP_BITS)
		return has == (FAB_ZE_IP | FAB_ZE_PROTO) ||
		       has == (FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT);
	return fab_zone_type_of(has);
}

static int check_host(const struct dsc_zone_member *m, struct cmn_err *err)
{
	static const struct {
		uint16_t element;
		const char *field;
	} none[] = {
		{ FAB_ZE_PORT, "port" },
		{ FAB_ZE_PORTID, "portid" },
		{ FAB_ZE_ADRFAM, "family" },
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (m->has & none[i].element)
			return cmn_err_set(err, -EINVAL, none[i].field,
					   "a host has none of its own; only subsystems do");
	}
	return 0;
}

static int check_member(const struct dsc_zone_member *m, bool in_alias, struct cmn_err *err)
{
	if (m->has & FAB_ZE_ALIAS) {
		if (in_alias)
			return cmn_err_set(err, -EINVAL, "alias", "an alias can't name aliases");
		return dsc_cmd_check_name(m->text, "alias", err);
	}
	if (m->role != NVMF_ZONE_HOST && m->role != NVMF_ZONE_SUBSYSTEM)
		return cmn_err_set(err, -EINVAL, "role", "must be host or subsystem");
	if (m->has & FAB_ZE_NQN && dsc_nqn_check(m->text, "nqn", err) < 0)
		return err->code;
	if (m->has & DSC_ZE_GROUP && m->role != NVMF_ZONE_HOST)
		return cmn_err_set(err, -EINVAL, "group", "groups are of hosts");
	if (m->has & DSC_ZE_LABEL && (!*m->text || strchr(m->text, '\n')))
		return cmn_err_set(err, -EINVAL, "label", "must be one line, and not empty");
	if (m->role == NVMF_ZONE_HOST && check_host(m, err) < 0)
		return err->code;
	if (!is_a_type(m))
		return cmn_err_set(err, -EINVAL, NULL,
				   "a member is told by nqn; nqn and address; nqn, address and "
				   "port; these and "
				   "portid; nqn and portid; nqn, portid and family; address; "
				   "address and port; "
				   "label; group; or alias");
	return 0;
}

/* Checks them and adds their lines. */
static int add_members(struct dsc_lines *lines, const struct dsc_members_in *in, const char *field,
		       bool in_alias, struct cmn_err *err)
{
	char line[DSC_ZONE_LINE], at[32];

	for (size_t i = 0; i < in->nr; i++) {
		if (check_member(&in->item[i], in_alias, err) < 0) {
			snprintf(at, sizeof(at), "%s[%zu]", field, i);
			cmn_err_prefix(err, at);
			return err->code;
		}
		dsc_lines_add(lines, dsc_zone_member_format(&in->item[i], line));
	}
	return 0;
}

/* The text of members that there will be: old (NULL: none) with what comes, less what goes. */
static int merge_members(const char *old, const struct dsc_zone_in *in, char **ret,
			 struct cmn_err *err)
{
	struct dsc_lines all = { 0 }, gone = { 0 };
	bool alias = !in->group;
	size_t kept = 0;
	int rc = 0;

	if (old && !in->members.set)
		dsc_lines_split(&all, old);
	if (add_members(&all, &in->members, "members", alias, err) < 0 ||
	    add_members(&all, &in->add, "add", alias, err) < 0 ||
	    add_members(&gone, &in->remove, "remove", alias, err) < 0)
		rc = err->code;
	dsc_lines_sort(&all);
	dsc_lines_sort(&gone);
	for (size_t i = 0; i < all.nr; i++) {
		if (dsc_lines_has(&gone, all.line[i]))
			free(all.line[i]);
		else
			all.line[kept++] = all.line[i];
	}
	all.nr = kept;
	if (!rc && kept > DSC_ZONE_MEMBERS_MAX)
		rc = cmn_err_set(err, -ENOSPC, "members", "there can be %d at most",
				 DSC_ZONE_MEMBERS_MAX);
	if (!rc)
		*ret = dsc_lines_join(&all);
	dsc_lines_free(&all);
	dsc_lines_free(&gone);
	return rc;
}

/* -- groups --------------------------------------------------------------------------------------------- */
static const struct dsc_zone_group *find_group(struct dsc_app *app, const char *name,
					       struct cmn_err *err)
{
	const struct dsc_zone_group *g = dsc_snapshot_zone_group(dsc_cmd_ahead(app), name);

	if (!g)
		cmn_err_set(err, -ENOENT, NULL, "there is no zone group %.64s", name);
	return g;
}

static int check_description(const char *text, struct cmn_err *err)
{
	if (text && strlen(text) > 255)
		return cmn_err_set(err, -EINVAL, "description", "is longer than 255 bytes");
	return 0;
}

int dsc_cmd_zone_group_create(struct dsc_app *app, const char *name, const char *description,
			      const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_zone_group *g;
	struct dsc_txn *txn;

	if (dsc_cmd_check_name(name, "name", err) < 0 || check_description(description, err) < 0)
		return err->code;
	if (strlen(name) > DSC_ZONE_GROUP_NAME_MAX)
		return cmn_err_set(err, -EINVAL, "name", "is longer than %d bytes",
				   DSC_ZONE_GROUP_NAME_MAX);
	if (dsc_snapshot_zone_group(dsc_cmd_ahead(app), name))
		return cmn_err_set(err, -EEXIST, "name", "zone group %s exists already", name);
	txn = dsc_txn_begin(app->model);
	g = dsc_row_new(DSC_ROW_ZONE_GROUP);
	g->id = dsc_txn_new_id(txn);
	snprintf(g->name, sizeof(g->name), "%s", name);
	g->description = dsc_strdup(description ? description : "");
	g->changed = dsc_txn_change(txn);
	g->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, g);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_zone_group_update(struct dsc_app *app, const char *name, const char *description,
			      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_zone_group *old = find_group(app, name, err);
	struct dsc_zone_group *g;
	struct dsc_txn *txn;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 ||
	    check_description(description, err) < 0)
		return err->code;
	if (!description || !strcmp(description, old->description))
		return 1;
	txn = dsc_txn_begin(app->model);
	g = dsc_row_copy(old);
	free(g->description);
	g->description = dsc_strdup(description);
	g->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, g);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_zone_group_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			      struct cmn_err *err)
{
	const struct dsc_zone_group *g = find_group(app, name, err);
	const struct dsc_zone *z;
	struct dsc_txn *txn;

	if (!g || dsc_cmd_check_match(call, g->changed, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	while ((g = dsc_snapshot_zone_group(dsc_txn_state(txn), name)) &&
	       (z = dsc_tree_next(g->zones, &dsc_zone_ops, NULL)))
		dsc_txn_del(txn, z);
	dsc_txn_del(txn, g);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

/* -- zones ------------------------------------------------------------------------------------------------ */
static const struct dsc_zone *find_zone(struct dsc_app *app, const char *group, const char *name,
					struct cmn_err *err)
{
	const struct dsc_zone_group *g = find_group(app, group, err);
	const struct dsc_zone *z = g ? dsc_snapshot_zone_named(g, name) : NULL;

	if (g && !z)
		cmn_err_set(err, -ENOENT, NULL, "zone group %s has no zone %.64s", group, name);
	return z;
}

int dsc_cmd_zone_create(struct dsc_app *app, const struct dsc_zone_in *in,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_zone_group *g = find_group(app, in->group, err);
	char *members = NULL;
	struct dsc_txn *txn;
	struct dsc_zone *z;

	if (!g || dsc_cmd_check_name(in->name, "name", err) < 0)
		return err->code;
	if (dsc_snapshot_zone_named(g, in->name))
		return cmn_err_set(err, -EEXIST, "name", "zone group %s has a zone %s already",
				   g->name, in->name);
	if (dsc_tree_count(g->zones) >= DSC_ZONES_MAX)
		return cmn_err_set(err, -ENOSPC, NULL, "zone group %s has %d zones already",
				   g->name, DSC_ZONES_MAX);
	if (merge_members(NULL, in, &members, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	z = dsc_row_new(DSC_ROW_ZONE);
	z->id = dsc_txn_new_id(txn);
	z->group_id = g->id;
	snprintf(z->name, sizeof(z->name), "%s", in->name);
	z->enforced = in->enforced == DSC_YES;
	z->members = members;
	z->changed = dsc_txn_change(txn);
	z->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, z);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_zone_update(struct dsc_app *app, const struct dsc_zone_in *in,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_zone *old = find_zone(app, in->group, in->name, err);
	bool enforced;
	char *members = NULL;
	struct dsc_txn *txn;
	struct dsc_zone *z;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 ||
	    merge_members(old->members, in, &members, err) < 0)
		return err->code;
	enforced = in->enforced == DSC_UNSET ? old->enforced : in->enforced == DSC_YES;
	if (enforced == old->enforced && !strcmp(members, old->members)) {
		free(members);
		return 1;
	}
	txn = dsc_txn_begin(app->model);
	z = dsc_row_copy(old);
	free(z->members);
	z->members = members;
	z->enforced = enforced;
	z->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, z);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_zone_delete(struct dsc_app *app, const char *group, const char *name,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_zone *z = find_zone(app, group, name, err);
	struct dsc_txn *txn;

	if (!z || dsc_cmd_check_match(call, z->changed, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, z);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

/* -- aliases ------------------------------------------------------------------------------------------------ */
static const struct dsc_zone_alias *find_alias(struct dsc_app *app, const char *name,
					       struct cmn_err *err)
{
	const struct dsc_zone_alias *a = dsc_snapshot_zone_alias(dsc_cmd_ahead(app), name);

	if (!a)
		cmn_err_set(err, -ENOENT, NULL, "there is no zone alias %.64s", name);
	return a;
}

int dsc_cmd_zone_alias_create(struct dsc_app *app, const struct dsc_zone_in *in,
			      const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_zone_alias *a;
	char *members = NULL;
	struct dsc_txn *txn;

	if (dsc_cmd_check_name(in->name, "name", err) < 0)
		return err->code;
	if (dsc_snapshot_zone_alias(dsc_cmd_ahead(app), in->name))
		return cmn_err_set(err, -EEXIST, "name", "zone alias %s exists already", in->name);
	if (merge_members(NULL, in, &members, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	a = dsc_row_new(DSC_ROW_ZONE_ALIAS);
	a->id = dsc_txn_new_id(txn);
	snprintf(a->name, sizeof(a->name), "%s", in->name);
	a->members = members;
	a->changed = dsc_txn_change(txn);
	a->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, a);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_zone_alias_update(struct dsc_app *app, const struct dsc_zone_in *in,
			      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_zone_alias *old = find_alias(app, in->name, err);
	struct dsc_zone_alias *a;
	char *members = NULL;
	struct dsc_txn *txn;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 ||
	    merge_members(old->members, in, &members, err) < 0)
		return err->code;
	if (!strcmp(members, old->members)) {
		free(members);
		return 1;
	}
	txn = dsc_txn_begin(app->model);
	a = dsc_row_copy(old);
	free(a->members);
	a->members = members;
	a->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, a);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

static bool has_line(const char *text, struct dsc_slice wanted)
{
	struct dsc_slice line;

	while (dsc_slice_line(&text, &line))
		if (dsc_slice_cmp(line, wanted) == 0)
			return true;
	return false;
}

void dsc_zone_users(const struct dsc_snapshot *st, const struct dsc_zone_member *m,
		    void (*fn)(void *arg, const char *user), void *arg)
{
	const struct dsc_zone_alias *alias;
	const struct dsc_zone_group *g;
	const struct dsc_zone *z;
	char line[DSC_ZONE_LINE], user[128];
	struct dsc_slice wanted = dsc_slice_of(dsc_zone_member_format(m, line));

	dsc_tree_each(alias, st->zone_aliases, &dsc_zone_alias_ops)
	{
		snprintf(user, sizeof(user), "zone alias %s", alias->name);
		if (has_line(alias->members, wanted))
			fn(arg, user);
	}
	dsc_tree_each(g, st->zone_groups, &dsc_zone_group_ops)
	{
		dsc_tree_each(z, g->zones, &dsc_zone_ops)
		{
			snprintf(user, sizeof(user), "zone %s/%s", g->name, z->name);
			if (has_line(z->members, wanted))
				fn(arg, user);
		}
	}
}

/* The text without the line; free() it. */
static char *without(const char *text, const char *line)
{
	struct dsc_lines lines = { 0 };
	size_t kept = 0;
	char *joined;

	dsc_lines_split(&lines, text);
	for (size_t i = 0; i < lines.nr; i++) {
		if (strcmp(lines.line[i], line) == 0)
			free(lines.line[i]);
		else
			lines.line[kept++] = lines.line[i];
	}
	lines.nr = kept;
	joined = dsc_lines_join(&lines);
	dsc_lines_free(&lines);
	return joined;
}

static void drop_from_zone(struct dsc_txn *txn, const struct dsc_zone *old, const char *line)
{
	struct dsc_zone *z;

	if (!has_line(old->members, dsc_slice_of(line)))
		return;
	z = dsc_row_copy(old);
	free(z->members);
	z->members = without(old->members, line);
	z->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, z);
}

static void drop_from_alias(struct dsc_txn *txn, const struct dsc_zone_alias *old, const char *line)
{
	struct dsc_zone_alias *a;

	if (!has_line(old->members, dsc_slice_of(line)))
		return;
	a = dsc_row_copy(old);
	free(a->members);
	a->members = without(old->members, line);
	a->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, a);
}

/* Rows are put while they are walked: by their keys, which stay. */
void dsc_zone_drop_member(struct dsc_txn *txn, const struct dsc_zone_member *m)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_zone_alias *alias;
	const struct dsc_zone_group *g;
	const struct dsc_zone *z;
	uint64_t group = 0, at = 0;
	char line[DSC_ZONE_LINE], name[DSC_ZONE_NAME_MAX + 1];

	dsc_zone_member_format(m, line);
	while ((alias = dsc_tree_next(st->zone_aliases, &dsc_zone_alias_ops, &at))) {
		at = alias->id;
		drop_from_alias(txn, alias, line);
	}
	while ((g = dsc_tree_next(st->zone_groups, &dsc_zone_group_ops, &group))) {
		group = g->id;
		for (z = dsc_tree_next(g->zones, &dsc_zone_ops, NULL); z;
		     z = dsc_tree_next(dsc_snapshot_zone_group_id(st, group)->zones, &dsc_zone_ops,
				       name)) {
			snprintf(name, sizeof(name), "%s", z->name);
			drop_from_zone(txn, z, line);
		}
	}
}

static void add_user(void *arg, const char *user)
{
	dsc_names_add(arg, user);
}

int dsc_cmd_zone_alias_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			      struct cmn_err *err)
{
	const struct dsc_zone_alias *a = find_alias(app, name, err);
	struct dsc_zone_member m = { .has = FAB_ZE_ALIAS };
	struct dsc_names users = { .nr = 0 };
	struct dsc_txn *txn;

	if (!a || dsc_cmd_check_match(call, a->changed, err) < 0)
		return err->code;
	snprintf(m.text, sizeof(m.text), "%s", name);
	if (!(call && call->force))
		dsc_zone_users(dsc_cmd_ahead(app), &m, add_user, &users);
	if (users.nr)
		return cmn_err_set(err, -EBUSY, NULL, "it is named by: %s", dsc_names_text(&users));
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, a);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}
