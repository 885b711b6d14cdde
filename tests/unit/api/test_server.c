/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api/test_server.c - the HTTP server with rows of its own: answers now and later, refuses, survives hostile clients. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server_impl.h"
#include "common/clock.h"
#include "common/container.h"
#include "net/reactor.h"
#include "tests/unit/unit.h"

/* ---- rows ---- */

static struct api_req *kept;
static struct net_timer later_timer;
static _Atomic int cancelled;

static void echo(struct api_req *req)
{
	struct json_object *json = json_object_new_object();
	struct json_object *doc = api_req_doc(req);

	json_object_object_add(json, "name", json_object_new_string(api_req_param(req, "name")));
	json_object_object_add(json, "doc", json_object_get(doc));
	api_reply_json(req, 200, json);
}

static void on_later(struct net_timer *timer, uint64_t now)
{
	(void)timer;
	(void)now;
	api_reply_json(kept, 201, json_object_new_object());
}

static void later(struct api_req *req)
{
	kept = req;
	later_timer.fire = on_later;
	net_timer_set(req->server->loop, &later_timer, cmn_now_ns() + 30 * CMN_NS_PER_MS);
}

static void on_cancel(struct api_req *req, void *arg)
{
	(void)req;
	(*(_Atomic int *)arg)++;
}

static void never(struct api_req *req)
{
	api_req_on_cancel(req, on_cancel, &cancelled);
}

static void tagged(struct api_req *req)
{
	if (api_req_if_match(req, "\"7\""))
		api_reply_empty(req, 204);
}

static const struct api_route rows[] = {
	{ API_GET, API_ROLE_READ, API_BODY_NONE, "/api/echo/{name}", "a", "x", echo },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, "/api/echo/{name}", "b", NULL, echo },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, "/api/later", "c", NULL, later },
	{ API_POST, API_ROLE_WRITE, API_BODY_JSON, "/api/never", "d", NULL, never },
	{ API_DELETE, API_ROLE_WRITE, API_BODY_NONE, "/api/tagged", "e", NULL, tagged },
	{ 0 },
};
static const struct api_route *const table[] = { rows, NULL };

/* ---- the server in a thread, clients here ---- */

struct fixture {
	struct net_reactor *loop;
	struct api_server *server;
	uint16_t port;
};

static int setup(void **state)
{
	struct net_reactor_params p = { .cpu = -1, .pool_limit = 1 << 20 };
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct api_server_params params = { .addr = (struct sockaddr *)&addr,
					    .addr_len = sizeof(addr),
					    .routes = table };
	/* Static: a test that ends the server and sets it up again gives the next one the same address. */
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct cmn_err err = { 0 };
	int ret;

	f->loop = net_reactor_create(&p, &ret);
	assert_non_null(f->loop);
	params.loop = f->loop;
	assert_int_equal(api_server_create(&params, &f->server, &err), 0);
	f->port = api_server_port(f->server);
	assert_int_equal(net_reactor_start(f->loop), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	net_reactor_stop(f->loop);
	api_server_destroy(f->server);
	net_reactor_destroy(f->loop);
	return 0;
}

static int dial(const struct fixture *f)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(f->port) };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One answer whose body ends with the connection or is known by Content-Length; returns its status. */
static int take(int fd, char *buf, size_t size)
{
	size_t used = 0;
	const char *end, *length;

	for (;;) {
		ssize_t n = recv(fd, buf + used, size - 1 - used, 0);

		if (n <= 0)
			break;
		used += (size_t)n;
		buf[used] = '\0';
		end = strstr(buf, "\r\n\r\n");
		length = strcasestr(buf, "Content-Length:");
		if (end && length &&
		    used >= (size_t)(end + 4 - buf) + strtoul(length + 15, NULL, 10))
			break;
		if (end && !length)
			break; /* 204, 304 */
	}
	buf[used] = '\0';
	return strncmp(buf, "HTTP/1.1 ", 9) == 0 ? atoi(buf + 9) : -1;
}

static int ask(const struct fixture *f, const char *request, char *buf, size_t size)
{
	int fd = dial(f);
	int status;

	put(fd, request);
	status = take(fd, buf, size);
	close(fd);
	return status;
}

