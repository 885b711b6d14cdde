/* SPDX-License-Identifier: Apache-2.0 */
/* api/write.c - POST, PUT, PATCH and DELETE of any kind.  Thread: the control loop.  May block: as the kind's commands do.
 *
 * PUT makes the object that its path names, or changes what differs; members that aren't given stay.  So it can be sent again: what
 * is so already is a 200.  A member that can't be changed and differs is a 409. */
#include "api/audit.h"
#include "api/kind.h"
#include "api/op.h"
#include "api/render.h"
#include "api/server_impl.h"

#include "common/container.h"
#include "common/util.h"
#include "discoveryd/events/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FAULTS_MAX 16
#define LOCATION_MAX 2048

/* -- answers --------------------------------------------------------------------------------------------- */
/* "/api/v1/subsystems/NQN/namespaces/3": the path of the collection, with its {names} filled in, and the key. */
static bool make_location(struct api_req *req, const char *key, char *buf, size_t size)
{
	const char *template = api_req_template(req), *param = api_req_kind(req)->param;
	char name[64];
	size_t used = 0, len;

	while (*template && used < size) {
		len = strcspn(template, "{");
		used += (size_t)snprintf(buf + used, size - used, "%.*s", (int)len, template);
		template += len;
		if (!*template || used >= size)
			break;
		len = strcspn(template, "}");
		snprintf(name, sizeof(name), "%.*s", (int)len - 1, template + 1);
		template += len + 1;
		if (strcmp(name, param) == 0)
			break; /* of PUT: the path is of the object */
		used += api_uri_encode(api_req_param(req, name), buf + used, size - used);
	}
	if (used + 1 >= size)
		return false;
	if (buf[used - 1] != '/')
		buf[used++] = '/';
	return used + api_uri_encode(key, buf + used, size - used) < size;
}

static void set_location(struct api_req *req, const struct api_ctx *ctx, const void *row)
{
	char location[LOCATION_MAX], key[API_KEY_MAX];

	api_kind_key(api_req_kind(req), ctx, row, key, sizeof(key));
	if (make_location(req, key, location, sizeof(location)))
		api_reply_header(req, "Location", location);
}

static void reply_row(struct api_op *op, const struct api_ctx *ctx, const void *row, int status)
{
	const struct api_kind *kind = api_req_kind(op->req);
	char etag[24];

	if (status == 201)
		set_location(op->req, ctx, row);
	if (kind->changed)
		api_reply_header(op->req, "ETag",
				 api_etag(api_kind_revision(kind, row), etag, sizeof(etag)));
	api_reply_json(op->req, status, api_render(kind, ctx, row, API_ALL));
}

/* Its key in the outcome of a command: a name, or a number. */
static void outcome_key(const struct api_kind *kind, const char *name, uint32_t nsid, char *buf,
			size_t size)
{
	const struct api_field *field = kind->fields;

	while (field->name && !(field->flags & API_KEY))
		field++;
	if (field->type == API_NUMBER && nsid)
		snprintf(buf, size, "%" PRIu32, nsid);
	else
		snprintf(buf, size, "%s", name);
}

/* The answer to a write: the object of that key as it is now. */
static void reply_key(struct api_op *op, const struct dsc_snapshot *snap, const char *key,
		      int status)
{
	const struct api_kind *kind = api_req_kind(op->req);
	struct api_ctx ctx;
	const void *row;

	if (api_kind_open(op->req, kind, dsc_snapshot_get(snap), &ctx)) {
		row = kind->find(&ctx, key);
		if (row)
			reply_row(op, &ctx, row, status);
		else
			api_op_reply_lost(op);
	} /* else its parent is gone again, which was said */
	api_kind_close(kind, &ctx);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	char key[API_KEY_MAX];

	outcome_key(api_req_kind(op->req), outcome->name, outcome->nsid, key, sizeof(key));
	reply_key(op, snap, key, 201);
}

