/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_subsystem.c - which namespaces a host's view shows, and which hosts share one. */
#include "targetd/subsystem.h"
#include "tests/unit/unit.h"

#include <errno.h>

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define A "nqn.2026-11.example:a"
#define B "nqn.2026-11.example:b"
#define C "nqn.2026-11.example:c"

static struct tgt_subsystem *make(const char *namespaces)
{
	struct json_object *doc = json_object_new_object(), *arr = json_object_new_array(),
			   *ss = json_object_new_object();
	struct tgt_state st = { 0 };
	struct tgt_subsystem *live;
	struct cmn_err err = { 0 };

	json_object_object_add(ss, "nqn", json_object_new_string("nqn.2026-11.example:views"));
	json_object_object_add(ss, "namespaces", json_tokener_parse(namespaces));
	json_object_array_add(arr, ss);
	json_object_object_add(doc, "subsystems", arr);
	if (tgt_state_parse(doc, true, &st, &err) < 0)
		fail_msg("%s: %s", err.field, err.msg);
	json_object_put(doc);
	live = tgt_subsystem_create(st.subsystems[0], 2);
	assert_non_null(live);
	st.subsystems[0] = NULL;
	tgt_state_clear(&st);
	for (unsigned int i = live->spec->nr_ns;
	     i-- > 0;) { /* backwards: their order is the subsystem's affair */
		struct tgt_volume_params p = { .nqn = live->id.nqn,
					       .spec = &live->spec->ns[i],
					       .memfd = -1,
					       .nr_reactors = 2 };
		struct tgt_volume *vol = NULL;

		assert_int_equal(tgt_volume_open(&p, &vol, &err), 0);
		assert_int_equal(tgt_subsystem_add_live(live, vol, tgt_volume_picture(vol, p.spec),
							&live->spec->ns[i].hosts),
				 0);
	}
	return live;
}

static void end(struct tgt_subsystem *ss)
{
	for (unsigned int i = 0; i < ss->nr_live; i++) {
		tgt_volume_close(ss->live[i].vol);
		free(ss->live[i].pic);
	}
	tgt_subsystem_free(ss);
}

static void sees(struct tgt_subsystem *ss, const char *host, const char *expected)
{
	struct tgt_view *view = tgt_subsystem_view(ss, host, NULL);
	char got[32] = "";

	assert_non_null(view);
	for (uint32_t nsid = 1; nsid <= view->fab.nr_slots; nsid++) {
		const struct fab_ns *ns = fab_view_ns(&view->fab, nsid);

		if (ns) {
			assert_int_equal(ns->nsid, nsid);
			got[strlen(got)] = (char)('0' + nsid);
		}
	}
	assert_string_equal(got, expected);
	assert_int_equal(view->fab.nr_active, strlen(expected));
	assert_null(fab_view_ns(&view->fab, 0));
	assert_null(fab_view_ns(&view->fab, UINT32_MAX));
	fab_view_put(&view->fab);
}

static void test_a_view_shows_what_the_host_may_see(void **state)
{
	struct tgt_subsystem *ss = make(
		"[{\"nsid\":5,\"backend\":\"null\",\"size\":4096,\"hosts\":[\"" A "\"]},"
		"{\"nsid\":1,\"backend\":\"null\",\"size\":4096},"
		"{\"nsid\":3,\"backend\":\"null\",\"size\":4096,\"hosts\":[]},"
		"{\"nsid\":2,\"backend\":\"null\",\"size\":4096,\"hosts\":[\"" B "\",\"" A "\"]}]");

	(void)state;
	sees(ss, A, "125");
	sees(ss, B, "12");
	sees(ss, C, "1");
	end(ss);
}

static void test_hosts_that_nobody_names_share_a_view(void **state)
{
	struct tgt_subsystem *ss =
		make("[{\"nsid\":1,\"backend\":\"null\",\"size\":4096},"
		     "{\"nsid\":2,\"backend\":\"null\",\"size\":4096,\"hosts\":[\"" A "\"]}]");
	struct tgt_view *a = tgt_subsystem_view(ss, A, NULL),
			*again = tgt_subsystem_view(ss, A, NULL);
	struct tgt_view *b = tgt_subsystem_view(ss, B, NULL), *c = tgt_subsystem_view(ss, C, NULL);

	(void)state;
	assert_ptr_equal(b, c);
	assert_ptr_equal(a, again);
	assert_ptr_not_equal(a, b);
	fab_view_put(&a->fab);
	fab_view_put(&again->fab);
	fab_view_put(&b->fab);
	fab_view_put(&c->fab);
	end(ss);
}

