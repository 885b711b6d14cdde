/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/rows.c - makes, copies, counts and orders rows.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "discoveryd/events/audit.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/zoning_impl.h"

const char *const dsc_role_name[DSC_ROLE_COUNT + 1] = { "viewer", "operator", "admin" };

const char *const dsc_backend_name[DSC_BACKEND_COUNT + 1] = {
	[DSC_BACKEND_RAM] = "ram",
	[DSC_BACKEND_FILE] = "file",
	[DSC_BACKEND_NULL] = "null",
};

const char *const dsc_nssnap_state_name[DSC_NSSNAP_STATE_COUNT + 1] = {
	[DSC_NSSNAP_CREATING] = "creating",
	[DSC_NSSNAP_READY] = "ready",
	[DSC_NSSNAP_FAILED] = "failed",
};

void *dsc_zalloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		cmn_error("out of memory", "bytes=%zu", size);
		abort();
	}
	return p;
}

void *dsc_grow(void *array, size_t nr, size_t *max, size_t size)
{
	void *more;

	if (nr < *max)
		return array;
	*max = *max ? 2 * *max : 8;
	more = dsc_zalloc(*max * size);
	if (nr)
		memcpy(more, array, nr * size);
	free(array);
	return more;
}

char *dsc_strdup(const char *text)
{
	size_t len = strlen(text) + 1;

	return memcpy(dsc_zalloc(len), text, len);
}

/* -- what a row owns beside its fixed part ------------------------------------------------------- */
static void ana_group_drop(void *p)
{
	dsc_tree_put(((struct dsc_ana_group *)p)->states, &dsc_ana_state_ops);
}

static void ana_group_share(void *p)
{
	dsc_tree_get(((struct dsc_ana_group *)p)->states);
}

static void host_drop(void *p)
{
	struct dsc_host *h = p;

	dsc_tree_put(h->subsystems, &dsc_ids_ops);
	dsc_tree_put(h->namespaces, &dsc_who_ns_ops);
	dsc_tree_put(h->groups, &dsc_host_group_ops);
}

static void host_share(void *p)
{
	struct dsc_host *h = p;

	dsc_tree_get(h->subsystems);
	dsc_tree_get(h->namespaces);
	dsc_tree_get(h->groups);
}

static void group_drop(void *p)
{
	struct dsc_group *g = p;

	dsc_tree_put(g->members, &dsc_member_ops);
	dsc_tree_put(g->subsystems, &dsc_ids_ops);
	dsc_tree_put(g->namespaces, &dsc_who_ns_ops);
}

static void group_share(void *p)
{
	struct dsc_group *g = p;

	dsc_tree_get(g->members);
	dsc_tree_get(g->subsystems);
	dsc_tree_get(g->namespaces);
}

static void subsys_drop(void *p)
{
	struct dsc_subsys *s = p;

	dsc_tree_put(s->hosts, &dsc_allow_ops);
	dsc_tree_put(s->portals, &dsc_serve_ops);
	dsc_tree_put(s->namespaces, &dsc_ns_ops);
}

static void subsys_share(void *p)
{
	struct dsc_subsys *s = p;

	dsc_tree_get(s->hosts);
	dsc_tree_get(s->portals);
	dsc_tree_get(s->namespaces);
}

static void ns_drop(void *p)
{
	struct dsc_ns *ns = p;

	dsc_tree_put(ns->hosts, &dsc_ids_ops);
	free(ns->path);
}

static void ns_share(void *p)
{
	struct dsc_ns *ns = p;

	dsc_tree_get(ns->hosts);
	if (ns->path)
		ns->path = dsc_strdup(ns->path);
}

static void nssnap_drop(void *p)
{
	free(((struct dsc_nssnap *)p)->path);
}

static void nssnap_share(void *p)
{
	struct dsc_nssnap *s = p;

	s->path = dsc_strdup(s->path);
}

static void restore_drop(void *p)
{
	struct dsc_restore *r = p;

	free(r->path);
	free(r->hosts);
	dsc_row_put(r->ns);
}

