/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/aer.c - Asynchronous Event Requests and the events that they tell.
 * Owns: the controller's waiting requests and events.  Thread: the admin connection's.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.2.
 *
 * An event is a kind (type, information, log page), not an occurrence: it is told once, then masked until the host has read its
 * log page with RAE 0.  What happens meanwhile isn't lost: unless the host has read the log from its start since, it is told
 * right after that read. */
#include <endian.h>
#include <string.h>

#include "fabrics/admin/table.h"
#include "fabrics/ctrl_impl.h"

/* Which bit of Feature 0Bh allows a notice. */
static uint32_t notice_bit(uint8_t info)
{
	static const struct {
		uint8_t info;
		uint32_t bit;
	} map[] = {
		{ NVME_AER_NOTICE_NS_CHANGED, NVME_AEC_NS_ATTR },
		{ NVME_AER_NOTICE_FW_START, NVME_AEC_FW_ACT },
		{ NVME_AER_NOTICE_TELEMETRY, NVME_AEC_TELEMETRY },
		{ NVME_AER_NOTICE_ANA, NVME_AEC_ANA },
		{ NVME_AER_NOTICE_DISCOVERY, NVME_AEC_DISCOVERY },
		{ NVME_AER_NOTICE_HOST_DISCOVERY, NVME_AEC_HOST_DISCOVERY },
		{ NVME_AER_NOTICE_AVE_DISCOVERY, NVME_AEC_AVE },
		{ NVME_AER_NOTICE_PULL_MODEL, NVME_AEC_PULL_MODEL },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].info == info)
			return map[i].bit;
	return 0;
}

bool fab_ctrl_event_enabled(const struct fab_ctrl *ctrl, uint32_t aen_bit)
{
	return fab_feature_value(ctrl, NVME_FID_ASYNC_EVENT) & aen_bit;
}

/* The pending event that has waited longest and may be told. */
static struct fab_event *next_event(struct fab_events *ev)
{
	struct fab_event *best = NULL;

	for (unsigned int i = 0; i < ev->nr_kinds; i++) {
		struct fab_event *e = &ev->kind[i];

		if (e->pending && !e->masked && (!best || e->seq < best->seq))
			best = e;
	}
	return best;
}

static void deliver(struct fab_ctrl *ctrl)
{
	struct fab_events *ev = &ctrl->events;
	struct fab_event *e;

	while (ev->nr_aer && (e = next_event(ev))) {
		struct fab_req *req = ev->aer[0];

		ev->nr_aer--;
		memmove(&ev->aer[0], &ev->aer[1], ev->nr_aer * sizeof(ev->aer[0]));
		e->pending = false;
		e->masked = true;
		e->told++;
		req->cqe.dw[0] = htole32(NVME_AER_RESULT(e->type, e->info, e->lid));
		fab_req_complete(req, FAB_OK);
	}
}

static struct fab_event *find_kind(struct fab_events *ev, uint8_t type, uint8_t info, uint8_t lid)
{
	struct fab_event *e;

	for (unsigned int i = 0; i < ev->nr_kinds; i++) {
		e = &ev->kind[i];
		if (e->type == type && e->info == info && e->lid == lid)
			return e;
	}
	if (ev->nr_kinds == FAB_MAX_EVENTS)
		return NULL;
	e = &ev->kind[ev->nr_kinds++];
	*e = (struct fab_event){ .type = type, .info = info, .lid = lid };
	return e;
}

void fab_ctrl_event(struct fab_ctrl *ctrl, uint8_t type, uint8_t info, uint8_t lid)
{
	struct fab_events *ev = &ctrl->events;
	struct fab_event *e;

	if (type == NVME_AER_NOTICE && !fab_ctrl_event_enabled(ctrl, notice_bit(info)))
		return;
	e = find_kind(ev, type, info, lid);
	if (!e)
		return;
	e->shown = false;
	if (!e->pending) {
		e->pending = true;
		e->seq = ev->seq++;
	}
	deliver(ctrl);
}

unsigned int fab_ctrl_events_told(const struct fab_ctrl *ctrl, uint8_t lid)
{
	unsigned int told = 0;

	for (unsigned int i = 0; i < ctrl->events.nr_kinds; i++)
		told += ctrl->events.kind[i].lid == lid ? ctrl->events.kind[i].told : 0;
	return told;
}

void fab_events_log_read(struct fab_ctrl *ctrl, uint8_t lid, uint64_t off, bool rae)
{
	struct fab_events *ev = &ctrl->events;

	for (unsigned int i = 0; i < ev->nr_kinds; i++) {
		struct fab_event *e = &ev->kind[i];

		if (e->lid != lid)
			continue;
		if (off == 0)
			e->shown = true;
		if (rae)
			continue;
		e->masked = false;
		if (e->shown)
			e->pending = false;
	}
	deliver(ctrl);
}

/* The controller is reset: requests end, what was to be told is forgotten. */
void fab_events_reset(struct fab_ctrl *ctrl)
{
	struct fab_events *ev = &ctrl->events;

	ev->nr_kinds = 0;
	while (ev->nr_aer)
		fab_req_complete(ev->aer[--ev->nr_aer], FAB_RETRY(NVME_SC_ABORT_REQ));
}

void fab_aer_exec(struct fab_ctrl *ctrl, struct fab_req *req)
{
	struct fab_events *ev = &ctrl->events;

	if (ev->nr_aer > FAB_AERL) {
		fab_req_complete(req, FAB_ERR(NVME_SC_AER_LIMIT));
		return;
	}
	ev->aer[ev->nr_aer++] = req;
	deliver(ctrl);
}

bool fab_aer_cancel(struct fab_ctrl *ctrl, struct fab_req *req)
{
	struct fab_events *ev = &ctrl->events;
	unsigned int i = 0;

	while (i < ev->nr_aer && ev->aer[i] != req)
		i++;
	if (i == ev->nr_aer)
		return false;
	ev->nr_aer--;
	memmove(&ev->aer[i], &ev->aer[i + 1], (ev->nr_aer - i) * sizeof(ev->aer[0]));
	fab_req_complete(req, FAB_RETRY(NVME_SC_ABORT_REQ));
	return true;
}
