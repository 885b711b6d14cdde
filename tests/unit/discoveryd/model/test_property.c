/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/test_property.c - random sequences of all commands, confirmations, failures and restarts against the
 * naive model (naive.h): every host's log is what that one says, by whichever way it asks; a generation moves if and only if
 * what the host is told has changed, and never goes back.
 *
 * PHAROS_STEPS, PHAROS_SEED: how many steps, and the seed of a run to be repeated. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "fabrics/dim.h"
#include "tests/unit/discoveryd/model/sim.h"

#define STEPS 6000
#define BATCH_MAX 4

/* ---- operations ----
 * Each runs a command and, when it returns 0, notes in the naive model what it does with the change that is under way. */

typedef int op_fn(struct sim *sim, const struct dsc_call *call, struct cmn_err *err);

static uint64_t change_of(struct sim *sim)
{
	return dsc_batch_after(&sim->f.app)->change;
}

static int op_subsys_create(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_SUBSYS), worker = pick(sim, N_WORKERS);
	struct n_subsys *s = &sim->n.subsys[i];
	struct list hosts, portals;
	struct dsc_subsys_in in = { .nqn = N_SUBSYS_NQN(i), .worker = worker_name[worker] };
	unsigned int label = pick(sim, N_LABELS);
	unsigned int policy = pick_policy(sim, &in.paths, true);
	int rc;

	pick_whos(sim, &hosts, true);
	pick_portals(sim, &portals, worker);
	in.allow_any = pick(sim, 4) == 0 ? DSC_YES : DSC_NO;
	in.label = n_label[label];
	in.hosts = hosts.in;
	in.portals = portals.in;
	rc = dsc_cmd_subsys_create(&sim->f.app, &in, call, err);
	if (rc)
		return rc;
	memset(s, 0, sizeof(*s));
	*s = (struct n_subsys){ .there = true,
				.any = in.allow_any == DSC_YES,
				.all_portals = portals.in.null,
				.worker = worker,
				.label = label,
				.policy = policy,
				.max = in.paths.max };
	s->since = s->any_since = s->portals_since = change_of(sim);
	s->id = dsc_snapshot_subsys(dsc_batch_after(&sim->f.app), N_SUBSYS_NQN(i))->id;
	note_whos(&sim->n, &hosts, s->host, s->group, change_of(sim));
	note_portals(s, &portals, change_of(sim));
	return 0;
}

static int op_subsys_update(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_SUBSYS), what = pick(sim, 32), label = pick(sim, N_LABELS);
	struct n_subsys *s = &sim->n.subsys[i];
	struct list hosts, portals;
	struct dsc_subsys_in in = { .nqn = NULL };
	unsigned int policy = 0;
	int rc;

	pick_whos(sim, &hosts, true);
	pick_portals(sim, &portals, s->worker);
	if (what & 1)
		in.allow_any = toss(sim) ? DSC_YES : DSC_NO;
	if (what & 2)
		in.label = n_label[label];
	if (what & 4)
		in.hosts = hosts.in;
	if (what & 8)
		in.portals = portals.in;
	if (what & 16)
		policy = pick_policy(sim, &in.paths, true);
	rc = dsc_cmd_subsys_update(&sim->f.app, N_SUBSYS_NQN(i), &in, call, err);
	if (rc)
		return rc;
	if (in.allow_any != DSC_UNSET && s->any != (in.allow_any == DSC_YES)) {
		s->any = !s->any;
		s->any_since = change_of(sim);
	}
	if (in.label)
		s->label = label;
	if (what & 16) {
		s->policy = policy;
		s->max = in.paths.max;
	}
	if (what & 4)
		note_whos(&sim->n, &hosts, s->host, s->group, change_of(sim));
	if (what & 8) {
		if (s->all_portals != portals.in.null)
			s->portals_since = change_of(sim);
		s->all_portals = portals.in.null;
		note_portals(s, &portals, change_of(sim));
	}
	return 0;
}

static int op_subsys_delete(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_SUBSYS);
	int rc = dsc_cmd_subsys_delete(&sim->f.app, N_SUBSYS_NQN(i), call, err);

	if (rc == 0)
		sim->n.subsys[i].there = false;
	return rc;
}

