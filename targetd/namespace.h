/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/namespace.h - a live namespace: its open backend, its range lock, its counters, and pictures of it for views.
 * Owns: the backend, the lock, the counters.  Thread: the control thread; reactors use what pictures point at.
 * May block: opening, resizing and closing do. */
#ifndef TARGETD_NAMESPACE_H
#define TARGETD_NAMESPACE_H

#include "targetd/io.h"
#include "targetd/state.h"

struct tgt_volume {
	char name[TGT_NQN_LEN + 16]; /* "nqn/nsid", for messages */
	uint32_t nsid, block_size;
	uint8_t uuid[16], nguid[16], eui64[8];
	uint64_t size; /* as it is served */
	char backend_name[32];
	char *path;
	unsigned int nr_reactors;
	struct tgt_backend *backend;
	struct tgt_geometry geo;
	struct tgt_rangelock *lock;
	struct tgt_ns_stats *stats; /* [nr_reactors] */
	struct tgt_told told;
	bool copied; /* somebody copies it: its pictures have the lock, whatever it lies in */
};

struct tgt_volume_params {
	const char *nqn;
	const struct tgt_ns_spec *spec;
	int memfd; /* -1: none was handed over */
	unsigned int nr_reactors;
};

int tgt_volume_open(const struct tgt_volume_params *params, struct tgt_volume **ret,
		    struct cmn_err *err);
/* No view shows it any more, on any reactor. */
void tgt_volume_close(struct tgt_volume *vol);
/* True when spec describes this very volume, whatever its size, hosts and write access: it can go on as it is. */
bool tgt_volume_is(const struct tgt_volume *vol, const struct tgt_ns_spec *spec);
/* Growing only: shrinking would cut off what hosts have written. */
int tgt_volume_resize(struct tgt_volume *vol, uint64_t size, struct cmn_err *err);
/* A descriptor for reading what it stores, from byte 0 on, of an open file description of its own; the caller closes it. */
int tgt_volume_reopen(struct tgt_volume *vol, struct cmn_err *err);
/* Marks it as being copied or not.  True: pictures made before that don't do any more. */
bool tgt_volume_set_copied(struct tgt_volume *vol, bool copied);
/* As a view shows it from now on, by what spec (of this volume) says of access; freed by free() after the barrier that ended its use.
 * NULL: no memory. */
struct tgt_ns *tgt_volume_picture(struct tgt_volume *vol, const struct tgt_ns_spec *spec);
/* Does the picture show what spec says of access? */
bool tgt_picture_is(const struct tgt_ns *pic, const struct tgt_ns_spec *spec);

#endif
