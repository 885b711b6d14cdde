/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/image.c - see targetd/image.h.
 *
 * What somebody writes to meanwhile is copied twice: once as it goes, then, while it is held, what is different by then.  So what is held is held
 * for as long as it takes to compare what by now is in memory, and not for what a disk takes to be read and written. */
#include "config.h"

#include "targetd/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/container.h"

#define PIECE (256u << 10) /* stays in the cache between reading and writing */
#define SYNC_PIECE ((uint64_t)64 << 20)

struct image {
	const struct tgt_image_params *p;
	const char *name; /* in its folder; borrowed from path */
	char *folder_path, *partial;
	int folder, fd; /* -1: none */
	uint8_t *buf, *kept; /* PIECE each */
	bool shared, again; /* again: it has most of it by now */
};

static int go_on(const struct image *im, uint64_t done, struct cmn_err *err)
{
	return im->p->go_on ? im->p->go_on(im->p->arg, done, err) : 0;
}

/* -- before anything is held ---------------------------------------------------------------------------------------- */
static int split_path(struct image *im, struct cmn_err *err)
{
	const char *path = im->p->path, *slash = strrchr(path, '/');

	if (path[0] != '/' || !slash[1])
		return cmn_err_set(err, -EINVAL, "path", "must be the absolute path of a file");
	im->name = slash + 1;
	im->folder_path = strndup(path, (size_t)(im->name - path));
	if (asprintf(&im->partial, "%s.partial", im->name) < 0)
		im->partial = NULL;
	im->buf = malloc(PIECE);
	im->kept = malloc(PIECE);
	if (!im->folder_path || !im->partial || !im->buf || !im->kept)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	return 0;
}

