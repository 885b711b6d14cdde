/* SPDX-License-Identifier: Apache-2.0 */
/* cli/audit.c - `pharos audit`: who changed what. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* "+ subsystem nqn.x", and how many more. */
static const char *changes_text(struct json_object *item, char *buf, size_t size)
{
	struct json_object *changes = cli_member(item, "changes"), *first;
	size_t nr = changes ? json_object_array_length(changes) : 0;
	const char *action;
	char more[32] = "";

	if (!nr)
		return "-";
	first = json_object_array_get_idx(changes, 0);
	action = cli_member_text(first, "action");
	if (nr > 1)
		snprintf(more, sizeof(more), ", %zu more", nr - 1);
	snprintf(buf, size, "%s %s %s%s",
		 strcmp(action, "create") == 0	 ? "+"
		 : strcmp(action, "delete") == 0 ? "-"
						 : "~",
		 cli_member_text(first, "kind"), cli_member_text(first, "id"), more);
	return buf;
}

static const struct cli_column audit_columns[] = {
	{ "ID", "id", CELL_NUMBER | CELL_KEY, NULL },
	{ "TIME", "time", CELL_TEXT, NULL },
	{ "USER", "user", CELL_TEXT, NULL },
	{ "ADDRESS", "address", CELL_TEXT | CELL_WIDE, NULL },
	{ "OPERATION", "operation", CELL_TEXT, NULL },
	{ "PATH", "path", CELL_TEXT | CELL_WIDE, NULL },
	{ "CHANGES", NULL, CELL_TEXT, changes_text },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option audit_options[] = {
	{ "object", "object", CLI_TEXT, CLI_QUERY, "ID", "changes of this one" },
	{ "user", "user", CLI_TEXT, CLI_QUERY, "NAME", "changes that this one made" },
	{ "since", "since", CLI_NUMBER, CLI_QUERY, "ID",
	  "those after this one, instead of the newest" },
	{ "limit", "limit", CLI_NUMBER, CLI_QUERY, "N", "at most so many (100)" },
	{ 0 },
};

static enum cli_exit audit(struct cli *cli)
{
	cmn_autofree char *path = cli_path("audit", NULL);

	return cli_run_list(cli, path, audit_columns);
}

static enum cli_exit show_audit(struct cli *cli)
{
	cmn_autofree char *path = cli_path("audit", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

const struct cli_command cli_audit_commands[] = {
	{ "audit", "list", "", "who changed what, and what it was before", audit_options, audit },
	{ "audit", "show", "ID", "one change, with all that it was before", NULL, show_audit },
	{ 0 },
};
