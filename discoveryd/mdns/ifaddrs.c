/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/ifaddrs.c - see ifaddrs.h. */
#include "discoveryd/mdns/ifaddrs.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static bool is_usable(const struct ifaddrs *ifa)
{
	const unsigned int need = IFF_UP | IFF_MULTICAST;

	if (!ifa->ifa_addr || (ifa->ifa_flags & need) != need || (ifa->ifa_flags & IFF_LOOPBACK))
		return false;
	return ifa->ifa_addr->sa_family == AF_INET || ifa->ifa_addr->sa_family == AF_INET6;
}

int dsc_mdns_ifaddrs(struct dsc_mdns_ifaddr **ret)
{
	struct dsc_mdns_ifaddr *list;
	struct ifaddrs *all, *ifa;
	size_t nr = 0, len;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (ifa = all; ifa; ifa = ifa->ifa_next)
		nr += is_usable(ifa);
	list = calloc(nr + 1, sizeof(*list));
	nr = 0;
	for (ifa = all; list && ifa; ifa = ifa->ifa_next) {
		if (!is_usable(ifa))
			continue;
		len = ifa->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
							  : sizeof(struct sockaddr_in6);
		list[nr].ifindex = if_nametoindex(ifa->ifa_name);
		memcpy(&list[nr].addr, ifa->ifa_addr, len);
		nr++;
	}
	freeifaddrs(all);
	if (!list)
		return -ENOMEM;
	*ret = list;
	return (int)nr;
}

int dsc_mdns_ifaddrs_watch(void)
{
	struct sockaddr_nl nl = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	cmn_autoclose int fd = -1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr *)&nl, sizeof(nl)) < 0)
		return -errno;
	return cmn_take_fd(&fd);
}

void dsc_mdns_ifaddrs_drain(int fd)
{
	char buf[8192];

	/* ENOBUFS (messages were lost) is no reason to stop: what they said is looked up afresh anyway. */
	while (recv(fd, buf, sizeof(buf), 0) > 0 || errno == ENOBUFS)
		;
}
