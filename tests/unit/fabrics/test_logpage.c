/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_logpage.c - log pages: what they hold, any part of them, and what is refused. */
#include "tests/unit/fabrics/fake.h"

struct args {
	uint8_t lid, lsp;
	bool rae;
	uint32_t len, nsid, cdw14;
	uint64_t off;
};

static struct cmd *send_log(struct world *w, struct args a)
{
	struct cmd *cmd = cmd_new(NVME_ADMIN_GET_LOG_PAGE);
	uint32_t numd = a.len / 4 - 1;

	cmd->req.cmd.nsid = htole32(a.nsid);
	cmd->req.cmd.cdw10 =
		htole32(a.lid | a.lsp << 8 | (a.rae ? NVME_LOG_RAE : 0) | (numd & 0xffff) << 16);
	cmd->req.cmd.cdw11 = htole32(numd >> 16);
	cmd->req.cmd.cdw12 = htole32((uint32_t)a.off);
	cmd->req.cmd.cdw13 = htole32((uint32_t)(a.off >> 32));
	cmd->req.cmd.cdw14 = htole32(a.cdw14);
	cmd_send(w, &w->conn, cmd, NULL);
	assert_true(cmd->done);
	return cmd;
}

static void *read_log(struct world *w, struct args a)
{
	struct cmd *cmd = send_log(w, a);
	void *data = malloc(a.len);

	assert_int_equal(cmd->st.code, 0);
	assert_int_equal(cmd->req.out_len, a.len);
	memcpy(data, cmd->req.data, a.len);
	cmd_free(cmd);
	return data;
}

static struct fab_status refusal(struct world *w, struct args a)
{
	struct cmd *cmd = send_log(w, a);
	struct fab_status st = cmd->st;

	cmd_free(cmd);
	return st;
}

static void test_supported_pages_are_those_that_answer(void **state)
{
	const enum fab_ctrl_type types[] = { FAB_CT_IO, FAB_CT_DISC };

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		struct world *w = world_connected(types[t], true);
		uint32_t *lids =
			read_log(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = 1024 });

		for (unsigned int lid = 0; lid < 256; lid++) {
			if (lid == NVME_LID_DISCOVERY)
				continue;
			if (le32toh(lids[lid]) & NVME_LIDS_LSUPP)
				free(read_log(w, (struct args){ .lid = lid, .len = 64 }));
			else
				assert_int_equal(
					refusal(w, (struct args){ .lid = lid, .len = 64 }).code,
					NVME_SC_INVALID_LOG_PAGE);
		}
		assert_int_equal(le32toh(lids[NVME_LID_DISCOVERY]), t == 1);
		assert_int_equal(le32toh(lids[NVME_LID_ANA]), t == 0);
		free(lids);
		world_destroy(w);
	}
}

static uint8_t seen_lsp;

static struct fab_status note_lsp(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp, uint64_t off,
				  void *buf, uint32_t len)
{
	(void)ctrl;
	(void)lid;
	(void)off;
	memset(buf, 0, len);
	seen_lsp = lsp;
	return FAB_OK;
}

static bool is_local;

static bool port_local(const struct fab_ctrl *ctrl)
{
	(void)ctrl;
	return is_local;
}

static void test_port_local_entries_are_offered_where_there_are_some(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, true);
	uint32_t *lids;

	(void)state;
	w->pers.disc_lids = NVME_LIDS_DISC_EXTDLPES | NVME_LIDS_DISC_PLEOS;
	w->pers.port_local = port_local;
	w->pers.discovery_log = note_lsp;
	for (int i = 0; i < 2; i++) {
		is_local = i;
		lids = read_log(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = 1024 });
		assert_int_equal(le32toh(lids[NVME_LID_DISCOVERY]),
				 NVME_LIDS_LSUPP | (i ? 3u : 1u) << 16);
		free(lids);
		free(read_log(w, (struct args){ .lid = NVME_LID_DISCOVERY, .lsp = 2, .len = 64 }));
		assert_int_equal(seen_lsp, i ? 2 : 0);
	}
	world_destroy(w);
}

