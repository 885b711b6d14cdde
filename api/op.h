/* SPDX-License-Identifier: Apache-2.0 */
/* api/op.h - commands of the model on behalf of a request: from the query's wait, force and dry_run to the answer.
 * Owns: an op lives from api_op_begin() until it has answered, or, when the server ends first, until the command is done.
 * Thread: the control loop.  May block: never.
 *
 * Between api_op_begin() and the call that ends it the op has a batch of the model open (model/commands.h): what commands
 * write is compared with what was there, and then stored as one transaction, or with dry_run only told. */
#ifndef API_OP_H
#define API_OP_H

#include "api/req.h"
#include "discoveryd/app.h"
#include "discoveryd/model/commands.h"
#include "net/reactor.h"

#define API_OP_USERS_MAX 16

struct api_operation;
struct api_server;

struct api_op {
	TAILQ_ENTRY(api_op) link; /* server->ops */
	struct api_server *server;
	struct api_req *req; /* NULL: it has been answered */
	struct dsc_call call; /* for commands; its done() is set once they are stored */
	/* The answer when it went well, with the model as it is now.  outcome NULL: there was nothing to do. */
	void (*reply)(struct api_op *op, const struct dsc_snapshot *snap,
		      const struct dsc_outcome *outcome);
	/* Who is in the way of a deletion (-EBUSY): adds their names with api_op_user().  May be NULL. */
	void (*users)(struct api_op *op, const struct dsc_snapshot *snap);
	struct json_object *json; /* for reply, put with the op; may be NULL */
	struct json_object *existing; /* for a 409: what is there */
	bool dry_run; /* nothing is stored */
	bool tells_logs; /* reply needs op->changes with hosts' logs; else it has the objects only */
	struct json_object *changes; /* api_changes(), once the commands have run */
	char *location; /* of what is made; may be NULL */
	/* Of a deletion: does something of what has that name linger, and how many controllers are left?  NULL: it is gone at once. */
	bool (*lingers)(struct dsc_app *app, const char *name, uint64_t *ret_left);

	/* op.c's own */
	uint32_t wait_ms;
	bool async, stored, late, told; /* told: the client has the object, so it must stay */
	struct dsc_outcome outcome; /* as it was stored */
	struct net_timer timer; /* the request's wait, then looks at what lingers */
	struct api_operation *operation;
	char *lingering;
	uint64_t most_left;
	char *user[API_OP_USERS_MAX + 1];
	unsigned int nr_users;
	unsigned int more_users;
};

/* Reads wait, force, dry_run and Prefer.  NULL: it has been answered (bad parameter, no memory). */
struct api_op *api_op_begin(struct api_req *req,
			    void (*reply)(struct api_op *op, const struct dsc_snapshot *snap,
					  const struct dsc_outcome *outcome));
/* False when the object's revision isn't what If-Match names, or If-None-Match says that there must be none: answered, and op is
 * gone. */
bool api_op_if_match(struct api_op *op, uint64_t revision);
/* The object isn't there: false when If-Match says that it must be. */
bool api_op_if_absent(struct api_op *op);
/* ret and err are what the (last) command returned with op->call; op is gone from here on. */
void api_op_run(struct api_op *op, int ret, const struct cmn_err *err);
/* The handler found a fault itself, or several; op is gone. */
void api_op_fail(struct api_op *op, const struct cmn_err *err);
void api_op_fail_all(struct api_op *op, const struct cmn_err *errs, size_t nr);
/* Before a failure: what is there already; taken over. */
void api_op_existing(struct api_op *op, struct json_object *object);
void api_op_drop(struct api_op *op); /* it has been answered */
void api_op_user(struct api_op *op, const char *name);

/* A reply for whatever is gone afterwards: 204. */
void api_op_reply_gone(struct api_op *op, const struct dsc_snapshot *snap,
		       const struct dsc_outcome *outcome);
/* The object was made and is gone again by now. */
void api_op_reply_lost(struct api_op *op);

#endif
