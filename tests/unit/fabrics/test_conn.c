/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_conn.c - a connection at the controller's end: commands and data that are
 * as they should be. */
#include "tests/unit/fabrics/conn_fixture.h"

#define IOQ(sqsz) ((struct fab_queue_bind){ .qid = 1, .sqsize = (sqsz) })

static void test_icresp_echoes_the_digests_asked_for(void **state)
{
	(void)state;
	for (uint8_t dgst = 0; dgst < 4; dgst++) {
		struct fixture *f = fx_new();
		const struct nvme_tcp_icresp *resp;
		uint8_t buf[128];
		size_t pos = 0;

		fab_conn_push(f->conn, buf, pdu_icreq(buf, 0, dgst));
		assert_int_equal(fab_conn_state(f->conn), FAB_CONN_WAIT_CONNECT);
		fx_drain(f, SIZE_MAX);
		assert_int_equal(f->out_len, 128);
		resp = (const struct nvme_tcp_icresp *)fx_next(f, &pos);
		assert_int_equal(resp->hdr.type, NVME_TCP_ICRESP);
		assert_int_equal(resp->hdr.hlen, 128);
		assert_int_equal(resp->pfv, 0);
		assert_int_equal(resp->cpda, 0);
		assert_int_equal(resp->dgst, dgst);
		assert_int_equal(le32toh(resp->maxh2cdata), MAX_H2C);
		fx_free(f);
	}
}

static void test_read_is_one_c2hdata_with_success(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	struct cmd_args a = { .opcode = NVME_IO_READ, .cid = 0x7123, .off = 512, .len = 4096 };
	const struct nvme_tcp_data *d;
	uint8_t buf[128];
	size_t pos = 0;

	(void)state;
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	fx_drain(f, SIZE_MAX);
	d = (const struct nvme_tcp_data *)fx_next(f, &pos);
	assert_int_equal(pos, f->out_len);
	assert_int_equal(d->hdr.type, NVME_TCP_C2H_DATA);
	assert_int_equal(d->hdr.flags, NVME_TCP_F_LAST | NVME_TCP_F_SUCCESS);
	assert_int_equal(d->hdr.pdo, 24);
	assert_int_equal(d->cccid, 0x7123);
	assert_int_equal(le32toh(d->datal), 4096);
	assert_memory_equal((const uint8_t *)d + 24, f->disk + 512, 4096);
	assert_int_equal(fab_conn_inflight(f->conn), 0);
	assert_int_equal(f->released, 1);
	fx_free(f);
}

static void test_in_capsule_write_is_borrowed_and_answered(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t data[4096], buf[8192];
	struct cmd_args a = {
		.opcode = NVME_IO_WRITE, .cid = 9, .off = 4096, .len = sizeof(data), .icd = data
	};
	const struct nvme_tcp_rsp *rsp;
	size_t pos = 0;

	(void)state;
	memset(data, 0xa5, sizeof(data));
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	assert_true(f->borrowed);
	assert_int_equal(f->bufs_out, 0);
	fx_drain(f, SIZE_MAX);
	rsp = (const struct nvme_tcp_rsp *)fx_next(f, &pos);
	assert_int_equal(pos, f->out_len);
	assert_int_equal(rsp->hdr.type, NVME_TCP_RSP);
	assert_int_equal(rsp->cqe.cid, 9);
	assert_int_equal(rsp->cqe.status, 0);
	assert_int_equal(le16toh(rsp->cqe.sqhd), 1);
	assert_memory_equal(f->disk + 4096, data, sizeof(data));
	fx_free(f);
}

