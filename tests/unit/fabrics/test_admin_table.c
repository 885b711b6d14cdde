/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_admin_table.c - every row of the admin command table holds commands to what it states. */
#include "tests/unit/fabrics/fake.h"

/* A command that the row accepts, to be spoilt one field at a time. */
static struct cmd *good_cmd(const struct fab_admin_cmd *row)
{
	struct cmd *cmd = cmd_new(row->opcode);

	switch (row->opcode) {
	case NVME_ADMIN_IDENTIFY:
		cmd->req.cmd.cdw10 = htole32(NVME_CNS_CTRL);
		break;
	case NVME_ADMIN_GET_LOG_PAGE:
		cmd->req.cmd.cdw10 = htole32(NVME_LID_SUPPORTED | 255u << 16);
		break;
	case NVME_ADMIN_SET_FEATURES:
	case NVME_ADMIN_GET_FEATURES:
		cmd->req.cmd.cdw10 = htole32(NVME_FID_KATO);
		break;
	}
	return cmd;
}

static struct fab_status parse(struct world *w, struct cmd *cmd)
{
	struct fab_status st;

	cmd->req.conn = &w->conn;
	st = w->conn.ops->parse(&cmd->req);
	cmd_free(cmd);
	return st;
}

static void each_row(struct world *w,
		     void (*test)(struct world *w, const struct fab_admin_cmd *row))
{
	unsigned int nr;
	const struct fab_admin_cmd *rows = fab_admin_cmds(&nr);

	for (unsigned int i = 0; i < nr; i++)
		if (rows[i].ctrls & w->pers.type)
			test(w, &rows[i]);
}

static void good(struct world *w, const struct fab_admin_cmd *row)
{
	struct cmd *cmd = good_cmd(row);
	uint8_t dir;

	cmd->req.conn = &w->conn;
	assert_int_equal(w->conn.ops->parse(&cmd->req).code, 0);
	dir = cmd->req.len ? NVME_OPC_DIR(row->opcode) : NVME_DIR_NONE;
	assert_int_equal(cmd->req.dir, dir == NVME_DIR_C2H   ? FAB_DIR_C2H
				       : dir == NVME_DIR_H2C ? FAB_DIR_H2C
							     : FAB_DIR_NONE);
	cmd_free(cmd);
}

static void wrong_flags(struct world *w, const struct fab_admin_cmd *row)
{
	const uint8_t flags[] = { 0, NVME_PSDT_SGL_MPTR_SGL << 6, 0xc0,
				  NVME_CMD_FLAGS_SGL | NVME_FUSE_FIRST,
				  NVME_CMD_FLAGS_SGL | NVME_FUSE_SECOND };

	for (size_t i = 0; i < sizeof(flags); i++) {
		struct cmd *cmd = good_cmd(row);
		struct fab_status st;

		cmd->req.cmd.flags = flags[i];
		st = parse(w, cmd);
		assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
		assert_int_equal(st.err_loc, 1);
		assert_true(st.dnr);
	}
}

static void wrong_reserved_bits(struct world *w, const struct fab_admin_cmd *row)
{
	for (unsigned int dw = 0; dw < 6; dw++) {
		for (unsigned int bit = 0; bit < 32; bit++) {
			struct cmd *cmd = good_cmd(row);
			uint8_t *at = (uint8_t *)&cmd->req.cmd + 40 + 4 * dw + bit / 8;
			struct fab_status st;

			if (!(row->rsvd[dw] >> bit & 1)) {
				cmd_free(cmd);
				continue;
			}
			*at |= 1u << bit % 8;
			st = parse(w, cmd);
			assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
			assert_int_equal(st.err_loc, 40 + 4 * dw);
		}
	}
}

static void wrong_nsid(struct world *w, const struct fab_admin_cmd *row)
{
	const uint32_t nsids[] = { 3, 77, 5000 }; /* not this host's, unused, past NN */

	for (size_t i = 0; i < sizeof(nsids) / sizeof(nsids[0]); i++) {
		struct cmd *cmd = good_cmd(row);
		struct fab_status st;

		cmd->req.cmd.nsid = htole32(nsids[i]);
		st = parse(w, cmd);
		assert_true(st.code == NVME_SC_INVALID_FIELD || st.code == NVME_SC_INVALID_NS);
		assert_int_equal(st.err_loc, 4);
	}
}

static void test_each_row_accepts_its_command(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	each_row(w, good);
	world_destroy(w);
	w = world_connected(FAB_CT_DISC, true);
	each_row(w, good);
	world_destroy(w);
}

static void test_each_row_refuses_wrong_fields(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	each_row(w, wrong_flags);
	each_row(w, wrong_reserved_bits);
	each_row(w, wrong_nsid);
	world_destroy(w);
}

static void refused_when_disabled(struct world *w, const struct fab_admin_cmd *row)
{
	struct fab_status st = parse(w, good_cmd(row));

	assert_int_equal(st.code, NVME_SC_CMD_SEQ_ERROR);
	assert_false(st.dnr);
}

static void test_no_row_runs_before_the_controller_is_enabled(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, false);

	(void)state;
	each_row(w, refused_when_disabled);
	world_destroy(w);
}

static void test_opcodes_without_a_row_are_invalid_and_leave_the_queue_alone(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	unsigned int refused = 0;

	(void)state;
	for (unsigned int opc = 0; opc < 256; opc++) {
		struct fab_status st;

		if (opc == NVME_ADMIN_FABRICS || fab_admin_cmd_find(w->ctrl, opc))
			continue;
		st = parse(w, cmd_new(opc));
		assert_int_equal(st.code, NVME_SC_INVALID_OPCODE);
		assert_int_equal(st.err_loc, 0);
		refused++;
	}
	assert_int_equal(refused, 256 - 1 - 7);
	each_row(w, good);
	world_destroy(w);
}

static void exec_extra(struct fab_ctrl *ctrl, struct fab_req *req)
{
	(void)ctrl;
	req->cqe.dw[0] = htole32(42);
	fab_req_complete(req, FAB_OK);
}

static void test_a_personality_adds_commands(void **state)
{
	static const struct fab_admin_cmd extra = { .opcode = NVME_ADMIN_DIM,
						    .ctrls = FAB_CT_DISC,
						    .exec = exec_extra };
	struct world *w = world_connected(FAB_CT_DISC, true);
	struct cmd *cmd = cmd_new(NVME_ADMIN_DIM);

	(void)state;
	assert_null(fab_admin_cmd_find(w->ctrl, NVME_ADMIN_DIM));
	w->pers.extra_cmds = &extra;
	w->pers.nr_extra_cmds = 1;
	cmd_send(w, &w->conn, cmd, NULL);
	assert_true(cmd->done);
	assert_int_equal(le32toh(cmd->req.cqe.dw[0]), 42);
	cmd_free(cmd);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_accepts_its_command),
		cmocka_unit_test(test_each_row_refuses_wrong_fields),
		cmocka_unit_test(test_no_row_runs_before_the_controller_is_enabled),
		cmocka_unit_test(test_opcodes_without_a_row_are_invalid_and_leave_the_queue_alone),
		cmocka_unit_test(test_a_personality_adds_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