/* A host or a group, its text in buf. */
static uint64_t *pick_who(struct sim *sim, struct n_subsys *s, char *buf, unsigned int *ret_host)
{
	unsigned int i = pick(sim, N_NAMED + N_GROUPS);

	*ret_host = i;
	if (i < N_NAMED) {
		n_name(buf, "host", i);
		return &s->host[i];
	}
	snprintf(buf, DSC_NQN_MAX + 1, "group:%s", group_name(i - N_NAMED));
	return &s->group[i - N_NAMED];
}

static int op_allow(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_SUBSYS), host;
	char who[DSC_NQN_MAX + 1];
	uint64_t *since = pick_who(sim, &sim->n.subsys[i], who, &host);
	int rc = dsc_cmd_allow(&sim->f.app, N_SUBSYS_NQN(i), who, call, err);

	if (rc)
		return rc;
	*since = change_of(sim);
	if (host < N_NAMED)
		sim->n.host[host] = true;
	return 0;
}

static int op_disallow(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_SUBSYS), host;
	char who[DSC_NQN_MAX + 1];
	uint64_t *since = pick_who(sim, &sim->n.subsys[i], who, &host);
	int rc = dsc_cmd_disallow(&sim->f.app, N_SUBSYS_NQN(i), who, call, err);

	if (rc == 0)
		*since = 0;
	return rc;
}

static int op_host_create(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_NAMED), g = pick(sim, N_GROUPS);
	const char *groups[] = { group_name(g) };
	struct dsc_host_in in = { .nqn = N_HOST(i) };
	int rc;

	if (sim->n.group[g])
		in.groups = (struct dsc_list){ .set = true, .item = groups, .nr = 1 };
	rc = dsc_cmd_host_create(&sim->f.app, &in, call, err);
	if (rc)
		return rc;
	sim->n.host[i] = true;
	if (in.groups.set)
		sim->n.member[g][i] = change_of(sim);
	return 0;
}

static int op_host_delete(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_NAMED);
	int rc = dsc_cmd_host_delete(&sim->f.app, N_HOST(i), call, err);

	if (rc)
		return rc;
	sim->n.host[i] = false;
	for (unsigned int j = 0; j < N_SUBSYS; j++)
		sim->n.subsys[j].host[i] = 0;
	for (unsigned int g = 0; g < N_GROUPS; g++)
		sim->n.member[g][i] = 0;
	return 0;
}

static int op_group_set(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int g = pick(sim, N_GROUPS);
	struct list hosts;
	struct dsc_group_in in = { .name = group_name(g) };
	unsigned int policy = 0;
	bool steer = toss(sim);
	int rc;

	pick_whos(sim, &hosts, false);
	in.members = hosts.in;
	if (steer)
		policy = pick_policy(sim, &in.paths, false);
	rc = sim->n.group[g] ? dsc_cmd_group_update(&sim->f.app, group_name(g), &in, call, err)
			     : dsc_cmd_group_create(&sim->f.app, &in, call, err);
	if (rc)
		return rc;
	sim->n.group[g] = true;
	if (steer) {
		sim->n.group_policy[g] = policy;
		sim->n.group_max[g] = in.paths.max;
	}
	note_whos(&sim->n, &hosts, sim->n.member[g], NULL, change_of(sim));
	return 0;
}

static int op_group_delete(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int g = pick(sim, N_GROUPS);
	int rc = dsc_cmd_group_delete(&sim->f.app, group_name(g), call, err);

	if (rc)
		return rc;
	sim->n.group[g] = false;
	sim->n.group_policy[g] = sim->n.group_max[g] = 0;
	memset(sim->n.member[g], 0, sizeof(sim->n.member[g]));
	for (unsigned int i = 0; i < N_SUBSYS; i++)
		sim->n.subsys[i].group[g] = 0;
	for (unsigned int i = 0; i < N_REFERRALS; i++)
		sim->n.referral[i].group[g] = false;
	return 0;
}

