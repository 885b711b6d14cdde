/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/io_mem.c - Read, Write and Compare on a namespace that lies in memory.
 * Owns: nothing.  Thread: the request's reactor.  May block: never (a copy of up to MDTS bytes).
 *
 * A read hands out the blocks themselves; the connection pins them while it copies them into the socket.  A write is copied in
 * under its range's lock in one go, its data complete and its digest checked: so a command of up to MDTS is never torn (AWUN). */
#include <string.h>

#include "targetd/io_impl.h"

void tgt_io_mem_read(struct fab_req *req)
{
	req->data = tgt_io_ns(req)->mem + tgt_io_priv(req)->offset;
	req->flags |= FAB_REQ_DATA_LIVE;
	tgt_io_finish(req, FAB_OK);
}

/* False: the command is parked, or ended for want of memory. */
static bool lock_or_park(struct fab_req *req, struct tgt_range *range)
{
	struct tgt_ns *ns = tgt_io_ns(req);
	struct tgt_io_priv *p = tgt_io_priv(req);

	if (!ns->lock || tgt_rangelock_try(ns->lock, range)) {
		p->mark = TGT_RANGELOCK_NONE;
		return true;
	}
	p->mark = range->mark;
	if (tgt_io_own_data(req)) {
		tgt_io_park(req);
		return false;
	}
	tgt_rangelock_forget(ns->lock, range);
	p->mark = TGT_RANGELOCK_NONE;
	tgt_io_finish(req, FAB_RETRY(NVME_SC_CMD_INTERRUPTED));
	return false;
}

static void unlock(struct fab_req *req, const struct tgt_range *range)
{
	struct tgt_ns *ns = tgt_io_ns(req);

	if (!ns->lock)
		return;
	tgt_rangelock_unlock(ns->lock, range);
	tgt_io_released(tgt_io_priv(req)->io);
}

void tgt_io_mem_write(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_range range = tgt_io_range(p, true);

	if (!lock_or_park(req, &range))
		return;
	memcpy(tgt_io_ns(req)->mem + p->offset, req->data, p->len);
	unlock(req, &range);
	tgt_io_finish(req, FAB_OK);
}

void tgt_io_mem_compare(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_range range = tgt_io_range(p, false);
	bool same;

	if (!lock_or_park(req, &range))
		return;
	same = memcmp(tgt_io_ns(req)->mem + p->offset, req->data, p->len) == 0;
	unlock(req, &range);
	tgt_io_finish(req, same ? FAB_OK : FAB_ERR(NVME_SC_COMPARE_FAILED));
}
