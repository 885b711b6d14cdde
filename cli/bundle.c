/* SPDX-License-Identifier: Apache-2.0 */
/* cli/bundle.c - `pharos support-bundle`: what somebody needs who is to say what is wrong, in one archive.
 * It is made whether discoveryd answers or not; what can't be had is listed in it.  All text is scrubbed of secrets on its way. */
#include "config.h"

#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/logs.h"
#include "cli/scrub.h"
#include "common/cleanup.h"
#include "common/util.h"

#define LOG_BYTES (4u << 20) /* of each log, its end */
#define FILE_BYTES (1u << 20)
#define SILENCE_S 20

struct bundle {
	struct cli *cli;
	char name[128]; /* of the folder in the archive */
	char dir[PATH_MAX]; /* the folder, where it is put together */
	char state[PATH_MAX], discoveryd[PATH_MAX]; /* state folder, program */
	struct json_object *logs; /* where they are; NULL: not known */
	struct json_object *problems; /* what couldn't be had, and why */
	unsigned int nr, done; /* parts */
};

static const struct cli_option options[] = {
	{ "file", "file", CLI_TEXT, CLI_LOCAL, "FILE",
	  "the archive to make (pharos-support-NODE-TIME.tar.gz)" },
	{ "state", "state", CLI_TEXT, CLI_LOCAL, "DIR",
	  "discoveryd's state folder, where it doesn't run" },
	{ 0 },
};

/* What the API is asked for; whole: a list, page after page. */
static const struct {
	const char *name, *path;
	bool whole;
} requests[] = {
	{ "version.json", "/api/v1/version", false },
	{ "health.json", "/api/v1/health", false },
	{ "config.json", "/api/v1/config", false },
	{ "workers.json", "/api/v1/workers", true },
	{ "nodes.json", "/api/v1/nodes", true },
	{ "portals.json", "/api/v1/portals", true },
	{ "subsystems.json", "/api/v1/subsystems", true },
	{ "snapshots.json", "/api/v1/snapshots", true },
	{ "hosts.json", "/api/v1/hosts", true },
	{ "controllers.json", "/api/v1/controllers", true },
	{ "registrations.json", "/api/v1/registrations", true },
	{ "discovery-controllers.json", "/api/v1/discovery-controllers", true },
	{ "referrals.json", "/api/v1/referrals", true },
	{ "events.json", "/api/v1/events?limit=1000", false },
	{ "stats.json", "/api/v1/stats", false },
	{ "logs.json", "/api/v1/logs", false },
	{ "metrics.txt", "/metrics", false },
};

static const char *const system_files[] = {
	"/etc/os-release",
	"/proc/cmdline",
	"/proc/cpuinfo",
	"/proc/loadavg",
	"/proc/locks",
	"/proc/meminfo",
	"/proc/net/snmp",
	"/proc/net/netstat",
	"/proc/net/sockstat",
	"/proc/pressure/cpu",
	"/proc/pressure/io",
	"/proc/pressure/memory",
	"/proc/uptime",
	"/proc/version",
	"/proc/sys/net/ipv4/tcp_congestion_control",
	"/proc/sys/net/ipv4/tcp_rmem",
	"/proc/sys/net/ipv4/tcp_wmem",
	"/proc/sys/net/core/somaxconn",
	"/proc/sys/kernel/io_uring_disabled",
};

static const char *const system_programs[][6] = {
	{ "ip", "-s", "address" },
	{ "ip", "route" },
	{ "ss", "-ltnp" },
	{ "ss", "-tin" },
	{ "df", "-hT" },
	{ "lsblk", "-O" },
	{ "ps", "-eLo", "pid,tid,psr,pcpu,rss,stat,comm" },
};

static const char *const process_files[] = { "status", "limits", "cmdline", "cgroup" };

/* -- putting into it ---------------------------------------------------------------------------------------------- */

