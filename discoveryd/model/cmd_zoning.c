/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_zoning.c - ZoneDBActive: activation, roll-back, settings.  Each makes one more version of what is enforced, in
 * one transaction with all that follows from it.
 * Owns: nothing.  Thread: the control loop.  May block: never.  Spec: NVM Express Base 2.1, 8.3.2.3. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/cmd_zoning.h"

#define FORMS_ON_THE_WAY 8

/* -- from what is configured to what is enforced -------------------------------------------------------- */
static int no_such(struct cmn_err *err, const struct dsc_zone *z, const struct dsc_zone_group *g,
		   const char *what, const char *name)
{
	return cmn_err_set(err, -EINVAL, "groups", "zone %s/%s names %s %.64s, which there is not",
			   g->name, z->name, what, name);
}

/* The hosts of a group, a line each. */
static int expand_group(const struct dsc_snapshot *st, const char *name, struct dsc_lines *ret)
{
	struct dsc_zone_member m = { .has = FAB_ZE_NQN, .role = NVMF_ZONE_HOST };
	const struct dsc_group *g = dsc_snapshot_group(st, name);
	const struct dsc_host *host = NULL;
	char line[DSC_ZONE_LINE];

	if (!g)
		return -ENOENT;
	while ((host = dsc_snapshot_who_host(st, g->id, host ? host->id : 0))) {
		snprintf(m.text, sizeof(m.text), "%s", host->nqn);
		dsc_lines_add(ret, dsc_zone_member_format(&m, line));
	}
	return 0;
}

/* The lines of a zone as they are enforced: aliases and groups of hosts are what is in them now. */
static int resolve_zone(const struct dsc_snapshot *st, const struct dsc_zone_group *g,
			const struct dsc_zone *z, struct dsc_lines *ret, struct cmn_err *err)
{
	const struct dsc_zone_alias *alias;
	struct dsc_lines lines = { 0 };
	struct dsc_zone_member m;
	int rc = 0;

	dsc_lines_split(&lines, z->members);
	/* What an alias stands for is appended, and looked at in its turn. */
	for (size_t i = 0; i < lines.nr && !rc; i++) {
		if (!dsc_zone_member_parse(dsc_slice_of(lines.line[i]), &m))
			continue;
		if (m.has & FAB_ZE_ALIAS) {
			alias = dsc_snapshot_zone_alias(st, m.text);
			if (alias)
				dsc_lines_split(&lines, alias->members);
			else
				rc = no_such(err, z, g, "alias", m.text);
		} else if (m.has & DSC_ZE_GROUP) {
			if (expand_group(st, m.text, ret) < 0)
				rc = no_such(err, z, g, "group of hosts", m.text);
		} else {
			dsc_lines_add(ret, lines.line[i]);
		}
	}
	dsc_lines_free(&lines);
	dsc_lines_sort(ret);
	if (!rc && ret->nr > DSC_ZONE_MEMBERS_MAX)
		rc = cmn_err_set(err, -ENOSPC, "groups", "zone %s/%s has %zu members, at most %d",
				 g->name, z->name, ret->nr, DSC_ZONE_MEMBERS_MAX);
	return rc;
}

/* The text of the group when it is active; free() it. */
static int resolve_group(const struct dsc_snapshot *st, const struct dsc_zone_group *g, char **ret,
			 struct cmn_err *err)
{
	char header[DSC_ZONE_NAME_MAX + 8];
	struct dsc_lines text = { 0 };
	const struct dsc_zone *z;
	int rc = 0;

	dsc_tree_each(z, g->zones, &dsc_zone_ops)
	{
		struct dsc_lines members = { 0 };

		snprintf(header, sizeof(header), "zone%s %s", z->enforced ? "!" : "", z->name);
		dsc_lines_add(&text, header);
		rc = resolve_zone(st, g, z, &members, err);
		for (size_t i = 0; i < members.nr && !rc; i++)
			dsc_lines_add(&text, members.line[i]);
		dsc_lines_free(&members);
		if (rc)
			break;
	}
	if (!rc)
		*ret = dsc_lines_join(&text);
	dsc_lines_free(&text);
	return rc;
}

