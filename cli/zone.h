/* SPDX-License-Identifier: Apache-2.0 */
/* cli/zone.h - members of zones on the command line.
 * Owns: nothing.  Thread: one. */
#ifndef CLI_ZONE_H
#define CLI_ZONE_H

#include "cli/cli.h"

/* The members that --host, --subsystem and --alias name, as the API has them; a new array.  CLI_USAGE: one of them makes no sense, which
 * has been said. */
enum cli_exit cli_zone_members(const struct cli *cli, struct json_object **ret_array);
/* A member of the API in the words of the command line; returns buf. */
const char *cli_zone_member_text(struct json_object *member, char *buf, size_t size);

#endif
