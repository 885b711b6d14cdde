/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_register.c - registrations by Discovery Information Management.
 * Owns: nothing.  Thread: the control loop.  May block: never.  Spec: NVM Express Base 2.1, 5.3.3.
 *
 * What is registered is kept and shown; no host is told of a registered subsystem before an operator has admitted the discovery
 * controller that registered it, for whoever reaches this one could name a subsystem. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/model_impl.h"
#include "fabrics/dim.h"

#define REGS_PER_HOST 32

/* -- addresses ---------------------------------------------------------------------------------------- */
void dsc_peer_address(const struct sockaddr_storage *peer, char ret[64], uint8_t *ret_adrfam)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *in = (const struct sockaddr_in *)peer;

	*ret_adrfam = NVMF_ADRFAM_IPV4;
	if (peer->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ret, 64);
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, ret, 64);
	} else {
		*ret_adrfam = NVMF_ADRFAM_IPV6;
		inet_ntop(AF_INET6, &in6->sin6_addr, ret, 64);
	}
}

static bool usable(int family, const void *addr)
{
	if (family == AF_INET)
		return *(const uint32_t *)addr != 0 && *(const uint8_t *)addr < 224;
	return !IN6_IS_ADDR_UNSPECIFIED((const struct in6_addr *)addr) &&
	       !IN6_IS_ADDR_MULTICAST((const struct in6_addr *)addr);
}

static int set_address(struct dsc_reg *r, const struct fab_disc_record *rec,
		       const struct sockaddr_storage *peer, struct cmn_err *err)
{
	int family = rec->adrfam == NVMF_ADRFAM_IPV6 ? AF_INET6 : AF_INET;
	struct in6_addr addr;
	uint8_t peer_adrfam;
	char from[64] = "";

	dsc_peer_address(peer, from, &peer_adrfam);
	if (!*rec->traddr) {
		snprintf(r->traddr, sizeof(r->traddr), "%s", from);
		r->adrfam = peer_adrfam;
		r->verified = true;
		return 0;
	}
	if (inet_pton(family, rec->traddr, &addr) != 1 || !usable(family, &addr))
		return cmn_err_set(err, -EINVAL, "traddr", "\"%.60s\" is not an address of IPv%c",
				   rec->traddr, family == AF_INET ? '4' : '6');
	inet_ntop(family, &addr, r->traddr, sizeof(r->traddr));
	r->adrfam = rec->adrfam;
	r->verified = !strcmp(r->traddr, from);
	return 0;
}

/* -- entries -------------------------------------------------------------------------------------------- */
/* The fields that EKTYPE names, in one text. */
char *dsc_reg_make_key(const struct dsc_reg *r, uint16_t ektype)
{
	char key[512];

	if (ektype == NVMF_DIM_EKTYPE_PORTID)
		snprintf(key, sizeof(key), "%x %u %s %u %u %s", ektype, r->adrfam, r->trsvcid,
			 r->sectype, r->portid, r->nqn);
	else
		snprintf(key, sizeof(key), "%x %u %s %u %s %s", ektype, r->adrfam, r->trsvcid,
			 r->sectype, r->traddr, r->nqn);
	return dsc_strdup(key);
}

/* A row of its own with what the entry says; NULL with err. */
static struct dsc_reg *reg_from(const struct dsc_register_in *in, const struct fab_dim_entry *e,
				struct cmn_err *err)
{
	struct dsc_reg *r = dsc_row_new(DSC_ROW_REG);

	if (set_address(r, &e->rec, in->peer, err) < 0) {
		dsc_row_put(r);
		return NULL;
	}
	snprintf(r->nqn, sizeof(r->nqn), "%s", e->rec.subnqn);
	snprintf(r->trsvcid, sizeof(r->trsvcid), "%s", e->rec.trsvcid);
	r->subtype = e->rec.subtype;
	r->treq = e->rec.treq;
	r->sectype = e->rec.sectype;
	r->portid = e->rec.portid;
	r->cntlid = e->rec.cntlid;
	r->asqsz = e->rec.asqsz;
	r->port_local = in->dim->portlcl;
	memcpy(r->host_id, e->hostid, sizeof(r->host_id));
	r->label = dsc_strdup(e->label);
	r->key = dsc_reg_make_key(r, in->dim->ektype);
	return r;
}

