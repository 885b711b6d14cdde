/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/io.c - an I/O queue's commands: checked against their row and the view, started, parked while a range is taken, ended.
 * Owns: the list of parked commands of a reactor.  Thread: the reactor's.  May block: never.
 *
 * Locks: a command takes its whole range or nothing, and parks holding nothing; commands on memory let go before they return,
 * commands on a backend when it is done.  So no two ever wait for each other. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/container.h"
#include "fabrics/connect.h"
#include "targetd/io_impl.h"

#define LATER_NS (20 * CMN_NS_PER_US)
#define LATER_DOUBLINGS ((uint16_t)6)

static struct tgt_queue *queue_of(const struct fab_req *req)
{
	return net_conn_data(net_conn_of(req->conn));
}

void tgt_io_finish(struct fab_req *req, struct fab_status st)
{
	uint64_t backend = tgt_io_priv(req)->ctx ? tgt_io_async_drop(req) : 0;

	tgt_io_count(req, st, backend);
	tgt_view_leave(req);
	fab_req_complete(req, st);
}

/* ---- parse, execute ---- */

/* Only what is copied into the namespace, or compared with it, at once can do with data in the receive buffer. */
static bool keeps_data(const struct fab_io_cmd *c)
{
	return c->row->dir == FAB_DIR_H2C &&
	       (!((struct tgt_ns *)c->ns)->mem || c->row->len != FAB_IO_LEN_BLOCKS);
}

static struct fab_status check(const struct tgt_queue *q, struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct fab_io_limits lim = { .view = req->view, .max_bytes = q->max_bytes };
	struct fab_io_cmd c;
	struct fab_status st = fab_io_decode(&req->cmd, &lim, &c);

	if (fab_failed(st))
		return st;
	req->ns = c.ns;
	req->row = c.row;
	req->dir = c.row->dir;
	req->len = c.bytes;
	if (keeps_data(&c))
		req->flags |= FAB_REQ_NO_BORROW;
	p->len = 0;
	if (c.row->flags & FAB_IO_LBA) {
		p->offset = c.slba << c.ns->lba_shift;
		p->len = (uint64_t)c.nlb << c.ns->lba_shift;
	}
	return FAB_OK;
}

static struct fab_status parse(struct fab_req *req)
{
	struct tgt_queue *q = queue_of(req);
	struct tgt_io_priv *p = tgt_io_priv(req);

	p->io = q->io;
	p->ctx = NULL;
	p->executed = 0;
	p->mark = TGT_RANGELOCK_NONE;
	p->tries = 0;
	p->parked = false;
	tgt_view_look(q, req);
	if (req->cmd.opcode == NVME_ADMIN_FABRICS)
		return fab_fabrics_parse(req);
	return check(q, req);
}

static void start(struct fab_req *req)
{
	if (!req->ns || !tgt_io_ns(req)->mem) {
		tgt_io_async_start(req);
		return;
	}
	switch (req->cmd.opcode) {
	case NVME_IO_READ:
		tgt_io_mem_read(req);
		break;
	case NVME_IO_WRITE:
		tgt_io_mem_write(req);
		break;
	case NVME_IO_COMPARE:
		tgt_io_mem_compare(req);
		break;
	default:
		tgt_io_async_start(req);
	}
}

/* The view changed while the host's data was on its way: the command must still be legal, and move as much. */
static struct fab_status check_again(const struct tgt_queue *q, struct fab_req *req)
{
	uint32_t len = req->len;
	struct fab_status st;

	req->ns = NULL;
	st = check(q, req);
	if (!fab_failed(st) && req->len != len)
		st = FAB_RETRY(NVME_SC_CMD_INTERRUPTED);
	if (fab_failed(st))
		req->len = len;
	return st;
}

static void execute(struct fab_req *req)
{
	struct tgt_queue *q = queue_of(req);
	struct fab_status st;

	if (req->cmd.opcode == NVME_ADMIN_FABRICS) {
		fab_fabrics_execute(req);
		return;
	}
	if (!tgt_io_priv(req)->executed)
		tgt_io_priv(req)->executed = q->io->env->now;
	if (!tgt_view_enter(q, req)) {
		st = check_again(q, req);
		if (fab_failed(st)) {
			tgt_io_finish(req, st);
			return;
		}
	}
	start(req);
}

/* ---- parking ---- */

