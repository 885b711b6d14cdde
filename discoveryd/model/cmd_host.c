/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_host.c - hosts.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

static int check_name(const char *name, struct cmn_err *err)
{
	if (name && strlen(name) > 255)
		return cmn_err_set(err, -EINVAL, "name", "is longer than 255 bytes");
	return 0;
}

int dsc_cmd_host_create(struct dsc_app *app, const char *nqn, const char *name,
			const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_txn *txn;
	struct dsc_host *h;

	if (dsc_nqn_check(nqn, "nqn", err) < 0 || check_name(name, err) < 0)
		return err->code;
	if (dsc_snapshot_host(dsc_cmd_ahead(app), nqn))
		return cmn_err_set(err, -EEXIST, "nqn", "host %.200s exists already", nqn);
	txn = dsc_txn_begin(app->model);
	h = dsc_row_new(DSC_ROW_HOST);
	h->id = dsc_txn_new_id(txn);
	snprintf(h->nqn, sizeof(h->nqn), "%s", nqn);
	snprintf(h->name, sizeof(h->name), "%s", name ? name : "");
	h->changed = dsc_txn_change(txn);
	h->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, h);
	dsc_txn_commit(txn, call, NULL, nqn);
	return 0;
}

int dsc_cmd_host_update(struct dsc_app *app, const char *nqn, const char *name,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_host *old = dsc_cmd_find_host(dsc_cmd_ahead(app), nqn, err);
	struct dsc_txn *txn;
	struct dsc_host *h;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0 || check_name(name, err) < 0)
		return err->code;
	if (strcmp(old->name, name ? name : "") == 0)
		return 1;
	txn = dsc_txn_begin(app->model);
	h = dsc_row_copy(old);
	snprintf(h->name, sizeof(h->name), "%s", name ? name : "");
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
	dsc_txn_del(txn, dsc_snapshot_host_id(st, id));
	dsc_txn_commit(txn, call, NULL, nqn);
	return 0;
}
