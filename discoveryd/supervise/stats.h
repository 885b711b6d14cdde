/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/stats.h - what workers counted: by subsystem, namespace, host and queue, as each told last.
 * Owns: the records; readers' pointers are good until the loop's turn ends.  Thread: control loop.  May block: never.
 *
 * A worker tells what has changed since it was asked before; the rest stands.  It outlives its process. */
#ifndef DISCOVERYD_SUPERVISE_STATS_H
#define DISCOVERYD_SUPERVISE_STATS_H

#include <stdbool.h>
#include <uthash.h>

#include "common/latency.h"
#include "discoveryd/model/rows.h"

struct dsc_controller;
struct dsc_supervisor;
struct json_object;

/* Counters; their names are those of the control protocol and of the API.  A queue or host lacks some: they stay 0. */
enum dsc_io_count {
	DSC_IO_READS,
	DSC_IO_WRITES,
	DSC_IO_OTHER,
	DSC_IO_READ_BYTES,
	DSC_IO_WRITE_BYTES,
	DSC_IO_READ_NS,
	DSC_IO_WRITE_NS,
	DSC_IO_BUSY_NS,
	DSC_IO_ERRORS,
	DSC_IO_LOCK_WAITS,
	DSC_IO_R2TS,
	DSC_IO_COUNTS
};
extern const char *const dsc_io_count_name[DSC_IO_COUNTS];

enum dsc_io_way { DSC_IO_READ, DSC_IO_WRITE, DSC_IO_WAYS };
extern const char *const dsc_io_way_name[DSC_IO_WAYS]; /* "read", "write" */

/* Where the time of a command goes (targetd/io.h). */
enum dsc_io_part { DSC_IO_TRANSPORT, DSC_IO_BACKEND, DSC_IO_QUEUE, DSC_IO_PARTS };
extern const char *const dsc_io_part_name[DSC_IO_PARTS]; /* "transport", "backend", "queue" */

struct dsc_io_times {
	struct cmn_latency total[DSC_IO_WAYS], part[DSC_IO_WAYS][DSC_IO_PARTS];
	uint64_t part_ns[DSC_IO_WAYS][DSC_IO_PARTS];
};

/* `before` is what the message before the last said, where the last one said something new (seq). */
struct dsc_io {
	uint64_t seq;
	uint64_t count[DSC_IO_COUNTS], before[DSC_IO_COUNTS];
	struct dsc_io_times *times; /* NULL: of nothing, or not told */
	struct cmn_latency *times_before; /* [DSC_IO_WAYS]; with times */
};

#define DSC_IO_STATUSES 8
struct dsc_io_failed {
	uint16_t status; /* SCT << 8 | SC; DSC_IO_STATUS_OTHER */
	uint64_t times;
};
#define DSC_IO_STATUS_OTHER 0xffff
#define DSC_IO_STATUS_ADMIN 0x8000 /* of a command on an admin queue */

struct dsc_ns_io {
	UT_hash_handle hh;
	uint32_t nsid;
	uint64_t seen; /* stats.c's, in each of these */
	struct dsc_io io;
	unsigned int nr_failed;
	struct dsc_io_failed failed[DSC_IO_STATUSES];
};

struct dsc_host_io {
	UT_hash_handle hh;
	char host_nqn[DSC_NQN_MAX + 1];
	uint64_t seen, inflight;
	struct dsc_io io;
};

struct dsc_queue_io {
	UT_hash_handle hh;
	struct {
		uint16_t cntlid, qid;
	} id;
	uint64_t seen, inflight;
	struct dsc_io io;
};

struct dsc_subsys_io {
	UT_hash_handle hh;
	char nqn[DSC_NQN_MAX + 1];
	uint64_t seen;
	struct dsc_io io; /* of its namespaces, those that are gone included: never less than before */
	struct dsc_ns_io *namespaces; /* a list by hh.next, as are the others */
	struct dsc_host_io *hosts;
	struct dsc_queue_io *queues; /* those of controllers that are gone may still be here for a while */
};

#define DSC_IO_WORKER_STATUSES 512
struct dsc_worker_io {
	uint64_t seq; /* of the last message; 0: none has come */
	uint64_t wall_ms; /* when it came */
	uint64_t monotonic_ns, interval_ns; /* the worker's clock, and since the message before; 0: unknown */
	uint64_t queues_left_out; /* it has too many to tell of each */
	struct dsc_io io; /* of all subsystems: never less than before */
	struct dsc_subsys_io *subsystems;
	unsigned int nr_failed;
	struct dsc_io_failed failed[DSC_IO_WORKER_STATUSES];
};

/* Adds a `stats` message of the worker. */
void dsc_worker_io_take(struct dsc_worker_io *w, struct json_object *msg);
void dsc_worker_io_clear(struct dsc_worker_io *w);

/* NULL: no such worker; seq 0: it has told nothing yet. */
const struct dsc_worker_io *dsc_supervisor_io(struct dsc_supervisor *sup, uint64_t worker_id);
const struct dsc_subsys_io *dsc_worker_io_subsys(const struct dsc_worker_io *w, const char *nqn); /* NULL: none */
const struct dsc_ns_io *dsc_subsys_io_ns(const struct dsc_subsys_io *s, uint32_t nsid);
/* Calls fn for each queue of a controller. */
void dsc_subsys_io_queues(const struct dsc_subsys_io *s, const struct dsc_controller *c,
			  void (*fn)(void *arg, const struct dsc_controller *c,
				     const struct dsc_queue_io *q),
			  void *arg);

/* What a second brought, by the last two messages of its worker; false, and zeroes: nothing, or it isn't known. */
struct dsc_io_rate {
	double per_second[DSC_IO_COUNTS];
	struct cmn_latency times[DSC_IO_WAYS]; /* commands of that interval */
};
bool dsc_io_rate(const struct dsc_worker_io *w, const struct dsc_io *io, struct dsc_io_rate *ret);

#endif
