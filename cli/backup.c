/* SPDX-License-Identifier: Apache-2.0 */
/* cli/backup.c - `pharos backup`: copies of discoveryd's database. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

static const struct cli_column columns[] = {
	{ "ID", "id", CELL_TEXT, NULL },
	{ "SIZE", "size", CELL_SIZE, NULL },
	{ "AGE", "created_at", CELL_AGE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option create_options[] = {
	{ "to", "to", CLI_TEXT, CLI_LOCAL, "FILE", "also fetch it into this file" },
	{ 0 },
};

static enum cli_exit list(struct cli *cli)
{
	cmn_autofree char *path = cli_path("backups", NULL);

	return cli_run_list(cli, path, columns);
}

static enum cli_exit show(struct cli *cli)
{
	cmn_autofree char *path = cli_path("backups", cli_arg(cli, 0), NULL);

	return cli_run_show(cli, path);
}

/* Into a file that isn't there yet, for its owner only: it may hold secrets. */
static enum cli_exit fetch(struct cli *cli, const char *id, const char *to)
{
	cmn_autofree char *path = cli_path("backups", id, "file", NULL);
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum cli_exit res;

	if (fd < 0) {
		cli_error(NULL, "%s: %s", to, strerror(errno));
		return CLI_FAILED;
	}
	res = cli_download(cli, path, fd);
	if (res == CLI_OK && fsync(fd) < 0) {
		cli_error(NULL, "%s: %s", to, strerror(errno));
		res = CLI_FAILED;
	}
	close(fd);
	if (res != CLI_OK)
		unlink(to);
	return res;
}

static enum cli_exit create(struct cli *cli)
{
	cmn_autofree char *path = cli_path("backups", NULL);
	const char *to = cli_text(cli, "to", NULL), *made, *slash;
	struct json_object *doc = NULL;
	enum cli_exit res = cli_operate(cli, path, &doc);

	made = cli_member_text(doc, "location");
	slash = strrchr(made, '/');
	if (res == CLI_OK && slash && to)
		res = fetch(cli, slash + 1, to);
	if (res == CLI_OK)
		res = cli_run_show(cli, made);
	json_object_put(doc);
	return res;
}

static enum cli_exit get(struct cli *cli)
{
	return fetch(cli, cli_arg(cli, 0), cli_arg(cli, 1));
}

static enum cli_exit delete (struct cli *cli) {
	cmn_autofree char *path = cli_path("backups", cli_arg(cli, 0), NULL);

	return cli_run_delete(cli, path);
}

const struct cli_command cli_backup_commands[] = {
	{ "backup", "list", "", "list backups that discoveryd keeps", NULL, list },
	{ "backup", "show", "ID", "show a backup", NULL, show },
	{ "backup", "create", "", "make a checked copy of the database, beside all that runs",
	  create_options, create },
	{ "backup", "get", "ID FILE", "fetch a backup into a file", NULL, get },
	{ "backup", "delete", "ID", "delete a backup", NULL, delete },
	{ 0 },
};
