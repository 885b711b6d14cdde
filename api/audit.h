/* SPDX-License-Identifier: Apache-2.0 */
/* api/audit.h - notes who changed what, for GET /audit, the log, and requests that are sent once more.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#ifndef API_AUDIT_H
#define API_AUDIT_H

#include <stdbool.h>

struct api_req;
struct dsc_audit;
struct json_object;

/* Of the batch that is open: stored with it.  changes (api_changes_objects()) is borrowed; location may be NULL. */
void api_audit_batch(struct api_req *req, struct json_object *changes, const char *location);
/* Of what the request did beside the model. */
void api_audit_note(struct api_req *req);

#define API_ONCE_MAX 128 /* bytes of an Idempotency-Key */
/* Has a request with this Idempotency-Key been done before?  *ret_before: its record, NULL: no, or there is no such header.  False: it
 * has been answered, since the key is of another request or of one that isn't done yet. */
bool api_audit_once(struct api_req *req, const struct dsc_audit **ret_before);

#endif
