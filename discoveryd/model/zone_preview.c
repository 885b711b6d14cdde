/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_preview.c - see zone_preview.h.
 * Owns: a preview.  Thread: the control loop.  May block: never.
 *
 * Hosts that are known: configured, registered, or connected; each with the addresses by which it is known.  Confirmation by workers
 * doesn't count here: it is about what is wanted. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/foreign.h"
#include "discoveryd/model/zone_preview.h"
#include "discoveryd/model/zoning_impl.h"
#include "discoveryd/supervise/supervise.h"
#include "fabrics/spec/nvmf.h"
#include "net/addr.h"

#define CLOCK_EVERY 64 /* comparisons between looks at the clock */

/* A host by one of its addresses, or without one. */
struct known {
	char *nqn;
	bool at;
	bool touched; /* our own subsystems may differ for it */
	struct net_ip from;
};

/* An entry of another discovery controller that is told to hosts. */
struct entry {
	const struct dsc_dc *dc;
	const struct dsc_reg *reg;
};

struct dsc_zone_preview {
	struct dsc_app *app;
	const struct dsc_snapshot *snap;
	struct dsc_zoning *now, *then; /* now NULL: nothing is enforced */
	struct known *known; /* by NQN */
	size_t nr_known, max_known;
	uint64_t *subsys; /* that may differ */
	size_t nr_subsys;
	struct entry *entry; /* that may differ, by NQN */
	size_t nr_entries, max_entries;
	struct dsc_lines
		foreign; /* NQNs of subsystems that other discovery controllers present, sorted */
	struct dsc_preview_result r;
	size_t listed;
	size_t host_at, subsys_at, entry_at; /* where it stands: then members of zones */
	uint32_t zone_at;
	bool gained, lost; /* the host at hand */
	unsigned int ticks;
};

/* -- lists --------------------------------------------------------------------------------------------- */
static void note(struct dsc_zone_preview *p, struct dsc_preview_list *list, const char *nqn)
{
	for (size_t i = 0; i < list->nr; i++)
		if (list->nqn[i] == nqn)
			return; /* by another of its addresses */
	if (p->listed >= DSC_PREVIEW_ENTRIES_MAX) {
		p->r.truncated = true;
		return;
	}
	p->listed++;
	list->nqn = dsc_grow(list->nqn, list->nr, &list->max, sizeof(*list->nqn));
	list->nqn[list->nr++] = nqn;
}

/* -- who is known ----------------------------------------------------------------------------------------- */
static void add_known(struct dsc_zone_preview *p, const char *nqn, const char *address)
{
	struct known *k;

	p->known = dsc_grow(p->known, p->nr_known, &p->max_known, sizeof(*p->known));
	k = &p->known[p->nr_known++];
	memset(k, 0, sizeof(*k));
	k->nqn = dsc_strdup(nqn);
	k->at = address && net_ip_parse(&k->from, address);
}

static bool add_connected(void *arg, const struct dsc_controller *c)
{
	char address[64];
	uint16_t port;

	if (net_addr_split(c->host_addr, address, sizeof(address), &port) == 0)
		add_known(arg, c->host_nqn, address);
	return true;
}

static int by_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int c = strcmp(x->nqn, y->nqn);

	if (!c)
		c = (int)x->at - (int)y->at;
	return c ? c : net_ip_cmp(&x->from, &y->from);
}

static void find_known(struct dsc_zone_preview *p)
{
	const struct dsc_host *h;
	const struct dsc_reg *r = NULL;
	size_t kept = 0;

	dsc_tree_each(h, p->snap->hosts, &dsc_host_ops) add_known(p, h->nqn, NULL);
	while ((r = dsc_snapshot_host_reg_after(p->snap, NULL, r)))
		add_known(p, r->nqn, r->traddr);
	if (p->app->supervisor)
		dsc_supervisor_controllers(p->app->supervisor, NULL, NULL, add_connected, p);
	if (p->nr_known)
		qsort(p->known, p->nr_known, sizeof(*p->known), by_known);
	for (size_t i = 0; i < p->nr_known; i++) {
		if (kept && by_known(&p->known[kept - 1], &p->known[i]) == 0)
			free(p->known[i].nqn);
		else
			p->known[kept++] = p->known[i];
	}
	p->nr_known = kept;
}