static void reply_path(struct api_op *op, const struct dsc_snapshot *snap, int status)
{
	reply_key(op, snap, api_req_param(op->req, api_req_kind(op->req)->param), status);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	(void)outcome;
	reply_path(op, snap, 200);
}

static void reply_put_new(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	(void)outcome;
	reply_path(op, snap, 201);
}

/* -- what the path names ------------------------------------------------------------------------------------ */
/* As it stands with everything that is on its way to the store, so that requests are as if one came after the other.  False: answered,
 * and op is gone. */
static bool look(struct api_op *op, struct api_ctx *ctx, const void **ret_row)
{
	const struct api_kind *kind = api_req_kind(op->req);

	*ctx = (struct api_ctx){ .app = api_req_app(op->req) };
	ctx->snap = dsc_batch_after(ctx->app);
	if (kind->open && !kind->open(op->req, ctx)) {
		api_op_drop(op);
		return false;
	}
	if (ret_row)
		*ret_row = kind->find(ctx, api_req_param(op->req, kind->param));
	return true;
}

/* The same of an object that must be there, and be what If-Match says. */
static const void *look_matched(struct api_op *op, struct api_ctx *ctx)
{
	const struct api_kind *kind = api_req_kind(op->req);
	const void *row = NULL;

	if (!look(op, ctx, &row))
		return NULL;
	if (!row) {
		api_kind_lost(op->req, kind);
		api_op_drop(op);
		return NULL;
	}
	return api_op_if_match(op, kind->changed ? api_kind_revision(kind, row) : 0) ? row : NULL;
}

/* -- bodies ------------------------------------------------------------------------------------------------- */
static bool check_body(struct api_op *op, struct json_object *doc, unsigned int as)
{
	struct cmn_err errs[FAULTS_MAX] = { 0 };
	size_t nr = api_body_check(api_req_kind(op->req), doc, as, errs, FAULTS_MAX);

	if (!nr)
		return true;
	api_op_fail_all(op, errs, cmn_min(nr, (size_t)FAULTS_MAX));
	return false;
}

/* -- POST --------------------------------------------------------------------------------------------------- */
/* One of that name is there: the problem shows it. */
static void tell_existing(struct api_op *op, const struct api_ctx *ctx, struct json_object *doc,
			  const struct cmn_err *err)
{
	const struct api_kind *kind = api_req_kind(op->req);
	const struct api_field *field = api_kind_field(kind, err->field, strlen(err->field));
	const void *row = NULL;

	if (field && field->flags & API_KEY)
		row = kind->find(ctx, api_body_str(doc, field->name));
	if (row) {
		set_location(op->req, ctx, row);
		api_op_existing(op, api_render(kind, ctx, row, API_ALL));
	}
}

/* For the audit, and by it for whoever asks once more. */
static void note_location(struct api_op *op)
{
	char location[LOCATION_MAX], key[API_KEY_MAX];
	const char *name;
	uint32_t nsid;

	name = dsc_batch_name(api_req_app(op->req), &nsid);
	outcome_key(api_req_kind(op->req), name, nsid, key, sizeof(key));
	if (make_location(op->req, key, location, sizeof(location)))
		op->location = strdup(location);
}

static void run_create(struct api_op *op, const struct api_ctx *ctx, struct json_object *doc)
{
	const struct api_kind *kind = api_req_kind(op->req);
	struct cmn_err err = { 0 };
	int rc = kind->create(ctx, doc, &op->call, &err);

	if (rc == -EEXIST)
		tell_existing(op, ctx, doc, &err);
	if (rc == 0)
		note_location(op);
	api_op_run(op, rc, &err);
}

/* The same request was done before: it is answered as it was then, with the object as it is now. */
static void repeat_create(struct api_op *op, const struct dsc_audit *before)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(op->req)->model);
	const char *slash = strrchr(before->location, '/');
	char key[API_KEY_MAX] = "";

	snprintf(key, sizeof(key), "%s", slash ? slash + 1 : "");
	api_uri_decode(key, false);
	api_reply_header(op->req, "Idempotency-Replayed", "true");
	op->req->audited = true;
	reply_key(op, snap, key, 201);
	dsc_snapshot_put(snap);
	api_op_drop(op);
}