static void test_only_offered_log_specific_parameters_reach_the_discovery_log(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, true);
	uint32_t *lids;

	(void)state;
	w->pers.disc_lids = NVME_LIDS_DISC_EXTDLPES | NVME_LIDS_DISC_ALLSUBES;
	w->pers.discovery_log = note_lsp;
	lids = read_log(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = 1024 });
	assert_int_equal(le32toh(lids[NVME_LID_DISCOVERY]), NVME_LIDS_LSUPP | 5u << 16);
	free(lids);
	free(read_log(w, (struct args){ .lid = NVME_LID_DISCOVERY, .lsp = 0x7f, .len = 1024 }));
	assert_int_equal(seen_lsp, 5);
	free(read_log(w, (struct args){ .lid = NVME_LID_DISCOVERY, .lsp = 2, .len = 1024 }));
	assert_int_equal(seen_lsp, 0);
	assert_int_equal(
		refusal(w, (struct args){ .lid = NVME_LID_HOST_DISCOVERY, .len = 64 }).code,
		NVME_SC_INVALID_LOG_PAGE);
	w->pers.host_disc_lids = NVME_LIDS_LSUPP | NVME_LIDS_HOST_DISC_ALLHOSTES;
	lids = read_log(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = 1024 });
	assert_int_equal(le32toh(lids[NVME_LID_HOST_DISCOVERY]), NVME_LIDS_LSUPP | 1u << 16);
	free(lids);
	free(read_log(w, (struct args){ .lid = NVME_LID_HOST_DISCOVERY, .lsp = 0x7f, .len = 64 }));
	assert_int_equal(seen_lsp, 1);
	world_destroy(w);
}

static void test_error_log_tells_the_parameter_at_fault_newest_first(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct nvme_log_error *log;

	(void)state;
	fab_ctrl_log_error(w->ctrl, 0, 7, FAB_ERR_AT(NVME_SC_INVALID_FIELD, NVME_PEL(41, 3)), 0, 0);
	fab_ctrl_log_error(w->ctrl, 2, 8, FAB_ERR(NVME_SC_LBA_RANGE), 0x123456789, 4);
	log = read_log(w, (struct args){ .lid = NVME_LID_ERROR, .len = 4096 });
	assert_int_equal(le64toh(log[0].errcnt), 2);
	assert_int_equal(le16toh(log[0].sqid), 2);
	assert_int_equal(log[0].cid, 8);
	assert_int_equal(le32toh(log[0].nsid), 4);
	assert_true(le64toh(log[0].lba) == 0x123456789);
	assert_int_equal(le16toh(log[0].pel), NVME_PEL_NONE);
	assert_int_equal(NVME_CQE_STATUS_CODE(le16toh(log[0].status)), NVME_SC_LBA_RANGE);
	assert_true(le16toh(log[0].status) & NVME_CQE_DNR);
	assert_int_equal(le64toh(log[1].errcnt), 1);
	assert_int_equal(le16toh(log[1].pel), 41 | 3 << 8);
	assert_int_equal(le64toh(log[2].errcnt), 0);
	free(log);
	world_destroy(w);
}

static void test_error_log_keeps_the_last_64(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct nvme_log_error *log;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		fab_ctrl_log_error(w->ctrl, 0, i, FAB_ERR(NVME_SC_INVALID_FIELD), 0, 0);
	log = read_log(w, (struct args){ .lid = NVME_LID_ERROR, .len = 4096 });
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(le64toh(log[i].errcnt), 100 - i);
	free(log);
	world_destroy(w);
}

static void count_io(struct fab_ctrl *ctrl, uint32_t nsid, struct fab_smart *ret)
{
	(void)ctrl;
	(void)nsid;
	*ret = (struct fab_smart){ .data_units_read = 1001,
				   .data_units_written = 5000,
				   .host_reads = 11,
				   .host_writes = 22,
				   .busy_us = 180000000,
				   .power_on_seconds = 7200,
				   .power_cycles = 3,
				   .unsafe_shutdowns = 2,
				   .media_errors = 1,
				   .critical_warning = 8 };
}

static void test_smart_has_the_real_counters(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct nvme_log_smart *log;

	(void)state;
	w->pers.smart = count_io;
	fab_ctrl_log_error(w->ctrl, 0, 1, FAB_ERR(NVME_SC_INVALID_FIELD), 0, 0);
	log = read_log(w,
		       (struct args){ .lid = NVME_LID_SMART, .len = 512, .nsid = NVME_NSID_ALL });
	assert_int_equal(log->cw, 8);
	assert_int_equal(fab_le64(log->dur), 2); /* thousands, rounded up */
	assert_int_equal(fab_le64(log->duw), 5);
	assert_int_equal(fab_le64(log->hrc), 11);
	assert_int_equal(fab_le64(log->hwc), 22);
	assert_int_equal(fab_le64(log->cbt), 3);
	assert_int_equal(fab_le64(log->pwrc), 3);
	assert_int_equal(fab_le64(log->poh), 2);
	assert_int_equal(fab_le64(log->upl), 2);
	assert_int_equal(fab_le64(log->mdie), 1);
	assert_int_equal(fab_le64(log->neile), 1);
	free(log);
	world_destroy(w);
}

