/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/host/test_queue.c - both ends joined in memory, in pieces of every size; and
 * all that a host must not believe. */
#include <errno.h>

#include "fabrics/host/queue.h"
#include "tests/unit/fabrics/conn_fixture.h"

#define NR_REQS 12
#define MAX_LEN 40000u

struct join {
	struct fixture *f;
	struct fab_host_queue *q;
	struct fab_host_req req[NR_REQS];
	uint8_t *data[NR_REQS];
	unsigned int done;
	/* How the bytes are cut: at most so many at once; random sizes; once at this offset of the
	 * stream. */
	size_t chunk;
	uint32_t seed;
	size_t cut, passed;
};

static void on_done(struct fab_host_req *req)
{
	((struct join *)req->user)->done++;
}

/* ---- moving bytes ---- */

static size_t next_chunk(struct join *j)
{
	if (j->seed) {
		j->seed = j->seed * 1664525u + 1013904223u;
		return 1 + (j->seed >> 16) % (j->seed & 0x80000000u ? 50 : 6000);
	}
	if (j->cut && j->passed < j->cut)
		return j->cut - j->passed;
	return j->chunk;
}

/* A copy of exactly the size, so that a sanitizer sees one byte too many. */
static uint8_t *take(const struct iovec *iov, int n, size_t max, size_t *ret_len)
{
	uint8_t *buf;
	size_t total = 0, at = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	total = cmn_min(total, max);
	buf = malloc(total ? total : 1);
	for (int i = 0; i < n && at < total; i++) {
		size_t len = cmn_min(iov[i].iov_len, total - at);

		memcpy(buf + at, iov[i].iov_base, len);
		at += len;
	}
	*ret_len = total;
	return buf;
}

static bool to_ctrl(struct join *j)
{
	struct iovec iov[32];
	uint8_t *buf;
	size_t len, direct;
	void *dst;

	if (!fab_host_wants_send(j->q))
		return false;
	buf = take(iov, fab_host_gather(j->q, iov, 32, 1 << 20), next_chunk(j), &len);
	fab_host_sent(j->q, len);
	j->passed += len;
	direct = cmn_min(fab_conn_want(j->f->conn, &dst), len);
	if (direct) {
		memcpy(dst, buf, direct);
		fab_conn_took(j->f->conn, direct);
	}
	if (len > direct)
		fab_conn_push(j->f->conn, buf + direct, len - direct);
	free(buf);
	return true;
}

static bool to_host(struct join *j)
{
	struct iovec iov[32];
	uint8_t *buf;
	size_t len, direct;
	void *dst;

	if (!fab_conn_wants_send(j->f->conn))
		return false;
	buf = take(iov, fab_conn_gather(j->f->conn, iov, 32, 1 << 20), next_chunk(j), &len);
	fab_conn_sent(j->f->conn, len);
	j->passed += len;
	direct = cmn_min(fab_host_want(j->q, &dst), len);
	if (direct) {
		memcpy(dst, buf, direct);
		fab_host_took(j->q, direct);
	}
	if (len > direct)
		fab_host_push(j->q, buf + direct, len - direct);
	free(buf);
	return len > 0;
}

static void run(struct join *j)
{
	bool moved;

	do {
		moved = to_ctrl(j);
		moved |= to_host(j);
		if (fab_conn_paused(j->f->conn))
			fab_conn_resume(j->f->conn);
	} while (moved);
}

/* ---- life ---- */

static struct join *join_new(uint8_t dgst, uint8_t hpda)
{
	struct join *j = calloc(1, sizeof(*j));
	struct fab_host_params hp = { .depth = NR_REQS,
				      .hdgst = dgst & 1,
				      .ddgst = dgst & 2,
				      .hpda = hpda,
				      .max_icd = MAX_ICD,
				      .user = j };