static void restore_share(void *p)
{
	struct dsc_restore *r = p;

	r->path = dsc_strdup(r->path);
	r->hosts = r->hosts ? dsc_strdup(r->hosts) : NULL;
	r->ns = dsc_row_get(r->ns);
}

static void event_drop(void *p)
{
	struct dsc_event *ev = p;

	free(ev->text);
	free(ev->data);
}

static void event_share(void *p)
{
	struct dsc_event *ev = p;

	ev->text = dsc_strdup(ev->text);
	ev->data = dsc_strdup(ev->data);
}

static void audit_drop(void *p)
{
	struct dsc_audit *a = p;

	free(a->path);
	free(a->once);
	free(a->location);
	free(a->changes);
}

static void audit_share(void *p)
{
	struct dsc_audit *a = p;

	a->path = dsc_strdup(a->path);
	a->once = dsc_strdup(a->once);
	a->location = dsc_strdup(a->location);
	a->changes = dsc_strdup(a->changes);
}

static void entity_drop(void *p)
{
	dsc_tree_put(((struct dsc_entity *)p)->regs, &dsc_reg_key_ops);
}

static void entity_share(void *p)
{
	dsc_tree_get(((struct dsc_entity *)p)->regs);
}

static void reg_drop(void *p)
{
	struct dsc_reg *r = p;

	free(r->key);
	free(r->label);
}

static void reg_share(void *p)
{
	struct dsc_reg *r = p;

	r->key = dsc_strdup(r->key);
	r->label = dsc_strdup(r->label);
}

static void referral_drop(void *p)
{
	free(((struct dsc_referral *)p)->hosts);
}

static void referral_share(void *p)
{
	struct dsc_referral *r = p;

	r->hosts = dsc_strdup(r->hosts);
}

static void dc_drop(void *p)
{
	struct dsc_dc *dc = p;

	free(dc->hosts);
	dsc_tree_put(dc->entities, &dsc_ids_ops);
}

static void dc_share(void *p)
{
	struct dsc_dc *dc = p;

	dc->hosts = dsc_strdup(dc->hosts);
	dsc_tree_get(dc->entities);
}

static void zone_group_drop(void *p)
{
	struct dsc_zone_group *g = p;

	dsc_tree_put(g->zones, &dsc_zone_ops);
	free(g->description);
}

static void zone_group_share(void *p)
{
	struct dsc_zone_group *g = p;

	dsc_tree_get(g->zones);
	g->description = dsc_strdup(g->description);
}

static void zone_drop(void *p)
{
	free(((struct dsc_zone *)p)->members);
}

static void zone_share(void *p)
{
	struct dsc_zone *z = p;

	z->members = dsc_strdup(z->members);
}

static void zone_alias_drop(void *p)
{
	free(((struct dsc_zone_alias *)p)->members);
}

static void zone_alias_share(void *p)
{
	struct dsc_zone_alias *a = p;

	a->members = dsc_strdup(a->members);
}

static void zone_settings_drop(void *p)
{
	free(((struct dsc_zone_settings *)p)->ddcs);
}

static void zone_settings_share(void *p)
{
	struct dsc_zone_settings *s = p;

	s->ddcs = dsc_strdup(s->ddcs);
}

static void zone_active_drop(void *p)
{
	free(((struct dsc_zone_active *)p)->zones);
}

static void zone_active_share(void *p)
{
	struct dsc_zone_active *a = p;

	a->zones = dsc_strdup(a->zones);
}

static void zone_past_drop(void *p)
{
	struct dsc_zone_past *past = p;

	free(past->ddcs);
	free(past->note);
	free(past->summary);
}

static void zone_past_share(void *p)
{
	struct dsc_zone_past *past = p;

	past->ddcs = dsc_strdup(past->ddcs);
	past->note = dsc_strdup(past->note);
	past->summary = dsc_strdup(past->summary);
}

