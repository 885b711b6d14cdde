/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/copies.c - snapshots and what is made from them: has workers copy, and files removed, as the model's rows say.
 * Owns: the jobs under way, and a thread for files.  Thread: the control loop.  May block: never.
 *
 * A job begins with a row, or at a start with what the discoveryd before has left; its end is stored, then told to the command that
 * waits for it.  A copy is one moment's, not a state: one that a worker, or discoveryd, did not live to the end of has failed, and leaves nothing. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/container.h"
#include "common/json.h"
#include "common/log.h"
#include "common/size.h"
#include "common/util.h"
#include "discoveryd/supervise/files.h"
#include "discoveryd/supervise/supervise_impl.h"
#include "fabrics/conn.h"
#include "net/offload.h"

#define CONFIRM_MS (10 * 60 * 1000) /* how long a worker may take to open what was restored */

enum job_kind { JOB_TAKE, JOB_RESTORE, JOB_REMOVE };

enum job_state {
	JOB_NEW, /* begins at the end of the turn, or when what is in its way is over */
	JOB_COPYING, /* its worker does */
	JOB_LOST, /* its worker does, or did: the connection has gone */
	JOB_BUSY, /* with its file, or with what is stored of it */
};

struct sup_job {
	TAILQ_ENTRY(sup_job) link;
	struct dsc_supervisor *sup;
	enum job_kind kind;
	enum job_state state;
	uint64_t row_id; /* of the snapshot, or of the restore; what its worker calls the copy */
	uint64_t id; /* what a command waits for */
	uint64_t worker_id; /* of whom it is copying */
	bool cancelled;
	char *path;
	uint64_t size; /* of its file */
	struct dsc_copied copied; /* err: how it ends */
	struct fab_work work;
	int (*file)(const char *path, uint64_t size);
	void (*next)(struct sup_job *job);
	int rc; /* of file() */
};

static const struct dsc_snapshot *now_of(const struct sup_job *job)
{
	return dsc_model_now(job->sup->app->model);
}

static const struct dsc_nssnap *snapshot_of(const struct sup_job *job)
{
	return dsc_snapshot_nssnap_id(now_of(job), job->row_id);
}

static const struct dsc_restore *restore_of(const struct sup_job *job)
{
	return dsc_snapshot_restore_id(now_of(job), job->row_id);
}

/* -- jobs ------------------------------------------------------------------------------------------------ */
static struct sup_job *find_job(struct dsc_supervisor *sup, enum job_kind kind, uint64_t row_id)
{
	struct sup_job *job;

	TAILQ_FOREACH(job, &sup->jobs, link) {
		if (job->kind == kind && job->row_id == row_id)
			break;
	}
	return job;
}

static struct sup_job *add_job(struct dsc_supervisor *sup, enum job_kind kind, uint64_t row_id,
			       const char *path, uint64_t size)
{
	struct sup_job *job = dsc_zalloc(sizeof(*job));

	job->sup = sup;
	job->kind = kind;
	job->row_id = job->id = row_id;
	job->path = dsc_strdup(path);
	job->size = size;
	TAILQ_INSERT_TAIL(&sup->jobs, job, link);
	net_after_queue(sup->app->loop, &sup->jobs_step);
	return job;
}

static void free_job(struct sup_job *job)
{
	TAILQ_REMOVE(&job->sup->jobs, job, link);
	free(job->path);
	free(job);
}

static void end_job(struct sup_job *job)
{
	struct dsc_supervisor *sup = job->sup;
	struct cmn_err err = job->copied.err;
	uint64_t id = job->id;

	free_job(job);
	net_after_queue(sup->app->loop, &sup->jobs_step); /* something may have waited for it */
	dsc_job_over(sup->app->model, id, &err);
}

static void run_file(struct fab_work *work)
{
	struct sup_job *job = cmn_container_of(work, struct sup_job, work);

	job->rc = job->file(job->path, job->size);
}

static void file_done(struct fab_work *work)
{
	struct sup_job *job = cmn_container_of(work, struct sup_job, work);

	if (!job->sup->ending) /* else the next start sees to it */
		job->next(job);
}

/* Does that to its file, then goes on with next(). */
static void with_file(struct sup_job *job, int (*file)(const char *path, uint64_t size),
		      void (*next)(struct sup_job *job))
{
	job->state = JOB_BUSY;
	job->file = file;
	job->next = next;
	job->work = (struct fab_work){ run_file, file_done };
	net_offload_submit(job->sup->files, job->sup->app->loop, &job->work);
}

