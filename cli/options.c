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
	bool help, only_args;
};

/* -- finding the command ---------------------------------------------------------------------------------------- */

static const struct cli_command *find_command(const char *first, const char *second)
{
	for (size_t a = 0; cli_areas[a]; a++)
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++)
			if (!cmd->area ? strcmp(cmd->verb, first) == 0
				       : strcmp(cmd->area, first) == 0 && second &&
						 strcmp(cmd->verb, second) == 0)
				return cmd;
	return NULL;
}

/* "list, show, create" of an area; empty for a word that is none. */
static void verbs_of(const char *area, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = 0;
	for (size_t a = 0; cli_areas[a]; a++)
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++)
			if (cmd->area && strcmp(cmd->area, area) == 0 && used < size)
				used += (size_t)snprintf(buf + used, size - used, "%s%s",
							 used ? ", " : "", cmd->verb);
}

static enum cli_exit unknown_command(const char *first, const char *second)
{
	char verbs[128], hint[160];

	verbs_of(first, verbs, sizeof(verbs));
	if (!*verbs) {
		cli_error("pharos --help lists the commands", "no command '%s'", first);
		return CLI_USAGE;
	}
	snprintf(hint, sizeof(hint), "pharos %s takes: %s", first, verbs);
	if (second)
		cli_error(hint, "no command '%s %s'", first, second);
	else
		cli_error(hint, "'%s' wants a verb", first);
	return CLI_USAGE;
}

/* The command is given by the first one or two words that aren't options (nor a value of --api). */
static enum cli_exit choose_command(struct walk *w)
{
	const char *word[2] = { NULL, NULL };
	int found = 0;

	for (int i = 1; i < w->argc && found < 2; i++) {
		if (strcmp(w->argv[i], "--api") == 0)
			i++;
		else if (w->argv[i][0] != '-')
			word[found++] = w->argv[i];
	}
	if (!word[0])
		return CLI_OK;
	w->cli->cmd = find_command(word[0], word[1]);
	return w->cli->cmd ? CLI_OK : unknown_command(word[0], word[1]);
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

static enum cli_exit take_option(struct walk *w, const struct cli_option *o,
				 const char *inline_value)
{
	const char *text;

	if (o->kind == CLI_FLAG || o->kind == CLI_NULL) {
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

/* Those that every command has; false when it is none. */
static bool take_global(struct walk *w, const char *name, const char *inline_value,
			enum cli_exit *ret_exit)
{
	const char *text;

	*ret_exit = CLI_OK;
	if (strcmp(name, "json") == 0) {
		w->cli->json = true;
	} else if (strcmp(name, "help") == 0) {
		w->help = true;
	} else if (strcmp(name, "api") == 0) {
		text = value_of(w, name, inline_value);
		if (!text)
			*ret_exit = CLI_USAGE;
		w->cli->api = text;
	} else {
		return false;
	}
	return true;
}

static enum cli_exit option(struct walk *w, char *arg)
{
	const struct cli_command *cmd = w->cli->cmd;
	char *name = arg + 2, *equals = strchr(name, '=');
	enum cli_exit res;

	if (equals)
		*equals++ = 0;
	if (take_global(w, name, equals, &res))
		return res;
	for (const struct cli_option *o = cmd ? cmd->options : NULL; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return take_option(w, o, equals);
	cli_error(NULL, "no option --%s%s", name, cmd ? " here" : "");
	cli_usage(cmd, false);
	return CLI_USAGE;
}

/* -- arguments -------------------------------------------------------------------------------------------------- */

static enum cli_exit check_count(const struct cli *cli)
{
	int most = 0, least = 0;

	for (const char *p = cli->cmd->args; *p; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		most++;
		least += *p != '[';
	}
	if (cli->argc >= least && cli->argc <= most)
		return CLI_OK;
	if (cli->argc > most)
		cli_error(NULL, "'%s' is too much", cli->argv[most]);
	else
		cli_error(NULL, "an argument is missing");
	cli_usage(cli->cmd, false);
	return CLI_USAGE;
}

static enum cli_exit walk_args(struct walk *w)
{
	static char watch[] = "--watch";
	enum cli_exit res = CLI_OK;
	int kept = 0;
	char *arg;

	while (w->next < w->argc && res == CLI_OK) {
		arg = w->argv[w->next++];
		if (!w->only_args && strcmp(arg, "--") == 0)
			w->only_args = true;
		else if (!w->only_args && strcmp(arg, "-h") == 0)
			w->help = true;
		else if (!w->only_args && strcmp(arg, "-w") == 0)
			res = option(w, watch);
		else if (!w->only_args && strcmp(arg, "-f") == 0)
			res = option(w, (char[]){ "--file" });
		else if (!w->only_args && strncmp(arg, "--", 2) == 0)
			res = option(w, arg);
		else
			w->argv[kept++] = arg;
	}
	w->argc = kept;
	return res;
}

enum cli_exit cli_parse(struct cli *cli, int argc, char **argv)
{
	struct walk w = { .cli = cli, .argv = argv, .argc = argc, .next = 1 };
	enum cli_exit res;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("pharos " PACKAGE_VERSION);
		return CLI_OK;
	}
	for (int i = 0; i < CLI_WHERE_COUNT; i++)
		cli->values[i] = json_object_new_object();
	res = choose_command(&w);
	if (res == CLI_OK)
		res = walk_args(&w);
	if (res != CLI_OK)
		return res;
	if (w.help || !cli->cmd) {
		cli_usage(cli->cmd, w.help);
		cli->cmd = NULL;
		return w.help ? CLI_OK : CLI_USAGE;
	}
	cli->argv = w.argv + (cli->cmd->area ? 2 : 1);
	cli->argc = w.argc - (cli->cmd->area ? 2 : 1);
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