	j->f = fx_new();
	j->q = fab_host_create(&hp);
	j->chunk = SIZE_MAX;
	for (int i = 0; i < NR_REQS; i++)
		j->data[i] = malloc(MAX_LEN);
	return j;
}

static void join_free(struct join *j)
{
	fab_host_destroy(j->q);
	fx_free(j->f);
	for (int i = 0; i < NR_REQS; i++)
		free(j->data[i]);
	free(j);
}

static void submit(struct join *j, int i, uint8_t opcode, uint32_t off, uint32_t len)
{
	struct fab_host_req *req = &j->req[i];

	memset(req, 0, sizeof(*req));
	req->cmd =
		(struct nvme_cmd){ .opcode = opcode, .cdw10 = htole32(off), .cdw12 = htole32(len) };
	req->data = j->data[i];
	req->len = len;
	req->dir = !len ? FAB_HOST_NONE : opcode & 1 ? FAB_HOST_OUT : FAB_HOST_IN;
	req->done = on_done;
	req->user = j;
	assert_int_equal(fab_host_submit(j->q, req), 0);
}

static void connect_both(struct join *j)
{
	struct fab_queue_bind bind = { .qid = 1, .sqsize = 127, .ops = &fx_ops };

	run(j);
	assert_int_equal(fab_host_state(j->q), FAB_HOST_READY);
	fab_conn_bind(j->f->conn, &bind);
}

/* Everything that moves data, at once: the second half reads what the first half wrote. */
static void scenario(struct join *j)
{
	static const uint32_t lens[] = { 512, 4096, MAX_ICD, MAX_ICD + 4, MAX_LEN };
	uint32_t off = 0;

	connect_both(j);
	for (int i = 0; i < 5; i++) {
		memset(j->data[i], 0x10 + i, lens[i]);
		submit(j, i, NVME_IO_WRITE, off, lens[i]);
		off += lens[i];
	}
	submit(j, 5, NVME_IO_FLUSH, 0, 0);
	run(j);
	assert_int_equal(j->done, 6);
	off = 0;
	for (int i = 0; i < 5; i++) {
		memset(j->data[i], 0, lens[i]);
		submit(j, i, i % 2 ? OP_LIVE : NVME_IO_READ, off, lens[i]);
		off += lens[i];
	}
	submit(j, 5, OP_SHORT, 0, 512);
	submit(j, 6, 0x99, 0, 0);
	run(j);
	assert_int_equal(j->done, 13);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(j->req[i].err, 0);
		assert_int_equal(j->req[i].cqe.status, 0);
		assert_int_equal(j->req[i].moved, lens[i]);
		for (uint32_t b = 0; b < lens[i]; b++)
			if (j->data[i][b] != 0x10 + i)
				fail_msg("request %d, byte %u", i, b);
	}
	assert_int_equal(j->req[5].moved, 256);
	assert_int_equal(NVME_CQE_STATUS_CODE(le16toh(j->req[6].cqe.status)),
			 NVME_SC_INVALID_OPCODE);
	assert_int_equal(fab_host_inflight(j->q), 0);
	assert_int_equal(fab_conn_inflight(j->f->conn), 0);
}

/* ---- both ends ---- */

static void test_both_ends_agree_with_every_digest_and_alignment(void **state)
{
	static const uint8_t hpdas[] = { 0, 1, 7, 31 };

	(void)state;
	for (uint8_t dgst = 0; dgst < 4; dgst++) {
		for (size_t i = 0; i < ARRAY_SIZE(hpdas); i++) {
			struct join *j = join_new(dgst, hpdas[i]);

			scenario(j);
			join_free(j);
		}
	}
}

static void test_both_ends_agree_byte_by_byte(void **state)
{
	(void)state;
	for (uint8_t dgst = 0; dgst < 4; dgst++) {
		struct join *j = join_new(dgst, 1);

		j->chunk = 1;
		scenario(j);
		join_free(j);
	}
}