/* The first that isn't before the NQN. */
static size_t first_known(const struct dsc_zone_preview *p, const char *nqn)
{
	size_t low = 0, high = p->nr_known;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(p->known[mid].nqn, nqn) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* For these something differs. */
static void touch_named(struct dsc_zone_preview *p, const char *nqn)
{
	for (size_t i = first_known(p, nqn); i < p->nr_known && !strcmp(p->known[i].nqn, nqn); i++)
		p->known[i].touched = true;
}

static void touch_labelled(struct dsc_zone_preview *p, const char *label)
{
	const struct dsc_reg *r = NULL;

	while ((r = dsc_snapshot_host_reg_after(p->snap, NULL, r)))
		if (!strcmp(r->label, label))
			touch_named(p, r->nqn);
}

static void touch_at(struct dsc_zone_preview *p, const struct net_prefix *at)
{
	for (size_t i = 0; i < p->nr_known; i++)
		p->known[i].touched |= p->known[i].at && net_prefix_has(at, &p->known[i].from);
}

/* A subsystem that comes into its first zone, or leaves its last, concerns everyone. */
static void touch_known(struct dsc_zone_preview *p)
{
	const struct dsc_zone_delta *delta = &p->then->delta;

	for (size_t i = 0; i < p->nr_known; i++)
		p->known[i].touched = delta->nr_whole;
	for (size_t i = 0; i < delta->nr_pairs && !delta->nr_whole; i++) {
		for (size_t k = 0; k < delta->pair[i].nr_hosts; k++) {
			const struct dsc_zone_key *key = &delta->pair[i].host[k];

			if (key->nqn)
				touch_named(p, key->nqn);
			else if (key->label)
				touch_labelled(p, key->label);
			else
				touch_at(p, &key->at);
		}
	}
}

static void find_foreign(struct dsc_zone_preview *p)
{
	const struct dsc_entity *e;
	const struct dsc_reg *r;

	dsc_tree_each(e, p->snap->entities, &dsc_entity_ops)
	{
		if (e->etype != NVMF_DIM_DDC)
			continue;
		dsc_tree_each(r, e->regs, &dsc_reg_key_ops) dsc_lines_add(&p->foreign, r->nqn);
	}
	dsc_lines_sort(&p->foreign);
}

/* Can the two forms say something else of it? */
static bool may_differ(const struct dsc_zone_preview *p, const struct dsc_reg *r)
{
	const struct dsc_zoning *form[] = { p->now, p->then };
	struct dsc_zones_of of;

	if (!p->now || p->now->enabled != p->then->enabled || p->now->closed != p->then->closed)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(form); i++) {
		dsc_zones_of_init(&of, form[i], r->nqn, r->label);
		if (dsc_zones_of_next(&of))
			return true;
	}
	return false;
}

static void find_entries(struct dsc_zone_preview *p)
{
	const struct dsc_entity *e;
	const struct dsc_reg *r;
	const struct dsc_dc *dc;

	dsc_tree_each(r, p->snap->dc_regs, &dsc_reg_nqn_ops)
	{
		e = dsc_snapshot_entity_id(p->snap, r->entity_id);
		dc = e ? dsc_snapshot_dc_id(p->snap, e->dc_id) : NULL;
		if (!dc || e->etype != NVMF_DIM_DDC || r->subtype != NVMF_SUBTYPE_NVM ||
		    dsc_dc_why(p->snap, dc, NULL) != DSC_DC_TOLD || !may_differ(p, r))
			continue;
		p->entry = dsc_grow(p->entry, p->nr_entries, &p->max_entries, sizeof(*p->entry));
		p->entry[p->nr_entries++] = (struct entry){ dc, r };
	}
}

