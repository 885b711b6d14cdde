/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_conn_end.c - commands and connections that end before their time: abort, drain,
 * orphans, completion after a fatal error. */
#include "tests/unit/fabrics/conn_fixture.h"

#define IOQ(sqsz) ((struct fab_queue_bind){ .qid = 1, .sqsize = (sqsz) })

static uint16_t rsp_status(struct fixture *f, size_t *pos, uint16_t cid)
{
	const struct nvme_tcp_rsp *rsp = (const struct nvme_tcp_rsp *)fx_next(f, pos);

	assert_int_equal(rsp->hdr.type, NVME_TCP_RSP);
	assert_int_equal(rsp->cqe.cid, cid);
	return le16toh(rsp->cqe.status);
}

static void push_cmd(struct fixture *f, uint8_t opcode, uint16_t cid, uint32_t len)
{
	struct cmd_args a = { .opcode = opcode, .cid = cid, .len = len };
	uint8_t buf[128];

	fab_conn_push(f->conn, buf, pdu_cmd(buf, &a));
}

/* ---- abort, drain, orphans ---- */

static void test_abort_of_a_request_that_waits_for_a_buffer_answers_it(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	f->buf_limit = 0;
	push_cmd(f, NVME_IO_WRITE, 7, 8192);
	assert_true(fab_conn_abort(f->conn, 7));
	assert_false(fab_conn_abort(f->conn, 7));
	assert_false(fab_conn_abort(f->conn, 8));
	fx_drain(f, SIZE_MAX);
	assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 7)), NVME_SC_ABORT_REQ);
	f->buf_limit = 1;
	fab_conn_resume(f->conn);
	assert_false(fab_conn_wants_send(f->conn));
	fx_free(f);
}

static void test_abort_of_a_write_under_way_answers_it_when_its_data_is_in(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t *data = malloc(8192), *buf = malloc(9000), before = f->disk[0];
	struct h2c_args h = { .cid = 7, .len = 8192, .last = true, .data = data };
	size_t pos = 0;

	(void)state;
	memset(data, (uint8_t)~before, 8192);
	push_cmd(f, NVME_IO_WRITE, 7, 8192);
	fx_drain(f, SIZE_MAX);
	h.ttag = le16toh(((const struct nvme_tcp_r2t *)fx_next(f, &pos))->ttag);
	assert_true(fab_conn_abort(f->conn, 7));
	assert_false(fab_conn_wants_send(f->conn));
	fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	fx_drain(f, SIZE_MAX);
	assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 7)), NVME_SC_ABORT_REQ);
	assert_int_equal(f->disk[0], before);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_abort_before_the_r2t_has_left_takes_it_back(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	push_cmd(f, NVME_IO_WRITE, 7, 8192);
	assert_true(fab_conn_abort(f->conn, 7));
	fx_drain(f, SIZE_MAX);
	assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 7)), NVME_SC_ABORT_REQ);
	assert_int_equal(pos, f->out_len);
	fx_free(f);
}

static void test_abort_of_an_executing_request_tells_its_executor(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	f->complete_on_cancel = true;
	push_cmd(f, OP_HOLD, 7, 0);
	assert_true(fab_conn_abort(f->conn, 7));
	assert_int_equal(f->cancelled, 1);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 7)), NVME_SC_ABORT_REQ);
	fx_free(f);
}

static void test_a_later_completion_kicks_the_owner(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));

	(void)state;
	f->kicks = 0;
	push_cmd(f, NVME_IO_FLUSH, 1, 0);
	push_cmd(f, OP_HOLD, 2, 0);
	assert_int_equal(f->kicks, 0); /* inside of push the owner knows */
	fab_req_complete(f->held[0], FAB_OK);
	assert_int_equal(f->kicks, 1);
	fx_free(f);
}

static void test_drain_answers_what_is_in_flight_and_takes_nothing_new(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	uint8_t *data = calloc(1, 8192), *buf = malloc(9000);
	struct h2c_args h = { .cid = 2, .len = 8192, .last = true, .data = data };
	struct cmd_args late = { .opcode = NVME_IO_WRITE, .cid = 3, .len = 512, .icd = data };
	size_t pos = 0;

	(void)state;
	push_cmd(f, OP_HOLD, 1, 0);
	push_cmd(f, NVME_IO_WRITE, 2, 8192);
	fx_drain(f, SIZE_MAX);
	h.ttag = le16toh(((const struct nvme_tcp_r2t *)fx_next(f, &pos))->ttag);
	fab_conn_drain(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_DRAINING);
	fab_conn_push(f->conn, buf, pdu_cmd(buf, &late));
	fab_conn_push(f->conn, buf, pdu_h2c(buf, &h));
	assert_int_equal(f->executed, 2);
	fab_req_complete(f->held[0], FAB_OK);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_DRAINING);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 2), 0);
	assert_int_equal(rsp_status(f, &pos, 1), 0);
	assert_int_equal(pos, f->out_len);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	free(data);
	free(buf);
	fx_free(f);
}

