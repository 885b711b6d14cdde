/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics_table.c - every metric: one row each.  docs/metrics.md says the same for people, and a test compares them.
 * Names end in their unit, counters in _total; what describes a thing is a label of its ..._metadata, to be joined.
 * Thread: any.  May block: never. */
#include "api/metrics.h"

#include "api/counts.h"
#include "discoveryd/supervise/supervise.h"

#define GAUGE "gauge"
#define COUNTER "counter"
#define F(set, field, unit, type, name, help)                                                      \
	{                                                                                          \
		"pharos_" name, type, help, API_SET_##set, field, API_UNIT_##unit, NULL            \
	}
/* A histogram. */
#define H(set, bounds, name, help)                                                                 \
	{                                                                                          \
		"pharos_" name, "histogram", help, API_SET_##set, 0, API_UNIT_NS,                  \
			&api_bounds_##bounds                                                       \
	}

static const char *const request_bounds[API_COUNT_BUCKETS] = { "0.00025", "0.001", "0.004",
							       "0.016",	  "0.064", "0.25",
							       "1",	  "4",	   "16" };
const struct api_bounds api_bounds_request = { API_COUNT_BUCKETS, request_bounds };

static const char *const hold_bounds[DSC_HOLD_BOUNDS] = { "0.001", "0.01", "0.05", "0.1", "0.25",
							  "0.5",   "1",	   "2.5",  "5",	  "10" };
const struct api_bounds api_bounds_hold = { DSC_HOLD_BOUNDS, hold_bounds };