bool dsc_reg_same(const struct dsc_reg *a, const struct dsc_reg *b)
{
	return !strcmp(a->key, b->key) && !strcmp(a->traddr, b->traddr) &&
	       !strcmp(a->label, b->label) && a->subtype == b->subtype && a->treq == b->treq &&
	       a->portid == b->portid && a->cntlid == b->cntlid && a->asqsz == b->asqsz &&
	       a->port_local == b->port_local && a->verified == b->verified &&
	       !memcmp(a->host_id, b->host_id, sizeof(a->host_id));
}

/* Whoever reads of this host in the host discovery log finds something new there. */
static void touch(struct dsc_txn *txn, const struct dsc_reg *r)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_entity *e = dsc_snapshot_entity_id(st, r->entity_id);
	struct dsc_view *view;

	if (!e || e->etype == NVMF_DIM_DDC ||
	    dsc_snapshot_host_genctr(st, r->nqn) == dsc_txn_change(txn))
		return;
	view = dsc_row_new(DSC_ROW_HOST_VIEW);
	snprintf(view->nqn, sizeof(view->nqn), "%s", r->nqn);
	view->gen = dsc_txn_change(txn);
	dsc_txn_put(txn, view);
}

/* A registration under way. */
struct job {
	struct dsc_app *app;
	const struct dsc_register_in *in;
	struct dsc_txn *txn;
	uint64_t entity_id;
	bool changed;
};

static const struct dsc_entity *entity_of(const struct job *job)
{
	return dsc_snapshot_entity_id(dsc_txn_state(job->txn), job->entity_id);
}

static int check_room(const struct job *job, struct cmn_err *err)
{
	unsigned int quota = job->app->opt.regs_per_host ? job->app->opt.regs_per_host
							 : REGS_PER_HOST;

	if (job->in->dim->etype != NVMF_DIM_HOST)
		quota = DSC_REGS_PER_DC;
	if (dsc_tree_count(entity_of(job)->regs) >= quota)
		return cmn_err_set(err, -ENOSPC, "quota",
				   "%.100s has registered its %u entries already",
				   job->in->dim->eid, quota);
	if (dsc_tree_count(dsc_txn_state(job->txn)->regs) >= DSC_REGS_MAX)
		return cmn_err_set(err, -ENOSPC, NULL, "there are %u registrations already",
				   DSC_REGS_MAX);
	return 0;
}

/* In place of old, if there is one; takes r's reference over. */
static int put_reg(struct job *job, struct dsc_reg *r, const struct dsc_reg *old,
		   struct cmn_err *err)
{
	if (!old && check_room(job, err) < 0) {
		dsc_row_put(r);
		return err->code;
	}
	if (old && dsc_reg_same(old, r)) {
		dsc_row_put(r);
		return 0;
	}
	r->id = old ? old->id : dsc_txn_new_id(job->txn);
	r->created_ms = old ? old->created_ms : cmn_wall_ms();
	r->entity_id = job->entity_id;
	r->changed = dsc_txn_change(job->txn);
	r->label_since = old && !strcmp(old->label, r->label) ? old->label_since : r->changed;
	touch(job->txn, r);
	if (old && strcmp(old->nqn, r->nqn) != 0)
		touch(job->txn, old);
	dsc_txn_put(job->txn, r);
	job->changed = true;
	return 0;
}

static void drop_reg(struct job *job, const struct dsc_reg *r)
{
	touch(job->txn, r);
	dsc_txn_del(job->txn, r);
	job->changed = true;
}

