/* SPDX-License-Identifier: Apache-2.0 */
/* cli/namespace.c - `pharos namespace`: the disks of a subsystem. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

static const char *hosts_text(struct json_object *item, char *buf, size_t size)
{
	struct json_object *hosts = cli_member(item, "hosts");

	if (!hosts)
		return "all";
	snprintf(buf, size, "%zu", json_object_array_length(hosts));
	return buf;
}

static const struct cli_column columns[] = {
	{ "SUBSYSTEM", "nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "NSID", "nsid", CELL_NUMBER | CELL_KEY, NULL },
	{ "STATE", "status.state", CELL_STATE, NULL },
	{ "SIZE", "size", CELL_SIZE, NULL },
	{ "BLOCK", "block_size", CELL_NUMBER, NULL },
	{ "BACKEND", "backend", CELL_TEXT, NULL },
	{ "PATH", "path", CELL_TEXT, NULL },
	{ "HOSTS", NULL, CELL_TEXT, hosts_text },
	{ "UUID", "uuid", CELL_TEXT, NULL },
	{ "NGUID", "nguid", CELL_TEXT | CELL_WIDE, NULL },
	{ "ANA GROUP", "ana_group", CELL_NUMBER | CELL_WIDE, NULL },
	{ "READ ONLY", "read_only", CELL_TEXT | CELL_WIDE, NULL },
	{ "AGE", "created_at", CELL_AGE | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "size", "size", CLI_TEXT, CLI_BODY, "SIZE", "such as 1GiB; a file's own when left out" },
	{ "backend", "backend", CLI_TEXT, CLI_BODY, "ram|file|null", "file with --path, else ram" },
	{ "path", "path", CLI_TEXT, CLI_BODY, "FILE", "regular file or block device" },
	{ "nsid", "nsid", CLI_NUMBER, CLI_BODY, "N", "the lowest free one when left out" },
	{ "block-size", "block_size", CLI_NUMBER, CLI_BODY, "512|4096", "bytes of a block (512)" },
	{ "uuid", "uuid", CLI_TEXT, CLI_BODY, "UUID", "made up when left out" },
	{ "nguid", "nguid", CLI_TEXT, CLI_BODY, "HEX", "32 digits; made up when left out" },
	{ "eui64", "eui64", CLI_TEXT, CLI_BODY, "HEX", "16 digits; made up when left out" },
	{ "read-only", "read_only", CLI_FLAG, CLI_BODY, NULL, "no host may write" },
	{ "ana-group", "ana_group", CLI_NUMBER, CLI_BODY, "N", "its ANA group (1)" },
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN",
	  "a host that sees it (all of the subsystem)" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "size", "size", CLI_TEXT, CLI_BODY, "SIZE", "new size" },
	{ "read-only", "read_only", CLI_BOOL, CLI_BODY, "YES|NO", "may no host write?" },
	{ "ana-group", "ana_group", CLI_NUMBER, CLI_BODY, "N", "its ANA group" },
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN",
	  "a host that sees it, instead of those so far" },
	{ "all-hosts", "hosts", CLI_NULL, CLI_BODY, NULL, "every host of the subsystem sees it" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path =
		cli_arg(cli, 0) ? cli_path("subsystems", cli_arg(cli, 0), "namespaces", NULL)
				: cli_path("namespaces", NULL);

	return cli_run_list(cli, path, columns);
}

static char *path_of(struct cli *cli)
{
	return cli_path("subsystems", cli_arg(cli, 0), "namespaces", cli_arg(cli, 1), NULL);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), "namespaces", NULL);

	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = path_of(cli);

	return cli_run_delete(cli, path);
}

static enum cli_exit hosts(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), "namespaces",
					   cli_arg(cli, 1), "hosts", NULL);

	return cli_run_list(cli, path, cli_allowed_columns);
}

static enum cli_exit allow(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), "namespaces",
					   cli_arg(cli, 1), "hosts", cli_arg(cli, 2), NULL);

	return cli_run_write(cli, "PUT", path);
}

static enum cli_exit deny(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), "namespaces",
					   cli_arg(cli, 1), "hosts", cli_arg(cli, 2), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_namespace_commands[] = {
	{ "namespace", "list", "[NQN]", "list a subsystem's namespaces, or all", NULL, list },
	{ "namespace", "show", "NQN NSID", "show a namespace", NULL, show },
	{ "namespace", "create", "NQN", "create a namespace", create_options, create },
	{ "namespace", "set", "NQN NSID", "resize or change a namespace", set_options, set },
	{ "namespace", "delete", "NQN NSID", "delete a namespace (a file stays)",
	  cli_delete_options, delete },
	{ "namespace", "hosts", "NQN NSID", "list the hosts that see it, where not all do", NULL,
	  hosts },
	{ "namespace", "allow", "NQN NSID HOST_NQN", "let a host see it, others no longer",
	  cli_wait_options, allow },
	{ "namespace", "deny", "NQN NSID HOST_NQN", "no longer let it see the namespace",
	  cli_wait_options, deny },
	{ 0 },
};
