/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/log.c - which entries a host is told, and with which addresses.
 * Owns: the array of a log; the rows in it are its snapshot's.  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.3.1. */
#include "discoveryd/disc/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/foreign.h"
#include "discoveryd/model/zoning.h"
#include "net/addr.h"

#define LOG_ASQSZ 32 /* admin queue entries that a host may ask for, as others tell it */

struct dsc_log_entry {
	struct dsc_log_item item;
	uint64_t at; /* where its extended form begins in the page */
};

struct dsc_log {
	const struct dsc_snapshot *snap;
	struct dsc_via via;
	uint64_t genctr;
	uint8_t dlpf;
	size_t nr, room;
	struct dsc_log_entry *entry;
};

#define EXT_CURRENT_LEN                                                                            \
	(sizeof(struct nvmf_disc_entry) + sizeof(struct nvmf_ext_tail)) /* it has no label */

/* ---- via ---- */

void dsc_via_from_sockaddr(struct dsc_via *ret_via, const struct sockaddr_storage *local,
			   uint16_t portid)
{
	struct net_ip ip;

	net_ip_from_sockaddr(&ip, local);
	memset(ret_via, 0, sizeof(*ret_via));
	ret_via->portid = portid;
	ret_via->port = ntohs(local->ss_family == AF_INET6
				      ? ((const struct sockaddr_in6 *)local)->sin6_port
				      : ((const struct sockaddr_in *)local)->sin_port);
	ret_via->to = net_prefix_of(&ip, NET_IP_BITS);
	net_prefix_format(&ret_via->to, ret_via->address);
}

int dsc_via_parse(struct dsc_via *ret_via, const char *text, uint16_t default_port,
		  struct cmn_err *err)
{
	struct sockaddr_storage ss;
	uint16_t port = default_port;
	char address[64];

	if (net_addr_split(text, address, sizeof(address), &port) < 0 || !port ||
	    !net_addr_set(&ss, address, port))
		return cmn_err_set(
			err, -EINVAL, "via",
			"\"%s\" is not an address of ours such as 192.0.2.7 or [2001:db8::1]:8009",
			text);
	dsc_via_from_sockaddr(ret_via, &ss, 0);
	return 0;
}

/* ---- what a host can reach ---- */

bool dsc_reach(const struct dsc_portal *portal, const struct dsc_via *via, char *ret)
{
	const char *text = *portal->advertise ? portal->advertise : portal->address;
	struct net_prefix told;

	if (dsc_portal_reach(portal, &via->to) != DSC_WHY_VISIBLE)
		return false;
	snprintf(ret, 64, "%s", dsc_portal_told(portal, &told) ? text : via->address);
	return true;
}

/* ---- what may be told ---- */

/* why NULL: it is. */
static int give(const struct dsc_log_walk *walk, struct dsc_log_item *item, const char *why)
{
	if (why && !walk->hidden)
		return 0;
	item->shown = !why;
	item->rule = why;
	return walk->fn(walk->arg, item);
}

static bool is_port_local(const struct dsc_log_walk *walk, const struct dsc_portal *p)
{
	char told[64];

	return dsc_reach(p, walk->via, told) && !strcmp(told, walk->via->address);
}

static int walk_ours(const struct dsc_log_walk *walk)
{
	bool local = walk->dlpf & NVMF_DLPF_PORTLCL; /* presented at the address that was asked */
	struct dsc_log_item item = { .reg = NULL };
	struct dsc_asker asker = *walk->who;
	struct dsc_visible it;
	enum dsc_why why;
	int rc = 0;

	asker.anyone = walk->dlpf & NVMF_DLPF_ALLSUB;
	asker.has_to = true;
	asker.to = walk->via->to;
	dsc_visible_init(&it, walk->snap, &asker);
	it.hidden = walk->hidden;
	while (!rc && dsc_visible_next(&it, &item.e)) {
		why = item.e.why;
		if (why == DSC_WHY_VISIBLE && local && !is_port_local(walk, item.e.portal))
			why = DSC_WHY_NOT_LOCAL;
		item.e.why = why;
		rc = give(walk, &item, why == DSC_WHY_VISIBLE ? NULL : dsc_why_name[why]);
	}
	dsc_visible_end(&it);
	return rc;
}

/* ---- what other discovery controllers have ---- */

static bool is_far_loopback(const struct dsc_log_walk *walk, const char *traddr)
{
	return !net_ip_is_loopback(&walk->via->to.ip) && net_ip_text_is_loopback(traddr);
}

/* Where our own workers listen, as this host would be told. */
struct own_address {
	uint16_t port;
	char address[64];
};