/* -- configured against enforced ------------------------------------------------------------------------ */
const char *const dsc_zone_state_name[DSC_ZONE_STATE_COUNT + 1] = {
	[DSC_ZONE_INACTIVE] = "inactive",
	[DSC_ZONE_ACTIVE] = "active",
	[DSC_ZONE_CHANGED] = "changed",
	[DSC_ZONE_INVALID] = "invalid",
};

enum dsc_zone_state dsc_zone_group_state(const struct dsc_snapshot *snap,
					 const struct dsc_zone_group *group)
{
	const struct dsc_zone_active *a = dsc_snapshot_zone_active(snap, "", group->name);
	enum dsc_zone_state state = DSC_ZONE_INACTIVE;
	char *zones = NULL;

	if (resolve_group(snap, group, &zones, NULL) < 0)
		return DSC_ZONE_INVALID;
	if (a)
		state = strcmp(a->zones, zones) ? DSC_ZONE_CHANGED : DSC_ZONE_ACTIVE;
	free(zones);
	return state;
}

bool dsc_zoning_is_pending(const struct dsc_snapshot *snap)
{
	const struct dsc_zone_active *a = NULL;
	const struct dsc_zone_group *g;

	dsc_tree_each(g, snap->zone_groups, &dsc_zone_group_ops)
	{
		if (dsc_zone_group_state(snap, g) != DSC_ZONE_ACTIVE)
			return true;
	}
	while ((a = dsc_snapshot_zone_active_after(snap, a)) && !*a->originator) {
		if (!dsc_snapshot_zone_group(snap, a->name))
			return true;
	}
	return false;
}

/* -- versions --------------------------------------------------------------------------------------------- */
static uint32_t next_generation(uint32_t generation)
{
	return generation == UINT32_MAX ? 1 : generation + 1;
}

void dsc_zone_end_active(struct dsc_txn *txn, const struct dsc_zone_active *old)
{
	struct dsc_zone_active *ended = dsc_row_copy(old);

	ended->until = dsc_txn_change(txn);
	dsc_txn_put(txn, ended);
}

void dsc_zone_put_active(struct dsc_txn *txn, const char *originator, const char *name,
			 uint32_t key, char *zones)
{
	const struct dsc_zone_active *old =
		dsc_snapshot_zone_active(dsc_txn_state(txn), originator, name);
	struct dsc_zone_active *a = dsc_row_new(DSC_ROW_ZONE_ACTIVE);

	a->id = dsc_txn_new_id(txn);
	snprintf(a->originator, sizeof(a->originator), "%s", originator);
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->generation = next_generation(old ? old->generation : 0);
	a->key = old ? old->key : key ? key : (uint32_t)a->id;
	a->since = dsc_txn_change(txn);
	a->activated_ms = cmn_wall_ms();
	a->zones = zones;
	if (old)
		dsc_zone_end_active(txn, old);
	dsc_txn_put(txn, a);
}

/* A worker has it in force, or is on its way to it: of those the nr newest do. */
static bool is_needed(const struct dsc_snapshot *st, const struct dsc_zoning *z,
		      const struct dsc_zoning *next, size_t nr)
{
	const struct dsc_worker *w;

	dsc_tree_each(w, st->workers, &dsc_worker_ops)
	{
		if (w->confirmed < dsc_zoning_since(next) &&
		    (w->confirmed >= dsc_zoning_since(z) || nr <= FORMS_ON_THE_WAY))
			return true;
	}
	return false;
}

static void trim_forms(struct dsc_txn *txn)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_zoning *z = dsc_tree_next(st->zonings, &dsc_zoning_ops, NULL), *next;
	size_t nr = dsc_tree_count(st->zonings);
	uint64_t since = dsc_zoning_since(z);

	for (; (next = dsc_tree_next(st->zonings, &dsc_zoning_ops, &since)); z = next, nr--) {
		since = dsc_zoning_since(next);
		if (!is_needed(st, z, next, nr))
			dsc_txn_del(txn, z);
	}
}

static void trim_history(struct dsc_txn *txn)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_zone_past *first;
	const struct dsc_zone_active *a;
	uint64_t id = 0;

	while (dsc_tree_count(st->zone_pasts) > DSC_ZONE_PASTS_MAX)
		dsc_txn_del(txn, dsc_tree_next(st->zone_pasts, &dsc_zone_past_ops, NULL));
	first = dsc_tree_next(st->zone_pasts, &dsc_zone_past_ops, NULL);
	while ((a = dsc_tree_next(st->zone_actives, &dsc_zone_active_ops, &id))) {
		id = a->id;
		if (a->until && a->until <= first->change)
			dsc_txn_del(txn, a);
	}
}

