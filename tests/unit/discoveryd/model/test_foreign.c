/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_foreign.c - entries of other discovery controllers under random changes: a host's generation moves if
 * and only if its log does, never goes back, and all of it is there after a restart. */
#include "discoveryd/disc/log.h"
#include "discoveryd/model/zone_commands.h"
#include "tests/unit/discoveryd/fixture.h"

#define ROUNDS 600
#define NR_DCS 4
#define NR_ENTRIES 6 /* that any of them may have: so they often have the same */

/* Hosts that are named somewhere, one that nobody names, and two that are discovery controllers. */
static const char *const hosts[] = {
	"nqn.2026-11.example:host-a",  "nqn.2026-11.example:host-b",  "nqn.2026-11.example:nobody",
	"nqn.2026-11.example:own-dc1", "nqn.2026-11.example:own-dc2",
};
#define NR_HOSTS (sizeof(hosts) / sizeof(hosts[0]))

/* Two of them come from the same prefix, and from a narrower one of it. */
static const char *from_of(const char *host)
{
	return host == hosts[0] ? "10.0.0.1" : host == hosts[2] ? "10.0.7.1" : "10.1.0.1";
}

static uint32_t seed;
static bool by_address; /* zones name hosts by their addresses too */

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* -- the log as bytes -------------------------------------------------------------------------------------------- */
struct page {
	uint64_t genctr, size;
	uint8_t *bytes; /* without the header, which has the generation */
};

static void take(struct fixture *f, const char *host, struct page *ret)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(f->app.model);
	struct dsc_via via;
	struct dsc_asker who;
	struct net_ip from;
	struct dsc_log *log;

	assert_int_equal(dsc_via_parse(&via, "192.0.2.200", 8009, NULL), 0);
	who = dsc_asker(snap, host);
	who.has_from = net_ip_parse(&from, from_of(host));
	who.from = net_prefix_of(&from, NET_IP_BITS);
	log = dsc_log_create(snap, &who, &via, NVMF_DLPF_EXTEND);
	ret->genctr = dsc_log_genctr(log);
	ret->size = 1024 + dsc_log_count(log) * 1100;
	ret->bytes = calloc(1, ret->size);
	dsc_log_render(log, 1024, ret->bytes, (uint32_t)ret->size);
	dsc_log_destroy(log);
	dsc_snapshot_put(snap);
}

static bool same(const struct page *a, const struct page *b)
{
	return a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
}

/* -- changes ---------------------------------------------------------------------------------------------------------- */
static uint64_t id_of(struct fixture *f, const char *name)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(f->app.model);
	const struct dsc_dc *dc = dsc_snapshot_dc(snap, name);
	uint64_t id = dc ? dc->id : 0;

	dsc_snapshot_put(snap);
	return id;
}

static int create(struct fixture *f, const struct dsc_call *call, const void *arg,
		  struct cmn_err *err)
{
	return dsc_cmd_dc_create(&f->app, arg, call, err);
}

static int update(struct fixture *f, const struct dsc_call *call, const void *arg,
		  struct cmn_err *err)
{
	const struct dsc_dc_in *in = arg;

	return dsc_cmd_dc_update(&f->app, in->name, in, call, err);
}

static int drop(struct fixture *f, const struct dsc_call *call, const void *arg,
		struct cmn_err *err)
{
	return dsc_cmd_dc_delete(&f->app, arg, call, err);
}

struct learn {
	uint64_t id;
	struct dsc_dc_learnt in;
};

static int learn(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	const struct learn *l = arg;

	return dsc_cmd_dc_learnt(&f->app, l->id, &l->in, call, err);
}

static int go_away(struct fixture *f, const struct dsc_call *call, const void *arg,
		   struct cmn_err *err)
{
	const struct dsc_entity *e = dsc_snapshot_entity(dsc_model_now(f->app.model), arg);

	return e ? dsc_cmd_entity_away(&f->app, e->id, true, call, err) : 1;
}

static struct dsc_reg *reg(uint32_t i)
{
	struct dsc_reg *r = dsc_row_new(DSC_ROW_REG);

	snprintf(r->nqn, sizeof(r->nqn), "nqn.2026-11.example:s%u", i / 2);
	snprintf(r->traddr, sizeof(r->traddr), "192.0.2.%u", i % 2 + 1);
	snprintf(r->trsvcid, sizeof(r->trsvcid), "4420");
	r->adrfam = NVMF_ADRFAM_IPV4;
	r->subtype = NVMF_SUBTYPE_NVM;
	r->portid = (uint16_t)rnd(2);
	r->label = dsc_strdup(rnd(4) ? "" : "label");
	r->key = dsc_reg_make_key(r, NVMF_DIM_EKTYPE);
	return r;
}

