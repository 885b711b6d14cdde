/* SPDX-License-Identifier: Apache-2.0 */
/* cli/complete.h - completion of command lines, for shells.  Thread: one.  May block: for two seconds, on the API. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/cli.h"

/* The words after `pharos __complete`, the last of which is to be completed and may be empty. */
enum cli_exit cli_complete(struct cli *cli, int argc, char **argv);

#endif