static void test_drain_of_an_admin_queue_ends_what_waits_for_ever(void **state)
{
	struct fixture *f = fx_live(0, 0, (struct fab_queue_bind){ .qid = 0, .sqsize = 31 });

	(void)state;
	f->complete_on_cancel = true;
	push_cmd(f, OP_HOLD, 1, 0); /* as an Asynchronous Event Request */
	fab_conn_drain(f->conn);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	fx_free(f);
}

static void test_drain_gives_up_in_time(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));

	(void)state;
	push_cmd(f, OP_HOLD, 1, 0);
	fab_conn_drain(f->conn);
	f->env.now = fab_conn_deadline(f->conn);
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	f->complete_on_cancel = true;
	fx_free(f);
}

static void test_orphans_outlive_their_connection_and_free_it(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	struct fab_conn *conn = f->conn;
	uint8_t *data = calloc(1, 512), buf[1024];
	struct cmd_args a = { .opcode = OP_HOLD_WRITE, .cid = 9, .len = 512, .icd = data };

	(void)state;
	push_cmd(f, OP_HOLD, 1, 0);
	push_cmd(f, OP_HOLD, 2, 0);
	push_cmd(f, NVME_IO_WRITE, 3, 8192); /* waits for its data */
	push_cmd(f, NVME_IO_READ, 4, 4096); /* waits to be sent */
	f->buf_limit = 0;
	push_cmd(f, NVME_IO_WRITE, 5, 8192); /* waits for a buffer */
	f->buf_limit = 1000;
	pdu_cmd(buf, &a);
	fab_conn_push(f->conn, buf, 300); /* is half here */
	f->kicks = 0;
	fab_conn_destroy(f->conn);
	f->conn = NULL;
	assert_int_equal(f->cancelled, 2);
	assert_int_equal(f->released, 4);
	assert_int_equal(f->bufs_out, 0);
	assert_null(fab_conn_user(conn));
	fab_req_complete(f->held[0], FAB_OK);
	fab_req_complete(f->held[1], FAB_ERR(NVME_SC_INTERNAL));
	assert_int_equal(f->released, 6);
	assert_int_equal(f->kicks, 0);
	assert_int_equal(f->env.nr_free_reqs, 6);
	free(data);
	fx_free(f);
}

static void test_an_orphan_that_would_wait_for_a_buffer_is_freed(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));

	(void)state;
	push_cmd(f, OP_HOLD, 1, 0);
	fab_conn_destroy(f->conn);
	f->conn = NULL;
	fab_req_wait_buf(f->held[0], 4096);
	assert_int_equal(f->released, 1);
	fx_free(f);
}

static void test_orphans_that_complete_while_cancelled_free_all_at_once(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));

	(void)state;
	f->complete_on_cancel = true;
	for (uint16_t i = 0; i < 128; i++) /* every slot there is */
		push_cmd(f, OP_HOLD, i, 0);
	fab_conn_destroy(f->conn);
	f->conn = NULL;
	assert_int_equal(f->released, 128);
	fx_free(f);
}

static void test_requests_that_end_after_a_fatal_error_are_not_answered(void **state)
{
	struct fixture *f = fx_live(0, 0, IOQ(127));
	size_t pos = 0;

	(void)state;
	push_cmd(f, OP_HOLD, 1, 0);
	push_cmd(f, NVME_IO_FLUSH, 2, 0); /* answered, but not sent */
	fab_conn_terminate(f->conn, NVME_TCP_FES_UNSUPP_PARAM, 0);
	fab_req_complete(f->held[0], FAB_OK);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(fx_next(f, &pos)->type, NVME_TCP_C2H_TERM);
	assert_int_equal(pos, f->out_len);
	assert_int_equal(fab_conn_inflight(f->conn), 0);
	fx_free(f);
}

