/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/disc/test_zones.c - what discovery controllers do with zone groups, in random order, against a model of locks,
 * fragments, keys and generations as NVM Express Base 2.1, 8.3.2.3.8.2 has them. */
#include "discoveryd/disc/zones.h"
#include "tests/unit/discoveryd/fixture.h"

#define ROUNDS 3000
#define NR_NAMES 2
#define NR_SESSIONS 4
#define GROUP_MAX 4096

static const char *const ddcs[] = { "nqn.2026-11.example:ddc-a", "nqn.2026-11.example:ddc-b" };
static const char *const names[NR_NAMES] = { "backup", "web" };

/* Sessions 0 and 1 are of the first, 2 and 3 of the second. */
static unsigned int ddc_of(unsigned int session)
{
	return session / 2;
}

/* -- the model ------------------------------------------------------------------------------------------- */
struct m_group {
	bool active;
	uint8_t data[GROUP_MAX];
	size_t len;
	uint32_t key, generation;
	int locked; /* by this session; -1: not */
	uint32_t lock_key;
	uint8_t sent[GROUP_MAX];
	size_t sent_len;
	uint8_t plan[GROUP_MAX]; /* what its pieces are of; a new one from its beginning on */
	size_t plan_len;
};

struct sim {
	struct fixture *f;
	struct dsc_zones *zones;
	uint64_t session[NR_SESSIONS];
	struct m_group group[2][NR_NAMES];
	uint32_t last_key; /* keys only grow */
	unsigned int stored, refused, read;
};

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* A ZoneGroup in the order in which it is kept; by_way true: with a fault. */
static size_t make_bytes(const char *originator, const char *name, uint8_t *ret, bool faulty)
{
	uint16_t members = (uint16_t)rnd(12), nr = 0;
	struct fab_zone_member m = { .type = 0x01, .role = NVMF_ZONE_HOST };
	struct nvmf_zone_group *head = (void *)ret;
	struct nvmf_zone *zone = (void *)(head + 1);
	struct nvmf_zone_member *out = (void *)(zone + 1);
	unsigned int host = 0;

	fab_zone_group_encode(originator, name, 1, head);
	for (; nr < members; nr++) {
		host += 1 + rnd(3);
		snprintf(m.name, sizeof(m.name), "nqn.2026-11.example:host%04u", host);
		fab_zone_member_encode(&m, &out[nr]);
	}
	fab_zone_encode("z", members, false, zone);
	if (faulty)
		head->zgname[0] = 'X';
	return sizeof(*head) + sizeof(*zone) + members * sizeof(*out);
}

/* -- a call on the loop, and its end ------------------------------------------------------------------------ */
struct call {
	struct sim *sim;
	enum { FIND, LOCK, REMOVE, WRITE, READ, RELEASE } what;
	struct dsc_zones_who who;
	struct dsc_zones_id id;
	struct dsc_zones_fragment fragment;
	struct dsc_zones_part part;
	struct fab_zone_fault fault;
	uint32_t key;
	enum dsc_zones_result result;
	sem_t done;
};

static void call_done(void *arg, enum dsc_zones_result result)
{
	struct call *c = arg;

	c->result = result;
	sem_post(&c->done);
}

static void call_run(void *arg)
{
	struct call *c = arg;
	struct dsc_zones *z = c->sim->zones;
	enum dsc_zones_result r = DSC_ZONES_OK;

	if (c->what == FIND)
		r = dsc_zones_find(z, &c->who, &c->id, &c->key);
	else if (c->what == LOCK)
		r = dsc_zones_lock(z, &c->who, &c->id, &c->key, call_done, c);
	else if (c->what == REMOVE)
		r = dsc_zones_remove(z, &c->who, &c->id, call_done, c);
	else if (c->what == WRITE)
		r = dsc_zones_write(z, &c->who, &c->fragment, &c->fault, call_done, c);
	else if (c->what == READ)
		r = dsc_zones_read(z, &c->who, &c->part);
	else
		dsc_zones_release(z, c->who.session);
	if (r != DSC_ZONES_LATER)
		call_done(c, r);
}

static enum dsc_zones_result run(struct call *c)
{
	sem_init(&c->done, 0, 0);
	on_loop(c->sim->f, call_run, c);
	while (sem_wait(&c->done) < 0)
		;
	sem_destroy(&c->done);
	return c->result;
}

