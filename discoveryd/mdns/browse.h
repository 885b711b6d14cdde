/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/browse.h - other discovery controllers that announce themselves by multicast DNS.
 * Owns: a browser and a resolver for each announcement, within one avahi client's life.  Thread: mDNS's.  May block: for as long as
 * libavahi-client waits for the bus.  Spec: NVM Express Base 2.1, 8.3.1.3 (mDNS: _nvme-disc._tcp, TXT p= and nqn=). */
#ifndef DISCOVERYD_MDNS_BROWSE_H
#define DISCOVERYD_MDNS_BROWSE_H

#include <avahi-client/client.h>
#include <stddef.h>
#include <stdint.h>

#define DSC_MDNS_SERVICE "_nvme-disc._tcp"

/* One address of one; whatever it says is unchecked, but for its length. */
struct dsc_mdns_found {
	char traddr[64]; /* numeric, in the short form */
	uint16_t port;
	char nqn[256]; /* the well-known one where it names none */
	char name[64]; /* of the service, as people see it */
};

/* All that is announced at this moment by NVMe/TCP, each address once, in no order; borrowed for the call. */
typedef void dsc_mdns_heard_fn(void *arg, const struct dsc_mdns_found *found, size_t nr);

struct dsc_mdns_browser;

/* The client is running.  NULL: avahi_client_errno() says why.  heard is called whenever something has changed, but not before what
 * is there at the start has been asked for its addresses: so whoever compares doesn't miss anybody after avahi-daemon came back. */
struct dsc_mdns_browser *dsc_mdns_browse(AvahiClient *client, const AvahiPoll *api,
					 const char *own_nqn, dsc_mdns_heard_fn *heard, void *arg);
/* Before its client is freed; nothing is said to heard.  NULL is legal. */
void dsc_mdns_browse_end(struct dsc_mdns_browser *b);

#endif
