/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_publish.c - /publish: a volume for a host in one request and one transaction, as a storage driver needs it.
 * Thread: the control loop.  May block: the look at a new namespace's file (see model/commands.h); else never.
 *
 * A volume is namespace 1 of a subsystem of its own, whose NQN has its name; or a namespace of a given subsystem, kept to its
 * hosts, whose UUID is made of its name.  So the name needs no table, and survives whatever the configuration survives. */
#include "api/config_doc.h"
#include "api/op.h"
#include "api/resources.h"

#include "common/json.h"
#include "discoveryd/supervise/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NQN_PREFIX "nqn.2026-11.local.pharos:volume:"

struct volume {
	char name[DSC_NAME_MAX + 1];
	char own_nqn[sizeof(NQN_PREFIX) + DSC_NAME_MAX];
	char uuid[CMN_UUID_STR_LEN + 1]; /* in a given subsystem */
	const char *nqn; /* of its subsystem */
	uint32_t nsid;
};

/* -- names ------------------------------------------------------------------------------------------- */
static void uuid_of(const char *name, char *ret_text)
{
	static const struct cmn_uuid space = { { 0x5b, 0x1c, 0x7e, 0x3a, 0x0d, 0x42, 0x4f, 0x6b,
						 0x9a, 0x51, 0x2c, 0x88, 0xe1, 0x37, 0xd4, 0x90 } };
	struct cmn_uuid uuid;

	cmn_uuid_from_name(&space, name, strlen(name), &uuid);
	cmn_uuid_format(&uuid, ret_text);
}

static int set_name(struct volume *v, const char *name, struct cmn_err *err)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";

	if (!*name || strlen(name) > DSC_NAME_MAX || strspn(name, valid) != strlen(name))
		return cmn_err_set(err, -EINVAL, "name",
				   "must be 1 to %d letters, digits, '.', '_' and '-'",
				   DSC_NAME_MAX);
	snprintf(v->name, sizeof(v->name), "%s", name);
	snprintf(v->own_nqn, sizeof(v->own_nqn), "%s%s", NQN_PREFIX, name);
	uuid_of(name, v->uuid);
	return 0;
}

static int make_name(struct volume *v, struct cmn_err *err)
{
	char name[CMN_UUID_STR_LEN + 8] = "vol-";
	struct cmn_uuid uuid;
	int rc = cmn_uuid_random(&uuid);

	if (rc < 0)
		return cmn_err_errno(err, rc, NULL, "no random bytes");
	cmn_uuid_format(&uuid, name + strlen(name));
	return set_name(v, name, err);
}

/* The namespace of the name, and v->nqn and nsid; NULL: there is none. */
static const struct dsc_ns *find(const struct dsc_snapshot *snap, struct volume *v)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys(snap, v->own_nqn);
	const struct dsc_ns *ns = s ? dsc_snapshot_ns(s, 1) : NULL;
	struct cmn_uuid uuid;

	if (!ns && cmn_uuid_parse(v->uuid, &uuid) == 0) {
		ns = dsc_tree_find(snap->uuids, &dsc_uuid_ops, &uuid);
		s = ns ? dsc_snapshot_subsys_id(snap, ns->subsys_id) : NULL;
		ns = s ? dsc_snapshot_ns(s, ns->nsid) : NULL; /* with its hosts */
	}
	if (ns) {
		v->nqn = s->nqn;
		v->nsid = ns->nsid;
	}
	return ns;
}

/* -- what is answered ------------------------------------------------------------------------------------- */
static struct json_object *render_portals(const struct dsc_snapshot *snap,
					  const struct dsc_subsys *s)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct dsc_portal *p = NULL;
	const char *address;
	char port[8];

	while ((p = dsc_snapshot_worker_portal(snap, s->worker_id, p ? p->id : 0))) {
		if (p->kind != DSC_PORTAL_IO || !dsc_snapshot_serves(s, p))
			continue;
		address = *p->advertise ? p->advertise : p->address;
		snprintf(port, sizeof(port), "%u", p->port);
		json = json_object_new_object();
		api_add_str(json, "trtype", "tcp");
		api_add_str(json, "adrfam", strchr(address, ':') ? "ipv6" : "ipv4");
		api_add_str(json, "traddr", address);
		api_add_str(json, "trsvcid", port);
		json_object_array_add(array, json);
	}
	return array;
}

