/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_dc.c - other discovery controllers: those that operators name, those that turn up, and what was read of them.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/model_impl.h"
#include "fabrics/dim.h"
#include "fabrics/spec/nvme.h"

const char *const dsc_dc_source_name[DSC_DC_SOURCE_COUNT] = {
	[DSC_DC_CONFIGURED] = "configured",
	[DSC_DC_REGISTERED] = "registered",
	[DSC_DC_MDNS] = "mdns",
	[DSC_DC_KICKSTART] = "kickstart",
};

/* -- where it is ------------------------------------------------------------------------------------------ */
int dsc_cmd_set_address(char ret[64], const char *address, struct cmn_err *err)
{
	int family = address && strchr(address, ':') ? AF_INET6 : AF_INET;
	struct in6_addr a;

	if (!address || inet_pton(family, address, &a) != 1)
		return cmn_err_set(err, -EINVAL, "traddr", "an IPv4 or IPv6 address is needed");
	inet_ntop(family, &a, ret, 64);
	if (!strcmp(ret, "0.0.0.0") || !strcmp(ret, "::"))
		return cmn_err_set(err, -EINVAL, "traddr",
				   "a wildcard is no address to connect to");
	return 0;
}

int dsc_cmd_check_not_us(struct dsc_app *app, const char *nqn, const char *traddr, uint16_t port,
			 struct cmn_err *err)
{
	if (!strcmp(nqn, app->disc_nqn))
		return cmn_err_set(err, -EINVAL, "nqn", "is this discovery controller's own");
	for (unsigned int i = 0; i < app->opt.nr_listen; i++) {
		if (app->opt.listen[i].port == port && !strcmp(app->opt.listen[i].address, traddr))
			return cmn_err_set(err, -EINVAL, "traddr",
					   "this discovery controller itself listens there");
	}
	return 0;
}

char *dsc_cmd_hosts_text(const struct dsc_list *hosts, bool *ret_all)
{
	size_t size = 1;
	char *text, *end;

	*ret_all = !hosts->set || hosts->null;
	for (size_t i = 0; !*ret_all && i < hosts->nr; i++)
		size += strlen(hosts->item[i]) + 1;
	text = end = dsc_zalloc(size);
	for (size_t i = 0; !*ret_all && i < hosts->nr; i++)
		end += sprintf(end, "%s\n", hosts->item[i]);
	return text;
}

bool dsc_dc_nqn_is_unique(const char *nqn)
{
	return *nqn && strcmp(nqn, NVMF_DISC_NQN) != 0;
}

static const struct dsc_dc *find_by_own_nqn(const struct dsc_snapshot *st, const char *nqn)
{
	const struct dsc_dc *dc;

	if (!dsc_dc_nqn_is_unique(nqn))
		return NULL;
	dsc_tree_each(dc, st->dcs, &dsc_dc_ops)
	{
		if (!strcmp(dc->own_nqn, nqn) || !strcmp(dc->nqn, nqn))
			return dc;
	}
	return NULL;
}

int dsc_dc_check_room(const struct dsc_snapshot *st, bool waits, struct cmn_err *err)
{
	unsigned int waiting = 0;
	const struct dsc_dc *dc;

	dsc_tree_each(dc, st->dcs, &dsc_dc_ops) waiting += !dc->admitted;
	if (dsc_tree_count(st->dcs) >= DSC_DCS_MAX || (waits && waiting >= DSC_DCS_WAITING_MAX))
		return cmn_err_set(err, -ENOSPC, NULL,
				   waits ? "too many discovery controllers wait to be admitted"
					 : "there are %u discovery controllers already",
				   DSC_DCS_MAX);
	return 0;
}

/* Takes the row over. */
static uint64_t put_new(struct dsc_txn *txn, struct dsc_dc *dc)
{
	dc->id = dsc_txn_new_id(txn);
	dc->changed = dsc_txn_change(txn);
	dc->created_ms = cmn_wall_ms();
	if (!dc->hosts)
		dc->hosts = dsc_strdup("");
	if (!*dc->name)
		dsc_free_name(dsc_txn_state(txn)->dc_names, "dc", dc->name, sizeof(dc->name));
	dsc_txn_put(txn, dc);
	return dc->id;
}

