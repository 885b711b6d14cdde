/* SPDX-License-Identifier: Apache-2.0 */
/* api/zone_json.h - members of zones as the contract has them.
 * Owns: what it returns belongs to the caller.  Thread: the control loop.  May block: never. */
#ifndef API_ZONE_JSON_H
#define API_ZONE_JSON_H

#include "api/render.h"
#include "discoveryd/model/zone_commands.h"

/* An array of members (absent: unset, and nothing to free); free with api_members_free().  -EINVAL with the path in err->field. */
int api_members_read(struct json_object *doc, const char *name, struct dsc_members_in *ret,
		     struct cmn_err *err);
void api_members_free(struct dsc_members_in *members);

/* default_zone, open or closed: is it to be closed? */
int api_read_default_zone(struct json_object *doc, enum dsc_tri *ret, struct cmn_err *err);

struct json_object *api_member_render(const struct dsc_zone_member *m);
/* An array of the lines from text up to end (NULL: all of it). */
struct json_object *api_members_render(const char *text, const char *end);
/* The zones of an active group: [{name, fabric_enforced, members}]. */
struct json_object *api_active_zones_render(const char *text);

#endif
