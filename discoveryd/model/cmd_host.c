/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_host.c - hosts.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

static int check(const struct dsc_snapshot *st, const struct dsc_host_in *in, struct cmn_err *err)
{
	if (in->name && strlen(in->name) > 255)
		return cmn_err_set(err, -EINVAL, "name", "is longer than 255 bytes");
	return dsc_cmd_check_groups(st, &in->groups, err);
}

int dsc_cmd_host_create(struct dsc_app *app, const struct dsc_host_in *in,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	struct dsc_txn *txn;
	struct dsc_host *h;
	uint64_t id;

	if (dsc_nqn_check(in->nqn, "nqn", err) < 0 || check(st, in, err) < 0)
		return err->code;
	if (dsc_snapshot_host(st, in->nqn))
		return cmn_err_set(err, -EEXIST, "nqn", "host %.200s exists already", in->nqn);
	txn = dsc_txn_begin(app->model);
	h = dsc_row_new(DSC_ROW_HOST);
	id = h->id = dsc_txn_new_id(txn);
	snprintf(h->nqn, sizeof(h->nqn), "%s", in->nqn);
	snprintf(h->name, sizeof(h->name), "%s", in->name ? in->name : "");
	h->changed = dsc_txn_change(txn);
	h->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, h);
	dsc_cmd_set_groups(txn, id, &in->groups);
	dsc_txn_commit(txn, call, NULL, in->nqn);
	return 0;
}

int dsc_cmd_host_update(struct dsc_app *app, const char *nqn, const struct dsc_host_in *in,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_host *old = dsc_cmd_find_host(st, nqn, err);
	struct dsc_txn *txn;
	struct dsc_host *h;
	bool changed;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 || check(st, in, err) < 0)
		return err->code;
	changed = in->name && strcmp(old->name, in->name) != 0;
	txn = dsc_txn_begin(app->model);
	if (in->groups.set && dsc_cmd_set_groups(txn, old->id, &in->groups))
		changed = true;
	if (!changed) {
		dsc_txn_abort(txn);
		return 1;
	}
	h = dsc_row_copy(dsc_snapshot_host(st, nqn));
	if (in->name)
		snprintf(h->name, sizeof(h->name), "%s", in->name);
	h->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, h);
	dsc_txn_commit(txn, call, NULL, nqn);
	return 0;
}

/* -- delete ----------------------------------------------------------------------------------------- */
int dsc_cmd_host_delete(struct dsc_app *app, const char *nqn, const struct dsc_call *call,
			struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_host *h = dsc_cmd_find_host(st, nqn, err);
	struct dsc_txn *txn;
	uint64_t id;

	if (!h || dsc_cmd_check_match(call, h->changed, err) < 0)
		return err->code;
	if (!(call && call->force) && dsc_cmd_check_who_unused(st, h->id, err) < 0)
		return err->code;
	id = h->id;
	txn = dsc_txn_begin(app->model);
	dsc_cmd_drop_who(txn, id);
	dsc_cmd_drop_keys(txn, id);
	dsc_txn_del(txn, dsc_snapshot_host_id(st, id));
	dsc_txn_commit(txn, call, NULL, nqn);
	return 0;
}
