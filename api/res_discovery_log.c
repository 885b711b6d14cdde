/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_discovery_log.c - /discovery-log: what a host would be told, and why a subsystem isn't in it; /discovery/explain: each
 * entry that there could be, and the rule that shows or hides it.  Both by the function that makes what is told on the wire.
 * Thread: the control loop.  May block: never. */
#include "api/render.h"
#include "api/resources.h"

#include "common/container.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/disc/log.h"
#include "discoveryd/model/foreign.h"
#include "discoveryd/model/zoning.h"
#include "fabrics/discovery_text.h"
#include "fabrics/spec/nvmf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the words of nvme-cli. */
static struct json_object *render_record(const struct fab_disc_record *record)
{
	struct json_object *json = json_object_new_object();

	api_add_str(json, "trtype", fab_disc_trtype_text(record->trtype));
	api_add_str(json, "adrfam", fab_disc_adrfam_text(record->adrfam));
	api_add_str(json, "subtype", fab_disc_subtype_text(record->subtype));
	api_add_str(json, "treq", fab_disc_treq_text(record->treq));
	api_add_u64(json, "portid", record->portid);
	api_add_str(json, "trsvcid", record->trsvcid);
	api_add_str(json, "subnqn", record->subnqn);
	api_add_str(json, "traddr", record->traddr);
	api_add_str(json, "eflags", fab_disc_eflags_text(record->eflags));
	api_add_str(json, "sectype", fab_disc_sectype_text(record->sectype));
	return json;
}

/* Subsystems that the host is told of by none of their portals. */
static struct json_object *render_missing(const struct dsc_snapshot *snap,
					  const struct dsc_asker *who)
{
	struct json_object *array = json_object_new_array(), *json;
	struct dsc_paths paths = { 0 };
	const struct dsc_subsys *s;
	enum dsc_why why;
	char text[256];

	dsc_paths_init(&paths, snap, who);
	dsc_tree_each(s, snap->subsystems, &dsc_subsys_ops)
	{
		dsc_paths_find(&paths, s);
		why = dsc_paths_why(&paths, s);
		if (why == DSC_WHY_VISIBLE)
			continue;
		json = json_object_new_object();
		api_add_str(json, "nqn", s->nqn);
		api_add_str(json, "reason", dsc_why_name[why]);
		api_add_str(json, "detail", dsc_why_text(snap, s, why, text, sizeof(text)));
		json_object_array_add(array, json);
	}
	dsc_paths_end(&paths);
	return array;
}

static struct json_object *render(const struct dsc_snapshot *snap, const struct dsc_asker *who,
				  const struct dsc_via *via)
{
	struct dsc_log *log = dsc_log_create(snap, who, via, 0);
	struct json_object *json, *records;
	struct fab_disc_record record;

	if (!log)
		return NULL;
	records = json_object_new_array();
	for (uint64_t i = 0; i < dsc_log_count(log); i++) {
		dsc_log_record(log, i, &record);
		json_object_array_add(records, render_record(&record));
	}
	json = json_object_new_object();
	api_add_str(json, "host_nqn", who->nqn);
	api_add_str(json, "via", via->address);
	api_add_u64(json, "genctr", dsc_log_genctr(log));
	json_object_object_add(json, "records", records);
	json_object_object_add(json, "missing", render_missing(snap, who));
	dsc_log_destroy(log);
	return json;
}

/* ?via=, and the discovery portal that listens there. */
static int read_via(struct api_req *req, struct dsc_via *via, struct cmn_err *err)
{
	const struct dsc_options *opt = &api_req_app(req)->opt;
	const char *text = api_req_query(req, "via");

	if (dsc_via_parse(via, text ? text : "127.0.0.1",
			  opt->nr_listen ? opt->listen[0].port : DSC_DISC_PORT, err) < 0)
		return err->code;
	for (unsigned int i = 0; i < opt->nr_listen; i++) {
		if (opt->listen[i].port == via->port) {
			via->portid = (uint16_t)i;
			break;
		}
	}
	return 0;
}

/* ?from=: the address that the host asks from. */
static int read_from(struct api_req *req, struct net_ip *ret, struct cmn_err *err)
{
	const char *text = api_req_query(req, "from");

	if (!text || net_ip_parse(ret, text))
		return 0;
	return cmn_err_set(err, -EINVAL, "from", "\"%s\" is not an address such as 192.0.2.7",
			   text);
}

/* What both ask: the host, where it comes from, which way. */
struct ask {
	struct dsc_asker who;
	struct dsc_via via;
};