/* -- events ------------------------------------------------------------------------------------------------- */
static void tell(struct dsc_supervisor *sup, const struct dsc_nssnap *s, enum dsc_severity severity,
		 const char *kind, const char *what)
{
	struct json_object *data = json_object_new_object();
	char text[768];

	snprintf(text, sizeof(text), "snapshot %s of namespace %u of %s %s", s->name, s->nsid,
		 s->nqn, what);
	json_object_object_add(data, "snapshot", json_object_new_string(s->name));
	json_object_object_add(data, "nqn", json_object_new_string(s->nqn));
	json_object_object_add(data, "nsid", json_object_new_uint64(s->nsid));
	json_object_object_add(data, "worker", json_object_new_string(s->worker));
	dsc_event_with(sup->app, severity, kind, text, data);
	json_object_put(data);
}

static void tell_taken(const struct sup_job *job, const struct dsc_nssnap *s)
{
	char what[400], size[CMN_SIZE_STR_LEN];

	if (cmn_err_is(&job->copied.err))
		snprintf(what, sizeof(what), "failed: %s", job->copied.err.msg);
	else
		snprintf(what, sizeof(what), "is ready: %s, writes waited %u ms",
			 cmn_size_format(s->size, size, sizeof(size)), s->held_ms);
	tell(job->sup, s, cmn_err_is(&job->copied.err) ? DSC_WARNING : DSC_INFO,
	     cmn_err_is(&job->copied.err) ? "snapshot.failed" : "snapshot.ready", what);
}

const uint64_t dsc_hold_bound_ms[DSC_HOLD_BOUNDS] = { 1,   10,	 50,   100,  250,
						      500, 1000, 2500, 5000, 10000 };

static void count_hold(struct dsc_supervisor *sup, uint64_t ms)
{
	unsigned int i = 0;

	while (i < DSC_HOLD_BOUNDS && ms > dsc_hold_bound_ms[i])
		i++;
	sup->holds[i]++;
	sup->holds[DSC_HOLD_BOUNDS + 1] += ms * CMN_NS_PER_MS;
}

const uint64_t *dsc_supervisor_holds(const struct dsc_supervisor *sup)
{
	return sup->holds;
}

/* -- a snapshot is taken ----------------------------------------------------------------------------------- */
static void take_over(struct sup_job *job)
{
	const struct dsc_nssnap *s = snapshot_of(job);

	if (s && s->deleting)
		cmn_err_set(&job->copied.err, -ENOENT, NULL,
			    "it was deleted while it was being taken");
	else if (s)
		tell_taken(job, s);
	end_job(job);
}

static void take_stored(void *arg, const struct dsc_outcome *outcome)
{
	struct sup_job *job = arg;

	if (cmn_err_is(&outcome->err) && !cmn_err_is(&job->copied.err)) {
		job->copied.err = outcome->err;
		with_file(job, sup_file_remove, take_over); /* nobody knows of it */
		return;
	}
	if (!cmn_err_is(&job->copied.err))
		count_hold(job->sup, job->copied.held_ms);
	take_over(job);
}

static void take_end(struct sup_job *job)
{
	struct dsc_call call = { .done = take_stored, .arg = job };

	job->state = JOB_BUSY;
	dsc_nssnap_end(job->sup->app, job->row_id, &job->copied, &call);
}

/* -- a namespace is made from one ---------------------------------------------------------------------------- */
static void restore_over(void *arg, const struct dsc_outcome *outcome)
{
	struct sup_job *job = arg;

	if (cmn_err_is(&outcome->err))
		cmn_warn("what was restored is still noted", "path=%s reason=%s", CMN_Q(job->path),
			 CMN_Q(outcome->err.msg));
	end_job(job);
}

static void restore_end(struct sup_job *job)
{
	struct dsc_call call = { .done = restore_over, .arg = job };

	job->state = JOB_BUSY;
	dsc_restore_end(job->sup->app, job->row_id, &call);
}

static void restore_made(void *arg, const struct dsc_outcome *outcome)
{
	struct sup_job *job = arg;

	job->copied.err = outcome->err;
	if (cmn_err_is(&outcome->err))
		with_file(job, sup_file_remove, restore_end);
	else
		restore_end(job);
}