static void test_firmware_slot(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct nvme_log_fw_slot *log =
		read_log(w, (struct args){ .lid = NVME_LID_FW_SLOT, .len = 512 });

	(void)state;
	assert_int_equal(log->afi, 1);
	assert_memory_equal(log->frs[0], "0.1     ", 8);
	free(log);
	world_destroy(w);
}

static void test_effects_come_from_the_tables(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct nvme_log_effects *log =
		read_log(w, (struct args){ .lid = NVME_LID_EFFECTS, .len = 4096 });

	(void)state;
	for (unsigned int opc = 0; opc < 256; opc++) {
		assert_int_equal(le32toh(log->acs[opc]) & NVME_EFF_CSUPP,
				 !!fab_admin_cmd_find(w->ctrl, opc));
		assert_int_equal(le32toh(log->iocs[opc]), fake_io_effects[opc]);
	}
	free(log);
	assert_int_equal(
		refusal(w, (struct args){ .lid = NVME_LID_EFFECTS, .len = 64, .cdw14 = 2u << 24 })
			.code,
		NVME_SC_INVALID_IOCS);
	world_destroy(w);
}

/* ---- changed namespaces ---- */

static struct fab_view *second_view(struct fab_ns **slot, uint32_t nr)
{
	static struct fab_view view;

	view = (struct fab_view){ .refs = 1, .nr_slots = nr, .slot = slot, .destroy = keep_view };
	return &view;
}

static void test_changed_namespaces_are_listed_once_and_sorted_until_read(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct fab_ns grown = w->ns[1], added = w->ns[0];
	struct fab_ns *slot[5] = { &w->ns[0], &grown, NULL, NULL,
				   &added }; /* 2 grows, 4 goes, 5 comes */
	struct nvme_ns_list *list;

	(void)state;
	grown.nr_blocks *= 2;
	added.nsid = 5;
	fab_ctrl_set_view(w->ctrl, second_view(slot, 5));
	assert_ptr_equal(fab_ctrl_view(w->ctrl)->slot, slot);
	for (int keep = 1; keep >= 0; keep--) { /* first with RAE: nothing is forgotten */
		list = read_log(
			w, (struct args){ .lid = NVME_LID_CHANGED_NS, .len = 4096, .rae = keep });
		assert_int_equal(le32toh(list->nsid[0]), 2);
		assert_int_equal(le32toh(list->nsid[1]), 4);
		assert_int_equal(le32toh(list->nsid[2]), 5);
		assert_int_equal(le32toh(list->nsid[3]), 0);
		free(list);
	}
	list = read_log(w, (struct args){ .lid = NVME_LID_CHANGED_NS, .len = 4096 });
	assert_int_equal(list->nsid[0], 0);
	free(list);
	world_destroy(w);
}

static void test_more_changes_than_the_list_holds(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct fab_ns *slot[1030];
	struct nvme_ns_list *list;

	(void)state;
	for (unsigned int i = 0; i < 1030; i++)
		slot[i] = &w->ns[0];
	fab_ctrl_set_view(w->ctrl, second_view(slot, 1030));
	list = read_log(w, (struct args){ .lid = NVME_LID_CHANGED_NS, .len = 4096 });
	assert_int_equal(le32toh(list->nsid[0]), NVME_NSID_ALL);
	assert_int_equal(list->nsid[1], 0);
	free(list);
	world_destroy(w);
}

/* ---- ANA ---- */

/* NSIDs 1 and 2 in group 1, which is optimized; 4 in group 2. */
static const uint8_t second_inaccessible[FAB_ANA_GROUPS + 1] = { 0, NVME_ANA_OPTIMIZED,
								 NVME_ANA_INACCESSIBLE,
								 NVME_ANA_NON_OPTIMIZED };

static uint8_t *read_ana(struct world *w, uint8_t lsp)
{
	return read_log(w, (struct args){ .lid = NVME_LID_ANA, .len = 128, .lsp = lsp });
}

