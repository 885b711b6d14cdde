/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/snapshot.c - questions asked of a snapshot: rows by name, what a host sees and why not, what is confirmed.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/zoning.h"

const char *const dsc_status_name[DSC_STATUS_COUNT + 1] = { "ready", "pending", "failed" };

const char *const dsc_why_name[DSC_WHY_COUNT] = {
	[DSC_WHY_VISIBLE] = "visible",
	[DSC_WHY_NOT_ALLOWED] = "not_allowed",
	[DSC_WHY_ZONED_OUT] = "zoned_out",
	[DSC_WHY_NO_ZONE] = "no_zone",
	[DSC_WHY_NOT_CONFIRMED] = "not_confirmed",
	[DSC_WHY_NO_PORTAL] = "no_portal",
	[DSC_WHY_WORKER_DEGRADED] = "worker_degraded",
	[DSC_WHY_NO_WORKER] = "no_worker",
	[DSC_WHY_FAILED] = "failed",
	[DSC_WHY_LOOPBACK] = "loopback_portal",
	[DSC_WHY_FAMILY] = "address_family",
	[DSC_WHY_MAX_PATHS] = "max_paths",
	[DSC_WHY_NOT_LISTED] = "not_listed",
	[DSC_WHY_PORTAL_FAILED] = "portal_failed",
	[DSC_WHY_NOT_LOCAL] = "not_port_local",
};

/* -- rows ------------------------------------------------------------------------------------------ */
#define BY_ID(what, root)                                                                          \
	const struct dsc_##what *dsc_snapshot_##what##_id(const struct dsc_snapshot *snap,         \
							  uint64_t id)                             \
	{                                                                                          \
		return dsc_tree_find(snap->root, &dsc_##what##_ops, &id);                          \
	}
BY_ID(node, nodes)
BY_ID(worker, workers)
BY_ID(portal, portals)
BY_ID(ana_group, ana_groups)
BY_ID(host, hosts)
BY_ID(group, groups)
BY_ID(subsys, subsystems)
BY_ID(dc, dcs)
BY_ID(entity, entities)
BY_ID(reg, regs)
BY_ID(referral, referrals)
BY_ID(user, users)
BY_ID(token, tokens)
BY_ID(key, keys)
BY_ID(zone_group, zone_groups)
BY_ID(zone_alias, zone_aliases)
BY_ID(zone_active, zone_actives)

#define BY_NAME(what, root)                                                                        \
	const struct dsc_##what *dsc_snapshot_##what(const struct dsc_snapshot *snap,              \
						     const char *name)                             \
	{                                                                                          \
		const struct dsc_name *n = dsc_tree_find(snap->root, &dsc_name_ops, name);         \
                                                                                                   \
		return n ? dsc_snapshot_##what##_id(snap, n->id) : NULL;                           \
	}                                                                                          \
	const struct dsc_##what *dsc_snapshot_##what##_after(const struct dsc_snapshot *snap,      \
							     const char *name)                     \
	{                                                                                          \
		const struct dsc_name *n = dsc_tree_next(snap->root, &dsc_name_ops, name);         \
                                                                                                   \
		return n ? dsc_snapshot_##what##_id(snap, n->id) : NULL;                           \
	}
BY_NAME(worker, worker_names)
BY_NAME(portal, portal_names)
BY_NAME(host, host_nqns)
BY_NAME(group, group_names)
BY_NAME(subsys, subsys_nqns)
BY_NAME(dc, dc_names)
BY_NAME(entity, entity_eids)
BY_NAME(referral, referral_names)
BY_NAME(user, user_names)
BY_NAME(token, token_names)
BY_NAME(key, key_names)
BY_NAME(zone_group, zone_group_names)
BY_NAME(zone_alias, zone_alias_names)

const struct dsc_dc *dsc_snapshot_dc_at(const struct dsc_snapshot *snap, const char *traddr,
					uint16_t port, const char *nqn)
{
	const struct dsc_dc *dc;

	dsc_tree_each(dc, snap->dcs, &dsc_dc_ops)
	{
		if (dc->port == port && !strcmp(dc->traddr, traddr) &&
		    (!nqn || !strcmp(dc->nqn, nqn)))
			return dc;
	}
	return NULL;
}

