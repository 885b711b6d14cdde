/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/ifaddrs.h - the machine's addresses, and a descriptor that tells when they change.
 * Owns: nothing.  Thread: any.  May block: no longer than netlink takes. */
#ifndef DISCOVERYD_MDNS_IFADDRS_H
#define DISCOVERYD_MDNS_IFADDRS_H

#include "discoveryd/mdns/plan.h"

/* The addresses of interfaces that are up and can do multicast.  Returns how many are in *ret (free() it), or -errno. */
int dsc_mdns_ifaddrs(struct dsc_mdns_ifaddr **ret);

/* A netlink socket that turns readable when an address or a link changes; -errno when it can't be had. */
int dsc_mdns_ifaddrs_watch(void);
/* Reads away what made it readable. */
void dsc_mdns_ifaddrs_drain(int fd);

#endif
