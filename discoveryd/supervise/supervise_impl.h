/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/supervise_impl.h - what the files of the supervisor share; not for others. */
#ifndef DISCOVERYD_SUPERVISE_SUPERVISE_IMPL_H
#define DISCOVERYD_SUPERVISE_SUPERVISE_IMPL_H

#include <uthash.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/queue.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/model.h"
#include "discoveryd/supervise/stats.h"
#include "discoveryd/supervise/supervise.h"
#include "net/ctlsock.h"
#include "net/reactor.h"

/* A descriptor that outlives its worker: "portal:<name>" or "ns:<uuid>". */
struct sup_held {
	UT_hash_handle hh;
	char name[NET_CTL_NAME_MAX];
	int fd;
	bool ram;
};

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
	bool adopted;
	bool deleted; /* its row is gone: it goes when its process has */
	enum cmn_log_level log_level; /* as it shall be */

	/* process.c */
	int pid; /* 0: no process */
	bool child;
	struct net_watch pidfd; /* fd -1: none */
	struct net_timer restart, kill;
	uint64_t started_ns;
	unsigned int restarts; /* since discoveryd started */
	unsigned int crashes; /* in a row, each soon after its start */
	uint64_t incarnation, next_incarnation; /* next: stored ahead of its use */

	/* link.c */
	struct net_ctl *ctl;
	struct net_watch ctl_watch; /* fd -1: none */
	struct net_timer
		connect; /* next try to reach a process, or how long it may take to answer */
	uint64_t connect_until;
	bool said_hello;
	size_t fds_expected; /* descriptors that its hello announced and that have not come yet */
	struct dsc_tree *sent; /* names of descriptors that it has: dsc_name_ops */

	/* apply.c */
	uint64_t generation; /* that the process has reached, as it said */
	struct sup_apply apply;
	struct dsc_tree *dirty_subsystems, *dirty_portals; /* ids: dsc_ids_ops */
	struct dsc_tree *gone_subsystems, *gone_portals; /* names: dsc_name_ops */
	bool dirty_keys; /* of any host */
	bool need_full;
	struct net_after flush;
	struct net_timer retry; /* after a state that was refused or could not be stored */

	/* controllers.c */
	struct dsc_tree *controllers, *by_host; /* the same ones */
	struct dsc_worker_counts counts;

	/* probe.c */
	struct json_object *stats; /* the last message, without what is in io */
	uint64_t stats_ms, stats_seq;
	uint64_t stats_have; /* seq of the last that this link brought; 0: none */
	struct dsc_worker_io io;
	uint64_t read_began; /* the message that is being taken */
	uint64_t stats_next; /* not to be asked before */
	bool stats_asked; /* and not answered yet */
	const volatile uint64_t *loops; /* a line of 64 bytes a reactor; NULL: not told yet */
	size_t loops_size;
	unsigned int nr_reactors;
	uint64_t *last_loops;
	unsigned int *still; /* probes in a row that found the reactor's counter unchanged */
};

struct dsc_supervisor {
	struct dsc_app *app;
	struct dsc_model_watch watch;
	struct sup_held *held; /* by name */
	TAILQ_HEAD(, sup_worker) workers;
	void (*ready)(struct dsc_app *app, const struct cmn_err *err);
	void (*drained)(struct dsc_app *app);
	bool adopting; /* at start: workers may still hand descriptors back */
	bool running; /* missing workers may be started */
	struct net_after adopted, drain_step;
	struct net_timer probe;
	uint64_t last_probe;
	struct dsc_tree *pairs; /* controllers.c */
	unsigned int nr_pairs;

	/* copies.c */
	TAILQ_HEAD(, sup_job) jobs;
	struct net_after jobs_step;
	struct net_offload *files;
	bool ending;
	uint64_t holds[DSC_HOLD_BOUNDS + 2];
};

/* hold.c */
int sup_hold_find(struct dsc_supervisor *sup, const char *name); /* borrowed; -ENOENT */
void sup_hold_put(struct dsc_supervisor *sup, const char *name,
		  int fd); /* takes fd over; one that is there already wins */
void sup_hold_drop(struct dsc_supervisor *sup, const char *name);
void sup_hold_drop_all(struct dsc_supervisor *sup);
bool sup_hold_is_at(int fd,
		    const struct dsc_portal *p); /* the socket is bound to the portal's address */
int sup_hold_portal(struct dsc_supervisor *sup, const struct dsc_portal *p, struct cmn_err *err);
/* Makes the memory of a RAM namespace, or lets it grow. */
int sup_hold_ram(struct dsc_supervisor *sup, const struct dsc_ns *ns, struct cmn_err *err);
void sup_ns_name(char *buf, size_t size, const struct cmn_uuid *uuid);
void sup_portal_name(char *buf, size_t size, const char *portal);

/* controllers.c */
void sup_controllers_take(struct sup_worker *w, struct json_object *msg);
void sup_controllers_clear(struct sup_worker *w);
void sup_controllers_lost(struct sup_worker *w); /* its process has died */
void sup_pairs_clear(struct dsc_supervisor *sup);
bool sup_controllers_walk(struct sup_worker *w, const char *nqn, const char *host_nqn,
			  bool (*fn)(void *arg, const struct dsc_controller *c), void *arg);

