/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_aer.c - asynchronous events and Abort. */
#include "tests/unit/fabrics/fake.h"

#define NS_CHANGED NVME_AER_RESULT(NVME_AER_NOTICE, NVME_AER_NOTICE_NS_CHANGED, NVME_LID_CHANGED_NS)
#define ANA_CHANGED NVME_AER_RESULT(NVME_AER_NOTICE, NVME_AER_NOTICE_ANA, NVME_LID_ANA)

static struct world *enabled_world(void)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct cmd *cmd = cmd_new(NVME_ADMIN_SET_FEATURES);

	cmd->req.cmd.cdw10 = htole32(NVME_FID_ASYNC_EVENT);
	cmd->req.cmd.cdw11 = htole32(NVME_AEC_NS_ATTR | NVME_AEC_ANA);
	cmd_send(w, &w->conn, cmd, NULL);
	assert_int_equal(cmd->st.code, 0);
	cmd_free(cmd);
	return w;
}

static struct cmd *send_aer(struct world *w, uint16_t cid)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_ASYNC_EVENT);

	cmd->req.cmd.cid = cid;
	cmd_send(w, &w->conn, cmd, NULL);
	return cmd;
}

static void expect_event(struct cmd *cmd, uint32_t dw0)
{
	assert_true(cmd->done);
	assert_int_equal(cmd->st.code, 0);
	assert_int_equal(le32toh(cmd->req.cqe.dw[0]), dw0);
	cmd_free(cmd);
}

static void ns_changed(struct world *w)
{
	fab_ctrl_event(w->ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_NS_CHANGED, NVME_LID_CHANGED_NS);
}

static void ana_changed(struct world *w)
{
	fab_ctrl_event(w->ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_ANA, NVME_LID_ANA);
}

static void read_log(struct world *w, uint8_t lid, uint32_t off, bool rae)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_GET_LOG_PAGE);

	cmd->req.cmd.cdw10 = htole32(lid | (rae ? NVME_LOG_RAE : 0) | 15u << 16);
	cmd->req.cmd.cdw12 = htole32(off);
	cmd_send(w, &w->conn, cmd, NULL);
	assert_int_equal(cmd->st.code, 0);
	cmd_free(cmd);
}

/* Ends the requests that still wait, as the end of the connection does. */
static void finish(struct world *w)
{
	for (int i = 0; i < MAX_INFLIGHT; i++) {
		struct fab_req *req = w->conn.inflight[i];

		if (!req)
			continue;
		w->conn.ops->cancel(req);
		assert_null(w->conn.inflight[i]);
		cmd_free((struct cmd *)req);
	}
	world_destroy(w);
}

static void test_an_event_answers_a_waiting_request(void **state)
{
	struct world *w = enabled_world();
	struct cmd *aer = send_aer(w, 31);

	(void)state;
	assert_false(aer->done);
	ns_changed(w);
	expect_event(aer, NS_CHANGED);
	finish(w);
}

static void test_an_event_waits_for_a_request(void **state)
{
	struct world *w = enabled_world();

	(void)state;
	ana_changed(w);
	ns_changed(w);
	ana_changed(w);
	expect_event(send_aer(w, 1), ANA_CHANGED); /* in the order they came, once each */
	expect_event(send_aer(w, 2), NS_CHANGED);
	assert_false(send_aer(w, 3)->done);
	finish(w);
}

static void test_an_event_is_masked_until_its_log_is_read_without_rae(void **state)
{
	struct world *w = enabled_world();
	struct cmd *aer;

	(void)state;
	ns_changed(w);
	expect_event(send_aer(w, 1), NS_CHANGED);
	aer = send_aer(w, 2);
	ns_changed(w);
	assert_false(aer->done);
	read_log(w, NVME_LID_CHANGED_NS, 0, true);
	assert_false(aer->done);
	read_log(w, NVME_LID_ANA, 0, false); /* another log */
	assert_false(aer->done);
	read_log(w, NVME_LID_CHANGED_NS, 0, false);
	assert_false(aer->done); /* the host has just seen what happened meanwhile */
	ns_changed(w);
	expect_event(aer, NS_CHANGED);
	finish(w);
}

static void test_a_masked_kind_leaves_others_alone(void **state)
{
	struct world *w = enabled_world();

	(void)state;
	ns_changed(w);
	expect_event(send_aer(w, 1), NS_CHANGED);
	ana_changed(w);
	expect_event(send_aer(w, 2), ANA_CHANGED);
	finish(w);
}

