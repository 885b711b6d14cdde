/* SPDX-License-Identifier: Apache-2.0 */
/* cli/logs.h - the logs of discoveryd and its workers, from where they are written.  Owns: nothing.  Thread: one.  May block: yes. */
#ifndef CLI_LOGS_H
#define CLI_LOGS_H

#include <stdio.h>

#include "cli/cli.h"

/* Copies the last `most` bytes of a file, from the beginning of a line on.  0 or -errno. */
int cli_log_tail(const char *path, size_t most, FILE *out);

/* Runs a program with its output into a file (NULL: ours); its exit status, or -errno. */
int cli_run_program(const char *const argv[], FILE *out);

#endif
