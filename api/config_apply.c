/* SPDX-License-Identifier: Apache-2.0 */
/* api/config_apply.c - makes the model what a configuration document says, by the commands that single requests use.
 * Thread: the control loop.  May block: looks at the files of new namespaces.
 *
 * Members that an object of the document doesn't have stay as they are.  What can't be changed must be what it is.
 * Without prune nothing is taken away: lists only grow, and null, which means all, stays null. */
#include "api/config_doc.h"

#include "common/json.h"
#include "common/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- lists ------------------------------------------------------------------------------------------- */
static bool has_text(const struct dsc_list *list, const char *text)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (strcmp(list->item[i], text) == 0)
			return true;
	}
	return false;
}

static bool has_all(const struct dsc_list *list, const struct dsc_list *of)
{
	for (size_t i = 0; i < of->nr; i++) {
		if (!has_text(list, of->item[i]))
			return false;
	}
	return true;
}

/* Brings a list that is wanted in line with the one that is there; it is unset when nothing is to be done. */
static int merge_list(struct api_config_call *call, struct dsc_list *want,
		      const struct dsc_list *have, struct cmn_err *err)
{
	const char **item;

	if (!want->set)
		return 0;
	if (want->null == have->null && has_all(want, have) && has_all(have, want)) {
		want->set = false;
		return 0;
	}
	if (call->prune || want->null || (!have->null && has_all(want, have)))
		return 0;
	want->set = !have->null;
	if (have->null)
		return 1;
	item = calloc(want->nr + have->nr + 1, sizeof(*item));
	if (!item)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	memcpy(item, want->item, want->nr * sizeof(*item));
	for (size_t i = 0; i < have->nr; i++) {
		if (!has_text(want, have->item[i]))
			item[want->nr++] = have->item[i];
	}
	free((void *)want->item);
	want->item = item;
	want->set = want->nr != have->nr;
	return 1;
}

/* What isn't applied, because nothing is taken away, must make sense all the same. */
static int check_list(struct api_config_call *call, const struct dsc_list *list, const char *member,
		      struct cmn_err *err)
{
	bool portals = strcmp(member, "portals") == 0;
	char field[64];

	for (size_t i = 0; list->set && i < list->nr; i++) {
		snprintf(field, sizeof(field), "%s[%zu]", member, i);
		if (!portals &&
		    dsc_who_check(dsc_batch_after(call->app), list->item[i], field, err) < 0)
			return err->code;
		if (portals && !dsc_snapshot_portal(dsc_batch_after(call->app), list->item[i]))
			return cmn_err_set(err, -EINVAL, field, "there is no portal %.64s",
					   list->item[i]);
	}
	return 0;
}

static int merge(struct api_config_call *call, struct dsc_list *want, struct json_object *there,
		 const char *member, const char *kind, struct cmn_err *err)
{
	const char *key = !strcmp(kind, "namespace") ? "nsid"
			  : !strcmp(kind, "group")   ? "name"
						     : "nqn";
	const char *id = json_object_get_string(json_object_object_get(there, key));
	struct dsc_list have;
	int rc = api_read_list(there, member, &have, err);

	if (rc == 0)
		rc = check_list(call, want, member, err);
	if (rc == 0)
		rc = merge_list(call, want, &have, err);
	if (rc == 1)
		api_config_keep(call, kind, id, member);
	free((void *)have.item);
	return rc < 0 ? rc : 0;
}

/* -- what can't be changed ------------------------------------------------------------------------------ */
static bool is_same(struct json_object *said, struct json_object *is)
{
	const char *a = json_object_get_string(said), *b = json_object_get_string(is);

	return a && b && strcasecmp(a, b) == 0;
}

int api_config_check_fixed(struct json_object *doc, struct json_object *there,
			   const char *const *members, struct cmn_err *err)
{
	struct json_object *said;

	for (; *members; members++) {
		if (!json_object_object_get_ex(doc, *members, &said) || !said ||
		    is_same(said, json_object_object_get(there, *members)))
			continue;
		cmn_err_set(err, -EINVAL, *members, "is %.100s and can't be changed",
			    json_object_get_string(json_object_object_get(there, *members)));
		return cmn_err_valid(
			err, "%.100s",
			json_object_get_string(json_object_object_get(there, *members)));
	}
	return 0;
}