static int op_group_member(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int g = pick(sim, N_GROUPS), i = pick(sim, N_NAMED);
	bool add = toss(sim);
	int rc = add ? dsc_cmd_group_add(&sim->f.app, group_name(g), N_HOST(i), call, err)
		     : dsc_cmd_group_remove(&sim->f.app, group_name(g), N_HOST(i), call, err);

	if (rc)
		return rc;
	sim->n.member[g][i] = add ? change_of(sim) : 0;
	sim->n.host[i] |= add;
	return 0;
}

static int op_portal_create(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_PORTALS), worker = pick(sim, N_WORKERS);
	struct n_portal *p = &sim->n.portal[i];
	char name[8];
	struct dsc_portal_in in = { .name = name,
				    .address = addresses[pick(sim, ARRAY_SIZE(addresses))],
				    .port = (uint16_t)(4420 + i),
				    .portid = (uint16_t)(i + 1),
				    .worker = worker_name[worker] };
	int rc;

	snprintf(name, sizeof(name), "p%u", i);
	rc = dsc_cmd_portal_create(&sim->f.app, &in, call, err);
	if (rc)
		return rc;
	*p = (struct n_portal){
		.there = true, .worker = worker, .port = in.port, .portid = in.portid
	};
	snprintf(p->address, sizeof(p->address), "%s", in.address);
	p->since = change_of(sim);
	p->id = dsc_snapshot_portal(dsc_batch_after(&sim->f.app), name)->id;
	return 0;
}

static int op_portal_update(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_PORTALS);
	const char *advertise = advertised[pick(sim, ARRAY_SIZE(advertised))];
	bool secure = toss(sim);
	struct dsc_portal_in in = { .advertise_set = true,
				    .advertise = *advertise ? advertise : NULL,
				    .secure_channel = secure ? "not_required" : "not_specified" };
	char name[8];
	int rc;

	snprintf(name, sizeof(name), "p%u", i);
	rc = dsc_cmd_portal_update(&sim->f.app, name, &in, call, err);
	if (rc)
		return rc;
	snprintf(sim->n.portal[i].advertise, sizeof(sim->n.portal[i].advertise), "%s", advertise);
	sim->n.portal[i].secure = secure ? 2 : 0;
	return 0;
}

static int op_portal_delete(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_PORTALS);
	char name[8];
	int rc;

	snprintf(name, sizeof(name), "p%u", i);
	rc = dsc_cmd_portal_delete(&sim->f.app, name, call, err);
	if (rc)
		return rc;
	sim->n.portal[i].there = false;
	for (unsigned int j = 0; j < N_SUBSYS; j++)
		sim->n.subsys[j].portal[i] = 0;
	return 0;
}

static int op_referral_set(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_REFERRALS), to = pick(sim, N_HOSTS + 1);
	struct n_referral *r = &sim->n.referral[i];
	char name[8], address[32];
	struct list hosts;
	struct dsc_referral_in in = { .name = name, .address = address };
	int rc;

	snprintf(name, sizeof(name), "r%u", i);
	snprintf(address, sizeof(address), "198.51.100.%u", i + 1);
	pick_whos(sim, &hosts, true);
	in.nqn = N_DC(to);
	in.hosts = hosts.in;
	in.hosts.null = pick(sim, 3) == 0;
	rc = r->there ? dsc_cmd_referral_update(&sim->f.app, name, &in, call, err)
		      : dsc_cmd_referral_create(&sim->f.app, &in, call, err);
	if (rc)
		return rc;
	if (!r->there) {
		memset(r, 0, sizeof(*r));
		r->there = true;
		r->to = to;
		r->id = dsc_snapshot_referral(dsc_batch_after(&sim->f.app), name)->id;
	}
	r->all = in.hosts.null;
	for (unsigned int j = 0; j < N_NAMED; j++)
		r->host[j] = !r->all && hosts.host[j];
	for (unsigned int j = 0; j < N_GROUPS; j++)
		r->group[j] = !r->all && hosts.group[j];
	return 0;
}

