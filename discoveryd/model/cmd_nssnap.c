/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_nssnap.c - snapshots of namespaces: what operators ask for, and what came of it.
 * Owns: nothing.  Thread: the control loop.  May block: looks at where a file is to be.
 *
 * A row comes first, and the supervisor (supervise/copies.c) does what it says: `creating` has a worker make the file, `deleting` has the file removed. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/supervise/supervise.h"

/* -- paths -------------------------------------------------------------------------------------------- */
int dsc_cmd_check_path_free(const struct dsc_snapshot *st, const char *path, struct cmn_err *err)
{
	const struct dsc_restore *r;
	const struct dsc_nssnap *s;

	dsc_tree_each(s, st->nssnaps, &dsc_nssnap_ops)
	{
		if (s->state != DSC_NSSNAP_FAILED && strcmp(s->path, path) == 0)
			return cmn_err_set(err, -EBUSY, "path", "is the file of snapshot %s",
					   s->name);
	}
	dsc_tree_each(r, st->restores, &dsc_restore_ops)
	{
		if (strcmp(r->path, path) == 0)
			return cmn_err_set(err, -EBUSY, "path",
					   "is that of a namespace that is being made");
	}
	return 0;
}

static int check_folder(const char *path, struct cmn_err *err)
{
	char folder[PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path) + 1, path);
	if (stat(folder, &st) < 0)
		return cmn_err_set(err, -EINVAL, "path", "%.160s: %s", folder, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return cmn_err_set(err, -EINVAL, "path", "%.160s is no folder", folder);
	return 0;
}

/* Nor what it is called before it is whole: a worker would take that for its own. */
static int check_nothing_there(const char *path, struct cmn_err *err)
{
	char partial[PATH_MAX + sizeof(DSC_PARTIAL)];
	struct stat st;

	snprintf(partial, sizeof(partial), "%s" DSC_PARTIAL, path);
	if (lstat(path, &st) == 0)
		return cmn_err_set(err, -EEXIST, "path", "%.200s exists already", path);
	if (lstat(partial, &st) == 0)
		return cmn_err_set(err, -EEXIST, "path", "%.180s exists, and would be in the way",
				   partial);
	return 0;
}

int dsc_cmd_check_new_path(const struct dsc_snapshot *st, const char *path, struct cmn_err *err)
{
	const char *name = path[0] == '/' ? strrchr(path, '/') + 1 : NULL;

	if (!name || !*name || strlen(path) > 4000)
		return cmn_err_set(err, -EINVAL, "path", "an absolute path of a file is needed");
	if (strlen(name) + strlen(DSC_PARTIAL) > NAME_MAX)
		return cmn_err_set(err, -EINVAL, "path", "its name has more than %zu bytes",
				   NAME_MAX - strlen(DSC_PARTIAL));
	if (dsc_cmd_check_path_free(st, path, err) < 0 || check_folder(path, err) < 0)
		return err->code;
	return check_nothing_there(path, err);
}

/* Beside a regular file, which has a folder that is meant for such; what has none, in ours, which is made when it is first needed. */
static int set_path(struct dsc_app *app, struct dsc_nssnap *s, const struct dsc_ns *ns,
		    const char *path, struct cmn_err *err)
{
	char made[PATH_MAX + 2 * DSC_NAME_MAX];
	struct stat st;
	bool beside = ns->path && stat(ns->path, &st) == 0 && S_ISREG(st.st_mode);

	if (beside)
		snprintf(made, sizeof(made), "%s.%s.snap", ns->path, s->name);
	else
		snprintf(made, sizeof(made), "%s/" DSC_NSSNAP_FOLDER "/%s.img", app->opt.state_dir,
			 s->name);
	s->path = dsc_strdup(path ? path : made);
	if (!path && !beside)
		return dsc_cmd_check_path_free(dsc_cmd_ahead(app), s->path, err) < 0
			       ? err->code
			       : check_nothing_there(s->path, err);
	return dsc_cmd_check_new_path(dsc_cmd_ahead(app), s->path, err);
}

/* -- create ------------------------------------------------------------------------------------------- */
static int set_name(const struct dsc_snapshot *st, struct dsc_nssnap *s, const char *name,
		    struct cmn_err *err)
{
	uint32_t random;
	int rc = 0;

