/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options.c - takes the command line apart by the tables of commands and options. */
#include "config.h"

#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where cli_parse() is: arguments that aren't options are moved to the front of argv. */
struct walk {
	struct cli *cli;
	char **argv;
	int argc, next;
	int words; /* of the command itself */
	const char *area; /* an area stands there without a verb */
	bool only_args;
};

/* -- options of every command ----------------------------------------------------------------------------------- */

const struct cli_option cli_global_options[] = {
	{ "api", "api", CLI_TEXT, CLI_GLOBAL, "URL",
	  "discoveryd's API ($PHAROS_API, else http://127.0.0.1:8080)" },
	{ "columns", "columns", CLI_TEXT, CLI_GLOBAL, "LIST",
	  "columns of the table, such as NQN,STATE" },
	{ "dry-run", "dry_run", CLI_FLAG, CLI_GLOBAL, NULL, "only tell what would change" },
	{ "filter", "filter", CLI_LIST, CLI_GLOBAL, "MEMBER=VALUE",
	  "of a list: only those, such as state=failed" },
	{ "help", "help", CLI_FLAG, CLI_GLOBAL, NULL, "after a command: its options" },
	{ "json", "json", CLI_FLAG, CLI_GLOBAL, NULL, "JSON, as -o json" },
	{ "no-headers", "no_headers", CLI_FLAG, CLI_GLOBAL, NULL,
	  "a table without its first line" },
	{ "output", "output", CLI_TEXT, CLI_GLOBAL, "table|wide|name|json",
	  "more columns, only names, or JSON" },
	{ "sort", "sort", CLI_TEXT, CLI_GLOBAL, "MEMBERS",
	  "of a list: by these; - before one turns it around" },
	{ "version", "version", CLI_FLAG, CLI_GLOBAL, NULL, "this program's version" },
	{ "watch", "watch", CLI_EVERY, CLI_GLOBAL, NULL, "look again every 2 or so many seconds" },
	{ "yes", "yes", CLI_FLAG, CLI_GLOBAL, NULL, "don't ask before something is destroyed" },
	{ 0 },
};

static const struct {
	char letter;
	const char *name;
} letters[] = {
	{ 'f', "file" },  { 'f', "follow" }, { 'h', "help" }, { 'o', "output" },
	{ 'n', "lines" }, { 'w', "watch" },  { 'y', "yes" },
};

char cli_short_option(const char *name)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		if (strcmp(letters[i].name, name) == 0)
			return letters[i].letter;
	return 0;
}

/* A letter may stand for several, of which a command has one. */
const struct cli_option *cli_find_short_option(const struct cli_command *cmd, char letter)
{
	const struct cli_option *o = NULL;

	for (size_t i = 0; !o && i < sizeof(letters) / sizeof(*letters); i++)
		if (letters[i].letter == letter)
			o = cli_find_option(cmd, letters[i].name);
	return o;
}

static bool takes_value(const struct cli_option *o)
{
	return o->kind != CLI_FLAG && o->kind != CLI_NULL && o->kind != CLI_EVERY;
}

/* -- finding the command ---------------------------------------------------------------------------------------- */

/* Does the next word belong to this global option? */
static bool eats_next(const char *arg)
{
	const struct cli_option *o = arg[1] == '-' ? cli_find_option(NULL, arg + 2)
						   : cli_find_short_option(NULL, arg[1]);

	return o && takes_value(o) && (arg[1] == '-' || !arg[2]);
}

/* The command is given by the first one or two words that are neither options nor values of global ones. */
static enum cli_exit choose_command(struct walk *w)
{
	const char *word[2] = { NULL, NULL };
	int found = 0;

	for (int i = 1; i < w->argc && found < 2; i++) {
		if (w->argv[i][0] == '-' && w->argv[i][1])
			i += eats_next(w->argv[i]);
		else
			word[found++] = w->argv[i];
	}
	if (!word[0])
		return CLI_OK;
	w->cli->cmd = cli_find_command(word[0], word[1]);
	if (w->cli->cmd) /* an area's name alone may be a command: "portals" */
		w->words = w->cli->cmd->area && word[1] ? 2 : 1;
	else if (cli_find_area(word[0]) && !word[1])
		w->area = cli_find_area(word[0]);
	else
		return cli_unknown_command(word[0], word[1]);
	return CLI_OK;
}

/* -- options ---------------------------------------------------------------------------------------------------- */

static const char *value_of(struct walk *w, const char *name, const char *inline_value)
{
	if (inline_value)
		return inline_value;
	if (w->next < w->argc)
		return w->argv[w->next++];
	cli_error(NULL, "--%s wants a value", name);
	return NULL;
}