static const struct dsc_reg *find_reg(const struct job *job, const struct dsc_reg *like)
{
	return dsc_tree_find(entity_of(job)->regs, &dsc_reg_key_ops, like->key);
}

static int run_one(struct job *job, const struct fab_dim_entry *e, struct cmn_err *err)
{
	struct dsc_reg *r = reg_from(job->in, e, err);
	const struct dsc_reg *old;

	if (!r)
		return err->code;
	old = find_reg(job, r);
	if (job->in->dim->task == FAB_DIM_REGISTER)
		return put_reg(job, r, old, err);
	if (old)
		drop_reg(job, old); /* one that isn't there is gone already */
	dsc_row_put(r);
	return 0;
}

/* The second entry takes the place of what the first one names. */
static int run_update(struct job *job, const struct fab_dim_entry *e, struct cmn_err *err)
{
	struct dsc_reg *first = reg_from(job->in, &e[0], err), *second;
	const struct dsc_reg *old, *other;
	int rc;

	if (!first)
		return err->code;
	old = find_reg(job, first);
	dsc_row_put(first);
	if (!old)
		return cmn_err_set(err, -EINVAL, "nument",
				   "the entry that is to be updated is not registered");
	second = reg_from(job->in, &e[1], err);
	if (!second)
		return err->code;
	old = dsc_row_get(old);
	other = find_reg(job, second);
	if (other && other->id != old->id)
		drop_reg(job, other);
	rc = put_reg(job, second, old, err);
	dsc_row_put((void *)(uintptr_t)old);
	return rc;
}

static int run_entries(struct job *job, struct cmn_err *err)
{
	struct fab_dim_entry e[2];
	uint32_t pos = 0;

	if (job->in->dim->task == FAB_DIM_UPDATE) {
		if (!fab_dim_next(job->in->dim, &pos, &e[0]) ||
		    !fab_dim_next(job->in->dim, &pos, &e[1]))
			return cmn_err_set(err, -EINVAL, "nument", "an update has two entries");
		return run_update(job, e, err);
	}
	while (fab_dim_next(job->in->dim, &pos, &e[0])) {
		if (run_one(job, &e[0], err) < 0)
			return err->code;
	}
	return 0;
}

/* -- entities --------------------------------------------------------------------------------------------- */
static int check_entity(const struct dsc_snapshot *st, const struct dsc_register_in *in,
			const struct dsc_entity *e, struct cmn_err *err)
{
	if (in->dim->etype == NVMF_DIM_HOST && strcmp(in->dim->eid, in->owner) != 0)
		return cmn_err_set(
			err, -EINVAL, "eid",
			"a host registers for itself, by the NQN that it connected with");
	if (e && strcmp(e->owner, in->owner) != 0)
		return cmn_err_set(err, -EINVAL, "eid", "%.100s is registered by another host",
				   e->eid);
	if (e && e->etype != in->dim->etype)
		return cmn_err_set(err, -EINVAL, "etype", "%.100s is registered as a %s", e->eid,
				   fab_dim_etype_name(e->etype));
	return e ? dsc_cmd_check_dc_peer(st, e, in->peer, err) : 0;
}

/* The entity as the header tells it, new or changed. */
static void put_entity(struct job *job, const struct dsc_entity *old)
{
	const struct fab_dim *dim = job->in->dim;
	struct dsc_entity *e;

	if (old && !strcmp(old->name, dim->ename) && !strcmp(old->version, dim->ever) &&
	    !old->away && (old->dc_id || old->etype == NVMF_DIM_HOST)) {
		job->entity_id = old->id;
		return;
	}
	e = old ? dsc_row_copy(old) : dsc_row_new(DSC_ROW_ENTITY);
	if (!old) {
		e->id = dsc_txn_new_id(job->txn);
		e->created_ms = cmn_wall_ms();
		snprintf(e->eid, sizeof(e->eid), "%s", dim->eid);
		snprintf(e->owner, sizeof(e->owner), "%s", job->in->owner);
		e->etype = (uint8_t)dim->etype;
	}
	snprintf(e->name, sizeof(e->name), "%s", dim->ename);
	snprintf(e->version, sizeof(e->version), "%s", dim->ever);
	if (e->etype != NVMF_DIM_HOST)
		e->dc_id = dsc_cmd_dc_of_entity(job->app, job->txn, e, job->in);
	e->away = false;
	e->changed = dsc_txn_change(job->txn);
	job->entity_id = e->id;
	job->changed = true;
	dsc_txn_put(job->txn, e);
}

