/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/main.c - targetd, the NVMe/TCP storage worker: options and start. */
#include "config.h"

#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
	fputs("usage: targetd [--help] [--version]\n", out);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("targetd " PACKAGE_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	usage(stderr);
	return 2;
}
