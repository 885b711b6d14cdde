/* SPDX-License-Identifier: Apache-2.0 */
/* cli/scrub.h - takes secrets out of text that is handed to somebody else.  Owns: nothing.  Thread: one.  May block: never. */
#ifndef CLI_SCRUB_H
#define CLI_SCRUB_H

/* A copy, to be freed, with "[removed]" where the text has what looks like a secret: host and TLS keys in their interchange formats, private
 * keys, bearer tokens, passwords in URLs, and the values of members and settings that are called secret, password, token, psk or key
 * of an authentication.  NULL: out of memory. */
char *cli_scrub(const char *text);

#endif
