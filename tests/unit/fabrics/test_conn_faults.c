/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_conn_faults.c - what a host may get wrong, and what each fault ends in:
 * the C2HTermReq with the FES and FEI that the specification names, or a status and a connection
 * that goes on. */
#include "tests/unit/fabrics/conn_fixture.h"

#define IOQ(sqsz) ((struct fab_queue_bind){ .qid = 1, .sqsize = (sqsz) })

/* The connection has sent a C2HTermReq that says this and carries len bytes of hdr; it is closed
 * once that is sent. */
static void expect_term(struct fixture *f, struct fab_fault want, const uint8_t *hdr, size_t len)
{
	const struct nvme_tcp_term *term;
	size_t pos = 0;

	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_TERMINATING);
	fx_drain(f, 7); /* in small parts */
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	term = (const struct nvme_tcp_term *)fx_next(f, &pos);
	assert_int_equal(pos, f->out_len);
	assert_int_equal(term->hdr.type, NVME_TCP_C2H_TERM);
	assert_int_equal(term->hdr.hlen, 24);
	assert_int_equal(le16toh(term->fes), want.fes);
	assert_int_equal(le32toh(term->fei), want.fei);
	assert_int_equal(pos, 24 + len);
	assert_true(pos <= 152);
	assert_memory_equal((const uint8_t *)term + 24, hdr, len);
	assert_int_equal(fab_conn_end(f->conn).fes, want.fes);
	assert_int_equal(fab_conn_end(f->conn).fei, want.fei);
}

/* ---- faults in a header, one per row ---- */

enum base_pdu { BASE_ICREQ, BASE_CMD, BASE_WRITE, BASE_H2C, BASE_TERM };

struct header_row {
	const char *name;
	enum base_pdu base;
	bool hdgst, ddgst;
	bool live; /* after ICReq, on a bound queue */
	size_t at; /* the bytes to change */
	size_t nr;
	uint32_t value;
	bool redigest; /* the header digest is made right again */
	uint16_t fes;
	uint32_t fei;
	size_t carried; /* bytes of header in the TermReq */
};