#define H "HTTP/1.1\r\nHost: localhost\r\n"
#define JSON_H H "Content-Type: application/json\r\n"

static void test_statuses(void **state)
{
	static const struct {
		const char *request;
		int status;
		const char *has;
	} asked[] = {
		{ "GET /api/echo/a%3Ab " H "\r\n", 200, "\"name\":\"a:b\"" },
		{ "GET /api/echo/a?x=1 " H "\r\n", 200,
		  "Content-Security-Policy: default-src 'none'" },
		{ "GET /api/echo/a?y=1 " H "\r\n", 400, "\"field\":\"y\"" },
		{ "GET /api/echo/%zz " H "\r\n", 400, "problem+json" },
		{ "GET /api/nothing " H "\r\n", 404, "no such path" },
		{ "PUT /api/echo/a " H "\r\n", 405, "Allow: GET, HEAD, POST" },
		{ "BREW /api/echo/a " H "\r\n", 405, "Allow: GET, HEAD, POST" },
		{ "OPTIONS /api/echo/a " H "\r\n", 204, "Allow: GET, HEAD, POST" },
		{ "GET /api/echo/a HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421,
		  "\"field\":\"Host\"" },
		{ "GET /api/echo/a " H "Origin: http://evil.example\r\n\r\n", 403,
		  "\"value\":\"http://evil.example\"" },
		{ "GET /api/echo/a " H "Sec-Fetch-Site: cross-site\r\n\r\n", 403,
		  "Sec-Fetch-Site" },
		{ "POST /api/echo/a " JSON_H "Content-Length: 8\r\n\r\n{\"k\":11}", 200,
		  "\"doc\":{\"k\":11}" },
		{ "POST /api/echo/a " JSON_H "Content-Length: 0\r\n\r\n", 200, "\"doc\":{}" },
		{ "POST /api/echo/a " JSON_H "Content-Length: 4\r\n\r\n[11]", 400, "JSON object" },
		{ "POST /api/echo/a " JSON_H "Content-Length: 4\r\n\r\n{\"k\"", 400, "malformed" },
		{ "POST /api/echo/a " H "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
		  415, "Content-Type" },
		{ "POST /api/echo/a " H "Content-Length: 0\r\n\r\n", 415, "Content-Type" },
		{ "POST /api/echo/a " JSON_H "Content-Length: 99999999\r\n\r\n", 413, "too-large" },
		{ "POST /api/later " JSON_H "Content-Length: 2\r\n\r\n{}", 201, "{}" },
		{ "DELETE /api/tagged " H "\r\n", 204, "" },
		{ "DELETE /api/tagged " H "If-Match: \"6\", \"7\"\r\n\r\n", 204, "" },
		{ "DELETE /api/tagged " H "If-Match: *\r\n\r\n", 204, "" },
		{ "DELETE /api/tagged " H "If-Match: \"77\"\r\n\r\n", 412,
		  "urn:pharos:problem:changed" },
		{ "DELETE /api/tagged " H "If-Match: W/\"7\"\r\n\r\n", 412, "If-Match" },
		{ "DELETE /api/tagged " JSON_H "Content-Length: 7\r\n\r\n{\"a\":1}", 422,
		  "no members" },
		{ "GET / " H "\r\n", 200, "text/html" },
		{ "GET / " H "Sec-Fetch-Site: cross-site\r\n\r\n", 200, "frame-ancestors 'none'" },
		{ "GET /../../etc/passwd " H "\r\n", 404, "" },
		{ "POST / " H "Content-Length: 0\r\n\r\n", 405, "Allow: GET, HEAD" },
	};
	char buf[8192];

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		int status = ask(*state, asked[i].request, buf, sizeof(buf));

		if (status != asked[i].status || !strstr(buf, asked[i].has))
			fail_msg("%.60s: %d instead of %d (wanted %s)\n%s", asked[i].request,
				 status, asked[i].status, asked[i].has, buf);
	}
}

static void test_head_has_the_headers_only(void **state)
{
	char buf[4096];
	int fd = dial(*state);

	put(fd, "HEAD /api/echo/a " H "Connection: close\r\n\r\n");
	assert_int_equal(take(fd, buf, sizeof(buf)), 200);
	assert_non_null(strstr(buf, "Content-Length: "));
	assert_string_equal(strstr(buf, "\r\n\r\n"), "\r\n\r\n");
	close(fd);
}

