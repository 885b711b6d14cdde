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
#include "net/addr.h"

#define LOG_ASQSZ 32 /* admin queue entries that a host may ask for, as others tell it */

const char *const dsc_reach_name[DSC_REACH_COUNT] = { "yes", "loopback_portal", "address_family" };

struct dsc_log_entry {
	struct dsc_entry e;
	const struct dsc_referral *referral; /* then e isn't used */
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

static bool is_loopback(int family, const void *addr)
{
	if (family == AF_INET)
		return *(const uint8_t *)addr == 127;
	return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)addr);
}

static void set_address(struct dsc_via *via, int family, const void *addr)
{
	const uint8_t *bytes = addr;

	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr)) {
		family = AF_INET;
		bytes += 12;
	}
	via->family = family;
	via->loopback = is_loopback(family, bytes);
	inet_ntop(family, bytes, via->address, sizeof(via->address));
}

void dsc_via_from_sockaddr(struct dsc_via *ret_via, const struct sockaddr_storage *local,
			   uint16_t portid)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)local;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)local;

	memset(ret_via, 0, sizeof(*ret_via));
	ret_via->portid = portid;
	if (local->ss_family == AF_INET6) {
		set_address(ret_via, AF_INET6, &in6->sin6_addr);
		ret_via->port = ntohs(in6->sin6_port);
	} else {
		set_address(ret_via, AF_INET, &in->sin_addr);
		ret_via->port = ntohs(in->sin_port);
	}
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

enum dsc_reach dsc_reach(const struct dsc_portal *portal, const struct dsc_via *via, char *ret)
{
	const char *told = *portal->advertise ? portal->advertise : portal->address;
	struct in6_addr addr;
	int family = AF_INET;

	if (!strcmp(told, "0.0.0.0") || !strcmp(told, "::")) {
		if (told[0] == '0' && via->family != AF_INET)
			return DSC_REACH_FAMILY;
		told = via->address; /* "::" takes both families */
	} else {
		if (inet_pton(AF_INET, told, &addr) != 1) {
			family = AF_INET6;
			inet_pton(AF_INET6, told, &addr);
		}
		if (!via->loopback && is_loopback(family, &addr))
			return DSC_REACH_LOOPBACK;
	}
	snprintf(ret, 64, "%s", told);
	return DSC_REACH_YES;
}

/* Where the entries before entry[idx] end in an extended page. */
static uint64_t end_of(const struct dsc_log *log, size_t idx)
{
	const struct dsc_log_entry *last;

	if (!idx)
		return sizeof(struct nvmf_disc_log) + EXT_CURRENT_LEN;
	last = &log->entry[idx - 1];
	return last->at + fab_disc_ext_len(last->referral ? NULL : last->e.subsys->label, false);
}

static int add_entry(struct dsc_log *log, const struct dsc_entry *entry,
		     const struct dsc_referral *referral)
{
	struct dsc_log_entry *more;

	if (log->nr == log->room) {
		log->room = cmn_max(log->room * 2, (size_t)16);
		more = reallocarray(log->entry, log->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		log->entry = more;
	}
	log->entry[log->nr].at = end_of(log, log->nr);
	log->entry[log->nr].referral = referral;
	if (entry)
		log->entry[log->nr].e = *entry;
	log->nr++;
	return 0;
}

/* One that leads back to this controller, or to nowhere for this host, isn't told: hosts follow referrals. */
static int add_referrals(struct dsc_log *log, const char *host_nqn)
{
	const struct dsc_referral *r;
	struct in6_addr addr;
	int family;

	dsc_tree_each(r, log->snap->referrals, &dsc_referral_ops)
	{
		if (!dsc_snapshot_refers(log->snap, r, host_nqn))
			continue;
		if (r->port == log->via.port && !strcmp(r->traddr, log->via.address))
			continue;
		family = strchr(r->traddr, ':') ? AF_INET6 : AF_INET;
		inet_pton(family, r->traddr, &addr);
		if (!log->via.loopback && is_loopback(family, &addr))
			continue;
		if (add_entry(log, NULL, r) < 0)
			return -ENOMEM;
	}
	return 0;
}

struct dsc_log *dsc_log_create(const struct dsc_snapshot *snap, const char *host_nqn,
			       const struct dsc_via *via, uint8_t dlpf)
{
	bool all = dlpf & NVMF_DLPF_ALLSUB;
	bool local = dlpf & NVMF_DLPF_PORTLCL; /* presented at the address that was asked */
	struct dsc_log *log = calloc(1, sizeof(*log));
	struct dsc_visible it;
	struct dsc_entry entry;
	char told[64];

	if (!log)
		return NULL;
	log->snap = dsc_snapshot_get(snap);
	log->via = *via;
	log->dlpf = dlpf;
	log->genctr = all ? snap->change : dsc_snapshot_genctr(snap, host_nqn);
	dsc_visible_init(&it, snap, all ? NULL : host_nqn);
	while (dsc_visible_next(&it, &entry)) {
		if (dsc_reach(entry.portal, via, told) != DSC_REACH_YES ||
		    (local && strcmp(told, via->address) != 0))
			continue;
		if (add_entry(log, &entry, NULL) < 0) {
			dsc_log_destroy(
				log); /* never a partial log: hosts disconnect what is missing */
			return NULL;
		}
	}
	if (!local && add_referrals(log, host_nqn) < 0) {
		dsc_log_destroy(log);
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
	else if (log->entry[idx - 1].referral)
		record_referral(log->entry[idx - 1].referral, ret);
	else
		record_subsystem(log, &log->entry[idx - 1].e, ret);
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
