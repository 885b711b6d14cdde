/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/portal.h - a listening address of this worker.
 * Owns: its listener.  Thread: the control thread; id, portid, address and port are constant and read by any under the registry's mutex.
 * May block: never. */
#ifndef TARGETD_PORTAL_H
#define TARGETD_PORTAL_H

#include "net/server.h"
#include "targetd/access.h"
#include "targetd/state.h"

struct tgt_portal {
	struct tgt_portal_spec spec; /* port 0 stays 0 in here */
	uint16_t port; /* the one really bound */
	struct net_listener *listener;
};

/* Listens at fd (duplicated; -1: binds the address itself). */
int tgt_portal_open(struct net_server *server, const struct tgt_portal_spec *spec, int fd,
		    struct tgt_portal **ret, struct cmn_err *err);
/* The address that a host which came to `to` is told for it. */
struct net_ip tgt_portal_told(const struct tgt_portal *p, const struct net_ip *to);
/* How a host came, for its access; p NULL: by a portal that is gone. */
struct tgt_way tgt_portal_way(const struct tgt_portal *p, const char *hostnqn,
			      const struct net_ip *from, const struct net_ip *to);
/* Its connections answer what is in flight and close. */
void tgt_portal_close(struct tgt_portal *p);

#endif