struct dsc_zone_past *dsc_zone_new_version(struct dsc_txn *txn, enum dsc_zone_past_kind kind)
{
	const struct dsc_zone_settings *s = dsc_snapshot_zone_settings(dsc_txn_state(txn));
	struct dsc_zone_past *past = dsc_row_new(DSC_ROW_ZONE_PAST);

	past->change = dsc_txn_change(txn);
	past->wall_ms = cmn_wall_ms();
	past->kind = (uint8_t)kind;
	past->enabled = s->enabled;
	past->closed = s->closed;
	past->ddcs = dsc_strdup(s->ddcs);
	past->note = dsc_strdup("");
	past->summary = dsc_strdup("");
	return past;
}

/* The form that was in force before this change: a batch may make several within one, of which the last has all. */
static const struct dsc_zoning *form_before(const struct dsc_snapshot *st, uint64_t change)
{
	const struct dsc_zoning *z, *last = NULL;

	dsc_tree_each(z, st->zonings, &dsc_zoning_ops)
	{
		if (z->since < change)
			last = z;
	}
	return last;
}

static void await_workers(struct dsc_txn *txn, const struct dsc_zoning *z)
{
	struct dsc_tree *workers = NULL;
	const struct dsc_subsys *s;
	void *id;

	for (size_t i = 0; i < z->delta.nr_changed; i++) {
		s = dsc_snapshot_subsys_id(dsc_txn_state(txn), z->delta.changed[i]);
		if (s && s->worker_id && !dsc_tree_find(workers, &dsc_ids_ops, &s->worker_id))
			dsc_tree_set(&workers, &dsc_ids_ops, dsc_id_value(s->worker_id));
	}
	dsc_tree_each(id, workers, &dsc_ids_ops)
		dsc_txn_also(txn, &(struct dsc_target){ .worker_id = dsc_id(id) });
	dsc_tree_put(workers, &dsc_ids_ops);
}

void dsc_zone_put_version(struct dsc_txn *txn, struct dsc_zone_past *past)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	struct dsc_zoning *z = dsc_zoning_compile(st, past);

	dsc_zone_delta_make(z, form_before(st, past->change), st);
	dsc_txn_put(txn, past);
	dsc_txn_put(txn, z);
	await_workers(txn, z);
	trim_forms(txn);
	trim_history(txn);
}

/* -- being told -------------------------------------------------------------------------------------------- */
void dsc_zone_past_tell(struct dsc_app *app, const struct dsc_zone_past *past)
{
	static const struct {
		const char *kind, *words;
	} events[DSC_ZONE_PAST_COUNT] = {
		[DSC_ZONE_PAST_ACTIVATION] = { "zoning.activated", "zones activated: " },
		[DSC_ZONE_PAST_ROLLBACK] = { "zoning.rolled_back", "zoning is again " },
		[DSC_ZONE_PAST_SETTINGS] = { "zoning.settings", "" },
		[DSC_ZONE_PAST_DDC] = { "zoning.ddc", "" },
	};
	struct json_object *data = json_object_new_object();
	char text[400];

	snprintf(text, sizeof(text), "%s%s", events[past->kind].words, past->summary);
	json_object_object_add(data, "change", json_object_new_uint64(past->change));
	dsc_event_with(app, DSC_INFO, events[past->kind].kind, text, data);
	json_object_put(data);
}

/* Its name in the outcome is the change. */
static void commit(struct dsc_txn *txn, const struct dsc_call *call)
{
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)dsc_txn_change(txn));
	dsc_txn_commit(txn, call, NULL, name);
}

/* -- our own groups ------------------------------------------------------------------------------------------ */
/* A group as it shall be: text NULL, not at all. */
struct wanted {
	char name[DSC_ZONE_GROUP_NAME_MAX + 1];
	char *zones;
};

struct plan {
	struct wanted *group;
	size_t nr, max;
	char summary[256];
};

