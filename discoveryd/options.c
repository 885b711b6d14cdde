/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/options.c - see discoveryd/options.h. */
#include "config.h"

#include "discoveryd/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "fabrics/spec/nvme.h"
#include "net/addr.h"

#define KEEP_S (72 * 3600) /* as long as stafd keeps a controller that it does not see any more */
#define RUN_DIR_MAX 80 /* leaves room for "/worker-<id>.sock" in a sun_path of 108 */

static const char usage_text[] =
	"usage: discoveryd --state DIR [options]\n"
	"NVMe/TCP discovery controller; keeps workers serving what its database wants.\n"
	"\n"
	"  --state DIR             database and logs (default " PHAROS_STATEDIR ")\n"
	"  --run DIR               control sockets of workers (default DIR/run)\n"
	"  --listen ADDR[:PORT]    discovery, repeatable (default 127.0.0.1:8009)\n"
	"  --io-listen ADDR[:PORT] portals that are made, repeatable (default: the addresses of "
	"--listen, port 4420)\n"
	"  --api ADDR[:PORT]       REST and dashboard (default 127.0.0.1:8080); beyond loopback "
	"only "
	"with --api-auth\n"
	"  --api-auth              the API wants tokens (pharos token create)\n"
	"  --discovery-auth        hosts with a key authenticate for discovery too\n"
	"  --api-host NAME         a name that requests may ask for beside localhost, repeatable\n"
	"  --all-hosts             tell every registered host to any that asks for all (ALLHOSTE)\n"
	"  --all-subsystems        tell every subsystem to any host that asks for all of them "
	"(ALLSUBE)\n"
	"  --ave NQN=ADDR:PORT     an authentication verification entity that hosts are told of, "
	"repeatable\n"
	"  --ceph-metrics          /metrics has the names of ceph-nvmeof's exporter too\n"
	"  --congestion NAME       TCP congestion control of new I/O portals (default: the "
	"system's)\n"
	"  --registrations-per-host N    entries that a host may register (default 32)\n"
	"  --registration-keep SECONDS   after its last controller has gone (default 259200; 0: "
	"for ever)\n"
	"  --dc-poll SECONDS       between reads of a discovery controller that keeps no "
	"connections "
	"(default 60)\n"
	"  --dctype none|ddc|cdc   what Identify says that this is (default cdc)\n"
	"  --mdns-follow           follow every discovery controller that announces itself by "
	"mDNS\n"
	"  --targetd PATH          program that workers run\n"
	"  --workers N             workers that a first start makes (default 1)\n"
	"  --reactors N            threads of each (default: a core each, at most 4)\n"
	"  --log-level L           error, warn, info (default) or debug; workers' too\n"
	"  --log-format F          text, json or journal (default: by what stderr is); workers' "
	"too\n"
	"  --check-database        tell the database's version and whether it is whole, and end\n"
	"  --backup FILE           make a checked copy of the database, and end; also beside one "
	"that runs\n"
	"  --version, --help\n"
	"\n"
	"SIGTERM ends it; workers go on serving.\n";

static int refuse(const char *option, const char *why)
{
	fprintf(stderr, "discoveryd: %s: %s\n", option, why);
	return -EINVAL;
}

/* -- addresses ------------------------------------------------------------------------------------ */
static int parse_addr(const char *option, const char *text, uint16_t port, struct dsc_addr *ret)
{
	struct sockaddr_storage ss;
	char why[160];

	snprintf(why, sizeof(why), "%.80s is not an address such as 192.0.2.1:%u or [::1]:%u", text,
		 port, port);
	if (net_addr_split(text, ret->address, sizeof(ret->address), &port) < 0)
		return refuse(option, why);
	ret->port = port;
	if (strcmp(ret->address, "localhost") == 0)
		snprintf(ret->address, sizeof(ret->address), "127.0.0.1");
	if (!net_addr_set(&ss, ret->address, port))
		return refuse(option, why);
	inet_ntop(ss.ss_family,
		  ss.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&ss)->sin_addr
					  : (void *)&((struct sockaddr_in6 *)&ss)->sin6_addr,
		  ret->address, sizeof(ret->address));
	return 0;
}