static const struct header_row header_rows[] = {
	{ "garbage instead of ICReq", BASE_ICREQ, .at = 0, .nr = 4, .value = 0x20544547, .fes = 2,
	  .carried = 8 },
	{ "a command instead of ICReq", BASE_CMD, .fes = 2, .carried = 8 },
	{ "ICReq with HLEN 127", BASE_ICREQ, .at = 2, .nr = 1, .value = 127, .fes = 1, .fei = 2,
	  .carried = 8 },
	{ "ICReq with PLEN 129", BASE_ICREQ, .at = 4, .nr = 4, .value = 129, .fes = 1, .fei = 4,
	  .carried = 128 },
	{ "ICReq with PLEN 0", BASE_ICREQ, .at = 4, .nr = 4, .value = 0, .fes = 1, .fei = 4,
	  .carried = 128 },
	{ "ICReq with an unknown PFV", BASE_ICREQ, .at = 8, .nr = 2, .value = 1, .fes = 6, .fei = 8,
	  .carried = 128 },
	{ "ICReq with HPDA 32", BASE_ICREQ, .at = 10, .nr = 1, .value = 32, .fes = 1, .fei = 10,
	  .carried = 128 },
	{ "a second ICReq", BASE_ICREQ, .live = true, .fes = 2, .carried = 8 },
	{ "an unknown PDU type", BASE_CMD, .live = true, .at = 0, .nr = 1, .value = 0x0c, .fes = 1,
	  .fei = 0, .carried = 8 },
	{ "the reserved PDU type 08h", BASE_CMD, .live = true, .at = 0, .nr = 1, .value = 8,
	  .fes = 1, .fei = 0, .carried = 8 },
	{ "an ICResp from a host", BASE_CMD, .live = true, .at = 0, .nr = 1, .value = 1, .fes = 1,
	  .fei = 0, .carried = 8 },
	{ "a C2HData from a host", BASE_H2C, .live = true, .at = 0, .nr = 1, .value = 7, .fes = 1,
	  .fei = 0, .carried = 8 },
	{ "an R2T from a host", BASE_H2C, .live = true, .at = 0, .nr = 1, .value = 9, .fes = 1,
	  .fei = 0, .carried = 8 },
	{ "PDU type FFh", BASE_H2C, .live = true, .at = 0, .nr = 1, .value = 0xff, .fes = 1,
	  .fei = 0, .carried = 8 },
	{ "CapsuleCmd with HLEN below 8", BASE_CMD, .live = true, .at = 2, .nr = 1, .value = 7,
	  .fes = 1, .fei = 2, .carried = 8 },
	{ "CapsuleCmd with HLEN 73", BASE_CMD, .live = true, .at = 2, .nr = 1, .value = 73,
	  .fes = 1, .fei = 2, .carried = 8 },
	{ "CapsuleCmd with PLEN below HLEN", BASE_CMD, .live = true, .at = 4, .nr = 4, .value = 71,
	  .fes = 1, .fei = 4, .carried = 72 },
	{ "CapsuleCmd with a PLEN beyond IOCCSZ", BASE_WRITE, .live = true, .at = 4, .nr = 4,
	  .value = 72 + MAX_ICD + 1, .fes = 1, .fei = 4, .carried = 72 },
	{ "CapsuleCmd with PLEN FFFFFFFFh", BASE_WRITE, .live = true, .at = 4, .nr = 4,
	  .value = 0xffffffff, .fes = 1, .fei = 4, .carried = 72 },
	{ "CapsuleCmd with PDO within the header", BASE_WRITE, .live = true, .at = 3, .nr = 1,
	  .value = 68, .fes = 1, .fei = 3, .carried = 72 },
	{ "CapsuleCmd with PDO 0 and data", BASE_WRITE, .live = true, .at = 3, .nr = 1, .value = 0,
	  .fes = 1, .fei = 3, .carried = 72 },
	{ "CapsuleCmd with PDO off alignment", BASE_WRITE, .live = true, .at = 3, .nr = 1,
	  .value = 74, .fes = 1, .fei = 3, .carried = 72 },
	{ "CapsuleCmd with a header digest that wasn't agreed", BASE_CMD, .live = true, .at = 1,
	  .nr = 1, .value = 1, .fes = 1, .fei = 1, .carried = 72 },
	{ "CapsuleCmd with a data digest that wasn't agreed", BASE_WRITE, .live = true, .at = 1,
	  .nr = 1, .value = 2, .fes = 1, .fei = 1, .carried = 72 },
	{ "CapsuleCmd without the header digest that was agreed", BASE_CMD, .hdgst = true,
	  .live = true, .at = 1, .nr = 1, .value = 0, .redigest = true, .fes = 1, .fei = 1,
	  .carried = 72 },
	{ "CapsuleCmd without the data digest that was agreed", BASE_WRITE, .ddgst = true,
	  .live = true, .at = 1, .nr = 1, .value = 0, .fes = 1, .fei = 1, .carried = 72 },
	{ "H2CData with HLEN 25", BASE_H2C, .live = true, .at = 2, .nr = 1, .value = 25, .fes = 1,
	  .fei = 2, .carried = 8 },
	{ "H2CData for a TTAG that was never told", BASE_H2C, .live = true, .at = 10, .nr = 2,
	  .value = 3, .fes = 1, .fei = 10, .carried = 24 },
	{ "H2CData for TTAG FFFFh", BASE_H2C, .live = true, .at = 10, .nr = 2, .value = 0xffff,
	  .fes = 1, .fei = 10, .carried = 24 },
	{ "H2CData with another CCCID", BASE_H2C, .live = true, .at = 8, .nr = 2, .value = 0x4444,
	  .fes = 1, .fei = 8, .carried = 24 },
	{ "H2CData with DATAL 0", BASE_H2C, .live = true, .at = 16, .nr = 4, .value = 0, .fes = 1,
	  .fei = 16, .carried = 24 },
	{ "H2CData whose DATAL isn't what PLEN holds", BASE_H2C, .live = true, .at = 16, .nr = 4,
	  .value = 4092, .fes = 1, .fei = 16, .carried = 24 },
	{ "H2CData that skips data", BASE_H2C, .live = true, .at = 12, .nr = 4, .value = 4096,
	  .fes = 4, .carried = 24 },
	{ "H2CData past any data", BASE_H2C, .live = true, .at = 12, .nr = 4, .value = 0xfffff000,
	  .fes = 4, .carried = 24 },
	{ "H2CData with LAST before the end", BASE_H2C, .live = true, .at = 1, .nr = 1, .value = 4,
	  .fes = 1, .fei = 1, .carried = 24 },
	{ "H2CData with PDO in the header", BASE_H2C, .live = true, .at = 3, .nr = 1, .value = 20,
	  .fes = 1, .fei = 3, .carried = 24 },
	{ "H2CTermReq with HLEN 23", BASE_TERM, .live = true, .at = 2, .nr = 1, .value = 23,
	  .fes = 1, .fei = 2, .carried = 8 },
	{ "H2CTermReq with PLEN 153", BASE_TERM, .live = true, .at = 4, .nr = 4, .value = 153,
	  .fes = 1, .fei = 4, .carried = 24 },
};

