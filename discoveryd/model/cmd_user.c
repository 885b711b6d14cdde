/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_user.c - users of the API, and the tokens by which they are known.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

/* -- users ------------------------------------------------------------------------------------------------ */
int dsc_cmd_user_create(struct dsc_app *app, const struct dsc_user_in *in,
			const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_txn *txn;
	struct dsc_user *user;

	if (dsc_cmd_check_name(in->name, "name", err) < 0)
		return err->code;
	if (dsc_snapshot_user(dsc_cmd_ahead(app), in->name))
		return cmn_err_set(err, -EEXIST, "name", "user %.64s exists already", in->name);
	txn = dsc_txn_begin(app->model);
	user = dsc_row_new(DSC_ROW_USER);
	user->id = dsc_txn_new_id(txn);
	snprintf(user->name, sizeof(user->name), "%s", in->name);
	snprintf(user->description, sizeof(user->description), "%s",
		 in->description ? in->description : "");
	user->role = in->role;
	user->changed = dsc_txn_change(txn);
	user->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, user);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

static const struct dsc_user *find(struct dsc_app *app, const char *name,
				   const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_user *user = dsc_snapshot_user(dsc_cmd_ahead(app), name);

	if (!user)
		cmn_err_set(err, -ENOENT, NULL, "there is no user %.64s", name);
	else if (dsc_cmd_check_match(call, user->changed, err) < 0)
		user = NULL;
	return user;
}

int dsc_cmd_user_update(struct dsc_app *app, const struct dsc_user_in *in,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_user *old = find(app, in->name, call, err);
	const char *description = in->description;
	struct dsc_user *user;
	struct dsc_txn *txn;

	if (!old)
		return err->code;
	if (!description)
		description = old->description;
	if (in->role == old->role && strcmp(description, old->description) == 0)
		return 1;
	txn = dsc_txn_begin(app->model);
	user = dsc_row_copy(old);
	user->role = in->role;
	snprintf(user->description, sizeof(user->description), "%s", description);
	user->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, user);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

/* The next token of the user; after NULL: the first. */
static const struct dsc_token *next_token(const struct dsc_snapshot *st, uint64_t user_id,
					  const struct dsc_token *after)
{
	do {
		after = dsc_tree_next(st->tokens, &dsc_token_ops, after ? &after->id : NULL);
	} while (after && after->user_id != user_id);
	return after;
}

unsigned int dsc_user_tokens(const struct dsc_snapshot *st, const struct dsc_user *user)
{
	const struct dsc_token *token = NULL;
	unsigned int nr = 0;

	while ((token = next_token(st, user->id, token)))
		nr++;
	return nr;
}

int dsc_cmd_user_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			struct cmn_err *err)
{
	const struct dsc_user *user = find(app, name, call, err);
	const struct dsc_token *token;
	struct dsc_txn *txn;

	if (!user)
		return err->code;
	txn = dsc_txn_begin(app->model);
	while ((token = next_token(dsc_txn_state(txn), user->id, NULL)))
		dsc_txn_del(txn, token);
	dsc_txn_del(txn, user);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

/* -- tokens ----------------------------------------------------------------------------------------------- */
int dsc_cmd_token_create(struct dsc_app *app, const struct dsc_token_in *in,
			 const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_user *user = dsc_snapshot_user(st, in->user);
	char name[DSC_NAME_MAX + 1];
	struct dsc_token *token;
	struct dsc_txn *txn;

	if (dsc_cmd_check_name(in->name, "id", err) < 0)
		return err->code;
	if (!user)
		return dsc_cmd_unknown(st, DSC_ROW_USER, "user", in->user, err);
	if (dsc_snapshot_token(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "token %.64s exists already", in->name);
	snprintf(name, sizeof(name), "%s", in->name);
	txn = dsc_txn_begin(app->model);
	token = dsc_row_new(DSC_ROW_TOKEN);
	token->id = dsc_txn_new_id(txn);
	token->user_id = user->id;
	memcpy(token->name, name, sizeof(name));
	snprintf(token->description, sizeof(token->description), "%s",
		 in->description ? in->description : "");
	memcpy(token->hash, in->hash, sizeof(token->hash));
	token->expires_ms = in->expires_ms;
	token->changed = dsc_txn_change(txn);
	token->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, token);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

bool dsc_cmd_token_used(struct dsc_app *app, const char *name)
{
	const struct dsc_token *token = dsc_snapshot_token(dsc_cmd_ahead(app), name);
	uint64_t now = cmn_wall_ms();
	struct dsc_token *used;
	struct dsc_txn *txn;

	if (!token || now - token->used_ms < DSC_TOKEN_USED_MS)
		return false;
	txn = dsc_txn_begin(app->model);
	used = dsc_row_copy(token);
	used->used_ms = now;
	dsc_txn_put(txn, used);
	dsc_txn_commit(txn, NULL, NULL, NULL);
	return true;
}

static const struct dsc_token *find_token(struct dsc_app *app, const char *name,
					  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_token *token = dsc_snapshot_token(dsc_cmd_ahead(app), name);

	if (!token)
		cmn_err_set(err, -ENOENT, NULL, "there is no token %.64s", name);
	else if (dsc_cmd_check_match(call, token->changed, err) < 0)
		token = NULL;
	return token;
}

int dsc_cmd_token_update(struct dsc_app *app, const struct dsc_token_in *in,
			 const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_token *old = find_token(app, in->name, call, err);
	struct dsc_token *token;
	struct dsc_txn *txn;

	if (!old)
		return err->code;
	if (!in->description || strcmp(in->description, old->description) == 0)
		return 1;
	txn = dsc_txn_begin(app->model);
	token = dsc_row_copy(old);
	snprintf(token->description, sizeof(token->description), "%s", in->description);
	token->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, token);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_token_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			 struct cmn_err *err)
{
	const struct dsc_token *token = find_token(app, name, call, err);
	struct dsc_txn *txn;

	if (!token)
		return err->code;
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, token);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}
