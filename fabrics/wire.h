/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/wire.h - bounds-checked little-endian reader and writer, and a window for rendering part of a page.
 * Owns: nothing; borrows the bytes.  Thread: caller's.  May block: never.
 *
 * An error sticks: do all reads or writes, then ask once.  After an error a reader yields zeroes and a writer drops. */
#ifndef FABRICS_WIRE_H
#define FABRICS_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t fab_le16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t fab_le32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t fab_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* ---- reader ---- */

struct fab_rd {
	const uint8_t *p;
	size_t left;
	bool err;
};

static inline struct fab_rd fab_rd_init(const void *buf, size_t len)
{
	return (struct fab_rd){ .p = buf, .left = len };
}

/* n bytes, borrowed; NULL past the end. */
static inline const void *fab_rd_bytes(struct fab_rd *rd, size_t n)
{
	const uint8_t *p = rd->p;

	if (rd->err || n > rd->left) {
		rd->err = true;
		return NULL;
	}
	rd->p += n;
	rd->left -= n;
	return p;
}

static inline uint8_t fab_rd_u8(struct fab_rd *rd)
{
	const uint8_t *p = fab_rd_bytes(rd, 1);

	return p ? *p : 0;
}

static inline uint16_t fab_rd_le16(struct fab_rd *rd)
{
	const void *p = fab_rd_bytes(rd, 2);

	return p ? fab_le16(p) : 0;
}

static inline uint32_t fab_rd_le32(struct fab_rd *rd)
{
	const void *p = fab_rd_bytes(rd, 4);

	return p ? fab_le32(p) : 0;
}

static inline uint64_t fab_rd_le64(struct fab_rd *rd)
{
	const void *p = fab_rd_bytes(rd, 8);

	return p ? fab_le64(p) : 0;
}

static inline void fab_rd_skip(struct fab_rd *rd, size_t n)
{
	(void)fab_rd_bytes(rd, n);
}

/* ---- writer ---- */

struct fab_wr {
	uint8_t *p;
	size_t left;
	bool err;
};

static inline struct fab_wr fab_wr_init(void *buf, size_t len)
{
	return (struct fab_wr){ .p = buf, .left = len };
}

static inline void fab_wr_bytes(struct fab_wr *wr, const void *src, size_t n)
{
	if (wr->err || n > wr->left) {
		wr->err = true;
		return;
	}
	memcpy(wr->p, src, n);
	wr->p += n;
	wr->left -= n;
}

static inline void fab_wr_u8(struct fab_wr *wr, uint8_t v)
{
	fab_wr_bytes(wr, &v, sizeof(v));
}

static inline void fab_wr_le16(struct fab_wr *wr, uint16_t v)
{
	v = htole16(v);
	fab_wr_bytes(wr, &v, sizeof(v));
}

static inline void fab_wr_le32(struct fab_wr *wr, uint32_t v)
{
	v = htole32(v);
	fab_wr_bytes(wr, &v, sizeof(v));
}

static inline void fab_wr_le64(struct fab_wr *wr, uint64_t v)
{
	v = htole64(v);
	fab_wr_bytes(wr, &v, sizeof(v));
}

/* ---- window ---- */

/* Renders bytes [off, off + len) of a page that is put out from its start, without building the page. */
struct fab_win {
	uint8_t *buf; /* zeroed by fab_win_init() */
	uint64_t off;
	uint32_t len;
	uint64_t pos; /* how much of the page has been put; its size in the end */
};

static inline struct fab_win fab_win_init(void *buf, uint64_t off, uint32_t len)
{
	memset(buf, 0, len);
	return (struct fab_win){ .buf = buf, .off = off, .len = len };
}

/* The next n bytes of the page: only those inside the window are copied. */
static inline void fab_win_put(struct fab_win *win, const void *src, size_t n)
{
	uint64_t from = win->pos > win->off ? win->pos : win->off;
	uint64_t end = win->off + win->len;
	uint64_t to = win->pos + n < end ? win->pos + n : end;

	if (from < to)
		memcpy(win->buf + (from - win->off), (const uint8_t *)src + (from - win->pos), to - from);
	win->pos += n;
}

/* Nothing that follows lies in the window. */
static inline bool fab_win_full(const struct fab_win *win)
{
	return win->pos >= win->off + win->len;
}

#endif