static struct json_object *parse_number(const char *name, const char *text)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || number > INT64_MAX) {
		cli_error(NULL, "--%s wants a number, not '%s'", name, text);
		return NULL;
	}
	return json_object_new_int64((int64_t)number);
}

static struct json_object *parse_bool(const char *name, const char *text)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (unsigned int i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(text, words[i]) == 0)
			return json_object_new_boolean(i & 1);
	cli_error(NULL, "--%s wants yes or no, not '%s'", name, text);
	return NULL;
}

static void add_to_list(struct json_object *values, const char *key, const char *text)
{
	struct json_object *list;

	if (!json_object_object_get_ex(values, key, &list)) {
		list = json_object_new_array();
		json_object_object_add(values, key, list);
	}
	json_object_array_add(list, json_object_new_string(text));
}

static enum cli_exit take_value(struct walk *w, const struct cli_option *o, const char *text)
{
	struct json_object *values = w->cli->values[o->where], *value;

	if (o->kind == CLI_LIST) {
		add_to_list(values, o->key, text);
		return CLI_OK;
	}
	if (o->kind == CLI_NUMBER)
		value = parse_number(o->name, text);
	else if (o->kind == CLI_BOOL)
		value = parse_bool(o->name, text);
	else
		value = json_object_new_string(text);
	if (!value)
		return CLI_USAGE;
	json_object_object_add(values, o->key, value);
	return CLI_OK;
}

/* --watch, --watch=5 */
static enum cli_exit take_every(struct walk *w, const struct cli_option *o, const char *text)
{
	struct json_object *value = parse_number(o->name, text ? text : "2");

	if (value && (json_object_get_int64(value) < 1 || json_object_get_int64(value) > 86400)) {
		cli_error(NULL, "--%s wants 1 to 86400 seconds", o->name);
		json_object_put(value);
		return CLI_USAGE;
	}
	if (!value)
		return CLI_USAGE;
	json_object_object_add(w->cli->values[o->where], o->key, value);
	return CLI_OK;
}

static enum cli_exit take_option(struct walk *w, const struct cli_option *o,
				 const char *inline_value)
{
	const char *text;

	if (o->kind == CLI_EVERY)
		return take_every(w, o, inline_value);
	if (!takes_value(o)) {
		if (inline_value) {
			cli_error(NULL, "--%s takes no value", o->name);
			return CLI_USAGE;
		}
		json_object_object_add(w->cli->values[o->where], o->key,
				       o->kind == CLI_NULL ? NULL : json_object_new_boolean(true));
		return CLI_OK;
	}
	text = value_of(w, o->name, inline_value);
	return text ? take_value(w, o, text) : CLI_USAGE;
}

static enum cli_exit unknown_option(const struct cli_command *cmd, const char *name)
{
	const char *best = NULL, *area = cmd && cmd->area ? cmd->area : "";
	char hint[200];

	for (const struct cli_option *o = cmd ? cmd->options : NULL; o && o->name; o++)
		cli_closest(name, o->name, &best);
	for (const struct cli_option *o = cli_global_options; o->name; o++)
		cli_closest(name, o->name, &best);
	snprintf(hint, sizeof(hint), "%s%s%spharos %s%s%s%s--help lists them",
		 best ? "did you mean --" : "", best ? best : "", best ? "?  " : "", area,
		 *area ? " " : "", cmd ? cmd->verb : "", cmd ? " " : "");
	cli_error(hint, "no option --%s%s", name, cmd ? " here" : "");
	return CLI_USAGE;
}

static enum cli_exit option(struct walk *w, char *arg)
{
	char *name = arg + 2, *equals = strchr(name, '=');
	const struct cli_option *o;

	if (equals)
		*equals++ = 0;
	o = cli_find_option(w->cli->cmd, name);
	return o ? take_option(w, o, equals) : unknown_option(w->cli->cmd, name);
}

/* "-o json", "-ojson", "-w" */
static enum cli_exit short_option(struct walk *w, const char *arg)
{
	const struct cli_option *o = cli_find_short_option(w->cli->cmd, arg[1]);

	if (o && (takes_value(o) || !arg[2]))
		return take_option(w, o, arg[2] ? arg + 2 : NULL);
	cli_error("pharos --help lists the options", "no option %s here", arg);
	return CLI_USAGE;
}

/* -- what options of every command mean ------------------------------------------------------------------------- */

static enum cli_exit choose_form(struct cli *cli, const char *text)
{
	static const char *const forms[] = { "table", "wide", "name", "json" };

	for (int i = 0; i < 4; i++) {
		if (strcmp(text, forms[i]) != 0)
			continue;
		cli->json |= i == 3;
		if (i < CLI_FORM_COUNT)
			cli->form = (enum cli_form)i;
		return CLI_OK;
	}
	cli_error("table, wide, name, json", "no output '%s'", text);
	return CLI_USAGE;
}

