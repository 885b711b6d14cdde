/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/control_msg.h - what the messages of the control protocol say (docs/control-protocol.md).
 * Owns: nothing; made messages are the caller's.  Thread: the control thread.  May block: tgt_msg_apply() as tgt_apply() does. */
#ifndef TARGETD_CONTROL_MSG_H
#define TARGETD_CONTROL_MSG_H

#include "targetd/apply.h"

struct json_object;

struct tgt_hello {
	int protocol;
	const char *worker;
	uint64_t epoch, generation;
	unsigned int reactors;
	const struct tgt_fdstore *fds;
};
struct json_object *tgt_msg_hello(const struct tgt_hello *h);

/* Carries an `apply` out; *generation is what has been reached, before and after.  Returns the `applied` that answers it. */
struct json_object *tgt_msg_apply(struct tgt_world *w, struct json_object *msg,
				  uint64_t *generation);

#endif
