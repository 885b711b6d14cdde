/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/file/file.h - a regular file or a block device, by the reactor's io_uring.
 * Owns: the descriptor, and the lock that fences off everybody else.  Thread: open, close and resize on the control thread; submit on
 * any reactor.  May block: open and close.
 *
 * Keys of the namespace: `path`, `size` (absent: all of it), `create` (true: the file may be made, or made longer). */
#ifndef TARGETD_BACKEND_FILE_H
#define TARGETD_BACKEND_FILE_H

#include "targetd/backend/backend.h"

extern const struct tgt_backend_ops tgt_backend_file;

#endif
