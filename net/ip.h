/* SPDX-License-Identifier: Apache-2.0 */
/* net/ip.h - IP addresses and prefixes as values: read, compared, searched.
 * Owns: nothing.  Thread: any.  May block: never. */
#ifndef NET_IP_H
#define NET_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr_storage;

/* IPv6, or IPv4 mapped into it, so that there is one kind of prefix: that of IPv4 is 96 longer. */
struct net_ip {
	struct in6_addr a;
};

#define NET_IP_BITS 128
#define NET_IP_V4_BITS 96

bool net_ip_parse(struct net_ip *ret, const char *text);
struct net_ip net_ip_v4(const void *bytes);
void net_ip_from_sockaddr(struct net_ip *ret, const struct sockaddr_storage *sa);
bool net_ip_is_v4(const struct net_ip *ip);
bool net_ip_is_wildcard(const struct net_ip *ip); /* 0.0.0.0, :: */
bool net_ip_is_loopback(const struct net_ip *ip); /* 127.0.0.0/8, ::1 */
bool net_ip_text_is_loopback(const char *text); /* false also when it is no address */
int net_ip_cmp(const struct net_ip *a, const struct net_ip *b);

/* An address of which the first bits count; the others are 0. */
struct net_prefix {
	uint8_t bits;
	struct net_ip ip;
};

#define NET_PREFIX_TEXT 56
/* "10.0.0.0/8", or without the length when it is a whole address; returns buf. */
char *net_prefix_format(const struct net_prefix *prefix, char buf[NET_PREFIX_TEXT]);
/* "10.0.0.0/8", "2001:db8::7"; false also when there are bits beyond the length. */
bool net_prefix_parse(struct net_prefix *ret, const char *text);
struct net_prefix net_prefix_of(const struct net_ip *ip, unsigned int bits);
bool net_prefix_is_v4(const struct net_prefix *prefix);
bool net_prefix_has(const struct net_prefix *prefix, const struct net_ip *ip);
/* By length, then address; for qsort() too. */
int net_prefix_cmp(const void *a, const void *b);

/* The first of nr sorted prefixes, size bytes apart, that isn't before key. */
size_t net_prefix_lower(const void *first, size_t nr, size_t size, const struct net_prefix *key);
/* Walks those that have ip: *at is 0 at first; the next one's index, or nr at the end.  One search per length that there is. */
size_t net_prefix_next(const void *first, size_t nr, size_t size, const struct net_ip *ip,
		       size_t *at);

#endif
