/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/barrier.c - see targetd/barrier.h. */
#include "config.h"

#include "targetd/barrier.h"

#include <stdlib.h>
#include <sys/eventfd.h>

#include "common/clock.h"
#include "common/container.h"
#include "targetd/registry.h"

struct part { /* one reactor's; pending is its thread's */
	struct net_msg msg;
	struct tgt_barrier *barrier;
	unsigned int index;
	unsigned int pending; /* views that are still in use, and one while they are looked at */
};

struct tgt_barrier {
	struct tgt_barrier_params params;
	_Atomic unsigned int left;
	struct part part[];
};

/* The controller that c is a queue of, when its subsystem is changing. */
static struct tgt_ctrl *changing_ctrl(struct net_conn *c)
{
	struct fab_ctrl *ctrl = fab_conn_ctrl(net_conn_fab(c));
	struct tgt_ctrl *tc = ctrl ? fab_ctrl_user(ctrl) : NULL;

	return tc && tc->ss && tc->ss->changing ? tc : NULL;
}

static void switch_queue(struct tgt_queue *q, struct tgt_view *view)
{
	struct tgt_view *old = q->view;

	fab_view_get(&view->fab);
	q->view = view;
	fab_view_put(&old->fab);
}

static void switch_conn(struct net_conn *c, void *arg)
{
	struct tgt_ctrl *tc = changing_ctrl(c);

	(void)arg;
	if (!tc)
		return;
	if (net_conn_data(c)) {
		switch_queue(net_conn_data(c), tc->view);
	} else if (fab_ctrl_view(tc->ctrl) != &tc->view->fab) {
		fab_ctrl_set_view(tc->ctrl, fab_view_get(&tc->view->fab));
		net_conn_kick(c);
	}
}

static void detach_conn(struct net_conn *c, void *ret_all)
{
	if (changing_ctrl(c) && !fab_conn_detach_live(net_conn_fab(c), NULL))
		*(bool *)ret_all = false;
}

static void acknowledge(struct net_msg *msg)
{
	struct part *part = cmn_container_of(msg, struct part, msg);
	struct tgt_barrier *b = part->barrier;
	int done_fd = b->params.done_fd;
	struct fab_env *env;
	bool all = true;

	net_server_each_conn(b->params.server, b->params.reactors[part->index], detach_conn, &all);
	if (!all) { /* a writer on another reactor holds what is to be copied: next turn */
		net_reactor_post(b->params.reactors[part->index], &part->msg);
		return;
	}
	env = net_reactor_env(b->params.reactors[part->index]);
	fab_env_settle(env,
		       cmn_now_ns() -
			       env->now); /* counters of what goes must not be touched after this */
	if (atomic_fetch_sub(&b->left, 1) == 1)
		eventfd_write(done_fd, 1); /* b may be freed by now */
}

/* The last command is only about to complete: what it then queues to be sent is copied out in a later turn. */
static void part_put(struct part *part)
{
	if (--part->pending)
		return;
	part->msg.fn = acknowledge;
	net_reactor_post(part->barrier->params.reactors[part->index], &part->msg);
}

static void view_idle(struct tgt_view_use *use)
{
	use->idle = NULL;
	part_put(use->arg);
}

static void switch_views(struct net_msg *msg)
{
	struct part *part = cmn_container_of(msg, struct part, msg);
	const struct tgt_barrier_params *p = &part->barrier->params;

	part->pending = 1;
	net_server_each_conn(p->server, p->reactors[part->index], switch_conn, NULL);
	for (unsigned int i = 0; i < p->old.nr; i++) {
		struct tgt_view_use *use = &p->old.view[i]->use[part->index];

		if (!use->inflight)
			continue;
		use->idle = view_idle;
		use->arg = part;
		part->pending++;
	}
	part_put(part);
}

struct tgt_barrier *tgt_barrier_begin(const struct tgt_barrier_params *params)
{
	struct tgt_barrier *b = calloc(1, sizeof(*b) + params->nr_reactors * sizeof(b->part[0]));

	if (!b)
		return NULL;
	b->params = *params;
	atomic_init(&b->left, params->nr_reactors);
	for (unsigned int i = 0; i < params->nr_reactors; i++) {
		b->part[i] = (struct part){ .msg.fn = switch_views, .barrier = b, .index = i };
		net_reactor_post(params->reactors[i], &b->part[i].msg);
	}
	return b;
}

bool tgt_barrier_done(const struct tgt_barrier *b)
{
	return atomic_load(&b->left) == 0;
}

void tgt_barrier_free(struct tgt_barrier *b)
{
	if (!b)
		return;
	tgt_view_list_clear(&b->params.old);
	free(b);
}
