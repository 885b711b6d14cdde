/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/features.c - Get and Set Features: the table of features.
 * Owns: the controller's feature values.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.11, 5.1.25; 3.1.3.6 (which controller has which). */
#include <endian.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

#define CDW11_AT offsetof(struct nvme_cmd, cdw11)

static uint32_t cdw11(const struct fab_req *req)
{
	return le32toh(req->cmd.cdw11);
}

/* ---- 02h Power Management: the only power state is 0 ---- */

static struct fab_status set_power(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	(void)ctrl;
	if (cdw11(req) & 0x1f)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT);
	*slot = cdw11(req);
	return FAB_OK;
}

/* ---- 04h Temperature Threshold: CDW11 TMPTH 15:0, TMPSEL 19:16, THSEL 21:20 (0 over, 1 under) ---- */

#define TEMP_SEL(dw) ((dw) >> 16 & 0xf)
#define TEMP_SEL_ALL 0xf
#define TEMP_UNDER(dw) ((dw) >> 20 & 0x3)

static uint32_t default_temp(const struct fab_ctrl *ctrl, uint32_t dw11)
{
	(void)ctrl;
	return TEMP_UNDER(dw11) ? 0 : 0xffff;
}

static struct fab_status set_temp(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	uint32_t dw = cdw11(req);

	if ((TEMP_SEL(dw) && TEMP_SEL(dw) != TEMP_SEL_ALL) || TEMP_UNDER(dw) > 1)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT + 2);
	if (TEMP_UNDER(dw))
		ctrl->temp_under = dw & 0xffff;
	else
		*slot = dw & 0xffff;
	return FAB_OK;
}

static struct fab_status get_temp(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *ret)
{
	uint32_t dw = cdw11(req);

	if (TEMP_SEL(dw) || TEMP_UNDER(dw) > 1)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT + 2);
	*ret = TEMP_UNDER(dw) ? ctrl->temp_under : fab_feature_value(ctrl, NVME_FID_TEMP_THRESH);
	return FAB_OK;
}

/* ---- 06h Volatile Write Cache: always on; Flush is what makes data durable ---- */

static uint32_t default_vwc(const struct fab_ctrl *ctrl, uint32_t dw11)
{
	(void)ctrl;
	(void)dw11;
	return NVME_FEAT_VWC_WCE;
}

static struct fab_status set_vwc(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	(void)ctrl;
	return cdw11(req) == *slot ? FAB_OK : FAB_ERR(NVME_SC_FID_NOT_CHANGEABLE);
}

/* ---- 07h Number of Queues: NSQ 15:0, NCQ 31:16, both 0's based ---- */

static uint32_t default_queues(const struct fab_ctrl *ctrl, uint32_t dw11)
{
	uint32_t n = ctrl->pers->max_ioqs ? ctrl->pers->max_ioqs - 1u : 0;

	(void)dw11;
	return n << 16 | n;
}

static struct fab_status set_queues(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	uint32_t nsq = cdw11(req) & 0xffff, ncq = cdw11(req) >> 16;
	uint32_t n = nsq < ncq ? nsq : ncq;

	if (nsq == 0xffff || ncq == 0xffff)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT);
	if (fab_ctrl_nr_ioqs(ctrl))
		return FAB_ERR(NVME_SC_CMD_SEQ_ERROR);
	/* A queue pair is one connection, so the smaller number is what the host can use. */
	if (n >= ctrl->pers->max_ioqs)
		n = ctrl->pers->max_ioqs - 1u;
	*slot = n << 16 | n;
	atomic_store(&ctrl->ioqs_granted, n + 1);
	req->cqe.dw[0] = htole32(*slot);
	return FAB_OK;
}

/* ---- 0Bh Asynchronous Event Configuration ---- */

static struct fab_status set_events(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	uint32_t allowed = ctrl->pers->oaes;

	if (fab_ctrl_is(ctrl, FAB_CT_IO))
		allowed |= NVME_AEC_SMART_MASK;
	if (cdw11(req) & ~allowed)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT);
	*slot = cdw11(req);
	return FAB_OK;
}

/* ---- 0Eh Timestamp ---- */

#define TIMESTAMP_SET_BY_HOST (1u << 1) /* attr: Timestamp Origin 001b */

static struct fab_status set_timestamp(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	struct nvme_feat_timestamp ts;

	(void)slot;
	memcpy(&ts, req->data, sizeof(ts));
	ctrl->time_ms = fab_le32(ts.ms) | (uint64_t)fab_le16(ts.ms + 4) << 32;
	ctrl->time_set_at = req->started;
	ctrl->time_is_set = true;
	return FAB_OK;
}

static struct fab_status get_timestamp(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *ret)
{
	struct nvme_feat_timestamp ts = { .attr = ctrl->time_is_set ? TIMESTAMP_SET_BY_HOST : 0 };
	uint64_t ms = ctrl->time_ms + (req->started - ctrl->time_set_at) / 1000000;

