/* SPDX-License-Identifier: Apache-2.0 */
/* cli/group.c - `pharos group`: named sets of hosts. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "MEMBERS", "member_count", CELL_NUMBER, NULL },
	{ "USED BY", "used_by", CELL_COUNT, NULL },
	{ "PATHS", "path_policy", CELL_TEXT | CELL_WIDE, NULL },
	{ "MAX PATHS", "max_paths", CELL_NUMBER | CELL_WIDE, NULL },
	{ "DESCRIPTION", "description", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "member", "members", CLI_LIST, CLI_BODY, "NQN", "a host of the group" },
	{ "description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	{ "path-policy", "path_policy", CLI_TEXT, CLI_BODY, "all|local_first|spread",
	  "which portals its hosts are told first" },
	{ "max-paths", "max_paths", CLI_NUMBER, CLI_BODY, "N",
	  "tell its hosts at most so many portals of each subsystem" },
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "member", "members", CLI_LIST, CLI_BODY, "NQN", "a host of the group; all of them anew" },
	{ "no-members", "members", CLI_NULL, CLI_BODY, NULL, "no host is of it any more" },
	{ "description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	{ "path-policy", "path_policy", CLI_TEXT, CLI_BODY, "all|local_first|spread",
	  "which portals its hosts are told first" },
	{ "max-paths", "max_paths", CLI_NUMBER, CLI_BODY, "N",
	  "tell its hosts at most so many portals of each subsystem" },
	{ "no-path-policy", "path_policy", CLI_NULL, CLI_BODY, NULL, "leave it to the subsystems" },
	{ "no-max-paths", "max_paths", CLI_NULL, CLI_BODY, NULL, "leave it to the subsystems" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("groups", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("groups", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("groups", NULL);

	json_object_object_add(cli->values[CLI_BODY], "name",
			       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("groups", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("groups", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

static enum cli_exit add(struct cli *cli)
{
	cmn_autofree char *path =
		cli_path("groups", cli_arg(cli, 0), "members", cli_arg(cli, 1), NULL);

	return cli_run_write(cli, "PUT", path);
}

static enum cli_exit remove_member(struct cli *cli)
{
	cmn_autofree char *path =
		cli_path("groups", cli_arg(cli, 0), "members", cli_arg(cli, 1), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_group_commands[] = {
	{ "group", "list", "", "list groups of hosts", NULL, list },
	{ "group", "show", "NAME", "show a group and its hosts", NULL, show },
	{ "group", "create", "NAME", "create a group; group:NAME does wherever a host NQN does",
	  create_options, create },
	{ "group", "set", "NAME", "change a group", set_options, set },
	{ "group", "delete", "NAME", "delete a group", cli_delete_options, delete },
	{ "group", "add", "NAME HOST_NQN", "put a host into a group", cli_wait_options, add },
	{ "group", "remove", "NAME HOST_NQN", "take a host out of a group", cli_wait_options,
	  remove_member },
	{ 0 },
};
