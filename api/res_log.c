/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_log.c - /logs: where discoveryd and its workers write their logs.  Thread: the control loop.  May block: never (/proc).
 * Not what they say: whoever may read the files or the journal on this machine reads them there (pharos logs). */
#include "api/render.h"
#include "api/resources.h"

#include "discoveryd/supervise/supervise.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
static void add(struct json_object *items, const char *source, pid_t pid, const char *otherwise)
{
	struct json_object *item = json_object_new_object();
	char file[PATH_MAX], unit[256];
	const char *path = pid ? stderr_file(pid, file, sizeof(file)) : otherwise;

	api_add_str(item, "source", source);
	json_object_object_add(item, "pid", pid ? json_object_new_int(pid) : NULL);
	api_add_str(item, "path", path);
	api_add_str(item, "unit", pid && !path ? unit_of(pid, unit, sizeof(unit)) : NULL);
	json_object_array_add(items, item);
}

static void list(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	struct json_object *json = json_object_new_object(), *items = json_object_new_array();
	const struct dsc_worker *worker;
	char path[PATH_MAX];

	add(items, "discoveryd", getpid(), NULL);
	dsc_tree_each(worker, snap->workers, &dsc_worker_ops)
	{
		struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };

		dsc_supervisor_worker(app->supervisor, worker->name, &info);
		dsc_supervisor_log_path(app, worker->name, path, sizeof(path));
		add(items, worker->name, info.pid, path);
	}
	dsc_snapshot_put(snap);
	json_object_object_add(json, "items", items);
	json_object_object_add(json, "next", NULL);
	api_reply_json(req, 200, json);
}

const struct api_route api_res_log[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/logs", "listLogs", NULL, list },
	{ 0 },
};
