/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/supervise.h - keeps workers alive and as the model wants them.
 * Owns: worker processes' handles and control sockets, copies of listening sockets and of RAM namespaces' memory.
 * Thread: control loop.  May block: never (a worker is started by a vfork-like spawn). */
#ifndef DISCOVERYD_SUPERVISE_SUPERVISE_H
#define DISCOVERYD_SUPERVISE_SUPERVISE_H

#include "common/err.h"
#include "common/log.h"
#include "discoveryd/app.h"
#include "discoveryd/model/snapshot.h"

struct json_object;

/* Adopts living workers, then binds what is missing; ready() is called once, with err->code 0 when every portal has its
 * socket, before the missing workers are started. */
int dsc_supervisor_start(struct dsc_app *app,
			 void (*ready)(struct dsc_app *app, const struct cmn_err *err),
			 struct dsc_supervisor **ret_sup, struct cmn_err *err);
/* Lets go: workers go on. */
void dsc_supervisor_destroy(struct dsc_supervisor *sup);
/* When the loop has ended, before the model is stopped: what is being done to files has been.  NULL is legal. */
void dsc_supervisor_stop(struct dsc_supervisor *sup);
/* Drains all workers; done() when the last has ended (or was killed after a while). */
void dsc_supervisor_drain(struct dsc_supervisor *sup, void (*done)(struct dsc_app *app));
/* Once everything else listens: starts the workers that were not found alive. */
void dsc_supervisor_run(struct dsc_supervisor *sup);

/* The file that a worker writes its log to, where that does not go to the journal. */
void dsc_supervisor_log_path(const struct dsc_app *app, const char *worker, char *buf, size_t size);

/* How much a worker logs, until it is told otherwise or discoveryd starts again; -ENOENT for an unknown name. */
int dsc_supervisor_set_log_level(struct dsc_supervisor *sup, const char *name,
				 enum cmn_log_level level);

bool dsc_supervisor_any_adopted(struct dsc_supervisor *sup);

enum dsc_worker_state {
	DSC_WORKER_STOPPED,
	DSC_WORKER_STARTING,
	DSC_WORKER_RUNNING,
	DSC_WORKER_RESTARTING, /* dead, waits for its back-off */
	DSC_WORKER_DEGRADED, /* crash loop */
	DSC_WORKER_STOPPING,
	DSC_WORKER_STATE_COUNT
};
extern const char *const dsc_worker_state_name[DSC_WORKER_STATE_COUNT + 1]; /* NULL-ended */

/* Why a controller has gone. */
enum dsc_gone { DSC_GONE_KEEP_ALIVE, DSC_GONE_SHUTDOWN, DSC_GONE_CLOSED, DSC_GONE_COUNT };
extern const char
	*const dsc_gone_name[DSC_GONE_COUNT]; /* "keep_alive_timeout", "shutdown", "closed" */

/* Of a worker, since discoveryd started. */
struct dsc_worker_counts {
	uint64_t connected, refused, zoned_out; /* those of refused that share no zone */
	uint64_t auth_failed; /* let in, but did not authenticate */
	uint64_t gone[DSC_GONE_COUNT];
};

struct dsc_worker_info {
	enum dsc_worker_state state;
	int pid; /* 0: none */
	uint64_t generation; /* confirmed */
	unsigned int restarts; /* since discoveryd started */
	unsigned int nr_controllers;
	bool adopted;
	enum cmn_log_level log_level;
	struct dsc_worker_counts counts;
};
/* -ENOENT for an unknown name. */
int dsc_supervisor_worker(struct dsc_supervisor *sup, const char *name,
			  struct dsc_worker_info *ret_info);

/* A controller as its worker reported it; strings are borrowed until the loop's turn ends. */
struct dsc_controller {
	char nqn[DSC_NQN_MAX + 1], host_nqn[DSC_NQN_MAX + 1];
	char host_id[CMN_UUID_STR_LEN + 1], host_addr[72], portal[DSC_NAME_MAX + 1],
		worker[DSC_NAME_MAX + 1];
	uint16_t cntlid;
	uint32_t qpairs, kato_ms;
	bool authenticated, header_digest, data_digest;
	uint64_t connected_ms; /* CLOCK_REALTIME */
};
/* Calls fn for every controller, ordered by (worker, NQN, CNTLID); NULL filters match all.  fn returns false to stop. */
void dsc_supervisor_controllers(struct dsc_supervisor *sup, const char *nqn, const char *host_nqn,
				bool (*fn)(void *arg, const struct dsc_controller *c), void *arg);
/* The one after (nqn, cntlid) in that order, over all workers; after ("", 0) the first; NULL at the end.  Borrowed until the loop's
 * turn ends, unless a reference is taken. */
const struct dsc_controller *dsc_supervisor_controller_after(struct dsc_supervisor *sup,
							     const char *nqn, uint16_t cntlid);
/* Has its worker end it; that it is gone is told as for any other.  -EAGAIN: the worker can't be told now. */
int dsc_supervisor_disconnect(struct dsc_supervisor *sup, const struct dsc_controller *c);
void dsc_controller_get(const struct dsc_controller *c);
void dsc_controller_put(const struct dsc_controller *c);
unsigned int dsc_supervisor_count(struct dsc_supervisor *sup, const char *nqn, const char *host_nqn,
				  const char *portal);

/* A host and a subsystem that it has connected to since discoveryd started, ordered by (NQN, host); the first DSC_PAIRS_MAX of them. */
#define DSC_PAIRS_MAX 16384
struct dsc_pair {
	char nqn[DSC_NQN_MAX + 1], host_nqn[DSC_NQN_MAX + 1];
	uint64_t connects; /* controllers made */
	uint64_t reconnects; /* of those, in the place of one that ended without being shut down */
	uint64_t keep_alive; /* controllers that ended by their keep alive timer */
};
void dsc_supervisor_pairs(struct dsc_supervisor *sup,
			  void (*fn)(void *arg, const struct dsc_pair *pair), void *arg);

/* What the last stats message of a worker said of itself and its reactors (the rest: stats.h), borrowed, NULL when there is none; *ret_wall_ms when it came.  Asked for every second,
 * less often when it is so large that reading it takes a noticeable part of that; it outlives its process. */
struct json_object *dsc_supervisor_stats(struct dsc_supervisor *sup, const char *name,
					 uint64_t *ret_wall_ms);

/* Binds and listens for a portal that is about to be created, so that a busy or foreign address is an error of the request (field
 * traddr: -EBUSY in use, -EINVAL not ours).  unbind: it wasn't created after all. */
int dsc_supervisor_bind(struct dsc_supervisor *sup, const char *portal, const char *address,
			uint16_t port, struct cmn_err *err);
void dsc_supervisor_unbind(struct dsc_supervisor *sup, const char *portal);

/* How long writes waited for snapshots that became ready, since discoveryd started: how many up to each bound, how many beyond, then the sum in ns. */
#define DSC_HOLD_BOUNDS 10
extern const uint64_t dsc_hold_bound_ms[DSC_HOLD_BOUNDS];
const uint64_t *dsc_supervisor_holds(const struct dsc_supervisor *sup);

/* Bytes that RAM namespaces may take in all: what the machine has free and what they have already. */
uint64_t dsc_supervisor_ram_capacity(struct dsc_supervisor *sup);

#endif
