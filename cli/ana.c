/* SPDX-License-Identifier: Apache-2.0 */
/* cli/ana.c - `pharos ana-group`: groups of namespaces, and how portals let hosts at them. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "fabrics/ana.h"

/* Of portals that aren't optimized: "p2 inaccessible, p3 non_optimized". */
static const char *states_text(struct json_object *item, char *buf, size_t size)
{
	struct json_object *states = cli_member(item, "states");
	size_t used = 0;

	if (!json_object_is_type(states, json_type_object))
		return NULL;
	json_object_object_foreach(states, portal, value) {
		const char *state = json_object_get_string(value);

		if (!state || strcmp(state, fab_ana_text(NVME_ANA_OPTIMIZED)) == 0 || used >= size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s %s", used ? ", " : "",
					 portal, state);
	}
	return used ? buf : "optimized";
}

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_NUMBER | CELL_KEY, NULL },
	{ "STATE", "status.state", CELL_STATE, NULL },
	{ "NAMESPACES", "namespace_count", CELL_NUMBER, NULL },
	{ "PORTALS", NULL, CELL_TEXT, states_text },
	{ "DESCRIPTION", "description", CELL_TEXT, NULL },
	{ "REASON", "status.reason", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

#define STATE_OPTION                                                                               \
	{                                                                                          \
		"state", "states", CLI_LIST, CLI_LOCAL, "PORTAL=STATE",                            \
			"what a portal says of it: optimized, non_optimized, inaccessible, "       \
			"persistent_loss"                                                          \
	}

static const struct cli_option create_options[] = {
	{ "id", "id", CLI_NUMBER, CLI_BODY, "N", "1 to 128; the lowest free one when left out" },
	STATE_OPTION,
	{ "description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option set_options[] = {
	STATE_OPTION,
	{ "description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	CLI_WAIT_OPTION,
	{ 0 },
};

/* "p1=inaccessible" into the body's {"p1": "inaccessible"}. */
static enum cli_exit read_states(struct cli *cli)
{
	struct json_object *list = json_object_object_get(cli->values[CLI_LOCAL], "states");
	struct json_object *states;

	if (!list)
		return CLI_OK;
	states = json_object_new_object();
	json_object_object_add(cli->values[CLI_BODY], "states", states);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(list, i));
		const char *sep = strchr(text, '=');
		cmn_autofree char *portal = sep ? strndup(text, (size_t)(sep - text)) : NULL;

		if (!portal || !*portal) {
			cli_error("for example --state p1=inaccessible",
				  "--state '%s' is not PORTAL=STATE", text);
			return CLI_USAGE;
		}
		json_object_object_add(states, portal, json_object_new_string(sep + 1));
	}
	return CLI_OK;
}

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("ana-groups", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("ana-groups", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("ana-groups", NULL);
	enum cli_exit code = read_states(cli);

	return code == CLI_OK ? cli_run_write(cli, "POST", path) : code;
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("ana-groups", cli_arg(cli, 0), NULL);
	enum cli_exit code = read_states(cli);

	return code == CLI_OK ? cli_run_write(cli, "PATCH", path) : code;
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("ana-groups", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_ana_group_commands[] = {
	{ "ana-group", "list", "", "list ANA groups and what portals say of them", NULL, list },
	{ "ana-group", "show", "ID", "show an ANA group", NULL, show },
	{ "ana-group", "create", "", "make an ANA group", create_options, create },
	{ "ana-group", "set", "ID", "change its states by portal", set_options, set },
	{ "ana-group", "delete", "ID", "delete an ANA group", cli_delete_options, delete },
	{ 0 },
};
