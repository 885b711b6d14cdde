/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_host.c - the asynchronous host against our own server on another thread, and against servers that are none.
 * Runs under TSan too. */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "fabrics/ctrl.h"
#include "fabrics/discovery_log.h"
#include "net/host.h"
#include "net/logread.h"
#include "net/server.h"
#include "tests/unit/unit.h"

#define NQN "nqn.2026-11.example:server"
#define ENTRIES 700 /* more than one command brings */
#define MANY 400

/* -- the server --------------------------------------------------------------------------------------------- */
static struct {
	struct fab_site site;
	struct fab_personality pers;
	struct fab_subsys_id id;
	struct net_reactor *r;
	struct net_server *server;
	struct net_listener *listener;
	struct net_msg msg;
	struct fab_ctrl *ctrl; /* the newest; its reactor's */
	struct net_conn *conn;
	uint64_t genctr;
	_Atomic unsigned int moves; /* reads at offset 0 after which the log changes */
	_Atomic unsigned int connects, gone, reads;
	uint16_t port;
} d;

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret,
				       uint16_t *ret_offset)
{
	struct fab_ctrl_params p = {
		.site = site, .pers = &d.pers, .id = &d.id, .admin_conn = conn, .connect = in
	};

	if (strcmp(in->subnqn, NQN) != 0) {
		*ret_offset = 256;
		return FAB_ERR(NVME_SC_CONNECT_PARAM);
	}
	p.cntlid = (uint16_t)++d.connects;
	*ret = d.ctrl = fab_ctrl_create(&p);
	d.conn = net_conn_of(conn);
	return FAB_OK;
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	(void)site;
	(void)conn;
	(void)qid;
	d.gone++;
	if (d.ctrl == ctrl) {
		d.ctrl = NULL;
		d.conn = NULL;
	}
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	(void)site;
	fab_ctrl_quiesced(ctrl);
}

static const struct fab_site_ops site_ops = { .admin_connect = admin_connect,
					      .queue_gone = queue_gone,
					      .quiesce = quiesce };

static void get_entry(void *arg, uint64_t idx, struct fab_disc_record *ret)
{
	const uint64_t *genctr = arg;

	memset(ret, 0, sizeof(*ret));
	ret->trtype = NVMF_TRTYPE_TCP;
	snprintf(ret->subnqn, sizeof(ret->subnqn), "nqn.2026-11.example:%llu.%llu",
		 (unsigned long long)*genctr, (unsigned long long)idx);
}

static struct fab_status discovery_log(struct fab_ctrl *ctrl, uint8_t lid, uint8_t lsp,
				       uint64_t off, void *buf, uint32_t len)
{
	struct fab_disc_source src = {
		.genctr = d.genctr, .numrec = ENTRIES, .get = get_entry, .arg = &d.genctr
	};

	(void)ctrl;
	(void)lid;
	(void)lsp;
	fab_disc_render(&src, off, buf, len);
	d.reads++;
	if (off && d.moves) {
		d.moves--;
		d.genctr++;
	}
	return FAB_OK;
}

static void server_start(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fab_portal portal = { .portid = 7 };
	struct net_reactor_params rp = { .cpu = -1, .pool_limit = 64 << 20 };
	struct net_server_params p = { .site = &d.site,
				       .reactors = &d.r,
				       .nr_reactors = 1,
				       .max_h2c_data = 4096,
				       .max_icd = 8192,
				       .max_conns = 2 * MANY };
	int fd;

	memset(&d, 0, sizeof(d));
	d.genctr = 1;
	d.site.ops = &site_ops;
	d.id = (struct fab_subsys_id){ .nqn = NQN, .serial = "1", .model = "m", .firmware = "1" };
	d.pers = (struct fab_personality){ .type = FAB_CT_DISC,
					   .cntrltype = 2,
					   .dctype = 1,
					   .mqes = 31,
					   .mdts = 6,
					   .oaes = NVME_AEC_DISCOVERY,
					   .discovery_log = discovery_log };
	d.r = net_reactor_create(&rp, NULL);
	d.server = net_server_create(&p);
	fd = net_listen((struct sockaddr *)&addr, sizeof(addr), NULL);
	assert_true(fd >= 0);
	assert_int_equal(net_listener_add(d.server, fd, &portal, &d.listener), 0);
	d.port = net_listener_port(d.listener);
	assert_int_equal(net_reactor_start(d.r), 0);
}

