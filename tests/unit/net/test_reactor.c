/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_reactor.c - messages, timers, hooks, watches and the file ring of a reactor.  Runs under TSan too. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "net/reactor_impl.h"
#include "tests/unit/unit.h"

static struct net_reactor *make(uint64_t spin_ns, bool uring)
{
	struct net_reactor_params p = {
		.cpu = -1, .spin_ns = spin_ns, .pool_limit = 1 << 20, .want_uring = uring
	};
	int err = -1;
	struct net_reactor *r = net_reactor_create(&p, &err);

	assert_non_null(r);
	assert_int_equal(err, 0);
	return r;
}

/* ---- messages ---- */

#define SENDERS 4
#define PER_SENDER 20000

struct note {
	struct net_msg msg;
	unsigned int sender, seq;
	struct tally *tally;
};

struct tally {
	struct net_reactor *r;
	unsigned int next[SENDERS];
	unsigned int total, wrong;
	_Atomic bool done;
};

static void note_arrived(struct net_msg *msg)
{
	struct note *n = cmn_container_of(msg, struct note, msg);
	struct tally *t = n->tally;

	if (n->seq != t->next[n->sender] || !net_reactor_is_current(t->r))
		t->wrong++;
	t->next[n->sender] = n->seq + 1;
	if (++t->total == SENDERS * PER_SENDER)
		atomic_store(&t->done, true);
}

struct sender {
	pthread_t thread;
	struct tally *tally;
	struct note *notes;
};

static void *sender_main(void *arg)
{
	struct sender *s = arg;

	for (unsigned int i = 0; i < PER_SENDER; i++) {
		net_reactor_post(s->tally->r, &s->notes[i].msg);
		if (i % 1000 == 0)
			usleep(200); /* let it fall asleep now and then */
	}
	return NULL;
}

static void messages_of_a_sender_arrive_in_order(uint64_t spin_ns)
{
	struct tally t = { .r = make(spin_ns, false) };
	struct sender s[SENDERS];

	assert_int_equal(net_reactor_start(t.r), 0);
	for (unsigned int i = 0; i < SENDERS; i++) {
		s[i].tally = &t;
		s[i].notes = calloc(PER_SENDER, sizeof(struct note));
		for (unsigned int k = 0; k < PER_SENDER; k++)
			s[i].notes[k] = (struct note){
				.msg.fn = note_arrived, .sender = i, .seq = k, .tally = &t
			};
		assert_int_equal(pthread_create(&s[i].thread, NULL, sender_main, &s[i]), 0);
	}
	for (unsigned int i = 0; i < SENDERS; i++)
		pthread_join(s[i].thread, NULL);
	for (int i = 0; i < 5000 && !atomic_load(&t.done); i++)
		usleep(1000);
	net_reactor_stop(t.r);
	assert_int_equal(t.total, SENDERS * PER_SENDER);
	assert_int_equal(t.wrong, 0);
	for (unsigned int i = 0; i < SENDERS; i++)
		free(s[i].notes);
	net_reactor_destroy(t.r);
}

static void test_messages_of_a_sender_arrive_in_order_when_spinning(void **state)
{
	(void)state;
	messages_of_a_sender_arrive_in_order(50000);
}

static void test_messages_of_a_sender_arrive_in_order_when_blocking(void **state)
{
	(void)state;
	messages_of_a_sender_arrive_in_order(0);
}

/* ---- timers ---- */

#define TIMERS 200

struct clock_test {
	struct net_reactor *r;
	struct net_timer timers[TIMERS], again, last;
	uint64_t last_when;
	unsigned int fired, early, disorder, rearmed;
};
static struct clock_test ct;

static void timer_fired(struct net_timer *t, uint64_t now)
{
	ct.fired++;
	if (now < t->when)
		ct.early++;
	if (t->when < ct.last_when)
		ct.disorder++;
	ct.last_when = t->when;
}

static void again_fired(struct net_timer *t, uint64_t now)
{
	if (++ct.rearmed < 10)
		net_timer_set(ct.r, t, now); /* at once: must not hold the loop */
}

static void last_fired(struct net_timer *t, uint64_t now)
{
	(void)t;
	(void)now;
	net_reactor_stop(ct.r);
}

