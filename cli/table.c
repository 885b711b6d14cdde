/* SPDX-License-Identifier: Apache-2.0 */
/* cli/table.c - JSON objects as tables for people, by libsmartcols. */
#include "cli/cli.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/size.h"

#define CELL_LEN 512

/* Colours of states; what isn't here has none. */
static const struct {
	const char *state, *color;
} colors[] = {
	{ "ready", "green" },	  { "running", "green" },   { "ok", "green" },
	{ "pending", "yellow" },  { "starting", "yellow" }, { "restarting", "yellow" },
	{ "degraded", "yellow" }, { "warning", "yellow" },  { "failed", "red" },
	{ "creating", "yellow" }, { "error", "red" },
};

struct json_object *cli_member(struct json_object *obj, const char *path)
{
	char key[64];
	size_t len;

	while (obj && *path) {
		len = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		if (!json_object_is_type(obj, json_type_object))
			return NULL;
		obj = json_object_object_get(obj, key);
		path += len + (path[len] == '.');
	}
	return obj;
}

const char *cli_member_text(struct json_object *obj, const char *path)
{
	struct json_object *member = cli_member(obj, path);

	return member ? json_object_get_string(member) : "";
}

double cli_parse_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return rest ? (double)timegm(&tm) + strtod(rest, NULL) : 0;
}

/* "45s", "12m", "3h", "5d": how long ago it was. */
static const char *age_text(const char *when, char *buf, size_t size)
{
	static const struct {
		long seconds, until;
		char unit;
	} units[] = {
		{ 1, 120, 's' }, { 60, 7200, 'm' }, { 3600, 172800, 'h' }, { 86400, 0, 'd' }
	};
	long age = (long)((double)time(NULL) - cli_parse_time(when)), i = 0;

	if (!cli_parse_time(when))
		return when;
	age = age < 0 ? 0 : age; /* two machines' clocks */
	while (units[i].until && age >= units[i].until)
		i++;
	snprintf(buf, size, "%ld%c", age / units[i].seconds, units[i].unit);
	return buf;
}

static const char *value_text(struct json_object *value, unsigned int kind, char *buf, size_t size)
{
	const char *text;

	if (!value)
		return "-";
	if (kind == CELL_SIZE)
		return cmn_size_format((uint64_t)json_object_get_int64(value), buf, size);
	if (kind == CELL_COUNT) {
		snprintf(buf, size, "%zu", json_object_array_length(value));
		return buf;
	}
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value) ? "yes" : "no";
	text = json_object_get_string(value);
	if (kind == CELL_AGE)
		return age_text(text, buf, size);
	return *text ? text : "-";
}

/* What a member means that has no value, where it means more than that there is none. */
static const char *unset_text(const char *name, struct json_object *value)
{
	static const struct {
		const char *name, *text;
	} words[] = {
		{ "cpu_list", "any" },
		{ "hosts", "all" },
		{ "portals", "all" },
		{ "reactors", "auto" },
	};

	if (value && *json_object_get_string(value) && strcmp(json_object_get_string(value), "0"))
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].name, name) == 0)
			return words[i].text;
	return NULL;
}

static const char *member_text(const char *name, struct json_object *value, unsigned int kind,
			       char *buf, size_t size)
{
	const char *text = unset_text(name, value);

	return text ? text : value_text(value, kind, buf, size);
}

static const char *color_of(const char *state)
{
	for (size_t i = 0; i < sizeof(colors) / sizeof(*colors); i++)
		if (strcmp(colors[i].state, state) == 0)
			return colors[i].color;
	return NULL;
}

static struct libscols_table *new_table(const struct cli *cli)
{
	struct libscols_table *table = scols_new_table();

	if (!table) {
		cli_error(NULL, "out of memory");
		exit(CLI_FAILED);
	}
	scols_table_enable_colors(table, cli->color);
	scols_table_set_stream(table, stdout); /* which --watch may have changed */
	return table;
}

static unsigned int kind_of(const struct cli_column *col)
{
	return col->kind & CELL_KIND_MASK;
}

static void fill_cell(struct libscols_line *line, size_t index, const struct cli_column *col,
		      struct json_object *item)
{
	char buf[CELL_LEN] = "";
	const char *text = col->text ? col->text(item, buf, sizeof(buf))
				     : member_text(col->path, cli_member(item, col->path),
						   kind_of(col), buf, sizeof(buf));
	const char *color = kind_of(col) == CELL_STATE ? color_of(text) : NULL;

	scols_line_set_data(line, index, text);
	if (color)
		scols_cell_set_color(scols_line_get_cell(line, index), color);
}

/* -- which columns ---------------------------------------------------------------------------------------------- */

