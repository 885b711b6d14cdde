/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/null/null.h - a namespace that forgets: writes go nowhere, reads are zeroes.  For measuring.
 * Owns: nothing.  Thread: see backend.h.  May block: never. */
#ifndef TARGETD_BACKEND_NULL_H
#define TARGETD_BACKEND_NULL_H

#include "targetd/backend/backend.h"

extern const struct tgt_backend_ops tgt_backend_null;

#endif
