/* SPDX-License-Identifier: Apache-2.0 */
/* cli/repeat.c - --watch: a command that only reads, over and over.
 * Its output is collected, so that a terminal is painted at once and so that what is the same needn't be told again. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the command prints, to be freed. */
static char *collect(struct cli *cli, enum cli_exit *ret_res)
{
	FILE *terminal = stdout, *memory;
	char *text = NULL;
	size_t len = 0;

	memory = open_memstream(&text, &len);
	if (!memory) {
		cli_error(NULL, "out of memory");
		exit(CLI_FAILED);
	}
	stdout = memory;
	*ret_res = cli->cmd->run(cli);
	stdout = terminal;
	fclose(memory);
	return text;
}

static void paint(const struct cli *cli, const char *text)
{
	char when[16];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("\033[H\033[Jevery %llu s, last at %s\n\n%s", cli->every, when, text);
}

enum cli_exit cli_repeat(struct cli *cli)
{
	bool terminal = isatty(STDOUT_FILENO);
	char *before = NULL, *text;
	enum cli_exit res;

	cli->only_reads = true;
	for (;;) {
		text = collect(cli, &res);
		if (terminal)
			paint(cli, text);
		else if (!before || strcmp(before, text) != 0)
			fputs(text, stdout);
		fflush(stdout);
		free(before);
		before = text;
		if (res != CLI_OK || ferror(stdout))
			break;
		sleep((unsigned int)cli->every);
	}
	free(before);
	return res;
}
