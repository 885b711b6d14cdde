/* SPDX-License-Identifier: Apache-2.0 */
/* cli/status.c - `pharos status`: is all well? */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* What status is made of, each an answer of the API. */
struct parts {
	struct json_object *version, *health, *workers, *subsystems, *hosts;
};

static const struct cli_column check_columns[] = {
	{ "CHECK", "name", CELL_TEXT, NULL },
	{ "STATUS", "status", CELL_STATE, NULL },
	{ "DETAIL", "detail", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_column worker_columns[] = {
	{ "WORKER", "id", CELL_TEXT, NULL },
	{ "STATE", "state", CELL_STATE, NULL },
	{ "PID", "pid", CELL_NUMBER, NULL },
	{ "RESTARTS", "restarts", CELL_NUMBER, NULL },
	{ "SUBSYSTEMS", "subsystem_count", CELL_NUMBER, NULL },
	{ "CONNECTED", "controller_count", CELL_NUMBER, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit get(struct cli *cli, const char *what, struct json_object **ret)
{
	cmn_autofree char *path = cli_path(what, NULL);

	return cli_request(cli, "GET", path, NULL, ret);
}

static enum cli_exit list(struct cli *cli, const char *what, struct json_object **ret)
{
	cmn_autofree char *path = cli_path(what, NULL);

	return cli_list(cli, path, ret);
}

static enum cli_exit get_parts(struct cli *cli, struct parts *p)
{
	enum cli_exit res = get(cli, "version", &p->version);

	cli->also_ok = 503; /* that is how /health says failed */
	if (res == CLI_OK)
		res = get(cli, "health", &p->health);
	cli->also_ok = 0;
	if (res == CLI_OK)
		res = list(cli, "workers", &p->workers);
	if (res == CLI_OK)
		res = list(cli, "subsystems", &p->subsystems);
	if (res == CLI_OK)
		res = list(cli, "hosts", &p->hosts);
	return res;
}

static void print_json(struct parts *p)
{
	struct json_object *doc = json_object_new_object();

	json_object_object_add(doc, "version", json_object_get(p->version));
	json_object_object_add(doc, "health", json_object_get(p->health));
	json_object_object_add(doc, "workers", json_object_get(p->workers));
	cli_print_json(doc);
	json_object_put(doc);
}

static size_t count_state(struct json_object *items, const char *state)
{
	size_t count = 0;

	for (size_t i = 0; i < json_object_array_length(items); i++)
		count +=
			strcmp(cli_member_text(json_object_array_get_idx(items, i), "status.state"),
			       state) == 0;
	return count;
}

static void print_text(struct cli *cli, struct parts *p)
{
	size_t nr_subsystems = json_object_array_length(p->subsystems),
	       nr_hosts = json_object_array_length(p->hosts);
	size_t failed = count_state(p->subsystems, "failed"),
	       pending = count_state(p->subsystems, "pending");

	printf("discoveryd %s at %s: %s\n\n", cli_member_text(p->version, "version"), cli->api,
	       cli_member_text(p->health, "status"));
	cli_table(cli, check_columns, cli_member(p->health, "checks"));
	putchar('\n');
	cli_table(cli, worker_columns, p->workers);
	printf("\n%zu subsystem%s", nr_subsystems, nr_subsystems == 1 ? "" : "s");
	if (pending || failed)
		printf(" (%zu pending, %zu failed)", pending, failed);
	printf(", %zu host%s\n", nr_hosts, nr_hosts == 1 ? "" : "s");
}

static enum cli_exit status(struct cli *cli)
{
	struct parts p = { 0 };
	enum cli_exit res = get_parts(cli, &p);

	if (res == CLI_OK && cli->json)
		print_json(&p);
	else if (res == CLI_OK)
		print_text(cli, &p);
	if (res == CLI_OK && strcmp(cli_member_text(p.health, "status"), "failed") == 0)
		res = CLI_FAILED;
	json_object_put(p.version);
	json_object_put(p.health);
	json_object_put(p.workers);
	json_object_put(p.subsystems);
	json_object_put(p.hosts);
	return res;
}

const struct cli_command cli_status_commands[] = {
	{ NULL, "status", "", "is all well?  exit status 1 when not", NULL, status },
	{ 0 },
};
