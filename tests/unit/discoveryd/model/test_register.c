/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_register.c - registrations against a simple model: random commands, all of one or nothing of it,
 * the same after a restart, and no host's generation moves for them. */
#include "tests/unit/discoveryd/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>

#include "fabrics/dim.h"

#define ADDRS 12
#define HOSTS 3
#define QUOTA 6

struct input {
	struct fab_dim dim;
	unsigned int host;
	uint8_t data[3 * (1024 + 8 + 20 + 8)];
};

static const char *nqn_of(unsigned int host)
{
	static const char *const names[HOSTS] = { "nqn.2026-11.example:h0",
						  "nqn.2026-11.example:h1",
						  "nqn.2026-11.example:h2" };

	return names[host];
}

/* An entry by the address 192.0.2.<addr>, its label naming the version. */
static void put_entry(struct input *in, unsigned int addr, unsigned int version)
{
	uint8_t *at = in->data + in->dim.list_len;
	struct nvmf_disc_entry *e = (struct nvmf_disc_entry *)(void *)at;
	uint8_t tail[] = { 0x24, 4, 0, 0, 2, 0, 0, 0, 1, 0, 16, 0 };
	char label[8];

	memset(at, 0, 1060);
	e->trtype = NVMF_TRTYPE_TCP;
	e->adrfam = NVMF_ADRFAM_IPV4;
	strcpy(e->subnqn, nqn_of(in->host));
	snprintf(e->traddr, sizeof(e->traddr), "192.0.2.%u", addr);
	memcpy(at + 1024, tail, sizeof(tail));
	at[1036] = 1;
	at[1052] = 2;
	at[1054] = 4;
	snprintf(label, sizeof(label), "v%03u", version % 1000);
	memcpy(at + 1056, label, 4);
	in->dim.list_len += 1060;
	in->dim.nument++;
}

static void begin_input(struct input *in, enum fab_dim_task task, unsigned int host)
{
	memset(in, 0, sizeof(*in));
	in->host = host;
	in->dim.task = (uint8_t)task;
	in->dim.entfmt = NVMF_DIM_EXTENDED;
	in->dim.etype = NVMF_DIM_HOST;
	in->dim.ektype = NVMF_DIM_EKTYPE;
	in->dim.list = in->data;
	strcpy(in->dim.eid, nqn_of(host));
}

static int do_register(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	const struct input *in = arg;
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	struct dsc_register_in args = { .dim = &in->dim, .owner = nqn_of(in->host), .peer = &peer };

	inet_pton(AF_INET, "192.0.2.1", &((struct sockaddr_in *)&peer)->sin_addr);
	f->app.opt.regs_per_host = QUOTA;
	return dsc_cmd_register(&f->app, &args, call, err);
}

/* ---- the simple model: the version at each address of each host, 0 none ---- */

struct simple {
	unsigned int version[HOSTS][ADDRS];
};

static unsigned int count(const struct simple *m, unsigned int host)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < ADDRS; i++)
		nr += m->version[host][i] != 0;
	return nr;
}

static void compare(struct fixture *f, const struct simple *m)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(f->app.model);
	size_t total = 0;

	for (unsigned int h = 0; h < HOSTS; h++) {
		const struct dsc_entity *e = dsc_snapshot_entity(snap, nqn_of(h));

		assert_int_equal(e ? dsc_tree_count(e->regs) : 0, count(m, h));
		total += count(m, h);
		for (unsigned int i = 0; i < ADDRS && e; i++) {
			char key[128], label[8];
			const struct dsc_reg *r;

			snprintf(key, sizeof(key), "5f 1  0 192.0.2.%u %s", i, nqn_of(h));
			r = dsc_tree_find(e->regs, &dsc_reg_key_ops, key);
			assert_int_equal(r != NULL, m->version[h][i] != 0);
			if (!r)
				continue;
			snprintf(label, sizeof(label), "v%03u", m->version[h][i] % 1000);
			assert_string_equal(r->label, label);
			assert_ptr_equal(dsc_snapshot_reg_id(snap, r->id), r);
			assert_int_equal(r->verified, i == 1);
		}
	}
	assert_int_equal(dsc_tree_count(snap->regs), total);
	dsc_snapshot_put(snap);
}

