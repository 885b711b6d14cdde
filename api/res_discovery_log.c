/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_discovery_log.c - /discovery-log: what a host would be told, by the same function as on the wire, and why a
 * subsystem isn't in it.  Thread: the control loop.  May block: never. */
#include "api/render.h"
#include "api/resources.h"

#include "common/container.h"
#include "discoveryd/disc/log.h"
#include "fabrics/discovery_text.h"

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

/* Visible through a portal that a host coming this way can't use: why not. */
static enum dsc_reach reach_of(const struct dsc_snapshot *snap, const struct dsc_subsys *subsys,
			       const struct dsc_asker *who, const struct dsc_via *via)
{
	const struct dsc_portal *portal = NULL;
	enum dsc_reach reach = DSC_REACH_YES;
	char told[64];

	while ((portal = dsc_snapshot_worker_portal(snap, subsys->worker_id,
						    portal ? portal->id : 0))) {
		if (dsc_snapshot_why(snap, subsys, who, portal) != DSC_WHY_VISIBLE)
			continue;
		reach = dsc_reach(portal, via, told);
		if (reach == DSC_REACH_YES)
			break;
	}
	return reach;
}

static const char *const reach_words[DSC_REACH_COUNT] = {
	[DSC_REACH_YES] = "it is in the log",
	[DSC_REACH_LOOPBACK] = "its portals are on loopback, where this host can't reach them",
	[DSC_REACH_FAMILY] = "its portals have no address of the family by which this host came",
};

static struct json_object *render_missing(const struct dsc_snapshot *snap,
					  const struct dsc_subsys *subsys,
					  const struct dsc_asker *who, const struct dsc_via *via)
{
	enum dsc_why why = dsc_snapshot_why(snap, subsys, who, NULL);
	enum dsc_reach reach = DSC_REACH_YES;
	struct json_object *json;
	char detail[256];

	if (why == DSC_WHY_VISIBLE) {
		reach = reach_of(snap, subsys, who, via);
		if (reach == DSC_REACH_YES)
			return NULL;
		snprintf(detail, sizeof(detail), "%s", reach_words[reach]);
	} else {
		dsc_snapshot_explain(snap, subsys, who, detail, sizeof(detail));
	}
	json = json_object_new_object();
	api_add_str(json, "nqn", subsys->nqn);
	api_add_str(json, "reason",
		    why == DSC_WHY_VISIBLE ? dsc_reach_name[reach] : dsc_why_name[why]);
	api_add_str(json, "detail", detail);
	return json;
}

static struct json_object *render_all_missing(const struct dsc_snapshot *snap,
					      const struct dsc_asker *asks,
					      const struct dsc_via *via)
{
	struct json_object *array = json_object_new_array();
	const struct dsc_subsys *subsys;
	struct dsc_asker who = *asks;
	struct net_ip to = { 0 };

	who.has_to = net_ip_parse(&to, via->address);
	who.to = net_prefix_of(&to, NET_IP_BITS);
	dsc_tree_each(subsys, snap->subsystems, &dsc_subsys_ops)
	{
		struct json_object *missing = render_missing(snap, subsys, &who, via);

		if (missing)
			json_object_array_add(array, missing);
	}
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
	json_object_object_add(json, "missing", render_all_missing(snap, who, via));
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

static void get(struct api_req *req)
{
	const char *host_nqn = api_req_query(req, "host_nqn");
	const struct dsc_snapshot *snap;
	struct cmn_err err = { 0 };
	struct json_object *json;
	struct dsc_asker who;
	struct net_ip from;
	struct dsc_via via;

	if (!host_nqn)
		cmn_err_set(&err, -EINVAL, "host_nqn", "say which host asks: ?host_nqn=...");
	else if (dsc_nqn_check(host_nqn, "host_nqn", &err) == 0 && read_via(req, &via, &err) == 0)
		read_from(req, &from, &err);
	if (err.code) {
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return;
	}
	snap = dsc_snapshot_current(api_req_app(req)->model);
	who = dsc_asker(snap, host_nqn);
	who.has_from = api_req_query(req, "from");
	if (who.has_from)
		who.from = net_prefix_of(&from, NET_IP_BITS);
	json = render(snap, &who, &via);
	dsc_snapshot_put(snap);
	if (json)
		api_reply_json(req, 200, json);
	else
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "out of memory");
}

const struct api_route api_res_discovery_log[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/discovery-log", "getDiscoveryLog",
	  "host_nqn via from", get },
	{ 0 },
};
