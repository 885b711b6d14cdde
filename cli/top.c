/* SPDX-License-Identifier: Apache-2.0 */
/* cli/top.c - `pharos top`: who is busy, live: namespaces, subsystems, hosts, connections or workers.
 * Workers tell once a second what they did, and discoveryd what that comes to (/stats); a look here asks for that. */
#include "cli/commands.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/top.h"
#include "common/cleanup.h"

#define STALE_S 5 /* a worker that has said nothing for so long isn't doing what it said last */

enum by { BY_NAMESPACE, BY_SUBSYSTEM, BY_HOST, BY_CONNECTION, BY_WORKER, BY_COUNT };
static const char *const by_names[BY_COUNT] = { "namespace", "subsystem", "host", "connection",
						"worker" };
static const char by_keys[BY_COUNT + 1] = "nshcw";

/* By what rows may be sorted: the largest first, or names. */
static const struct order {
	const char *name;
	const char *members[2]; /* whose sum it is */
} orders[] = {
	{ "iops", { "reads", "writes" } },	    { "bytes", { "read_bytes", "write_bytes" } },
	{ "latency", { "read_ms", "write_ms" } },   { "p99", { "read_p99_ms", "write_p99_ms" } },
	{ "inflight", { "inflight", "inflight" } }, { "errors", { "errors", "errors" } },
	{ "name", { NULL, NULL } },
};
enum { ORDERS = sizeof(orders) / sizeof(*orders) };
#define ORDER_NAMES "iops|bytes|latency|p99|inflight|errors|name"

struct top {
	struct cli *cli;
	enum by by;
	size_t order;
	bool all, split;
	struct json_object *rows, *addresses;
	struct json_object *before; /* with --split: the last answer, to compare with */
	struct json_object *bounds;
};

static volatile sig_atomic_t interrupted;

/* -- rows --------------------------------------------------------------------------------------------------------- */

static void add_number(struct json_object *row, const char *name, double value, int digits)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*f", digits, value);
	json_object_object_add(row, name, json_object_new_double_s(value, text));
}

static double number(struct json_object *from, const char *path)
{
	return json_object_get_double(cli_member(from, path));
}

static void add_text(struct json_object *row, const char *name, const char *text)
{
	json_object_object_add(row, name, json_object_new_string(text));
}

/* Means of a sum are weighted; percentiles can't be added up, and are only there where the API has them. */
static void add_times(struct json_object *row, struct json_object *rate, const char *way)
{
	static const char *const members[] = { "mean", "p50", "p99" };
	static const char *const names[] = { "%s_ms", "%s_p50_ms", "%s_p99_ms" };
	char path[32], name[32];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s.%s_ns", way, members[i]);
		snprintf(name, sizeof(name), names[i], way);
		if (i == 0 || cli_member(rate, path))
			add_number(row, name, number(rate, path) / 1e6, 3);
		else
			json_object_object_add(row, name, NULL);
	}
}

