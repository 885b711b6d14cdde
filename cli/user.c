/* SPDX-License-Identifier: Apache-2.0 */
/* cli/user.c - `pharos user`, `pharos token`, `pharos whoami`: who may use the API. */
#include "cli/commands.h"

#include "common/cleanup.h"

/* -- users ------------------------------------------------------------------------------------------------------- */
static const struct cli_column user_columns[] = {
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "ROLE", "role", CELL_TEXT, NULL },
	{ "TOKENS", "token_count", CELL_NUMBER, NULL },
	{ "DESCRIPTION", "description", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

#define ROLE_OPTION                                                                                \
	{                                                                                          \
		"role", "role", CLI_TEXT, CLI_BODY, "viewer|operator|admin",                       \
			"reads; changes storage too; does everything"                              \
	}
#define DESCRIPTION_OPTION                                                                         \
	{                                                                                          \
		"description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people"             \
	}

static const struct cli_option user_options[] = { ROLE_OPTION, DESCRIPTION_OPTION, { 0 } };

static enum cli_exit list_users(struct cli *cli)
{
	cmn_autofree char *path = cli_path("users", NULL);

	return cli_run_list(cli, path, user_columns);
}

static enum cli_exit show_user(struct cli *cli)
{
	cmn_autofree char *path = cli_path("users", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create_user(struct cli *cli)
{
	cmn_autofree char *path = cli_path("users", NULL);
	struct json_object *body = cli->values[CLI_BODY];

	json_object_object_add(body, "name", json_object_new_string(cli_arg(cli, 0)));
	if (!json_object_object_get(body, "role"))
		json_object_object_add(body, "role", json_object_new_string("viewer"));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set_user(struct cli *cli)
{
	cmn_autofree char *path = cli_path("users", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete_user(struct cli *cli)
{
	cmn_autofree char *path = cli_path("users", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

/* -- tokens ------------------------------------------------------------------------------------------------------ */
static const struct cli_column token_columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "USER", "user", CELL_TEXT, NULL },
	{ "EXPIRES", "expires_at", CELL_TEXT, NULL },
	{ "USED", "last_used", CELL_AGE, NULL },
	{ "AGE", "created_at", CELL_AGE, NULL },
	{ "DESCRIPTION", "description", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option token_options[] = {
	{ "days", "days", CLI_NUMBER, CLI_LOCAL, "N", "how long it counts (for ever)" },
	DESCRIPTION_OPTION,
	{ 0 },
};

static const struct cli_option token_set_options[] = {
	DESCRIPTION_OPTION,
	{ 0 },
};

static enum cli_exit list_tokens(struct cli *cli)
{
	cmn_autofree char *path = cli_path("tokens", NULL);

	return cli_run_list(cli, path, token_columns);
}

static enum cli_exit show_token(struct cli *cli)
{
	cmn_autofree char *path = cli_path("tokens", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create_token(struct cli *cli)
{
	cmn_autofree char *path = cli_path("tokens", NULL);
	struct json_object *body = cli->values[CLI_BODY];
	unsigned long long days = cli_number(cli, "days", 0);
	enum cli_exit res;

	json_object_object_add(body, "user", json_object_new_string(cli_arg(cli, 0)));
	if (days)
		json_object_object_add(body, "expires_in", json_object_new_uint64(days * 86400));
	res = cli_run_write(cli, "POST", path);
	if (res == CLI_OK && !cli->json && !cli->dry_run)
		cli_note("the token is shown only now; PHAROS_TOKEN or ~/.config/pharos/token is "
			 "where pharos looks for it");
	return res;
}

static enum cli_exit set_token(struct cli *cli)
{
	cmn_autofree char *path = cli_path("tokens", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete_token(struct cli *cli)
{
	cmn_autofree char *path = cli_path("tokens", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

static enum cli_exit whoami(struct cli *cli)
{
	cmn_autofree char *path = cli_path("whoami", NULL);

	return cli_run_show(cli, path);
}

const struct cli_command cli_user_commands[] = {
	{ "user", "list", "", "list users of the API", NULL, list_users },
	{ "user", "show", "NAME", "show a user", NULL, show_user },
	{ "user", "create", "NAME", "make a user; viewer unless --role says more", user_options,
	  create_user },
	{ "user", "set", "NAME", "change a user's role or description", user_options, set_user },
	{ "user", "delete", "NAME", "delete a user and its tokens", NULL, delete_user },
	{ "token", "list", "", "list tokens of users", NULL, list_tokens },
	{ "token", "show", "ID", "show a token, but not the secret", NULL, show_token },
	{ "token", "create", "USER", "make a token, which is shown once", token_options,
	  create_token },
	{ "token", "set", "ID", "change a token's description", token_set_options, set_token },
	{ "token", "delete", "ID", "delete a token: it counts no more", NULL, delete_token },
	{ NULL, "whoami", "", "as whom the API knows you, and your role", NULL, whoami },
	{ 0 },
};
