/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_identify.c - what hosts insist on in Identify, one by one, and each CNS value. */
#include "tests/unit/fabrics/fake.h"

static struct cmd *send_identify(struct world *w, uint32_t nsid, uint32_t cdw10, uint32_t cdw11)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_IDENTIFY);

	cmd->req.cmd.nsid = htole32(nsid);
	cmd->req.cmd.cdw10 = htole32(cdw10);
	cmd->req.cmd.cdw11 = htole32(cdw11);
	cmd_send(w, &w->conn, cmd, NULL);
	assert_true(cmd->done);
	return cmd;
}

/* The answer, 4096 bytes; the caller frees. */
static void *identify(struct world *w, uint32_t nsid, uint32_t cdw10)
{
	struct cmd *cmd = send_identify(w, nsid, cdw10, 0);
	void *data = malloc(4096);

	assert_int_equal(cmd->st.code, 0);
	assert_int_equal(cmd->req.out_len, 4096);
	memcpy(data, cmd->req.data, 4096);
	cmd_free(cmd);
	return data;
}

static uint16_t refusal(struct world *w, uint32_t nsid, uint32_t cdw10, uint32_t cdw11)
{
	struct cmd *cmd = send_identify(w, nsid, cdw10, cdw11);
	uint16_t code = cmd->st.code;

	cmd_free(cmd);
	return code;
}

/* ---- Identify Controller, a test for each fact that makes or breaks a Linux host ---- */

static struct world *io_world;
static struct nvme_id_ctrl *io_id;

static int io_setup(void **state)
{
	(void)state;
	io_world = world_connected(FAB_CT_IO, true);
	io_id = identify(io_world, 0, NVME_CNS_CTRL);
	return 0;
}

static int io_teardown(void **state)
{
	(void)state;
	free(io_id);
	world_destroy(io_world);
	return 0;
}

static void test_cntlid_is_the_one_of_connect(void **state)
{
	(void)state;
	assert_int_equal(le16toh(io_id->cntlid), 0x0123);
}

static void test_cmic_tells_many_controllers_and_ana(void **state)
{
	(void)state;
	assert_true(io_id->cmic & NVME_CMIC_MULTI_CTRL);
	assert_true(io_id->cmic & NVME_CMIC_MULTI_PORT);
	assert_true(io_id->cmic & NVME_CMIC_ANA);
}

static void test_maxcmd_is_the_largest_queue(void **state)
{
	(void)state;
	assert_int_equal(le16toh(io_id->maxcmd), io_world->pers.mqes + 1);
}

static void test_kas_is_one_second(void **state)
{
	(void)state;
	assert_int_equal(le16toh(io_id->kas), 10);
	assert_true(le32toh(io_id->ctratt) & NVME_CTRATT_TBKAS);
}

static void test_capsule_sizes_in_units_of_16_bytes(void **state)
{
	(void)state;
	assert_int_equal(le32toh(io_id->ioccsz), (64 + 8192) / 16);
	assert_int_equal(le32toh(io_id->iorcsz), 1);
	assert_int_equal(le16toh(io_id->icdoff), 0);
	assert_int_equal(io_id->msdbd, 1);
}

static void test_cntrltype_and_dctype(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, true);
	struct nvme_id_ctrl *id = identify(w, 0, NVME_CNS_CTRL);

	(void)state;
	assert_int_equal(io_id->cntrltype, NVME_CNTRLTYPE_IO);
	assert_int_equal(((uint8_t *)io_id)[111], 1);
	assert_int_equal(((uint8_t *)id)[111], 2);
	assert_int_equal(((uint8_t *)id)[1806], 0);
	assert_true(le32toh(id->oaes) & NVME_AEC_DISCOVERY);
	free(id);
	world_destroy(w);
}