static struct call call_of(struct sim *sim, unsigned int session, unsigned int owner,
			   unsigned int name)
{
	struct call c = { .sim = sim, .id = { ddcs[owner], names[name] } };

	c.who = (struct dsc_zones_who){ .session = sim->session[session],
					.nqn = ddcs[ddc_of(session)],
					.known = true };
	return c;
}

static void expect(struct sim *sim, const struct call *c, enum dsc_zones_result want)
{
	if (c->result != want)
		fail_msg("%d: %s, not %s", c->what, dsc_zones_result_name[c->result],
			 dsc_zones_result_name[want]);
	sim->refused += want != DSC_ZONES_OK;
}

static bool is_held(const struct m_group *g, unsigned int session)
{
	return g->locked >= 0 && g->locked != (int)session;
}

/* -- operations ------------------------------------------------------------------------------------------------ */
static void do_find(struct sim *sim, unsigned int session, unsigned int owner, unsigned int name)
{
	struct m_group *g = &sim->group[owner][name];
	struct call c = call_of(sim, session, owner, name);

	c.what = FIND;
	run(&c);
	if (owner != ddc_of(session)) {
		expect(sim, &c, DSC_ZONES_ORIGINATOR);
	} else if (is_held(g, session)) {
		expect(sim, &c, DSC_ZONES_LOCKED);
	} else if (!g->active) {
		expect(sim, &c, DSC_ZONES_NOT_FOUND);
	} else {
		expect(sim, &c, DSC_ZONES_OK);
		assert_int_equal(c.key, g->key);
	}
}

static void do_lock(struct sim *sim, unsigned int session, unsigned int owner, unsigned int name)
{
	struct m_group *g = &sim->group[owner][name];
	struct call c = call_of(sim, session, owner, name);

	c.what = LOCK;
	run(&c);
	if (owner != ddc_of(session)) {
		expect(sim, &c, DSC_ZONES_ORIGINATOR);
		return;
	}
	if (is_held(g, session)) {
		expect(sim, &c, DSC_ZONES_LOCKED);
		return;
	}
	expect(sim, &c, DSC_ZONES_OK);
	if (g->locked >= 0)
		assert_int_equal(c.key, g->lock_key);
	else if (g->active)
		assert_int_equal(c.key, g->key);
	else
		assert_true(c.key > sim->last_key);
	sim->last_key = cmn_max(sim->last_key, c.key);
	g->locked = (int)session;
	g->lock_key = c.key;
	g->sent_len = 0;
}

static void do_remove(struct sim *sim, unsigned int session, unsigned int owner, unsigned int name)
{
	struct m_group *g = &sim->group[owner][name];
	struct call c = call_of(sim, session, owner, name);

	c.what = REMOVE;
	run(&c);
	if (owner != ddc_of(session)) {
		expect(sim, &c, DSC_ZONES_ORIGINATOR);
	} else if (is_held(g, session)) {
		expect(sim, &c, DSC_ZONES_LOCKED);
	} else if (!g->active) {
		expect(sim, &c, DSC_ZONES_NOT_FOUND);
	} else {
		expect(sim, &c, DSC_ZONES_OK);
		g->active = false;
		g->locked = -1;
	}
}

static void stored(struct sim *sim, struct m_group *g)
{
	memcpy(g->data, g->sent, g->sent_len);
	g->len = g->sent_len;
	g->generation = g->active ? g->generation + 1 : 1;
	g->key = g->lock_key;
	g->active = true;
	g->locked = -1;
	sim->stored++;
}

