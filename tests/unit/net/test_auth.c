/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_auth.c - in-band authentication between our host and our server, on threads of their own.
 * Runs under TSan too. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "fabrics/ctrl.h"
#include "net/client.h"
#include "net/server.h"
#include "tests/unit/unit.h"

#define NQN "nqn.2026-11.example:server"
#define HOST "nqn.2026-11.example:host"

static const struct fab_auth_key key = { .hash = NVMF_HASH_SHA256,
					 .len = 32,
					 .bytes = { 1, 2, 3 } };
static const struct fab_auth_key ours = { .hash = NVMF_HASH_SHA512,
					  .len = 64,
					  .bytes = { 4, 5, 6 } };
static const struct fab_auth_key wrong = { .hash = NVMF_HASH_SHA256, .len = 32, .bytes = { 7 } };

static struct {
	struct fab_site site;
	struct fab_personality pers;
	struct fab_subsys_id id;
	struct net_reactor *r;
	struct net_server *server;
	struct net_listener *listener;
	struct fab_auth_policy policy;
	bool wants; /* hosts have to authenticate */
	_Atomic unsigned int connects, gone, passed, failed;
	_Atomic int why;
} d;

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret,
				       uint16_t *ret_offset)
{
	struct fab_ctrl_params p = {
		.site = site, .pers = &d.pers, .id = &d.id, .admin_conn = conn, .connect = in
	};

	(void)ret_offset;
	p.cntlid = (uint16_t)++d.connects;
	*ret = fab_ctrl_create(&p);
	return FAB_OK;
}

static bool auth(struct fab_site *site, struct fab_conn *conn, const struct fab_connect *in,
		 struct fab_auth_policy *ret)
{
	(void)site;
	(void)conn;
	assert_string_equal(in->hostnqn, HOST);
	*ret = d.policy;
	return d.wants;
}

static void auth_ended(struct fab_site *site, struct fab_conn *conn, const struct fab_auth *a)
{
	bool by_host;

	(void)site;
	assert_non_null(fab_conn_ctrl(conn));
	if (fab_auth_state(a) == FAB_AUTH_DONE)
		d.passed++;
	else
		d.failed++;
	d.why = fab_auth_failure(a, &by_host) | (by_host ? 0x100 : 0);
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	(void)site;
	(void)conn;
	(void)ctrl;
	(void)qid;
	d.gone++;
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	(void)site;
	fab_ctrl_quiesced(ctrl);
}

static const struct fab_site_ops site_ops = { .admin_connect = admin_connect,
					      .auth = auth,
					      .auth_ended = auth_ended,
					      .queue_gone = queue_gone,
					      .quiesce = quiesce };

static int server_start(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fab_portal portal = { .portid = 7 };
	struct net_reactor_params rp = { .cpu = -1, .pool_limit = 1 << 20 };
	struct net_server_params p = { .site = &d.site,
				       .reactors = &d.r,
				       .nr_reactors = 1,
				       .max_h2c_data = 4096,
				       .max_icd = 8192,
				       .max_conns = 10 };
	int fd;

	(void)state;
	memset(&d, 0, sizeof(d));
	d.site.ops = &site_ops;
	d.wants = true;
	d.policy = (struct fab_auth_policy){ .key = key, .ctrl_key = ours };
	d.id = (struct fab_subsys_id){ .nqn = NQN, .serial = "1", .model = "m", .firmware = "1" };
	d.pers = (struct fab_personality){ .type = FAB_CT_DISC, .cntrltype = 2, .mqes = 31 };
	d.r = net_reactor_create(&rp, NULL);
	d.server = net_server_create(&p);
	fd = net_listen((struct sockaddr *)&addr, sizeof(addr), NULL);
	assert_true(fd >= 0);
	assert_int_equal(net_listener_add(d.server, fd, &portal, &d.listener), 0);
	return net_reactor_start(d.r);
}

static int server_stop(void **state)
{
	(void)state;
	net_reactor_stop(d.r);
	net_server_destroy(d.server);
	assert_int_equal(d.connects, d.gone);
	net_reactor_destroy(d.r);
	return 0;
}

static struct net_client_params params(const struct fab_auth_key *k, const struct fab_auth_key *c)
{
	return (struct net_client_params){ .addr = "127.0.0.1",
					   .port = net_listener_port(d.listener),
					   .subnqn = NQN,
					   .hostnqn = HOST,
					   .timeout_ms = 30000,
					   .key = k,
					   .ctrl_key = c };
}

static void test_both_ends_authenticate_with_every_group(void **state)
{
	struct net_client *c;
	struct cmn_err err;

	(void)state;
	for (uint8_t group = 0; group < NVMF_DH_COUNT; group++) {
		struct net_client_params p = params(&key, &ours);

		p.algs = (struct fab_auth_algs){ 1, 1, { NVMF_HASH_SHA384 }, { group } };
		assert_int_equal(net_client_connect(&p, &c, NULL, &err), 0);
		assert_string_equal(net_client_auth_hash(c), "sha384");
		assert_string_equal(net_client_auth_group(c), fab_auth_group_name(group));
		net_client_close(c);
	}
	assert_int_equal(d.passed, NVMF_DH_COUNT);
	assert_int_equal(d.failed, 0);
}

static void test_a_host_with_another_key_is_sent_away(void **state)
{
	struct net_client_params p = params(&wrong, NULL);
	struct net_client *c;
	struct cmn_err err;

	(void)state;
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EACCES);
	assert_non_null(strstr(err.msg, "another key"));
	assert_int_equal(d.passed, 0);
	assert_int_equal(d.failed, 1);
	assert_int_equal(d.why, NVMF_AUTH_WHY_FAILED);
	p = params(NULL, NULL);
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EACCES);
	assert_non_null(strstr(err.msg, "has no key"));
}