static void test_lpa_tells_effects_extended_data_and_supported_pages(void **state)
{
	(void)state;
	assert_int_equal(io_id->lpa & (NVME_LPA_EFFECTS | NVME_LPA_EXTENDED | NVME_LPA_SUPPORTED),
			 NVME_LPA_EFFECTS | NVME_LPA_EXTENDED | NVME_LPA_SUPPORTED);
	assert_false(io_id->lpa & NVME_LPA_SMART_PER_NS);
}

static void test_mnan_and_nanagrpid_size_the_hosts_ana_buffer(void **state)
{
	(void)state;
	assert_int_equal(le32toh(io_id->mnan), 1024);
	assert_int_equal(le32toh(io_id->nn), 1024);
	assert_int_equal(le32toh(io_id->nanagrpid), FAB_ANA_GROUPS);
	assert_int_equal(le32toh(io_id->anagrpmax), FAB_ANA_GROUPS);
	/* Linux turns ANA off if the log could exceed MDTS. */
	assert_true(16 + le32toh(io_id->nanagrpid) * 32 + le32toh(io_id->mnan) * 4 <=
		    4096u << io_id->mdts);
}

static void test_sgls_and_queue_entry_sizes(void **state)
{
	(void)state;
	assert_int_not_equal(le32toh(io_id->sgls) & 3, 0);
	assert_true(le32toh(io_id->sgls) & NVME_SGLS_OFFSET);
	assert_true(le32toh(io_id->sgls) & NVME_SGLS_TRANSPORT);
	assert_int_equal(io_id->sqes, 0x66);
	assert_int_equal(io_id->cqes, 0x44);
}

static void test_version_and_optional_commands(void **state)
{
	(void)state;
	assert_int_equal(le32toh(io_id->ver), 0x20100);
	assert_int_equal(le16toh(io_id->oncs), NVME_ONCS_COMPARE | NVME_ONCS_DSM |
						       NVME_ONCS_WRITE_ZEROES |
						       NVME_ONCS_SAVE_SELECT | NVME_ONCS_TIMESTAMP);
}

static void test_names_are_padded_with_spaces(void **state)
{
	(void)state;
	assert_memory_equal(io_id->sn, "PH0001              ", 20);
	assert_memory_equal(io_id->mn, "Pharos                                  ", 40);
	assert_memory_equal(io_id->fr, "0.1     ", 8);
	assert_string_equal(io_id->subnqn, SUB_NQN);
	assert_int_equal(io_id->ieee[2], 3);
}

static void set_rab(struct fab_ctrl *ctrl, struct nvme_id_ctrl *id)
{
	(void)ctrl;
	id->rab = 6;
}

static void test_the_personality_has_the_last_word(void **state)
{
	struct nvme_id_ctrl *id;

	(void)state;
	io_world->pers.identify_ctrl = set_rab;
	id = identify(io_world, 0, NVME_CNS_CTRL);
	assert_int_equal(id->rab, 6);
	io_world->pers.identify_ctrl = NULL;
	free(id);
}

/* ---- namespaces ---- */

static void test_capacity_is_not_told_where_the_data_cannot_be_got_at(void **state)
{
	static const uint8_t ana[FAB_ANA_GROUPS + 1] = { 0, NVME_ANA_INACCESSIBLE };
	struct nvme_id_ns *id;

	(void)state;
	io_world->view.ana = ana;
	id = identify(io_world, 2, NVME_CNS_NS);
	io_world->view.ana = NULL;
	assert_int_equal(le64toh(id->nsze), 4096);
	assert_int_equal(le64toh(id->ncap), 4096); /* 0: hosts take it for gone */
	assert_int_equal(le64toh(id->nuse), 0);
	assert_int_equal(fab_le64(id->nvmcap), 0);
	free(id);
}

