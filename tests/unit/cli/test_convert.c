/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/cli/test_convert.c - configurations of other targets: what becomes of them, and what is told of the rest. */
#include <stdio.h>
#include <string.h>

#include "cli/convert.h"
#include "tests/unit/unit.h"

/* As nvmetcli saves it: attributes are text, a port per transport, an all-zero NGUID where none is set. */
static const char nvmet[] =
	"{\"hosts\": [{\"nqn\": \"nqn.h1\"}, {\"nqn\": \"nqn.h2\"}],"
	" \"ports\": [{\"addr\": {\"adrfam\": \"ipv4\", \"traddr\": \"192.0.2.1\","
	"   \"treq\": \"not specified\", \"trsvcid\": \"4420\", \"trtype\": \"tcp\"},"
	"   \"ana_groups\": [{\"ana\": {\"state\": \"optimized\"}, \"grpid\": 1},"
	"     {\"ana\": {\"state\": \"non-optimized\"}, \"grpid\": 2},"
	"     {\"ana\": {\"state\": \"change\"}, \"grpid\": 3}],"
	"   \"param\": {\"inline_data_size\": \"16384\"}, \"portid\": 1,"
	"   \"referrals\": [{\"name\": \"r1\", \"addr\": {\"traddr\": \"192.0.2.9\"}},"
	"     {\"name\": \"r2\", \"enable\": 1, \"addr\": {\"trtype\": \"tcp\","
	"      \"traddr\": \"192.0.2.8\", \"trsvcid\": \"8009\"}},"
	"     {\"name\": \"r3\", \"enable\": 0, \"addr\": {\"trtype\": \"tcp\","
	"      \"traddr\": \"192.0.2.7\", \"trsvcid\": \"8009\"}}],"
	"   \"subsystems\": [\"nqn.s1\", \"nqn.s2\"]},"
	"  {\"addr\": {\"trtype\": \"rdma\", \"traddr\": \"192.0.2.2\"}, \"portid\": \"2\","
	"   \"subsystems\": [\"nqn.s1\"]}],"
	" \"subsystems\": [{\"allowed_hosts\": [\"nqn.h1\"], \"attr\": {\"allow_any_host\": \"0\","
	"   \"cntlid_max\": \"65519\", \"cntlid_min\": \"100\", \"model\": \"Linux\","
	"   \"serial\": \"abc\", \"version\": \"2.1\", \"qid_max\": \"128\"},"
	"  \"namespaces\": [{\"ana_grpid\": 1, \"device\": {\"nguid\":"
	"    \"EF90689C-6C46-D44C-89C1-4067801309A8\", \"path\": \"/dev/vg/a\", \"uuid\":"
	"    \"11111111-2222-4333-8444-555555555555\"}, \"enable\": 1, \"nsid\": 3},"
	"   {\"ana_grpid\": 2, \"device\": {\"nguid\": \"00000000-0000-0000-0000-000000000000\","
	"    \"path\": \"/srv/b.img\"}, \"enable\": 1, \"nsid\": 4},"
	"   {\"device\": {\"path\": \"/dev/off\"}, \"enable\": 0, \"nsid\": 5},"
	"   {\"ana_grpid\": 1024, \"device\": {\"path\": \"/dev/c\"}, \"enable\": 1, \"nsid\": 6},"
	"   {\"device\": {\"path\": \"/dev/far\"}, \"enable\": 1, \"nsid\": 8000}],"
	"  \"nqn\": \"nqn.s1\"},"
	" {\"allowed_hosts\": [], \"attr\": {\"allow_any_host\": \"1\"}, \"namespaces\": [],"
	"  \"nqn\": \"nqn.s2\", \"passthru\": {\"device\": {\"path\": \"/dev/nvme0\"}}}]}";