static size_t base_pdu(uint8_t *dst, const struct header_row *row, uint16_t ttag,
		       const uint8_t *data)
{
	struct cmd_args cmd = { .opcode = NVME_IO_READ,
				.cid = 5,
				.len = 512,
				.hdgst = row->hdgst,
				.ddgst = row->ddgst };
	struct h2c_args h2c = { .cid = 6,
				.ttag = ttag,
				.len = 4096,
				.hdgst = row->hdgst,
				.ddgst = row->ddgst,
				.data = data };

	switch (row->base) {
	case BASE_ICREQ:
		return pdu_icreq(dst, 0, 0);
	case BASE_WRITE:
		cmd.opcode = NVME_IO_WRITE;
		cmd.icd = data;
		return pdu_cmd(dst, &cmd);
	case BASE_CMD:
		return pdu_cmd(dst, &cmd);
	case BASE_H2C:
		return pdu_h2c(dst, &h2c);
	default:
		return fab_pdu_put_term(dst, NVME_TCP_H2C_TERM, FAB_FAULT(1, 4), data, 100);
	}
}

/* A write of 40000 bytes is waiting for its data. */
static uint16_t begin_write(struct fixture *f, const struct header_row *row)
{
	struct cmd_args a = {
		.opcode = NVME_IO_WRITE, .cid = 6, .len = 40000, .hdgst = row->hdgst
	};
	uint8_t buf[128];
	size_t pos = 0;
	uint16_t ttag;

	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	fx_drain(f, SIZE_MAX);
	ttag = le16toh(((const struct nvme_tcp_r2t *)fx_next(f, &pos))->ttag);
	f->out_len = 0;
	return ttag;
}

static void run_header_row(const struct header_row *row, size_t step)
{
	uint8_t dgst = (row->hdgst ? NVME_TCP_DGST_HDGST : 0) |
		       (row->ddgst ? NVME_TCP_DGST_DDGST : 0);
	struct fixture *f = row->live ? fx_live(0, dgst, IOQ(127)) : fx_new();
	uint8_t *data = calloc(1, 40000), *buf = malloc(48000), le[4];
	uint16_t ttag = row->live ? begin_write(f, row) : 0;
	size_t len = base_pdu(buf, row, ttag, data), hlen = buf[2];
	uint32_t value = htole32(row->value);

	memcpy(le, &value, sizeof(le));
	memcpy(buf + row->at, le, row->nr);
	if (row->redigest)
		fab_digest_put(buf + hlen, buf, hlen);
	for (size_t pos = 0; pos < len && fab_conn_state(f->conn) < FAB_CONN_TERMINATING;
	     pos += step)
		fab_conn_push(f->conn, buf + pos, cmn_min(step, len - pos));
	expect_term(f, FAB_FAULT(row->fes, row->fei), buf, row->carried);
	assert_int_equal(f->executed, 0);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_header_faults_end_in_the_fes_and_fei_of_the_specification(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(header_rows); i++) {
		print_message("           %s\n", header_rows[i].name);
		run_header_row(&header_rows[i], SIZE_MAX / 2);
		run_header_row(&header_rows[i], 1);
		run_header_row(&header_rows[i], 5);
	}
}

/* ---- by name: the rows that the project began from ---- */

static void test_garbage_instead_of_icreq_is_a_pdu_sequence_error(void **state)
{
	static const uint8_t http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct fixture *f = fx_new();

	(void)state;
	fab_conn_push(f->conn, http, sizeof(http) - 1);
	expect_term(f, FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0), http, 8);
	fx_free(f);
}

