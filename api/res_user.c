/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_user.c - /users, /tokens: who may use the API; /whoami.  A token is told once, in the answer that made it.
 * Thread: the control loop.  May block: never. */
#include "api/auth.h"
#include "api/kind.h"
#include "api/render.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "common/clock.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#define EXPIRES_MAX_S (100u * 365 * 86400)

/* -- users ------------------------------------------------------------------------------------------------- */
static void get_role(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_role_name[((const struct dsc_user *)row)->role];
}

static void get_token_count(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->number = dsc_user_tokens(ctx->snap, row);
}

static const struct api_field user_fields[] = {
	{ "name", API_TEXT, API_KEY | API_FIND | API_CREATE | API_NEEDED, API_AT(dsc_user, name) },
	{ "role", API_TEXT, API_FIND | API_SET | API_NEEDED, .get = get_role,
	  .words = dsc_role_name },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_user, description),
	  .max = 255 },
	{ "token_count", API_NUMBER, API_FIND | API_LIVE, .get = get_token_count },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_user, created_ms) },
	{ 0 },
};

static const void *find_user(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_user(ctx->snap, key);
}

static const void *next_user(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_user_after(ctx->snap, after);
}

static uint8_t read_role(struct json_object *doc, uint8_t otherwise)
{
	const char *text = api_body_str(doc, "role");

	for (uint8_t role = 0; text && role < DSC_ROLE_COUNT; role++) {
		if (strcmp(text, dsc_role_name[role]) == 0)
			return role;
	}
	return otherwise;
}

static int create_user(const struct api_ctx *ctx, struct json_object *doc,
		       const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_user_in in = { .name = api_body_str(doc, "name"),
				  .description = api_body_told(doc, "description"),
				  .role = read_role(doc, DSC_ROLE_VIEWER) };

	return dsc_cmd_user_create(ctx->app, &in, call, err);
}

static int update_user(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		       const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_user *user = row;
	struct dsc_user_in in = { .name = user->name,
				  .description = api_body_told(doc, "description"),
				  .role = read_role(doc, user->role) };

	return dsc_cmd_user_update(ctx->app, &in, call, err);
}

static int drop_user(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		     struct cmn_err *err)
{
	return dsc_cmd_user_delete(ctx->app, ((const struct dsc_user *)row)->name, call, err);
}

static const struct api_kind user_kind = {
	.name = "user",
	.param = "name",
	.fields = user_fields,
	.row = DSC_ROW_USER,
	.changed = offsetof(struct dsc_user, changed),
	.find = find_user,
	.next = next_user,
	.create = create_user,
	.update = update_user,
	.remove = drop_user,
};

/* -- tokens ------------------------------------------------------------------------------------------------ */
/* ctx->live is the request: that which makes a token has it, and tells it. */
static bool open_token(struct api_req *req, struct api_ctx *ctx)
{
	ctx->live = req;
	return true;
}

static void get_user(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_snapshot_user_id(ctx->snap, ((const struct dsc_token *)row)->user_id)->name;
}

static void get_expires(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = ((const struct dsc_token *)row)->expires_ms;
	ret->null = !ret->number;
}

static void get_last_used(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->number = ((const struct dsc_token *)row)->used_ms;
	ret->null = !ret->number;
}

static void get_secret(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct api_req *req = ctx->live;

	(void)row;
	ret->text = req ? req->secret : NULL;
	ret->absent = !ret->text;
}

static void get_nothing(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	(void)row;
	ret->absent = true;
}

static const struct api_field token_fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND, API_AT(dsc_token, name) },
	{ "user", API_TEXT, API_FIND | API_CREATE | API_NEEDED, .get = get_user },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_token, description),
	  .max = 255 },
	{ "expires_in", API_NUMBER, API_CREATE, .get = get_nothing, .min = 1,
	  .max = EXPIRES_MAX_S },
	{ "expires_at", API_TIME, API_FIND, .get = get_expires },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_token, created_ms) },
	{ "last_used", API_TIME, API_FIND | API_LIVE, .get = get_last_used },
	{ "token", API_TEXT, API_LIVE, .get = get_secret },
	{ 0 },
};