/* False: answered. */
static bool read_ask(struct api_req *req, const struct dsc_snapshot *snap, struct ask *ret)
{
	const char *host_nqn = api_req_query(req, "host_nqn");
	struct cmn_err err = { 0 };
	struct net_ip from;

	if (!host_nqn)
		cmn_err_set(&err, -EINVAL, "host_nqn", "say which host asks: ?host_nqn=...");
	else if (dsc_nqn_check(host_nqn, "host_nqn", &err) == 0 &&
		 read_via(req, &ret->via, &err) == 0)
		read_from(req, &from, &err);
	if (err.code) {
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return false;
	}
	ret->who = dsc_asker(snap, host_nqn);
	ret->who.has_to = true;
	ret->who.to = ret->via.to;
	ret->who.has_from = api_req_query(req, "from");
	if (ret->who.has_from)
		ret->who.from = net_prefix_of(&from, NET_IP_BITS);
	return true;
}

static void answer(struct api_req *req, struct json_object *json)
{
	if (json)
		api_reply_json(req, 200, json);
	else
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "out of memory");
}

static void get(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	struct ask ask;

	if (read_ask(req, snap, &ask))
		answer(req, render(snap, &ask.who, &ask.via));
	dsc_snapshot_put(snap);
}

/* -- explain ------------------------------------------------------------------------------------------- */
struct explain {
	const struct dsc_snapshot *snap;
	struct ask ask;
	const char *state; /* of the host: state_of() */
	const char *nqn; /* only of this; NULL: all */
	struct json_object *items;
	uint64_t limit, order;
	bool hidden,
		more; /* hidden: the turn of what isn't told; more: there is more than the limit */
};

static const char *nqn_of(const struct dsc_log_item *item)
{
	return item->e.subsys ? item->e.subsys->nqn
	       : item->reg    ? item->reg->nqn
			      : item->referral->nqn;
}

/* What lets the host in; NULL: nothing does. */
static const char *allowed_by(const struct explain *x, const struct dsc_subsys *s, char *buf)
{
	uint64_t who;

	if (!dsc_snapshot_allowed_by(x->snap, s, x->ask.who.host, &who))
		return NULL;
	return who ? dsc_snapshot_who_text(x->snap, who, buf) : "any";
}

static void add_ours(const struct explain *x, struct json_object *json,
		     const struct dsc_log_item *item)
{
	struct dsc_path_rule rule = dsc_path_rule(x->snap, x->ask.who.host, item->e.subsys);
	const struct dsc_portal *p = item->e.portal;
	char text[DSC_NQN_MAX + 1];

	api_add_str(json, "portal", p ? p->name : NULL);
	api_add_str(json, "allowed_by", allowed_by(x, item->e.subsys, text));
	api_add_paths(json, rule.policy, rule.max_paths);
	api_add_str(json, "path_policy_of", rule.policy_group ? rule.policy_group->name : NULL);
	api_add_str(json, "max_paths_of", rule.max_group ? rule.max_group->name : NULL);
}

/* The zone that decides, if one does. */
static void add_zone(const struct explain *x, struct json_object *json,
		     const struct dsc_log_item *item)
{
	const struct dsc_zoning *z = dsc_snapshot_zoning(x->snap);
	struct dsc_zoning_question q = { .snap = x->snap,
					 .who = &x->ask.who,
					 .confirmed = UINT64_MAX };
	struct json_object *zone = NULL;
	struct dsc_zone_port port;
	struct dsc_zone_ref ref;
	struct net_prefix addr;
	bool is = false;

	if (item->e.portal) {
		is = dsc_snapshot_zone_of(x->snap, item->e.subsys, q.who, item->e.portal, &ref);
	} else if (item->reg && z) {
		dsc_foreign_port(item->dc, item->reg, &port, &addr);
		q.port = &port;
		is = dsc_zoning_name(z, &q, &ref);
	}
	if (is) {
		zone = json_object_new_object();
		api_add_str(zone, "group", ref.group);
		json_object_object_add(zone, "zone",
				       json_object_new_string_len(ref.zone.p, (int)ref.zone.len));
	}
	json_object_object_add(json, "zone", zone);
}

/* In the log's words where it is in there: of what isn't, what it would say. */
static void add_address(const struct explain *x, struct json_object *json,
			const struct dsc_log_item *item)
{
	const struct dsc_portal *p = item->e.portal;
	char told[64], port[8] = "";

	if (p)
		snprintf(port, sizeof(port), "%u", p->port);
	else if (item->referral)
		snprintf(port, sizeof(port), "%u", item->referral->port);
	if (p && !dsc_reach(p, &x->ask.via, told))
		snprintf(told, sizeof(told), "%s", *p->advertise ? p->advertise : p->address);
	api_add_str(json, "traddr",
		    p		     ? told
		    : item->reg	     ? item->reg->traddr
		    : item->referral ? item->referral->traddr
				     : NULL);
	api_add_str(json, "trsvcid", item->reg ? item->reg->trsvcid : *port ? port : NULL);
}

