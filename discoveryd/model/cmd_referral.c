/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_referral.c - referrals: other discovery controllers that hosts are told of.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "fabrics/spec/nvmf.h"

/* In the short form; a referral is to somewhere. */
static int set_address(struct dsc_referral *r, const char *address, struct cmn_err *err)
{
	int family = address && strchr(address, ':') ? AF_INET6 : AF_INET;
	struct in6_addr a;

	if (!address || inet_pton(family, address, &a) != 1)
		return cmn_err_set(err, -EINVAL, "traddr", "an IPv4 or IPv6 address is needed");
	inet_ntop(family, &a, r->traddr, sizeof(r->traddr));
	if (!strcmp(r->traddr, "0.0.0.0") || !strcmp(r->traddr, "::"))
		return cmn_err_set(err, -EINVAL, "traddr",
				   "a wildcard is no address to connect to");
	return 0;
}

/* Ourselves, as far as that can be known before a host asks. */
static int check_not_us(struct dsc_app *app, const struct dsc_referral *r, struct cmn_err *err)
{
	if (!strcmp(r->nqn, app->disc_nqn))
		return cmn_err_set(err, -EINVAL, "nqn", "is this discovery controller's own");
	for (unsigned int i = 0; i < app->opt.nr_listen; i++) {
		if (app->opt.listen[i].port == r->port &&
		    !strcmp(app->opt.listen[i].address, r->traddr))
			return cmn_err_set(err, -EINVAL, "traddr",
					   "this discovery controller itself listens there");
	}
	return 0;
}

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

/* NQNs, each ended by a newline; unset or null: every host. */
static void set_hosts(struct dsc_referral *r, const struct dsc_list *hosts)
{
	size_t size = 1;
	char *text;

	r->all_hosts = !hosts->set || hosts->null;
	for (size_t i = 0; !r->all_hosts && i < hosts->nr; i++)
		size += strlen(hosts->item[i]) + 1;
	free(r->hosts);
	text = r->hosts = dsc_zalloc(size);
	for (size_t i = 0; !r->all_hosts && i < hosts->nr; i++)
		text += sprintf(text, "%s\n", hosts->item[i]);
}

static int fill(struct dsc_app *app, struct dsc_referral *r, const struct dsc_referral_in *in,
		struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const char *nqn = in->nqn ? in->nqn : NVMF_DISC_NQN;

	if (set_address(r, in->address, err) < 0 || dsc_nqn_check(nqn, "nqn", err) < 0 ||
	    dsc_cmd_check_whos(st, &in->hosts, "hosts", err) < 0 ||
	    (in->name && dsc_cmd_check_name(in->name, "id", err) < 0))
		return err->code;
	if (in->name && dsc_snapshot_referral(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "referral %s exists already", in->name);
	if (in->name)
		snprintf(r->name, sizeof(r->name), "%s", in->name);
	else
		dsc_free_name(st->referral_names, 'r', r->name, sizeof(r->name));
	snprintf(r->nqn, sizeof(r->nqn), "%s", nqn);
	r->port = in->port ? in->port : DSC_DISC_PORT;
	set_hosts(r, &in->hosts);
	if (check_not_us(app, r, err) < 0)
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