static void test_the_admin_connection_ends_when_keep_alive_expires(void **state)
{
	struct fab_ctrl *ctrl = (struct fab_ctrl *)state; /* never looked into */
	struct fixture *f = fx_live(0, 0, (struct fab_queue_bind){ .ctrl = ctrl, .sqsize = 31 });
	struct fixture *io =
		fx_live(0, 0, (struct fab_queue_bind){ .ctrl = ctrl, .qid = 1, .sqsize = 31 });

	fx_keep_alive = 5000;
	assert_int_equal(fab_conn_deadline(f->conn), 5000);
	assert_int_equal(fab_conn_deadline(io->conn), UINT64_MAX);
	f->env.now = 5000;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	assert_int_equal(fab_conn_deadline(f->conn), 5100);
	fx_expired = true;
	f->env.now = 5099;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	f->env.now = 5100;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	assert_false(fab_conn_wants_send(f->conn));
	fx_expired = false;
	fx_keep_alive = UINT64_MAX;
	fx_free(f);
	fx_free(io);
}

/* ---- authentication ---- */

static struct fixture *to_authenticate(void)
{
	struct fab_auth_params params = { .hostnqn = "nqn.2026-11.example:h",
					  .subnqn = "nqn.2026-11.example:s" };
	struct fab_queue_bind bind = IOQ(127);
	struct fixture *f = fx_new();
	uint8_t buf[128];

	fx_told = 0;
	fab_conn_push(f->conn, buf, pdu_icreq(buf, 0, 0));
	bind.ops = &fx_ops;
	bind.auth = fab_auth_create(&params);
	fab_conn_bind(f->conn, &bind);
	fx_drain(f, SIZE_MAX);
	f->out_len = 0;
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_AUTHENTICATING);
	assert_int_equal(fx_authenticating, 1);
	return f;
}

static void test_commands_pass_once_the_host_is_authenticated(void **state)
{
	struct fixture *f = to_authenticate();
	size_t pos = 0;

	(void)state;
	push_cmd(f, NVME_IO_FLUSH, 7, 0);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(NVME_CQE_STATUS_CODE(rsp_status(f, &pos, 7)), NVME_SC_AUTH_REQUIRED);
	assert_int_equal(f->executed, 0);
	fab_conn_auth_done(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_LIVE);
	assert_int_equal(fx_authenticating, 0);
	assert_int_equal(fab_conn_deadline(f->conn), UINT64_MAX);
	push_cmd(f, NVME_IO_FLUSH, 8, 0);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 8), 0);
	assert_int_equal(f->executed, 1);
	/* again, while commands go on */
	fab_conn_auth_begin(f->conn);
	assert_int_equal(fx_authenticating, 1);
	assert_int_equal(fab_conn_deadline(f->conn), f->env.now + 60000000000);
	push_cmd(f, NVME_IO_FLUSH, 9, 0);
	fx_drain(f, SIZE_MAX);
	assert_int_equal(rsp_status(f, &pos, 9), 0);
	fx_free(f);
	assert_int_equal(fx_authenticating, 0);
}

static void test_a_host_has_a_minute_to_authenticate(void **state)
{
	struct fixture *f = to_authenticate();

	(void)state;
	f->env.now += 59999999999;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_AUTHENTICATING);
	assert_int_equal(fx_told, 0);
	f->env.now++;
	fab_conn_tick(f->conn);
	assert_int_equal(fab_conn_state(f->conn), FAB_CONN_CLOSED);
	assert_string_equal(fab_conn_end(f->conn).why, "not authenticated in time");
	assert_int_equal(fx_told, 1);
	fx_free(f);
	assert_int_equal(fx_authenticating, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abort_of_a_request_that_waits_for_a_buffer_answers_it),
		cmocka_unit_test(test_abort_of_a_write_under_way_answers_it_when_its_data_is_in),
		cmocka_unit_test(test_abort_before_the_r2t_has_left_takes_it_back),
		cmocka_unit_test(test_abort_of_an_executing_request_tells_its_executor),
		cmocka_unit_test(test_a_later_completion_kicks_the_owner),
		cmocka_unit_test(test_drain_answers_what_is_in_flight_and_takes_nothing_new),
		cmocka_unit_test(test_drain_of_an_admin_queue_ends_what_waits_for_ever),
		cmocka_unit_test(test_drain_gives_up_in_time),
		cmocka_unit_test(test_orphans_outlive_their_connection_and_free_it),
		cmocka_unit_test(test_an_orphan_that_would_wait_for_a_buffer_is_freed),
		cmocka_unit_test(test_orphans_that_complete_while_cancelled_free_all_at_once),
		cmocka_unit_test(test_requests_that_end_after_a_fatal_error_are_not_answered),
		cmocka_unit_test(test_the_admin_connection_ends_when_keep_alive_expires),
		cmocka_unit_test(test_commands_pass_once_the_host_is_authenticated),
		cmocka_unit_test(test_a_host_has_a_minute_to_authenticate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
