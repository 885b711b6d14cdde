/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ctrl.h - one controller: registers, life cycle, keep alive, features, events.
 * Owns: its feature values, event queue and error log.  Thread: the reactor of its admin connection, save for the fields marked
 * "any".  May block: never.  Spec: NVM Express Base 2.1, 3.1 (controller properties), 3.5-3.6 (initialisation, shutdown),
 * 3.9 (keep alive).
 *
 *   DISABLED -> READY -> SHUT_DOWN          any -> FATAL
 *       ^---------'  (CC.EN 1 -> 0: RESETTING until the I/O queues are gone)                                             */
#ifndef FABRICS_CTRL_H
#define FABRICS_CTRL_H

#include <stdatomic.h>

#include "fabrics/site.h"

enum fab_ctrl_state {
	FAB_CTRL_DISABLED,
	FAB_CTRL_READY,
	FAB_CTRL_RESETTING,
	FAB_CTRL_SHUT_DOWN,
	FAB_CTRL_FATAL,
	FAB_CTRL_STATE_COUNT
};

/* Which rows of the command, log page, feature and CNS tables a controller answers (bit mask). */
enum fab_ctrl_type { FAB_CT_IO = 1 << 0, FAB_CT_DISC = 1 << 1, FAB_CT_ADMIN = 1 << 2 };

#define FAB_AERL 3 /* 0's based: four outstanding Asynchronous Event Requests */

struct fab_smart { /* summed by the daemon over the controller's queues, or the subsystem's */
	uint64_t data_units_read, data_units_written; /* in 512-byte units, not thousands */
	uint64_t host_reads, host_writes, busy_us, power_on_seconds, power_cycles, unsafe_shutdowns,
		media_errors, log_entries;
	uint8_t critical_warning;
};

/* What kind of controller it is: a table that a daemon fills.  Everything that differs between an I/O controller and a
 * discovery controller is in here and in the rows' type masks. */
struct fab_personality {
	enum fab_ctrl_type type;
	uint8_t cntrltype; /* Identify Controller byte 111 */
	uint8_t dctype; /* byte 1806; 0: not reported */
	uint16_t mqes; /* 0's based largest queue */
	uint16_t max_ioqs; /* I/O queues per controller */
	uint8_t mdts; /* log2 of 4 KiB units */
	uint32_t icd; /* in-capsule data bytes told by IOCCSZ */
	uint32_t oaes; /* events offered */
	uint32_t
		default_kato_ms; /* for Connect with KATO 0: 0 = no limit for I/O controllers; a discovery controller's idle limit */
	uint32_t max_namespaces; /* NN, MNAN */
	uint32_t max_ana_groups; /* ANAGRPMAX, NANAGRPID; 0: no ANA reporting */
	/* LID 05h: NVME_EFF_ bits of each I/O opcode; NULL: none.  ONCS is derived from it. */
	const uint32_t *io_effects; /* [256] */
	/* Anything in Identify Controller beyond the common; id is filled with the common part already. */
	void (*identify_ctrl)(struct fab_ctrl *ctrl, struct nvme_id_ctrl *id);
	/* Counters for SMART / Health.  Optional. */
	void (*smart)(struct fab_ctrl *ctrl, uint32_t nsid, struct fab_smart *ret);
	/* Controllers of the subsystem, ascending, for CNS 12h/13h: fills up to max ids >= from.  nsid 0: all.  May lock. */
	unsigned int (*ctrl_list)(struct fab_ctrl *ctrl, uint32_t nsid, uint16_t from,
				  uint16_t *ids, unsigned int max);
	/* Discovery log of this host, pages on demand (type DISC).  read() fills buf with bytes [off, off + len) of the log, zeroes
	 * past its end; called with off == 0 it takes a new snapshot.  lsp: the Log Specific Parameter bits that disc_lids offers;
	 * they lie as those of DLPF do. */
	struct fab_status (*discovery_log)(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp,
					   uint64_t off, void *buf, uint32_t len);
	/* Log Specific Parameters of LID 70h that it heeds: NVME_LIDS_DISC_ bits, as Supported Log Pages tells them. */
	uint32_t disc_lids;
	/* Does the port by which this controller was reached present anything?  Optional; where it says no, port local entries are
	 * neither offered (PLEOS) nor asked for: a host that asks for them would be told of nothing at all. */
	bool (*port_local)(const struct fab_ctrl *ctrl);
	uint32_t
		host_disc_lids; /* the same of LID 71h, NVME_LIDS_LSUPP included; 0: it isn't there */
	uint32_t ave_lids; /* of LID 72h */
	/* Commands that only this personality has (DIM, zoning): rows appended to fabrics/admin/table.c's.  Optional. */
	const struct fab_admin_cmd *extra_cmds;
	unsigned int nr_extra_cmds;
};

/* Who the subsystem is; constant over the life of its controllers. */
struct fab_subsys_id {
	char nqn[224], serial[21], model[41],
		firmware[9]; /* NUL ended; padded with spaces on the wire */
	uint8_t ieee_oui[3];
};

struct fab_io_queue { /* a row of the controller's table of I/O queues */
	struct fab_conn *conn;
	uint16_t sqsize;
};

struct fab_ctrl; /* body in fabrics/ctrl_impl.h for fabrics/ alone */