	if (name && dsc_cmd_check_name(name, "id", err) < 0)
		return err->code;
	if (name && dsc_snapshot_nssnap(st, name))
		return cmn_err_set(err, -EEXIST, "id", "snapshot %s exists already", name);
	snprintf(s->name, sizeof(s->name), "%s", name ? name : "");
	while (!rc && (!*s->name || (!name && dsc_snapshot_nssnap(st, s->name)))) {
		rc = cmn_random_bytes(&random, sizeof(random));
		snprintf(s->name, sizeof(s->name), "snap-%08" PRIx32, random);
	}
	return rc < 0 ? cmn_err_errno(err, rc, NULL, "no random bytes") : 0;
}

/* Somebody must be there to make it. */
static int check_worker(struct dsc_app *app, const struct dsc_subsys *subsys,
			struct dsc_worker_info *info, struct cmn_err *err)
{
	const struct dsc_worker *w = dsc_snapshot_worker_id(dsc_cmd_ahead(app), subsys->worker_id);

	info->state = DSC_WORKER_RUNNING;
	if (!w)
		return cmn_err_set(err, -EAGAIN, NULL, "the subsystem has no worker");
	if (app->supervisor)
		dsc_supervisor_worker(app->supervisor, w->name, info);
	if (info->state != DSC_WORKER_RUNNING)
		return cmn_err_set(err, -EAGAIN, NULL, "worker %s is %s", w->name,
				   dsc_worker_state_name[info->state]);
	return 0;
}

static const struct dsc_ns *find_source(struct dsc_app *app, const struct dsc_nssnap_in *in,
					const struct dsc_subsys **ret_subsys, struct cmn_err *err)
{
	const struct dsc_subsys *subsys = dsc_snapshot_subsys(dsc_cmd_ahead(app), in->nqn);
	const struct dsc_ns *ns = subsys ? dsc_snapshot_ns(subsys, in->nsid) : NULL;

	*ret_subsys = subsys;
	if (!subsys)
		cmn_err_set(err, -EINVAL, "nqn", "there is no subsystem %.200s", in->nqn);
	else if (!ns)
		cmn_err_set(err, -EINVAL, "nsid", "there is no namespace %u", in->nsid);
	else if (ns->backend == DSC_BACKEND_NULL)
		cmn_err_set(err, -EINVAL, "nsid",
			    "namespace %u keeps nothing (backend null): there is nothing to copy",
			    in->nsid);
	else
		return ns;
	return NULL;
}

static int fill(struct dsc_app *app, struct dsc_nssnap *s, const struct dsc_nssnap_in *in,
		struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_subsys *subsys;
	const struct dsc_ns *ns = find_source(app, in, &subsys, err);
	struct dsc_worker_info info;

	if (!ns)
		return err->code;
	if (dsc_tree_count(st->nssnaps) >= DSC_NSSNAPS_MAX)
		return cmn_err_set(err, -ENOSPC, NULL, "there are %d snapshots: delete some",
				   DSC_NSSNAPS_MAX);
	if (set_name(st, s, in->name, err) < 0 || set_path(app, s, ns, in->path, err) < 0 ||
	    check_worker(app, subsys, &info, err) < 0)
		return err->code;
	snprintf(s->nqn, sizeof(s->nqn), "%s", subsys->nqn);
	snprintf(s->worker, sizeof(s->worker), "%s",
		 dsc_snapshot_worker_id(st, subsys->worker_id)->name);
	snprintf(s->description, sizeof(s->description), "%s",
		 in->description ? in->description : "");
	s->nsid = ns->nsid;
	s->uuid = ns->uuid;
	s->size = ns->size;
	s->block_size = ns->block_size;
	s->max_hold_ms = in->max_hold_ms ? in->max_hold_ms : DSC_HOLD_MS;
	return 0;
}

int dsc_cmd_nssnap_create(struct dsc_app *app, const struct dsc_nssnap_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_nssnap *s = dsc_row_new(DSC_ROW_NSSNAP);
	struct dsc_target target = { .job = 0 };
	char name[DSC_NAME_MAX + 1];
	struct dsc_txn *txn;

	if (fill(app, s, in, err) < 0) {
		dsc_row_put(s);
		return err->code;
	}
	memcpy(name, s->name, sizeof(name));
	txn = dsc_txn_begin(app->model);
	s->id = target.job = dsc_txn_new_id(txn);
	s->changed = dsc_txn_change(txn);
	s->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, s);
	dsc_txn_commit(txn, call, &target, name);
	return 0;
}