const struct dsc_ns *dsc_snapshot_ns(const struct dsc_subsys *s, uint32_t nsid)
{
	return dsc_tree_find(s->namespaces, &dsc_ns_ops, &nsid);
}

BY_ID(nssnap, nssnaps)
BY_ID(restore, restores)
BY_NAME(nssnap, nssnap_names)

const struct dsc_portal *dsc_snapshot_worker_portal(const struct dsc_snapshot *snap,
						    uint64_t worker_id, uint64_t after)
{
	struct dsc_portal key = { .id = after, .worker_id = worker_id };
	const struct dsc_portal *p;

	p = dsc_tree_next(snap->worker_portals, &dsc_worker_portal_ops, &key);
	return p && p->worker_id == worker_id ? p : NULL;
}

static const struct dsc_fail *find_fail(const struct dsc_snapshot *snap, uint64_t subsys_id,
					uint32_t nsid, uint64_t portal_id)
{
	struct dsc_fail key = { .subsys_id = subsys_id, .nsid = nsid, .portal_id = portal_id };

	return snap->fails ? dsc_tree_find(snap->fails, &dsc_fail_ops, &key) : NULL;
}

/* -- whos -------------------------------------------------------------------------------------------- */
const struct dsc_group *dsc_snapshot_who_group(const struct dsc_snapshot *snap, const char *text)
{
	size_t len = strlen(DSC_GROUP_PREFIX);

	return strncmp(text, DSC_GROUP_PREFIX, len) ? NULL : dsc_snapshot_group(snap, text + len);
}

uint64_t dsc_snapshot_who(const struct dsc_snapshot *snap, const char *text)
{
	const struct dsc_group *group = dsc_snapshot_who_group(snap, text);
	const struct dsc_host *host = group ? NULL : dsc_snapshot_host(snap, text);

	return group ? group->id : host ? host->id : 0;
}

const char *dsc_snapshot_who_text(const struct dsc_snapshot *snap, uint64_t who_id, char *buf)
{
	const struct dsc_host *host = dsc_snapshot_host_id(snap, who_id);
	const struct dsc_group *group = host ? NULL : dsc_snapshot_group_id(snap, who_id);

	if (!group)
		return host ? host->nqn : NULL;
	snprintf(buf, DSC_NQN_MAX + 1, "%s%s", DSC_GROUP_PREFIX, group->name);
	return buf;
}

const struct dsc_host *dsc_snapshot_who_host(const struct dsc_snapshot *snap, uint64_t who_id,
					     uint64_t after)
{
	const struct dsc_group *group = dsc_snapshot_group_id(snap, who_id);
	const struct dsc_member *m;

	if (!group)
		return after ? NULL : dsc_snapshot_host_id(snap, who_id);
	m = dsc_tree_next(group->members, &dsc_member_ops, &after);
	return m ? dsc_snapshot_host_id(snap, m->host_id) : NULL;
}

