/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_event.c - /events: what happened.  Thread: the control loop.  May block: never. */
#include "api/render.h"
#include "api/resources.h"
#include "api/server_impl.h"

#include "common/json.h"
#include "discoveryd/events/events.h"

#include <string.h>

struct json_object *api_render_event(const struct dsc_event *event)
{
	struct json_object *json = json_object_new_object();
	struct json_object *data = NULL;

	if (cmn_json_parse(event->data, strlen(event->data), 0, 0, &data, NULL) < 0 ||
	    !json_object_is_type(data, json_type_object)) {
		json_object_put(data);
		data = json_object_new_object();
	}
	api_add_u64(json, "id", event->id);
	api_add_time(json, "time", event->wall_ms);
	api_add_str(json, "severity", dsc_severity_name[event->severity]);
	api_add_str(json, "kind", event->kind);
	api_add_str(json, "text", event->text);
	json_object_object_add(json, "data", data);
	return json;
}

static void list(struct api_req *req)
{
	struct dsc_events *events = api_req_app(req)->events;
	uint64_t limit = API_PAGE_DEFAULT, since = 0;
	struct json_object *json, *items;
	const struct dsc_event *event;

	if (!api_req_number(req, "limit", 1, API_PAGE_MAX, &limit))
		return;
	if (!api_req_query(req, "since") && dsc_event_last_id(events) > limit)
		since = dsc_event_last_id(events) - limit;
	if (!api_req_number(req, "since", 0, INT64_MAX, &since))
		return;
	items = json_object_new_array();
	for (event = dsc_event_after(events, since); event && limit > 0;
	     event = dsc_event_after(events, since)) {
		json_object_array_add(items, api_render_event(event));
		since = event->id;
		limit--;
	}
	json = json_object_new_object();
	json_object_object_add(json, "items", items);
	api_add_u64(json, "next", since);
	api_reply_json(req, 200, json);
}

static void follow(struct api_req *req)
{
	const char *last_id = api_req_header(req, "Last-Event-ID");

	if (!last_id)
		last_id = api_req_query(req, "last_event_id");
	api_stream_follow(req->server->stream, req, last_id);
}

const struct api_route api_res_event[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/events", "listEvents", "since limit",
	  list },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/events/stream", "followEvents",
	  "last_event_id", follow },
	{ 0 },
};
