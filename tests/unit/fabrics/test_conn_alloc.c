/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_conn_alloc.c - the hot path takes no memory from the heap: malloc is
 * counted. */
#include <stdbool.h>
#include <stddef.h>

#include "tests/unit/fabrics/conn_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static unsigned long calls; /* malloc and relatives, free */

#ifndef SANITIZED /* which have a malloc of their own */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
	calls++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	calls++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	calls++;
	return __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	calls++;
	return __libc_memalign(align, n);
}

void free(void *p)
{
	calls++;
	__libc_free(p);
}
#endif

/* A pool that keeps its buffers, as the reactor's does. */
static void *pool[256];
static unsigned int nr_pool;

static void *pool_get(struct fab_env *env, size_t len)
{
	(void)env;
	return nr_pool ? pool[--nr_pool] : aligned_alloc(4096, CMN_ALIGN_UP(len, 4096));
}

static void pool_put(struct fab_env *env, void *buf, size_t len)
{
	(void)env;
	(void)len;
	pool[nr_pool++] = buf;
}

/* Reads, writes in the capsule and by R2T, and flushes: 32 of each at once. */
static void one_round(struct fixture *f, uint8_t *buf, const uint8_t *data)
{
	size_t n = 0, pos = 0, r2t_at;

	for (uint16_t i = 0; i < 32; i++) {
		struct cmd_args read = { .opcode = NVME_IO_READ, .cid = i, .len = 4096 };
		struct cmd_args live = { .opcode = OP_LIVE, .cid = i, .len = 4096 };
		struct cmd_args write = {
			.opcode = NVME_IO_WRITE, .cid = i, .len = 512, .icd = data
		};
		struct cmd_args r2t = { .opcode = NVME_IO_WRITE, .cid = i, .len = 4096 };

		n += pdu_cmd(buf + n, &read);
		n += pdu_cmd(buf + n, &live);
		n += pdu_cmd(buf + n, &write);
		n += pdu_cmd(buf + n, &r2t);
	}
	f->out_len = 0;
	fab_conn_push(f->conn, buf, n - 30); /* the last header comes in two parts */
	fab_conn_push(f->conn, buf + n - 30, 30);
	fx_drain(f, 100000);
	r2t_at = f->out_len;
	while (pos < r2t_at) {
		const struct nvme_tcp_r2t *r2t = (const struct nvme_tcp_r2t *)fx_next(f, &pos);
		struct h2c_args h = { .len = 4096, .last = true, .data = data };

		if (r2t->hdr.type != NVME_TCP_R2T)
			continue;
		h.cid = r2t->cccid;
		h.ttag = le16toh(r2t->ttag);
		fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	}
	fx_drain(f, 100000);
	assert_int_equal(fab_conn_inflight(f->conn), 0);
}

static void test_the_hot_path_allocates_nothing_after_warm_up(void **state)
{
	struct fixture *f = fx_live(0, 0, (struct fab_queue_bind){ .qid = 1, .sqsize = 127 });
	uint8_t *data = calloc(1, 4096), *buf = malloc(200000);
	void *volatile probe;
	unsigned long before;

	(void)state;
#ifdef SANITIZED
	free(data);
	free(buf);
	fx_free(f);
	skip();
#endif
	f->env.buf_get = pool_get;
	f->env.buf_put = pool_put;
	f->out_cap = 1 << 20;
	f->out = realloc(f->out, f->out_cap);
	one_round(f, buf, data);
	before = calls;
	for (int i = 0; i < 10; i++)
		one_round(f, buf, data);
	assert_int_equal(calls - before, 0);
	assert_int_equal(f->executed, 11 * 128);
	probe = malloc(1); /* and the counting counts */
	free(probe);
	assert_int_equal(calls - before, 2);
	while (nr_pool)
		free(pool[--nr_pool]);
	free(data);
	free(buf);
	fx_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_hot_path_allocates_nothing_after_warm_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
