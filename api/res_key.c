/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_key.c - /keys: DH-HMAC-CHAP secrets of hosts.  One that is made here is told once, in the answer that made it; one that was given, never.
 * Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/render.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "common/json.h"
#include "discoveryd/model/keys.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* ctx->live is the request: that which makes a secret has it, and tells it. */
static bool open_key(struct api_req *req, struct api_ctx *ctx)
{
	ctx->live = req;
	return true;
}

/* -- members ------------------------------------------------------------------------------------------- */
static const char *const hash_words[] = { "none", "sha256", "sha384", "sha512", NULL };

static void get_host(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	ret->text = dsc_snapshot_host_id(ctx->snap, ((const struct dsc_key *)row)->host_id)->nqn;
}

static void get_kind(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_key_kind_name[((const struct dsc_key *)row)->key_kind];
}

static void get_hash(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	struct fab_auth_key key = { 0 };

	(void)ctx;
	fab_auth_key_parse(((const struct dsc_key *)row)->secret, &key);
	ret->text = hash_words[key.hash];
	fab_auth_key_clear(&key);
}

void api_key_fingerprint(const struct dsc_key *row, char ret[FAB_AUTH_FINGERPRINT_MAX])
{
	struct fab_auth_key key = { 0 };

	fab_auth_key_parse(row->secret, &key);
	fab_auth_key_fingerprint(&key, ret);
	fab_auth_key_clear(&key);
}

static void get_fingerprint(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	api_key_fingerprint(row, ret->buf);
	ret->text = ret->buf;
}

static void get_hashes(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = dsc_key_hashes(row);
}

static void get_dhgroups(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->json = dsc_key_dhgroups(row);
}

static void get_secret(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct api_req *req = ctx->live;

	(void)row;
	ret->text = req ? req->secret : NULL;
	ret->absent = !ret->text;
}

static int check_hash(const char *text, const char *field, struct cmn_err *err)
{
	return fab_auth_hash_by_name(text) < 0
		       ? cmn_err_set(err, -EINVAL, field, "must be sha256, sha384 or sha512")
		       : 0;
}

static int check_dhgroup(const char *text, const char *field, struct cmn_err *err)
{
	return fab_auth_group_by_name(text) < 0 ? cmn_err_set(err, -EINVAL, field,
							      "must be null, ffdhe2048, ffdhe3072, "
							      "ffdhe4096, ffdhe6144 or ffdhe8192")
						: 0;
}

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND | API_CREATE, API_AT(dsc_key, name) },
	{ "host_nqn", API_TEXT, API_FIND | API_CREATE | API_NEEDED, .get = get_host,
	  .check = dsc_nqn_check },
	{ "kind", API_TEXT, API_FIND | API_CREATE, .get = get_kind, .words = dsc_key_kind_name },
	{ "description", API_TEXT, API_FIND | API_SET | API_NULL, API_AT(dsc_key, description),
	  .max = 255 },
	{ "hash", API_TEXT, API_FIND | API_CREATE, .get = get_hash, .words = hash_words },
	{ "hashes", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_hashes,
	  .check = check_hash },
	{ "dhgroups", API_TEXTS, API_FILTER | API_SET | API_NULL, .get = get_dhgroups,
	  .check = check_dhgroup },
	{ "fingerprint", API_TEXT, API_FIND, .get = get_fingerprint },
	{ "created_at", API_TIME, API_FIND | API_LIVE, API_AT(dsc_key, created_ms) },
	{ "secret", API_TEXT, API_SET | API_NULL | API_LIVE | API_SECRET, .get = get_secret },
	{ 0 },
};

/* -- finding ------------------------------------------------------------------------------------------- */
static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_snapshot_key(ctx->snap, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_snapshot_key_after(ctx->snap, after);
}

/* -- commands ------------------------------------------------------------------------------------------ */
static uint8_t read_word(struct json_object *doc, const char *name, const char *const *words,
			 uint8_t otherwise)
{
	const char *text = api_body_str(doc, name);

	for (uint8_t i = 0; text && words[i]; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
	}
	return otherwise;
}

