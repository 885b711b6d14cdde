/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_state.c - the state document: what is taken, and where an error is said to be. */
#include "targetd/state.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"

#define NQN "nqn.2026-11.example:a"
#define PORTAL "{\"id\":\"p1\",\"address\":\"127.0.0.1\",\"port\":4420}"
#define RAM "{\"nsid\":1,\"backend\":\"ram\",\"size\":4096}"

static int parse(const char *text, bool strict, struct tgt_state *st, struct cmn_err *err)
{
	struct json_object *doc = json_tokener_parse(text);
	int ret;

	if (!doc)
		fail_msg("the test's own JSON is wrong: %s", text);
	cmn_err_clear(err);
	ret = tgt_state_parse(doc, strict, st, err);
	json_object_put(doc); /* what was parsed keeps what it needs */
	return ret;
}

static struct tgt_state parse_ok(const char *text)
{
	struct tgt_state st = { 0 };
	struct cmn_err err;

	if (parse(text, true, &st, &err) < 0)
		fail_msg("%s: %s: %s", text, err.field, err.msg);
	return st;
}

/* One subsystem with more members. */
#define SUBSYS(more) "{\"portals\":[" PORTAL "],\"subsystems\":[{\"nqn\":\"" NQN "\"" more "}]}"
#define NS(ns) SUBSYS(",\"namespaces\":[" ns "]")