static void test_both_ends_agree_in_pieces_of_every_small_size(void **state)
{
	(void)state;
	for (size_t chunk = 2; chunk < 200; chunk++) {
		struct join *j = join_new((uint8_t)(chunk % 4), 0);

		j->chunk = chunk;
		scenario(j);
		join_free(j);
	}
}

static void test_both_ends_agree_in_random_pieces(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 300; seed++) {
		struct join *j = join_new((uint8_t)(seed % 4), (uint8_t)(seed % 32));

		j->seed = seed * 2654435761u;
		scenario(j);
		join_free(j);
	}
}

static void small_scenario(struct join *j)
{
	connect_both(j);
	memset(j->data[0], 0x42, 512);
	submit(j, 0, NVME_IO_WRITE, 0, 512);
	submit(j, 1, NVME_IO_FLUSH, 0, 0);
	run(j);
	submit(j, 2, OP_LIVE, 0, 512);
	submit(j, 3, NVME_IO_READ, 0, 512);
	run(j);
	assert_int_equal(j->done, 4);
	for (int i = 2; i < 4; i++) {
		assert_int_equal(j->req[i].cqe.status, 0);
		assert_memory_equal(j->data[i], j->data[0], 512);
	}
}

static void test_both_ends_agree_when_cut_at_every_offset(void **state)
{
	(void)state;
	for (uint8_t dgst = 0; dgst < 4; dgst++) {
		for (uint32_t icd = 0; icd <= MAX_ICD;
		     icd += MAX_ICD) { /* by R2T, and in the capsule */
			size_t total = 1;

			for (size_t cut = 0; cut < total; cut++) {
				struct join *j = join_new(dgst, 0);

				fab_host_set_max_icd(j->q, icd);
				j->cut = cut;
				small_scenario(j);
				total = j->passed;
				join_free(j);
			}
			assert_true(total > 2000);
		}
	}
}

static void test_both_ends_agree_while_buffers_are_scarce(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 50; seed++) {
		struct join *j = join_new((uint8_t)(seed % 4), 0);
		unsigned int rounds = 0;

		connect_both(j);
		j->seed = seed;
		j->f->buf_limit = 1;
		for (int i = 0; i < NR_REQS; i++)
			submit(j, i, i % 2 ? NVME_IO_READ : NVME_IO_WRITE, 0, i % 4 ? 9000 : 512);
		while (j->done < NR_REQS && rounds++ < 1000) {
			run(j);
			fab_conn_resume(j->f->conn);
		}
		assert_int_equal(j->done, NR_REQS);
		join_free(j);
	}
}

static void test_commands_given_before_icresp_wait_for_it(void **state)
{
	struct join *j = join_new(3, 0);
	struct fab_queue_bind bind = { .qid = 1, .sqsize = 127, .ops = &fx_ops };

	(void)state;
	submit(j, 0, NVME_IO_READ, 0, 512);
	to_ctrl(j);
	assert_int_equal(j->passed, 128);
	assert_false(fab_host_wants_send(j->q));
	fab_conn_bind(j->f->conn, &bind);
	run(j);
	assert_int_equal(j->done, 1);
	assert_memory_equal(j->data[0], j->f->disk, 512);
	join_free(j);
}

static void test_depth_is_kept(void **state)
{
	struct join *j = join_new(0, 0);
	struct fab_host_req extra = { .done = on_done, .user = j };

	(void)state;
	connect_both(j);
	for (int i = 0; i < NR_REQS; i++)
		submit(j, i, NVME_IO_FLUSH, 0, 0);
	assert_int_equal(fab_host_submit(j->q, &extra), -EAGAIN);
	run(j);
	assert_int_equal(fab_host_submit(j->q, &extra), 0);
	run(j);
	assert_int_equal(j->done, NR_REQS + 1);
	join_free(j);
}