	(void)ret;
	ms = htole64(ms & 0xffffffffffffull);
	memcpy(ts.ms, &ms, sizeof(ts.ms));
	memcpy(req->data, &ts, sizeof(ts));
	return FAB_OK;
}

/* ---- 0Fh Keep Alive Timer ---- */

static uint32_t kato_ms(const struct fab_ctrl *ctrl)
{
	return fab_ctrl_kato_ns(ctrl) / 1000000;
}

static struct fab_status set_kato(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	fab_ctrl_set_kato(ctrl, cdw11(req));
	*slot = kato_ms(ctrl);
	return FAB_OK;
}

static struct fab_status get_kato(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *ret)
{
	(void)req;
	*ret = kato_ms(ctrl);
	return FAB_OK;
}

/* ---- 19h I/O Command Set Profile: CNS 1Ch tells one combination, index 0 ---- */

static struct fab_status set_iocs(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	(void)ctrl;
	(void)slot;
	return cdw11(req) ? FAB_ERR(NVME_SC_IOCS_COMBINATION) : FAB_OK;
}

/* ---- 81h Host Identifier: Connect has set it, for good ---- */

static struct fab_status set_host_id(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot)
{
	(void)ctrl;
	(void)req;
	(void)slot;
	return FAB_ERR(NVME_SC_CMD_SEQ_ERROR);
}

static struct fab_status get_host_id(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *ret)
{
	if (!(cdw11(req) & NVME_FEAT_HOST_ID_EXHID))
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT);
	memcpy(req->data, ctrl->hostid, sizeof(ctrl->hostid));
	*ret = NVME_FEAT_HOST_ID_EXHID;
	return FAB_OK;
}

/* ---- the table ---- */

#define ALL_CTRLS (FAB_CT_IO | FAB_CT_DISC | FAB_CT_ADMIN)
#define CHANGEABLE NVME_FEAT_CAP_CHANGEABLE
#define OF_CTRL NVME_FIDS_SCOPE_CTRL

/* Nothing here outlives the controller, so nothing is saveable. */
static const struct fab_feature rows[] = {
	/* FID, controllers, capabilities, data bytes, reserved bits, scope, default, set, get */
	{ NVME_FID_ARBITRATION, FAB_CT_IO, CHANGEABLE, 0, 0xf8, OF_CTRL, NULL, NULL, NULL },
	{ NVME_FID_POWER_MGMT, FAB_CT_IO, CHANGEABLE, 0, ~0xffu, OF_CTRL, NULL, set_power, NULL },
	{ NVME_FID_TEMP_THRESH, FAB_CT_IO, CHANGEABLE, 0, 0xfe000000, OF_CTRL, default_temp,
	  set_temp, get_temp },
	{ NVME_FID_ERROR_RECOVERY, FAB_CT_IO, CHANGEABLE, 0, ~0xffffu, OF_CTRL, NULL, NULL, NULL },
	{ NVME_FID_VOLATILE_WC, FAB_CT_IO, 0, 0, ~1u, OF_CTRL, default_vwc, set_vwc, NULL },
	{ NVME_FID_NUM_QUEUES, FAB_CT_IO, CHANGEABLE, 0, 0, OF_CTRL, default_queues, set_queues,
	  NULL },
	{ NVME_FID_WRITE_ATOMICITY, FAB_CT_IO, CHANGEABLE, 0, ~1u, OF_CTRL, NULL, NULL, NULL },
	{ NVME_FID_ASYNC_EVENT, ALL_CTRLS, CHANGEABLE, 0, 0, OF_CTRL, NULL, set_events, NULL },
	{ NVME_FID_TIMESTAMP, FAB_CT_IO, CHANGEABLE, sizeof(struct nvme_feat_timestamp), ~0u,
	  OF_CTRL, NULL, set_timestamp, get_timestamp },
	{ NVME_FID_KATO, ALL_CTRLS, CHANGEABLE, 0, 0, OF_CTRL, NULL, set_kato, get_kato },
	{ NVME_FID_IOCS_PROFILE, FAB_CT_IO, CHANGEABLE, 0, ~0x1ffu, OF_CTRL, NULL, set_iocs, NULL },
	{ NVME_FID_HOST_ID, ALL_CTRLS, 0, 16, ~1u, OF_CTRL, NULL, set_host_id, get_host_id },
};
static_assert(sizeof(rows) / sizeof(rows[0]) <= FAB_NR_FEATURES, "ctrl->feature is too small");

const struct fab_feature *fab_features(unsigned int *ret_nr)
{
	*ret_nr = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

static const struct fab_feature *find_row(const struct fab_ctrl *ctrl, uint8_t fid)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].fid == fid && fab_ctrl_is(ctrl, rows[i].ctrls))
			return &rows[i];
	return NULL;
}

