/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_metrics.c - GET /metrics for Prometheus.  Thread: the control loop.  May block: never.
 *
 * Nothing is asked of a worker: what it told last is told again, with how old that is. */
#include "api/limits.h"
#include "api/metrics.h"
#include "api/resources.h"
#include "api/server_impl.h"
#include "common/clock.h"
#include "common/container.h"
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

static void reply(struct api_scrape *scrape)
{
	api_reply_stream(scrape->req, "text/plain; version=0.0.4; charset=utf-8", read_scrape,
			 end_scrape, scrape);
}

static void on_turn(struct net_timer *timer, uint64_t now)
{
	struct api_scrape *scrape = cmn_container_of(timer, struct api_scrape, turn);

	(void)now;
	if (api_scrape_step(scrape)) /* later than now: others have their turn */
		net_timer_set(scrape->server->loop, timer, cmn_now_ns());
	else
		reply(scrape);
}

static void on_cancel(struct api_req *req, void *arg)
{
	struct api_scrape *scrape = arg;

	(void)req;
	net_timer_cancel(scrape->server->loop, &scrape->turn);
	end_scrape(scrape);
}

static void get(struct api_req *req)
{
	struct api_server *server = req->server;
	struct api_scrape *scrape;

	if (server->nr_scrapes == API_SCRAPES_MAX) {
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "%d others are reading the metrics",
			  API_SCRAPES_MAX);
		return;
	}
	server->nr_scrapes++;
	scrape = api_scrape_create(server, server->app->opt.ceph_metrics);
	scrape->req = req;
	scrape->turn.fire = on_turn;
	if (!api_scrape_step(scrape)) {
		reply(scrape);
		return;
	}
	api_req_on_cancel(req, on_cancel, scrape);
	net_timer_set(server->loop, &scrape->turn, cmn_now_ns());
}

const struct api_route api_res_metrics[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/metrics", "getMetrics", NULL, get },
	{ 0 },
};