static int check(const struct api_kind *kind, struct json_object *doc, struct cmn_err *err)
{
	return api_body_check(kind, doc, API_SET, err, 1) ? err->code : 0;
}

int api_config_each(struct api_config_call *call, struct json_object *doc, const char *list,
		    int (*apply)(struct api_config_call *call, struct json_object *item,
				 struct cmn_err *err),
		    struct cmn_err *err)
{
	struct json_object *array, *item;
	char at[64];
	int rc = 0;

	if (cmn_json_arr_opt(doc, list, &array, err) < 0)
		return err->code;
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		item = json_object_array_get_idx(array, i);
		if (json_object_is_type(item, json_type_object))
			rc = apply(call, item, err);
		else
			rc = cmn_err_set(err, -EINVAL, NULL, "an object is needed");
		if (rc >= 0)
			continue;
		snprintf(at, sizeof(at), "%s[%zu]", list, i);
		if (*err->field)
			cmn_err_prefix(err, at);
		else
			snprintf(err->field, sizeof(err->field), "%s", at);
		return rc;
	}
	return 0;
}

/* -- hosts ----------------------------------------------------------------------------------------------- */
static int apply_host(struct api_config_call *call, struct json_object *doc, struct cmn_err *err)
{
	struct dsc_host_in in = { .name = api_body_told(doc, "name") };

	if (check(&api_kind_host, doc, err) < 0 || cmn_json_str(doc, "nqn", &in.nqn, err) < 0)
		return err->code;
	if (!dsc_snapshot_host(dsc_batch_after(call->app), in.nqn))
		return dsc_cmd_host_create(call->app, &in, NULL, err);
	return dsc_cmd_host_update(call->app, in.nqn, &in, NULL, err);
}

/* -- groups ------------------------------------------------------------------------------------------------- */
static int apply_group(struct api_config_call *call, struct json_object *doc, struct cmn_err *err)
{
	struct dsc_group_in in = { 0 };
	const struct dsc_group *g;
	struct json_object *there;
	int rc = check(&api_kind_group, doc, err);

	if (rc == 0)
		rc = api_group_read(doc, &in, err);

	g = rc == 0 ? dsc_snapshot_group(dsc_batch_after(call->app), in.name) : NULL;
	if (g) {
		there = api_config_group(dsc_batch_after(call->app), g);
		rc = merge(call, &in.members, there, "members", "group", err);
		if (rc == 0)
			rc = dsc_cmd_group_update(call->app, in.name, &in, NULL, err);
		json_object_put(there);
	} else if (rc == 0) {
		rc = dsc_cmd_group_create(call->app, &in, NULL, err);
	}
	api_list_free(&in.members);
	return rc;
}

/* -- zones ---------------------------------------------------------------------------------------------------- */
/* Are all members of text, lines as they are stored, among those? */
static bool has_members(const struct dsc_members_in *members, const char *text)
{
	struct dsc_lines wanted = { 0 }, there = { 0 };
	char line[DSC_ZONE_LINE];
	bool all = true;

	for (size_t i = 0; i < members->nr; i++)
		dsc_lines_add(&wanted, dsc_zone_member_format(&members->item[i], line));
	dsc_lines_sort(&wanted);
	dsc_lines_split(&there, text);
	for (size_t i = 0; i < there.nr; i++)
		all = all && dsc_lines_has(&wanted, there.line[i]);
	dsc_lines_free(&wanted);
	dsc_lines_free(&there);
	return all;
}

/* What the members of a zone or an alias are to become, where text is what they are: without prune they only grow. */
static void merge_members(struct api_config_call *call, struct dsc_zone_in *in, const char *text,
			  const char *kind, const char *id)
{
	if (!in->members.set || call->prune)
		return;
	if (!has_members(&in->members, text))
		api_config_keep(call, kind, id, "members");
	in->add = in->members;
	memset(&in->members, 0, sizeof(in->members));
}

static void zone_in_free(struct dsc_zone_in *in)
{
	api_members_free(&in->members);
	api_members_free(&in->add);
}

