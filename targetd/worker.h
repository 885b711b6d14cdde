/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/worker.h - the process: reactors, server, registry, and the control thread's loop around them.
 * Owns: all of these.  Thread: main, which becomes the control thread.  May block: yes. */
#ifndef TARGETD_WORKER_H
#define TARGETD_WORKER_H

#include "targetd/options.h"

/* Serves until SIGTERM or a drain; returns the exit status.  Start-up errors are logged. */
int tgt_worker_run(const struct tgt_options *options);

#endif
