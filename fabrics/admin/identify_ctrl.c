/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/identify_ctrl.c - what a controller tells of itself: CNS 01h, and 06h for the NVM Command Set.
 * Owns: nothing.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.13.2.1; NVM Command Set 1.1, 4.1.5.2. */
#include <endian.h>
#include <string.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

static void put_padded(char *dst, size_t size, const char *src)
{
	memset(dst, ' ', size);
	memcpy(dst, src, strnlen(src, size));
}

/* Optional commands are told by the table that also makes the effects log. */
static uint16_t derive_oncs(const struct fab_personality *pers)
{
	static const struct {
		uint8_t opcode;
		uint16_t bit;
	} map[] = {
		{ NVME_IO_COMPARE, NVME_ONCS_COMPARE },
		{ NVME_IO_WRITE_UNCORRECTABLE, NVME_ONCS_WRITE_UNCORRECTABLE },
		{ NVME_IO_DSM, NVME_ONCS_DSM },
		{ NVME_IO_WRITE_ZEROES, NVME_ONCS_WRITE_ZEROES },
		{ NVME_IO_RESV_REGISTER, NVME_ONCS_RESERVATIONS },
		{ NVME_IO_VERIFY, NVME_ONCS_VERIFY },
		{ NVME_IO_COPY, NVME_ONCS_COPY },
	};
	uint16_t oncs = NVME_ONCS_SAVE_SELECT;

	if (pers->type == FAB_CT_IO)
		oncs |= NVME_ONCS_TIMESTAMP;
	for (size_t i = 0; pers->io_effects && i < sizeof(map) / sizeof(map[0]); i++)
		if (pers->io_effects[map[i].opcode] & NVME_EFF_CSUPP)
			oncs |= map[i].bit;
	return oncs;
}

static void fill_who(const struct fab_ctrl *ctrl, struct nvme_id_ctrl *id)
{
	put_padded(id->sn, sizeof(id->sn), ctrl->id->serial);
	put_padded(id->mn, sizeof(id->mn), ctrl->id->model);
	put_padded(id->fr, sizeof(id->fr), ctrl->id->firmware);
	memcpy(id->ieee, ctrl->id->ieee_oui, sizeof(id->ieee));
	memcpy(id->subnqn, ctrl->id->nqn, strnlen(ctrl->id->nqn, NVMF_NQN_MAX));
	id->cntlid = htole16(ctrl->cntlid);
	id->cntrltype = ctrl->pers->cntrltype;
	id->dctype = ctrl->pers->dctype;
}

/* What all controllers have in common. */
static void fill_common(const struct fab_ctrl *ctrl, struct nvme_id_ctrl *id)
{
	const struct fab_personality *pers = ctrl->pers;
	uint32_t maxcmd = pers->mqes + 1u;

	id->cmic = NVME_CMIC_MULTI_PORT | NVME_CMIC_MULTI_CTRL;
	id->mdts = pers->mdts;
	id->ver = htole32(NVME_VS(2, 1, 0));
	id->oaes = htole32(pers->oaes);
	id->ctratt = htole32(NVME_CTRATT_HIDS | NVME_CTRATT_TBKAS);
	id->acl = FAB_ACL;
	id->aerl = FAB_AERL;
	id->frmw = NVME_FRMW_SLOT1_RO | 1 << NVME_FRMW_SLOTS_SHIFT;
	id->lpa = NVME_LPA_EXTENDED | NVME_LPA_SUPPORTED;
	id->elpe = FAB_ERRLOG_ENTRIES - 1;
	id->kas = htole16(FAB_KAS_UNIT);
	id->maxcmd = htole16(maxcmd > 0xffff ? 0xffff : maxcmd);
	id->oncs = htole16(derive_oncs(pers));
	id->sgls = htole32(NVME_SGLS_SUPPORTED | NVME_SGLS_OFFSET | NVME_SGLS_TRANSPORT);
	id->ioccsz = htole32((sizeof(struct nvme_cmd) + pers->icd) / 16);
	id->iorcsz = htole32(sizeof(struct nvme_cqe) / 16);
	id->msdbd = 1;
}

static void fill_io(const struct fab_ctrl *ctrl, struct nvme_id_ctrl *id)
{
	const struct fab_personality *pers = ctrl->pers;

	id->lpa |= NVME_LPA_EFFECTS;
	id->sqes = NVME_SQES(6, 6);
	id->cqes = NVME_SQES(4, 4);
	id->nn = htole32(pers->max_namespaces);
	id->mnan = htole32(pers->max_namespaces);
	id->vwc = NVME_VWC_PRESENT | NVME_VWC_FLUSH_ALL;
	id->ofcs = htole16(NVME_OFCS_DISCONNECT);
	if (!pers->max_ana_groups)
		return;
	id->cmic |= NVME_CMIC_ANA;
	id->anatt = 10;
	/* A transition shows no state of its own, so Change is none that is reported. */
	id->anacap = NVME_ANACAP_OPTIMIZED | NVME_ANACAP_NON_OPTIMIZED | NVME_ANACAP_INACCESSIBLE |
		     NVME_ANACAP_PERSISTENT_LOSS;
	id->anagrpmax = htole32(pers->max_ana_groups);
	id->nanagrpid = htole32(pers->max_ana_groups);
}

void fab_id_ctrl(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		 void *buf)
{
	struct nvme_id_ctrl *id = buf;

	(void)req;
	(void)ns;
	fill_who(ctrl, id);
	fill_common(ctrl, id);
	if (fab_ctrl_is(ctrl, FAB_CT_IO))
		fill_io(ctrl, id);
	if (ctrl->pers->identify_ctrl)
		ctrl->pers->identify_ctrl(ctrl, id);
}

/* ---- CNS 06h, CSI 0: limits that hold for every namespace ---- */

static uint64_t lower(uint64_t limit, uint64_t other)
{
	return other && (!limit || other < limit) ? other : limit;
}

/* Greatest n with 4 KiB << n <= bytes, as WZSL wants it; 0 says no limit, so the least that can be told is 1. */
static uint8_t log2_pages(uint64_t bytes)
{
	uint8_t n = 0;

	while (bytes >> (n + 13))
		n++;
	return n;
}

void fab_id_ctrl_nvm(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *none,
		     void *buf)
{
	struct nvme_id_ctrl_nvm *id = buf;
	uint64_t wz_bytes = 0, dsm_blocks = 0, dsm_ranges = 0;

	(void)req;
	(void)none;
	for (uint32_t nsid = 1; nsid <= ctrl->view->nr_slots; nsid++) {
		const struct fab_ns *ns = fab_view_ns(ctrl->view, nsid);

		if (!ns)
			continue;
		wz_bytes = lower(wz_bytes, (uint64_t)ns->max_wz_blocks << ns->lba_shift);
		dsm_blocks = lower(dsm_blocks, ns->max_dsm_blocks);
		dsm_ranges = lower(dsm_ranges, ns->max_dsm_ranges);
	}
	id->ver = htole32(NVME_VS(1, 1, 0));
	id->wzsl = wz_bytes ? log2_pages(wz_bytes) : 0;
	/* DMRL is 8 bits wide: 256 ranges, all that a command can name, is no limit. */
	id->dmrl = dsm_ranges < NVME_DSM_MAX_RANGES ? dsm_ranges : 0;
	id->dmrsl = htole32(dsm_blocks);
	if (dsm_blocks)
		id->dmsl = htole64(dsm_blocks * (dsm_ranges ? dsm_ranges : NVME_DSM_MAX_RANGES));
}