/* -- who is told of what ------------------------------------------------------------------------------------- */
static bool may(const struct dsc_zone_preview *p, const struct dsc_zoning *z,
		const struct dsc_asker *who, const struct dsc_subsys *s)
{
	struct dsc_zone_port port = { .nqn = s->nqn, .label = s->label };
	struct dsc_zoning_question q = {
		.snap = p->snap, .who = who, .port = &port, .confirmed = UINT64_MAX
	};
	const struct dsc_portal *portal = NULL;
	struct net_prefix addr;

	while ((portal = dsc_snapshot_worker_portal(p->snap, s->worker_id,
						    portal ? portal->id : 0))) {
		if (!dsc_snapshot_serves(s, portal))
			continue;
		port.addr = dsc_portal_told(portal, &addr) ? &addr : NULL;
		port.port = portal->port;
		port.portid = portal->portid;
		if (!z || dsc_zone_may(dsc_zoning_verdict(z, &q, NULL)))
			return true;
	}
	return false;
}

/* 1: it gains the subsystem, -1: it loses it. */
static int compare(const struct dsc_zone_preview *p, const struct dsc_asker *who,
		   const struct dsc_subsys *s)
{
	return (int)may(p, p->then, who, s) - (int)may(p, p->now, who, s);
}

/* Is the host told one of these entries, which have the same NQN? */
static bool may_entries(const struct dsc_zone_preview *p, const struct dsc_zoning *z,
			const struct dsc_asker *who, size_t from, size_t to)
{
	struct dsc_zone_port port;
	struct dsc_zoning_question q = {
		.snap = p->snap, .who = who, .port = &port, .confirmed = UINT64_MAX
	};
	struct net_prefix addr;

	for (const struct entry *e = p->entry + from; e < p->entry + to; e++) {
		if (dsc_dc_why(p->snap, e->dc, who->nqn ? who->nqn : DSC_NOBODY) != DSC_DC_TOLD)
			continue;
		dsc_foreign_port(e->dc, e->reg, &port, &addr);
		if (!z || dsc_zone_may(dsc_zoning_verdict(z, &q, NULL)))
			return true;
	}
	return false;
}

/* The NQN of the entries from *at on, which goes past them; *ret_change as compare()'s. */
static const char *compare_entries(const struct dsc_zone_preview *p, const struct dsc_asker *who,
				   size_t *at, int *ret_change)
{
	const char *nqn = p->entry[*at].reg->nqn;
	size_t from = *at;

	while (*at < p->nr_entries && !strcmp(p->entry[*at].reg->nqn, nqn))
		++*at;
	*ret_change = (int)may_entries(p, p->then, who, from, *at) -
		      (int)may_entries(p, p->now, who, from, *at);
	return nqn;
}

static bool note_connected(void *arg, const struct dsc_controller *c)
{
	(void)c;
	*(bool *)arg = true;
	return false;
}

static struct dsc_preview_host *listed(struct dsc_zone_preview *p, const char *nqn)
{
	struct dsc_preview_host *h = p->r.nr_hosts ? &p->r.host[p->r.nr_hosts - 1] : NULL;

	if (h && !strcmp(h->nqn, nqn))
		return h;
	if (p->r.nr_hosts == DSC_PREVIEW_HOSTS_MAX) {
		p->r.truncated = true;
		return NULL;
	}
	h = &p->r.host[p->r.nr_hosts++];
	h->nqn = nqn;
	return h;
}

static void found(struct dsc_zone_preview *p, const struct known *k, const char *nqn, int change)
{
	struct dsc_preview_host *h = listed(p, k->nqn);
	bool connected = false;

	p->gained |= change > 0;
	p->lost |= change < 0;
	if (!h)
		return;
	note(p, change > 0 ? &h->gains : &h->loses, nqn);
	if (change < 0 && p->app->supervisor)
		dsc_supervisor_controllers(p->app->supervisor, nqn, k->nqn, note_connected,
					   &connected);
	if (connected)
		note(p, &h->connected, nqn);
}

