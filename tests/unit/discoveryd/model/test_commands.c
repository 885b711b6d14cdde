/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_commands.c - what commands choose, refuse, and leave behind; what a change costs. */
#include "tests/unit/discoveryd/fixture.h"

#include <malloc.h>

#define NQN "nqn.2026-11.example:s1"
#define HOST "nqn.2026-11.example:host"

/* -- what the tests do ------------------------------------------------------------------------------- */
static int ns_create(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	return dsc_cmd_ns_create(&f->app, NQN, arg, call, err);
}

static int ns_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	return dsc_cmd_ns_delete(&f->app, NQN, *(const uint32_t *)arg, call, err);
}

static int ns_update(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	return dsc_cmd_ns_update(&f->app, NQN, 1, arg, call, err);
}

static int ns_allow(struct fixture *f, const struct dsc_call *call, const void *arg,
		    struct cmn_err *err)
{
	return dsc_cmd_ns_allow(&f->app, NQN, 1, arg, call, err);
}

static int allow(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	return dsc_cmd_allow(&f->app, NQN, arg, call, err);
}

static int subsys_update(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_subsys_update(&f->app, NQN, arg, call, err);
}

static int subsys_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_subsys_delete(&f->app, arg, call, err);
}

static int worker_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_worker_delete(&f->app, arg, call, err);
}

static int portal_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			 struct cmn_err *err)
{
	return dsc_cmd_portal_delete(&f->app, arg, call, err);
}

static void create(struct fixture *f, const char *nqn)
{
	struct dsc_subsys_in in = { .nqn = nqn };
	struct command c;

	assert_int_equal(RUN(&c, make_subsys, &in, 0), 0);
}

static const struct dsc_snapshot *current(struct fixture *f)
{
	turn_over(f);
	return dsc_snapshot_current(f->app.model);
}

/* -- placement ------------------------------------------------------------------------------------------- */
static void test_subsystem_goes_to_the_least_loaded_worker_that_has_a_portal(void **state)
{
	struct dsc_portal_in p2 = { .address = "127.0.0.2", .worker = "w2" };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	char nqn[64];
	struct command c;

	begin(f);
	assert_int_equal(RUN(&c, make_worker, "w2", 0), 0);
	create(f, NQN "-0");
	create(f, NQN "-1");
	assert_int_equal(RUN(&c, make_portal, &p2, 0), 0);
	for (int i = 2; i < 6; i++) {
		snprintf(nqn, sizeof(nqn), NQN "-%d", i);
		create(f, nqn);
	}
	snap = current(f);
	assert_int_equal(dsc_snapshot_worker(snap, "w1")->nr_subsys, 3);
	assert_int_equal(dsc_snapshot_worker(snap, "w2")->nr_subsys, 3);
	assert_int_equal(dsc_snapshot_subsys(snap, NQN "-1")->worker_id,
			 dsc_snapshot_worker(snap, "w1")->id);
	dsc_snapshot_put(snap);
}

static void test_without_a_worker_a_subsystem_is_refused(void **state)
{
	struct dsc_subsys_in in = { .nqn = NQN };
	struct fixture *f = *state;
	struct command c;

	assert_int_equal(RUN(&c, make_subsys, &in, 0), -EBUSY);
	assert_string_equal(c.err.field, "worker");
}

static void test_nsid_is_the_lowest_free_one(void **state)
{
	struct dsc_ns_in in = { .size_set = true, .size = 1 << 20, .backend = "null" };
	struct dsc_ns_in five = in, two = in;
	struct fixture *f = *state;
	struct command c;

	five.nsid = 5;
	two.nsid = 2;
	begin(f);
	create(f, NQN);
	for (uint32_t want = 1; want <= 3; want++) {
		assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
		assert_int_equal(c.outcome.nsid, want);
	}
	assert_int_equal(RUN(&c, ns_create, &five, 0), 0);
	assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
	assert_int_equal(c.outcome.nsid, 4);
	assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
	assert_int_equal(c.outcome.nsid, 6);
	assert_int_equal(RUN(&c, ns_delete, &(uint32_t){ 2 }, 0), 0);
	assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
	assert_int_equal(c.outcome.nsid, 2);
	assert_int_equal(RUN(&c, ns_create, &two, 0), -EEXIST);
	assert_string_equal(c.err.field, "nsid");
}

