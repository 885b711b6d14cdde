/* SPDX-License-Identifier: Apache-2.0 */
/* net/addr.h - numeric addresses as people write them.
 * Owns: nothing.  Thread: any.  May block: never (no names are looked up). */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Splits "1.2.3.4:80", "[::1]:80" and "::1"; *port stays as it is when there is none.  -EINVAL: no such form, an address that
 * doesn't fit into size bytes, a port beyond 65535.  Whether the address is one is net_addr_set()'s to say. */
int net_addr_split(const char *text, char *ret_address, size_t size, uint16_t *port);

/* The length of *ret (IPv4 or IPv6), 0 when address is no literal of either. */
socklen_t net_addr_set(struct sockaddr_storage *ret, const char *address, uint16_t port);

/* A non-blocking TCP socket, bound and ready for listen(): the descriptor, which is the caller's, or -errno.  An IPv6 one takes IPv6
 * only, so that "::" and "0.0.0.0" may be had together. */
int net_addr_bind(const struct sockaddr *addr, socklen_t len);

#endif
