/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/supervise/test_stats.c - what a worker's messages add up to: whole ones, differences, new processes. */
#include "tests/unit/unit.h"

#include <json-c/json.h>
#include <string.h>

#include "discoveryd/supervise/stats.h"
#include "discoveryd/supervise/supervise.h"

static void take(struct dsc_worker_io *w, const char *text)
{
	struct json_object *msg = json_tokener_parse(text);

	assert_non_null(msg);
	dsc_worker_io_take(w, msg);
	json_object_put(msg);
}

static const struct dsc_ns_io *ns(const struct dsc_worker_io *w, uint32_t nsid)
{
	const struct dsc_subsys_io *s = dsc_worker_io_subsys(w, "s");

	return s ? dsc_subsys_io_ns(s, nsid) : NULL;
}

static void test_a_difference_leaves_the_rest_as_it_was(void **state)
{
	struct dsc_worker_io w = { 0 };
	struct dsc_io_rate rate;

	(void)state;
	take(&w, "{'monotonic_ns': 1000000000, 'subsystems': [{'nqn': 's', 'namespaces': ["
		 "{'nsid': 1, 'reads': 10, 'read_ns': 5000, 'read': {'total': [4, 6], 'backend': [10], 'backend_ns': 70}}, {'nsid': 2}]}]}");
	assert_false(dsc_io_rate(&w, &ns(&w, 1)->io, &rate)); /* since when is not known */
	take(&w, "{'since': 1, 'monotonic_ns': 3000000000, 'subsystems': [{'nqn': 's', 'namespaces': ["
		 "{'nsid': 1, 'reads': 30, 'read_ns': 9000, 'read': {'total': [4, 26], 'backend': [30], 'backend_ns': 90}}]}]}");
	assert_int_equal(ns(&w, 1)->io.count[DSC_IO_READS], 30);
	assert_int_equal(ns(&w, 1)->io.times->part_ns[DSC_IO_READ][DSC_IO_BACKEND], 90);
	assert_true(dsc_io_rate(&w, &ns(&w, 1)->io, &rate));
	assert_true(rate.per_second[DSC_IO_READS] == 10 && rate.per_second[DSC_IO_READ_NS] == 2000);
	assert_int_equal(rate.times[DSC_IO_READ].bucket[0], 0);
	assert_int_equal(rate.times[DSC_IO_READ].bucket[1], 20);
	assert_non_null(ns(&w, 2));
	assert_false(dsc_io_rate(&w, &ns(&w, 2)->io, &rate));
	take(&w, "{'since': 2, 'monotonic_ns': 4000000000, 'subsystems': [{'nqn': 's', 'namespaces': []}]}");
	assert_int_equal(ns(&w, 1)->io.count[DSC_IO_READS], 30);
	assert_false(dsc_io_rate(&w, &ns(&w, 1)->io, &rate)); /* idle */
	dsc_worker_io_clear(&w);
}

static void test_sums_outlive_namespaces_and_processes(void **state)
{
	struct dsc_worker_io w = { 0 };
	struct dsc_io_rate rate;

	(void)state;
	take(&w, "{'monotonic_ns': 1, 'subsystems': [{'nqn': 's', 'namespaces': [{'nsid': 1, 'reads': 10, 'read': {'total': [10]}}, "
		 "{'nsid': 2, 'reads': 5, 'read': {'total': [0, 5]}}]}, {'nqn': 'other', 'namespaces': []}]}");
	assert_int_equal(w.io.count[DSC_IO_READS], 15);
	/* another process: it counts from 0, and has one namespace left */
	take(&w, "{'monotonic_ns': 2, 'subsystems': [{'nqn': 's', 'namespaces': [{'nsid': 1, 'reads': 3, 'read': {'total': [3]}}]}]}");
	assert_null(ns(&w, 2));
	assert_null(dsc_worker_io_subsys(&w, "other"));
	assert_int_equal(ns(&w, 1)->io.count[DSC_IO_READS], 3);
	assert_false(dsc_io_rate(&w, &ns(&w, 1)->io, &rate));
	assert_int_equal(w.io.count[DSC_IO_READS], 18);
	assert_int_equal(dsc_worker_io_subsys(&w, "s")->io.count[DSC_IO_READS], 18);
	assert_int_equal(w.io.times->total[DSC_IO_READ].bucket[0], 13);
	assert_int_equal(w.io.times->total[DSC_IO_READ].bucket[1], 5);
	dsc_worker_io_clear(&w);
}

static void see_queue(void *arg, const struct dsc_controller *c, const struct dsc_queue_io *q)
{
	unsigned int *seen = arg;

	assert_int_equal(q->id.cntlid, c->cntlid);
	*seen |= 1u << q->id.qid;
}

static void test_hosts_queues_and_statuses(void **state)
{
	struct dsc_controller c = { .cntlid = 7, .qpairs = 3 };
	struct dsc_worker_io w = { 0 };
	const struct dsc_subsys_io *s;
	unsigned int seen = 0;

	(void)state;
	take(&w, "{'monotonic_ns': 1, 'queues_left_out': 4, 'failed': [[640, 2], [33153, 1], 'x', [1]], 'subsystems': [{'nqn': 's', 'namespaces': "
		 "[{'nsid': 1, 'errors': 2, 'failed': [[640, 2]]}], 'hosts': [{'host_nqn': 'h', 'inflight': 3, 'writes': 9, 'write': [1, 8]}], "
		 "'queues': [{'cntlid': 7, 'qid': 1, 'writes': 4}, {'cntlid': 7, 'qid': 4, 'writes': 5}, {'cntlid': 8, 'qid': 2}]}]}");
	s = dsc_worker_io_subsys(&w, "s");
	assert_int_equal(s->hosts->inflight, 3);
	assert_int_equal(s->hosts->io.times->total[DSC_IO_WRITE].bucket[1], 8);
	dsc_subsys_io_queues(s, &c, see_queue, &seen);
	assert_int_equal(seen, 1u << 1 | 1u << 4);
	assert_int_equal(w.nr_failed, 2);
	assert_int_equal(w.failed[1].status, DSC_IO_STATUS_ADMIN | 0x181);
	assert_int_equal(ns(&w, 1)->nr_failed, 1);
	assert_int_equal(w.queues_left_out, 4);
	dsc_worker_io_clear(&w);
}

static void test_nonsense_does_no_harm(void **state)
{
	static const char *const messages[] = {
		"{}",
		"{'subsystems': 3}",
		"{'subsystems': [4, null, {'nqn': 5, 'namespaces': {}, 'hosts': [[]], 'queues': [{'cntlid': -1}]}]}",
		"{'subsystems': [{'namespaces': [{'nsid': 'x', 'reads': -3, 'read': 7, 'write': {'total': {}, 'queue': ['a', null]}}]}]}",
		"{'failed': [[], [1, 2, 3], {}], 'monotonic_ns': 'now'}",
	};
	struct dsc_worker_io w = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		take(&w, messages[i]);
	dsc_worker_io_clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_difference_leaves_the_rest_as_it_was),
		cmocka_unit_test(test_sums_outlive_namespaces_and_processes),
		cmocka_unit_test(test_hosts_queues_and_statuses),
		cmocka_unit_test(test_nonsense_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