static int apply_zone_alias(struct api_config_call *call, struct json_object *doc,
			    struct cmn_err *err)
{
	static const char *const known[] = { "name", "members", NULL };
	const struct dsc_zone_alias *a;
	struct dsc_zone_in in = { 0 };
	int rc;

	if (cmn_json_only(doc, known, err) < 0 || cmn_json_str(doc, "name", &in.name, err) < 0 ||
	    api_members_read(doc, "members", &in.members, err) < 0)
		return err->code;
	a = dsc_snapshot_zone_alias(dsc_batch_after(call->app), in.name);
	if (a) {
		merge_members(call, &in, a->members, "zone alias", in.name);
		rc = dsc_cmd_zone_alias_update(call->app, &in, NULL, err);
	} else {
		rc = dsc_cmd_zone_alias_create(call->app, &in, NULL, err);
	}
	zone_in_free(&in);
	return rc;
}

static int apply_zone(struct api_config_call *call, struct json_object *doc, struct cmn_err *err)
{
	static const char *const known[] = { "name", "fabric_enforced", "members", NULL };
	struct dsc_zone_in in = { .group = call->zone_group };
	const struct dsc_zone *z;
	char id[2 * DSC_NAME_MAX + 2];
	int rc;

	if (cmn_json_only(doc, known, err) < 0 || cmn_json_str(doc, "name", &in.name, err) < 0 ||
	    api_read_tri(doc, "fabric_enforced", &in.enforced, err) < 0 ||
	    api_members_read(doc, "members", &in.members, err) < 0)
		return err->code;
	z = dsc_snapshot_zone_named(dsc_snapshot_zone_group(dsc_batch_after(call->app), in.group),
				    in.name);
	if (z) {
		snprintf(id, sizeof(id), "%s/%s", in.group, in.name);
		merge_members(call, &in, z->members, "zone", id);
		rc = dsc_cmd_zone_update(call->app, &in, NULL, err);
	} else {
		rc = dsc_cmd_zone_create(call->app, &in, NULL, err);
	}
	zone_in_free(&in);
	return rc;
}

static int apply_zone_group(struct api_config_call *call, struct json_object *doc,
			    struct cmn_err *err)
{
	static const char *const known[] = { "name", "description", "zones", NULL };
	const char *description = NULL;
	int rc;

	if (cmn_json_only(doc, known, err) < 0 ||
	    cmn_json_str(doc, "name", &call->zone_group, err) < 0 ||
	    cmn_json_str_opt(doc, "description", &description, NULL, err) < 0)
		return err->code;
	if (!dsc_snapshot_zone_group(dsc_batch_after(call->app), call->zone_group)) {
		rc = dsc_cmd_zone_group_create(call->app, call->zone_group, description, NULL, err);
	} else {
		description = api_body_told(doc, "description");
		rc = dsc_cmd_zone_group_update(call->app, call->zone_group, description, NULL, err);
	}
	return rc < 0 ? rc : api_config_each(call, doc, "zones", apply_zone, err);
}

/* -- portals ------------------------------------------------------------------------------------------------ */
static int change_portal(struct api_config_call *call, const struct dsc_portal *p,
			 struct json_object *doc, struct json_object *there, struct cmn_err *err)
{
	static const char *const fixed[] = { "portid", "traddr", "trsvcid", "worker", NULL };
	struct dsc_portal_in in = { 0 };

	if (!api_config_is_own(p) && api_config_check_fixed(doc, there, fixed, err) < 0)
		return err->code;
	api_portal_read_told(doc, &in);
	return dsc_cmd_portal_update(call->app, p->name, &in, NULL, err);
}

static int apply_portal(struct api_config_call *call, struct json_object *doc, struct cmn_err *err)
{
	const struct dsc_portal *p;
	struct dsc_portal_in in = { 0 };
	struct json_object *all;
	const char *id = NULL;
	int rc = 0;

	if (check(&api_kind_portal, doc, err) < 0 || cmn_json_str(doc, "id", &id, err) < 0)
		return err->code;
	p = dsc_snapshot_portal(dsc_batch_after(call->app), id);
	if (!p || cmn_json_has(doc, "traddr"))
		rc = api_portal_read(doc, &in, err);
	if (rc < 0)
		return rc;
	if (!p)
		return dsc_cmd_portal_create(call->app, &in, NULL, err);
	all = api_config_portal(dsc_batch_after(call->app), p);
	rc = change_portal(call, p, doc, all, err);
	json_object_put(all);
	return rc;
}