static bool late(struct dsc_zone_preview *p, uint64_t until_ns)
{
	return ++p->ticks % CLOCK_EVERY == 0 && cmn_now_ns() >= until_ns;
}

/* One host by one of its addresses: subsystems from where it stands; false when it is time for others. */
static bool step_host(struct dsc_zone_preview *p, uint64_t until_ns)
{
	const struct known *k = &p->known[p->host_at];
	const struct dsc_host *host = dsc_snapshot_host(p->snap, k->nqn);
	struct dsc_asker who = { .nqn = k->nqn, .host = host, .has_from = k->at };
	const struct dsc_subsys *s;
	const char *nqn;
	int change;

	who.from = net_prefix_of(&k->from, NET_IP_BITS);
	while (k->touched && p->subsys_at < p->nr_subsys) {
		s = dsc_snapshot_subsys_id(p->snap, p->subsys[p->subsys_at++]);
		if (s && dsc_snapshot_allows(s, host)) {
			change = compare(p, &who, s);
			if (change)
				found(p, k, s->nqn, change);
		}
		if (late(p, until_ns))
			return false;
	}
	while (p->entry_at < p->nr_entries) {
		nqn = compare_entries(p, &who, &p->entry_at, &change);
		if (change)
			found(p, k, nqn, change);
		if (late(p, until_ns))
			return false;
	}
	return true;
}

static bool step_hosts(struct dsc_zone_preview *p, uint64_t until_ns)
{
	for (; p->host_at < p->nr_known; p->host_at++, p->subsys_at = p->entry_at = 0) {
		if (!step_host(p, until_ns))
			return false;
		if (p->host_at + 1 < p->nr_known &&
		    !strcmp(p->known[p->host_at].nqn, p->known[p->host_at + 1].nqn))
			continue;
		p->r.gaining += p->gained;
		p->r.losing += p->lost;
		p->gained = p->lost = false;
	}
	return true;
}

static void compare_anyone(struct dsc_zone_preview *p)
{
	struct dsc_asker who = { .nqn = NULL };
	const struct dsc_subsys *s;
	const char *nqn;
	int change;

	for (size_t i = 0; i < p->nr_subsys; i++) {
		s = dsc_snapshot_subsys_id(p->snap, p->subsys[i]);
		change = s && s->allow_any ? compare(p, &who, s) : 0;
		if (change)
			note(p, change > 0 ? &p->r.anyone_gains : &p->r.anyone_loses, s->nqn);
	}
	for (size_t at = 0; at < p->nr_entries;) {
		nqn = compare_entries(p, &who, &at, &change);
		if (change)
			note(p, change > 0 ? &p->r.anyone_gains : &p->r.anyone_loses, nqn);
	}
}

/* -- members that match nothing, or something of others ------------------------------------------------------------ */
static bool label_is_known(const struct dsc_zone_preview *p, const char *label)
{
	const struct dsc_reg *r = NULL;

	while ((r = dsc_snapshot_host_reg_after(p->snap, NULL, r)))
		if (!strcmp(r->label, label))
			return true;
	return false;
}

static bool host_is_known(const struct dsc_zone_preview *p, const struct dsc_zone_member *m)
{
	bool nqn = m->has & FAB_ZE_NQN;

	if (m->has & (FAB_ZE_PORT | FAB_ZE_PORTID))
		return false; /* matches no host */
	if (m->has & DSC_ZE_LABEL)
		return label_is_known(p, m->text);
	for (size_t i = nqn ? first_known(p, m->text) : 0; i < p->nr_known; i++) {
		if (nqn && strcmp(p->known[i].nqn, m->text) != 0)
			break;
		if (!(m->has & FAB_ZE_IP))
			return true;
		if (p->known[i].at && net_prefix_has(&m->at, &p->known[i].from))
			return true;
	}
	return false;
}

static bool subsystem_is_known(const struct dsc_zone_preview *p, const struct dsc_zone_member *m)
{
	struct dsc_tree *ids = NULL;
	bool any;

	dsc_zone_member_subsystems(p->snap, m, &ids);
	any = ids;
	dsc_tree_put(ids, &dsc_ids_ops);
	return any;
}

