/* SPDX-License-Identifier: Apache-2.0 */
/* cli/bench_run.c - one workload: a fixed number of commands kept under way on every queue by one thread that polls.
 * Owns: its commands, their buffers and the record of what was written, for one run; nothing is allocated per command.
 * Thread: one.  May block: where nothing has come for a while, or nothing is due.  Spec: NVM Command Set 1.1, 3.3 (Read, Write).
 *
 * Little is done per command, so that one core can saturate a target: one receive takes all completions that are there, each
 * is followed by its successor at once, and one send takes these.  The clock is read once for a batch.
 *
 * With verify the range is filled first, then run over, then read as a whole.  Every 8 bytes on it say which run, block and version of
 * the block they belong to; a block has one command at a time, so it is known what must be read. */
#include "cli/bench.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "cli/target.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/uuid.h"

#define POOL_BYTES (256u << 10) /* written data when nobody looks at it */
#define SPIN_NS (500 * CMN_NS_PER_US)
#define LOOK_NS                                                                                    \
	(5 * CMN_NS_PER_US) /* a look in vain takes less; more means that somebody else ran */
#define SILENCE_NS (10 * CMN_NS_PER_S)
#define PROGRESS_NS (250 * CMN_NS_PER_MS)
#define DIRECT_QUEUES 4 /* more are found by epoll */
#define EVENTS 64
#define UNIT_BUSY 0x80000000u

enum phase { PHASE_FILL, PHASE_RUN, PHASE_SWEEP };

struct run;

struct queue {
	struct net_client_queue *nq;
	bool sending; /* its socket was full */
};

struct io {
	struct fab_host_req req;
	struct run *run;
	struct queue *queue;
	uint64_t started;
	uint64_t unit;
	uint8_t *data;
	bool write;
	TAILQ_ENTRY(io) link; /* of those that rest */
};

struct run {
	const struct cli_bench_setup *setup;
	const struct cli_bench_load *load;
	struct cli_bench_result *res;
	struct cmn_err *err;
	enum phase phase;
	uint64_t now; /* of the batch; 0: not read yet */
	uint64_t last; /* when something moved */
	uint64_t told; /* when progress was */
	uint64_t idle_since; /* when it was last looked in vain; 0: work came */
	uint64_t due,
		interval; /* with a rate: when the next may be submitted, and the time between two */
	TAILQ_HEAD(, io) resting; /* until then */
	uint64_t random, seed;
	uint64_t next, units, left; /* left: to be submitted, in phases other than RUN */
	uint32_t nlb; /* blocks of a unit */
	unsigned int inflight, nr_queues, nr_ios;
	bool stopping;
	int failed;
	int epfd;
	struct queue *queues;
	struct io *ios;
	uint8_t *buffers;
	uint32_t *versions; /* of each unit, with UNIT_BUSY; NULL: no verify */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void fail(struct run *run, int code)
{
	if (!run->failed)
		run->failed = code;
	run->stopping = true;
}

/* ---- which blocks ---- */

static uint64_t next_random(struct run *run)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return run->random;
}

static uint64_t pick_unit(struct run *run)
{
	uint64_t unit;

	if (run->load->random && run->phase == PHASE_RUN) {
		unit = next_random(run) % run->units;
	} else {
		unit = run->next;
		run->next = unit + 1 == run->units ? 0 : unit + 1;
	}
	if (!run->versions)
		return unit;
	while (run->versions[unit] & UNIT_BUSY) /* more units than commands: it ends */
		unit = unit + 1 == run->units ? 0 : unit + 1;
	return unit;
}

static bool pick_write(struct run *run)
{
	unsigned int reads = run->load->read_percent;

	if (run->phase != PHASE_RUN)
		return run->phase == PHASE_FILL;
	return reads == 0 || (reads < 100 && (next_random(run) >> 32) % 100 >= reads);
}

/* ---- what is in them ---- */

static uint64_t word_of(const struct run *run, uint64_t lba, uint32_t version)
{
	return (run->seed ^ lba * 0x9e3779b97f4a7c15u) + version * 0xd1342543de82ef95u;
}

static void fill(const struct run *run, struct io *io)
{
	uint32_t version = run->versions[io->unit] & ~UNIT_BUSY, bs = run->setup->block_size;

	for (uint32_t b = 0; b < run->nlb; b++) {
		uint64_t *p = (uint64_t *)(io->data + (size_t)b * bs);
		uint64_t word = word_of(run, io->unit * run->nlb + b, version);

		for (uint32_t i = 0; i < bs / 8; i++)
			p[i] = word + i;
	}
}

