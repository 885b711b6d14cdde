/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics.h - an answer to GET /metrics: sets of labelled values, gathered in a few turns, told family by family as the
 * client takes it.
 * Owns: a scrape has copies of all it needs, so nothing is held while a slow client reads.  Thread: the control loop.
 * May block: never. */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "discoveryd/supervise/stats.h"
#include "net/reactor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct api_gather;
struct api_req;
struct api_server;
struct dsc_snapshot;

#define API_SET_MAX                                                                                \
	65536u /* items of a set, where api_set_limits has no other; what is more is counted, not told */

/* Things of one kind, with the same labels. */
enum api_set {
	API_SET_DAEMON,
	API_SET_DAEMON_META,
	API_SET_DIM,
	API_SET_REGISTERED,
	API_SET_FOLLOWED,
	API_SET_FOLLOWED_STATE,
	API_SET_SEVERITY,
	API_SET_SNAPSHOTS,
	API_SET_SNAPSHOT_HOLD,
	API_SET_WORKER,
	API_SET_WORKER_META,
	API_SET_WORKER_STATS, /* what it told itself: absent until it did */
	API_SET_WORKER_GONE,
	API_SET_WORKER_IO,
	API_SET_WORKER_TIMES,
	API_SET_WORKER_PARTS,
	API_SET_WORKER_FAILED,
	API_SET_REACTOR,
	API_SET_REACTOR_MODE,
	API_SET_PORTAL_META,
	API_SET_ANA,
	API_SET_SUBSYS,
	API_SET_SUBSYS_META,
	API_SET_SUBSYS_IO,
	API_SET_SUBSYS_TIMES,
	API_SET_SUBSYS_PARTS,
	API_SET_NS,
	API_SET_NS_META,
	API_SET_NS_IO,
	API_SET_NS_TIMES,
	API_SET_NS_PARTS,
	API_SET_NS_FAILED,
	API_SET_HOST,
	API_SET_HOST_IO,
	API_SET_HOST_TIMES,
	API_SET_PAIR,
	API_SET_QUEUE_IO,
	API_SET_HOST_GEN,
	API_SET_ROUTE,
	API_SET_ROUTE_STATUS,
	API_SET_SCRAPE,
	API_SET_DROPPED,
	API_SET_CEPH_GATEWAY,
	API_SET_CEPH_BDEV_META,
	API_SET_CEPH_BDEV,
	API_SET_CEPH_BDEV_IO,
	API_SET_CEPH_REACTOR,
	API_SET_CEPH_SUBSYS_META,
	API_SET_CEPH_NS_META,
	API_SET_CEPH_HOST,
	API_SET_CEPH_LOST,
	API_SET_COUNT
};

/* Values of the items of a set: a field is one of these numbers. */
enum {
	DAEMON_START_MS,
	DAEMON_COMMITS,
	DAEMON_STORE_REQUESTS,
	DAEMON_STORE_FAILURES,
	DAEMON_STORE_HEALTHY,
	DAEMON_SUBSYSTEMS,
	DAEMON_NAMESPACES,
	DAEMON_HOSTS,
	DAEMON_DISC_CONNS,
	DAEMON_DISC_CTRLS,
	DAEMON_LOG_READS,
	DAEMON_AENS,
	DAEMON_DISC_AUTH_FAILED,
	DAEMON_DISC_REFUSED,
	DAEMON_KICKSTARTS,
	DAEMON_PAGES_SENT,
	DAEMON_GENCTR,
	DAEMON_ZONING_ENABLED,
	DAEMON_ZONING_CHANGE,
	DAEMON_ZONING_GROUPS,
	DAEMON_ZONING_ZONES,
	DAEMON_API_CONNS,
	DAEMON_API_STREAMS,
	DAEMON_FIELDS
};
enum {
	WORKER_UP,
	WORKER_RESTARTS,
	WORKER_CTRLS,
	WORKER_CONNECTED,
	WORKER_REFUSED,
	WORKER_AUTH_FAILED,
	WORKER_ZONED_OUT,
	WORKER_FIELDS
};
enum { FOLLOWED_UP, FOLLOWED_ENTRIES, FOLLOWED_FIELDS };
enum { STATS_AGE_MS, STATS_RESIDENT, STATS_FIELDS };
enum {
	REACTOR_LOOPS,
	REACTOR_EMPTY_POLLS,
	REACTOR_SLEEPS,
	REACTOR_MESSAGES,
	REACTOR_SENDS,
	REACTOR_RECVS,
	REACTOR_SHORT_SENDS,
	REACTOR_COPIES,
	REACTOR_RING_FULL,
	REACTOR_FIELDS
};
enum {
	SUBSYS_READY,
	SUBSYS_LISTENERS,
	SUBSYS_HOSTS,
	SUBSYS_NAMESPACES,
	SUBSYS_CTRLS,
	SUBSYS_QPAIRS,
	SUBSYS_LIMIT,
	SUBSYS_FIELDS
};
enum { NS_CAPACITY, NS_READY, NS_FIELDS };
/* I/O: enum dsc_io_count, then */
enum { IO_INFLIGHT = DSC_IO_COUNTS, IO_FIELDS };
enum { HOST_STATE, HOST_CTRLS, HOST_QPAIRS, HOST_FIELDS };
enum { PAIR_CONNECTS, PAIR_RECONNECTS, PAIR_KEEP_ALIVE, PAIR_FIELDS };
enum { SCRAPE_GATHER_NS, SCRAPE_FIELDS };

