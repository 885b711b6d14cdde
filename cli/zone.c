/* SPDX-License-Identifier: Apache-2.0 */
/* cli/zone.c - `pharos zone-group`, `zone`, `zone-alias`: zones as they are configured. */
#include "cli/commands.h"
#include "cli/zone.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

static void name_it(struct cli *cli, const char *name)
{
	json_object_object_add(cli->values[CLI_BODY], "name", json_object_new_string(name));
}

/* -- groups -------------------------------------------------------------------------------------------- */
static const struct cli_column group_columns[] = {
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "ZONES", "zones", CELL_NUMBER, NULL },
	{ "STATE", "state", CELL_STATE, NULL },
	{ "GENERATION", "generation", CELL_NUMBER, NULL },
	{ "ACTIVATED", "activated_at", CELL_AGE | CELL_WIDE, NULL },
	{ "DESCRIPTION", "description", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option group_options[] = {
	{ "description", "description", CLI_TEXT, CLI_BODY, "TEXT", "for people" },
	{ 0 },
};

static enum cli_exit list_groups(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", NULL);

	return cli_run_list(cli, path, group_columns);
}

static enum cli_exit show_group(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit create_group(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", NULL);

	name_it(cli, cli_arg(cli, 0));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit set_group(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", cli_arg(cli, 0), NULL);

	return cli_run_write(cli, "PATCH", path);
}

static enum cli_exit delete_group(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_zone_group_commands[] = {
	{ "zone-group", "list", "", "list zone groups", NULL, list_groups },
	{ "zone-group", "show", "NAME", "show a zone group", NULL, show_group },
	{ "zone-group", "create", "NAME", "create a zone group: what is activated as a whole",
	  group_options, create_group },
	{ "zone-group", "set", "NAME", "change a zone group", group_options, set_group },
	{ "zone-group", "delete", "NAME", "delete a zone group with its zones", NULL,
	  delete_group },
	{ 0 },
};

/* -- members --------------------------------------------------------------------------------------------- */
#define ALIAS_MEMBER_OPTIONS                                                                       \
	{ "host", "host", CLI_LIST, CLI_LOCAL, "MEMBER", "a host: NQN, ADDRESS, group:NAME ..." }, \
	{                                                                                          \
		"subsystem", "subsystem", CLI_LIST, CLI_LOCAL, "MEMBER",                           \
			"a subsystem: NQN, NQN@ADDRESS:PORT, label:TEXT ..."                       \
	}
#define MEMBER_OPTIONS                                                                             \
	ALIAS_MEMBER_OPTIONS,                                                                      \
	{                                                                                          \
		"alias", "alias", CLI_LIST, CLI_LOCAL, "NAME", "the members of an alias"           \
	}
#define NO_MEMBERS                                                                                 \
	{                                                                                          \
		"no-members", "no-members", CLI_FLAG, CLI_LOCAL, NULL, "none any more"             \
	}

/* "host nqn.x@192.0.2.7" */
static struct json_object *words_of(struct json_object *members)
{
	struct json_object *array = json_object_new_array(), *member;
	char text[600], line[640];
	const char *role;

	for (size_t i = 0; members && i < json_object_array_length(members); i++) {
		member = json_object_array_get_idx(members, i);
		role = cli_member_text(member, "role");
		snprintf(line, sizeof(line), "%s%s%s", role, *role ? " " : "",
			 cli_zone_member_text(member, text, sizeof(text)));
		json_object_array_add(array, json_object_new_string(line));
	}
	return array;
}

/* A zone or an alias. */
static void show(struct cli *cli, struct json_object *doc)
{
	if (cli->json) {
		cli_print_json(doc);
		return;
	}
	json_object_object_add(doc, "members", words_of(cli_member(doc, "members")));
	cli_record(cli, doc);
}

static enum cli_exit request(struct cli *cli, const char *method, const char *path,
			     struct json_object *body)
{
	struct json_object *doc = NULL;
	enum cli_exit res = cli_request(cli, method, path, body, &doc);

	if (res == CLI_OK && doc && cli->dry_run && body && !cli->json)
		cli_print_diff(cli, doc);
	else if (res == CLI_OK && doc)
		show(cli, doc);
	json_object_put(doc);
	return res;
}

/* In the body under key, when some are named or (--no-members) none shall be. */
static enum cli_exit put_members(struct cli *cli, const char *key)
{
	struct json_object *members = NULL;
	enum cli_exit res = cli_zone_members(cli, &members);

	if (res == CLI_OK && (json_object_array_length(members) || cli_flag(cli, "no-members")))
		json_object_object_add(cli->values[CLI_BODY], key, json_object_get(members));
	json_object_put(members);
	return res;
}

static enum cli_exit write_members(struct cli *cli, const char *method, const char *path,
				   const char *key)
{
	enum cli_exit res = put_members(cli, key);

	return res == CLI_OK ? request(cli, method, path, cli->values[CLI_BODY]) : res;
}

/* -- a zone or an alias: the command's area says which ------------------------------------------------------ */
static char *path_of(const struct cli *cli, const char *more)
{
	if (!strcmp(cli->cmd->area, "zone-alias"))
		return cli_path("zone-aliases", cli_arg(cli, 0), more, NULL);
	return cli_path("zone-groups", cli_arg(cli, 0), "zones", cli_arg(cli, 1), more, NULL);
}

static enum cli_exit show_one(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli, NULL);

	return request(cli, "GET", path, NULL);
}

static enum cli_exit set_one(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli, NULL);

	return write_members(cli, "PATCH", path, "members");
}

static enum cli_exit delete_one(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli, NULL);

	return cli_run_delete(cli, path);
}

static enum cli_exit add_to_one(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli, "members");

	return write_members(cli, "POST", path, "add");
}