static uint16_t rsp_status(struct fixture *f, size_t *pos, uint16_t cid)
{
	const struct nvme_tcp_rsp *rsp = (const struct nvme_tcp_rsp *)fx_next(f, pos);

	assert_int_equal(rsp->hdr.type, NVME_TCP_RSP);
	assert_int_equal(rsp->cqe.cid, cid);
	return le16toh(rsp->cqe.status);
}

static void test_a_command_before_connect_is_refused_and_the_connection_goes_on(void **state)
{
	struct cmd_args a = { .opcode = NVME_ADMIN_IDENTIFY, .cid = 3, .len = 4096 };
	struct fixture *f = fx_new();
	uint8_t buf[256];
	size_t pos = 128; /* behind the ICResp */

	(void)state;
	fab_conn_push(f->conn, buf, pdu_icreq(buf, 0, 0));
	for (int i = 0; i < 3; i++) {
		fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
		fx_drain(f, SIZE_MAX);
		assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 3)),
				 NVME_SC_CMD_SEQ_ERROR);
		assert_int_equal(fab_conn_state(f->conn), FAB_CONN_WAIT_CONNECT);
	}
	fx_free(f);
}

static void test_an_unsupported_opcode_is_invalid_opcode_and_the_connection_goes_on(void **state)
{
	for (uint16_t qid = 0; qid < 2; qid++) {
		struct fixture *f =
			fx_live(0, 0, (struct fab_queue_bind){ .qid = qid, .sqsize = 31 });
		struct cmd_args bad = { .opcode = 0x99, .cid = 1 },
				good = { .opcode = NVME_IO_FLUSH, .cid = 2 };
		uint8_t buf[256];
		size_t pos = 0, n = pdu_cmd(buf, &bad);
		uint16_t status;

		(void)state;
		n += pdu_cmd(buf + n, &good);
		fab_conn_push(f->conn, buf, n);
		fx_drain(f, SIZE_MAX);
		status = rsp_status(f, &pos, 1);
		assert_int_equal(NVME_CQE_STATUS_CODE(status), NVME_SC_INVALID_OPCODE);
		assert_true(status & NVME_CQE_DNR);
		assert_int_equal(rsp_status(f, &pos, 2), 0);
		assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
		fx_free(f);
	}
}

/* ---- digests ---- */

static void test_a_bad_header_digest_is_fatal_and_told_back(void **state)
{
	struct cmd_args a = { .opcode = NVME_IO_READ, .cid = 5, .len = 512, .hdgst = true };
	struct fixture *f = fx_live(0, NVME_TCP_DGST_HDGST, IOQ(31));
	uint8_t buf[128];
	size_t n = pdu_cmd(buf, &a);

	(void)state;
	buf[40] ^= 1;
	fab_conn_push(f->conn, buf, n);
	expect_term(f, FAB_FAULT(NVME_TCP_FES_HDGST, fab_digest_get(buf + 72)), buf, 72);
	assert_int_equal(f->executed, 0);
	fx_free(f);
}

static void test_a_bad_data_digest_in_a_capsule_fails_the_command_alone(void **state)
{
	(void)state;
	for (size_t step = 1; step < 8192; step = step == 1 ? 4096 : 8192) {
		uint8_t data[512], buf[2048];
		struct cmd_args a = { .opcode = NVME_IO_WRITE,
				      .cid = 5,
				      .len = 512,
				      .hdgst = true,
				      .ddgst = true,
				      .icd = data };
		struct fixture *f = fx_live(0, 3, IOQ(31));
		uint8_t before = f->disk[0];
		size_t n, pos = 0;
		uint16_t status;

		memset(data, (uint8_t)~before, sizeof(data));
		n = pdu_cmd(buf, &a);
		buf[76 + 100] ^= 0x10;
		a.cid = 6;
		a.off = 1024;
		n += pdu_cmd(buf + n, &a);
		for (size_t at = 0; at < n; at += step)
			fab_conn_push(f->conn, buf + at, cmn_min(step, n - at));
		fx_drain(f, SIZE_MAX);
		status = rsp_status(f, &pos, 5);
		assert_int_equal(NVME_CQE_STATUS_CODE(status), NVME_SC_TRANSIENT_TRANSPORT);
		assert_false(status & NVME_CQE_DNR);
		assert_int_equal(f->disk[0], before); /* not a byte of it */
		assert_int_equal(rsp_status(f, &pos, 6), 0);
		assert_int_equal(f->disk[1024], (uint8_t)~before);
		fx_free(f);
	}
}