/* copies.c */
void sup_copies_init(struct dsc_supervisor *sup);
void sup_copies_clear(struct dsc_supervisor *sup);
/* What an earlier discoveryd has left; workers that live have said hello, by which they have given up what they were copying. */
void sup_copies_recover(struct dsc_supervisor *sup);
void sup_copies_written(struct dsc_supervisor *sup, bool del, const struct dsc_row *row);
void sup_copies_moved(struct sup_worker *w, struct json_object *msg);
void sup_copies_take(struct sup_worker *w, struct json_object *msg);
/* The connection has gone; then: it is there again (answers), or the process has ended. */
void sup_copies_lost(struct sup_worker *w);
void sup_copies_settle(struct sup_worker *w, bool answers);

/* document.c: the state document's objects (docs/control-protocol.md) */
/* sets: of hosts, into which go those that the subsystem's access names.  sup_doc_access(): NULL when zoning doesn't restrict it. */
struct json_object *sup_doc_access(const struct dsc_snapshot *st, const struct dsc_subsys *s,
				   struct json_object *sets);
struct json_object *sup_doc_keys(const struct dsc_app *app, const struct dsc_snapshot *st);
struct json_object *sup_doc_full(struct sup_worker *w, const struct dsc_snapshot *st);
struct json_object *sup_doc_portal(const struct dsc_app *app, const struct dsc_snapshot *st,
				   const struct dsc_portal *p);
struct json_object *sup_doc_subsys(struct sup_worker *w, const struct dsc_snapshot *st,
				   const struct dsc_subsys *s, struct json_object *sets);
/* A RAM namespace has its memory, a portal its socket; what has not isn't told to the worker. */
bool sup_ns_is_held(struct dsc_supervisor *sup, const struct dsc_ns *ns);
bool sup_portal_is_held(struct dsc_supervisor *sup, const struct dsc_portal *p);

/* process.c */
void sup_process_init(struct sup_worker *w);
void sup_process_start(struct sup_worker *w);
int sup_process_follow(struct sup_worker *w, int pid,
		       bool child); /* adopts a process: -errno when it is gone */
void sup_process_signal(struct sup_worker *w, int sig);
void sup_process_restart(struct sup_worker *w); /* it has died: now, or after its back-off */
void sup_process_abort(struct sup_worker *w);
void sup_process_stop(struct sup_worker *w); /* drain, and SIGKILL after a while */
void sup_process_forget(struct sup_worker *w); /* lets go of it; it goes on */
void sup_process_steady(struct sup_worker *w); /* it has lived for a while */
/* The process that an earlier discoveryd started for this worker, if it lives; 0: none. */
int sup_process_recorded(struct sup_worker *w);
uint64_t sup_process_start_time(int pid); /* clock ticks since boot; 0: no such process */

/* link.c */
void sup_link_init(struct sup_worker *w);
void sup_link_path(const struct sup_worker *w, char *buf, size_t size);
void sup_link_expect(struct sup_worker *w); /* from now on it has a while to say hello */
bool sup_link_try(struct sup_worker *w); /* one try to connect */
void sup_link_open(
	struct sup_worker *w); /* tries until the process that has been started answers */
void sup_link_close(struct sup_worker *w);
/* Frees msg; false when the connection has gone. */
bool sup_link_send(struct sup_worker *w, struct json_object *msg);
bool sup_link_send_fd(struct sup_worker *w, const char *name);
void sup_link_send_log_level(struct sup_worker *w);
struct json_object *sup_msg(const char *type);

/* apply.c */
void sup_apply_init(struct sup_worker *w);
void sup_apply_clear(struct sup_worker *w);
void sup_apply_written(struct dsc_supervisor *sup, bool del, const struct dsc_row *row);
void sup_apply_soon(struct sup_worker *w);
void sup_apply_full(struct sup_worker *w); /* the next one is the whole state */
void sup_apply_take(struct sup_worker *w, struct json_object *msg);

/* probe.c */
void sup_probe_start(struct dsc_supervisor *sup);
void sup_probe_map(struct sup_worker *w, int fd); /* takes fd over */
void sup_probe_unmap(struct sup_worker *w);
void sup_stats_take(struct sup_worker *w, struct json_object *msg);

/* supervise.c */
struct sup_worker *sup_worker_find(struct dsc_supervisor *sup, uint64_t id);
void sup_worker_event(struct sup_worker *w, enum dsc_severity severity, const char *kind,
		      const char *text);
/* data: names of what is concerned; the worker's is added. */
void sup_worker_event_with(struct sup_worker *w, enum dsc_severity severity, const char *kind,
			   const char *text, struct json_object *data);
void sup_worker_exited(struct sup_worker *w, const char *how);
void sup_bind_again(struct dsc_supervisor *sup); /* portals that have no socket yet */
void sup_adopt_step(struct dsc_supervisor *sup); /* something about an adoption has become clear */

#endif
