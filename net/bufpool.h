/* SPDX-License-Identifier: Apache-2.0 */
/* net/bufpool.h - data buffers of one reactor: 4 KiB aligned, in size classes, up to a limit.
 * Owns: every buffer it handed out.  Thread: one reactor's.  May block: as the allocator does. */
#ifndef NET_BUFPOOL_H
#define NET_BUFPOOL_H

#include <stddef.h>

struct net_bufpool;

struct net_bufpool *net_bufpool_create(size_t limit);
void net_bufpool_destroy(struct net_bufpool *pool); /* buffers still out are lost */
/* NULL when the limit is reached (or memory is out). */
void *net_bufpool_get(struct net_bufpool *pool, size_t len);
/* len: the same as at get(), or another of the same class. */
void net_bufpool_put(struct net_bufpool *pool, void *buf, size_t len);
size_t net_bufpool_held(const struct net_bufpool *pool); /* bytes of memory, in use and kept */
size_t net_bufpool_used(const struct net_bufpool *pool); /* bytes handed out */
/* Gives what isn't in use back to the system, but for 2 MiB: who comes now and then needn't wait for memory each time. */
void net_bufpool_trim(struct net_bufpool *pool);

#endif
