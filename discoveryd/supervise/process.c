/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/process.c - a worker's process: started, followed by a pidfd, started again when it dies.
 * Owns: the pidfd, timers.  Thread: control loop.  May block: for as long as a vfork-like spawn takes.
 *
 * Workers don't end with discoveryd: own process group, no parent-death signal.  One that was started by an earlier discoveryd isn't
 * our child: its exit is seen, its status isn't. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/container.h"
#include "common/log.h"
#include "common/util.h"
#include "discoveryd/supervise/supervise_impl.h"

#define STEADY_NS (10 * CMN_NS_PER_S) /* a start that lasted so long was none of a crash loop */
#define BACKOFF_FIRST_NS (100 * CMN_NS_PER_MS)
#define BACKOFF_MAX_NS (30 * CMN_NS_PER_S)
#define FREE_CRASHES 3 /* that many in a row are followed by a start at once */
#define DEGRADED_CRASHES 6
#define KILL_NS (10 * CMN_NS_PER_S) /* a drain may take so long */
#define ABORT_NS (5 * CMN_NS_PER_S)
#define LOG_MAX (16 << 20)

/* -- the record: which process serves the worker -------------------------------------------------- */
uint64_t sup_process_start_time(int pid)
{
	char path[64], *text = NULL, *p;
	uint64_t value = 0;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (cmn_read_file(path, 4096, &text, &len) < 0)
		return 0;
	p = strrchr(text, ')'); /* the name before it may hold anything */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p)
		value = strtoull(p, NULL, 10);
	free(text);
	return value;
}

static void record_path(const struct sup_worker *w, char *buf, size_t size)
{
	snprintf(buf, size, "%s/worker-%s.pid", w->sup->app->opt.run_dir, w->name);
}

static void record(const struct sup_worker *w)
{
	cmn_autofclose FILE *f = NULL;
	char path[256];

	record_path(w, path, sizeof(path));
	f = fopen(path, "we");
	if (f)
		fprintf(f, "%d %llu\n", w->pid, (unsigned long long)sup_process_start_time(w->pid));
}

int sup_process_recorded(struct sup_worker *w)
{
	cmn_autofclose FILE *f = NULL;
	unsigned long long start = 0;
	char path[256];
	int pid = 0;

	record_path(w, path, sizeof(path));
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d %llu", &pid, &start) != 2 || pid <= 1 || !start)
		return 0;
	return sup_process_start_time(pid) == start ? pid : 0;
}

/* -- the end of a process ----------------------------------------------------------------------------- */
static void describe_status(char *buf, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(buf, size, "exited with status %d", WEXITSTATUS(status));
}

static void drop_pidfd(struct sup_worker *w)
{
	if (w->pidfd.fd < 0)
		return;
	net_watch_del(w->sup->app->loop, &w->pidfd);
	close(w->pidfd.fd);
	w->pidfd.fd = -1;
}

static void exited(struct net_watch *watch, uint32_t events)
{
	struct sup_worker *w = cmn_container_of(watch, struct sup_worker, pidfd);
	char how[96] = "ended";
	int status;

	(void)events;
	if (w->child && waitpid(w->pid, &status, WNOHANG) == w->pid)
		describe_status(how, sizeof(how), status);
	drop_pidfd(w);
	net_timer_cancel(w->sup->app->loop, &w->kill);
	w->pid = 0;
	sup_worker_exited(w, how);
}

int sup_process_follow(struct sup_worker *w, int pid, bool child)
{
	int fd = pidfd_open(pid, 0);

	if (fd < 0)
		return -errno;
	w->pidfd.fd = fd;
	w->pidfd.events = EPOLLIN;
	w->pidfd.ready = exited;
	if (net_watch_add(w->sup->app->loop, &w->pidfd) < 0) {
		close(fd);
		w->pidfd.fd = -1;
		return -EIO;
	}
	w->pid = pid;
	w->child = child;
	w->adopted = !child;
	w->started_ns = cmn_now_ns();
	return 0;
}

/* -- starting -------------------------------------------------------------------------------------------- */
struct arguments {
	char path[256], reactors[16];
	const char *argv[16];
	int argc;
};

static void add_arg(struct arguments *a, const char *option, const char *value)
{
	a->argv[a->argc++] = option;
	a->argv[a->argc++] = value;
}

static void make_arguments(const struct sup_worker *w, const struct dsc_worker *row,
			   struct arguments *a)
{
	const struct dsc_options *opt = &w->sup->app->opt;
	unsigned int reactors = row && row->reactors ? row->reactors : opt->nr_reactors;

	a->argv[a->argc++] = opt->targetd;
	sup_link_path(w, a->path, sizeof(a->path));
	add_arg(a, "--control", a->path);
	add_arg(a, "--worker", w->name);
	snprintf(a->reactors, sizeof(a->reactors), "%u", reactors);
	if (reactors)
		add_arg(a, "--reactors", a->reactors);
	if (row && row->cpu_list[0])
		add_arg(a, "--cpu-list", row->cpu_list);
	add_arg(a, "--log-level", cmn_log_level_name[w->log_level]);
	if (opt->log_format)
		add_arg(a, "--log-format", opt->log_format);
}

void dsc_supervisor_log_path(const struct dsc_app *app, const char *worker, char *buf, size_t size)
{
	snprintf(buf, size, "%s/worker-%s.log", app->opt.state_dir, worker);
}

/* Where its stderr goes: under systemd to the journal, which outlives us as it does; else to a file of its own, for a pipe of ours
 * would break under it. */