#define COLUMNS_MAX 32

struct choice {
	const struct cli_column *columns[COLUMNS_MAX];
	size_t nr;
};

static void choose(struct choice *c, const struct cli_column *col)
{
	if (c->nr < COLUMNS_MAX)
		c->columns[c->nr++] = col;
}

static void no_column(const struct cli_column *columns, const char *name, size_t len)
{
	char titles[400] = "";
	size_t used = 0;

	for (; columns->title && used < sizeof(titles); columns++)
		used += (size_t)snprintf(titles + used, sizeof(titles) - used, "%s%s",
					 used ? ", " : "", columns->title);
	cli_error(titles, "no column '%.*s'", (int)len, name);
	exit(CLI_USAGE);
}

/* "NQN,STATE", in any case */
static void choose_named(struct choice *c, const struct cli_column *columns, const char *names)
{
	const struct cli_column *col;
	size_t len;

	for (; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		for (col = columns; col->title; col++)
			if (strncasecmp(col->title, names, len) == 0 && !col->title[len])
				break;
		if (!col->title)
			no_column(columns, names, len);
		choose(c, col);
	}
}

static void choose_columns(const struct cli *cli, const struct cli_column *columns,
			   struct choice *c)
{
	if (cli->columns) {
		choose_named(c, columns, cli->columns);
		return;
	}
	for (const struct cli_column *col = columns; col->title; col++)
		if (cli->form == CLI_NAME ? col->kind & CELL_KEY
					  : cli->form == CLI_WIDE || !(col->kind & CELL_WIDE))
			choose(c, col);
	if (!c->nr)
		choose(c, columns);
}

void cli_table(struct cli *cli, const struct cli_column *columns, struct json_object *items)
{
	struct libscols_table *table = new_table(cli);
	size_t nr = json_object_array_length(items);
	struct libscols_line *line;
	struct choice c = { 0 };

	choose_columns(cli, columns, &c);
	if (cli->no_headers || cli->form == CLI_NAME)
		scols_table_enable_noheadings(table, 1);
	for (size_t i = 0; i < c.nr; i++) {
		unsigned int kind = kind_of(c.columns[i]);
		bool right = cli->form != CLI_NAME && (kind == CELL_NUMBER || kind == CELL_SIZE ||
						       kind == CELL_COUNT || kind == CELL_AGE);

		scols_table_new_column(table, c.columns[i]->title, 0, right ? SCOLS_FL_RIGHT : 0);
	}
	for (size_t i = 0; i < nr; i++) {
		line = scols_table_new_line(table, NULL);
		for (size_t j = 0; line && j < c.nr; j++)
			fill_cell(line, j, c.columns[j], json_object_array_get_idx(items, i));
	}
	if (nr)
		scols_print_table(table);
	else
		cli_note("none");
	scols_unref_table(table);
}

static void add_line(struct libscols_table *table, const char *name, const char *text)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return;
	scols_line_set_data(line, 0, name);
	scols_line_set_data(line, 1, text);
}

/* An entry of a list; "traddr=192.0.2.10 trsvcid=4420" of an object. */
static const char *item_text(struct json_object *item, char *buf, size_t size)
{
	size_t used = 0;

	if (!json_object_is_type(item, json_type_object))
		return json_object_get_string(item);
	buf[0] = '\0';
	json_object_object_foreach(item, key, value) {
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s=%s",
						 used ? " " : "", key,
						 value ? json_object_get_string(value) : "-");
	}
	return buf;
}

static void add_member(struct libscols_table *table, const char *name, struct json_object *value)
{
	char buf[CELL_LEN];
	size_t nr;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, inner) {
			snprintf(buf, sizeof(buf), "%s.%s", name, key);
			add_member(table, buf, inner);
		}
		return;
	}
	if (!json_object_is_type(value, json_type_array)) {
		add_line(table, name,
			 member_text(name, value, strcmp(name, "size") ? CELL_TEXT : CELL_SIZE, buf,
				     sizeof(buf)));
		return;
	}
	nr = json_object_array_length(value);
	if (nr == 0)
		add_line(table, name, "none");
	for (size_t i = 0; i < nr; i++)
		add_line(table, i ? "" : name,
			 item_text(json_object_array_get_idx(value, i), buf, sizeof(buf)));
}

void cli_record(struct cli *cli, struct json_object *obj)
{
	struct libscols_table *table = new_table(cli);

	scols_table_enable_noheadings(table, 1);
	scols_table_new_column(table, "NAME", 0, 0);
	scols_table_new_column(table, "VALUE", 0, 0);
	json_object_object_foreach(obj, key, value) {
		add_member(table, key, value);
	}
	scols_print_table(table);
	scols_unref_table(table);
}
