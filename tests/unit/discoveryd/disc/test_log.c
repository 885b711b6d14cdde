/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/disc/test_log.c - the discovery log as a function of the model, the host and where it asked. */
#include "tests/unit/discoveryd/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "discoveryd/disc/log.h"

#define HOST "nqn.2026-11.example:host"

static void portal(struct fixture *f, const char *name, const char *address, const char *advertise)
{
	struct dsc_portal_in in = { .name = name,
				    .address = address,
				    .port = 4420,
				    .worker = "w1",
				    .advertise_set = advertise != NULL,
				    .advertise = advertise };
	struct command c;

	assert_int_equal(RUN(&c, make_portal, &in, 0), 0);
}

static void subsystem(struct fixture *f, const char *nqn)
{
	struct command c;

	assert_int_equal(
		RUN(&c, make_subsys,
		    (&(struct dsc_subsys_in){ .nqn = nqn, .worker = "w1", .allow_any = DSC_YES }),
		    0),
		0);
}

static struct dsc_log *log_as(struct fixture *f, const char *text, uint8_t dlpf)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(f->app.model);
	struct dsc_asker who;
	struct dsc_via via;
	struct dsc_log *log;

	assert_int_equal(dsc_via_parse(&via, text, 8009, NULL), 0);
	who = dsc_asker(snap, HOST);
	log = dsc_log_create(snap, &who, &via, dlpf);
	dsc_snapshot_put(snap);
	assert_non_null(log);
	return log;
}

static struct dsc_log *log_via(struct fixture *f, const char *text)
{
	return log_as(f, text, 0);
}

static void test_via_takes_every_form_of_an_address(void **state)
{
	static const struct {
		const char *text, *address;
		int family;
		uint16_t port;
		bool loopback;
	} row[] = {
		{ "192.0.2.7", "192.0.2.7", AF_INET, 8009, false },
		{ "192.0.2.7:99", "192.0.2.7", AF_INET, 99, false },
		{ "127.1.2.3", "127.1.2.3", AF_INET, 8009, true },
		{ "::1", "::1", AF_INET6, 8009, true },
		{ "[2001:db8::1]:99", "2001:db8::1", AF_INET6, 99, false },
		{ "[2001:DB8::1]", "2001:db8::1", AF_INET6, 8009, false },
		{ "::ffff:192.0.2.7", "192.0.2.7", AF_INET, 8009, false },
	};
	static const char *const bad[] = { "",		"host",		 "1.2.3",	"1.2.3.4:",
					   "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x",	"[::1",
					   "[::1]x",	"[1.2.3.4]:a",	 "::1:99999999" };
	struct dsc_via via;
	struct cmn_err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_int_equal(dsc_via_parse(&via, row[i].text, 8009, &err), 0);
		assert_string_equal(via.address, row[i].address);
		assert_int_equal(net_prefix_is_v4(&via.to) ? AF_INET : AF_INET6, row[i].family);
		assert_int_equal(via.port, row[i].port);
		assert_int_equal(net_ip_is_loopback(&via.to.ip), row[i].loopback);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(dsc_via_parse(&via, bad[i], 8009, &err), -EINVAL);
		assert_string_equal(err.field, "via");
	}
}

static void test_via_of_a_socket_unmaps_ipv4(void **state)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	struct dsc_via via;

	(void)state;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(8009);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6->sin6_addr), 1);
	dsc_via_from_sockaddr(&via, &ss, 3);
	assert_true(net_prefix_is_v4(&via.to));
	assert_string_equal(via.address, "127.0.0.1");
	assert_true(net_ip_is_loopback(&via.to.ip));
	assert_int_equal(via.port, 8009);
	assert_int_equal(via.portid, 3);
}

