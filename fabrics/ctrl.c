/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ctrl.c - a controller: identity, state, keep alive, its table of I/O queues.
 * Owns: struct fab_ctrl, one reference on its view.  Thread: see fabrics/ctrl.h.  May block: never.
 * Spec: NVM Express Base 2.1, 3.1, 3.5, 3.6, 3.9. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/ctrl_impl.h"

#define MS 1000000ull
/* A host that has connected but isn't using the controller (not enabled, or shut down) may stay silent this long. */
#define IDLE_MS 120000u

#define TO(state) (1u << FAB_CTRL_##state)
static const uint32_t may_go[FAB_CTRL_STATE_COUNT] = {
	[FAB_CTRL_DISABLED] = TO(READY) | TO(SHUT_DOWN) | TO(FATAL),
	[FAB_CTRL_READY] = TO(RESETTING) | TO(SHUT_DOWN) | TO(FATAL),
	[FAB_CTRL_RESETTING] = TO(DISABLED) | TO(FATAL),
	[FAB_CTRL_SHUT_DOWN] = TO(READY) | TO(RESETTING) | TO(FATAL),
	[FAB_CTRL_FATAL] = TO(RESETTING),
};

void fab_ctrl_set_state(struct fab_ctrl *ctrl, enum fab_ctrl_state to)
{
	enum fab_ctrl_state from = fab_ctrl_state(ctrl);

	assert(may_go[from] & 1u << to);
	atomic_store_explicit(&ctrl->state, to, memory_order_release);
	ctrl->ka.next = 0;
}

enum fab_ctrl_state fab_ctrl_state(const struct fab_ctrl *ctrl)
{
	return atomic_load_explicit(&ctrl->state, memory_order_acquire);
}

struct fab_ctrl *fab_ctrl_create(const struct fab_ctrl_params *params)
{
	const struct fab_personality *pers = params->pers;
	struct fab_ctrl *ctrl;

	ctrl = calloc(1, sizeof(*ctrl) + pers->max_ioqs * sizeof(ctrl->ioq[0]));
	if (!ctrl)
		return NULL;
	atomic_init(&ctrl->refs, 1);
	atomic_init(&ctrl->state, FAB_CTRL_DISABLED);
	ctrl->site = params->site;
	ctrl->pers = pers;
	ctrl->id = params->id;
	ctrl->admin_conn = params->admin_conn;
	ctrl->view = params->view;
	ctrl->user = params->user;
	ctrl->cntlid = params->cntlid;
	memcpy(ctrl->hostid, params->connect->hostid, sizeof(ctrl->hostid));
	memcpy(ctrl->hostnqn, params->connect->hostnqn, sizeof(ctrl->hostnqn));
	atomic_flag_clear(&ctrl->errlog.lock);
	fab_features_reset(ctrl);
	/* Counts as traffic, so that the first look at the clock starts the timer. */
	atomic_init(&ctrl->ka.traffic, true);
	fab_ctrl_set_kato(ctrl, params->connect->kato_ms);
	return ctrl;
}

struct fab_ctrl *fab_ctrl_get(struct fab_ctrl *ctrl)
{
	if (ctrl)
		atomic_fetch_add_explicit(&ctrl->refs, 1, memory_order_relaxed);
	return ctrl;
}

void fab_ctrl_put(struct fab_ctrl *ctrl)
{
	if (!ctrl || atomic_fetch_sub_explicit(&ctrl->refs, 1, memory_order_acq_rel) != 1)
		return;
	fab_view_put(ctrl->view);
	free(ctrl->changed.nsid);
	fab_ana_reset(ctrl);
	free(ctrl->errlog.entry);
	free(ctrl);
}

void *fab_ctrl_user(const struct fab_ctrl *ctrl)
{
	return ctrl->user;
}

uint16_t fab_ctrl_cntlid(const struct fab_ctrl *ctrl)
{
	return ctrl->cntlid;
}

const char *fab_ctrl_hostnqn(const struct fab_ctrl *ctrl)
{
	return ctrl->hostnqn;
}