/* As save_config writes it: the listener before the host, as older releases did; null for an empty part. */
static const char spdk[] =
	"{\"subsystems\": [{\"subsystem\": \"keyring\", \"config\": [{\"method\":"
	"  \"keyring_file_add_key\", \"params\": {\"name\": \"key0\", \"path\": \"/etc/k0\"}},"
	"  {\"method\": \"keyring_file_add_key\", \"params\": {\"name\": \"key1\", \"path\":"
	"   \"/etc/k1\"}}]},"
	" {\"subsystem\": \"sock\", \"config\": null},"
	" {\"subsystem\": \"bdev\", \"config\": ["
	"  {\"method\": \"bdev_set_options\", \"params\": {\"bdev_io_pool_size\": 65535}},"
	"  {\"method\": \"bdev_malloc_create\", \"params\": {\"name\": \"Malloc0\", \"num_blocks\":"
	"   8192, \"block_size\": 512, \"uuid\": \"aa\"}},"
	"  {\"method\": \"bdev_aio_create\", \"params\": {\"name\": \"aio0\", \"filename\":"
	"   \"/srv/a\", \"block_size\": 4096}},"
	"  {\"method\": \"bdev_null_create\", \"params\": {\"name\": \"Null0\", \"num_blocks\": 10,"
	"   \"block_size\": 520}},"
	"  {\"method\": \"bdev_wait_for_examine\"}]},"
	" {\"subsystem\": \"nvmf\", \"config\": ["
	"  {\"method\": \"nvmf_set_max_subsystems\", \"params\": {\"max_subsystems\": 1024}},"
	"  {\"method\": \"nvmf_create_transport\", \"params\": {\"trtype\": \"TCP\"}},"
	"  {\"method\": \"nvmf_create_subsystem\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"allow_any_host\": false, \"serial_number\": \"SPDK1\", \"model_number\": \"M\"}},"
	"  {\"method\": \"nvmf_subsystem_add_listener\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"listen_address\": {\"trtype\": \"TCP\", \"adrfam\": \"IPv4\", \"traddr\":"
	"   \"127.0.0.1\", \"trsvcid\": \"4420\"}, \"secure_channel\": false}},"
	"  {\"method\": \"nvmf_subsystem_add_listener\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"listen_address\": {\"trtype\": \"RDMA\", \"traddr\": \"192.0.2.5\"}}},"
	"  {\"method\": \"nvmf_subsystem_add_host\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"host\": \"nqn.h1\", \"dhchap_key\": \"key0\", \"psk\": \"key0\"}},"
	"  {\"method\": \"nvmf_subsystem_add_host\", \"params\": {\"nqn\": \"nqn.s2\","
	"   \"host\": \"nqn.h1\", \"dhchap_key\": \"key1\"}},"
	"  {\"method\": \"nvmf_discovery_add_referral\", \"params\": {\"address\":"
	"   {\"trtype\": \"RDMA\", \"traddr\": \"192.0.2.9\", \"trsvcid\": \"8009\"}}},"
	"  {\"method\": \"nvmf_discovery_add_referral\", \"params\": {\"address\":"
	"   {\"trtype\": \"TCP\", \"traddr\": \"192.0.2.8\", \"trsvcid\": \"8009\"},"
	"   \"subnqn\": \"nqn.d\"}},"
	"  {\"method\": \"nvmf_subsystem_add_ns\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"namespace\": {\"nsid\": 1, \"bdev_name\": \"Malloc0\", \"nguid\":"
	"   \"7A0E0D2F9C8B4A1D8E6F5C4B3A291807\", \"no_auto_visible\": true}}},"
	"  {\"method\": \"nvmf_ns_add_host\", \"params\": {\"nqn\": \"nqn.s1\", \"nsid\": 1,"
	"   \"host\": \"nqn.h1\"}},"
	"  {\"method\": \"nvmf_subsystem_add_ns\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"namespace\": {\"bdev_name\": \"aio0\", \"anagrpid\": 2}}},"
	"  {\"method\": \"nvmf_subsystem_listener_set_ana_state\", \"params\": {\"nqn\": "
	"\"nqn.s1\","
	"   \"listen_address\": {\"trtype\": \"TCP\", \"traddr\": \"127.0.0.1\","
	"    \"trsvcid\": \"4420\"}, \"ana_state\": \"inaccessible\", \"anagrpid\": 2}},"
	"  {\"method\": \"nvmf_subsystem_add_ns\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"namespace\": {\"nsid\": 7, \"bdev_name\": \"lvs/lvol0\"}}},"
	"  {\"method\": \"nvmf_subsystem_add_ns\", \"params\": {\"nqn\": \"nqn.s1\","
	"   \"namespace\": {\"nsid\": 8, \"bdev_name\": \"Null0\"}}}]}]}";

