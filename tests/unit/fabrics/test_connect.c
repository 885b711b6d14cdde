/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_connect.c - Connect: every refusal says which byte; and fabrics commands where they don't belong. */
#include "tests/unit/fabrics/fake.h"

#define IN_CMD(member) offsetof(struct nvmf_connect_cmd, member)
#define IN_DATA(member) (offsetof(struct nvmf_connect_data, member) | 1u << 16)

static void expect_refusal(struct world *w, struct fab_conn *conn, const struct connect_args *a,
			   uint16_t code, uint32_t dw0)
{
	struct cmd *cmd = send_connect(w, conn, a);

	assert_true(cmd->done);
	assert_int_equal(cmd->st.code, code);
	assert_int_equal(le32toh(cmd->req.cqe.dw[0]), dw0);
	assert_false(conn->bound);
	cmd_free(cmd);
}

static void test_connect_creates_the_admin_queue(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a = connect_args(0);
	struct cmd *cmd;

	(void)state;
	a.cmd.cattr = NVMF_CATTR_NO_SQFLOW;
	cmd = send_connect(w, &w->conn, &a);
	assert_int_equal(cmd->st.code, 0);
	assert_int_equal(le32toh(cmd->req.cqe.dw[0]), 0x0123);
	assert_true(w->conn.bound);
	assert_true(w->conn.sqflow_off);
	assert_ptr_equal(w->conn.ops, &fab_admin_queue_ops);
	assert_int_equal(w->conn.sqsize, 31);
	assert_string_equal(w->connect.subnqn, SUB_NQN);
	assert_string_equal(w->connect.hostnqn, HOST_NQN);
	assert_int_equal(w->connect.kato_ms, 5000);
	w->ctrl = w->conn.ctrl;
	assert_string_equal(fab_ctrl_hostnqn(w->ctrl), HOST_NQN);
	assert_memory_equal(fab_ctrl_hostid(w->ctrl), a.data.hostid, 16);
	assert_int_equal(fab_ctrl_kato_ns(w->ctrl), 5000000000ull);
	cmd_free(cmd);
	world_destroy(w);
}

static void test_connect_names_the_byte_at_fault(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a;

	(void)state;
	a = connect_args(0);
	a.cmd.recfmt = htole16(1);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_FORMAT, 0);
	a = connect_args(0xffff);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_CMD(qid));
	a = connect_args(0);
	a.cmd.sqsize = 0;
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_CMD(sqsize));
	a = connect_args(0);
	memset(a.data.hostid, 0, 16);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(hostid));
	a = connect_args(0);
	a.data.cntlid = htole16(1); /* a static controller, which there are none of */
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(cntlid));
	a = connect_args(0);
	a.data.cntlid = htole16(NVMF_CNTLID_STATIC_ANY);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(cntlid));
	a = connect_args(0);
	memset(a.data.subnqn, 'a', sizeof(a.data.subnqn)); /* no NUL */
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(subnqn));
	a = connect_args(0);
	a.data.hostnqn[0] = 'x';
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(hostnqn));
	assert_int_equal(w->nr_connects, 0);
	world_destroy(w);
}

static void test_a_host_without_a_name_is_left_to_the_site(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a = connect_args(0);

	(void)state;
	memset(a.data.hostnqn, 0, sizeof(a.data.hostnqn));
	w->connect_status = FAB_ERR(NVME_SC_CONNECT_HOST);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_HOST, 0);
	assert_string_equal(w->connect.hostnqn, "");
	world_destroy(w);
}

static void test_connect_tells_what_the_site_refuses(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a = connect_args(0);

	(void)state;
	w->connect_status = FAB_ERR(NVME_SC_CONNECT_PARAM); /* unknown subsystem */
	w->connect_offset = offsetof(struct nvmf_connect_data, subnqn);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(subnqn));
	w->connect_status =
		FAB_ERR(NVME_SC_CONNECT_HOST); /* host not allowed: no offset is defined */
	w->connect_offset = 0;
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_HOST, 0);
	w->connect_status = FAB_RETRY(NVME_SC_CONNECT_BUSY);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_BUSY, 0);
	world_destroy(w);
}

static void test_admin_queue_larger_than_mqes_is_refused_and_its_controller_dropped(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a = connect_args(0);

	(void)state;
	a.cmd.sqsize = htole16(128);
	expect_refusal(w, &w->conn, &a, NVME_SC_CONNECT_PARAM, IN_CMD(sqsize));
	assert_int_equal(w->nr_gone, 1);
	a.cmd.sqsize = htole16(127);
	cmd_free(send_connect(w, &w->conn, &a));
	assert_true(w->conn.bound);
	w->ctrl = w->conn.ctrl;
	world_destroy(w);
}

