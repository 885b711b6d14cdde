/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/io_async.c - commands that a backend carries out: piece by piece, each under the lock of its range.
 * Owns: a context per command at work.  Thread: the request's reactor.  May block: never.
 *
 * Read, Write and Compare are one piece, so atomic as a whole; so is Write Zeroes up to TGT_ATOMIC_BYTES.  A longer one and
 * Dataset Management are cut into pieces, so that none holds a range, or (on memory) the reactor, for long. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "targetd/io_impl.h"

#define PIECE_MEM ((uint64_t)TGT_ATOMIC_BYTES)
#define PIECE_FILE (8ull << 20)
#define PIECES_PER_TURN 1

struct tgt_io_ctx {
	struct tgt_io io;
	struct fab_req *req;
	struct tgt_io_ctx *next_free;
	struct tgt_ns *ns; /* of the piece; Flush of all walks through them */
	struct tgt_range held; /* by the piece at work */
	uint8_t *cmp_buf; /* Compare: what the namespace holds */
	bool cmp_heap; /* it isn't the pool's */
	uint64_t done; /* bytes of the current range */
	uint64_t submitted,
		backend_ns; /* when the piece at work was handed over; how long the others took */
	uint32_t index; /* current range, or slot */
	int res;
	bool at_work, returned; /* submit() has been called; done() came */
};

static void advance(struct fab_req *req);

/* ---- contexts ---- */

static struct tgt_io_ctx *ctx_get(struct tgt_io_reactor *io)
{
	struct tgt_io_ctx *ctx = io->free_ctx;

	if (ctx)
		io->free_ctx = ctx->next_free;
	else
		ctx = malloc(sizeof(*ctx));
	if (ctx)
		memset(ctx, 0, sizeof(*ctx));
	return ctx;
}

uint64_t tgt_io_async_drop(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_io_ctx *ctx = p->ctx;
	struct fab_env *env = p->io->env;

	if (ctx->cmp_heap)
		free(ctx->cmp_buf);
	else if (ctx->cmp_buf)
		env->buf_put(env, ctx->cmp_buf, req->len);
	if (ctx->ns && ctx->ns->lock)
		tgt_rangelock_forget(ctx->ns->lock, &ctx->held);
	ctx->next_free = p->io->free_ctx;
	p->io->free_ctx = ctx;
	p->ctx = NULL;
	return ctx->backend_ns;
}

void tgt_io_async_fini(struct tgt_io_reactor *io)
{
	while (io->free_ctx) {
		struct tgt_io_ctx *ctx = io->free_ctx;

		io->free_ctx = ctx->next_free;
		free(ctx);
	}
}

/* ---- what a backend's errors are to a host ---- */

static struct fab_status status_of(enum tgt_io_op op, int res)
{
	switch (-res) {
	case 0:
		return FAB_OK;
	case ENOSPC:
	case EDQUOT:
		return FAB_ERR(NVME_SC_CAPACITY_EXCEEDED);
	case ECANCELED:
		return FAB_RETRY(NVME_SC_ABORT_REQ);
	case EBUSY: /* the file is locked by I/O of a worker that has ended */
		return FAB_RETRY(NVME_SC_NS_NOT_READY);
	case EAGAIN:
	case ENOMEM:
	case EINTR:
		return FAB_RETRY(NVME_SC_CMD_INTERRUPTED);
	case EIO:
	case ENODATA:
	case EILSEQ:
		return FAB_ERR(op == TGT_IO_READ ? NVME_SC_READ_ERROR : NVME_SC_WRITE_FAULT);
	default:
		return FAB_ERR(NVME_SC_INTERNAL);
	}
}

/* ---- pieces ---- */

enum piece { PIECE_READY, PIECE_NONE_LEFT };

static uint64_t piece_max(const struct tgt_ns *ns)
{
	return ns->mem ? PIECE_MEM : PIECE_FILE;
}

/* next_*() describe the piece that is due in ctx, and change nothing else: a piece whose range is taken is asked for again. */
static enum piece whole(struct fab_req *req, enum tgt_io_op op, void *buf)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_io_ctx *ctx = p->ctx;

	if (ctx->done)
		return PIECE_NONE_LEFT;
	ctx->ns = tgt_io_ns(req);
	ctx->io.op = op;
	ctx->io.buf = buf;
	ctx->io.offset = p->offset;
	ctx->io.len = p->len;
	return PIECE_READY;
}

static enum piece next_read(struct fab_req *req)
{
	return whole(req, TGT_IO_READ, req->data);
}

static enum piece next_write(struct fab_req *req)
{
	return whole(req, TGT_IO_WRITE, req->data);
}

static enum piece next_compare(struct fab_req *req)
{
	return whole(req, TGT_IO_READ, tgt_io_priv(req)->ctx->cmp_buf);
}

