/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/ana.c - Asymmetric Namespace Access: log page 0Ch, and what a new view changes in it.
 * Owns: the controller's change counts.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.1.13, 8.1.1.9. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

/* ---- what has changed ---- */

static uint32_t group_of(const struct fab_view *view, uint32_t nsid)
{
	const struct fab_ns *ns = view ? fab_view_ns(view, nsid) : NULL;

	return ns ? ns->anagrpid : 0;
}

/* An array that can't be had leaves the counts of groups at 0: the log's own still tells that something has changed. */
static void count(struct fab_ana *ana, const bool *hit)
{
	if (!ana->group)
		ana->group = calloc(FAB_ANA_GROUPS + 1, sizeof(*ana->group));
	for (uint32_t grpid = 1; ana->group && grpid <= FAB_ANA_GROUPS; grpid++)
		ana->group[grpid] += hit[grpid];
	ana->log++;
}

/* A namespace that comes or goes changes its group's descriptor too, but is told by another notice. */
bool fab_ana_changed(struct fab_ctrl *ctrl, const struct fab_view *old, const struct fab_view *view)
{
	uint32_t slots = old ? old->nr_slots : 0;
	bool hit[FAB_ANA_GROUPS + 1] = { false }, any = false, notice = false;

	if (view && view->nr_slots > slots)
		slots = view->nr_slots;
	for (uint32_t nsid = 1; nsid <= slots; nsid++) {
		uint32_t before = group_of(old, nsid), now = group_of(view, nsid);

		if (before == now && (!now || fab_view_ana(old, now) == fab_view_ana(view, now)))
			continue;
		hit[before] = hit[now] = any = true;
		notice |= before && now;
	}
	if (any)
		count(&ctrl->ana, hit);
	return notice;
}

void fab_ana_reset(struct fab_ctrl *ctrl)
{
	free(ctrl->ana.group);
	ctrl->ana = (struct fab_ana){ .log = 0 };
}

/* ---- the log ---- */

/* Namespaces in each group, [0..FAB_ANA_GROUPS]; returns how many groups have any. */
static uint16_t count_groups(const struct fab_view *view, uint32_t *nr)
{
	uint16_t groups = 0;

	for (uint32_t nsid = 1; nsid <= view->nr_slots; nsid++) {
		uint32_t grpid = group_of(view, nsid);

		if (grpid && !nr[grpid]++)
			groups++;
	}
	return groups;
}

static void put_le32(struct fab_win *win, uint32_t v)
{
	v = htole32(v);
	fab_win_put(win, &v, sizeof(v));
}

static void put_group(struct fab_ctrl *ctrl, uint32_t grpid, uint32_t nr, struct fab_win *win)
{
	struct nvme_ana_group desc = { .grpid = htole32(grpid), .nnsids = htole32(nr) };

	desc.state = fab_view_ana(ctrl->view, grpid);
	desc.chgcnt = htole64(ctrl->ana.group ? ctrl->ana.group[grpid] : 0);
	fab_win_put(win, &desc, sizeof(desc));
	for (uint32_t nsid = 1; nr && nsid <= ctrl->view->nr_slots; nsid++) {
		if (group_of(ctrl->view, nsid) != grpid)
			continue;
		put_le32(win, nsid);
		nr--;
	}
}

/* Only groups with a namespace that is attached to this controller; no list of them when the host asks for Return Groups Only. */
void fab_ana_render(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	bool nsids = !(NVME_LOG_LSP(le32toh(req->cmd.cdw10)) & NVME_ANA_LSP_RGO);
	struct nvme_log_ana hdr = { .chgcnt = htole64(ctrl->ana.log) };
	uint32_t nr[FAB_ANA_GROUPS + 1] = { 0 };

	hdr.ngrps = htole16(count_groups(ctrl->view, nr));
	fab_win_put(win, &hdr, sizeof(hdr));
	for (uint32_t grpid = 1; grpid <= FAB_ANA_GROUPS; grpid++)
		if (nr[grpid])
			put_group(ctrl, grpid, nsids ? nr[grpid] : 0, win);
}