static void plan_add(struct plan *p, const char *name, char *zones)
{
	p->group = dsc_grow(p->group, p->nr, &p->max, sizeof(*p->group));
	snprintf(p->group[p->nr].name, sizeof(p->group[p->nr].name), "%s", name);
	p->group[p->nr++].zones = zones;
}

static void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->nr; i++)
		free(p->group[i].zones);
	free(p->group);
}

/* As it is configured, if it is. */
static int plan_configured(struct plan *p, const struct dsc_snapshot *st, const char *name,
			   struct cmn_err *err)
{
	const struct dsc_zone_group *g = dsc_snapshot_zone_group(st, name);
	char *zones = NULL;

	if (g && resolve_group(st, g, &zones, err) < 0)
		return err->code;
	plan_add(p, name, zones);
	return 0;
}

static int plan_named(struct plan *p, const struct dsc_snapshot *st, const struct dsc_list *groups,
		      struct cmn_err *err)
{
	char field[32];

	for (size_t i = 0; i < groups->nr; i++) {
		if (!dsc_snapshot_zone_group(st, groups->item[i]) &&
		    !dsc_snapshot_zone_active(st, "", groups->item[i])) {
			snprintf(field, sizeof(field), "groups[%zu]", i);
			return dsc_cmd_unknown(st, DSC_ROW_ZONE_GROUP, field, groups->item[i], err);
		}
		if (plan_configured(p, st, groups->item[i], err) < 0)
			return err->code;
	}
	return 0;
}

static int plan_all(struct plan *p, const struct dsc_snapshot *st, struct cmn_err *err)
{
	const struct dsc_zone_active *a = NULL;
	const struct dsc_zone_group *g = NULL;

	while ((g = dsc_snapshot_zone_group_after(st, g ? g->name : NULL))) {
		if (plan_configured(p, st, g->name, err) < 0)
			return err->code;
	}
	while ((a = dsc_snapshot_zone_active_after(st, a)) && !*a->originator) {
		if (!dsc_snapshot_zone_group(st, a->name))
			plan_add(p, a->name, NULL);
	}
	return 0;
}

static bool plan_has(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->nr; i++) {
		if (!strcmp(p->group[i].name, name))
			return true;
	}
	return false;
}

static void plan_past(struct plan *p, const struct dsc_snapshot *st, uint64_t change)
{
	const struct dsc_zone_active *a = NULL;

	while ((a = dsc_snapshot_zone_active_at(st, change, a ? a->id : 0))) {
		if (!*a->originator)
			plan_add(p, a->name, dsc_strdup(a->zones));
	}
	for (a = NULL; (a = dsc_snapshot_zone_active_after(st, a)) && !*a->originator;) {
		if (!plan_has(p, a->name))
			plan_add(p, a->name, NULL);
	}
}

/* False: it is so already. */
static bool want(struct dsc_txn *txn, struct wanted *w, struct dsc_names *changed,
		 struct dsc_names *ended)
{
	const struct dsc_zone_active *old =
		dsc_snapshot_zone_active(dsc_txn_state(txn), "", w->name);

	if (w->zones ? old && !strcmp(old->zones, w->zones) : !old)
		return false;
	if (!w->zones) {
		dsc_zone_end_active(txn, old);
		dsc_names_add(ended, w->name);
		return true;
	}
	dsc_zone_put_active(txn, "", w->name, 0, w->zones);
	w->zones = NULL;
	dsc_names_add(changed, w->name);
	return true;
}

static bool carry_out(struct plan *p, struct dsc_txn *txn)
{
	struct dsc_names changed = { .nr = 0 }, ended = { .nr = 0 };
	size_t len;
	bool any = false;

	for (size_t i = 0; i < p->nr; i++)
		any |= want(txn, &p->group[i], &changed, &ended);
	len = (size_t)snprintf(p->summary, sizeof(p->summary), "%s%.100s",
			       changed.nr ? "active: " : "",
			       changed.nr ? dsc_names_text(&changed) : "");
	if (ended.nr)
		snprintf(p->summary + len, sizeof(p->summary) - len, "%sended: %.100s",
			 len ? "; " : "", dsc_names_text(&ended));
	return any;
}

static void set_text(char **text, const char *to)
{
	free(*text);
	*text = dsc_strdup(to);
}

