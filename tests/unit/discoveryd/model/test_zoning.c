/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_zoning.c - the compiled form of zoning against a naive reading of the zones; members as text; what is
 * configured, activated, rolled back, and what of it is left after a restart. */
#include "tests/unit/discoveryd/fixture.h"

#include "discoveryd/model/state.h"
#include "discoveryd/model/zone_commands.h"
#include "discoveryd/model/zoning_impl.h"

#define DDC "nqn.2026-11.example:ddc"
#define OWN_DDC "nqn.2026-11.example:ddc-own"

static const char *const hosts[] = { "nqn.2026-11.example:h0", "nqn.2026-11.example:h1",
				     "nqn.2026-11.example:h2", "nqn.2026-11.example:h3" };
static const char *const subsystems[] = { "nqn.2026-11.example:s0", "nqn.2026-11.example:s1",
					  "nqn.2026-11.example:s2" };
static const char *const labels[] = { "rack 1", "rack 2", "" };
static const char *const addresses[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "2001:db8::1" };
static const char *const prefixes[] = { "10.0.0.0/24", "10.0.0.0/8", "2001:db8::/32", "::/0" };

/* -- a naive reading ------------------------------------------------------------------------------------- */
struct zone {
	const char *originator;
	struct dsc_zone_member m[6];
	unsigned int nr;
};

struct port {
	const char *nqn, *label, *ddc;
	bool told;
	struct net_ip addr;
	uint16_t port, portid;
};