static uint32_t default_value(const struct fab_ctrl *ctrl, const struct fab_feature *row,
			      uint32_t dw11)
{
	return row->deflt ? row->deflt(ctrl, dw11) : 0;
}

void fab_features_reset(struct fab_ctrl *ctrl)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ctrl->feature[i] = default_value(ctrl, &rows[i], 0);
	ctrl->temp_under = 0;
	ctrl->time_is_set = false;
	ctrl->time_ms = 0;
	atomic_store(&ctrl->ioqs_granted, ctrl->pers->max_ioqs);
}

uint32_t fab_feature_value(const struct fab_ctrl *ctrl, uint8_t fid)
{
	const struct fab_feature *row = find_row(ctrl, fid);

	return row ? ctrl->feature[row - rows] : 0;
}

/* ---- the commands ---- */

/* By ANA state (Base 2.1, Figure "ANA effects on Command Processing"): nothing is set for all namespaces while one of them can't be
 * got at, nor is there the NVM Command Set's own Error Recovery of such a one. */
static struct fab_status check_ana(const struct fab_ctrl *ctrl, const struct fab_req *req, bool get)
{
	uint32_t nsid = le32toh(req->cmd.nsid);
	bool own = NVME_FEAT_FID(le32toh(req->cmd.cdw10)) == NVME_FID_ERROR_RECOVERY;

	if (!ctrl->view || !nsid || (get && !own))
		return FAB_OK;
	return fab_view_ana_check(ctrl->view, nsid);
}

/* No feature here is a namespace's own: NSID may be 0, all, or (for Get, which then tells the controller's) an active one. */
static struct fab_status check_nsid(const struct fab_ctrl *ctrl, const struct fab_req *req,
				    bool get)
{
	uint32_t nsid = le32toh(req->cmd.nsid);
	bool active = ctrl->view && fab_view_ns(ctrl->view, nsid);

	if (!nsid || nsid == NVME_NSID_ALL || (get && active))
		return check_ana(ctrl, req, get);
	if (active)
		return FAB_ERR_AT(NVME_SC_FID_NOT_PER_NS, offsetof(struct nvme_cmd, nsid));
	return FAB_ERR_AT(NVME_SC_INVALID_NS, offsetof(struct nvme_cmd, nsid));
}

struct fab_status fab_set_features_check(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t cdw10 = le32toh(req->cmd.cdw10);
	const struct fab_feature *row = find_row(ctrl, NVME_FEAT_FID(cdw10));

	if (!row)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw10));
	if (cdw10 & NVME_FEAT_SV)
		return FAB_ERR_AT(NVME_SC_FID_NOT_SAVEABLE, offsetof(struct nvme_cmd, cdw10) + 3);
	if (cdw11(req) & row->rsvd11)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, CDW11_AT);
	req->priv.ptr[0] = (void *)row;
	req->len = row->data_len;
	return check_nsid(ctrl, req, false);
}

void fab_set_features_exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	const struct fab_feature *row = req->priv.ptr[0];
	uint32_t *slot = &ctrl->feature[row - rows];

	if (row->set) {
		fab_req_complete(req, row->set(ctrl, req, slot));
		return;
	}
	*slot = cdw11(req);
	fab_req_complete(req, FAB_OK);
}

struct fab_status fab_get_features_check(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t cdw10 = le32toh(req->cmd.cdw10);
	const struct fab_feature *row = find_row(ctrl, NVME_FEAT_FID(cdw10));

	if (!row)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw10));
	if (NVME_FEAT_SEL(cdw10) > NVME_SEL_SUPPORTED)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvme_cmd, cdw10) + 1);
	req->priv.ptr[0] = (void *)row;
	/* Capabilities come in DW0 alone. */
	req->len = NVME_FEAT_SEL(cdw10) == NVME_SEL_SUPPORTED ? 0 : row->data_len;
	return check_nsid(ctrl, req, true);
}

void fab_get_features_exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	const struct fab_feature *row = req->priv.ptr[0];
	uint32_t sel = NVME_FEAT_SEL(le32toh(req->cmd.cdw10));
	uint32_t value = default_value(ctrl, row, cdw11(req)); /* also for "saved": nothing is */
	struct fab_status st = FAB_OK;

	if (req->len && !fab_admin_reply(req))
		return;
	if (sel == NVME_SEL_SUPPORTED) {
		value = row->caps;
	} else if (sel == NVME_SEL_CURRENT) {
		value = ctrl->feature[row - rows];
		if (row->get)
			st = row->get(ctrl, req, &value);
	}
	if (fab_failed(st))
		req->out_len = 0;
	req->cqe.dw[0] = htole32(value);
	fab_req_complete(req, st);
}
