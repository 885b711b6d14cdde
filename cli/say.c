/* SPDX-License-Identifier: Apache-2.0 */
/* cli/say.c - what is told to the person at the terminal: results on stdout, everything else on stderr. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* -- questions -------------------------------------------------------------------------------------------------- */

bool cli_asks(const struct cli *cli)
{
	return !cli->yes && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

enum cli_exit cli_confirm(const struct cli *cli, const char *fmt, ...)
{
	char answer[16];
	va_list ap;

	if (!cli_asks(cli))
		return CLI_OK;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" [y/N] ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && strcspn(answer, "yY") == 0)
		return CLI_OK;
	cli_error(NULL, "nothing was done");
	return CLI_FAILED;
}

/* -- progress --------------------------------------------------------------------------------------------------- */

void cli_progress(const struct cli *cli, unsigned long long done, unsigned long long total,
		  const char *what)
{
	enum { WHAT_MAX = 30 }; /* in a line of 80 */
	static const char full[] = "########################################";
	int width = (int)sizeof(full) - 1, filled;

	if (cli->json || !isatty(STDERR_FILENO))
		return;
	if (done >= total) {
		fputs("\r\033[K", stderr);
		return;
	}
	filled = (int)(done * (unsigned long long)width / total);
	fprintf(stderr, "\r[%.*s%*s] %3llu %%  %.*s\033[K", filled, full, width - filled, "",
		done * 100 / total, WHAT_MAX, what);
}
