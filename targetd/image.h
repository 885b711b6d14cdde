/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/image.h - a new file with the bytes of another: blocks are shared where the file system can, else copied, holes staying holes.
 * Owns: the file it makes, until it is whole.  Thread: any.  May block: yes, for as long as the disks take.
 *
 * What is under way is in `<path>.partial`: at path there is all of it, durable, or nothing. */
#ifndef TARGETD_IMAGE_H
#define TARGETD_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct tgt_image_params {
	int from; /* readable; stays the caller's */
	uint64_t size; /* so many of its bytes */
	const char *path; /* absolute; nothing is there yet */
	/* For what is written to: in between nobody does, and what it has then is what the image has.  hold() that fails leaves nothing held.
	 * hold NULL: nobody writes to it at all. */
	int (*hold)(void *arg, struct cmn_err *err);
	void (*release)(void *arg);
	/* Called every now and then; done: bytes of size that have been seen to, which begins anew in hold().  Negative: give up, *err has the
	 * reason. */
	int (*go_on)(void *arg, uint64_t done, struct cmn_err *err);
	void *arg;
};

/* 0, *ret_shared: by FICLONE; or -errno with err->field = "path" where that is to blame: then nothing is left. */
int tgt_image_make(const struct tgt_image_params *params, bool *ret_shared, struct cmn_err *err);

#endif
