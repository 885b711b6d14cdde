/* SPDX-License-Identifier: Apache-2.0 */
/* cli/portal.c - `pharos portal`: addresses on which workers serve I/O. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "STATE", "status.state", CELL_STATE, NULL },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },
	{ "ADVERTISED AS", "advertise", CELL_TEXT, NULL },
	{ "PORTID", "portid", CELL_NUMBER, NULL },
	{ "WORKER", "worker", CELL_TEXT, NULL },
	{ "REASON", "status.reason", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "port", "trsvcid", CLI_TEXT, CLI_BODY, "PORT", "TCP port (4420)" },
	{ "advertise", "advertise", CLI_TEXT, CLI_BODY, "ADDRESS", "what hosts are told instead" },
	{ "secure-channel", "secure_channel", CLI_TEXT, CLI_BODY, "not_specified|not_required",
	  "what hosts are told of its security" },
	{ "worker", "worker", CLI_TEXT, CLI_BODY, "ID", "the worker (the least loaded)" },
	{ "id", "id", CLI_TEXT, CLI_BODY, "ID", "made up when left out" },
	{ "portid", "portid", CLI_NUMBER, CLI_BODY, "N", "the lowest free one when left out" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "advertise", "advertise", CLI_TEXT, CLI_BODY, "ADDRESS", "what hosts are told instead" },
	{ "no-advertise", "advertise", CLI_NULL, CLI_BODY, NULL,
	  "hosts are told the address itself" },
	{ "secure-channel", "secure_channel", CLI_TEXT, CLI_BODY, "not_specified|not_required",
	  "what hosts are told of its security" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("portals", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("portals", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("portals", NULL);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "traddr",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("portals", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("portals", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_portal_commands[] = {
	{ "portal", "list", "", "list portals", NULL, list },
	{ "portal", "show", "ID", "show a portal", NULL, show },
	{ "portal", "create", "ADDRESS", "listen on an address", create_options, create },
	{ "portal", "set", "ID", "change what hosts are told of it", set_options, set },
	{ "portal", "delete", "ID", "delete a portal", cli_delete_options, delete },
	{ 0 },
};
