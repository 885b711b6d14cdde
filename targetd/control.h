/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/control.h - the worker's end of the control protocol (docs/control-protocol.md): a socket that discoveryd connects to.
 * Owns: the socket and its connections.  Thread: the control thread.  May block: in tgt_apply(); meanwhile
 * tgt_control_ready() is called from its wait, answers what it can and puts further changes off. */
#ifndef TARGETD_CONTROL_H
#define TARGETD_CONTROL_H

#include <poll.h>

#include "targetd/apply.h"

struct tgt_control;

struct tgt_control_params {
	const char *path, *worker;
	struct tgt_world *world;
	int loops_fd; /* memfd of the loop counters */
	void (*drain)(void *arg); /* discoveryd asked for it */
	void *drain_arg;
};

#define TGT_CONTROL_PEERS 4
#define TGT_CONTROL_POLLFDS (TGT_CONTROL_PEERS + 1)

struct tgt_control *tgt_control_create(const struct tgt_control_params *params,
				       struct cmn_err *err);
void tgt_control_destroy(struct tgt_control *c); /* removes the socket's file */

/* What to poll for; returns how many entries it filled. */
int tgt_control_pollfds(struct tgt_control *c, struct pollfd *pfd);
int tgt_control_timeout(
	struct tgt_control *c); /* ms until tick() has something to do; -1: nothing */
/* Takes what came, sends what waits.  pfd, nr: as polled. */
void tgt_control_ready(struct tgt_control *c, const struct pollfd *pfd, int nr);
/* Changes put off and reports that are due.  Not from within a wait for a barrier. */
void tgt_control_tick(struct tgt_control *c);

#endif