static void test_large_write_goes_by_one_r2t(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	const uint32_t len = 40000;
	uint8_t *data = malloc(len), *buf = malloc(len + 4096);
	struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = 77, .off = 0, .len = len };
	const struct nvme_tcp_r2t *r2t;
	size_t pos = 0;

	(void)state;
	memset(data, 0x5a, len);
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	fx_drain(f, SIZE_MAX);
	r2t = (const struct nvme_tcp_r2t *)fx_next(f, &pos);
	assert_int_equal(r2t->hdr.type, NVME_TCP_R2T);
	assert_int_equal(r2t->cccid, 77);
	assert_int_equal(r2t->r2to, 0);
	assert_int_equal(le32toh(r2t->r2tl), len);
	for (uint32_t off = 0; off < len; off += MAX_H2C) {
		struct h2c_args h = {
			.cid = 77, .ttag = le16toh(r2t->ttag), .off = off, .data = data
		};

		h.len = cmn_min(MAX_H2C, len - off);
		h.last = off + h.len == len;
		fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	}
	assert_int_equal(f->executed, 1);
	assert_memory_equal(f->disk, data, len);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(fx_next(f, &pos)->type, NVME_TCP_RSP);
	assert_int_equal(f->bufs_out, 0);
	free(data);
	free(buf);
	fx_free(f);
}

static uint16_t rsp_status(struct fixture *f, size_t *pos, uint16_t cid)
{
	const struct nvme_tcp_rsp *rsp = (const struct nvme_tcp_rsp *)fx_next(f, pos);

	assert_int_equal(rsp->hdr.type, NVME_TCP_RSP);
	assert_int_equal(rsp->cqe.cid, cid);
	return le16toh(rsp->cqe.status);
}

/* ---- SUCCESS and SQHD ---- */

static void push_cmd(struct fixture *f, uint8_t opcode, uint16_t cid, uint32_t len)
{
	struct cmd_args a = { .opcode = opcode, .cid = cid, .len = len };
	uint8_t buf[128];

	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
}

static void test_a_short_transfer_never_carries_success(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	const struct nvme_tcp_data *d;
	size_t pos = 0;

	(void)state;
	push_cmd(f, OP_SHORT, 1, 4096);
	fx_drain(f, SIZE_MAX);
	d = (const struct nvme_tcp_data *)fx_next(f, &pos);
	assert_int_equal(d->hdr.flags, NVME_TCP_F_LAST);
	assert_int_equal(le32toh(d->datal), 2048);
	assert_int_equal(rsp_status(f, &pos, 1), 0);
	fx_free(f);
}

static void test_a_result_never_carries_success(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	push_cmd(f, OP_RESULT, 1, 4096);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(fx_next(f, &pos)->flags, NVME_TCP_F_LAST);
	assert_int_equal(le32toh(((const struct nvme_tcp_rsp *)(f->out + pos))->cqe.dw[0]), 0x1234);
	fx_free(f);
}

/* A host that goes by SQHD must hear of it before its queue looks full. */
static void test_sqhd_is_told_at_least_every_half_queue(void **state)
{
	for (uint16_t sqsize = 1; sqsize < 40; sqsize++) {
		struct fixture *f = fx_live(0, 0, IOQ(sqsize));
		unsigned int untold = 0, done = 0;
		size_t pos = 0;

		(void)state;
		for (uint16_t i = 0; i < 200; i++) {
			push_cmd(f, NVME_IO_READ, i, 512);
			fx_drain(f, SIZE_MAX);
		}
		while (pos < f->out_len) {
			const struct nvme_tcp_data *d =
				(const struct nvme_tcp_data *)fx_next(f, &pos);

			done++;
			if (d->hdr.flags & NVME_TCP_F_SUCCESS) {
				untold++;
				assert_true(untold < sqsize);
				continue;
			}
			assert_int_equal(
				le16toh(((const struct nvme_tcp_rsp *)fx_next(f, &pos))->cqe.sqhd),
				done % (sqsize + 1u));
			untold = 0;
		}
		assert_int_equal(done, 200);
		fx_free(f);
	}
}

