/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_zone_views.c - random changes of zoning and of what it speaks of: whoever is told something else than
 * before has a newer generation, and where zones name hosts by NQN alone nobody else has.  PHAROS_SEED: other ones (0). */
#include "tests/unit/discoveryd/fixture.h"

#include "discoveryd/model/paths.h"

#include "discoveryd/model/zone_commands.h"

#define STEPS 200
#define ZONES 3

static const char *const hosts[] = { "nqn.2026-11.example:h0", "nqn.2026-11.example:h1",
				     "nqn.2026-11.example:h2", "nqn.2026-11.example:h3" };
static const char *const subsystems[] = { "nqn.2026-11.example:s0", "nqn.2026-11.example:s1",
					  "nqn.2026-11.example:s2" };
static const char *const labels[] = { "", "rack 1", "rack 2" };
static const char *const addresses[] = { "10.0.0.1", "10.0.1.1", "10.9.0.1", "2001:db8::1" };
static const char *const prefixes[] = { "10.0.0.0/24", "10.0.0.0/8", "2001:db8::/32",
					"10.0.0.1/32" };
#define PICK(array) ((array)[(size_t)rand() % ARRAY_SIZE(array)])

/* -- commands --------------------------------------------------------------------------------------------- */
#define COMMAND(name, type, call_it)                                                               \
	static int name(struct fixture *f, const struct dsc_call *call, const void *arg,           \
			struct cmn_err *err)                                                       \
	{                                                                                          \
		const type *in = arg;                                                              \
                                                                                                   \
		return call_it;                                                                    \
	}
COMMAND(group_create, char, dsc_cmd_zone_group_create(&f->app, in, "", call, err))
COMMAND(zone_create, struct dsc_zone_in, dsc_cmd_zone_create(&f->app, in, call, err))
COMMAND(zone_update, struct dsc_zone_in, dsc_cmd_zone_update(&f->app, in, call, err))
COMMAND(activate, struct dsc_activate_in, dsc_cmd_zoning_activate(&f->app, in, call, err))
COMMAND(zoning_set, struct dsc_zoning_in, dsc_cmd_zoning_set(&f->app, in, call, err))
COMMAND(subsys_update, struct dsc_subsys_in, dsc_cmd_subsys_update(&f->app, in->nqn, in, call, err))
COMMAND(drop_any_one, char, dsc_cmd_subsys_delete(&f->app, in, call, err))

/* A host registers a label, or (NULL) nothing any more. */
struct labelling {
	unsigned int host;
	const char *label;
};

static int set_label(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	const struct labelling *in = arg;
	struct dsc_txn *txn = dsc_txn_begin(f->app.model);
	const struct dsc_entity *e = dsc_snapshot_entity(dsc_txn_state(txn), hosts[in->host]);
	const struct dsc_reg *old;
	struct dsc_entity *made;
	struct dsc_reg *r;

	(void)err;
	if (!e) {
		made = dsc_row_new(DSC_ROW_ENTITY);
		made->id = dsc_txn_new_id(txn);
		made->etype = NVMF_DIM_HOST;
		snprintf(made->eid, sizeof(made->eid), "%s", hosts[in->host]);
		snprintf(made->owner, sizeof(made->owner), "%s", hosts[in->host]);
		dsc_txn_put(txn, made);
		e = dsc_snapshot_entity(dsc_txn_state(txn), hosts[in->host]);
	}
	old = dsc_tree_next(e->regs, &dsc_reg_key_ops, NULL);
	if (in->label) {
		r = dsc_row_new(DSC_ROW_REG);
		r->id = old ? old->id : dsc_txn_new_id(txn);
		r->entity_id = e->id;
		r->key = dsc_strdup("key");
		r->label = dsc_strdup(in->label);
		snprintf(r->nqn, sizeof(r->nqn), "%s", hosts[in->host]);
		r->changed = dsc_txn_change(txn);
		r->label_since = old && !strcmp(old->label, in->label) ? old->label_since
								       : r->changed;
		dsc_txn_put(txn, r);
	} else if (old) {
		dsc_txn_del(txn, old);
	}
	dsc_txn_commit(txn, call, NULL, NULL);
	return 0;
}

/* -- who asks ---------------------------------------------------------------------------------------------- */
#define NR_NQNS 5 /* hosts, and one that is never named */
#define NR_TOS 2

struct view {
	uint64_t gen;
	char entries[256];
};

