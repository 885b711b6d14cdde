/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_server.c - accepting, placing, limits, ends of connections; with real sockets and two reactors.
 * Runs under TSan too. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fabrics/ctrl.h"
#include "net/client.h"
#include "net/server.h"
#include "tests/unit/unit.h"

#define REACTORS 2
#define NQN "nqn.2026-11.example:server"
#define MAX_BOUND 64

static struct {
	struct fab_site site;
	struct fab_personality pers;
	struct fab_subsys_id id;
	struct net_reactor *r[REACTORS];
	struct net_server *server;
	struct net_listener *listener;
	pthread_mutex_t lock; /* what a registry's mutex is: handles are valid under it */
	struct net_conn *bound[MAX_BOUND];
	unsigned int connects;
	_Atomic unsigned int gone;
	uint16_t port;
} d;

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret,
				       uint16_t *ret_offset)
{
	struct fab_ctrl_params p = {
		.site = site, .pers = &d.pers, .id = &d.id, .admin_conn = conn, .connect = in
	};

	(void)ret_offset;
	pthread_mutex_lock(&d.lock);
	p.cntlid = (uint16_t)++d.connects;
	*ret = fab_ctrl_create(&p);
	for (unsigned int i = 0; i < MAX_BOUND; i++) {
		if (!d.bound[i]) {
			d.bound[i] = net_conn_of(conn);
			break;
		}
	}
	pthread_mutex_unlock(&d.lock);
	return FAB_OK;
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	(void)site;
	(void)ctrl;
	assert_int_equal(qid, 0);
	pthread_mutex_lock(&d.lock);
	d.gone++;
	for (unsigned int i = 0; i < MAX_BOUND; i++)
		if (d.bound[i] == net_conn_of(conn))
			d.bound[i] = NULL;
	pthread_mutex_unlock(&d.lock);
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	(void)site;
	fab_ctrl_quiesced(ctrl);
}

static const struct fab_site_ops site_ops = { .admin_connect = admin_connect,
					      .queue_gone = queue_gone,
					      .quiesce = quiesce };

static void start(unsigned int max_conns, int fd)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fab_portal portal = { .portid = 7 };
	struct net_server_params p = { .site = &d.site,
				       .reactors = d.r,
				       .nr_reactors = REACTORS,
				       .max_h2c_data = 4096,
				       .max_icd = 8192,
				       .max_conns = max_conns };

	memset(&d, 0, sizeof(d));
	pthread_mutex_init(&d.lock, NULL);
	d.site.ops = &site_ops;
	d.id = (struct fab_subsys_id){ .nqn = NQN, .serial = "1", .model = "m", .firmware = "1" };
	d.pers = (struct fab_personality){ .type = FAB_CT_DISC, .cntrltype = 2, .mqes = 31 };
	for (unsigned int i = 0; i < REACTORS; i++) {
		struct net_reactor_params rp = { .index = i, .cpu = -1, .pool_limit = 1 << 20 };

		d.r[i] = net_reactor_create(&rp, NULL);
	}
	d.server = net_server_create(&p);
	assert_non_null(d.server);
	if (fd < 0)
		fd = net_listen((struct sockaddr *)&addr, sizeof(addr), NULL);
	assert_true(fd >= 0);
	assert_int_equal(net_listener_add(d.server, fd, &portal, &d.listener), 0);
	d.port = net_listener_port(d.listener);
	for (unsigned int i = 0; i < REACTORS; i++)
		assert_int_equal(net_reactor_start(d.r[i]), 0);
}

static void stop(void)
{
	for (unsigned int i = 0; i < REACTORS; i++)
		net_reactor_stop(d.r[i]);
	net_server_destroy(d.server);
	assert_int_equal(d.gone, d.connects); /* each bound queue once */
	for (unsigned int i = 0; i < REACTORS; i++)
		net_reactor_destroy(d.r[i]);
	pthread_mutex_destroy(&d.lock);
}