static void judge(struct dsc_zone_preview *p, const struct dsc_czone *zone, struct dsc_slice line)
{
	struct dsc_preview_members *to = NULL;
	struct dsc_zone_member m;

	if (!dsc_zone_member_parse(line, &m))
		return;
	if (m.role == NVMF_ZONE_HOST ? !host_is_known(p, &m) : !subsystem_is_known(p, &m))
		to = m.role == NVMF_ZONE_SUBSYSTEM && m.has & FAB_ZE_NQN &&
				     dsc_lines_has(&p->foreign, m.text)
			     ? &p->r.foreign
			     : &p->r.unknown;
	if (!to)
		return;
	if (to->nr == DSC_PREVIEW_MEMBERS_MAX) {
		p->r.truncated = true;
		return;
	}
	to->m = dsc_grow(to->m, to->nr, &to->max, sizeof(*to->m));
	to->m[to->nr++] = (struct dsc_preview_member){ .group = zone->group->name,
						       .zone = zone->name,
						       .line = line };
}

/* Of our own groups: what others send is theirs to know. */
static bool step_zones(struct dsc_zone_preview *p, uint64_t until_ns)
{
	const struct dsc_czone *zone;
	struct dsc_slice line;
	const char *pos;

	while (p->zone_at < p->then->nr_zones) {
		zone = &p->then->zone[p->zone_at++];
		for (pos = zone->text; !*zone->group->originator &&
				       pos < zone->text + zone->text_len &&
				       dsc_slice_line(&pos, &line);)
			judge(p, zone, line);
		if (cmn_now_ns() >= until_ns)
			return false;
	}
	return true;
}

/* -- life ------------------------------------------------------------------------------------------------------------ */
int dsc_zone_preview_begin(struct dsc_app *app, const struct dsc_activate_in *in,
			   const struct dsc_zoning_in *settings, struct dsc_zone_preview **ret,
			   struct cmn_err *err)
{
	struct dsc_zone_preview *p;
	struct dsc_zoning *then;

	if (dsc_zoning_trial(app, in, settings, &then, err) < 0)
		return err->code;
	p = dsc_zalloc(sizeof(*p));
	p->app = app;
	p->then = then;
	p->snap = dsc_snapshot_current(app->model);
	p->now = dsc_row_get(dsc_snapshot_zoning(p->snap));
	p->subsys = then->delta.changed;
	p->nr_subsys = then->delta.nr_changed;
	p->r.host = dsc_zalloc(DSC_PREVIEW_HOSTS_MAX * sizeof(*p->r.host));
	find_known(p);
	touch_known(p);
	find_foreign(p);
	find_entries(p);
	compare_anyone(p);
	*ret = p;
	return 0;
}

bool dsc_zone_preview_step(struct dsc_zone_preview *p, uint64_t until_ns)
{
	return !step_hosts(p, until_ns) || !step_zones(p, until_ns);
}

const struct dsc_preview_result *dsc_zone_preview_result(const struct dsc_zone_preview *p)
{
	return &p->r;
}

void dsc_zone_preview_end(struct dsc_zone_preview *p)
{
	for (size_t i = 0; i < p->r.nr_hosts; i++) {
		free(p->r.host[i].gains.nqn);
		free(p->r.host[i].loses.nqn);
		free(p->r.host[i].connected.nqn);
	}
	for (size_t i = 0; i < p->nr_known; i++)
		free(p->known[i].nqn);
	free(p->known);
	free(p->r.host);
	free(p->r.anyone_gains.nqn);
	free(p->r.anyone_loses.nqn);
	free(p->entry);
	free(p->r.unknown.m);
	free(p->r.foreign.m);
	dsc_lines_free(&p->foreign);
	dsc_row_put(p->now);
	dsc_row_put(p->then);
	dsc_snapshot_put(p->snap);
	free(p);
}
