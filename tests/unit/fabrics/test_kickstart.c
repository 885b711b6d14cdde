/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_kickstart.c - KDReq and KDResp by their bytes, and the connection that carries them. */
#include "tests/unit/fabrics/conn_fixture.h"

#include "fabrics/kickstart.h"
#include "fabrics/site.h"
#include "fabrics/spec/nvmf.h"

#define NQN "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555"
#define RECORD 290u

/* ---- the codec ---- */

static uint32_t put_record(uint8_t *dst, uint8_t trtype, uint8_t adrfam, const char *trsvcid,
			   const char *traddr)
{
	memset(dst, 0, RECORD);
	dst[0] = trtype;
	dst[1] = adrfam;
	strcpy((char *)dst + 2, trsvcid);
	strcpy((char *)dst + 34, traddr);
	return RECORD;
}

static struct nvme_tcp_kdreq kdreq(uint16_t numkr, uint16_t numdie)
{
	struct nvme_tcp_kdreq req = { .numkr = htole16(numkr), .numdie = htole16(numdie) };

	return req;
}

static void test_the_first_record_that_will_do_is_taken(void **state)
{
	struct nvme_tcp_kdreq req = kdreq(3, 7);
	uint8_t data[3 * RECORD];
	struct fab_kickstart ks;

	(void)state;
	put_record(data, 1, 1, "4420", "192.0.2.1"); /* RDMA */
	put_record(data + RECORD, 3, 2, "8009  ", "2001:db8:0::1");
	put_record(data + 2 * RECORD, 3, 1, "8010", "192.0.2.3");
	assert_int_equal(fab_kickstart_decode(&req, data, sizeof(data), &ks), 0);
	assert_string_equal(ks.traddr, "2001:db8::1");
	assert_int_equal(ks.port, 8009);
	assert_int_equal(ks.numdie, 7);
}

static void test_each_fault_has_its_reason(void **state)
{
	static const struct {
		uint8_t trtype, adrfam;
		const char *trsvcid, *traddr;
		uint8_t why;
	} rows[] = {
		{ 1, 1, "8009", "192.0.2.1", 0x04 },	 { 3, 3, "8009", "192.0.2.1", 0x08 },
		{ 3, 0, "8009", "192.0.2.1", 0x08 },	 { 3, 2, "8009", "192.0.2.1", 0x10 },
		{ 3, 1, "8009", "2001:db8::1", 0x10 },	 { 3, 1, "8009", "", 0x10 },
		{ 3, 1, "", "192.0.2.1", 0x20 },	 { 3, 1, "0", "192.0.2.1", 0x20 },
		{ 3, 1, "65536", "192.0.2.1", 0x20 },	 { 3, 1, "80o9", "192.0.2.1", 0x20 },
		{ 3, 1, "99999999", "192.0.2.1", 0x20 },
	};
	uint8_t data[RECORD];
	struct fab_kickstart ks;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nvme_tcp_kdreq req = kdreq(1, 0);

		put_record(data, rows[i].trtype, rows[i].adrfam, rows[i].trsvcid, rows[i].traddr);
		assert_int_equal(fab_kickstart_decode(&req, data, RECORD, &ks), rows[i].why);
	}
}

static void test_no_record_is_no_information(void **state)
{
	struct nvme_tcp_kdreq none = kdreq(0, 3), cut = kdreq(2, 3);
	uint8_t data[2 * RECORD] = { 0 };
	struct fab_kickstart ks;

	(void)state;
	assert_int_equal(fab_kickstart_decode(&none, data, 0, &ks), 0x02);
	assert_int_equal(fab_kickstart_decode(&cut, data, 2 * RECORD - 1, &ks), 0x02);
}

static void test_a_record_without_a_nul_is_read_no_further(void **state)
{
	struct nvme_tcp_kdreq req = kdreq(1, 0);
	uint8_t data[RECORD];
	struct fab_kickstart ks;

	(void)state;
	memset(data, '1', sizeof(data));
	data[0] = 3;
	data[1] = 1;
	assert_int_equal(fab_kickstart_decode(&req, data, RECORD, &ks), 0x10);
}

