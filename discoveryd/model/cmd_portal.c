/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_portal.c - portals.
 * Owns: nothing.  Thread: the control loop.  May block: never. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/supervise/supervise.h"
#include "fabrics/discovery_text.h"
#include "fabrics/spec/nvmf.h"

static int check_address(const char *address, const char *field, struct cmn_err *err)
{
	struct in6_addr a;

	if (address && strlen(address) < 46 &&
	    (inet_pton(AF_INET, address, &a) == 1 || inet_pton(AF_INET6, address, &a) == 1))
		return 0;
	return cmn_err_set(err, -EINVAL, field, "an IPv4 or IPv6 address is needed");
}

/* "::1" and "0:0::1" are the same: rows hold the short form. */
static void canonical(char *buf, size_t size, const char *address)
{
	struct in6_addr a;
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, address, &a) != 1 || !inet_ntop(family, &a, buf, (socklen_t)size))
		snprintf(buf, size, "%s", address);
}

static bool is_wildcard(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* What hosts are told must be so: no worker can serve them by TLS. */
static int set_security(struct dsc_portal *p, const struct dsc_portal_in *in, struct cmn_err *err)
{
	uint8_t secure = p->secure_channel;

	if (in->secure_channel && fab_disc_secure_parse(in->secure_channel, &secure) < 0)
		return cmn_err_set(err, -EINVAL, "secure_channel",
				   "must be not_specified or not_required");
	if (secure == NVMF_TREQ_SECURE_REQUIRED)
		return cmn_err_set(err, -EINVAL, "secure_channel",
				   "can't be required: the worker does not speak TLS");
	if (in->sectype && strcmp(in->sectype, fab_disc_sectype_text(NVMF_TCP_SECTYPE_NONE)) != 0)
		return cmn_err_set(err, -EINVAL, "sectype",
				   "must be none: the worker does not speak TLS");
	p->secure_channel = secure;
	return 0;
}

static int set_place(const struct dsc_snapshot *st, struct dsc_portal *p,
		     const struct dsc_portal_in *in, struct cmn_err *err)
{
	const struct dsc_worker *w = in->worker ? dsc_snapshot_worker(st, in->worker)
						: dsc_place(st);
	const struct dsc_portal *other;

	if (!w && in->worker)
		return dsc_cmd_unknown(st, DSC_ROW_WORKER, "worker", in->worker, err);
	if (!w)
		return cmn_err_set(err, -EBUSY, "worker", "there is no worker to put it on");
	p->worker_id = w->id;
	p->portid = in->portid ? in->portid : dsc_free_portid(st);
	if (p->portid == 0 || p->portid == 0xffff)
		return cmn_err_set(err, -EINVAL, "portid", "must be 1 to 65534");
	dsc_tree_each(other, st->portals, &dsc_portal_ops)
	{
		if (other->portid == p->portid)
			return cmn_err_set(err, -EEXIST, "portid", "portal %s has it", other->name);
		if (other->port == p->port && strcmp(other->address, p->address) == 0)
			return cmn_err_set(err, -EEXIST, "traddr", "portal %s listens there",
					   other->name);
	}
	return 0;
}

static int fill(const struct dsc_snapshot *st, struct dsc_portal *p, const struct dsc_portal_in *in,
		struct cmn_err *err)
{
	if (check_address(in->address, "traddr", err) < 0)
		return err->code;
	if (in->advertise && check_address(in->advertise, "advertise", err) < 0)
		return err->code;
	if (in->name && dsc_cmd_check_name(in->name, "id", err) < 0)
		return err->code;
	if (in->name && dsc_snapshot_portal(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "portal %s exists already", in->name);
	if (in->name)
		snprintf(p->name, sizeof(p->name), "%s", in->name);
	else
		dsc_free_name(st->portal_names, "p", p->name, sizeof(p->name));
	canonical(p->address, sizeof(p->address), in->address);
	if (in->advertise)
		canonical(p->advertise, sizeof(p->advertise), in->advertise);
	p->port = in->port ? in->port : DSC_IO_PORT;
	p->kind = DSC_PORTAL_IO;
	p->created_ms = cmn_wall_ms();
	if (is_wildcard(p->advertise))
		return cmn_err_set(err, -EINVAL, "advertise",
				   "a wildcard is no address to connect to");
	if (set_security(p, in, err) < 0)
		return err->code;
	return set_place(st, p, in, err);
}

/* A socket was bound ahead of the commit: if that fails it isn't wanted. */
struct pending_portal {
	struct dsc_app *app;
	struct dsc_call call;
	char name[DSC_NAME_MAX + 1];
};

static void created(void *arg, const struct dsc_outcome *outcome)
{
	struct pending_portal *pending = arg;

	if (cmn_err_is(&outcome->err) && pending->app->supervisor)
		dsc_supervisor_unbind(pending->app->supervisor, pending->name);
	if (pending->call.done)
		pending->call.done(pending->call.arg, outcome);
	free(pending);
}

int dsc_cmd_portal_create(struct dsc_app *app, const struct dsc_portal_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_portal *p = dsc_row_new(DSC_ROW_PORTAL);
	struct pending_portal *pending;
	struct dsc_call mine = { .done = created };
	struct dsc_target target = { .nsid = 0 };
	struct dsc_txn *txn;

	if (fill(dsc_cmd_ahead(app), p, in, err) < 0 ||
	    (app->supervisor &&
	     dsc_supervisor_bind(app->supervisor, p->name, p->address, p->port, err) < 0)) {
		dsc_row_put(p);
		return err->code;
	}
	pending = dsc_zalloc(sizeof(*pending));
	pending->app = app;
	snprintf(pending->name, sizeof(pending->name), "%s", p->name);
	mine.arg = pending;
	if (call) {
		pending->call = *call;
		mine.wait_ms = call->wait_ms;
	}
	txn = dsc_txn_begin(app->model);
	p->id = dsc_txn_new_id(txn);
	p->since = p->changed = dsc_txn_change(txn);
	target.worker_id = p->worker_id;
	target.portal_id = p->id;
	dsc_txn_put(txn, p);
	dsc_txn_commit(txn, &mine, &target, pending->name);
	return 0;
}

static bool same_told(const struct dsc_portal *a, const struct dsc_portal *b)
{
	return a->secure_channel == b->secure_channel && !strcmp(a->advertise, b->advertise);
}

int dsc_cmd_portal_update(struct dsc_app *app, const char *name, const struct dsc_portal_in *in,
			  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_portal *old = dsc_cmd_find_portal(dsc_cmd_ahead(app), name, err);
	char advertise[64] = "";
	struct dsc_txn *txn;
	struct dsc_portal *p;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0)
		return err->code;
	if (in->advertise && check_address(in->advertise, "advertise", err) < 0)
		return err->code;
	if (in->advertise)
		canonical(advertise, sizeof(advertise), in->advertise);
	if (is_wildcard(advertise))
		return cmn_err_set(err, -EINVAL, "advertise",
				   "a wildcard is no address to connect to");
	p = dsc_row_copy(old);
	if (in->advertise_set)
		snprintf(p->advertise, sizeof(p->advertise), "%s", advertise);
	if (set_security(p, in, err) < 0 || same_told(p, old)) {
		dsc_row_put(p);
		return err->code ? err->code : 1;
	}
	txn = dsc_txn_begin(app->model);
	p->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, p);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

/* -- delete ----------------------------------------------------------------------------------------- */
/* The next subsystem after id that names the portal. */
static const struct dsc_subsys *next_user(const struct dsc_snapshot *st, const struct dsc_portal *p,
					  uint64_t id)
{
	const struct dsc_subsys *s;

	for (; (s = dsc_tree_next(st->subsystems, &dsc_subsys_ops, &id)); id = s->id) {
		if (dsc_tree_find(s->portals, &dsc_serve_ops, &p->id))
			return s;
	}
	return NULL;
}

static bool last_of_worker(const struct dsc_snapshot *st, const struct dsc_portal *p)
{
	const struct dsc_portal *other;
	uint64_t id = 0;

	for (; (other = dsc_snapshot_worker_portal(st, p->worker_id, id)); id = other->id) {
		if (other->id != p->id && other->kind == DSC_PORTAL_IO)
			return false;
	}
	return true;
}

/* Those that are served on all portals of the worker, and so on none when its last one goes. */
static void names_of_stranded(const struct dsc_snapshot *st, const struct dsc_portal *p,
			      struct dsc_names *users)
{
	const struct dsc_subsys *s;

	if (!last_of_worker(st, p))
		return;
	dsc_tree_each(s, st->subsystems, &dsc_subsys_ops)
	{
		if (s->all_portals && s->worker_id == p->worker_id)
			dsc_names_add(users, s->nqn);
	}
}

static int check_unused(struct dsc_app *app, const struct dsc_portal *p, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	struct dsc_names users = { .nr = 0 }, stranded = { .nr = 0 }, hosts = { .nr = 0 };
	const struct dsc_subsys *s;

	for (s = next_user(st, p, 0); s; s = next_user(st, p, s->id))
		dsc_names_add(&users, s->nqn);
	if (users.nr)
		return cmn_err_set(err, -EBUSY, NULL, "subsystems name it: %s",
				   dsc_names_text(&users));
	names_of_stranded(st, p, &stranded);
	if (stranded.nr)
		return cmn_err_set(err, -EBUSY, NULL, "no other portal serves these subsystems: %s",
				   dsc_names_text(&stranded));
	dsc_names_connected(&hosts, app, NULL, NULL, p->name);
	if (hosts.nr)
		return cmn_err_set(err, -EBUSY, NULL, "hosts are connected through it: %s",
				   dsc_names_text(&hosts));
	return 0;
}

int dsc_cmd_portal_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			  struct cmn_err *err)
{
	const struct dsc_portal *p = dsc_cmd_find_portal(dsc_cmd_ahead(app), name, err);
	struct dsc_target target;
	const struct dsc_subsys *s;
	struct dsc_txn *txn;
	uint64_t id = 0;

	if (!p || dsc_cmd_check_match(call, p->changed, err) < 0)
		return err->code;
	if (!(call && call->force) && check_unused(app, p, err) < 0)
		return err->code;
	target = (struct dsc_target){ .worker_id = p->worker_id, .portal_id = p->id };
	txn = dsc_txn_begin(app->model);
	while ((s = next_user(dsc_txn_state(txn), p, id))) {
		id = s->id;
		dsc_txn_del(txn, dsc_tree_find(s->portals, &dsc_serve_ops, &p->id));
		dsc_txn_mark(txn, id);
	}
	dsc_cmd_drop_fails(txn, 0, p->id);
	dsc_cmd_drop_ana_states(txn, p->id);
	dsc_txn_del(txn, p);
	dsc_txn_commit(txn, call, &target, name);
	return 0;
}