static void restore_make(struct sup_job *job)
{
	struct dsc_call call = { .done = restore_made, .arg = job, .wait_ms = CONFIRM_MS };

	if (job->rc < 0)
		cmn_err_errno(&job->copied.err, job->rc, "size", "the copy can't grow");
	else
		dsc_restore_make(job->sup->app, job->row_id, &call, &job->copied.err);
	if (cmn_err_is(&job->copied.err))
		with_file(job, sup_file_remove, restore_end);
}

static void restore_copied(struct sup_job *job)
{
	const struct dsc_restore *r = restore_of(job);

	job->state = JOB_BUSY;
	if (cmn_err_is(&job->copied.err)) {
		restore_end(job);
	} else if (job->copied.size != job->size) {
		cmn_err_set(&job->copied.err, -EINVAL, "snapshot",
			    "its file has %llu bytes, and had %llu: somebody has changed it",
			    (unsigned long long)job->copied.size, (unsigned long long)job->size);
		with_file(job, sup_file_remove, restore_end);
	} else if (r && r->ns && r->ns->size > job->copied.size) {
		job->size = r->ns->size;
		with_file(job, sup_file_grow, restore_make);
	} else {
		restore_make(job);
	}
}

/* -- a file is removed ----------------------------------------------------------------------------------------- */
static void removed(void *arg, const struct dsc_outcome *outcome)
{
	struct sup_job *job = arg;

	if (!cmn_err_is(&job->copied.err))
		job->copied.err = outcome->err;
	end_job(job);
}

static void remove_end(struct sup_job *job)
{
	struct dsc_call call = { .done = removed, .arg = job };
	const struct dsc_nssnap *s = snapshot_of(job);
	char what[300];

	job->state = JOB_BUSY;
	if (job->rc < 0)
		cmn_err_set(&job->copied.err, -EIO, NULL, "%.180s can't be removed: %s", job->path,
			    strerror(-job->rc));
	snprintf(what, sizeof(what), "is not deleted: %s", job->copied.err.msg);
	if (s && job->rc < 0)
		tell(job->sup, s, DSC_WARNING, "snapshot.not_deleted", what);
	else if (s)
		tell(job->sup, s, DSC_INFO, "snapshot.deleted", "is deleted");
	dsc_nssnap_removed(job->sup->app, job->row_id, &job->copied.err, &call);
}

static void cancel(struct sup_job *job);

static void remove_start(struct sup_job *job)
{
	const struct dsc_nssnap *s = snapshot_of(job);
	struct sup_job *take = find_job(job->sup, JOB_TAKE, job->row_id);

	if (take)
		cancel(take); /* and is over before this goes on */
	else if (s && s->state == DSC_NSSNAP_READY)
		with_file(job, sup_file_remove, remove_end);
	else if (s && s->state == DSC_NSSNAP_CREATING)
		with_file(job, sup_file_clean, remove_end);
	else
		remove_end(job);
}

/* -- copies ------------------------------------------------------------------------------------------------------ */
static void copy_end(struct sup_job *job)
{
	if (job->kind == JOB_TAKE)
		take_end(job);
	else
		restore_copied(job);
}

static struct json_object *copy_msg(const struct sup_job *job, const char *type)
{
	struct json_object *msg = sup_msg(type);
	char id[24];

	snprintf(id, sizeof(id), "%llu", (unsigned long long)job->row_id);
	json_object_object_add(msg, "id", json_object_new_string(id));
	return msg;
}

static void cancel(struct sup_job *job)
{
	struct sup_worker *w = sup_worker_find(job->sup, job->worker_id);

	if (job->cancelled)
		return;
	job->cancelled = true;
	if (job->state == JOB_COPYING && w)
		sup_link_send(w, copy_msg(job, "copy_cancel"));
}

/* The folder for what has no place of its own. */
static void make_folder(const struct sup_job *job)
{
	char folder[4200];
	size_t len;

	len = (size_t)snprintf(folder, sizeof(folder), "%s/" DSC_NSSNAP_FOLDER,
			       job->sup->app->opt.state_dir);
	if (strncmp(job->path, folder, len) == 0 && job->path[len] == '/' &&
	    mkdir(folder, 0700) < 0 && errno != EEXIST)
		cmn_warn("a folder can't be made", "path=%s errno=%d", CMN_Q(folder), errno);
}