static enum piece next_zeroes(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_io_ctx *ctx = p->ctx;

	if (ctx->done == p->len)
		return PIECE_NONE_LEFT;
	ctx->ns = tgt_io_ns(req);
	ctx->io.op = TGT_IO_WRITE_ZEROES;
	ctx->io.may_unmap = le32toh(req->cmd.cdw12) & NVME_RW_DEAC;
	ctx->io.offset = p->offset + ctx->done;
	ctx->io.len = cmn_min(p->len - ctx->done, piece_max(ctx->ns));
	return PIECE_READY;
}

static enum piece next_dsm(struct fab_req *req)
{
	struct tgt_io_ctx *ctx = tgt_io_priv(req)->ctx;
	const struct nvme_dsm_range *ranges = (const void *)req->data;
	uint32_t nr = req->len / (uint32_t)sizeof(*ranges);
	struct tgt_ns *ns = tgt_io_ns(req);

	for (; ctx->index < nr; ctx->index++, ctx->done = 0) {
		const struct nvme_dsm_range *r = &ranges[ctx->index];
		uint64_t len = (uint64_t)le32toh(r->nlb) << ns->fab.lba_shift;

		if (ctx->done == len)
			continue;
		ctx->ns = ns;
		ctx->io.op = TGT_IO_DISCARD;
		ctx->io.offset = (le64toh(r->slba) << ns->fab.lba_shift) + ctx->done;
		ctx->io.len = cmn_min(len - ctx->done, piece_max(ns));
		return PIECE_READY;
	}
	return PIECE_NONE_LEFT;
}

static enum piece next_flush(struct fab_req *req)
{
	struct tgt_io_ctx *ctx = tgt_io_priv(req)->ctx;

	ctx->io.op = TGT_IO_FLUSH;
	ctx->io.len = 0;
	if (req->ns) {
		ctx->ns = tgt_io_ns(req);
		return ctx->index == 0 ? PIECE_READY : PIECE_NONE_LEFT;
	}
	for (; ctx->index < req->view->nr_slots; ctx->index++) {
		ctx->ns = (struct tgt_ns *)req->view->slot[ctx->index];
		if (ctx->ns)
			return PIECE_READY;
	}
	return PIECE_NONE_LEFT;
}

/* ---- before the first piece ---- */

enum ready { READY, NOT_NOW, FAILED };

/* A buffer for what is read.  NOT_NOW: execute() is called again with one. */
static enum ready ready_read(struct fab_req *req)
{
	if (req->data)
		return READY;
	if (fab_req_get_buf(req, req->len) == 0)
		return READY;
	tgt_io_async_drop(req);
	tgt_view_leave(req);
	fab_req_wait_buf(req, req->len);
	return NOT_NOW;
}

static enum ready ready_write(struct fab_req *req)
{
	if (tgt_io_own_data(req))
		return READY;
	tgt_io_finish(req, FAB_RETRY(NVME_SC_CMD_INTERRUPTED));
	return FAILED;
}

/* Its second buffer comes from the heap when the pool has none: waiting for it while holding the first, with others that do the
 * same, could last for ever. */
static enum ready ready_compare(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_io_ctx *ctx = p->ctx;

	if (ready_write(req) != READY)
		return FAILED;
	ctx->cmp_buf = p->io->env->buf_get(p->io->env, req->len);
	if (ctx->cmp_buf)
		return READY;
	ctx->cmp_heap = true;
	ctx->cmp_buf = aligned_alloc(4096, CMN_ALIGN_UP(req->len, 4096));
	if (ctx->cmp_buf)
		return READY;
	tgt_io_finish(req, FAB_RETRY(NVME_SC_CMD_INTERRUPTED));
	return FAILED;
}

/* All ranges are checked before one is touched.  Without AD it is advice, which we don't take. */
static enum ready ready_dsm(struct fab_req *req)
{
	const struct nvme_dsm_range *ranges = (const void *)req->data;

	for (uint32_t i = 0; i < req->len / sizeof(*ranges); i++) {
		struct nvme_dsm_range r;
		struct fab_status st;

		memcpy(&r, &ranges[i], sizeof(r));
		st = fab_io_check_range(req->ns, &r);
		if (fab_failed(st)) {
			tgt_io_finish(req, st);
			return FAILED;
		}
	}
	if (!(le32toh(req->cmd.cdw11) & NVME_DSM_AD)) {
		tgt_io_finish(req, FAB_OK);
		return FAILED;
	}
	return ready_write(req);
}

static struct fab_status after_compare(struct fab_req *req)
{
	bool same = memcmp(tgt_io_priv(req)->ctx->cmp_buf, req->data, req->len) == 0;

	return same ? FAB_OK : FAB_ERR(NVME_SC_COMPARE_FAILED);
}

struct steps {
	enum ready (*ready)(struct fab_req *req); /* NULL: nothing to prepare */
	enum piece (*next)(struct fab_req *req);
	struct fab_status (*after)(struct fab_req *req); /* NULL: success */
};