static int op_referral_delete(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_REFERRALS);
	char name[8];
	int rc;

	snprintf(name, sizeof(name), "r%u", i);
	rc = dsc_cmd_referral_delete(&sim->f.app, name, call, err);
	if (rc == 0)
		sim->n.referral[i].there = false;
	return rc;
}

/* A host that is a discovery controller too: a referral to it isn't told to itself. */
static int op_register(struct sim *sim, const struct dsc_call *call, struct cmn_err *err)
{
	unsigned int i = pick(sim, N_HOSTS);
	bool there = sim->n.entity[i];
	struct nvmf_disc_entry entry = { .trtype = NVMF_TRTYPE_TCP, .adrfam = NVMF_ADRFAM_IPV4 };
	struct fab_dim dim = { .task = there ? FAB_DIM_DEREGISTER : FAB_DIM_REGISTER,
			       .entfmt = NVMF_DIM_BASIC,
			       .etype = NVMF_DIM_CDC,
			       .ektype = NVMF_DIM_EKTYPE,
			       .nument = 1,
			       .list = (const uint8_t *)&entry,
			       .list_len = sizeof(entry) };
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	char owner[DSC_NQN_MAX + 1];
	struct dsc_register_in in = { .dim = &dim,
				      .owner = n_name(owner, "host", i),
				      .peer = &peer };
	int rc;

	snprintf(dim.eid, sizeof(dim.eid), "%s", N_DC(i + 1));
	snprintf(entry.subnqn, sizeof(entry.subnqn), "nqn.2026-11.example:interface");
	snprintf(entry.traddr, sizeof(entry.traddr), "203.0.113.%u", i + 1);
	rc = dsc_cmd_register(&sim->f.app, &in, call, err);
	if (rc == 0)
		sim->n.entity[i] = !there;
	return rc;
}

static const struct {
	const char *name;
	op_fn *run;
	unsigned int weight;
} ops[] = {
	{ "create a subsystem", op_subsys_create, 6 },
	{ "update a subsystem", op_subsys_update, 8 },
	{ "delete a subsystem", op_subsys_delete, 2 },
	{ "allow", op_allow, 6 },
	{ "disallow", op_disallow, 4 },
	{ "create a host", op_host_create, 2 },
	{ "delete a host", op_host_delete, 1 },
	{ "set a group", op_group_set, 3 },
	{ "delete a group", op_group_delete, 1 },
	{ "change a member", op_group_member, 6 },
	{ "create a portal", op_portal_create, 5 },
	{ "update a portal", op_portal_update, 3 },
	{ "delete a portal", op_portal_delete, 2 },
	{ "set a referral", op_referral_set, 3 },
	{ "delete a referral", op_referral_delete, 1 },
	{ "register", op_register, 2 },
};

static size_t pick_op(struct sim *sim)
{
	unsigned int total = 0, at;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	at = pick(sim, total);
	for (size_t i = 0;; i++) {
		if (at < ops[i].weight)
			return i;
		at -= ops[i].weight;
	}
}

static int one(struct fixture *f, const struct dsc_call *call, const void *arg, struct cmn_err *err)
{
	struct sim *sim = cmn_container_of(f, struct sim, f);

	return ops[*(const size_t *)arg].run(sim, call, err);
}

/* Several in one transaction, now and then given up. */
static int many(struct fixture *f, const struct dsc_call *call, const void *arg,
		struct cmn_err *err)
{
	struct sim *sim = cmn_container_of(f, struct sim, f);
	struct dsc_call force = { .force = true };
	struct naive before = sim->n;

	(void)arg;
	dsc_batch_begin(&f->app);
	for (unsigned int nr = 2 + pick(sim, BATCH_MAX - 1); nr; nr--) {
		struct cmn_err mine = { 0 };

		ops[pick_op(sim)].run(sim, &force, &mine);
	}
	if (pick(sim, 4) == 0) {
		dsc_batch_abort(&f->app);
		sim->n = before;
		return 1;
	}
	(void)err;
	return dsc_batch_commit(&f->app, call, "many");
}

