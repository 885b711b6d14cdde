/* SPDX-License-Identifier: Apache-2.0 */
/* cli/dc.c - `pharos dc`: other discovery controllers whose entries hosts are told of. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "STATE", "state", CELL_TEXT, NULL },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },
	{ "ENTRIES", "entries", CELL_NUMBER, NULL },
	{ "TYPE", "dctype", CELL_TEXT, NULL },
	{ "SOURCE", "source", CELL_TEXT, NULL },
	{ "ANNOUNCED", "announced", CELL_TEXT | CELL_WIDE, NULL },
	{ "ERROR", "error", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "port", "trsvcid", CLI_TEXT, CLI_BODY, "PORT", "TCP port (8009)" },
	{ "nqn", "nqn", CLI_TEXT, CLI_BODY, "NQN", "ask by this NQN (the well-known one)" },
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN", "tell this host only of its entries" },
	{ "id", "id", CLI_TEXT, CLI_BODY, "ID", "made up when left out" },
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN", "tell this host only of its entries" },
	{ "all-hosts", "hosts", CLI_NULL, CLI_BODY, NULL, "tell every host" },
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("discovery-controllers", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("discovery-controllers", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("discovery-controllers", NULL);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "traddr",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("discovery-controllers", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit set_bool(struct cli *cli, const char *name, bool value)
{
	json_object_object_add(cli->values[CLI_BODY], name, json_object_new_boolean(value));
	return set(cli);
}

static enum cli_exit admit(struct cli *cli)
{
	return set_bool(cli, "admitted", true);
}

static enum cli_exit enable(struct cli *cli)
{
	return set_bool(cli, "enabled", true);
}

static enum cli_exit disable(struct cli *cli)
{
	return set_bool(cli, "enabled", false);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("discovery-controllers", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_dc_commands[] = {
	{ "dc", "list", "", "list other discovery controllers", NULL, list },
	{ "dc", "show", "ID", "show one", NULL, show },
	{ "dc", "create", "ADDRESS", "follow one: tell hosts of its entries", create_options,
	  create },
	{ "dc", "admit", "ID", "follow one that waits, because it registered or was found",
	  set_options, admit },
	{ "dc", "set", "ID", "change which hosts are told of its entries", set_options, set },
	{ "dc", "enable", "ID", "follow it again", NULL, enable },
	{ "dc", "disable", "ID", "leave it, and tell nobody of its entries", NULL, disable },
	{ "dc", "delete", "ID", "forget it and its entries", NULL, delete },
	{ 0 },
};
