/* SPDX-License-Identifier: Apache-2.0 */
/* cli/complete.c - `pharos __complete WORD...`: what the last word may become, for the shells (packaging/completion.*).
 * A line each: the word, a tab, what it means.  A line ":files" asks the shell for names of files. */
#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

#define NAMES_MAX 1000 /* of objects: nobody reads more */
#define WAIT_S 2 /* somebody waits for a prompt */

/* The words so far: the command that they name, what stands before the last one, and that. */
struct line {
	struct cli *cli;
	const struct cli_command *cmd;
	const char *area; /* without a verb yet */
	const char *args[8]; /* those of the command */
	int argc;
	const struct cli_option *option; /* which wants a value, and last is it */
	const char *last;
};

static void offer(const struct line *l, const char *word, const char *meaning)
{
	if (strncmp(word, l->last, strlen(l->last)) == 0)
		printf("%s\t%s\n", word, meaning ? meaning : "");
}

/* -- what the words are ----------------------------------------------------------------------------------------- */

static const struct cli_option *option_of(const struct line *l, const char *word)
{
	return strncmp(word, "--", 2) == 0 ? cli_find_option(l->cmd, word + 2) : NULL;
}

static bool wants_value(const struct cli_option *o)
{
	return o && o->arg && o->kind != CLI_EVERY;
}

/* The API may be given on the line itself. */
static void take_option(struct line *l, const char *word)
{
	l->option = word[1] == '-' ? option_of(l, word)
		    : word[2]	   ? NULL
				   : cli_find_short_option(l->cmd, word[1]);
	if (!wants_value(l->option))
		l->option = NULL;
	if (strncmp(word, "--api=", 6) == 0)
		l->cli->api = word + 6;
}

static void take_word(struct line *l, const char *word)
{
	if (l->option) {
		if (strcmp(l->option->name, "api") == 0)
			l->cli->api = word;
		l->option = NULL;
	} else if (word[0] == '-' && word[1]) {
		take_option(l, word);
	} else if (l->cmd && l->argc < 8) {
		l->args[l->argc++] = word;
	} else if (l->area) {
		l->cmd = cli_find_command(l->area, word);
	} else {
		l->area = cli_find_area(word);
		if (!l->area)
			l->cmd = cli_find_command(word, NULL);
	}
}

/* -- names of objects ------------------------------------------------------------------------------------------- */

static void offer_objects(struct line *l, const char *path, const char *key)
{
	struct json_object *doc = NULL, *items;
	char limit[8];

	snprintf(limit, sizeof(limit), "%d", NAMES_MAX);
	json_object_object_add(l->cli->values[CLI_QUERY], "limit", json_object_new_string(limit));
	if (cli_request(l->cli, "GET", path, NULL, &doc) != CLI_OK)
		return;
	items = cli_member(doc, "items");
	for (size_t i = 0; items && i < json_object_array_length(items); i++)
		offer(l, cli_member_text(json_object_array_get_idx(items, i), key), NULL);
	json_object_put(doc);
}

static void offer_nsids(struct line *l)
{
	cmn_autofree char *path = NULL;

	if (l->argc < 1)
		return;
	path = cli_path("subsystems", l->args[0], "namespaces", NULL);
	offer_objects(l, path, "nsid");
}

static void offer_zones(struct line *l)
{
	cmn_autofree char *path = NULL;

	if (l->argc < 1)
		return;
	path = cli_path("zone-groups", l->args[0], "zones", NULL);
	offer_objects(l, path, "name");
}

static void offer_changes(struct line *l)
{
	cmn_autofree char *path = cli_path("zoning", "history", NULL);

	offer_objects(l, path, "change");
}

