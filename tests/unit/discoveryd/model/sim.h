/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/sim.h - a run of the property test: the model under test beside the naive one, random numbers, and
 * lists of hosts and portals at random. */
#ifndef TESTS_UNIT_DISCOVERYD_MODEL_SIM_H
#define TESTS_UNIT_DISCOVERYD_MODEL_SIM_H

#include "tests/unit/discoveryd/fixture.h"
#include "tests/unit/discoveryd/model/naive.h"

static const char *const worker_name[N_WORKERS] = { "w1", "w2" };
static const char *const addresses[] = { "127.0.0.1",	"192.0.2.1", "192.0.2.2", "0.0.0.0",
					 "2001:db8::1", "::1",	     "::",	  "127.0.0.2" };
static const char *const advertised[] = { "", "", "192.0.2.77", "127.0.0.9", "2001:db8::77" };
static const struct {
	const char *via, *from, *net;
} ways[] = {
	{ "127.0.0.1", "127.0.0.1", "127.0.0." },
	{ "192.0.2.200", "192.0.2.1", "192.0.2." },
	{ "192.0.2.200", "192.0.2.99", "192.0.2." },
	{ "192.0.2.200", "198.51.100.9", "198.51.100." },
	{ "::1", "::1", "::" },
	{ "2001:db8::99", "2001:db8::5", "2001:db8::" },
};
#define N_WAYS 6
/* All that can make a difference, by any of the addresses that were reached. */
static const char *const froms[][2] = {
	{ "127.0.0.1", "127.0.0." },
	{ "127.0.0.2", "127.0.0." },
	{ "127.0.0.9", "127.0.0." },
	{ "127.0.0.77", "127.0.0." },
	{ "192.0.2.1", "192.0.2." },
	{ "192.0.2.2", "192.0.2." },
	{ "192.0.2.77", "192.0.2." },
	{ "192.0.2.99", "192.0.2." },
	{ "198.51.100.9", "198.51." },
	{ "::1", "::" },
	{ "::77", "::" },
	{ "2001:db8::1", "2001:db8::" },
	{ "2001:db8::77", "2001:db8::" },
	{ "2001:db8::5", "2001:db8::" },
};

struct sim {
	struct fixture f;
	struct naive n;
	uint64_t seed, state; /* of the random numbers */
	uint64_t gen[N_HOSTS], view[N_HOSTS]; /* as of the last step */
	struct n_way way[N_WAYS];
	struct naive before; /* as of the last step */
	uint64_t blur; /* as of the last step: n_blur() */
	unsigned int step;
	const char *doing;
	uint64_t moved; /* generations that did */
};

static inline uint64_t rnd(struct sim *sim)
{
	sim->state ^= sim->state << 13;
	sim->state ^= sim->state >> 7;
	sim->state ^= sim->state << 17;
	return sim->state;
}

static inline unsigned int pick(struct sim *sim, unsigned int nr)
{
	return (unsigned int)(rnd(sim) >> 20) % nr;
}

static inline bool toss(struct sim *sim)
{
	return pick(sim, 2);
}

#define FAIL(...)                                                                                  \
	do {                                                                                       \
		fprintf(stderr, "step %u, %s: ", sim->step, sim->doing);                           \
		fprintf(stderr, __VA_ARGS__);                                                      \
		fail_msg("PHAROS_SEED=%llu repeats it", (unsigned long long)sim->seed);            \
	} while (0)

/* ---- path policies ---- */

static inline unsigned int pick_policy(struct sim *sim, struct dsc_paths_in *in, bool of_subsys)
{
	unsigned int policy = pick(sim, DSC_PATHS_COUNT);

	in->policy = dsc_path_policy_name[policy];
	in->max_set = true;
	in->max = toss(sim) ? 0 : 1 + pick(sim, 3);
	return of_subsys && !policy ? DSC_PATHS_ALL : policy;
}

/* ---- lists of hosts and groups, of portals ---- */

struct list {
	const char *item[N_NAMED + N_GROUPS + 1];
	char text[N_NAMED + N_GROUPS + 1][DSC_NQN_MAX + 1];
	struct dsc_list in;
	uint64_t host[N_NAMED], group[N_GROUPS]; /* 1 where it is named */
	bool portal[N_PORTALS];
};

static inline const char *group_name(unsigned int i)
{
	static const char *const name[N_GROUPS] = { "g0", "g1", "g2" };

	return name[i];
}

static inline void add_text(struct list *list, const char *text)
{
	size_t i = list->in.nr++;

	snprintf(list->text[i], sizeof(list->text[i]), "%s", text);
	list->item[i] = list->text[i];
}

static inline void pick_whos(struct sim *sim, struct list *list, bool groups)
{
	char text[DSC_NQN_MAX + 1];

	memset(list, 0, sizeof(*list));
	for (unsigned int i = 0; i < N_NAMED; i++) {
		list->host[i] = pick(sim, 3) == 0;
		if (list->host[i])
			add_text(list, N_HOST(i));
	}
	for (unsigned int i = 0; groups && i < N_GROUPS; i++) {
		list->group[i] = sim->n.group[i] && pick(sim, 3) == 0;
		snprintf(text, sizeof(text), "group:%s", group_name(i));
		if (list->group[i])
			add_text(list, text);
	}
	list->in.set = true;
	list->in.item = list->item;
}

/* Of a worker; null: all. */
static inline void pick_portals(struct sim *sim, struct list *list, unsigned int worker)
{
	char text[16];

	memset(list, 0, sizeof(*list));
	list->in.set = true;
	list->in.null = pick(sim, 3) == 0;
	for (unsigned int i = 0; !list->in.null && i < N_PORTALS; i++) {
		const struct n_portal *p = &sim->n.portal[i];

		list->portal[i] = p->there && p->worker == worker && toss(sim);
		snprintf(text, sizeof(text), "p%u", i);
		if (list->portal[i])
			add_text(list, text);
	}
	list->in.item = list->item;
}

static inline void note_whos(struct naive *n, const struct list *list, uint64_t *host,
			     uint64_t *group, uint64_t change)
{
	for (unsigned int i = 0; i < N_NAMED; i++) {
		host[i] = !list->host[i] ? 0 : host[i] ? host[i] : change;
		n->host[i] |= list->host[i];
	}
	for (unsigned int i = 0; group && i < N_GROUPS; i++)
		group[i] = !list->group[i] ? 0 : group[i] ? group[i] : change;
}

static inline void note_portals(struct n_subsys *s, const struct list *list, uint64_t change)
{
	for (unsigned int i = 0; i < N_PORTALS; i++)
		s->portal[i] = !list->portal[i] ? 0 : s->portal[i] ? s->portal[i] : change;
}

/* Is the host told something else than in the last step, by a way that isn't looked at in each? */
static inline bool differs_elsewhere(struct sim *sim, unsigned int host)
{
	static struct n_log log[2];
	struct n_way way;

	for (size_t i = 0; i < N_WAYS * ARRAY_SIZE(froms); i++) {
		way = sim->way[i % N_WAYS];
		way.from = froms[i / N_WAYS][0];
		way.net = froms[i / N_WAYS][1];
		n_make_log(&sim->before, host, &way, &log[0]);
		n_make_log(&sim->n, host, &way, &log[1]);
		if (log[0].nr != log[1].nr)
			return true;
		for (unsigned int j = 0; j < log[0].nr; j++) {
			if (strcmp(log[0].entry[j], log[1].entry[j]) != 0)
				return true;
		}
	}
	return false;
}

#endif