static int add_addr(const char *option, const char *text, uint16_t port, struct dsc_addr *list,
		    unsigned int *nr)
{
	if (*nr == DSC_MAX_ADDRS)
		return refuse(option, "is given too often");
	return parse_addr(option, text, port, &list[(*nr)++]);
}

static bool is_loopback(const struct dsc_addr *addr)
{
	return strncmp(addr->address, "127.", 4) == 0 || strcmp(addr->address, "::1") == 0;
}

/* -- options ----------------------------------------------------------------------------------------- */
enum {
	OPT_STATE = 256,
	OPT_RUN,
	OPT_LISTEN,
	OPT_IO_LISTEN,
	OPT_API,
	OPT_API_AUTH,
	OPT_DISCOVERY_AUTH,
	OPT_API_HOST,
	OPT_ALL_HOSTS,
	OPT_ALL_SUBSYSTEMS,
	OPT_AVE,
	OPT_CEPH_METRICS,
	OPT_CONGESTION,
	OPT_REGS_PER_HOST,
	OPT_REG_KEEP,
	OPT_DC_POLL,
	OPT_DCTYPE,
	OPT_MDNS_FOLLOW,
	OPT_TARGETD,
	OPT_WORKERS,
	OPT_REACTORS,
	OPT_LOG,
	OPT_LOG_FORMAT,
	OPT_CHECK,
	OPT_BACKUP,
	OPT_VERSION,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "state", required_argument, NULL, OPT_STATE },
	{ "run", required_argument, NULL, OPT_RUN },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "io-listen", required_argument, NULL, OPT_IO_LISTEN },
	{ "api", required_argument, NULL, OPT_API },
	{ "api-auth", no_argument, NULL, OPT_API_AUTH },
	{ "discovery-auth", no_argument, NULL, OPT_DISCOVERY_AUTH },
	{ "api-host", required_argument, NULL, OPT_API_HOST },
	{ "all-hosts", no_argument, NULL, OPT_ALL_HOSTS },
	{ "all-subsystems", no_argument, NULL, OPT_ALL_SUBSYSTEMS },
	{ "ave", required_argument, NULL, OPT_AVE },
	{ "ceph-metrics", no_argument, NULL, OPT_CEPH_METRICS },
	{ "congestion", required_argument, NULL, OPT_CONGESTION },
	{ "registrations-per-host", required_argument, NULL, OPT_REGS_PER_HOST },
	{ "registration-keep", required_argument, NULL, OPT_REG_KEEP },
	{ "dc-poll", required_argument, NULL, OPT_DC_POLL },
	{ "dctype", required_argument, NULL, OPT_DCTYPE },
	{ "mdns-follow", no_argument, NULL, OPT_MDNS_FOLLOW },
	{ "targetd", required_argument, NULL, OPT_TARGETD },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "reactors", required_argument, NULL, OPT_REACTORS },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	{ "log-level", required_argument, NULL, OPT_LOG },
	{ "check-database", no_argument, NULL, OPT_CHECK },
	{ "backup", required_argument, NULL, OPT_BACKUP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Those that are a number from 1 to max. */
static const struct {
	int opt;
	const char *name;
	uint64_t max;
	size_t offset; /* of an unsigned int */
} numbers[] = {
	{ OPT_REGS_PER_HOST, "--registrations-per-host", 65536,
	  offsetof(struct dsc_options, regs_per_host) },
	{ OPT_DC_POLL, "--dc-poll", 86400, offsetof(struct dsc_options, dc_poll_s) },
	{ OPT_WORKERS, "--workers", 64, offsetof(struct dsc_options, nr_workers) },
	{ OPT_REACTORS, "--reactors", 64, offsetof(struct dsc_options, nr_reactors) },
};

/* 1: opt is none of them. */
static int take_number(struct dsc_options *o, int opt, const char *arg)
{
	char why[64];
	uint64_t n;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].opt != opt)
			continue;
		snprintf(why, sizeof(why), "must be a number from 1 to %llu",
			 (unsigned long long)numbers[i].max);
		if (cmn_parse_u64(arg, 1, numbers[i].max, &n) < 0)
			return refuse(numbers[i].name, why);
		*(unsigned int *)(void *)((char *)o + numbers[i].offset) = (unsigned int)n;
		return 0;
	}
	return 1;
}

