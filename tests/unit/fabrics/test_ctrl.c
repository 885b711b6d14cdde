/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_ctrl.c - life cycle, properties, keep alive and views of a controller. */
#include "tests/unit/fabrics/fake.h"

#define MS 1000000ull

static void test_properties_tell_what_the_controller_is(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, false);
	uint64_t v = 0;

	(void)state;
	assert_int_equal(property_get(w, NVME_REG_CAP, NVMF_PROP_8, &v).code, 0);
	assert_int_equal(NVME_CAP_MQES(v), 127);
	assert_true(v & NVME_CAP_CQR);
	assert_true(v & NVME_CAP_CSS_NVM);
	assert_true(v & NVME_CAP_CSS_IOCSS);
	assert_true(v & NVME_CAP_CRWMS);
	assert_false(v & NVME_CAP_CRIMS);
	assert_false(v & NVME_CAP_NSSRS);
	assert_int_equal(NVME_CAP_MPSMIN(v), 0);
	assert_true(NVME_CAP_TO(v) > 0);
	assert_int_equal(property_get(w, NVME_REG_VS, NVMF_PROP_4, &v).code, 0);
	assert_int_equal(v, 0x20100);
	assert_int_equal(property_get(w, NVME_REG_CC, NVMF_PROP_4, &v).code, 0);
	assert_int_equal(v, 0);
	world_destroy(w);
}

/* CRTO goes with CAP.CRMS: a host reads it only then, and waits that long. */
static void test_crto_tells_the_time_that_cap_to_tells(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, false);
	uint64_t cap = 0, crto = 0;

	(void)state;
	property_get(w, NVME_REG_CAP, NVMF_PROP_8, &cap);
	assert_int_equal(property_get(w, NVME_REG_CRTO, NVMF_PROP_4, &crto).code, 0);
	assert_int_equal(crto & 0xffff, NVME_CAP_TO(cap));
	assert_int_equal(crto >> NVME_CRTO_CRIMT_SHIFT, 0);
	world_destroy(w);
}

static void test_discovery_cap_has_no_command_set_selection(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, false);
	uint64_t v = 0;

	(void)state;
	property_get(w, NVME_REG_CAP, NVMF_PROP_8, &v);
	assert_false(v & NVME_CAP_CSS_IOCSS);
	world_destroy(w);
}

static void test_wrong_property_access_names_the_field(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, false);
	struct fab_status st;
	uint64_t v;

	(void)state;
	st = property_get(w, NVME_REG_CAP, NVMF_PROP_4, &v);
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 40);
	st = property_get(w, NVME_REG_NSSR, NVMF_PROP_4, &v);
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 44);
	st = property_get(w, 0xfffffffc, NVMF_PROP_4, &v);
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	st = property_set(w, NVME_REG_CSTS, 1);
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 44);
	world_destroy(w);
}

static void test_enable_sets_ready_and_reset_clears_it(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, false);

	(void)state;
	assert_int_equal(csts(w), 0);
	property_set(w, NVME_REG_CC, CC_ENABLE & ~NVME_CC_EN);
	assert_int_equal(csts(w), 0);
	property_set(w, NVME_REG_CC, CC_ENABLE);
	assert_int_equal(csts(w), NVME_CSTS_RDY);
	w->hold_quiesce = true;
	property_set(w, NVME_REG_CC, 0);
	assert_int_equal(w->nr_quiesces, 1);
	assert_int_equal(csts(w), NVME_CSTS_RDY); /* until the I/O queues are gone */
	assert_int_equal(fab_ctrl_state(w->ctrl), FAB_CTRL_RESETTING);
	fab_ctrl_quiesced(w->ctrl);
	assert_int_equal(csts(w), 0);
	property_set(w, NVME_REG_CC, CC_ENABLE);
	assert_int_equal(csts(w), NVME_CSTS_RDY);
	world_destroy(w);
}

static void test_shutdown_ends_in_shst_complete(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	property_set(w, NVME_REG_CC, CC_ENABLE | NVME_CC_SHN_NORMAL << NVME_CC_SHN_SHIFT);
	assert_int_equal(NVME_CSTS_SHST(csts(w)), NVME_SHST_COMPLETE);
	assert_true(csts(w) & NVME_CSTS_RDY);
	assert_int_equal(w->nr_quiesces, 0); /* the host ends its queues */
	property_set(w, NVME_REG_CC, 0); /* a reset brings it back */
	assert_int_equal(csts(w), 0);
	property_set(w, NVME_REG_CC, CC_ENABLE);
	assert_int_equal(csts(w), NVME_CSTS_RDY);
	world_destroy(w);
}