static void test_timers_fire_in_order_never_early_and_not_when_cancelled(void **state)
{
	uint64_t now = cmn_now_ns();

	(void)state;
	memset(&ct, 0, sizeof(ct));
	ct.r = make(0, false);
	for (unsigned int i = 0; i < TIMERS; i++) {
		ct.timers[i].fire = timer_fired;
		net_timer_set(ct.r, &ct.timers[i], now + (i * 7919 % TIMERS) * 100000);
	}
	for (unsigned int i = 0; i < TIMERS; i += 2) /* move half of them about */
		net_timer_set(ct.r, &ct.timers[i], now + (i * 104729 % TIMERS) * 90000);
	for (unsigned int i = 0; i < TIMERS; i += 5)
		net_timer_cancel(ct.r, &ct.timers[i]);
	net_timer_cancel(ct.r, &ct.timers[0]); /* twice is harmless */
	ct.again.fire = again_fired;
	net_timer_set(ct.r, &ct.again, now);
	ct.last.fire = last_fired;
	net_timer_set(ct.r, &ct.last, now + 30 * CMN_NS_PER_MS);
	net_reactor_run(ct.r);
	assert_int_equal(ct.fired, TIMERS - TIMERS / 5);
	assert_int_equal(ct.early, 0);
	assert_int_equal(ct.disorder, 0);
	assert_int_equal(ct.rearmed, 10);
	net_reactor_destroy(ct.r);
}

/* ---- hooks and watches ---- */

struct hook_test {
	struct net_reactor *r;
	struct net_after once, twice, never;
	unsigned int once_runs, twice_runs, never_runs;
	uint64_t loops_at[2];
};
static struct hook_test ht;

static void once_run(struct net_after *a)
{
	(void)a;
	ht.once_runs++;
}

static void twice_run(struct net_after *a)
{
	ht.loops_at[ht.twice_runs++] = net_reactor_stats(ht.r)->loops;
	if (ht.twice_runs == 1)
		net_after_queue(ht.r, a);
	else
		net_reactor_stop(ht.r);
}

static void never_run(struct net_after *a)
{
	(void)a;
	ht.never_runs++;
}

static void test_a_hook_runs_once_and_next_turn_when_it_queues_itself(void **state)
{
	(void)state;
	memset(&ht, 0, sizeof(ht));
	ht.r = make(0, false);
	ht.once.run = once_run;
	ht.twice.run = twice_run;
	ht.never.run = never_run;
	net_after_queue(ht.r, &ht.once);
	net_after_queue(ht.r, &ht.once);
	net_after_queue(ht.r, &ht.never);
	net_after_queue(ht.r, &ht.twice);
	net_after_cancel(ht.r, &ht.never);
	net_reactor_run(ht.r);
	assert_int_equal(ht.once_runs, 1);
	assert_int_equal(ht.never_runs, 0);
	assert_int_equal(ht.twice_runs, 2);
	assert_true(ht.loops_at[1] == ht.loops_at[0] + 1);
	net_reactor_destroy(ht.r);
}

struct pair_watch {
	struct net_watch w;
	struct net_reactor *r;
	struct pair_watch *other;
	unsigned int hits;
};

static void one_removes_the_other(struct net_watch *w, uint32_t events)
{
	struct pair_watch *p = cmn_container_of(w, struct pair_watch, w);

	(void)events;
	p->hits++;
	net_watch_del(p->r, &p->other->w);
	net_watch_del(p->r, w);
	net_reactor_stop(p->r);
}