struct fab_ctrl_params {
	struct fab_site *site;
	const struct fab_personality *pers;
	const struct fab_subsys_id *id; /* borrowed, outlives the controller */
	struct fab_conn *admin_conn;
	struct fab_view *view; /* one reference handed over; NULL for discovery */
	uint16_t cntlid;
	const struct fab_connect *connect; /* host NQN, host ID, KATO: copied */
	void *user; /* the daemon's: fab_ctrl_user() */
};

struct fab_ctrl *fab_ctrl_create(const struct fab_ctrl_params *params);
/* Reference counted: the admin connection, each I/O queue and the daemon's registry hold one each.  any */
struct fab_ctrl *fab_ctrl_get(struct fab_ctrl *ctrl);
void fab_ctrl_put(struct fab_ctrl *ctrl);

/* -- any thread ------------------------------------------------------------------------------------------------ */
void *fab_ctrl_user(const struct fab_ctrl *ctrl);
uint16_t fab_ctrl_cntlid(const struct fab_ctrl *ctrl);
const char *fab_ctrl_hostnqn(const struct fab_ctrl *ctrl);
const uint8_t *fab_ctrl_hostid(const struct fab_ctrl *ctrl);
const struct fab_personality *fab_ctrl_pers(const struct fab_ctrl *ctrl);
const struct fab_subsys_id *fab_ctrl_subsys(const struct fab_ctrl *ctrl);
enum fab_ctrl_state fab_ctrl_state(const struct fab_ctrl *ctrl);
uint64_t fab_ctrl_kato_ns(const struct fab_ctrl *ctrl); /* 0: no keep alive timer */
/* Traffic on one of its queues restarts the keep alive timer (CTRATT.TBKAS).  A relaxed store, and none if already set. */
void fab_ctrl_saw_traffic(struct fab_ctrl *ctrl);
/* The host authenticates on one of its queues, or has ended that: as long as it does, the keep alive timer stands still. */
void fab_ctrl_authenticating(struct fab_ctrl *ctrl, bool begins);

/* -- the table of I/O queues; the daemon serialises (registry mutex) -------------------------------------------- */
/* FAB_OK, or Command Sequence Error for a queue that exists (which stays unharmed) or a controller that isn't enabled,
 * Connect Invalid Parameters for a qid past the number granted. */
struct fab_status fab_ctrl_ioq_add(struct fab_ctrl *ctrl, uint16_t qid, uint16_t sqsize,
				   struct fab_conn *conn);
void fab_ctrl_ioq_del(struct fab_ctrl *ctrl, uint16_t qid);
const struct fab_io_queue *fab_ctrl_ioq(const struct fab_ctrl *ctrl, uint16_t qid); /* NULL: none */
unsigned int fab_ctrl_nr_ioqs(const struct fab_ctrl *ctrl);

/* -- the admin connection's thread ---------------------------------------------------------------------------------- */
extern const struct fab_queue_ops fab_admin_queue_ops; /* bound to every admin queue */
struct fab_conn *fab_ctrl_admin_conn(const struct fab_ctrl *ctrl);
struct fab_view *fab_ctrl_view(const struct fab_ctrl *ctrl); /* borrowed */
/* Switches to a new view (reference handed over); queues Namespace Attribute Changed and the changed list, and Asymmetric Namespace
 * Access Change, from the difference. */
void fab_ctrl_set_view(struct fab_ctrl *ctrl, struct fab_view *view);
/* Queues an event; answered on a waiting AER, masked until its log has been read with RAE 0. */
void fab_ctrl_event(struct fab_ctrl *ctrl, uint8_t type, uint8_t info, uint8_t lid);
/* How many events that name this log page the host has been told since the controller was enabled. */
unsigned int fab_ctrl_events_told(const struct fab_ctrl *ctrl, uint8_t lid);
/* True while a notice of that kind is enabled by the host (Feature 0Bh). */
bool fab_ctrl_event_enabled(const struct fab_ctrl *ctrl, uint32_t aen_bit);
/* site->quiesce() has ended: I/O queues are gone; the reset completes. */
void fab_ctrl_quiesced(struct fab_ctrl *ctrl);
/* Keep alive: when to look next, and whether the host has been silent too long (then terminate the admin connection). */
uint64_t fab_ctrl_deadline(const struct fab_ctrl *ctrl);
bool fab_ctrl_expired(struct fab_ctrl *ctrl, uint64_t now);
/* Adds to the error log (LID 01h).  fab_req_complete() calls it for each command that fails on a bound queue.  any */
void fab_ctrl_log_error(struct fab_ctrl *ctrl, uint16_t sqid, uint16_t cid, struct fab_status st,
			uint64_t lba, uint32_t nsid);

/* -- CNTLIDs and controllers of one subsystem (fabrics/subsys.c); the daemon serialises ------------------------------- */
struct fab_cntlids; /* round-robin in [min, max]; an ID isn't reused while another has been free longer */
struct fab_cntlids *fab_cntlids_create(uint16_t min, uint16_t max, uint16_t cursor);
void fab_cntlids_destroy(struct fab_cntlids *ids);
int fab_cntlids_take(struct fab_cntlids *ids, uint16_t *ret_id); /* -EBUSY: all in use */
void fab_cntlids_free(struct fab_cntlids *ids, uint16_t id);
uint16_t fab_cntlids_cursor(const struct fab_cntlids *ids);

#endif
