/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_worker.c - workers, and what the first start makes.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

#define SOCKET_PATH_MAX 107 /* of struct sockaddr_un, without the end */

static int check_cpu_list(const char *list, struct cmn_err *err)
{
	if (list && (strlen(list) > 63 || strspn(list, "0123456789,-") != strlen(list)))
		return cmn_err_set(err, -EINVAL, "cpu_list", "must be of the form 0-3,8");
	return 0;
}

static int check(const struct dsc_worker_in *in, struct cmn_err *err)
{
	if (in->reactors > 256)
		return cmn_err_set(err, -EINVAL, "reactors", "must be 0 to 256");
	return check_cpu_list(in->cpu_list, err);
}

/* This machine's row; the first start makes it. */
static uint64_t node_id(struct dsc_app *app, struct dsc_txn *txn)
{
	const struct dsc_node *old = dsc_tree_next(dsc_txn_state(txn)->nodes, &dsc_node_ops, NULL);
	struct dsc_node *node;
	uint64_t id;

	if (old)
		return old->id;
	node = dsc_row_new(DSC_ROW_NODE);
	id = node->id = dsc_txn_new_id(txn);
	snprintf(node->name, sizeof(node->name), "%s", app->node);
	dsc_txn_put(txn, node);
	return id;
}

int dsc_cmd_worker_create(struct dsc_app *app, const struct dsc_worker_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	char name[DSC_NAME_MAX + 1];
	struct dsc_worker *w;
	struct dsc_txn *txn;

	if (in->name && dsc_cmd_check_name(in->name, "id", err) < 0)
		return err->code;
	if (in->name && dsc_snapshot_worker(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "worker %s exists already", in->name);
	if (check(in, err) < 0)
		return err->code;
	if (in->name && app->opt.run_dir &&
	    strlen(app->opt.run_dir) + strlen(in->name) > SOCKET_PATH_MAX - strlen("/worker-.sock"))
		return cmn_err_set(err, -EINVAL, "id", "is too long for a socket's path in %.100s",
				   app->opt.run_dir);
	if (in->name)
		snprintf(name, sizeof(name), "%s", in->name);
	else
		dsc_free_name(st->worker_names, "w", name, sizeof(name));
	txn = dsc_txn_begin(app->model);
	w = dsc_row_new(DSC_ROW_WORKER);
	w->id = dsc_txn_new_id(txn);
	w->node_id = node_id(app, txn);
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->reactors = in->reactors;
	snprintf(w->cpu_list, sizeof(w->cpu_list), "%s", in->cpu_list ? in->cpu_list : "");
	w->changed = dsc_txn_change(txn);
	w->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, w);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_worker_update(struct dsc_app *app, const char *name, const struct dsc_worker_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_worker *old = dsc_cmd_find_worker(dsc_cmd_ahead(app), name, err);
	struct dsc_worker *w;
	struct dsc_txn *txn;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 || check(in, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	w = dsc_row_copy(old);
	if (in->reactors_set)
		w->reactors = in->reactors;
	if (in->cpu_list)
		snprintf(w->cpu_list, sizeof(w->cpu_list), "%s", in->cpu_list);
	if (w->reactors == old->reactors && strcmp(w->cpu_list, old->cpu_list) == 0) {
		dsc_row_put(w);
		dsc_txn_abort(txn);
		return 1;
	}
	w->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, w);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_worker_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			  struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_worker *w = dsc_cmd_find_worker(st, name, err);
	struct dsc_names names = { .nr = 0 };
	const struct dsc_portal *p;
	const struct dsc_subsys *s;
	struct dsc_txn *txn;

	if (!w || dsc_cmd_check_match(call, w->changed, err) < 0)
		return err->code;
	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		if (s->worker_id == w->id)
			dsc_names_add(&names, s->nqn);
	}
	for (p = dsc_snapshot_worker_portal(st, w->id, 0); p;
	     p = dsc_snapshot_worker_portal(st, w->id, p->id))
		dsc_names_add(&names, p->name);
	if (names.nr)
		return cmn_err_set(err, -EBUSY, NULL, "there are on it: %s",
				   dsc_names_text(&names));
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, w);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}
