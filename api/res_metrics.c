/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_metrics.c - GET /metrics for Prometheus.  Thread: the control loop.  May block: never.
 *
 * Nothing is asked of a worker: what it told last is told again, with how old that is. */
#include "api/limits.h"
#include "api/metrics.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "discoveryd/app.h"

static ssize_t read_scrape(void *arg, uint64_t pos, char *buf, size_t max)
{
	size_t len = api_scrape_read(arg, buf, max);

	(void)pos;
	return len ? (ssize_t)len : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_scrape(void *arg)
{
	struct api_scrape *scrape = arg;

	scrape->server->nr_scrapes--;
	api_scrape_destroy(scrape);
}

static void get(struct api_req *req)
{
	struct api_server *server = req->server;

	if (server->nr_scrapes == API_SCRAPES_MAX) {
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "%d others are reading the metrics",
			  API_SCRAPES_MAX);
		return;
	}
	server->nr_scrapes++;
	api_reply_stream(req, "text/plain; version=0.0.4; charset=utf-8", read_scrape, end_scrape,
			 api_scrape_create(server, server->app->opt.ceph_metrics));
}

const struct api_route api_res_metrics[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/metrics", "getMetrics", NULL, get },
	{ 0 },
};
