/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/site.h - what a daemon tells the protocol: which subsystems there are, who may connect, what its controllers are.
 * Owns: nothing.  Thread: ops are called from any reactor; the daemon serialises (one mutex, never taken for I/O commands).
 * May block: not beyond that mutex.  Spec: NVM Express Base 2.1, 3.3.2.2 and 6.3 (Connect). */
#ifndef FABRICS_SITE_H
#define FABRICS_SITE_H

#include "fabrics/auth/target.h"
#include "fabrics/conn.h"
#include "fabrics/kickstart.h"
#include "fabrics/view.h"

/* A portal as fabrics needs it: discovery and identify tell PORTID; access may depend on it. */
struct fab_portal {
	uint16_t portid;
	char traddr[64], trsvcid[8];
	void *user;
};

/* Connect, decoded and checked for form (fabrics/connect.c). */
struct fab_connect {
	uint16_t qid, sqsize, cntlid; /* cntlid: FFFFh on an admin queue (dynamic model) */
	uint32_t kato_ms;
	bool sqflow_off;
	uint8_t hostid[16];
	char hostnqn[224], subnqn[224];
};

struct fab_site_ops {
	/* Admin queue: finds the subsystem, checks the host, makes a controller (fab_ctrl_create) whose admin queue is conn.
	 * *ret_ctrl carries a reference for conn, which drops it when the queue is gone.  On failure with Connect Invalid Parameters
	 * *ret_offset (FAB_LOC_NONE before) may name the byte of Connect Data at fault; else err_loc one of the command. */
	struct fab_status (*admin_connect)(struct fab_site *site, struct fab_conn *conn,
					   const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
					   uint16_t *ret_offset);
	/* I/O queue: finds the controller by (subsystem, CNTLID), checks the host is the same, claims the qid. */
	struct fab_status (*io_connect)(struct fab_site *site, struct fab_conn *conn,
					const struct fab_connect *in, struct fab_ctrl **ret_ctrl,
					uint16_t *ret_offset);
	/* Whether the host that in names has to authenticate on the queue that it connects, and how: true, and *ret is filled.  Asked before
	 * either of the above, so of hosts too that will be refused.  Optional: nobody has to. */
	bool (*auth)(struct fab_site *site, struct fab_conn *conn, const struct fab_connect *in,
		     struct fab_auth_policy *ret);
	/* An exchange of messages on conn's queue has ended: the state of its machine is DONE, or the host hasn't authenticated (and the
	 * connection ends), for want of an answer if the machine doesn't tell a failure.  Optional. */
	void (*auth_ended)(struct fab_site *site, struct fab_conn *conn,
			   const struct fab_auth *auth);
	/* conn leaves ctrl (closed, or Disconnect): the qid is free again; for the admin queue the controller goes too, and the
	 * daemon ends its I/O connections. */
	void (*queue_gone)(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
			   uint16_t qid);
	/* Abort of a command on I/O queue sqid, which may live on another reactor: the daemon finds it, tells it to cancel, and
	 * completes abort_req on this thread (dw0 bit 0: 0 = aborted). */
	void (*abort_io)(struct fab_site *site, struct fab_req *abort_req, struct fab_ctrl *ctrl,
			 uint16_t sqid, uint16_t cid);
	/* A direct discovery controller asks to be connected to, by the connection conn, which ends with the answer.  in NULL: by no
	 * address that will do.  Returns 0, or the bit of enum nvme_tcp_failrsn that says why it can't be; *ret_nqn: our own, borrowed.
	 * Optional: only a centralized discovery controller has it. */
	uint8_t (*kickstart)(struct fab_site *site, struct fab_conn *conn,
			     const struct fab_kickstart *in, const char **ret_nqn);
	/* CC.EN went 1 -> 0: end the I/O queues, then fab_ctrl_quiesced(ctrl) on this thread. */
	void (*quiesce)(struct fab_site *site, struct fab_ctrl *ctrl);
};

struct fab_site {
	const struct fab_site_ops *ops;
	const struct fab_queue_ops
		*io_ops; /* I/O queues' commands; NULL for a discovery-only daemon */
};

#endif
