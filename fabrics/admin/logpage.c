/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/logpage.c - Get Log Page: the table of log pages and their builders.
 * Owns: nothing.  Thread: the admin connection's.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.
 *
 * A page is put out from its start into a window, which keeps the bytes that were asked for: any offset and length works, and no
 * page is ever built whole. */
#include <endian.h>
#include <stdlib.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

/* A transfer where MDTS sets no limit. */
#define MAX_LOG_LEN (1u << 20)

static void put_le32(struct fab_win *win, uint32_t v)
{
	v = htole32(v);
	fab_win_put(win, &v, sizeof(v));
}

/* ---- 00h, 05h, 12h: made from the tables ---- */

static uint32_t disc_lids(const struct fab_ctrl *ctrl)
{
	uint32_t lids = ctrl->pers->disc_lids;

	if (ctrl->pers->port_local && !ctrl->pers->port_local(ctrl))
		lids &= ~NVME_LIDS_DISC_PLEOS;
	return lids;
}

/* What the personality says of a page of its own: its entry of Supported Log Pages; 0: it isn't there. */
static uint32_t lids_of(const struct fab_ctrl *ctrl, uint8_t lid)
{
	switch (lid) {
	case NVME_LID_DISCOVERY:
		return NVME_LIDS_LSUPP | disc_lids(ctrl);
	case NVME_LID_HOST_DISCOVERY:
		return ctrl->pers->host_disc_lids;
	case NVME_LID_AVE_DISCOVERY:
		return ctrl->pers->ave_lids;
	default:
		return NVME_LIDS_LSUPP;
	}
}

static void supported(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	unsigned int nr;
	const struct fab_log_page *row = fab_log_pages(&nr);
	uint32_t lids[256] = { 0 };

	(void)req;
	for (unsigned int i = 0; i < nr; i++)
		if (fab_ctrl_is(ctrl, row[i].ctrls))
			lids[row[i].lid] = lids_of(ctrl, row[i].lid);
	for (unsigned int lid = 0; lid < 256; lid++)
		put_le32(win, lids[lid]);
}

static void effects(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	static const uint8_t rsvd[2048];

	(void)req;
	for (unsigned int opc = 0; opc < 256; opc++) {
		const struct fab_admin_cmd *cmd = fab_admin_cmd_find(ctrl, opc);

		put_le32(win, cmd ? cmd->effects : 0);
	}
	for (unsigned int opc = 0; opc < 256; opc++)
		put_le32(win, ctrl->pers->io_effects ? ctrl->pers->io_effects[opc] : 0);
	fab_win_put(win, rsvd, sizeof(rsvd));
}

static void feature_ids(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	unsigned int nr;
	const struct fab_feature *row = fab_features(&nr);
	uint32_t fids[256] = { 0 };

	(void)req;
	for (unsigned int i = 0; i < nr; i++)
		if (fab_ctrl_is(ctrl, row[i].ctrls))
			fids[row[i].fid] =
				NVME_FIDS_FSUPP | row[i].scope |
				(row[i].caps & NVME_FEAT_CAP_CHANGEABLE ? NVME_FIDS_CCC : 0);
	for (unsigned int fid = 0; fid < 256; fid++)
		put_le32(win, fids[fid]);
}

/* ---- 02h, 03h ---- */

static void put_le128(uint8_t dst[16], uint64_t v)
{
	v = htole64(v);
	memcpy(dst, &v, sizeof(v));
}

/* Thousands of 512-byte units, rounded up. */
static uint64_t data_units(uint64_t units)
{
	return units / 1000 + !!(units % 1000);
}

static void smart(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	struct nvme_log_smart log = { .avsp = 100 };
	uint64_t errors = fab_errlog_count(ctrl);
	struct fab_smart s = { 0 };

	if (ctrl->pers->smart)
		ctrl->pers->smart(ctrl, le32toh(req->cmd.nsid), &s);
	log.cw = s.critical_warning;
	put_le128(log.dur, data_units(s.data_units_read));
	put_le128(log.duw, data_units(s.data_units_written));
	put_le128(log.hrc, s.host_reads);
	put_le128(log.hwc, s.host_writes);
	put_le128(log.cbt, s.busy_us / 60000000);
	put_le128(log.pwrc, s.power_cycles);
	put_le128(log.poh, s.power_on_seconds / 3600);
	put_le128(log.upl, s.unsafe_shutdowns);
	put_le128(log.mdie, s.media_errors);
	put_le128(log.neile, s.log_entries > errors ? s.log_entries : errors);
	fab_win_put(win, &log, sizeof(log));
}

static void fw_slot(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	struct nvme_log_fw_slot log = { .afi = 1 };

	(void)req;
	memset(log.frs[0], ' ', sizeof(log.frs[0]));
	memcpy(log.frs[0], ctrl->id->firmware, strnlen(ctrl->id->firmware, sizeof(log.frs[0])));
	fab_win_put(win, &log, sizeof(log));
}

/* ---- 04h ---- */

static void changed_ns(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win)
{
	const struct fab_changed_ns *list = &ctrl->changed;

	(void)req;
	if (list->overflow)
		put_le32(win, NVME_NSID_ALL);
	for (unsigned int i = list->overflow; i < NVME_NS_LIST_MAX; i++)
		put_le32(win, !list->overflow && i < list->nr ? list->nsid[i] : 0);
}

static void changed_ns_read(struct fab_ctrl *ctrl)
{
	ctrl->changed.nr = 0;
	ctrl->changed.overflow = false;
}

/* ---- the table ---- */

