/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_host.c - /hosts.  Thread: the control loop.  May block: never. */
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/supervise/supervise.h"

#include <stdio.h>
#include <string.h>

/* A host, admitted or not: what the model has of it, and what is going on. */
struct known {
	const char *nqn;
	const struct dsc_host *host; /* NULL: it waits to be admitted */
	const struct dsc_seen *seen; /* NULL: no discovery controller, and none lately */
	unsigned int nr_controllers;
};

/* What is told comes from several places; they are held together. */
struct sources {
	struct dsc_app *app;
	const struct dsc_snapshot *snap;
	struct dsc_tree *seen;
};

static void open_sources(struct sources *src, struct dsc_app *app)
{
	src->app = app;
	src->snap = dsc_snapshot_current(app->model);
	src->seen = dsc_disc_seen(app->disc);
}

static void close_sources(struct sources *src)
{
	dsc_tree_put(src->seen, &dsc_seen_ops);
	dsc_snapshot_put(src->snap);
}

/* False: nothing is known of it. */
static bool look_up(const struct sources *src, const char *nqn, struct known *ret)
{
	const struct dsc_reg *reg = dsc_snapshot_host_reg_after(src->snap, nqn, NULL);

	ret->host = dsc_snapshot_host(src->snap, nqn);
	ret->seen = dsc_tree_find(src->seen, &dsc_seen_ops, nqn);
	if (!ret->host && !ret->seen && !reg)
		return false;
	ret->nqn = ret->host ? ret->host->nqn : ret->seen ? ret->seen->nqn : reg->nqn;
	ret->nr_controllers = dsc_supervisor_count(src->app->supervisor, NULL, nqn, NULL);
	return true;
}

static bool is_connected(const struct known *k)
{
	return k->nr_controllers || (k->seen && k->seen->nr);
}

static void add_names(struct json_object *json, const struct dsc_snapshot *snap,
		      const struct dsc_host *host)
{
	struct json_object *subsystems = json_object_new_array(), *groups = json_object_new_array();
	const struct dsc_member *m;
	uint64_t id = 0;

	while (host && (id = dsc_snapshot_named_after(snap, host, id)))
		json_object_array_add(
			subsystems, json_object_new_string(dsc_snapshot_subsys_id(snap, id)->nqn));
	dsc_tree_each(m, host ? host->groups : NULL, &dsc_host_group_ops) json_object_array_add(
		groups, json_object_new_string(dsc_snapshot_group_id(snap, m->group_id)->name));
	json_object_object_add(json, "groups", groups);
	json_object_object_add(json, "subsystems", subsystems);
}

/* Addresses that it registered; the time of the first, 0 for none. */
static uint64_t add_registered(struct json_object *json, const struct dsc_snapshot *snap,
			       const char *nqn)
{
	struct json_object *array = json_object_new_array();
	const struct dsc_reg *reg = NULL;
	uint64_t first = 0;

	while ((reg = dsc_snapshot_host_reg_after(snap, nqn, reg))) {
		json_object_array_add(array, json_object_new_string(reg->traddr));
		if (!first)
			first = reg->created_ms;
	}
	json_object_object_add(json, "registered", array);
	return first;
}

static struct json_object *render(const struct sources *src, const struct known *k)
{
	struct json_object *json = json_object_new_object();
	uint64_t since;

	api_add_str(json, "nqn", k->nqn);
	api_add_str(json, "name", k->host ? k->host->name : "");
	api_add_str(json, "state", k->host ? "admitted" : "waiting");
	api_add_bool(json, "connected", is_connected(k));
	add_names(json, src->snap, k->host);
	api_add_u64(json, "controller_count", k->nr_controllers);
	api_add_u64(json, "discovery_controller_count", k->seen ? k->seen->nr : 0);
	api_add_str(json, "address", k->seen ? k->seen->address : NULL);
	if (k->seen)
		api_add_time(json, "last_seen", k->seen->last_ms);
	else
		json_object_object_add(json, "last_seen", NULL);
	since = add_registered(json, src->snap, k->nqn);
	if (k->host)
		since = k->host->created_ms;
	else if (k->seen)
		since = k->seen->first_ms;
	api_add_time(json, "created_at", since);
	return json;
}

static const struct dsc_host *path_host(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *nqn = api_req_param(req, "host_nqn");
	const struct dsc_host *host = dsc_snapshot_host(snap, nqn);

	if (!host)
		api_failf(req, API_PROBLEM_NOT_FOUND, "host_nqn", "there is no host %.223s", nqn);
	return host;
}

/* -- lists: of the admitted, of those who wait, of the connected -------------------------------------------- */
enum filter { ADMITTED, WAITING, CONNECTED, FILTER_COUNT };
static const char *const filter_names[FILTER_COUNT] = { "admitted", "waiting", "connected" };

static bool read_filter(struct api_req *req, enum filter *ret)
{
	const char *text = api_req_query(req, "state");

	for (*ret = ADMITTED; text && *ret < FILTER_COUNT; (*ret)++) {
		if (strcmp(text, filter_names[*ret]) == 0)
			return true;
	}
	if (text)
		api_failf(req, API_PROBLEM_MALFORMED, "state",
			  "state must be admitted, waiting or connected");
	return !text;
}

static const char *first_of(const char *a, const char *b)
{
	if (!a || !b)
		return a ? a : b;
	return strcmp(a, b) < 0 ? a : b;
}