static void problem(struct bundle *b, const char *name, const char *why)
{
	char text[400];

	snprintf(text, sizeof(text), "%s: %s", name, why);
	json_object_array_add(b->problems, json_object_new_string(text));
}

static void put(struct bundle *b, const char *name, const char *text)
{
	cmn_autofree char *clean = cli_scrub(text);
	cmn_autofclose FILE *f = NULL;
	char path[PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	f = fopen(path, "we");
	if (!f || !clean || fputs(clean, f) < 0)
		problem(b, name, strerror(errno));
	cli_progress(b->cli, b->done++, b->nr, name);
}

/* NULs, as in /proc/PID/cmdline, become blanks. */
static void put_file(struct bundle *b, const char *path, const char *name)
{
	cmn_autofree char *text = NULL;
	size_t len = 0;
	int res = cmn_read_file(path, FILE_BYTES, &text, &len);

	if (res < 0) {
		problem(b, name, strerror(-res));
		return;
	}
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	put(b, name, text);
}

/* What a stream to a temporary file has become; fill() returns 0 or -errno. */
static void put_stream(struct bundle *b, const char *name, int (*fill)(FILE *out, const void *arg),
		       const void *arg)
{
	cmn_autofclose FILE *f = tmpfile();
	cmn_autofree char *text = NULL;
	long size;
	int res = f ? fill(f, arg) : -errno;

	if (res < 0) {
		problem(b, name, strerror(-res));
		return;
	}
	fflush(f);
	size = lseek(fileno(f), 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	if (text && pread(fileno(f), text, (size_t)size, 0) == size)
		put(b, name, text);
}

/* -- the API ------------------------------------------------------------------------------------------------------ */

static char *ask(struct bundle *b, size_t i)
{
	struct json_object *items = NULL;
	char *text = NULL;

	if (!requests[i].whole) {
		cli_fetch(b->cli, requests[i].path, &text);
		return text;
	}
	if (cli_list(b->cli, requests[i].path, &items) == CLI_OK)
		text = strdup(json_object_to_json_string_ext(
			items, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(items);
	return text;
}

static void put_requests(struct bundle *b)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		cmn_autofree char *text = ask(b, i);

		if (text)
			put(b, requests[i].name, text);
		else
			problem(b, requests[i].name, "the API has no answer");
	}
}

/* Beside this program, in a build tree or where both are installed. */
static void find_discoveryd(struct bundle *b)
{
	static const char *const places[] = { "/../sbin/discoveryd", "/../discoveryd/discoveryd" };
	char here[PATH_MAX / 2];
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);

	snprintf(b->discoveryd, sizeof(b->discoveryd), "%s/discoveryd", PHAROS_SBINDIR);
	here[n > 0 ? n : 0] = 0;
	if (strrchr(here, '/'))
		*strrchr(here, '/') = 0;
	for (size_t i = 0; i < 2 && access(b->discoveryd, X_OK) < 0; i++)
		snprintf(b->discoveryd, sizeof(b->discoveryd), "%s%s", here, places[i]);
}

/* What discoveryd says of itself: its state folder, and where logs are.  Without it: what is usual. */
static void look_around(struct bundle *b)
{
	cmn_autofree char *logs = cli_path("logs", NULL), *version = cli_path("version", NULL);
	struct json_object *doc = NULL, *first;
	char exe[64], program[PATH_MAX];
	ssize_t n;

	snprintf(b->state, sizeof(b->state), "%s", cli_text(b->cli, "state", PHAROS_STATEDIR));
	if (cli_request(b->cli, "GET", version, NULL, &doc) == CLI_OK &&
	    *cli_member_text(doc, "state_dir") && !cli_text(b->cli, "state", NULL))
		snprintf(b->state, sizeof(b->state), "%s", cli_member_text(doc, "state_dir"));
	json_object_put(doc);
	find_discoveryd(b);
	if (cli_list(b->cli, logs, &b->logs) != CLI_OK)
		return;
	first = json_object_array_get_idx(b->logs, 0);
	snprintf(exe, sizeof(exe), "/proc/%s/exe", cli_member_text(first, "pid"));
	n = readlink(exe, program, sizeof(program) - 1);
	if (n > 0)
		snprintf(b->discoveryd, sizeof(b->discoveryd), "%.*s", (int)n, program);
}

/* -- logs --------------------------------------------------------------------------------------------------------- */

static int fill_log(FILE *out, const void *path)
{
	return cli_log_tail(path, LOG_BYTES, out);
}

static int fill_program(FILE *out, const void *argv)
{
	int res = cli_run_program(argv, out);

	return res < 0 ? res : 0;
}

static void put_journal(struct bundle *b, const char *unit)
{
	const char *const argv[] = { "journalctl", "--unit",	 "unit",     "--lines",
				     "20000",	   "--no-pager", "--output", "short-iso-precise",
				     NULL };
	const char *words[sizeof(argv) / sizeof(*argv)];

	memcpy(words, argv, sizeof(argv));
	words[2] = unit;
	put_stream(b, "log-journal.txt", fill_program, words);
}

/* Without discoveryd: the files that are there. */
static void put_left_logs(struct bundle *b)
{
	char pattern[PATH_MAX + 8], name[128];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.log", b->state);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		snprintf(name, sizeof(name), "log-%s.txt", strrchr(found.gl_pathv[i], '/') + 1);
		put_stream(b, name, fill_log, found.gl_pathv[i]);
	}
	globfree(&found);
}

