/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/personality.c - what this worker's controllers are: limits, counters, lists.
 * Owns: nothing.  Thread: callbacks run on the admin queue's reactor.  May block: for the registry's mutex at most. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/util.h"
#include "fabrics/spec/nvme.h"
#include "fabrics/spec/nvme_admin.h"
#include "fabrics/spec/nvme_id.h"
#include "fabrics/spec/nvme_log.h"
#include "fabrics/spec/nvmf.h"
#include "targetd/registry.h"

#define DISC_IDLE_MS                                                                               \
	120000 /* a host that asked for no keep alive timer at the discovery controller */
#define DISC_MQES 127

static struct tgt_registry *reg_of(const struct fab_ctrl *ctrl)
{
	const struct tgt_ctrl *tc = fab_ctrl_user(ctrl);

	return tc->reg;
}

static void smart_add(const struct fab_ns *fab, unsigned int nr_reactors, struct fab_smart *ret)
{
	const struct tgt_ns *ns = (const struct tgt_ns *)fab; /* fab is its first member */
	struct tgt_ns_sums sum = tgt_ns_stats_sum(ns->stats, nr_reactors);

	ret->data_units_read += sum.read_bytes / 512;
	ret->data_units_written += sum.write_bytes / 512;
	ret->host_reads += sum.reads;
	ret->host_writes += sum.writes;
	ret->busy_us += sum.busy_ns / CMN_NS_PER_US;
}

/* Of the namespaces that this host sees, or of one of them. */
static void smart(struct fab_ctrl *ctrl, uint32_t nsid, struct fab_smart *ret)
{
	const struct fab_view *view = fab_ctrl_view(ctrl);
	const struct tgt_registry *reg = reg_of(ctrl);

	ret->power_on_seconds = (cmn_now_ns() - reg->started) / CMN_NS_PER_S;
	for (uint32_t id = 1; id <= view->nr_slots; id++)
		if (view->slot[id - 1] && (nsid == 0 || nsid == NVME_NSID_ALL || nsid == id))
			smart_add(view->slot[id - 1], reg->nr_reactors, ret);
}

static int cmp_id(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static unsigned int ctrl_list(struct fab_ctrl *ctrl, uint32_t nsid, uint16_t from, uint16_t *ids,
			      unsigned int max)
{
	struct tgt_ctrl *me = fab_ctrl_user(ctrl), *tc;
	unsigned int nr = 0, size = 0;
	uint16_t *all;

	tgt_registry_lock(me->reg);
	TAILQ_FOREACH(tc, &me->ss->ctrls, link)
		size++;
	all = calloc(size + 1, sizeof(*all));
	TAILQ_FOREACH(tc, &me->ss->ctrls, link) {
		if (!all || !tc->admin || fab_ctrl_cntlid(tc->ctrl) < from)
			continue;
		if (nsid == 0 || fab_view_ns(&tc->view->fab, nsid))
			all[nr++] = fab_ctrl_cntlid(tc->ctrl);
	}
	tgt_registry_unlock(me->reg);
	if (nr)
		qsort(all, nr, sizeof(*all), cmp_id);
	nr = nr < max ? nr : max;
	if (nr)
		memcpy(ids, all, nr * sizeof(*ids));
	free(all);
	return nr;
}

void tgt_personality_init(struct tgt_registry *reg)
{
	reg->io_pers = (struct fab_personality){
		.type = FAB_CT_IO,
		.cntrltype = NVME_CNTRLTYPE_IO,
		.mqes = TGT_MQES,
		.max_ioqs = TGT_MAX_IOQS,
		.mdts = TGT_MDTS,
		.icd = TGT_ICD,
		.oaes = NVME_AEC_NS_ATTR | NVME_AEC_ANA,
		.max_namespaces = TGT_NAMESPACES_MAX,
		.max_ana_groups = FAB_ANA_GROUPS,
		.io_effects = tgt_io_effects,
		.smart = smart,
		.ctrl_list = ctrl_list,
	};
	reg->disc_pers = (struct fab_personality){
		.type = FAB_CT_DISC,
		.cntrltype = NVME_CNTRLTYPE_DISCOVERY,
		.mqes = DISC_MQES,
		.mdts = TGT_MDTS,
		.oaes = NVME_AEC_DISCOVERY,
		.default_kato_ms = DISC_IDLE_MS,
		.discovery_log = tgt_disclog_read,
		.disc_lids = NVME_LIDS_DISC_PLEOS,
	};
	cmn_strlcpy(reg->disc_id.nqn, NVMF_DISC_NQN, sizeof(reg->disc_id.nqn));
	cmn_strlcpy(reg->disc_id.model, "Pharos", sizeof(reg->disc_id.model));
	cmn_strlcpy(reg->disc_id.firmware, "0.1", sizeof(reg->disc_id.firmware));
	tgt_derive_serial(NVMF_DISC_NQN, reg->disc_id.serial);
}
