/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/copier.c - see targetd/copier.h. */
#include "config.h"

#include "targetd/copier.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "targetd/image.h"
#include "targetd/rangelock.h"

#define TRY_NS (20 * CMN_NS_PER_US)

struct copier_state { /* both threads' */
	_Atomic(const char *) cancelled;
	_Atomic uint64_t done;
	_Atomic bool left, ended;
};

struct tgt_copier {
	struct tgt_copier_params p;
	char *path;
	pthread_t thread;
	struct copier_state state;
	/* the copier's until it has ended */
	uint32_t have; /* stripes */
	uint64_t since; /* when writes began to wait; 0: they don't */
	int ret;
	struct tgt_copier_result result;
};

static int too_long(const struct tgt_copier *c, uint64_t done, struct cmn_err *err)
{
	return cmn_err_set(err, -ETIMEDOUT, "max_hold_ms",
			   "writes waited %llu ms, the most they may, while %llu of %llu bytes "
			   "were seen to; on a file "
			   "system that shares blocks (XFS, btrfs) it takes no time, elsewhere a "
			   "larger max_hold_ms may do",
			   (unsigned long long)(c->p.max_hold_ns / CMN_NS_PER_MS),
			   (unsigned long long)done, (unsigned long long)c->p.size);
}

static int go_on(void *arg, uint64_t done, struct cmn_err *err)
{
	struct tgt_copier *c = arg;
	const char *why = atomic_load(&c->state.cancelled);

	if (done > atomic_load(&c->state.done)) /* the second time round is no progress */
		atomic_store(&c->state.done, done);
	if (why)
		return cmn_err_set(err, -ECANCELED, NULL, "%s", why);
	if (c->since && cmn_now_ns() - c->since > c->p.max_hold_ns)
		return too_long(c, done, err);
	return 0;
}

static void release(void *arg)
{
	struct tgt_copier *c = arg;

	tgt_rangelock_let_go(c->p.lock, &c->have);
	c->result.held_ms = (cmn_now_ns() - c->since) / CMN_NS_PER_MS;
	c->since = 0;
	atomic_store(&c->state.left, true);
	eventfd_write(c->p.event_fd, 1);
}

static int hold(void *arg, struct cmn_err *err)
{
	static const struct timespec pause = { .tv_nsec = TRY_NS };
	struct tgt_copier *c = arg;
	int ret = go_on(c, 0, err);

	c->since = cmn_now_ns();
	while (ret == 0 && !tgt_rangelock_gather(c->p.lock, c->p.size, &c->have)) {
		nanosleep(&pause, NULL); /* commands under way hold what is missing */
		ret = go_on(c, 0, err);
	}
	if (ret < 0)
		release(c);
	c->result.taken_at = cmn_wall_ms();
	return ret;
}

static void *copier_main(void *arg)
{
	struct tgt_copier *c = arg;
	struct tgt_image_params p = { .from = c->p.from,
				      .size = c->p.size,
				      .path = c->path,
				      .hold = c->p.lock ? hold : NULL,
				      .release = c->p.lock ? release : NULL,
				      .go_on = go_on,
				      .arg = c };

	pthread_setname_np(pthread_self(), "copier");
	c->result.taken_at = cmn_wall_ms();
	c->ret = tgt_image_make(&p, &c->result.shared, &c->result.err);
	atomic_store(&c->state.left, true);
	atomic_store(&c->state.ended, true);
	eventfd_write(c->p.event_fd, 1);
	return NULL;
}

static void copier_free(struct tgt_copier *c)
{
	close(c->p.from);
	free(c->path);
	free(c);
}

struct tgt_copier *tgt_copier_start(const struct tgt_copier_params *params, struct cmn_err *err)
{
	struct tgt_copier *c = calloc(1, sizeof(*c));
	int rc = ENOMEM;

	if (!c) {
		close(params->from);
		cmn_err_set(err, -ENOMEM, NULL, "no memory");
		return NULL;
	}
	c->p = *params;
	c->path = strdup(params->path);
	atomic_init(&c->state.left, !params->lock);
	if (c->path)
		rc = pthread_create(&c->thread, NULL, copier_main, c);
	if (rc == 0)
		return c;
	cmn_err_errno(err, -rc, NULL, "cannot start a thread");
	copier_free(c);
	return NULL;
}

void tgt_copier_cancel(struct tgt_copier *c, const char *reason)
{
	atomic_store(&c->state.cancelled, reason);
}

uint64_t tgt_copier_done(const struct tgt_copier *c)
{
	return atomic_load(&c->state.done);
}

bool tgt_copier_has_left(const struct tgt_copier *c)
{
	return atomic_load(&c->state.left);
}

bool tgt_copier_has_ended(const struct tgt_copier *c)
{
	return atomic_load(&c->state.ended);
}

int tgt_copier_finish(struct tgt_copier *c, struct tgt_copier_result *ret)
{
	int res;

	pthread_join(c->thread, NULL);
	*ret = c->result;
	res = c->ret;
	copier_free(c);
	return res;
}