/* An older partial file is what a worker that was killed has left. */
static int open_partial(struct image *im, struct cmn_err *err)
{
	struct stat st;

	im->folder = open(im->folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (im->folder < 0)
		return cmn_err_errno(err, -errno, "path", "cannot open the folder %s",
				     im->folder_path);
	if (fstatat(im->folder, im->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return cmn_err_set(err, -EEXIST, "path", "%s exists", im->p->path);
	unlinkat(im->folder, im->partial, 0);
	im->fd = openat(im->folder, im->partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	if (im->fd < 0)
		return cmn_err_errno(err, -errno, "path", "cannot make %s.partial", im->p->path);
	return 0;
}

static int set_size(struct image *im, struct cmn_err *err)
{
	if (ftruncate(im->fd, (off_t)im->p->size) == 0)
		return 0;
	return cmn_err_errno(err, -errno, "path", "cannot make a file of %llu bytes",
			     (unsigned long long)im->p->size);
}

/* -- copying -------------------------------------------------------------------------------------------------------- */
/* Beyond its end there would be a hole. */
static int check_length(const struct image *im, struct cmn_err *err)
{
	struct stat st;

	if (fstat(im->p->from, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size >= im->p->size)
		return 0;
	return cmn_err_set(err, -EIO, NULL, "what is to be copied ends at byte %llu of %llu",
			   (unsigned long long)st.st_size, (unsigned long long)im->p->size);
}

/* A disk that is too full is better found now than when most has been copied. */
static int check_room(const struct image *im, struct cmn_err *err)
{
	uint64_t need = im->p->size, have;
	struct statvfs vfs;
	struct stat st;

	if (fstat(im->p->from, &st) == 0 && S_ISREG(st.st_mode))
		need = cmn_min(need, (uint64_t)st.st_blocks * 512);
	if (fstatvfs(im->fd, &vfs) < 0)
		return 0;
	have = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (need <= have)
		return 0;
	return cmn_err_errno(err, -ENOSPC, "path", "%llu bytes are needed, %s has room for %llu",
			     (unsigned long long)need, im->folder_path, (unsigned long long)have);
}

/* Where data, or a hole, begins.  What can't tell has data only. */
static uint64_t seek(const struct image *im, uint64_t at, int whence)
{
	off_t found = lseek(im->p->from, (off_t)at, whence);

	if (found < 0)
		return whence == SEEK_DATA && errno != ENXIO ? at : im->p->size;
	return cmn_min((uint64_t)found, im->p->size);
}

static int cannot_write(const struct image *im, struct cmn_err *err)
{
	return cmn_err_errno(err, -errno, "path", "cannot write to %s.partial", im->p->path);
}

static bool has_piece(struct image *im, size_t len, uint64_t at)
{
	return im->again && pread(im->fd, im->kept, len, (off_t)at) == (ssize_t)len &&
	       memcmp(im->kept, im->buf, len) == 0;
}

static int write_piece(struct image *im, size_t len, uint64_t at, struct cmn_err *err)
{
	const uint8_t *buf = im->buf;
	ssize_t n;

	if (has_piece(im, len, at))
		return 0;
	for (size_t done = 0; done < len; done += (size_t)n) {
		n = pwrite(im->fd, buf + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return cannot_write(im, err);
	}
	return 0;
}

static int copy_data(struct image *im, uint64_t at, uint64_t end, struct cmn_err *err)
{
	int ret = 0;

	while (at < end && ret == 0) {
		ssize_t n =
			pread(im->p->from, im->buf, cmn_min(end - at, (uint64_t)PIECE), (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cmn_err_errno(err, n < 0 ? -errno : -EIO, NULL,
					     "cannot read at byte %llu", (unsigned long long)at);
		ret = write_piece(im, (size_t)n, at, err);
		at += (uint64_t)n;
		if (ret == 0)
			ret = go_on(im, at, err);
	}
	return ret;
}

static int punch(const struct image *im, uint64_t at, uint64_t end)
{
	return fallocate(im->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
			 (off_t)(end - at));
}

/* There may be data by now where there was none, and none where there was. */
static int copy_hole(const struct image *im, uint64_t at, uint64_t end, struct cmn_err *err)
{
	off_t data = im->again && at < end ? lseek(im->fd, (off_t)at, SEEK_DATA) : -1;

	if (data < 0 || (uint64_t)data >= end)
		return 0;
	return punch(im, (uint64_t)data, end) < 0 ? cannot_write(im, err) : 0;
}

static int copy(struct image *im, struct cmn_err *err)
{
	int ret = im->again ? 0 : check_room(im, err);
	uint64_t at = 0, data, end;

	while (ret == 0 && at < im->p->size) {
		data = seek(im, at, SEEK_DATA);
		end = seek(im, data, SEEK_HOLE);
		ret = copy_hole(im, at, data, err);
		if (ret == 0)
			ret = copy_data(im, data, end, err);
		at = end;
	}
	return ret;
}

static int copy_or_share(struct image *im, struct cmn_err *err)
{
	int ret = check_length(im, err);

	if (ret < 0)
		return ret;
	im->shared = ioctl(im->fd, FICLONE, im->p->from) == 0; /* why not doesn't matter */
	return im->shared ? 0 : copy(im, err);
}

/* What shares its blocks is emptied, so that it can be had again as fast; what has been copied is kept. */
static int rehearse(struct image *im, struct cmn_err *err)
{
	int ret = copy_or_share(im, err);

	if (ret < 0)
		return ret;
	im->again = !im->shared;
	if (im->shared && ftruncate(im->fd, 0) < 0)
		return cannot_write(im, err);
	return im->shared ? set_size(im, err) : 0;
}

static int take(struct image *im, struct cmn_err *err)
{
	const struct tgt_image_params *p = im->p;
	int ret = 0;

	if (!p->hold)
		return copy_or_share(im, err);
	if (punch(im, 0, p->size) == 0) /* else what becomes a hole couldn't */
		ret = rehearse(im, err);
	if (ret == 0)
		ret = p->hold(p->arg, err);
	if (ret < 0)
		return ret;
	ret = copy_or_share(im, err);
	p->release(p->arg);
	return ret;
}

/* -- after that ----------------------------------------------------------------------------------------------------- */
static int sync_piece(struct image *im, uint64_t at, struct cmn_err *err)
{
	if (sync_file_range(im->fd, (off_t)at, (off_t)SYNC_PIECE,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) < 0)
		return cannot_write(im, err);
	return go_on(im, im->p->size, err);
}

/* Piece by piece, so that it can be given up. */
static int make_durable(struct image *im, struct cmn_err *err)
{
	int ret = 0;

	for (uint64_t at = 0; at < im->p->size && ret == 0; at += SYNC_PIECE)
		ret = sync_piece(im, at, err);
	return ret == 0 && fsync(im->fd) < 0 ? cannot_write(im, err) : ret;
}

static int give_name(struct image *im, struct cmn_err *err)
{
	int ret;

	if (renameat2(im->folder, im->partial, im->folder, im->name, RENAME_NOREPLACE) < 0)
		return cmn_err_errno(err, -errno, "path", "cannot name it %s", im->p->path);
	if (fsync(im->folder) == 0)
		return 0;
	ret = cmn_err_errno(err, -errno, "path", "cannot write to the folder %s", im->folder_path);
	unlinkat(im->folder, im->name, 0);
	return ret;
}

static void clean_up(struct image *im, bool made)
{
	if (im->fd >= 0 && !made)
		unlinkat(im->folder, im->partial, 0);
	if (im->fd >= 0)
		close(im->fd);
	if (im->folder >= 0)
		close(im->folder);
	free(im->folder_path);
	free(im->partial);
	free(im->buf);
	free(im->kept);
}

int tgt_image_make(const struct tgt_image_params *params, bool *ret_shared, struct cmn_err *err)
{
	struct image im = { .p = params, .folder = -1, .fd = -1 };
	int ret = split_path(&im, err);

	if (ret == 0)
		ret = open_partial(&im, err);
	if (ret == 0)
		ret = set_size(&im, err);
	if (ret == 0)
		ret = take(&im, err);
	if (ret == 0 && im.shared)
		ret = set_size(&im, err); /* it may have more bytes than are wanted */
	if (ret == 0)
		ret = make_durable(&im, err);
	if (ret == 0)
		ret = give_name(&im, err);
	clean_up(&im, ret == 0);
	*ret_shared = im.shared;
	return ret;
}
