/* SPDX-License-Identifier: Apache-2.0 */
/* cli/zoning.c - `pharos zoning`: what of the zones is enforced, and how that changes. */
#include "cli/commands.h"
#include "cli/zone.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* -- settings ------------------------------------------------------------------------------------------ */
static const struct cli_option set_options[] = {
	{ "enabled", "enabled", CLI_BOOL, CLI_BODY, "yes|no", "no: as if there were no zones" },
	{ "default", "default_zone", CLI_TEXT, CLI_BODY, "open|closed",
	  "a subsystem in no zone: told to all that it allows, or to nobody" },
	{ "ddc", "ddc", CLI_LIST, CLI_LOCAL, "NQN",
	  "a discovery controller that may zone what it presents; all of them anew" },
	{ "own-ddc", "own-ddc", CLI_LIST, CLI_LOCAL, "NQN",
	  "one that may also zone the subsystems here" },
	{ "no-ddcs", "no-ddcs", CLI_FLAG, CLI_LOCAL, NULL, "none of them any more" },
	{ "grace", "grace", CLI_FLAG, CLI_BODY, NULL,
	  "connected hosts that are shut out keep their controllers" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit status(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", NULL);

	return cli_run_show(cli, path);
}

static void add_ddcs(const struct cli *cli, const char *option, bool own, struct json_object *array)
{
	struct json_object *nqns = json_object_object_get(cli->values[CLI_LOCAL], option), *ddc;

	for (size_t i = 0; nqns && i < json_object_array_length(nqns); i++) {
		ddc = json_object_new_object();
		json_object_object_add(ddc, "nqn",
				       json_object_get(json_object_array_get_idx(nqns, i)));
		json_object_object_add(ddc, "own_subsystems", json_object_new_boolean(own));
		json_object_array_add(array, ddc);
	}
}

static enum cli_exit set(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", NULL);
	struct json_object *ddcs = json_object_new_array();

	add_ddcs(cli, "ddc", false, ddcs);
	add_ddcs(cli, "own-ddc", true, ddcs);
	if (json_object_array_length(ddcs) || cli_flag(cli, "no-ddcs"))
		json_object_object_add(cli->values[CLI_BODY], "ddcs", ddcs);
	else
		json_object_put(ddcs);
	return cli_run_write(cli, "PATCH", path);
}

/* -- preview ---------------------------------------------------------------------------------------------- */
static const struct cli_option preview_options[] = {
	{ "group", "groups", CLI_LIST, CLI_BODY, "ZONE_GROUP", "of this zone group only" },
	{ "enabled", "enabled", CLI_BOOL, CLI_BODY, "yes|no", "as if this were set too" },
	{ "default", "default_zone", CLI_TEXT, CLI_BODY, "open|closed", "as if this were set too" },
	{ 0 },
};

static void print_nqns(const char *host, const char *what, struct json_object *nqns)
{
	for (size_t i = 0; nqns && i < json_object_array_length(nqns); i++)
		printf("%s %s %s\n", host, what,
		       json_object_get_string(json_object_array_get_idx(nqns, i)));
}

static void print_members(const char *what, struct json_object *members)
{
	struct json_object *item;
	char text[600];

	for (size_t i = 0; members && i < json_object_array_length(members); i++) {
		item = json_object_array_get_idx(members, i);
		printf("zone %s/%s names %s, which is %s\n", cli_member_text(item, "group"),
		       cli_member_text(item, "zone"),
		       cli_zone_member_text(cli_member(item, "member"), text, sizeof(text)), what);
	}
}

static void print_preview(struct json_object *doc)
{
	struct json_object *hosts = cli_member(doc, "hosts"), *host;
	const char *nqn;

	for (size_t i = 0; hosts && i < json_object_array_length(hosts); i++) {
		host = json_object_array_get_idx(hosts, i);
		nqn = cli_member_text(host, "nqn");
		print_nqns(nqn, "gains", cli_member(host, "gains"));
		print_nqns(nqn, "loses", cli_member(host, "loses"));
		print_nqns(nqn, "is connected to", cli_member(host, "connected"));
	}
	print_nqns("any other host", "gains", cli_member(doc, "anyone.gains"));
	print_nqns("any other host", "loses", cli_member(doc, "anyone.loses"));
	print_members("not known", cli_member(doc, "unknown_members"));
	print_members("another discovery controller's", cli_member(doc, "foreign_members"));
	printf("hosts that gain: %s, that lose: %s%s\n", cli_member_text(doc, "gaining"),
	       cli_member_text(doc, "losing"),
	       json_object_get_boolean(cli_member(doc, "truncated")) ? " (not all are shown)" : "");
}

static enum cli_exit preview(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "preview", NULL);
	struct json_object *doc = NULL;
	enum cli_exit res = cli_request(cli, "POST", path, cli->values[CLI_BODY], &doc);

	if (res == CLI_OK && cli->json)
		cli_print_json(doc);
	else if (res == CLI_OK)
		print_preview(doc);
	json_object_put(doc);
	return res;
}

/* -- activation --------------------------------------------------------------------------------------------- */
static const struct cli_option activate_options[] = {
	{ "group", "groups", CLI_LIST, CLI_BODY, "ZONE_GROUP", "of this zone group only" },
	{ "grace", "grace", CLI_FLAG, CLI_BODY, NULL,
	  "connected hosts that are shut out keep their controllers until they leave" },
	{ "note", "note", CLI_TEXT, CLI_BODY, "TEXT", "for the history" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option rollback_options[] = {
	{ "grace", "grace", CLI_FLAG, CLI_BODY, NULL,
	  "connected hosts that are shut out keep their controllers until they leave" },
	{ "note", "note", CLI_TEXT, CLI_BODY, "TEXT", "for the history" },
	CLI_WAIT_OPTION,
	{ 0 },
};

/* Where there is somebody to ask: what it would do, and shall it? */
static enum cli_exit ask(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "preview", NULL);
	struct json_object *body = json_object_new_object(), *doc = NULL, *query, *groups;
	enum cli_exit res;

	groups = cli_member(cli->values[CLI_BODY], "groups");
	if (groups)
		json_object_object_add(body, "groups", json_object_get(groups));
	query = cli->values[CLI_QUERY]; /* is about the activation */
	cli->values[CLI_QUERY] = json_object_new_object();
	res = cli_request(cli, "POST", path, body, &doc);
	json_object_put(cli->values[CLI_QUERY]);
	cli->values[CLI_QUERY] = query;
	if (res == CLI_OK) {
		print_preview(doc);
		res = cli_confirm(cli, "activate?");
	}
	json_object_put(body);
	json_object_put(doc);
	return res;
}

static enum cli_exit activate(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "activate", NULL);
	enum cli_exit res = cli_asks(cli) && !cli->yes && !cli->dry_run ? ask(cli) : CLI_OK;

	return res == CLI_OK ? cli_run_write(cli, "POST", path) : res;
}

static enum cli_exit rollback(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "history", cli_arg(cli, 0), "rollback", NULL);
	enum cli_exit res = CLI_OK;

	if (!cli->dry_run)
		res = cli_confirm(cli, "enforce what was enforced at change %s?", cli_arg(cli, 0));

	return res == CLI_OK ? cli_run_write(cli, "POST", path) : res;
}