static enum cli_exit apply_globals(struct cli *cli)
{
	struct json_object *given = cli->values[CLI_GLOBAL], *value;

	if (json_object_object_get_ex(given, "api", &value))
		cli->api = json_object_get_string(value);
	if (json_object_object_get_ex(given, "columns", &value))
		cli->columns = json_object_get_string(value);
	cli->json = json_object_object_get_ex(given, "json", NULL);
	cli->no_headers = json_object_object_get_ex(given, "no_headers", NULL);
	cli->dry_run = json_object_object_get_ex(given, "dry_run", NULL);
	cli->yes = json_object_object_get_ex(given, "yes", NULL);
	if (json_object_object_get_ex(given, "watch", &value))
		cli->every = (unsigned long long)json_object_get_int64(value);
	if (json_object_object_get_ex(given, "output", &value))
		return choose_form(cli, json_object_get_string(value));
	return CLI_OK;
}

/* -- arguments -------------------------------------------------------------------------------------------------- */

static enum cli_exit check_count(const struct cli *cli)
{
	const char *missing = NULL;
	int most = 0, least = 0;

	for (const char *p = cli->cmd->args; *p; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		least += *p != '[';
		if (*p != '[' && most == cli->argc)
			missing = p;
		most++;
	}
	if (cli->argc >= least && cli->argc <= most)
		return CLI_OK;
	if (cli->argc > most)
		cli_error(NULL, "'%s' is too much", cli->argv[most]);
	else
		cli_error(NULL, "an argument is missing: %.*s", (int)strcspn(missing, " "),
			  missing);
	cli_usage(cli->cmd, false);
	return CLI_USAGE;
}

static enum cli_exit walk_args(struct walk *w)
{
	enum cli_exit res = CLI_OK;
	int kept = 0;
	char *arg;

	while (w->next < w->argc && res == CLI_OK) {
		arg = w->argv[w->next++];
		if (w->only_args || arg[0] != '-' || !arg[1])
			w->argv[kept++] = arg;
		else if (strcmp(arg, "--") == 0)
			w->only_args = true;
		else if (arg[1] == '-')
			res = option(w, arg);
		else
			res = short_option(w, arg);
	}
	w->argc = kept;
	return res;
}

/* --help, --version or nothing at all: answered here. */
static enum cli_exit no_command(struct walk *w)
{
	struct cli *cli = w->cli;
	bool help = json_object_object_get_ex(cli->values[CLI_GLOBAL], "help", NULL);

	if (json_object_object_get_ex(cli->values[CLI_GLOBAL], "version", NULL) && !w->area)
		cli->cmd = cli_find_command("version", NULL);
	else if (w->area && !help)
		return cli_unknown_command(w->area, NULL);
	else if (w->area)
		cli_area_usage(w->area, true);
	else
		cli_usage(NULL, help);
	return cli->cmd || help ? CLI_OK : CLI_USAGE;
}

enum cli_exit cli_parse(struct cli *cli, int argc, char **argv)
{
	struct walk w = { .cli = cli, .argv = argv, .argc = argc, .next = 1 };
	enum cli_exit res;

	for (int i = 0; i < CLI_WHERE_COUNT; i++)
		cli->values[i] = json_object_new_object();
	res = choose_command(&w);
	if (res == CLI_OK)
		res = walk_args(&w);
	if (res == CLI_OK)
		res = apply_globals(cli);
	if (res != CLI_OK)
		return res;
	if (!cli->cmd)
		return no_command(&w);
	if (json_object_object_get_ex(cli->values[CLI_GLOBAL], "help", NULL)) {
		cli_usage(cli->cmd, true);
		cli->cmd = NULL;
		return CLI_OK;
	}
	cli->argv = w.argv + w.words;
	cli->argc = w.argc - w.words;
	return check_count(cli);
}

/* -- what commands ask ------------------------------------------------------------------------------------------ */

const char *cli_arg(const struct cli *cli, int index)
{
	return index < cli->argc ? cli->argv[index] : NULL;
}

static struct json_object *local(const struct cli *cli, const char *key)
{
	return json_object_object_get(cli->values[CLI_LOCAL], key);
}

const char *cli_text(const struct cli *cli, const char *key, const char *otherwise)
{
	struct json_object *value = local(cli, key);

	return value ? json_object_get_string(value) : otherwise;
}

unsigned long long cli_number(const struct cli *cli, const char *key, unsigned long long otherwise)
{
	struct json_object *value = local(cli, key);

	return value ? (unsigned long long)json_object_get_int64(value) : otherwise;
}

bool cli_flag(const struct cli *cli, const char *key)
{
	return json_object_get_boolean(local(cli, key));
}
