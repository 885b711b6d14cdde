/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_features.c - features: SEL, what may be set, and what each does. */
#include "tests/unit/fabrics/fake.h"

struct result {
	struct fab_status st;
	uint32_t dw0;
	uint8_t data[16];
};

static struct result send_feature(struct world *w, uint8_t opcode, uint32_t nsid, uint32_t cdw10,
				  uint32_t cdw11, const void *data)
{
	struct cmd *cmd = cmd_new(opcode);
	struct result r = { .st = FAB_OK };

	cmd->req.cmd.nsid = htole32(nsid);
	cmd->req.cmd.cdw10 = htole32(cdw10);
	cmd->req.cmd.cdw11 = htole32(cdw11);
	cmd_send(w, &w->conn, cmd, data);
	assert_true(cmd->done);
	r.st = cmd->st;
	r.dw0 = le32toh(cmd->req.cqe.dw[0]);
	if (cmd->req.dir == FAB_DIR_C2H && !fab_failed(r.st))
		memcpy(r.data, cmd->req.data, cmd->req.out_len);
	cmd_free(cmd);
	return r;
}

static struct result set(struct world *w, uint8_t fid, uint32_t cdw11)
{
	static const uint8_t zeroes[16];

	return send_feature(w, NVME_ADMIN_SET_FEATURES, 0, fid, cdw11, zeroes);
}

static struct result get(struct world *w, uint8_t fid, enum nvme_feat_sel sel)
{
	uint32_t cdw11 = fid == NVME_FID_HOST_ID ? NVME_FEAT_HOST_ID_EXHID : 0;

	return send_feature(w, NVME_ADMIN_GET_FEATURES, 0, fid | sel << 8, cdw11, NULL);
}

static void test_sel_tells_current_default_saved_and_capabilities(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	assert_int_equal(set(w, NVME_FID_WRITE_ATOMICITY, 1).st.code, 0);
	assert_int_equal(get(w, NVME_FID_WRITE_ATOMICITY, NVME_SEL_CURRENT).dw0, 1);
	assert_int_equal(get(w, NVME_FID_WRITE_ATOMICITY, NVME_SEL_DEFAULT).dw0, 0);
	assert_int_equal(get(w, NVME_FID_WRITE_ATOMICITY, NVME_SEL_SAVED).dw0, 0);
	assert_int_equal(get(w, NVME_FID_WRITE_ATOMICITY, NVME_SEL_SUPPORTED).dw0,
			 NVME_FEAT_CAP_CHANGEABLE);
	assert_int_equal(get(w, NVME_FID_VOLATILE_WC, NVME_SEL_SUPPORTED).dw0, 0);
	assert_int_equal(get(w, NVME_FID_WRITE_ATOMICITY, 4).st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(get(w, NVME_FID_WRITE_ATOMICITY, 4).st.err_loc, 41);
	world_destroy(w);
}

/* What the specification says of ANA states, and no more: nothing else is about one namespace. */
static void test_features_by_ana_state(void **state)
{
	static const uint8_t ana[FAB_ANA_GROUPS + 1] = { 0, NVME_ANA_NON_OPTIMIZED,
							 NVME_ANA_INACCESSIBLE };
	struct world *w = world_connected(FAB_CT_IO, true);
	const struct {
		uint8_t opcode, fid;
		uint32_t nsid;
		uint16_t code;
	} tries[] = {
		{ NVME_ADMIN_SET_FEATURES, NVME_FID_KATO, 0, 0 },
		{ NVME_ADMIN_SET_FEATURES, NVME_FID_KATO, NVME_NSID_ALL, NVME_SC_ANA_INACCESSIBLE },
		{ NVME_ADMIN_GET_FEATURES, NVME_FID_KATO, NVME_NSID_ALL, 0 },
		{ NVME_ADMIN_GET_FEATURES, NVME_FID_KATO, 4, 0 },
		{ NVME_ADMIN_GET_FEATURES, NVME_FID_ERROR_RECOVERY, 4, NVME_SC_ANA_INACCESSIBLE },
		{ NVME_ADMIN_GET_FEATURES, NVME_FID_ERROR_RECOVERY, 1, 0 },
	};

	(void)state;
	w->view.ana = ana;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct fab_status st =
			send_feature(w, tries[i].opcode, tries[i].nsid, tries[i].fid, 5000, NULL)
				.st;

		assert_int_equal(st.code, tries[i].code);
		assert_false(st.dnr);
	}
	world_destroy(w);
}

