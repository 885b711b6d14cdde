/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/registry.c - subsystems and controllers under one mutex; see targetd/registry.h.
 * Connect and teardown, which reactors call, are in site.c. */
#include "config.h"

#include "targetd/registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/util.h"
#include "common/uuid.h"
#include "targetd/host_io.h"
#include "targetd/keys.h"
#include "targetd/portal.h"

static void nothing_destroy(struct fab_view *fab)
{
	free(fab);
}

/* Never retired, so it may have no slots at all and counters for every reactor. */
static struct tgt_view *nothing_make(void)
{
	struct tgt_view *view = cmn_alloc_lines(sizeof(*view));

	if (!view)
		return NULL;
	atomic_init(&view->fab.refs, 1);
	view->fab.destroy = nothing_destroy;
	return view;
}

struct tgt_registry *tgt_registry_create(const struct tgt_registry_params *params)
{
	struct tgt_registry *reg = calloc(1, sizeof(*reg));

	if (!reg)
		return NULL;
	reg->nothing = nothing_make();
	reg->disc_cntlids = fab_cntlids_create(1, 0xffef, 1);
	if (!reg->nothing || !reg->disc_cntlids) {
		tgt_registry_destroy(reg);
		return NULL;
	}
	pthread_mutex_init(&reg->lock, NULL);
	reg->reactors = params->reactors;
	reg->io = params->io;
	reg->nr_reactors = params->nr_reactors;
	reg->supervised = params->supervised;
	reg->notify_fd = params->notify_fd;
	reg->started = cmn_now_ns();
	reg->genctr = cmn_wall_ms();
	reg->site.ops = &tgt_site_ops;
	reg->site.io_ops = &tgt_io_queue_ops;
	TAILQ_INIT(&reg->disc_ctrls);
	TAILQ_INIT(&reg->dirty);
	TAILQ_INIT(&reg->gone);
	tgt_personality_init(reg);
	return reg;
}

static void gone_clear(struct tgt_registry *reg)
{
	struct tgt_gone *g;

	while ((g = TAILQ_FIRST(&reg->gone))) {
		TAILQ_REMOVE(&reg->gone, g, link);
		free(g);
	}
	reg->nr_gone = 0;
}

void tgt_registry_destroy(struct tgt_registry *reg)
{
	struct tgt_subsystem *ss, *next;

	if (!reg)
		return;
	HASH_ITER(hh, reg->subsystems, ss, next) {
		HASH_DEL(reg->subsystems, ss);
		tgt_subsystem_free(ss);
	}
	if (reg->site.ops) {
		tgt_registry_sweep(reg);
		gone_clear(reg);
		pthread_mutex_destroy(&reg->lock);
	}
	tgt_keys_free(reg->keys);
	fab_cntlids_destroy(reg->disc_cntlids);
	if (reg->nothing)
		fab_view_put(&reg->nothing->fab);
	free(reg);
}

void tgt_registry_lock(struct tgt_registry *reg)
{
	pthread_mutex_lock(&reg->lock);
}

void tgt_registry_unlock(struct tgt_registry *reg)
{
	pthread_mutex_unlock(&reg->lock);
}

void tgt_registry_notify(struct tgt_registry *reg)
{
	if (reg->notify_fd >= 0)
		eventfd_write(reg->notify_fd, 1);
}

/* -- subsystems --------------------------------------------------------------------------------------------------- */
struct tgt_subsystem *tgt_registry_find(struct tgt_registry *reg, const char *nqn)
{
	struct tgt_subsystem *ss;

	HASH_FIND_STR(reg->subsystems, nqn, ss);
	return ss;
}

void tgt_registry_add(struct tgt_registry *reg, struct tgt_subsystem *ss)
{
	HASH_ADD_KEYPTR(hh, reg->subsystems, ss->id.nqn, strlen(ss->id.nqn), ss);
}

static void subsystem_put(struct tgt_registry *reg, struct tgt_subsystem *ss)
{
	if (--ss->refs)
		return;
	ss->next_dead = reg->dead;
	reg->dead = ss;
	tgt_registry_notify(reg);
}

