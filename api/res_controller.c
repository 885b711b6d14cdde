/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_controller.c - /controllers: who is connected to what, as the workers report it.  Thread: the control loop.
 * May block: never. */
#include "api/render.h"
#include "api/resources.h"

#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>

static struct json_object *render(const struct dsc_controller *c)
{
	struct json_object *json = json_object_new_object();

	api_add_str(json, "nqn", c->nqn);
	api_add_u64(json, "cntlid", c->cntlid);
	api_add_str(json, "host_nqn", c->host_nqn);
	api_add_str(json, "host_id", c->host_id);
	api_add_str(json, "host_addr", c->host_addr);
	api_add_str(json, "portal", *c->portal ? c->portal : NULL);
	api_add_str(json, "worker", c->worker);
	api_add_u64(json, "qpairs", c->qpairs);
	api_add_u64(json, "kato_ms", c->kato_ms);
	api_add_bool(json, "header_digest", c->header_digest);
	api_add_bool(json, "data_digest", c->data_digest);
	api_add_time(json, "connected_at", c->connected_ms);
	return json;
}

/* The cursor counts what came before: controllers come and go, so a page boundary may shift by as many. */
struct walk {
	struct api_page page;
	uint64_t skip, at;
};

static bool add(void *arg, const struct dsc_controller *controller)
{
	struct walk *walk = arg;
	char key[24];

	if (walk->at++ < walk->skip)
		return true;
	if (api_page_full(&walk->page))
		return false;
	snprintf(key, sizeof(key), "%llu", (unsigned long long)walk->at);
	api_page_add(&walk->page, render(controller), key);
	return true;
}

static void list(struct api_req *req)
{
	struct walk walk = { 0 };

	if (!api_page_begin(req, &walk.page))
		return;
	if (walk.page.cursor)
		cmn_parse_u64(walk.page.cursor, 0, UINT32_MAX, &walk.skip);
	dsc_supervisor_controllers(api_req_app(req)->supervisor, api_req_query(req, "nqn"),
				   api_req_query(req, "host_nqn"), add, &walk);
	api_reply_json(req, 200, api_page_end(&walk.page));
}

const struct api_route api_res_controller[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/controllers", "listControllers", "nqn host_nqn limit cursor",
	  list },
	{ 0 },
};
