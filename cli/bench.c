/* SPDX-License-Identifier: Apache-2.0 */
/* cli/bench.c - `pharos bench`: how fast a subsystem is, and whether it keeps what it is given.  A host in userspace, one thread.
 *
 * Whatever a controller says of itself is no proof that its data may go: nothing is written without --destructive. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/bench.h"
#include "cli/geometry.h"
#include "cli/target.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/size.h"

#define IO_PORT 4420
#define LOADS_MAX 64
#define BYTES_MAX (16u << 20)
#define VERIFY_SPAN (256ull << 20) /* filled and read as a whole for each workload */

struct bench {
	struct cli *cli;
	struct cli_target target;
	struct cli_bench_setup setup;
	struct cli_bench_load loads[LOADS_MAX];
	size_t nr_loads;
	uint64_t span; /* bytes; 0: all */
	struct json_object *rows;
	enum cli_exit worst;
};

static const char *const default_loads[] = {
	"1 4096 randread",  "32 4096 randread", "128 4096 randread",
	"128 512 randread", "32 131072 read",
};

static const struct cli_option options[] = {
	{ "workload", "workload", CLI_LIST, CLI_LOCAL, "\"QD BYTES PATTERN\"",
	  "read, write, randread, randwrite, randrw [READ%] (five of reads)" },
	{ "time", "time", CLI_NUMBER, CLI_LOCAL, "SECONDS", "of each workload (5)" },
	{ "queues", "queues", CLI_NUMBER, CLI_LOCAL, "N", "I/O queues, with QD commands each (1)" },
	{ "controllers", "controllers", CLI_NUMBER, CLI_LOCAL, "N", "with N queues each (1)" },
	{ "rate", "rate", CLI_NUMBER, CLI_LOCAL, "N",
	  "at most N commands a second, of all queues: latencies below saturation" },
	{ "nsid", "nsid", CLI_NUMBER, CLI_LOCAL, "N", "the namespace, where there are several" },
	{ "span", "span", CLI_TEXT, CLI_LOCAL, "SIZE",
	  "its first SIZE bytes (all; 256MiB with --verify)" },
	{ "destructive", "destructive", CLI_FLAG, CLI_LOCAL, NULL,
	  "overwrite the namespace's data: needed to write or verify" },
	{ "verify", "verify", CLI_FLAG, CLI_LOCAL, NULL,
	  "fill the span first, and check all that is read" },
	{ "digests", "digests", CLI_FLAG, CLI_LOCAL, NULL, "with header and data digests" },
	{ "congestion", "congestion", CLI_TEXT, CLI_LOCAL, "NAME",
	  "TCP congestion control of our sockets (the system's)" },
	{ "pid", "pid", CLI_NUMBER, CLI_LOCAL, "PID",
	  "the target's process here: its processor time too" },
	{ "plot", "plot", CLI_TEXT, CLI_LOCAL, "FILE.svg", "a picture of the results" },
	CLI_HOST_OPTIONS,
	{ 0 },
};

/* -- what is asked for ---------------------------------------------------------------------------------------------- */

static bool parse_pattern(const char *pattern, const char *percent, struct cli_bench_load *l)
{
	static const struct {
		const char *name;
		unsigned int read_percent;
		bool random, mixed;
	} patterns[] = {
		{ "read", 100, false, false },	  { "write", 0, false, false },
		{ "randread", 100, true, false }, { "randwrite", 0, true, false },
		{ "rw", 50, false, true },	  { "randrw", 50, true, true },
	};
	char *end = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (strcmp(pattern, patterns[i].name) != 0)
			continue;
		l->random = patterns[i].random;
		l->read_percent = patterns[i].read_percent;
		if (*percent && patterns[i].mixed)
			l->read_percent = (unsigned int)strtoul(percent, &end, 10);
		return !*percent || (end && !*end && l->read_percent <= 100);
	}
	return false;
}

static bool parse_load(const char *text, struct cli_bench_load *l)
{
	char bytes[24] = "", pattern[16] = "", percent[8] = "", more[2] = "";
	uint64_t size;

	snprintf(l->name, sizeof(l->name), "%s", text);
	if (sscanf(text, "%u %23s %15s %7s %1s", &l->qd, bytes, pattern, percent, more) < 3 ||
	    *more)
		return false;
	if (l->qd < 1 || l->qd > 4096 || cmn_size_parse(bytes, &size) < 0)
		return false;
	l->bytes = (uint32_t)cmn_min(size, (uint64_t)UINT32_MAX);
	return l->bytes && l->bytes <= BYTES_MAX && parse_pattern(pattern, percent, l);
}

