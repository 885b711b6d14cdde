/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_restore.c - namespaces that are made from snapshots.
 * Owns: nothing.  Thread: the control loop.  May block: never.
 *
 * Three transactions.  The first notes what is to be made, so that a start after a crash knows which file nobody needs; the supervisor
 * (supervise/copies.c) has it copied.  The second makes the namespace, once its file is there, and is taken back if its worker can't open it. The third takes the note away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"

/* -- the note ------------------------------------------------------------------------------------------ */
static int check_source(const struct dsc_nssnap *s, const struct dsc_ns_in *in, struct cmn_err *err)
{
	if (!s || s->deleting)
		return cmn_err_set(err, -EINVAL, "snapshot", "there is no snapshot %.64s",
				   in->snapshot);
	if (s->state != DSC_NSSNAP_READY)
		return cmn_err_set(err, -EINVAL, "snapshot", "%s is %s", s->name,
				   s->state == DSC_NSSNAP_FAILED ? "one that failed"
								 : "not ready yet");
	if (in->backend && strcmp(in->backend, dsc_backend_name[DSC_BACKEND_FILE]) != 0)
		return cmn_err_set(err, -EINVAL, "backend",
				   "must be file: what comes from a snapshot is in a file");
	if (!in->path)
		return cmn_err_set(err, -EINVAL, "path",
				   "is needed: the file that becomes a copy of the snapshot");
	if (in->block_size && in->block_size != s->block_size)
		return cmn_err_set(err, -EINVAL, "block_size", "must be that of the snapshot, %u",
				   s->block_size);
	return 0;
}

const struct dsc_nssnap *dsc_cmd_restore_of(const struct dsc_snapshot *st,
					    const struct dsc_ns_in *in, struct cmn_err *err)
{
	const struct dsc_nssnap *s = dsc_snapshot_nssnap(st, in->snapshot);

	return check_source(s, in, err) < 0 ? NULL : s;
}

bool dsc_cmd_nsid_is_promised(const struct dsc_snapshot *st, uint64_t subsys_id, uint32_t nsid)
{
	const struct dsc_restore *r;

	dsc_tree_each(r, st->restores, &dsc_restore_ops)
	{
		if (r->subsys_id == subsys_id && r->nsid == nsid)
			return true;
	}
	return false;
}

void dsc_cmd_restore(struct dsc_app *app, struct dsc_ns *ns, const struct dsc_ns_in *in,
		     const struct dsc_call *call)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_nssnap *from = dsc_snapshot_nssnap(st, in->snapshot);
	struct dsc_target target = { .nsid = ns->nsid, .later = true };
	struct dsc_restore *r = dsc_row_new(DSC_ROW_RESTORE);
	const char *nqn = dsc_snapshot_subsys_id(st, ns->subsys_id)->nqn;
	bool all;
	struct dsc_txn *txn;

	r->nssnap_id = from->id;
	r->subsys_id = ns->subsys_id;
	r->nsid = ns->nsid;
	r->size = from->size;
	r->path = dsc_strdup(ns->path);
	if (ns->restricted)
		r->hosts = dsc_cmd_hosts_text(&in->hosts, &all);
	r->ns = ns;
	txn = dsc_txn_begin(app->model);
	r->id = target.job = dsc_txn_new_id(txn);
	dsc_txn_put(txn, r);
	dsc_txn_commit(txn, call, &target, nqn);
}

/* -- the namespace ----------------------------------------------------------------------------------------- */
/* The lines as a list; the caller frees *ret_text and ret->item. */
static void split_hosts(const struct dsc_restore *r, struct dsc_list *ret, char **ret_text)
{
	char *text = dsc_strdup(r->hosts ? r->hosts : ""), *save = NULL;
	const char **item = NULL;
	size_t max = 0;

	*ret = (struct dsc_list){ .set = true, .null = !r->hosts };
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		item = dsc_grow(item, ret->nr, &max, sizeof(*item));
		item[ret->nr++] = line;
	}
	ret->item = item;
	*ret_text = text;
}

/* What may have changed while the file was copied. */
static int check_still(const struct dsc_snapshot *st, const struct dsc_restore *r,
		       const struct dsc_list *hosts, struct cmn_err *err)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, r->subsys_id);

	if (!s)
		return cmn_err_set(err, -ENOENT, NULL, "the subsystem was deleted meanwhile");
	if (dsc_snapshot_ns(s, r->nsid))
		return cmn_err_set(err, -EEXIST, "nsid", "namespace %u exists already", r->nsid);
	if (dsc_tree_find(st->uuids, &dsc_uuid_ops, &r->ns->uuid))
		return cmn_err_set(err, -EEXIST, "uuid", "another namespace has it");
	if (dsc_cmd_check_ana_group(st, r->ns->ana_group, err) < 0)
		return err->code;
	return dsc_cmd_check_whos(st, hosts, "hosts", err);
}

static int make(struct dsc_app *app, const struct dsc_restore *r, const struct dsc_list *hosts,
		const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	struct dsc_target target = { .nsid = r->nsid, .subsys_id = r->subsys_id, .undo = true };
	const struct dsc_subsys *s;
	struct dsc_txn *txn;
	struct dsc_ns *ns;

	if (check_still(st, r, hosts, err) < 0)
		return err->code;
	s = dsc_snapshot_subsys_id(st, r->subsys_id);
	target.worker_id = s->worker_id;
	ns = dsc_row_copy(r->ns);
	txn = dsc_txn_begin(app->model);
	ns->changed = dsc_txn_change(txn);
	ns->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, ns);
	dsc_cmd_set_ns_hosts(txn, ns, hosts);
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, NULL);
	return 0;
}

int dsc_restore_make(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
		     struct cmn_err *err)
{
	struct dsc_restore *r = dsc_row_get(dsc_snapshot_restore_id(dsc_cmd_ahead(app), id));
	struct dsc_list hosts;
	char *text;
	int rc;

	if (!r || !r->ns) {
		dsc_row_put(r);
		return cmn_err_set(err, -ENOENT, NULL, "it was forgotten meanwhile");
	}
	split_hosts(r, &hosts, &text);
	rc = make(app, r, &hosts, call, err);
	free((void *)hosts.item);
	free(text);
	dsc_row_put(r);
	return rc;
}

void dsc_restore_end(struct dsc_app *app, uint64_t id, const struct dsc_call *call)
{
	const struct dsc_restore *r = dsc_snapshot_restore_id(dsc_cmd_ahead(app), id);
	struct dsc_txn *txn;

	if (!r) {
		call->done(call->arg, &(struct dsc_outcome){ .state = DSC_READY });
		return;
	}
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, r);
	dsc_txn_commit(txn, call, NULL, NULL);
}
