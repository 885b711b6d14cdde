/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_backup.c - /backups: copies of the database that discoveryd makes of itself.  Thread: the control loop.  May block: see
 * discoveryd/store/backups.h; a file that is told is read as the client takes it. */
#include "api/kind.h"
#include "api/operations.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "common/json.h"
#include "discoveryd/store/backups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ALL "/api/v1/backups"
#define ONE ALL "/{id}"

static const struct api_field fields[] = {
	{ "id", API_TEXT, API_KEY | API_FIND, API_AT(dsc_backup, id) },
	{ "size", API_SIZE, API_FIND, API_AT(dsc_backup, size) },
	{ "created_at", API_TIME, API_FIND, API_AT(dsc_backup, created_ms) },
	{ 0 },
};

static const void *find(const struct api_ctx *ctx, const char *key)
{
	return dsc_backups_find(ctx->app->backups, key);
}

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_backups_after(ctx->app->backups, after);
}

static const struct api_kind kind = {
	.name = "backup",
	.param = "id",
	.fields = fields,
	.find = find,
	.next = next,
	.hold = dsc_backup_hold,
	.drop = dsc_backup_drop,
};

/* Its end comes as a message to this thread, so not before post() has returned. */
struct job {
	struct api_operation *operation;
};

static void made(void *arg, const struct cmn_err *err)
{
	struct job *job = arg;

	api_operation_end(job->operation, err, NULL);
	free(job);
}

static void post(struct api_req *req)
{
	static const char *const none[] = { NULL };
	struct job *job = calloc(1, sizeof(*job));
	char id[DSC_BACKUP_ID_MAX], location[80];
	struct cmn_err err = { 0 };

	if (!job)
		cmn_err_set(&err, -ENOMEM, NULL, "out of memory");
	if (!job || cmn_json_only(api_req_doc(req), none, &err) < 0 ||
	    dsc_backups_begin(api_req_app(req)->backups, made, job, id, &err) < 0) {
		free(job);
		api_fail(req, &err);
		return;
	}
	job->operation = api_operation_begin(req);
	snprintf(location, sizeof(location), ALL "/%s", id);
	api_operation_location(job->operation, location);
	api_operation_reply(job->operation, req);
}

static void get_file(struct api_req *req)
{
	const char *id = api_req_param(req, "id");
	char name[96];
	struct cmn_err err = { 0 };
	int fd = dsc_backups_open(api_req_app(req)->backups, id, &err);

	if (fd < 0) {
		api_fail(req, &err);
		return;
	}
	snprintf(name, sizeof(name), "attachment; filename=\"pharos-%.40s.db\"", id);
	api_reply_header(req, "Content-Disposition", name);
	api_reply_file(req, "application/vnd.sqlite3", fd);
}

static void drop(struct api_req *req)
{
	struct cmn_err err = { 0 };

	if (dsc_backups_delete(api_req_app(req)->backups, api_req_param(req, "id"), &err) < 0)
		api_fail(req, &err);
	else
		api_reply_empty(req, 204);
}

const struct api_route api_res_backup[] = {
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, ALL, "listBackups", NULL, api_list, &kind },
	{ API_POST, API_ROLE_ADMIN, API_BODY_JSON, ALL, "createBackup", NULL, post, NULL },
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, ONE, "getBackup", NULL, api_get, &kind },
	{ API_GET, API_ROLE_ADMIN, API_BODY_NONE, ONE "/file", "getBackupFile", NULL, get_file,
	  NULL },
	{ API_DELETE, API_ROLE_ADMIN, API_BODY_NONE, ONE, "deleteBackup", NULL, drop, NULL },
	{ 0 },
};
