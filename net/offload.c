/* SPDX-License-Identifier: Apache-2.0 */
/* net/offload.c - see offload.h.
 * Owns: the queue of jobs.  Thread: see offload.h.  May block: its own thread. */
#include "net/offload.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/log.h"
#include "common/queue.h"

struct job {
	TAILQ_ENTRY(job) link;
	struct net_msg msg;
	struct net_reactor *reactor;
	struct fab_work *work;
};

struct net_offload {
	pthread_mutex_t lock;
	pthread_cond_t more;
	TAILQ_HEAD(, job) jobs;
	pthread_t thread;
	bool running, ending;
};

static void job_done(struct net_msg *msg)
{
	struct job *job = cmn_container_of(msg, struct job, msg);
	struct fab_work *work = job->work;

	free(job);
	work->done(work);
}

static struct job *next(struct net_offload *o)
{
	struct job *job;

	pthread_mutex_lock(&o->lock);
	while (!(job = TAILQ_FIRST(&o->jobs)) && !o->ending)
		pthread_cond_wait(&o->more, &o->lock);
	if (job)
		TAILQ_REMOVE(&o->jobs, job, link);
	pthread_mutex_unlock(&o->lock);
	return job;
}

static void *thread_main(void *arg)
{
	struct net_offload *o = arg;
	struct job *job;

	pthread_setname_np(pthread_self(), "offload");
	while ((job = next(o))) {
		job->work->run(job->work);
		net_reactor_post(job->reactor, &job->msg);
	}
	return NULL;
}

struct net_offload *net_offload_create(void)
{
	struct net_offload *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->more, NULL);
	TAILQ_INIT(&o->jobs);
	return o;
}

void net_offload_destroy(struct net_offload *o)
{
	if (!o)
		return;
	pthread_mutex_lock(&o->lock);
	o->ending = true;
	pthread_cond_signal(&o->more);
	pthread_mutex_unlock(&o->lock);
	if (o->running)
		pthread_join(o->thread, NULL);
	pthread_cond_destroy(&o->more);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

static bool enqueue(struct net_offload *o, struct job *job)
{
	bool ok;
	int rc;

	pthread_mutex_lock(&o->lock);
	if (!o->running) {
		rc = pthread_create(&o->thread, NULL, thread_main, o);
		o->running = rc == 0;
		if (rc)
			cmn_warn("work that takes long holds up a reactor: there is no thread for "
				 "it",
				 "error=%s", strerror(rc));
	}
	ok = o->running;
	if (ok) {
		TAILQ_INSERT_TAIL(&o->jobs, job, link);
		pthread_cond_signal(&o->more);
	}
	pthread_mutex_unlock(&o->lock);
	return ok;
}

void net_offload_submit(struct net_offload *o, struct net_reactor *r, struct fab_work *work)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job) {
		job->msg.fn = job_done;
		job->reactor = r;
		job->work = work;
		if (enqueue(o, job))
			return;
	}
	free(job);
	work->run(work);
	work->done(work);
}
