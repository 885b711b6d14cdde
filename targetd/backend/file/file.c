/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/file/file.c - opens and sizes the file, and carries out its I/O; see targetd/backend/file/file.h.
 *
 * O_DIRECT where the file system takes it at the namespace's block size; otherwise through the page cache, which is as durable: Flush
 * is fdatasync, FUA is RWF_DSYNC.  fallocate on the ring always runs on a kernel thread, so it never blocks a reactor. */
#include "config.h"

#include "targetd/backend/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "net/ring.h"
#include "targetd/backend/file/fence.h"

#define WAIT_NS                                                                                    \
	(10 * CMN_NS_PER_S) /* then a command that waits for the lock is told Namespace Not Ready */
#define ZERO_LEN (1u << 20)

struct file {
	struct tgt_backend base;
	int fd;
	char *path, *ns_name;
	uint64_t size;
	uint32_t block_size, optimal;
	bool is_device, direct, can_punch;
	struct tgt_fence *fence;
	pthread_mutex_t lock; /* of waiting; taken only until the fence is free */
	struct tgt_io *waiting; /* by priv: struct pending */
};

/* In tgt_io.priv.  Waiting for the fence: msg.next links, since is when it came.  Running: moved counts. */
struct pending {
	struct net_msg msg;
	uint64_t moved; /* bytes transferred so far; or when it began to wait */
	uint32_t stage; /* enum stage */
	int res; /* to end with, once it is back on its reactor */
};
_Static_assert(sizeof(struct pending) <= sizeof(((struct tgt_io *)0)->priv), "fits");

enum stage { STAGE_MAIN, STAGE_ZERO_BY_WRITES, STAGE_SYNC };

static struct file *file_of(struct tgt_backend *b)
{
	return cmn_container_of(b, struct file, base);
}

static struct pending *pending_of(struct tgt_io *io)
{
	return (struct pending *)(void *)io->priv;
}

static struct tgt_io *io_of(struct net_msg *msg)
{
	return (struct tgt_io *)(void *)((char *)msg - offsetof(struct tgt_io, priv) -
					 offsetof(struct pending, msg));
}

/* -- I/O -------------------------------------------------------------------------------------------------------------- */
static void issue(struct tgt_io *io);

static void finish(struct tgt_io *io, int res)
{
	io->done(io, res);
}

static void retry(struct net_msg *msg)
{
	issue(io_of(msg));
}

static const uint8_t *zeroes(void)
{
	static _Alignas(4096) const uint8_t zero[ZERO_LEN];

	return zero;
}

static void prepare_zeroes(struct file *f, struct tgt_io *io, struct pending *p,
			   struct io_uring_sqe *sqe)
{
	int mode = io->may_unmap && f->can_punch ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;

	if (p->stage == STAGE_ZERO_BY_WRITES)
		io_uring_prep_write(sqe, f->fd, zeroes(),
				    (unsigned int)cmn_min(io->len - p->moved, (uint64_t)ZERO_LEN),
				    io->offset + p->moved);
	else
		io_uring_prep_fallocate(sqe, f->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)io->offset,
					(off_t)io->len);
}

static void prepare(struct file *f, struct tgt_io *io, struct io_uring_sqe *sqe)
{
	struct pending *p = pending_of(io);
	uint8_t *buf = io->buf;

	if (p->stage == STAGE_SYNC || io->op == TGT_IO_FLUSH) {
		io_uring_prep_fsync(sqe, f->fd, IORING_FSYNC_DATASYNC);
	} else if (io->op == TGT_IO_READ) {
		io_uring_prep_read(sqe, f->fd, buf + p->moved, (unsigned int)(io->len - p->moved),
				   io->offset + p->moved);
	} else if (io->op == TGT_IO_WRITE) {
		io_uring_prep_write(sqe, f->fd, buf + p->moved, (unsigned int)(io->len - p->moved),
				    io->offset + p->moved);
		sqe->rw_flags = io->fua ? RWF_DSYNC : 0;
	} else if (io->op == TGT_IO_WRITE_ZEROES) {
		prepare_zeroes(f, io, p, sqe);
	} else {
		io_uring_prep_fallocate(sqe, f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					(off_t)io->offset, (off_t)io->len);
	}
}

/* The command isn't over: go on with stage. */
static void go_on(struct tgt_io *io, enum stage stage)
{
	pending_of(io)->stage = stage;
	issue(io);
}

static void moved(struct tgt_io *io, int res)
{
	struct pending *p = pending_of(io);

	if (res == 0) { /* the file ends before the namespace does */
		finish(io, -EIO);
		return;
	}
	p->moved += (uint64_t)res;
	if (p->moved < io->len)
		issue(io);
	else if (p->stage == STAGE_ZERO_BY_WRITES && io->fua)
		go_on(io, STAGE_SYNC);
	else
		finish(io, 0);
}