/* Some piece of one, mostly the one that is due, sometimes with a gap or under a key that is none. */
static void do_write(struct sim *sim, unsigned int session, unsigned int owner, unsigned int name)
{
	struct m_group *g = &sim->group[owner][name];
	struct call c = call_of(sim, session, owner, name);
	bool mine = owner == ddc_of(session);
	size_t off = rnd(4) ? g->sent_len : rnd(8) * 256, len;
	const uint8_t *bytes = g->plan;

	if (!g->plan_len || (!off && mine && !is_held(g, session))) {
		g->plan_len = make_bytes(ddcs[owner], names[name], g->plan, rnd(8) == 0);
		off = 0;
	}
	len = g->plan_len;
	off = cmn_min(off, len);
	c.what = WRITE;
	c.fragment = (struct dsc_zones_fragment){
		.key = g->locked >= 0 ? g->lock_key
		       : g->active    ? g->key
				      : 1000000 + rnd(9),
		.off = off,
		.len = rnd(3) ? len - off : cmn_min((size_t)rnd(900), len - off),
		.data = bytes + off,
	};
	c.fragment.last = off + c.fragment.len == len && rnd(4);
	run(&c);
	if (g->locked < 0) {
		expect(sim, &c,
		       !g->active ? DSC_ZONES_NOT_FOUND
		       : mine	  ? DSC_ZONES_SEQUENCE
				  : DSC_ZONES_ORIGINATOR);
		return;
	}
	if (!mine || is_held(g, session)) {
		expect(sim, &c, mine ? DSC_ZONES_LOCKED : DSC_ZONES_ORIGINATOR);
		return;
	}
	if (off > g->sent_len) {
		expect(sim, &c, DSC_ZONES_INVALID);
		assert_string_equal(c.fault.field, "zdo");
		return;
	}
	memcpy(g->sent + off, bytes + off, c.fragment.len);
	g->sent_len = off + c.fragment.len;
	if (c.fragment.last) {
		struct fab_zone_group group;
		struct fab_zone_fault fault;
		bool ok = fab_zone_group_decode(g->sent, g->sent_len, &group, &fault) == 0 &&
			  !strcmp(group.name, names[name]);

		expect(sim, &c, ok ? DSC_ZONES_OK : DSC_ZONES_INVALID);
		if (ok)
			stored(sim, g);
	} else {
		expect(sim, &c, DSC_ZONES_OK);
	}
}

static void do_read(struct sim *sim, unsigned int session, unsigned int owner, unsigned int name)
{
	struct m_group *g = &sim->group[owner][name];
	struct call c = call_of(sim, session, owner, name);
	size_t off = rnd(12) * 128, len = 64 + rnd(3000);
	uint8_t buf[GROUP_MAX];

	c.what = READ;
	c.part = (struct dsc_zones_part){
		.key = g->active ? g->key : 1000000, .off = off, .buf = buf, .len = len
	};
	run(&c);
	if (!g->active) {
		expect(sim, &c, DSC_ZONES_NOT_FOUND);
	} else if (owner != ddc_of(session)) {
		expect(sim, &c, DSC_ZONES_ORIGINATOR);
	} else if (is_held(g, session)) {
		expect(sim, &c, DSC_ZONES_LOCKED);
	} else if (off > g->len) {
		expect(sim, &c, DSC_ZONES_INVALID);
	} else {
		expect(sim, &c, DSC_ZONES_OK);
		assert_int_equal(c.part.generation, g->generation);
		assert_int_equal(c.part.len, cmn_min(len, g->len - off));
		assert_int_equal(c.part.last, off + len >= g->len);
		assert_memory_equal(buf, g->data + off, c.part.len);
		sim->read++;
	}
}

/* Its connection has gone; it comes again by another. */
static void do_release(struct sim *sim, unsigned int session)
{
	struct call c = call_of(sim, session, 0, 0);

	c.what = RELEASE;
	run(&c);
	for (unsigned int i = 0; i < NR_NAMES; i++) {
		struct m_group *g = &sim->group[ddc_of(session)][i];

		if (g->locked == (int)session)
			g->locked = -1;
	}
	sim->session[session] = dsc_zones_session(sim->zones);
}

/* -- the test ----------------------------------------------------------------------------------------------------- */
static void create_zones(void *arg)
{
	struct sim *sim = arg;

	sim->zones = dsc_zones_create(&sim->f->app);
}

static void destroy_zones(void *arg)
{
	dsc_zones_destroy(((struct sim *)arg)->zones);
}

static int set_zoning(struct fixture *f, const struct dsc_call *call, const void *arg,
		      struct cmn_err *err)
{
	return dsc_cmd_zoning_set(&f->app, arg, call, err);
}

static void open_sessions(struct sim *sim)
{
	on_loop(sim->f, create_zones, sim);
	for (unsigned int i = 0; i < NR_SESSIONS; i++)
		sim->session[i] = dsc_zones_session(sim->zones);
}