static int own_addresses(const struct dsc_log_walk *walk, struct own_address **ret)
{
	size_t nr = dsc_tree_count(walk->snap->portals), i = 0;
	const struct dsc_portal *p;

	*ret = calloc(nr + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	dsc_tree_each(p, walk->snap->portals, &dsc_portal_ops)
	{
		(*ret)[i].port = p->port;
		if (dsc_reach(p, walk->via, (*ret)[i].address))
			i++;
	}
	(*ret)[i].port = 0;
	return 0;
}

/* What is there is ours to tell, whatever others say of it. */
static bool is_own(const struct own_address *own, const struct dsc_reg *reg)
{
	unsigned long port = strtoul(reg->trsvcid, NULL, 10);

	for (; own->port; own++) {
		if (own->port == port && !strcmp(own->address, reg->traddr))
			return true;
	}
	return false;
}

static const char *why_not_foreign(const struct dsc_log_walk *walk, const struct own_address *own,
				   const struct dsc_foreign_entry *found)
{
	if (found->why != DSC_DC_TOLD)
		return dsc_dc_why_name[found->why];
	if (is_own(own, found->reg))
		return "own_address";
	if (is_far_loopback(walk, found->reg->traddr))
		return dsc_why_name[DSC_WHY_LOOPBACK];
	return walk->dlpf & NVMF_DLPF_PORTLCL ? dsc_why_name[DSC_WHY_NOT_LOCAL] : NULL;
}

static int walk_foreign(const struct dsc_log_walk *walk)
{
	bool all = walk->dlpf & NVMF_DLPF_ALLSUB;
	struct own_address *own = NULL;
	struct dsc_foreign_entry found;
	struct dsc_foreign it;
	int rc = 0;

	if (!walk->snap->dc_regs)
		return 0;
	if (own_addresses(walk, &own) < 0)
		return -ENOMEM;
	dsc_foreign_init(&it, walk->snap, all ? NULL : walk->who);
	it.hidden = walk->hidden;
	while (!rc && dsc_foreign_next(&it, &found)) {
		struct dsc_log_item item = { .reg = found.reg,
					     .dc = found.dc,
					     .away = found.entity->away };

		rc = give(walk, &item, why_not_foreign(walk, own, &found));
	}
	free(own);
	return rc;
}

/* ---- referrals ---- */

/* One that leads back to this controller, or to nowhere for this host, isn't told: hosts follow referrals. */
static const char *why_not_referral(const struct dsc_log_walk *walk, const struct dsc_referral *r)
{
	if (!dsc_snapshot_refers(walk->snap, r, walk->who->nqn))
		return dsc_dc_why_name[DSC_DC_NOT_FOR_HOST];
	if (r->port == walk->via->port && !strcmp(r->traddr, walk->via->address))
		return dsc_dc_why_name[DSC_DC_LOOP];
	if (is_far_loopback(walk, r->traddr))
		return dsc_why_name[DSC_WHY_LOOPBACK];
	return walk->dlpf & NVMF_DLPF_PORTLCL ? dsc_why_name[DSC_WHY_NOT_LOCAL] : NULL;
}

static int walk_referrals(const struct dsc_log_walk *walk)
{
	const struct dsc_referral *r;
	int rc = 0;

	dsc_tree_each(r, walk->snap->referrals, &dsc_referral_ops)
	{
		struct dsc_log_item item = { .referral = r };

		if (!rc)
			rc = give(walk, &item, why_not_referral(walk, r));
	}
	return rc;
}

int dsc_log_walk(const struct dsc_log_walk *walk)
{
	int rc = walk_ours(walk);

	if (!rc)
		rc = walk_foreign(walk);
	return rc ? rc : walk_referrals(walk);
}

/* ---- the log ---- */

static const char *label_of(const struct dsc_log_item *item)
{
	return item->e.subsys ? item->e.subsys->label : item->reg ? item->reg->label : NULL;
}

/* Where the entries before entry[idx] end in an extended page. */
static uint64_t end_of(const struct dsc_log *log, size_t idx)
{
	const struct dsc_log_entry *last;

	if (!idx)
		return sizeof(struct nvmf_disc_log) + EXT_CURRENT_LEN;
	last = &log->entry[idx - 1];
	return last->at + fab_disc_ext_len(label_of(&last->item), false);
}

static int add_entry(void *arg, const struct dsc_log_item *item)
{
	struct dsc_log *log = arg;
	struct dsc_log_entry *more;

	if (log->nr == log->room) {
		log->room = cmn_max(log->room * 2, (size_t)16);
		more = reallocarray(log->entry, log->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		log->entry = more;
	}
	log->entry[log->nr].item = *item;
	log->entry[log->nr].at = end_of(log, log->nr);
	log->nr++;
	return 0;
}

struct dsc_log *dsc_log_create(const struct dsc_snapshot *snap, const struct dsc_asker *who,
			       const struct dsc_via *via, uint8_t dlpf)
{
	struct dsc_log *log = calloc(1, sizeof(*log));
	struct dsc_log_walk walk = {
		.snap = snap, .who = who, .via = via, .dlpf = dlpf, .fn = add_entry, .arg = log
	};

	if (!log)
		return NULL;
	log->snap = dsc_snapshot_get(snap);
	log->via = *via;
	log->dlpf = dlpf;
	log->genctr = dlpf & NVMF_DLPF_ALLSUB ? snap->change : dsc_snapshot_genctr(snap, who);
	if (dsc_log_walk(&walk) < 0) {
		dsc_log_destroy(log); /* never a partial log: hosts disconnect what is missing */
		return NULL;
	}
	return log;
}

void dsc_log_destroy(struct dsc_log *log)
{
	if (!log)
		return;
	dsc_snapshot_put(log->snap);
	free(log->entry);
	free(log);
}

uint64_t dsc_log_genctr(const struct dsc_log *log)
{
	return log->genctr;
}

uint8_t dsc_log_dlpf(const struct dsc_log *log)
{
	return log->dlpf;
}

uint64_t dsc_log_count(const struct dsc_log *log)
{
	return 1 + log->nr;
}

/* ---- records ---- */

static void record_current(const struct dsc_log *log, struct fab_disc_record *ret)
{
	ret->subtype = NVMF_SUBTYPE_CURRENT;
	ret->portid = log->via.portid;
	ret->eflags = NVMF_EFLAGS_DUPRETINFO | NVMF_EFLAGS_EPCSD;
	snprintf(ret->subnqn, sizeof(ret->subnqn), "%s", log->snap->self_nqn);
	snprintf(ret->traddr, sizeof(ret->traddr), "%s", log->via.address);
	snprintf(ret->trsvcid, sizeof(ret->trsvcid), "%u", log->via.port);
}

static void record_subsystem(const struct dsc_log *log, const struct dsc_entry *entry,
			     struct fab_disc_record *ret)
{
	ret->subtype = NVMF_SUBTYPE_NVM;
	ret->portid = entry->portal->portid;
	ret->treq = entry->portal->secure_channel | NVMF_TREQ_NO_SQFLOW;
	snprintf(ret->subnqn, sizeof(ret->subnqn), "%s", entry->subsys->nqn);
	ret->label = entry->subsys->label;
	dsc_reach(entry->portal, &log->via, ret->traddr);
	snprintf(ret->trsvcid, sizeof(ret->trsvcid), "%u", entry->portal->port);
}

static void record_foreign(const struct dsc_log_item *item, struct fab_disc_record *ret)
{
	const struct dsc_reg *r = item->reg;

	ret->subtype = NVMF_SUBTYPE_NVM;
	ret->portid = r->portid;
	ret->treq = r->treq;
	ret->sectype = r->sectype;
	ret->cntlid = r->cntlid;
	ret->asqsz = r->asqsz;
	ret->eflags = item->away ? NVMF_EFLAGS_NCC : 0;
	ret->label = r->label;
	snprintf(ret->subnqn, sizeof(ret->subnqn), "%s", r->nqn);
	snprintf(ret->traddr, sizeof(ret->traddr), "%s", r->traddr);
	snprintf(ret->trsvcid, sizeof(ret->trsvcid), "%s", r->trsvcid);
}

static void record_referral(const struct dsc_referral *r, struct fab_disc_record *ret)
{
	ret->subtype = NVMF_SUBTYPE_REFERRAL;
	snprintf(ret->subnqn, sizeof(ret->subnqn), "%s", r->nqn);
	snprintf(ret->traddr, sizeof(ret->traddr), "%s", r->traddr);
	snprintf(ret->trsvcid, sizeof(ret->trsvcid), "%u", r->port);
}

void dsc_log_record(const struct dsc_log *log, uint64_t idx, struct fab_disc_record *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->trtype = NVMF_TRTYPE_TCP;
	ret->treq = NVMF_TREQ_SECURE_UNSPECIFIED | NVMF_TREQ_NO_SQFLOW;
	ret->sectype = NVMF_TCP_SECTYPE_NONE;
	ret->cntlid = NVMF_CNTLID_DYNAMIC;
	ret->asqsz = LOG_ASQSZ;
	if (idx == 0)
		record_current(log, ret);
	else if (log->entry[idx - 1].item.reg)
		record_foreign(&log->entry[idx - 1].item, ret);
	else if (log->entry[idx - 1].item.referral)
		record_referral(log->entry[idx - 1].item.referral, ret);
	else
		record_subsystem(log, &log->entry[idx - 1].item.e, ret);
	ret->adrfam = strchr(ret->traddr, ':') ? NVMF_ADRFAM_IPV6 : NVMF_ADRFAM_IPV4;
}

static void get_record(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	dsc_log_record(arg, idx, ret);
}

static uint64_t at(void *arg, uint64_t idx)
{
	const struct dsc_log *log = arg;

	return idx ? end_of(log, idx - 1) : sizeof(struct nvmf_disc_log);
}

uint64_t dsc_log_size(const struct dsc_log *log)
{
	if (log->dlpf & NVMF_DLPF_EXTEND)
		return end_of(log, log->nr);
	return sizeof(struct nvmf_disc_log) + dsc_log_count(log) * sizeof(struct nvmf_disc_entry);
}

void dsc_log_render(const struct dsc_log *log, uint64_t off, void *buf, uint32_t len)
{
	struct fab_disc_source src = { .genctr = log->genctr,
				       .numrec = dsc_log_count(log),
				       .dlpf = log->dlpf,
				       .extended = log->dlpf & NVMF_DLPF_EXTEND,
				       .at = at,
				       .get = get_record };

	src.arg = (void *)(uintptr_t)log;
	fab_disc_render(&src, off, buf, len);
}