/* The next NQN in the order of them all, wherever it is known from; admitted hosts only, or all. */
static const char *next_nqn(const struct sources *src, enum filter filter, const char *after)
{
	const struct dsc_host *host = dsc_snapshot_host_after(src->snap, after);
	const struct dsc_seen *seen = dsc_tree_next(src->seen, &dsc_seen_ops, after);
	struct dsc_reg last = { .id = UINT64_MAX };
	const struct dsc_reg *reg;
	const char *nqn;

	if (filter == ADMITTED)
		return host ? host->nqn : NULL;
	snprintf(last.nqn, sizeof(last.nqn), "%s", after ? after : "");
	reg = dsc_snapshot_host_reg_after(src->snap, NULL, after ? &last : NULL);
	nqn = first_of(seen ? seen->nqn : NULL, reg ? reg->nqn : NULL);
	return filter == CONNECTED ? first_of(nqn, host ? host->nqn : NULL) : nqn;
}

static bool is_wanted(const struct known *k, enum filter filter)
{
	return filter == CONNECTED ? is_connected(k) : (filter == WAITING) == !k->host;
}

static void list(struct api_req *req)
{
	struct sources src;
	struct api_page page;
	enum filter filter;
	struct known k;

	if (!read_filter(req, &filter) || !api_page_begin(req, &page))
		return;
	open_sources(&src, api_req_app(req));
	for (const char *nqn = next_nqn(&src, filter, page.cursor); nqn;
	     nqn = next_nqn(&src, filter, nqn)) {
		if (!look_up(&src, nqn, &k) || !is_wanted(&k, filter))
			continue;
		if (api_page_full(&page))
			break;
		api_page_add(&page, render(&src, &k), k.nqn);
	}
	close_sources(&src);
	api_reply_json(req, 200, api_page_end(&page));
}

/* -- one ------------------------------------------------------------------------------------------------------ */
static void get(struct api_req *req)
{
	const char *nqn = api_req_param(req, "host_nqn");
	struct sources src;
	struct known k;

	open_sources(&src, api_req_app(req));
	if (!look_up(&src, nqn, &k))
		api_failf(req, API_PROBLEM_NOT_FOUND, "host_nqn", "there is no host %.223s", nqn);
	else
		api_reply_object(req, render(&src, &k), k.host ? k.host->changed : 0);
	close_sources(&src);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	char location[1024] = "/api/v1/hosts/";
	size_t used = strlen(location);
	struct sources src;
	struct known k;

	(void)snap;
	open_sources(&src, api_req_app(op->req));
	if (look_up(&src, outcome->name, &k) && k.host) {
		api_uri_encode(k.nqn, location + used, sizeof(location) - used);
		api_reply_created(op->req, render(&src, &k), k.host->changed, location);
	} else {
		api_op_reply_lost(op);
	}
	close_sources(&src);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	struct sources src;
	struct known k;

	(void)snap;
	(void)outcome;
	open_sources(&src, api_req_app(op->req));
	if (look_up(&src, api_req_param(op->req, "host_nqn"), &k) && k.host)
		api_reply_object(op->req, render(&src, &k), k.host->changed);
	else
		api_op_reply_lost(op);
	close_sources(&src);
}

/* The members that creation and change share; null takes them back to none. */
static int read_common(struct json_object *doc, struct dsc_host_in *in, struct cmn_err *err)
{
	if (cmn_json_has(doc, "name"))
		in->name = "";
	if (cmn_json_str_opt(doc, "name", &in->name, NULL, err) < 0 ||
	    api_read_list(doc, "groups", &in->groups, err) < 0)
		return err->code;
	in->groups.null = false;
	return 0;
}

static void create(struct api_req *req)
{
	static const char *const known[] = { "nqn", "name", "groups", NULL };
	struct api_op *op = api_op_begin(req, reply_created);
	struct json_object *doc = api_req_doc(req);
	struct dsc_host_in in = { 0 };
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (cmn_json_only(doc, known, &err) < 0 || cmn_json_str(doc, "nqn", &in.nqn, &err) < 0 ||
	    read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_host_create(api_req_app(req), &in, &op->call, &err), &err);
	api_list_free(&in.groups);
}

static void run_patch(struct api_op *op, const struct dsc_host *host)
{
	static const char *const known[] = { "name", "groups", NULL };
	struct json_object *doc = api_req_doc(op->req);
	struct dsc_host_in in = { 0 };
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 || read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(
			op,
			dsc_cmd_host_update(api_req_app(op->req), host->nqn, &in, &op->call, &err),
			&err);
	api_list_free(&in.groups);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_host *host = path_host(req, snap);
	struct api_op *op = host ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, host->changed))
		run_patch(op, host);
	dsc_snapshot_put(snap);
}

static void add_user(void *arg, const char *user)
{
	api_op_user(arg, user);
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const struct dsc_host *host = dsc_snapshot_host(snap, api_req_param(op->req, "host_nqn"));

	if (host)
		dsc_who_users(snap, host->id, add_user, op);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_host *host = path_host(req, snap);
	struct api_op *op = host ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, host->changed)) {
		op->users = users;
		api_op_run(op, dsc_cmd_host_delete(api_req_app(req), host->nqn, &op->call, &err),
			   &err);
	}
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/hosts"
#define ONE ALL "/{host_nqn}"

const struct api_route api_res_host[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listHosts", "limit cursor state", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createHost", "wait", create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getHost", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchHost", "wait", patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteHost", "wait force", drop },
	{ 0 },
};
