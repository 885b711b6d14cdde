/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/options.h - the command line.
 * Owns: nothing; strings are argv's or static.  Thread: main.  May block: makes the folder of a run path that had to move. */
#ifndef DISCOVERYD_OPTIONS_H
#define DISCOVERYD_OPTIONS_H

#include "discoveryd/app.h"

/* 0: go on; 1: --help or --version was answered; -EINVAL: why was said on stderr. */
int dsc_options_parse(int argc, char **argv, struct dsc_options *ret);

#endif