static void allocated(struct tgt_io *io, int res)
{
	bool unsupported = res == -EOPNOTSUPP || res == -EINVAL;

	if (io->op == TGT_IO_DISCARD) /* a hint: not being able to take it is no failure */
		finish(io, unsupported ? 0 : res);
	else if (unsupported)
		go_on(io, STAGE_ZERO_BY_WRITES);
	else if (res == 0 && io->fua)
		go_on(io, STAGE_SYNC);
	else
		finish(io, res);
}

static void file_done(struct net_file_op *op, int res)
{
	struct tgt_io *io = cmn_container_of(op, struct tgt_io, file_op);
	struct pending *p = pending_of(io);

	if (res == -EAGAIN || res == -EINTR)
		issue(io);
	else if (p->stage == STAGE_SYNC || io->op == TGT_IO_FLUSH)
		finish(io, res);
	else if (p->stage == STAGE_MAIN &&
		 (io->op == TGT_IO_WRITE_ZEROES || io->op == TGT_IO_DISCARD))
		allocated(io, res);
	else if (res < 0)
		finish(io, res);
	else
		moved(io, res);
}

static void issue(struct tgt_io *io)
{
	struct file *f = file_of(io->backend);
	struct io_uring_sqe *sqe = net_file_sqe(io->reactor, &io->file_op);

	if (!sqe) { /* full: completions of this turn make room */
		pending_of(io)->msg.fn = retry;
		net_reactor_post(io->reactor, &pending_of(io)->msg);
		return;
	}
	prepare(f, io, sqe);
	io_uring_sqe_set_data(sqe, &io->file_op);
}

/* -- waiting for the fence ------------------------------------------------------------------------------------------------ */
static void resume(struct net_msg *msg)
{
	struct tgt_io *io = io_of(msg);
	struct pending *p = pending_of(io);

	p->moved = 0;
	if (p->res < 0)
		finish(io, p->res);
	else
		issue(io);
}

/* Sends those that match on, each to its reactor.  The mutex is held. */
static void release(struct file *f, uint64_t older_than, const struct tgt_io *only, int res)
{
	struct tgt_io **at = &f->waiting;

	while (*at) {
		struct tgt_io *io = *at;
		struct pending *p = pending_of(io);

		if (p->moved > older_than || (only && only != io)) {
			at = (struct tgt_io **)(void *)&p->msg.next;
			continue;
		}
		*at = (struct tgt_io *)(void *)p->msg.next;
		p->res = res;
		p->msg.fn = resume;
		net_reactor_post(io->reactor, &p->msg);
	}
}

static void fence_free(void *arg)
{
	struct file *f = arg;

	pthread_mutex_lock(&f->lock);
	release(f, UINT64_MAX, NULL, 0);
	pthread_mutex_unlock(&f->lock);
}

static void fence_waiting(void *arg)
{
	struct file *f = arg;

	pthread_mutex_lock(&f->lock);
	release(f, cmn_now_ns() - WAIT_NS, NULL, -EBUSY);
	pthread_mutex_unlock(&f->lock);
}

static bool queued_for_fence(struct file *f, struct tgt_io *io)
{
	struct pending *p = pending_of(io);
	bool queued = false;

	pthread_mutex_lock(&f->lock);
	if (!tgt_fence_is_free(f->fence)) {
		p->moved = cmn_now_ns();
		p->msg.next = (struct net_msg *)(void *)f->waiting;
		f->waiting = io;
		queued = true;
	}
	pthread_mutex_unlock(&f->lock);
	return queued;
}

static void file_submit(struct tgt_backend *b, struct tgt_io *io)
{
	struct file *f = file_of(b);

	memset(io->priv, 0, sizeof(io->priv));
	io->file_op.done = file_done;
	if (!tgt_fence_is_free(f->fence) && queued_for_fence(f, io))
		return;
	if (io->op == TGT_IO_DISCARD && !f->can_punch)
		finish(io, 0);
	else
		issue(io);
}

/* What the kernel has can't be taken back; what waits for the fence can. */
static void file_cancel(struct tgt_backend *b, struct tgt_io *io)
{
	struct file *f = file_of(b);

	if (tgt_fence_is_free(f->fence))
		return;
	pthread_mutex_lock(&f->lock);
	release(f, UINT64_MAX, io, -ECANCELED);
	pthread_mutex_unlock(&f->lock);
}

/* -- opening ---------------------------------------------------------------------------------------------------------------- */
static bool option(const struct tgt_backend_spec *spec, const char *key)
{
	struct json_object *v;

	return spec->options && json_object_object_get_ex(spec->options, key, &v) &&
	       json_object_get_boolean(v);
}

