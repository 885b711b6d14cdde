/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/supervise_impl.h - what the files of the supervisor share; not for others. */
#ifndef DISCOVERYD_SUPERVISE_SUPERVISE_IMPL_H
#define DISCOVERYD_SUPERVISE_SUPERVISE_IMPL_H

#include "common/clock.h"
#include "common/queue.h"
#include "discoveryd/model/model.h"
#include "discoveryd/supervise/supervise.h"
#include "net/ctlsock.h"
#include "net/reactor.h"

/* A descriptor that outlives its worker: "portal:<name>" or "ns:<uuid>". */
struct sup_held {
	TAILQ_ENTRY(sup_held) link;
	char name[NET_CTL_NAME_MAX];
	int fd;
	bool ram;
};

/* What a worker reported, ordered by (NQN, CNTLID). */
struct sup_ctrl {
	unsigned int refs;
	struct dsc_controller c;
};

/* Names that are gone from the desired state and have to be told. */
struct sup_removed {
	TAILQ_ENTRY(sup_removed) link;
	char name[];
};
TAILQ_HEAD(sup_removed_list, sup_removed);

/* An apply that has not been answered. */
struct sup_apply {
	bool active, full;
	uint64_t generation;
	uint64_t *subsystems, *portals;
	size_t nr_subsystems, nr_portals;
};

struct sup_worker {
	TAILQ_ENTRY(sup_worker) link;
	struct dsc_supervisor *sup;
	uint64_t id;
	char name[DSC_NAME_MAX + 1];
	enum dsc_worker_state state;
	bool adopted, wanted;

	/* process.c */
	int pid;
	struct net_watch pidfd; /* fd -1: no process */
	struct net_timer restart;
	uint64_t started_ns, died_ns;
	unsigned int restarts, crashes; /* crashes: in a row, each soon after its start */
	uint64_t incarnation;

	/* link.c */
	struct net_ctl *ctl;
	struct net_watch ctl_watch; /* fd -1: none */
	struct net_timer connect;   /* tries to reach a process that has just been started */
	uint64_t connect_until;
	bool said_hello;
	uint64_t generation;	   /* that the process has, as it said */
	struct sup_apply apply;
	struct dsc_tree *dirty_subsystems, *dirty_portals; /* ids: dsc_ids_ops */
	struct sup_removed_list gone_subsystems, gone_portals;
	bool need_full;
	struct net_after flush;
	struct net_timer retry; /* a confirmation that could not be stored */

	/* controllers.c */
	struct dsc_tree *controllers;

	/* stats.c */
	struct json_object *stats;
	uint64_t stats_ms, stats_seq;

	/* hang.c */
	const volatile uint64_t *loops; /* one line of 64 bytes a reactor; NULL: not told yet */
	size_t loops_size;
	uint64_t *last_loops;
	unsigned int nr_loops, still; /* probes in a row that found a counter unchanged */
};

struct dsc_supervisor {
	struct dsc_app *app;
	struct dsc_model_watch watch;
	TAILQ_HEAD(, sup_held) held;
	TAILQ_HEAD(, sup_worker) workers;
	void (*ready)(struct dsc_app *app, const struct cmn_err *err);
	void (*drained)(struct dsc_app *app);
	bool running;	  /* missing workers may be started */
	bool draining, adopting;
	struct net_timer adopt_timer, drain_timer;
	struct net_timer probe; /* hang.c and stats.c */
	uint64_t last_probe, stats_wanted_until;
	struct net_after adopted;
};

/* hold.c */
int sup_hold_find(struct dsc_supervisor *sup, const char *name); /* fd, borrowed; -ENOENT */
void sup_hold_put(struct dsc_supervisor *sup, const char *name, int fd); /* takes fd over; one that is there already wins */
void sup_hold_drop(struct dsc_supervisor *sup, const char *name);
void sup_hold_drop_all(struct dsc_supervisor *sup);
int sup_hold_portal(struct dsc_supervisor *sup, const struct dsc_portal *p, struct cmn_err *err);
/* Makes the memory of a RAM namespace, or lets it grow. */
int sup_hold_ram(struct dsc_supervisor *sup, const struct dsc_ns *ns, struct cmn_err *err);
void sup_ns_name(char *buf, size_t size, const struct cmn_uuid *uuid);
void sup_portal_name(char *buf, size_t size, const char *portal);

/* controllers.c */
void sup_controllers_take(struct sup_worker *w, struct json_object *msg);
void sup_controllers_clear(struct sup_worker *w);

/* document.c */
struct json_object *sup_doc_full(struct sup_worker *w, const struct dsc_snapshot *st);
struct json_object *sup_doc_portal(const struct dsc_portal *p);
struct json_object *sup_doc_subsys(struct sup_worker *w, const struct dsc_snapshot *st, const struct dsc_subsys *s);

/* process.c */
void sup_process_start(struct sup_worker *w);
/* The process is known (adopted): follow it. */
int sup_process_follow(struct sup_worker *w, int pid);
void sup_process_signal(struct sup_worker *w, int sig);
void sup_process_forget(struct sup_worker *w); /* let go of it; it goes on */
void sup_process_settled(struct sup_worker *w); /* its first whole state is confirmed */

/* link.c */
void sup_link_open(struct sup_worker *w); /* now, and again for a while until it is there */
bool sup_link_try(struct sup_worker *w);
void sup_link_close(struct sup_worker *w);
void sup_link_mark_full(struct sup_worker *w);
void sup_link_flush_soon(struct sup_worker *w);
void sup_link_send_simple(struct sup_worker *w, const char *type);

/* apply.c */
void sup_apply_init(struct sup_worker *w);
void sup_apply_clear(struct sup_worker *w);
void sup_apply_written(struct dsc_supervisor *sup, bool del, const struct dsc_row *row);
void sup_apply_send(struct sup_worker *w);
void sup_apply_answered(struct sup_worker *w, struct json_object *msg);

/* hang.c, stats.c */
void sup_hang_map(struct sup_worker *w, int fd);
void sup_hang_unmap(struct sup_worker *w);
void sup_probe_start(struct dsc_supervisor *sup);
void sup_stats_take(struct sup_worker *w, struct json_object *msg);
void sup_stats_ask(struct sup_worker *w);

/* supervise.c */
struct sup_worker *sup_worker_find(struct dsc_supervisor *sup, uint64_t id);
struct sup_worker *sup_worker_named(struct dsc_supervisor *sup, const char *name);
void sup_worker_exited(struct sup_worker *w);
void sup_adopt_step(struct dsc_supervisor *sup); /* something about an adoption has become clear */

#endif