static void test_without_flow_control_every_read_carries_success_and_sqhd_is_reserved(void **state)
{
	struct fixture *f =
		fx_live(0, 0, (struct fab_queue_bind){ .qid = 1, .sqsize = 3, .sqflow_off = true });
	size_t pos = 0;

	(void)state;
	push_cmd(f, NVME_IO_FLUSH, 0,
		 0); /* the first response after Connect was bound stands for Connect's own */
	for (uint16_t i = 1; i < 20; i++) {
		push_cmd(f, i % 2 ? NVME_IO_READ : NVME_IO_FLUSH, i, i % 2 ? 512 : 0);
		fx_drain(f, SIZE_MAX);
	}
	assert_int_equal(((const struct nvme_tcp_rsp *)fx_next(f, &pos))->cqe.sqhd, 0xffff);
	while (pos < f->out_len) {
		const struct nvme_tcp_hdr *h = fx_next(f, &pos);

		if (h->type == NVME_TCP_RSP)
			assert_int_equal(((const struct nvme_tcp_rsp *)h)->cqe.sqhd, 0);
		else
			assert_int_equal(h->flags, NVME_TCP_F_LAST | NVME_TCP_F_SUCCESS);
	}
	fx_free(f);
}

/* ---- alignment ---- */

static void test_read_data_is_aligned_as_hpda_asks(void **state)
{
	(void)state;
	for (uint8_t hpda = 0; hpda < 32; hpda++) {
		for (uint8_t dgst = 0; dgst < 4; dgst++) {
			struct fixture *f = fx_live(hpda, dgst, IOQ(127));
			struct cmd_args a = { .opcode = NVME_IO_READ,
					      .cid = 4,
					      .off = 7,
					      .len = 512,
					      .hdgst = dgst & 1 };
			const struct nvme_tcp_data *d;
			uint8_t buf[128];
			size_t pos = 0;

			fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
			fx_drain(f, 3);
			d = (const struct nvme_tcp_data *)fx_next(f, &pos);
			assert_int_equal(pos, f->out_len);
			assert_int_equal(d->hdr.pdo % ((hpda + 1) * 4), 0);
			assert_true(d->hdr.pdo >= 24 + (dgst & 1 ? 4 : 0));
			assert_int_equal(pos, d->hdr.pdo + 512u + (dgst & 2 ? 4 : 0));
			assert_memory_equal(f->out + d->hdr.pdo, f->disk + 7, 512);
			if (dgst & 1)
				assert_int_equal(fab_digest_get(f->out + 24),
						 fab_crc32c(f->out, 24));
			if (dgst & 2)
				assert_int_equal(fab_digest_get(f->out + pos - 4),
						 fab_crc32c(f->disk + 7, 512));
			fx_free(f);
		}
	}
}

static void test_padding_before_in_capsule_data_is_skipped(void **state)
{
	(void)state;
	for (uint32_t pad = 0; pad <= 128; pad += 4) {
		for (size_t step = 1; step < 2000; step += 211) {
			struct fixture *f = fx_live(0, 0, IOQ(127));
			uint8_t data[512], buf[1024];
			struct cmd_args a = { .opcode = NVME_IO_WRITE,
					      .cid = 9,
					      .len = 512,
					      .icd = data,
					      .pad = pad };
			size_t n, pos = 0;

			memset(data, 0x3c, sizeof(data));
			n = pdu_cmd(buf, &a);
			for (size_t at = 0; at < n; at += step)
				fab_conn_push(f->conn, buf + at, cmn_min(step, n - at));
			fx_drain(f, SIZE_MAX);
			assert_int_equal(rsp_status(f, &pos, 9), 0);
			assert_memory_equal(f->disk, data, 512);
			fx_free(f);
		}
	}
}

/* ---- many at once ---- */

