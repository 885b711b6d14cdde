/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/disclog.c - the discovery log on the I/O port: this worker's own subsystems, for who asks there.
 * Owns: a snapshot per discovery controller, from one read of the log's start to the next.
 * Thread: that controller's reactor.  May block: for the registry's mutex.  Spec: Base 2.1, 5.1.12.3.1.
 *
 * The log of everything is discoveryd's, on its own port; this one makes `nvme discover -s 4420` work as people expect. */
#include "config.h"

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
	bool partial; /* no memory for all of it */
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

static void set_address(struct fab_disc_record *rec, const struct tgt_portal *p,
			const struct net_ip *local)
{
	struct net_ip told = tgt_portal_told(p, local);
	struct net_prefix whole = net_prefix_of(&told, NET_IP_BITS);
	char text[NET_PREFIX_TEXT];

	cmn_strlcpy(rec->traddr, net_prefix_format(&whole, text), sizeof(rec->traddr));
	rec->adrfam = net_ip_is_v4(&told) ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
	snprintf(rec->trsvcid, sizeof(rec->trsvcid), "%u", p->port);
	rec->portid = p->spec.portid;
}

static void add(struct disc_log *log, const struct tgt_portal *p, const struct net_ip *local,
		const char *nqn, enum nvmf_subtype subtype)
{
	struct fab_disc_record *rec;

	if (log->nr == log->size) {
		unsigned int size = log->size ? 2 * log->size : 16;

		rec = reallocarray(log->rec, size, sizeof(*rec));
		log->partial = log->partial || !rec;
		if (!rec)
			return;
		log->rec = rec;
		log->size = size;
	}
	rec = &log->rec[log->nr++];
	memset(rec, 0, sizeof(*rec));
	rec->trtype = NVMF_TRTYPE_TCP;
	rec->subtype = (uint8_t)subtype;
	rec->treq = p->spec.secure_channel | NVMF_TREQ_NO_SQFLOW;
	rec->cntlid = NVMF_CNTLID_DYNAMIC;
	rec->asqsz = 32;
	if (subtype == NVMF_SUBTYPE_CURRENT)
		rec->eflags = NVMF_EFLAGS_DUPRETINFO | NVMF_EFLAGS_EPCSD;
	set_address(rec, p, local);
	cmn_strlcpy(rec->subnqn, nqn, sizeof(rec->subnqn));
}

/* Who asks, and how it came. */
struct asker {
	const char *hostnqn;
	struct net_ip from, to;
	const struct fab_portal *here;
};

static bool is_here(const struct asker *who, const struct tgt_portal *p)
{
	return who->here && p->spec.portid == who->here->portid;
}

static void add_subsystem(struct disc_log *log, struct tgt_registry *reg,
			  const struct tgt_subsystem *ss, const struct asker *who)
{
	for (unsigned int i = 0; i < reg->nr_portals; i++) {
		const struct tgt_portal *p = reg->portals[i];
		struct tgt_way way = tgt_portal_way(p, who->hostnqn, &who->from, &who->to);

		/* with PORTLCL only what is presented through the portal that was asked */
		if (tgt_subsystem_on_portal(ss, p->spec.id) &&
		    (!(log->dlpf & NVMF_DLPF_PORTLCL) || is_here(who, p)) &&
		    tgt_access_allows(ss->spec->access, &way))
			add(log, p, &who->to, ss->id.nqn, NVMF_SUBTYPE_NVM);
	}
}

static struct disc_log *build(struct tgt_registry *reg, struct fab_ctrl *ctrl, uint8_t dlpf)
{
	struct fab_conn *conn = fab_ctrl_admin_conn(ctrl);
	struct asker who = { .hostnqn = fab_ctrl_hostnqn(ctrl), .here = fab_conn_portal(conn) };
	struct disc_log *log = calloc(1, sizeof(*log));
	struct tgt_subsystem *ss, *next;

	if (!log)
		return NULL;
	net_ip_from_sockaddr(&who.from, fab_conn_peer(conn));
	net_ip_from_sockaddr(&who.to, fab_conn_local(conn));
	tgt_registry_lock(reg);
	log->genctr = reg->genctr;
	log->dlpf = dlpf;
	for (unsigned int i = 0; i < reg->nr_portals; i++)
		if (is_here(&who, reg->portals[i]))
			add(log, reg->portals[i], &who.to, NVMF_DISC_NQN, NVMF_SUBTYPE_CURRENT);
	HASH_ITER(hh, reg->subsystems, ss, next) {
		if (tgt_hosts_has(&ss->spec->hosts, who.hostnqn))
			add_subsystem(log, reg, ss, &who);
	}
	tgt_registry_unlock(reg);
	if (!log->partial)
		return log;
	tgt_disclog_free(log); /* hosts disconnect what is missing */
	return NULL;
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
