/* SPDX-License-Identifier: Apache-2.0 */
/* cli/say.c - what is told to the person at the terminal: results on stdout, everything else on stderr. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cli_error(const char *hint, const char *fmt, ...)
{
	va_list ap;

	fputs("pharos: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
}

void cli_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void cli_print_json(struct json_object *doc)
{
	puts(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							 JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void call_of(const struct cli_command *cmd, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s", cmd->area ? cmd->area : "", cmd->area ? " " : "",
		 cmd->verb, *cmd->args ? " " : "", cmd->args);
}

static void usage_of_all(FILE *out)
{
	char call[128];

	fputs("usage: pharos [--api URL] [--json] COMMAND\n\n", out);
	for (size_t a = 0; cli_areas[a]; a++) {
		for (const struct cli_command *cmd = cli_areas[a]; cmd->verb; cmd++) {
			call_of(cmd, call, sizeof(call));
			fprintf(out, "  %-42s %s\n", call, cmd->help);
		}
	}
	fputs("\n  --api URL   discoveryd's API (default: $PHAROS_API, else "
	      "http://127.0.0.1:8080)\n"
	      "  --json      JSON instead of tables\n"
	      "  --help      after a command: its options\n"
	      "  --version\n",
	      out);
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
	fprintf(out, "usage: pharos %s%s\n%s\n", text, cmd->options ? " [OPTIONS]" : "", cmd->help);
	for (const struct cli_option *o = cmd->options; o && o->name; o++) {
		snprintf(text, sizeof(text), "--%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		fprintf(out, "  %-28s %s%s\n", text, o->help,
			o->kind == CLI_LIST ? "; may be given several times" : "");
	}
}
