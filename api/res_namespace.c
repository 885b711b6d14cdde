/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_namespace.c - /subsystems/{nqn}/namespaces.  Thread: the control loop.
 * May block: the look at a new namespace's file (see model/commands.h); else never. */
#include "api/config_doc.h"
#include "api/op.h"
#include "api/render.h"
#include "api/resources.h"

#include "common/json.h"
#include "common/size.h"
#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void add_hex(struct json_object *json, const char *name, const uint8_t *bytes, size_t len)
{
	char text[33];

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	api_add_str(json, name, text);
}

static struct json_object *render_hosts(const struct dsc_snapshot *snap, const struct dsc_ns *ns)
{
	struct json_object *array;
	const void *id;

	if (!ns->restricted)
		return NULL;
	array = json_object_new_array();
	dsc_tree_each(id, ns->hosts, &dsc_ids_ops) api_add_who(array, snap, dsc_id(id));
	return array;
}

static struct json_object *render(struct dsc_app *app, const struct dsc_snapshot *snap,
				  const struct dsc_subsys *subsys, const struct dsc_ns *ns)
{
	struct json_object *json = json_object_new_object();
	char uuid[CMN_UUID_STR_LEN + 1];
	const struct dsc_fail *fail = NULL;
	enum dsc_status state = dsc_snapshot_subsys_status(snap, subsys, ns->nsid, &fail);

	api_add_str(json, "nqn", subsys->nqn);
	api_add_u64(json, "nsid", ns->nsid);
	api_add_str(json, "uuid", cmn_uuid_format(&ns->uuid, uuid));
	add_hex(json, "nguid", ns->nguid, sizeof(ns->nguid));
	add_hex(json, "eui64", ns->eui64, sizeof(ns->eui64));
	api_add_str(json, "backend", dsc_backend_name[ns->backend]);
	api_add_str(json, "path", ns->path);
	api_add_u64(json, "size", ns->size);
	api_add_u64(json, "block_size", ns->block_size);
	api_add_bool(json, "read_only", ns->read_only);
	json_object_object_add(json, "hosts", render_hosts(snap, ns));
	api_add_time(json, "created_at", ns->created_ms);
	api_add_served_status(json, app, dsc_snapshot_worker_id(snap, subsys->worker_id), state,
			      fail, ns->changed);
	return json;
}

static void list(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns;
	struct api_page page;
	uint64_t after = 0;
	uint32_t nsid;
	char key[16];

	if (!subsys || !api_page_begin(req, &page))
		goto out_put;
	if (page.cursor)
		cmn_parse_u64(page.cursor, 0, UINT32_MAX, &after);
	nsid = (uint32_t)after;
	while ((ns = dsc_tree_next(subsys->namespaces, &dsc_ns_ops, &nsid)) &&
	       !api_page_full(&page)) {
		nsid = ns->nsid;
		snprintf(key, sizeof(key), "%u", nsid);
		api_page_add(&page, render(api_req_app(req), snap, subsys, ns), key);
	}
	api_reply_json(req, 200, api_page_end(&page));
out_put:
	dsc_snapshot_put(snap);
}

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns = subsys ? api_path_ns(req, subsys) : NULL;

	if (ns)
		api_reply_object(req, render(api_req_app(req), snap, subsys, ns), ns->changed);
	dsc_snapshot_put(snap);
}

static void reply_created(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, api_req_param(op->req, "nqn"));
	const struct dsc_ns *ns = subsys ? dsc_snapshot_ns(subsys, outcome->nsid) : NULL;
	char nqn[3 * DSC_NQN_MAX + 1], location[1024];

	if (!ns) {
		api_op_reply_lost(op);
		return;
	}
	api_uri_encode(subsys->nqn, nqn, sizeof(nqn));
	snprintf(location, sizeof(location), "/api/v1/subsystems/%s/namespaces/%u", nqn, ns->nsid);
	api_reply_created(op->req, render(api_req_app(op->req), snap, subsys, ns), ns->changed,
			  location);
}

static void reply_changed(struct api_op *op, const struct dsc_snapshot *snap,
			  const struct dsc_outcome *outcome)
{
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, api_req_param(op->req, "nqn"));
	uint64_t nsid = 0;
	const struct dsc_ns *ns;

	(void)outcome;
	cmn_parse_u64(api_req_param(op->req, "nsid"), 1, UINT32_MAX, &nsid);
	ns = subsys ? dsc_snapshot_ns(subsys, (uint32_t)nsid) : NULL;
	if (ns)
		api_reply_object(op->req, render(api_req_app(op->req), snap, subsys, ns),
				 ns->changed);
	else
		api_op_reply_lost(op);
}

/* A number of bytes, or text such as "1GiB". */
static int read_size(struct json_object *doc, struct dsc_ns_in *in, struct cmn_err *err)
{
	struct json_object *size;
	int ret;

	if (!json_object_object_get_ex(doc, "size", &size) || !size)
		return 0;
	in->size_set = true;
	if (!json_object_is_type(size, json_type_string))
		return cmn_json_u64(doc, "size", &in->size, err);
	ret = cmn_size_parse(json_object_get_string(size), &in->size);
	if (ret < 0)
		return cmn_err_set(err, -EINVAL, "size",
				   ret == -ERANGE ? "size is beyond 64 bits"
						  : "size must be bytes, or text such as \"1GiB\"");
	return 0;
}