static int try_host(struct net_client **ret, unsigned int timeout_ms)
{
	struct net_client_params p = { .addr = "127.0.0.1",
				       .port = d.port,
				       .subnqn = NQN,
				       .timeout_ms = timeout_ms,
				       .hostnqn = "nqn.2026-11.example:host",
				       .no_enable = true };

	return net_client_connect(&p, ret, NULL, NULL);
}

static struct net_client *host(void)
{
	struct net_client *c = NULL;

	assert_int_equal(try_host(&c, 20000), 0);
	return c;
}

static int raw_connect(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(d.port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void wait_conns(unsigned int n)
{
	for (int i = 0; i < 5000 && net_server_nr_conns(d.server) != n; i++)
		usleep(1000);
	assert_int_equal(net_server_nr_conns(d.server), n);
}

/* Until the peer closes; false: it didn't within 5 s. */
static bool is_closed(int fd)
{
	struct timeval tv = { .tv_sec = 5 };
	char c;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return recv(fd, &c, 1, 0) == 0 || errno == ECONNRESET;
}

static void test_connections_are_spread_and_leave_nothing_behind(void **state)
{
	struct net_client *c[8];
	unsigned int on[REACTORS] = { 0 };

	(void)state;
	start(100, -1);
	for (int i = 0; i < 8; i++)
		c[i] = host();
	pthread_mutex_lock(&d.lock);
	for (int i = 0; i < 8; i++)
		on[net_reactor_index(net_conn_reactor(d.bound[i]))]++;
	pthread_mutex_unlock(&d.lock);
	assert_int_equal(on[0], 4);
	assert_int_equal(on[1], 4);
	for (int i = 0; i < 8; i++)
		net_client_close(c[i]);
	wait_conns(0);
	assert_int_equal(d.gone, 8);
	stop();
}

static void test_a_stop_ends_the_connections_that_are_left(void **state)
{
	struct net_client *c[4];

	(void)state;
	start(100, -1);
	for (int i = 0; i < 4; i++)
		c[i] = host();
	stop();
	for (int i = 0; i < 4; i++)
		net_client_close(c[i]);
}

static void test_connections_past_the_limit_are_closed_and_the_rest_goes_on(void **state)
{
	struct net_client *a, *b;
	int fd;

	(void)state;
	start(2, -1);
	a = host();
	b = host();
	fd = raw_connect();
	assert_true(is_closed(fd));
	close(fd);
	assert_int_equal(net_server_nr_conns(d.server), 2);
	net_client_close(a);
	wait_conns(1);
	a = host();
	net_client_close(a);
	net_client_close(b);
	wait_conns(0);
	stop();
}

static uint64_t turns(void)
{
	return __atomic_load_n(&net_reactor_stats(d.r[0])->loops, __ATOMIC_RELAXED);
}

static void test_out_of_descriptors_accepting_pauses_without_spinning_and_goes_on(void **state)
{
	struct rlimit was, few;
	struct net_client *c;
	uint64_t loops;
	int fd, top;

	(void)state;
	start(100, -1);
	fd = raw_connect();
	wait_conns(1);
	close(fd);
	wait_conns(0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	top = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0); /* the lowest free number */
	close(top);
	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	few.rlim_cur = (rlim_t)top;
	setrlimit(RLIMIT_NOFILE, &few);
	{
		struct sockaddr_in addr = { .sin_family = AF_INET,
					    .sin_port = htons(d.port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	}
	usleep(50000);
	loops = turns();
	usleep(500000);
	assert_in_range(turns() - loops, 1, 100);
	assert_int_equal(net_server_nr_conns(d.server), 0);
	setrlimit(RLIMIT_NOFILE, &was);
	wait_conns(1); /* it waited in the backlog */
	close(fd);
	c = host();
	net_client_close(c);
	wait_conns(0);
	stop();
}

static void test_a_listening_socket_may_be_given(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct net_client *c;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 10), 0);
	start(10, fd);
	assert_int_equal(net_listener_fd(d.listener), fd);
	c = host();
	net_client_close(c);
	wait_conns(0);
	stop();
}

static void test_a_portal_goes_with_or_without_its_connections(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fab_portal portal = { .portid = 8 };
	struct net_client *c = NULL, *kept;
	uint64_t value;
	int fd;

	(void)state;
	start(10, -1);
	kept = host();
	net_listener_remove(d.listener, false);
	assert_true(try_host(&c, 500) < 0);
	assert_int_equal(net_client_prop_get(kept, NVME_REG_VS, false, &value), 0);
	fd = net_listen((struct sockaddr *)&addr, sizeof(addr), NULL);
	assert_true(fd >= 0);
	assert_int_equal(net_listener_add(d.server, fd, &portal, &d.listener), 0);
	d.port = net_listener_port(d.listener);
	c = host();
	net_listener_remove(d.listener, true);
	wait_conns(1);
	assert_true(net_client_prop_get(c, NVME_REG_VS, false, &value) < 0);
	assert_int_equal(net_client_prop_get(kept, NVME_REG_VS, false, &value), 0);
	net_client_close(c);
	net_client_close(kept);
	wait_conns(0);
	stop();
}

static _Atomic bool killing;

static void *killer_main(void *arg)
{
	(void)arg;
	while (atomic_load(&killing)) {
		pthread_mutex_lock(&d.lock);
		for (unsigned int i = 0; i < MAX_BOUND; i++) {
			if (d.bound[i]) {
				net_conn_kill(d.bound[i]);
				net_conn_kill(d.bound[i]); /* twice is harmless */
			}
		}
		pthread_mutex_unlock(&d.lock);
		usleep(200);
	}
	return NULL;
}

static void test_killing_from_another_thread_races_with_closing_and_frees_all(void **state)
{
	pthread_t killer;

	(void)state;
	start(100, -1);
	atomic_store(&killing, true);
	pthread_create(&killer, NULL, killer_main, NULL);
	for (int i = 0; i < 300; i++) {
		struct net_client *c = NULL;

		if (try_host(&c, 5000) == 0 && i % 3)
			net_client_abandon(c);
		else
			net_client_close(c);
	}
	atomic_store(&killing, false);
	pthread_join(killer, NULL);
	wait_conns(0);
	assert_in_range(d.connects, 100, 300);
	stop();
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void test_an_idle_connection_costs_less_than_64_KiB(void **state)
{
	enum { N = 100 };
	struct nvme_tcp_icreq icreq = {
		.hdr = { .type = NVME_TCP_ICREQ, .hlen = 128, .plen = htole32(128) }
	};
	int fd[N];
	size_t before;

	(void)state;
	start(1000, -1);
	before = heap();
	for (int i = 0; i < N; i++) {
		char c;

		fd[i] = raw_connect();
		assert_int_equal(send(fd[i], &icreq, sizeof(icreq), 0), sizeof(icreq));
		assert_int_equal(recv(fd[i], &c, 1, 0), 1); /* it lives */
	}
	print_message("  %zu bytes of heap each\n", (heap() - before) / N);
	assert_true((heap() - before) / N < 64 << 10);
	for (int i = 0; i < N; i++)
		close(fd[i]);
	wait_conns(0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections_are_spread_and_leave_nothing_behind),
		cmocka_unit_test(test_a_stop_ends_the_connections_that_are_left),
		cmocka_unit_test(test_connections_past_the_limit_are_closed_and_the_rest_goes_on),
		cmocka_unit_test(
			test_out_of_descriptors_accepting_pauses_without_spinning_and_goes_on),
		cmocka_unit_test(test_a_listening_socket_may_be_given),
		cmocka_unit_test(test_a_portal_goes_with_or_without_its_connections),
		cmocka_unit_test(test_killing_from_another_thread_races_with_closing_and_frees_all),
		cmocka_unit_test(test_an_idle_connection_costs_less_than_64_KiB),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