static void test_many_capsules_in_one_push_are_sent_in_few_pieces(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t *data = calloc(1, 512), *buf = malloc(100 * 1024);
	struct iovec iov[64];
	size_t n = 0;

	(void)state;
	for (uint16_t i = 0; i < 100; i++) {
		struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = i, .len = 512, .icd = data };

		n += pdu_cmd(buf + n, &a);
	}
	fab_conn_push(f->conn, buf, n);
	assert_int_equal(f->executed, 100);
	assert_int_equal(fab_conn_gather(f->conn, iov, 64, SIZE_MAX), 1);
	assert_int_equal(iov[0].iov_len, 100 * 24);
	fab_conn_sent(f->conn, 0);
	assert_int_equal(fab_conn_inflight(f->conn), 100);
	fx_drain(f, 1000);
	assert_int_equal(f->out_len, 100 * 24);
	assert_int_equal(fab_conn_inflight(f->conn), 0);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_gather_keeps_to_its_limits(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	struct iovec iov[64];
	size_t bytes = 0;
	int n;

	(void)state;
	for (uint16_t i = 0; i < 60; i++)
		push_cmd(f, NVME_IO_READ, i, 4096);
	n = fab_conn_gather(f->conn, iov, 64, 10000);
	for (int i = 0; i < n; i++)
		bytes += iov[i].iov_len;
	fab_conn_sent(f->conn, 0);
	assert_true(bytes >= 10000 && bytes < 20000);
	for (int max = 4; max < 64; max++) {
		n = fab_conn_gather(f->conn, iov, max, SIZE_MAX);
		assert_true(n > 0 && n <= max);
		fab_conn_sent(f->conn, 0);
	}
	fx_free(f);
}

/* ---- buffers ---- */

static void test_a_write_waits_for_a_buffer_and_the_connection_goes_on(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	f->buf_limit = 0;
	push_cmd(f, NVME_IO_WRITE, 1, 8192);
	push_cmd(f, NVME_IO_WRITE, 2, 8192);
	push_cmd(f, NVME_IO_FLUSH, 3, 0);
	assert_false(fab_conn_paused(f->conn));
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 3), 0);
	fab_conn_resume(f->conn);
	assert_false(fab_conn_wants_send(f->conn));
	f->buf_limit = 1;
	fab_conn_resume(f->conn);
	f->buf_limit = 2;
	fab_conn_resume(f->conn);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(((const struct nvme_tcp_r2t *)fx_next(f, &pos))->cccid,
			 1); /* in order of arrival */
	assert_int_equal(((const struct nvme_tcp_r2t *)fx_next(f, &pos))->cccid, 2);
	fx_free(f);
}

static void test_a_capsule_without_a_buffer_pauses_the_connection_and_nothing_is_lost(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t data[512], buf[4096];
	size_t n = 0, pos = 0;

	(void)state;
	memset(data, 0x77, sizeof(data));
	for (uint16_t i = 0; i < 4; i++) {
		struct cmd_args a = {
			.opcode = NVME_IO_WRITE, .cid = i, .off = i * 512u, .len = 512, .icd = data
		};

		n += pdu_cmd(buf + n, &a);
	}
	f->buf_limit = 0;
	fab_conn_push(f->conn, buf, 100); /* a header, and not all of its data */
	assert_true(fab_conn_paused(f->conn));
	fab_conn_push(f->conn, buf + 100, n - 200);
	fab_conn_push(f->conn, buf + n - 100, 100);
	assert_int_equal(f->executed, 0);
	fab_conn_resume(f->conn);
	assert_true(fab_conn_paused(f->conn));
	f->buf_limit = 1;
	fab_conn_resume(f->conn);
	assert_false(fab_conn_paused(f->conn));
	assert_int_equal(f->executed, 4);
	fx_drain(f, SIZE_MAX);
	for (uint16_t i = 0; i < 4; i++)
		assert_int_equal(rsp_status(f, &pos, i), 0);
	for (size_t i = 0; i < 2048; i++)
		assert_int_equal(f->disk[i], 0x77);
	fx_free(f);
}

static void test_a_handler_that_finds_no_buffer_is_called_again(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	f->buf_limit = 0;
	push_cmd(f, NVME_IO_READ, 1, 4096);
	push_cmd(f, NVME_IO_READ, 2, 4096);
	assert_int_equal(f->executed, 0);
	f->buf_limit = 1;
	fab_conn_resume(f->conn);
	assert_int_equal(f->executed, 1);
	fx_drain(f, SIZE_MAX);
	fab_conn_resume(f->conn);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(((const struct nvme_tcp_data *)fx_next(f, &pos))->cccid, 1);
	assert_int_equal(((const struct nvme_tcp_data *)fx_next(f, &pos))->cccid, 2);
	fx_free(f);
}

