/* SPDX-License-Identifier: Apache-2.0 */
/* api/render.c - parts of documents that several resources share.  Thread: the control loop.  May block: never. */
#include "api/render.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/util.h"
#include "discoveryd/supervise/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void api_add_str(struct json_object *json, const char *name, const char *text)
{
	json_object_object_add(json, name, text ? json_object_new_string(text) : NULL);
}

void api_add_u64(struct json_object *json, const char *name, uint64_t value)
{
	json_object_object_add(json, name, json_object_new_uint64(value));
}

void api_add_bool(struct json_object *json, const char *name, bool value)
{
	json_object_object_add(json, name, json_object_new_boolean(value));
}

void api_add_time(struct json_object *json, const char *name, uint64_t wall_ms)
{
	char text[CMN_TIME_LEN];

	api_add_str(json, name, cmn_time_format(wall_ms, text));
}

struct json_object *api_render_hosts(bool all, const char *hosts)
{
	struct json_object *array = all ? NULL : json_object_new_array();
	const char *end;

	for (const char *p = hosts; array && (end = strchr(p, '\n')); p = end + 1)
		json_object_array_add(array, json_object_new_string_len(p, (int)(end - p)));
	return array;
}

struct json_object *api_status(enum dsc_status state, const char *reason, uint64_t generation)
{
	struct json_object *status = json_object_new_object();

	api_add_str(status, "state", dsc_status_name[state]);
	api_add_str(status, "reason", reason);
	api_add_u64(status, "generation", generation);
	return status;
}

struct json_object *api_served_status(const struct api_ctx *ctx, uint64_t worker_id,
				      enum dsc_status state, const struct dsc_fail *fail,
				      uint64_t generation)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(ctx->snap, worker_id);
	struct dsc_worker_info info = { .state = DSC_WORKER_STOPPED };
	char text[DSC_NAME_MAX + 48];

	if (state != DSC_PENDING)
		return api_status(state, fail ? fail->reason : NULL, generation);
	if (worker)
		dsc_supervisor_worker(ctx->app->supervisor, worker->name, &info);
	if (!worker)
		snprintf(text, sizeof(text), "there is no worker for it");
	else if (info.state != DSC_WORKER_RUNNING)
		snprintf(text, sizeof(text), "worker %s is %s", worker->name,
			 dsc_worker_state_name[info.state]);
	else
		snprintf(text, sizeof(text), "worker %s has not confirmed it yet", worker->name);
	return api_status(state, text, generation);
}

void api_get_worker(const struct api_ctx *ctx, uint64_t worker_id, struct api_value *ret)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(ctx->snap, worker_id);

	ret->text = worker ? worker->name : NULL;
}

void api_get_node(const struct api_ctx *ctx, uint64_t worker_id, struct api_value *ret)
{
	const struct dsc_worker *worker = dsc_snapshot_worker_id(ctx->snap, worker_id);
	const struct dsc_node *node = worker ? dsc_snapshot_node_id(ctx->snap, worker->node_id)
					     : NULL;

	ret->text = node ? node->name : NULL;
}

void api_add_who(struct json_object *array, const struct dsc_snapshot *snap, uint64_t who_id)
{
	char buf[DSC_NQN_MAX + 1];
	const char *text = dsc_snapshot_who_text(snap, who_id, buf);

	if (text)
		json_object_array_add(array, json_object_new_string(text));
}

int api_check_who(const char *text, const char *field, struct cmn_err *err)
{
	if (strncmp(text, DSC_GROUP_PREFIX, strlen(DSC_GROUP_PREFIX)) == 0)
		return 0;
	if (dsc_nqn_check(text, field, err) < 0)
		return cmn_err_valid(err, "an NQN, or " DSC_GROUP_PREFIX "NAME");
	return 0;
}

void api_reply_object(struct api_req *req, struct json_object *json, uint64_t revision)
{
	char etag[24];

	api_reply_header(req, "ETag", api_etag(revision, etag, sizeof(etag)));
	api_reply_json(req, 200, json);
}

int api_read_list(struct json_object *doc, const char *name, struct dsc_list *ret_list,
		  struct cmn_err *err)
{
	struct json_object *array;
	const char **items;

	memset(ret_list, 0, sizeof(*ret_list));
	if (!cmn_json_has(doc, name))
		return 0;
	if (cmn_json_arr_opt(doc, name, &array, err) < 0)
		return err->code;
	ret_list->set = true;
	ret_list->null = !array;
	if (!array)
		return 0;
	ret_list->nr = json_object_array_length(array);
	items = calloc(ret_list->nr + 1, sizeof(*items));
	if (!items)
		return cmn_err_set(err, -ENOMEM, name, "out of memory");
	ret_list->item = items;
	for (size_t i = 0; i < ret_list->nr; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		char field[64];

		items[i] = json_object_get_string(item);
		if (json_object_is_type(item, json_type_string))
			continue;
		snprintf(field, sizeof(field), "%s[%zu]", name, i);
		return cmn_err_set(err, -EINVAL, field, "%s must be an array of text", name);
	}
	return 0;
}

void api_list_free(struct dsc_list *list)
{
	free((void *)(uintptr_t)list->item);
	list->item = NULL;
}

void api_get_path_policy(uint8_t policy, struct api_value *ret)
{
	ret->text = policy == DSC_PATHS_UNSET ? NULL : dsc_path_policy_name[policy];
}

void api_get_max_paths(uint32_t max_paths, struct api_value *ret)
{
	ret->number = max_paths;
	ret->null = !max_paths;
}

void api_add_paths(struct json_object *json, uint8_t policy, uint32_t max_paths)
{
	struct api_value value = { 0 };

	api_get_path_policy(policy, &value);
	api_add_str(json, "path_policy", value.text);
	json_object_object_add(json, "max_paths",
			       max_paths ? json_object_new_uint64(max_paths) : NULL);
}

void api_read_paths(struct json_object *doc, struct dsc_paths_in *ret)
{
	ret->policy = api_body_told(doc, "path_policy");
	ret->max_set = cmn_json_has(doc, "max_paths");
	ret->max = (uint32_t)api_body_u64(doc, "max_paths");
}

int api_read_tri(struct json_object *doc, const char *name, enum dsc_tri *ret, struct cmn_err *err)
{
	bool value = false;

	if (!cmn_json_has(doc, name))
		return 0;
	if (cmn_json_bool_opt(doc, name, &value, NULL, err) < 0)
		return err->code;
	*ret = value ? DSC_YES : DSC_NO;
	return 0;
}

const struct dsc_subsys *api_path_subsys(struct api_req *req, const struct dsc_snapshot *snap)
{
	const char *nqn = api_req_param(req, "nqn");
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(snap, nqn);

	if (!subsys)
		api_failf(req, API_PROBLEM_NOT_FOUND, "nqn", "there is no subsystem %.223s", nqn);
	return subsys;
}

const struct dsc_ns *api_path_ns(struct api_req *req, const struct dsc_subsys *subsys)
{
	const char *text = api_req_param(req, "nsid");
	const struct dsc_ns *ns = NULL;
	uint64_t nsid;

	if (cmn_parse_u64(text, 1, UINT32_MAX, &nsid) == 0)
		ns = dsc_snapshot_ns(subsys, (uint32_t)nsid);
	if (!ns)
		api_failf(req, API_PROBLEM_NOT_FOUND, "nsid",
			  "the subsystem has no namespace %.20s", text);
	return ns;
}