static const struct {
	size_t size;
	void (*drop)(void *row);
	void (*share)(void *row);
} kinds[DSC_ROW_COUNT] = {
	[DSC_ROW_NODE] = { sizeof(struct dsc_node), NULL, NULL },
	[DSC_ROW_WORKER] = { sizeof(struct dsc_worker), NULL, NULL },
	[DSC_ROW_PORTAL] = { sizeof(struct dsc_portal), NULL, NULL },
	[DSC_ROW_ANA_GROUP] = { sizeof(struct dsc_ana_group), ana_group_drop, ana_group_share },
	[DSC_ROW_ANA_STATE] = { sizeof(struct dsc_ana_state), NULL, NULL },
	[DSC_ROW_HOST] = { sizeof(struct dsc_host), host_drop, host_share },
	[DSC_ROW_GROUP] = { sizeof(struct dsc_group), group_drop, group_share },
	[DSC_ROW_MEMBER] = { sizeof(struct dsc_member), NULL, NULL },
	[DSC_ROW_SUBSYS] = { sizeof(struct dsc_subsys), subsys_drop, subsys_share },
	[DSC_ROW_NS] = { sizeof(struct dsc_ns), ns_drop, ns_share },
	[DSC_ROW_ALLOW] = { sizeof(struct dsc_allow), NULL, NULL },
	[DSC_ROW_SERVE] = { sizeof(struct dsc_serve), NULL, NULL },
	[DSC_ROW_NS_ALLOW] = { sizeof(struct dsc_ns_allow), NULL, NULL },
	[DSC_ROW_FAIL] = { sizeof(struct dsc_fail), NULL, NULL },
	[DSC_ROW_VIEW] = { sizeof(struct dsc_view), NULL, NULL },
	[DSC_ROW_DC] = { sizeof(struct dsc_dc), dc_drop, dc_share },
	[DSC_ROW_ENTITY] = { sizeof(struct dsc_entity), entity_drop, entity_share },
	[DSC_ROW_REG] = { sizeof(struct dsc_reg), reg_drop, reg_share },
	[DSC_ROW_HOST_VIEW] = { sizeof(struct dsc_view), NULL, NULL },
	[DSC_ROW_REFERRAL] = { sizeof(struct dsc_referral), referral_drop, referral_share },
	[DSC_ROW_ZONE_SETTINGS] = { sizeof(struct dsc_zone_settings), zone_settings_drop,
				    zone_settings_share },
	[DSC_ROW_ZONE_GROUP] = { sizeof(struct dsc_zone_group), zone_group_drop, zone_group_share },
	[DSC_ROW_ZONE] = { sizeof(struct dsc_zone), zone_drop, zone_share },
	[DSC_ROW_ZONE_ALIAS] = { sizeof(struct dsc_zone_alias), zone_alias_drop, zone_alias_share },
	[DSC_ROW_ZONE_ACTIVE] = { sizeof(struct dsc_zone_active), zone_active_drop,
				  zone_active_share },
	[DSC_ROW_ZONE_PAST] = { sizeof(struct dsc_zone_past), zone_past_drop, zone_past_share },
	[DSC_ROW_ZONING] = { sizeof(struct dsc_zoning), dsc_zoning_drop, NULL }, /* never copied */
	[DSC_ROW_EVENT] = { sizeof(struct dsc_event), event_drop, event_share },
	[DSC_ROW_AUDIT] = { sizeof(struct dsc_audit), audit_drop, audit_share },
	[DSC_ROW_USER] = { sizeof(struct dsc_user), NULL, NULL },
	[DSC_ROW_TOKEN] = { sizeof(struct dsc_token), NULL, NULL },
	[DSC_ROW_KEY] = { sizeof(struct dsc_key), NULL, NULL },
	[DSC_ROW_NSSNAP] = { sizeof(struct dsc_nssnap), nssnap_drop, nssnap_share },
	[DSC_ROW_RESTORE] = { sizeof(struct dsc_restore), restore_drop, restore_share },
	[DSC_ROW_NAME] = { sizeof(struct dsc_name), NULL, NULL },
	[DSC_ROW_SEEN] = { sizeof(struct dsc_seen), NULL, NULL },
};

