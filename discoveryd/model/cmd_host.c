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
struct namespaces_of {
	uint64_t subsys_id;
	uint32_t nsid;
};

/* The next namespace, anywhere, whose list holds the host. */
static const struct dsc_ns *next_ns(const struct dsc_snapshot *st, uint64_t host_id,
				    struct namespaces_of *at)
{
	const struct dsc_subsys *s = dsc_snapshot_subsys_id(st, at->subsys_id);
	const struct dsc_ns *ns;

	for (;;) {
		while (s && (ns = dsc_tree_next(s->namespaces, &dsc_ns_ops, &at->nsid))) {
			at->nsid = ns->nsid;
			if (dsc_tree_find(ns->hosts, &dsc_ids_ops, &host_id))
				return ns;
		}
		s = dsc_tree_next(st->subsystems, &dsc_subsys_ops, &at->subsys_id);
		if (!s)
			return NULL;
		at->subsys_id = s->id;
		at->nsid = 0;
	}
}

static int check_unused(const struct dsc_snapshot *st, const struct dsc_host *h,
			struct cmn_err *err)
{
	struct namespaces_of at = { .nsid = 0 };
	struct dsc_names names = { .nr = 0 };
	const struct dsc_subsys *s;
	void *id;

	dsc_tree_each(id, h->subsystems, &dsc_ids_ops)
	{
		s = dsc_snapshot_subsys_id(st, dsc_id(id));
		if (s)
			dsc_names_add(&names, s->nqn);
	}
	if (names.nr)
		return cmn_err_set(err, -EBUSY, NULL, "subsystems allow it: %s",
				   dsc_names_text(&names));
	if (next_ns(st, h->id, &at))
		return cmn_err_set(err, -EBUSY, NULL, "namespace %u of %.200s is kept to it",
				   at.nsid, dsc_snapshot_subsys_id(st, at.subsys_id)->nqn);
	return 0;
}

static void drop_host(struct dsc_txn *txn, uint64_t id)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	struct namespaces_of at = { .nsid = 0 };
	const struct dsc_host *h;
	const struct dsc_ns *ns;
	const void *value;

	while ((h = dsc_snapshot_host_id(st, id)) &&
	       (value = dsc_tree_next(h->subsystems, &dsc_ids_ops, NULL))) {
		dsc_cmd_drop_link(txn, dsc_id(value), id);
		dsc_txn_mark(txn, dsc_id(value));
	}
	while ((ns = next_ns(st, id, &at))) {
		dsc_cmd_ns_link(txn, ns, id, true);
		dsc_txn_mark(txn, at.subsys_id);
	}
	dsc_txn_del(txn, dsc_snapshot_host_id(st, id));
}

int dsc_cmd_host_delete(struct dsc_app *app, const char *nqn, const struct dsc_call *call,
			struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_host *h = dsc_cmd_find_host(st, nqn, err);
	struct dsc_txn *txn;

	if (!h || dsc_cmd_check_match(call, h->changed, err) < 0)
		return err->code;
	if (!(call && call->force) && check_unused(st, h, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	drop_host(txn, h->id);
	dsc_txn_commit(txn, call, NULL, nqn);
	return 0;
}
