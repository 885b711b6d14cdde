/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/abort.c - Abort: of a waiting command on this queue here, of an I/O command by its queue's owner.
 * Owns: the slots that count Aborts under way.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.1. */
#include <endian.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

/* A command of this queue.  One that is executing ends within the call that started it, or soon: but for event requests, which wait
 * here. */
static bool abort_own(struct fab_ctrl *ctrl, struct fab_req *req, uint16_t cid)
{
	struct fab_req *victim = fab_conn_find(req->conn, cid);

	if (!victim || victim == req)
		return false;
	if (victim->state == FAB_REQ_EXECUTING)
		return fab_aer_cancel(ctrl, victim);
	return fab_conn_abort(req->conn, cid); /* it waits for its data, or for a buffer */
}

void fab_abort_exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t cdw10 = le32toh(req->cmd.cdw10);
	uint16_t sqid = NVME_ABORT_SQID(cdw10), cid = htole16(NVME_ABORT_CID(cdw10));
	unsigned int slot = 0;

	if (!sqid || !ctrl->site->ops->abort_io) {
		if (sqid || !abort_own(ctrl, req, cid))
			req->cqe.dw[0] = htole32(NVME_ABORT_NOT_ABORTED);
		fab_req_complete(req, FAB_OK);
		return;
	}
	while (slot <= FAB_ACL && ctrl->aborts[slot])
		slot++;
	if (slot > FAB_ACL) {
		fab_req_complete(req, FAB_RETRY(NVME_SC_ABORT_LIMIT));
		return;
	}
	ctrl->aborts[slot] = req;
	ctrl->site->ops->abort_io(ctrl->site, req, ctrl, sqid, cid);
}

void fab_abort_released(struct fab_ctrl *ctrl, const struct fab_req *req)
{
	for (unsigned int i = 0; i <= FAB_ACL; i++)
		if (ctrl->aborts[i] == req)
			ctrl->aborts[i] = NULL;
}