static void test_reset_after_shutdown_quiesces_once(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	w->hold_quiesce = true;
	property_set(w, NVME_REG_CC, CC_ENABLE | NVME_CC_SHN_NORMAL << NVME_CC_SHN_SHIFT);
	property_set(w, NVME_REG_CC, 0);
	assert_int_equal(w->nr_quiesces, 1);
	assert_int_equal(fab_ctrl_state(w->ctrl), FAB_CTRL_RESETTING);
	property_set(w, NVME_REG_CC, CC_ENABLE); /* too early: takes effect afterwards */
	fab_ctrl_quiesced(w->ctrl);
	assert_int_equal(fab_ctrl_state(w->ctrl), FAB_CTRL_READY);
	fab_ctrl_quiesced(w->ctrl); /* nobody waits for it: nothing happens */
	assert_int_equal(fab_ctrl_state(w->ctrl), FAB_CTRL_READY);
	world_destroy(w);
}

static void test_unsupported_configuration_is_fatal_until_reset(void **state)
{
	const uint32_t bad[] = {
		CC_ENABLE | 1u << NVME_CC_MPS_SHIFT,
		CC_ENABLE | 1u << NVME_CC_AMS_SHIFT,
		(CC_ENABLE & ~(0xfu << NVME_CC_IOSQES_SHIFT)),
		(CC_ENABLE & ~(0xfu << NVME_CC_IOCQES_SHIFT)),
		(CC_ENABLE & ~(0x7u << NVME_CC_CSS_SHIFT)) | 1u << NVME_CC_CSS_SHIFT,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct world *w = world_connected(FAB_CT_IO, false);

		property_set(w, NVME_REG_CC, bad[i]);
		assert_int_equal(csts(w), NVME_CSTS_CFS);
		property_set(w, NVME_REG_CC, 0);
		assert_int_equal(csts(w), 0);
		property_set(w, NVME_REG_CC, CC_ENABLE);
		assert_int_equal(csts(w), NVME_CSTS_RDY);
		world_destroy(w);
	}
}

/* Every sequence of register writes and events leads only over the edges of docs/controller-states.md: a wrong one asserts. */
static void test_random_register_writes_never_leave_the_state_machine(void **state)
{
	static const uint32_t values[] = {
		0,
		CC_ENABLE,
		CC_ENABLE | NVME_CC_SHN_NORMAL << NVME_CC_SHN_SHIFT,
		NVME_CC_SHN_ABRUPT << NVME_CC_SHN_SHIFT,
		CC_ENABLE | 1u << NVME_CC_MPS_SHIFT,
		0xffffffff,
	};
	struct world *w = world_connected(FAB_CT_IO, false);
	unsigned int seen = 0;
	uint32_t rnd = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		rnd = rnd * 1664525 + 1013904223;
		w->hold_quiesce = rnd >> 30 & 1;
		if (rnd >> 24 & 1)
			property_set(w, NVME_REG_CC, values[(rnd >> 16) % 6]);
		else
			fab_ctrl_quiesced(w->ctrl);
		seen |= 1u << fab_ctrl_state(w->ctrl);
	}
	assert_int_equal(seen, (1u << FAB_CTRL_STATE_COUNT) - 1);
	world_destroy(w);
}

/* ---- keep alive ---- */

/* Runs the owner's clock: looks whenever the controller wants it, up to `until`. */
static bool expires_before(struct world *w, uint64_t until)
{
	while (fab_ctrl_deadline(w->ctrl) <= until) {
		if (fab_ctrl_deadline(w->ctrl) > w->now)
			w->now = fab_ctrl_deadline(w->ctrl);
		if (fab_ctrl_expired(w->ctrl, w->now))
			return true;
	}
	w->now = until;
	return false;
}

static void test_silence_of_a_keep_alive_timeout_is_fatal(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	uint64_t start = w->now;

	(void)state;
	assert_false(expires_before(w, start + 4900 * MS));
	assert_true(expires_before(w, start + 6300 * MS));
	assert_int_equal(csts(w), NVME_CSTS_CFS);
	world_destroy(w);
}

static void test_any_traffic_keeps_the_controller_alive(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_false(expires_before(w, w->now + 4000 * MS));
		fab_ctrl_saw_traffic(w->ctrl); /* an I/O command, no Keep Alive */
	}
	assert_true(expires_before(w, w->now + 6300 * MS));
	world_destroy(w);
}

