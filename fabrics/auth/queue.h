/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/queue.h - authentication on a queue: its two commands, and the gate before all others.
 * Owns: nothing.  Thread: the connection's.  May block: never.  Spec: NVM Express Base 2.1, 6.1 (Authentication Receive),
 * 6.2 (Authentication Send), 8.3.4.2 (NVMe in-band authentication). */
#ifndef FABRICS_AUTH_QUEUE_H
#define FABRICS_AUTH_QUEUE_H

#include "fabrics/conn.h"

#define FAB_AUTH_DATA_MAX 4096 /* of an Authentication Send; no message is that long */
#define FAB_AUTH_RECV_MAX (64u << 10) /* that a host may make room for */

/* A queue whose host has yet to authenticate: everything else fails with Authentication Required. */
extern const struct fab_queue_ops fab_auth_gate_ops;

/* Rows of the Fabrics commands (fabrics/connect.c).  Invalid Field where the host has no key here. */
struct fab_status fab_auth_check_send(struct fab_req *req);
struct fab_status fab_auth_check_recv(struct fab_req *req);
void fab_auth_exec_send(struct fab_req *req);
void fab_auth_exec_recv(struct fab_req *req);

/* Tells the site how the exchange on this queue ended. */
void fab_auth_tell(struct fab_conn *conn);

#endif