void tgt_registry_remove(struct tgt_registry *reg, struct tgt_subsystem *ss, const char *reason)
{
	struct tgt_ctrl *tc;

	HASH_DEL(reg->subsystems, ss);
	TAILQ_FOREACH(tc, &ss->ctrls, link)
		tgt_registry_end_ctrl(reg, tc, reason);
	subsystem_put(reg, ss);
}

void tgt_registry_sweep(struct tgt_registry *reg)
{
	struct tgt_subsystem *ss;

	tgt_registry_lock(reg);
	ss = reg->dead;
	reg->dead = NULL;
	tgt_registry_unlock(reg);
	while (ss) {
		struct tgt_subsystem *next = ss->next_dead;

		tgt_subsystem_free(ss);
		ss = next;
	}
}

/* -- controllers -------------------------------------------------------------------------------------------------- */
struct tgt_ctrl *tgt_ctrl_get(struct tgt_ctrl *tc)
{
	tc->refs++;
	return tc;
}

void tgt_ctrl_put(struct tgt_ctrl *tc)
{
	struct tgt_registry *reg = tc->reg;

	if (--tc->refs)
		return;
	TAILQ_REMOVE(tc->ss ? &tc->ss->ctrls : &reg->disc_ctrls, tc, link);
	if (tc->dirty)
		TAILQ_REMOVE(&reg->dirty, tc, dirty_link);
	fab_cntlids_free(tc->ss ? tc->ss->cntlids : reg->disc_cntlids, fab_ctrl_cntlid(tc->ctrl));
	if (tc->view)
		fab_view_put(&tc->view->fab);
	fab_ctrl_put(tc->ctrl);
	tgt_disclog_free(tc->log);
	if (tc->ss) {
		tgt_host_io_put(tc->ss, tc->io);
		subsystem_put(reg, tc->ss);
	}
	free(tc);
}

static void set_view(struct tgt_ctrl *tc, struct tgt_view *view)
{
	if (tc->view)
		fab_view_put(&tc->view->fab);
	tc->view = view;
}

static void kill_queues(struct tgt_ctrl *tc)
{
	if (tc->admin)
		net_conn_kill(tc->admin);
	for (uint16_t qid = 1; qid <= fab_ctrl_pers(tc->ctrl)->max_ioqs; qid++) {
		const struct fab_io_queue *q = fab_ctrl_ioq(tc->ctrl, qid);

		if (q)
			net_conn_kill(net_conn_of(q->conn));
	}
}

void tgt_registry_end_ctrl(struct tgt_registry *reg, struct tgt_ctrl *tc, const char *reason)
{
	if (!tc->reason)
		tc->reason = reason;
	if (tc->ss && tc->view != reg->nothing) {
		fab_view_get(&reg->nothing->fab);
		set_view(tc, reg->nothing);
	}
	tc->ending = true;
	kill_queues(tc);
}

struct tgt_ctrl *tgt_registry_ctrl(const struct tgt_subsystem *ss, uint16_t cntlid)
{
	struct tgt_ctrl *tc;

	TAILQ_FOREACH(tc, &ss->ctrls, link)
		if (fab_ctrl_cntlid(tc->ctrl) == cntlid)
			return tc;
	return NULL;
}

struct tgt_portal *tgt_registry_portal(struct tgt_registry *reg, const char *id)
{
	for (unsigned int i = 0; i < reg->nr_portals; i++)
		if (strcmp(reg->portals[i]->spec.id, id) == 0)
			return reg->portals[i];
	return NULL;
}

int tgt_registry_refresh(struct tgt_registry *reg, struct tgt_subsystem *ss)
{
	struct tgt_ctrl *tc;

	TAILQ_FOREACH(tc, &ss->ctrls, link) {
		const struct tgt_portal *portal = tgt_registry_portal(reg, tc->portal);
		struct tgt_view *view;

		if (tc->ending)
			continue;
		view = tgt_subsystem_view(ss, fab_ctrl_hostnqn(tc->ctrl),
					  portal ? &portal->spec : NULL);
		if (!view)
			return -ENOMEM;
		set_view(tc, view);
	}
	return 0;
}

/* -- reports ------------------------------------------------------------------------------------------------------ */
void tgt_registry_mark(struct tgt_ctrl *tc)
{
	if (tc->dirty || !tc->ss)
		return;
	tc->dirty = true;
	TAILQ_INSERT_TAIL(&tc->reg->dirty, tc, dirty_link);
	tgt_registry_notify(tc->reg);
}