static const struct steps *steps_of(uint8_t opcode)
{
	static const struct steps flush = { .next = next_flush };
	static const struct steps read = { ready_read, next_read, NULL };
	static const struct steps write = { ready_write, next_write, NULL };
	static const struct steps compare = { ready_compare, next_compare, after_compare };
	static const struct steps zeroes = { .next = next_zeroes };
	static const struct steps dsm = { ready_dsm, next_dsm, NULL };

	switch (opcode) {
	case NVME_IO_READ:
		return &read;
	case NVME_IO_WRITE:
		return &write;
	case NVME_IO_COMPARE:
		return &compare;
	case NVME_IO_WRITE_ZEROES:
		return &zeroes;
	case NVME_IO_DSM:
		return &dsm;
	default:
		return &flush;
	}
}

/* ---- the machine ---- */

static void piece_done(struct tgt_io *io, int res)
{
	struct tgt_io_ctx *ctx = cmn_container_of(io, struct tgt_io_ctx, io);
	struct fab_req *req = ctx->req;

	ctx->res = res;
	ctx->backend_ns += tgt_io_priv(req)->io->env->now - ctx->submitted;
	if (ctx->ns->lock)
		tgt_rangelock_unlock(ctx->ns->lock, &ctx->held);
	ctx->held.mark = TGT_RANGELOCK_NONE;
	tgt_io_released(tgt_io_priv(req)->io);
	ctx->returned = true;
	if (!ctx->at_work) /* not from within submit() */
		advance(req);
}

/* False: the range is taken. */
static bool submit(struct fab_req *req)
{
	struct tgt_io_priv *p = tgt_io_priv(req);
	struct tgt_io_ctx *ctx = p->ctx;

	ctx->held.offset = ctx->io.offset;
	ctx->held.len = ctx->io.len;
	ctx->held.write = ctx->io.op != TGT_IO_READ;
	ctx->held.impatient = p->tries > TGT_IO_IMPATIENT;
	if (ctx->ns->lock && !tgt_rangelock_try(ctx->ns->lock, &ctx->held))
		return false;
	p->tries = 0;
	ctx->io.fua = le32toh(req->cmd.cdw12) & NVME_RW_FUA && req->row != NULL &&
		      ((const struct fab_io_row *)req->row)->flags & FAB_IO_LBA;
	ctx->io.backend = ctx->ns->backend;
	ctx->returned = false;
	ctx->submitted = p->io->env->now;
	ctx->at_work = true;
	ctx->ns->backend->ops->submit(ctx->ns->backend, &ctx->io);
	ctx->at_work = false;
	return true;
}

/* Goes on until a piece is in the backend's hands, its range is taken, or all is done. */
static void advance(struct fab_req *req)
{
	const struct steps *steps = steps_of(req->cmd.opcode);
	struct tgt_io_ctx *ctx = tgt_io_priv(req)->ctx;

	for (unsigned int n = 0;; n++) {
		if (ctx->returned) {
			ctx->returned = false;
			ctx->done += ctx->io.len;
			if (ctx->io.op == TGT_IO_FLUSH)
				ctx->index++;
			if (ctx->res < 0) {
				tgt_io_finish(req, status_of(ctx->io.op, ctx->res));
				return;
			}
		}
		if (steps->next(req) == PIECE_NONE_LEFT) {
			tgt_io_finish(req, steps->after ? steps->after(req) : FAB_OK);
			return;
		}
		if (n == PIECES_PER_TURN) {
			tgt_io_park(req);
			tgt_io_released(
				tgt_io_priv(req)->io); /* nothing to wait for but our turn */
			return;
		}
		if (!submit(req)) {
			tgt_io_park(req);
			return;
		}
		if (!ctx->returned)
			return;
	}
}

void tgt_io_async_start(struct fab_req *req)
{
	const struct steps *steps = steps_of(req->cmd.opcode);
	struct tgt_io_priv *p = tgt_io_priv(req);

	if (!p->ctx) {
		p->ctx = ctx_get(p->io);
		if (!p->ctx) {
			tgt_io_finish(req, FAB_RETRY(NVME_SC_CMD_INTERRUPTED));
			return;
		}
		p->ctx->req = req;
		p->ctx->io.reactor = p->io->reactor;
		p->ctx->io.done = piece_done;
		p->ctx->held.reactor = p->io->index;
		p->ctx->held.mark = TGT_RANGELOCK_NONE;
		if (steps->ready && steps->ready(req) != READY)
			return;
	}
	advance(req);
}

void tgt_io_async_cancel(struct fab_req *req)
{
	struct tgt_io_ctx *ctx = tgt_io_priv(req)->ctx;

	if (ctx->io.backend && ctx->io.backend->ops->cancel)
		ctx->io.backend->ops->cancel(ctx->io.backend, &ctx->io);
}