static void test_ana_log_lists_groups_and_their_namespaces(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	uint8_t *log;

	(void)state;
	w->view.ana = second_inaccessible;
	log = read_ana(w, 0);
	assert_int_equal(fab_le64(log), 0);
	assert_int_equal(fab_le16(log + 8), 2);
	assert_int_equal(fab_le32(log + 16), 1);
	assert_int_equal(fab_le32(log + 20), 2);
	assert_int_equal(fab_le64(log + 24), 0);
	assert_int_equal(log[32], NVME_ANA_OPTIMIZED);
	assert_int_equal(fab_le32(log + 48), 1);
	assert_int_equal(fab_le32(log + 52), 2);
	assert_int_equal(fab_le32(log + 56), 2);
	assert_int_equal(fab_le32(log + 60), 1);
	assert_int_equal(log[72], NVME_ANA_INACCESSIBLE);
	assert_int_equal(fab_le32(log + 88), 4);
	free(log);
	log = read_ana(w, NVME_ANA_LSP_RGO);
	assert_int_equal(fab_le16(log + 8), 2);
	assert_int_equal(fab_le32(log + 20), 0);
	assert_int_equal(fab_le32(log + 48), 2); /* the second group follows at once */
	assert_int_equal(log[64], NVME_ANA_INACCESSIBLE);
	free(log);
	w->pers.max_ana_groups = 0;
	assert_int_equal(refusal(w, (struct args){ .lid = NVME_LID_ANA, .len = 64 }).code,
			 NVME_SC_INVALID_LOG_PAGE);
	world_destroy(w);
}

/* How often the log, group 1 and group 2 have changed; the states that are told. */
static void expect_ana(struct world *w, uint64_t all, const uint64_t of[2], const uint8_t states[2])
{
	uint8_t *log = read_ana(w, NVME_ANA_LSP_RGO);

	assert_int_equal(fab_le64(log), all);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fab_le64(log + 24 + 32 * i), of[i]);
		assert_int_equal(log[32 + 32 * i], states[i]);
	}
	free(log);
}

static void test_ana_changes_are_counted_by_group_until_a_reset(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	struct fab_view *view;
	struct nvme_ns_list *list;
	struct fab_ns moved = w->ns[1];
	struct fab_ns *slot[4] = { &w->ns[0], &moved, NULL, &w->ns[3] };

	(void)state;
	expect_ana(w, 0, (uint64_t[]){ 0, 0 },
		   (uint8_t[]){ NVME_ANA_OPTIMIZED, NVME_ANA_OPTIMIZED });
	view = second_view(w->slot,
			   4); /* group 2 by another state; 3, which nobody is in, doesn't count */
	view->ana = second_inaccessible;
	fab_ctrl_set_view(w->ctrl, view);
	expect_ana(w, 1, (uint64_t[]){ 0, 1 },
		   (uint8_t[]){ NVME_ANA_OPTIMIZED, NVME_ANA_INACCESSIBLE });
	moved.anagrpid =
		2; /* a namespace from the one to the other, which is no change of the namespace itself */
	w->view.slot = slot;
	w->view.ana = second_inaccessible;
	fab_ctrl_set_view(w->ctrl, &w->view);
	expect_ana(w, 2, (uint64_t[]){ 1, 2 },
		   (uint8_t[]){ NVME_ANA_OPTIMIZED, NVME_ANA_INACCESSIBLE });
	list = read_log(w, (struct args){ .lid = NVME_LID_CHANGED_NS, .len = 4096 });
	assert_int_equal(list->nsid[0], 0);
	free(list);
	property_set(w, NVME_REG_CC, 0);
	property_set(w, NVME_REG_CC, CC_ENABLE);
	expect_ana(w, 0, (uint64_t[]){ 0, 0 },
		   (uint8_t[]){ NVME_ANA_OPTIMIZED, NVME_ANA_INACCESSIBLE });
	world_destroy(w);
}

/* ---- offset, length, scope ---- */

static void test_any_part_of_a_page_equals_that_part_of_the_whole(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	const struct {
		uint8_t lid;
		uint32_t size;
	} pages[] = { { NVME_LID_SUPPORTED, 1024 }, { NVME_LID_ERROR, 4096 },
		      { NVME_LID_SMART, 512 },	    { NVME_LID_FW_SLOT, 512 },
		      { NVME_LID_EFFECTS, 4096 },   { NVME_LID_FEATURES, 1024 },
		      { NVME_LID_ANA, 92 } };

	(void)state;
	w->pers.smart = count_io;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		uint8_t *whole = read_log(
			w, (struct args){ .lid = pages[i].lid, .len = pages[i].size + 64 });

		for (uint32_t off = 0; off <= pages[i].size; off += 44) {
			uint8_t *part = read_log(
				w, (struct args){ .lid = pages[i].lid, .len = 64, .off = off });
			uint32_t n = pages[i].size + 64 - off < 64 ? pages[i].size + 64 - off : 64;

			assert_memory_equal(part, whole + off, n);
			free(part);
		}
		free(whole);
		/* Up to its end is fine, past it is not. */
		free(read_log(
			w, (struct args){ .lid = pages[i].lid, .len = 4, .off = pages[i].size }));
		assert_int_equal(refusal(w, (struct args){ .lid = pages[i].lid,
							   .len = 4,
							   .off = pages[i].size + 4 })
					 .code,
				 NVME_SC_INVALID_FIELD);
		assert_int_equal(refusal(w, (struct args){ .lid = pages[i].lid,
							   .len = 4,
							   .off = UINT64_MAX - 3 })
					 .code,
				 NVME_SC_INVALID_FIELD);
	}
	world_destroy(w);
}

