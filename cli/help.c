/* SPDX-License-Identifier: Apache-2.0 */
/* cli/help.c - help, made of the tables of commands and options. */
#include "config.h"

#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#define OPTION_WIDTH 28

static void call_of(const struct cli_command *cmd, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s", cmd->area ? cmd->area : "", cmd->area ? " " : "",
		 cmd->verb, *cmd->args ? " " : "", cmd->args);
}

static void print_options(FILE *out, const struct cli_option *options)
{
	char text[160], letter[8];

	for (const struct cli_option *o = options; o && o->name; o++) {
		const char *value = o->kind == CLI_EVERY ? "[=SECONDS]" : o->arg ? o->arg : "";

		letter[0] = 0;
		if (cli_short_option(o->name))
			snprintf(letter, sizeof(letter), "-%c, ", cli_short_option(o->name));
		snprintf(text, sizeof(text), "%s--%s%s%s", letter, o->name, o->arg ? " " : "",
			 value);
		if (strlen(text) > OPTION_WIDTH) /* a line of its own */
			fprintf(out, "  %s\n", text);
		fprintf(out, "  %-*s %s%s\n", OPTION_WIDTH, strlen(text) > OPTION_WIDTH ? "" : text,
			o->help, o->kind == CLI_LIST ? "; may be given several times" : "");
	}
}

/* -- all -------------------------------------------------------------------------------------------------------- */

static void print_area(FILE *out, const struct cli_command *first)
{
	const struct cli_resource *res = cli_find_resource(first->area);

	fprintf(out, "  %-14s %s\n%17s", first->area, res && res->help ? res->help : "", "");
	for (const struct cli_command *cmd = first; cmd->verb; cmd++)
		if (cmd->area && strcmp(cmd->area, first->area) == 0)
			fprintf(out, "%s%s", cmd == first ? "" : ", ", cmd->verb);
	fputc('\n', out);
}

/* The first of its area within its table. */
static bool is_first(const struct cli_command *table, const struct cli_command *cmd)
{
	for (; table < cmd; table++)
		if (table->area && strcmp(table->area, cmd->area) == 0)
			return false;
	return true;
}

static void print_each(FILE *out, bool areas)
{
	char call[128];

	for (size_t a = 0; cli_areas[a]; a++) {
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++) {
			if (areas && cmd->area && is_first(cli_areas[a], cmd))
				print_area(out, cmd);
			if (areas || cmd->area || strncmp(cmd->verb, "__", 2) == 0)
				continue;
			call_of(cmd, call, sizeof(call));
			fprintf(out, "  %-32s %s\n", call, cmd->help);
		}
	}
}

static void usage_of_all(FILE *out)
{
	fputs("usage: pharos AREA VERB [ARGUMENT...] [OPTION...]\n"
	      "       pharos COMMAND [ARGUMENT...] [OPTION...]\n\nareas and their verbs:\n",
	      out);
	print_each(out, true);
	fputs("\ncommands:\n", out);
	print_each(out, false);
	fputs("\noptions of every command:\n", out);
	print_options(out, cli_global_options);
	fputs("\npharos help AREA [VERB], or --help after a command, says more; so does man "
	      "pharos.\n",
	      out);
}

/* -- one -------------------------------------------------------------------------------------------------------- */

void cli_area_usage(const char *area, bool to_stdout)
{
	const struct cli_resource *res = cli_find_resource(area);
	FILE *out = to_stdout ? stdout : stderr;
	char call[128];

	fprintf(out, "usage: pharos %s VERB [ARGUMENT...] [OPTION...]\n", area);
	if (res && res->alias)
		fprintf(out, "%s; also called %s\n", res->help, res->alias);
	else if (res)
		fprintf(out, "%s\n", res->help);
	for (size_t a = 0; cli_areas[a]; a++) {
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++) {
			if (!cmd->area || strcmp(cmd->area, area) != 0)
				continue;
			call_of(cmd, call, sizeof(call));
			fprintf(out, "  %-38s %s\n", call + strlen(area) + 1, cmd->help);
		}
	}
}

void cli_usage(const struct cli_command *cmd, bool to_stdout)
{
	FILE *out = to_stdout ? stdout : stderr;
	char text[128];

	if (!cmd) {
		usage_of_all(out);
		return;
	}
	call_of(cmd, text, sizeof(text));
	fprintf(out, "usage: pharos %s [OPTION...]\n%s\n", text, cmd->help);
	print_options(out, cmd->options);
	fputs("options of every command: pharos --help\n", out);
}

/* -- the commands ----------------------------------------------------------------------------------------------- */

static enum cli_exit help(struct cli *cli)
{
	const char *first = cli_arg(cli, 0), *second = cli_arg(cli, 1);
	const struct cli_command *cmd = first ? cli_find_command(first, second) : NULL;

	if (!first || cmd)
		cli_usage(cmd, true);
	else if (!second && cli_find_area(first))
		cli_area_usage(cli_find_area(first), true);
	else
		return cli_unknown_command(first, second);
	return CLI_OK;
}

static enum cli_exit version(struct cli *cli)
{
	(void)cli;
	puts("pharos " PACKAGE_VERSION);
	return CLI_OK;
}

const struct cli_command cli_help_commands[] = {
	{ NULL, "help", "[COMMAND] [VERB]", "what there is, or how one is called", NULL, help },
	{ NULL, "version", "", "this program's version", NULL, version },
	{ 0 },
};
