/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/main.c - discoveryd, the NVMe/TCP discovery controller, store and supervisor: options and start. */
#include "config.h"

#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
	fputs("usage: discoveryd [--help] [--version]\n", out);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("discoveryd " PACKAGE_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	usage(stderr);
	return 2;
}
