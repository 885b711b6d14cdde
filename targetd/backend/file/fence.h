/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/file/fence.h - one namespace per file: an flock on the backend's own open file description.
 * Owns: what is locked by this process, a thread while it waits.  Thread: see each function.  May block: tgt_fence_begin() for
 * a fraction of a second.
 *
 * The kernel frees the lock when the last reference to that description goes, and a write in flight holds one.  So the lock of a
 * worker that was killed frees when its last write has landed, and not before: an old write can't overtake a newer one. */
#ifndef TARGETD_BACKEND_FILE_FENCE_H
#define TARGETD_BACKEND_FILE_FENCE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/err.h"

struct tgt_fence;

/* Locks fd, or begins to wait for who is going to free it (a process that is ending, or has ended with I/O in flight).
 * -EBUSY when it is in use: another namespace of ours, or a living process; *err names it.  Waiting ends in free_now(arg), once,
 * on a thread of its own; waiting(arg) is called on that thread every now and then until then. */
struct tgt_fence_params {
	int fd;
	const struct stat *st; /* of fd */
	const char *path, *ns_name;
	void (*free_now)(void *arg);
	void (*waiting)(void *arg);
	void *arg;
};
int tgt_fence_begin(const struct tgt_fence_params *params, struct tgt_fence **ret,
		    struct cmn_err *err);
bool tgt_fence_is_free(const struct tgt_fence *fence); /* any thread: the lock is ours */
/* Stops waiting; the lock goes with fd, which the caller closes after this. */
void tgt_fence_end(struct tgt_fence *fence);

#endif
