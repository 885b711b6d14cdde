/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/plan.c - see plan.h. */
#include "discoveryd/mdns/plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "net/ip.h"

static const struct in_addr *v4(const struct sockaddr_storage *addr)
{
	return &((const struct sockaddr_in *)addr)->sin_addr;
}

static const struct in6_addr *v6(const struct sockaddr_storage *addr)
{
	return &((const struct sockaddr_in6 *)addr)->sin6_addr;
}

unsigned int dsc_mdns_port(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)addr)->sin_port);
	if (addr->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)addr)->sin6_port);
	return 0;
}

static void set_port(struct sockaddr_storage *addr, unsigned int port)
{
	if (addr->ss_family == AF_INET)
		((struct sockaddr_in *)addr)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)addr)->sin6_port = htons((uint16_t)port);
}

static bool is_loopback(const struct sockaddr_storage *addr)
{
	struct net_ip ip;

	net_ip_from_sockaddr(&ip, addr);
	return net_ip_is_loopback(&ip);
}

static bool is_wildcard(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return v4(addr)->s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(v6(addr));
}

static bool is_link_local(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(v6(addr));
}

static int compare_ip(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return a->ss_family == AF_INET ? -1 : 1;
	if (a->ss_family == AF_INET)
		return memcmp(v4(a), v4(b), sizeof(struct in_addr));
	return memcmp(v6(a), v6(b), sizeof(struct in6_addr));
}

bool dsc_mdns_loopback_only(const struct dsc_mdns_listener *listeners, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!is_loopback(&listeners[i].addr))
			return false;
	return true;
}

/* Does a host that connects to addr on that interface end up at the listener? */
static bool reaches(const struct dsc_mdns_listener *l, const struct dsc_mdns_ifaddr *ifa)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&l->addr;

	if (is_wildcard(&l->addr))
		return l->addr.ss_family == ifa->addr.ss_family && !is_link_local(&ifa->addr);
	if (compare_ip(&l->addr, &ifa->addr) != 0)
		return false;
	return !is_link_local(&l->addr) || sin6->sin6_scope_id == 0 ||
	       sin6->sin6_scope_id == ifa->ifindex;
}

static int compare_records(const void *va, const void *vb)
{
	const struct dsc_mdns_record *a = va, *b = vb;
	unsigned int port_a = dsc_mdns_port(&a->addr), port_b = dsc_mdns_port(&b->addr);

	if (port_a != port_b)
		return port_a < port_b ? -1 : 1;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return compare_ip(&a->addr, &b->addr);
}

static size_t drop_duplicates(struct dsc_mdns_record *records, size_t nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++)
		if (kept == 0 || compare_records(&records[kept - 1], &records[i]) != 0)
			records[kept++] = records[i];
	return kept;
}

int dsc_mdns_plan(const struct dsc_mdns_listener *listeners, size_t nr_listeners,
		  const struct dsc_mdns_ifaddr *ifaddrs, size_t nr_ifaddrs,
		  struct dsc_mdns_record **ret_records)
{
	cmn_autofree struct dsc_mdns_record *records = NULL;
	size_t nr = 0;

	records = calloc(nr_listeners * nr_ifaddrs + 1, sizeof(*records));
	if (!records)
		return -ENOMEM;
	for (size_t i = 0; i < nr_listeners; i++) {
		for (size_t j = 0; j < nr_ifaddrs; j++) {
			if (is_loopback(&ifaddrs[j].addr) || !reaches(&listeners[i], &ifaddrs[j]))
				continue;
			records[nr].ifindex = ifaddrs[j].ifindex;
			records[nr].addr = ifaddrs[j].addr;
			set_port(&records[nr].addr, dsc_mdns_port(&listeners[i].addr));
			nr++;
		}
	}
	qsort(records, nr, sizeof(*records), compare_records);
	nr = drop_duplicates(records, nr);
	*ret_records = nr ? cmn_take_ptr(records) : NULL;
	return (int)nr;
}