/* -- ANA groups --------------------------------------------------------------------------------------------- */
/* A portal that isn't optimized, and that the document doesn't name. */
static bool has_other_state(struct json_object *there, struct json_object *doc)
{
	struct json_object *said = json_object_object_get(doc, "states");

	json_object_object_foreach(json_object_object_get(there, "states"), portal, state) {
		(void)state;
		if (said && !json_object_object_get_ex(said, portal, NULL))
			return true;
	}
	return false;
}

static int apply_ana_group(struct api_config_call *call, struct json_object *doc,
			   struct cmn_err *err)
{
	struct dsc_ana_group_in in = { .only = call->prune && cmn_json_has(doc, "states") };
	int rc = check(&api_kind_ana_group, doc, err);
	const struct dsc_ana_group *g;
	struct json_object *there;
	char id[16];

	if (rc == 0)
		rc = api_ana_group_read(doc, &in, err);
	if (rc == 0 && !in.id)
		rc = cmn_err_set(err, -EINVAL, "id", "is needed");
	g = rc == 0 ? dsc_snapshot_ana_group_id(dsc_batch_after(call->app), in.id) : NULL;
	if (g) {
		there = api_config_ana_group(dsc_batch_after(call->app), g);
		snprintf(id, sizeof(id), "%u", in.id);
		if (!call->prune && has_other_state(there, doc))
			api_config_keep(call, "ana group", id, "states");
		json_object_put(there);
		rc = dsc_cmd_ana_group_update(call->app, in.id, &in, NULL, err);
	} else if (rc == 0) {
		rc = dsc_cmd_ana_group_create(call->app, &in, NULL, err);
	}
	free((void *)in.states);
	return rc;
}

/* -- namespaces ------------------------------------------------------------------------------------------------ */
static int change_ns(struct api_config_call *call, const char *nqn, struct json_object *doc,
		     struct json_object *there, struct dsc_ns_in *in, struct cmn_err *err)
{
	static const char *const fixed[] = { "uuid", "nguid",	   "eui64", "backend",
					     "path", "block_size", NULL };
	struct dsc_call force = { .force = call->force };

	if (api_config_check_fixed(doc, there, fixed, err) < 0 ||
	    merge(call, &in->hosts, there, "hosts", "namespace", err) < 0)
		return err->code;
	return dsc_cmd_ns_update(call->app, nqn, in->nsid, in, &force, err);
}

static int apply_ns(struct api_config_call *call, const char *nqn, struct json_object *doc,
		    struct cmn_err *err)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys(dsc_batch_after(call->app), nqn);
	struct dsc_ns_in in = { 0 };
	const struct dsc_ns *ns;
	struct json_object *there;
	int rc = check(&api_kind_namespace, doc, err);

	if (rc == 0)
		rc = api_ns_read(doc, &in, err);
	if (rc == 0 && !in.nsid)
		rc = cmn_err_set(err, -EINVAL, "nsid", "is needed");
	if (rc == 0 && cmn_json_has(doc, "snapshot"))
		rc = cmn_err_set(err, -EINVAL, "snapshot",
				 "is data, of which a configuration has none");
	ns = rc == 0 ? dsc_snapshot_ns(s, in.nsid) : NULL;
	if (ns) {
		there = api_config_ns(dsc_batch_after(call->app), ns);
		rc = change_ns(call, nqn, doc, there, &in, err);
		json_object_put(there);
	} else if (rc == 0) {
		rc = dsc_cmd_ns_create(call->app, nqn, &in, NULL, err);
	}
	api_list_free(&in.hosts);
	return rc;
}

/* -- subsystems -------------------------------------------------------------------------------------------------- */
static int change_subsys(struct api_config_call *call, struct json_object *doc,
			 struct json_object *there, struct dsc_subsys_in *in, struct cmn_err *err)
{
	static const char *const fixed[] = { "serial", "model", "worker", NULL };