static enum cli_exit remove_from_one(struct cli *cli)
{
	cmn_autofree char *path = path_of(cli, "members");

	return write_members(cli, "POST", path, "remove");
}

/* -- zones -------------------------------------------------------------------------------------------------- */
static const struct cli_column zone_columns[] = {
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "MEMBERS", "member_count", CELL_NUMBER, NULL },
	{ "AGE", "created_at", CELL_AGE | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

#define ENFORCED_OPTION                                                                            \
	{                                                                                          \
		"fabric-enforced", "fabric_enforced", CLI_BOOL, CLI_BODY, "yes|no",                \
			"a property that is kept and passed on"                                    \
	}

static const struct cli_option create_options[] = { MEMBER_OPTIONS, ENFORCED_OPTION, { 0 } };
static const struct cli_option set_options[] = {
	MEMBER_OPTIONS, NO_MEMBERS, ENFORCED_OPTION, { 0 }
};
static const struct cli_option some_options[] = { MEMBER_OPTIONS, { 0 } };

static enum cli_exit list_zones(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", cli_arg(cli, 0), "zones", NULL);

	return cli_run_list(cli, path, zone_columns);
}

static enum cli_exit create_zone(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-groups", cli_arg(cli, 0), "zones", NULL);

	name_it(cli, cli_arg(cli, 1));
	return write_members(cli, "POST", path, "members");
}

const struct cli_command cli_zone_commands[] = {
	{ "zone", "list", "GROUP", "list the zones of a zone group", NULL, list_zones },
	{ "zone", "show", "GROUP ZONE", "show a zone and its members", NULL, show_one },
	{ "zone", "create", "GROUP ZONE", "create a zone: hosts and subsystems that may meet",
	  create_options, create_zone },
	{ "zone", "set", "GROUP ZONE", "change a zone; members that are given replace all of them",
	  set_options, set_one },
	{ "zone", "delete", "GROUP ZONE", "delete a zone", NULL, delete_one },
	{ "zone", "add", "GROUP ZONE", "add members to a zone", some_options, add_to_one },
	{ "zone", "remove", "GROUP ZONE", "take members out of a zone", some_options,
	  remove_from_one },
	{ 0 },
};

/* -- aliases -------------------------------------------------------------------------------------------------- */
static const struct cli_column alias_columns[] = {
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "AGE", "created_at", CELL_AGE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option alias_options[] = { ALIAS_MEMBER_OPTIONS, { 0 } };
static const struct cli_option alias_set_options[] = { ALIAS_MEMBER_OPTIONS, NO_MEMBERS, { 0 } };
static const struct cli_option alias_delete_options[] = { CLI_FORCE_OPTION, { 0 } };

static enum cli_exit list_aliases(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-aliases", NULL);

	return cli_run_list(cli, path, alias_columns);
}

static enum cli_exit create_alias(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zone-aliases", NULL);

	name_it(cli, cli_arg(cli, 0));
	return write_members(cli, "POST", path, "members");
}

const struct cli_command cli_zone_alias_commands[] = {
	{ "zone-alias", "list", "", "list aliases", NULL, list_aliases },
	{ "zone-alias", "show", "NAME", "show an alias and its members", NULL, show_one },
	{ "zone-alias", "create", "NAME", "create an alias: a name for members of zones",
	  alias_options, create_alias },
	{ "zone-alias", "set", "NAME", "give an alias other members", alias_set_options, set_one },
	{ "zone-alias", "delete", "NAME", "delete an alias", alias_delete_options, delete_one },
	{ "zone-alias", "add", "NAME", "add members to an alias", alias_options, add_to_one },
	{ "zone-alias", "remove", "NAME", "take members out of an alias", alias_options,
	  remove_from_one },
	{ 0 },
};
