/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/app.h - what the parts of discoveryd are handed: the control loop, the model, the supervisor, the options.
 * Owns: nothing; main.c makes the parts and ends them in reverse order.  Thread: the fields are set before threads start and
 * then constant; what may be done with each part is said in its header.  May block: never. */
#ifndef DISCOVERYD_APP_H
#define DISCOVERYD_APP_H

#include <stdbool.h>
#include <stdint.h>

#define DSC_MAX_ADDRS 16
#define DSC_DISC_PORT 8009
#define DSC_IO_PORT 4420
#define DSC_API_PORT 8080

/* An address as given on the command line: "127.0.0.1", "[::1]:8009", "0.0.0.0:4420". */
struct dsc_addr {
	char address[64]; /* literal, without brackets */
	uint16_t port;
};

/* An authentication verification entity, by one of its addresses. */
struct dsc_ave {
	char nqn[224];
	struct dsc_addr addr;
};

struct dsc_options {
	const char *state_dir;
	const char *run_dir; /* absolute, short enough for a socket in it */
	const char *targetd; /* program to start workers with */
	struct dsc_addr listen[DSC_MAX_ADDRS]; /* discovery */
	unsigned int nr_listen;
	struct dsc_addr io_listen[DSC_MAX_ADDRS];
	unsigned int nr_io_listen;
	bool io_listen_given; /* else the addresses are defaults for a first start */
	struct dsc_addr api;
	bool api_auth; /* the API wants tokens */
	bool discovery_auth; /* a host that has a key authenticates for discovery too */
	const char *api_host[DSC_MAX_ADDRS +
			     1]; /* NULL-ended: further names by which requests may ask for it */
	unsigned int nr_api_hosts;
	struct dsc_ave ave[DSC_MAX_ADDRS]; /* those that hosts are told of */
	unsigned int nr_ave;
	bool all_hosts; /* ALLHOSTE: tell every registered host to any that asks for all */
	bool all_subsystems; /* ALLSUBE: tell every subsystem to any host that asks for all */
	const char *log_format; /* as asked for, workers' too; NULL: by what stderr is */
	const char *congestion; /* TCP congestion control of I/O portals; NULL: the system's */
	bool ceph_metrics; /* /metrics tells the names of ceph-nvmeof's exporter too */
	unsigned int regs_per_host; /* entries that a host may register; 0: the default */
	unsigned int registration_keep_s; /* after its last controller has gone; 0: for ever */
	unsigned int
		dc_poll_s; /* between reads of a discovery controller that keeps no connections */
	bool mdns_follow; /* discovery controllers that announce themselves are admitted at once */
	uint8_t dctype; /* Identify Controller: 0 not reported, 1 DDC, 2 CDC */
	bool check_database; /* only that */
	const char *backup_to; /* only that: a file to copy the database to */
	unsigned int nr_workers; /* made at the first start */
	unsigned int nr_reactors; /* of each worker, 0: as many as cores */
};

struct net_reactor;
struct dsc_store;
struct dsc_model;
struct dsc_supervisor;
struct dsc_audits;
struct dsc_backups;
struct dsc_events;
struct dsc_disc;
struct dsc_follow;

struct dsc_app {
	struct dsc_options opt;
	struct net_reactor *
		loop; /* the control loop, on the main thread: net_watch_add() etc. of net/reactor.h */
	struct dsc_store *store;
	struct dsc_model *model;
	struct dsc_events *events;
	struct dsc_audits *audits;
	struct dsc_backups *backups;
	struct dsc_supervisor *supervisor;
	struct dsc_disc *disc;
	struct dsc_follow *follow;
	char disc_nqn[224]; /* this discovery controller's own NQN, made once and stored */
	char node[64]; /* name of this machine's node row */
	uint64_t started_wall_ms; /* CLOCK_REALTIME */
	/* Ends discoveryd after this turn; workers: drain them first.  Control loop only. */
	void (*shutdown)(struct dsc_app *app, bool workers);
};

#endif