static void command(struct sim *sim)
{
	struct naive before = sim->n;
	struct fixture *f = &sim->f;
	size_t op = pick_op(sim);
	struct command c;

	if (pick(sim, 6)) {
		sim->doing = ops[op].name;
		RUN(&c, one, &op, .force = true);
	} else {
		sim->doing = "many";
		RUN(&c, many, NULL, .force = true);
	}
	if (c.rc < 0)
		sim->n = before; /* also when it was the store that failed, after it was noted */
}

/* ---- what workers and the supervisor report ---- */

struct report {
	struct sim *sim;
	unsigned int worker;
};

static void add_fail(struct dsc_confirm *c, uint64_t subsys_id, uint64_t portal_id)
{
	struct dsc_fail *fail = dsc_row_new(DSC_ROW_FAIL);

	fail->subsys_id = subsys_id;
	fail->portal_id = portal_id;
	snprintf(fail->reason, sizeof(fail->reason), "it rained");
	c->fails[c->nr_fails++] = fail;
}

/* Of the whole state, or of a few objects: those that aren't named as failed are fine again. */
static void confirm(void *arg)
{
	struct report *report = arg;
	struct sim *sim = report->sim;
	const struct dsc_snapshot *st = dsc_model_now(sim->f.app.model);
	struct dsc_fail *fails[N_SUBSYS + N_PORTALS];
	uint64_t subsystems[N_SUBSYS], portals[N_PORTALS];
	struct dsc_confirm c = { .generation = st->change,
				 .full = toss(sim),
				 .subsystems = subsystems,
				 .portals = portals,
				 .fails = fails };

	c.worker_id = dsc_snapshot_worker(st, worker_name[report->worker])->id;
	for (unsigned int i = 0; i < N_SUBSYS; i++) {
		struct n_subsys *s = &sim->n.subsys[i];

		if (!s->there || s->worker != report->worker || (!c.full && toss(sim)))
			continue;
		subsystems[c.nr_subsystems++] = s->id;
		s->failed = pick(sim, 8) == 0;
		if (s->failed)
			add_fail(&c, s->id, 0);
	}
	for (unsigned int i = 0; i < N_PORTALS; i++) {
		struct n_portal *p = &sim->n.portal[i];

		if (!p->there || p->worker != report->worker || (!c.full && toss(sim)))
			continue;
		portals[c.nr_portals++] = p->id;
		p->failed = pick(sim, 8) == 0;
		if (p->failed)
			add_fail(&c, 0, p->id);
	}
	sim->n.worker[report->worker].confirmed = c.generation;
	dsc_model_confirm(sim->f.app.model, &c);
	for (size_t i = 0; i < c.nr_fails; i++)
		dsc_row_put(fails[i]);
}

static void degrade(void *arg)
{
	struct report *report = arg;
	struct sim *sim = report->sim;
	const struct dsc_worker *w =
		dsc_snapshot_worker(dsc_model_now(sim->f.app.model), worker_name[report->worker]);

	sim->n.worker[report->worker].degraded = !w->degraded;
	dsc_model_set_degraded(sim->f.app.model, w->id, !w->degraded);
}

static void fail_portal(void *arg)
{
	struct report *report = arg;
	struct sim *sim = report->sim;
	struct n_portal *p = &sim->n.portal[pick(sim, N_PORTALS)];

	if (!p->there)
		return;
	p->failed = toss(sim);
	dsc_model_portal_failed(sim->f.app.model, p->id, p->failed ? "in use" : NULL);
}

/* A change that no host is told of; when it is done, so is all that was queued before it. */
static int idle_change(struct fixture *f, const struct dsc_call *call, const void *arg,
		       struct cmn_err *err)
{
	const struct dsc_worker *w = dsc_snapshot_worker(dsc_batch_after(&f->app), "w1");
	struct dsc_worker_in in = { .reactors_set = true, .reactors = !w->reactors };

	(void)arg;
	return dsc_cmd_worker_update(&f->app, "w1", &in, call, err);
}

