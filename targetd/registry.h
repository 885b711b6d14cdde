/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/registry.h - which subsystems there are, who may connect, which controllers exist.
 * Owns: subsystems and controllers.  Thread: any, under its one mutex: taken at Connect, teardown and change, never by an I/O
 * command.  May block: not beyond that mutex, under which nobody blocks. */
#ifndef TARGETD_REGISTRY_H
#define TARGETD_REGISTRY_H

#include <pthread.h>

#include "net/server.h"
#include "targetd/subsystem.h"

struct json_object;

#define TGT_MAX_IOQS 128 /* I/O queues per controller */
#define TGT_MQES 1023 /* 0's based */
#define TGT_MDTS 8 /* log2 of 4 KiB units: 1 MiB */
#define TGT_ICD                                                                                    \
	(128u                                                                                      \
	 << 10) /* writes up to this come in the capsule: one turn of the network less, and a warm buffer */
#define TGT_H2C_MAX (1u << 20)

/* A controller, from Connect until its last queue is gone.  Fields without a note are constant. */
struct tgt_ctrl {
	TAILQ_ENTRY(tgt_ctrl)
	link; /* mutex: of ss->ctrls, or the registry's discovery controllers */
	TAILQ_ENTRY(tgt_ctrl) dirty_link;
	struct tgt_registry *reg;
	struct tgt_subsystem *ss; /* one reference; NULL: a discovery controller */
	struct fab_ctrl *ctrl; /* one reference */
	struct tgt_view *view; /* mutex; one reference: what its queues shall see */
	struct net_conn *admin; /* mutex; NULL once its queue is gone */
	struct tgt_host_io *io; /* mutex; NULL: not counted */
	struct net_reactor *reactor; /* of the admin queue */
	unsigned int refs; /* mutex: queues, and messages under way */
	bool ending; /* mutex: no further queue joins */
	bool quiescing; /* mutex: a reset waits for the I/O queues to go */
	bool dirty; /* mutex: to be reported */
	const char *reason; /* mutex: why it ends */
	bool authenticated; /* mutex: by DH-HMAC-CHAP */
	bool header_digest, data_digest;
	char portal[TGT_PORTAL_ID_MAX], host_addr[64];
	struct net_ip from, to; /* the host's address, and ours */
	uint64_t connected_at; /* wall clock, ms */
	void *log; /* discovery: the snapshot that it reads; its reactor's */
};

TAILQ_HEAD(tgt_dirty_list, tgt_ctrl);

struct tgt_gone { /* a controller that has ended, to be reported */
	TAILQ_ENTRY(tgt_gone) link;
	uint16_t cntlid;
	char nqn[TGT_NQN_LEN], reason[40];
};

enum tgt_refusal_why {
	TGT_REFUSED_SUBSYSTEM,
	TGT_REFUSED_HOST,
	TGT_REFUSED_ZONE,
	TGT_REFUSED_KEY, /* it has none, and the subsystem wants one */
	TGT_REFUSED_AUTH, /* it failed to authenticate */
	TGT_REFUSED_COUNT
};
struct tgt_refusal {
	char host_nqn[TGT_NQN_LEN], nqn[TGT_NQN_LEN], host_addr[64];
	enum tgt_refusal_why why;
	const char *reason; /* for people; a literal */
};
#define TGT_GONE_MAX 16384
#define TGT_REFUSALS_MAX 32 /* kept until they are reported; more are only counted */

struct tgt_portal; /* targetd/portal.h */

