/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/errlog.c - the Error Information log of a controller.
 * Owns: a ring of the last errors.  Thread: any; a spin lock that is held for a copy, and only when a command has failed.
 * May block: never.  Spec: NVM Express Base 2.1, 5.1.12.1.2. */
#include <endian.h>
#include <stdlib.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

static void lock(struct fab_errlog *log)
{
	while (atomic_flag_test_and_set_explicit(&log->lock, memory_order_acquire))
		;
}

static void unlock(struct fab_errlog *log)
{
	atomic_flag_clear_explicit(&log->lock, memory_order_release);
}

/* The ring is made outside of the lock; of two that meet here, one throws its own away. */
static void make_ring(struct fab_errlog *log)
{
	struct nvme_log_error *ring;
	bool have;

	lock(log);
	have = log->entry;
	unlock(log);
	if (have)
		return;
	ring = calloc(FAB_ERRLOG_ENTRIES, sizeof(*ring));
	lock(log);
	if (!log->entry) {
		log->entry = ring;
		ring = NULL;
	}
	unlock(log);
	free(ring);
}

void fab_ctrl_log_error(struct fab_ctrl *ctrl, uint16_t sqid, uint16_t cid, struct fab_status st,
			uint64_t lba, uint32_t nsid)
{
	struct fab_errlog *log = &ctrl->errlog;
	struct nvme_log_error entry = {
		.sqid = htole16(sqid),
		.cid = cid,
		.status = htole16(NVME_CQE_STATUS(st.code, 0, true, st.dnr)),
		.pel = htole16(st.err_loc),
		.lba = htole64(lba),
		.nsid = htole32(nsid),
		.trtype = NVMF_TRTYPE_TCP,
	};

	make_ring(log);
	lock(log);
	log->count++;
	entry.errcnt = htole64(log->count);
	if (log->entry)
		log->entry[(log->count - 1) % FAB_ERRLOG_ENTRIES] = entry;
	unlock(log);
}

uint64_t fab_errlog_count(struct fab_ctrl *ctrl)
{
	uint64_t count;

	lock(&ctrl->errlog);
	count = ctrl->errlog.count;
	unlock(&ctrl->errlog);
	return count;
}

/* Newest first; the rest of the page is zero. */
void fab_errlog_render(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	static const struct nvme_log_error none;
	struct fab_errlog *log = &ctrl->errlog;

	(void)req;
	lock(log);
	for (uint64_t i = 0; i < FAB_ERRLOG_ENTRIES; i++) {
		bool there = log->entry && i < log->count;
		uint64_t slot = (log->count - 1 - i) % FAB_ERRLOG_ENTRIES;

		fab_win_put(win, there ? &log->entry[slot] : &none, sizeof(none));
	}
	unlock(log);
}