static const struct {
	const char *text, *field, *word;
} bad[] = {
	{ "[]", "", "object" },
	{ "{\"version\":2}", "version", "version 1" },
	{ "{\"version\":\"1\"}", "version", "" },
	{ "{\"portal\":[]}", "portal", "" },
	{ "{\"portals\":{}}", "portals", "" },
	{ "{\"portals\":[1]}", "portals[0]", "object" },
	{ "{\"portals\":[{\"id\":\"p1\"}]}", "portals[0].address", "" },
	{ "{\"portals\":[{\"id\":\"\",\"address\":\"::1\"}]}", "portals[0].id", "" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"localhost\"}]}", "portals[0].address",
	  "localhost" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"1.2.3\"}]}", "portals[0].address", "" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"port\":65536}]}", "portals[0].port",
	  "65535" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"portid\":0}]}", "portals[0].portid",
	  "" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"secure_channel\":\"required\"}]}",
	  "portals[0].secure_channel", "" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"ana\":[]}]}", "portals[0].ana", "" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"ana\":{\"0\":\"optimized\"}}]}",
	  "portals[0].ana", "128" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"ana\":{\"129\":\"optimized\"}}]}",
	  "portals[0].ana", "129" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"ana\":{\"2\":\"change\"}}]}",
	  "portals[0].ana", "group 2" },
	{ "{\"portals\":[{\"id\":\"p\",\"address\":\"::1\",\"ana\":{\"2\":3}}]}", "portals[0].ana",
	  "group 2" },
	{ "{\"portals\":[{\"id\":\"p\",\"adress\":\"::1\"}]}", "portals[0].adress", "" },
	{ "{\"portals\":[" PORTAL "," PORTAL "]}", "portals[1].id", "portals[0]" },
	{ "{\"portals\":[" PORTAL ",{\"id\":\"p2\",\"address\":\"127.0.0.1\",\"port\":4420}]}",
	  "portals[1].address", "portals[0]" },
	{ "{\"portals\":[" PORTAL ",{\"id\":\"p2\",\"address\":\"::1\",\"portid\":1}]}",
	  "portals[1].portid", "portals[0]" },
	{ "{\"subsystems\":[{}]}", "subsystems[0].nqn", "" },
	{ "{\"subsystems\":[{\"nqn\":\"x\"}]}", "subsystems[0].nqn", "Qualified" },
	{ "{\"subsystems\":[{\"nqn\":\"nqn.2014-08.org.nvmexpress.discovery\"}]}",
	  "subsystems[0].nqn", "discovery" },
	{ "{\"subsystems\":[{\"nqn\":\"" NQN "\"},{\"nqn\":\"" NQN "\"}]}", "subsystems[1].nqn",
	  "subsystems[0]" },
	{ SUBSYS(",\"serial\":\"123456789012345678901\""), "subsystems[0].serial", "20" },
	{ SUBSYS(",\"serial\":\"\""), "subsystems[0].serial", "" },
	{ SUBSYS(",\"model\":\"b\\u00e4d\""), "subsystems[0].model", "ASCII" },
	{ SUBSYS(",\"allow_any_host\":1"), "subsystems[0].allow_any_host", "" },
	{ SUBSYS(",\"allow_any_hosts\":true"), "subsystems[0].allow_any_hosts", "" },
	{ SUBSYS(",\"hosts\":[\"" NQN "\",\"host\"]"), "subsystems[0].hosts[1]", "Qualified" },
	{ SUBSYS(",\"hosts\":[1]"), "subsystems[0].hosts[0]", "string" },
	{ SUBSYS(",\"hosts\":[\"" NQN "\",\"" NQN "\"]"), "subsystems[0].hosts", "twice" },
	{ SUBSYS(",\"portals\":[\"p2\"]"), "subsystems[0].portals[0]", "p2" },
	{ SUBSYS(",\"portals\":[7]"), "subsystems[0].portals[0]", "" },
	{ SUBSYS(",\"cntlid_cursor\":0"), "subsystems[0].cntlid_cursor", "" },
	{ NS("{}"), "subsystems[0].namespaces[0].nsid", "" },
	{ NS("{\"nsid\":0,\"backend\":\"ram\",\"size\":4096}"), "subsystems[0].namespaces[0].nsid",
	  "" },
	{ NS("{\"nsid\":4294967295,\"backend\":\"ram\",\"size\":4096}"),
	  "subsystems[0].namespaces[0].nsid", "4096" },
	{ NS("{\"nsid\":1,\"size\":4096}"), "subsystems[0].namespaces[0].backend", "" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\"}"), "subsystems[0].namespaces[0].size", "missing" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":1000}"), "subsystems[0].namespaces[0].size",
	  "multiple" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":-4096}"), "subsystems[0].namespaces[0].size",
	  "" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":\"1 furlong\"}"),
	  "subsystems[0].namespaces[0].size", "furlong" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":9223372036854775808}"),
	  "subsystems[0].namespaces[0].size", "8 EiB" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"block_size\":1024}"),
	  "subsystems[0].namespaces[0].block_size", "4096" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4608,\"block_size\":4096}"),
	  "subsystems[0].namespaces[0].size", "4096" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"uuid\":\"x\"}"),
	  "subsystems[0].namespaces[0].uuid", "UUID" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"nguid\":\"12\"}"),
	  "subsystems[0].namespaces[0].nguid", "32" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"eui64\":\"0000000000000000\"}"),
	  "subsystems[0].namespaces[0].eui64", "zero" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"read-only\":true}"),
	  "subsystems[0].namespaces[0].read-only", "" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"ana_group\":0}"),
	  "subsystems[0].namespaces[0].ana_group", "128" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"ana_group\":129}"),
	  "subsystems[0].namespaces[0].ana_group", "128" },
	{ NS(RAM "," RAM), "subsystems[0].namespaces[1].nsid", "twice" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"eui64\":\"0011223344556677\"},"
	     "{\"nsid\":2,\"backend\":\"ram\",\"size\":4096,\"eui64\":\"0011223344556677\"}"),
	  "subsystems[0].namespaces[1].eui64", NQN },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"hosts\":[\"h\"]}"),
	  "subsystems[0].namespaces[0].hosts[0]", "" },
	{ NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"hosts\":true}"),
	  "subsystems[0].namespaces[0].hosts", "" },
};

static void test_ana_groups_and_their_states(void **state)
{
	struct tgt_state st = parse_ok(
		"{\"portals\":[{\"id\":\"p1\",\"address\":\"::1\",\"ana\":{\"1\":"
		"\"optimized\"}},{\"id\":\"p2\",\"address\":\"::1\",\"port\":1,\"ana\":{\"128\":"
		"\"persistent_loss\",\"2\":\"non_optimized\"}}],\"subsystems\":[{\"nqn\":\"" NQN
		"\",\"namespaces\":[" RAM
		",{\"nsid\":2,\"backend\":\"ram\",\"size\":4096,\"ana_group\":128}]}]}");

	(void)state;
	assert_false(st.portals[0].ana.any);
	assert_true(st.portals[1].ana.any);
	assert_int_equal(st.portals[1].ana.state[1], NVME_ANA_OPTIMIZED);
	assert_int_equal(st.portals[1].ana.state[2], NVME_ANA_NON_OPTIMIZED);
	assert_int_equal(st.portals[1].ana.state[128], NVME_ANA_PERSISTENT_LOSS);
	assert_int_equal(st.subsystems[0]->ns[0].ana_group, 1);
	assert_int_equal(st.subsystems[0]->ns[1].ana_group, 128);
	tgt_state_clear(&st);
}

