/* SPDX-License-Identifier: Apache-2.0 */
/* cli/commands.c - every area of the command line, in the order in which help shows them. */
#include "cli/commands.h"

/* clang-format off */
const struct cli_command *const cli_areas[] = {
	cli_status_commands,
	cli_subsystem_commands,
	cli_namespace_commands,
	cli_host_commands,
	cli_group_commands,
	cli_registration_commands,
	cli_dc_commands,
	cli_referral_commands,
	cli_zone_group_commands,
	cli_zone_commands,
	cli_zone_alias_commands,
	cli_zoning_commands,
	cli_portal_commands,
	cli_worker_commands,
	cli_publish_commands,
	cli_config_commands,
	cli_hostconf_commands,
	cli_observe_commands,
	cli_audit_commands,
	cli_watch_commands,
	cli_top_commands,
	cli_discover_commands,
	cli_probe_commands,
	cli_bench_commands,
	cli_logs_commands,
	cli_bundle_commands,
	cli_user_commands,
	cli_daemon_commands,
	cli_help_commands,
	NULL,
};

const struct cli_resource cli_resources[] = {
	/* keep sorted */
	{ "audit", NULL, "who changed what", "audit", NULL },
	{ "controller", "ctrl", "who is connected to what", "controllers", NULL },
	{ "dc", NULL, "other discovery controllers, which are followed", "discovery-controllers", "id" },
	{ "event", "ev", "what happened", "events", NULL },
	{ "group", NULL, "named sets of hosts", "groups", "name" },
	{ "host", NULL, "hosts that are known by name", "hosts", "nqn" },
	{ "import", NULL, "take over another target's configuration", NULL, NULL },
	{ "namespace", "ns", "the disks of subsystems", "namespaces", NULL },
	{ "node", NULL, "machines of this storage system", "nodes", "id" },
	{ "operation", "op", "work that goes on after its request was answered", "operations", "id" },
	{ "portal", NULL, "addresses on which workers serve I/O", "portals", "id" },
	{ "referral", NULL, "other discovery controllers that hosts are told of", "referrals", "id" },
	{ "registration", "reg", "what hosts and discovery controllers registered", "registrations", "id" },
	{ "subsystem", "subsys", "what hosts connect to, and which hosts may", "subsystems", "nqn" },
	{ "token", NULL, "what users of the API are known by", "tokens", "id" },
	{ "user", NULL, "who may use the API", "users", "name" },
	{ "worker", NULL, "the processes that serve I/O", "workers", "id" },
	{ "zone", NULL, "hosts and subsystems that may meet, as configured", NULL, NULL },
	{ "zone-alias", "alias", "names for members of zones", "zone-aliases", "name" },
	{ "zone-group", NULL, "zones that are activated together", "zone-groups", "name" },
	{ "zoning", NULL, "what of the zones is enforced", NULL, NULL },
	{ 0 },
};
/* clang-format on */