static void test_a_controller_with_another_key_is_left(void **state)
{
	struct net_client_params p = params(&key, &wrong);
	struct net_client *c;
	struct cmn_err err;

	(void)state;
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EACCES);
	assert_non_null(strstr(err.msg, "did not prove"));
	assert_int_equal(d.why, 0x100 | NVMF_AUTH_WHY_FAILED);
	d.wants = false;
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EACCES);
	assert_non_null(strstr(err.msg, "doesn't authenticate"));
}

static uint16_t status(struct net_client *c, struct nvme_cmd cmd, void *data, uint32_t len,
		       enum fab_host_dir dir)
{
	struct nvme_cqe cqe;

	assert_int_equal(net_client_admin(c, &cmd, data, len, dir, &cqe), 0);
	return NVME_CQE_STATUS_CODE(le16toh(cqe.status));
}

static void test_nothing_is_answered_before(void **state)
{
	struct nvme_cmd cap = fab_cmd_property_get(NVME_REG_CAP, true), cmd;
	struct net_client_params p = params(&key, NULL);
	static uint8_t buf[65536 + 4];
	struct net_client *c;
	struct nvme_cqe cqe;
	struct cmn_err err;

	(void)state;
	p.no_enable = true;
	assert_int_equal(net_client_connect(&p, &c, &cqe, &err), 0);
	assert_int_equal(le32toh(cqe.dw[0]), 1 | NVMF_CONNECT_ATR);
	assert_int_equal(status(c, cap, NULL, 0, FAB_HOST_NONE), NVME_SC_AUTH_REQUIRED);
	cmd = fab_cmd_identify(NVME_CNS_CTRL, 0, 0, 0);
	assert_int_equal(status(c, cmd, buf, 4096, FAB_HOST_IN), NVME_SC_AUTH_REQUIRED);
	cmd = fab_cmd_auth_recv(65540);
	assert_int_equal(status(c, cmd, buf, 65540, FAB_HOST_IN), NVME_SC_INVALID_FIELD);
	cmd = fab_cmd_auth_send(0);
	assert_int_equal(status(c, cmd, NULL, 0, FAB_HOST_NONE), NVME_SC_INVALID_FIELD);
	cmd = fab_cmd_auth_send(72);
	((struct nvmf_auth_cmd *)&cmd)->secp = 1;
	assert_int_equal(status(c, cmd, buf, 72, FAB_HOST_OUT), NVME_SC_INVALID_FIELD);
	/* none of it has done harm */
	assert_int_equal(net_client_authenticate(net_client_admin_queue(c), &err), 0);
	assert_int_equal(status(c, cap, NULL, 0, FAB_HOST_NONE), 0);
	/* and again, while the queue is in use */
	assert_int_equal(net_client_authenticate(net_client_admin_queue(c), &err), 0);
	assert_int_equal(status(c, cap, NULL, 0, FAB_HOST_NONE), 0);
	assert_int_equal(d.passed, 2);
	net_client_close(c);
}

static void test_a_host_without_a_key_here_has_no_such_command(void **state)
{
	struct nvme_cmd cmd = fab_cmd_auth_send(72);
	struct net_client_params p = params(NULL, NULL);
	uint8_t msg[72] = { 0 };
	struct net_client *c;
	struct nvme_cqe cqe;
	struct cmn_err err;

	(void)state;
	d.wants = false;
	assert_int_equal(net_client_connect(&p, &c, &cqe, &err), 0);
	assert_int_equal(le32toh(cqe.dw[0]), 1);
	assert_int_equal(status(c, cmd, msg, sizeof(msg), FAB_HOST_OUT), NVME_SC_INVALID_FIELD);
	assert_null(net_client_auth_hash(c));
	net_client_close(c);
}

static void ignore(struct fab_host_req *req)
{
	(void)req;
}

/* Computing goes on after a host has left; its end is a message to nobody. */
static void test_a_host_that_leaves_meanwhile_takes_nothing_along(void **state)
{
	static const uint8_t negotiate[72] = { 0, 0, 0, 0, 1, 0, 0,
					       1, 1, 0, 1, 1, 1, [42] = NVMF_DH_8192 };
	struct net_client_params p = params(&key, NULL);
	struct fab_host_req req[2];
	struct net_client *c;

	(void)state;
	p.no_enable = true;
	assert_int_equal(net_client_connect(&p, &c, NULL, NULL), 0);
	for (int i = 0; i < 2; i++) { /* the second doesn't wait for the first */
		req[i] = (struct fab_host_req){ .cmd = fab_cmd_auth_send(72),
						.data = (void *)(uintptr_t)negotiate,
						.len = 72,
						.dir = FAB_HOST_OUT,
						.done = ignore };
		assert_int_equal(net_client_submit(net_client_admin_queue(c), &req[i]), 0);
	}
	while (net_client_wants_send(net_client_admin_queue(c)))
		assert_true(net_client_turn(net_client_admin_queue(c)) >= 0);
	net_client_abandon(c);
}

#define IN_TURN(test) cmocka_unit_test_setup_teardown(test, server_start, server_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TURN(test_both_ends_authenticate_with_every_group),
		IN_TURN(test_a_host_with_another_key_is_sent_away),
		IN_TURN(test_a_controller_with_another_key_is_left),
		IN_TURN(test_nothing_is_answered_before),
		IN_TURN(test_a_host_without_a_key_here_has_no_such_command),
		IN_TURN(test_a_host_that_leaves_meanwhile_takes_nothing_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
