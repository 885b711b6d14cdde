/* SPDX-License-Identifier: Apache-2.0 */
/* api/render.h - JSON of the model's rows as the contract has it, shared by the resources.
 * Owns: what it returns belongs to the caller.  Thread: the control loop.  May block: never. */
#ifndef API_RENDER_H
#define API_RENDER_H

#include "api/kind.h"
#include "api/req.h"
#include "discoveryd/app.h"
#include "discoveryd/model/commands.h"
#include "discoveryd/model/snapshot.h"
#include "fabrics/auth/key.h"

/* Members of an object; text NULL: null. */
void api_add_str(struct json_object *json, const char *name, const char *text);
void api_add_u64(struct json_object *json, const char *name, uint64_t value);
void api_add_bool(struct json_object *json, const char *name, bool value);
/* Milliseconds since 1970 as RFC 3339. */
void api_add_time(struct json_object *json, const char *name, uint64_t wall_ms);
/* {state, reason, generation} */
struct json_object *api_status(enum dsc_status state, const char *reason, uint64_t generation);
/* The same of something that a worker serves: fail says why it failed, the worker's state why it is pending. */
struct json_object *api_served_status(const struct api_ctx *ctx, uint64_t worker_id,
				      enum dsc_status state, const struct dsc_fail *fail,
				      uint64_t generation);
/* The worker's name, and its node's; null for none. */
void api_get_worker(const struct api_ctx *ctx, uint64_t worker_id, struct api_value *ret);
void api_get_node(const struct api_ctx *ctx, uint64_t worker_id, struct api_value *ret);

/* To an array of those who may: a host's NQN, or "group:NAME". */
void api_add_who(struct json_object *array, const struct dsc_snapshot *snap, uint64_t who_id);
/* The form of one that a body gives; whether there is such a group is for the command to say. */
int api_check_who(const char *text, const char *field, struct cmn_err *err);

/* Tells secrets apart, and nothing else about them (res_key.c). */
void api_key_fingerprint(const struct dsc_key *row, char ret[FAB_AUTH_FINGERPRINT_MAX]);

/* path_policy and max_paths; null where nothing is said. */
void api_get_path_policy(uint8_t policy, struct api_value *ret);
void api_get_max_paths(uint32_t max_paths, struct api_value *ret);
void api_add_paths(struct json_object *json, uint8_t policy, uint32_t max_paths);

/* The answer with an object.  No 304: its status may have changed under the same ETag, which is for If-Match. */
void api_reply_object(struct api_req *req, struct json_object *json, uint64_t revision);
/* Who is named, each ended by a newline; null when all are. */
struct json_object *api_render_hosts(bool all, const char *hosts);
/* Reading bodies.  An array of strings into a list (absent, null, or items that belong to the body); free with api_list_free().
 * -EINVAL with the field's path. */
int api_read_list(struct json_object *doc, const char *name, struct dsc_list *ret_list,
		  struct cmn_err *err);
void api_list_free(struct dsc_list *list);
/* path_policy and max_paths of a body that has been checked. */
void api_read_paths(struct json_object *doc, struct dsc_paths_in *ret);
/* true, false; null: false; absent: DSC_UNSET. */
int api_read_tri(struct json_object *doc, const char *name, enum dsc_tri *ret, struct cmn_err *err);

/* Things that a path names; on failure answered (404) and NULL. */
const struct dsc_subsys *api_path_subsys(struct api_req *req, const struct dsc_snapshot *snap);
const struct dsc_ns *api_path_ns(struct api_req *req, const struct dsc_subsys *subsys);

#endif
