/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/admin/table.h - the tables that say what controllers answer: admin commands, CNS values, log pages, features.
 * Owns: nothing.  Thread: the admin connection's.  May block: never.  Spec: NVM Express Base 2.1, 3.1.3, 5.1. */
#ifndef FABRICS_ADMIN_TABLE_H
#define FABRICS_ADMIN_TABLE_H

#include "fabrics/ctrl.h"
#include "fabrics/wire.h"

/* One admin command.  What the row states, parse() has checked before exec() runs. */
struct fab_admin_cmd {
	uint8_t opcode; /* bits 1:0 tell which way data goes */
	uint8_t ctrls; /* mask of enum fab_ctrl_type */
	bool nsid_used; /* false: NSID must be 0; true: check() or a sibling table decides */
	uint32_t rsvd[6]; /* bits of CDW10..CDW15 that must be 0 */
	uint32_t effects; /* NVME_EFF_ bits of the Commands Supported and Effects log */
	const char *name;
	/* Checks what is particular, and sets req->len; may leave what it looked up in req->priv.  NULL: no data. */
	struct fab_status (*check)(struct fab_ctrl *ctrl, struct fab_req *req);
	/* Ends in fab_req_complete(), now or later. */
	void (*exec)(struct fab_ctrl *ctrl, struct fab_req *req);
};

/* The row for an opcode as this controller sees it, NULL if it has none. */
const struct fab_admin_cmd *fab_admin_cmd_find(const struct fab_ctrl *ctrl, uint8_t opcode);
/* All rows common to personalities, for tests and documentation. */
const struct fab_admin_cmd *fab_admin_cmds(unsigned int *ret_nr);

/* ---- Identify ---- */

enum fab_cns_nsid {
	FAB_CNS_NO_NSID, /* reserved */
	FAB_CNS_NS, /* 1..NN; an inactive one yields zeroes */
	FAB_CNS_ACTIVE, /* must be active */
	FAB_CNS_AFTER, /* lists those greater than NSID: 0..FFFFFFFDh */
};

struct fab_cns {
	uint8_t cns;
	uint8_t ctrls;
	uint8_t nsid; /* enum fab_cns_nsid */
	bool csi; /* CDW11 names a command set; only NVM's is known */
	bool cntid; /* CDW10 31:16 is used */
	/* buf is zeroed, 4096 bytes.  ns is NULL for an inactive NSID. */
	void (*build)(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		      void *buf);
};

const struct fab_cns *fab_cns_rows(unsigned int *ret_nr);

/* ---- log pages ---- */

struct fab_log_page {
	uint8_t lid;
	uint8_t ctrls;
	uint8_t csi; /* CDW14 names a command set; only NVM's is known */
	bool discovery; /* rendered by the personality, at its own pace */
	void (*render)(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win);
	void (*read_done)(struct fab_ctrl *ctrl); /* it was read with RAE 0.  Optional */
};

const struct fab_log_page *fab_log_pages(unsigned int *ret_nr);

/* ---- features ---- */

struct fab_feature {
	uint8_t fid;
	uint8_t ctrls;
	uint8_t caps; /* NVME_FEAT_CAP_ bits */
	uint16_t
		data_len; /* bytes that Get (and Set, if changeable) move; 0: the value is CDW11 / DW0 */
	uint32_t rsvd11; /* Set: bits of CDW11 that must be 0 */
	uint32_t scope; /* NVME_FIDS_SCOPE_ bit of log page 12h */
	uint32_t (*deflt)(const struct fab_ctrl *ctrl, uint32_t cdw11); /* NULL: 0 */
	/* NULL: any value that rsvd11 lets through is kept.  Otherwise checks, keeps or refuses, and may set cqe.dw[0]. */
	struct fab_status (*set)(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *slot);
	/* NULL: the kept value.  May fill req->data (data_len, zeroed). */
	struct fab_status (*get)(struct fab_ctrl *ctrl, struct fab_req *req, uint32_t *ret);
};

const struct fab_feature *fab_features(unsigned int *ret_nr);

/* ---- shared by the command files ---- */

/* Zeroed memory for the answer, req->len bytes; NULL: none left, exec() runs again once there is. */
void *fab_admin_reply(struct fab_req *req);

struct fab_status fab_identify_check(struct fab_ctrl *ctrl, struct fab_req *req);
void fab_identify_exec(struct fab_ctrl *ctrl, struct fab_req *req);
struct fab_status fab_logpage_check(struct fab_ctrl *ctrl, struct fab_req *req);
void fab_logpage_exec(struct fab_ctrl *ctrl, struct fab_req *req);
struct fab_status fab_set_features_check(struct fab_ctrl *ctrl, struct fab_req *req);
void fab_set_features_exec(struct fab_ctrl *ctrl, struct fab_req *req);
struct fab_status fab_get_features_check(struct fab_ctrl *ctrl, struct fab_req *req);
void fab_get_features_exec(struct fab_ctrl *ctrl, struct fab_req *req);
void fab_aer_exec(struct fab_ctrl *ctrl, struct fab_req *req);
bool fab_aer_cancel(struct fab_ctrl *ctrl,
		    struct fab_req *req); /* true: it was waiting, and has been aborted */
void fab_abort_exec(struct fab_ctrl *ctrl, struct fab_req *req);
void fab_abort_released(struct fab_ctrl *ctrl, const struct fab_req *req);

/* admin/identify_ctrl.c, admin/identify_ns.c: builders of struct fab_cns rows */
void fab_id_ctrl(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		 void *buf);
void fab_id_ctrl_nvm(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		     void *buf);
void fab_id_ns(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
	       void *buf);
void fab_id_ns_nvm(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		   void *buf);
void fab_id_ns_indep(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		     void *buf);
void fab_id_ns_desc(struct fab_ctrl *ctrl, const struct fab_req *req, const struct fab_ns *ns,
		    void *buf);

/* admin/ana.c: log page 0Ch */
void fab_ana_render(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win);

/* admin/errlog.c: log page 01h */
void fab_errlog_render(struct fab_ctrl *ctrl, const struct fab_req *req, struct fab_win *win);
uint64_t fab_errlog_count(struct fab_ctrl *ctrl);

#endif