static int take_address(struct dsc_options *o, int opt, const char *arg)
{
	if (opt == OPT_LISTEN)
		return add_addr("--listen", arg, DSC_DISC_PORT, o->listen, &o->nr_listen);
	if (opt == OPT_IO_LISTEN)
		return add_addr("--io-listen", arg, DSC_IO_PORT, o->io_listen, &o->nr_io_listen);
	return parse_addr("--api", arg, DSC_API_PORT, &o->api);
}

static int take_api_host(struct dsc_options *o, const char *arg)
{
	if (o->nr_api_hosts == DSC_MAX_ADDRS)
		return refuse("--api-host", "is given too often");
	if (!*arg || strpbrk(arg, " :/@[]"))
		return refuse("--api-host", "must be a host's name, without a port");
	o->api_host[o->nr_api_hosts++] = arg;
	return 0;
}

static int take_ave(struct dsc_options *o, const char *arg)
{
	const char *sep = strchr(arg, '=');
	struct dsc_ave *ave = &o->ave[o->nr_ave];

	if (o->nr_ave == DSC_MAX_ADDRS)
		return refuse("--ave", "is given too often");
	if (!sep || (size_t)(sep - arg) >= sizeof(ave->nqn))
		return refuse("--ave", "must be an NQN, =, and an address with its port");
	snprintf(ave->nqn, sizeof(ave->nqn), "%.*s", (int)(sep - arg), arg);
	if (parse_addr("--ave", sep + 1, 0, &ave->addr) < 0)
		return -EINVAL;
	if (strncmp(ave->nqn, "nqn.", 4) != 0 || !ave->addr.port)
		return refuse("--ave", "must be an NQN, =, and an address with its port");
	o->nr_ave++;
	return 0;
}

static int take_log_level(const char *arg)
{
	enum cmn_log_level level;

	if (cmn_log_level_parse(arg, &level) < 0)
		return refuse("--log-level", "must be error, warn, info or debug");
	cmn_log_set_level(level);
	return 0;
}

static int take_log_format(struct dsc_options *o, const char *arg)
{
	enum cmn_log_form form;

	if (cmn_log_form_parse(arg, &form) < 0)
		return refuse("--log-format", "must be text, json or journal");
	cmn_log_set_form(form);
	o->log_format = arg;
	return 0;
}

static int take_keep(struct dsc_options *o, const char *arg)
{
	uint64_t n;

	if (cmn_parse_u64(arg, 0, UINT32_MAX, &n) < 0)
		return refuse("--registration-keep", "must be a number of seconds, 0 for ever");
	o->registration_keep_s = (unsigned int)n;
	return 0;
}

static int take_dctype(struct dsc_options *o, const char *arg)
{
	static const char *const names[] = { "none", "ddc", "cdc" };

	for (uint8_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(arg, names[i])) {
			o->dctype = i;
			return 0;
		}
	}
	return refuse("--dctype", "must be none, ddc or cdc");
}

/* What is set by being named; NULL: opt has an argument, or is no option. */
static bool *flag_of(struct dsc_options *o, int opt)
{
	switch (opt) {
	case OPT_API_AUTH:
		return &o->api_auth;
	case OPT_DISCOVERY_AUTH:
		return &o->discovery_auth;
	case OPT_CEPH_METRICS:
		return &o->ceph_metrics;
	case OPT_ALL_HOSTS:
		return &o->all_hosts;
	case OPT_ALL_SUBSYSTEMS:
		return &o->all_subsystems;
	case OPT_MDNS_FOLLOW:
		return &o->mdns_follow;
	case OPT_CHECK:
		return &o->check_database;
	default:
		return NULL;
	}
}

