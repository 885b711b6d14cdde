/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_daemon.c - discoveryd itself: /health, /version, /shutdown.  Thread: the control loop.  May block: never. */
#include "config.h"

#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/store/store.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>

enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILED, HEALTH_COUNT };
static const char *const health_names[HEALTH_COUNT] = { "ok", "degraded", "failed" };

static enum health add_check(struct json_object *checks, const char *name, enum health health,
			     const char *detail)
{
	struct json_object *check = json_object_new_object();

	api_add_str(check, "name", name);
	api_add_str(check, "status", health_names[health]);
	api_add_str(check, "detail", detail);
	json_object_array_add(checks, check);
	return health;
}

static enum health check_workers(struct dsc_app *app, struct json_object *checks)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(app->model);
	unsigned int nr = 0, running = 0;
	const struct dsc_worker *worker;
	char detail[80];

	dsc_tree_each(worker, snap->workers, &dsc_worker_ops)
	{
		struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };

		dsc_supervisor_worker(app->supervisor, worker->name, &info);
		nr++;
		running += info.state == DSC_WORKER_RUNNING;
	}
	dsc_snapshot_put(snap);
	snprintf(detail, sizeof(detail), "%u of %u running", running, nr);
	return add_check(checks, "workers", running == nr && nr ? HEALTH_OK : HEALTH_DEGRADED,
			 detail);
}

static void get_health(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	struct json_object *checks = json_object_new_array();
	struct json_object *json = json_object_new_object();
	bool stored = dsc_store_healthy(app->store);
	enum health store, workers;

	store = add_check(checks, "store", stored ? HEALTH_OK : HEALTH_FAILED,
			  stored ? "changes are stored" : "the last change could not be stored");
	workers = check_workers(app, checks);
	api_add_str(json, "status", health_names[store > workers ? store : workers]);
	json_object_object_add(json, "checks", checks);
	api_reply_json(req, stored ? 200 : 503, json);
}

static void get_version(struct api_req *req)
{
	struct dsc_app *app = api_req_app(req);
	struct json_object *json = json_object_new_object();

	api_add_str(json, "name", "discoveryd");
	api_add_str(json, "version", PACKAGE_VERSION);
	api_add_str(json, "discovery_nqn", app->disc_nqn);
	api_add_str(json, "api", "v1");
	api_add_str(json, "node", app->node);
	api_add_str(json, "state_dir", app->opt.state_dir);
	api_add_time(json, "started_at", app->started_wall_ms);
	api_reply_json(req, 200, json);
}

static void end_daemon(struct api_req *req)
{
	static const char *const known[] = { "workers", NULL };
	struct json_object *json;
	struct cmn_err err = { 0 };
	bool workers = false;

	if (cmn_json_only(api_req_doc(req), known, &err) < 0 ||
	    cmn_json_bool_opt(api_req_doc(req), "workers", &workers, NULL, &err) < 0) {
		api_fail(req, &err);
		return;
	}
	json = json_object_new_object();
	api_add_bool(json, "workers", workers);
	api_reply_header(req, "Connection", "close");
	api_reply_json(req, 202, json);
	api_req_end_daemon(req, workers);
}

const struct api_route api_res_daemon[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/health", "getHealth", NULL, get_health },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/version", "getVersion", NULL,
	  get_version },
	{ API_POST, API_ROLE_ADMIN, API_BODY_JSON, "/api/v1/shutdown", "shutdown", NULL,
	  end_daemon },
	{ 0 },
};