static void check(struct run *run, const struct io *io)
{
	uint32_t version = run->versions[io->unit] & ~UNIT_BUSY, bs = run->setup->block_size;

	for (uint32_t b = 0; b < run->nlb; b++) {
		const uint64_t *p = (const uint64_t *)(io->data + (size_t)b * bs);
		uint64_t lba = io->unit * run->nlb + b, word = word_of(run, lba, version),
			 wrong = 0;

		for (uint32_t i = 0; i < bs / 8; i++)
			wrong |= p[i] ^ (word + i);
		if (!wrong)
			continue;
		fail(run, cmn_err_set(run->err, -EILSEQ, NULL,
				      "block %llu differs from what was written",
				      (unsigned long long)lba));
		return;
	}
	run->res->verified += run->load->bytes;
}

/* ---- a command's life ---- */

static void submit(struct io *io)
{
	struct run *run = io->run;
	int res;

	io->unit = pick_unit(run);
	io->write = pick_write(run);
	io->req.cmd = fab_cmd_rw(io->write ? NVME_IO_WRITE : NVME_IO_READ, run->setup->nsid,
				 io->unit * run->nlb, run->nlb);
	io->req.dir = io->write ? FAB_HOST_OUT : FAB_HOST_IN;
	if (run->versions) {
		run->versions[io->unit] += io->write;
		if (io->write)
			fill(run, io);
		run->versions[io->unit] |= UNIT_BUSY;
	} else {
		io->req.data = io->write || run->setup->digests ? io->data : NULL;
	}
	io->started = run->now;
	if (run->phase != PHASE_RUN)
		run->left--;
	res = net_client_submit(io->queue->nq, &io->req);
	if (res == 0) {
		run->inflight++;
		return;
	}
	fail(run, cmn_err_errno(run->err, res, NULL, "submitting a command"));
}

static void judge(struct run *run, const struct io *io)
{
	if (io->req.err)
		fail(run, cmn_err_set(run->err, io->req.err, NULL, "the connection ended: %s",
				      net_client_why(io->queue->nq)));
	else if (io->req.cqe.status & htole16(0xfffe))
		fail(run,
		     cli_check_status(0, &io->req.cqe, io->write ? "Write" : "Read", run->err));
	else if (!io->write && io->req.moved != io->req.len)
		fail(run, cmn_err_set(run->err, -EPROTO, NULL, "a Read brought %u of %u bytes",
				      io->req.moved, io->req.len));
	else if (run->versions && !io->write)
		check(run, io);
}

static void on_done(struct fab_host_req *req)
{
	struct io *io = cmn_container_of(req, struct io, req);
	struct run *run = io->run;

	run->inflight--;
	if (!run->now)
		run->now = cmn_now_ns();
	judge(run, io);
	if (run->versions)
		run->versions[io->unit] &= ~UNIT_BUSY;
	if (run->phase == PHASE_RUN && !run->failed) {
		cmn_histogram_add(&run->res->latency, run->now - io->started);
		run->res->commands++;
	}
	if (run->stopping || (run->phase != PHASE_RUN && !run->left))
		return;
	if (run->interval && run->phase == PHASE_RUN)
		TAILQ_INSERT_TAIL(&run->resting, io, link);
	else
		submit(io);
}

/* ---- the loop ---- */

static bool turn(struct queue *q)
{
	int res = net_client_turn(q->nq);

	q->sending = res >= 0 && net_client_wants_send(q->nq);
	return res > 0;
}

static bool turn_ready(struct run *run)
{
	struct epoll_event events[EVENTS];
	bool moved = false;
	int n;

	if (run->nr_queues > DIRECT_QUEUES) {
		n = epoll_wait(run->epfd, events, EVENTS, 0);
		for (int i = 0; i < n; i++)
			moved |= turn(events[i].data.ptr);
	}
	for (unsigned int i = 0; i < run->nr_queues; i++)
		if (run->nr_queues <= DIRECT_QUEUES || run->queues[i].sending)
			moved |= turn(&run->queues[i]);
	return moved;
}