void *dsc_row_new(enum dsc_row_kind kind)
{
	struct dsc_row *row = dsc_zalloc(kinds[kind].size);

	atomic_init(&row->refs, 1);
	row->kind = (uint8_t)kind;
	return row;
}

void *dsc_row_copy(const void *row)
{
	const struct dsc_row *from = row;
	struct dsc_row *to = dsc_zalloc(kinds[from->kind].size);

	memcpy(to, from, kinds[from->kind].size);
	atomic_init(&to->refs, 1);
	if (kinds[to->kind].share)
		kinds[to->kind].share(to);
	return to;
}

void *dsc_row_get(const void *row)
{
	struct dsc_row *r = (struct dsc_row *)(uintptr_t)row;

	if (r)
		atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void dsc_row_put(void *row)
{
	struct dsc_row *r = row;

	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (kinds[r->kind].drop)
		kinds[r->kind].drop(r);
	free(r);
}

struct dsc_name *dsc_name_new(const char *text, uint64_t id)
{
	size_t len = strlen(text) + 1;
	struct dsc_name *n = dsc_zalloc(sizeof(*n) + len);

	atomic_init(&n->row.refs, 1);
	n->row.kind = DSC_ROW_NAME;
	n->id = id;
	memcpy(n->text, text, len);
	return n;
}

/* -- orders ------------------------------------------------------------------------------------- */
static int cmp_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static void *row_get(void *row)
{
	return dsc_row_get(row);
}

#define U64_ORDER(what, type, member)                                                              \
	static int what##_cmp(const void *key, const void *value)                                  \
	{                                                                                          \
		return cmp_u64(*(const uint64_t *)key, ((const struct type *)value)->member);      \
	}                                                                                          \
	static const void *what##_key(const void *value)                                           \
	{                                                                                          \
		return &((const struct type *)value)->member;                                      \
	}                                                                                          \
	const struct dsc_tree_ops dsc_##what##_ops = { what##_cmp, what##_key, row_get,            \
						       dsc_row_put }

U64_ORDER(node, dsc_node, id);
U64_ORDER(worker, dsc_worker, id);
U64_ORDER(portal, dsc_portal, id);
U64_ORDER(ana_group, dsc_ana_group, id);
U64_ORDER(ana_state, dsc_ana_state, portal_id);
U64_ORDER(host, dsc_host, id);
U64_ORDER(subsys, dsc_subsys, id);
U64_ORDER(group, dsc_group, id);
U64_ORDER(member, dsc_member, host_id);
U64_ORDER(host_group, dsc_member, group_id);
U64_ORDER(allow, dsc_allow, who_id);
U64_ORDER(serve, dsc_serve, portal_id);
U64_ORDER(dc, dsc_dc, id);
U64_ORDER(entity, dsc_entity, id);
U64_ORDER(reg, dsc_reg, id);
U64_ORDER(referral, dsc_referral, id);
U64_ORDER(zone_settings, dsc_zone_settings, id);
U64_ORDER(zone_group, dsc_zone_group, id);
U64_ORDER(zone_alias, dsc_zone_alias, id);
U64_ORDER(zone_active, dsc_zone_active, id);
U64_ORDER(zone_past, dsc_zone_past, change);
U64_ORDER(zoning, dsc_zoning, since);
U64_ORDER(user, dsc_user, id);
U64_ORDER(token, dsc_token, id);
U64_ORDER(key, dsc_key, id);
U64_ORDER(nssnap, dsc_nssnap, id);
U64_ORDER(restore, dsc_restore, id);

#define TEXT_ORDER(what, type, member)                                                             \
	static int what##_cmp(const void *key, const void *value)                                  \
	{                                                                                          \
		return strcmp(key, ((const struct type *)value)->member);                          \
	}                                                                                          \
	static const void *what##_key(const void *value)                                           \
	{                                                                                          \
		return ((const struct type *)value)->member;                                       \
	}                                                                                          \
	const struct dsc_tree_ops dsc_##what##_ops = { what##_cmp, what##_key, row_get,            \
						       dsc_row_put }

