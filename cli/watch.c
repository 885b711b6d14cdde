/* SPDX-License-Identifier: Apache-2.0 */
/* cli/watch.c - what happened, and with `pharos events -w` what happens, as it happens.
 *
 * A watch misses no event: whenever the stream begins, anew too, what was recorded since the last one that was told is read first. */
#include "cli/commands.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container.h"
#include "common/json.h"

#define PAGE 1000

static const char *const severities[] = { "info", "warning", "error" };

struct watch {
	struct cli *cli;
	const char *kind, *severity; /* NULL: any */
	unsigned long long last; /* id of the event that was told last, or passed over */
	unsigned long long left; /* messages */
	bool changes;
};

/* -- what is wanted --------------------------------------------------------------------------------------------- */

static size_t rank(const char *severity)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(severities) - 1 && strcmp(severities[i], severity) != 0)
		i++;
	return i;
}

static bool is_wanted(const struct watch *w, struct json_object *event)
{
	if (w->severity && rank(cli_member_text(event, "severity")) < rank(w->severity))
		return false;
	return !w->kind || fnmatch(w->kind, cli_member_text(event, "kind"), 0) == 0;
}

/* The API takes all that are meant: "warning,error". */
static void ask_for_severity(struct json_object *query, const char *severity)
{
	char words[64] = "";

	for (size_t i = severity ? rank(severity) : ARRAY_SIZE(severities);
	     i < ARRAY_SIZE(severities); i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 *words ? "," : "", severities[i]);
	if (*words)
		json_object_object_add(query, "severity", json_object_new_string(words));
}

/* -- telling ---------------------------------------------------------------------------------------------------- */

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

