/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/disclog.c - the discovery log on the I/O port: this worker's own subsystems, for who asks there.
 * Owns: a snapshot per discovery controller, from one read of the log's start to the next.
 * Thread: that controller's reactor.  May block: for the registry's mutex.  Spec: Base 2.1, 5.1.12.3.1.
 *
 * The log of everything is discoveryd's, on its own port; this one makes `nvme discover -s 4420` work as people expect. */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/util.h"
#include "fabrics/discovery_log.h"
#include "fabrics/spec/nvme.h"
#include "fabrics/spec/nvme_admin.h"
#include "fabrics/spec/nvme_log.h"
#include "targetd/portal.h"
#include "targetd/registry.h"

struct disc_log {
	uint64_t genctr;
	uint8_t dlpf;
	unsigned int nr, size;
	struct fab_disc_record *rec;
};

void tgt_disclog_free(void *arg)
{
	struct disc_log *log = arg;

	if (!log)
		return;
	free(log->rec);
	free(log);
}

/* A wildcard portal is told as the address on which the host reached us. */
static void set_address(struct fab_disc_record *rec, const struct tgt_portal *p,
			const struct sockaddr_storage *local)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&p->spec.sa;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&p->spec.sa;
	bool wildcard = p->spec.sa.ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr)
							 : in->sin_addr.s_addr == INADDR_ANY;

	tgt_addr_format(wildcard ? local : &p->spec.sa, false, rec->traddr, sizeof(rec->traddr));
	rec->adrfam = strchr(rec->traddr, ':') ? NVMF_ADRFAM_IPV6 : NVMF_ADRFAM_IPV4;
	snprintf(rec->trsvcid, sizeof(rec->trsvcid), "%u", p->port);
	rec->portid = p->spec.portid;
}

static void add(struct disc_log *log, const struct tgt_portal *p,
		const struct sockaddr_storage *local, const char *nqn, enum nvmf_subtype subtype)
{
	struct fab_disc_record *rec;

	if (log->nr == log->size) {
		unsigned int size = log->size ? 2 * log->size : 16;

		rec = reallocarray(log->rec, size, sizeof(*rec));
		if (!rec)
			return;
		log->rec = rec;
		log->size = size;
	}
	rec = &log->rec[log->nr++];
	memset(rec, 0, sizeof(*rec));
	rec->trtype = NVMF_TRTYPE_TCP;
	rec->subtype = (uint8_t)subtype;
	rec->treq = NVMF_TREQ_SECURE_UNSPECIFIED | NVMF_TREQ_NO_SQFLOW;
	rec->cntlid = NVMF_CNTLID_DYNAMIC;
	rec->asqsz = 32;
	if (subtype == NVMF_SUBTYPE_CURRENT)
		rec->eflags = NVMF_EFLAGS_DUPRETINFO | NVMF_EFLAGS_EPCSD;
	set_address(rec, p, local);
	cmn_strlcpy(rec->subnqn, nqn, sizeof(rec->subnqn));
}

/* With PORTLCL only what is presented through the portal that was asked. */
static struct disc_log *build(struct tgt_registry *reg, struct fab_ctrl *ctrl, uint8_t dlpf)
{
	struct fab_conn *conn = fab_ctrl_admin_conn(ctrl);
	const struct sockaddr_storage *local = fab_conn_local(conn);
	const struct fab_portal *here = fab_conn_portal(conn);
	struct disc_log *log = calloc(1, sizeof(*log));
	struct tgt_subsystem *ss, *next;

	if (!log)
		return NULL;
	tgt_registry_lock(reg);
	log->genctr = reg->genctr;
	log->dlpf = dlpf;
	for (unsigned int i = 0; i < reg->nr_portals; i++)
		if (here && reg->portals[i]->spec.portid == here->portid)
			add(log, reg->portals[i], local, NVMF_DISC_NQN, NVMF_SUBTYPE_CURRENT);
	HASH_ITER(hh, reg->subsystems, ss, next) {
		if (!tgt_hosts_has(&ss->spec->hosts, fab_ctrl_hostnqn(ctrl)))
			continue;
		for (unsigned int i = 0; i < reg->nr_portals; i++)
			if (tgt_subsystem_on_portal(ss, reg->portals[i]->spec.id) &&
			    (!(dlpf & NVMF_DLPF_PORTLCL) ||
			     (here && reg->portals[i]->spec.portid == here->portid)))
				add(log, reg->portals[i], local, ss->id.nqn, NVMF_SUBTYPE_NVM);
	}
	tgt_registry_unlock(reg);
	return log;
}

static void get(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	const struct disc_log *log = arg;

	*ret = log->rec[idx];
}

struct fab_status tgt_disclog_read(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp, uint64_t off,
				   void *buf, uint32_t len)
{
	struct tgt_ctrl *tc = fab_ctrl_user(ctrl);
	struct fab_disc_source src = { .get = get };
	struct disc_log *log = tc->log;

	if (lid != NVME_LID_DISCOVERY)
		return FAB_ERR_AT(NVME_SC_INVALID_LOG_PAGE, offsetof(struct nvme_cmd, cdw10));
	if (off == 0 || !log || log->dlpf != lsp) {
		log = build(tc->reg, ctrl, lsp);
		if (!log)
			return FAB_RETRY(NVME_SC_INTERNAL);
		tgt_disclog_free(tc->log);
		tc->log = log;
	}
	src.genctr = log->genctr;
	src.numrec = log->nr;
	src.dlpf = log->dlpf;
	src.arg = log;
	fab_disc_render(&src, off, buf, len);
	return FAB_OK;
}

/* -- changes ------------------------------------------------------------------------------------------------------ */
struct changed_msg {
	struct net_msg msg;
	struct tgt_ctrl *tc;
};

static bool differs(const struct disc_log *a, const struct disc_log *b)
{
	return a->nr != b->nr || (a->nr && memcmp(a->rec, b->rec, a->nr * sizeof(*a->rec)) != 0);
}

/* On the controller's reactor: an event only if this host's own log is another than the one it read last. */
static void tell(struct net_msg *msg)
{
	struct changed_msg *m = cmn_container_of(msg, struct changed_msg, msg);
	struct tgt_ctrl *tc = m->tc;
	struct tgt_registry *reg = tc->reg;
	struct disc_log *now = NULL;
	struct net_conn *admin;

	tgt_registry_lock(reg);
	admin = tc->admin; /* cleared on this thread only */
	tgt_registry_unlock(reg);
	if (admin && tc->log)
		now = build(reg, tc->ctrl, ((struct disc_log *)tc->log)->dlpf);
	if (now && differs(now, tc->log)) {
		fab_ctrl_event(tc->ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_DISCOVERY,
			       NVME_LID_DISCOVERY);
		net_conn_kick(admin);
	}
	tgt_disclog_free(now);
	tgt_registry_lock(reg);
	tgt_ctrl_put(tc);
	tgt_registry_unlock(reg);
	free(m);
}

void tgt_registry_log_changed(struct tgt_registry *reg)
{
	struct tgt_ctrl *tc;

	tgt_registry_lock(reg);
	/* grows over restarts too, as long as the clock does */
	reg->genctr = cmn_max(reg->genctr + 1, cmn_wall_ms());
	TAILQ_FOREACH(tc, &reg->disc_ctrls, link) {
		struct changed_msg *m = tc->admin ? calloc(1, sizeof(*m)) : NULL;

		if (!m)
			continue;
		m->msg.fn = tell;
		m->tc = tgt_ctrl_get(tc);
		net_reactor_post(tc->reactor, &m->msg);
	}
	tgt_registry_unlock(reg);
}