static enum cli_exit parse_loads(struct bench *b)
{
	struct json_object *list = json_object_object_get(b->cli->values[CLI_LOCAL], "workload");
	size_t nr = list ? json_object_array_length(list) : ARRAY_SIZE(default_loads);

	if (nr > LOADS_MAX) {
		cli_error(NULL, "at most %d workloads", LOADS_MAX);
		return CLI_USAGE;
	}
	for (; b->nr_loads < nr; b->nr_loads++) {
		struct cli_bench_load *l = &b->loads[b->nr_loads];
		const char *text =
			list ? json_object_get_string(json_object_array_get_idx(list, b->nr_loads))
			     : default_loads[b->nr_loads];

		if (!parse_load(text, l)) {
			cli_error("for example \"32 4096 randread\" or \"8 128K randrw 70\"",
				  "no workload: '%s'", text);
			return CLI_USAGE;
		}
		if ((l->read_percent < 100 || b->setup.verify) &&
		    !cli_flag(b->cli, "destructive")) {
			cli_error("--destructive allows it",
				  "that would overwrite the namespace's data: '%s'", l->name);
			return CLI_REFUSED;
		}
	}
	return CLI_OK;
}

static enum cli_exit parse(struct bench *b)
{
	const char *span = cli_text(b->cli, "span", NULL);
	struct cli_bench_setup *s = &b->setup;

	s->verify = cli_flag(b->cli, "verify");
	s->digests = cli_flag(b->cli, "digests");
	s->seconds = (unsigned int)cmn_min(cli_number(b->cli, "time", 5), 86400ull);
	s->nr_queues = (unsigned int)cmn_min(cli_number(b->cli, "queues", 1), 1000ull);
	s->nr_clients = (unsigned int)cmn_min(cli_number(b->cli, "controllers", 1), 100000ull);
	s->rate = cmn_min(cli_number(b->cli, "rate", 0), CMN_NS_PER_S);
	s->nsid = (uint32_t)cmn_min(cli_number(b->cli, "nsid", 0), (unsigned long long)UINT32_MAX);
	s->target = (pid_t)cmn_min(cli_number(b->cli, "pid", 0), (unsigned long long)INT32_MAX);
	if (!s->seconds || !s->nr_queues || !s->nr_clients ||
	    s->nr_clients > CLI_BENCH_CONTROLLERS_MAX) {
		cli_error(NULL, "--time, --queues and --controllers (up to %d) are at least 1",
			  CLI_BENCH_CONTROLLERS_MAX);
		return CLI_USAGE;
	}
	if (span && (cmn_size_parse(span, &b->span) < 0 || !b->span)) {
		cli_error(NULL, "--span wants a size, not '%s'", span);
		return CLI_USAGE;
	}
	return parse_loads(b);
}

/* -- connections ---------------------------------------------------------------------------------------------------- */

static void disconnect(struct bench *b)
{
	for (unsigned int i = 0; i < b->setup.nr_clients; i++)
		net_client_close(cmn_take_ptr(b->setup.clients[i]));
}

static int open_queues(struct bench *b, struct net_client *client, unsigned int qd,
		       struct cmn_err *err)
{
	unsigned int most = NVME_CAP_MQES(net_client_cap(client)), got = 0;
	int res;

	if (qd > most)
		return cmn_err_set(err, -EINVAL, NULL, "its queues take %u commands", most);
	res = net_client_open_queues(client, b->setup.nr_queues, qd, &got, err);
	if (res == 0 && got < b->setup.nr_queues)
		res = cmn_err_set(err, -EINVAL, NULL, "it grants %u queues (--queues)", got);
	return res;
}

/* Anew for each workload, so that each has queues of its depth and none inherits another's backlog. */
static enum cli_exit connect_all(struct bench *b, unsigned int qd, struct cmn_err *err)
{
	enum cli_exit code = CLI_OK;

	for (unsigned int i = 0; i < b->setup.nr_clients && code == CLI_OK; i++) {
		struct net_client **c = &b->setup.clients[i];

		code = cli_target_connect(&b->target, cli_arg(b->cli, 1), c, err);
		if (code == CLI_OK && open_queues(b, *c, qd, err) < 0)
			code = err->code == -EINVAL ? CLI_REFUSED : CLI_FAILED;
	}
	if (code != CLI_OK)
		disconnect(b);
	return code;
}