/* What is to be copied goes to msg; returns whose work it is. */
static const struct dsc_subsys *add_source(const struct sup_job *job, struct json_object *msg)
{
	const struct dsc_snapshot *st = now_of(job);
	const struct dsc_nssnap *s;
	const struct dsc_restore *r = job->kind == JOB_RESTORE ? restore_of(job) : NULL;

	s = r ? dsc_snapshot_nssnap_id(st, r->nssnap_id) : snapshot_of(job);
	if (!s)
		return NULL;
	if (r) {
		json_object_object_add(msg, "from", json_object_new_string(s->path));
		return dsc_snapshot_subsys_id(st, r->subsys_id);
	}
	json_object_object_add(msg, "nqn", json_object_new_string(s->nqn));
	json_object_object_add(msg, "nsid", json_object_new_uint64(s->nsid));
	json_object_object_add(msg, "max_hold_ms", json_object_new_uint64(s->max_hold_ms));
	return s->deleting ? NULL : dsc_snapshot_subsys(st, s->nqn);
}

static void copy_start(struct sup_job *job)
{
	struct json_object *msg = copy_msg(job, "copy");
	const struct dsc_subsys *subsys = add_source(job, msg);
	struct sup_worker *w = subsys ? sup_worker_find(job->sup, subsys->worker_id) : NULL;

	if (!w || !w->said_hello) {
		json_object_put(msg);
		cmn_err_set(&job->copied.err, -EAGAIN, NULL,
			    w ? "worker %s doesn't answer" : "no worker serves the subsystem",
			    w ? w->name : "");
		copy_end(job);
		return;
	}
	make_folder(job);
	json_object_object_add(msg, "path", json_object_new_string(job->path));
	job->worker_id = w->id;
	job->state = JOB_COPYING;
	sup_link_send(w, msg);
}

static void step(struct net_after *after)
{
	struct dsc_supervisor *sup = cmn_container_of(after, struct dsc_supervisor, jobs_step);
	struct sup_job *job, *next;

	TAILQ_FOREACH_SAFE(job, &sup->jobs, link, next) {
		if (job->state != JOB_NEW)
			continue;
		if (job->kind == JOB_REMOVE)
			remove_start(job);
		else
			copy_start(job);
	}
}

/* -- from workers -------------------------------------------------------------------------------------------------- */
static struct sup_job *copying(struct sup_worker *w, struct json_object *msg)
{
	const char *id = "";
	struct sup_job *job;
	uint64_t number;

	if (cmn_json_str(msg, "id", &id, NULL) < 0 || cmn_parse_u64(id, 1, UINT64_MAX, &number) < 0)
		return NULL;
	TAILQ_FOREACH(job, &w->sup->jobs, link) {
		if (job->row_id == number && job->state == JOB_COPYING && job->worker_id == w->id)
			break;
	}
	return job;
}

void sup_copies_moved(struct sup_worker *w, struct json_object *msg)
{
	struct sup_job *job = copying(w, msg);
	uint64_t done = 0, total = 0;

	cmn_json_u64_opt(msg, "done", &done, NULL, NULL);
	cmn_json_u64_opt(msg, "total", &total, NULL, NULL);
	if (job)
		dsc_job_progress(w->sup->app->model, job->id, done, total);
}

/* What no other request would do better is told apart from what one would. */
static int code_of(uint64_t number, const char *field)
{
	if (number == EDQUOT)
		return -ENOSPC;
	if (number == ENOSPC || number == EEXIST || number == ENOMEM)
		return -(int)number;
	return *field ? -EINVAL : -EAGAIN;
}

static void read_copied(struct json_object *msg, struct dsc_copied *ret)
{
	const char *reason = NULL, *field = "";
	uint64_t held = 0, block = 512, number = 0;

	cmn_json_str_opt(msg, "reason", &reason, NULL, NULL);
	cmn_json_str_opt(msg, "field", &field, NULL, NULL);
	cmn_json_u64_opt(msg, "errno", &number, NULL, NULL);
	if (reason) {
		cmn_err_set(&ret->err, code_of(number, field), field, "%s", reason);
		return;
	}
	cmn_json_u64_opt(msg, "size", &ret->size, NULL, NULL);
	cmn_json_u64_opt(msg, "taken_at", &ret->taken_ms, NULL, NULL);
	cmn_json_u64_opt(msg, "block_size", &block, NULL, NULL);
	cmn_json_u64_opt(msg, "held_ms", &held, NULL, NULL);
	cmn_json_bool_opt(msg, "shared", &ret->shared, NULL, NULL);
	ret->block_size = (uint32_t)block;
	ret->held_ms = (uint32_t)held;
}

