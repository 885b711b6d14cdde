/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_conn.c - a connection at the controller's end: commands and data that are as they should be. */
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
	struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = 9, .off = 4096, .len = sizeof(data), .icd = data };
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
		struct h2c_args h = { .cid = 77, .ttag = le16toh(r2t->ttag), .off = off, .data = data };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_icresp_echoes_the_digests_asked_for),
		cmocka_unit_test(test_read_is_one_c2hdata_with_success),
		cmocka_unit_test(test_in_capsule_write_is_borrowed_and_answered),
		cmocka_unit_test(test_large_write_goes_by_one_r2t),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
