/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/options.h - the command line.
 * Owns: nothing; strings are argv's or static.  Thread: main.  May block: makes the folder of a run path that had to move. */
#ifndef DISCOVERYD_OPTIONS_H
#define DISCOVERYD_OPTIONS_H

#include <sys/socket.h>

#include "discoveryd/app.h"

/* 0: go on; 1: --help or --version was answered; -EINVAL: why was said on stderr. */
int dsc_options_parse(int argc, char **argv, struct dsc_options *ret);

/* The socket address; 0 when addr isn't one. */
socklen_t dsc_addr_to_sockaddr(const struct dsc_addr *addr, struct sockaddr_storage *ret);

#endif
