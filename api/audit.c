/* SPDX-License-Identifier: Apache-2.0 */
/* api/audit.c - see api/audit.h; and GET /audit.  Thread: the control loop.  May block: never. */
#include "api/audit.h"

#include "api/kind.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "common/json.h"
#include "common/log.h"
#include "common/sha1.h"
#include "common/util.h"
#include "discoveryd/events/audit.h"
#include "discoveryd/model/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONCE_HEADER "Idempotency-Key"

/* -- records ------------------------------------------------------------------------------------------- */
static void set(char **text, const char *to)
{
	free(*text);
	*text = dsc_strdup(to);
}

/* "USER KEY BODY": who sent it, by which key, and a digest of what; "" without the header. */
static void once_of(const struct api_req *req, char *buf, size_t size)
{
	const char *key = api_req_header(req, ONCE_HEADER);
	uint8_t digest[CMN_SHA1_LEN];
	struct cmn_sha1 sha1;
	size_t used;

	buf[0] = '\0';
	if (!key)
		return;
	cmn_sha1_init(&sha1);
	cmn_sha1_update(&sha1, req->body, req->body_len);
	cmn_sha1_final(&sha1, digest);
	used = (size_t)snprintf(buf, size, "%s %.*s ", api_req_user(req), API_ONCE_MAX, key);
	for (size_t i = 0; i < sizeof(digest) && used + 2 < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%02x", digest[i]);
}

/* As many of the changes as there is room for; a last one says how many more there were. */
static void set_changes(struct dsc_audit *audit, struct json_object *changes)
{
	struct json_object *array = json_object_new_array(), *more;
	size_t nr = json_object_array_length(changes), bytes = 0, i;

	for (i = 0; i < nr; i++) {
		struct json_object *change = json_object_array_get_idx(changes, i);

		bytes += strlen(json_object_to_json_string_ext(change, JSON_C_TO_STRING_PLAIN)) + 1;
		if (bytes > DSC_AUDIT_CHANGES_MAX)
			break;
		json_object_array_add(array, json_object_get(change));
	}
	if (i < nr) {
		more = json_object_new_object();
		json_object_object_add(more, "more", json_object_new_uint64(nr - i));
		json_object_array_add(array, more);
	}
	set(&audit->changes,
	    json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(array);
}

static struct dsc_audit *new_record(struct api_req *req)
{
	struct dsc_audit *audit = dsc_audit_new(api_req_app(req));

	snprintf(audit->user, sizeof(audit->user), "%s", api_req_user(req));
	snprintf(audit->address, sizeof(audit->address), "%s", req->conn ? req->conn->peer : "");
	snprintf(audit->operation, sizeof(audit->operation), "%s", req->route->operation_id);
	set(&audit->path, req->target);
	req->audited = true;
	return audit;
}

static void tell_log(const struct dsc_audit *audit)
{
	cmn_info("audit", "id=%llu user=%s address=%s operation=%s path=%s changes=%s",
		 (unsigned long long)audit->id, CMN_Q(audit->user), CMN_Q(audit->address),
		 audit->operation, CMN_Q(audit->path), CMN_Q(audit->changes));
}

void api_audit_batch(struct api_req *req, struct json_object *changes, const char *location)
{
	struct dsc_audit *audit = new_record(req);
	char once[256];

	once_of(req, once, sizeof(once));
	set(&audit->once, once);
	if (location)
		set(&audit->location, location);
	set_changes(audit, changes);
	tell_log(audit);
	dsc_batch_put(api_req_app(req), audit);
}

void api_audit_note(struct api_req *req)
{
	struct dsc_audit *audit = new_record(req);

	tell_log(audit);
	dsc_audit_store(api_req_app(req), audit);
}

/* -- once more -------------------------------------------------------------------------------------------- */
static bool is_under_way(const struct api_req *req, const char *key)
{
	const struct api_req *other;

	TAILQ_FOREACH(other, &req->server->waiting, link) {
		const char *its = other == req ? NULL : api_req_header(other, ONCE_HEADER);

		if (its && strcmp(its, key) == 0)
			return true;
	}
	return false;
}

bool api_audit_once(struct api_req *req, const struct dsc_audit **ret_before)
{
	const char *key = api_req_header(req, ONCE_HEADER);
	const struct dsc_audit *before;
	char once[256], prefix[256];
	struct cmn_err err = { 0 };

	*ret_before = NULL;
	if (!key)
		return true;
	if (!*key || strlen(key) > API_ONCE_MAX) {
		cmn_err_set(&err, -EINVAL, ONCE_HEADER, "is empty or too long");
		cmn_err_valid(&err, "1 to %d characters", API_ONCE_MAX);
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return false;
	}
	if (is_under_way(req, key)) {
		api_failf(req, API_PROBLEM_CONFLICT, ONCE_HEADER,
			  "a request with this key is being done");
		return false;
	}
	once_of(req, once, sizeof(once));
	snprintf(prefix, sizeof(prefix), "%s %s ", api_req_user(req), key);
	before = dsc_audit_once(api_req_app(req)->audits, prefix);
	if (before && (strcmp(before->once, once) != 0 || strcmp(before->path, req->target) != 0)) {
		api_failf(req, API_PROBLEM_INVALID, ONCE_HEADER,
			  "the key was used for another request");
		return false;
	}
	*ret_before = before;
	return true;
}

/* -- GET /audit ---------------------------------------------------------------------------------------------- */
static void get_changes(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_audit *audit = row;

	(void)ctx;
	if (cmn_json_parse(audit->changes, strlen(audit->changes), 0, 0, &ret->json, NULL) < 0)
		ret->json = json_object_new_array();
}

/* Is there a change of that kind, or of the object of that name? */
static bool has_change(const struct dsc_audit *audit, const char *member, const char *value)
{
	struct json_object *array = NULL, *it;
	bool found = false;

	if (cmn_json_parse(audit->changes, strlen(audit->changes), 0, 0, &array, NULL) < 0)
		return false;
	for (size_t i = 0; !found && i < json_object_array_length(array); i++) {
		it = json_object_object_get(json_object_array_get_idx(array, i), member);
		found = it && strcmp(json_object_get_string(it), value) == 0;
	}
	json_object_put(array);
	return found;
}

static bool is_of_kind(const struct api_ctx *ctx, const void *row, const char *value)
{
	(void)ctx;
	return has_change(row, "kind", value);
}

static bool is_of_object(const struct api_ctx *ctx, const void *row, const char *value)
{
	(void)ctx;
	return has_change(row, "id", value) || has_change(row, "nqn", value);
}

static const struct api_field fields[] = {
	{ "id", API_NUMBER, API_KEY | API_FIND, API_AT(dsc_audit, id) },
	{ "time", API_TIME, API_FIND, API_AT(dsc_audit, wall_ms) },
	{ "user", API_TEXT, API_FIND, API_AT(dsc_audit, user) },
	{ "address", API_TEXT, API_FIND, API_AT(dsc_audit, address) },
	{ "operation", API_TEXT, API_FIND, API_AT(dsc_audit, operation) },
	{ "path", API_TEXT, API_FILTER, API_AT(dsc_audit, path) },
	{ "changes", API_JSON, 0, .get = get_changes },
	{ "kind", API_TEXT, API_FILTER | API_HIDDEN, .match = is_of_kind },
	{ "object", API_TEXT, API_FILTER | API_HIDDEN, .match = is_of_object },
	{ 0 },
};

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_audit_after(ctx->app->audits, after ? strtoull(after, NULL, 10) : 0);
}

static const void *find(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_audit *it;
	uint64_t id;

	if (cmn_parse_u64(key, 1, UINT64_MAX, &id) < 0)
		return NULL;
	it = dsc_audit_after(ctx->app->audits, id - 1);
	return it && it->id == id ? it : NULL;
}

static const struct api_kind kind = {
	.name = "record",
	.param = "id",
	.fields = fields,
	.find = find,
	.next = next,
	.is_log = true,
};

const struct api_route api_res_audit[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/audit", "listAudit", "since", api_list,
	  &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/audit/{id}", "getAudit", NULL, api_get,
	  &kind },
	{ 0 },
};