/* -- what is enforced, and was ---------------------------------------------------------------------------------- */
static const struct cli_column active_columns[] = {
	{ "NAME", "name", CELL_TEXT, NULL },
	{ "ORIGINATOR", "originator", CELL_TEXT, NULL },
	{ "GENERATION", "generation", CELL_NUMBER, NULL },
	{ "ZONES", "zones", CELL_COUNT, NULL },
	{ "CHANGE", "change", CELL_NUMBER, NULL },
	{ "ACTIVATED", "activated_at", CELL_AGE, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit active(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "active", NULL);

	return cli_run_list(cli, path, active_columns);
}

static const struct cli_column history_columns[] = {
	{ "CHANGE", "change", CELL_NUMBER | CELL_KEY, NULL },
	{ "AGE", "at", CELL_AGE, NULL },
	{ "KIND", "kind", CELL_TEXT, NULL },
	{ "SUMMARY", "summary", CELL_TEXT, NULL },
	{ "NOTE", "note", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit history(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "history", NULL);

	json_object_object_add(cli->values[CLI_QUERY], "sort", json_object_new_string("-change"));
	return cli_run_list(cli, path, history_columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("zoning", "history", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

const struct cli_command cli_zoning_commands[] = {
	{ "zoning", "status", "", "whether zones are enforced, and how many", NULL, status },
	{ "zoning", "set", "", "change settings of zoning, at once", set_options, set },
	{ "zoning", "preview", "", "who would gain and lose what by an activation", preview_options,
	  preview },
	{ "zoning", "activate", "", "enforce zones as they are configured", activate_options,
	  activate },
	{ "zoning", "active", "", "list the zone groups that are enforced", NULL, active },
	{ "zoning", "history", "", "list the changes of what is enforced, the newest first", NULL,
	  history },
	{ "zoning", "show", "CHANGE", "show what was enforced from that change on", NULL, show },
	{ "zoning", "rollback", "CHANGE", "enforce again what was enforced then", rollback_options,
	  rollback },
	{ 0 },
};