static void test_io_queue_is_created_by_connect(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct connect_args a = connect_args(3);
	struct cmd *cmd = send_connect(w, &w->io_conn, &a);

	(void)state;
	assert_int_equal(cmd->st.code, 0);
	assert_ptr_equal(w->io_conn.ops, w->site.io_ops);
	assert_int_equal(w->io_conn.qid, 3);
	assert_int_equal(w->connect.kato_ms, 0); /* reserved on I/O queues */
	assert_int_equal(le32toh(cmd->req.cqe.dw[0]), 0x0123);
	assert_ptr_equal(fab_ctrl_ioq(w->ctrl, 3)->conn, &w->io_conn);
	assert_null(fab_ctrl_ioq(w->ctrl, 2));
	assert_int_equal(fab_ctrl_nr_ioqs(w->ctrl), 1);
	fab_ctrl_put(w->io_conn.ctrl);
	cmd_free(cmd);
	world_destroy(w);
}

static void test_connect_for_a_queue_that_exists_leaves_the_first_unharmed(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct connect_args a = connect_args(1);
	struct fab_conn second = { .site = &w->site, .ops = &fab_unbound_queue_ops };

	(void)state;
	cmd_free(send_connect(w, &w->io_conn, &a));
	assert_true(w->io_conn.bound);
	expect_refusal(w, &second, &a, NVME_SC_CMD_SEQ_ERROR, 0);
	assert_ptr_equal(fab_ctrl_ioq(w->ctrl, 1)->conn, &w->io_conn);
	assert_int_equal(fab_ctrl_nr_ioqs(w->ctrl), 1);
	fab_ctrl_put(w->io_conn.ctrl);
	world_destroy(w);
}

static void test_io_queue_limits(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct connect_args a = connect_args(9); /* 8 are granted */

	(void)state;
	expect_refusal(w, &w->io_conn, &a, NVME_SC_CONNECT_PARAM, IN_CMD(qid));
	a = connect_args(8);
	a.cmd.sqsize = htole16(128);
	expect_refusal(w, &w->io_conn, &a, NVME_SC_CONNECT_PARAM, IN_CMD(sqsize));
	a = connect_args(8);
	a.data.cntlid = htole16(NVMF_CNTLID_DYNAMIC);
	expect_refusal(w, &w->io_conn, &a, NVME_SC_CONNECT_PARAM, IN_DATA(cntlid));
	world_destroy(w);
}

static void test_io_queue_needs_an_enabled_controller(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, false);
	struct connect_args a = connect_args(1);
	struct cmd *cmd = send_connect(w, &w->io_conn, &a);

	(void)state;
	assert_int_equal(cmd->st.code, NVME_SC_CMD_SEQ_ERROR);
	assert_false(cmd->st.dnr);
	cmd_free(cmd);
	world_destroy(w);
}

static void test_discovery_controller_has_no_io_queues(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, true);
	struct connect_args a = connect_args(1);

	(void)state;
	expect_refusal(w, &w->io_conn, &a, NVME_SC_CONNECT_PARAM, IN_CMD(qid));
	world_destroy(w);
}

static void test_any_command_before_connect_is_a_sequence_error(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	const uint8_t opcodes[] = { NVME_ADMIN_IDENTIFY, NVME_ADMIN_KEEP_ALIVE, NVME_IO_READ,
				    0xff };

	(void)state;
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		struct cmd *cmd = cmd_new(opcodes[i]);

		cmd_send(w, &w->conn, cmd, NULL);
		assert_int_equal(cmd->st.code, NVME_SC_CMD_SEQ_ERROR);
		cmd_free(cmd);
	}
	world_destroy(w);
}

static struct fab_status send_fabrics(struct world *w, struct fab_conn *conn, uint8_t fctype,
				      uint16_t recfmt)
{
	struct nvmf_disconnect_cmd raw = { .opcode = NVME_ADMIN_FABRICS,
					   .fctype = fctype,
					   .recfmt = htole16(recfmt) };
	struct cmd *cmd = cmd_new(0);
	struct fab_status st;

	memcpy(&cmd->req.cmd, &raw, sizeof(raw));
	cmd_send(w, conn, cmd, NULL);
	assert_true(cmd->done);
	st = cmd->st;
	cmd_free(cmd);
	return st;
}

