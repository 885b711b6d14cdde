/* SPDX-License-Identifier: Apache-2.0 */
/* api/changes.h - what the open batch of commands means: object by object, and host by host.
 * Owns: what it returns belongs to the caller.  Thread: the control loop.  May block: never. */
#ifndef API_CHANGES_H
#define API_CHANGES_H

#include <json-c/json.h>
#include <stdbool.h>

struct dsc_app;

/* An array of {action, kind, id, ...} for every object of a kind with a resource that differs; its desired members only. */
struct json_object *api_changes_objects(struct dsc_app *app);
/* An array of {host_nqn, gains, loses}: entries of discovery logs, once every worker has confirmed.  *ret_complete false: there was too
 * much to compare, and more hosts may be concerned. */
struct json_object *api_changes_logs(struct dsc_app *app, bool *ret_complete);
/* {dry_run, changes, hosts, hosts_complete}: both. */
struct json_object *api_changes(struct dsc_app *app, bool dry_run);

#endif