struct watch {
	struct view view[NR_NQNS][ARRAY_SIZE(addresses)][NR_TOS];
	bool exact; /* no generation moves without need */
};

static void look(const struct dsc_snapshot *snap, unsigned int nqn, unsigned int from,
		 unsigned int to, struct view *ret)
{
	struct dsc_asker who =
		dsc_asker(snap, nqn < ARRAY_SIZE(hosts) ? hosts[nqn] : "nqn.2026-11.example:x");
	struct dsc_visible it;
	struct dsc_entry e;
	size_t at = 0;

	who.has_from = who.has_to = true;
	assert_true(net_prefix_parse(&who.from, addresses[from]));
	assert_true(net_prefix_parse(&who.to, addresses[to]));
	ret->gen = dsc_snapshot_genctr(snap, &who);
	ret->entries[0] = 0;
	for (dsc_visible_init(&it, snap, &who); dsc_visible_next(&it, &e);)
		at += (size_t)snprintf(ret->entries + at, sizeof(ret->entries) - at, "%s@%u %s,",
				       e.subsys->nqn + 20, e.portal->portid, e.subsys->label);
	dsc_visible_end(&it);
}

static void compare(struct fixture *f, struct watch *w, const char *after)
{
	const struct dsc_snapshot *snap;

	turn_over(f);
	snap = dsc_snapshot_current(f->app.model);
	for (unsigned int n = 0; n < NR_NQNS; n++)
		for (unsigned int from = 0; from < ARRAY_SIZE(addresses); from++)
			for (unsigned int to = 0; to < NR_TOS; to++) {
				struct view now, *was = &w->view[n][from][to];

				look(snap, n, from, to, &now);
				if (now.gen < was->gen)
					fail_msg("a generation went back, after %s", after);
				if (strcmp(now.entries, was->entries) != 0 && now.gen == was->gen)
					fail_msg("host %u from %s: %s, then %s, not told: after %s",
						 n, addresses[from], was->entries, now.entries,
						 after);
				if (w->exact && !strcmp(now.entries, was->entries) &&
				    now.gen != was->gen)
					fail_msg("host %u: %s, but told, after %s", n, was->entries,
						 after);
				*was = now;
			}
	dsc_snapshot_put(snap);
}

/* -- what happens -------------------------------------------------------------------------------------------- */
static struct dsc_zone_member a_host(bool by_nqn)
{
	struct dsc_zone_member m = { .role = NVMF_ZONE_HOST };
	int kind = by_nqn ? 0 : rand() % 4;

	if (kind < 2) {
		m.has = FAB_ZE_NQN;
		snprintf(m.text, sizeof(m.text), "%s", PICK(hosts));
	}
	if (kind == 1 || kind == 2) {
		m.has |= FAB_ZE_IP | FAB_ZE_PROTO;
		m.ipproto = NVMF_ZONE_TCP;
		assert_true(net_prefix_parse(&m.at, kind == 1 ? PICK(addresses) : PICK(prefixes)));
	}
	if (kind == 3) {
		m.has = DSC_ZE_LABEL;
		snprintf(m.text, sizeof(m.text), "%s", labels[1 + rand() % 2]);
	}
	return m;
}

static struct dsc_zone_member a_subsystem(bool by_nqn)
{
	struct dsc_zone_member m = { .role = NVMF_ZONE_SUBSYSTEM };
	int kind = by_nqn ? 0 : rand() % 4;

	if (kind < 2) {
		m.has = FAB_ZE_NQN;
		snprintf(m.text, sizeof(m.text), "%s", PICK(subsystems));
	}
	if (kind == 1 || kind == 2) {
		m.has |= FAB_ZE_IP | FAB_ZE_PROTO;
		m.ipproto = NVMF_ZONE_TCP;
		assert_true(net_prefix_parse(&m.at, kind == 1 ? PICK(addresses) : PICK(prefixes)));
		if (kind == 1) {
			m.has |= FAB_ZE_PORT;
			m.port = (uint16_t)(4420 + rand() % 2);
		}
	}
	if (kind == 3) {
		m.has = DSC_ZE_LABEL;
		snprintf(m.text, sizeof(m.text), "%s", labels[1 + rand() % 2]);
	}
	return m;
}