/* Once per process: whether the kernel lets us have a ring doesn't change. */
static int check_uring(struct cmn_err *err)
{
	static struct net_ring ring; /* tried on the control thread alone */
	static bool tried;

	if (!tried) {
		net_ring_init(&ring, false);
		if (ring.ok)
			net_ring_fini(&ring);
		tried = true;
	}
	/* net_ring_fini() may have changed ok; the text is there only if it was refused */
	return ring.error[0] ? cmn_err_set(err, -ENOSYS, "backend",
					   "file namespaces need io_uring: %s", ring.error)
			     : 0;
}

static int open_path(const struct tgt_backend_spec *spec, int flags)
{
	int fd = open(spec->path, O_RDWR | O_CLOEXEC | flags, 0600);

	if (fd < 0 && spec->read_only && (errno == EACCES || errno == EROFS))
		fd = open(spec->path, O_RDONLY | O_CLOEXEC | (flags & ~O_CREAT), 0600);
	return fd < 0 ? -errno : fd;
}

static int open_file(struct file *f, const struct tgt_backend_spec *spec, struct stat *st,
		     struct cmn_err *err)
{
	int create = option(spec, "create") && spec->size ? O_CREAT : 0;

	/* before it is opened, which other kinds of file may take for a command */
	if (stat(spec->path, st) == 0 && !S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return cmn_err_set(err, -EINVAL, "path", "%s is neither a file nor a block device",
				   spec->path);
	f->direct = true;
	f->fd = open_path(spec, create | O_DIRECT);
	if (f->fd == -EINVAL) { /* a file system without O_DIRECT */
		f->direct = false;
		f->fd = open_path(spec, create);
	}
	if (f->fd == -ENOENT && !create)
		return cmn_err_set(err, -ENOENT, "path",
				   "%s does not exist (\"create\": true makes it)", spec->path);
	if (f->fd < 0)
		return cmn_err_errno(err, f->fd, "path", "cannot open %s", spec->path);
	if (fstat(f->fd, st) < 0)
		return cmn_err_errno(err, -errno, "path", "cannot look at %s", spec->path);
	f->is_device = S_ISBLK(st->st_mode);
	return 0;
}

static int real_size(const struct file *f, uint64_t *ret)
{
	struct stat st;

	if (f->is_device)
		return ioctl(f->fd, BLKGETSIZE64, ret) < 0 ? -errno : 0;
	if (fstat(f->fd, &st) < 0)
		return -errno;
	*ret = (uint64_t)st.st_size;
	return 0;
}

/* Makes it at least size long; only a regular file can be. */
static int make_longer(struct file *f, uint64_t size, struct cmn_err *err)
{
	if (ftruncate(f->fd, (off_t)size) < 0)
		return cmn_err_errno(err, -errno, "size", "cannot make %s %llu bytes long", f->path,
				     (unsigned long long)size);
	return 0;
}

static int set_size(struct file *f, const struct tgt_backend_spec *spec, bool may_grow,
		    struct cmn_err *err)
{
	uint64_t have = 0;
	int ret = real_size(f, &have);

	if (ret < 0)
		return cmn_err_errno(err, ret, "path", "cannot size %s", f->path);
	if (spec->size > have && may_grow && !f->is_device) {
		ret = make_longer(f, spec->size, err);
		if (ret < 0)
			return ret;
		have = spec->size;
	}
	if (spec->size > have)
		return cmn_err_set(err, -EINVAL, "size",
				   "%s is too small: it has %llu bytes, %llu are wanted", f->path,
				   (unsigned long long)have, (unsigned long long)spec->size);
	f->size = spec->size ? spec->size : have / spec->block_size * spec->block_size;
	if (!f->size)
		return cmn_err_set(err, -EINVAL, "path", "%s is empty", f->path);
	return 0;
}

/* What O_DIRECT asks offsets and lengths to be a multiple of; 0: unknown. */
static uint32_t direct_align(const struct file *f)
{
	int sector = 0;

	if (f->is_device)
		return ioctl(f->fd, BLKSSZGET, &sector) < 0 ? 0 : (uint32_t)sector;
#ifdef STATX_DIOALIGN
	struct statx sx;

	if (statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &sx) == 0 &&
	    sx.stx_mask & STATX_DIOALIGN)
		return sx.stx_dio_offset_align ? sx.stx_dio_offset_align : UINT32_MAX;
#endif
	return 0;
}

static bool direct_works(const struct file *f, uint32_t block_size)
{
	uint32_t align = direct_align(f);
	void *buf = NULL;
	ssize_t n;

	if (align)
		return align <= block_size;
	/* it doesn't tell: a read at the second block does */
	if (posix_memalign(&buf, 4096, 4096) != 0)
		return false;
	n = pread(f->fd, buf, block_size, block_size);
	free(buf);
	return n >= 0;
}