static void test_what_is_wrong_is_named_by_its_path(void **state)
{
	struct tgt_state st = { 0 };
	struct cmn_err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret = parse(bad[i].text, true, &st, &err);

		if (ret == 0)
			fail_msg("taken: %s", bad[i].text);
		if (strcmp(err.field, bad[i].field) != 0 || !strstr(err.msg, bad[i].word) ||
		    !err.msg[0])
			fail_msg("%s\n  said: %s: %s", bad[i].text, err.field, err.msg);
		assert_int_equal(st.nr_subsystems, 0); /* untouched */
	}
}

static void test_keys_of_a_newer_discoveryd_are_ignored_on_the_socket_only(void **state)
{
	const char *text =
		"{\"future\":1,\"portals\":[" PORTAL "],\"subsystems\":[{\"nqn\":\"" NQN
		"\",\"zone\":{},"
		"\"namespaces\":[{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"qos\":3}]}]}";
	struct tgt_state st = { 0 };
	struct cmn_err err;

	(void)state;
	assert_int_equal(parse(text, true, &st, &err), -EINVAL);
	assert_int_equal(parse(text, false, &st, &err), 0);
	tgt_state_clear(&st);
}

static void test_what_is_left_out_is_filled_in(void **state)
{
	struct tgt_state st =
		parse_ok(NS("{\"nsid\":3,\"backend\":\"ram\",\"size\":\"1MiB\"},"
			    "{\"nsid\":2,\"backend\":\"file\",\"path\":\"/x\",\"hosts\":[]}"));
	const struct tgt_subsys_spec *ss = st.subsystems[0];

	(void)state;
	assert_int_equal(st.portals[0].portid, 1);
	assert_int_equal(st.portals[0].sa.ss_family, AF_INET);
	assert_int_equal(strlen(ss->serial), 20);
	assert_string_equal(ss->model, "Pharos");
	assert_true(ss->all_portals);
	assert_false(tgt_hosts_has(&ss->hosts, NQN)); /* nobody who isn't named */
	assert_int_equal(ss->nr_ns, 2);
	assert_int_equal(ss->ns[0].nsid, 2); /* in order */
	assert_int_equal(ss->ns[0].size, 0);
	assert_false(tgt_hosts_has(&ss->ns[0].hosts, NQN));
	assert_int_equal(ss->ns[1].size, 1 << 20);
	assert_int_equal(ss->ns[1].block_size, 512);
	assert_true(tgt_hosts_has(&ss->ns[1].hosts, NQN));
	tgt_state_clear(&st);
}

static void test_derived_identifiers_never_change(void **state)
{
	static const uint8_t uuid[4] = { 0x4b, 0x9d, 0xad, 0x11 };
	struct tgt_state a = parse_ok(NS(RAM)),
			 b = parse_ok(NS(RAM ",{\"nsid\":2,\"backend\":\"ram\",\"size\":4096}"));
	const struct tgt_ns_spec *x = &a.subsystems[0]->ns[0], *y = &b.subsystems[0]->ns[0],
				 *z = &b.subsystems[0]->ns[1];

	(void)state;
	assert_memory_equal(x->uuid, y->uuid, 16);
	assert_memory_equal(x->nguid, y->nguid, 16);
	assert_memory_equal(x->eui64, y->eui64, 8);
	assert_memory_not_equal(x->uuid, z->uuid, 16);
	assert_memory_not_equal(x->uuid, x->nguid, 16);
	assert_string_equal(a.subsystems[0]->serial, b.subsystems[0]->serial);
	/* these are on hosts' disks by now: a release that derives others orphans them */
	assert_string_equal(a.subsystems[0]->serial, "PH3B854503A61B532195");
	assert_memory_equal(x->uuid, uuid, 4);
	tgt_state_clear(&a);
	tgt_state_clear(&b);
}