struct api_item {
	const char *labels; /* "a=\"b\",c=\"d\"", "" */
	const uint64_t *values;
};

/* How a value is told. */
enum api_unit { API_UNIT_ONE, API_UNIT_NS, API_UNIT_MS }; /* times: as seconds */

/* A histogram's bounds, as they are written.  Its values: each bucket alone, one more than bounds, then the sum in ns. */
struct api_bounds {
	unsigned int nr;
	const char *const *text;
};
extern const struct api_bounds api_bounds_request, api_bounds_io, api_bounds_hold;

struct api_family {
	const char *name, *type, *help;
	enum api_set set;
	unsigned int field;
	enum api_unit unit;
	const struct api_bounds *bounds; /* NULL: one value, field */
};
/* Each ends with a row without name. */
extern const struct api_family api_families[], api_families_ceph[];

/* How many of some sets are told, and what their items are called where those that were left out are counted. */
struct api_set_limit {
	uint32_t max; /* 0: API_SET_MAX */
	const char *kind; /* NULL: "other" */
};
extern const struct api_set_limit api_set_limits[API_SET_COUNT];

struct api_set_items {
	struct api_item *at;
	size_t nr, cap;
};

struct api_block {
	struct api_block *next;
	size_t used, size;
	char bytes[];
};

struct api_scrape {
	struct api_server *server;
	struct api_set_items sets[API_SET_COUNT];
	struct api_block *blocks; /* labels and values */
	uint64_t dropped[API_SET_COUNT];
	struct api_gather *gather; /* until all is there */
	uint64_t gather_ns;
	struct api_req *req; /* waits for that */
	struct net_timer turn;
	/* where the telling stands */
	const struct api_family *families,
		*more; /* more: ceph's, told after ours; NULL: none or at them */
	size_t item;
	char *text;
	size_t text_len, text_at;
};

/* Labels under construction. */
struct api_labels {
	size_t len;
	char text[2040];
};
void api_label(struct api_labels *labels, const char *name, const char *value);
void api_label_u64(struct api_labels *labels, const char *name, uint64_t value);

/* ceph: the families of that exporter too.  To be stepped, once in a turn, until that says false; then it can be read. */
struct api_scrape *api_scrape_create(struct api_server *server, bool ceph);
bool api_scrape_step(struct api_scrape *scrape);
void api_scrape_destroy(struct api_scrape *scrape);
/* The next bytes of the text, 0 at its end. */
size_t api_scrape_read(struct api_scrape *scrape, char *buf, size_t max);

/* An item whose values are to be filled in. */
uint64_t *api_scrape_values(struct api_scrape *scrape, size_t nr); /* zeroed */
const char *api_scrape_text(struct api_scrape *scrape, const struct api_labels *labels);
void api_scrape_add(struct api_scrape *scrape, enum api_set set, const char *labels,
		    const uint64_t *values);

/* Adds histograms of t, one for reads and one for writes, of which there are any, and (parts not API_SET_COUNT) each of their parts;
 * labels are those of all. */
void api_scrape_times(struct api_scrape *scrape, enum api_set total, enum api_set parts,
		      const struct api_labels *labels, const struct dsc_io *io);
/* Adds counts by status. */
void api_scrape_failed(struct api_scrape *scrape, enum api_set set, const struct api_labels *labels,
		       const struct dsc_io_failed *failed, unsigned int nr);
/* Adds the counters of io. */
void api_scrape_io(struct api_scrape *scrape, enum api_set set, const char *labels,
		   const struct dsc_io *io, uint64_t inflight);

/* metrics_gather.c: all but the model */
void api_scrape_gather(struct api_scrape *scrape, const struct dsc_snapshot *snap);

/* metrics_model.c: subsystems, namespaces, hosts, a little in each turn; false: all is there. */
struct api_gather *api_gather_begin(struct api_scrape *scrape, const struct dsc_snapshot *snap);
bool api_gather_step(struct api_gather *gather);
void api_gather_end(struct api_gather *gather);

#endif
