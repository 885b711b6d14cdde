/* SPDX-License-Identifier: Apache-2.0 */
/* cli/verify.c - see verify.h.  Spec: NVM Command Set 1.1, 3.3 (Compare, Read, Write). */
#include "cli/verify.h"

#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/target.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/uuid.h"

#define FIRST_CHUNK 4096u /* small enough to travel in the capsule; the rest goes by R2T */
#define CHUNK (128u << 10)

/* The range under test and its contents. */
struct range {
	const struct cli_verify *v;
	uint64_t lba;
	uint32_t len; /* bytes */
	uint32_t chunk;
};

static const char *const op_names[] = {
	[NVME_IO_READ] = "Read",
	[NVME_IO_WRITE] = "Write",
	[NVME_IO_COMPARE] = "Compare",
};

static struct range choose_range(const struct cli_verify *v)
{
	const struct nvme_id_ctrl *id = net_client_id(v->client);
	uint32_t blocks =
		(uint32_t)cmn_min(v->blocks, (uint64_t)(CLI_VERIFY_BYTES / v->block_size));
	struct range r = { .v = v, .chunk = CHUNK };

	r.lba = (v->blocks - blocks) / 2;
	r.len = blocks * v->block_size;
	if (id->mdts && id->mdts < 12)
		r.chunk = cmn_min(r.chunk, 4096u << id->mdts);
	return r;
}

/* One command after the other over the whole range. */
static int transfer(const struct range *r, uint8_t opcode, void *data, struct cmn_err *err)
{
	enum fab_host_dir dir = opcode == NVME_IO_READ ? FAB_HOST_IN : FAB_HOST_OUT;
	uint32_t bs = r->v->block_size, len;
	struct nvme_cqe cqe;
	struct nvme_cmd cmd;
	int res = 0;

	for (uint32_t at = 0; at < r->len && res == 0; at += len) {
		len = cmn_min(r->len - at, at ? r->chunk : cmn_max(FIRST_CHUNK, bs));
		cmd = fab_cmd_rw(opcode, r->v->nsid, r->lba + at / bs, len / bs);
		memset(&cqe, 0, sizeof(cqe));
		res = net_client_io(net_client_ioq(r->v->client, 0), &cmd, (char *)data + at, len,
				    dir, &cqe);
		res = cli_check_status(res, &cqe, op_names[opcode], err);
	}
	return res;
}

/* Reads the range and looks whether it holds what it should. */
static int check(const struct range *r, const void *want, void *scratch, const char *what,
		 struct cmn_err *err)
{
	const uint8_t *a = want, *b = scratch;
	uint32_t at = 0;
	int res;

	memset(scratch, 0xee, r->len);
	res = transfer(r, NVME_IO_READ, scratch, err);
	if (res < 0 || memcmp(want, scratch, r->len) == 0)
		return res;
	while (a[at] == b[at])
		at++;
	return cmn_err_set(err, -EILSEQ, NULL, "%s: block %llu differs from what was written", what,
			   (unsigned long long)(r->lba + at / r->v->block_size));
}

/* Writes random bytes, which no other block or earlier run holds, and reads them back. */
static int try_pattern(const struct range *r, void *pattern, void *scratch, struct cmn_err *err)
{
	bool can_compare = le16toh(net_client_id(r->v->client)->oncs) & NVME_ONCS_COMPARE;
	int res = cmn_random_bytes(pattern, r->len);

	if (res < 0)
		return cmn_err_errno(err, res, NULL, "random numbers");
	res = transfer(r, NVME_IO_WRITE, pattern, err);
	if (res == 0)
		res = check(r, pattern, scratch, "read back", err);
	if (res == 0 && can_compare)
		res = transfer(r, NVME_IO_COMPARE, pattern, err);
	return res;
}

static int restore(const struct range *r, void *saved, void *scratch, struct cmn_err *err)
{
	int res = transfer(r, NVME_IO_WRITE, saved, err);

	return res < 0 ? res : check(r, saved, scratch, "restored", err);
}

static int write_and_restore(const struct range *r, void *saved, void *buffers,
			     struct cli_verify_result *ret, struct cmn_err *err)
{
	void *pattern = buffers, *scratch = (char *)buffers + r->len;
	struct cmn_err restore_err = { 0 };
	uint64_t start = cmn_now_ns();
	int res = try_pattern(r, pattern, scratch, err), restored;

	ret->took_ns = cmn_now_ns() - start;
	restored = restore(r, saved, scratch, &restore_err);
	ret->restored = restored == 0;
	if (restored < 0)
		return cmn_err_set(err, restored, NULL,
				   "blocks %llu to %llu could not be restored: %.160s",
				   (unsigned long long)r->lba,
				   (unsigned long long)(r->lba + r->len / r->v->block_size - 1),
				   restore_err.msg);
	return res;
}

int cli_verify(const struct cli_verify *v, struct cli_verify_result *ret, struct cmn_err *err)
{
	struct range r = choose_range(v);
	cmn_autofree char *buffers = malloc(3 * (size_t)r.len + 1);
	uint64_t start = cmn_now_ns();
	sigset_t all, before;
	int res;

	*ret = (struct cli_verify_result){ .bytes = r.len, .restored = true };
	if (!buffers)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	res = transfer(&r, NVME_IO_READ, buffers, err);
	ret->took_ns = cmn_now_ns() - start;
	if (res < 0 || v->read_only)
		return res;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	res = write_and_restore(&r, buffers, buffers + r.len, ret, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return res;
}