static const void *find_token(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_token(ctx->snap, key);
}

static const void *next_token(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_token_after(ctx->snap, after);
}

static int create_token(const struct api_ctx *ctx, struct json_object *doc,
			const struct dsc_call *call, struct cmn_err *err)
{
	uint64_t expires_in = api_body_u64(doc, "expires_in");
	char id[API_TOKEN_ID_MAX], token[API_TOKEN_MAX];
	uint8_t hash[API_TOKEN_HASH];
	struct dsc_token_in in = { .name = id,
				   .user = api_body_str(doc, "user"),
				   .description = api_body_told(doc, "description"),
				   .hash = hash,
				   .expires_ms = expires_in ? cmn_wall_ms() + expires_in * 1000
							    : 0 };
	int rc;

	if (!api_token_make(id, token, hash))
		return cmn_err_set(err, -EAGAIN, NULL, "there is no randomness for a token");
	rc = dsc_cmd_token_create(ctx->app, &in, call, err);
	if (rc == 0)
		((struct api_req *)ctx->live)->secret = strdup(token);
	OPENSSL_cleanse(token, sizeof(token));
	return rc;
}

static int update_token(const struct api_ctx *ctx, const void *row, struct json_object *doc,
			const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_token_in in = { .name = ((const struct dsc_token *)row)->name,
				   .description = api_body_told(doc, "description") };

	return dsc_cmd_token_update(ctx->app, &in, call, err);
}

static int drop_token(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		      struct cmn_err *err)
{
	return dsc_cmd_token_delete(ctx->app, ((const struct dsc_token *)row)->name, call, err);
}

static const struct api_kind token_kind = {
	.name = "token",
	.param = "id",
	.fields = token_fields,
	.row = DSC_ROW_TOKEN,
	.changed = offsetof(struct dsc_token, changed),
	.open = open_token,
	.find = find_token,
	.next = next_token,
	.create = create_token,
	.update = update_token,
	.remove = drop_token,
};

/* -- whoami ------------------------------------------------------------------------------------------------ */
static void whoami(struct api_req *req)
{
	struct json_object *json = json_object_new_object();

	api_add_str(json, "user", api_req_user(req));
	api_add_str(json, "role", dsc_role_name[req->role]);
	json_object_object_add(json, "authentication", json_object_new_boolean(req->server->auth));
	json_object_object_add(json, "token",
			       *req->token ? json_object_new_string(req->token) : NULL);
	api_reply_json(req, 200, json);
}

#define USERS "/api/v1/users"
#define USER USERS "/{name}"
#define TOKENS "/api/v1/tokens"
#define TOKEN TOKENS "/{id}"
#define KIND &user_kind

const struct api_route api_res_user[] = {
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, USERS, "listUsers", NULL, api_list, KIND },
	{ API_POST, API_ROLE_ADMIN, API_BODY_JSON, USERS, "createUser", NULL, api_create, KIND },
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, USER, "getUser", NULL, api_get, KIND },
	{ API_PUT, API_ROLE_ADMIN, API_BODY_JSON, USER, "putUser", NULL, api_put, KIND },
	{ API_PATCH, API_ROLE_ADMIN, API_BODY_MERGE, USER, "patchUser", NULL, api_patch, KIND },
	{ API_DELETE, API_ROLE_ADMIN, API_BODY_NONE, USER, "deleteUser", NULL, api_delete, KIND },
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, TOKENS, "listTokens", NULL, api_list,
	  &token_kind },
	{ API_POST, API_ROLE_ADMIN, API_BODY_JSON, TOKENS, "createToken", NULL, api_create,
	  &token_kind },
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, TOKEN, "getToken", NULL, api_get, &token_kind },
	{ API_PATCH, API_ROLE_ADMIN, API_BODY_MERGE, TOKEN, "patchToken", NULL, api_patch,
	  &token_kind },
	{ API_DELETE, API_ROLE_ADMIN, API_BODY_NONE, TOKEN, "deleteToken", NULL, api_delete,
	  &token_kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/whoami", "whoami", NULL, whoami, NULL },
	{ 0 },
};
