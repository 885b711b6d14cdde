/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/gather.h - puts pieces of PDUs into as few iovecs as will do.
 * Owns: nothing; iovecs and arena are the caller's.  Thread: any.  May block: never. */
#ifndef FABRICS_TCP_GATHER_H
#define FABRICS_TCP_GATHER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

struct fab_gather {
	struct iovec *iov;
	int n;
	size_t bytes;
	uint8_t *arena, *arena_end; /* lives until what was gathered has been sent */
	uint32_t skip; /* bytes of the current PDU that went out before */
};

static inline void fab_gather_piece(struct fab_gather *g, const void *p, size_t len)
{
	struct iovec *last = g->iov + g->n - (g->n > 0);

	g->bytes += len;
	if (g->n && (const uint8_t *)last->iov_base + last->iov_len == p) {
		last->iov_len += len;
		return;
	}
	g->iov[g->n++] = (struct iovec){ .iov_base = (void *)(uintptr_t)p, .iov_len = len };
}

/* small: a header.  Those that follow one another are copied together: an iovec costs more than 24
 * bytes copied. */
static inline void fab_gather_add(struct fab_gather *g, const uint8_t *p, uint32_t len, bool small)
{
	if (!len)
		return;
	if (__builtin_expect(g->skip, 0)) {
		uint32_t n = g->skip < len ? g->skip : len;

		g->skip -= n;
		p += n;
		len -= n;
	}
	if (!len)
		return;
	if (small && len <= (size_t)(g->arena_end - g->arena)) {
		memcpy(g->arena, p, len);
		p = g->arena;
		g->arena += len;
	}
	fab_gather_piece(g, p, len);
}

#endif