static void test_a_watch_removed_within_the_batch_is_not_called(void **state)
{
	struct net_reactor *r = make(0, false);
	struct pair_watch p[2];
	int fds[2][2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(fds[i]), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		p[i] = (struct pair_watch){
			.w = { .fd = fds[i][0], .events = EPOLLIN, .ready = one_removes_the_other },
			.r = r,
			.other = &p[1 - i]
		};
		assert_int_equal(net_watch_add(r, &p[i].w), 0);
	}
	net_reactor_run(r);
	assert_int_equal(p[0].hits + p[1].hits, 1);
	for (int i = 0; i < 2; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	net_reactor_destroy(r);
}

struct expected {
	struct net_watch w;
	struct net_reactor *r;
	unsigned int looks, last; /* last: it goes at this one */
};

static bool always_something(struct net_watch *w)
{
	struct expected *e = cmn_container_of(w, struct expected, w);

	if (++e->looks == e->last)
		net_watch_del(e->r, w);
	return true;
}

static void stop_watching(struct net_watch *w, uint32_t events)
{
	(void)events;
	net_reactor_stop(cmn_container_of(w, struct pair_watch, w)->r);
}

static void test_who_is_expected_is_looked_at_first_but_not_alone(void **state)
{
	struct net_reactor *r = make(0, false);
	int fds[2], quiet[2];
	struct expected e = { .w = { .look = always_something }, .r = r, .last = UINT_MAX };
	struct pair_watch other = { .w = { .events = EPOLLIN, .ready = stop_watching }, .r = r };

	(void)state;
	assert_int_equal(pipe(quiet), 0);
	assert_int_equal(pipe(fds), 0);
	e.w.fd = quiet[0];
	e.w.events = EPOLLIN;
	other.w.fd = fds[0];
	assert_int_equal(net_watch_add(r, &e.w), 0);
	assert_int_equal(net_watch_add(r, &other.w), 0);
	net_reactor_expect(r, &e.w);
	assert_int_equal(write(fds[1], "x", 1), 1);
	net_reactor_run(r);
	assert_in_range(e.looks, 1, 100); /* the other one was heard */

	e.looks = 0;
	e.last = 2;
	net_reactor_run(r); /* it goes meanwhile */
	assert_int_equal(e.looks, 2);
	close(fds[0]);
	close(fds[1]);
	close(quiet[0]);
	close(quiet[1]);
	net_reactor_destroy(r);
}

/* ---- buffers ---- */

static unsigned int buf_hooks;
static void buf_back(void *arg)
{
	buf_hooks++;
	net_reactor_stop(arg);
}

static void test_a_buffer_that_comes_back_wakes_who_was_refused(void **state)
{
	struct net_reactor *r = make(0, false);
	struct fab_env *env = net_reactor_env(r);
	void *all = env->buf_get(env, 1 << 20);

	(void)state;
	buf_hooks = 0;
	net_reactor_on_buf(r, buf_back, r);
	assert_non_null(all);
	assert_null(env->buf_get(env, 4096));
	env->buf_put(env, all, 1 << 20);
	net_reactor_run(r);
	assert_int_equal(buf_hooks, 1);
	net_reactor_destroy(r);
}

/* ---- files ---- */

struct file_test {
	struct net_file_op op;
	struct net_reactor *r;
	int res;
};

static void file_done(struct net_file_op *op, int res)
{
	struct file_test *f = cmn_container_of(op, struct file_test, op);

	f->res = res;
	net_reactor_stop(f->r);
}

static void submit_read(struct net_after *a);
static struct {
	struct net_after start;
	struct file_test f;
	char buf[16];
	int fd, feed;
} ft;

static void submit_read(struct net_after *a)
{
	struct io_uring_sqe *sqe = net_file_sqe(ft.f.r, &ft.f.op);

	(void)a;
	assert_non_null(sqe);
	io_uring_prep_read(sqe, ft.fd, ft.buf, 8, 0);
}

/* plain: as on a kernel that can't defer completions. */
static bool make_with_ring(bool plain)
{
	struct net_reactor_params p = {
		.cpu = -1, .pool_limit = 1 << 20, .want_uring = true, .plain_uring = plain
	};

	memset(&ft, 0, sizeof(ft));
	ft.f.r = net_reactor_create(&p, NULL);
	assert_non_null(ft.f.r);
	ft.f.op.done = file_done;
	ft.start.run = submit_read;
	net_after_queue(ft.f.r, &ft.start);
	if (net_reactor_uring(ft.f.r))
		return true;
	assert_true(strlen(net_uring_error(ft.f.r)) > 0);
	net_reactor_destroy(ft.f.r);
	return false;
}

static void read_a_file(bool plain)
{
	char path[] = "/tmp/test_reactor.XXXXXX";

	if (!make_with_ring(plain))
		skip();
	ft.fd = mkstemp(path);
	unlink(path);
	assert_int_equal(write(ft.fd, "01234567", 8), 8);
	net_reactor_run(ft.f.r);
	assert_int_equal(ft.f.res, 8);
	assert_memory_equal(ft.buf, "01234567", 8);
	close(ft.fd);
	net_reactor_destroy(ft.f.r);
}

static void test_a_file_read_completes_through_the_loop(void **state)
{
	(void)state;
	read_a_file(false);
	read_a_file(true);
}

static void feed_pipe(struct net_timer *t, uint64_t now)
{
	(void)t;
	(void)now;
	assert_int_equal(write(ft.feed, "01234567", 8), 8);
}

/* How long a read took whose data came 5 ms after the reactor went to sleep. */
static uint64_t sleep_and_read(bool plain)
{
	struct net_timer timer = { .fire = feed_pipe };
	uint64_t start = cmn_now_ns();
	int fds[2];

	if (!make_with_ring(plain))
		skip();
	assert_int_equal(pipe(fds), 0);
	ft.fd = fds[0];
	ft.feed = fds[1];
	net_timer_set(ft.f.r, &timer, start + 5 * CMN_NS_PER_MS);
	net_reactor_run(ft.f.r);
	assert_memory_equal(ft.buf, "01234567", 8);
	net_reactor_destroy(ft.f.r);
	close(fds[0]);
	close(fds[1]);
	return cmn_now_ns() - start;
}

/* At the latest it looks after half a second anyway; a machine that is busy elsewhere may be as slow now and then. */
static void test_a_completion_wakes_a_reactor_that_sleeps(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		uint64_t best = UINT64_MAX;

		for (int i = 0; i < 10 && best > 250 * CMN_NS_PER_MS; i++)
			best = cmn_min(best, sleep_and_read(plain));
		assert_true(best <= 250 * CMN_NS_PER_MS);
	}
}