/* A host that reads a long log in pieces: what happens between its first and its last read must not be lost. */
static void test_a_change_during_a_read_in_pieces_is_told_after_it(void **state)
{
	struct world *w = enabled_world();
	struct cmd *aer;

	(void)state;
	ns_changed(w);
	expect_event(send_aer(w, 1), NS_CHANGED);
	aer = send_aer(w, 2);
	read_log(w, NVME_LID_CHANGED_NS, 0, true);
	ns_changed(w);
	read_log(w, NVME_LID_CHANGED_NS, 64, true);
	assert_false(aer->done);
	read_log(w, NVME_LID_CHANGED_NS, 128, false);
	expect_event(aer, NS_CHANGED);
	finish(w);
}

static void test_reading_the_log_clears_an_event_that_was_not_told_yet(void **state)
{
	struct world *w = enabled_world();

	(void)state;
	ns_changed(w);
	read_log(w, NVME_LID_CHANGED_NS, 0, false);
	assert_false(send_aer(w, 1)->done);
	finish(w);
}

static void test_notices_that_are_not_enabled_are_not_told(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct cmd *aer;

	(void)state;
	ns_changed(w);
	aer = send_aer(w, 1);
	assert_false(aer->done);
	/* Errors have no switch. */
	fab_ctrl_event(w->ctrl, NVME_AER_ERROR, NVME_AER_ERROR_PERSISTENT, NVME_LID_ERROR);
	expect_event(aer,
		     NVME_AER_RESULT(NVME_AER_ERROR, NVME_AER_ERROR_PERSISTENT, NVME_LID_ERROR));
	finish(w);
}

static void test_one_request_too_many(void **state)
{
	struct world *w = enabled_world();
	struct cmd *cmd;

	(void)state;
	for (int i = 0; i <= FAB_AERL; i++)
		assert_false(send_aer(w, i)->done);
	cmd = send_aer(w, 99);
	assert_true(cmd->done);
	assert_int_equal(cmd->st.code, NVME_SC_AER_LIMIT);
	cmd_free(cmd);
	finish(w);
}

static void test_kinds_of_event_are_bounded(void **state)
{
	struct world *w = enabled_world();
	unsigned int told = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		fab_ctrl_event(w->ctrl, NVME_AER_VENDOR, i % 256, 0xc0);
	while (told < 1000) {
		struct cmd *cmd = send_aer(w, told);

		if (!cmd->done)
			break;
		told++;
		cmd_free(cmd);
	}
	assert_int_equal(told, 16);
	finish(w);
}

static void test_a_reset_ends_the_requests_and_forgets_events(void **state)
{
	struct world *w = enabled_world();
	struct cmd *aer = send_aer(w, 1);

	(void)state;
	property_set(w, NVME_REG_CC, 0);
	assert_true(aer->done);
	assert_int_equal(aer->st.code, NVME_SC_ABORT_REQ);
	cmd_free(aer);
	property_set(w, NVME_REG_CC, CC_ENABLE);
	assert_false(send_aer(w, 2)->done);
	finish(w);
}

static void test_a_new_view_is_told_only_if_something_changed(void **state)
{
	struct world *w = enabled_world();
	struct cmd *aer = send_aer(w, 1);
	struct fab_view view = w->view;
	struct fab_ns *slot[NR_NS] = { &w->ns[0], &w->ns[1], &w->ns[2], &w->ns[3] };

	(void)state;
	fab_ctrl_set_view(w->ctrl, &view);
	assert_false(aer->done);
	view.slot = slot;
	fab_ctrl_set_view(w->ctrl, &w->view);
	assert_true(fab_ctrl_view(w->ctrl) == &w->view);
	expect_event(aer, NS_CHANGED); /* 3 was there, and went */
	finish(w);
}

/* ---- Abort ---- */

static struct cmd *send_abort(struct world *w, uint16_t own_cid, uint16_t sqid, uint16_t cid)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_ABORT);

	cmd->req.cmd.cid = own_cid;
	cmd->req.cmd.cdw10 = htole32(sqid | (uint32_t)cid << 16);
	cmd_send(w, &w->conn, cmd, NULL);
	return cmd;
}

static void test_abort_ends_a_waiting_event_request(void **state)
{
	struct world *w = enabled_world();
	struct cmd *first = send_aer(w, 0xf01f), *second = send_aer(w, 0x101f);
	struct cmd *abort_cmd = send_abort(w, 5, 0, 0xf01f);

	(void)state;
	assert_true(first->done);
	assert_int_equal(first->st.code, NVME_SC_ABORT_REQ);
	assert_false(second->done);
	assert_true(abort_cmd->done);
	assert_int_equal(abort_cmd->st.code, 0);
	assert_int_equal(le32toh(abort_cmd->req.cqe.dw[0]), 0);
	cmd_free(first);
	cmd_free(abort_cmd);
	finish(w);
}