struct tgt_registry {
	struct fab_site site;
	pthread_mutex_t lock;
	struct net_reactor **reactors;
	struct tgt_io_reactor **io;
	unsigned int nr_reactors;
	bool supervised; /* by discoveryd: what isn't known here may come yet */
	int notify_fd; /* eventfd: something to report; -1: nobody listens */
	uint64_t started; /* monotonic ns */
	uint64_t genctr; /* mutex: of the discovery log served here */
	struct fab_personality io_pers, disc_pers;
	struct fab_subsys_id disc_id;
	struct fab_cntlids *disc_cntlids;
	struct tgt_view *nothing; /* what a controller that ends sees */
	struct tgt_subsystem *subsystems; /* mutex */
	struct tgt_keys *keys; /* mutex; NULL: no host has one */
	struct tgt_ctrl_list disc_ctrls; /* mutex */
	struct tgt_portal **portals; /* mutex; told in the discovery log */
	unsigned int nr_portals;
	struct tgt_dirty_list dirty; /* mutex */
	TAILQ_HEAD(, tgt_gone) gone; /* mutex */
	unsigned int nr_gone;
	bool gone_lost; /* too many for nobody who listens: the next report is a full one */
	struct tgt_refusal refusals[TGT_REFUSALS_MAX]; /* mutex */
	unsigned int nr_refusals;
	struct tgt_subsystem *
		dead; /* mutex: removed, and left by all controllers; the control thread frees them */
};

struct tgt_registry_params {
	struct net_reactor **reactors;
	struct tgt_io_reactor **io;
	unsigned int nr_reactors;
	bool supervised;
	int notify_fd;
};

struct tgt_registry *tgt_registry_create(const struct tgt_registry_params *params);
void tgt_registry_destroy(struct tgt_registry *reg); /* no connections are left */
void tgt_registry_lock(struct tgt_registry *reg);
void tgt_registry_unlock(struct tgt_registry *reg);

/* -- with the mutex held ------------------------------------------------------------------------------------------ */
struct tgt_subsystem *tgt_registry_find(struct tgt_registry *reg, const char *nqn);
void tgt_registry_add(struct tgt_registry *reg, struct tgt_subsystem *ss);
/* Ends its controllers; it is freed once they are gone (tgt_registry_sweep). */
void tgt_registry_remove(struct tgt_registry *reg, struct tgt_subsystem *ss, const char *reason);
/* Ends a controller: its connections are closed, its queues see nothing any more. */
void tgt_registry_end_ctrl(struct tgt_registry *reg, struct tgt_ctrl *tc, const char *reason);
/* NULL: there is none. */
struct tgt_ctrl *tgt_registry_ctrl(const struct tgt_subsystem *ss, uint16_t cntlid);
/* By its id; NULL: there is none. */
struct tgt_portal *tgt_registry_portal(struct tgt_registry *reg, const char *id);
/* Gives every controller of ss the view that its host has now, by the portal that it came through.  -ENOMEM: those left keep the old one. */
int tgt_registry_refresh(struct tgt_registry *reg, struct tgt_subsystem *ss);
struct tgt_ctrl *tgt_ctrl_get(struct tgt_ctrl *tc);
void tgt_ctrl_put(struct tgt_ctrl *tc);
void tgt_registry_mark(struct tgt_ctrl *tc); /* dirty: to be reported */
void tgt_registry_note_gone(struct tgt_ctrl *tc);
void tgt_registry_refused(struct tgt_registry *reg, struct fab_conn *conn,
			  const struct fab_connect *in, enum tgt_refusal_why why);
void tgt_registry_auth_failed(struct tgt_registry *reg, struct fab_conn *conn, const char *reason);

/* -- without it ----------------------------------------------------------------------------------------------------- */
void tgt_registry_sweep(struct tgt_registry *reg); /* control thread: frees what has ended */
/* Members of a `controllers` message: all of them, or what changed since the last call.  false: nothing to tell. */
bool tgt_registry_report(struct tgt_registry *reg, bool full, struct json_object *msg);
/* An array of `refused` members; NULL: none. */
struct json_object *tgt_registry_take_refusals(struct tgt_registry *reg);
void tgt_registry_notify(struct tgt_registry *reg);
/* The discovery log served here has changed. */
void tgt_registry_log_changed(struct tgt_registry *reg);

/* targetd/site.c */
extern const struct fab_site_ops tgt_site_ops;
/* targetd/personality.c */
void tgt_personality_init(struct tgt_registry *reg);
/* targetd/disclog.c */
struct fab_status tgt_disclog_read(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp, uint64_t off,
				   void *buf, uint32_t len);
void tgt_disclog_free(void *log);

void tgt_addr_format(const struct sockaddr_storage *sa, bool with_port, char *buf, size_t size);

#endif