/* Whether the document is this one; else the test ends and shows it. */
static void expect(struct json_object *doc, const char *text)
{
	struct json_object *want = json_tokener_parse(text);

	assert_non_null(want);
	if (!json_object_equal(doc, want))
		fail_msg("%s", json_object_to_json_string(doc));
	json_object_put(want);
}

static void expect_told(struct json_object *unmapped, const char *const *texts)
{
	size_t nr = 0;

	for (; texts[nr]; nr++) {
		bool found = false;

		for (size_t i = 0; i < json_object_array_length(unmapped); i++)
			found |= strstr(json_object_get_string(
						json_object_array_get_idx(unmapped, i)),
					texts[nr]) != NULL;
		if (!found)
			fail_msg("%s: %s", texts[nr], json_object_to_json_string(unmapped));
	}
	assert_int_equal(json_object_array_length(unmapped), nr);
}

static struct json_object *converted(cli_convert_fn *convert, const char *text,
				     struct json_object **ret_unmapped)
{
	struct json_object *in = json_tokener_parse(text), *doc;

	assert_non_null(in);
	*ret_unmapped = json_object_new_array();
	doc = convert(in, *ret_unmapped);
	json_object_put(in);
	return doc;
}

static void test_nvmetcli_becomes_a_document(void **state)
{
	static const char *const told[] = { "port 1: ANA group 3 is change",
					    "port 1: referral r1 to 192.0.2.9",
					    "port 1: referral r3 to 192.0.2.7",
					    "port 2: transport rdma",
					    "nqn.s1: attribute cntlid_min=100",
					    "nqn.s1 namespace 6: ANA group 1024",
					    "nqn.s1 namespace 5: it is not enabled",
					    "nqn.s1 namespace 8000: NSIDs",
					    "nqn.s2: passthrough of /dev/nvme0",
					    "keys of hosts",
					    NULL };
	struct json_object *unmapped, *doc = converted(cli_convert_nvmetcli, nvmet, &unmapped);

	(void)state;
	expect(doc,
	       "{\"version\": 1, \"hosts\": [{\"nqn\": \"nqn.h1\"}, {\"nqn\": \"nqn.h2\"}],"
	       "\"portals\": [{\"id\": \"nvmet-1\", \"traddr\": \"192.0.2.1\","
	       " \"trsvcid\": \"4420\"}],"
	       "\"subsystems\": [{\"nqn\": \"nqn.s1\", \"serial\": \"abc\", \"model\": \"Linux\","
	       " \"allow_any_host\": false, \"hosts\": [\"nqn.h1\"], \"portals\": [\"nvmet-1\"],"
	       " \"namespaces\": [{\"nsid\": 3, \"backend\": \"file\", \"path\": \"/dev/vg/a\","
	       "  \"uuid\": \"11111111-2222-4333-8444-555555555555\","
	       "  \"nguid\": \"ef90689c6c46d44c89c14067801309a8\"},"
	       "  {\"nsid\": 4, \"backend\": \"file\", \"path\": \"/srv/b.img\", \"ana_group\": 2},"
	       "  {\"nsid\": 6, \"backend\": \"file\", \"path\": \"/dev/c\"}]},"
	       " {\"nqn\": \"nqn.s2\", \"allow_any_host\": true, \"portals\": [\"nvmet-1\"],"
	       " \"namespaces\": []}],"
	       "\"ana_groups\": [{\"id\": 2, \"states\": {\"nvmet-1\": \"non_optimized\"}}],"
	       "\"referrals\": [{\"id\": \"nvmet-1\", \"traddr\": \"192.0.2.8\","
	       " \"trsvcid\": \"8009\"}],"
	       "\"keys\": [{\"host_nqn\": \"nqn.h1\", \"kind\": \"dhchap\","
	       "  \"file\": \"hosts/nqn.h1/dhchap_key\"},"
	       " {\"host_nqn\": \"nqn.h1\", \"kind\": \"dhchap_ctrl\","
	       "  \"file\": \"hosts/nqn.h1/dhchap_ctrl_key\"},"
	       " {\"host_nqn\": \"nqn.h2\", \"kind\": \"dhchap\","
	       "  \"file\": \"hosts/nqn.h2/dhchap_key\"},"
	       " {\"host_nqn\": \"nqn.h2\", \"kind\": \"dhchap_ctrl\","
	       "  \"file\": \"hosts/nqn.h2/dhchap_ctrl_key\"}]}");
	expect_told(unmapped, told);
	json_object_put(doc);
	json_object_put(unmapped);
}