static void test_want_names_where_payload_goes(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t data[4096], buf[8192];
	struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = 1, .len = 4096, .icd = data };
	void *dst = NULL;
	size_t pos = 0;

	(void)state;
	memset(data, 0x11, sizeof(data));
	pdu_cmd(buf, &a);
	fab_conn_push(f->conn, buf, 72 + 96);
	assert_int_equal(fab_conn_want(f->conn, &dst), 4000);
	memcpy(dst, data + 96, 1000);
	fab_conn_took(f->conn, 1000);
	assert_int_equal(fab_conn_want(f->conn, &dst), 3000);
	fab_conn_took(f->conn, 0);
	memcpy(dst, data, 3000);
	fab_conn_took(f->conn, 3000);
	assert_int_equal(fab_conn_want(f->conn, &dst), 0);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 1), 0);
	assert_memory_equal(f->disk, data, sizeof(data));
	fx_free(f);
}

/* ---- live data ---- */

static void test_live_data_is_pinned_only_while_it_is_sent(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	struct iovec iov[16];
	int n;

	(void)state;
	push_cmd(f, OP_LIVE, 1, 4096);
	push_cmd(f, OP_LIVE, 2, 4096);
	assert_int_equal(f->pins, 0);
	n = fab_conn_gather(f->conn, iov, 16, SIZE_MAX);
	assert_int_equal(n, 4);
	assert_int_equal(f->pins, 2);
	assert_ptr_equal(iov[1].iov_base, f->disk);
	fab_conn_sent(f->conn, 4120 + 24 + 4096);
	assert_int_equal(f->pins, 0);
	assert_int_equal(f->bufs_out, 0);
	fx_free(f);
}

/* Sends the first cut bytes of a live read, lets a writer come in between, sends the rest. */
static struct fixture *cut_live_read(size_t cut, uint8_t dgst)
{
	struct fixture *f = fx_live(0, dgst, IOQ(127));
	struct iovec iov[16];
	size_t got = 0;
	int n;

	push_cmd(f, OP_LIVE, 1, 4096);
	n = fab_conn_gather(f->conn, iov, 16, SIZE_MAX);
	f->out = realloc(f->out, 8192);
	f->out_cap = 8192;
	for (int i = 0; i < n && got < cut; i++) {
		size_t len = cmn_min(iov[i].iov_len, cut - got);

		memcpy(f->out + got, iov[i].iov_base, len);
		got += len;
	}
	f->out_len = got;
	fab_conn_sent(f->conn, cut);
	assert_int_equal(f->pins, 0);
	memset(f->disk, 0, 4096);
	fx_drain(f, SIZE_MAX);
	return f;
}

/* What the socket took before the cut and what it takes after must be of one version. */
static void test_live_data_cut_by_a_short_send_is_not_torn(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < 24 + 4096; cut += 37) {
		struct fixture *f = cut_live_read(cut, 0);
		struct fixture *old = fx_live(0, 0, IOQ(127));

		if (cut > 24)
			assert_memory_equal(f->out + 24, old->disk, 4096);
		else
			assert_memory_equal(f->out + 24, f->disk, 4096);
		fx_free(old);
		fx_free(f);
	}
}

static void test_live_data_cut_by_a_short_send_fits_its_digest(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= 24 + 4096 + 4; cut++) {
		struct fixture *f = cut_live_read(cut, NVME_TCP_DGST_DDGST);
		bool new = f->out[24] == 0 && memcmp(f->out + 24, f->disk, 4096) == 0;

		assert_int_equal(new, cut <= 24);
		assert_int_equal(fab_digest_get(f->out + 24 + 4096), fab_crc32c(f->out + 24, 4096));
		fx_free(f);
	}
}

static void test_live_data_with_a_digest_is_sent_from_where_it_lies(void **state)
{
	struct fixture *f = fx_live(0, NVME_TCP_DGST_DDGST, IOQ(127));
	struct iovec iov[16];

	(void)state;
	push_cmd(f, OP_LIVE, 1, 4096);
	assert_int_equal(fab_conn_gather(f->conn, iov, 16, SIZE_MAX), 3);
	assert_int_equal(f->pins, 1);
	assert_ptr_equal(iov[1].iov_base, f->disk);
	assert_int_equal(fab_digest_get(iov[2].iov_base), fab_crc32c(f->disk, 4096));
	fab_conn_sent(f->conn, 24 + 4096 + 4);
	assert_int_equal(f->pins, 0);
	fx_free(f);
}