static void test_chunked_body_beyond_the_limit_is_413(void **state)
{
	static char chunk[65536 + 16];
	char buf[4096];
	int fd = dial(*state);

	put(fd, "POST /api/echo/a " JSON_H "Transfer-Encoding: chunked\r\n\r\n");
	memset(chunk, ' ', sizeof(chunk));
	memcpy(chunk, "10000\r\n", 7);
	memcpy(chunk + 7 + 65536, "\r\n", 3);
	for (int i = 0; i < 20; i++)
		put(fd, chunk);
	put(fd, "0\r\n\r\n");
	assert_int_equal(take(fd, buf, sizeof(buf)), 413);
	close(fd);
}

static void test_endless_body_ends_the_connection(void **state)
{
	static char chunk[65536 + 16];
	int fd = dial(*state);
	int i;

	put(fd, "POST /api/echo/a " JSON_H "Transfer-Encoding: chunked\r\n\r\n");
	memset(chunk, ' ', sizeof(chunk));
	memcpy(chunk, "10000\r\n", 7);
	memcpy(chunk + 7 + 65536, "\r\n", 3);
	for (i = 0; i < 1000; i++) {
		if (send(fd, chunk, strlen(chunk), MSG_NOSIGNAL) < 0)
			break;
	}
	assert_true(i < 1000);
	close(fd);
}

static void test_deep_json_is_refused(void **state)
{
	char request[512], buf[4096], body[101];

	memset(body, '[', 100);
	body[100] = '\0';
	snprintf(request, sizeof(request),
		 "POST /api/echo/a " JSON_H "Content-Length: 100\r\n\r\n%s", body);
	assert_int_equal(ask(*state, request, buf, sizeof(buf)), 400);
}

static void test_huge_header_is_refused(void **state)
{
	static char request[70000];
	char buf[4096];
	int fd, status;

	memset(request, 'a', sizeof(request) - 1);
	memcpy(request, "GET /api/echo/", 14);
	fd = dial(*state);
	send(fd, request, strlen(request), MSG_NOSIGNAL);
	status = take(fd, buf, sizeof(buf));
	close(fd);
	assert_true(status == 414 || status == 431 || status == 413 || status == -1);
	assert_int_equal(ask(*state, "GET /api/echo/a " H "\r\n", buf, sizeof(buf)), 200);
}

static void test_requests_on_one_connection_are_answered_in_order(void **state)
{
	char buf[8192];
	int fd = dial(*state);

	for (int i = 0; i < 3; i++) {
		put(fd, "POST /api/later " JSON_H "Content-Length: 2\r\n\r\n{}");
		assert_int_equal(take(fd, buf, sizeof(buf)), 201);
		put(fd, "GET /api/echo/a " H "\r\n");
		assert_int_equal(take(fd, buf, sizeof(buf)), 200);
	}
	close(fd);
}

static void test_slow_clients_harm_no_other(void **state)
{
	int slow[200];
	char buf[4096];

	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		slow[i] = dial(*state);
		put(slow[i], i % 2 ? "GET /api/ec"
				   : "POST /api/echo/a " JSON_H "Content-Length: 100\r\n\r\n{");
	}
	assert_int_equal(ask(*state, "GET /api/echo/a " H "\r\n", buf, sizeof(buf)), 200);
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
		close(slow[i]);
}

/* More than may be open: the quietest make room, so a newcomer is still served. */
static void test_crowd_of_silent_clients_makes_room(void **state)
{
	static int crowd[API_CONNS_MAX + 200];
	char buf[4096];

	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = dial(*state);
		if (i % 50 == 0)
			assert_int_equal(ask(*state, "GET /api/echo/a " H "\r\n", buf, sizeof(buf)),
					 200);
	}
	assert_int_equal(ask(*state, "GET /api/echo/a " H "\r\n", buf, sizeof(buf)), 200);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
}

struct look {
	struct net_msg msg;
	struct api_server *server;
	_Atomic size_t bytes;
	_Atomic bool done;
};

static void on_look(struct net_msg *msg)
{
	struct look *look = cmn_container_of(msg, struct look, msg);

	look->bytes = look->server->body_bytes;
	look->done = true;
}