static void test_requests_end_when_the_connection_does(void **state)
{
	struct join *j = join_new(0, 0);

	(void)state;
	connect_both(j);
	j->f->complete_on_cancel = true;
	submit(j, 0, OP_HOLD, 0, 0);
	submit(j, 1, NVME_IO_WRITE, 0, 9000);
	to_ctrl(j);
	fab_host_eof(j->q);
	assert_int_equal(j->done, 2);
	assert_int_equal(j->req[0].err, -ECONNRESET);
	assert_int_equal(j->req[1].err, -ECONNRESET);
	assert_int_equal(fab_host_submit(j->q, &j->req[0]), -ECONNRESET);
	join_free(j);
}

/* ---- what a host must not believe ---- */

enum what { W_ICRESP, W_RSP, W_C2H, W_R2T };

/* A controller's answer to the read (slot 0, 512 bytes) or the write (slot 1, 9000 bytes by R2T),
 * with one thing wrong. */
struct bad_row {
	const char *name;
	enum what what;
	size_t at, nr;
	uint32_t value;
	uint16_t fes;
	uint32_t fei;
};

static const struct bad_row bad_rows[] = {
	{ "ICResp with another PFV", W_ICRESP, 8, 2, 1, 6, 8 },
	{ "ICResp with CPDA 32", W_ICRESP, 10, 1, 32, 1, 10 },
	{ "ICResp with a digest that nobody asked for", W_ICRESP, 11, 1, 1, 1, 11 },
	{ "ICResp with MAXH2CDATA 0", W_ICRESP, 12, 4, 0, 1, 12 },
	{ "ICResp with MAXH2CDATA 4095", W_ICRESP, 12, 4, 4095, 1, 12 },
	{ "ICResp with an odd MAXH2CDATA", W_ICRESP, 12, 4, 4098, 1, 12 },
	{ "ICResp with PLEN 127", W_ICRESP, 4, 4, 127, 1, 4 },
	{ "an answer instead of ICResp", W_ICRESP, 0, 1, 5, 2, 0 },
	{ "a PDU type that only hosts send", W_RSP, 0, 1, 4, 1, 0 },
	{ "a second ICResp", W_RSP, 0, 1, 1, 2, 0 },
	{ "CapsuleResp with HLEN 25", W_RSP, 2, 1, 25, 1, 2 },
	{ "CapsuleResp with PLEN 28", W_RSP, 4, 4, 28, 1, 4 },
	{ "CapsuleResp for no command", W_RSP, 20, 2, 9, 1, 20 },
	{ "CapsuleResp for an earlier command of that slot", W_RSP, 20, 2, 0xf000, 1, 20 },
	{ "C2HData for no command", W_C2H, 8, 2, 9, 1, 8 },
	{ "C2HData for a write", W_C2H, 8, 2, 0x1001, 1, 8 },
	{ "C2HData past the buffer", W_C2H, 12, 4, 512, 4, 0 },
	{ "C2HData at a huge offset", W_C2H, 12, 4, 0xffffff00, 4, 0 },
	{ "C2HData whose DATAL isn't what PLEN holds", W_C2H, 16, 4, 508, 1, 16 },
	{ "C2HData with SUCCESS and without LAST", W_C2H, 1, 1, 8, 1, 1 },
	{ "C2HData with a digest that wasn't agreed", W_C2H, 1, 1, 14, 1, 1 },
	{ "C2HData with PDO in the header", W_C2H, 3, 1, 16, 1, 3 },
	{ "R2T for no command", W_R2T, 8, 2, 9, 1, 8 },
	{ "R2T for a read", W_R2T, 8, 2, 0, 1, 8 },
	{ "R2T for nothing", W_R2T, 16, 4, 0, 1, 16 },
	{ "R2T for more than there is", W_R2T, 16, 4, 9001, 4, 0 },
	{ "R2T past the end", W_R2T, 12, 4, 4, 4, 0 },
	{ "R2T with a length that overflows", W_R2T, 16, 4, 0xffffffff, 4, 0 },
};

