/* SPDX-License-Identifier: Apache-2.0 */
/* cli/commands.h - the tables of commands, one per file. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command cli_help_commands[]; /* help.c */
extern const struct cli_command cli_status_commands[]; /* status.c */
extern const struct cli_command cli_subsystem_commands[]; /* subsystem.c */
extern const struct cli_command cli_namespace_commands[]; /* namespace.c */
extern const struct cli_command cli_snapshot_commands[]; /* snapshot.c */
extern const struct cli_command cli_host_commands[]; /* host.c */
extern const struct cli_command cli_group_commands[]; /* group.c */
extern const struct cli_command cli_key_commands[]; /* key.c */
extern const struct cli_command cli_referral_commands[]; /* referral.c */
extern const struct cli_command cli_dc_commands[]; /* dc.c */
extern const struct cli_command cli_zone_group_commands[], cli_zone_commands[],
	cli_zone_alias_commands[]; /* zone.c */
extern const struct cli_command cli_zoning_commands[]; /* zoning.c */
extern const struct cli_command cli_registration_commands[]; /* registration.c */
extern const struct cli_command cli_portal_commands[]; /* portal.c */
extern const struct cli_command cli_ana_group_commands[]; /* ana.c */
extern const struct cli_command cli_backup_commands[]; /* backup.c */
extern const struct cli_command cli_user_commands[]; /* user.c */
extern const struct cli_command cli_worker_commands[]; /* worker.c */
extern const struct cli_command cli_config_commands[]; /* config.c */
extern const struct cli_command cli_publish_commands[]; /* publish.c */
extern const struct cli_command cli_logs_commands[]; /* logs.c */
extern const struct cli_command cli_bundle_commands[]; /* bundle.c */
extern const struct cli_command cli_daemon_commands[]; /* daemon.c */
extern const struct cli_command cli_hostconf_commands[]; /* hostconf.c */
extern const struct cli_command cli_observe_commands[]; /* observe.c */
extern const struct cli_command cli_audit_commands[]; /* audit.c */
extern const struct cli_command cli_operation_commands[]; /* operation.c */
extern const struct cli_command cli_watch_commands[]; /* watch.c */
extern const struct cli_command cli_top_commands[]; /* top.c */
extern const struct cli_command cli_discover_commands[]; /* discover.c */
extern const struct cli_command cli_probe_commands[]; /* probe.c */
extern const struct cli_command cli_bench_commands[]; /* bench.c */

extern const struct cli_column
	cli_allowed_columns[]; /* host.c: a host in a list of those that may */

#endif
