/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/worker.c - starts what a worker is made of, runs the control thread's loop, takes it down; see targetd/worker.h. */
#include "config.h"

#include "targetd/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/util.h"
#include "targetd/apply.h"
#include "targetd/control.h"
#include "targetd/copies.h"

#define POOL_LIMIT (256u << 20)
#define MAX_CONNS 16384
#define DRAIN_NS (5 * CMN_NS_PER_S)
#define NOFILE (1u << 18)
#define LOOP_LINE 64 /* bytes of the loop counters' memfd per reactor */

enum { WATCH_SIGNAL, WATCH_NOTIFY, WATCH_WAKE, WATCH_COUNT };

struct worker {
	const struct tgt_options *o;
	struct net_reactor *reactors[TGT_MAX_REACTORS];
	struct tgt_io_reactor *io[TGT_MAX_REACTORS];
	unsigned int nr_started;
	struct net_server *server;
	struct tgt_registry *reg;
	struct tgt_world world;
	struct tgt_control *control; /* NULL: alone */
	int signal_fd, notify_fd, loops_fd;
	uint8_t *loops;
	bool draining, reload;
	struct cmn_uuid run; /* of this process */
};

/* -- the state file ------------------------------------------------------------------------------------------------- */
static int load_config(struct worker *w, struct tgt_state *ret, struct cmn_err *err)
{
	struct json_object *doc = NULL;
	char *text = NULL;
	size_t len = 0;
	int r = cmn_read_file(w->o->config, TGT_STATE_SIZE_MAX, &text, &len);

	if (r < 0)
		return cmn_err_errno(err, r, NULL, "cannot read it");
	r = cmn_json_parse(text, len, TGT_STATE_DEPTH, TGT_STATE_SIZE_MAX, &doc, err);
	free(text);
	if (r < 0)
		return r;
	r = tgt_state_parse(doc, true, ret, err);
	json_object_put(doc);
	if (r == 0)
		tgt_state_renew_ram(ret, &w->run);
	return r;
}

/* Returns how many parts can't be served, or -errno: then nothing has changed. */
static int apply_config(struct worker *w)
{
	struct tgt_failures failures = { 0 };
	struct tgt_change ch = { .full = true };
	struct cmn_err err = { 0 };
	int ret = load_config(w, &ch.st, &err);

	if (ret < 0) {
		cmn_error("the state file is wrong", "file=%s field=%s reason=%s",
			  CMN_Q(w->o->config), CMN_Q(err.field), CMN_Q(err.msg));
		return ret;
	}
	tgt_apply(&w->world, &ch, &failures);
	ret = (int)failures.nr;
	tgt_failures_clear(&failures);
	tgt_state_clear(&ch.st);
	return ret;
}

/* -- the loop -------------------------------------------------------------------------------------------------------- */
static void begin_drain(void *arg)
{
	struct worker *w = arg;

	if (w->draining)
		_exit(1); /* asked twice: at once */
	w->draining = true;
	cmn_info("draining", "");
}

static void take_signal(struct worker *w)
{
	struct signalfd_siginfo si;

	while (read(w->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			w->reload = true;
		else
			begin_drain(w);
	}
}

static void clear_event(int fd)
{
	eventfd_t value;

	eventfd_read(fd, &value);
}

/* One turn: waits for timeout ms at most, takes signals and control messages. */
static void turn(struct worker *w, int timeout)
{
	struct pollfd pfd[WATCH_COUNT + TGT_CONTROL_POLLFDS] = {
		[WATCH_SIGNAL] = { .fd = w->signal_fd, .events = POLLIN },
		[WATCH_NOTIFY] = { .fd = w->notify_fd, .events = POLLIN },
		[WATCH_WAKE] = { .fd = w->world.wake_fd, .events = POLLIN },
	};
	int nr = w->control ? tgt_control_pollfds(w->control, pfd + WATCH_COUNT) : 0;

	if (poll(pfd, (nfds_t)(WATCH_COUNT + nr), timeout) <= 0)
		return;
	if (pfd[WATCH_SIGNAL].revents)
		take_signal(w);
	if (pfd[WATCH_NOTIFY].revents)
		clear_event(w->notify_fd);
	if (pfd[WATCH_WAKE].revents)
		clear_event(w->world.wake_fd);
	if (w->control)
		tgt_control_ready(w->control, pfd + WATCH_COUNT, nr);
}

/* While a barrier isn't complete. */
static void wait_for_barrier(void *arg)
{
	turn(arg, 1000);
}

static void serve(struct worker *w)
{
	while (!w->draining) {
		turn(w, w->control ? tgt_control_timeout(w->control) : -1);
		tgt_registry_sweep(w->reg);
		if (w->control)
			tgt_control_tick(w->control);
		if (w->reload && w->o->config && apply_config(w) >= 0)
			cmn_info("state file read again", "file=%s", CMN_Q(w->o->config));
		w->reload = false;
	}
}

/* Closing tells hosts to come again; those that don't go are cut off. */
static void drain(struct worker *w)
{
	uint64_t end = cmn_now_ns() + DRAIN_NS;

	tgt_copies_end(w->world.copies); /* writes may be waiting for it */
	tgt_world_close_portals(&w->world);
	while (net_server_nr_conns(w->server) && cmn_now_ns() < end)
		turn(w, 10);
	cmn_info("drained", "connections_left=%u", net_server_nr_conns(w->server));
}

/* -- start and end --------------------------------------------------------------------------------------------------- */
/* Every connection, file and namespace is a descriptor. */
static void raise_limits(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	if (rl.rlim_max < NOFILE) {
		struct rlimit more = { .rlim_cur = NOFILE, .rlim_max = NOFILE };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return;
	}
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur < NOFILE)
		cmn_debug("few files may be open", "limit=%llu", (unsigned long long)rl.rlim_cur);
}