static void report(struct sim *sim)
{
	static void (*const fn[])(void *arg) = { confirm, confirm, confirm, degrade, fail_portal };
	static const char *const name[] = { "confirm", "confirm", "confirm", "degrade",
					    "fail a portal" };
	struct report r = { sim, pick(sim, N_WORKERS) };
	struct fixture *f = &sim->f;
	unsigned int i = pick(sim, ARRAY_SIZE(fn));
	struct command c;

	sim->doing = name[i];
	on_loop(f, fn[i], &r);
	assert_int_equal(RUN(&c, idle_change, NULL, 0), 0);
}

/* ---- faults ---- */

/* Whatever is written meanwhile fails, and leaves nothing behind. */
static void store_fails(struct sim *sim)
{
	struct rlimit limit, none;
	struct naive before = sim->n;
	struct fixture *f = &sim->f;
	struct command c;
	size_t op = pick_op(sim);

	sim->doing = "a command that isn't stored";
	getrlimit(RLIMIT_FSIZE, &limit);
	none = limit;
	none.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &none);
	RUN(&c, one, &op, .force = true);
	assert_true(c.rc != 0);
	assert_true(RUN(&c, idle_change, NULL, 0) < 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	sim->n = before;
	assert_int_equal(RUN(&c, idle_change, NULL, 0), 0);
}

static void restart(struct sim *sim)
{
	sim->doing = "restart";
	sim->f.by_reviewer = pick(sim, 2);
	fixture_restart(&sim->f);
}

/* ---- comparing ---- */

static void compare(struct sim *sim, const struct dsc_log *log, const struct n_log *want)
{
	struct fab_disc_record rec;
	char got[448];

	if (dsc_log_count(log) != want->nr + 1)
		FAIL("%llu entries, not %u\n", (unsigned long long)dsc_log_count(log) - 1,
		     want->nr);
	for (unsigned int i = 0; i < want->nr; i++) {
		dsc_log_record(log, i + 1, &rec);
		snprintf(got, sizeof(got), "%s|%s|%s|%s|%u|%u", rec.subnqn,
			 rec.label ? rec.label : "", rec.traddr, rec.trsvcid, rec.portid,
			 rec.treq & 3);
		if (strcmp(got, want->entry[i]) != 0)
			FAIL("%s, not %s\n", got, want->entry[i]);
	}
}

struct explained {
	struct sim *sim;
	const struct dsc_log *log;
	uint64_t shown;
};

/* Whatever there is has a reason, or is the log's next entry. */
static int explain(void *arg, const struct dsc_log_item *item)
{
	struct explained *x = arg;
	struct sim *sim = x->sim;
	struct fab_disc_record rec;
	const char *nqn = item->e.subsys ? item->e.subsys->nqn : item->referral->nqn;

	if (item->shown == (item->rule != NULL))
		FAIL("%s is %s, by %s\n", nqn, item->shown ? "shown" : "hidden",
		     item->rule ? item->rule : "nothing");
	if (!item->shown)
		return 0;
	if (++x->shown >= dsc_log_count(x->log))
		FAIL("%s is said to be shown after the end of the log\n", nqn);
	dsc_log_record(x->log, x->shown, &rec);
	if (strcmp(rec.subnqn, nqn) != 0 ||
	    (item->e.portal && item->e.portal->portid != rec.portid))
		FAIL("%s is said to be shown, the log has %s there\n", nqn, rec.subnqn);
	return 0;
}

static void check_explained(struct sim *sim, const struct dsc_log *log,
			    const struct dsc_snapshot *snap, const struct dsc_asker *who,
			    const struct dsc_via *via)
{
	struct explained x = { .sim = sim, .log = log };
	struct dsc_log_walk walk = {
		.snap = snap, .who = who, .via = via, .hidden = true, .fn = explain, .arg = &x
	};

	assert_int_equal(dsc_log_walk(&walk), 0);
	if (x.shown + 1 != dsc_log_count(log))
		FAIL("%llu are said to be shown\n", (unsigned long long)x.shown);
}

