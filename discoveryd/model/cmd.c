/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd.c - what all commands do: find, check, link.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/zone_rows.h"
#include "discoveryd/model/model_impl.h"
#include "discoveryd/model/paths.h"
#include "discoveryd/supervise/supervise.h"

const struct dsc_snapshot *dsc_cmd_ahead(struct dsc_app *app)
{
	return &app->model->ahead;
}

/* -- finding --------------------------------------------------------------------------------------- */
#define FIND(what, words)                                                                          \
	const struct dsc_##what *dsc_cmd_find_##what(const struct dsc_snapshot *st,                \
						     const char *name, struct cmn_err *err)        \
	{                                                                                          \
		const struct dsc_##what *row = dsc_snapshot_##what(st, name);                      \
                                                                                                   \
		if (!row)                                                                          \
			cmn_err_set(err, -ENOENT, NULL, "there is no " words " %.200s", name);     \
		return row;                                                                        \
	}
FIND(subsys, "subsystem")
FIND(host, "host")
FIND(group, "group")
FIND(worker, "worker")
FIND(portal, "portal")

uint64_t dsc_cmd_find_who(const struct dsc_snapshot *st, const char *text, struct cmn_err *err)
{
	uint64_t id = dsc_snapshot_who(st, text);

	if (!id)
		cmn_err_set(err, -ENOENT, NULL, "there is no host or group %.200s", text);
	return id;
}

/* -- checks ------------------------------------------------------------------------------------------- */
int dsc_cmd_check_match(const struct dsc_call *call, uint64_t changed, struct cmn_err *err)
{
	if (!call || !call->if_match || call->if_match == changed)
		return 0;
	return cmn_err_set(err, -ESTALE, "If-Match", "it has changed meanwhile");
}

int dsc_cmd_check_name(const char *name, const char *field, struct cmn_err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(name);

	if (len < 1 || len > DSC_NAME_MAX)
		cmn_err_set(err, -EINVAL, field, "must have 1 to %d characters", DSC_NAME_MAX);
	else if (strspn(name, letters) < len)
		cmn_err_set(err, -EINVAL, field, "may hold letters, digits, '.', '_' and '-' only");
	else
		return 0;
	return cmn_err_valid(err, "1 to %d letters, digits, '.', '_' and '-'", DSC_NAME_MAX);
}

int dsc_cmd_check_ascii(const char *text, size_t max, const char *field, struct cmn_err *err)
{
	if (strlen(text) > max)
		return cmn_err_set(err, -EINVAL, field, "is longer than %zu bytes", max);
	for (const char *p = text; *p; p++) {
		if (*p < 0x20 || *p > 0x7e)
			return cmn_err_set(err, -EINVAL, field,
					   "may hold printable ASCII characters only");
	}
	return 0;
}

/* Base 2.1, 4.7: "nqn." yyyy-mm "." reverse domain [":" string], or the UUID form, UTF-8, at most 223 bytes. */
int dsc_nqn_check(const char *nqn, const char *field, struct cmn_err *err)
{
	static const char form[] = "nqn.dddd-dd.";
	size_t len = nqn ? strlen(nqn) : 0;

	if (!len)
		return cmn_err_set(err, -EINVAL, field, "is needed");
	if (len > DSC_NQN_MAX)
		return cmn_err_set(err, -EINVAL, field, "is longer than %d bytes", DSC_NQN_MAX);
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)nqn[i]) : nqn[i] != form[i])
			return cmn_err_set(err, -EINVAL, field,
					   "is not an NQN such as nqn.2026-11.example:name");
	}
	if (len < sizeof(form) || nqn[sizeof(form) - 1] == ':' || nqn[sizeof(form) - 1] == '.')
		return cmn_err_set(err, -EINVAL, field, "has no domain after the date");
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)nqn[i] <= 0x20 || nqn[i] == 0x7f)
			return cmn_err_set(err, -EINVAL, field,
					   "holds a space or a control character");
	}
	return 0;
}

