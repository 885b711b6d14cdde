/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/files.c - see files.h. */
#include "discoveryd/supervise/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "discoveryd/model/commands.h"

/* So that a power cut doesn't bring it back. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	cmn_autoclose int fd = -1;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path) + 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		cmn_warn("a folder can't be synced", "path=%s errno=%d", CMN_Q(folder), errno);
}

int sup_file_remove(const char *path, uint64_t size)
{
	(void)size;
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	sync_folder(path);
	return 0;
}

/* A worker makes it for its owner alone, of that size; it wasn't there before. */
static bool is_copy(const char *path, uint64_t size)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size &&
	       st.st_uid == geteuid() && (st.st_mode & 0777) == 0600 && st.st_nlink == 1;
}

/* In this order: a copy that gets its name after the first step has failed can't get it any more. */
int sup_file_clean(const char *path, uint64_t size)
{
	char partial[PATH_MAX + sizeof(DSC_PARTIAL)];

	snprintf(partial, sizeof(partial), "%s" DSC_PARTIAL, path);
	if (unlink(partial) < 0 && errno != ENOENT)
		cmn_warn("the rest of a copy can't be removed", "path=%s errno=%d", CMN_Q(partial),
			 errno);
	return is_copy(path, size) ? sup_file_remove(path, size) : 0;
}

int sup_file_grow(const char *path, uint64_t size)
{
	return truncate(path, (off_t)size) < 0 ? -errno : 0;
}