/* All locks are gone, and nothing else. */
static void restart(struct sim *sim)
{
	on_loop(sim->f, destroy_zones, sim);
	fixture_restart(sim->f);
	for (unsigned int i = 0; i < 2 * NR_NAMES; i++)
		sim->group[i / NR_NAMES][i % NR_NAMES].locked = -1;
	open_sessions(sim);
}

static void step(struct sim *sim)
{
	unsigned int session = rnd(NR_SESSIONS), name = rnd(NR_NAMES);
	unsigned int owner = rnd(8) ? ddc_of(session) : rnd(2);

	switch (rnd(16)) {
	case 0:
		do_remove(sim, session, owner, name);
		break;
	case 1:
		do_release(sim, session);
		break;
	case 2:
	case 3:
		do_find(sim, session, owner, name);
		break;
	case 4:
	case 5:
	case 6:
		do_lock(sim, session, owner, name);
		break;
	case 7:
	case 8:
		do_read(sim, session, owner, name);
		break;
	default:
		do_write(sim, session, owner, name);
	}
}

static void test_zone_groups_go_as_the_model_says(void **state)
{
	struct dsc_zoning_in in = { .ddcs = { .set = true, .item = ddcs, .nr = 2 } };
	struct sim *sim = calloc(1, sizeof(*sim));
	struct fixture *f = *state;
	struct command c;

	seed = getenv("PHAROS_SEED") ? (uint32_t)atoi(getenv("PHAROS_SEED")) : 1;
	sim->f = f;
	for (unsigned int i = 0; i < 2 * NR_NAMES; i++)
		sim->group[i / NR_NAMES][i % NR_NAMES].locked = -1;
	assert_int_equal(RUN(&c, set_zoning, &in, 0), 0);
	open_sessions(sim);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		step(sim);
		if (round % 700 == 699)
			restart(sim);
	}
	on_loop(f, destroy_zones, sim);
	assert_true(sim->stored > 50 && sim->refused > 50 && sim->read > 50);
	free(sim);
}

/* -- a lock whose holder says nothing more ------------------------------------------------------------------------ */
static void hurry(void *arg)
{
	dsc_zones_set_lock_time(((struct sim *)arg)->zones, 20 * CMN_NS_PER_MS);
}

static void lock_and_write(struct sim *sim, struct call *write)
{
	struct call lock = call_of(sim, 0, 0, 0);
	uint8_t bytes[GROUP_MAX];
	size_t len = make_bytes(ddcs[0], names[0], bytes, false);

	lock.what = LOCK;
	assert_int_equal(run(&lock), DSC_ZONES_OK);
	*write = call_of(sim, 0, 0, 0);
	write->what = WRITE;
	write->fragment =
		(struct dsc_zones_fragment){ .key = lock.key, .len = len / 2, .data = bytes };
	assert_int_equal(run(write), DSC_ZONES_OK);
}

/* Base 2.1, 8.3.2.3.8.2.2: it ends by itself, nothing has changed, and who held it has to begin anew. */
static void test_a_lock_whose_holder_falls_silent_ends_by_itself(void **state)
{
	struct dsc_zoning_in in = { .ddcs = { .set = true, .item = ddcs, .nr = 2 } };
	struct sim *sim = calloc(1, sizeof(*sim));
	struct fixture *f = *state;
	struct call write, find;
	struct command c;

	sim->f = f;
	assert_int_equal(RUN(&c, set_zoning, &in, 0), 0);
	open_sessions(sim);
	lock_and_write(sim, &write);
	find = call_of(sim, 1, 0, 0); /* another connection of the same */
	find.what = FIND;
	assert_int_equal(run(&find), DSC_ZONES_LOCKED);
	on_loop(f, hurry, sim);
	lock_and_write(sim, &write); /* again: its time begins anew */
	for (int i = 0; i < 5000 && run(&find) == DSC_ZONES_LOCKED; i++)
		usleep(1000);
	assert_int_equal(find.result, DSC_ZONES_NOT_FOUND); /* it was never there whole */
	write.fragment.off = write.fragment.len;
	write.fragment.last = true;
	assert_int_equal(run(&write), DSC_ZONES_NOT_FOUND); /* the key went with the lock */
	find.what = LOCK;
	assert_int_equal(run(&find), DSC_ZONES_OK);
	on_loop(f, destroy_zones, sim);
	free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_zone_groups_go_as_the_model_says,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_lock_whose_holder_falls_silent_ends_by_itself, fixture_setup,
			fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
