/* SPDX-License-Identifier: Apache-2.0 */
/* cli/watch.c - what happens, as it happens: `pharos events -w` and `pharos top`. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* -- top -------------------------------------------------------------------------------------------------------- */

enum { READS, WRITES, READ_BYTES, WRITE_BYTES, READ_NS, WRITE_NS, ERRORS, COUNTERS };
static const char *const counter_names[COUNTERS] = {
	"reads", "writes", "read_bytes", "write_bytes", "read_ns", "write_ns", "errors",
};

/* A namespace, or all of a subsystem: what is known of it, and how fast it grew. */
struct row {
	char *worker, *nqn;
	unsigned long long nsid; /* 0: the subsystem */
	unsigned long long now[COUNTERS], before[COUNTERS];
	double when, since; /* of these, by the worker's clock; since 0: seen once */
	bool seen, moved; /* in this look; has told something new */
};

struct top {
	struct row *rows;
	size_t nr;
	bool by_subsystem;
};

static struct row *find_row(struct top *top, const char *worker, const char *nqn,
			    unsigned long long nsid)
{
	struct row *rows;

	for (size_t i = 0; i < top->nr; i++) {
		struct row *row = &top->rows[i];

		if (row->nsid == nsid && strcmp(row->nqn, nqn) == 0 &&
		    strcmp(row->worker, worker) == 0)
			return row;
	}
	rows = realloc(top->rows, (top->nr + 1) * sizeof(*rows));
	if (!rows)
		return NULL;
	top->rows = rows;
	rows[top->nr] = (struct row){ .worker = strdup(worker), .nqn = strdup(nqn), .nsid = nsid };
	return &rows[top->nr++];
}

static void add_counters(struct row *row, struct json_object *ns)
{
	for (int i = 0; i < COUNTERS; i++) {
		struct json_object *value = cli_member(ns, counter_names[i]);

		row->now[i] += value ? json_object_get_uint64(value) : 0;
	}
}

/* What it said before becomes what to compare with; the same moment told again changes nothing. */
static bool turn_over(struct row *row, double when)
{
	if (row->seen)
		return row->moved; /* another namespace of its subsystem */
	row->seen = true;
	row->moved = row->when != when;
	if (!row->moved)
		return false;
	memcpy(row->before, row->now, sizeof(row->before));
	memset(row->now, 0, sizeof(row->now));
	row->since = row->when;
	row->when = when;
	return true;
}

static void take_subsystem(struct top *top, const char *worker, double when,
			   struct json_object *subsystem)
{
	struct json_object *list = cli_member(subsystem, "namespaces");
	const char *nqn = cli_member_text(subsystem, "nqn");

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *ns = json_object_array_get_idx(list, i);
		unsigned long long nsid = json_object_get_uint64(cli_member(ns, "nsid"));
		struct row *row = find_row(top, worker, nqn, top->by_subsystem ? 0 : nsid);

		if (row && turn_over(row, when))
			add_counters(row, ns);
	}
}

static void take_stats(struct top *top, struct json_object *stats)
{
	struct json_object *workers = cli_member(stats, "workers");

	for (size_t i = 0; i < top->nr; i++)
		top->rows[i].seen = false;
	for (size_t w = 0; workers && w < json_object_array_length(workers); w++) {
		struct json_object *worker = json_object_array_get_idx(workers, w);
		struct json_object *list = cli_member(worker, "subsystems");
		double when = cli_parse_time(cli_member_text(worker, "time"));

		for (size_t i = 0; list && i < json_object_array_length(list); i++)
			take_subsystem(top, cli_member_text(worker, "worker"), when,
				       json_object_array_get_idx(list, i));
	}
}

static double rate(const struct row *row, int counter)
{
	double took = row->when - row->since;

	if (!row->since || took <= 0 || row->now[counter] < row->before[counter])
		return 0;
	return (double)(row->now[counter] - row->before[counter]) / took;
}

static int busiest_first(const void *a, const void *b)
{
	double x = rate(a, READS) + rate(a, WRITES), y = rate(b, READS) + rate(b, WRITES);

	return x < y   ? 1
	       : x > y ? -1
		       : strcmp(((const struct row *)a)->nqn, ((const struct row *)b)->nqn);
}

static double mean_ms(const struct row *row, int ns, int commands)
{
	double per_second = rate(row, commands);

	return per_second > 0 ? rate(row, ns) / per_second / 1e6 : 0;
}

