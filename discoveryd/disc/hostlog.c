/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/hostlog.c - see hostlog.h.
 * Owns: the array of a log; the rows in it are its snapshot's.  Thread: any.  May block: never. */
#include "discoveryd/disc/hostlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/container.h"
#include "fabrics/discovery_log.h"

struct item {
	const struct dsc_reg *reg;
	uint64_t end; /* of its entry in the page */
};

struct dsc_hostlog {
	const struct dsc_snapshot *snap;
	uint64_t genctr;
	bool all;
	size_t nr, room;
	struct item *item;
};

static uint64_t at(void *arg, uint64_t idx)
{
	const struct dsc_hostlog *log = arg;

	return idx ? log->item[idx - 1].end : sizeof(struct nvmf_disc_log);
}

static int add(struct dsc_hostlog *log, const struct dsc_reg *reg)
{
	uint64_t begin = at(log, log->nr);
	struct item *more;

	if (log->nr == log->room) {
		log->room = cmn_max(log->room * 2, (size_t)8);
		more = reallocarray(log->item, log->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		log->item = more;
	}
	log->item[log->nr++] =
		(struct item){ .reg = reg, .end = begin + fab_disc_ext_len(reg->label, true) };
	return 0;
}

struct dsc_hostlog *dsc_hostlog_create(const struct dsc_snapshot *snap, const char *host_nqn)
{
	struct dsc_hostlog *log = calloc(1, sizeof(*log));
	const struct dsc_reg *reg = NULL;

	if (!log)
		return NULL;
	log->snap = dsc_snapshot_get(snap);
	log->genctr = dsc_snapshot_host_genctr(snap, host_nqn);
	log->all = !host_nqn;
	while ((reg = dsc_snapshot_host_reg_after(snap, host_nqn, reg))) {
		if (add(log, reg) < 0) {
			dsc_hostlog_destroy(log); /* never a partial log */
			return NULL;
		}
	}
	return log;
}

void dsc_hostlog_destroy(struct dsc_hostlog *log)
{
	if (!log)
		return;
	dsc_snapshot_put(log->snap);
	free(log->item);
	free(log);
}

uint64_t dsc_hostlog_genctr(const struct dsc_hostlog *log)
{
	return log->genctr;
}

uint64_t dsc_hostlog_size(const struct dsc_hostlog *log)
{
	return at((void *)(uintptr_t)log, log->nr);
}

bool dsc_hostlog_is_all(const struct dsc_hostlog *log)
{
	return log->all;
}

static void get(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	const struct dsc_hostlog *log = arg;
	const struct dsc_reg *reg = log->item[idx].reg;

	ret->trtype = NVMF_TRTYPE_TCP;
	ret->adrfam = reg->adrfam;
	ret->sectype = reg->sectype;
	ret->label = reg->label;
	ret->hostid = reg->host_id;
	snprintf(ret->subnqn, sizeof(ret->subnqn), "%s", reg->nqn);
	snprintf(ret->traddr, sizeof(ret->traddr), "%s", reg->traddr);
}

void dsc_hostlog_render(const struct dsc_hostlog *log, uint64_t off, void *buf, uint32_t len)
{
	struct fab_disc_source src = { .genctr = log->genctr,
				       .numrec = log->nr,
				       .dlpf = log->all ? NVMF_HDLPF_ALLHOST : 0,
				       .extended = true,
				       .at = at,
				       .get = get };

	src.arg = (void *)(uintptr_t)log;
	fab_disc_render(&src, off, buf, len);
}
