/* SPDX-License-Identifier: Apache-2.0 */
/* cli/lookup.c - finds commands, verbs and options by name, by their other names, and by what somebody may have meant. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 40

/* Verbs as other tools call them. */
static const struct {
	const char *other, *verb;
} verbs[] = {
	{ "add", "create" }, { "edit", "set" },	 { "get", "show" },	 { "ls", "list" },
	{ "new", "create" }, { "patch", "set" }, { "remove", "delete" }, { "rm", "delete" },
	{ "update", "set" }, { "info", "show" }, { "describe", "show" },
};

/* -- how alike words are ---------------------------------------------------------------------------------------- */

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int cli_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned int rows[3][WORD_MAX + 1] = { 0 };
	unsigned int *two = rows[0], *one = rows[1], *now = rows[2], *spare;

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (unsigned int j = 0; j <= lb; j++)
		one[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(least(one[j], now[j - 1]) + 1,
				       one[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], two[j - 2] + 1);
		}
		spare = two;
		two = one;
		one = now;
		now = spare;
	}
	return one[lb];
}

/* Lower is more alike; a word that only goes on is like its beginning. */
static unsigned int unlikeness(const char *typed, const char *word)
{
	size_t len = strlen(typed);

	return len >= 2 && strncmp(typed, word, len) == 0 ? 1 : cli_distance(typed, word);
}

void cli_closest(const char *typed, const char *word, const char **best)
{
	unsigned int distance = unlikeness(typed, word);

	if (distance <= 1 + strlen(typed) / 4 && (!*best || distance < unlikeness(typed, *best)))
		*best = word;
}

/* -- names ------------------------------------------------------------------------------------------------------ */

/* "portals" for "portal" */
static bool is_plural(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && strcmp(word + len, "s") == 0;
}

const struct cli_resource *cli_find_resource(const char *area)
{
	for (const struct cli_resource *r = cli_resources; r->area; r++)
		if (strcmp(r->area, area) == 0)
			return r;
	return NULL;
}

const char *cli_find_area(const char *word)
{
	for (size_t a = 0; cli_areas[a]; a++)
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++)
			if (cmd->area &&
			    (strcmp(cmd->area, word) == 0 || is_plural(word, cmd->area)))
				return cmd->area;
	for (const struct cli_resource *r = cli_resources; r->area; r++)
		if (r->alias && strcmp(r->alias, word) == 0)
			return r->area;
	return NULL;
}

/* area NULL: the verb stands alone */
static const struct cli_command *find_exact(const char *area, const char *verb)
{
	for (size_t a = 0; cli_areas[a]; a++)
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++)
			if (strcmp(cmd->verb, verb) == 0 &&
			    (area && cmd->area ? strcmp(cmd->area, area) == 0 : area == cmd->area))
				return cmd;
	return NULL;
}

const struct cli_command *cli_find_command(const char *first, const char *second)
{
	const struct cli_command *cmd = find_exact(NULL, first);
	const char *area = cli_find_area(first);

	if (cmd || !area)
		return cmd;
	if (!second)
		return is_plural(first, area) ? find_exact(area, "list") : NULL;
	cmd = find_exact(area, second);
	for (size_t i = 0; !cmd && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i].other, second) == 0)
			cmd = find_exact(area, verbs[i].verb);
	return cmd;
}

static const struct cli_option *option_in(const struct cli_option *options, const char *name)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

const struct cli_option *cli_find_option(const struct cli_command *cmd, const char *name)
{
	const struct cli_option *o = cmd ? option_in(cmd->options, name) : NULL;

	return o ? o : option_in(cli_global_options, name);
}

/* -- what there isn't ------------------------------------------------------------------------------------------- */

static void unknown_verb(const char *area, const char *verb)
{
	char names[200] = "", hint[280];
	const char *best = NULL;
	size_t used = 0;

	for (size_t a = 0; cli_areas[a]; a++) {
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++) {
			if (!cmd->area || strcmp(cmd->area, area) != 0)
				continue;
			cli_closest(verb, cmd->verb, &best);
			if (used < sizeof(names))
				used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
							 used ? ", " : "", cmd->verb);
		}
	}
	if (best)
		snprintf(hint, sizeof(hint), "did you mean 'pharos %s %s'?  It takes: %s", area,
			 best, names);
	else
		snprintf(hint, sizeof(hint), "pharos %s takes: %s", area, names);
	cli_error(hint, "no command '%s %s'", area, verb);
}

enum cli_exit cli_unknown_command(const char *first, const char *second)
{
	const char *area = cli_find_area(first), *best = NULL;
	char hint[160] = "pharos --help lists the commands";

	if (area && second) {
		unknown_verb(area, second);
		return CLI_USAGE;
	}
	if (area) {
		cli_error(NULL, "'%s' wants a verb", area);
		cli_area_usage(area, false);
		return CLI_USAGE;
	}
	for (size_t a = 0; cli_areas[a]; a++)
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++)
			cli_closest(first, cmd->area ? cmd->area : cmd->verb, &best);
	if (best)
		snprintf(hint, sizeof(hint), "did you mean 'pharos %s'?  pharos --help lists all",
			 best);
	cli_error(hint, "no command '%s'", first);
	return CLI_USAGE;
}