static void test_keep_alive_stands_still_while_the_host_authenticates(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	fab_ctrl_authenticating(w->ctrl, true);
	assert_false(expires_before(w, w->now + 30000 * MS));
	fab_ctrl_authenticating(w->ctrl, false);
	assert_false(expires_before(w, w->now + 3000 * MS));
	assert_true(expires_before(w, w->now + 6300 * MS));
	world_destroy(w);
}

static void test_kato_zero_means_no_timer_for_io_and_a_long_one_for_discovery(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a = connect_args(0);

	(void)state;
	a.cmd.kato = 0;
	cmd_free(send_connect(w, &w->conn, &a));
	w->ctrl = w->conn.ctrl;
	assert_int_equal(fab_ctrl_kato_ns(w->ctrl), 0);
	assert_true(fab_ctrl_deadline(w->ctrl) == UINT64_MAX);
	world_destroy(w);

	w = world_create(FAB_CT_DISC);
	cmd_free(send_connect(w, &w->conn, &a));
	w->ctrl = w->conn.ctrl;
	property_set(w, NVME_REG_CC, CC_ENABLE);
	assert_false(expires_before(w, w->now + 119000 * MS));
	assert_true(expires_before(w, w->now + 60000 * MS));
	world_destroy(w);
}

static void test_kato_is_rounded_up_to_the_granularity_told_by_kas(void **state)
{
	struct world *w = world_create(FAB_CT_IO);
	struct connect_args a = connect_args(0);

	(void)state;
	a.cmd.kato = htole32(1);
	cmd_free(send_connect(w, &w->conn, &a));
	w->ctrl = w->conn.ctrl;
	assert_int_equal(fab_ctrl_kato_ns(w->ctrl), 1000 * MS);
	world_destroy(w);
	w = world_create(FAB_CT_IO);
	a.cmd.kato = 0xffffffff;
	cmd_free(send_connect(w, &w->conn, &a));
	w->ctrl = w->conn.ctrl;
	assert_true(fab_ctrl_kato_ns(w->ctrl) > 4294000000 * MS);
	world_destroy(w);
}

/* ---- table of I/O queues ---- */

static void test_the_queue_table_is_per_controller_and_frees_its_rows(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true),
		     *other = world_connected(FAB_CT_IO, true);

	(void)state;
	assert_int_equal(fab_ctrl_ioq_add(w->ctrl, 1, 31, &w->io_conn).code, 0);
	assert_int_equal(fab_ctrl_ioq_add(other->ctrl, 1, 31, &other->io_conn).code, 0);
	assert_int_equal(fab_ctrl_ioq_add(w->ctrl, 1, 31, &other->io_conn).code,
			 NVME_SC_CMD_SEQ_ERROR);
	fab_ctrl_ioq_del(w->ctrl, 1);
	fab_ctrl_ioq_del(w->ctrl, 1);
	fab_ctrl_ioq_del(w->ctrl, 0xffff);
	assert_int_equal(fab_ctrl_nr_ioqs(w->ctrl), 0);
	assert_int_equal(fab_ctrl_nr_ioqs(other->ctrl), 1);
	assert_int_equal(fab_ctrl_ioq_add(w->ctrl, 1, 15, &w->io_conn).code, 0);
	assert_int_equal(fab_ctrl_ioq(w->ctrl, 1)->sqsize, 15);
	world_destroy(other);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_properties_tell_what_the_controller_is),
		cmocka_unit_test(test_crto_tells_the_time_that_cap_to_tells),
		cmocka_unit_test(test_discovery_cap_has_no_command_set_selection),
		cmocka_unit_test(test_wrong_property_access_names_the_field),
		cmocka_unit_test(test_enable_sets_ready_and_reset_clears_it),
		cmocka_unit_test(test_shutdown_ends_in_shst_complete),
		cmocka_unit_test(test_reset_after_shutdown_quiesces_once),
		cmocka_unit_test(test_unsupported_configuration_is_fatal_until_reset),
		cmocka_unit_test(test_random_register_writes_never_leave_the_state_machine),
		cmocka_unit_test(test_silence_of_a_keep_alive_timeout_is_fatal),
		cmocka_unit_test(test_any_traffic_keeps_the_controller_alive),
		cmocka_unit_test(test_keep_alive_stands_still_while_the_host_authenticates),
		cmocka_unit_test(test_kato_zero_means_no_timer_for_io_and_a_long_one_for_discovery),
		cmocka_unit_test(test_kato_is_rounded_up_to_the_granularity_told_by_kas),
		cmocka_unit_test(test_the_queue_table_is_per_controller_and_frees_its_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