static void test_a_bad_data_digest_in_h2cdata_fails_the_command_alone(void **state)
{
	const struct header_row row = { .ddgst = true };
	struct fixture *f = fx_live(0, NVME_TCP_DGST_DDGST, IOQ(31));
	uint8_t *data = malloc(40000), *buf = malloc(48000), before = f->disk[0];
	uint16_t ttag = begin_write(f, &row);
	size_t pos = 0;

	(void)state;
	memset(data, (uint8_t)~before, 40000);
	for (uint32_t off = 0; off < 40000; off += MAX_H2C) {
		struct h2c_args h = { .cid = 6,
				      .ttag = ttag,
				      .off = off,
				      .len = cmn_min(MAX_H2C, 40000 - off),
				      .ddgst = true,
				      .data = data };
		size_t n;

		h.last = off + h.len == 40000;
		n = pdu_h2c(buf, &h);
		if (off == 0) /* the first of three */
			buf[24] ^= 1;
		fab_conn_push(f->conn, buf, n);
	}
	fx_drain(f, SIZE_MAX);
	assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 6)), NVME_SC_TRANSIENT_TRANSPORT);
	assert_int_equal(f->executed, 0);
	assert_int_equal(f->disk[0], before);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	free(data);
	free(buf);
	fx_free(f);
}

/* ---- limits ---- */

static void test_h2cdata_beyond_maxh2cdata_is_a_limit_exceeded(void **state)
{
	const struct header_row row = { 0 };
	struct fixture *f = fx_live(0, 0, IOQ(31));
	uint8_t *data = calloc(1, 40000), *buf = malloc(48000);
	struct h2c_args h = {
		.cid = 6, .ttag = begin_write(f, &row), .len = MAX_H2C + 4, .data = data
	};

	(void)state;
	fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	expect_term(f, FAB_FAULT(NVME_TCP_FES_LIMIT, 0), buf, 24);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_h2cdata_beyond_the_r2t_is_out_of_range(void **state)
{
	struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = 6, .len = 4096 };
	struct fixture *f = fx_live(0, 0, IOQ(31));
	uint8_t *data = calloc(1, 40000), *buf = malloc(48000);
	struct h2c_args h = { .cid = 6, .len = 4100, .last = true, .data = data };
	size_t pos = 0;

	(void)state;
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	fx_drain(f, SIZE_MAX);
	h.ttag = le16toh(((const struct nvme_tcp_r2t *)fx_next(f, &pos))->ttag);
	f->out_len = 0;
	fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	expect_term(f, FAB_FAULT(NVME_TCP_FES_DATA_RANGE, 0), buf, 24);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_h2cdata_before_the_r2t_has_left_is_refused(void **state)
{
	struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = 6, .len = 4096 };
	struct fixture *f = fx_live(0, 0, IOQ(31));
	uint8_t *data = calloc(1, 4096), *buf = malloc(8192);
	struct h2c_args h = { .cid = 6, .len = 4096, .last = true, .data = data };

	(void)state;
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	for (h.ttag = 0; h.ttag < 32; h.ttag++) /* one of them would be the right one */
		if (fab_conn_state(f->conn) == FAB_CONN_LIVE)
			fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_TERMINATING);
	assert_int_equal(f->executed, 0);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_more_commands_than_the_queue_holds_is_fatal(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(3)); /* four entries */
	struct cmd_args a = { .opcode = OP_HOLD };
	uint8_t buf[128];

	(void)state;
	for (a.cid = 0; a.cid < 4; a.cid++)
		fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	expect_term(f, FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0), buf, 72);
	f->complete_on_cancel = true;
	fx_free(f);
}

static void test_in_capsule_data_up_to_8192_bytes_is_taken_on_the_admin_queue(void **state)
{
	uint8_t *data = calloc(1, 8196), *buf = malloc(9000);
	struct cmd_args a = { .opcode = NVME_IO_WRITE, .cid = 6, .len = 8192, .icd = data };
	struct fixture *f = fx_live(0, 0, (struct fab_queue_bind){ .qid = 0, .sqsize = 31 });
	size_t pos = 0;

	(void)state;
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 6), 0);
	f->out_len = 0;
	a.len = 8196;
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
	expect_term(f, FAB_FAULT(NVME_TCP_FES_INVALID_HDR, 4), buf, 72);
	free(data);
	free(buf);
	fx_free(f);
}

