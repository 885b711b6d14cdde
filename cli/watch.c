/* SPDX-License-Identifier: Apache-2.0 */
/* cli/watch.c - what happens, as it happens: `pharos events -w`. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

/* -- events ----------------------------------------------------------------------------------------------------- */

struct watch {
	struct cli *cli;
	unsigned long long left; /* messages */
	bool changes;
};

static void print_event(struct json_object *data)
{
	printf("%s  %-7s  %-24s  %s\n", cli_member_text(data, "time"),
	       cli_member_text(data, "severity"), cli_member_text(data, "kind"),
	       cli_member_text(data, "text"));
}

static void print_change(struct json_object *data)
{
	bool deleted = json_object_get_boolean(cli_member(data, "deleted"));
	const char *nsid = cli_member_text(data, "nsid");

	printf("%s %s%s%s %s\n", cli_member_text(data, "kind"), cli_member_text(data, "id"),
	       *nsid ? " " : "", nsid, deleted ? "deleted" : "changed");
}

static bool take_message(void *arg, const char *type, struct json_object *data)
{
	struct watch *watch = arg;
	bool event = strcmp(type, "event") == 0, change = strcmp(type, "change") == 0;

	if (strcmp(type, "missed") == 0)
		cli_note("some events were missed");
	if (!event && (!change || !watch->changes))
		return true;
	if (watch->cli->json)
		printf("%s\n",
		       json_object_to_json_string_ext(
			       data, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else if (event)
		print_event(data);
	else
		print_change(data);
	fflush(stdout);
	return --watch->left > 0;
}

static const struct cli_option events_options[] = {
	{ "watch", "watch", CLI_FLAG, CLI_LOCAL, NULL, "as they happen, until interrupted (-w)" },
	{ "changes", "changes", CLI_FLAG, CLI_LOCAL, NULL,
	  "with --watch: what has been changed or deleted, too" },
	{ "count", "count", CLI_NUMBER, CLI_LOCAL, "N", "with --watch: end after so many" },
	{ 0 },
};

static const struct cli_column event_columns[] = {
	{ "TIME", "time", CELL_TEXT, NULL },
	{ "SEVERITY", "severity", CELL_STATE, NULL },
	{ "KIND", "kind", CELL_TEXT, NULL },
	{ "TEXT", "text", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit events(struct cli *cli)
{
	struct watch watch = { .cli = cli,
			       .left = cli_number(cli, "count", ~0ull),
			       .changes = cli_flag(cli, "changes") };
	cmn_autofree char *list = cli_path("events", NULL);
	cmn_autofree char *stream = cli_path("events", "stream", NULL);

	if (!cli_flag(cli, "watch"))
		return cli_run_list(cli, list, event_columns);
	return cli_follow(cli, stream, take_message, &watch);
}

const struct cli_command cli_watch_commands[] = {
	{ NULL, "events", "", "what happened, or with -w what happens", events_options, events },
	{ 0 },
};