static struct json_object *render_row(const struct row *row)
{
	struct json_object *json = json_object_new_object();
	const struct {
		const char *name;
		double value;
	} columns[] = {
		{ "reads", rate(row, READS) },
		{ "writes", rate(row, WRITES) },
		{ "read_bytes", rate(row, READ_BYTES) },
		{ "write_bytes", rate(row, WRITE_BYTES) },
		{ "read_ms", mean_ms(row, READ_NS, READS) },
		{ "write_ms", mean_ms(row, WRITE_NS, WRITES) },
		{ "errors", rate(row, ERRORS) },
	};
	char text[32];

	json_object_object_add(json, "nqn", json_object_new_string(row->nqn));
	if (row->nsid)
		json_object_object_add(json, "nsid", json_object_new_uint64(row->nsid));
	json_object_object_add(json, "worker", json_object_new_string(row->worker));
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		snprintf(text, sizeof(text), strstr(columns[i].name, "_ms") ? "%.3f" : "%.0f",
			 columns[i].value);
		json_object_object_add(json, columns[i].name,
				       json_object_new_double_s(columns[i].value, text));
	}
	return json;
}

static const struct cli_column top_columns[] = {
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "NSID", "nsid", CELL_NUMBER, NULL },
	{ "WORKER", "worker", CELL_TEXT, NULL },
	{ "READ/s", "reads", CELL_NUMBER, NULL },
	{ "WRITE/s", "writes", CELL_NUMBER, NULL },
	{ "READ B/s", "read_bytes", CELL_SIZE, NULL },
	{ "WRITE B/s", "write_bytes", CELL_SIZE, NULL },
	{ "READ ms", "read_ms", CELL_NUMBER, NULL },
	{ "WRITE ms", "write_ms", CELL_NUMBER, NULL },
	{ "ERRORS/s", "errors", CELL_NUMBER, NULL },
	{ NULL, NULL, 0, NULL },
};

static void show(struct cli *cli, struct top *top)
{
	size_t limit = cli_number(cli, "limit", 20), shown = 0;
	struct json_object *items = json_object_new_array();

	if (top->nr)
		qsort(top->rows, top->nr, sizeof(*top->rows), busiest_first);
	for (size_t i = 0; i < top->nr && shown < limit; i++) {
		if (!top->rows[i].seen)
			continue;
		json_object_array_add(items, render_row(&top->rows[i]));
		shown++;
	}
	if (cli->json) {
		cli_print_json(items);
	} else {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		cli_table(cli, top_columns, items);
	}
	fflush(stdout);
	json_object_put(items);
}

static void free_top(struct top *top)
{
	for (size_t i = 0; i < top->nr; i++) {
		free(top->rows[i].worker);
		free(top->rows[i].nqn);
	}
	free(top->rows);
}

static const struct cli_option top_options[] = {
	{ "by-subsystem", "by_subsystem", CLI_FLAG, CLI_LOCAL, NULL,
	  "a row for each subsystem instead of each namespace" },
	{ "interval", "interval", CLI_NUMBER, CLI_LOCAL, "SECONDS", "time between two looks (2)" },
	{ "count", "count", CLI_NUMBER, CLI_LOCAL, "N", "end after so many" },
	{ "limit", "limit", CLI_NUMBER, CLI_LOCAL, "N", "show at most so many, the busiest (20)" },
	{ 0 },
};

static enum cli_exit top(struct cli *cli)
{
	unsigned long long left = cli_number(cli, "count", ~0ull);
	unsigned long long interval = cli_number(cli, "interval", 2);
	struct top top = { .by_subsystem = cli_flag(cli, "by_subsystem") };
	cmn_autofree char *path = cli_path("stats", NULL);
	enum cli_exit res = CLI_OK;

	if (!interval || interval > 3600 || !left) {
		cli_error(NULL, "--interval must be 1 to 3600, --count at least 1");
		return CLI_USAGE;
	}
	for (bool first = true; res == CLI_OK && left; first = false) {
		struct json_object *stats = NULL;

		if (!first)
			sleep((unsigned int)interval);
		res = cli_request(cli, "GET", path, NULL, &stats);
		if (res == CLI_OK)
			take_stats(&top, stats);
		json_object_put(stats);
		if (first || res != CLI_OK)
			continue;
		show(cli, &top);
		left--;
	}
	free_top(&top);
	return res;
}

const struct cli_command cli_watch_commands[] = {
	{ NULL, "events", "", "what happened, or with -w what happens", events_options, events },
	{ NULL, "top", "", "the busiest namespaces, live", top_options, top },
	{ 0 },
};
