/* SPDX-License-Identifier: Apache-2.0 */
/* cli/registration.c - `pharos registration`: what hosts and discovery controllers registered. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_NUMBER, NULL },
	{ "TYPE", "entity_type", CELL_TEXT, NULL },
	{ "NQN", "nqn", CELL_TEXT, NULL },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "LABEL", "label", CELL_TEXT, NULL },
	{ "NAME", "entity_name", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option list_options[] = {
	{ "nqn", "nqn", CLI_TEXT, CLI_QUERY, "NQN", "only those of this host or subsystem" },
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("registrations", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("registrations", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("registrations", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_registration_commands[] = {
	{ "registration", "list", "", "list what hosts and discovery controllers registered",
	  list_options, list },
	{ "registration", "show", "ID", "show a registration", NULL, show },
	{ "registration", "delete", "ID", "forget a registration; its owner may register again",
	  NULL, delete },
	{ 0 },
};