static void test_spdk_becomes_a_document(void **state)
{
	static const char *const told[] = { "transport RDMA",
					    "nqn.s1 host nqn.h1: key psk is key0 (/etc/k0)",
					    "nqn.s2 host nqn.h1: key dhchap_key is key1 (/etc/k1)",
					    "referral to 192.0.2.9",
					    "bdev lvs/lvol0 is not known",
					    "bdev Null0 has blocks of 520 bytes",
					    NULL };
	struct json_object *unmapped, *doc = converted(cli_convert_spdk, spdk, &unmapped);

	(void)state;
	expect(doc,
	       "{\"version\": 1, \"hosts\": [{\"nqn\": \"nqn.h1\"}],"
	       "\"portals\": [{\"id\": \"spdk-1\", \"traddr\": \"127.0.0.1\","
	       " \"trsvcid\": \"4420\"}],"
	       "\"subsystems\": [{\"nqn\": \"nqn.s1\", \"serial\": \"SPDK1\", \"model\": \"M\","
	       " \"allow_any_host\": false, \"hosts\": [\"nqn.h1\"], \"portals\": [\"spdk-1\"],"
	       " \"namespaces\": [{\"nsid\": 1, \"backend\": \"ram\", \"block_size\": 512,"
	       "  \"size\": 4194304, \"nguid\": \"7a0e0d2f9c8b4a1d8e6f5c4b3a291807\","
	       "  \"hosts\": [\"nqn.h1\"]},"
	       "  {\"nsid\": 2, \"backend\": \"file\", \"block_size\": 4096,"
	       "  \"path\": \"/srv/a\", \"ana_group\": 2}]},"
	       " {\"nqn\": \"nqn.s2\", \"hosts\": [\"nqn.h1\"], \"portals\": [],"
	       "  \"namespaces\": []}],"
	       "\"ana_groups\": [{\"id\": 2, \"states\": {\"spdk-1\": \"inaccessible\"}}],"
	       "\"referrals\": [{\"id\": \"spdk-1\", \"traddr\": \"192.0.2.8\","
	       " \"trsvcid\": \"8009\", \"nqn\": \"nqn.d\"}],"
	       "\"keys\": [{\"host_nqn\": \"nqn.h1\", \"kind\": \"dhchap\","
	       "  \"file\": \"/etc/k0\"}]}");
	expect_told(unmapped, told);
	json_object_put(doc);
	json_object_put(unmapped);
}

