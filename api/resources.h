/* SPDX-License-Identifier: Apache-2.0 */
/* api/resources.h - the rows of every resource, for route_table.c.
 * Owns: constant data.  Thread: any.  May block: never. */
#ifndef API_RESOURCES_H
#define API_RESOURCES_H

#include "api/route.h"

/* keep sorted */
extern const struct api_route api_res_allow[];
extern const struct api_route api_res_ana_group[];
extern const struct api_route api_res_audit[];
extern const struct api_route api_res_backup[];
extern const struct api_route api_res_config[];
extern const struct api_route api_res_connection[];
extern const struct api_route api_res_controller[];
extern const struct api_route api_res_daemon[];
extern const struct api_route api_res_dc[];
extern const struct api_route api_res_discovery_log[];
extern const struct api_route api_res_event[];
extern const struct api_route api_res_group[];
extern const struct api_route api_res_host[];
extern const struct api_route api_res_key[];
extern const struct api_route api_res_log[];
extern const struct api_route api_res_metrics[];
extern const struct api_route api_res_namespace[];
extern const struct api_route api_res_operation[];
extern const struct api_route api_res_portal[];
extern const struct api_route api_res_referral[];
extern const struct api_route api_res_registration[];
extern const struct api_route api_res_publish[];
extern const struct api_route api_res_snapshot[];
extern const struct api_route api_res_stats[];
extern const struct api_route api_res_subsystem[];
extern const struct api_route api_res_user[];
extern const struct api_route api_res_worker[];
extern const struct api_route api_res_zone[];
extern const struct api_route api_res_zoning[];
extern const struct api_route api_res_zoning_preview[];

#endif