static int check_note(const char *note, struct cmn_err *err)
{
	if (note && strlen(note) > 255)
		return cmn_err_set(err, -EINVAL, "note", "is longer than 255 bytes");
	return 0;
}

static bool same_grace(const struct dsc_snapshot *st, bool grace)
{
	const struct dsc_zoning *z = dsc_snapshot_zoning(st);

	return (z && z->grace) == grace;
}

int dsc_cmd_zoning_activate(struct dsc_app *app, const struct dsc_activate_in *in,
			    const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	bool named = in->groups.set && !in->groups.null, any;
	struct plan plan = { 0 };
	struct dsc_zone_past *past;
	struct dsc_txn *txn;
	int rc = check_note(in->note, err);

	if (!rc)
		rc = named ? plan_named(&plan, st, &in->groups, err) : plan_all(&plan, st, err);
	if (rc) {
		plan_free(&plan);
		return rc;
	}
	txn = dsc_txn_begin(app->model);
	any = carry_out(&plan, txn);
	plan_free(&plan);
	if (!any && same_grace(st, in->grace)) {
		dsc_txn_abort(txn);
		return 1;
	}
	past = dsc_zone_new_version(txn, DSC_ZONE_PAST_ACTIVATION);
	past->grace = in->grace;
	set_text(&past->note, in->note ? in->note : "");
	set_text(&past->summary, any ? plan.summary : in->grace ? "with grace" : "without grace");
	dsc_zone_put_version(txn, past);
	commit(txn, call);
	return 0;
}

/* -- settings --------------------------------------------------------------------------------------------------- */
static struct dsc_zone_settings *edit_settings(struct dsc_txn *txn)
{
	struct dsc_zone_settings *s = dsc_row_copy(dsc_snapshot_zone_settings(dsc_txn_state(txn)));

	s->changed = dsc_txn_change(txn);
	return s;
}

int dsc_cmd_zoning_rollback(struct dsc_app *app, uint64_t change, const struct dsc_activate_in *in,
			    const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_zone_past *to = dsc_snapshot_zone_past(st, change);
	const struct dsc_zone_settings *now = dsc_snapshot_zone_settings(st);
	struct dsc_zone_settings *s;
	struct dsc_zone_past *past;
	struct plan plan = { 0 };
	char text[sizeof(plan.summary) + 40];
	struct dsc_txn *txn;
	bool any, set;

	if (check_note(in->note, err) < 0)
		return err->code;
	if (!to)
		return cmn_err_set(err, -ENOENT, "change", "the history has no change %llu",
				   (unsigned long long)change);
	set = now->enabled != to->enabled || now->closed != to->closed;
	plan_past(&plan, st, change);
	txn = dsc_txn_begin(app->model);
	any = carry_out(&plan, txn);
	plan_free(&plan);
	if (!any && !set && same_grace(st, in->grace)) {
		dsc_txn_abort(txn);
		return 1;
	}
	if (set) {
		s = edit_settings(txn);
		s->enabled = to->enabled;
		s->closed = to->closed;
		dsc_txn_put(txn, s);
	}
	past = dsc_zone_new_version(txn, DSC_ZONE_PAST_ROLLBACK);
	past->grace = in->grace;
	set_text(&past->note, in->note ? in->note : "");
	snprintf(text, sizeof(text), "as at change %llu: %s", (unsigned long long)change,
		 *plan.summary ? plan.summary : "settings");
	set_text(&past->summary, text);
	dsc_zone_put_version(txn, past);
	commit(txn, call);
	return 0;
}

static int check_nqns(const struct dsc_list *list, struct cmn_err *err)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (dsc_nqn_check(list->item[i], "ddcs", err) < 0)
			return err->code;
	}
	return 0;
}

/* Sorted lines, as dsc_zone_settings has them. */
static int make_ddcs(const struct dsc_zoning_in *in, char **ret, struct cmn_err *err)
{
	struct dsc_lines lines = { 0 };
	char text[DSC_NQN_MAX + 5];
	int rc = 0;

	if (check_nqns(&in->ddcs, err) < 0 || check_nqns(&in->own_ddcs, err) < 0)
		return err->code;
	for (size_t i = 0; i < in->ddcs.nr; i++)
		dsc_lines_add(&lines, in->ddcs.item[i]);
	for (size_t i = 0; i < in->own_ddcs.nr; i++) {
		snprintf(text, sizeof(text), "own %s", in->own_ddcs.item[i]);
		dsc_lines_add(&lines, text);
	}
	dsc_lines_sort(&lines);
	for (size_t i = 0; i < lines.nr && !rc; i++) {
		snprintf(text, sizeof(text), "own %.223s", lines.line[i]);
		if (dsc_lines_has(&lines, text))
			rc = cmn_err_set(err, -EINVAL, "ddcs", "%.200s is there twice",
					 lines.line[i]);
	}
	if (!rc)
		*ret = dsc_lines_join(&lines);
	dsc_lines_free(&lines);
	return rc;
}