static void do_learn(struct fixture *f, unsigned int n, const char *name)
{
	struct dsc_reg *regs[NR_ENTRIES];
	char own[64];
	struct learn l = { .id = id_of(f, name),
			   .in = { .own_nqn = own, .central = rnd(3) == 0, .reg = regs } };
	struct command c;

	if (!l.id)
		return;
	snprintf(own, sizeof(own), "nqn.2026-11.example:own-dc%u", n);
	for (uint32_t i = 0; i < NR_ENTRIES; i++) {
		if (rnd(2))
			regs[l.in.nr++] = reg(i);
	}
	RUN(&c, learn, &l, NULL);
	for (size_t i = 0; i < l.in.nr; i++)
		dsc_row_put(regs[i]);
}

static int join(struct fixture *f, const struct dsc_call *call, const void *arg,
		struct cmn_err *err)
{
	return dsc_cmd_group_add(&f->app, "some", arg, call, err);
}

static int leave(struct fixture *f, const struct dsc_call *call, const void *arg,
		 struct cmn_err *err)
{
	return dsc_cmd_group_remove(&f->app, "some", arg, call, err);
}

static int make_group(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_group_create(&f->app, arg, call, err);
}

static const char *const some[] = { "nqn.2026-11.example:host-a", "nqn.2026-11.example:host-b",
				    "group:some" };

static struct dsc_list some_hosts(void)
{
	size_t from = rnd(3);

	return (struct dsc_list){ .set = true,
				  .null = rnd(2) == 0,
				  .item = some + from,
				  .nr = 1 + rnd((uint32_t)(3 - from)) };
}

/* -- zones, ours and those of a discovery controller -------------------------------------------------------------------- */
static void random_member(struct dsc_zone_member *m)
{
	static const char *const prefix[] = { "10.0.0.0/16", "10.0.0.0/24", "192.0.2.1",
					      "192.0.2.2" };
	bool host = rnd(2);

	*m = (struct dsc_zone_member){ .has = FAB_ZE_NQN,
				       .role = host ? NVMF_ZONE_HOST : NVMF_ZONE_SUBSYSTEM };
	if (!rnd(4) && (by_address || !host)) {
		m->has = FAB_ZE_IP | FAB_ZE_PROTO;
		net_prefix_parse(&m->at, prefix[(host ? 0 : 2) + rnd(2)]);
	} else if (host) {
		snprintf(m->text, sizeof(m->text), "%s", hosts[rnd(NR_HOSTS)]);
	} else if (rnd(3)) {
		snprintf(m->text, sizeof(m->text), "nqn.2026-11.example:s%u", rnd(3));
	} else {
		m->has = DSC_ZE_LABEL;
		snprintf(m->text, sizeof(m->text), "label");
	}
}

static int make_zones(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_zone_group_create(&f->app, arg, NULL, call, err);
}

static int make_zone(struct fixture *f, const struct dsc_call *call, const void *arg,
		     struct cmn_err *err)
{
	return dsc_cmd_zone_create(&f->app, arg, call, err);
}

static int change_zone(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	return dsc_cmd_zone_update(&f->app, arg, call, err);
}

static int activate(struct fixture *f, const struct dsc_call *call, const void *arg,
		    struct cmn_err *err)
{
	return dsc_cmd_zoning_activate(&f->app, arg, call, err);
}

static int set_zoning(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_zoning_set(&f->app, arg, call, err);
}

static int zone_as_dc(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_zone_ddc(&f->app, arg, call, err);
}

static void begin_zones(struct fixture *f)
{
	struct dsc_zoning_in in = { .ddcs = { .set = true, .item = hosts + 3, .nr = 2 } };
	struct dsc_zone_in zone = { .group = "g", .name = "z" };
	struct command c;

	assert_int_equal(RUN(&c, make_zones, "g", 0), 0);
	assert_int_equal(RUN(&c, make_zone, &zone, 0), 0);
	assert_int_equal(RUN(&c, set_zoning, &in, 0), 0);
}

static void zone_ours(struct fixture *f)
{
	struct dsc_zone_member m[5];
	struct dsc_zone_in in = { .group = "g", .name = "z", .members = { true, m, rnd(6) } };
	struct dsc_activate_in all = { .grace = false };
	struct command c;

	for (size_t i = 0; i < in.members.nr; i++)
		random_member(&m[i]);
	RUN(&c, change_zone, &in, 0);
	RUN(&c, activate, &all, 0);
}