static void test_identify_namespace(void **state)
{
	struct nvme_id_ns *id = identify(io_world, 2, NVME_CNS_NS);

	(void)state;
	assert_int_equal(le64toh(id->nsze), 4096);
	assert_int_equal(le64toh(id->ncap), 4096);
	assert_int_equal(id->nmic & NVME_NMIC_SHARED,
			 NVME_NMIC_SHARED); /* or the second path is refused */
	assert_int_equal(id->nlbaf, 0);
	assert_int_equal(id->lbaf[0].lbads, 9);
	assert_int_equal(le32toh(id->anagrpid), 1);
	assert_int_equal(le16toh(id->nawun), 7);
	assert_int_equal(le16toh(id->nawupf),
			 0); /* a crash may tear what a reader never sees torn */
	assert_int_equal(le16toh(id->npwg), 7);
	assert_int_equal(fab_le64(id->nvmcap), 4096 * 512);
	assert_memory_equal(id->nguid, io_world->ns[1].nguid, 16);
	assert_memory_equal(id->eui64, io_world->ns[1].eui64, 8);
	assert_int_equal(id->dlfeat, NVME_DLFEAT_READ_ZERO | NVME_DLFEAT_WZ_DEAC);
	assert_int_equal(id->nsattr, 0);
	free(id);
}

static void test_inactive_namespace_is_all_zero_and_an_invalid_one_an_error(void **state)
{
	static const uint8_t zeroes[4096];
	const uint8_t cns[] = { NVME_CNS_NS, NVME_CNS_CSI_NS, NVME_CNS_INDEPENDENT_NS,
				NVME_CNS_ALLOCATED_NS };

	(void)state;
	for (size_t i = 0; i < sizeof(cns); i++) {
		void *id = identify(io_world, 3, cns[i]);

		assert_memory_equal(id, zeroes, sizeof(zeroes));
		free(id);
		assert_int_equal(refusal(io_world, 0, cns[i], 0), NVME_SC_INVALID_NS);
		assert_int_equal(refusal(io_world, 1025, cns[i], 0), NVME_SC_INVALID_NS);
		assert_int_equal(refusal(io_world, NVME_NSID_ALL, cns[i], 0), NVME_SC_INVALID_NS);
	}
	assert_int_equal(refusal(io_world, 3, NVME_CNS_NS_DESC, 0), NVME_SC_INVALID_NS);
}

static void test_active_namespaces_after_an_nsid(void **state)
{
	const uint8_t cns[] = { NVME_CNS_ACTIVE_NS_LIST, NVME_CNS_CSI_ACTIVE_NS_LIST,
				NVME_CNS_ALLOCATED_NS_LIST, NVME_CNS_CSI_ALLOCATED_NS_LIST };

	(void)state;
	for (size_t i = 0; i < sizeof(cns); i++) {
		struct nvme_ns_list *list = identify(io_world, 0, cns[i]);

		assert_int_equal(le32toh(list->nsid[0]), 1);
		assert_int_equal(le32toh(list->nsid[1]), 2);
		assert_int_equal(le32toh(list->nsid[2]), 4);
		assert_int_equal(le32toh(list->nsid[3]), 0);
		free(list);
		list = identify(io_world, 2, cns[i]);
		assert_int_equal(le32toh(list->nsid[0]), 4);
		free(list);
		list = identify(io_world, NVME_NSID_ALL - 2, cns[i]);
		assert_int_equal(list->nsid[0], 0);
		free(list);
		assert_int_equal(refusal(io_world, NVME_NSID_ALL - 1, cns[i], 0),
				 NVME_SC_INVALID_NS);
	}
}

/* CAP.CSS offers several command sets, so the CSI descriptor must be there. */
static void test_namespace_descriptors_end_with_the_command_set(void **state)
{
	uint8_t *d = identify(io_world, 1, NVME_CNS_NS_DESC);

	(void)state;
	assert_int_equal(d[0], NVME_NIDT_UUID);
	assert_int_equal(d[1], 16);
	assert_memory_equal(d + 4, io_world->ns[0].uuid, 16);
	assert_int_equal(d[20], NVME_NIDT_NGUID);
	assert_memory_equal(d + 24, io_world->ns[0].nguid, 16);
	assert_int_equal(d[40], NVME_NIDT_EUI64);
	assert_int_equal(d[41], 8);
	assert_int_equal(d[52], NVME_NIDT_CSI);
	assert_int_equal(d[53], 1);
	assert_int_equal(d[56], NVME_CSI_NVM);
	assert_int_equal(d[57], 0);
	free(d);
}

