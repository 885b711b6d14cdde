/* SPDX-License-Identifier: Apache-2.0 */
/* api/route_table.c - the whole surface of the API: one line per resource; its rows end its res_<name>.c.
 * A unit test compares the rows with api/openapi.yaml.  Thread: any.  May block: never. */
#include "api/resources.h"

/* clang-format off */
const struct api_route *const api_route_table[] = {
	api_res_subsystem,
	api_res_namespace,
	api_res_snapshot,
	api_res_allow,
	api_res_host,
	api_res_group,
	api_res_key,
	api_res_portal,
	api_res_ana_group,
	api_res_worker,
	api_res_config,
	api_res_publish,
	api_res_event,
	api_res_audit,
	api_res_operation,
	api_res_controller,
	api_res_connection,
	api_res_stats,
	api_res_discovery_log,
	api_res_daemon,
	api_res_log,
	api_res_metrics,
	api_res_registration,
	api_res_referral,
	api_res_dc,
	api_res_zone,
	api_res_zoning,
	api_res_zoning_preview,
	api_res_user,
	api_res_backup,
	NULL,
};
/* clang-format on */