static void test_portals_that_are_there_are_used(void **state)
{
	struct json_object *unmapped, *doc = converted(cli_convert_spdk, spdk, &unmapped);
	struct json_object *there = json_tokener_parse(
		"[{\"id\": \"io1\", \"traddr\": \"127.0.0.1\", \"trsvcid\": \"4420\"}]");
	struct json_object *subsys;

	(void)state;
	cli_convert_reuse_portals(doc, there);
	assert_int_equal(json_object_array_length(json_object_object_get(doc, "portals")), 0);
	subsys = json_object_array_get_idx(json_object_object_get(doc, "subsystems"), 0);
	assert_string_equal(
		json_object_to_json_string_ext(json_object_object_get(subsys, "portals"), 0),
		"[\"io1\"]");
	assert_string_equal(
		json_object_to_json_string_ext(
			json_object_array_get_idx(json_object_object_get(doc, "ana_groups"), 0), 0),
		"{\"id\":2,\"states\":{\"io1\":\"inaccessible\"}}");
	json_object_put(there);
	json_object_put(doc);
	json_object_put(unmapped);
}

static void test_referrals_that_are_there_are_left_out(void **state)
{
	struct json_object *unmapped, *doc = converted(cli_convert_spdk, spdk, &unmapped);
	struct json_object *there = json_tokener_parse(
		"[{\"id\": \"r\", \"traddr\": \"192.0.2.8\", \"trsvcid\": \"8009\","
		" \"nqn\": \"nqn.2014-08.org.nvmexpress.discovery\"}]");
	struct json_object *list = json_object_object_get(doc, "referrals");

	(void)state;
	cli_convert_drop_referrals(doc, there);
	assert_int_equal(json_object_array_length(list), 1); /* that is another's NQN */
	json_object_object_add(json_object_array_get_idx(there, 0), "nqn",
			       json_object_new_string("nqn.d"));
	cli_convert_drop_referrals(doc, there);
	assert_int_equal(json_object_array_length(list), 0);
	json_object_put(there);
	json_object_put(doc);
	json_object_put(unmapped);
}

/* Nothing that is parsed is trusted to have the shape that it should. */
static void test_other_documents_become_empty_ones(void **state)
{
	static const char *const odd[] = {
		"[]",
		"{}",
		"7",
		"{\"subsystems\": 3, \"hosts\": {}, \"ports\": [1, null, []]}",
		("{\"subsystems\": [null, {}, {\"subsystem\": \"nvmf\", \"config\": [1, "
		 "{\"method\":"
		 " \"nvmf_create_subsystem\"}, {\"method\": \"nvmf_subsystem_add_ns\", \"params\":"
		 " []}]}]}"),
		"{\"ports\": [{\"addr\": {\"trtype\": \"tcp\"}, \"subsystems\": [null, 1, {}]}]}",
		"{\"subsystems\": [{\"nqn\": [], \"allowed_hosts\": [null], \"namespaces\": 1}]}",
		("{\"subsystems\": [{\"nqn\": \"x\", \"allowed_hosts\": [null, 1], \"namespaces\":"
		 " [null, {\"nsid\": \"x\"}]}]}"),
	};
	struct json_object *unmapped, *doc;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		doc = converted(cli_convert_nvmetcli, odd[i], &unmapped);
		assert_true(json_object_is_type(doc, json_type_object));
		json_object_put(doc);
		json_object_put(unmapped);
		doc = converted(cli_convert_spdk, odd[i], &unmapped);
		assert_true(json_object_is_type(doc, json_type_object));
		json_object_put(doc);
		json_object_put(unmapped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nvmetcli_becomes_a_document),
		cmocka_unit_test(test_spdk_becomes_a_document),
		cmocka_unit_test(test_portals_that_are_there_are_used),
		cmocka_unit_test(test_referrals_that_are_there_are_left_out),
		cmocka_unit_test(test_other_documents_become_empty_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
