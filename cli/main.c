/* SPDX-License-Identifier: Apache-2.0 */
/* cli/main.c - pharos, the command line of the storage system: start and end. */
#include "cli/cli.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_API "http://127.0.0.1:8080"

int main(int argc, char **argv)
{
	const char *env = getenv("PHAROS_API");
	struct cli cli = { .api = env && *env ? env : DEFAULT_API };
	enum cli_exit res;

	setlocale(LC_CTYPE, ""); /* widths of names in tables */
	cli.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	res = cli_parse(&cli, argc, argv);
	if (res == CLI_OK && cli.cmd)
		res = cli.cmd->run(&cli);
	for (int i = 0; i < CLI_WHERE_COUNT; i++)
		json_object_put(cli.values[i]);
	curl_global_cleanup();
	if (fflush(stdout) != 0 && res == CLI_OK) {
		cli_error(NULL, "can't write the result");
		res = CLI_FAILED;
	}
	return (int)res;
}
