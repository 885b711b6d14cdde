/* SPDX-License-Identifier: Apache-2.0 */
/* api/kind.c - objects by the table of their kind: values, JSON, the members that are asked for.
 * Thread: the control loop.  May block: never. */
#include "api/kind.h"

#include "api/render.h"
#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- names ------------------------------------------------------------------------------------------- */
const struct api_field *api_kind_field(const struct api_kind *kind, const char *name, size_t len)
{
	for (const struct api_field *f = kind->fields; f->name; f++) {
		if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
			return f;
	}
	return NULL;
}

void api_kind_names(const struct api_kind *kind, unsigned int flags, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (const struct api_field *f = kind->fields; f->name && used < size; f++) {
		if (flags ? f->flags & flags : !(f->flags & API_HIDDEN))
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 f->name);
	}
}

/* -- values ------------------------------------------------------------------------------------------- */
static uint64_t load(const void *at, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

void api_field_get(const struct api_field *field, const struct api_ctx *ctx, const void *row,
		   struct api_value *ret)
{
	const char *at = (const char *)row + field->offset;

	ret->text = NULL;
	ret->number = 0;
	ret->json = NULL;
	ret->null = ret->absent = false;
	if (field->get)
		field->get(ctx, row, ret);
	else if (field->type != API_TEXT)
		ret->number = load(at, field->size);
	else if (field->size == sizeof(char *))
		ret->text = *(const char *const *)at;
	else
		ret->text = at;
}

void api_kind_key(const struct api_kind *kind, const struct api_ctx *ctx, const void *row,
		  char *buf, size_t size)
{
	struct api_value value;

	if (kind->key) {
		kind->key(ctx, row, buf, size);
		return;
	}
	for (const struct api_field *f = kind->fields; f->name; f++) {
		if (!(f->flags & API_KEY))
			continue;
		api_field_get(f, ctx, row, &value);
		if (f->type == API_TEXT)
			snprintf(buf, size, "%s", value.text);
		else
			snprintf(buf, size, "%" PRIu64, value.number);
	}
}

static struct json_object *to_json(const struct api_field *field, struct api_value *value)
{
	char text[CMN_TIME_LEN];

	if (value->null)
		return NULL;
	switch (field->type) {
	case API_TEXT:
		return value->text ? json_object_new_string(value->text) : NULL;
	case API_BOOL:
		return json_object_new_boolean(value->number != 0);
	case API_TIME:
		return json_object_new_string(cmn_time_format(value->number, text));
	case API_PORT:
		snprintf(text, sizeof(text), "%" PRIu64, value->number);
		return json_object_new_string(text);
	case API_TEXTS:
	case API_JSON:
		return value->json;
	default:
		return json_object_new_uint64(value->number);
	}
}

struct json_object *api_field_json(const struct api_field *field, const struct api_ctx *ctx,
				   const void *row)
{
	struct api_value value;

	api_field_get(field, ctx, row, &value);
	return value.absent ? NULL : to_json(field, &value);
}

struct json_object *api_render(const struct api_kind *kind, const struct api_ctx *ctx,
			       const void *row, uint64_t mask)
{
	struct json_object *json = json_object_new_object();
	struct api_value value;

	for (const struct api_field *f = kind->fields; f->name; f++, mask >>= 1) {
		if (!(mask & 1) || f->flags & API_HIDDEN)
			continue;
		api_field_get(f, ctx, row, &value);
		if (!value.absent)
			json_object_object_add(json, f->name, to_json(f, &value));
	}
	return json;
}

uint64_t api_kind_without(const struct api_kind *kind, unsigned int flags)
{
	uint64_t mask = 0;

	for (const struct api_field *f = kind->fields; f->name; f++) {
		if (!(f->flags & flags))
			mask |= UINT64_C(1) << (f - kind->fields);
	}
	return mask;
}

uint64_t api_kind_revision(const struct api_kind *kind, const void *row)
{
	uint64_t revision;

	memcpy(&revision, (const char *)row + kind->changed, sizeof(revision));
	return revision;
}

/* Those of the routes, so that there is no list of its own to forget. */
const struct api_kind *api_kind_of_row(uint8_t row_kind)
{
	for (const struct api_route *const *rows = api_route_table; *rows; rows++) {
		for (const struct api_route *row = *rows; row->path; row++) {
			if (row->kind && row->kind->row == row_kind && row_kind != DSC_ROW_NONE)
				return row->kind;
		}
	}
	return NULL;
}

/* -- requests ------------------------------------------------------------------------------------------- */
bool api_kind_mask(struct api_req *req, const struct api_kind *kind, uint64_t *ret_mask)
{
	const char *text = api_req_query(req, "fields");
	const struct api_field *field;
	struct cmn_err err = { 0 };
	size_t len;

	*ret_mask = text ? 0 : API_ALL;
	for (; text && *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		field = api_kind_field(kind, text, len);
		if (!field || field->flags & API_HIDDEN) {
			cmn_err_set(&err, -EINVAL, "fields", "a %s has no member %.*s", kind->name,
				    (int)(len < 64 ? len : 64), text);
			api_kind_names(kind, 0, err.valid, sizeof(err.valid));
			api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
			return false;
		}
		*ret_mask |= UINT64_C(1) << (field - kind->fields);
	}
	return true;
}

bool api_kind_open(struct api_req *req, const struct api_kind *kind,
		   const struct dsc_snapshot *snap, struct api_ctx *ctx)
{
	*ctx = (struct api_ctx){ .app = api_req_app(req), .snap = snap };
	if (kind->watch)
		kind->watch(req, ctx);
	return !kind->open || kind->open(req, ctx);
}

void api_kind_close(const struct api_kind *kind, struct api_ctx *ctx)
{
	if (ctx->live && kind->unwatch)
		kind->unwatch(ctx);
	dsc_snapshot_put(ctx->snap);
}

void api_kind_lost(struct api_req *req, const struct api_kind *kind)
{
	api_failf(req, API_PROBLEM_NOT_FOUND, kind->param, "there is no %s %.223s", kind->name,
		  api_req_param(req, kind->param));
}

/* The object that the path names, with what it is got with; NULL: answered. */
static const void *path_row(struct api_req *req, const struct api_kind *kind, struct api_ctx *ctx)
{
	const void *row = kind->find(ctx, api_req_param(req, kind->param));

	if (!row)
		api_kind_lost(req, kind);
	return row;
}

void api_get(struct api_req *req)
{
	const struct api_kind *kind = api_req_kind(req);
	const void *row = NULL;
	struct json_object *json;
	struct api_ctx ctx;
	uint64_t mask;

	if (!api_kind_mask(req, kind, &mask))
		return;
	if (api_kind_open(req, kind, dsc_snapshot_current(api_req_app(req)->model), &ctx))
		row = path_row(req, kind, &ctx);
	if (row) {
		json = api_render(kind, &ctx, row, mask);
		if (kind->changed)
			api_reply_object(req, json, api_kind_revision(kind, row));
		else
			api_reply_json(req, 200, json);
	}
	api_kind_close(kind, &ctx);
}