static void test_the_response_by_its_bytes(void **state)
{
	static const uint8_t head[] = { 0x0b, 0, 10, 10, 0x12, 0x01, 0, 0 };
	struct nvme_tcp_kdresp resp;
	const uint8_t *b = (const uint8_t *)&resp;

	(void)state;
	fab_kickstart_put_resp(&resp, 0, NQN);
	assert_memory_equal(b, head, sizeof(head));
	assert_int_equal(b[8], 0);
	assert_int_equal(b[9], 0);
	assert_string_equal((const char *)b + 10, NQN);
	fab_kickstart_put_resp(&resp, 0x40, NQN);
	assert_int_equal(b[8], 1);
	assert_int_equal(b[9], 0x40);
	assert_string_equal((const char *)b + 10, NQN);
}

/* ---- the connection ---- */

static struct fab_kickstart asked;
static unsigned int nr_asked, nr_unusable;
static uint8_t answer;

static uint8_t kickstart(struct fab_site *site, struct fab_conn *conn,
			 const struct fab_kickstart *in, const char **ret_nqn)
{
	(void)site;
	(void)conn;
	*ret_nqn = NQN;
	nr_asked++;
	if (in)
		asked = *in;
	else
		nr_unusable++;
	return answer;
}

static const struct fab_site_ops cdc_ops = { .kickstart = kickstart }, other_ops = { 0 };

/* A connection to a site that has these ops; its ICReq carries the flag or not, and asks for both digests. */
static struct fixture *connected(const struct fab_site_ops *ops, uint8_t flags)
{
	static struct fab_site site;
	struct fixture *f = fx_new();
	struct fab_conn_params params = {
		.env = &f->env, .site = &site, .max_h2c_data = MAX_H2C, .max_icd = MAX_ICD
	};
	uint8_t buf[128];
	size_t len = pdu_icreq(buf, 0, 3);

	site.ops = ops;
	nr_asked = nr_unusable = 0;
	answer = 0;
	fab_conn_destroy(f->conn);
	f->conn = fab_conn_create(&params);
	buf[1] = flags;
	fab_conn_push(f->conn, buf, len);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(f->out_len, 128);
	assert_int_equal(f->out[11], flags && ops->kickstart ? 0 : 3);
	f->out_len = 0;
	return f;
}

static size_t put_kdreq(uint8_t *dst, uint16_t numkr, const char *traddr)
{
	struct nvme_tcp_kdreq req = kdreq(numkr, 1);
	size_t len = sizeof(req);

	for (uint16_t i = 0; i < numkr; i++)
		len += put_record(dst + len, 3, 1, "8009", traddr);
	fab_pdu_put_hdr(&req.hdr, NVME_TCP_KDREQ, sizeof(req), 0, (uint32_t)len);
	req.hdr.pdo = numkr ? sizeof(req) : 0;
	memcpy(dst, &req, sizeof(req));
	return len;
}

static void expect_resp(struct fixture *f, uint8_t ksstat, uint8_t failrsn)
{
	fx_drain(f, 7);
	assert_int_equal(f->out_len, 274);
	assert_int_equal(f->out[0], NVME_TCP_KDRESP);
	assert_int_equal(f->out[8], ksstat);
	assert_int_equal(f->out[9], failrsn);
	assert_string_equal((const char *)f->out + 10, NQN);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
}

static void expect_fes(struct fixture *f, uint16_t fes, uint32_t fei)
{
	const struct nvme_tcp_term *term = (const struct nvme_tcp_term *)f->out;

	fx_drain(f, SIZE_MAX);
	term = (const struct nvme_tcp_term *)f->out;
	assert_true(f->out_len >= sizeof(*term));
	assert_int_equal(term->hdr.type, NVME_TCP_C2H_TERM);
	assert_int_equal(le16toh(term->fes), fes);
	assert_int_equal(le32toh(term->fei), fei);
	assert_int_equal(nr_asked, 0);
}

static void test_a_request_is_answered_and_ends_the_connection_wherever_it_is_cut(void **state)
{
	uint8_t buf[4096];
	size_t len = put_kdreq(buf, 2, "192.0.2.7");

	(void)state;
	for (size_t cut = 0; cut < len; cut += 13) {
		struct fixture *f = connected(&cdc_ops, NVME_TCP_F_KDCONN);

		fab_conn_push(f->conn, buf, cut);
		assert_int_equal(nr_asked, 0);
		fab_conn_push(f->conn, buf + cut, len - cut);
		assert_int_equal(nr_asked, 1);
		assert_string_equal(asked.traddr, "192.0.2.7");
		expect_resp(f, 0, 0);
		fx_free(f);
	}
}