/* Every row: each SEL answers, nothing saves, reserved bits are refused, and only its kind of controller has it. */
static void test_each_feature_row(void **state)
{
	const enum fab_ctrl_type types[] = { FAB_CT_IO, FAB_CT_DISC };
	unsigned int nr;
	const struct fab_feature *rows = fab_features(&nr);

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		struct world *w = world_connected(types[t], true);

		for (unsigned int i = 0; i < nr; i++) {
			const struct fab_feature *row = &rows[i];
			struct result r;

			if (!(row->ctrls & types[t])) {
				assert_int_equal(get(w, row->fid, 0).st.code,
						 NVME_SC_INVALID_FIELD);
				assert_int_equal(set(w, row->fid, 0).st.code,
						 NVME_SC_INVALID_FIELD);
				continue;
			}
			for (unsigned int sel = 0; sel <= NVME_SEL_SUPPORTED; sel++)
				assert_int_equal(get(w, row->fid, sel).st.code, 0);
			assert_int_equal(get(w, row->fid, NVME_SEL_SUPPORTED).dw0, row->caps);
			r = send_feature(w, NVME_ADMIN_SET_FEATURES, 0, row->fid | NVME_FEAT_SV, 0,
					 NULL);
			assert_int_equal(r.st.code, NVME_SC_FID_NOT_SAVEABLE);
			for (unsigned int bit = 0; bit < 32; bit++)
				if (row->rsvd11 >> bit & 1)
					assert_int_equal(set(w, row->fid, 1u << bit).st.err_loc,
							 44);
		}
		world_destroy(w);
	}
}

