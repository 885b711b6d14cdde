/* SPDX-License-Identifier: Apache-2.0 */
/* cli/publish.c - `pharos publish`, `pharos unpublish`: a volume for a host in one step, as storage drivers ask for it. */
#include "cli/commands.h"

#include "common/cleanup.h"

static const struct cli_option publish_options[] = {
	{ "host", "host_nqn", CLI_TEXT, CLI_BODY, "NQN", "the host that gets it (needed)" },
	{ "size", "size", CLI_TEXT, CLI_BODY, "SIZE", "such as 1GiB; a file's own when left out" },
	{ "backend", "backend", CLI_TEXT, CLI_BODY, "ram|file|null", "file with --path, else ram" },
	{ "path", "path", CLI_TEXT, CLI_BODY, "FILE", "regular file or block device" },
	{ "block-size", "block_size", CLI_NUMBER, CLI_BODY, "512|4096", "bytes of a block (512)" },
	{ "subsystem", "subsystem", CLI_TEXT, CLI_BODY, "NQN",
	  "put it in this subsystem (one of its own)" },
	CLI_WAIT_OPTION,
	{ 0 },
};

static const struct cli_option unpublish_options[] = {
	{ "host", "host_nqn", CLI_TEXT, CLI_QUERY, "NQN", "only this host's access ends" },
	CLI_FORCE_OPTION,
	CLI_WAIT_OPTION,
	{ 0 },
};

static enum cli_exit publish(struct cli *cli)
{
	cmn_autofree char *path = cli_path("publish", NULL);

	if (cli_arg(cli, 0))
		json_object_object_add(cli->values[CLI_BODY], "name",
				       json_object_new_string(cli_arg(cli, 0)));
	return cli_run_write(cli, "POST", path);
}

static enum cli_exit unpublish(struct cli *cli)
{
	cmn_autofree char *path = cli_path("publish", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_publish_commands[] = {
	{ NULL, "publish", "[NAME]", "a volume for a host; the same name gives the same volume",
	  publish_options, publish },
	{ NULL, "unpublish", "NAME", "the end of a volume and its data, or of one host's access",
	  unpublish_options, unpublish },
	{ 0 },
};
