/* SPDX-License-Identifier: Apache-2.0 */
/* api/op.h - a command of the model on behalf of a request: from the query's wait and force to the answer.
 * Owns: an op lives from api_op_begin() until it has answered, or, when the server ends first, until the command is done.
 * Thread: the control loop.  May block: never. */
#ifndef API_OP_H
#define API_OP_H

#include "api/req.h"
#include "discoveryd/app.h"
#include "discoveryd/model/commands.h"

#define API_OP_USERS_MAX 16

struct api_op {
	struct api_req *req; /* NULL: answered for us, the server is ending */
	struct dsc_call call; /* for the command */
	/* The answer when it went well, with the model as it is now.  outcome NULL: there was nothing to do. */
	void (*reply)(struct api_op *op, const struct dsc_snapshot *snap,
		      const struct dsc_outcome *outcome);
	/* Who is in the way of a deletion (-EBUSY): adds their names with api_op_user().  May be NULL. */
	void (*users)(struct api_op *op, const struct dsc_snapshot *snap);
	struct json_object *json; /* for reply, put with the op; may be NULL */
	bool dry_run; /* reply tells what would be */
	char *user[API_OP_USERS_MAX + 1];
	unsigned int nr_users;
	unsigned int more_users;
};

/* Reads wait, force and Prefer.  NULL: it has been answered (bad parameter, no memory). */
struct api_op *api_op_begin(struct api_req *req,
			    void (*reply)(struct api_op *op, const struct dsc_snapshot *snap,
					  const struct dsc_outcome *outcome));
/* False when If-Match doesn't name revision: answered, and op is gone. */
bool api_op_if_match(struct api_op *op, uint64_t revision);
/* ret and err are what the command returned with op->call; op belongs to the command from here on. */
void api_op_run(struct api_op *op, int ret, const struct cmn_err *err);
/* The handler found a fault itself; op is gone. */
void api_op_fail(struct api_op *op, const struct cmn_err *err);
void api_op_drop(struct api_op *op); /* it has been answered */
void api_op_user(struct api_op *op, const char *name);

/* A reply for whatever is gone afterwards: 204. */
void api_op_reply_gone(struct api_op *op, const struct dsc_snapshot *snap,
		       const struct dsc_outcome *outcome);
/* The object was made and is gone again by now. */
void api_op_reply_lost(struct api_op *op);

#endif