/* Null or []: all of them. */
static bool read_mask(struct json_object *doc, const char *name, int (*by_name)(const char *name),
		      uint8_t *ret)
{
	struct json_object *array;

	*ret = 0;
	if (!json_object_object_get_ex(doc, name, &array))
		return false;
	for (size_t i = 0; array && i < json_object_array_length(array); i++)
		*ret |= (uint8_t)(1u << by_name(json_object_get_string(
					  json_object_array_get_idx(array, i))));
	return true;
}

static void read_body(struct json_object *doc, struct dsc_key_in *in)
{
	in->description = api_body_told(doc, "description");
	in->secret = api_body_str(doc, "secret");
	in->set_hashes = read_mask(doc, "hashes", fab_auth_hash_by_name, &in->hashes);
	in->set_dhgroups = read_mask(doc, "dhgroups", fab_auth_group_by_name, &in->dhgroups);
}

static int make_secret(uint8_t hash, char ret[FAB_AUTH_SECRET_MAX], struct cmn_err *err)
{
	struct fab_auth_key key;

	if (fab_auth_key_generate(hash, &key) < 0)
		return cmn_err_set(err, -EAGAIN, NULL, "there is no randomness for a secret");
	fab_auth_key_format(&key, ret);
	fab_auth_key_clear(&key);
	return 0;
}

/* A secret that was made is told by the answer, if it becomes the key's. */
static int tell(const struct api_ctx *ctx, int rc, char made[FAB_AUTH_SECRET_MAX])
{
	struct api_req *req = ctx->live;

	if (rc == 0 && req && *made)
		req->secret = strdup(made);
	OPENSSL_cleanse(made, FAB_AUTH_SECRET_MAX);
	return rc;
}

static int create(const struct api_ctx *ctx, struct json_object *doc, const struct dsc_call *call,
		  struct cmn_err *err)
{
	struct dsc_key_in in = { .name = api_body_str(doc, "id"),
				 .host_nqn = api_body_str(doc, "host_nqn"),
				 .kind = read_word(doc, "kind", dsc_key_kind_name,
						   DSC_KEY_DHCHAP) };
	char made[FAB_AUTH_SECRET_MAX] = "";
	int rc = 0;

	read_body(doc, &in);
	if (in.secret && cmn_json_has(doc, "hash"))
		return cmn_err_set(err, -EINVAL, "hash", "is said by the secret that is given");
	if (!in.secret)
		rc = make_secret(read_word(doc, "hash", hash_words, NVMF_HASH_SHA256), made, err);
	in.secret = in.secret ? in.secret : made;
	if (rc == 0)
		rc = dsc_cmd_key_create(ctx->app, &in, call, err);
	return tell(ctx, rc, made);
}

/* "secret": null makes another one. */
static int update(const struct api_ctx *ctx, const void *row, struct json_object *doc,
		  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_key *key = row;
	struct dsc_key_in in = { .name = key->name };
	char made[FAB_AUTH_SECRET_MAX] = "";
	struct api_value hash = { 0 };
	int rc = 0;

	read_body(doc, &in);
	if (!in.secret && cmn_json_has(doc, "secret")) {
		get_hash(ctx, row, &hash);
		rc = fab_auth_hash_by_name(hash.text);
		rc = make_secret(rc < 0 ? 0 : (uint8_t)rc, made, err);
		in.secret = made;
	}
	if (rc == 0)
		rc = dsc_cmd_key_update(ctx->app, &in, call, err);
	return tell(ctx, rc, made);
}

static int drop(const struct api_ctx *ctx, const void *row, const struct dsc_call *call,
		struct cmn_err *err)
{
	return dsc_cmd_key_delete(ctx->app, ((const struct dsc_key *)row)->name, call, err);
}

static const struct api_kind kind = {
	.name = "key",
	.param = "id",
	.fields = fields,
	.row = DSC_ROW_KEY,
	.changed = offsetof(struct dsc_key, changed),
	.open = open_key,
	.find = find,
	.next = next,
	.create = create,
	.update = update,
	.remove = drop,
};

#define ALL "/api/v1/keys"
#define ONE ALL "/{id}"

const struct api_route api_res_key[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listKeys", NULL, api_list, &kind },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createKey", "wait", api_create, &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getKey", NULL, api_get, &kind },
	{ API_PUT, API_ROLE_WRITE, API_BODY_JSON, ONE, "putKey", "wait", api_put, &kind },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchKey", "wait", api_patch, &kind },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteKey", "wait", api_delete, &kind },
	{ 0 },
};