void tgt_io_park(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_io_reactor *io = p->io;

	if (p->tries < UINT16_MAX)
		p->tries++;
	p->parked = true;
	if (req->ns && p->tries == 1)
		tgt_io_count_wait(req);
	TAILQ_INSERT_TAIL(&io->parked, req, link);
	io->nr_parked++;
	if (!io->later.heap_index)
		net_timer_set(io->reactor, &io->later,
			      io->env->now + (LATER_NS << cmn_min(p->tries, LATER_DOUBLINGS)));
}

void tgt_io_released(struct tgt_io_reactor *io)
{
	if (!TAILQ_EMPTY(&io->parked))
		net_after_queue(io->reactor, &io->again);
}

static void unpark(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);

	TAILQ_REMOVE(&p->io->parked, req, link);
	p->io->nr_parked--;
	p->parked = false;
}

/* Oldest first, each once; who fails parks again behind the ones that were there, in the same order. */
static void try_parked(struct tgt_io_reactor *io)
{
	struct fab_req *req;

	for (unsigned int n = io->nr_parked; n && (req = TAILQ_FIRST(&io->parked)); n--) {
		unpark(req);
		start(req);
	}
}

static void again_run(struct net_after *a)
{
	try_parked(cmn_container_of(a, struct tgt_io_reactor, again));
}

static void later_fired(struct net_timer *t, uint64_t now)
{
	(void)now;
	try_parked(cmn_container_of(t, struct tgt_io_reactor, later));
}

static void cancel(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_ns *ns = tgt_io_ns(req);

	if (req->cmd.opcode == NVME_ADMIN_FABRICS)
		return;
	if (!p->parked) {
		if (p->ctx)
			tgt_io_async_cancel(req);
		return;
	}
	unpark(req);
	if (!p->ctx && ns && ns->lock) {
		struct tgt_range range = tgt_io_range(p, true);

		tgt_rangelock_forget(ns->lock, &range);
	}
	tgt_io_finish(req, FAB_RETRY(NVME_SC_ABORT_REQ));
}

bool tgt_io_own_data(struct fab_req *req)
{
	uint8_t *from = req->data;

	if (!(req->flags & FAB_REQ_DATA_BORROWED)) {
		if (req->buf && req->data != req->buf) {
			memmove(req->buf, req->data, req->len);
			req->data = req->buf;
		}
		return true;
	}
	if (fab_req_get_buf(req, req->len) < 0) {
		req->data = from;
		return false;
	}
	memcpy(req->data, from, req->len);
	req->flags &= (uint8_t)~FAB_REQ_DATA_BORROWED;
	return true;
}

/* ---- live data ---- */

static bool pin(struct fab_req *req)
{
	struct tgt_ns *ns = tgt_io_ns(req);
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_range range;

	if (!ns->lock)
		return true;
	range = tgt_io_range(p, false);
	if (tgt_rangelock_try(ns->lock, &range)) {
		p->tries = 0;
		return true;
	}
	if (p->tries < UINT16_MAX)
		p->tries++;
	return false;
}

static void unpin(struct fab_req *req)
{
	struct tgt_ns *ns = tgt_io_ns(req);
	struct tgt_range range;

	if (!ns->lock)
		return;
	range = tgt_io_range(tgt_io_priv(req), false);
	tgt_rangelock_unlock(ns->lock, &range);
	tgt_io_released(tgt_io_priv(req)->io);
}

const uint32_t *const tgt_io_effects = fab_io_effects;

const struct fab_queue_ops tgt_io_queue_ops = {
	.parse = parse,
	.execute = execute,
	.cancel = cancel,
	.pin = pin,
	.unpin = unpin,
};

/* ---- life ---- */

struct tgt_io_reactor *tgt_io_reactor_create(struct net_reactor *r)
{
	struct tgt_io_reactor *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->reactor = r;
	io->env = net_reactor_env(r);
	io->index = net_reactor_index(r);
	io->again.run = again_run;
	io->later.fire = later_fired;
	TAILQ_INIT(&io->parked);
	return io;
}

void tgt_io_reactor_destroy(struct tgt_io_reactor *io)
{
	if (!io)
		return;
	net_after_cancel(io->reactor, &io->again);
	net_timer_cancel(io->reactor, &io->later);
	tgt_io_async_fini(io);
	free(io);
}
