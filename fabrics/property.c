/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/property.c - controller properties (registers) and the life cycle that writing CC drives.
 * Owns: nothing.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 3.1.4 (properties), 3.5-3.7 (initialisation, shutdown, reset).  Diagram: docs/controller-states.md */
#include <endian.h>

#include "fabrics/ctrl_impl.h"

struct property {
	uint32_t offset;
	uint8_t size; /* enum nvmf_prop_size */
	uint64_t (*get)(const struct fab_ctrl *ctrl);
	void (*set)(struct fab_ctrl *ctrl, uint64_t value); /* NULL: read only */
};

static uint64_t get_cap(const struct fab_ctrl *ctrl)
{
	uint64_t cap = ctrl->pers->mqes | NVME_CAP_CQR |
		       (uint64_t)FAB_READY_TIMEOUT << NVME_CAP_TO_SHIFT | NVME_CAP_CRWMS;

	if (fab_ctrl_is(ctrl, FAB_CT_ADMIN))
		return cap | NVME_CAP_CSS_NOIO;
	cap |= NVME_CAP_CSS_NVM;
	/* Several command sets: then CNS 03h tells each namespace's by a CSI descriptor. */
	if (fab_ctrl_is(ctrl, FAB_CT_IO))
		cap |= NVME_CAP_CSS_IOCSS;
	return cap;
}

static uint64_t get_vs(const struct fab_ctrl *ctrl)
{
	(void)ctrl;
	return NVME_VS(2, 1, 0);
}

static uint64_t get_cc(const struct fab_ctrl *ctrl)
{
	return ctrl->cc;
}

static uint64_t get_csts(const struct fab_ctrl *ctrl)
{
	static const uint32_t csts[FAB_CTRL_STATE_COUNT] = {
		[FAB_CTRL_READY] = NVME_CSTS_RDY,
		[FAB_CTRL_RESETTING] = NVME_CSTS_RDY,
		[FAB_CTRL_SHUT_DOWN] = NVME_SHST_COMPLETE << NVME_CSTS_SHST_SHIFT,
		[FAB_CTRL_FATAL] = NVME_CSTS_CFS,
	};
	enum fab_ctrl_state state = fab_ctrl_state(ctrl);
	uint32_t val = csts[state];

	if (state == FAB_CTRL_SHUT_DOWN && (ctrl->cc & NVME_CC_EN))
		val |= NVME_CSTS_RDY;
	return val;
}

static uint64_t get_crto(const struct fab_ctrl *ctrl)
{
	(void)ctrl;
	return FAB_READY_TIMEOUT << NVME_CRTO_CRWMT_SHIFT;
}

/* ---- life cycle ---- */

static bool cc_is_valid(const struct fab_ctrl *ctrl, uint32_t cc)
{
	if (NVME_CC_MPS(cc) || NVME_CC_AMS(cc))
		return false;
	if (!fab_ctrl_is(ctrl, FAB_CT_IO))
		return true; /* no I/O queues: the command set and entry sizes mean nothing */
	if (NVME_CC_CSS(cc) != NVME_CC_CSS_NVM && NVME_CC_CSS(cc) != NVME_CC_CSS_ALL)
		return false;
	return NVME_CC_IOSQES(cc) == 6 && NVME_CC_IOCQES(cc) == 4;
}

static void enable(struct fab_ctrl *ctrl)
{
	fab_ctrl_set_state(ctrl, cc_is_valid(ctrl, ctrl->cc) ? FAB_CTRL_READY : FAB_CTRL_FATAL);
}

/* Has the site end the I/O queues, which fab_ctrl_quiesced() reports. */
static void quiesce(struct fab_ctrl *ctrl)
{
	if (ctrl->quiescing)
		return;
	ctrl->quiescing = true;
	if (ctrl->site->ops->quiesce)
		ctrl->site->ops->quiesce(ctrl->site, ctrl);
	else
		fab_ctrl_quiesced(ctrl);
}