static void test_command_set_data(void **state)
{
	struct nvme_id_ns_indep *indep = identify(io_world, 4, NVME_CNS_INDEPENDENT_NS);
	struct nvme_id_ctrl_nvm *ctrl = identify(io_world, 0, NVME_CNS_CSI_CTRL);
	struct nvme_id_iocs *iocs = identify(io_world, 0, NVME_CNS_COMMAND_SETS | 0xffffu << 16);

	(void)state;
	assert_int_equal(indep->nmic, NVME_NMIC_SHARED);
	assert_int_equal(le32toh(indep->anagrpid), 2);
	assert_int_equal(indep->nstat, NVME_NSTAT_NRDY);
	assert_int_equal(ctrl->wzsl, 8); /* 2048 blocks of 512 = 1 MiB = 4 KiB << 8 */
	assert_int_equal(ctrl->dmrl, 64);
	assert_int_equal(le32toh(ctrl->dmrsl), 65536);
	assert_int_equal(le64toh(ctrl->dmsl), 65536 * 64);
	assert_int_equal(le64toh(iocs->vector[0]), 1);
	assert_int_equal(iocs->vector[1], 0);
	free(indep);
	free(ctrl);
	free(iocs);
}

static void test_unknown_command_set_and_cns_are_refused(void **state)
{
	(void)state;
	assert_int_equal(refusal(io_world, 0, NVME_CNS_CSI_CTRL, 2u << 24), NVME_SC_INVALID_IOCS);
	assert_int_equal(refusal(io_world, 1, NVME_CNS_CSI_NS, 1u << 24), NVME_SC_INVALID_IOCS);
	assert_int_equal(refusal(io_world, 0, NVME_CNS_NVM_SET_LIST, 0), NVME_SC_INVALID_FIELD);
	assert_int_equal(refusal(io_world, 0, 0xff, 0), NVME_SC_INVALID_FIELD);
	assert_int_equal(refusal(io_world, 0, NVME_CNS_CTRL | 1u << 16, 0), NVME_SC_INVALID_FIELD);
	assert_int_equal(refusal(io_world, 1, NVME_CNS_CTRL, 0), NVME_SC_INVALID_FIELD);
}

static unsigned int some_ctrls(struct fab_ctrl *ctrl, uint32_t nsid, uint16_t from, uint16_t *ids,
			       unsigned int max)
{
	unsigned int nr = 0;

	(void)ctrl;
	for (uint16_t id = nsid ? 20 : 10; id < 30 && nr < max; id++)
		if (id >= from)
			ids[nr++] = id;
	return nr;
}

static void test_controller_lists(void **state)
{
	struct nvme_ctrl_list *list = identify(io_world, 0, NVME_CNS_CTRL_LIST);

	(void)state;
	assert_int_equal(le16toh(list->num), 1); /* at least itself */
	assert_int_equal(le16toh(list->cntlid[0]), 0x0123);
	free(list);
	list = identify(io_world, 0, NVME_CNS_CTRL_LIST | 0x0124u << 16);
	assert_int_equal(list->num, 0);
	free(list);
	io_world->pers.ctrl_list = some_ctrls;
	list = identify(io_world, 1, NVME_CNS_NS_CTRL_LIST | 25u << 16);
	assert_int_equal(le16toh(list->num), 5);
	assert_int_equal(le16toh(list->cntlid[0]), 25);
	free(list);
	io_world->pers.ctrl_list = NULL;
}

