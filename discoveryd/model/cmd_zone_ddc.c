/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_zone_ddc.c - zone groups that other discovery controllers add to, and take from, what is enforced.
 * Owns: nothing.  Thread: the control loop.  May block: never.  Spec: NVM Express Base 2.1, 8.3.2.3.8 (AAZ, RAZ).
 *
 * Who may, and what such a group can say anything about, is checked where it comes in (disc/zoning.c) and where it is asked
 * (zoning.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "discoveryd/model/cmd_zoning.h"

int dsc_cmd_zone_ddc(struct dsc_app *app, const struct dsc_ddc_group *in,
		     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_zone_active *old = dsc_snapshot_zone_active(st, in->originator, in->name);
	const struct dsc_zoning *last = dsc_snapshot_zoning(st);
	char text[300];
	struct dsc_zone_past *past;
	struct dsc_txn *txn;

	if (!in->zones && !old)
		return cmn_err_set(err, -ENOENT, NULL, "no such zone group is active");
	snprintf(text, sizeof(text), "zone group %s of %.223s is %s", in->name, in->originator,
		 in->zones ? "active" : "removed");
	txn = dsc_txn_begin(app->model);
	if (in->zones)
		dsc_zone_put_active(txn, in->originator, in->name, in->key, in->zones);
	else
		dsc_zone_end_active(txn, old);
	past = dsc_zone_new_version(txn, DSC_ZONE_PAST_DDC);
	past->grace = last &&
		      last->grace; /* it says nothing about those who are connected to ours */
	free(past->summary);
	past->summary = dsc_strdup(text);
	dsc_zone_put_version(txn, past);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_zone_key(struct dsc_app *app, uint32_t *ret_key, const struct dsc_call *call,
		     struct cmn_err *err)
{
	struct dsc_txn *txn = dsc_txn_begin(app->model);

	(void)err;
	*ret_key = (uint32_t)dsc_txn_new_id(txn); /* ids are never given out twice */
	dsc_txn_commit(txn, call, NULL, "");
	return 0;
}