static void test_given_identifiers_are_kept(void **state)
{
	static const uint8_t eui[8] = { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77 };
	struct tgt_state st = parse_ok(
		NS("{\"nsid\":1,\"backend\":\"ram\",\"size\":4096,\"eui64\":\"0011223344556677\","
		   "\"uuid\":\"00112233-4455-6677-8899-AABBCCDDEEFF\"}"));

	(void)state;
	assert_memory_equal(st.subsystems[0]->ns[0].eui64, eui, 8);
	assert_memory_equal(st.subsystems[0]->ns[0].uuid, eui, 8);
	tgt_state_clear(&st);
}

static void test_host_lists_are_sets(void **state)
{
	struct tgt_state a = parse_ok(SUBSYS(",\"hosts\":[\"nqn.2026-11.example:z\",\"" NQN "\"]"));
	struct tgt_state b = parse_ok(SUBSYS(",\"hosts\":[\"" NQN "\",\"nqn.2026-11.example:z\"]"));
	struct tgt_state c = parse_ok(SUBSYS(",\"hosts\":[\"" NQN "\"],\"allow_any_host\":true"));

	(void)state;
	assert_true(tgt_hosts_equal(&a.subsystems[0]->hosts, &b.subsystems[0]->hosts));
	assert_false(tgt_hosts_equal(&a.subsystems[0]->hosts, &c.subsystems[0]->hosts));
	assert_true(tgt_hosts_has(&a.subsystems[0]->hosts, NQN));
	assert_false(tgt_hosts_has(&a.subsystems[0]->hosts, NQN "b"));
	assert_true(tgt_hosts_has(&c.subsystems[0]->hosts, NQN "b"));
	tgt_state_clear(&a);
	tgt_state_clear(&b);
	tgt_state_clear(&c);
}

static void test_an_identifier_is_free_again_when_its_namespace_goes(void **state)
{
	struct tgt_state st = parse_ok(NS(RAM));
	struct tgt_idset *ids = tgt_idset_create();
	struct tgt_ns_spec *ns = &st.subsystems[0]->ns[0];
	struct cmn_err err = { 0 };

	(void)state;
	assert_int_equal(tgt_idset_add(ids, NQN, ns, &err), 0);
	assert_int_equal(tgt_idset_add(ids, NQN "b", ns, &err), -EEXIST);
	assert_string_equal(err.field, "uuid");
	assert_non_null(strstr(err.msg, NQN));
	tgt_idset_del(ids, NQN "b", ns); /* not its own: stays */
	assert_int_equal(tgt_idset_add(ids, NQN "b", ns, &err), -EEXIST);
	tgt_idset_del(ids, NQN, ns);
	assert_int_equal(tgt_idset_add(ids, NQN "b", ns, &err), 0);
	tgt_idset_destroy(ids);
	tgt_state_clear(&st);
}

/* Every prefix of a good document, and it with each byte changed: parsed or refused, never worse. */
static void test_damaged_documents_do_no_harm(void **state)
{
	static const char good[] = NS(
		RAM ",{\"nsid\":2,\"backend\":\"file\",\"path\":\"/x\",\"hosts\":[\"" NQN "\"]}");
	char text[sizeof(good)];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(good); i++) {
		for (unsigned int c = 0x20; c < 0x7f; c += 7) {
			struct tgt_state st = { 0 };
			struct json_object *doc;

			memcpy(text, good, sizeof(good));
			text[i] = (char)c;
			doc = json_tokener_parse(text);
			if (doc && tgt_state_parse(doc, c & 1, &st, NULL) == 0)
				tgt_state_clear(&st);
			json_object_put(doc);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ana_groups_and_their_states),
		cmocka_unit_test(test_what_is_wrong_is_named_by_its_path),
		cmocka_unit_test(test_keys_of_a_newer_discoveryd_are_ignored_on_the_socket_only),
		cmocka_unit_test(test_what_is_left_out_is_filled_in),
		cmocka_unit_test(test_derived_identifiers_never_change),
		cmocka_unit_test(test_given_identifiers_are_kept),
		cmocka_unit_test(test_host_lists_are_sets),
		cmocka_unit_test(test_an_identifier_is_free_again_when_its_namespace_goes),
		cmocka_unit_test(test_damaged_documents_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