/* ---- data pointers ---- */

struct sgl_row {
	const char *name;
	uint8_t opcode, id;
	uint64_t addr;
	uint32_t sgl_len;
	bool icd; /* 512 bytes in the capsule */
	uint16_t status;
};

static const struct sgl_row sgl_rows[] = {
	{ "too short for a write", NVME_IO_WRITE, 0x5a, 0, 511, false,
	  NVME_SC_SGL_INVALID_DATA_LEN },
	{ "too short for a read", NVME_IO_READ, 0x5a, 0, 511, false, NVME_SC_SGL_INVALID_DATA_LEN },
	{ "longer than a read moves", NVME_IO_READ, 0x5a, 0, 4096, false, 0 },
	{ "in the capsule for a read", NVME_IO_READ, 0x01, 0, 512, false,
	  NVME_SC_SGL_INVALID_TYPE },
	{ "in a capsule without data", NVME_IO_WRITE, 0x01, 0, 512, false,
	  NVME_SC_SGL_INVALID_OFFSET },
	{ "in the capsule past its data", NVME_IO_WRITE, 0x01, 4, 512, true,
	  NVME_SC_SGL_INVALID_OFFSET },
	{ "in the capsule at a huge offset", NVME_IO_WRITE, 0x01, UINT64_MAX, 512, true,
	  NVME_SC_SGL_INVALID_OFFSET },
	{ "keyed, as RDMA has it", NVME_IO_WRITE, 0x40, 0, 512, false, NVME_SC_SGL_INVALID_TYPE },
	{ "a segment", NVME_IO_READ, 0x20, 0, 512, false, NVME_SC_SGL_INVALID_TYPE },
	{ "in the capsule, as it should be", NVME_IO_WRITE, 0x01, 0, 512, true, 0 },
};

static void test_bad_data_pointers_fail_the_command_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sgl_rows); i++) {
		const struct sgl_row *row = &sgl_rows[i];
		uint8_t data[512] = { 0 }, buf[1024];
		struct cmd_args a = {
			.opcode = row->opcode, .cid = 1, .len = 512, .icd = row->icd ? data : NULL
		};
		struct cmd_args flush = { .opcode = NVME_IO_FLUSH, .cid = 2 };
		struct fixture *f = fx_live(0, 0, IOQ(31));
		struct nvme_tcp_cmd *cmd = (struct nvme_tcp_cmd *)buf;
		size_t n = pdu_cmd(buf, &a), pos = 0;

		print_message("           %s\n", row->name);
		cmd->sqe.sgl.id = row->id;
		cmd->sqe.sgl.addr = htole64(row->addr);
		cmd->sqe.sgl.length = htole32(row->sgl_len);
		n += pdu_cmd(buf + n, &flush);
		fab_conn_push(f->conn, buf, n);
		fx_drain(f, SIZE_MAX);
		/* A read whose data pointer has more room is a short transfer: data, then a
		 * response of its own. */
		if (row->opcode == NVME_IO_READ && !row->status)
			assert_int_equal(fx_next(f, &pos)->flags, NVME_TCP_F_LAST);
		assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 1)), row->status);
		assert_int_equal(rsp_status(f, &pos, 2), 0);
		assert_int_equal(pos, f->out_len);
		fx_free(f);
	}
}

/* ---- the end of a connection ---- */

static void test_h2ctermreq_closes_without_a_word(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(31));
	uint8_t hdr[24] = { 0 }, buf[152];

	(void)state;
	fab_conn_push(f->conn, buf,
		      fab_pdu_put_term(buf, NVME_TCP_H2C_TERM, FAB_FAULT(5, 77), hdr, sizeof(hdr)));
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	assert_false(fab_conn_wants_send(f->conn));
	assert_true(fab_conn_end(f->conn).by_peer);
	assert_int_equal(fab_conn_end(f->conn).fes, 5);
	assert_int_equal(fab_conn_end(f->conn).fei, 77);
	fx_free(f);
}

static void test_a_termreq_that_cannot_be_sent_is_given_up(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(31));

	(void)state;
	fab_conn_terminate(f->conn, NVME_TCP_FES_UNSUPP_PARAM, 1);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_TERMINATING);
	assert_true(fab_conn_deadline(f->conn) < UINT64_MAX);
	f->env.now = fab_conn_deadline(f->conn) - 1;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_TERMINATING);
	f->env.now++;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	fx_free(f);
}

