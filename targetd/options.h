/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/options.h - the command line.
 * Owns: nothing; strings are argv's.  Thread: main.  May block: never. */
#ifndef TARGETD_OPTIONS_H
#define TARGETD_OPTIONS_H

#include <stdint.h>

#include "common/log.h"

#define TGT_CPUS_MAX 256

struct tgt_options {
	const char *config; /* the state document, or */
	const char *control; /* the control socket's path */
	const char *worker;
	unsigned int nr_reactors, nr_cpus;
	int cpus[TGT_CPUS_MAX];
	uint64_t spin_ns;
	int ready_fd; /* -1: none */
	enum cmn_log_level log_level;
	bool has_log_form; /* else by what stderr is */
	enum cmn_log_form log_form;
};

/* 0: go on; 1: --help or --version was answered, exit 0; -EINVAL: said why on stderr, exit 2. */
int tgt_options_parse(int argc, char **argv, struct tgt_options *ret);

#endif