#define ALL_CTRLS (FAB_CT_IO | FAB_CT_DISC | FAB_CT_ADMIN)
static const struct fab_log_page rows[] = {
	{ .lid = NVME_LID_SUPPORTED, .ctrls = ALL_CTRLS, .render = supported },
	{ .lid = NVME_LID_ERROR, .ctrls = ALL_CTRLS, .render = fab_errlog_render },
	{ .lid = NVME_LID_SMART, .ctrls = FAB_CT_IO | FAB_CT_ADMIN, .render = smart },
	{ .lid = NVME_LID_FW_SLOT, .ctrls = FAB_CT_IO | FAB_CT_ADMIN, .render = fw_slot },
	{ .lid = NVME_LID_CHANGED_NS,
	  .ctrls = FAB_CT_IO,
	  .render = changed_ns,
	  .read_done = changed_ns_read },
	{ .lid = NVME_LID_EFFECTS,
	  .ctrls = FAB_CT_IO | FAB_CT_DISC,
	  .csi = true,
	  .render = effects },
	{ .lid = NVME_LID_ANA, .ctrls = FAB_CT_IO, .render = fab_ana_render },
	{ .lid = NVME_LID_FEATURES, .ctrls = ALL_CTRLS, .render = feature_ids },
	{ .lid = NVME_LID_DISCOVERY, .ctrls = FAB_CT_DISC, .discovery = true },
	{ .lid = NVME_LID_HOST_DISCOVERY, .ctrls = FAB_CT_DISC, .discovery = true },
	{ .lid = NVME_LID_AVE_DISCOVERY, .ctrls = FAB_CT_DISC, .discovery = true },
};

const struct fab_log_page *fab_log_pages(unsigned int *ret_nr)
{
	*ret_nr = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

static const struct fab_log_page *find_row(const struct fab_ctrl *ctrl, uint8_t lid)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].lid != lid || !fab_ctrl_is(ctrl, rows[i].ctrls))
			continue;
		if (rows[i].lid == NVME_LID_ANA && !ctrl->pers->max_ana_groups)
			return NULL;
		return lids_of(ctrl, lid) ? &rows[i] : NULL;
	}
	return NULL;
}

/* ---- the command ---- */

static uint64_t log_offset(const struct fab_req *req)
{
	return (uint64_t)le32toh(req->cmd.cdw13) << 32 | le32toh(req->cmd.cdw12);
}

struct fab_status fab_logpage_check(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t cdw10 = le32toh(req->cmd.cdw10), cdw14 = le32toh(req->cmd.cdw14);
	uint64_t numd = NVME_LOG_NUMDL(cdw10) | (uint64_t)NVME_LOG_NUMDU(le32toh(req->cmd.cdw11))
							<< 16;
	uint64_t len = (numd + 1) * 4,
		 max = ctrl->pers->mdts ? 4096ull << ctrl->pers->mdts : MAX_LOG_LEN;
	const struct fab_log_page *row = find_row(ctrl, NVME_LOG_LID(cdw10));
	uint32_t nsid = le32toh(req->cmd.nsid);

	if (!row)
		return FAB_ERR_AT(NVME_SC_INVALID_LOG_PAGE, offsetof(struct nvme_cmd, cdw10));
	/* All pages are of the controller or the subsystem. */
	if (nsid && nsid != NVME_NSID_ALL)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, nsid));
	if (len > max)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw10) + 2);
	if (log_offset(req) & 3)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw12));
	if (cdw14 & NVME_LOG_OT)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw14) + 2);
	if (row->csi && NVME_LOG_CSI(cdw14) != NVME_CSI_NVM)
		return FAB_ERR_AT(NVME_SC_INVALID_IOCS, offsetof(struct nvme_cmd, cdw14) + 3);
	req->priv.ptr[0] = (void *)row;
	req->len = len;
	return FAB_OK;
}

/* A bit that isn't offered has no effect. */
static uint8_t offered_lsp(const struct fab_ctrl *ctrl, uint8_t lid)
{
	return (uint8_t)(lids_of(ctrl, lid) >> NVME_LIDS_LIDSP_SHIFT);
}

static struct fab_status render(struct fab_ctrl *ctrl, struct fab_req *req,
				const struct fab_log_page *row)
{
	uint32_t cdw10 = le32toh(req->cmd.cdw10);
	uint64_t off = log_offset(req);
	struct fab_win win;

	if (row->discovery)
		return ctrl->pers->discovery_log(ctrl, row->lid,
						 NVME_LOG_LSP(cdw10) & offered_lsp(ctrl, row->lid),
						 off, req->data, req->len);
	win = fab_win_init(req->data, off, req->len);
	row->render(ctrl, req, &win);
	if (!win.pos) /* ran out of memory */
		return FAB_RETRY(NVME_SC_CMD_INTERRUPTED);
	if (off > win.pos)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw12));
	return FAB_OK;
}

void fab_logpage_exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	const struct fab_log_page *row = req->priv.ptr[0];
	bool rae = le32toh(req->cmd.cdw10) & NVME_LOG_RAE;
	uint64_t off = log_offset(req);
	struct fab_status st;

	if (!fab_admin_reply(req))
		return;
	st = render(ctrl, req, row);
	if (fab_failed(st))
		req->out_len = 0;
	/* The answer goes out first: an event that it re-arms is told after it. */
	fab_req_complete(req, st);
	if (fab_failed(st))
		return;
	if (!rae && row->read_done)
		row->read_done(ctrl);
	fab_events_log_read(ctrl, row->lid, off, rae);
}