static int read_common(struct json_object *doc, struct dsc_ns_in *in, struct cmn_err *err)
{
	if (read_size(doc, in, err) < 0 || api_read_tri(doc, "read_only", &in->read_only, err) < 0)
		return err->code;
	return api_read_list(doc, "hosts", &in->hosts, err);
}

static int read_u32(struct json_object *doc, const char *name, uint32_t min, uint32_t max,
		    uint32_t *ret, struct cmn_err *err)
{
	uint64_t value = 0;
	bool has;

	if (cmn_json_u64_opt(doc, name, &value, &has, err) < 0)
		return err->code;
	if (!has)
		return 0;
	*ret = (uint32_t)value;
	return cmn_json_range(name, value, min, max, err);
}

int api_ns_read(struct json_object *doc, struct dsc_ns_in *in, struct cmn_err *err)
{
	static const char *const known[] = { "nsid",	   "size",	"backend", "path",
					     "block_size", "uuid",	"nguid",   "eui64",
					     "hosts",	   "read_only", NULL };

	if (cmn_json_only(doc, known, err) < 0 ||
	    read_u32(doc, "nsid", 1, DSC_NSID_MAX, &in->nsid, err) < 0 ||
	    read_u32(doc, "block_size", 512, 4096, &in->block_size, err) < 0 ||
	    cmn_json_str_opt(doc, "backend", &in->backend, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "path", &in->path, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "uuid", &in->uuid, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "nguid", &in->nguid, NULL, err) < 0 ||
	    cmn_json_str_opt(doc, "eui64", &in->eui64, NULL, err) < 0)
		return err->code;
	return read_common(doc, in, err);
}

static void run_create(struct api_op *op, const char *nqn)
{
	struct dsc_ns_in in = { 0 };
	struct cmn_err err = { 0 };

	if (api_ns_read(api_req_doc(op->req), &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op, dsc_cmd_ns_create(api_req_app(op->req), nqn, &in, &op->call, &err),
			   &err);
	api_list_free(&in.hosts);
}

static void create(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	struct api_op *op = subsys ? api_op_begin(req, reply_created) : NULL;

	if (op)
		run_create(op, subsys->nqn);
	dsc_snapshot_put(snap);
}

static void run_patch(struct api_op *op, const char *nqn, uint32_t nsid)
{
	static const char *const known[] = { "size", "read_only", "hosts", NULL };
	struct json_object *doc = api_req_doc(op->req);
	struct dsc_ns_in in = { 0 };
	struct cmn_err err = { 0 };

	if (cmn_json_only(doc, known, &err) < 0 || read_common(doc, &in, &err) < 0)
		api_op_fail(op, &err);
	else
		api_op_run(op,
			   dsc_cmd_ns_update(api_req_app(op->req), nqn, nsid, &in, &op->call, &err),
			   &err);
	api_list_free(&in.hosts);
}

static void patch(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns = subsys ? api_path_ns(req, subsys) : NULL;
	struct api_op *op = ns ? api_op_begin(req, reply_changed) : NULL;

	if (op && api_op_if_match(op, ns->changed))
		run_patch(op, subsys->nqn, ns->nsid);
	dsc_snapshot_put(snap);
}

/* A controller whose host sees the namespace. */
struct seeing {
	struct api_op *op;
	const struct dsc_snapshot *snap;
	const struct dsc_ns *ns;
};

static bool add_user(void *arg, const struct dsc_controller *controller)
{
	const struct seeing *seeing = arg;
	const struct dsc_host *host = dsc_snapshot_host(seeing->snap, controller->host_nqn);

	if (!seeing->ns->restricted ||
	    (host && dsc_tree_find(seeing->ns->hosts, &dsc_ids_ops, &host->id)))
		api_op_user(seeing->op, controller->host_nqn);
	return true;
}

static void users(struct api_op *op, const struct dsc_snapshot *snap)
{
	const char *nqn = api_req_param(op->req, "nqn");
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, nqn);
	struct seeing seeing = { .op = op, .snap = snap };
	uint64_t nsid = 0;

	cmn_parse_u64(api_req_param(op->req, "nsid"), 1, UINT32_MAX, &nsid);
	seeing.ns = subsys ? dsc_snapshot_ns(subsys, (uint32_t)nsid) : NULL;
	if (seeing.ns)
		dsc_supervisor_controllers(api_req_app(op->req)->supervisor, nqn, NULL, add_user,
					   &seeing);
}

static void drop(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	const struct dsc_subsys *subsys = api_path_subsys(req, snap);
	const struct dsc_ns *ns = subsys ? api_path_ns(req, subsys) : NULL;
	struct api_op *op = ns ? api_op_begin(req, api_op_reply_gone) : NULL;
	struct cmn_err err = { 0 };

	if (op && api_op_if_match(op, ns->changed)) {
		op->users = users;
		api_op_run(
			op,
			dsc_cmd_ns_delete(api_req_app(req), subsys->nqn, ns->nsid, &op->call, &err),
			&err);
	}
	dsc_snapshot_put(snap);
}

#define ALL "/api/v1/subsystems/{nqn}/namespaces"
#define ONE ALL "/{nsid}"

const struct api_route api_res_namespace[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ALL, "listNamespaces", "limit cursor", list },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, ALL, "createNamespace", "wait", create },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, ONE, "getNamespace", NULL, get },
	{ API_PATCH, API_ROLE_WRITE, API_BODY_MERGE, ONE, "patchNamespace", "wait force", patch },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, ONE, "deleteNamespace", "wait force", drop },
	{ 0 },
};