/* -- refusals ----------------------------------------------------------------------------------------------- */
static void test_nqn_is_checked(void **state)
{
	static const char *const bad[] = {
		"",
		"demo",
		"nqn.2026-11",
		"nqn.2026-11.",
		"nqn.2026-11.:x",
		"nqn.20x6-11.example:x",
		"NQN.2026-11.example:x",
		"nqn.2026-11.example:with space",
		"nqn.2026-11.example:\n",
		"nqn.2014-08.org.nvmexpress.discovery",
	};
	struct dsc_subsys_in in = { .nqn = NULL };
	struct fixture *f = *state;
	char longest[260];
	struct command c;

	begin(f);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		in.nqn = bad[i];
		assert_int_equal(RUN(&c, make_subsys, &in, 0), -EINVAL);
		assert_string_equal(c.err.field, "nqn");
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "nqn.2026-11.example:", 20);
	longest[224] = '\0';
	in.nqn = longest;
	assert_int_equal(RUN(&c, make_subsys, &in, 0), -EINVAL);
	longest[223] = '\0';
	assert_int_equal(RUN(&c, make_subsys, &in, 0), 0);
	assert_int_equal(RUN(&c, make_subsys, &in, 0), -EEXIST);
}

static void test_namespace_inputs_are_checked(void **state)
{
	static const struct {
		struct dsc_ns_in in;
		const char *field;
	} bad[] = {
		{ { .nsid = 0 }, "size" },
		{ { .size_set = true, .size = 0 }, "size" },
		{ { .size_set = true, .size = 513 }, "size" },
		{ { .size_set = true, .size = 4096, .block_size = 520 }, "block_size" },
		{ { .size_set = true, .size = 4096, .backend = "rbd" }, "backend" },
		{ { .size_set = true, .size = 4096, .backend = "file" }, "path" },
		{ { .size_set = true, .size = 4096, .path = "relative" }, "path" },
		{ { .size_set = true, .size = 4096, .path = "/does/not/exist" }, "path" },
		{ { .path = "/dev/null" }, "path" },
		{ { .size_set = true, .size = 4096, .backend = "ram", .path = "/x" }, "path" },
		{ { .size_set = true, .size = 4096, .nsid = DSC_NSID_MAX + 1 }, "nsid" },
		{ { .size_set = true, .size = 4096, .uuid = "1234" }, "uuid" },
		{ { .size_set = true, .size = 4096, .nguid = "xy" }, "nguid" },
		{ { .size_set = true, .size = 4096, .eui64 = "0123456789abcdefff" }, "eui64" },
	};
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	struct command c;

	begin(f);
	create(f, NQN);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(RUN(&c, ns_create, &bad[i].in, 0), -EINVAL);
		assert_string_equal(c.err.field, bad[i].field);
	}
	snap = current(f);
	assert_null(dsc_snapshot_subsys(snap, NQN)->namespaces);
	dsc_snapshot_put(snap);
}

static void test_file_is_used_once_and_its_size_counts(void **state)
{
	struct dsc_ns_in in = { .nsid = 0 };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	char path[128];
	struct command c;
	FILE *file;

	begin(f);
	create(f, NQN);
	snprintf(path, sizeof(path), "%s/volume", f->dir);
	file = fopen(path, "w");
	assert_int_equal(ftruncate(fileno(file), 1000000), 0);
	fclose(file);
	in.path = path;
	assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
	snap = current(f);
	assert_int_equal(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1)->size,
			 1000000 / 512 * 512);
	dsc_snapshot_put(snap);
	assert_int_equal(RUN(&c, ns_create, &in, 0), -EBUSY);
	assert_non_null(strstr(c.err.msg, NQN));
	in.size_set = true;
	in.size = 1 << 20;
	assert_int_equal(RUN(&c, ns_delete, &(uint32_t){ 1 }, 0), 0);
	assert_int_equal(RUN(&c, ns_create, &in, 0), -EINVAL);
	assert_string_equal(c.err.field, "size");
}

static void test_changed_meanwhile_is_refused(void **state)
{
	struct dsc_subsys_in in = { .allow_any = DSC_YES };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	uint64_t changed;
	struct command c;

	begin(f);
	create(f, NQN);
	snap = current(f);
	changed = dsc_snapshot_subsys(snap, NQN)->changed;
	dsc_snapshot_put(snap);
	assert_int_equal(RUN(&c, allow, HOST, 0), 0);
	assert_int_equal(RUN(&c, subsys_update, &in, .if_match = changed), -ESTALE);
	assert_int_equal(RUN(&c, subsys_update, &in, .if_match = c.outcome.change), 0);
	assert_int_equal(RUN(&c, subsys_update, &in, 0), 1); /* it is so already */
}

