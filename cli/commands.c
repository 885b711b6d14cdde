/* SPDX-License-Identifier: Apache-2.0 */
/* cli/commands.c - every area of the command line, in the order in which help shows them. */
#include "cli/commands.h"

/* clang-format off */
const struct cli_command *const cli_areas[] = {
	cli_status_commands,
	cli_subsystem_commands,
	cli_namespace_commands,
	cli_host_commands,
	cli_registration_commands,
	cli_referral_commands,
	cli_portal_commands,
	cli_worker_commands,
	cli_config_commands,
	cli_hostconf_commands,
	cli_observe_commands,
	cli_watch_commands,
	cli_discover_commands,
	cli_probe_commands,
	cli_bench_commands,
	NULL,
};
/* clang-format on */