/* A sanitizer would find what is left. */
static void test_a_request_that_stops_anywhere_leaves_nothing(void **state)
{
	uint8_t buf[4096];
	size_t len = put_kdreq(buf, 2, "192.0.2.7");

	(void)state;
	for (size_t cut = 0; cut < len; cut += 13) {
		struct fixture *f = connected(&cdc_ops, NVME_TCP_F_KDCONN);

		fab_conn_push(f->conn, buf, cut);
		fx_free(f);
		assert_int_equal(nr_asked, 0);
	}
}

static void test_refusals_are_told(void **state)
{
	struct fixture *f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	uint8_t buf[4096];

	(void)state;
	answer = NVME_TCP_KS_NO_RESOURCES;
	fab_conn_push(f->conn, buf, put_kdreq(buf, 1, "192.0.2.7"));
	expect_resp(f, 1, 0x40);
	fx_free(f);
	f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	fab_conn_push(f->conn, buf, put_kdreq(buf, 0, ""));
	assert_int_equal(nr_unusable, 1);
	expect_resp(f, 1, 0x02);
	fx_free(f);
	f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	fab_conn_push(f->conn, buf, put_kdreq(buf, 1, "192.0.2"));
	expect_resp(f, 1, 0x10);
	fx_free(f);
}

static void test_lengths_are_hostile(void **state)
{
	struct fixture *f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	uint8_t buf[8192];
	size_t len = put_kdreq(buf, 2, "192.0.2.7");

	(void)state;
	buf[8] = 3; /* NUMKR: more than there are */
	fab_conn_push(f->conn, buf, len);
	expect_fes(f, NVME_TCP_FES_INVALID_HDR, 4);
	fx_free(f);
	f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	len = put_kdreq(buf, 17, "192.0.2.7");
	fab_conn_push(f->conn, buf, len);
	expect_fes(f, NVME_TCP_FES_INVALID_HDR, 8);
	fx_free(f);
	f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	len = put_kdreq(buf, 1, "192.0.2.7");
	buf[3] = 8; /* PDO within the header */
	fab_conn_push(f->conn, buf, len);
	expect_fes(f, NVME_TCP_FES_INVALID_HDR, 3);
	fx_free(f);
	f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	buf[3] = 12;
	buf[2] = 16; /* HLEN */
	fab_conn_push(f->conn, buf, len);
	expect_fes(f, NVME_TCP_FES_INVALID_HDR, 2);
	fx_free(f);
}

static void test_it_belongs_to_its_own_kind_of_connection(void **state)
{
	struct fixture *f = connected(&cdc_ops, 0);
	struct cmd_args cmd = { .opcode = NVME_IO_FLUSH };
	uint8_t buf[4096];
	size_t len = put_kdreq(buf, 1, "192.0.2.7");

	(void)state;
	fab_conn_push(f->conn, buf, len);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(f->out[0], NVME_TCP_C2H_TERM);
	assert_int_equal(nr_asked, 0);
	fx_free(f);
	f = connected(&other_ops, NVME_TCP_F_KDCONN);
	fab_conn_push(f->conn, buf, len);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(f->out[0], NVME_TCP_C2H_TERM);
	assert_int_equal(nr_asked, 0);
	fx_free(f);
	f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &cmd));
	expect_fes(f, NVME_TCP_FES_PDU_SEQ, 0);
	fx_free(f);
}

static void test_once_only(void **state)
{
	struct fixture *f = connected(&cdc_ops, NVME_TCP_F_KDCONN);
	uint8_t buf[4096];
	size_t len = put_kdreq(buf, 1, "192.0.2.7");

	(void)state;
	put_kdreq(buf + len, 1, "192.0.2.8");
	fab_conn_push(f->conn, buf, 2 * len);
	assert_int_equal(nr_asked, 1);
	fx_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_record_that_will_do_is_taken),
		cmocka_unit_test(test_each_fault_has_its_reason),
		cmocka_unit_test(test_no_record_is_no_information),
		cmocka_unit_test(test_a_record_without_a_nul_is_read_no_further),
		cmocka_unit_test(test_the_response_by_its_bytes),
		cmocka_unit_test(
			test_a_request_is_answered_and_ends_the_connection_wherever_it_is_cut),
		cmocka_unit_test(test_a_request_that_stops_anywhere_leaves_nothing),
		cmocka_unit_test(test_refusals_are_told),
		cmocka_unit_test(test_lengths_are_hostile),
		cmocka_unit_test(test_it_belongs_to_its_own_kind_of_connection),
		cmocka_unit_test(test_once_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