/* What an argument or value is named after: its own word ("HOST_NQN"), or the area or option that it stands in. */
static const struct cli_resource *resource_of(const char *placeholder, const char *context)
{
	static const struct {
		const char *placeholder, *context, *area;
	} others[] = {
		{ "HOST_NQN", NULL, "host" },	      { "NQN", "namespace", "subsystem" },
		{ "NQN", "publish", "subsystem" },    { "NQN", "explain", "subsystem" },
		{ "NQN", "controller", "subsystem" }, { "NQN", "snapshot", "subsystem" },
		{ "GROUP", "zone", "zone-group" },    { "ZONE_GROUP", NULL, "zone-group" },
		{ "NAME", "alias", "zone-alias" },    { "NSID", NULL, "namespace" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(others[i].placeholder, placeholder) == 0 &&
		    (!others[i].context || strcmp(others[i].context, context) == 0))
			return cli_find_resource(others[i].area);
	return cli_find_resource(context);
}

static void offer_values(struct line *l, const char *placeholder, const char *context)
{
	const struct cli_resource *res = resource_of(placeholder, context);
	cmn_autofree char *path = NULL;

	if (strncmp(placeholder, "FILE", 4) == 0) {
		puts(":files");
	} else if (strcmp(placeholder, "NSID") == 0) {
		offer_nsids(l);
	} else if (strcmp(placeholder, "ZONE") == 0) {
		offer_zones(l);
	} else if (strcmp(placeholder, "CHANGE") == 0) {
		offer_changes(l);
	} else if (res && res->collection && res->key) {
		path = cli_path(res->collection, NULL);
		offer_objects(l, path, res->key);
	}
}

/* -- what may stand there --------------------------------------------------------------------------------------- */

/* "ram|file|null" */
static void offer_choices(const struct line *l, const char *choices)
{
	char word[64];
	size_t len;

	for (; *choices; choices += len + (choices[len] == '|')) {
		len = strcspn(choices, "|");
		snprintf(word, sizeof(word), "%.*s", (int)len, choices);
		offer(l, word, NULL);
	}
}

static void offer_option_value(struct line *l, const struct cli_option *o)
{
	if (o->kind == CLI_BOOL)
		offer_choices(l, "yes|no");
	else if (strchr(o->arg, '|'))
		offer_choices(l, o->arg);
	else
		offer_values(l, o->arg, o->name);
}

static void offer_options(const struct line *l, const struct cli_option *options)
{
	char word[64];

	for (const struct cli_option *o = options; o && o->name; o++) {
		snprintf(word, sizeof(word), "--%s", o->name);
		offer(l, word, o->help);
	}
}

static void offer_argument(struct line *l)
{
	const char *p = l->cmd->args, *context = l->cmd->area ? l->cmd->area : l->cmd->verb;
	char placeholder[32];
	size_t len;

	for (int i = 0; i < l->argc && *p; i++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	p += *p == '[';
	len = strcspn(p, " ]");
	snprintf(placeholder, sizeof(placeholder), "%.*s", (int)len, p);
	/* what is created has no name yet */
	if (len && !(strcmp(l->cmd->verb, "create") == 0 &&
		     resource_of(placeholder, context) == cli_find_resource(context)))
		offer_values(l, placeholder, context);
}

static bool is_first_of_area(const struct cli_command *table, const struct cli_command *cmd)
{
	for (; table < cmd; table++)
		if (table->area && strcmp(table->area, cmd->area) == 0)
			return false;
	return true;
}

static void offer_commands(const struct line *l)
{
	const struct cli_resource *res;

	for (size_t a = 0; cli_areas[a]; a++) {
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++) {
			res = cmd->area ? cli_find_resource(cmd->area) : NULL;
			if (l->area && cmd->area && strcmp(l->area, cmd->area) == 0)
				offer(l, cmd->verb, cmd->help);
			else if (!l->area && !cmd->area)
				offer(l, cmd->verb, cmd->help);
			else if (!l->area && is_first_of_area(cli_areas[a], cmd))
				offer(l, cmd->area, res ? res->help : NULL);
		}
	}
}

/* "--worker=w": what may follow the equals sign. */
static void offer_inline_value(struct line *l, char *equals)
{
	const struct cli_option *o;

	*equals = 0;
	o = option_of(l, l->last);
	if (wants_value(o)) {
		l->last = equals + 1;
		offer_option_value(l, o);
	}
}

enum cli_exit cli_complete(struct cli *cli, int argc, char **argv)
{
	struct line l = { .cli = cli, .last = "" };
	char *equals;

	cli->quiet = true;
	cli->timeout_s = WAIT_S;
	for (int i = 0; i < CLI_WHERE_COUNT; i++)
		cli->values[i] = json_object_new_object();
	for (int i = 0; i + 1 < argc; i++)
		take_word(&l, argv[i]);
	if (argc > 0)
		l.last = argv[argc - 1];
	equals = argc > 0 && strncmp(l.last, "--", 2) == 0 ? strchr(argv[argc - 1], '=') : NULL;
	if (l.option) {
		offer_option_value(&l, l.option);
	} else if (equals) {
		offer_inline_value(&l, equals);
	} else if (l.last[0] == '-') {
		offer_options(&l, l.cmd ? l.cmd->options : NULL);
		offer_options(&l, cli_global_options);
	} else if (l.cmd) {
		offer_argument(&l);
	} else {
		offer_commands(&l);
	}
	return CLI_OK;
}
