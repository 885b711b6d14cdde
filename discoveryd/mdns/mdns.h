/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/mdns.h - announces the discovery controller by multicast DNS, and hears of others, through avahi-daemon.
 * Owns: a thread, in which everything that concerns avahi happens.  Thread: any may call.  May block: never, but for
 * dsc_mdns_destroy() (2 s at most).  Spec: NVM Express Base 2.1, 8.3.2.2.2 (mDNS), Figure 675.
 *
 * Why a thread of its own and not the control loop: libavahi-client waits for each answer of the bus (up to 25 s when
 * avahi-daemon or the bus hangs), and the control loop has workers to restart within 100 ms.
 *
 * The service is _nvme-disc._tcp with TXT p=tcp and nqn=<discovery NQN>, on each interface on which a host can reach a
 * listener, under a host name of its own that has exactly the listeners' addresses: a host that resolves it is never
 * sent to an address that nobody listens on.  A centralized discovery controller has the subtype _cdc beside it.  Follows changes of
 * addresses, avahi-daemon and the bus.  Others are listened for as soon as there is something to announce. */
#ifndef DISCOVERYD_MDNS_MDNS_H
#define DISCOVERYD_MDNS_MDNS_H

#include "discoveryd/mdns/browse.h"
#include "discoveryd/mdns/plan.h"

struct dsc_mdns;

struct dsc_mdns_params {
	const char *nqn; /* copied */
	bool central; /* Identify says that this is a CDC */
	dsc_mdns_heard_fn *
		heard; /* of others; called on mDNS's thread, never after dsc_mdns_destroy() has begun */
	void *arg;
};

/* NULL with *ret_err = -errno when the thread can't be had; a missing avahi-daemon is no error but one warning, and it is waited
 * for.  Nothing is announced before the first dsc_mdns_listen(). */
struct dsc_mdns *dsc_mdns_create(const struct dsc_mdns_params *params, int *ret_err);
/* From now on these are the listeners (copied); returns -ENOMEM with nothing changed.  Says once in the log when they
 * are loopback only, so that nothing is announced. */
int dsc_mdns_listen(struct dsc_mdns *m, const struct dsc_mdns_listener *listeners, size_t nr);
/* Withdraws the announcement.  NULL is legal. */
void dsc_mdns_destroy(struct dsc_mdns *m);

#endif