static void test_unknown_features_are_refused(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	assert_int_equal(get(w, 0, 0).st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(get(w, 0xff, 0).st.err_loc, 40);
	assert_int_equal(set(w, NVME_FID_HMB, 0).st.code, NVME_SC_INVALID_FIELD);
	world_destroy(w);
}

static void test_log_page_12h_lists_the_features_there_are(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct cmd *cmd = cmd_new(NVME_ADMIN_GET_LOG_PAGE);
	const uint32_t *fids;

	(void)state;
	cmd->req.cmd.cdw10 = htole32(NVME_LID_FEATURES | 255u << 16);
	cmd_send(w, &w->conn, cmd, NULL);
	fids = (const uint32_t *)(const void *)cmd->req.data;
	for (unsigned int fid = 0; fid < 256; fid++)
		assert_int_equal(le32toh(fids[fid]) & NVME_FIDS_FSUPP, !get(w, fid, 0).st.code);
	cmd_free(cmd);
	world_destroy(w);
}

static void test_namespace_ids(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct result r;

	(void)state;
	r = send_feature(w, NVME_ADMIN_SET_FEATURES, 1, NVME_FID_ARBITRATION, 0, NULL);
	assert_int_equal(r.st.code, NVME_SC_FID_NOT_PER_NS);
	r = send_feature(w, NVME_ADMIN_SET_FEATURES, NVME_NSID_ALL, NVME_FID_ARBITRATION, 0, NULL);
	assert_int_equal(r.st.code, 0);
	r = send_feature(w, NVME_ADMIN_GET_FEATURES, 1, NVME_FID_ARBITRATION, 0, NULL);
	assert_int_equal(r.st.code, 0); /* nvme get-feature /dev/nvme0n1 */
	r = send_feature(w, NVME_ADMIN_GET_FEATURES, 3, NVME_FID_ARBITRATION, 0, NULL);
	assert_int_equal(r.st.code, NVME_SC_INVALID_NS);
	world_destroy(w);
}

static void test_number_of_queues_grants_what_there_is(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	assert_int_equal(get(w, NVME_FID_NUM_QUEUES, 0).dw0, 7 | 7 << 16);
	assert_int_equal(set(w, NVME_FID_NUM_QUEUES, 127 | 127 << 16).dw0, 7 | 7 << 16);
	assert_int_equal(set(w, NVME_FID_NUM_QUEUES, 3 | 3 << 16).dw0, 3 | 3 << 16);
	assert_int_equal(fab_ctrl_ioq_add(w->ctrl, 5, 31, &w->io_conn).code, NVME_SC_CONNECT_PARAM);
	assert_int_equal(set(w, NVME_FID_NUM_QUEUES, 0xffff).st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(set(w, NVME_FID_NUM_QUEUES, 0xffffu << 16).st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(fab_ctrl_ioq_add(w->ctrl, 4, 31, &w->io_conn).code, 0);
	assert_int_equal(set(w, NVME_FID_NUM_QUEUES, 1 | 1 << 16).st.code, NVME_SC_CMD_SEQ_ERROR);
	world_destroy(w);
}

static void test_keep_alive_timer(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	assert_int_equal(get(w, NVME_FID_KATO, 0).dw0, 5000);
	assert_int_equal(set(w, NVME_FID_KATO, 14001).st.code, 0);
	assert_int_equal(get(w, NVME_FID_KATO, 0).dw0, 15000);
	assert_true(fab_ctrl_kato_ns(w->ctrl) == 15000000000ull);
	assert_int_equal(set(w, NVME_FID_KATO, 0).st.code, 0);
	assert_int_equal(fab_ctrl_kato_ns(w->ctrl), 0);
	assert_true(fab_ctrl_deadline(w->ctrl) == UINT64_MAX);
	world_destroy(w);
}

static void test_write_cache_stays_on(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	assert_int_equal(get(w, NVME_FID_VOLATILE_WC, 0).dw0, 1);
	assert_int_equal(set(w, NVME_FID_VOLATILE_WC, 1).st.code, 0);
	assert_int_equal(set(w, NVME_FID_VOLATILE_WC, 0).st.code, NVME_SC_FID_NOT_CHANGEABLE);
	world_destroy(w);
}

static void test_events_can_only_be_enabled_if_offered(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true), *d = world_connected(FAB_CT_DISC, true);
	struct fab_status st;

	(void)state;
	assert_int_equal(
		set(w, NVME_FID_ASYNC_EVENT, NVME_AEC_NS_ATTR | NVME_AEC_ANA | 0xff).st.code, 0);
	assert_true(fab_ctrl_event_enabled(w->ctrl, NVME_AEC_ANA));
	st = set(w, NVME_FID_ASYNC_EVENT, NVME_AEC_DISCOVERY).st;
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 44);
	assert_true(fab_ctrl_event_enabled(w->ctrl, NVME_AEC_ANA)); /* unharmed */
	assert_int_equal(set(d, NVME_FID_ASYNC_EVENT, NVME_AEC_DISCOVERY).st.code, 0);
	assert_int_equal(set(d, NVME_FID_ASYNC_EVENT, NVME_AEC_NS_ATTR).st.code,
			 NVME_SC_INVALID_FIELD);
	world_destroy(d);
	world_destroy(w);
}

static void test_timestamp_goes_on_from_what_the_host_set(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	const uint8_t ms[8] = { 0x00, 0x10, 0, 0, 0, 0x01 };
	struct result r;

	(void)state;
	r = get(w, NVME_FID_TIMESTAMP, 0);
	assert_int_equal(r.data[6], 0);
	r = send_feature(w, NVME_ADMIN_SET_FEATURES, 0, NVME_FID_TIMESTAMP, 0, ms);
	assert_int_equal(r.st.code, 0);
	w->now += 2500000000ull;
	r = get(w, NVME_FID_TIMESTAMP, 0);
	assert_int_equal(fab_le32(r.data), 0x1000 + 2500);
	assert_int_equal(r.data[5], 1);
	assert_int_equal(r.data[6], 2);
	world_destroy(w);
}

static void test_host_identifier_is_the_one_of_connect(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct result r = get(w, NVME_FID_HOST_ID, 0);

	(void)state;
	assert_memory_equal(r.data, fab_ctrl_hostid(w->ctrl), 16);
	r = send_feature(w, NVME_ADMIN_GET_FEATURES, 0, NVME_FID_HOST_ID, 0, NULL);
	assert_int_equal(r.st.code,
			 NVME_SC_INVALID_FIELD); /* 64-bit identifiers don't exist in fabrics */
	r = set(w, NVME_FID_HOST_ID, NVME_FEAT_HOST_ID_EXHID);
	assert_int_equal(r.st.code, NVME_SC_CMD_SEQ_ERROR);
	world_destroy(w);
}

static void test_temperature_thresholds_and_power_states(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct result r;

	(void)state;
	assert_int_equal(get(w, NVME_FID_TEMP_THRESH, 0).dw0, 0xffff);
	assert_int_equal(set(w, NVME_FID_TEMP_THRESH, 350).st.code, 0);
	assert_int_equal(set(w, NVME_FID_TEMP_THRESH, 270 | 1u << 20).st.code, 0);
	assert_int_equal(get(w, NVME_FID_TEMP_THRESH, 0).dw0, 350);
	r = send_feature(w, NVME_ADMIN_GET_FEATURES, 0, NVME_FID_TEMP_THRESH, 1u << 20, NULL);
	assert_int_equal(r.dw0, 270);
	r = send_feature(w, NVME_ADMIN_GET_FEATURES, 0,
			 NVME_FID_TEMP_THRESH | NVME_SEL_DEFAULT << 8, 1u << 20, NULL);
	assert_int_equal(r.dw0, 0);
	assert_int_equal(set(w, NVME_FID_TEMP_THRESH, 3u << 16).st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(set(w, NVME_FID_POWER_MGMT, 1).st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(set(w, NVME_FID_POWER_MGMT, 0x20).st.code, 0);
	assert_int_equal(set(w, NVME_FID_IOCS_PROFILE, 1).st.code, NVME_SC_IOCS_COMBINATION);
	world_destroy(w);
}

static void test_reset_brings_the_defaults_back(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);

	(void)state;
	set(w, NVME_FID_ASYNC_EVENT, NVME_AEC_NS_ATTR);
	set(w, NVME_FID_NUM_QUEUES, 1 | 1 << 16);
	property_set(w, NVME_REG_CC, 0);
	property_set(w, NVME_REG_CC, CC_ENABLE);
	assert_int_equal(get(w, NVME_FID_ASYNC_EVENT, 0).dw0, 0);
	assert_int_equal(get(w, NVME_FID_NUM_QUEUES, 0).dw0, 7 | 7 << 16);
	assert_int_equal(get(w, NVME_FID_KATO, 0).dw0, 5000); /* Connect's, not a feature default */
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sel_tells_current_default_saved_and_capabilities),
		cmocka_unit_test(test_features_by_ana_state),
		cmocka_unit_test(test_each_feature_row),
		cmocka_unit_test(test_unknown_features_are_refused),
		cmocka_unit_test(test_log_page_12h_lists_the_features_there_are),
		cmocka_unit_test(test_namespace_ids),
		cmocka_unit_test(test_number_of_queues_grants_what_there_is),
		cmocka_unit_test(test_keep_alive_timer),
		cmocka_unit_test(test_write_cache_stays_on),
		cmocka_unit_test(test_events_can_only_be_enabled_if_offered),
		cmocka_unit_test(test_timestamp_goes_on_from_what_the_host_set),
		cmocka_unit_test(test_host_identifier_is_the_one_of_connect),
		cmocka_unit_test(test_temperature_thresholds_and_power_states),
		cmocka_unit_test(test_reset_brings_the_defaults_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
