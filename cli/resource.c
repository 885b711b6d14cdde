/* SPDX-License-Identifier: Apache-2.0 */
/* cli/resource.c - list, show, create, change and delete, as they are the same for most resources. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

const struct cli_option cli_wait_options[] = { CLI_WAIT_OPTION, { 0 } };
const struct cli_option cli_delete_options[] = { CLI_FORCE_OPTION, CLI_WAIT_OPTION, { 0 } };

enum cli_exit cli_run_list(struct cli *cli, const char *path, const struct cli_column *columns)
{
	struct json_object *items = NULL;
	enum cli_exit res = cli_list(cli, path, &items);

	if (res != CLI_OK)
		return res;
	if (cli->json)
		cli_print_json(items);
	else
		cli_table(cli, columns, items);
	json_object_put(items);
	return CLI_OK;
}

static void show(struct cli *cli, struct json_object *doc)
{
	if (!doc)
		return;
	if (cli->json)
		cli_print_json(doc);
	else
		cli_record(cli, doc);
}

enum cli_exit cli_run_show(struct cli *cli, const char *path)
{
	struct json_object *doc = NULL;
	enum cli_exit res = cli_request(cli, "GET", path, NULL, &doc);

	if (res == CLI_OK)
		show(cli, doc);
	json_object_put(doc);
	return res;
}

/* An object is stored either way; whether it is served is the worker's word. */
static enum cli_exit tell_state(struct json_object *doc)
{
	const char *state = cli_member_text(doc, "status.state");
	const char *reason = cli_member_text(doc, "status.reason");

	if (strcmp(state, "failed") == 0) {
		cli_error(NULL, "stored, but the worker failed: %s", reason);
		return CLI_FAILED;
	}
	if (strcmp(state, "pending") == 0)
		cli_note("pending: %s", *reason ? reason : "the worker hasn't confirmed it yet");
	return CLI_OK;
}

/* "delete subsystem nqn.x" */
static void describe(const struct cli *cli, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s%s%s", cli->cmd->verb,
				       cli->cmd->area ? " " : "",
				       cli->cmd->area ? cli->cmd->area : "");

	for (int i = 0; i < cli->argc && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, " %s", cli->argv[i]);
}

static bool is_forced(const struct cli *cli)
{
	return json_object_object_get_ex(cli->values[CLI_QUERY], "force", NULL);
}

static enum cli_exit confirm(const struct cli *cli)
{
	char what[600];

	describe(cli, what, sizeof(what));
	return cli_confirm(cli, "%s%s?", what, is_forced(cli) ? ", even where it is in use" : "");
}

enum cli_exit cli_run_write(struct cli *cli, const char *method, const char *path)
{
	struct json_object *body = cli->values[CLI_BODY], *doc = NULL;
	enum cli_exit res = is_forced(cli) ? confirm(cli) : CLI_OK;

	if (res == CLI_OK)
		res = cli_request(cli, method, path, strcmp(method, "PUT") ? body : NULL, &doc);
	if (res == CLI_OK) {
		show(cli, doc);
		res = tell_state(doc);
	}
	json_object_put(doc);
	return res;
}

enum cli_exit cli_run_delete(struct cli *cli, const char *path)
{
	enum cli_exit res = confirm(cli);

	return res == CLI_OK ? cli_request(cli, "DELETE", path, NULL, NULL) : res;
}