/* A TermReq may not cut a PDU in two: the half-sent one is finished first. */
static void test_a_termreq_waits_for_the_pdu_under_way(void **state)
{
	struct cmd_args a = { .opcode = NVME_IO_READ, .cid = 5, .len = 4096 };
	struct fixture *f = fx_live(0, 0, IOQ(31));
	struct iovec iov[8];
	uint8_t buf[256];
	size_t n, pos = 0;

	(void)state;
	n = pdu_cmd(buf, &a);
	n += pdu_cmd(buf + n, &a);
	fab_conn_push(f->conn, buf, n);
	assert_true(fab_conn_gather(f->conn, iov, 8, SIZE_MAX) > 0);
	assert_true(f->out_cap >= 100); /* from the ICResp */
	memcpy(f->out, iov[0].iov_base, 24);
	memcpy(f->out + 24, iov[1].iov_base, 76);
	f->out_len = 100;
	fab_conn_sent(f->conn, 100);
	fab_conn_push(f->conn, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(fx_next(f, &pos)->type, NVME_TCP_C2H_DATA);
	assert_memory_equal(f->out + 24, f->disk, 4096);
	assert_int_equal(fx_next(f, &pos)->type, NVME_TCP_C2H_TERM);
	assert_int_equal(pos, f->out_len);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	fx_free(f);
}

static void test_a_host_that_says_nothing_is_closed(void **state)
{
	struct fixture *f = fx_new();
	uint8_t buf[128];

	(void)state;
	assert_true(fab_conn_deadline(f->conn) < UINT64_MAX);
	f->env.now = fab_conn_deadline(f->conn);
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	fx_free(f);

	f = fx_new();
	fab_conn_push(f->conn, buf, pdu_icreq(buf, 0, 0));
	f->env.now = fab_conn_deadline(f->conn);
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	fx_free(f);
}

static void test_nothing_is_taken_after_the_end(void **state)
{
	struct cmd_args a = { .opcode = NVME_IO_READ, .cid = 5, .len = 4096 };
	struct fixture *f = fx_live(0, 0, IOQ(31));
	uint8_t buf[256] = { 0xff };
	void *dst;

	(void)state;
	fab_conn_push(f->conn, buf, 8 + pdu_cmd(buf + 8, &a));
	fab_conn_push(f->conn, buf + 8, 72);
	fab_conn_eof(f->conn);
	fab_conn_push(f->conn, buf + 8, 72);
	assert_int_equal(fab_conn_want(f->conn, &dst), 0);
	assert_int_equal(f->executed, 0);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	fx_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_faults_end_in_the_fes_and_fei_of_the_specification),
		cmocka_unit_test(test_garbage_instead_of_icreq_is_a_pdu_sequence_error),
		cmocka_unit_test(
			test_a_command_before_connect_is_refused_and_the_connection_goes_on),
		cmocka_unit_test(
			test_an_unsupported_opcode_is_invalid_opcode_and_the_connection_goes_on),
		cmocka_unit_test(test_a_bad_header_digest_is_fatal_and_told_back),
		cmocka_unit_test(test_a_bad_data_digest_in_a_capsule_fails_the_command_alone),
		cmocka_unit_test(test_a_bad_data_digest_in_h2cdata_fails_the_command_alone),
		cmocka_unit_test(test_h2cdata_beyond_maxh2cdata_is_a_limit_exceeded),
		cmocka_unit_test(test_h2cdata_beyond_the_r2t_is_out_of_range),
		cmocka_unit_test(test_h2cdata_before_the_r2t_has_left_is_refused),
		cmocka_unit_test(test_more_commands_than_the_queue_holds_is_fatal),
		cmocka_unit_test(test_in_capsule_data_up_to_8192_bytes_is_taken_on_the_admin_queue),
		cmocka_unit_test(test_bad_data_pointers_fail_the_command_alone),
		cmocka_unit_test(test_h2ctermreq_closes_without_a_word),
		cmocka_unit_test(test_a_termreq_that_cannot_be_sent_is_given_up),
		cmocka_unit_test(test_a_termreq_waits_for_the_pdu_under_way),
		cmocka_unit_test(test_a_host_that_says_nothing_is_closed),
		cmocka_unit_test(test_nothing_is_taken_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