static void test_what_is_in_use_is_named(void **state)
{
	struct dsc_ns_in ns = { .size_set = true, .size = 4096, .backend = "null" };
	const char *const one[] = { "p1" };
	struct dsc_subsys_in in = { .portals = { .set = true, .item = one, .nr = 1 } };
	struct fixture *f = *state;
	struct command c;

	begin(f);
	create(f, NQN);
	assert_int_equal(RUN(&c, ns_create, &ns, 0), 0);
	assert_int_equal(RUN(&c, subsys_update, &in, 0), 0);
	assert_int_equal(RUN(&c, subsys_delete, NQN, 0), -EBUSY);
	assert_int_equal(RUN(&c, portal_delete, "p1", 0), -EBUSY);
	assert_non_null(strstr(c.err.msg, NQN));
	assert_int_equal(RUN(&c, worker_delete, "w1", .force = true), -EBUSY);
	assert_non_null(strstr(c.err.msg, NQN));
	assert_int_equal(RUN(&c, portal_delete, "p1", .force = true), 0);
	assert_int_equal(RUN(&c, subsys_delete, NQN, .force = true), 0);
	assert_int_equal(RUN(&c, worker_delete, "w1", 0), 0);
}

static void test_namespace_grows_and_never_shrinks(void **state)
{
	struct dsc_ns_in in = { .size_set = true, .size = 1 << 20, .backend = "null" };
	struct fixture *f = *state;
	struct command c;

	begin(f);
	create(f, NQN);
	assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
	in.size = 2 << 20;
	assert_int_equal(RUN(&c, ns_update, &in, 0), 0);
	in.size = 1 << 20;
	assert_int_equal(RUN(&c, ns_update, &in, .force = true), -EINVAL);
	assert_string_equal(c.err.field, "size");
}

/* -- identity survives ---------------------------------------------------------------------------------------- */
static void test_identifiers_are_made_once(void **state)
{
	struct dsc_ns_in in = { .size_set = true, .size = 1 << 20 };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	struct dsc_subsys *s;
	struct dsc_ns *ns;
	struct command c;

	begin(f);
	create(f, NQN);
	assert_int_equal(RUN(&c, ns_create, &in, 0), 0);
	assert_int_equal(RUN(&c, ns_allow, HOST, 0), 0);
	snap = current(f);
	s = dsc_row_get(dsc_snapshot_subsys(snap, NQN));
	ns = dsc_row_get(dsc_snapshot_ns(s, 1));
	dsc_snapshot_put(snap);
	fixture_restart(f);
	snap = current(f);
	assert_string_equal(dsc_snapshot_subsys(snap, NQN)->serial, s->serial);
	assert_memory_equal(&dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1)->uuid, &ns->uuid,
			    16);
	assert_memory_equal(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1)->nguid, ns->nguid,
			    16);
	assert_memory_equal(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1)->eui64, ns->eui64,
			    8);
	assert_true(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1)->restricted);
	assert_int_equal(dsc_tree_count(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1)->hosts),
			 1);
	dsc_snapshot_put(snap);
	dsc_row_put(ns);
	dsc_row_put(s);
}

/* -- failures that a worker reports ----------------------------------------------------------------------------- */
static void fail_ns(void *arg)
{
	struct fixture *f = arg;
	const struct dsc_snapshot *st = dsc_model_now(f->app.model);
	struct dsc_fail *fail = dsc_row_new(DSC_ROW_FAIL);
	struct dsc_confirm c = {
		.generation = st->change, .full = true, .fails = &fail, .nr_fails = 1
	};

	c.worker_id = dsc_snapshot_worker(st, "w1")->id;
	fail->subsys_id = dsc_snapshot_subsys(st, NQN)->id;
	fail->nsid = 1;
	snprintf(fail->field, sizeof(fail->field), "path");
	snprintf(fail->reason, sizeof(fail->reason), "is in use");
	dsc_model_confirm(f->app.model, &c);
	dsc_row_put(fail);
}

static void command_begin(struct command *c, struct fixture *f, const void *arg)
{
	memset(c, 0, sizeof(*c));
	c->f = f;
	c->start = ns_create;
	c->arg = arg;
	c->call = (struct dsc_call){ .done = command_done, .arg = c, .wait_ms = 10000 };
	sem_init(&c->done, 0, 0);
	on_loop(f, command_start, c);
}

