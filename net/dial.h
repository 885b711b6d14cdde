/* SPDX-License-Identifier: Apache-2.0 */
/* net/dial.h - what both of our hosts do with a socket and a controller: net/client.h, which waits, and net/host.h, which doesn't.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 3.5.1 (initialisation), 4.6 (NQNs). */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "common/err.h"
#include "fabrics/host/queue.h"
#include "fabrics/spec/nvmf.h"

#define NET_DIAL_TIMEOUT_MS 5000 /* for each step, unless the caller says otherwise */

/* A socket on its way to a numeric address.  *ret_fd is the caller's from 0 (connected) and 1 (wait until it can be written to, then
 * ask net_dial_result()) on; < 0: err says why.  congestion: TCP's congestion control; NULL: the system's. */
int net_dial_start(const char *addr, uint16_t port, const char *congestion, int *ret_fd,
		   struct cmn_err *err);
int net_dial_result(int fd); /* 0 or -errno; -ECONNREFUSED too when it met itself */

/* One receive and what it leads to; what has no place of its own goes by way of scratch.  true: something came. */
bool net_dial_recv(int fd, struct fab_host_queue *q, void *scratch, size_t size);
/* Sends until the socket is full or nothing is left.  true: something went out. */
bool net_dial_send(int fd, struct fab_host_queue *q);

/* CC.EN and the sizes for a controller with these capabilities. */
uint32_t net_dial_cc(uint64_t cap);
/* The NQN of a host that has none but its identifier. */
void net_dial_hostnqn(const uint8_t hostid[16], char ret[NVMF_NQN_MAX + 1]);

/* A status that a controller answered with, in words; -EACCES, for the caller to return.  0 and err untouched: success. */
int net_dial_status(const struct nvme_cqe *cqe, const char *what, struct cmn_err *err);

#endif