static void test_a_portal_with_ana_states_has_views_of_its_own(void **state)
{
	struct tgt_subsystem *ss =
		make("[{\"nsid\":1,\"backend\":\"null\",\"size\":4096,\"ana_group\":7},"
		     "{\"nsid\":2,\"backend\":\"null\",\"size\":4096,\"hosts\":[\"" A "\"]}]");
	struct tgt_portal_spec plain = { .id = "p1" }, other = { .id = "p2" },
			       asym = { .id = "p3" };
	struct tgt_view *views[6];

	(void)state;
	asym.ana.any = true;
	memset(asym.ana.state + 1, NVME_ANA_OPTIMIZED, FAB_ANA_GROUPS);
	asym.ana.state[7] = NVME_ANA_INACCESSIBLE;
	views[0] = tgt_subsystem_view(ss, B, &plain);
	views[1] = tgt_subsystem_view(ss, C, &other);
	views[2] = tgt_subsystem_view(ss, B, &asym);
	views[3] = tgt_subsystem_view(ss, C, &asym);
	views[4] = tgt_subsystem_view(ss, A, &plain);
	views[5] = tgt_subsystem_view(ss, A, &asym);
	assert_ptr_equal(views[0], views[1]);
	assert_ptr_equal(views[2], views[3]);
	assert_ptr_not_equal(views[0], views[2]);
	assert_ptr_not_equal(views[4], views[5]);
	assert_null(views[0]->fab.ana);
	assert_int_equal(fab_view_ana(&views[0]->fab, 7), NVME_ANA_OPTIMIZED);
	assert_int_equal(fab_view_ana(&views[5]->fab, 7), NVME_ANA_INACCESSIBLE);
	assert_int_equal(fab_view_ana(&views[5]->fab, 1), NVME_ANA_OPTIMIZED);
	assert_int_equal(fab_view_ns(&views[2]->fab, 1)->anagrpid, 7);
	assert_int_equal(views[5]->fab.nr_active, 2);
	for (size_t i = 0; i < 6; i++)
		fab_view_put(&views[i]->fab);
	end(ss);
}

static void test_a_view_outlives_its_retirement_while_it_is_used(void **state)
{
	struct tgt_subsystem *ss = make("[{\"nsid\":1,\"backend\":\"null\",\"size\":4096}]");
	struct tgt_view *old = tgt_subsystem_view(ss, A, NULL), *now;

	(void)state;
	assert_int_equal(tgt_subsystem_retire_views(ss, NULL), 0);
	now = tgt_subsystem_view(ss, A, NULL);
	assert_ptr_not_equal(old, now);
	assert_true(now->fab.generation > old->fab.generation);
	assert_non_null(fab_view_ns(&old->fab, 1));
	fab_view_put(&old->fab);
	fab_view_put(&now->fab);
	end(ss);
}

static void test_a_volume_is_itself_whatever_its_size_and_hosts(void **state)
{
	struct tgt_subsystem *ss = make("[{\"nsid\":1,\"backend\":\"null\",\"size\":4096}]");
	struct tgt_ns_spec other = ss->spec->ns[0];
	struct tgt_volume *vol = ss->live[0].vol;
	struct cmn_err err = { 0 };

	(void)state;
	other.size = 8192;
	other.read_only = true;
	assert_true(tgt_volume_is(vol, &other));
	other.uuid[3] ^= 1;
	assert_false(tgt_volume_is(vol, &other));
	assert_int_equal(tgt_volume_resize(vol, 2048, &err), -EINVAL);
	assert_string_equal(err.field, "size");
	assert_int_equal(vol->size, 4096);
	end(ss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_view_shows_what_the_host_may_see),
		cmocka_unit_test(test_hosts_that_nobody_names_share_a_view),
		cmocka_unit_test(test_a_portal_with_ana_states_has_views_of_its_own),
		cmocka_unit_test(test_a_view_outlives_its_retirement_while_it_is_used),
		cmocka_unit_test(test_a_volume_is_itself_whatever_its_size_and_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
