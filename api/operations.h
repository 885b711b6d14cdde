/* SPDX-License-Identifier: Apache-2.0 */
/* api/operations.h - work that goes on after its request was answered: what it is, how far it has got, how it ended.
 * Owns: its records, in memory: the last API_OPERATIONS_MAX that have ended, and all that go on.  Thread: the control loop.
 * May block: never. */
#ifndef API_OPERATIONS_H
#define API_OPERATIONS_H

#include "common/err.h"

#include <json-c/json.h>
#include <stdint.h>

struct api_operation;
struct api_operations;
struct api_req;
struct api_server;

struct api_operations *api_operations_create(struct api_server *server);
/* Whoever still works on one must have let go of it. */
void api_operations_destroy(struct api_operations *operations);

/* A new one, of what req asks; req may end.  The pointer lives until api_operation_end(). */
struct api_operation *api_operation_begin(struct api_req *req);
const char *api_operation_path(const struct api_operation *operation); /* "/api/v1/operations/ID" */
void api_operation_location(struct api_operation *operation, const char *location);
/* done of total in that unit ("pages"); total 0: not known. */
void api_operation_progress(struct api_operation *operation, uint64_t done, uint64_t total,
			    const char *unit);
/* err NULL or of code 0: it succeeded, with result (taken over; may be NULL). */
void api_operation_end(struct api_operation *operation, const struct cmn_err *err,
		       struct json_object *result);

/* Answers req with 202, Location and the operation. */
void api_operation_reply(struct api_operation *operation, struct api_req *req);

#endif