/* The one namespace, or the one that was named. */
static int choose_namespace(struct bench *b, struct cmn_err *err)
{
	struct cli_bench_setup *s = &b->setup;
	struct cli_geometry geometry;
	uint32_t list[1024];
	int n = s->nsid ? 1 : cli_active_namespaces(s->clients[0], 0, list, err);

	if (n == 0)
		return cmn_err_set(err, -ENOENT, NULL, "no namespace that this host may see");
	if (n > 1)
		return cmn_err_set(err, -EINVAL, NULL, "there are several namespaces: --nsid");
	if (n < 0)
		return n;
	if (!s->nsid)
		s->nsid = list[0];
	n = cli_geometry(s->clients[0], s->nsid, &geometry, err);
	if (n < 0)
		return n;
	s->block_size = geometry.block_size;
	s->blocks = geometry.blocks;
	if (s->verify && !b->span)
		b->span = VERIFY_SPAN;
	if (b->span)
		s->blocks = cmn_min(s->blocks, b->span / s->block_size);
	return 0;
}

/* -- running -------------------------------------------------------------------------------------------------------- */

static int check_load(const struct bench *b, const struct cli_bench_load *l, struct cmn_err *err)
{
	const struct nvme_id_ctrl *id = net_client_id(b->setup.clients[0]);
	uint32_t bs = b->setup.block_size;

	if (l->bytes % bs)
		return cmn_err_set(err, -EINVAL, NULL, "its blocks have %u bytes", bs);
	if (l->bytes / bs > 65536 || (id->mdts && id->mdts < 20 && l->bytes > 4096u << id->mdts))
		return cmn_err_set(err, -EINVAL, NULL, "more than one command may move");
	if (l->bytes / bs > b->setup.blocks)
		return cmn_err_set(err, -EINVAL, NULL, "more than the namespace or span has");
	return 0;
}

static void run_load(struct bench *b, const struct cli_bench_load *l)
{
	struct cli_bench_result *r = calloc(1, sizeof(*r));
	struct cmn_err err = { 0 };
	enum cli_exit code = r ? connect_all(b, l->qd, &err) : CLI_FAILED;

	if (code == CLI_OK) {
		if (choose_namespace(b, &err) < 0 || check_load(b, l, &err) < 0)
			code = err.code == -EINVAL ? CLI_REFUSED : CLI_FAILED;
		else if (cli_bench_run(&b->setup, l, r, &err) < 0)
			code = CLI_FAILED;
		disconnect(b);
	}
	if (r)
		json_object_array_add(
			b->rows, cli_bench_row(&b->setup, l, r, code == CLI_OK ? NULL : err.msg));
	if (b->worst == CLI_OK)
		b->worst = code;
	if (r && r->interrupted)
		b->nr_loads = 0;
	free(r);
}

static void plot(struct bench *b)
{
	const char *path = cli_text(b->cli, "plot", NULL);
	char title[512];
	int res;

	if (!path)
		return;
	snprintf(title, sizeof(title), "%s at %s port %u", cli_arg(b->cli, 1), b->target.addr,
		 b->target.port);
	res = cli_bench_plot(path, title, b->rows);
	if (res == 0)
		return;
	cli_error(NULL, "%s: %s", path, strerror(-res));
	b->worst = CLI_FAILED;
}

static void run_loads(struct bench *b)
{
	for (size_t i = 0; i < b->nr_loads; i++)
		run_load(b, &b->loads[i]);
	if (b->cli->json)
		cli_print_json(b->rows);
	else
		cli_table(b->cli, cli_bench_columns, b->rows);
	plot(b);
}

/* Each controller takes two descriptors and more. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static enum cli_exit bench(struct cli *cli)
{
	cmn_autofree struct bench *b = calloc(1, sizeof(*b));
	enum cli_exit res;

	if (!b)
		return CLI_FAILED;
	b->cli = cli;
	b->setup.cli = cli;
	res = cli_target_init(cli, cli_arg(cli, 0), IO_PORT, &b->target);
	if (res == CLI_OK)
		res = parse(b);
	if (res == CLI_OK && cli_flag(cli, "destructive"))
		res = cli_confirm(cli, "overwrite what %s holds?", cli_arg(cli, 1));
	if (res != CLI_OK)
		return res;
	raise_limit();
	b->target.digests = b->setup.digests;
	b->target.congestion = cli_text(cli, "congestion", NULL);
	b->setup.clients = calloc(b->setup.nr_clients, sizeof(struct net_client *));
	b->rows = json_object_new_array();
	if (b->setup.clients)
		run_loads(b);
	else
		b->worst = CLI_FAILED;
	json_object_put(b->rows);
	free(b->setup.clients);
	return b->worst;
}

const struct cli_command cli_bench_commands[] = {
	{ NULL, "bench", "ADDRESS[:PORT] NQN",
	  "measure a subsystem: IOPS, latencies, processor time per command", options, bench },
	{ 0 },
};
