/* SPDX-License-Identifier: Apache-2.0 */
/* cli/resource.c - list, show, create, change and delete, as they are the same for most resources. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

const struct cli_option cli_wait_options[] = { CLI_WAIT_OPTION, { 0 } };
const struct cli_option cli_delete_options[] = { CLI_FORCE_OPTION, CLI_WAIT_OPTION, { 0 } };

/* --filter MEMBER=VALUE, --sort MEMBERS: as the API's lists take them. */
static enum cli_exit add_filters(struct cli *cli)
{
	struct json_object *given = cli->values[CLI_GLOBAL], *query = cli->values[CLI_QUERY];
	struct json_object *filters = json_object_object_get(given, "filter");
	const char *text, *equals;
	char member[64];

	if (json_object_object_get(given, "sort"))
		json_object_object_add(query, "sort",
				       json_object_get(json_object_object_get(given, "sort")));
	for (size_t i = 0; filters && i < json_object_array_length(filters); i++) {
		text = json_object_get_string(json_object_array_get_idx(filters, i));
		equals = strchr(text, '=');
		if (!equals || equals == text) {
			cli_error("such as state=failed or size=1GiB..",
				  "--filter wants MEMBER=VALUE, not '%s'", text);
			return CLI_USAGE;
		}
		snprintf(member, sizeof(member), "%.*s", (int)(equals - text), text);
		json_object_object_add(query, member, json_object_new_string(equals + 1));
	}
	return CLI_OK;
}

enum cli_exit cli_run_list(struct cli *cli, const char *path, const struct cli_column *columns)
{
	struct json_object *items = NULL;
	enum cli_exit res = add_filters(cli);

	if (res == CLI_OK)
		res = cli_list(cli, path, &items);
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

static void tell_diff(struct cli *cli, struct json_object *diff)
{
	if (cli->json)
		cli_print_json(diff);
	else
		cli_print_diff(cli, diff);
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

	if (cli->dry_run)
		return CLI_OK;
	describe(cli, what, sizeof(what));
	return cli_confirm(cli, "%s%s?", what, is_forced(cli) ? ", even where it is in use" : "");
}

enum cli_exit cli_run_write(struct cli *cli, const char *method, const char *path)
{
	struct json_object *body = cli->values[CLI_BODY], *doc = NULL;
	enum cli_exit res = is_forced(cli) ? confirm(cli) : CLI_OK;

	if (res == CLI_OK)
		res = cli_request(cli, method, path, strcmp(method, "PUT") ? body : NULL, &doc);
	if (res == CLI_OK && cli->dry_run) {
		tell_diff(cli, doc);
	} else if (res == CLI_OK) {
		show(cli, doc);
		res = tell_state(doc);
	}
	json_object_put(doc);
	return res;
}

enum cli_exit cli_run_delete(struct cli *cli, const char *path)
{
	struct json_object *doc = NULL;
	enum cli_exit res = confirm(cli);

	if (res == CLI_OK)
		res = cli_request(cli, "DELETE", path, NULL, &doc);
	if (res == CLI_OK && cli->dry_run)
		tell_diff(cli, doc);
	json_object_put(doc);
	return res;
}
