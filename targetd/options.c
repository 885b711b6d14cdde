/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/options.c - see targetd/options.h. */
#include "config.h"

#include "targetd/options.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/util.h"
#include "targetd/io.h"

#define REACTORS_DEFAULT_MAX 4
#define SPIN_US_DEFAULT 50

static const char usage_text[] =
	"usage: targetd --config FILE [options]\n"
	"       targetd --control PATH --worker ID [options]\n"
	"NVMe/TCP storage worker: alone with a state file, or under discoveryd.\n"
	"\n"
	"  --config FILE     serve what FILE describes; SIGHUP reads it again\n"
	"  --control PATH    serve what discoveryd asks for over the socket PATH\n"
	"  --worker ID       this worker's name, with --control\n"
	"  --reactors N      threads that serve connections (default: a core each, at most 4)\n"
	"  --cpu-list LIST   pin them to these cores, such as 0,2-3\n"
	"  --spin-us N       keep looking for work N microseconds before sleeping (default 50)\n"
	"  --log-level L     error, warn, info (default) or debug\n"
	"  --log-format F    text, json or journal (default: by what stderr is)\n"
	"  --ready-fd N      once listening, write a line 'portal ID ADDRESS PORT' each to "
	"descriptor N and close it\n"
	"  --version, --help\n"
	"\n"
	"SIGTERM answers what is in flight, closes and exits; a second one exits at once.\n";

static int refuse(const char *option, const char *why)
{
	fprintf(stderr, "targetd: %s: %s\n", option, why);
	return -EINVAL;
}

static int number(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char why[80];

	if (cmn_parse_u64(text, min, max, ret) == 0)
		return 0;
	snprintf(why, sizeof(why), "must be a number from %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	return refuse(option, why);
}

static int add_cpus(struct tgt_options *o, unsigned int from, unsigned int to)
{
	for (unsigned int cpu = from; cpu <= to; cpu++) {
		if (o->nr_cpus == TGT_CPUS_MAX)
			return -EINVAL;
		o->cpus[o->nr_cpus++] = (int)cpu;
	}
	return 0;
}

/* "0,2-3" */
static int cpu_list(struct tgt_options *o, const char *text)
{
	const char *p = text;

	o->nr_cpus = 0;
	while (*p) {
		unsigned int from, to;
		int used = 0;

		if (sscanf(p, "%u-%u%n", &from, &to, &used) != 2) {
			if (sscanf(p, "%u%n", &from, &used) != 1)
				break;
			to = from;
		}
		if (to < from || to >= CPU_SETSIZE || add_cpus(o, from, to) < 0)
			break;
		p += used;
		if (*p == ',' && p[1])
			p++;
		else if (*p)
			break;
	}
	if (*p || !o->nr_cpus)
		return refuse("--cpu-list", "must be a list of cores such as 0,2-3");
	return 0;
}

enum {
	OPT_CONFIG = 256,
	OPT_CONTROL,
	OPT_WORKER,
	OPT_REACTORS,
	OPT_CPUS,
	OPT_SPIN,
	OPT_LOG,
	OPT_LOG_FORMAT,
	OPT_READY,
	OPT_VERSION,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "worker", required_argument, NULL, OPT_WORKER },
	{ "reactors", required_argument, NULL, OPT_REACTORS },
	{ "cpu-list", required_argument, NULL, OPT_CPUS },
	{ "spin-us", required_argument, NULL, OPT_SPIN },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	{ "log-level", required_argument, NULL, OPT_LOG },
	{ "ready-fd", required_argument, NULL, OPT_READY },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int take_number(struct tgt_options *o, int opt, const char *arg)
{
	uint64_t n = 0;
	int ret;

	if (opt == OPT_REACTORS) {
		ret = number("--reactors", arg, 1, TGT_MAX_REACTORS, &n);
		o->nr_reactors = (unsigned int)n;
	} else if (opt == OPT_SPIN) {
		ret = number("--spin-us", arg, 0, 1000000, &n);
		o->spin_ns = n * 1000;
	} else {
		ret = number("--ready-fd", arg, 0, 1 << 20, &n);
		o->ready_fd = (int)n;
	}
	return ret;
}

static int take(struct tgt_options *o, int opt, const char *arg)
{
	switch (opt) {
	case OPT_CONFIG:
		o->config = arg;
		return 0;
	case OPT_CONTROL:
		o->control = arg;
		return 0;
	case OPT_WORKER:
		o->worker = arg;
		return 0;
	case OPT_CPUS:
		return cpu_list(o, arg);
	case OPT_LOG:
		return cmn_log_level_parse(arg, &o->log_level) < 0
			       ? refuse("--log-level", "must be error, warn, info or debug")
			       : 0;
	case OPT_LOG_FORMAT:
		o->has_log_form = cmn_log_form_parse(arg, &o->log_form) == 0;
		return o->has_log_form ? 0
				       : refuse("--log-format", "must be text, json or journal");
	case OPT_VERSION:
		puts("targetd " PACKAGE_VERSION);
		return 1;
	case OPT_HELP:
		fputs(usage_text, stdout);
		return 1;
	case '?':
		fputs("targetd: --help shows the options\n", stderr);
		return -EINVAL;
	default:
		return take_number(o, opt, arg);
	}
}

static unsigned int default_reactors(const struct tgt_options *o)
{
	cpu_set_t set;

	if (o->nr_cpus)
		return cmn_min(o->nr_cpus, (unsigned int)TGT_MAX_REACTORS);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned int)cmn_max(1, cmn_min(CPU_COUNT(&set), REACTORS_DEFAULT_MAX));
}

int tgt_options_parse(int argc, char **argv, struct tgt_options *ret)
{
	struct tgt_options o = { .spin_ns = SPIN_US_DEFAULT * 1000,
				 .ready_fd = -1,
				 .log_level = CMN_LOG_INFO };
	int opt, r;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		r = take(&o, opt, optarg);
		if (r != 0)
			return r;
	}
	if (optind < argc)
		return refuse(argv[optind], "is not an option");
	if (!o.config == !o.control)
		return refuse("--config, --control",
			      "exactly one of them must be given (see --help)");
	if (o.control && (!o.worker || !*o.worker))
		return refuse("--worker", "must be given with --control");
	if (!o.nr_reactors)
		o.nr_reactors = default_reactors(&o);
	*ret = o;
	return 0;
}
