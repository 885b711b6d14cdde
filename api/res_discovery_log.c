/* SPDX-License-Identifier: Apache-2.0 */
/* api/res_discovery_log.c - /discovery-log: what a host would be told, by the same function as on the wire, and why a
 * subsystem isn't in it.  Thread: the control loop.  May block: never. */
#include "api/render.h"
#include "api/resources.h"

#include "common/container.h"
#include "discoveryd/disc/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words of nvme-cli; those of TREQ's two fields are joined as it does. */
struct word {
	unsigned int value;
	const char *text;
};
static const struct word subtypes[] = {
	{ NVMF_SUBTYPE_REFERRAL, "discovery subsystem referral" },
	{ NVMF_SUBTYPE_NVM, "nvme subsystem" },
	{ NVMF_SUBTYPE_CURRENT, "current discovery subsystem" },
	{ 0, NULL },
};
static const struct word adrfams[] = {
	{ NVMF_ADRFAM_IPV4, "ipv4" },
	{ NVMF_ADRFAM_IPV6, "ipv6" },
	{ 0, NULL },
};
static const struct word treqs[] = {
	{ 0, "not specified" },
	{ NVMF_TREQ_SECURE_REQUIRED, "required" },
	{ NVMF_TREQ_SECURE_NOT_REQUIRED, "not required" },
	{ 0, NULL },
};
static const struct word eflags[] = {
	{ 0, "none" },
	{ NVMF_EFLAGS_EPCSD, "explicit discovery connections" },
	{ NVMF_EFLAGS_DUPRETINFO, "duplicate discovery information" },
	{ NVMF_EFLAGS_EPCSD | NVMF_EFLAGS_DUPRETINFO,
	  "explicit discovery connections, duplicate discovery information" },
	{ 0, NULL },
};

static const char *word_for(const struct word *words, unsigned int value)
{
	for (; words->text; words++) {
		if (words->value == value)
			return words->text;
	}
	return "unrecognized";
}

static struct json_object *render_record(const struct fab_disc_record *record)
{
	struct json_object *json = json_object_new_object();
	bool no_sqflow = record->treq & NVMF_TREQ_NO_SQFLOW;
	char treq[80];

	snprintf(treq, sizeof(treq), "%s%s", word_for(treqs, record->treq & ~(unsigned int)NVMF_TREQ_NO_SQFLOW),
		 no_sqflow ? ", sq flow control disable supported" : "");
	api_add_str(json, "trtype", "tcp");
	api_add_str(json, "adrfam", word_for(adrfams, record->adrfam));
	api_add_str(json, "subtype", word_for(subtypes, record->subtype));
	api_add_str(json, "treq", treq);
	api_add_u64(json, "portid", record->portid);
	api_add_str(json, "trsvcid", record->trsvcid);
	api_add_str(json, "subnqn", record->subnqn);
	api_add_str(json, "traddr", record->traddr);
	api_add_str(json, "eflags", word_for(eflags, record->eflags));
	api_add_str(json, "sectype", record->sectype == NVMF_TCP_SECTYPE_NONE ? "none" : "tls13");
	return json;
}

/* Visible through a portal that a host coming this way can't use: why not. */
static enum dsc_reach reach_of(const struct dsc_snapshot *snap, const struct dsc_subsys *subsys,
			       const struct dsc_host *host, const struct dsc_via *via)
{
	const struct dsc_portal *portal = NULL;
	enum dsc_reach reach = DSC_REACH_YES;
	char told[64];

	while ((portal = dsc_snapshot_worker_portal(snap, subsys->worker_id, portal ? portal->id : 0))) {
		if (dsc_snapshot_why(snap, subsys, host, portal) != DSC_WHY_VISIBLE)
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

static struct json_object *render_missing(const struct dsc_snapshot *snap, const struct dsc_subsys *subsys,
					  const struct dsc_host *host, const struct dsc_via *via)
{
	enum dsc_why why = dsc_snapshot_why(snap, subsys, host, NULL);
	enum dsc_reach reach = DSC_REACH_YES;
	struct json_object *json;
	char detail[256];

	if (why == DSC_WHY_VISIBLE) {
		reach = reach_of(snap, subsys, host, via);
		if (reach == DSC_REACH_YES)
			return NULL;
		snprintf(detail, sizeof(detail), "%s", reach_words[reach]);
	} else {
		dsc_snapshot_explain(snap, subsys, host, detail, sizeof(detail));
	}
	json = json_object_new_object();
	api_add_str(json, "nqn", subsys->nqn);
	api_add_str(json, "reason", why == DSC_WHY_VISIBLE ? dsc_reach_name[reach] : dsc_why_name[why]);
	api_add_str(json, "detail", detail);
	return json;
}

static struct json_object *render_all_missing(const struct dsc_snapshot *snap, const char *host_nqn,
					      const struct dsc_via *via)
{
	const struct dsc_host *host = dsc_snapshot_host(snap, host_nqn);
	struct json_object *array = json_object_new_array();
	const struct dsc_subsys *subsys;

	dsc_tree_each(subsys, snap->subsystems, &dsc_subsys_ops)
	{
		struct json_object *missing = render_missing(snap, subsys, host, via);

		if (missing)
			json_object_array_add(array, missing);
	}
	return array;
}

static struct json_object *render(const struct dsc_snapshot *snap, const char *host_nqn, const struct dsc_via *via)
{
	struct dsc_log *log = dsc_log_create(snap, host_nqn, via);
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
	api_add_str(json, "host_nqn", host_nqn);
	api_add_str(json, "via", via->address);
	api_add_u64(json, "genctr", dsc_log_genctr(log));
	json_object_object_add(json, "records", records);
	json_object_object_add(json, "missing", render_all_missing(snap, host_nqn, via));
	dsc_log_destroy(log);
	return json;
}

/* ?via=, and the discovery portal that listens there. */
static int read_via(struct api_req *req, struct dsc_via *via, struct cmn_err *err)
{
	const struct dsc_options *opt = &api_req_app(req)->opt;
	const char *text = api_req_query(req, "via");

	if (dsc_via_parse(via, text ? text : "127.0.0.1", opt->nr_listen ? opt->listen[0].port : DSC_DISC_PORT, err) <
	    0)
		return err->code;
	for (unsigned int i = 0; i < opt->nr_listen; i++) {
		if (opt->listen[i].port == via->port) {
			via->portid = (uint16_t)i;
			break;
		}
	}
	return 0;
}

static void get(struct api_req *req)
{
	const char *host_nqn = api_req_query(req, "host_nqn");
	const struct dsc_snapshot *snap;
	struct cmn_err err = { 0 };
	struct json_object *json;
	struct dsc_via via;

	if (!host_nqn)
		cmn_err_set(&err, -EINVAL, "host_nqn", "say which host asks: ?host_nqn=...");
	else if (dsc_nqn_check(host_nqn, "host_nqn", &err) == 0)
		read_via(req, &via, &err);
	if (err.code) {
		api_reply_problem(req, API_PROBLEM_MALFORMED, &err, NULL);
		return;
	}
	snap = dsc_snapshot_current(api_req_app(req)->model);
	json = render(snap, host_nqn, &via);
	dsc_snapshot_put(snap);
	if (json)
		api_reply_json(req, 200, json);
	else
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "out of memory");
}

const struct api_route api_res_discovery_log[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/v1/discovery-log", "getDiscoveryLog", "host_nqn via", get },
	{ 0 },
};
