/* SPDX-License-Identifier: Apache-2.0 */
/* net/logread.c - see logread.h.
 * Owns: a read's page while it is under way.  Thread: the host's reactor.  May block: never. */
#include "net/logread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "net/dial.h"

#define TRIES 10
#define HEAD sizeof(struct nvmf_disc_log)

static void on_done(struct net_host_cmd *cmd);

static int submit(struct net_logread *r, uint32_t off, void *buf, uint32_t len, bool rae)
{
	r->cmd = (struct net_host_cmd){ .done = on_done, .user = r };
	r->cmd.req.cmd = fab_cmd_get_log(r->lid, 0, off, len, rae);
	r->cmd.req.cmd.cdw10 |= htole32((uint32_t)r->lsp << 8);
	r->cmd.req.dir = FAB_HOST_IN;
	r->cmd.req.data = buf;
	r->cmd.req.len = len;
	return net_host_submit(r->host, &r->cmd);
}

static void end(struct net_logread *r)
{
	if (cmn_err_is(&r->err)) {
		free(r->page);
		r->page = NULL;
		r->len = 0;
	}
	r->done(r);
}

static void go_on(struct net_logread *r)
{
	int rc;

	r->piece = cmn_min(r->len - r->at, net_host_max_data(r->host));
	r->checking = !r->piece;
	/* The last read clears the event: what changes from here on brings a new one. */
	rc = r->checking ? submit(r, 0, r->head, HEAD, false)
			 : submit(r, r->at, r->page + r->at, r->piece, true);
	if (rc < 0) {
		cmn_err_errno(&r->err, rc, NULL, "reading log page %02xh", r->lid);
		end(r);
	}
}

/* What follows the header.  The length that a page of extended entries names counts all of it. */
static int size_of(const struct net_logread *r, uint64_t *ret)
{
	const struct nvmf_disc_log *head = (const struct nvmf_disc_log *)r->head;

	*ret = HEAD + r->numrec * sizeof(struct nvmf_disc_entry);
	if (r->lid == NVME_LID_HOST_DISCOVERY || r->lid == NVME_LID_AVE_DISCOVERY ||
	    head->dlpf & NVMF_DLPF_EXTEND)
		*ret = le32toh(head->tdlpl);
	return r->numrec > UINT32_MAX / sizeof(struct nvmf_disc_entry) || *ret < HEAD || *ret % 4
		       ? -EPROTO
		       : 0;
}

static void begin(struct net_logread *r)
{
	uint64_t size;

	free(r->page);
	r->page = NULL;
	if (size_of(r, &size) < 0)
		cmn_err_set(&r->err, -EPROTO, NULL, "log page %02xh: a header that can't be",
			    r->lid);
	else if (size > r->max)
		cmn_err_set(&r->err, -EFBIG, NULL, "log page %02xh: %llu entries are too many",
			    r->lid, (unsigned long long)r->numrec);
	else if (!(r->page = malloc(size)))
		cmn_err_set(&r->err, -ENOMEM, NULL, "out of memory");
	if (cmn_err_is(&r->err)) {
		end(r);
		return;
	}
	memcpy(r->page, r->head, HEAD);
	r->len = (uint32_t)size;
	r->at = HEAD;
	go_on(r);
}

static void on_header(struct net_logread *r)
{
	const struct nvmf_disc_log *head = (const struct nvmf_disc_log *)r->head;
	uint64_t genctr = le64toh(head->genctr), numrec = le64toh(head->numrec);

	if (r->checking && genctr == r->genctr && numrec == r->numrec) {
		end(r);
		return;
	}
	if (r->checking && ++r->tries == TRIES) {
		cmn_err_set(&r->err, -EAGAIN, NULL, "log page %02xh: it changed at each of %d reads",
			    r->lid, TRIES);
		end(r);
		return;
	}
	r->genctr = genctr;
	r->numrec = numrec;
	begin(r);
}

static void on_done(struct net_host_cmd *cmd)
{
	struct net_logread *r = cmd->user;

	if (cmd->req.err < 0)
		cmn_err_errno(&r->err, cmd->req.err, NULL, "reading log page %02xh", r->lid);
	else if (net_dial_status(&cmd->req.cqe, "reading a log page", &r->err) == 0 &&
		 cmd->req.moved != cmd->req.len)
		cmn_err_set(&r->err, -EPROTO, NULL, "log page %02xh: %u bytes of %u", r->lid,
			    cmd->req.moved, cmd->req.len);
	if (cmn_err_is(&r->err)) {
		end(r);
		return;
	}
	if (!r->page || r->checking) {
		on_header(r);
		return;
	}
	r->at += r->piece;
	go_on(r);
}

int net_logread_start(struct net_host *h, struct net_logread *r)
{
	r->host = h;
	cmn_err_clear(&r->err);
	r->page = NULL;
	r->len = 0;
	r->tries = 0;
	r->checking = false;
	return submit(r, 0, r->head, HEAD, true);
}
