/* SPDX-License-Identifier: Apache-2.0 */
/* cli/snapshot.c - `pharos snapshot`: copies of namespaces at one moment, and namespaces that are made from them. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"

/* How long writes waited. */
static const char *held_text(struct json_object *item, char *buf, size_t size)
{
	if (!cli_member(item, "held_ms"))
		return "-";
	snprintf(buf, size, "%s ms", cli_member_text(item, "held_ms"));
	return buf;
}

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "NSID", "nsid", CELL_NUMBER, NULL },
	{ "STATE", "state", CELL_STATE, NULL },
	{ "SIZE", "size", CELL_SIZE, NULL },
	{ "AGE", "created_at", CELL_AGE, NULL },
	{ "HELD", NULL, CELL_NUMBER, held_text },
	{ "DESCRIPTION", "description", CELL_TEXT, NULL },
	{ "PATH", "path", CELL_TEXT | CELL_WIDE, NULL },
	{ "SHARED", "shared", CELL_TEXT | CELL_WIDE, NULL },
	{ "TAKEN", "taken_at", CELL_TEXT | CELL_WIDE, NULL },
	{ "UUID", "uuid", CELL_TEXT | CELL_WIDE, NULL },
	{ "REASON", "reason", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

#define DESCRIPTION_OPTION                                                                         \
	{                                                                                          \
		"description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people"             \
	}

static const struct cli_option create_options[] = {
	{ "id", "id", CLI_TEXT, CLI_BODY, "ID", "its name; made up when left out" },
	{ "path", "path", CLI_TEXT, CLI_BODY, "FILE",
	  "its file (beside the namespace's, else in the state folder)" },
	DESCRIPTION_OPTION,
	{ "max-hold", "max_hold_ms", CLI_NUMBER, CLI_BODY, "MS",
	  "how long writes may wait where blocks are copied: 100 to 20000 (5000)" },
	CLI_NO_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = {
	DESCRIPTION_OPTION,
	{ 0 },
};

static const struct cli_option restore_options[] = {
	{ "path", "path", CLI_TEXT, CLI_BODY, "FILE", "the file that is made for it (needed)" },
	{ "size", "size", CLI_TEXT, CLI_BODY, "SIZE",
	  "at least the snapshot's, which it is when left out" },
	{ "nsid", "nsid", CLI_NUMBER, CLI_BODY, "N", "the lowest free one when left out" },
	{ "read-only", "read_only", CLI_FLAG, CLI_BODY, NULL, "no host may write" },
	{ "ana-group", "ana_group", CLI_NUMBER, CLI_BODY, "N", "its ANA group (1)" },
	{ "host", "hosts", CLI_LIST, CLI_BODY, "NQN",
	  "a host that sees it (all of the subsystem)" },
	CLI_NO_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit take_nsid(struct cli *cli, enum cli_where where)
{
	const char *text = cli_arg(cli, 1);
	char *end;
	unsigned long nsid = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || nsid > UINT32_MAX) {
		cli_error(NULL, "NSID wants a number, not '%s'", text);
		return CLI_USAGE;
	}
	json_object_object_add(cli->values[where], "nsid", json_object_new_int64((int64_t)nsid));
	return CLI_OK;
}

/* The namespace that the arguments name, or what they name of it. */
static enum cli_exit take_namespace(struct cli *cli, enum cli_where where)
{
	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[where], "nqn",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_arg(cli, 1) ? take_nsid(cli, where) : CLI_OK;
}

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("snapshots", NULL);
	enum cli_exit res = take_namespace(cli, CLI_QUERY);

	return res == CLI_OK ? cli_run_list(cli, path, columns) : res;
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("snapshots", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("snapshots", NULL);
	enum cli_exit res = take_namespace(cli, CLI_BODY);

	return res == CLI_OK ? cli_run_make(cli, path) : res;
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("snapshots", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit restore(struct cli *cli)
{
	cmn_autofree char *path = cli_path("subsystems", cli_arg(cli, 1), "namespaces", NULL);

	json_object_object_add(cli->values[CLI_BODY], "snapshot",
			       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_make(cli, path);
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("snapshots", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_snapshot_commands[] = {
	{ "snapshot", "list", "[NQN] [NSID]", "list snapshots: all, or of what is named", NULL,
	  list },
	{ "snapshot", "show", "ID", "show a snapshot", NULL, show },
	{ "snapshot", "create", "NQN NSID",
	  "copy a namespace as it is at one moment, while hosts use it", create_options, create },
	{ "snapshot", "set", "ID", "describe a snapshot", set_options, set },
	{ "snapshot", "restore", "ID NQN", "make a new namespace from a snapshot", restore_options,
	  restore },
	{ "snapshot", "delete", "ID", "delete a snapshot and its file", cli_wait_options, delete },
	{ 0 },
};
