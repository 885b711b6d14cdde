/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/portal.h - a listening address of this worker.
 * Owns: its listener.  Thread: the control thread; id, portid, address and port are constant and read by any under the registry's mutex.
 * May block: never. */
#ifndef TARGETD_PORTAL_H
#define TARGETD_PORTAL_H

#include "net/server.h"
#include "targetd/state.h"

struct tgt_portal {
	struct tgt_portal_spec spec; /* port 0 stays 0 in here */
	uint16_t port; /* the one really bound */
	struct net_listener *listener;
};

/* Listens at fd (duplicated; -1: binds the address itself). */
int tgt_portal_open(struct net_server *server, const struct tgt_portal_spec *spec, int fd,
		    struct tgt_portal **ret, struct cmn_err *err);
/* Its connections answer what is in flight and close. */
void tgt_portal_close(struct tgt_portal *p);

#endif
