/* SPDX-License-Identifier: Apache-2.0 */
/* cli/config.c - `pharos apply`, `diff`, `export`, `import`: everything that is configured, as one document. */
#include "cli/commands.h"

#include <limits.h>
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

static const struct cli_option nvmetcli_options[] = {
	{ "configfs", "configfs", CLI_TEXT, CLI_LOCAL, "DIR",
	  "where the kernel has the keys of its hosts (/sys/kernel/config/nvmet)" },
	CLI_WAIT_OPTION,
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
static enum cli_exit list_all(struct cli *cli, const char *collection,
			      struct json_object **ret_list)
{
	cmn_autofree char *path = cli_path(collection, NULL);
	struct json_object *query = cli->values[CLI_QUERY];
	enum cli_exit res;

	cli->values[CLI_QUERY] = json_object_new_object(); /* those options are for the apply */
	res = cli_list(cli, path, ret_list);
	json_object_put(cli->values[CLI_QUERY]);
	cli->values[CLI_QUERY] = query;
	return res;
}

/* What of it is there already. */
static enum cli_exit fit_in(struct cli *cli, struct json_object *doc)
{
	struct json_object *there = NULL;
	enum cli_exit res = list_all(cli, "portals", &there);

	if (res == CLI_OK)
		cli_convert_reuse_portals(doc, there);
	json_object_put(there);
	there = NULL;
	if (res == CLI_OK && cli_member(doc, "referrals")) {
		res = list_all(cli, "referrals", &there);
		if (res == CLI_OK)
			cli_convert_drop_referrals(doc, there);
		json_object_put(there);
	}
	return res;
}

/* -- import: keys --------------------------------------------------------------------------------------------- */
/* The secrets take the place of the files that hold them.  A kernel that has no such file has no key for that host. */
static void read_secrets(struct cli *cli, struct json_object *keys, struct json_object *unmapped)
{
	const char *configfs = cli_text(cli, "configfs", "/sys/kernel/config/nvmet"), *file;
	char path[PATH_MAX], secret[256], text[PATH_MAX + 320];
	struct json_object *key;
	bool is_kernels;

	for (size_t i = json_object_array_length(keys); i-- > 0;) {
		key = json_object_array_get_idx(keys, i);
		file = cli_member_text(key, "file");
		is_kernels = *file != '/';
		snprintf(path, sizeof(path), "%s%s%s", is_kernels ? configfs : "",
			 is_kernels ? "/" : "", file);
		if (cli_read_word(path, secret, sizeof(secret))) {
			json_object_object_del(key, "file");
			json_object_object_add(key, "secret", json_object_new_string(secret));
			continue;
		}
		snprintf(text, sizeof(text), "host %s: key %s can't be read from %s",
			 cli_member_text(key, "host_nqn"), cli_member_text(key, "kind"), path);
		if (!is_kernels)
			json_object_array_add(unmapped, json_object_new_string(text));
		json_object_array_del_idx(keys, i, 1);
	}
}

static bool has_key(struct json_object *there, struct json_object *key)
{
	for (size_t i = 0; i < json_object_array_length(there); i++) {
		struct json_object *it = json_object_array_get_idx(there, i);

		if (strcmp(cli_member_text(it, "host_nqn"), cli_member_text(key, "host_nqn")) ==
			    0 &&
		    strcmp(cli_member_text(it, "kind"), cli_member_text(key, "kind")) == 0)
			return true;
	}
	return false;
}

static enum cli_exit make_key(struct cli *cli, struct json_object *key, struct json_object *there)
{
	cmn_autofree char *path = cli_path("keys", NULL);
	const char *host = cli_member_text(key, "host_nqn"), *kind = cli_member_text(key, "kind");
	struct json_object *made = NULL;
	enum cli_exit res = CLI_OK;

	if (has_key(there, key)) {
		cli_note("host %s has a %s key, which stays", host, kind);
		return CLI_OK;
	}
	if (!cli->dry_run) /* its host wouldn't be there */
		res = cli_request(cli, "POST", path, key, &made);
	if (res == CLI_OK && !cli->json)
		printf("+ key %s of %s\n", kind, host);
	json_object_put(made);
	return res;
}

/* The first that fails is told at the end, too. */
static enum cli_exit make_keys(struct cli *cli, struct json_object *keys)
{
	struct json_object *there = NULL;
	enum cli_exit res = CLI_OK, one;

	if (json_object_array_length(keys))
		res = list_all(cli, "keys", &there);
	for (size_t i = 0; there && i < json_object_array_length(keys); i++) {
		one = make_key(cli, json_object_array_get_idx(keys, i), there);
		res = res == CLI_OK ? one : res;
	}
	json_object_put(there);
	return res;
}

/* -- import: all ---------------------------------------------------------------------------------------------- */
/* The document without its keys, then those: a host has to be there first. */
static enum cli_exit take_over(struct cli *cli, struct json_object *doc,
			       struct json_object *unmapped)
{
	struct json_object *keys = json_object_get(cli_member(doc, "keys"));
	enum cli_exit res;

	if (!keys)
		keys = json_object_new_array();
	json_object_object_del(doc, "keys");
	read_secrets(cli, keys, unmapped);
	for (size_t i = 0; !cli->json && i < json_object_array_length(unmapped); i++)
		cli_note("not taken over: %s",
			 json_object_get_string(json_object_array_get_idx(unmapped, i)));
	res = send(cli, doc, unmapped);
	if (res == CLI_OK)
		res = make_keys(cli, keys);
	json_object_put(keys);
	return res;
}

static enum cli_exit import(struct cli *cli, cli_convert_fn *convert)
{
	struct json_object *in = NULL, *doc, *unmapped = json_object_new_array();
	enum cli_exit res = cli_read_json(cli_arg(cli, 0), &in);

	if (res == CLI_OK) {
		doc = convert(in, unmapped);
		res = fit_in(cli, doc);
		if (res == CLI_OK)
			res = take_over(cli, doc, unmapped);
		json_object_put(doc);
	}
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
	{ "import", "nvmetcli", "FILE", "take over what nvmetcli saved", nvmetcli_options,
	  import_nvmetcli },
	{ "import", "spdk", "FILE", "take over what SPDK's save_config saved", cli_wait_options,
	  import_spdk },
	{ 0 },
};
