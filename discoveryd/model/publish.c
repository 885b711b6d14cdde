/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/publish.c - makes the committed state current for other threads, at most once a turn, and says whose view changed.
 * Owns: the model's reference on the current snapshot.  Thread: the control loop; taking the current one: any.
 * May block: never (a mutex around a pointer). */
#include <stdlib.h>

#include "common/container.h"
#include "discoveryd/model/model_impl.h"

const struct dsc_snapshot *dsc_snapshot_get(const struct dsc_snapshot *snap)
{
	struct dsc_snapshot *s = (struct dsc_snapshot *)(uintptr_t)snap;

	if (s)
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void dsc_snapshot_put(const struct dsc_snapshot *snap)
{
	struct dsc_snapshot *s = (struct dsc_snapshot *)(uintptr_t)snap;

	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	dsc_state_clear(s);
	free(s);
}

const struct dsc_snapshot *dsc_snapshot_current(struct dsc_model *model)
{
	const struct dsc_snapshot *snap;

	pthread_mutex_lock(&model->lock);
	snap = dsc_snapshot_get(model->current);
	pthread_mutex_unlock(&model->lock);
	return snap;
}

static void swap_current(struct dsc_model *model)
{
	struct dsc_snapshot *snap = dsc_zalloc(sizeof(*snap));
	const struct dsc_snapshot *old;

	atomic_init(&snap->refs, 1);
	dsc_state_assign(snap, &model->now);
	pthread_mutex_lock(&model->lock);
	old = model->current;
	model->current = snap;
	pthread_mutex_unlock(&model->lock);
	dsc_snapshot_put(old);
}

void dsc_publish_now(struct dsc_model *model)
{
	if (!model->dirty)
		return;
	model->dirty = false;
	swap_current(model);
}

static void forget_changed(struct dsc_model *model)
{
	for (size_t i = 0; i < model->nr_changed; i++)
		free(model->changed[i]);
	model->nr_changed = 0;
	model->all_changed = false;
}

static void publish(struct net_after *after)
{
	struct dsc_model *model = cmn_container_of(after, struct dsc_model, after);
	struct dsc_views_changed what = { .all = model->all_changed };
	struct dsc_views_sub *sub, *next;

	dsc_publish_now(model);
	if (!what.all) {
		what.host_nqns = (const char *const *)model->changed;
		what.nr_hosts = model->nr_changed;
	}
	if (what.all || what.nr_hosts) {
		TAILQ_FOREACH_SAFE(sub, &model->subs, link, next)
			sub->changed(sub, model->current, &what);
	}
	forget_changed(model);
}

void dsc_publish_soon(struct dsc_model *model)
{
	model->dirty = true;
	net_after_queue(model->app->loop, &model->after);
}

/* Remembers whose view a committed write changed. */
void dsc_publish_write(struct dsc_model *model, const struct dsc_row *row)
{
	if (row->kind != DSC_ROW_VIEW && row->kind != DSC_ROW_HOST_VIEW)
		return;
	if (model->nr_changed == model->max_changed) {
		size_t max = model->max_changed ? 2 * model->max_changed : 64;
		char **more = realloc(model->changed, max * sizeof(*more));

		if (!more) {
			model->all_changed = true;
			return;
		}
		model->changed = more;
		model->max_changed = max;
	}
	model->changed[model->nr_changed++] = dsc_strdup(((const struct dsc_view *)row)->nqn);
}

void dsc_views_subscribe(struct dsc_model *model, struct dsc_views_sub *sub)
{
	TAILQ_INSERT_TAIL(&model->subs, sub, link);
}

void dsc_views_unsubscribe(struct dsc_model *model, struct dsc_views_sub *sub)
{
	TAILQ_REMOVE(&model->subs, sub, link);
}

void dsc_publish_init(struct dsc_model *model)
{
	pthread_mutex_init(&model->lock, NULL);
	TAILQ_INIT(&model->subs);
	TAILQ_INIT(&model->writes_subs);
	model->after.run = publish;
	swap_current(model);
}

void dsc_publish_end(struct dsc_model *model)
{
	forget_changed(model);
	free(model->changed);
	dsc_snapshot_put(model->current);
	pthread_mutex_destroy(&model->lock);
}