int dsc_who_check(const struct dsc_snapshot *st, const char *text, const char *field,
		  struct cmn_err *err)
{
	if (!text || strncmp(text, DSC_GROUP_PREFIX, strlen(DSC_GROUP_PREFIX)) != 0)
		return dsc_nqn_check(text, field, err);
	if (dsc_snapshot_who_group(st, text))
		return 0;
	return dsc_cmd_unknown(st, DSC_ROW_GROUP, field, text + strlen(DSC_GROUP_PREFIX), err);
}

int dsc_cmd_check_whos(const struct dsc_snapshot *st, const struct dsc_list *list,
		       const char *field, struct cmn_err *err)
{
	char name[64];

	for (size_t i = 0; list->set && i < list->nr; i++) {
		snprintf(name, sizeof(name), "%s[%zu]", field, i);
		if (dsc_who_check(st, list->item[i], name, err) < 0)
			return err->code;
	}
	return 0;
}

bool dsc_cmd_has_id(const uint64_t *ids, size_t nr, uint64_t id)
{
	for (size_t i = 0; i < nr; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* -- links ---------------------------------------------------------------------------------------------- */
uint64_t dsc_cmd_need_who(struct dsc_txn *txn, const char *text)
{
	uint64_t id = dsc_snapshot_who(dsc_txn_state(txn), text);
	struct dsc_host *h;

	if (id)
		return id;
	h = dsc_row_new(DSC_ROW_HOST);
	id = h->id = dsc_txn_new_id(txn);
	snprintf(h->nqn, sizeof(h->nqn), "%s", text);
	h->changed = dsc_txn_change(txn);
	h->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, h);
	return id;
}

void dsc_cmd_allow_who(struct dsc_txn *txn, uint64_t subsys_id, uint64_t who_id)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(dsc_txn_state(txn), subsys_id);
	struct dsc_allow *a;

	if (dsc_tree_find(s->hosts, &dsc_allow_ops, &who_id))
		return;
	a = dsc_row_new(DSC_ROW_ALLOW);
	a->subsys_id = subsys_id;
	a->who_id = who_id;
	a->since = dsc_txn_change(txn);
	dsc_txn_put(txn, a);
}

void dsc_cmd_drop_link(struct dsc_txn *txn, uint64_t subsys_id, uint64_t who_id)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(dsc_txn_state(txn), subsys_id);
	const struct dsc_allow *a = dsc_tree_find(s->hosts, &dsc_allow_ops, &who_id);

	if (a)
		dsc_txn_del(txn, a);
}

void dsc_cmd_drop_fails(struct dsc_txn *txn, uint64_t subsys_id, uint64_t portal_id)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	struct dsc_fail key = { .subsys_id = subsys_id, .portal_id = portal_id };
	const struct dsc_fail *f = dsc_tree_find(st->fails, &dsc_fail_ops, &key);

	if (!f)
		f = dsc_tree_next(st->fails, &dsc_fail_ops, &key);
	while (f && f->subsys_id == subsys_id && (subsys_id || f->portal_id == portal_id)) {
		key = *f;
		dsc_txn_del(txn, f);
		f = dsc_tree_next(st->fails, &dsc_fail_ops, &key);
	}
}

void dsc_cmd_ns_link(struct dsc_txn *txn, const struct dsc_ns *ns, uint64_t who_id, bool del)
{
	struct dsc_ns_allow *a = dsc_row_new(DSC_ROW_NS_ALLOW);

	a->subsys_id = ns->subsys_id;
	a->nsid = ns->nsid;
	a->who_id = who_id;
	if (del) {
		dsc_txn_del(txn, a);
		dsc_row_put(a);
	} else {
		dsc_txn_put(txn, a);
	}
}

/* -- path policies ---------------------------------------------------------------------------------------- */
int dsc_cmd_check_paths(const struct dsc_paths_in *in, struct cmn_err *err)
{
	if (in->policy && *in->policy && dsc_path_policy_parse(in->policy) < 0)
		return cmn_err_set(err, -EINVAL, "path_policy",
				   "\"%.64s\" is none of all, local_first, spread", in->policy);
	if (in->max_set && in->max > DSC_MAX_PATHS)
		return cmn_err_set(err, -EINVAL, "max_paths", "is more than %u", DSC_MAX_PATHS);
	return 0;
}

