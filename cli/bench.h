/* SPDX-License-Identifier: Apache-2.0 */
/* cli/bench.h - the parts of `pharos bench`: a workload run (bench_run.c), and what is told of it (bench_report.c).
 * Owns: nothing.  Thread: one.  May block: yes. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include <sys/types.h>

#include "cli/cli.h"
#include "common/histogram.h"
#include "net/client.h"

#define CLI_BENCH_CONTROLLERS_MAX 4096

/* What is measured: "32 4096 randread", as spdk-perf calls its patterns. */
struct cli_bench_load {
	unsigned int qd; /* commands under way on each queue */
	uint32_t bytes; /* each moves */
	unsigned int read_percent;
	bool random;
	char name[64]; /* as it was given, for the report */
};

/* On what, and for how long. */
struct cli_bench_setup {
	const struct cli *cli; /* whom progress is told */
	struct net_client **clients; /* each with its I/O queues open */
	unsigned int nr_clients, nr_queues; /* queues of each */
	uint32_t nsid, block_size;
	uint64_t blocks; /* of the namespace that are used */
	unsigned int seconds;
	uint64_t rate; /* commands a second at most, of all queues; 0: as many as go */
	bool verify, digests;
	pid_t target; /* 0: not here */
};

struct cli_bench_result {
	struct cmn_histogram
		latency; /* nanoseconds, from the submission to its completion's arrival */
	uint64_t commands, bytes, verified; /* verified: bytes that were read and compared */
	uint64_t took_ns;
	uint64_t
		client_cpu_ns; /* of this process, without what it spent looking for work in vain */
	uint64_t spun_ns; /* that */
	uint64_t target_cpu_ns;
	bool has_target_cpu, interrupted;
};

/* 0, or -errno with words: -EILSEQ when what was read isn't what was written.  *ret holds what had been done until then. */
int cli_bench_run(const struct cli_bench_setup *setup, const struct cli_bench_load *load,
		  struct cli_bench_result *ret, struct cmn_err *err);

/* A row of the report: numbers for JSON, already rounded for the table. */
struct json_object *cli_bench_row(const struct cli_bench_setup *setup,
				  const struct cli_bench_load *load,
				  const struct cli_bench_result *r, const char *error);
extern const struct cli_column cli_bench_columns[];
/* IOPS, bandwidth and the curve of the latencies of every row, as SVG.  0 or -errno. */
int cli_bench_plot(const char *path, const char *title, struct json_object *rows);

#endif