/* The rule that decides. */
static void add_rule(const struct explain *x, struct json_object *json,
		     const struct dsc_log_item *item)
{
	const struct dsc_subsys *s = item->e.subsys;
	char who[DSC_NQN_MAX + 1], text[DSC_NQN_MAX + 64];
	const char *by = s ? allowed_by(x, s, who) : NULL;

	if (!item->shown) {
		api_add_str(json, "rule", item->rule);
		if (s)
			dsc_why_text(x->snap, s, item->e.why, text, sizeof(text));
		if (s && item->e.why == DSC_WHY_NOT_ALLOWED && !strcmp(x->state, "waiting"))
			strcat(text, "; it waits to be admitted");
		api_add_str(json, "detail", s ? text : NULL);
		return;
	}
	if (by)
		snprintf(text, sizeof(text), "%s may use it", by);
	api_add_str(json, "rule",
		    !by			 ? item->reg ? "followed" : "referral"
		    : !strcmp(by, "any") ? "any_host"
		    : *by == 'g'	 ? "allowed_group"
					 : "allow_list");
	api_add_str(json, "detail", by ? text : NULL);
}

static int explain_item(void *arg, const struct dsc_log_item *item)
{
	struct explain *x = arg;
	struct json_object *json;

	if (item->shown == x->hidden)
		return 0;
	x->order += item->shown;
	if (x->nqn && strcmp(nqn_of(item), x->nqn) != 0)
		return 0;
	x->more = json_object_array_length(x->items) == x->limit;
	if (x->more)
		return 1;
	json = json_object_new_object();
	api_add_bool(json, "shown", item->shown);
	json_object_object_add(json, "order",
			       item->shown ? json_object_new_uint64(x->order) : NULL);
	api_add_str(json, "nqn", nqn_of(item));
	add_address(x, json, item);
	if (item->e.subsys)
		add_ours(x, json, item);
	if (!item->referral)
		add_zone(x, json, item);
	if (item->reg)
		api_add_str(json, "discovery_controller", item->dc->name);
	if (item->referral)
		api_add_str(json, "referral", item->referral->name);
	add_rule(x, json, item);
	json_object_array_add(x->items, json);
	return 0;
}

/* Admitted; or it has come here or registered, and waits for that; or nobody knows it. */
static const char *state_of(struct api_req *req, const struct dsc_asker *who,
			    const struct dsc_snapshot *snap)
{
	struct dsc_tree *seen;
	bool waits;

	if (who->host)
		return "admitted";
	seen = dsc_disc_seen(api_req_app(req)->disc);
	waits = dsc_tree_find(seen, &dsc_seen_ops, who->nqn) ||
		dsc_snapshot_host_reg_after(snap, who->nqn, NULL);
	dsc_tree_put(seen, &dsc_seen_ops);
	return waits ? "waiting" : "unknown";
}

static struct json_object *render_explain(const struct explain *x)
{
	struct json_object *json = json_object_new_object(), *groups = json_object_new_array();
	const struct dsc_asker *who = &x->ask.who;
	const struct dsc_member *m;
	char from[NET_PREFIX_TEXT];

	dsc_tree_each(m, who->host ? who->host->groups : NULL, &dsc_host_group_ops)
		json_object_array_add(
			groups,
			json_object_new_string(dsc_snapshot_group_id(x->snap, m->group_id)->name));
	api_add_str(json, "host_nqn", who->nqn);
	api_add_str(json, "state", x->state);
	json_object_object_add(json, "groups", groups);
	api_add_str(json, "via", x->ask.via.address);
	api_add_str(json, "from", who->has_from ? net_prefix_format(&who->from, from) : NULL);
	api_add_u64(json, "genctr", dsc_snapshot_genctr(x->snap, who));
	api_add_bool(json, "more", x->more);
	json_object_object_add(json, "items", x->items);
	return json;
}

/* First what is told, in order; then what isn't. */
static void explain(struct api_req *req)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(api_req_app(req)->model);
	struct explain x = { .snap = snap,
			     .nqn = api_req_query(req, "nqn"),
			     .limit = API_PAGE_MAX };
	struct dsc_log_walk walk = { .snap = snap, .fn = explain_item, .arg = &x };
	bool local = false;
	int rc = 0;

	if (!read_ask(req, snap, &x.ask) || !api_req_flag(req, "port_local", &local) ||
	    !api_req_number(req, "limit", 1, API_PAGE_MAX, &x.limit)) {
		dsc_snapshot_put(snap);
		return;
	}
	x.state = state_of(req, &x.ask.who, snap);
	x.items = json_object_new_array();
	walk.who = &x.ask.who;
	walk.via = &x.ask.via;
	walk.dlpf = local ? NVMF_DLPF_PORTLCL : 0;
	for (int turn = 0; turn < 2 && rc == 0; turn++) {
		walk.hidden = x.hidden = turn == 1;
		rc = dsc_log_walk(&walk);
	}
	if (rc >= 0)
		answer(req, render_explain(&x));
	else
		answer(req, NULL);
	dsc_snapshot_put(snap);
}

const struct api_route api_res_discovery_log[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/discovery-log", "getDiscoveryLog",
	  "host_nqn via from", get },
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/discovery/explain", "explainDiscovery",
	  "host_nqn via from nqn port_local limit", explain },
	{ 0 },
};
