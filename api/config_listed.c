/* SPDX-License-Identifier: Apache-2.0 */
/* api/config_listed.c - the lists of a configuration document whose objects are just what their resource takes: workers, referrals,
 * discovery controllers.  Thread: the control loop.  May block: never. */
#include "api/config_doc.h"

#include "common/container.h"
#include "common/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One that came by itself and that nobody has admitted is no configuration. */
static bool is_wanted_dc(const void *row)
{
	const struct dsc_dc *dc = row;

	return dc->admitted || dc->source == DSC_DC_CONFIGURED;
}

static const struct listed {
	const char *name; /* in the document */
	const struct api_kind *kind;
	bool (*is_wanted)(const void *row); /* NULL: all of them are */
} lists[API_CONFIG_LISTED_COUNT] = {
	[API_CONFIG_WORKERS] = { "workers", &api_kind_worker, NULL },
	[API_CONFIG_REFERRALS] = { "referrals", &api_kind_referral, NULL },
	[API_CONFIG_DCS] = { "discovery_controllers", &api_kind_dc, is_wanted_dc },
};

static const struct api_field *key_of(const struct api_kind *kind)
{
	const struct api_field *f = kind->fields;

	while (!(f->flags & API_KEY))
		f++;
	return f;
}

/* What a body may give. */
static struct json_object *render(const struct api_kind *kind, const struct api_ctx *ctx,
				  const void *row)
{
	uint64_t mask = 0;

	for (size_t i = 0; kind->fields[i].name; i++)
		mask |= kind->fields[i].flags & API_SET ? UINT64_C(1) << i : 0;
	return api_render(kind, ctx, row, mask);
}

void api_config_listed_render(const struct dsc_snapshot *snap, enum api_config_listed which,
			      struct json_object *doc)
{
	const struct listed *list = &lists[which];
	struct json_object *array = json_object_new_array();
	struct api_ctx ctx = { .snap = snap };
	char key[API_KEY_MAX];
	const void *row = NULL;

	while ((row = list->kind->next(&ctx, row ? key : NULL))) {
		api_kind_key(list->kind, &ctx, row, key, sizeof(key));
		if (!list->is_wanted || list->is_wanted(row))
			json_object_array_add(array, render(list->kind, &ctx, row));
	}
	json_object_object_add(doc, list->name, array);
}

/* -- applying ---------------------------------------------------------------------------------------------- */
static bool has_item(struct json_object *array, struct json_object *item)
{
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		if (json_object_equal(json_object_array_get_idx(array, i), item))
			return true;
	}
	return false;
}

static bool has_items(struct json_object *array, struct json_object *of)
{
	for (size_t i = 0; i < json_object_array_length(of); i++) {
		if (!has_item(array, json_object_array_get_idx(of, i)))
			return false;
	}
	return true;
}

/* Without prune a list only grows; null is all. */
static void grow(struct api_config_call *call, struct json_object *doc, struct json_object *there,
		 const struct api_kind *kind, const char *member, const char *id)
{
	struct json_object *want, *have = json_object_object_get(there, member), *all;

	if (call->prune || !json_object_object_get_ex(doc, member, &want) || !want ||
	    (have && has_items(want, have)))
		return;
	api_config_keep(call, kind->name, id, member);
	if (!have) {
		json_object_object_del(doc, member);
		return;
	}
	all = json_object_new_array(); /* what is wanted first: an error names its place */
	for (size_t i = 0; i < json_object_array_length(want); i++)
		json_object_array_add(all, json_object_get(json_object_array_get_idx(want, i)));
	for (size_t i = 0; i < json_object_array_length(have); i++) {
		if (!has_item(want, json_object_array_get_idx(have, i)))
			json_object_array_add(
				all, json_object_get(json_object_array_get_idx(have, i)));
	}
	json_object_object_add(doc, member, all);
}

static int change(struct api_config_call *call, const struct api_kind *kind,
		  const struct api_ctx *ctx, const void *row, struct json_object *item,
		  struct cmn_err *err)
{
	struct json_object *there = render(kind, ctx, row), *doc = NULL;
	const char *fixed[API_FIELDS_MAX + 1] = { NULL };
	size_t nr = 0;
	int rc;

	for (const struct api_field *f = kind->fields; f->name; f++) {
		if (f->flags & API_CREATE && !(f->flags & API_CHANGE))
			fixed[nr++] = f->name;
	}
	rc = api_config_check_fixed(item, there, fixed, err);
	if (rc == 0 && json_object_deep_copy(item, &doc, NULL) < 0)
		rc = cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	for (const struct api_field *f = kind->fields; rc == 0 && f->name; f++) {
		if (f->type == API_TEXTS)
			grow(call, doc, there, kind, f->name,
			     json_object_get_string(
				     json_object_object_get(there, key_of(kind)->name)));
	}
	if (rc == 0)
		rc = kind->update(ctx, row, doc, NULL, err);
	json_object_put(doc);
	json_object_put(there);
	return rc;
}

static int apply(struct api_config_call *call, struct json_object *item, struct cmn_err *err)
{
	const struct api_kind *kind = lists[call->listed].kind;
	struct api_ctx ctx = { .app = call->app, .snap = dsc_batch_after(call->app) };
	const char *id = NULL;
	const void *row;

	if (cmn_json_str(item, key_of(kind)->name, &id, err) < 0)
		return err->code;
	row = kind->find(&ctx, id);
	if (api_body_check(kind, item, row ? API_SET : API_CREATE, err, 1))
		return err->code;
	return row ? change(call, kind, &ctx, row, item, err)
		   : kind->create(&ctx, item, NULL, err);
}

int api_config_listed_apply(struct api_config_call *call, enum api_config_listed which,
			    struct cmn_err *err)
{
	call->listed = which;
	return api_config_each(call, call->doc, lists[which].name, apply, err);
}

int api_config_listed_prune(struct api_config_call *call, enum api_config_listed which,
			    struct cmn_err *err)
{
	const struct listed *list = &lists[which];
	const struct api_kind *kind = list->kind;
	struct api_ctx ctx = { .app = call->app, .snap = dsc_batch_before(call->app) };
	struct dsc_call force = { .force = call->force };
	const void *row = NULL;
	char key[API_KEY_MAX];

	if (!api_config_has_list(call->doc, list->name))
		return 0;
	while ((row = kind->next(&ctx, row ? key : NULL))) {
		api_kind_key(kind, &ctx, row, key, sizeof(key));
		if ((list->is_wanted && !list->is_wanted(row)) ||
		    api_config_find(call->doc, list->name, key_of(kind)->name, key))
			continue;
		if (!call->prune)
			api_config_keep(call, kind->name, key, NULL);
		else if (kind->remove(&ctx, row, &force, err) < 0)
			return api_config_blame(err, kind->name, key);
	}
	return 0;
}