/* One that has nothing registered any more isn't kept. */
static void drop_if_empty(struct dsc_txn *txn, uint64_t entity_id)
{
	const struct dsc_entity *e = dsc_snapshot_entity_id(dsc_txn_state(txn), entity_id);
	uint64_t dc_id = e ? e->dc_id : 0;

	if (!e || e->regs)
		return;
	dsc_txn_del(txn, e);
	if (dc_id)
		dsc_cmd_dc_left(txn, dc_id);
}

int dsc_cmd_register(struct dsc_app *app, const struct dsc_register_in *in,
		     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_entity *entity = dsc_snapshot_entity(st, in->dim->eid);
	bool settled = dsc_model_now(app->model)->change == st->change;
	struct job job = { .app = app, .in = in };

	if (check_entity(st, in, entity, err) < 0)
		return err->code;
	if (!entity && in->dim->task == FAB_DIM_UPDATE)
		return cmn_err_set(err, -EINVAL, "eid", "%.100s has registered nothing",
				   in->dim->eid);
	if (!entity && in->dim->task == FAB_DIM_DEREGISTER && settled)
		return 1;
	job.txn = dsc_txn_begin(app->model);
	if (entity || in->dim->task != FAB_DIM_DEREGISTER) {
		put_entity(&job, entity);
		if (run_entries(&job, err) < 0) {
			dsc_txn_abort(job.txn);
			return err->code;
		}
		drop_if_empty(job.txn, job.entity_id);
	}
	if (!job.changed && settled) {
		dsc_txn_abort(job.txn);
		return 1;
	}
	/* Also when nothing changed: what it is equal to may still be on its way to the disk. */
	dsc_txn_commit(job.txn, call, NULL, in->dim->eid);
	return 0;
}

/* -- removal ---------------------------------------------------------------------------------------------- */
int dsc_cmd_reg_delete(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
		       struct cmn_err *err)
{
	const struct dsc_reg *r = dsc_snapshot_reg_id(dsc_cmd_ahead(app), id);
	uint64_t entity_id = r ? r->entity_id : 0;
	struct dsc_txn *txn;

	if (!r)
		return cmn_err_set(err, -ENOENT, NULL, "there is no registration %llu",
				   (unsigned long long)id);
	if (dsc_cmd_check_match(call, r->changed, err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	touch(txn, r);
	dsc_txn_del(txn, r);
	drop_if_empty(txn, entity_id);
	dsc_txn_commit(txn, call, NULL, "");
	return 0;
}

int dsc_cmd_entity_delete(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
			  struct cmn_err *err)
{
	const struct dsc_entity *e = dsc_snapshot_entity_id(dsc_cmd_ahead(app), id);
	const struct dsc_reg *r;
	struct dsc_txn *txn;

	if (!e)
		return cmn_err_set(err, -ENOENT, NULL, "there is no entity %llu",
				   (unsigned long long)id);
	txn = dsc_txn_begin(app->model);
	while ((e = dsc_snapshot_entity_id(dsc_txn_state(txn), id)) &&
	       (r = dsc_tree_next(e->regs, &dsc_reg_key_ops, NULL))) {
		touch(txn, r);
		dsc_txn_del(txn, r);
	}
	drop_if_empty(txn, id);
	dsc_txn_commit(txn, call, NULL, "");
	return 0;
}