static bool apply_tri(enum dsc_tri tri, bool is)
{
	return tri == DSC_UNSET ? is : tri == DSC_YES;
}

/* -- 0: changed, 1: as they are. */
static int apply_settings(struct dsc_txn *txn, const struct dsc_zoning_in *in, char *ddcs)
{
	const struct dsc_zone_settings *old = dsc_snapshot_zone_settings(dsc_txn_state(txn));
	bool enabled = apply_tri(in->enabled, old->enabled);
	bool closed = apply_tri(in->closed, old->closed);
	struct dsc_zone_settings *s;

	if (enabled == old->enabled && closed == old->closed && !strcmp(ddcs, old->ddcs))
		return 1;
	s = edit_settings(txn);
	s->enabled = enabled;
	s->closed = closed;
	set_text(&s->ddcs, ddcs);
	dsc_txn_put(txn, s);
	return 0;
}

static void summarize(const struct dsc_zone_past *past, char *buf, size_t size)
{
	snprintf(buf, size, "zoning %s, default %s, %s", past->enabled ? "on" : "off",
		 past->closed ? "closed" : "open",
		 *past->ddcs ? "other discovery controllers may zone"
			     : "no other discovery controller may zone");
}

int dsc_cmd_zoning_set(struct dsc_app *app, const struct dsc_zoning_in *in,
		       const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_zone_settings *old = dsc_snapshot_zone_settings(dsc_cmd_ahead(app));
	struct dsc_zone_past *past;
	struct dsc_txn *txn;
	char *ddcs = NULL, text[300];
	int rc;

	if (dsc_cmd_check_match(call, old->changed, err) < 0)
		return err->code;
	if (!in->ddcs.set)
		ddcs = dsc_strdup(old->ddcs);
	else if (make_ddcs(in, &ddcs, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	rc = apply_settings(txn, in, ddcs);
	free(ddcs);
	if (rc) {
		dsc_txn_abort(txn);
		return 1;
	}
	past = dsc_zone_new_version(txn, DSC_ZONE_PAST_SETTINGS);
	past->grace = in->grace;
	summarize(past, text, sizeof(text));
	set_text(&past->summary, text);
	dsc_zone_put_version(txn, past);
	commit(txn, call);
	return 0;
}

/* -- what would be --------------------------------------------------------------------------------------------------- */
int dsc_zoning_trial(struct dsc_app *app, const struct dsc_activate_in *in,
		     const struct dsc_zoning_in *settings, struct dsc_zoning **ret,
		     struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_zoning *now = dsc_snapshot_zoning(st);
	bool named = in->groups.set && !in->groups.null;
	struct plan plan = { 0 };
	struct dsc_zone_past *past;
	struct dsc_txn *txn;
	int rc = named ? plan_named(&plan, st, &in->groups, err) : plan_all(&plan, st, err);

	if (rc) {
		plan_free(&plan);
		return rc;
	}
	now = dsc_row_get(now);
	txn = dsc_txn_begin(app->model); /* to be taken back */
	carry_out(&plan, txn);
	past = dsc_zone_new_version(txn, DSC_ZONE_PAST_ACTIVATION);
	if (settings) {
		past->enabled = apply_tri(settings->enabled, past->enabled);
		past->closed = apply_tri(settings->closed, past->closed);
	}
	past->grace = in->grace;
	*ret = dsc_zoning_compile(dsc_txn_state(txn), past);
	dsc_zone_delta_make(*ret, now, dsc_txn_state(txn));
	dsc_row_put(past);
	dsc_txn_abort(txn);
	dsc_row_put((void *)(uintptr_t)now);
	plan_free(&plan);
	return 0;
}
