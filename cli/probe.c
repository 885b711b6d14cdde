/* SPDX-License-Identifier: Apache-2.0 */
/* cli/probe.c - `pharos probe`: does storage work, all the way to the blocks?  Discovers or takes a subsystem, connects as a host
 * does, and verifies every namespace, in userspace.  Spec: NVM Express Base 2.1, 5.1.13 (Identify). */
#include "cli/commands.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/geometry.h"
#include "cli/target.h"
#include "cli/verify.h"
#include "common/container.h"

#define DISCOVERY_PORT 8009
#define IO_PORT 4420
#define QUEUE_DEPTH 32

/* One run over all subsystems and namespaces. */
struct probe {
	struct cli *cli;
	struct cli_target target;
	struct json_object
		*rows; /* one for each namespace, or for a subsystem that has none to show */
	enum cli_exit worst;
	size_t path, nr_paths; /* the one that is being probed */
};

/* The subsystem that is being probed. */
struct path {
	struct probe *probe;
	struct cli_target target;
	const char *nqn;
	struct net_client *client;
};

static const struct cli_column columns[] = {
	{ "SUBSYSTEM", "subnqn", CELL_TEXT, NULL },  { "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },    { "NSID", "nsid", CELL_NUMBER, NULL },
	{ "SIZE", "size", CELL_SIZE, NULL },	     { "BLOCK", "block_size", CELL_NUMBER, NULL },
	{ "VERIFIED", "verified", CELL_SIZE, NULL }, { "MODE", "mode", CELL_TEXT, NULL },
	{ "MS", "ms", CELL_NUMBER, NULL },	     { "RESULT", "result", CELL_STATE, NULL },
	{ "DETAIL", "detail", CELL_TEXT, NULL },     { NULL, NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ "nqn", "nqn", CLI_TEXT, CLI_LOCAL, "NQN",
	  "this subsystem, without discovery (port 4420)" },
	{ "subsystem", "subsystem", CLI_TEXT, CLI_LOCAL, "NQN",
	  "only this one of the discovery log" },
	{ "read-only", "read_only", CLI_FLAG, CLI_LOCAL, NULL,
	  "write nothing; for namespaces in use" },
	{ "digests", "digests", CLI_FLAG, CLI_LOCAL, NULL, "with header and data digests" },
	CLI_HOST_OPTIONS,
	{ 0 },
};

/* -- the report --------------------------------------------------------------------------------------------------- */

static struct json_object *add_row(struct path *p)
{
	struct json_object *row = json_object_new_object();
	char port[8];

	snprintf(port, sizeof(port), "%u", p->target.port);
	json_object_object_add(row, "subnqn", json_object_new_string(p->nqn));
	json_object_object_add(row, "traddr", json_object_new_string(p->target.addr));
	json_object_object_add(row, "trsvcid", json_object_new_string(port));
	json_object_array_add(p->probe->rows, row);
	return row;
}

static void set_result(struct path *p, struct json_object *row, enum cli_exit code,
		       const char *detail)
{
	json_object_object_add(row, "result",
			       json_object_new_string(code == CLI_OK ? "ok" : "failed"));
	json_object_object_add(row, "detail", *detail ? json_object_new_string(detail) : NULL);
	if (code != CLI_OK && p->probe->worst == CLI_OK)
		p->probe->worst = code;
}

/* -- one namespace ------------------------------------------------------------------------------------------------ */

static void probe_namespace(struct path *p, uint32_t nsid)
{
	struct cli_verify v = { .client = p->client,
				.nsid = nsid,
				.read_only = cli_flag(p->probe->cli, "read_only") };
	struct json_object *row = add_row(p);
	struct cli_geometry geometry;
	struct cli_verify_result result = { 0 };
	struct cmn_err err = { 0 };
	char ms[24];
	int res = cli_geometry(p->client, nsid, &geometry, &err);

	json_object_object_add(row, "nsid", json_object_new_int64(nsid));
	if (res == 0) {
		v.blocks = geometry.blocks;
		v.block_size = geometry.block_size;
		v.read_only |= geometry.write_protected;
		json_object_object_add(row, "size",
				       json_object_new_uint64(v.blocks * v.block_size));
		json_object_object_add(row, "block_size", json_object_new_int64(v.block_size));
		json_object_object_add(row, "mode",
				       json_object_new_string(v.read_only ? "read" : "write"));
		res = cli_verify(&v, &result, &err);
	}
	if (res == 0) {
		json_object_object_add(row, "verified", json_object_new_uint64(result.bytes));
		snprintf(ms, sizeof(ms), "%.2f", (double)result.took_ns / 1e6);
		json_object_object_add(row, "ms",
				       json_object_new_double_s((double)result.took_ns / 1e6, ms));
	}
	set_result(p, row, res == 0 ? CLI_OK : CLI_FAILED, err.msg);
}

/* So many of the namespaces of the path that is being probed are done. */
static void tell_progress(const struct path *p, int done, int nr)
{
	const struct probe *probe = p->probe;

	cli_progress(probe->cli, probe->path * (size_t)nr + (size_t)done,
		     probe->nr_paths * (size_t)nr, p->nqn);
}

/* -- one subsystem ------------------------------------------------------------------------------------------------ */

static int probe_namespaces(struct path *p, struct cmn_err *err)
{
	uint32_t list[1024], last = 0;
	unsigned int count = 0;
	int n;

	do {
		n = cli_active_namespaces(p->client, last, list, err);
		for (int i = 0; i < n; i++, count++) {
			tell_progress(p, i, n);
			last = list[i];
			probe_namespace(p, last);
		}
	} while (n == (int)ARRAY_SIZE(list));
	if (n >= 0 && count == 0)
		n = cmn_err_set(err, -ENOENT, NULL, "no namespace that this host may see");
	return cmn_min(n, 0);
}

static void probe_subsystem(struct probe *probe, const struct cli_target *target, const char *nqn)
{
	struct path p = { .probe = probe, .target = *target, .nqn = nqn };
	struct cmn_err err = { 0 };
	unsigned int queues;
	enum cli_exit code = cli_target_connect(target, nqn, &p.client, &err);

	if (code == CLI_OK && net_client_id(p.client)->cntrltype == NVME_CNTRLTYPE_DISCOVERY)
		cmn_err_set(&err, -EINVAL, NULL, "that is a discovery controller: leave --nqn out");
	else if (code == CLI_OK &&
		 net_client_open_queues(p.client, 1, QUEUE_DEPTH, &queues, &err) == 0)
		probe_namespaces(&p, &err);
	if (code == CLI_OK)
		net_client_close(p.client);
	if (cmn_err_is(&err))
		set_result(&p, add_row(&p), code == CLI_OK ? CLI_FAILED : code, err.msg);
}

/* Of the log: subsystems over TCP; only (may be NULL) is the NQN of the one that is wanted. */
static bool is_meant(const struct fab_disc_record *record, const char *only)
{
	return (!only || strcmp(record->subnqn, only) == 0) &&
	       record->subtype == NVMF_SUBTYPE_NVM && record->trtype == NVMF_TRTYPE_TCP;
}

static enum cli_exit probe_log(struct probe *probe)
{
	const char *only = cli_text(probe->cli, "subsystem", NULL);
	struct cmn_err err = { 0 };
	struct cli_target at;
	struct cli_log log;
	enum cli_exit res = cli_target_read_log(&probe->target, NVMF_DISC_NQN, &log, &err);

	if (res != CLI_OK) {
		cli_error("with --nqn a subsystem's own address can be probed", "%s", err.msg);
		return res;
	}
	for (size_t i = 0; i < log.nr; i++)
		probe->nr_paths += is_meant(&log.records[i], only);
	for (size_t i = 0; i < log.nr; i++) {
		if (!is_meant(&log.records[i], only))
			continue;
		at = cli_target_at(&probe->target, log.records[i].traddr,
				   (uint16_t)strtoul(log.records[i].trsvcid, NULL, 10));
		probe_subsystem(probe, &at, log.records[i].subnqn);
		probe->path++;
	}
	free(log.records);
	return CLI_OK;
}

/* -- the command -------------------------------------------------------------------------------------------------- */

/* The last line, which alone says it all. */
static void summarise(struct probe *probe)
{
	size_t nr = json_object_array_length(probe->rows), good = 0, read_only = 0;

	for (size_t i = 0; i < nr; i++) {
		struct json_object *row = json_object_array_get_idx(probe->rows, i);

		good += strcmp(cli_member_text(row, "result"), "ok") == 0;
		read_only += strcmp(cli_member_text(row, "mode"), "read") == 0;
	}
	printf("%zu of %zu ok: %s", good, nr,
	       read_only == nr ? "connected, read" : "connected, written, read back, restored");
	if (read_only && read_only < nr)
		printf(" (%zu only read)", read_only);
	putchar('\n');
}

static enum cli_exit report(struct probe *probe)
{
	const char *wanted = cli_text(probe->cli, "subsystem", NULL);

	if (probe->cli->json) {
		cli_print_json(probe->rows);
	} else if (json_object_array_length(probe->rows)) {
		cli_table(probe->cli, columns, probe->rows);
		summarise(probe);
	}
	if (json_object_array_length(probe->rows))
		return probe->worst;
	cli_error("what a host isn't allowed is not in its log: pharos log HOST_NQN says why",
		  "%s is told of no subsystem%s%s", probe->target.hostnqn, wanted ? " " : "",
		  wanted ? wanted : "");
	return CLI_NOT_FOUND;
}

static enum cli_exit probe(struct cli *cli)
{
	const char *nqn = cli_text(cli, "nqn", NULL);
	struct probe probe = { .cli = cli, .nr_paths = nqn ? 1 : 0 };
	enum cli_exit res = cli_target_init(cli, cli_arg(cli, 0), nqn ? IO_PORT : DISCOVERY_PORT,
					    &probe.target);

	if (res != CLI_OK)
		return res;
	probe.rows = json_object_new_array();
	if (nqn)
		probe_subsystem(&probe, &probe.target, nqn);
	else
		res = probe_log(&probe);
	cli_progress(cli, 1, 1, "");
	if (res == CLI_OK)
		res = report(&probe);
	json_object_put(probe.rows);
	return res;
}

const struct cli_command cli_probe_commands[] = {
	{ NULL, "probe", "ADDRESS[:PORT]",
	  "connect as a host and verify I/O; leaves data as it was", options, probe },
	{ 0 },
};