static size_t bodies_held(struct fixture *f)
{
	struct look look = { .msg.fn = on_look, .server = f->server };

	net_reactor_post(f->loop, &look.msg);
	while (!look.done)
		usleep(100);
	return look.bytes;
}

/* Once the server has read what was sent. */
static size_t bodies_held_in_the_end(struct fixture *f)
{
	size_t before = SIZE_MAX, now = bodies_held(f);

	while (now != before) {
		before = now;
		usleep(100000);
		now = bodies_held(f);
	}
	return now;
}

static void test_many_large_bodies_at_once_are_refused_not_hoarded(void **state)
{
	static char body[API_BODY_MAX - 1024];
	int fds[API_BODIES_MAX / API_BODY_MAX + 8];
	unsigned int taken = 0, refused = 0;
	char head[256], buf[8192];

	memset(body, ' ', sizeof(body));
	snprintf(head, sizeof(head), "POST /api/echo/a " JSON_H "Content-Length: %zu\r\n\r\n",
		 sizeof(body) + 2);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(*state);
		put(fds[i], head);
		assert_int_equal(send(fds[i], body, sizeof(body), MSG_NOSIGNAL), sizeof(body));
	}
	assert_in_range(bodies_held_in_the_end(*state), API_BODIES_MAX / 4, API_BODIES_MAX);
	assert_int_equal(ask(*state, "GET /api/echo/a " H "\r\n", buf, sizeof(buf)), 200);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		int status;

		put(fds[i], "{}");
		status = take(fds[i], buf, sizeof(buf));
		taken += status == 200;
		refused += status == 503;
		close(fds[i]);
	}
	assert_int_equal(taken + refused, ARRAY_SIZE(fds));
	assert_true(refused >= 1 && taken >= 1);
	assert_int_equal(bodies_held_in_the_end(*state), 0);
}

static void test_client_that_leaves_while_its_answer_is_awaited(void **state)
{
	char buf[4096];
	int fd = dial(*state);

	put(fd, "POST /api/later " JSON_H "Content-Length: 2\r\n\r\n{}");
	close(fd);
	usleep(60000);
	assert_int_equal(ask(*state, "GET /api/echo/a " H "\r\n", buf, sizeof(buf)), 200);
}

static void test_end_of_the_server_answers_who_waits(void **state)
{
	struct fixture *f = *state;
	char buf[4096];
	int fd = dial(f);

	put(fd, "POST /api/never " JSON_H "Content-Length: 2\r\n\r\n{}");
	usleep(50000);
	teardown(state);
	assert_int_equal(cancelled, 1);
	assert_int_equal(take(fd, buf, sizeof(buf)), 503);
	close(fd);
	setup(state);
}

static void test_busy_port_and_foreign_address_are_clear_errors(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(f->port) };
	struct api_server_params params = { .addr = (struct sockaddr *)&addr,
					    .addr_len = sizeof(addr),
					    .loop = f->loop };
	struct api_server *server = NULL;
	struct cmn_err err = { 0 };

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(api_server_create(&params, &server, &err), -EADDRINUSE);
	assert_non_null(strstr(err.msg, "127.0.0.1"));
	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	assert_int_equal(api_server_create(&params, &server, &err), -EPERM);
	assert_non_null(strstr(err.msg, "loopback only"));
	assert_null(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_head_has_the_headers_only),
		cmocka_unit_test(test_chunked_body_beyond_the_limit_is_413),
		cmocka_unit_test(test_endless_body_ends_the_connection),
		cmocka_unit_test(test_deep_json_is_refused),
		cmocka_unit_test(test_huge_header_is_refused),
		cmocka_unit_test(test_requests_on_one_connection_are_answered_in_order),
		cmocka_unit_test(test_slow_clients_harm_no_other),
		cmocka_unit_test(test_crowd_of_silent_clients_makes_room),
		cmocka_unit_test(test_many_large_bodies_at_once_are_refused_not_hoarded),
		cmocka_unit_test(test_client_that_leaves_while_its_answer_is_awaited),
		cmocka_unit_test(test_end_of_the_server_answers_who_waits),
		cmocka_unit_test(test_busy_port_and_foreign_address_are_clear_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
