/* SPDX-License-Identifier: Apache-2.0 */
/* cli/daemon.c - discoveryd itself: nodes, metrics, any request of the API, its end. */
#include "cli/commands.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "common/cleanup.h"
#include "common/json.h"

/* -- nodes ------------------------------------------------------------------------------------------------------ */

static const struct cli_column node_columns[] = {
	{ "ID", "id", CELL_TEXT | CELL_KEY, NULL },
	{ "WORKERS", "worker_count", CELL_NUMBER, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit node_list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("nodes", NULL);

	return cli_run_list(cli, path, node_columns);
}

static enum cli_exit node_show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("nodes", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

/* -- metrics ---------------------------------------------------------------------------------------------------- */

static enum cli_exit metrics(struct cli *cli)
{
	cmn_autofree char *text = NULL;
	enum cli_exit res = cli_fetch(cli, "/metrics", &text);

	if (res == CLI_OK)
		fputs(text, stdout);
	return res;
}

/* -- any request ------------------------------------------------------------------------------------------------ */

static const struct cli_option api_options[] = {
	{ "file", "file", CLI_TEXT, CLI_LOCAL, "FILE", "the request's body; - for stdin" },
	{ "data", "data", CLI_TEXT, CLI_LOCAL, "JSON", "the request's body" },
	{ 0 },
};

static enum cli_exit read_body(struct cli *cli, struct json_object **ret_body)
{
	const char *file = cli_text(cli, "file", NULL), *data = cli_text(cli, "data", NULL);
	struct cmn_err err = { 0 };

	if (file)
		return cli_read_json(file, ret_body);
	if (!data || cmn_json_parse(data, strlen(data), 0, strlen(data), ret_body, &err) == 0)
		return CLI_OK;
	cli_error(NULL, "--data is not JSON: %s", err.msg);
	return CLI_USAGE;
}

/* "/subsystems" is meant to be below /api/v1; the rest of a path is taken as it is. */
static char *path_of(const char *given)
{
	static const char base[] = "/api/v1";
	bool whole = strncmp(given, base, sizeof(base) - 1) == 0;
	char *path = malloc(strlen(given) + sizeof(base) + 1);

	if (path)
		sprintf(path, "%s%s%s", whole ? "" : base, *given == '/' ? "" : "/", given);
	return path;
}

static enum cli_exit request(struct cli *cli)
{
	struct json_object *body = NULL, *doc = NULL;
	cmn_autofree char *path = path_of(cli_arg(cli, 1));
	char method[8];
	enum cli_exit res = read_body(cli, &body);

	snprintf(method, sizeof(method), "%s", cli_arg(cli, 0));
	for (char *p = method; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (res == CLI_OK && strcmp(method, "DELETE") == 0)
		res = cli_confirm(cli, "delete %s?", path);
	if (res == CLI_OK)
		res = cli_request(cli, method, path, body, &doc);
	if (res == CLI_OK && doc)
		cli_print_json(doc);
	json_object_put(body);
	json_object_put(doc);
	return res;
}

/* -- the end ---------------------------------------------------------------------------------------------------- */

static const struct cli_option shutdown_options[] = {
	{ "workers", "workers", CLI_FLAG, CLI_BODY, NULL,
	  "its workers too: hosts lose their storage, RAM namespaces their data" },
	{ 0 },
};

static enum cli_exit shut_down(struct cli *cli)
{
	cmn_autofree char *path = cli_path("shutdown", NULL);
	bool workers = json_object_object_get_ex(cli->values[CLI_BODY], "workers", NULL);
	enum cli_exit res = cli_confirm(cli, workers ? "end discoveryd and its workers, "
						       "which hosts may be using?"
						     : "end discoveryd?");

	return res == CLI_OK ? cli_request(cli, "POST", path, cli->values[CLI_BODY], NULL) : res;
}

const struct cli_command cli_daemon_commands[] = {
	{ "node", "list", "", "list nodes", NULL, node_list },
	{ "node", "show", "ID", "show a node", NULL, node_show },
	{ NULL, "metrics", "", "everything that is counted, as Prometheus reads it", NULL,
	  metrics },
	{ NULL, "api", "METHOD PATH", "any request of the REST API, such as GET /stats",
	  api_options, request },
	{ NULL, "shutdown", "", "end discoveryd; its workers go on", shutdown_options, shut_down },
	{ 0 },
};
