/* SPDX-License-Identifier: Apache-2.0 */
/* cli/file.h - documents and words from files.  Owns: nothing.  Thread: one.  May block: yes. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "cli/cli.h"

/* The JSON document in a file, "-" for stdin.  On anything but CLI_OK it has said why. */
enum cli_exit cli_read_json(const char *name, struct json_object **ret_doc);

/* The word that a file begins with; false: it can't be read, or has none. */
bool cli_read_word(const char *name, char *buf, size_t size);
/* An option's text; of "@FILE" the word that FILE begins with, in buf.  *ret NULL: it isn't given.  CLI_USAGE: it has said why. */
enum cli_exit cli_text_or_file(struct cli *cli, const char *option, char *buf, size_t size,
			       const char **ret);

#endif