	if (api_config_check_fixed(doc, there, fixed, err) < 0 ||
	    merge(call, &in->hosts, there, "hosts", "subsystem", err) < 0 ||
	    merge(call, &in->portals, there, "portals", "subsystem", err) < 0)
		return err->code;
	return dsc_cmd_subsys_update(call->app, in->nqn, in, NULL, err);
}

static int apply_row(struct api_config_call *call, struct json_object *doc, struct cmn_err *err)
{
	struct dsc_subsys_in in = { 0 };
	const struct dsc_subsys *s;
	struct json_object *there;
	int rc = check(&api_kind_subsystem, doc, err);

	if (rc == 0)
		rc = api_subsys_read(doc, &in, err);
	s = rc == 0 ? dsc_snapshot_subsys(dsc_batch_after(call->app), in.nqn) : NULL;
	if (s) {
		there = api_config_subsys(dsc_batch_after(call->app), s);
		rc = change_subsys(call, doc, there, &in, err);
		json_object_put(there);
	} else if (rc == 0) {
		rc = dsc_cmd_subsys_create(call->app, &in, NULL, err);
	}
	api_list_free(&in.hosts);
	api_list_free(&in.portals);
	return rc;
}

static int apply_nested_ns(struct api_config_call *call, struct json_object *doc,
			   struct cmn_err *err)
{
	return apply_ns(call, call->nqn, doc, err);
}

static int apply_subsys(struct api_config_call *call, struct json_object *doc, struct cmn_err *err)
{
	struct json_object *row = json_object_new_object();
	int rc;

	json_object_object_foreach(doc, name, value) {
		if (strcmp(name, "namespaces") != 0)
			json_object_object_add(row, name, json_object_get(value));
	}
	rc = apply_row(call, row, err);
	json_object_put(row);
	if (rc < 0)
		return rc;
	call->nqn = json_object_get_string(json_object_object_get(doc, "nqn"));
	return api_config_each(call, doc, "namespaces", apply_nested_ns, err);
}

/* -- all -------------------------------------------------------------------------------------------------------- */
/* A list that is null could be meant as none, or as not given. */
static int check_nulls(struct json_object *doc, struct cmn_err *err)
{
	json_object_object_foreach(doc, name, value) {
		if (!value)
			return cmn_err_set(err, -EINVAL, name, "can't be null");
	}
	return 0;
}

int api_config_apply(struct api_config_call *call, struct cmn_err *err)
{
	static const char *const known[] = { "version",
					     "workers",
					     "hosts",
					     "groups",
					     "zone_aliases",
					     "zone_groups",
					     "portals",
					     "ana_groups",
					     "subsystems",
					     "referrals",
					     "discovery_controllers",
					     NULL };
	uint64_t version = 1;

	if (cmn_json_only(call->doc, known, err) < 0 || check_nulls(call->doc, err) < 0 ||
	    cmn_json_u64_opt(call->doc, "version", &version, NULL, err) < 0)
		return err->code;
	if (version != 1)
		return cmn_err_set(err, -EINVAL, "version", "must be 1");
	if (api_config_prune_subsystems(call, err) < 0 ||
	    api_config_listed_apply(call, API_CONFIG_WORKERS, err) < 0 ||
	    api_config_each(call, call->doc, "hosts", apply_host, err) < 0 ||
	    api_config_each(call, call->doc, "groups", apply_group, err) < 0 ||
	    api_config_each(call, call->doc, "zone_aliases", apply_zone_alias, err) < 0 ||
	    api_config_each(call, call->doc, "zone_groups", apply_zone_group, err) < 0 ||
	    api_config_each(call, call->doc, "portals", apply_portal, err) < 0 ||
	    api_config_each(call, call->doc, "ana_groups", apply_ana_group, err) < 0 ||
	    api_config_each(call, call->doc, "subsystems", apply_subsys, err) < 0 ||
	    api_config_listed_apply(call, API_CONFIG_REFERRALS, err) < 0 ||
	    api_config_listed_apply(call, API_CONFIG_DCS, err) < 0)
		return err->code;
	return api_config_prune_rest(call, err);
}