/* clang-format off */
const struct api_family api_families[] = {
	F(DAEMON_META, 0, ONE, GAUGE, "info", "This discoveryd: version, node, NQN of its discovery controller."),
	F(DAEMON, DAEMON_START_MS, MS, GAUGE, "start_time_seconds", "When discoveryd started, since 1970."),
	F(DAEMON, DAEMON_SUBSYSTEMS, ONE, GAUGE, "subsystems", "Subsystems."),
	F(DAEMON, DAEMON_NAMESPACES, ONE, GAUGE, "namespaces", "Namespaces."),
	F(DAEMON, DAEMON_HOSTS, ONE, GAUGE, "hosts", "Hosts that are registered."),
	F(SEVERITY, 0, ONE, COUNTER, "events_total", "Events by severity."),
	F(SNAPSHOTS, 0, ONE, GAUGE, "snapshots", "Snapshots of namespaces, by state."),
	H(SNAPSHOT_HOLD, hold, "snapshot_hold_seconds", "How long writes of a namespace waited while a snapshot of it was taken, of those that became ready."),

	F(DAEMON, DAEMON_COMMITS, ONE, COUNTER, "store_commits_total", "Commits to the database, each with an fsync."),
	F(DAEMON, DAEMON_STORE_REQUESTS, ONE, COUNTER, "store_requests_total", "Changes that were to be stored; several share a commit."),
	F(DAEMON, DAEMON_STORE_FAILURES, ONE, COUNTER, "store_failures_total", "Commits that failed."),
	F(DAEMON, DAEMON_STORE_HEALTHY, ONE, GAUGE, "store_healthy", "Whether the last commit went well."),

	F(DAEMON, DAEMON_DISC_CONNS, ONE, GAUGE, "discovery_connections", "Connections to the discovery service."),
	F(DAEMON, DAEMON_DISC_CTRLS, ONE, GAUGE, "discovery_controllers", "Hosts' controllers at the discovery service."),
	F(DAEMON, DAEMON_LOG_READS, ONE, COUNTER, "discovery_log_reads_total", "Discovery log pages read by hosts."),
	F(DAEMON, DAEMON_AENS, ONE, COUNTER, "discovery_aens_sent_total", "Asynchronous events that told a host of a changed log."),
	F(DAEMON, DAEMON_DISC_AUTH_FAILED, ONE, COUNTER, "discovery_auth_failures_total", "Hosts that did not authenticate at the discovery service."),
	F(DAEMON, DAEMON_DISC_REFUSED, ONE, COUNTER, "discovery_refused_total", "Connects that the discovery service refused."),
	F(DAEMON, DAEMON_GENCTR, ONE, GAUGE, "discovery_genctr", "Generation of what every host sees, as GENCTR tells it."),
	F(DIM, 0, ONE, COUNTER, "discovery_dim_commands_total", "Discovery Information Management commands, by what came of them."),
	F(REGISTERED, 0, ONE, GAUGE, "discovery_registrations", "Entries that are registered, by the type of who did: host, ddc, cdc."),
	F(DAEMON, DAEMON_KICKSTARTS, ONE, COUNTER, "discovery_kickstarts_total", "Kickstart discovery requests, refused ones too."),
	F(FOLLOWED_STATE, 0, ONE, GAUGE, "discovery_followed", "Other discovery controllers, by state."),
	F(FOLLOWED, FOLLOWED_UP, ONE, GAUGE, "discovery_followed_up", "Whether a discovery controller that is followed answers."),
	F(FOLLOWED, FOLLOWED_ENTRIES, ONE, GAUGE, "discovery_followed_entries", "Entries of a discovery controller that is followed: registered by it, and read of it."),
	F(DAEMON, DAEMON_PAGES_SENT, ONE, COUNTER, "discovery_pages_sent_total", "Log pages sent to discovery controllers that pull."),
	F(HOST_GEN, 0, ONE, GAUGE, "discovery_host_genctr", "Generation of the log that a registered host is told."),

	F(DAEMON, DAEMON_ZONING_ENABLED, ONE, GAUGE, "zoning_enabled", "Whether zones are enforced."),
	F(DAEMON, DAEMON_ZONING_CHANGE, ONE, GAUGE, "zoning_change", "Number of the change that is enforced, as the history of zoning has it; 0: none yet."),
	F(DAEMON, DAEMON_ZONING_GROUPS, ONE, GAUGE, "zoning_active_groups", "Zone groups that are enforced."),
	F(DAEMON, DAEMON_ZONING_ZONES, ONE, GAUGE, "zoning_active_zones", "Zones that are enforced."),

	F(WORKER_META, 0, ONE, GAUGE, "worker_metadata", "Workers: node and state."),
	F(WORKER, WORKER_UP, ONE, GAUGE, "worker_up", "Whether the worker runs and answers; its other values stay as they were last."),
	F(WORKER, WORKER_RESTARTS, ONE, COUNTER, "worker_restarts_total", "Starts after a worker ended by itself."),
	F(WORKER, WORKER_CTRLS, ONE, GAUGE, "worker_controllers", "Controllers that hosts have at the worker."),
	F(WORKER, WORKER_CONNECTED, ONE, COUNTER, "worker_controllers_connected_total", "Controllers that hosts made."),
	F(WORKER_GONE, 0, ONE, COUNTER, "worker_controllers_gone_total", "Controllers that ended, by reason."),
	F(WORKER, WORKER_REFUSED, ONE, COUNTER, "worker_connects_refused_total", "Refused Connects that the worker told of (it tells few at a time)."),
	F(WORKER, WORKER_AUTH_FAILED, ONE, COUNTER, "worker_auth_failures_total", "Hosts that did not authenticate on a queue that they had connected."),
	F(WORKER, WORKER_ZONED_OUT, ONE, COUNTER, "worker_connects_zoned_out_total", "Those of them whose host shares no zone with the subsystem."),
	F(WORKER_STATS, STATS_AGE_MS, MS, GAUGE, "worker_stats_age_seconds", "How old the worker's counters are."),
	F(WORKER_STATS, STATS_RESIDENT, ONE, GAUGE, "worker_resident_memory_bytes", "Memory of the worker, with what of RAM namespaces has been touched."),

	F(WORKER_IO, DSC_IO_READS, ONE, COUNTER, "worker_reads_completed_total", "Reads completed, of all its namespaces."),
	F(WORKER_IO, DSC_IO_WRITES, ONE, COUNTER, "worker_writes_completed_total", "Writes completed, of all its namespaces."),
	F(WORKER_IO, DSC_IO_READ_BYTES, ONE, COUNTER, "worker_read_bytes_total", "Bytes read, of all its namespaces."),
	F(WORKER_IO, DSC_IO_WRITE_BYTES, ONE, COUNTER, "worker_written_bytes_total", "Bytes written, of all its namespaces."),
	F(WORKER_IO, DSC_IO_READ_NS, NS, COUNTER, "worker_read_seconds_total", "Time of reads, of all its namespaces."),
	F(WORKER_IO, DSC_IO_WRITE_NS, NS, COUNTER, "worker_write_seconds_total", "Time of writes, of all its namespaces."),
	F(WORKER_IO, DSC_IO_ERRORS, ONE, COUNTER, "worker_errors_total", "I/O commands that failed, of all its namespaces."),
	H(WORKER_TIMES, io, "worker_io_seconds", "How long reads and writes took."),
	H(WORKER_PARTS, io, "worker_io_part_seconds", "Where the time of reads and writes went: transport, backend, queue."),
	F(WORKER_FAILED, 0, ONE, COUNTER, "worker_failed_commands_total", "Commands that failed, by the status that their host was told."),

	F(REACTOR, REACTOR_LOOPS, ONE, COUNTER, "reactor_loops_total", "Turns of a reactor."),
	F(REACTOR_MODE, 0, NS, COUNTER, "reactor_seconds_total", "Time of a reactor, busy (in turns that found work) or idle."),
	F(REACTOR, REACTOR_EMPTY_POLLS, ONE, COUNTER, "reactor_empty_polls_total", "Polls that found nothing."),
	F(REACTOR, REACTOR_SLEEPS, ONE, COUNTER, "reactor_sleeps_total", "Waits for work."),
	F(REACTOR, REACTOR_MESSAGES, ONE, COUNTER, "reactor_messages_total", "Messages from other threads."),
	F(REACTOR, REACTOR_SENDS, ONE, COUNTER, "reactor_sends_total", "Calls of sendmsg."),
	F(REACTOR, REACTOR_RECVS, ONE, COUNTER, "reactor_receives_total", "Calls of recvmsg."),
	F(REACTOR, REACTOR_SHORT_SENDS, ONE, COUNTER, "reactor_short_sends_total", "Sends that a full socket cut short."),
	F(REACTOR, REACTOR_COPIES, ONE, COUNTER, "reactor_copies_total", "Copies of live data that waited to be sent."),
	F(REACTOR, REACTOR_RING_FULL, ONE, COUNTER, "reactor_ring_full_total", "File operations that found io_uring's queue full."),

	F(PORTAL_META, 0, ONE, GAUGE, "portal_metadata", "Portals: worker, address and port."),
	F(ANA, 0, ONE, GAUGE, "ana_state", "ANA groups: the state that each portal is to tell hosts."),

	F(SUBSYS_META, 0, ONE, GAUGE, "subsystem_metadata", "Subsystems: what describes them, and their worker."),
	F(SUBSYS, SUBSYS_READY, ONE, GAUGE, "subsystem_ready", "Whether its worker serves it as desired."),
	F(SUBSYS, SUBSYS_LISTENERS, ONE, GAUGE, "subsystem_listeners", "Portals that it is to be served on."),
	F(SUBSYS, SUBSYS_HOSTS, ONE, GAUGE, "subsystem_hosts", "Hosts that it allows by name."),
	F(SUBSYS, SUBSYS_NAMESPACES, ONE, GAUGE, "subsystem_namespaces", "Namespaces in it."),
	F(SUBSYS, SUBSYS_CTRLS, ONE, GAUGE, "subsystem_controllers", "Controllers that hosts have."),
	F(SUBSYS, SUBSYS_QPAIRS, ONE, GAUGE, "subsystem_queue_pairs", "Queue pairs of those controllers, admin queues too."),
	F(SUBSYS_IO, DSC_IO_READS, ONE, COUNTER, "subsystem_reads_completed_total", "Reads completed, of all its namespaces."),
	F(SUBSYS_IO, DSC_IO_WRITES, ONE, COUNTER, "subsystem_writes_completed_total", "Writes completed, of all its namespaces."),
	F(SUBSYS_IO, DSC_IO_READ_BYTES, ONE, COUNTER, "subsystem_read_bytes_total", "Bytes read, of all its namespaces."),
	F(SUBSYS_IO, DSC_IO_WRITE_BYTES, ONE, COUNTER, "subsystem_written_bytes_total", "Bytes written, of all its namespaces."),
	F(SUBSYS_IO, DSC_IO_READ_NS, NS, COUNTER, "subsystem_read_seconds_total", "Time of reads, of all its namespaces."),
	F(SUBSYS_IO, DSC_IO_WRITE_NS, NS, COUNTER, "subsystem_write_seconds_total", "Time of writes, of all its namespaces."),
	F(SUBSYS_IO, DSC_IO_ERRORS, ONE, COUNTER, "subsystem_errors_total", "I/O commands that failed, of all its namespaces."),
	H(SUBSYS_TIMES, io, "subsystem_io_seconds", "How long reads and writes took."),
	H(SUBSYS_PARTS, io, "subsystem_io_part_seconds", "Where the time of reads and writes went: transport, backend, queue."),

	F(NS_META, 0, ONE, GAUGE, "namespace_metadata", "Namespaces: what describes them."),
	F(NS, NS_CAPACITY, ONE, GAUGE, "namespace_capacity_bytes", "Size."),
	F(NS, NS_READY, ONE, GAUGE, "namespace_ready", "Whether its worker serves it as desired."),
	F(NS_IO, DSC_IO_READS, ONE, COUNTER, "namespace_reads_completed_total", "Reads completed."),
	F(NS_IO, DSC_IO_WRITES, ONE, COUNTER, "namespace_writes_completed_total", "Writes completed."),
	F(NS_IO, DSC_IO_OTHER, ONE, COUNTER, "namespace_other_completed_total", "Other I/O commands completed."),
	F(NS_IO, DSC_IO_READ_BYTES, ONE, COUNTER, "namespace_read_bytes_total", "Bytes read."),
	F(NS_IO, DSC_IO_WRITE_BYTES, ONE, COUNTER, "namespace_written_bytes_total", "Bytes written."),
	F(NS_IO, DSC_IO_READ_NS, NS, COUNTER, "namespace_read_seconds_total", "Time of reads in the worker, by its clock, which moves once a turn."),
	F(NS_IO, DSC_IO_WRITE_NS, NS, COUNTER, "namespace_write_seconds_total", "Time of writes in the worker, with the wait for their data."),
	F(NS_IO, DSC_IO_ERRORS, ONE, COUNTER, "namespace_errors_total", "I/O commands that failed."),
	F(NS_IO, DSC_IO_LOCK_WAITS, ONE, COUNTER, "namespace_lock_waits_total", "Commands that waited for one to the same blocks."),
	H(NS_TIMES, io, "namespace_io_seconds", "How long reads and writes took."),
	F(NS_PARTS, 0, NS, COUNTER, "namespace_io_part_seconds_total", "Where the time of reads and writes went: transport, backend, queue."),
	F(NS_FAILED, 0, ONE, COUNTER, "namespace_failed_commands_total", "I/O commands that failed, by the status that their host was told."),

	F(HOST, HOST_STATE, ONE, GAUGE, "host_connection_state", "Whether a host that may, or does, use a subsystem is connected to it."),
	F(HOST, HOST_CTRLS, ONE, GAUGE, "host_controllers", "Controllers (paths) that the host has to the subsystem."),
	F(HOST, HOST_QPAIRS, ONE, GAUGE, "host_queue_pairs", "Queue pairs of those controllers, admin queues too."),
	F(PAIR, PAIR_CONNECTS, ONE, COUNTER, "host_controllers_connected_total", "Controllers that the host made."),
	F(PAIR, PAIR_RECONNECTS, ONE, COUNTER, "host_reconnects_total", "Those of them that took the place of one that was lost, not shut down."),
	F(PAIR, PAIR_KEEP_ALIVE, ONE, COUNTER, "host_keepalive_timeouts_total", "Controllers of the host that ended by their keep alive timer."),
	F(HOST_IO, DSC_IO_READS, ONE, COUNTER, "host_reads_completed_total", "Reads completed."),
	F(HOST_IO, DSC_IO_WRITES, ONE, COUNTER, "host_writes_completed_total", "Writes completed."),
	F(HOST_IO, DSC_IO_READ_BYTES, ONE, COUNTER, "host_read_bytes_total", "Bytes read."),
	F(HOST_IO, DSC_IO_WRITE_BYTES, ONE, COUNTER, "host_written_bytes_total", "Bytes written."),
	F(HOST_IO, DSC_IO_READ_NS, NS, COUNTER, "host_read_seconds_total", "Time of reads."),
	F(HOST_IO, DSC_IO_WRITE_NS, NS, COUNTER, "host_write_seconds_total", "Time of writes."),
	F(HOST_IO, DSC_IO_ERRORS, ONE, COUNTER, "host_errors_total", "I/O commands that failed."),
	F(HOST_IO, IO_INFLIGHT, ONE, GAUGE, "host_inflight_commands", "I/O commands that aren't answered yet."),
	H(HOST_TIMES, io, "host_io_seconds", "How long reads and writes took, until their answer was in the network's hands."),

	F(QUEUE_IO, DSC_IO_READS, ONE, COUNTER, "queue_reads_completed_total", "Reads completed."),
	F(QUEUE_IO, DSC_IO_WRITES, ONE, COUNTER, "queue_writes_completed_total", "Writes completed."),
	F(QUEUE_IO, DSC_IO_READ_BYTES, ONE, COUNTER, "queue_read_bytes_total", "Bytes read."),
	F(QUEUE_IO, DSC_IO_WRITE_BYTES, ONE, COUNTER, "queue_written_bytes_total", "Bytes written."),
	F(QUEUE_IO, DSC_IO_READ_NS, NS, COUNTER, "queue_read_seconds_total", "Time of reads."),
	F(QUEUE_IO, DSC_IO_WRITE_NS, NS, COUNTER, "queue_write_seconds_total", "Time of writes."),
	F(QUEUE_IO, DSC_IO_ERRORS, ONE, COUNTER, "queue_errors_total", "I/O commands that failed."),
	F(QUEUE_IO, IO_INFLIGHT, ONE, GAUGE, "queue_inflight_commands", "I/O commands that aren't answered yet."),

	F(DAEMON, DAEMON_API_CONNS, ONE, GAUGE, "api_connections", "Connections to the API."),
	F(DAEMON, DAEMON_API_STREAMS, ONE, GAUGE, "api_streams", "Clients that follow the event stream."),
	F(ROUTE_STATUS, 0, ONE, COUNTER, "api_requests_total", "Requests to the API by operation and status."),
	H(ROUTE, request, "api_request_seconds", "Time from a whole request to its answer, with what it was asked to wait."),

	F(SCRAPE, SCRAPE_GATHER_NS, NS, GAUGE, "scrape_gather_seconds", "Time that the control loop took to gather this scrape."),
	F(DROPPED, 0, ONE, GAUGE, "scrape_dropped_items", "Things left out of this scrape since there were too many of their kind."),
	{ 0 },
};

