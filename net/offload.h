/* SPDX-License-Identifier: Apache-2.0 */
/* net/offload.h - one thread for what would hold up everybody on a reactor: Diffie-Hellman, or comparing what thousands of
 * hosts are told.
 * Owns: its thread, made when there is work for the first time; work is whoever's it was.
 * Thread: submit: a reactor's.  May block: destroy, until what is under way has been done. */
#ifndef NET_OFFLOAD_H
#define NET_OFFLOAD_H

#include "net/reactor.h"

struct net_offload;
struct net_offload *net_offload_create(void); /* NULL without memory */
/* Everything is done first, and posted.  NULL is legal. */
void net_offload_destroy(struct net_offload *o);
/* In order: work->run() on the thread, then work->done() on r.  Without memory or thread: both at once, here. */
void net_offload_submit(struct net_offload *o, struct net_reactor *r, struct fab_work *work);

#endif