static void server_stop(void)
{
	net_reactor_stop(d.r);
	net_server_destroy(d.server);
	net_reactor_destroy(d.r);
}

/* Runs fn on the server's thread. */
static void on_server(void (*fn)(struct net_msg *msg))
{
	d.msg.fn = fn;
	net_reactor_post(d.r, &d.msg);
}

static void tell_event(struct net_msg *msg)
{
	(void)msg;
	if (d.ctrl)
		fab_ctrl_event(d.ctrl, NVME_AER_NOTICE, NVME_AER_NOTICE_DISCOVERY,
			       NVME_LID_DISCOVERY);
	if (d.conn)
		net_conn_kick(d.conn);
}

static void cut(struct net_msg *msg)
{
	(void)msg;
	if (d.conn)
		net_conn_kill(d.conn);
}

/* -- the hosts ------------------------------------------------------------------------------------------------- */
static struct {
	struct net_reactor *r;
	struct net_hosts *hosts;
	struct net_timer limit;
	bool late;
	unsigned int ups, downs, events, nr_done;
	uint8_t dctype;
	struct cmn_err why;
	unsigned int until_ups, until_downs, until_events, until_done;
} t;

static void look(void)
{
	if ((t.until_ups && t.ups >= t.until_ups) || (t.until_downs && t.downs >= t.until_downs) ||
	    (t.until_events && t.events >= t.until_events) ||
	    (t.until_done && t.nr_done >= t.until_done))
		net_reactor_stop(t.r);
}

static void on_up(struct net_host *h, const struct nvme_id_ctrl *id)
{
	(void)h;
	t.dctype = id->dctype;
	t.ups++;
	look();
}

static void on_down(struct net_host *h, const struct cmn_err *why)
{
	(void)h;
	t.why = *why;
	t.downs++;
	look();
}

static void on_event(struct net_host *h, uint32_t result)
{
	(void)h;
	assert_int_equal(result, 0x70f002);
	t.events++;
	look();
}

static const struct net_host_ops ops = { .up = on_up, .down = on_down, .event = on_event };

static void on_limit(struct net_timer *timer, uint64_t now)
{
	(void)timer;
	(void)now;
	t.late = true;
	net_reactor_stop(t.r);
}

/* Turns the hosts' reactor until what was asked for has happened. */
static bool run(uint32_t ms)
{
	t.late = false;
	net_timer_set(t.r, &t.limit, cmn_now_ns() + ms * CMN_NS_PER_MS);
	net_reactor_run(t.r);
	net_timer_cancel(t.r, &t.limit);
	t.until_ups = t.until_downs = t.until_events = t.until_done = 0;
	return !t.late;
}

static int hosts_start(void **state)
{
	struct net_reactor_params rp = { .cpu = -1 };

	(void)state;
	memset(&t, 0, sizeof(t));
	t.r = net_reactor_create(&rp, NULL);
	t.hosts = net_hosts_create(t.r);
	t.limit.fire = on_limit;
	return 0;
}

static int hosts_stop(void **state)
{
	(void)state;
	net_hosts_destroy(t.hosts);
	net_reactor_destroy(t.r);
	return 0;
}

static struct net_host *host(uint16_t port, const char *nqn, uint32_t timeout_ms)
{
	struct net_host_params p = { .addr = "127.0.0.1",
				     .port = port,
				     .subnqn = nqn,
				     .timeout_ms = timeout_ms,
				     .retry_ms = 20,
				     .retry_max_ms = 100,
				     .events = NVME_AEC_DISCOVERY,
				     .hostid = { 1, 2, 3 },
				     .ops = &ops };
	struct net_host *h = net_host_create(t.hosts, &p, NULL);