static int set_direct(struct file *f, const struct tgt_backend_spec *spec, struct cmn_err *err)
{
	int flags;

	if (f->direct && direct_works(f, spec->block_size))
		return 0;
	cmn_warn("through the page cache: no direct I/O at this block size",
		 "ns=%s path=%s block_size=%u", CMN_Q(spec->ns_name), CMN_Q(spec->path),
		 spec->block_size);
	f->direct = false;
	flags = fcntl(f->fd, F_GETFL);
	if (flags < 0 || fcntl(f->fd, F_SETFL, flags & ~O_DIRECT) < 0)
		return cmn_err_errno(err, -errno, "path", "cannot set up %s", spec->path);
	return 0;
}

static void file_close(struct tgt_backend *b)
{
	struct file *f = file_of(b);

	tgt_fence_end(f->fence);
	if (f->fd >= 0)
		close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f->path);
	free(f->ns_name);
	free(f);
}

/* Holes punched beyond the end change nothing, and tell whether it can be done.  Devices may or may not read zeroes after it. */
static void set_punch(struct file *f)
{
	uint64_t end = 0;

	f->can_punch = f->is_device;
	if (!f->is_device && real_size(f, &end) == 0)
		f->can_punch = fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)CMN_ALIGN_UP(end, 1ull << 20), 4096) == 0;
}

static int set_up(struct file *f, const struct tgt_backend_spec *spec, struct cmn_err *err)
{
	struct tgt_fence_params fp = { .path = f->path,
				       .ns_name = f->ns_name,
				       .free_now = fence_free,
				       .waiting = fence_waiting,
				       .arg = f };
	struct stat st;
	int ret = open_file(f, spec, &st, err);

	if (ret == 0)
		ret = set_direct(f, spec, err);
	if (ret < 0)
		return ret;
	fp.fd = f->fd;
	fp.st = &st;
	ret = tgt_fence_begin(&fp, &f->fence, err);
	if (ret == 0)
		ret = set_size(f, spec, option(spec, "create"), err);
	if (ret < 0)
		return ret;
	f->block_size = spec->block_size;
	f->optimal = cmn_max((uint32_t)st.st_blksize, spec->block_size);
	set_punch(f);
	return 0;
}

static int file_open(const struct tgt_backend_spec *spec, struct tgt_backend **ret,
		     struct cmn_err *err)
{
	struct file *f;
	int r;

	if (!spec->path || spec->path[0] != '/')
		return cmn_err_set(err, -EINVAL, "path", "must be an absolute path");
	r = check_uring(err);
	if (r < 0)
		return r;
	f = calloc(1, sizeof(*f));
	if (!f)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	f->base.ops = &tgt_backend_file;
	f->fd = -1;
	pthread_mutex_init(&f->lock, NULL);
	f->path = strdup(spec->path);
	f->ns_name = strdup(spec->ns_name);
	r = f->path && f->ns_name ? set_up(f, spec, err)
				  : cmn_err_set(err, -ENOMEM, NULL, "no memory");
	if (r < 0) {
		file_close(&f->base);
		return r;
	}
	*ret = &f->base;
	return 0;
}

static void file_geometry(const struct tgt_backend *b, struct tgt_geometry *ret)
{
	const struct file *f = (const struct file *)cmn_container_of(b, struct file, base);

	*ret = (struct tgt_geometry){
		.size = f->size,
		.block_size = f->block_size,
		.atomic_bytes = f->block_size,
		.optimal_bytes = f->optimal,
		.discard_zeroes = !f->is_device && f->can_punch,
		.thin = !f->is_device,
		.durable = true,
	};
}

static int file_resize(struct tgt_backend *b, uint64_t size, struct cmn_err *err)
{
	struct file *f = file_of(b);
	uint64_t have = 0;
	int ret = real_size(f, &have);

	if (ret < 0)
		return cmn_err_errno(err, ret, "path", "cannot size %s", f->path);
	if (size > have && f->is_device)
		return cmn_err_set(err, -EINVAL, "size", "%s has %llu bytes, %llu are wanted",
				   f->path, (unsigned long long)have, (unsigned long long)size);
	if (size > have)
		ret = make_longer(f, size, err);
	if (ret == 0)
		f->size = size;
	return ret;
}

static int file_fd(struct tgt_backend *b)
{
	struct file *f = file_of(b);

	return tgt_fence_is_free(f->fence) ? f->fd : -EBUSY;
}

const struct tgt_backend_ops tgt_backend_file = {
	.name = "file",
	.open = file_open,
	.close = file_close,
	.geometry = file_geometry,
	.resize = file_resize,
	.submit = file_submit,
	.cancel = file_cancel,
	.fd = file_fd,
};