static size_t good_pdu(uint8_t *dst, enum what what)
{
	struct nvme_tcp_icresp ic = { .maxh2cdata = htole32(8192) };
	struct nvme_tcp_data c2h = { .datal = htole32(512) };
	struct nvme_tcp_r2t r2t = { .cccid = htole16(0x1001), .r2tl = htole32(9000) };

	switch (what) {
	case W_ICRESP:
		fab_pdu_put_hdr(&ic.hdr, NVME_TCP_ICRESP, 128, 0, 128);
		memcpy(dst, &ic, sizeof(ic));
		return sizeof(ic);
	case W_RSP:
		return fab_pdu_put_rsp(dst, 0, 0, false);
	case W_C2H:
		fab_pdu_put_hdr(&c2h.hdr, NVME_TCP_C2H_DATA, 24,
				NVME_TCP_F_LAST | NVME_TCP_F_SUCCESS, 24 + 512);
		c2h.hdr.pdo = 24;
		memcpy(dst, &c2h, sizeof(c2h));
		memset(dst + 24, 0x3f, 512);
		return 24 + 512;
	default:
		fab_pdu_put_hdr(&r2t.hdr, NVME_TCP_R2T, 24, 0, 24);
		memcpy(dst, &r2t, sizeof(r2t));
		return sizeof(r2t);
	}
}

/* What the host has to say is thrown away. */
static void host_sends(struct join *j)
{
	struct iovec iov[32];
	size_t len;

	while (fab_host_wants_send(j->q)) {
		free(take(iov, fab_host_gather(j->q, iov, 32, 1 << 20), SIZE_MAX, &len));
		fab_host_sent(j->q, len);
	}
}

static struct join *host_alone(enum what what)
{
	struct join *j = join_new(0, 0);
	uint8_t buf[128];

	host_sends(j);
	if (what == W_ICRESP)
		return j;
	fab_host_push(j->q, buf, good_pdu(buf, W_ICRESP));
	submit(j, 0, NVME_IO_READ, 0, 512);
	submit(j, 1, NVME_IO_WRITE, 0, 9000);
	host_sends(j);
	return j;
}

static void expect_h2cterm(struct join *j, uint16_t fes, uint32_t fei)
{
	const struct nvme_tcp_term *term;
	struct iovec iov[4];
	uint32_t told;

	assert_int_equal(fab_host_state(j->q), FAB_HOST_TERMINATING);
	assert_int_equal(fab_host_gather(j->q, iov, 4, SIZE_MAX), 1);
	term = iov[0].iov_base;
	assert_int_equal(term->hdr.type, NVME_TCP_H2C_TERM);
	assert_int_equal(le32toh(term->hdr.plen), iov[0].iov_len);
	assert_int_equal(le16toh(term->fes), fes);
	assert_int_equal(le32toh(term->fei), fei);
	assert_true(iov[0].iov_len > 24 && iov[0].iov_len <= 152);
	fab_host_sent(j->q, iov[0].iov_len);
	assert_int_equal(fab_host_state(j->q), FAB_HOST_CLOSED);
	assert_int_equal(fab_host_fes(j->q, &told), fes);
	assert_int_equal(told, fei);
}

static void test_a_host_ends_the_connection_of_a_controller_that_breaks_the_protocol(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_rows); i++) {
		for (size_t step = 1; step <= 1000; step += 999) {
			const struct bad_row *row = &bad_rows[i];
			struct join *j = host_alone(row->what);
			uint8_t buf[1024];
			size_t len = good_pdu(buf, row->what);
			uint32_t value = htole32(row->value);

			if (step == 1)
				print_message("           %s\n", row->name);
			memcpy(buf + row->at, &value, row->nr);
			for (size_t at = 0; at < len; at += step)
				fab_host_push(j->q, buf + at, cmn_min(step, len - at));
			expect_h2cterm(j, row->fes, row->fei);
			assert_int_equal(j->done, row->what == W_ICRESP ? 0 : 2);
			if (row->what != W_ICRESP)
				assert_int_equal(j->req[0].err, -ECONNRESET);
			join_free(j);
		}
	}
}