static const char *rezone(struct fixture *f, bool exact)
{
	struct dsc_activate_in all = { .grace = rand() % 2 };
	struct dsc_zone_member m[8];
	struct dsc_zone_in in = { .group = "g", .members = { true, m, (size_t)rand() % 8 } };
	struct command c;
	char name[8];

	for (size_t i = 0; i < in.members.nr; i++)
		m[i] = rand() % 2 ? a_host(exact) : a_subsystem(exact);
	snprintf(name, sizeof(name), "z%d", rand() % ZONES);
	in.name = name;
	assert_true(RUN(&c, zone_update, &in, 0) >= 0);
	if (rand() % 4)
		assert_true(RUN(&c, activate, &all, 0) >= 0);
	return "zones";
}

static const char *settings(struct fixture *f)
{
	struct dsc_zoning_in in = { .closed = rand() % 3 ? DSC_NO : DSC_YES,
				    .enabled = rand() % 4 ? DSC_YES : DSC_NO };
	struct command c;

	assert_true(RUN(&c, zoning_set, &in, 0) >= 0);
	return "settings";
}

static const char *relabel(struct fixture *f)
{
	struct labelling in = { (unsigned int)rand() % 4, rand() % 4 ? PICK(labels) : NULL };
	struct command c;

	assert_int_equal(RUN(&c, set_label, &in, 0), 0);
	return "a host's label";
}

static const char *change_subsystem(struct fixture *f)
{
	struct dsc_subsys_in in = { .nqn = PICK(subsystems) };
	struct command c;

	if (rand() % 2)
		in.allow_any = rand() % 2 ? DSC_YES : DSC_NO;
	else
		in.label = PICK(labels);
	RUN(&c, subsys_update, &in, 0); /* it may be gone */
	return "a subsystem";
}

static const char *replace_subsystem(struct fixture *f)
{
	struct dsc_subsys_in in = { .nqn = PICK(subsystems),
				    .worker = "w1",
				    .allow_any = rand() % 2 ? DSC_YES : DSC_NO,
				    .label = PICK(labels),
				    .hosts = { true, false, hosts, 2 } };
	struct command c;

	if (RUN(&c, make_subsys, &in, 0))
		assert_int_equal(RUN(&c, drop_any_one, in.nqn, 0), 0);
	return "a subsystem that came or went";
}

static const char *happen(struct fixture *f, bool exact)
{
	switch (rand() % 10) {
	case 0:
		return settings(f);
	case 1:
		return relabel(f);
	case 2:
		return change_subsystem(f);
	case 3:
		return replace_subsystem(f);
	case 4:
		fixture_restart(f);
		return "a restart";
	case 5:
	case 6:
		confirm_all(f);
		return "a confirmation";
	default:
		return rezone(f, exact);
	}
}

static void setup(struct fixture *f)
{
	struct command c;
	char name[8];

	begin(f);
	assert_int_equal(
		RUN(&c, make_portal,
		    (&(struct dsc_portal_in){ .address = "0.0.0.0", .port = 4421, .worker = "w1" }),
		    0),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(subsystems); i++)
		assert_int_equal(
			RUN(&c, make_subsys,
			    (&(struct dsc_subsys_in){ .nqn = subsystems[i],
						      .worker = "w1",
						      .allow_any = i ? DSC_YES : DSC_NO,
						      .hosts = { true, false, hosts, 2 } }),
			    0),
			0);
	assert_int_equal(RUN(&c, group_create, "g", 0), 0);
	for (int i = 0; i < ZONES; i++) {
		snprintf(name, sizeof(name), "z%d", i);
		assert_int_equal(RUN(&c, zone_create,
				     (&(struct dsc_zone_in){ .group = "g", .name = name }), 0),
				 0);
	}
}

static void walk(struct fixture *f, unsigned int seed)
{
	struct watch *w = calloc(1, sizeof(*w));
	const char *more = getenv("PHAROS_SEED");

	assert_non_null(w);
	srand(seed + 2 * (more ? (unsigned int)atoi(more) : 0));
	setup(f);
	compare(f, w, "the beginning");
	w->exact = seed % 2;
	for (unsigned int i = 0; i < STEPS; i++)
		compare(f, w, happen(f, w->exact));
	free(w);
}

static void test_whoever_sees_a_change_is_told_1(void **state)
{
	walk(*state, 1);
}

static void test_whoever_sees_a_change_is_told_2(void **state)
{
	walk(*state, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
		WITH_STORE(test_whoever_sees_a_change_is_told_1),
		WITH_STORE(test_whoever_sees_a_change_is_told_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