static void zone_theirs(struct fixture *f, const char *originator)
{
	struct dsc_ddc_group in = { .originator = originator, .name = "theirs", .key = 7 };
	struct dsc_zone_member m;
	char text[4 * DSC_ZONE_LINE] = "zone z\n", line[DSC_ZONE_LINE];
	struct command c;

	for (unsigned int i = 0; i < 3; i++) {
		random_member(&m);
		strcat(text, dsc_zone_member_format(&m, line));
		strcat(text, "\n");
	}
	in.zones = rnd(4) ? dsc_strdup(text) : NULL;
	RUN(&c, zone_as_dc, &in, 0);
}

static void set_default(struct fixture *f)
{
	struct dsc_zoning_in in = { .closed = rnd(2) ? DSC_YES : DSC_NO,
				    .enabled = rnd(4) ? DSC_YES : DSC_NO };
	struct command c;

	RUN(&c, set_zoning, &in, 0);
}

static void change_zones(struct fixture *f)
{
	switch (rnd(4)) {
	case 0:
		set_default(f);
		break;
	case 1:
		zone_theirs(f, hosts[3 + rnd(2)]);
		break;
	default:
		zone_ours(f);
	}
}

static void change(struct fixture *f)
{
	unsigned int n = 1 + rnd(NR_DCS);
	char name[16], address[32], eid[32];
	struct dsc_dc_in in = { .name = name, .address = address, .hosts = some_hosts() };
	struct command c;

	snprintf(name, sizeof(name), "dc%u", n);
	snprintf(eid, sizeof(eid), "dc:dc%u", n);
	snprintf(address, sizeof(address), "192.0.2.%u", 100 + n);
	switch (rnd(14)) {
	case 0:
	case 1:
		RUN(&c, create, &in, NULL);
		break;
	case 2:
		in.enabled = rnd(3) ? DSC_YES : DSC_NO;
		in.admitted = rnd(4) ? DSC_YES : DSC_NO;
		in.hosts.set = false;
		RUN(&c, update, &in, NULL);
		break;
	case 3:
		RUN(&c, update, &in, NULL);
		break;
	case 4:
		RUN(&c, go_away, eid, NULL);
		break;
	case 5:
		if (!rnd(4))
			RUN(&c, drop, name, NULL);
		break;
	case 6:
		RUN(&c, join, hosts[rnd(NR_HOSTS)], NULL);
		break;
	case 7:
		RUN(&c, leave, hosts[rnd(NR_HOSTS)], NULL);
		break;
	case 8:
	case 9:
	case 10:
		change_zones(f);
		break;
	default:
		do_learn(f, n, name);
	}
	turn_over(f);
}

static void follow(struct fixture *f)
{
	struct page before[NR_HOSTS], after[NR_HOSTS];
	unsigned int moved = 0, stood = 0;
	struct command c;

	RUN(&c, make_group, &(struct dsc_group_in){ .name = "some" }, NULL);
	begin_zones(f);
	seed = 1;
	for (size_t i = 0; i < NR_HOSTS; i++)
		take(f, hosts[i], &before[i]);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		change(f);
		for (size_t i = 0; i < NR_HOSTS; i++) {
			take(f, hosts[i], &after[i]);
			bool stays = same(&before[i], &after[i]);
			bool kept = before[i].genctr == after[i].genctr;

			/* A host has one generation, from wherever it may come. */
			if (by_address ? kept && !stays : kept != stays)
				fail_msg("round %u, %s: log %s, generation %llu -> %llu", round,
					 hosts[i], stays ? "as before" : "moved",
					 (unsigned long long)before[i].genctr,
					 (unsigned long long)after[i].genctr);
			assert_true(after[i].genctr >= before[i].genctr);
			moved += after[i].genctr > before[i].genctr;
			stood += after[i].genctr == before[i].genctr;
			free(before[i].bytes);
			before[i] = after[i];
		}
		if (round % 100 == 99)
			fixture_restart(f);
	}
	for (size_t i = 0; i < NR_HOSTS; i++)
		free(before[i].bytes);
	assert_true(moved > 100 && stood > 100);
}

static void test_a_generation_moves_if_and_only_if_the_log_does(void **state)
{
	by_address = false;
	follow(*state);
}

static void test_a_generation_moves_when_the_log_does_by_whatever_address(void **state)
{
	by_address = true;
	follow(*state);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_a_generation_moves_if_and_only_if_the_log_does),
		WITH_STORE(test_a_generation_moves_when_the_log_does_by_whatever_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