/* Before any thread starts, so that they inherit the mask and signals come here alone. */
static int open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_loops(struct worker *w)
{
	size_t len = (size_t)w->o->nr_reactors * LOOP_LINE;

	w->loops_fd = memfd_create("pharos-loops", MFD_CLOEXEC);
	if (w->loops_fd < 0 || ftruncate(w->loops_fd, (off_t)len) < 0)
		return -errno;
	w->loops = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, w->loops_fd, 0);
	return w->loops == MAP_FAILED ? -errno : 0;
}

static int start_reactor(struct worker *w, unsigned int i)
{
	struct net_reactor_params p = {
		.index = i,
		.cpu = w->o->nr_cpus ? w->o->cpus[i % w->o->nr_cpus] : -1,
		.spin_ns = w->o->spin_ns,
		.pool_limit = POOL_LIMIT,
		.want_uring = true,
		.loops = (_Atomic uint64_t *)(void *)(w->loops + (size_t)i * LOOP_LINE),
	};
	int err = -ENOMEM;

	w->reactors[i] = net_reactor_create(&p, &err);
	if (!w->reactors[i])
		return err;
	w->io[i] = tgt_io_reactor_create(w->reactors[i]);
	return w->io[i] ? 0 : -ENOMEM;
}

static int start_parts(struct worker *w)
{
	struct tgt_registry_params rp = { .reactors = w->reactors,
					  .io = w->io,
					  .nr_reactors = w->o->nr_reactors,
					  .supervised = w->o->control != NULL,
					  .notify_fd = w->o->control ? w->notify_fd : -1 };
	struct net_server_params sp = { .reactors = w->reactors,
					.nr_reactors = w->o->nr_reactors,
					.max_h2c_data = TGT_H2C_MAX,
					.max_icd = TGT_ICD,
					.max_conns = MAX_CONNS };

	w->reg = tgt_registry_create(&rp);
	if (!w->reg)
		return -ENOMEM;
	sp.site = &w->reg->site;
	w->server = net_server_create(&sp);
	if (!w->server)
		return -ENOMEM;
	return tgt_world_init(&w->world, w->server, w->reg, w->o->control != NULL);
}

static int start_threads(struct worker *w)
{
	int ret = 0;

	for (unsigned int i = 0; i < w->o->nr_reactors && ret == 0; i++) {
		ret = net_reactor_start(w->reactors[i]);
		if (ret == 0)
			w->nr_started++;
	}
	return ret;
}

static int start(struct worker *w)
{
	int ret;

	w->signal_fd = open_signals();
	w->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->signal_fd < 0 || w->notify_fd < 0)
		return -errno;
	ret = cmn_uuid_random(&w->run);
	if (ret == 0)
		ret = open_loops(w);
	for (unsigned int i = 0; i < w->o->nr_reactors && ret == 0; i++)
		ret = start_reactor(w, i);
	if (ret == 0)
		ret = start_parts(w);
	w->world.wait = wait_for_barrier;
	w->world.wait_arg = w;
	return ret < 0 ? ret : start_threads(w);
}

/* Threads first: after them nobody else looks at anything. */
static void stop(struct worker *w)
{
	tgt_control_destroy(w->control);
	for (unsigned int i = 0; i < w->nr_started; i++)
		net_reactor_stop(w->reactors[i]);
	if (w->reg)
		tgt_world_close_portals(&w->world);
	net_server_destroy(w->server);
	if (w->reg)
		tgt_world_fini(&w->world);
	for (unsigned int i = 0; i < w->o->nr_reactors; i++)
		tgt_io_reactor_destroy(w->io[i]);
	tgt_registry_destroy(w->reg);
	for (unsigned int i = 0; i < w->o->nr_reactors; i++)
		if (w->reactors[i])
			net_reactor_destroy(w->reactors[i]);
}

static void tell_ready(struct worker *w)
{
	const struct tgt_registry *reg = w->reg;
	int fd = w->o->ready_fd;

	cmn_info("ready", "reactors=%u portals=%u pid=%d", w->o->nr_reactors, reg->nr_portals,
		 (int)getpid());
	if (fd < 0)
		return;
	for (unsigned int i = 0; i < reg->nr_portals; i++)
		dprintf(fd, "portal %s %s %u\n", reg->portals[i]->spec.id,
			reg->portals[i]->spec.address, reg->portals[i]->port);
	close(fd);
}

static int begin_control(struct worker *w)
{
	struct tgt_control_params p = { .path = w->o->control,
					.worker = w->o->worker,
					.world = &w->world,
					.loops_fd = w->loops_fd,
					.drain = begin_drain,
					.drain_arg = w };
	struct cmn_err err = { 0 };

	w->control = tgt_control_create(&p, &err);
	if (w->control)
		return 0;
	cmn_error("no control socket", "path=%s reason=%s", CMN_Q(w->o->control), CMN_Q(err.msg));
	return -1;
}

int tgt_worker_run(const struct tgt_options *options)
{
	struct worker w = { .o = options, .signal_fd = -1, .notify_fd = -1, .loops_fd = -1 };
	int ret;

	raise_limits();
	ret = start(&w);
	if (ret < 0)
		cmn_error("cannot start", "reason=%s", CMN_Q(strerror(-ret)));
	else
		ret = options->control ? begin_control(&w) : apply_config(&w);
	if (ret == 0) {
		tell_ready(&w);
		serve(&w);
		drain(&w);
	}
	stop(&w);
	return ret == 0 ? 0 : 1;
}
