/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/null/null.c - completes everything at once; what is read is zeroes, never what a buffer held before.
 * Owns, thread, blocking: see the header. */
#include "targetd/backend/null/null.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"

struct null_backend {
	struct tgt_backend base;
	uint64_t size;
	uint32_t block_size;
};

static struct null_backend *null_of(const struct tgt_backend *b)
{
	return (struct null_backend *)cmn_container_of(b, struct null_backend, base);
}

static int null_open(const struct tgt_backend_spec *spec, struct tgt_backend **ret,
		     struct cmn_err *err)
{
	struct null_backend *n;

	if (!spec->size || spec->size % spec->block_size)
		return cmn_err_set(err, -EINVAL, "size", "%s: wanted a multiple of %u bytes",
				   spec->ns_name, spec->block_size);
	n = calloc(1, sizeof(*n));
	if (!n)
		return cmn_err_errno(err, -ENOMEM, NULL, "%s", spec->ns_name);
	n->base.ops = &tgt_backend_null;
	n->size = spec->size;
	n->block_size = spec->block_size;
	*ret = &n->base;
	return 0;
}

static void null_close(struct tgt_backend *b)
{
	free(null_of(b));
}

static void null_geometry(const struct tgt_backend *b, struct tgt_geometry *ret)
{
	const struct null_backend *n = null_of(b);

	*ret = (struct tgt_geometry){ .size = n->size,
				      .block_size = n->block_size,
				      .atomic_bytes = n->block_size,
				      .discard_zeroes = true };
}

static int null_resize(struct tgt_backend *b, uint64_t size, struct cmn_err *err)
{
	struct null_backend *n = null_of(b);

	if (!size || size % n->block_size)
		return cmn_err_set(err, -EINVAL, "size", "wanted a multiple of %u bytes",
				   n->block_size);
	n->size = size;
	return 0;
}

static void null_submit(struct tgt_backend *b, struct tgt_io *io)
{
	(void)b;
	if (io->op == TGT_IO_READ)
		memset(io->buf, 0, io->len);
	io->done(io, 0);
}

const struct tgt_backend_ops tgt_backend_null = {
	.name = "null",
	.open = null_open,
	.close = null_close,
	.geometry = null_geometry,
	.resize = null_resize,
	.submit = null_submit,
};
