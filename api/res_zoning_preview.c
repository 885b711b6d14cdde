/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_zoning_preview.c - POST /zoning/preview: who would gain and who would lose what.
 * Thread: the control loop.  May block: never; it works in turns, so that others are served meanwhile. */
#include "api/resources.h"
#include "api/zone_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "discoveryd/model/zone_preview.h"
#include "net/reactor.h"

#define TURN_NS (2 * CMN_NS_PER_MS)

struct preview {
	struct api_req *req;
	struct net_reactor *loop;
	struct net_timer turn;
	struct dsc_zone_preview *p;
};

/* -- rendering --------------------------------------------------------------------------------------------- */
static struct json_object *render_list(const struct dsc_preview_list *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < list->nr; i++)
		json_object_array_add(array, json_object_new_string(list->nqn[i]));
	return array;
}

static struct json_object *render_hosts(const struct dsc_preview_result *r)
{
	struct json_object *array = json_object_new_array(), *json;

	for (size_t i = 0; i < r->nr_hosts; i++) {
		json = json_object_new_object();
		api_add_str(json, "nqn", r->host[i].nqn);
		json_object_object_add(json, "gains", render_list(&r->host[i].gains));
		json_object_object_add(json, "loses", render_list(&r->host[i].loses));
		json_object_object_add(json, "connected", render_list(&r->host[i].connected));
		json_object_array_add(array, json);
	}
	return array;
}

static struct json_object *render_members(const struct dsc_preview_members *members)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct dsc_preview_member *at;
	struct dsc_zone_member m;

	for (size_t i = 0; i < members->nr; i++) {
		at = &members->m[i];
		if (!dsc_zone_member_parse(at->line, &m))
			continue;
		json = json_object_new_object();
		api_add_str(json, "group", at->group);
		json_object_object_add(json, "zone",
				       json_object_new_string_len(at->zone.p, (int)at->zone.len));
		json_object_object_add(json, "member", api_member_render(&m));
		json_object_array_add(array, json);
	}
	return array;
}

static struct json_object *render(const struct dsc_preview_result *r)
{
	struct json_object *json = json_object_new_object(), *anyone = json_object_new_object();

	json_object_object_add(json, "hosts", render_hosts(r));
	api_add_u64(json, "gaining", r->gaining);
	api_add_u64(json, "losing", r->losing);
	json_object_object_add(anyone, "gains", render_list(&r->anyone_gains));
	json_object_object_add(anyone, "loses", render_list(&r->anyone_loses));
	json_object_object_add(json, "anyone", anyone);
	json_object_object_add(json, "unknown_members", render_members(&r->unknown));
	json_object_object_add(json, "foreign_members", render_members(&r->foreign));
	api_add_bool(json, "truncated", r->truncated);
	return json;
}

/* -- turns ---------------------------------------------------------------------------------------------------- */
static void end(struct preview *v)
{
	dsc_zone_preview_end(v->p);
	free(v);
}

/* False: there is more to do. */
static bool go_on(struct preview *v)
{
	if (dsc_zone_preview_step(v->p, cmn_now_ns() + TURN_NS))
		return false;
	api_reply_json(v->req, 200, render(dsc_zone_preview_result(v->p)));
	end(v);
	return true;
}

static void on_turn(struct net_timer *timer, uint64_t now)
{
	struct preview *v = cmn_container_of(timer, struct preview, turn);

	(void)now;
	if (!go_on(v)) /* later than now: others have their turn */
		net_timer_set(v->loop, timer, cmn_now_ns());
}

static void on_cancel(struct api_req *req, void *arg)
{
	struct preview *v = arg;

	(void)req;
	net_timer_cancel(v->loop, &v->turn);
	end(v);
}

static int read_request(struct json_object *doc, struct dsc_activate_in *in,
			struct dsc_zoning_in *settings, struct cmn_err *err)
{
	static const char *const known[] = { "groups", "enabled", "default_zone", NULL };

	if (cmn_json_only(doc, known, err) < 0 ||
	    api_read_list(doc, "groups", &in->groups, err) < 0 ||
	    api_read_tri(doc, "enabled", &settings->enabled, err) < 0 ||
	    api_read_default_zone(doc, &settings->closed, err) < 0)
		return err->code;
	return 0;
}

static void preview(struct api_req *req)
{
	struct dsc_activate_in in = { .grace = false };
	struct dsc_zoning_in settings = { .grace = false };
	struct preview *v = calloc(1, sizeof(*v));
	struct cmn_err err = { 0 };

	if (!v) {
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "out of memory");
		return;
	}
	v->req = req;
	v->loop = api_req_app(req)->loop;
	v->turn.fire = on_turn;
	if (read_request(api_req_doc(req), &in, &settings, &err) < 0 ||
	    dsc_zone_preview_begin(api_req_app(req), &in, &settings, &v->p, &err) < 0) {
		api_fail(req, &err);
		free(v);
	} else if (!go_on(v)) {
		api_req_on_cancel(req, on_cancel, v);
		net_timer_set(v->loop, &v->turn, cmn_now_ns());
	}
	api_list_free(&in.groups);
}

const struct api_route api_res_zoning_preview[] = {
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, "/api/v1/zoning/preview", "previewZoning", NULL,
	  preview },
	{ 0 },
};
