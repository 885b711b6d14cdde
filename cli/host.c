/* SPDX-License-Identifier: Apache-2.0 */
/* cli/host.c - `pharos host`: hosts that are known by name. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "NQN", "nqn", CELL_TEXT, NULL },
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "STATE", "state", CELL_STATE, NULL },
	{ "SUBSYSTEMS", "subsystems", CELL_COUNT, NULL },
	{ "CONNECTED", "controller_count", CELL_NUMBER, NULL },
	{ "GROUPS", "groups", CELL_COUNT | CELL_WIDE, NULL },
	{ "ADDRESS", "address", CELL_TEXT | CELL_WIDE, NULL },
	{ "SEEN", "last_seen", CELL_AGE | CELL_WIDE, NULL },
	{ "AGE", "created_at", CELL_AGE | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

const struct cli_column cli_allowed_columns[] = {
	{ "HOST", "host_nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "CONNECTED", "connected", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option list_options[] = {
	{ "state", "state", CLI_TEXT, CLI_QUERY, "STATE",
	  "admitted (these), waiting to be admitted, or connected" },
	{ 0 },
};

static const struct cli_option create_options[] = {
	{ "name", "name", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	{ "group", "groups", CLI_LIST, CLI_BODY, "NAME", "a group that it is of" },
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "name", "name", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	{ "group", "groups", CLI_LIST, CLI_BODY, "NAME",
	  "a group that it is of; all of them anew" },
	{ "no-groups", "groups", CLI_NULL, CLI_BODY, NULL, "it is of no group any more" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("hosts", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("hosts", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("hosts", NULL);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "nqn",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("hosts", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("hosts", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_host_commands[] = {
	{ "host", "list", "", "list hosts", list_options, list },
	{ "host", "show", "NQN", "show a host", NULL, show },
	{ "host", "create", "NQN", "register a host", create_options, create },
	{ "host", "admit", "NQN", "admit a host that waits", create_options, create },
	{ "host", "set", "NQN", "change a host's name or groups", set_options, set },
	{ "host", "delete", "NQN", "forget a host", cli_delete_options, delete },
	{ 0 },
};