static void test_live_data_held_by_a_writer_is_sent_later_and_in_order(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	struct iovec iov[16];
	size_t pos = 0;

	(void)state;
	push_cmd(f, NVME_IO_FLUSH, 1, 0);
	push_cmd(f, OP_LIVE, 2, 512);
	push_cmd(f, NVME_IO_FLUSH, 3, 0);
	f->refuse_pin = true;
	assert_int_equal(fab_conn_gather(f->conn, iov, 16, SIZE_MAX), 1);
	fab_conn_sent(f->conn, 0);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(f->out_len, 24);
	assert_true(fab_conn_wants_send(f->conn));
	assert_int_equal(fab_conn_gather(f->conn, iov, 16, SIZE_MAX), 0);
	fab_conn_sent(f->conn, 0);
	f->refuse_pin = false;
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 1), 0);
	assert_int_equal(((const struct nvme_tcp_data *)fx_next(f, &pos))->cccid, 2);
	assert_int_equal(rsp_status(f, &pos, 3), 0);
	fx_free(f);
}

static void test_detached_live_data_survives_its_namespace(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t *old = malloc(4096);

	(void)state;
	memcpy(old, f->disk, 4096);
	push_cmd(f, OP_LIVE, 2, 4096);
	f->refuse_pin = true;
	assert_false(fab_conn_detach_live(f->conn, NULL));
	f->refuse_pin = false;
	assert_true(fab_conn_detach_live(
		f->conn, (const struct fab_ns *)old)); /* another namespace: nothing to do */
	assert_int_equal(f->bufs_out, 0);
	f->buf_limit = 0; /* the pool has nothing: it must work all the same */
	assert_true(fab_conn_detach_live(f->conn, NULL));
	memset(f->disk, 0, 4096);
	fx_drain(f, SIZE_MAX);
	assert_memory_equal(f->out + 24, old, 4096);
	free(old);
	fx_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_icresp_echoes_the_digests_asked_for),
		cmocka_unit_test(test_read_is_one_c2hdata_with_success),
		cmocka_unit_test(test_in_capsule_write_is_borrowed_and_answered),
		cmocka_unit_test(test_large_write_goes_by_one_r2t),
		cmocka_unit_test(test_a_short_transfer_never_carries_success),
		cmocka_unit_test(test_a_result_never_carries_success),
		cmocka_unit_test(test_sqhd_is_told_at_least_every_half_queue),
		cmocka_unit_test(
			test_without_flow_control_every_read_carries_success_and_sqhd_is_reserved),
		cmocka_unit_test(test_read_data_is_aligned_as_hpda_asks),
		cmocka_unit_test(test_padding_before_in_capsule_data_is_skipped),
		cmocka_unit_test(test_many_capsules_in_one_push_are_sent_in_few_pieces),
		cmocka_unit_test(test_gather_keeps_to_its_limits),
		cmocka_unit_test(test_a_write_waits_for_a_buffer_and_the_connection_goes_on),
		cmocka_unit_test(
			test_a_capsule_without_a_buffer_pauses_the_connection_and_nothing_is_lost),
		cmocka_unit_test(test_a_handler_that_finds_no_buffer_is_called_again),
		cmocka_unit_test(test_want_names_where_payload_goes),
		cmocka_unit_test(test_live_data_is_pinned_only_while_it_is_sent),
		cmocka_unit_test(test_live_data_cut_by_a_short_send_is_not_torn),
		cmocka_unit_test(test_live_data_cut_by_a_short_send_fits_its_digest),
		cmocka_unit_test(test_live_data_with_a_digest_is_sent_from_where_it_lies),
		cmocka_unit_test(test_live_data_held_by_a_writer_is_sent_later_and_in_order),
		cmocka_unit_test(test_detached_live_data_survives_its_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