void api_create(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_created);
	const struct dsc_audit *before;
	struct api_ctx ctx;

	if (!op || !look(op, &ctx, NULL) || !check_body(op, api_req_doc(req), API_CREATE))
		return;
	if (!api_audit_once(req, &before))
		api_op_drop(op);
	else if (before)
		repeat_create(op, before);
	else
		run_create(op, &ctx, api_req_doc(req));
}

/* -- PUT ------------------------------------------------------------------------------------------------------ */
static const struct api_field *key_field(const struct api_kind *kind)
{
	const struct api_field *f = kind->fields;

	while (f->name && !(f->flags & API_KEY))
		f++;
	return f;
}

/* The body may name the object too, but no other. */
static bool set_key(struct api_op *op, struct json_object *doc)
{
	const struct api_kind *kind = api_req_kind(op->req);
	const struct api_field *f = key_field(kind);
	const char *key = api_req_param(op->req, kind->param);
	const char *said = api_body_str(doc, f->name);
	struct cmn_err err = { 0 };
	uint64_t number;

	if (json_object_object_get_ex(doc, f->name, NULL) && (!said || strcmp(said, key) != 0)) {
		cmn_err_set(&err, -EINVAL, f->name, "isn't what the path says");
		cmn_err_valid(&err, "%.223s", key);
		api_op_fail(op, &err);
		return false;
	}
	if (f->type == API_NUMBER && cmn_parse_u64(key, 0, UINT64_MAX, &number) == 0)
		json_object_object_add(doc, f->name, json_object_new_uint64(number));
	else
		json_object_object_add(doc, f->name, json_object_new_string(key));
	return true;
}

/* Lists are sets; null is no list. */
static bool is_same_list(struct json_object *a, struct json_object *b)
{
	struct json_object *set;
	bool same = true;

	if (!a || !b)
		return a == b;
	set = json_object_new_object();
	for (size_t i = 0; i < json_object_array_length(a); i++)
		json_object_object_add(set, json_object_get_string(json_object_array_get_idx(a, i)),
				       NULL);
	for (size_t i = 0; same && i < json_object_array_length(b); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(b, i));

		same = json_object_object_get_ex(set, text, NULL);
		json_object_object_del(set, text);
	}
	same = same && json_object_object_length(set) == 0;
	json_object_put(set);
	return same;
}

/* Does what is given say what is there?  Numbers and names in other words are the same. */
static bool is_same(const struct api_field *field, struct json_object *doc, struct json_object *is)
{
	struct json_object *said = json_object_object_get(doc, field->name);
	const char *a, *b;

	if (field->type == API_SIZE)
		return api_body_size(doc, field->name) == json_object_get_uint64(is);
	if (field->type == API_TEXTS)
		return is_same_list(said, is);
	if (field->type == API_JSON || !said || !is)
		return json_object_equal(said, is);
	a = json_object_get_string(said);
	b = json_object_get_string(is);
	return a && b && strcasecmp(a, b) == 0;
}

/* Members that can't be changed must be what they are; they leave doc, so that a patch is left. */
static bool split_fixed(struct api_op *op, const struct api_ctx *ctx, const void *row,
			struct json_object *doc)
{
	const struct api_kind *kind = api_req_kind(op->req);
	struct cmn_err errs[FAULTS_MAX] = { 0 };
	size_t nr = 0;

