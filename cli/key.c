/* SPDX-License-Identifier: Apache-2.0 */
/* cli/key.c - `pharos key`: secrets by which hosts authenticate, and controllers towards them (DH-HMAC-CHAP). */
#include "cli/commands.h"
#include "cli/file.h"

#include <string.h>

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "HOST", "host_nqn", CELL_TEXT, NULL },
	{ "KIND", "kind", CELL_TEXT, NULL },
	{ "HASH", "hash", CELL_TEXT | CELL_WIDE, NULL },
	{ "FINGERPRINT", "fingerprint", CELL_TEXT, NULL },
	{ "AGE", "created_at", CELL_AGE, NULL },
	{ "DESCRIPTION", "description", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

#define ALLOWED_OPTIONS                                                                                \
	{ "allow-hash",                                                                                \
	  "hashes",                                                                                    \
	  CLI_LIST,                                                                                    \
	  CLI_BODY,                                                                                    \
	  "sha256|sha384|sha512",                                                                      \
	  "a hash function that may be used (all)" },                                                  \
		{ "allow-dhgroup", "dhgroups",                                                         \
		  CLI_LIST,	   CLI_BODY,                                                           \
		  "GROUP",	   "null, ffdhe2048, ... ffdhe8192: a group that may be used (all)" }, \
	{                                                                                              \
		"description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people"                 \
	}

#define SECRET_OPTION                                                                              \
	{                                                                                          \
		"secret", "secret", CLI_TEXT, CLI_LOCAL, "SECRET",                                 \
			"DHHC-1:...:, or @FILE that holds it (made, and shown once)"               \
	}

static const struct cli_option create_options[] = {
	{ "kind", "kind", CLI_TEXT, CLI_BODY, "dhchap|dhchap_ctrl",
	  "who authenticates by it: the host (dhchap), or controllers towards it" },
	{ "hash", "hash", CLI_TEXT, CLI_BODY, "none|sha256|sha384|sha512",
	  "of a secret that is made (sha256)" },
	SECRET_OPTION,
	ALLOWED_OPTIONS,
	{ "id", "id", CLI_TEXT, CLI_BODY, "ID", "made up when left out" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = { ALLOWED_OPTIONS, CLI_WAIT_OPTION, { 0 } };

static const struct cli_option rotate_options[] = { SECRET_OPTION, CLI_WAIT_OPTION, { 0 } };

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("keys", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("keys", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

/* --secret into the body; needed: null without it, so that one is made. */
static enum cli_exit take_secret(struct cli *cli, bool needed)
{
	char line[256];
	const char *text;

	if (cli_text_or_file(cli, "secret", line, sizeof(line), &text) != CLI_OK)
		return CLI_USAGE;
	if (text || needed)
		json_object_object_add(cli->values[CLI_BODY], "secret",
				       text ? json_object_new_string(text) : NULL);
	return CLI_OK;
}

/* A secret that was made: with what the host wants it for. */
static enum cli_exit write_key(struct cli *cli, const char *method, const char *path)
{
	struct json_object *key = NULL;
	const char *secret;
	bool ctrl;
	enum cli_exit res;

	if (cli->json || cli->dry_run)
		return cli_run_write(cli, method, path);
	res = cli_request(cli, method, path, cli->values[CLI_BODY], &key);
	if (res == CLI_OK && key) {
		cli_record(cli, key);
		secret = cli_member_text(key, "secret");
		ctrl = strcmp(cli_member_text(key, "kind"), "dhchap_ctrl") == 0;
		if (*secret)
			cli_note("the secret is shown only now; on the host: nvme connect ... "
				 "--dhchap-%s=%s, or %s in /etc/nvme/config.json",
				 ctrl ? "ctrl-secret" : "secret", secret,
				 ctrl ? "dhchap_ctrl_key" : "dhchap_key");
	}
	json_object_put(key);
	return res;
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("keys", NULL);
	enum cli_exit res = take_secret(cli, false);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "host_nqn",
				       json_object_new_string(cli_arg(cli, 0)));
	return res == CLI_OK ? write_key(cli, "POST", path) : res;
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("keys", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit rotate(struct cli *cli)
{
	cmn_autofree char *path = cli_path("keys", cli_arg(cli, 0), NULL);
	enum cli_exit res = take_secret(cli, true);

	return res == CLI_OK ? write_key(cli, "PATCH", path) : res;
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("keys", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_key_commands[] = {
	{ "key", "list", "", "list keys of hosts, but not the secrets", NULL, list },
	{ "key", "show", "ID", "show a key, but not the secret", NULL, show },
	{ "key", "create", "HOST_NQN", "give a host a key, by which it has to authenticate",
	  create_options, create },
	{ "key", "set", "ID", "change what a key allows", set_options, set },
	{ "key", "rotate", "ID", "give a key another secret", rotate_options, rotate },
	{ "key", "delete", "ID", "delete a key: its host need not authenticate", NULL, delete },
	{ 0 },
};
