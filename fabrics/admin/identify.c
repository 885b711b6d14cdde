/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/identify.c - Identify: the table of CNS values, lists of namespaces and controllers.
 * Owns: nothing.  Thread: the admin connection's.  May block: no longer than the site's mutex (controller lists).
 * Spec: NVM Express Base 2.1, 5.1.13. */
#include <endian.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

/* NSIDs greater than the command's. */
static void ns_list(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		    void *buf)
{
	struct nvme_ns_list *list = buf;
	unsigned int nr = 0;

	(void)ns;
	for (uint32_t nsid = le32toh(req->cmd.nsid) + 1;
	     nsid <= ctrl->view->nr_slots && nr < NVME_NS_LIST_MAX; nsid++)
		if (fab_view_ns(ctrl->view, nsid))
			list->nsid[nr++] = htole32(nsid);
}

/* Identifiers of controllers, from CNTID up; of those attached to a namespace, or of all. */
static void ctrl_list(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		      void *buf)
{
	struct nvme_ctrl_list *list = buf;
	uint16_t from = NVME_ID_CNTID(le32toh(req->cmd.cdw10)), ids[NVME_CTRL_LIST_MAX];
	unsigned int nr;

	if (ctrl->pers->ctrl_list) {
		nr = ctrl->pers->ctrl_list(ctrl, ns ? ns->nsid : 0, from, ids, NVME_CTRL_LIST_MAX);
	} else {
		nr = ctrl->cntlid >= from;
		ids[0] = ctrl->cntlid;
	}
	list->num = htole16(nr);
	for (unsigned int i = 0; i < nr; i++)
		list->cntlid[i] = htole16(ids[i]);
}

/* One combination: the NVM Command Set alone. */
static void command_sets(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
			 void *buf)
{
	struct nvme_id_iocs *iocs = buf;

	(void)ctrl;
	(void)req;
	(void)ns;
	iocs->vector[0] = htole64(1u << NVME_CSI_NVM);
}

#define ALL_CTRLS (FAB_CT_IO | FAB_CT_DISC | FAB_CT_ADMIN)
static const struct fab_cns rows[] = {
	/* CNS, controllers, NSID, CSI used, CNTID used, builder */
	{ NVME_CNS_NS, FAB_CT_IO, FAB_CNS_NS, false, false, fab_id_ns },
	{ NVME_CNS_CTRL, ALL_CTRLS, FAB_CNS_NO_NSID, false, false, fab_id_ctrl },
	{ NVME_CNS_ACTIVE_NS_LIST, FAB_CT_IO, FAB_CNS_AFTER, false, false, ns_list },
	{ NVME_CNS_NS_DESC, FAB_CT_IO, FAB_CNS_ACTIVE, false, false, fab_id_ns_desc },
	{ NVME_CNS_CSI_NS, FAB_CT_IO, FAB_CNS_NS, true, false, fab_id_ns_nvm },
	{ NVME_CNS_CSI_CTRL, FAB_CT_IO, FAB_CNS_NO_NSID, true, false, fab_id_ctrl_nvm },
	{ NVME_CNS_CSI_ACTIVE_NS_LIST, FAB_CT_IO, FAB_CNS_AFTER, true, false, ns_list },
	{ NVME_CNS_INDEPENDENT_NS, FAB_CT_IO, FAB_CNS_NS, false, false, fab_id_ns_indep },
	{ NVME_CNS_ALLOCATED_NS_LIST, FAB_CT_IO, FAB_CNS_AFTER, false, false, ns_list },
	{ NVME_CNS_ALLOCATED_NS, FAB_CT_IO, FAB_CNS_NS, false, false, fab_id_ns },
	{ NVME_CNS_NS_CTRL_LIST, FAB_CT_IO, FAB_CNS_ACTIVE, false, true, ctrl_list },
	{ NVME_CNS_CTRL_LIST, FAB_CT_IO, FAB_CNS_NO_NSID, false, true, ctrl_list },
	{ NVME_CNS_CSI_ALLOCATED_NS_LIST, FAB_CT_IO, FAB_CNS_AFTER, true, false, ns_list },
	{ NVME_CNS_CSI_ALLOCATED_NS, FAB_CT_IO, FAB_CNS_NS, true, false, fab_id_ns_nvm },
	{ NVME_CNS_COMMAND_SETS, FAB_CT_IO, FAB_CNS_NO_NSID, false, true, command_sets },
};