static int take(struct dsc_options *o, int opt, const char *arg)
{
	bool *flag = flag_of(o, opt);
	int rc;

	if (flag) {
		*flag = true;
		return 0;
	}
	rc = take_number(o, opt, arg);
	if (rc <= 0)
		return rc;
	switch (opt) {
	case OPT_STATE:
		o->state_dir = arg;
		return 0;
	case OPT_RUN:
		o->run_dir = arg;
		return 0;
	case OPT_CONGESTION:
		if (strlen(arg) > 15)
			return refuse("--congestion", "has at most 15 characters");
		o->congestion = arg;
		return 0;
	case OPT_TARGETD:
		o->targetd = arg;
		return 0;
	case OPT_REG_KEEP:
		return take_keep(o, arg);
	case OPT_DCTYPE:
		return take_dctype(o, arg);
	case OPT_AVE:
		return take_ave(o, arg);
	case OPT_API_HOST:
		return take_api_host(o, arg);
	case OPT_LOG:
		return take_log_level(arg);
	case OPT_LOG_FORMAT:
		return take_log_format(o, arg);
	case OPT_BACKUP:
		o->backup_to = arg;
		return 0;
	case OPT_VERSION:
		puts("discoveryd " PACKAGE_VERSION);
		return 1;
	case OPT_HELP:
		fputs(usage_text, stdout);
		return 1;
	case '?':
		fputs("discoveryd: --help shows the options\n", stderr);
		return -EINVAL;
	default:
		return take_address(o, opt, arg);
	}
}

/* -- defaults --------------------------------------------------------------------------------------------- */
static uint64_t hash(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h;
}

/* Absolute, for workers may be started from elsewhere, and short, for sun_path holds 108 bytes. */
static int choose_dirs(struct dsc_options *o)
{
	static char state[PATH_MAX], run[PATH_MAX + 8];
	char cwd[PATH_MAX];

	if (o->state_dir[0] != '/') {
		if (!getcwd(cwd, sizeof(cwd)) || snprintf(state, sizeof(state), "%s/%s", cwd,
							  o->state_dir) >= (int)sizeof(state))
			return refuse("--state", "the path is too long");
		o->state_dir = state;
	}
	snprintf(run, sizeof(run), "%s%s", o->run_dir ? o->run_dir : o->state_dir,
		 o->run_dir ? "" : "/run");
	if (o->run_dir && (run[0] != '/' || strlen(run) > RUN_DIR_MAX))
		return refuse("--run", "must be an absolute path of at most 80 bytes");
	if (!o->run_dir && strlen(run) > RUN_DIR_MAX)
		snprintf(run, sizeof(run), "/run/pharos-%016llx",
			 (unsigned long long)hash(o->state_dir));
	o->run_dir = run;
	return 0;
}

/* Beside this program in a build tree, where it is installed otherwise. */
static const char *find_targetd(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash, "/targetd");
		if (access(path, X_OK) == 0)
			return path;
		strcpy(slash, "/../targetd/targetd");
		if (access(path, X_OK) == 0)
			return path;
	}
	return PHAROS_SBINDIR "/targetd";
}

static int set_defaults(struct dsc_options *o)
{
	if (o->check_database || o->backup_to)
		return 0;
	o->io_listen_given = o->nr_io_listen > 0;
	if (!o->nr_listen)
		o->listen[o->nr_listen++] = (struct dsc_addr){ "127.0.0.1", DSC_DISC_PORT };
	for (unsigned int i = 0; !o->io_listen_given && i < o->nr_listen; i++) {
		o->io_listen[i] = o->listen[i];
		o->io_listen[i].port = DSC_IO_PORT;
		o->nr_io_listen++;
	}
	if (!o->api_auth && !is_loopback(&o->api))
		return refuse("--api",
			      "beyond loopback it wants --api-auth: whoever reaches an API "
			      "without may change everything");
	if (!o->targetd)
		o->targetd = find_targetd();
	if (access(o->targetd, X_OK) < 0) {
		fprintf(stderr, "discoveryd: --targetd: %s: %s\n", o->targetd, strerror(errno));
		return -EINVAL;
	}
	return choose_dirs(o);
}

int dsc_options_parse(int argc, char **argv, struct dsc_options *ret)
{
	struct dsc_options o = { .state_dir = PHAROS_STATEDIR,
				 .api = { "127.0.0.1", DSC_API_PORT },
				 .registration_keep_s = KEEP_S,
				 .dc_poll_s = 60,
				 .dctype = NVME_DCTYPE_CDC,
				 .nr_workers = 1 };
	int opt, rc;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		rc = take(&o, opt, optarg);
		if (rc)
			return rc;
	}
	if (optind < argc)
		return refuse(argv[optind], "is not an option");
	rc = set_defaults(&o);
	*ret = o;
	return rc;
}