static struct json_object *render(const struct dsc_snapshot *snap, const struct volume *v,
				  const struct dsc_ns *ns)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys(snap, v->nqn);
	struct json_object *json = json_object_new_object();
	char uuid[CMN_UUID_STR_LEN + 1];

	api_add_str(json, "name", v->name);
	api_add_str(json, "nqn", v->nqn);
	api_add_u64(json, "nsid", ns->nsid);
	api_add_str(json, "uuid", cmn_uuid_format(&ns->uuid, uuid));
	api_add_u64(json, "size", ns->size);
	json_object_object_add(json, "portals", render_portals(snap, s));
	return json;
}

/* A worker couldn't open what was just made: it goes again. */
static void take_back(struct api_op *op, const struct volume *v, const char *reason)
{
	struct dsc_app *app = api_req_app(op->req);
	struct dsc_call force = { .force = true };
	struct cmn_err err = { 0 };

	if (strcmp(v->nqn, v->own_nqn) == 0)
		dsc_cmd_subsys_delete(app, v->nqn, &force, &err);
	else
		dsc_cmd_ns_delete(app, v->nqn, v->nsid, &force, &err);
	api_failf(op->req, API_PROBLEM_INVALID, NULL, "its worker could not open it: %s", reason);
}

static void reply_published(struct api_op *op, const struct dsc_snapshot *snap,
			    const struct dsc_outcome *outcome)
{
	bool created = json_object_get_boolean(json_object_object_get(op->json, "created"));
	struct cmn_err err = { 0 };
	struct volume v = { 0 };
	const struct dsc_ns *ns;
	struct json_object *json;

	set_name(&v, json_object_get_string(json_object_object_get(op->json, "name")), &err);
	ns = find(snap, &v);
	if (!ns) {
		api_op_reply_lost(op);
		return;
	}
	if (created && outcome && outcome->state == DSC_STATUS_FAILED) {
		take_back(op, &v, outcome->reason);
		return;
	}
	json = render(snap, &v, ns);
	api_add_str(json, "state", dsc_status_name[outcome ? outcome->state : DSC_READY]);
	api_reply_json(op->req, created ? 201 : 200, json);
}

/* -- publish ------------------------------------------------------------------------------------------------- */
struct wanted {
	struct dsc_app *app;
	struct volume v;
	const char *host, *subsystem;
	const char *hosts[1];
	struct dsc_ns_in ns;
	bool created;
};

static int read_wanted(struct json_object *doc, struct wanted *w, struct cmn_err *err)
{
	static const char *const known[] = { "host_nqn", "name", "subsystem",  "size",
					     "backend",	 "path", "block_size", NULL };
	static const char *const mine[] = { "host_nqn", "name", "subsystem" };
	struct json_object *rest = json_object_new_object();
	const char *name = NULL;
	int rc;

	json_object_object_foreach(doc, key, value) {
		json_object_object_add(rest, key, json_object_get(value));
	}
	for (size_t i = 0; i < sizeof(mine) / sizeof(*mine); i++)
		json_object_object_del(rest, mine[i]);
	if (cmn_json_only(doc, known, err) == 0 &&
	    cmn_json_str(doc, "host_nqn", &w->host, err) == 0 &&
	    cmn_json_str_opt(doc, "name", &name, NULL, err) == 0 &&
	    cmn_json_str_opt(doc, "subsystem", &w->subsystem, NULL, err) == 0 &&
	    (name ? set_name(&w->v, name, err) : make_name(&w->v, err)) == 0)
		api_ns_read(rest, &w->ns, err);
	rc = err->code;
	json_object_put(rest); /* its texts are the document's too */
	return rc;
}

static int check_same(const struct wanted *w, const struct dsc_ns *ns, struct cmn_err *err)
{
	const char *is = dsc_backend_name[ns->backend];

	if (w->ns.size_set && w->ns.size != ns->size)
		return cmn_err_set(err, -EEXIST, "size", "volume %s exists with %llu bytes",
				   w->v.name, (unsigned long long)ns->size);
	if (w->subsystem && strcmp(w->subsystem, w->v.nqn) != 0)
		return cmn_err_set(err, -EEXIST, "subsystem", "volume %s exists in %.150s",
				   w->v.name, w->v.nqn);
	if (w->ns.backend && strcmp(w->ns.backend, is) != 0)
		return cmn_err_set(err, -EEXIST, "backend", "volume %s exists, backend %s",
				   w->v.name, is);
	if (w->ns.path && (!ns->path || strcmp(w->ns.path, ns->path) != 0))
		return cmn_err_set(err, -EEXIST, "path", "volume %s exists elsewhere", w->v.name);
	return 0;
}

/* One that is there: the host is let in. */
static int publish_old(struct wanted *w, const struct dsc_ns *ns, struct cmn_err *err)
{
	bool restricted = ns->restricted;

	if (check_same(w, ns, err) < 0 || dsc_cmd_allow(w->app, w->v.nqn, w->host, NULL, err) < 0)
		return err->code;
	if (!restricted)
		return 0;
	return dsc_cmd_ns_allow(w->app, w->v.nqn, w->v.nsid, w->host, NULL, err);
}