static void test_discovery_controller_answers_only_identify_controller(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, true);
	struct nvme_id_ctrl *id = identify(w, 0, NVME_CNS_CTRL);

	(void)state;
	assert_int_equal(id->nn, 0);
	assert_int_equal(id->lpa & NVME_LPA_EFFECTS, 0);
	for (unsigned int cns = 0; cns < 256; cns++)
		if (cns != NVME_CNS_CTRL)
			assert_int_equal(refusal(w, cns == NVME_CNS_NS, cns, 0),
					 NVME_SC_INVALID_FIELD);
	free(id);
	world_destroy(w);
}

static void test_without_a_buffer_the_command_waits_for_one(void **state)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_IDENTIFY);

	(void)state;
	io_world->no_memory = true;
	cmd->req.cmd.cdw10 = htole32(NVME_CNS_CTRL);
	cmd_send(io_world, &io_world->conn, cmd, NULL);
	assert_true(cmd->waits);
	assert_false(cmd->done);
	io_world->no_memory = false;
	fab_req_get_buf(&cmd->req, cmd->req.len);
	io_world->conn.ops->execute(&cmd->req);
	assert_true(cmd->done);
	assert_int_equal(cmd->st.code, 0);
	assert_memory_equal(cmd->req.data, io_id, 4096);
	cmd_free(cmd);
}

static void test_a_namespace_that_goes_while_its_identify_waits_is_invalid(void **state)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_IDENTIFY);

	(void)state;
	io_world->no_memory = true;
	cmd->req.cmd.nsid = htole32(4);
	cmd->req.cmd.cdw10 = htole32(NVME_CNS_NS_DESC);
	cmd_send(io_world, &io_world->conn, cmd, NULL);
	assert_true(cmd->waits);
	io_world->no_memory = false;
	io_world->slot[3] = NULL;
	fab_req_get_buf(&cmd->req, cmd->req.len);
	io_world->conn.ops->execute(&cmd->req);
	assert_int_equal(cmd->st.code, NVME_SC_INVALID_NS);
	assert_int_equal(cmd->req.out_len, 0);
	io_world->slot[3] = &io_world->ns[3];
	cmd_free(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cntlid_is_the_one_of_connect),
		cmocka_unit_test(test_cmic_tells_many_controllers_and_ana),
		cmocka_unit_test(test_maxcmd_is_the_largest_queue),
		cmocka_unit_test(test_kas_is_one_second),
		cmocka_unit_test(test_capsule_sizes_in_units_of_16_bytes),
		cmocka_unit_test(test_cntrltype_and_dctype),
		cmocka_unit_test(test_lpa_tells_effects_extended_data_and_supported_pages),
		cmocka_unit_test(test_mnan_and_nanagrpid_size_the_hosts_ana_buffer),
		cmocka_unit_test(test_sgls_and_queue_entry_sizes),
		cmocka_unit_test(test_version_and_optional_commands),
		cmocka_unit_test(test_names_are_padded_with_spaces),
		cmocka_unit_test(test_the_personality_has_the_last_word),
		cmocka_unit_test(test_capacity_is_not_told_where_the_data_cannot_be_got_at),
		cmocka_unit_test(test_identify_namespace),
		cmocka_unit_test(test_inactive_namespace_is_all_zero_and_an_invalid_one_an_error),
		cmocka_unit_test(test_active_namespaces_after_an_nsid),
		cmocka_unit_test(test_namespace_descriptors_end_with_the_command_set),
		cmocka_unit_test(test_command_set_data),
		cmocka_unit_test(test_unknown_command_set_and_cns_are_refused),
		cmocka_unit_test(test_controller_lists),
		cmocka_unit_test(test_discovery_controller_answers_only_identify_controller),
		cmocka_unit_test(test_without_a_buffer_the_command_waits_for_one),
		cmocka_unit_test(test_a_namespace_that_goes_while_its_identify_waits_is_invalid),
	};

	return cmocka_run_group_tests(tests, io_setup, io_teardown);
}
