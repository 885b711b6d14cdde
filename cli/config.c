/* SPDX-License-Identifier: Apache-2.0 */
/* cli/config.c - `pharos apply`, `diff`, `export`, `import`: everything that is configured, as one document. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/convert.h"
#include "cli/file.h"
#include "common/cleanup.h"

#define FILE_OPTION                                                                                \
	{                                                                                          \
		"file", "file", CLI_TEXT, CLI_LOCAL, "FILE", "the document, also -f; - for stdin"  \
	}
#define PRUNE_OPTION                                                                               \
	{                                                                                          \
		"prune", "prune", CLI_FLAG, CLI_QUERY, NULL,                                       \
			"take away what the document doesn't name"                                 \
	}
static const struct cli_option apply_options[] = {
	FILE_OPTION, PRUNE_OPTION, CLI_FORCE_OPTION, CLI_WAIT_OPTION, { 0 },
};

static const struct cli_option diff_options[] = {
	FILE_OPTION,
	PRUNE_OPTION,
	CLI_FORCE_OPTION,
	{ 0 },
};

/* -- apply, diff, export ------------------------------------------------------------------------------------ */
/* How far what was stored has got; a worker that couldn't is a failure. */
static enum cli_exit tell_state(struct cli *cli, struct json_object *diff)
{
	const char *state = cli_member_text(diff, "state");

	if (strcmp(state, "failed") == 0) {
		cli_error(NULL, "stored, but a worker could not do it: %s",
			  cli_member_text(diff, "reason"));
		return CLI_FAILED;
	}
	if (strcmp(state, "pending") == 0 && !cli->json)
		cli_note("stored; not every worker has confirmed it yet");
	return CLI_OK;
}

static bool takes_away(struct json_object *diff)
{
	struct json_object *changes = cli_member(diff, "changes");

	for (size_t i = 0; i < json_object_array_length(changes); i++)
		if (strcmp(cli_member_text(json_object_array_get_idx(changes, i), "action"),
			   "delete") == 0)
			return true;
	return json_object_array_length(cli_member(diff, "hosts")) > 0;
}

/* Somebody who prunes or forces at a terminal sees first what that means. */
static enum cli_exit confirm(struct cli *cli, const char *path, struct json_object *doc)
{
	struct json_object *query = cli->values[CLI_QUERY], *diff = NULL;
	enum cli_exit res;

	if (!cli_asks(cli) || cli->json || cli->dry_run ||
	    !(cli_member(query, "prune") || cli_member(query, "force")))
		return CLI_OK;
	cli->dry_run = true;
	res = cli_request(cli, "PUT", path, doc, &diff);
	cli->dry_run = false;
	if (res == CLI_OK && takes_away(diff)) {
		cli_print_diff(cli, diff);
		fflush(stdout);
		res = cli_confirm(cli, "apply this?");
	}
	json_object_put(diff);
	return res;
}

/* unmapped: what an import could not take over; NULL for other documents. */
static enum cli_exit send(struct cli *cli, struct json_object *doc, struct json_object *unmapped)
{
	cmn_autofree char *path = cli_path("config", NULL);
	struct json_object *diff = NULL;
	enum cli_exit res = confirm(cli, path, doc);

	if (res == CLI_OK)
		res = cli_request(cli, "PUT", path, doc, &diff);
	if (res != CLI_OK)
		return res;
	if (unmapped)
		json_object_object_add(diff, "unmapped", json_object_get(unmapped));
	if (cli->json)
		cli_print_json(diff);
	else
		cli_print_diff(cli, diff);
	res = tell_state(cli, diff);
	json_object_put(diff);
	return res;
}

static enum cli_exit apply(struct cli *cli)
{
	const char *file = cli_text(cli, "file", NULL);
	struct json_object *doc = NULL;
	enum cli_exit res;

	if (!file) {
		cli_error("-f FILE; `pharos export` makes one", "no document is given");
		return CLI_USAGE;
	}
	res = cli_read_json(file, &doc);
	if (res == CLI_OK)
		res = send(cli, doc, NULL);
	json_object_put(doc);
	return res;
}

static enum cli_exit diff(struct cli *cli)
{
	cli->dry_run = true;
	return apply(cli);
}

static enum cli_exit export(struct cli *cli) {
	cmn_autofree char *path = cli_path("config", NULL); struct json_object *doc = NULL;
	enum cli_exit res = cli_request(cli, "GET", path, NULL, &doc);

	if (res == CLI_OK) cli_print_json(doc);
	json_object_put(doc);
	return res;
}

/* -- import --------------------------------------------------------------------------------------------------- */
static enum cli_exit get_portals(struct cli *cli, struct json_object **ret_portals)
{
	cmn_autofree char *path = cli_path("portals", NULL);
	struct json_object *query = cli->values[CLI_QUERY];
	enum cli_exit res;

	cli->values[CLI_QUERY] = json_object_new_object(); /* those options are for the apply */
	res = cli_list(cli, path, ret_portals);
	json_object_put(cli->values[CLI_QUERY]);
	cli->values[CLI_QUERY] = query;
	return res;
}

static enum cli_exit import(struct cli *cli, cli_convert_fn *convert)
{
	struct json_object *in = NULL, *portals = NULL, *doc, *unmapped = json_object_new_array();
	enum cli_exit res = cli_read_json(cli_arg(cli, 0), &in);

	if (res == CLI_OK)
		res = get_portals(cli, &portals);
	if (res == CLI_OK) {
		doc = convert(in, unmapped);
		cli_convert_reuse_portals(doc, portals);
		for (size_t i = 0; !cli->json && i < json_object_array_length(unmapped); i++)
			cli_note("not taken over: %s",
				 json_object_get_string(json_object_array_get_idx(unmapped, i)));
		res = send(cli, doc, unmapped);
		json_object_put(doc);
	}
	json_object_put(portals);
	json_object_put(unmapped);
	json_object_put(in);
	return res;
}

static enum cli_exit import_nvmetcli(struct cli *cli)
{
	return import(cli, cli_convert_nvmetcli);
}

static enum cli_exit import_spdk(struct cli *cli)
{
	return import(cli, cli_convert_spdk);
}

const struct cli_command cli_config_commands[] = {
	{ NULL, "export", "", "print the configuration as one document", NULL, export },
	{ NULL, "diff", "", "tell what applying a document would change", diff_options, diff },
	{ NULL, "apply", "", "make the configuration what a document says", apply_options, apply },
	{ "import", "nvmetcli", "FILE", "take over what nvmetcli saved", cli_wait_options,
	  import_nvmetcli },
	{ "import", "spdk", "FILE", "take over what SPDK's save_config saved", cli_wait_options,
	  import_spdk },
	{ 0 },
};
