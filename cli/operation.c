/* SPDX-License-Identifier: Apache-2.0 */
/* cli/operation.c - `pharos operation`: work that goes on after its request was answered; and how other commands wait for it. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/size.h"

#define LOOK_US 200000 /* between looks at how far it is */

static const char *progress_text(struct json_object *item, char *buf, size_t size)
{
	const char *unit = cli_member_text(item, "progress.unit");

	if (!*unit)
		return "-";
	snprintf(buf, size, "%s/%s %s", cli_member_text(item, "progress.done"),
		 cli_member(item, "progress.total") ? cli_member_text(item, "progress.total") : "?",
		 unit);
	return buf;
}

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "OPERATION", "operation", CELL_TEXT, NULL },
	{ "STATE", "state", CELL_STATE, NULL },
	{ "PROGRESS", NULL, CELL_TEXT, progress_text },
	{ "ABOUT", "location", CELL_TEXT, NULL },
	{ "AGE", "created_at", CELL_AGE, NULL },
	{ "USER", "user", CELL_TEXT | CELL_WIDE, NULL },
	{ "ERROR", "error.detail", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("operations", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("operations", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

const struct cli_command cli_operation_commands[] = {
	{ "operation", "list", "", "work that goes on, and the last that has ended", NULL, list },
	{ "operation", "show", "ID", "how far it has got, and how it ended", NULL, show },
	{ 0 },
};

/* -- waiting for one ---------------------------------------------------------------------------------------------- */

static void tell_progress(const struct cli *cli, struct json_object *operation)
{
	uint64_t total = (uint64_t)json_object_get_int64(cli_member(operation, "progress.total"));
	uint64_t done = (uint64_t)json_object_get_int64(cli_member(operation, "progress.done"));
	const char *unit = cli_member_text(operation, "progress.unit");
	char what[40], of[20];

	if (!total || done >= total)
		return;
	if (strcmp(unit, "bytes") == 0)
		snprintf(what, sizeof(what), "of %s", cmn_size_format(total, of, sizeof(of)));
	else
		snprintf(what, sizeof(what), "of %llu %s", (unsigned long long)total, unit);
	cli_progress(cli, done, total, what);
}

static enum cli_exit look(struct cli *cli, struct json_object **doc)
{
	cmn_autofree char *path = cli_path("operations", cli_member_text(*doc, "id"), NULL);

	usleep(LOOK_US);
	json_object_put(*doc);
	*doc = NULL;
	return cli_request(cli, "GET", path, NULL, doc);
}

enum cli_exit cli_operate(struct cli *cli, const char *path, struct json_object **ret_doc)
{
	struct json_object *doc = NULL;
	enum cli_exit res;

	cli->later = true;
	res = cli_request(cli, "POST", path, cli->values[CLI_BODY], &doc);
	while (res == CLI_OK && strcmp(cli_member_text(doc, "state"), "running") == 0) {
		tell_progress(cli, doc);
		res = look(cli, &doc);
	}
	cli_progress(cli, 1, 1, "");
	if (res == CLI_OK && cli_member(doc, "error"))
		res = cli_problem(cli, cli_member(doc, "error"));
	if (res == CLI_OK)
		*ret_doc = doc;
	else
		json_object_put(doc);
	return res;
}

enum cli_exit cli_run_make(struct cli *cli, const char *path)
{
	struct json_object *doc = NULL;
	enum cli_exit res;

	cli->later = !cli->dry_run;
	if (cli->dry_run || cli_flag(cli, "no_wait"))
		return cli_run_write(cli, "POST", path);
	res = cli_operate(cli, path, &doc);
	if (res == CLI_OK)
		res = cli_run_show(cli, cli_member_text(doc, "location"));
	json_object_put(doc);
	return res;
}