static void test_the_same_answers_are_believed_when_they_are_right(void **state)
{
	struct join *j = host_alone(W_C2H);
	uint8_t buf[1024];

	(void)state;
	fab_host_push(j->q, buf, good_pdu(buf, W_C2H));
	assert_int_equal(j->done, 1);
	assert_int_equal(j->req[0].moved, 512);
	assert_int_equal(j->data[0][511], 0x3f);
	fab_host_push(j->q, buf, good_pdu(buf, W_R2T));
	assert_true(fab_host_wants_send(j->q));
	host_sends(j);
	assert_int_equal(fab_host_state(j->q), FAB_HOST_READY);
	join_free(j);
}

static void test_success_on_a_short_transfer_is_not_believed(void **state)
{
	struct join *j = host_alone(W_C2H);
	struct nvme_tcp_data *pdu;
	uint8_t buf[1024];

	(void)state;
	good_pdu(buf, W_C2H);
	pdu = (struct nvme_tcp_data *)buf;
	pdu->hdr.plen = htole32(24 + 256);
	pdu->datal = htole32(256);
	fab_host_push(j->q, buf, 24 + 256);
	expect_h2cterm(j, NVME_TCP_FES_INVALID_HDR, 1);
	join_free(j);
}

static void test_a_second_r2t_while_one_is_served_is_a_limit_exceeded(void **state)
{
	struct join *j = host_alone(W_R2T);
	uint8_t buf[1024];

	(void)state;
	fab_host_push(j->q, buf, good_pdu(buf, W_R2T));
	fab_host_push(j->q, buf, good_pdu(buf, W_R2T));
	expect_h2cterm(j, NVME_TCP_FES_LIMIT, 0);
	join_free(j);
}

static void test_an_r2t_for_data_that_was_sent_is_out_of_range(void **state)
{
	struct join *j = host_alone(W_R2T);
	uint8_t buf[1024];

	(void)state;
	fab_host_push(j->q, buf, good_pdu(buf, W_R2T));
	host_sends(j);
	fab_host_push(j->q, buf, good_pdu(buf, W_R2T));
	expect_h2cterm(j, NVME_TCP_FES_DATA_RANGE, 0);
	join_free(j);
}

/* The buffer is the caller's again once done() has run: a PDU that is half sent is finished before.
 */
static void test_an_answer_amid_h2cdata_ends_the_command_after_the_pdu(void **state)
{
	struct join *j = host_alone(W_R2T);
	struct iovec iov[4];
	uint8_t buf[1024];

	(void)state;
	fab_host_push(j->q, buf, good_pdu(buf, W_R2T));
	assert_int_equal(fab_host_gather(j->q, iov, 4, SIZE_MAX), 2);
	fab_host_sent(j->q, 100);
	fab_host_push(j->q, buf,
		      fab_pdu_put_rsp(buf, 0, fab_cqe_tail(0, htole16(0x1001), 0x4004), false));
	assert_int_equal(j->done, 0);
	assert_int_equal(fab_host_gather(j->q, iov, 4, SIZE_MAX), 1);
	assert_int_equal(iov[0].iov_len, 24 + 8192 - 100); /* MAXH2CDATA, no more PDUs behind it */
	fab_host_sent(j->q, iov[0].iov_len);
	assert_int_equal(j->done, 1);
	assert_false(fab_host_wants_send(j->q));
	assert_int_equal(le16toh(j->req[1].cqe.status), 0x4004);
	join_free(j);
}

