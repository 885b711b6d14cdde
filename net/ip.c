/* SPDX-License-Identifier: Apache-2.0 */
/* net/ip.c - see ip.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "net/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/container.h"
#include "common/util.h"

struct net_ip net_ip_v4(const void *bytes)
{
	struct net_ip ip = { .a.s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(ip.a.s6_addr + 12, bytes, 4);
	return ip;
}

bool net_ip_parse(struct net_ip *ret, const char *text)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, &ret->a) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	*ret = net_ip_v4(&v4);
	return true;
}

void net_ip_from_sockaddr(struct net_ip *ret, const struct sockaddr_storage *sa)
{
	if (sa->ss_family == AF_INET6)
		ret->a = ((const struct sockaddr_in6 *)sa)->sin6_addr;
	else
		*ret = net_ip_v4(&((const struct sockaddr_in *)sa)->sin_addr);
}

bool net_ip_is_v4(const struct net_ip *ip)
{
	return IN6_IS_ADDR_V4MAPPED(&ip->a);
}

bool net_ip_is_wildcard(const struct net_ip *ip)
{
	return IN6_IS_ADDR_UNSPECIFIED(&ip->a) ||
	       (net_ip_is_v4(ip) && !memcmp(ip->a.s6_addr + 12, "\0\0\0\0", 4));
}

bool net_ip_is_loopback(const struct net_ip *ip)
{
	return IN6_IS_ADDR_LOOPBACK(&ip->a) || (net_ip_is_v4(ip) && ip->a.s6_addr[12] == 127);
}

bool net_ip_text_is_loopback(const char *text)
{
	struct net_ip ip;

	return net_ip_parse(&ip, text) && net_ip_is_loopback(&ip);
}

int net_ip_cmp(const struct net_ip *a, const struct net_ip *b)
{
	return memcmp(&a->a, &b->a, sizeof(a->a));
}

/* -- prefixes --------------------------------------------------------------------------------------- */
struct net_prefix net_prefix_of(const struct net_ip *ip, unsigned int bits)
{
	struct net_prefix out = { .bits = (uint8_t)bits, .ip = *ip };

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int keep = bits > 8 * i ? cmn_min(bits - 8 * i, 8u) : 0;

		out.ip.a.s6_addr[i] &= (uint8_t)(0xff00u >> keep);
	}
	return out;
}

bool net_prefix_is_v4(const struct net_prefix *prefix)
{
	return net_ip_is_v4(&prefix->ip) && prefix->bits >= NET_IP_V4_BITS;
}

bool net_prefix_has(const struct net_prefix *prefix, const struct net_ip *ip)
{
	struct net_prefix of = net_prefix_of(ip, prefix->bits);

	return net_ip_cmp(&prefix->ip, &of.ip) == 0;
}

char *net_prefix_format(const struct net_prefix *prefix, char buf[NET_PREFIX_TEXT])
{
	bool v4 = net_prefix_is_v4(prefix);
	size_t len;

	if (v4)
		inet_ntop(AF_INET, prefix->ip.a.s6_addr + 12, buf, NET_PREFIX_TEXT);
	else
		inet_ntop(AF_INET6, &prefix->ip.a, buf, NET_PREFIX_TEXT);
	len = strlen(buf);
	if (prefix->bits < NET_IP_BITS)
		snprintf(buf + len, NET_PREFIX_TEXT - len, "/%u",
			 prefix->bits - (v4 ? NET_IP_V4_BITS : 0u));
	return buf;
}

bool net_prefix_parse(struct net_prefix *ret, const char *text)
{
	char address[NET_PREFIX_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct net_ip ip;
	uint64_t base, bits;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!net_ip_parse(&ip, address))
		return false;
	base = strchr(address, ':') ? 0 : NET_IP_V4_BITS;
	bits = NET_IP_BITS - base;
	if (slash && cmn_parse_u64(slash + 1, 0, bits, &bits) < 0)
		return false;
	*ret = net_prefix_of(&ip, (unsigned int)(base + bits));
	return net_ip_cmp(&ret->ip, &ip) == 0;
}

int net_prefix_cmp(const void *a, const void *b)
{
	const struct net_prefix *x = a, *y = b;

	return x->bits != y->bits ? (x->bits < y->bits ? -1 : 1) : net_ip_cmp(&x->ip, &y->ip);
}

/* -- searching ---------------------------------------------------------------------------------------- */
static const struct net_prefix *item(const void *first, size_t index, size_t size)
{
	return (const void *)((const char *)first + index * size);
}

size_t net_prefix_lower(const void *first, size_t nr, size_t size, const struct net_prefix *key)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (net_prefix_cmp(key, item(first, mid, size)) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t net_prefix_next(const void *first, size_t nr, size_t size, const struct net_ip *ip,
		       size_t *at)
{
	struct net_prefix key;

	while (*at < nr) {
		if (net_prefix_has(item(first, *at, size), ip))
			return (*at)++;
		key = net_prefix_of(ip, item(first, *at, size)->bits);
		if (net_prefix_cmp(&key, item(first, *at, size)) < 0) { /* on to the next length */
			key.bits++;
			memset(&key.ip, 0, sizeof(key.ip));
		}
		*at += net_prefix_lower(item(first, *at, size), nr - *at, size, &key);
	}
	return nr;
}
