/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/identify_ns.c - what is told of one namespace: CNS 00h, 03h, 05h, 08h.
 * Owns: nothing.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.13.2.4, 5.1.13.2.8; NVM Command Set 1.1, 4.1.5.1. */
#include <endian.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

static bool is_set(const uint8_t *id, size_t len)
{
	while (len--)
		if (id[len])
			return true;
	return false;
}

static uint8_t nsfeat(const struct fab_ns *ns)
{
	return (ns->thin ? NVME_NSFEAT_THIN : 0) | (ns->atomic_blocks ? NVME_NSFEAT_ATOMIC : 0) |
	       (ns->optimal_io_blocks ? NVME_NSFEAT_OPTPERF : 0);
}

static void put_le128(uint8_t dst[16], uint64_t v)
{
	v = htole64(v);
	memcpy(dst, &v, sizeof(v));
}

void fab_id_ns(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns, void *buf)
{
	struct nvme_id_ns *id = buf;

	(void)req;
	if (!ns)
		return;
	id->nsze = htole64(ns->nr_blocks);
	id->ncap = id->nsze;
	/* What is known of capacity where the data can't be got at is 0 (Base 2.1, 8.1.1.6); size and capacity of the namespace itself
	 * stay, or hosts would take it for gone. */
	if (fab_ana_serves(fab_view_ana(ctrl->view, ns->anagrpid))) {
		id->nuse = id->nsze;
		put_le128(id->nvmcap, ns->nr_blocks << ns->lba_shift);
	}
	id->nsfeat = nsfeat(ns);
	id->nmic = NVME_NMIC_SHARED;
	id->dlfeat = ns->deallocate_reads_zero ? NVME_DLFEAT_READ_ZERO | NVME_DLFEAT_WZ_DEAC : 0;
	/* Never torn for a reader; but a crash in the middle of a write may leave any part of it, so NAWUPF stays at one block,
	 * the least there is.  NACWU too: there is no fused Compare and Write. */
	if (ns->atomic_blocks)
		id->nawun = htole16(ns->atomic_blocks - 1);
	if (ns->optimal_io_blocks) {
		uint16_t n = htole16(ns->optimal_io_blocks - 1);

		id->npwg = n;
		id->npwa = n;
		id->npdg = n;
		id->npda = n;
		id->nows = n;
	}
	if (ctrl->pers->max_ana_groups)
		id->anagrpid = htole32(ns->anagrpid);
	id->nsattr = ns->read_only ? NVME_NSATTR_WP : 0;
	memcpy(id->nguid, ns->nguid, sizeof(id->nguid));
	memcpy(id->eui64, ns->eui64, sizeof(id->eui64));
	id->lbaf[0].lbads = ns->lba_shift;
}

/* No protection information, no extended formats: all of it is zero but the granularities. */
void fab_id_ns_nvm(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		   void *buf)
{
	struct nvme_id_ns_nvm *id = buf;

	(void)ctrl;
	(void)req;
	if (!ns || !ns->optimal_io_blocks)
		return;
	id->npdgl = htole32(ns->optimal_io_blocks - 1);
	id->npdal = id->npdgl;
}

void fab_id_ns_indep(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		     void *buf)
{
	struct nvme_id_ns_indep *id = buf;

	(void)req;
	if (!ns)
		return;
	id->nsfeat = nsfeat(ns) & (NVME_NSFEAT_UIDREUSE);
	id->nmic = NVME_NMIC_SHARED;
	if (ctrl->pers->max_ana_groups)
		id->anagrpid = htole32(ns->anagrpid);
	id->nsattr = ns->read_only ? NVME_NSATTR_WP : 0;
	id->nstat = NVME_NSTAT_NRDY;
}

static void put_desc(struct fab_win *win, uint8_t type, const void *nid, uint8_t len)
{
	struct nvme_ns_desc desc = { .nidt = type, .nidl = len };

	fab_win_put(win, &desc, sizeof(desc));
	fab_win_put(win, nid, len);
}

/* Those that are set, and the command set, which hosts insist on when CAP.CSS offers several. */
void fab_id_ns_desc(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		    void *buf)
{
	struct fab_win win = fab_win_init(buf, 0, NVME_ID_DATA_LEN);
	const uint8_t csi = NVME_CSI_NVM;

	(void)ctrl;
	(void)req;
	if (is_set(ns->uuid, sizeof(ns->uuid)))
		put_desc(&win, NVME_NIDT_UUID, ns->uuid, sizeof(ns->uuid));
	if (is_set(ns->nguid, sizeof(ns->nguid)))
		put_desc(&win, NVME_NIDT_NGUID, ns->nguid, sizeof(ns->nguid));
	if (is_set(ns->eui64, sizeof(ns->eui64)))
		put_desc(&win, NVME_NIDT_EUI64, ns->eui64, sizeof(ns->eui64));
	put_desc(&win, NVME_NIDT_CSI, &csi, sizeof(csi));
}
