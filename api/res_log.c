/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_log.c - /logs: where discoveryd and its workers write their logs.  Thread: the control loop.  May block: never (/proc).
 * Not what they say: whoever may read the files or the journal on this machine reads them there (pharos logs). */
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "common/log.h"
#include "discoveryd/supervise/supervise.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OURS "discoveryd"

/* The file that is a process's stderr; NULL when it is something else, such as the journal's socket. */
static const char *stderr_file(pid_t pid, char *buf, size_t size)
{
	char link[64];
	struct stat st;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/2", (int)pid);
	n = stat(link, &st) == 0 && S_ISREG(st.st_mode) ? readlink(link, buf, size - 1) : -1;
	if (n < 0)
		return NULL;
	buf[n] = '\0';
	return buf;
}

/* The systemd unit that a process belongs to: the last part of its cgroup that is a service's. */
static const char *unit_of(pid_t pid, char *buf, size_t size)
{
	char path[64], line[1024];
	const char *name = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		for (char *part = strtok(line, "/\n"); part; part = strtok(NULL, "/\n")) {
			const char *end = strrchr(part, '.');

			if (end && strcmp(end, ".service") == 0) {
				snprintf(buf, size, "%s", part);
				name = buf;
			}
		}
	}
	if (f)
		fclose(f);
	return name;
}

/* otherwise: the file that it writes when it runs, NULL if none is known */
static struct json_object *render(const char *source, pid_t pid, const char *otherwise,
				  enum cmn_log_level level)
{
	struct json_object *item = json_object_new_object();
	char file[PATH_MAX], unit[256];
	const char *path = pid ? stderr_file(pid, file, sizeof(file)) : otherwise;

	api_add_str(item, "source", source);
	json_object_object_add(item, "pid", pid ? json_object_new_int(pid) : NULL);
	api_add_str(item, "path", path);
	api_add_str(item, "unit", pid && !path ? unit_of(pid, unit, sizeof(unit)) : NULL);
	api_add_str(item, "level", cmn_log_level_name[level]);
	return item;
}

static struct json_object *render_worker(struct dsc_app *app, const char *name)
{
	struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };
	char path[PATH_MAX];

	dsc_supervisor_worker(app->supervisor, name, &info);
	dsc_supervisor_log_path(app, name, path, sizeof(path));
	return render(name, info.pid, path, info.log_level);
}

static struct json_object *render_own(void)
{
	return render(OURS, getpid(), NULL, cmn_log_level());
}

static void list(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	struct json_object *json = json_object_new_object(), *items = json_object_new_array();
	const struct dsc_worker *worker;

	json_object_array_add(items, render_own());
	dsc_tree_each(worker, snap->workers, &dsc_worker_ops)
		json_object_array_add(items, render_worker(app, worker->name));
	dsc_snapshot_put(snap);
	json_object_object_add(json, "items", items);
	json_object_object_add(json, "next", NULL);
	api_reply_json(req, 200, json);
}

static void patch(struct api_req *req)
{
	static const char *const known[] = { "level", NULL };
	struct dsc_app *app = api_req_app(req);
	const char *source = api_req_param(req, "source"), *text = NULL;
	bool ours = strcmp(source, OURS) == 0;
	struct cmn_err err = { 0 };
	enum cmn_log_level level;
	int rc = cmn_json_only(api_req_doc(req), known, &err);

	if (rc == 0)
		rc = cmn_json_str(api_req_doc(req), "level", &text, &err);
	if (rc == 0 && cmn_log_level_parse(text, &level) < 0)
		rc = cmn_err_set(&err, -EINVAL, "level", "must be error, warn, info or debug");
	if (rc == 0 && !ours && dsc_supervisor_set_log_level(app->supervisor, source, level) < 0)
		rc = cmn_err_set(&err, -ENOENT, "source", "there is no worker %.128s", source);
	if (rc < 0) {
		api_fail(req, &err);
		return;
	}
	if (ours)
		cmn_log_set_level(level);
	cmn_info("log level", "source=%s level=%s", CMN_Q(source), cmn_log_level_name[level]);
	api_reply_json(req, 200, ours ? render_own() : render_worker(app, source));
}

const struct api_route api_res_log[] = {
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, "/api/v1/logs/{source}", "patchLog", NULL,
	  patch },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/logs", "listLogs", NULL, list },
	{ 0 },
};
