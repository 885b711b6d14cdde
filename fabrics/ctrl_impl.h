/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ctrl_impl.h - the body of a controller, for the files in fabrics/ that carry out its commands.
 * Owns: nothing.  Thread: the admin connection's, save for what is _Atomic or under its own lock.  May block: never. */
#ifndef FABRICS_CTRL_IMPL_H
#define FABRICS_CTRL_IMPL_H

#include "fabrics/ctrl.h"
#include "fabrics/spec/nvmf.h"

#define FAB_ACL 3 /* 0's based: Aborts at once */
#define FAB_ERRLOG_ENTRIES 64
#define FAB_MAX_EVENTS 16 /* kinds of event (type, info, log) known at once */
#define FAB_NR_FEATURES 16 /* rows of the feature table, at most */
#define FAB_KAS_UNIT 10 /* KAS: keep alive granularity in 100 ms */
#define FAB_READY_TIMEOUT 30 /* CAP.TO and CRTO.CRWMT, in 500 ms */

/* One kind of event.  It is pending from when it happens until an Asynchronous Event Request tells it, then masked until its
 * log has been read with RAE 0. */
struct fab_event {
	uint8_t type, info, lid;
	bool pending, masked;
	bool shown; /* a read of the log from its start came after the last occurrence */
	unsigned int told; /* times */
	uint64_t seq;
};

struct fab_events {
	struct fab_event kind[FAB_MAX_EVENTS];
	unsigned int nr_kinds;
	uint64_t seq;
	struct fab_req *aer[FAB_AERL + 1]; /* waiting, oldest first */
	unsigned int nr_aer;
};

/* Log page 04h: sorted, unique; overflow: more than it can name.  Made when first needed: discovery controllers are many. */
struct fab_changed_ns {
	uint32_t *nsid; /* [NVME_NS_LIST_MAX], or NULL */
	unsigned int nr;
	bool overflow;
};

/* Log page 0Ch: how often it, and the descriptor of each group, changed since the controller was reset. */
struct fab_ana {
	uint64_t log;
	uint64_t *group; /* [FAB_ANA_GROUPS + 1], or NULL: none has yet */
};

struct fab_errlog {
	atomic_flag lock;
	uint64_t count; /* ever logged; entry n lies at (n - 1) % FAB_ERRLOG_ENTRIES */
	struct nvme_log_error *entry; /* [FAB_ERRLOG_ENTRIES], or NULL: made by the first error */
};

struct fab_keep_alive {
	_Atomic uint32_t ms; /* 0: off */
	_Atomic bool traffic;
	_Atomic uint32_t authenticating; /* queues on which the host does */
	uint64_t seen; /* when traffic was last known of */
	uint64_t next; /* when to look again */
};

struct fab_ctrl {
	_Atomic uint32_t refs;
	struct fab_site *site;
	const struct fab_personality *pers;
	const struct fab_subsys_id *id;
	struct fab_conn *admin_conn;
	struct fab_view *view;
	void *user;
	uint16_t cntlid;
	uint8_t hostid[16];
	char hostnqn[NVMF_NQN_MAX + 1];

	_Atomic uint32_t state; /* enum fab_ctrl_state */
	uint32_t cc;
	bool quiescing;

	struct fab_keep_alive ka;
	struct fab_events events;
	struct fab_changed_ns changed;
	struct fab_ana ana;
	struct fab_errlog errlog;
	struct fab_req *aborts[FAB_ACL + 1]; /* Aborts that the site works on */

	uint32_t feature[FAB_NR_FEATURES]; /* by row of the feature table */
	uint32_t temp_under; /* Feature 04h has two values */
	uint64_t time_ms, time_set_at; /* Feature 0Eh: milliseconds, and req->started then */
	bool time_is_set;

	_Atomic uint32_t ioqs_granted;
	_Atomic uint32_t nr_ioqs;
	struct fab_io_queue ioq[]; /* [qid - 1] */
};

static inline bool fab_ctrl_is(const struct fab_ctrl *ctrl, unsigned int types)
{
	return ctrl->pers->type & types;
}

/* ctrl.c */
void fab_ctrl_set_state(struct fab_ctrl *ctrl, enum fab_ctrl_state to);
void fab_ctrl_set_kato(struct fab_ctrl *ctrl, uint32_t ms);

/* property.c */
struct fab_status fab_property_get(struct fab_ctrl *ctrl, uint32_t offset, uint8_t size,
				   uint64_t *ret);
struct fab_status fab_property_set(struct fab_ctrl *ctrl, uint32_t offset, uint8_t size,
				   uint64_t value);

/* admin/features.c */
void fab_features_reset(struct fab_ctrl *ctrl);
uint32_t fab_feature_value(const struct fab_ctrl *ctrl, uint8_t fid);

/* admin/ana.c */
/* Counts what the view changes in log page 0Ch; true: the host is to be told (8.1.1.9). */
bool fab_ana_changed(struct fab_ctrl *ctrl, const struct fab_view *old,
		     const struct fab_view *view);
void fab_ana_reset(struct fab_ctrl *ctrl);

/* admin/aer.c */
void fab_events_reset(struct fab_ctrl *ctrl);
void fab_events_log_read(struct fab_ctrl *ctrl, uint8_t lid, uint64_t off, bool rae);

#endif