static struct fab_status io_parse(struct fab_req *req)
{
	return fab_fabrics_parse(req);
}

static const struct fab_queue_ops io_ops = { .parse = io_parse, .execute = fab_fabrics_execute };

static void test_fabrics_commands_on_the_wrong_queue(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct connect_args a = connect_args(1);
	struct fab_status st;

	(void)state;
	w->site.io_ops = &io_ops;
	cmd_free(send_connect(w, &w->io_conn, &a));

	st = send_fabrics(w, &w->conn, NVMF_CONNECT, 0);
	assert_int_equal(st.code, NVME_SC_CMD_SEQ_ERROR);
	st = send_fabrics(w, &w->conn, NVMF_DISCONNECT, 0);
	assert_int_equal(st.code, NVME_SC_INVALID_QUEUE_TYPE);
	st = send_fabrics(w, &w->conn, 0x3f, 0); /* an invalid fabrics command type */
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 4);
	st = send_fabrics(w, &w->conn, NVMF_AUTH_SEND, 0);
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	st = send_fabrics(w, &w->io_conn, NVMF_PROPERTY_GET, 0);
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	st = send_fabrics(w, &w->io_conn, NVMF_DISCONNECT, 1);
	assert_int_equal(st.code, NVME_SC_CONNECT_FORMAT);
	assert_false(w->io_conn.drained);
	st = send_fabrics(w, &w->io_conn, NVMF_DISCONNECT, 0);
	assert_int_equal(st.code, 0);
	assert_true(w->io_conn.drained);
	fab_ctrl_put(w->io_conn.ctrl);
	world_destroy(w);
}

static void test_nqn_form(void **state)
{
	static const char *const good[] = {
		NVMF_DISC_NQN,
		SUB_NQN,
		HOST_NQN,
		"nqn.2014-08.com.example:a.b-c:d",
		"nqn.1999-12.x:\xc3\xa4",
	};
	static const char *const bad[] = {
		"",
		"nqn",
		"nqn.2014-08.",
		"nqn.2014-08.:x",
		"nqn.2014-13.com.example:x",
		"nqn.2014-00.com.example:x",
		"nqn.14-08.com.example:x",
		"iqn.2014-08.com.example:x",
		"nqn.2014-08.com..example:x",
		"nqn.2014-08.com.example:",
		"nqn.2014-08.com.example:a\nb",
		"nqn.2014-08.com.example:\xff",
		"nqn.2014-08.com.example:\xc0\x80",
		"nqn.2014-08.org.nvmexpress:uuid:7a6e3c1c-2f5f-4a49-9f2a-3c8f1f6f000",
		"nqn.2014-08.org.nvmexpress:uuid:7a6e3c1c02f5f-4a49-9f2a-3c8f1f6f0001",
	};
	char field[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		strcpy(field, good[i]);
		assert_int_equal(fab_nqn_check(field, sizeof(field)), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(field, bad[i]);
		assert_int_not_equal(fab_nqn_check(field, sizeof(field)), 0);
	}
	/* 223 bytes are legal, 224 aren't; and one without an end never is. */
	memset(field, 'a', sizeof(field));
	memcpy(field, "nqn.2014-08.com.example:", 24);
	assert_int_not_equal(fab_nqn_check(field, sizeof(field)), 0);
	field[224] = '\0';
	assert_int_not_equal(fab_nqn_check(field, sizeof(field)), 0);
	field[223] = '\0';
	assert_int_equal(fab_nqn_check(field, sizeof(field)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_creates_the_admin_queue),
		cmocka_unit_test(test_connect_names_the_byte_at_fault),
		cmocka_unit_test(test_a_host_without_a_name_is_left_to_the_site),
		cmocka_unit_test(test_connect_tells_what_the_site_refuses),
		cmocka_unit_test(
			test_admin_queue_larger_than_mqes_is_refused_and_its_controller_dropped),
		cmocka_unit_test(test_io_queue_is_created_by_connect),
		cmocka_unit_test(test_connect_for_a_queue_that_exists_leaves_the_first_unharmed),
		cmocka_unit_test(test_io_queue_limits),
		cmocka_unit_test(test_io_queue_needs_an_enabled_controller),
		cmocka_unit_test(test_discovery_controller_has_no_io_queues),
		cmocka_unit_test(test_any_command_before_connect_is_a_sequence_error),
		cmocka_unit_test(test_fabrics_commands_on_the_wrong_queue),
		cmocka_unit_test(test_nqn_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