static void test_namespace_that_cannot_be_opened_leaves_nothing(void **state)
{
	struct dsc_ns_in in = { .size_set = true, .size = 1 << 20, .backend = "null" };
	struct fixture *f = *state;
	const struct dsc_snapshot *snap;
	struct command c;

	begin(f);
	create(f, NQN);
	confirm_all(f);
	command_begin(&c, f, &in);
	for (snap = current(f); !dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1);
	     snap = current(f)) {
		dsc_snapshot_put(snap);
		usleep(1000);
	}
	dsc_snapshot_put(snap);
	on_loop(f, fail_ns, f);
	while (sem_wait(&c.done) < 0)
		;
	assert_int_equal(c.rc, -EINVAL);
	assert_string_equal(c.err.field, "path");
	assert_string_equal(c.err.msg, "is in use");
	snap = current(f);
	assert_null(dsc_snapshot_ns(dsc_snapshot_subsys(snap, NQN), 1));
	assert_null(snap->fails);
	dsc_snapshot_put(snap);
}

/* -- what a change costs ------------------------------------------------------------------------------------------ */
struct cost {
	struct fixture *f;
	unsigned int from, to;
	sem_t done;
	unsigned int left;
};

static void cost_done(void *arg, const struct dsc_outcome *outcome)
{
	struct cost *cost = arg;

	assert_false(cmn_err_is(&outcome->err));
	if (--cost->left == 0)
		sem_post(&cost->done);
}

static void create_many(void *arg)
{
	struct cost *cost = arg;
	struct dsc_call call = { .done = cost_done, .arg = cost };
	struct cmn_err err = { 0 };
	char nqn[64];

	for (unsigned int i = cost->from; i < cost->to; i++) {
		struct dsc_subsys_in in = { .nqn = nqn, .allow_any = i % 2 ? DSC_YES : DSC_NO };

		snprintf(nqn, sizeof(nqn), "nqn.2026-11.example:cost-%05u", i);
		assert_int_equal(dsc_cmd_subsys_create(&cost->f->app, &in, &call, &err), 0);
	}
}

/* Processor time: others may use the machine too. */
static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * CMN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t measure(struct fixture *f, unsigned int from, unsigned int to)
{
	uint64_t begun = cpu_ns();

	for (unsigned int at = from; at < to; at += 100) {
		struct cost cost = { .f = f, .from = at, .to = at + 100, .left = 100 };

		sem_init(&cost.done, 0, 0);
		on_loop(f, create_many, &cost);
		while (sem_wait(&cost.done) < 0)
			;
		sem_destroy(&cost.done);
	}
	return cpu_ns() - begun;
}

static void test_the_last_thousand_of_ten_cost_like_the_first(void **state)
{
	const struct dsc_snapshot *held;
	struct fixture *f = *state;
	uint64_t first, last;
	size_t before, after;

	begin(f);
	measure(f, 90000, 90500); /* warm */
	first = measure(f, 0, 1000);
	measure(f, 1000, 9000);
	last = measure(f, 9000, 10000);
	print_message("first 1000: %llu us, last 1000: %llu us\n", (unsigned long long)first / 1000,
		      (unsigned long long)last / 1000);
	assert_true(last < first + first / 2 + 50 * CMN_NS_PER_MS);
	/* A snapshot that is held shares with the ones after it: a hundred changes cost kilobytes, not the model again. */
	held = current(f);
	before = mallinfo2().uordblks;
	measure(f, 10000, 10100);
	after = mallinfo2().uordblks;
	print_message("100 creates beside a held snapshot: %zu kB\n", (after - before) / 1024);
	assert_true(after - before < 2 << 20);
	assert_int_equal(dsc_tree_count(held->subsystems), 10500);
	dsc_snapshot_put(held);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_subsystem_goes_to_the_least_loaded_worker_that_has_a_portal),
		T(test_without_a_worker_a_subsystem_is_refused),
		T(test_nsid_is_the_lowest_free_one),
		T(test_nqn_is_checked),
		T(test_namespace_inputs_are_checked),
		T(test_file_is_used_once_and_its_size_counts),
		T(test_changed_meanwhile_is_refused),
		T(test_what_is_in_use_is_named),
		T(test_namespace_grows_and_never_shrinks),
		T(test_identifiers_are_made_once),
		T(test_namespace_that_cannot_be_opened_leaves_nothing),
		T(test_the_last_thousand_of_ten_cost_like_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
