/* SPDX-License-Identifier: Apache-2.0 */
/* cli/file.h - documents from files.  Owns: nothing.  Thread: one.  May block: yes. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "cli/cli.h"

/* The JSON document in a file, "-" for stdin.  On anything but CLI_OK it has said why. */
enum cli_exit cli_read_json(const char *name, struct json_object **ret_doc);

#endif