	for (const struct api_field *f = kind->fields; f->name && nr < FAULTS_MAX; f++) {
		struct json_object *is;

		if (f->flags & (API_CHANGE | API_HIDDEN) || !(f->flags & API_CREATE))
			continue; /* hidden: it is about how the object is made */
		is = api_field_json(f, ctx, row);
		if (json_object_object_get(doc, f->name) && !is_same(f, doc, is))
			cmn_err_set(&errs[nr++], -EEXIST, f->name, "is %.100s and can't be changed",
				    json_object_get_string(is));
		json_object_put(is);
	}
	if (nr) {
		api_op_existing(op, api_render(kind, ctx, row, API_ALL));
		api_op_fail_all(op, errs, nr);
		return false;
	}
	for (const struct api_field *f = kind->fields; f->name; f++) {
		if (f->flags & API_CREATE && !(f->flags & API_CHANGE))
			json_object_object_del(doc, f->name);
	}
	return true;
}

/* What is so already isn't changed, so that the object keeps its revision. */
static void drop_same(const struct api_kind *kind, const struct api_ctx *ctx, const void *row,
		      struct json_object *doc)
{
	struct json_object *is;

	for (const struct api_field *f = kind->fields; f->name; f++) {
		if (!(f->flags & API_CHANGE) || f->flags & API_SECRET ||
		    !json_object_object_get_ex(doc, f->name, NULL))
			continue;
		is = api_field_json(f, ctx, row);
		if (is_same(f, doc, is))
			json_object_object_del(doc, f->name);
		json_object_put(is);
	}
}

static void run_update(struct api_op *op, const struct api_ctx *ctx, const void *row,
		       struct json_object *doc)
{
	const struct api_kind *kind = api_req_kind(op->req);
	struct cmn_err err = { 0 };
	int rc = 1;

	drop_same(kind, ctx, row, doc);
	if (json_object_object_length(doc) && kind->update)
		rc = kind->update(ctx, row, doc, &op->call, &err);
	api_op_run(op, rc, &err);
}

static void put_new(struct api_op *op, const struct api_ctx *ctx, struct json_object *doc)
{
	op->reply = reply_put_new;
	if (api_op_if_absent(op) && check_body(op, doc, API_CREATE))
		run_create(op, ctx, doc);
}

static void put_old(struct api_op *op, const struct api_ctx *ctx, const void *row,
		    struct json_object *doc)
{
	const struct api_kind *kind = api_req_kind(op->req);

	if (api_op_if_match(op, kind->changed ? api_kind_revision(kind, row) : 0) &&
	    check_body(op, doc, API_SET) && split_fixed(op, ctx, row, doc))
		run_update(op, ctx, row, doc);
}

void api_put(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_changed);
	struct json_object *doc = api_req_doc(req);
	const void *row = NULL;
	struct api_ctx ctx;

	if (!op || !look(op, &ctx, &row) || !set_key(op, doc))
		return;
	if (row)
		put_old(op, &ctx, row, doc);
	else
		put_new(op, &ctx, doc);
}

/* -- PATCH, DELETE ----------------------------------------------------------------------------------------------- */
void api_patch(struct api_req *req)
{
	struct api_op *op = api_op_begin(req, reply_changed);
	struct api_ctx ctx;
	const void *row = op ? look_matched(op, &ctx) : NULL;

	if (row && check_body(op, api_req_doc(req), API_CHANGE))
		run_update(op, &ctx, row, api_req_doc(req));
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct api_kind *kind = api_req_kind(op->req);
	struct api_ctx ctx = { .app = api_req_app(op->req), .snap = snap };
	const void *row;

	if (!kind->users || (kind->open && !kind->open(op->req, &ctx)))
		return;
	row = kind->find(&ctx, api_req_param(op->req, kind->param));
	if (row)
		kind->users(op, &ctx, row);
}

void api_delete(struct api_req *req)
{
	const struct api_kind *kind = api_req_kind(req);
	struct api_op *op = api_op_begin(req, api_op_reply_gone);
	struct cmn_err err = { 0 };
	struct api_ctx ctx;
	const void *row = op ? look_matched(op, &ctx) : NULL;

	if (!row)
		return;
	op->users = users;
	op->lingers = kind->lingers;
	api_op_run(op, kind->remove(&ctx, row, &op->call, &err), &err);
}