TEXT_ORDER(name, dsc_name, text);
TEXT_ORDER(view, dsc_view, nqn);
TEXT_ORDER(path, dsc_ns, path);
TEXT_ORDER(reg_key, dsc_reg, key);
TEXT_ORDER(seen, dsc_seen, nqn);
TEXT_ORDER(zone, dsc_zone, name);

static int ns_cmp(const void *key, const void *value)
{
	return cmp_u64(*(const uint32_t *)key, ((const struct dsc_ns *)value)->nsid);
}

static const void *ns_key(const void *value)
{
	return &((const struct dsc_ns *)value)->nsid;
}
const struct dsc_tree_ops dsc_ns_ops = { ns_cmp, ns_key, row_get, dsc_row_put };

static int uuid_cmp(const void *key, const void *value)
{
	return memcmp(key, &((const struct dsc_ns *)value)->uuid, CMN_UUID_LEN);
}

static const void *uuid_key(const void *value)
{
	return &((const struct dsc_ns *)value)->uuid;
}
const struct dsc_tree_ops dsc_uuid_ops = { uuid_cmp, uuid_key, row_get, dsc_row_put };

/* The key of an id is a pointer to it, as for rows; a value has no address of its own to point at. */
static int ids_cmp(const void *key, const void *value)
{
	return cmp_u64(*(const uint64_t *)key, dsc_id(value));
}

static const void *ids_key(const void *value)
{
	static _Thread_local uint64_t slot[4];
	static _Thread_local unsigned int turn;
	uint64_t *key = &slot[turn++ % 4];

	*key = dsc_id(value);
	return key;
}
const struct dsc_tree_ops dsc_ids_ops = { ids_cmp, ids_key, NULL, NULL };

/* A portal by its worker, then by its id. */
static int worker_portal_cmp(const void *key, const void *value)
{
	const struct dsc_portal *a = key, *b = value;
	int c = cmp_u64(a->worker_id, b->worker_id);

	return c ? c : cmp_u64(a->id, b->id);
}

static int fail_cmp(const void *key, const void *value)
{
	const struct dsc_fail *a = key, *b = value;
	int c = cmp_u64(a->subsys_id, b->subsys_id);

	if (!c)
		c = cmp_u64(a->nsid, b->nsid);
	return c ? c : cmp_u64(a->portal_id, b->portal_id);
}

static const void *self_key(const void *value)
{
	return value;
}
const struct dsc_tree_ops dsc_worker_portal_ops = { worker_portal_cmp, self_key, row_get,
						    dsc_row_put };
const struct dsc_tree_ops dsc_fail_ops = { fail_cmp, self_key, row_get, dsc_row_put };

static int who_ns_cmp(const void *key, const void *value)
{
	const struct dsc_ns_allow *a = key, *b = value;
	int c = cmp_u64(a->subsys_id, b->subsys_id);

	return c ? c : cmp_u64(a->nsid, b->nsid);
}
const struct dsc_tree_ops dsc_who_ns_ops = { who_ns_cmp, self_key, row_get, dsc_row_put };

static int seen_age_cmp(const void *key, const void *value)
{
	const struct dsc_seen *a = key, *b = value;
	int c = cmp_u64(a->last_ms, b->last_ms);

	return c ? c : strcmp(a->nqn, b->nqn);
}
const struct dsc_tree_ops dsc_seen_age_ops = { seen_age_cmp, self_key, row_get, dsc_row_put };

static int host_key_cmp(const void *key, const void *value)
{
	const struct dsc_key *a = key, *b = value;
	int c = cmp_u64(a->host_id, b->host_id);

	return c ? c : cmp_u64(a->key_kind, b->key_kind);
}
const struct dsc_tree_ops dsc_host_key_ops = { host_key_cmp, self_key, row_get, dsc_row_put };

static int reg_nqn_cmp(const void *key, const void *value)
{
	const struct dsc_reg *a = key, *b = value;
	int c = strcmp(a->nqn, b->nqn);

	return c ? c : cmp_u64(a->id, b->id);
}
const struct dsc_tree_ops dsc_reg_nqn_ops = { reg_nqn_cmp, self_key, row_get, dsc_row_put };