	assert_non_null(h);
	net_host_start(h);
	return h;
}

static bool wait_up(unsigned int n)
{
	t.until_ups = n;
	return run(20000);
}

static bool wait_down(unsigned int n)
{
	t.until_downs = n;
	return run(20000);
}

static struct net_host_cmd cmd;
static struct nvme_id_ctrl id;

static void cmd_done(struct net_host_cmd *c)
{
	assert_ptr_equal(c->user, &cmd);
	t.nr_done++;
	look();
}

static void fill_identify(void)
{
	cmd = (struct net_host_cmd){ .done = cmd_done, .user = &cmd };
	cmd.req.cmd = fab_cmd_identify(NVME_CNS_CTRL, 0, 0, 0);
	cmd.req.dir = FAB_HOST_IN;
	cmd.req.data = &id;
	cmd.req.len = sizeof(id);
}

static void test_it_comes_up_runs_commands_and_shuts_the_controller_down(void **state)
{
	struct net_host *h;

	(void)state;
	server_start(0);
	h = host(d.port, NQN, 5000);
	fill_identify();
	assert_int_equal(net_host_submit(h, &cmd), -ENOTCONN);
	assert_true(wait_up(1));
	assert_int_equal(net_host_state(h), NET_HOST_UP);
	assert_int_equal(net_host_cntlid(h), 1);
	assert_int_equal(net_host_max_data(h), 256 << 10);
	assert_int_equal(t.dctype, 1);
	assert_int_equal(net_host_submit(h, &cmd), 0);
	t.until_done = 1;
	assert_true(run(5000));
	assert_int_equal(cmd.req.err, 0);
	assert_int_equal(cmd.req.cqe.status, 0);
	assert_string_equal(id.subnqn, NQN);
	net_host_stop(h);
	assert_true(wait_down(1));
	assert_int_equal(t.why.code, 0);
	assert_int_equal(net_host_state(h), NET_HOST_IDLE);
	for (int i = 0; i < 5000 && !d.gone; i++)
		usleep(1000);
	assert_int_equal(d.gone, 1);
	assert_false((t.until_ups = 2, run(150))); /* and stays away */
	net_host_destroy(h);
	server_stop();
}

static void test_each_event_is_heard_once_the_log_was_read(void **state)
{
	struct net_host *h;

	(void)state;
	server_start(0);
	h = host(d.port, NQN, 5000);
	assert_true(wait_up(1));
	for (unsigned int i = 1; i <= 3; i++) {
		on_server(tell_event);
		t.until_events = i;
		assert_true(run(5000));
		cmd = (struct net_host_cmd){ .done = cmd_done, .user = &cmd };
		cmd.req.cmd = fab_cmd_get_log(NVME_LID_DISCOVERY, 0, 0, sizeof(id), false);
		cmd.req.dir = FAB_HOST_IN;
		cmd.req.data = &id;
		cmd.req.len = sizeof(id);
		assert_int_equal(net_host_submit(h, &cmd), 0);
		t.until_done = i;
		assert_true(run(5000));
	}
	net_host_destroy(h);
	server_stop();
}

static void test_a_cut_connection_ends_commands_and_is_made_again(void **state)
{
	struct net_host *h;

	(void)state;
	server_start(0);
	h = host(d.port, NQN, 5000);
	assert_true(wait_up(1));
	/* One that isn't answered: a second event request. */
	cmd = (struct net_host_cmd){ .done = cmd_done, .user = &cmd };
	cmd.req.cmd.opcode = NVME_ADMIN_ASYNC_EVENT;
	assert_int_equal(net_host_submit(h, &cmd), 0);
	on_server(cut);
	assert_true(wait_down(1));
	assert_int_equal(t.why.code, -ECONNRESET);
	assert_int_equal(t.nr_done, 1);
	assert_int_equal(cmd.req.err, -ECONNRESET);
	assert_true(wait_up(2));
	assert_int_equal(net_host_cntlid(h), 2);
	net_host_destroy(h);
	server_stop();
}

