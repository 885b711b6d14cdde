/* SPDX-License-Identifier: Apache-2.0 */
/* api/auth.c - see api/auth.h.  Thread: the control loop.  May block: never. */
#include "api/auth.h"

#include "api/server_impl.h"
#include "common/clock.h"
#include "common/log.h"
#include "discoveryd/model/commands.h"
#include "discoveryd/model/model.h"
#include "discoveryd/model/snapshot.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PREFIX "pharos_" /* so that who finds one somewhere knows what it is */
#define SECRET_LEN 32
#define NOTE_EVERY_NS (100 * 1000 * 1000ull)

/* What a role may do: of each row of the route table it is said which of these it needs. */
static const unsigned int may[DSC_ROLE_COUNT] = {
	[DSC_ROLE_VIEWER] = 1u << API_ROLE_READ,
	[DSC_ROLE_OPERATOR] = 1u << API_ROLE_READ | 1u << API_ROLE_WRITE,
	[DSC_ROLE_ADMIN] = 1u << API_ROLE_READ | 1u << API_ROLE_WRITE | 1u << API_ROLE_ADMIN,
};

/* The least that will do. */
static const char *const needed[API_ROLE_COUNT] = { "viewer", "operator", "admin" };

/* -- tokens ------------------------------------------------------------------------------------------------ */
static size_t add_hex(char *buf, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
	return 2 * len;
}

static bool hash_of(const char *token, uint8_t hash[API_TOKEN_HASH])
{
	unsigned int len = API_TOKEN_HASH;

	return EVP_Digest(token, strlen(token), hash, &len, EVP_sha256(), NULL) == 1;
}

bool api_token_make(char id[API_TOKEN_ID_MAX], char token[API_TOKEN_MAX],
		    uint8_t hash[API_TOKEN_HASH])
{
	uint8_t random[4 + SECRET_LEN];
	size_t used;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	id[0] = 't';
	add_hex(id + 1, random, 4);
	used = (size_t)snprintf(token, API_TOKEN_MAX, PREFIX "%s_", id);
	add_hex(token + used, random + 4, SECRET_LEN);
	OPENSSL_cleanse(random, sizeof(random));
	return hash_of(token, hash);
}

/* The row of a whole token; NULL: there is none, or its secret is another. */
static const struct dsc_token *find(const struct dsc_snapshot *snap, const char *token)
{
	const char *id = token + strlen(PREFIX), *end;
	uint8_t hash[API_TOKEN_HASH];
	char name[API_TOKEN_ID_MAX];
	const struct dsc_token *row;

	if (strncmp(token, PREFIX, strlen(PREFIX)) != 0)
		return NULL;
	end = strchr(id, '_');
	if (!end || (size_t)(end - id) >= sizeof(name))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(end - id), id);
	row = dsc_snapshot_token(snap, name);
	if (!row || !hash_of(token, hash) || CRYPTO_memcmp(hash, row->hash, sizeof(hash)) != 0)
		return NULL;
	return row;
}

static bool is_over(const struct dsc_token *token)
{
	return token->expires_ms && cmn_wall_ms() >= token->expires_ms;
}

/* -- requests ---------------------------------------------------------------------------------------------- */
/* One at a time: a store that fails isn't asked anew by every request. */
static void note_use(struct api_req *req)
{
	uint64_t now = cmn_now_ns();

	if (now - req->server->token_noted < NOTE_EVERY_NS)
		return;
	if (dsc_cmd_token_used(req->server->app, req->token))
		req->server->token_noted = now;
}

static bool refuse(struct api_req *req, enum api_problem problem, const char *error,
		   const char *detail)
{
	char challenge[80];

	snprintf(challenge, sizeof(challenge), "Bearer realm=\"pharos\"%s%s%s",
		 *error ? ", error=\"" : "", error, *error ? "\"" : "");
	api_reply_header(req, "WWW-Authenticate", challenge);
	cmn_warn("api.refused", "address=%s user=%s path=%s reason=%s",
		 CMN_Q(req->conn ? req->conn->peer : ""), CMN_Q(req->user), CMN_Q(req->target),
		 CMN_Q(detail));
	api_failf(req, problem, "Authorization", "%s", detail);
	return false;
}

bool api_auth_check(struct api_req *req)
{
	const char *header = api_req_header(req, "Authorization");
	const struct dsc_snapshot *snap;
	const struct dsc_token *token;
	const struct dsc_user *user;
	char detail[160];

	req->role = DSC_ROLE_ADMIN;
	if (!req->server->auth)
		return true;
	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return refuse(req, API_PROBLEM_UNAUTHENTICATED, "",
			      "this API wants a token: Authorization: Bearer TOKEN");
	snap = dsc_model_now(req->server->app->model);
	token = find(snap, header + 7 + strspn(header + 7, " "));
	if (!token || is_over(token))
		return refuse(req, API_PROBLEM_UNAUTHENTICATED, "invalid_token",
			      token ? "the token is past its time" : "there is no such token");
	user = dsc_snapshot_user_id(snap, token->user_id);
	snprintf(req->user, sizeof(req->user), "%s", user->name);
	snprintf(req->token, sizeof(req->token), "%s", token->name);
	req->role = user->role;
	note_use(req);
	if (may[user->role] & 1u << req->route->role)
		return true;
	snprintf(detail, sizeof(detail), "%s needs the role %s, and %.64s has %s",
		 req->route->operation_id, needed[req->route->role], user->name,
		 dsc_role_name[user->role]);
	return refuse(req, API_PROBLEM_FORBIDDEN, "insufficient_scope", detail);
}

bool api_auth_holds(const struct api_req *req)
{
	const struct dsc_token *token;

	if (!req->server->auth)
		return true;
	token = dsc_snapshot_token(dsc_model_now(req->server->app->model), req->token);
	return token && !is_over(token);
}

static bool has_admin(const struct dsc_snapshot *snap)
{
	const struct dsc_token *token;

	dsc_tree_each(token, snap->tokens, &dsc_token_ops)
	{
		if (!is_over(token) &&
		    dsc_snapshot_user_id(snap, token->user_id)->role == DSC_ROLE_ADMIN)
			return true;
	}
	return false;
}

void api_auth_tell(const struct api_server *server, bool loopback)
{
	if (!server->auth)
		return;
	if (!loopback)
		cmn_warn("api.plain",
			 "text=\"the API is told tokens without encryption: use a network that you "
			 "trust, or a proxy that speaks TLS\"");
	if (!has_admin(dsc_model_now(server->app->model)))
		cmn_warn("api.no-admin",
			 "text=\"nobody has a token of an admin: start on loopback without "
			 "--api-auth and make one (pharos user create, pharos token create)\"");
}
