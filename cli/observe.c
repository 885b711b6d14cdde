/* SPDX-License-Identifier: Apache-2.0 */
/* cli/observe.c - what is going on: controllers, the log that a host is told. */
#include "cli/commands.h"

#include <stdio.h>

#include "common/cleanup.h"

/* -- controllers ------------------------------------------------------------------------------------------------ */

static const char *digests_text(struct json_object *item, char *buf, size_t size)
{
	bool header = json_object_get_boolean(cli_member(item, "header_digest"));
	bool data = json_object_get_boolean(cli_member(item, "data_digest"));

	snprintf(buf, size, "%s%s%s", header ? "header" : "", header && data ? ", " : "",
		 data ? "data" : "");
	return *buf ? buf : "-";
}

static const struct cli_column controller_columns[] = {
	{ "HOST", "host_nqn", CELL_TEXT, NULL },
	{ "ADDRESS", "host_addr", CELL_TEXT, NULL },
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "CNTLID", "cntlid", CELL_NUMBER, NULL },
	{ "QUEUES", "qpairs", CELL_NUMBER, NULL },
	{ "PORTAL", "portal", CELL_TEXT, NULL },
	{ "AGE", "connected_at", CELL_AGE, NULL },
	{ "SINCE", "connected_at", CELL_TEXT | CELL_WIDE, NULL },
	{ "HOST ID", "host_id", CELL_TEXT | CELL_WIDE, NULL },
	{ "WORKER", "worker", CELL_TEXT | CELL_WIDE, NULL },
	{ "KATO MS", "kato_ms", CELL_NUMBER | CELL_WIDE, NULL },
	{ "DIGESTS", NULL, CELL_TEXT | CELL_WIDE, digests_text },
	{ "AUTHENTICATED", "authenticated", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option controller_options[] = {
	{ "subsystem", "nqn", CLI_TEXT, CLI_QUERY, "NQN", "only those of this subsystem" },
	{ "host", "host_nqn", CLI_TEXT, CLI_QUERY, "NQN", "only those of this host" },
	{ 0 },
};

static enum cli_exit controllers(struct cli *cli)
{
	cmn_autofree char *path = cli_path("controllers", NULL);

	return cli_run_list(cli, path, controller_columns);
}

static enum cli_exit show_controller(struct cli *cli)
{
	cmn_autofree char *path =
		cli_path("subsystems", cli_arg(cli, 0), "controllers", cli_arg(cli, 1), NULL);

	return cli_run_show(cli, path);
}

static enum cli_exit disconnect_controller(struct cli *cli)
{
	cmn_autofree char *path =
		cli_path("subsystems", cli_arg(cli, 0), "controllers", cli_arg(cli, 1), NULL);

	return cli_run_delete(cli, path);
}

static const struct cli_column connection_columns[] = {
	{ "HOST", "host_nqn", CELL_TEXT, NULL },
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "CNTLID", "cntlid", CELL_NUMBER, NULL },
	{ "QID", "qid", CELL_NUMBER, NULL },
	{ "TYPE", "type", CELL_TEXT, NULL },
	{ "PORTAL", "portal", CELL_TEXT, NULL },
	{ "UNDER WAY", "inflight", CELL_NUMBER, NULL },
	{ "ADDRESS", "host_addr", CELL_TEXT | CELL_WIDE, NULL },
	{ "WORKER", "worker", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static enum cli_exit connections(struct cli *cli)
{
	cmn_autofree char *path = cli_path("connections", NULL);

	return cli_run_list(cli, path, connection_columns);
}

/* -- discovery log ---------------------------------------------------------------------------------------------- */

static const struct cli_column record_columns[] = {
	{ "SUBNQN", "subnqn", CELL_TEXT, NULL },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },
	{ "SUBTYPE", "subtype", CELL_TEXT, NULL },
	{ "PORTID", "portid", CELL_NUMBER, NULL },
	{ "SECURITY", "sectype", CELL_TEXT, NULL },
	{ "TREQ", "treq", CELL_TEXT | CELL_WIDE, NULL },
	{ "FLAGS", "eflags", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_column missing_columns[] = {
	{ "NOT TOLD", "nqn", CELL_TEXT, NULL },
	{ "REASON", "reason", CELL_TEXT, NULL },
	{ "DETAIL", "detail", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option log_options[] = {
	{ "via", "via", CLI_TEXT, CLI_QUERY, "ADDRESS",
	  "the address of ours that the host asks (127.0.0.1)" },
	{ "from", "from", CLI_TEXT, CLI_QUERY, "ADDRESS",
	  "the host's own address, where zones look at it" },
	{ 0 },
};

static enum cli_exit discovery_log(struct cli *cli)
{
	cmn_autofree char *path = cli_path("discovery-log", NULL);
	struct json_object *doc = NULL, *missing;
	enum cli_exit res;

	json_object_object_add(cli->values[CLI_QUERY], "host_nqn",
			       json_object_new_string(cli_arg(cli, 0)));
	res = cli_request(cli, "GET", path, NULL, &doc);
	if (res == CLI_OK && cli->json) {
		cli_print_json(doc);
	} else if (res == CLI_OK) {
		cli_table(cli, record_columns, cli_member(doc, "records"));
		missing = cli_member(doc, "missing");
		if (missing && json_object_array_length(missing)) {
			putchar('\n');
			cli_table(cli, missing_columns, missing);
		}
	}
	json_object_put(doc);
	return res;
}

/* -- why ---------------------------------------------------------------------------------------------------------- */

static const char *order_text(struct json_object *item, char *buf, size_t size)
{
	struct json_object *order = cli_member(item, "order");

	snprintf(buf, size, "%s", order ? json_object_get_string(order) : "-");
	return buf;
}

/* Where it comes from: a portal, another discovery controller, a referral. */
static const char *source_text(struct json_object *item, char *buf, size_t size)
{
	static const char *const names[] = { "portal", "discovery_controller", "referral" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json_object *value = cli_member(item, names[i]);

		if (value) {
			snprintf(buf, size, "%s", json_object_get_string(value));
			return buf;
		}
	}
	return "-";
}

static const struct cli_column explain_columns[] = {
	{ "ORDER", NULL, CELL_NUMBER, order_text },
	{ "SUBSYSTEM", "nqn", CELL_TEXT, NULL },
	{ "PORTAL", NULL, CELL_TEXT, source_text },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },
	{ "RULE", "rule", CELL_TEXT, NULL },
	{ "DETAIL", "detail", CELL_TEXT, NULL },
	{ "ZONE", "zone.zone", CELL_TEXT, NULL },
	{ "PATHS", "path_policy", CELL_TEXT | CELL_WIDE, NULL },
	{ "MAX PATHS", "max_paths", CELL_NUMBER | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

/* clang-format off */
#define EXPLAIN_OPTIONS \
	{ "via", "via", CLI_TEXT, CLI_QUERY, "ADDRESS", "the address of ours that it asks (127.0.0.1)" }, \
	{ "from", "from", CLI_TEXT, CLI_QUERY, "ADDRESS", "the address that it asks from" }, \
	{ "port-local", "port_local", CLI_FLAG, CLI_QUERY, NULL, "it asks for what is presented at that address only" }
/* clang-format on */

static const struct cli_option explain_options[] = { EXPLAIN_OPTIONS, { 0 } };

static const struct cli_option discovery_explain_options[] = {
	{ "host", "host_nqn", CLI_TEXT, CLI_QUERY, "NQN", "the host that asks" },
	{ "subsystem", "nqn", CLI_TEXT, CLI_QUERY, "NQN", "only this subsystem" },
	EXPLAIN_OPTIONS,
	{ 0 },
};

/* The same by both of its names: host and subsystem are arguments of one, options of the other. */
static enum cli_exit explain(struct cli *cli)
{
	static const char *const members[] = { "host_nqn", "nqn" };
	cmn_autofree char *path = cli_path("discovery", "explain", NULL);
	struct json_object *doc = NULL;
	enum cli_exit res;

	for (int i = 0; i < 2 && cli_arg(cli, i); i++)
		json_object_object_add(cli->values[CLI_QUERY], members[i],
				       json_object_new_string(cli_arg(cli, i)));
	res = cli_request(cli, "GET", path, NULL, &doc);
	if (res == CLI_OK && cli->json)
		cli_print_json(doc);
	else if (res == CLI_OK)
		cli_table(cli, explain_columns, cli_member(doc, "items"));
	if (res == CLI_OK && !cli->json && json_object_get_boolean(cli_member(doc, "more")))
		puts("... and more: name a subsystem to see all of that one");
	json_object_put(doc);
	return res;
}

const struct cli_command cli_observe_commands[] = {
	{ "controller", "list", "", "who is connected to what", controller_options, controllers },
	{ "controller", "show", "NQN CNTLID", "all about one", NULL, show_controller },
	{ "controller", "disconnect", "NQN CNTLID", "end one; its host may connect again", NULL,
	  disconnect_controller },
	{ "connection", "list", "", "each connection of each controller", controller_options,
	  connections },
	{ "discovery", "explain", "", "what a host is told, what not, and which rule decides",
	  discovery_explain_options, explain },
	{ NULL, "explain", "HOST_NQN [NQN]",
	  "what a host is told, what not, and which rule decides", explain_options, explain },
	{ NULL, "log", "HOST_NQN", "the discovery log that a host is told, and why", log_options,
	  discovery_log },
	{ 0 },
};