/* -- update, delete ------------------------------------------------------------------------------------ */
static const struct dsc_nssnap *find(struct dsc_app *app, const char *name,
				     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_nssnap *s = dsc_snapshot_nssnap(dsc_cmd_ahead(app), name);

	if (!s || s->deleting)
		cmn_err_set(err, -ENOENT, NULL, "there is no snapshot %.64s", name);
	else if (dsc_cmd_check_match(call, s->changed, err) == 0)
		return s;
	return NULL;
}

int dsc_cmd_nssnap_update(struct dsc_app *app, const struct dsc_nssnap_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_nssnap *old = find(app, in->name, call, err);
	struct dsc_nssnap *s;
	struct dsc_txn *txn;

	if (!old)
		return err->code;
	if (!in->description || strcmp(in->description, old->description) == 0)
		return 1;
	s = dsc_row_copy(old);
	snprintf(s->description, sizeof(s->description), "%s", in->description);
	txn = dsc_txn_begin(app->model);
	s->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, s);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

static int check_unused(const struct dsc_snapshot *st, const struct dsc_nssnap *s,
			struct cmn_err *err)
{
	const struct dsc_restore *r;

	dsc_tree_each(r, st->restores, &dsc_restore_ops)
	{
		if (r->nssnap_id == s->id)
			return cmn_err_set(err, -EBUSY, NULL,
					   "a namespace is being made from it: %.180s", r->path);
	}
	return 0;
}

int dsc_cmd_nssnap_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			  struct cmn_err *err)
{
	const struct dsc_nssnap *old = find(app, name, call, err);
	struct dsc_target target = { .job = 0 };
	struct dsc_nssnap *s;
	struct dsc_txn *txn;

	if (!old || check_unused(dsc_cmd_ahead(app), old, err) < 0)
		return err->code;
	s = dsc_row_copy(old);
	txn = dsc_txn_begin(app->model);
	s->deleting = target.job = dsc_txn_new_id(txn);
	s->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, s);
	dsc_txn_commit(txn, call, &target, name);
	return 0;
}

/* -- what came of it --------------------------------------------------------------------------------------- */
/* A copy of the row to change, in a transaction; NULL: it is gone, and call is over. */
static struct dsc_nssnap *change(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
				 struct dsc_txn **ret_txn)
{
	const struct dsc_nssnap *old = dsc_snapshot_nssnap_id(dsc_cmd_ahead(app), id);
	struct dsc_nssnap *s;

	if (!old) {
		call->done(call->arg, &(struct dsc_outcome){ .state = DSC_READY });
		return NULL;
	}
	s = dsc_row_copy(old);
	*ret_txn = dsc_txn_begin(app->model);
	s->changed = dsc_txn_change(*ret_txn);
	return s;
}

static void set_failed(struct dsc_nssnap *s, const struct cmn_err *err)
{
	s->state = DSC_NSSNAP_FAILED;
	s->error = (uint32_t)-err->code;
	snprintf(s->field, sizeof(s->field), "%s", err->field);
	snprintf(s->reason, sizeof(s->reason), "%s", err->msg);
}

static void set_ready(struct dsc_nssnap *s, const struct dsc_copied *copied)
{
	s->state = DSC_NSSNAP_READY;
	s->size = copied->size;
	s->block_size = copied->block_size;
	s->held_ms = copied->held_ms;
	s->shared = copied->shared;
	s->taken_ms = copied->taken_ms;
}

void dsc_nssnap_end(struct dsc_app *app, uint64_t id, const struct dsc_copied *copied,
		    const struct dsc_call *call)
{
	struct dsc_txn *txn;
	struct dsc_nssnap *s = change(app, id, call, &txn);

	if (!s)
		return;
	if (cmn_err_is(&copied->err))
		set_failed(s, &copied->err);
	else
		set_ready(s, copied);
	dsc_txn_put(txn, s);
	dsc_txn_commit(txn, call, NULL, NULL);
}

void dsc_nssnap_removed(struct dsc_app *app, uint64_t id, const struct cmn_err *err,
			const struct dsc_call *call)
{
	struct dsc_txn *txn;
	struct dsc_nssnap *s = change(app, id, call, &txn);

	if (!s)
		return;
	if (cmn_err_is(err)) {
		s->deleting = 0;
		dsc_txn_put(txn, s);
	} else {
		dsc_txn_del(txn, s);
		dsc_row_put(s);
	}
	dsc_txn_commit(txn, call, NULL, NULL);
}