static void test_a_bad_data_digest_fails_the_read_alone(void **state)
{
	struct join *j = join_new(2, 0);
	struct iovec iov[8];
	uint8_t *buf;
	size_t len;

	(void)state;
	connect_both(j);
	submit(j, 0, NVME_IO_READ, 0, 512);
	submit(j, 1, NVME_IO_READ, 0, 512);
	while (to_ctrl(j))
		;
	buf = take(iov, fab_conn_gather(j->f->conn, iov, 8, SIZE_MAX), SIZE_MAX, &len);
	fab_conn_sent(j->f->conn, len);
	buf[24 + 5] ^= 1;
	fab_host_push(j->q, buf, len);
	free(buf);
	assert_int_equal(j->done, 2);
	assert_int_equal(NVME_CQE_STATUS_CODE(le16toh(j->req[0].cqe.status)),
			 NVME_SC_TRANSIENT_TRANSPORT);
	assert_int_equal(j->req[1].cqe.status, 0);
	assert_int_equal(fab_host_state(j->q), FAB_HOST_READY);
	join_free(j);
}

static void test_a_read_without_a_place_is_counted_and_dropped(void **state)
{
	for (uint8_t digests = 0; digests < 4; digests++) {
		struct join *j = join_new(digests, digests % 2);

		connect_both(j);
		submit(j, 0, NVME_IO_READ, 0, 30000);
		j->req[0].data = NULL; /* looked at when the data comes */
		submit(j, 1, NVME_IO_READ, 0, 512);
		j->chunk = 777;
		run(j);
		assert_int_equal(j->done, 2);
		assert_int_equal(j->req[0].moved, 30000);
		assert_int_equal(j->req[0].cqe.status, 0);
		assert_int_equal(j->req[1].moved, 512);
		assert_int_equal(fab_host_state(j->q), FAB_HOST_READY);
		join_free(j);
	}
	(void)state;
}

static void test_a_c2htermreq_ends_it_and_is_told(void **state)
{
	struct join *j = join_new(0, 0);
	uint32_t fei;

	(void)state;
	connect_both(j);
	submit(j, 0, NVME_IO_FLUSH, 0, 0);
	fab_conn_terminate(j->f->conn, NVME_TCP_FES_UNSUPP_PARAM, 8);
	run(j);
	assert_int_equal(j->req[0].err, -ECONNRESET);
	assert_int_equal(fab_host_fes(j->q, &fei), NVME_TCP_FES_UNSUPP_PARAM);
	assert_int_equal(fei, 8);
	assert_int_equal(fab_conn_state(j->f->conn), FAB_CONN_CLOSED);
	join_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ends_agree_with_every_digest_and_alignment),
		cmocka_unit_test(test_both_ends_agree_byte_by_byte),
		cmocka_unit_test(test_both_ends_agree_in_pieces_of_every_small_size),
		cmocka_unit_test(test_both_ends_agree_in_random_pieces),
		cmocka_unit_test(test_both_ends_agree_when_cut_at_every_offset),
		cmocka_unit_test(test_both_ends_agree_while_buffers_are_scarce),
		cmocka_unit_test(test_commands_given_before_icresp_wait_for_it),
		cmocka_unit_test(test_depth_is_kept),
		cmocka_unit_test(test_requests_end_when_the_connection_does),
		cmocka_unit_test(
			test_a_host_ends_the_connection_of_a_controller_that_breaks_the_protocol),
		cmocka_unit_test(test_the_same_answers_are_believed_when_they_are_right),
		cmocka_unit_test(test_success_on_a_short_transfer_is_not_believed),
		cmocka_unit_test(test_a_second_r2t_while_one_is_served_is_a_limit_exceeded),
		cmocka_unit_test(test_an_r2t_for_data_that_was_sent_is_out_of_range),
		cmocka_unit_test(test_an_answer_amid_h2cdata_ends_the_command_after_the_pdu),
		cmocka_unit_test(test_a_bad_data_digest_fails_the_read_alone),
		cmocka_unit_test(test_a_read_without_a_place_is_counted_and_dropped),
		cmocka_unit_test(test_a_c2htermreq_ends_it_and_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
