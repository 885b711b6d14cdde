/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/net/test_client.c - the small host against servers that are none: it says what is wrong, and in time. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "fabrics/tcp/pdu.h"
#include "net/client.h"
#include "tests/unit/unit.h"

/* Accepts one connection, reads the ICReq, sends what it was given, reads on until the peer closes. */
struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	const void *say;
	size_t len;
	bool close_at_once;
	size_t got;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (!s->close_at_once) {
		n = recv(fd, buf, 128, MSG_WAITALL);
		s->got = n > 0 ? (size_t)n : 0;
		if (s->len)
			send(fd, s->say, s->len, MSG_NOSIGNAL);
		while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
			s->got += (size_t)n;
	}
	close(fd);
	return NULL;
}

static void server_start(struct server *s)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_return_code(bind(s->fd, (struct sockaddr *)&in, len), errno);
	assert_return_code(listen(s->fd, 1), errno);
	assert_return_code(getsockname(s->fd, (struct sockaddr *)&in, &len), errno);
	s->port = ntohs(in.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static int try_connect(uint16_t port, struct cmn_err *err)
{
	struct net_client_params p = { .addr = "127.0.0.1",
				       .port = port,
				       .subnqn = "nqn.2026-11.example:x",
				       .timeout_ms = 300 };
	struct net_client *c = NULL;
	int ret;

	memset(err, 0, sizeof(*err));
	ret = net_client_connect(&p, &c, NULL, err);
	assert_true(ret < 0);
	assert_null(c);
	assert_int_equal(err->code, ret);
	assert_true(err->msg[0]);
	return ret;
}

static void test_a_port_where_nobody_listens_is_refused(void **state)
{
	struct server s = { .close_at_once = true };
	struct cmn_err err;
	int fd;
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	server_start(&s); /* to have a port that is free afterwards */
	in.sin_port = htons(s.port);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_return_code(connect(fd, (struct sockaddr *)&in, sizeof(in)), errno);
	close(fd);
	server_stop(&s);
	assert_int_equal(try_connect(s.port, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.msg, "127.0.0.1"));
}

static void test_another_protocol_is_told_from_nvme(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
	struct server s = { .say = http, .len = sizeof(http) - 1 };
	struct cmn_err err;

	(void)state;
	server_start(&s);
	assert_int_equal(try_connect(s.port, &err), -EPROTO);
	server_stop(&s);
	assert_true(s.got > 128); /* and it was told by an H2CTermReq */
}

static void test_a_server_that_says_nothing_is_given_up_in_time(void **state)
{
	struct server s = { 0 };
	struct cmn_err err;
	uint64_t before = cmn_now_ns();

	(void)state;
	server_start(&s);
	assert_int_equal(try_connect(s.port, &err), -ETIMEDOUT);
	assert_true(cmn_now_ns() - before < 3 * CMN_NS_PER_S);
	server_stop(&s);
	assert_int_equal(s.got, 128);
}

static void test_a_server_that_closes_is_no_nvme(void **state)
{
	struct server s = { .close_at_once = true };
	struct cmn_err err;

	(void)state;
	server_start(&s);
	assert_int_equal(try_connect(s.port, &err), -EPROTO);
	server_stop(&s);
}

static void test_a_c2htermreq_is_the_end(void **state)
{
	uint8_t term[FAB_PDU_TERM_MAX], hdr[128] = { 0 };
	struct server s = { .say = term };
	struct cmn_err err;

	(void)state;
	s.len = fab_pdu_put_term(term, NVME_TCP_C2H_TERM, FAB_FAULT(6, 8), hdr, sizeof(hdr));
	server_start(&s);
	assert_int_equal(try_connect(s.port, &err), -EPROTO);
	assert_non_null(strstr(err.msg, "C2HTermReq"));
	server_stop(&s);
}

static void test_bad_parameters_name_the_field(void **state)
{
	struct net_client_params p = { .addr = "localhost",
				       .port = 1,
				       .subnqn = "nqn.2026-11.example:x" };
	struct net_client *c;
	struct cmn_err err = { 0 };
	char longer[300];

	(void)state;
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "addr");
	memset(longer, 'n', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	p.addr = "127.0.0.1";
	p.hostnqn = longer;
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "hostnqn");
	p.subnqn = NULL;
	assert_int_equal(net_client_connect(&p, &c, NULL, &err), -EINVAL);
	assert_string_equal(err.field, "subnqn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_port_where_nobody_listens_is_refused),
		cmocka_unit_test(test_another_protocol_is_told_from_nvme),
		cmocka_unit_test(test_a_server_that_says_nothing_is_given_up_in_time),
		cmocka_unit_test(test_a_server_that_closes_is_no_nvme),
		cmocka_unit_test(test_a_c2htermreq_is_the_end),
		cmocka_unit_test(test_bad_parameters_name_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