const uint8_t *fab_ctrl_hostid(const struct fab_ctrl *ctrl)
{
	return ctrl->hostid;
}

const struct fab_personality *fab_ctrl_pers(const struct fab_ctrl *ctrl)
{
	return ctrl->pers;
}

const struct fab_subsys_id *fab_ctrl_subsys(const struct fab_ctrl *ctrl)
{
	return ctrl->id;
}

struct fab_conn *fab_ctrl_admin_conn(const struct fab_ctrl *ctrl)
{
	return ctrl->admin_conn;
}

struct fab_view *fab_ctrl_view(const struct fab_ctrl *ctrl)
{
	return ctrl->view;
}

/* ---- keep alive ---- */

/* Rounded up to the granularity that Identify tells; 0 takes the personality's limit for idle hosts. */
void fab_ctrl_set_kato(struct fab_ctrl *ctrl, uint32_t ms)
{
	const uint32_t unit = FAB_KAS_UNIT * 100;

	if (!ms)
		ms = ctrl->pers->default_kato_ms;
	if (ms > UINT32_MAX - unit)
		ms = UINT32_MAX - unit;
	ms = (ms + unit - 1) / unit * unit;
	atomic_store_explicit(&ctrl->ka.ms, ms, memory_order_relaxed);
	ctrl->ka.next = 0;
}

uint64_t fab_ctrl_kato_ns(const struct fab_ctrl *ctrl)
{
	return atomic_load_explicit(&ctrl->ka.ms, memory_order_relaxed) * MS;
}

void fab_ctrl_saw_traffic(struct fab_ctrl *ctrl)
{
	if (!atomic_load_explicit(&ctrl->ka.traffic, memory_order_relaxed))
		atomic_store_explicit(&ctrl->ka.traffic, true, memory_order_relaxed);
}