/* -- operators ---------------------------------------------------------------------------------------------- */
static int fill(struct dsc_app *app, struct dsc_dc *dc, const struct dsc_dc_in *in,
		struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const char *nqn = in->nqn ? in->nqn : NVMF_DISC_NQN;
	const struct dsc_dc *other;

	if (dsc_cmd_set_address(dc->traddr, in->address, err) < 0 ||
	    dsc_nqn_check(nqn, "nqn", err) < 0 ||
	    dsc_cmd_check_whos(st, &in->hosts, "hosts", err) < 0 ||
	    (in->name && dsc_cmd_check_name(in->name, "id", err) < 0))
		return err->code;
	if (in->name && dsc_snapshot_dc(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "discovery controller %s exists already",
				   in->name);
	if (in->name)
		snprintf(dc->name, sizeof(dc->name), "%s", in->name);
	snprintf(dc->nqn, sizeof(dc->nqn), "%s", nqn);
	dc->port = in->port ? in->port : DSC_DISC_PORT;
	dc->enabled = in->enabled != DSC_NO;
	dc->admitted = in->admitted != DSC_NO;
	dc->hosts = dsc_cmd_hosts_text(&in->hosts, &dc->all_hosts);
	if (dsc_cmd_check_not_us(app, dc->nqn, dc->traddr, dc->port, err) < 0)
		return err->code;
	other = dsc_snapshot_dc_at(st, dc->traddr, dc->port, dc->nqn);
	if (other)
		return cmn_err_set(err, -EEXIST, "traddr", "discovery controller %s is there%s",
				   other->name, other->admitted ? "" : ", admit that one");
	return dsc_dc_check_room(st, false, err);
}

int dsc_cmd_dc_create(struct dsc_app *app, const struct dsc_dc_in *in, const struct dsc_call *call,
		      struct cmn_err *err)
{
	struct dsc_dc *dc = dsc_row_new(DSC_ROW_DC);
	char name[DSC_NAME_MAX + 1];
	struct dsc_txn *txn;

	if (fill(app, dc, in, err) < 0) {
		dsc_row_put(dc);
		return err->code;
	}
	txn = dsc_txn_begin(app->model);
	put_new(txn, dc);
	snprintf(name, sizeof(name), "%s", dc->name);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

static const struct dsc_dc *find(struct dsc_app *app, const char *name, const struct dsc_call *call,
				 struct cmn_err *err)
{
	const struct dsc_dc *dc = dsc_snapshot_dc(dsc_cmd_ahead(app), name);

	if (!dc)
		cmn_err_set(err, -ENOENT, NULL, "there is no discovery controller %.64s", name);
	else if (dsc_cmd_check_match(call, dc->changed, err) < 0)
		dc = NULL;
	return dc;
}

static bool same_policy(const struct dsc_dc *a, const struct dsc_dc *b)
{
	return a->enabled == b->enabled && a->admitted == b->admitted &&
	       a->all_hosts == b->all_hosts && !strcmp(a->hosts, b->hosts);
}

int dsc_cmd_dc_update(struct dsc_app *app, const char *name, const struct dsc_dc_in *in,
		      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_dc *old = find(app, name, call, err);
	struct dsc_dc *dc;
	struct dsc_txn *txn;

	if (!old || dsc_cmd_check_whos(dsc_cmd_ahead(app), &in->hosts, "hosts", err) < 0)
		return err->code;
	txn = dsc_txn_begin(app->model);
	dc = dsc_row_copy(old);
	if (in->enabled)
		dc->enabled = in->enabled == DSC_YES;
	if (in->admitted)
		dc->admitted = in->admitted == DSC_YES;
	if (in->hosts.set) {
		free(dc->hosts);
		dc->hosts = dsc_cmd_hosts_text(&in->hosts, &dc->all_hosts);
	}
	if (same_policy(dc, old)) {
		dsc_row_put(dc);
		dsc_txn_abort(txn);
		return 1;
	}
	dc->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, dc);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

static void drop_entity(struct dsc_txn *txn, uint64_t id)
{
	const struct dsc_entity *e;
	const struct dsc_reg *r;

	while ((e = dsc_snapshot_entity_id(dsc_txn_state(txn), id)) &&
	       (r = dsc_tree_next(e->regs, &dsc_reg_key_ops, NULL)))
		dsc_txn_del(txn, r);
	if (e)
		dsc_txn_del(txn, e);
}

int dsc_cmd_dc_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
		      struct cmn_err *err)
{
	const struct dsc_dc *dc = find(app, name, call, err);
	struct dsc_txn *txn;
	uint64_t id, entity_id;

	if (!dc)
		return err->code;
	id = dc->id;
	txn = dsc_txn_begin(app->model);
	while ((dc = dsc_snapshot_dc_id(dsc_txn_state(txn), id)) &&
	       (entity_id = dsc_id(dsc_tree_next(dc->entities, &dsc_ids_ops, NULL))))
		drop_entity(txn, entity_id);
	dsc_txn_del(txn, dc);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

/* -- those that turn up ----------------------------------------------------------------------------------------- */
int dsc_cmd_dc_found(struct dsc_app *app, const struct dsc_dc_found *in,
		     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	struct dsc_txn *txn;
	struct dsc_dc *dc;

	if (dsc_cmd_check_not_us(app, in->nqn, in->traddr, in->port, err) < 0)
		return err->code;
	if (dsc_snapshot_dc_at(st, in->traddr, in->port, NULL) || find_by_own_nqn(st, in->nqn))
		return 1;
	if (dsc_dc_check_room(st, !in->admitted, err) < 0)
		return err->code;
	dc = dsc_row_new(DSC_ROW_DC);
	dc->source = (uint8_t)in->source;
	dc->enabled = dc->all_hosts = true;
	dc->admitted = in->admitted;
	dc->port = in->port;
	snprintf(dc->traddr, sizeof(dc->traddr), "%s", in->traddr);
	snprintf(dc->nqn, sizeof(dc->nqn), "%s", in->nqn);
	txn = dsc_txn_begin(app->model);
	put_new(txn, dc);
	dsc_txn_commit(txn, call, NULL, dc->name);
	return 0;
}

bool dsc_cmd_dc_is_at(struct dsc_app *app, const char *traddr, uint16_t port)
{
	return dsc_snapshot_dc_at(dsc_cmd_ahead(app), traddr, port, NULL) != NULL;
}

/* Where one that registers can be connected to: what it says of itself, else where it came from. */
static bool address_of(const struct dsc_register_in *in, char ret[64], uint16_t *ret_port)
{
	struct fab_dim_entry e;
	uint32_t pos = 0;
	uint8_t adrfam;

	*ret_port = DSC_DISC_PORT;
	while (fab_dim_next(in->dim, &pos, &e)) {
		if ((in->dim->etype == NVMF_DIM_CDC || e.rec.subtype == NVMF_SUBTYPE_REFERRAL) &&
		    *e.rec.traddr && dsc_cmd_set_address(ret, e.rec.traddr, NULL) == 0) {
			if (*e.rec.trsvcid)
				*ret_port = (uint16_t)atoi(e.rec.trsvcid);
			return true;
		}
	}
	dsc_peer_address(in->peer, ret, &adrfam);
	return *ret != '\0';
}

/* What is known already by its NQN or its place, as far as it isn't somebody else by now. */
static const struct dsc_dc *known(const struct dsc_snapshot *st, const struct dsc_entity *e,
				  const char *traddr, uint16_t port)
{
	const struct dsc_dc *dc = find_by_own_nqn(st, e->eid);

	return dc ? dc : dsc_snapshot_dc_at(st, traddr, port, NULL);
}

/* Anybody can say an NQN: it is taken for one that an operator knows only when it comes from that address. */
static bool may_be(const struct dsc_dc *dc, const struct dsc_entity *e, const char *from)
{
	return (!*dc->own_nqn || !strcmp(dc->own_nqn, e->eid)) &&
	       (!*dc->host_nqn || !strcmp(dc->host_nqn, e->owner)) &&
	       !strcmp(*dc->host_addr ? dc->host_addr : dc->traddr, from);
}

int dsc_cmd_check_dc_peer(const struct dsc_snapshot *st, const struct dsc_entity *e,
			  const struct sockaddr_storage *peer, struct cmn_err *err)
{
	const struct dsc_dc *dc = dsc_snapshot_dc_id(st, e->dc_id);
	uint8_t adrfam;
	char from[64];

	dsc_peer_address(peer, from, &adrfam);
	if (!dc || !dc->admitted || !strcmp(dc->host_addr, from))
		return 0;
	return cmn_err_set(err, -EINVAL, "eid",
			   "%.100s was admitted as discovery controller %s, which comes from %s",
			   e->eid, dc->name, dc->host_addr);
}

uint64_t dsc_cmd_dc_of_entity(struct dsc_app *app, struct dsc_txn *txn, const struct dsc_entity *e,
			      const struct dsc_register_in *in)
{
	const struct dsc_snapshot *st = dsc_txn_state(txn);
	const struct dsc_dc *old = dsc_snapshot_dc_id(st, e->dc_id);
	char traddr[64] = "", from[64];
	struct dsc_dc *dc;
	uint16_t port;
	uint8_t adrfam;

	if (old)
		return old->id;
	if (!address_of(in, traddr, &port))
		return 0;
	dsc_peer_address(in->peer, from, &adrfam);
	old = known(st, e, traddr, port);
	if (old && !may_be(old, e, from))
		return 0;
	if (!old && (dsc_dc_check_room(st, true, NULL) < 0 ||
		     dsc_cmd_check_not_us(app, e->eid, traddr, port, NULL) < 0 ||
		     dsc_snapshot_dc_at(st, traddr, port, NVMF_DISC_NQN)))
		return 0; /* kept and shown, but there is nothing to admit */
	dc = old ? dsc_row_copy(old) : dsc_row_new(DSC_ROW_DC);
	snprintf(dc->host_nqn, sizeof(dc->host_nqn), "%s", e->owner);
	snprintf(dc->host_addr, sizeof(dc->host_addr), "%s", from);
	snprintf(dc->own_nqn, sizeof(dc->own_nqn), "%s", e->eid);
	if (e->etype == NVMF_DIM_CDC)
		dc->central = true;
	if (old) {
		dc->changed = dsc_txn_change(txn);
		dsc_txn_put(txn, dc);
		return dc->id;
	}
	dc->source = DSC_DC_REGISTERED;
	dc->dctype = e->etype == NVMF_DIM_CDC ? NVME_DCTYPE_CDC : NVME_DCTYPE_DDC;
	dc->enabled = dc->all_hosts = true;
	dc->port = port;
	snprintf(dc->traddr, sizeof(dc->traddr), "%s", traddr);
	snprintf(dc->nqn, sizeof(dc->nqn), "%s", NVMF_DISC_NQN);
	return put_new(txn, dc);
}

void dsc_cmd_dc_left(struct dsc_txn *txn, uint64_t dc_id)
{
	const struct dsc_dc *dc = dsc_snapshot_dc_id(dsc_txn_state(txn), dc_id);

	if (dc && !dc->admitted && !dc->entities && dc->source == DSC_DC_REGISTERED)
		dsc_txn_del(txn, dc);
}

/* -- what was read ------------------------------------------------------------------------------------------------- */
static int by_key(const void *a, const void *b)
{
	const struct dsc_reg *const *r = a, *const *s = b;

	return strcmp((*r)->key, (*s)->key);
}

/* What isn't among the new ones goes. */
static bool drop_others(struct dsc_txn *txn, uint64_t entity_id, struct dsc_reg **sorted, size_t nr)
{
	const struct dsc_entity *e = dsc_snapshot_entity_id(dsc_txn_state(txn), entity_id);
	struct dsc_tree *regs = dsc_tree_get(e->regs);
	struct dsc_reg *r;
	bool any = false;

	dsc_tree_each(r, regs, &dsc_reg_key_ops)
	{
		if (bsearch(&r, sorted, nr, sizeof(*sorted), by_key))
			continue;
		dsc_txn_del(txn, r);
		any = true;
	}
	dsc_tree_put(regs, &dsc_reg_key_ops);
	return any;
}

static bool put_one(struct dsc_txn *txn, uint64_t entity_id, struct dsc_reg *in)
{
	const struct dsc_entity *e = dsc_snapshot_entity_id(dsc_txn_state(txn), entity_id);
	const struct dsc_reg *old = dsc_tree_find(e->regs, &dsc_reg_key_ops, in->key);
	struct dsc_reg *r;

	if (old && dsc_reg_same(old, in))
		return false;
	r = dsc_row_copy(in);
	r->id = old ? old->id : dsc_txn_new_id(txn);
	r->created_ms = old ? old->created_ms : cmn_wall_ms();
	r->entity_id = entity_id;
	r->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, r);
	return true;
}

static bool replace_regs(struct dsc_txn *txn, uint64_t entity_id, const struct dsc_dc_learnt *in)
{
	struct dsc_reg **sorted = dsc_zalloc((in->nr + 1) * sizeof(*sorted));
	bool changed;

	for (size_t i = 0; i < in->nr; i++)
		sorted[i] = in->reg[i];
	qsort(sorted, in->nr, sizeof(*sorted), by_key);
	changed = drop_others(txn, entity_id, sorted, in->nr);
	for (size_t i = 0; i < in->nr; i++) {
		if (i == 0 || by_key(&sorted[i - 1], &sorted[i]) != 0)
			changed |= put_one(txn, entity_id, sorted[i]);
	}
	free(sorted);
	return changed;
}

/* The entity of what is read from it, made when it isn't there. */
static uint64_t need_entity(struct dsc_txn *txn, const struct dsc_dc *dc, bool *ret_changed)
{
	const struct dsc_entity *old;
	struct dsc_entity *e;
	char eid[DSC_NQN_MAX + 1];

	snprintf(eid, sizeof(eid), DSC_DC_EID "%s", dc->name);
	old = dsc_snapshot_entity(dsc_txn_state(txn), eid);
	if (old && !old->away)
		return old->id;
	e = old ? dsc_row_copy(old) : dsc_row_new(DSC_ROW_ENTITY);
	if (!old) {
		e->id = dsc_txn_new_id(txn);
		e->created_ms = cmn_wall_ms();
		e->dc_id = dc->id;
		e->etype = NVMF_DIM_DDC;
		snprintf(e->eid, sizeof(e->eid), "%s", eid);
		snprintf(e->owner, sizeof(e->owner), "%s", eid);
	}
	e->away = false;
	e->changed = dsc_txn_change(txn);
	*ret_changed = true;
	dsc_txn_put(txn, e);
	return e->id;
}

static bool put_identity(struct dsc_txn *txn, const struct dsc_dc *old,
			 const struct dsc_dc_learnt *in)
{
	struct dsc_dc *dc;

	if (!strcmp(old->own_nqn, in->own_nqn) && old->dctype == in->dctype &&
	    old->central == in->central)
		return false;
	dc = dsc_row_copy(old);
	snprintf(dc->own_nqn, sizeof(dc->own_nqn), "%s", in->own_nqn);
	dc->dctype = in->dctype;
	dc->central = in->central;
	dc->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, dc);
	return true;
}