void tgt_registry_note_gone(struct tgt_ctrl *tc)
{
	struct tgt_registry *reg = tc->reg;
	struct tgt_gone *g;

	if (!tc->ss || reg->notify_fd < 0)
		return;
	if (tc->dirty) {
		TAILQ_REMOVE(&reg->dirty, tc, dirty_link);
		tc->dirty = false;
	}
	g = reg->nr_gone < TGT_GONE_MAX ? calloc(1, sizeof(*g)) : NULL;
	if (!g) {
		gone_clear(reg);
		reg->gone_lost = true;
		return;
	}
	reg->nr_gone++;
	g->cntlid = fab_ctrl_cntlid(tc->ctrl);
	cmn_strlcpy(g->nqn, tc->ss->id.nqn, sizeof(g->nqn));
	cmn_strlcpy(g->reason, tc->reason ? tc->reason : "disconnected", sizeof(g->reason));
	TAILQ_INSERT_TAIL(&reg->gone, g, link);
	tgt_registry_notify(reg);
}

static void add_str(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

static struct json_object *ctrl_json(const struct tgt_ctrl *tc)
{
	struct json_object *obj = json_object_new_object();
	char id[CMN_UUID_STR_LEN + 1];
	struct cmn_uuid uuid;

	memcpy(uuid.b, fab_ctrl_hostid(tc->ctrl), sizeof(uuid.b));
	add_str(obj, "nqn", tc->ss->id.nqn);
	json_object_object_add(obj, "cntlid", json_object_new_int(fab_ctrl_cntlid(tc->ctrl)));
	add_str(obj, "host_nqn", fab_ctrl_hostnqn(tc->ctrl));
	add_str(obj, "host_id", cmn_uuid_format(&uuid, id));
	add_str(obj, "host_addr", tc->host_addr);
	add_str(obj, "portal", tc->portal);
	json_object_object_add(
		obj, "qpairs",
		json_object_new_int((int)fab_ctrl_nr_ioqs(tc->ctrl) + (tc->admin != NULL)));
	json_object_object_add(
		obj, "kato_ms",
		json_object_new_int64((int64_t)(fab_ctrl_kato_ns(tc->ctrl) / CMN_NS_PER_MS)));
	json_object_object_add(obj, "authenticated", json_object_new_boolean(tc->authenticated));
	json_object_object_add(obj, "header_digest", json_object_new_boolean(tc->header_digest));
	json_object_object_add(obj, "data_digest", json_object_new_boolean(tc->data_digest));
	json_object_object_add(obj, "connected_at",
			       json_object_new_int64((int64_t)tc->connected_at));
	return obj;
}

static void report_full(struct tgt_registry *reg, struct json_object *connected)
{
	struct tgt_subsystem *ss, *next;
	struct tgt_ctrl *tc;

	HASH_ITER(hh, reg->subsystems, ss, next)
		TAILQ_FOREACH(tc, &ss->ctrls, link)
			if (tc->admin)
				json_object_array_add(connected, ctrl_json(tc));
}

static void report_gone(struct tgt_registry *reg, struct json_object *gone)
{
	struct tgt_gone *g;

	TAILQ_FOREACH(g, &reg->gone, link) {
		struct json_object *obj = json_object_new_object();

		add_str(obj, "nqn", g->nqn);
		json_object_object_add(obj, "cntlid", json_object_new_int(g->cntlid));
		add_str(obj, "reason", g->reason);
		json_object_array_add(gone, obj);
	}
}

bool tgt_registry_report(struct tgt_registry *reg, bool full, struct json_object *msg)
{
	struct json_object *connected = json_object_new_array(), *gone = json_object_new_array();
	struct tgt_ctrl *tc;
	bool any;

	tgt_registry_lock(reg);
	full |= reg->gone_lost;
	reg->gone_lost = false;
	any = full || !TAILQ_EMPTY(&reg->dirty) || !TAILQ_EMPTY(&reg->gone);
	if (full)
		report_full(reg, connected);
	else
		report_gone(reg, gone);
	while ((tc = TAILQ_FIRST(&reg->dirty))) {
		TAILQ_REMOVE(&reg->dirty, tc, dirty_link);
		tc->dirty = false;
		if (!full && tc->admin)
			json_object_array_add(connected, ctrl_json(tc));
	}
	gone_clear(reg);
	tgt_registry_unlock(reg);
	add_str(msg, "type", "controllers");
	json_object_object_add(msg, "full", json_object_new_boolean(full));
	json_object_object_add(msg, "connected", connected);
	json_object_object_add(msg, "gone", gone);
	return any;
}

void tgt_addr_format(const struct sockaddr_storage *sa, bool with_port, char *buf, size_t size)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	char host[INET6_ADDRSTRLEN] = "";
	bool v6 = sa->ss_family == AF_INET6;

	if (v6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof(host));
		v6 = false;
	} else if (v6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
	} else if (sa->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	}
	if (with_port)
		snprintf(buf, size, v6 ? "[%s]:%u" : "%s:%u", host,
			 ntohs(sa->ss_family == AF_INET6 ? in6->sin6_port : in->sin_port));
	else
		snprintf(buf, size, "%s", host);
}

