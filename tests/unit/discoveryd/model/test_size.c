/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_size.c - what a host's log and a change cost depends on what the host sees, not on how much there is:
 * processor time with many subsystems against that with a tenth of them.
 *
 * PHAROS_SUBSYSTEMS, PHAROS_SEEN: how many there are, and how many of them a host sees; then the figures are printed. */
#include "tests/unit/discoveryd/fixture.h"

#include <sys/stat.h>

#include "discoveryd/disc/log.h"

#define FEW 1000
#define MANY 10000
#define SEEN 100
#define PORTALS 4
#define BATCH 1000
#define LOGS 8
#define CREATES 8
#define ROUNDS 6 /* of these; the cheapest counts, for others disturb */

struct fill {
	unsigned int from, to, seen;
};

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * CMN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static int create_one(struct fixture *f, unsigned int i, unsigned int seen,
		      const struct dsc_call *call, struct cmn_err *err)
{
	char nqn[64], host[64];
	const char *hosts[] = { host };
	struct dsc_subsys_in in = { .nqn = nqn,
				    .worker = "w1",
				    .hosts = { .set = true, .item = hosts, .nr = 1 } };

	snprintf(nqn, sizeof(nqn), "nqn.2026-11.example:vol-%u", i);
	snprintf(host, sizeof(host), "nqn.2026-11.example:host-%u", i / seen);
	return dsc_cmd_subsys_create(&f->app, &in, call, err);
}

static int create_many(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	const struct fill *fill = arg;

	dsc_batch_begin(&f->app);
	for (unsigned int i = fill->from; i < fill->to; i++)
		assert_int_equal(create_one(f, i, fill->seen, NULL, err), 0);
	return dsc_batch_commit(&f->app, call, NULL);
}

static int create(struct fixture *f, const struct dsc_call *call, const void *arg,
		  struct cmn_err *err)
{
	const struct fill *fill = arg;

	return create_one(f, fill->from, fill->seen, call, err);
}

/* Where no commit waits for a disk. */
static void open_filled(struct fixture *f, unsigned int nr, unsigned int seen)
{
	struct dsc_portal_in in = { .worker = "w1" };
	struct cmn_err err = { 0 };
	struct command c;
	char address[32];

	snprintf(f->dir, sizeof(f->dir), "%s/pharos-test-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(fixture_open(f, &err), 0);
	assert_int_equal(RUN(&c, make_worker, "w1", 0), 0);
	for (unsigned int i = 0; i < PORTALS; i++) {
		snprintf(address, sizeof(address), "192.0.2.%u", i + 1);
		in.address = address;
		assert_int_equal(RUN(&c, make_portal, &in, 0), 0);
	}
	for (struct fill fill = { .seen = seen }; fill.from < nr; fill.from = fill.to) {
		fill.to = cmn_min(fill.from + BATCH, nr);
		assert_int_equal(RUN(&c, create_many, &fill, 0), 0);
	}
	confirm_all(f);
}

static void close_filled(struct fixture *f)
{
	char cmd[128];

	fixture_close(f);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	assert_int_equal(system(cmd), 0);
}

/* Processor time of one log, made and rendered. */
static uint64_t log_cost(struct fixture *f, unsigned int nr, unsigned int seen)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(f->app.model);
	static uint8_t page[4096];
	struct dsc_asker who;
	struct dsc_log *log;
	struct dsc_via via;
	char host[64];
	uint64_t ns;

	assert_int_equal(dsc_via_parse(&via, "192.0.2.9", 8009, NULL), 0);
	ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned int i = 0; i < LOGS; i++) {
		snprintf(host, sizeof(host), "nqn.2026-11.example:host-%u", i * 7 % (nr / seen));
		who = dsc_asker(snap, host);
		log = dsc_log_create(snap, &who, &via, 0);
		assert_non_null(log);
		assert_int_equal(dsc_log_count(log), 1 + seen * PORTALS);
		for (uint64_t off = 0; off < dsc_log_size(log); off += sizeof(page))
			dsc_log_render(log, off, page, sizeof(page));
		dsc_log_destroy(log);
	}
	ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - ns;
	dsc_snapshot_put(snap);
	return ns / LOGS;
}

/* Of one new subsystem, whichever thread does something for it; *ret_clock: by the clock, until it is stored. */
static uint64_t create_cost(struct fixture *f, unsigned int nr, unsigned int seen,
			    uint64_t *ret_clock)
{
	struct fill fill = { .from = nr, .seen = seen };
	struct command c;
	uint64_t ns;

	*ret_clock = cmn_now_ns();
	ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned int i = 0; i < CREATES; i++, fill.from++)
		assert_int_equal(RUN(&c, create, &fill, 0), 0);
	turn_over(f);
	ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - ns;
	*ret_clock = (cmn_now_ns() - *ret_clock) / CREATES;
	return ns / CREATES;
}

struct costs {
	uint64_t log, create, create_clock;
};

static struct costs costs_with(unsigned int nr, unsigned int seen)
{
	struct costs costs = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	struct fixture *f = calloc(1, sizeof(*f));
	uint64_t clock;

	open_filled(f, nr, seen);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		costs.log = cmn_min(costs.log, log_cost(f, nr, seen));
		costs.create =
			cmn_min(costs.create, create_cost(f, nr + i * CREATES, seen, &clock));
		costs.create_clock = cmn_min(costs.create_clock, clock);
	}
	close_filled(f);
	free(f);
	return costs;
}

static void test_costs_follow_what_a_host_sees_not_what_there_is(void **state)
{
	const char *nr = getenv("PHAROS_SUBSYSTEMS"), *seen = getenv("PHAROS_SEEN");
	struct costs few, many;

	(void)state;
	if (nr) {
		many = costs_with((unsigned int)strtoul(nr, NULL, 0),
				  seen ? (unsigned int)strtoul(seen, NULL, 0) : SEEN);
		printf("%s subsystems, a host sees %s: its log %.3f ms; a create %.3f ms of "
		       "processor time, stored after %.3f ms\n",
		       nr, seen ? seen : "100", (double)many.log / 1e6, (double)many.create / 1e6,
		       (double)many.create_clock / 1e6);
		return;
	}
	few = costs_with(FEW, SEEN);
	many = costs_with(MANY, SEEN);
	printf("log %.3f ms with %u, %.3f ms with %u; create %.3f ms, %.3f ms\n",
	       (double)few.log / 1e6, FEW, (double)many.log / 1e6, MANY, (double)few.create / 1e6,
	       (double)many.create / 1e6);
	assert_true(many.log < 5 * few.log);
	assert_true(many.create < 5 * few.create);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs_follow_what_a_host_sees_not_what_there_is),
	};

	cmn_log_set_level(CMN_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
