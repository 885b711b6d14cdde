/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_stats.c - /stats: the workers' counters, as last reported.  Thread: the control loop.  May block: never. */
#include "api/render.h"
#include "api/resources.h"

#include "common/clock.h"
#include "discoveryd/supervise/supervise.h"

/* A member of the worker's message as it is; an empty list when there is none. */
static void copy_list(struct json_object *json, struct json_object *from, const char *name)
{
	struct json_object *list = NULL;

	if (!from || !json_object_object_get_ex(from, name, &list) || !json_object_is_type(list, json_type_array))
		json_object_object_add(json, name, json_object_new_array());
	else
		json_object_object_add(json, name, json_object_get(list));
}

static struct json_object *render(struct dsc_app *app, const struct dsc_worker *worker)
{
	struct json_object *json = json_object_new_object(), *resident;
	uint64_t when = 0;
	struct json_object *stats = dsc_supervisor_stats(app->supervisor, worker->name, &when);

	api_add_str(json, "worker", worker->name);
	if (stats)
		api_add_time(json, "time", when);
	else
		json_object_object_add(json, "time", NULL);
	if (stats && json_object_object_get_ex(stats, "resident_bytes", &resident))
		json_object_object_add(json, "resident_bytes", json_object_get(resident));
	copy_list(json, stats, "reactors");
	copy_list(json, stats, "subsystems");
	return json;
}

static void get(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	struct json_object *workers = json_object_new_array();
	struct json_object *json = json_object_new_object();
	const struct dsc_worker *worker;

	dsc_tree_each(worker, snap->workers, &dsc_worker_ops)
		json_object_array_add(workers, render(app, worker));
	dsc_snapshot_put(snap);
	api_add_time(json, "time", cmn_wall_ms());
	json_object_object_add(json, "workers", workers);
	api_reply_json(req, 200, json);
}

const struct api_route api_res_stats[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/stats", "getStats", NULL, get },
	{ 0 },
};
