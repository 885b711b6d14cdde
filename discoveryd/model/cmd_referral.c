/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_referral.c - referrals: other discovery controllers that hosts are told of.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "fabrics/spec/nvmf.h"

static int check_unique(const struct dsc_snapshot *st, const struct dsc_referral *r,
			struct cmn_err *err)
{
	const struct dsc_referral *other;

	dsc_tree_each(other, st->referrals, &dsc_referral_ops)
	{
		if (other->port == r->port && !strcmp(other->traddr, r->traddr) &&
		    !strcmp(other->nqn, r->nqn))
			return cmn_err_set(err, -EEXIST, "traddr", "referral %s is to there",
					   other->name);
	}
	return 0;
}

static void set_hosts(struct dsc_referral *r, const struct dsc_list *hosts)
{
	free(r->hosts);
	r->hosts = dsc_cmd_hosts_text(hosts, &r->all_hosts);
}

static int fill(struct dsc_app *app, struct dsc_referral *r, const struct dsc_referral_in *in,
		struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const char *nqn = in->nqn ? in->nqn : NVMF_DISC_NQN;

	if (dsc_cmd_set_address(r->traddr, in->address, err) < 0 ||
	    dsc_nqn_check(nqn, "nqn", err) < 0 ||
	    dsc_cmd_check_whos(st, &in->hosts, "hosts", err) < 0 ||
	    (in->name && dsc_cmd_check_name(in->name, "id", err) < 0))
		return err->code;
	if (in->name && dsc_snapshot_referral(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "referral %s exists already", in->name);
	if (in->name)
		snprintf(r->name, sizeof(r->name), "%s", in->name);
	else
		dsc_free_name(st->referral_names, "r", r->name, sizeof(r->name));
	snprintf(r->nqn, sizeof(r->nqn), "%s", nqn);
	r->port = in->port ? in->port : DSC_DISC_PORT;
	set_hosts(r, &in->hosts);
	if (dsc_cmd_check_not_us(app, r->nqn, r->traddr, r->port, err) < 0)
		return err->code;
	return check_unique(st, r, err);
}

int dsc_cmd_referral_create(struct dsc_app *app, const struct dsc_referral_in *in,
			    const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_referral *r = dsc_row_new(DSC_ROW_REFERRAL);
	char name[DSC_NAME_MAX + 1];
	struct dsc_txn *txn;

	if (fill(app, r, in, err) < 0) {
		dsc_row_put(r);
		return err->code;
	}
	snprintf(name, sizeof(name), "%s", r->name);
	txn = dsc_txn_begin(app->model);
	r->id = dsc_txn_new_id(txn);
	r->changed = dsc_txn_change(txn);
	r->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, r);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

static const struct dsc_referral *find(struct dsc_app *app, const char *name,
				       const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_referral *r = dsc_snapshot_referral(dsc_cmd_ahead(app), name);

	if (!r)
		cmn_err_set(err, -ENOENT, NULL, "there is no referral %.64s", name);
	else if (dsc_cmd_check_match(call, r->changed, err) < 0)
		r = NULL;
	return r;
}

int dsc_cmd_referral_update(struct dsc_app *app, const char *name, const struct dsc_referral_in *in,
			    const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_referral *old = find(app, name, call, err);
	struct dsc_referral *r;
	struct dsc_txn *txn;

	if (!old || dsc_cmd_check_whos(dsc_cmd_ahead(app), &in->hosts, "hosts", err) < 0)
		return err->code;
	if (!in->hosts.set)
		return 1;
	txn = dsc_txn_begin(app->model);
	r = dsc_row_copy(old);
	set_hosts(r, &in->hosts);
	if (r->all_hosts == old->all_hosts && !strcmp(r->hosts, old->hosts)) {
		dsc_row_put(r);
		dsc_txn_abort(txn);
		return 1;
	}
	r->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, r);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

int dsc_cmd_referral_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			    struct cmn_err *err)
{
	const struct dsc_referral *r = find(app, name, call, err);
	struct dsc_txn *txn;

	if (!r)
		return err->code;
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, r);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}
