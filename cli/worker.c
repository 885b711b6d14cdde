/* SPDX-License-Identifier: Apache-2.0 */
/* cli/worker.c - `pharos worker`: the processes that serve I/O. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "STATE", "state", CELL_STATE, NULL },
	{ "PID", "pid", CELL_NUMBER, NULL },
	{ "REACTORS", "reactors", CELL_NUMBER, NULL },
	{ "RESTARTS", "restarts", CELL_NUMBER, NULL },
	{ "SUBSYSTEMS", "subsystem_count", CELL_NUMBER, NULL },
	{ "CONNECTED", "controller_count", CELL_NUMBER, NULL },
	{ "NODE", "node", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "reactors", "reactors", CLI_NUMBER, CLI_BODY, "N",
	  "threads; 0 is one a core, at most 4" },
	{ "cpu-list", "cpu_list", CLI_TEXT, CLI_BODY, "LIST",
	  "cores to pin them to, such as 0-3,8" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "reactors", "reactors", CLI_NUMBER, CLI_BODY, "N",
	  "threads; 0 is one a core, at most 4" },
	{ "cpu-list", "cpu_list", CLI_TEXT, CLI_BODY, "LIST", "cores to pin them to" },
	{ "no-cpu-list", "cpu_list", CLI_NULL, CLI_BODY, NULL, "don't pin them" },
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("workers", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("workers", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("workers", NULL);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "id",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("workers", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("workers", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_worker_commands[] = {
	{ "worker", "list", "", "list workers", NULL, list },
	{ "worker", "show", "ID", "show a worker", NULL, show },
	{ "worker", "create", "[ID]", "add a worker", create_options, create },
	{ "worker", "set", "ID", "change its threads, from its next start", set_options, set },
	{ "worker", "delete", "ID", "drain and delete a worker", NULL, delete },
	{ 0 },
};