static uint64_t check_host(struct sim *sim, const struct dsc_snapshot *snap, unsigned int host)
{
	uint64_t view = 14695981039346656037u;
	struct dsc_asker who = dsc_asker(snap, N_HOST(host));
	static struct n_log want;
	struct dsc_log *log;

	who.has_from = true;
	for (unsigned int w = 0; w < N_WAYS; w++) {
		assert_true(net_prefix_parse(&who.from, sim->way[w].from));
		log = dsc_log_create(snap, &who, &sim->way[w].via, 0);
		n_make_log(&sim->n, host, &sim->way[w], &want);
		compare(sim, log, &want);
		check_explained(sim, log, snap, &who, &sim->way[w].via);
		dsc_log_destroy(log);
		for (unsigned int i = 0; i < want.nr; i++)
			view = n_hash(view, want.entry[i]);
		view = n_hash(view, "");
	}
	return view;
}

static void check(struct sim *sim, bool first)
{
	const struct dsc_snapshot *snap;
	uint64_t gen, view, blur = n_blur(&sim->n);
	struct dsc_asker who;

	turn_over(&sim->f);
	snap = dsc_snapshot_current(sim->f.app.model);
	for (unsigned int h = 0; h < N_HOSTS; h++) {
		view = check_host(sim, snap, h);
		who = dsc_asker(snap, N_HOST(h));
		gen = dsc_snapshot_genctr(snap, &who);
		if (!first && gen < sim->gen[h])
			FAIL("the generation of host %u went back\n", h);
		if (!first && (gen != sim->gen[h]) != (view != sim->view[h]) &&
		    (gen == sim->gen[h] || (blur == sim->blur && !differs_elsewhere(sim, h))))
			FAIL("the generation of host %u %s, what it is told %s\n", h,
			     gen != sim->gen[h] ? "moved" : "stayed",
			     view != sim->view[h] ? "changed" : "didn't");
		sim->moved += gen != sim->gen[h];
		sim->gen[h] = gen;
		sim->view[h] = view;
	}
	sim->blur = blur;
	sim->before = sim->n;
	dsc_snapshot_put(snap);
}

/* ---- the test ---- */

static void begin_sim(struct sim *sim)
{
	const char *seed = getenv("PHAROS_SEED");
	struct fixture *f = &sim->f;
	struct cmn_err err = { 0 };
	struct command c;

	sim->seed = seed ? strtoull(seed, NULL, 0) : cmn_wall_ms();
	sim->state = sim->seed * 2654435761u + 1;
	printf("PHAROS_SEED=%llu\n", (unsigned long long)sim->seed);
	for (unsigned int i = 0; i < N_WAYS; i++) {
		assert_int_equal(dsc_via_parse(&sim->way[i].via, ways[i].via, 8009, NULL), 0);
		sim->way[i].from = ways[i].from;
		sim->way[i].net = ways[i].net;
	}
	/* where no commit waits for a disk */
	snprintf(f->dir, sizeof(f->dir), "%s/pharos-test-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert_non_null(mkdtemp(f->dir));
	f->by_reviewer = pick(sim, 2);
	assert_int_equal(fixture_open(f, &err), 0);
	for (unsigned int i = 0; i < N_WORKERS; i++)
		assert_int_equal(RUN(&c, make_worker, worker_name[i], 0), 0);
}

static void test_random_changes_are_told_as_the_naive_model_has_them(void **state)
{
	const char *steps = getenv("PHAROS_STEPS");
	unsigned int nr = steps ? (unsigned int)strtoul(steps, NULL, 0) : STEPS;
	struct sim *sim = calloc(1, sizeof(*sim));
	char cmd[128];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	begin_sim(sim);
	sim->doing = "nothing";
	check(sim, true);
	for (sim->step = 1; sim->step <= nr; sim->step++) {
		unsigned int what = pick(sim, 400);

		if (what == 0)
			restart(sim);
		else if (what < 6)
			store_fails(sim);
		else if (what < 150)
			report(sim);
		else
			command(sim);
		check(sim, false);
	}
	printf("%u steps, generations moved %llu times\n", nr, (unsigned long long)sim->moved);
	assert_true(sim->moved > nr / 8);
	fixture_close(&sim->f);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", sim->f.dir);
	assert_int_equal(system(cmd), 0);
	free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_changes_are_told_as_the_naive_model_has_them),
	};

	cmn_log_set_level(CMN_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