/* What the rate allows by now.  A command that came late delays those behind it: they aren't sent in a burst. */
static void submit_due(struct run *run)
{
	struct io *io;

	if (TAILQ_EMPTY(&run->resting))
		return;
	run->now = cmn_now_ns();
	while (run->now >= run->due && (io = TAILQ_FIRST(&run->resting))) {
		TAILQ_REMOVE(&run->resting, io, link);
		run->due = cmn_max(run->due, run->now - run->interval) + run->interval;
		submit(io);
		turn(io->queue);
	}
}

static void sleep_until(uint64_t when)
{
	struct timespec ts = { .tv_sec = (time_t)(when / CMN_NS_PER_S),
			       .tv_nsec = (long)(when % CMN_NS_PER_S) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Nothing came: look again for a while, as what is next may be there in microseconds, then sleep. */
static void idle(struct run *run)
{
	struct epoll_event event;

	if (!run->inflight) {
		sleep_until(run->due);
		run->idle_since = 0;
		run->last = run->now = cmn_now_ns();
		return;
	}
	run->now = cmn_now_ns();
	if (run->idle_since && run->phase == PHASE_RUN)
		run->res->spun_ns += cmn_min(run->now - run->idle_since, LOOK_NS);
	run->idle_since = run->now;
	if (run->now - run->last < SPIN_NS)
		return;
	if (run->now - run->last > SILENCE_NS) {
		fail(run, cmn_err_set(run->err, -ETIMEDOUT, NULL, "no answer for %llu s",
				      SILENCE_NS / CMN_NS_PER_S));
		for (unsigned int i = 0; i < run->nr_queues; i++)
			net_client_end(run->queues[i].nq);
		return;
	}
	run->idle_since = 0;
	epoll_wait(run->epfd, &event, 1, 20);
}

/* A few times a second, which costs nothing that could be measured. */
static void tell_progress(struct run *run, uint64_t start, uint64_t end)
{
	bool timed = run->phase == PHASE_RUN;

	if (run->now < run->told + PROGRESS_NS)
		return;
	run->told = run->now;
	cli_progress(run->setup->cli, timed ? run->now - start : run->units - run->left,
		     timed ? end - start : run->units, run->load->name);
}

static int run_phase(struct run *run, enum phase phase)
{
	uint64_t start = cmn_now_ns(), end = start + run->setup->seconds * CMN_NS_PER_S;

	run->phase = phase;
	run->left = run->units;
	run->next = 0;
	run->stopping = false;
	run->idle_since = 0;
	run->now = start;
	run->last = start;
	run->told = start;
	run->due = start;
	TAILQ_INIT(&run->resting);
	for (unsigned int i = 0; i < run->nr_ios && !run->stopping; i++) {
		if (phase == PHASE_RUN && run->interval)
			TAILQ_INSERT_TAIL(&run->resting, &run->ios[i], link);
		else if (phase == PHASE_RUN || run->left)
			submit(&run->ios[i]);
	}
	for (unsigned int i = 0; i < run->nr_queues; i++)
		turn(&run->queues[i]);
	while (run->inflight || (!run->stopping && !TAILQ_EMPTY(&run->resting))) {
		if (!run->stopping)
			submit_due(run);
		run->now = 0;
		if (!turn_ready(run)) {
			idle(run);
		} else if (run->now) {
			run->idle_since = 0;
			run->last = run->now;
		}
		if (interrupted || (phase == PHASE_RUN && run->now >= end))
			run->stopping = true;
		tell_progress(run, start, end);
	}
	cli_progress(run->setup->cli, 1, 1, "");
	if (phase == PHASE_RUN)
		run->res->took_ns = run->last - start;
	return run->failed;
}

/* ---- set up, measure, take down ---- */

static int add_queue(struct run *run, struct net_client_queue *nq)
{
	struct queue *q = &run->queues[run->nr_queues++];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = q };

	q->nq = nq;
	for (unsigned int i = 0; i < run->load->qd; i++) {
		struct io *io = &run->ios[run->nr_ios];

		io->run = run;
		io->queue = q;
		io->req.done = on_done;
		io->req.len = run->load->bytes;
		io->data = run->versions || run->setup->digests
				   ? run->buffers + (size_t)run->nr_ios * run->load->bytes
				   : run->buffers +
					     (size_t)run->nr_ios * run->load->bytes % POOL_BYTES;
		io->req.data = io->data;
		run->nr_ios++;
	}
	return epoll_ctl(run->epfd, EPOLL_CTL_ADD, net_client_fd(nq), &event) < 0 ? -errno : 0;
}

static int prepare(struct run *run)
{
	const struct cli_bench_setup *s = run->setup;
	size_t queues = (size_t)s->nr_clients * s->nr_queues, ios = queues * run->load->qd;
	bool own_buffers = s->verify || s->digests;
	size_t bytes = own_buffers ? ios * run->load->bytes : POOL_BYTES + run->load->bytes;
	int res = 0;

	if (s->verify && run->units <= ios)
		return cmn_err_set(run->err, -EINVAL, NULL,
				   "to verify, more blocks are needed than commands at once");
	run->epfd = epoll_create1(EPOLL_CLOEXEC);
	run->queues = calloc(queues, sizeof(*run->queues));
	run->ios = calloc(ios, sizeof(*run->ios));
	run->versions = s->verify ? calloc(run->units, sizeof(*run->versions)) : NULL;
	run->buffers = aligned_alloc(4096, CMN_ALIGN_UP(bytes, (size_t)4096));
	if (run->epfd < 0 || !run->queues || !run->ios || !run->buffers ||
	    (s->verify && !run->versions))
		return cmn_err_set(run->err, -ENOMEM, NULL, "out of memory");
	for (size_t i = 0; i < bytes / 8; i++)
		((uint64_t *)run->buffers)[i] = next_random(run);
	for (unsigned int c = 0; c < s->nr_clients && res == 0; c++)
		for (unsigned int i = 0; i < s->nr_queues && res == 0; i++)
			res = add_queue(run, net_client_ioq(s->clients[c], i));
	return res < 0 ? cmn_err_errno(run->err, res, NULL, "epoll") : 0;
}

/* Any process's processor time, to the nanosecond. */
static bool cpu_of(pid_t pid, uint64_t *ret_ns)
{
	struct timespec ts;
	clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;

	if ((pid && clock_getcpuclockid(pid, &clock)) || clock_gettime(clock, &ts) < 0)
		return false;
	*ret_ns = (uint64_t)ts.tv_sec * CMN_NS_PER_S + (uint64_t)ts.tv_nsec;
	return true;
}

static int measure(struct run *run)
{
	struct cli_bench_result *r = run->res;
	pid_t target = run->setup->target;
	uint64_t mine[2] = { 0 }, its[2] = { 0 };
	int res;

	cpu_of(0, &mine[0]);
	r->has_target_cpu = target && cpu_of(target, &its[0]);
	res = run_phase(run, PHASE_RUN);
	cpu_of(0, &mine[1]);
	r->has_target_cpu = r->has_target_cpu && cpu_of(target, &its[1]);
	if (r->has_target_cpu)
		r->target_cpu_ns = its[1] - its[0];
	r->client_cpu_ns = mine[1] - mine[0] - cmn_min(mine[1] - mine[0], r->spun_ns);
	r->bytes = r->commands * run->load->bytes;
	return res;
}

static int run_all(struct run *run)
{
	int res = prepare(run);

	if (res == 0 && run->versions)
		res = run_phase(run, PHASE_FILL);
	if (res == 0 && !interrupted)
		res = measure(run);
	if (res == 0 && run->versions && !interrupted)
		res = run_phase(run, PHASE_SWEEP);
	return res;
}

int cli_bench_run(const struct cli_bench_setup *setup, const struct cli_bench_load *load,
		  struct cli_bench_result *ret, struct cmn_err *err)
{
	struct sigaction act = { .sa_handler = on_signal }, before[2];
	struct run run = { .setup = setup,
			   .load = load,
			   .res = ret,
			   .err = err,
			   .nlb = load->bytes / setup->block_size,
			   .interval = setup->rate ? CMN_NS_PER_S / setup->rate : 0,
			   .units = setup->blocks / (load->bytes / setup->block_size),
			   .epfd = -1 };
	int res;

	memset(ret, 0, sizeof(*ret));
	cmn_random_bytes(&run.seed, sizeof(run.seed));
	run.random = run.seed | 1;
	sigaction(SIGINT, &act, &before[0]);
	sigaction(SIGTERM, &act, &before[1]);
	res = run_all(&run);
	ret->interrupted = interrupted;
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGTERM, &before[1], NULL);
	if (run.epfd >= 0)
		close(run.epfd);
	free(run.versions);
	free(run.buffers);
	free(run.queues);
	free(run.ios);
	return res;
}