static void test_a_command_without_an_answer_ends_the_connection(void **state)
{
	struct net_host *h;

	(void)state;
	server_start(0);
	h = host(d.port, NQN, 200);
	assert_true(wait_up(1));
	cmd = (struct net_host_cmd){ .done = cmd_done, .user = &cmd };
	cmd.req.cmd.opcode = NVME_ADMIN_ASYNC_EVENT;
	assert_int_equal(net_host_submit(h, &cmd), 0);
	assert_true(wait_down(1));
	assert_int_equal(t.why.code, -ETIMEDOUT);
	assert_int_equal(cmd.req.err, -ECONNRESET);
	net_host_destroy(h);
	server_stop();
}

static void test_attempts_go_on_until_somebody_listens(void **state)
{
	struct net_host *h;
	uint16_t port;

	(void)state;
	server_start(0);
	port = d.port;
	server_stop();
	h = host(port, NQN, 5000);
	assert_true(wait_down(3));
	assert_int_equal(t.why.code, -ECONNREFUSED);
	assert_non_null(strstr(t.why.msg, "127.0.0.1"));
	server_start(port);
	assert_true(wait_up(1));
	net_host_destroy(h);
	server_stop();
}

static void test_a_refusal_is_told_with_its_status(void **state)
{
	struct net_host *h;

	(void)state;
	server_start(0);
	h = host(d.port, "nqn.2026-11.example:another", 5000);
	assert_true(wait_down(1));
	assert_int_equal(t.why.code, -EACCES);
	assert_non_null(strstr(t.why.msg, "Connect"));
	assert_non_null(strstr(t.why.msg, "82h"));
	net_host_destroy(h);
	server_stop();
}

/* Listens; what comes is never accepted, and so never answered. */
static int silent(uint16_t *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(bind(fd, (struct sockaddr *)&in, len), errno);
	assert_return_code(listen(fd, 8), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&in, &len), errno);
	*ret_port = ntohs(in.sin_port);
	return fd;
}

static void test_a_server_that_says_nothing_is_given_up_in_time(void **state)
{
	uint64_t before = cmn_now_ns();
	struct net_host *h;
	uint16_t port;
	int fd = silent(&port);

	(void)state;
	h = host(port, NQN, 150);
	assert_true(wait_down(2));
	assert_int_equal(t.why.code, -ETIMEDOUT);
	assert_true(cmn_now_ns() - before >= 300 * CMN_NS_PER_MS);
	assert_true(cmn_now_ns() - before < 5 * CMN_NS_PER_S);
	net_host_stop(h);
	net_host_destroy(h);
	close(fd);
}

static void test_another_protocol_is_told_from_nvme(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
	struct net_host *h;
	uint16_t port;
	int fd = silent(&port), conn;

	(void)state;
	h = host(port, NQN, 5000);
	conn = accept(fd, NULL, NULL);
	assert_true(send(conn, http, sizeof(http) - 1, 0) > 0);
	assert_true(wait_down(1));
	assert_int_equal(t.why.code, -EPROTO);
	net_host_destroy(h);
	close(conn);
	close(fd);
}

static void test_keep_alive_keeps_an_idle_controller(void **state)
{
	struct net_host_params p = { .addr = "127.0.0.1",
				     .subnqn = NQN,
				     .kato_ms = 300,
				     .ops = &ops,
				     .hostid = { 1 },
				     .hostnqn = "nqn.2026-11.example:host" };
	struct net_host *h;

	(void)state;
	server_start(0);
	p.port = d.port;
	h = net_host_create(t.hosts, &p, NULL);
	net_host_start(h);
	assert_true(wait_up(1));
	t.until_downs = 1;
	assert_false(run(2500));
	assert_int_equal(d.gone, 0);
	net_host_destroy(h);
	server_stop();
}

/* -- logs ----------------------------------------------------------------------------------------------------------- */
static void log_done(struct net_logread *r)
{
	(void)r;
	t.nr_done++;
	look();
}

