/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/entries.c - what a discovery controller's log holds for our hosts, as rows of the model.
 * Owns: nothing.  Thread: the follower's reactor.  May block: for as long as the kernel takes to list the machine's addresses.
 *
 * Not taken: other transports; referrals, since a host asks us for everything; addresses that lead nowhere from another machine; and
 * what we serve ourselves, which only we tell of. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discoveryd/follow/follow_impl.h"
#include "fabrics/discovery_read.h"

/* In the short form; false: none that could be connected to. */
static bool set_address(struct dsc_reg *r, const struct fab_disc_record *rec)
{
	int family = rec->adrfam == NVMF_ADRFAM_IPV6 ? AF_INET6 : AF_INET;
	struct in6_addr addr;

	if (inet_pton(family, rec->traddr, &addr) != 1)
		return false;
	if (family == AF_INET ? *(const uint32_t *)&addr == 0 || *(const uint8_t *)&addr >= 224
			      : IN6_IS_ADDR_UNSPECIFIED(&addr) || IN6_IS_ADDR_MULTICAST(&addr))
		return false;
	inet_ntop(family, &addr, r->traddr, sizeof(r->traddr));
	r->adrfam = rec->adrfam;
	return true;
}

static struct dsc_reg *reg_from(const struct fab_disc_found *found)
{
	const struct fab_disc_record *rec = &found->rec;
	struct dsc_reg *r = dsc_row_new(DSC_ROW_REG);

	if (!set_address(r, rec)) {
		dsc_row_put(r);
		return NULL;
	}
	snprintf(r->nqn, sizeof(r->nqn), "%s", rec->subnqn);
	snprintf(r->trsvcid, sizeof(r->trsvcid), "%s", rec->trsvcid);
	r->subtype = rec->subtype;
	r->treq = rec->treq;
	r->sectype = rec->sectype;
	r->portid = rec->portid;
	r->cntlid = rec->cntlid;
	r->asqsz = rec->asqsz;
	r->label = dsc_strdup(found->label);
	r->key = dsc_reg_make_key(r, NVMF_DIM_EKTYPE);
	return r;
}

/* -- ours ------------------------------------------------------------------------------------------------------ */
static bool is_here(const struct ifaddrs *ifs, const char *traddr)
{
	char text[INET6_ADDRSTRLEN];

	for (; ifs; ifs = ifs->ifa_next) {
		const struct sockaddr *sa = ifs->ifa_addr;
		const void *addr;

		if (!sa || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
			continue;
		addr = sa->sa_family == AF_INET
			       ? (const void *)&((const struct sockaddr_in *)(const void *)sa)
					 ->sin_addr
			       : &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
		if (inet_ntop(sa->sa_family, addr, text, sizeof(text)) && !strcmp(text, traddr))
			return true;
	}
	return false;
}

static bool is_ours(const struct dsc_snapshot *snap, const struct ifaddrs *ifs,
		    const struct dsc_reg *r)
{
	unsigned long port = strtoul(r->trsvcid, NULL, 10);
	const struct dsc_portal *p;

	dsc_tree_each(p, snap->portals, &dsc_portal_ops)
	{
		if (p->kind != DSC_PORTAL_IO || p->port != port)
			continue;
		if (!strcmp(p->advertise, r->traddr) || !strcmp(p->address, r->traddr))
			return true;
		if ((!strcmp(p->address, "0.0.0.0") || !strcmp(p->address, "::")) &&
		    (net_ip_text_is_loopback(r->traddr) || is_here(ifs, r->traddr)))
			return true;
	}
	return false;
}

/* -- the page ---------------------------------------------------------------------------------------------------- */
void dsc_regs_free(struct dsc_reg **reg, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		dsc_row_put(reg[i]);
	free(reg);
}

/* NULL: not for us. */
static struct dsc_reg *take(const struct fab_disc_found *found, const char *traddr,
			    const struct dsc_snapshot *snap, const struct ifaddrs *ifs)
{
	struct dsc_reg *r;

	if (!found->usable || found->rec.trtype != NVMF_TRTYPE_TCP ||
	    found->rec.subtype != NVMF_SUBTYPE_NVM)
		return NULL;
	r = reg_from(found);
	if (r && ((net_ip_text_is_loopback(r->traddr) && !net_ip_text_is_loopback(traddr)) ||
		  is_ours(snap, ifs, r))) {
		dsc_row_put(r);
		r = NULL;
	}
	return r;
}

int dsc_found_log(struct dsc_found_log *ret, const struct net_logread *read, const char *traddr,
		  const struct dsc_snapshot *snap)
{
	struct ifaddrs *ifs = NULL;
	struct fab_disc_found found;
	struct fab_disc_page page;
	struct dsc_reg *r;
	int rc = fab_disc_page_open(&page, read->page, read->len);

	*ret = (struct dsc_found_log){ .nr = 0 };
	if (rc < 0)
		return rc;
	ret->reg = dsc_zalloc((read->len / sizeof(struct nvmf_disc_entry) + 1) * sizeof(*ret->reg));
	if (getifaddrs(&ifs) < 0)
		ifs = NULL;
	while ((rc = fab_disc_page_next(&page, &found)) > 0) {
		if (found.rec.subtype == NVMF_SUBTYPE_CURRENT) {
			ret->persistent = found.rec.eflags & NVMF_EFLAGS_EPCSD;
			continue;
		}
		r = take(&found, traddr, snap, ifs);
		if (r)
			ret->reg[ret->nr++] = r;
		else
			ret->skipped++;
	}
	if (ifs)
		freeifaddrs(ifs);
	if (rc < 0)
		dsc_regs_free(ret->reg, ret->nr);
	return rc;
}