const struct fab_cns *fab_cns_rows(unsigned int *ret_nr)
{
	*ret_nr = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

static const struct fab_cns *find_row(const struct fab_ctrl *ctrl, uint8_t cns)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cns == cns && fab_ctrl_is(ctrl, rows[i].ctrls))
			return &rows[i];
	return NULL;
}

static bool nsid_is_valid(const struct fab_ctrl *ctrl, uint32_t nsid)
{
	return nsid && nsid <= ctrl->pers->max_namespaces;
}

static struct fab_status check_nsid(const struct fab_ctrl *ctrl, const struct fab_cns *row,
				    uint32_t nsid)
{
	const uint16_t at = offsetof(struct nvme_cmd, nsid);

	switch ((enum fab_cns_nsid)row->nsid) {
	case FAB_CNS_NO_NSID:
		return nsid ? FAB_ERR_AT(NVME_SC_INVALID_FIELD, at) : FAB_OK;
	case FAB_CNS_AFTER:
		return nsid >= NVME_NSID_LAST ? FAB_ERR_AT(NVME_SC_INVALID_NS, at) : FAB_OK;
	case FAB_CNS_ACTIVE:
		return fab_view_ns(ctrl->view, nsid) ? FAB_OK : FAB_ERR_AT(NVME_SC_INVALID_NS, at);
	case FAB_CNS_NS:
		break;
	}
	return nsid_is_valid(ctrl, nsid) ? FAB_OK : FAB_ERR_AT(NVME_SC_INVALID_NS, at);
}

struct fab_status fab_identify_check(struct fab_ctrl *ctrl, struct fab_req *req)
{
	uint32_t cdw10 = le32toh(req->cmd.cdw10), cdw11 = le32toh(req->cmd.cdw11);
	const uint16_t cdw10_at = offsetof(struct nvme_cmd, cdw10);
	const struct fab_cns *row = find_row(ctrl, NVME_ID_CNS(cdw10));

	if (!row)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, cdw10_at);
	if (!row->cntid && NVME_ID_CNTID(cdw10))
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD, cdw10_at + 2);
	/* Where CSI isn't used it is ignored: some hosts always fill it in. */
	if (row->csi && NVME_ID_CSI(cdw11) != NVME_CSI_NVM)
		return FAB_ERR_AT(NVME_SC_INVALID_IOCS, offsetof(struct nvme_cmd, cdw11) + 3);
	req->priv.ptr[0] = (void *)row;
	req->len = NVME_ID_DATA_LEN;
	return check_nsid(ctrl, row, le32toh(req->cmd.nsid));
}

void fab_identify_exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	const struct fab_cns *row = req->priv.ptr[0];
	const struct fab_ns *ns = NULL;
	struct fab_status st;
	void *buf = fab_admin_reply(req);

	if (!buf)
		return;
	/* Again: it may have waited for that buffer, and the view has changed since. */
	st = check_nsid(ctrl, row, le32toh(req->cmd.nsid));
	if (fab_failed(st)) {
		req->out_len = 0;
		fab_req_complete(req, st);
		return;
	}
	if (row->nsid == FAB_CNS_NS || row->nsid == FAB_CNS_ACTIVE)
		ns = fab_view_ns(ctrl->view, le32toh(req->cmd.nsid));
	row->build(ctrl, req, ns, buf);
	fab_req_complete(req, FAB_OK);
}