static bool in_prefix(const struct dsc_zone_member *m, const struct net_ip *ip)
{
	for (unsigned int bit = 0; bit < m->at.bits; bit++)
		if ((m->at.ip.a.s6_addr[bit / 8] ^ ip->a.s6_addr[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool port_is(const struct dsc_zone_member *m, const struct port *p)
{
	bool v4 = p->told && IN6_IS_ADDR_V4MAPPED(&p->addr.a);

	if ((m->has & FAB_ZE_PORT && m->port != p->port) ||
	    (m->has & FAB_ZE_PORTID && m->portid != p->portid))
		return false;
	if (!p->told)
		return true;
	if (m->has & FAB_ZE_ADRFAM && (m->family == NVMF_ADRFAM_IPV4) != v4)
		return false;
	return !(m->has & FAB_ZE_IP) || in_prefix(m, &p->addr);
}

static bool names(const struct dsc_zone_member *m, const struct port *p)
{
	return (m->has & FAB_ZE_NQN && !strcmp(m->text, p->nqn)) ||
	       (m->has & DSC_ZE_LABEL && *p->label && !strcmp(m->text, p->label));
}

/* host: index, or -1 for one that nobody names. */
static bool host_is(const struct dsc_zone_member *m, int host, const struct net_ip *from)
{
	if (m->role != NVMF_ZONE_HOST || m->has & (FAB_ZE_PORT | FAB_ZE_PORTID))
		return false;
	if (m->has & FAB_ZE_NQN && (host < 0 || strcmp(m->text, hosts[host]) != 0))
		return false;
	if (m->has & DSC_ZE_LABEL && (host < 0 || host > 1 || strcmp(m->text, labels[host]) != 0))
		return false;
	return !(m->has & FAB_ZE_IP) || (from && in_prefix(m, from));
}

static bool zone_has(const struct zone *z, int host, const struct net_ip *from)
{
	for (unsigned int i = 0; i < z->nr; i++)
		if (host_is(&z->m[i], host, from))
			return true;
	return false;
}

static bool concerns(const struct zone *z, const struct port *p)
{
	if (!*z->originator)
		return true;
	return p->ddc ? !strcmp(z->originator, p->ddc) : !strcmp(z->originator, OWN_DDC);
}

static enum dsc_zone_verdict read_zones(const struct zone *z, unsigned int nr, const struct port *p,
					int host, const struct net_ip *from)
{
	enum dsc_zone_verdict v = DSC_ZONE_OPEN;

	for (unsigned int i = 0; i < nr; i++, z++) {
		for (unsigned int k = 0; k < z->nr && concerns(z, p); k++) {
			const struct dsc_zone_member *m = &z->m[k];
			bool name = m->has & (FAB_ZE_NQN | DSC_ZE_LABEL), is = port_is(m, p);

			if (m->role != NVMF_ZONE_SUBSYSTEM || (name && !names(m, p)))
				continue;
			if (!name && (!is || !p->told))
				continue;
			if (is && zone_has(z, host, from))
				return DSC_ZONE_SHARED;
			v = DSC_ZONE_APART;
		}
	}
	return v;
}

/* -- random zones ------------------------------------------------------------------------------------------- */
#define PICK(list) list[(size_t)rand() % (sizeof(list) / sizeof(list[0]))]

static void random_member(struct dsc_zone_member *m)
{
	static const uint16_t has[] = {
		FAB_ZE_NQN,
		FAB_ZE_NQN,
		FAB_ZE_NQN | FAB_ZE_IP | FAB_ZE_PROTO,
		FAB_ZE_NQN | FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT,
		FAB_ZE_NQN | FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT | FAB_ZE_PORTID,
		FAB_ZE_NQN | FAB_ZE_PORTID,
		FAB_ZE_NQN | FAB_ZE_PROTO | FAB_ZE_PORTID | FAB_ZE_ADRFAM,
		FAB_ZE_IP | FAB_ZE_PROTO,
		FAB_ZE_IP | FAB_ZE_PROTO | FAB_ZE_PORT,
		DSC_ZE_LABEL,
	};
	bool whole;

	memset(m, 0, sizeof(*m));
	m->has = PICK(has);
	m->role = rand() % 2 ? NVMF_ZONE_HOST : NVMF_ZONE_SUBSYSTEM;
	m->ipproto = m->has & FAB_ZE_PROTO ? NVMF_ZONE_TCP : 0;
	whole = m->has & FAB_ZE_NQN || rand() % 2;
	if (m->has & FAB_ZE_IP)
		assert_true(net_prefix_parse(&m->at, whole ? PICK(addresses) : PICK(prefixes)));
	if (m->has & FAB_ZE_IP)
		m->family = net_prefix_is_v4(&m->at) ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
	if (m->has & FAB_ZE_ADRFAM)
		m->family = rand() % 2 ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
	if (m->has & FAB_ZE_PORT)
		m->port = (uint16_t)(4420 + rand() % 2);
	if (m->has & FAB_ZE_PORTID)
		m->portid = (uint16_t)(1 + rand() % 2);
	if (m->has & FAB_ZE_NQN)
		strcpy(m->text, m->role == NVMF_ZONE_HOST ? PICK(hosts) : PICK(subsystems));
	if (m->has & DSC_ZE_LABEL)
		strcpy(m->text, labels[rand() % 2]);
}

static void check_text(const struct dsc_zone_member *m)
{
	char line[DSC_ZONE_LINE], again[DSC_ZONE_LINE];
	struct dsc_zone_member back;

	dsc_zone_member_format(m, line);
	assert_true(dsc_zone_member_parse(dsc_slice_of(line), &back));
	assert_string_equal(dsc_zone_member_format(&back, again), line);
	assert_string_equal(back.text, m->text);
	assert_true(back.has == m->has && back.role == m->role && back.family == m->family &&
		    back.ipproto == m->ipproto && back.port == m->port &&
		    back.portid == m->portid && net_prefix_cmp(&back.at, &m->at) == 0);
}

static char *random_text(struct zone *z, unsigned int nr)
{
	struct dsc_lines text = { 0 };
	char line[DSC_ZONE_LINE], *joined;

	for (unsigned int i = 0; i < nr; i++, z++) {
		struct dsc_lines members = { 0 };

		snprintf(line, sizeof(line), "zone z%u", i);
		dsc_lines_add(&text, line);
		z->nr = (unsigned int)rand() % 6;
		for (unsigned int k = 0; k < z->nr; k++) {
			random_member(&z->m[k]);
			check_text(&z->m[k]);
			dsc_lines_add(&members, dsc_zone_member_format(&z->m[k], line));
		}
		dsc_lines_sort(&members);
		for (size_t k = 0; k < members.nr; k++)
			dsc_lines_add(&text, members.line[k]);
		dsc_lines_free(&members);
	}
	joined = dsc_lines_join(&text);
	dsc_lines_free(&text);
	return joined;
}

/* What the state holds of a row that is its own. */
static void put(struct dsc_snapshot *st, void *row)
{
	dsc_state_write(st, false, row);
	dsc_row_put(row);
}

static void put_labels(struct dsc_snapshot *st)
{
	for (uint64_t i = 0; i < 2; i++) {
		struct dsc_entity *e = dsc_row_new(DSC_ROW_ENTITY);
		struct dsc_reg *r = dsc_row_new(DSC_ROW_REG);

		e->id = 10 + i;
		e->etype = NVMF_DIM_HOST;
		strcpy(e->eid, hosts[i]);
		put(st, e);
		r->id = 20 + i;
		r->entity_id = 10 + i;
		r->key = dsc_strdup("k");
		r->label = dsc_strdup(labels[i]);
		r->label_since = 3;
		strcpy(r->nqn, hosts[i]);
		put(st, r);
	}
}

static void ask_everything(const struct dsc_zoning *z, const struct dsc_snapshot *st,
			   const struct zone *zones, unsigned int nr)
{
	static const char *const ddcs[] = { NULL, DDC, OWN_DDC };
	enum dsc_zone_verdict want, got;
	struct port p;

	for (int i = 0; i < 300; i++) {
		int host = rand() % 5 - 1, at = rand() % 5 - 1;
		size_t s = (size_t)rand() % 3;
		struct dsc_asker who = { .nqn = host < 0 ? NULL : hosts[host],
					 .has_from = at >= 0 };
		struct net_prefix told;
		struct dsc_zone_port port;
		struct dsc_zoning_question q = {
			.snap = st, .who = &who, .port = &port, .confirmed = UINT64_MAX
		};

		if (at >= 0)
			assert_true(net_prefix_parse(&who.from, addresses[at]));
		p = (struct port){ .nqn = subsystems[s],
				   .label = labels[s],
				   .ddc = ddcs[rand() % 3],
				   .told = rand() % 4,
				   .port = (uint16_t)(4420 + rand() % 2),
				   .portid = (uint16_t)(1 + rand() % 2) };
		assert_true(net_ip_parse(&p.addr, PICK(addresses)));
		told = net_prefix_of(&p.addr, NET_IP_BITS);
		port = (struct dsc_zone_port){ .nqn = p.nqn,
					       .label = p.label,
					       .addr = p.told ? &told : NULL,
					       .port = p.port,
					       .portid = p.portid,
					       .ddc = p.ddc };
		want = read_zones(zones, nr, &p, host, at < 0 ? NULL : &who.from.ip);
		got = dsc_zoning_verdict(z, &q, NULL);
		assert_int_equal(got, want);
	}
}

static void test_the_compiled_form_answers_as_a_naive_reading(void **state)
{
	static const char *const originators[] = { "", DDC, OWN_DDC };

	(void)state;
	for (unsigned int seed = 0; seed < 150; seed++) {
		struct dsc_snapshot st = { .change = 9 };
		struct dsc_zone_past past = { .change = 5, .enabled = true };
		struct zone zones[9];
		struct dsc_zoning *z;
		char ddcs[] = DDC "\nown " OWN_DDC "\n";

		srand(seed);
		for (unsigned int g = 0; g < 3; g++) {
			struct dsc_zone_active *a = dsc_row_new(DSC_ROW_ZONE_ACTIVE);

			a->id = 1 + g;
			a->since = 5;
			strcpy(a->originator, originators[g]);
			snprintf(a->name, sizeof(a->name), "g%u", g);
			for (unsigned int i = 0; i < 3; i++)
				zones[3 * g + i].originator = originators[g];
			a->zones = random_text(&zones[3 * g], 3);
			put(&st, a);
		}
		put_labels(&st);
		past.ddcs = ddcs;
		z = dsc_zoning_compile(&st, &past);
		ask_everything(z, &st, zones, 9);
		dsc_row_put(z);
		dsc_state_clear(&st);
	}
}

/* -- commands ------------------------------------------------------------------------------------------------ */
static int group_create(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_zone_group_create(&f->app, arg, NULL, call, err);
}

static int zone_create(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	return dsc_cmd_zone_create(&f->app, arg, call, err);
}

static int zone_update(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	return dsc_cmd_zone_update(&f->app, arg, call, err);
}

static int alias_create(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_zone_alias_create(&f->app, arg, call, err);
}

static int alias_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_zone_alias_delete(&f->app, arg, call, err);
}

static int activate(struct fixture *f, const struct dsc_call *call, const void *arg,
		    struct cmn_err *err)
{
	return dsc_cmd_zoning_activate(&f->app, arg, call, err);
}

static int rollback(struct fixture *f, const struct dsc_call *call, const void *arg,
		    struct cmn_err *err)
{
	return dsc_cmd_zoning_rollback(&f->app, *(const uint64_t *)arg,
				       &(struct dsc_activate_in){ .grace = false }, call, err);
}

static int group_delete(struct fixture *f, const struct dsc_call *call, const void *arg,
			struct cmn_err *err)
{
	return dsc_cmd_zone_group_delete(&f->app, arg, call, err);
}

static struct dsc_zone_member named(uint8_t role, const char *nqn)
{
	struct dsc_zone_member m = { .has = FAB_ZE_NQN, .role = role };

	snprintf(m.text, sizeof(m.text), "%s", nqn);
	return m;
}

/* The zones of our active group "g"; free() it, NULL when it isn't active. */
static char *active_text(struct fixture *f)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(f->app.model);
	const struct dsc_zone_active *a = dsc_snapshot_zone_active(snap, "", "g");
	char *text = a ? dsc_strdup(a->zones) : NULL;

	dsc_snapshot_put(snap);
	return text;
}

static void expect_active(struct fixture *f, const char *want)
{
	char *text = active_text(f);

	if (want)
		assert_string_equal(text, want);
	else
		assert_null(text);
	free(text);
}

static void make_zone(struct fixture *f)
{
	struct dsc_zone_member m[] = { named(NVMF_ZONE_SUBSYSTEM, subsystems[0]),
				       named(NVMF_ZONE_HOST, hosts[1]),
				       named(NVMF_ZONE_HOST, hosts[0]) };
	struct dsc_zone_in in = { .group = "g", .name = "z", .members = { true, m, 3 } };
	struct command c;

	assert_int_equal(RUN(&c, group_create, "g", 0), 0);
	assert_int_equal(RUN(&c, zone_create, &in, 0), 0);
}

#define H0 "host nqn=nqn.2026-11.example:h0\n"
#define H1 "host nqn=nqn.2026-11.example:h1\n"
#define S0 "subsystem nqn=nqn.2026-11.example:s0\n"

static void test_nothing_is_enforced_before_it_is_activated(void **state)
{
	struct fixture *f = *state;
	struct dsc_activate_in in = { .grace = false };
	struct command c;

	make_zone(f);
	expect_active(f, NULL);
	assert_int_equal(RUN(&c, activate, &in, 0), 0);
	expect_active(f, "zone z\n" H0 H1 S0);
	assert_int_equal(RUN(&c, activate, &in, 0), 1);
	fixture_restart(f);
	expect_active(f, "zone z\n" H0 H1 S0);
}

static void test_members_come_and_go_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct dsc_zone_member gone = named(NVMF_ZONE_HOST, hosts[1]);
	struct dsc_zone_member again = named(NVMF_ZONE_HOST, hosts[0]);
	struct dsc_zone_in in = { .group = "g", .name = "z", .remove = { true, &gone, 1 } };
	struct dsc_activate_in all = { .grace = false };
	struct command c;

	make_zone(f);
	assert_int_equal(RUN(&c, zone_update, &in, 0), 0);
	assert_int_equal(RUN(&c, zone_update, &in, 0), 1); /* it has gone already */
	in = (struct dsc_zone_in){ .group = "g", .name = "z", .add = { true, &again, 1 } };
	assert_int_equal(RUN(&c, zone_update, &in, 0), 1); /* it is there already */
	assert_int_equal(RUN(&c, activate, &all, 0), 0);
	expect_active(f, "zone z\n" H0 S0);
}

static void test_an_alias_is_what_is_in_it_when_it_is_activated(void **state)
{
	struct fixture *f = *state;
	struct dsc_zone_member m = named(NVMF_ZONE_HOST, hosts[0]), alias = { .has = FAB_ZE_ALIAS };
	struct dsc_zone_in in = { .name = "web", .members = { true, &m, 1 } };
	struct dsc_zone_in zone = { .group = "g", .name = "z", .members = { true, &alias, 1 } };
	struct dsc_activate_in all = { .grace = false };
	struct command c;

	strcpy(alias.text, "web");
	assert_int_equal(RUN(&c, group_create, "g", 0), 0);
	assert_int_equal(RUN(&c, zone_create, &zone, 0), 0);
	assert_int_equal(RUN(&c, activate, &all, 0), -EINVAL); /* there is no such alias yet */
	assert_string_equal(c.err.field, "groups");
	assert_int_equal(RUN(&c, alias_create, &in, 0), 0);
	assert_int_equal(RUN(&c, activate, &all, 0), 0);
	expect_active(f, "zone z\n" H0);
	assert_int_equal(RUN(&c, alias_delete, "web", 0), -EBUSY);
	assert_int_equal(RUN(&c, alias_delete, "web", .force = true), 0);
	expect_active(f, "zone z\n" H0);
}

static void test_faults_of_members_are_told_by_their_path(void **state)
{
	struct fixture *f = *state;
	static const struct {
		struct dsc_zone_member m;
		const char *field;
	} bad[] = {
		{ { .has = FAB_ZE_NQN, .text = "nqn.2026-11.example:h" }, "members[1].role" },
		{ { .has = FAB_ZE_NQN, .role = 1, .text = "h" }, "members[1].nqn" },
		{ { .has = FAB_ZE_NQN | FAB_ZE_PORTID, .role = 1, .text = "nqn.2026-11.example:h" },
		  "members[1].portid" },
		{ { .has = FAB_ZE_PORT, .role = 2 }, "members[1]" },
		{ { .has = DSC_ZE_GROUP, .role = 2, .text = "g" }, "members[1].group" },
	};
	struct dsc_zone_in in = { .group = "g", .name = "z" };
	struct command c;

	assert_int_equal(RUN(&c, group_create, "g", 0), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dsc_zone_member m[2] = { named(NVMF_ZONE_HOST, hosts[0]), bad[i].m };

		in.members = (struct dsc_members_in){ true, m, 2 };
		assert_int_equal(RUN(&c, zone_create, &in, 0), -EINVAL);
		assert_string_equal(c.err.field, bad[i].field);
	}
}

static void test_roll_back_enforces_again_what_was(void **state)
{
	struct fixture *f = *state;
	struct dsc_zone_member gone = named(NVMF_ZONE_HOST, hosts[1]);
	struct dsc_zone_in in = { .group = "g", .name = "z", .remove = { true, &gone, 1 } };
	struct dsc_activate_in all = { .grace = false };
	uint64_t first, second;
	struct command c;

	make_zone(f);
	assert_int_equal(RUN(&c, activate, &all, 0), 0);
	first = c.outcome.change;
	assert_int_equal(RUN(&c, zone_update, &in, 0), 0);
	assert_int_equal(RUN(&c, activate, &all, 0), 0);
	second = c.outcome.change;
	assert_int_equal(RUN(&c, group_delete, "g", 0), 0);
	assert_int_equal(RUN(&c, activate, &all, 0), 0);
	expect_active(f, NULL);
	fixture_restart(f);
	assert_int_equal(RUN(&c, rollback, &first, 0), 0);
	expect_active(f, "zone z\n" H0 H1 S0);
	assert_int_equal(RUN(&c, rollback, &second, 0), 0);
	expect_active(f, "zone z\n" H0 S0);
	first = 12345;
	assert_int_equal(RUN(&c, rollback, &first, 0), -ENOENT);
}

static void test_history_keeps_the_last_hundred_and_what_they_need(void **state)
{
	struct fixture *f = *state;
	struct dsc_activate_in all = { .grace = false };
	const struct dsc_snapshot *snap;
	struct command c;

	make_zone(f);
	for (unsigned int i = 0; i < 110; i++) {
		struct dsc_zone_member m = named(NVMF_ZONE_HOST, hosts[2]);
		struct dsc_members_in change = { true, &m, 1 };
		struct dsc_zone_in in = { .group = "g", .name = "z" };

		if (i % 2)
			in.remove = change;
		else
			in.add = change;
		assert_int_equal(RUN(&c, zone_update, &in, 0), 0);
		assert_int_equal(RUN(&c, activate, &all, 0), 0);
	}
	fixture_restart(f);
	snap = dsc_snapshot_current(f->app.model);
	assert_int_equal(dsc_tree_count(snap->zone_pasts), 100);
	assert_int_equal(dsc_tree_count(snap->zone_actives), 100);
	assert_int_equal(dsc_tree_count(snap->zonings), 1);
	assert_int_equal(dsc_snapshot_zone_active(snap, "", "g")->generation, 110);
	dsc_snapshot_put(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_compiled_form_answers_as_a_naive_reading),
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
		WITH_STORE(test_nothing_is_enforced_before_it_is_activated),
		WITH_STORE(test_members_come_and_go_one_by_one),
		WITH_STORE(test_an_alias_is_what_is_in_it_when_it_is_activated),
		WITH_STORE(test_faults_of_members_are_told_by_their_path),
		WITH_STORE(test_roll_back_enforces_again_what_was),
		WITH_STORE(test_history_keeps_the_last_hundred_and_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
