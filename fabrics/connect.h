/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/connect.h - Fabrics commands: Connect, Property Get/Set, Disconnect; parsed for both kinds of queue.
 * Owns: nothing.  Thread: the connection's.  May block: never.  Spec: NVM Express Base 2.1, 6. */
#ifndef FABRICS_CONNECT_H
#define FABRICS_CONNECT_H

#include "fabrics/ctrl.h"

/* Commands of a queue that isn't connected yet: all but Connect is a Command Sequence Error. */
extern const struct fab_queue_ops fab_unbound_queue_ops;

/* Opcode 7Fh on a bound queue; admin and I/O parse() call it first. */
struct fab_status fab_fabrics_parse(struct fab_req *req);
void fab_fabrics_execute(struct fab_req *req);

/* 0 if nqn (a field of size bytes) is NUL ended, of legal length and form; -EINVAL otherwise.  Base 2.1, 4.7. */
int fab_nqn_check(const char *nqn, size_t size);

#endif