static const struct {
	const char *name, *text;
} refusals[TGT_REFUSED_COUNT] = {
	[TGT_REFUSED_SUBSYSTEM] = { "unknown_subsystem", "unknown subsystem" },
	[TGT_REFUSED_HOST] = { "not_allowed", "host not allowed" },
	[TGT_REFUSED_ZONE] = { "zoned_out", "host shares no zone" },
	[TGT_REFUSED_KEY] = { "no_key", "host has no key, and has to authenticate there" },
	[TGT_REFUSED_AUTH] = { "auth_failed", NULL },
};

static void refuse(struct tgt_registry *reg, struct fab_conn *conn, struct tgt_refusal *r)
{
	tgt_addr_format(fab_conn_peer(conn), true, r->host_addr, sizeof(r->host_addr));
	if (reg->nr_refusals < TGT_REFUSALS_MAX)
		reg->refusals[reg->nr_refusals] = *r;
	reg->nr_refusals++;
	tgt_registry_notify(reg);
	cmn_debug("connect refused", "reason=%s host=%s nqn=%s from=%s", CMN_Q(r->reason),
		  CMN_Q(r->host_nqn), CMN_Q(r->nqn), r->host_addr);
}

void tgt_registry_refused(struct tgt_registry *reg, struct fab_conn *conn,
			  const struct fab_connect *in, enum tgt_refusal_why why)
{
	struct tgt_refusal r = { .why = why, .reason = refusals[why].text };

	cmn_strlcpy(r.host_nqn, in->hostnqn, sizeof(r.host_nqn));
	cmn_strlcpy(r.nqn, in->subnqn, sizeof(r.nqn));
	refuse(reg, conn, &r);
}

void tgt_registry_auth_failed(struct tgt_registry *reg, struct fab_conn *conn, const char *reason)
{
	const struct fab_ctrl *ctrl = fab_conn_ctrl(conn);
	struct tgt_refusal r = { .why = TGT_REFUSED_AUTH, .reason = reason };

	cmn_strlcpy(r.host_nqn, fab_ctrl_hostnqn(ctrl), sizeof(r.host_nqn));
	cmn_strlcpy(r.nqn, fab_ctrl_subsys(ctrl)->nqn, sizeof(r.nqn));
	refuse(reg, conn, &r);
}

struct json_object *tgt_registry_take_refusals(struct tgt_registry *reg)
{
	struct json_object *arr = NULL;

	tgt_registry_lock(reg);
	for (unsigned int i = 0; i < reg->nr_refusals && i < TGT_REFUSALS_MAX; i++) {
		struct json_object *obj = json_object_new_object();

		if (!arr)
			arr = json_object_new_array();
		add_str(obj, "type", "refused");
		add_str(obj, "host_nqn", reg->refusals[i].host_nqn);
		add_str(obj, "nqn", reg->refusals[i].nqn);
		add_str(obj, "reason", reg->refusals[i].reason);
		add_str(obj, "why", refusals[reg->refusals[i].why].name);
		add_str(obj, "host_addr", reg->refusals[i].host_addr);
		json_object_array_add(arr, obj);
	}
	reg->nr_refusals = 0;
	tgt_registry_unlock(reg);
	return arr;
}