static void test_length_is_held_to_mdts_and_offset_to_dwords(void **state)
{
	struct world *w = world_connected(FAB_CT_IO, true);
	const uint32_t mdts = 4096u << w->pers.mdts;
	struct fab_status st;

	(void)state;
	free(read_log(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = mdts }));
	st = refusal(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = mdts + 4 });
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 42);
	w->pers.mdts = 0; /* "no limit" has one all the same: the host chooses what we allocate */
	st = refusal(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = 0xfffffffc });
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	st = refusal(w, (struct args){ .lid = NVME_LID_SUPPORTED, .len = 64, .off = 2 });
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 48);
	st = refusal(w,
		     (struct args){ .lid = NVME_LID_SUPPORTED, .len = 64, .cdw14 = NVME_LOG_OT });
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	st = refusal(w, (struct args){ .lid = NVME_LID_SMART, .len = 512, .nsid = 1 });
	assert_int_equal(st.code, NVME_SC_INVALID_FIELD);
	assert_int_equal(st.err_loc, 4);
	world_destroy(w);
}

static struct {
	uint64_t off;
	uint8_t lid, lsp;
	struct fab_status st;
} disc;

static struct fab_status disc_log(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp, uint64_t off,
				  void *buf, uint32_t len)
{
	(void)ctrl;
	disc.off = off;
	disc.lid = lid;
	disc.lsp = lsp;
	memset(buf, 0x77, len);
	return disc.st;
}

static void test_discovery_log_is_the_personalitys(void **state)
{
	struct world *w = world_connected(FAB_CT_DISC, true);
	uint8_t *data;

	(void)state;
	w->pers.discovery_log = disc_log;
	w->pers.disc_lids = NVME_LIDS_DISC_PLEOS;
	disc.st = FAB_OK;
	data = read_log(w, (struct args){ .lid = NVME_LID_DISCOVERY,
					  .len = 20,
					  .lsp = NVME_DISC_LSP_PLEO,
					  .off = 0x123456780ull });
	assert_true(disc.off == 0x123456780ull);
	assert_int_equal(disc.lid, NVME_LID_DISCOVERY);
	assert_int_equal(disc.lsp, NVME_DISC_LSP_PLEO);
	assert_int_equal(data[19], 0x77);
	free(data);
	disc.st = FAB_RETRY(NVME_SC_CMD_INTERRUPTED);
	assert_int_equal(refusal(w, (struct args){ .lid = NVME_LID_DISCOVERY, .len = 20 }).code,
			 NVME_SC_CMD_INTERRUPTED);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supported_pages_are_those_that_answer),
		cmocka_unit_test(test_only_offered_log_specific_parameters_reach_the_discovery_log),
		cmocka_unit_test(test_port_local_entries_are_offered_where_there_are_some),
		cmocka_unit_test(test_error_log_tells_the_parameter_at_fault_newest_first),
		cmocka_unit_test(test_error_log_keeps_the_last_64),
		cmocka_unit_test(test_smart_has_the_real_counters),
		cmocka_unit_test(test_firmware_slot),
		cmocka_unit_test(test_effects_come_from_the_tables),
		cmocka_unit_test(test_changed_namespaces_are_listed_once_and_sorted_until_read),
		cmocka_unit_test(test_more_changes_than_the_list_holds),
		cmocka_unit_test(test_ana_log_lists_groups_and_their_namespaces),
		cmocka_unit_test(test_ana_changes_are_counted_by_group_until_a_reset),
		cmocka_unit_test(test_any_part_of_a_page_equals_that_part_of_the_whole),
		cmocka_unit_test(test_length_is_held_to_mdts_and_offset_to_dwords),
		cmocka_unit_test(test_discovery_log_is_the_personalitys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
