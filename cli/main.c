/* SPDX-License-Identifier: Apache-2.0 */
/* cli/main.c - pharos, the command line of the storage system: start and end. */
#include "cli/complete.h"

#include <limits.h>
#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_API "http://127.0.0.1:8080"

/* https://no-color.org: any value that isn't empty */
static bool wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

/* $PHAROS_TOKEN, or what stands in a file of the user's own. */
static char *find_token(void)
{
	const char *env = getenv("PHAROS_TOKEN"), *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX], line[256] = "";
	FILE *file;

	if (env && *env)
		return strdup(env);
	if (config && *config)
		snprintf(path, sizeof(path), "%s/pharos/token", config);
	else
		snprintf(path, sizeof(path), "%s/.config/pharos/token", home ? home : "");
	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, " \t\r\n")] = '\0';
	return *line ? strdup(line) : NULL;
}

int main(int argc, char **argv)
{
	const char *env = getenv("PHAROS_API");
	char *token = find_token();
	struct cli cli = { .api = env && *env ? env : DEFAULT_API, .token = token };
	enum cli_exit res;

	setlocale(LC_CTYPE, ""); /* widths of names in tables */
	cli.color = wants_color();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		res = cli_complete(&cli, argc - 2, argv + 2);
	else
		res = cli_parse(&cli, argc, argv);
	if (res == CLI_OK && cli.cmd)
		res = cli.every ? cli_repeat(&cli) : cli.cmd->run(&cli);
	for (int i = 0; i < CLI_WHERE_COUNT; i++)
		json_object_put(cli.values[i]);
	free(token);
	curl_global_cleanup();
	if (fflush(stdout) != 0 && res == CLI_OK) {
		cli_error(NULL, "can't write the result");
		res = CLI_FAILED;
	}
	return (int)res;
}
