/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/replay.c - main() of a fuzz target that isn't built with libFuzzer: runs it over the files of
 * corpus/<parser>, each whole and cut short at every length, so that `make check` keeps what fuzzing found. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUT_MAX 2048 /* longer inputs are cut only up to here, so that a replay stays short */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* A heap copy of exactly the length, so that the address sanitizer sees one byte too many. */
static void run_one(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t len;

	if (!f || fstat(fileno(f), &st) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		if (f)
			fclose(f);
		return -1;
	}
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		abort();
	len = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	for (size_t cut = 0; cut < len && cut < CUT_MAX; cut++)
		run_one(data, cut);
	run_one(data, len);
	free(data);
	return 0;
}

static int replay_dir(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	int n = 0;

	if (!d) {
		fprintf(stderr, "%s: %s (a fuzz target needs a corpus)\n", dir, strerror(errno));
		return -1;
	}
	while ((e = readdir(d))) {
		char path[PATH_MAX];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (replay_file(path) < 0) {
			closedir(d);
			return -1;
		}
		n++;
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	const char *src = getenv("PHAROS_SRCDIR");
	const char *base = strrchr(argv[0], '/');
	char dir[PATH_MAX];
	int n;

	base = base ? base + 1 : argv[0];
	if (strncmp(base, "fuzz_", 5) == 0)
		base += 5;
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc > 1)
		snprintf(dir, sizeof(dir), "%s", argv[1]);
	else
		snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", src ? src : ".", base);
	n = replay_dir(dir);
	if (n <= 0) {
		fprintf(stderr, "%s: nothing replayed\n", dir);
		return 1;
	}
	printf("[  PASSED  ] %d test(s).\n", n);
	return 0;
}
