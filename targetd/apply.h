/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/apply.h - makes what is live like what is desired: what goes, goes behind a barrier; then what is new comes.
 * Owns: portals, the set of identifiers, descriptors held for discoveryd.  Thread: the control thread.
 * May block: opening backends and waiting for barriers do, never with the registry's mutex held. */
#ifndef TARGETD_APPLY_H
#define TARGETD_APPLY_H

#include "targetd/fdstore.h"
#include "targetd/portal.h"
#include "targetd/registry.h"

struct tgt_copies;

struct tgt_world {
	struct tgt_registry *reg;
	struct net_server *server;
	struct tgt_fdstore *fds;
	struct tgt_idset *ids;
	struct tgt_copies *copies; /* targetd/copies.h */
	bool supervised;
	int wake_fd; /* eventfd that barriers and copiers write */
	void (*wait)(
		void *arg); /* called over and over while a barrier isn't done; returns after a while or when it may be */
	void *wait_arg;
};

/* Reactors run.  supervised, notify_fd: see struct tgt_registry. */
int tgt_world_init(struct tgt_world *w, struct net_server *server, struct tgt_registry *reg,
		   bool supervised);
/* Their connections answer what is in flight and close.  Before the server is destroyed. */
void tgt_world_close_portals(struct tgt_world *w);
/* Reactors have stopped and the server is destroyed. */
void tgt_world_fini(struct tgt_world *w);

struct tgt_change {
	bool full; /* what isn't named goes */
	struct tgt_state st;
	unsigned int nr_gone_portals, nr_gone_subsystems;
	const char **gone_portals, **gone_subsystems; /* borrowed */
};

struct tgt_failure { /* is not served, and why */
	char nqn[TGT_NQN_LEN], portal[TGT_PORTAL_ID_MAX];
	uint32_t nsid; /* 0: the subsystem or portal itself */
	struct cmn_err err;
};

struct tgt_failures {
	unsigned int nr, size;
	struct tgt_failure *f;
};

/* Takes subsystems out of ch->st.  Everything that can be served is, when it returns; failures name the rest. */
void tgt_apply(struct tgt_world *w, struct tgt_change *ch, struct tgt_failures *failures);
/* Shows a namespace anew, by what its volume says now; nobody uses the old picture when it returns.  -ENOMEM: nothing has changed. */
int tgt_apply_redraw(struct tgt_world *w, struct tgt_subsystem *ss, struct tgt_live *live);
void tgt_failures_clear(struct tgt_failures *failures);

#endif
