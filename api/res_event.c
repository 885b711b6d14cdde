/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_event.c - /events: what happened.  Thread: the control loop.  May block: never. */
#include "api/kind.h"
#include "api/render.h"
#include "api/resources.h"
#include "api/server_impl.h"

#include "common/json.h"
#include "common/util.h"
#include "discoveryd/events/events.h"

#include <stdlib.h>
#include <string.h>

static void get_data(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	const struct dsc_event *event = row;

	(void)ctx;
	if (cmn_json_parse(event->data, strlen(event->data), 0, 0, &ret->json, NULL) < 0 ||
	    !json_object_is_type(ret->json, json_type_object)) {
		json_object_put(ret->json);
		ret->json = json_object_new_object();
	}
}

static void get_severity(const struct api_ctx *ctx, const void *row, struct api_value *ret)
{
	(void)ctx;
	ret->text = dsc_severity_name[((const struct dsc_event *)row)->severity];
}

static const struct api_field fields[] = {
	{ "id", API_NUMBER, API_KEY | API_FIND, API_AT(dsc_event, id) },
	{ "time", API_TIME, API_FIND, API_AT(dsc_event, wall_ms) },
	{ "severity", API_TEXT, API_FILTER, .get = get_severity, .words = dsc_severity_name },
	{ "kind", API_TEXT, API_FIND, API_AT(dsc_event, kind) },
	{ "text", API_TEXT, API_FILTER, API_AT(dsc_event, text) },
	{ "data", API_JSON, 0, .get = get_data },
	{ 0 },
};

static const void *next(const struct api_ctx *ctx, const char *after)
{
	return dsc_event_after(ctx->app->events, after ? strtoull(after, NULL, 10) : 0);
}

static const void *find(const struct api_ctx *ctx, const char *key)
{
	const struct dsc_event *it;
	uint64_t id;

	if (cmn_parse_u64(key, 1, UINT64_MAX, &id) < 0)
		return NULL;
	it = dsc_event_after(ctx->app->events, id - 1);
	return it && it->id == id ? it : NULL;
}

static const struct api_kind kind = {
	.name = "event",
	.param = "id",
	.fields = fields,
	.find = find,
	.next = next,
	.is_log = true,
};

struct json_object *api_render_event(const struct dsc_event *event)
{
	return api_render(&kind, &(struct api_ctx){ 0 }, event, API_ALL);
}

static void follow(struct api_req *req)
{
	const char *last_id = api_req_header(req, "Last-Event-ID");

	if (!last_id)
		last_id = api_req_query(req, "last_event_id");
	api_stream_follow(req->server->stream, req, last_id);
}

const struct api_route api_res_event[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/events", "listEvents", "since", api_list,
	  &kind },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/events/stream", "followEvents",
	  "last_event_id", follow },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/events/{id}", "getEvent", NULL, api_get,
	  &kind },
	{ 0 },
};
