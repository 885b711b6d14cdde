/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/copier.h - a thread that makes one image (targetd/image.h), of a namespace at one moment or of a file nobody writes to.
 * Owns: itself, until tgt_copier_finish().  Thread: these are the control thread's; the image is made by the copier's own.
 * May block: tgt_copier_finish(), unless tgt_copier_has_ended().
 *
 * The moment of a namespace is when its range lock is all the copier's, for reading: every command that was completed before has changed
 * its bytes, and no other changes one until the copier lets go.  Until then writes wait, for max_hold_ns at most; reads go on. */
#ifndef TARGETD_COPIER_H
#define TARGETD_COPIER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct tgt_copier;
struct tgt_rangelock;

struct tgt_copier_params {
	int from; /* taken over, whatever is returned */
	uint64_t size;
	const char *path;
	struct tgt_rangelock *
		lock; /* of the namespace, until tgt_copier_has_left(); NULL: a file nobody writes to */
	uint64_t max_hold_ns;
	int event_fd; /* eventfd, written when it has left and when it has ended */
};

struct tgt_copier_result {
	bool shared; /* FICLONE */
	uint64_t held_ms; /* how long writes waited; 0 without a lock */
	uint64_t taken_at; /* the moment, wall clock, ms; without a lock when it began */
	struct cmn_err err; /* of an image that wasn't made */
};

struct tgt_copier *tgt_copier_start(const struct tgt_copier_params *params, struct cmn_err *err);
/* It gives up as soon as it can, for that reason (a literal). */
void tgt_copier_cancel(struct tgt_copier *c, const char *reason);
uint64_t tgt_copier_done(const struct tgt_copier *c); /* bytes of size */
bool tgt_copier_has_left(const struct tgt_copier *c); /* it doesn't touch the lock any more */
bool tgt_copier_has_ended(const struct tgt_copier *c);
/* Waits for its end and frees it.  0, or -errno and ret->err. */
int tgt_copier_finish(struct tgt_copier *c, struct tgt_copier_result *ret);

#endif