static void put_logs(struct bundle *b)
{
	size_t nr = b->logs ? json_object_array_length(b->logs) : 0;
	const char *unit = NULL;
	char name[128];

	for (size_t i = 0; i < nr; i++) {
		struct json_object *item = json_object_array_get_idx(b->logs, i);
		const char *path = cli_member_text(item, "path");

		snprintf(name, sizeof(name), "log-%s.txt", cli_member_text(item, "source"));
		if (*path)
			put_stream(b, name, fill_log, path);
		else if (*cli_member_text(item, "unit"))
			unit = cli_member_text(item, "unit");
	}
	if (!nr)
		put_left_logs(b);
	if (unit || !nr)
		put_journal(b, unit ? unit : "pharos-discoveryd.service");
}

/* -- the machine -------------------------------------------------------------------------------------------------- */

static void put_system(struct bundle *b)
{
	char name[128];

	for (size_t i = 0; i < sizeof(system_files) / sizeof(*system_files); i++) {
		snprintf(name, sizeof(name), "system%s", system_files[i]);
		for (char *p = name; *p; p++)
			if (*p == '/')
				*p = '-';
		put_file(b, system_files[i], name);
	}
	for (size_t i = 0; i < sizeof(system_programs) / sizeof(*system_programs); i++) {
		const char *const *argv = system_programs[i];

		snprintf(name, sizeof(name), "system-%s%s.txt", argv[0], argv[1]);
		put_stream(b, name, fill_program, argv);
	}
}

static void put_processes(struct bundle *b)
{
	size_t nr = b->logs ? json_object_array_length(b->logs) : 0;
	char path[128], name[128];

	for (size_t i = 0; i < nr; i++) {
		struct json_object *item = json_object_array_get_idx(b->logs, i);
		const char *pid = cli_member_text(item, "pid");

		for (size_t f = 0; *pid && f < sizeof(process_files) / sizeof(*process_files);
		     f++) {
			snprintf(path, sizeof(path), "/proc/%s/%s", pid, process_files[f]);
			snprintf(name, sizeof(name), "process-%s-%s",
				 cli_member_text(item, "source"), process_files[f]);
			put_file(b, path, name);
		}
	}
}

static void put_database(struct bundle *b)
{
	const char *const argv[] = { b->discoveryd, "--state", b->state, "--check-database", NULL };

	put_stream(b, "database.txt", fill_program, argv);
}

