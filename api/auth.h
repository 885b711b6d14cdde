/* SPDX-License-Identifier: Apache-2.0 */
/* api/auth.h - who asks, by "Authorization: Bearer TOKEN", and whether that user's role is enough for the row.
 * Owns: nothing.  Thread: the control loop.  May block: never.  Spec: RFC 6750. */
#ifndef API_AUTH_H
#define API_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_req;
struct api_server;

#define API_TOKEN_HASH 32
#define API_TOKEN_ID_MAX 16
#define API_TOKEN_MAX 96 /* "pharos_ID_SECRET" */

/* A new token: its id, the whole of it, and the hash that is stored.  False: there is no randomness. */
bool api_token_make(char id[API_TOKEN_ID_MAX], char token[API_TOKEN_MAX],
		    uint8_t hash[API_TOKEN_HASH]);

/* Notes who asks; false: answered with 401 or 403.  Where the server doesn't authenticate, anyone may do anything. */
bool api_auth_check(struct api_req *req);
/* Of one that was let in and goes on: does its token still count? */
bool api_auth_holds(const struct api_req *req);
/* Says in the log what a server that authenticates, or doesn't, means; once, when it starts. */
void api_auth_tell(const struct api_server *server, bool loopback);

#endif
