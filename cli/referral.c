/* SPDX-License-Identifier: Apache-2.0 */
/* cli/referral.c - `pharos referral`: other discovery controllers that hosts are told of. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },
	{ "NQN", "nqn", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "port", "trsvcid", CLI_TEXT, CLI_BODY, "PORT", "TCP port (8009)" },
	{ "nqn", "nqn", CLI_TEXT, CLI_BODY, "NQN", "its own NQN (the well-known one)" },
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN", "tell this host only" },
	{ "id", "id", CLI_TEXT, CLI_BODY, "ID", "made up when left out" },
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN", "tell this host only" },
	{ "all-hosts", "hosts", CLI_NULL, CLI_BODY, NULL, "tell every host" },
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("referrals", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("referrals", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("referrals", NULL);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "traddr",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("referrals", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("referrals", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_referral_commands[] = {
	{ "referral", "list", "", "list referrals", NULL, list },
	{ "referral", "show", "ID", "show a referral", NULL, show },
	{ "referral", "create", "ADDRESS", "tell hosts of another discovery controller",
	  create_options, create },
	{ "referral", "set", "ID", "change which hosts are told", set_options, set },
	{ "referral", "delete", "ID", "delete a referral", NULL, delete },
	{ 0 },
};
