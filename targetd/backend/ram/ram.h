/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/ram/ram.h - a namespace in shared memory.
 * Owns: its mapping and its own descriptor of the memfd; discoveryd holds another, so that the contents outlive a worker.  A memfd
 * that is gone is never replaced here when one was to be given (spec->memfd >= 0): who opens decides about identity.
 * Thread: see backend.h.  May block: opening may, where it takes all memory first (option "prefault": true). */
#ifndef TARGETD_BACKEND_RAM_H
#define TARGETD_BACKEND_RAM_H

#include "targetd/backend/backend.h"

extern const struct tgt_backend_ops tgt_backend_ram;

#endif