static void test_what_is_told_for_a_portal(void **state)
{
	static const struct {
		const char *address, *advertise, *via;
		enum dsc_why why;
		const char *told;
	} row[] = {
		{ "192.0.2.7", "", "198.51.100.1", DSC_WHY_VISIBLE, "192.0.2.7" },
		{ "192.0.2.7", "", "::1", DSC_WHY_VISIBLE, "192.0.2.7" },
		{ "0.0.0.0", "", "198.51.100.1", DSC_WHY_VISIBLE, "198.51.100.1" },
		{ "0.0.0.0", "", "2001:db8::1", DSC_WHY_FAMILY, NULL },
		{ "::", "", "2001:db8::1", DSC_WHY_VISIBLE, "2001:db8::1" },
		{ "::", "", "198.51.100.1", DSC_WHY_VISIBLE, "198.51.100.1" },
		{ "127.0.0.1", "", "198.51.100.1", DSC_WHY_LOOPBACK, NULL },
		{ "::1", "", "198.51.100.1", DSC_WHY_LOOPBACK, NULL },
		{ "127.0.0.1", "", "127.0.0.1", DSC_WHY_VISIBLE, "127.0.0.1" },
		{ "0.0.0.0", "203.0.113.5", "198.51.100.1", DSC_WHY_VISIBLE, "203.0.113.5" },
		{ "127.0.0.1", "203.0.113.5", "198.51.100.1", DSC_WHY_VISIBLE, "203.0.113.5" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct dsc_portal p = { 0 };
		struct dsc_via via;
		char told[64] = "";

		snprintf(p.address, sizeof(p.address), "%s", row[i].address);
		snprintf(p.advertise, sizeof(p.advertise), "%s", row[i].advertise);
		assert_int_equal(dsc_via_parse(&via, row[i].via, 8009, NULL), 0);
		assert_int_equal(dsc_portal_reach(&p, &via.to), row[i].why);
		assert_int_equal(dsc_reach(&p, &via, told), row[i].why == DSC_WHY_VISIBLE);
		if (row[i].told)
			assert_string_equal(told, row[i].told);
	}
}

static void test_the_first_entry_is_the_controller_itself(void **state)
{
	struct fixture *f = *state;
	struct fab_disc_record rec;
	struct dsc_log *log;

	begin(f);
	log = log_via(f, "192.0.2.1:8010");
	assert_int_equal(dsc_log_count(log), 1);
	dsc_log_record(log, 0, &rec);
	assert_int_equal(rec.subtype, NVMF_SUBTYPE_CURRENT);
	assert_int_equal(rec.eflags, NVMF_EFLAGS_DUPRETINFO | NVMF_EFLAGS_EPCSD);
	assert_string_equal(rec.subnqn, f->app.disc_nqn);
	assert_string_equal(rec.traddr, "192.0.2.1");
	assert_string_equal(rec.trsvcid, "8010");
	dsc_log_destroy(log);
}

static void test_entries_are_those_that_the_host_can_reach(void **state)
{
	struct fixture *f = *state;
	struct fab_disc_record rec;
	struct dsc_log *log;

	begin(f); /* p1 on 127.0.0.1:4420 */
	portal(f, "wild", "0.0.0.0", NULL);
	portal(f, "six", "2001:db8::5", NULL);
	subsystem(f, "nqn.2026-11.example:a");
	subsystem(f, "nqn.2026-11.example:b");
	log = log_via(f, "192.0.2.1");
	assert_int_equal(dsc_log_count(log),
			 1); /* nothing is told before the worker has confirmed it */
	dsc_log_destroy(log);
	confirm_all(f);
	log = log_via(f, "192.0.2.1");
	assert_int_equal(dsc_log_count(log), 1 + 2 * 2); /* without the loopback portal */
	dsc_log_record(log, 1, &rec);
	assert_string_equal(rec.subnqn, "nqn.2026-11.example:a");
	assert_string_equal(rec.traddr, "192.0.2.1");
	assert_int_equal(rec.adrfam, NVMF_ADRFAM_IPV4);
	dsc_log_record(log, 2, &rec);
	assert_string_equal(rec.traddr, "2001:db8::5");
	assert_int_equal(rec.adrfam, NVMF_ADRFAM_IPV6);
	dsc_log_destroy(log);
	log = log_via(f, "127.0.0.1");
	assert_int_equal(dsc_log_count(log), 1 + 2 * 3);
	dsc_log_destroy(log);
	log = log_via(f, "2001:db8::9");
	assert_int_equal(dsc_log_count(log),
			 1 + 2 * 1); /* neither loopback nor the IPv4 wildcard */
	dsc_log_destroy(log);
}

static void test_a_log_stays_as_it_was_taken(void **state)
{
	struct fixture *f = *state;
	uint8_t before[8192], after[8192], part[1000];
	struct dsc_log *log, *later;

	begin(f);
	subsystem(f, "nqn.2026-11.example:a");
	confirm_all(f);
	log = log_via(f, "127.0.0.1");
	dsc_log_render(log, 0, before, sizeof(before));
	subsystem(f, "nqn.2026-11.example:b");
	confirm_all(f);
	dsc_log_render(log, 0, after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
	for (uint64_t off = 0; off < 4096; off += 333) {
		dsc_log_render(log, off, part, sizeof(part));
		assert_memory_equal(part, before + off, sizeof(part));
	}
	later = log_via(f, "127.0.0.1");
	assert_true(dsc_log_genctr(later) > dsc_log_genctr(log));
	assert_int_equal(dsc_log_count(later), 3);
	dsc_log_destroy(later);
	dsc_log_destroy(log);
}

static int label_it(struct fixture *f, const struct dsc_call *call, const void *arg,
		    struct cmn_err *err)
{
	return dsc_cmd_subsys_update(&f->app, "nqn.2026-11.example:a",
				     &(struct dsc_subsys_in){ .label = arg }, call, err);
}

static void test_a_label_is_told_in_the_extended_form_and_moves_the_generation(void **state)
{
	struct fixture *f = *state;
	struct dsc_log *before, *log;
	struct command c;
	uint8_t page[8192];

	begin(f);
	subsystem(f, "nqn.2026-11.example:a");
	subsystem(f, "nqn.2026-11.example:b");
	confirm_all(f);
	before = log_via(f, "127.0.0.1");
	assert_int_equal(RUN(&c, label_it, "cold store", 0), 0);
	assert_int_equal(RUN(&c, label_it, "cold store", 0), 1);
	assert_int_equal(RUN(&c, label_it, "no\nlines", 0), -EINVAL);
	assert_string_equal(c.err.field, "label");
	confirm_all(f);
	fixture_restart(f);
	confirm_all(f);
	log = log_as(f, "127.0.0.1", NVMF_DLPF_EXTEND);
	assert_true(dsc_log_genctr(log) > dsc_log_genctr(before));
	dsc_log_render(log, 0, page, sizeof(page));
	assert_int_equal(page[18], 1);
	assert_int_equal(page[20] | page[21] << 8, 1024 + 1032 + 1048 + 1032);
	assert_string_equal((char *)page + 1024 + 1032 + 256, "nqn.2026-11.example:a");
	assert_memory_equal(page + 1024 + 1032 + 1032, "\x02\0\x0c\0cold store\0\0", 16);
	assert_string_equal((char *)page + 1024 + 1032 + 1048 + 256, "nqn.2026-11.example:b");
	dsc_log_destroy(log);
	dsc_log_destroy(before);
}

static void test_all_subsystems_are_told_whoever_may_use_them_but_only_what_is_served(void **state)
{
	struct fixture *f = *state;
	struct dsc_log *log, *mine;
	struct fab_disc_record rec;
	struct command c;

	begin(f);
	assert_int_equal(RUN(&c, make_subsys,
			     (&(struct dsc_subsys_in){ .nqn = "nqn.2026-11.example:hidden",
						       .worker = "w1" }),
			     0),
			 0);
	log = log_as(f, "127.0.0.1", NVMF_DLPF_ALLSUB);
	assert_int_equal(dsc_log_count(log), 1); /* not confirmed */
	dsc_log_destroy(log);
	confirm_all(f);
	log = log_as(f, "127.0.0.1", NVMF_DLPF_ALLSUB);
	assert_int_equal(dsc_log_count(log), 2);
	dsc_log_record(log, 1, &rec);
	assert_string_equal(rec.subnqn, "nqn.2026-11.example:hidden");
	mine = log_via(f, "127.0.0.1");
	assert_int_equal(dsc_log_count(mine), 1);
	assert_true(dsc_log_genctr(mine) <= dsc_log_genctr(log));
	dsc_log_destroy(mine);
	dsc_log_destroy(log);
}

static int refer(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	return dsc_cmd_referral_create(&f->app, arg, call, err);
}

static void test_referrals_follow_the_subsystems_and_move_only_their_hosts_generation(void **state)
{
	static const char *const mine[] = { "nqn.2026-11.example:other", HOST };
	static const char *const others[] = { HOST "s" };
	struct fixture *f = *state;
	struct fab_disc_record rec;
	uint8_t page[4096];
	struct dsc_log *log;
	struct command c;
	uint64_t gen;

	begin(f);
	log = log_via(f, "192.0.2.1");
	gen = dsc_log_genctr(log);
	dsc_log_destroy(log);
	assert_int_equal(RUN(&c, refer,
			     (&(struct dsc_referral_in){ .address = "192.0.2.9",
							 .hosts = { true, false, others, 1 } }),
			     0),
			 0);
	turn_over(f);
	log = log_via(f, "192.0.2.1");
	assert_int_equal(dsc_log_count(log), 1);
	assert_true(dsc_log_genctr(log) == gen);
	dsc_log_destroy(log);
	assert_int_equal(RUN(&c, refer,
			     (&(struct dsc_referral_in){ .address = "2001:DB8::9",
							 .port = 9009,
							 .nqn = "nqn.2026-11.example:dc",
							 .hosts = { true, false, mine, 2 } }),
			     0),
			 0);
	turn_over(f);
	log = log_as(f, "192.0.2.1", NVMF_DLPF_EXTEND);
	assert_true(dsc_log_genctr(log) > gen);
	assert_int_equal(dsc_log_count(log), 2);
	dsc_log_record(log, 1, &rec);
	assert_int_equal(rec.subtype, NVMF_SUBTYPE_REFERRAL);
	assert_int_equal(rec.adrfam, NVMF_ADRFAM_IPV6);
	assert_string_equal(rec.traddr, "2001:db8::9");
	dsc_log_render(log, 0, page, sizeof(page));
	assert_int_equal(page[20] | page[21] << 8, 1024 + 2 * 1032);
	assert_memory_equal(page + 1024 + 1032, "\x03\x02\x01", 3);
	assert_memory_equal(page + 1024 + 1032 + 32, "9009    ", 8);
	assert_string_equal((char *)page + 1024 + 1032 + 256, "nqn.2026-11.example:dc");
	dsc_log_destroy(log);
	log = log_via(f, "[2001:db8::9]:9009"); /* the very address that it came by */
	assert_int_equal(dsc_log_count(log), 1);
	dsc_log_destroy(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_via_takes_every_form_of_an_address),
		cmocka_unit_test(test_via_of_a_socket_unmaps_ipv4),
		cmocka_unit_test(test_what_is_told_for_a_portal),
		cmocka_unit_test_setup_teardown(test_the_first_entry_is_the_controller_itself,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_entries_are_those_that_the_host_can_reach,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_label_is_told_in_the_extended_form_and_moves_the_generation,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_all_subsystems_are_told_whoever_may_use_them_but_only_what_is_served,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_referrals_follow_the_subsystems_and_move_only_their_hosts_generation,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_a_log_stays_as_it_was_taken, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