void sup_copies_take(struct sup_worker *w, struct json_object *msg)
{
	struct sup_job *job = copying(w, msg);

	if (!job)
		return;
	read_copied(msg, &job->copied);
	copy_end(job);
}

void sup_copies_lost(struct sup_worker *w)
{
	struct sup_job *job;

	TAILQ_FOREACH(job, &w->sup->jobs, link) {
		if (job->state == JOB_COPYING && job->worker_id == w->id)
			job->state = JOB_LOST;
	}
}

void sup_copies_settle(struct sup_worker *w, bool answers)
{
	struct sup_job *job, *next;

	TAILQ_FOREACH_SAFE(job, &w->sup->jobs, link, next) {
		if (job->state != JOB_LOST || job->worker_id != w->id)
			continue;
		cmn_err_set(&job->copied.err, -EAGAIN, NULL,
			    answers ? "the connection to worker %s was lost meanwhile"
				    : "worker %s ended meanwhile",
			    w->name);
		with_file(job, sup_file_clean, copy_end);
		if (answers)
			sup_link_send(w, copy_msg(job, "copy_cancel"));
	}
}

/* -- from the model ------------------------------------------------------------------------------------------------- */
static void written_snapshot(struct dsc_supervisor *sup, const struct dsc_nssnap *s)
{
	if (s->deleting && !find_job(sup, JOB_REMOVE, s->id)) {
		add_job(sup, JOB_REMOVE, s->id, s->path, s->size)->id = s->deleting;
	} else if (s->state == DSC_NSSNAP_CREATING && !s->deleting &&
		   !find_job(sup, JOB_TAKE, s->id)) {
		add_job(sup, JOB_TAKE, s->id, s->path, s->size);
		tell(sup, s, DSC_INFO, "snapshot.created", "is being taken");
	}
}

void sup_copies_written(struct dsc_supervisor *sup, bool del, const struct dsc_row *row)
{
	const struct dsc_restore *r = (const struct dsc_restore *)row;

	if (del)
		return;
	if (row->kind == DSC_ROW_NSSNAP)
		written_snapshot(sup, (const struct dsc_nssnap *)row);
	else if (row->kind == DSC_ROW_RESTORE)
		add_job(sup, JOB_RESTORE, r->id, r->path, r->size);
}

/* -- life -------------------------------------------------------------------------------------------------------------- */
static void recover_snapshot(struct dsc_supervisor *sup, const struct dsc_nssnap *s)
{
	struct sup_job *job;

	if (s->deleting) {
		add_job(sup, JOB_REMOVE, s->id, s->path, s->size)->id = s->deleting;
	} else if (s->state == DSC_NSSNAP_CREATING) {
		job = add_job(sup, JOB_TAKE, s->id, s->path, s->size);
		cmn_err_set(&job->copied.err, -EAGAIN, NULL, "discoveryd ended meanwhile");
		with_file(job, sup_file_clean, copy_end);
	}
}

/* Its namespace may have been made. */
static void recover_restore(struct dsc_supervisor *sup, const struct dsc_restore *r)
{
	const struct dsc_snapshot *st = dsc_model_now(sup->app->model);
	struct sup_job *job = add_job(sup, JOB_RESTORE, r->id, r->path, r->size);

	if (dsc_tree_find(st->paths, &dsc_path_ops, r->path))
		restore_end(job);
	else
		with_file(job, sup_file_clean, restore_end);
}

void sup_copies_recover(struct dsc_supervisor *sup)
{
	const struct dsc_snapshot *st = dsc_model_now(sup->app->model);
	const struct dsc_restore *r;
	const struct dsc_nssnap *s;

	dsc_tree_each(s, st->nssnaps, &dsc_nssnap_ops) recover_snapshot(sup, s);
	dsc_tree_each(r, st->restores, &dsc_restore_ops) recover_restore(sup, r);
}

void sup_copies_init(struct dsc_supervisor *sup)
{
	TAILQ_INIT(&sup->jobs);
	sup->jobs_step.run = step;
	sup->files = net_offload_create();
	if (!sup->files)
		abort();
}

void dsc_supervisor_stop(struct dsc_supervisor *sup)
{
	if (!sup)
		return;
	sup->ending = true;
	net_offload_destroy(sup->files);
	sup->files = NULL;
}

void sup_copies_clear(struct dsc_supervisor *sup)
{
	struct sup_job *job;

	net_after_cancel(sup->app->loop, &sup->jobs_step);
	while ((job = TAILQ_FIRST(&sup->jobs)))
		free_job(job);
}