/* Tells a message; false: that were enough. */
static bool tell(struct watch *w, struct json_object *data, void (*print)(struct json_object *data))
{
	if (w->cli->json)
		printf("%s\n",
		       json_object_to_json_string_ext(
			       data, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print(data);
	fflush(stdout);
	return --w->left > 0;
}

static bool take_event(struct watch *w, struct json_object *event)
{
	unsigned long long id = json_object_get_uint64(cli_member(event, "id"));

	if (id <= w->last)
		return true;
	w->last = id;
	return !is_wanted(w, event) || tell(w, event, print_event);
}

/* -- what is recorded ------------------------------------------------------------------------------------------- */

/* A page of the events after an id; NULL: the newest. */
static enum cli_exit read_events(struct cli *cli, const unsigned long long *since, int limit,
				 struct json_object **ret_page)
{
	cmn_autofree char *path = cli_path("events", NULL);
	struct json_object *query = cli->values[CLI_QUERY];
	enum cli_exit res;

	if (since)
		json_object_object_add(query, "since", json_object_new_uint64(*since));
	json_object_object_add(query, "limit", json_object_new_int(limit));
	res = cli_request(cli, "GET", path, NULL, ret_page);
	json_object_object_del(query, "since");
	json_object_object_del(query, "limit");
	return res;
}

/* What was recorded since; false: that were enough. */
static bool catch_up(struct watch *w)
{
	struct json_object *page, *items;
	bool more = true;
	size_t nr;

	do {
		page = NULL;
		if (read_events(w->cli, &w->last, PAGE, &page) != CLI_OK)
			return true;
		items = cli_member(page, "items");
		nr = items ? json_object_array_length(items) : 0;
		for (size_t i = 0; i < nr && more; i++)
			more = take_event(w, json_object_array_get_idx(items, i));
		json_object_put(page);
	} while (more && nr == PAGE);
	return more;
}

/* -- the stream ------------------------------------------------------------------------------------------------- */

static bool take_message(void *arg, const char *type, struct json_object *data)
{
	struct watch *w = arg;

	if (strcmp(type, "event") == 0)
		return take_event(w, data);
	if (strcmp(type, "change") == 0)
		return !w->changes || tell(w, data, print_change);
	if (strcmp(type, "missed") == 0 && w->changes)
		cli_note("some changes were missed");
	return catch_up(w);
}

/* The event after which a watch begins: the one that is given, else the newest. */
static enum cli_exit find_start(struct watch *w, struct json_object *since)
{
	struct json_object *page = NULL, *newest;
	enum cli_exit res = CLI_OK;

	if (since) {
		w->last = json_object_get_uint64(since);
		return CLI_OK;
	}
	res = read_events(w->cli, NULL, 1, &page);
	newest = cli_member(page, "items");
	if (res == CLI_OK && newest && json_object_array_length(newest))
		w->last = json_object_get_uint64(
			cli_member(json_object_array_get_idx(newest, 0), "id"));
	json_object_put(page);
	return res;
}

static enum cli_exit watch(struct cli *cli)
{
	struct json_object *given = cli->values[CLI_QUERY], *kind;
	struct watch w = { .cli = cli,
			   .severity = cli_text(cli, "severity", NULL),
			   .left = cli_number(cli, "count", ~0ull),
			   .changes = cli_flag(cli, "changes") };
	cmn_autofree char *stream = cli_path("events", "stream", NULL);
	enum cli_exit res;

	if (json_object_object_get(given, "limit")) {
		cli_error("--count says after how many to end",
			  "--limit is for a list, not for --watch");
		return CLI_USAGE;
	}
	kind = json_object_object_get(given, "kind");
	w.kind = kind ? json_object_get_string(kind) : NULL;
	cli->values[CLI_QUERY] = json_object_new_object(); /* the stream takes none of them */
	res = find_start(&w, json_object_object_get(given, "since"));
	if (res == CLI_OK)
		res = cli_follow(cli, stream, take_message, &w);
	json_object_put(cli->values[CLI_QUERY]);
	cli->values[CLI_QUERY] = given;
	return res;
}

/* -- commands --------------------------------------------------------------------------------------------------- */

#define EVENT_OPTIONS                                                                              \
	{ "since", "since", CLI_NUMBER, CLI_QUERY, "ID", "those after this one" },                 \
		{ "limit", "limit", CLI_NUMBER, CLI_QUERY, "N", "at most so many (100)" },         \
		{ "severity", "severity",	    CLI_TEXT,                                      \
		  CLI_LOCAL,  "info|warning|error", "those that are so severe, or more" },         \
	{                                                                                          \
		"kind", "kind", CLI_TEXT, CLI_QUERY, "KIND",                                       \
			"those of a kind, such as worker.died or worker.*"                         \
	}

static const struct cli_option list_options[] = { EVENT_OPTIONS, { 0 } };

static const struct cli_option events_options[] = {
	{ "watch", "watch", CLI_FLAG, CLI_LOCAL, NULL, "as they happen, until interrupted (-w)" },
	{ "changes", "changes", CLI_FLAG, CLI_LOCAL, NULL,
	  "with --watch: what has been changed or deleted, too" },
	{ "count", "count", CLI_NUMBER, CLI_LOCAL, "N", "with --watch: end after so many" },
	EVENT_OPTIONS,
	{ 0 },
};

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_NUMBER, NULL },
	{ "TIME", "time", CELL_TEXT, NULL },
	{ "SEVERITY", "severity", CELL_STATE, NULL },
	{ "KIND", "kind", CELL_TEXT, NULL },
	{ "TEXT", "text", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("events", NULL);

	ask_for_severity(cli->values[CLI_QUERY], cli_text(cli, "severity", NULL));
	return cli_run_list(cli, path, columns); /* its `next` is a number, so this is one page */
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("events", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit events(struct cli *cli)
{
	return cli_flag(cli, "watch") ? watch(cli) : list(cli);
}

const struct cli_command cli_watch_commands[] = {
	{ "event", "list", "", "what happened", list_options, list },
	{ "event", "show", "ID", "one of what happened", NULL, show },
	{ NULL, "events", "", "what happened, or with -w what happens", events_options, events },
	{ 0 },
};