/* Forbids io_uring_setup to this process, as a container's profile does. */
static void forbid_io_uring(int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		_exit(77);
}

static int says_why(int err, const char *word)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct net_reactor_params p = { .cpu = -1,
						.pool_limit = 1 << 20,
						.want_uring = true };
		struct net_reactor *r;

		forbid_io_uring(err);
		r = net_reactor_create(&p, NULL);
		_exit(r && !net_reactor_uring(r) && strstr(net_uring_error(r), word) &&
				      !strchr(net_uring_error(r), '\n')
			      ? 0
			      : 1);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_a_refused_ring_leaves_a_reactor_that_says_why_in_a_line(void **state)
{
	(void)state;
	if (says_why(EPERM, "seccomp") == 77)
		skip();
	assert_int_equal(says_why(EPERM, "seccomp"), 0);
	assert_int_equal(says_why(ENOSYS, "seccomp"), 0);
	assert_int_equal(says_why(ENOMEM, "RLIMIT_MEMLOCK"), 0);
	assert_int_equal(says_why(EMFILE, strerror(EMFILE)), 0);
}

/* ---- idling ---- */

static void test_an_idle_reactor_sleeps_and_still_counts_turns(void **state)
{
	_Atomic uint64_t loops = 0;
	struct net_reactor_params p = {
		.cpu = -1, .spin_ns = 50000, .pool_limit = 1 << 20, .loops = &loops
	};
	struct net_reactor *r = net_reactor_create(&p, NULL);
	uint64_t before;

	(void)state;
	assert_int_equal(net_reactor_start(r), 0);
	usleep(100000);
	before = atomic_load(&loops);
	usleep(1200000);
	assert_in_range(atomic_load(&loops) - before, 1, 10);
	net_reactor_stop(r);
	net_reactor_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_a_sender_arrive_in_order_when_spinning),
		cmocka_unit_test(test_messages_of_a_sender_arrive_in_order_when_blocking),
		cmocka_unit_test(test_timers_fire_in_order_never_early_and_not_when_cancelled),
		cmocka_unit_test(test_a_hook_runs_once_and_next_turn_when_it_queues_itself),
		cmocka_unit_test(test_a_watch_removed_within_the_batch_is_not_called),
		cmocka_unit_test(test_who_is_expected_is_looked_at_first_but_not_alone),
		cmocka_unit_test(test_a_buffer_that_comes_back_wakes_who_was_refused),
		cmocka_unit_test(test_a_file_read_completes_through_the_loop),
		cmocka_unit_test(test_a_completion_wakes_a_reactor_that_sleeps),
		cmocka_unit_test(test_a_refused_ring_leaves_a_reactor_that_says_why_in_a_line),
		cmocka_unit_test(test_an_idle_reactor_sleeps_and_still_counts_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
