/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/file/fence.c - see targetd/backend/file/fence.h. */
#include "config.h"

#include "targetd/backend/file/fence.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/queue.h"
#include "common/util.h"

#define POLL_NS 2000000 /* how often a waiting fence tries */
#define POLLS_PER_CALL 50 /* waiting() every 100 ms */
#define POLLS_PER_LOG 2500 /* a line every 5 s */
#define DYING_POLLS                                                                                \
	100 /* a process that looks alive may have been killed just now: 200 ms to show it */

/* /proc/PID/stat: include/linux/sched.h */
#define PF_EXITING 0x4
#define PF_DUMPCORE 0x200
#define PF_SIGNALED 0x400

struct tgt_fence {
	struct tgt_fence_params params;
	TAILQ_ENTRY(tgt_fence) link;
	dev_t dev; /* of the device itself where the file is one */
	ino_t ino;
	char *ns_name;
	_Atomic bool free_now, stop;
	bool has_thread;
	pthread_t thread;
};

/* Files in use by this process; the control thread's. */
static TAILQ_HEAD(, tgt_fence) fences = TAILQ_HEAD_INITIALIZER(fences);

static void nap(void)
{
	struct timespec ts = { .tv_nsec = POLL_NS };

	nanosleep(&ts, NULL);
}

/* -- who holds it --------------------------------------------------------------------------------------------------- */
enum life { DEAD, DYING, ALIVE };

static enum life life_of(int pid, char *name, size_t size)
{
	char path[32], *text = NULL, *open, *close;
	unsigned int flags = 0;
	char state = 'X';
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (cmn_read_file(path, 4096, &text, &len) < 0)
		return DEAD;
	open = strchr(text, '(');
	close = strrchr(text, ')'); /* the name may hold anything */
	if (open && close && sscanf(close + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) == 2)
		snprintf(name, size, "%.*s", (int)(close - open - 1), open + 1);
	free(text);
	if (state == 'Z' || state == 'X' || flags & (PF_EXITING | PF_DUMPCORE | PF_SIGNALED))
		return DYING;
	return ALIVE;
}

/* The process that /proc/locks names as the lock's holder; 0: none that we can see, so one that has ended. */
static int holder_of(const struct stat *st)
{
	cmn_autofclose FILE *f = fopen("/proc/locks", "re");
	char line[256];
	int found = 0;

	while (f && fgets(line, sizeof(line), f)) {
		unsigned int maj, min;
		uintmax_t ino;
		int pid;

		if (strstr(line, "->") ||
		    sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%ju", &pid, &maj, &min, &ino) != 4)
			continue;
		/* st_dev isn't the lock's device on every file system (btrfs, overlay): then the inode has to do */
		if (ino == st->st_ino && (!found || makedev(maj, min) == st->st_dev))
			found = pid;
	}
	return found;
}

static int refuse_if_alive(const struct tgt_fence_params *p, struct cmn_err *err)
{
	char name[32] = "";
	int pid = holder_of(p->st);

	if (pid <= 0 || life_of(pid, name, sizeof(name)) != ALIVE)
		return 0;
	return cmn_err_set(err, -EBUSY, "path", "%s is in use by process %d (%s)", p->path, pid,
			   name);
}

/* -- the lock --------------------------------------------------------------------------------------------------------- */
/* 1: locked; 0: held by somebody; -errno. */
static int try_lock(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
}

static int lock_or_refuse(const struct tgt_fence_params *p, struct cmn_err *err)
{
	for (int i = 0;; i++) {
		int ret = try_lock(p->fd);

		if (ret < 0)
			return cmn_err_errno(err, ret, "path", "cannot lock %s", p->path);
		if (ret > 0)
			return ret;
		ret = refuse_if_alive(p, err);
		if (ret == 0 || i == DYING_POLLS)
			return ret;
		nap();
	}
}

static void *wait_for_lock(void *arg)
{
	struct tgt_fence *fence = arg;
	const struct tgt_fence_params *p = &fence->params;

	for (unsigned int i = 1; !atomic_load(&fence->stop); i++) {
		if (try_lock(p->fd) == 1) {
			cmn_info("the file is free", "ns=%s path=%s", CMN_Q(fence->ns_name),
				 CMN_Q(p->path));
			atomic_store_explicit(&fence->free_now, true, memory_order_release);
			p->free_now(p->arg);
			break;
		}
		if (i % POLLS_PER_CALL == 0)
			p->waiting(p->arg);
		if (i % POLLS_PER_LOG == 0)
			cmn_warn("the file is still locked", "ns=%s path=%s", CMN_Q(fence->ns_name),
				 CMN_Q(p->path));
		nap();
	}
	return NULL;
}

static int start_waiting(struct tgt_fence *fence, struct cmn_err *err)
{
	int ret = pthread_create(&fence->thread, NULL, wait_for_lock, fence);

	if (ret != 0)
		return cmn_err_errno(err, -ret, NULL, "cannot start a thread");
	fence->has_thread = true;
	cmn_warn("the file is locked by I/O of a process that has ended: commands wait",
		 "ns=%s path=%s", CMN_Q(fence->ns_name), CMN_Q(fence->params.path));
	return 0;
}

static dev_t dev_of(const struct stat *st)
{
	return S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev;
}

static int refuse_if_ours(const struct tgt_fence_params *p, struct cmn_err *err)
{
	const struct tgt_fence *f;

	TAILQ_FOREACH(f, &fences, link) {
		if (f->dev == dev_of(p->st) &&
		    (S_ISBLK(p->st->st_mode) ? f->ino == 0 : f->ino == p->st->st_ino))
			return cmn_err_set(err, -EBUSY, "path", "%s is in use by namespace %s",
					   p->path, f->ns_name);
	}
	return 0;
}

int tgt_fence_begin(const struct tgt_fence_params *params, struct tgt_fence **ret,
		    struct cmn_err *err)
{
	struct tgt_fence *fence;
	int r = refuse_if_ours(params, err);

	if (r == 0)
		r = lock_or_refuse(params, err);
	if (r < 0)
		return r;
	fence = calloc(1, sizeof(*fence));
	if (!fence || !(fence->ns_name = strdup(params->ns_name))) {
		free(fence);
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	}
	fence->params = *params;
	fence->params.st = NULL;
	fence->dev = dev_of(params->st);
	fence->ino = S_ISBLK(params->st->st_mode) ? 0 : params->st->st_ino;
	atomic_init(&fence->free_now, r == 1);
	*ret = fence; /* before the thread can look at it */
	if (r == 0 && (r = start_waiting(fence, err)) < 0) {
		*ret = NULL;
		free(fence->ns_name);
		free(fence);
		return r;
	}
	TAILQ_INSERT_TAIL(&fences, fence, link);
	return 0;
}

bool tgt_fence_is_free(const struct tgt_fence *fence)
{
	return atomic_load_explicit(&fence->free_now, memory_order_acquire);
}

void tgt_fence_end(struct tgt_fence *fence)
{
	if (!fence)
		return;
	atomic_store(&fence->stop, true);
	if (fence->has_thread)
		pthread_join(fence->thread, NULL);
	TAILQ_REMOVE(&fences, fence, link);
	free(fence->ns_name);
	free(fence);
}