int dsc_cmd_dc_learnt(struct dsc_app *app, uint64_t id, const struct dsc_dc_learnt *in,
		      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_dc *dc = dsc_snapshot_dc_id(dsc_cmd_ahead(app), id);
	struct dsc_txn *txn;
	uint64_t entity_id;
	bool changed;

	if (!dc)
		return cmn_err_set(err, -ENOENT, NULL, "it has been deleted meanwhile");
	if (in->nr > DSC_REGS_PER_DC)
		return cmn_err_set(err, -ENOSPC, NULL, "it has %zu entries, more than %u", in->nr,
				   DSC_REGS_PER_DC);
	txn = dsc_txn_begin(app->model);
	changed = put_identity(txn, dc, in);
	dc = dsc_snapshot_dc_id(dsc_txn_state(txn), id);
	if (in->reg && dc->admitted) {
		entity_id = need_entity(txn, dc, &changed);
		changed |= replace_regs(txn, entity_id, in);
	}
	if (!changed) {
		dsc_txn_abort(txn);
		return 1;
	}
	dsc_txn_commit(txn, call, NULL, "");
	return 0;
}

int dsc_cmd_entity_away(struct dsc_app *app, uint64_t entity_id, bool away,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_entity *old = dsc_snapshot_entity_id(dsc_cmd_ahead(app), entity_id);
	struct dsc_entity *e;
	struct dsc_txn *txn;

	if (!old)
		return cmn_err_set(err, -ENOENT, NULL, "there is no such entity");
	if (old->away == away)
		return 1;
	txn = dsc_txn_begin(app->model);
	e = dsc_row_copy(old);
	e->away = away;
	e->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, e);
	dsc_txn_commit(txn, call, NULL, "");
	return 0;
}
