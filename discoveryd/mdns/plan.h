/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/plan.h - which addresses are announced on which interfaces: a pure function of the listeners and of
 * the addresses that the machine has.
 * Owns: nothing; results are the caller's.  Thread: any.  May block: never. */
#ifndef DISCOVERYD_MDNS_PLAN_H
#define DISCOVERYD_MDNS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A socket that accepts hosts.  addr carries the port; a wildcard is legal and stands for its own family, since our
 * listeners are IPV6_V6ONLY. */
struct dsc_mdns_listener {
	struct sockaddr_storage addr;
};

/* An address of this machine on an interface that is up and speaks multicast. */
struct dsc_mdns_ifaddr {
	unsigned int ifindex;
	struct sockaddr_storage addr;
};

/* An announcement: this address and port, told on this interface by the multicast of its own family, so that a host
 * that hears it can also reach it. */
struct dsc_mdns_record {
	unsigned int ifindex;
	struct sockaddr_storage addr;
};

/* True when nothing but loopback is listened on (and for no listeners at all). */
bool dsc_mdns_loopback_only(const struct dsc_mdns_listener *listeners, size_t nr);

/* Returns how many records were put in *ret_records (sorted by port, interface, address; no duplicates; free() it; NULL
 * for none), or -ENOMEM.  Loopback is never announced; an IPv6 link-local address only where a listener names it. */
int dsc_mdns_plan(const struct dsc_mdns_listener *listeners, size_t nr_listeners,
		  const struct dsc_mdns_ifaddr *ifaddrs, size_t nr_ifaddrs,
		  struct dsc_mdns_record **ret_records);

/* The port of either family, host order; 0 for another family. */
unsigned int dsc_mdns_port(const struct sockaddr_storage *addr);

#endif