static void check_page(const struct net_logread *r)
{
	const struct nvmf_disc_entry *e =
		(const struct nvmf_disc_entry *)(r->page + sizeof(struct nvmf_disc_log));
	char want[64];

	assert_int_equal(r->numrec, ENTRIES);
	assert_int_equal(r->len, (ENTRIES + 1) * 1024);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		snprintf(want, sizeof(want), "nqn.2026-11.example:%llu.%u",
			 (unsigned long long)r->genctr, i);
		assert_string_equal(e[i].subnqn, want);
	}
}

static void read_log(struct net_host *h, struct net_logread *r, unsigned int moves)
{
	d.moves = moves;
	d.reads = 0;
	assert_int_equal(net_logread_start(h, r), 0);
	t.until_done = t.nr_done + 1;
	assert_true(run(20000));
}

static void test_a_log_is_read_as_one_picture_though_it_changes_meanwhile(void **state)
{
	struct net_logread r = { .lid = NVME_LID_DISCOVERY, .max = 1 << 20, .done = log_done };
	struct net_host *h;

	(void)state;
	server_start(0);
	h = host(d.port, NQN, 5000);
	assert_true(wait_up(1));
	read_log(h, &r, 0);
	assert_int_equal(r.err.code, 0);
	check_page(&r);
	assert_int_equal(d.reads, 1 + 3 + 1);
	free(r.page);
	read_log(h, &r, 4);
	assert_int_equal(r.err.code, 0);
	assert_int_equal(r.genctr, 5);
	check_page(&r);
	free(r.page);
	read_log(h, &r, UINT32_MAX);
	assert_int_equal(r.err.code, -EAGAIN);
	assert_null(r.page);
	r.max = 64 << 10;
	read_log(h, &r, 0);
	assert_int_equal(r.err.code, -EFBIG);
	assert_null(r.page);
	net_host_destroy(h);
	server_stop();
}

/* -- many ------------------------------------------------------------------------------------------------------------ */
static void test_a_host_costs_four_kib(void **state)
{
	static struct net_host *h[MANY];
	size_t before = mallinfo2().uordblks;
	uint16_t port;
	int fd = silent(&port);

	(void)state;
	for (int i = 0; i < MANY; i++)
		h[i] = host(port, NQN, 20000);
	if (!getenv("PHAROS_SANITIZER"))
		assert_true(mallinfo2().uordblks - before < MANY * 4096);
	for (int i = 0; i < MANY; i++)
		net_host_destroy(h[i]);
	close(fd);
}

static void test_many_hosts_come_up_and_go_together(void **state)
{
	static struct net_host *h[MANY];

	(void)state;
	server_start(0);
	for (int i = 0; i < MANY; i++)
		h[i] = host(d.port, NQN, 20000);
	assert_true(wait_up(MANY));
	assert_int_equal(t.downs, 0);
	for (int i = 0; i < MANY; i++)
		net_host_stop(h[i]);
	assert_true(wait_down(MANY));
	assert_int_equal(t.why.code, 0);
	for (int i = 0; i < MANY; i++)
		net_host_destroy(h[i]);
	server_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, hosts_start, hosts_stop)
		TEST(test_it_comes_up_runs_commands_and_shuts_the_controller_down),
		TEST(test_each_event_is_heard_once_the_log_was_read),
		TEST(test_a_cut_connection_ends_commands_and_is_made_again),
		TEST(test_a_command_without_an_answer_ends_the_connection),
		TEST(test_attempts_go_on_until_somebody_listens),
		TEST(test_a_refusal_is_told_with_its_status),
		TEST(test_a_server_that_says_nothing_is_given_up_in_time),
		TEST(test_another_protocol_is_told_from_nvme),
		TEST(test_keep_alive_keeps_an_idle_controller),
		TEST(test_a_log_is_read_as_one_picture_though_it_changes_meanwhile),
		TEST(test_a_host_costs_four_kib),
		TEST(test_many_hosts_come_up_and_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