static void reset(struct fab_ctrl *ctrl)
{
	if (fab_ctrl_state(ctrl) == FAB_CTRL_RESETTING)
		return;
	fab_ctrl_set_state(ctrl, FAB_CTRL_RESETTING);
	fab_events_reset(ctrl);
	fab_ana_reset(ctrl);
	fab_features_reset(ctrl);
	quiesce(ctrl);
}

static void shut_down(struct fab_ctrl *ctrl)
{
	enum fab_ctrl_state state = fab_ctrl_state(ctrl);

	if (state != FAB_CTRL_READY && state != FAB_CTRL_DISABLED)
		return;
	/* Nothing is cached in here that would have to be saved first, and the I/O queues stay until the host lets go of them: one
	 * that still polls them while it waits for SHST (SPDK) would take their end for a fault. */
	fab_ctrl_set_state(ctrl, FAB_CTRL_SHUT_DOWN);
}

void fab_ctrl_quiesced(struct fab_ctrl *ctrl)
{
	enum fab_ctrl_state state = fab_ctrl_state(ctrl);

	if (!ctrl->quiescing)
		return;
	ctrl->quiescing = false;
	if (state != FAB_CTRL_RESETTING)
		return;
	fab_ctrl_set_state(ctrl, FAB_CTRL_DISABLED);
	if (ctrl->cc & NVME_CC_EN) /* the host didn't wait for CSTS.RDY to clear */
		enable(ctrl);
}

static void set_cc(struct fab_ctrl *ctrl, uint64_t value)
{
	uint32_t old = ctrl->cc, cc = (uint32_t)value & ~NVME_CC_CRIME;
	enum fab_ctrl_state state = fab_ctrl_state(ctrl);

	ctrl->cc = cc;
	if ((old & NVME_CC_EN) && !(cc & NVME_CC_EN))
		reset(ctrl);
	else if (!(old & NVME_CC_EN) && (cc & NVME_CC_EN) &&
		 (state == FAB_CTRL_DISABLED || state == FAB_CTRL_SHUT_DOWN))
		enable(ctrl);
	if (NVME_CC_SHN(cc) && !NVME_CC_SHN(old))
		shut_down(ctrl);
}

/* ---- access ---- */

static const struct property properties[] = {
	{ NVME_REG_CAP, NVMF_PROP_8, get_cap, NULL },
	{ NVME_REG_VS, NVMF_PROP_4, get_vs, NULL },
	{ NVME_REG_CC, NVMF_PROP_4, get_cc, set_cc },
	{ NVME_REG_CSTS, NVMF_PROP_4, get_csts, NULL },
	{ NVME_REG_CRTO, NVMF_PROP_4, get_crto, NULL },
};

static struct fab_status find(uint32_t offset, uint8_t size, const struct property **ret)
{
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		if (properties[i].offset != offset)
			continue;
		if (properties[i].size != size)
			return FAB_ERR_AT(NVME_SC_INVALID_FIELD,
					  offsetof(struct nvmf_property_cmd, attrib));
		*ret = &properties[i];
		return FAB_OK;
	}
	return FAB_ERR_AT(NVME_SC_INVALID_FIELD, offsetof(struct nvmf_property_cmd, offset));
}

struct fab_status fab_property_get(struct fab_ctrl *ctrl, uint32_t offset, uint8_t size,
				   uint64_t *ret)
{
	const struct property *prop;
	struct fab_status st = find(offset, size, &prop);

	if (!fab_failed(st))
		*ret = prop->get(ctrl);
	return st;
}

struct fab_status fab_property_set(struct fab_ctrl *ctrl, uint32_t offset, uint8_t size,
				   uint64_t value)
{
	const struct property *prop;
	struct fab_status st = find(offset, size, &prop);

	if (fab_failed(st))
		return st;
	if (!prop->set)
		return FAB_ERR_AT(NVME_SC_INVALID_FIELD,
				  offsetof(struct nvmf_property_cmd, offset));
	prop->set(ctrl, value);
	return st;
}