void fab_ctrl_authenticating(struct fab_ctrl *ctrl, bool begins)
{
	if (begins)
		atomic_fetch_add_explicit(&ctrl->ka.authenticating, 1, memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(&ctrl->ka.authenticating, 1, memory_order_relaxed);
}

/* The timer proper runs while the controller is enabled; otherwise only a long idle limit, and none if the host wants none. */
static uint64_t silence_limit(const struct fab_ctrl *ctrl)
{
	uint64_t kato = fab_ctrl_kato_ns(ctrl);

	if (!kato || fab_ctrl_state(ctrl) == FAB_CTRL_READY)
		return kato;
	return kato > IDLE_MS * MS ? kato : IDLE_MS * MS;
}

uint64_t fab_ctrl_deadline(const struct fab_ctrl *ctrl)
{
	return silence_limit(ctrl) ? ctrl->ka.next : UINT64_MAX;
}

bool fab_ctrl_expired(struct fab_ctrl *ctrl, uint64_t now)
{
	uint64_t limit = silence_limit(ctrl);
	struct fab_keep_alive *ka = &ctrl->ka;

	/* Even without a limit: so that one that is set later counts from what was seen. */
	if (atomic_exchange_explicit(&ka->traffic, false, memory_order_relaxed) ||
	    atomic_load_explicit(&ka->authenticating, memory_order_relaxed))
		ka->seen = now;
	if (!limit)
		return false;
	if (now - ka->seen >= limit) {
		struct fab_status st = FAB_ERR(NVME_SC_KATO_EXPIRED);

		fab_ctrl_log_error(ctrl, 0, 0xffff, st, 0, 0);
		if (fab_ctrl_state(ctrl) != FAB_CTRL_FATAL)
			fab_ctrl_set_state(ctrl, FAB_CTRL_FATAL);
		return true;
	}
	/* Traffic leaves no time, only a flag: looking four times per limit keeps the error below a quarter of it. */
	ka->next = now + limit / 4 < ka->seen + limit ? now + limit / 4 : ka->seen + limit;
	return false;
}

/* ---- table of I/O queues ---- */

struct fab_status fab_ctrl_ioq_add(struct fab_ctrl *ctrl, uint16_t qid, uint16_t sqsize,
				   struct fab_conn *conn)
{
	if (!qid || qid > atomic_load(&ctrl->ioqs_granted))
		return FAB_ERR_AT(NVME_SC_CONNECT_PARAM, offsetof(struct nvmf_connect_cmd, qid));
	if (!sqsize || sqsize > ctrl->pers->mqes)
		return FAB_ERR_AT(NVME_SC_CONNECT_PARAM, offsetof(struct nvmf_connect_cmd, sqsize));
	/* Both of these may pass: no Do Not Retry. */
	if (fab_ctrl_state(ctrl) != FAB_CTRL_READY || ctrl->ioq[qid - 1].conn)
		return FAB_RETRY(NVME_SC_CMD_SEQ_ERROR);
	ctrl->ioq[qid - 1] = (struct fab_io_queue){ .conn = conn, .sqsize = sqsize };
	atomic_fetch_add(&ctrl->nr_ioqs, 1);
	return FAB_OK;
}

void fab_ctrl_ioq_del(struct fab_ctrl *ctrl, uint16_t qid)
{
	if (!fab_ctrl_ioq(ctrl, qid))
		return;
	ctrl->ioq[qid - 1] = (struct fab_io_queue){ 0 };
	atomic_fetch_sub(&ctrl->nr_ioqs, 1);
}

const struct fab_io_queue *fab_ctrl_ioq(const struct fab_ctrl *ctrl, uint16_t qid)
{
	if (!qid || qid > ctrl->pers->max_ioqs || !ctrl->ioq[qid - 1].conn)
		return NULL;
	return &ctrl->ioq[qid - 1];
}

unsigned int fab_ctrl_nr_ioqs(const struct fab_ctrl *ctrl)
{
	return atomic_load(&ctrl->nr_ioqs);
}

/* ---- view ---- */

/* Its group is told by another notice. */
static bool same_ns(const struct fab_ns *a, const struct fab_ns *b)
{
	if (!a || !b)
		return a == b;
	return a->lba_shift == b->lba_shift && a->nr_blocks == b->nr_blocks &&
	       a->read_only == b->read_only && !memcmp(a->uuid, b->uuid, sizeof(a->uuid)) &&
	       !memcmp(a->nguid, b->nguid, sizeof(a->nguid)) &&
	       !memcmp(a->eui64, b->eui64, sizeof(a->eui64));
}

static void note_changed(struct fab_changed_ns *list, uint32_t nsid)
{
	unsigned int at = list->nr;

	if (!list->nsid)
		list->nsid = calloc(NVME_NS_LIST_MAX, sizeof(list->nsid[0]));
	if (!list->nsid) { /* "more than can be named" has the host look at all */
		list->overflow = true;
		return;
	}
	while (at && list->nsid[at - 1] >= nsid)
		at--;
	if (at < list->nr && list->nsid[at] == nsid)
		return;
	if (list->nr == NVME_NS_LIST_MAX) {
		list->overflow = true;
		return;
	}
	memmove(&list->nsid[at + 1], &list->nsid[at], (list->nr - at) * sizeof(list->nsid[0]));
	list->nsid[at] = nsid;
	list->nr++;
}

void fab_ctrl_set_view(struct fab_ctrl *ctrl, struct fab_view *view)
{
	struct fab_view *old = ctrl->view;
	uint32_t slots = 0;
	bool changed = false, ana = fab_ana_changed(ctrl, old, view);

	if (old)
		slots = old->nr_slots;
	if (view && view->nr_slots > slots)
		slots = view->nr_slots;
	for (uint32_t nsid = 1; nsid <= slots; nsid++) {
		if (same_ns(old ? fab_view_ns(old, nsid) : NULL,
			    view ? fab_view_ns(view, nsid) : NULL))
			continue;
		note_changed(&ctrl->changed, nsid);
		changed = true;
	}
	ctrl->view = view;
	fab_view_put(old);
	if (changed)
		fab_ctrl_event(ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_NS_CHANGED,
			       NVME_LID_CHANGED_NS);
	if (ana)
		fab_ctrl_event(ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_ANA, NVME_LID_ANA);
}