/* What the command must do to it; false: it is refused, with *m as before. */
static bool apply(struct simple *m, const struct input *in, const unsigned int *addr,
		  unsigned int nr, unsigned int version)
{
	struct simple was = *m;
	unsigned int *v = m->version[in->host];

	if (in->dim.task == FAB_DIM_UPDATE) {
		if (!v[addr[0]])
			return false;
		v[addr[0]] = 0;
		v[addr[1]] = version;
		return true;
	}
	for (unsigned int i = 0; i < nr; i++) {
		v[addr[i]] = in->dim.task == FAB_DIM_REGISTER ? version : 0;
		if (count(m, in->host) > QUOTA) {
			*m = was;
			return false;
		}
	}
	return true;
}

static void test_random_commands_do_what_a_simple_model_does(void **state)
{
	struct fixture *f = *state;
	struct simple m = { 0 };
	unsigned int refused = 0, seed = 42;
	uint64_t gen;

	begin(f);
	gen = dsc_model_now(f->app.model)->gen_any;
	for (unsigned int round = 1; round <= 600; round++) {
		enum fab_dim_task task = (enum fab_dim_task)(rand_r(&seed) % FAB_DIM_TASK_COUNT);
		unsigned int nr = task == FAB_DIM_UPDATE ? 2 : 1 + (unsigned int)rand_r(&seed) % 3;
		unsigned int addr[3];
		struct input in;
		struct command c;
		bool taken;

		begin_input(&in, task, (unsigned int)rand_r(&seed) % HOSTS);
		for (unsigned int i = 0; i < nr; i++) {
			addr[i] = 1 + (unsigned int)rand_r(&seed) % (ADDRS - 1);
			put_entry(&in, addr[i], round);
		}
		taken = apply(&m, &in, addr, nr, round);
		assert_int_equal(RUN(&c, do_register, &in, 0) >= 0, taken);
		refused += !taken;
		turn_over(f);
		compare(f, &m);
		if (round % 200 == 0) {
			fixture_restart(f);
			compare(f, &m);
		}
	}
	assert_in_range(refused, 20, 580);
	assert_int_equal(dsc_model_now(f->app.model)->gen_any, gen);
	assert_int_equal(genctr_of(dsc_model_now(f->app.model), nqn_of(0)), gen);
}

/* Processor time: others may use the machine too.  A sanitizer may take three times as much. */
static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * CMN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void test_ten_thousand_entries_of_one_entity_take_no_more_than_their_number(void **state)
{
	struct fixture *f = *state;
	struct input in;
	struct command c;
	uint64_t began;

	begin(f);
	began = cpu_ns();
	for (unsigned int i = 0; i < 10000; i++) {
		struct nvmf_disc_entry *e = (struct nvmf_disc_entry *)(void *)in.data;

		begin_input(&in, FAB_DIM_REGISTER, 0);
		put_entry(&in, 1, 1);
		in.dim.etype = NVMF_DIM_CDC; /* hosts have a quota */
		snprintf(e->traddr, sizeof(e->traddr), "10.0.%u.%u", 1 + i / 250, 1 + i % 250);
		assert_int_equal(
			i % 100 ? (on_loop(f, command_start,
					   &(struct command){
						   .f = f, .start = do_register, .arg = &in }),
				   0)
				: RUN(&c, do_register, &in, 0),
			0);
	}
	assert_in_range(RUN(&c, do_register, &in, 0), 0, 1); /* so all others are stored too */
	turn_over(f);
	assert_int_equal(dsc_tree_count(dsc_model_now(f->app.model)->regs), 10000);
	assert_true(cpu_ns() - began < (getenv("PHAROS_SANITIZER") ? 30 : 10) * CMN_NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_commands_do_what_a_simple_model_does,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_ten_thousand_entries_of_one_entity_take_no_more_than_their_number,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