static void add_rate(struct json_object *row, struct json_object *rate)
{
	static const char *const names[] = { "reads", "writes", "read_bytes", "write_bytes",
					     "errors" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add_number(row, names[i], number(rate, names[i]), 0);
	add_times(row, rate, "read");
	add_times(row, rate, "write");
}

/* What every kind of row has; the caller adds whose it is. */
static struct json_object *new_row(struct top *top, struct json_object *record, const char *worker)
{
	struct json_object *row = json_object_new_object(), *rate = cli_member(record, "rate");

	add_text(row, "worker", worker);
	add_rate(row, rate);
	json_object_object_add(row, "inflight",
			       json_object_new_int64(
				       json_object_get_int64(cli_member(record, "inflight"))));
	json_object_array_add(top->rows, row);
	return row;
}

/* -- what a worker tells ------------------------------------------------------------------------------------------ */

/* "host_nqn cntlid nqn", by which queues are put together and controllers found. */
static void connection_key(struct json_object *item, const char *nqn, char *buf, size_t size)
{
	snprintf(buf, size, "%s %s %s", cli_member_text(item, "host_nqn"),
		 cli_member_text(item, "cntlid"), nqn);
}

static double weighted(double a, double weight_a, double b, double weight_b)
{
	return weight_a + weight_b > 0 ? (a * weight_a + b * weight_b) / (weight_a + weight_b) : 0;
}

/* One more queue of a connection. */
static void add_queue(struct json_object *row, struct json_object *queue)
{
	static const char *const sums[] = { "reads", "writes", "read_bytes", "write_bytes",
					    "errors" };
	struct json_object *rate = cli_member(queue, "rate");

	add_number(row, "read_ms",
		   weighted(number(row, "read_ms"), number(row, "reads"),
			    number(rate, "read.mean_ns") / 1e6, number(rate, "reads")),
		   3);
	add_number(row, "write_ms",
		   weighted(number(row, "write_ms"), number(row, "writes"),
			    number(rate, "write.mean_ns") / 1e6, number(rate, "writes")),
		   3);
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		add_number(row, sums[i], number(row, sums[i]) + number(rate, sums[i]), 0);
	json_object_object_add(row, "inflight",
			       json_object_new_int64((int64_t)number(row, "inflight") +
						     (int64_t)number(queue, "inflight")));
}

static void take_queues(struct top *top, struct json_object *subsystem, const char *worker)
{
	struct json_object *queues = cli_member(subsystem, "queues"), *row;
	struct json_object *rows_by_key = json_object_new_object(), *queue;
	const char *nqn = cli_member_text(subsystem, "nqn");
	char key[520];

	for (size_t i = 0; queues && i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		connection_key(queue, nqn, key, sizeof(key));
		if (json_object_object_get_ex(rows_by_key, key, &row)) {
			add_queue(row, queue);
			continue;
		}
		row = new_row(top, queue, worker);
		add_text(row, "nqn", nqn);
		add_text(row, "host_nqn", cli_member_text(queue, "host_nqn"));
		json_object_object_add(row, "cntlid", json_object_get(cli_member(queue, "cntlid")));
		json_object_object_add(row, "host_addr",
				       json_object_get(json_object_object_get(top->addresses, key)));
		json_object_object_add(rows_by_key, key, json_object_get(row));
	}
	json_object_put(rows_by_key);
}

/* The list in a subsystem's record, a row each, named by a member. */
static void take_list(struct top *top, struct json_object *subsystem, const char *list,
		      const char *member, const char *worker)
{
	struct json_object *items = cli_member(subsystem, list), *row, *item;

	for (size_t i = 0; items && i < json_object_array_length(items); i++) {
		item = json_object_array_get_idx(items, i);
		row = new_row(top, item, worker);
		json_object_object_add(row, "nqn", json_object_get(cli_member(subsystem, "nqn")));
		json_object_object_add(row, member, json_object_get(cli_member(item, member)));
		if (top->split)
			cli_top_split(row, item, cli_top_find(top->before, row), top->bounds);
	}
}

static void take_subsystem(struct top *top, struct json_object *subsystem, const char *worker)
{
	struct json_object *row;

	if (top->by == BY_NAMESPACE) {
		take_list(top, subsystem, "namespaces", "nsid", worker);
	} else if (top->by == BY_HOST) {
		take_list(top, subsystem, "hosts", "host_nqn", worker);
	} else if (top->by == BY_CONNECTION) {
		take_queues(top, subsystem, worker);
	} else {
		row = new_row(top, subsystem, worker);
		add_text(row, "nqn", cli_member_text(subsystem, "nqn"));
		if (top->split)
			cli_top_split(row, subsystem, cli_top_find(top->before, row), top->bounds);
	}
}

/* false: what it said last is too old. */
static bool take_worker(struct top *top, struct json_object *worker, double now)
{
	struct json_object *subsystems = cli_member(worker, "subsystems");
	const char *name = cli_member_text(worker, "worker");

	if (now - cli_parse_time(cli_member_text(worker, "time")) > STALE_S)
		return false;
	if (top->by == BY_WORKER) {
		new_row(top, worker, name);
		return true;
	}
	for (size_t i = 0; subsystems && i < json_object_array_length(subsystems); i++)
		take_subsystem(top, json_object_array_get_idx(subsystems, i), name);
	return true;
}

static void take_stats(struct top *top, struct json_object *stats)
{
	struct json_object *workers = cli_member(stats, "workers"), *worker;
	double now = cli_parse_time(cli_member_text(stats, "time"));

	json_object_put(top->rows);
	top->rows = json_object_new_array();
	top->bounds = cli_member(stats, "bounds_ns");
	for (size_t i = 0; workers && i < json_object_array_length(workers); i++) {
		worker = json_object_array_get_idx(workers, i);
		if (!take_worker(top, worker, now))
			cli_note("worker %s is silent", cli_member_text(worker, "worker"));
		if (top->by == BY_CONNECTION && number(worker, "queues_left_out") > 0)
			cli_note("worker %s has %.0f more queues than it tells of",
				 cli_member_text(worker, "worker"),
				 number(worker, "queues_left_out"));
	}
}

/* -- asking ------------------------------------------------------------------------------------------------------- */

/* Where hosts are, by connection. */
static enum cli_exit get_addresses(struct top *top)
{
	struct json_object *query = top->cli->values[CLI_QUERY], *items = NULL, *item;
	cmn_autofree char *path = cli_path("controllers", NULL);
	char key[520];
	enum cli_exit res;

	top->cli->values[CLI_QUERY] = json_object_new_object();
	res = cli_list(top->cli, path, &items);
	json_object_put(top->cli->values[CLI_QUERY]);
	top->cli->values[CLI_QUERY] = query;
	json_object_put(top->addresses);
	top->addresses = json_object_new_object();
	for (size_t i = 0; items && i < json_object_array_length(items); i++) {
		item = json_object_array_get_idx(items, i);
		connection_key(item, cli_member_text(item, "nqn"), key, sizeof(key));
		json_object_object_add(top->addresses, key,
				       json_object_get(cli_member(item, "host_addr")));
	}
	json_object_put(items);
	return res;
}

static enum cli_exit look(struct top *top)
{
	struct json_object *query = top->cli->values[CLI_QUERY], *stats = NULL;
	cmn_autofree char *path = cli_path("stats", NULL);
	enum cli_exit res = top->by == BY_CONNECTION ? get_addresses(top) : CLI_OK;

	if (!top->all)
		json_object_object_add(query, "active", json_object_new_boolean(true));
	if (top->split)
		json_object_object_add(query, "times", json_object_new_boolean(true));
	if (res == CLI_OK)
		res = cli_request(top->cli, "GET", path, NULL, &stats);
	if (res != CLI_OK)
		return res;
	take_stats(top, stats);
	json_object_put(top->before);
	top->before = stats;
	return CLI_OK;
}

/* -- showing ------------------------------------------------------------------------------------------------------ */

#define LATENCIES                                                                                  \
	{ "r ms", "read_ms", CELL_NUMBER, NULL }, { "w ms", "write_ms", CELL_NUMBER, NULL },       \
		{ "r p99", "read_p99_ms", CELL_NUMBER, NULL },                                     \
		{ "w p99", "write_p99_ms", CELL_NUMBER, NULL },                                    \
		{ "r p50", "read_p50_ms", CELL_NUMBER | CELL_WIDE, NULL },                         \
	{                                                                                          \
		"w p50", "write_p50_ms", CELL_NUMBER | CELL_WIDE, NULL                             \
	}
#define RATES                                                                                      \
	{ "r/s", "reads", CELL_NUMBER, NULL }, { "w/s", "writes", CELL_NUMBER, NULL },             \
		{ "rMB/s", NULL, CELL_NUMBER, read_mb }, { "wMB/s", NULL, CELL_NUMBER, write_mb }
#define REST                                                                                       \
	{ "r KiB", NULL, CELL_NUMBER | CELL_WIDE, read_kib },                                      \
		{ "w KiB", NULL, CELL_NUMBER | CELL_WIDE, write_kib },                             \
		{ "err/s", "errors", CELL_NUMBER, NULL },                                          \
	{                                                                                          \
		NULL, NULL, 0, NULL                                                                \
	}

static const char *mb(struct json_object *item, const char *member, char *buf, size_t size)
{
	snprintf(buf, size, "%.1f", number(item, member) / 1e6);
	return buf;
}

static const char *read_mb(struct json_object *item, char *buf, size_t size)
{
	return mb(item, "read_bytes", buf, size);
}

static const char *write_mb(struct json_object *item, char *buf, size_t size)
{
	return mb(item, "write_bytes", buf, size);
}

/* The mean size of a command. */
static const char *kib(double bytes, double commands, char *buf, size_t size)
{
	snprintf(buf, size, "%.1f", commands > 0 ? bytes / commands / 1024 : 0);
	return buf;
}

static const char *read_kib(struct json_object *item, char *buf, size_t size)
{
	return kib(number(item, "read_bytes"), number(item, "reads"), buf, size);
}

static const char *write_kib(struct json_object *item, char *buf, size_t size)
{
	return kib(number(item, "write_bytes"), number(item, "writes"), buf, size);
}

static const struct cli_column namespace_columns[] = {
	{ "SUBSYSTEM", "nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "NSID", "nsid", CELL_NUMBER | CELL_KEY, NULL },
	{ "WORKER", "worker", CELL_TEXT | CELL_WIDE, NULL },
	RATES,
	LATENCIES,
	REST,
};

static const struct cli_column subsystem_columns[] = {
	{ "SUBSYSTEM", "nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "WORKER", "worker", CELL_TEXT, NULL },
	RATES,
	LATENCIES,
	REST,
};

static const struct cli_column host_columns[] = {
	{ "HOST", "host_nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "WORKER", "worker", CELL_TEXT | CELL_WIDE, NULL },
	{ "QD", "inflight", CELL_NUMBER, NULL },
	RATES,
	LATENCIES,
	REST,
};

/* Of queues there are no percentiles. */
static const struct cli_column connection_columns[] = {
	{ "HOST", "host_nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "ADDRESS", "host_addr", CELL_TEXT, NULL },
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "CNTLID", "cntlid", CELL_NUMBER | CELL_KEY, NULL },
	{ "WORKER", "worker", CELL_TEXT | CELL_WIDE, NULL },
	{ "QD", "inflight", CELL_NUMBER, NULL },
	RATES,
	{ "r ms", "read_ms", CELL_NUMBER, NULL },
	{ "w ms", "write_ms", CELL_NUMBER, NULL },
	REST,
};

static const struct cli_column worker_columns[] = {
	{ "WORKER", "worker", CELL_TEXT | CELL_KEY, NULL },
	RATES,
	LATENCIES,
	REST,
};

static const struct cli_column split_columns[] = {
	{ "SUBSYSTEM", "nqn", CELL_TEXT | CELL_KEY, NULL },
	{ "NSID", "nsid", CELL_NUMBER, NULL },
	{ "r/s", "reads", CELL_NUMBER, NULL },
	{ "r net", "split.read.transport", CELL_NUMBER, NULL },
	{ "r disk", "split.read.backend", CELL_NUMBER, NULL },
	{ "r wait", "split.read.queue", CELL_NUMBER, NULL },
	{ "r ms", "read_ms", CELL_NUMBER, NULL },
	{ "w/s", "writes", CELL_NUMBER, NULL },
	{ "w net", "split.write.transport", CELL_NUMBER, NULL },
	{ "w disk", "split.write.backend", CELL_NUMBER, NULL },
	{ "w wait", "split.write.queue", CELL_NUMBER, NULL },
	{ "w ms", "write_ms", CELL_NUMBER, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_column *const columns[BY_COUNT] = { namespace_columns, subsystem_columns,
							     host_columns, connection_columns,
							     worker_columns };

static size_t sort_by; /* qsort() has no place for it */

static double sort_key(struct json_object *row)
{
	const struct order *o = &orders[sort_by];

	return o->members[0] ? number(row, o->members[0]) + number(row, o->members[1]) : 0;
}

static int compare(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a,
			   *y = *(struct json_object *const *)b;
	double kx = sort_key(x), ky = sort_key(y);
	int names = strcmp(cli_member_text(x, "nqn"), cli_member_text(y, "nqn"));

	if (kx != ky)
		return kx < ky ? 1 : -1;
	if (names)
		return names;
	if (number(x, "nsid") != number(y, "nsid"))
		return number(x, "nsid") < number(y, "nsid") ? -1 : 1;
	return strcmp(cli_member_text(x, "host_nqn"), cli_member_text(y, "host_nqn"));
}

static void show(struct top *top, bool live)
{
	size_t limit = cli_number(top->cli, "limit", 20), nr = json_object_array_length(top->rows);

	sort_by = top->order;
	json_object_array_sort(top->rows, compare);
	if (nr > limit)
		json_object_array_del_idx(top->rows, limit, nr - limit);
	if (live)
		printf("\033[H\033[Jby %s, sorted by %s; %zu of %zu     keys: %s views, o order, q quit\n\n",
		       by_names[top->by], orders[top->order].name, nr < limit ? nr : limit, nr,
		       by_keys);
	if (top->cli->json)
		cli_print_json(top->rows);
	else if (nr)
		cli_table(top->cli, top->split ? split_columns : columns[top->by], top->rows);
	else
		puts("nobody does anything");
	fflush(stdout);
}

/* -- keys --------------------------------------------------------------------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Waits for the next look, or for a key, which may change what is shown.  false: enough. */
static bool await(struct top *top, unsigned long long seconds, bool keys)
{
	struct pollfd fd = { .fd = keys ? STDIN_FILENO : -1, .events = POLLIN };
	const char *found;
	char key;

	if (poll(&fd, 1, (int)seconds * 1000) <= 0 || read(STDIN_FILENO, &key, 1) != 1)
		return !interrupted;
	found = key ? strchr(by_keys, key) : NULL;
	if (found && (!top->split || found - by_keys <= BY_SUBSYSTEM))
		top->by = (enum by)(found - by_keys);
	if (key == 'o')
		top->order = (top->order + 1) % ORDERS;
	return key != 'q' && !interrupted;
}

static enum cli_exit run(struct top *top, unsigned long long left, unsigned long long interval)
{
	bool live = isatty(STDOUT_FILENO) && !top->cli->json;
	bool keys = live && isatty(STDIN_FILENO);
	bool first = top->split; /* which tells what is between two looks */
	struct termios before, raw;
	enum cli_exit res;

	if (keys && tcgetattr(STDIN_FILENO, &before) == 0) {
		raw = before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
	}
	do {
		res = look(top);
		if (res == CLI_OK && !first) {
			show(top, live);
			left--;
		}
		first = false;
	} while (res == CLI_OK && left && await(top, interval, keys));
	if (keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return res;
}

/* -- the command -------------------------------------------------------------------------------------------------- */

static const struct cli_option options[] = {
	{ "by", "by", CLI_TEXT, CLI_LOCAL, "namespace|subsystem|host|connection|worker",
	  "what a row is of (namespace)" },
	{ "sort", "sort", CLI_TEXT, CLI_LOCAL, ORDER_NAMES, "the largest first (iops)" },
	{ "subsystem", "nqn", CLI_TEXT, CLI_QUERY, "NQN", "only of this one" },
	{ "split", "split", CLI_FLAG, CLI_LOCAL, NULL,
	  "where the time goes: network, disk, waiting for another command" },
	{ "all", "all", CLI_FLAG, CLI_LOCAL, NULL, "those that do nothing, too" },
	{ "interval", "interval", CLI_NUMBER, CLI_LOCAL, "SECONDS", "time between two looks (2)" },
	{ "count", "count", CLI_NUMBER, CLI_LOCAL, "N", "end after so many" },
	{ "limit", "limit", CLI_NUMBER, CLI_LOCAL, "N", "show at most so many (20)" },
	{ 0 },
};

static enum cli_exit choose(struct top *top)
{
	const char *by = cli_text(top->cli, "by", by_names[0]),
		   *order = cli_text(top->cli, "sort", orders[0].name);

	while (top->by < BY_COUNT && strcmp(by_names[top->by], by) != 0)
		top->by++;
	while (top->order < ORDERS && strcmp(orders[top->order].name, order) != 0)
		top->order++;
	if (top->by == BY_COUNT)
		cli_error("namespace, subsystem, host, connection, worker", "no view by '%s'", by);
	else if (top->order == ORDERS)
		cli_error(ORDER_NAMES, "no order '%s'", order);
	else if (top->split && top->by > BY_SUBSYSTEM)
		cli_error(NULL, "--split is known of namespaces and subsystems");
	else
		return CLI_OK;
	return CLI_USAGE;
}

static enum cli_exit top(struct cli *cli)
{
	unsigned long long left = cli_number(cli, "count", ~0ull);
	unsigned long long interval = cli_number(cli, "interval", 2);
	struct top top = { .cli = cli, .all = cli_flag(cli, "all"), .split = cli_flag(cli, "split") };
	enum cli_exit res = choose(&top);

	if (res == CLI_OK && (!interval || interval > 3600 || !left)) {
		cli_error(NULL, "--interval must be 1 to 3600, --count at least 1");
		res = CLI_USAGE;
	}
	if (res == CLI_OK)
		res = run(&top, left, interval);
	json_object_put(top.rows);
	json_object_put(top.addresses);
	json_object_put(top.before);
	return res;
}

const struct cli_command cli_top_commands[] = {
	{ NULL, "top", "", "who is busy, live: namespaces, hosts, connections, ...", options, top },
	{ 0 },
};