static int publish_new(struct wanted *w, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_batch_after(w->app);
	struct dsc_subsys_in s = { .nqn = w->v.own_nqn };
	const char *nqn = w->subsystem ? w->subsystem : w->v.own_nqn;

	if (w->subsystem && !dsc_snapshot_subsys(st, nqn))
		return cmn_err_set(err, -EINVAL, "subsystem", "there is no subsystem %.200s", nqn);
	if (!dsc_snapshot_subsys(st, nqn) && dsc_cmd_subsys_create(w->app, &s, NULL, err) < 0)
		return err->code;
	if (dsc_cmd_allow(w->app, nqn, w->host, NULL, err) < 0)
		return err->code;
	w->hosts[0] = w->host;
	if (w->subsystem) {
		w->ns.uuid = w->v.uuid;
		w->ns.hosts = (struct dsc_list){ .set = true, .item = w->hosts, .nr = 1 };
	} else {
		w->ns.nsid = 1;
	}
	w->created = true;
	return dsc_cmd_ns_create(w->app, nqn, &w->ns, NULL, err);
}

static void run(struct api_op *op, struct wanted *w)
{
	const struct dsc_ns *ns;
	struct cmn_err err = { 0 };
	struct volume found;
	int rc;

	ns = find(dsc_batch_after(w->app), &w->v);
	found = w->v;
	rc = ns ? publish_old(w, ns, &err) : publish_new(w, &err);
	op->json = json_object_new_object();
	api_add_str(op->json, "name", found.name);
	api_add_bool(op->json, "created", w->created);
	api_op_run(op, rc, &err);
}

static void post(struct api_req *req)
{
	struct wanted w = { .app = api_req_app(req) };
	struct api_op *op = api_op_begin(req, reply_published);
	struct cmn_err err = { 0 };

	if (!op)
		return;
	if (read_wanted(api_req_doc(req), &w, &err) < 0)
		api_op_fail(op, &err);
	else
		run(op, &w);
}

/* -- the end of a volume ---------------------------------------------------------------------------------------- */
/* Taken from one host: off the namespace's list, or off its own subsystem's. */
static int withdraw(struct dsc_app *app, const struct volume *v, const char *host,
		    const struct dsc_call *call, struct cmn_err *err)
{
	if (strcmp(v->nqn, v->own_nqn) == 0)
		return dsc_cmd_disallow(app, v->nqn, host, call, err);
	return dsc_cmd_ns_disallow(app, v->nqn, v->nsid, host, call, err);
}

static int end_volume(struct dsc_app *app, const struct volume *v, const struct dsc_call *call,
		      struct cmn_err *err)
{
	int rc = dsc_cmd_ns_delete(app, v->nqn, v->nsid, call, err);

	if (rc < 0 || strcmp(v->nqn, v->own_nqn) != 0)
		return rc;
	return dsc_cmd_subsys_delete(app, v->nqn, call, err);
}

static bool add_user(void *arg, const struct dsc_controller *controller)
{
	api_op_user(arg, controller->host_nqn);
	return true;
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	struct cmn_err err = { 0 };
	struct volume v = { 0 };

	if (set_name(&v, api_req_param(op->req, "name"), &err) == 0 && find(snap, &v))
		dsc_supervisor_controllers(api_req_app(op->req)->supervisor, v.nqn, NULL, add_user,
					   op);
}

static void run_drop(struct api_op *op, const struct volume *v)
{
	const char *host = api_req_query(op->req, "host_nqn");
	struct dsc_app *app = api_req_app(op->req);
	struct cmn_err err = { 0 };
	int rc;

	op->users = users;
	rc = host ? withdraw(app, v, host, &op->call, &err) : end_volume(app, v, &op->call, &err);
	api_op_run(op, rc, &err);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const char *name = api_req_param(req, "name");
	struct cmn_err err = { 0 };
	struct volume v = { 0 };
	struct api_op *op = NULL;

	if (set_name(&v, name, &err) < 0 || !find(snap, &v))
		api_failf(req, API_PROBLEM_NOT_FOUND, "name", "there is no volume %.63s", name);
	else
		op = api_op_begin(req, api_op_reply_gone);
	if (op)
		run_drop(op, &v);
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/publish"

const struct api_route api_res_publish[] = {
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "publish", "wait dry_run", post },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ALL "/{name}", "unpublish",
	  "host_nqn wait force dry_run", drop },
	{ 0 },
};