/* -- the archive -------------------------------------------------------------------------------------------------- */

static void put_readme(struct bundle *b)
{
	size_t nr = json_object_array_length(b->problems);
	cmn_autofree char *text = NULL;
	char when[32];
	time_t now = time(NULL);
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct tm tm;

	if (!out)
		return;
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out,
		"Made by pharos " PACKAGE_VERSION " at %s from %s, state folder %s.\n"
		"Names, addresses and NQNs are in it; keys, passwords and tokens are replaced by "
		"[removed].\n",
		when, b->cli->api, b->state);
	fprintf(out, nr ? "\nWhat could not be had:\n" : "\nNothing is missing.\n");
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "  %s\n",
			json_object_get_string(json_object_array_get_idx(b->problems, i)));
	fclose(out);
	put(b, "README.txt", text);
}

static enum cli_exit pack(struct bundle *b, const char *file)
{
	char parent[PATH_MAX];
	const char *tar[] = { "tar", "-C", parent, "-czf", file, b->name, NULL };
	const char *rm[] = { "rm", "-rf", parent, NULL };
	mode_t mask = umask(077);
	int res;

	snprintf(parent, sizeof(parent), "%.*s", (int)(strlen(b->dir) - strlen(b->name) - 1),
		 b->dir);
	res = cli_run_program(tar, NULL);
	umask(mask);
	cli_run_program(rm, NULL);
	if (res == 0)
		return CLI_OK;
	cli_error(NULL, "%s could not be made: %s", file, res < 0 ? strerror(-res) : "tar failed");
	return CLI_FAILED;
}

static enum cli_exit begin(struct bundle *b)
{
	char host[64] = "node", when[32], parent[] = "/tmp/pharos-support-XXXXXX";
	time_t now = time(NULL);
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(b->name, sizeof(b->name), "pharos-support-%s-%s", host, when);
	if (mkdtemp(parent)) {
		snprintf(b->dir, sizeof(b->dir), "%s/%s", parent, b->name);
		if (mkdir(b->dir, 0700) == 0)
			return CLI_OK;
	}
	cli_error(NULL, "%s: %s", parent, strerror(errno));
	return CLI_FAILED;
}

static void report(struct bundle *b, const char *file)
{
	size_t nr = json_object_array_length(b->problems);
	struct json_object *doc = json_object_new_object();

	cli_progress(b->cli, 1, 1, "");
	json_object_object_add(doc, "file", json_object_new_string(file));
	json_object_object_add(doc, "problems", json_object_get(b->problems));
	if (b->cli->json)
		cli_print_json(doc);
	else
		printf("%s\n", file);
	if (!b->cli->json && nr)
		cli_note("%zu parts could not be had, README.txt in it says why", nr);
	json_object_put(doc);
}

static enum cli_exit support_bundle(struct cli *cli)
{
	struct bundle b = { .cli = cli, .problems = json_object_new_array(), .nr = 60 };
	char made[200];
	const char *file;
	enum cli_exit res = begin(&b);

	if (res != CLI_OK)
		return res;
	cli->quiet = true;
	cli->timeout_s = SILENCE_S;
	cli->also_ok = 503; /* a health that failed is worth having */
	look_around(&b);
	put_requests(&b);
	put_logs(&b);
	put_processes(&b);
	put_system(&b);
	put_database(&b);
	put_readme(&b);
	snprintf(made, sizeof(made), "%s.tar.gz", b.name);
	file = cli_text(cli, "file", made);
	res = pack(&b, file);
	if (res == CLI_OK)
		report(&b, file);
	json_object_put(b.logs);
	json_object_put(b.problems);
	return res;
}

const struct cli_command cli_bundle_commands[] = {
	{ NULL, "support-bundle", "", "all that is needed to say what is wrong, in one archive",
	  options, support_bundle },
	{ 0 },
};