static int open_log(const struct sup_worker *w)
{
	char path[4200];
	struct stat st;
	int fd;

	if (cmn_log_stderr_is_journal())
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dsc_supervisor_log_path(w->sup->app, w->name, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_MAX && ftruncate(fd, 0) < 0)
		cmn_warn("a worker's log can't be cut", "path=%s", path);
	return fd;
}

static int spawn(struct sup_worker *w, const struct arguments *a, int log_fd)
{
	extern char **environ;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid = 0;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, log_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, log_fd, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	rc = posix_spawn(&pid, a->argv[0], &files, &attr, (char *const *)a->argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc ? -rc : sup_process_follow(w, pid, true);
}

static void start_again(struct sup_worker *w);

void sup_process_start(struct sup_worker *w)
{
	const struct dsc_snapshot *st = dsc_model_now(w->sup->app->model);
	struct arguments a = { .argc = 0 };
	cmn_autoclose int log_fd = -1;
	char text[256];
	int rc;

	w->state = DSC_WORKER_STARTING;
	w->incarnation = w->next_incarnation++;
	dsc_model_set_incarnation(w->sup->app->model, w->id, w->next_incarnation);
	make_arguments(w, dsc_snapshot_worker_id(st, w->id), &a);
	log_fd = open_log(w);
	rc = log_fd < 0 ? -errno : spawn(w, &a, log_fd);
	if (rc < 0) {
		snprintf(text, sizeof(text), "%.120s can't be started: %s", a.argv[0],
			 strerror(-rc));
		sup_worker_event(w, DSC_ERROR, "worker.not_started", text);
		w->started_ns = cmn_now_ns();
		start_again(w);
		return;
	}
	record(w);
	cmn_info("worker started", "worker=%s pid=%d incarnation=%llu", w->name, w->pid,
		 (unsigned long long)w->incarnation);
	sup_link_open(w);
}

static void restart_timer(struct net_timer *timer, uint64_t now)
{
	(void)now;
	sup_process_start(cmn_container_of(timer, struct sup_worker, restart));
}

/* At once at first; then 100 ms, 200 ms, ... while it keeps dying soon after its start. */
static uint64_t back_off(const struct sup_worker *w)
{
	uint64_t delay = BACKOFF_FIRST_NS;

	if (w->crashes <= FREE_CRASHES)
		return 0;
	for (unsigned int i = FREE_CRASHES + 1; i < w->crashes && delay < BACKOFF_MAX_NS; i++)
		delay *= 2;
	return cmn_min(delay, (uint64_t)BACKOFF_MAX_NS);
}

static void start_again(struct sup_worker *w)
{
	uint64_t now = cmn_now_ns(), delay;

	if (now - w->started_ns >= STEADY_NS)
		w->crashes = 0;
	w->crashes++;
	w->restarts++;
	delay = back_off(w);
	w->state = DSC_WORKER_RESTARTING;
	if (w->crashes >= DEGRADED_CRASHES) {
		w->state = DSC_WORKER_DEGRADED;
		if (w->crashes == DEGRADED_CRASHES)
			sup_worker_event(w, DSC_ERROR, "worker.degraded",
					 "it dies again and again; its subsystems leave the log");
		dsc_model_set_degraded(w->sup->app->model, w->id, true);
	}
	if (delay)
		net_timer_set(w->sup->app->loop, &w->restart, now + delay);
	else
		sup_process_start(w);
}

void sup_process_restart(struct sup_worker *w)
{
	start_again(w);
}

void sup_process_steady(struct sup_worker *w)
{
	const struct dsc_worker *row;

	if (cmn_now_ns() - w->started_ns < STEADY_NS)
		return;
	row = dsc_snapshot_worker_id(dsc_model_now(w->sup->app->model), w->id);
	if (row && row->degraded) { /* by an earlier discoveryd, perhaps */
		sup_worker_event(w, DSC_INFO, "worker.recovered", "it has been up for 10 seconds");
		dsc_model_set_degraded(w->sup->app->model, w->id, false);
	}
	w->crashes = 0;
}

/* -- ending ------------------------------------------------------------------------------------------------ */
void sup_process_signal(struct sup_worker *w, int sig)
{
	if (w->pidfd.fd >= 0 && pidfd_send_signal(w->pidfd.fd, sig, NULL, 0) < 0)
		cmn_warn("a worker can't be signalled", "worker=%s errno=%d", w->name, errno);
}

static void kill_timer(struct net_timer *timer, uint64_t now)
{
	(void)now;
	sup_process_signal(cmn_container_of(timer, struct sup_worker, kill), SIGKILL);
}

/* SIGABRT leaves a core; what doesn't even die of that is killed. */
void sup_process_abort(struct sup_worker *w)
{
	sup_process_signal(w, SIGABRT);
	net_timer_set(w->sup->app->loop, &w->kill, cmn_now_ns() + ABORT_NS);
}

void sup_process_stop(struct sup_worker *w)
{
	net_timer_cancel(w->sup->app->loop, &w->restart);
	if (!w->pid) {
		w->state = DSC_WORKER_STOPPED;
		return;
	}
	w->state = DSC_WORKER_STOPPING;
	if (!w->said_hello || !sup_link_send(w, sup_msg("drain")))
		sup_process_signal(w, SIGTERM);
	net_timer_set(w->sup->app->loop, &w->kill, cmn_now_ns() + KILL_NS);
}

void sup_process_forget(struct sup_worker *w)
{
	drop_pidfd(w);
	net_timer_cancel(w->sup->app->loop, &w->restart);
	net_timer_cancel(w->sup->app->loop, &w->kill);
	w->pid = 0;
}

void sup_process_init(struct sup_worker *w)
{
	w->pidfd.fd = -1;
	w->restart.fire = restart_timer;
	w->kill.fire = kill_timer;
}
