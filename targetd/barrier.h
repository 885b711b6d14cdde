/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/barrier.h - a change that takes something away: all reactors switch, drain, and acknowledge.
 * Owns: itself, until tgt_barrier_free().  Thread: begun and freed by the control thread; its parts run on every reactor.
 * May block: never; the control thread waits on the descriptor it named.
 *
 * On each reactor: (1) every queue of a subsystem that is `changing` gets its controller's view of now; (2) no command runs any
 * more under the views that were retired; (3) data of theirs that waits to be sent is copied out.  After that, nothing on this
 * reactor points into what the old views showed. */
#ifndef TARGETD_BARRIER_H
#define TARGETD_BARRIER_H

#include "net/server.h"
#include "targetd/subsystem.h"

struct tgt_barrier;

struct tgt_barrier_params {
	struct net_server *server;
	struct net_reactor **reactors;
	unsigned int nr_reactors;
	struct tgt_view_list old; /* taken over */
	int done_fd; /* eventfd, written once when every reactor has acknowledged */
};

/* NULL: no memory, and nothing has happened; the list is the caller's still. */
struct tgt_barrier *tgt_barrier_begin(const struct tgt_barrier_params *params);
bool tgt_barrier_done(const struct tgt_barrier *b);
void tgt_barrier_free(struct tgt_barrier *b); /* only when done */

#endif