static void test_abort_ends_a_command_that_waits_for_a_buffer(void **state)
{
	struct world *w = enabled_world();
	struct cmd *victim = cmd_new(NVME_ADMIN_IDENTIFY), *abort_cmd;

	(void)state;
	w->no_memory = true;
	victim->req.cmd.cid = 9;
	victim->req.cmd.cdw10 = htole32(NVME_CNS_CTRL);
	cmd_send(w, &w->conn, victim, NULL);
	assert_false(victim->done);
	abort_cmd = send_abort(w, 5, 0, 9);
	assert_true(victim->done);
	assert_int_equal(victim->st.code, NVME_SC_ABORT_REQ);
	assert_int_equal(le32toh(abort_cmd->req.cqe.dw[0]), 0);
	cmd_free(victim);
	cmd_free(abort_cmd);
	finish(w);
}

static void test_abort_of_nothing_or_of_itself_aborts_nothing(void **state)
{
	struct world *w = enabled_world();
	const uint16_t cids[] = { 77, 5 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cmd *cmd = send_abort(w, 5, 0, cids[i]);

		assert_true(cmd->done);
		assert_int_equal(cmd->st.code, 0);
		assert_int_equal(le32toh(cmd->req.cqe.dw[0]), NVME_ABORT_NOT_ABORTED);
		cmd_free(cmd);
	}
	finish(w);
}

static void test_abort_of_an_io_command_asks_the_queues_owner(void **state)
{
	struct world *w = enabled_world();
	struct cmd *cmd = send_abort(w, 5, 2, 0x8001);

	(void)state;
	assert_false(cmd->done);
	assert_ptr_equal(w->abort_req, &cmd->req);
	assert_int_equal(w->abort_sqid, 2);
	assert_int_equal(w->abort_cid, 0x8001);
	fab_req_complete(w->abort_req, FAB_OK);
	cmd_free(cmd);
	finish(w);
}

static void test_aborts_at_once_are_limited_to_what_acl_tells(void **state)
{
	struct world *w = enabled_world();
	struct cmd *cmds[4], *fifth;

	(void)state;
	for (int i = 0; i < 4; i++)
		cmds[i] = send_abort(w, i, 1, 100 + i);
	fifth = send_abort(w, 4, 1, 104);
	assert_true(fifth->done);
	assert_int_equal(fifth->st.code, NVME_SC_ABORT_LIMIT);
	cmd_free(fifth);
	fab_req_complete(&cmds[2]->req, FAB_OK);
	fifth = send_abort(w, 4, 1, 104);
	assert_false(fifth->done);
	fab_req_complete(&fifth->req, FAB_OK);
	cmd_free(fifth);
	for (int i = 0; i < 4; i++) {
		if (i != 2)
			fab_req_complete(&cmds[i]->req, FAB_OK);
		cmd_free(cmds[i]);
	}
	finish(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_event_answers_a_waiting_request),
		cmocka_unit_test(test_an_event_waits_for_a_request),
		cmocka_unit_test(test_an_event_is_masked_until_its_log_is_read_without_rae),
		cmocka_unit_test(test_a_masked_kind_leaves_others_alone),
		cmocka_unit_test(test_a_change_during_a_read_in_pieces_is_told_after_it),
		cmocka_unit_test(test_reading_the_log_clears_an_event_that_was_not_told_yet),
		cmocka_unit_test(test_notices_that_are_not_enabled_are_not_told),
		cmocka_unit_test(test_one_request_too_many),
		cmocka_unit_test(test_kinds_of_event_are_bounded),
		cmocka_unit_test(test_a_reset_ends_the_requests_and_forgets_events),
		cmocka_unit_test(test_a_new_view_is_told_only_if_something_changed),
		cmocka_unit_test(test_abort_ends_a_waiting_event_request),
		cmocka_unit_test(test_abort_ends_a_command_that_waits_for_a_buffer),
		cmocka_unit_test(test_abort_of_nothing_or_of_itself_aborts_nothing),
		cmocka_unit_test(test_abort_of_an_io_command_asks_the_queues_owner),
		cmocka_unit_test(test_aborts_at_once_are_limited_to_what_acl_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