bool dsc_snapshot_allows(const struct dsc_subsys *s, const struct dsc_host *host)
{
	const struct dsc_member *m;

	if (s->allow_any || !host)
		return s->allow_any;
	if (dsc_tree_find(s->hosts, &dsc_allow_ops, &host->id))
		return true;
	dsc_tree_each(m, host->groups, &dsc_host_group_ops)
	{
		if (dsc_tree_find(s->hosts, &dsc_allow_ops, &m->group_id))
			return true;
	}
	return false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

uint64_t dsc_snapshot_named_after(const struct dsc_snapshot *snap, const struct dsc_host *host,
				  uint64_t id)
{
	uint64_t next = dsc_id(dsc_tree_next(host->subsystems, &dsc_ids_ops, &id));
	const struct dsc_group *group;
	const struct dsc_member *m;

	dsc_tree_each(m, host->groups, &dsc_host_group_ops)
	{
		group = dsc_snapshot_group_id(snap, m->group_id);
		if (group)
			next = sooner(next,
				      dsc_id(dsc_tree_next(group->subsystems, &dsc_ids_ops, &id)));
	}
	return next;
}

/* -- what a host sees ---------------------------------------------------------------------------------- */
struct dsc_asker dsc_asker(const struct dsc_snapshot *snap, const char *nqn)
{
	return (struct dsc_asker){ .nqn = nqn, .host = nqn ? dsc_snapshot_host(snap, nqn) : NULL };
}

/* A row of the views that counts for the asker. */
static void take_view(const struct dsc_snapshot *snap, const char *key, uint64_t *gen, bool *past)
{
	const struct dsc_view *view = dsc_tree_find(snap->views, &dsc_view_ops, key);

	if (!view)
		return;
	*gen = cmn_max(*gen, view->gen);
	*past |= view->past_any >= snap->gen_any;
}

uint64_t dsc_snapshot_genctr(const struct dsc_snapshot *snap, const struct dsc_asker *who)
{
	char key[sizeof(DSC_VIEW_PREFIX) + NET_PREFIX_TEXT];
	struct net_prefix of;
	uint64_t gen = 0;
	bool past = false;

	if (who->nqn)
		take_view(snap, who->nqn, &gen, &past);
	for (unsigned int bits = 0; who->has_from && bits <= who->from.bits; bits++) {
		if (!(snap->view_bits[bits / 64] >> bits % 64 & 1))
			continue;
		of = net_prefix_of(&who->from.ip, bits);
		strcpy(key, DSC_VIEW_PREFIX);
		net_prefix_format(&of, key + strlen(DSC_VIEW_PREFIX));
		take_view(snap, key, &gen, &past);
	}
	return past ? gen : cmn_max(gen, snap->gen_any);
}

bool dsc_hosts_have(const char *hosts, const char *who)
{
	size_t len = strlen(who);

	for (const char *p = hosts; (p = strstr(p, who)); p += len) {
		if (p[len] == '\n' && (p == hosts || p[-1] == '\n'))
			return true;
	}
	return false;
}

bool dsc_snapshot_in_hosts(const struct dsc_snapshot *snap, const char *hosts, const char *host_nqn)
{
	const struct dsc_host *host;
	const struct dsc_member *m;
	char who[DSC_NQN_MAX + 1];

	if (dsc_hosts_have(hosts, host_nqn))
		return true;
	host = dsc_snapshot_host(snap, host_nqn);
	dsc_tree_each(m, host ? host->groups : NULL, &dsc_host_group_ops)
	{
		if (dsc_hosts_have(hosts, dsc_snapshot_who_text(snap, m->group_id, who)))
			return true;
	}
	return false;
}

bool dsc_snapshot_refers(const struct dsc_snapshot *snap, const struct dsc_referral *r,
			 const char *host_nqn)
{
	const struct dsc_entity *dc = dsc_snapshot_entity(snap, r->nqn);

	if (!strcmp(r->nqn, host_nqn) || (dc && !strcmp(dc->owner, host_nqn)))
		return false;
	return r->all_hosts || dsc_snapshot_in_hosts(snap, r->hosts, host_nqn);
}

uint64_t dsc_snapshot_host_genctr(const struct dsc_snapshot *snap, const char *host_nqn)
{
	const struct dsc_view *view;

	if (!host_nqn)
		return snap->gen_hosts;
	view = dsc_tree_find(snap->host_views, &dsc_view_ops, host_nqn);
	return view ? view->gen : 0;
}

const struct dsc_reg *dsc_snapshot_host_reg_after(const struct dsc_snapshot *snap,
						  const char *host_nqn, const struct dsc_reg *after)
{
	struct dsc_reg first = { .id = 0 };
	const struct dsc_reg *r;

	if (!after && host_nqn) {
		snprintf(first.nqn, sizeof(first.nqn), "%s", host_nqn);
		after = &first;
	}
	r = dsc_tree_next(snap->host_regs, &dsc_reg_nqn_ops, after);
	return r && (!host_nqn || !strcmp(r->nqn, host_nqn)) ? r : NULL;
}

uint8_t dsc_snapshot_ana_state(const struct dsc_ana_group *group, const struct dsc_portal *portal)
{
	const struct dsc_ana_state *state =
		dsc_tree_find(group->states, &dsc_ana_state_ops, &portal->id);

	return state ? state->state : NVME_ANA_OPTIMIZED;
}

const struct dsc_ns *dsc_snapshot_ana_ns(const struct dsc_snapshot *snap, uint64_t group_id,
					 const struct dsc_ns *after)
{
	uint64_t id = after ? after->subsys_id : 0;
	const struct dsc_subsys *s = after ? dsc_snapshot_subsys_id(snap, id) : NULL;
	const struct dsc_ns *ns = after;

	for (;;) {
		while (s && (ns = dsc_tree_next(s->namespaces, &dsc_ns_ops, ns ? &ns->nsid : NULL)))
			if (ns->ana_group == group_id)
				return ns;
		s = dsc_tree_next(snap->subsystems, &dsc_subsys_ops, &id);
		if (!s)
			return NULL;
		id = s->id;
		ns = NULL;
	}
}

bool dsc_snapshot_serves(const struct dsc_subsys *s, const struct dsc_portal *p)
{
	if (p->worker_id != s->worker_id || p->kind != DSC_PORTAL_IO)
		return false;
	return s->all_portals || dsc_tree_find(s->portals, &dsc_serve_ops, &p->id);
}

/* By its own name or a group's, or because any host is allowed: whichever has been confirmed. */
static bool lets_in(const struct dsc_subsys *s, const struct dsc_host *host, uint64_t confirmed,
		    uint64_t *ret_who)
{
	const struct dsc_allow *a;
	const struct dsc_member *m;

	a = host ? dsc_tree_find(s->hosts, &dsc_allow_ops, &host->id) : NULL;
	*ret_who = a && a->since <= confirmed ? a->who_id : 0;
	if (*ret_who || (s->allow_any && s->any_since <= confirmed))
		return true;
	dsc_tree_each(m, host ? host->groups : NULL, &dsc_host_group_ops)
	{
		a = dsc_tree_find(s->hosts, &dsc_allow_ops, &m->group_id);
		*ret_who = m->group_id;
		if (a && a->since <= confirmed && m->since <= confirmed)
			return true;
	}
	return false;
}

static enum dsc_why why_host(const struct dsc_subsys *s, const struct dsc_host *host,
			     uint64_t confirmed)
{
	uint64_t who;

	if (lets_in(s, host, confirmed, &who))
		return DSC_WHY_VISIBLE;
	return dsc_snapshot_allows(s, host) ? DSC_WHY_NOT_CONFIRMED : DSC_WHY_NOT_ALLOWED;
}

bool dsc_snapshot_allowed_by(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			     const struct dsc_host *host, uint64_t *ret_who)
{
	const struct dsc_worker *w = dsc_snapshot_worker_id(snap, s->worker_id);

	return lets_in(s, host, w ? w->confirmed : 0, ret_who);
}

static enum dsc_why why_portal(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			       const struct dsc_portal *p, uint64_t confirmed)
{
	const struct dsc_serve *serve;

	if (!dsc_snapshot_serves(s, p))
		return DSC_WHY_NOT_LISTED;
	if (find_fail(snap, 0, 0, p->id) || find_fail(snap, s->id, 0, p->id))
		return DSC_WHY_PORTAL_FAILED;
	if (p->since > confirmed)
		return DSC_WHY_NOT_CONFIRMED;
	if (s->all_portals)
		return s->portals_since <= confirmed ? DSC_WHY_VISIBLE : DSC_WHY_NOT_CONFIRMED;
	serve = dsc_tree_find(s->portals, &dsc_serve_ops, &p->id);
	return serve->since <= confirmed ? DSC_WHY_VISIBLE : DSC_WHY_NOT_CONFIRMED;
}

/* told: room for what it points at. */
static struct dsc_zone_port zone_port(const struct dsc_subsys *s, const struct dsc_asker *who,
				      const struct dsc_portal *p, struct net_prefix *told)
{
	return (struct dsc_zone_port){ .nqn = s->nqn,
				       .label = s->label,
				       .label_since = s->label_since,
				       .port = p->port,
				       .portid = p->portid,
				       .addr = dsc_portal_told(p, told) ? told
					       : who->has_to		? &who->to
									: NULL };
}

static enum dsc_why why_zone(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			     const struct dsc_asker *who, const struct dsc_portal *p,
			     uint64_t confirmed)
{
	static const uint8_t map[DSC_ZONE_VERDICT_COUNT] = {
		[DSC_ZONE_SHARED] = DSC_WHY_VISIBLE,	    [DSC_ZONE_OPEN] = DSC_WHY_VISIBLE,
		[DSC_ZONE_APART] = DSC_WHY_ZONED_OUT,	    [DSC_ZONE_CLOSED] = DSC_WHY_NO_ZONE,
		[DSC_ZONE_PENDING] = DSC_WHY_NOT_CONFIRMED,
	};
	struct dsc_zone_port port;
	struct net_prefix told;

	if (who->anyone || !snap->zonings)
		return DSC_WHY_VISIBLE;
	port = zone_port(s, who, p, &told);
	return map[dsc_snapshot_zone(snap, who, &port, confirmed)];
}

bool dsc_snapshot_zone_of(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			  const struct dsc_asker *who, const struct dsc_portal *p,
			  struct dsc_zone_ref *ret)
{
	const struct dsc_zoning *z = dsc_snapshot_zoning(snap);
	const struct dsc_worker *w = dsc_snapshot_worker_id(snap, s->worker_id);
	struct dsc_zone_port port;
	struct net_prefix told;

	if (!z || !w || who->anyone)
		return false;
	port = zone_port(s, who, p, &told);
	return dsc_zoning_name(
		z,
		&(struct dsc_zoning_question){
			.snap = snap, .who = who, .port = &port, .confirmed = w->confirmed },
		ret);
}

/* The reason that is nearest to being told of it: of several portals that of the best counts. */
static enum dsc_why nearer(enum dsc_why a, enum dsc_why b)
{
	static const uint8_t rank[DSC_WHY_COUNT] = {
		[DSC_WHY_VISIBLE] = 4, [DSC_WHY_NOT_CONFIRMED] = 3, [DSC_WHY_ZONED_OUT] = 2,
		[DSC_WHY_NO_ZONE] = 2, [DSC_WHY_NO_PORTAL] = 1,
	};

	return rank[b] > rank[a] ? b : a;
}

static enum dsc_why why_any_portal(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
				   const struct dsc_asker *who, uint64_t confirmed)
{
	enum dsc_why why, best = DSC_WHY_NO_PORTAL;
	const struct dsc_portal *p;
	uint64_t id = 0;

	for (; (p = dsc_snapshot_worker_portal(snap, s->worker_id, id)); id = p->id) {
		why = why_portal(snap, s, p, confirmed);
		if (why == DSC_WHY_VISIBLE)
			why = why_zone(snap, s, who, p, confirmed);
		if (why == DSC_WHY_VISIBLE)
			return why;
		best = nearer(best, why);
	}
	return best;
}

static enum dsc_why why_served(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			       const struct dsc_asker *who, const struct dsc_portal *portal)
{
	const struct dsc_worker *w = dsc_snapshot_worker_id(snap, s->worker_id);
	enum dsc_why why;

	if (!w)
		return DSC_WHY_NO_WORKER;
	if (find_fail(snap, s->id, 0, 0))
		return DSC_WHY_FAILED;
	if (w->degraded)
		return DSC_WHY_WORKER_DEGRADED;
	if (s->since > w->confirmed)
		return DSC_WHY_NOT_CONFIRMED;
	if (!portal)
		return why_any_portal(snap, s, who, w->confirmed);
	why = why_portal(snap, s, portal, w->confirmed);
	return why == DSC_WHY_VISIBLE ? why_zone(snap, s, who, portal, w->confirmed) : why;
}

enum dsc_why dsc_snapshot_why(const struct dsc_snapshot *snap, const struct dsc_subsys *s,
			      const struct dsc_asker *who, const struct dsc_portal *portal)
{
	const struct dsc_worker *w = dsc_snapshot_worker_id(snap, s->worker_id);
	enum dsc_why why;

	if (!w)
		return DSC_WHY_NO_WORKER;
	why = who->anyone ? DSC_WHY_VISIBLE : why_host(s, who->host, w->confirmed);
	return why == DSC_WHY_VISIBLE ? why_served(snap, s, who, portal) : why;
}

char *dsc_why_text(const struct dsc_snapshot *snap, const struct dsc_subsys *s, enum dsc_why why,
		   char *buf, size_t size)
{
	static const char *const words[DSC_WHY_COUNT] = {
		[DSC_WHY_VISIBLE] = "the host is told of it",
		[DSC_WHY_NOT_ALLOWED] = "the host is not on its list of allowed hosts",
		[DSC_WHY_ZONED_OUT] = "it is in active zones, and the host in none of them",
		[DSC_WHY_NO_ZONE] = "it is in no active zone, and zoning is closed by default",
		[DSC_WHY_NOT_CONFIRMED] = "its worker has not confirmed the change yet",
		[DSC_WHY_NO_PORTAL] = "no portal of its worker serves it",
		[DSC_WHY_WORKER_DEGRADED] = "its worker crashes again and again",
		[DSC_WHY_NO_WORKER] = "it is on no worker",
		[DSC_WHY_FAILED] = "its worker could not serve it",
		[DSC_WHY_LOOPBACK] =
			"a portal on loopback is out of reach of a host that came by another way",
		[DSC_WHY_FAMILY] = "the portal has no address of the family by which the host came",
		[DSC_WHY_MAX_PATHS] = "the host is told as many other portals of it as it may",
		[DSC_WHY_NOT_LISTED] = "the subsystem is not served on this portal",
		[DSC_WHY_PORTAL_FAILED] = "its worker could not serve it on this portal",
		[DSC_WHY_NOT_LOCAL] = "the portal is not at the address that was asked",
	};
	const struct dsc_fail *fail = find_fail(snap, s->id, 0, 0);
	const struct dsc_worker *w = dsc_snapshot_worker_id(snap, s->worker_id);

	if (why == DSC_WHY_FAILED && fail)
		snprintf(buf, size, "%s: %s", words[why], fail->reason);
	else if (w && (why == DSC_WHY_NO_PORTAL || why == DSC_WHY_WORKER_DEGRADED))
		snprintf(buf, size, "%s (worker %s)", words[why], w->name);
	else
		snprintf(buf, size, "%s", words[why]);
	return buf;
}

uint64_t dsc_snapshot_allowed_after(const struct dsc_snapshot *snap, const struct dsc_asker *who,
				    uint64_t id)
{
	const struct dsc_subsys *s;
	uint64_t any;

	if (who->anyone) {
		s = dsc_tree_next(snap->subsystems, &dsc_subsys_ops, &id);
		return s ? s->id : 0;
	}
	any = dsc_id(dsc_tree_next(snap->any, &dsc_ids_ops, &id));
	return who->host ? sooner(any, dsc_snapshot_named_after(snap, who->host, id)) : any;
}

/* -- status ---------------------------------------------------------------------------------------------- */
static enum dsc_status status(const struct dsc_snapshot *snap, uint64_t worker_id, uint64_t changed,
			      const struct dsc_fail *fail, const struct dsc_fail **ret_fail)
{
	const struct dsc_worker *w = dsc_snapshot_worker_id(snap, worker_id);

	if (ret_fail)
		*ret_fail = NULL;
	if (!w || changed > w->confirmed)
		return DSC_PENDING;
	if (!fail)
		return DSC_READY;
	if (ret_fail)
		*ret_fail = fail;
	return DSC_STATUS_FAILED;
}

enum dsc_status dsc_snapshot_subsys_status(const struct dsc_snapshot *snap,
					   const struct dsc_subsys *s, uint32_t nsid,
					   const struct dsc_fail **ret_fail)
{
	const struct dsc_ns *ns = nsid ? dsc_snapshot_ns(s, nsid) : NULL;

	return status(snap, s->worker_id, ns ? ns->changed : s->changed,
		      find_fail(snap, s->id, nsid, 0), ret_fail);
}

enum dsc_status dsc_snapshot_portal_status(const struct dsc_snapshot *snap,
					   const struct dsc_portal *p,
					   const struct dsc_fail **ret_fail)
{
	return status(snap, p->worker_id, p->since, find_fail(snap, 0, 0, p->id), ret_fail);
}
