/* SPDX-License-Identifier: Apache-2.0 */
/* cli/subsystem.c - `pharos subsystem`: what hosts connect to, and which hosts may. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

static const char *hosts_text(struct json_object *item, char *buf, size_t size)
{
	struct json_object *hosts = cli_member(item, "hosts");

	if (json_object_get_boolean(cli_member(item, "allow_any_host")))
		return "any";
	snprintf(buf, size, "%zu", hosts ? json_object_array_length(hosts) : 0);
	return buf;
}

static const struct cli_column columns[] = {
	{ "NQN", "nqn", CELL_TEXT, NULL },
	{ "STATE", "status.state", CELL_STATE, NULL },
	{ "NAMESPACES", "namespace_count", CELL_NUMBER, NULL },
	{ "HOSTS", NULL, CELL_NUMBER, hosts_text },
	{ "CONNECTED", "controller_count", CELL_NUMBER, NULL },
	{ "WORKER", "worker", CELL_TEXT, NULL },
	{ "LABEL", "label", CELL_TEXT | CELL_WIDE, NULL },
	{ "PATHS", "path_policy", CELL_TEXT | CELL_WIDE, NULL },
	{ "MAX PATHS", "max_paths", CELL_NUMBER | CELL_WIDE, NULL },
	{ "SERIAL", "serial", CELL_TEXT | CELL_WIDE, NULL },
	{ "AGE", "created_at", CELL_AGE | CELL_WIDE, NULL },
	{ "REASON", "status.reason", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option list_options[] = {
	{ "worker", "worker", CLI_TEXT, CLI_QUERY, "ID", "only those on this worker" },
	{ "host", "host_nqn", CLI_TEXT, CLI_QUERY, "NQN", "only those that this host may use" },
	{ 0 },
};

static const struct cli_option create_options[] = {
	{ "allow-any-host", "allow_any_host", CLI_FLAG, CLI_BODY, NULL, "every host may connect" },
	{ "require-auth", "require_auth", CLI_FLAG, CLI_BODY, NULL, "refuse hosts without a key" },
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN", "a host that may connect" },
	{ "portal", "portals", CLI_LIST, CLI_BODY, "ID", "serve it on this portal only" },
	{ "path-policy", "path_policy", CLI_TEXT, CLI_BODY, "all|local_first|spread",
	  "which portals a host is told first" },
	{ "max-paths", "max_paths", CLI_NUMBER, CLI_BODY, "N",
	  "tell a host at most so many portals" },
	{ "worker", "worker", CLI_TEXT, CLI_BODY, "ID", "the worker (the least loaded)" },
	{ "serial", "serial", CLI_TEXT, CLI_BODY, "TEXT", "serial number (made up)" },
	{ "model", "model", CLI_TEXT, CLI_BODY, "TEXT", "model name" },
	{ "label", "label", CLI_TEXT, CLI_BODY, "TEXT", "administrative label" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = {
	{ "require-auth", "require_auth", CLI_BOOL, CLI_BODY, "YES|NO",
	  "refuse hosts without a key" },
	{ "allow-any-host", "allow_any_host", CLI_BOOL, CLI_BODY, "YES|NO",
	  "may every host connect?" },
	{ "portal", "portals", CLI_LIST, CLI_BODY, "ID", "serve it on this portal only" },
	{ "all-portals", "portals", CLI_NULL, CLI_BODY, NULL,
	  "serve it on all portals of its worker" },
	{ "path-policy", "path_policy", CLI_TEXT, CLI_BODY, "all|local_first|spread",
	  "which portals a host is told first" },
	{ "max-paths", "max_paths", CLI_NUMBER, CLI_BODY, "N",
	  "tell a host at most so many portals" },
	{ "no-max-paths", "max_paths", CLI_NULL, CLI_BODY, NULL, "tell hosts all its portals" },
	{ "label", "label", CLI_TEXT, CLI_BODY, "TEXT", "administrative label" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", NULL);

	json_object_object_add(cli->values[CLI_BODY], "nqn",
			       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

static enum cli_exit hosts(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 0), "hosts", NULL);

	return cli_run_list(cli, path, cli_allowed_columns);
}

static enum cli_exit allow(struct cli *cli)
{
	cmn_autofree char *path =
		cli_path("subsystems", cli_arg(cli, 0), "hosts", cli_arg(cli, 1), NULL);

	return cli_run_write(cli, "PUT", path);
}

static enum cli_exit deny(struct cli *cli)
{
	cmn_autofree char *path =
		cli_path("subsystems", cli_arg(cli, 0), "hosts", cli_arg(cli, 1), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_subsystem_commands[] = {
	{ "subsystem", "list", "", "list subsystems", list_options, list },
	{ "subsystem", "show", "NQN", "show a subsystem", NULL, show },
	{ "subsystem", "create", "NQN", "create a subsystem", create_options, create },
	{ "subsystem", "set", "NQN", "change a subsystem", set_options, set },
	{ "subsystem", "delete", "NQN", "delete a subsystem", cli_delete_options, delete },
	{ "subsystem", "hosts", "NQN", "list the hosts that may connect", NULL, hosts },
	{ "subsystem", "allow", "NQN HOST_NQN", "let a host connect", cli_wait_options, allow },
	{ "subsystem", "deny", "NQN HOST_NQN", "no longer let it; ends its connections",
	  cli_wait_options, deny },
	{ 0 },
};