#undef F
#define F(set, field, unit, type, name, help)                                                      \
	{ "ceph_nvmeof_" name, type, help, API_SET_##set, field, API_UNIT_##unit, NULL }

/* --ceph-metrics: what the exporter of ceph-nvmeof calls the same things, so that boards made for it load. */
const struct api_family api_families_ceph[] = {
	F(CEPH_GATEWAY, 0, ONE, GAUGE, "gateway_info", "This discoveryd."),
	F(CEPH_BDEV_META, 0, ONE, GAUGE, "bdev_metadata", "Namespaces by UUID."),
	F(CEPH_BDEV, NS_CAPACITY, ONE, GAUGE, "bdev_capacity_bytes", "Size."),
	F(CEPH_BDEV_IO, DSC_IO_READS, ONE, COUNTER, "bdev_reads_completed_total", "Reads completed."),
	F(CEPH_BDEV_IO, DSC_IO_WRITES, ONE, COUNTER, "bdev_writes_completed_total", "Writes completed."),
	F(CEPH_BDEV_IO, DSC_IO_READ_BYTES, ONE, COUNTER, "bdev_read_bytes_total", "Bytes read."),
	F(CEPH_BDEV_IO, DSC_IO_WRITE_BYTES, ONE, COUNTER, "bdev_written_bytes_total", "Bytes written."),
	F(CEPH_BDEV_IO, DSC_IO_READ_NS, NS, COUNTER, "bdev_read_seconds_total", "Time of reads."),
	F(CEPH_BDEV_IO, DSC_IO_WRITE_NS, NS, COUNTER, "bdev_write_seconds_total", "Time of writes."),
	F(CEPH_REACTOR, 0, NS, COUNTER, "reactor_seconds_total", "Time of a reactor."),
	F(CEPH_SUBSYS_META, 0, ONE, GAUGE, "subsystem_metadata", "Subsystems."),
	F(SUBSYS, SUBSYS_LISTENERS, ONE, GAUGE, "subsystem_listener_count", "Portals that it is to be served on."),
	F(SUBSYS, SUBSYS_HOSTS, ONE, GAUGE, "subsystem_host_count", "Hosts that it allows by name."),
	F(SUBSYS, SUBSYS_LIMIT, ONE, GAUGE, "subsystem_namespace_limit", "Namespaces that it can have."),
	F(SUBSYS, SUBSYS_NAMESPACES, ONE, GAUGE, "subsystem_namespace_count", "Namespaces in it."),
	F(CEPH_NS_META, 0, ONE, GAUGE, "subsystem_namespace_metadata", "Namespaces by subsystem."),
	F(CEPH_HOST, HOST_STATE, ONE, GAUGE, "host_connection_state", "Whether the host is connected."),
	F(CEPH_LOST, 0, ONE, GAUGE, "host_keepalive_timeout", "Whether the host was lost by its keep alive timer and is not back."),
	{ 0 },
};
/* clang-format on */