bool dsc_cmd_set_paths(const struct dsc_paths_in *in, enum dsc_path_policy otherwise,
		       uint8_t *policy, uint32_t *max_paths)
{
	uint8_t old = *policy;
	uint32_t old_max = *max_paths;

	if (in->policy)
		*policy =
			(uint8_t)(*in->policy ? dsc_path_policy_parse(in->policy) : (int)otherwise);
	if (in->max_set)
		*max_paths = in->max;
	return *policy != old || *max_paths != old_max;
}

/* -- names for a 409 --------------------------------------------------------------------------------------- */
void dsc_names_add(struct dsc_names *names, const char *name)
{
	size_t used = strlen(names->text);

	names->nr++;
	if (names->shown + 1 < names->nr || used + strlen(name) + 24 > sizeof(names->text))
		return;
	snprintf(names->text + used, sizeof(names->text) - used, "%s%s", used ? ", " : "", name);
	names->shown++;
}

const char *dsc_names_text(struct dsc_names *names)
{
	size_t used = strlen(names->text);

	if (names->shown < names->nr)
		snprintf(names->text + used, sizeof(names->text) - used, "%s%u more",
			 used ? " and " : "", names->nr - names->shown);
	names->shown = names->nr;
	return names->text;
}

/* Kinds of which there are few enough to be told. */
static const struct {
	uint8_t kind;
	const char *what;
	const struct dsc_tree_ops *ops;
	size_t tree, name; /* in a snapshot, in a row */
} choices[] = {
#define CHOICES(kind, what, tree, row)                                                             \
	{                                                                                          \
		kind, what, &row##_ops, offsetof(struct dsc_snapshot, tree),                       \
			offsetof(struct row, name)                                                 \
	}
	CHOICES(DSC_ROW_WORKER, "worker", workers, dsc_worker),
	CHOICES(DSC_ROW_PORTAL, "portal", portals, dsc_portal),
	CHOICES(DSC_ROW_GROUP, "group", groups, dsc_group),
	CHOICES(DSC_ROW_ZONE_GROUP, "zone group", zone_groups, dsc_zone_group),
	CHOICES(DSC_ROW_USER, "user", users, dsc_user),
#undef CHOICES
};

int dsc_cmd_unknown(const struct dsc_snapshot *st, uint8_t kind, const char *field,
		    const char *name, struct cmn_err *err)
{
	struct dsc_names there = { .nr = 0 };
	const void *row;
	size_t i = 0;

	while (choices[i].kind != kind)
		i++;
	dsc_tree_each(row, *(struct dsc_tree *const *)((const char *)st + choices[i].tree),
		      choices[i].ops) dsc_names_add(&there, (const char *)row + choices[i].name);
	cmn_err_set(err, -EINVAL, field, "there is no %s %.64s", choices[i].what, name);
	return cmn_err_valid(err, "%s", there.nr ? dsc_names_text(&there) : "none is there");
}

struct connected {
	struct dsc_names *names;
	const char *portal;
	char last[DSC_NQN_MAX + 1];
};

static bool add_connected(void *arg, const struct dsc_controller *c)
{
	struct connected *in = arg;

	if (in->portal && strcmp(in->portal, c->portal) != 0)
		return true;
	if (strcmp(in->last, c->host_nqn) != 0)
		dsc_names_add(in->names, c->host_nqn);
	snprintf(in->last, sizeof(in->last), "%s", c->host_nqn);
	return true;
}

void dsc_names_connected(struct dsc_names *names, struct dsc_app *app, const char *nqn,
			 const char *host_nqn, const char *portal)
{
	struct connected in = { .names = names, .portal = portal };

	if (app->supervisor)
		dsc_supervisor_controllers(app->supervisor, nqn, host_nqn, add_connected, &in);
}
